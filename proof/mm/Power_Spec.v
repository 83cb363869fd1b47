(** * Power of the loaded vCPU (kcore/vcpu/run.c): what the functions do

    The vCPU is the one that this CPU's entry of [pcpu] names; the CPU has its token. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Vm_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition VCPU_ON := 1.
Definition vcpu_power (w : world) (h i : Z) : Z := wrap U32 (w_mem w (obj "vcpus.power" [h; i])).

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** This CPU has a vCPU loaded. *)
  Record occupied (w : world) : Prop := {
    oc_cpu : 0 <= cpu < 8;
    oc_own : own_ok cpu w;
    oc_vm : loaded_vm cpu w <> 0 }.
  Definition power (w : world) : Z := vcpu_power w (loaded_vm cpu w) (loaded_vcpu cpu w).

  (** It is on, and its VM has tables at an address that VTTBR_EL2 can hold: so it may run. *)
  Definition runnable (w : world) : Prop :=
    vcpu_on w (loaded_vm cpu w) (loaded_vcpu cpu w) /\ 0 <= vm_root w (loaded_vm cpu w) < 2 ^ 36.

  (** 1 if the vCPU was on, when the lock was held: then it may run until this CPU gives it back or turns it off. *)
  Definition spec_vcpu_start (d : den) : Prop := forall w, occupied w -> idle B w ->
    wp (kcore B cpu (mem_inv B)) (d [cpu]) (fun r w' => idle B w' /\ exists w1, locked B w1 /\ live w1 (loaded_vm cpu w1) /\
      (r = Some 0 /\ power w1 <> VCPU_ON \/ r = Some 1 /\ power w1 = VCPU_ON /\ runnable w') /\ same_registers cpu w w') w.

  (** It is off; nothing else that the lock protects has changed. *)
  Definition spec_vcpu_turn_off (d : den) : Prop := forall w, occupied w -> idle B w ->
    WP (d [cpu]) (fun r w' => r = None /\ idle B w' /\ w_mem w' (obj "pcpu.ready" [cpu]) = 0 /\ exists w1 w2,
      locked B w1 /\ locked B w2 /\ live w1 (loaded_vm cpu w1) /\
      w2 = write_cell B (obj "vcpus.power" [loaded_vm cpu w1; loaded_vcpu cpu w1]) 0 w1) w.
End Specs.
