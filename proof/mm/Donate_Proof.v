(** * Giving private memory to protected VMs: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Structure_Frame Structure_Facts Structure_Steps Object_Spec Vm_Spec Vm_Facts Section Walk_Spec
  Walk_Facts Table_Spec Table_Facts Table_Shape Table_Split Leaf_Spec Donate_Spec Attr_Facts.
From Redoubt.gen Require Import mm_donate.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu (mem_inv B)).

  Ltac refuse := (split; [reflexivity|]); eexists; sp; [reflexivity|range|]; unfold KC_OK; discriminate.

  Lemma donate_check_ok F : spec_vm_check_protected B cpu (F "vm_check_protected") ->
    spec_ram_end B cpu LI (F "ram_end") -> spec_page_check B cpu LI (F "page_check") ->
    spec_slot_check B cpu LI (F "slot_check") -> spec_donate_check B cpu LI (invoke F fuel f_donate_check).
  Proof.
    intros HC HR HP HS L h fn p n w Sc Hh Up Hn F0 F1 Pn. pose proof (s_cs _ _ _ _ Sc) as C.
    assert (Uf : in_ty U64 fn) by (unfold in_ty, modulus; lia).
    enter. steps. ask HC v Hv. destruct Hv as [Uv Hv]. steps.
    { split; [reflexivity|]. exists v. sp; auto. intros X. contradiction. }
    destruct Hv as (Rh & N1 & N2 & Pr); [assumption|].
    assert (Lv : live w h) by (eapply checked_live; [exact Sc|auto]).
    assert (Ro : ram_ok w h) by (apply (u_ram _ _ (s_vcpus _ _ _ _ Sc)), Lv).
    eapply wp_mono; [apply HR; [lia|exact Uf|exact Ro|exact C]|]. cbv beta. intros ? ? (-> & e & -> & He). steps; [refuse|].
    assert (De : forall i, 0 <= i < n -> declared w h (fn + i)).
    { destruct He as [[-> _]|(k & Ik & ->)]; [lia|]. intros i Hi. exists k. destruct Ik as [I1 I2]. split; [exact I1|lia]. }
    assert (R : rooted w h) by (left; exact Lv).
    eapply wp_mono; [apply HP; [exact Up|lia|exact C]|]. cbv beta. intros ? ? (-> & v' & -> & Uv' & Hv'). steps.
    { split; [reflexivity|]. exists v'. sp; auto. intros X. contradiction. }
    eapply wp_mono; [eapply HS; [exact C|apply (s_tables _ _ _ _ Sc)|exact R|unfold frame; lia|exact Hn|lia]|].
    cbv beta. intros ? ? (-> & r & -> & Ur & Hr). steps. split; [reflexivity|]. exists r. sp; auto. intros X. split; [|auto].
    unfold may_donate. sp; auto. intros i Hi. specialize (Hv' ltac:(assumption) i Hi).
    assert (Ui : in_ty U64 (p + i)).
    { unfold in_ty, modulus in *. clear - Up Pn Hi Hn. destruct Hn as [->| ->]; words. }
    rewrite (wrap_small U64 _ Ui) in Hv'. destruct Hv' as [Rp Kp]. split; [exact Rp|]. destruct Kp as [Kp|(_ & X0 & _)]; [exact Kp|lia].
  Qed.

  (** Leaves that say the same name the same. *)
  Lemma refines_names w w' h fn s q : vm_root w' h = vm_root w h ->
    refines (leaf_at w (vm_root w h) fn) (leaf_at w' (vm_root w h) fn) fn -> (names w' h fn s q <-> names w h fn s q).
  Proof.
    intros E (A1 & A2 & A3 & A4). unfold names. rewrite E. destruct (leaf_at w (vm_root w h) fn) as [l d],
      (leaf_at w' (vm_root w h) fn) as [l' d']. cbn [fst snd] in *. rewrite A1. split; intros (S & N & Q); sp; auto.
    - rewrite <- A4 by lia. exact Q.
    - rewrite A4 by lia. exact Q.
  Qed.

  Lemma call_donate_ok F : spec_order_pages B cpu LI (F "order_pages") -> spec_leaf_check B cpu LI (F "leaf_check") ->
    spec_spin_lock B cpu LI (F "spin_lock") -> spec_donate_check B cpu LI (F "donate_check") ->
    spec_own_take_private B cpu LI (F "own_take_private") -> spec_slot_map B cpu LI (F "slot_map") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_donate B cpu (invoke F fuel f_call_donate).
  Proof.
    intros HO HL HLk HC HT HM HU h fn p o w Hh Uf Up Uo Hi. enter. steps.
    eapply wp_mono; [apply HO, Uo|]. cbv beta. intros ? ? (-> & n & -> & Hn). steps.
    assert (Un : in_ty U64 n) by (unfold in_ty, modulus; lia).
    eapply wp_mono; [apply HL; [exact Uf|exact Up|tauto]|]. cbv beta. intros ? ? (-> & v & -> & Uv & Hv). steps.
    { left. split; [exists v; auto|reflexivity]. }
    destruct Hv as (Hn' & F1 & Fa & Pa); [assumption|]. clear Hn. assert (F0 : 0 <= fn) by apply Uf.
    lock HLk Hi Sc L C w1.
    eapply wp_mono; [eapply HC; [exact Sc|exact Hh|exact Up|exact Hn'|exact F0|exact F1|exact Pa]|].
    cbv beta. intros ? ? (-> & r & -> & Ur & Hr). steps.
    - destruct Hr as [Md Sf]; [assumption|]. pose proof Md as (Lv & Pr & De & Hp). pose proof (proj1 Lv) as Rh.
      eapply wp_mono; [eapply HT; [exact Sc|exact Lv|exact Hn'|exact F0|exact F1|exact Pa|exact Hp]|].
      cbv beta. intros ? w2 (-> & Sc2 & Gp & V2). steps.
      assert (Vw : views w1 w2).
      { apply views_mem. intros c ix I. apply (e_mem _ _ _ _ _ V2).
        cbn in I. repeat destruct I as [<-|I]; try reflexivity. destruct I. }
      assert (Lv2 : live w2 h) by (apply (views_live _ _ _ Vw), Lv).
      assert (Tr : same_trees w1 w2).
      { constructor.
        - intros h'. apply (views_live _ _ _ Vw).
        - intros h'. apply (views_rooted _ _ _ Vw).
        - intros h' _. apply (v_root _ _ Vw).
        - intros h' _. apply (v_prot _ _ Vw).
        - intros h' l f t i R' F' Et _. apply (views_rooted _ _ _ Vw) in R'.
          destruct (table_ours B HB unfrozen w1 h' (s_tables _ _ _ _ Sc) R' l f t F' Et) as (_ & _ & Rt & Kt & _).
          unfold word. rewrite (e_ram _ _ _ _ _ V2); auto. intros Hq. destruct (Hp (t - p)) as [_ Kq]; [lia|].
          replace (p + (t - p)) with t in Kq by lia. pg; lia. }
      assert (Lf : forall h' f, rooted w1 h' -> frame f ->
        leaf_at w2 (vm_root w1 h') f = leaf_at w1 (vm_root w1 h') f /\
        forall l, table_at w2 (vm_root w1 h') l f = table_at w1 (vm_root w1 h') l f).
      { intros h' f R' F'. assert (R2 : rooted w2 h') by (apply (views_rooted _ _ _ Vw), R').
        pose proof (same_leaf_at w1 w2 Tr h' f R2 F') as A1. rewrite (v_root _ _ Vw) in A1. split; [exact A1|].
        intros l. pose proof (same_table_at w1 w2 Tr h' l f R2 F') as A2. rewrite (v_root _ _ Vw) in A2. exact A2. }
      assert (Fr : frame fn) by (unfold frame; lia). assert (R1 : rooted w1 h) by (left; exact Lv).
      assert (Sf2 : slot_free w2 h fn n LEAF_UNUSED).
      { destruct (Lf h fn R1 Fr) as [El Et]. unfold slot_free, need2, need3 in *. rewrite (v_root _ _ Vw), El, !Et.
        assert (Np : vm_n_pool w2 h = vm_n_pool w1 h) by (unfold vm_n_pool; rewrite (e_mem _ _ _ _ _ V2) by reflexivity; reflexivity).
        rewrite Np. exact Sf. }
      assert (Mm : may_map B L w2 h fn p n 1).
      { destruct (Hp 0 ltac:(lia)) as [R0 _]. destruct (Hp (n - 1) ltac:(lia)) as [Rl _].
        pose proof (ram_range B HB _ R0). pose proof (ram_range B HB _ Rl). constructor; auto; try lia.
        intros _ i Hi'. split; [apply Hp, Hi'|apply Gp, Hi']. }
      eapply wp_mono; [eapply HM; [exact Sc2|exact Lv2|exact Mm|exact attr_private| |exact Sf2]; unfold LEAF_UNUSED; lia|].
      cbv beta. intros ? w3 (-> & Sc3 & G3 & Lf3). steps. unlock HU Sc3. right. subst r.
      apply (section_done B _ L L w1 w3); [exact Sc|exact Sc3|]. exists n. split; [exact Hn'|].
      pose proof (grows_views _ _ G3) as V3.
      assert (S3 : forall q, state w3 q = state w2 q) by (intros q; unfold state; rewrite (g_meta _ _ G3); reflexivity).
      unfold donated. sp; [exact Md| | |].
      + intros i Hi'. destruct (Gp i Hi') as (S2 & _). rewrite S3. sp; [exact S2| |].
        * specialize (Lf3 h (fn + i) (or_introl Lv2) ltac:(unfold frame; lia)). rewrite Z.eqb_refl in Lf3.
          replace (fn <=? fn + i) with true in Lf3 by lia. replace (fn + i <? fn + n) with true in Lf3 by lia.
          destruct Lf3 as (l & d & Ed & Sd & _ & Q). unfold names. rewrite (v_root _ _ V3), Ed. sp; auto; lia.
        * intros h' Rc. destruct (private_state w3 (p + i) h (fn + i)) as (K1 & K2 & _);
            [exact Rh|unfold frame; lia|rewrite S3; exact S2|].
          destruct Rc as (k & f & Tb). pose proof (s_tlb B w3 (cs_secure B w3 (s_cs _ _ _ _ Sc3)) _ _ _ _ Tb) as A.
          unfold allowed in A. destruct (Z.eqb_spec h' 0) as [->|N0].
          -- exfalso. destruct (Hp i Hi') as [Rp _]. destruct A as [_ [[_ A]|A]]; [pg; lia|exact (bo_dev B HB _ A Rp)].
          -- destruct A as [_ [A|(_ & A & _)]]; [pg; lia|congruence].
      + intros q Hq. rewrite S3. unfold state. rewrite (e_meta _ _ _ _ _ V2); auto.
      + intros h' f s q R' F' N. assert (R2 : rooted w2 h') by (apply (views_rooted _ _ _ Vw), R').
        specialize (Lf3 h' f R2 F'). replace ((h' =? h) && (fn <=? f) && (f <? fn + n)) with false in Lf3 by lia.
        destruct (Lf h' f R' F') as [El _].
        transitivity (names w2 h' f s q).
        * apply refines_names; [apply (v_root _ _ V3)|exact Lf3].
        * apply refines_names; [apply (v_root _ _ Vw)|apply refines_same, El].
    - unlock HU Sc. right. apply section_error with L; auto.
  Qed.
End Proofs.
