(** * The machine with the C keeps the rules: the proof

    Every step of [bottom] is a step of [top] ([refines_step]): every event of KCore's C is a deed that the rules
    allow, because the contract of [machine/Events.v] holds of it, and what it decides it decides by what is public,
    because two worlds that differ in secrets alone go on in lockstep ([turn_step]). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Facts Vm_Spec Cpu_Facts Interleave
  Machine_Proof
  Alike Lockstep System_Proof System_Alike System_Integrity.
From Redoubt.link Require Import Rules Rules_Proof Abstract.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Holders *)
Lemma in_ram_spec B p : board_ok B -> in_ram B p = true <-> is_ram B p.
Proof.
  intros HB. pose proof (bo_n B HB) as N. unfold in_ram, is_ram. rewrite existsb_exists. split.
  - intros (i & I & X). apply in_seq in I. apply andb_true_iff in X as [X Y]. apply Z.leb_le in X. apply Z.ltb_lt in Y.
    exists (Z.of_nat i). lia.
  - intros (i & I & X). exists (Z.to_nat i). split; [apply in_seq; lia|]. rewrite Z2Nat.id by lia.
    apply andb_true_iff. split; [apply Z.leb_le|apply Z.ltb_lt]; lia.
Qed.

Ltac kinds := unfold holder_of, PG_CORE, PG_HOST, PG_PINNED, PG_LENT, PG_VM, PG_VMCORE, PG_CTX in *;
  repeat match goal with
  | |- context [?a =? ?b] => destruct (Z.eqb_spec a b); cbn in *; try lia
  | H : context [?a =? ?b] |- _ => destruct (Z.eqb_spec a b); cbn in *; try lia
  end.

Lemma secret_kind s : secret_state s <-> secret_of (holder_of s) <> None.
Proof. unfold secret_state. kinds; split; intros; try lia; try congruence; try (exfalso; auto; fail); auto. Qed.

Lemma belongs_owner s s' : owner_of s = owner_of s' -> belongs (holder_of s) = belongs (holder_of s').
Proof. unfold owner_of. kinds; congruence. Qed.

Section Refine.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Variable R : Type.
  Variables kserv guest : P.agent R.
  Variable answer : Z -> Z -> Z -> Z -> Z -> Z -> prog (option Z).
  Variable offered : Z -> Prop.
  Hypothesis answer_ok : forall c fid a1 a2 a3 a4 w, 0 <= c < 8 -> offered fid ->
    in_ty U64 fid -> in_ty U64 a1 -> in_ty U64 a2 -> in_ty U64 a3 -> in_ty U64 a4 -> idle B w ->
    wp (kcore B c (mem_inv B)) (answer c fid a1 a2 a3 a4) (rests B) w.
  Notation bstep := (P.step B kserv guest answer offered).
  Notation does := (does B R kserv guest answer offered).
  Notation enter := (enter answer offered).
  Notation step := (Rules.step kserv guest (b_dev B) same new_vm serves does enter).
  Notation view := (view B R).
  Notation looks := (looks B R).
  Notation sgood := (sgood B R).
  Implicit Types b : P.system R.

  Lemma page_ram w p : is_ram B p -> page_of B w p = holder_of (State.state w p).
  Proof. intros H. unfold page_of. rewrite (proj2 (in_ram_spec B p HB) H). reflexivity. Qed.
  Lemma page_no_ram w p : ~ is_ram B p -> page_of B w p = No_ram.
  Proof.
    intros H. unfold page_of. destruct (in_ram B p) eqn:E; [|reflexivity]. destruct H. apply in_ram_spec; assumption.
  Qed.

  (** What may be reached. *)
  Lemma allowed_may w h fn p : allowed B w h fn p -> may_reach (b_dev B) (page_of B w p) h fn p.
  Proof.
    unfold allowed, may_reach. destruct (Z.eqb_spec h 0) as [->|N].
    - intros [-> [[Rp Hs]|D]]; (split; [reflexivity|]).
      + rewrite page_ram by exact Rp. unfold hosts in Hs. kinds; auto.
      + rewrite page_no_ram by (apply (bo_dev B HB), D). exact D.
    - intros [Rp Hs]. rewrite page_ram by exact Rp. kinds; try (destruct Hs as [X|(X & Y & Z)]; lia); auto.
  Qed.

  Lemma view_lawful b : sgood b -> lawful (b_dev B) (view b).
  Proof. intros G k h a p T. cbn in T. apply allowed_may, (s_tlb B _ (g_secure B _ G) k), T. Qed.

  Lemma looks_view b : looks b (view b).
  Proof. constructor; try reflexivity. constructor; reflexivity. Qed.

  Lemma looks_lawful b s : sgood b -> looks b s -> lawful (b_dev B) s.
  Proof.
    intros G L k h a p T. rewrite (lk_page _ _ _ _ L). apply (lk_at _ _ _ _ L) in T. exact (view_lawful b G k h a p T).
  Qed.

  Lemma same_refl k : same k k. Proof. constructor; reflexivity. Qed.
  Lemma same_sym k l : same k l -> same l k. Proof. intros []. constructor; congruence. Qed.
  Lemma same_trans k l m : same k l -> same l m -> same k m. Proof. intros [] []. constructor; congruence. Qed.

  (** ** Secrets are the same *)
  Lemma hidden_secret Q w p : hidden Q (page_of B w p) <-> secret B Q w p.
  Proof.
    unfold secret. destruct (in_ram B p) eqn:E.
    - pose proof (proj1 (in_ram_spec B p HB) E) as Rp. rewrite page_ram by exact Rp. unfold hidden, secret_state.
      kinds; split; try tauto; try (intros (_ & [X|X] & _); lia); intros; repeat split; auto; try tauto.
    - assert (N : ~ is_ram B p) by (rewrite <- (in_ram_spec B p HB); congruence).
      rewrite page_no_ram by exact N. unfold hidden. cbn. tauto.
  Qed.

  Lemma salike_alike Q b b' s s' : looks b s -> looks b' s' -> salike B R Q b b' -> Rules.alike same Q s s'.
  Proof.
    intros [A1 A2 A3 A4 A5 A6 A7] [C1 C2 C3 C4 C5 C6 C7] [[M Me H Wd Wk T] Lo Cp G]. constructor.
    - apply (same_trans _ (keep_of R b)); [apply same_sym, A1|]. apply (same_trans _ (keep_of R b')); [|exact C1].
      constructor; cbn; auto. intros c. rewrite Cp. reflexivity.
    - intros p. rewrite A2, C2. unfold page_of, State.state. rewrite Me. reflexivity.
    - intros p i I N. rewrite A3, C3 by exact I. apply Wd; [|exact I]. rewrite A2 in N. rewrite <- hidden_secret. exact
        N.
    - intros. rewrite A4, C4. apply T.
    - intros. rewrite A5, C5. apply Wk.
    - intros. rewrite A6, C6, Cp. reflexivity.
    - intros. rewrite A7, C7. apply G. assumption.
  Qed.

  Lemma cpu_from (x y : P.cpu R) : cpu_of R x = cpu_of R y -> code R x = code R y -> x = y.
  Proof. destruct x, y; cbn; intros E F; try discriminate E; congruence. Qed.

  Lemma alike_salike Q b b' s s' : looks b s -> looks b' s' -> Rules.alike same Q s s' -> salike B R Q b b'.
  Proof.
    intros [A1 A2 A3 A4 A5 A6 A7] [C1 C2 C3 C4 C5 C6 C7] [D1 D2 D3 D4 D5 D6 D7].
    assert (E : same (keep_of R b) (keep_of R b')).
    { apply (same_trans _ (keep s)); [exact A1|]. apply (same_trans _ (keep s')); [exact D1|apply same_sym, C1]. }
    destruct E as [M Me H Lo Co]. cbn in *. constructor; [constructor|exact Lo| |]; auto.
    - intros p i N I. rewrite <- A3, <- C3 by exact I. apply D3; [exact I|]. rewrite A2, hidden_secret. exact N.
    - intros. rewrite <- A5, <- C5. apply D5.
    - intros. rewrite <- A4, <- C4. apply D4.
    - intros c. apply cpu_from; [rewrite <- A6, <- C6; apply D6|apply Co].
    - intros h j X. rewrite <- A7, <- C7. apply D7, X.
  Qed.

  (** ** What KCore does follows from what is public *)
  Lemma next_deed_alike Q w w' c p : Alike.alike B Q w w' -> next_deed w c p = next_deed w' c p.
  Proof. intros A. destruct p as [[v|]|e k|y]; cbn; try reflexivity. rewrite (result_alike B Q w w'); auto. Qed.

  Lemma salike_keep Q b b' : salike B R Q b b' -> same (keep_of R b) (keep_of R b').
  Proof. intros [[M Me H _ _ _] Lo Cp _]. constructor; cbn; auto. intros c. rewrite Cp. reflexivity. Qed.

  Lemma c_decided : decided (b_dev B) same does.
  Proof.
    intros Q s t c x d k a w d' k' a' w' _ _ A D D'.
    destruct D as [b b' r p G Lk E St], D' as [b1 b1' r1 p1 G1 Lk1 E1 St1].
    pose proof (alike_salike Q _ _ _ _ Lk Lk1 A) as Sa.
    destruct (turn_step B HB R kserv guest answer offered answer_ok Q b b1 _ b' (P.By_kcore c x) G G1 Sa St eq_refl)
      as (b2 & St2 & Sa').
    assert (b2 = b1') as -> by exact (step_function B R kserv guest answer offered Q b1 _ _ _ _ G1 St2 St1 eq_refl).
    rewrite (sa_cpu _ _ _ _ _ Sa), E1 in E. injection E as <- <-.
    split; [exact (next_deed_alike Q _ _ c p1 (sa_world _ _ _ _ _ Sa))|].
    split; [exact (salike_keep Q _ _ Sa')|]. pose proof (sa_world _ _ _ _ _ Sa') as Aw.
    split; intros; [apply (al_tlb _ _ _ _ Aw)|apply (al_walk _ _ _ _ Aw)].
  Qed.

  Lemma c_entered : entered same enter.
  Proof.
    intros k1 k2 c fid a1 a2 a3 a4 k1' k2' [M Me H Lo Co] (_ & _ & ->) (_ & _ & ->). constructor; cbn; auto.
    intros d. unfold P.set_nat. destruct (Nat.eqb d c); auto.
  Qed.

  (** ** Accesses of KServ and VMs *)
  Lemma access_refines b s h a t x w' : sgood b -> looks b s -> P.access B (P.s_world b) h a t x w' ->
    exists m, Rules.access s h a t x m /\ (forall p i, 0 <= i < 512 -> State.word w' p i = m p i) /\
      w_mem w' = w_mem (P.s_world b) /\ w_meta w' = w_meta (P.s_world b) /\ w_held w' = w_held (P.s_world b) /\
      (forall k h a p, w_tlb w' k h a p <-> w_tlb (P.s_world b) k h a p) /\
      (forall h l a p, w_walk w' h l a p <-> w_walk (P.s_world b) h l a p).
  Proof.
    intros G L A. pose proof (g_secure B _ G) as Se. pose proof (g_settled B _ G) as St. cbn in Se, St.
    set (w := P.s_world b) in *.
    assert (Wd : forall p i, 0 <= i < 512 -> State.word w p i = Rules.word s p i)
      by (intros; symmetry; apply (lk_word _ _ _ _ L); assumption).
    destruct A as [fn i k p T I|fn i v k p T I| | |];
      try (exists (Rules.word s); split; [constructor|]; split; [exact Wd|]; repeat split; auto; fail).
    - exists (Rules.word s). rewrite Wd by exact I. split; [apply acc_load with (k := k); [apply (lk_at _ _ _ _ L),
        T|exact I]|].
      split; [exact Wd|]. repeat split; auto.
    - exists (put (Rules.word s) p (put (Rules.word s p) i (wrap U64 v))).
      split; [apply acc_store with (k := k); [apply (lk_at _ _ _ _ L), T|exact I]|]. split.
      + intros q j J. unfold State.word, write_word; cbn. unfold store_word, put.
        destruct (Z.eqb_spec q p) as [->|]; cbn; [destruct (Z.eqb_spec j i) as [->|]|]; try reflexivity; apply Wd, J.
      + destruct (ram_walks B w (store_word p i v (w_ram w)) St) as [Wk Tl].
        { intros t j U. unfold store_word. destruct (Z.eqb_spec t p) as [->|]; [|reflexivity]. exfalso.
          destruct U as (h' & l & fn' & U). apply (table_unreached B w h' l fn' p); auto; [apply (bo_dev B HB)|].
          exists h, k, fn. exact T. }
        repeat split; auto; intros; try (apply Tl; assumption); try (apply Wk; assumption).
  Qed.

  Lemma flow_refines b s h a t x w' : sgood b -> looks b s -> 1 <= h -> P.access B (P.s_world b) h a t x w' ->
    P.flow_of (P.s_world b) a t = flow s a t.
  Proof.
    intros G L Hh A. pose proof (g_secure B _ G) as Se. cbn in Se.
    destruct A as [fn i k p T I|fn i v k p T I| | |]; try reflexivity. cbn [P.flow_of flow].
    rewrite (lk_page _ _ _ _ L). pose proof (s_tlb B _ Se k h fn p T) as Al. unfold allowed in Al.
    destruct (Z.eqb_spec h 0); [lia|]. destruct Al as [Rp _]. rewrite page_ram by exact Rp. kinds; reflexivity.
  Qed.

  (** ** Events of KCore *)
  Lemma deed_cpu f args : cpu_primitive f = true -> deed_of (ECall f args) = Think.
  Proof.
    intros Cp. destruct args as [|x [|y [|z [|]]]]; try reflexivity; cbn [deed_of].
    - destruct (String.eqb_spec f "page_zero") as [->|]; [discriminate Cp|reflexivity].
    - destruct (String.eqb_spec f "meta_set") as [->|]; [discriminate Cp|].
      destruct (String.eqb_spec f "page_copy") as [->|]; [discriminate Cp|reflexivity].
    - destruct (String.eqb_spec f "pg_set") as [->|]; [discriminate Cp|].
      destruct (String.eqb_spec f "pte_set") as [->|]; [discriminate Cp|reflexivity].
  Qed.

  Lemma event_deed b c e v w' : snd (effect B c (fun _ => True) e (P.s_world b)) v w' -> (forall x, e <> ECall
    "spin_lock" [x]) ->
    (forall p x, e = ECall "meta_set" [p; x] -> is_ram B p) ->
    (forall f args, e = ECall f args -> cpu_primitive f = false -> exists a, fst (effect B c (mem_inv B) e a)) ->
    (forall p, page_of B w' p = pages_after (view b) (deed_of e) p) /\
    (forall p i, 0 <= i < 512 -> State.word w' p i = words_after (view b) (deed_of e) p i) /\
    still (view b) (deed_of e) (w_tlb w').
  Proof.
    intros F N Rm Pf. set (w := P.s_world b) in *.
    assert (Same : w_meta w' = w_meta w -> w_ram w' = w_ram w -> deed_of e = Think ->
      (forall p, page_of B w' p = pages_after (view b) (deed_of e) p) /\
      (forall p i, 0 <= i < 512 -> State.word w' p i = words_after (view b) (deed_of e) p i) /\
      still (view b) (deed_of e) (w_tlb w')).
    { intros Em Er ->. cbn. unfold page_of, State.word, State.state. fold w. rewrite Em, Er. repeat split; auto. }
    assert (Meta : w_meta w' = w_meta w -> (forall p x, deed_of e <> Give p x) ->
      forall p, page_of B w' p = pages_after (view b) (deed_of e) p).
    { intros Em D p. unfold page_of, State.state. rewrite Em. destruct (deed_of e) eqn:X; try reflexivity.
      destruct (D p0 x eq_refl). }
    destruct e as [l|l x|f args].
    - cbn in F. destruct F as [_ ->]. apply Same; reflexivity.
    - cbn in F. subst w'. apply Same; [unfold write_cell; destruct (steers_walks (fst l)); reflexivity..|reflexivity].
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in F by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ F) as (d & _ & _ & ->).
        destruct (set_regs_pages c (writes d) w) as [Em Er]. apply Same; [exact Em| |apply deed_cpu, Cp].
        exact Er. }
      destruct (Pf f args eq_refl Cp) as [a Pa]. cbn [effect] in F, Pa. rewrite Cp in F, Pa.
      destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try (cbn in Pa; contradiction); cbn [snd] in F; cbn [fst] in Pa.
      + repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb_spec f s); [subst f|] end;
          cbn in F, Pa; try contradiction.
        * destruct (N x eq_refl).
        * subst w'. apply Same; reflexivity.
        * destruct F as [_ ->]. apply Same; reflexivity.
        * subst w'. split; [apply Meta; [reflexivity|discriminate]|]. split; [|exact Logic.I]. intros p i I. cbn.
            unfold State.word; cbn.
          unfold store_page, put. destruct (p =? x); reflexivity.
        * subst w'. apply Same; reflexivity.
      + repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb_spec f s); [subst f|] end;
          cbn in F, Pa; try contradiction.
        * subst w'. cbn. split; [|split; reflexivity]. intros p. unfold put. destruct (Z.eqb_spec p x) as [->|D].
          -- rewrite page_ram by exact (Rm x y eq_refl). unfold State.state; cbn. rewrite Z.eqb_refl. reflexivity.
          -- unfold page_of, State.state; cbn. fold w. destruct (Z.eqb_spec p x); [contradiction|reflexivity].
        * destruct F as [_ ->]. apply Same; reflexivity.
        * destruct F as [_ ->]. apply Same; reflexivity.
        * subst w'. split; [apply Meta; [reflexivity|discriminate]|]. split; [|exact Logic.I]. intros p i I. cbn.
            unfold State.word; cbn.
          unfold store_page, put. destruct (p =? x); reflexivity.
        * subst w'. apply Same; reflexivity.
      + repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb_spec f s); [subst f|] end;
          cbn in F, Pa; try contradiction.
        all: subst w'; split; [apply Meta; [reflexivity|discriminate]|]; split; [|exact Logic.I]; intros p i I; cbn;
          unfold State.word; cbn;
          unfold store_word, put; destruct (Z.eqb_spec p x) as [->|]; cbn; [destruct (i =? y)|]; reflexivity.
      + destruct (String.eqb f _); destruct Pa.
      + destruct (String.eqb f _); destruct Pa.
  Qed.

  (** Every event of KCore's C is a deed that the rules allow. *)
  Lemma event_lawful b c r e k : sgood b -> P.s_cpu b c = P.In_kcore r (Ev e k) -> e <> lock -> e <> unlock ->
    law new_vm serves c (view b) (deed_of e) /\ (forall x, e <> ECall "spin_lock" [x]) /\
    (forall p x, e = ECall "meta_set" [p; x] -> is_ram B p) /\
    (forall f args, e = ECall f args -> cpu_primitive f = false ->
       exists a, fst (effect B (Z.of_nat c) (mem_inv B) e a)).
  Proof.
    intros G E N1 N2. destruct e as [l|l x|f args]; [repeat split; discriminate..|].
    cut (law new_vm serves c (view b) (deed_of (ECall f args)) /\ (forall x, ECall f args <> ECall "spin_lock" [x]) /\
      forall p x, ECall f args = ECall "meta_set" [p; x] -> is_ram B p).
    { intros (X & Y & Z). split; [exact X|]. split; [exact Y|]. split; [exact Z|]. intros f' args' [= <- <-] Cp.
      assert (Em : m_cpu (machine_of R b) c = Ev (ECall f args) k) by (cbn; rewrite E; reflexivity).
      destruct (next_needs B (machine_of R b) c f args k Cp (sgood_good B R b G) Em N1 N2) as (a & _ & F & _). eauto. }
    destruct (cpu_primitive f) eqn:Cp.
    { rewrite deed_cpu by exact Cp. split; [exact I|]. split; [intros x [= -> _]|intros p x [= -> _]]; discriminate Cp.
      }
    assert (Em : m_cpu (machine_of R b) c = Ev (ECall f args) k) by (cbn; rewrite E; reflexivity).
    destruct (next_needs B (machine_of R b) c f args k Cp (sgood_good B R b G) Em N1 N2) as (a & V & F & Sa & Sb). cbn [m_world]
      in V.
    change (m_world (machine_of R b)) with (P.s_world b) in V. set (w := P.s_world b) in *.
    assert (Un : forall p, isolated a p -> untouched (view b) p).
    { intros p X. apply (view_isolated _ _ _ _ V) in X. destruct X as [X Y]. split; [exact X|].
      intros h l fn T. apply Y. exists h, l, fn. exact T. }
    cbn [effect] in F. rewrite Cp in F.
    destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try (cbn in F; contradiction).
    - repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb_spec f s); [subst f|] end;
        cbn in F; try contradiction; try (split; [exact I|split; discriminate]).
      + destruct F as [_ ->]. destruct N1. reflexivity.
      + split; [|split; discriminate]. apply Un, F.
    - repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb_spec f s); [subst f|] end;
        cbn in F; try contradiction; try (split; [exact I|split; discriminate]).
      + destruct F as (_ & Rp & M). pose proof (Sb 0 (set_meta x y a) eq_refl) as Sm. apply (view_change _ _ _ _ _ _ V Sa Sm) in M.
        split; [|split; [discriminate|intros p x' [= <- _]; exact Rp]].
        cbn. fold w. rewrite page_ram by exact Rp. destruct M as [[O St]|[Is M]].
        * left. split; [symmetry; apply belongs_owner, O|]. rewrite <- !secret_kind. exact St.
        * right. split.
          { destruct Is as [X Y]. split; [exact X|]. intros h l fn T. apply Y. exists h, l, fn. exact T. }
          destruct M as [Z|(O & N & Kd)]; [left; exact Z|right]. split.
          -- revert O. unfold owner_of. kinds; congruence.
          -- exists (handle (wrap U64 y)), (arg (wrap U64 y)). split; [|exact N]. unfold holder_of. rewrite Kd.
               reflexivity.
      + destruct (never_copies B (machine_of R b) c _ _ k (sgood_good B R b G) Em eq_refl).
    - repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb_spec f s); [subst f|] end;
        cbn in F; try contradiction; (split; [|split; discriminate]); cbn; fold w.
      + assert (X : usable B (Z.of_nat c) a x /\ 0 <= y < 512) by tauto. destruct X as [[Rp U] I]. split; [exact I|].
          rewrite page_ram by exact Rp.
        rewrite (view_state _ _ _ _ V) in U. kinds; auto.
        destruct U as [U|[U|[_ [i U]]]]; try lia. exists i. unfold token in U.
        change (wrap U32 (w_mem w (obj loaded_cell [handle (State.state w x); i])) = Z.of_nat c + 1).
        rewrite <- (view_plain _ _ _ V) by (right; reflexivity). exact U.
      + assert (X : ours B a x /\ 0 <= y < 512) by tauto. destruct X as [O I]. apply ours_kind in O as [Rp U].
        split; [exact I|]. rewrite page_ram by exact Rp.
        rewrite (view_state _ _ _ _ V) in U. kinds; auto; intuition lia.
    - cbn in F. destruct (String.eqb f "ctx_start"); destruct F.
    - cbn in F. destruct (String.eqb f "ctx_switch"); destruct F.
  Qed.

  Lemma law_looks b s c d : looks b s -> law new_vm serves c (view b) d -> law new_vm serves c s d.
  Proof.
    intros L. assert (Un : forall p, untouched (view b) p -> untouched s p).
    { intros p [X Y]. split.
      - intros (h & k & a & T). apply X. exists h, k, a. apply (lk_at _ _ _ _ L), T.
      - intros h l a T. apply (Y h l a), (lk_table _ _ _ _ L), T. }
    pose proof (lk_keep _ _ _ _ L) as Ke. pose proof (sm_mem _ _ Ke) as Km. cbn in Km.
    destruct d as [|p x|p|p q|p i v|y]; cbn [law]; auto.
    - rewrite (lk_page _ _ _ _ L). intros [X|[X Y]]; [left; exact X|right]. split; [apply Un, X|].
      destruct Y as [Y|(Y & h & a & Z & N)]; [left|right].
      + intros i I. rewrite (lk_word _ _ _ _ L) by exact I. apply Y, I.
      + split; [exact Y|]. exists h, a. split; [exact Z|]. unfold new_vm in *. rewrite <- Km. exact N.
    - rewrite (lk_page _ _ _ _ L). intros [X Y]. auto.
    - rewrite (lk_page _ _ _ _ L). intros [X Y]. split; [exact X|]. revert Y. cbn. destruct (page_of B _ p); auto.
      unfold serves. rewrite <- Km. auto.
  Qed.

  Lemma still_looks b s d (a : entry -> Z -> Z -> Z -> Prop) : looks b s -> still (view b) d a -> still s d a.
  Proof. intros L. destruct d; cbn; auto. intros X k h c q. rewrite (lk_at _ _ _ _ L). apply X. Qed.

  Lemma after_looks b s d p i : looks b s -> pages_after s d p = pages_after (view b) d p /\
    (0 <= i < 512 -> words_after s d p i = words_after (view b) d p i).
  Proof.
    intros L. pose proof (lk_page _ _ _ _ L) as Pg. pose proof (lk_word _ _ _ _ L) as Wd.
    split; [destruct d; cbn; unfold put; try apply Pg; destruct (_ =? _); auto|].
    intros I. destruct d; cbn; unfold put; try (apply Wd, I); destruct (_ =? _); auto; destruct (_ =? _); auto.
  Qed.

  (** ** Every step is one of the machine with rules *)
  Theorem refines_step b l b' s : sgood b -> looks b s -> bstep b l b' -> step s l (view b').
  Proof.
    intros G L St. pose proof (sgood_step B HB R kserv guest answer offered answer_ok _ _ _ G St) as G'.
    pose proof (view_lawful b' G') as Law'. pose proof L as [L1 L2 L3 L4 L5 L6 L7]. pose proof St as St0.
    destruct St as [w o C Gv c r t x w' E A|w o C Gv h j t x w' Hh A|w o C Gv c r fid a1 a2 a3 a4 Hc E Ea Of
      |w o C Gv c r p x w' o' p' E Ks|w o C Gv c r v E]; cbn [P.s_world P.s_lock P.s_cpu P.s_vcpu] in *.
    - destruct (access_refines _ s _ _ _ _ _ G L A) as (m & Am & Wm & Mm & Me & Mh & Tl & Wk). cbn [P.s_world] in *.
      apply by_kserv with (r := r) (x := x) (m := m); [rewrite L6, E; reflexivity|exact Am|]. constructor; cbn.
      + apply same_sym. eapply same_trans; [|exact L1]. constructor; cbn; auto. intros d. unfold P.set_nat.
        destruct (PeanoNat.Nat.eqb_spec d c) as [->|]; [rewrite E|]; reflexivity.
      + intros p. rewrite L2. unfold page_of, State.state. rewrite Me. reflexivity.
      + exact Wm.
      + intros. rewrite Tl, L4. reflexivity.
      + intros. rewrite Wk, L5. reflexivity.
      + intros d. unfold set_cpu, P.set_nat. destruct (Nat.eqb d c); [reflexivity|]. rewrite L6. reflexivity.
      + intros. rewrite L7. reflexivity.
    - destruct (access_refines _ s _ _ _ _ _ G L A) as (m & Am & Wm & Mm & Me & Mh & Tl & Wk). cbn [P.s_world] in *.
      pose proof (flow_refines _ s h _ _ _ _ G L (proj1 Hh) A) as Fl. cbn [P.s_world] in Fl. rewrite Fl.
      rewrite <- (L7 h j) in *. apply by_vm with (x := x) (m := m); [exact Hh|exact Am|]. constructor; cbn.
      + apply same_sym. eapply same_trans; [|exact L1]. constructor; cbn; auto.
      + intros p. rewrite L2. unfold page_of, State.state. rewrite Me. reflexivity.
      + exact Wm.
      + intros. rewrite Tl, L4. reflexivity.
      + intros. rewrite Wk, L5. reflexivity.
      + intros d. rewrite L6. reflexivity.
      + intros h' j'. unfold set_vcpu, P.set_vcpu. destruct (_ && _); [reflexivity|]. rewrite L7. reflexivity.
    - eapply by_call with (r := r); [rewrite L6, E; reflexivity|exact Ea|split; [exact Hc|split; [exact
        Of|reflexivity]]|].
      destruct L1 as [K1 K2 K3 K4 K5]. cbn in K1, K2, K3, K4, K5. constructor; cbn.
      + constructor; cbn; auto. intros d. unfold P.set_nat. destruct (Nat.eqb d c); [reflexivity|]. symmetry. apply K5.
      + intros p. rewrite L2. reflexivity.
      + intros. rewrite L3 by assumption. reflexivity.
      + intros. rewrite L4. reflexivity.
      + intros. rewrite L5. reflexivity.
      + intros d. unfold set_cpu, P.set_nat. destruct (Nat.eqb d c); [reflexivity|]. rewrite L6. reflexivity.
      + intros. rewrite L7. reflexivity.
    - set (b := {| P.s_world := w; P.s_lock := o; P.s_cpu := C; P.s_vcpu := Gv |}) in *.
      assert (X : law new_vm serves c (view b) (next_deed w c p) /\
        (forall q, page_of B w' q = pages_after (view b) (next_deed w c p) q) /\
        (forall q i, 0 <= i < 512 -> State.word w' q i = words_after (view b) (next_deed w c p) q i) /\
        (forall y, next_deed w c p <> Answer y) /\ still (view b) (next_deed w c p) (w_tlb w')).
      { destruct Ks as [y w k|y w o k|w o e k v w' N1 N2 F]; [split; [exact I|repeat split; auto; discriminate]..|].
        destruct (event_lawful b c r e k G E N1 N2) as (Lw & Nl & Rm & Pf).
        destruct (event_deed b _ e v w' F Nl Rm Pf) as (Pg & Wd & Sl). cbn [next_deed].
        split; [exact Lw|]. split; [exact Pg|]. split; [exact Wd|]. split; [|exact Sl]. intros y. destruct e as [|[] |f
          [|q1 [|q2 [|q3 [|]]]]]; cbn; try discriminate;
          repeat match goal with |- context [if ?c then _ else _] => destruct c end; discriminate. }
      destruct X as (Lw & Pg & Wd & Na & Sl).
      eapply by_kcore; [rewrite L6, E; reflexivity|exact (does_step B R kserv guest answer offered c x s b _ r p G L E
        St0)
        |exact (law_looks b s c _ L Lw)|exact (still_looks b s _ _ L Sl)| |exact Law'].
      cbn [P.s_world]. constructor; cbn [Abstract.view keep page Rules.word at_ table cpu vcpu P.s_world P.s_cpu
        P.s_vcpu].
      + apply same_refl.
      + intros q. rewrite Pg. symmetry. exact (proj1 (after_looks b s (next_deed w c p) q 0 L)).
      + intros q i I. rewrite Wd by exact I. symmetry. exact (proj2 (after_looks b s (next_deed w c p) q i L) I).
      + reflexivity.
      + reflexivity.
      + intros d. unfold set_cpu, P.set_nat. destruct (Nat.eqb d c); [|rewrite L6; reflexivity]. cbn [cpu_of].
        unfold cpu_after. rewrite L6, E. change (P.s_world b) with w. cbn [cpu_of snd].
        destruct (next_deed w c p) eqn:Nd; try reflexivity. destruct (Na y eq_refl).
      + intros. rewrite L7. reflexivity.
    - set (b := {| P.s_world := w; P.s_lock := o; P.s_cpu := C; P.s_vcpu := Gv |}) in *.
      eapply by_kcore; [rewrite L6, E; reflexivity|exact (does_step B R kserv guest answer offered c 0 s b _ r _ G L E
        St0)
        |exact I|exact I| |exact Law'].
      cbn [P.s_world next_deed]. constructor;
        cbn [Abstract.view keep page Rules.word at_ table cpu vcpu P.s_world P.s_cpu P.s_vcpu pages_after words_after].
      + apply same_refl.
      + intros q. rewrite L2. reflexivity.
      + intros q i I. rewrite L3 by exact I. reflexivity.
      + reflexivity.
      + reflexivity.
      + intros d. unfold set_cpu, P.set_nat. destruct (Nat.eqb d c); [|rewrite L6; reflexivity]. cbn [cpu_of cpu_after].
        rewrite L6, E. reflexivity.
      + intros. rewrite L7. reflexivity.
  Qed.

  (** The refinement hides no leak: whoever works together sees the same of both machines, has at the end nothing that
      he has not above, and knows at the start no less above than below. *)
  Definition c_refines : S.sp_refines (bottom B R kserv guest answer offered) (top B R kserv guest answer offered).
  Proof.
    apply (S.Build_sp_refines (bottom B R kserv guest answer offered) (top B R kserv guest answer offered)
      (fun b s => sgood b /\ looks b s)).
    - intros b (w & r & g & M & ->). exists (view (P.start w r g)). pose proof (start_good B R w r g M) as G.
      split; [exact (view_lawful _ G)|]. split; [exact G|apply looks_view].
    - intros b s l b' [G L] St. exists [l], (view b'). split; [|split; [split|intros Q; reflexivity]].
      + exact (S.run_cons (top B R kserv guest answer offered) s l (view b') [] (view b')
          (refines_step b l b' s G L St) (S.run_nil _ _)).
      + exact (sgood_step B HB R kserv guest answer offered answer_ok _ _ _ G St).
      + apply looks_view.
    - intros Q b1 s1 b2 s2 [G1 L1] [G2 L2] E. apply (salike_same B HB R Q b1 b2 G1).
      exact (alike_salike Q _ _ _ _ L1 L2 E).
    - intros Q b1 b2 (w1 & r1 & g1 & M1 & ->) (w2 & r2 & g2 & M2 & ->) E.
      pose proof (start_good B R w1 r1 g1 M1) as G1. pose proof (start_good B R w2 r2 g2 M2) as G2.
      exists (view (P.start w1 r1 g1)), (view (P.start w2 r2 g2)).
      split; [exact (view_lawful _ G1)|]. split; [exact (view_lawful _ G2)|].
      split; [split; [exact G1|apply looks_view]|]. split; [split; [exact G2|apply looks_view]|].
      exact (salike_alike Q _ _ _ _ (looks_view _) (looks_view _) E).
  Defined.

  Theorem top_NI Q : S.NI (top B R kserv guest answer offered) Q.
  Proof. apply rules_NI; [exact same_refl|exact same_sym|exact same_trans|exact c_decided|exact c_entered]. Qed.

  Theorem bottom_NI Q : S.NI (bottom B R kserv guest answer offered) Q.
  Proof. exact (S.sp_preserves_NI _ _ c_refines Q (top_NI Q)). Qed.
End Refine.
