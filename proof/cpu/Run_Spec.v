(** * The world switch (kcore/vcpu/run.c): specifications

    What a CPU knows of itself without the lock: [at_guest] from the entry of a vCPU until its exit, [at_host] otherwise.
    The contract of [ctx_switch] (machine/Events.v, [enters]) says what each side runs with; that of [pg_set] what the run
    page of a protected VM is told, at each single store ([exposed]). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Exposed Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Vm_Spec Load_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Vgic_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** KServ's registers are where the vectors save to. *)
Definition serves_host (c : Z) (w : world) : Prop := cur_ctx c w = host_ctx w c /\ in_guest c w = 0.

(** The vCPU that this CPU has loaded is on it, or has just trapped. *)
Record at_guest (c : Z) (w : world) : Prop := {
  ag_own : own_ok c w;
  ag_vm : loaded_vm c w <> 0;
  ag_on : vcpu_on w (loaded_vm c w) (loaded_vcpu c w);
  ag_ctx : cur_ctx c w = vcpu_ctx w (loaded_vm c w) (loaded_vcpu c w);
  ag_in : in_guest c w = 1;
  ag_lr : lr_fit c w;                      (* so many list registers are there *)
  ag_pmu : reg_of w c "pmu" [] = 0 }.      (* nothing counts for KServ *)

(** HCR_EL2 of a vCPU: what KCore traps for any VM is in it, and KServ chooses few other bits. *)
Definition guest_hcr_ok (w : world) (h v : Z) : Prop := Z.land v GUEST_HCR = GUEST_HCR /\
  exists normal, (normal = true -> ~ protected w h) /\
    Z.lor v (Z.lor GUEST_HCR (FREE_HCR normal)) = Z.lor GUEST_HCR (FREE_HCR normal).

(** The exits of a protected VM: kinds, without content ([ex_exit]). *)
Definition exit_codes : list Z := [0; 1; 2; 3; 16; 17; 18; 19; 20; 21; 22; 23].

(** What an exit writes to: PC, PSTATE, the system and FP registers of the vCPU, in its context; HCR and whether it
    had FP, in the run page of a normal VM; the virtual CPU interface and the exit, in any run page; two of KServ's
    registers. *)
Definition exit_word (w : world) (c p i : Z) : Prop :=
  p = cur_ctx c w /\ 31 <= i < 128 \/
  ~ protected w (loaded_vm c w) /\ p = vcpu_run w (loaded_vm c w) (loaded_vcpu c w) /\ (i = 272 \/ i = 261) \/
  vgic_word (vcpu_run w (loaded_vm c w) (loaded_vcpu c w)) p i \/
  p = vcpu_run w (loaded_vm c w) (loaded_vcpu c w) /\ i = 256 \/
  p = host_ctx w c /\ (i = 0 \/ i = 1).
Definition exit_cells : list ident :=
  ["reg.cptr"; "pcpu.fp_live"; "reg.ich_lr"; "reg.ich_hcr"; "reg.vbar"; "reg.sctlr"; "reg.ctx"; "reg.vttbr"; "reg.hcr";
   "reg.mdcr"; "reg.cnthctl"; "reg.features"; "reg.pmu"; "pcpu.cur_ctx"; "pcpu.in_guest"; "reg.elr"; "reg.spsr"].

(** CNTHCTL_EL2 of KServ. *)
Definition CNTHCTL_HOST := 3.

(** KServ goes on where it was: PC, PSTATE and EL1's registers that this machine has are those of its page; its x0 is 0
    (KC_OK) and x1 the exit; the vCPU's virtual interface and FP registers are off the CPU. *)
Record host_again (c code : Z) (w w' : world) : Prop := {
  ha_changes : changes c exit_cells (exit_word w c) w w';
  ha_serves : serves_host c w';
  ha_pc : reg_of w' c "elr" [] = word w (host_ctx w c) 31;
  ha_pstate : reg_of w' c "spsr" [] = word w (host_ctx w c) 32;
  ha_vbar : reg_of w' c "vbar" [] = word w (host_ctx w c) 48;
  ha_sctlr : reg_of w' c "sctlr" [] = word w (host_ctx w c) 37;
  ha_ctx : reg_of w' c "ctx" [] = host_ctx w c;
  ha_tables : reg_of w' c "vttbr" [] = vttbr 0 (wrap U64 (w_mem w (obj "host_root" [])));
  ha_hcr : reg_of w' c "hcr" [] = HCR_HOST;
  ha_mdcr : reg_of w' c "mdcr" [] = wrap U64 (w_mem w (obj "pcpu.mdcr" [c]));
  ha_timers : reg_of w' c "cnthctl" [] = CNTHCTL_HOST;
  ha_features : reg_of w' c "features" [] = 1;
  ha_pmu : reg_of w' c "pmu" [] = wrap U64 (w_mem w (obj "pcpu.pmu" [c]));
  ha_x0 : word w' (host_ctx w c) 0 = 0;
  ha_x1 : word w' (host_ctx w c) 1 = code;
  ha_fp : fp_live c w' = 0;
  ha_cptr : reg_of w' c "cptr" [] = CPTR_HOST;
  ha_vgic : reg_of w' c "ich_hcr" [] = 0;
  ha_lr : forall n, 0 <= n < n_lr c w -> reg_of w' c "ich_lr" [n] = 0 }.

(** Taking the lock leaves a CPU its own: registers, its entry of [pcpu] but for [cells], and its own pages. *)
Definition keeps_own (c : Z) (cells : list ident) (w w' : world) : Prop :=
  (forall d ix, class_of d = Percpu -> hd_error ix = Some c -> existsb (String.eqb d) cells = false ->
    w_mem w' (d, ix) = w_mem w (d, ix)) /\
  host_ctx w' c = host_ctx w c /\ (0 <= c < 8 -> forall i, w_ram w' (host_ctx w c) i = w_ram w (host_ctx w c) i) /\
  (loaded_vm c w <> 0 -> token w' (loaded_vm c w) (loaded_vcpu c w) = token w (loaded_vm c w) (loaded_vcpu c w)).

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  Definition spec_guest_hcr (d : den) : Prop := forall h wanted w, 0 <= h <= 255 -> in_ty U64 wanted -> has cpu w [h] ->
    secure B w ->
    WP (d [h; wanted]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\ guest_hcr_ok w h v) w.

  Definition left (w : world) : world := put_word (host_ctx w cpu) 32 (reg_of w cpu "spsr" [])
    (put_word (host_ctx w cpu) 31 (reg_of w cpu "elr" []) w).
  Definition spec_host_leave (d : den) : Prop := forall w, 0 <= cpu < 8 -> w_held w = false -> secure B w -> serves_host cpu w ->
    WP (d [cpu]) (fun r w' => r = None /\ w' = left w) w.

  (** The vCPU is off, and must be looked at again before it runs here. *)
  Definition spec_turned_off (d : den) : Prop := forall w, 0 <= cpu < 8 -> own_ok cpu w -> loaded_vm cpu w <> 0 -> idle B w ->
    WP (d [cpu]) (fun r w' => r = None /\ idle B w' /\ keeps_own cpu ["pcpu.ready"] w w' /\
      wrap U32 (w_mem w' (obj "pcpu.ready" [cpu])) = 0) w.

  (** Back to KServ: for a vCPU that has turned itself off, before it is marked so. *)
  Definition spec_guest_exit (d : den) : Prop := forall code w, 0 <= cpu < 8 -> in_ty U64 code -> at_guest cpu w -> idle B w ->
    (protected w (loaded_vm cpu w) -> In code exit_codes) ->
    WP (d [cpu; code]) (fun r w' => r = None /\ idle B w' /\ exists w1, host_again cpu code w w1 /\ idle B w1 /\
      (code <> 18 /\ w' = w1 \/
       code = 18 /\ keeps_own cpu ["pcpu.ready"] w1 w' /\ wrap U32 (w_mem w' (obj "pcpu.ready" [cpu])) = 0)) w.
End Specs.
