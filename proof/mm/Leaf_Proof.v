(** * Arguments of the calls that make a leaf: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Prims Page_Spec Page_Facts Object_Spec Leaf_Spec.
From Redoubt.gen Require Import mm_donate.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Lemma order_pages_ok F : spec_order_pages B cpu LI (invoke F fuel f_order_pages).
  Proof.
    intros o w U. enter. steps; (split; [reflexivity|]); eexists; (split; [reflexivity|]); auto.
  Qed.

  Lemma leaf_check_ok F : spec_ipa_range_ok B cpu LI (F "ipa_range_ok") ->
    spec_leaf_check B cpu LI (invoke F fuel f_leaf_check).
  Proof.
    intros HR ipa pfn n w Ui Up Hn. enter. steps.
    eapply wp_mono; [apply HR; [exact Ui|unfold in_ty, modulus; lia]|]. cbv beta. intros ? ? [-> (v & -> & Hv)].
    cbv beta iota. reduce_env. steps.
    1, 2: split; [reflexivity|]; eexists; sp; [reflexivity|range|]; unfold KC_OK; discriminate.
    assert (Hr : 0 < n /\ ipa + n <= 2 ^ 28) by lia.
    split; [reflexivity|]. eexists; sp; [reflexivity|range|]. intros _. unfold fits_leaf.
    split; [lia|]. split; [apply Hr|].
    destruct Hn as [->|[->| ->]]; [rewrite !Z.mod_1_r; auto| |lia].
    change (512 - 1) with 511 in *. rewrite Z.land_lor_distr_l in E0. apply Z.lor_eq_0_iff in E0.
    rewrite !(land_low _ _ 9) in E0 by (reflexivity || lia). exact E0.
  Qed.
End Proofs.
