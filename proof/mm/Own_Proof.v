(** * Change of owner: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Page_Spec Page_Facts Host_Spec Host_Facts
  Own_Spec Own_Facts.
From Redoubt.gen Require Import mm_own.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  (** A page that walkers do not use and that becomes KCore's stays unused. *)
  Lemma still_unused w w' cells pages p : inv B w' -> kind (state w' p) <> PG_CORE -> ~ used w p ->
    evolves B cells pages w w' -> ~ used w' p.
  Proof.
    intros I N U V (h & l & fn & W). destruct (Z.eq_dec h 0) as [->|Nh].
    - destruct (s_walk B w' (i_secure B w' I) _ _ _ _ W) as [_ X]. cbn in X. contradiction.
    - apply U. exists h, l, fn. apply (e_walk _ _ _ _ _ V); assumption.
  Qed.

  Lemma may_set_isolated w p s : is_ram B p -> in_ty U64 s -> kind (state w p) <> PG_CORE -> isolated w p ->
    zeroed w p -> ~ housed w p -> may_set B w p s.
  Proof.
    intros R Hs N Is Hz V. constructor; auto.
    - apply Is.
    - intros k h fn T. destruct Is as [X _]. destruct X. exists h, k, fn. exact T.
    - right. auto.
  Qed.

  Ltac weaken := eapply evolves_weaken; [| |eassumption];
    [intros c; cbn; rewrite ?orb_false_iff; tauto|cbv; tauto].

  (** Adding to or taking from the number of pages of VM [h]. *)
  Lemma moves_n_pages p w h x : moves B p w (write_cell B ("vms.n_pages", [h]) x w).
  Proof.
    eapply evolves_weaken with (pages := no_page); [| |apply evolves_write_cell with (cells := ["vms.n_pages"]); reflexivity].
    - intros c; cbn; rewrite ?orb_false_iff; tauto.
    - intros q [].
  Qed.

  Lemma own_take_core_ok F :
    (forall k h a, 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
      computes K (F "word_make") [k; h; a] (mk_state k h a)) ->
    spec_host_unmap_page B cpu LI (F "host_unmap_page") -> spec_page_zero B cpu LI (F "page_zero") ->
    spec_page_set B cpu LI (F "page_set") -> spec_own_take_core B cpu LI (invoke F fuel f_own_take_core).
  Proof.
    intros HW HU HZ HS h p k w Hh R Hk Kp C. assert (Uk : 0 <= k < 16) by (pg; lia). enter. steps. pure HW. steps.
    eapply wp_mono; [apply HU; [exact R|exact C]|]. cbv beta. intros ? w1 (-> & C1 & V1 & N1). steps.
    assert (K1 : kind (state w1 p) = PG_HOST) by (rewrite (evolves_state B w w1 p V1); exact Kp).
    assert (Is1 : isolated w1 p) by (apply (host_isolated B); [apply C1|exact K1|exact N1]).
    eapply wp_mono; [apply HZ; [exact C1|exact R|exact Is1|pg; lia|]|].
    { apply unused_kind with (B := B); [apply C1|pg; lia..]. }
    cbv beta. intros ? w2 [E2 ->]. steps.
    assert (V2 : evolves B [] (eq p) w1 w2) by (rewrite E2; apply evolves_zero; [apply C1|exact Is1|pg; lia|reflexivity]).
    assert (C2 : cs B w2) by (rewrite E2; split; [apply inv_zero; [exact HB|apply C1|exact Is1|pg; lia]|apply C1]).
    assert (K2 : kind (state w2 p) = PG_HOST) by (rewrite E2; exact K1).
    assert (Is2 : isolated w2 p) by (rewrite E2; apply zero_isolated; [apply C1|exact Is1|pg; lia|exact Is1]).
    destruct (mk_state_fields k h 0) as (Hs & Ks & Hhs & _); [pg; lia..|].
    assert (M2 : may_set B w2 p (mk_state k h 0)).
    { apply may_set_isolated; auto; [pg; lia| |apply unhoused with (B := B); [apply C2|pg; lia..]]. rewrite E2. apply zero_zeroed. }
    eapply wp_mono; [apply HS; [exact C2|exact M2]|].
    cbv beta. intros ? w3 (-> & C3 & S3 & V3 & Er & Ew & Et). steps.
    read_locked C3. steps.
    apply (write_plain B cpu LI); [exact C3|reflexivity|]. wrote C4 w4. steps.
    assert (S4 : state w4 p = mk_state k h 0) by exact S3.
    split; [reflexivity|]. split; [exact C4|]. split; [exact S4|]. split; [|split].
    - split.
      + apply (kept_unreached B HB); [apply C4|exact R|right; rewrite S4, Ks; exact Hk].
      + intros (h' & l & fn & W). change (w_walk w3 h' l fn p) in W. rewrite Ew in W. apply Is2. exists h', l, fn; exact W.
    - intros i Hi. change (word w4 p i) with (wrap U64 (w_ram w3 p i)). rewrite Er, E2.
      apply (zero_zeroed B w1 p i Hi).
    - eapply evolves_trans; [|eapply evolves_trans; [|eapply evolves_trans; [|apply moves_n_pages]]].
      + weaken.
      + weaken.
      + weaken.
  Qed.

  Lemma own_return_ok F :
    (forall k h a, 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
      computes K (F "word_make") [k; h; a] (mk_state k h a)) ->
    spec_page_zero B cpu LI (F "page_zero") -> spec_page_set B cpu LI (F "page_set") ->
    spec_host_map_page B cpu LI (F "host_map_page") -> spec_own_return B cpu LI (invoke F fuel f_own_return).
  Proof.
    intros HW HZ HS HM h p w Hh R Kp Is V0 C. enter. steps. pure HW. steps.
    assert (NC : kind (state w p) <> PG_CORE) by (pg; lia).
    eapply wp_mono; [apply HZ; [exact C|exact R|exact Is|exact NC|intros X; apply V0, inhabited_housed; left; exact X]|].
    cbv beta. intros ? w2 [E2 ->]. steps.
    assert (V2 : evolves B [] (eq p) w w2) by (rewrite E2; apply evolves_zero; [apply C|exact Is|exact NC|reflexivity]).
    assert (C2 : cs B w2) by (rewrite E2; split; [apply inv_zero; [exact HB|apply C|exact Is|exact NC]|apply C]).
    assert (Is2 : isolated w2 p) by (rewrite E2; apply zero_isolated; [apply C|exact Is|exact NC|exact Is]).
    destruct (mk_state_fields PG_HOST 0 0) as (Hs & Ks & _ & _); [pg; lia..|].
    assert (M2 : may_set B w2 p (mk_state PG_HOST 0 0)).
    { apply may_set_isolated; auto; [rewrite E2; exact NC| |rewrite E2; exact V0]. rewrite E2. apply zero_zeroed. }
    eapply wp_mono; [apply HS; [exact C2|exact M2]|].
    cbv beta. intros ? w3 (-> & C3 & S3 & V3 & Er & Ew & Et). steps.
    read_locked C3. steps.
    apply (write_plain B cpu LI); [exact C3|reflexivity|]. wrote C4 w4. steps.
    assert (S4 : state w4 p = mk_state PG_HOST 0 0) by exact S3.
    eapply wp_mono; [apply HM; [exact R|rewrite S4; left; exact Ks|exact C4]|].
    cbv beta. intros ? w5 (-> & C5 & V5). steps. split; [reflexivity|]. split; [exact C5|].
    split; [rewrite (evolves_state B w4 w5 p V5); exact S4|].
    eapply evolves_trans; [|eapply evolves_trans; [|eapply evolves_trans; [apply moves_n_pages with (h := h)|]]].
    - weaken.
    - weaken.
    - weaken.
  Qed.
End Proofs.
