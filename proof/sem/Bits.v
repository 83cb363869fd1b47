(** * Arithmetic on words

    Masks and shifts are turned into [/] and [mod] once, by the lemmas here; after that [lia] does
    the rest.  [wrap_small] removes a reduction that does not reduce. *)
From Coq Require Import ZArith Lia Bool.
From Redoubt.sem Require Import Sem.
Open Scope Z_scope.

Lemma modulus_pow t : modulus t = 2 ^ width t.
Proof. destruct t; reflexivity. Qed.

Lemma modulus_pos t : 0 < modulus t.
Proof. destruct t; reflexivity. Qed.

Lemma wrap_in t z : in_ty t (wrap t z).
Proof. apply Z.mod_pos_bound, modulus_pos. Qed.

Lemma wrap_small t z : in_ty t z -> wrap t z = z.
Proof. apply Z.mod_small. Qed.

Lemma wrap_wrap t z : wrap t (wrap t z) = wrap t z.
Proof. apply wrap_small, wrap_in. Qed.

(** ** Shifts and masks *)
Lemma shiftr_div a n : 0 <= n -> Z.shiftr a n = a / 2 ^ n.
Proof. apply Z.shiftr_div_pow2. Qed.

Lemma shiftl_mul a n : 0 <= n -> Z.shiftl a n = a * 2 ^ n.
Proof. apply Z.shiftl_mul_pow2. Qed.

(** A mask of the low [n] bits: state it as [m = 2 ^ n - 1], closed by [reflexivity]. *)
Lemma land_low a m n : 0 <= n -> m = 2 ^ n - 1 -> Z.land a m = a mod 2 ^ n.
Proof. intros Hn ->. rewrite <- Z.land_ones by exact Hn. f_equal. rewrite Z.ones_equiv. lia. Qed.

(** A mask of the bits from [lo] up to, not including, [hi]. *)
Lemma land_field a m lo hi : 0 <= lo <= hi -> m = 2 ^ hi - 2 ^ lo ->
  Z.land a m = (a mod 2 ^ hi) / 2 ^ lo * 2 ^ lo.
Proof.
  intros H ->. rewrite <- Z.shiftl_mul_pow2, <- Z.shiftr_div_pow2, <- Z.land_ones by lia.
  replace (2 ^ hi - 2 ^ lo) with (Z.shiftl (Z.ones (hi - lo)) lo).
  2: { rewrite Z.shiftl_mul_pow2, Z.ones_equiv by lia.
       replace (2 ^ hi) with (2 ^ (hi - lo) * 2 ^ lo) 
         by (rewrite <- Z.pow_add_r by lia; f_equal; lia).
       nia. }
  apply Z.bits_inj'. intros i Hi. rewrite Z.land_spec.
  destruct (Z.lt_ge_cases i lo) as [L|L].
  - rewrite !Z.shiftl_spec_low by lia. apply andb_false_r.
  - rewrite !Z.shiftl_spec by lia. rewrite Z.shiftr_spec, Z.land_spec by lia.
    replace (i - lo + lo) with i by lia. f_equal.
    destruct (Z.lt_ge_cases i hi) as [L'|L'].
    + rewrite !Z.ones_spec_low by lia. reflexivity.
    + rewrite !Z.ones_spec_high by lia. reflexivity.
Qed.

(** [a] above bit [n], [b] below it: [|] is [+]. *)
Lemma lor_add a b n : 0 <= n -> a mod 2 ^ n = 0 -> 0 <= b < 2 ^ n -> Z.lor a b = a + b.
Proof.
  intros Hn Ha Hb. rewrite Z.add_nocarry_lxor.
  - symmetry. apply Z.lxor_lor.
    rewrite (Z.div_mod a (2 ^ n)), Ha, Z.add_0_r by lia.
    rewrite Z.mul_comm, <- Z.shiftl_mul_pow2 by lia.
    apply Z.bits_inj'. intros i Hi. rewrite Z.land_spec, Z.bits_0.
    destruct (Z.lt_ge_cases i n) as [L|L].
    + rewrite Z.shiftl_spec_low by lia. reflexivity.
    + replace (Z.testbit b i) with false; [apply andb_false_r|].
      rewrite <- (Z.mod_small b (2 ^ n)) by lia. symmetry. apply Z.mod_pow2_bits_high. lia.
  - rewrite (Z.div_mod a (2 ^ n)), Ha, Z.add_0_r by lia.
    rewrite Z.mul_comm, <- Z.shiftl_mul_pow2 by lia.
    apply Z.bits_inj'. intros i Hi. rewrite Z.land_spec, Z.bits_0.
    destruct (Z.lt_ge_cases i n) as [L|L].
    + rewrite Z.shiftl_spec_low by lia. reflexivity.
    + replace (Z.testbit b i) with false; [apply andb_false_r|].
      rewrite <- (Z.mod_small b (2 ^ n)) by lia. symmetry. apply Z.mod_pow2_bits_high. lia.
Qed.

(** ** Ranges *)
Lemma in_ty_bits t a : in_ty t a <-> 0 <= a /\ forall i, width t <= i -> Z.testbit a i = false.
Proof.
  unfold in_ty. rewrite modulus_pow. split.
  - intros H; split; [lia|]. intros i Hi. rewrite <- (Z.mod_small a (2 ^ width t)) by lia.
    apply Z.mod_pow2_bits_high. destruct t; cbn in *; lia.
  - intros [H0 H]. split; [exact H0|].
    destruct (Z.eq_dec a 0) as [->|N]; [destruct t; reflexivity|].
    apply Z.log2_lt_pow2; [lia|].
    destruct (Z.lt_ge_cases (Z.log2 a) (width t)) as [L|L]; [exact L|].
    specialize (H _ L). rewrite Z.bit_log2 in H by lia. discriminate.
Qed.

Lemma land_in t a b : in_ty t a -> in_ty t b -> in_ty t (Z.land a b).
Proof.
  rewrite !in_ty_bits. intros [A0 A] [B0 B]. split; [apply Z.land_nonneg; lia|].
  intros i Hi. rewrite Z.land_spec, A, B by exact Hi. reflexivity.
Qed.

Lemma lor_in t a b : in_ty t a -> in_ty t b -> in_ty t (Z.lor a b).
Proof.
  rewrite !in_ty_bits. intros [A0 A] [B0 B]. split; [apply Z.lor_nonneg; lia|].
  intros i Hi. rewrite Z.lor_spec, A, B by exact Hi. reflexivity.
Qed.

Lemma lxor_in t a b : in_ty t a -> in_ty t b -> in_ty t (Z.lxor a b).
Proof.
  rewrite !in_ty_bits. intros [A0 A] [B0 B]. split; [apply Z.lxor_nonneg; lia|].
  intros i Hi. rewrite Z.lxor_spec, A, B by exact Hi. reflexivity.
Qed.

Lemma shiftr_in t a n : in_ty t a -> 0 <= n -> in_ty t (Z.shiftr a n).
Proof.
  unfold in_ty. intros H Hn. rewrite shiftr_div by exact Hn. split; [apply Z.div_pos; lia|].
  apply Z.le_lt_trans with a; [|lia]. apply Z.div_le_upper_bound; [lia|]. nia.
Qed.

(** ** Truth values *)
Lemma bz_true b : bz b <> 0 -> b = true.
Proof. destruct b; cbn; congruence. Qed.

Lemma bz_false b : bz b = 0 -> b = false.
Proof. destruct b; cbn; congruence. Qed.

Lemma bz_test b : negb (bz b =? 0) = b.
Proof. destruct b; reflexivity. Qed.

Lemma bz_not b : (bz b =? 0) = negb b.
Proof. destruct b; reflexivity. Qed.
