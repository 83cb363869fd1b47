(** * Two systems that differ in secrets alone, step by step

    [related]: what is not veiled is the same in both, and so is what KServ, the VMs of [Q] and the CPUs that are not dark do.
    A [Silent] step of one keeps it; so does a step of each with the same label.  So two runs with the same trace end the same
    for KServ and [Q] ([runs_related]). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Vm_Spec Cpu_Facts Interleave Machine_Proof Alike Traps_System
  Traps_Alike Traps_Public Traps_Good Traps_Veil.
From Redoubt.machine Require System.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma who_eq j k : who_eqb j k = true -> j = k.
Proof.
  destruct j as [c|h i], k as [d|g j]; cbn; try discriminate.
  - intros E. apply PeanoNat.Nat.eqb_eq in E. congruence.
  - intros E. apply andb_true_iff in E as [E1 E2]. apply Z.eqb_eq in E1. apply Z.eqb_eq in E2. congruence.
Qed.
Lemma who_same k : who_eqb k k = true.
Proof. destruct k; cbn; rewrite ?PeanoNat.Nat.eqb_refl, ?Z.eqb_refl; reflexivity. Qed.

Section Related.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Variable Q : Z -> bool.
  Variable R : Type.
  Variable software : who -> agent R.
  Variable entry : Z -> trap -> prog (option Z).
  Variable boot : Z -> prog (option Z).
  Variable J : Z -> world -> Prop.
  Hypothesis J_seated : forall c w, J c w -> seated c w.
  Notation WP c p w := (wp (kcore_all B c (mem_inv B)) p (fun _ w' => idle B w' /\ J c w') w).
  Hypothesis entry_ok : forall c t w, 0 <= c < 8 -> idle B w -> J c w -> WP c (entry c t) w.
  Hypothesis boot_ok : forall c w, 0 <= c < 8 -> idle B w -> WP c (boot c) w.

  Notation step := (step B Q R software entry boot).
  Notation steps := (steps B Q R software entry boot).
  Notation friend := (friend Q).
  Notation sgood := (sgood B Q R J).
  Notation system := (system R).

  Record related (s t : system) : Prop := {
    re_world : alike_but B Q (s_stale R s) (s_world R s) (s_world R t);
    re_lock : s_lock R s = s_lock R t;
    re_dark : s_dark R s = s_dark R t;
    re_stale : s_stale R s = s_stale R t;
    re_cpu : forall c, s_dark R s c = false -> s_cpu R s c = s_cpu R t c;
    re_prog : forall k, friend k = true -> s_prog R s k = s_prog R t k }.

  Lemma related_refl s : related s s.
  Proof. constructor; auto. apply but_refl. Qed.
  Lemma related_sym s t : related s t -> related t s.
  Proof.
    intros [W L D T C P]. constructor; auto.
    - rewrite <- T. apply but_sym, W.
    - intros c X. symmetry. apply C. rewrite D. exact X.
    - intros k F. symmetry. auto.
  Qed.

  Lemma set_prog_friend (P : who -> R) k x j : friend k = false -> friend j = true -> set_prog R P k x j = P j.
  Proof. intros F G. unfold set_prog. destruct (who_eqb j k) eqn:E; [apply who_eq in E; congruence|reflexivity]. Qed.
  Lemma set_prog_both (P P' : who -> R) k x j : (forall i, friend i = true -> P i = P' i) -> friend j = true ->
    set_prog R P k x j = set_prog R P' k x j.
  Proof. intros E F. unfold set_prog. destruct (who_eqb j k); auto. Qed.

  (** ** Accesses *)
  Lemma but_reach T a b h p : alike_but B Q T a b -> reach a h p -> reach b h p.
  Proof. intros A (k & fn & X). exists k, fn. apply (ab_tlb B Q T a b A), X. Qed.
  Lemma but_store T a b p i x : alike_but B Q T a b -> secure B (write_word B p i x a) ->
    alike_but B Q T (write_word B p i x a) (write_word B p i x b).
  Proof.
    intros A S. unfold write_word in *. apply but_settle; [|exact S]. apply but_ram; [exact A|]. intros q j N I.
    unfold store_word. destruct (_ && _); [reflexivity|]. apply (ab_word B Q T a b A); assumption.
  Qed.

  (** The same access in both: what it gets, too. *)
  Lemma access_both T w wn h a t x w' x' wn' : secure B w -> secure B w' -> alike_but B Q T w wn -> h = 0 \/ Q h = true ->
    System.access B w h a t x w' -> System.access B wn h a t x' wn' -> x = x' /\ alike_but B Q T w' wn'.
  Proof.
    intros S S' A Hh Ac An. destruct Ac as [fn i k p Tl I|fn i y k p Tl I|fn i|fn i y|]; inversion An; subst; auto.
    - split; [|exact A]. f_equal. apply (ab_word B Q T _ _ A); [|assumption].
      apply (reached_public B Q w h p (bo_dev B HB) S); [exists k, fn; exact Tl|exact Hh].
    - split; [reflexivity|]. apply but_store; assumption.
  Qed.
  Lemma access_goes T w wn h a t x w' : secure B w -> alike_but B Q T w wn -> h = 0 \/ Q h = true ->
    System.access B w h a t x w' -> exists x' wn', System.access B wn h a t x' wn'.
  Proof.
    intros S A Hh Ac. destruct Ac as [fn i k p Tl I|fn i y k p Tl I|fn i|fn i y|].
    - eexists _, _. eapply System.acc_load; [apply (ab_tlb B Q T _ _ A), Tl|exact I].
    - eexists _, _. eapply System.acc_store; [apply (ab_tlb B Q T _ _ A), Tl|exact I].
    - eexists _, _. constructor. - eexists _, _. constructor. - eexists _, _. constructor.
  Qed.
  Lemma flow_store w h a t x w' p i y : System.access B w h a t x w' -> System.flow_of w a t = Some (p, i, y) ->
    w' = write_word B p i y w.
  Proof.
    intros [fn j k q Tl I|fn j v k q Tl I| | |]; cbn; try discriminate. destruct (_ =? _); [|discriminate].
    intros [= <- <- <-]. reflexivity.
  Qed.

  (** What a VM outside [Q] does for itself. *)
  Lemma access_hidden T w h a t x w' : settled B w -> secure B w -> h <> 0 -> Q h = false ->
    System.access B w h a t x w' -> System.flow_of w a t = None -> alike_but B Q T w' w.
  Proof.
    intros St S N Hq Ac F. destruct Ac as [|fn i y k p Tl I| | |]; try apply but_refl. cbn in F.
    destruct (Z.eqb_spec (kind (state w p)) PG_LENT) as [|Nk]; [discriminate F|].
    pose proof (s_tlb B w S k h fn p Tl) as Al. unfold allowed in Al. destruct (Z.eqb_spec h 0); [lia|].
    destruct Al as [Rp [X|(X & Y & _)]]; [contradiction|]. apply alike_is_but, alike_hidden; [exact St|exact S|].
    split; [exact Rp|]. split; [left; exact X|]. rewrite Y. exact Hq.
  Qed.

  (** ** Cells that an event writes whatever has been in them *)
  Lemma set_regs_same c l : forall a b y, In y l ->
    w_mem (set_regs c l a) (reg c (fst (fst y)) (snd (fst y))) = w_mem (set_regs c l b) (reg c (fst (fst y)) (snd (fst y))).
  Proof.
    induction l as [|z l IH] using rev_ind; intros a b y I; [destruct I|].
    unfold set_regs. rewrite !fold_left_app. cbn [fold_left]. fold (set_regs c l a). fold (set_regs c l b).
    cbn [set_reg w_mem]. unfold upd. destruct (loc_eqb _ _) eqn:E; [reflexivity|].
    apply in_app_iff in I as [I|[<-|[]]]; [exact (IH a b y I)|]. exfalso.
    assert (X : loc_eqb (reg c (fst (fst z)) (snd (fst z))) (reg c (fst (fst z)) (snd (fst z))) = true) by (apply loc_eqb_eq; reflexivity).
    congruence.
  Qed.

  Lemma overwritten T c e a b v v' a' b' x : alike_but B Q T a b -> public B Q T c e a ->
    snd (effect B (Z.of_nat c) (fun _ => True) e a) v a' -> snd (effect B (Z.of_nat c) (fun _ => True) e b) v' b' ->
    In x (overwrites B c e) -> w_mem a' x = w_mem b' x.
  Proof.
    intros A P E F I. destruct e as [l|l y|f args]; cbn [overwrites] in I; [destruct I| |].
    - destruct (here c l); [|destruct I]. destruct I as [<-|[]]. cbn in E, F. subst a' b'. unfold write_cell.
      destruct (steers_walks (fst l)); cbn; rewrite !upd_same; reflexivity.
    - cbn [public] in P. destruct (cpu_primitive f) eqn:Cp.
      + rewrite cpu_effect_call in E, F by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & _ & ->).
        destruct (cpu_effect_does _ _ _ _ _ _ _ F) as (d' & D' & _ & ->). assert (d' = d) as -> by congruence.
        rewrite D in I. apply in_map_iff in I as (y & <- & I). apply set_regs_same, I.
      + cbn [effect] in E, F. rewrite Cp in E, F. destruct (String.eqb f "ctx_start" || String.eqb f "ctx_switch") eqn:W; [|destruct I].
        assert (Rg : forall to vt hcr mdcr a1 b1, ~ secret B Q a to ->
          w_mem (set_regs (Z.of_nat c) (context_regs (word a to 48) (word a to 37) to vt hcr mdcr) a1) x =
          w_mem (set_regs (Z.of_nat c) (context_regs (word b to 48) (word b to 37) to vt hcr mdcr) b1) x).
        { intros to vt hcr mdcr a1 b1 N. rewrite !(ab_word B Q T a b A) by (first [exact N|lia]).
          set (l := context_regs _ _ _ _ _ _).
          assert (X : exists y, In y l /\ reg (Z.of_nat c) (fst (fst y)) (snd (fst y)) = x).
          { apply in_map_iff in I as (r & <- & I). unfold l, context_regs. cbn in I.
            repeat (destruct I as [<-|I]; [eexists (_, [], _); split; [|reflexivity]; cbn; repeat first [left;
              reflexivity|right]|]). destruct I. }
          destruct X as (y & Iy & <-). apply set_regs_same, Iy. }
        apply orb_true_iff in W as [W|W]; apply String.eqb_eq in W; subst f;
          destruct args as [|x1 [|x2 [|x3 [|x4 [|x5 [|]]]]]]; try (cbn in E; contradiction); cbn in E, F.
        * subst a' b'. apply Rg. exact (P eq_refl).
        * destruct E as (r & _ & ->), F as (r' & _ & ->). apply Rg. exact (proj1 (P eq_refl)).
  Qed.

  (** ** Steps *)
  Lemma sgood_secure s : sgood s -> secure B (s_world R s).
  Proof. intros G. exact (g_secure B _ (sg_good _ _ _ _ s G)). Qed.
  Lemma sgood_settled s : sgood s -> settled B (s_world R s).
  Proof. intros G. exact (g_settled B _ (sg_good _ _ _ _ s G)). Qed.
  Notation sgood_step := (sgood_step B HB Q R software entry boot J J_seated entry_ok boot_ok).

  Lemma but_on_cpu T a b c : alike_but B Q T a b -> on_cpu a c = on_cpu b c.
  Proof.
    intros A. assert (E : forall d, String.prefix "pcpu." d = true -> w_mem a (d, [Z.of_nat c]) = w_mem b (d, [Z.of_nat c])).
    { intros d P. apply (ab_mem B Q T a b A). intros [[X _]|[X _]]; cbn [fst] in X.
      - destruct d as [|x d]; [discriminate P|]. destruct x as [[] [] [] [] [] [] [] []]; discriminate.
      - unfold class_of in X. destruct (existsb _ _); [discriminate X|]. rewrite P in X. discriminate X. }
    unfold on_cpu, loaded_vm, loaded_vcpu. rewrite !E by reflexivity. reflexivity.
  Qed.
  (** What software finds when it is back, if the registers left behind hold the same. *)
  Lemma stale_same T a b c l : alike_but B Q T a b -> stale_values T a c = stale_values T b c -> In l (shown_cells c) ->
    w_mem a l = w_mem b l.
  Proof.
    intros A E I. destruct (T l) eqn:D.
    - unfold stale_values in E. revert E I. generalize (shown_cells c). intros ls. induction ls as [|x ls IH]; [intros _ []|].
      cbn. intros [= E1 E2] [<-|I]; [rewrite D in E1; exact E1|auto].
    - apply (ab_mem B Q T a b A). intros [[_ X]|[X _]]; [congruence|]. apply in_map_iff in I as (r & <- & _).
      cbn [reg fst] in X. rewrite register_class in X; [discriminate X|destruct r; reflexivity].
  Qed.
  Lemma but_back T a b c : alike_but B Q T a b ->
    ~ secret B Q a (wrap U64 (w_mem a (obj "pcpu.cur_ctx" [Z.of_nat c]))) ->
    (forall l, In l (shown_cells c) -> w_mem a l = w_mem b l) -> back a c = back b c.
  Proof.
    intros A N Sh. unfold back. f_equal.
    - rewrite <- (ab_mem B Q T a b A (obj "pcpu.cur_ctx" [Z.of_nat c])).
      2: { intros [[X _]|[X _]]; discriminate X. }
      apply map_ext_in. intros i I. apply in_seq in I. apply (ab_word B Q T a b A); [exact N|lia].
    - apply map_ext_in. intros l I. rewrite (Sh l I). reflexivity.
  Qed.

  Ltac unpack := cbn [s_world s_lock s_cpu s_prog s_dark s_stale] in *.

  (** A silent step: nobody else knows. *)
  Theorem silent_step s t s' : sgood s -> related s t -> step s Silent s' -> related s' t.
  Proof.
    intros G A S. pose proof (sgood_secure s G) as Sec. pose proof (sgood_settled s G) as Set0.
    assert (Go : forall w o C P D T, s = Build_system R w o C P D T ->
      (forall c k, C c = Runs k -> D c = negb (friend k) /\ forall h i, k = Vcpu h i -> h <> 0) /\
      (forall c, D c = true -> dark T c)).
    { intros w o C P D T ->. split; [exact (sg_runs _ _ _ _ _ G)|exact (sg_dark _ _ _ _ _ G)]. }
    destruct A as [W L D T C P]. inversion S as [| |w o Cs Ps Ds Ts c k a x y w' E Fr Ea Ac Fl| |w o Cs Ps Ds Ts c k tr irq E Fr
      Tr| | | | | |
      |w o Cs Ps Ds Ts c e k v w' E N1 N2 Ef Dc Ng| | |w o Cs Ps Ds Ts c r k E Ek Fr Dc]; subst; unpack;
      destruct (Go _ _ _ _ _ _ eq_refl) as [Gr Gd]; constructor; unpack; auto.
    - eapply but_trans; [|exact W]. destruct (Gr c k E) as [_ Nz]. destruct k as [d|h i]; [discriminate Fr|].
      eapply access_hidden; [exact Set0|exact Sec|exact (Nz h i eq_refl)|exact Fr|exact Ac|exact Fl].
    - intros j F. rewrite set_prog_friend by assumption. auto.
    - intros d Dd. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [|auto].
      destruct (Gr c k E) as [X _]. rewrite Fr in X. cbn in X. congruence.
    - eapply but_trans; [|exact W]. eapply silent_event; [exact (Gd c Dc)|exact Set0|exact Sec| |exact Ng|exact Ef].
      eapply (code_locking B Q R J _ c e k G); [exact E|exact N1|exact N2].
    - intros d Dd. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [congruence|auto].
    - intros d Dd. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [congruence|auto].
    - intros j F. rewrite set_prog_friend by assumption. auto.
  Qed.

  (** ** The same label on both sides *)
  Local Opaque stale_values.
  Ltac same_cpu C Dc :=
    match goal with X : ?Cs ?c = _, Y : ?Cn ?c = _ |- _ => let Z := fresh in pose proof (C c Dc) as Z; rewrite X, Y in Z; injection Z as;
      subst end.
  Ltac set_both C := let d := fresh "d" in let Dd := fresh "Dd" in
    intros d Dd; unfold set_cpu in *; destruct (PeanoNat.Nat.eqb d _); auto.

  Theorem seen_step s t l s' t' : sgood s -> sgood t -> related s t -> step s l s' -> step t l t' -> l <> Silent ->
    related s' t'.
  Proof.
    intros Gs Gt A Ss St Nl. pose proof (sgood_secure _ (sgood_step _ _ _ Gs Ss)) as Sec'.
    pose proof (sgood_secure _ Gs) as Sec.
    assert (Run : forall w o C P D T c k, s = Build_system R w o C P D T -> C c = Runs k -> friend k = true -> D c = false).
    { intros w o C P D T c k -> E F. destruct (sg_runs _ _ _ _ _ Gs c k E) as [X _]. unpack. rewrite X, F. reflexivity. }
    destruct A as [W L D0 T0 C P].
    inversion Ss as [w o Cs Ps Ds Ts c k a x y w' E Fr Ea Ac|w o Cs Ps Ds Ts c k a x y w' p i z E Fr Ea Ac Fl
      | |w o Cs Ps Ds Ts c k tr irq E Fr Tr| |w o Cs Ps Ds Ts c k E|w Cs Ps Ds Ts c k x E|w o Cs Ps Ds Ts c k x E
      |w o Cs Ps Ds Ts c e k v w' l0 E N1 N2 Ef Dc Pu Co|w o Cs Ps Ds Ts c e k E Dc Np
      |w o Cs Ps Ds Ts c e k v w' l0 E N1 N2 Ef Dc Gi Co|
      |w o Cs Ps Ds Ts c r k E Ek Fr|w o Cs Ps Ds Ts c r k E Ek Fr Dc|]; subst; try contradiction;
      try (remember (stale_values Ts w c) as sv eqn:Esv in St); inversion St; subst; unpack; subst.
    - (* Accesses *)
      pose proof (Run _ _ _ _ _ _ _ _ eq_refl E Fr) as Dc. same_cpu C Dc.
      match goal with X : act _ (software ?k) _ = Access _, Y : System.access B w _ _ _ _ _, Z : System.access B w0 _ _ _ _ _ |- _ =>
        rewrite <- (P k Fr) in X; rewrite Ea in X; injection X as <-;
        assert (Hk : vmid k = 0 \/ Q (vmid k) = true) by (destruct k; cbn; auto);
        destruct (access_both _ w w0 _ _ _ _ _ _ _ Sec Sec' W Hk Y Z) as [-> Aw] end.
      constructor; unpack; auto. intros j F. rewrite (P _ Fr). apply set_prog_both; assumption.
    - (* Flows *)
      match goal with X : System.access B w _ _ _ _ _, Xf : System.flow_of w _ _ = _, Y : System.access B w0 _ _ _ _ _,
        Yf : System.flow_of w0 _ _ = _ |- _ =>
        pose proof (flow_store _ _ _ _ _ _ _ _ _ X Xf); pose proof (flow_store _ _ _ _ _ _ _ _ _ Y Yf); subst end.
      constructor; unpack; auto; [apply but_store; assumption|]. intros j F. rewrite !set_prog_friend by assumption. auto.
    - (* Traps *)
      pose proof (Run _ _ _ _ _ _ _ _ eq_refl E Fr) as Dc. same_cpu C Dc.
      match goal with X : trapping _ _ _ _ _ ?t' |- _ => match type of Tr with trapping _ _ _ _ _ ?t => assert (t' = t) as -> end end.
      { unfold trapping in *. rewrite <- (P _ Fr) in *. destruct irq; congruence. }
      constructor; unpack; auto. set_both C.
    - (* Comes_up *)
      constructor; unpack; auto. set_both C.
    - (* Locks *)
      constructor; unpack; auto. intros d Dd. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [|auto].
      same_cpu C Dd. reflexivity.
    - (* Unlocks *)
      constructor; unpack; auto. intros d Dd. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [|auto].
      same_cpu C Dd. reflexivity.
    - (* Does *)
      same_cpu C Dc. pose proof (code_locking _ _ _ _ _ _ _ _ Gs E N1 N2) as Nlk.
      match goal with Y : snd (effect _ _ _ _ w0) ?v' ?wn, Yc : C0 _ = _, Cn : content _ _ w0 ?wn _ _, O : open_answer _ _ _ _ = _ |- _ =>
        destruct (public_both B Q _ c _ w w0 v v' w' wn l0 W Nlk (code_changes _ _ _ _ _ _ _ _ Gs E)
          (code_changes _ _ _ _ _ _ _ _ Gt Yc) Pu Sec' Co Cn (eq_sym O) Ef Y) as [<- Aw] end.
      constructor; unpack; auto; [|set_both C].
      apply but_lighten; [|exact Aw]. intros x I. exact (overwritten _ _ _ _ _ _ _ _ _ x W Pu Ef ltac:(eassumption) I).
    - (* Darkens *)
      constructor; unpack; auto; [apply but_darken; exact W|]. intros d Dd. unfold set_cpu in Dd.
      destruct (PeanoNat.Nat.eqb d c); [discriminate Dd|auto].
    - (* Gives *)
      pose proof (code_locking _ _ _ _ _ _ _ _ Gs E N1 N2) as Nlk.
      constructor; unpack; auto.
      + match goal with Y : snd (effect _ _ _ _ w0) _ _, Yc : C0 _ = _, Cn : content _ _ w0 _ _ _ |- _ =>
          exact (given_both B Q _ c e w w0 _ _ _ _ _ W Nlk (code_changes _ _ _ _ _ _ _ _ Gs E) (code_changes _ _ _ _ _ _ _ _ Gt Yc)
            (sg_dark _ _ _ _ _ Gs c Dc) Sec' Co Cn Ef Y) end.
      + intros d Dd. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [congruence|auto].
    - (* Leaves *)
      pose proof (but_on_cpu _ w w0 c W) as Ek.
      assert (Sh : forall l, In l (shown_cells c) -> w_mem w l = w_mem w0 l)
        by (intros l I; refine (stale_same _ _ _ _ _ W _ I); symmetry; assumption).
      assert (N : ~ secret B Q w (wrap U64 (w_mem w (obj "pcpu.cur_ctx" [Z.of_nat c]))))
        by (eapply (context_public B Q R J J_seated _ c r Gs E); exact Fr).
      constructor; unpack; auto.
      + apply but_lighten; assumption.
      + intros d Dd. rewrite <- Ek. unfold set_cpu in *. destruct (PeanoNat.Nat.eqb d c); auto.
      + intros j F. rewrite <- Ek, <- (but_back _ w w0 c W N Sh), <- (P _ Fr). apply set_prog_both; assumption.
    - (* Enters *)
      constructor; unpack; auto; [apply but_darken; exact W| |].
      + intros d Dd. unfold set_cpu in *. destruct (PeanoNat.Nat.eqb d c); [discriminate Dd|auto].
      + intros j F. rewrite !set_prog_friend by assumption. auto.
  Qed.

  (** ** Runs *)
  Lemma trace_cons l ls : trace (l :: ls) = if seen l then l :: trace ls else trace ls.
  Proof. reflexivity. Qed.
  Lemma seen_silent l : seen l = false -> l = Silent.
  Proof. destruct l; cbn; congruence. Qed.

  Theorem runs_related s ls s' : steps s ls s' -> forall t ls' t', sgood s -> sgood t -> related s t ->
    steps t ls' t' -> trace ls = trace ls' -> related s' t'.
  Proof.
    intros S. induction S as [s|s l s1 ls s2 S1 S2 IH]; intros t ls' t' Gs Gt A St V.
    - revert A V. induction St as [t|t l t1 ls' t2 T1 T2 IHt]; intros A V; [exact A|].
      rewrite trace_cons in V. destruct (seen l) eqn:Sl; [discriminate V|]. apply seen_silent in Sl. subst l.
      apply IHt; [exact (sgood_step _ _ _ Gt T1)| |exact V].
      apply related_sym. eapply silent_step; [exact Gt|apply related_sym, A|exact T1].
    - rewrite trace_cons in V. destruct (seen l) eqn:Sl.
      2: { apply seen_silent in Sl. subst l. eapply IH; [exact (sgood_step _ _ _ Gs S1)|exact Gt| |exact St|exact V].
           eapply silent_step; [exact Gs|exact A|exact S1]. }
      revert A V. induction St as [t|t l' t1 ls' t2 T1 T2 IHt]; intros A V; [discriminate V|].
      rewrite trace_cons in V. destruct (seen l') eqn:Sl'.
      + injection V as <- V. eapply IH; [exact (sgood_step _ _ _ Gs S1)|exact (sgood_step _ _ _ Gt T1)| |exact T2|exact V].
        eapply seen_step; [exact Gs|exact Gt|exact A|exact S1|exact T1|]. intros ->. discriminate Sl.
      + apply seen_silent in Sl'. subst l'. apply IHt; [exact (sgood_step _ _ _ Gt T1)| |exact V].
        apply related_sym. eapply silent_step; [exact Gt|apply related_sym, A|exact T1].
  Qed.

  Lemma related_same s t : sgood s -> related s t -> same_for Q R s t.
  Proof.
    intros G [W L D T C P]. constructor; auto.
    - intros c. rewrite D. reflexivity.
    - apply W. - apply W. - apply W. - apply W.
    - intros h p i Hq Re I. apply (ab_word B Q _ _ _ W); [|exact I].
      apply (reached_public B Q _ h); [apply (bo_dev B HB)|apply sgood_secure, G|exact Re|exact Hq].
  Qed.
End Related.
