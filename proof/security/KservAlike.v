(** * What KServ has determines what KServ can do and learn

    From two states that are alike for KServ, every call has the same status and the same result,
    and leads to alike states: the private parts of protected VMs have no influence. *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.security Require Export InvStep.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

(** Everything that KServ has of [s] becomes what it has of [t]. *)
Ltac al H := rewrite ?(a_byh _ _ H), ?(a_vm _ _ H), ?(a_vc _ _ H), ?(a_sl _ _ H), ?(a_cp _ _ H),
  ?(a_ps _ _ H), ?(a_nvm _ _ H).

Lemma alike_refl s : kserv_alike s s.
Proof. split; reflexivity. Qed.

Lemma alike_sym s t : kserv_alike s t -> kserv_alike t s.
Proof.
  intros H. split; intros; symmetry; try apply H.
  - rewrite (a_ps _ _ H). assumption.
  - rewrite (a_vm _ _ H). assumption.
Qed.

Section KservAlike.
Variable npfn : Z.
Variable prg : Z -> Z -> file -> Z -> act.
Variable nxt : Z -> Z -> file -> Z -> input -> file.
Variable pc : file -> Z.
Variable start : Z -> list Z -> list Z.
Variable legal : list Z -> bool.
Notation check := (check npfn legal).
Notation apply_call := (apply npfn nxt start).

Section Two.
Variables s t : state.
Hypothesis H : kserv_alike s t.

Lemma eq_pages p n b : must_pages s p n b = must_pages t p n b.
Proof. unfold must_pages. f_equal. apply map_ext. intros j. al H. reflexivity. Qed.

Lemma eq_any f : any_page npfn s f = any_page npfn t f.
Proof. unfold any_page. induction (range npfn); cbn; [reflexivity|]. al H. congruence. Qed.

Lemma eq_handle : free_handle s = free_handle t.
Proof.
  unfold free_handle. induction (map (Z.add 1) (range 255)); cbn; [reflexivity|]. al H.
  destruct (byh t a =? 0); congruence.
Qed.

Lemma eq_loaded id : loaded s id = loaded t id.
Proof. unfold loaded. induction (range 16); cbn; [reflexivity|]. al H. congruence. Qed.

Lemma eq_slots id a n : must_slots s id a n = must_slots t id a n.
Proof.
  unfold must_slots. al H. destruct (n =? 512); [|reflexivity]. do 2 f_equal.
  induction (range n); cbn; [reflexivity|]. al H. congruence.
Qed.

Lemma eq_shared id a n : must_shared s id a n = must_shared t id a n.
Proof. unfold must_shared. al H. reflexivity. Qed.

Lemma eq_run_page id i : run_page s id i = run_page t id i.
Proof. unfold run_page. al H. reflexivity. Qed.

Lemma eq_rd p w n : hosts (ps s p) = true -> rd s p w n = rd t p w n.
Proof. intros A. apply map_ext. intros j. apply (a_mem _ _ H). exact A. Qed.

Lemma eq_entry r i : hosts (ps s r) = true -> entry s r i = entry t r i.
Proof. intros A. unfold entry. destruct (i =? 0); [|reflexivity]. apply map_ext. intros j. apply
    (a_mem _ _ H). exact A. Qed.

Lemma eq_sweep m id c a e : sweep m s id c a e = sweep m t id c a e.
Proof. revert a. induction m; intros a; cbn; [reflexivity|]. al H. rewrite IHm. reflexivity. Qed.

Lemma eq_stop id c a n : stop npfn s id c a n = stop npfn t id c a n.
Proof. unfold stop. rewrite eq_any, eq_sweep. reflexivity. Qed.

Lemma eq_count f f' (l : list Z) : (forall x : Z, f x = f' x) -> count f l = count f' l.
Proof. intros E. unfold count. do 2 f_equal. apply filter_ext. exact E. Qed.

Lemma eq_result c : result npfn s c = result npfn t c.
Proof.
  destruct c; unfold result; al H; try reflexivity; try apply eq_stop.
  - destruct (item =? 6); apply eq_count; intros x; al H; reflexivity.
  - rewrite eq_handle. reflexivity.
Qed.

Lemma hosts_run k id i : Inv s -> on (cp s k) = Some (id,
    i) -> hosts (ps s (run_page s id i)) = true.
Proof.
  intros I O. destruct (i_on s I _ _ _ O) as (_ & p & R). unfold run_page. rewrite R.
  rewrite (proj1 (i_run s I _ _ _ R)). reflexivity.
Qed.

Theorem eq_check k c : Inv s -> check s k c = check t k c.
Proof.
  intros I. destruct c; unfold Top.check; rewrite ?eq_pages, ?eq_any, ?eq_handle, ?eq_loaded,
      ?eq_slots, ?eq_shared;
    al H; rewrite ?eq_pages, ?eq_any, ?eq_loaded, ?eq_slots, ?eq_shared; try reflexivity.
  destruct (on (cp t k)) as [[id i]|] eqn:O; [|reflexivity]. al H.
  rewrite <- (a_cp _ _ H) in O. rewrite eq_rd by (apply (hosts_run k); assumption).
  rewrite eq_run_page. reflexivity.
Qed.

(** ** Building blocks *)
Lemma al_set_hregs k f : kserv_alike (set_hregs s k f) (set_hregs t k f).
Proof. split; cbn; try apply H. intros k'. unfold upd. al H. reflexivity. Qed.

Lemma al_wr p w v : kserv_alike (wr s p w v) (wr t p w v).
Proof. split; cbn; try apply H. intros q x A. unfold upd2. destruct (_ && _);
    [reflexivity|]. apply H, A. Qed.

Lemma al_set_vm id v : prot v = prot (vm s id) -> kserv_alike (set_vm s id v) (set_vm t id v).
Proof.
  intros P. split; cbn; try apply H; unfold upd.
  - intros j. al H. reflexivity.
  - intros j i A. apply (a_cx _ _ H). destruct (Z.eqb_spec j id); subst; congruence.
Qed.

Lemma al_use_tables id a n : kserv_alike (use_tables s id a n) (use_tables t id a n).
Proof. unfold use_tables. al H. apply al_set_vm. al H. reflexivity. Qed.

Lemma al_set_life id l : kserv_alike (set_life s id l) (set_life t id l).
Proof. unfold set_life. al H. apply al_set_vm. al H. reflexivity. Qed.

Lemma al_take p x : kserv_alike (take s p x) (take t p x).
Proof.
  split; cbn; try apply H; unfold upd.
  - intros q. al H. reflexivity.
  - intros q w A. destruct (q =? p); [reflexivity|]. apply H, A.
Qed.

Lemma al_slots f : kserv_alike (set_sl s (fun j x => f j x (sl s j x))) (set_sl t (fun j x => f j
    x (sl t j x))).
Proof. split; cbn; try apply H. intros j x. al H. reflexivity. Qed.

Lemma al_on_slots id lo n f : kserv_alike (on_slots s id lo n f) (on_slots t id lo n f).
Proof. apply (al_slots (fun j x y => if mine id lo n (j, x) then f y else y)). Qed.

Lemma al_set_ps f : (forall p, hosts (f p (ps s p)) = true -> hosts (ps s p) = true) ->
  kserv_alike (set_ps s (fun p => f p (ps s p))) (set_ps t (fun p => f p (ps t p))).
Proof.
  intros F. split; cbn; try apply H.
  - intros p. al H. reflexivity.
  - intros p w A. apply H, F, A.
Qed.

Lemma al_set_mem f g : (forall p w, hosts (ps s p) = true -> f p w = g p w)
    -> kserv_alike (set_mem s f) (set_mem t g).
Proof. intros F. split; cbn; try apply H. exact F. Qed.

Lemma al_set_cp k c : kserv_alike (set_cp s k c) (set_cp t k c).
Proof. split; cbn; try apply H. intros k'. unfold upd. al H. reflexivity. Qed.

Lemma al_set_vc id i v : kserv_alike (set_vc s id i v) (set_vc t id i v).
Proof. split; cbn; try apply H. intros j x. unfold upd2. al H. reflexivity. Qed.

Lemma al_set_cx id i c d : (prot (vm s id) = false -> c = d)
    -> kserv_alike (set_cx s id i c) (set_cx t id i d).
Proof.
  intros E. split; cbn; try apply H. intros j x A. unfold upd2.
  destruct ((j =? id) && (x =? i)) eqn:B; [|apply H, A].
  apply andb_true_iff in B as [B _]. apply Z.eqb_eq in B. subst. auto.
Qed.
End Two.

Lemma hosts_unlisted id lo n x : hosts (unlisted id lo n x) = hosts x.
Proof. destruct x; try reflexivity. cbn. destruct (filter _ _); reflexivity. Qed.

Lemma al_unlend s t id lo n f : kserv_alike s t -> kserv_alike (unlend s id lo n f) (unlend t id
    lo n f).
Proof.
  intros H. unfold unlend. apply al_on_slots, (al_set_ps s t H (fun _ x => unlisted id lo n x)).
  intros p. rewrite hosts_unlisted. auto.
Qed.

Lemma prot_set_life s id l j : prot (vm (set_life s id l) j) = prot (vm s j).
Proof. unfold set_life, set_vm, upd. cbn [vm]. destruct (Z.eqb_spec j id); subst; reflexivity. Qed.

Lemma al_enter s t k id i : kserv_alike s t -> Inv s -> on (cp s k) = Some (id, i) ->
  kserv_alike (enter nxt s id i) (enter nxt t id i).
Proof.
  intros H I O. unfold enter. apply al_set_cx; [apply al_set_life; assumption|].
  rewrite prot_set_life. intros P. rewrite <- (a_vm _ _ H),
      P. rewrite (eq_run_page s t H). rewrite !(eq_rd s t H); [reflexivity|..];
    rewrite <- (eq_run_page s t H); apply (hosts_run s k); assumption.
Qed.

Theorem al_apply s t k c : kserv_alike s t -> Inv s -> check s k c = OK ->
  kserv_alike (apply_call s k c) (apply_call t k c).
Proof.
  intros H I C. destruct c; cbn [apply].
  - exact H.
  - rewrite (a_nvm _ _ H). set (j := nvm t + 1).
    pose proof (al_take _ _ (al_take s t H root (Vmcore j)) (root + 1) (Vmcore j)) as A.
    set (s1 := take (take s root (Vmcore j)) (root + 1) (Vmcore j)) in *.
    set (t1 := take (take t root (Vmcore j)) (root + 1) (Vmcore j)) in *. clearbody s1 t1.
    rewrite (eq_handle s1 t1 A).
    split; cbn; unfold upd; try apply A.
    + intros id. rewrite (a_vm _ _ A). reflexivity.
    + intros id i. rewrite (a_vc _ _ A). reflexivity.
    + intros id i. destruct (Z.eqb_spec id j); [reflexivity|]. apply A.
    + intros id a. rewrite (a_sl _ _ A). reflexivity.
    + intros h. destruct (find _ _); rewrite (a_byh _ _ A); reflexivity.
    + reflexivity.
  - al H. apply al_set_vm; [assumption|]. cbn. al H. reflexivity.
  - al H. apply al_take, al_set_vm; [assumption|]. cbn. al H. reflexivity.
  - assert (Hr : hosts (ps s run) = true).
    { unfold Top.check in C. do 4 apply first_error_cons in C as [_ C]. apply first_error_cons in
        C as [C _].
      rewrite (page_free (ps s run)); [reflexivity|]. apply (pages_ok _ _ _ _ _ C). lia. }
    al H. rewrite (eq_entry s t H _ _ Hr). set (id := byh t h).
    assert (A : forall v l, kserv_alike (set_cx (set_vc s id i v) id i l) (set_cx (set_vc t id i
        v) id i l))
      by (intros; apply al_set_cx; [apply al_set_vc; assumption | reflexivity]).
    destruct (prot (vm t id)) eqn:P.
    + apply (al_set_ps _ _ (al_take _ _ (A _ _) ctx (Vmcore id)) (fun p x => if p =? run
        then Pinned id i else x)).
      intros p. cbn. unfold upd. destruct (Z.eqb_spec p run) as [-> | N]; [|auto]. intros _.
      destruct (Z.eqb_spec run ctx) as [E|N]; [|assumption]. subst.
      unfold Top.check in C. do 5 apply first_error_cons in C as [_ C]. apply first_error_cons in
          C as [C _].
      fold id in P. rewrite (a_byh _ _ H), (a_vm _ _ H) in C. fold id in C. rewrite P,
          Z.eqb_refl in C. discriminate.
    + apply (al_set_ps _ _ (A _ _) (fun p x => if p =? run then Pinned id i else x)).
      intros p. cbn. destruct (Z.eqb_spec p run); subst; auto.
  - al H. set (id := byh t h).
    pose proof (al_use_tables s t H id a n) as A. set (s1 := use_tables s id a n) in *. set (t1
        := use_tables t id a n) in *.
    change (ps s) with (ps s1). change (ps t) with (ps t1). change (sl s) with (sl s1). change (sl
        t) with (sl t1).
    change (mem s) with (mem s1). change (mem t) with (mem t1). clearbody s1 t1.
    assert (A2 : kserv_alike (set_ps s1 (fun q => if within p n q then Vm id (a + (q - p))
        else ps s1 q))
                             (set_ps t1 (fun q => if within p n q then Vm id (a + (q - p))
                                 else ps t1 q))).
    { apply (al_set_ps s1 t1 A (fun q x => if within p n q then Vm id (a + (q - p)) else x)).
      intros q. destruct (within p n q); [discriminate | auto]. }
    destruct (st (vm t id)).
    2: apply (al_slots _ _ A2 (fun j x y => if mine id a n (j,
        x) then Private (p + (x - a)) else y)).
    all: refine (al_slots _ _ (al_set_mem _ _ A2 _ _ _) (fun j x y => if mine id a n (j,
        x) then Private (p + (x - a)) else y));
      intros q w; cbn; destruct (within p n q); [discriminate | apply A].
  - al H. set (id := byh t h).
    pose proof (al_use_tables s t H id a n) as A. set (s1 := use_tables s id a n) in *. set (t1
        := use_tables t id a n) in *.
    change (ps s) with (ps s1). change (ps t) with (ps t1). change (sl s) with (sl s1). change (sl
        t) with (sl t1).
    assert (L : forall q, within p n q = true -> hosts (ps s1 q) = true).
    { intros q W. apply within_spec in W. unfold Top.check in C. do 2 apply first_error_cons in C
        as [_ C].
      apply first_error_cons in C as [C _]. change (ps s1) with (ps s).
      destruct (page_lendable _ (pages_ok _ _ _ _ _ C W)) as [-> | [l ->]]; reflexivity. }
    clearbody s1 t1.
    refine (al_slots _ _ (al_set_ps s1 t1 A (fun q x => if within p n q
      then Lent ((id, a + (q - p)) :: match x with Lent l => l | _ => [] end) else x) _)
      (fun j x y => if mine id a n (j, x) then LentAt (p + (x - a)) pr else y)).
    intros q. cbn. destruct (within p n q) eqn:W; [|auto]. intros _. apply L, W.
  - al H. rewrite (eq_stop s t H). apply al_unlend; assumption.
  - al H. rewrite (eq_stop s t H). apply al_on_slots; assumption.
  - al H. destruct (sl t (byh t h) a); try assumption.
    apply al_on_slots, al_take, al_use_tables; assumption.
  - al H. set (id := byh t h). pose proof (al_set_life s t H id Dying) as A.
    set (s1 := set_life s id Dying) in *. set (t1 := set_life t id Dying) in *. clearbody s1 t1.
    split; cbn; try apply A.
    + intros p. rewrite (a_ps _ _ A). reflexivity.
    + intros p w E. apply A. destruct (ps s1 p); auto.
    + intros j i. rewrite (a_vc _ _ A). reflexivity.
  - al H. destruct (ps t p) eqn:E; try (apply al_take; assumption).
    apply al_on_slots, al_take; assumption.
  - al H. set (id := byh t h). pose proof (al_set_life s t H id Gone) as A.
    set (s1 := set_life s id Gone) in *. set (t1 := set_life t id Gone) in *. clearbody s1 t1.
    split; cbn; try apply A. intros h'. unfold upd. rewrite (a_byh _ _ A). reflexivity.
  - exact H.
  - al H. apply al_set_cp. unfold set_tok. al H. apply al_set_vc; assumption.
  - al H. destruct (on (cp t k)) as [[j i]|]; [|assumption].
    apply al_set_cp. unfold set_tok. al H. apply al_set_vc; assumption.
  - destruct (on (cp s k)) as [[j i]|] eqn:O; rewrite (a_cp _ _ H) in O; rewrite O; [|assumption].
    al H. apply al_set_cp. apply (al_enter s t k); [assumption..|]. al H. exact O.
Qed.

Lemma eq_fetched s t x : kserv_alike s t -> fetched s x = fetched t x.
Proof.
  intros H. unfold fetched. rewrite <- (a_ps _ _ H). destruct (hosts (ps s (x / 512))) eqn:E;
      [|reflexivity].
  rewrite (a_mem _ _ H _ _ E). reflexivity.
Qed.

Lemma eq_kserv_act s t k : kserv_alike s t -> kserv_act prg pc s k = kserv_act prg pc t k.
Proof. intros H. unfold kserv_act. rewrite (eq_fetched s t _ H). al H. reflexivity. Qed.

Theorem al_kserv s t k : kserv_alike s t -> Inv s ->
  kserv_alike (kserv_step npfn prg nxt pc start legal s k) (kserv_step npfn prg nxt pc start legal
      t k).
Proof.
  intros H I. unfold kserv_step. rewrite (eq_kserv_act s t k H), (eq_fetched s t _ H). al H.
  destruct (fetched t (pc (hregs (cp t k)))) as [w|]; [|apply al_set_hregs; assumption].
  destruct (kserv_act prg pc t k); try (apply al_set_hregs; assumption).
  - rewrite (eq_fetched s t _ H). apply al_set_hregs; assumption.
  - rewrite (a_ps _ _ H). destruct (hosts _); apply al_set_hregs; [apply al_wr|]; assumption.
  - rewrite <- (eq_check s t H k c I), (eq_result s t H). destruct (Z.eqb_spec (check s k c) OK)
      as [E|E].
    + apply al_set_hregs, al_apply; assumption.
    + apply al_set_hregs; assumption.
Qed.
End KservAlike.
