(** * Any call of a protected guest: proof *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Cpu_Facts Page_Spec Vm_Spec Guest_Call_Spec Guard_Spec
  Local_Prims.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Trap_Facts Run_Spec Left_Kept Serve_Kept
  Serve_Spec Serve_Keeps Guest_Trap_Spec Guest_Abort_Proof Psci_Spec Psci_Proof Rsi_Spec Call_Guest_Spec.
From Redoubt.gen Require Import vcpu_exit.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).
  Variable pkvm_done : Z -> Z -> Z -> world -> option Z -> world -> Prop.

  Lemma guest_call_ok F : spec_guest_reg B cpu LI (F "guest_reg") -> spec_guest_pkvm B cpu (F "guest_pkvm") ->
    spec_guest_rsi B cpu (F "guest_rsi") -> spec_guest_pkvm_call B cpu pkvm_done (F "guest_pkvm_call") ->
    spec_guest_psci B cpu (F "guest_psci") -> spec_guest_called B cpu pkvm_done (invoke F fuel f_guest_call).
  Proof.
    intros H1 H2 H3 H4 H5 h i w V P I C. pose proof (idle_secured B w I) as S. ranges V.
    (* the rest, in any world in which nothing of the trap has changed *)
    assert (T : forall w1 f (R : Z -> Z -> Z -> world -> option Z -> world -> Prop), left_alone cpu w w1 -> idle B w1 ->
      (serves cpu w1 h i -> protected w1 h -> called cpu w1 -> WP (F f [cpu;
        call cpu w1]) (handles B cpu h i (R h i (call cpu w1)) w1) w1) ->
      (forall r w', R h i (call cpu w) w1 r w' -> call_done B cpu pkvm_done h i w r w') ->
      WP (F f [cpu; call cpu w]) (fun r w2 => WP (leave (Some U32) (Return r)) (handles B cpu h i (call_done B cpu pkvm_done h i) w) w2)
        w1).
    { intros w1 f R Lf I1 Hf Im. assert (V1 := serves_left cpu w w1 h i Lf V (id_held _ _ I1)).
      assert (K1 := keeps_left cpu h i w w1 V Lf (id_held _ _ I1)). assert (P1 := left_protected cpu w w1 h i Lf V P).
      assert (E : call cpu w1 = call cpu w) by (unfold call; rewrite (left_x cpu w w1 h i Lf 0 V P); reflexivity).
      specialize (Hf V1 P1 (keeps_called cpu h i w w1 K1 C)). rewrite E in Hf.
      eapply wp_mono; [exact Hf|]. cbv beta. intros r w' (G1 & G2 & (v & -> & Cv) & G4). reduce.
      assert (Xv : in_ty U32 v).
      { unfold in_ty, modulus. cbn in Cv. repeat (destruct Cv as [<-|Cv]; [unfold RESUME; lia|]). destruct Cv. }
      steps. split; [exact G1|]. split; [exact (keeps_trans cpu h i w w1 w' K1 G2)|]. split; [eauto|]. apply Im, G4. }
    assert (Rsi : rsi_function (call cpu w) = true -> forall w1, left_alone cpu w w1 -> idle B w1 ->
      WP (F "guest_rsi" [cpu;
        call cpu w]) (fun r w2 => WP (leave (Some U32) (Return r)) (handles B cpu h i (call_done B cpu pkvm_done h i) w) w2) w1).
    { intros Fn w1 Lf I1. apply T with (R := fun h i f => rsi_done B cpu h i f); [exact Lf|exact I1|intros; apply H3; assumption|].
      intros r w' D. exists w1. split; [exact Lf|]. left. auto. }
    assert (Pk : forall w1, left_alone cpu w w1 -> idle B w1 ->
      WP (F "guest_pkvm_call" [cpu;
        call cpu w]) (fun r w2 => WP (leave (Some U32) (Return r)) (handles B cpu h i (call_done B cpu pkvm_done h i) w) w2) w1).
    { intros w1 Lf I1. apply T with (R := pkvm_done); [exact Lf|exact I1|intros; apply H4; assumption|].
      intros r w' D. exists w1. split; [exact Lf|]. right. left. exact D. }
    assert (Ps : forall w1, left_alone cpu w w1 -> idle B w1 ->
      WP (F "guest_psci" [cpu;
        call cpu w]) (fun r w2 => WP (leave (Some U32) (Return r)) (handles B cpu h i (call_done B cpu pkvm_done h i) w) w2) w1).
    { intros w1 Lf I1. apply T with (R := fun h i f => psci_done B cpu h i f); [exact Lf|exact I1|intros; apply H5; assumption|].
      intros r w' D. exists w1. split; [exact Lf|]. right. right. exact D. }
    clear T. set (fid := call cpu w) in *.
    assert (Ef : Z.land (x_reg cpu w 0) 4294967295 = fid) by (rewrite (land_low _ 4294967295 32) by (reflexivity || lia); reflexivity).
    enter. steps. guest_x H1 V P S 0. steps; rewrite ?Ef in *.
    - who V S. named V. steps; rewrite ?Ef in *.
      eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact S|apply (H2 h w (serves_guest cpu w h i V) I)]|]. cbv beta.
      intros r w1 [D Lf]. pose proof D as (I1 & v & wa & wb & -> & Xv & _ & _ & _ & _ & Ev). reduce.
      assert (X32 : in_ty U32 v) by (rewrite Ev; apply wrap_in). steps; rewrite ?Ef in *.
      + apply Rsi; [unfold rsi_function; lia|exact Lf|exact I1].
      + apply Pk; assumption.
      + apply Ps; assumption.
    - apply Pk; [apply left_refl|exact I].
    - apply Ps; [apply left_refl|exact I].
  Qed.
End Proofs.
