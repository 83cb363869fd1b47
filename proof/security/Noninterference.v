(** * Noninterference of the abstract machine, by unwinding

    [top_NI]: for every set of principals, all programs, all initial contents.  [local_step]: a
    step that the set does not see changes nothing it has.  [same_step]: steps that look the same
    to it lead from alike to alike. *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.security Require Export GuestKserv.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

Section Noninterference.
Variable npfn : Z.
Variable prg : Z -> Z -> file -> Z -> act.
Variable nxt : Z -> Z -> file -> Z -> input -> file.
Variable pc : file -> Z.
Variable start : Z -> list Z -> list Z.
Variable legal : list Z -> bool.
Notation guest := (guest prg nxt pc start).
Notation guest_step := (guest_step prg nxt pc start).
Notation kserv_step := (kserv_step npfn prg nxt pc start legal).
Notation kserv_flows := (kserv_flows npfn prg pc legal).
Notation T := (top_step npfn prg nxt pc start legal).
Notation L := (top_lab npfn prg nxt pc start legal).

(** ** The three kinds of steps *)
Inductive kind s : choice -> state -> lab -> Prop :=
| Kserv k : kind s (Go k) (kserv_step s k) (Lab 0 (Ukserv k) true (kserv_flows s k))
| Kguest k id i : on (cp s k) = Some (id, i) ->
    kind s (Go k) (guest_step s k id i)
      (Lab (if prot (vm s id) then id else 0) (Uvcpu id i) (d_done (guest s id i)) (guest_flows s
          id i (guest s id i)))
| Kirq k class : kind s (Irq k class) (interrupt nxt s k class)
      (Lab 0 (Uirq k class) true (flows (L s (Irq k class)))).

Lemma kinds s c : kind s c (T s c) (L s c).
Proof.
  destruct c as [k|k class]; cbn.
  - destruct (inside (cp s k)), (on (cp s k)) as [[id i]|] eqn:O; try apply Kserv. apply Kguest, O.
  - destruct (inside (cp s k)) eqn:I, (on (cp s k)) as [[id i]|] eqn:O;
      refine (eq_rect _ (fun l => kind s _ _ (Lab 0 (Uirq k class) true l)) (Kirq s k class) _ _);
      cbn; rewrite I, ?O; reflexivity.
Qed.

(** ** What stays *)
Lemma ent_leave s k id i x sh : ent (leave_cpu nxt s k id i x sh) = ent s.
Proof.
  rewrite leave_frame. cbn. rewrite <- (proj2 (proj2 (proj2 (proj2 (proj2 (proj2 (proj2 (proj2
    (wr_list_same s (run_page s id i) ((EXIT, code x) :: told s id x ++ sh)))))))))).
  destruct x; reflexivity.
Qed.

Lemma ent_step s c : ent (T s c) = ent s.
Proof.
  destruct (kinds s c).
  - unfold Top.kserv_step. destruct (fetched _ _); [|reflexivity].
    destruct (kserv_act _ _ _ _); try reflexivity.
    + destruct (hosts _); reflexivity.
    + destruct (_ =? _); [|reflexivity]. destruct c; cbn [apply set_hregs]; try reflexivity.
      * cbn. destruct (prot _); reflexivity.
      * cbn. destruct (st _); reflexivity.
      * destruct (sl s _ _); reflexivity.
      * destruct (ps s p); reflexivity.
      * destruct (on _) as [[j i]|]; reflexivity.
      * destruct (on _) as [[j i]|]; reflexivity.
  - rewrite step_parts. unfold outer. set (sh := shown _ _).
    destruct (inner_fields s id i (guest s id i)) as (_ & _ & _ & _ & _ & _ & _ & A).
    destruct (d_lent _) as [e|]; destruct (d_exit _); rewrite ?ent_leave; try exact A;
      unfold put_lent; destruct (sl _ _ _); exact A.
  - unfold interrupt. destruct (inside (cp s k)), (on (cp s k)) as [[j i]|];
      try reflexivity. apply ent_leave.
Qed.

Lemma prot_leave s k id i x sh j : prot (vm (leave_cpu nxt s k id i x sh) j) = prot (vm s j).
Proof.
  rewrite leave_frame. set (l := (EXIT, code x) :: told s id x ++ sh).
  assert (A : vm (wr_list s (run_page s id i) l) = vm s) by apply wr_list_same.
  set (s1 := wr_list s (run_page s id i) l) in *. rewrite <- A. clearbody s1.
  destruct x; try reflexivity. cbn. unfold upd. destruct (Z.eqb_spec j id); subst; reflexivity.
Qed.

Lemma prot_guest s k id i j : prot (vm (guest_step s k id i) j) = prot (vm s j).
Proof.
  rewrite step_parts. unfold outer. set (sh := shown _ _).
  destruct (inner_fields s id i (guest s id i)) as (_ & A & _).
  destruct (d_lent _) as [e|]; destruct (d_exit _); rewrite ?prot_leave;
      rewrite ?(proj1 (put_lent_fields _ _ _)), A; reflexivity.
Qed.

(** A guest's step and the views of all but itself; of itself, when it is a normal VM. *)
Lemma others s k id i u : Inv s -> on (cp s k) = Some (id,
    i) -> u <> id \/ prot (vm s id) = false ->
  same_view (view_of (guest_step s k id i) u) (view_of s u).
Proof.
  intros I O [N|P]; [apply other_effect; assumption|].
  destruct (Z.eq_dec u id) as [-> | N]; [|apply other_effect; assumption].
  rewrite !view_none; [exact Logic.I| |]; rewrite ?prot_guest, P; apply andb_false_r.
Qed.

Lemma view_interrupt s k class u : Inv s -> same_view (view_of (interrupt nxt s k class) u)
    (view_of s u).
Proof.
  intros I. unfold interrupt. destruct (inside (cp s k)), (on (cp s k)) as [[id i]|] eqn:O;
      try apply same_refl.
  apply view_leave_plain; [assumption | assumption | exact Logic.I].
Qed.

(** ** Flows *)
Definition hears (Q : Z -> bool) (f : flow) : bool := Q (to f) && negb (Q (from f)).

Lemma see_none Q l : see Q l = None -> Q (by_ l) && (done l
    || Q 0) = false /\ filter (hears Q) (flows l) = [].
Proof.
  unfold see. fold (hears Q). destruct (Q (by_ l) && (done l || Q 0)); [discriminate|].
  change (fun f => Q (to f) && negb (Q (from f))) with (hears Q).
  destruct (filter _ _); [auto | discriminate].
Qed.

Lemma see_some Q l e : see Q l = Some e ->
  own e = (if Q (by_ l) && (done l || Q 0) then Some (unit_ l) else None)
      /\ heard e = filter (hears Q) (flows l).
Proof.
  unfold see. change (fun f => Q (to f) && negb (Q (from f))) with (hears Q).
  destruct (Q (by_ l) && (done l || Q 0)); [|destruct (filter _ _) eqn:F; [discriminate|]];
      intros [= <-]; auto.
Qed.

Lemma see_nonempty Q l e : see Q l = Some e -> own e = None -> heard e <> [].
Proof.
  unfold see. destruct (Q (by_ l) && (done l || Q 0)); [intros [= <-]; discriminate|].
  destruct (filter _ _); [discriminate|]. intros [= <-] _. discriminate.
Qed.

Lemma kserv_from s k f : In f (kserv_flows s k) -> from f = 0.
Proof.
  unfold Statement.kserv_flows. destruct (kserv_act _ _ _ _); cbn; try tauto.
  destruct (_ =? _); cbn; [|tauto]. destruct c; cbn; try tauto.
  - destruct prot; cbn; [|tauto]. intros [<-|[]]. reflexivity.
  - intros [<-|[]]. reflexivity.
  - intros [<-|[]]. reflexivity.
  - destruct (st _); cbn; try tauto. intros X. apply in_map_iff in X as (j & <- & _). reflexivity.
  - intros [<-|[]]. reflexivity.
  - intros [<-|[]]. reflexivity.
  - destruct (on _) as [[id i]|]; cbn; [|tauto]. intros [<-|[]]. reflexivity.
Qed.

Lemma kserv_heard Q id l : Q 0 = false -> Q id = true -> (forall f, In f l -> from f = 0) ->
  to_vm id l = to_vm id (filter (hears Q) l).
Proof.
  intros Q0 Qi. unfold to_vm. induction l as [|f l IH]; cbn [filter]; intros F; [reflexivity|].
  rewrite IH by (intros g G; apply F; right; exact G).
  assert (Hf : hears Q f = Q (to f)) by (unfold hears; rewrite (F f (or_introl eq_refl)), Q0;
      apply andb_true_r).
  rewrite Hf. destruct (Z.eqb_spec (to f) id) as [E|N].
  - rewrite E, Qi. cbn [filter]. rewrite E, Z.eqb_refl. reflexivity.
  - destruct (Q (to f)); [|reflexivity]. cbn [filter]. rewrite (proj2 (Z.eqb_neq _ _) N).
      reflexivity.
Qed.

(** What the flows of a guest's step are to a set of principals. *)
Lemma guest_heard_own Q s id i d : prot (vm s id) = true -> Q 0 = false -> Q id = true
    -> d_done d = true ->
  filter (hears Q) (guest_flows s id i d) = [Fread id i (d_in d)].
Proof.
  intros P Q0 Qi D. unfold guest_flows, exit_flow. rewrite P,
      D. cbn. unfold hears at 1. cbn. rewrite Qi, Q0. cbn. f_equal.
  destruct (d_lent d) as [[x v]|]; destruct (d_exit d); cbn; unfold hears; cbn; rewrite ?Q0;
      reflexivity.
Qed.

Lemma guest_heard_quiet Q s id i d : Q 0 = false -> Q id && (prot (vm s id) && d_done d) = false ->
  filter (hears Q) (guest_flows s id i d) = [].
Proof.
  intros Q0 N. unfold guest_flows, exit_flow. destruct (prot (vm s id)); cbn in *.
  - destruct (d_done d); cbn in *; [unfold hears at 1; cbn; rewrite Q0, andb_true_r in *;
      rewrite N|];
      destruct (d_lent d) as [[x v]|]; destruct (d_exit d); cbn; unfold hears; cbn; rewrite ?Q0;
          reflexivity.
  - destruct (d_lent d) as [[x v]|]; destruct (d_exit d); reflexivity.
Qed.

Definition kserv_hears id i (d : deed) : list flow :=
  match d_lent d with Some (x, v) => [Fstore id x v] | None => [] end
  ++ match d_exit d with Some x => [Fexit id i x (firstn 32 (ifc (regs (d_cx d))))] | None => []
      end.

Lemma guest_heard_kserv Q s id i d : prot (vm s id) = true -> Q 0 = true -> Q id = false ->
  filter (hears Q) (guest_flows s id i d) = kserv_hears id i d.
Proof.
  intros P Q0 Qi. unfold guest_flows, exit_flow, kserv_hears. rewrite P. cbn.
  destruct (d_done d); cbn; [unfold hears at 1; cbn; rewrite Qi|];
    destruct (d_lent d) as [[x v]|]; destruct (d_exit d); cbn; unfold hears; cbn;
        rewrite ?Q0, ?Qi; reflexivity.
Qed.

Lemma guest_heard_normal s id i d : prot (vm s id) = false -> guest_flows s id i d = [].
Proof.
  intros P. unfold guest_flows, exit_flow. rewrite P. cbn.
  destruct (d_lent d) as [[x v]|]; destruct (d_exit d); reflexivity.
Qed.

Lemma irq_heard Q s k class : Q 0 = false -> filter (hears Q) (flows (L s (Irq k class))) = [].
Proof.
  intros q0. cbn [top_lab]. destruct (inside (cp s k)), (on (cp s k)) as [[id i]|]; try reflexivity.
  cbn [flows]. unfold exit_flow. destruct (prot _); [|reflexivity].
  cbn [filter]. unfold hears. cbn [to from]. rewrite q0. reflexivity.
Qed.

(** Flows of KServ to a VM are a function of KServ's part and of the VM's view. *)
Lemma flows_same s t k id : Inv s -> kserv_alike s t -> same_view (view_of s id) (view_of t id) ->
  to_vm id (kserv_flows s k) = to_vm id (kserv_flows t k).
Proof.
  intros I H V. unfold Statement.kserv_flows. rewrite <- (eq_kserv_act prg pc s t k H).
  destruct (kserv_act prg pc s k); try reflexivity. rewrite <- (eq_check npfn legal s t H k c I).
  destruct (Z.eqb_spec (check npfn legal s k c) OK) as [C|C]; [|reflexivity].
  destruct c; cbn [call_flows]; try reflexivity; rewrite <- ?(a_byh _ _ H), <- ?(a_nvm _ _ H),
      <- ?(a_vm _ _ H); try reflexivity.
  - unfold check in C. do 4 apply first_error_cons in C as [_ C]. apply first_error_cons in C as
      [C _].
    rewrite (eq_entry s t H); [reflexivity|]. rewrite (page_free (ps s run)); [reflexivity|].
    apply (pages_ok _ _ _ _ _ C). lia.
  - destruct (st (vm s (byh s h))); try reflexivity. f_equal. apply map_ext_in. intros j J. f_equal.
    apply map_ext. intros w. apply (a_mem _ _ H).
    unfold check in C. do 3 apply first_error_cons in C as [_ C]. apply first_error_cons in C as
        [C _].
    apply in_range in J. rewrite (page_free (ps s (p + j)));
        [reflexivity|]. apply (pages_ok _ _ _ _ _ C). lia.
  - rewrite <- (a_cp _ _ H). destruct (on (cp s k)) as [[j i]|] eqn:O; [|reflexivity].
    cbn [to_vm filter to]. destruct (Z.eqb_spec j id); [|reflexivity]. subst.
    rewrite <- (eq_run_page s t H). pose proof (hosts_run s k id i I O) as Hr.
    rewrite <- (eq_rd s t H _ _ _ Hr). cbv zeta. do 2 f_equal.
    assert (Cx : cx s id i = cx t id i).
    { destruct (prot (vm s id)) eqn:P; [|apply (a_cx _ _ H), P].
      apply (s_cx s t id). apply same_state; [exact V | apply (inv_on_live s k id i I O) | exact
          P]. }
    rewrite <- Cx. unfold answer_to. rewrite <- !(a_mem _ _ H _ _ Hr). reflexivity.
Qed.

(** ** Alikeness *)
Lemma alike_sym_all Q s t : alike Q s t -> alike Q t s.
Proof.
  intros [A B]. split.
  - intros q. apply alike_sym, A, q.
  - intros id q. destruct (B id q) as [V E]. split; [apply same_sym, V | intros n; symmetry;
      apply E].
Qed.

(** Enough: KServ's part, and views, from the views before. *)
Lemma alike_step Q s t s' t' : alike Q s t -> ent s' = ent s -> ent t' = ent t ->
  (Q 0 = true -> kserv_alike s' t') ->
  (forall id, Q id = true -> same_view (view_of s' id) (view_of t' id)) -> alike Q s' t'.
Proof.
  intros [A B] Es Et K V. split; [exact K|]. intros id q. split;
      [apply V, q|]. rewrite Es, Et. apply B, q.
Qed.

(** The same vCPU is on the same CPU. *)
Lemma same_cpu s t k k' id i : Inv s -> kserv_alike s t ->
  on (cp s k) = Some (id, i) -> on (cp t k') = Some (id, i) -> k = k'.
Proof.
  intros I H O O'. rewrite <- (a_cp _ _ H) in O'.
  destruct (i_on s I _ _ _ O) as (A & _). destruct (i_on s I _ _ _ O') as (B & _). congruence.
Qed.

Lemma local_step Q s t c : Inv s -> alike Q s t -> see Q (L s c) = None -> alike Q (T s c) t.
Proof.
  intros I E N. apply see_none in N as [N F]. pose proof (ent_step s c) as En.
  apply (alike_step Q s t); [exact E | exact En | reflexivity | |].
  - intros q. destruct E as [K _]. specialize (K q). rewrite q, orb_true_r, andb_true_r in N.
    destruct (kinds s c) as [k|k id i O|k class]; cbn in N; try congruence.
    destruct (prot (vm s id)) eqn:P; [|congruence]. cbn in F.
    rewrite (guest_heard_kserv Q s id i _ P q N) in F. unfold kserv_hears in F.
    apply app_eq_nil in F as [F1 F2]. apply alike_trans with s; [|exact K].
    apply kserv_quiet; [assumption | assumption | |].
    + destruct (d_lent _) as [[x v]|]; [discriminate | reflexivity].
    + destruct (d_exit _); [discriminate | reflexivity].
  - intros id q. destruct E as [_ V]. apply same_trans with (view_of s id); [|apply V, q].
    destruct (kinds s c) as [k|k j i O|k class]; cbn in N, F.
    + rewrite andb_true_r in N.
      assert (X : to_vm id (kserv_flows s k) = [])
        by (rewrite (kserv_heard Q id _ N q (kserv_from s k)), F; reflexivity).
      pose proof (kserv_view npfn prg nxt pc start legal s k id I) as W. rewrite X in W. exact W.
    + destruct (Z.eq_dec id j) as [<- | Nj]; [|apply others; auto].
      destruct (prot (vm s id)) eqn:P; [|apply others; auto].
      rewrite q in N. cbn in N. apply orb_false_iff in N as [D _]. apply not_done_effect;
          assumption.
    + apply view_interrupt, I.
Qed.

Lemma al_interrupt Q s t k class : Inv s -> alike Q s t -> Q 0 = true ->
  filter (hears Q) (flows (L s (Irq k class))) = filter (hears Q) (flows (L t (Irq k class))) ->
  kserv_alike (interrupt nxt s k class) (interrupt nxt t k class).
Proof.
  intros I [K V] q. specialize (K q). unfold interrupt. cbn [top_lab]. rewrite <- (a_cp _ _ K).
  destruct (inside (cp s k)), (on (cp s k)) as [[id i]|] eqn:O; intros F; try (apply al_set_hregs;
      assumption).
  cbn [flows] in F. unfold exit_flow in F. rewrite <- (a_vm _ _ K) in *.
  assert (S : shown (prot (vm s id)) (regs (cx s id i)) = shown (prot (vm s id)) (regs (cx t id
      i))).
  { destruct (prot (vm s id)) eqn:P; [|rewrite (a_cx _ _ K id i P);
      reflexivity]. unfold shown. do 2 f_equal.
    destruct (Q id) eqn:qi.
    - destruct (V id qi) as [W _]. apply same_state in W;
        [|apply (inv_on_live s k id i I O)|exact P].
      rewrite (s_cx _ _ _ W). reflexivity.
    - cbn [filter] in F. unfold hears in F. cbn [to from] in F. rewrite q,
        qi in F. cbn [negb andb] in F. congruence. }
  rewrite <- S. apply al_leave, K.
Qed.

Lemma same_step Q s t c e v : Inv s -> Inv t -> alike Q s t ->
  see Q (L s c) = Some v -> see Q (L t e) = Some v -> alike Q (T s c) (T t e).
Proof.
  intros Is It E Vs Vt. pose proof (see_nonempty _ _ _ Vs) as Ne.
  apply see_some in Vs as [Os Hs]. apply see_some in Vt as [Ot Ht].
  apply (alike_step Q s t); [exact E | apply ent_step | apply ent_step | |].
  - (* KServ's part *)
    intros q. pose proof (proj1 E q) as K. rewrite q, orb_true_r, andb_true_r in *.
    destruct (kinds s c) as [k|k id i O|k class], (kinds t e) as [k'|k' id' i' O'|k' class'];
      cbn [by_ unit_ flows done] in *; rewrite ?q in *;
      try (destruct (Q (if prot _ then _ else _)); congruence); try congruence.
    + assert (k = k') as <- by congruence. apply al_kserv; assumption.
    + destruct (prot (vm s id)) eqn:P.
      * destruct (Q id) eqn:qi.
        -- destruct (Q (if prot (vm t id') then id' else 0)); [|congruence].
           assert (id = id' /\ i = i') as [<- <-] by (split; congruence).
           assert (k = k') as <- by (apply (same_cpu s t k k' id i); assumption).
           destruct (proj2 E id qi) as [W En]. apply same_state in W;
               [|apply (inv_on_live s k id i Is O)|exact P].
           pose proof (decide_kserv prg nxt pc start s t id i Is W K En) as D.
           apply kserv_effect; try assumption; rewrite <- D; reflexivity.
        -- destruct (prot (vm t id')) eqn:P'; [|rewrite q in Ot; congruence].
           destruct (Q id') eqn:qi'; [congruence|].
           rewrite (guest_heard_kserv Q s id i _ P q qi) in Hs. rewrite (guest_heard_kserv Q t id'
               i' _ P' q qi') in Ht.
           rewrite Hs in Ht. unfold kserv_hears in Ht.
           set (ds := guest s id i) in *. set (dt := guest t id' i') in *.
           assert (Ex : d_exit ds <> None -> id = id' /\ i = i' /\ d_exit ds = d_exit dt /\
              firstn 32 (ifc (regs (d_cx ds))) = firstn 32 (ifc (regs (d_cx dt)))).
           { destruct (d_lent ds) as [[x u]|], (d_lent dt) as [[x' u']|], (d_exit ds),
               (d_exit dt); cbn in Ht;
               try discriminate; try congruence; intros _; injection Ht as; subst; auto. }
           assert (Le : d_lent ds = d_lent dt /\ (d_lent ds <> None -> id = id')).
           { destruct (d_lent ds) as [[x u]|], (d_lent dt) as [[x' u']|], (d_exit ds),
               (d_exit dt); cbn in Ht;
               try discriminate; try (split; congruence); injection Ht as; subst; split;
                   congruence. }
           assert (Xt : d_exit ds = None -> d_exit dt = None).
           { destruct (d_lent ds) as [[x u]|], (d_lent dt) as [[x' u']|], (d_exit ds),
               (d_exit dt); cbn in Ht;
               try discriminate; try congruence; reflexivity. }
           destruct Le as [Le Lid]. destruct (d_exit ds) eqn:X.
           ++ destruct (Ex ltac:(discriminate)) as (<- & <- & Xe & Fe).
              assert (k = k') as <- by (apply (same_cpu s t k k' id i); assumption).
              apply kserv_effect; try assumption; [fold ds dt; congruence | intros _; exact Fe].
           ++ rewrite !step_parts. fold ds dt. unfold outer. rewrite <- Le, X, (Xt eq_refl).
              assert (A : kserv_alike (inner s id i ds) (inner t id' i' dt)).
              { eapply alike_trans; [apply al_inner; assumption|]. eapply alike_trans; [exact K|].
                apply alike_sym, al_inner; assumption. }
              destruct (d_lent ds); [|exact A]. rewrite <- (Lid ltac:(discriminate)) in *. apply
                  al_put_lent, A.
      * rewrite q in Os. destruct (Q (if prot (vm t id') then id' else 0)); [|congruence].
        assert (id = id' /\ i = i') as [<- <-] by (split; congruence).
        assert (k = k') as <- by (apply (same_cpu s t k k' id i); assumption).
        apply kserv_normal; assumption.
    + assert (k = k' /\ class = class') as [<- <-] by (split; congruence).
      apply (al_interrupt Q); [assumption | exact E | exact q | congruence].
  - (* views *)
    intros u qu. pose proof (proj2 E u qu) as [V En].
    destruct (kinds s c) as [k|k id i O|k class]; cbn [by_ unit_ flows done] in *;
        rewrite ?orb_true_l, ?andb_true_r in *.
    + (* KServ *) destruct (Q 0) eqn:q0.
      * pose proof (proj1 E q0) as K.
        destruct (kinds t e) as [k'|k' id' i' O'|k' class']; cbn [by_ unit_ flows done] in *;
            rewrite ?q0 in *; cbn in Ot;
          try (destruct (Q (if prot _ then _ else _) && _); congruence); try congruence.
        assert (k = k') as <- by congruence.
        eapply same_trans; [apply kserv_view, Is|]. eapply same_trans;
            [|apply same_sym, kserv_view, It].
        rewrite (flows_same s t k u Is K V). apply hear_all_same, V.
      * destruct (kinds t e) as [k'|k' id' i' O'|k' class']; cbn [by_ unit_ flows done] in *;
          rewrite ?q0 in *; cbn in Ot.
        -- eapply same_trans; [apply kserv_view, Is|]. eapply same_trans;
            [|apply same_sym, kserv_view, It].
           rewrite (kserv_heard Q u _ q0 qu (kserv_from s k)),
               (kserv_heard Q u _ q0 qu (kserv_from t k')), <- Hs, <- Ht.
           apply hear_all_same, V.
        -- exfalso. apply (Ne Os). rewrite Ht. destruct (prot (vm t id')) eqn:P'.
           ++ destruct (Q id') eqn:qi; [destruct (d_done (guest t id' i')) eqn:D; cbn in Ot;
               [congruence|]|];
                apply guest_heard_quiet; try assumption; rewrite ?qi, ?P', ?D; reflexivity.
           ++ rewrite guest_heard_normal by assumption. reflexivity.
        -- exfalso. apply (Ne Os). rewrite Ht. apply irq_heard, q0.
    + (* a guest *) destruct (prot (vm s id)) eqn:P.
      * destruct (Q id) eqn:qi.
        -- destruct (d_done (guest s id i) || Q 0) eqn:D0; cbn in Os.
           ++ (* its own step: the other run makes it, too *)
              destruct (kinds t e) as [k'|k' id' i' O'|k' class']; cbn [by_ unit_ flows done] in *;
                try (destruct (Q 0); cbn in Ot; congruence).
              destruct (Q (if prot (vm t id') then id' else 0) && (d_done (guest t id' i')
                  || Q 0)) eqn:D1; [|congruence].
              assert (id = id' /\ i = i') as [<- <-] by (split; congruence).
              destruct (proj2 E id qi) as [W Ei]. pose proof (inv_on_live s k id i Is O) as Lv.
              apply same_state in W; [|assumption..]. apply andb_true_iff in D1 as [_ D1].
              assert (G : guest s id i = guest t id i).
              { destruct (Q 0) eqn:q0; [apply (decide_kserv prg nxt pc start s t id i Is W (proj1
                  E q0) Ei)|].
                rewrite orb_false_r in *. pose proof (s_prot' _ _ _ W) as P'.
                rewrite (guest_heard_own Q s id i _ P q0 qi D0) in Hs. rewrite (guest_heard_own Q
                    t id i _ P' q0 qi D1) in Ht.
                apply decide_same; try assumption. congruence. }
              destruct (Z.eq_dec u id) as [-> | N]; [apply own_effect; assumption|].
              eapply same_trans; [apply others; auto|]. eapply same_trans;
                  [exact V|]. apply same_sym, others; auto.
           ++ exfalso. apply (Ne Os). rewrite Hs. apply orb_false_iff in D0 as [D0 q0].
              apply guest_heard_quiet; [assumption|]. rewrite P, D0. apply andb_false_r.
        -- cbn in Os. (* a stranger: whatever the other run does there *)
           assert (q0 : Q 0 = true).
           { destruct (Q 0) eqn:q0; [reflexivity|]. exfalso. apply (Ne Os). rewrite Hs.
             apply guest_heard_quiet; [assumption|]. rewrite qi. reflexivity. }
           destruct (kinds t e) as [k'|k' id' i' O'|k' class']; cbn [by_ unit_ flows done] in *;
               rewrite ?q0 in *; cbn in Ot; try congruence.
           rewrite orb_true_r, andb_true_r in Ot. destruct (prot (vm t id')) eqn:P';
               [|rewrite q0 in Ot; congruence].
           destruct (Q id') eqn:qi'; [congruence|].
           eapply same_trans; [apply others; [assumption|assumption|left;
               congruence]|]. eapply same_trans; [exact V|].
           apply same_sym, others; [assumption|assumption|left; congruence].
      * (* a normal VM *) rewrite guest_heard_normal in Hs by assumption. cbn in Hs.
        destruct (Q 0) eqn:q0; [|exfalso; apply (Ne Os), Hs]. rewrite orb_true_r in Os. cbn in Os.
        destruct (kinds t e) as [k'|k' id' i' O'|k' class']; cbn [by_ unit_ flows done] in *;
            rewrite ?q0 in *; cbn in Ot; try congruence.
        destruct (Q (if prot (vm t id') then id' else 0) && (d_done (guest t id' i') || true));
            [|congruence].
        assert (id = id' /\ i = i') as [<- <-] by (split; congruence).
        eapply same_trans; [apply others; auto|]. eapply same_trans; [exact V|].
        apply same_sym, others; [assumption|assumption|]. right. rewrite <- (a_vm _ _ (proj1 E
            q0)). exact P.
    + (* an interrupt *) destruct (Q 0) eqn:q0.
      * destruct (kinds t e) as [k'|k' id' i' O'|k' class']; cbn [by_ unit_ flows done] in *;
          rewrite ?q0 in *; cbn in Ot;
          try (destruct (Q (if prot _ then _ else _) && _); congruence); try congruence.
        eapply same_trans; [apply view_interrupt, Is|]. eapply same_trans;
            [exact V|]. apply same_sym, view_interrupt, It.
      * exfalso. apply (Ne Os). rewrite Hs. apply irq_heard, q0.
Qed.

Theorem top_NI Q : NI (top npfn prg nxt pc start legal) Q.
Proof.
  apply (unwinding (top npfn prg nxt pc start legal) Q Inv (alike Q)).
  - intros s B. apply inv_boot, B.
  - intros s l t I (c & _ & ->). apply inv_step, I.
  - apply alike_sym_all.
  - intros s t _ _ E. exact E.
  - intros s t _ _ E. exact E.
  - intros s t l s' Is _ E (c & -> & ->) V. apply local_step; assumption.
  - intros s t l m s' t' v Is It E (c & -> & ->) (e & -> & ->) Vs Vt. apply (same_step Q s t c e
      v); assumption.
Qed.
End Noninterference.
