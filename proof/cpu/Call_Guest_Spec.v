(** * Any call of a protected guest (kcore/vcpu/exit.c, guest_call): which of the three interfaces answers *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events Exposed.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Vm_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Trap_Spec Run_Spec Left_Kept Serve_Spec Guest_Trap_Spec
  Psci_Spec Rsi_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** What pKVM's calls do (Pkvm_Call_Spec.v). *)
  Variable pkvm_done : Z -> Z -> Z -> world -> option Z -> world -> Prop.
  Definition spec_guest_pkvm_call (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w -> called cpu w ->
    WP (d [cpu; call cpu w]) (handles B cpu h i (pkvm_done h i (call cpu w)) w) w.

  (** RSI's functions, unless the VM has asked for pKVM's first; pKVM's; all others are PSCI's. *)
  Definition rsi_function (fid : Z) : bool := (0xc4000190 <=? fid) && (fid <=? 0xc40001af).
  Definition call_done (h i : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    exists w1, left_alone cpu w w1 /\
      (rsi_function (call cpu w) = true /\ rsi_done B cpu h i (call cpu w) w1 r w' \/
       pkvm_done h i (call cpu w) w1 r w' \/ psci_done B cpu h i (call cpu w) w1 r w').
  Definition spec_guest_called (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w -> called cpu w ->
    WP (d [cpu]) (handles B cpu h i (call_done h i) w) w.
  Lemma guest_called_call d : spec_guest_called d -> spec_guest_call B cpu d.
  Proof.
    intros H h i w V P I C. eapply wp_mono; [apply (H h i w V P I C)|]. cbv beta. intros r w' (G1 & G2 & G3 & _). auto.
  Qed.
End Specs.
