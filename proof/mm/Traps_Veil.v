(** * What is veiled changes: alike worlds stay alike

    A CPU gets dark: less is known ([but_darken]).  Cells with the same content in both worlds are known again
    ([but_lighten]). *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Import Sem Memory.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Alike Traps_System Traps_Alike.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Veil.
  Variable B : board.
  Variable Q : Z -> bool.

  Lemma but_veil T T' a b : (forall l, T l = true -> T' l = true \/ w_mem a l = w_mem b l) ->
    alike_but B Q T a b -> alike_but B Q T' a b.
  Proof.
    intros H A. constructor; try apply A. intros l N. destruct (T l) eqn:E.
    - destruct (H l E) as [E'|X]; [|exact X]. apply (ab_mem B Q T a b A). intros [[P _]|X]; apply N; [left; auto|right; exact X].
    - apply (ab_mem B Q T a b A). intros [[_ X]|X]; [congruence|]. apply N. right. exact X.
  Qed.
  Lemma but_darken c T a b : alike_but B Q T a b -> alike_but B Q (darken c T) a b.
  Proof. apply but_veil. intros l E. left. unfold darken. rewrite E. reflexivity. Qed.
  Lemma but_lighten ls T a b : (forall l, In l ls -> w_mem a l = w_mem b l) -> alike_but B Q T a b ->
    alike_but B Q (lighten ls T) a b.
  Proof.
    intros H. apply but_veil. intros l E. unfold lighten. rewrite E. destruct (existsb (loc_eqb l) ls) eqn:X; [right|left; reflexivity].
    apply existsb_exists in X as (l' & I & X). apply loc_eqb_eq in X. subst l'. apply H, I.
  Qed.
  Lemma but_same T T' a b : (forall l, T l = T' l) -> alike_but B Q T a b -> alike_but B Q T' a b.
  Proof. intros H. apply but_veil. intros l E. left. rewrite <- H. exact E. Qed.
End Veil.
