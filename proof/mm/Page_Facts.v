(** * Steps that all proofs of the memory part take *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Page_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma state_range w p : in_ty U64 (state w p).
Proof. apply wrap_in. Qed.

Lemma word_range w p i : in_ty U64 (word w p i).
Proof. apply wrap_in. Qed.

Lemma kind_range s : 0 <= kind s < 16.
Proof. apply Z.mod_pos_bound; lia. Qed.

Ltac arguments := first [ apply state_range | apply word_range | apply wrap_in | side | idtac ].

(** A call that only computes. *)
Ltac pure H := eapply wp_mono; [eapply H; arguments|cbv beta; intros ? ? [-> ->]; cbv beta iota; reduce_env].

(** A call without effect that answers one of several things. *)
Ltac ask H x P := eapply wp_mono; [eapply H; arguments|cbv beta; intros ? ? [-> (x & -> & P)];
  cbv beta iota; reduce_env].

Ltac sp := repeat match goal with |- _ /\ _ => split end.

(** After a store: the new world is [w1], [C1 : cs B w1]. *)
Ltac wrote C1 w1 := intros _ C1; match type of C1 with cs _ ?x => set (w1 := x) in * end.

(** Reads an object that the lock protects; [C : cs B w]. *)
Ltac read_locked C := apply read_ret;
  [eapply may_read_locked; [exact C|reflexivity]|eapply cs_secure, C|].

Lemma cs_known B w : cs B w -> known B w.
Proof. intros [I _]. split; apply I. Qed.

Section Own.
  Variables (B : board) (cpu : Z).
  Hypothesis HB : board_ok B.
  Variable LI : world -> Prop.
  Context {m : bool}.
  Notation WP := (wp (contract_of B cpu LI m)).

  (** This CPU's own objects: in calls on memory, results and counters. *)
  Lemma write_percpu {A} c x (k : Z -> prog A) (Q : A -> world -> Prop) w : inv B w -> class_of c = Percpu ->
    steers_walks c || tied c || negb (m || existsb (String.eqb c) scratch_cells) = false ->
    (forall v, inv B (write_cell B (c, [cpu]) x w) -> WP (k v) Q (write_cell B (c, [cpu]) x w)) ->
    WP (Ev (EWrite (c, [cpu]) x) k) Q w.
  Proof.
    intros I E S H. apply orb_false_iff in S as [S Cm]. apply orb_false_iff in S as [S T]. assert (I1 : inv B (write_cell B (c,
      [cpu]) x w)).
    { apply inv_write_cell; [rewrite E; discriminate|exact S| |exact I]. apply seats_write; [|apply I].
      destruct (seat_cell c) eqn:Sc; [|reflexivity]. unfold seat_cell in Sc. apply existsb_exists in Sc as (d & Id & Sc).
      apply String.eqb_eq in Sc. subst d. repeat (destruct Id as [<-|Id]; [discriminate E|]). destruct Id. }
    apply write_event; [split; [apply untied, T|cbn [fst snd]; rewrite E; reflexivity]| |apply (i_secure B _ I1)|].
    - intros ->. split; [reflexivity|]. left. cbn [fst]. rewrite E. apply negb_false_iff in Cm. exact Cm.
    - intros v. apply H, I1.
  Qed.
End Own.
