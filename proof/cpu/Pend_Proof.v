(** * What the last exit owes the guest, with KServ's answer: proof *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Trap_Facts.
From Redoubt.gen Require Import vcpu_mmio.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Notation WP := (wp (kcore_all B cpu LI)).

  (** The loader's objects of its vCPU. *)
  Ltac own_cell V S := apply read_ret; [left; exact (serves_loads _ _ _ _ V)|exact S|]; reduce.

  Ltac put_secure_ := lazymatch goal with S1 : secure ?B ?w1 |- wp _ _ _ (put_reg ?c ?n ?v ?w1) =>
    pose proof (secure_put_reg B c w1 n v S1) as S2 end.

  Lemma loaded_range raw size sext sf : in_ty U64 (loaded raw size sext sf).
  Proof.
    unfold loaded. cbv zeta. set (y := if _ && _ then _ else _). destruct (sf =? 0).
    - pose proof (Z.mod_pos_bound y (2 ^ 32) eq_refl) as P. change (2 ^ 32) with 4294967296 in *. unfold in_ty, modulus. lia.
    - exact (Z.mod_pos_bound y (2 ^ 64) eq_refl).
  Qed.

  Lemma wrap_wide x : in_ty U64 (wrap U32 x).
  Proof. pose proof (wrap_in U32 x) as W. unfold in_ty, modulus in *. lia. Qed.

  Lemma pend_complete_ok F : spec_own_get B cpu LI (F "pg_get") -> does B cpu LI "elr_get" 0 (Some U64) (F "elr_get") ->
    does B cpu LI "elr_set" 1 None (F "elr_set") -> spec_inject_abort B cpu LI (F "inject_abort") ->
    spec_load_value B cpu LI (F "load_value") -> spec_guest_reg_set B cpu LI (F "guest_reg_set") ->
    spec_pend_complete B cpu LI (invoke F fuel f_pend_complete).
  Proof.
    intros H1 H2 H3 H4 H5 H6 h i w V S. ranges V. enter. steps.
    who V S. named V. steps. who V S. named V. steps. own_cell V S. steps. who V S. steps.
    change (wrap U64 (w_mem w (obj "vcpus.run_pfn" [h; i]))) with (vcpu_run w h i).
    change (wrap U32 (w_mem w (obj "vcpus.pend" [h; i]))) with (vcpu_cell w "vcpus.pend" h i).
    eapply wp_mono; [apply H1; [exact (sv_held _ _ _ _ V)|exact (serves_run _ _ _ _ V)|lia]|].
    cbv beta. intros ? ? (-> & v & -> & Xv & _). reduce. steps.
    eapply wp_mono; [apply H1; [exact (sv_held _ _ _ _ V)|exact (serves_run _ _ _ _ V)|lia]|].
    cbv beta. intros ? ? (-> & flags & -> & Xf & _). reduce. steps.
    prim H2 S. steps.
    apply (write_owed B cpu LI); [reflexivity|exact V|exact S|]. intros _.
    pose proof (serves_loader cpu w h i "vcpus.pend" [h; i] 0 eq_refl V) as V1.
    pose proof (secure_loader B w "vcpus.pend" [h; i] 0 eq_refl S) as S1.
    set (w1 := set_mem (upd (w_mem w) (obj "vcpus.pend" [h; i]) 0) w) in *.
    set (pn := vcpu_cell w "vcpus.pend" h i). assert (Rn : in_ty U32 pn) by apply wrap_in.
    set (pc := wrap U64 (w_mem w (reg cpu "elr" []))).
    assert (Old : forall d, String.eqb "vcpus.pend" d = false -> w_mem w1 (d, [h; i]) = w_mem w (d, [h; i]))
      by (intros d N; apply upd_name, N).
    assert (Bf : (Z.land flags 1 =? 0) = negb (bit 0 flags)) by (apply bit_mask; [lia|reflexivity]).
    assert (Cw : forall w', (if ((pn =? OWES_LOAD) || (pn =? OWES_STORE)) && bit 0 flags
      then takes_abort cpu 0x92000010 (wrap U64 (w_mem w (obj "vcpus.mmio_far" [h; i]))) w1 w'
      else if pn =? OWES_NOTHING then w' = w1
      else w' = move cpu 4 (
        if pn =? OWES_LOAD then put_reg cpu (vcpu_cell w "vcpus.mmio_rt" h i) (loaded v (access_bytes (vcpu_cell w "vcpus.mmio_size" h i))
          (vcpu_cell w "vcpus.mmio_sext" h i) (vcpu_cell w "vcpus.mmio_sf" h i)) w1
        else if pn =? OWES_READ then put_reg cpu (vcpu_cell w "vcpus.mmio_rt" h i) v w1 else w1)) ->
      @None Z = None /\ exists v0 flags0, in_ty U64 v0 /\ in_ty U64 flags0 /\ completes cpu w h i v0 flags0 w').
    { intros w' D. split; [reflexivity|]. exists v, flags. split; [exact Xv|]. split; [exact Xf|exact D]. }
    assert (Mv : forall w2, w_mem w2 = w_mem w1 -> set_reg cpu ("elr", [], wrap U64 (pc + 4)) w2 = move cpu 4 w2).
    { intros w2 E. unfold move, reg_of. cbn [set_regs fold_left]. rewrite E. reflexivity. }
    assert (Mp : forall n x, w_mem (put_reg cpu n x w1) = w_mem w1) by (intros n x; unfold put_reg; destruct (n <? 31); reflexivity).
    unfold OWES_LOAD, OWES_STORE, OWES_NOTHING, OWES_READ in Cw.
    steps.
    - own_cell V1 S1. rewrite Old by reflexivity. steps.
      eapply wp_mono; [apply wp_all, H4; [unfold in_ty; cbn; lia|apply wrap_in|exact S1]|]. cbv beta. intros ? w2 [-> T]. reduce. steps.
      apply Cw. replace (((pn =? 1) || (pn =? 2)) && bit 0 flags) with true by lia. exact T.
    - own_cell V1 S1. rewrite Old by reflexivity. steps. own_cell V1 S1. rewrite Old by reflexivity. steps.
      own_cell V1 S1. rewrite Old by reflexivity. steps.
      eapply wp_mono; [apply wp_all, H5; [exact Xv|apply wrap_wide]|]. cbv beta. intros ? ? [-> ->]. reduce. steps.
      own_cell V1 S1. rewrite Old by reflexivity. steps.
      eapply wp_mono; [apply H6; [assumption|apply wrap_wide|apply loaded_range|own V1 S1..]|].
      cbv beta. intros ? ? [-> ->]. reduce. steps; try (exfalso; lia).
      put_secure_. prim H3 S2. steps. apply Cw. rewrite Mv by apply Mp.
      replace (((pn =? 1) || (pn =? 2)) && bit 0 flags) with false by lia. rewrite E0. reflexivity.
    - own_cell V1 S1. rewrite Old by reflexivity. steps.
      eapply wp_mono; [apply H6; [assumption|apply wrap_wide|exact Xv|own V1 S1..]|].
      cbv beta. intros ? ? [-> ->]. reduce. steps; try (exfalso; lia).
      put_secure_. prim H3 S2. steps. apply Cw. rewrite Mv by apply Mp.
      rewrite E1. reflexivity.
    - prim H3 S1. steps. apply Cw. rewrite Mv by reflexivity. replace (((pn =? 1) || (pn =? 2)) && bit 0 flags) with false by lia.
      rewrite !(proj2 (Z.eqb_neq _ _)) by assumption. reflexivity.
    - apply Cw. replace (((pn =? 1) || (pn =? 2)) && bit 0 flags) with false by lia.
      replace (pn =? 0) with true by lia. reflexivity.
  Qed.
End Proofs.
