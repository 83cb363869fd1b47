(** * What a guest does is determined by what it has

    [decide_same]: two states with the same view of a protected VM, in which the same vCPU
    completes an instruction having read the same words from lent pages: the same deed, whatever
    KServ and the other VMs have.  [decide_kserv], [decide_normal]: with KServ's part alike as
    well, the same deed always. *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.security Require Export KservView.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

Arguments reach : simpl never.
Arguments tables_ok : simpl never.
Arguments in_ram : simpl never.
Arguments Z.testbit : simpl never.

Lemma span_ext m f g a e : (forall x, f x = g x) -> span m f a e = span m g a e.
Proof. intros E. revert a. induction m; intros a; cbn; [reflexivity|]. rewrite E,
    IHm. reflexivity. Qed.

(** What sameness of the views says, for a VM that is there in both states. *)
Record same_vm_state (s t : state) (id : Z) : Prop := {
  s_live : live (vm s id) = true;
  s_prot : prot (vm s id) = true;
  s_live' : live (vm t id) = true;
  s_prot' : prot (vm t id) = true;
  s_sealed : match st (vm s id) with New => false | _ => true end = match st (vm t id) with New =>
      false | _ => true end;
  s_ram : ram (vm s id) = ram (vm t id);
  s_class : forall a, class_of (sl s id a) = class_of (sl t id a);
  s_content : forall a w, 0 <= w < 512 -> content s id a w = content t id a w;
  s_run : forall i, has_run (vc s id i) = has_run (vc t id i);
  s_power : forall i, power (vc s id i) = power (vc t id i);
  s_cx : forall i, cx s id i = cx t id i }.

Lemma same_state s t id : same_view (view_of s id) (view_of t id) ->
  live (vm s id) = true -> prot (vm s id) = true -> same_vm_state s t id.
Proof.
  intros V L P. rewrite (view_some s id L P) in V. unfold view_of in V.
  destruct (live (vm t id) && prot (vm t id)) eqn:B; [|contradiction]. apply andb_true_iff in B as
      [B1 B2].
  cbn in V. destruct V as (A & R & C & D & E & F). split; auto; intros i; specialize (E i);
      congruence.
Qed.

Lemma state_same s t id : same_vm_state s t id -> same_view (view_of s id) (view_of t id).
Proof.
  intros H. rewrite (view_some s id), (view_some t id) by apply H. cbn. destruct H. repeat split;
      auto.
  intros i. congruence.
Qed.

Lemma eq_ram_end v u a : ram v = ram u -> ram_end v a = ram_end u a.
Proof. intros E. unfold ram_end. rewrite E. reflexivity. Qed.
Lemma eq_in_ram v u a : ram v = ram u -> in_ram v a = in_ram u a.
Proof. intros E. unfold in_ram. rewrite (eq_ram_end v u a E). reflexivity. Qed.

Section View.
Variables (s t : state) (id : Z).
Hypothesis Is : Inv s.
Hypothesis It : Inv t.
Hypothesis V : same_vm_state s t id.

Lemma eq_alive a : alive s id a = alive t id a.
Proof. unfold alive. pose proof (s_class _ _ _ V a). destruct (sl s id a), (sl t id a); cbn in *;
    congruence. Qed.

Lemma eq_kind a : ipa_kind s id a = ipa_kind t id a.
Proof.
  unfold ipa_kind. rewrite (eq_in_ram _ _ a (s_ram _ _ _ V)). pose proof (s_class _ _ _ V a).
  destruct (sl s id a), (sl t id a); cbn in *; congruence.
Qed.

Lemma eq_reach f g a e : (forall x, f x = g x) -> reach s id f a e = reach t id g a e.
Proof. intros E. unfold reach. rewrite (eq_ram_end _ _ a (s_ram _ _ _ V)). apply span_ext, E. Qed.

Lemma eq_ram_next a e : ram_next (vm s id) a e = ram_next (vm t id) a e.
Proof. unfold ram_next. rewrite (s_ram _ _ _ V). reflexivity. Qed.

(** Same content behind same addresses, once the access goes through on both sides. *)
Definition same_look x (l m : looked) : Prop :=
  match l, m with
  | Hit p, Hit q => mem s p (x mod 512) = mem t q (x mod 512)
  | Hit_lent _, Hit_lent _ | Outside_ram, Outside_ram | Dead, Dead => True
  | _, _ => False
  end.

Lemma look_same x rwx : look s id x rwx <> Miss -> look t id x rwx <> Miss ->
  same_look x (look s id x rwx) (look t id x rwx).
Proof.
  unfold look. pose proof (s_class _ _ _ V (x / 512)) as C.
  pose proof (s_content _ _ _ V (x / 512) (x mod 512) ltac:(apply Z.mod_pos_bound;
      lia)) as D. unfold content in D.
  pose proof (eq_in_ram _ _ (x / 512) (s_ram _ _ _ V)) as R.
  destruct (sl s id (x / 512)) eqn:E1, (sl t id (x / 512)) eqn:E2; cbn in C; try discriminate;
    cbn; intros M N; try (exfalso; congruence); auto.
  - rewrite <- R in *. destruct (in_ram (vm s id) (x / 512)); [congruence | exact I].
  - destruct (i_priv t It _ _ _ E2) as (_ & _ & X). rewrite R, X in M. congruence.
  - destruct (i_priv s Is _ _ _ E1) as (_ & _ & X). rewrite <- R, X in N. congruence.
  - destruct (Z.testbit prot rwx), (Z.testbit prot0 rwx); congruence || exact I.
Qed.
End View.

(** Equality of equal terms, without computing. *)
Ltac same := match goal with |- ?a = ?b => constr_eq a b; exact (eq_refl a) end.

Section Decide.
Variable prg : Z -> Z -> file -> Z -> act.
Variable nxt : Z -> Z -> file -> Z -> input -> file.
Variable pc : file -> Z.
Variable start : Z -> list Z -> list Z.
Notation execute := (execute prg nxt start).
Notation protected := (protected prg nxt pc start).
Notation guest := (guest prg nxt pc start).

(** What is read first is also read first in the end. *)
Lemma execute_in s id i w rs : d_done (execute s id i w rs) = true ->
  exists more, d_in (execute s id i w rs) = rs ++ more.
Proof.
  unfold Guest.execute. intros D.
  repeat match goal with
  | D : context [match ?x with _ => _ end] |- _ => destruct x
  | D : context [if ?x then _ else _] |- _ => destruct x
  end; cbn in *; try discriminate; eauto using app_nil_r; exists []; rewrite app_nil_r; reflexivity.
Qed.

Lemma execute_same s t id i w rs : Inv s -> Inv t -> same_vm_state s t id -> (forall n,
    ent s id n = ent t id n) ->
  d_done (execute s id i w rs) = true -> d_done (execute t id i w rs) = true ->
  d_in (execute s id i w rs) = d_in (execute t id i w rs) ->
  execute s id i w rs = execute t id i w rs.
Proof.
  intros Is It V En Ds Dt Di. unfold Guest.execute in *. rewrite <- (s_cx _ _ _ V i) in *.
  destruct (prg id i (regs (cx s id i)) w); try same.
  - (* Load *) pose proof (look_same s t id Is It V x 0) as L. unfold again, go, ask in *.
    destruct (look s id x 0), (look t id x 0); cbn in *; try discriminate;
      try (specialize (L ltac:(discriminate) ltac:(discriminate))); try contradiction;
          try rewrite <- (s_cx _ _ _ V i); try congruence.
    apply app_inv_head in Di. injection Di as Di. congruence.
  - (* Store *) pose proof (look_same s t id Is It V x 1) as L. unfold again, go, ask in *.
    destruct (look s id x 1), (look t id x 1); cbn in *; try discriminate;
      try (specialize (L ltac:(discriminate) ltac:(discriminate))); try contradiction;
          try rewrite <- (s_cx _ _ _ V i); same.
  - (* Rand *) rewrite En. same.
  - unfold ask. rewrite <- (s_cx _ _ _ V i). same.
  - unfold ask. rewrite <- (s_cx _ _ _ V i). same.
  - (* Share *) rewrite <- (eq_reach s t id V (alive s id) (alive t id) a e (eq_alive s t id V))
      in *.
    destruct (_ <=? _); [same|].
    destruct (tables_ok (vm s id) a 1), (tables_ok (vm t id) a 1); cbn in *; try discriminate. same.
  - (* Unshare *) rewrite <- (eq_reach s t id V (alive s id) (alive t id) a e (eq_alive s t id
      V)). same.
  - (* State_get *) rewrite <- (eq_kind s t id V a), <- (eq_ram_next s t id V a e).
    rewrite (eq_reach s t id V _ (fun x => ipa_kind t id x =? ipa_kind s id a)); [same|].
    intros x. rewrite (eq_kind s t id V x). same.
  - (* Config *) pose proof (s_class _ _ _ V a) as C. pose proof (eq_in_ram _ _ a (s_ram _ _ _ V))
      as R.
    destruct (sl s id a) eqn:E1, (sl t id a) eqn:E2; cbn in C; try discriminate; try same.
    + rewrite R in *. destruct (in_ram (vm t id) a); [discriminate | same].
    + rewrite R in *. destruct (i_priv t It _ _ _ E2) as (_ & _ & X). rewrite X in Ds. discriminate.
    + rewrite <- R in *. destruct (i_priv s Is _ _ _ E1) as (_ & _ & X). rewrite X in Dt.
        discriminate.
  - (* Cpu_on *) rewrite <- (s_run _ _ _ V), <- (s_power _ _ _ V). same.
  - (* Affinity *) rewrite <- (s_run _ _ _ V), <- (s_power _ _ _ V). same.
Qed.

Theorem decide_same s t id i : Inv s -> Inv t -> same_vm_state s t id -> (forall n,
    ent s id n = ent t id n) ->
  d_done (guest s id i) = true -> d_done (guest t id i) = true
      -> d_in (guest s id i) = d_in (guest t id i) ->
  guest s id i = guest t id i.
Proof.
  intros Is It V En. unfold Guest.guest. rewrite (s_prot _ _ _ V),
      (s_prot' _ _ _ V). unfold Guest.protected.
  rewrite <- (s_cx _ _ _ V i). set (x := pc (regs (cx s id i))).
  pose proof (look_same s t id Is It V x 2) as L. intros Ds Dt Di.
  destruct (look s id x 2) as [p|p| | |], (look t id x 2) as [q|q| | |]; try discriminate;
    try (specialize (L ltac:(discriminate) ltac:(discriminate))); cbn in L; try contradiction;
        try same.
  - rewrite <- L in *. apply execute_same; assumption.
  - destruct (execute_in _ _ _ _ _ Ds) as (m1 & E1). destruct (execute_in _ _ _ _ _ Dt) as (m2 &
      E2).
    assert (W : mem s p (x mod 512) = mem t q (x mod 512)) by (rewrite E1, E2 in Di; cbn in Di;
        congruence).
    rewrite <- W in *. apply execute_same; assumption.
Qed.

(** ** With KServ's part alike *)
Lemma look_kserv s t id x rwx : kserv_alike s t -> look s id x rwx = look t id x rwx.
Proof. intros H. unfold look. al H. reflexivity. Qed.

Lemma look_lent s id x rwx p : Inv s -> look s id x rwx = Hit_lent p -> hosts (ps s p) = true.
Proof.
  unfold look. intros I. destruct (sl s id (x / 512)) eqn:E; try congruence.
  - destruct (in_ram _ _); discriminate.
  - destruct (Z.testbit prot rwx); [|discriminate]. intros [= <-].
    destruct (i_lent s I _ _ _ _ E) as (l & -> & _). reflexivity.
Qed.

Lemma look_own s t id x rwx p : same_vm_state s t id -> kserv_alike s t ->
  look s id x rwx = Hit p -> mem s p (x mod 512) = mem t p (x mod 512).
Proof.
  intros V H. unfold look.
  pose proof (s_content _ _ _ V (x / 512) (x mod 512) ltac:(apply Z.mod_pos_bound;
      lia)) as D. unfold content in D.
  rewrite <- (a_sl _ _ H) in D. destruct (sl s id (x / 512)); try congruence.
  - destruct (in_ram _ _); discriminate.
  - destruct (Z.testbit _ _); discriminate.
Qed.

Lemma execute_kserv s t id i w rs : Inv s -> same_vm_state s t id -> kserv_alike s t -> (forall n,
    ent s id n = ent t id n) ->
  execute s id i w rs = execute t id i w rs.
Proof.
  intros Is V H En. unfold Guest.execute, again, ask. rewrite <- (s_cx _ _ _ V i), <- (a_vm _ _ H).
  destruct (prg id i (regs (cx s id i)) w); try same; rewrite <- ?(a_vc _ _ H), <- ?(a_sl _ _ H);
      try same.
  - rewrite <- (look_kserv s t id x 0 H). destruct (look s id x 0) eqn:L; try same.
    + rewrite (look_own s t id x 0 p V H L). same.
    + rewrite (a_mem _ _ H) by (apply (look_lent s id x 0); assumption). same.
  - rewrite <- (look_kserv s t id x 1 H). same.
  - rewrite En. same.
  - rewrite <- (eq_reach s t id V (alive s id) (alive t id) a e (eq_alive s t id V)). same.
  - rewrite <- (eq_reach s t id V (alive s id) (alive t id) a e (eq_alive s t id V)). same.
  - rewrite <- (eq_kind s t id V a).
    rewrite (eq_reach s t id V _ (fun x => ipa_kind t id x =? ipa_kind s id a)); [same|].
    intros x. rewrite (eq_kind s t id V x). same.
Qed.

Theorem decide_kserv s t id i : Inv s -> same_vm_state s t id -> kserv_alike s t -> (forall n,
    ent s id n = ent t id n) ->
  guest s id i = guest t id i.
Proof.
  intros Is V H En. unfold Guest.guest. rewrite (s_prot _ _ _ V),
      (s_prot' _ _ _ V). unfold Guest.protected, again.
  rewrite <- (s_cx _ _ _ V i), <- (look_kserv s t id _ 2 H).
  destruct (look s id (pc (regs (cx s id i))) 2) eqn:L; try same.
  - rewrite <- (look_own s t id _ 2 p V H L). apply execute_kserv; assumption.
  - rewrite <- (a_mem _ _ H) by (apply (look_lent s id _ 2 p Is L)). apply execute_kserv;
      assumption.
Qed.

Theorem decide_normal s t id i : Inv s -> kserv_alike s t -> prot (vm s id) = false
    -> guest s id i = guest t id i.
Proof.
  intros Is H P. unfold Guest.guest. rewrite <- (a_vm _ _ H), P. unfold Guest.normal.
  rewrite <- (a_cx _ _ H id i P), <- (look_kserv s t id _ 2 H).
  destruct (look s id (pc (regs (cx s id i))) 2) eqn:L; try same.
  rewrite <- (a_mem _ _ H) by (apply (look_lent s id _ 2 p Is L)).
  destruct (prg _ _ _ _); try same.
  - rewrite <- (look_kserv s t id x 0 H). destruct (look s id x 0) eqn:L2; try same.
    rewrite <- (a_mem _ _ H) by (apply (look_lent s id x 0); assumption). same.
  - rewrite <- (look_kserv s t id x 1 H). same.
Qed.
End Decide.
