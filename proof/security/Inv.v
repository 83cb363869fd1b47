(** * The invariant of the abstract machine, kept by every step

    A private page has one owner and one place; a lent page knows who maps it; a run page is
    pinned for its vCPU; a vCPU is loaded by the CPU that its token names; numbers of VMs that do
    not exist yet are unused. *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.security Require Export Statement.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

Record Inv (s : state) : Prop := {
  i_priv : forall id a p, sl s id a = Private p ->
    ps s p = Vm id a /\ prot (vm s id) = true /\ in_ram (vm s id) a = true;
  i_lent : forall id a p pr, sl s id a = LentAt p pr -> exists l, ps s p = Lent l /\ In (id, a) l;
  i_run : forall id i p, runp (vc s id i) = Some p ->
    ps s p = Pinned id i /\ live (vm s id) = true /\ 0 <= i < 16;
  i_on : forall k id i, on (cp s k) = Some (id, i) ->
    tok (vc s id i) = Some k /\ exists p, runp (vc s id i) = Some p;
  i_new : forall id, id <= 0 \/ nvm s < id -> st (vm s id) = Absent;
  i_nvm : 0 <= nvm s }.

(** ** Small facts *)
Lemma within_spec a n x : within a n x = true <-> a <= x < a + n.
Proof. unfold within. rewrite andb_true_iff, Z.leb_le, Z.ltb_lt. reflexivity. Qed.

Lemma mine_spec id lo n j x : mine id lo n (j, x) = true <-> j = id /\ lo <= x < lo + n.
Proof. unfold mine. cbn [fst snd]. rewrite andb_true_iff, Z.eqb_eq, within_spec. reflexivity. Qed.

Lemma in_range n j : In j (range n) <-> 0 <= j < n.
Proof.
  unfold range. rewrite in_map_iff. split.
  - intros (m & <- & H). apply in_seq in H. lia.
  - intros H. exists (Z.to_nat j). rewrite in_seq. lia.
Qed.

Lemma first_error_cons e r : first_error (e :: r) = OK -> e = OK /\ first_error r = OK.
Proof.
  unfold first_error. cbn [fold_right]. destruct (Z.eqb_spec e OK); tauto.
Qed.

Lemma first_error_all l : first_error l = OK -> forall e, In e l -> e = OK.
Proof.
  induction l as [|x r IH]; cbn [In]; [tauto|]. intros H e [->|I].
  - apply first_error_cons in H. tauto.
  - apply first_error_cons in H. apply IH; tauto.
Qed.

Lemma must_ok b e : must b e = OK -> e <> OK -> b = true.
Proof. destruct b; cbn; congruence. Qed.

Lemma pages_ok s p n b q : must_pages s p n b = OK -> p <= q < p + n -> must_page b (ps s q) = OK.
Proof.
  intros H I. apply (first_error_all _ H). apply in_map_iff. exists (q - p). rewrite in_range.
  split; [f_equal; f_equal; lia | lia].
Qed.

Lemma page_free x : must_page false x = OK -> x = Host.
Proof. destruct x; cbn; (discriminate || reflexivity). Qed.

Lemma page_lendable x : must_page true x = OK -> x = Host \/ exists l, x = Lent l.
Proof. destruct x; cbn; (discriminate || eauto). Qed.

(** A granted call: all its conditions as hypotheses. *)
Ltac conditions H :=
  repeat match type of H with
  | first_error (_ :: _) = OK => let H1 := fresh "G" in apply first_error_cons in H as [H1 H];
      try (apply must_ok in H1; [|discriminate])
  end; clear H.

Ltac bools := repeat match goal with
  | H : _ && _ = true |- _ => apply andb_true_iff in H as [? ?]
  | H : negb _ = true |- _ => apply negb_true_iff in H
  | H : must_live _ = OK |- _ => apply first_error_cons in H as [?H H];
      apply first_error_cons in H as [?H _]
  | H : must_protected _ = OK |- _ => apply first_error_cons in H as [?H H];
      apply first_error_cons in H as [?H _]
  | H : must _ _ = OK |- _ => apply must_ok in H; [|discriminate]
  end.

(** Case analysis on the comparisons of updates. *)
Ltac case_bool b := let B := fresh "B" in destruct b eqn:B.
Ltac cases := repeat match goal with
  | |- context [?a =? ?b] => destruct (Z.eqb_spec a b); cbn [andb] in *
  | |- context [if mine ?a ?b ?c ?d then _ else _] => case_bool (mine a b c d)
  | |- context [if within ?a ?b ?c then _ else _] => case_bool (within a b c)
  | H : context [?a =? ?b] |- _ => destruct (Z.eqb_spec a b); cbn [andb] in *
  | H : context [if mine ?a ?b ?c ?d then _ else _] |- _ => case_bool (mine a b c d)
  | H : context [if within ?a ?b ?c then _ else _] |- _ => case_bool (within a b c)
  end; subst.

(** ** Steps that leave page states, slots, VMs, vCPUs and tokens alone *)
Lemma inv_frame s t :
  (forall p, ps t p = ps s p) -> (forall id a, sl t id a = sl s id a) -> (forall id,
      vm t id = vm s id) ->
  (forall id i, runp (vc t id i) = runp (vc s id i) /\ tok (vc t id i) = tok (vc s id i)) ->
  (forall k, on (cp t k) = on (cp s k)) -> nvm t = nvm s -> Inv s -> Inv t.
Proof.
  intros P S M C O N I. split.
  - intros id a p. rewrite S, P, M. apply (i_priv s I).
  - intros id a p pr. rewrite S, P. apply (i_lent s I).
  - intros id i p. destruct (C id i) as [-> _]. rewrite P, M. apply (i_run s I).
  - intros k id i. rewrite O. destruct (C id i) as [-> ->]. apply (i_on s I).
  - intros id. rewrite N, M. apply (i_new s I).
  - rewrite N. apply (i_nvm s I).
Qed.

Ltac frame I := apply (inv_frame _ _) with (7 := I); cbn; intros; try split; unfold upd, upd2; cbn;
  try (cases; reflexivity).

Lemma inv_set_hregs s k f : Inv s -> Inv (set_hregs s k f).
Proof. intros I. frame I. Qed.

Lemma inv_wr s p w v : Inv s -> Inv (wr s p w v).
Proof. intros I. frame I; reflexivity. Qed.

Lemma inv_wr_list s p l : Inv s -> Inv (wr_list s p l).
Proof. intros I. induction l; cbn; [assumption | apply inv_wr; assumption]. Qed.

Lemma inv_set_cx s id i c : Inv s -> Inv (set_cx s id i c).
Proof. intros I. frame I; reflexivity. Qed.

Lemma inv_set_power s id i b : Inv s -> Inv (set_power s id i b).
Proof. intros I. frame I; destruct (_ && _) eqn:E; cbn; try reflexivity.
  all: apply andb_true_iff in E as [E1 E2]; apply Z.eqb_eq in E1, E2; subst; reflexivity. Qed.

(** Fields of a VM that the invariant does not care about. *)
Definition same_vm (u v : vmrec) : Prop :=
  live u = live v /\ prot u = prot v /\ st u = st v /\ (forall a,
      in_ram v a = true -> in_ram u a = true).

Lemma inv_set_vm s id v : Inv s -> same_vm v (vm s id) -> Inv (set_vm s id v).
Proof.
  intros I (L & P & S & R). split; cbn; unfold upd.
  - intros j a p E. destruct (i_priv s I _ _ _ E) as (A & B & C). cases; repeat split; auto;
      congruence.
  - apply (i_lent s I).
  - intros j i p E. destruct (i_run s I _ _ _ E) as (A & B & C). cases; repeat split; try tauto;
      congruence.
  - apply (i_on s I).
  - intros j E. pose proof (i_new s I _ E). cases; congruence.
  - apply (i_nvm s I).
Qed.

Lemma same_vm_tables v pool_ tabs_ : same_vm (VmRec (st v) (prot v) (ram v) pool_ tabs_) v.
Proof. repeat split; auto. Qed.

Lemma inv_use_tables s id a n : Inv s -> Inv (use_tables s id a n).
Proof. intros I. apply inv_set_vm; [assumption | apply same_vm_tables]. Qed.

(** Pages whose state the invariant says nothing about: no private, lent or pinned page. *)
Definition loose (x : pstate) : Prop := match x with Vm _ _ | Lent _ | Pinned _ _ => False | _ =>
    True end.

Lemma inv_set_ps s f : Inv s -> (forall p, f p = ps s p \/ loose (ps s p)) -> Inv (set_ps s f).
Proof.
  intros I F. split; cbn.
  - intros id a p E. destruct (i_priv s I _ _ _ E) as (A & B & C). destruct (F p) as [->|L]; auto.
    rewrite A in L. contradiction.
  - intros id a p pr E. destruct (i_lent s I _ _ _ _ E) as (l & A & B). destruct (F p) as [->|L];
      eauto.
    rewrite A in L. contradiction.
  - intros id i p E. destruct (i_run s I _ _ _ E) as (A & B). destruct (F p) as [->|L]; auto.
    rewrite A in L. contradiction.
  - apply (i_on s I).
  - apply (i_new s I).
  - apply (i_nvm s I).
Qed.

Lemma inv_set_mem s m : Inv s -> Inv (set_mem s m).
Proof. intros I. frame I; reflexivity. Qed.

Lemma inv_take s p x : Inv s -> loose (ps s p) -> Inv (take s p x).
Proof.
  intros I L. apply inv_set_mem, inv_set_ps; [assumption|]. intros q. unfold upd. cases; auto.
Qed.

(** ** The calls *)
Lemma ram_end_app v r a :
  in_ram v a = true -> in_ram (VmRec (st v) (prot v) (ram v ++ [r]) (pool v) (tabs v)) a = true.
Proof.
  unfold in_ram, ram_end. cbn. intros H. apply Z.ltb_lt in H.
  induction (ram v) as [|x l IH]; cbn in *; [lia|]. destruct (within (fst x) (snd x) a); [|auto].
  apply Z.ltb_lt. lia.
Qed.

(** A range of pages from [a] inside the RAM that [a] is in. *)
Lemma ram_covers v a n x : a + n <= ram_end v a -> a <= x < a + n -> in_ram v x = true.
Proof.
  unfold in_ram, ram_end. intros H W. apply Z.ltb_lt.
  destruct (find (fun r => within (fst r) (snd r) a) (ram v)) as [r|] eqn:F; [|lia].
  apply find_some in F as [I C]. apply within_spec in C.
  destruct (find (fun r => within (fst r) (snd r) x) (ram v)) as [q|] eqn:F2.
  - apply find_some in F2 as [_ C2]. apply within_spec in C2. lia.
  - pose proof (find_none _ _ F2 _ I) as N. cbn in N.
    assert (T : within (fst r) (snd r) x = true) by (apply within_spec; lia). congruence.
Qed.

Lemma unused_ok s id a n x : must_slots s id a n = OK -> (n = 1 \/ n = 512) -> a <= x < a + n
    -> sl s id x = Unused.
Proof.
  unfold must_slots. intros H [-> | ->] W.
  - cbn in H. apply must_ok in H.
    + assert (x = a) as -> by lia. destruct (sl s id a); cbn in H; congruence.
    + destruct (sl s id a); discriminate.
  - rewrite Z.eqb_refl in H. apply must_ok in H; [|discriminate]. apply andb_true_iff in H as [_ H].
    rewrite forallb_forall in H. specialize (H (x - a)). rewrite in_range in H.
    replace (a + (x - a)) with x in H by lia.
    specialize (H ltac:(lia)). destruct (sl s id x); cbn in H; congruence.
Qed.

Lemma leaf_ok_n a p n : leaf_ok a p n = true -> n = 1 \/ n = 512.
Proof.
  unfold leaf_ok. intros H. bools. apply orb_true_iff in H0 as [H0|H0]; bools;
      rewrite ?Z.eqb_eq in *; lia.
Qed.

(** Slots of a VM changed together with the pages behind them. *)
Lemma inv_slots s f : Inv s ->
  (forall id a p, f id a = Private p ->
     sl s id a = Private p \/ ps s p = Vm id a /\ prot (vm s id) = true
         /\ in_ram (vm s id) a = true) ->
  (forall id a p pr, f id a = LentAt p pr ->
     (exists q, sl s id a = LentAt p q) \/ exists l, ps s p = Lent l /\ In (id, a) l) ->
  Inv (set_sl s f).
Proof.
  intros I P L. split; cbn.
  - intros id a p E. destruct (P _ _ _ E) as [H|H]; [apply (i_priv s I _ _ _ H) | exact H].
  - intros id a p pr E. destruct (L _ _ _ _ E) as [(q & H)|H];
      [apply (i_lent s I _ _ _ _ H) | exact H].
  - apply (i_run s I).
  - apply (i_on s I).
  - apply (i_new s I).
  - apply (i_nvm s I).
Qed.

(** A page leaves the one slot that it is in. *)
Lemma inv_drop s f g : Inv s ->
  (forall id a p, g id a = Private p -> sl s id a = Private p) ->
  (forall id a p pr, g id a = LentAt p pr -> exists q, sl s id a = LentAt p q) ->
  (forall p, f p = ps s p \/ (forall id a, g id a <> Private p) /\ match ps s p with
     | Lent l => (exists l', f p = Lent l' /\ forall e, In e l -> In e l' \/ forall pr,
         g (fst e) (snd e) <> LentAt p pr)
                 \/ forall e, In e l -> forall pr, g (fst e) (snd e) <> LentAt p pr
     | Pinned _ _ => False | _ => True end) ->
  Inv (set_sl (set_ps s f) g).
Proof.
  intros I P L F. split; cbn.
  - intros id a p E. destruct (i_priv s I _ _ _ (P _ _ _ E)) as (A & B & C).
    destruct (F p) as [->|[N _]]; [auto|]. destruct (N _ _ E).
  - intros id a p pr E. destruct (L _ _ _ _ E) as (q & E').
    destruct (i_lent s I _ _ _ _ E') as (l & A & B).
    destruct (F p) as [->|[_ N]]; [eauto|]. rewrite A in N. destruct N as [(l' & -> & N)|N].
    + destruct (N _ B) as [N'|N']; [eauto|]. cbn in N'. destruct (N' _ E).
    + specialize (N _ B pr). cbn in N. congruence.
  - intros id i p E. destruct (i_run s I _ _ _ E) as (A & B). destruct (F p) as [->|[_ N]]; [auto|].
    rewrite A in N. contradiction.
  - apply (i_on s I).
  - apply (i_new s I).
  - apply (i_nvm s I).
Qed.

Lemma inv_unlend s id lo n f : Inv s ->
  (forall x p, f x = Private p -> x = Private p) -> (forall x p pr, f x <> LentAt p pr) ->
  Inv (unlend s id lo n f).
Proof.
  intros I FP FL. unfold unlend, on_slots. cbn. apply (inv_drop s).
  - assumption.
  - intros j a p E. cases; auto.
  - intros j a p pr E. cases; eauto. destruct (FL _ _ _ E).
  - intros p. unfold unlisted. destruct (ps s p) as [|? ?|l|? ?|?| |] eqn:Ep; auto. right. split.
    + intros j a E. assert (Sl : sl s j a = Private p) by (cases; auto).
      destruct (i_priv s I _ _ _ Sl) as (A & _). congruence.
    + assert (K : forall e, In e l -> In e (filter (fun e => negb (mine id lo n e)) l) \/
                forall pr, (if mine id lo n (fst e, snd e) then f (sl s (fst e) (snd e))
                    else sl s (fst e) (snd e)) <> LentAt p pr).
      { intros [j a] Ie. cbn [fst snd]. destruct (mine id lo n (j, a)) eqn:M.
        - right. intros pr. apply FL.
        - left. apply filter_In. rewrite M. auto. }
      destruct (filter (fun e => negb (mine id lo n e)) l) as [|e' r] eqn:Fl.
      * right. intros e Ie. destruct (K e Ie) as [[]|N]. exact N.
      * left. exists (e' :: r). split; [reflexivity|]. exact K.
Qed.

Lemma inv_drop_one s p id a f : Inv s -> ps s p = Vm id a -> (forall x,
    f x = Unused \/ f x = Destroyed \/ f x = Shared) ->
  Inv (on_slots (take s p Host) id a 1 f).
Proof.
  intros I E F. unfold on_slots, take. cbn.
  change (Inv (set_mem (set_sl (set_ps s (upd (ps s) p Host)) (fun j x => if mine id a 1 (j,
      x) then f (sl s j x) else sl s j x))
     (fun q w => if q =? p then 0 else mem s q w))).
  apply inv_set_mem, inv_drop; [assumption| | |].
  - intros j x q G. cases; auto. destruct (F (sl s j x)) as [|[|]]; congruence.
  - intros j x q pr G. cases; eauto. destruct (F (sl s j x)) as [|[|]]; congruence.
  - intros q. unfold upd. cases; auto. right. rewrite E. split; [|trivial]. intros j x G. cases.
    + destruct (F (sl s j x)) as [|[|]]; congruence.
    + destruct (i_priv s I _ _ _ G) as (A & _). rewrite E in A. injection A as <- <-.
      assert (T : mine id a 1 (id, a) = true) by (apply mine_spec; lia). congruence.
Qed.

Lemma inv_set_cp s k c : Inv s -> (forall id i, on c = Some (id, i) -> on (cp s k) = Some (id,
    i)) -> Inv (set_cp s k c).
Proof.
  intros I H. split; cbn; try apply I. intros j id i. unfold upd. cases; intros E;
      apply (i_on s I); auto.
Qed.

Lemma inv_set_life_sealed s id : Inv s -> live (vm s id) = true -> Inv (set_life s id Sealed).
Proof.
  intros I L. split; cbn; unfold upd.
  - intros j a p E. destruct (i_priv s I _ _ _ E) as (A & B & C). cases; auto.
  - apply (i_lent s I).
  - intros j i p E. destruct (i_run s I _ _ _ E) as (A & B & C). cases; auto.
  - apply (i_on s I).
  - intros j E. pose proof (i_new s I _ E) as N. cases;
      [|assumption]. unfold live in L. rewrite N in L. discriminate.
  - apply (i_nvm s I).
Qed.
