(** * What calls on memory leave alone of the CPU's own entry

    The contract of such calls ([kcore]) lets them write results and counters of [pcpu], and no other object of the
    CPU's own.  So every function that is verified for it keeps the rest, whatever its specification says. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Invariant Prims Structure.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Calm.
  Variables (B : board) (c : Z) (LI : world -> Prop).
  Notation K := (kcore B c LI).

  (** This CPU's objects that are no registers, results or counters; constants. *)
  Definition calm_cell (l : loc) : Prop :=
    class_of (fst l) = Constant \/
    class_of (fst l) = Percpu /\ of_cpu c l /\ String.prefix "reg." (fst l) = false /\
      existsb (String.eqb (fst l)) scratch_cells = false.
  Definition calm_kept (w w' : world) : Prop := forall l, calm_cell l -> w_mem w' l = w_mem w l.

  Lemma calm_regs l w : calm_kept w (set_regs c l w).
  Proof.
    intros [d ix] H. assert (P : String.prefix "reg." d = false \/ class_of d = Constant) by (destruct H as [H|(_ & _ & H & _)]; auto).
    revert w. induction l as [|x l IH]; intros w; [reflexivity|]. cbn [set_regs fold_left].
    change (w_mem (set_regs c l (set_reg c x w)) (d, ix) = w_mem w (d, ix)). rewrite IH. unfold set_reg, reg. cbn [w_mem].
    apply upd_name. destruct (String.eqb_spec ("reg." ++ fst (fst x)) d) as [<-|]; [|reflexivity].
    destruct P as [P|P]; destruct (fst (fst x)); discriminate P.
  Qed.

  Ltac peel := let l := fresh in let H := fresh in intros l H;
    repeat match goal with |- w_mem (set_reg c ?x ?y) l = _ => transitivity (w_mem y l); [exact (calm_regs [x] y l H)|] end; reflexivity.

  Lemma calm_event e w v w' : pre K e w -> act K e w v w' -> calm_kept w w'.
  Proof.
    intros [C P] E. destruct (C eq_refl) as [L C']. cbn [act kcore contract_of] in E. rewrite L in P, E. clear C L.
    destruct E as (w0 & Bf & E). destruct (P w0 Bf) as [F _]. clear P.
    assert (K0 : calm_kept w w0).
    { unfold before in Bf. destruct (observes e); [destruct Bf as (r & -> & _); intros l _; reflexivity|].
      destruct e as [l|l x|f args]; [|subst w0; intros l0 _; reflexivity..].
      destruct (class_of (fst l)) eqn:Cl; try (subst w0; intros l0 _; reflexivity).
      destruct Bf as (x & ->). intros l0 H. cbn [w_mem set_mem]. apply upd_other. intros <-.
      destruct H as [H|(H & _)]; congruence. }
    enough (K1 : calm_kept w0 w') by (intros l H; rewrite (K1 l H); exact (K0 l H)). clear K0 Bf.
    destruct e as [l|l x|f args].
    - destruct E as [_ ->]. intros l0 _. reflexivity.
    - cbn in E. subst w'. intros l0 H. assert (M : w_mem (write_cell B l x w0) = upd (w_mem w0) l x)
        by (unfold write_cell; destruct (steers_walks (fst l)); reflexivity).
      rewrite M. apply upd_other. intros <-. destruct F as [_ F]. destruct H as [H|(H & _ & _ & N)].
      + rewrite H in F. exact F.
      + destruct C' as [C'|(C' & _)]; [rewrite H in C'; congruence|].
        destruct C' as [C'|[C'|C']]; [rewrite C' in H; discriminate H|rewrite C' in H; discriminate H|congruence].
    - cbn [effect] in E. destruct (cpu_primitive f).
      { unfold cpu_effect in E. destruct (doing_of B c f args) as [d|]; [|destruct E]. destruct E as [_ ->]. apply calm_regs. }
      destruct args as [|a [|b [|d [|t [|u [|]]]]]]; try (cbn in E; contradiction); cbn in E.
      + destruct (String.eqb_spec f "spin_lock") as [->|].
        { cbn in E. destruct E as (w1 & _ & -> & Ow & _). intros l H. cbn [w_mem set_held]. apply Ow. unfold owns.
          destruct H as [H|(H & O & _)]; rewrite H; [exact I|exact O]. }
        repeat (destruct (String.eqb f _); [cbn [snd] in E; first [subst w'|destruct E as [_ ->]|destruct E as (? & _ & ->)];
          intros l _; reflexivity|]).
        cbn in E; contradiction.
      + repeat (destruct (String.eqb f _); [cbn [snd] in E; first [subst w'|destruct E as [_ ->]]; intros l _; reflexivity|]).
        cbn in E; contradiction.
      + repeat (destruct (String.eqb f _); [cbn [snd] in E; first [subst w'|destruct E as [_ ->]]; intros l _; reflexivity|]).
        cbn in E; contradiction.
      + destruct (String.eqb f _); cbn [snd] in E; [subst w'; peel|contradiction].
      + destruct (String.eqb f _); cbn [snd] in E; [|contradiction]. destruct E as (r & _ & ->).
        peel.
  Qed.

  Theorem wp_calm {A} (p : prog A) (Q : A -> world -> Prop) w : wp K p Q w -> wp K p (fun r w' => Q r w' /\ calm_kept w w') w.
  Proof.
    enough (G : forall w, wp K p Q w -> forall a, calm_kept a w -> wp K p (fun r w' => Q r w' /\ calm_kept a w') w)
      by (intros W; apply (G w W w); intros l _; reflexivity).
    induction p as [x|e k IH|why]; cbn [wp]; intros w1 W a Ka; [auto| |exact W].
    destruct W as [P W]. split; [exact P|]. intros v w' E. apply IH; [apply W, E|].
    intros l H. rewrite (calm_event e w1 v w' P E l H). exact (Ka l H).
  Qed.
End Calm.
