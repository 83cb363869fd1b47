(** * A trap of KServ, by its class: proof *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Local_Prims Cpu_Facts Structure Page_Spec Vm_Spec.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Own_Kept Smc_Spec Rest_Spec Host_Trap_Spec Host_Facts Host_Call_Spec
  Host_Smc_Spec Host_Entry_Spec Host_Rest.
From Redoubt.gen Require Import host_trap.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Notation LI := (mem_inv B).
  Variables (load : Z -> Z -> world -> Z -> world -> Prop) (put_back : world -> Z -> world -> Prop) (runs : world -> world -> Prop).

  Lemma hosted_gicr esr w w' : gicr_done cpu esr w w' -> hosted cpu w -> hosted cpu w'.
  Proof.
    unfold gicr_done. destruct (is_store esr); [intros ->|intros (raw & _ & ->)]; intros A; unfold over; apply hosted_regs; [exact A|].
    apply hosted_put_x, A.
  Qed.
  Lemma hosted_abort esr w w' : abort_done B cpu esr w w' -> hosted cpu w -> hosted cpu w'.
  Proof.
    intros (p & _ & [[[_ L] _]|[(_ & _ & D)|(w1 & [_ L] & _ & (q & _ & ->))]]) A.
    - exact (hosted_left cpu w w' L A).
    - exact (hosted_gicr esr w w' D A).
    - do 2 apply hosted_regs. exact (hosted_left cpu w w1 L A).
  Qed.
  Lemma hosted_smc w w' : smc_done cpu w w' -> hosted cpu w -> hosted cpu w'.
  Proof.
    intros (v & w1 & _ & L & -> & _) A. apply (hosted_put_x cpu 0 v w1), (hosted_left cpu (over cpu w) w1 L). apply hosted_regs, A.
  Qed.

  Lemma host_trap_ok F : does B cpu LI "esr_get" 0 (Some U64) (F "esr_get") ->
    spec_host_call B cpu load put_back runs (F "host_call") -> spec_host_smc B cpu (F "host_smc") ->
    spec_host_abort B cpu (F "host_abort") -> spec_host_sysreg B cpu LI (F "host_sysreg") ->
    spec_inject_undef B cpu LI (F "inject_undef") -> spec_host_trap B cpu load put_back runs (invoke F fuel f_host_trap).
  Proof.
    intros H1 H2 H3 H4 H5 H6 w Ho I. pose proof (idle_secure B w I) as S.
    pose proof (hosted_at_host cpu w (id_held B w I) Ho) as A. enter. steps. prim H1 S.
    change (wrap U64 (w_mem w (reg cpu "esr" []))) with (reg_of w cpu "esr" []). set (esr := reg_of w cpu "esr" []).
    assert (X : in_ty U64 esr) by apply wrap_in. unfold host_served. cbv zeta.
    assert (M : Z.land (Z.shiftr esr 26) 63 = field 26 6 esr) by (apply mask_field; [lia|lia|reflexivity]).
    steps; rewrite ?M in *; destruct (Z.eqb_spec (field 26 6 esr) 0x16) as [C1|N1]; try contradiction; try (exfalso; congruence);
      try (destruct (Z.eqb_spec (field 26 6 esr) 0x17) as [C2|N2]; try contradiction; try (exfalso; congruence));
      try (destruct (Z.eqb_spec (field 26 6 esr) 0x20) as [C3|N3]); try contradiction; try (exfalso; congruence);
      try (destruct (Z.eqb_spec (field 26 6 esr) 0x24) as [C4|N4]); try contradiction; try (exfalso; congruence);
      try (destruct (Z.eqb_spec (field 26 6 esr) 0x18) as [C5|N5]); try contradiction; try (exfalso; congruence);
      try (exfalso; lia); cbn [orb].
    - eapply wp_mono; [apply H2; assumption|]. cbv beta. intros r w' (_ & I' & Hr & D). reduce. steps. auto.
    - eapply wp_mono; [apply H3; assumption|]. cbv beta. intros r w' (_ & I' & D). reduce. steps.
      pose proof (hosted_smc w w' D Ho). auto.
    - eapply wp_mono; [apply H4; assumption|]. cbv beta. intros r w' (_ & I' & D). reduce. steps.
      pose proof (hosted_abort esr w w' D Ho). auto.
    - eapply wp_mono; [apply H4; assumption|]. cbv beta. intros r w' (_ & I' & D). reduce. steps.
      pose proof (hosted_abort esr w w' D Ho). auto.
    - eapply wp_mono; [apply H5; assumption|]. cbv beta. intros r w' (_ & ->). reduce. steps. split; [reflexivity|].
      split; [apply over_idle; destruct (is_read esr); [apply put_x_idle, I|exact I]|]. split; [left|reflexivity].
      unfold over. apply hosted_regs. destruct (is_read esr); [apply hosted_put_x, Ho|exact Ho].
    - eapply wp_mono; [apply wp_all, H6; assumption|]. cbv beta. intros r w' (_ & T). reduce. steps. split; [reflexivity|].
      pose proof T as (p & _ & ->). split; [apply set_regs_idle, I|]. split; [left; apply hosted_regs, Ho|exact T].
  Qed.
End Proofs.
