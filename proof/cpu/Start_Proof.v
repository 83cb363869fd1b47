(** * A CPU comes up: proof (kcore/host/trap.c, cpu_start) *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Structure_Facts Structure_Steps Steps Prims Cpu_Facts Page_Spec Page_Facts
  Vm_Spec Vm_Facts Local_Prims Section.
From Redoubt.cpu Require Import Word_Spec Prims Reg_Spec Ctx_Spec Ctx_Facts Run_Spec Rest_Spec Host_Facts Serve_Keeps Run_Exit_Proof.
From Redoubt.gen Require Import host_trap.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu LI)).
  Notation getter f := (does B cpu LI f 0 (Some U64)).
  Notation setter f := (does B cpu LI f 1 None).

  Lemma cpu_start_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    does B cpu LI "cpu_halt" 0 None (F "cpu_halt") -> spec_own_zero B cpu LI (F "page_zero") ->
    spec_own_set B cpu LI (F "pg_set") -> getter "mdcr_get" (F "mdcr_get") -> does_all B cpu LI "cntvoff_set" 1 None (F "cntvoff_set") ->
    does_all B cpu LI "features_set" 1 None (F "features_set") -> spec_ctx_start B cpu LI (F "ctx_start") ->
    spec_tlb_inval_vm B cpu LI (F "tlb_inval_vm") -> setter "elr_set" (F "elr_set") -> setter "spsr_set" (F "spsr_set") ->
    spec_cpu_start B cpu (invoke F fuel f_cpu_start).
  Proof.
    intros HL HU HH HZ HP HM HC HF HX HT HE HS w Hc Id. enter. steps.
    apply own_read; [exact I|exact (kn_secure B _ (id_known B _ Id))|]. reduce.
    change (wrap U64 (w_mem w ("pcpu.host_ctx", [cpu]))) with (host_ctx w cpu). set (host := host_ctx w cpu). steps.
    lock_own HL Id Sc L C w1 Ow. do 3 (read_locked C; steps).
    apply write_plain; [exact C|reflexivity|]. wrote C2 w2. steps.
    assert (S2 : sec B unfrozen L w2) by (apply sec_write; [exact Sc|reflexivity|discriminate]).
    pose proof (idle_unlock B w2 C2) as I3.
    assert (H3 : host_ctx (set_held false w2) cpu = host).
    { unfold host, host_ctx. cbn [w_mem set_held]. unfold w2. rewrite percpu_mem, upd_name by reflexivity. rewrite Ow by exact I.
      reflexivity. }
    unlock HU S2; set (w3 := set_held false w2) in *.
    { eapply wp_mono; [apply (HH [] _ w3 eq_refl eq_refl (kn_secure B _ (id_known B _ I3))); exact Logic.I|].
      cbv beta. intros r u (N & _). destruct (N eq_refl). }
    match goal with |- context [("pc", Some ?x)] => generalize x; intros pc end.
    match goal with |- context [("arg", Some ?x)] => generalize x; intros arg end.
    clear E. match goal with |- context [("wanted", Some ?x)] => generalize x; intros wanted end. clearbody w3 host.
    clear w0 w1 w2 w Id L Ow Sc C C2 S2.
    (* KServ's registers on this CPU: words of its own page *)
    assert (Zero : forall u, idle B u -> host_ctx u cpu = host -> own_ctx cpu u host) by (intros u _ E; left; auto).
    pose (K := fun u => host_ctx u cpu = host /\ cur_ctx cpu u = host).
    assert (Put : forall u n x (Q : option Z -> world -> Prop), idle B u -> K u -> 0 <= n < 512 ->
      (idle B (put_word host n x u) -> K (put_word host n x u) -> Q None (put_word host n x u)) ->
      WP (F "pg_set" [host; n; x]) Q u).
    { intros u n x Q Iu [Hu Eu] Rn G. eapply wp_mono; [apply HP; [apply Iu|left; apply Zero; assumption|exact Rn|]|].
      - rewrite <- Hu. apply (told_host B); [exact (kn_secure B _ (id_known B _ Iu))|exact Hc|congruence].
      - cbv beta. intros r u' (-> & ->). apply G; [apply idle_ram, Iu|split; assumption]. }
    assert (Cell : forall d v u, class_of d = Percpu -> String.eqb d "pcpu.host_ctx" = false -> idle B u -> host_ctx u cpu = host ->
      idle B (write_cell B (obj d [cpu]) v u) /\ host_ctx (write_cell B (obj d [cpu]) v u) cpu = host).
    { intros d v u P N Iu Hu. split; [apply idle_percpu; assumption|]. unfold host_ctx. rewrite percpu_mem, upd_name by exact N. exact Hu. }
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact (kn_secure B _ (id_known B _ I3))|]. intros _.
    assert (K3 : K (write_cell B (obj "pcpu.cur_ctx" [cpu]) host w3)).
    { destruct (Cell "pcpu.cur_ctx" host w3 eq_refl eq_refl I3 H3) as [_ X]. split; [exact X|].
      unfold cur_ctx. rewrite percpu_mem, upd_same. rewrite <- H3. apply wrap_wrap. }
    destruct (Cell "pcpu.cur_ctx" host w3 eq_refl eq_refl I3 H3) as [Iw _]. clear I3 H3. rename Iw into I3.
    generalize dependent (write_cell B (obj "pcpu.cur_ctx" [cpu]) host w3). clear w3. intros w3 K3 I3. steps.
    eapply wp_mono; [apply HZ; [apply I3|apply Zero; [exact I3|apply K3]]|]. cbv beta. intros ? ? (-> & ->).
    assert (I4 : idle B (clear_page host w3)) by apply idle_ram, I3.
    assert (H4 : K (clear_page host w3)) by exact K3. clear I3 K3.
    generalize dependent (clear_page host w3). clear w3. intros w4 I4 H4. steps.
    apply Put; [exact I4|exact H4|lia|]. intros I5 H5. clear I4 H4. generalize dependent (put_word host 0 arg w4). clear w4.
    intros w5 I5 H5. steps. apply Put; [exact I5|exact H5|lia|]. intros I6 H6. clear I5 H5.
    match goal with |- context [put_word host 37 ?x w5] => generalize dependent (put_word host 37 x w5) end. clear w5. intros w6 I6 H6.
    assert (S6 := kn_secure B _ (id_known B _ I6)). steps. apply own_read; [exact Logic.I|exact S6|]. steps.
    apply Put; [exact I6|exact H6|lia|]. intros I7 H7.
    match goal with |- context [put_word host 58 ?x w6] => generalize dependent (put_word host 58 x w6) end.
    clear w6 I6 H6 S6. intros w7 I7 H7. steps.
    assert (S7 := kn_secure B _ (id_known B _ I7)). prim HM S7. steps.
    match goal with |- context [("mdcr", Some ?x)] => generalize x; intros mdcr end.
    (* what the CPU knows of itself *)
    destruct H7 as [H7 E7].
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact S7|]. intros _.
    destruct (Cell "pcpu.mdcr" (Z.land mdcr 31) w7 eq_refl eq_refl I7 H7) as [I9 H9].
    assert (E9 : cur_ctx cpu (write_cell B (obj "pcpu.mdcr" [cpu]) (Z.land mdcr 31) w7) = host).
    { unfold cur_ctx. rewrite percpu_mem, upd_name by reflexivity. exact E7. }
    clear I7 H7 S7 E7.
    generalize dependent (write_cell B (obj "pcpu.mdcr" [cpu]) (Z.land mdcr 31) w7). clear w7. intros w9 I9 H9 E9. steps.
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact (kn_secure B _ (id_known B _ I9))|]. intros _.
    destruct (Cell "pcpu.in_guest" 0 w9 eq_refl eq_refl I9 H9) as [I10 H10].
    assert (E10 : cur_ctx cpu (write_cell B (obj "pcpu.in_guest" [cpu]) 0 w9) = host).
    { unfold cur_ctx. rewrite percpu_mem, upd_name by reflexivity. exact E9. }
    assert (G10 : in_guest cpu (write_cell B (obj "pcpu.in_guest" [cpu]) 0 w9) = 0).
    { unfold in_guest. rewrite percpu_mem, upd_same. reflexivity. }
    clear I9 H9 E9. generalize dependent (write_cell B (obj "pcpu.in_guest" [cpu]) 0 w9). clear w9. intros w10 I10 H10 E10 G10. steps.
    assert (V11 : loaded_vm cpu (write_cell B (obj "pcpu.vm" [cpu]) 0 w10) = 0) by (unfold loaded_vm; rewrite percpu_mem, upd_same;
      reflexivity).
    destruct (Cell "pcpu.vm" 0 w10 eq_refl eq_refl I10 H10) as [I11 H11].
    apply write_event; [split; [intros _ _ N; destruct N; exact V11|reflexivity]|discriminate|exact (kn_secure B _ (id_known B _ I11))|].
    intros _.
    pose (J := fun u => idle B u /\ host_ctx u cpu = host /\ cur_ctx cpu u = host /\ in_guest cpu u = 0 /\ loaded_vm cpu u = 0).
    assert (J11 : J (write_cell B (obj "pcpu.vm" [cpu]) 0 w10)).
    { split; [exact I11|]. split; [exact H11|]. unfold cur_ctx, in_guest in *. rewrite !percpu_mem, !upd_name by reflexivity. auto. }
    clear I10 H10 E10 G10 V11 I11 H11.
    generalize dependent (write_cell B (obj "pcpu.vm" [cpu]) 0 w10). clear w10. intros w11 J11.
    assert (Js : forall u, J u -> secure B u) by (intros u (Iu & _); exact (kn_secure B _ (id_known B _ Iu))).
    assert (Jr : forall l u, J u -> J (set_regs cpu l u)).
    { intros l u (I1 & J1 & J2 & J3 & J4). split; [apply idle_regs, I1|]. unfold host_ctx, cur_ctx, in_guest, loaded_vm in *.
      rewrite !set_regs_cell by reflexivity. auto. }
    assert (Jx : forall x u, J u -> J (set_reg cpu x u)) by (intros x u; exact (Jr [x] u)).
    steps. pose proof (Js _ J11) as S11. prim HC S11.
    pose proof (Jx ("cntvoff", [], 0) w11 J11) as J12. clear J11 S11. generalize dependent (set_reg cpu ("cntvoff", [], 0) w11). clear w11.
    intros w12 J12. steps. pose proof (Js _ J12) as S12. prim HF S12; [right; reflexivity|].
    pose proof (Jx ("features", [], 1) w12 J12) as J13. clear J12 S12. generalize dependent (set_reg cpu ("features", [], 1) w12).
    clear w12. intros w13 J13. steps. pose proof (Js _ J13) as S13.
    destruct (root_range B HB w13 (kn_constants B _ (id_known B _ (proj1 J13)))) as [Rr Er].
    apply own_read; [exact Logic.I|exact S13|]. reduce.
    change (wrap U64 (w_mem w13 ("host_root", []))) with (wrap U64 (w_mem w13 (obj "host_root" []))). rewrite Er. steps.
    apply own_read; [reflexivity|exact S13|]. steps.
    eapply wp_mono; [apply HX; [apply J13|]|].
    { left. split; [symmetry; apply J13|]. split; [exact Hc|]. split; [|reflexivity].
      unfold vttbr. rewrite (wrap_small U64 _ Rr). reflexivity. }
    cbv beta. intros ? ? (-> & va & sc & _ & ->).
    match goal with |- context [set_regs cpu ?l w13] => pose proof (Jr l w13 J13) as J14; generalize dependent (set_regs cpu l w13) end.
    clear w13 J13 S13 Rr Er. intros w14 J14. steps.
    (* the TLB *)
    destruct J14 as (I14 & H14 & E14 & G14 & V14).
    lock_own HL I14 Sc L C w1 Ow. apply read_ret; [exact Logic.I|apply (cs_secure B _ C)|].
    change (wrap U64 (w_mem w1 ("host_root", []))) with (wrap U64 (w_mem w1 (obj "host_root" []))).
    rewrite (k_root B _ (kn_constants B _ (cs_known B _ C))). steps.
    eapply wp_mono; [apply HT; [exact C|left; split; reflexivity]|]. cbv beta. intros ? w2 ((u & Ju & _ & ->) & _). steps.
    pose proof (sec_invalidate B unfrozen L 0 u (sec_interference B HB unfrozen L w1 u Sc Ju)) as S2.
    assert (M2 : w_mem (invalidate B 0 u) = w_mem w1) by (destruct Ju as (r & -> & _); reflexivity).
    pose proof (idle_unlock B _ (s_cs _ _ _ _ S2)) as I2. unlock HU S2.
    set (w3 := set_held false (invalidate B 0 u)) in *.
    assert (J3 : J w3).
    { split; [exact I2|]. unfold host_ctx, cur_ctx, in_guest, loaded_vm in *. change (w_mem w3) with (w_mem (invalidate B 0 u)).
      rewrite M2, !Ow; [auto|reflexivity..]. }
    clearbody w3. clear I2 M2 S2 Ju u Sc C Ow L I14 H14 E14 G14 V14. clear w0 w1 w14.
    pose proof (Js _ J3) as S3. prim HE S3. pose proof (Jx ("elr", [], pc) w3 J3) as J4. clear J3 S3.
    generalize dependent (set_reg cpu ("elr", [], pc) w3). clear w3. intros w4 J4. steps. pose proof (Js _ J4) as S4. prim HS S4.
    match goal with |- context [set_reg cpu ?x w4] => pose proof (Jx x w4 J4) as J5; generalize dependent (set_reg cpu x w4) end.
    clear w4 J4 S4. intros w5 (I5 & H5 & E5 & G5 & V5). steps. split; [reflexivity|]. split; [exact I5|].
    assert (Hs : serves_host cpu w5) by (split; congruence).
    split; [|exact Hs]. constructor; [exact Hc| | |left; exact Hs].
    - intros N. congruence.
    - intros N. congruence.
  Qed.
End Proofs.
