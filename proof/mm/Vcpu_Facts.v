(** * Content of context pages: nothing else depends on it *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Structure Structure_Frame Structure_Facts
  Vm_Facts Vcpu_Spec Seat_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Facts.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma touched_refl p w : touched p w w.
  Proof. constructor; reflexivity. Qed.

  Lemma touched_reached p w w' q : touched p w w' -> reached w' q <-> reached w q.
  Proof. intros T. split; intros (h & k & fn & X); exists h, k, fn; apply (to_tlb _ _ _ T), X. Qed.

  Lemma touched_used p w w' q : touched p w w' -> used w' q <-> used w q.
  Proof. intros T. split; intros (h & l & fn & X); exists h, l, fn; apply (to_walk _ _ _ T), X. Qed.

  Lemma touched_state p w w' q : touched p w w' -> state w' q = state w q.
  Proof. intros T. unfold state. rewrite (to_meta _ _ _ T). reflexivity. Qed.

  Lemma touched_trans p a b c : touched p a b -> touched p b c -> touched p a c.
  Proof.
    intros T U. pose proof T as [H M Me R W L]. pose proof U as [H' M' Me' R' W' L']. constructor; try congruence.
    - intros q i N Nr Ni. rewrite R', R; auto; [intros X; apply Nr, (touched_reached p a b q T), X|].
      intros X. apply Ni, (inhabited_same a b q M), X.
    - intros. rewrite W'. apply W.
    - intros. rewrite L'. apply L.
  Qed.

  Lemma touched_interference p w w0 : interference w w0 -> touched p w w0.
  Proof. intros (r & -> & E). constructor; try reflexivity. intros q i _ N Ni. apply E; assumption. Qed.

  Lemma touched_context p w w' q : touched p w w' -> context B w q -> context B w' q.
  Proof.
    intros T [R K U Fr]. constructor; [exact R| | |].
    - rewrite (touched_state p w w' q T). exact K.
    - intros X. apply U, (touched_used p w w' q T), X.
    - intros X. apply Fr, (in_use_same w w' q (to_mem p w w' T)), X.
  Qed.

  Lemma touched_readable p w w' q : touched p w w' -> readable B w q -> readable B w' q.
  Proof. intros T [R K]. split; [exact R|]. rewrite (touched_state p w w' q T). exact K. Qed.

  Lemma store_touched w p i x : inv B w -> context B w p ->
    inv B (write_word B p i x w) /\ touched p w (write_word B p i x w).
  Proof.
    intros I [R K U Fr]. split.
    { apply inv_ram; [try exact HB; exact I..|]. intros t j H. unfold store_word. destruct (Z.eqb_spec t p) as [->|]; [|reflexivity].
      destruct H as [H|[_ H]]; [contradiction|pg; lia]. }
    destruct (ram_walks B w (store_word p i x (w_ram w)) (i_settled B w I)) as [A T].
    { intros t j X. unfold store_word. destruct (Z.eqb_spec t p) as [->|]; [contradiction|reflexivity]. }
    constructor; try reflexivity.
    - intros q j N _ _. cbn. unfold store_word. destruct (Z.eqb_spec q p); [contradiction|reflexivity].
    - intros. cbn. apply A.
    - intros. cbn. apply T.
  Qed.

  Lemma touched_evolves p w w' : inv B w -> touched p w w' -> evolves B [] (eq p) w w'.
  Proof.
    intros I [H M Me R W L]. constructor; auto.
    - intros c ix _. rewrite M. reflexivity.
    - intros q _. rewrite Me. reflexivity.
    - intros q i N Rq Kq. apply R; [congruence|apply (core_unreached B HB); auto|].
      apply (vmcore_free B); [apply I|exact Kq].
  Qed.
End Facts.
