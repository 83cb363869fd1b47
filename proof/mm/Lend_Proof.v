(** * Lent pages: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Page_Spec Page_Facts Host_Spec
  Host_Facts Own_Spec Own_Facts Lend_Spec Lend_Facts.
From Redoubt.gen Require Import mm_page.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Lemma recounts_set p w w' : evolves B ["n_kind"] (eq p) w w' -> w_ram w' = w_ram w -> w_walk w' = w_walk w ->
    w_tlb w' = w_tlb w -> recounts B p w w'.
  Proof. constructor; assumption. Qed.

  (** A page of KServ stays one: what VMs have of it is allowed if it is LENT still. *)
  Lemma may_set_hosts w p s : inv B w -> is_ram B p -> in_ty U64 s ->
    kind (state w p) = PG_HOST \/ kind (state w p) = PG_LENT -> kind s = PG_HOST \/ kind s = PG_LENT ->
    (kind s = PG_LENT \/ forall k h fn, h <> 0 -> ~ w_tlb w k h fn p) -> may_set B w p s.
  Proof.
    intros I R U Kp Ks Hn.
    assert (Es : state (set_meta p s w) p = s).
    { unfold state; cbn. rewrite Z.eqb_refl. apply wrap_small, U. }
    constructor; auto.
    - pg; lia.
    - apply (unused B); [exact I|pg; lia..].
    - apply (unhoused B); [apply I|pg; lia..].
    - intros k h fn T. pose proof (s_tlb B w (i_secure B w I) _ _ _ _ T) as A. unfold allowed in *.
      rewrite Es. destruct (Z.eqb_spec h 0) as [->|N]; [pg; intuition lia|].
      destruct Hn as [Hn|Hn]; [|destruct (Hn k h fn N T)]. auto.
    - left. rewrite (wrap_small U64 s U). split; [|unfold secret_state; pg; lia]. unfold owner_of. pg.
      repeat match goal with |- context [?a =? ?b] => destruct (Z.eqb_spec a b) end; cbn; try reflexivity; lia.
  Qed.

  Lemma arg_range s : 0 <= arg s < 2 ^ 36.
  Proof. unfold arg. apply Z.mod_pos_bound. lia. Qed.

  Lemma page_lend_ok F : spec_meta_get B cpu LI (F "meta_get") -> unary K kind (F "word_kind") ->
    unary K arg (F "word_arg") ->
    (forall k h a, 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
      computes K (F "word_make") [k; h; a] (mk_state k h a)) ->
    spec_page_put B cpu LI (F "page_put") -> spec_page_lend B cpu LI (invoke F fuel f_page_lend).
  Proof.
    intros HG HK HA HW HS p x fz L w S [R Kp]. pose proof (s_cs B _ _ _ S) as C. enter. steps.
    pure HG. steps. pure HK. to_if.
    join (fun e w' => w' = w /\ exists c, 0 <= c < 2 ^ 36 - 1 /\ c = Z.of_nat (List.length (L p)) /\
      e = [("pfn", Some p); ("w", Some (state w p)); ("kind", Some (kind (state w p))); ("count", Some c); ("word", None)]).
    - steps.
      + pure HA. steps. split; [reflexivity|]. exists (arg (state w p)). pose proof (arg_range (state w p)).
        sp; [lia|pg; lia| |reflexivity]. apply (n_count _ _ (s_lent B _ _ _ S)). exact E.
      + split; [reflexivity|]. exists 0. sp; try lia; [|reflexivity].
        rewrite (n_other _ _ (s_lent B _ _ _ S)); [reflexivity|]. exact E.
    - intros e ? (-> & c & Rc & Ec & ->). steps. pure HW. steps.
      destruct (mk_state_fields 3 0 (c + 1)) as (Us & Ks & _ & As); [lia..|].
      assert (M : may_set B w p (mk_state 3 0 (c + 1))).
      { apply may_set_hosts; auto; [apply C|pg; intuition..]. }
      eapply wp_mono; [apply HS; [exact C|exact M]|].
      cbv beta. intros ? w' (-> & C' & S' & V0 & Er & Ew & Et). steps.
      split; [eexists; split; [reflexivity|range]|].
      assert (V : evolves B ["n_kind"] (eq p) w w') by (eapply evolves_weaken; [| |exact V0]; [reflexivity|auto]).
      pose proof (recounts_set _ _ _ V Er Ew Et) as Rc'.
      assert (K' : kind (state w' p) = PG_LENT) by (rewrite S'; exact Ks).
      split; [|split; [exact Rc'|exact K']].
      apply rc_sec with (L := L) (w := w) (p := p); auto; [intuition|..].
      + intros q N. unfold lent_to. destruct (Z.eqb_spec q p); [contradiction|reflexivity].
      + left. split; [exact K'|]. rewrite S', As. unfold lent_to. rewrite Z.eqb_refl. cbn [List.length]. lia.
      + intros h fn Rt F0 Nm. unfold lent_to. rewrite Z.eqb_refl. right.
        apply (n_leaf _ _ (s_lent B _ _ _ S)); assumption.
  Qed.

  Lemma page_unlend_ok F : spec_meta_get B cpu LI (F "meta_get") -> unary K arg (F "word_arg") ->
    (forall k h a, 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
      computes K (F "word_make") [k; h; a] (mk_state k h a)) ->
    spec_page_set B cpu LI (F "page_set") -> spec_page_unlend B cpu LI (invoke F fuel f_page_unlend).
  Proof.
    intros HG HA HW HS p x fz L w S R I U. pose proof (s_cs B _ _ _ S) as C.
    pose proof (s_lent B _ _ _ S) as [N1 N2 N3].
    assert (Kp : kind (state w p) = PG_LENT).
    { destruct (Z.eq_dec (kind (state w p)) PG_LENT) as [E|E]; [exact E|]. rewrite (N2 p E) in I. contradiction. }
    pose proof (arg_range (state w p)) as Ra. pose proof (N1 p Kp) as Ec. pose proof (without_length x (L p) I) as El.
    assert (Ln : forall h fn, rooted w h -> frame fn -> names w h fn 2 p -> In (h, fn) (unlent_to x p L p)).
    { intros h fn Rt F0 Nm. unfold unlent_to. rewrite Z.eqb_refl. apply without_other.
      - intros <-. exact (U Nm).
      - apply N3; assumption. }
    assert (Lo : forall q, q <> p -> unlent_to x p L q = L q).
    { intros q N. unfold unlent_to. destruct (Z.eqb_spec q p); [contradiction|reflexivity]. }
    assert (Lp : List.length (L p) = Datatypes.S (List.length (unlent_to x p L p))).
    { unfold unlent_to. rewrite Z.eqb_refl. exact El. }
    enter. steps. pure HG. steps. pure HA. steps. pure HW. steps.
    - pure HW. steps. destruct (mk_state_fields 3 0 (arg (state w p) - 1)) as (Us & Ks & _ & As); [lia..|].
      assert (M : may_set B w p (mk_state 3 0 (arg (state w p) - 1))).
      { apply may_set_hosts; auto; [apply C|pg; intuition..]. }
      eapply wp_mono; [apply HS; [exact C|exact M]|].
      cbv beta. intros ? w' (-> & C' & S' & V & Er & Ew & Et). steps. split; [reflexivity|].
      pose proof (recounts_set _ _ _ V Er Ew Et) as Rc'.
      assert (K' : kind (state w' p) = PG_LENT) by (rewrite S'; exact Ks).
      split; [|split; [exact Rc'|left; exact K']].
      apply rc_sec with (L := L) (w := w) (p := p); auto.
      left. split; [exact K'|]. rewrite S', As. lia.
    - destruct (mk_state_fields 1 0 0) as (Us & Ks & _ & As); [lia..|].
      assert (En : unlent_to x p L p = []) by (apply length_zero_iff_nil; lia).
      assert (M : may_set B w p (mk_state 1 0 0)).
      { apply may_set_hosts; auto; [apply C|]. right. intros k h fn N T.
        destruct (lent_entry B fz L w k h fn p S N T Kp) as [Nm _].
        destruct (t_tlb B _ w (s_tables B _ _ _ S) _ _ _ _ N T) as [F0 _].
        assert (Lv : live w h).
        { destruct (live_dec w h) as [Lv|D]; [exact Lv|].
          destruct (i_dead B w (cs_inv B _ C) h N D) as [_ X]. exfalso. exact (X _ _ _ T). }
        specialize (Ln h fn (or_introl Lv) F0 Nm). rewrite En in Ln. contradiction. }
      eapply wp_mono; [apply HS; [exact C|exact M]|].
      cbv beta. intros ? w' (-> & C' & S' & V & Er & Ew & Et). steps. split; [reflexivity|].
      pose proof (recounts_set _ _ _ V Er Ew Et) as Rc'.
      assert (K' : kind (state w' p) = PG_HOST) by (rewrite S'; exact Ks).
      split; [|split; [exact Rc'|right; exact K']].
      apply rc_sec with (L := L) (w := w) (p := p); auto.
  Qed.
End Proofs.
