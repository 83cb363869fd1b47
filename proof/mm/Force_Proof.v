(** * Taking a private page by force: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Object_Spec Walk_Spec Walk_Facts Table_Spec Revoke_Spec Revoke_Facts
  Loan_Facts Vm_Spec Vm_Facts Section Force_Spec.
From Redoubt.gen Require Import mm_donate.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** The start of what is frozen. *)
Lemma begun B L w : sec B unfrozen L w -> let w1 := write_cell B ("n_frozen", []) 0 w in
  same_objects w w1 /\ n_frozen w1 = 0 /\ w_meta w1 = w_meta w /\ forall h fn, leaf w1 h fn = leaf w h fn.
Proof.
  intros S w1. assert (O : same_objects w w1).
  { intros c ix Sc. apply (upd_name (w_mem w)). destruct (String.eqb_spec "n_frozen" c) as [<-|]; [discriminate
    Sc|reflexivity]. }
  split; [exact O|]. split; [reflexivity|]. split; [reflexivity|]. intros h fn. apply ram_leaf; [reflexivity|apply
    same_root, O].
Qed.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu (mem_inv B)).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  Lemma force_check_ok F : spec_vm_check_live B cpu (F "vm_check_live") -> spec_walk_state B cpu LI (F "walk_state") ->
    spec_table_check B cpu LI (F "table_check") -> spec_force_check B cpu (invoke F fuel f_force_check).
  Proof.
    intros HC HW HT L h fn w Sc Uh Fr. pose proof (s_cs _ _ _ _ Sc) as C. enter. steps.
    ask HC v Hv. destruct Hv as [Uv Hv]. steps.
    - split; [reflexivity|]. exists v. sp; [reflexivity|exact Uv|]. intros X. contradiction.
    - destruct Hv as (Rh & N1 & N2); [assumption|].
      assert (Lv : live w h).
      { pose proof (u_states B w (s_vcpus _ _ _ _ Sc) h Rh) as U. unfold live, VM_FREE, VM_NEW, VM_SEALED, VM_DYING in
        *. lia. }
      assert (R : rooted w h) by (left; exact Lv).
      read_locked C. root_view. steps. read_tree HW Sc R Fr. change (snd (leaf_at w (vm_root w h) fn)) with (desc w h
        fn). steps.
      + split; [reflexivity|]. eexists. sp; [reflexivity|range|]. unfold KC_OK. discriminate.
      + eapply wp_mono; [eapply (HT unfrozen h fn w C (s_tables _ _ _ _ Sc) R Fr)|].
        cbv beta. intros ? ? [-> (v' & -> & Uv' & Hv')]. steps. split; [reflexivity|]. exists v'. sp;
          [reflexivity|exact Uv'|].
        intros ->. split; [exact Lv|]. split; [assumption|]. unfold KC_OK, KC_ENOMEM in Hv'. lia.
  Qed.

  Lemma force_reclaim_ok F : spec_walk_pfn B cpu LI (F "walk_pfn") -> spec_table_make_l3 B cpu LI (F "table_make_l3") ->
    spec_revoke_begin B cpu LI (F "revoke_begin") -> spec_revoke_freeze B cpu LI (F "revoke_freeze") ->
    spec_revoke_finish B cpu LI (F "revoke_finish") -> spec_force_reclaim B cpu (invoke F fuel f_force_reclaim).
  Proof.
    intros HW HT HG HZ HE L h fn w Sc Lv Fr Pr Np. pose proof (s_cs _ _ _ _ Sc) as C. pose proof Fr as Fr'. unfold
      frame in Fr'.
    assert (Rh : 1 <= h <= 255) by apply Lv. assert (R : rooted w h) by (left; exact Lv).
    destruct (private_bits _ Pr) as [Vd S1].
    set (p := leaf_frame (level w h fn) (desc w h fn) fn).
    assert (Nm : names w h fn 1 p) by (apply names_leaf; split; [exact S1|split; [lia|reflexivity]]).
    destruct (l_private _ _ _ _ _ (t_leaf B _ w (s_tables B _ _ _ Sc) h fn R Fr) p Lv Nm) as [Rp Sp].
    enter. steps. read_locked C. root_view. steps.
    eapply wp_mono; [eapply (HW unfrozen h fn w C (s_tables _ _ _ _ Sc) R Fr)|].
    cbv beta. intros ? ? [-> (v & -> & Uv & Hv)]. cbv beta iota. reduce_env. rewrite leaf_pair in Hv. cbv beta iota
      zeta in Hv.
    assert (v = p) as -> by exact (Hv Vd). steps.
    eapply wp_mono; [apply (HT unfrozen L h fn w Sc Lv Fr Np); intros; exact Vd|].
    cbv beta. intros ? w1 (t & -> & Sc1 & G1 & _ & E3 & Rf). steps.
    assert (Er : vm_root w1 h = vm_root w h) by (unfold vm_root; rewrite (g_mem _ _ G1) by discriminate; reflexivity).
    assert (Lv1 : live w1 h) by (unfold live, vm_state in *; rewrite (g_mem _ _ G1) by discriminate; exact Lv).
    assert (R1 : rooted w1 h) by (left; exact Lv1).
    destruct (Rf h fn R Fr) as (Es & Em & _ & Ef).
    change (soft (snd (leaf_at w (vm_root w h) fn))) with (soft (desc w h fn)) in Es, Ef.
    assert (El1 : level w1 h fn = 3) by (unfold level, leaf; rewrite Er; exact E3).
    assert (Sf1 : soft (desc w1 h fn) = 1) by (unfold desc, leaf; rewrite Er, Es; exact S1).
    assert (Nm1 : names w1 h fn 1 p).
    { apply names_leaf. split; [exact Sf1|]. split; [lia|]. unfold level, desc, leaf. rewrite Er, Ef; [reflexivity|].
      lia. }
    assert (St1 : forall q, state w1 q = state w q) by (intros q; unfold state; rewrite (g_meta _ _ G1); reflexivity).
    eapply wp_mono; [apply (HG unfrozen L w1 Sc1)|]. cbv beta. intros ? w2 (-> & Sc2 & E2). steps.
    destruct (begun B L w1 Sc1) as (O2 & N2 & M2 & L2). rewrite <- E2 in O2, N2, M2, L2. clear E2.
    assert (R2 : rooted w2 h) by (apply (same_rooted w1 w2 h O2), R1).
    assert (Sf2 : soft (desc w2 h fn) = 1) by (unfold desc; rewrite L2; exact Sf1).
    assert (El2 : level w2 h fn = 3) by (unfold level; rewrite L2; exact El1).
    eapply wp_mono; [apply (HZ unfrozen L h fn w2 Sc2 R2 Fr); lia|].
    cbv beta. intros ? w3 (-> & Sc3 & Fz & N3). steps.
    pose proof (fr_objects _ _ _ _ Fz) as O3.
    assert (R3 : rooted w3 h) by (apply (same_rooted w2 w3 h O3), R2).
    assert (Lf3 : leaf w3 h fn = (3, desc w2 h fn - desc w2 h fn mod 4)).
    { rewrite (fr_in _ _ _ _ Fz fn (slot_refl w2 h fn)), El2. reflexivity. }
    destruct (freeze_fields _ (desc_word w2 h fn)) as (_ & _ & M3 & Sf3 & Of3).
    assert (Only : forall h' f, also w2 h fn unfrozen h' f -> h' = h /\ f = fn).
    { intros h' f [[]|[-> X]]. split; [reflexivity|]. unfold slot in X. rewrite El2 in X. sizes. rewrite !Z.div_1_r in
      X. exact X. }
    assert (El3 : level w3 h fn = 3) by (unfold level; rewrite Lf3; reflexivity).
    assert (Lv3 : live w3 h).
    { unfold live, vm_state in *. rewrite O3, O2 by reflexivity. exact Lv1. }
    assert (Fb : frozen_between (also w2 h fn unfrozen) w3 h fn (fn + 1) 2).
    { constructor.
      - unfold in_ty, modulus. lia.
      - lia.
      - exists 1%nat. split; [lia|]. apply reaches_far. lia.
      - intros h' f X. destruct (Only h' f X) as [-> ->]. split; [reflexivity|]. split; [exact Fr|].
        exists fn. split; [lia|apply slot_refl].
      - intros f _ X. destruct (Only h f X) as [_ ->]. constructor; auto.
      - lia. }
    eapply wp_mono; [apply (HE (also w2 h fn unfrozen) L h fn (fn + 1) 2 w3 Sc3 R3); [lia|exact Fb]|].
    cbv beta. intros ? w4 (-> & Sc4 & Rv). steps.
    assert (Z3 : frozen w3 h fn).
    { unfold frozen, desc. rewrite Lf3. cbn [snd]. apply frozen_bits. left. lia. }
    assert (Nm3 : names w3 h fn 1 p).
    { apply names_leaf. unfold level, desc. rewrite Lf3. cbn [fst snd]. split; [lia|]. split; [lia|].
      rewrite (frame_same 3 _ _ fn Of3). apply names_leaf in Nm1 as (_ & _ & X). rewrite El1 in X. unfold desc in *.
        rewrite L2. exact X. }
    assert (St3 : forall q, state w3 q = state w q).
    { intros q. rewrite <- St1. unfold state. rewrite (fr_meta _ _ _ _ Fz), M2. reflexivity. }
    pose proof (ram_range B HB p Rp). exists p. split; [reflexivity|]. split; [unfold in_ty, modulus; lia|]. split;
      [exact Sc4|]. constructor.
    - exact Sp.
    - apply (rv_private _ _ _ _ Rv). exists fn. auto.
    - unfold desc. rewrite (rv_leaf _ _ _ _ Rv h fn R3 Fr). unfold thaw. unfold frozen, desc in Z3. rewrite Z3,
      Z.eqb_refl. reflexivity.
    - intros q Nq. destruct (rv_other _ _ _ _ Rv q) as [X|X].
      + intros (f & F' & Zf & Nf). destruct (Only h f (sec_frozen B _ L w3 h f Sc3 R3 F' Zf)) as [_ ->].
        apply names_leaf in Nf, Nm3. apply Nq. destruct Nf as (_ & _ & <-), Nm3 as (_ & _ & <-). reflexivity.
      + left. rewrite X. apply St3.
      + right. rewrite <- St3. exact X.
  Qed.

  Lemma forced_result h fn p w w1 ix v : forced h fn p w w1 -> forced h fn p w (write_cell B ("pcpu.res1", ix) v w1).
  Proof.
    intros [A1 A2 A3 A4]. constructor; assumption.
  Qed.

  Ltac result S S' w' := apply write_percpu; [apply (s_cs _ _ _ _ S)|reflexivity|reflexivity|]; intros _ _;
    match goal with |- context [write_cell B ("pcpu.res1", ?ix) ?v ?w] => set (w' := write_cell B ("pcpu.res1", ix) v
      w) end;
    assert (S' : sec B unfrozen _ w') by (apply sec_write; [exact S|reflexivity|discriminate]); steps.

  Lemma call_force_reclaim_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_force_check B cpu (F "force_check") ->
    spec_force_reclaim B cpu (F "force_reclaim") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_call_force_reclaim B cpu (invoke F fuel f_call_force_reclaim).
  Proof.
    intros HL HC HR HU h fn w Hc Uh Uf Hi. unfold in_ty in Uf. enter. steps; [left; auto|].
    assert (Fr : frame fn) by (unfold frame; lia).
    lock HL Hi Sc L C w1.
    eapply wp_mono; [apply (HC L h fn w1 Sc Uh Fr)|]. cbv beta. intros ? ? [-> (v & -> & Uv & Hv)]. cbv beta iota.
      reduce_env. steps.
    - destruct Hv as (Lv & Pr & Np); [assumption|].
      eapply wp_mono; [apply (HR L h fn w1 Sc Lv Fr Pr Np)|]. cbv beta. intros ? w2 (p & -> & Up & (L2 & Sc2) & Fo).
        steps.
      result Sc2 Sc3 w3. unlock HU Sc3. subst v. right.
      apply section_done with L L2 w1; [exact Sc|exact Sc3|]. exists p. apply forced_result, Fo.
    - unlock HU Sc. right. apply section_error with L; auto.
  Qed.
End Proofs.
