(** * The contract is total

    Every event that KCore may do has an outcome: no specification holds only because the world could not
    go on.  With [wp_reach], every verified function really reaches its postcondition. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Invariant Steps Structure Interleave.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Total.
  Variables (B : board) (cpu : Z) (some : world).
  Hypothesis HB : board_ok B.
  Hypothesis Hsome : mem_inv B some.

  (** A world that keeps the invariant, with this CPU's own objects as in [w]. *)
  Definition own_cell (l : loc) : bool :=
    match class_of (fst l) with Percpu => zlist_eqb (snd l) [cpu] | _ => false end.
  Definition mixed (w : world) : world :=
    set_mem (fun l => if own_cell l then w_mem w l else w_mem some l) some.

  Lemma mixed_inv w : mem_inv B (mixed w).
  Proof.
    apply (mem_inv_view B HB (cpu + 1) some); [|apply settled_set_mem; [apply Hsome|reflexivity..]|exact Hsome].
    constructor; try reflexivity. intros l V. cbn. destruct (own_cell l) eqn:O; [|reflexivity].
    unfold own_cell in O. destruct (class_of (fst l)) eqn:E; try discriminate O.
    apply zlist_eqb_eq in O. rewrite (V E) in O. injection O. lia.
  Qed.

  Lemma before_some e w : exists w0, before e w w0.
  Proof.
    unfold before. destruct (observes e); [|exists w; reflexivity].
    exists (set_ram (w_ram w) w). exists (w_ram w). auto.
  Qed.

  Ltac outcome := match goal with
    | |- context [String.eqb ?f ?s] => destruct (String.eqb f s); [cbn [fst snd]; eauto|]
    end.

  Theorem contract_total : total (kcore B cpu (mem_inv B)).
  Proof.
    intros e w P. destruct (before_some e w) as (w0 & Bf). destruct (P w0 Bf) as [F _].
    assert (X : exists v w', snd (effect B cpu (mem_inv B) e w0) v w').
    { clear P Bf. destruct e as [l|l x|f args]; [cbn; eauto|cbn; eauto|].
      destruct args as [|x [|y [|z [|]]]]; cbn in F |- *; try contradiction.
      - destruct (String.eqb f "spin_lock").
        + exists 0, (set_held true (mixed w0)). exists (mixed w0). split; [apply mixed_inv|].
          split; [reflexivity|]. intros c E. cbn. unfold own_cell; cbn. rewrite E, Z.eqb_refl. reflexivity.
        + revert F. repeat outcome. contradiction.
      - revert F. repeat outcome. contradiction.
      - revert F. repeat outcome. contradiction. }
    destruct X as (v & w' & X). exists v, w', w0. auto.
  Qed.
End Total.
