(** * What calls on memory leave alone of all that the CPU owns

    The contract of such calls ([kcore]) lets them write results and counters of the CPU, and nothing else of its own.  So
    every function that is verified for it keeps the rest, whatever its specification says: constants, the CPU's entry of
    [pcpu], the tokens that it has and what these keep (the vCPU's objects, its power state while it is on), the registers
    of a trap, and the words of its own pages.  A handler of a guest's trap knows after such a call
    whom it serves, and what the guest's registers are ([Serve_Kept]). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Invariant Prims Structure Interleave.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Left.
  Variables (B : board) (c : Z) (LI : world -> Prop).
  Hypothesis HB : board_ok B.
  Hypothesis Hc : 0 <= c.
  Notation K := (kcore B c LI).

  (** What a trap is about, what the virtual CPU interface has, what counts for KServ, its virtual timer: calls on memory write none of
      these.  (Other registers of the CPU may change.) *)
  Definition trap_registers : list ident := ["esr"; "far"; "hpfar"; "ich_vtr"; "pmu"; "cntvoff"].
  Definition left_cell (w : world) (l : loc) : Prop :=
    owns c w l /\ (fst l = loaded_cell -> exists h i, snd l = [h; i]) /\
      String.prefix "reg." (fst l) = false /\ existsb (String.eqb (fst l)) scratch_cells = false \/
    exists r, In r trap_registers /\ l = reg c r [].
  Record left_alone (w w' : world) : Prop := {
    l_mem : forall l, left_cell w l -> w_mem w' l = w_mem w l;
    l_ram : forall p i, own_page c w p -> w_ram w' p i = w_ram w p i }.

  (** Whose index is right, and that is no register or counter. *)
  Lemma left_owned w d ix : owns c w (d, ix) -> (d = loaded_cell -> exists h i, ix = [h; i]) ->
    String.prefix "reg." d = false -> existsb (String.eqb d) scratch_cells = false -> left_cell w (d, ix).
  Proof. intros. left. auto. Qed.

  Section Two.
    Variables w w' : world.
    Hypothesis L : left_alone w w'.

    Lemma left_token h i : token w h i = c + 1 -> token w' h i = c + 1.
    Proof.
      intros T. unfold token. replace (w_mem w' (obj loaded_cell [h; i])) with (w_mem w (obj loaded_cell [h; i])); [exact T|].
      symmetry. apply (l_mem _ _ L), left_owned; [apply token_owned, T|eauto|reflexivity|reflexivity].
    Qed.
    Lemma left_on h i : token w h i = c + 1 -> vcpu_on w h i -> vcpu_on w' h i.
    Proof.
      intros T O. unfold vcpu_on. replace (w_mem w' (obj "vcpus.power" [h; i])) with (w_mem w (obj "vcpus.power" [h; i])); [exact O|].
      symmetry. apply (l_mem _ _ L), left_owned; [apply power_owned; assumption|discriminate|reflexivity|reflexivity].
    Qed.

    Lemma left_cell_on l : left_cell w l -> left_cell w' l.
    Proof.
      intros [(O & Sh & H)|H]; [left|right; exact H]. split; [|split; assumption]. unfold owns in *.
      destruct (class_of (fst l)); auto.
      - unfold has_vcpu in *. destruct (snd l) as [|h [|i [|]]]; auto. apply left_token, O.
      - destruct O as [[S O]|[[S O]|[S O]]]; [left|right; left|right; right]; split; try exact S.
        + apply (has_same c w w'); [exact left_token|exact O].
        + destruct (Sh S) as (h & i & E). destruct l as [d ix]. cbn [fst snd] in *. subst d ix. exact (left_token h i O).
        + unfold drives in *. destruct (snd l) as [|h [|i [|]]]; auto. destruct O as [O O']. split; [apply left_token, O|].
          apply left_on; assumption.
    Qed.

    Lemma left_own_page p : own_page c w p -> own_page c w' p.
    Proof.
      intros [[R ->]|(h & i & T & P & O & ->)].
      - left. split; [exact R|]. unfold host_ctx. f_equal. symmetry.
        apply (l_mem _ _ L), left_owned; [exact I|discriminate|reflexivity|reflexivity].
      - right. exists h, i. split; [apply left_token, T|]. split; [|split; [apply left_on; assumption|]].
        + unfold protected. replace (w_mem w' (obj "vms.is_protected" [h])) with (w_mem w (obj "vms.is_protected" [h])); [exact P|].
          symmetry. apply (l_mem _ _ L), left_owned; [apply (protected_owned c w h i T)|discriminate|reflexivity|reflexivity].
        + unfold vcpu_ctx. f_equal. symmetry. apply (l_mem _ _ L), left_owned; [apply ctx_owned, T|discriminate|reflexivity|reflexivity].
    Qed.
  End Two.

  Lemma left_refl w : left_alone w w. Proof. split; reflexivity. Qed.
  Lemma left_trans a b w : left_alone a b -> left_alone b w -> left_alone a w.
  Proof.
    intros L L'. split.
    - intros l H. rewrite (l_mem _ _ L' l (left_cell_on a b L l H)). apply (l_mem _ _ L), H.
    - intros p i H. rewrite (l_ram _ _ L' p i (left_own_page a b L p H)). apply (l_ram _ _ L), H.
  Qed.

  Lemma left_regs w f args d : existsb (String.eqb f) not_for_memory = false ->
    doing_of B c f args = Some d -> left_alone w (set_regs c (writes d) w).
  Proof.
    intros Q D. cbn [existsb not_for_memory] in Q. rewrite !orb_false_iff in Q. destruct Q as (Q1 & Q2 & Q3 & Q4 & _).
    assert (N : forall x, In x (writes d) -> ~ In (fst (fst x)) trap_registers).
    { intros x Ix J. destruct args as [|a1 [|a2 [|a3 [|a4 [|]]]]]; cbn -[String.eqb] in D;
        rewrite ?Q1, ?Q2, ?Q3, ?Q4 in D; try discriminate D;
        repeat match type of D with (if ?b then _ else _) = _ => destruct b end;
        try discriminate D; injection D as <-; cbn in Ix;
        repeat (destruct Ix as [<-|Ix]; [cbn in J; intuition discriminate|]); exact Ix. }
    clear D. revert w N. generalize (writes d). intros l. induction l as [|x l IH]; intros w N; [apply left_refl|].
    apply (left_trans w (set_reg c x w)); [|exact (IH (set_reg c x w) (fun y J => N y (or_intror J)))].
    split; [|reflexivity].
    intros [q ix] H. unfold set_reg, reg. cbn [w_mem fst snd].
    destruct H as [(_ & _ & P & _)|(r & J & E)].
    - apply upd_other. intros X. injection X as X _. cbn [fst] in P. rewrite <- X in P. destruct (fst (fst x)); discriminate P.
    - apply upd_other. intros X. unfold reg in E. rewrite E in X. injection X as X _. apply (N x (or_introl eq_refl)). rewrite X. exact J.
  Qed.

  Lemma left_ram r w : (forall p i, own_page c w p -> r p i = w_ram w p i) -> left_alone w (set_ram r w).
  Proof. intros H. split; [reflexivity|exact H]. Qed.
  Lemma left_same w w' : w_mem w' = w_mem w -> w_ram w' = w_ram w -> left_alone w w'.
  Proof. intros M R. split; intros; [rewrite M|rewrite R]; reflexivity. Qed.

  (** Pages that this CPU uses are written by nobody with the lock. *)
  Lemma left_unused a f w : ~ in_use w a -> left_alone w (settle B (set_ram (store_page a f (w_ram w)) w)).
  Proof.
    intros N. split; [reflexivity|]. intros p i O. cbn. unfold store_page. destruct (Z.eqb_spec p a) as [->|]; [|reflexivity].
    destruct N. exact (own_page_in_use c w a Hc O).
  Qed.
  Lemma left_word a i x w : ~ own_page c w a -> left_alone w (write_word B a i x w).
  Proof.
    intros N. split; [reflexivity|]. intros p j O. cbn. unfold store_word. destruct (Z.eqb_spec p a) as [->|]; [contradiction|reflexivity].
  Qed.

  Lemma left_write w l x : calm (EWrite l x) w -> may_write c w l x -> left_alone w (write_cell B l x w).
  Proof.
    intros [_ Cm] [_ F]. assert (M : w_mem (write_cell B l x w) = upd (w_mem w) l x)
      by (unfold write_cell; destruct (steers_walks (fst l)); reflexivity).
    split; [|intros p i _; unfold write_cell; destruct (steers_walks (fst l)); reflexivity].
    intros l0 H. rewrite M. apply upd_other. intros <-. destruct H as [(O & Sh & Rg & N)|(r & J & ->)].
    - unfold owns in O. destruct (class_of (fst l)) eqn:Cl; [exact F| | |exact O|].
      + destruct Cm as [Cm|(Cm & _)]; [congruence|]. destruct Cm as [Cm|[Cm|Cm]]; [rewrite Cm in Cl; discriminate Cl..|congruence].
      + destruct Cm as [[]|(_ & U & _)]. destruct (snd l) as [|h [|i [|]]]; cbn in O, U; try contradiction. lia.
      + destruct F as (_ & St & _). destruct O as [(S & O)|[(S & O)|(S & O)]].
        * specialize (St S). destruct (snd l) as [|h [|i [|]]]; cbn in O, St; try contradiction;
            [destruct O as [i O]; specialize (St i)|]; lia.
        * destruct Cm as [(_ & Cm)|(_ & U & _)]; [exact (Cm S)|]. destruct (Sh S) as (h & i & E). destruct l as [d ix].
          cbn [fst snd] in *. subst d ix. cbn in U. unfold token in U. lia.
        * destruct Cm as [(Cm & _)|(_ & U & _)]; [exact (Cm S)|]. destruct (snd l) as [|h [|i [|]]]; cbn in O, U; try contradiction. lia.
    - destruct J as [<-|[<-|[<-|[<-|[<-|[<-|[]]]]]]]; cbn in Cm; destruct Cm as [Cm|([Cm|[Cm|Cm]] & _)]; discriminate Cm.
  Qed.

  (** Single events; security is kept by every one. *)
  Lemma left_event e w v w' : secure B w -> pre K e w -> act K e w v w' -> secure B w' /\ left_alone w w'.
  Proof.
    intros Sw [C P] E. destruct (C eq_refl) as [L C']. cbn [act kcore contract_of] in E. rewrite L in P, E.
    destruct E as (w0 & Bf & E). destruct (P w0 Bf) as [F S']. clear P.
    split; [exact (S' v w' E)|].
    assert (K0 : left_alone w w0).
    { unfold before in Bf. destruct (observes e).
      - destruct Bf as (r & -> & R). apply left_ram. intros p i O. apply R.
        + exact (own_page_unreached B HB c w p Sw Hc O).
        + exact (own_page_here B c w p Sw Hc O).
      - destruct e as [l|l x|f args]; [|subst w0; apply left_refl..].
        destruct (class_of (fst l)) eqn:Cl; try (subst w0; apply left_refl).
        destruct Bf as (x & ->). split; [|reflexivity]. intros l0 H. cbn [w_mem set_mem]. apply upd_other. intros <-.
        destruct H as [(O & _)|(r & J & ->)]; [unfold owns in O; rewrite Cl in O; exact O|].
        destruct J as [<-|[<-|[<-|[<-|[<-|[<-|[]]]]]]]; discriminate Cl. }
    apply (left_trans w w0); [exact K0|].
    destruct e as [l|l x|f args].
    - destruct E as [_ ->]. apply left_refl.
    - cbn in E, F, Bf. subst w' w0. apply left_write; [split; [exact L|exact C']|exact F].
    - cbn [effect] in E, F, S'. destruct (cpu_primitive f).
      { unfold cpu_effect in E. destruct (doing_of B c f args) as [d|] eqn:D; [|destruct E]. destruct E as [_ ->].
        exact (left_regs w0 f args d C' D). }
      destruct args as [|a [|b [|d [|t [|u [|]]]]]]; try (cbn in E; contradiction); cbn in E, F, S'.
      + destruct (String.eqb f "spin_lock").
        { cbn in E. destruct E as (w1 & _ & -> & Ow & Pg). split; [|exact Pg]. intros l H. cbn [w_mem set_held].
          destruct H as [(O & _)|(r & J & ->)]; [apply Ow, O|]. apply Ow. unfold owns.
          destruct J as [<-|[<-|[<-|[<-|[<-|[<-|[]]]]]]]; reflexivity. }
        destruct (String.eqb f "spin_unlock"); [cbn in E; subst w'; apply left_same; reflexivity|].
        destruct (String.eqb f "meta_get"); [cbn in E; destruct E as [_ ->]; apply left_refl|].
        destruct (String.eqb f "page_zero"); [cbn in E, F; subst w'; apply left_unused, F|].
        destruct (String.eqb f "page_sync"); [cbn in E; subst w'; apply left_refl|].
        destruct (String.eqb f "fp_load"); [destruct F|]. destruct (String.eqb f "fp_save"); [destruct F|]. destruct F.
      + destruct (String.eqb f "meta_set"); [cbn in E; subst w'; apply left_same; reflexivity|].
        destruct (String.eqb f "pg_get"); [cbn in E; destruct E as [_ ->]; apply left_refl|].
        destruct (String.eqb f "pte_get"); [cbn in E; destruct E as [_ ->]; apply left_refl|].
        destruct (String.eqb f "page_copy"); [cbn in E, F; subst w'; apply left_unused, F|].
        destruct (String.eqb f "tlb_inval_vm"); [cbn in E; subst w'; apply left_same; reflexivity|]. destruct F.
      + destruct (String.eqb f "pg_set").
        { cbn in E, F. subst w'. apply left_word. intros O. apply F. exact (own_page_in_use c w0 a Hc O). }
        destruct (String.eqb f "pte_set"); [|destruct F].
        cbn in E, F, S'. subst w'. apply left_word. intros O. specialize (S' 0 _ eq_refl).
        assert (O' : own_page c (write_word B a b d w0) a) by exact O.
        destruct (own_page_kind B c _ a S' Hc O') as [_ Kd]. change (state (write_word B a b d w0) a) with (state w0 a) in Kd.
        destruct F as (_ & (_ & [[_ N]|N]) & _); [apply N; exact (own_page_in_use c w0 a Hc O)|].
        unfold PG_CORE, PG_VMCORE, PG_CTX in *. lia.
      + destruct (String.eqb f "ctx_start"); destruct F.
      + destruct (String.eqb f "ctx_switch"); destruct F.
  Qed.

  Theorem wp_left {A} (p : prog A) (Q : A -> world -> Prop) w : secure B w -> wp K p Q w ->
    wp K p (fun r w' => Q r w' /\ left_alone w w') w.
  Proof.
    enough (G : forall w, secure B w -> wp K p Q w -> forall a, left_alone a w -> wp K p (fun r w' => Q r w' /\ left_alone a w') w)
      by (intros S W; apply (G w S W w), left_refl).
    induction p as [x|e k IH|why]; cbn [wp]; intros w1 S W a Ka; [auto| |exact W].
    destruct W as [P W]. split; [exact P|]. intros v w' E. destruct (left_event e w1 v w' S P E) as [S' L].
    apply IH; [exact S'|apply W, E|]. exact (left_trans a w1 w' Ka L).
  Qed.
End Left.
