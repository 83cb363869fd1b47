(** * The ticket lock (kcore/sync/lock.c) is a lock

    [lower p]: the tree [p], in which taking and giving back LOCK_MEM is one event, with the translated
    C of the ticket lock in the place of these events.  [lock_refines]: whatever a machine does whose
    CPUs run [lower p], with the tickets in memory, a machine with an atomic lock can do that runs [p].
    Tickets are 32 bits wide and wrap; at most 8 CPUs wait. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Wp Bits Link.
From Redoubt.machine Require Import State Events Facts Machine Locks.
From Redoubt.mm Require Import Invariant Machine_Proof.
From Redoubt.gen Require sync_lock.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** The lock's C in the place of the events *)
Definition lock_fuel : nat := 1.
Definition lock_c (f : ident) : prog (option Z) := denote lock_fuel sync_lock.prims sync_lock.program f [0].

Definition is_event (f : ident) (e : event) : bool :=
  match e with ECall g [a] => String.eqb g f && (a =? 0) | _ => false end.

Fixpoint lower {A} (p : prog A) : prog A :=
  match p with
  | Ret a => Ret a
  | Stuck why => Stuck why
  | Ev e k =>
      if is_event "spin_lock" e then bind (lock_c "spin_lock") (fun _ => lower (k 0))
      else if is_event "spin_unlock" e then bind (lock_c "spin_unlock") (fun _ => lower (k 0))
      else Ev e (fun v => lower (k v))
  end.

Definition ticket : event := ECall "lock_ticket" [0].
Definition await (t : Z) : event := ECall "lock_await" [0; t].
Definition serving : event := ECall "lock_serving" [0].
Definition serve (t : Z) : event := ECall "lock_serve" [0; t].

(** What the C is. *)
Lemma lock_is : lock_c "spin_lock" = Ev ticket (fun v => Ev (await (wrap U32 v)) (fun _ => Ret None)).
Proof. reflexivity. Qed.
Lemma unlock_is : lock_c "spin_unlock" =
  Ev serving (fun v => Ev (serve (wrap U32 (wrap U32 v + 1))) (fun _ => Ret None)).
Proof. reflexivity. Qed.

Lemma lower_lock {A} (k : Z -> prog A) : lower (Ev lock k) =
  Ev ticket (fun v => Ev (await (wrap U32 v)) (fun _ => lower (k 0))).
Proof. cbn [lower]. change (is_event "spin_lock" lock) with true. rewrite lock_is. reflexivity. Qed.
Lemma lower_unlock {A} (k : Z -> prog A) : lower (Ev unlock k) =
  Ev serving (fun v => Ev (serve (wrap U32 (wrap U32 v + 1))) (fun _ => lower (k 0))).
Proof.
  cbn [lower]. change (is_event "spin_lock" unlock) with false. change (is_event "spin_unlock" unlock) with true.
  rewrite unlock_is. reflexivity.
Qed.

Lemma is_event_eq f e : is_event f e = true -> e = ECall f [0].
Proof.
  destruct e as [l|l v|g [|a [|]]]; try discriminate. cbn. intros H. apply andb_true_iff in H as [H1 H2].
  apply String.eqb_eq in H1. apply Z.eqb_eq in H2. congruence.
Qed.

(** Where a lowered tree may stand. *)
Lemma lower_event {A} (p : prog A) e k : lower p = Ev e k ->
  (exists k0, p = Ev lock k0 /\ e = ticket /\ k = fun v => Ev (await (wrap U32 v)) (fun _ => lower (k0 0))) \/
  (exists k0, p = Ev unlock k0 /\ e = serving /\
     k = fun v => Ev (serve (wrap U32 (wrap U32 v + 1))) (fun _ => lower (k0 0))) \/
  (exists k0, p = Ev e k0 /\ e <> lock /\ e <> unlock /\ k = fun v => lower (k0 v)).
Proof.
  destruct p as [a|e0 k0|why]; try discriminate. destruct (is_event "spin_lock" e0) eqn:E1.
  - apply is_event_eq in E1. subst e0. fold lock. rewrite lower_lock. intros [= <- <-]. left. eauto.
  - destruct (is_event "spin_unlock" e0) eqn:E2.
    + apply is_event_eq in E2. subst e0. fold unlock. rewrite lower_unlock. intros [= <- <-]. right; left. eauto.
    + cbn [lower]. rewrite E1, E2. intros [= <- <-]. right; right. exists k0. repeat split.
      * intros ->. discriminate E1.
      * intros ->. discriminate E2.
Qed.

Lemma lower_stuck {A} (p : prog A) why : lower p = Stuck why -> p = Stuck why.
Proof.
  destruct p as [a|e k|w]; cbn [lower]; [discriminate| |congruence].
  destruct (is_event "spin_lock" e); [rewrite lock_is; discriminate|].
  destruct (is_event "spin_unlock" e); [rewrite unlock_is; discriminate|discriminate].
Qed.

(** ** Tickets *)
Lemma wrap_idem a : wrap U32 (wrap U32 a) = wrap U32 a.
Proof. unfold wrap. apply Z.mod_mod. discriminate. Qed.
Lemma wrap_add a b : wrap U32 (wrap U32 a + b) = wrap U32 (a + b).
Proof. unfold wrap. apply Zplus_mod_idemp_l. Qed.

Definition taken (o : option nat) : Z := match o with Some _ => 1 | None => 0 end.

(** One CPU: in the tree [p] of the machine with the atomic lock, in [tp] of the one with tickets.  [q]: the
    CPUs that wait, in their order. *)
Inductive same (o : option nat) (s : Z) (q : list nat) (c : nat) (p tp : prog (option Z)) : Prop :=
| same_tree : tp = lower p -> ~ In c q -> same o s q c p tp
| same_waits i k : p = Ev lock k -> nth_error q i = Some c ->
    tp = Ev (await (wrap U32 (s + taken o + Z.of_nat i))) (fun _ => lower (k 0)) -> same o s q c p tp
| same_leaves k : p = Ev unlock k -> o = Some c -> ~ In c q ->
    tp = Ev (serve (wrap U32 (s + 1))) (fun _ => lower (k 0)) -> same o s q c p tp.

Record related (q : list nat) (m : machine) (n : lmachine) : Prop := {
  r_world : l_world n = m_world m;
  r_queue : NoDup q /\ forall c, In c q -> (c < 8)%nat;
  r_next : l_next n = wrap U32 (l_serving n + taken (m_lock m) + Z.of_nat (List.length q));
  r_serving : in_ty U32 (l_serving n);
  r_cpus : forall c, same (m_lock m) (l_serving n) q c (m_cpu m c) (l_cpu n c);
  r_idle : forall c, (8 <= c)%nat -> exists r, m_cpu m c = Ret r }.

Lemma queue_short q : NoDup q -> (forall c, In c q -> (c < 8)%nat) -> (List.length q <= 8)%nat.
Proof.
  intros N L. rewrite <- (seq_length 8 0). apply NoDup_incl_length; [exact N|].
  intros c I. apply in_seq. specialize (L c I). lia.
Qed.

Lemma nodup_index (q : list nat) i j c : NoDup q -> nth_error q i = Some c -> nth_error q j = Some c -> i = j.
Proof.
  intros N I J. apply (proj1 (NoDup_nth_error q) N); [|congruence].
  apply nth_error_Some. congruence.
Qed.

Lemma set_cpu_eq T c (p : prog (option Z)) d : set_cpu T c p d = if Nat.eqb d c then p else T d.
Proof. reflexivity. Qed.

Section Simulation.
  Context {all : bool}.
  Variable B : board.
  Hypothesis HB : board_ok B.

  (** Only the holder gives the lock back, and nobody but the lock's C uses its words. *)
  Lemma good_unlock m c k : good_to B all (fun _ => finished) m -> m_cpu m c = Ev unlock k -> m_lock m = Some c.
  Proof.
    intros G E. destruct (m_lock m) as [d|] eqn:L; [destruct (PeanoNat.Nat.eq_dec d c); [congruence|]|].
    all: destruct (g_other B m G c) as (a & [Ha _ _] & W); [congruence|]; rewrite E in W; destruct W as [[_ P] _];
      destruct (P a eq_refl) as [[H _] _]; congruence.
  Qed.

  Lemma good_words m c e k : good_to B all (fun _ => finished) m -> m_cpu m c = Ev e k ->
    e <> ticket /\ e <> serving /\ (forall t, e <> await t) /\ (forall t, e <> serve t).
  Proof.
    intros G E. destruct (good_runs B m c G) as (a & W). rewrite E in W. destruct W as [P _].
    assert (X : forall f l, e = ECall f l -> In f ["lock_ticket"; "lock_serving"; "lock_await"; "lock_serve"] -> False).
    { intros f l -> I. destruct P as [_ P]. cbn in I.
      repeat (destruct I as [<-|I]; [|]); [..|contradiction]; cbn [local paging existsb String.eqb Ascii.eqb Bool.eqb andb orb] in P;
        (destruct (P a eq_refl) as [F _]); destruct l as [|x [|y [|z [|u [|t [|]]]]]]; cbn in F; exact F. }
    repeat split; intros; intro Q; (eapply X; [exact Q|cbn; tauto]).
  Qed.

  Theorem lock_step q m n n' : good_to B all (fun _ => finished) m -> related q m n -> lstep B n n' ->
    exists q' m', (m' = m \/ step B m m') /\ related q' m' n'.
  Proof.
    intros G R St. destruct R as [Rw [Rn Rl] Rx Rs Rc Ri]. pose proof (queue_short q Rn Rl) as Len.
    destruct m as [mw mo T0]; cbn [m_world m_lock m_cpu] in *.
    destruct St as [w x s T c k E|w x s T c k v E|w x s T c k E|w x s T c k t v E|w x s T c e k v w' N1 N2 E Ef|w x s T r Hr];
      cbn [l_world l_next l_serving l_cpu] in *; subst w;
      try (pose proof (Rc c) as Cc; rewrite E in Cc).
    - (* draws a ticket *)
      destruct Cc as [Cc Nq|i k0 _ _ Cc|k0 _ _ _ Cc]; [|discriminate Cc|discriminate Cc].
      symmetry in Cc. destruct (lower_event _ _ _ Cc) as [(k0 & Ep & _ & ->)|[(k0 & _ & X & _)|(k0 & Ep & _)]].
      2: discriminate X.
      2: { destruct (good_words _ c _ _ G Ep) as (X & _). destruct (X eq_refl). }
      exists (q ++ [c])%list. eexists. split; [left; reflexivity|].
      assert (C8 : (c < 8)%nat).
      { destruct (Nat.lt_ge_cases c 8) as [H|H]; [exact H|]. destruct (Ri c H) as (r & X). congruence. }
      constructor; cbn [l_world l_next l_serving l_cpu m_world m_lock m_cpu].
      + reflexivity.
      + split.
        * rewrite <- (rev_involutive (q ++ [c])). apply NoDup_rev. rewrite rev_app_distr. cbn.
          constructor; [rewrite <- in_rev; exact Nq|apply NoDup_rev, Rn].
        * intros d I. apply in_app_iff in I as [I|[<-|[]]]; auto.
      + rewrite app_length. cbn [List.length]. rewrite Rx, wrap_add. f_equal. lia.
      + exact Rs.
      + intros d. rewrite set_cpu_eq. destruct (PeanoNat.Nat.eqb_spec d c) as [->|Nd].
        * eapply same_waits; [exact Ep| |rewrite Rx, wrap_idem; reflexivity].
          rewrite nth_error_app2 by lia. rewrite PeanoNat.Nat.sub_diag. reflexivity.
        * destruct (Rc d) as [H1 H2|i k1 H1 H2 H3|k1 H1 H2 H3 H4].
          -- apply same_tree; [exact H1|]. intros I. apply in_app_iff in I as [I|[<-|[]]]; auto.
          -- eapply same_waits; [exact H1| |exact H3]. rewrite nth_error_app1; [exact H2|].
             apply nth_error_Some. congruence.
          -- eapply same_leaves; [exact H1|exact H2| |exact H4]. intros I. apply in_app_iff in I as [I|[<-|[]]]; auto.
      + exact Ri.
    - (* its ticket is served *)
      destruct Cc as [Cc Nq|i k0 Ep Hi Cc|k0 _ _ _ Cc]; [| |discriminate Cc].
      { symmetry in Cc. destruct (lower_event _ _ _ Cc) as [(k0 & _ & X & _)|[(k0 & _ & X & _)|(k0 & Ep & _)]];
          [discriminate X|discriminate X|].
        destruct (good_words _ c _ _ G Ep) as (_ & _ & X & _). destruct (X _ eq_refl). }
      injection Cc as Et Ek.
      assert (Li : (i < List.length q)%nat) by (apply nth_error_Some; congruence).
      assert (Z0 : taken mo + Z.of_nat i = 0).
      { unfold wrap, in_ty in *. cbn [modulus] in *. assert (0 <= taken mo <= 1) by (unfold taken; destruct mo; lia).
        destruct (Z_lt_le_dec (s + taken mo + Z.of_nat i) 4294967296).
        - rewrite Z.mod_small in Et by lia. lia.
        - replace (s + taken mo + Z.of_nat i) with (s + taken mo + Z.of_nat i - 4294967296 + 1 * 4294967296) in Et by lia.
          rewrite Z.mod_add, Z.mod_small in Et by lia. lia. }
      assert (i = 0%nat) by (destruct mo; unfold taken in Z0; lia). subst i.
      assert (mo = None) by (destruct mo; [unfold taken in Z0; lia|reflexivity]). subst mo.
      destruct q as [|d q]; [discriminate Hi|]. injection Hi as ->.
      apply NoDup_cons_iff in Rn as [Nc Rn'].
      exists q. eexists. split; [right; apply step_lock with (v := 0); exact Ep|].
      constructor; cbn [l_world l_next l_serving l_cpu m_world m_lock m_cpu taken].
      + reflexivity.
      + split; [exact Rn'|]. intros d I. apply Rl. right; exact I.
      + rewrite Rx. f_equal. cbn [List.length taken]. lia.
      + exact Rs.
      + intros d. rewrite !set_cpu_eq. destruct (PeanoNat.Nat.eqb_spec d c) as [->|Nd].
        * apply same_tree; [rewrite Ek; reflexivity|exact Nc].
        * destruct (Rc d) as [H1 H2|i k1 H1 H2 H3|k1 H1 H2 H3 H4]; [| |discriminate H2].
          -- apply same_tree; [exact H1|]. intros I. apply H2. right; exact I.
          -- destruct i as [|i]; [injection H2; congruence|]. eapply same_waits; [exact H1|exact H2|].
             rewrite H3. do 3 f_equal. cbn [taken]. lia.
      + intros d Hd. rewrite set_cpu_eq. destruct (PeanoNat.Nat.eqb_spec d c) as [->|Nd]; [|auto].
        exfalso. specialize (Rl c (or_introl eq_refl)). lia.
    - (* reads the ticket being served, to serve the next one *)
      destruct Cc as [Cc Nq|i k0 _ _ Cc|k0 _ _ _ Cc]; [|discriminate Cc|discriminate Cc].
      symmetry in Cc. destruct (lower_event _ _ _ Cc) as [(k0 & _ & X & _)|[(k0 & Ep & _ & ->)|(k0 & Ep & _)]];
        [discriminate X| |destruct (good_words _ c _ _ G Ep) as (_ & X & _); destruct (X eq_refl)].
      exists q. eexists. split; [left; reflexivity|].
      constructor; cbn [l_world l_next l_serving l_cpu m_world m_lock m_cpu]; auto.
      intros d. rewrite set_cpu_eq. destruct (PeanoNat.Nat.eqb_spec d c) as [->|Nd]; [|apply Rc].
      eapply same_leaves; [exact Ep|exact (good_unlock _ c _ G Ep)|exact Nq|].
      rewrite (wrap_small U32 s Rs). reflexivity.
    - (* gives the lock back *)
      destruct Cc as [Cc Nq|i k0 _ _ Cc|k0 Ep Ho Nq Cc]; [|discriminate Cc|].
      { symmetry in Cc. destruct (lower_event _ _ _ Cc) as [(k0 & _ & X & _)|[(k0 & _ & X & _)|(k0 & Ep & _)]];
          [discriminate X|discriminate X|].
        destruct (good_words _ c _ _ G Ep) as (_ & _ & _ & X). destruct (X _ eq_refl). }
      injection Cc as -> ->. subst mo.
      exists q. eexists. split; [right; apply step_unlock with (v := 0); exact Ep|].
      rewrite wrap_idem.
      constructor; cbn [l_world l_next l_serving l_cpu m_world m_lock m_cpu taken] in *.
      + reflexivity.
      + auto.
      + rewrite Rx, Z.add_0_r, wrap_add. f_equal.
      + unfold wrap, in_ty. apply Z.mod_pos_bound. reflexivity.
      + intros d. rewrite !set_cpu_eq. destruct (PeanoNat.Nat.eqb_spec d c) as [->|Nd].
        * apply same_tree; [reflexivity|exact Nq].
        * destruct (Rc d) as [H1 H2|i k1 H1 H2 H3|k1 H1 H2 H3 H4].
          -- apply same_tree; assumption.
          -- eapply same_waits; [exact H1|exact H2|]. rewrite H3. cbn [taken].
             rewrite Z.add_0_r, wrap_add. reflexivity.
          -- injection H2; congruence.
      + intros d Hd. rewrite set_cpu_eq. destruct (PeanoNat.Nat.eqb_spec d c) as [->|Nd]; [|auto].
        exfalso. destruct (Ri c Hd) as (r & X). congruence.
    - (* any other event *)
      destruct Cc as [Cc Nq|i k0 _ _ Cc|k0 _ _ _ Cc].
      2, 3: exfalso; injection Cc as -> _; cbn in Ef; exact Ef.
      symmetry in Cc. destruct (lower_event _ _ _ Cc) as [(k0 & _ & -> & _)|[(k0 & _ & -> & _)|(k0 & Ep & _ & _ & ->)]].
      1, 2: exfalso; cbn in Ef; exact Ef.
      exists q. eexists. split; [right; apply (step_event B mw mo T0 c e k0 v w' N1 N2 Ep Ef)|].
      constructor; cbn [l_world l_next l_serving l_cpu m_world m_lock m_cpu]; auto.
      + intros d. rewrite !set_cpu_eq. destruct (PeanoNat.Nat.eqb_spec d c) as [->|Nd]; [|apply Rc].
        apply same_tree; [reflexivity|exact Nq].
      + intros d Hd. rewrite set_cpu_eq. destruct (PeanoNat.Nat.eqb_spec d c) as [->|Nd]; [|auto].
        exfalso. destruct (Ri c Hd) as (r0 & X). congruence.
    - (* KServ and the VMs write *)
      exists q. eexists. split; [right; apply (step_others B mw mo T0 r Hr)|].
      constructor; cbn [l_world l_next l_serving l_cpu m_world m_lock m_cpu]; auto.
  Qed.

  Theorem lock_refines q m n n' : good_to B all (fun _ => finished) m -> related q m n -> lsteps B n n' ->
    exists q' m', steps B m m' /\ good_to B all (fun _ => finished) m' /\ related q' m' n'.
  Proof.
    intros G R S. revert q m G R. induction S as [n|a b c S IH St]; intros q m G R.
    - exists q, m. split; [constructor|auto].
    - destruct (IH q m G R) as (q1 & m1 & S1 & G1 & R1).
      destruct (lock_step q1 m1 b c G1 R1 St) as (q2 & m2 & [->|S2] & R2); [eauto|].
      exists q2, m2. split; [econstructor; eassumption|]. split; [|exact R2]. exact (good_step B HB _ _ G1 S2).
  Qed.
End Simulation.
