(** * The statement refuses leaky machines

    Each lemma changes one step of the abstract machine in the way of a real bug and shows that the
    changed machine has no noninterference: two runs that look the same to a set of principals end
    differently for it.  The labels are those of [Statement.v], untouched.  A statement that a leaky
    machine also satisfied would prove nothing. *)
From Coq Require Import ZArith List Bool.
From Redoubt.security Require Export Script GuestDecide.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

Ltac refute cs cs' s t :=
  apply (leaks _ _ _ _ cs cs' s t);
  [apply start_boots | apply start_boots | first [apply start_but1 | apply start_only1] |
      vm_compute; reflexivity |].
(** KServ's registers on CPU 0 differ; or word [w] of its page [p]; or something that VM [v] has. *)
Ltac kserv_regs := intros [A _]; specialize (A eq_refl); generalize (a_cp _ _ A 0); vm_compute;
    discriminate.
Ltac kserv_page p w :=
  intros [A _]; specialize (A eq_refl); generalize (a_mem _ _ A p w); intros X;
  match type of X with ?B = true -> _ => specialize (X ltac:(vm_compute; reflexivity)) end;
  revert X; vm_compute; discriminate.
Lemma differ_content Q s t v a w : Q v = true -> live (vm s v)
    && prot (vm s v) = true -> within 0 512 w = true ->
  content s v a w =? content t v a w = false -> ~ alike Q s t.
Proof.
  intros q L W D [_ V]. destruct (V v q) as [X _]. apply andb_true_iff in L as [L P].
  apply same_state in X; [|assumption..]. apply within_spec in W. apply Z.eqb_neq in D. apply D,
      X, W.
Qed.
Lemma differ_regs Q s t v i n : Q v = true -> live (vm s v) && prot (vm s v) = true ->
  reg n (regs (cx s v i)) =? reg n (regs (cx t v i)) = false -> ~ alike Q s t.
Proof.
  intros q L D [_ V]. destruct (V v q) as [X _]. apply andb_true_iff in L as [L P].
  apply same_state in X; [|assumption..]. apply Z.eqb_neq in D. apply D. rewrite (s_cx _ _ _ X).
      reflexivity.
Qed.
Ltac vm_content v a w := apply (differ_content _ _ _ v a w); vm_compute; reflexivity.
Ltac vm_regs v i := apply (differ_regs _ _ _ v i 1); vm_compute; reflexivity.

Definition is_stat x := match x with Stat _ => true | _ => false end.
Definition is_flush x := match x with Flush _ => true | _ => false end.
Definition is_reclaim x := match x with Reclaim _ _ => true | _ => false end.
Definition is_donate_at a x := match x with Donate _ b _ _ => b =? a | _ => false end.
Definition is_run x := match x with Vcpu_run => true | _ => false end.
Definition is_vcpu2 x := match x with Vcpu_create 2 _ _ _ => true | _ => false end.
Definition halt := keep_secret [fun _ => Wait 0].

(** ** Confidentiality: everybody but VM 1 works together *)

(** 1. The result of a call is the content of a VM's page. *)
Lemma leak_result : let h := then_ [Stat 0] in
  ~ NI (s_machine h halt (patched h halt (about_to h halt is_stat) (fun s s' => set_reg1 s' 0 (mem
      s 9 3)))) but1.
Proof. intros h. refute (steps 13) (steps 13) (start_with 1 0 5) (start_with 2 0 5). kserv_regs.
    Qed.

(** 2. A status depends on a VM's register. *)
Lemma leak_status : let h := then_ [Flush 1] in
  ~ NI (s_machine h halt (patched h halt (about_to h halt is_flush)
          (fun s s' => if Z.odd (reg 1 (regs (cx s 1 0))) then set_reg1 s' 0 1004 else s'))) but1.
Proof. intros h. refute (steps 13) (steps 13) (start_with 1 0 5) (start_with 2 0 5). kserv_regs.
    Qed.

(** 3. A page of a dead VM is handed back without being zeroed. *)
Lemma leak_unscrubbed : let h := then_ [Vcpu_put; Teardown 1; Reclaim 1 9] in
  ~ NI (s_machine h halt (patched h halt (about_to h halt is_reclaim) (fun s s' => set_mem s' (mem
      s)))) but1.
Proof. intros h. refute (steps 15) (steps 15) (start_with 1 0 5) (start_with 2 0 5). kserv_page 9
    3. Qed.

(** 4. An exit writes one register more into the run page. *)
Lemma leak_register : let h := then_ [] in
  ~ NI (s_machine h halt (patched h halt (in_guest h halt)
          (fun s s' => if inside (cp s' 0) then s' else wr s' 6 X1 (reg 1 (regs (cx s' 1 0))))))
              but1.
Proof. intros h. refute (steps 12) (steps 12) (start_with 1 0 5) (start_with 2 0 5). kserv_page 6
    1. Qed.

(** 5. A donated page stays mapped for KServ. *)
Lemma leak_still_mapped : let h := then_ [] in
  ~ NI (s_machine h halt (patched h halt (about_to h halt (is_donate_at 1)) (fun s s' => set_ps s'
      (upd (ps s') 9 Host)))) but1.
Proof. intros h. refute (steps 12) (steps 12) (start_with 1 0 5) (start_with 2 0 5). kserv_page 9
    3. Qed.

(** 6. A page that is lent to a normal VM is taken as a private page: the normal VM reads it. *)
Lemma leak_lent_donated :
  let h := removelast (removelast setup) ++ map (fun c _ => Call c) [Create false 10; Table 2 12;
      Table 2 13;
    Vcpu_create 2 0 14 NO_PFN; Lend 2 0 15 1 7; Donate 1 2 15 1; Vcpu_load 1 0; Vcpu_run; Flush 1;
        Vcpu_put; Vcpu_load 2 0; Vcpu_run] in
  let g p := if p =? 1 then [fun _ => Rand 0; fun x => Store 1024 8 x;
      fun _ => Wait 0] else [fun _ => Load 0 8; fun _ => Load 0 8; fun _ => Load 0 8;
      fun _ => Load 0 8; fun _ => Load 0 8; fun _ => Load 0 8] in
  ~ NI (s_machine h g (patched h g (about_to h g (is_donate_at 2))
          (fun s s' => set_hregs (apply pages s_nxt s_start s 0 (Donate 1 2 15 1)) 0 (hregs (cp s'
              0))))) but1.
Proof.
  intros h g. refute (steps 22) (steps 22) (start_with 1 0 0) (start_with 2 0 0).
  intros [A _]. specialize (A eq_refl). generalize (a_cx _ _ A 2 0). intros X.
  specialize (X ltac:(vm_compute; reflexivity)). revert X. vm_compute. discriminate.
Qed.

(** 7. Sharing in place: the page goes to KServ with its content. *)
Lemma leak_share : let h := then_ [] in let g := keep_secret [fun _ => Share 1 2] in
  ~ NI (s_machine h g (patched h g (in_guest h g)
          (fun s s' => if inside (cp s' 0) then s' else set_mem s' (fun p w => if p =? 9
              then mem s p w else mem s' p w)))) but1.
Proof. intros h g. refute (steps 12) (steps 12) (start_with 1 0 5) (start_with 2 0 5). kserv_page
    9 3. Qed.

(** 8. A store to a device shows the whole register instead of the byte that is stored. *)
Lemma leak_mmio : let h := then_ [] in let g := keep_secret [fun x => Store 51200 1 (x * 256)] in
  ~ NI (s_machine h g (patched h g (in_guest h g)
          (fun s s' => if inside (cp s' 0) then s' else wr s' 6 X0 (reg 1 (regs (cx s 1 0)) *
              256)))) but1.
Proof. intros h g. refute (steps 12) (steps 12) (start_with 1 0 5) (start_with 2 0 5). kserv_page
    6 0. Qed.

(** 9. A new VM starts with the registers of another. *)
Lemma leak_stale_context :
  let h := then_ [Create true 10; Vcpu_create 2 0 12 13] in
  ~ NI (s_machine h halt (patched h halt (about_to h halt is_vcpu2) (fun s s' => set_cx s' 2 0 (cx
      s 1 0)))) but1.
Proof. intros h. refute (steps 14) (steps 14) (start_with 1 0 5) (start_with 2 0 5). vm_regs 2 0.
    Qed.

(** ** Integrity: VM 1 alone, and what KServ can do to it unseen *)

(** 10. KServ changes what is behind an ipa of a VM. *)
Lemma leak_remap : let h := then_ [Flush 1] in
  ~ NI (s_machine h halt (patched h halt (about_to h halt is_flush) (fun s s' => set_sl s' (upd2
      (sl s') 1 1 (Private 8))))) only1.
Proof. intros h. refute (steps 13) (steps 12) (start_with 7 0 5) (start_with 7 0 5). vm_content 1
    1 3. Qed.

(** 11. A live page is taken back, and the VM finds zeroes. *)
Lemma leak_silent_reclaim : let h := then_ [Reclaim 1 9] in
  ~ NI (s_machine h halt (patched h halt (about_to h halt is_reclaim)
          (fun s s' => on_slots (take s' 9 Host) 1 1 1 (fun _ => Unused)))) only1.
Proof. intros h. refute (steps 13) (steps 12) (start_with 7 0 5) (start_with 7 0 5). vm_content 1
    1 3. Qed.

(** 12. Content is accepted after the VM was sealed. *)
Lemma leak_late_content :
  let h := setup ++ [fun _ => Nop; fun flag => Store 5123 8 flag;
      fun _ => Call (Donate 1 2 10 1)] in
  ~ NI (s_machine h halt (patched h halt (about_to h halt (is_donate_at 2)) (fun s s' => set_mem
      s' (mem s)))) only1.
Proof. intros h. refute (steps 14) (steps 14) (start_with 7 0 5) (start_with 7 1 5). vm_content 1
    2 3. Qed.

(** 13. The answer to a device store changes a register. *)
Lemma leak_answer :
  let h := setup ++ [fun _ => Nop; fun flag => Store 3072 8 flag; fun _ => Call Vcpu_run] in
  let g := keep_secret [fun _ => Store 51200 1 0] in
  ~ NI (s_machine h g (patched h g (about_to h g is_run) (fun s s' => set_guest1 s' 1 0 (mem s 6
      0)))) only1.
Proof. intros h g. refute (steps 14) (steps 14) (start_with 7 0 5) (start_with 7 1 5). vm_regs 1
    0. Qed.

(** 14. A vCPU is entered with the registers that KServ wrote into the run page. *)
Lemma leak_entry :
  let h := setup ++ [fun _ => Nop; fun flag => Store 3074 8 flag; fun _ => Call Vcpu_run] in
  ~ NI (s_machine h halt (patched h halt (about_to h halt is_run)
          (fun s s' => set_cx s' 1 0 (Context (File (0 :: rd s 6 1 2) (ifc (regs (cx s' 1 0))))
              None)))) only1.
Proof. intros h. refute (steps 14) (steps 14) (start_with 7 0 5) (start_with 7 1 5). apply
    (differ_regs _ _ _ 1 0 2); vm_compute; reflexivity. Qed.

(** 15. A VM learns how many tables KServ has given it. *)
Lemma leak_pool :
  let h := firstn 4 setup ++ (fun flag => if flag =? 0 then Nop
      else Call (Table 1 10)) :: skipn 4 setup in
  let g := keep_secret [fun _ => State_get 0 16] in
  ~ NI (s_machine h g (patched h g (in_guest h g)
          (fun s s' => if reg 0 (regs (cx s 1 0)) =? 2 then set_guest1 s' 1 0 (pool (vm s 1))
              else s'))) only1.
Proof. intros h g. refute (steps 13) (steps 13) (start_with 7 0 5) (start_with 7 1 5). vm_regs 1
    0. Qed.

(** 16. A VM learns how many VMs there are. *)
Lemma leak_count :
  let h := firstn 4 setup ++ (fun flag => if flag =? 0 then Nop
      else Call (Create true 10)) :: skipn 4 setup in
  let g := keep_secret [fun _ => State_get 0 16] in
  ~ NI (s_machine h g (patched h g (in_guest h g)
          (fun s s' => if reg 0 (regs (cx s 1 0)) =? 2 then set_guest1 s' 1 0 (nvm s)
              else s'))) only1.
Proof. intros h g. refute (steps 13) (steps 13) (start_with 7 0 5) (start_with 7 1 5). vm_regs 1
    0. Qed.

(** All of them, for the list of what the proofs rest on. *)
Definition refuted := (leak_result, leak_status, leak_unscrubbed, leak_register,
    leak_still_mapped, leak_lent_donated, leak_share, leak_mmio, leak_stale_context, leak_remap,
    leak_silent_reclaim, leak_late_content, leak_answer, leak_entry, leak_pool, leak_count).
