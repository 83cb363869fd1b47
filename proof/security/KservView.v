(** * What KServ can do to a protected VM

    A step of KServ changes what a protected VM has in exactly one way: by the flows that it
    declares to that VM.  [hear] says what a flow does to the view of the VM that it is told to. *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.security Require Export KservAlike.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

(** ** Sameness of views *)
Lemma same_refl v : same_view v v.
Proof. destruct v; cbn; auto 10. Qed.

Lemma same_sym v u : same_view v u -> same_view u v.
Proof.
  destruct v, u; cbn; auto. intros (A & B & C & D & E & F). repeat split; intros; symmetry; auto.
Qed.

Lemma same_trans v u x : same_view v u -> same_view u x -> same_view v x.
Proof.
  destruct v, u, x; cbn; try contradiction; auto.
  intros (A & B & C & D & E & F) (A' & B' & C' & D' & E' & F').
  split; [congruence|]. split; [congruence|]. split; [intros; rewrite C; apply C'|].
  split; [intros; rewrite D by assumption; apply D'; assumption|].
  split; [intros; rewrite E; apply E' | intros; rewrite F; apply F'].
Qed.

Lemma same_eq v u : v = u -> same_view v u.
Proof. intros ->. apply same_refl. Qed.

(** A VM's view does not change if its record, its slots and the pages behind them do not. *)
Lemma view_frame s t id :
  st (vm t id) = st (vm s id) -> prot (vm t id) = prot (vm s id) -> ram (vm t id) = ram (vm s id) ->
  (live (vm s id) = true -> prot (vm s id) = true ->
     (forall a, class_of (sl t id a) = class_of (sl s id a)) /\
     (forall a w, content t id a w = content s id a w) /\
     (forall i, has_run (vc t id i) = has_run (vc s id i)
         /\ power (vc t id i) = power (vc s id i)) /\
     (forall i, cx t id i = cx s id i)) ->
  same_view (view_of t id) (view_of s id).
Proof.
  intros S P R F. unfold view_of, live in *. rewrite S, P, R. destruct (_ && _) eqn:L; [|exact I].
  apply andb_true_iff in L as [L1 L2]. destruct (F L1 L2) as (A & B & C & D). cbn.
  repeat split; intros; auto. destruct (C i) as [-> ->]. reflexivity.
Qed.

(** Content of private pages survives whatever happens to other pages. *)
Lemma content_frame s t id a w : Inv s -> sl t id a = sl s id a ->
  (forall p, ps s p = Vm id a -> mem t p w = mem s p w) -> content t id a w = content s id a w.
Proof.
  intros I S M. unfold content. rewrite S. destruct (sl s id a) eqn:E; try reflexivity.
  apply M. apply (i_priv s I _ _ _ E).
Qed.

Section KservView.
Variable npfn : Z.
Variable prg : Z -> Z -> file -> Z -> act.
Variable nxt : Z -> Z -> file -> Z -> input -> file.
Variable pc : file -> Z.
Variable start : Z -> list Z -> list Z.
Variable legal : list Z -> bool.
Notation check := (check npfn legal).
Notation apply_call := (apply npfn nxt start).

Definition hear (o : option view) (f : flow) : option view :=
  match f, o with
  | Fcreated _, _ => Some (View false [] (fun _ => Ours) (fun _ _ => 0) (fun _ => (false,
      false)) (fun _ => Context (File [] []) None))
  | _, None => None
  | Fram _ a n, Some v => Some (View (v_sealed v) (v_ram v ++ [(a,
      n)]) (v_class v) (v_content v) (v_vcpu v) (v_cx v))
  | Fvcpu _ i l, Some v => Some (View (v_sealed v) (v_ram v) (v_class v) (v_content v)
      (upd (v_vcpu v) i (true, i =? 0)) (upd (v_cx v) i (Context (File (start i l) []) None)))
  | Fimage _ a ws, Some v => Some (View (v_sealed v) (v_ram v) (v_class v)
      (upd (v_content v) a (fun w => nth (Z.to_nat w) ws 0)) (v_vcpu v) (v_cx v))
  | Fenter id i f0 an, Some v => Some (View true (v_ram v) (v_class v) (v_content v) (v_vcpu v)
      (upd (v_cx v) i (Context (File (gp (finish nxt id i (v_cx v i) an)) f0) None)))
  | Fdestroyed _ a, Some v => Some (View (v_sealed v) (v_ram v) (upd (v_class v) a Lost) (upd
      (v_content v) a (fun _ => 0)) (v_vcpu v) (v_cx v))
  | Fdown _, Some _ => None
  | (Fread _ _ _ | Fexit _ _ _ _ | Fstore _ _ _), Some v => Some v
  end.

Lemma hear_same f v u : same_view v u -> same_view (hear v f) (hear u f).
Proof.
  destruct v as [v|], u as [u|]; cbn; try contradiction; [|intros; apply same_refl].
  intros (A & B & C & D & E & F). destruct f; cbn; unfold upd; repeat split; intros; auto;
      try congruence;
    try (rewrite F); try (destruct (_ =? _); auto).
Qed.

Lemma hear_all_same l : forall v u, same_view v u -> same_view (fold_left hear l v) (fold_left
    hear l u).
Proof. induction l; cbn; intros; [assumption | apply IHl, hear_same; assumption]. Qed.

Lemma hear_images id a g l : forall v, exists c, fold_left hear (map (fun j => Fimage id (a + j)
    (g j)) l) (Some v) =
    Some (View (v_sealed v) (v_ram v) (v_class v) c (v_vcpu v) (v_cx v)) /\
  forall x w, c x w = if existsb (fun j => a + j =? x) l then nth (Z.to_nat w) (g (x - a)) 0
      else v_content v x w.
Proof.
  induction l as [|j l IH]; intros v; cbn [map fold_left].
  - exists (v_content v). split; [destruct v; reflexivity | reflexivity].
  - cbn [hear]. destruct (IH (View (v_sealed v) (v_ram v) (v_class v)
      (upd (v_content v) (a + j) (fun w => nth (Z.to_nat w) (g j) 0)) (v_vcpu v) (v_cx v))) as (c
          & E & C).
    exists c. rewrite E. split; [reflexivity|]. intros x w. rewrite C. cbn [existsb v_content].
        unfold upd.
    destruct (existsb _ l) eqn:X; [rewrite orb_true_r; reflexivity|]. rewrite orb_false_r.
    rewrite (Z.eqb_sym x). destruct (Z.eqb_spec (a + j) x); [|reflexivity]. do 2 f_equal. lia.
Qed.

Lemma hear_none id l : (forall f, In f l -> to f = id /\ match f with Fcreated _ => False | _ =>
    True end) ->
  fold_left hear l None = None.
Proof.
  induction l as [|f l IH]; cbn; intros H; [reflexivity|].
  destruct (H f (or_introl eq_refl)) as [_ N]. destruct f; try contradiction; apply IH; auto.
Qed.

Definition to_vm id (l : list flow) : list flow := filter (fun f => to f =? id) l.

Lemma to_vm_all id l : (forall f, In f l -> to f = id) -> to_vm id l = l.
Proof.
  induction l as [|f l IH]; cbn; intros H; [reflexivity|]. rewrite (H f (or_introl eq_refl)),
      Z.eqb_refl.
  f_equal. auto.
Qed.
Lemma to_vm_none id j l : (forall f, In f l -> to f = j) -> j <> id -> to_vm id l = [].
Proof.
  induction l as [|f l IH]; cbn; intros H N; [reflexivity|]. rewrite (H f (or_introl eq_refl)).
  destruct (Z.eqb_spec j id); [contradiction | auto].
Qed.

(** The VM that a call is about. *)
Definition target s k (c : call) : Z :=
  match c with
  | Stat _ | Vcpu_put => 0
  | Create _ _ => nvm s + 1
  | Ram h _ _ | Table h _ | Vcpu_create h _ _ _ | Donate h _ _ _ | Lend h _ _ _ _ | Unlend h _ _
  | Lend_prot h _ _ _ | Force_reclaim h _ | Teardown h | Reclaim h _ | Free h | Flush h |
      Vcpu_load h _ => byh s h
  | Vcpu_run => match on (cp s k) with Some (id, _) => id | None => 0 end
  end.

Lemma flows_target s k c f : In f (call_flows s k c) -> to f = target s k c.
Proof.
  destruct c; cbn; try tauto.
  - destruct prot; cbn; [|tauto]. intros [<-|[]]. reflexivity.
  - intros [<-|[]]. reflexivity.
  - intros [<-|[]]. reflexivity.
  - destruct (st _); cbn; try tauto. intros X. apply in_map_iff in X as (j & <- & _). reflexivity.
  - intros [<-|[]]. reflexivity.
  - intros [<-|[]]. reflexivity.
  - destruct (on _) as [[id i]|]; cbn; [|tauto]. intros [<-|[]]. reflexivity.
Qed.

(** ** Views of other VMs *)
Ltac other I := apply view_frame; cbn; unfold upd; try reflexivity;
  repeat match goal with N : ?id <> ?j |- context [?id =? ?j] => rewrite (proj2 (Z.eqb_neq id j)
      N) end;
  try reflexivity; intros _ _; repeat split; intros; try reflexivity.

Lemma mine_other id j lo n x : id <> j -> mine j lo n (id, x) = false.
Proof. intros N. unfold mine. cbn [fst]. rewrite (proj2 (Z.eqb_neq id j) N). reflexivity. Qed.

Lemma view_other s k c id : Inv s -> check s k c = OK -> id <> target s k c ->
  same_view (view_of (apply_call s k c) id) (view_of s id).
Proof.
  intros I C N. destruct c; cbn [apply target] in *; try (apply same_refl).
  - unfold Top.check in C. apply first_error_cons in C as [_ C]. apply first_error_cons in C as [C
      _].
    assert (H1 : ps s root = Host) by (apply page_free, (pages_ok _ _ _ _ _ C); lia).
    assert (H2 : ps s (root + 1) = Host) by (apply page_free, (pages_ok _ _ _ _ _ C); lia).
    other I. apply (content_frame s); [assumption| |].
    + cbn. rewrite (proj2 (Z.eqb_neq id _) N). reflexivity.
    + cbn. intros p E. destruct (Z.eqb_spec p (root + 1));
        [congruence|]. destruct (Z.eqb_spec p root); congruence.
  - other I.
  - unfold Top.check in C. apply first_error_cons in C as [_ C]. apply first_error_cons in C as [C
      _].
    assert (H1 : ps s p = Host) by (apply page_free, (pages_ok _ _ _ _ _ C); lia).
    other I. apply (content_frame s); [assumption|reflexivity|]. cbn. intros q E.
    destruct (Z.eqb_spec q p); congruence.
  - assert (Hc : prot (vm s (byh s h)) = true -> ps s ctx = Host).
    { unfold Top.check in C. do 5 apply first_error_cons in C as [_ C]. apply first_error_cons in
        C as [C _].
      intros P. rewrite P in C. apply first_error_cons in C as [_ C]. apply first_error_cons in C
          as [C _].
      apply page_free, (pages_ok _ _ _ _ _ C). lia. }
    destruct (prot (vm s (byh s h))) eqn:P; (apply view_frame; cbn; try reflexivity; intros _ _;
        repeat split; intros).
    all: unfold upd2; try (rewrite (proj2 (Z.eqb_neq id _) N); reflexivity); try reflexivity.
    apply (content_frame s); [assumption|reflexivity|]. cbn. intros q E.
    destruct (Z.eqb_spec q ctx); [subst; rewrite Hc in E by reflexivity;
        discriminate | reflexivity].
  - unfold Top.check in C. do 3 apply first_error_cons in C as [_ C]. apply first_error_cons in C
      as [C _].
    assert (Hp : forall q, within p n q = true -> ps s q = Host)
      by (intros q W; apply within_spec in W; apply page_free, (pages_ok _ _ _ _ _ C W)).
    destruct (st (vm s (byh s h))); (apply view_frame; cbn; unfold upd;
      rewrite ?(proj2 (Z.eqb_neq id _) N); try reflexivity; intros _ _; repeat split; intros;
      rewrite ?(mine_other _ _ _ _ _ N); try reflexivity).
    all: apply (content_frame s); [assumption| cbn; rewrite (mine_other _ _ _ _ _ N);
        reflexivity |].
    all: cbn; intros q E; destruct (within p n q) eqn:W; try reflexivity; rewrite (Hp q W) in E;
        discriminate.
  - other I; rewrite ?(mine_other _ _ _ _ _ N); try reflexivity.
    apply (content_frame s); [assumption| cbn; rewrite (mine_other _ _ _ _ _ N);
        reflexivity | reflexivity].
  - other I; rewrite ?(mine_other _ _ _ _ _ N); try reflexivity.
    apply (content_frame s); [assumption| cbn; rewrite (mine_other _ _ _ _ _ N);
        reflexivity | reflexivity].
  - other I; rewrite ?(mine_other _ _ _ _ _ N); try reflexivity.
    apply (content_frame s); [assumption| cbn; rewrite (mine_other _ _ _ _ _ N);
        reflexivity | reflexivity].
  - destruct (sl s (byh s h) a) eqn:E; try apply same_refl. destruct (i_priv s I _ _ _ E) as (A &
      _).
    other I; rewrite ?(mine_other _ _ _ _ _ N); try reflexivity.
    apply (content_frame s); [assumption| cbn; rewrite (mine_other _ _ _ _ _ N); reflexivity |].
    cbn. intros q Eq. destruct (Z.eqb_spec q p); congruence.
  - other I; rewrite (proj2 (Z.eqb_neq id _) N); reflexivity.
  - unfold Top.check in C. do 3 apply first_error_cons in C as [_ C]. apply first_error_cons in C
      as [C _].
    apply must_ok in C; [|discriminate]. unfold owned_by in C.
    destruct (ps s p) eqn:E; try discriminate; apply Z.eqb_eq in C.
    + rewrite <- C in N. other I; rewrite ?(mine_other _ _ _ _ _ N); try reflexivity.
      apply (content_frame s); [assumption| cbn; rewrite (mine_other _ _ _ _ _ N); reflexivity |].
      cbn. intros q Eq. destruct (Z.eqb_spec q p); congruence.
    + other I. apply (content_frame s); [assumption|reflexivity|]. cbn. intros q Eq. destruct
        (Z.eqb_spec q p); congruence.
  - other I.
  - other I; unfold upd2; rewrite (proj2 (Z.eqb_neq id _) N); reflexivity.
  - destruct (on (cp s k)) as [[j i]|] eqn:O; [|apply same_refl].
    apply view_frame; try reflexivity. intros _ _. repeat split; intros; try reflexivity; cbn;
        unfold upd2; cases; reflexivity.
  - destruct (on (cp s k)) as [[j i]|] eqn:O; [|apply same_refl].
    apply view_frame; cbn -[rd]; unfold upd; rewrite ?(proj2 (Z.eqb_neq id _) N); try reflexivity.
    intros _ _; repeat split; intros; try reflexivity. unfold upd2. rewrite (proj2 (Z.eqb_neq id
        _) N). reflexivity.
Qed.

(** ** The view of the VM that the call is about *)
Lemma view_none s id : live (vm s id) && prot (vm s id) = false -> view_of s id = None.
Proof. unfold view_of. intros ->. reflexivity. Qed.

Lemma view_some s id : live (vm s id) = true -> prot (vm s id) = true -> view_of s id = Some (View
    (match st (vm s id) with New => false | _ => true end) (ram (vm s id)) (fun a => class_of (sl
        s id a))
    (content s id) (fun i => (has_run (vc s id i), power (vc s id i))) (cx s id)).
Proof. unfold view_of. intros -> ->. reflexivity. Qed.

Lemma same_some t id v : live (vm t id) = true -> prot (vm t id) = true ->
  match st (vm t id) with New => false | _ => true end = v_sealed v -> ram (vm t id) = v_ram v ->
  (forall a, class_of (sl t id a) = v_class v a) ->
  (forall a w, 0 <= w < 512 -> content t id a w = v_content v a w) ->
  (forall i, (has_run (vc t id i), power (vc t id i)) = v_vcpu v i) ->
  (forall i, cx t id i = v_cx v i) -> same_view (view_of t id) (Some v).
Proof. intros L P S R A B C D. rewrite view_some by assumption. cbn. auto 10. Qed.

Lemma nth_words s p w : 0 <= w < 512 -> nth (Z.to_nat w) (map (mem s p) (range 512)) 0 = mem s p w.
Proof.
  intros W. unfold range. rewrite map_map.
  rewrite (nth_indep _ 0 (mem s p (Z.of_nat 0))) by (rewrite map_length, seq_length; lia).
  rewrite (map_nth (fun j => mem s p (Z.of_nat j))), seq_nth by lia. f_equal. lia.
Qed.

Lemma existsb_range a n x : existsb (fun j => a + j =? x) (range n) = within a n x.
Proof.
  apply eq_true_iff_eq. rewrite existsb_exists, within_spec. split.
  - intros (j & I & E). apply in_range in I. apply Z.eqb_eq in E. lia.
  - intros W. exists (x - a). rewrite in_range, Z.eqb_eq. lia.
Qed.

(** A call that does not change the kind of any slot, nor anything else that the VM has. *)
Ltac frame_self I := apply view_frame; cbn; unfold upd; rewrite ?Z.eqb_refl; try reflexivity;
  intros _ P; repeat split; intros; try reflexivity.

Lemma view_donate s k h a p n : Inv s -> check s k (Donate h a p n) = OK ->
  same_view (view_of (apply_call s k (Donate h a p n)) (byh s h))
    (fold_left hear (call_flows s k (Donate h a p n)) (view_of s (byh s h))).
Proof.
  intros I C. unfold Top.check in C. conditions C. clear G4. bools. set (id := byh s h) in *.
  assert (Lv : live (vm s id) = true) by assumption. assert (Pr : prot (vm s id) = true) by
      assumption.
  pose proof (leaf_ok_n _ _ _ G) as Nn.
  assert (Un : forall x, a <= x < a + n -> sl s id x = Unused) by (intros x W;
      apply (unused_ok _ _ _ _ _ G3 Nn W)).
  assert (Hp : forall q, within p n q = true -> ps s q = Host)
    by (intros q W; apply within_spec in W; apply page_free, (pages_ok _ _ _ _ _ G2 W)).
  assert (Sl : forall x, mine id a n (id, x) = within a n x)
    by (intros x; unfold mine; cbn [fst snd]; rewrite Z.eqb_refl; reflexivity).
  (* content of other ipas *)
  assert (Oc : forall x w, within a n x = false -> match sl s id x with Private q =>
      if within p n q then 0 else mem s q w | _ => 0 end = content s id x w).
  { intros x w W. unfold content. destruct (sl s id x) eqn:E; try reflexivity.
    destruct (within p n p0) eqn:W2; [|reflexivity]. destruct (i_priv s I _ _ _ E) as (A & _).
    rewrite (Hp _ W2) in A. discriminate. }
  rewrite (view_some s id Lv Pr). cbn [call_flows]. fold id.
  destruct (st (vm s id)) eqn:St; try (unfold live in Lv; rewrite St in Lv; discriminate).
  - destruct (hear_images id a (fun j => map (mem s (p + j)) (range 512)) (range n)
      (View false (ram (vm s id)) (fun a => class_of (sl s id a)) (content s id)
        (fun i => (has_run (vc s id i), power (vc s id i))) (cx s id))) as (c & -> & Ec).
    cbn [v_sealed v_ram v_class v_vcpu v_cx v_content] in *.
    apply same_some; cbn [apply]; fold id; rewrite St; cbn; unfold upd; rewrite ?Z.eqb_refl; cbn;
        auto.
    + unfold live; cbn. rewrite St. reflexivity.
    + intros x. rewrite Sl. destruct (within a n x) eqn:W; [|reflexivity].
      apply within_spec in W. rewrite (Un x W). reflexivity.
    + intros x w B. rewrite Ec, existsb_range. unfold content. cbn. rewrite Sl.
      destruct (within a n x) eqn:W; [|reflexivity]. rewrite nth_words by assumption. reflexivity.
  - cbn [fold_left].
    apply same_some; cbn [apply]; fold id; rewrite St; cbn; unfold upd; rewrite ?Z.eqb_refl; cbn;
        auto.
    + unfold live; cbn. rewrite St. reflexivity.
    + intros x. rewrite Sl. destruct (within a n x) eqn:W; [|reflexivity].
      apply within_spec in W. rewrite (Un x W). reflexivity.
    + intros x w B. unfold content at 1. cbn. rewrite Sl. destruct (within a n x) eqn:W;
        [|apply Oc; assumption].
      apply within_spec in W. unfold content. rewrite (Un x W).
      assert (T : within p n (p + (x - a)) = true) by (apply within_spec;
          lia). rewrite T. reflexivity.
Qed.

Theorem view_target s k c : Inv s -> check s k c = OK ->
  same_view (view_of (apply_call s k c) (target s k c))
    (fold_left hear (call_flows s k c) (view_of s (target s k c))).
Proof.
  intros I C. destruct c; cbn [target].
  - apply same_refl.
  - (* Create *) cbn [apply call_flows]. destruct prot.
    + cbn [fold_left hear]. apply same_some; cbn; unfold upd; rewrite ?Z.eqb_refl;
        reflexivity || (intros; rewrite ?Z.eqb_refl; try reflexivity).
      unfold content. cbn. rewrite Z.eqb_refl. reflexivity.
    + cbn [fold_left]. rewrite !view_none; [exact Logic.I| |].
      * unfold live. rewrite (i_new s I) by lia. reflexivity.
      * cbn. unfold upd. rewrite Z.eqb_refl. reflexivity.
  - (* Ram *) unfold Top.check in C. conditions C. bools. cbn [call_flows fold_left]. set (id
      := byh s h) in *.
    rewrite (view_some s id) by assumption. cbn [hear v_sealed v_ram v_class v_content v_vcpu v_cx].
    apply same_some; cbn [apply]; fold id; cbn; unfold upd; rewrite ?Z.eqb_refl; cbn; auto.
  - (* Table *) unfold Top.check in C. conditions C.
    assert (H1 : ps s p = Host) by (apply page_free, (pages_ok _ _ _ _ _ G0); lia).
    cbn [call_flows fold_left apply]. frame_self I.
    apply (content_frame s); [assumption|reflexivity|]. cbn. intros q E. destruct (Z.eqb_spec q
        p); congruence.
  - (* Vcpu_create *)
    unfold Top.check in C. conditions C. bools. cbn [call_flows fold_left apply]. set (id
        := byh s h) in *.
    destruct (prot (vm s id)) eqn:P; cbn [negb orb].
    + apply first_error_cons in G4 as [_ G4]. apply first_error_cons in G4 as [G4 _].
      assert (Hc : ps s ctx = Host) by (apply page_free, (pages_ok _ _ _ _ _ G4); lia).
      rewrite (view_some s id) by assumption. cbn [hear v_sealed v_ram v_class v_content v_vcpu
          v_cx].
      apply same_some; cbn; auto.
      * intros a w _. apply (content_frame s); [assumption|reflexivity|]. cbn. intros q E.
        destruct (Z.eqb_spec q ctx); congruence.
      * intros j. unfold upd, upd2. rewrite Z.eqb_refl. destruct (j =? i); reflexivity.
      * intros j. unfold upd, upd2. rewrite Z.eqb_refl. destruct (j =? i); reflexivity.
    + rewrite (view_none s id) by (rewrite P; apply andb_false_r). cbn [hear].
      rewrite view_none; [exact Logic.I|]. cbn. rewrite P. apply andb_false_r.
  - apply view_donate; assumption.
  - (* Lend *) unfold Top.check in C. conditions C. cbn [call_flows fold_left apply]. set (id
      := byh s h) in *.
    apply andb_true_iff in G as [G _]. pose proof (leaf_ok_n _ _ _ G) as Nn.
    assert (Sl : forall x, prot (vm s id) = true -> within a n x = true -> sl s id x = Shared).
    { intros x P W. rewrite P in G2. apply within_spec in W. unfold must_shared in G2.
      destruct Nn as [-> | ->]; cbn in G2; [|discriminate]. assert (x = a) as -> by lia.
      destruct (sl s id a); (discriminate || reflexivity). }
    frame_self I.
    + unfold mine. cbn [fst snd]. rewrite Z.eqb_refl. cbn. destruct (within a n a0) eqn:W;
        [|reflexivity].
      rewrite (Sl _ P W). reflexivity.
    + unfold content. cbn. unfold mine. cbn [fst snd]. rewrite Z.eqb_refl. cbn.
      destruct (within a n a0) eqn:W; [|reflexivity]. rewrite (Sl _ P W). reflexivity.
  - (* Unlend *) cbn [call_flows fold_left apply]. frame_self I.
    + rewrite P. destruct (mine _ _ _ _); [|reflexivity]. destruct (sl s (byh s h) a0); reflexivity.
    + unfold content. cbn. rewrite P. destruct (mine _ _ _ _);
        [|reflexivity]. destruct (sl s (byh s h) a0); reflexivity.
  - (* Lend_prot *) cbn [call_flows fold_left apply]. frame_self I.
    + destruct (mine _ _ _ _); [|reflexivity]. destruct (sl s (byh s h) a0); reflexivity.
    + unfold content. cbn. destruct (mine _ _ _ _); [|reflexivity]. destruct (sl s (byh s h) a0);
        reflexivity.
  - (* Force_reclaim *) unfold Top.check in C. conditions C. bools. cbn [call_flows fold_left
      apply]. set (id := byh s h) in *.
    destruct (sl s id a) eqn:E; try discriminate. destruct (i_priv s I _ _ _ E) as (A & P & _).
    rewrite (view_some s id) by assumption. cbn [hear v_sealed v_ram v_class v_content v_vcpu v_cx].
    assert (Sl : forall x, mine id a 1 (id, x) = (x =? a)).
    { intros x. apply eq_true_iff_eq. rewrite mine_spec, Z.eqb_eq. lia. }
    apply same_some; cbn; unfold upd; rewrite ?Z.eqb_refl; cbn; auto.
    + intros x. rewrite Sl. destruct (x =? a); reflexivity.
    + intros x w _. unfold content. cbn. rewrite Sl. destruct (Z.eqb_spec x a); [reflexivity|].
      destruct (sl s id x) eqn:E2; try reflexivity. destruct (i_priv s I _ _ _ E2) as (A2 & _).
      destruct (Z.eqb_spec p0 p); [|reflexivity]. subst. congruence.
  - (* Teardown *) unfold Top.check in C. conditions C. bools. cbn [call_flows fold_left]. set (id
      := byh s h) in *.
    rewrite (view_none (apply_call _ _ _)).
    + destruct (view_of s id); exact Logic.I.
    + cbn [apply]. fold id. cbn. unfold upd. rewrite Z.eqb_refl. reflexivity.
  - (* Reclaim *) unfold Top.check in C. conditions C. cbn [call_flows fold_left]. set (id
      := byh s h) in *.
    assert (V : vm (apply_call s k (Reclaim h p)) id = vm s id) by (cbn [apply];
        destruct (ps s p); reflexivity).
    rewrite !view_none; [exact Logic.I|..]; rewrite ?V; unfold live; destruct (st (vm s id));
        try discriminate; reflexivity.
  - (* Free *) unfold Top.check in C. conditions C. cbn [call_flows fold_left]. set (id
      := byh s h) in *.
    rewrite !view_none; [exact Logic.I|..].
    + unfold live; destruct (st (vm s id)); try discriminate; reflexivity.
    + cbn [apply]. fold id. cbn. unfold upd. rewrite Z.eqb_refl. reflexivity.
  - apply same_refl.
  - (* Vcpu_load *) cbn [call_flows fold_left apply].
    apply view_frame; try reflexivity. intros _ _. repeat split; intros; try reflexivity; cbn;
        unfold upd2; cases; reflexivity.
  - (* Vcpu_put *) cbn [call_flows fold_left apply]. destruct (on (cp s k)) as [[j i]|];
      [|apply same_refl].
    apply view_frame; try reflexivity. intros _ _. repeat split; intros; try reflexivity; cbn;
        unfold upd2; cases; reflexivity.
  - (* Vcpu_run *) cbn [call_flows apply]. destruct (on (cp s k)) as [[id i]|] eqn:O;
      [|apply same_refl].
    pose proof (inv_on_live s k id i I O) as Lv. cbn [fold_left].
    change (view_of (set_cp (enter nxt s id i) k (Cpu (Some (id,
        i)) true (hregs (cp s k)))) id) with (view_of (enter nxt s id i) id).
    destruct (prot (vm s id)) eqn:P.
    + rewrite (view_some s id) by assumption. cbn [hear v_sealed v_ram v_class v_content v_vcpu
        v_cx].
      unfold enter. rewrite P. set (f := File _ _). clearbody f.
      apply same_some; cbn; unfold upd, upd2; rewrite ?Z.eqb_refl; cbn; auto.
    + rewrite (view_none s id) by (rewrite P; apply andb_false_r). cbn [hear].
      rewrite view_none; [exact Logic.I|]. unfold enter, set_cx. cbn [vm]. rewrite prot_set_life,
          P. apply andb_false_r.
Qed.

(** ** A step of KServ changes the view of a VM by what it tells that VM, and by nothing else. *)
Theorem kserv_view s k id : Inv s ->
  same_view (view_of (kserv_step npfn prg nxt pc start legal s k) id)
    (fold_left hear (to_vm id (kserv_flows npfn prg pc legal s k)) (view_of s id)).
Proof.
  intros I. unfold kserv_step, kserv_flows.
  destruct (fetched s (pc (hregs (cp s k)))) as [w|] eqn:Fe.
  2: { unfold kserv_act. rewrite Fe. apply same_refl. }
  destruct (kserv_act prg pc s k) eqn:A; try apply same_refl.
  - destruct (hosts (ps s (x / 512))) eqn:Hp; [|apply same_refl].
    cbn [to_vm filter fold_left]. apply view_frame; try reflexivity. intros _ _. repeat split;
        intros; try reflexivity.
    apply (content_frame s); [assumption|reflexivity|]. intros q E. cbn. unfold upd2.
    destruct (Z.eqb_spec q (x / 512)); [subst; rewrite E in Hp; discriminate | reflexivity].
  - destruct (check s k c =? OK) eqn:C; [|apply same_refl]. apply Z.eqb_eq in C.
    change (same_view (view_of (apply_call s k c) id) (fold_left hear (to_vm id (call_flows s k
        c)) (view_of s id))).
    destruct (Z.eq_dec id (target s k c)) as [-> | N].
    + rewrite to_vm_all by (intros f; apply flows_target). apply view_target; assumption.
    + rewrite (to_vm_none _ (target s k c)) by (auto; intros f; apply flows_target).
      apply view_other; assumption.
Qed.
End KservView.
