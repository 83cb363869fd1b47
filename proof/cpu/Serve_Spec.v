(** * What a handler of a guest's trap leaves as it is

    Handlers write the vCPU's registers, words of its run page, what the next run owes it, FP and exception registers of the
    CPU; calls on memory in between let others have done anything to what is not the CPU's own.  All of them keep what the CPU
    knows of the vCPU that it serves: [keeps_guest], which is closed under doing one thing after the other. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events Exposed.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Vm_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Vgic_Spec Trap_Spec Run_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Which vCPU is loaded, where it saves its registers, that it is on, its pages, its VM's tables; what trapped; what there is
    of the virtual CPU interface, and that nothing counts for KServ; what KServ gets back at its exit. *)
Definition guest_objects (c h i : Z) : list loc :=
  [obj "pcpu.vm" [c]; obj "pcpu.vcpu" [c]; obj "pcpu.ready" [c]; obj "pcpu.cur_ctx" [c]; obj "pcpu.in_guest" [c];
   obj "pcpu.n_lr" [c]; obj "pcpu.host_ctx" [c]; obj "pcpu.mdcr" [c]; obj "pcpu.pmu" [c]; obj "host_root" [];
   obj loaded_cell [h; i]; obj power_cell [h; i]; obj "vcpus.run_pfn" [h; i]; obj "vcpus.ctx_pfn" [h; i];
   obj "vms.root" [h]; obj "vms.is_protected" [h];
   reg c "esr" []; reg c "far" []; reg c "hpfar" []; reg c "ich_vtr" []; reg c "pmu" []; reg c "cntvoff" []].

Record keeps_guest (c h i : Z) (w w' : world) : Prop := {
  kg_serves : serves c w' h i;
  kg_mem : forall l, In l (guest_objects c h i) -> w_mem w' l = w_mem w l;
  (* KServ's registers; their page is none of the vCPU's *)
  kg_host : forall j, host_ctx w c <> vcpu_run w h i -> host_ctx w c <> vcpu_ctx w h i ->
    w_ram w' (host_ctx w c) j = w_ram w (host_ctx w c) j }.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** An SMC or HVC of a protected guest: PSCI, RSI or pKVM's ABI. *)
  Definition spec_guest_call (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w -> called cpu w ->
    WP (d [cpu]) (fun r w' => idle B w' /\ keeps_guest cpu h i w w' /\ exists v, r = Some v /\ In v (RESUME :: exit_codes)) w.
End Specs.
