(** * Every step of the machine keeps it secure

    [good_to]: the machine is secure, the invariant holds while the lock is free, and every CPU runs what its
    proof has shown, from the world as it sees it.  [good_steps]: it stays so. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Facts Structure_Steps Page_Spec Vm_Facts
  Cpu_Facts Prims Interleave Interleave_Events.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Machine.
  Variable B : board.
  Hypothesis HB : board_ok B.
  (** For all of KCore, or for calls on memory only. *)
  Variable all : bool.
  Notation K c := (contract_of B c (mem_inv B) all).

  (** What is shown of the code on each CPU when it ends. *)
  Variable post : nat -> option Z -> world -> Prop.

  Record good_to (m : machine) : Prop := {
    g_secure : secure B (m_world m);
    g_settled : settled B (m_world m);
    g_free : m_lock m = None -> mem_inv B (m_world m);
    g_holder : forall c, m_lock m = Some c -> exists a, view (Z.of_nat c) a (m_world m) /\ w_held a = true /\
      wp (K (Z.of_nat c)) (m_cpu m c) (post c) a;
    g_other : forall c, m_lock m <> Some c -> exists a, away (Z.of_nat c) a (m_world m) /\
      wp (K (Z.of_nat c)) (m_cpu m c) (post c) a }.

  Lemma set_cpu_same T c p : set_cpu T c p c = p.
  Proof. unfold set_cpu. rewrite PeanoNat.Nat.eqb_refl. reflexivity. Qed.
  Lemma set_cpu_other T c p d : d <> c -> set_cpu T c p d = T d.
  Proof. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c); congruence. Qed.

  Lemma lock_differs : lock <> unlock.
  Proof. discriminate. Qed.

  (** Objects and pages of a CPU without the lock stay when another CPU does an event. *)
  Lemma away_event c d e a x w w' v : d <> c -> e <> lock -> pre (K (Z.of_nat c)) e x -> knows (Z.of_nat c) x w ->
    (w_held x = true -> w_meta x = w_meta w) -> secure B w ->
    snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' -> away (Z.of_nat d) a w -> away (Z.of_nat d) a w'.
  Proof.
    intros N Nl P Kn Km S E Aw. pose proof Aw as [H M Pg]. constructor; [exact H|..].
    - intros l O. rewrite (M l O). symmetry.
      apply (objects_event B (Z.of_nat c) e x v w w' l (Z.of_nat d) P Kn E); [lia|lia|exact Nl|].
      apply (owns_same (Z.of_nat d) a w); [|exact O]. exact (agree_grows (Z.of_nat d) a w M).
    - intros p i O. rewrite (Pg p i O). symmetry.
      apply (pages_event B (Z.of_nat c) e x v w w' p i (Z.of_nat d) P Kn Km S); [lia|exact E|lia|lia|exact Nl|].
      exact (agree_own_page (Z.of_nat d) a w M p O).
  Qed.

  Lemma view_refl c w b : view c (set_held b w) w.
  Proof. constructor; reflexivity. Qed.

  Lemma unlock_pre c a : pre (K c) unlock a -> w_held a = true /\ mem_inv B a.
  Proof. intros [_ P]. destruct (P a eq_refl) as [(H & _ & I) _]. auto. Qed.

  (** What the CPU with the lock sees, when it gives it back. *)
  Lemma view_away c a w : 0 <= c -> secure B w -> view c a w -> away c (set_held false a) w.
  Proof.
    intros Hc S V. assert (Sa : secure B a) by (eapply view_secure; [apply view_sym; exact V|exact S]).
    constructor; [reflexivity|..].
    - intros l O. exact (view_owns c a w l V O).
    - intros p i O. apply (v_ram c a w V); [exact (own_page_unreached B HB c a p Sa Hc O)|exact (own_page_here B c a p Sa Hc O)].
  Qed.

  Theorem good_step m m' : good_to m -> step B m m' -> good_to m'.
  Proof.
    intros G St. pose proof G as [Gs Gt Gf Gh Go].
    destruct St as [w T c k v E|w o T c k v E|w o T c e k v w' N1 N2 E Ef|w o T r R]; cbn [m_world m_lock m_cpu] in *.
    - (* takes the lock *)
      constructor; cbn [m_world m_lock m_cpu]; [exact Gs|exact Gt|discriminate| |].
      + intros d [= <-]. rewrite set_cpu_same. destruct (Go c) as (a & [Ha Ma Pa] & Wp); [discriminate|].
        rewrite E in Wp. exists (set_held true w). split; [apply view_refl|]. split; [reflexivity|].
        apply Wp. exists a. split; [reflexivity|]. exists w. split; [apply Gf; reflexivity|].
        split; [reflexivity|]. split; [intros l O; symmetry; apply Ma, O|intros p i O; symmetry; apply Pa, O].
      + intros d Nd. rewrite set_cpu_other by congruence. apply Go. discriminate.
    - (* gives it back *)
      assert (Ho : o = Some c).
      { destruct o as [d|]; [destruct (PeanoNat.Nat.eq_dec d c); [congruence|]|].
        all: destruct (Go c) as (a & [Ha _ _] & Wp); [congruence|]; rewrite E in Wp; destruct Wp as [P _];
          apply unlock_pre in P; destruct P; congruence. }
      subst o. destruct (Gh c eq_refl) as (a & V & Ha & Wp). rewrite E in Wp. destruct Wp as [P Wp].
      destruct (unlock_pre _ _ P) as [_ I].
      constructor; cbn [m_world m_lock m_cpu]; [exact Gs|exact Gt|intros _; eapply mem_inv_view; eassumption|discriminate|].
      intros d _. destruct (PeanoNat.Nat.eq_dec d c) as [->|N].
      + rewrite set_cpu_same. exists (set_held false a). split.
        * apply view_away; [lia|exact Gs|exact V].
        * apply Wp. exists a. split; reflexivity.
      + rewrite set_cpu_other by exact N. apply Go. congruence.
    - (* any other event *)
      destruct (option_map (Nat.eqb c) o) as [[|]|] eqn:Ho.
      + (* of the CPU that has the lock *)
        assert (o = Some c) as ->.
        { destruct o as [d|]; [|discriminate]. injection Ho as Ho. apply PeanoNat.Nat.eqb_eq in Ho. congruence. }
        destruct (Gh c eq_refl) as (a & V & Ha & Wp). rewrite E in Wp. destruct Wp as [P Wp].
        assert (Sa : secure B a) by (eapply view_secure; [apply view_sym; exact V|exact Gs]).
        destruct (event_view B HB _ e a w v w' V Ha Sa N1 N2 P Ef) as (a' & A' & V' & Ha').
        assert (Sa' : secure B a').
        { pose proof (local_held e a Ha) as Lc. cbn [act contract_of] in A'. rewrite Lc in A'.
          destruct A' as (a0 & Bf & X). exact (after_secure B _ e a a0 v a' Lc P Bf X). }
        constructor; cbn [m_world m_lock m_cpu].
        * eapply view_secure; eassumption.
        * eapply settled_event; [exact Gt|exact N1|exact N2|exists a; exact P|exact Ef].
        * discriminate.
        * intros d [= <-]. rewrite set_cpu_same. exists a'. auto.
        * intros d Nd. rewrite set_cpu_other by congruence. destruct (Go d Nd) as (x & Ax & Wx). exists x. split; [|exact Wx].
          eapply away_event; [|exact N1|exact P|apply view_knows, V|intros _; apply V|exact Gs|exact Ef|exact Ax]. congruence.
      + (* of another CPU while the lock is taken *)
        assert (Nc : o <> Some c).
        { intros ->. cbn in Ho. rewrite PeanoNat.Nat.eqb_refl in Ho. discriminate. }
        destruct (Go c Nc) as (a & Aw & Wp). rewrite E in Wp. destruct Wp as [P Wp].
        destruct (unlocked_step B _ e a w v w' (Zle_0_nat c) Aw N1 P Gs Gt Ef) as ((a' & A' & Aw') & S' & I' & V').
        constructor; cbn [m_world m_lock m_cpu]; [exact S'| |intros X; apply I', Gf, X| |].
        * eapply settled_event; [exact Gt|exact N1|exact N2|exists a; exact P|exact Ef].
        * intros d Hd. rewrite set_cpu_other by congruence. destruct (Gh d Hd) as (x & Vx & Hx & Wx).
          exists x. split; [|auto]. apply V'; [|exact Vx]. intros X. apply Nc. rewrite Hd. f_equal. lia.
        * intros d Nd. destruct (PeanoNat.Nat.eq_dec d c) as [->|N].
          -- rewrite set_cpu_same. exists a'. auto.
          -- rewrite set_cpu_other by exact N. destruct (Go d Nd) as (x & Ax & Wx). exists x. split; [|exact Wx].
             eapply away_event; [exact N|exact N1|exact P|apply away_knows, Aw| |exact Gs|exact Ef|exact Ax].
             rewrite (aw_held _ _ _ Aw). discriminate.
      + (* ... or free *)
        assert (o = None) as -> by (destruct o; [discriminate|reflexivity]).
        destruct (Go c) as (a & Aw & Wp); [discriminate|]. rewrite E in Wp. destruct Wp as [P Wp].
        destruct (unlocked_step B _ e a w v w' (Zle_0_nat c) Aw N1 P Gs Gt Ef) as ((a' & A' & Aw') & S' & I' & V').
        constructor; cbn [m_world m_lock m_cpu]; [exact S'| |intros X; apply I', Gf, X|discriminate|].
        * eapply settled_event; [exact Gt|exact N1|exact N2|exists a; exact P|exact Ef].
        * intros d Nd. destruct (PeanoNat.Nat.eq_dec d c) as [->|N].
          -- rewrite set_cpu_same. exists a'. auto.
          -- rewrite set_cpu_other by exact N. destruct (Go d Nd) as (x & Ax & Wx). exists x. split; [|exact Wx].
             eapply away_event; [exact N|exact N1|exact P|apply away_knows, Aw| |exact Gs|exact Ef|exact Ax].
             rewrite (aw_held _ _ _ Aw). discriminate.
    - (* KServ and the VMs write *)
      assert (Ur : forall t i, used w t -> r t i = w_ram w t i).
      { intros t i (h & l & fn & W). apply R. eapply table_unreached; [apply (bo_dev B HB)|exact Gs|exact W]. }
      destruct (ram_walks B w r Gt Ur) as [A T0].
      assert (V : forall c x, view c x w -> view c x (settle B (set_ram r w))).
      { intros c x V. constructor; try apply V.
        - intros p i N N'. cbn. rewrite R; [apply (v_ram c x w V); assumption|]. intros X. apply N.
          apply (view_reached c x w p V), X.
        - intros h l fn t. cbn. rewrite (A h l fn t). apply (v_walk c x w V).
        - intros k h fn p. cbn. rewrite (T0 k h fn p). apply (v_tlb c x w V). }
      constructor; cbn [m_world m_lock m_cpu].
      + destruct Gs as [S1 S2 S3]. split; cbn; intros; [apply T0 in H; apply (S1 k), H|apply A in H; apply (S2 _ l fn), H|].
        apply (seats_ram B w); [exact S3|reflexivity|reflexivity|]. intros h l fn t W. apply A, W.
      + apply settle_settled.
      + intros Ho. eapply mem_inv_view; [exact HB|apply (V 0); constructor; reflexivity|apply settle_settled|exact (Gf Ho)].
      + intros c Ho. destruct (Gh c Ho) as (a & Va & H). exists a. auto.
      + intros c Ho. destruct (Go c Ho) as (a & [Ha Ma Pa] & H). exists a. split; [|exact H]. constructor; [exact Ha|exact Ma|].
        intros p i O. cbn. rewrite R; [apply Pa, O|]. apply (own_page_unreached B HB (Z.of_nat c)); [exact Gs|lia|].
        exact (agree_own_page (Z.of_nat c) a w Ma p O).
  Qed.

  Theorem good_steps m m' : good_to m -> steps B m m' -> good_to m'.
  Proof. intros G S. induction S as [m|a b c S IH St]; [exact G|exact (good_step _ _ (IH G) St)]. Qed.

  (** No CPU of a good machine is stuck. *)
  Lemma good_runs m c : good_to m -> exists a, wp (K (Z.of_nat c)) (m_cpu m c) (post c) a.
  Proof.
    intros G. destruct (m_lock m) as [d|] eqn:E.
    - destruct (PeanoNat.Nat.eq_dec d c) as [->|N].
      + destruct (g_holder m G c E) as (a & _ & _ & W). exists a; exact W.
      + destruct (g_other m G c) as (a & _ & W); [congruence|]. exists a; exact W.
    - destruct (g_other m G c) as (a & _ & W); [congruence|]. exists a; exact W.
  Qed.

  Theorem good_not_stuck m c why : good_to m -> m_cpu m c <> Stuck why.
  Proof. intros G E. destruct (good_runs m c G) as (a & W). rewrite E in W. exact W. Qed.
End Machine.
Arguments g_secure B {all post}.
Arguments g_settled B {all post}.
Arguments g_free B {all post}.
Arguments g_holder B {all post}.
Arguments g_other B {all post}.
Arguments good_step B HB {all post}.
Arguments good_steps B HB {all post}.
Arguments good_runs B {all post}.
Arguments good_not_stuck B {all post}.

(** Nothing in particular. *)
Definition finished (r : option Z) (w : world) : Prop := True.
Notation good B := (good_to B false (fun _ => finished)).
(** ... of code that uses its own pages too. *)
Notation good_all B := (good_to B true (fun _ => finished)).

(** A change of a page's state that the holder's proof allows is one in the real world: no CPU uses the page, or its state
    stays of the same kind. *)
Lemma view_change B c a w p s : view c a w -> secure B a -> secure B (set_meta p s a) -> may_change a p s -> may_change w p s.
Proof.
  intros V S S'. assert (Es : state a p = state w p) by (unfold state; rewrite (v_meta _ _ _ V); reflexivity).
  unfold may_change. rewrite <- Es. intros [M|(Is & M)]; [left; exact M|].
  assert (Iw : isolated w p).
  { destruct Is as [R U]. split; intros X; [apply R, (view_reached c a w p V), X|apply U, (view_used c a w p V), X]. }
  set (n := wrap U64 s) in *.
  assert (D : (kind (state a p) = kind n /\ (handle (state a p) = handle n \/ kind n = PG_CORE)) \/ ~ housed a p).
  { destruct (Z.eq_dec (kind (state a p)) (kind n)) as [E|N].
    - destruct (Z.eq_dec (handle (state a p)) (handle n)) as [E'|N']; [auto|].
      destruct (Z.eq_dec (kind n) PG_CORE) as [E2|N2]; [auto|right]. intros H.
      assert (En : state (set_meta p s a) p = n) by (unfold state; cbn; rewrite Z.eqb_refl; reflexivity).
      destruct H as [(d & R & ->)|(h & i & T & [->|(P & ->)])].
      + destruct (st_host B _ (s_seats B _ S') d R) as [_ K]. change (host_ctx (set_meta (host_ctx a d) s a) d) with (host_ctx a d) in K.
        rewrite En in K. exact (N2 K).
      + destruct (st_run B _ (s_seats B _ S) h i T) as (_ & _ & H1). destruct (st_run B _ (s_seats B _ S') h i T) as (_ & _ & H2).
        change (vcpu_run (set_meta (vcpu_run a h i) s a) h i) with (vcpu_run a h i) in H2. rewrite En in H2. congruence.
      + destruct (st_ctx B _ (s_seats B _ S) h i T P) as (_ & _ & H1). destruct (st_ctx B _ (s_seats B _ S') h i T P) as (_ & _ & H2).
        change (vcpu_ctx (set_meta (vcpu_ctx a h i) s a) h i) with (vcpu_ctx a h i) in H2. rewrite En in H2. congruence.
    - right. intros H. apply N.
      assert (En : state (set_meta p s a) p = n) by (unfold state; cbn; rewrite Z.eqb_refl; reflexivity).
      destruct H as [(d & R & ->)|(h & i & T & [->|(P & ->)])].
      + destruct (st_host B _ (s_seats B _ S) d R) as [_ H1]. destruct (st_host B _ (s_seats B _ S') d R) as [_ H2].
        change (host_ctx (set_meta (host_ctx a d) s a) d) with (host_ctx a d) in H2. rewrite En in H2. congruence.
      + destruct (st_run B _ (s_seats B _ S) h i T) as (_ & H1 & _). destruct (st_run B _ (s_seats B _ S') h i T) as (_ & H2 & _).
        change (vcpu_run (set_meta (vcpu_run a h i) s a) h i) with (vcpu_run a h i) in H2. rewrite En in H2. congruence.
      + destruct (st_ctx B _ (s_seats B _ S) h i T P) as (_ & H1 & _). destruct (st_ctx B _ (s_seats B _ S') h i T P) as (_ & H2 & _).
        change (vcpu_ctx (set_meta (vcpu_ctx a h i) s a) h i) with (vcpu_ctx a h i) in H2. rewrite En in H2. congruence. }
  destruct D as [(Ek & Eh)|N].
  - left. unfold owner_of, secret_state. rewrite Ek. destruct Eh as [-> | E]; [auto|]. rewrite E. cbn. auto.
  - right. split; [exact Iw|]. destruct M as [M|(M1 & M2 & M3)].
    + left. intros i Hi. unfold word. rewrite <- (v_ram _ _ _ V); [apply M, Hi|apply Is|].
      intros X. apply N, inhabited_housed, (elsewhere_inhabited c), X.
    + right. split; [exact M1|]. split; [|exact M3]. unfold vm_state in *.
      rewrite <- (view_plain _ _ _ V) by (right; reflexivity). exact M2.
Qed.
