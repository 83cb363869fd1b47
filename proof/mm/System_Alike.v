(** * Two systems that differ in the secrets of VMs alone go on in lockstep: the proof *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Facts Structure_Steps Page_Spec Vm_Spec
  Vm_Facts Interleave Machine_Proof Alike Lockstep.
From Redoubt.machine Require Import System.
From Redoubt.mm Require Import System_Proof.
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
  Notation sgood := (sgood B R).

  Hypothesis answer_ok : forall c fid a1 a2 a3 a4 w, 0 <= c < 8 -> offered fid ->
    in_ty U64 fid -> in_ty U64 a1 -> in_ty U64 a2 -> in_ty U64 a3 -> in_ty U64 a4 -> idle B w ->
    wp (K c) (answer c fid a1 a2 a3 a4) (rests B) w.

  Variable Q : Z -> bool.

  Record salike (s t : system R) : Prop := {
    sa_world : alike B Q (s_world s) (s_world t);
    sa_lock : s_lock s = s_lock t;
    sa_cpu : forall c, s_cpu s c = s_cpu t c;
    sa_vcpu : forall h j, Q h = true -> s_vcpu s h j = s_vcpu t h j }.

  Lemma salike_sym s t : salike s t -> salike t s.
  Proof. intros [W L C G]. constructor; auto; [apply alike_sym, W|]. intros h j X. symmetry. auto. Qed.

  Lemma set_nat_eq {A} (f g : nat -> A) c x d : (forall e, f e = g e) -> set_nat f c x d = set_nat g c x d.
  Proof. intros E. unfold set_nat. destruct (Nat.eqb d c); auto. Qed.

  (** ** One step *)
  Lemma access_alike w wn h a t x w' : secure B w -> secure B w' -> alike B Q w wn -> h = 0 \/ Q h = true ->
    access B w h a t x w' -> exists wn', access B wn h a t x wn' /\ alike B Q w' wn'.
  Proof.
    intros S S' A Hh Ac. destruct Ac as [fn i k p T I|fn i y k p T I|fn i|fn i y|].
    - exists wn. split; [|exact A].
      replace (word w p i) with (word wn p i); [apply (acc_load B wn h fn i k p);
        [apply (al_tlb _ _ _ _ A), T|exact I]|].
      symmetry. apply (al_word B Q _ _ A); [|exact I].
      apply (reached_public B Q w h p (bo_dev B HB) S); [exists k, fn; exact T|exact Hh].
    - exists (write_word B p i y wn). split; [apply (acc_store B wn h fn i y k p);
      [apply (al_tlb _ _ _ _ A), T|exact I]|].
      apply alike_store; [exact A|exact S'].
    - exists wn. split; [constructor|exact A].
    - exists wn. split; [constructor|exact A].
    - exists wn. split; [constructor|exact A].
  Qed.

  Lemma flow_alike w wn a t : alike B Q w wn -> flow_of w a t = flow_of wn a t.
  Proof. intros A. unfold flow_of, state. rewrite (al_meta _ _ _ _ A). reflexivity. Qed.

  Lemma result_alike w wn c v : alike B Q w wn -> result w c v = result wn c v.
  Proof. intros A. unfold result. rewrite (al_mem _ _ _ _ A). reflexivity. Qed.

  (** A turn of KServ, of KCore or of a VM of [Q] can be taken in both. *)
  Lemma turn_step s t l s' l1 : sgood s -> sgood t -> salike s t -> step s l s' -> sees Q l = [Turn l1] ->
    exists t', step t l t' /\ salike s' t'.
  Proof.
    intros Gs Gt [A L C G] S V. pose proof (sgood_step B HB R kserv guest answer offered answer_ok s l s' Gs S) as Gs'.
    destruct t as [wn on Cn Gn]. cbn [s_world s_lock s_cpu s_vcpu] in *.
    destruct S as [w o Cs Gv c r t x w' E Ac|w o Cs Gv h j t x w' Hh Ac|w o Cs Gv c r fid a1 a2 a3 a4 Hc E Ea Of
      |w o Cs Gv c r p x w' o' p' E Ks|w o Cs Gv c r v E]; cbn [s_world s_lock s_cpu s_vcpu] in *; subst on.
    - destruct (access_alike w wn 0 _ t x w' (g_secure B _ Gs) (g_secure B _ Gs') A (or_introl eq_refl) Ac) as (wn' &
      Acn & An).
      eexists. split; [eapply step_kserv; [rewrite <- C; exact E|exact Acn]|].
      constructor; cbn; [exact An|reflexivity|intros d; apply set_nat_eq, C|exact G].
    - cbn in V. destruct (Q h) eqn:Qh; [|destruct (flow_of w (act guest (Gv h j)) t); discriminate V].
      destruct (access_alike w wn h _ t x w' (g_secure B _ Gs) (g_secure B _ Gs') A (or_intror Qh) Ac) as (wn' & Acn
        & An).
      rewrite (flow_alike w wn) by exact A. rewrite (G h j Qh) in *.
      eexists. split; [eapply step_vm; [exact Hh|exact Acn]|].
      constructor; cbn; [exact An|reflexivity|exact C|]. intros h' j' X. unfold set_vcpu.
      destruct (_ && _); [reflexivity|apply G, X].
    - eexists. split; [eapply step_call; [exact Hc|rewrite <- C; exact E|exact Ea|exact Of]|].
      constructor; cbn; [exact A|reflexivity|intros d; apply set_nat_eq, C|exact G].
    - assert (X : exists wn', kcore_step B c x wn o p wn' o' p' /\ alike B Q w' wn').
      { destruct Ks as [x w k|x w o k|w o e k v w' N1 N2 F].
        - exists wn. split; [constructor|exact A].
        - exists wn. split; [constructor|exact A].
        - destruct (alike_event B Q (Z.of_nat c) (fun _ => True) e w wn v w' A) as (wn' & Fn & An).
          + exact (sgood_code B R _ c r _ e k Gs E eq_refl Q N1 N2).
          + apply (sgood_code B R _ c r (Ev e k) e k Gt); auto. cbn. rewrite <- C. exact E.
          + apply (g_secure B _ Gs').
          + exact F.
          + exists wn'. split; [constructor; assumption|exact An]. }
      destruct X as (wn' & Kn & An). eexists. split; [eapply step_event; [rewrite <- C; exact E|exact Kn]|].
      constructor; cbn; [exact An|reflexivity|intros d; apply set_nat_eq, C|exact G].
    - eexists. split; [eapply step_return; rewrite <- C; exact E|].
      constructor; cbn; [exact A|reflexivity| |exact G]. intros d. rewrite (result_alike w wn) by exact A.
        apply set_nat_eq, C.
  Qed.

  (** Nothing is left to chance but whose turn it is, and which page the hardware gets at. *)
  Lemma access_function w h a t x x' w1 w2 : access B w h a t x w1 -> access B w h a t x' w2 -> x = x' /\ w1 = w2.
  Proof. intros S1 S2. destruct S1; inversion S2; subst; auto. Qed.

  Lemma event_function s c r p x x' w1 o1 p1 w2 o2 p2 : sgood s -> s_cpu s c = In_kcore r p ->
    kcore_step B c x (s_world s) (s_lock s) p w1 o1 p1 -> kcore_step B c x' (s_world s) (s_lock s) p w2 o2 p2 ->
      x = x' ->
    w1 = w2 /\ o1 = o2 /\ p1 = p2.
  Proof.
    intros G E S1 S2 Ex. remember (s_world s) as w eqn:Ew. remember (s_lock s) as o eqn:Eo.
    destruct S1 as [x w k|x w o k|w o e k v w' N1 N2 F]; inversion S2; subst; auto; try contradiction.
    assert (v0 = v) as ->.
    { destruct (answers e) eqn:Y; [|congruence]. eapply answer_function; [exact Y|eassumption|eassumption]. }
    split; [|split; reflexivity].
    eapply effect_function; [exact N1|eassumption|eassumption|].
    exact (sgood_code B R _ c r _ e k G E eq_refl Q N1 N2).
  Qed.

  Definition turn_of (l : label) : label := match l with By_vm h j t _ => By_vm h j t None | _ => l end.
  Lemma step_function s l l' a b : sgood s -> step s l a -> step s l' b -> turn_of l = turn_of l' -> a = b.
  Proof.
    intros G Sa Sb T.
    destruct Sa as [w o Cs Gv c r t x w' E Ac|w o Cs Gv h j t x w' Hh Ac|w o Cs Gv c r fid a1 a2 a3 a4 Hc E Ea Of
      |w o Cs Gv c r p x w' o' p' E Ks|w o Cs Gv c r v E]; inversion Sb; subst; try discriminate T; injection T as ?;
        subst.
    all: repeat match goal with
      | X : ?f ?c = _, Y : ?f ?c = _ |- _ => first [constr_eq X Y; fail 1|rewrite X in Y; try discriminate Y;
        injection Y as ?; subst]
      | X : act kserv ?r = Call _ _ _ _ _, Y : access _ _ _ (act kserv ?r) _ _ _ |- _ => rewrite X in Y; inversion Y
      | X : kcore_step _ _ _ _ _ (Ret _) _ _ _ |- _ => inversion X
      end.
    all: try match goal with X : access _ _ _ _ _ _ ?w, Y : access _ _ _ _ _ _ ?v |- {| s_world := ?w |} = {|
      s_world := ?v |} =>
      destruct (access_function _ _ _ _ _ _ _ _ X Y) as [-> ->]; reflexivity end.
    all: try congruence.
    match goal with Y : kcore_step _ _ _ _ _ _ ?v _ _ |- _ = {| s_world := ?v |} =>
      destruct (event_function _ _ _ _ _ _ _ _ _ _ _ _ G E Ks Y) as (-> & -> & ->); [congruence|reflexivity] end.
  Qed.

  (** ** The same is seen of both *)
  Lemma given_access w h a t y w' x : access B w h a t y w' -> flow_of w a t = Some x ->
    exists p i v, x = (p, i, v) /\ w' = write_word B p i v w.
  Proof.
    intros [fn i k p T I|fn i v k p T I| | |]; cbn; try discriminate. destruct (_ =? _); [|discriminate].
    intros [= <-]. eauto.
  Qed.

  Lemma seen_step s t l l' s' t' : sgood s -> sgood t -> salike s t -> step s l s' -> step t l' t' ->
    sees Q l = sees Q l' -> sees Q l <> [] -> salike s' t'.
  Proof.
    intros Gs Gt A Ss St V N.
    assert (D : (exists l1, sees Q l = [Turn l1] /\ turn_of l = turn_of l') \/
      exists h x j i q q', Q h = false /\ l = By_vm h j q (Some x) /\ l' = By_vm h i q' (Some x)).
    { destruct l as [c x0|c t0|h j t0 f], l' as [c' x1|c' t1|h' j' t1 f']; cbn in V, N |- *;
        try (left; eexists; split; [reflexivity|cbn; congruence]);
        try (destruct (Q h'); [discriminate V|destruct f'; discriminate V]);
        try (destruct (Q h); [discriminate V|destruct f; discriminate V]).
      destruct (Q h) eqn:Qh.
      - left. eexists. split; [reflexivity|]. destruct (Q h'); [congruence|destruct f'; discriminate V].
      - destruct (Q h'); [destruct f; discriminate V|]. destruct f as [x|]; [|contradiction].
        destruct f' as [x'|]; [|discriminate V]. right. injection V as <- <-. repeat eexists; exact Qh. }
    destruct D as [(l1 & Vl & T)|(h & x & j & i & q & q' & Hq & -> & ->)].
    - destruct (turn_step s t l s' l1 Gs Gt A Ss Vl) as (t1 & S1 & A1).
      rewrite <- (step_function t l l' t1 t' Gt S1 St T). exact A1.
    - pose proof (sgood_step B HB R kserv guest answer offered answer_ok _ _ s' Gs Ss) as Gs'.
      destruct A as [A L C G]. inversion Ss; subst. inversion St; subst. cbn [s_world s_lock s_cpu s_vcpu] in *.
      match goal with X : access _ w _ _ _ _ ?v, Xf : flow_of w _ _ = _, Y : access _ w0 _ _ _ _ ?v', Yf : flow_of w0
        _ _ = _ |- _ =>
        destruct (given_access _ _ _ _ _ _ _ X Xf) as (p & k & y & -> & ->);
        destruct (given_access _ _ _ _ _ _ _ Y Yf) as (p' & k' & y' & E & ->) end.
      injection E as <- <- <-.
      constructor; cbn; [apply alike_store; [exact A|apply (g_secure B _ Gs')]|exact L|exact C|].
      intros h' j' X. unfold set_vcpu. destruct (Z.eqb_spec h' h) as [->|]; [congruence|]. cbn. apply G, X.
  Qed.

  (** What a VM outside [Q] does for itself. *)
  Lemma hidden_step s t l s' : sgood s -> salike s t -> step s l s' -> sees Q l = [] -> salike s' t.
  Proof.
    intros Gs [A L C G] S V. pose proof (g_secure B _ Gs) as Sec. pose proof (g_settled B _ Gs) as Set0.
    destruct S as [| w o Cs Gv h j q x w' Hh Ac| | |]; try discriminate V.
    cbn in V, Sec, Set0. destruct (Q h) eqn:Hq; [discriminate V|].
    destruct (flow_of w (act guest (Gv h j)) q) eqn:F; [discriminate V|]. cbn [s_world s_lock s_cpu s_vcpu] in *.
    constructor; cbn; [|exact L|exact C|].
    - destruct Ac as [|fn i y k p T I| | |]; try exact A. apply (alike_trans B Q _ w); [|exact A].
      apply alike_hidden; [exact Set0|exact Sec|]. cbn in F.
        destruct (Z.eqb_spec (kind (state w p)) PG_LENT) as [|N]; [discriminate F|].
      pose proof (s_tlb B w Sec k h fn p T) as Al. unfold allowed in Al. destruct (Z.eqb_spec h 0); [lia|].
      destruct Al as [Rp [X|(X & Y & _)]]; [contradiction|]. split; [exact Rp|]. split; [left; exact X|]. rewrite Y.
        exact Hq.
    - intros h' j' X. unfold set_vcpu. destruct (Z.eqb_spec h' h) as [->|]; [congruence|]. cbn. apply G, X.
  Qed.

  Lemma sees_cases l : sees Q l = [] \/ exists x, sees Q l = [x].
  Proof. destruct l as [c x|c t|h j t [f|]]; cbn; try destruct (Q h); eauto. Qed.

  Theorem runs_alike s ls s' : steps s ls s' -> forall t ls' t', sgood s -> sgood t -> salike s t ->
    steps t ls' t' -> trace Q ls = trace Q ls' -> salike s' t'.
  Proof.
    pose proof (sgood_step B HB R kserv guest answer offered answer_ok) as Step.
    intros S. induction S as [s|s l s1 ls s2 S1 S2 IH]; intros t ls' t' Gs Gt A St V.
    - cbn in V. revert A V. induction St as [t|t l t1 ls' t2 T1 T2 IHt]; intros A V; [exact A|].
      cbn in V. symmetry in V. apply app_eq_nil in V as [V1 V2]. apply IHt; [exact (Step _ _ _ Gt T1)| |symmetry;
        exact V2].
      apply salike_sym. eapply hidden_step; [exact Gt|apply salike_sym, A|exact T1|exact V1].
    - cbn in V. destruct (sees_cases l) as [Vl|[x Vl]]; rewrite Vl in V; cbn in V.
      { eapply IH; [exact (Step _ _ _ Gs S1)|exact Gt| |exact St|exact V]. exact (hidden_step _ _ _ _ Gs A S1 Vl). }
      revert A V. induction St as [t|t l' t1 ls' t2 T1 T2 IHt]; intros A V; [discriminate V|].
      cbn in V. destruct (sees_cases l') as [Vl'|[y Vl']]; rewrite Vl' in V; cbn in V.
      + apply IHt; [exact (Step _ _ _ Gt T1)| |exact V].
        apply salike_sym. eapply hidden_step; [exact Gt|apply salike_sym, A|exact T1|exact Vl'].
      + injection V as <- V. eapply IH; [exact (Step _ _ _ Gs S1)|exact (Step _ _ _ Gt T1)| |exact T2|exact V].
        eapply seen_step; [exact Gs|exact Gt|exact A|exact S1|exact T1|congruence|congruence].
  Qed.

  Lemma salike_same s t : sgood s -> salike s t -> same_for Q s t.
  Proof.
    intros G [A L C Gv]. constructor; [exact C|exact Gv|exact L|apply A|apply A|apply A|apply A|].
    intros h p i Hq Re I. apply (al_word B Q _ _ A); [|exact I].
    apply (reached_public B Q _ h); [apply (bo_dev B HB)|apply (g_secure B _ G)|exact Re|exact Hq].
  Qed.
End System.
