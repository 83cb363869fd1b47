(** * Lockstep: KServ learns no secret

    The machine of [Machine.v] with labels: who makes the step, and what anybody but the VM itself can see of it.
    Two machines that differ in nothing but the secrets of VMs outside [Q] make the same steps, and stay so:
    every event of KCore has the same answer in both.  So whatever KServ's calls answer, and whatever KServ and
    the VMs in [Q] reach and read afterwards, is the same for any two secrets: [noninterference] in
    Noninterference.v, for programs of KServ and the VMs, rests on this.  [any_secret]: there are such worlds. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Facts Structure_Steps Prims Interleave
  Interleave_Events Machine_Proof Cpu_Facts Alike.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Labels *)
(** An event of KCore with its answer; a store by VMID [h] of word [x] to a page that is not secret (what a VM
    stores there it gives away: the page is lent to it); a store by VM [h] to its private page. *)
Inductive label :=
| Kcore (c : nat) (e : event) (v : Z)
| Store (h p i x : Z)
| Private (h p i x : Z).

(** Everything is seen, but what a VM outside [Q] does to its private pages. *)
Definition seen (Q : Z -> bool) (l : label) : bool := match l with Private h _ _ _ => Q h | _ => true end.

(** Whose turn it was and, for a store, what KServ's or the VM's program chose; not what KCore's event answered,
    if the machine answers it. *)
Definition asks (e : event) : bool :=
  match e with
  | ERead _ => true
  | EWrite _ _ => false
  | ECall f _ => String.eqb f "meta_get" || String.eqb f "pg_get" || String.eqb f "pte_get"
  end.
Definition same_turn (l l' : label) : Prop :=
  match l, l' with
  | Kcore c e v, Kcore c' e' v' => c = c' /\ (asks e = false -> v = v')
  | _, _ => l = l'
  end.

Section Lockstep.
  Variable B : board.

  Definition private (w : world) (p : Z) : Prop := is_ram B p /\ secret_state (state w p).

  Inductive lstep : machine -> label -> machine -> Prop :=
  | l_lock w T c k v : T c = Ev lock k ->
      lstep {| m_world := w; m_lock := None; m_cpu := T |} (Kcore c lock v)
            {| m_world := w; m_lock := Some c; m_cpu := set_cpu T c (k v) |}
  | l_unlock w o T c k v : T c = Ev unlock k ->
      lstep {| m_world := w; m_lock := o; m_cpu := T |} (Kcore c unlock v)
            {| m_world := w; m_lock := None; m_cpu := set_cpu T c (k v) |}
  | l_event w o T c e k v w' : e <> lock -> e <> unlock -> T c = Ev e k ->
      snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' ->
      lstep {| m_world := w; m_lock := o; m_cpu := T |} (Kcore c e v)
            {| m_world := w'; m_lock := o; m_cpu := set_cpu T c (k v) |}
  | l_store w o T h p i x : reach w h p -> 0 <= i < 512 -> ~ private w p ->
      lstep {| m_world := w; m_lock := o; m_cpu := T |} (Store h p i x)
            {| m_world := write_word B p i x w; m_lock := o; m_cpu := T |}
  | l_private w o T h p i x : reach w h p -> 0 <= i < 512 -> private w p ->
      lstep {| m_world := w; m_lock := o; m_cpu := T |} (Private h p i x)
            {| m_world := write_word B p i x w; m_lock := o; m_cpu := T |}.

  Inductive lsteps : machine -> list label -> machine -> Prop :=
  | lsteps_refl m : lsteps m [] m
  | lsteps_next a l b ls c : lstep a l b -> lsteps b ls c -> lsteps a (l :: ls) c.

  (** A step of the machine that [kcore_secure] is about. *)
  Lemma lstep_step m l m' : lstep m l m' -> step B m m'.
  Proof.
    assert (O : forall w h p i x, reach w h p -> forall q j, ~ reached w q ->
        store_word p i x (w_ram w) q j = w_ram w q j).
    { intros w h p i x R q j N. unfold store_word. destruct (Z.eqb_spec q p) as [->|]; [|reflexivity].
      destruct N. exists h. exact R. }
    intros [w T c k v E|w o T c k v E|w o T c e k v w' N1 N2 E F|w o T h p i x R I N|w o T h p i x R I N].
    - apply step_lock, E.
    - apply step_unlock, E.
    - eapply step_event; eassumption.
    - apply step_others. exact (O w h p i x R).
    - apply step_others. exact (O w h p i x R).
  Qed.

  Lemma lsteps_steps m ls m' : lsteps m ls m' -> steps B m m'.
  Proof.
    intros S. assert (X : forall a, steps B a m -> steps B a m'); [|apply X; constructor].
    induction S as [m|a l b ls c L S IH]; intros z Z0; [exact Z0|]. apply IH.
    eapply steps_next; [exact Z0|exact (lstep_step _ _ _ L)].
  Qed.

  Lemma set_cpu_eq T T' c p d : (forall x, T x = T' x) -> set_cpu T c p d = set_cpu T' c p d.
  Proof. intros E. unfold set_cpu. destruct (Nat.eqb d c); auto. Qed.

  Hypothesis HB : board_ok B.
  Notation K c := (kcore B c (mem_inv B)).
  Notation good := (good B).

  Lemma lstep_good m l m' : good m -> lstep m l m' -> good m'.
  Proof. intros G S. apply (good_step B HB m); [exact G|exact (lstep_step _ _ _ S)]. Qed.
  Lemma lsteps_good m ls m' : good m -> lsteps m ls m' -> good m'.
  Proof. intros G S. apply (good_steps B HB m); [exact G|exact (lsteps_steps _ _ _ S)]. Qed.

  (** Without the lock a call on memory takes it, or uses registers. *)
  Lemma unlocked_call c f args a : w_held a = false -> ECall f args <> lock -> pre (K c) (ECall f args) a ->
    cpu_primitive f = true.
  Proof.
    intros H Nl Pr. assert (L : local (ECall f args) a = false) by (apply Pr; reflexivity).
    pose proof (pre_effect B c _ a L Pr) as P. clear Pr. destruct (cpu_primitive f) eqn:Cp; [reflexivity|exfalso].
    assert (X : exists a0, before c (ECall f args) a a0 /\ w_held a0 = false).
    { unfold before. destruct (observes (ECall f args)); [|exists a; auto]. exists (set_ram (w_ram a) a).
      split; [exists (w_ram a); auto|exact H]. }
    destruct X as (a0 & Bf & H0). destruct (P a0 Bf) as [F _]. clear P Bf. cbn [effect] in F. rewrite Cp in F.
    destruct args as [|x [|y [|z [|u [|t [|]]]]]]; cbn in F; try contradiction.
    - destruct (String.eqb_spec f "spin_lock") as [->|].
      { destruct F as [_ ->]. destruct Nl. reflexivity. }
      repeat (destruct (String.eqb f _); [cbn [fst] in F; first [destruct F; fail|destruct F as [F _]; congruence|exact F]|]).
      cbn in F; contradiction.
    - repeat (destruct (String.eqb f _); [cbn [fst] in F; destruct F as [F _]; congruence|]). cbn in F; contradiction.
    - repeat (destruct (String.eqb f _); [cbn [fst] in F; destruct F as [F _]; congruence|]). cbn in F; contradiction.
    - destruct (String.eqb f _); exact F.
    - destruct (String.eqb f _); exact F.
  Qed.

  (** No call on memory copies a page. *)
  Lemma never_copies m c f args k : good m -> m_cpu m c = Ev (ECall f args) k -> f <> "page_copy".
  Proof.
    intros G E ->. assert (X : exists a, pre (K (Z.of_nat c)) (ECall "page_copy" args) a).
    { destruct (m_lock m) as [d|] eqn:L; [destruct (PeanoNat.Nat.eq_dec d c) as [->|D]|].
      1: { destruct (g_holder B m G c L) as (a & _ & _ & W). rewrite E in W. destruct W as [P _]. exists a. exact P. }
      all: destruct (g_other B m G c) as (a & _ & W); [congruence|]; rewrite E in W; destruct W as [P _]; exists a; exact P. }
    destruct X as (a & C & _). destruct (C eq_refl) as [_ N]. discriminate N.
  Qed.

  (** What the next event of a CPU needs in the world as its proof sees it, up to date. *)
  Lemma next_needs m c f args k : cpu_primitive f = false -> good m -> m_cpu m c = Ev (ECall f args) k -> ECall f args <> lock ->
    ECall f args <> unlock ->
    exists a, view (Z.of_nat c) a (m_world m) /\ fst (effect B (Z.of_nat c) (mem_inv B) (ECall f args) a) /\ secure B a /\
      forall v a', snd (effect B (Z.of_nat c) (mem_inv B) (ECall f args) a) v a' -> secure B a'.
  Proof.
    intros Cp G E N1 N2.
    assert (X : exists a, view (Z.of_nat c) a (m_world m) /\ pre (K (Z.of_nat c)) (ECall f args) a /\ w_held a = true).
    { destruct (m_lock m) as [d|] eqn:L; [destruct (PeanoNat.Nat.eq_dec d c) as [->|D]|].
      1: { destruct (g_holder B m G c L) as (a & V & Ha & W). rewrite E in W. destruct W as [P _]. exists a. auto. }
      all: destruct (g_other B m G c) as (a & Aw & W); [congruence|]; rewrite E in W; destruct W as [P _];
        pose proof (unlocked_call _ f args a (aw_held _ _ _ Aw) N1 P); congruence. }
    destruct X as (a & V & P & Ha).
    assert (L : local (ECall f args) a = false) by (apply local_held, Ha).
    assert (Y : exists a0, view (Z.of_nat c) a0 (m_world m) /\ before (Z.of_nat c) (ECall f args) a a0).
    { unfold before. destruct (observes (ECall f args)); [|exists a; auto].
      destruct (view_now _ a _ V) as [J V0]. exists (set_ram (w_ram (m_world m)) a). auto. }
    destruct Y as (a0 & V0 & Bf). exists a0. destruct (pre_effect B _ _ a L P a0 Bf) as [F S].
    split; [exact V0|]. split; [exact F|]. split; [|exact S].
    exact (view_secure B _ _ _ (view_sym _ _ _ V0) (g_secure B m G)).
  Qed.

  (** The real world and the one that a proof sees. *)
  Lemma view_state c a w p : view c a w -> state a p = state w p.
  Proof. intros V. unfold state. rewrite (v_meta _ _ _ V). reflexivity. Qed.

  Lemma view_isolated c a w p : view c a w -> isolated a p -> isolated w p.
  Proof.
    intros V [R U]. split; intros X; [apply R, (view_reached c a w p V), X|apply U, (view_used c a w p V), X].
  Qed.

  Lemma same_owner_dec x y : (owner_of x = owner_of y /\ (secret_state x -> secret_state y)) \/
    ~ (owner_of x = owner_of y /\ (secret_state x -> secret_state y)).
  Proof.
    assert (O : {owner_of x = owner_of y} + {owner_of x <> owner_of y}) by (decide equality; apply Z.eq_dec).
    assert (S : forall z, secret_state z \/ ~ secret_state z).
    { intros z. unfold secret_state. destruct (Z.eq_dec (kind z) PG_VM), (Z.eq_dec (kind z) PG_CTX); tauto. }
    destruct O as [O|O]; [|tauto]. destruct (S x), (S y); tauto.
  Qed.

  (** A page that some CPU has keeps its kind and its VM. *)
  Lemma housed_change a p s : secure B a -> secure B (set_meta p s a) -> housed a p ->
    owner_of (state a p) = owner_of (wrap U64 s) /\ (secret_state (state a p) -> secret_state (wrap U64 s)).
  Proof.
    intros [_ _ S] [_ _ S'] H.
    assert (E : kind (wrap U64 s) = kind (state a p) /\
      (kind (state a p) = PG_CTX -> handle (wrap U64 s) = handle (state a p)) /\
      (kind (state a p) = PG_CORE \/ kind (state a p) = PG_PINNED \/ kind (state a p) = PG_CTX)).
    { assert (W : state (set_meta p s a) p = wrap U64 s) by (unfold state; cbn; rewrite Z.eqb_refl; reflexivity).
      destruct H as [(c & R & E)|(h & i & T & [E|(Pr & E)])].
      - destruct (st_host B a S c R) as [_ K1]. destruct (st_host B _ S' c R) as [_ K2].
        change (host_ctx (set_meta p s a) c) with (host_ctx a c) in K2. rewrite <- E in K1, K2. rewrite W in K2.
        rewrite K1, K2. split; [reflexivity|]. split; [discriminate|auto].
      - destruct (st_run B a S h i T) as (_ & K1 & _). destruct (st_run B _ S' h i T) as (_ & K2 & _).
        change (vcpu_run (set_meta p s a) h i) with (vcpu_run a h i) in K2. rewrite <- E in K1, K2. rewrite W in K2.
        rewrite K1, K2. split; [reflexivity|]. split; [discriminate|auto].
      - destruct (st_ctx B a S h i T Pr) as (_ & K1 & H1). destruct (st_ctx B _ S' h i T Pr) as (_ & K2 & H2).
        change (vcpu_ctx (set_meta p s a) h i) with (vcpu_ctx a h i) in K2, H2. rewrite <- E in K1, K2, H1, H2. rewrite W in K2, H2.
        rewrite K1, K2. split; [reflexivity|]. split; [congruence|auto]. }
    destruct E as (K & Hh & D). unfold owner_of, secret_state. rewrite K. split; [|auto].
    destruct D as [D|[D|D]]; [rewrite D; reflexivity|rewrite D; reflexivity|rewrite (Hh D); reflexivity].
  Qed.

  Lemma view_change c a w p s : view c a w -> secure B a -> secure B (set_meta p s a) -> may_change a p s -> may_change w p s.
  Proof.
    intros V Sa Sb M. assert (Le : may_change a p s /\ (elsewhere c a p ->
      owner_of (state a p) = owner_of (wrap U64 s) /\ (secret_state (state a p) -> secret_state (wrap U64 s)))).
    { split; [exact M|]. intros X. apply housed_change; auto. apply inhabited_housed, (elsewhere_inhabited c), X. }
    clear M. destruct Le as [M El]. revert M El. unfold may_change. rewrite (view_state c a w p V).
    intros [M|(Is & M)] El; [left; exact M|].
    destruct (same_owner_dec (state w p) (wrap U64 s)) as [D|D]; [left; exact D|right].
    assert (X : ~ elsewhere c a p) by (intros X; exact (D (El X))).
    split; [apply (view_isolated c a w p V Is)|]. destruct M as [M|(M1 & M2 & M3)].
    - left. intros i Hi. unfold word. rewrite <- (v_ram _ _ _ V); [apply M, Hi|apply Is|exact X].
    - right. split; [exact M1|]. split; [|exact M3]. unfold vm_state in *.
      rewrite <- (v_mem _ _ _ V) by exact Logic.I. exact M2.
  Qed.

  (** It reads no secret, and lets none out. *)
  Lemma next_allowed m c e k : good m -> m_cpu m c = Ev e k -> e <> lock -> e <> unlock ->
    forall Q, keeps_secrets B Q e (m_world m).
  Proof.
    intros G E N1 N2 Q. destruct e as [l|l x|f args]; [exact I|exact I|].
    destruct (cpu_primitive f) eqn:Cp; [apply keeps_cpu, Cp|].
    destruct (next_needs m c f args k Cp G E N1 N2) as (a & V & F & Sa & Sb).
    destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try exact I; cbn [keeps_secrets].
    - split; intros ->; cbn in F; [destruct F as [_ ->]; apply N1; reflexivity|exact F].
    - split; [|split].
      + assert (Q0 : f = "pte_get" -> w_held a = true /\ (is_ram B x /\ (kind (state a x) = PG_CORE \/ kind (state a x) = PG_VMCORE)) /\ 0
          <= y < 512).
        { intros ->. cbn in F. destruct F as (Hd & [Rx Kx] & I). split; [exact Hd|]. split; [|exact I]. split; [exact Rx|tauto]. }
        intros [-> | ->]; [clear Q0; cbn in F|specialize (Q0 eq_refl); clear F; rename Q0 into F]; destruct F as (_ & [_ Kx] & I); (split;
          [|exact I]); intros (_ & X & _);
          rewrite (view_state _ _ _ _ V) in Kx; unfold secret_state in X; pg; lia.
      + intros ->. destruct (never_copies m c _ _ _ G E eq_refl).
      + intros ->. cbn in F. destruct F as (_ & R & M). split; [exact R|].
        apply (view_change _ _ _ _ _ V Sa); [|exact M]. apply (Sb 0). reflexivity.
    - intros ->. exact F.
    - intros ->. exact F.
  Qed.

  (** ** Two machines *)
  Variable Q : Z -> bool.

  (** The same code is to run on every CPU, the lock is the same, and the worlds are alike. *)
  Record malike (m n : machine) : Prop := {
    ml_world : alike B Q (m_world m) (m_world n);
    ml_lock : m_lock m = m_lock n;
    ml_cpu : forall c, m_cpu m c = m_cpu n c }.

  Lemma malike_sym m n : malike m n -> malike n m.
  Proof. intros [W L C]. constructor; auto. apply alike_sym, W. Qed.

  Lemma private_same a b p : alike B Q a b -> private a p -> private b p.
  Proof. intros A. unfold private, state. rewrite (al_meta _ _ _ _ A). auto. Qed.

  Theorem lockstep_seen m n l m' : good m -> good n -> malike m n -> lstep m l m' -> seen Q l = true ->
    exists n', lstep n l n' /\ malike m' n'.
  Proof.
    intros Gm Gn [A L C] S V. pose proof (lstep_good _ _ _ Gm S) as G'. destruct n as [wn on Tn]. cbn [m_world m_lock m_cpu] in *.
    destruct S as [w T c k v E|w o T c k v E|w o T c e k v w' N1 N2 E F|w o T h p i x R I N|w o T h p i x R I N];
      cbn [m_world m_lock m_cpu] in *; subst on.
    - eexists. split; [apply l_lock; rewrite <- C; exact E|]. constructor; cbn; [exact A|reflexivity|].
      intros d. apply set_cpu_eq, C.
    - eexists. split; [apply l_unlock; rewrite <- C; exact E|]. constructor; cbn; [exact A|reflexivity|].
      intros d. apply set_cpu_eq, C.
    - assert (En : Tn c = Ev e k) by (rewrite <- C; exact E).
      destruct (alike_event B Q (Z.of_nat c) (fun _ => True) e w wn v w' A) as (w2 & F2 & A2).
      + exact (next_allowed _ c e k Gm E N1 N2 Q).
      + exact (next_allowed _ c e k Gn En N1 N2 Q).
      + apply G'.
      + exact F.
      + eexists. split; [eapply l_event; eassumption|]. constructor; cbn; [exact A2|reflexivity|].
        intros d. apply set_cpu_eq, C.
    - eexists. split; [apply l_store; [exact (alike_reach B Q w wn h p A R)|exact I|]|].
      + intros X. apply N, (private_same wn w p); [apply alike_sym, A|exact X].
      + constructor; cbn; [apply alike_store; [exact A|apply G']|reflexivity|exact C].
    - eexists. split; [apply l_private; [exact (alike_reach B Q w wn h p A R)|exact I|exact (private_same w wn p A N)]|].
      constructor; cbn; [apply alike_store; [exact A|apply G']|reflexivity|exact C].
  Qed.

  (** What a VM outside [Q] does to its private pages changes nothing for the others. *)
  Theorem lockstep_hidden m n l m' : good m -> malike m n -> lstep m l m' -> seen Q l = false -> malike m' n.
  Proof.
    intros G [A L C] S V. destruct S as [| | | |w o T h p i x R I [Rp Kp]]; try discriminate V. cbn in V.
    cbn [m_world m_lock m_cpu] in *. constructor; cbn; [|exact L|exact C].
    apply (alike_trans B Q _ w); [|exact A]. apply alike_hidden; [apply G|apply G|].
    split; [exact Rp|]. split; [exact Kp|]. destruct R as (k & fn & T0).
    pose proof (s_tlb B w (g_secure B _ G) k h fn p T0) as X. unfold allowed in X.
    destruct (Z.eqb_spec h 0) as [->|D].
    - destruct X as [_ [[_ X]|X]]; [unfold secret_state in Kp; pg; lia|destruct (bo_dev B HB _ X Rp)].
    - destruct X as [_ [X|(_ & -> & _)]]; [unfold secret_state in Kp; pg; lia|exact V].
  Qed.

  Lemma lsteps_match m ls m' : lsteps m ls m' -> forall n, good m -> good n -> malike m n ->
    exists n', lsteps n (filter (seen Q) ls) n' /\ malike m' n'.
  Proof.
    intros S. induction S as [m|a l b ls c L S IH]; intros n Ga Gn A.
    - exists n. split; [constructor|exact A].
    - pose proof (lstep_good _ _ _ Ga L) as Gb. cbn [filter]. destruct (seen Q l) eqn:V.
      + destruct (lockstep_seen a n l b Ga Gn A L V) as (n1 & Ln & A1).
        destruct (IH n1 Gb (lstep_good _ _ _ Gn Ln) A1) as (n2 & Sn & A2).
        exists n2. split; [econstructor; eassumption|exact A2].
      + apply IH; [exact Gb|exact Gn|]. exact (lockstep_hidden a n l b Ga A L V).
  Qed.

  (** ** Nothing is left to chance but whose turn it is *)
  Lemma effect_function c LI e w v a b : e <> lock ->
    snd (effect B c LI e w) v a -> snd (effect B c LI e w) v b -> keeps_secrets B Q e w -> a = b.
  Proof.
    intros N Ea Eb Ks. destruct e as [l|l x|f args]; [cbn in *; destruct Ea, Eb; congruence|cbn in *; congruence|].
    destruct (cpu_primitive f) eqn:Cp.
    { rewrite cpu_effect_call in Ea, Eb by exact Cp.
      destruct (cpu_effect_does _ _ _ _ _ _ _ Ea) as (d & D & _ & ->).
      destruct (cpu_effect_does _ _ _ _ _ _ _ Eb) as (d' & D' & _ & ->). congruence. }
    cbn [effect] in Ea, Eb. rewrite Cp in Ea, Eb.
    destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try (cbn in Ea; contradiction); cbn in Ea, Eb, Ks.
    4: { destruct (String.eqb_spec f "ctx_start") as [->|]; [congruence|cbn in Ea; contradiction]. }
    4: { destruct (String.eqb_spec f "ctx_switch") as [->|]; [congruence|cbn in Ea; contradiction]. }
    - destruct Ks as [Ks Ks']. destruct (String.eqb_spec f "spin_lock"); [congruence|]. destruct (String.eqb_spec f "fp_save");
        [congruence|].
      repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb f s) end;
        cbn in Ea, Eb; try contradiction; try (destruct Ea, Eb); congruence.
    - repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb f s) end;
        cbn in Ea, Eb; try contradiction; try (destruct Ea, Eb); congruence.
    - repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb f s) end;
        cbn in Ea, Eb; try contradiction; try (destruct Ea, Eb); congruence.
  Qed.

  Lemma answer_function c LI e w v v' a b : asks e = true ->
    snd (effect B c LI e w) v a -> snd (effect B c LI e w) v' b -> v = v'.
  Proof.
    intros N Ea Eb. destruct e as [l|l x|f args]; [cbn in *; destruct Ea, Eb; congruence|discriminate N|].
    cbn [asks] in N. apply orb_true_iff in N as [N|N]; [apply orb_true_iff in N as [N|N]|];
      apply String.eqb_eq in N; subst f;
      (destruct args as [|x [|y [|z [|u [|t [|]]]]]]; cbn in Ea, Eb; try contradiction; destruct Ea, Eb; congruence).
  Qed.

  Lemma lstep_function n l a b : good n -> lstep n l a -> lstep n l b -> a = b.
  Proof.
    intros G Sa Sb. destruct Sa; inversion Sb; subst; try contradiction; try congruence.
    replace k0 with k by congruence. replace w'0 with w'; [reflexivity|].
    eapply effect_function; [exact H|eassumption|eassumption|exact (next_allowed _ c e k G H1 H H0 Q)].
  Qed.

  Lemma lstep_next n c e v a : lstep n (Kcore c e v) a -> exists k, m_cpu n c = Ev e k.
  Proof. intros S. inversion S; subst; cbn; eexists; eassumption. Qed.

  Lemma lstep_answer n c e v v' a b : asks e = true -> lstep n (Kcore c e v) a -> lstep n (Kcore c e v') b -> v = v'.
  Proof.
    intros Y Sa Sb. inversion Sa; subst; try discriminate Y. inversion Sb; subst; try contradiction.
    eapply answer_function; eassumption.
  Qed.

  (** The same turns give the same labels: every event has the same answer. *)
  Theorem turns_decide m n l l' m' n' : good m -> good n -> malike m n -> lstep m l m' -> lstep n l' n' ->
    seen Q l = true -> same_turn l l' -> l = l' /\ malike m' n'.
  Proof.
    intros Gm Gn A Sm Sn V T. destruct (lockstep_seen m n l m' Gm Gn A Sm V) as (n1 & S1 & A1).
    assert (E : l = l').
    { destruct l as [c e v|h p i x|h p i x]; [|exact T|exact T]. destruct l' as [c' e' v'| |]; [|discriminate T..].
      destruct T as [<- T].
      destruct (lstep_next n c e v n1 S1) as (k1 & E1). destruct (lstep_next n c e' v' n' Sn) as (k2 & E2).
      assert (e' = e) as -> by congruence. f_equal. destruct (asks e) eqn:Y; [|auto].
      exact (lstep_answer n c e v v' n1 n' Y S1 Sn). }
    split; [exact E|]. subst l'. rewrite (lstep_function n l n' n1 Gn Sn S1). exact A1.
  Qed.

  Theorem turns_decide_runs m ls m' : lsteps m ls m' -> forall n ls' n', good m -> good n -> malike m n ->
    lsteps n ls' n' -> Forall2 same_turn (filter (seen Q) ls) (filter (seen Q) ls') ->
    filter (seen Q) ls = filter (seen Q) ls' /\ malike m' n'.
  Proof.
    intros S. induction S as [m|a l b ls c L S IH]; intros n ls' n' Ga Gn A Sn T.
    - cbn [filter] in T. assert (E : filter (seen Q) ls' = []) by (inversion T; reflexivity). rewrite E. clear T.
      split; [reflexivity|].
      revert A E. induction Sn as [n|n l n1 ls' n2 Ln Sn IHn]; intros A E; [exact A|]. cbn in E.
      destruct (seen Q l) eqn:V; [discriminate E|]. apply IHn; [exact (lstep_good _ _ _ Gn Ln)| |exact E].
      apply malike_sym. apply (lockstep_hidden n m l n1 Gn); [apply malike_sym, A|exact Ln|exact V].
    - pose proof (lstep_good _ _ _ Ga L) as Gb. cbn [filter] in *. destruct (seen Q l) eqn:V.
      2: { apply (IH n ls' n'); auto. exact (lockstep_hidden a n l b Ga A L V). }
      revert A T. induction Sn as [n|n l' n1 ls' n2 Ln Sn IHn]; intros A T; [inversion T|]. cbn [filter] in *.
      pose proof (lstep_good _ _ _ Gn Ln) as G1. destruct (seen Q l') eqn:V'.
      + inversion T; subst. destruct (turns_decide a n l l' b n1 Ga Gn A L Ln V) as [-> A1]; [assumption|].
        destruct (IH n1 ls' n2 Gb G1 A1 Sn) as [E X]; [assumption|]. split; [congruence|exact X].
      + apply IHn; [exact G1| |exact T].
        apply malike_sym. apply (lockstep_hidden n a l' n1 Gn); [apply malike_sym, A|exact Ln|exact V'].
  Qed.

  (** ** The content of secret pages may be anything *)
  Theorem any_secret w r : mem_inv B w -> (forall p i, ~ secret B Q w p -> r p i = w_ram w p i) ->
    mem_inv B (settle B (set_ram r w)) /\ alike B Q (settle B (set_ram r w)) w.
  Proof.
    intros M E. pose proof (m_inv B w M) as I.
    assert (E1 : forall t i, used w t \/ is_ram B t /\ kind (state w t) = PG_CORE -> r t i = w_ram w t i).
    { intros t i H. apply E. intros X. destruct H as [H|[_ H]]; [exact (secret_unused B Q w t (i_secure B w I) X H)|].
      destruct X as (_ & X & _). unfold secret_state in X. pg; lia. }
    assert (E2 : forall t i, ~ no_page t -> is_ram B t -> kind (state w t) = PG_VMCORE -> r t i = w_ram w t i).
    { intros t i _ _ H. apply E. intros (_ & X & _). unfold secret_state in X. pg; lia. }
    split.
    - apply (mem_inv_frame B w).
      + apply (evolves_unchanged B [] no_page); [apply evolves_ram; auto|reflexivity|intros p []].
      + apply inv_ram; auto.
      + exact M.
    - destruct (ram_walks B w r (i_settled B w I)) as [A T]; [auto|].
      constructor; try reflexivity; [|exact A|exact T]. intros p i N _. unfold word; cbn. rewrite E by exact N. reflexivity.
  Qed.
End Lockstep.
