(** * Whoever keeps the rules keeps secrets

    [rules_NI]: in the machine of [Rules.v] KServ and any VMs that have joined it learn nothing of the private pages
    and the registers of the others but what these store to lent pages, whatever KCore is, if it decides by what is
    public.  [rules_kept]: nobody but the VM, and a CPU that serves it, changes its pages while they are reached. *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.sem Require Import Sem Bits.
From Redoubt.link Require Import Rules.
Import ListNotations.
Open Scope Z_scope.

Section Proof.
Variable R : Type.
Variables kserv guest : P.agent R.
Variable device : Z -> Prop.
Variables W K : Type.
Variable same : K -> K -> Prop.
Variable new_vm : K -> Z -> Prop.
Variable serves : K -> nat -> Z -> Prop.
Notation state := (state R W K).
Variable does : nat -> Z -> state -> deed -> K -> (W -> Z -> Z -> Z -> Prop) -> (Z -> Z -> Z -> Z -> Prop) -> Prop.
Variable enter : K -> nat -> Z -> Z -> Z -> Z -> Z -> K -> Prop.
Hypothesis same_refl : forall k, same k k.
Hypothesis same_sym : forall k l, same k l -> same l k.
Hypothesis same_trans : forall k l m, same k l -> same l m -> same k m.
Hypothesis Decided : decided device same does.
Hypothesis Entered : entered same enter.
Variable Q : Z -> bool.
Notation step := (step kserv guest device same new_vm serves does enter).
Notation lawful := (@lawful R device W K).
Notation alike := (@alike R W K same Q).

(** ** What is used over and over *)
Implicit Types s t u : state.
Lemma alike_sym s t : alike s t -> alike t s.
Proof.
  intros [A B C D E F G]. constructor; auto; try (intros; symmetry; auto; fail).
  intros p i I H. symmetry. apply C; [exact I|]. rewrite B. exact H.
Qed.

Lemma moved_lawful (s s' : state) k m C G : lawful s -> moved same s s' k (page s) m (at_ s) (table s) C G -> lawful s'.
Proof. intros L M j h a p T. rewrite (mv_page _ _ _ _ _ _ _ _ _ _ _ _ _ M). apply (L j), (mv_at _ _ _ _ _ _ _ _ _ _ _ _
  _ M), T. Qed.

Lemma step_lawful (s : state) l s' : lawful s -> step s l s' -> lawful s'.
Proof.
  intros L X. revert L. destruct X as [? ? ? ? ? ? ? ? ? M|? ? ? ? ? ? ? ? ? M|? ? ? ? ? ? ? ? ? ? ? ? ? M|]; intros L;
    [exact (moved_lawful _ _ _ _ _ _ L M)..|assumption].
Qed.

(** Two states that move alike are alike. *)
Lemma moved_alike (s t s' t' : state) k k' pg pg' m m' a a' w w' C C' G G' :
  moved same s s' k pg m a w C G -> moved same t t' k' pg' m' a' w' C' G' ->
  same k k' -> (forall p, pg p = pg' p) -> (forall j h b p, a j h b p <-> a' j h b p) ->
  (forall h l b p, w h l b p <-> w' h l b p) -> (forall c, C c = C' c) ->
  (forall h j, Q h = true -> G h j = G' h j) ->
  (forall p i, 0 <= i < 512 -> ~ hidden Q (pg p) -> m p i = m' p i) -> alike s' t'.
Proof.
  intros [A1 A2 A3 A4 A5 A6 A7] [B1 B2 B3 B4 B5 B6 B7] Ek Ep Ea Ew Ec Eg Em. constructor.
  - apply (same_trans _ k); [apply same_sym, A1|]. apply (same_trans _ k'); assumption.
  - intros p. rewrite A2, B2. apply Ep.
  - intros p i I N. rewrite A2 in N. rewrite A3, B3 by exact I. apply Em; assumption.
  - intros. rewrite A4, B4. apply Ea.
  - intros. rewrite A5, B5. apply Ew.
  - intros. rewrite A6, B6. apply Ec.
  - intros. rewrite A7, B7. apply Eg. assumption.
Qed.

(** What KServ reaches, and a VM of [Q], is no secret. *)
Lemma reached_public s j h a p : lawful s -> at_ s j h a p -> h = 0 \/ Q h = true -> ~ hidden Q (page s p).
Proof.
  intros L T H N. apply L in T. unfold may_reach in T. unfold hidden, secret_of in N. destruct (Z.eqb_spec h 0) as
    [Z|Z].
  - destruct T as [_ T]. destruct (page s p); contradiction.
  - destruct (page s p); try contradiction. destruct T as [-> _]. destruct H; congruence.
Qed.

(** The same access in both. *)
Lemma access_same s t h a x y y' m m' : lawful s -> alike s t -> h = 0 \/ Q h = true ->
  access s h a x y m -> access t h a x y' m' ->
  y = y' /\ forall p i, 0 <= i < 512 -> ~ hidden Q (page s p) -> m p i = m' p i.
Proof.
  intros L A H X Y. pose proof (al_word _ _ _ _ _ _ _ A) as Wd.
  destruct X as [b i k p T I|b i v k p T I| | |]; inversion Y; subst; try (split; [reflexivity|exact Wd]).
  - split; [|exact Wd]. rewrite Wd; [reflexivity|exact I|]. exact (reached_public s k h b p L T H).
  - split; [reflexivity|]. intros q j J N. unfold put. destruct (q =? p) eqn:E; [|apply Wd; assumption].
    destruct (j =? i); [reflexivity|]. apply Z.eqb_eq in E. subst q. apply Wd; assumption.
Qed.

Lemma flow_same s t a x : alike s t -> flow s a x = flow t a x.
Proof. intros A. unfold flow. destruct a, x; try reflexivity. rewrite (al_page _ _ _ _ _ _ _ A). reflexivity. Qed.

(** ** One step *)
Lemma law_same s t c d p i : alike s t -> law new_vm serves c s d -> law new_vm serves c t d -> 0 <= i < 512 ->
  ~ hidden Q (pages_after s d p) -> words_after s d p i = words_after t d p i.
Proof.
  intros A Ls Lt I N. pose proof (al_word _ _ _ _ _ _ _ A) as Wd.
  destruct d as [|q x|q|q r|q j v|y]; cbn [pages_after words_after] in *; try (apply Wd; assumption).
  - unfold put in N. destruct (Z.eqb_spec p q) as [->|D]; [|apply Wd; assumption].
    (* comes out of a secret only as zero *)
    assert (X : hidden Q (page s q) \/ ~ hidden Q (page s q)).
    { unfold hidden. destruct (secret_of (page s q)) as [h|]; [|auto]. destruct (Q h); [right; discriminate|auto]. }
    destruct X as [X|X]; [|apply Wd; assumption].
    assert (Nb : forall u : state, page u q = page s q ->
        law new_vm serves c u (Give q x) -> forall j, 0 <= j < 512 -> word u q j = 0).
    { intros u Eu [[B Z]|[_ [Z|(B & _)]]] j J; [|apply Z, J|]; rewrite Eu in *; exfalso;
        unfold hidden, secret_of, belongs in *; destruct (page s q), x; try contradiction; try discriminate B;
        try (apply Z; congruence); injection B as ->; contradiction. }
    rewrite (Nb s), (Nb t); auto. symmetry. apply (al_page _ _ _ _ _ _ _ A).
  - unfold put. destruct (p =? q); [reflexivity|apply Wd; assumption].
  - unfold put. destruct (Z.eqb_spec p q) as [->|]; [|apply Wd; assumption]. apply Wd; [exact I|].
    destruct Ls as [_ X]. unfold hidden. rewrite X. auto.
  - unfold put. destruct (p =? q) eqn:E; [|apply Wd; assumption]. destruct (i =? j); [reflexivity|].
    apply Z.eqb_eq in E. subst q. apply Wd; assumption.
Qed.

Lemma hidden_step s t l s' : lawful s -> alike s t -> step s l s' -> P.sees Q l = [] -> alike s' t.
Proof.
  intros L A X V. revert L A. destruct X as [|s s' h j x y m H Ac M| |]; try discriminate V.
  intros L A.
  cbn in V. destruct (Q h) eqn:Qh; [discriminate V|]. destruct (flow s _ x) eqn:F; [discriminate V|].
  destruct M as [M1 M2 M3 M4 M5 M6 M7]. pose proof A as [A1 A2 A3 A4 A5 A6 A7]. constructor.
  - apply (same_trans _ (keep s)); [apply same_sym, M1|exact A1].
  - intros p. rewrite M2. apply A2.
  - intros p i I N. rewrite M2 in N. rewrite M3 by exact I.
    destruct Ac as [|a n v k q T I'| | |]; try (apply A3; assumption).
    unfold put. destruct (Z.eqb_spec p q) as [->|]; [|apply A3; assumption]. exfalso. apply N.
    apply L in T. unfold may_reach in T. cbn in F. destruct (Z.eqb_spec h 0); [lia|].
    unfold hidden, secret_of. destruct (page s q); try contradiction; try discriminate F. destruct T as [-> _]. exact
      Qh.
  - intros. rewrite M4. apply A4.
  - intros. rewrite M5. apply A5.
  - intros. rewrite M6. apply A6.
  - intros h' j' X. rewrite M7. unfold set_vcpu. destruct (Z.eqb_spec h' h) as [->|]; [congruence|]. apply A7, X.
Qed.

Lemma cpu_same s t c x y d : alike s t -> x = y -> set_cpu s c x d = set_cpu t c y d.
Proof. intros A ->. unfold set_cpu. destruct (Nat.eqb d c); [reflexivity|apply (al_cpu _ _ _ _ _ _ _ A)]. Qed.

Lemma vcpu_same s t h j x y h' j' : alike s t -> (Q h = true -> x = y) -> Q h' = true ->
  set_vcpu s h j x h' j' = set_vcpu t h j y h' j'.
Proof.
  intros A E H. unfold set_vcpu. destruct (Z.eqb_spec h' h) as [->|]; cbn; [|apply (al_vcpu _ _ _ _ _ _ _ A), H].
  destruct (Nat.eqb j' j); [apply E, H|apply (al_vcpu _ _ _ _ _ _ _ A), H].
Qed.

(** What a VM outside [Q] gives away is what it stores. *)
Lemma given s h a x y m z : access s h a x y m -> flow s a x = Some z ->
  exists p i v, z = (p, i, v) /\ m = put (word s) p (put (word s p) i (wrap U64 v)).
Proof.
  intros [b i k p T I|b i v k p T I| | |]; cbn; try discriminate. destruct (page s p); try discriminate.
  intros [= <-]. eauto.
Qed.

Lemma put_same s t p i v q j : alike s t -> 0 <= j < 512 -> ~ hidden Q (page s q) ->
  put (word s) p (put (word s p) i v) q j = put (word t) p (put (word t p) i v) q j.
Proof.
  intros A J N. unfold put. destruct (q =? p) eqn:E; [|apply (al_word _ _ _ _ _ _ _ A); assumption].
  destruct (j =? i); [reflexivity|]. apply Z.eqb_eq in E. subst q. apply (al_word _ _ _ _ _ _ _ A); assumption.
Qed.

Lemma seen_step s t l l' s' t' v : lawful s -> lawful t -> alike s t -> step s l s' -> step t l' t' ->
  P.sees Q l = [v] -> P.sees Q l' = [v] -> alike s' t'.
Proof.
  intros L L' A X Y. revert L L' A.
  destruct X as [s s' c r x y m E Ac M|s s' h j x y m H Ac M|s s' c r fid a1 a2 a3 a4 k E Ea En M|s s' c x d k a w E D
    Lw Sl M Ls];
  destruct Y as [t t' c' r' x' y' m' E' Ac' M'|t t' h' j' x' y' m' H' Ac' M'|t t' c' r' fid' b1 b2 b3 b4 k' E' Ea' En'
    M'
    |t t' c' x' d' k' a' w' E' D' Lw' Sl' M' Ls']; intros L L' A V V'; cbn [P.sees] in V, V';
  try (rewrite <- V in V'; discriminate V');
  try (destruct (Q h) eqn:Qh; [|destruct (flow s (P.act guest (vcpu s h j)) x) as [z|] eqn:F; [|discriminate V]]);
  try (destruct (Q h') eqn:Qh'; [|destruct (flow t (P.act guest (vcpu t h' j')) x') as [z'|] eqn:F'; [|discriminate
    V']]);
  try (rewrite <- V in V'; discriminate V');
  pose proof A as [A1 A2 A3 A4 A5 A6 A7].
  - rewrite <- V in V'. injection V' as -> ->. rewrite <- A6, E in E'. injection E' as <-.
    destruct (access_same s t 0 _ _ _ _ _ _ L A (or_introl eq_refl) Ac Ac') as [<- Wd].
    refine (moved_alike _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ M M' A1 A2 A4 A5 _ A7 Wd).
    intros d. apply cpu_same; auto.
  - rewrite <- V in V'. injection V' as -> <-. rewrite <- A6, E in E'. injection E' as <-. rewrite Ea' in Ac. inversion
      Ac.
  - rewrite <- V in V'. injection V' as -> -> ->. rewrite <- (A7 h j Qh) in Ac', M'.
    destruct (access_same s t h _ _ _ _ _ _ L A (or_intror Qh) Ac Ac') as [<- Wd].
    refine (moved_alike _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ M M' A1 A2 A4 A5 A6 _ Wd).
    intros h' j' X. apply vcpu_same; auto.
  - rewrite <- V in V'. injection V' as -> ->.
    destruct (given _ _ _ _ _ _ _ Ac F) as (p & i & u & -> & ->).
    destruct (given _ _ _ _ _ _ _ Ac' F') as (p' & i' & u' & Ez & ->). injection Ez as <- <- <-.
    refine (moved_alike _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ M M' A1 A2 A4 A5 A6 _ _).
    + intros g j0 X. unfold set_vcpu. destruct (Z.eqb_spec g h) as [->|]; [congruence|]. cbn. apply A7, X.
    + intros q n I N. apply put_same; assumption.
  - rewrite <- V in V'. injection V' as -> ->. rewrite <- A6, E in E'. injection E' as <-. rewrite Ea in Ac'. inversion
      Ac'.
  - rewrite <- V in V'. injection V' as ->. rewrite <- A6, E in E'. injection E' as <-. rewrite Ea in Ea'.
    injection Ea' as <- <- <- <- <-. pose proof (Entered _ _ _ _ _ _ _ _ _ _ A1 En En') as Ek.
    refine (moved_alike _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ M M' Ek A2 A4 A5 _ A7 A3).
    intros d. apply cpu_same; auto.
  - rewrite <- V in V'. injection V' as -> ->.
    destruct (Decided Q s t _ _ _ _ _ _ _ _ _ _ L L' A D D') as (<- & Ek & Ea & Ew).
    refine (moved_alike _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ M M' Ek _ Ea Ew _ A7 _).
    + intros p. destruct d; cbn [pages_after]; auto. unfold put. destruct (p =? p0); auto.
    + intros e. apply cpu_same; [exact A|]. unfold cpu_after. rewrite A6. reflexivity.
    + intros p i I N. exact (law_same s t c d p i A Lw Lw' I N).
Qed.

(** ** Integrity *)
(** Nobody but the VM gets at its private page, and a step that is not its own leaves the page alone. *)
Lemma others_access s h b x y m g a p i : lawful s -> access s h b x y m -> h <> g -> page s p = Private g a ->
  0 <= i < 512 -> m p i = word s p i.
Proof.
  intros L X N Pg I. destruct X as [c n k q T J|c n v k q T J| | |]; try reflexivity. unfold put.
  destruct (Z.eqb_spec p q) as [<-|]; [|reflexivity]. apply L in T. rewrite Pg in T. unfold may_reach in T.
  destruct (Z.eqb_spec h 0); [destruct T as [_ []]|]. destruct T. congruence.
Qed.

Lemma private_step (s s' : state) l h a p : lawful s -> step s l s' -> 1 <= h -> page s p = Private h a -> reached s p
  ->
  page s' p = Private h a /\
  ((exists j y f, l = P.By_vm h j y f) \/ (exists c x, l = P.By_kcore c x /\ serves (keep s) c h) \/
   forall i, 0 <= i < 512 -> word s' p i = word s p i).
Proof.
  intros L X Hh. revert L. destruct X as [s s' c r x y m E Ac M|s s' g j x y m H Ac M|s s' c r fid a1 a2 a3 a4 k E Ea
    En M
    |s s' c x d k b w E D Lw Sl M Ls]; intros L Pg (g' & k' & a' & T); pose proof M as [M1 M2 M3 M4 M5 M6 M7].
  - rewrite M2. split; [exact Pg|]. right; right. intros i I. rewrite M3 by exact I.
    apply (others_access s 0 _ _ _ _ h a p i L Ac); [lia|exact Pg|exact I].
  - rewrite M2. split; [exact Pg|]. destruct (Z.eq_dec g h) as [->|N]; [left; eauto|right; right].
    intros i I. rewrite M3 by exact I. exact (others_access s g _ _ _ _ h a p i L Ac N Pg I).
  - rewrite M2. split; [exact Pg|]. right; right. intros i I. apply M3, I.
  - assert (Nu : ~ untouched s p) by (intros [U _]; apply U; exists g', k', a'; exact T).
    assert (Same : page s' p = page s p -> (forall i, 0 <= i < 512 -> word s' p i = word s p i) ->
      page s' p = Private h a /\ ((exists j y f, P.By_kcore c x = P.By_vm h j y f) \/
        (exists c0 x0, P.By_kcore c x = P.By_kcore c0 x0 /\ serves (keep s) c0 h) \/
        forall i, 0 <= i < 512 -> word s' p i = word s p i)).
    { intros -> X. auto. }
    destruct d as [|q z|q|q z|q i v|z]; cbn [pages_after words_after law still] in *; try (refine (Same _ _); auto;
      fail).
    + (* given to somebody: then to the same VM, at the same place *)
      assert (Wd : forall i, 0 <= i < 512 -> word s' p i = word s p i) by auto.
      destruct (Z.eq_dec p q) as [<-|N].
      2: { refine (Same _ Wd). rewrite M2. unfold put. destruct (Z.eqb_spec p q); [contradiction|reflexivity]. }
      split; [|auto]. destruct Lw as [[Be Se]|[U _]]; [|contradiction]. rewrite Pg in Be, Se. cbn in Be, Se.
      assert (Ez : page s' p = z) by (rewrite M2; unfold put; rewrite Z.eqb_refl; reflexivity).
      pose proof (L k' g' a' p T) as O. rewrite Pg in O. unfold may_reach in O.
      assert (T' : at_ s' k' g' a' p) by (apply M4, Sl, T). apply Ls in T'. rewrite Ez in *. unfold may_reach in T'.
      destruct (Z.eqb_spec g' 0); [destruct O as [_ []]|]. destruct O as [<- <-].
      destruct z; cbn in Be, Se; try discriminate Be; try (destruct Se; [discriminate|reflexivity]); try contradiction.
      destruct T' as [-> ->]. reflexivity.
    + refine (Same _ _); [auto|]. intros i I. rewrite M3 by exact I. unfold put. destruct (Z.eqb_spec p q) as [<-|];
        [|reflexivity].
      contradiction.
    + refine (Same _ _); [auto|]. intros i I. rewrite M3 by exact I. unfold put. destruct (Z.eqb_spec p q) as [<-|];
        [|reflexivity].
      destruct Lw as [U _]. contradiction.
    + rewrite M2. split; [exact Pg|]. destruct (Z.eq_dec p q) as [<-|N].
      * destruct Lw as [_ Lw]. rewrite Pg in Lw. right; left. eauto.
      * right; right. intros j J. rewrite M3 by exact J. unfold put. destruct (Z.eqb_spec p q);
          [contradiction|reflexivity].
Qed.

(** ** The theorems *)
Lemma vis_sees l v : vis Q l = Some v -> P.sees Q l = [v].
Proof. unfold vis. destruct l as [c x|c t|h j t [f|]]; cbn; try destruct (Q h); congruence. Qed.
Lemma vis_none l : vis Q l = None -> P.sees Q l = [].
Proof. unfold vis. destruct (P.sees Q l); [reflexivity|discriminate]. Qed.
End Proof.

Section Theorems.
Variables (R W K : Type) (kserv guest : P.agent R) (device : Z -> Prop).
Variable same : K -> K -> Prop.
Variables (new_vm : K -> Z -> Prop) (serves : K -> nat -> Z -> Prop).
Notation state := (state R W K).
Variable does : nat -> Z -> state -> deed -> K -> (W -> Z -> Z -> Z -> Prop) -> (Z -> Z -> Z -> Z -> Prop) -> Prop.
Variable enter : K -> nat -> Z -> Z -> Z -> Z -> Z -> K -> Prop.

(** Whatever KCore is. *)
Theorem rules_NI Q :
  (forall k, same k k) -> (forall k l, same k l -> same l k) -> (forall k l m, same k l -> same l m -> same k m) ->
  decided device same does -> entered same enter ->
  S.NI (rules kserv guest device same new_vm serves does enter) Q.
Proof.
  intros Rf Sy Tr De En. set (A := rules kserv guest device same new_vm serves does enter).
  apply (S.unwinding A Q (lawful device) (alike same Q)).
  - intros s L. exact L.
  - intros s l t L X. exact (step_lawful _ _ _ _ _ _ _ _ _ _ _ _ _ _ L X).
  - intros s t. apply alike_sym; assumption.
  - intros s t _ _ E. exact E.
  - intros s t _ _ E. exact E.
  - intros s t l s' L _ E X V. apply vis_none in V.
    change (step kserv guest device same new_vm serves does enter s l s') in X. eapply hidden_step; eauto.
  - intros s t l m s' t' v L L' E X Y V V'. apply vis_sees in V, V'.
    change (step kserv guest device same new_vm serves does enter s l s') in X.
    change (step kserv guest device same new_vm serves does enter t m t') in Y. eapply seen_step with (s := s) (t :=
      t); eauto.
Qed.

(** Nobody but the VM changes its private page while somebody gets at it, nor its place. *)
Theorem rules_kept : forall s l s' h a p,
  lawful device s -> step kserv guest device same new_vm serves does enter s l s' ->
  1 <= h -> page s p = Private h a -> reached s p ->
  page s' p = Private h a /\
  ((exists j y f, l = P.By_vm h j y f) \/ (exists c x, l = P.By_kcore c x /\ serves (keep s) c h) \/
   forall i, 0 <= i < 512 -> word s' p i = word s p i).
Proof. intros s l s' h a p. apply private_step. Qed.
End Theorems.
