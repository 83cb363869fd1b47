(** * PSCI for a protected guest (kcore/vcpu/psci.c)

    Which vCPU is on, and where it starts, only KCore knows.  KServ is told which vCPU is on now, by its number. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events Exposed.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Vm_Spec Vcpu_Spec Power_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Trap_Spec Run_Spec Left_Kept Serve_Spec Guest_Trap_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** What PSCI answers. *)
Definition PSCI_SUCCESS := 0.
Definition PSCI_NOT_SUPPORTED := 2 ^ 64 - 1.
Definition PSCI_INVALID := 2 ^ 64 - 2.
Definition PSCI_ALREADY_ON := 2 ^ 64 - 4.
Definition EXIT_CPU_ON := 17.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** The registers of a vCPU that starts. *)
  Definition start_word (t entry context j : Z) : Z := if j =? 0 then context else if j =? CTX_PC then entry else reset_word t j.
  (** vCPU [t] was made and off; it is reset, starts at [entry] with [context] in x0, and is on.  Or nothing has changed. *)
  Definition turned_on (h t entry context v : Z) (w1 w2 : world) : Prop :=
    v = PSCI_SUCCESS /\ vcpu_made w1 h t /\ ~ vcpu_on w1 h t /\ vcpu_on w2 h t /\
      (exists wr, touched (vcpu_ctx w1 h t) w1 wr /\ w2 = write_cell B (obj "vcpus.power" [h; t]) 1 wr) /\
      (forall j, 0 <= j < CTX_WORDS -> word w2 (vcpu_ctx w1 h t) j = start_word t entry context j) \/
    w2 = w1 /\ (v = PSCI_ALREADY_ON /\ vcpu_on w1 h t \/ v = PSCI_INVALID).
  Definition spec_vcpu_turn_on (d : den) : Prop := forall h i t entry context w, serves cpu w h i -> protected w h -> idle B w ->
    0 <= t < 16 -> in_ty U64 entry -> in_ty U64 context ->
    WP (d [h; t; entry; context]) (fun r w' => left_alone cpu w w' /\ section B (turned_on h t entry context) r w') w.

  (** Which vCPU an MPIDR names: 16 is none. *)
  Definition target (mpidr : Z) : Z := Z.min 16 (affinity mpidr).

  (** CPU_ON of x1 at x2 with x3.  The guest gets PSCI's answer; KServ hears nothing but which vCPU is on now. *)
  Definition cpu_on_done (h i : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    exists v w1, left_alone cpu w w1 /\
      (if target (x_reg cpu w 1) =? 16 then v = PSCI_INVALID /\ w1 = w
       else section B (turned_on h (target (x_reg cpu w 1)) (x_reg cpu w 2) (x_reg cpu w 3)) (Some v) w1) /\
      if v =? PSCI_SUCCESS then r = Some EXIT_CPU_ON /\ w' = put_reg cpu 0 v (tell h i [(X0, target (x_reg cpu w 1))] w1)
      else r = Some RESUME /\ w' = put_reg cpu 0 v w1.
  Definition spec_psci_cpu_on (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w -> called cpu w ->
    In (call cpu w) CPU_ON -> WP (d [cpu]) (handles B cpu h i (cpu_on_done h i) w) w.

  (** AFFINITY_INFO: 0 if it is on, 1 if it is off. *)
  Definition asked (h t v : Z) (w1 w2 : world) : Prop := w2 = w1 /\
    (~ vcpu_made w1 h t /\ v = PSCI_INVALID \/ vcpu_made w1 h t /\ v = if vcpu_power w1 h t =? 0 then 1 else 0).
  Definition affinity_done (h : Z) (w : world) (v : Z) (w' : world) : Prop :=
    if negb (x_reg cpu w 2 =? 0) || (target (x_reg cpu w 1) =? 16) then v = PSCI_INVALID /\ w' = w
    else section B (asked h (target (x_reg cpu w 1))) (Some v) w'.
  Definition spec_psci_affinity_info (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w ->
    WP (d [cpu]) (fun r w' => exists v, r = Some v /\ in_ty U64 v /\ idle B w' /\ left_alone cpu w w' /\ affinity_done h w v w') w.

  (** Any function [fid], as w0 says it. *)
  Definition cpu_on (fid : Z) : bool := existsb (Z.eqb fid) CPU_ON.
  Definition exits_of (fid : Z) : bool := existsb (Z.eqb fid) [0x84000001; 0xc4000001; 0x84000002; 0x84000008; 0x84000009].
  Definition psci_done (h i fid : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    if cpu_on fid then cpu_on_done h i w r w'
    else if exits_of fid then
      if fid =? 0x84000002 then r = Some 18 /\ w' = w
      else if fid =? 0x84000008 then r = Some 19 /\ w' = w
      else if fid =? 0x84000009 then r = Some 20 /\ w' = w
      else r = Some EXIT_TRAP /\ w' = tell h i standby_words (put_reg cpu 0 0 w)
    else r = Some RESUME /\ exists v w1, left_alone cpu w w1 /\ w' = put_reg cpu 0 v w1 /\
      if (fid =? 0x84000000) || (fid =? 0x80000000) then v = 0x10001 /\ w1 = w
      else if (fid =? 0x84000004) || (fid =? 0xc4000004) then affinity_done h w v w1
      else if fid =? 0x84000006 then v = 2 /\ w1 = w
      else if fid =? 0x8400000a then
        v = (if existsb (Z.eqb (x_reg cpu w 1 mod 2 ^ 32)) guest_functions then 0 else PSCI_NOT_SUPPORTED) /\ w1 = w
      else v = PSCI_NOT_SUPPORTED /\ w1 = w.
  Definition spec_guest_psci (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w -> called cpu w ->
    WP (d [cpu; call cpu w]) (handles B cpu h i (psci_done h i (call cpu w)) w) w.
End Specs.
