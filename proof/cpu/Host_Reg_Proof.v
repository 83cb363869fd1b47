(** * KServ's registers are the current context's: from the specifications of kcore/vcpu/regs.c *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Local_Prims.
From Redoubt.cpu Require Import Ctx_Spec Host_Trap_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Regs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).

  Lemma at_host_own w : at_host cpu w -> own_ctx cpu w (cur_ctx cpu w) /\ own_page cpu w (cur_ctx cpu w).
  Proof. intros [R _ E]. unfold cur_ctx. rewrite E. split; left; auto. Qed.

  Lemma host_reg_of d : spec_guest_reg B cpu LI d -> spec_host_reg B cpu LI d.
  Proof.
    intros H n w X A S. destruct (at_host_own w A) as [O P]. eapply wp_mono; [apply H; auto; apply A|]. cbv beta.
    intros r w' (-> & v & -> & _ & Z & V). split; [reflexivity|]. unfold host_x. destruct (Z.ltb_spec n 31) as [L|L].
    - rewrite (V L P). unfold cur_ctx. rewrite (ah_ctx _ _ A). reflexivity.
    - rewrite (Z L). reflexivity.
  Qed.

  Lemma host_reg_set_of d : spec_guest_reg_set B cpu LI d -> spec_host_reg_set B cpu LI d.
  Proof.
    intros H n v w X Xv A S. destruct (at_host_own w A) as [O P]. eapply wp_mono; [apply H; auto; apply A|]. cbv beta.
    intros r w' (-> & ->). split; [reflexivity|]. unfold put_x, put, put_reg, cur_ctx. rewrite (ah_ctx _ _ A). reflexivity.
  Qed.
End Regs.
