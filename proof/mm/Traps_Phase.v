(** * A phase of a CPU: what its code keeps from trap to trap, while KServ is not on it

    [Traps_Good] has what every CPU keeps at any time ([J]).  Here is a property [P] of one CPU that begins at some moment, when
    it runs a vCPU, and is of that moment: [phase_end] says that it holds when KServ gets the CPU back, if the code keeps it
    over each trap of a guest.  And whoever runs on a CPU is who KCore has put there ([placed]). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Vm_Spec Cpu_Facts Interleave Interleave_Events Machine_Proof Alike
  Traps_System Traps_Alike Traps_Public Traps_Good.
From Redoubt.machine Require System.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Phase.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Variable Q : Z -> bool.
  Variable R : Type.
  Variable software : who -> agent R.
  Variable entry : Z -> trap -> prog (option Z).
  Variable boot : Z -> prog (option Z).
  Variable J : Z -> world -> Prop.
  Hypothesis J_seated : forall c w, J c w -> seated c w.
  Notation K c := (kcore_all B c (mem_inv B)).
  Notation WP c p w := (wp (K c) p (fun _ w' => idle B w' /\ J c w') w).
  Hypothesis entry_ok : forall c t w, 0 <= c < 8 -> idle B w -> J c w -> WP c (entry c t) w.
  Hypothesis boot_ok : forall c w, 0 <= c < 8 -> idle B w -> WP c (boot c) w.
  Notation step := (step B Q R software entry boot).
  Notation steps := (steps B Q R software entry boot).
  Notation sgood := (sgood B Q R J).
  Notation machine_of := (machine_of R).
  Ltac unpack := cbn [s_world s_lock s_cpu s_prog s_dark s_stale] in *.

  (** ** Who runs is who has been put there *)
  Definition placed (s : system R) : Prop := forall c k, s_cpu R s c = Runs k -> k = on_cpu (s_world R s) c.

  Lemma on_cpu_same c w w' : (forall d, In d ["pcpu.in_guest"; "pcpu.vm"; "pcpu.vcpu"] ->
    w_mem w' (obj d [Z.of_nat c]) = w_mem w (obj d [Z.of_nat c])) -> on_cpu w' c = on_cpu w c.
  Proof. intros E. unfold on_cpu, loaded_vm, loaded_vcpu. rewrite !E by (cbn; tauto). reflexivity. Qed.
  Lemma access_mem w h a t x w' : System.access B w h a t x w' -> w_mem w' = w_mem w.
  Proof. intros A. destruct A; reflexivity. Qed.

  (** Another CPU's event. *)
  Lemma event_percpu s c e k v w' d l : sgood s -> s_cpu R s c = Serving (Ev e k) -> e <> lock ->
    snd (effect B (Z.of_nat c) (fun _ => True) e (s_world R s)) v w' -> d <> c -> class_of (fst l) = Percpu -> of_cpu (Z.of_nat d) l ->
    w_mem w' l = w_mem (s_world R s) l.
  Proof.
    intros G E Nl Ef Nd Pc Oc. destruct (code_pre B Q R J s c e k G E) as (a & Pr & V).
    apply (objects_event B (Z.of_nat c) e a v _ _ l (Z.of_nat d) Pr); [|exact Ef|lia|lia|exact Nl|unfold owns; rewrite Pc; exact Oc].
    destruct V as [[V _]|V]; [apply view_knows, V|apply away_knows, V].
  Qed.

  Lemma placed_event s c e k v w' p : sgood s -> placed s -> s_cpu R s c = Serving (Ev e k) -> e <> lock ->
    snd (effect B (Z.of_nat c) (fun _ => True) e (s_world R s)) v w' ->
    forall d x, set_cpu (s_cpu R s) c (Serving p) d = Runs x -> x = on_cpu w' d.
  Proof.
    intros G Pl E Nl Ef d x X. unfold set_cpu in X. destruct (PeanoNat.Nat.eqb_spec d c) as [->|N]; [discriminate X|].
    rewrite (Pl d x X). symmetry. apply on_cpu_same. intros f If. apply (event_percpu s c e k v w' d _ G E Nl Ef N); [|reflexivity].
    cbn in If. destruct If as [<-|[<-|[<-|[]]]]; reflexivity.
  Qed.
  Lemma placed_serves (s : system R) c p : placed s -> forall d x, set_cpu (s_cpu R s) c (Serving p) d = Runs x -> x = on_cpu
    (s_world R s) d.
  Proof.
    intros Pl d x X. unfold set_cpu in X. destruct (PeanoNat.Nat.eqb_spec d c) as [->|N]; [discriminate X|]. exact (Pl d x X).
  Qed.
  Lemma placed_runs (s : system R) c k : placed s -> k = on_cpu (s_world R s) c ->
    forall d x, set_cpu (s_cpu R s) c (Runs k) d = Runs x -> x = on_cpu (s_world R s) d.
  Proof.
    intros Pl E d x X. unfold set_cpu in X. destruct (PeanoNat.Nat.eqb_spec d c) as [->|N]; [|exact (Pl d x X)]. congruence.
  Qed.

  Theorem placed_step s l s' : sgood s -> placed s -> step s l s' -> placed s'.
  Proof.
    intros G Pl S. destruct S as [w o C P D T c k a t x w' E Fr Ea Ac|w o C P D T c k a t x w' p i y E Fr Ea Ac Fl
      |w o C P D T c k a t x w' E Fr Ea Ac Fl|w o C P D T c k t irq E Fr Tr|w o C P D T c k t irq E Fr Tr
      |w o C P D T c d0 E|w C P D T c k x E|w o C P D T c k x E|w o C P D T c e k v w' l E N1 N2 Ef Dc Pu Co|w o C P D T c e k E Dc Np
      |w o C P D T c e k v w' l E N1 N2 Ef Dc Gi Co|w o C P D T c e k v w' E N1 N2 Ef Dc Ng
      |w o C P D T c r k E Ek Fr|w o C P D T c r k E Ek Fr Dc|w o C P D T c r k E Ek Fr Dc];
      unpack.
    1-3: intros d z X; unpack; rewrite (Pl d z X); symmetry; apply on_cpu_same; intros f _; rewrite (access_mem _ _ _ _ _ _ Ac);
      reflexivity.
    1-2: exact (placed_serves _ c _ Pl).
    - exact (placed_serves _ c _ Pl).
    - exact (placed_serves _ c _ Pl).
    - exact (placed_serves _ c _ Pl).
    - exact (placed_event _ c e k v w' _ G Pl E N1 Ef).
    - exact Pl.
    - exact (placed_event _ c e k v w' _ G Pl E N1 Ef).
    - exact (placed_event _ c e k v w' _ G Pl E N1 Ef).
    - exact (placed_runs _ c k Pl Ek).
    - exact (placed_runs _ c k Pl Ek).
    - exact (placed_runs _ c k Pl Ek).
  Qed.
  Lemma placed_steps s ls s' : sgood s -> placed s -> steps s ls s' -> placed s'.
  Proof.
    intros G Pl S. induction S as [s|s l s1 ls s2 S1 S2 IH]; [exact Pl|].
    apply IH; [exact (sgood_step B HB Q R software entry boot J J_seated entry_ok boot_ok s l s1 G S1)|exact (placed_step s l s1 G Pl S1)].
  Qed.
  Lemma start_placed w P : placed (start R boot w P).
  Proof. intros c k. cbn [start s_cpu]. destruct (Nat.ltb c 8); discriminate. Qed.

  (** ** The phase *)
  Variable c0 : nat.
  Hypothesis c0_cpu : (c0 < 8)%nat.
  Variable P : world -> Prop.
  (** It depends on what the CPU has to itself, and the code keeps it while a vCPU is on the CPU. *)
  Hypothesis kept : forall t a, idle B a -> J (Z.of_nat c0) a -> P a -> wrap U32 (w_mem a (obj "pcpu.in_guest" [Z.of_nat c0])) <> 0 ->
    wp (K (Z.of_nat c0)) (entry (Z.of_nat c0) t) (fun _ w' => (idle B w' /\ J (Z.of_nat c0) w') /\ P w') a.

  Definition ends_with (c : nat) (r : option Z) (w : world) : Prop := ends B J c r w /\ (c = c0 -> P w).
  Notation good_phase := (good_to B true ends_with).
  Definition not_kserv (s : system R) : Prop := forall d, s_cpu R s c0 <> Runs (Kserv d).

  (** In the beginning. *)
  Lemma phase_start s k v : sgood s -> s_cpu R s c0 = k -> code k = Ret v ->
    (forall a, away (Z.of_nat c0) a (s_world R s) -> idle B a -> J (Z.of_nat c0) a -> P a) -> good_phase (machine_of s).
  Proof.
    intros G E Ek H. pose proof (sg_good _ _ _ _ s G) as [S St F Ho O]. constructor; auto; cbn [Traps_Good.machine_of m_world
      m_lock m_cpu] in *.
    - intros c X. destruct (Ho c X) as (a & V & Ha & W). exists a. split; [exact V|]. split; [exact Ha|].
      destruct (PeanoNat.Nat.eq_dec c c0) as [->|N].
      + rewrite E, Ek in W. destruct (W c0_cpu) as [[Hf _] _]. congruence.
      + eapply wp_mono; [exact W|]. cbv beta. intros r w' X'. split; [exact X'|]. intros E'. contradiction.
    - intros c X. destruct (O c X) as (a & Aw & W). exists a. split; [exact Aw|]. destruct (PeanoNat.Nat.eq_dec c c0) as [->|N].
      + rewrite E, Ek in *. split; [exact W|]. intros _. destruct (W c0_cpu) as [I Jc]. apply H; assumption.
      + eapply wp_mono; [exact W|]. cbv beta. intros r w' X'. split; [exact X'|]. intros E'. contradiction.
  Qed.

  (** On the way. *)
  Theorem phase_step s l s' : sgood s -> placed s -> not_kserv s -> good_phase (machine_of s) -> step s l s' -> good_phase (machine_of s').
  Proof.
    intros G Pl Nk Gp S. pose proof (sg_cpu _ _ _ _ s G) as Lc0. refine (post_step B HB Q R software entry boot ends_with s l s' _
      _ _ Gp S).
    - intros c r a Hc [X Y]. split; [apply (X (Lc0 c Hc))|split; [exact X|exact Y]].
    - intros c k t a E Aw [X Y]. assert (Lc : (c < 8)%nat) by (apply Lc0; congruence). destruct (X Lc) as [I Jc].
      destruct (PeanoNat.Nat.eq_dec c c0) as [->|N].
      + eapply wp_mono; [apply kept; [exact I|exact Jc|exact (Y eq_refl)|]|].
        * intros Z0. pose proof (Pl c0 k E) as Ek. unfold on_cpu in Ek.
          rewrite <- (own_percpu (Z.of_nat c0) "pcpu.in_guest" a (s_world R s)) in Ek by (reflexivity || exact Aw).
          rewrite Z0 in Ek. cbn [Z.eqb] in Ek. subst k. exact (Nk c0 E).
        * cbv beta. intros r w' [V W]. split; [intros _; exact V|intros _; exact W].
      + eapply wp_mono; [apply entry_ok; [lia|exact I|exact Jc]|]. cbv beta. intros r w' V. split; [intros _; exact V|contradiction].
    - intros c d a E Aw [X Y]. assert (Lc : (c < 8)%nat) by (apply Lc0; congruence). destruct (X Lc) as [I _].
      eapply wp_mono; [apply boot_ok; [lia|exact I]|]. cbv beta. intros r w' V. split; [intros _; exact V|]. intros ->. destruct (Nk d E).
  Qed.

  (** Steps during which KServ is not on the CPU. *)
  Inductive phase : system R -> list label -> system R -> Prop :=
  | phase_refl s : phase s [] s
  | phase_next s l s1 ls s2 : not_kserv s -> step s l s1 -> phase s1 ls s2 -> phase s (l :: ls) s2.

  Lemma phase_steps s ls s' : phase s ls s' -> sgood s -> placed s -> good_phase (machine_of s) ->
    sgood s' /\ placed s' /\ good_phase (machine_of s').
  Proof.
    induction 1 as [s|s l s1 ls s2 Nk S1 S2 IH]; intros G Pl Gp; [auto|]. apply IH.
    - exact (sgood_step B HB Q R software entry boot J J_seated entry_ok boot_ok s l s1 G S1).
    - exact (placed_step s l s1 G Pl S1).
    - exact (phase_step s l s1 G Pl Nk Gp S1).
  Qed.

  (** In the end. *)
  Lemma phase_end s r : good_phase (machine_of s) -> code (s_cpu R s c0) = Ret r ->
    exists a, away (Z.of_nat c0) a (s_world R s) /\ J (Z.of_nat c0) a /\ P a.
  Proof.
    intros [S St F H O] E. cbn [Traps_Good.machine_of m_world m_lock m_cpu] in *.
    assert (D : s_lock R s = Some c0 \/ s_lock R s <> Some c0).
    { destruct (s_lock R s) as [d|]; [|right; discriminate]. destruct (PeanoNat.Nat.eq_dec d c0); [left|right]; congruence. }
    destruct D as [D|D].
    - destruct (H c0 D) as (a & V & Ha & W). rewrite E in W. destruct (proj1 W c0_cpu) as [[Hf _] _]. congruence.
    - destruct (O c0 D) as (a & Aw & W). rewrite E in W. destruct W as [W1 W2]. exists a. split; [exact Aw|].
      split; [apply (W1 c0_cpu)|apply W2; reflexivity].
  Qed.
End Phase.
