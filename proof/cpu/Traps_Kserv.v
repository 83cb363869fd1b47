(** * What KServ finds when a vCPU has left its CPU

    [traps_noninterference] lets a CPU that has read a secret store words into KServ's own page of registers once that is the
    current context again, and shows KServ the registers that it finds.  Here is what all of this is: KServ's own state, as it
    was when the vCPU got the CPU, with x0 = KC_OK, x1 = the kind of the exit, and constants ([after_exit], Rest_Spec.v).
    However often the vCPU has trapped in between, and whatever KCore has done for it, for any programs. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.mm Require Import Structure.
From Redoubt.sem Require Import Sem Memory Wp Link.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Vm_Spec Vm_Facts Cpu_Facts Interleave Interleave_Events Machine_Proof Verified Alike
  Traps_System Traps_Alike Traps_Good Traps_Phase.
From Redoubt.cpu Require Import Ctx_Spec Run_Spec Rest_Spec Host_Facts Kserv_Facts Kserv_Enter Traps Traps_Proof Traps_Secure
  Traps_Noninterference.
From Redoubt.gen Require Import Program.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Kserv.
  Variable B : board.
  Hypothesis HB : board_ok B.

  (** What it speaks of is the CPU's own. *)
  Lemma away_own c a w r ix : class_of r = Percpu -> away c a w -> w_mem a (obj r (c :: ix)) = w_mem w (obj r (c :: ix)).
  Proof. intros P A. apply (aw_mem c a w A). unfold owns. cbn [fst snd]. rewrite P. reflexivity. Qed.
  Lemma away_host c a w : away c a w -> host_ctx a c = host_ctx w c.
  Proof. intros A. unfold host_ctx. rewrite (aw_mem c a w A) by exact I. reflexivity. Qed.
  Lemma away_words c a w : 0 <= c < 8 -> away c a w -> ctx_words a (host_ctx a c) = ctx_words w (host_ctx w c).
  Proof.
    intros Hc A. rewrite (away_host c a w A). apply map_ext. intros i. unfold word. rewrite (aw_page c a w A); [reflexivity|].
    left. split; [exact Hc|]. symmetry. exact (away_host c a w A).
  Qed.
  Lemma away_kserv c a w : 0 <= c < 8 -> away c a w -> kserv_of c a = kserv_of c w.
  Proof.
    intros Hc A. unfold kserv_of, reg_of, reg. rewrite (away_words c a w Hc A), (away_host c a w A).
    rewrite !(away_own c a w) by (reflexivity || exact A). rewrite (aw_mem c a w A (obj "host_root" [])) by exact I. reflexivity.
  Qed.
  Lemma away_found c a w : 0 <= c < 8 -> serves_host c a -> away c a w ->
    (let f := found c a in Back (fst f) (snd f)) = Back (ctx_words w (cur_ctx c w)) (List.map (fun r => reg_of w c r []) shows).
  Proof.
    intros Hc [S _] A. cbn [found fst snd]. f_equal.
    - rewrite S. rewrite (away_words c a w Hc A). rewrite <- (away_host c a w A), <- S. unfold cur_ctx.
      rewrite (away_own c a w "pcpu.cur_ctx" []) by (reflexivity || exact A). reflexivity.
    - apply map_ext_in. intros r J. unfold reg_of, reg. f_equal. apply away_own; [exact (reg_class c r [])|exact A].
  Qed.

  Variables (Q : Z -> bool) (R : Type) (software : who -> agent R).
  Notation J := rests.

  (** Between the traps of a guest, and when KServ is back. *)
  Definition put_away (c : Z) (x : kserv_state) (w : world) : Prop :=
    at_guest c w /\ kserv_of c w = x \/
    serves_host c w /\ exists code, In code exit_codes /\ found c w = after_exit x code.

  Lemma put_away_kept c x t a : 0 <= c < 8 -> idle B a -> rests c a -> put_away c x a ->
    wrap U32 (w_mem a (obj "pcpu.in_guest" [c])) <> 0 ->
    wp (kcore_all B c (mem_inv B)) (kcore_entry c t) (fun _ w' => (idle B w' /\ rests c w') /\ put_away c x w') a.
  Proof.
    intros Hc I Rs [[A E]|[[_ Z0] _]] N; [|contradiction]. unfold kcore_entry.
    eapply wp_mono; [apply (guest_keeps B c (trap_meets B HB c)); [apply Z.mod_pos_bound; lia|exact I|exact Rs|exact A]|].
    cbv beta. intros r w' [X G]. split; [exact X|]. unfold put_away. rewrite <- E. exact G.
  Qed.

  Notation kstep := (Traps_System.step B Q R software kcore_entry kcore_boot).

  Theorem finds s0 s1 s2 c h i d ls l : sgood B Q R rests s0 -> placed R s0 ->
    s_cpu R s0 c = Runs (Vcpu h i) -> phase B Q R software kcore_entry kcore_boot c s0 ls s1 -> not_kserv R c s1 ->
    kstep s1 l s2 -> s_cpu R s2 c = Runs (Kserv d) ->
    exists code, In code exit_codes /\ s_prog R s2 (Kserv d) = next R (software (Kserv d)) (s_prog R s1 (Kserv d))
      (let f := after_exit (kserv_of (Z.of_nat c) (s_world R s0)) code in Back (fst f) (snd f)).
  Proof.
    intros G Pl E Ph Nk S Ed. assert (Lc : (c < 8)%nat) by (apply (sg_cpu _ _ _ _ s0 G); congruence).
    assert (Hc : 0 <= Z.of_nat c < 8) by lia. set (x := kserv_of (Z.of_nat c) (s_world R s0)).
    set (P := put_away (Z.of_nat c) x).
    assert (Kept : forall t a, idle B a -> rests (Z.of_nat c) a -> P a ->
      wrap U32 (w_mem a (obj "pcpu.in_guest" [Z.of_nat c])) <> 0 ->
      wp (kcore_all B (Z.of_nat c) (mem_inv B)) (kcore_entry (Z.of_nat c) t)
        (fun _ w' => (idle B w' /\ rests (Z.of_nat c) w') /\ P w') a)
      by (intros t a I Rs Pa N; exact (put_away_kept (Z.of_nat c) x t a Hc I Rs Pa N)).
    assert (Gp : good_to B true (ends_with B rests c P) (machine_of R s0)).
    { apply (phase_start B Q R rests c Lc P s0 _ None G E eq_refl). intros a Aw I Rs. left.
      assert (Ig : in_guest (Z.of_nat c) a <> 0).
      { unfold in_guest. rewrite (away_own _ a (s_world R s0) "pcpu.in_guest" []) by (reflexivity || exact Aw). intros Z0.
        pose proof (Pl c _ E) as Ek. unfold on_cpu in Ek. rewrite Z0 in Ek. discriminate Ek. }
      split; [destruct (rs_side _ _ Rs) as [[_ Z0]|A]; [contradiction|exact A]|]. exact (away_kserv _ a _ Hc Aw). }
    destruct (phase_steps B HB Q R software kcore_entry kcore_boot rests rests_seated (kcore_entry_ok B HB) (kcore_boot_ok B HB)
      c Lc P Kept s0 ls s1 Ph G Pl Gp) as (G1 & Pl1 & Gp1).
    assert (D : forall r k, s_cpu R s1 c = Serving (Ret r) -> k = on_cpu (s_world R s1) c -> k = Kserv d ->
      exists code, In code exit_codes /\
        back (s_world R s1) c = (let f := after_exit x code in Back (fst f) (snd f))).
    { intros r k Er Ek ->. destruct (phase_end B R rests c Lc P s1 r Gp1) as (a & Aw & Rs & Pa); [rewrite Er; reflexivity|].
      assert (Z0 : in_guest (Z.of_nat c) a = 0).
      { unfold in_guest. rewrite (away_own _ a (s_world R s1) "pcpu.in_guest" []) by (reflexivity || exact Aw).
        unfold on_cpu in Ek. destruct (Z.eqb_spec (wrap U32 (w_mem (s_world R s1) (obj "pcpu.in_guest" [Z.of_nat c]))) 0);
          [assumption|discriminate Ek]. }
      destruct Pa as [[A _]|(Sh & code & Ic & Fd)]; [pose proof (ag_in _ _ A); exfalso; lia|]. exists code. split; [exact Ic|].
      rewrite <- Fd. rewrite (away_found (Z.of_nat c) a (s_world R s1) Hc Sh Aw). unfold back, ctx_words, cur_ctx, shown_cells.
      rewrite map_map. reflexivity. }
    destruct S as [w o C P0 D0 T e k a t y w' E1 Fr Ea Ac|w o C P0 D0 T e k a t y w' p j z E1 Fr Ea Ac Fl
      |w o C P0 D0 T e k a t y w' E1 Fr Ea Ac Fl|w o C P0 D0 T e k t irq E1 Fr Tr|w o C P0 D0 T e k t irq E1 Fr Tr
      |w o C P0 D0 T e d0 E1|w C P0 D0 T e k y E1|w o C P0 D0 T e k y E1|w o C P0 D0 T e ev k v w' l E1 N1 N2 Ef Dc Pu Co|w o C P0
        D0 T e ev k E1 Dc Np
      |w o C P0 D0 T e ev k v w' l E1 N1 N2 Ef Dc Gi Co|w o C P0 D0 T e ev k v w' E1 N1 N2 Ef Dc Ng
      |w o C P0 D0 T e r k E1 Ek Fr|w o C P0 D0 T e r k E1 Ek Fr Dc|w o C P0 D0 T e r k E1 Ek Fr Dc];
      cbn [s_world s_lock s_cpu s_prog s_dark s_stale] in *;
      try solve [destruct (Nk d); exact Ed];
      unfold set_cpu in Ed; (destruct (PeanoNat.Nat.eqb_spec c e) as [<-|Ne]; [|destruct (Nk d); exact Ed]); try discriminate Ed.
    - injection Ed as Ed. destruct (D r k E1 Ek Ed) as (code & Ic & Bk). exists code. split; [exact Ic|].
      rewrite <- Bk, <- Ed. unfold set_prog. rewrite Ed. cbn [who_eqb]. rewrite PeanoNat.Nat.eqb_refl. reflexivity.
    - injection Ed as Ed. subst k. rewrite Ed in Fr. discriminate Fr.
    - injection Ed as Ed. subst k. rewrite Ed in Fr. discriminate Fr.
  Qed.

  (** KServ traps, and at the end of a phase a vCPU is on its CPU. *)
  Lemma away_arrived c regs x a w : 0 <= c < 8 -> away c a w -> forall y, own_state c (arrived c regs x a) y -> own_state c
    (arrived c regs x w) y.
  Proof.
    intros Hc A y. pose proof (away_host c a w A) as Eh.
    assert (Mm : forall l u v, (forall d ix, class_of d = Percpu -> w_mem u (d, c :: ix) = w_mem v (d, c :: ix)) ->
      forall d ix, class_of d = Percpu -> w_mem (set_regs c l u) (d, c :: ix) = w_mem (set_regs c l v) (d, c :: ix)).
    { intros l. induction l as [|z l IH]; intros u v H d ix Pd; [exact (H d ix Pd)|]. cbn [set_regs fold_left].
      apply (IH (set_reg c z u) (set_reg c z v)); [|exact Pd]. intros e jx Pe. unfold set_reg. cbn [w_mem]. unfold upd.
      destruct (loc_eqb _ _); [reflexivity|exact (H e jx Pe)]. }
    assert (Mw : forall d ix, class_of d = Percpu -> w_mem a (d, c :: ix) = w_mem w (d, c :: ix)) by (intros; apply away_own; assumption).
    assert (Rt : forall v l, w_mem (set_regs c l v) (obj "host_root" []) = w_mem v (obj "host_root" [])).
    { intros v l. apply set_regs_cell. reflexivity. }
    assert (Rh : forall v l, host_ctx (set_regs c l v) c = host_ctx v c).
    { intros v l. unfold host_ctx. rewrite set_regs_cell by reflexivity. reflexivity. }
    apply own_state_as; unfold arrived.
    - change (host_ctx (set_regs c (filter (fun r => changeable 0 (fst (fst r))) regs) w) c =
        host_ctx (set_regs c (filter (fun r => changeable 0 (fst (fst r))) regs) a) c). rewrite !Rh. symmetry. exact Eh.
    - intros j. change (host_ctx (set_ram _ (set_regs c (filter (fun r => changeable 0 (fst (fst r))) regs) w)) c) with
        (host_ctx (set_regs c (filter (fun r => changeable 0 (fst (fst r))) regs) w) c). rewrite Rh. unfold word. f_equal. cbn
          [w_ram set_ram].
      rewrite Eh. destruct (_ && _); [reflexivity|]. symmetry. rewrite <- Eh. apply (aw_page c a w A). left. auto.
    - intros r ix. unfold reg_of, reg. f_equal. cbn [w_mem set_ram]. symmetry. apply Mm; [exact Mw|exact (reg_class c r ix)].
    - cbn [w_mem set_ram]. symmetry. apply Mm; [exact Mw|reflexivity].
    - cbn [w_mem set_ram]. rewrite !Rt. symmetry. apply (aw_mem c a w A). exact I.
  Qed.

  Theorem puts_away s0 s1 s2 c d t irq h i ls : sgood B Q R rests s0 -> placed R s0 ->
    s_cpu R s0 c = Runs (Kserv d) -> trapping R software (Kserv d) (s_prog R s0 (Kserv d)) irq t ->
    s1 = Build_system R (s_world R s0) (s_lock R s0) (set_cpu (s_cpu R s0) c (Serving (kcore_entry (Z.of_nat c) t))) (s_prog R s0)
      (s_dark R s0) (s_stale R s0) ->
    phase B Q R software kcore_entry kcore_boot c s1 ls s2 -> s_cpu R s2 c = Runs (Vcpu h i) ->
    own_state (Z.of_nat c) (arrived (Z.of_nat c) (t_regs t) (t_x t) (s_world R s0)) (kserv_of (Z.of_nat c) (s_world R s2)).
  Proof.
    intros G Pl E Tr -> Ph E2. assert (Lc : (c < 8)%nat) by (apply (sg_cpu _ _ _ _ s0 G); congruence).
    assert (Hc : 0 <= Z.of_nat c < 8) by lia. set (w0 := s_world R s0) in *. set (W := arrived (Z.of_nat c) (t_regs t) (t_x t) w0).
    set (P := fun a => at_guest (Z.of_nat c) a -> own_state (Z.of_nat c) W (kserv_of (Z.of_nat c) a)).
    assert (Kept : forall t a, idle B a -> rests (Z.of_nat c) a -> P a ->
      wrap U32 (w_mem a (obj "pcpu.in_guest" [Z.of_nat c])) <> 0 ->
      wp (kcore_all B (Z.of_nat c) (mem_inv B)) (kcore_entry (Z.of_nat c) t)
        (fun _ w' => (idle B w' /\ rests (Z.of_nat c) w') /\ P w') a).
    { intros t' a I Rs Pa N. assert (A : at_guest (Z.of_nat c) a) by (destruct (rs_side _ _ Rs) as [[_ Z0]|A]; [contradiction|exact A]).
      unfold kcore_entry. eapply wp_mono; [apply (guest_keeps B _ (trap_meets B HB _)); [apply Z.mod_pos_bound; lia|exact I|exact
        Rs|exact A]|].
      cbv beta. intros r w' [X [[A' Ek]|[[_ Z0] _]]]; (split; [exact X|]); intros Ag; [rewrite Ek; exact (Pa A)|].
      pose proof (ag_in _ _ Ag). exfalso; lia. }
    assert (Zero : forall a, away (Z.of_nat c) a w0 -> in_guest (Z.of_nat c) a = 0).
    { intros a Aw. unfold in_guest. rewrite (away_own _ a w0 "pcpu.in_guest" []) by (reflexivity || exact Aw).
      pose proof (Pl c _ E) as Ek. unfold on_cpu in Ek. fold w0 in Ek.
      destruct (Z.eqb_spec (wrap U32 (w_mem w0 (obj "pcpu.in_guest" [Z.of_nat c]))) 0); [assumption|discriminate Ek]. }
    assert (Gp : good_to B true (ends_with B rests c P) (machine_of R s0)).
    { apply (phase_start B Q R rests c Lc P s0 _ None G E eq_refl). intros a Aw I Rs Ag. pose proof (ag_in _ _ Ag).
      pose proof (Zero a Aw). exfalso; lia. }
    set (s1 := Build_system R _ _ _ _ _ _) in *.
    assert (L1 : kstep s0 (Traps c irq) s1).
    { unfold s1. destruct s0 as [w o C P0 D T]. cbn [s_world s_lock s_cpu s_prog s_dark s_stale] in *.
      apply (step_traps B Q R software kcore_entry kcore_boot w o C P0 D T c (Kserv d) t irq E eq_refl Tr). }
    pose proof (sgood_step B HB Q R software kcore_entry kcore_boot rests rests_seated (kcore_entry_ok B HB) (kcore_boot_ok B HB)
      s0 _ s1 G L1) as G1.
    pose proof (placed_step B Q R software kcore_entry kcore_boot rests s0 _ s1 G Pl L1) as Pl1.
    assert (Gp1 : good_to B true (ends_with B rests c P) (machine_of R s1)).
    { unfold s1, machine_of. cbn [s_world s_lock s_cpu s_prog s_dark s_stale].
      eapply (good_serve B (ends_with B rests c P) _ _ _ _ c);
        [exact Gp|cbn; rewrite E; reflexivity|intros a [X _]; apply (X Lc)| |intros e; apply code_set].
      intros a Aw [X0 _]. destruct (X0 Lc) as [I Rs]. cbn [code]. unfold kcore_entry.
      assert (Sh : serves_host (Z.of_nat c) a).
      { destruct (rs_side _ _ Rs) as [Sh|Ag]; [exact Sh|]. pose proof (ag_in _ _ Ag). pose proof (Zero a Aw). exfalso; lia. }
      eapply wp_mono; [apply (kserv_keeps B _ (trap_meets B HB _)); [apply Z.mod_pos_bound; lia|exact I|exact Rs|exact Sh]|].
      cbv beta. intros r w' [X Y]. split; [intros _; exact X|]. intros _ Ag. exact (away_arrived _ _ _ a w0 Hc Aw _ (Y Ag)). }
    destruct (phase_steps B HB Q R software kcore_entry kcore_boot rests rests_seated (kcore_entry_ok B HB) (kcore_boot_ok B HB)
      c Lc P Kept s1 ls s2 Ph G1 Pl1 Gp1) as (G2 & Pl2 & Gp2).
    destruct (phase_end B R rests c Lc P s2 None Gp2) as (a & Aw & Rs & Pa); [rewrite E2; reflexivity|].
    assert (Ig : in_guest (Z.of_nat c) a <> 0).
    { unfold in_guest. rewrite (away_own _ a (s_world R s2) "pcpu.in_guest" []) by (reflexivity || exact Aw). intros Z0.
      pose proof (Pl2 c _ E2) as Ek. unfold on_cpu in Ek. rewrite Z0 in Ek. discriminate Ek. }
    rewrite <- (away_kserv (Z.of_nat c) a _ Hc Aw). apply Pa. destruct (rs_side _ _ Rs) as [[_ Z0]|A]; [contradiction|exact A].
  Qed.

  Lemma kcore_placed w P ls s : mem_inv B w -> kcore_steps B Q software (kcore_start w P) ls s -> placed R s.
  Proof.
    intros M S. refine (placed_steps B HB Q R software kcore_entry kcore_boot rests rests_seated (kcore_entry_ok B HB) (kcore_boot_ok B HB)
      _ ls s _ (start_placed R kcore_boot w P) S). exact (start_good B Q R _ rests (kcore_boot_ok B HB) w P M).
  Qed.
End Kserv.

(** KServ's program on a CPU, when a vCPU leaves it: it goes on with its own state of when the vCPU got the CPU, and hears the
    exit.  [s0]: the vCPU is on the CPU; [phase]: steps of the system during which KServ is not; then it is. *)
Theorem kserv_finds : forall B Q (R : Type) (software : who -> agent R) w P ls0 s0 c h i ls s1 l s2 d,
  board_ok B -> mem_inv B w -> kcore_steps B Q software (kcore_start w P) ls0 s0 ->
  s_cpu R s0 c = Runs (Vcpu h i) -> phase B Q R software kcore_entry kcore_boot c s0 ls s1 ->
  not_kserv R c s1 -> kcore_step B Q software s1 l s2 -> s_cpu R s2 c = Runs (Kserv d) ->
  exists code, In code exit_codes /\
    s_prog R s2 (Kserv d) = next R (software (Kserv d)) (s_prog R s1 (Kserv d))
      (let f := after_exit (kserv_of (Z.of_nat c) (s_world R s0)) code in Back (fst f) (snd f)).
Proof.
  intros B Q R software w P ls0 s0 c h i ls s1 l s2 d HB M S0 E Ph Nk S Ed.
  pose proof (kcore_good B HB Q R software w P ls0 s0 M S0) as G.
  pose proof (kcore_placed B HB Q R software w P ls0 s0 M S0) as Pl.
  exact (finds B HB Q R software s0 s1 s2 c h i d ls l G Pl E Ph Nk S Ed).
Qed.

(** And what that state is: KServ has trapped at [s0], with [t]; at the end of [phase] a vCPU is on the CPU, the first one or
    after any number of its traps.  Then KServ's state is what it had at its trap ([own_state], [arrived]): x0 to x30 as it left
    them, its PC and PSTATE, and so on. *)
Theorem kserv_put_away : forall B Q (R : Type) (software : who -> agent R) w P ls0 s0 c d t irq s1 ls s2 h i,
  board_ok B -> mem_inv B w -> kcore_steps B Q software (kcore_start w P) ls0 s0 ->
  s_cpu R s0 c = Runs (Kserv d) -> trapping R software (Kserv d) (s_prog R s0 (Kserv d)) irq t ->
  (* the step of the trap *)
  s1 = Build_system R (s_world R s0) (s_lock R s0) (set_cpu (s_cpu R s0) c (Serving (kcore_entry (Z.of_nat c) t))) (s_prog R s0)
    (s_dark R s0) (s_stale R s0) ->
  phase B Q R software kcore_entry kcore_boot c s1 ls s2 -> s_cpu R s2 c = Runs (Vcpu h i) ->
  own_state (Z.of_nat c) (arrived (Z.of_nat c) (t_regs t) (t_x t) (s_world R s0)) (kserv_of (Z.of_nat c) (s_world R s2)).
Proof.
  intros B Q R software w P ls0 s0 c d t irq s1 ls s2 h i HB M S0 E Tr E1 Ph E2.
  pose proof (kcore_good B HB Q R software w P ls0 s0 M S0) as G.
  pose proof (kcore_placed B HB Q R software w P ls0 s0 M S0) as Pl.
  exact (puts_away B HB Q R software s0 s1 s2 c d t irq h i ls G Pl E Tr E1 Ph E2).
Qed.
