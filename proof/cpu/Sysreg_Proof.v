(** * Trapped system registers of a protected guest: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Trap_Facts.
From Redoubt.gen Require Import vcpu_sysreg.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Notation WP := (wp (kcore_all B cpu LI)).
  Notation getter f := (does B cpu LI f 0 (Some U64)).
  Notation setter f := (does B cpu LI f 1 None).


  (** ** sysreg.c *)
  Lemma kserv_list esr : kserv_emulates esr = true ->
    In (Z.land esr 0x3ffc1e) to_emulate.
  Proof.
    unfold kserv_emulates.
    rewrite (reg_code esr 3 0 12 11 5 0x3a3016) by (lia || reflexivity).
    rewrite (reg_code esr 3 0 12 11 6 0x3c3016) by (lia || reflexivity).
    rewrite (reg_code esr 3 0 12 11 7 0x3e3016) by (lia || reflexivity).
    rewrite (reg_code esr 3 0 12 11 1 0x323016) by (lia || reflexivity).
    rewrite (reg_code esr 3 3 14 2 0 0x30f804) by (lia || reflexivity).
    rewrite (reg_code esr 3 3 14 2 1 0x32f804) by (lia || reflexivity).
    rewrite (reg_code esr 3 3 14 2 2 0x34f804) by (lia || reflexivity).
    unfold to_emulate. cbn [In]. lia.
  Qed.

  Lemma who_kserv esr : who_answers esr = By_kserv -> kserv_emulates esr = true.
  Proof.
    unfold who_answers. destruct (kserv_emulates esr); [reflexivity|].
    destruct (_ && _ && _ && _ && _); [discriminate|]. destruct (_ || _ || _); discriminate.
  Qed.

  Lemma sysreg_exit_ok F : spec_guest_reg B cpu LI (F "guest_reg") -> spec_own_set B cpu LI (F "pg_set") ->
    spec_sysreg_exit B cpu LI (invoke F fuel f_sysreg_exit).
  Proof.
    intros H1 H h i w V P S C Who. ranges V. pose proof (kserv_list _ (who_kserv _ Who)) as In1.
    set (e := reg_of w cpu "esr" []) in *. assert (Xe : in_ty U64 e) by apply wrap_in.
    assert (Rt : Z.land (Z.shiftr e 5) 31 = field 5 5 e) by (apply mask_field; [lia|lia|reflexivity]).
    pose proof (field_range 5 5 e ltac:(lia)) as Rr. change (2 ^ 5) with 32 in Rr.
    assert (Fr : in_ty U64 (field 5 5 e)) by (unfold in_ty, modulus; lia).
    assert (Rd : (Z.land e 1 =? 0) = negb (is_read e)) by (apply (bit_mask e 1 0); [lia|reflexivity]).
    unfold register_words, register_owed. fold e.
    enter. steps. run V S. rewrite Rt. rewrite (wrap_small U32 (field 5 5 e)) by (unfold in_ty; cbn; lia).
    apply (write_owed B cpu LI); [reflexivity|exact V|exact S|]. intros _.
    assert (V1 := serves_loader cpu w h i "vcpus.mmio_rt" [h; i] (field 5 5 e) eq_refl V).
    assert (S1 := secure_loader B w "vcpus.mmio_rt" [h; i] (field 5 5 e) eq_refl S). set (w1 := set_mem _ w) in *. steps.
    - assert (D : is_read e = false) by (destruct (is_read e); [cbn in Rd; lia|reflexivity]). rewrite D. rewrite Rt.
      eapply wp_mono; [apply H1; own V1 S1|]. cbv beta. intros r w' (-> & v & -> & Vv & Zv & O). reduce. steps.
      assert (O' : v = x_reg cpu w (field 5 5 e)).
      { unfold x_reg. destruct (Z.ltb_spec (field 5 5 e) 31); [|apply Zv; lia]. apply O; [lia|exact (serves_own_page cpu w h i V P)]. }
      subst v. apply (write_owed B cpu LI); [reflexivity|exact V1|exact S1|]. intros _.
      assert (V2 := serves_loader cpu w1 h i "vcpus.pend" [h; i] 4 eq_refl V1). set (w2 := set_mem _ w1) in *. steps.
      change (vcpu_run w h i) with (vcpu_run w2 h i).
      word H V2; [|].
      { change (exposed cpu w2 0 (x_reg cpu w2 (syndrome cpu w2 / 32 mod 32))). apply ex_register;
        [exact (serves_current cpu w2 h i V2 P)|exact C|exact In1|].
        change (Z.land e 1 = 0). lia. }
      word H V2; [shows register C|]. word H V2; [apply ex_fault; lia|]. split; reflexivity.
    - assert (D : is_read e = true) by (destruct (is_read e); [reflexivity|cbn in Rd; lia]). rewrite D.
      apply (write_owed B cpu LI); [reflexivity|exact V1|exact S1|]. intros _.
      assert (V2 := serves_loader cpu w1 h i "vcpus.pend" [h; i] 3 eq_refl V1). set (w2 := set_mem _ w1) in *. steps.
      change (vcpu_run w h i) with (vcpu_run w2 h i).
      word H V2; [apply ex_nothing|].
      word H V2; [shows register C|]. word H V2; [apply ex_fault; lia|]. split; reflexivity.
  Qed.

  (** KCore's own answer to a read. *)
  Ltac served H4 H5 H6 H7 V S Who Rt Rd e w h i Xe :=
    let D := fresh "D" in let G := fresh "G" in let S1 := fresh "S1" in let v := fresh "v" in let T := fresh "T" in let Rv := fresh "Rv" in
    assert (D : is_read e = true) by (destruct (is_read e); [reflexivity|cbn in Rd; lia]); rewrite D;
    pose proof (H4 e w Xe S) as G; rewrite Who in G; cbn [code] in G;
    (eapply wp_mono; [apply wp_all, G|]); cbv beta; intros ? ? (-> & v & -> & Rv & T); reduce; steps;
    rewrite ?Rt; put H5 V S; pose proof (secure_put_reg B cpu w (field 5 5 e) v S) as S1;
    prim H6 S1; steps; prim H7 S1; steps; (split; [reflexivity|]); exists v;
    (split; [split; [exact Rv|rewrite Who; exact T]|reflexivity]).

  Lemma sysreg_trap_ok F : spec_sysreg_who B cpu LI (F "sysreg_who") -> spec_sysreg_exit B cpu LI (F "sysreg_exit") ->
    spec_inject_undef B cpu LI (F "inject_undef") -> spec_sysreg_value B cpu LI (F "sysreg_value") ->
    spec_guest_reg_set B cpu LI (F "guest_reg_set") -> getter "elr_get" (F "elr_get") -> setter "elr_set" (F "elr_set") ->
    spec_sysreg_trap B cpu LI (invoke F fuel f_sysreg_trap).
  Proof.
    intros H1 H2 H3 H4 H5 H6 H7 h i w V P S C. ranges V. unfold sysreg_done.
    set (e := reg_of w cpu "esr" []) in *. assert (Xe : in_ty U64 e) by apply wrap_in.
    assert (Rt : Z.land (Z.shiftr e 5) 31 = field 5 5 e) by (apply mask_field; [lia|lia|reflexivity]).
    pose proof (field_range 5 5 e ltac:(lia)) as Rr. change (2 ^ 5) with 32 in Rr.
    assert (Fr : in_ty U64 (field 5 5 e)) by (unfold in_ty, modulus; lia).
    assert (Rd : (Z.land e 1 =? 0) = negb (is_read e)) by (apply (bit_mask e 1 0); [lia|reflexivity]).
    enter. steps. eapply wp_mono; [apply wp_all, (H1 e Xe)|]. cbv beta. intros ? ? [-> ->]. reduce.
    destruct (who_answers e) eqn:Who; cbn [code]; steps; rewrite ?Rt.
    - eapply wp_mono; [apply wp_all, H3, S|]. cbv beta. intros r w' [-> T]. reduce. steps. split; [reflexivity|exact T].
    - served H4 H5 H6 H7 V S Who Rt Rd e w h i Xe.
    - exfalso. assert (D : is_read e = false) by (destruct (is_read e); [cbn in Rd; lia|reflexivity]).
      revert Who. unfold who_answers. rewrite D. cbn [andb]. destruct (kserv_emulates e); [discriminate|].
      destruct (_ || _ || _); discriminate.
    - served H4 H5 H6 H7 V S Who Rt Rd e w h i Xe.
    - assert (D : is_read e = false) by (destruct (is_read e); [cbn in Rd; lia|reflexivity]). rewrite D.
      prim H6 S. steps. prim H7 S. steps. split; [reflexivity|]. exists (if reg_is e 2 0 1 1 4 then 8 else 0).
      split; [|reflexivity]. unfold answers. rewrite Who.
      split; [destruct (reg_is e 2 0 1 1 4); unfold in_ty; cbn; lia|reflexivity].
    - eapply wp_mono; [apply (H2 h i w); assumption|]. cbv beta. intros r w' [-> ->]. reduce. steps. split; reflexivity.
  Qed.
End Proofs.
