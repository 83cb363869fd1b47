(** * Replacing one leaf of a VM's tree *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Walk_Spec Walk_Facts Table_Spec Table_Facts Table_Store Table_Shape.
From Redoubt.gen Require Import mm_walk.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Put.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma may_put_link fz fz' L w h fn l x : 1 < l <= 3 -> may_put B fz fz' L w h fn l x -> next_table l x = None.
  Proof.
    intros Hl M. destruct (Z.eq_dec l 3) as [->|N]; [reflexivity|]. apply next_table_not.
    destruct (Z.eq_dec (soft x) 0) as [S|S].
    - destruct (mp_none _ _ _ _ _ _ _ _ _ M S) as [->|(Y & _)]; [discriminate|contradiction].
    - destruct (mp_type _ _ _ _ _ _ _ _ _ M S) as [[E|[E _]] _]; rewrite E; unfold leaf_type;
        [destruct (Z.eqb_spec l 3); [contradiction|]|]; discriminate.
  Qed.

  (** The descriptor where the walk of [fn] ends, in table [t], becomes [x]. *)
  Lemma put_leaf fz fz' L w h fn l d t x : sec B fz L w -> rooted w h -> frame fn ->
    leaf_at w (vm_root w h) fn = (l, d) -> l <> 1 -> table_at w (vm_root w h) l fn = Some t ->
    may_put B fz fz' L w h fn l x ->
    let w' := write_word B t (index l fn) x w in sec B fz' L w' /\ put w h fn l x w'.
  Proof.
    intros Sc R F E N1 Ht M w'. apply sec_shape in Sc as [Sh Ok].
    assert (Hl : 1 < l <= 3) by (destruct (leaf_level _ _ _ _ _ E) as [?|[?|?]]; lia).
    assert (Hl' : 1 <= l <= 3) by lia.
    assert (Hold : next_table l (word w t (index l fn)) = None).
    { pose proof (leaf_viewed w (vm_root w h) fn) as V. rewrite E in V.
      inversion V as [t2 t3 A2 A3 Md Q1|t2 A2 A3 Md Q1|A2 A3 Q1]; subst l.
      - reflexivity.
      - rewrite A2 in Ht. injection Ht as ->. apply next_table_not, Md.
      - contradiction. }
    assert (Nl : next_table l x = None) by (apply (may_put_link fz fz' L w h fn); assumption).
    assert (Hlink : forall n, next_table l x = Some n -> spare B w h n /\
      forall j, l = 1 -> 0 <= j < 512 -> word w n j mod 4 <> 3) by (intros n Y; congruence).
    assert (Nw : forall fn', new_leaf w l x fn' = (l, x)) by (intros fn'; unfold new_leaf; rewrite Nl; reflexivity).
    assert (Hleaf : forall fn', covered l fn fn' ->
      leaf_fit B (fz' h) w h fn' (fst (new_leaf w l x fn')) (snd (new_leaf w l x fn'))).
    { intros fn' C. rewrite Nw. cbn [fst snd]. destruct M. constructor; auto.
      - intros Y; contradiction.
      - intros S. destruct (mp_type S) as [[Y|[Y Z]] O]; split; auto.
      - intros S. destruct (mp_lent fn' C S) as (A1 & A2 & _). auto. }
    assert (Hlent : forall fn', covered l fn fn' -> soft (snd (new_leaf w l x fn')) = 2 ->
      In (h, fn') (L (leaf_frame (fst (new_leaf w l x fn')) (snd (new_leaf w l x fn')) fn'))).
    { intros fn' C. rewrite Nw. cbn [fst snd]. intros S. apply (mp_lent _ _ _ _ _ _ _ _ _ M fn' C S). }
    pose proof (mp_word _ _ _ _ _ _ _ _ _ M) as Hx. pose proof (mp_frozen _ _ _ _ _ _ _ _ _ M) as Hfz.
    pose proof (sh_trees _ _ _ _ Sh) as T. pose proof (cs_inv _ _ (sh_cs _ _ _ _ Sh)) as I.
    assert (Hlink' : forall n, next_table l x = Some n -> is_ram B n /\ state w n = mk_state PG_VMCORE h 0 /\
      (forall l' fn', frame fn' -> table_at w (vm_root w h) l' fn' <> Some n) /\
      forall j, l = 1 -> 0 <= j < 512 -> word w n j mod 4 <> 3) by (intros n Y; congruence).
    split.
    - apply sec_shape. split.
      + exact (put_shape B HB fz fz' L w h l fn t x Sh R F Hl' Ht Hx Hold Hlink Hleaf Hlent Hfz).
      + apply (put_tlb B HB fz fz' L w h l fn t x Sh R F Hl' Ht Hx Hold Hlink Hleaf Hfz Ok).
        intros k fn' p C Y. rewrite Nw. cbn [fst snd]. exact (mp_tlb _ _ _ _ _ _ _ _ _ M k fn' p C Y).
    - constructor; try reflexivity.
      + intros p i K. unfold w'. cbn. unfold store_word. destruct (Z.eqb_spec p t) as [->|]; [|reflexivity].
        destruct (tree_page B HB fz w T h l fn t R F Ht) as (_ & _ & _ & Kt & _). contradiction.
      + intros h' l' fn' R' F'. destruct (here_dec B HB fz fz' w h l fn t x I T R F Hl' Ht Hx Hold Hlink' Hleaf Hfz h' fn') as [[-> C]|Nh].
        * unfold w'. rewrite (table_in B HB fz fz' w h l fn t x I T R F Hl' Ht Hx Hold Hlink' Hleaf Hfz fn' l' C).
          destruct (Z.eqb_spec l' (l + 1)) as [->|]; [|reflexivity]. rewrite Nl. symmetry.
          apply (below_none B HB fz fz' w h l fn t x I T R F Hl' Ht Hx Hold Hlink' Hleaf Hfz fn' (l + 1) C). lia.
        * apply (table_out B HB fz fz' w h l fn t x I T R F Hl' Ht Hx Hold Hlink' Hleaf Hfz); assumption.
      + intros h' fn' R' F' Nh. apply (leaf_out B HB fz fz' w h l fn t x I T R F Hl' Ht Hx Hold Hlink' Hleaf Hfz); assumption.
      + intros fn' C. unfold w'. rewrite (leaf_in B HB fz fz' w h l fn t x I T R F Hl' Ht Hx Hold Hlink' Hleaf Hfz fn' C). apply Nw.
      + intros h' l' fn' q. split; [|intros W; apply walk_old; exact W]. intros W.
        destruct (store_walks B HB fz fz' w h l fn t x I T R F Hl' Ht Hx Hold Hlink' Hleaf Hfz h' l' fn' q W)
          as [W'|(_ & _ & _ & Y)]; [exact W'|congruence].
      + intros k h' fn' p Y. left. exact Y.
      + intros k h' fn' p Y. destruct (store_entries B HB fz fz' w h l fn t x I T R F Hl' Ht Hx Hold Hlink' Hleaf Hfz k h' fn' p Y)
          as [Y'|([-> C] & _ & Pg)]; [left; exact Y'|right].
        rewrite Nw in Pg. cbn [fst snd] in Pg. destruct (leaf_page_frame l x fn' p (proj2 Hl) Pg) as (-> & Md & _).
        sp; auto. unfold valid, leaf_type in *. destruct (l =? 3); words.
  Qed.
End Put.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation K := (kcore B cpu LI).

  Lemma walk_put_ok F : spec_walk_l3 B cpu LI (F "walk_l3") -> unary K (index 3) (F "idx_l3") ->
    spec_walk_l2 B cpu LI (F "walk_l2") -> unary K (index 2) (F "idx_l2") ->
    spec_pte_set B cpu LI (F "pte_set") -> spec_walk_put B cpu LI (invoke F fuel f_walk_put).
  Proof.
    intros H3 I3 H2 I2 HS fz fz' L h fn x w Sc R Fr l N1 M. pose proof (s_cs _ _ _ _ Sc) as C.
    pose proof (s_tables _ _ _ _ Sc) as T. assert (Uf : in_ty U64 fn) by (unfold frame in Fr; unfold in_ty, modulus; lia).
    pose proof (mp_word _ _ _ _ _ _ _ _ _ M) as Hx.
    assert (P : exists t d, leaf_at w (vm_root w h) fn = (l, d) /\ table_at w (vm_root w h) l fn = Some t /\
      (l = 3 \/ l = 2 /\ table_at w (vm_root w h) 3 fn = None)).
    { unfold l in *. destruct (leaf_viewed w (vm_root w h) fn) as [t2 t A2 A3 Md|t A2 A3 Md|A2 A3]; cbn [fst] in *.
      - exists t. eexists. sp; [reflexivity|exact A3|]. auto.
      - exists t. eexists. sp; [reflexivity|exact A2|]. auto.
      - contradiction. }
    destruct P as (t & d & E & Ht & P). clearbody l.
    destruct (put_leaf B HB fz fz' L w h fn l d t x Sc R Fr E N1 Ht M) as [Sc' Pt].
    destruct (table_ours B HB fz w h T R l fn t Fr Ht) as (O & Rt & _).
    enter. steps. pure H3; [eassumption..|]. steps. pure I3. steps.
    - destruct P as [->|[-> X]]; [exfalso; rewrite Ht in E0; cbn in E0; unfold KC_NO_PFN in *; lia|].
      pure H2; [eassumption..|]. steps. pure I2. steps. rewrite Ht. cbn [pfn_or_none].
      eapply wp_mono; [apply HS; [exact C|exact O|apply index_range|apply (cs_secure B), Sc']|].
      cbv beta. intros ? ? [-> ->]. steps. auto.
    - destruct P as [->|[-> X]]; [|rewrite X in E0; cbn in E0; contradiction]. rewrite Ht. cbn [pfn_or_none].
      eapply wp_mono; [apply HS; [exact C|exact O|apply index_range|apply (cs_secure B), Sc']|].
      cbv beta. intros ? ? [-> ->]. steps. auto.
  Qed.
End Proofs.
