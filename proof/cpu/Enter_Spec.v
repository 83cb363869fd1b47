(** * Onto the CPU (kcore/vcpu/run.c): what runs when KCore returns to a vCPU

    KServ has called KC_VCPU_RUN.  From then on the vCPU that this CPU has loaded runs: with the tables of its VM, what KCore
    traps for any VM, the registers of its context, and KServ's own put away ([on_cpu]).  A protected VM gets what its last
    exit owes it besides ([completes], Trap_Spec.v). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Exposed Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Vm_Spec Power_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Vgic_Spec Trap_Spec Run_Spec Left_Kept Rest_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** What an entry writes to: registers and the CPU's entry of [pcpu]; of memory, in the page of KServ's registers, those
    that the vCPU's replace. *)
Definition enter_cells : list ident :=
  ["reg.ich_lr"; "reg.ich_hcr"; "pcpu.n_lr"; "reg.vsesr"; "reg.cnthctl"; "reg.features"; "reg.pmu"; "pcpu.pmu"; "reg.vbar";
   "reg.sctlr"; "reg.ctx"; "reg.vttbr"; "reg.hcr"; "reg.mdcr"; "reg.cptr"; "last_ran"; "pcpu.cur_ctx"; "pcpu.in_guest";
   "reg.elr"; "reg.spsr"].
Definition enter_word (w : world) (c p i : Z) : Prop := p = host_ctx w c /\ 31 <= i < 60.

(** FP is trapped until the vCPU uses it; of the generic timer, EL1 has the virtual one and the physical counter. *)
Definition CPTR_NEW := CPTR_GUEST + 1024.
Definition CNTHCTL_GUEST := 1.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** In [w] KServ is on the CPU, in [w'] the vCPU that is loaded. *)
  Record on_cpu (pc pstate : Z) (w w' : world) : Prop := {
    en_changes : changes cpu enter_cells (enter_word w cpu) w w';
    en_guest : at_guest cpu w';
    en_pc : reg_of w' cpu "elr" [] = pc;
    en_pstate : reg_of w' cpu "spsr" [] = pstate;
    en_tables : reg_of w' cpu "vttbr" [] = vttbr (loaded_vm cpu w) (vm_root w (loaded_vm cpu w));
    (* EL1's registers: all of them from the context; two are in this machine *)
    en_ctx : let ctx := vcpu_ctx w (loaded_vm cpu w) (loaded_vcpu cpu w) in reg_of w' cpu "ctx" [] = ctx /\
      (protected w (loaded_vm cpu w) -> reg_of w' cpu "vbar" [] = word w ctx 48 /\ reg_of w' cpu "sctlr" [] = word w ctx 37);
    (* what is trapped: KServ's choice is in a few bits of HCR *)
    en_hcr : guest_hcr_ok w (loaded_vm cpu w) (reg_of w' cpu "hcr" []);
    en_mdcr : Z.land (reg_of w' cpu "mdcr" []) GUEST_MDCR = GUEST_MDCR;
    en_features : reg_of w' cpu "features" [] = 0;
    en_timers : reg_of w' cpu "cnthctl" [] = CNTHCTL_GUEST;
    en_fp : reg_of w' cpu "cptr" [] = CPTR_NEW;
    (* interrupts: any that KServ's run page names, made safe *)
    en_lr : forall n, 0 <= n < n_lr cpu w' -> exists v, lr_safe v (reg_of w' cpu "ich_lr" [n]);
    en_vgic : exists v normal, (normal = true -> ~ protected w (loaded_vm cpu w)) /\
      reg_of w' cpu "ich_hcr" [] = Z.land v (ICH_HCR normal);
    (* no stage-1 entry of another vCPU of the VM is found *)
    en_last : wrap U8 (w_mem w' (obj "last_ran" [cpu; loaded_vm cpu w])) = loaded_vcpu cpu w + 1;
    (* KServ's, for its return (host_again, Run_Spec.v) *)
    en_host : word w' (host_ctx w cpu) 31 = reg_of w cpu "elr" [] /\ word w' (host_ctx w cpu) 32 = reg_of w cpu "spsr" [] /\
      word w' (host_ctx w cpu) 48 = reg_of w cpu "vbar" [] /\ word w' (host_ctx w cpu) 37 = reg_of w cpu "sctlr" [];
    en_pmu : wrap U64 (w_mem w' (obj "pcpu.pmu" [cpu])) = reg_of w cpu "pmu" [] }.

  Definition entered (pc pstate : Z) (w w' : world) : Prop := exists w1, on_cpu pc pstate w w1 /\
    (~ protected w (loaded_vm cpu w) -> w' = w1) /\
    (protected w (loaded_vm cpu w) -> exists v flags, in_ty U64 v /\ in_ty U64 flags /\
      completes cpu w1 (loaded_vm cpu w) (loaded_vcpu cpu w) v flags w').

  Definition spec_guest_enter (d : den) : Prop := forall pc pstate w, in_ty U64 pc -> in_ty U64 pstate ->
    occupied cpu w -> runnable cpu w -> serves_host cpu w -> idle B w ->
    WP (d [cpu; pc; pstate]) (fun r w' => r = None /\ idle B w' /\ rests cpu w' /\ at_guest cpu w' /\ entered pc pstate w w') w.

  (** Whether the vCPU may run has been looked at since it was loaded; else it is now, with the lock. *)
  Definition vetted (w w0 : world) : Prop :=
    ready cpu w <> 0 /\ w0 = w \/
    ready cpu w = 0 /\ exists w1, left_alone cpu w w1 /\ same_registers cpu w w1 /\ w0 = set_own B cpu "pcpu.ready" 1 w1.

  (** The vCPU runs: at the PC and with the PSTATE of its context, which is one that a guest may have.  (The context of a
      normal VM is its run page: whatever KServ has there by now.) *)
  Definition runs (w w' : world) : Prop := rests cpu w' /\ at_guest cpu w' /\ exists w0 pc pstate,
    vetted w w0 /\ occupied cpu w0 /\ runnable cpu w0 /\
    (protected w0 (loaded_vm cpu w0) -> let ctx := vcpu_ctx w0 (loaded_vm cpu w0) (loaded_vcpu cpu w0) in
      pc = word w0 ctx 31 /\ pstate = word w0 ctx 32 mod 2 ^ 32) /\
    guest_pstate (reg_of w0 cpu "id" [4; 0]) pstate = true /\ entered pc pstate w0 w'.
End Specs.

Lemma runs_rests B c w w' : runs B c w w' -> rests c w' /\ at_guest c w'.
Proof. intros (R & A & _). auto. Qed.
