(** * The functions that read and write registers of their CPU: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Cpu_Facts.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec.
From Redoubt.gen Require Import vcpu_inject vcpu_mmio vcpu_ident vcpu_sysreg vcpu_run vcpu_exit host_gicr host_smc host_call.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma reg_range w c r ix : in_ty U64 (reg_of w c r ix).
Proof. apply wrap_in. Qed.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).
  Notation getter f := (does B cpu LI f 0 (Some U64)).
  Notation setter f := (does B cpu LI f 1 None).

  (** A call that computes. *)
  Ltac pure H := eapply wp_mono; [eapply H; try apply wrap_in; try assumption; try side|
    cbv beta; intros ? ? [-> ->]; reduce].

  Lemma same_level_in esr p : in_ty U64 esr -> in_ty U64 (same_level esr p).
  Proof. intros X. unfold same_level. destruct (_ || _); [exact X|apply lor_in; [exact X|unfold in_ty; cbn; lia]]. Qed.

  (** ** inject.c *)
  Lemma inject_sync_ok F : getter "spsr_get" (F "spsr_get") -> getter "elr_get" (F "elr_get") ->
    getter "el1_vbar_get" (F "el1_vbar_get") -> getter "el1_sctlr_get" (F "el1_sctlr_get") ->
    spec_vector_offset B cpu LI (F "vector_offset") -> spec_vector_pstate B cpu LI (F "vector_pstate") ->
    does B cpu LI "el1_exception_set" 3 None (F "el1_exception_set") -> setter "elr_set" (F "elr_set") ->
    setter "spsr_set" (F "spsr_set") -> spec_inject_sync B cpu LI (invoke F fuel f_inject_sync).
  Proof.
    intros H1 H2 H3 H4 H5 H6 H7 H8 H9 esr w X S. enter. steps.
    prim H1 S. steps. prim H2 S. steps. prim H3 S. steps. prim H4 S. steps. pure H5. steps.
    destruct (H6 (reg_of w cpu "spsr" []) (reg_of w cpu "sctlr" []) (wrap_in _ _) (wrap_in _ _)) as (p & Hp & C).
    eapply wp_mono; [apply C|cbv beta; intros ? ? [-> ->]; reduce]. steps.
    prim H7 S. steps. prim H8 S. steps. prim H9 S. steps. split; [reflexivity|]. exists p. split; [exact Hp|reflexivity].
  Qed.

  Lemma inject_undef_ok F : spec_inject_sync B cpu LI (F "inject_sync") -> spec_inject_undef B cpu LI (invoke F fuel f_inject_undef).
  Proof.
    intros H w S. enter. steps. eapply wp_mono; [apply H; [unfold in_ty; cbn; lia|exact S]|].
    cbv beta. intros r w' [_ T]. reduce. steps. split; [reflexivity|exact T].
  Qed.

  Lemma inject_abort_ok F : getter "spsr_get" (F "spsr_get") -> setter "el1_far_set" (F "el1_far_set") ->
    spec_inject_sync B cpu LI (F "inject_sync") -> spec_inject_abort B cpu LI (invoke F fuel f_inject_abort).
  Proof.
    intros H1 H2 H3 esr far w X Y S. enter. steps. prim H1 S.
    change (wrap U64 (w_mem w (reg cpu "spsr" []))) with (reg_of w cpu "spsr" []). set (ps := reg_of w cpu "spsr" []).
    to_if. join (fun e w' => w' = w /\ e = [("esr", Some esr); ("far", Some far); ("pstate", Some ps); ("e", Some (same_level esr ps))]).
    - assert (M : Z.land ps 31 = field 0 5 ps) by (apply mask_field0; [lia|reflexivity]).
      assert (M1 : (Z.land ps 16 =? 0) = negb (bit 4 ps)) by (apply bit_mask; [lia|reflexivity]).
      unfold same_level. steps; (split; [reflexivity|]); rewrite ?M in *;
        destruct (bit 4 ps), (Z.eqb_spec (field 0 5 ps) 0); cbn [orb negb] in *; first [reflexivity|exfalso; lia].
    - intros e w' [-> ->]. steps. prim H2 S. steps.
      eapply wp_mono; [apply H3; [apply same_level_in, X|apply (set_regs_secure B cpu [("el1_far", [], far)]), S]|].
      cbv beta. intros r w' [_ T]. reduce. steps. split; [reflexivity|exact T].
  Qed.

  Lemma inject_sea_ok F : getter "far_get" (F "far_get") -> spec_inject_abort B cpu LI (F "inject_abort") ->
    spec_inject_sea B cpu LI (invoke F fuel f_inject_sea).
  Proof.
    intros H1 H2 esr w X S. enter. steps. prim H1 S. steps.
    eapply wp_mono; [apply H2; [|apply wrap_in|exact S]|].
    - apply lor_in; [apply land_in; [exact X|]|]; unfold in_ty; cbn; lia.
    - cbv beta. intros r w' [_ T]. reduce. steps. split; [reflexivity|exact T].
  Qed.

  Lemma step_over_ok F : getter "elr_get" (F "elr_get") -> setter "elr_set" (F "elr_set") ->
    spec_step_over B cpu LI (invoke F fuel f_step_over).
  Proof. intros H1 H2 w S. enter. steps. prim H1 S. steps. prim H2 S. steps. split; reflexivity. Qed.

  (** ** mmio.c *)
  Lemma permission esr : Z.land (Z.land esr 63) 60 = field 2 4 esr * 4.
  Proof.
    rewrite (land_low esr 63 6), (land_field _ 60 2 6) by (reflexivity || lia). unfold field.
    change (2 ^ 6) with 64. change (2 ^ 2) with 4. change (2 ^ 4) with 16. Z.to_euclidean_division_equations; lia.
  Qed.

  Lemma fault_ipa_ok F : getter "far_get" (F "far_get") -> does B cpu LI "stage1_walk" 1 (Some U64) (F "stage1_walk") ->
    getter "hpfar_get" (F "hpfar_get") -> spec_fault_ipa B cpu LI (invoke F fuel f_fault_ipa).
  Proof.
    intros H1 H2 H3 esr w X S. pose proof (permission esr) as M.
    assert (M1 : (Z.land esr 128 =? 0) = negb (bit 7 esr)) by (apply bit_mask; [lia|reflexivity]).
    unfold walk_again. enter. steps.
    - prim H1 S. steps. prim H2 S. steps; (split; [reflexivity|]); eexists; (split; [reflexivity|]).
      all: replace (field 2 4 esr =? 3) with true by lia; replace (bit 7 esr) with false by lia; cbn [negb andb].
      + left; reflexivity.
      + right. rewrite (mask_field _ _ 12 40) by (lia || reflexivity). apply field_range; lia.
    - prim H3 S. steps. split; [reflexivity|]. eexists. split; [reflexivity|].
      replace ((field 2 4 esr =? 3) && negb (bit 7 esr)) with false by lia. apply mask_field; [lia|lia|reflexivity].
  Qed.

  (** ** ident.c *)
  Ltac nibbles := change 16 with (Z.of_nat 16); apply all_below;
    let k := fresh "k" in let Hk := fresh "Hk" in intros k Hk;
    do 16 (destruct k as [|k]; [cbn -[field Z.land Z.lor]; rewrite ?field_lor by lia;
      first [rewrite field_kept by (lia || reflexivity) | rewrite field_hidden by (lia || reflexivity)];
      rewrite ?Z.lor_0_r; reflexivity|]); lia.

  Lemma pfr0_shown hw : in_ty U64 hw -> in_ty U64 (Z.lor (Z.land hw 18378908604590653455) 16) /\
    ident_shown 4 0 hw (Z.lor (Z.land hw 18378908604590653455) 16).
  Proof.
    intros X. split; [apply lor_in; [apply land_in; [exact X|]|]; unfold in_ty; cbn; lia|]. unfold ident_shown. nibbles.
  Qed.
  Lemma mmfr0_shown hw : in_ty U64 hw -> in_ty U64 (Z.lor (Z.land hw 72057594037927920) 2) /\
    ident_shown 7 0 hw (Z.lor (Z.land hw 72057594037927920) 2).
  Proof.
    intros X. split; [apply lor_in; [apply land_in; [exact X|]|]; unfold in_ty; cbn; lia|]. unfold ident_shown. nibbles.
  Qed.

  Lemma pfr0_ok F : spec_pfr0 B cpu LI (invoke F fuel f_pfr0).
  Proof.
    intros hw X. destruct (pfr0_shown hw X) as [R T]. eexists. split; [exact R|]. split; [exact T|].
    intros w. enter. steps. split; reflexivity.
  Qed.
  Lemma mmfr0_ok F : spec_mmfr0 B cpu LI (invoke F fuel f_mmfr0).
  Proof.
    intros hw X. destruct (mmfr0_shown hw X) as [R T]. eexists. split; [exact R|]. split; [exact T|].
    intros w. enter. steps. split; reflexivity.
  Qed.

  (** AArch32's, and those that no row of the table names. *)
  Lemma shown_all crm op2 hw : 1 <= crm < 4 -> 0 <= op2 < 8 -> crm * 8 + op2 <> 10 -> ident_shown crm op2 hw hw.
  Proof.
    intros C O N k Hk. assert (D : crm = 1 \/ crm = 2 \/ crm = 3) by lia.
    assert (E : (crm <? 4) && negb (crm * 8 + op2 =? 10) = true) by lia.
    destruct D as [-> |[-> | ->]]; unfold ident_hidden, ident_fixed; rewrite E; reflexivity.
  Qed.
  Definition listed (id : Z) : bool := existsb (Z.eqb id) [32; 33; 40; 48; 49; 56; 57; 58].
  Lemma shown_none crm op2 hw : 1 <= crm < 8 -> 0 <= op2 < 8 -> crm < 4 /\ crm * 8 + op2 = 10 \/ 4 <= crm ->
    listed (crm * 8 + op2) = false -> ident_shown crm op2 hw 0.
  Proof.
    intros C O H L.
    assert (A : forallb (fun k => existsb (Z.eqb (4 * k)) (ident_hidden crm op2)) [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10;
      11; 12; 13; 14; 15] = true).
    { destruct H as [[H1 H2]|H].
      - assert (crm = 1) as -> by lia. assert (op2 = 2) as -> by lia. reflexivity.
      - assert (D : crm = 4 \/ crm = 5 \/ crm = 6 \/ crm = 7) by lia.
        assert (D2 : op2 = 0 \/ op2 = 1 \/ op2 = 2 \/ op2 = 3 \/ op2 = 4 \/ op2 = 5 \/ op2 = 6 \/ op2 = 7) by lia.
        destruct D as [-> |[-> |[-> | ->]]], D2 as [-> |[-> |[-> |[-> |[-> |[-> |[-> | ->]]]]]]];
          first [discriminate L|reflexivity]. }
    intros k Hk. assert (I : In k [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15]) by (cbn; lia).
    rewrite forallb_forall in A. rewrite (A k I). unfold field. rewrite Z.div_0_l; [reflexivity|].
    apply Z.pow_nonzero; lia.
  Qed.

  Ltac masked := split; [reflexivity|]; eexists; split; [reflexivity|]; split;
    [first [apply land_in; [assumption|unfold in_ty; cbn; lia]|unfold in_ty; cbn; lia]|].

  Lemma ident_read_ok F : does B cpu LI "id_reg_get" 2 (Some U64) (F "id_reg_get") -> spec_pfr0 B cpu LI (F "pfr0") ->
    spec_mmfr0 B cpu LI (F "mmfr0") -> spec_ident_read B cpu LI (invoke F fuel f_ident_read).
  Proof.
    intros H1 H2 H3 crm op2 w C O S. enter. steps. prim H1 S; [lia|].
    change (wrap U64 (w_mem w (reg cpu "id" [crm; op2]))) with (reg_of w cpu "id" [crm; op2]).
    pose proof (reg_range w cpu "id" [crm; op2]) as X. set (hw := reg_of w cpu "id" [crm; op2]) in *. clearbody hw.
    assert (M : Z.lor (wrap U64 (Z.shiftl crm 3)) op2 = crm * 8 + op2).
    { rewrite shiftl_mul by lia. rewrite wrap_small by (unfold in_ty; cbn; lia). apply (lor_add _ _ 3); [lia| |cbn; lia].
      change (2 ^ 3) with 8. apply Z.mod_mul. lia. }
    to_if. rewrite M. join (fun e w' => w' = w /\ (4 <= crm \/ crm * 8 + op2 = 10) /\
      e = [("crm", Some crm); ("op2", Some op2); ("hw", Some hw); ("id", Some (crm * 8 + op2))]).
    { steps.
      - split; [reflexivity|]. exists hw. split; [reflexivity|]. split; [exact X|]. apply shown_all; lia.
      - split; [reflexivity|]. split; [lia|reflexivity]. }
    intros e w' (-> & Hid & ->).
    assert (Q : forall a b, crm * 8 + op2 = a * 8 + b -> 0 <= b < 8 -> crm = a /\ op2 = b) by lia.
    steps.
    - destruct (Q 4 0 ltac:(lia) ltac:(lia)) as [-> ->]. destruct (H2 hw X) as (r & R & T & Cm).
      eapply wp_mono; [apply Cm|cbv beta; intros ? ? [-> ->]; reduce]. steps. split; [reflexivity|]. exists r. auto.
    - destruct (Q 4 1 ltac:(lia) ltac:(lia)) as [-> ->]. masked. unfold ident_shown. nibbles.
    - destruct (Q 5 0 ltac:(lia) ltac:(lia)) as [-> ->]. masked. unfold ident_shown. change 16 with (Z.of_nat 16). apply all_below.
      intros k Hk. do 16 (destruct k as [|k]; [reflexivity|]). lia.
    - destruct (Q 6 0 ltac:(lia) ltac:(lia)) as [-> ->]. masked. unfold ident_shown. nibbles.
    - destruct (Q 6 1 ltac:(lia) ltac:(lia)) as [-> ->]. masked. unfold ident_shown. nibbles.
    - destruct (Q 7 0 ltac:(lia) ltac:(lia)) as [-> ->]. destruct (H3 hw X) as (r & R & T & Cm).
      eapply wp_mono; [apply Cm|cbv beta; intros ? ? [-> ->]; reduce]. steps. split; [reflexivity|]. exists r. auto.
    - destruct (Q 7 1 ltac:(lia) ltac:(lia)) as [-> ->]. masked. unfold ident_shown. nibbles.
    - destruct (Q 7 2 ltac:(lia) ltac:(lia)) as [-> ->]. masked. unfold ident_shown. nibbles.
    - masked. apply shown_none; [lia|lia|lia|]. unfold listed. cbn [existsb]. lia.
  Qed.

  (** ** sysreg.c *)
  Lemma sysreg_value_ok F : spec_ident_read B cpu LI (F "ident_read") -> spec_sysreg_value B cpu LI (invoke F fuel f_sysreg_value).
  Proof.
    intros H esr w X S. enter.
    assert (M2 : Z.land (Z.shiftr esr 17) 7 = field 17 3 esr) by (apply mask_field; [lia|lia|reflexivity]).
    assert (M3 : Z.land (Z.shiftr esr 14) 7 = field 14 3 esr) by (apply mask_field; [lia|lia|reflexivity]).
    assert (M4 : Z.land (Z.shiftr esr 1) 15 = field 1 4 esr) by (apply mask_field; [lia|lia|reflexivity]).
    assert (Y : reg_is esr 2 0 1 1 4 = (Z.land esr 0x3ffc1e =? 2622466)) by (apply reg_code; try reflexivity; lia).
    pose proof (field_range 1 4 esr ltac:(lia)) as R4. pose proof (field_range 17 3 esr ltac:(lia)) as R2.
    change (2 ^ 3) with 8 in R2. change (2 ^ 4) with 16 in R4.
    assert (I : who_answers esr = Identification -> field 1 4 esr < 8 /\ field 20 2 esr = 3).
    { unfold who_answers. destruct (kserv_emulates esr); [discriminate|].
      destruct (is_read esr && (field 20 2 esr =? 3) && (field 10 4 esr =? 0) && (field 14 3 esr <=? 1) && (field 1 4 esr <? 8)) eqn:E.
      - intros _. lia.
      - destruct (_ || _); discriminate. }
    assert (N : field 20 2 esr = 3 -> reg_is esr 2 0 1 1 4 = false) by (unfold reg_is; lia).
    remember (who_answers esr) as a eqn:Ea. clear Ea. steps; rewrite ?M2, ?M3, ?M4 in *.
    all: try (destruct a; cbn [code] in *; try lia).
    all: try (destruct (I eq_refl) as [I1 I2]; pose proof (N I2) as N1; rewrite Y in N1).
    all: try (eapply wp_mono; [apply H; [lia|lia|exact S]|]; cbv beta; intros r w' (-> & v & -> & Rv & T); reduce; steps;
      split; [reflexivity|]; exists v; (split; [reflexivity|]); (split; [exact Rv|]); left; auto).
    all: split; [reflexivity|]; eexists; (split; [reflexivity|]); (split; [unfold in_ty; cbn; lia|]); rewrite ?Y; try lia.
    all: try (right; lia).
    all: destruct (Z.land esr 0x3ffc1e =? 2622466) eqn:E9; lia.
  Qed.

  (** ** run.c *)
  Lemma pstate_ok_ok F : does B cpu LI "id_reg_get" 2 (Some U64) (F "id_reg_get") -> spec_pstate_ok B cpu LI (invoke F fuel f_pstate_ok).
  Proof.
    intros H p w X S. enter. assert (M : Z.land p 31 = field 0 5 p) by (apply mask_field0; [lia|reflexivity]).
    unfold guest_pstate. cbv zeta. steps; rewrite ?M in *.
    - split; [reflexivity|]. f_equal. lia.
    - split; [reflexivity|]. f_equal. lia.
    - prim H S; [lia|]. change (wrap U64 (w_mem w (reg cpu "id" [4; 0]))) with (reg_of w cpu "id" [4; 0]).
      assert (M1 : Z.land (reg_of w cpu "id" [4; 0]) 15 = field 0 4 (reg_of w cpu "id" [4; 0])) by (apply mask_field0; [lia|reflexivity]).
      steps; rewrite M1 in *; (split; [reflexivity|]); f_equal; lia.
  Qed.

  Lemma last_ran_update_ok F : does B cpu LI "tlb_inval_local" 0 None (F "tlb_inval_local") ->
    spec_last_ran_update B cpu LI (invoke F fuel f_last_ran_update).
  Proof.
    intros H h i w Hc Hh Hi S. enter. steps.
    apply read_ret; [reflexivity|exact S|]. steps.
    - prim H S. steps. apply own_write; [reflexivity|reflexivity|reflexivity|right; reflexivity|exact S|]. intros _. steps. split;
        [reflexivity|].
      rewrite wrap_small by (unfold in_ty; cbn; lia). split; [apply percpu_secure; [reflexivity|exact S]|].
      split; [|right; reflexivity]. rewrite percpu_mem, upd_same. apply wrap_small. unfold in_ty; cbn; lia.
    - split; [reflexivity|]. split; [exact S|]. split; [|left; reflexivity].
      rewrite (wrap_small U8 (i + 1)) in E by (unfold in_ty; cbn; lia). lia.
  Qed.

  (** ** gicr.c *)
  Ltac constant S := apply read_ret; [reflexivity|exact S|]; steps.

  Lemma is_gicr_ok F : spec_is_gicr B cpu LI (invoke F fuel f_is_gicr).
  Proof.
    intros ipa w X S. enter. unfold gicr. cbv zeta.
    pose proof (wrap_in U64 (w_mem w (obj "gicr_pfn" []))) as R1. pose proof (wrap_in U32 (w_mem w (obj "n_cpu" []))) as R2.
    steps. constant S.
    all: try (constant S); try (constant S); try (constant S); try (split; [reflexivity|]; f_equal; lia).
  Qed.

  Lemma gicr_page w ipa off size : gicr w ipa = true -> 0 <= ipa < 2 ^ 40 -> size = 4 \/ size = 8 -> 0 <= off < 4096 ->
    off mod size = 0 -> let pa := wrap U64 (Z.shiftl ipa 12) + off in
    pa mod 4096 = off /\ gic_access w pa size.
  Proof.
    intros G I Sz O M. cbv zeta. rewrite shiftl_mul by lia. change (2 ^ 40) with 1099511627776 in I. change (2 ^ 12) with 4096.
    rewrite (wrap_small U64 (ipa * 4096)) by (unfold in_ty; cbn; lia).
    split; [rewrite Z.add_comm, Z.mod_add by lia; apply Z.mod_small; lia|].
    assert (D : (ipa * 4096 + off) / 4096 = ipa) by (rewrite Z.div_add_l by lia; rewrite Z.div_small by lia; lia).
    split; [exact Sz|]. split.
    - destruct Sz as [-> | ->]; [replace (ipa * 4096) with (ipa * 1024 * 4) by lia|replace (ipa * 4096) with (ipa * 512 * 8) by lia];
        rewrite Z.add_comm, Z.mod_add by lia; exact M.
    - unfold gicr in G. cbv zeta in G. exists ((ipa - wrap U64 (w_mem w (obj "gicr_pfn" []))) / 32). rewrite D.
      generalize dependent (wrap U64 (w_mem w (obj "gicr_pfn" []))). generalize (wrap U32 (w_mem w (obj "n_cpu" []))). intros n b G.
      Z.to_euclidean_division_equations; lia.
  Qed.

  Lemma gicr_write_ok F : does B cpu LI "mmio_write" 3 None (F "mmio_write") -> spec_gicr_write B cpu LI (invoke F fuel f_gicr_write).
  Proof.
    intros H ipa off size v w G I Sz O M X S. destruct (gicr_page w ipa off size G I Sz O M) as [P A]. enter. steps.
    - split; reflexivity.
    - prim H S; [|steps; split; reflexivity]. cbv zeta in P, A.
      (split; [exact A|]). rewrite P. split; [|lia]. intros _.
      rewrite <- Z.bit0_mod, Z.land_spec. change (Z.testbit 18446744073709551614 0) with false. rewrite andb_false_r. reflexivity.
    - prim H S; [|steps; split; reflexivity]. (split; [exact A|]). rewrite P. split; lia.
  Qed.

  Lemma gicr_read_ok F : does B cpu LI "mmio_read" 2 (Some U64) (F "mmio_read") -> spec_gicr_read B cpu LI (invoke F fuel f_gicr_read).
  Proof.
    intros H ipa off size w G I Sz O M S. destruct (gicr_page w ipa off size G I Sz O M) as [P A]. enter. steps.
    prim H S; [exact A|]. steps; (split; [reflexivity|]); eexists; (split; [reflexivity|]).
    - split; [apply land_in; [apply wrap_in|unfold in_ty; cbn; lia]|]. intros _. unfold bit. rewrite !Z.land_spec.
      change (Z.testbit 18446744073709551604 0) with false. change (Z.testbit 18446744073709551604 1) with false.
      change (Z.testbit 18446744073709551604 3) with false. rewrite !andb_false_r. auto.
    - split; [apply wrap_in|]. intros; lia.
  Qed.

  (** ** smc.c *)
  Lemma cpu_by_mpidr_ok F : spec_cpu_by_mpidr B cpu LI (invoke F fuel f_cpu_by_mpidr).
  Proof.
    intros m w X S. enter. steps.
    loop (fun k e w' => w' = w /\ exists i, k = 8 - i /\ 0 <= i <= 8 /\ e = [("mpidr", Some m); ("i", Some i)]) from 8.
    - lia.
    - split; [reflexivity|]. exists 0. repeat split; try lia.
    - intros k e w' Hk (-> & i & -> & Hi & ->). steps. constant S.
      + constant S.
        * split; [reflexivity|]. exists i. split; [reflexivity|]. right. lia.
        * exists (8 - (i + 1)). split; [lia|]. split; [reflexivity|]. exists (i + 1). repeat split; try lia.
      + split; [reflexivity|]. exists 8. auto.
  Qed.

  Lemma host_features_ok F : spec_smc_known B cpu LI (F "smc_known") -> does B cpu LI "smc_call" 4 (Some U64) (F "smc_call") ->
    spec_host_features B cpu LI (invoke F fuel f_host_features).
  Proof.
    intros H1 H2 fid asked w Hf X S. enter. steps.
    assert (M : Z.land asked 4294967295 = asked mod 2 ^ 32) by (apply land_low; [lia|reflexivity]). rewrite M.
    eapply wp_mono; [apply H1; change (2 ^ 32) with 4294967296; unfold in_ty, modulus; Z.to_euclidean_division_equations; lia|].
    cbv beta. intros ? ? [-> ->]. reduce. steps.
    - split; [reflexivity|]. eexists. split; [reflexivity|]. split; [unfold in_ty; cbn; lia|]. reflexivity.
    - rewrite M. prim H2 S; [right; left; auto|]. steps. split; [reflexivity|]. eexists. split; [reflexivity|].
      split; [apply wrap_in|]. congruence.
  Qed.

  (** ** call.c *)
  Lemma call_version_ok F : spec_call_version B cpu LI (invoke F fuel f_call_version).
  Proof.
    intros w Hc S. enter. steps. apply own_write; [reflexivity|reflexivity|reflexivity|right; reflexivity|exact S|]. intros _. steps.
    apply own_write; [reflexivity|reflexivity|reflexivity|right; reflexivity|apply percpu_secure; [reflexivity|exact S]|]. intros _. steps.
    apply own_write; [reflexivity|reflexivity|reflexivity|right; reflexivity|apply percpu_secure; [reflexivity|apply percpu_secure;
      [reflexivity|exact S]]|].
    intros _. steps. split; reflexivity.
  Qed.
  Lemma call_cntvoff_ok F : does_all B cpu LI "cntvoff_set" 1 None (F "cntvoff_set") ->
    spec_call_cntvoff B cpu LI (invoke F fuel f_call_cntvoff).
  Proof. intros H o w X S. enter. steps. prim H S. steps. split; reflexivity. Qed.
  Lemma call_vgic_info_ok F : getter "ich_vtr_get" (F "ich_vtr_get") -> spec_call_vgic_info B cpu LI (invoke F fuel f_call_vgic_info).
  Proof.
    intros H w Hc S. enter. steps. prim H S. steps. apply own_write; [reflexivity|reflexivity|reflexivity|right;
      reflexivity|exact S|]. intros _. steps.
    split; reflexivity.
  Qed.
End Proofs.
