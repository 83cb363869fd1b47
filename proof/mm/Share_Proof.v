(** * A protected VM shares memory: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Object_Spec Walk_Spec Walk_Facts Table_Spec Table_Put Revoke_Spec Revoke_Facts
  Loan_Spec Loan_Facts Guest_Spec Share_Spec Share_Facts.
From Redoubt.gen Require Import mm_guest.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma table3_block w r f a : f / 512 = a / 512 -> table_at w r 3 f = table_at w r 3 a.
Proof.
  intros E. rewrite !table_at_3. rewrite (table_covered w r 2 2 a f) by (sizes; lia).
  destruct (table_at w r 2 a); [|reflexivity]. unfold index. change (2 ^ (9 * (3 - 2))) with 512. rewrite E.
    reflexivity.
Qed.

Lemma table3_level w h f : table_at w (vm_root w h) 3 f <> None <-> level w h f = 3.
Proof.
  unfold level, leaf, leaf_at. destruct (table_at w (vm_root w h) 3 f) as [t|]; cbn [fst]; [split;
    [auto|discriminate]|].
  destruct (table_at w (vm_root w h) 2 f); cbn [fst]; (split; [intros X; contradiction|lia]).
Qed.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Lemma share_at_ok F : spec_walk_state B cpu LI (F "walk_state") ->
    (forall s, 0 <= s < 4 -> computes K (F "desc_invalid") [s] (invalid_desc s)) -> unary K (index 3) (F "idx_l3") ->
    spec_table_check B cpu LI (F "table_check") -> spec_table_make_l3 B cpu LI (F "table_make_l3") ->
    spec_revoke_freeze B cpu LI (F "revoke_freeze") -> spec_pte_set B cpu LI (F "pte_set") ->
    spec_share_at B cpu LI (invoke F fuel f_share_at).
  Proof.
    intros HS HI HX HT HM HZ HP fz L h fn w S Lv Pr Fr Nf Hfz. pose proof (s_cs _ _ _ _ S) as C.
    assert (Rh : 1 <= h <= 255) by apply Lv. assert (R : rooted w h) by (left; exact Lv).
    assert (Uf : in_ty U64 fn) by (unfold frame in Fr; unfold in_ty, modulus; lia).
    enter. steps. read_locked C. root_view. steps. read_tree HS S R Fr.
    change (leaf_state (snd (leaf_at w (vm_root w h) fn))) with (leaf_says w h fn). steps.
    eapply wp_mono; [apply HI; lia|]. cbv beta. intros ? ? [-> ->]. cbv beta iota. reduce_env. steps. pure HX. steps.
    - (* SHARED or LENT *)
      split; [apply keeps_refl|]. exists 0. split; [reflexivity|]. right. split; [reflexivity|]. split; [auto|].
        split; [left; reflexivity|].
      split; [unfold LEAF_SHARED, LEAF_LENT; lia|]. left. auto.
    - split; [apply keeps_refl|]. exists 2. split; [reflexivity|]. left. split; [left; reflexivity|reflexivity].
    - eapply wp_mono; [eapply (HT fz h fn w C (s_tables _ _ _ _ S) R Fr)|]. cbv beta. intros ? ? [-> (v & -> & Uv &
      Hv)].
      cbv beta iota. reduce_env. unfold KC_OK, KC_ENOMEM in Hv. steps.
      + split; [apply keeps_refl|]. exists v. split; [reflexivity|]. left. split; [right; unfold KC_ENOMEM;
        lia|reflexivity].
      + assert (Np : need3 w h fn <= vm_n_pool w h) by lia.
        assert (Nz : ~ fz h fn) by (intros X; destruct (Hfz fn X) as [_ Y]; apply Y; reflexivity).
        eapply wp_mono; [apply (HM fz L h fn w S Lv Fr Np)|].
        { intros _ Sf. destruct (l_type _ _ _ _ _ (t_leaf B _ w (s_tables B _ _ _ S) h fn R Fr) _ _ (leaf_pair w h fn)
          Sf) as [[M|[_ X]] _]; [|contradiction].
          unfold leaf_type in M. change (snd (leaf_at w (vm_root w h) fn)) with (desc w h fn). unfold valid. destruct
            (level w h fn =? 3); words. }
        cbv beta. intros ? w1 (t & -> & S1 & G1 & Et & E3 & Rf). to_if.
        assert (Er : vm_root w1 h = vm_root w h) by (unfold vm_root; rewrite (g_mem _ _ G1) by discriminate;
          reflexivity).
        assert (K1 : keeps w w1) by (split; [intros c ix _ N1 N2; apply (g_mem _ _ G1); assumption|apply (g_meta _ _
          G1)]).
        assert (R1 : rooted w1 h) by (apply (keeps_rooted w w1 K1), R).
        assert (El1 : level w1 h fn = 3) by (unfold level, leaf; rewrite Er; exact E3).
        assert (Sy1 : forall h' f, rooted w h' -> frame f -> leaf_says w1 h' f = leaf_says w h' f).
        { intros h' f R' F'. unfold leaf_says, desc, leaf. rewrite (keeps_root w w1 K1). exact (refines_says _ _ f (Rf
          h' f R' F')). }
        assert (N1 : n_frozen w1 = n_frozen w) by (unfold n_frozen; rewrite (g_mem _ _ G1) by discriminate;
          reflexivity).
        steps.
        * (* a private page *)
          destruct (private_bits (desc w1 h fn)) as [_ Sf1]; [change (leaf_says w1 h fn = 4); rewrite Sy1 by
            assumption; assumption|].
          eapply wp_mono; [apply (HZ fz L h fn w1 S1 R1 Fr); [lia|rewrite N1; exact Nf]|].
          cbv beta. intros ? w2 (-> & S2 & Fz & N2). steps.
          assert (K2 : keeps w1 w2) by (split; [intros c ix Sc _ _; apply (fr_objects _ _ _ _ Fz), Sc|apply (fr_meta _
            _ _ _ Fz)]).
          assert (Lf : leaf w2 h fn = (3, desc w1 h fn - desc w1 h fn mod 4)).
          { rewrite (fr_in _ _ _ _ Fz fn (slot_refl w1 h fn)), El1. reflexivity. }
          assert (El2 : level w2 h fn = 3) by (unfold level; rewrite Lf; reflexivity).
          destruct (freeze_fields _ (desc_word w1 h fn)) as (_ & _ & M2 & Sf2 & _).
          split; [exact (keeps_trans _ _ _ K1 K2)|]. exists 0. split; [reflexivity|]. right. split; [reflexivity|].
            split; [|split; [|split]].
          -- intros h' f R' F' X. rewrite <- (Sy1 h' f R' F'). unfold leaf_says, desc.
             rewrite (fr_out _ _ _ _ Fz h' f (proj2 (keeps_rooted w w1 K1 h') R') F'); [reflexivity|].
             intros [-> Y]. apply X. split; [reflexivity|]. exact (slot_one w1 h fn f El1 Y).
          -- right. apply table3_level, El2.
          -- right; right. unfold leaf_says, desc. rewrite Lf. cbn [snd]. apply frozen_bits. left. lia.
          -- right. split; [|split; [lia|exact El2]].
             apply sec_thin with (also w1 h fn fz); [exact S2|]. intros h' f R' F' [X|[-> X]]; left; [left; exact X|].
             right. split; [reflexivity|]. exact (slot_one w1 h fn f El1 X).
        * (* nothing there yet *)
          assert (Sz : leaf_says w h fn = 0 \/ leaf_says w h fn = 3).
          { pose proof (Z.mod_pos_bound (desc w h fn / 4) 4). unfold leaf_says, leaf_state, LEAF_FROZEN, LEAF_PRIVATE,
            LEAF_LENT in *.
            destruct (desc w h fn mod 2 =? 0), (soft (desc w h fn) =? 0), (soft (desc w h fn) =? 1); lia. }
          assert (Sf1 : soft (desc w1 h fn) = 0).
          { destruct Sz as [Sz|Sz]; [|exfalso; apply Nz, (sec_frozen B fz L w h fn S R Fr); exact Sz].
            rewrite <- (Sy1 h fn R Fr) in Sz. unfold leaf_says, leaf_state, LEAF_FROZEN, LEAF_PRIVATE, LEAF_LENT in Sz.
            destruct (desc w1 h fn mod 2 =? 0), (Z.eqb_spec (soft (desc w1 h fn)) 0), (soft (desc w1 h fn) =? 1); lia. }
          pose proof (may_unshare B fz L w1 h fn (invalid_desc 1) S1 R1 Fr Sf1 El1 (or_intror eq_refl)) as Mp.
            rewrite El1 in Mp.
          assert (Et1 : table_at w1 (vm_root w1 h) 3 fn = Some t) by (rewrite Er; exact Et).
          assert (La : leaf_at w1 (vm_root w1 h) fn = (3, desc w1 h fn)) by (rewrite leaf_pair, El1; reflexivity).
          destruct (Table_Put.put_leaf B HB fz fz L w1 h fn 3 (desc w1 h fn) t (invalid_desc 1) S1 R1 Fr La ltac:(lia)
            Et1 Mp) as [S2 P].
          destruct (table_ours B HB fz w1 h (s_tables _ _ _ _ S1) R1 3 fn t Fr Et1) as (Ot & _).
          eapply wp_mono; [apply HP; [exact (s_cs _ _ _ _ S1)|exact Ot|apply Z.mod_pos_bound; lia|apply (cs_secure B),
            (s_cs _ _ _ _ S2)]|].
          cbv beta. intros ? w2 [-> ->]. steps. set (w2 := write_word B t (index 3 fn) (invalid_desc 1) w1) in *.
          assert (K2 : keeps w1 w2) by (split; reflexivity).
          assert (Lf : leaf w2 h fn = (3, invalid_desc 1)) by apply (pt_new _ _ _ _ _ _ P fn eq_refl).
          split; [exact (keeps_trans _ _ _ K1 K2)|]. exists 0. split; [reflexivity|]. right. split; [reflexivity|].
            split; [|split; [|split]].
          -- intros h' f R' F' X. rewrite <- (Sy1 h' f R' F'). unfold leaf_says, desc, leaf. rewrite (keeps_root w1 w2
            K2).
             rewrite (pt_leaf _ _ _ _ _ _ P h' f (proj2 (keeps_rooted w w1 K1 h') R') F'); [reflexivity|].
             intros [-> Y]. apply X. split; [reflexivity|]. unfold covered in Y. sizes. rewrite !Z.div_1_r in Y. exact
               Y.
          -- right. apply table3_level. unfold level. rewrite Lf. reflexivity.
          -- left. unfold leaf_says, desc. rewrite Lf. reflexivity.
          -- left. split; [exact S2|]. exact N1.
  Qed.

  Lemma share_range_ok F : spec_guest_limit B cpu LI (F "guest_limit") -> spec_revoke_begin B cpu LI (F
    "revoke_begin") ->
    spec_share_at B cpu LI (F "share_at") -> spec_revoke_finish B cpu LI (F "revoke_finish") ->
    spec_share_range B cpu LI (invoke F fuel f_share_range).
  Proof.
    intros HG HB0 HA HE L h from to w Hc S Lv Pr Uf Ut. pose proof Uf as Uf'. pose proof Ut as Ut'. unfold in_ty,
      modulus in Uf', Ut'.
    assert (Rh : 1 <= h <= 255) by apply Lv. assert (R : rooted w h) by (left; exact Lv). enter. steps.
    eapply wp_mono; [apply (HG L h from to w S Lv Uf Ut)|]. cbv beta. intros ? ? [-> (limit & -> & Ul & Hl)]. cbv beta
      iota. reduce_env. steps.
    assert (Hl' : from <= limit /\ limit - from <= 512 /\ (from < limit -> limit <= 2 ^ 28 /\ limit <= (from / 512 +
      1) * 512)) by words. clear Ut'.
    eapply wp_mono; [apply (HB0 unfrozen L w S)|]. cbv beta. intros ? wb (-> & Sb & Eb). steps.
    assert (Ob : same_objects w wb).
    { intros c ix Sc. rewrite Eb. apply (upd_name (w_mem w)). destruct (String.eqb_spec "n_frozen" c) as [<-|];
      [discriminate Sc|reflexivity]. }
    assert (Kb : keeps w wb) by (split; [intros c ix Sc _ _; apply Ob, Sc|rewrite Eb; reflexivity]).
    loop (fun m e w1 => exists at_ r fz n, m = Z.max 0 (limit - at_) + (1 - Z.min 1 r) /\ 0 <= n /\ n <= at_ - from /\
      from <= at_ /\
      at_ <= limit /\ (r = 0 \/ r = 2 \/ r = 5) /\
      e = [("cpu", Some cpu); ("h", Some h); ("ipa", Some from); ("end", Some to); ("limit", Some limit); ("at", Some
        at_); ("r", Some r)] /\
      in_block B L w h from at_ n fz w1 /\
      forall f, from <= f < at_ -> leaf_says w1 h f = LEAF_SHARED \/ leaf_says w1 h f = LEAF_LENT \/ leaf_says w1 h f
        = LEAF_FROZEN)
      from (limit - from + 1).
    - lia.
    - exists from, 0, unfrozen, 0. sp; try lia; try reflexivity. constructor; [exact Sb|exact Kb|rewrite Eb; cbn;
      lia|intros _ f []|intros h' f []].
    - intros m e w1 Mm (at_ & r & fz & n & -> & Hn & Hna & Ha & Hb & Hr & -> & Ib & Says). pose proof Ib as [S1 K1 Nm1
      Nc1 I1].
      assert (Lv1 : live w1 h) by (apply (keeps_live w w1 K1), Lv). pose proof (or_introl Lv1 : rooted w1 h) as R1.
      to_if.
      + assert (Fr : frame at_) by (unfold frame; lia). assert (Pr1 : protected w1 h) by (apply (keeps_protected w w1
        K1), Pr).
        eapply wp_mono; [apply (HA fz L h at_ w1 S1 Lv1 Pr1 Fr); [lia|]|].
        { intros f X. destruct (I1 h f X) as (_ & Y & Z). split; [exact Z|lia]. }
        cbv beta. intros ? w2 (K2 & v & -> & [(Hv & ->)|(-> & Sy2 & Lv3 & Sn2 & Hs2)]); unfold KC_EPERM, KC_ENOMEM,
          KC_OK in *; steps.
        * exfalso. lia.
        * exists (Z.max 0 (limit - at_)). split; [lia|]. exists at_, v, fz, n. sp; try lia; try reflexivity; [exact
          Ib|exact Says].
        * pose proof (keeps_trans _ _ _ K1 K2) as K12.
          assert (Lv2 : live w2 h) by (apply (keeps_live w w2 K12), Lv). pose proof (or_introl Lv2 : rooted w2 h) as R2.
          assert (Old : forall f, from <= f < at_ -> level w1 h f = 3 -> level w2 h f = 3).
          { intros f F1 E3. destruct Lv3 as [-> |T3]; [exact E3|]. apply table3_level. rewrite (table3_block _ _ f
            at_); [exact T3|words]. }
          exists (Z.max 0 (limit - (at_ + 1)) + 1). split; [lia|].
          assert (0 <= n_frozen w1) by apply wrap_in.
          assert (X : exists fz2 n2, n2 <= n + 1 /\ 0 <= n2 /\ in_block B L w h from (at_ + 1) n2 fz2 w2).
          { destruct Hs2 as [[S2 N2]|(S2 & N2 & L2)].
            - exists fz, n. sp; try lia. constructor; auto; [lia|rewrite N2; exact Nc1|].
              intros h' f Y. destruct (I1 h' f Y) as (-> & A1 & A2). split; [reflexivity|]. split; [lia|auto].
            - exists (one h at_ fz), (n + 1). sp; try lia. constructor; auto; [lia|lia|].
              intros h' f [Y|[-> ->]]; [|split; [reflexivity|]; split; [lia|exact L2]].
              destruct (I1 h' f Y) as (-> & A1 & A2). split; [reflexivity|]. split; [lia|auto]. }
          destruct X as (fz2 & n2 & Hn2 & Hn20 & Ib2).
          exists (at_ + 1), 0, fz2, n2. sp; try lia; try reflexivity; [exact Ib2|].
          intros f F1. destruct (Z.eq_dec f at_) as [->|Ne]; [exact Sn2|].
          rewrite (Sy2 h f R1) by (unfold frame; lia). apply Says. lia.
      + steps.
        assert (Fb : frozen_between fz w1 h from at_ 1).
        { apply (in_block_between B L w h from at_ n fz w1 1 Lv Uf); [unfold in_ty, modulus in *;
          lia|lia|lia|lia|exact Ib]. }
        eapply wp_mono; [apply (HE fz L h from at_ 1 w1 S1 R1); [lia|exact Fb]|].
        cbv beta. intros ? w2 (-> & (L2 & S2) & Rv). steps.
        assert (Rg : ranged h from to at_ w w2).
        { apply (ranged_pages B fz L w h from to at_ n w1 w2 1 Ib Lv); [intros f F1; unfold frame; lia|exact Rv|].
          destruct (Z.eq_dec at_ from) as [Y|Y]; [left; exact Y|right]. destruct Hl as [[-> _]|(Hl1 & _ & _ & Hl4)]; [lia|].
          split; [lia|]. intros f F1. apply Hl4. lia. }
        assert (S3 : sec B unfrozen L2 (write_cell B ("pcpu.res1", [cpu]) at_ w2)).
        { apply sec_write; [exact S2|reflexivity|discriminate]. }
        apply write_event; [split; [apply untied; reflexivity|reflexivity]|intros _; split; [reflexivity|left;
          reflexivity]|apply (cs_secure B), (s_cs _ _ _ _ S3)|]. intros _.
        assert (Fin : (exists L', sec B unfrozen L' (write_cell B ("pcpu.res1", [cpu]) at_ w2)) /\
          ranged h from to at_ w (write_cell B ("pcpu.res1", [cpu]) at_ w2) /\
          w_mem (write_cell B ("pcpu.res1", [cpu]) at_ w2) (obj "pcpu.res1" [cpu]) = at_ /\
          forall f, from <= f < at_ -> leaf_says (write_cell B ("pcpu.res1", [cpu]) at_ w2) h f = LEAF_SHARED \/
            leaf_says (write_cell B ("pcpu.res1", [cpu]) at_ w2) h f = LEAF_LENT).
        { split; [exists L2; exact S3|]. split; [destruct Rg as [A1 A2]; constructor; [exact A1|exact A2]|].
          split; [apply upd_same|]. intros f F1. assert (F' : frame f) by (unfold frame; lia).
          unfold leaf_says at 1 2. unfold desc. rewrite !result_leaf. change (leaf_state (snd (leaf w2 h f))) with
            (leaf_says w2 h f).
          rewrite (thawed_says 1 w1 w2 h h f Rv ltac:(lia) R1 F').
          destruct (Z.eqb_spec (leaf_says w1 h f) LEAF_FROZEN) as [Z|Z]; [left; reflexivity|].
          destruct (Says f F1) as [Y|[Y|Y]]; [left; exact Y|right; exact Y|contradiction]. }
        steps.
        * exists 5, at_. split; [reflexivity|]. split; [right; reflexivity|exact Fin].
        * exists 0, at_. split; [reflexivity|]. split; [left; reflexivity|exact Fin].
  Qed.
End Proofs.
