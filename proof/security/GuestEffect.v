(** * What a guest's step does to itself, to KServ, and to others

    [own_effect]: the same deed leads from the same view to the same view.  [other_effect]: the
    view of every other VM stays.  [kserv_quiet], [kserv_effect]: KServ's part changes only by an
    exit or by a store to a lent page, and the same exit or store leads from alike to alike. *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.security Require Export GuestDecide.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

Lemma alike_trans s t u : kserv_alike s t -> kserv_alike t u -> kserv_alike s u.
Proof.
  intros H K. split; intros.
  - rewrite (a_ps _ _ H). apply K.
  - rewrite (a_mem _ _ H) by assumption. apply K. rewrite <- (a_ps _ _ H). assumption.
  - rewrite (a_vm _ _ H). apply K.
  - rewrite (a_vc _ _ H). apply K.
  - rewrite (a_cx _ _ H) by assumption. apply K. rewrite <- (a_vm _ _ H). assumption.
  - rewrite (a_sl _ _ H). apply K.
  - rewrite (a_cp _ _ H). apply K.
  - rewrite (a_byh _ _ H). apply K.
  - rewrite (a_nvm _ _ H). apply K.
Qed.

Section GuestEffect.
Variable prg : Z -> Z -> file -> Z -> act.
Variable nxt : Z -> Z -> file -> Z -> input -> file.
Variable pc : file -> Z.
Variable start : Z -> list Z -> list Z.
Notation guest := (guest prg nxt pc start).
Notation guest_step := (guest_step prg nxt pc start).
Notation leave_cpu := (leave_cpu nxt).

(** A step in two parts: what stays inside the VM, and what KServ gets. *)
Definition inner s id i (d : deed) : state :=
  set_cx (fold_left (put_own id) (d_own d)
    (match d_boot d with Some (t, l) => set_cx s id t (Context (File l []) None) | None => s end))
        id i (d_cx d).
Definition outer s k id i (d : deed) (sh : list (Z * Z)) : state :=
  let s3 := match d_lent d with Some e => put_lent id s e | None => s end in
  match d_exit d with Some x => leave_cpu s3 k id i x sh | None => s3 end.

Lemma step_parts s k id i : guest_step s k id i =
  outer (inner s id i (guest s id i)) k id i (guest s id i) (shown (prot (vm s id)) (regs (d_cx
      (guest s id i)))).
Proof. reflexivity. Qed.

Lemma inv_inner s id i d : Inv s -> Inv (inner s id i d).
Proof.
  intros I. unfold inner. apply inv_set_cx, inv_puts. destruct (d_boot d) as [[j l]|];
      [apply inv_set_cx|]; assumption.
Qed.

(** ** Writes *)
Lemma puts_same id l : forall s, ps (fold_left (put_own id) l s) = ps s
    /\ vm (fold_left (put_own id) l s) = vm s /\
  vc (fold_left (put_own id) l s) = vc s /\ sl (fold_left (put_own id) l s) = sl s
      /\ cp (fold_left (put_own id) l s) = cp s /\
  cx (fold_left (put_own id) l s) = cx s /\ byh (fold_left (put_own id) l s) = byh s
      /\ nvm (fold_left (put_own id) l s) = nvm s /\
  ent (fold_left (put_own id) l s) = ent s.
Proof.
  induction l as [|e l IH]; intros s; cbn; [auto 10|].
  destruct (IH (put_own id s e)) as (-> & -> & -> & -> & -> & -> & -> & -> & ->).
  unfold put_own. destruct (sl _ _ _); auto 10.
Qed.

Lemma wr_list_same s p l : ps (wr_list s p l) = ps s /\ vm (wr_list s p l) = vm s
    /\ vc (wr_list s p l) = vc s /\
  sl (wr_list s p l) = sl s /\ cp (wr_list s p l) = cp s /\ cx (wr_list s p l) = cx s
      /\ byh (wr_list s p l) = byh s /\
  nvm (wr_list s p l) = nvm s /\ ent (wr_list s p l) = ent s.
Proof. induction l as [|e l IH]; cbn; [auto 10|]. unfold wr, set_mem. cbn. exact IH. Qed.

Lemma wr_list_mem s p l q w : q <> p -> mem (wr_list s p l) q w = mem s q w.
Proof.
  intros N. induction l as [|e l IH]; cbn; [reflexivity|]. unfold upd2.
  rewrite (proj2 (Z.eqb_neq q p) N). exact IH.
Qed.

(** A page that is not [id]'s may be written without [id] noticing. *)
Lemma view_wr s p w v id : Inv s -> (forall a, ps s p <> Vm id a)
    -> same_view (view_of (wr s p w v) id) (view_of s id).
Proof.
  intros I N. apply view_frame; try reflexivity. intros _ _. repeat split; intros; try reflexivity.
  apply (content_frame s); [assumption|reflexivity|]. cbn. intros q E. unfold upd2.
  destruct (Z.eqb_spec q p); [subst; destruct (N _ E) | reflexivity].
Qed.

Lemma view_wr_list s p l id : Inv s -> (forall a, ps s p <> Vm id a)
    -> same_view (view_of (wr_list s p l) id) (view_of s id).
Proof.
  intros I N. induction l as [|e l IH]; cbn; [apply same_refl|]. eapply same_trans; [|exact IH].
  apply view_wr; [apply inv_wr_list; assumption|]. rewrite (proj1 (wr_list_same s p l)). exact N.
Qed.

Lemma view_put_lent s id e u : Inv s -> same_view (view_of (put_lent id s e) u) (view_of s u).
Proof.
  intros I. unfold put_lent. destruct (sl s id _) eqn:E; try apply same_refl.
  apply view_wr; [assumption|]. destruct (i_lent s I _ _ _ _ E) as (l & -> & _). congruence.
Qed.

Lemma view_put_own s id e u : Inv s -> u <> id -> same_view (view_of (put_own id s e) u) (view_of
    s u).
Proof.
  intros I N. unfold put_own. destruct (sl s id _) eqn:E; try apply same_refl.
  apply view_wr; [assumption|]. destruct (i_priv s I _ _ _ E) as (-> & _). congruence.
Qed.

Lemma view_puts id u l : forall s, Inv s -> u <> id -> same_view (view_of (fold_left (put_own id)
    l s) u) (view_of s u).
Proof.
  induction l as [|e l IH]; cbn; intros s I N; [apply same_refl|]. eapply same_trans; [apply IH;
      [apply inv_put_own|]; assumption|].
  apply view_put_own; assumption.
Qed.

Lemma view_set_cx s id i c u : u <> id -> same_view (view_of (set_cx s id i c) u) (view_of s u).
Proof.
  intros N. apply view_frame; try reflexivity. intros _ _. repeat split; intros; try reflexivity.
  cbn. unfold upd2. rewrite (proj2 (Z.eqb_neq u id) N). reflexivity.
Qed.

(** ** Exits *)
Lemma run_page_pinned s k id i : Inv s -> on (cp s k) = Some (id,
    i) -> ps s (run_page s id i) = Pinned id i.
Proof.
  intros I O. destruct (i_on s I _ _ _ O) as (_ & p & R). unfold run_page. rewrite R. apply (i_run
      s I _ _ _ R).
Qed.

Lemma view_share_other s id lo n u : Inv s -> u <> id -> same_view (view_of (share s id lo n) u)
    (view_of s u).
Proof.
  intros I N. unfold share. apply view_frame; cbn; unfold upd;
      rewrite ?(proj2 (Z.eqb_neq u id) N); try reflexivity.
  intros _ _. repeat split; intros; try reflexivity.
  - rewrite (mine_other _ _ _ _ _ N). reflexivity.
  - apply (content_frame s); [assumption| |].
    + cbn. rewrite (mine_other _ _ _ _ _ N). reflexivity.
    + cbn. intros p E. rewrite E. cbn [in_page]. rewrite (mine_other _ _ _ _ _ N). reflexivity.
Qed.

Lemma view_unlend_other s id lo n f u : Inv s -> u <> id
    -> same_view (view_of (unlend s id lo n f) u) (view_of s u).
Proof.
  intros I N. unfold unlend. apply view_frame; try reflexivity. intros _ _. repeat split; intros;
      try reflexivity.
  - cbn. rewrite (mine_other _ _ _ _ _ N). reflexivity.
  - apply (content_frame s); [assumption| |reflexivity]. cbn. rewrite (mine_other _ _ _ _ _ N).
      reflexivity.
Qed.

Lemma view_power_other s id i b u : u <> id -> same_view (view_of (set_power s id i b) u) (view_of
    s u).
Proof.
  intros N. apply view_frame; try reflexivity. intros _ _. repeat split; intros; try reflexivity;
    cbn; unfold upd2; rewrite (proj2 (Z.eqb_neq u id) N); reflexivity.
Qed.

(** The state right before the effect of an exit: only the run page is written. *)
Lemma leave_frame s k id i x sh : leave_cpu s k id i x sh =
  let s2 := exit_effect (wr_list s (run_page s id i) ((EXIT,
      code x) :: told s id x ++ sh)) id i x in
  set_cp s2 k (Cpu (on (cp s2 k)) false (nxt 0 k (hregs (cp s2 k)) 0 (Iexit (code x)))).
Proof. reflexivity. Qed.

Lemma view_leave_other s k id i x sh u : Inv s -> on (cp s k) = Some (id, i) -> u <> id ->
  same_view (view_of (leave_cpu s k id i x sh) u) (view_of s u).
Proof.
  intros I O N. rewrite leave_frame. set (l := (EXIT, code x) :: told s id x ++ sh).
  pose proof (inv_wr_list s (run_page s id i) l I) as I1. set (s1
      := wr_list s (run_page s id i) l) in *.
  change (same_view (view_of (exit_effect s1 id i x) u) (view_of s u)). apply same_trans with
      (view_of s1 u).
  - destruct x; cbn [exit_effect]; try apply same_refl;
      [apply view_power_other | apply view_power_other | apply view_share_other | apply
          view_unlend_other]; assumption.
  - apply view_wr_list; [assumption|]. rewrite (run_page_pinned s k); [congruence|assumption..].
Qed.

(** An exit that does not change memory or power. *)
Definition plain (x : exit) : Prop := match x with Xshare _ _ | Xunshare _ _ | Xon _ | Xoff =>
    False | _ => True end.
Lemma view_leave_plain s k id i x sh u : Inv s -> on (cp s k) = Some (id, i) -> plain x ->
  same_view (view_of (leave_cpu s k id i x sh) u) (view_of s u).
Proof.
  intros I O P. rewrite leave_frame. set (l := (EXIT, code x) :: told s id x ++ sh).
  change (same_view (view_of (exit_effect (wr_list s (run_page s id i) l) id i x) u) (view_of s u)).
  destruct x; cbn in P; try contradiction; cbn [exit_effect];
    (apply view_wr_list; [assumption|]; rewrite (run_page_pinned s k); [congruence|assumption..]).
Qed.

(** The effect of an exit on the VM's own view. *)
Lemma share_own s t id lo n : Inv s -> Inv t -> same_vm_state s t id
    -> same_vm_state (share s id lo n) (share t id lo n) id.
Proof.
  intros Is It V. split; cbn; unfold upd; rewrite ?Z.eqb_refl; cbn; try apply V.
  - intros a. pose proof (s_class _ _ _ V a) as C. destruct (mine id lo n (id, a)); [|exact C].
    destruct (sl s id a), (sl t id a); cbn in *; congruence.
  - intros a w W. pose proof (s_content _ _ _ V a w W) as C. unfold content in *. cbn.
    destruct (mine id lo n (id, a)) eqn:M.
    + destruct (sl s id a), (sl t id a); reflexivity.
    + destruct (sl s id a) eqn:E1; try (destruct (sl t id a) eqn:E2; try exact C;
        destruct (i_priv t It _ _ _ E2) as (-> & _); cbn [in_page]; rewrite M; exact C).
      destruct (i_priv s Is _ _ _ E1) as (-> & _). cbn [in_page]. rewrite M.
      destruct (sl t id a) eqn:E2; try exact C. destruct (i_priv t It _ _ _ E2) as (-> & _). cbn
          [in_page]. rewrite M. exact C.
Qed.

Lemma unshare_own s t id lo n : same_vm_state s t id -> same_vm_state (unshare s id lo n) (unshare
    t id lo n) id.
Proof.
  intros V. split; cbn; try apply V.
  - intros a. pose proof (s_class _ _ _ V a) as C. destruct (mine id lo n (id, a)); [|exact C].
    destruct (sl s id a), (sl t id a); cbn in *; congruence.
  - intros a w W. pose proof (s_content _ _ _ V a w W) as C. unfold content in *. cbn.
    destruct (mine id lo n (id, a)); [|exact C]. destruct (sl s id a), (sl t id a); exact C.
Qed.

Lemma power_own s t id i b : same_vm_state s t id -> same_vm_state (set_power s id i b) (set_power
    t id i b) id.
Proof.
  intros V. split; cbn; try apply V; intros j; unfold upd2; rewrite Z.eqb_refl; cbn;
    destruct (j =? i); cbn; try reflexivity; apply V.
Qed.

Lemma leave_own s t k k' id i x sh sh' : Inv s -> Inv t ->
  on (cp s k) = Some (id, i) -> on (cp t k') = Some (id, i) -> same_vm_state s t id ->
  same_view (view_of (leave_cpu s k id i x sh) id) (view_of (leave_cpu t k' id i x sh') id).
Proof.
  intros Is It Os Ot V. rewrite !leave_frame.
  set (l := (EXIT, code x) :: told s id x ++ sh). set (l' := (EXIT, code x) :: told t id x ++ sh').
  pose proof (inv_wr_list s (run_page s id i) l Is) as I1. pose proof (inv_wr_list t (run_page t
      id i) l' It) as J1.
  set (s1 := wr_list s (run_page s id i) l) in *. set (t1 := wr_list t (run_page t id i) l') in *.
  assert (V1 : same_view (view_of s1 id) (view_of t1 id)).
  { eapply same_trans; [apply view_wr_list; [assumption|]|].
    - rewrite (run_page_pinned s k); [congruence|assumption..].
    - eapply same_trans; [apply state_same, V|]. apply same_sym, view_wr_list; [assumption|].
      rewrite (run_page_pinned t k'); [congruence|assumption..]. }
  assert (Vm : vm s1 = vm s) by apply wr_list_same.
  apply same_state in V1; [|rewrite Vm; apply V..].
  change (same_view (view_of (exit_effect s1 id i x) id) (view_of (exit_effect t1 id i x) id)).
  apply state_same. destruct x; cbn [exit_effect]; try exact V1;
    [apply power_own | apply power_own | apply share_own | apply unshare_own]; assumption.
Qed.

(** ** The part that stays inside *)
Lemma own_private s id i e : In e (d_own (guest s id i)) -> exists p,
    sl s id (fst e / 512) = Private p.
Proof.
  unfold Guest.guest. destruct (prot (vm s id)).
  - unfold Guest.protected. assert (X : forall w rs, In e (d_own (execute prg nxt start s id i w
      rs)) -> exists p, sl s id (fst e / 512) = Private p).
    { intros w rs. unfold execute. destruct (prg id i (regs (cx s id i)) w); cbn; try tauto.
      - destruct (look s id x 0); cbn; tauto.
      - unfold look. destruct (sl s id (x / 512)) eqn:E; cbn; try tauto.
        + destruct (in_ram _ _); cbn; tauto.
        + intros [<-|[]]. cbn. eauto.
        + destruct (Z.testbit _ _); cbn; tauto.
      - destruct (_ <=? _); cbn; [tauto|]. destruct (tables_ok _ _ _); cbn; tauto.
      - destruct (_ <=? _); cbn; tauto.
      - destruct (sl s id a) eqn:E; cbn; try tauto.
        + destruct (in_ram _ _); cbn; tauto.
        + intros [<-|[<-|[]]]; cbn [fst].
          * rewrite Z.div_mul by lia. eauto.
          * replace ((a * 512 + 1) / 512) with a by (apply (Z.div_unique _ _ _ 1); lia). eauto.
      - destruct (has_run _); cbn; [|tauto]. destruct (power _); cbn; tauto.  }
    destruct (look s id _ 2); cbn; try tauto; apply X.
  - unfold Guest.normal. destruct (look s id _ 2); cbn; try tauto. destruct (prg _ _ _ _); cbn;
      try tauto;
      destruct (look s id x _); cbn; tauto.
Qed.

Lemma put_own_own s t id e : Inv s -> Inv t -> same_vm_state s t id ->
  (exists p, sl s id (fst e / 512) = Private p) -> (exists q, sl t id (fst e / 512) = Private q) ->
  same_vm_state (put_own id s e) (put_own id t e) id.
Proof.
  intros Is It V (p & P) (q & Q). unfold put_own. rewrite P, Q. split; cbn; try apply V.
  intros a w W. pose proof (s_content _ _ _ V a w W) as C. unfold content in *. cbn. unfold upd2.
  destruct (Z.eq_dec a (fst e / 512)) as [-> | N].
  - rewrite P, Q in *. rewrite !Z.eqb_refl. cbn. destruct (w =? _); [reflexivity | exact C].
  - assert (X : forall st_ r y, Inv st_ -> sl st_ id a = Private y
      -> sl st_ id (fst e / 512) = Private r -> y <> r).
    { intros st_ r y J E1 E2 ->. destruct (i_priv _ J _ _ _ E1) as (A & _). destruct (i_priv _ J _
        _ _ E2) as (B & _). congruence. }
    destruct (sl s id a) eqn:E1; try (destruct (sl t id a) eqn:E2; try exact C;
      rewrite (proj2 (Z.eqb_neq _ _) (X t _ _ It E2 Q)); exact C).
    rewrite (proj2 (Z.eqb_neq _ _) (X s _ _ Is E1 P)). destruct (sl t id a) eqn:E2; try exact C.
    rewrite (proj2 (Z.eqb_neq _ _) (X t _ _ It E2 Q)). exact C.
Qed.

Lemma puts_own id l : forall s t, Inv s -> Inv t -> same_vm_state s t id ->
  (forall e, In e l -> (exists p, sl s id (fst e / 512) = Private p) /\ exists q,
      sl t id (fst e / 512) = Private q) ->
  same_vm_state (fold_left (put_own id) l s) (fold_left (put_own id) l t) id.
Proof.
  induction l as [|e l IH]; cbn; intros s t Is It V P; [exact V|].
  destruct (P e (or_introl eq_refl)) as [Ps Pt]. apply IH.
  - apply inv_put_own; assumption.
  - apply inv_put_own; assumption.
  - apply put_own_own; assumption.
  - intros e' E'. pose proof (puts_same id [e] s) as (_ & _ & _ & A & _). pose proof (puts_same id
      [e] t) as (_ & _ & _ & B & _).
    cbn in A, B. rewrite A, B. apply P. auto.
Qed.

Lemma set_cx_own s t id i c : same_vm_state s t id -> same_vm_state (set_cx s id i c) (set_cx t id
    i c) id.
Proof.
  intros V. split; cbn; try apply V. intros j. unfold upd2. rewrite Z.eqb_refl. cbn.
  destruct (j =? i); [reflexivity | apply V].
Qed.

Lemma inner_own s t id i d : Inv s -> Inv t -> same_vm_state s t id -> guest s id i = d
    -> guest t id i = d ->
  same_vm_state (inner s id i d) (inner t id i d) id.
Proof.
  intros Is It V Ds Dt. unfold inner. apply set_cx_own.
  assert (B : forall s', Inv s' -> Inv (match d_boot d with Some (j,
      l) => set_cx s' id j (Context (File l []) None) | None => s' end))
    by (intros s' I'; destruct (d_boot d) as [[j l]|]; [apply inv_set_cx|]; assumption).
  apply puts_own; [apply B, Is | apply B, It | |].
  - destruct (d_boot d) as [[j l]|]; [apply set_cx_own|]; exact V.
  - intros e E. assert (A : forall s', sl (match d_boot d with Some (j,
      l) => set_cx s' id j (Context (File l []) None) | None => s' end) = sl s')
      by (intros s'; destruct (d_boot d) as [[j l]|]; reflexivity).
    rewrite !A. split; [apply (own_private s id i); rewrite Ds | apply (own_private t id i);
        rewrite Dt]; exact E.
Qed.

Lemma inner_fields s id i d : ps (inner s id i d) = ps s /\ vm (inner s id i d) = vm s
    /\ vc (inner s id i d) = vc s /\
  sl (inner s id i d) = sl s /\ cp (inner s id i d) = cp s /\ byh (inner s id i d) = byh s
      /\ nvm (inner s id i d) = nvm s /\
  ent (inner s id i d) = ent s.
Proof.
  unfold inner. set (s0 := match d_boot d with Some (t,
      l) => set_cx s id t (Context (File l []) None) | None => s end).
  destruct (puts_same id (d_own d) s0) as (A & B & C & D & E & _ & F & G & K). cbn.
  rewrite A, B, C, D, E, F, G, K. unfold s0. destruct (d_boot d) as [[j l]|]; repeat split.
Qed.

Lemma inner_other s id i d u : Inv s -> u <> id -> same_view (view_of (inner s id i d) u) (view_of
    s u).
Proof.
  intros I N. unfold inner. eapply same_trans; [apply view_set_cx; assumption|].
  assert (B : Inv (match d_boot d with Some (j, l) => set_cx s id j (Context (File l []) None) |
      None => s end))
    by (destruct (d_boot d) as [[j l]|]; [apply inv_set_cx|]; assumption).
  eapply same_trans; [apply view_puts; assumption|].
  destruct (d_boot d) as [[j l]|]; [apply view_set_cx; assumption | apply same_refl].
Qed.

(** ** The whole step, seen by the VM itself and by other VMs *)
Lemma put_lent_fields s id e : vm (put_lent id s e) = vm s /\ cp (put_lent id s e) = cp s.
Proof. unfold put_lent. destruct (sl s id _); auto. Qed.

Theorem own_effect s t k k' id i : Inv s -> Inv t -> same_vm_state s t id ->
  on (cp s k) = Some (id, i) -> on (cp t k') = Some (id, i) -> guest s id i = guest t id i ->
  same_view (view_of (guest_step s k id i) id) (view_of (guest_step t k' id i) id).
Proof.
  intros Is It V Os Ot G. rewrite !step_parts, <- G. set (d := guest s id i) in *. unfold outer.
  pose proof (inv_inner s id i d Is) as I1. pose proof (inv_inner t id i d It) as J1.
  pose proof (inner_own s t id i d Is It V eq_refl (eq_sym G)) as V1.
  assert (Os1 : on (cp (inner s id i d) k) = Some (id, i)) by (destruct (inner_fields s id i d) as
      (_ & _ & _ & _ & -> & _); exact Os).
  assert (Ot1 : on (cp (inner t id i d) k') = Some (id,
      i)) by (destruct (inner_fields t id i d) as (_ & _ & _ & _ & -> & _); exact Ot).
  set (s1 := inner s id i d) in *. set (t1 := inner t id i d) in *.
  set (sh := shown (prot (vm s id)) (regs (d_cx d))). set (sh'
      := shown (prot (vm t id)) (regs (d_cx d))).
  clearbody s1 t1 sh sh'.
  assert (W : exists s2 t2, s2 = match d_lent d with Some e => put_lent id s1 e | None => s1 end /\
      t2 = match d_lent d with Some e => put_lent id t1 e | None => t1 end /\ Inv s2 /\ Inv t2 /\
      same_vm_state s2 t2 id /\ on (cp s2 k) = Some (id, i) /\ on (cp t2 k') = Some (id, i)).
  { eexists _, _. split; [reflexivity|]. split; [reflexivity|]. destruct (d_lent d) as [e|];
      [|auto 10].
    destruct (put_lent_fields s1 id e) as [Ev Ec]. destruct (put_lent_fields t1 id e) as [Fv Fc].
    split; [apply inv_put_lent; assumption|]. split; [apply inv_put_lent; assumption|].
    split; [|rewrite Ec, Fc; auto].
    apply same_state; [|rewrite Ev; apply V1..].
    eapply same_trans; [apply view_put_lent; assumption|]. eapply same_trans;
        [apply state_same, V1|].
    apply same_sym, view_put_lent. assumption. }
  destruct W as (s2 & t2 & <- & <- & I2 & J2 & V2 & Os2 & Ot2).
  destruct (d_exit d); [apply leave_own; assumption | apply state_same; assumption].
Qed.

Theorem other_effect s k id i u : Inv s -> on (cp s k) = Some (id, i) -> u <> id ->
  same_view (view_of (guest_step s k id i) u) (view_of s u).
Proof.
  intros I O N. rewrite step_parts. set (d := guest s id i). unfold outer.
  pose proof (inv_inner s id i d I) as I1.
  assert (O1 : on (cp (inner s id i d) k) = Some (id, i)) by (destruct (inner_fields s id i d) as
      (_ & _ & _ & _ & -> & _); exact O).
  eapply same_trans; [|apply (inner_other s id i d); assumption].
  set (s1 := inner s id i d) in *. clearbody s1.
  set (sh := shown _ _). clearbody sh. destruct (d_lent d) as [e|].
  - eapply same_trans; [|apply (view_put_lent s1 id e); assumption].
    destruct (put_lent_fields s1 id e) as [_ Ec].
    destruct (d_exit d); [|apply same_refl].
    apply view_leave_other; [apply inv_put_lent; assumption | rewrite Ec; assumption | assumption].
  - destruct (d_exit d); [|apply same_refl]. apply view_leave_other; assumption.
Qed.
End GuestEffect.
