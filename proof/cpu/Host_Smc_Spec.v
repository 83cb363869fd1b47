(** * KServ's SMCs: what it gets back (kcore/host/smc.c)

    What may reach firmware is the contract of smc_call ([smc_allowed], machine/Cpu.v). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Local_Prims Structure Vm_Spec.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Own_Kept Left_Kept Smc_Spec Host_Trap_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** The calls that end the machine. *)
  Definition ends (fid : Z) : bool := existsb (Z.eqb fid) [0x84000008; 0x84000009; 0x84000012; 0xc4000012].
  (** One that comes back is refused, with all that this CPU has as it was.  Else memory is scrubbed, and firmware takes over
      (the contract of smc_call), or the CPU stops. *)
  Definition spec_host_system_end (d : den) : Prop := forall fid a1 a2 w, ends fid = true -> in_ty U64 a1 -> in_ty U64 a2 ->
    0 <= cpu < 8 -> idle B w ->
    WP (d [fid; a1; a2]) (fun r w' => own_kept cpu w w' /\ left_alone cpu w w' /\ idle B w' /\ r = Some DENIED) w.

  (** The answer to function [fid]: of firmware for what KServ may use; else "not supported", and nothing has happened. *)
  Definition spec_smc_answer (d : den) : Prop := forall fid a1 a2 a3 w, 0 <= fid < 2 ^ 32 -> in_ty U64 a1 -> in_ty U64 a2 ->
    in_ty U64 a3 -> 0 <= cpu < 8 -> idle B w ->
    WP (d [cpu; fid; a1; a2; a3]) (fun r w' => own_kept cpu w w' /\ left_alone cpu w w' /\ idle B w' /\
      exists v, r = Some v /\ in_ty U64 v /\
      (existsb (Z.eqb fid) (Cpu.questions ++ host_functions ++ [0x80000001]) = false -> v = NOT_SUPPORTED /\ w' = w)) w.

  (** The instruction is done, and x0 is the answer to the function that w0 names: no other register of KServ has
      changed, nor any of the CPU's. *)
  Definition smc_done (w w' : world) : Prop :=
    exists v w1, own_kept cpu (over cpu w) w1 /\ left_alone cpu (over cpu w) w1 /\ w' = put cpu 0 v w1 /\
      (existsb (Z.eqb (host_x cpu w 0 mod 2 ^ 32)) (Cpu.questions ++ host_functions ++ [0x80000001]) = false ->
       v = NOT_SUPPORTED /\ w1 = over cpu w).
  Definition spec_host_smc (d : den) : Prop := forall w, at_host cpu w -> idle B w ->
    WP (d [cpu]) (fun r w' => r = None /\ idle B w' /\ smc_done w w') w.
End Specs.
