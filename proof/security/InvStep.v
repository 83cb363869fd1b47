(** * Every step keeps the invariant *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.security Require Export Inv.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

Section InvStep.
Variable npfn : Z.
Variable prg : Z -> Z -> file -> Z -> act.
Variable nxt : Z -> Z -> file -> Z -> input -> file.
Variable pc : file -> Z.
Variable start : Z -> list Z -> list Z.
Variable legal : list Z -> bool.
Notation check := (check npfn legal).
Notation apply_call := (apply npfn nxt start).

Lemma loose_host p : p = Host -> loose p.
Proof. intros ->. exact I. Qed.

Lemma inv_create s b r : Inv s -> must_pages s r 2 false = OK -> Inv (apply_call s 0 (Create b r)).
Proof.
  intros I P.
  assert (H1 : ps s r = Host) by (apply page_free, (pages_ok _ _ _ _ _ P); lia).
  assert (H2 : ps s (r + 1) = Host) by (apply page_free, (pages_ok _ _ _ _ _ P); lia).
  pose proof (i_new s I (nvm s + 1) ltac:(lia)) as N. pose proof (i_nvm s I) as N0.
  set (s1 := take (take s r (Vmcore (nvm s + 1))) (r + 1) (Vmcore (nvm s + 1))).
  assert (I1 : Inv s1).
  { apply inv_take; [apply inv_take; [assumption | apply loose_host; assumption]|].
    cbn. unfold upd. cases; [exact Logic.I | apply loose_host; assumption]. }
  assert (NR : forall i, runp (vc s (nvm s + 1) i) = None).
  { intros i. destruct (runp (vc s (nvm s + 1) i)) eqn:E; [|reflexivity].
    destruct (i_run s I _ _ _ E) as (_ & L & _). unfold live in L. rewrite N in L. discriminate. }
  assert (V1 : vc s1 = vc s) by reflexivity. assert (N1 : nvm s1 = nvm s) by reflexivity.
  cbn [apply]. fold s1. clearbody s1. split; cbn; unfold upd.
  - intros id a p. cases; [discriminate|]. apply (i_priv s1 I1).
  - intros id a p pr. cases; [discriminate|]. apply (i_lent s1 I1).
  - intros id i p. cases; [discriminate|]. apply (i_run s1 I1).
  - intros k id i E. destruct (i_on s1 I1 _ _ _ E) as (A & p & B). cases; [|eauto].
    rewrite V1, NR in B. discriminate.
  - intros id E. cases; [lia|]. apply (i_new s1 I1). lia.
  - lia.
Qed.

Lemma inv_vcpu_create s k h i r c :
  Inv s -> check s k (Vcpu_create h i r c) = OK -> Inv (apply_call s k (Vcpu_create h i r c)).
Proof.
  intros I C. unfold Top.check in C. apply first_error_cons in C as [C1 C]. apply first_error_cons
      in C as [C2 C].
  apply first_error_cons in C as [C3 C]. apply first_error_cons in C as [_ C].
  apply first_error_cons in C as [C4 C]. apply first_error_cons in C as [C5 _]. bools.
  apply within_spec in C1.
  assert (Hr : ps s r = Host) by (apply page_free, (pages_ok _ _ _ _ _ C4); lia).
  assert (NR : runp (vc s (byh s h) i) = None) by (unfold has_run in *; destruct (runp _);
      congruence).
  assert (NO : forall k', on (cp s k') <> Some (byh s h, i)).
  { intros k' E. destruct (i_on s I _ _ _ E) as (_ & p & E'). congruence. }
  cbn [apply]. set (id := byh s h) in *.
  set (ps2 := if prot (vm s id) then upd (ps s) c (Vmcore id) else ps s).
  assert (P2 : forall p, ps2 p = ps s p \/ ps s p = Host /\ loose (ps2 p) /\ p <> r).
  { intros p. unfold ps2. destruct (prot (vm s id)); [|auto]. apply first_error_cons in C5 as [C5
      C6].
    apply first_error_cons in C6 as [C6 _]. bools.
    assert (Hc : ps s c = Host) by (apply page_free, (pages_ok _ _ _ _ _ C6); lia).
    unfold upd. destruct (Z.eqb_spec p c); [|auto]. subst p. right. apply Z.eqb_neq in C5.
    repeat split; [assumption | congruence]. }
  clear C5. apply (inv_frame (State (upd ps2 r (Pinned id i)) (mem s) (vm s) (upd2 (vc s) id i
      (Vcpu (Some r) (negb (prot (vm s id)) || (i =? 0)) None))
    (cx s) (sl s) (cp s) (byh s) (nvm s) (ent s))).
  1-6: intros; subst ps2; destruct (prot (vm s id)); cbn; auto.
  clearbody ps2.
  split; cbn; unfold upd, upd2.
  - intros j a p E. destruct (i_priv s I _ _ _ E) as (A & B). destruct (Z.eqb_spec p r);
      [congruence|].
    destruct (P2 p) as [->|(D & _)]; [auto|congruence].
  - intros j a p pr E. destruct (i_lent s I _ _ _ _ E) as (l & A & B). destruct (Z.eqb_spec p r);
      [congruence|].
    destruct (P2 p) as [->|(D & _)]; [eauto|congruence].
  - intros j x p. destruct ((j =? id) && (x =? i)) eqn:E; cbn.
    + apply andb_true_iff in E as [E1 E2]. apply Z.eqb_eq in E1,
        E2. subst. intros [= <-]. rewrite Z.eqb_refl.
      repeat split; tauto.
    + intros E'. destruct (i_run s I _ _ _ E') as (A & B). destruct (Z.eqb_spec p r); [congruence|].
      destruct (P2 p) as [->|(D & _)]; [auto|congruence].
  - intros k' j x E. destruct ((j =? id) && (x =? i)) eqn:E1; [|apply (i_on s I); assumption].
    apply andb_true_iff in E1 as [E1 E2]. apply Z.eqb_eq in E1, E2. subst. destruct (NO _ E).
  - apply (i_new s I).
  - apply (i_nvm s I).
Qed.

Lemma inv_donate s k h a p n :
  Inv s -> check s k (Donate h a p n) = OK -> Inv (apply_call s k (Donate h a p n)).
Proof.
  intros I C. unfold Top.check in C. conditions C. apply first_error_cons in G0 as [G0 G5].
  apply first_error_cons in G5 as [G5 _]. bools. apply Z.leb_le in G1.
  pose proof (leaf_ok_n _ _ _ G) as Nn.
  assert (H : forall q, within p n q = true -> ps s q = Host).
  { intros q W. apply within_spec in W. apply page_free, (pages_ok _ _ _ _ _ G2 W). }
  set (id := byh s h) in *.
  apply (inv_frame (set_sl (set_ps (use_tables s id a n) (fun q => if within p n q
      then Vm id (a + (q - p)) else ps s q))
    (fun j x => if mine id a n (j, x) then Private (p + (x - a)) else sl s j x))).
  1-6: intros; cbn [apply]; fold id; destruct (st (vm s id)); cbn; auto.
  pose proof (inv_use_tables s id a n I) as I1. split; cbn -[use_tables].
  - intros j x q E. destruct (mine id a n (j, x)) eqn:M.
    + apply mine_spec in M as [-> M]. injection E as <-.
      assert (W : within p n (p + (x - a)) = true) by (apply within_spec; lia). rewrite W.
      repeat split; [f_equal; lia| |].
      * change (prot (vm (use_tables s id a n) id) = true). cbn. unfold upd. rewrite Z.eqb_refl.
          exact G5.
      * cbn. unfold upd. rewrite Z.eqb_refl. unfold in_ram, ram_end. cbn.
        apply (ram_covers _ _ _ _ G1 M).
    + destruct (i_priv _ I1 _ _ _ E) as (A & B). split; [|exact B]. cbn in A.
      destruct (within p n q) eqn:W; [|exact A]. apply H in W. congruence.
  - intros j x q pr E. destruct (mine id a n (j, x)); [discriminate|].
    destruct (i_lent _ I1 _ _ _ _ E) as (l & A & B). exists l. split; [|exact B]. cbn in A.
    destruct (within p n q) eqn:W; [|exact A]. apply H in W. congruence.
  - intros j i q E. destruct (i_run _ I1 _ _ _ E) as (A & B). split; [|exact B]. cbn in A.
    destruct (within p n q) eqn:W; [|exact A]. apply H in W. congruence.
  - apply (i_on _ I1).
  - apply (i_new _ I1).
  - apply (i_nvm _ I1).
Qed.

Lemma inv_lend s k h a p n pr :
  Inv s -> check s k (Lend h a p n pr) = OK -> Inv (apply_call s k (Lend h a p n pr)).
Proof.
  intros I C. unfold Top.check in C. conditions C. clear G3.
  set (id := byh s h) in *. pose proof (inv_use_tables s id a n I) as I1.
  apply andb_true_iff in G as [G _]. pose proof (leaf_ok_n _ _ _ G) as Nn.
  assert (NoP : forall x, a <= x < a + n -> forall q, sl s id x <> Private q /\ forall r,
      sl s id x <> LentAt q r).
  { intros x W q. destruct (prot (vm s id)).
    - unfold must_shared in G2. destruct Nn as [-> | ->]; cbn in G2; [|discriminate].
      assert (x = a) as -> by lia. destruct (sl s id a); try discriminate; split; congruence.
    - rewrite (unused_ok _ _ _ _ _ G2 Nn W). split; congruence. }
  assert (H : forall q, within p n q = true -> ps s q = Host \/ exists l, ps s q = Lent l).
  { intros q W. apply within_spec in W. apply page_lendable, (pages_ok _ _ _ _ _ G1 W). }
  cbn [apply]. fold id. split; cbn -[use_tables].
  - intros j x q E. destruct (mine id a n (j, x)) eqn:M; [discriminate|].
    destruct (i_priv _ I1 _ _ _ E) as (A & B). split; [|exact B]. cbn in A.
    destruct (within p n q) eqn:W; [|exact A]. apply H in W as [W|[l W]]; congruence.
  - intros j x q r E. destruct (mine id a n (j, x)) eqn:M.
    + apply mine_spec in M as [-> M]. injection E as <- <-.
      assert (W : within p n (p + (x - a)) = true) by (apply within_spec; lia). rewrite W.
      eexists. split; [reflexivity|]. left. f_equal. lia.
    + destruct (i_lent _ I1 _ _ _ _ E) as (l & A & B). cbn in A. rewrite A.
      destruct (within p n q); eexists; split; try reflexivity; [right|]; exact B.
  - intros j i q E. destruct (i_run _ I1 _ _ _ E) as (A & B). split; [|exact B]. cbn in A.
    destruct (within p n q) eqn:W; [|exact A]. apply H in W as [W|[l W]]; congruence.
  - apply (i_on _ I1).
  - apply (i_new _ I1).
  - apply (i_nvm _ I1).
Qed.

Lemma inv_teardown s k h :
  Inv s -> check s k (Teardown h) = OK -> Inv (apply_call s k (Teardown h)).
Proof.
  intros I C. unfold Top.check in C. conditions C. bools.
  set (id := byh s h) in *. cbn [apply]. fold id.
  assert (NO : forall k' i, on (cp s k') <> Some (id, i)).
  { intros k' i E. destruct (i_on s I _ _ _ E) as (T & p & R). destruct (i_run s I _ _ _ R) as (_
      & _ & B).
    assert (X : loaded s id = true); [|congruence]. unfold loaded. apply existsb_exists.
    exists i. rewrite in_range. rewrite T. split; [lia | reflexivity]. }
  split; cbn; unfold upd.
  - intros j a p E. destruct (i_priv s I _ _ _ E) as (A & B & D). rewrite A. cases; auto.
  - intros j a p pr E. destruct (i_lent s I _ _ _ _ E) as (l & A & B). rewrite A. eauto.
  - intros j i p. destruct (Z.eqb_spec j id); [discriminate|]. intros E.
    destruct (i_run s I _ _ _ E) as (A & B & D). rewrite A. destruct (Z.eqb_spec j id);
        [contradiction | auto].
  - intros k' j i E. destruct (Z.eqb_spec j id); [subst; destruct (NO _ _ E) | apply (i_on s I);
      assumption].
  - intros j E. pose proof (i_new s I _ E) as N. cases; [|assumption].
    unfold known in *. rewrite N in *. discriminate.
  - apply (i_nvm s I).
Qed.

Lemma inv_enter s id i : Inv s -> live (vm s id) = true -> Inv (enter nxt s id i).
Proof. intros I L. unfold enter. apply inv_set_cx, inv_set_life_sealed; assumption. Qed.

Lemma inv_on_live s k id i : Inv s -> on (cp s k) = Some (id, i) -> live (vm s id) = true.
Proof. intros I E. destruct (i_on s I _ _ _ E) as (_ & p & R). apply (i_run s I _ _ _ R). Qed.

Lemma inv_apply s k c : Inv s -> check s k c = OK -> Inv (apply_call s k c).
Proof.
  intros I C. destruct c.
  - exact I.
  - unfold Top.check in C. conditions C. apply (inv_create s _ _ I G0).
  - apply inv_set_vm; [assumption|]. repeat split; auto. intros a0. apply ram_end_app.
  - unfold Top.check in C. conditions C.
    apply inv_take; [apply inv_set_vm; [assumption | apply same_vm_tables]|]. cbn.
    apply loose_host, page_free, (pages_ok _ _ _ _ _ G0). lia.
  - apply inv_vcpu_create; assumption.
  - apply inv_donate; assumption.
  - apply inv_lend; assumption.
  - cbn [apply]. apply inv_unlend; [assumption| |].
    + intros x p. unfold back. destruct (prot (vm s (byh s h))), x; congruence.
    + intros x p pr. unfold back. destruct (prot (vm s (byh s h))), x; congruence.
  - cbn [apply]. unfold on_slots. apply inv_slots; [assumption| |].
    + intros j x p E. cases; [|auto]. destruct (sl s j x); try discriminate; auto.
    + intros j x p q E. cases; [|eauto]. destruct (sl s j x);
        try discriminate. injection E as -> ->. eauto.
  - cbn [apply]. unfold Top.check in C. conditions C. destruct (sl s (byh s h) a) eqn:E;
      try assumption.
    pose proof (inv_use_tables s (byh s h) a 1 I) as I1. destruct (i_priv _ I1 _ _ _ E) as (A & _).
    apply inv_drop_one; auto.
  - apply (inv_teardown s k); assumption.
  - cbn [apply]. unfold Top.check in C. conditions C. clear G3. destruct (ps s p) eqn:E;
      cbn in G2; try discriminate.
    + apply inv_drop_one; auto.
    + apply inv_take; [assumption|]. rewrite E. exact Logic.I.
  - unfold Top.check in C. conditions C. cbn [apply].
    set (id := byh s h) in *.
    apply (inv_frame (set_life s id Gone)).
    1-6: intros; cbn; auto.
    assert (NR : forall i p, runp (vc s id i) <> Some p).
    { intros i p E. destruct (i_run s I _ _ _ E) as (_ & L & _). unfold live in L.
      destruct (st (vm s id)); discriminate. }
    split; cbn; unfold upd.
    + intros j a p E. destruct (i_priv s I _ _ _ E) as (A & B & D). cases; auto.
    + apply (i_lent s I).
    + intros j i p E. destruct (i_run s I _ _ _ E) as (A & B & D). cases;
        [destruct (NR _ _ E) | auto].
    + apply (i_on s I).
    + intros j E. pose proof (i_new s I _ E) as N. cases;
        [|assumption]. rewrite N in *. discriminate.
    + apply (i_nvm s I).
  - exact I.
  - cbn [apply]. unfold Top.check in C. conditions C. set (id := byh s h) in *.
    destruct (tok (vc s id i)) eqn:T; [discriminate|]. destruct (on (cp s k)) eqn:O;
        [discriminate|].
    assert (HR : forall j x, runp (upd2 (vc s) id i (Vcpu (runp (vc s id i)) (power (vc s id i))
        (Some k)) j x) = runp (vc s j x)).
    { intros j x. unfold upd2. cases; reflexivity. }
    split; cbn.
    + apply (i_priv s I).
    + apply (i_lent s I).
    + intros j x p. rewrite HR. apply (i_run s I).
    + intros k' j x. unfold upd at 1. rewrite HR. destruct (Z.eqb_spec k' k).
      * cbn. intros [= <- <-]. unfold upd2. rewrite !Z.eqb_refl. cbn. split; [congruence|].
        unfold has_run in G1. destruct (runp (vc s id i)); [eauto | discriminate].
      * intros E. destruct (i_on s I _ _ _ E) as (A & B). split; [|assumption].
        unfold upd2. cases; cbn; congruence.
    + apply (i_new s I).
    + apply (i_nvm s I).
  - cbn [apply]. destruct (on (cp s k)) as [[j x]|] eqn:O; [|assumption].
    destruct (i_on s I _ _ _ O) as (T & _).
    assert (HR : forall j' x', runp (upd2 (vc s) j x (Vcpu (runp (vc s j x)) (power (vc s j x))
        None) j' x') = runp (vc s j' x')).
    { intros j' x'. unfold upd2. cases; reflexivity. }
    split; cbn.
    + apply (i_priv s I).
    + apply (i_lent s I).
    + intros j' x' p. rewrite HR. apply (i_run s I).
    + intros k' j' x'. unfold upd at 1. rewrite HR. destruct (Z.eqb_spec k' k); [discriminate|].
      intros E. destruct (i_on s I _ _ _ E) as (A & B). split; [|assumption].
      unfold upd2. cases; cbn; congruence.
    + apply (i_new s I).
    + apply (i_nvm s I).
  - cbn [apply]. destruct (on (cp s k)) as [[j x]|] eqn:O; [|assumption].
    apply inv_set_cp; [apply inv_enter; [assumption | apply (inv_on_live s k j x I O)]|].
    cbn. intros id i [= <- <-]. exact O.
Qed.

(** ** KServ, guests, interrupts *)
Lemma inv_kserv s k : Inv s -> Inv (kserv_step npfn prg nxt pc start legal s k).
Proof.
  intros I. unfold kserv_step. destruct (fetched _ _); [|apply inv_set_hregs; assumption].
  destruct (kserv_act _ _ _ _); try (apply inv_set_hregs; assumption).
  - destruct (hosts _); [apply inv_set_hregs, inv_wr | apply inv_set_hregs]; assumption.
  - destruct (Z.eqb_spec (check s k c) OK); apply inv_set_hregs; [apply inv_apply|]; assumption.
Qed.

Lemma inv_share s id lo n : Inv s -> Inv (share s id lo n).
Proof.
  intros I. unfold share, on_slots. pose proof (inv_use_tables s id lo 1 I) as I1.
  set (s1 := use_tables s id lo 1) in *. cbn.
  apply (inv_frame (set_sl (set_ps s1 (fun p => if in_page (ps s1 p) id lo n then Host
      else ps s1 p))
    (fun j x => if mine id lo n (j, x) then match sl s1 j x with LentAt _ _ => sl s1 j x | _ =>
        Shared end else sl s1 j x)));
    try reflexivity; [auto|].
  apply inv_drop; [assumption| | |].
  - intros j a p. destruct (mine _ _ _ _); [|auto]. destruct (sl s1 j a); congruence.
  - intros j a p pr. destruct (mine _ _ _ _); [|eauto]. destruct (sl s1 j a); try congruence. eauto.
  - intros p. unfold in_page. destruct (ps s1 p) eqn:E;
      auto. destruct (mine id lo n (id0, a)) eqn:M; auto.
    right. split; [|trivial]. intros j x G. destruct (mine id lo n (j, x)) eqn:M2;
        [destruct (sl s1 j x); congruence|].
    destruct (i_priv _ I1 _ _ _ G) as (A & _). rewrite E in A. injection A as -> ->. congruence.
Qed.

Lemma inv_leave s k id i x sh : Inv s -> Inv (leave_cpu nxt s k id i x sh).
Proof.
  intros I. unfold leave_cpu. apply inv_set_cp; [|cbn; auto].
  pose proof (inv_wr_list s (run_page s id i) ((EXIT, code x) :: told s id x ++ sh) I) as I1.
  destruct x; cbn [exit_effect]; try assumption; try (apply inv_set_power; assumption).
  - apply inv_share; assumption.
  - apply inv_unlend; [assumption| |]; intros y; intros; destruct y; congruence.
Qed.

Lemma inv_put_own id s e : Inv s -> Inv (put_own id s e).
Proof. intros I. unfold put_own. destruct (sl _ _ _); try assumption. apply inv_wr; assumption. Qed.
Lemma inv_put_lent id s e : Inv s -> Inv (put_lent id s e).
Proof. intros I. unfold put_lent. destruct (sl _ _ _); try assumption. apply inv_wr;
    assumption. Qed.
Lemma inv_puts id l s : Inv s -> Inv (fold_left (put_own id) l s).
Proof. revert s. induction l; cbn; intros; [assumption | apply IHl, inv_put_own; assumption]. Qed.

Lemma inv_guest s k id i : Inv s -> Inv (guest_step prg nxt pc start s k id i).
Proof.
  intros I. unfold guest_step. set (d := guest _ _ _ _ s id i).
  assert (I1 : Inv (match d_boot d with Some (t, l) => set_cx s id t (Context (File l []) None) |
      None => s end))
    by (destruct (d_boot d) as [[t l]|]; [apply inv_set_cx|]; assumption).
  pose proof (inv_set_cx _ id i (d_cx d) (inv_puts id (d_own d) _ I1)) as I2.
  assert (I3 : Inv (match d_lent d with Some e => put_lent id (set_cx (fold_left (put_own id)
      (d_own d)
    (match d_boot d with Some (t, l) => set_cx s id t (Context (File l []) None) | None => s end))
        id i (d_cx d)) e
    | None => set_cx (fold_left (put_own id) (d_own d)
    (match d_boot d with Some (t, l) => set_cx s id t (Context (File l []) None) | None => s end))
        id i (d_cx d) end))
    by (destruct (d_lent d); [apply inv_put_lent|]; assumption).
  destruct (d_exit d); [apply inv_leave|]; exact I3.
Qed.

Theorem inv_step s c : Inv s -> Inv (top_step npfn prg nxt pc start legal s c).
Proof.
  intros I. destruct c as [k|k class]; cbn.
  - destruct (inside (cp s k)), (on (cp s k)) as [[id i]|]; try (apply inv_kserv;
      assumption). apply inv_guest; assumption.
  - unfold interrupt. destruct (inside (cp s k)), (on (cp s k)) as [[id i]|];
      try (apply inv_set_hregs; assumption).
    apply inv_leave; assumption.
Qed.

Theorem inv_boot s : boot s -> Inv s.
Proof.
  intros (P & V & C & S & O & H & N). split.
  - intros id a p. rewrite S. discriminate.
  - intros id a p pr. rewrite S. discriminate.
  - intros id i p. rewrite C. discriminate.
  - intros k id i. rewrite (proj1 (O k)). discriminate.
  - intros id _. rewrite V. reflexivity.
  - lia.
Qed.
End InvStep.
