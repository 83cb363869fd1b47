(** * An access of a protected guest outside RAM: proof *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Trap_Facts.
From Redoubt.gen Require Import vcpu_mmio.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Notation WP := (wp (kcore_all B cpu LI)).
  Notation getter f := (does B cpu LI f 0 (Some U64)).
  Notation setter f := (does B cpu LI f 1 None).


  Lemma size_field e : Z.land (Z.shiftr e 22) 3 = field 22 2 e.
  Proof. apply mask_field; [lia|lia|reflexivity]. Qed.

  (** The next object of the vCPU. *)
  Ltac owed V S V1 S1 w1 := apply (write_owed B cpu LI); [reflexivity|exact V|exact S|]; intros _;
    match type of V with serves ?c ?w ?h ?i => lazymatch goal with |- context [upd (w_mem _) (obj ?d [_; _]) ?x] =>
      pose proof (serves_loader c w h i d [h; i] x eq_refl V) as V1;
      pose proof (secure_loader B w d [h; i] x eq_refl S) as S1; set (w1 := set_mem (upd (w_mem w) (obj d [h; i]) x) w) in * end end; steps.

  Lemma mmio_exit_ok F : getter "far_get" (F "far_get") -> spec_inject_sea B cpu LI (F "inject_sea") ->
    spec_guest_reg B cpu LI (F "guest_reg") -> spec_size_mask B cpu LI (F "size_mask") ->
    spec_own_set B cpu LI (F "pg_set") -> spec_mmio_exit B cpu LI (invoke F fuel f_mmio_exit).
  Proof.
    intros H1 H2 H3 H4 H h i ipa w V P S Sh. ranges V. pose proof (page_word ipa (shown_page_range _ _ _ Sh)) as W.
    unfold device_words, device_owed. set (e := reg_of w cpu "esr" []) in *. assert (Xe : in_ty U64 e) by apply wrap_in.
    pose proof (class_field cpu w) as CF. fold e in CF.
    assert (Rt : Z.land (Z.shiftr e 16) 31 = data_reg cpu w) by (apply (mask_field e 31 16 5); [lia|lia|reflexivity]).
    pose proof (field_range 16 5 e ltac:(lia)) as Rr. change (field 16 5 e) with (data_reg cpu w) in Rr. change (2 ^ 5) with 32 in Rr.
    assert (Fr : in_ty U64 (data_reg cpu w)) by (unfold in_ty, modulus; lia).
    pose proof (size_field e) as Sz. pose proof (field_range 22 2 e ltac:(lia)) as Sr. change (2 ^ 2) with 4 in Sr.
    assert (By : bytes cpu w = 2 ^ field 22 2 e) by reflexivity.
    assert (Bw : in_ty U32 (2 ^ field 22 2 e) /\ in_ty U64 (2 ^ field 22 2 e) /\ wrap U64 (Z.shiftl 1 (field 22 2 e)) = 2 ^ field 22 2 e).
    { assert (D : field 22 2 e = 0 \/ field 22 2 e = 1 \/ field 22 2 e = 2 \/ field 22 2 e = 3) by lia.
      destruct D as [-> |[-> |[-> | ->]]]; repeat split; try reflexivity; unfold in_ty; cbn; lia. }
    destruct Bw as (Bw1 & Bw3 & Bw2).
    assert (Iv : (Z.land e 16777216 =? 0) = negb (bit 24 e)) by (apply bit_mask; [lia|reflexivity]).
    assert (St : (Z.land e 64 =? 0) = negb (bit 6 e)) by (apply bit_mask; [lia|reflexivity]).
    assert (Pw : (Z.land e 384 =? 0) = negb (bit 7 e) && negb (bit 8 e)).
    { change 384 with (Z.lor 128 256). rewrite Z.land_lor_distr_r.
      pose proof (bit_mask e 128 7 ltac:(lia) eq_refl) as A. pose proof (bit_mask e 256 8 ltac:(lia) eq_refl) as A2.
      rewrite <- A, <- A2. destruct (Z.eqb_spec (Z.land e 128) 0) as [->|N1], (Z.eqb_spec (Z.land e 256) 0) as [->|N2]; cbn [andb];
        try reflexivity; apply Z.eqb_neq; intros X; apply Z.lor_eq_0_iff in X; lia. }
    assert (Em : emulated e = (class cpu w =? DATA) && bit 24 e && negb (bit 7 e) && negb (bit 8 e)) by reflexivity.
    enter. steps. run V S. rewrite ?Sz in *. try lia. rewrite ?Bw2. prim H1 S.
    change (wrap U64 (w_mem w (reg cpu "far" []))) with (reg_of w cpu "far" []). steps; rewrite ?CF in *.
    - assert (D : emulated e = false) by (rewrite Em; unfold DATA; lia). rewrite D.
      eapply wp_mono; [apply wp_all, H2; [exact Xe|exact S]|]. cbv beta. intros r w' [-> T]. reduce. steps. split; [reflexivity|exact T].
    - assert (D : emulated e = true) by (rewrite Em; unfold DATA; lia). rewrite D.
      assert (C : class cpu w = DATA) by (unfold DATA; lia). assert (Va : valid cpu w) by (change (bit 24 e = true); lia).
      rewrite Rt. eapply wp_mono; [apply H3; own V S|]. cbv beta. intros r w' (-> & v & -> & Vv & Zv & O). reduce. steps.
      assert (O' : v = x_reg cpu w (data_reg cpu w)).
      { unfold x_reg. destruct (Z.ltb_spec (data_reg cpu w) 31); [|apply Zv; lia]. apply O; [lia|exact (serves_own_page cpu w h i V P)]. }
      subst v. clear O Zv Vv.
      assert (Bit1 : forall k m, 0 <= k -> m = 2 ^ k -> Z.shiftr (Z.land e m) k = field k 1 e).
      { intros k m Hk ->. rewrite Z.shiftr_land, (Z.shiftr_div_pow2 (2 ^ k)), Z.div_same by (try apply Z.pow_nonzero; lia).
        apply mask_field; [lia|lia|reflexivity]. }
      assert (Small : forall k, wrap U32 (field k 1 e) = field k 1 e).
      { intros k. pose proof (field_range k 1 e ltac:(lia)). apply wrap_small. unfold in_ty, modulus. lia. }
      assert (Esr : Z.lor (Z.lor (Z.lor (Z.lor 2466250752 (Z.land e 12582976)) 32768) 4) 3 = Z.lor 2466283527 (Z.land e 12582976)).
      { rewrite <- !Z.lor_assoc, (Z.lor_comm (Z.land e 12582976)), Z.lor_assoc. reflexivity. }
      assert (Far : Z.land (reg_of w cpu "far" []) 4095 = reg_of w cpu "far" [] mod 4096) by (apply land_low with (n := 12);
        [lia|reflexivity]).
      owed V S V1 S1 w1. rewrite ?(wrap_small U32 (2 ^ field 22 2 e)) by exact Bw1.
      owed V1 S1 V2 S2 w2. rewrite ?Rt. rewrite (wrap_small U32 (data_reg cpu w)) by (unfold in_ty, modulus; lia).
      owed V2 S2 V3 S3 w3. rewrite (Bit1 21 2097152), Small by (lia || reflexivity).
      owed V3 S3 V4 S4 w4. rewrite (Bit1 15 32768), Small by (lia || reflexivity).
      owed V4 S4 V5 S5 w5.
      steps.
      + assert (Ds : bit 6 e = true) by (destruct (bit 6 e); [reflexivity|cbn in St; lia]).
        change (is_store e) with (bit 6 e). rewrite Ds. owed V5 S5 V6 S6 w6.
        eapply wp_mono; [apply wp_all, (H4 (2 ^ field 22 2 e)), Bw3|]. cbv beta. intros ? ? [-> ->].
        rewrite (access_power _ Sr). reduce. steps.
        rewrite (land_low (x_reg cpu w (data_reg cpu w)) (2 ^ (8 * 2 ^ field 22 2 e) - 1) (8 * 2 ^ field 22 2 e)) by (lia || reflexivity).
        change (vcpu_run w h i) with (vcpu_run w6 h i).
        word H V6; [|].
        { change (exposed cpu w6 0 (x_reg cpu w6 (data_reg cpu w6) mod 2 ^ (8 * bytes cpu w6))). apply ex_store;
            [exact (serves_current cpu w6 h i V6 P)|exact C|exact Va|exact Ds]. }
        rewrite Esr.
        word H V6; [apply ex_esr; lazymatch goal with |- shown_syndrome _ ?w9 _ => exact (device cpu w9 C Va) end|].
        rewrite Far. word H V6; [apply ex_far; right; split; [exact C|split; [exact Va|reflexivity]]|].
        rewrite W. word H V6; [apply ex_page; apply (shown_page_as cpu w); [reflexivity|reflexivity|rewrite C; intros [X|X];
          discriminate X|exact Sh]|]. word H V6; [apply ex_fault; lia|]. split; reflexivity.
      + assert (Ds : bit 6 e = false) by (destruct (bit 6 e); [cbn in St; lia|reflexivity]).
        change (is_store e) with (bit 6 e). rewrite Ds. owed V5 S5 V6 S6 w6.
        change (vcpu_run w h i) with (vcpu_run w6 h i).
        word H V6; [apply ex_nothing|]. rewrite Esr.
        word H V6; [apply ex_esr; lazymatch goal with |- shown_syndrome _ ?w9 _ => exact (device cpu w9 C Va) end|].
        rewrite Far. word H V6; [apply ex_far; right; split; [exact C|split; [exact Va|reflexivity]]|].
        rewrite W. word H V6; [apply ex_page; apply (shown_page_as cpu w); [reflexivity|reflexivity|rewrite C; intros [X|X];
          discriminate X|exact Sh]|]. word H V6; [apply ex_fault; lia|]. split; reflexivity.
  Qed.
End Proofs.
