(** * A trap of KServ, by its class (kcore/host/trap.c) *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Local_Prims Structure Vm_Spec.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Own_Kept Smc_Spec Rest_Spec Host_Trap_Spec Host_Call_Spec Host_Smc_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).
  Variables (load : Z -> Z -> world -> Z -> world -> Prop) (put_back : world -> Z -> world -> Prop) (runs : world -> world -> Prop).

  (** HVC: a call.  SMC: for firmware.  Aborts and system registers; what else traps is undefined for KServ. *)
  Definition host_served (esr : Z) (w w' : world) : Prop :=
    let class := field 26 6 esr in
    if class =? 0x16 then call_done B cpu load put_back runs w w'
    else if class =? 0x17 then smc_done cpu w w'
    else if (class =? 0x20) || (class =? 0x24) then abort_done B cpu esr w w'
    else if class =? 0x18 then w' = over cpu (if is_read esr then put_x cpu (field 5 5 esr) 0 w else w)
    else takes_exception cpu (2 ^ 25) w w'.
  Definition spec_host_trap (d : den) : Prop := forall w, hosted cpu w -> idle B w ->
    WP (d [cpu]) (fun r w' => r = None /\ idle B w' /\ (hosted cpu w' \/ runs (no_results B cpu w) w') /\
      host_served (reg_of w cpu "esr" []) w w') w.
End Specs.
