(** * KServ's SMCs: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Local_Prims Cpu_Facts Structure Page_Spec Vm_Spec
  Interleave_Events.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Own_Kept Left_Kept Smc_Spec Host_Trap_Spec Host_Facts Host_Smc_Spec
  Scrub_Spec.
From Redoubt.gen Require Import host_smc.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu LI)).

  Lemma kept_at_host w w' : own_kept cpu w w' -> w_held w' = false -> at_host cpu w -> at_host cpu w'.
  Proof.
    intros K H A. apply (same_at_host cpu w); [rewrite H; symmetry; apply A| | |exact A].
    - apply (ok_cells _ _ _ K); reflexivity.
    - apply (ok_constants _ _ _ K). reflexivity.
  Qed.

  Lemma host_smc_ok F : does B cpu LI "elr_get" 0 (Some U64) (F "elr_get") -> spec_host_reg B cpu LI (F "guest_reg") ->
    does B cpu LI "elr_set" 1 None (F "elr_set") -> spec_smc_answer B cpu (F "smc_answer") ->
    spec_host_reg_set B cpu LI (F "guest_reg_set") -> spec_host_smc B cpu (invoke F fuel f_host_smc).
  Proof.
    intros H1 H2 H3 H4 H5 w A I. pose proof (idle_secure B w I) as S. pose proof (ah_cpu _ _ A) as Hc. enter. steps.
    prim H1 S. steps. host_get H2 A S. steps. host_get H2 A S. steps. host_get H2 A S. steps. host_get H2 A S. steps.
    assert (X : forall n, in_ty U64 (host_x cpu w n)).
    { intros n. unfold host_x. destruct (n <? 31); [apply wrap_in|unfold in_ty; cbn; lia]. }
    prim H3 S. steps. assert (M : Z.land (host_x cpu w 0) 4294967295 = host_x cpu w 0 mod 2 ^ 32) by (apply land_low; [lia|reflexivity]).
    rewrite M. match goal with |- wp _ _ _ ?y => change y with (over cpu w) end.
    pose proof (over_idle B cpu w I) as I1.
    eapply wp_mono; [apply H4; [apply Z.mod_pos_bound; lia|auto..|exact I1]|].
    cbv beta. intros r w1 (K & L & I2 & v & -> & Xv & N). reduce. steps.
    assert (A1 : at_host cpu w1) by (apply (kept_at_host (over cpu w)); [exact K|apply I2|apply set_regs_at_host, A]).
    pose proof (idle_secure B w1 I2) as S1. eapply wp_mono; [apply H5; [side|exact Xv|exact A1|exact S1]|]. cbv beta.
    intros r w2 [-> ->]. reduce. steps. split; [reflexivity|]. split; [apply put_x_idle, I2|]. exists v, w1.
    split; [exact K|]. split; [exact L|]. split; [reflexivity|exact N].
  Qed.

  (** Without the bit for 64-bit arguments. *)
  Lemma convention fid : 0 <= fid < 2 ^ 32 -> exists q, (q = 0 \/ q = 1) /\ fid = Z.land fid 18446744072635809791 + q * 2 ^ 30.
  Proof.
    intros R. set (a := Z.land fid 18446744072635809791). exists (fid mod 2 ^ 31 / 2 ^ 30).
    change (2 ^ 32) with 4294967296 in R. change (2 ^ 31) with 2147483648. change (2 ^ 30) with 1073741824.
    split; [Z.to_euclidean_division_equations; lia|].
    assert (Eb : Z.land fid (2 ^ 30) = fid mod 2147483648 / 1073741824 * 1073741824) by (apply (land_field fid _ 30 31); [lia|reflexivity]).
    rewrite <- Eb. assert (L : Z.land a (Z.land fid (2 ^ 30)) = 0).
    { apply Z.bits_inj'. intros k Hk. unfold a. rewrite !Z.land_spec, Z.bits_0. destruct (Z.eq_dec k 30) as [->|N].
      - change (Z.testbit 18446744072635809791 30) with false. rewrite andb_false_r. reflexivity.
      - rewrite Z.pow2_bits_false by auto. rewrite !andb_false_r. reflexivity. }
    rewrite Z.add_nocarry_lxor by exact L. rewrite Z.lxor_lor by exact L. unfold a. rewrite <- Z.land_lor_distr_r.
    change (Z.lor 18446744072635809791 (2 ^ 30)) with 18446744073709551615. rewrite (land_low fid _ 64) by (reflexivity || lia).
    rewrite Z.mod_small; [reflexivity|]. change (2 ^ 64) with 18446744073709551616. lia.
  Qed.

  Ltac listed := let N := fresh in intros N; exfalso; cbn [existsb app questions host_functions] in N; lia.

  Ltac same I := split; [apply own_kept_refl|]; split; [apply left_refl|]; split; [exact I|].
  (** A call on memory. *)
  Ltac memory S H := eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact S|H]|]; cbv beta.

  Lemma smc_answer_ok F : spec_smc_plain B cpu LI (F "smc_plain") -> does B cpu LI "smc_call" 4 (Some U64) (F "smc_call") ->
    spec_host_cpu_on B cpu (F "host_cpu_on") -> spec_host_cpu_suspend B cpu (F "host_cpu_suspend") ->
    spec_host_system_end B cpu (F "host_system_end") -> spec_host_features B cpu LI (F "host_features") ->
    spec_smc_answer B cpu (invoke F fuel f_smc_answer).
  Proof.
    intros H1 H2 H3 H4 H5 H6 fid a1 a2 a3 w R X1 X2 X3 Hc I. pose proof (idle_secure B w I) as S. enter.
    destruct (convention fid R) as (q & Hq & Ef). set (f := Z.land fid 18446744072635809791) in *.
    change (2 ^ 32) with 4294967296 in R. change (2 ^ 30) with 1073741824 in Ef. assert (X : in_ty U64 fid) by (unfold in_ty; cbn; lia).
    steps. eapply wp_mono; [apply wp_all, (H1 fid X)|]. cbv beta. intros ? ? [-> ->]. reduce. fold f. steps.
    - assert (Q : In fid questions).
      { apply existsb_exists in E as (y & J & Ey). apply Z.eqb_eq in Ey. subst y. exact J. }
      prim H2 S; [left; exact Q|]. steps. same I. eexists. split; [reflexivity|].
      split; [apply wrap_in|]. rewrite existsb_app, E. discriminate.
    - memory S ltac:(apply H3; auto; lia). intros r w1 ((K & I1 & v & -> & Xv & _) & Lf). reduce. steps.
      split; [exact K|]. split; [exact Lf|]. split; [exact I1|]. exists v. split; [reflexivity|]. split; [exact Xv|]. listed.
    - memory S ltac:(apply H4; auto; lia). intros r w1 ((K & I1 & v & -> & Xv & _) & Lf). reduce. steps.
      split; [exact K|]. split; [exact Lf|]. split; [exact I1|]. exists v. split; [reflexivity|]. split; [exact Xv|]. listed.
    - apply read_ret; [reflexivity|exact S|]. steps.
      + same I. eexists. split; [reflexivity|]. split; [unfold in_ty; cbn; lia|]. listed.
      + prim H2 S; [right; right; right; right; left; split; [assumption|unfold no_vcpu; assumption]|].
        steps. same I. eexists. split; [reflexivity|]. split; [apply wrap_in|]. listed.
    - eapply wp_mono; [apply H5; auto; unfold ends; cbn [existsb]; lia|]. cbv beta. intros r w1 (K & Lf & I1 & ->). reduce. steps.
      split; [exact K|]. split; [exact Lf|]. split; [exact I1|]. eexists. split; [reflexivity|]. split; [unfold in_ty; cbn; lia|]. listed.
    - memory S ltac:(apply H6; auto; lia). intros r w1 ((-> & v & -> & Xv & _) & _). reduce. steps.
      same I. exists v. split; [reflexivity|]. split; [exact Xv|]. listed.
    - same I. eexists. split; [reflexivity|]. split; [unfold in_ty; cbn; lia|]. auto.
  Qed.

  (** Memory is scrubbed, with the lock: firmware may end the machine. *)
  Lemma may_end w fid a1 a2 : ends fid = true -> w_held w = true -> scrubbed B w -> smc_allowed B cpu w fid a1 a2 0.
  Proof.
    intros E H Sc. do 5 right. split; [|auto]. unfold ends in E. cbn [existsb] in E. lia.
  Qed.

  Lemma host_system_end_ok F : spec_scrub_all B cpu (F "scrub_all") -> does B cpu LI "smc_call" 4 (Some U64) (F "smc_call") ->
    does B cpu LI "cpu_halt" 0 None (F "cpu_halt") -> spec_host_system_end B cpu (invoke F fuel f_host_system_end).
  Proof.
    intros H1 H2 H3 fid a1 a2 w E X1 X2 Hc I. pose proof (idle_secure B w I) as S. enter. steps.
    memory S ltac:(apply H1, I). intros r w1 ([(-> & K & I1)|(-> & St & Sc)] & Lf); reduce; steps.
    - split; [exact K|]. split; [exact Lf|]. split; [exact I1|reflexivity].
    - pose proof (cs_secure B w1 (so_cs _ _ St)) as S1. set (w2 := write_cell B (obj "going_down" []) 1 w1).
      assert (S2 : secure B w2) by (apply (loose_secure B (obj "going_down" []) 1 w1); [right; right; reflexivity|exact S1]).
      assert (Hd : w_held w2 = true) by exact (cs_held B w1 (so_cs _ _ St)).
      assert (Sc2 : scrubbed B w2) by exact Sc.
      apply write_event; [split; [discriminate|discriminate]|discriminate|exact S2|]. intros _. fold w2. steps.
      prim H2 S2; [apply may_end; assumption|]. steps.
      prim H2 S2; [apply may_end; [reflexivity|assumption..]|]. steps.
      eapply wp_mono; [apply (H3 [] _ w2 eq_refl eq_refl S2); exact Logic.I|]. cbv beta. intros r w3 (N & _). destruct (N eq_refl).
  Qed.
End Proofs.
