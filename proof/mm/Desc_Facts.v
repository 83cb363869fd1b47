(** * Arithmetic of words and fields *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics.
From Redoubt.machine Require Import State.
From Redoubt.mm Require Import Desc_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma lor_disjoint a b : Z.land a b = 0 -> Z.lor a b = a + b.
Proof. intros H. rewrite Z.add_nocarry_lxor by exact H. symmetry. apply Z.lxor_lor, H. Qed.

(** An address and bits outside the address field. *)
Lemma lor_attr p a : 0 <= p < 2 ^ 36 -> 0 <= a -> a / 2 ^ 12 mod 2 ^ 36 = 0 ->
  Z.lor (p * 2 ^ 12) a = p * 2 ^ 12 + a.
Proof.
  intros Hp Ha H. apply lor_disjoint. rewrite <- Z.shiftl_mul_pow2 by lia.
  apply Z.bits_inj'. intros i Hi. rewrite Z.land_spec, Z.bits_0.
  destruct (Z.lt_ge_cases i 12) as [L|L]; [rewrite Z.shiftl_spec_low by lia; reflexivity|].
  rewrite Z.shiftl_spec by lia. destruct (Z.lt_ge_cases (i - 12) 36) as [L'|L'].
  - assert (E : Z.testbit (a / 2 ^ 12 mod 2 ^ 36) (i - 12) = false) by (rewrite H; apply Z.bits_0).
    rewrite Z.mod_pow2_bits_low in E by lia. rewrite <- Z.shiftr_div_pow2, Z.shiftr_spec in E by lia.
    replace (i - 12 + 12) with i in E by lia. rewrite E. apply andb_false_r.
  - replace (Z.testbit p (i - 12)) with false; [reflexivity|].
    rewrite <- (Z.mod_small p (2 ^ 36)) by lia. symmetry. apply Z.mod_pow2_bits_high. lia.
Qed.

Lemma land_3 x : Z.land x 3 = x mod 4.
Proof. apply (land_low x 3 2); [lia|reflexivity]. Qed.

Ltac pows := change (2 ^ 12) with 4096 in *; change (2 ^ 20) with 1048576 in *;
  change (2 ^ 28) with 268435456 in *; change (2 ^ 36) with 68719476736 in *;
  change (2 ^ 16) with 65536 in *; change (2 ^ 40) with 1099511627776 in *;
  change (2 ^ 27) with 134217728 in *; change (2 ^ 18) with 262144 in *;
  change (2 ^ 64) with 18446744073709551616 in *; change (2 ^ 9) with 512 in *;
  change (2 ^ 2) with 4 in *; change (2 ^ 4) with 16 in *; change (2 ^ 1) with 2 in *.

Ltac words := unfold in_ty, modulus in *; pows; Z.to_euclidean_division_equations; lia.

Lemma land_addr d : Z.land d 1099511623680 = d / 2 ^ 12 mod 2 ^ 28 * 2 ^ 12.
Proof. rewrite (land_field d _ 12 40) by (reflexivity || lia). words. Qed.

Lemma shl x n : 0 <= n -> wrap U64 (Z.shiftl x n) = (x * 2 ^ n) mod 2 ^ 64.
Proof. intros. rewrite shiftl_mul by assumption. reflexivity. Qed.

Lemma lor_leaf p a y : 0 <= p < 2 ^ 28 -> attributes a -> 0 <= y < 4 ->
  Z.lor (Z.lor (wrap U64 (Z.shiftl p 12)) a) y = p * 4096 + a + y.
Proof.
  intros Hp (A & A4 & A') Hy. rewrite shl, Z.mod_small by words.
  rewrite lor_attr by (assumption || words). rewrite (lor_add _ _ 2) by words. words.
Qed.
