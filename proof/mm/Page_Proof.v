(** * States of physical pages: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Page_Spec Page_Facts.
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

  Ltac read_const := apply read_ret; [reflexivity|eapply kn_secure; eassumption|].

  Lemma region_find_ok F : spec_region_find B cpu LI (invoke F fuel f_region_find).
  Proof.
    intros p w P Kn. pose proof (kn_constants B w Kn) as C. pose proof (bo_n B HB) as N. enter. steps.
    loop (fun m e w1 => w1 = w /\ exists i, m = b_n B - i /\ 0 <= i <= b_n B /\
      e = [("pfn", Some p); ("i", Some i)] /\
      forall j, 0 <= j < i -> ~ b_base B j <= p < b_base B j + b_size B j) from (b_n B).
    - lia.
    - split; [reflexivity|]. exists 0. sp; try lia. reflexivity.
    - intros m e w1 M (-> & i & -> & I & -> & H). steps.
      read_const. rewrite (k_n B w C). steps.
      + pose proof (bo_region B HB i ltac:(lia)) as R.
        read_const. rewrite (k_base B w C i) by lia. steps.
        read_const. rewrite (k_size B w C i) by lia. steps.
        * split; [reflexivity|]. exists i. split; [reflexivity|]. left.
          unfold in_ty, wrap in *. cbn [modulus] in *. words.
        * exists (b_n B - (i + 1)). sp; try lia; [reflexivity|]. exists (i + 1). sp; try lia; [reflexivity|].
          intros j J. destruct (Z.eq_dec j i) as [->|]; [|apply H; lia].
          unfold in_ty, wrap in *. cbn [modulus] in *. words.
      + split; [reflexivity|]. exists 8. split; [reflexivity|]. right. split; [reflexivity|].
        intros (j & J & R). apply (H j); lia.
  Qed.

  Lemma ram_check_ok F : spec_region_find B cpu LI (F "region_find") ->
    spec_ram_check B cpu LI (invoke F fuel f_ram_check).
  Proof.
    intros HF p w P Kn. pose proof (bo_n B HB) as N. enter. steps. ask HF i Hi. steps.
    split; [reflexivity|]. eexists; split; [reflexivity|].
    destruct Hi as [[Hi R]|[-> R]]; [left|right; split; [reflexivity|exact R]].
    split; [unfold wrap; cbn; lia|]. exists i; auto.
  Qed.

  Lemma page_set_ok F : spec_meta_get B cpu LI (F "meta_get") -> unary K kind (F "word_kind") ->
    spec_meta_set B cpu LI (F "meta_set") -> spec_page_set B cpu LI (invoke F fuel f_page_set).
  Proof.
    intros HG HK HS p s w C [R Ws NC U V A O]. enter. steps.
    pure HG. steps. pure HK. steps. pure HK. steps; try apply kind_range.
    read_locked C. steps. apply (write_plain B cpu LI); [exact C|reflexivity|]. wrote C1 w1.
    steps; try apply kind_range. read_locked C1. steps. apply (write_plain B cpu LI); [exact C1|reflexivity|]. wrote C2 w2. steps.
    assert (I : inv B (set_meta p s w2)).
    { apply inv_set_meta; try assumption. apply C2. }
    eapply wp_mono; [apply HS; [exact C2|exact R|exact O|apply (i_secure B _ I)]|].
    cbv beta. intros ? ? [-> ->]. steps. split; [reflexivity|].
    split; [split; [exact I|apply C2]|]. split.
    - unfold state; cbn. rewrite Z.eqb_refl. apply wrap_small, Ws.
    - split; [|auto]. 
      apply evolves_trans with w1; [|apply evolves_trans with w2].
      1, 2: apply evolves_weaken with ["n_kind"] no_page; [auto|intros ? []|];
        apply evolves_write_cell; reflexivity.
      apply evolves_set_meta. reflexivity.
  Qed.

  Lemma page_check_one_ok F : spec_ram_check B cpu LI (F "ram_check") -> spec_meta_get B cpu LI (F "meta_get") ->
    unary K kind (F "word_kind") -> unary K arg (F "word_arg") ->
    spec_page_check_one B cpu LI (invoke F fuel f_page_check_one).
  Proof.
    intros HR HG HK HA p l w P C. enter. steps. assert (Kn : known B w) by (apply cs_known, C). ask HR v Hv. steps.
    all: try (split; [reflexivity|]; eexists; sp; [reflexivity|range|]; unfold KC_OK; discriminate).
    assert (R : is_ram B p) by (destruct Hv as [[_ R]|[-> _]]; [exact R|lia]).
    pure HG. steps. pure HK. steps. pure HA. steps.
    all: split; [reflexivity|]; eexists; sp; [reflexivity|range|]; unfold KC_OK; try discriminate.
    all: intros _; split; [exact R|]; pg; lia.
  Qed.

  Lemma page_check_ok F : spec_page_check_one B cpu LI (F "page_check_one") ->
    spec_page_check B cpu LI (invoke F fuel f_page_check).
  Proof.
    intros H1 p n l w P N C. enter. steps.
    loop (fun m e w1 => w1 = w /\ exists i v, m = n - i /\ 0 <= i <= n /\ in_ty U64 v /\
      e = [("pfn", Some p); ("n", Some n); ("lent_ok", Some l); ("i", Some i); ("r", Some v)] /\
      (v = KC_OK -> forall j, 0 <= j < i -> free_page B l w (wrap U64 (p + j)))) from n.
    - lia.
    - split; [reflexivity|]. exists 0, 0. sp; try lia; try range; try reflexivity; try (intros _ j J; lia).
    - intros m e w1 M (-> & i & r & -> & I & Hr & -> & H). steps.
      + ask H1 v Hv. destruct Hv as [Hv Hf]. steps.
        exists (n - (i + 1)). sp; try lia; [reflexivity|]. exists (i + 1), v. sp; try lia; try reflexivity; [exact Hv|].
        intros V j J. destruct (Z.eq_dec j i) as [->|]; [auto|]. apply H; [unfold KC_OK; lia|lia].
      + split; [reflexivity|]. exists r. sp; [reflexivity|exact Hr|].
        intros V j J. apply H; [exact V|]. unfold KC_OK in V. lia.
  Qed.
End Proofs.
