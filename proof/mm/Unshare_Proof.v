(** * A protected VM takes shared memory back: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Object_Spec Walk_Spec Walk_Facts Revoke_Spec Revoke_Facts Loan_Spec Loan_Facts
  Guest_Spec Share_Spec Share_Facts.
From Redoubt.gen Require Import mm_guest.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  (** To a protected VM single pages are lent. *)
  Lemma lent_page fz L w h fn : sec B fz L w -> rooted w h -> protected w h -> frame fn -> is_lent w h fn ->
    level w h fn = 3 /\ soft (desc w h fn) = 2.
  Proof.
    intros S R P F Z. pose proof (lent_soft B fz L w h fn S R F Z) as Sf. split; [|exact Sf].
    destruct (soft_level B fz L w h fn S R F) as [E|E]; [lia| |exact E]. exfalso.
    apply (l_block _ _ _ _ _ (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) (desc w h fn)); [|exact Sf|exact P].
    rewrite <- E. apply leaf_pair.
  Qed.

  Lemma shared_leaf fz L w h fn : sec B fz L w -> rooted w h -> frame fn -> leaf_says w h fn = 1 ->
    soft (desc w h fn) = 0 /\ level w h fn = 3.
  Proof.
    intros S R F Z. unfold leaf_says, leaf_state, LEAF_FROZEN, LEAF_PRIVATE, LEAF_LENT in Z.
    assert (Sf : soft (desc w h fn) = 0).
    { destruct (Z.eqb_spec (desc w h fn mod 2) 0), (Z.eqb_spec (soft (desc w h fn)) 0), (Z.eqb_spec (soft (desc w h
      fn)) 1); lia. }
    split; [exact Sf|].
    destruct (l_none _ _ _ _ _ (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) _ _ (leaf_pair w h fn) Sf) as [D|[E _]];
      [|exact E].
    rewrite D in Z. discriminate Z.
  Qed.

  Lemma unshare_at_ok F : spec_walk_state B cpu LI (F "walk_state") ->
    (forall s, 0 <= s < 4 -> computes K (F "desc_invalid") [s] (invalid_desc s)) ->
    spec_revoke_freeze B cpu LI (F "revoke_freeze") -> spec_walk_put B cpu LI (F "walk_put") ->
    spec_unshare_at B cpu LI (invoke F fuel f_unshare_at).
  Proof.
    intros HS HI HZ HP fz L h fn w S Lv Pr Fr Nf. pose proof (s_cs _ _ _ _ S) as C.
    assert (Rh : 1 <= h <= 255) by apply Lv. assert (R : rooted w h) by (left; exact Lv).
    enter. steps. read_locked C. root_view. steps. read_tree HS S R Fr.
    change (leaf_state (snd (leaf_at w (vm_root w h) fn))) with (leaf_says w h fn). steps.
    eapply wp_mono; [apply HI; lia|]. cbv beta. intros ? ? [-> ->]. cbv beta iota. reduce_env. steps.
    - split; [apply keeps_refl|]. exists 2. split; [reflexivity|]. left. split; reflexivity.
    - (* lent *)
      destruct (lent_page fz L w h fn S R Pr Fr) as [El Sf]; [assumption|].
      eapply wp_mono; [apply (HZ fz L h fn w S R Fr); [lia|exact Nf]|].
      cbv beta. intros ? w1 (-> & S1 & Fz & N1). steps; [exfalso; lia|].
      split; [split; [intros c ix Sc _ _; apply (fr_objects _ _ _ _ Fz), Sc|apply (fr_meta _ _ _ _ Fz)]|].
      exists 0. split; [reflexivity|]. right. split; [reflexivity|].
      assert (Lf : leaf w1 h fn = (3, desc w h fn - desc w h fn mod 4)).
      { rewrite (fr_in _ _ _ _ Fz fn (slot_refl w h fn)), El. reflexivity. }
      assert (Zs : leaf_says w1 h fn = LEAF_FROZEN).
      { unfold leaf_says, desc. rewrite Lf. cbn [snd]. apply (freeze_lent_frozen _ (desc_word w h fn) Sf). }
      split; [|split; [rewrite Zs; split; discriminate|]].
      + intros h' f R' F'. destruct (Z.eq_dec h' h) as [->|Nh].
        * destruct (slot_dec w h fn f) as [X|X].
          -- rewrite (slot_one w h fn f El X). split; [unfold level; rewrite Lf; cbn [fst]; symmetry; exact El|].
             intros Y. destruct Y. split; [reflexivity|apply slot_refl].
          -- unfold level, leaf_says, desc. rewrite (fr_out _ _ _ _ Fz h f R' F') by tauto. auto.
        * unfold level, leaf_says, desc. rewrite (fr_out _ _ _ _ Fz h' f R' F') by tauto. auto.
      + right. split; [|split; [exact N1|unfold level; rewrite Lf; reflexivity]].
        apply sec_thin with (also w h fn fz); [exact S1|]. intros h' f R' F' [X|[-> X]]; left; [left; exact X|].
        right. split; [reflexivity|]. exact (slot_one w h fn f El X).
    - (* shared *)
      destruct (shared_leaf fz L w h fn S R Fr) as [Sf El]; [assumption|].
      read_locked C. root_view. steps.
      assert (Nl : level w h fn <> 1) by lia.
      eapply wp_mono; [apply (HP fz fz L); [exact S|exact R|exact Fr|exact Nl|]|].
      { apply (may_unshare B fz L w h fn _ S R Fr Sf El). left. reflexivity. }
      cbv beta. intros ? w1 (-> & S1 & P). change (fst (leaf_at w (vm_root w h) fn)) with (level w h fn) in P. steps.
      split; [split; [intros c ix _ _ _; rewrite (pt_mem _ _ _ _ _ _ P); reflexivity|apply (pt_meta _ _ _ _ _ _ P)]|].
      exists 0. split; [reflexivity|]. right. split; [reflexivity|].
      assert (Lf : leaf w1 h fn = (3, invalid_desc 0)).
      { rewrite (put_new w h fn _ w1 fn P (slot_refl w h fn)), El. reflexivity. }
      split; [|split; [unfold leaf_says, desc; rewrite Lf; split; discriminate|]].
      + intros h' f R' F'. destruct (Z.eq_dec h' h) as [->|Nh].
        * destruct (slot_dec w h fn f) as [X|X].
          -- rewrite (slot_one w h fn f El X). split; [unfold level; rewrite Lf; cbn [fst]; symmetry; exact El|].
             intros Y. destruct Y. split; [reflexivity|apply slot_refl].
          -- unfold level, leaf_says, desc. rewrite (put_leaf w h fn _ w1 h f P R' F') by tauto. auto.
        * unfold level, leaf_says, desc. rewrite (put_leaf w h fn _ w1 h' f P R' F') by tauto. auto.
      + left. split; [exact S1|]. unfold n_frozen. rewrite (pt_mem _ _ _ _ _ _ P). reflexivity.
    - split; [apply keeps_refl|]. exists 0. split; [reflexivity|]. right. split; [reflexivity|].
      split; [auto|]. split; [unfold LEAF_SHARED, LEAF_LENT; lia|]. left. auto.
  Qed.

  Lemma unshare_range_ok F : spec_guest_limit B cpu LI (F "guest_limit") -> spec_revoke_begin B cpu LI (F
    "revoke_begin") ->
    spec_unshare_at B cpu LI (F "unshare_at") -> spec_walk_next B cpu LI (F "walk_next") ->
    spec_revoke_finish B cpu LI (F "revoke_finish") -> spec_unshare_range B cpu LI (invoke F fuel f_unshare_range).
  Proof.
    intros HG HB0 HA HN HE L h from to w Hc S Lv Pr Uf Ut. pose proof Uf as Uf'. pose proof Ut as Ut'. unfold in_ty,
      modulus in Uf', Ut'.
    assert (Rh : 1 <= h <= 255) by apply Lv. assert (R : rooted w h) by (left; exact Lv). enter. steps.
    eapply wp_mono; [apply (HG L h from to w S Lv Uf Ut)|]. cbv beta. intros ? ? [-> (limit & -> & Ul & Hl)]. cbv beta
      iota. reduce_env. steps.
    assert (Hl' : from <= limit /\ limit - from <= 512 /\ (from < limit -> limit <= 2 ^ 28)) by words. clear Ut'.
    eapply wp_mono; [apply (HB0 unfrozen L w S)|]. cbv beta. intros ? wb (-> & Sb & Eb). steps.
    assert (Ob : same_objects w wb).
    { intros c ix Sc. rewrite Eb. apply (upd_name (w_mem w)). destruct (String.eqb_spec "n_frozen" c) as [<-|];
      [discriminate Sc|reflexivity]. }
    assert (Kb : keeps w wb) by (split; [intros c ix Sc _ _; apply Ob, Sc|rewrite Eb; reflexivity]).
    loop (fun m e w1 => exists at_ r fz n, m = Z.max 0 (limit - at_) + (1 - Z.min 1 r) /\ 0 <= n /\ n <= at_ - from /\
      from <= at_ /\
      (from < at_ -> at_ <= 2 ^ 28) /\ (r = 0 \/ r = KC_EPERM) /\
      e = [("cpu", Some cpu); ("h", Some h); ("ipa", Some from); ("end", Some to); ("limit", Some limit); ("at", Some
        at_); ("r", Some r)] /\
      in_block B L w h from (Z.min at_ limit) n fz w1 /\
      forall f, from <= f < at_ -> f < limit -> leaf_says w1 h f <> LEAF_SHARED /\ leaf_says w1 h f <> LEAF_LENT) from
        (limit - from + 1).
    - lia.
    - exists from, 0, unfrozen, 0. sp; try lia; try reflexivity. constructor; [exact Sb|exact Kb|rewrite Eb; cbn;
      lia|intros _ f []|intros h' f []].
    - intros m e w1 Mm (at_ & r & fz & n & -> & Hn & Hna & Ha & Hb & Hr & -> & Ib & Says). pose proof Ib as [S1 K1 Nm1
      Nc1 I1].
      assert (Lv1 : live w1 h) by (apply (keeps_live w w1 K1), Lv). pose proof (or_introl Lv1 : rooted w1 h) as R1.
      to_if.
      + assert (Fr : frame at_) by (unfold frame; lia). assert (Pr1 : protected w1 h) by (apply (keeps_protected w w1
        K1), Pr).
        eapply wp_mono; [apply (HA fz L h at_ w1 S1 Lv1 Pr1 Fr); lia|].
        cbv beta. intros ? w2 (K2 & v & -> & [(-> & ->)|(-> & Lf2 & Sy2 & Hs2)]); unfold KC_EPERM, KC_OK; steps.
        * exists (Z.max 0 (limit - at_)). split; [lia|]. exists at_, 2, fz, n. sp; try lia; try reflexivity; [exact
          Ib|exact Says].
        * pose proof (keeps_trans _ _ _ K1 K2) as K12.
          assert (Lv2 : live w2 h) by (apply (keeps_live w w2 K12), Lv). pose proof (or_introl Lv2 : rooted w2 h) as R2.
          assert (El2 : forall f, frame f -> level w2 h f = level w1 h f) by (intros f F'; apply (Lf2 h f R1 F')).
          assert (X : exists fz2 n2, n2 <= n + 1 /\ 0 <= n2 /\ in_block B L w h from (Z.min (next_of (level w1 h) at_)
            limit) n2 fz2 w2).
          { pose proof (next_after w1 h at_) as Na. destruct Hs2 as [[S2 N2]|(S2 & N2 & L2)].
            - exists fz, n. sp; try lia. constructor; auto; [lia|rewrite N2; exact Nc1|].
              intros h' f Y. destruct (I1 h' f Y) as (-> & A1 & A2). split; [reflexivity|]. split; [lia|].
              rewrite El2; [exact A2|unfold frame; lia].
            - assert (0 <= n_frozen w1) by apply wrap_in. exists (one h at_ fz), (n + 1). sp; try lia. constructor;
              auto; [lia|lia|].
              intros h' f [Y|[-> ->]]; [|split; [reflexivity|]; split; [lia|exact L2]].
              destruct (I1 h' f Y) as (-> & A1 & A2). split; [reflexivity|]. split; [lia|]. rewrite El2; [exact
                A2|unfold frame; lia]. }
          destruct X as (fz2 & n2 & Hn2 & Hn20 & Ib2). pose proof Ib2 as [S2 _ _ _ _]. pose proof (s_cs _ _ _ _ S2) as
            C2.
          read_locked C2. root_view. steps. read_tree HN S2 R2 Fr. steps.
          change (fst (leaf_at w2 (vm_root w2 h) at_)) with (level w2 h at_). rewrite (El2 at_ Fr).
          change ((at_ / leaf_size (level w1 h at_) + 1) * leaf_size (level w1 h at_)) with (next_of (level w1 h) at_).
          pose proof (next_after w1 h at_) as Na. pose proof (next_bound w1 h at_ Fr) as Nb.
          exists (Z.max 0 (limit - next_of (level w1 h) at_) + 1). split; [lia|].
          exists (next_of (level w1 h) at_), 0, fz2, n2. sp; try lia; try reflexivity; [exact Ib2|].
          intros f F1 F2. assert (F' : frame f) by (unfold frame; lia).
          destruct (slot_dec w1 h at_ f) as [Sl|Sl].
          -- assert (Sl2 : slot w2 h at_ f) by (unfold slot in *; rewrite (El2 at_ Fr); exact Sl).
             unfold leaf_says in *. rewrite (slot_desc w2 h at_ f Sl2). exact Sy2.
          -- destruct (Lf2 h f R1 F') as [_ Y]. rewrite Y by tauto. apply Says; [|exact F2].
             destruct (Z.lt_ge_cases f at_) as [Z|Z]; [lia|]. destruct Sl. apply slot_between. lia.
      + (* the end *)
        set (stop := Z.min at_ limit) in *.
        join (fun e w' => w' = w1 /\ e = [("cpu", Some cpu); ("h", Some h); ("ipa", Some from); ("end", Some to);
          ("limit", Some limit);
          ("at", Some stop); ("r", Some r)]).
        { steps; (split; [reflexivity|]); repeat f_equal; lia. }
        intros e ? (-> & ->). steps.
        assert (Fb : frozen_between fz w1 h from stop 0).
        { apply (in_block_between B L w h from stop n fz w1 0 Lv Uf); [unfold in_ty, modulus; lia|lia|lia|lia|exact
          Ib]. }
        eapply wp_mono; [apply (HE fz L h from stop 0 w1 S1 R1); [lia|exact Fb]|].
        cbv beta. intros ? w2 (-> & (L2 & S2) & Rv). steps.
        assert (Rg : ranged h from to stop w w2).
        { apply (ranged_pages B fz L w h from to stop n w1 w2 0 Ib Lv); [intros f F1; unfold frame; lia|exact Rv|].
          destruct (Z.eq_dec stop from) as [Y|Y]; [left; exact Y|right]. destruct Hl as [[-> _]|(Hl1 & _ & _ & Hl4)];
            [lia|].
          split; [lia|]. intros f F1. apply Hl4. lia. }
        assert (S3 : sec B unfrozen L2 (write_cell B ("pcpu.res1", [cpu]) stop w2)).
        { apply sec_write; [exact S2|reflexivity|discriminate]. }
        apply write_event; [split; [apply untied; reflexivity|reflexivity]|intros _; split; [reflexivity|left;
          reflexivity]|apply (cs_secure B), (s_cs _ _ _ _ S3)|]. intros _. steps.
        exists r, stop. split; [reflexivity|]. split; [unfold KC_OK; lia|].
        split; [exists L2; exact S3|]. split.
        { destruct Rg as [A1 A2]. constructor; [exact A1|exact A2]. }
        split; [apply upd_same|]. intros f F1. assert (F' : frame f) by (unfold frame; lia).
        unfold leaf_says at 1 2. unfold desc. rewrite !result_leaf. change (leaf_state (snd (leaf w2 h f))) with
          (leaf_says w2 h f).
        rewrite (thawed_says 0 w1 w2 h h f Rv ltac:(lia) R1 F').
        destruct (leaf_says w1 h f =? LEAF_FROZEN); [split; discriminate|]. apply Says; lia.
  Qed.
End Proofs.
