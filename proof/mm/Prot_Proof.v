(** * Other rights for lent leaves: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Walk_Spec Walk_Facts Table_Spec Revoke_Spec Revoke_Facts Loan_Spec Loan_Facts Attr_Facts.
From Redoubt.gen Require Import mm_lend.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma refines_refl a fn : refines a a fn.
Proof. repeat split; auto. Qed.

Lemma refines_trans a b c fn : refines a b fn -> refines b c fn -> refines a c fn.
Proof.
  intros (A1 & A2 & A3 & A4) (B1 & B2 & B3 & B4). split; [congruence|]. split; [congruence|]. split.
  - intros X. rewrite B3 by (rewrite A1; exact X). auto.
  - intros X. rewrite B4 by (rewrite A1; exact X). auto.
Qed.

Lemma reprot_refl w : reprot w w.
Proof. constructor; [apply same_objects_refl|reflexivity|]. intros. split; [reflexivity|apply refines_refl]. Qed.

Lemma reprot_trans a b c : reprot a b -> reprot b c -> reprot a c.
Proof.
  intros [O1 M1 L1] [O2 M2 L2]. constructor; [exact (same_objects_trans _ _ _ O1 O2)|congruence|].
  intros h fn R F. destruct (L1 h fn R F) as [A1 A2].
  destruct (L2 h fn) as [B1 B2]; [apply (same_rooted a b h O1), R|exact F|].
  split; [congruence|exact (refines_trans _ _ _ _ A2 B2)].
Qed.

Lemma lor_u32 a b : in_ty U32 a -> in_ty U32 b -> in_ty U32 (Z.lor a b).
Proof. apply lor_in. Qed.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Lemma new_attr L w h fn a : sec B unfrozen L w -> rooted w h -> frame fn -> leaf_attr 2 a -> is_lent w h fn ->
    let d := desc w h fn in let x := desc_with d a in
    in_ty U64 x /\ x mod 4 = d mod 4 /\ output x = output d /\ soft x = 2 /\ soft d = 2.
  Proof.
    intros S R F [A Sa] Z d x. pose proof (lent_soft B unfrozen L w h fn S R F Z) as Sd. fold d in Sd.
    destruct (l_type _ _ _ _ _ (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) _ _ (leaf_pair w h fn)) as (_ & Od & _); [fold d; lia|].
    fold d in Od. pose proof (output_range d) as Or.
    assert (M : 0 <= d mod 4 < 4) by (apply Z.mod_pos_bound; lia).
    destruct (desc_fields (output d) a (d mod 4)) as (X1 & X2 & X3 & X4 & _); [lia|exact A|exact M|].
    assert (E : x = output d * 4096 + a + d mod 4) by (unfold x, desc_with; rewrite (pfn_output d Od); reflexivity).
    rewrite E. rewrite X4, Sa. auto.
  Qed.

  Lemma may_reprot L w h fn a : sec B unfrozen L w -> rooted w h -> frame fn -> leaf_attr 2 a -> is_lent w h fn ->
    may_put B unfrozen unfrozen L w h fn (level w h fn) (desc_with (desc w h fn) a).
  Proof.
    intros S R F A Z. destruct (new_attr L w h fn a S R F A Z) as (Ux & Mx & Ox & Sx & Sd).
    set (d := desc w h fn) in *. set (x := desc_with d a) in *.
    pose proof (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) as O.
    assert (Of : forall fn', slot w h fn fn' -> frame fn' /\ leaf_ok B (unfrozen h) w h fn').
    { intros fn' C. assert (F' : frame fn') by (eapply slot_frame; eassumption). split; [exact F'|].
      apply (t_leaf B _ w (s_tables B _ _ _ S) h fn' R F'). }
    assert (Nm : forall fn', slot w h fn fn' -> names w h fn' 2 (leaf_frame (level w h fn) x fn')).
    { intros fn' C. apply names_leaf. rewrite (slot_desc w h fn fn' C), (slot_level w h fn fn' C).
      split; [exact Sd|]. split; [lia|]. symmetry. apply frame_same, Ox. }
    constructor.
    - exact Ux.
    - intros _. destruct (l_type _ _ _ _ _ O _ _ (leaf_pair w h fn)) as ([T|[_ []]] & X); [fold d; lia|].
      rewrite Mx, Ox. split; [left; exact T|exact X].
    - lia.
    - lia.
    - intros E _. apply (l_block _ _ _ _ _ O d); [|exact Sd]. rewrite <- E. apply leaf_pair.
    - lia.
    - intros fn' C _. destruct (Of fn' C) as [F' O']. destruct (l_lent _ _ _ _ _ O' _ (Nm fn' C)) as [X Y].
      split; [exact X|]. split; [exact Y|]. apply (n_leaf _ _ (s_lent B _ _ _ S)); auto.
    - intros k fn' p C T. assert (h <> 0) by (destruct R as [[? _]|[? _]]; lia).
      destruct (t_tlb B _ w (s_tables B _ _ _ S) k h fn' p H T) as [_ (s & X)]. apply names_leaf in X.
      rewrite (slot_desc w h fn fn' C), (slot_level w h fn fn' C) in X. split; [lia|].
      rewrite (frame_same (level w h fn) _ _ fn' Ox). apply X.
    - intros h' fn' [].
  Qed.

  Lemma prot_at_ok F : spec_lent_at B cpu LI (F "lent_at") -> spec_walk_leaf B cpu LI (F "walk_leaf") ->
    (forall x a, in_ty U64 x -> attributes a -> computes K (F "desc_set_attr") [x; a] (desc_with x a)) ->
    spec_walk_put B cpu LI (F "walk_put") -> spec_prot_at B cpu LI (invoke F fuel f_prot_at).
  Proof.
    intros HA HL HD HP L h fn a w S R Fr A. pose proof (s_cs _ _ _ _ S) as C.
    assert (Rh : 1 <= h <= 255) by (apply vm_range with w; exact R).
    enter. steps. eapply wp_mono; [eapply (HA unfrozen L h fn w S R Fr)|]. cbv beta. intros ? ? [-> ->]. steps.
    read_locked C. root_view. steps. read_tree HL S R Fr. change (snd (leaf_at w (vm_root w h) fn)) with (desc w h fn). steps.
    eapply wp_mono; [apply HD; [apply desc_word|apply A]|]. cbv beta. intros ? ? [-> ->]. steps.
    - assert (Z : is_lent w h fn) by (unfold is_lent; lia).
      destruct (new_attr L w h fn a S R Fr A Z) as (Ux & Mx & Ox & Sx & Sd).
      read_locked C. root_view. steps.
      assert (Nl : level w h fn <> 1) by (destruct (soft_level B unfrozen L w h fn S R Fr); lia).
      eapply wp_mono; [apply (HP unfrozen unfrozen L); [exact S|exact R|exact Fr|exact Nl|apply may_reprot; assumption]|].
      cbv beta. intros ? w1 (-> & S1 & P). change (fst (leaf_at w (vm_root w h) fn)) with (level w h fn) in P. steps.
      split; [eexists; split; [reflexivity|destruct (_ =? _); split; reflexivity || (cbv; discriminate)]|].
      split; [exact S1|]. constructor.
      + intros c ix _. rewrite (pt_mem _ _ _ _ _ _ P). reflexivity.
      + apply (pt_meta _ _ _ _ _ _ P).
      + intros h' f R' F'. assert (Dc : h' = h /\ slot w h fn f \/ ~ (h' = h /\ slot w h fn f)).
        { destruct (Z.eq_dec h' h); [|tauto]. destruct (slot_dec w h fn f); tauto. }
        destruct Dc as [[-> X]|X].
        * unfold level. rewrite (put_new w h fn _ w1 f P X), (slot_leaf w h fn f X). cbn [fst]. split; [reflexivity|].
          unfold leaf. rewrite (leaf_pair w h fn). set (d := desc w h fn) in *. set (x := desc_with d a) in *.
          unfold refines. cbn [fst snd]. split; [lia|]. split; [clear - Mx; words|]. split; [lia|].
          intros _. apply frame_same, Ox.
        * unfold level. rewrite (put_leaf w h fn _ w1 h' f P R' F' X). split; [reflexivity|apply refines_refl].
    - split; [eexists; split; [reflexivity|destruct (_ =? _); split; reflexivity || (cbv; discriminate)]|].
      split; [exact S|apply reprot_refl].
  Qed.

  Lemma prot_range_ok F : spec_prot_at B cpu LI (F "prot_at") -> spec_walk_next B cpu LI (F "walk_next") ->
    spec_tlb_inval_vm B cpu LI (F "tlb_inval_vm") -> spec_min_u64 B cpu LI (F "min_u64") ->
    spec_prot_range B cpu LI (invoke F fuel f_prot_range).
  Proof.
    intros HA HN HT HM L h from to a w S Lv H0 Hft A. pose proof (s_cs _ _ _ _ S) as C.
    assert (Rh : 1 <= h <= 255) by apply Lv. assert (R : rooted w h) by (left; exact Lv). enter. to_if.
    join (fun e w' => w' = w /\ e = [("h", Some h); ("ipa", Some from); ("end", Some to); ("attr", Some a); ("at", Some from);
      ("looked", Some 0); ("changed", Some 0); ("c", None)]).
    { steps. read_locked C. root_view. steps; [|split; reflexivity].
      exists to. sp; try lia; try reflexivity; [exact S|apply reprot_refl]. }
    intros e ? (-> & ->). steps.
    loop (fun m e w1 => exists at_ n ch c, m = 512 - n /\ 0 <= n <= 512 /\ from <= at_ <= 2 ^ 28 /\ in_ty U32 ch /\
      e = [("h", Some h); ("ipa", Some from); ("end", Some to); ("attr", Some a); ("at", Some at_); ("looked", Some n);
           ("changed", Some ch); ("c", c)] /\ sec B unfrozen L w1 /\ reprot w w1) from 512.
    - lia.
    - exists from, 0, 0, None. sp; try lia; try reflexivity; [range|exact S|apply reprot_refl].
    - intros m e w1 Mm (at_ & n & ch & c & -> & Hn & Ha & Uc & -> & S1 & P1). pose proof (s_cs _ _ _ _ S1) as C1.
      assert (R1 : rooted w1 h) by (apply (same_rooted w w1 h (rp_objects _ _ P1)), R).
      to_if.
      + assert (Fr : frame at_) by (unfold frame; lia).
        eapply wp_mono; [apply (HA L h at_ a w1 S1 R1 Fr A)|]. cbv beta. intros ? w2 ((v & -> & Uv) & S2 & P2). steps.
        pose proof (reprot_trans _ _ _ P1 P2) as P. pose proof (s_cs _ _ _ _ S2) as C2.
        assert (R2 : rooted w2 h) by (apply (same_rooted w w2 h (rp_objects _ _ P)), R).
        read_locked C2. root_view. steps. read_tree HN S2 R2 Fr. steps.
        change (fst (leaf_at w2 (vm_root w2 h) at_)) with (level w2 h at_).
        pose proof (next_after w2 h at_) as Na. pose proof (next_bound w2 h at_ Fr) as Nb. unfold next_of in Na, Nb.
        exists (512 - (n + 1)). split; [lia|].
        exists ((at_ / leaf_size (level w2 h at_) + 1) * leaf_size (level w2 h at_)), (n + 1), (Z.lor ch v), (Some v).
        sp; try reflexivity; try lia.
        * apply lor_in; assumption.
        * exact S2.
        * exact P.
      + join (fun e w2 => exists ch, e = [("h", Some h); ("ipa", Some from); ("end", Some to); ("attr", Some a); ("at", Some at_);
          ("looked", Some n); ("changed", Some ch); ("c", c)] /\ sec B unfrozen L w2 /\ reprot w w2).
        * steps.
          -- read_locked C1. root_view. steps. eapply wp_mono; [apply HT; [exact C1|right; auto]|].
             cbv beta. intros ? ? ((w0 & J & _ & ->) & ->). steps.
             destruct (invalidated B HB unfrozen L w1 w0 h S1 R1 J) as (S2 & O2 & _ & M2 & L2).
             exists ch. split; [reflexivity|]. split; [exact S2|]. apply reprot_trans with w1; [exact P1|].
             constructor; [exact O2|exact M2|]. intros h' f R' F'. unfold level. rewrite (L2 h' f R' F'). split;
               [reflexivity|apply refines_refl].
          -- exists ch. auto.
        * intros e w2 (ch' & -> & S2 & P2). steps. eapply wp_mono; [apply HM|]. cbv beta. intros ? ? [-> ->]. steps.
          exists (Z.min at_ to). sp; try lia; try reflexivity; assumption.
  Qed.
End Proofs.
