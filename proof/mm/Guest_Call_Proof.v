(** * What a protected VM says about its memory: proofs of the functions that the guest's calls use *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Object_Spec Walk_Spec Revoke_Spec Revoke_Facts Vm_Spec Vm_Facts Section Guest_Spec
  Share_Spec Share_Facts Loaded Guest_Call_Spec.
From Redoubt.gen Require Import mm_guest.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** As [lock], by a CPU that has a vCPU of VM [h] loaded: the VM lives ([Lv]), and the CPU still has the vCPU. *)
Ltac lock_guest HL Hi G S L C w1 Lv Ow := lock_own HL Hi S L C w1 Ow;
  pose proof (has_live _ _ (proj1 (gu_cpu _ _ _ G)) w1 _ (s_vcpus _ _ _ _ S) (taken_has _ _ w1 Ow _ (gu_has _ _ _ G))) as Lv.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu (mem_inv B)).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  (** Both have one section, in which a function does the range. *)
  Ltac sets_range := intros HL HS HU h from to w Uf Ut G Pr Hi; pose proof (gu_cpu _ _ _ G) as Hc;
    pose proof (gu_vm _ _ _ G) as Rh; enter; steps;
    let Sc := fresh "Sc" in let L := fresh "L" in let C := fresh "C" in let w1 := fresh "w" in let Lv := fresh "Lv" in
    let Ow := fresh "Ow" in lock_guest HL Hi G Sc L C w1 Lv Ow;
    assert (Pr1 : protected w1 h) by (apply (taken_protected cpu w w1 Ow h (gu_has _ _ _ G)), Pr);
    (eapply wp_mono; [apply (HS L h from to w1 Hc Sc Lv Pr1 Uf Ut)|]);
    cbv beta; intros ? w2 (v & stop & -> & Hv & (L2 & S2) & Ra & Er & Sy); cbv beta iota; reduce_env; steps;
    unlock HU S2; (split; [apply (idle_unlock B), (s_cs _ _ _ _ S2)|]); exists v, w1, w2; (split; [reflexivity|]);
    (split; [unfold KC_OK, KC_ENOMEM, KC_EPERM in Hv; range|]);
    (split; [exact (sec_locked B _ _ Sc)|]); (split; [split; [exact (sec_locked B _ _ S2)|reflexivity]|]);
    (split; [exact Lv|]); (split; [exact Hv|]); exists stop; auto.

  Lemma guest_set_shared_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_share_range B cpu LI (F "share_range") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_guest_set_shared B cpu (invoke F fuel f_guest_set_shared).
  Proof. sets_range. Qed.

  Lemma guest_set_ram_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_unshare_range B cpu LI (F "unshare_range") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_guest_set_ram B cpu (invoke F fuel f_guest_set_ram).
  Proof. sets_range. Qed.

  Ltac result S S' w' := apply write_percpu; [apply (s_cs _ _ _ _ S)|reflexivity|reflexivity|]; intros _ _;
    match goal with |- wp _ _ _ ?x => set (w' := x) in * end;
    assert (S' : sec B unfrozen _ w') by (apply sec_write; [exact S|reflexivity|discriminate]).

  Lemma guest_ipa_state_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_guest_limit B cpu LI (F "guest_limit") ->
    spec_ipa_kind B cpu LI (F "ipa_kind") -> spec_ipa_run B cpu LI (F "ipa_run") -> spec_ram_next B cpu LI (F "ram_next") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_guest_ipa_state B cpu (invoke F fuel f_guest_ipa_state).
  Proof.
    intros HL HG HK HR HN HU h from to w Uf Ut G Hi. pose proof (gu_cpu _ _ _ G) as Hc. pose proof (gu_vm _ _ _ G) as Rh.
    enter. steps. lock_guest HL Hi G Sc L C w1 Lv Ow. pose proof (or_introl Lv : rooted w1 h) as R.
    eapply wp_mono; [apply (HG L h from to w1 Sc Lv Uf Ut)|].
    cbv beta. intros ? ? (-> & limit & -> & Ul & Hl). cbv beta iota. reduce_env.
    join (fun e w' => w' = w1 /\ exists stop k, in_ty U64 stop /\ in_ty U64 k /\ run_of w1 h from to stop k /\
      e = [("cpu", Some cpu); ("h", Some h); ("ipa_pfn", Some from); ("end_pfn", Some to); ("limit", Some stop);
        ("kind", Some k)]).
    - steps.
      + destruct Hl as [[-> _]|(Hl & H28 & Hb & Dc)]; [contradiction|].
        assert (Fr : frame from) by (unfold frame; unfold in_ty in Uf; lia).
        eapply wp_mono; [apply (HK L h from w1 Sc R Fr)|]. cbv beta. intros ? ? (-> & ->). steps.
        assert (Uk : in_ty U64 (kind_at w1 h from)).
        { unfold kind_at, ipa_kind_of, IPA_EMPTY, IPA_DESTROYED, IPA_RAM. destruct (_ || _); [|destruct (_ =? _)]; range. }
        pose proof (Z.div_mod from 512 ltac:(lia)) as Dm. pose proof (Z.mod_pos_bound from 512 ltac:(lia)) as Mb.
        eapply wp_mono; [apply (HR L h from limit w1 Sc R); unfold in_ty in Uf; lia|].
        cbv beta. intros ? ? (-> & stop & -> & Hs & Same & _). cbv beta iota. reduce_env. steps.
        split; [reflexivity|]. exists stop, (kind_at w1 h from). split; [unfold in_ty in *; words|]. split; [exact Uk|].
        split; [|reflexivity]. right. split; [lia|]. split; [reflexivity|]. intros f Hf. split; [apply Dc; lia|apply Same, Hf].
      + eapply wp_mono; [apply (HN h from w1); [lia|exact Uf|exact (live_ram B L w1 h Sc Lv)|exact C]|].
        cbv beta. intros ? ? (-> & v & -> & Uv & Hv & Nx). cbv beta iota. reduce_env.
        assert (Dev : forall stop, stop <= v -> stop <= to -> (from < to -> from < stop) -> run_of w1 h from to stop 3).
        { intros stop S1 S2 S3. left. split; [reflexivity|]. split; [lia|]. intros f Hf (i & Hi' & Ri).
          destruct (Z.lt_ge_cases from (ram_base w1 h i)) as [X|X]; [specialize (Nx i Hi' X); lia|].
          destruct Hl as [[_ [N|N]]|Hl]; [|lia|lia]. apply N. exists i. split; [exact Hi'|lia]. }
        assert (Fv : from < to -> from < v).
        { intros X. destruct Hv as [->|[Y _]]; [unfold KC_NO_PFN; unfold in_ty, modulus in Ut; lia|exact Y]. }
        steps; (split; [reflexivity|]); eexists; eexists; (split; [|split; [|split; [|reflexivity]]]);
          try (apply Dev; lia); try assumption; range.
    - intros e ? (-> & stop & k & Us & Uk & Hr & ->). steps.
      result Sc S2 w2. steps. result S2 S3 w3. steps. unlock HU S3.
      split; [reflexivity|]. split; [apply (idle_unlock B), (s_cs _ _ _ _ S3)|]. exists w1, stop, k.
      split; [exact (sec_locked B L w1 Sc)|]. split; [exact Lv|]. split; [exact Hr|]. split.
      + change (upd (w_mem w1) ("pcpu.res1", [cpu]) stop ("pcpu.res1", [cpu]) = stop). apply upd_same.
      + change (upd (w_mem w2) ("pcpu.res2", [cpu]) k ("pcpu.res2", [cpu]) = k). apply upd_same.
  Qed.

  Lemma guest_fault_kind_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_fault_kind B cpu LI (F "fault_kind") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_guest_fault_kind B cpu (invoke F fuel f_guest_fault_kind).
  Proof.
    intros HL HF HU h fn w Uf G Hi. pose proof (gu_vm _ _ _ G) as Rh. enter. steps.
    - left. unfold FAULT_MMIO. sp; auto; lia.
    - lock_guest HL Hi G Sc L C w1 Lv Ow. assert (Fr : frame fn) by (unfold frame; unfold in_ty in Uf; lia).
      eapply wp_mono; [apply (HF L h fn w1 Sc Lv Fr)|].
      cbv beta. intros ? ? (-> & v & -> & Uv & Hv). cbv beta iota. reduce_env. steps.
      unlock HU Sc. right. split; [lia|]. apply section_end with L L w1; [exact Uv|exact Sc|exact Sc|].
      split; [reflexivity|]. split; [exact Lv|exact Hv].
  Qed.

  Lemma guest_store_ok F : spec_spin_lock B cpu LI (F "spin_lock") ->
    spec_guest_store_locked B cpu LI (F "guest_store_locked") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_guest_store B cpu (invoke F fuel f_guest_store).
  Proof.
    intros HL HS HU h fn i x w Uf Ui Ux G Hi. pose proof (gu_vm _ _ _ G) as Rh. enter. steps.
    - left. unfold KC_EPERM. sp; auto; lia.
    - lock_guest HL Hi G Sc L C w1 Lv Ow. assert (Fr : frame fn) by (unfold frame; unfold in_ty in Uf; lia).
      assert (Ri : 0 <= i < 512) by (unfold in_ty in Ui; lia).
      eapply wp_mono; [apply (HS L h fn i x w1 Sc Lv (taken_has cpu w w1 Ow _ (gu_has _ _ _ G)) Fr Ri Ux)|].
      cbv beta. intros ? w2 (v & -> & Uv & S2 & Hv). cbv beta iota. reduce_env. steps.
      unlock HU S2. right. apply section_end with L L w1; [exact Uv|exact Sc|exact S2|]. split; [exact Lv|exact Hv].
  Qed.
End Proofs.
