(** * Proofs of the functions that only compute with registers *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Desc_Facts.
From Redoubt.cpu Require Import Word_Spec Bits_Facts.
From Redoubt.gen Require Import vcpu_inject vcpu_mmio vcpu_vgic vcpu_sysreg vcpu_psci vcpu_rsi host_smc.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Masks of one bit in conditions. *)
Ltac bits := repeat match goal with
  | H : Z.land ?x ?m = 0 |- _ => apply (bit_clear x m (Z.log2 m)) in H;
    [cbn [Z.log2 Pos.size Pos.succ Z.sub Z.pos_sub] in H|cbn; lia|reflexivity]
  | H : Z.land ?x ?m <> 0 |- _ => apply (bit_set x m (Z.log2 m)) in H;
    [cbn [Z.log2 Pos.size Pos.succ Z.sub Z.pos_sub] in H|cbn; lia|reflexivity]
  end.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat) (F : fenv).
  Notation K := (kcore B cpu LI).

  Ltac start := intros; intros w; unfold unary, computes in *; enter; steps.
  Ltac done_ := split; [reflexivity|]; f_equal.

  (** ** inject.c *)
  Lemma vector_offset_ok : spec_vector_offset B cpu LI (invoke F fuel f_vector_offset).
  Proof.
    intros p X. start; bits; done_; unfold vector_of; rewrite E; try reflexivity;
      rewrite (mask_field0 p 31 5) in * by (reflexivity || lia).
    - rewrite E0. reflexivity.
    - rewrite E1. reflexivity.
    - destruct (Z.eqb_spec (field 0 5 p) 5); [contradiction|]. destruct (Z.eqb_spec (field 0 5 p) 4); [contradiction|reflexivity].
  Qed.

  Lemma vector_pstate_ok : spec_vector_pstate B cpu LI (invoke F fuel f_vector_pstate).
  Proof.
    intros ps sc P S.
    set (p0 := Z.lor (Z.lor (Z.land ps 4047503360) 965) 33554432).
    set (p1 := if bit 23 sc then p0 else Z.lor p0 4194304).
    set (p2 := if bit 44 sc then Z.lor p1 4096 else p1).
    assert (R0 : in_ty U64 p0).
    { repeat apply lor_in; try (unfold in_ty; cbn; lia). apply land_in; [exact P|unfold in_ty; cbn; lia]. }
    assert (R1 : in_ty U64 p1) by (unfold p1; destruct (bit 23 sc); [exact R0|apply lor_in; [exact R0|unfold in_ty; cbn; lia]]).
    assert (R2 : in_ty U64 p2) by (unfold p2; destruct (bit 44 sc); [apply lor_in; [exact R1|unfold in_ty; cbn; lia]|exact R1]).
    exists p2. split.
    - split; [exact R2|]. change 64 with (Z.of_nat 64). apply all_below. intros k Hk. unfold p2, p1, p0, bit, vector_bit.
      do 64 (destruct k as [|k]; [cbn -[Z.testbit Z.lor Z.land]; destruct (Z.testbit sc 44) eqn:E44, (Z.testbit sc 23) eqn:E23;
        unfold bit; rewrite ?Z.lor_spec, ?Z.land_spec, ?E44, ?E23; cbn -[Z.testbit Z.lor Z.land];
        repeat match goal with |- context [Z.testbit (Zpos ?a) ?i] => let r := eval compute in (Z.testbit (Zpos a) i) in
          change (Z.testbit (Zpos a) i) with r end;
        rewrite ?andb_true_r, ?andb_false_r, ?orb_true_r, ?orb_false_r; reflexivity|]). lia.
    - start; bits; done_; unfold p2, p1; rewrite ?E, ?E0; reflexivity.
  Qed.

  (** ** mmio.c *)
  Lemma stage2_fault_ok : spec_stage2_fault B cpu LI (invoke F fuel f_stage2_fault).
  Proof.
    intros esr X.
    assert (M : Z.land (Z.land esr 63) 60 = esr mod 64 / 4 * 4).
    { rewrite (land_low esr 63 6) by (reflexivity || lia). change (2 ^ 6) with 64.
      rewrite (land_field _ 60 2 6) by (reflexivity || lia). change (2 ^ 6) with 64. change (2 ^ 2) with 4. rewrite
        Z.mod_mod by lia. reflexivity. }
    start; rewrite M in *; done_; unfold is_stage2_fault, field; change (2 ^ 0) with 1; change (2 ^ 6) with 64;
      rewrite Z.div_1_r; Z.to_euclidean_division_equations; lia.
  Qed.

  Lemma size_mask_ok : spec_size_mask B cpu LI (invoke F fuel f_size_mask).
  Proof.
    intros n X. start; subst; try solve [done_; reflexivity].
    all: done_; unfold access_bytes; rewrite !(proj2 (Z.eqb_neq _ _)) by assumption; reflexivity.
  Qed.

  (** ** vgic.c *)
  Lemma lr_count_ok : spec_lr_count B cpu LI (invoke F fuel f_lr_count).
  Proof.
    intros v X. assert (M : Z.land v 31 = field 0 5 v) by (apply mask_field0; [lia|reflexivity]).
    pose proof (field_range 0 5 v ltac:(lia)) as R. change (2 ^ 5) with 32 in R. rewrite <- M in R. unfold lrs. rewrite <- M.
    start; done_; lia.
  Qed.

  Lemma ap_count_ok : spec_ap_count B cpu LI (invoke F fuel f_ap_count).
  Proof.
    intros v X. assert (M : Z.land (Z.shiftr v 26) 7 = field 26 3 v) by (apply mask_field; [lia|lia|reflexivity]).
    pose proof (field_range 26 3 v ltac:(lia)) as R. change (2 ^ 3) with 8 in R. unfold aps. rewrite <- M in *.
    start; done_; cbv zeta; destruct (Z.leb_spec (Z.land (Z.shiftr v 26) 7 + 1) 5); try lia;
      destruct (Z.eqb_spec (Z.land (Z.shiftr v 26) 7 + 1) 6); lia.
  Qed.

  Lemma lr_allowed_ok : spec_lr_allowed B cpu LI (invoke F fuel f_lr_allowed).
  Proof.
    intros v X. assert (M : Z.land (Z.shiftr v 32) 8191 = field 32 13 v) by (apply mask_field; [lia|lia|reflexivity]).
    set (r := Z.land v 16140865884418736127).
    set (ok := negb (bit 61 v) || (field 32 13 v =? 27) || (field 32 13 v =? 30)).
    exists (if ok then v else r). split; [|split].
    - destruct ok; [exact X|]. apply land_in; [exact X|unfold in_ty; cbn; lia].
    - unfold lr_safe. destruct ok eqn:O; unfold ok in O.
      + split; [|left; reflexivity]. intros B61. rewrite B61 in O. cbn in O. lia.
      + assert (B61 : bit 61 v = true) by (destruct (bit 61 v); [reflexivity|discriminate O]).
        split; [|right; repeat split; [exact B61|..]].
        * intros C. exfalso. unfold bit, r in C. rewrite Z.land_spec in C. change (Z.testbit 16140865884418736127 61) with false in C.
          rewrite andb_false_r in C. discriminate C.
        * apply field_kept; [lia|lia|reflexivity].
        * apply field_kept; [lia|lia|reflexivity].
        * apply field_kept; [lia|lia|reflexivity].
    - unfold ok. start; rewrite ?M in *; bits; done_; destruct (bit 61 v) eqn:?; cbn [negb orb]; try discriminate;
        destruct (Z.eqb_spec (field 32 13 v) 27), (Z.eqb_spec (field 32 13 v) 30); try reflexivity; exfalso; congruence.
  Qed.

  (** ** sysreg.c *)
  Lemma read_bit esr : Z.land esr 1 = bz (is_read esr).
  Proof.
    unfold is_read, bit. rewrite (land_low _ 1 1) by (reflexivity || lia). change (2 ^ 1) with 2.
    rewrite Zmod_odd, Z.bit0_odd. destruct (Z.odd esr); reflexivity.
  Qed.

  Lemma emulated esr : kserv_emulates esr = (Z.land esr 1 =? 0) && ((Z.land esr 0x3ffc1e =? 3813398) ||
    (Z.land esr 0x3ffc1e =? 3944470) || (Z.land esr 0x3ffc1e =? 4075542) || (Z.land esr 0x3ffc1e =? 3289110)) ||
    (Z.land esr 0x3ffc1e =? 3209220) || (Z.land esr 0x3ffc1e =? 3340292) || (Z.land esr 0x3ffc1e =? 3471364).
  Proof.
    unfold kserv_emulates. rewrite read_bit.
    repeat match goal with |- context [reg_is esr ?a ?b ?c ?d ?e] =>
      erewrite (reg_code esr a b c d e) by (try reflexivity; lia) end.
    destruct (is_read esr); reflexivity.
  Qed.

  Lemma is_kserv_reg_ok : spec_is_kserv_reg B cpu LI (invoke F fuel f_is_kserv_reg).
  Proof.
    intros esr X. rewrite emulated. generalize (Z.land esr 0x3ffc1e), (Z.land esr 1). intros r b. start; done_; lia.
  Qed.

  Lemma sysreg_who_ok : spec_is_kserv_reg B cpu LI (F "is_kserv_reg") -> spec_sysreg_who B cpu LI (invoke F fuel f_sysreg_who).
  Proof.
    intros H esr X. start. eapply wp_mono; [apply (H esr X)|]. cbv beta. intros ? ? [-> ->]. reduce.
    assert (M1 : Z.land (Z.shiftr esr 20) 3 = field 20 2 esr) by (apply mask_field; [lia|lia|reflexivity]).
    assert (M2 : Z.land (Z.shiftr esr 10) 15 = field 10 4 esr) by (apply mask_field; [lia|lia|reflexivity]).
    assert (M3 : Z.land (Z.shiftr esr 14) 7 = field 14 3 esr) by (apply mask_field; [lia|lia|reflexivity]).
    assert (M4 : Z.land (Z.shiftr esr 1) 15 = field 1 4 esr) by (apply mask_field; [lia|lia|reflexivity]).
    assert (R : reg_is esr 3 0 1 0 1 = (Z.land esr 0x3ffc1e =? 3277824)) by (apply reg_code; try reflexivity; lia).
    unfold who_answers. rewrite R. clear R X. pose proof (read_bit esr) as Z1.
    steps; rewrite ?M1, ?M2, ?M3, ?M4, ?Z1 in *; clear M1 M2 M3 M4 Z1; done_;
      generalize dependent (field 20 2 esr); generalize dependent (field 10 4 esr); generalize dependent (field 14 3 esr);
      generalize dependent (field 1 4 esr); generalize dependent (Z.land esr 0x3ffc1e); generalize dependent (is_read esr);
      generalize dependent (kserv_emulates esr); intros.
    all: repeat match goal with |- context [if ?b then _ else _] => destruct b eqn:?; try reflexivity; try (exfalso; lia) end.
  Qed.

  (** ** psci.c, smc.c, rsi.c *)
  Ltac member := let E := fresh in
    match goal with |- context [existsb ?f ?l] => destruct (existsb f l) eqn:E;
      cbn [existsb app questions guest_functions host_functions] in E end;
    first [reflexivity | exfalso; lia].

  Lemma vcpu_by_mpidr_ok : spec_vcpu_by_mpidr B cpu LI (invoke F fuel f_vcpu_by_mpidr).
  Proof.
    intros m X. assert (M : Z.land m 1095233437695 = affinity m).
    { replace 1095233437695 with (Z.lor (2 ^ 40 - 2 ^ 32) (2 ^ 24 - 1)) by reflexivity.
      rewrite Z.land_lor_distr_r, (land_field m _ 32 40), (land_low m _ 24) by (reflexivity || lia).
      rewrite (lor_add _ _ 32).
      - unfold affinity, field. change (2 ^ 40) with 1099511627776. change (2 ^ 32) with 4294967296. change (2 ^ 24) with 16777216.
        change (2 ^ 8) with 256. change (2 ^ 0) with 1. Z.to_euclidean_division_equations; lia.
      - lia.
      - apply Z.mod_mul. lia.
      - change (2 ^ 24) with 16777216. change (2 ^ 32) with 4294967296. Z.to_euclidean_division_equations; lia. }
    assert (R : 0 <= affinity m) by (rewrite <- M; apply Z.land_nonneg; right; lia).
    start; rewrite M in *; done_; [lia|]. rewrite wrap_small by (unfold in_ty; cbn; lia). lia.
  Qed.

  Lemma psci_features_ok : spec_psci_features B cpu LI (invoke F fuel f_psci_features).
  Proof. intros f X. start; done_; member. Qed.
  Lemma smc_plain_ok : spec_smc_plain B cpu LI (invoke F fuel f_smc_plain).
  Proof. intros f X. start; done_; member. Qed.
  Lemma smc_known_ok : spec_smc_plain B cpu LI (F "smc_plain") -> spec_smc_known B cpu LI (invoke F fuel f_smc_known).
  Proof.
    intros H f X. start. eapply wp_mono; [apply (H f X)|]. cbv beta. intros ? ? [-> ->]. reduce. rewrite existsb_app. steps; done_.
    - rewrite E. reflexivity.
    - rewrite E. cbn [orb]. member.
    - rewrite E. cbn [orb]. member.
  Qed.

  Lemma range_ok_ok : spec_range_ok B cpu LI (invoke F fuel f_range_ok).
  Proof.
    intros a b Xa Xb.
    assert (L : Z.land (Z.lor a b) 4095 = Z.lor (a mod 4096) (b mod 4096)).
    { rewrite Z.land_lor_distr_l, !(land_low _ 4095 12) by (reflexivity || lia). reflexivity. }
    assert (Z0 : Z.lor (a mod 4096) (b mod 4096) = 0 <-> a mod 4096 = 0 /\ b mod 4096 = 0) by apply Z.lor_eq_0_iff.
    assert (S : Z.shiftr b 12 = b / 4096) by (apply shiftr_div; lia).
    start; rewrite ?L, ?S in *; done_; change (2 ^ 40) with 1099511627776; Z.to_euclidean_division_equations; lia.
  Qed.
End Proofs.
