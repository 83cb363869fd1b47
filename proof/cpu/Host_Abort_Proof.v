(** * A page that KServ does not have: proof *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Local_Prims Cpu_Facts Structure Page_Spec Vm_Spec Host_Map_Spec.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Own_Kept Left_Kept Host_Trap_Spec Host_Facts.
From Redoubt.gen Require Import host_abort.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Abort.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).

  Lemma takes_abort_idle esr far w w' : takes_abort cpu esr far w w' -> idle B w -> idle B w'.
  Proof. intros (p & _ & ->) I. do 2 apply set_regs_idle. exact I. Qed.

  Lemma gicr_done_idle esr w w' : gicr_done cpu esr w w' -> idle B w -> idle B w'.
  Proof.
    unfold gicr_done. destruct (is_store esr); [intros ->|intros (raw & _ & ->)]; intros I; apply over_idle; [exact I|].
    apply put_x_idle, I.
  Qed.

  Lemma host_abort_ok F : spec_fault_ipa B cpu LI (F "fault_ipa") -> does B cpu LI "far_get" 0 (Some U64) (F "far_get") ->
    spec_host_gicr B cpu LI (F "host_gicr") -> spec_host_maps B cpu (F "host_maps") ->
    spec_inject_abort B cpu LI (F "inject_abort") -> spec_host_abort B cpu (invoke F fuel f_host_abort).
  Proof.
    intros H1 H2 H3 H4 H5 esr w X A Hi. pose proof (idle_secure B w Hi) as S. enter. steps.
    eapply wp_mono; [apply wp_all, H1; assumption|]. cbv beta. intros ? ? (-> & p & -> & Hp). reduce. steps.
    prim H2 S. change (wrap U64 (w_mem w (reg cpu "far" []))) with (reg_of w cpu "far" []). to_if.
    assert (K : looked cpu w w) by (split; [intros l _ _; reflexivity|apply left_refl]). pose proof (ah_cpu _ _ A) as Hc.
    assert (Hq : walk_again esr = false -> p = field 4 40 (reg_of w cpu "hpfar" [])) by (intros N; rewrite N in Hp; exact Hp).
    pose proof (field_range 4 40 (reg_of w cpu "hpfar" []) ltac:(lia)) as R40.
    change (2 ^ 40) with 1099511627776 in *. change (2 ^ 64) with 18446744073709551616 in *.
    assert (Hr : p = 18446744073709551615 \/ 0 <= p < 1099511627776) by (destruct (walk_again esr); cbv iota in Hp; lia).
    assert (Hw : p = 18446744073709551615 -> walk_again esr = true) by (destruct (walk_again esr); cbv iota in Hp; [reflexivity|lia]).
    steps.
    { split; [reflexivity|]. split; [exact Hi|]. exists p. split; [exact Hq|]. left. split; [exact K|]. left. auto. }
    assert (Hp2 : 0 <= p < 2 ^ 40) by (change (2 ^ 40) with 1099511627776; lia).
    assert (M : Z.land (Z.land esr 63) 60 = 4 * field 2 4 esr).
    { rewrite <- Z.land_assoc. change (Z.land 63 60) with 60. rewrite (land_field esr 60 2 6) by (reflexivity || lia).
      unfold field. change (2 ^ 6) with 64. change (2 ^ 2) with 4. change (2 ^ 4) with 16. Z.to_euclidean_division_equations; lia. }
    eapply wp_mono; [apply H3; assumption|]. cbv beta. intros r w1 Hg.
    destruct (gicr w p && plain_access esr) eqn:G; destruct Hg as [-> Hg]; reduce.
    - steps. split; [reflexivity|]. split; [exact (gicr_done_idle _ _ _ Hg Hi)|]. exists p. split; [exact Hq|]. right. left.
      split; [assumption|]. split; [assumption|exact Hg].
    - subst w1. steps.
      + eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact S|apply H4; [unfold in_ty; cbn; lia|exact Hi]]|].
        cbv beta. intros r w1 ((I1 & K0 & v & -> & Hv & Hm) & L1). assert (K1 : looked cpu w w1) by (split; [exact K0|exact L1]).
        reduce. steps.
        * (eapply wp_mono; [apply wp_all, H5; [apply lor_in; [exact X|unfold in_ty; cbn; lia]|apply wrap_in|apply (idle_secure B w1 I1)]|];
          cbv beta; intros ? w2 [_ T]; reduce; steps; split; [reflexivity|]; split; [exact (takes_abort_idle _ _ _ _ T I1)|];
          exists p; split; [exact Hq|]; right; right; exists w1; split; [exact K1|]; split; [exact I1|exact T]).
        * split; [reflexivity|]. split; [exact I1|]. exists p. split; [exact Hq|]. left. split; [exact K1|]. right.
          destruct Hm as [[-> _]|(w2 & L2 & Hm)]; [contradiction|]. split; [lia|].
          assert (Hv1 : v = 1) by lia. apply Hm in Hv1. split; [apply Hv1|]. exists w2. auto.
      + assert (K1 : looked cpu w w) by exact K. assert (I1 : idle B w) by exact Hi.
        (eapply wp_mono; [apply wp_all, H5; [apply lor_in; [exact X|unfold in_ty; cbn; lia]|apply wrap_in|apply (idle_secure B w I1)]|];
          cbv beta; intros ? w2 [_ T]; reduce; steps; split; [reflexivity|]; split; [exact (takes_abort_idle _ _ _ _ T I1)|];
          exists p; split; [exact Hq|]; right; right; exists w; split; [exact K1|]; split; [exact I1|exact T]).
  Qed.
End Abort.
