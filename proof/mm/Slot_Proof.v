(** * Places for leaves: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Vm_Facts Structure_Frame Structure_Facts Structure_Steps Walk_Spec Walk_Facts Table_Spec Table_Facts
  Table_Store Table_Shape Table_Pool Table_Same Table_Link Table_Split Table_Put Attr_Facts.
From Redoubt.gen Require Import mm_table.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation K := (kcore B cpu LI).
  Ltac read_root C w h := read_locked C; change (wrap U64 (w_mem w (obj "vms.root" [h]))) with (vm_root w h).
  Ltac read_n_pool C w h := read_locked C; change (wrap U64 (w_mem w (obj "vms.n_pool" [h]))) with (vm_n_pool w h).
  Ltac refuse := (split; [reflexivity|]); eexists; sp; [reflexivity|range|]; unfold KC_OK; discriminate.

  Lemma slot_check_block_ok F : spec_walk_l2 B cpu LI (F "walk_l2") -> spec_walk_entry2 B cpu LI (F "walk_entry2") ->
    spec_slot_check_block B cpu LI (invoke F fuel f_slot_check_block).
  Proof.
    intros H2 HE fz h fn s w C T R Fr Hs. pose proof (rooted_range _ _ R) as Hh. pose proof (n_pool_range w h) as Np.
    assert (Ent : forall t, table_at w (vm_root w h) 2 fn = Some t -> t <> KC_NO_PFN)
      by (intros t; apply (table_pfn B HB fz w h 2 fn t T R Fr)).
    assert (Uz : in_ty U64 (entry2_at w (vm_root w h) fn)).
    { unfold entry2_at. destruct (table_at _ _ _ _); [apply word_range|split; reflexivity || lia]. }
    unfold in_ty, modulus in Np. unfold KC_NO_PFN in Ent.
    assert (Good : entry2_at w (vm_root w h) fn = 0 -> s = 0 -> need2 w h fn <= vm_n_pool w h -> slot_free w h fn 512 s).
    { intros E -> N. left. pose proof (leaf_ok_at B fz w h T R fn Fr) as O. unfold entry2_at in E.
      pose proof (l_top _ _ _ _ _ O) as Top.
      destruct (leaf_viewed w (vm_root w h) fn) as [t2 t3 A2 A3 M|t2 A2 A3 M|A2 A3]; cbn [fst snd] in *.
      - exfalso. rewrite A2 in E. rewrite E in M. discriminate M.
      - rewrite A2 in E. sp; auto. lia.
      - sp; auto. lia. }
    enter. steps. read_root C w h. steps. pure H2; [eassumption..|]. steps. read_root C w h. steps. pure HE; [eassumption..|].
    steps; try refuse.
    - split; [reflexivity|]. eexists; sp; [reflexivity|range|]. intros _.
      apply Good; [assumption..|]. unfold need2. destruct (table_at w (vm_root w h) 2 fn); [lia|cbn in *; contradiction].
    - read_n_pool C w h. steps; try refuse. split; [reflexivity|]. eexists; sp; [reflexivity|range|]. intros _.
      apply Good; [assumption..|]. unfold need2. destruct (table_at w (vm_root w h) 2 fn); lia.
  Qed.

  Lemma slot_check_ok F : spec_walk_leaf B cpu LI (F "walk_leaf") ->
    (forall s, 0 <= s < 4 -> computes K (F "desc_invalid") [s] (invalid_desc s)) ->
    unary K (fun d => d mod 2) (F "desc_valid") -> spec_slot_check_block B cpu LI (F "slot_check_block") ->
    spec_table_check B cpu LI (F "table_check") -> spec_slot_check B cpu LI (invoke F fuel f_slot_check).
  Proof.
    intros HL HI HV HB0 HT fz h fn n s w C T R Fr Hn Hs. pose proof (rooted_range _ _ R) as Hh.
    assert (U : in_ty U64 (snd (leaf_at w (vm_root w h) fn))).
    { destruct (leaf_viewed w (vm_root w h) fn); apply word_range. }
    enter. steps. read_root C w h. steps. pure HL; [eassumption..|]. steps. pure HI. steps. pure HV. steps; try refuse.
    - eapply wp_mono; [eapply HB0; eassumption|]. cbv beta. intros r w' (-> & v & -> & Uv & G). steps.
      split; [reflexivity|]. exists v. sp; auto. intros V. subst n. auto.
    - eapply wp_mono; [eapply HT; eassumption|]. cbv beta. intros r w' (-> & v & -> & Uv & G). steps.
      split; [reflexivity|]. exists v. sp; auto. intros V. right. destruct Hn as [->|Y]; [|contradiction].
      sp; auto. destruct G as [[_ G]|[X _]]; [exact G|]. unfold KC_OK, KC_ENOMEM in *. congruence.
  Qed.

  Lemma invalid_soft s : 0 <= s <= 2 -> soft (invalid_desc s) = 0.
  Proof. intros H. assert (s = 0 \/ s = 1 \/ s = 2) as [->|[->| ->]] by lia; reflexivity. Qed.

  (** The new leaf may be put, and names the new pages. *)
  Lemma map_leaf fz L w h fn l d p n s a : sec B fz L w -> live w h -> l = 2 \/ l = 3 -> n = leaf_size l ->
    leaf_at w (vm_root w h) fn = (l, d) -> soft d = 0 -> may_map B L w h fn p n s -> leaf_attr s a ->
    let x := p * 4096 + a + leaf_type l in
    may_put B fz fz L w h fn l x /\ soft x = s /\ valid x /\
    forall fn', (covered l fn fn' <-> fn <= fn' < fn + n) /\ (covered l fn fn' -> leaf_frame l x fn' = p + (fn' - fn)).
  Proof.
    intros Sc Lv Hl En E S0 M [At Sa] x. assert (R : rooted w h) by (left; exact Lv).
    destruct (mm_pfn _ _ _ _ _ _ _ _ M) as (P0 & P1 & P2). destruct (mm_frame _ _ _ _ _ _ _ _ M) as (F0 & F1 & F2).
    assert (Np : n = 1 \/ n = 512) by apply (mm_order _ _ _ _ _ _ _ _ M).
    assert (Fr : frame fn) by (unfold frame; lia). assert (Hp : 0 <= p < 2 ^ 28) by lia.
    assert (Hy : 0 <= leaf_type l < 4) by (unfold leaf_type; destruct (l =? 3); lia).
    destruct (desc_fields p a (leaf_type l) Hp At Hy) as (Ux & Mx & Ox & Sx & _). fold x in Ux, Mx, Ox, Sx.
    assert (Hs := mm_soft _ _ _ _ _ _ _ _ M). rewrite Sa in Sx.
    assert (Cv : forall fn', covered l fn fn' <-> fn <= fn' < fn + n).
    { intros fn'. unfold covered. rewrite <- En. destruct Np as [->| ->]; words. }
    assert (Lf : forall fn', covered l fn fn' -> leaf_frame l x fn' = p + (fn' - fn)).
    { intros fn' C. apply Cv in C. unfold leaf_frame. rewrite Ox, <- En. destruct Np as [->| ->]; words. }
    assert (Tl : forall k fn' q, covered l fn fn' -> ~ w_tlb w k h fn' q).
    { intros k fn' q C Y. apply sec_shape in Sc as [_ Ok]. apply (tlb_soft w k h fn' q Ok); [destruct Lv; lia|exact Y|].
      assert (P : exists t, table_at w (vm_root w h) l fn = Some t /\ word w t (index l fn) = d /\
        next_table l (word w t (index l fn)) = None).
      { pose proof (leaf_viewed w (vm_root w h) fn) as V. rewrite E in V.
        inversion V as [t2 t3 A2 A3 Md Q1|t2 A2 A3 Md Q1|A2 A3 Q1]; subst l.
        - exists t3. auto.
        - exists t2. sp; auto. apply next_table_not, Md.
        - lia. }
      destruct P as (t & Ht & Wd & No). rewrite (leaf_old w (vm_root w h) l fn t ltac:(lia) Ht No fn' C), Wd. exact S0. }
    sp; auto.
    - constructor; auto.
      + intros _. split; [left; exact Mx|]. rewrite Ox, <- En. split; [lia|exact P2].
      + intros Y. exfalso. lia.
      + lia.
      + intros -> S2. apply (mm_block _ _ _ _ _ _ _ _ M); [exact En|lia].
      + intros fn' C _ S1. rewrite Lf by exact C. apply Cv in C.
        replace fn' with (fn + (fn' - fn)) at 3 by lia. apply (mm_private _ _ _ _ _ _ _ _ M); lia.
      + intros fn' C S2. rewrite Lf by exact C. apply Cv in C.
        replace fn' with (fn + (fn' - fn)) at 3 by lia. apply (mm_lent _ _ _ _ _ _ _ _ M); lia.
      + intros k fn' q C Y. destruct (Tl k fn' q C Y).
    - unfold valid. clear - Mx. unfold leaf_type in Mx. destruct (l =? 3); words.
  Qed.

  Lemma may_map_grows L w w' h fn p n s : grows w w' -> may_map B L w h fn p n s -> may_map B L w' h fn p n s.
  Proof.
    intros G []. pose proof (grows_views _ _ G) as V.
    assert (S : forall q, state w' q = state w q) by (intros q; unfold state; rewrite (g_meta _ _ G); reflexivity).
    constructor; auto.
    - intros N S2 Pr. apply (mm_block N S2), (v_prot _ _ V), Pr.
    - intros S1 i Hi. rewrite S. auto.
    - intros S2 i Hi. rewrite S. auto.
  Qed.

  Lemma slot_map_ok F : spec_table_make_l2 B cpu LI (F "table_make_l2") -> unary K (index 2) (F "idx_l2") ->
    (forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes K (F "desc_block") [p; a] (block_desc p a)) ->
    spec_table_make_l3 B cpu LI (F "table_make_l3") -> unary K (index 3) (F "idx_l3") ->
    (forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes K (F "desc_page") [p; a] (page_desc p a)) ->
    spec_pte_set B cpu LI (F "pte_set") -> spec_slot_map B cpu LI (invoke F fuel f_slot_map).
  Proof.
    intros HM2 H2 HDb HM3 H3 HDp HS fz L h fn p n s a st w Sc Lv M Ha Hst Sf. assert (R : rooted w h) by (left; exact Lv).
    destruct (mm_pfn _ _ _ _ _ _ _ _ M) as (P0 & P1 & P2). destruct (mm_frame _ _ _ _ _ _ _ _ M) as (F0 & F1 & F2).
    assert (Np : n = 1 \/ n = 512) by apply (mm_order _ _ _ _ _ _ _ _ M).
    assert (Fr : frame fn) by (unfold frame; lia). assert (Hp : 0 <= p < 2 ^ 28) by lia.
    pose proof (frame_u64 fn Fr) as Uf. pose proof (proj1 Ha) as At.
    (* the table is there: one store is left *)
    assert (Last : forall x l t d, sec B fz L x -> grows w x -> l = 2 \/ l = 3 -> n = leaf_size l ->
      leaf_at x (vm_root w h) fn = (l, d) -> soft d = 0 -> table_at x (vm_root w h) l fn = Some t ->
      (forall h' fn', rooted w h' -> frame fn' -> refines (leaf_at w (vm_root w h') fn') (leaf_at x (vm_root w h') fn') fn') ->
      wp K (F "pte_set" [t; index l fn; p * 4096 + a + leaf_type l]) (fun r w' => r = None /\ sec B fz L w' /\ grows w w' /\
        forall h' fn', rooted w h' -> frame fn' ->
          if (h' =? h) && (fn <=? fn') && (fn' <? fn + n)
          then exists l d, leaf_at w' (vm_root w h) fn' = (l, d) /\ soft d = s /\ valid d /\ leaf_frame l d fn' = p + (fn' - fn)
          else refines (leaf_at w (vm_root w h') fn') (leaf_at w' (vm_root w h') fn') fn') x).
    { intros x l t d Sx Gx Hl En Ex S0 Tx Rf. pose proof (grows_views _ _ Gx) as Vx.
      assert (Lx : live x h) by (apply (views_live _ _ _ Vx), Lv). assert (Rx : rooted x h) by (left; exact Lx).
      rewrite <- (v_root _ _ Vx) in Ex, Tx.
      destruct (map_leaf fz L x h fn l d p n s a Sx Lx Hl En Ex S0 (may_map_grows _ _ _ _ _ _ _ _ Gx M) Ha) as (Mp & Ss & Vl & Cv).
      destruct (put_leaf B HB fz fz L x h fn l d t _ Sx Rx Fr Ex ltac:(lia) Tx Mp) as [Sn Pt].
      destruct (table_ours B HB fz x h (s_tables _ _ _ _ Sx) Rx l fn t Fr Tx) as (O & _).
      eapply wp_mono; [apply HS; [apply (s_cs _ _ _ _ Sx)|exact O|apply index_range|apply (cs_secure B), Sn]|].
      cbv beta. intros ? w' [-> ->]. set (w' := write_word B t (index l fn) (p * 4096 + a + leaf_type l) x) in *. sp; auto.
      - apply grows_trans with x; [exact Gx|]. apply grows_mem; reflexivity.
      - intros h' fn' R' F'. assert (Rx' : rooted x h') by (apply (views_rooted _ _ _ Vx), R').
        destruct (Z.eqb_spec h' h) as [->|N]; cbn [andb]; [destruct ((fn <=? fn') && (fn' <? fn + n)) eqn:D|].
        + assert (C : covered l fn fn') by (apply Cv; lia). do 2 eexists. split; [|split; [exact Ss|split; [exact Vl|]]].
          * rewrite <- (v_root _ _ Vx). apply (pt_new _ _ _ _ _ _ Pt fn' C).
          * apply Cv, C.
        + apply refines_trans with (leaf_at x (vm_root w h) fn'); [apply Rf; assumption|]. apply refines_same.
          rewrite <- (v_root _ _ Vx). apply (pt_leaf _ _ _ _ _ _ Pt h fn' Rx F'). intros [_ Y].
          apply (proj1 (proj1 (Cv fn'))) in Y. lia.
        + apply refines_trans with (leaf_at x (vm_root w h') fn'); [apply Rf; assumption|]. apply refines_same.
          rewrite <- (v_root _ _ Vx). apply (pt_leaf _ _ _ _ _ _ Pt h' fn' Rx' F'). intros [Y _]. contradiction. }
    enter. steps.
    - destruct Sf as [(_ & -> & N3 & D0 & Nd)|[X _]]; [|lia].
      eapply wp_mono; [apply HM2; [exact Sc|exact Lv|exact Fr|exact Nd]|].
      cbv beta. intros ? x (t & -> & Sx & Gx & Tx & _ & T3 & Rf). steps. pure H2. steps. pure HDb. steps.
      change (block_desc p a) with (p * 4096 + a + leaf_type 2).
      destruct (Rf h fn R Fr) as (_ & _ & Z0 & _). rewrite D0 in Z0. specialize (Z0 eq_refl).
      eapply wp_mono; [eapply (Last x 2 t 0); auto|].
      + assert (X3 : table_at x (vm_root w h) 3 fn = None).
        { rewrite T3. destruct (leaf_viewed w (vm_root w h) fn) as [t2 t3 A2 A3 Md|t2 A2 A3 Md|A2 A3]; auto.
          destruct N3. reflexivity. }
        destruct (leaf_viewed x (vm_root w h) fn) as [t2 t3 A2 A3 Md|t2 A2 A3 Md|A2 A3]; try congruence.
        cbn [snd] in Z0. rewrite Z0. reflexivity.
      + cbv beta. intros r w' [-> H]. steps. split; [reflexivity|exact H].
    - destruct Sf as [(X & _)|(_ & Dw & Nd)]; [contradiction|]. assert (n = 1) as -> by lia.
      assert (S0 : soft (snd (leaf_at w (vm_root w h) fn)) = 0) by (rewrite Dw; apply invalid_soft, Hst).
      eapply wp_mono; [apply HM3; [exact Sc|exact Lv|exact Fr|exact Nd|intros _ Y; contradiction]|].
      cbv beta. intros ? x (t & -> & Sx & Gx & Tx & L3 & Rf). steps. pure H3. steps. pure HDp. steps.
      change (page_desc p a) with (p * 4096 + a + leaf_type 3).
      destruct (leaf_at x (vm_root w h) fn) as [l d] eqn:Ex. cbn [fst] in L3. subst l.
      destruct (Rf h fn R Fr) as (_ & _ & Z0 & _). rewrite Ex in Z0. cbn [snd] in Z0. specialize (Z0 S0).
      eapply wp_mono; [eapply (Last x 3 t d); auto; rewrite Z0; exact S0|]. cbv beta. intros r w' [-> H]. steps. split;
        [reflexivity|exact H].
  Qed.
End Proofs.
