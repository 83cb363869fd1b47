(** * Linking a table, and taking a block out *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Structure_Frame Structure_Facts Structure_Steps Walk_Spec Walk_Facts Table_Spec Table_Facts Table_Store
  Table_Shape Table_Pool Table_Same Attr_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Link.
  Variable B : board.
  Hypothesis HB : board_ok B.

  (** A descriptor that is no link is the leaf of every frame below it. *)
  Lemma leaf_old w r l fn t : 1 <= l <= 3 -> table_at w r l fn = Some t ->
    next_table l (word w t (index l fn)) = None ->
    forall fn', covered l fn fn' -> leaf_at w r fn' = (l, word w t (index l fn)).
  Proof.
    intros Hl Ht No fn' C. destruct (covered_up l fn fn' Hl C) as [U E].
    rewrite <- (table_at_same w r l fn fn' U) in Ht. rewrite <- E in *. clear U E.
    assert (l = 1 \/ l = 2 \/ l = 3) as [->|[->| ->]] by lia.
    - assert (t = r + fn' / 2 ^ 27) as -> by (rewrite table_at_1 in Ht; congruence). apply leaf_at_1, No.
    - apply leaf_at_2; assumption.
    - apply leaf_at_3, Ht.
  Qed.

  Lemma next_link l n : l < 3 -> 0 <= n < 2 ^ 28 -> next_table l (table_desc n) = Some n.
  Proof.
    intros Hl Hn. unfold next_table. rewrite output_table by exact Hn.
    replace (table_desc n mod 4) with 3 by (unfold table_desc; words). destruct (Z.ltb_spec l 3); [reflexivity|lia].
  Qed.

  (** The spare page [n] becomes the table below an empty descriptor; what it holds are legal leaves. *)
  Lemma link fz L w h l fn t n : shape B fz L w -> tlb_ok w -> live w h -> frame fn -> l = 1 \/ l = 2 ->
    table_at w (vm_root w h) l fn = Some t -> word w t (index l fn) = 0 -> spare B w h n ->
    (forall j, l = 1 -> 0 <= j < 512 -> word w n j mod 4 <> 3) ->
    (forall fn', covered l fn fn' -> let d := word w n (index (l + 1) fn') in
       leaf_fit B (fz h) w h fn' (l + 1) d /\ (soft d = 2 -> In (h, fn') (L (leaf_frame (l + 1) d fn')))) ->
    let w' := write_word B t (index l fn) (table_desc n) w in
    sec B fz L w' /\ table_at w' (vm_root w h) (l + 1) fn = Some n /\
    (forall h' fn', rooted w h' -> frame fn' -> ~ (h' = h /\ covered l fn fn') ->
       leaf_at w' (vm_root w h') fn' = leaf_at w (vm_root w h') fn') /\
    (forall h' l' fn', rooted w h' -> frame fn' -> ~ (h' = h /\ covered l fn fn' /\ l' = l + 1) ->
       table_at w' (vm_root w h') l' fn' = table_at w (vm_root w h') l' fn') /\
    forall fn', covered l fn fn' -> leaf_at w (vm_root w h) fn' = (l, 0) /\
      leaf_at w' (vm_root w h) fn' = (l + 1, word w n (index (l + 1) fn')).
  Proof.
    intros Sh Ok Lv F L12 Ht W0 Sp Lo Fit w'. assert (R : rooted w h) by (left; exact Lv).
    assert (Hl : 1 <= l <= 3) by lia. pose proof (ram_range B HB n (sp_ram _ _ _ _ Sp)) as Rn.
    assert (Hx : in_ty U64 (table_desc n)) by (unfold table_desc; words).
    assert (EL : next_table l (table_desc n) = Some n) by (apply next_link; [lia|exact Rn]).
    assert (Hold : next_table l (word w t (index l fn)) = None) by (rewrite W0; apply next_table_not; discriminate).
    assert (Hlink : forall m, next_table l (table_desc n) = Some m -> spare B w h m /\
      forall j, l = 1 -> 0 <= j < 512 -> word w m j mod 4 <> 3).
    { intros m Em. rewrite EL in Em. injection Em as <-. auto. }
    assert (Nw : forall fn', new_leaf w l (table_desc n) fn' = (l + 1, word w n (index (l + 1) fn'))).
    { intros fn'. unfold new_leaf. rewrite EL. reflexivity. }
    assert (Hleaf : forall fn', covered l fn fn' -> leaf_fit B (fz h) w h fn'
      (fst (new_leaf w l (table_desc n) fn')) (snd (new_leaf w l (table_desc n) fn'))).
    { intros fn' C. rewrite Nw. apply (Fit fn' C). }
    assert (Hlent : forall fn', covered l fn fn' -> soft (snd (new_leaf w l (table_desc n) fn')) = 2 -> In (h, fn')
      (L (leaf_frame (fst (new_leaf w l (table_desc n) fn')) (snd (new_leaf w l (table_desc n) fn')) fn'))).
    { intros fn' C. rewrite Nw. apply (Fit fn' C). }
    assert (Hfz : forall h' fn', fz h' fn' -> h' = h /\ covered l fn fn' \/ fz h' fn') by auto.
    pose proof (sh_trees _ _ _ _ Sh) as T. pose proof (cs_inv _ _ (sh_cs _ _ _ _ Sh)) as I.
    assert (Hlink' := Hlink' B w h l (table_desc n) Hlink).
    assert (Lf : forall fn', covered l fn fn' -> leaf_at w (vm_root w h) fn' = (l, 0)).
    { intros fn' C. rewrite <- W0. apply leaf_old; assumption. }
    split; [|split; [|split; [|split]]].
    - apply sec_shape. split.
      + exact (put_shape B HB fz fz L w h l fn t _ Sh R F Hl Ht Hx Hold Hlink Hleaf Hlent Hfz).
      + apply (put_tlb B HB fz fz L w h l fn t _ Sh R F Hl Ht Hx Hold Hlink Hleaf Hfz Ok).
        intros k fn' p C Y. exfalso. apply (tlb_soft w k h fn' p Ok); [destruct Lv; lia|exact Y|]. rewrite Lf by exact C. reflexivity.
    - unfold w'. rewrite (table_in B HB fz fz w h l fn t _ I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz fn (l + 1) eq_refl).
      rewrite Z.eqb_refl. exact EL.
    - intros h' fn' R' F' N. apply (leaf_out B HB fz fz w h l fn t _ I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz); assumption.
    - intros h' l' fn' R' F' N.
      destruct (here_dec B HB fz fz w h l fn t _ I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz h' fn') as [[-> C]|Nh].
      + unfold w'. rewrite (table_in B HB fz fz w h l fn t _ I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz fn' l' C).
        destruct (Z.eqb_spec l' (l + 1)) as [->|]; [|reflexivity]. destruct N; auto.
      + apply (table_out B HB fz fz w h l fn t _ I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz); assumption.
    - intros fn' C. split; [auto|]. unfold w'.
      rewrite (leaf_in B HB fz fz w h l fn t _ I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz fn' C). apply Nw.
  Qed.

  (** A block is taken out of a level-2 table: the machine stays secure, and all but TLBs knows it. *)
  Lemma unblock fz L w h fn t d n : sec B fz L w -> live w h -> frame fn -> leaf_at w (vm_root w h) fn = (2, d) ->
    table_at w (vm_root w h) 2 fn = Some t -> spare B w h n ->
    let w' := write_word B t (index 2 fn) 0 w in
    shape B fz L w' /\ spare B w' h n /\ word w' t (index 2 fn) = 0 /\
    (forall j, word w' n j = word w n j) /\
    (forall h' l' fn', rooted w h' -> frame fn' -> table_at w' (vm_root w h') l' fn' = table_at w (vm_root w h') l' fn') /\
    (forall h' fn', rooted w h' -> frame fn' -> ~ (h' = h /\ covered 2 fn fn') ->
       leaf_at w' (vm_root w h') fn' = leaf_at w (vm_root w h') fn') /\
    (forall fn', covered 2 fn fn' -> leaf_at w (vm_root w h) fn' = (2, d)) /\
    forall k h' fn' p, h' <> 0 -> w_tlb w' k h' fn' p -> w_tlb w k h' fn' p.
  Proof.
    intros Sc Lv F E Ht Sp w'. apply sec_shape in Sc as [Sh Ok]. assert (R : rooted w h) by (left; exact Lv).
    assert (Hl : 1 <= 2 <= 3) by lia. assert (Hx : in_ty U64 0) by (split; reflexivity || lia).
    assert (P : word w t (index 2 fn) = d /\ next_table 2 (word w t (index 2 fn)) = None).
    { pose proof (leaf_viewed w (vm_root w h) fn) as V. rewrite E in V. inversion V as [|t2 A2 A3 Md Q1|]; subst.
      rewrite Ht in A2. injection A2 as <-. split; [reflexivity|]. apply next_table_not, Md. }
    destruct P as [Wd Hold].
    assert (Hlink : forall m, next_table 2 0 = Some m -> spare B w h m /\
      forall j, 2 = 1 -> 0 <= j < 512 -> word w m j mod 4 <> 3) by (intros m Y; discriminate Y).
    assert (Hlink' := Hlink' B w h 2 0 Hlink).
    assert (Hleaf : forall fn', covered 2 fn fn' -> leaf_fit B (fz h) w h fn' (fst (new_leaf w 2 0 fn')) (snd (new_leaf w 2 0 fn')))
      by (intros; apply leaf_fit_zero).
    assert (Hlent : forall fn', covered 2 fn fn' -> soft (snd (new_leaf w 2 0 fn')) = 2 -> In (h, fn')
      (L (leaf_frame (fst (new_leaf w 2 0 fn')) (snd (new_leaf w 2 0 fn')) fn'))) by (intros fn' C Y; discriminate Y).
    assert (Hfz : forall h' fn', fz h' fn' -> h' = h /\ covered 2 fn fn' \/ fz h' fn') by auto.
    pose proof (sh_trees _ _ _ _ Sh) as T. pose proof (cs_inv _ _ (sh_cs _ _ _ _ Sh)) as I.
    sp.
    - exact (put_shape B HB fz fz L w h 2 fn t 0 Sh R F Hl Ht Hx Hold Hlink Hleaf Hlent Hfz).
    - apply (put_spare B HB fz fz L w h 2 fn t 0 Sh R F Hl Ht Hx Hold Hlink Hleaf Hfz h n Lv Sp). discriminate.
    - unfold w'. rewrite word_write, !Z.eqb_refl. reflexivity.
    - intros j. unfold w'. rewrite word_write. destruct (Z.eqb_spec n t) as [->|]; [|reflexivity].
      destruct (sp_table _ _ _ _ Sp 2 fn F Ht).
    - intros h' l' fn' R' F'.
      destruct (here_dec B HB fz fz w h 2 fn t 0 I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz h' fn') as [[-> C]|Nh].
      + unfold w'. rewrite (table_in B HB fz fz w h 2 fn t 0 I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz fn' l' C).
        destruct (Z.eqb_spec l' (2 + 1)) as [->|]; [|reflexivity]. symmetry.
        apply (below_none B HB fz fz w h 2 fn t 0 I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz fn' (2 + 1) C). lia.
      + apply (table_out B HB fz fz w h 2 fn t 0 I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz); assumption.
    - intros h' fn' R' F' N. apply (leaf_out B HB fz fz w h 2 fn t 0 I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz); assumption.
    - intros fn' C. rewrite <- Wd. apply leaf_old; assumption.
    - intros k h' fn' p N Y.
      destruct (store_entries B HB fz fz w h 2 fn t 0 I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz k h' fn' p Y) as [Y'|(_ & _ & Pg)];
        [exact Y'|]. unfold new_leaf in Pg. discriminate Pg.
  Qed.
End Link.
