(** * From single functions to the machine

    Each call is verified alone, against [kcore]: taking the lock lets others have done anything that
    keeps [mem_inv], and others write to what they reach.  Here: in the machine, with any number of CPUs,
    every step of every CPU finds what its proof has counted on.

    [view]: the world as the proof of the CPU that has the lock sees it, against the real one.  They may
    differ in pages that somebody reaches, and in the objects of other CPUs. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Frame Structure_Facts Structure_Steps
  Page_Spec Vm_Facts Cpu_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma steers_locked c : steers_walks c = true -> class_of c = Locked.
Proof.
  unfold steers_walks. intros H. apply orb_true_iff in H as [H|H]; apply String.eqb_eq in H; subst; reflexivity.
Qed.

Section Interleave.
  Variable B : board.
  Hypothesis HB : board_ok B.

  (** Objects that CPU [c] may read: all but those of other CPUs. *)
  Definition visible (c : Z) (l : loc) : Prop := class_of (fst l) = Percpu -> of_cpu c l.

  Record view (c : Z) (a b : world) : Prop := {
    v_mem : forall l, visible c l -> w_mem a l = w_mem b l;
    v_meta : w_meta a = w_meta b;
    v_ram : forall p i, ~ reached a p -> w_ram a p i = w_ram b p i;
    v_walk : forall h l fn t, w_walk a h l fn t <-> w_walk b h l fn t;
    v_tlb : forall k h fn p, w_tlb a k h fn p <-> w_tlb b k h fn p }.

  Lemma view_reached c a b p : view c a b -> reached a p <-> reached b p.
  Proof. intros V. split; intros (h & k & fn & T); exists h, k, fn; apply (v_tlb c a b V), T. Qed.

  Lemma view_used c a b p : view c a b -> used a p <-> used b p.
  Proof. intros V. split; intros (h & l & fn & T); exists h, l, fn; apply (v_walk c a b V), T. Qed.

  Lemma view_starts c a b h r : (forall l, visible c l -> w_mem a l = w_mem b l) -> starts B a h r -> starts B b h r.
  Proof.
    intros M [S|[[L S] ->]]; [left; exact S|]. right. unfold live, vm_state, vm_root in *.
    rewrite !M in * by discriminate. split; [split|]; auto.
  Qed.

  Lemma view_sym c a b : view c a b -> view c b a.
  Proof.
    intros V. destruct V as [V1 V2 V3 V4 V5]. constructor; auto.
    - intros l L. symmetry. auto.
    - intros p i N. symmetry. apply V3. intros R. apply N. apply (view_reached c a b); [constructor; auto|exact R].
    - intros. symmetry. apply V4.
    - intros. symmetry. apply V5.
  Qed.

  Lemma view_secure c a b : view c a b -> secure B a -> secure B b.
  Proof.
    intros V [S1 S2]. split.
    - intros k h fn p T. apply (v_tlb c a b V) in T. specialize (S1 _ _ _ _ T).
      unfold allowed, state in *. rewrite <- (v_meta c a b V). exact S1.
    - intros h l fn t W. apply (v_walk c a b V) in W. specialize (S2 _ _ _ _ W).
      unfold table_page, state in *. rewrite <- (v_meta c a b V). exact S2.
  Qed.

  (** Walkers see no difference, if they stay out of the pages that are reached. *)
  Lemma settle_view c a b : (forall l, visible c l -> w_mem a l = w_mem b l) -> w_meta a = w_meta b ->
    (forall p i, ~ reached (settle B a) p -> w_ram a p i = w_ram b p i) ->
    (forall h l fn t, w_walk a h l fn t <-> w_walk b h l fn t) ->
    (forall k h fn p, w_tlb a k h fn p <-> w_tlb b k h fn p) ->
    secure B (settle B a) -> view c (settle B a) (settle B b).
  Proof.
    intros M Me R Wk Tl S.
    assert (Same : forall h l fn t i, walks B a h l fn t -> word a t i = word b t i).
    { intros h l fn t i W. unfold word. rewrite R; [reflexivity|].
      apply (table_unreached B (settle B a) h l fn t (bo_dev B HB) S W). }
    assert (F : forall h l fn t, walks B a h l fn t -> walks B b h l fn t).
    { assert (X : forall h l fn t, walks B a h l fn t -> walks B a h l fn t /\ walks B b h l fn t); [|intros; apply X; assumption].
      apply walks_in.
      - intros h l fn t W. split; apply walk_old; [exact W|apply Wk, W].
      - intros h r fn St Fn. split; apply walk_start; auto. apply (view_starts c a b); auto.
      - intros h l fn t t' [W1 W2] E. split; [eapply walk_next; eassumption|].
        eapply walk_next; [exact W2|]. rewrite <- (Same _ _ _ _ _ W1). exact E. }
    assert (G : forall h l fn t, walks B b h l fn t -> walks B a h l fn t).
    { apply walks_in.
      - intros h l fn t W. apply walk_old, Wk, W.
      - intros h r fn St Fn. apply walk_start; auto. apply (view_starts c b a); auto. intros; symmetry; auto.
      - intros h l fn t t' W E. eapply walk_next; [exact W|]. rewrite (Same _ _ _ _ _ W). exact E. }
    constructor; auto.
    - intros h l fn t. split; [apply F|apply G].
    - intros k h fn p. split; intros [T|(l & t & W & L)].
      + left. apply Tl, T.
      + right. exists l, t. split; [apply F, W|]. rewrite <- (Same _ _ _ _ _ W). exact L.
      + left. apply Tl, T.
      + right. exists l, t. split; [apply G, W|]. rewrite (Same _ _ _ _ _ (G _ _ _ _ W)). exact L.
  Qed.

  (** An update of both worlds' pages, where they agree off the reached ones. *)
  Lemma view_ram c a b f g : view c a b -> secure B (settle B (set_ram f a)) ->
    (forall p i, ~ reached a p -> f p i = g p i) ->
    view c (settle B (set_ram f a)) (settle B (set_ram g b)).
  Proof.
    intros V S E. apply settle_view; try apply V; auto.
    intros p i N. apply E. intros (h & k & fn & T). apply N. exists h, k, fn. left. exact T.
  Qed.

  Lemma settled_set_mem w m : settled B w ->
    (forall h, m (obj "vms.state" [h]) = w_mem w (obj "vms.state" [h])) ->
    (forall h, m (obj "vms.root" [h]) = w_mem w (obj "vms.root" [h])) -> settled B (set_mem m w).
  Proof.
    intros [S1 S2] E1 E2.
    assert (A : forall h l fn t, walks B (set_mem m w) h l fn t -> w_walk w h l fn t).
    { apply walks_in; [auto| |].
      - intros h r fn St Fn. apply S1, walk_start; [|exact Fn]. destruct St as [St|[[L St] ->]]; [left; exact St|].
        right. unfold live, vm_state, vm_root in *. cbn in *. rewrite E1 in St. rewrite E2. auto.
      - intros h l fn t t' W E. apply S1. eapply walk_next; [apply walk_old, W|exact E]. }
    split; [exact A|]. intros k h fn p [H|(l & t & W & L)]; [exact H|].
    apply S2. right. exists l, t. split; [apply walk_old, A, W|exact L].
  Qed.

  Lemma settled_write w l x : settled B w -> settled B (write_cell B l x w).
  Proof.
    intros S. unfold write_cell. destruct (steers_walks (fst l)) eqn:E; [apply settle_settled|].
    unfold steers_walks in E. apply orb_false_iff in E as [E1 E2]. destruct l as [d ix]. cbn in E1, E2.
    apply settled_set_mem; [exact S|..]; intros h; apply upd_name; assumption.
  Qed.

  Lemma settled_set_meta w p s : settled B w -> settled B (set_meta p s w).
  Proof.
    intros [S1 S2].
    assert (A : forall h l fn t, walks B (set_meta p s w) h l fn t -> walks B w h l fn t)
      by (apply walks_in; [exact (walk_old B w)|exact (walk_start B w)|exact (walk_next B w)]).
    split; [intros h l fn t W; apply S1, A, W|]. intros k h fn q [H|(l & t & W & L)]; [exact H|].
    apply S2. right. exists l, t. split; [apply A, W|exact L].
  Qed.

  (** [inv] does not depend on what [view] leaves open. *)
  Lemma inv_view c a b : view c a b -> settled B b -> inv B a -> inv B b.
  Proof.
    intros V Sb I.
    assert (Core : forall l fn i, host_has B l fn -> word b (host_table B l fn) i = word a (host_table B l fn) i).
    { intros l fn i H. unfold word. rewrite (v_ram c a b V); [reflexivity|].
      apply (core_unreached B HB a); [exact I|apply (bo_tables B HB _ _ H)|left; apply (i_core B a I _ _ H)]. }
    assert (St : forall p, state b p = state a p) by (intros p; unfold state; rewrite (v_meta c a b V); reflexivity).
    destruct I. constructor.
    - exact Sb.
    - eapply view_secure; eassumption.
    - destruct i_constants. constructor; intros; rewrite <- (v_mem c a b V) by discriminate; auto.
    - intros fn F. change (b_root B + fn / 2 ^ 27) with (host_table B 1 fn).
      rewrite Core by (split; [exact F|tauto]). apply i_level1, F.
    - intros l fn H. rewrite St. auto.
    - intros l fn t W. apply (v_walk c a b V) in W. auto.
    - intros h N D. destruct (i_dead h N) as [D1 D2].
      + unfold live, vm_state in *. rewrite (v_mem c a b V) by discriminate. exact D.
      + split; intros; intro T; [apply (v_walk c a b V) in T; eapply D1|apply (v_tlb c a b V) in T; eapply D2]; exact T.
  Qed.

  (** Nor does what LOCK_MEM protects. *)
  Lemma unchanged_view c a b : inv B a -> view c a b -> unchanged B a b.
  Proof.
    intros I V. constructor.
    - intros d ix S. symmetry. apply (v_mem c a b V). unfold visible. cbn [fst]. rewrite (structural_locked d S). discriminate.
    - intros p _. unfold state. rewrite (v_meta c a b V). reflexivity.
    - intros p _. unfold state. rewrite (v_meta c a b V). reflexivity.
    - intros p i _ R K. unfold word. rewrite (v_ram c a b V); [reflexivity|]. apply (core_unreached B HB); auto.
    - split; intros; [apply (v_walk c a b V)|apply (v_tlb c a b V)]; assumption.
  Qed.

  Lemma mem_inv_view c a b : view c a b -> settled B b -> mem_inv B a -> mem_inv B b.
  Proof.
    intros V S M. pose proof (m_inv B a M) as I.
    apply (mem_inv_frame B a b); [exact (unchanged_view c a b I V)|exact (inv_view c a b V S I)|exact M].
  Qed.

  Notation K c := (kcore B c (mem_inv B)).
  Notation machine_effect c := (effect B c (fun _ => True)).

  Lemma after_secure c e a a0 v a' : pre (K c) e a -> before e a a0 -> snd (effect B c (mem_inv B) e a0) v a' -> secure B a'.
  Proof. intros P Bf E. exact (proj2 (P a0 Bf) v a' E). Qed.

  (** The world of the proof, with the pages brought up to date. *)
  Lemma view_now c a b : view c a b -> interference a (set_ram (w_ram b) a) /\ view c (set_ram (w_ram b) a) b.
  Proof.
    intros V. split; [|constructor; try apply V; reflexivity].
    exists (w_ram b). split; [reflexivity|]. intros p i N. symmetry. apply (v_ram c a b V), N.
  Qed.

  Lemma store_same p i x f g : (forall q j, f q j = g q j \/ True) -> forall q j, f q j = g q j ->
    store_word p i x f q j = store_word p i x g q j.
  Proof. intros _ q j E. unfold store_word. destruct (_ && _); auto. Qed.

  Lemma write_view c l x a b : view c a b -> secure B (write_cell B l x a) ->
    view c (write_cell B l x a) (write_cell B l x b).
  Proof.
    intros V S. unfold write_cell in *. assert (M : forall l', visible c l' -> upd (w_mem a) l x l' = upd (w_mem b) l x l').
    { intros l' L. unfold upd. destruct (loc_eqb l l'); [reflexivity|]. apply (v_mem c a b V), L. }
    destruct (steers_walks (fst l)).
    - apply settle_view; try apply V; auto.
      intros p i N. apply (v_ram c a b V). intros (h & k & fn & T). apply N. exists h, k, fn. left. exact T.
    - constructor; try apply V. exact M.
  Qed.

  Ltac by_call := match goal with
    | H : context [String.eqb ?f ?s] |- _ => destruct (String.eqb_spec f s); [subst f|]
    end.

  (** Every event of the CPU that has the lock is one that its proof has counted on. *)
  Lemma event_view c e a b v b' : view c a b -> w_held a = true -> secure B a -> e <> lock -> e <> unlock ->
    pre (K c) e a -> snd (machine_effect c e b) v b' ->
    exists a', act (K c) e a v a' /\ view c a' b' /\ w_held a' = true.
  Proof.
    intros V H S Nl Nu P E. pose proof (view_now c a b V) as [J V0].
    assert (U : forall t, is_ram B t /\ (kind (state a t) = PG_CORE \/ kind (state a t) = PG_VMCORE) -> ~ reached a t).
    { intros t [R Kt] (h & k & fn & T). pose proof (s_tlb B a S _ _ _ _ T) as A. unfold allowed in A. destruct (h =? 0).
      - destruct A as [_ [[_ A]|A]]; [pg; lia|exact (bo_dev B HB _ A R)].
      - pg; lia. }
    destruct e as [l|l x|f args].
    - cbn in E. destruct E as [-> ->]. destruct (P a eq_refl) as [M _]. exists a. split; [|auto].
      exists a. split; [reflexivity|]. cbn. split; [|reflexivity]. symmetry. apply (v_mem c a b V).
      intros Pc. cbn in M. unfold may_read in M. rewrite Pc in M. exact M.
    - cbn in E. subst b'. exists (write_cell B l x a).
      assert (A : act (K c) (EWrite l x) a v (write_cell B l x a)) by (exists a; split; reflexivity).
      split; [exact A|]. split.
      + apply write_view; [exact V|]. eapply (after_secure c (EWrite l x) a a v); [exact P|reflexivity|reflexivity].
      + unfold write_cell. destruct (steers_walks (fst l)); exact H.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & R & ->).
        exists (set_regs c (writes d) a).
        assert (V' : view c (set_regs c (writes d) a) (set_regs c (writes d) b) /\ w_held (set_regs c (writes d) a) = true /\
          secure B (set_regs c (writes d) a)).
        { apply (set_regs_both B c (fun a b => view c a b /\ w_held a = true /\ secure B a)); [|auto].
          intros l x a1 b1 Pl Ol (V1 & H1 & S1). pose proof (percpu_secure B l x a1 Pl S1) as S2.
          rewrite percpu_held by exact Pl. split; [apply write_view; assumption|auto]. }
        split; [|tauto]. exists a. split; [unfold before; rewrite cpu_unobserved by exact Cp; reflexivity|].
        rewrite cpu_effect_call by exact Cp. unfold cpu_effect. rewrite D. split; [|reflexivity].
        destruct (answer d) as [|r ix|]; [exact I| |exact R]. cbn in *. rewrite R. symmetry. apply (v_mem c a b V).
        intros _. apply reg_own. }
      cbn [effect] in E. rewrite Cp in E.
      destruct args as [|x [|y [|z [|]]]]; try (cbn in E; contradiction).
      + cbn in E. pose proof (P a) as P1.
        destruct (String.eqb_spec f "spin_lock") as [->|].
        { cbn in P1. destruct (P1 eq_refl) as [[_ ->] _]. destruct Nl. reflexivity. }
        destruct (String.eqb_spec f "spin_unlock") as [->|].
        { cbn in P1. destruct (P1 eq_refl) as [[_ [-> _]] _]. destruct Nu. reflexivity. }
        destruct (String.eqb_spec f "meta_get") as [->|].
        { cbn [snd] in E. destruct E as [-> ->]. exists a. split; [|auto]. exists a. split; [reflexivity|]. cbn.
          rewrite (v_meta c a b V). auto. }
        destruct (String.eqb_spec f "page_zero") as [->|].
        { cbn [snd] in E. subst b'. exists (zero_page B x a). split; [exists a; split; reflexivity|]. split; [|exact H].
          apply view_ram; [exact V| |].
          - eapply (after_secure c (ECall "page_zero" [x]) a a v); [exact P|reflexivity|reflexivity].
          - intros p i N. unfold store_page. destruct (p =? x); [reflexivity|]. apply (v_ram c a b V), N. }
        destruct (String.eqb_spec f "page_sync") as [->|].
        { cbn [snd] in E. subst b'. exists a. split; [exists a; split; reflexivity|]. auto. }
        cbn in E; contradiction.
      + cbn in E. pose proof (P a) as P1.
        destruct (String.eqb_spec f "meta_set") as [->|].
        { cbn [snd] in E. subst b'. exists (set_meta x y a). split; [exists a; split; reflexivity|]. split; [|exact H].
          constructor; try apply V. cbn. rewrite (v_meta c a b V). reflexivity. }
        destruct (String.eqb_spec f "pg_get") as [->|].
        { cbn [snd] in E. destruct E as [-> ->]. exists (set_ram (w_ram b) a). split; [|auto].
          exists (set_ram (w_ram b) a). split; [exact J|]. cbn. auto. }
        destruct (String.eqb_spec f "pte_get") as [->|].
        { cbn [snd] in E. destruct E as [-> ->]. exists a. split; [|auto]. exists a. split; [reflexivity|]. cbn. split; [|reflexivity].
          destruct (P1 eq_refl) as [(_ & O & _) _]. unfold word. f_equal. symmetry. apply (v_ram c a b V), U, O. }
        destruct (String.eqb_spec f "page_copy") as [->|].
        { cbn [snd] in E. subst b'. exists (copy_page B x y (set_ram (w_ram b) a)).
          split; [exists (set_ram (w_ram b) a); split; [exact J|reflexivity]|]. split; [|exact H].
          unfold copy_page.
          apply (view_ram c (set_ram (w_ram b) a) b (store_page x (w_ram b y) (w_ram b)) (store_page x (w_ram b y) (w_ram b)));
            [exact V0| |reflexivity].
          eapply (after_secure c (ECall "page_copy" [x; y]) a (set_ram (w_ram b) a) v); [exact P|exact J|reflexivity]. }
        destruct (String.eqb_spec f "tlb_inval_vm") as [->|].
        { cbn [snd] in E. subst b'. exists (invalidate B x (set_ram (w_ram b) a)).
          split; [exists (set_ram (w_ram b) a); split; [exact J|reflexivity]|]. split; [|exact H].
          unfold invalidate. apply settle_view; try apply V; auto.
          - intros h l fn t. cbn. rewrite (v_walk c a b V). reflexivity.
          - intros k h fn p. cbn. rewrite (v_tlb c a b V). reflexivity.
          - eapply (after_secure c (ECall "tlb_inval_vm" [x; y]) a (set_ram (w_ram b) a) v); [exact P|exact J|reflexivity]. }
        cbn in E; contradiction.
      + cbn in E.
        destruct (String.eqb_spec f "pg_set") as [->|].
        { cbn [snd] in E. subst b'. exists (write_word B x y z a). split; [exists a; split; reflexivity|]. split; [|exact H].
          apply view_ram; [exact V| |].
          - eapply (after_secure c (ECall "pg_set" [x; y; z]) a a v); [exact P|reflexivity|reflexivity].
          - intros p i N. unfold store_word. destruct (_ && _); [reflexivity|]. apply (v_ram c a b V), N. }
        destruct (String.eqb_spec f "pte_set") as [->|].
        { cbn [snd] in E. subst b'. exists (write_word B x y z a). split; [exists a; split; reflexivity|]. split; [|exact H].
          apply view_ram; [exact V| |].
          - eapply (after_secure c (ECall "pte_set" [x; y; z]) a a v); [exact P|reflexivity|reflexivity].
          - intros p i N. unfold store_word. destruct (_ && _); [reflexivity|]. apply (v_ram c a b V), N. }
        cbn in E; contradiction.
  Qed.

  Lemma settled_event c e w v w' : settled B w -> e <> lock -> e <> unlock ->
    (exists a, pre (K c) e a) -> snd (machine_effect c e w) v w' -> settled B w'.
  Proof.
    intros S Nl Nu [a0 P] E. destruct e as [l|l x|f args].
    - cbn in E. destruct E as [_ ->]. exact S.
    - cbn in E. subst w'. apply settled_write, S.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & R & ->).
        apply (set_regs_keep B c (settled B)); [|exact S]. intros l x w0 _ _. apply settled_write. }
      cbn [effect] in E. rewrite Cp in E.
      destruct args as [|x [|y [|z [|]]]]; try (cbn in E; contradiction); cbn in E.
      + destruct (String.eqb_spec f "spin_lock") as [->|].
        { destruct (P a0 eq_refl) as [[_ ->] _]. destruct Nl. reflexivity. }
        destruct (String.eqb f "spin_unlock"); [cbn [snd] in E; subst w'; destruct S as [S1 S2]; split|].
        { intros h l fn t W. apply S1, (walks_held B false), W. }
        { intros k h fn p [T|(l & t & W & L)]; [exact T|]. apply S2. right. exists l, t.
          split; [apply (walks_held B false), W|exact L]. }
        destruct (String.eqb f "meta_get"); [cbn [snd] in E; destruct E as [_ ->]; exact S|].
        destruct (String.eqb f "page_zero"); [cbn [snd] in E; subst w'; apply settle_settled|].
        destruct (String.eqb f "page_sync"); [cbn [snd] in E; subst w'; exact S|cbn in E; contradiction].
      + destruct (String.eqb f "meta_set"); [cbn [snd] in E; subst w'; apply settled_set_meta, S|].
        destruct (String.eqb f "pg_get"); [cbn [snd] in E; destruct E as [_ ->]; exact S|].
        destruct (String.eqb f "pte_get"); [cbn [snd] in E; destruct E as [_ ->]; exact S|].
        destruct (String.eqb f "page_copy"); [cbn [snd] in E; subst w'; apply settle_settled|].
        destruct (String.eqb f "tlb_inval_vm"); [cbn [snd] in E; subst w'; apply settle_settled|cbn in E; contradiction].
      + destruct (String.eqb f "pg_set"); [cbn [snd] in E; subst w'; apply settle_settled|].
        destruct (String.eqb f "pte_set"); [cbn [snd] in E; subst w'; apply settle_settled|cbn in E; contradiction].
  Qed.

  (** Objects that no other CPU changes. *)
  Definition own_object (c : Z) (w : world) (l : loc) : Prop := class_of (fst l) = Constant \/ owns c w l.

  Lemma has_same c a b ix : (forall h i, token a h i = c + 1 -> token b h i = c + 1) -> has c a ix -> has c b ix.
  Proof. intros E. destruct ix as [|h [|i [|]]]; cbn; auto. intros [i H]. exists i. auto. Qed.

  Lemma own_object_same c a b l :
    (forall ix, wrap U32 (w_mem a (loaded_cell, ix)) = c + 1 -> wrap U32 (w_mem b (loaded_cell, ix)) = c + 1) ->
    own_object c a l -> own_object c b l.
  Proof.
    intros T [O|O]; [left; exact O|right]. unfold owns in *. destruct (class_of (fst l)); [exact O|exact O|].
    destruct O as [[S H]|[S H]]; [left; split; [exact S|apply (has_same c a b); [|exact H]]|right; split; [exact S|]].
    - intros h i. apply T.
    - destruct l as [d ix]. cbn [fst] in S. subst d. apply T, H.
  Qed.

  Lemma token_owned c w ix : wrap U32 (w_mem w (loaded_cell, ix)) = c + 1 -> owns c w (loaded_cell, ix).
  Proof. intros H. right. split; [reflexivity|exact H]. Qed.

  (** What another CPU has is not free, and not this CPU's. *)
  Lemma has_not_free c w ix : 0 <= c -> has c w ix -> ~ unloaded w ix.
  Proof. intros N. destruct ix as [|h [|i [|]]]; cbn; auto; [intros [i H] U; specialize (U i)|intros H U]; lia. Qed.

  Lemma objects_event c e a w v w' l c' : pre (K c) e a ->
    (w_held a = true -> forall ix, w_mem a (loaded_cell, ix) = w_mem w (loaded_cell, ix)) ->
    snd (machine_effect c e w) v w' -> 0 <= c' -> c' <> c ->
    e <> lock -> own_object c' w l -> w_mem w' l = w_mem w l.
  Proof.
    intros P Tk E Z N Nl O. destruct e as [l1|l1 x|f args].
    - cbn in E. destruct E as [_ ->]. reflexivity.
    - cbn in E. subst w'. destruct (P a eq_refl) as [M _]. cbn in M. unfold may_write in M. destruct M as [_ M].
      assert (X : w_mem (write_cell B l1 x w) = upd (w_mem w) l1 x).
      { unfold write_cell. destruct (steers_walks (fst l1)); reflexivity. }
      rewrite X. apply upd_other. intros ->. destruct O as [O|O]; [rewrite O in M; exact M|].
      unfold owns in O. destruct (class_of (fst l)) eqn:Cl; [exact M|unfold of_cpu in O, M; rewrite O in M; injection M; congruence|].
      destruct M as (Hd & Ms & Ml). specialize (Tk Hd). destruct O as [[O H]|[O H]].
      + apply (has_not_free c' a (snd l) Z); [|exact (Ms O)]. apply (has_same c' w a); [|exact H].
        intros h i. unfold token. rewrite Tk. auto.
      + destruct l as [d ix]. cbn [fst snd] in *. subst d. rewrite <- Tk in H.
        destruct (Ml eq_refl _ (or_introl eq_refl)); lia.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & R & ->).
        apply (set_regs_keep B c (fun x => w_mem x l = w_mem w l)); [|reflexivity]. intros l1 x w0 P1 O1 <-.
        rewrite percpu_mem. apply upd_other. intros ->. destruct O as [O|O]; [congruence|].
        unfold owns in O. rewrite P1 in O. unfold of_cpu in O, O1. rewrite O1 in O. injection O; congruence. }
      cbn [effect] in E. rewrite Cp in E.
      destruct args as [|x [|y [|z [|]]]]; try (cbn in E; contradiction); cbn in E.
      + destruct (String.eqb_spec f "spin_lock") as [->|].
        { destruct (P a eq_refl) as [[_ ->] _]. destruct Nl. reflexivity. }
        destruct (String.eqb f "spin_unlock"); [cbn [snd] in E; subst w'; reflexivity|].
        destruct (String.eqb f "meta_get"); [cbn [snd] in E; destruct E as [_ ->]; reflexivity|].
        destruct (String.eqb f "page_zero"); [cbn [snd] in E; subst w'; reflexivity|].
        destruct (String.eqb f "page_sync"); [cbn [snd] in E; subst w'; reflexivity|cbn in E; contradiction].
      + destruct (String.eqb f "meta_set"); [cbn [snd] in E; subst w'; reflexivity|].
        destruct (String.eqb f "pg_get"); [cbn [snd] in E; destruct E as [_ ->]; reflexivity|].
        destruct (String.eqb f "pte_get"); [cbn [snd] in E; destruct E as [_ ->]; reflexivity|].
        destruct (String.eqb f "page_copy"); [cbn [snd] in E; subst w'; reflexivity|].
        destruct (String.eqb f "tlb_inval_vm"); [cbn [snd] in E; subst w'; reflexivity|cbn in E; contradiction].
      + destruct (String.eqb f "pg_set"); [cbn [snd] in E; subst w'; reflexivity|].
        destruct (String.eqb f "pte_set"); [cbn [snd] in E; subst w'; reflexivity|cbn in E; contradiction].
  Qed.

  (** Without the lock a CPU only reads constants and what it owns, and writes its entry of [pcpu]; and uses
      its registers. *)
  Lemma unlocked_event c e a : w_held a = false -> e <> lock -> pre (K c) e a ->
    (exists l, e = ERead l /\ own_object c a l) \/
    (exists l x, e = EWrite l x /\ class_of (fst l) = Percpu /\ of_cpu c l) \/
    (exists f args, e = ECall f args /\ cpu_primitive f = true).
  Proof.
    intros H Nl P.
    assert (X : exists a0, before e a a0 /\ w_held a0 = false).
    { unfold before. destruct (observes e); [|exists a; auto]. exists (set_ram (w_ram a) a).
      split; [exists (w_ram a); auto|exact H]. }
    destruct X as (a0 & Bf & H0). destruct (P a0 Bf) as [F _]. destruct e as [l|l x|f args].
    - left. exists l. split; [reflexivity|]. cbn in F, Bf. subst a0. unfold may_read in F. unfold own_object, owns.
      destruct (class_of (fst l)); auto. destruct F as [F|F]; [congruence|auto].
    - right; left. exists l, x. cbn in F. unfold may_write in F. destruct F as [_ F].
      destruct (class_of (fst l)); [contradiction|auto|destruct F as [F _]; congruence].
    - destruct (cpu_primitive f) eqn:Cp; [right; right; exists f, args; auto|].
      exfalso. clear P Bf H a. cbn [effect] in F. rewrite Cp in F. destruct args as [|x [|y [|z [|]]]]; cbn in F; try contradiction.
      + destruct (String.eqb_spec f "spin_lock") as [->|].
        { destruct F as [_ ->]. destruct Nl. reflexivity. }
        repeat (destruct (String.eqb f _); [cbn [fst] in F; destruct F as [F _]; congruence|]). cbn in F; contradiction.
      + repeat (destruct (String.eqb f _); [cbn [fst] in F; destruct F as [F _]; congruence|]). cbn in F; contradiction.
      + repeat (destruct (String.eqb f _); [cbn [fst] in F; destruct F as [F _]; congruence|]). cbn in F; contradiction.
  Qed.
End Interleave.
