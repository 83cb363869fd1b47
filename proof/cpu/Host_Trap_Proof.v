(** * KServ's traps that end in its own registers: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Local_Prims Cpu_Facts Structure Page_Spec Vm_Spec Host_Map_Spec.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Own_Kept Host_Trap_Spec Host_Facts.
From Redoubt.gen Require Import host_gicr host_trap host_call.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Notation WP := (wp (kcore_all B cpu LI)).
  Notation getter f := (does B cpu LI f 0 (Some U64)).
  Notation setter f := (does B cpu LI f 1 None).

  Lemma host_sysreg_ok F : getter "elr_get" (F "elr_get") -> spec_host_reg_set B cpu LI (F "guest_reg_set") ->
    setter "elr_set" (F "elr_set") -> spec_host_sysreg B cpu LI (invoke F fuel f_host_sysreg).
  Proof.
    intros H1 H2 H3 esr w X A S. enter. steps. prim H1 S.
    assert (M : (Z.land esr 1 =? 0) = negb (is_read esr)) by (apply bit_mask; [lia|reflexivity]).
    assert (R : Z.land (Z.shiftr esr 5) 31 = field 5 5 esr) by (apply mask_field; [lia|lia|reflexivity]).
    pose proof (field_range 5 5 esr ltac:(lia)) as Rr. change (2 ^ 5) with 32 in Rr.
    steps.
    - rewrite R. host_set H2 A S. steps. prim H3 (put_x_secure B cpu (field 5 5 esr) 0 w S). steps. split; [reflexivity|].
      replace (is_read esr) with true by (destruct (is_read esr); [reflexivity|cbn in M; lia]).
      unfold over. rewrite put_x_reg. reflexivity.
    - prim H3 S. steps. split; [reflexivity|]. replace (is_read esr) with false by (destruct (is_read esr); [cbn in M; lia|reflexivity]).
      reflexivity.
  Qed.

  Lemma stub_call_ok F : getter "ich_vtr_get" (F "ich_vtr_get") -> spec_host_reg_set B cpu LI (F "guest_reg_set") ->
    spec_stub_call B cpu LI (invoke F fuel f_stub_call).
  Proof.
    intros H1 H2 nr w X A S. enter. steps; unfold stub_answer.
    - subst nr. prim H1 S. steps. host_set H2 A S. steps.
      host_set H2 (put_x_at_host cpu 0 0 w A) (put_x_secure B cpu 0 0 w S). steps. split; reflexivity.
    - host_set H2 A S. steps. split; [reflexivity|]. destruct (Z.eqb_spec nr 4); [contradiction|reflexivity].
  Qed.

  (** What the syndrome says of an access. *)
  Lemma syndrome_size esr : exists k, 0 <= k < 4 /\ access_size esr = 2 ^ k /\ 0 <= Z.land (Z.shiftr esr 22) 3 < 4 /\
    wrap U64 (Z.shiftl 1 (Z.land (Z.shiftr esr 22) 3)) = access_size esr.
  Proof.
    exists (field 22 2 esr). pose proof (field_range 22 2 esr ltac:(lia)) as R. change (2 ^ 2) with 4 in R. split; [exact R|].
    split; [reflexivity|]. rewrite (mask_field esr 3 22 2) by (reflexivity || lia). split; [exact R|]. unfold access_size.
    assert (D : field 22 2 esr = 0 \/ field 22 2 esr = 1 \/ field 22 2 esr = 2 \/ field 22 2 esr = 3) by lia.
    destruct D as [-> |[-> |[-> | ->]]]; reflexivity.
  Qed.

  Lemma loaded_in raw size sext sf : in_ty U64 (loaded raw size sext sf).
  Proof.
    unfold loaded. cbv zeta. destruct (sf =? 0); match goal with |- in_ty _ (?a mod ?m) => pose proof (Z.mod_pos_bound a m) end;
      change (2 ^ 32) with 4294967296 in *; change (2 ^ 64) with 18446744073709551616 in *; unfold in_ty, modulus; lia.
  Qed.

  Lemma host_gicr_ok F : spec_is_gicr B cpu LI (F "is_gicr") -> getter "far_get" (F "far_get") ->
    getter "elr_get" (F "elr_get") -> spec_host_reg B cpu LI (F "guest_reg") -> spec_gicr_write B cpu LI (F "gicr_write") ->
    spec_gicr_read B cpu LI (F "gicr_read") -> spec_load_value B cpu LI (F "load_value") ->
    spec_host_reg_set B cpu LI (F "guest_reg_set") -> setter "elr_set" (F "elr_set") ->
    spec_host_gicr B cpu LI (invoke F fuel f_host_gicr).
  Proof.
    intros H1 H2 H3 H4 H5 H6 H7 H8 H9 esr ipa w X Hi A S. enter.
    assert (Xi : in_ty U64 ipa) by (change (2 ^ 40) with 1099511627776 in Hi; unfold in_ty; cbn; lia).
    destruct (syndrome_size esr) as (k & Hk & Ek & Ez & Es). set (sz := access_size esr) in *.
    assert (Rt : Z.land (Z.shiftr esr 16) 31 = field 16 5 esr) by (apply mask_field; [lia|lia|reflexivity]).
    pose proof (field_range 16 5 esr ltac:(lia)) as Rr. change (2 ^ 5) with 32 in Rr.
    steps. eapply wp_mono; [apply wp_all, H1; [exact Xi|exact S]|]. cbv beta. intros ? ? [-> ->]. reduce. steps.
    rewrite Es, Rt. clear Es Ez. prim H2 S. change (wrap U64 (w_mem w (reg cpu "far" []))) with (reg_of w cpu "far" []).
    set (far := reg_of w cpu "far" []). assert (Ff : in_ty U64 far) by apply wrap_in.
    assert (Ro : Z.land far 4095 = far mod 4096) by (apply (land_low far 4095 12); [lia|reflexivity]).
    steps. rewrite Ro. set (off := far mod 4096). assert (Of : 0 <= off < 4096) by (apply Z.mod_pos_bound; lia).
    assert (M1 : Z.land (Z.shiftr esr 26) 63 = field 26 6 esr) by (apply mask_field; [lia|lia|reflexivity]).
    assert (M2 : (Z.land esr 16777216 =? 0) = negb (bit 24 esr)) by (apply bit_mask; [lia|reflexivity]).
    assert (M3 : (Z.land esr 64 =? 0) = negb (is_store esr)) by (apply bit_mask; [lia|reflexivity]).
    prim H3 S. to_if. step. step. to_if.
    all: try solve [replace (gicr w ipa && plain_access esr) with false by (unfold plain_access; lia); split; reflexivity].
    assert (G : gicr w ipa = true /\ plain_access esr = true) by (unfold plain_access; lia).
    clear M1 M2. destruct G as [G P]. rewrite G, P. cbn [andb].
    assert (Mo : off mod sz = Z.land off (sz - 1)).
    { rewrite Ek. symmetry. apply (land_low off _ k); lia. }
    join (fun e w' => w' = w /\ exists v, e = [("cpu", Some cpu); ("esr", Some esr); ("ipa", Some ipa); ("is", Some (bz true));
      ("size", Some sz); ("rt", Some (field 16 5 esr)); ("far", Some far); ("off", Some off);
      ("pc", Some (reg_of w cpu "elr" [])); ("v", Some v)] /\ (is_store esr = false -> gicr_word esr far v)).
    - assert (Z4 : sz = 1 \/ sz = 2 \/ sz = 4 \/ sz = 8).
      { rewrite Ek. assert (D : k = 0 \/ k = 1 \/ k = 2 \/ k = 3) by lia. destruct D as [-> |[-> |[-> | ->]]]; cbn; lia. }
      steps.
      + host_get H4 A S. steps. eapply wp_mono; [apply wp_all, H5; [exact G|exact Hi|lia|exact Of|rewrite Mo; assumption| |exact S]|].
        { unfold host_x. destruct (_ <? 31); [apply wrap_in|unfold in_ty; cbn; lia]. }
        cbv beta. intros ? ? [-> ->]. reduce. split; [reflexivity|]. eexists. split; [reflexivity|]. intros N.
            exfalso. rewrite N in M3. cbn in M3. lia.
      + eapply wp_mono; [apply wp_all, H6; [exact G|exact Hi|lia|exact Of|rewrite Mo; assumption|exact S]|].
        cbv beta. intros ? ? (-> & v & -> & Xv & L). reduce. split; [reflexivity|]. exists v. split; [reflexivity|].
            intros _. unfold gicr_word.
        fold off. fold sz. cbv zeta. split; [exact Xv|]. split; [exact L|]. intros [Q|Q]; exfalso; [lia|apply Q; rewrite Mo; assumption].
      + split; [reflexivity|]. exists 0. split; [reflexivity|]. intros _. unfold gicr_word. split; [unfold in_ty; cbn; lia|]. auto.
    - intros e w' (-> & v & -> & Gw). unfold gicr_done.
      assert (R21 : Z.land (Z.shiftr esr 21) 1 = field 21 1 esr) by (apply mask_field; [lia|lia|reflexivity]).
      assert (R15 : Z.land (Z.shiftr esr 15) 1 = field 15 1 esr) by (apply mask_field; [lia|lia|reflexivity]).
      steps.
      + assert (Ns : is_store esr = false) by lia. rewrite Ns. specialize (Gw Ns). rewrite R21, R15, Ek.
        eapply wp_mono; [apply wp_all, (H7 v (2 ^ k) (field 21 1 esr) (field 15 1 esr)); [apply Gw|]|].
        { assert (D : k = 0 \/ k = 1 \/ k = 2 \/ k = 3) by lia. destruct D as [-> |[-> |[-> | ->]]]; unfold in_ty; cbn; lia. }
        rewrite (access_power k Hk). cbv beta. intros ? ? [-> ->]. reduce. steps.
        host_set H8 A S; [apply loaded_in|]. steps. prim H9 (put_x_secure B cpu (field 16 5 esr) (loaded v (2 ^ k)
            (field 21 1 esr) (field 15 1 esr)) w S). steps.
        split; [reflexivity|]. exists v. split; [exact Gw|]. fold sz. rewrite Ek. unfold over. rewrite put_x_reg. reflexivity.
      + assert (Ns : is_store esr = true) by lia. rewrite Ns. prim H9 S. steps. split; reflexivity.
  Qed.
End Proofs.
