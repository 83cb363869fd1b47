(** * Proofs of the one-line functions *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link.
From Redoubt.machine Require Import State.
From Redoubt.mm Require Import Desc_Spec.
From Redoubt.gen Require Import mm_page_h mm_desc_h.
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

Section Proofs.
  Context {W : Type} (C : contract W) (F : fenv) (fuel : nat).

  Ltac start := intros; intros w; unfold unary, computes in *; enter; steps; (split; [reflexivity|]); f_equal.

  Lemma word_make_ok k h a : 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
    computes C (invoke F fuel f_word_make) [k; h; a] (mk_state k h a).
  Proof.
    start. rewrite !shl by lia. unfold mk_state.
    rewrite !Z.mod_small by words. rewrite (Z.lor_comm k), (lor_add _ k 4) by words.
    rewrite Z.lor_comm, (lor_add _ (h * 2 ^ 4 + k) 20) by words. words.
  Qed.

  Lemma word_kind_ok : unary C kind (invoke F fuel f_word_kind).
  Proof. intros x X. start. apply (land_low x 15 4); [lia|reflexivity]. Qed.

  Lemma word_handle_ok : unary C handle (invoke F fuel f_word_handle).
  Proof.
    intros x X. start. rewrite (land_low _ _ 16), shiftr_div by (reflexivity || lia). reflexivity.
  Qed.

  Lemma word_arg_ok : unary C arg (invoke F fuel f_word_arg).
  Proof.
    intros x X. start. rewrite (land_low _ _ 36), shiftr_div by (reflexivity || lia). reflexivity.
  Qed.

  Lemma word_is_hosts_ok :
    unary C (fun s => bz ((1 <=? kind s) && (kind s <=? 3))) (invoke F fuel f_word_is_hosts).
  Proof.
    intros x X. start. cbn [eval_cmp]. rewrite (land_low _ _ 4) by (reflexivity || lia).
    unfold kind, wrap. words.
  Qed.

  Lemma desc_valid_ok : unary C (fun d => d mod 2) (invoke F fuel f_desc_valid).
  Proof.
    intros x X. start. rewrite (land_low _ _ 1) by (reflexivity || lia). unfold wrap. words.
  Qed.

  Lemma desc_is_table_ok : unary C (fun d => bz (d mod 4 =? 3)) (invoke F fuel f_desc_is_table).
  Proof. intros x X. start. cbn [eval_cmp]. rewrite land_3. reflexivity. Qed.

  Lemma desc_is_block_ok : unary C (fun d => bz (d mod 4 =? 1)) (invoke F fuel f_desc_is_block).
  Proof. intros x X. start. cbn [eval_cmp]. rewrite land_3. reflexivity. Qed.

  Lemma desc_pfn_ok : unary C (fun d => d / 2 ^ 12 mod 2 ^ 28) (invoke F fuel f_desc_pfn).
  Proof. intros x X. start. rewrite land_addr, shiftr_div by lia. apply Z.div_mul. lia. Qed.

  Lemma desc_attr_ok : unary C desc_attr_of (invoke F fuel f_desc_attr).
  Proof.
    intros x X. start. unfold desc_attr_of.
    change 18446742974197927932 with (Z.lor (2 ^ 64 - 2 ^ 40) (2 ^ 12 - 2 ^ 2)).
    rewrite Z.land_lor_distr_r, (land_field x (2 ^ 64 - 2 ^ 40) 40 64), (land_field x (2 ^ 12 - 2 ^ 2) 2 12)
      by (reflexivity || lia).
    rewrite (lor_add _ _ 12) by words. words.
  Qed.

  Lemma desc_table_ok p : 0 <= p < 2 ^ 28 ->
    computes C (invoke F fuel f_desc_table) [p] (table_desc p).
  Proof.
    start. rewrite shl, Z.mod_small by words. rewrite (lor_add _ _ 12) by words. reflexivity.
  Qed.

  Lemma lor_leaf p a y : 0 <= p < 2 ^ 28 -> attributes a -> 0 <= y < 4 ->
    Z.lor (Z.lor (wrap U64 (Z.shiftl p 12)) a) y = p * 4096 + a + y.
  Proof.
    intros Hp (A & A4 & A') Hy. rewrite shl, Z.mod_small by words.
    rewrite lor_attr by (assumption || words). rewrite (lor_add _ _ 2) by words. words.
  Qed.

  Lemma desc_page_ok p a : 0 <= p < 2 ^ 28 -> attributes a ->
    computes C (invoke F fuel f_desc_page) [p; a] (page_desc p a).
  Proof. start. apply lor_leaf; assumption || lia. Qed.

  Lemma desc_block_ok p a : 0 <= p < 2 ^ 28 -> attributes a ->
    computes C (invoke F fuel f_desc_block) [p; a] (block_desc p a).
  Proof. start. apply lor_leaf; assumption || lia. Qed.

  Lemma desc_invalid_ok s : 0 <= s < 4 ->
    computes C (invoke F fuel f_desc_invalid) [s] (invalid_desc s).
  Proof. start. rewrite shl, Z.mod_small by words. reflexivity. Qed.

  Lemma desc_freeze_ok : unary C (fun d => d - d mod 4) (invoke F fuel f_desc_freeze).
  Proof. intros x X. start. rewrite (land_field x _ 2 64) by (reflexivity || lia). words. Qed.

  Lemma desc_state_bits_ok : unary C (fun d => d / 4 mod 4) (invoke F fuel f_desc_state_bits).
  Proof. intros x X. start. rewrite land_3, shiftr_div by lia. reflexivity. Qed.

  Lemma idx_l1_page_ok : unary C (fun fn => fn / 2 ^ 27 mod 2) (invoke F fuel f_idx_l1_page).
  Proof. intros x X. start. rewrite (land_low _ _ 1), shiftr_div by (reflexivity || lia). reflexivity. Qed.

  Lemma idx_l1_ok : unary C (index 1) (invoke F fuel f_idx_l1).
  Proof. intros x X. start. rewrite (land_low _ _ 9), shiftr_div by (reflexivity || lia). reflexivity. Qed.

  Lemma idx_l2_ok : unary C (index 2) (invoke F fuel f_idx_l2).
  Proof. intros x X. start. rewrite (land_low _ _ 9), shiftr_div by (reflexivity || lia). reflexivity. Qed.

  Lemma idx_l3_ok : unary C (index 3) (invoke F fuel f_idx_l3).
  Proof.
    intros x X. start. rewrite (land_low _ _ 9) by (reflexivity || lia). unfold index.
    change (2 ^ (9 * (3 - 3))) with 1. rewrite Z.div_1_r. reflexivity.
  Qed.

  Lemma fn_block_ok : unary C (fun fn => fn / 512 * 512) (invoke F fuel f_fn_block).
  Proof. intros x X. start. rewrite (land_field x _ 9 64) by (reflexivity || lia). words. Qed.
End Proofs.
