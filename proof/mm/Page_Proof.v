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

  Lemma ram_check_range_ok F : spec_ram_check_range B cpu LI (invoke F fuel f_ram_check_range).
  Proof.
    intros p n w P N Kn. pose proof (kn_constants B w Kn) as C. pose proof (bo_n B HB) as Nb. enter. steps.
    loop (fun m e w1 => w1 = w /\ exists i o, m = b_n B - i /\ 0 <= i <= b_n B /\
      e = [("pfn", Some p); ("n", Some n); ("i", Some i); ("at", o)]) from (b_n B).
    - lia.
    - split; [reflexivity|]. exists 0, None. sp; try lia. reflexivity.
    - intros m e w1 M (-> & i & o & -> & I & ->). steps.
      read_const. rewrite (k_n B w C). steps.
      + pose proof (bo_region B HB i ltac:(lia)) as R.
        read_const. rewrite (k_base B w C i) by lia. steps.
        read_const. rewrite (k_size B w C i) by lia. steps.
        * read_const. rewrite (k_size B w C i) by lia. steps. split; [reflexivity|]. eexists. split; [reflexivity|].
          match goal with |- bz ?c = 0 \/ _ => destruct c eqn:Le; [right|left; reflexivity] end.
          cbn [eval_cmp] in Le. apply Z.leb_le in Le.
          split; [reflexivity|]. intros j J. exists i. unfold in_ty, wrap in *. cbn [modulus] in *. words.
        * exists (b_n B - (i + 1)). sp; try lia; [reflexivity|]. eexists (i + 1), _. sp; try lia. reflexivity.
      + split; [reflexivity|]. exists 0. auto.
  Qed.

  Lemma page_put_ok F : spec_meta_set B cpu LI (F "meta_set") -> spec_page_put B cpu LI (invoke F fuel f_page_put).
  Proof.
    intros HS p s w C [R Ws NC U V A O]. enter. steps.
    assert (I : inv B (set_meta p s w)) by (apply inv_set_meta; try assumption; apply C).
    eapply wp_mono; [apply HS; [exact C|exact R|exact O|apply (i_secure B _ I)]|].
    cbv beta. intros ? ? [-> ->]. steps. split; [reflexivity|].
    split; [split; [exact I|apply C]|]. split.
    - unfold state; cbn. rewrite Z.eqb_refl. apply wrap_small, Ws.
    - split; [|auto]. apply evolves_set_meta. reflexivity.
  Qed.

  Lemma page_count_ok F : spec_page_count B cpu LI (invoke F fuel f_page_count).
  Proof.
    intros a b n w C Ha Hb N. enter. steps.
    read_locked C. steps. apply (write_plain B cpu LI); [exact C|reflexivity|]. wrote C1 w1.
    steps. read_locked C1. steps. apply (write_plain B cpu LI); [exact C1|reflexivity|]. wrote C2 w2. steps.
    split; [reflexivity|]. split; [exact C2|]. split; [|eexists _, _, _, _; reflexivity].
    apply evolves_trans with w1; apply evolves_write_cell; reflexivity.
  Qed.

  Lemma page_set_ok F : spec_meta_get B cpu LI (F "meta_get") -> unary K kind (F "word_kind") ->
    spec_page_count B cpu LI (F "page_count") -> spec_page_put B cpu LI (F "page_put") ->
    spec_page_set B cpu LI (invoke F fuel f_page_set).
  Proof.
    intros HG HK HC HP p s w C [R Ws NC U V A O]. enter. steps.
    pure HG. steps. pure HK. steps. pure HK. steps.
    eapply wp_mono; [apply HC; [exact C|apply kind_range|apply kind_range|range]|].
    cbv beta. intros ? w1 (-> & C1 & V1 & i & j & x & y & ->). steps.
    eapply wp_mono; [apply HP; [exact C1|constructor; assumption]|].
    cbv beta. intros ? w2 (-> & C2 & S2 & V2 & Er & Ew & Et). steps. split; [reflexivity|].
    split; [exact C2|]. split; [exact S2|]. split; [|rewrite Er, Ew, Et; auto].
    eapply evolves_trans; (eapply evolves_weaken; [| |eassumption]).
    - auto.
    - intros ? [].
    - reflexivity.
    - auto.
  Qed.

  Lemma page_check_one_ok F : spec_meta_get B cpu LI (F "meta_get") ->
    unary K kind (F "word_kind") -> unary K arg (F "word_arg") ->
    spec_page_check_one B cpu LI (invoke F fuel f_page_check_one).
  Proof.
    intros HG HK HA p l w R C. enter. steps. pure HG. steps. pure HK. steps. pure HA. steps.
    all: split; [reflexivity|]; eexists; sp; [reflexivity|range|]; unfold KC_OK; try discriminate.
    all: intros _; split; [exact R|]; pg; lia.
  Qed.

  Lemma page_check_ok F : spec_ram_check_range B cpu LI (F "ram_check_range") ->
    spec_page_check_one B cpu LI (F "page_check_one") -> spec_page_check B cpu LI (invoke F fuel f_page_check).
  Proof.
    intros HR H1 p n l w P N C. enter. steps. assert (Kn : known B w) by (apply cs_known, C).
    ask HR v Hv. steps.
    { split; [reflexivity|]. eexists; sp; [reflexivity|range|]. discriminate. }
    assert (R : forall i, 0 <= i < n -> is_ram B (wrap U64 (p + i))).
    { destruct Hv as [->|[_ R]]; [lia|]. intros i I. pose proof (ram_range B HB _ (R i I)) as Rr.
      rewrite wrap_small by (unfold in_ty; cbn [modulus]; lia). exact (R i I). }
    loop (fun m e w1 => w1 = w /\ exists i o, m = n - i /\ 0 <= i <= n /\
      e = [("pfn", Some p); ("n", Some n); ("lent_ok", Some l); ("is_ram", Some v); ("i", Some i); ("r", o)] /\
      forall j, 0 <= j < i -> free_page B l w (wrap U64 (p + j))) from n.
    - lia.
    - split; [reflexivity|]. exists 0, None. sp; try lia; reflexivity.
    - intros m e w1 M (-> & i & o & -> & I & -> & H). steps.
      + assert (Ri : is_ram B (wrap U64 (p + i))) by (apply R; lia).
        eapply wp_mono; [apply (H1 _ l w Ri C)|]. cbv beta. intros ? ? (-> & r & -> & Ur & Hf). steps.
        * split; [reflexivity|]. exists r. sp; [reflexivity|exact Ur|]. intros X. unfold KC_OK in X. lia.
        * exists (n - (i + 1)). sp; try lia; [reflexivity|]. eexists (i + 1), _. sp; try lia; try reflexivity.
          intros j J. destruct (Z.eq_dec j i) as [->|]; [apply Hf; unfold KC_OK; lia|apply H; lia].
      + split; [reflexivity|]. exists 0. sp; [reflexivity|range|]. intros _ j J. apply H. lia.
  Qed.
End Proofs.
