(** * Starting CPUs: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Prims Cpu_Facts Structure Structure_Facts Structure_Steps
  Page_Spec Page_Facts Local_Prims Vm_Spec Vm_Facts Section.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Own_Kept Smc_Spec.
From Redoubt.gen Require Import host_smc.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Lemma idle_secure w : idle B w -> secure B w.
  Proof. intros [_ [S _]]. exact S. Qed.

  Ltac store S C w' S' := apply write_plain; [exact (s_cs _ _ _ _ S)|reflexivity|]; wrote C w';
    match type of S with sec _ _ ?L0 _ => assert (S' : sec B unfrozen L0 w')
      by (apply sec_write; [exact S|reflexivity|discriminate]) end; steps.

  Lemma cpu_boot_take_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_cpu_boot_take B cpu (invoke F fuel f_cpu_boot_take).
  Proof.
    intros HL HU t pc arg w Ht Xp Xa Hi. enter. steps. lock_kept HL Hi Sc L C w1 Ow.
    read_locked C. change (wrap U32 (w_mem w1 ("cpu_boot.wanted", [t]))) with (wanted w1 t). steps.
    - store Sc C2 w2 S2. store S2 C3 w3 S3. store S3 C4 w4 S4. unlock HU S4. split.
      + apply own_kept_held. do 3 (apply own_kept_write; [reflexivity|]). exact Ow.
      + apply section_end with L L w1; [unfold in_ty; cbn; lia|exact Sc|exact S4|]. right. split; [reflexivity|]. split; [exact E|].
        unfold wanted, boot_pc, boot_arg. cbn. unfold upd, loc_eqb. cbn. rewrite Z.eqb_refl. cbn.
        split; [reflexivity|]. split; apply wrap_small; assumption.
    - unlock HU Sc. split; [apply own_kept_held, Ow|]. apply section_end with L L w1; [unfold in_ty; cbn; lia|exact
        Sc|exact Sc|]. left. auto.
  Qed.

  Lemma cpu_boot_drop_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_cpu_boot_drop B cpu (invoke F fuel f_cpu_boot_drop).
  Proof.
    intros HL HU t w Ht Hi. enter. steps. lock_kept HL Hi Sc L C w1 Ow.
    store Sc C2 w2 S2. unlock HU S2. split; [reflexivity|]. split; [|apply idle_unlock, C2].
    apply own_kept_held, own_kept_write; [reflexivity|exact Ow].
  Qed.

  Lemma host_cpu_suspend_ok F : does B cpu LI "cpu_entry_pa" 0 (Some U64) (F "cpu_entry_pa") ->
    does B cpu LI "smc_call" 4 (Some U64) (F "smc_call") -> spec_cpu_boot_take B cpu (F "cpu_boot_take") ->
    spec_cpu_boot_drop B cpu (F "cpu_boot_drop") -> spec_host_cpu_suspend B cpu (invoke F fuel f_host_cpu_suspend).
  Proof.
    intros H1 H2 H3 H4 fid state pc arg w Hc Hf Xs Xp Xa Hi. pose proof (idle_secure w Hi) as S. enter. steps.
    prim H1 S. change (wrap U64 (w_mem w (reg cpu "entry" []))) with (reg_of w cpu "entry" []).
    assert (M : (Z.land state 65536 =? 0) = negb (bit 16 state)) by (apply bit_mask; [lia|reflexivity]).
    assert (Bd : bit 16 state = false -> state / 2 ^ 16 mod 2 = 0).
    { intros X. rewrite <- Z.bit0_mod, <- Z.shiftr_div_pow2, Z.shiftr_spec by lia. unfold bit in X. cbn [Z.add]. rewrite X. reflexivity. }
    steps.
    - prim H2 S.
      { right; right; right; left. split; [exact Hf|]. split; [reflexivity|]. split; [reflexivity|left]. apply Bd. lia. }
      steps. split; [apply own_kept_refl|]. split; [exact Hi|]. eexists. split; [reflexivity|]. split; [apply wrap_in|]. lia.
    - apply read_ret; [reflexivity|exact S|]. steps.
      + split; [apply own_kept_refl|]. split; [exact Hi|]. eexists. split; [reflexivity|]. split; [unfold in_ty; cbn; lia|].
        split; reflexivity.
      + eapply wp_mono; [apply H3; assumption|]. cbv beta. intros r w1 (Ow & Hi1 & v & wa & wb & -> & _). reduce. steps.
        * split; [exact Ow|]. split; [exact Hi1|]. eexists. split; [reflexivity|]. split; [unfold in_ty; cbn;
          lia|]. intros _ X. contradiction.
        * pose proof (idle_secure w1 Hi1) as S1. prim H2 S1.
          { right; right; right; left. split; [exact Hf|]. split; [|split; [reflexivity|right]].
            - unfold reg_of. rewrite (ok_cells _ _ _ Ow (reg cpu "entry" [])) by (apply reg_class || apply reg_own). reflexivity.
            - unfold no_vcpu. rewrite (ok_cells _ _ _ Ow (obj "pcpu.vm" [cpu])) by reflexivity. assumption. }
          steps. eapply wp_mono; [apply H4; assumption|]. cbv beta. intros r w2 (_ & Ow2 & Hi2). reduce. steps.
          split; [exact (own_kept_trans _ _ _ _ Ow Ow2)|]. split; [exact Hi2|]. eexists. split; [reflexivity|].
          split; [apply wrap_in|]. intros _ X. contradiction.
  Qed.

  Lemma host_cpu_on_ok F : spec_cpu_by_mpidr B cpu LI (F "cpu_by_mpidr") ->
    does B cpu LI "cpu_entry_pa" 0 (Some U64) (F "cpu_entry_pa") -> spec_cpu_boot_take B cpu (F "cpu_boot_take") ->
    does B cpu LI "smc_call" 4 (Some U64) (F "smc_call") -> spec_cpu_boot_drop B cpu (F "cpu_boot_drop") ->
    spec_host_cpu_on B cpu (invoke F fuel f_host_cpu_on).
  Proof.
    intros H1 H2 H3 H4 H5 fid mpidr pc arg w Hf Xm Xp Xa Hi. pose proof (idle_secure w Hi) as S. enter. steps.
    eapply wp_mono; [apply H1; assumption|]. cbv beta. intros ? ? (-> & t & -> & Ht). reduce. steps.
    prim H2 S. change (wrap U64 (w_mem w (reg cpu "entry" []))) with (reg_of w cpu "entry" []).
    assert (M : Z.land pc 3 = pc mod 4) by (apply (land_low pc 3 2); [lia|reflexivity]).
    assert (T8 : 0 <= t <= 8) by (destruct Ht as [->|(R & _)]; lia).
    steps.
    - split; [apply own_kept_refl|]. split; [exact Hi|]. eexists. split; [reflexivity|]. split; [unfold in_ty; cbn; lia|]. auto.
    - rewrite M in *. destruct Ht as [->|(R & Rn & Em)]; [exfalso; lia|].
      assert (Bad : ~ (pc mod 4 <> 0 \/ forall t, 0 <= t < 8 -> t < wrap U32 (w_mem w (obj "n_cpu" [])) ->
        wrap U64 (w_mem w (obj "cpu_mpidr" [t])) <> mpidr)).
      { intros [N|N]; [lia|]. exact (N t R Rn Em). }
      eapply wp_mono; [apply H3; assumption|]. cbv beta. intros r w1 (Ow & Hi1 & v & wa & wb & -> & _). reduce. steps.
      + split; [exact Ow|]. split; [exact Hi1|]. eexists. split; [reflexivity|]. split; [unfold in_ty; cbn; lia|]. tauto.
      + pose proof (idle_secure w1 Hi1) as S1. prim H4 S1.
        { right; right; left. split; [exact Hf|]. unfold reg_of.
          rewrite (ok_cells _ _ _ Ow (reg cpu "entry" [])) by (apply reg_class || apply reg_own).
          rewrite !(ok_constants _ _ _ Ow) by reflexivity. split; [reflexivity|]. split; [split; [apply R|exact Rn]|].
          split; [apply R|symmetry; exact Em]. }
        steps.
        * eapply wp_mono; [apply H5; assumption|]. cbv beta. intros r w2 (_ & Ow2 & Hi2). reduce. steps.
          split; [exact (own_kept_trans _ _ _ _ Ow Ow2)|]. split; [exact Hi2|]. eexists. split; [reflexivity|].
          split; [apply wrap_in|]. tauto.
        * split; [exact Ow|]. split; [exact Hi1|]. eexists. split; [reflexivity|]. split; [apply wrap_in|]. tauto.
  Qed.
End Proofs.
