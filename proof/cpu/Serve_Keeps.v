(** * What keeps the guest that is served ([keeps_guest]): every step of a handler *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp Link.
From Redoubt.machine Require Import State Cpu Events Exposed.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Prims Page_Spec Vm_Spec Interleave Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Ctx_Facts Vgic_Spec Trap_Spec Trap_Facts Run_Spec Rest_Spec Left_Kept
  Serve_Kept Serve_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** What follows *)
Section Follows.
  Variables (c h i : Z) (w w' : world).
  Hypothesis K : keeps_guest c h i w w'.

  Ltac named := intros; unfold loaded_vm, loaded_vcpu, ready, cur_ctx, in_guest, n_lr, host_ctx, token, vcpu_on, vcpu_run, vcpu_ctx,
    vm_root, protected, reg_of; rewrite (kg_mem _ _ _ _ _ K) by (cbn; tauto); reflexivity.
  Lemma keeps_vm : loaded_vm c w' = loaded_vm c w. Proof. named. Qed.
  Lemma keeps_vcpu : loaded_vcpu c w' = loaded_vcpu c w. Proof. named. Qed.
  Lemma keeps_ready : ready c w' = ready c w. Proof. named. Qed.
  Lemma keeps_cur_ctx : cur_ctx c w' = cur_ctx c w. Proof. named. Qed.
  Lemma keeps_in_guest : in_guest c w' = in_guest c w. Proof. named. Qed.
  Lemma keeps_n_lr : n_lr c w' = n_lr c w. Proof. named. Qed.
  Lemma keeps_host_ctx : host_ctx w' c = host_ctx w c. Proof. named. Qed.
  Lemma keeps_token : token w' h i = token w h i. Proof. named. Qed.
  Lemma keeps_on : vcpu_on w' h i <-> vcpu_on w h i. Proof. named. Qed.
  Lemma keeps_run : vcpu_run w' h i = vcpu_run w h i. Proof. named. Qed.
  Lemma keeps_ctx : vcpu_ctx w' h i = vcpu_ctx w h i. Proof. named. Qed.
  Lemma keeps_root : vm_root w' h = vm_root w h. Proof. named. Qed.
  Lemma keeps_protected : protected w' h <-> protected w h. Proof. named. Qed.
  Lemma keeps_esr : reg_of w' c "esr" [] = reg_of w c "esr" []. Proof. named. Qed.
  Lemma keeps_far : reg_of w' c "far" [] = reg_of w c "far" []. Proof. named. Qed.
  Lemma keeps_hpfar : reg_of w' c "hpfar" [] = reg_of w c "hpfar" []. Proof. named. Qed.
  Lemma keeps_vtr : reg_of w' c "ich_vtr" [] = reg_of w c "ich_vtr" []. Proof. named. Qed.
  Lemma keeps_pmu : reg_of w' c "pmu" [] = reg_of w c "pmu" []. Proof. named. Qed.
  Lemma keeps_class : class c w' = class c w. Proof. unfold class, syndrome. rewrite keeps_esr. reflexivity. Qed.
  Lemma keeps_called : called c w -> called c w'. Proof. unfold called. rewrite keeps_class. auto. Qed.

  Lemma at_guest_keeps : loaded_vm c w = h -> loaded_vcpu c w = i -> at_guest c w -> at_guest c w'.
  Proof.
    intros E1 E2 [O N On Cx In_ Lr Pm]. rewrite E1, E2 in *. constructor;
      rewrite ?keeps_vm, ?keeps_vcpu, ?E1, ?E2, ?keeps_cur_ctx, ?keeps_ctx, ?keeps_in_guest, ?keeps_pmu; auto.
    - unfold own_ok in *. rewrite keeps_vm, keeps_vcpu, E1, E2 in *. rewrite keeps_token. exact O.
    - apply keeps_on, On.
    - unfold lr_fit in *. rewrite keeps_n_lr, keeps_vtr. exact Lr.
  Qed.
  Lemma rests_keeps : loaded_vm c w = h -> loaded_vcpu c w = i -> at_guest c w -> rests c w -> rests c w'.
  Proof.
    intros E1 E2 A [R O Rd _]. pose proof (at_guest_keeps E1 E2 A) as A'. constructor; [exact R|apply A'| |right; exact A'].
    rewrite keeps_vm, keeps_vcpu, keeps_ready, E1, E2 in *. rewrite keeps_root. intros N1 N2. destruct (Rd N1 N2) as [P Q].
    split; [apply keeps_on, P|exact Q].
  Qed.
End Follows.

(** ** What does it *)
(** Objects and registers that completing an exit writes. *)
Definition completed : list ident :=
  ["vcpus.pend"; "reg.elr"; "reg.spsr"; "reg.el1_elr"; "reg.el1_spsr"; "reg.el1_esr"; "reg.el1_far"].

Section Keeps.
  Variables (B : board) (c h i : Z).
  Notation keeps := (keeps_guest c h i).

  Lemma keeps_same w w' : serves c w h i -> w_held w' = false ->
    (forall l, In l (guest_objects c h i) -> w_mem w' l = w_mem w l) ->
    (forall j, host_ctx w c <> vcpu_run w h i -> host_ctx w c <> vcpu_ctx w h i ->
      w_ram w' (host_ctx w c) j = w_ram w (host_ctx w c) j) -> keeps w w'.
  Proof.
    intros V Hd E Hp. split; [|exact E|exact Hp]. destruct V. constructor; auto; unfold loaded_vm, loaded_vcpu, token, vcpu_on, cur_ctx,
      vcpu_ctx in *; rewrite !E by (cbn; tauto); assumption.
  Qed.
  Lemma keeps_refl w : serves c w h i -> keeps w w.
  Proof. intros V. split; [exact V|reflexivity|reflexivity]. Qed.
  Lemma keeps_trans w w1 w' : keeps w w1 -> keeps w1 w' -> keeps w w'.
  Proof.
    intros K K'. split; [apply K'| |].
    - intros l I. rewrite (kg_mem _ _ _ _ _ K' l I). apply K, I.
    - intros j N1 N2. pose proof (kg_host _ _ _ _ _ K' j) as X. rewrite (keeps_host_ctx c h i w w1 K), (keeps_run c h i w w1 K),
        (keeps_ctx c h i w w1 K) in X. rewrite X by assumption. apply K; assumption.
  Qed.

  Lemma keeps_left w w' : serves c w h i -> left_alone c w w' -> w_held w' = false -> keeps w w'.
  Proof.
    intros V L Hd. apply keeps_same; [exact V|exact Hd| |].
    2: { intros j _ _. apply (l_ram c w w' L). left. split; [apply V|reflexivity]. }
    pose proof (sv_token _ _ _ _ V) as T.
    assert (Own : forall d, class_of d = Percpu -> d <> loaded_cell -> String.prefix "reg." d = false ->
      existsb (String.eqb d) scratch_cells = false -> w_mem w' (obj d [c]) = w_mem w (obj d [c])) by (exact (left_entry c w w' L)).
    assert (Rg : forall r, In r trap_registers -> w_mem w' (reg c r []) = w_mem w (reg c r [])).
    { intros r J. apply (l_mem c w w' L). right. exists r. auto. }
    intros l J. cbn [In guest_objects] in J.
    do 6 (destruct J as [<-|J]; [apply Own; first [reflexivity|discriminate]|]).
    destruct J as [<-|J]; [apply (l_mem c w w' L), left_owned; [exact I|discriminate|reflexivity|reflexivity]|].
    do 2 (destruct J as [<-|J]; [apply Own; first [reflexivity|discriminate]|]).
    destruct J as [<-|J]; [apply (l_mem c w w' L), left_owned; [exact I|discriminate|reflexivity|reflexivity]|].
    destruct J as [<-|J]; [apply (l_mem c w w' L), left_owned; [apply token_owned, T|eauto|reflexivity|reflexivity]|].
    destruct J as [<-|J]; [apply (l_mem c w w' L), left_owned; [apply power_owned; [exact T|apply V]|discriminate|
      reflexivity|reflexivity]|].
    do 4 (destruct J as [<-|J]; [apply (l_mem c w w' L), left_owned; [left; split; [reflexivity|]; first [exact T|exists i; exact T]|
      discriminate|reflexivity|reflexivity]|]).
    repeat (destruct J as [<-|J]; [apply Rg; cbn; tauto|]). destruct J.
  Qed.

  (** A word of one of the vCPU's pages. *)
  Lemma keeps_word w p j x : p = vcpu_run w h i \/ p = vcpu_ctx w h i -> serves c w h i -> keeps w (put_word p j x w).
  Proof.
    intros P V. apply keeps_same; [exact V|apply V|reflexivity|]. intros k N1 N2. cbn. unfold store_word.
    destruct (Z.eqb_spec (host_ctx w c) p) as [E|]; [|reflexivity]. exfalso. destruct P; congruence.
  Qed.
  Lemma keeps_put_reg w n v : serves c w h i -> keeps w (put_reg c n v w).
  Proof. intros V. unfold put_reg. destruct (n <? 31); [apply keeps_word; [right; apply V|]|
    apply keeps_refl]; exact V. Qed.
  Lemma keeps_tell l w : serves c w h i -> keeps w (tell h i l w).
  Proof.
    intros V. enough (G : forall w1, keeps w w1 -> keeps w (tell h i l w1)) by (apply G, keeps_refl, V).
    induction l as [|x l IH]; intros w1 K; [exact K|]. apply (IH (put_word (vcpu_run w1 h i) (fst x) (snd x) w1)).
    apply (keeps_trans w w1); [exact K|]. apply keeps_word; [left; reflexivity|apply K].
  Qed.

  (** Objects that are none of these. *)
  Lemma keeps_cell w d ix v : existsb (fun l => String.eqb d (fst l)) (guest_objects c h i) = false -> serves c w h i ->
    keeps w (set_mem (upd (w_mem w) (obj d ix) v) w).
  Proof.
    intros N V. apply keeps_same; [exact V|apply V| |reflexivity]. intros l J. cbn [w_mem set_mem]. apply upd_other. intros <-.
    assert (X : existsb (fun l => String.eqb d (fst l)) (guest_objects c h i) = true).
    { apply existsb_exists. eexists. split; [exact J|]. apply String.eqb_refl. }
    congruence.
  Qed.
  Lemma keeps_loader w d ix v : class_of d = Loader -> serves c w h i -> keeps w (set_mem (upd (w_mem w) (obj d ix) v) w).
  Proof.
    intros P. apply keeps_cell. destruct (existsb _ _) eqn:X; [|reflexivity]. apply existsb_exists in X as (l & J & X).
    apply String.eqb_eq in X. subst d. repeat (destruct J as [<-|J]; [discriminate P|]). destruct J.
  Qed.
  Lemma keeps_remember l w : (forall x, In x l -> class_of (fst x) = Loader) -> serves c w h i -> keeps w (remember h i l w).
  Proof.
    intros P V. enough (G : forall w1, keeps w w1 -> keeps w (remember h i l w1)) by (apply G, keeps_refl, V).
    revert P. induction l as [|x l IH]; intros P w1 K; [exact K|]. apply IH; [intros y J; apply P; right; exact J|].
    apply (keeps_trans w w1); [exact K|]. apply keeps_loader; [apply P; left; reflexivity|apply K].
  Qed.
  Lemma keeps_fp_live w v : serves c w h i -> keeps w (write_cell B (obj "pcpu.fp_live" [c]) v w).
  Proof. intros V. rewrite percpu_write by reflexivity. apply keeps_cell; [reflexivity|exact V]. Qed.

  (** Registers but the five. *)
  Lemma keeps_reg w x : existsb (String.eqb (fst (fst x))) trap_registers = false -> serves c w h i -> keeps w (set_reg c x w).
  Proof.
    destruct x as [[r ix] v]. cbn [fst snd]. intros N V. apply keeps_same; [exact V|apply V| |reflexivity]. intros l J. cbn [w_mem
      set_reg fst snd].
    apply upd_other. intros E. unfold reg in E.
    repeat (destruct J as [<-|J]; [injection E as E; first [subst r; discriminate N|destruct r; discriminate E]|]). destruct J.
  Qed.
  Lemma keeps_regs l w : forallb (fun x => negb (existsb (String.eqb (fst (fst x))) trap_registers)) l = true -> serves c w h i ->
    keeps w (set_regs c l w).
  Proof.
    intros N V. enough (G : forall w1, keeps w w1 -> keeps w (set_regs c l w1)) by (apply G, keeps_refl, V).
    revert N. induction l as [|x l IH]; intros N w1 K; [exact K|]. cbn [forallb] in N. apply andb_prop in N as [N1 N2].
    apply (IH N2 (set_reg c x w1)). apply (keeps_trans w w1); [exact K|]. apply keeps_reg; [apply negb_true_iff, N1|apply K].
  Qed.
  Lemma keeps_move w n : serves c w h i -> keeps w (move c n w).
  Proof. apply keeps_regs. reflexivity. Qed.
  Lemma keeps_exception esr w w' : takes_exception c esr w w' -> serves c w h i -> keeps w w'.
  Proof. intros (p & _ & ->). apply keeps_regs. reflexivity. Qed.
  Lemma keeps_abort esr far w w' : takes_abort c esr far w w' -> serves c w h i -> keeps w w'.
  Proof.
    intros T V. assert (K : keeps w (set_regs c [("el1_far", [], far)] w)) by (apply keeps_regs; [reflexivity|exact V]).
    apply (keeps_trans w _ w' K). exact (keeps_exception _ _ _ T (kg_serves _ _ _ _ _ K)).
  Qed.

  (** *** What the last exit owed *)
  Lemma put_reg_mem n v w : w_mem (put_reg c n v w) = w_mem w.
  Proof. unfold put_reg. destruct (n <? 31); reflexivity. Qed.
  Lemma completes_mem w v f w' d ix : completes c w h i v f w' -> existsb (String.eqb d) completed = false ->
    w_mem w' (d, ix) = w_mem w (d, ix).
  Proof.
    intros D N. cbn [existsb completed] in N. rewrite !orb_false_iff in N. destruct N as (N1 & N2 & N3 & N4 & N5 & N6 & N7 & _).
    rewrite String.eqb_sym in N1, N2, N3, N4, N5, N6, N7.
    assert (R : forall q jx x m, String.eqb ("reg." ++ q) d = false -> upd m (reg c q jx) x (d, ix) = m (d, ix))
      by (intros; apply upd_name; assumption).
    assert (E1 : w_mem (remember h i [("vcpus.pend", OWES_NOTHING)] w) (d, ix) = w_mem w (d, ix)) by (apply upd_name, N1).
    unfold completes in D. cbv zeta in D. destruct (_ && _) in D.
    - destruct D as (p & _ & ->). cbn [set_regs fold_left set_reg w_mem fst snd]. rewrite !R by assumption. exact E1.
    - destruct (_ =? _) in D; subst w'; [exact E1|]. unfold move. cbn [set_regs fold_left set_reg w_mem fst snd].
      rewrite R by assumption. destruct (_ =? _); [rewrite put_reg_mem; exact E1|]. destruct (_ =? _); [rewrite put_reg_mem|]; exact E1.
  Qed.
  Lemma completes_rest w v f w' : completes c w h i v f w' -> w_meta w' = w_meta w /\ w_walk w' = w_walk w /\ w_tlb w' = w_tlb w /\
    w_held w' = w_held w /\ forall p j, ~ (p = cur_ctx c w /\ 0 <= j < 31) -> w_ram w' p j = w_ram w p j.
  Proof.
    assert (E : cur_ctx c (remember h i [("vcpus.pend", OWES_NOTHING)] w) = cur_ctx c w) by reflexivity.
    assert (P : forall n x, 0 <= n -> let y := put_reg c n x (remember h i [("vcpus.pend", OWES_NOTHING)] w) in
      w_meta y = w_meta w /\ w_walk y = w_walk w /\ w_tlb y = w_tlb w /\ w_held y = w_held w /\
      forall p j, ~ (p = cur_ctx c w /\ 0 <= j < 31) -> w_ram y p j = w_ram w p j).
    { intros n x Hn. cbv zeta. unfold put_reg. rewrite E. destruct (Z.ltb_spec n 31); repeat (split; [reflexivity|]); [|reflexivity].
      intros p j N. cbn. unfold store_word. destruct (Z.eqb_spec p (cur_ctx c w)), (Z.eqb_spec j n); cbn; try reflexivity.
      exfalso. apply N. subst. auto. }
    assert (Rt : 0 <= vcpu_cell w "vcpus.mmio_rt" h i) by apply (wrap_in U32).
    intros D. unfold completes in D. cbv zeta in D. destruct (_ && _) in D.
    - destruct D as (p & _ & ->). repeat (split; [reflexivity|]). reflexivity.
    - destruct (_ =? _) in D; subst w'; [repeat (split; [reflexivity|]); reflexivity|].
      destruct (_ =? _); [exact (P _ _ Rt)|]. destruct (_ =? _); [exact (P _ _ Rt)|repeat (split; [reflexivity|]); reflexivity].
  Qed.
  Lemma completes_keeps w v f w' : completes c w h i v f w' -> serves c w h i -> keeps w w'.
  Proof.
    intros D V. destruct (completes_rest w v f w' D) as (_ & _ & _ & Hd & Rm).
    apply keeps_same; [exact V|rewrite Hd; apply V| |intros j _ N; apply Rm; intros [E _]; rewrite (sv_ctx _ _ _ _ V) in E; contradiction].
    intros [d ix] J. apply (completes_mem w v f w' d ix D).
    repeat (destruct J as [J|J]; [injection J as <- _; reflexivity|]). destruct J.
  Qed.

  (** ** The same, and [idle] *)
  Lemma idle_ram w r : idle B w -> idle B (set_ram r w).
  Proof. intros [H [S C]]. split; [exact H|]. split; [apply secure_ram, S|apply known_ram, C]. Qed.
  Lemma idle_put_reg w n v : idle B w -> idle B (put_reg c n v w).
  Proof. unfold put_reg. destruct (n <? 31); [apply idle_ram|auto]. Qed.
  Lemma idle_tell l w : idle B w -> idle B (tell h i l w).
  Proof. revert w. induction l as [|x l IH]; intros w I; [exact I|]. exact (IH (put_word _ _ _ w) (idle_ram _ _ I)). Qed.
  Lemma idle_loader w d ix v : class_of d = Loader -> idle B w -> idle B (set_mem (upd (w_mem w) (obj d ix) v) w).
  Proof.
    intros P [H [S C]]. split; [exact H|]. split; [apply secure_loader; assumption|]. apply constant_other; [cbn; congruence|exact C].
  Qed.
  Lemma idle_remember l w : (forall x, In x l -> class_of (fst x) = Loader) -> idle B w -> idle B (remember h i l w).
  Proof.
    revert w. induction l as [|x l IH]; intros w P I; [exact I|]. apply IH; [intros y J; apply P; right; exact J|].
    apply idle_loader; [apply P; left; reflexivity|exact I].
  Qed.
  Lemma idle_percpu w l v : class_of (fst l) = Percpu -> idle B w -> idle B (write_cell B l v w).
  Proof.
    destruct l as [d ix]. cbn [fst]. intros P [H [S C]]. split; [rewrite percpu_held by exact P; exact H|].
    split; [apply percpu_secure; assumption|]. rewrite percpu_write by exact P. apply constant_other; [rewrite P; discriminate|exact C].
  Qed.
  Lemma idle_regs l w : idle B w -> idle B (set_regs c l w).
  Proof. apply set_regs_keep with (B := B). intros l0 x v P _. apply idle_percpu, P. Qed.
  Lemma idle_move w n : idle B w -> idle B (move c n w).
  Proof. apply idle_regs. Qed.
  Lemma idle_exception esr w w' : takes_exception c esr w w' -> idle B w -> idle B w'.
  Proof. intros (p & _ & ->). apply idle_regs. Qed.
  Lemma idle_abort esr far w w' : takes_abort c esr far w w' -> idle B w -> idle B w'.
  Proof. intros T I. apply (idle_exception _ _ _ T), idle_regs, I. Qed.
  Lemma idle_completes w v f w' : completes c w h i v f w' -> idle B w -> idle B w'.
  Proof.
    intros D I. assert (I1 : idle B (remember h i [("vcpus.pend", OWES_NOTHING)] w)) by (apply idle_loader; [reflexivity|exact I]).
    unfold completes in D. cbv zeta in D. destruct (_ && _) in D; [exact (idle_abort _ _ _ _ D I1)|].
    destruct (_ =? _) in D; subst w'; [exact I1|]. apply idle_move.
    destruct (_ =? _); [apply idle_put_reg, I1|]. destruct (_ =? _); [apply idle_put_reg|]; exact I1.
  Qed.
End Keeps.
