(** * A block becomes a table: the states on the way *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Structure_Frame Structure_Facts Structure_Steps Walk_Spec Walk_Facts Table_Spec Table_Facts Table_Store
  Table_Shape Table_Pool Table_Same Table_Link Attr_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** [refines] and [grows] *)
Lemma refines_same a b fn : b = a -> refines a b fn.
Proof. intros ->. repeat split; auto. Qed.
Lemma refines_trans a b c fn : refines a b fn -> refines b c fn -> refines a c fn.
Proof.
  intros (A1 & A2 & A3 & A4) (B1 & B2 & B3 & B4). repeat split; [congruence..| |].
  - intros S. rewrite B3 by congruence. auto.
  - intros S. rewrite B4 by congruence. auto.
Qed.
Lemma refines_zero l l' fn : refines (l, 0) (l', 0) fn.
Proof. repeat split; auto. intros N. destruct N. reflexivity. Qed.

Lemma grows_refl w : grows w w.
Proof. constructor; auto. Qed.
Lemma grows_trans a b c : grows a b -> grows b c -> grows a c.
Proof. intros [A1 A2 A3] [B1 B2 B3]. constructor; [congruence| |congruence]. intros. rewrite B2, A2; auto. Qed.
Lemma grows_mem w w' : w_held w' = w_held w -> w_mem w' = w_mem w -> w_meta w' = w_meta w -> grows w w'.
Proof. intros A1 A2 A3. constructor; auto. intros. rewrite A2. reflexivity. Qed.
Lemma grows_views w w' : grows w w' -> views w w'.
Proof.
  intros G. apply views_mem. intros c ix I. apply (g_mem _ _ G);
    intros ->; cbn in I; repeat destruct I as [I|I]; try discriminate I; contradiction.
Qed.

Lemma covered_2 fn fn' : covered 2 fn fn' <-> fn' / 512 = fn / 512.
Proof. reflexivity. Qed.
Lemma index_3 fn : index 3 fn = fn mod 512.
Proof. unfold index. change (2 ^ (9 * (3 - 3))) with 1. rewrite Z.div_1_r. reflexivity. Qed.

(** ** A block's pages *)
Definition split_page (d fn : Z) : Z := page_desc (output d + index 3 fn) (desc_attr_of d).

Lemma block_add p q : 0 <= p -> p < 2 ^ 28 -> p mod 512 = 0 -> 0 <= q < 512 -> 0 <= p + q < 2 ^ 28.
Proof. intros. words. Qed.

Lemma split_fields d fn : in_ty U64 d -> d mod 4 = 1 -> output d < 2 ^ 28 -> output d mod 512 = 0 ->
  in_ty U64 (split_page d fn) /\ split_page d fn mod 4 = 3 /\ output (split_page d fn) = output d + fn mod 512 /\
  soft (split_page d fn) = soft d.
Proof.
  intros U M O A. pose proof (output_range d) as Or. destruct (desc_split d U O) as [At E].
  assert (Hp : 0 <= output d + index 3 fn < 2 ^ 28).
  { rewrite index_3. apply block_add; [lia|exact O|exact A|apply Z.mod_pos_bound; lia]. }
  destruct (desc_fields (output d + index 3 fn) (desc_attr_of d) 3 Hp At ltac:(lia)) as (F1 & F2 & F3 & F4 & _).
  destruct (desc_fields (output d) (desc_attr_of d) (d mod 4) ltac:(lia) At ltac:(lia)) as (_ & _ & _ & G4 & _).
  rewrite <- E in G4. unfold split_page, page_desc. rewrite <- index_3. sp; auto. congruence.
Qed.

Lemma split_frame d fn : in_ty U64 d -> d mod 4 = 1 -> output d < 2 ^ 28 -> output d mod 512 = 0 ->
  leaf_frame 3 (split_page d fn) fn = leaf_frame 2 d fn.
Proof.
  intros U M O A. destruct (split_fields d fn U M O A) as (_ & _ & Eo & _). unfold leaf_frame, leaf_size.
  change (2 ^ (9 * (3 - 3))) with 1. change (2 ^ (9 * (3 - 2))) with 512. rewrite Eo, Z.div_1_r, Z.mul_1_r, Z.mod_1_r. words.
Qed.

Lemma split_refines d fn : in_ty U64 d -> d mod 4 = 1 -> output d < 2 ^ 28 -> output d mod 512 = 0 -> soft d <> 0 ->
  refines (2, d) (3, split_page d fn) fn.
Proof.
  intros U M O A S. destruct (split_fields d fn U M O A) as (_ & Ms & _ & Es). unfold refines; cbn [fst snd]. sp.
  - exact Es.
  - generalize dependent (split_page d fn). clear - M. intros. words.
  - intros; contradiction.
  - intros _. apply split_frame; assumption.
Qed.

Section Split.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma split_fit fz w h fn d : in_ty U64 d -> d mod 4 = 1 -> output d < 2 ^ 28 -> output d mod 512 = 0 -> soft d <> 0 ->
    leaf_fit B fz w h fn 2 d -> leaf_fit B fz w h fn 3 (split_page d fn).
  Proof.
    intros U M O A S []. destruct (split_fields d fn U M O A) as (_ & Ms & Eo & Es).
    pose proof (split_frame d fn U M O A) as Ef. pose proof (output_range d) as Or.
    constructor; rewrite ?Es, ?Ef; auto; try (intros; exfalso; lia); try contradiction.
    intros _. split; [left; exact Ms|]. rewrite Eo. unfold leaf_size. change (2 ^ (9 * (3 - 3))) with 1.
    split; [|apply Z.mod_1_r]. apply block_add; [lia|exact O|exact A|apply Z.mod_pos_bound; lia].
  Qed.

  (** Ready to link: the page [n] holds what is said of the block of [fn] in [w]; its descriptor is empty. *)
  Record ready (fz : Z -> Z -> Prop) (L : Z -> list (Z * Z)) (w : world) (h fn t n : Z) (x : world) : Prop := {
    rd_shape : shape B fz L x;
    rd_tlb : tlb_ok x;
    rd_spare : spare B x h n;
    rd_table : table_at x (vm_root x h) 2 fn = Some t;
    rd_zero : word x t (index 2 fn) = 0;
    rd_grows : grows w x;
    rd_fit : forall fn', covered 2 fn fn' -> let d := word x n (index 3 fn') in
      leaf_fit B (fz h) x h fn' 3 d /\ (soft d = 2 -> In (h, fn') (L (leaf_frame 3 d fn')));
    rd_here : forall fn', covered 2 fn fn' -> refines (leaf_at w (vm_root w h) fn') (3, word x n (index 3 fn')) fn';
    rd_out : forall h' fn', rooted w h' -> frame fn' -> ~ (h' = h /\ covered 2 fn fn') ->
      refines (leaf_at w (vm_root w h') fn') (leaf_at x (vm_root w h') fn') fn' }.

  Lemma ready_link fz L w h fn t n x : ready fz L w h fn t n x -> live w h -> frame fn ->
    let w' := write_word B t (index 2 fn) (table_desc n) x in
    sec B fz L w' /\ grows w w' /\ table_at w' (vm_root w h) 3 fn = Some n /\
    fst (leaf_at w' (vm_root w h) fn) = 3 /\
    forall h' fn', rooted w h' -> frame fn' ->
      refines (leaf_at w (vm_root w h') fn') (leaf_at w' (vm_root w h') fn') fn'.
  Proof.
    intros [Sh Ok Sp Ht Hz G Fit Here Out] Lv F w'. pose proof (grows_views _ _ G) as V.
    assert (Lx : live x h) by (apply (views_live _ _ _ V), Lv).
    destruct (link B HB fz L x h 2 fn t n Sh Ok Lx F (or_intror eq_refl) Ht Hz Sp) as (Sc & Tn & Lo & _ & Lh).
    - intros j Y. discriminate Y.
    - exact Fit.
    - fold w' in Sc, Tn, Lo, Lh. rewrite (v_root _ _ V) in Tn. split; [exact Sc|]. split; [|split; [exact Tn|split]].
      + apply grows_trans with x; [exact G|]. apply grows_mem; reflexivity.
      + destruct (Lh fn eq_refl) as [_ E]. rewrite (v_root _ _ V) in E. rewrite E. reflexivity.
      + intros h' fn' R' F'. destruct (Z.eq_dec h' h) as [->|N].
        * destruct (Z.eq_dec (fn' / 512) (fn / 512)) as [C|C].
          -- destruct (Lh fn' C) as [_ E]. rewrite (v_root _ _ V) in E. rewrite E. apply Here, C.
          -- assert (Nh : ~ (h = h /\ covered 2 fn fn')) by (intros [_ Y]; exact (C Y)).
             apply refines_trans with (leaf_at x (vm_root w h) fn'); [apply Out; assumption|]. apply refines_same.
             rewrite <- (v_root _ _ V). apply Lo; [apply (views_rooted _ _ _ V); exact R'|exact F'|exact Nh].
        * assert (Nh : ~ (h' = h /\ covered 2 fn fn')) by (intros [Y _]; exact (N Y)).
          apply refines_trans with (leaf_at x (vm_root w h') fn'); [apply Out; assumption|]. apply refines_same.
          rewrite <- (v_root _ _ V). apply Lo; [apply (views_rooted _ _ _ V); exact R'|exact F'|exact Nh].
  Qed.

  (** An empty table goes where nothing is. *)
  Lemma ready_empty fz L w h fn t n x : sec B fz L x -> live w h -> frame fn -> grows w x -> spare B x h n -> zeroed x n ->
    leaf_at x (vm_root w h) fn = (2, 0) -> table_at x (vm_root w h) 2 fn = Some t ->
    (forall h' fn', rooted w h' -> frame fn' -> refines (leaf_at w (vm_root w h') fn') (leaf_at x (vm_root w h') fn') fn') ->
    ready fz L w h fn t n x.
  Proof.
    intros Sc Lv F G Sp Z0 E Ht Rf. apply sec_shape in Sc as [Sh Ok]. pose proof (grows_views _ _ G) as V.
    assert (P : word x t (index 2 fn) = 0 /\ next_table 2 (word x t (index 2 fn)) = None).
    { pose proof (leaf_viewed x (vm_root w h) fn) as Vw. rewrite E in Vw. inversion Vw as [|t2 A2 A3 Md Q1|].
      rewrite Ht in A2. injection A2 as <-. rewrite Q1 in *. split; [reflexivity|]. apply next_table_not, Md. }
    destruct P as [Wz No]. assert (Zn : forall fn', word x n (index 3 fn') = 0) by (intros fn'; apply Z0, index_range).
    constructor; auto.
    - rewrite (v_root _ _ V). exact Ht.
    - intros fn' C. cbv zeta. rewrite Zn. split; [apply leaf_fit_zero|]. intros Y. discriminate Y.
    - intros fn' C. rewrite Zn. assert (R : rooted w h) by (left; exact Lv).
      apply refines_trans with (leaf_at x (vm_root w h) fn'); [apply Rf; [exact R|exact (covered_frame 2 fn fn' ltac:(lia) F C)]|].
      rewrite (leaf_old x (vm_root w h) 2 fn t ltac:(lia) Ht No fn' C), Wz. apply refines_zero.
  Qed.

  (** After the block has been taken out, and TLBs do not hold it any more. *)
  Lemma ready_block fz L w h fn t n d x y z0 z : sec B fz L x -> live w h -> frame fn -> grows w x -> spare B x h n ->
    leaf_at x (vm_root w h) fn = (2, d) -> table_at x (vm_root w h) 2 fn = Some t -> valid d ->
    (forall h' fn', rooted w h' -> frame fn' -> refines (leaf_at w (vm_root w h') fn') (leaf_at x (vm_root w h') fn') fn') ->
    (forall j, 0 <= j < 512 -> word x n j = page_desc (output d + j) (desc_attr_of d)) ->
    y = write_word B t (index 2 fn) 0 x -> interference y z0 -> inv B z0 -> z = invalidate B h z0 ->
    ready fz L w h fn t n z.
  Proof.
    intros Sc Lv F G Sp E Ht Vd Rf Wn Ey J Iz Ez. pose proof (grows_views _ _ G) as V.
    assert (Lx : live x h) by (apply (views_live _ _ _ V), Lv). assert (Rx : rooted x h) by (left; exact Lx).
    assert (R : rooted w h) by (left; exact Lv). assert (N0 : h <> 0) by (destruct Lv; lia).
    rewrite <- (v_root _ _ V) in E, Ht.
    destruct (unblock B HB fz L x h fn t d n Sc Lx F E Ht Sp) as (Sy & Spy & Wz & Wy & Ty & Ly & Lx2 & Fy).
    rewrite <- Ey in *. pose proof (s_tables _ _ _ _ Sc) as Tx.
    destruct (leaf_valid B fz x h Tx Rx fn 2 d F E Vd) as (S0 & M & O1 & O2). change (leaf_type 2) with 1 in M.
    change (leaf_size 2) with 512 in O2.
    assert (Ud : in_ty U64 d).
    { pose proof (leaf_viewed x (vm_root x h) fn) as Vw. rewrite E in Vw. inversion Vw. apply word_range. }
    pose proof (cs_inv _ _ (sh_cs _ _ _ _ Sy)) as Iy.
    destruct J as (r & Ez0 & Er).
    assert (Cz : cs B z) by (subst z z0; split; [apply inv_invalidate, Iz|apply (sh_cs _ _ _ _ Sy)]).
    assert (Mz : w_mem z = w_mem y /\ w_meta z = w_meta y /\ w_held z = w_held y) by (subst z z0; auto).
    destruct Mz as (Mz & Tz & Hz).
    assert (Wz' : forall p i, is_ram B p -> kind (state y p) = PG_VMCORE -> word z p i = word y p i).
    { intros p i Rp Kp. assert (X : word z p i = wrap U64 (r p i)) by (subst z z0; reflexivity). rewrite X.
      rewrite Er; [reflexivity|apply (core_unreached B HB); auto|].
      apply (vmcore_free B); [apply Iy|exact Kp]. }
    assert (Fz : forall h' l' fn' q, h' <> 0 -> w_walk z h' l' fn' q -> w_walk y h' l' fn' q).
    { intros h' l' fn' q _ W. subst z. apply (drop_walks B z0 h (i_settled B z0 Iz)) in W. subst z0. exact W. }
    pose proof (keep_shape B HB fz L y z Sy Cz Mz Tz Wz' Fz) as Sz.
    pose proof (keep_leaves B HB fz L y z Sy Mz Wz') as SL.
    assert (Eyx : w_mem y = w_mem x /\ w_meta y = w_meta x /\ w_held y = w_held x) by (rewrite Ey; auto).
    destruct Eyx as (My & Tyx & Hy). assert (Vyx : views x y) by (apply views_mem; intros c ix _; rewrite My; reflexivity).
    assert (Gz : grows w z).
    { apply grows_trans with x; [exact G|]. apply grows_mem; congruence. }
    pose proof (grows_views _ _ Gz) as Vz. pose proof (sp_ram _ _ _ _ Sp) as Rn.
    destruct (vmcore_fields h _ (proj1 Lv) (sp_state _ _ _ _ Spy)) as (Kn & _).
    assert (Wn' : forall fn', word z n (index 3 fn') = split_page d fn').
    { intros fn'. rewrite Wz' by assumption. rewrite Wy. unfold split_page. apply Wn, index_range. }
    destruct (tree_page B HB fz x (proj1 (proj1 (tables_trees _ _ _) Tx)) h 2 fn t Rx F Ht) as (_ & _ & Rt & Kt & _).
    assert (Lvy : live y h) by (apply (views_live _ _ _ Vyx), Lx).
    assert (Ok0 : tlb_ok z).
    { subst z. assert (Sz0 : shape B fz L z0).
      { apply (keep_shape B HB fz L y z0 Sy); [split; [exact Iz|subst z0; apply (sh_cs _ _ _ _ Sy)]|subst z0; reflexivity|
          subst z0; reflexivity| |subst z0; auto].
        intros p i Rp Kp. exact (Wz' p i Rp Kp). }
      apply (invalidate_tlb B fz L z0 h Sz0 N0). intros k h' fn' p N1 N2 Y.
      assert (Yy : w_tlb y k h' fn' p) by (subst z0; exact Y). apply Fy in Yy; [|exact N1].
      assert (Rx' : rooted x h') by (left; exact (tlb_live B x k h' fn' p (cs_inv _ _ (s_cs _ _ _ _ Sc)) N1 Yy)).
      destruct (t_tlb _ _ _ Tx k h' fn' p N1 Yy) as [F' [s Nm]]. split; [exact F'|]. exists s.
      assert (Ry' : rooted y h') by (apply (views_rooted _ _ _ Vyx), Rx').
      destruct (SL h' 1 fn' Ry' F') as [_ El]. unfold names in *.
      change (leaf_at z0 (vm_root z0 h') fn') with (leaf_at (invalidate B h z0) (vm_root (invalidate B h z0) h') fn').
      assert (Ro : vm_root (invalidate B h z0) h' = vm_root y h') by (unfold vm_root; rewrite Mz; reflexivity).
      rewrite Ro, El, (v_root _ _ Vyx), Ly; [exact Nm|exact Rx'|exact F'|]. intros [Q _]. exact (N2 Q). }
    constructor; auto.
    - apply (keep_spare B HB fz L y z Sy Mz Tz Wz' h n Lvy Spy).
    - assert (Ry : rooted y h) by (left; exact Lvy). rewrite (v_root _ _ Vz), <- (v_root _ _ V), <- (v_root _ _ Vyx).
      rewrite (proj1 (SL h 2 fn Ry F)), (v_root _ _ Vyx), Ty; assumption.
    - rewrite Wz'; [exact Wz|exact Rt|]. unfold state in *. rewrite Tyx. exact Kt.
    - intros fn' C. cbv zeta. rewrite Wn'. pose proof (covered_frame 2 fn fn' ltac:(lia) F C) as F'.
      pose proof (Lx2 fn' C) as E'. split.
      + apply split_fit; auto. apply leaf_fit_same with x; [congruence| | |].
        * intros Y. exact Lx.
        * intros Y. apply (v_prot _ _ Vyx). unfold protected in *. rewrite Mz in Y. exact Y.
        * apply (ok_fit _ _ _ _ _ _ _ E'), (t_leaf _ _ _ Tx h fn' Rx F').
      + destruct (split_fields d fn' Ud M O1 O2) as (_ & _ & _ & ->). rewrite split_frame by assumption. intros S2.
        apply (n_leaf _ _ (s_lent _ _ _ _ Sc) h fn'); auto. unfold names. rewrite E'. sp; auto. lia.
    - intros fn' C. rewrite Wn'. pose proof (covered_frame 2 fn fn' ltac:(lia) F C) as F'.
      apply refines_trans with (leaf_at x (vm_root w h) fn'); [apply Rf; assumption|].
      rewrite <- (v_root _ _ V), (Lx2 fn' C). apply split_refines; assumption.
    - intros h' fn' R' F' N. apply refines_trans with (leaf_at x (vm_root w h') fn'); [apply Rf; assumption|].
      apply refines_same. assert (Rx' : rooted x h') by (apply (views_rooted _ _ _ V), R').
      assert (Ry' : rooted y h') by (apply (views_rooted _ _ _ Vyx), Rx').
      rewrite <- (v_root _ _ V), <- (v_root _ _ Vyx), (proj2 (SL h' 1 fn' Ry' F')), (v_root _ _ Vyx). apply Ly; assumption.
  Qed.
End Split.
