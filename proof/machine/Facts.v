(** * What follows from the definitions of the machine alone *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Facts.
  Variable B : board.

  (** Induction over walks, with any property that walkers keep. *)
  Lemma walks_in w (P : Z -> Z -> Z -> Z -> Prop) :
    (forall h l fn t, w_walk w h l fn t -> P h l fn t) ->
    (forall h r fn, starts B w h r -> 0 <= fn < 2 ^ 28 -> P h 1 fn (r + fn / 2 ^ 27)) ->
    (forall h l fn t t', P h l fn t -> next_table l (word w t (index l fn)) = Some t' -> P h (l + 1) fn t') ->
    forall h l fn t, walks B w h l fn t -> P h l fn t.
  Proof. intros H0 H1 H2 h l fn t W. induction W; eauto. Qed.

  Lemma settle_settled w : settled B (settle B w).
  Proof.
    assert (A : forall h l fn t, walks B (settle B w) h l fn t -> walks B w h l fn t).
    { apply walks_in; [auto|exact (walk_start B w)|exact (walk_next B w)]. }
    split; [exact A|]. intros k h fn p [H|(l & t & H & E)]; [exact H|].
    right. exists l, t. split; [apply A, H|exact E].
  Qed.

  (** Two worlds whose walkers and entries are the same sets. *)
  Record alike (a b : world) : Prop := {
    a_mem : w_mem a = w_mem b; a_meta : w_meta a = w_meta b; a_ram : w_ram a = w_ram b;
    a_held : w_held a = w_held b;
    a_walk : forall h l fn t, w_walk a h l fn t <-> w_walk b h l fn t;
    a_tlb : forall k h fn p, w_tlb a k h fn p <-> w_tlb b k h fn p }.

  Lemma settle_sub w : settled B w ->
    (forall h l fn t, walks B w h l fn t <-> w_walk w h l fn t) /\
    (forall k h fn p, entries B w k h fn p <-> w_tlb w k h fn p).
  Proof.
    intros [A C]. split; intros; split; auto; [apply walk_old|left; assumption].
  Qed.

  Section Settle.
    (** One store into page [t], word [i]: [w] before, [x] the new word. *)
    Variables (w : world) (t i x : Z).
    Hypothesis Hs : settled B w.
    Let r := set_ram (store_word t i x (w_ram w)) w.

    Lemma word_store q j : word r q j = if (q =? t) && (j =? i) then wrap U64 x else word w q j.
    Proof. unfold word, r, set_ram, store_word; cbn. destruct (_ && _); reflexivity. Qed.

    (** The word adds no link to another table: walkers go nowhere new. *)
    Lemma store_walks :
      (forall h l fn t', w_walk w h l fn t -> index l fn = i -> next_table l (wrap U64 x) = Some t' ->
         w_walk w h (l + 1) fn t') ->
      forall h l fn q, w_walk (write_word B t i x w) h l fn q <-> w_walk w h l fn q.
    Proof.
      intros N h l fn q. split; [|intros H; apply walk_old; exact H]. revert h l fn q. cbn. apply walks_in; [auto| |].
      - intros h r0 fn S F. exact (c_walk B w Hs _ _ _ _ (walk_start B w h r0 fn S F)).
      - intros h l fn q t' W E. fold r in E. rewrite word_store in E.
        destruct ((q =? t) && (index l fn =? i)) eqn:D.
        + apply andb_true_iff in D as [D1 D2]. apply Z.eqb_eq in D1, D2. subst q. eauto.
        + apply (c_walk B w Hs). eapply walk_next; [apply walk_old, W|exact E].
    Qed.

    Lemma store_entries :
      (forall h l fn t', w_walk w h l fn t -> index l fn = i -> next_table l (wrap U64 x) = Some t' ->
         w_walk w h (l + 1) fn t') ->
      forall k h fn p, w_tlb (write_word B t i x w) k h fn p ->
        w_tlb w k h fn p \/
        exists l, w_walk w h l fn t /\ index l fn = i /\ leaf_page l (wrap U64 x) fn = Some p.
    Proof.
      intros N k h fn p [H|(l & q & W & E)]; [left; exact H|].
      apply (store_walks N) in W. fold r in E. rewrite word_store in E.
      destruct ((q =? t) && (index l fn =? i)) eqn:D.
      - apply andb_true_iff in D as [D1 D2]. apply Z.eqb_eq in D1, D2. subst q. right; eauto.
      - left. apply (c_tlb B w Hs). right. exists l, q. split; [apply walk_old, W|exact E].
    Qed.

    Lemma store_keeps k h fn p : w_tlb w k h fn p -> w_tlb (write_word B t i x w) k h fn p.
    Proof. intros H; left; exact H. Qed.
  End Settle.

  (** Changing pages that no walker uses changes nothing for walkers. *)
  Lemma ram_walks w r : settled B w ->
    (forall t i, used w t -> r t i = w_ram w t i) ->
    (forall h l fn t, walks B (set_ram r w) h l fn t <-> w_walk w h l fn t) /\
    (forall k h fn p, entries B (set_ram r w) k h fn p <-> w_tlb w k h fn p).
  Proof.
    intros S E.
    assert (Ew : forall h l fn t i, w_walk w h l fn t -> word (set_ram r w) t i = word w t i).
    { intros h l fn t i W. unfold word; cbn. rewrite E by (exists h, l, fn; exact W). reflexivity. }
    assert (A : forall h l fn t, walks B (set_ram r w) h l fn t -> w_walk w h l fn t).
    { apply walks_in; [auto| |].
      - intros h r0 fn S0 F. exact (c_walk B w S _ _ _ _ (walk_start B w h r0 fn S0 F)).
      - intros h l fn t t' W N. rewrite (Ew _ _ _ _ _ W) in N.
        apply (c_walk B w S). eapply walk_next; [apply walk_old, W|exact N]. }
    split; intros; split; [apply A|intros H; apply walk_old; exact H| |intros H; left; exact H].
    intros [H|(l & t & W & L)]; [exact H|]. apply A in W. rewrite (Ew _ _ _ _ _ W) in L.
    apply (c_tlb B w S). right. exists l, t. split; [apply walk_old, W|exact L].
  Qed.

  (** Invalidation only takes away. *)
  Lemma drop_walks w v : settled B w ->
    forall h l fn t, walks B (drop_vmid v w) h l fn t -> w_walk w h l fn t.
  Proof.
    intros S. apply walks_in; [intros ? ? ? ? []; assumption| |].
    - intros h r0 fn S0 F. exact (c_walk B w S _ _ _ _ (walk_start B w h r0 fn S0 F)).
    - intros h l fn t t' W N. apply (c_walk B w S). eapply walk_next; [apply walk_old, W|exact N].
  Qed.

  Lemma drop_entries w v : settled B w ->
    forall k h fn p, entries B (drop_vmid v w) k h fn p -> w_tlb w k h fn p.
  Proof.
    intros S k h fn p [[_ H]|(l & t & W & L)]; [exact H|]. apply (c_tlb B w S). right.
    exists l, t. split; [apply walk_old, (drop_walks w v S), W|exact L].
  Qed.

  (** ... of its own VMID. *)
  Lemma drop_others w v h : h <> v ->
    (forall l fn t, w_walk w h l fn t -> w_walk (invalidate B v w) h l fn t) /\
    (forall k fn p, w_tlb w k h fn p -> w_tlb (invalidate B v w) k h fn p).
  Proof.
    intros N. split; intros; cbn; [apply walk_old|left]; cbn; auto.
  Qed.

  (** Nothing is left of a VMID that cannot start. *)
  Lemma drop_dead w v : (forall r, ~ starts B w v r) ->
    (forall l fn t, ~ walks B (drop_vmid v w) v l fn t) /\
    (forall k fn p, ~ entries B (drop_vmid v w) k v fn p).
  Proof.
    intros D.
    assert (A : forall h l fn t, walks B (drop_vmid v w) h l fn t -> h <> v).
    { apply walks_in; [intros ? ? ? ? []; assumption| |auto].
      intros h r fn S _ ->. apply (D r). exact S. }
    split; [intros l fn t W; exact (A _ _ _ _ W eq_refl)|].
    intros k fn p [[H _]|(l & t & W & _)]; [auto|exact (A _ _ _ _ W eq_refl)].
  Qed.

  (** Pages in use as tables are out of everybody's reach. *)
  Lemma table_unreached w h l fn t : (forall p, b_dev B p -> ~ is_ram B p) -> secure B w ->
    w_walk w h l fn t -> ~ reached w t.
  Proof.
    intros Hd S W (h' & k & fn' & R). pose proof (s_walk B w S _ _ _ _ W) as [Rt K].
    pose proof (s_tlb B w S _ _ _ _ R) as A. unfold allowed, hosts in A.
    unfold PG_CORE, PG_HOST, PG_PINNED, PG_LENT, PG_VM, PG_VMCORE in *.
    destruct (h =? 0), (h' =? 0).
    all: try (destruct A as [_ [[_ A]|A]]; [lia|exact (Hd _ A Rt)]).
    all: destruct A as [_ A]; lia.
  Qed.
End Facts.

(** ** Pages that CPUs have *)
Definition housed (w : world) (p : Z) : Prop :=
  (exists c, 0 <= c < 8 /\ p = host_ctx w c) \/
  exists h i, token w h i <> 0 /\ (p = vcpu_run w h i \/ protected w h /\ p = vcpu_ctx w h i).

Lemma inhabited_housed w p : inhabited w p -> housed w p.
Proof.
  intros [[(c & R & E)|(h & i & T & P & _ & E)]|(h & i & T & E)]; [left; eauto|right; eauto 6|right; eauto 6].
Qed.
Lemma in_use_inhabited w p : in_use w p -> inhabited w p.
Proof. left. assumption. Qed.

Section Seats.
  Variable B : board.

  (** Their states say so. *)
  Lemma housed_kind w p : seats B w -> housed w p -> is_ram B p /\
    (kind (state w p) = PG_CORE \/ kind (state w p) = PG_PINNED \/ kind (state w p) = PG_CTX).
  Proof.
    intros S [(c & R & ->)|(h & i & T & [->|(P & ->)])].
    - destruct (st_host B w S c R). auto.
    - destruct (st_run B w S h i T) as (R & K & _). auto.
    - destruct (st_ctx B w S h i T P) as (R & K & _). auto.
  Qed.
  Lemma in_use_kind w p : seats B w -> in_use w p -> is_ram B p /\
    (kind (state w p) = PG_CORE \/ kind (state w p) = PG_CTX).
  Proof.
    intros S [(c & R & ->)|(h & i & T & P & _ & ->)].
    - destruct (st_host B w S c R). auto.
    - destruct (st_ctx B w S h i T P) as (R & K & _). auto.
  Qed.

  (** What they depend on. *)
  Lemma seats_same a b : seats B a ->
    (forall c, host_ctx b c = host_ctx a c) ->
    (forall h i, token b h i <> 0 -> token a h i <> 0 /\ vcpu_run b h i = vcpu_run a h i /\
      vcpu_ctx b h i = vcpu_ctx a h i /\ (protected b h <-> protected a h)) ->
    (forall p, housed a p -> state b p = state a p) ->
    (forall c h l fn, 0 <= c < 8 -> w_walk b h l fn (host_ctx a c) -> w_walk a h l fn (host_ctx a c)) -> seats B b.
  Proof.
    intros S Ec Et Es Ew. constructor.
    - intros c R. rewrite Ec, Es by (left; eauto). apply (st_host B a S c R).
    - intros c d. rewrite !Ec. apply (st_hosts B a S).
    - intros c h l fn R. rewrite Ec. intros W. exact (st_walk B a S c h l fn R (Ew _ _ _ _ R W)).
    - intros h i T. destruct (Et h i T) as (Ta & -> & _). rewrite Es by (right; eauto 6). apply (st_run B a S h i Ta).
    - intros h i T P. destruct (Et h i T) as (Ta & _ & -> & Ep). apply Ep in P. rewrite Es by (right; eauto 8).
      apply (st_ctx B a S h i Ta P).
    - intros h i T P. destruct (Et h i T) as (Ta & -> & -> & Ep). apply (st_normal B a S h i Ta). intros X. apply P, Ep, X.
    - intros h i j Ti Tj P. destruct (Et h i Ti) as (Tia & _ & -> & Ep). destruct (Et h j Tj) as (Tja & _ & -> & _).
      apply (st_ctxs B a S h i j Tia Tja), Ep, P.
  Qed.

  (** Objects and states are the same, and walks. *)
  Lemma seats_ram a b : seats B a -> w_mem b = w_mem a -> w_meta b = w_meta a ->
    (forall h l fn t, w_walk b h l fn t -> w_walk a h l fn t) -> seats B b.
  Proof.
    intros S Em Es Ew. apply (seats_same a); [exact S|..].
    - intros c. unfold host_ctx. rewrite Em. reflexivity.
    - intros h i. unfold token, vcpu_run, vcpu_ctx, protected. rewrite Em. tauto.
    - intros p _. unfold state. rewrite Es. reflexivity.
    - intros c h l fn _. apply Ew.
  Qed.

  (** A store to an object that they do not depend on; a page that nobody has. *)
  Definition seat_cells : list ident :=
    ["pcpu.host_ctx"; loaded_cell; "vcpus.run_pfn"; "vcpus.ctx_pfn"; "vms.is_protected"].
  Lemma seats_set_mem w m : seats B w -> (forall c ix, In c seat_cells -> m (c, ix) = w_mem w (c, ix)) ->
    seats B (set_mem m w).
  Proof.
    intros S E. apply (seats_same w); [exact S|..].
    - intros c. unfold host_ctx. cbn. rewrite E by (left; reflexivity). reflexivity.
    - intros h i. unfold token, vcpu_run, vcpu_ctx, protected. cbn. rewrite !E by (cbn; tauto). tauto.
    - reflexivity.
    - auto.
  Qed.
  Lemma seats_set_meta w p s : seats B w -> ~ housed w p -> seats B (set_meta p s w).
  Proof.
    intros S N. apply (seats_same w); [exact S|reflexivity|tauto| |auto].
    intros q H. unfold state. cbn. destruct (Z.eqb_spec q p) as [->|]; [contradiction|reflexivity].
  Qed.
End Seats.


(** The same objects, states and walks. *)
Ltac same_seats S := apply (seats_ram _ _ _ S); [reflexivity|reflexivity|intros; assumption].
