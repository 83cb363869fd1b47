(** * What a guest's step does to KServ's part *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.security Require Export GuestEffect.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

Section GuestKserv.
Variable prg : Z -> Z -> file -> Z -> act.
Variable nxt : Z -> Z -> file -> Z -> input -> file.
Variable pc : file -> Z.
Variable start : Z -> list Z -> list Z.
Notation guest := (guest prg nxt pc start).
Notation guest_step := (guest_step prg nxt pc start).
Notation leave_cpu := (leave_cpu nxt).
Notation outer := (outer nxt).

(** ** What stays inside a protected VM is nothing to KServ *)
Lemma al_own_cx s id i c : prot (vm s id) = true -> kserv_alike (set_cx s id i c) s.
Proof.
  intros P. split; try reflexivity. cbn. intros j x E. unfold upd2.
  destruct (Z.eqb_spec j id); [subst; congruence | reflexivity].
Qed.

Lemma al_put_own s id e : Inv s -> kserv_alike (put_own id s e) s.
Proof.
  intros I. unfold put_own. destruct (sl s id _) eqn:E; try apply alike_refl.
  destruct (i_priv s I _ _ _ E) as (A & _). split; try reflexivity. cbn. intros q w H. unfold upd2.
  destruct (Z.eqb_spec q p); [subst; rewrite A in H; discriminate | reflexivity].
Qed.

Lemma al_puts id l : forall s, Inv s -> kserv_alike (fold_left (put_own id) l s) s.
Proof.
  induction l as [|e l IH]; cbn; intros s I; [apply alike_refl|].
  eapply alike_trans; [apply IH, inv_put_own, I | apply al_put_own, I].
Qed.

Lemma al_inner s id i d : Inv s -> prot (vm s id) = true -> kserv_alike (inner s id i d) s.
Proof.
  intros I P. unfold inner.
  set (s0 := match d_boot d with Some (t, l) => set_cx s id t (Context (File l []) None) | None =>
      s end).
  assert (I0 : Inv s0) by (unfold s0; destruct (d_boot d) as [[j l]|]; [apply inv_set_cx|];
      assumption).
  assert (A0 : kserv_alike s0 s)
    by (unfold s0; destruct (d_boot d) as [[j l]|]; [apply al_own_cx;
        assumption | apply alike_refl]).
  eapply alike_trans; [apply al_own_cx|].
  - destruct (puts_same id (d_own d) s0) as (_ & -> & _). unfold s0. destruct (d_boot d) as [[j
      l]|]; assumption.
  - eapply alike_trans; [apply al_puts, I0 | exact A0].
Qed.

Theorem kserv_quiet s k id i : Inv s -> prot (vm s id) = true ->
  d_lent (guest s id i) = None -> d_exit (guest s id i) = None
      -> kserv_alike (guest_step s k id i) s.
Proof.
  intros I P L X. rewrite step_parts. unfold GuestEffect.outer. rewrite L, X. apply al_inner;
      assumption.
Qed.

(** ** The same exits and stores to lent pages *)
Lemma al_wr_list s t p l : kserv_alike s t -> kserv_alike (wr_list s p l) (wr_list t p l).
Proof. intros H. induction l as [|e l IH]; cbn; [exact H | apply al_wr, IH]. Qed.

Lemma al_share s t id lo n : kserv_alike s t -> kserv_alike (share s id lo n) (share t id lo n).
Proof.
  intros H. unfold share. pose proof (al_use_tables s t H id lo 1) as A.
  set (s1 := use_tables s id lo 1) in *. set (t1 := use_tables t id lo 1) in *.
  change (ps s) with (ps s1). change (ps t) with (ps t1). change (mem s) with (mem s1). change
      (mem t) with (mem t1).
  clearbody s1 t1. apply al_on_slots. split; cbn; try apply A.
  - intros p. rewrite (a_ps _ _ A). reflexivity.
  - intros p w. rewrite <- (a_ps _ _ A). destruct (in_page (ps s1 p) id lo n);
      [reflexivity | apply A].
Qed.

Lemma al_set_power s t id i b : kserv_alike s t -> kserv_alike (set_power s id i b) (set_power t
    id i b).
Proof. intros H. unfold set_power. al H. apply al_set_vc, H. Qed.

Lemma al_leave s t k id i x sh : kserv_alike s t -> kserv_alike (leave_cpu s k id i x sh)
    (leave_cpu t k id i x sh).
Proof.
  intros H. rewrite !leave_frame. rewrite <- (eq_run_page s t H).
  assert (T : told s id x = told t id x) by (destruct x; cbn; al H; reflexivity). rewrite <- T.
  set (l := (EXIT, code x) :: told s id x ++ sh).
  pose proof (al_wr_list s t (run_page s id i) l H) as A.
  set (s1 := wr_list s (run_page s id i) l) in *. set (t1
      := wr_list t (run_page s id i) l) in *. clearbody s1 t1.
  assert (B : kserv_alike (exit_effect s1 id i x) (exit_effect t1 id i x)).
  { destruct x; cbn [exit_effect]; try exact A;
      [apply al_set_power | apply al_set_power | apply al_share | apply al_unlend]; exact A. }
  cbv zeta. rewrite <- (a_cp _ _ B). apply al_set_cp, B.
Qed.

Lemma al_put_lent s t id e : kserv_alike s t -> kserv_alike (put_lent id s e) (put_lent id t e).
Proof.
  intros H. unfold put_lent. rewrite <- (a_sl _ _ H). destruct (sl s id _);
      try exact H. apply al_wr, H.
Qed.

Lemma al_outer s t k id i d e sh : kserv_alike s t -> d_lent d = d_lent e -> d_exit d = d_exit e ->
  kserv_alike (outer s k id i d sh) (outer t k id i e sh).
Proof.
  intros H L X. unfold GuestEffect.outer. rewrite <- L, <- X.
  destruct (d_lent d); destruct (d_exit d); try apply al_leave; try apply al_put_lent; exact H.
Qed.

(** Two protected VMs' steps that tell KServ the same. *)
Theorem kserv_effect s t k id i : Inv s -> Inv t -> kserv_alike s t -> prot (vm s id) = true ->
  d_lent (guest s id i) = d_lent (guest t id i) -> d_exit (guest s id i) = d_exit (guest t id i) ->
  (d_exit (guest s id i) <> None ->
     firstn 32 (ifc (regs (d_cx (guest s id i)))) = firstn 32 (ifc (regs (d_cx (guest t id i))))) ->
  kserv_alike (guest_step s k id i) (guest_step t k id i).
Proof.
  intros Is It H P L X F. assert (P' : prot (vm t id) = true) by (rewrite <- (a_vm _ _ H); exact P).
  rewrite !step_parts, P, P'. cbn [shown].
  assert (A : kserv_alike (inner s id i (guest s id i)) (inner t id i (guest t id i))).
  { eapply alike_trans; [apply al_inner; assumption|]. eapply alike_trans; [exact H|].
    apply alike_sym, al_inner; assumption. }
  destruct (d_exit (guest s id i)) eqn:E.
  - unfold shown. rewrite F by discriminate. apply al_outer; congruence.
  - unfold GuestEffect.outer. rewrite E, <- X, <- L. destruct (d_lent (guest s id i));
      [apply al_put_lent|]; exact A.
Qed.

(** ** Normal VMs *)
Lemma normal_deed s id i : prot (vm s id) = false -> d_boot (guest s id i) = None
    /\ d_own (guest s id i) = [].
Proof.
  unfold Guest.guest. intros ->. unfold Guest.normal. destruct (look s id _ 2); cbn; auto.
  destruct (prg _ _ _ _); cbn; auto; destruct (look s id x _); cbn; auto.
Qed.

Theorem kserv_normal s t k id i : Inv s -> kserv_alike s t -> prot (vm s id) = false ->
  kserv_alike (guest_step s k id i) (guest_step t k id i).
Proof.
  intros I H P. rewrite !step_parts, <- (decide_normal prg nxt pc start s t id i I H P),
      <- (a_vm _ _ H).
  destruct (normal_deed s id i P) as [B O]. apply al_outer; try reflexivity.
  unfold inner. rewrite B, O. cbn [fold_left]. apply al_set_cx; auto.
Qed.

(** ** An instruction that will run again leaves the VM as it was *)
Lemma not_done s id i : prot (vm s id) = true -> d_done (guest s id i) = false ->
  exists x, plain x /\ guest s id i = again s id i x.
Proof.
  unfold Guest.guest. intros ->. unfold Guest.protected.
  assert (X : forall w rs, d_done (execute prg nxt start s id i w rs) = false ->
    exists x, plain x /\ execute prg nxt start s id i w rs = again s id i x).
  { intros w rs. unfold execute. destruct (prg id i (regs (cx s id i)) w); try discriminate.
    - destruct (look s id x 0); try discriminate. intros _. eexists. split; [|reflexivity]. exact I.
    - destruct (look s id x 1); try discriminate. intros _. eexists. split; [|reflexivity]. exact I.
    - destruct (_ <=? _); [discriminate|]. destruct (tables_ok _ _ _); [discriminate|].
      intros _. eexists. split; [|reflexivity]. exact I.
    - destruct (_ <=? _); discriminate.
    - destruct (sl s id a); try discriminate. destruct (in_ram _ _); [|discriminate].
      intros _. eexists. split; [|reflexivity]. exact I.
    - destruct (has_run _); cbn; [|discriminate]. destruct (power _); discriminate. }
  destruct (look s id _ 2); try discriminate; try apply X.
  intros _. eexists. split; [|reflexivity]. exact I.
Qed.

Lemma set_cx_same s id i : same_view (view_of (set_cx s id i (cx s id i)) id) (view_of s id).
Proof.
  apply view_frame; try reflexivity. intros _ _. repeat split; intros;
      try reflexivity. cbn. unfold upd2.
  destruct ((id =? id) && (i0 =? i)) eqn:B; [|reflexivity]. apply andb_true_iff in B as [_ B].
  apply Z.eqb_eq in B. congruence.
Qed.

Theorem not_done_effect s k id i : Inv s -> on (cp s k) = Some (id, i) -> prot (vm s id) = true ->
  d_done (guest s id i) = false -> same_view (view_of (guest_step s k id i) id) (view_of s id).
Proof.
  intros I O P D. destruct (not_done s id i P D) as (x & Pl & E). rewrite step_parts, E.
  unfold GuestEffect.outer, inner. cbn [d_lent d_exit d_own d_boot again d_cx fold_left].
  eapply same_trans; [apply view_leave_plain; [apply inv_set_cx,
      I | exact O | exact Pl]|]. apply set_cx_same.
Qed.
End GuestKserv.
