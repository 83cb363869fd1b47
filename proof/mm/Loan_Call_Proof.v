(** * The calls that lend pages and take them back: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Object_Spec Walk_Spec Walk_Facts Table_Spec Leaf_Spec Revoke_Spec Revoke_Facts
  Loan_Spec Loan_Facts Vm_Spec Vm_Facts Section Loan_Call_Spec Attr_Facts.
From Redoubt.gen Require Import mm_lend.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** [C] for this CPU's result. *)
Section Results.
  Variable B : board.

  Lemma result_objects c ix v w : class_of c = Percpu -> structural c = false -> same_objects w (write_cell B (c, ix) v w).
  Proof.
    intros P N c' ix' S. assert (E : String.eqb c c' = false).
    { destruct (String.eqb_spec c c') as [->|]; [congruence|reflexivity]. }
    unfold write_cell. cbn [fst]. destruct (steers_walks c) eqn:X; [|apply (upd_name (w_mem w)), E].
    apply steers_structural in X. congruence.
  Qed.

  Lemma unlent_result h a b w w1 ix v : unlent h a b w w1 -> unlent h a b w (write_cell B ("pcpu.res1", ix) v w1).
  Proof.
    intros [O Lf N P]. constructor.
    - intros c jx S X. rewrite <- (O c jx S X). apply result_objects; [reflexivity..|exact S].
    - intros h' f. rewrite !result_leaf. apply Lf.
    - intros X f F. unfold is_lent, desc. rewrite result_leaf. apply N; assumption.
    - exact P.
  Qed.

  Lemma reprot_result w w1 ix v : reprot w w1 -> reprot w (write_cell B ("pcpu.res1", ix) v w1).
  Proof.
    intros [O M Lf]. constructor.
    - apply same_objects_trans with w1; [exact O|apply result_objects; reflexivity].
    - exact M.
    - intros h f R F. unfold level. rewrite !result_leaf. apply Lf; assumption.
  Qed.
End Results.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu (mem_inv B)).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  Lemma call_unlend_ok F : spec_ipa_range_ok B cpu LI (F "ipa_range_ok") -> spec_spin_lock B cpu LI (F "spin_lock") ->
    spec_vm_check B cpu (F "vm_check") -> spec_unlend_range B cpu LI (F "unlend_range") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_unlend B cpu (invoke F fuel f_call_unlend).
  Proof.
    intros HR HL HC HU0 HU h fn n w Hc Uh Uf Un Hi. enter. steps.
    eapply wp_mono; [apply HR; assumption|]. cbv beta. intros ? ? [-> (ok & -> & Hok)]. cbv beta iota. reduce_env. steps.
    - left. auto.
    - assert (Rn : 0 < n /\ fn + n <= 2 ^ 28) by lia. unfold in_ty in Uf.
      lock HL Hi Sc L C w1. ask HC v Hv. destruct Hv as [Uv Hv]. steps.
      + destruct Hv as [Rh Ns]; [assumption|].
        eapply wp_mono; [apply (HU0 L h fn (fn + n) w1 Sc Rh Ns); lia|].
        cbv beta. intros ? w2 (stop & -> & Hs & (L2 & S2) & Ul). steps.
        result S2 S3 w3. unlock HU S3. subst v.
        right. apply section_done with L L2 w1; [exact Sc|exact S3|]. exists stop. split; [lia|]. apply unlent_result, Ul.
      + unlock HU Sc. right. apply section_error with L; auto.
  Qed.

  Lemma call_lend_prot_ok F : spec_ipa_range_ok B cpu LI (F "ipa_range_ok") -> spec_prot_check B cpu LI (F "prot_check") ->
    (forall p, 0 <= p < 8 -> computes K (F "attr_lent") [p] (lent_attr p)) -> spec_spin_lock B cpu LI (F "spin_lock") ->
    spec_vm_check_live B cpu (F "vm_check_live") -> spec_prot_range B cpu LI (F "prot_range") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_lend_prot B cpu (invoke F fuel f_call_lend_prot).
  Proof.
    intros HR HP HA HL HC HG HU h fn n prot w Hc Uh Uf Un Up Hi. enter. steps.
    eapply wp_mono; [apply HR; assumption|]. cbv beta. intros ? ? [-> (ok & -> & Hok)]. cbv beta iota. reduce_env. steps.
    eapply wp_mono; [apply HP; assumption|]. cbv beta. intros ? ? [-> (rp & -> & Urp & Hrp)]. cbv beta iota. reduce_env. steps.
    rewrite (land_low prot 7 3) by (reflexivity || lia). change (2 ^ 3) with 8.
    assert (Rp : 0 <= prot mod 8 < 8) by (apply Z.mod_pos_bound; lia).
    eapply wp_mono; [apply HA, Rp|]. cbv beta. intros ? ? [-> ->]. cbv beta iota. reduce_env. steps.
    - left. auto.
    - assert (Rn : 0 < n /\ fn + n <= 2 ^ 28) by lia. unfold in_ty in Uf.
      lock HL Hi Sc L C w1. ask HC v Hv. destruct Hv as [Uv Hv]. steps.
      + destruct Hv as (Rh & N1 & N2); [assumption|].
        assert (Lv : live w1 h).
        { pose proof (u_states B w1 (s_vcpus _ _ _ _ Sc) h Rh) as U. unfold live, VM_FREE, VM_NEW, VM_SEALED, VM_DYING in *. lia. }
        eapply wp_mono; [apply (HG L h fn (fn + n) (lent_attr (prot mod 8)) w1 Sc Lv); [lia|lia|apply attr_lends, Rp]|].
        cbv beta. intros ? w2 (stop & -> & Hs & S2 & Rpt). steps.
        result S2 S3 w3. unlock HU S3. subst v.
        right. apply section_done with L L w1; [exact Sc|exact S3|]. apply reprot_result, Rpt.
      + unlock HU Sc. right. apply section_error with L; auto.
  Qed.

  Lemma lend_check_ok F : spec_vm_check_live B cpu (F "vm_check_live") -> spec_page_check B cpu LI (F "page_check") ->
    spec_slot_check B cpu LI (F "slot_check") -> spec_lend_check B cpu (invoke F fuel f_lend_check).
  Proof.
    intros HC HP HS L h fn p n w S Uh Up Fr Hn. pose proof (s_cs _ _ _ _ S) as C. enter. steps.
    ask HC v Hv. destruct Hv as [Uv Hv]. to_if.
    join (fun e w' => w' = w /\ v = 0 /\
      e = [("h", Some h); ("ipa", Some fn); ("pfn", Some p); ("n", Some n); ("r", Some v); ("state", Some 0)]).
    { steps; [|auto]. split; [reflexivity|]. exists v. sp; [reflexivity|exact Uv|]. intros X. contradiction. }
    intros e ? (-> & V & ->). destruct (Hv V) as (Rh & N1 & N2).
    assert (Lv : live w h).
    { pose proof (u_states B w (s_vcpus _ _ _ _ S) h Rh) as U. unfold live, VM_FREE, VM_NEW, VM_SEALED, VM_DYING in *. lia. }
    join (fun e w' => w' = w /\ e = [("h", Some h); ("ipa", Some fn); ("pfn", Some p); ("n", Some n); ("r", Some v);
      ("state", Some (lend_state w h))]).
    { steps. read_locked C. unfold lend_state, LEAF_UNUSED, LEAF_SHARED.
      destruct (Z.eqb_spec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0) as [Ep|Ep]; rewrite ?Ep; steps; try contradiction;
        split; reflexivity. }
    intros e ? (-> & ->). steps.
    eapply wp_mono; [apply HP; [exact Up|lia|exact C]|]. cbv beta. intros ? ? [-> (v' & -> & Uv' & Hv')]. cbv beta iota. reduce_env. steps.
    - split; [reflexivity|]. exists v'. sp; [reflexivity|exact Uv'|]. intros X. contradiction.
    - assert (Ls : 0 <= lend_state w h <= 2) by (unfold lend_state, LEAF_UNUSED, LEAF_SHARED; destruct (_ =? 0); lia).
      eapply wp_mono; [eapply (HS unfrozen h fn n (lend_state w h) w C (s_tables _ _ _ _ S) (or_introl Lv) Fr Hn Ls)|].
      cbv beta. intros ? ? [-> (v2 & -> & Uv2 & H2)]. steps.
      split; [reflexivity|]. exists v2. sp; [reflexivity|exact Uv2|]. intros X. split; [exact Lv|]. split; [|exact (H2 X)].
      apply Hv'. assumption.
  Qed.

  Lemma call_lend_ok F : spec_order_pages B cpu LI (F "order_pages") -> spec_leaf_check B cpu LI (F "leaf_check") ->
    spec_prot_check B cpu LI (F "prot_check") ->
    (forall p, 0 <= p < 8 -> computes K (F "attr_lent") [p] (lent_attr p)) -> spec_spin_lock B cpu LI (F "spin_lock") ->
    spec_lend_check B cpu (F "lend_check") -> spec_lend_pages B cpu LI (F "lend_pages") ->
    spec_slot_map B cpu LI (F "slot_map") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_lend B cpu (invoke F fuel f_call_lend).
  Proof.
    intros HO HF HP HA HL HC HG HM HU h fn p op w Uh Uf Up Uo Hi. enter. steps.
    assert (Uprot : in_ty U64 (Z.shiftr op 8)) by (apply shiftr_in; [exact Uo|lia]). set (prot := Z.shiftr op 8) in *.
    eapply wp_mono; [apply HO; apply land_in; [exact Uo|split; reflexivity || (cbv; discriminate)]|].
    cbv beta. intros ? ? [-> (n & -> & Hn)]. cbv beta iota. reduce_env. steps.
    eapply wp_mono; [apply HF; assumption|]. cbv beta. intros ? ? [-> (r & -> & Ur & Hr)]. cbv beta iota. reduce_env. steps.
    eapply wp_mono; [apply HP; assumption|]. cbv beta. intros ? ? [-> (rp & -> & Urp & Hrp)]. cbv beta iota. reduce_env. steps.
    rewrite (land_low prot 7 3) by (reflexivity || lia). change (2 ^ 3) with 8.
    assert (Rp : 0 <= prot mod 8 < 8) by (apply Z.mod_pos_bound; lia).
    eapply wp_mono; [apply HA, Rp|]. cbv beta. intros ? ? [-> ->]. cbv beta iota. reduce_env. steps.
    - left. auto.
    - destruct Hr as (Hn' & Rf & Al & Ap); [unfold KC_OK; lia|]. clear Hn. unfold in_ty in Uf.
      assert (Fr : frame fn) by (unfold frame; lia).
      lock HL Hi Sc L C w1.
      eapply wp_mono; [apply (HC L h fn p n w1 Sc Uh Up Fr Hn')|]. cbv beta. intros ? ?
        [-> (v & -> & Uv & Hv)]. cbv beta iota. reduce_env. steps.
      + destruct Hv as (Lv & Fp & Sf); [assumption|].
        assert (Rpp : 0 <= p < 2 ^ 28).
        { pose proof (Fp 0 ltac:(lia)) as [X _]. rewrite Z.add_0_r, (wrap_small U64 p Up) in X. apply (ram_range B HB), X. }
        assert (Fp' : forall i, 0 <= i < n -> free_page B 1 w1 (p + i)).
        { intros i I. specialize (Fp i I). rewrite wrap_small in Fp by (unfold in_ty, modulus; lia). exact Fp. }
        eapply wp_mono; [apply (HG h p n fn unfrozen L w1 Sc Lv); [lia|exact Up|exact Fp']|].
        cbv beta. intros ? w2 (-> & Cn & L2 & S2 & In2). steps.
        assert (Lv2 : live w2 h).
        { unfold live, vm_state in *. rewrite (cn_objects _ _ _ _ _ Cn) by (reflexivity || discriminate). exact Lv. }
        assert (Er : vm_root w2 h = vm_root w1 h).
        { unfold vm_root. rewrite (cn_objects _ _ _ _ _ Cn) by (reflexivity || discriminate). reflexivity. }
        assert (Ep : wrap U32 (w_mem w2 (obj "vms.is_protected" [h])) = wrap U32 (w_mem w1 (obj "vms.is_protected" [h]))).
        { rewrite (cn_objects _ _ _ _ _ Cn) by (reflexivity || discriminate). reflexivity. }
        assert (Et : forall l f, table_at w2 (vm_root w2 h) l f = table_at w1 (vm_root w1 h) l f).
        { intros l f. rewrite Er. unfold table_at, word. rewrite (cn_ram _ _ _ _ _ Cn). reflexivity. }
        assert (El : forall f, leaf_at w2 (vm_root w2 h) f = leaf_at w1 (vm_root w1 h) f).
        { intros f. apply (ram_leaf w1 w2 h f (cn_ram _ _ _ _ _ Cn) Er). }
        assert (Sf2 : slot_free w2 h fn n (lend_state w1 h)).
        { unfold slot_free, need2, need3, vm_n_pool in *. rewrite El, !Et.
          rewrite (cn_objects _ _ _ _ _ Cn) by (reflexivity || discriminate). exact Sf. }
        assert (Mm : may_map B L2 w2 h fn p n 2).
        { assert (Re : p + n <= 2 ^ 28).
          { pose proof (proj1 (Fp' (n - 1) ltac:(lia))) as X. apply (ram_range B HB) in X. lia. }
          constructor; auto; try lia.
          - intros N _ X. unfold protected in X. rewrite Ep in X. destruct Sf as [(_ & Y & _)|(Y & _)]; [|lia].
            unfold lend_state, LEAF_UNUSED, LEAF_SHARED in Y. destruct (Z.eqb_spec (wrap U32 (w_mem w1 (obj "vms.is_protected"
              [h]))) 0); [contradiction|discriminate].
          - intros _ i I. split; [apply (Fp' i I)|]. split; [apply (cn_page _ _ _ _ _ Cn i I)|apply In2, I]. }
        assert (Hst : 0 <= lend_state w1 h <= 2) by (unfold lend_state, LEAF_UNUSED, LEAF_SHARED; destruct (_ =? 0); lia).
        eapply wp_mono; [apply (HM unfrozen L2 h fn p n 2 (lent_attr (prot mod 8)) (lend_state w1 h) w2 S2 Lv2 Mm (attr_lends _ Rp)
          Hst Sf2)|].
        cbv beta. intros ? w3 (-> & S3 & Gr & Lf). steps. unlock HU S3. subst v.
        right. apply section_done with L L2 w1; [exact Sc|exact S3|]. exists n. split; [exact Hn'|]. split; [exact Lv|].
        assert (Es : forall q, state w3 q = state w2 q) by (intros q; unfold state; rewrite (g_meta _ _ Gr); reflexivity).
        split.
        * intros i I. destruct (Fp' i I) as [_ Kp]. split; [tauto|]. rewrite Es. split; [apply (cn_page _ _ _ _ _ Cn i I)|].
          specialize (Lf h (fn + i) (or_introl Lv2)). rewrite Z.eqb_refl in Lf.
          replace (fn <=? fn + i) with true in Lf by lia. replace (fn + i <? fn + n) with true in Lf by lia. cbn [andb] in Lf.
          destruct Lf as (l & d & E1 & E2 & _ & E4); [unfold frame; lia|].
          unfold names. assert (Er3 : vm_root w3 h = vm_root w2 h).
          { unfold vm_root. rewrite (g_mem _ _ Gr) by discriminate. reflexivity. }
          rewrite Er3, E1. split; [exact E2|]. split; [lia|]. rewrite E4. lia.
        * intros q Q. rewrite Es. apply (cn_other _ _ _ _ _ Cn q Q).
      + unlock HU Sc. right. apply section_error with L; auto.
  Qed.
End Proofs.
