(** * pKVM's memory services for guests: proofs of what answers and tells *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Trap_Facts Pkvm_Spec.
From Redoubt.gen Require Import vcpu_pkvm.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Notation WP := (wp (kcore_all B cpu LI)).

  Lemma answer_ok F : spec_guest_reg_set B cpu LI (F "guest_reg_set") -> spec_answer B cpu LI (invoke F fuel f_answer).
  Proof.
    intros H h i x0 x1 x2 x3 w V S X0 X1 X2 X3. ranges V. enter. steps.
    put H V S. assert (V1 := serves_put_reg cpu w h i 0 x0 V). assert (S1 := secure_put_reg B cpu w 0 x0 S).
    put H V1 S1. assert (V2 := serves_put_reg cpu _ h i 1 x1 V1). assert (S2 := secure_put_reg B cpu _ 1 x1 S1).
    put H V2 S2. assert (V3 := serves_put_reg cpu _ h i 2 x2 V2). assert (S3 := secure_put_reg B cpu _ 2 x2 S2).
    put H V3 S3. split; reflexivity.
  Qed.

  (** The page that x1 names. *)
  Lemma page_in w : in_ty U64 (x_reg cpu w 1 / 4096).
  Proof.
    assert (R : in_ty U64 (x_reg cpu w 1)) by exact (wrap_in U64 _). revert R. generalize (x_reg cpu w 1). intros x R.
    assert (R' : 0 <= x < 4096 * 4503599627370496) by exact R.
    assert (0 <= x / 4096) by (apply Z.div_pos; lia). assert (x / 4096 < 4503599627370496) by (apply Z.div_lt_upper_bound; lia).
    unfold in_ty; cbn; lia.
  Qed.

  Lemma page_done_ok F : spec_own_set B cpu LI (F "pg_set") -> spec_answer B cpu LI (F "answer") ->
    spec_page_done B cpu LI (invoke F fuel f_page_done).
  Proof.
    intros H HA h i code w V P S [C One] Xc. ranges V. pose proof (page_in w) as Xp. set (p := x_reg cpu w 1 / 4096) in *.
    pose proof (serves_apart B cpu w h i V S P) as Ap.
    assert (K : forall j x n, x_reg cpu (put_word (vcpu_run w h i) j x w) n = x_reg cpu w n)
      by (intros; apply x_reg_kept, Ap).
    enter. steps. run V S.
    word H V; [apply ex_from_one; [split; [exact (serves_current cpu w h i V P)|]|]; assumption|].
    set (w1 := put_word _ 0 p w). assert (V1 : serves cpu w1 h i) by apply serves_ram, V.
    assert (S1 : secure B w1) by apply secure_ram, S.
    assert (One1 : In (call cpu w1) ONE_PAGE) by (unfold call, w1; rewrite K; exact One).
    change (vcpu_run w h i) with (vcpu_run w1 h i).
    word H V1; [apply ex_one; [split; [exact (serves_current cpu w1 h i V1 P)|]|]; assumption|].
    set (w2 := put_word _ 1 1 w1). assert (V2 : serves cpu w2 h i) by apply serves_ram, V1.
    assert (S2 : secure B w2) by apply secure_ram, S1.
    eapply wp_mono; [apply (HA h i 0 0 0 0 w2 V2 S2); unfold in_ty; cbn; lia|]. cbv beta. intros r w' [-> ->]. reduce. steps.
    split; reflexivity.
  Qed.

  Lemma copy_wanted_ok F : spec_retry_with B cpu LI (F "retry_with") -> spec_own_set B cpu LI (F "pg_set") ->
    spec_copy_wanted B cpu LI (invoke F fuel f_copy_wanted).
  Proof.
    intros HR H h i w V P S [C One]. ranges V. pose proof (page_in w) as Xp. set (p := x_reg cpu w 1 / 4096) in *.
    enter. steps. run V S.
    eapply wp_mono; [apply (HR h i p EXIT_COPY w V P S C Xp); [split; [discriminate|reflexivity]|discriminate]|].
    cbv beta. intros r w' [-> ->]. reduce. steps.
    set (w1 := tell h i (retry_words p EXIT_COPY) (move cpu (-4) w)).
    assert (Vm : serves cpu (move cpu (-4) w) h i) by apply serves_reg, V.
    assert (Sm : secure B (move cpu (-4) w)) by apply set_regs_secure, S.
    pose proof (serves_apart B cpu _ h i Vm Sm P) as Ap.
    assert (V1 : serves cpu w1 h i) by apply serves_ram, Vm.
    assert (K : forall n, x_reg cpu w1 n = x_reg cpu w n)
      by (intros n; transitivity (x_reg cpu (move cpu (-4) w) n); [apply x_reg_kept, Ap|unfold x_reg; reflexivity]).
    assert (One1 : In (call cpu w1) ONE_PAGE) by (unfold call; rewrite K; exact One).
    assert (E : p = x_reg cpu w1 1 / 4096) by (rewrite K; reflexivity).
    change (vcpu_run w h i) with (vcpu_run w1 h i).
    word H V1; [rewrite E; apply ex_from_one; [split; [exact (serves_current cpu w1 h i V1 P)|]|]; assumption|]. split; reflexivity.
  Qed.
End Proofs.
