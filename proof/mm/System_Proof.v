(** * The whole system is secure, and keeps secrets: the proof

    Every step of [System] is one of [Machine], or starts or ends a call: so it stays good, and two systems that
    differ in the secrets of VMs alone go on in lockstep. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Facts Structure_Steps Page_Spec Vm_Spec
  Vm_Facts Cpu_Facts Prims Interleave Interleave_Events Machine_Proof Alike Lockstep Total.
From Redoubt.machine Require Import System.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section System.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Variable R : Type.
  Variables kserv guest : agent R.
  Variable answer : Z -> Z -> Z -> Z -> Z -> Z -> prog (option Z).
  Variable offered : Z -> Prop.
  Notation K c := (kcore B c (mem_inv B)).
  Notation step := (step B kserv guest answer offered).
  Notation steps := (steps B kserv guest answer offered).

  (** At the end of a call the CPU is as it was at its beginning, and there is a status. *)
  Definition rests (r : option Z) (w : world) : Prop := idle B w /\ exists v, r = Some v.

  Hypothesis answer_ok : forall c fid a1 a2 a3 a4 w, 0 <= c < 8 -> offered fid ->
    in_ty U64 fid -> in_ty U64 a1 -> in_ty U64 a2 -> in_ty U64 a3 -> in_ty U64 a4 -> idle B w ->
    wp (K c) (answer c fid a1 a2 a3 a4) rests w.

  (** ** A hypercall *)
  Lemma idle_write c d x w : class_of d = Percpu -> idle B w -> idle B (write_cell B (obj d [c]) x w).
  Proof.
    intros D [H [S C]]. pose proof (percpu_secure B (obj d [c]) x w D S) as S'.
    rewrite percpu_write in S' |- * by exact D. split; [exact H|]. split; [exact S'|].
    apply constant_other; [rewrite D; discriminate|exact C].
  Qed.

  Lemma own_write c d x k (Q : option Z -> world -> Prop) w : class_of d = Percpu ->
    existsb (String.eqb d) scratch_cells = true -> idle B w ->
    (forall v w', idle B w' -> wp (K c) (k v) Q w') -> wp (K c) (Ev (EWrite (obj d [c]) x) k) Q w.
  Proof.
    intros D Sc I H. pose proof (idle_write c d x w D I) as I'.
    assert (Td : tied d = false).
    { apply existsb_exists in Sc as (e & Ie & E). apply String.eqb_eq in E. subst e.
      repeat (destruct Ie as [<-|Ie]; [reflexivity|]). destruct Ie. }
    apply write_event.
    - split; [cbn [fst]; intros X; congruence|cbn [fst snd]; rewrite D; reflexivity].
    - intros _. split; [reflexivity|]. left. cbn [fst]. rewrite D. exact Sc.
    - apply (kn_secure B _ (id_known B _ I')).
    - intros v. apply H, I'.
  Qed.

  Lemma own_read c d k (Q : option Z -> world -> Prop) w : class_of d = Percpu -> idle B w ->
    (forall v, wp (K c) (k v) Q w) -> wp (K c) (Ev (ERead (obj d [c])) k) Q w.
  Proof.
    intros D I H. apply wp_event.
    - apply pre_intro; [reflexivity|intros _; split; [reflexivity|exact Logic.I]|]. intros w0 E. cbn in E. rewrite D in E. subst w0.
      split; [left; unfold may_read; cbn; rewrite D; reflexivity|]. intros v w' [_ ->]. apply (kn_secure B w (id_known B w I)).
    - intros v w' Ac. apply act_elim in Ac; [|reflexivity]. destruct Ac as (w0 & E & -> & ->). cbn in E. rewrite D in E. subst w0.
      apply H.
  Qed.

  Lemma hypercall_ok c fid a1 a2 a3 a4 w : 0 <= c < 8 -> offered fid ->
    in_ty U64 fid -> in_ty U64 a1 -> in_ty U64 a2 -> in_ty U64 a3 -> in_ty U64 a4 -> idle B w ->
    wp (K c) (hypercall answer c fid a1 a2 a3 a4) rests w.
  Proof.
    intros Hc O U U1 U2 U3 U4 I. unfold hypercall.
    apply own_write; [reflexivity|reflexivity|exact I|]. intros _ w1 I1. apply own_write;
      [reflexivity|reflexivity|exact I1|]. intros _ w2 I2.
    apply own_write; [reflexivity|reflexivity|exact I2|]. intros _ w3 I3.
    apply wp_bind. eapply wp_mono; [apply answer_ok; assumption|]. cbv beta. intros r w4 [I4 [v ->]].
    assert (X : wp (K c) (Ev (ERead (obj "pcpu.refused" [c])) (fun n =>
        Ev (EWrite (obj "pcpu.refused" [c]) (wrap U64 (wrap U64 n + 1))) (fun _ => Ret (Some v)))) rests w4).
    { apply own_read; [reflexivity|exact I4|]. intros n. apply own_write; [reflexivity|reflexivity|exact I4|]. intros _ w5 I5.
      split; [exact I5|eexists; reflexivity]. }
    destruct v; [split; [exact I4|eexists; reflexivity]|exact X|exact X].
  Qed.

  (** ** The machine in the system *)
  Definition code (x : cpu R) : prog (option Z) := match x with In_kserv _ => Ret (Some 0) | In_kcore _ p => p end.
  Definition machine_of (s : system R) : machine :=
    {| m_world := s_world s; m_lock := s_lock s; m_cpu := fun c => code (s_cpu s c) |}.
  Notation good_to := (good_to B false (fun _ => rests)).
  Definition sgood (s : system R) : Prop := good_to (machine_of s).

  Lemma good_same w o T T' : (forall c, T c = T' c) ->
    good_to {| m_world := w; m_lock := o; m_cpu := T |} -> good_to {| m_world := w; m_lock := o; m_cpu := T' |}.
  Proof.
    intros E [S St F H O]. constructor; auto; cbn [m_world m_lock m_cpu] in *; intros c X; rewrite <- E; auto.
  Qed.

  (** A CPU of KServ's starts any code that is verified. *)
  Lemma good_call w o T T' c v p : good_to {| m_world := w; m_lock := o; m_cpu := T |} -> T c = Ret v ->
    (forall a, idle B a -> wp (K (Z.of_nat c)) p rests a) -> (forall d, T' d = set_cpu T c p d) ->
    good_to {| m_world := w; m_lock := o; m_cpu := T' |}.
  Proof.
    intros [S St F H O] E Wp Et. cbn [m_world m_lock m_cpu] in *. constructor; auto; cbn [m_world m_lock m_cpu];
      intros d X.
    - destruct (H d X) as (a & V & Ha & W). destruct (PeanoNat.Nat.eq_dec d c) as [->|N].
      + rewrite E in W. destruct W as [[Hf _] _]. congruence.
      + exists a. rewrite Et, set_cpu_other by exact N. auto.
    - destruct (O d X) as (a & Aw & W). exists a. rewrite Et. split; [exact Aw|].
      destruct (PeanoNat.Nat.eq_dec d c) as [->|N]; [|rewrite set_cpu_other by exact N; exact W].
      rewrite set_cpu_same. rewrite E in W. apply Wp, W.
  Qed.

  Lemma good_access w o T h a t x w' : good_to {| m_world := w; m_lock := o; m_cpu := T |} ->
    access B w h a t x w' -> good_to {| m_world := w'; m_lock := o; m_cpu := T |}.
  Proof.
    intros G A. destruct A as [|fn i y k p Tl I| | |]; try exact G.
    refine (good_step B HB _ _ G _). apply step_others. intros q j N. unfold store_word.
    destruct (Z.eqb_spec q p) as [->|]; [|reflexivity]. destruct N. exists h, k, fn. exact Tl.
  Qed.

  Lemma code_set C c x d : code (set_nat C c x d) = set_cpu (fun e => code (C e)) c (code x) d.
  Proof. unfold set_nat, set_cpu. destruct (Nat.eqb d c); reflexivity. Qed.
  Lemma code_same C c x d : code (C c) = code x -> code (C d) = code (set_nat C c x d).
  Proof. intros E. unfold set_nat. destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [exact E|reflexivity]. Qed.

  Lemma kcore_machine c x w o p w' o' p' T : kcore_step B c x w o p w' o' p' -> T c = p ->
    Machine.step B {| m_world := w; m_lock := o; m_cpu := T |}
                   {| m_world := w'; m_lock := o'; m_cpu := set_cpu T c p' |}.
  Proof.
    intros S E. destruct S as [x w k|x w o k|w o e k v w' N1 N2 F].
    - apply Machine.step_lock, E.
    - apply Machine.step_unlock, E.
    - exact (Machine.step_event B w o T c e k v w' N1 N2 E F).
  Qed.

  Lemma sgood_step s l s' : sgood s -> step s l s' -> sgood s'.
  Proof.
    intros G S. destruct S as [w o C G0 c r t x w' E A|w o C G0 h j t x w' Hh A|w o C G0 c r fid a1 a2 a3 a4 Hc E Ea Of
      |w o C G0 c r p x w' o' p' E Ks|w o C G0 c r v E]; unfold sgood, machine_of in *; cbn [s_world s_lock s_cpu] in *.
    - eapply good_same; [|eapply good_access; [exact G|exact A]]. intros d. apply code_same. rewrite E. reflexivity.
    - eapply good_access; [exact G|exact A].
    - eapply (good_call _ _ _ _ c); [exact G|cbn; rewrite E; reflexivity| |intros d; apply code_set].
      intros a I. cbn [code]. apply hypercall_ok; try apply wrap_in; [lia|exact Of|exact I].
    - refine (good_same _ _ _ _ _ (good_step B HB _ _ G (kcore_machine c _ _ _ _ _ _ _ _ Ks _))).
      + intros d. symmetry. rewrite code_set. reflexivity.
      + rewrite E. reflexivity.
    - eapply (good_call _ _ _ _ c); [exact G|cbn; rewrite E; reflexivity| |intros d; apply code_set].
      intros a I. cbn [code]. split; [exact I|eexists; reflexivity].
  Qed.

  Lemma sgood_steps s ls s' : sgood s -> steps s ls s' -> sgood s'.
  Proof. intros G S. induction S as [s|s l s1 ls s2 S1 S2 IH]; [exact G|]. apply IH. eapply sgood_step; eassumption.
    Qed.

  Lemma start_good w r g : mem_inv B w -> sgood (start w r g).
  Proof.
    intros M. unfold sgood, machine_of, start; cbn [s_world s_lock s_cpu].
    constructor; cbn [m_world m_lock m_cpu]; [apply M|apply M|auto|discriminate|].
    intros c _. exists (set_held false w). split; [constructor; reflexivity|]. cbn.
    split; [split; [reflexivity|apply known_held, known_inv, M]|eexists; reflexivity].
  Qed.

  Lemma sgood_code s c r p a k : sgood s -> s_cpu s c = In_kcore r p -> p = Ev a k ->
    forall Q, a <> lock -> a <> unlock -> keeps_secrets B Q a (s_world s).
  Proof.
    intros G E -> Q N1 N2. apply (next_allowed B (machine_of s) c a k); auto; [|cbn; rewrite E; reflexivity].
    destruct G as [S St F H O]. constructor; auto; intros d X.
    - destruct (H d X) as (b & V & Hb & W). exists b. split; [exact V|]. split; [exact Hb|].
      eapply wp_mono; [exact W|]. intros; exact I.
    - destruct (O d X) as (b & V & W). exists b. split; [exact V|]. eapply wp_mono; [exact W|]. intros; exact I.
  Qed.

  (** ** Nobody comes to a dead end *)
  Lemma has_outcome c e a w : e <> lock -> e <> unlock -> ~ halts e -> pre (K c) e a ->
    exists v w', snd (effect B c (fun _ => True) e w) v w'.
  Proof.
    intros N1 N2 Nh P.
    assert (F : exists a0, fst (effect B c (mem_inv B) e a0)).
    { assert (L : local e a = false) by (apply P; reflexivity).
      assert (Bf : exists a0, before c e a a0).
      { unfold before. destruct (observes e); [exists (set_ram (w_ram a) a), (w_ram a); auto|].
        destruct e as [l| |]; try (eexists; reflexivity). destruct (class_of (fst l)); try (eexists; reflexivity).
        exists (set_mem (upd (w_mem a) l 0) a). eauto. }
      destruct Bf as (a0 & Bf). exists a0. apply (pre_effect B c e a L P a0 Bf). }
    destruct F as [a0 F]. destruct e as [l|l x|f args].
    - exists (w_mem w l), w. cbn. auto.
    - exists 0, (write_cell B l x w). reflexivity.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in F |- * by exact Cp. unfold cpu_effect in *.
        destruct (doing_of B c f args) as [d|] eqn:D; [|destruct F]. cbn [snd].
        assert (X : exists v, replies c (Cpu.answer d) w v).
        { destruct (Cpu.answer d) as [|r ix|] eqn:Ad; [exists 0; exact I|eexists; reflexivity|].
          destruct Nh. exists args. rewrite (doing_returns B c f args d D Ad). reflexivity. }
        destruct X as (v & X). exists v. eexists. split; [exact X|reflexivity]. }
      cbn [effect] in F |- *. rewrite Cp in F |- *. destruct args as [|x [|y [|z [|u [|s [|]]]]]]; try contradiction.
      + destruct (String.eqb_spec f "spin_lock") as [->|]; [destruct F as [_ ->]; contradiction|].
        destruct (String.eqb_spec f "spin_unlock") as [->|]; [destruct F as [_ [-> _]]; contradiction|].
        repeat match goal with |- context [String.eqb f ?s] => destruct (String.eqb f s);
          [first [destruct F; fail|exists 0; eexists; reflexivity|do 2 eexists; split; reflexivity]|] end.
        destruct F.
      + repeat match goal with |- context [String.eqb f ?s] => destruct (String.eqb f s);
          [first [exists 0; eexists; reflexivity|do 2 eexists; split; reflexivity]|] end.
        destruct F.
      + repeat match goal with |- context [String.eqb f ?s] => destruct (String.eqb f s);
          [first [exists 0; eexists; reflexivity|do 2 eexists; split; reflexivity]|] end.
        destruct F.
      + destruct (String.eqb f "ctx_start"); destruct F.
      + destruct (String.eqb f "ctx_switch"); destruct F.
  Qed.

  (** A CPU in KCore makes a step, or waits for the lock that another CPU has, or is told to stop for ever. *)
  Lemma kcore_goes_on s c r p : sgood s -> s_cpu s c = In_kcore r p ->
    (exists x s', step s (By_kcore c x) s') \/ (exists k d, p = Ev lock k /\ s_lock s = Some d /\ d <> c) \/
    exists e k, p = Ev e k /\ halts e.
  Proof.
    intros G E.
    assert (W : exists a, wp (K (Z.of_nat c)) p rests a /\ (s_lock s = Some c -> w_held a = true)).
    { destruct (s_lock s) as [d|] eqn:L; [destruct (PeanoNat.Nat.eq_dec d c) as [->|N]|].
      - destruct (g_holder B _ G c L) as (a & _ & H & W). exists a. cbn in W. rewrite E in W. auto.
      - destruct (g_other B _ G c) as (a & _ & W); [cbn; rewrite L; congruence|]. exists a. cbn in W. rewrite E in W.
        split; [exact W|congruence].
      - destruct (g_other B _ G c) as (a & _ & W); [cbn; rewrite L; congruence|]. exists a. cbn in W. rewrite E in W.
        split; [exact W|discriminate]. }
    destruct W as (a & W & Ha). destruct s as [w o C Gv]. cbn [s_world s_lock s_cpu] in *.
    destruct p as [x|e k|why]; [|destruct W as [P _]|destruct W].
    - destruct W as [_ [v ->]]. left. exists 0. eexists. eapply step_return. exact E.
    - assert (De : e = lock \/ e = unlock \/ e <> lock /\ e <> unlock).
      { destruct e as [l|l x|f args]; [right; right; split; discriminate..|].
        destruct args as [|x [|]]; [right; right; split; discriminate| |right; right; split; discriminate].
        destruct (Z.eq_dec x 0) as [->|]; [|right; right; unfold lock, unlock; split; congruence].
        destruct (string_dec f "spin_lock") as [->|]; [left; reflexivity|].
        destruct (string_dec f "spin_unlock") as [->|]; [right; left; reflexivity|].
        right; right; unfold lock, unlock; split; congruence. }
      destruct De as [->|[->|[N1 N2]]].
      + destruct o as [d|].
        * right. left. exists k, d. split; [reflexivity|]. split; [reflexivity|]. intros ->.
          destruct (pre_effect B _ lock a eq_refl P a eq_refl) as [[Hf _] _]. rewrite Ha in Hf by reflexivity. discriminate Hf.
        * left. exists 0. eexists. eapply step_event; [exact E|constructor].
      + left. exists 0. eexists. eapply step_event; [exact E|constructor].
      + destruct (halts_dec e) as [Hh|Nh]; [right; right; exists e, k; auto|].
        left. destruct (has_outcome _ e a w N1 N2 Nh P) as (v & w' & F).
        do 2 eexists. eapply step_event; [exact E|]. exact (k_event B c w o e k v w' N1 N2 F).
  Qed.
End System.
