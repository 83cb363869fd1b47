(** * Attributes of leaves: facts *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics.
From Redoubt.machine Require Import State.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Structure Walk_Spec Table_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma attr_private : leaf_attr 1 ATTR_PRIVATE.
Proof. repeat split; reflexivity || (cbv; discriminate). Qed.

Lemma attr_lends p : 0 <= p < 8 -> leaf_attr 2 (lent_attr p).
Proof.
  intros Hp. assert (p = 0 \/ p = 1 \/ p = 2 \/ p = 3 \/ p = 4 \/ p = 5 \/ p = 6 \/ p = 7) as H by lia.
  repeat destruct H as [->|H]; try subst p; repeat split; reflexivity || (cbv; discriminate).
Qed.

(** [p * 4096 + a + y]: the fields of a descriptor. *)
Lemma desc_fields p a y : 0 <= p < 2 ^ 28 -> attributes a -> 0 <= y < 4 ->
  let d := p * 4096 + a + y in
  in_ty U64 d /\ d mod 4 = y /\ output d = p /\ soft d = soft a /\ desc_attr_of d = a.
Proof.
  intros Hp (A & A4 & A') Hy d. unfold d, output, soft, desc_attr_of. clear d.
  set (u := a / 2 ^ 12) in *. pose proof (Z.div_mod a (2 ^ 12) ltac:(lia)) as E. fold u in E.
  pose proof (Z.mod_pos_bound a (2 ^ 12) ltac:(lia)) as Lo. set (lo := a mod 2 ^ 12) in *.
  pose proof (Z.div_mod u (2 ^ 36) ltac:(lia)) as Eu. rewrite A' in Eu. set (v := u / 2 ^ 36) in *.
  assert (Hv : 0 <= v < 2 ^ 16) by (clearbody u lo v; lia).
  assert (Ea : a = v * 2 ^ 48 + lo) by (clear - E Eu; lia). clearbody u lo v. clear A' Eu. rewrite Ea in *. clear E Ea. clear u a.
  assert (L4 : lo mod 4 = 0) by (revert A4; words).
  assert (S : forall z, 0 <= z < 2 ^ 48 -> (v * 2 ^ 48 + z) / 2 ^ 55 = v / 2 ^ 7).
  { intros z Hz. change (2 ^ 55) with (2 ^ 48 * 2 ^ 7). rewrite <- Z.div_div by lia.
    rewrite (Z.add_comm (v * 2 ^ 48)), Z.div_add, (Z.div_small z) by lia. reflexivity. }
  assert (M : (p * 4096 + (v * 2 ^ 48 + lo) + y) mod 4 = y) by (revert L4; clear S; words).
  assert (O : (p * 4096 + (v * 2 ^ 48 + lo) + y) / 4096 = v * 2 ^ 36 + p).
  { replace (p * 4096 + (v * 2 ^ 48 + lo) + y) with ((lo + y) + (v * 2 ^ 36 + p) * 4096) by ring.
    rewrite Z.div_add, (Z.div_small (lo + y)) by (revert L4; clear S; words). lia. }
  assert (Om : (v * 2 ^ 36 + p) mod 2 ^ 36 = p) by (rewrite Z.add_comm, Z.mod_add, Z.mod_small by lia; reflexivity).
  repeat split.
  - clear S M O Om. lia.
  - clear S M O Om. revert L4. unfold modulus. words.
  - exact M.
  - rewrite O. exact Om.
  - rewrite (S lo) by lia. replace (p * 4096 + (v * 2 ^ 48 + lo) + y) with (v * 2 ^ 48 + (p * 4096 + lo + y)) by ring.
    rewrite S by lia. reflexivity.
  - rewrite M. change (2 ^ 12) with 4096 in *. rewrite O.
    replace ((v * 2 ^ 36 + p) mod 2 ^ 28) with p by (clear - Hp; words). lia.
Qed.
