(** * Events under the invariant

    One lemma for each way in which the code changes the world: what has to be shown, and that the
    invariant holds afterwards. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Sem Memory Bits Wp Rules.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Ltac pg := unfold hosts, PG_CORE, PG_HOST, PG_PINNED, PG_LENT, PG_VM, PG_VMCORE, PG_CTX in *.

Section Steps.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma ram_range p : is_ram B p -> 0 <= p < 2 ^ 28.
  Proof. intros (i & I & R). pose proof (bo_region B HB i I). lia. Qed.

  (** ** Objects *)
  Lemma constant_other w c ix v : class_of c <> Constant -> constants B w ->
    constants B (set_mem (upd (w_mem w) (c, ix) v) w).
  Proof.
    intros N K.
    assert (E : forall d jx, In d constant_cells -> upd (w_mem w) (c, ix) v (d, jx) = w_mem w (d, jx)).
    { intros d jx I. apply upd_name. destruct (String.eqb_spec c d) as [->|]; [|reflexivity].
      destruct N. unfold class_of. rewrite (proj2 (existsb_exists _ _)); [reflexivity|].
      exists d. split; [exact I|apply String.eqb_refl]. }
    destruct K. constructor; cbn; intros; unfold host_ctx; cbn; rewrite ?E; auto; cbn; try tauto.
    apply k_ctx; assumption.
  Qed.

  (** ** Pages that CPUs have: what is not one of them *)
  Definition seat_cell (c : ident) : bool := existsb (String.eqb c) seat_cells.

  Lemma seats_write w c ix v : seat_cell c = false -> seats B w -> seats B (set_mem (upd (w_mem w) (c, ix) v) w).
  Proof.
    intros N S. apply seats_set_mem; [exact S|]. intros d jx I. apply upd_name. destruct (String.eqb_spec c d) as [->|]; [|reflexivity].
    unfold seat_cell in N. rewrite (proj2 (existsb_exists _ _)) in N; [discriminate N|]. exists d. split; [exact I|apply String.eqb_refl].
  Qed.

  Lemma vmcore_free w p : seats B w -> kind (state w p) = PG_VMCORE -> ~ inhabited w p.
  Proof. intros S K X. apply inhabited_housed, (housed_kind B w p S) in X as [_ X]. pg; lia. Qed.
  Lemma unhoused w p : seats B w -> kind (state w p) <> PG_CORE -> kind (state w p) <> PG_PINNED ->
    kind (state w p) <> PG_CTX -> ~ housed w p.
  Proof. intros S K1 K2 K3 X. apply (housed_kind B w p S) in X as [_ X]. tauto. Qed.
  Lemma unused_kind w p : seats B w -> kind (state w p) <> PG_CORE -> kind (state w p) <> PG_CTX -> ~ in_use w p.
  Proof. intros S K1 K2 X. apply (in_use_kind B w p S) in X as [_ X]. tauto. Qed.

  Lemma inv_write_cell w c ix v : class_of c <> Constant -> steers_walks c = false ->
    seats B (set_mem (upd (w_mem w) (c, ix) v) w) -> inv B w -> inv B (write_cell B (c, ix) v w).
  Proof.
    intros N S St I. unfold write_cell; cbn [fst]. rewrite S.
    unfold steers_walks in S. apply orb_false_iff in S as [S1 S2].
    assert (L : forall h, vm_state (set_mem (upd (w_mem w) (c, ix) v) w) h = vm_state w h).
    { intros h. unfold vm_state; cbn. rewrite upd_name by exact S1. reflexivity. }
    assert (R : forall h, vm_root (set_mem (upd (w_mem w) (c, ix) v) w) h = vm_root w h).
    { intros h. unfold vm_root; cbn. rewrite upd_name by exact S2. reflexivity. }
    destruct I. constructor; try assumption.
    - assert (A : forall h l fn t, walks B (set_mem (upd (w_mem w) (c, ix) v) w) h l fn t -> w_walk w h l fn t).
      { apply walks_in; [auto| |].
        - intros h r fn [[-> ->]|[L1 ->]] F; apply (c_walk B w i_settled), walk_start; auto; [left; auto|].
          right. unfold live in *. rewrite L in L1. rewrite R. auto.
        - intros h l fn t t' W E. apply (c_walk B w i_settled). eapply walk_next; [apply walk_old, W|exact E]. }
      split; [exact A|]. intros k h fn p [H|(l & t & W & E)]; [exact H|].
      apply (c_tlb B w i_settled). right. exists l, t. split; [apply walk_old, A, W|exact E].
    - destruct i_secure. split; assumption.
    - apply constant_other; assumption.
    - intros h H D. apply i_dead; [exact H|]. unfold live in *. rewrite L in D. exact D.
  Qed.

  Lemma evolves_write_cell w c ix v cells : steers_walks c = false ->
    existsb (String.eqb c) cells = true -> evolves B cells no_page w (write_cell B (c, ix) v w).
  Proof.
    intros S I. unfold write_cell; cbn [fst]. rewrite S. constructor; try reflexivity.
    intros d jx N. cbn. apply upd_name. destruct (String.eqb_spec c d) as [->|]; [congruence|reflexivity].
  Qed.

  (** ** Page states *)
  Lemma inv_set_meta w p s : inv B w -> is_ram B p -> kind (state w p) <> PG_CORE ->
    (forall k h fn, w_tlb w k h fn p -> allowed B (set_meta p s w) h fn p) ->
    ~ used w p -> ~ housed w p -> inv B (set_meta p s w).
  Proof.
    intros I R NC A U Hs.
    assert (E : forall q, q <> p -> state (set_meta p s w) q = state w q).
    { intros q N. unfold state; cbn. destruct (Z.eqb_spec q p); [contradiction|reflexivity]. }
    assert (Eh : forall l fn, host_has B l fn -> host_table B l fn <> p).
    { intros l fn H <-. apply NC. apply (i_core B w I l fn H). }
    destruct I. constructor; try assumption.
    - destruct i_settled as [S1 S2]. split.
      + intros h l fn t W. apply S1. revert W. apply walks_in;
          [exact (walk_old B w)|exact (walk_start B w)|exact (walk_next B w)].
      + intros k h fn q [H|(l & t & W & L)]; [exact H|]. apply S2. right. exists l, t. split; [|exact L].
        revert W. apply walks_in; [exact (walk_old B w)|exact (walk_start B w)|exact (walk_next B w)].
    - destruct i_secure as [S1 S2]. split.
      + intros k h fn q T. destruct (Z.eq_dec q p) as [->|N]; [eauto|].
        specialize (S1 _ _ _ _ T). unfold allowed in *. rewrite (E q N). exact S1.
      + intros h l fn t W. assert (N : t <> p) by (intros ->; apply U; exists h, l, fn; exact W).
        specialize (S2 _ _ _ _ W). unfold table_page in *. rewrite (E t N). exact S2.
      + apply seats_set_meta; assumption.
    - destruct i_constants. constructor; assumption.
    - intros l fn H. rewrite (E _ (Eh l fn H)). apply i_core, H.
  Qed.

  Lemma evolves_set_meta w p s (P : Z -> Prop) cells : P p -> evolves B cells P w (set_meta p s w).
  Proof.
    intros I. constructor; try reflexivity.
    intros q N. cbn. destruct (Z.eqb_spec q p) as [->|]; [contradiction|reflexivity].
  Qed.

  (** ** Pages that nobody uses *)
  Lemma inv_tables w r : inv B w ->
    (forall t i, used w t \/ (exists l fn, host_has B l fn /\ t = host_table B l fn) -> r t i = w_ram w t i) ->
    inv B (settle B (set_ram r w)).
  Proof.
    intros I E. destruct (ram_walks B w r (i_settled B w I)) as [A T]; [auto|].
    destruct I. constructor.
    - apply settle_settled.
    - destruct i_secure as [S1 S2 S3]. split; cbn; intros; [apply T in H; eauto|apply A in H; eauto|].
      apply (seats_ram B w); [exact S3|reflexivity|reflexivity|]. intros h l fn t W. apply A, W.
    - destruct i_constants. constructor; assumption.
    - intros fn F. unfold word; cbn. rewrite E; [apply i_level1, F|right].
      assert (H : host_has B 1 fn) by (split; [exact F|tauto]). exists 1, fn. split; [exact H|reflexivity].
    - assumption.
    - intros l fn t W. cbn in W. apply A in W. auto.
    - intros h H D. destruct (i_dead h H D) as [D1 D2].
      split; cbn; intros; intro K; [apply A in K; eapply D1|apply T in K; eapply D2]; exact K.
  Qed.

  Lemma inv_ram w r : inv B w ->
    (forall t i, used w t \/ is_ram B t /\ kind (state w t) = PG_CORE -> r t i = w_ram w t i) ->
    inv B (settle B (set_ram r w)).
  Proof.
    intros I E. apply inv_tables; [exact I|]. intros t i [U|(l & fn & H & ->)]; apply E; [left; exact U|right].
    split; [apply (bo_tables B HB l fn H)|apply (i_core B w I l fn H)].
  Qed.

  Lemma evolves_ram w r P : inv B w ->
    (forall t i, used w t \/ is_ram B t /\ kind (state w t) = PG_CORE -> r t i = w_ram w t i) ->
    (forall t i, ~ P t -> is_ram B t -> kind (state w t) = PG_VMCORE -> r t i = w_ram w t i) ->
    evolves B [] P w (settle B (set_ram r w)).
  Proof.
    intros I E V. destruct (ram_walks B w r (i_settled B w I)) as [A T]; [auto|].
    constructor; try reflexivity; cbn; auto.
  Qed.

  Lemma zero_same w p : isolated w p -> kind (state w p) <> PG_CORE ->
    forall t i, used w t \/ is_ram B t /\ kind (state w t) = PG_CORE ->
      store_page p (fun _ => 0) (w_ram w) t i = w_ram w t i.
  Proof.
    intros [_ U] K t i H. unfold store_page. destruct (Z.eqb_spec t p) as [->|]; [|reflexivity].
    destruct H as [H|[_ H]]; contradiction.
  Qed.

  Lemma inv_zero w p : inv B w -> isolated w p -> kind (state w p) <> PG_CORE -> inv B (zero_page B p w).
  Proof. intros I Is K. apply inv_ram; [exact I|]. apply zero_same; assumption. Qed.

  Lemma evolves_zero w p (P : Z -> Prop) : inv B w -> isolated w p -> kind (state w p) <> PG_CORE -> P p ->
    evolves B [] P w (zero_page B p w).
  Proof.
    intros I Is K H. apply evolves_ram; [exact I|apply zero_same; assumption|].
    intros t i N _ _. unfold store_page. destruct (Z.eqb_spec t p) as [->|]; [contradiction|reflexivity].
  Qed.

  Lemma zero_isolated w p q : inv B w -> isolated w p -> kind (state w p) <> PG_CORE -> isolated w q ->
    isolated (zero_page B p w) q.
  Proof.
    intros I Is K [R U].
    destruct (ram_walks B w (store_page p (fun _ => 0) (w_ram w)) (i_settled B w I)) as [A T].
    { intros t i H. apply zero_same; auto. }
    split; [intros (h & k & fn & H)|intros (h & l & fn & H)].
    - apply T in H. apply R. exists h, k, fn; exact H.
    - apply A in H. apply U. exists h, l, fn; exact H.
  Qed.

  Lemma zero_zeroed w p : zeroed (zero_page B p w) p.
  Proof. intros i Hi. unfold word; cbn. unfold store_page. rewrite Z.eqb_refl. reflexivity. Qed.

  Lemma kept_unreached w t : inv B w -> is_ram B t ->
    kind (state w t) = PG_CORE \/ kind (state w t) = PG_VMCORE \/ kind (state w t) = PG_CTX -> ~ reached w t.
  Proof.
    intros I R K (h & k & fn & T). pose proof (s_tlb B w (i_secure B w I) _ _ _ _ T) as A.
    unfold allowed in A. destruct (Z.eqb_spec h 0); [|pg; lia].
    destruct A as [_ [[_ A]|A]]; [pg; lia|exact (bo_dev B HB _ A R)].
  Qed.

  Lemma core_unreached w t : inv B w -> is_ram B t -> kind (state w t) = PG_CORE \/ kind (state w t) = PG_VMCORE ->
    ~ reached w t.
  Proof. intros I R K. apply kept_unreached; tauto. Qed.

  Lemma used_unreached w t : inv B w -> used w t -> ~ reached w t.
  Proof.
    intros I (h & l & fn & W). eapply table_unreached; [apply (bo_dev B HB)|apply (i_secure B w I)|exact W].
  Qed.

  Lemma table_free w t : inv B w -> used w t \/ (exists l fn, host_has B l fn /\ t = host_table B l fn) -> ~ inhabited w t.
  Proof.
    intros I H X. apply inhabited_housed in X. pose proof (s_seats B w (i_secure B w I)) as S.
    assert (C : forall c, 0 <= c < 8 -> t <> host_ctx w c).
    { intros c R ->. destruct H as [(h & l & fn & W)|(l & fn & H & E)]; [exact (st_walk B w S c h l fn R W)|].
      exact (k_ctx B w (i_constants B w I) c l fn R H (eq_sym E)). }
    assert (K : kind (state w t) = PG_CORE \/ kind (state w t) = PG_VMCORE).
    { destruct H as [(h & l & fn & W)|(l & fn & H & ->)]; [|left; apply (i_core B w I l fn H)].
      destruct (s_walk B w (i_secure B w I) _ _ _ _ W) as [_ K]. destruct (h =? 0); [left; exact K|right; apply K]. }
    destruct X as [(c & R & E)|(h & i & T & [E|(P & E)])]; [exact (C c R E)|subst t..].
    - destruct (st_run B w S h i T) as (_ & X & _). pg; lia.
    - destruct (st_ctx B w S h i T P) as (_ & X & _). pg; lia.
  Qed.

  (** The tables that KCore's code uses. *)
  Lemma ours_free w t : seats B w -> ours B w t -> ~ inhabited w t.
  Proof.
    intros S [R [[K N]|K]] X; [|exact (vmcore_free w t S K X)]. destruct X as [X|(h & i & T & X)]; [exact (N X)|].
    destruct (st_run B w S h i T) as (_ & Y & _). rewrite <- X in Y. pg; lia.
  Qed.
  Lemma ours_kind w t : ours B w t -> is_ram B t /\ (kind (state w t) = PG_CORE \/ kind (state w t) = PG_VMCORE).
  Proof. intros [R [[K _]|K]]; auto. Qed.

  Lemma inv_interference w w0 : inv B w -> interference w w0 -> inv B w0.
  Proof.
    intros I (r & -> & E).
    assert (Er : forall t i, used w t \/ (exists l fn, host_has B l fn /\ t = host_table B l fn) -> r t i = w_ram w t i).
    { intros t i H. apply E; [|apply table_free; assumption]. destruct H as [U|(l & fn & H & ->)]; [apply used_unreached; assumption|].
      apply core_unreached; [exact I|apply (bo_tables B HB l fn H)|left; apply (i_core B w I l fn H)]. }
    destruct (inv_tables w r I Er) as [J1 J2 J3 J4 J5 J6 J7].
    destruct (ram_walks B w r (i_settled B w I)) as [A T]; [auto|].
    destruct I. constructor; try assumption.
    - split; [intros h l fn t W; apply A, W|intros k h fn p H; apply T, H].
    - destruct i_secure as [S1 S2 S3]. split; [assumption..|same_seats S3].
    - destruct i_constants. constructor; assumption.
  Qed.

  Lemma evolves_interference w w0 : inv B w -> interference w w0 -> evolves B [] no_page w w0.
  Proof.
    intros I (r & -> & E). constructor; try reflexivity.
    intros q i _ R K. apply E; [apply core_unreached; auto|].
    apply vmcore_free; [apply (s_seats B w (i_secure B w I))|exact K].
  Qed.

  (** ** Invalidation *)
  Lemma inv_invalidate w v : inv B w -> inv B (invalidate B v w).
  Proof.
    intros I. pose proof (drop_walks B w v (i_settled B w I)) as A.
    pose proof (drop_entries B w v (i_settled B w I)) as T.
    destruct I. constructor; try assumption.
    - apply settle_settled.
    - destruct i_secure as [S1 S2 S3]. split; cbn; intros; [apply T in H; eauto|apply A in H; eauto|].
      apply (seats_ram B w); [exact S3|reflexivity|reflexivity|]. intros h l fn t W. apply A, W.
    - destruct i_constants. constructor; assumption.
    - intros l fn t W. apply A in W. auto.
    - intros h H D. destruct (i_dead h H D) as [D1 D2].
      split; intros; intro K; [apply A in K; eapply D1|apply T in K; eapply D2]; exact K.
  Qed.

  (** ** KServ's tables *)
  Definition host_ok (w : world) (p : Z) : Prop := is_ram B p /\ hosts (state w p) \/ b_dev B p.

  (** A walker at KServ's table [t] is KServ's, and where [t] has its place. *)
  Lemma host_walker w l fn h l' fn' : inv B w -> host_has B l fn ->
    w_walk w h l' fn' (host_table B l fn) ->
    h = 0 /\ l' = l /\ 0 <= fn' < 2 ^ 28 /\ fn / 2 ^ (9 * (4 - l)) = fn' / 2 ^ (9 * (4 - l)).
  Proof.
    intros I H W. destruct (Z.eq_dec h 0) as [->|N].
    - destruct (i_place B w I _ _ _ W) as [H' E]. destruct (bo_single B HB _ _ _ _ H H' E) as [-> E'].
      destruct H' as [F _]. auto.
    - pose proof (s_walk B w (i_secure B w I) _ _ _ _ W) as [_ K]. pose proof (i_core B w I _ _ H) as K'.
      destruct (Z.eqb_spec h 0); [contradiction|]. pg; lia.
  Qed.

  Lemma same_frames l fn fn' : 1 <= l <= 3 -> 0 <= fn -> 0 <= fn' ->
    fn / 2 ^ (9 * (4 - l)) = fn' / 2 ^ (9 * (4 - l)) -> index l fn' = index l fn ->
    fn' / 2 ^ (9 * (3 - l)) = fn / 2 ^ (9 * (3 - l)).
  Proof.
    intros L F F' E D. unfold index in D.
    assert (P : 2 ^ (9 * (4 - l)) = 2 ^ (9 * (3 - l)) * 512).
    { replace (9 * (4 - l)) with (9 * (3 - l) + 9) by lia. rewrite Z.pow_add_r by lia. reflexivity. }
    assert (0 < 2 ^ (9 * (3 - l))) by (apply Z.pow_pos_nonneg; lia).
    rewrite P, <- !Z.div_div in E by lia.
    rewrite (Z.div_mod (fn' / 2 ^ (9 * (3 - l))) 512), (Z.div_mod (fn / 2 ^ (9 * (3 - l))) 512) by lia.
    rewrite <- E, D. reflexivity.
  Qed.

  Section HostStore.
    Variables (w : world) (l fn x : Z).
    Hypothesis I : inv B w.
    Hypothesis Hl : l = 2 \/ l = 3.
    Hypothesis Hh : host_has B l fn.
    Hypothesis Hx : in_ty U64 x.
    (** A leaf maps frames of KServ to themselves. *)
    Hypothesis Hleaf : forall fn' p, 0 <= fn' < 2 ^ 28 ->
      fn' / 2 ^ (9 * (3 - l)) = fn / 2 ^ (9 * (3 - l)) ->
      leaf_page l x fn' = Some p -> p = fn' /\ host_ok w p.
    (** A link is to the block's own table, which is filled. *)
    Hypothesis Hlink : forall t', next_table l x = Some t' ->
      l = 2 /\ b_has3 B (fn / 2 ^ 9) = true /\ t' = b_l3 B (fn / 2 ^ 9) /\
      forall fn' p, 0 <= fn' < 2 ^ 28 -> fn' / 2 ^ 9 = fn / 2 ^ 9 ->
        leaf_page 3 (word w t' (index 3 fn')) fn' = Some p -> p = fn' /\ host_ok w p.

    Let t := host_table B l fn.
    Let i := index l fn.
    Let r := set_ram (store_word t i x (w_ram w)) w.

    Lemma word_r q j : word r q j = if (q =? t) && (j =? i) then x else word w q j.
    Proof. unfold r. rewrite word_store, (wrap_small U64 x) by exact Hx. reflexivity. Qed.

    Definition newly (h l' fn' t' : Z) : Prop :=
      h = 0 /\ l' = 3 /\ host_has B 3 fn' /\ fn' / 2 ^ 9 = fn / 2 ^ 9 /\ l = 2 /\
      t' = b_l3 B (fn / 2 ^ 9) /\ next_table l x = Some t'.

    Lemma host_store_walks h l' fn' t' : walks B r h l' fn' t' -> w_walk w h l' fn' t' \/ newly h l' fn' t'.
    Proof.
      revert h l' fn' t'. apply walks_in.
      - intros; left; assumption.
      - intros h r0 fn' S F. left. exact (c_walk B w (i_settled B w I) _ _ _ _ (walk_start B w h r0 fn' S F)).
      - intros h l' fn' q t' [W|W] E.
        + rewrite word_r in E. destruct ((q =? t) && (index l' fn' =? i)) eqn:D.
          * apply andb_true_iff in D as [D1 D2]. apply Z.eqb_eq in D1, D2. subst q.
            destruct (host_walker w l fn h l' fn' I Hh W) as (-> & -> & F & P).
            destruct (Hlink _ E) as (L & H3 & -> & _). right.
            assert (Q : fn' / 2 ^ (9 * (3 - l)) = fn / 2 ^ (9 * (3 - l))).
            { apply same_frames; auto; [lia|destruct Hh; lia|lia]. }
            replace (9 * (3 - l)) with 9 in Q by lia.
            unfold newly.
            assert (H3' : host_has B 3 fn') by (split; [lia|right; right; rewrite Q; auto]).
            repeat match goal with |- _ /\ _ => split end; auto; lia.
          * left. apply (c_walk B w (i_settled B w I)). eapply walk_next; [apply walk_old, W|exact E].
        + destruct W as (_ & -> & _). discriminate E.
    Qed.

    Lemma host_store_entries k h fn' p : entries B r k h fn' p ->
      w_tlb w k h fn' p \/ h = 0 /\ p = fn' /\ host_ok w p.
    Proof.
      intros [H|(l' & q & W & L)]; [left; exact H|].
      destruct (host_store_walks _ _ _ _ W) as [W'|W'].
      - rewrite word_r in L. destruct ((q =? t) && (index l' fn' =? i)) eqn:D.
        + apply andb_true_iff in D as [D1 D2]. apply Z.eqb_eq in D1, D2. subst q.
          destruct (host_walker w l fn h l' fn' I Hh W') as (-> & -> & F & P). right.
          assert (Q : fn' / 2 ^ (9 * (3 - l)) = fn / 2 ^ (9 * (3 - l))).
          { apply same_frames; auto; [lia|destruct Hh; lia|lia]. }
          split; [reflexivity|]. eapply Hleaf; eassumption.
        + left. apply (c_tlb B w (i_settled B w I)). right. exists l', q. split; [apply walk_old, W'|exact L].
      - destruct W' as (-> & -> & H3 & Q & L2 & -> & N). right. split; [reflexivity|].
        destruct (Hlink _ N) as (_ & _ & _ & K). rewrite word_r in L.
        replace (b_l3 B (fn / 2 ^ 9) =? t) with false in L.
        + apply K; [apply H3|exact Q|exact L].
        + symmetry. apply Z.eqb_neq. intros Et.
          destruct (bo_single B HB 3 l fn' fn H3 Hh) as [Z3 _]; [|lia].
          unfold t in Et. rewrite <- Et. change (host_table B 3 fn') with (b_l3 B (fn' / 2 ^ 9)). rewrite Q. reflexivity.
    Qed.

    Lemma host_store_keeps h l' fn' t' : w_walk w h l' fn' t' -> walks B r h l' fn' t'.
    Proof. intros H. apply walk_old. exact H. Qed.

    Lemma host_store : inv B (write_word B t i x w) /\ evolves B [] no_page w (write_word B t i x w).
    Proof.
      assert (T2 : host_table B 1 0 <> t \/ True) by tauto.
      split.
      - constructor.
        + apply settle_settled.
        + split; cbn; intros.
          * destruct (host_store_entries _ _ _ _ H) as [T|(-> & -> & K)]; [apply (s_tlb B w (i_secure B w I) _ _ _ _ T)|].
            split; [reflexivity|exact K].
          * destruct (host_store_walks _ _ _ _ H) as [T|(-> & -> & H3 & Q & L2 & -> & N)];
              [apply (s_walk B w (i_secure B w I) _ _ _ _ T)|].
            replace (b_l3 B (fn / 2 ^ 9)) with (host_table B 3 fn0)
              by (change (host_table B 3 fn0) with (b_l3 B (fn0 / 2 ^ 9)); rewrite Q; reflexivity).
            split; [apply (bo_tables B HB _ _ H3)|exact (i_core B w I _ _ H3)].
          * apply (seats_same B w); [apply (s_seats B w (i_secure B w I))|reflexivity|tauto|reflexivity|].
            intros c h l' fn' R0 W. destruct (host_store_walks _ _ _ _ W) as [T|(_ & -> & H3 & Q & L2 & E & N)]; [exact T|].
            destruct (k_ctx B w (i_constants B w I) c 3 fn' R0 H3). rewrite E.
            change (host_table B 3 fn') with (b_l3 B (fn' / 2 ^ 9)). rewrite Q. reflexivity.
        + destruct (i_constants B w I). constructor; assumption.
        + intros fn' F. rewrite <- (i_level1 B w I fn' F). change (word r (b_root B + fn' / 2 ^ 27) (index 1 fn') =
            word w (b_root B + fn' / 2 ^ 27) (index 1 fn')). rewrite word_r.
          replace (_ =? t) with false; [reflexivity|]. symmetry. apply Z.eqb_neq. intros Et.
          assert (H1 : host_has B 1 fn') by (split; [exact F|tauto]).
          destruct (bo_single B HB 1 l fn' fn H1 Hh Et). lia.
        + exact (i_core B w I).
        + intros l' fn' q W. cbn in W. destruct (host_store_walks _ _ _ _ W) as [T|(_ & -> & H3 & Q & L2 & -> & N)];
            [apply (i_place B w I _ _ _ T)|].
          split; [exact H3|]. change (host_table B 3 fn') with (b_l3 B (fn' / 2 ^ 9)). rewrite Q. reflexivity.
        + intros h N D. destruct (i_dead B w I h N D) as [D1 D2].
          split; cbn; intros; intro K.
          * destruct (host_store_walks _ _ _ _ K) as [T|(Z0 & _)]; [exact (D1 _ _ _ T)|contradiction].
          * destruct (host_store_entries _ _ _ _ K) as [T|(Z0 & _)]; [exact (D2 _ _ _ T)|contradiction].
      - constructor; try reflexivity.
        + intros q j _ _ K. cbn. unfold store_word. replace (q =? t) with false; [reflexivity|].
          symmetry. apply Z.eqb_neq. intros ->. pose proof (i_core B w I _ _ Hh). fold t in H. pg; lia.
        + intros h l' fn' q N. cbn. split; [|apply host_store_keeps].
          intros K. destruct (host_store_walks _ _ _ _ K) as [T|(Z0 & _)]; [exact T|contradiction].
        + intros k h fn' p N. cbn. split; [|left; assumption].
          intros K. destruct (host_store_entries _ _ _ _ K) as [T|(Z0 & _)]; [exact T|contradiction].
    Qed.
  End HostStore.
End Steps.
