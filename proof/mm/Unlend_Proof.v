(** * Taking back what is lent: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Walk_Spec Walk_Facts Table_Spec Lend_Spec Lend_Facts Revoke_Spec Revoke_Facts
  Loan_Spec Loan_Facts.
From Redoubt.gen Require Import mm_lend.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  (** What has been looked at can be released. *)
  Lemma looked_between L w h from to stop at_ k fz w1 : sec B unfrozen L w -> rooted w h -> 0 <= from -> to <= 2 ^ 28 ->
    looked B L w h from to (fun f => f < at_) (Z.of_nat k) fz w1 -> (k <= 600)%nat ->
    at_ = Nat.iter k (next_of (level w h)) from -> stop = Z.min at_ to -> from <= stop ->
    frozen_between fz w1 h from stop (lend_state w h).
  Proof.
    intros S R Hf Ht Lk Hk -> -> Fs. pose proof Lk as [S1 G M C I N]. pose proof (fg_objects _ _ _ G) as O1.
    constructor.
    - unfold in_ty, modulus. lia.
    - lia.
    - exists k. split; [exact Hk|]. apply (reaches_ext w1 h (level w h)).
      + intros f F. symmetry. apply (freezing_level w w1 h h f G R). unfold frame. lia.
      + apply reaches_less with (Nat.iter k (next_of (level w h)) from); [lia|]. apply reaches_iter.
    - intros h' f X. destruct (I h' f X) as (A1 & A2 & _ & f' & A4 & A5 & A6). split; [exact A1|]. split; [exact A2|].
      exists f'. split; [lia|]. apply (looked_slot B L w h from to R _ _ _ _ _ _ Lk); [unfold frame; lia|exact A6].
    - intros f F X. destruct (I h f X) as (_ & _ & Sf & _). constructor; [intros _ Y; lia|]. intros _.
      assert (R1 : rooted w1 h) by (apply (same_rooted w w1 h O1), R).
      destruct (soft_level B fz L w1 h f S1 R1 F) as [El|El]; [lia| |right; exact El]. left.
      unfold lend_state. destruct (Z.eqb_spec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0) as [Ep|Ep]; [reflexivity|].
      exfalso. apply (l_block _ _ _ _ _ (t_leaf B _ w1 (s_tables B _ _ _ S1) h f R1 F) (desc w1 h f));
        [rewrite <- El; apply leaf_pair|exact Sf|]. unfold protected. rewrite O1 by reflexivity. exact Ep.
    - exact C.
  Qed.

  Lemma unlend_freeze_ok F : spec_lent_cost B cpu LI (F "lent_cost") -> spec_lent_at B cpu LI (F "lent_at") ->
    spec_revoke_freeze B cpu LI (F "revoke_freeze") -> spec_walk_next B cpu LI (F "walk_next") ->
    spec_min_u64 B cpu LI (F "min_u64") -> spec_unlend_freeze B cpu LI (invoke F fuel f_unlend_freeze).
  Proof.
    intros HC HA HZ HN HM L h from to w S R H0 Hft Hn. assert (Rh : 1 <= h <= 255) by (apply vm_range with w; exact R).
    set (lv := level w h). enter. steps.
    loop (fun m e w1 => exists k at_ cost c l fz, m = Z.max 0 (512 - cost) /\ at_ = Nat.iter k (next_of lv) from /\
      Z.of_nat k <= 512 /\ Z.of_nat k <= cost <= 1100 /\ from <= at_ <= 2 ^ 28 /\
      e = [("h", Some h); ("ipa", Some from); ("end", Some to); ("at", Some at_); ("cost", Some cost); ("c", c); ("lent", l)] /\
      looked B L w h from to (fun f => f < at_) (Z.of_nat k) fz w1) from 512.
    - lia.
    - exists 0%nat, from, 0, None, None, unfrozen. sp; try lia; try reflexivity. constructor.
      + exact S.
      + constructor; auto. apply same_objects_refl.
      + lia.
      + intros _ fn [].
      + intros h' fn [].
      + intros; lia.
    - intros m e w1 Mm (k & at_ & cost & c & l & fz & -> & Ek & Hk & Hc & Ha & -> & Lk).
      pose proof Lk as [S1 G M C I N]. pose proof (fg_objects _ _ _ G) as O1.
      assert (R1 : rooted w1 h) by (apply (same_rooted w w1 h O1), R).
      steps.
      + assert (Fr : frame at_) by (unfold frame; lia).
        eapply wp_mono; [eapply (HC fz L h at_ w1 S1 R1 Fr)|]. cbv beta. intros ? ? [-> (v & -> & Hv)]. steps.
        eapply wp_mono; [eapply (HA fz L h at_ w1 S1 R1 Fr)|]. cbv beta. intros ? ? [-> ->]. to_if.
        assert (Hcv : in_ty U64 (cost + v)) by (unfold in_ty, modulus; lia). rewrite ?(wrap_small U64 _ Hcv).
        pose proof (next_after w h at_) as Na. pose proof (next_bound w h at_ Fr) as Nb. fold lv in Na, Nb.
        join (fun e w2 => exists fz2 n, n <= Z.of_nat k + 1 /\
          e = [("h", Some h); ("ipa", Some from); ("end", Some to); ("at", Some at_); ("cost", Some (cost + v));
               ("c", Some v); ("lent", Some (bz (leaf_state (desc w1 h at_) =? LEAF_LENT)))] /\
          looked B L w h from to (fun f => f < next_of lv at_) n fz2 w2).
        * steps.
          -- assert (Z : is_lent w1 h at_) by (unfold is_lent; lia).
             pose proof (lent_soft B fz L w1 h at_ S1 R1 Fr Z) as Sf.
             eapply wp_mono; [apply (HZ fz L h at_ w1 S1 R1 Fr); [lia|]|].
             { assert (0 <= Z.of_nat k <= 512) by lia. lia. }
             cbv beta. intros ? w2 (-> & S2 & Fz & N2). steps. exists (also w1 h at_ fz), (Z.of_nat k + 1). sp; [lia|reflexivity|].
             apply (look_freeze B L w h from to R (Z.of_nat k) fz w1 w2 at_ Lk Fr); auto. lia.
          -- exists fz, (Z.of_nat k). sp; [lia|reflexivity|].
             apply (look_past B L w h from to R (Z.of_nat k) fz w1 at_ Lk Fr). unfold is_lent. assumption.
        * intros e w2 (fz2 & n & Hn2 & -> & Lk2). pose proof Lk2 as [S2 G2 _ _ _ _]. pose proof (s_cs _ _ _ _ S2) as C2.
          pose proof (fg_objects _ _ _ G2) as O2.
          assert (R2 : rooted w2 h) by (apply (same_rooted w w2 h O2), R). steps.
          read_locked C2. root_view. steps. read_tree HN S2 R2 Fr. steps.
          change (fst (leaf_at w2 (vm_root w2 h) at_)) with (level w2 h at_).
          rewrite (freezing_level w w2 h h at_ G2 R Fr). change (level w h at_) with (lv at_).
          change ((at_ / leaf_size (lv at_) + 1) * leaf_size (lv at_)) with (next_of lv at_).
          exists (Z.max 0 (512 - (cost + v))). split; [lia|].
          exists (Datatypes.S k), (next_of lv at_), (cost + v). eexists. eexists. exists fz2. sp; try lia; try reflexivity.
          -- rewrite Ek. reflexivity.
          -- destruct Lk2 as [L1 L2 L3 L4 L5 L6]. constructor; auto. lia.
      + eapply wp_mono; [apply HM|]. cbv beta. intros ? ? [-> ->]. steps.
        exists (Z.min at_ to), fz. sp; try lia; try reflexivity.
        * exact S1.
        * apply (looked_between L w h from to _ at_ k); auto; lia.
        * exact G.
        * intros fn X. apply N; [unfold frame; lia|lia|lia].
  Qed.

  Lemma lend_state_range w h : lend_state w h = 0 \/ lend_state w h = 1.
  Proof. unfold lend_state. destruct (_ =? 0); auto. Qed.

  Lemma unlend_range_ok F : spec_revoke_begin B cpu LI (F "revoke_begin") -> spec_unlend_freeze B cpu LI (F "unlend_freeze") ->
    spec_revoke_finish B cpu LI (F "revoke_finish") -> spec_unlend_range B cpu LI (invoke F fuel f_unlend_range).
  Proof.
    intros HB0 HZ HE L h from to w S Rh Ns H0 Hft. pose proof (s_cs _ _ _ _ S) as C. enter. to_if.
    join (fun e w' => w' = w /\ vm_n_lent w h <> 0 /\
      e = [("h", Some h); ("ipa", Some from); ("end", Some to); ("state", Some 0); ("stop", None)]).
    - steps. read_locked C. root_view. steps.
      + exists to. sp; try lia; try reflexivity; [exists L; exact S|]. constructor; auto.
        intros p. apply lent_less_refl.
      + sp; auto.
    - intros e ? (-> & En & ->).
      assert (R : rooted w h).
      { pose proof (u_states B w (s_vcpus _ _ _ _ S) h Rh) as U. unfold rooted, live, VM_FREE, VM_NEW, VM_SEALED, VM_DYING in *. lia. }
      join (fun e w' => w' = w /\ e = [("h", Some h); ("ipa", Some from); ("end", Some to); ("state", Some (lend_state w h));
        ("stop", None)]).
      { steps. read_locked C. unfold lend_state, LEAF_UNUSED, LEAF_SHARED.
        destruct (Z.eqb_spec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0) as [Ep|Ep]; rewrite ?Ep; steps; try contradiction;
          split; reflexivity. }
      intros e ? (-> & ->). steps. eapply wp_mono; [apply (HB0 unfrozen L w S)|]. cbv beta. intros ? w1 (-> & S1 & E1). steps.
      assert (O1 : same_objects w w1).
      { intros c ix Sc. rewrite E1. apply (upd_name (w_mem w)). destruct (String.eqb_spec "n_frozen" c) as [<-|];
        [discriminate Sc|reflexivity]. }
      assert (R1 : rooted w1 h) by (apply (same_rooted w w1 h O1), R).
      assert (Ls1 : lend_state w1 h = lend_state w h) by (unfold lend_state; rewrite O1 by reflexivity; reflexivity).
      assert (Lf1 : forall h' f, leaf w1 h' f = leaf w h' f).
      { intros h' f. apply ram_leaf; [rewrite E1; reflexivity|apply same_root, O1]. }
      eapply wp_mono; [apply (HZ L h from to w1 S1 R1 H0 Hft); rewrite E1; reflexivity|].
      cbv beta. intros ? w2 (stop & fz & -> & Hs & S2 & Fb & G & Nl). steps.
      pose proof (fg_objects _ _ _ G) as O2.
      assert (R2 : rooted w2 h) by (apply (same_rooted w1 w2 h O2), R1). rewrite Ls1 in Fb.
      pose proof (lend_state_range w h) as Rs.
      eapply wp_mono; [apply (HE fz L h from stop (lend_state w h) w2 S2 R2); [lia|exact Fb]|].
      cbv beta. intros ? w3 (-> & S3 & Rv). steps.
      exists stop. sp; try lia; try reflexivity; [exact S3|]. constructor.
      + intros c ix Sc Nc. rewrite (rv_objects _ _ _ _ Rv c ix Sc Nc), O2, O1 by exact Sc. reflexivity.
      + intros h' f R' F'.
        assert (R1' : rooted w1 h') by (apply (same_rooted w w1 h' O1), R').
        assert (R2' : rooted w2 h') by (apply (same_rooted w1 w2 h' O2), R1').
        pose proof (rv_leaf _ _ _ _ Rv h' f R2' F') as Ef. rewrite <- !Lf1.
        destruct (fg_leaf _ _ _ G h' f R1' F') as [E|(-> & Z & E)]; rewrite E in Ef; rewrite Ef.
        * left. apply thaw_same. intros X. exact (sec_frozen B unfrozen L w1 h' f S1 R1' F' X).
        * right. split; [reflexivity|]. split; [unfold is_lent, desc in *; rewrite <- Lf1; exact Z|].
          destruct (freeze_lent_frozen _ (desc_word w1 h f) (lent_soft B unfrozen L w1 h f S1 R1' F' Z)) as [Zf _].
          unfold thaw, freeze_leaf. cbn [fst snd]. fold (desc w1 h f). rewrite Zf, Z.eqb_refl. unfold level. rewrite Lf1. reflexivity.
      + intros _ f X Z. assert (F' : frame f) by (unfold frame; lia).
        assert (E : leaf w3 h f = thaw (lend_state w h) (leaf w2 h f)) by (apply (rv_leaf _ _ _ _ Rv); assumption).
        unfold is_lent, desc in Z. rewrite E in Z. unfold thaw in Z.
        destruct (Z.eqb_spec (leaf_state (snd (leaf w2 h f))) LEAF_FROZEN) as [Y|Y].
        * cbn [snd] in Z. destruct Rs as [Q|Q]; rewrite Q in Z; discriminate Z.
        * exact (Nl f X Z).
      + intros p. assert (Es : state w2 p = state w p).
        { unfold state. rewrite (fg_meta _ _ _ G), E1. reflexivity. }
        destruct (rv_other _ _ _ _ Rv p) as [X|X].
        * intros (f & F' & Z & Nm). apply names_leaf in Nm as (Sf & _).
          assert (Fz : fz h f) by exact (sec_frozen B fz L w2 h f S2 R2 F' Z).
          destruct (fg_leaf _ _ _ G h f R1 F') as [E|(_ & Y & E)].
          -- apply (sec_frozen B unfrozen L w1 h f S1 R1 F'). unfold frozen, desc in *. rewrite <- E. exact Z.
          -- pose proof (lent_soft B unfrozen L w1 h f S1 R1 F' Y) as S0.
             destruct (freeze_lent_frozen _ (desc_word w1 h f) S0) as [_ S4].
             unfold desc in Sf. rewrite E in Sf. unfold freeze_leaf in Sf. cbn [snd] in Sf. fold (desc w1 h f) in Sf. lia.
        * left. rewrite X. exact Es.
        * right. rewrite <- Es. exact X.
  Qed.
End Proofs.
