(** * The system with traps stays secure, for any programs that keep the contract

    What is asked of KCore's C ([entry], [boot]) is [wp (kcore_all ...)], with any property [J] of what the CPU keeps between
    two traps that says who is on it ([seated]). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Facts Structure_Steps Page_Spec Vm_Spec
  Vm_Facts Cpu_Facts Prims Interleave Interleave_Events Machine_Proof Alike Traps_System Traps_Alike Traps_Public.
From Redoubt.machine Require System.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Whoever runs next is KServ, with its page of registers, or the vCPU that is loaded. *)
Definition seated (c : Z) (w : world) : Prop :=
  let ctx := wrap U64 (w_mem w (obj "pcpu.cur_ctx" [c])) in
  let guest := wrap U32 (w_mem w (obj "pcpu.in_guest" [c])) in
  own_ok c w /\
  (guest = 0 /\ ctx = host_ctx w c \/
   guest <> 0 /\ loaded_vm c w <> 0 /\ ctx = vcpu_ctx w (loaded_vm c w) (loaded_vcpu c w)).

Section Good.
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

  Definition ends (c : nat) (r : option Z) (w : world) : Prop := (c < 8)%nat -> idle B w /\ J (Z.of_nat c) w.
  Definition code (x : cpu) : prog (option Z) := match x with Serving p => p | _ => Ret None end.
  Notation good_sys := (good_to B true ends).
  Definition machine_of (s : system R) : machine :=
    {| m_world := s_world R s; m_lock := s_lock R s; m_cpu := fun c => code (s_cpu R s c) |}.

  Record sgood (s : system R) : Prop := {
    sg_good : good_sys (machine_of s);
    sg_cpu : forall c, s_cpu R s c <> Off -> (c < 8)%nat;
    sg_runs : forall c k, s_cpu R s c = Runs k -> s_dark R s c = negb (friend k) /\ forall h i, k = Vcpu h i -> h <> 0;
    sg_dark : forall c, s_dark R s c = true -> dark (s_stale R s) c }.

  (** ** The steps of the system as steps of the machine, whatever is shown of the code when it ends *)
  Section Post.
    Variable post : nat -> option Z -> world -> Prop.
    Notation good_post := (good_to B true post).
    Notation K c := (kcore_all B c (mem_inv B)).

    Lemma good_same w o T T' : (forall c, T c = T' c) ->
      good_post {| m_world := w; m_lock := o; m_cpu := T |} -> good_post {| m_world := w; m_lock := o; m_cpu := T' |}.
    Proof.
      intros E [S St F H O]. constructor; auto; cbn [m_world m_lock m_cpu] in *; intros c X; rewrite <- E; auto.
    Qed.

    (** A CPU's code has ended, and another begins. *)
    Lemma good_serve w o T T' c v p : good_post {| m_world := w; m_lock := o; m_cpu := T |} -> T c = Ret v ->
      (forall a, post c v a -> w_held a = false) ->
      (forall a, away (Z.of_nat c) a w -> post c v a -> wp (K (Z.of_nat c)) p (post c) a) -> (forall d, T' d = Machine.set_cpu T c p d) ->
      good_post {| m_world := w; m_lock := o; m_cpu := T' |}.
    Proof.
      intros [S St F H O] E Hf Wp Et. cbn [m_world m_lock m_cpu] in *. constructor; auto; cbn [m_world m_lock m_cpu];
        intros d X.
      - destruct (H d X) as (a & V & Ha & W). destruct (PeanoNat.Nat.eq_dec d c) as [->|N].
        + rewrite E in W. rewrite (Hf a W) in Ha. discriminate Ha.
        + exists a. rewrite Et, set_cpu_other by exact N. auto.
      - destruct (O d X) as (a & Aw & W). exists a. rewrite Et. split; [exact Aw|].
        destruct (PeanoNat.Nat.eq_dec d c) as [->|N]; [|rewrite set_cpu_other by exact N; exact W].
        rewrite set_cpu_same. rewrite E in W. apply Wp; assumption.
    Qed.

    Lemma good_access w o T h a t x w' : good_post {| m_world := w; m_lock := o; m_cpu := T |} ->
      System.access B w h a t x w' -> good_post {| m_world := w'; m_lock := o; m_cpu := T |}.
    Proof.
      intros G A. destruct A as [|fn i y k p Tl I| | |]; try exact G.
      refine (good_step B HB _ _ G _). apply step_others. intros q j N. unfold store_word.
      destruct (Z.eqb_spec q p) as [->|]; [|reflexivity]. destruct N. exists h, k, fn. exact Tl.
    Qed.

    Lemma code_set C c x d : code (set_cpu C c x d) = Machine.set_cpu (fun e => code (C e)) c (code x) d.
    Proof. unfold set_cpu, Machine.set_cpu. destruct (Nat.eqb d c); reflexivity. Qed.

    Lemma good_event w o C c e k v w' : e <> lock -> e <> unlock -> C c = Serving (Ev e k) ->
      snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' ->
      good_post {| m_world := w; m_lock := o; m_cpu := fun d => code (C d) |} ->
      good_post {| m_world := w'; m_lock := o; m_cpu := fun d => code (set_cpu C c (Serving (k v)) d) |}.
    Proof.
      intros N1 N2 E Ef G. apply (good_same _ _ (Machine.set_cpu (fun d => code (C d)) c (k v))); [intros d; symmetry; apply code_set|].
      refine (good_step B HB _ _ G _). apply (Machine.step_event B w o _ c e k v w'); auto. cbn. rewrite E. reflexivity.
    Qed.

    (** If it keeps this over a trap, and a start, of any CPU that is in software. *)
    Theorem post_step s l s' : (forall c r a, s_cpu R s c <> Off -> post c r a -> w_held a = false /\ post c None a) ->
      (forall c k t a, s_cpu R s c = Runs k -> away (Z.of_nat c) a (s_world R s) -> post c None a ->
        wp (K (Z.of_nat c)) (entry (Z.of_nat c) t) (post c) a) ->
      (forall c d a, s_cpu R s c = Runs (Kserv d) -> away (Z.of_nat c) a (s_world R s) -> post c None a ->
        wp (K (Z.of_nat c)) (boot (Z.of_nat c)) (post c) a) ->
      good_post (machine_of s) -> step s l s' -> good_post (machine_of s').
    Proof.
      intros Hp He Hb Gp S.
      destruct S as [w o C P D T c k a t x w' E Fr Ea Ac|w o C P D T c k a t x w' p i y E Fr Ea Ac Fl
        |w o C P D T c k a t x w' E Fr Ea Ac Fl|w o C P D T c k t irq E Fr Tr|w o C P D T c k t irq E Fr Tr
        |w o C P D T c d0 E|w C P D T c k x E|w o C P D T c k x E|w o C P D T c e k v w' l E N1 N2 Ef Dc Pu Co|w o C P D T c e k E Dc Np
        |w o C P D T c e k v w' l E N1 N2 Ef Dc Gi Co|w o C P D T c e k v w' E N1 N2 Ef Dc Ng
        |w o C P D T c r k E Ek Fr|w o C P D T c r k E Ek Fr Dc|w o C P D T c r k E Ek Fr Dc];
        unfold machine_of in *; cbn [s_world s_lock s_cpu s_prog s_dark s_stale] in *.
      1-3: eapply good_access; [exact Gp|exact Ac].
      1-3: eapply (good_serve _ _ _ _ c); [exact Gp|cbn; rewrite E; reflexivity|intros b X; apply (Hp c None b); congruence| |
        intros d; apply code_set]; intros b Aw X; cbn [code]; first [exact (He c k t b E Aw X)|exact (Hb c d0 b E Aw X)].
      1-2: eapply good_same; [intros d; symmetry; apply code_set|]; refine (good_step B HB _ _ Gp _);
        first [apply Machine.step_lock|apply Machine.step_unlock]; cbn; rewrite E; reflexivity.
      - exact (good_event _ _ _ _ _ _ _ _ N1 N2 E Ef Gp).
      - exact Gp.
      - exact (good_event _ _ _ _ _ _ _ _ N1 N2 E Ef Gp).
      - exact (good_event _ _ _ _ _ _ _ _ N1 N2 E Ef Gp).
      - eapply (good_serve _ _ _ _ c _ (Ret None)); [exact Gp|cbn; rewrite E; reflexivity|intros b X; apply (Hp c r b); congruence| |
          intros d; apply code_set]. intros b Aw X. apply (Hp c r b); [congruence|exact X].
      - eapply (good_serve _ _ _ _ c _ (Ret None)); [exact Gp|cbn; rewrite E; reflexivity|intros b X; apply (Hp c r b); congruence| |
          intros d; apply code_set]. intros b Aw X. apply (Hp c r b); [congruence|exact X].
      - eapply (good_serve _ _ _ _ c _ (Ret None)); [exact Gp|cbn; rewrite E; reflexivity|intros b X; apply (Hp c r b); congruence| |
          intros d; apply code_set]. intros b Aw X. apply (Hp c r b); [congruence|exact X].
    Qed.
  End Post.

  Lemma set_same {A} (f : nat -> A) c x : set_cpu f c x c = x.
  Proof. unfold set_cpu. rewrite PeanoNat.Nat.eqb_refl. reflexivity. Qed.
  Lemma set_other {A} (f : nat -> A) c x d : d <> c -> set_cpu f c x d = f d.
  Proof. intros N. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c); congruence. Qed.

  (** ** What the proof of a CPU's code knows *)
  Lemma code_pre s c e k : sgood s -> s_cpu R s c = Serving (Ev e k) -> exists a,
    pre (kcore_all B (Z.of_nat c) (mem_inv B)) e a /\
    (view (Z.of_nat c) a (s_world R s) /\ w_held a = true \/ away (Z.of_nat c) a (s_world R s)).
  Proof.
    intros G E. pose proof (sg_good s G) as [S St F H O]. cbn [machine_of m_world m_lock m_cpu] in *.
    assert (D : s_lock R s = Some c \/ s_lock R s <> Some c).
    { destruct (s_lock R s) as [d|]; [|right; discriminate]. destruct (PeanoNat.Nat.eq_dec d c); [left|right]; congruence. }
    destruct D as [D|D].
    - destruct (H c D) as (a & V & Ha & W). rewrite E in W. destruct W as [P _]. exists a. auto.
    - destruct (O c D) as (a & Aw & W). rewrite E in W. destruct W as [P _]. exists a. auto.
  Qed.

  Lemma code_locking s c e k : sgood s -> s_cpu R s c = Serving (Ev e k) -> e <> lock -> e <> unlock -> ~ locking e.
  Proof.
    intros G E N1 N2 (f & x & -> & Hf). destruct (code_pre s c _ k G E) as (a & P & _).
    assert (L : local (ECall f [x]) a = false) by (destruct Hf as [-> | ->]; reflexivity).
    assert (Bf : before (Z.of_nat c) (ECall f [x]) a a) by (destruct Hf as [-> | ->]; reflexivity).
    destruct (pre_effect B _ _ a L P a Bf) as [Fx _]. destruct Hf as [-> | ->]; cbn in Fx.
    - destruct Fx as [_ ->]. apply N1. reflexivity.
    - destruct Fx as (_ & -> & _). apply N2. reflexivity.
  Qed.

  Lemma code_changes s c e k : sgood s -> s_cpu R s c = Serving (Ev e k) -> changes_well B e (s_world R s).
  Proof.
    intros G E. destruct e as [|? ?|f [|p [|x [|]]]]; try exact I. cbn [changes_well]. intros ->.
    destruct (code_pre s c _ k G E) as (a & P & V).
    destruct (pre_effect B _ (ECall "meta_set" [p; x]) a eq_refl P a eq_refl) as [(Hd & Rp & M) Se].
    split; [exact Rp|]. destruct V as [[V _]|[Ha _ _]]; [|congruence].
    apply (view_change B (Z.of_nat c) a); [exact V| |exact (Se 0 _ eq_refl)|exact M].
    eapply view_secure; [apply view_sym; exact V|apply (g_secure B _ (sg_good s G))].
  Qed.

  (** ** Who is on the CPU, when KCore has done *)
  Lemma code_end s c r : sgood s -> s_cpu R s c = Serving (Ret r) ->
    exists a, away (Z.of_nat c) a (s_world R s) /\ J (Z.of_nat c) a.
  Proof.
    intros G E. assert (Lc : (c < 8)%nat) by (apply (sg_cpu s G); congruence).
    pose proof (sg_good s G) as [S St F H O]. cbn [machine_of m_world m_lock m_cpu] in *.
    assert (D : s_lock R s = Some c \/ s_lock R s <> Some c).
    { destruct (s_lock R s) as [d|]; [|right; discriminate]. destruct (PeanoNat.Nat.eq_dec d c); [left|right]; congruence. }
    destruct D as [D|D].
    - destruct (H c D) as (a & V & Ha & W). rewrite E in W. destruct (W Lc) as [[Hf _] _]. congruence.
    - destruct (O c D) as (a & Aw & W). rewrite E in W. exists a. split; [exact Aw|]. apply (W Lc).
  Qed.

  Lemma own_percpu c d a w : class_of d = Percpu -> away c a w -> w_mem a (obj d [c]) = w_mem w (obj d [c]).
  Proof. intros P A. apply (aw_mem c a w A). unfold owns. cbn [fst snd]. rewrite P. reflexivity. Qed.

  Lemma context_public s c r : sgood s -> s_cpu R s c = Serving (Ret r) ->
    let w := s_world R s in let k := on_cpu w c in
    (forall h i, k = Vcpu h i -> h <> 0) /\
    (friend k = true -> ~ secret B Q w (wrap U64 (w_mem w (obj "pcpu.cur_ctx" [Z.of_nat c])))).
  Proof.
    intros G E w k. assert (Lc : (c < 8)%nat) by (apply (sg_cpu s G); congruence).
    destruct (code_end s c r G E) as (a & A & Ja). destruct (J_seated _ _ Ja) as [O Seat]. cbv zeta in Seat.
    pose proof (g_secure B _ (sg_good s G)) as Sec. cbn [machine_of m_world] in Sec. fold w in A, Sec. pose proof (s_seats B w Sec) as Se.
    unfold k, on_cpu. unfold own_ok, loaded_vm, loaded_vcpu in *. rewrite !(own_percpu (Z.of_nat c) _ a w) in * by (reflexivity || exact A).
    set (h := wrap U32 (w_mem w (obj "pcpu.vm" [Z.of_nat c]))) in *. set (i := wrap U32 (w_mem w (obj "pcpu.vcpu" [Z.of_nat c]))) in *.
    destruct Seat as [[Z0 Cx]|(N0 & Nh & Cx)].
    - rewrite Z0. cbn [Z.eqb]. split; [discriminate|]. intros _ (_ & K & _). rewrite Cx in K.
      rewrite (agree_host (Z.of_nat c) a w (aw_mem _ _ _ A)) in K. destruct (st_host B w Se (Z.of_nat c)) as [_ K0]; [lia|].
      unfold secret_state in K. pg; lia.
    - rewrite (proj2 (Z.eqb_neq _ 0) N0). split; [intros ? ? [= <- _]; exact Nh|]. cbn [Traps_System.friend]. intros Qh (_ & K & F).
      destruct (O Nh) as (_ & _ & T). rewrite Cx in K, F.
      rewrite (agree_ctx (Z.of_nat c) a w (aw_mem _ _ _ A) h i T) in K, F. apply (agree_token (Z.of_nat c) a w (aw_mem _ _ _ A)) in T.
      assert (Nt : token w h i <> 0) by lia.
      assert (Pd : protected w h \/ ~ protected w h).
      { unfold protected. destruct (Z.eq_dec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0); [right|left]; lia. }
      destruct Pd as [Pd|Pd].
      + destruct (st_ctx B w Se h i Nt Pd) as (_ & _ & Hh). rewrite Hh, Qh in F. discriminate F.
      + rewrite (st_normal B w Se h i Nt Pd) in K. destruct (st_run B w Se h i Nt) as (_ & K0 & _). unfold secret_state in K. pg; lia.
  Qed.

  (** ** Steps *)
  Lemma darken_dark c T : dark (darken c T) c.
  Proof.
    intros r ix I. unfold darken. apply orb_true_iff. right. unfold here. cbn [snd reg]. rewrite Z.eqb_refl. cbn [andb].
    apply existsb_exists. exists r. split; [exact I|apply String.eqb_refl].
  Qed.
  Lemma darken_more c T d : dark T d -> dark (darken c T) d.
  Proof. intros D r ix I. unfold darken. rewrite (D r ix I). reflexivity. Qed.
  Lemma here_reg c d r ix : here c (reg (Z.of_nat d) r ix) = true -> d = c.
  Proof. unfold here. cbn. intros E. apply Z.eqb_eq in E. lia. Qed.
  Lemma lighten_dark ls T c d : d <> c -> (forall l, In l ls -> here c l = true) -> dark T d -> dark (lighten ls T) d.
  Proof.
    intros N H D r ix I. unfold lighten. rewrite (D r ix I). cbn. apply negb_true_iff.
    destruct (existsb _ ls) eqn:E; [|reflexivity]. exfalso. apply existsb_exists in E as (l & Il & E). apply loc_eqb_eq in E. subst l.
    apply N. exact (here_reg c d r ix (H _ Il)).
  Qed.
  Lemma overwrites_here c e l : In l (overwrites B c e) -> here c l = true.
  Proof.
    destruct e as [|l' x|f args]; cbn [overwrites]; [intros []| |].
    - destruct (here c l') eqn:H; [intros [<-|[]]; exact H|intros []].
    - destruct (cpu_primitive f).
      + destruct (doing_of B (Z.of_nat c) f args) as [d|]; [|intros []]. intros I. apply in_map_iff in I as (y & <- & _).
        unfold here; cbn. apply Z.eqb_refl.
      + destruct (_ || _); [|intros []]. intros I. apply in_map_iff in I as (y & <- & _). unfold here; cbn. apply Z.eqb_refl.
  Qed.
  Lemma shown_here c l : In l (shown_cells c) -> here c l = true.
  Proof. intros I. apply in_map_iff in I as (y & <- & _). unfold here; cbn. apply Z.eqb_refl. Qed.

  Theorem sgood_step s l s' : sgood s -> step s l s' -> sgood s'.
  Proof.
    intros G S. pose proof G as [Gm Gc Gr Gd].
    assert (Gm' : good_sys (machine_of s')).
    { refine (post_step ends s l s' _ _ _ Gm S).
      - intros c r a Hc X. split; [apply (X (Gc c Hc))|exact X].
      - intros c k t a E _ X. assert (Lc : (c < 8)%nat) by (apply Gc; congruence). destruct (X Lc) as [I Jc].
        eapply wp_mono; [apply entry_ok; [lia|exact I|exact Jc]|]. cbv beta. intros _ w' Y _. exact Y.
      - intros c d a E _ X. assert (Lc : (c < 8)%nat) by (apply Gc; congruence). destruct (X Lc) as [I _].
        eapply wp_mono; [apply boot_ok; [lia|exact I]|]. cbv beta. intros _ w' Y _. exact Y. }
    assert (Serve : forall c p, s_cpu R s c <> Off -> (forall d, set_cpu (s_cpu R s) c (Serving p) d <> Off -> (d < 8)%nat) /\
      (forall d k, set_cpu (s_cpu R s) c (Serving p) d = Runs k -> s_dark R s d = negb (friend k) /\ forall h i, k = Vcpu h i -> h <> 0)).
    { intros c p Hc. split; intros d; unfold set_cpu; destruct (PeanoNat.Nat.eqb_spec d c) as [->|].
      - intros _. apply Gc, Hc. - apply Gc. - intros k X. discriminate X. - apply Gr. }
    assert (Run : forall c k, s_cpu R s c <> Off -> forall d, set_cpu (s_cpu R s) c (Runs k) d <> Off -> (d < 8)%nat).
    { intros c k Hc d. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [intros _; apply Gc, Hc|apply Gc]. }
    destruct S as [w o C P D T c k a t x w' E Fr Ea Ac|w o C P D T c k a t x w' p i y E Fr Ea Ac Fl
      |w o C P D T c k a t x w' E Fr Ea Ac Fl|w o C P D T c k t irq E Fr Tr|w o C P D T c k t irq E Fr Tr
      |w o C P D T c d0 E|w C P D T c k x E|w o C P D T c k x E|w o C P D T c e k v w' l E N1 N2 Ef Dc Pu Co|w o C P D T c e k E Dc Np
      |w o C P D T c e k v w' l E N1 N2 Ef Dc Gi Co|w o C P D T c e k v w' E N1 N2 Ef Dc Ng
      |w o C P D T c r k E Ek Fr|w o C P D T c r k E Ek Fr Dc|w o C P D T c r k E Ek Fr Dc];
      cbn [s_world s_lock s_cpu s_prog s_dark s_stale] in *.
    13-15: pose proof (proj1 (context_public _ c r G E)) as Nh; cbn [s_world] in Nh; rewrite <- Ek in Nh;
      pose proof (Run c k ltac:(congruence)) as X1.
    all: constructor; [exact Gm'|..]; cbn [s_world s_lock s_cpu s_prog s_dark s_stale]; auto.
    all: try solve [apply Serve; congruence].
    - intros d Dd. apply (lighten_dark _ _ c); [congruence|apply overwrites_here|auto].
    - intros d k0 Ed. destruct (PeanoNat.Nat.eq_dec d c) as [->|N]; [congruence|]. rewrite set_other by exact N. auto.
    - intros d Dd. destruct (PeanoNat.Nat.eq_dec d c) as [->|N]; [apply darken_dark|]. rewrite set_other in Dd by exact N.
      apply darken_more. auto.
    - intros d k0. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [intros [= <-]; rewrite Fr; auto|apply Gr].
    - intros d. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|N]; [discriminate|]. intros Dd.
      apply (lighten_dark _ _ c); [exact N|apply shown_here|auto].
    - intros d k0. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [intros [= <-]; rewrite Fr; auto|apply Gr].
    - intros d. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|N]; [intros _; apply darken_dark|]. intros Dd.
      apply darken_more. auto.
    - intros d k0. unfold set_cpu. destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [intros [= <-]; rewrite Fr; auto|apply Gr].
  Qed.

  Theorem sgood_steps s ls s' : sgood s -> steps s ls s' -> sgood s'.
  Proof. intros G S. induction S as [s|s l s1 ls s2 S1 S2 IH]; [exact G|]. apply IH. eapply sgood_step; eassumption. Qed.

  Lemma start_good w P : mem_inv B w -> sgood (start R boot w P).
  Proof.
    intros M. constructor; unfold machine_of, start; cbn [s_world s_lock s_cpu s_prog s_dark s_stale].
    - constructor; cbn [m_world m_lock m_cpu]; [apply M|apply M|auto|discriminate|].
      intros c _. exists (set_held false w). split; [constructor; reflexivity|].
      destruct (Nat.ltb_spec c 8) as [L|L]; cbn [code]; [|intros X; lia].
      eapply wp_mono; [apply boot_ok; [lia|split; [reflexivity|apply known_held, known_inv, M]]|]. cbv beta. intros _ w' X _. exact X.
    - intros c. destruct (Nat.ltb_spec c 8) as [L|L]; [intros _; exact L|congruence].
    - intros c k. destruct (Nat.ltb c 8); discriminate.
    - discriminate.
  Qed.
End Good.
