(** * Power of the loaded vCPU: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Vm_Spec Vm_Facts Cpu_Facts Section Loaded Power_Spec Local_Prims.
From Redoubt.cpu Require Import Left_Kept.
From Redoubt.gen Require Import vcpu_run.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation K := (kcore_all B cpu (mem_inv B)).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** What [pcpu] says stays when the lock is taken. *)
  Lemma taken_occupied w w1 : occupied cpu w -> (forall l, owns cpu w l -> w_mem w1 l = w_mem w l) ->
    loaded_vm cpu w1 = loaded_vm cpu w /\ loaded_vcpu cpu w1 = loaded_vcpu cpu w /\ occupied cpu w1.
  Proof.
    intros [Hc O N] Ow.
    assert (E1 : loaded_vm cpu w1 = loaded_vm cpu w).
    { unfold loaded_vm. rewrite (taken_percpu cpu w w1 Ow) by reflexivity. reflexivity. }
    assert (E2 : loaded_vcpu cpu w1 = loaded_vcpu cpu w).
    { unfold loaded_vcpu. rewrite (taken_percpu cpu w w1 Ow) by reflexivity. reflexivity. }
    split; [exact E1|]. split; [exact E2|]. constructor; [exact Hc| |congruence].
    apply (own_same cpu w w1 E1 E2); [|exact O]. apply (taken_token cpu w w1 Ow).
  Qed.

  Ltac own_cell S := apply read_ret; [reflexivity|exact S|];
    lazymatch goal with |- context [wrap U32 (w_mem ?w (?d, [cpu]))] =>
      lazymatch d with
      | "pcpu.vm" => change (wrap U32 (w_mem w (d, [cpu]))) with (loaded_vm cpu w)
      | "pcpu.vcpu" => change (wrap U32 (w_mem w (d, [cpu]))) with (loaded_vcpu cpu w)
      end end.

  Lemma vcpu_turn_off_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_vcpu_turn_off B cpu (invoke F fuel f_vcpu_turn_off).
  Proof.
    intros HL HU w Oc Id. pose proof (oc_cpu _ _ Oc) as Hc. enter. steps.
    lock_own HL Id Sc L C w1 Ow. destruct (taken_occupied w w1 Oc Ow) as (_ & _ & Oc1).
    pose proof (cs_secure B w1 C) as Se. destruct (oc_own _ _ Oc1 (oc_vm _ _ Oc1)) as (Rh & Ri & T).
    pose proof (own_live B cpu ltac:(lia) w1 (s_vcpus _ _ _ _ Sc) (oc_own _ _ Oc1) (oc_vm _ _ Oc1)) as Lv.
    own_cell Se. steps. own_cell Se. steps.
    apply (write_power B cpu LI); [exact C| |].
    { right. split; [reflexivity|]. intros (_ & X & _). exact (X T). }
    wrote C2 w2. steps.
    assert (S2 : sec B unfrozen L w2) by (apply sec_write; [exact Sc|reflexivity|discriminate]).
    unlock HU S2. pose proof (cs_inv B _ C2) as I2. apply (inv_held B false) in I2.
    apply write_percpu; [exact I2|reflexivity|reflexivity|]. intros _ I3. steps.
    split; [reflexivity|]. split; [split; [reflexivity|apply known_inv, I3]|]. split.
    - cbn [w_mem]. apply (upd_same (w_mem (set_held false w2))).
    - exists w1, w2. split; [exact (sec_locked B L w1 Sc)|]. split; [exact (sec_locked B L w2 S2)|]. split; [exact Lv|reflexivity].
  Qed.

  Lemma left_runnable w w' : occupied cpu w -> left_alone cpu w w' -> runnable cpu w -> runnable cpu w'.
  Proof.
    intros Oc L [On Rt]. destruct (oc_own _ _ Oc (oc_vm _ _ Oc)) as (_ & _ & T).
    assert (E : forall d, d = "pcpu.vm" \/ d = "pcpu.vcpu" -> w_mem w' (obj d [cpu]) = w_mem w (obj d [cpu])).
    { intros d [-> | ->]; apply (l_mem _ _ _ L), left_owned; first [reflexivity|discriminate]. }
    unfold runnable. replace (loaded_vm cpu w') with (loaded_vm cpu w) by (unfold loaded_vm; rewrite E by auto; reflexivity).
    replace (loaded_vcpu cpu w') with (loaded_vcpu cpu w) by (unfold loaded_vcpu; rewrite E by auto; reflexivity).
    split; [exact (left_on _ _ _ L _ _ T On)|]. unfold vm_root in *. rewrite (l_mem _ _ _ L); [exact Rt|].
    apply left_owned; [left; split; [reflexivity|]; exists (loaded_vcpu cpu w); exact T|discriminate|reflexivity|reflexivity].
  Qed.

  Lemma vcpu_start_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_vm_seal B cpu (F "vm_seal") -> spec_vcpu_start B cpu (invoke F fuel f_vcpu_start).
  Proof.
    intros HL HU HS w Oc Id. pose proof (oc_cpu _ _ Oc) as Hc. enter. steps.
    lock_own HL Id Sc L C w1 Ow. destruct (taken_occupied w w1 Oc Ow) as (_ & _ & Oc1).
    pose proof (cs_secure B w1 C) as Se. destruct (oc_own _ _ Oc1 (oc_vm _ _ Oc1)) as (Rh & Ri & T).
    pose proof (own_live B cpu ltac:(lia) w1 (s_vcpus _ _ _ _ Sc) (oc_own _ _ Oc1) (oc_vm _ _ Oc1)) as Lv.
    assert (Kr : same_registers cpu w w1) by (intros r ix; apply Ow; unfold owns; rewrite reg_class; reflexivity).
    own_cell Se. steps. own_cell Se. steps. read_locked C. steps.
    change (wrap U32 (w_mem w1 ("vcpus.power", [loaded_vm cpu w1; loaded_vcpu cpu w1]))) with (power cpu w1). steps.
    pose proof (idle_unlock B w1 C) as Id1. unlock HU Sc.
    - split; [exact Id1|]. exists w1. split; [exact (sec_locked B L w1 Sc)|]. split; [exact Lv|].
      split; [left; split; [reflexivity|assumption]|exact Kr].
    - own_cell (kn_secure B _ (id_known B _ Id1)). change (loaded_vm cpu (set_held false w1)) with (loaded_vm cpu w1). steps.
      assert (Rw : runnable cpu (set_held false w1)).
      { split; [assumption|]. destruct (t_root B _ w1 (s_tables _ _ _ _ Sc) (loaded_vm cpu w1) (live_rooted _ _ Lv)) as [_ Rt].
        pose proof (wrap_in U64 (w_mem w1 (obj "vms.root" [loaded_vm cpu w1]))) as Wr. unfold in_ty in Wr.
        change (0 <= vm_root w1 (loaded_vm cpu w1) < 2 ^ 36). unfold vm_root in *. change (2 ^ 36) with (2 ^ 8 * 2 ^ 28). lia. }
      eapply wp_mono; [apply (wp_left B cpu LI HB ltac:(lia)); [exact (kn_secure B _ (id_known B _ Id1))|apply HS; [lia|exact Id1]]|].
      cbv beta. intros ? w3 ((-> & Id3 & Kr3) & Lk). steps.
      split; [exact Id3|]. exists w1. split; [exact (sec_locked B L w1 Sc)|]. split; [exact Lv|].
      split; [right; split; [reflexivity|]|intros r ix; rewrite (Kr3 r ix); apply Kr].
      split; [assumption|]. refine (left_runnable _ w3 _ Lk Rw). constructor; apply Oc1.
  Qed.
End Proofs.
