(** * Weakest preconditions with a demonic environment

    A [contract] says what the world demands before an event ([pre]) and what it may do at that
    event ([act], a relation: other CPUs, guests and devices act in it too).  [wp C p Q w] holds
    if, from world [w], the program [p] never gets stuck, meets [pre] at every event, and ends with
    [Q], whatever the world does within [act].  Since [pre] is asked at every single event, an
    invariant put there holds all the way, not only at the end. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Export Sem.
Import ListNotations.
Open Scope Z_scope.

Record contract (W : Type) := {
  pre : event -> W -> Prop;
  act : event -> W -> Z -> W -> Prop }.
Arguments pre {W} c e w.
Arguments act {W} c e w v w'.

Section Wp.
  Context {W : Type} (C : contract W).

  Fixpoint wp {A} (p : prog A) (Q : A -> W -> Prop) (w : W) : Prop :=
    match p with
    | Ret a => Q a w
    | Stuck _ => False
    | Ev e k => pre C e w /\ forall v w', act C e w v w' -> wp (k v) Q w'
    end.

  (** The runs of a tree, step by step; used only to say what [wp] means. *)
  Inductive step_to {A} : prog A -> W -> prog A -> W -> Prop :=
  | step_event e k w v w' : act C e w v w' -> step_to (Ev e k) w (k v) w'.
  Inductive runs {A} : prog A -> W -> prog A -> W -> Prop :=
  | runs_nil p w : runs p w p w
  | runs_cons p w p' w' p'' w'' : step_to p w p' w' -> runs p' w' p'' w'' -> runs p w p'' w''.

  (** What [wp] gives: on every run, no reachable tree is stuck, the precondition of the next event
      holds, and a result satisfies the postcondition. *)
  Definition good {A} (p : prog A) (Q : A -> W -> Prop) (w : W) : Prop :=
    match p with Ret a => Q a w | Ev e _ => pre C e w | Stuck _ => False end.

  Lemma wp_step {A} (p p' : prog A) Q w w' : wp p Q w -> step_to p w p' w' -> wp p' Q w'.
  Proof. intros H S; destruct S; apply H; assumption. Qed.

  Theorem wp_sound {A} (p : prog A) Q w : wp p Q w -> forall p' w', runs p w p' w' -> good p' Q w'.
  Proof.
    intros H p' w' R. induction R as [p w|p w p1 w1 p2 w2 S R IH].
    - destruct p; cbn in *; tauto.
    - apply IH. eapply wp_step; eassumption.
  Qed.

  (** Total contracts: every permitted event has an outcome.  Without this a contract that no world
      can meet would make everything behind it true; with it, [wp] really reaches its
      postcondition. *)
  Definition total : Prop := forall e w, pre C e w -> exists v w', act C e w v w'.

  Theorem wp_reach {A} (p : prog A) Q w : total -> wp p Q w ->
    exists a w', runs p w (Ret a) w' /\ Q a w'.
  Proof.
    intros T. revert w. induction p as [a|e k IH|]; cbn; intros w H; [eauto using @runs|..|tauto].
    destruct H as [P H]. destruct (T e w P) as (v & w1 & A1).
    destruct (IH v w1 (H v w1 A1)) as (a & w2 & R & HQ). exists a, w2. split; [|assumption].
    eapply runs_cons; [constructor; eassumption|assumption].
  Qed.

  (** ** Structural rules *)
  Lemma wp_mono {A} (p : prog A) (Q Q' : A -> W -> Prop) w :
    wp p Q w -> (forall a w', Q a w' -> Q' a w') -> wp p Q' w.
  Proof.
    revert w; induction p as [a|e k IH|]; cbn; intros w H M; auto.
    destruct H as [P H]; split; [exact P|]. intros; eapply IH; eauto.
  Qed.

  Lemma wp_conj {A} (p : prog A) (Q Q' : A -> W -> Prop) w :
    wp p Q w -> wp p Q' w -> wp p (fun a w' => Q a w' /\ Q' a w') w.
  Proof.
    revert w; induction p as [a|e k IH|]; cbn; intros w H H'; auto.
    destruct H as [P H], H' as [_ H']; split; [exact P|]. intros; apply IH; auto.
  Qed.

  Lemma wp_bind {A B} (p : prog A) (k : A -> prog B) Q w :
    wp p (fun a w' => wp (k a) Q w') w -> wp (bind p k) Q w.
  Proof.
    revert w; induction p as [a|e c IH|]; cbn; intros w H; auto.
    destruct H as [P H]; split; auto.
  Qed.

  Lemma wp_bind_inv {A B} (p : prog A) (k : A -> prog B) Q w :
    wp (bind p k) Q w -> wp p (fun a w' => wp (k a) Q w') w.
  Proof.
    revert w; induction p as [a|e c IH|]; cbn; intros w H; auto.
    destruct H as [P H]; split; auto.
  Qed.

  Lemma wp_demand {A} why b (p : prog A) Q w : b = true -> wp p Q w -> wp (demand why b p) Q w.
  Proof. intros ->; auto. Qed.

  Lemma wp_event {A} e (k : Z -> prog A) Q w :
    pre C e w -> (forall v w', act C e w v w' -> wp (k v) Q w') -> wp (Ev e k) Q w.
  Proof. cbn; auto. Qed.

End Wp.

(** A contract that demands less and permits less lets every proof through. *)
Lemma wp_contract {W} (C C' : contract W) {A} (p : prog A) Q w :
  (forall e w, pre C e w -> pre C' e w) ->
  (forall e w v w', pre C e w -> act C' e w v w' -> act C e w v w') ->
  wp C p Q w -> wp C' p Q w.
Proof.
  intros Hp Ha. revert w. induction p as [a|e k IH|]; cbn; intros w H; auto.
  destruct H as [P H]; split; [auto|]. intros v w' A1. apply IH, H, Ha; assumption.
Qed.
