(** * KServ's hypercalls: where their arguments come from, and what KServ's registers get back (kcore/host/call.c) *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Local_Prims Structure Page_Spec Own_Spec Vm_Spec Call_Spec.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Own_Kept Rest_Spec Host_Trap_Spec.
From Redoubt.gen Require Consts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu LI)).

  (** The CPU's entry of [pcpu] has three results, and counts refusals. *)
  Definition own_of (c : ident) (w : world) : Z := wrap U64 (w_mem w (obj c [cpu])).
  Definition no_results (w : world) : world := set_own B cpu "pcpu.res3" 0 (set_own B cpu "pcpu.res2" 0 (set_own B cpu "pcpu.res1" 0 w)).

  (** x0: the status.  x1 to x3: the results, with KC_OK only. *)
  Definition answered (status : Z) (w : world) : world :=
    if status =? KC_OK then put cpu 3 (own_of "pcpu.res3" w) (put cpu 2 (own_of "pcpu.res2" w)
      (put cpu 1 (own_of "pcpu.res1" w) (put cpu 0 status w)))
    else set_own B cpu "pcpu.refused" (wrap U64 (own_of "pcpu.refused" w + 1)) (put cpu 0 status w).
  Definition spec_call_return (d : den) : Prop := forall status w, at_host cpu w -> secure B w ->
    WP (d [cpu; status]) (fun r w' => r = None /\ w' = answered status w) w.

  (** A call that returns to KServ: the status, and what has been done, [R]. *)
  Definition returns (R : world -> Z -> world -> Prop) (w : world) (r : option Z) (w' : world) : Prop :=
    idle B w' /\ hosted cpu w' /\ exists v, r = Some v /\ R w v w'.

  (** What loading and putting back do, and running until the VM is on the CPU: kcore/vcpu/run.c. *)
  Variables (load : Z -> Z -> world -> Z -> world -> Prop) (put_back : world -> Z -> world -> Prop) (runs : world -> world -> Prop).
  Definition spec_load_returns (d : den) : Prop := forall h i w, in_ty U64 h -> in_ty U64 i -> hosted cpu w ->
    idle B w -> WP (d [cpu; h; i]) (returns (load h i) w) w.
  Definition spec_put_returns (d : den) : Prop := forall w, hosted cpu w -> idle B w ->
    WP (d [cpu]) (returns put_back w) w.
  Definition spec_run_returns (d : den) : Prop := forall w, hosted cpu w -> idle B w ->
    WP (d [cpu]) (fun r w' => r = Some KC_OK /\ idle B w' /\ runs w w' \/
      returns (fun _ v _ => v <> KC_OK) w r w') w.

  (** Call [fid] with these arguments: its status [v], and the world after it. *)
  Definition call_effect (fid a1 a2 a3 a4 : Z) (w : world) (v : Z) (w' : world) : Prop :=
    if      fid =? Consts.KC_VERSION    then v = KC_OK /\ own_of "pcpu.res1" w' = 0x10001 /\ own_of "pcpu.res2" w' = 0
    else if fid =? Consts.KC_STAT       then v = KC_OK \/ v = KC_EINVAL /\ w' = w
    else if fid =? Consts.KC_VCPU_LOAD  then load a1 a2 w v w'
    else if fid =? Consts.KC_VCPU_PUT   then put_back w v w'
    else if fid =? Consts.KC_SET_CNTVOFF then v = KC_OK /\ w' = set_regs cpu [("cntvoff", [], a1)] w
    else if fid =? Consts.KC_VGIC_INFO  then v = KC_OK /\ w' = set_own B cpu "pcpu.res1" (reg_of w cpu "ich_vtr" []) w
    else v <> KC_OK /\ w' = w \/ section B (atomic (memory_effect B fid a1 a2 a3 a4)) (Some v) w'.
  Definition spec_any_call (d : den) : Prop := forall fid a1 a2 a3 a4 w, in_ty U64 fid -> in_ty U64 a1 -> in_ty U64 a2 ->
    in_ty U64 a3 -> in_ty U64 a4 -> hosted cpu w -> idle B w ->
    WP (d [cpu; fid; a1; a2; a3; a4]) (returns (call_effect fid a1 a2 a3 a4) w) w.

  (** The trap: function and arguments are KServ's x0 to x4.  A stub question has its own answer; KC_VCPU_RUN puts the VM
      on the CPU; any other call, and a refused KC_VCPU_RUN, ends with [answered]. *)
  Definition call_done (w w' : world) : Prop :=
    let x := host_x cpu w in
    if x 0 <? 5 then w' = stub_answer cpu (x 0) w
    else if x 0 =? Consts.KC_VCPU_RUN then
      runs (no_results w) w' \/ exists v w1, v <> KC_OK /\ at_host cpu w1 /\ w' = answered v w1
    else exists v w1, call_effect (x 0) (x 1) (x 2) (x 3) (x 4) (no_results w) v w1 /\ at_host cpu w1 /\ w' = answered v w1.
  Definition spec_host_call (d : den) : Prop := forall w, hosted cpu w -> idle B w ->
    WP (d [cpu]) (fun r w' => r = None /\ idle B w' /\ (hosted cpu w' \/ runs (no_results w) w') /\ call_done w w') w.
End Specs.
