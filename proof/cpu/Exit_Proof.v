(** * Exits of a guest that write words of the run page and nothing more: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Trap_Facts.
From Redoubt.gen Require Import vcpu_mmio vcpu_psci vcpu_rsi vcpu_exit.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Notation WP := (wp (kcore_all B cpu LI)).
  Notation getter f := (does B cpu LI f 0 (Some U64)).
  Notation setter f := (does B cpu LI f 1 None).


  Lemma page_exit_ok F : spec_own_set B cpu LI (F "pg_set") -> spec_page_exit B cpu LI (invoke F fuel f_page_exit).
  Proof.
    intros H h i ipa k w V S C P K. ranges V. pose proof (page_word ipa (shown_page_range _ _ _ P)) as W.
    pose proof (class_field cpu w) as CF. unfold page_words. set (e := reg_of w cpu "esr" []) in *.
    enter. steps. run V S.
    - assert (D : class cpu w = DATA) by (rewrite <- CF; exact E). rewrite (proj2 (Z.eqb_eq _ _) D).
      word H V; [apply ex_nothing|]. word H V; [shows data_wanted D|].
      word H V; [apply ex_far; left; reflexivity|]. word H V; [rewrite W; apply ex_page; apply (shown_page_as cpu w);
        [reflexivity|reflexivity|rewrite D || rewrite C; intros [X|X]; discriminate X|exact P]|].
      word H V; [apply ex_fault; exact K|]. split; [reflexivity|]. rewrite W. reflexivity.
    - assert (D : class cpu w <> DATA) by (rewrite <- CF; exact E). rewrite (proj2 (Z.eqb_neq _ _) D).
      destruct C as [C|C]; [|contradiction].
      word H V; [apply ex_nothing|]. word H V; [shows page_wanted C|].
      word H V; [apply ex_far; left; reflexivity|]. word H V; [rewrite W; apply ex_page; apply (shown_page_as cpu w);
        [reflexivity|reflexivity|rewrite D || rewrite C; intros [X|X]; discriminate X|exact P]|].
      word H V; [apply ex_fault; exact K|]. split; [reflexivity|]. rewrite W. reflexivity.
  Qed.

  Lemma guest_wait_ok F : spec_step_over B cpu LI (F "step_over") -> spec_own_set B cpu LI (F "pg_set") ->
    spec_guest_wait B cpu LI (invoke F fuel f_guest_wait).
  Proof.
    intros H1 H h i w V S C. ranges V. enter. steps. run V S.
    eapply wp_mono; [apply wp_all, H1, S|]. cbv beta. intros r w1 [-> E1]. reduce. steps.
    change (w1 = move cpu 4 w) in E1. assert (V1 : serves cpu w1 h i) by (rewrite E1; apply serves_reg, V).
    change (vcpu_run w h i) with (vcpu_run (move cpu 4 w) h i). rewrite <- E1.
    assert (C1 : class cpu w1 = WFX) by (rewrite E1; exact C). assert (R1 : reg_of w cpu "esr" [] = reg_of w1 cpu "esr" []) by (rewrite
      E1; reflexivity).
    rewrite ?R1.
    word H V1; [apply ex_nothing|]. word H V1; [shows wait C1|].
    word H V1; [apply ex_fault; lia|]. split; [reflexivity|]. unfold kept, syndrome. rewrite R1. reflexivity.
  Qed.

  Lemma psci_exit_ok F : spec_guest_reg_set B cpu LI (F "guest_reg_set") -> spec_own_set B cpu LI (F "pg_set") ->
    spec_psci_exit B cpu LI (invoke F fuel f_psci_exit).
  Proof.
    intros H1 H h i fid w V S C X. ranges V. enter. steps. run V S.
    1,2,3: subst fid; split; reflexivity.
    rewrite !(proj2 (Z.eqb_neq _ _)) by assumption.
    put H1 V S. set (w1 := put_reg cpu 0 0 w). assert (V1 : serves cpu w1 h i) by (apply serves_put_reg, V).
    change (vcpu_run w h i) with (vcpu_run w1 h i).
    word H V1; [apply ex_nothing|]. word H V1; [shows standby C|].
    word H V1; [apply ex_fault; lia|]. split; reflexivity.
  Qed.

  Lemma retry_with_ok F : getter "elr_get" (F "elr_get") -> setter "elr_set" (F "elr_set") -> spec_own_set B cpu LI (F "pg_set") ->
    spec_retry_with B cpu LI (invoke F fuel f_retry_with).
  Proof.
    intros H1 H2 H h i ipa code w V Pr S C X Y P. ranges V. enter. steps. run V S. prim H1 S. steps. prim H2 S. steps.
    set (w1 := set_reg cpu _ w). assert (V1 : serves cpu w1 h i) by (apply serves_reg,
      V). assert (S1 : secure B w1) by (apply set_reg_secure, S).
    pose proof (serves_apart B cpu w1 h i V1 S1 Pr) as Ap.
    change (vcpu_run w h i) with (vcpu_run w1 h i).
    word H V1; [apply ex_nothing|..].
    - specialize (P E). pose proof (page_word ipa (shown_page_range _ _ _ P)) as W.
      word H V1; [shows call_wants_page C|]. word H V1; [apply ex_far; left; reflexivity|].
      word H V1; [rewrite W; apply ex_page; apply (shown_page_as cpu w); [reflexivity|reflexivity| |exact P]; intros _;
        split; [exact (serves_current cpu w1 h i V1 Pr)|rewrite !x_reg_kept by exact Ap; unfold x_reg; reflexivity]|].
      word H V1; [apply ex_fault; lia|]. split; [reflexivity|]. subst code. rewrite W. reflexivity.
    - split; [reflexivity|]. unfold retry_words, EXIT_TRAP. rewrite (proj2 (Z.eqb_neq _ _) E). reflexivity.
  Qed.

  Lemma rsi_version_ok F : spec_guest_reg B cpu LI (F "guest_reg") -> spec_guest_reg_set B cpu LI (F "guest_reg_set") ->
    spec_rsi_version B cpu LI (invoke F fuel f_rsi_version).
  Proof.
    intros H1 H2 h i w V P S. ranges V. enter. steps.
    eapply wp_mono; [apply H1; own V S|]. cbv beta. intros r w' (-> & v & -> & Vv & _ & O). reduce.
    assert (O' : v = x_reg cpu w 1) by (apply O; [lia|exact (serves_own_page _ _ _ _ V P)]). subst v.
    to_if. join (fun e w' => w' = w /\ e = [("cpu", Some cpu); ("wanted", Some (x_reg cpu w 1)); ("r",
      Some (if x_reg cpu w 1 =? 65536 then 0 else 1))]).
    - steps; (split; [reflexivity|]); [rewrite (proj2 (Z.eqb_neq _ _) E)|rewrite E]; reflexivity.
    - intros e w' [-> ->]. steps. set (r := if x_reg cpu w 1 =? 65536 then 0 else 1).
      assert (0 <= r <= 1) by (unfold r; destruct (x_reg cpu w 1 =? 65536); lia).
      put H2 V S.
      assert (V1 := serves_put_reg cpu w h i 0 r V). assert (S1 := secure_put_reg B cpu w 0 r S). put H2 V1 S1.
      assert (V2 := serves_put_reg cpu _ h i 1 65536 V1). assert (S2 := secure_put_reg B cpu _ 1 65536 S1). put H2 V2 S2.
      split; reflexivity.
  Qed.
  Lemma state_set_done_ok F : spec_guest_reg_set B cpu LI (F "guest_reg_set") -> spec_own_set B cpu LI (F "pg_set") ->
    spec_state_set_done B cpu LI (invoke F fuel f_state_set_done).
  Proof.
    intros H1 H h i stop code w V P S C Cl X R. ranges V. cbv zeta. set (base := x_reg cpu w 1 / 4096) in *.
    assert (Rb : forall n, 0 <= x_reg cpu w n < 2 ^ 64) by (intros n; unfold x_reg; destruct (n <? 31); [apply (wrap_in U64)|lia]).
    pose proof (Rb 1) as R1. pose proof (Rb 2) as R2. change (2 ^ 64) with (4096 * 4503599627370496) in R1, R2.
    assert (Y : 0 <= base) by (unfold base; apply Z.div_pos; lia).
    assert (Z1 : x_reg cpu w 2 / 4096 < 4503599627370496) by (apply Z.div_lt_upper_bound; lia).
    enter. steps. run V S.
    - put H1 V S. rewrite (proj2 (Z.eqb_eq _ _) E). split; reflexivity.
    - rewrite (proj2 (Z.eqb_neq _ _) E).
      word H V; [apply ex_from; [split; [exact (serves_current cpu w h i V P)|]|]; assumption|].
      word H V; [|].
      { set (w1 := put_word _ 0 base w). assert (E1 : forall n, x_reg cpu w1 n = x_reg cpu w n) by (intros n; apply x_reg_kept,
          (serves_apart B cpu w h i V S P)).
        apply ex_count; [split; [exact (serves_current cpu w h i V P)|exact C]| |lia|rewrite !E1; fold base; lia]. unfold call.
          rewrite E1. exact Cl. }
      set (w2 := put_word _ 1 _ _). assert (V2 : serves cpu w2 h i) by (apply serves_ram, serves_ram, V).
      assert (S2 : secure B w2) by (apply secure_ram, secure_ram, S).
      put H1 V2 S2.
      assert (V3 := serves_put_reg cpu _ h i 0 0 V2). assert (S3 := secure_put_reg B cpu _ 0 0 S2).
      rewrite Z.shiftl_mul_pow2 by lia. rewrite (wrap_small U64 (stop * 2 ^ 12)) by (unfold in_ty; cbn; lia).
      put H1 V3 S3.
      assert (V4 := serves_put_reg cpu _ h i 1 (stop * 2 ^ 12) V3). assert (S4 := secure_put_reg B cpu _ 1 (stop * 2 ^ 12) S3).
      put H1 V4 S4. split; [reflexivity|]. replace (4096 * stop) with (stop * 2 ^ 12) by lia. reflexivity.
  Qed.

  (** The same, into the run page of a normal VM: anything may be told. *)
  Ltac word3 H V S N := eapply wp_mono; [apply H; [exact (sv_held _ _ _ _ V)|exact (serves_run _ _ _ _ V)|lia|
      lazymatch type of V with serves _ _ ?h ?i => lazymatch goal with |- told ?c ?w1 _ ?j ?x =>
        change (told c w1 (vcpu_run w1 h i) j x); apply (told_normal B c w1);
        [repeat apply secure_ram; exact S|exact (sv_cpu _ _ _ _ V)|exact (sv_token _ _ _ _ V)|exact N] end end]|
    cbv beta; intros ? ? [-> ->]; reduce; steps].

  Lemma normal_trap_ok F : getter "far_get" (F "far_get") -> spec_fp_trap B cpu LI (F "fp_trap") ->
    spec_fault_ipa B cpu LI (F "fault_ipa") -> spec_own_set B cpu LI (F "pg_set") ->
    spec_normal_trap B cpu LI (invoke F fuel f_normal_trap).
  Proof.
    intros H1 H2 H3 H h i w V N S. ranges V. pose proof (class_field cpu w) as CF. unfold normal_done, gets_fp. cbv zeta.
    set (e := reg_of w cpu "esr" []) in *. assert (Xe : in_ty U64 e) by apply wrap_in.
    enter. steps. run V S. prim H1 S. steps; rewrite CF in *.
    - eapply wp_mono; [apply H2; own V S|]. cbv beta. intros ? ? [-> ->]. reduce. steps.
      rewrite (proj2 (Z.eqb_eq _ _) E). split; reflexivity.
    - rewrite (proj2 (Z.eqb_neq _ _) E). replace ((class cpu w =? FETCH) || (class cpu w =? DATA)) with true by (unfold FETCH, DATA; lia).
      eapply wp_mono; [apply wp_all, H3; [exact Xe|exact S]|]. cbv beta. intros ? ? (-> & p & -> & Pp). reduce. steps.
      + destruct (walk_again e) eqn:Wa; [left; auto|]. exfalso. pose proof (field_range 4 40 (reg_of w cpu "hpfar" []) ltac:(lia)).
        change (2 ^ 40) with 1099511627776 in *. lia.
      + assert (Rp : 0 <= p < 2 ^ 40) by (destruct (walk_again e); [lia|subst p; apply field_range; lia]).
        rewrite (page_word p Rp).
        word3 H V S N. word3 H V S N. word3 H V S N. right. split; [reflexivity|]. exists p. split; [exact Rp|reflexivity].
    - rewrite (proj2 (Z.eqb_neq _ _) E). replace ((class cpu w =? FETCH) || (class cpu w =? DATA)) with false by (unfold FETCH, DATA; lia).
      word3 H V S N. word3 H V S N. split; reflexivity.
  Qed.
End Proofs.
