(** * Stores into a VM's tables

    [Store]: one descriptor of a VM's tree is replaced, which is not a link, by a leaf or by a link to a
    table that nobody uses yet.  The machine stays secure, and exactly the leaves below that descriptor are
    new.  (The VMs' counterpart of [Steps.host_store].) *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Walk_Spec Walk_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Leaves *)
(** What [leaf_ok] says of the leaf of a frame, as a property of that leaf. *)
Record leaf_fit (B : board) (fz : Z -> Prop) (w : world) (h fn l d : Z) : Prop := {
  lf_top : l = 1 -> d = 0;
  lf_type : soft d <> 0 -> (d mod 4 = leaf_type l \/ d mod 4 = 0 /\ fz fn) /\ output d < 2 ^ 28 /\ output d mod leaf_size l = 0;
  lf_none : soft d = 0 -> d = 0 \/ l = 3 /\ (d = invalid_desc 1 \/ d = invalid_desc 2);
  lf_private : live w h -> soft d = 1 -> is_ram B (leaf_frame l d fn) /\ state w (leaf_frame l d fn) = mk_state PG_VM h fn;
  lf_lent : soft d = 2 -> is_ram B (leaf_frame l d fn) /\ kind (state w (leaf_frame l d fn)) = PG_LENT;
  lf_soft : soft d <> 3;
  lf_block : l = 2 -> soft d = 2 -> ~ protected w h }.

Lemma fit_ok B fz w h fn l d : leaf_at w (vm_root w h) fn = (l, d) -> leaf_fit B fz w h fn l d -> leaf_ok B fz w h fn.
Proof.
  intros E []. constructor; intros.
  - rewrite E in H. injection H as -> ->. auto.
  - rewrite E in H. injection H as <- <-. auto.
  - rewrite E in H. injection H as <- <-. auto.
  - unfold names in H0. rewrite E in H0. destruct H0 as (S & _ & <-). auto.
  - unfold names in H. rewrite E in H. destruct H as (S & _ & <-). auto.
  - rewrite E in H. injection H as <- <-. auto.
  - rewrite E in H. injection H as -> ->. auto.
Qed.

Lemma ok_fit B fz w h fn l d : leaf_at w (vm_root w h) fn = (l, d) -> leaf_ok B fz w h fn -> leaf_fit B fz w h fn l d.
Proof.
  intros E []. assert (N : forall s, s <> 0 -> soft d = s -> names w h fn s (leaf_frame l d fn)).
  { intros s Hs S. unfold names. rewrite E. auto. }
  constructor; intros.
  - subst l. auto.
  - eauto.
  - eauto.
  - apply l_private; [assumption|apply N; [lia|assumption]].
  - apply l_lent; apply N; [lia|assumption].
  - eauto.
  - subst l. eauto.
Qed.

Lemma leaf_page_frame l d fn p : l <= 3 -> leaf_page l d fn = Some p ->
  p = leaf_frame l d fn /\ d mod 4 = leaf_type l /\ next_table l d = None.
Proof.
  unfold leaf_page, leaf_frame, leaf_size, leaf_type, next_table. intros Hl H.
  destruct (Z.ltb_spec l 3), (Z.eqb_spec l 3); try lia.
  - destruct (Z.eqb_spec (d mod 4) 1); [|discriminate]. injection H as <-. rewrite e. auto.
  - destruct (Z.eqb_spec (d mod 4) 3); [|discriminate]. injection H as <-. auto.
Qed.

Lemma live_dec w h : live w h \/ ~ live w h.
Proof.
  unfold live. destruct (Z.eq_dec (vm_state w h) VM_NEW), (Z.eq_dec (vm_state w h) VM_SEALED),
    (Z_le_dec 1 h), (Z_le_dec h 255); tauto.
Qed.

(** ** Frames below one descriptor *)
Lemma covered_up l fn fn' : 1 <= l <= 3 -> covered l fn fn' ->
  fn' / 2 ^ (9 * (4 - l)) = fn / 2 ^ (9 * (4 - l)) /\ index l fn' = index l fn.
Proof.
  intros L C. unfold covered, leaf_size, index in *. rewrite C. split; [|reflexivity].
  assert (P : 2 ^ (9 * (4 - l)) = 2 ^ (9 * (3 - l)) * 512).
  { replace (9 * (4 - l)) with (9 * (3 - l) + 9) by lia. rewrite Z.pow_add_r by lia. reflexivity. }
  assert (0 < 2 ^ (9 * (3 - l))) by (apply Z.pow_pos_nonneg; lia).
  rewrite P, <- !Z.div_div, C by lia. reflexivity.
Qed.

Lemma covered_frame l fn fn' : 1 <= l <= 3 -> frame fn -> covered l fn fn' -> frame fn'.
Proof.
  intros L F C. unfold frame, covered, leaf_size in *. assert (l = 1 \/ l = 2 \/ l = 3) as [->|[->| ->]] by lia.
  - change (2 ^ (9 * (3 - 1))) with (2 ^ 18) in C. words.
  - change (2 ^ (9 * (3 - 2))) with 512 in C. words.
  - change (2 ^ (9 * (3 - 3))) with 1 in C. rewrite !Z.div_1_r in C. lia.
Qed.

(** The same table translates frames that agree above its indices. *)
Lemma table_at_same w r l fn fn' : fn' / 2 ^ (9 * (4 - l)) = fn / 2 ^ (9 * (4 - l)) ->
  table_at w r l fn' = table_at w r l fn.
Proof.
  intros E. destruct (Z.eq_dec l 1) as [->|N1]; [|destruct (Z.eq_dec l 2) as [->|N2]; [|destruct (Z.eq_dec l 3) as [->|N3]]].
  - change (2 ^ (9 * (4 - 1))) with (2 ^ 27) in E. rewrite !table_at_1, E. reflexivity.
  - change (2 ^ (9 * (4 - 2))) with (2 ^ 18) in E. rewrite !table_at_2. unfold index.
    change (2 ^ (9 * (3 - 1))) with (2 ^ 18). rewrite E. replace (fn' / 2 ^ 27) with (fn / 2 ^ 27) by words. reflexivity.
  - change (2 ^ (9 * (4 - 3))) with (2 ^ 9) in E. rewrite !table_at_3, !table_at_2. unfold index.
    change (2 ^ (9 * (3 - 1))) with (2 ^ 18). change (2 ^ (9 * (3 - 2))) with (2 ^ 9). rewrite E.
    replace (fn' / 2 ^ 27) with (fn / 2 ^ 27) by words. replace (fn' / 2 ^ 18) with (fn / 2 ^ 18) by words. reflexivity.
  - unfold table_at. destruct (Z.eqb_spec l 1); [contradiction|]. destruct (Z.eqb_spec l 2); [contradiction|].
    destruct (Z.eqb_spec l 3); [contradiction|]. destruct (next_table 1 _), (next_table 1 _); reflexivity.
Qed.

(** ** The invariant in parts: all but where TLB entries come from *)
Definition tlb_ok (w : world) : Prop := forall k h fn p, h <> 0 -> w_tlb w k h fn p -> frame fn /\ exists s, names w h fn s p.
Record trees (B : board) (fz : Z -> Z -> Prop) (w : world) : Prop := {
  tr_root : forall h, rooted w h -> vm_root w h mod 2 = 0 /\ vm_root w h < 2 ^ 28;
  tr_page : forall h l fn t, rooted w h -> frame fn -> table_at w (vm_root w h) l fn = Some t ->
    is_ram B t /\ state w t = mk_state PG_VMCORE h 0;
  tr_single : forall h l l' fn fn' t, rooted w h -> frame fn -> frame fn' ->
    table_at w (vm_root w h) l fn = Some t -> table_at w (vm_root w h) l' fn' = Some t ->
    l = l' /\ fn / 2 ^ (9 * (4 - l)) = fn' / 2 ^ (9 * (4 - l));
  tr_leaf : forall h fn, rooted w h -> frame fn -> leaf_ok B (fz h) w h fn;
  tr_walk : forall h l fn t, h <> 0 -> w_walk w h l fn t -> frame fn /\ table_at w (vm_root w h) l fn = Some t }.
Record shape (B : board) (fz : Z -> Z -> Prop) (L : Z -> list (Z * Z)) (w : world) : Prop := {
  sh_cs : cs B w;
  sh_trees : trees B fz w;
  sh_pools : pools_ok B w;
  sh_lent : lent_by w L;
  sh_vcpus : vcpus_ok B w }.

Lemma tables_trees B fz w : tables_ok B fz w <-> trees B fz w /\ tlb_ok w.
Proof. split; [intros []; split; [constructor|]; assumption|intros [[] T]; constructor; assumption]. Qed.
Lemma sec_shape B fz L w : sec B fz L w <-> shape B fz L w /\ tlb_ok w.
Proof.
  split.
  - intros [C T P N U]. apply tables_trees in T as [T T']. split; [constructor|]; assumption.
  - intros [[C T P N U] T']. constructor; auto. apply tables_trees. auto.
Qed.

(** Facts about tables need no TLB. *)
Definition hide_tlb (w : world) : world :=
  {| w_mem := w_mem w; w_meta := w_meta w; w_ram := w_ram w; w_walk := w_walk w; w_tlb := fun _ _ _ _ => False;
     w_held := w_held w |}.
Lemma trees_hidden B fz w : trees B fz w -> tables_ok B fz (hide_tlb w).
Proof.
  intros []. constructor; try assumption; [|intros k h fn p _ []].
  intros h fn R F. destruct (tr_leaf0 h fn R F). constructor; assumption.
Qed.

Section Trees.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Variables (fz : Z -> Z -> Prop) (w : world).
  Hypothesis T : trees B fz w.

  Lemma tree_page h l fn t : rooted w h -> frame fn -> table_at w (vm_root w h) l fn = Some t ->
    ours B w t /\ 0 <= t < 2 ^ 28 /\ is_ram B t /\ kind (state w t) = PG_VMCORE /\ handle (state w t) = h.
  Proof. intros R. exact (table_ours B HB fz (hide_tlb w) h (trees_hidden B fz w T) R l fn t). Qed.

  Lemma tree_apart h h' l l' fn fn' t : rooted w h -> rooted w h' -> frame fn -> frame fn' ->
    table_at w (vm_root w h) l fn = Some t -> table_at w (vm_root w h') l' fn' = Some t ->
    h = h' /\ l = l' /\ fn / 2 ^ (9 * (4 - l)) = fn' / 2 ^ (9 * (4 - l)).
  Proof.
    intros R R' Fr Fr' E E'. destruct (tree_page h l fn t R Fr E) as (_ & _ & _ & _ & H).
    destruct (tree_page h' l' fn' t R' Fr' E') as (_ & _ & _ & _ & H').
    assert (h' = h) as -> by congruence. split; [reflexivity|]. apply (tr_single _ _ _ T h l l' fn fn' t); assumption.
  Qed.
End Trees.

(** Reads the root of VM [h]; [C : cs B w]. *)
Ltac read_root C w h := read_locked C; change (wrap U64 (w_mem w (obj "vms.root" [h]))) with (vm_root w h).

Ltac read_n_pool C w h := read_locked C; change (wrap U64 (w_mem w (obj "vms.n_pool" [h]))) with (vm_n_pool w h).

Lemma frame_u64 fn : frame fn -> in_ty U64 fn.
Proof. unfold frame, in_ty, modulus. lia. Qed.

Lemma n_pool_range w h : in_ty U64 (vm_n_pool w h).
Proof. apply wrap_in. Qed.

Section Pfn.
  Variable B : board.
  Hypothesis HB : board_ok B.

  (** Tables are real pages: no answer of a walk is KC_NO_PFN by accident. *)
  Lemma table_pfn fz w h l fn t : tables_ok B fz w -> rooted w h -> frame fn -> table_at w (vm_root w h) l fn = Some t ->
    t <> KC_NO_PFN.
  Proof.
    intros T R F E ->. destruct (table_ours B HB fz w h T R l fn _ F E) as (_ & X & _). unfold KC_NO_PFN in X. lia.
  Qed.
End Pfn.
