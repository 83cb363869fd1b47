(** * Attributes of leaves: proofs of the one-line functions, and what descriptors say *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link.
From Redoubt.machine Require Import State.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Structure Walk_Spec Table_Spec Attr_Facts.
From Redoubt.gen Require Import mm_desc_h.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Context {W : Type} (C : contract W) (F : fenv) (fuel : nat).
  Ltac start := intros; intros w; unfold unary, computes in *; enter; steps; (split; [reflexivity|]); f_equal.

  Lemma desc_sw_ok : unary C (fun d => soft d * 2 ^ 55) (invoke F fuel f_desc_sw).
  Proof.
    intros x X. start. rewrite (land_field x _ 55 57) by (reflexivity || lia). unfold soft.
    change (2 ^ 57) with (2 ^ 55 * 4). rewrite Z.rem_mul_r by lia. f_equal.
    rewrite (Z.mul_comm (2 ^ 55)), Z.div_add by lia. rewrite Z.div_small by (apply Z.mod_pos_bound; lia). reflexivity.
  Qed.

  Lemma desc_set_attr_ok d a : in_ty U64 d -> attributes a ->
    computes C (invoke F fuel f_desc_set_attr) [d; a] (desc_with d a).
  Proof.
    intros X A. start. unfold desc_with.
    change 1099511623683 with (Z.lor 1099511623680 3).
    rewrite Z.land_lor_distr_r, land_addr, land_3. set (p := d / 2 ^ 12 mod 2 ^ 28).
    assert (Hp : 0 <= p < 2 ^ 28) by (apply Z.mod_pos_bound; lia).
    assert (Hy : 0 <= d mod 4 < 4) by (apply Z.mod_pos_bound; lia).
    rewrite <- Z.lor_assoc, (Z.lor_comm (d mod 4)), Z.lor_assoc.
    pose proof (lor_leaf p a (d mod 4) Hp A Hy) as E. rewrite shl, Z.mod_small in E by words. exact E.
  Qed.

  Lemma attr_lent_ok p : 0 <= p < 8 -> computes C (invoke F fuel f_attr_lent) [p] (lent_attr p).
  Proof.
    intros Hp. start.
    assert (p = 0 \/ p = 1 \/ p = 2 \/ p = 3 \/ p = 4 \/ p = 5 \/ p = 6 \/ p = 7) as H by lia.
    repeat destruct H as [->|H]; try subst p; reflexivity.
  Qed.
End Proofs.

(** ** Leaves from attributes *)

