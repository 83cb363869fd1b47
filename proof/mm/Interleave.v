(** * From single functions to the machine

    Each call is verified alone, against [kcore]: taking the lock lets others have done anything that
    keeps [mem_inv], and others write to what they reach.  Here: in the machine, with any number of CPUs,
    every step of every CPU finds what its proof has counted on.

    [view]: the world as the proof of the CPU that has the lock sees it, against the real one.  They may
    differ in pages that somebody reaches or another CPU uses, and in the objects of other CPUs. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Frame Structure_Facts Structure_Steps
  Page_Spec Vm_Facts Cpu_Facts Prims Local_Prims.
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

  (** Objects that CPU [c] may read with the lock: all but those of other CPUs and of the vCPUs that they have, and
      flags. *)
  Definition visible (c : Z) (w : world) (l : loc) : Prop :=
    match class_of (fst l) with
    | Percpu => of_cpu c l
    | Loader => loadable c w (snd l)
    | Flag => False
    | _ => True
    end.

  Record view (c : Z) (a b : world) : Prop := {
    v_mem : forall l, visible c a l -> w_mem a l = w_mem b l;
    v_meta : w_meta a = w_meta b;
    v_ram : forall p i, ~ reached a p -> ~ elsewhere c a p -> w_ram a p i = w_ram b p i;
    v_walk : forall h l fn t, w_walk a h l fn t <-> w_walk b h l fn t;
    v_tlb : forall k h fn p, w_tlb a k h fn p <-> w_tlb b k h fn p }.

  (** What both see of vCPUs and their pages. *)
  Definition plainly (a b : world) : Prop :=
    forall l, class_of (fst l) = Constant \/ class_of (fst l) = Locked -> w_mem a l = w_mem b l.
  Lemma view_plain c a b : view c a b -> plainly a b.
  Proof. intros V l H. apply (v_mem c a b V). unfold visible. destruct H as [-> | ->]; exact I. Qed.
  Lemma plainly_sym a b : plainly a b -> plainly b a.
  Proof. intros E l H. symmetry. exact (E l H). Qed.

  Section Plain.
    Variables (a b : world).
    Hypothesis E : plainly a b.
    Lemma plain_token h i : token a h i = token b h i.
    Proof. unfold token. rewrite (E (obj loaded_cell [h; i])) by (right; reflexivity). reflexivity. Qed.
    Lemma plain_run h i : vcpu_run a h i = vcpu_run b h i.
    Proof. unfold vcpu_run. rewrite (E (obj "vcpus.run_pfn" [h; i])) by (right; reflexivity). reflexivity. Qed.
    Lemma plain_ctx h i : vcpu_ctx a h i = vcpu_ctx b h i.
    Proof. unfold vcpu_ctx. rewrite (E (obj "vcpus.ctx_pfn" [h; i])) by (right; reflexivity). reflexivity. Qed.
    Lemma plain_protected h : protected a h <-> protected b h.
    Proof. unfold protected. rewrite (E (obj "vms.is_protected" [h])) by (right; reflexivity). reflexivity. Qed.
    Lemma plain_on h i : vcpu_on a h i <-> vcpu_on b h i.
    Proof. unfold vcpu_on. rewrite (E (obj "vcpus.power" [h; i])) by (right; reflexivity). reflexivity. Qed.
    Lemma plain_host c : host_ctx a c = host_ctx b c.
    Proof. unfold host_ctx. rewrite (E (obj "pcpu.host_ctx" [c])) by (left; reflexivity). reflexivity. Qed.
    Lemma plain_elsewhere c p : elsewhere c a p -> elsewhere c b p.
    Proof.
      intros [(d & R & N & ->)|(h & i & T & T' & H)]; [left; exists d; rewrite plain_host; auto|right]. exists h, i.
      rewrite <- plain_token. split; [exact T|]. split; [exact T'|]. rewrite <- plain_run, <- plain_ctx.
      destruct H as [H|(P & O & H)]; [auto|right]. split; [apply plain_protected, P|]. split; [apply plain_on, O|exact H].
    Qed.
    Lemma plain_in_use p : in_use a p -> in_use b p.
    Proof.
      intros [(d & R & ->)|(h & i & T & P & O & ->)]; [left; exists d; rewrite plain_host; auto|right]. exists h, i.
      rewrite <- plain_token, <- plain_ctx. split; [exact T|]. split; [apply plain_protected, P|]. split; [apply plain_on, O|reflexivity].
    Qed.
  End Plain.

  Lemma view_elsewhere c a b p : view c a b -> elsewhere c a p <-> elsewhere c b p.
  Proof.
    intros V. pose proof (view_plain c a b V) as E. split; apply plain_elsewhere; [exact E|apply plainly_sym, E].
  Qed.

  Lemma view_reached c a b p : view c a b -> reached a p <-> reached b p.
  Proof. intros V. split; intros (h & k & fn & T); exists h, k, fn; apply (v_tlb c a b V), T. Qed.

  Lemma view_used c a b p : view c a b -> used a p <-> used b p.
  Proof. intros V. split; intros (h & l & fn & T); exists h, l, fn; apply (v_walk c a b V), T. Qed.

  Lemma view_starts a b h r : plainly a b -> starts B a h r -> starts B b h r.
  Proof.
    intros M [S|[[L S] ->]]; [left; exact S|]. right. unfold live, vm_state, vm_root in *.
    rewrite !M in * by (right; reflexivity). split; [split|]; auto.
  Qed.

  Lemma view_visible c a b l : plainly a b -> visible c a l <-> visible c b l.
  Proof.
    intros E. unfold visible. destruct (class_of (fst l)); try reflexivity. unfold loadable.
    destruct (snd l) as [|h [|i [|]]]; try reflexivity. rewrite (plain_token a b E). reflexivity.
  Qed.

  Lemma view_sym c a b : view c a b -> view c b a.
  Proof.
    intros V. pose proof (view_plain c a b V) as E. destruct V as [V1 V2 V3 V4 V5]. constructor; auto.
    - intros l L. symmetry. apply V1, (view_visible c a b l E), L.
    - intros p i N N'. symmetry. apply V3.
      + intros R. apply N. apply (view_reached c a b); [constructor; auto|exact R].
      + intros X. apply N'. apply (plain_elsewhere a b E), X.
    - intros. symmetry. apply V4.
    - intros. symmetry. apply V5.
  Qed.

  Lemma plain_seats a b : plainly a b -> w_meta a = w_meta b -> (forall h l fn t, w_walk b h l fn t -> w_walk a h l fn t) ->
    seats B a -> seats B b.
  Proof.
    intros E M W S. apply (seats_same B a); [exact S|..].
    - intros c. symmetry. apply plain_host, E.
    - intros h i. rewrite <- (plain_token a b E), (plain_run a b E), (plain_ctx a b E), (plain_protected a b E). tauto.
    - intros p _. unfold state. rewrite M. reflexivity.
    - intros c h l fn _. apply W.
  Qed.

  Lemma view_secure c a b : view c a b -> secure B a -> secure B b.
  Proof.
    intros V [S1 S2 S3]. split.
    - intros k h fn p T. apply (v_tlb c a b V) in T. specialize (S1 _ _ _ _ T).
      unfold allowed, state in *. rewrite <- (v_meta c a b V). exact S1.
    - intros h l fn t W. apply (v_walk c a b V) in W. specialize (S2 _ _ _ _ W).
      unfold table_page, state in *. rewrite <- (v_meta c a b V). exact S2.
    - apply (plain_seats a b); [apply (view_plain c a b V)|apply V| |exact S3]. intros. apply (v_walk c a b V). assumption.
  Qed.

  (** Tables are nobody's own pages. *)
  Lemma walked_free w t : secure B w -> used w t -> ~ inhabited w t.
  Proof.
    intros S (h & l & fn & W) X. apply inhabited_housed in X. pose proof (s_seats B w S) as Se.
    destruct (s_walk B w S _ _ _ _ W) as [_ K]. destruct X as [(c & R & E)|(g & i & T & [E|(P & E)])]; subst t.
    - exact (st_walk B w Se c h l fn R W).
    - destruct (st_run B w Se g i T) as (_ & X & _). destruct (h =? 0); pg; lia.
    - destruct (st_ctx B w Se g i T P) as (_ & X & _). destruct (h =? 0); pg; lia.
  Qed.

  (** Walkers see no difference, if they stay out of the pages that are reached. *)
  Lemma settle_view c a b : (forall l, visible c a l -> w_mem a l = w_mem b l) -> w_meta a = w_meta b ->
    (forall p i, ~ reached (settle B a) p -> ~ elsewhere c a p -> w_ram a p i = w_ram b p i) ->
    (forall h l fn t, w_walk a h l fn t <-> w_walk b h l fn t) ->
    (forall k h fn p, w_tlb a k h fn p <-> w_tlb b k h fn p) ->
    secure B (settle B a) -> view c (settle B a) (settle B b).
  Proof.
    intros M Me R Wk Tl S.
    assert (Pl : plainly a b) by (intros l H; apply M; unfold visible; destruct H as [-> | ->]; exact I).
    assert (Same : forall h l fn t i, walks B a h l fn t -> word a t i = word b t i).
    { intros h l fn t i W. unfold word. rewrite R; [reflexivity|apply (table_unreached B (settle B a) h l fn t (bo_dev B HB) S W)|].
      intros X. apply (walked_free (settle B a) t S); [exists h, l, fn; exact W|].
      exact (elsewhere_inhabited c (settle B a) t X). }
    assert (F : forall h l fn t, walks B a h l fn t -> walks B b h l fn t).
    { assert (X : forall h l fn t, walks B a h l fn t -> walks B a h l fn t /\ walks B b h l fn t); [|intros; apply X; assumption].
      apply walks_in.
      - intros h l fn t W. split; apply walk_old; [exact W|apply Wk, W].
      - intros h r fn St Fn. split; apply walk_start; auto. apply (view_starts a b); auto.
      - intros h l fn t t' [W1 W2] E. split; [eapply walk_next; eassumption|].
        eapply walk_next; [exact W2|]. rewrite <- (Same _ _ _ _ _ W1). exact E. }
    assert (G : forall h l fn t, walks B b h l fn t -> walks B a h l fn t).
    { apply walks_in.
      - intros h l fn t W. apply walk_old, Wk, W.
      - intros h r fn St Fn. apply walk_start; auto. apply (view_starts b a); [apply plainly_sym, Pl|auto].
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
    (forall p i, ~ reached a p -> ~ elsewhere c a p -> f p i = g p i) ->
    view c (settle B (set_ram f a)) (settle B (set_ram g b)).
  Proof.
    intros V S E. apply settle_view; try apply V; auto.
    intros p i N N'. apply E; [|exact N']. intros (h & k & fn & T). apply N. exists h, k, fn. left. exact T.
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
    { intros l fn i H. unfold word. rewrite (v_ram c a b V); [reflexivity|..].
      - apply (core_unreached B HB a); [exact I|apply (bo_tables B HB _ _ H)|left; apply (i_core B a I _ _ H)].
      - intros X. apply (table_free B a (host_table B l fn) I); [right; exists l, fn; auto|exact (elsewhere_inhabited c a _ X)]. }
    assert (St : forall p, state b p = state a p) by (intros p; unfold state; rewrite (v_meta c a b V); reflexivity).
    destruct I. constructor.
    - exact Sb.
    - eapply view_secure; eassumption.
    - destruct i_constants. constructor; intros; unfold host_ctx; rewrite <- (view_plain c a b V) by (left; reflexivity); auto.
      apply k_ctx; assumption.
    - intros fn F. change (b_root B + fn / 2 ^ 27) with (host_table B 1 fn).
      rewrite Core by (split; [exact F|tauto]). apply i_level1, F.
    - intros l fn H. rewrite St. auto.
    - intros l fn t W. apply (v_walk c a b V) in W. auto.
    - intros h N D. destruct (i_dead h N) as [D1 D2].
      + unfold live, vm_state in *. rewrite (view_plain c a b V) by (right; reflexivity). exact D.
      + split; intros; intro T; [apply (v_walk c a b V) in T; eapply D1|apply (v_tlb c a b V) in T; eapply D2]; exact T.
  Qed.

  (** Nor does what LOCK_MEM protects. *)
  Lemma unchanged_view c a b : inv B a -> view c a b -> unchanged B a b.
  Proof.
    intros I V. constructor.
    - intros d ix S. symmetry. apply (view_plain c a b V). right. exact (structural_locked d S).
    - intros p _. unfold state. rewrite (v_meta c a b V). reflexivity.
    - intros p _. unfold state. rewrite (v_meta c a b V). reflexivity.
    - intros p i _ R K. unfold word. rewrite (v_ram c a b V); [reflexivity|apply (core_unreached B HB); auto|].
      intros X. apply (elsewhere_inhabited c a p), (vmcore_free B a p (s_seats B a (i_secure B a I)) K) in X. exact X.
    - split; intros; [apply (v_walk c a b V)|apply (v_tlb c a b V)]; assumption.
  Qed.

  Lemma mem_inv_view c a b : view c a b -> settled B b -> mem_inv B a -> mem_inv B b.
  Proof.
    intros V S M. pose proof (m_inv B a M) as I.
    apply (mem_inv_frame B a b); [exact (unchanged_view c a b I V)|exact (inv_view c a b V S I)|exact M].
  Qed.

  (** For calls on memory, or for all of KCore. *)
  Context {m : bool}.
  Notation K c := (contract_of B c (mem_inv B) m).
  Notation machine_effect c := (effect B c (fun _ => True)).

  (** The condition, while the event is not one of the CPU's own pages without the lock. *)
  Lemma pre_effect c e a : local e a = false -> pre (K c) e a -> forall a0, before c e a a0 ->
    fst (effect B c (mem_inv B) e a0) /\ forall v a', snd (effect B c (mem_inv B) e a0) v a' -> secure B a'.
  Proof. intros L [_ P]. rewrite L in P. exact P. Qed.
  Lemma act_effect c e a a0 v a' : local e a = false -> before c e a a0 -> snd (effect B c (mem_inv B) e a0) v a' ->
    act (K c) e a v a'.
  Proof. intros L Bf E. cbn [act contract_of]. rewrite L. exists a0. auto. Qed.

  Lemma after_secure c e a a0 v a' : local e a = false -> pre (K c) e a -> before c e a a0 -> snd (effect B c (mem_inv B) e a0) v a' ->
    secure B a'.
  Proof. intros L P Bf E. exact (proj2 (pre_effect c e a L P a0 Bf) v a' E). Qed.

  (** The world of the proof, with the pages brought up to date. *)
  Lemma view_now c a b : view c a b -> meddling c a (set_ram (w_ram b) a) /\ view c (set_ram (w_ram b) a) b.
  Proof.
    intros V. split; [|constructor; try apply V; reflexivity].
    exists (w_ram b). split; [reflexivity|]. intros p i N N'. symmetry. apply (v_ram c a b V); assumption.
  Qed.

  (** What the CPU with the lock may write is nothing that the CPU of a loaded vCPU counts on. *)
  Definition harmless (c : Z) (a : world) (l : loc) (x : Z) : Prop :=
    class_of (fst l) = Percpu \/ class_of (fst l) = Loader \/ class_of (fst l) = Flag \/
    class_of (fst l) = Locked /\ (steady (fst l) = true -> unloaded a (snd l)) /\
      (fst l = power_cell -> ~ driven c a (snd l)) /\
      (fst l = loaded_cell -> forall v, v = w_mem a l \/ v = x -> wrap U32 v = 0 \/ wrap U32 v = c + 1).

  Lemma harmless_write c a l x : may_write c a l x -> harmless c a l x.
  Proof. intros [_ M]. unfold harmless. destruct (class_of (fst l)); tauto. Qed.

  Lemma upd_same_cell m0 l x d ix : l <> (d, ix) -> upd m0 l x (d, ix) = m0 (d, ix).
  Proof. intros N. apply upd_other. exact N. Qed.

  Lemma harmless_token c a l x h i : harmless c a l x -> token a h i <> 0 -> token a h i <> c + 1 ->
    upd (w_mem a) l x (obj loaded_cell [h; i]) = w_mem a (obj loaded_cell [h; i]).
  Proof.
    intros H N N'. apply upd_other. intros ->. destruct H as [H|[H|[H|(_ & _ & _ & H)]]]; try discriminate H.
    destruct (H eq_refl _ (or_introl eq_refl)); auto.
  Qed.

  Lemma harmless_elsewhere c a l x p : harmless c a l x -> elsewhere c a p ->
    elsewhere c (set_mem (upd (w_mem a) l x) a) p.
  Proof.
    intros H [(d & R & N & ->)|(h & i & T & T' & X)].
    - left. exists d. split; [exact R|]. split; [exact N|]. unfold host_ctx. cbn. rewrite upd_other; [reflexivity|].
      intros ->. destruct H as [H|[H|[H|(H & _)]]]; discriminate H.
    - right. exists h, i. pose proof (harmless_token c a l x h i H T T') as E.
      assert (Et : token (set_mem (upd (w_mem a) l x) a) h i = token a h i) by (unfold token; cbn; rewrite E; reflexivity).
      rewrite Et. split; [exact T|]. split; [exact T'|].
      assert (St : forall d ix, steady d = true -> ix = [h; i] \/ ix = [h] -> upd (w_mem a) l x (d, ix) = w_mem a (d, ix)).
      { intros d ix Sd J. apply upd_other. intros ->. cbn [fst snd] in H.
        destruct H as [H|[H|[H|(_ & H & _)]]]; cbn [fst] in H;
          try solve [unfold steady in Sd; apply existsb_exists in Sd as (y & Iy & Sd); apply String.eqb_eq in Sd; subst y;
               repeat (destruct Iy as [<-|Iy]; [discriminate H|]); destruct Iy].
        specialize (H Sd). cbn [snd] in H. destruct J as [->| ->]; [exact (T H)|exact (T (H i))]. }
      assert (Er : vcpu_run (set_mem (upd (w_mem a) l x) a) h i = vcpu_run a h i) by (unfold vcpu_run; cbn; rewrite St by auto;
        reflexivity).
      assert (Ex : vcpu_ctx (set_mem (upd (w_mem a) l x) a) h i = vcpu_ctx a h i) by (unfold vcpu_ctx; cbn; rewrite St by auto;
        reflexivity).
      rewrite Er, Ex. destruct X as [X|(P & O & X)]; [left; exact X|right]. split; [|split; [|exact X]].
      + unfold protected. cbn. rewrite St by auto. exact P.
      + unfold vcpu_on. cbn. rewrite upd_other; [exact O|]. intros ->. destruct H as [H|[H|[H|(_ & _ & H & _)]]]; try discriminate H.
        apply (H eq_refl). cbn. auto.
  Qed.

  Lemma harmless_visible c a l x l' : harmless c a l x -> visible c (set_mem (upd (w_mem a) l x) a) l' -> visible c a l'.
  Proof.
    intros H. unfold visible. destruct (class_of (fst l')); auto. unfold loadable. destruct (snd l') as [|h [|i [|]]]; auto.
    intros X. destruct (Z.eq_dec (token a h i) 0) as [|N]; [auto|]. destruct (Z.eq_dec (token a h i) (c + 1)) as [|N']; [auto|].
    pose proof (harmless_token c a l x h i H N N') as E. unfold token in X at 1 2. cbn in X. rewrite E in X. exact X.
  Qed.

  Lemma write_view c l x a b : view c a b -> harmless c a l x -> secure B (write_cell B l x a) ->
    view c (write_cell B l x a) (write_cell B l x b).
  Proof.
    intros V H S. set (a1 := set_mem (upd (w_mem a) l x) a).
    assert (M : forall l', visible c a1 l' -> upd (w_mem a) l x l' = upd (w_mem b) l x l').
    { intros l' L. unfold upd. destruct (loc_eqb l l'); [reflexivity|]. apply (v_mem c a b V), (harmless_visible c a l x l' H L). }
    assert (R : forall p i, ~ reached a p -> ~ elsewhere c a1 p -> w_ram a p i = w_ram b p i).
    { intros p i N N'. apply (v_ram c a b V); [exact N|]. intros X. apply N', (harmless_elsewhere c a l x p H X). }
    unfold write_cell in *. destruct (steers_walks (fst l)).
    - apply settle_view; try apply V; [exact M| |exact S].
      intros p i N N'. apply R; [|exact N']. intros (h & k & fn & T). apply N. exists h, k, fn. left. exact T.
    - constructor; try apply V; [exact M|]. intros p i N N'. apply R; assumption.
  Qed.

  Ltac by_call := match goal with
    | H : context [String.eqb ?f ?s] |- _ => destruct (String.eqb_spec f s); [subst f|]
    end.

  (** Every event of the CPU that has the lock is one that its proof has counted on. *)
  Lemma event_view c e a b v b' : view c a b -> w_held a = true -> secure B a -> e <> lock -> e <> unlock ->
    pre (K c) e a -> snd (machine_effect c e b) v b' ->
    exists a', act (K c) e a v a' /\ view c a' b' /\ w_held a' = true.
  Proof.
    intros V H S Nl Nu P0 E. pose proof (local_held e a H) as Lc. pose proof (view_now c a b V) as [J V0].
    pose proof (pre_effect c e a Lc P0) as P. pose proof (fun a0 v a' => after_secure c e a a0 v a' Lc P0) as After.
    pose proof (fun a0 v a' => act_effect c e a a0 v a' Lc) as Act.
    destruct e as [l|l x|f args].
    - cbn in E. destruct E as [-> ->]. destruct (class_of (fst l)) eqn:Cl.
      4: { (* a flag *)
        set (a0 := set_mem (upd (w_mem a) l (w_mem b l)) a).
        assert (Bf : before c (ERead l) a a0) by (cbn; rewrite Cl; exists (w_mem b l); reflexivity).
        exists a0. split; [apply (Act a0); [exact Bf|]; cbn; unfold a0; cbn; rewrite upd_same; auto|]. split; [|exact H].
        assert (Hm : harmless c a l (w_mem b l)) by (right; right; left; exact Cl).
        constructor; try apply V.
        - intros l' L. unfold a0. cbn. destruct (loc_eqb l l') eqn:El.
          + apply loc_eqb_eq in El. subst l'. unfold visible in L. rewrite Cl in L. destruct L.
          + unfold upd. rewrite El. apply (v_mem c a b V), (harmless_visible c a l (w_mem b l) l' Hm L).
        - intros p i N N'. apply (v_ram c a b V); [exact N|]. intros X. apply N', (harmless_elsewhere c a l _ p Hm X). }
      all: assert (Bf : before c (ERead l) a a) by (cbn; rewrite Cl; reflexivity);
        destruct (P a Bf) as [[M|M] _]; [|congruence];
        exists a; (split; [|auto]); apply (Act a); [exact Bf|]; cbn; (split; [|reflexivity]); symmetry;
        apply (v_mem c a b V); unfold visible; unfold may_read in M; rewrite Cl in M |- *; try exact I; try exact M.
      destruct M as [M|[_ M]]; [|exact M]. unfold has_vcpu in M. unfold loadable. destruct (snd l) as [|? [|? [|]]]; auto.
    - cbn in E. subst b'. exists (write_cell B l x a). split; [apply (Act a); reflexivity|]. split.
      + apply write_view; [exact V|apply harmless_write, (P a eq_refl)|]. apply (After a v); reflexivity.
      + unfold write_cell. destruct (steers_walks (fst l)); exact H.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & R & ->).
        exists (set_regs c (writes d) a).
        assert (V' : view c (set_regs c (writes d) a) (set_regs c (writes d) b) /\ w_held (set_regs c (writes d) a) = true /\
          secure B (set_regs c (writes d) a)).
        { apply (set_regs_both B c (fun a b => view c a b /\ w_held a = true /\ secure B a)); [|auto].
          intros l x a1 b1 Pl Ol (V1 & H1 & S1). pose proof (percpu_secure B l x a1 Pl S1) as S2.
          rewrite percpu_held by exact Pl. split; [apply write_view; [exact V1|left; exact Pl|exact S2]|auto]. }
        split; [|tauto]. apply (Act a); [unfold before; rewrite cpu_unobserved by exact Cp; reflexivity|].
        rewrite cpu_effect_call by exact Cp. unfold cpu_effect. rewrite D. split; [|reflexivity].
        destruct (answer d) as [|r ix|]; [exact I| |exact R]. cbn in *. rewrite R. symmetry. apply (v_mem c a b V).
        unfold visible. rewrite reg_class. apply reg_own. }
      cbn [effect] in E, P. rewrite Cp in E, P. pose proof (fun a0 (X : before c (ECall f args) a a0) => proj1 (P a0 X)) as F.
      clear P. cbn [effect] in After, Act. rewrite Cp in After, Act.
      destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try (cbn in E; contradiction).
      + cbn in E, F.
        destruct (String.eqb_spec f "spin_lock") as [->|].
        { destruct (F a eq_refl) as [_ ->]. destruct Nl. reflexivity. }
        destruct (String.eqb_spec f "spin_unlock") as [->|].
        { destruct (F a eq_refl) as [_ [-> _]]. destruct Nu. reflexivity. }
        destruct (String.eqb_spec f "meta_get") as [->|].
        { cbn [snd] in E. destruct E as [-> ->]. exists a. split; [|auto]. apply (Act a); [reflexivity|]. cbn.
          rewrite (v_meta c a b V). auto. }
        destruct (String.eqb_spec f "page_zero") as [->|].
        { cbn [snd] in E. subst b'. exists (zero_page B x a). split; [apply (Act a); reflexivity|]. split; [|exact H].
          apply view_ram; [exact V|apply (After a v); reflexivity|].
          intros p i N N'. unfold store_page. destruct (p =? x); [reflexivity|]. apply (v_ram c a b V); assumption. }
        destruct (String.eqb_spec f "page_sync") as [->|].
        { cbn [snd] in E. subst b'. exists a. split; [apply (Act a); reflexivity|]. auto. }
        destruct (String.eqb_spec f "fp_load") as [->|]; [destruct (F a eq_refl)|].
        destruct (String.eqb_spec f "fp_save") as [->|]; [destruct (F a eq_refl)|]. cbn in E; contradiction.
      + cbn in E, F.
        destruct (String.eqb_spec f "meta_set") as [->|].
        { cbn [snd] in E. subst b'. exists (set_meta x y a). split; [apply (Act a); reflexivity|]. split; [|exact H].
          constructor; try apply V. cbn. rewrite (v_meta c a b V). reflexivity. }
        destruct (String.eqb_spec f "pg_get") as [->|].
        { cbn [snd] in E. destruct E as [-> ->]. exists (set_ram (w_ram b) a). split; [|auto].
          apply (Act (set_ram (w_ram b) a)); [exact J|]. cbn. auto. }
        destruct (String.eqb_spec f "pte_get") as [->|].
        { cbn [snd] in E. destruct E as [-> ->]. exists a. split; [|auto]. apply (Act a); [reflexivity|]. cbn. split; [|reflexivity].
          destruct (F a eq_refl) as (_ & O & _). unfold word. f_equal. symmetry. apply (v_ram c a b V).
          - destruct (ours_kind B a x O) as [R Kt]. intros (h & k & fn & T). pose proof (s_tlb B a S _ _ _ _ T) as A.
            unfold allowed in A. destruct (h =? 0); [|pg; lia]. destruct A as [_ [[_ A]|A]]; [pg; lia|exact (bo_dev B HB _ A R)].
          - intros X. exact (ours_free B a x (s_seats B a S) O (elsewhere_inhabited c a x X)). }
        destruct (String.eqb_spec f "page_copy") as [->|].
        { cbn [snd] in E. subst b'. exists (copy_page B x y (set_ram (w_ram b) a)).
          split; [apply (Act (set_ram (w_ram b) a)); [exact J|reflexivity]|]. split; [|exact H].
          unfold copy_page.
          apply (view_ram c (set_ram (w_ram b) a) b (store_page x (w_ram b y) (w_ram b)) (store_page x (w_ram b y) (w_ram b)));
            [exact V0| |reflexivity].
          apply (After (set_ram (w_ram b) a) v); [exact J|reflexivity]. }
        destruct (String.eqb_spec f "tlb_inval_vm") as [->|].
        { cbn [snd] in E. subst b'. exists (invalidate B x (set_ram (w_ram b) a)).
          split; [apply (Act (set_ram (w_ram b) a)); [exact J|reflexivity]|]. split; [|exact H].
          unfold invalidate. apply settle_view; try apply V; auto.
          - intros h l fn t. cbn. rewrite (v_walk c a b V). reflexivity.
          - intros k h fn p. cbn. rewrite (v_tlb c a b V). reflexivity.
          - apply (After (set_ram (w_ram b) a) v); [exact J|reflexivity]. }
        cbn in E; contradiction.
      + cbn in E, F.
        destruct (String.eqb_spec f "pg_set") as [->|].
        { cbn [snd] in E. subst b'. exists (write_word B x y z a). split; [apply (Act a); reflexivity|]. split; [|exact H].
          apply view_ram; [exact V|apply (After a v); reflexivity|].
          intros p i N N'. unfold store_word. destruct (_ && _); [reflexivity|]. apply (v_ram c a b V); assumption. }
        destruct (String.eqb_spec f "pte_set") as [->|].
        { cbn [snd] in E. subst b'. exists (write_word B x y z a). split; [apply (Act a); reflexivity|]. split; [|exact H].
          apply view_ram; [exact V|apply (After a v); reflexivity|].
          intros p i N N'. unfold store_word. destruct (_ && _); [reflexivity|]. apply (v_ram c a b V); assumption. }
        cbn in E; contradiction.
      + cbn in E, F. destruct (String.eqb_spec f "ctx_start") as [->|]; [destruct (F a eq_refl)|cbn in E; contradiction].
      + cbn in E, F. destruct (String.eqb_spec f "ctx_switch") as [->|]; [destruct (F a eq_refl)|cbn in E; contradiction].
  Qed.

  Lemma settled_regs c l w : settled B w -> settled B (set_regs c l w).
  Proof. apply (set_regs_keep B c (settled B)). intros l0 x w0 _ _. apply settled_write. Qed.

  Lemma settled_event c e w v w' : settled B w -> e <> lock -> e <> unlock ->
    (exists a, pre (K c) e a) -> snd (machine_effect c e w) v w' -> settled B w'.
  Proof.
    intros S Nl Nu [a0 P] E. destruct e as [l|l x|f args].
    - cbn in E. destruct E as [_ ->]. exact S.
    - cbn in E. subst w'. apply settled_write, S.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & R & ->).
        apply settled_regs, S. }
      cbn [effect] in E. rewrite Cp in E.
      destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try (cbn in E; contradiction); cbn in E.
      + destruct (String.eqb_spec f "spin_lock") as [->|].
        { destruct (proj1 (pre_effect c (ECall "spin_lock" [x]) a0 eq_refl P a0 eq_refl)) as [_ ->]. destruct Nl. reflexivity. }
        destruct (String.eqb f "spin_unlock"); [cbn [snd] in E; subst w'; destruct S as [S1 S2]; split|].
        { intros h l fn t W. apply S1, (walks_held B false), W. }
        { intros k h fn p [T|(l & t & W & L)]; [exact T|]. apply S2. right. exists l, t.
          split; [apply (walks_held B false), W|exact L]. }
        destruct (String.eqb f "meta_get"); [cbn [snd] in E; destruct E as [_ ->]; exact S|].
        destruct (String.eqb f "page_zero"); [cbn [snd] in E; subst w'; apply settle_settled|].
        destruct (String.eqb f "page_sync"); [cbn [snd] in E; subst w'; exact S|].
        destruct (String.eqb f "fp_load"); [cbn [snd] in E; subst w'; exact S|].
        destruct (String.eqb f "fp_save"); [cbn [snd] in E; destruct E as (r & _ & ->); apply settle_settled|].
        cbn in E; contradiction.
      + destruct (String.eqb f "meta_set"); [cbn [snd] in E; subst w'; apply settled_set_meta, S|].
        destruct (String.eqb f "pg_get"); [cbn [snd] in E; destruct E as [_ ->]; exact S|].
        destruct (String.eqb f "pte_get"); [cbn [snd] in E; destruct E as [_ ->]; exact S|].
        destruct (String.eqb f "page_copy"); [cbn [snd] in E; subst w'; apply settle_settled|].
        destruct (String.eqb f "tlb_inval_vm"); [cbn [snd] in E; subst w'; apply settle_settled|cbn in E; contradiction].
      + destruct (String.eqb f "pg_set"); [cbn [snd] in E; subst w'; apply settle_settled|].
        destruct (String.eqb f "pte_set"); [cbn [snd] in E; subst w'; apply settle_settled|cbn in E; contradiction].
      + destruct (String.eqb f "ctx_start"); [cbn [snd] in E; subst w'; apply (settled_regs c (context_regs _ _ _ _ _ _)), S|cbn in E;
          contradiction].
      + destruct (String.eqb f "ctx_switch"); [cbn [snd] in E; destruct E as (r & _ & ->)|cbn in E; contradiction].
        apply (settled_regs c (context_regs _ _ _ _ _ _)), settle_settled.
  Qed.

  (** Objects that no other CPU changes: constants are among those that [owns] names. *)
  Lemma has_same c a b ix : (forall h i, token a h i = c + 1 -> token b h i = c + 1) -> has c a ix -> has c b ix.
  Proof. intros E. destruct ix as [|h [|i [|]]]; cbn; auto. intros [i H]. exists i. auto. Qed.

  (** A world in which this CPU owns at least as much. *)
  Record grows (c : Z) (a b : world) : Prop := {
    g_token : forall ix, wrap U32 (w_mem a (loaded_cell, ix)) = c + 1 -> wrap U32 (w_mem b (loaded_cell, ix)) = c + 1;
    g_on : forall h i, token a h i = c + 1 -> vcpu_on a h i -> vcpu_on b h i }.

  Lemma owns_same c a b l : grows c a b -> owns c a l -> owns c b l.
  Proof.
    intros [T P]. unfold owns. destruct (class_of (fst l)); auto.
    - unfold has_vcpu. destruct (snd l) as [|h [|i [|]]]; auto. apply T.
    - intros [[S H]|[[S H]|[S H]]]; [left; split; [exact S|apply (has_same c a b); [intros h i; apply T|exact H]]|right; left; split;
        [exact S|]|
        right; right; split; [exact S|]].
      + destruct l as [d ix]. cbn [fst] in S. subst d. apply T, H.
      + unfold drives in *. destruct (snd l) as [|h [|i [|]]]; auto. destruct H as [H H']. split; [apply T, H|auto].
  Qed.

  Lemma token_owned c w h i : token w h i = c + 1 -> owns c w (loaded_cell, [h; i]).
  Proof. intros H. right; left. split; [reflexivity|exact H]. Qed.
  Lemma power_owned c w h i : token w h i = c + 1 -> vcpu_on w h i -> owns c w (power_cell, [h; i]).
  Proof. intros H O. right; right. split; [reflexivity|split; assumption]. Qed.
  Lemma run_owned c w h i : token w h i = c + 1 -> owns c w ("vcpus.run_pfn", [h; i]).
  Proof. intros H. left. split; [reflexivity|exact H]. Qed.
  Lemma ctx_owned c w h i : token w h i = c + 1 -> owns c w ("vcpus.ctx_pfn", [h; i]).
  Proof. intros H. left. split; [reflexivity|exact H]. Qed.
  Lemma protected_owned c w h i : token w h i = c + 1 -> owns c w ("vms.is_protected", [h]).
  Proof. intros H. left. split; [reflexivity|exists i; exact H]. Qed.

  (** ** What a CPU owns is the same in two worlds: so are its pages *)
  Section Agree.
    Variables (c : Z) (a b : world).
    Hypothesis E : forall l, owns c a l -> w_mem a l = w_mem b l.
    Lemma agree_token h i : token a h i = c + 1 -> token b h i = c + 1.
    Proof. intros T. unfold token in *. rewrite <- (E (obj loaded_cell [h; i])); [exact T|apply token_owned, T]. Qed.
    Lemma agree_on h i : token a h i = c + 1 -> vcpu_on a h i -> vcpu_on b h i.
    Proof. intros T O. unfold vcpu_on in *. rewrite <- (E (obj "vcpus.power" [h; i])); [exact O|apply power_owned; assumption]. Qed.
    Lemma agree_run h i : token a h i = c + 1 -> vcpu_run a h i = vcpu_run b h i.
    Proof. intros T. unfold vcpu_run. rewrite (E (obj "vcpus.run_pfn" [h; i])) by (apply run_owned, T). reflexivity. Qed.
    Lemma agree_ctx h i : token a h i = c + 1 -> vcpu_ctx a h i = vcpu_ctx b h i.
    Proof. intros T. unfold vcpu_ctx. rewrite (E (obj "vcpus.ctx_pfn" [h; i])) by (apply ctx_owned, T). reflexivity. Qed.
    Lemma agree_protected h i : token a h i = c + 1 -> protected a h <-> protected b h.
    Proof.
      intros T. unfold protected. rewrite (E (obj "vms.is_protected" [h])) by (apply (protected_owned c a h i), T). reflexivity.
    Qed.
    Lemma agree_host d : host_ctx a d = host_ctx b d.
    Proof. unfold host_ctx. rewrite (E (obj "pcpu.host_ctx" [d])) by exact I. reflexivity. Qed.
    Lemma agree_grows : grows c a b.
    Proof.
      split; [|exact agree_on]. intros ix T. rewrite <- (E (loaded_cell, ix)); [exact T|]. right; left. split; [reflexivity|exact T].
    Qed.
    Lemma agree_own_page p : own_page c a p -> own_page c b p.
    Proof.
      intros [[R ->]|(h & i & T & P & O & ->)]; [left; rewrite agree_host; auto|right]. exists h, i.
      rewrite <- (agree_ctx h i T). split; [apply agree_token, T|]. split; [apply (agree_protected h i T), P|].
      split; [apply agree_on; assumption|reflexivity].
    Qed.
    Lemma agree_own_ctx p : own_ctx c a p -> own_ctx c b p.
    Proof.
      intros [[R ->]|(h & i & T & O & ->)]; [left; rewrite agree_host; auto|right]. exists h, i.
      rewrite <- (agree_ctx h i T). split; [apply agree_token, T|]. split; [apply agree_on; assumption|reflexivity].
    Qed.
    Lemma agree_mine p : mine c a p -> mine c b p.
    Proof.
      intros [H|(h & i & T & ->)]; [left; apply agree_own_ctx, H|right]. exists h, i.
      rewrite <- (agree_run h i T). split; [apply agree_token, T|reflexivity].
    Qed.
  End Agree.

  (** ** Pages of different CPUs are different *)
  Lemma mine_split c w p : secure B w -> 0 <= c -> mine c w p -> own_page c w p \/ own_run c w p.
  Proof. intros S Hc [H|H]; [|auto]. exact (own_ctx_split B c w p S Hc H). Qed.
  Lemma own_page_mine c w p : own_page c w p -> mine c w p.
  Proof. intros [H|(h & i & T & _ & O & E)]; left; [left; exact H|right; exists h, i; auto]. Qed.

  Lemma own_page_kind c w p : secure B w -> 0 <= c -> own_page c w p ->
    is_ram B p /\ (kind (state w p) = PG_CORE \/ kind (state w p) = PG_CTX).
  Proof.
    intros S Hc [[R ->]|(h & i & T & P & _ & ->)].
    - destruct (st_host B w (s_seats B w S) c R). auto.
    - destruct (st_ctx B w (s_seats B w S) h i) as (R & K & _); [lia|exact P|auto].
  Qed.
  Lemma own_page_in_use c w p : 0 <= c -> own_page c w p -> in_use w p.
  Proof.
    intros Hc [[R ->]|(h & i & T & P & O & ->)]; [left; exists c; auto|right; exists h, i]. split; [lia|]. auto.
  Qed.
  Lemma own_page_unreached c w p : secure B w -> 0 <= c -> own_page c w p -> ~ reached w p.
  Proof.
    intros S Hc H (h & k & fn & T). destruct (own_page_kind c w p S Hc H) as [R K].
    pose proof (s_tlb B w S _ _ _ _ T) as A. unfold allowed in A. destruct (h =? 0); [|pg; lia].
    destruct A as [_ [[_ A]|A]]; [pg; lia|exact (bo_dev B HB _ A R)].
  Qed.
  Lemma mine_elsewhere c d w p : secure B w -> 0 <= c -> d <> c -> mine c w p -> elsewhere d w p.
  Proof.
    intros S Hc N M. destruct (mine_split c w p S Hc M) as [[[R ->]|(h & i & T & P & O & ->)]|(h & i & T & ->)].
    - left. exists c. auto.
    - right. exists h, i. split; [lia|]. split; [lia|auto].
    - right. exists h, i. split; [lia|]. split; [lia|auto].
  Qed.
  Lemma own_page_here c w p : secure B w -> 0 <= c -> own_page c w p -> ~ elsewhere c w p.
  Proof.
    intros S Hc H X. pose proof (s_seats B w S) as Se. destruct H as [[R ->]|(h & i & T & P & O & ->)].
    - destruct (st_host B w Se c R) as [_ K]. destruct X as [(d & Rd & N & E)|(g & j & T & T' & X)].
      + apply N. symmetry. exact (st_hosts B w Se c d R Rd E).
      + destruct X as [E|(P & _ & E)]; rewrite E in K.
        * destruct (st_run B w Se g j T) as (_ & K' & _). pg; lia.
        * destruct (st_ctx B w Se g j T P) as (_ & K' & _). pg; lia.
    - assert (Nz : token w h i <> 0) by lia. destruct (st_ctx B w Se h i Nz P) as (_ & K & Hh).
      destruct X as [(d & Rd & N & E)|(g & j & T1 & T' & X)].
      + rewrite E in K. destruct (st_host B w Se d Rd) as [_ K']. pg; lia.
      + destruct X as [E|(P' & _ & E)]; rewrite E in K, Hh.
        * destruct (st_run B w Se g j T1) as (_ & K' & _). pg; lia.
        * destruct (st_ctx B w Se g j T1 P') as (_ & _ & Hg). rewrite Hh in Hg. subst g.
          pose proof (st_ctxs B w Se h i j Nz T1 P E). subst j. contradiction.
  Qed.
  Lemma mine_unused c w p : secure B w -> 0 <= c -> mine c w p -> ~ used w p.
  Proof.
    intros S Hc M U. apply (walked_free w p S U). destruct (mine_split c w p S Hc M) as [H|(h & i & T & E)].
    - left. exact (own_page_in_use c w p Hc H).
    - right. exists h, i. split; [lia|exact E].
  Qed.
  Lemma mine_kind c w p : secure B w -> 0 <= c -> mine c w p -> kind (state w p) <> PG_VMCORE.
  Proof.
    intros S Hc M. destruct (mine_split c w p S Hc M) as [H|(h & i & T & ->)].
    - destruct (own_page_kind c w p S Hc H) as [_ K]. pg; lia.
    - destruct (st_run B w (s_seats B w S) h i) as (_ & K & _); [lia|]. pg; lia.
  Qed.

  (** ** Own pages get new content, in the real world *)
  Lemma mine_settled c w x r : settled B w -> secure B w -> 0 <= c -> mine c w x ->
    (forall p i, p <> x -> r p i = w_ram w p i) ->
    (forall h l fn t, walks B (set_ram r w) h l fn t <-> w_walk w h l fn t) /\
    (forall k h fn p, entries B (set_ram r w) k h fn p <-> w_tlb w k h fn p).
  Proof.
    intros St S Hc M E. apply (ram_walks B w r St). intros t i U. apply E. intros ->. exact (mine_unused c w x S Hc M U).
  Qed.

  Lemma mine_secure c w x r : settled B w -> secure B w -> 0 <= c -> mine c w x ->
    (forall p i, p <> x -> r p i = w_ram w p i) -> secure B (settle B (set_ram r w)).
  Proof.
    intros St S Hc M E. destruct (mine_settled c w x r St S Hc M E) as [A T]. destruct S as [S1 S2 S3]. split; cbn; intros.
    - apply (S1 k), T, H.
    - apply (S2 h l fn), A, H.
    - apply (seats_ram B w); [exact S3|reflexivity|reflexivity|]. intros h l fn t W. apply A, W.
  Qed.

  Lemma mine_mem_inv c w x r : 0 <= c -> mine c w x -> (forall p i, p <> x -> r p i = w_ram w p i) ->
    mem_inv B w -> mem_inv B (settle B (set_ram r w)).
  Proof.
    intros Hc M E I. pose proof (m_inv B w I) as Iw. pose proof (i_secure B w Iw) as S.
    assert (X : ~ used w x /\ forall l fn, host_has B l fn -> x <> host_table B l fn).
    { assert (In : inhabited w x).
      { destruct (mine_split c w x S Hc M) as [H|(h & i & T & Ex)].
        - left. exact (own_page_in_use c w x Hc H).
        - right. exists h, i. split; [lia|exact Ex]. }
      split; [intros U; exact (walked_free w x S U In)|]. intros l fn H ->.
      apply (table_free B w (host_table B l fn) Iw); [right; exists l, fn; auto|exact In]. }
    assert (Inv' : inv B (settle B (set_ram r w))).
    { apply inv_tables; [exact Iw|]. intros t i H. apply E. intros ->. destruct X as [X1 X2].
      destruct H as [H|(l & fn & H & Ht)]; [exact (X1 H)|exact (X2 l fn H Ht)]. }
    apply (mem_inv_frame B w); [|exact Inv'|exact I].
    destruct (mine_settled c w x r (i_settled B w Iw) S Hc M E) as [A T]. constructor; try reflexivity.
    - intros p i _ _ K. unfold word; cbn. rewrite E; [reflexivity|]. intros ->. exact (mine_kind c w x S Hc M K).
    - split; intros; [apply A|apply T]; assumption.
  Qed.

  Lemma mine_view c d y w x r : settled B w -> secure B w -> 0 <= c -> d <> c -> mine c w x ->
    (forall p i, p <> x -> r p i = w_ram w p i) -> view d y w -> view d y (settle B (set_ram r w)).
  Proof.
    intros St S Hc N M E V. destruct (mine_settled c w x r St S Hc M E) as [A T]. constructor; try apply V.
    - intros p i Np Ne. cbn. rewrite E; [apply (v_ram d y w V); assumption|]. intros ->. apply Ne.
      apply (view_elsewhere d y w x V). exact (mine_elsewhere c d w x S Hc N M).
    - intros h l fn t. cbn. rewrite A. apply (v_walk d y w V).
    - intros k h fn p. cbn. rewrite T. apply (v_tlb d y w V).
  Qed.
End Interleave.
