(** * What a protected VM says about its memory: proofs of what only looks, and of the store *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Own_Facts Object_Spec Walk_Spec Walk_Facts Revoke_Spec Revoke_Facts Force_Spec
  Guest_Spec Share_Facts.
From Redoubt.gen Require Import mm_guest.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma lor_511 x : 0 <= x -> Z.lor x 511 + 1 = (x / 512 + 1) * 512.
Proof.
  intros H. assert (E : Z.lor x 511 = x / 512 * 512 + 511); [|lia].
  rewrite <- (lor_add (x / 512 * 512) 511 9) by (change (2 ^ 9) with 512; try apply Z.mod_mul; lia).
  apply Z.bits_inj'. intros i Hi. rewrite !Z.lor_spec. change 511 with (Z.ones 9). change 512 with (2 ^ 9).
  destruct (Z.lt_ge_cases i 9) as [X|X].
  - rewrite Z.ones_spec_low by lia. rewrite !orb_true_r. reflexivity.
  - rewrite Z.ones_spec_high by lia. rewrite !orb_false_r, <- Z.shiftl_mul_pow2, <- Z.shiftr_div_pow2 by lia.
    rewrite Z.shiftl_spec, Z.shiftr_spec by lia. f_equal. lia.
Qed.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Lemma guest_limit_ok F : spec_ram_end B cpu LI (F "ram_end") -> spec_guest_limit B cpu LI (invoke F fuel
    f_guest_limit).
  Proof.
    intros HR L h fn to w S Lv Uf Ut. pose proof (s_cs _ _ _ _ S) as C. pose proof (live_ram B L w h S Lv) as Ro.
    assert (Rh : 1 <= h <= 255) by apply Lv. enter. steps.
    eapply wp_mono; [apply HR; [lia|exact Uf|exact Ro|exact C]|]. cbv beta. intros ? ? [-> (v & -> & Hv)]. cbv beta
      iota. reduce_env.
    steps.
    1: split; [reflexivity|]; exists fn; split; [reflexivity|]; split; [exact Uf|left]; split; [reflexivity|].
    1: destruct Hv as [[-> X]|(i & [Hi Hr] & ->)]; [left; exact X|right]; unfold in_ty in *; words.
    all: destruct Hv as [[-> _]|(i & [Hi Hr] & ->)]; [lia|].
    all: destruct Ro as [_ Ro]; specialize (Ro i Hi).
    all: assert (El : wrap U64 (Z.lor fn 511 + 1) = (fn / 512 + 1) * 512)
      by (rewrite lor_511 by (unfold in_ty in Uf; lia); apply wrap_small; unfold in_ty, modulus in *; words).
    all: rewrite ?El in *; split; [reflexivity|]; eexists; (split; [reflexivity|]);
      (split; [unfold in_ty, modulus in *; words|]); right.
    all: split; [unfold in_ty in *; words|]; split; [words|]; split; [words|]; intros f Hf; exists i; split; [exact
      Hi|words].
  Qed.

  Lemma ipa_kind_ok F : spec_walk_state B cpu LI (F "walk_state") -> spec_ipa_kind B cpu LI (invoke F fuel f_ipa_kind).
  Proof.
    intros HS L h fn w S R Fr. pose proof (s_cs _ _ _ _ S) as C. assert (Rh : 1 <= h <= 255) by (apply vm_range with
      w; exact R).
    enter. steps. read_locked C. root_view. steps. read_tree HS S R Fr.
    change (snd (leaf_at w (vm_root w h) fn)) with (desc w h fn). unfold kind_at, ipa_kind_of, LEAF_SHARED, LEAF_LENT,
      LEAF_DESTROYED.
    destruct (Z.eqb_spec (leaf_state (desc w h fn)) 1) as [E1|E1], (Z.eqb_spec (leaf_state (desc w h fn)) 5) as [E5|E5],
      (Z.eqb_spec (leaf_state (desc w h fn)) 2) as [E2|E2]; steps; try lia; split; reflexivity.
  Qed.

  Lemma ipa_run_ok F : spec_walk_next B cpu LI (F "walk_next") -> spec_ipa_kind B cpu LI (F "ipa_kind") ->
    spec_ipa_run B cpu LI (invoke F fuel f_ipa_run).
  Proof.
    intros HN HK L h fn limit w S R Hf Hl Hd. pose proof (s_cs _ _ _ _ S) as C.
    assert (Rh : 1 <= h <= 255) by (apply vm_range with w; exact R). set (kd := kind_at w h fn). enter. steps.
    loop (fun m e w1 => w1 = w /\ exists at_ k, m = Z.max 0 (limit - at_) /\ fn <= at_ <= 2 ^ 28 /\
      e = [("h", Some h); ("ipa", Some fn); ("limit", Some limit); ("kind", Some kd); ("at", Some at_); ("k", Some k)]
        /\
      (forall f, fn <= f < at_ -> f < limit -> kind_at w h f = kd) /\ (at_ < limit -> k = kind_at w h at_) /\
      (at_ = fn -> k = kd) /\ (at_ < limit \/ k = kd)) from (limit - fn).
    - lia.
    - split; [reflexivity|]. exists fn, kd. sp; try lia; try reflexivity.
    - intros m e w1 Mm (-> & at_ & k & -> & Ha & -> & Hk & Hn & H0 & Hx). to_if.
      + assert (Fr : frame at_) by (unfold frame; lia). read_locked C. root_view. steps. read_tree HN S R Fr.
        change (fst (leaf_at w (vm_root w h) at_)) with (level w h at_).
        change ((at_ / leaf_size (level w h at_) + 1) * leaf_size (level w h at_)) with (next_of (level w h) at_).
        pose proof (next_after w h at_) as Na. pose proof (next_bound w h at_ Fr) as Nb.
        assert (Hk' : forall f, fn <= f < next_of (level w h) at_ -> f < limit -> kind_at w h f = kd).
        { intros f F1 F2. destruct (Z.lt_ge_cases f at_) as [X|X]; [apply Hk; lia|]. unfold kind_at.
          rewrite (slot_desc w h at_ f); [|apply slot_between; split; [exact X|apply F1]]. change (kind_at w h at_ =
            kd). rewrite <- (Hn ltac:(lia)). lia. }
        steps.
        * assert (Fr' : frame (next_of (level w h) at_)) by (unfold frame; lia).
          eapply wp_mono; [apply (HK L h _ w S R Fr')|]. cbv beta. intros ? ? [-> ->]. steps.
          exists (Z.max 0 (limit - next_of (level w h) at_)). split; [lia|]. split; [reflexivity|].
          exists (next_of (level w h) at_), (kind_at w h (next_of (level w h) at_)). sp; try lia; try reflexivity.
            exact Hk'.
        * exists (Z.max 0 (limit - next_of (level w h) at_)). split; [lia|]. split; [reflexivity|].
          exists (next_of (level w h) at_), k. sp; try lia; try reflexivity. exact Hk'.
      + assert (Hat : fn < at_).
        { destruct (Z.eq_dec at_ fn) as [->|]; [|lia]. specialize (H0 eq_refl). lia. }
        steps.
        * split; [reflexivity|]. exists limit. split; [reflexivity|]. split; [lia|]. split; [|left; reflexivity].
          intros f F1. apply Hk; lia.
        * split; [reflexivity|]. exists at_. split; [reflexivity|]. split; [lia|]. split; [intros f F1; apply Hk; lia|].
          destruct (Z.eq_dec at_ limit) as [->|]; [left; reflexivity|right]. rewrite <- Hn by lia. unfold kd in *. lia.
  Qed.

  Lemma fault_kind_ok F : spec_ram_end B cpu LI (F "ram_end") -> spec_walk_state B cpu LI (F "walk_state") ->
    spec_fault_kind B cpu LI (invoke F fuel f_fault_kind).
  Proof.
    intros HR HS L h fn w S Lv Fr. pose proof (s_cs _ _ _ _ S) as C. pose proof (live_ram B L w h S Lv) as Ro.
    assert (Rh : 1 <= h <= 255) by apply Lv. assert (R : rooted w h) by (left; exact Lv).
    assert (Uf : in_ty U64 fn) by (unfold frame in Fr; unfold in_ty, modulus; lia). enter. steps.
    eapply wp_mono; [apply HR; [lia|exact Uf|exact Ro|exact C]|]. cbv beta. intros ? ? [-> (v & -> & Hv)]. cbv beta
      iota. reduce_env. steps.
    read_locked C. root_view. steps. read_tree HS S R Fr.
    change (snd (leaf_at w (vm_root w h) fn)) with (desc w h fn).
    assert (D : v = 0 /\ ~ declared w h fn \/ v <> 0 /\ declared w h fn).
    { destruct Hv as [X|(i & X & ->)]; [left; exact X|right]. split; [|exists i; exact X].
      destruct X as [X1 X2]. unfold frame in Fr. lia. }
    unfold fault_of, LEAF_UNUSED, LEAF_SHARED, LEAF_DESTROYED, FAULT_MMIO.
    steps; split; [reflexivity| |reflexivity| |reflexivity| |reflexivity| |reflexivity|];
      eexists; (split; [reflexivity|]); (split; [range|]).
    - left. tauto.
    - right. rewrite E0. split; [reflexivity|tauto].
    - right. rewrite E1. split; [reflexivity|tauto].
    - right. rewrite E2. split; [reflexivity|tauto].
    - right. split; [|tauto]. destruct (Z.eqb_spec (leaf_state (desc w h fn)) 0), (Z.eqb_spec (leaf_state (desc w h
      fn)) 1),
        (Z.eqb_spec (leaf_state (desc w h fn)) 2); try contradiction; reflexivity.
  Qed.

  Lemma guest_store_locked_ok F : spec_walk_state B cpu LI (F "walk_state") -> spec_walk_pfn B cpu LI (F "walk_pfn") ->
    spec_pg_set B cpu LI (F "pg_set") -> spec_guest_store_locked B cpu LI (invoke F fuel f_guest_store_locked).
  Proof.
    intros HS HW HP L h fn i x w S Lv Hs Fr Hi Ux. pose proof (s_cs _ _ _ _ S) as C. pose proof Fr as Fr'. unfold frame
      in Fr'.
    assert (Rh : 1 <= h <= 255) by apply Lv. assert (R : rooted w h) by (left; exact Lv).
    enter. steps. read_locked C. root_view. steps. read_tree HS S R Fr. steps. read_locked C. root_view. steps.
    eapply wp_mono; [eapply (HW unfrozen h fn w C (s_tables _ _ _ _ S) R Fr)|].
    cbv beta. intros ? ? [-> (v & -> & Uv & Hv)]. cbv beta iota. reduce_env. rewrite leaf_pair in *. cbv beta iota
      zeta in Hv. cbn [snd]. steps.
    - eexists. split; [reflexivity|]. split; [range|]. split; [exact S|]. left. split; [unfold KC_OK; lia|reflexivity].
    - destruct (private_bits (desc w h fn)) as [Vd S1]; [assumption|]. specialize (Hv Vd).
      assert (Nm : names w h fn 1 v) by (apply names_leaf; split; [exact S1|split; [lia|symmetry; exact Hv]]).
      destruct (l_private _ _ _ _ _ (t_leaf B _ w (s_tables B _ _ _ S) h fn R Fr) v Lv Nm) as [Rp Sp].
      destruct (private_state w v h fn Rh Fr' Sp) as (Kp & Hh1 & _).
      assert (Un : ~ used w v) by (apply (unused B); [apply C|pg; lia..]).
      assert (S2 : sec B unfrozen L (write_word B v i x w)).
      { apply sec_ram; [exact HB|exact S| |].
        - intros t j X. unfold store_word. destruct (Z.eqb_spec t v) as [->|]; [|reflexivity].
          destruct X as [X|[_ X]]; [contradiction|pg; lia].
        - intros t j _ _ X. unfold store_word. destruct (Z.eqb_spec t v) as [->|]; [|reflexivity]. pg; lia. }
      eapply wp_mono; [apply HP; [exact C|split; [exact Rp|right; right; split; [exact Kp|rewrite Hh1;
        exact Hs]]|exact Un|exact Hi|apply (unused_kind B); [apply C|pg; lia..]|apply (cs_secure
        B), (s_cs _ _ _ _ S2)]|].
      cbv beta. intros ? w2 [-> ->]. steps.
      eexists. split; [reflexivity|]. split; [range|]. split; [exact S2|]. right. split; [reflexivity|]. exists v.
        split; [exact Sp|reflexivity].
  Qed.
End Proofs.
