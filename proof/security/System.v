(** * Systems, noninterference for colluding principals, unwinding, and refinement

    A system makes labelled steps.  A set [Q] of principals who put all they know together sees of a
    label what [vis Q] gives it, or nothing.  [NI]: whatever [Q] has at the end of a run is
        determined
    by what it had at the start and by what it has seen on the way.  Nothing is said about the
        order in
    which others run, so no scheduler appears in the statement,
        and a refinement that shows every set
    [Q] the same things carries it downwards.

    - [unwinding]: noninterference follows from two conditions on single steps.
    - [sp_refines], [sp_preserves_NI], [sp_trans]: security-preserving refinement,
        and that it carries
      [NI] down and composes.  Layers may have labels of their own; what is seen has one type. *)
From Coq Require Import List.
Import ListNotations.
Set Default Goal Selector "!".

(** A set of principals: those that work together. *)
Definition among (P : Type) := P -> bool.

(** [init_eq Q]: two initial states that [Q] cannot tell apart; [end_eq Q]: two states in which
    [Q] has the same. *)
Record system (P V : Type) := System {
  state : Type;
  label : Type;
  init : state -> Prop;
  step : state -> label -> state -> Prop;
  vis : among P -> label -> option V;
  init_eq : among P -> state -> state -> Prop;
  end_eq : among P -> state -> state -> Prop }.
Arguments System {P V}.
Arguments state {P V}.
Arguments label {P V}.
Arguments init {P V}.
Arguments step {P V}.
Arguments vis {P V}.
Arguments init_eq {P V}.
Arguments end_eq {P V}.

Section Systems.
Context {P V : Type}.
Implicit Types A B C : system P V.

Inductive run A : state A -> list (label A) -> state A -> Prop :=
| run_nil s : run A s [] s
| run_cons s l t ls u : step A s l t -> run A t ls u -> run A s (l :: ls) u.

(** What [Q] sees of a run. *)
Fixpoint seen A (Q : among P) (ls : list (label A)) : list V :=
  match ls with
  | [] => []
  | l :: r => match vis A Q l with Some v => v :: seen A Q r | None => seen A Q r end
  end.

Definition NI A (Q : among P) : Prop :=
  forall s1 s2 l1 l2 t1 t2,
    init A s1 -> init A s2 -> init_eq A Q s1 s2 ->
    run A s1 l1 t1 -> run A s2 l2 t2 ->
    seen A Q l1 = seen A Q l2 ->
    end_eq A Q t1 t2.

Lemma run_app A s l1 t l2 u : run A s l1 t -> run A t l2 u -> run A s (l1 ++ l2) u.
Proof. induction 1; cbn; intros; [assumption | econstructor; eauto]. Qed.

Lemma seen_app A Q l1 l2 : seen A Q (l1 ++ l2) = seen A Q l1 ++ seen A Q l2.
Proof. induction l1 as [|l r IH]; cbn; [reflexivity | destruct (vis A Q l); cbn; congruence]. Qed.

(** ** Unwinding

    [E] relates states that are alike for [Q].  Two conditions: a step that [Q] does not see
    leaves its state alike what it was ([local]), and steps that look the same lead from alike to
    alike ([same_step]).  [E] need not be transitive: [local] keeps the relation to the other run.
        *)
Section Unwinding.
Variables (A : system P V) (Q : among P) (Inv : state A -> Prop) (E : state A -> state A -> Prop).
Hypothesis inv_init : forall s, init A s -> Inv s.
Hypothesis inv_step : forall s l t, Inv s -> step A s l t -> Inv t.
Hypothesis sym : forall s t, E s t -> E t s.
Hypothesis at_init : forall s t, init A s -> init A t -> init_eq A Q s t -> E s t.
Hypothesis at_end : forall s t, Inv s -> Inv t -> E s t -> end_eq A Q s t.
Hypothesis local : forall s t l s',
  Inv s -> Inv t -> E s t -> step A s l s' -> vis A Q l = None -> E s' t.
Hypothesis same_step : forall s t l m s' t' v,
  Inv s -> Inv t -> E s t -> step A s l s' -> step A t m t' ->
  vis A Q l = Some v -> vis A Q m = Some v -> E s' t'.

Lemma unwinding_runs l1 s1 t1 : run A s1 l1 t1 -> forall s2 l2 t2, run A s2 l2 t2 ->
  Inv s1 -> Inv s2 -> E s1 s2 -> seen A Q l1 = seen A Q l2 -> Inv t1 /\ Inv t2 /\ E t1 t2.
Proof.
  induction 1 as [s|s l t ls u S1 R1 IH]; intros s2 l2 t2 R2 i1 i2 e Eq.
  - cbn in Eq. induction R2 as [s'|s' l' t' ls' u' S2 R2 IH2]; [auto|].
    cbn in Eq. destruct (vis A Q l') eqn:V'; [discriminate|]. apply IH2; eauto.
  - cbn in Eq. destruct (vis A Q l) as [v|] eqn:Vl; [|apply (IH s2 l2 t2); eauto].
    induction R2 as [s'|s' l' t' ls' u' S2 R2 IH2]; [discriminate|].
    cbn in Eq. destruct (vis A Q l') eqn:V'; [|apply IH2; eauto].
    injection Eq as <- Eq. apply (IH t' ls' u'); eauto.
Qed.

Theorem unwinding : NI A Q.
Proof.
  intros s1 s2 l1 l2 t1 t2 i1 i2 e R1 R2 Eq.
  destruct (unwinding_runs _ _ _ R1 _ _ _ R2 (inv_init _ i1) (inv_init _ i2)) as (a & b & c); auto.
Qed.
End Unwinding.

(** ** Security-preserving refinement

    A simulation in which every set of principals sees the same on both sides ([sp_step]), has on
    the concrete side nothing that it has not on the abstract one ([sp_end]), and knows at the
    start no less above than below ([sp_init]).  A step of the layer below is any number of steps
    above. *)
Record sp_refines C A := {
  rel : state C -> state A -> Prop;
  sp_start : forall c, init C c -> exists a, init A a /\ rel c a;
  sp_step : forall c a l c', rel c a -> step C c l c' ->
    exists ls a', run A a ls a' /\ rel c' a' /\ forall Q, seen A Q ls = seen C Q [l];
  sp_end : forall Q c1 a1 c2 a2, rel c1 a1 -> rel c2 a2 -> end_eq A Q a1 a2 -> end_eq C Q c1 c2;
  sp_init : forall Q c1 c2, init C c1 -> init C c2 -> init_eq C Q c1 c2 ->
    exists a1 a2, init A a1 /\ init A a2 /\ rel c1 a1 /\ rel c2 a2 /\ init_eq A Q a1 a2 }.

Lemma sp_run C A (S : sp_refines C A) c ls c' : run C c ls c' -> forall a, rel _ _ S c a ->
  exists ms a', run A a ms a' /\ rel _ _ S c' a' /\ forall Q, seen A Q ms = seen C Q ls.
Proof.
  induction 1 as [c|c l c1 ls c2 S1 R1 IH]; intros a Ra.
  - exists [], a. repeat split; [constructor | assumption].
  - destruct (sp_step _ _ S _ _ _ _ Ra S1) as (m1 & a1 & Q1 & Ra1 & P1).
    destruct (IH _ Ra1) as (m2 & a2 & Q2 & Ra2 & P2).
    exists (m1 ++ m2), a2. repeat split; [eapply run_app; eauto | assumption |].
    intros Q. rewrite seen_app, P1, P2. cbn. destruct (vis C Q l); reflexivity.
Qed.

Theorem sp_preserves_NI C A : sp_refines C A -> forall Q, NI A Q -> NI C Q.
Proof.
  intros S Q N s1 s2 l1 l2 t1 t2 i1 i2 e R1 R2 Eq.
  destruct (sp_init _ _ S _ _ _ i1 i2 e) as (a1 & a2 & j1 & j2 & r1 & r2 & ea).
  destruct (sp_run _ _ S _ _ _ R1 _ r1) as (m1 & b1 & Q1 & S1 & P1).
  destruct (sp_run _ _ S _ _ _ R2 _ r2) as (m2 & b2 & Q2 & S2 & P2).
  refine (sp_end _ _ S _ _ _ _ _ S1 S2 _). refine (N _ _ _ _ _ _ j1 j2 ea Q1 Q2 _).
  rewrite P1, P2; assumption.
Qed.

Definition sp_refl A : sp_refines A A.
Proof.
  refine {| rel := fun c a => c = a |}.
  - intros c i; eauto.
  - intros c a l c' -> St. exists [l], c'. repeat split. econstructor; [eassumption | constructor].
  - intros Q c1 a1 c2 a2 -> ->; auto.
  - intros Q c1 c2 i1 i2 e. exists c1, c2. auto.
Defined.

Definition sp_trans C B A : sp_refines C B -> sp_refines B A -> sp_refines C A.
Proof.
  intros S T. refine {| rel := fun c a => exists b, rel _ _ S c b /\ rel _ _ T b a |}.
  - intros c i. destruct (sp_start _ _ S _ i) as (b & j & r).
    destruct (sp_start _ _ T _ j) as (a & k & r'). eauto.
  - intros c a l c' (b & Rb & Ra) St.
    destruct (sp_step _ _ S _ _ _ _ Rb St) as (m & b' & Rn & Rb' & Pm).
    destruct (sp_run _ _ T _ _ _ Rn _ Ra) as (m2 & a' & Rn2 & Ra' & P2).
    exists m2, a'. repeat split; eauto. intros Q. rewrite P2; auto.
  - intros Q c1 a1 c2 a2 (b1 & ? & ?) (b2 & ? & ?) e.
    eapply (sp_end _ _ S); eauto. eapply (sp_end _ _ T); eauto.
  - intros Q c1 c2 i1 i2 e. destruct (sp_init _ _ S _ _ _ i1 i2 e) as (b1 & b2 & j1 & j2 & r1 & r2
      & eb).
    destruct (sp_init _ _ T _ _ _ j1 j2 eb) as (a1 & a2 & k1 & k2 & q1 & q2 & ea).
    exists a1, a2. eauto 10.
Defined.
End Systems.
