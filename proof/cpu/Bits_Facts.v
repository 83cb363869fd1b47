(** * Fields and bits of registers *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Bits.
From Redoubt.mm Require Import Desc_Spec Desc_Facts.
From Redoubt.cpu Require Import Word_Spec.
Open Scope Z_scope.

Lemma field_range lo n x : 0 <= n -> 0 <= field lo n x < 2 ^ n.
Proof. intros H. apply Z.mod_pos_bound, Z.pow_pos_nonneg; lia. Qed.

Lemma field_bit lo n x i : 0 <= lo -> 0 <= i < n -> bit i (field lo n x) = bit (lo + i) x.
Proof.
  intros L I. unfold field, bit. rewrite Z.mod_pow2_bits_low by lia. rewrite <- Z.shiftr_div_pow2, Z.shiftr_spec by lia.
  f_equal. lia.
Qed.

Lemma field_high lo n x i : 0 <= n <= i -> bit i (field lo n x) = false.
Proof. intros I. unfold field, bit. apply Z.mod_pow2_bits_high. lia. Qed.

(** Two numbers with the same bits. *)
Lemma field_ext lo n x y : 0 <= lo -> 0 <= n -> (forall i, lo <= i < lo + n -> bit i x = bit i y) -> field lo n x = field lo n y.
Proof.
  intros L N H. apply Z.bits_inj'. intros i I. change (bit i (field lo n x) = bit i (field lo n y)).
  destruct (Z.lt_ge_cases i n) as [J|J]; [rewrite !field_bit by lia; apply H; lia|rewrite !field_high by lia; reflexivity].
Qed.

(** A mask of one bit. *)
Lemma bit_mask x m n : 0 <= n -> m = 2 ^ n -> (Z.land x m =? 0) = negb (bit n x).
Proof.
  intros N ->. unfold bit. destruct (Z.testbit x n) eqn:E; cbn.
  - apply Z.eqb_neq. intros H. assert (F : Z.testbit (Z.land x (2 ^ n)) n = false) by (rewrite H; apply Z.bits_0).
    rewrite Z.land_spec, E, Z.pow2_bits_true in F by lia. discriminate F.
  - apply Z.eqb_eq, Z.bits_inj'. intros i I. rewrite Z.land_spec, Z.bits_0.
    destruct (Z.eq_dec i n) as [->|D]; [rewrite E; reflexivity|]. rewrite Z.pow2_bits_false by auto. apply andb_false_r.
Qed.

Lemma bit_clear x m n : 0 <= n -> m = 2 ^ n -> Z.land x m = 0 -> bit n x = false.
Proof. intros N M H. apply (bit_mask x m n N) in M. rewrite H in M. cbn in M. destruct (bit n x); [discriminate M|reflexivity]. Qed.

Lemma bit_set x m n : 0 <= n -> m = 2 ^ n -> Z.land x m <> 0 -> bit n x = true.
Proof.
  intros N M H. apply (bit_mask x m n N) in M. apply Z.eqb_neq in H. rewrite H in M. destruct (bit n x); [reflexivity|discriminate M].
Qed.

(** A mask of some bits of a shifted number. *)
Lemma mask_field x m lo n : 0 <= lo -> 0 <= n -> m = 2 ^ n - 1 -> Z.land (Z.shiftr x lo) m = field lo n x.
Proof. intros L N M. rewrite (land_low _ m n N M), shiftr_div by lia. reflexivity. Qed.

Lemma mask_field0 x m n : 0 <= n -> m = 2 ^ n - 1 -> Z.land x m = field 0 n x.
Proof. intros N M. rewrite (land_low _ m n N M). unfold field. rewrite Z.div_1_r. reflexivity. Qed.

(** The field of a masked number. *)
Lemma field_land lo n x m : 0 <= lo -> 0 <= n -> field lo n (Z.land x m) = Z.land (field lo n x) (field lo n m).
Proof.
  intros L N. apply Z.bits_inj'. intros i I. rewrite Z.land_spec.
  change (bit i (field lo n (Z.land x m)) = bit i (field lo n x) && bit i (field lo n m)).
  destruct (Z.lt_ge_cases i n); [rewrite !field_bit by lia; apply Z.land_spec|rewrite !field_high by lia; reflexivity].
Qed.

Lemma field_lor lo n x m : 0 <= lo -> 0 <= n -> field lo n (Z.lor x m) = Z.lor (field lo n x) (field lo n m).
Proof.
  intros L N. apply Z.bits_inj'. intros i I. rewrite Z.lor_spec.
  change (bit i (field lo n (Z.lor x m)) = bit i (field lo n x) || bit i (field lo n m)).
  destruct (Z.lt_ge_cases i n); [rewrite !field_bit by lia; apply Z.lor_spec|rewrite !field_high by lia; reflexivity].
Qed.

(** Masks with all bits of a field, or none. *)
Lemma field_kept lo n x m : 0 <= lo -> 0 <= n -> field lo n m = 2 ^ n - 1 -> field lo n (Z.land x m) = field lo n x.
Proof.
  intros L N H. rewrite field_land, H, (land_low _ _ n) by (lia || reflexivity). apply Z.mod_small, field_range, N.
Qed.

Lemma field_hidden lo n x m : 0 <= lo -> 0 <= n -> field lo n m = 0 -> field lo n (Z.land x m) = 0.
Proof. intros L N H. rewrite field_land, H by lia. apply Z.land_0_r. Qed.

(** Numbers from 0 to n - 1, one by one. *)
Lemma all_below (P : Z -> Prop) n : (forall k, (k < n)%nat -> P (Z.of_nat k)) -> forall i, 0 <= i < Z.of_nat n -> P i.
Proof. intros H i I. rewrite <- (Z2Nat.id i) by lia. apply H. lia. Qed.

(** What names a system register in ESR_EL2.ISS. *)
Lemma syndrome_reg esr : Z.land esr 0x3ffc1e =
  field 20 2 esr * 2 ^ 20 + field 17 3 esr * 2 ^ 17 + field 14 3 esr * 2 ^ 14 + field 10 4 esr * 2 ^ 10 + field 1 4 esr * 2.
Proof.
  replace 0x3ffc1e with (Z.lor (2 ^ 22 - 2 ^ 10) (2 ^ 5 - 2 ^ 1)) by reflexivity.
  rewrite Z.land_lor_distr_r, (land_field esr _ 10 22), (land_field esr _ 1 5) by (reflexivity || lia).
  rewrite (lor_add _ _ 5).
  - unfold field. change (2 ^ 22) with 4194304. change (2 ^ 5) with 32. change (2 ^ 20) with 1048576. change (2 ^ 17) with 131072.
    change (2 ^ 14) with 16384. change (2 ^ 10) with 1024. change (2 ^ 2) with 4. change (2 ^ 3) with 8. change (2 ^ 4) with 16.
    change (2 ^ 1) with 2. Z.to_euclidean_division_equations; lia.
  - lia.
  - change (2 ^ 22) with 4194304. change (2 ^ 5) with 32. change (2 ^ 10) with 1024. Z.to_euclidean_division_equations; lia.
  - change (2 ^ 5) with 32. change (2 ^ 1) with 2. Z.to_euclidean_division_equations; lia.
Qed.

Lemma reg_code esr op0 op1 crn crm op2 k : 0 <= op0 < 4 -> 0 <= op1 < 8 -> 0 <= crn < 16 -> 0 <= crm < 16 -> 0 <= op2 < 8 ->
  k = op0 * 2 ^ 20 + op2 * 2 ^ 17 + op1 * 2 ^ 14 + crn * 2 ^ 10 + crm * 2 ->
  reg_is esr op0 op1 crn crm op2 = (Z.land esr 0x3ffc1e =? k).
Proof.
  intros A0 A1 A2 A3 A4 ->. rewrite syndrome_reg. unfold reg_is.
  pose proof (field_range 20 2 esr ltac:(lia)) as R0. pose proof (field_range 14 3 esr ltac:(lia)) as R1.
  pose proof (field_range 10 4 esr ltac:(lia)) as R2. pose proof (field_range 1 4 esr ltac:(lia)) as R3.
  pose proof (field_range 17 3 esr ltac:(lia)) as R4. generalize dependent (field 20 2 esr). generalize dependent (field 14 3 esr).
  generalize dependent (field 10 4 esr). generalize dependent (field 1 4 esr). generalize dependent (field 17 3 esr).
  change (2 ^ 2) with 4. change (2 ^ 3) with 8. change (2 ^ 4) with 16. change (2 ^ 20) with 1048576. change (2 ^ 17) with 131072.
  change (2 ^ 14) with 16384. change (2 ^ 10) with 1024. intros e R4 d R3 c R2 b R1 a R0.
  destruct (Z.eqb_spec a op0) as [->|], (Z.eqb_spec b op1) as [->|], (Z.eqb_spec c crn) as [->|],
    (Z.eqb_spec d crm) as [->|], (Z.eqb_spec e op2) as [->|]; cbn [andb]; symmetry;
    first [apply Z.eqb_eq; reflexivity | apply Z.eqb_neq; lia].
Qed.
