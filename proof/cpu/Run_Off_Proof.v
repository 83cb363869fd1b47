(** * A vCPU that turns itself off (kcore/vcpu/run.c, vcpu_turn_off): what its CPU keeps *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Structure_Steps Steps Prims Cpu_Facts Page_Spec Vm_Spec
  Local_Prims Section.
From Redoubt.cpu Require Import Prims Ctx_Spec Ctx_Facts Run_Spec.
From Redoubt.gen Require Import vcpu_run.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Notation LI := (mem_inv B).

  Lemma turned_off_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_turned_off B cpu (invoke F fuel f_vcpu_turn_off).
  Proof.
    intros HL HU w Hc Ow Lv Id. destruct (Ow Lv) as (Rh & Ri & T).
    set (h := loaded_vm cpu w) in *. set (i := loaded_vcpu cpu w) in *. enter. steps.
    eapply wp_mono; [apply HL; [apply (id_held _ _ Id)|intros ? X; apply (i_secure _ _ (m_inv _ _ X))]|].
    cbv beta. intros ? ? (-> & w0 & M & -> & Own & Pg). steps.
    destruct (lock_sec _ w0 M) as (L & Sc). set (w1 := set_held true w0) in *.
    pose proof (s_cs _ _ _ _ Sc) as C. pose proof (cs_secure B w1 C) as Se.
    assert (Eh : loaded_vm cpu w1 = h).
    { unfold loaded_vm. cbn [w1 w_mem set_held]. rewrite Own by reflexivity. reflexivity. }
    assert (Ei : loaded_vcpu cpu w1 = i).
    { unfold loaded_vcpu. cbn [w1 w_mem set_held]. rewrite Own by reflexivity. reflexivity. }
    assert (T1 : token w1 h i = cpu + 1).
    { unfold token. cbn [w1 w_mem set_held]. rewrite Own; [exact T|right; left; split; [reflexivity|exact T]]. }
    apply own_read; [reflexivity|exact Se|]. reduce. change (wrap U32 (w_mem w1 ("pcpu.vm", [cpu]))) with (loaded_vm cpu w1).
    rewrite Eh. steps.
    apply own_read; [reflexivity|exact Se|]. reduce. change (wrap U32 (w_mem w1 ("pcpu.vcpu", [cpu]))) with (loaded_vcpu cpu w1).
    rewrite Ei. steps.
    apply (write_power B cpu LI); [exact C|right; split; [reflexivity|intros (_ & X & _); exact (X T1)]|].
    intros _ C2. set (w2 := write_cell B (power_cell, [h; i]) 0 w1) in *. steps.
    assert (S2 : sec B unfrozen L w2) by (apply sec_write; [exact Sc|reflexivity|discriminate]).
    unlock HU S2. pose proof (idle_unlock B w2 C2) as I2. set (w3 := set_held false w2) in *.
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact (kn_secure B _ (id_known B _ I2))|].
    intros _. set (w4 := write_cell B _ 0 w3). steps.
    assert (C4 : changes cpu ["pcpu.ready"] no_word w3 w4) by (apply changes_cell; [left; reflexivity|reflexivity]).
    assert (Mem : forall d ix, class_of d = Percpu -> hd_error ix = Some cpu -> String.eqb "pcpu.ready" d = false ->
      w_mem w4 (d, ix) = w_mem w (d, ix)).
    { intros d ix P Hx N. unfold w4. rewrite percpu_mem, upd_name by exact N. cbn [w3 w_mem set_held]. unfold w2.
      rewrite percpu_mem, upd_name; [|destruct (String.eqb_spec power_cell d) as [<-|]; [discriminate P|reflexivity]].
      cbn [w1 w_mem set_held]. apply Own. unfold owns. cbn [fst snd]. rewrite P. exact Hx. }
    assert (Hh : host_ctx w4 cpu = host_ctx w cpu).
    { unfold host_ctx. unfold w4. rewrite percpu_mem, upd_name by reflexivity. cbn [w3 w_mem set_held]. unfold w2.
      rewrite percpu_mem, upd_name by reflexivity. cbn [w1 w_mem set_held]. rewrite Own by exact I. reflexivity. }
    split; [reflexivity|]. split; [|split].
    - split; [rewrite (ch_held _ _ _ _ _ C4); reflexivity|]. split.
      + eapply changes_secure; [|exact C4|exact (kn_secure B _ (id_known B _ I2))]; reflexivity.
      + eapply same_constants; [|exact C4|exact (kn_constants B _ (id_known B _ I2))]; reflexivity.
    - split; [|split; [exact Hh|split]].
      + intros d ix P Hx N. apply Mem; [exact P|exact Hx|]. cbn [existsb] in N. rewrite orb_false_r in N.
        rewrite String.eqb_sym. exact N.
      + intros _ j. change (w_ram w4 (host_ctx w cpu) j) with (w_ram w0 (host_ctx w cpu) j). apply Pg. left. auto.
      + intros _. fold h i. rewrite T. erewrite same_token; [| |exact C4]; [|reflexivity].
        unfold token. cbn [w3 w_mem set_held]. unfold w2. rewrite percpu_mem, upd_name by reflexivity. exact T1.
    - unfold w4. rewrite percpu_mem, upd_same. reflexivity.
  Qed.
End Proofs.
