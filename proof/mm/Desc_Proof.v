(** * Proofs of the one-line functions *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link.
From Redoubt.machine Require Import State.
From Redoubt.mm Require Import Desc_Spec Desc_Facts.
From Redoubt.gen Require Import mm_page_h mm_desc_h.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

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
