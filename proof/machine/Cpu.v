(** * The registers of a CPU, and the primitives of kcore/include/kcore/prim_cpu.h

    A register of CPU [c] is a cell with a name that no C object has, and whose first index is [c]:
    "reg.elr" [c], "reg.ich_lr" [c; n].  As an entry of [pcpu] it is the CPU's own: no other CPU reads or
    writes it, and no lock protects it.  A primitive answers what a register holds, writes some, or does
    something outside this machine (a clock, a device, firmware) and answers anything.

    Nothing is said of what registers hold when a trap begins: the hardware, KServ or a VM has written them.
    From there until the return to EL1 only KCore's own primitives change them: EL2 takes no exception, and
    what a device or firmware does to this CPU's registers is nothing that KCore reads.

    The world switch, and the FP registers with their words in pages: Events.v. *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Import Sem Memory.
From Redoubt.machine Require Import State.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition reg (c : Z) (r : ident) (ix : list Z) : loc := ("reg." ++ r, c :: ix)%string.
Definition reg_of (w : world) (c : Z) (r : ident) (ix : list Z) : Z := wrap U64 (w_mem w (reg c r ix)).

Definition set_reg (c : Z) (x : ident * list Z * Z) (w : world) : world :=
  {| w_mem := upd (w_mem w) (reg c (fst (fst x)) (snd (fst x))) (snd x); w_meta := w_meta w; w_ram := w_ram w;
     w_walk := w_walk w; w_tlb := w_tlb w; w_held := w_held w |}.
(** From the left to the right. *)
Definition set_regs (c : Z) (l : list (ident * list Z * Z)) (w : world) : world :=
  fold_left (fun w x => set_reg c x w) l w.

(** ** What a primitive does *)
Inductive reply := Anything | Register (r : ident) (ix : list Z) | Never.   (* [Never]: it does not return *)
Record doing := {
  needs : world -> Prop;                  (* KCore may do it in this world *)
  answer : reply;
  writes : list (ident * list Z * Z) }.   (* registers and their new values *)

Section Cpu.
  Variables (B : board) (c : Z).

  (** *** The virtual CPU interface (ICH_VTR_EL2): registers that are not implemented are undefined at EL2. *)
  Definition lr_there (w : world) (n : Z) : Prop := 0 <= n < 16 /\ n <= reg_of w c "ich_vtr" [] mod 32.
  Definition ap_there (w : world) (g n : Z) : Prop :=
    let bits := reg_of w c "ich_vtr" [] / 2 ^ 26 mod 8 + 1 in
    (g = 0 \/ g = 1) /\ 0 <= n < (if bits <=? 5 then 1 else if bits =? 6 then 2 else 4).

  (** *** Devices: EL2 maps the first page of each redistributor, and no other device.  With LPIs enabled
      a redistributor would read and write memory on its own: KCore neither enables them nor touches their
      registers. *)
  Definition gic_page (w : world) (pa : Z) : Prop := exists i,
    0 <= i < wrap U32 (w_mem w (obj "n_cpu" [])) /\
    pa / 4096 = wrap U64 (w_mem w (obj "gicr_pfn" [])) + 32 * i.
  Definition gic_access (w : world) (pa size : Z) : Prop :=
    (size = 4 \/ size = 8) /\ pa mod size = 0 /\ gic_page w pa.
  Definition no_lpi (off v : Z) : Prop := (off = 0 -> v mod 2 = 0) /\ ~ (64 <= off < 256).

  (** *** SMC: what may reach firmware (EL3) *)
  (** PSCI_VERSION, AFFINITY_INFO, MIGRATE_INFO_TYPE, SMCCC_VERSION, the three workaround calls. *)
  Definition questions : list Z :=
    [0x84000000; 0x84000004; 0xc4000004; 0x84000006; 0x80000000; 0x80008000; 0x80007fff; 0x80003fff].
  (** No vCPU is loaded on this CPU. *)
  Definition no_vcpu (w : world) : Prop := wrap U32 (w_mem w (obj "pcpu.vm" [c])) = 0.
  (** Nothing of a VM is in memory. *)
  Definition scrubbed (w : world) : Prop := forall p h i,
    is_ram B p -> owner_of (state w p) = Vm h -> 0 <= i < 512 -> word w p i = 0.
  Definition smc_allowed (w : world) (x0 x1 x2 x3 : Z) : Prop :=
    (* a question; PSCI_FEATURES and SMCCC_ARCH_FEATURES *)
    In x0 questions \/
    (x0 = 0x8400000a \/ x0 = 0x80000001) /\ x2 = 0 /\ x3 = 0 \/
    (* CPU_ON: the CPU comes up in KCore, and is told its own number *)
    (x0 = 0x84000003 \/ x0 = 0xc4000003) /\ x2 = reg_of w c "entry" [] /\
      0 <= x3 < wrap U32 (w_mem w (obj "n_cpu" [])) /\ x3 < 8 /\
      x1 = wrap U64 (w_mem w (obj "cpu_mpidr" [x3])) \/
    (* CPU_SUSPEND: so does this one; while a vCPU is loaded it stays in standby *)
    (x0 = 0x84000001 \/ x0 = 0xc4000001) /\ x2 = reg_of w c "entry" [] /\ x3 = c /\
      (x1 / 2 ^ 16 mod 2 = 0 \/ no_vcpu w) \/
    (* CPU_OFF *)
    x0 = 0x84000002 /\ no_vcpu w \/
    (* SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2: memory keeps its content, and what runs next is not KCore *)
    (x0 = 0x84000008 \/ x0 = 0x84000009 \/ x0 = 0x84000012 \/ x0 = 0xc4000012) /\ w_held w = true /\ scrubbed w.

  (** *** The primitives *)
  Definition always (w : world) : Prop := True.
  Definition reads (r : ident) (ix : list Z) : option doing :=
    Some {| needs := always; answer := Register r ix; writes := [] |}.
  Definition sets (l : list (ident * list Z * Z)) : option doing :=
    Some {| needs := always; answer := Anything; writes := l |}.
  Definition asks (n : world -> Prop) : option doing := Some {| needs := n; answer := Anything; writes := [] |}.

  Definition doing_of (f : ident) (args : list Z) : option doing :=
    match args with
    | [] =>
        if String.eqb f "esr_get" then reads "esr" []
        else if String.eqb f "far_get" then reads "far" []
        else if String.eqb f "hpfar_get" then reads "hpfar" []
        else if String.eqb f "elr_get" then reads "elr" []
        else if String.eqb f "spsr_get" then reads "spsr" []
        else if String.eqb f "mdcr_get" then reads "mdcr" []
        else if String.eqb f "hcr_get" then reads "hcr" []
        else if String.eqb f "el1_vbar_get" then reads "vbar" []
        else if String.eqb f "el1_sctlr_get" then reads "sctlr" []
        else if String.eqb f "ich_vtr_get" then reads "ich_vtr" []      (* nothing writes it *)
        else if String.eqb f "ich_hcr_get" then reads "ich_hcr" []
        else if String.eqb f "ich_vmcr_get" then reads "ich_vmcr" []
        else if String.eqb f "midr_get" then reads "midr" []            (* nor this *)
        else if String.eqb f "cpu_entry_pa" then reads "entry" []       (* nor this: KCore's entry *)
        else if String.eqb f "cntpct_get" then asks always
        (* some entries of this CPU go; [w_tlb] is of all CPUs, and what may be there may still be *)
        else if String.eqb f "tlb_inval_local" then asks always
        else if String.eqb f "pmu_stop" then
          Some {| needs := always; answer := Register "pmu" []; writes := [("pmu", [], 0)] |}
        (* the FP registers are not in this machine; [Events] has what is saved of them *)
        else if String.eqb f "fp_clear" then asks always
        else if String.eqb f "cpu_halt" then Some {| needs := always; answer := Never; writes := [] |}
        else None
    | [a] =>
        if String.eqb f "elr_set" then sets [("elr", [], a)]
        else if String.eqb f "spsr_set" then sets [("spsr", [], a)]
        else if String.eqb f "stage1_walk" then asks always            (* the VM's own tables decide *)
        else if String.eqb f "cptr_set" then sets [("cptr", [], a)]
        else if String.eqb f "features_set" then
          Some {| needs := fun _ => a = 0 \/ a = 1; answer := Anything; writes := [("features", [], a)] |}
        else if String.eqb f "cnthctl_set" then sets [("cnthctl", [], a)]
        else if String.eqb f "cntvoff_set" then sets [("cntvoff", [], a)]
        else if String.eqb f "vsesr_set" then sets [("vsesr", [], a)]
        else if String.eqb f "el1_far_set" then sets [("el1_far", [], a)]
        else if String.eqb f "ich_hcr_set" then sets [("ich_hcr", [], a)]
        else if String.eqb f "ich_vmcr_set" then sets [("ich_vmcr", [], a)]
        else if String.eqb f "ich_lr_get" then
          Some {| needs := fun w => lr_there w a; answer := Register "ich_lr" [a]; writes := [] |}
        else if String.eqb f "pmu_start" then                         (* it starts these, and stops none *)
          Some {| needs := fun w => reg_of w c "pmu" [] = 0; answer := Anything; writes := [("pmu", [], a)] |}
        else None
    | [a; b] =>
        if String.eqb f "ich_lr_set" then
          Some {| needs := fun w => lr_there w a; answer := Anything; writes := [("ich_lr", [a], b)] |}
        else if String.eqb f "ich_ap_get" then
          Some {| needs := fun w => ap_there w a b; answer := Register "ich_ap" [a; b]; writes := [] |}
        else if String.eqb f "id_reg_get" then                        (* nothing writes these *)
          Some {| needs := fun _ => 1 <= a <= 7 /\ 0 <= b < 8; answer := Register "id" [a; b]; writes := [] |}
        else if String.eqb f "mmio_read" then asks (fun w => gic_access w a b)
        else None
    | [a; b; d] =>
        if String.eqb f "el1_exception_set" then sets [("el1_elr", [], a); ("el1_spsr", [], b); ("el1_esr", [], d)]
        else if String.eqb f "ich_ap_set" then
          Some {| needs := fun w => ap_there w a b; answer := Anything; writes := [("ich_ap", [a; b], d)] |}
        else if String.eqb f "mmio_write" then asks (fun w => gic_access w a b /\ no_lpi (a mod 4096) d)
        else None
    | [x0; x1; x2; x3] =>
        if String.eqb f "smc_call" then asks (fun w => smc_allowed w x0 x1 x2 x3) else None
    | _ => None
    end.

  Definition replies (a : reply) (w : world) (v : Z) : Prop :=
    match a with Anything => True | Register r ix => v = w_mem w (reg c r ix) | Never => False end.

  Definition cpu_effect (f : ident) (args : list Z) (w : world) : Prop * (Z -> world -> Prop) :=
    match doing_of f args with
    | Some d => (needs d w, fun v w' => replies (answer d) w v /\ w' = set_regs c (writes d) w)
    | None => (False, fun _ _ => False)
    end.
End Cpu.

Definition cpu_primitives : list ident :=
  ["esr_get"; "far_get"; "hpfar_get"; "elr_get"; "elr_set"; "spsr_get"; "spsr_set"; "stage1_walk"; "mdcr_get"; "hcr_get";
   "cptr_set"; "features_set"; "cnthctl_set"; "cntvoff_set"; "vsesr_set"; "el1_vbar_get"; "el1_sctlr_get";
   "el1_exception_set"; "el1_far_set"; "ich_vtr_get"; "ich_hcr_get"; "ich_hcr_set"; "ich_vmcr_get"; "ich_vmcr_set";
   "ich_lr_get"; "ich_lr_set"; "ich_ap_get"; "ich_ap_set"; "pmu_stop"; "pmu_start"; "id_reg_get"; "midr_get"; "cntpct_get";
   "mmio_read"; "mmio_write"; "smc_call"; "cpu_entry_pa"; "cpu_halt"; "tlb_inval_local"; "fp_clear"].
Definition cpu_primitive (f : ident) : bool := existsb (String.eqb f) cpu_primitives.
(** [cbn] leaves it alone when [f] is not known. *)
Arguments cpu_primitive f : simpl nomatch.
