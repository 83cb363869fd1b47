(** * Registers of whoever runs: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Prims Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Prims Ctx_Spec Ctx_Facts.
From Redoubt.gen Require Import vcpu_regs vcpu_fp.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Notation WP := (wp (kcore_all B cpu LI)).

  Ltac own S := apply own_read; [reflexivity|exact S|]; reduce.

  Lemma guest_reg_ok F : spec_own_get B cpu LI (F "pg_get") -> spec_guest_reg B cpu LI (invoke F fuel f_guest_reg).
  Proof.
    intros H n w Hc Hn O Hd S. enter. steps.
    - split; [reflexivity|]. exists 0. split; [reflexivity|]. split; [unfold in_ty; cbn; lia|]. split; [reflexivity|lia].
    - own S. change (wrap U64 (w_mem w ("pcpu.cur_ctx", [cpu]))) with (cur_ctx cpu w). steps.
      eapply wp_mono; [apply H; [exact Hd|left; exact O|unfold in_ty in Hn; lia]|]. cbv beta.
      intros r w' (-> & v & -> & V & Ov). cbn. rewrite ?wrap_small by exact V.
      split; [reflexivity|]. exists v. split; [reflexivity|]. split; [exact V|]. split; [lia|auto].
  Qed.

  Lemma guest_reg_set_ok F : spec_own_set B cpu LI (F "pg_set") -> spec_guest_reg_set B cpu LI (invoke F fuel f_guest_reg_set).
  Proof.
    intros H n v w Hc Hn Hv O Hd S. enter. steps.
    - own S. change (wrap U64 (w_mem w ("pcpu.cur_ctx", [cpu]))) with (cur_ctx cpu w). steps.
      eapply wp_mono; [apply H; [exact Hd|left; exact O|unfold in_ty in Hn; lia|apply (told_ctx B); [assumption..|reflexivity]]|]. cbv beta.
      intros r w' (-> & ->). steps. split; [reflexivity|]. unfold put_reg. rewrite (proj2 (Z.ltb_lt _ _)) by lia. reflexivity.
    - split; [reflexivity|]. unfold put_reg. rewrite (proj2 (Z.ltb_ge _ _)) by lia. reflexivity.
  Qed.

  Lemma fp_trap_ok F : does B cpu LI "cptr_set" 1 None (F "cptr_set") -> spec_fp_load B cpu LI (F "fp_load") ->
    spec_fp_trap B cpu LI (invoke F fuel f_fp_trap).
  Proof.
    intros H1 H2 w Hc O Hd S. enter. steps. prim H1 S. steps.
    assert (S1 := set_reg_secure B cpu ("cptr", [], CPTR_GUEST) w S). own S1. steps.
    assert (C1 := changes_reg cpu ["reg.cptr"] no_word ("cptr", [], CPTR_GUEST) w (or_introl eq_refl)).
    eapply wp_mono; [apply H2; [exact Hd|eapply same_own_ctx; [|exact C1|exact O]; reflexivity]|]. cbv beta. intros r w' [-> ->]. steps.
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact S1|]. intros _. steps. split; reflexivity.
  Qed.

  Lemma fp_exit_ok F : does B cpu LI "cptr_set" 1 None (F "cptr_set") -> spec_fp_save B cpu LI (F "fp_save") ->
    does B cpu LI "fp_clear" 0 None (F "fp_clear") -> spec_fp_exit B cpu LI (invoke F fuel f_fp_exit).
  Proof.
    intros H1 H2 H3 w Hc O Hd S. enter. steps. prim H1 S. steps.
    assert (S1 := set_reg_secure B cpu ("cptr", [], CPTR_HOST) w S). own S1. set (w1 := set_reg cpu ("cptr", [], CPTR_HOST) w) in *.
    set (ww := fun p i => p = cur_ctx cpu w /\ 60 <= i < 128).
    assert (C1 : changes cpu ["reg.cptr"; "pcpu.fp_live"] ww w w1) by (apply changes_reg; left; reflexivity).
    steps.
    - own S1. change (wrap U64 (w_mem w1 ("pcpu.cur_ctx", [cpu]))) with (cur_ctx cpu w). steps.
      eapply wp_mono; [apply H2; [exact Hd|eapply same_own_ctx; [|exact C1|exact O]; reflexivity]|]. cbv beta.
      intros r w2 (-> & s & Sv & ->). steps.
      assert (S2 : secure B (set_ram s w1)) by (apply secure_ram, S1). prim H3 S2. steps.
      apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact S2|]. intros _. steps.
      assert (C2 : changes cpu ["reg.cptr"; "pcpu.fp_live"] ww w
        (write_cell B (obj "pcpu.fp_live" [cpu]) 0 (set_ram s w1))).
      { eapply changes_trans; [exact C1|]. eapply changes_trans; [apply changes_ram|apply changes_cell; [right; left;
          reflexivity|reflexivity]].
        intros p i N. apply Sv. unfold ww in N. destruct (Z.eq_dec p (cur_ctx cpu w)); [right; intros X; apply N; auto|left; exact n]. }
      split; [reflexivity|]. split; [|split; [eapply changes_secure; [|exact C2|exact S]; reflexivity|split; [|exact C2]]].
      + unfold reg_of, reg. rewrite percpu_mem, upd_name by reflexivity. cbn [w_mem set_ram w1 set_reg fst snd].
        unfold reg. rewrite upd_same. reflexivity.
      + unfold fp_live. rewrite percpu_mem, upd_same. reflexivity.
    - split; [reflexivity|]. split; [unfold reg_of; cbn [w_mem w1 set_reg fst snd]; rewrite upd_same; reflexivity|].
      split; [exact S1|]. split; [exact E|exact C1].
  Qed.
End Proofs.
