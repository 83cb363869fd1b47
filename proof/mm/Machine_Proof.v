(** * Every step of the machine keeps it secure

    [good_to]: the machine is secure, the invariant holds while the lock is free, and every CPU runs what its
    proof has shown, from the world as it sees it.  [good_steps]: it stays so. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Facts Structure_Steps Page_Spec Vm_Facts
  Cpu_Facts Interleave.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Machine.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Notation K c := (kcore B c (mem_inv B)).

  (** A CPU without the lock: what it owns and the constants are as it knows them. *)
  Record away (c : Z) (a w : world) : Prop := {
    aw_held : w_held a = false;
    aw_mem : forall l, own_object c a l -> w_mem a l = w_mem w l }.

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

  (** What it owns in its own eyes, it owns. *)
  Lemma away_owns c a w l : away c a w -> own_object c a l -> own_object c w l.
  Proof.
    intros [_ M]. apply own_object_same. intros ix T. rewrite <- M; [exact T|]. right. apply token_owned, T.
  Qed.

  (** Objects of a CPU without the lock stay when another CPU does an event. *)
  Lemma away_event c d e a x w w' v : d <> c -> e <> lock -> pre (K (Z.of_nat c)) e x ->
    (w_held x = true -> forall ix, w_mem x (loaded_cell, ix) = w_mem w (loaded_cell, ix)) ->
    snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' -> away (Z.of_nat d) a w -> away (Z.of_nat d) a w'.
  Proof.
    intros N Nl P Tk E Aw. pose proof Aw as [H M]. constructor; [exact H|]. intros l O. rewrite (M l O). symmetry.
    apply (objects_event B (Z.of_nat c) e x w v w' l (Z.of_nat d)); auto; try lia. apply (away_owns _ a w); assumption.
  Qed.

  (** A write of a CPU's own cell: this CPU, and the others. *)
  Lemma away_own c l x a w : class_of (fst l) = Percpu -> away c a w -> away c (write_cell B l x a) (write_cell B l x w).
  Proof.
    intros Pc [H M]. rewrite !percpu_write by exact Pc. constructor; [exact H|].
    intros l' O. cbn. unfold upd at 1 2. destruct (loc_eqb l l'); [reflexivity|]. apply M.
    revert O. apply own_object_same. intros ix. cbn. rewrite upd_other; [auto|]. intros ->. discriminate Pc.
  Qed.

  Lemma view_own c d l x y w : class_of (fst l) = Percpu -> of_cpu c l -> d <> c -> view d y w ->
    view d y (write_cell B l x w).
  Proof.
    intros Pc Oc N V. rewrite percpu_write by exact Pc. constructor; try apply V. intros l' L. cbn.
    rewrite upd_other; [apply (v_mem d y w V), L|]. intros ->. apply N. specialize (L Pc). unfold of_cpu in L, Oc.
    rewrite L in Oc. congruence.
  Qed.

  (** An event of a CPU without the lock, in the real world. *)
  Lemma unlocked_step c e a w v w' : away c a w -> e <> lock -> pre (K c) e a -> secure B w ->
    snd (effect B c (fun _ => True) e w) v w' ->
    (exists a', act (K c) e a v a' /\ away c a' w') /\ secure B w' /\ (mem_inv B w -> mem_inv B w') /\
    (forall d x, d <> c -> view d x w -> view d x w').
  Proof.
    intros Aw Nl P S E. pose proof Aw as [H M].
    destruct (unlocked_event B c e a H Nl P) as [(l & -> & O)|[(l & x & -> & Pc & Ix)|(f & args & -> & Cp)]].
    - cbn in E. destruct E as [-> ->]. split; [|auto]. exists a. split; [|exact Aw].
      exists a. split; [reflexivity|]. cbn. rewrite (M l O). auto.
    - cbn in E. subst w'. split; [|split; [|split]].
      + exists (write_cell B l x a). split; [exists a; split; reflexivity|apply away_own; assumption].
      + apply percpu_secure; assumption.
      + apply percpu_mem_inv, Pc.
      + intros d y N V. apply (view_own c); assumption.
    - rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & R & ->).
      split; [|split; [|split]].
      + exists (set_regs c (writes d) a). split.
        * exists a. split; [unfold before; rewrite cpu_unobserved by exact Cp; reflexivity|].
          rewrite cpu_effect_call by exact Cp. unfold cpu_effect. rewrite D. split; [|reflexivity].
          destruct (answer d) as [|r ix|]; [exact I| |exact R]. cbn in *. rewrite R. symmetry. apply M.
          right. unfold owns. rewrite reg_class. apply reg_own.
        * apply (set_regs_both B c (away c)); [|exact Aw]. intros l x a1 b1 Pc _. apply away_own, Pc.
      + apply (set_regs_keep B c (secure B)); [|exact S]. intros l x w1 Pc _. apply percpu_secure, Pc.
      + apply (set_regs_keep B c (mem_inv B)). intros l x w1 Pc _. apply percpu_mem_inv, Pc.
      + intros e y N V. apply (set_regs_keep B c (view e y)); [|exact V]. intros l x w1 Pc Oc. apply (view_own c); assumption.
  Qed.

  Lemma view_refl c w b : view c (set_held b w) w.
  Proof. constructor; reflexivity. Qed.

  Lemma unlock_pre c a : pre (K c) unlock a -> w_held a = true /\ mem_inv B a.
  Proof. intros P. destruct (P a eq_refl) as [(H & _ & I) _]. auto. Qed.

  Theorem good_step m m' : good_to m -> step B m m' -> good_to m'.
  Proof.
    intros G St. pose proof G as [Gs Gt Gf Gh Go].
    destruct St as [w T c k v E|w o T c k v E|w o T c e k v w' N1 N2 E Ef|w o T r R]; cbn [m_world m_lock m_cpu] in *.
    - (* takes the lock *)
      constructor; cbn [m_world m_lock m_cpu]; [exact Gs|exact Gt|discriminate| |].
      + intros d [= <-]. rewrite set_cpu_same. destruct (Go c) as (a & [Ha Ma] & Wp); [discriminate|].
        rewrite E in Wp. exists (set_held true w). split; [apply view_refl|]. split; [reflexivity|].
        apply Wp. exists a. split; [reflexivity|]. exists w. split; [apply Gf; reflexivity|].
        split; [reflexivity|]. intros l O. symmetry. apply Ma. right. exact O.
      + intros d Nd. rewrite set_cpu_other by congruence. apply Go. discriminate.
    - (* gives it back *)
      assert (Ho : o = Some c).
      { destruct o as [d|]; [destruct (PeanoNat.Nat.eq_dec d c); [congruence|]|].
        all: destruct (Go c) as (a & [Ha _] & Wp); [congruence|]; rewrite E in Wp; destruct Wp as [P _];
          apply unlock_pre in P; destruct P; congruence. }
      subst o. destruct (Gh c eq_refl) as (a & V & Ha & Wp). rewrite E in Wp. destruct Wp as [P Wp].
      destruct (unlock_pre _ _ P) as [_ I].
      constructor; cbn [m_world m_lock m_cpu]; [exact Gs|exact Gt|intros _; eapply mem_inv_view; eassumption|discriminate|].
      intros d _. destruct (PeanoNat.Nat.eq_dec d c) as [->|N].
      + rewrite set_cpu_same. exists (set_held false a). split.
        * constructor; [reflexivity|]. intros l O. apply (v_mem _ _ _ V). intros Pc.
          destruct O as [O|O]; [congruence|]. unfold owns in O. rewrite Pc in O. exact O.
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
        { destruct A' as (a0 & Bf & X). exact (proj2 (P a0 Bf) v a' X). }
        constructor; cbn [m_world m_lock m_cpu].
        * eapply view_secure; eassumption.
        * eapply settled_event; [exact Gt|exact N1|exact N2|exists a; exact P|exact Ef].
        * discriminate.
        * intros d [= <-]. rewrite set_cpu_same. exists a'. auto.
        * intros d Nd. rewrite set_cpu_other by congruence. destruct (Go d Nd) as (x & Ax & Wx). exists x. split; [|exact Wx].
          eapply away_event; [|exact N1|exact P| |exact Ef|exact Ax]; [congruence|]. intros _ ix.
          apply (v_mem _ _ _ V). discriminate.
      + (* of another CPU while the lock is taken *)
        assert (Nc : o <> Some c).
        { intros ->. cbn in Ho. rewrite PeanoNat.Nat.eqb_refl in Ho. discriminate. }
        destruct (Go c Nc) as (a & Aw & Wp). rewrite E in Wp. destruct Wp as [P Wp].
        destruct (unlocked_step _ e a w v w' Aw N1 P Gs Ef) as ((a' & A' & Aw') & S' & I' & V').
        constructor; cbn [m_world m_lock m_cpu]; [exact S'| |intros X; apply I', Gf, X| |].
        * eapply settled_event; [exact Gt|exact N1|exact N2|exists a; exact P|exact Ef].
        * intros d Hd. rewrite set_cpu_other by congruence. destruct (Gh d Hd) as (x & Vx & Hx & Wx).
          exists x. split; [|auto]. apply V'; [|exact Vx]. intros X. apply Nc. rewrite Hd. f_equal. lia.
        * intros d Nd. destruct (PeanoNat.Nat.eq_dec d c) as [->|N].
          -- rewrite set_cpu_same. exists a'. auto.
          -- rewrite set_cpu_other by exact N. destruct (Go d Nd) as (x & Ax & Wx). exists x. split; [|exact Wx].
             eapply away_event; [exact N|exact N1|exact P| |exact Ef|exact Ax]. rewrite (aw_held _ _ _ Aw). discriminate.
      + (* ... or free *)
        assert (o = None) as -> by (destruct o; [discriminate|reflexivity]).
        destruct (Go c) as (a & Aw & Wp); [discriminate|]. rewrite E in Wp. destruct Wp as [P Wp].
        destruct (unlocked_step _ e a w v w' Aw N1 P Gs Ef) as ((a' & A' & Aw') & S' & I' & V').
        constructor; cbn [m_world m_lock m_cpu]; [exact S'| |intros X; apply I', Gf, X|discriminate|].
        * eapply settled_event; [exact Gt|exact N1|exact N2|exists a; exact P|exact Ef].
        * intros d Nd. destruct (PeanoNat.Nat.eq_dec d c) as [->|N].
          -- rewrite set_cpu_same. exists a'. auto.
          -- rewrite set_cpu_other by exact N. destruct (Go d Nd) as (x & Ax & Wx). exists x. split; [|exact Wx].
             eapply away_event; [exact N|exact N1|exact P| |exact Ef|exact Ax]. rewrite (aw_held _ _ _ Aw). discriminate.
    - (* KServ and the VMs write *)
      assert (Ur : forall t i, used w t -> r t i = w_ram w t i).
      { intros t i (h & l & fn & W). apply R. eapply table_unreached; [apply (bo_dev B HB)|exact Gs|exact W]. }
      destruct (ram_walks B w r Gt Ur) as [A T0].
      assert (V : forall c x, view c x w -> view c x (settle B (set_ram r w))).
      { intros c x V. constructor; try apply V.
        - intros p i N. cbn. rewrite R; [apply (v_ram c x w V), N|]. intros X. apply N.
          apply (view_reached c x w p V), X.
        - intros h l fn t. cbn. rewrite (A h l fn t). apply (v_walk c x w V).
        - intros k h fn p. cbn. rewrite (T0 k h fn p). apply (v_tlb c x w V). }
      constructor; cbn [m_world m_lock m_cpu].
      + destruct Gs as [S1 S2]. split; cbn; intros; [apply T0 in H; apply (S1 k)|apply A in H; apply (S2 _ l fn)]; exact H.
      + apply settle_settled.
      + intros Ho. eapply mem_inv_view; [exact HB|apply (V 0); constructor; reflexivity|apply settle_settled|exact (Gf Ho)].
      + intros c Ho. destruct (Gh c Ho) as (a & Va & H). exists a. auto.
      + intros c Ho. destruct (Go c Ho) as (a & [Ha Ma] & H). exists a. split; [constructor; assumption|exact H].
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
Arguments g_secure B {post}.
Arguments g_settled B {post}.
Arguments g_free B {post}.
Arguments g_holder B {post}.
Arguments g_other B {post}.
Arguments good_step B HB {post}.
Arguments good_steps B HB {post}.
Arguments good_runs B {post}.
Arguments good_not_stuck B {post}.

(** Nothing in particular. *)
Definition finished (r : option Z) (w : world) : Prop := True.
Notation good B := (good_to B (fun _ => finished)).
