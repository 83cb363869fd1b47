(** * What the VMs' side keeps when neither tables nor pools change

    Like [Structure_Facts.sec_frame], for the moment in which a block has been taken out of a table and TLBs
    still hold it: [shape] says nothing of TLB entries.  And: how a descriptor is taken apart. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Structure_Frame Structure_Facts Structure_Steps Walk_Spec Walk_Facts Table_Spec Table_Facts Table_Store
  Table_Shape Table_Pool Attr_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Same.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma leaf_fit_same fz w w' h fn l d : w_meta w' = w_meta w -> (live w' h -> live w h) -> (protected w' h -> protected w h) ->
    leaf_fit B fz w h fn l d -> leaf_fit B fz w' h fn l d.
  Proof.
    intros M Lv Pr []. assert (S : forall p, state w' p = state w p) by (intros p; unfold state; rewrite M; reflexivity).
    constructor; intros; rewrite ?S; auto. intros X. apply (lf_block H H0), Pr, X.
  Qed.

  Lemma leaf_fit_zero fz w h fn l : leaf_fit B fz w h fn l 0.
  Proof. constructor; intros; auto; try (exfalso; lia); try discriminate. contradiction. Qed.

  Section Keep.
    Variables (fz : Z -> Z -> Prop) (L : Z -> list (Z * Z)) (w w' : world).
    Hypothesis Sh : shape B fz L w.
    Hypothesis C' : cs B w'.
    Hypothesis Em : w_mem w' = w_mem w.
    Hypothesis Et : w_meta w' = w_meta w.
    Hypothesis Ew : forall p i, is_ram B p -> kind (state w p) = PG_VMCORE -> word w' p i = word w p i.
    Hypothesis Fw : forall h l fn t, h <> 0 -> w_walk w' h l fn t -> w_walk w h l fn t.

    Lemma keep_views : views w w'.
    Proof. apply views_mem. intros c ix _. rewrite Em. reflexivity. Qed.

    Lemma keep_trees : same_trees w w'.
    Proof.
      pose proof keep_views as V. constructor.
      - intros h. apply (views_live _ _ _ V).
      - intros h. apply (views_rooted _ _ _ V).
      - intros h _. apply (v_root _ _ V).
      - intros h _. apply (v_prot _ _ V).
      - intros h l fn t i R F E _. apply (views_rooted _ _ _ V) in R.
        destruct (tree_page B HB fz w (sh_trees _ _ _ _ Sh) h l fn t R F E) as (_ & _ & Rt & Kt & _). auto.
    Qed.

    Lemma keep_leaves : same_leaves w w'.
    Proof.
      pose proof keep_views as V. pose proof keep_trees as Y. intros h l fn R F. apply (views_rooted _ _ _ V) in R.
      pose proof (same_table_at w w' Y h l fn R F) as A1. pose proof (same_leaf_at w w' Y h fn R F) as A2.
      rewrite (v_root _ _ V) in A1, A2. auto.
    Qed.

    Lemma keep_pool h l : live w h -> pool_of B w h l -> pool_of B w' h l.
    Proof.
      intros Lv Q. pose proof keep_views as V. apply pool_frame with w; auto.
      - exact keep_trees.
      - left. apply (views_live _ _ _ V), Lv.
      - unfold vm_pool. rewrite Em. reflexivity.
      - unfold vm_n_pool. rewrite Em. reflexivity.
      - intros p _. unfold state. rewrite Et. reflexivity.
      - intros p i I _. destruct (p_page _ _ _ _ Q p I) as [Rp Sp].
        destruct (vmcore_fields h _ (proj1 Lv) Sp) as (Kp & _). auto.
    Qed.

    Lemma keep_shape : shape B fz L w'.
    Proof.
      pose proof keep_views as V. pose proof keep_leaves as SL. pose proof (sh_trees _ _ _ _ Sh) as T.
      assert (S : forall p, state w' p = state w p) by (intros p; unfold state; rewrite Et; reflexivity).
      apply shape_change with fz w; auto.
      - constructor.
        + intros h R. rewrite (v_root _ _ V). apply (tr_root _ _ _ T), (views_rooted _ _ _ V), R.
        + intros h l fn t R F E. apply (views_rooted _ _ _ V) in R. rewrite (v_root _ _ V) in E.
          rewrite (proj1 (SL h l fn R F)) in E. rewrite S. exact (tr_page _ _ _ T h l fn t R F E).
        + intros h l l' fn fn' t R F F' E E'. apply (views_rooted _ _ _ V) in R. rewrite (v_root _ _ V) in E, E'.
          rewrite (proj1 (SL h l fn R F)) in E. rewrite (proj1 (SL h l' fn' R F')) in E'.
          exact (tr_single _ _ _ T h l l' fn fn' t R F F' E E').
        + intros h fn R F. apply (views_rooted _ _ _ V) in R. destruct (leaf_at w (vm_root w h) fn) as [l d] eqn:E.
          apply (fit_ok B (fz h) w' h fn l d).
          * rewrite (v_root _ _ V). rewrite (proj2 (SL h 1 fn R F)). exact E.
          * apply leaf_fit_same with w; auto; [apply (views_live _ _ _ V)|apply (v_prot _ _ V)|].
            apply (ok_fit _ _ _ _ _ _ _ E), (tr_leaf _ _ _ T h fn R F).
        + intros h l fn t N W. apply Fw in W; [|exact N]. destruct (tr_walk _ _ _ T h l fn t N W) as [F E]. split; [exact F|].
          assert (R : rooted w h) by (left; exact (walk_live B w h l fn t (cs_inv _ _ (sh_cs _ _ _ _ Sh)) N W)).
          rewrite (v_root _ _ V), (proj1 (SL h l fn R F)). exact E.
      - intros h Lv. apply (views_live _ _ _ V) in Lv. destruct (sh_pools _ _ _ _ Sh h Lv) as [l Q]. exists l. apply keep_pool; assumption.
      - intros h fn p R F N. apply (n_leaf _ _ (sh_lent _ _ _ _ Sh)); auto. unfold names in *.
        rewrite (v_root _ _ V), (proj2 (SL h 1 fn R F)) in N. exact N.
    Qed.

    Lemma keep_spare h p : live w h -> spare B w h p -> spare B w' h p.
    Proof.
      intros Lv [Rp Sp Tb Pl]. pose proof keep_views as V. assert (R : rooted w h) by (left; exact Lv). constructor; auto.
      - unfold state in *. rewrite Et. exact Sp.
      - intros l fn F. rewrite (v_root _ _ V), (proj1 (keep_leaves h l fn R F)). auto.
      - intros l Q' I. destruct (sh_pools _ _ _ _ Sh h Lv) as [l0 Q].
        rewrite (pool_unique B w' h l l0 Q' (keep_pool h l0 Lv Q)) in I. exact (Pl l0 Q I).
    Qed.
  End Keep.

  (** Entries name leaves that hold something. *)
  Lemma tlb_soft w k h fn p : tlb_ok w -> h <> 0 -> w_tlb w k h fn p -> soft (snd (leaf_at w (vm_root w h) fn)) <> 0.
  Proof.
    intros Ok N T. destruct (Ok k h fn p N T) as [_ [s Nm]]. unfold names in Nm.
    destruct (leaf_at w (vm_root w h) fn) as [l d]. cbn [snd]. destruct Nm as (-> & S & _). exact S.
  Qed.

  (** After an invalidation the entries of [h] come from leaves, whatever they came from before. *)
  Lemma invalidate_tlb fz L w h : shape B fz L w -> h <> 0 ->
    (forall k h' fn p, h' <> 0 -> h' <> h -> w_tlb w k h' fn p -> frame fn /\ exists s, names w h' fn s p) ->
    tlb_ok (invalidate B h w).
  Proof.
    intros Sh Nh H k h' fn p N T. pose proof (cs_inv _ _ (sh_cs _ _ _ _ Sh)) as I. pose proof (sh_trees _ _ _ _ Sh) as Tr.
    destruct (Z.eq_dec h' h) as [->|D]; [|exact (H k h' fn p N D (drop_entries B w h (i_settled B w I) _ _ _ _ T))].
    destruct T as [[X _]|(l & t & W & P)]; [destruct (X eq_refl)|].
    pose proof (drop_walks B w h (i_settled B w I) _ _ _ _ W) as W0.
    destruct (tr_walk _ _ _ Tr h l fn t N W0) as [F E]. split; [exact F|].
    change (word (drop_vmid h w) t (index l fn)) with (word w t (index l fn)) in P.
    destruct (leaf_page_at _ _ _ _ _ _ E P) as (A & V & Q). exists (soft (word w t (index l fn))).
    change (names (invalidate B h w) h fn) with (names w h fn). unfold names. rewrite A. split; [reflexivity|]. split; [|exact Q].
    intros S. pose proof (walk_live B w h l fn t I N W0) as R.
    destruct (l_none _ _ _ _ _ (tr_leaf _ _ _ Tr h fn (or_introl R) F) _ _ A S) as [D|[_ [D|D]]]; rewrite D in V; discriminate V.
  Qed.
End Same.

(** ** Taking a descriptor apart *)
Lemma desc_split d : in_ty U64 d -> output d < 2 ^ 28 ->
  attributes (desc_attr_of d) /\ d = output d * 4096 + desc_attr_of d + d mod 4.
Proof.
  intros U O. unfold desc_attr_of. change (d / 2 ^ 12 mod 2 ^ 28 * 2 ^ 12) with (d / 2 ^ 12 mod 2 ^ 28 * 4096).
  rewrite (pfn_output d O). split; [|lia]. unfold output in *. set (p := d / 4096 mod 2 ^ 36) in *.
  pose proof (Z.div_mod d 4096 ltac:(lia)) as E. pose proof (Z.mod_pos_bound d 4096 ltac:(lia)) as Lo.
  set (u := d / 4096) in *. set (lo := d mod 4096) in *.
  pose proof (Z.div_mod u (2 ^ 36) ltac:(lia)) as Eu. fold p in Eu. set (v := u / 2 ^ 36) in *.
  assert (M : d mod 4 = lo mod 4) by (unfold lo; clear; words).
  assert (A : d - p * 4096 - d mod 4 = v * 2 ^ 48 + (lo - lo mod 4)) by (rewrite M; clear - E Eu; lia).
  assert (Up : 0 <= p < 2 ^ 28) by (split; [apply Z.mod_pos_bound; lia|exact O]).
  assert (Uv : 0 <= v < 2 ^ 16) by (unfold in_ty, modulus in U; clearbody lo p v u; clear - U E Eu Up Lo; lia).
  rewrite A. clearbody lo v. clear - Lo Uv. unfold attributes. set (z := lo - lo mod 4).
  assert (Hz : 0 <= z < 4096 /\ z mod 4 = 0) by (unfold z; split; words). clearbody z.
  split; [lia|]. split.
  - destruct Hz as [_ Hz]. revert Hz. words.
  - replace ((v * 2 ^ 48 + z) / 2 ^ 12) with (v * 2 ^ 36).
    + apply Z.mod_mul. lia.
    + apply (Z.div_unique _ _ _ z); lia.
Qed.
