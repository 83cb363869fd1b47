(** * Starting CPUs: what KServ asks firmware for, on its way through KCore *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Structure Vm_Spec.
From Redoubt.cpu Require Import Word_Spec Own_Kept.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Somebody has asked firmware to start CPU t, and it has not come up: one at a time. *)
Definition wanted (w : world) (t : Z) : Z := wrap U32 (w_mem w (obj "cpu_boot.wanted" [t])).
Definition boot_pc (w : world) (t : Z) : Z := wrap U64 (w_mem w (obj "cpu_boot.pc" [t])).
Definition boot_arg (w : world) (t : Z) : Z := wrap U64 (w_mem w (obj "cpu_boot.arg" [t])).
Definition DENIED : Z := 2 ^ 64 - 3.
Definition INVALID : Z := 2 ^ 64 - 2.
Definition ON_PENDING : Z := 2 ^ 64 - 5.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  Definition taken (t pc arg v : Z) (w1 w2 : world) : Prop :=
    v = 0 /\ wanted w1 t <> 0 /\ w2 = w1 \/
    v = 1 /\ wanted w1 t = 0 /\ wanted w2 t = 1 /\ boot_pc w2 t = pc /\ boot_arg w2 t = arg.
  Definition spec_cpu_boot_take (d : den) : Prop := forall t pc arg w, 0 <= t < 8 -> in_ty U64 pc -> in_ty U64 arg ->
    idle B w ->
    WP (d [t; pc; arg]) (fun r w' => own_kept cpu w w' /\ section B (taken t pc arg) r w') w.
  Definition spec_cpu_boot_drop (d : den) : Prop := forall t w, 0 <= t < 8 -> idle B w ->
    WP (d [t]) (fun r w' => r = None /\ own_kept cpu w w' /\ idle B w') w.

  (** CPU_SUSPEND: firmware gets KCore's own entry point (the contract of smc_call).  A state that loses the registers
      is refused while a vCPU is loaded. *)
  Definition spec_host_cpu_suspend (d : den) : Prop := forall fid state pc arg w, 0 <= cpu < 8 ->
    fid = 0x84000001 \/ fid = 0xc4000001 -> in_ty U64 state -> in_ty U64 pc -> in_ty U64 arg -> idle B w ->
    WP (d [cpu; fid; state; pc; arg]) (fun r w' => own_kept cpu w w' /\ idle B w' /\ exists v, r = Some v /\ in_ty U64 v /\
      (bit 16 state = true -> wrap U32 (w_mem w (obj "pcpu.vm" [cpu])) <> 0 -> v = DENIED /\ w' = w)) w.

  (** CPU_ON: refused for a CPU that is not there and for an entry that is no instruction's address; else firmware
      answers, and it gets KCore's own entry point and the CPU's number (the contract of smc_call). *)
  Definition spec_host_cpu_on (d : den) : Prop := forall fid mpidr pc arg w,
    fid = 0x84000003 \/ fid = 0xc4000003 -> in_ty U64 mpidr -> in_ty U64 pc -> in_ty U64 arg -> idle B w ->
    WP (d [fid; mpidr; pc; arg]) (fun r w' => own_kept cpu w w' /\ idle B w' /\ exists v, r = Some v /\ in_ty U64 v /\
      (pc mod 4 <> 0 \/ (forall t, 0 <= t < 8 -> t < wrap U32 (w_mem w (obj "n_cpu" [])) ->
          wrap U64 (w_mem w (obj "cpu_mpidr" [t])) <> mpidr) -> v = INVALID /\ w' = w)) w.
End Specs.
