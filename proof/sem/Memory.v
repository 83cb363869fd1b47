(** * A memory of cells

    The plain part of a world: what every cell holds.  A world of one's own has a field of type
    [mem], reads it through typed views such as [fun w p => wrap U32 (w_mem w ("pages.owner",
    [p]))], and updates it with [upd]. *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Import Sem.
Import ListNotations.
Open Scope Z_scope.

Definition mem := loc -> Z.
Definition mem_zero : mem := fun _ => 0.

Fixpoint zlist_eqb (a b : list Z) : bool :=
  match a, b with
  | [], [] => true
  | x :: a', y :: b' => (x =? y) && zlist_eqb a' b'
  | _, _ => false
  end.

Definition loc_eqb (a b : loc) : bool := String.eqb (fst a) (fst b) && zlist_eqb (snd a) (snd b).

Lemma zlist_eqb_eq a b : zlist_eqb a b = true <-> a = b.
Proof.
  revert b; induction a as [|x a IH]; intros [|y b]; cbn; try (split; congruence).
  rewrite andb_true_iff, Z.eqb_eq, IH. split; [intros []; congruence|intros [= -> ->]; auto].
Qed.

Lemma loc_eqb_eq a b : loc_eqb a b = true <-> a = b.
Proof.
  destruct a as [x i], b as [y j]. unfold loc_eqb; cbn.
  rewrite andb_true_iff, String.eqb_eq, zlist_eqb_eq.
  split; [intros []; congruence|intros [= -> ->]; auto].
Qed.

Definition upd (m : mem) (l : loc) (v : Z) : mem := fun l' => if loc_eqb l l' then v else m l'.

Lemma upd_same m l v : upd m l v l = v.
Proof. unfold upd. rewrite (proj2 (loc_eqb_eq l l) eq_refl). reflexivity. Qed.

Lemma upd_other m l l' v : l <> l' -> upd m l v l' = m l'.
Proof.
  unfold upd. destruct (loc_eqb l l') eqn:E; [|reflexivity]. intros N. destruct N.
  now apply loc_eqb_eq.
Qed.

(** Cells of different names. *)
Lemma upd_name m c ix v c' ix' : String.eqb c c' = false -> upd m (c, ix) v (c', ix') = m (c', ix').
Proof. unfold upd, loc_eqb; cbn. intros ->; reflexivity. Qed.

(** Cells of one name: decided by the indices. *)
Lemma upd_index m c ix v ix' :
  upd m (c, ix) v (c, ix') = if zlist_eqb ix ix' then v else m (c, ix').
Proof. unfold upd, loc_eqb; cbn. rewrite String.eqb_refl. reflexivity. Qed.
