(** * Between two traps: what a CPU knows of itself when it leaves KCore, and so when it comes back

    Everything here is the CPU's own ([owns], machine/Events.v): whatever other CPUs, KServ and the VMs do meanwhile, it is
    still so at the next trap.  [rests] is what [cpu_start] establishes and every [trap] keeps. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Exposed Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Vm_Spec Local_Prims.
From Redoubt.mm Require Traps_System.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Vgic_Spec Trap_Spec Run_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** pcpu.ready: the vCPU that is loaded has been looked at, with the lock, since it was loaded. *)
Definition ready (c : Z) (w : world) : Z := wrap U32 (w_mem w (obj "pcpu.ready" [c])).

Record rests (c : Z) (w : world) : Prop := {
  rs_cpu : 0 <= c < 8;
  rs_own : own_ok c w;
  rs_ready : loaded_vm c w <> 0 -> ready c w <> 0 ->
    vcpu_on w (loaded_vm c w) (loaded_vcpu c w) /\ 0 <= vm_root w (loaded_vm c w) < 2 ^ 36;
  rs_side : serves_host c w \/ at_guest c w }.
(** KServ is on the CPU. *)
Definition hosted (c : Z) (w : world) : Prop := rests c w /\ serves_host c w.

(** ** While a vCPU is on the CPU: what KServ will get back
    Its page with all words that the switch back loads, what is kept of MDCR_EL2 and the PMU, CNTVOFF_EL2, its tables.  Nothing
    that KCore does for a guest changes it. *)
Record kserv_state := Kserv_state {
  ks_page : Z; ks_words : list Z; ks_mdcr : Z; ks_pmu : Z; ks_cntvoff : Z; ks_root : Z }.
Definition ctx_words (w : world) (p : Z) : list Z := List.map (fun i => word w p (Z.of_nat i)) (seq 0 128).
Definition kserv_of (c : Z) (w : world) : kserv_state :=
  Kserv_state (host_ctx w c) (ctx_words w (host_ctx w c)) (wrap U64 (w_mem w (obj "pcpu.mdcr" [c])))
    (wrap U64 (w_mem w (obj "pcpu.pmu" [c]))) (reg_of w c "cntvoff" []) (wrap U64 (w_mem w (obj "host_root" []))).

(** What software that gets the CPU finds: its context, and the registers under which it runs.  ([Traps_System.back]) *)
Definition found (c : Z) (w : world) : list Z * list Z :=
  (ctx_words w (cur_ctx c w), List.map (fun r => reg_of w c r []) Traps_System.shows).
(** KServ, when a vCPU has left the CPU with exit [code]: x0 is KC_OK, x1 the exit; all else is its own, or constant. *)
Definition after_exit (s : kserv_state) (code : Z) : list Z * list Z :=
  let own n := nth n (ks_words s) 0 in
  (0 :: code :: skipn 2 (ks_words s),
   [own 31%nat; own 32%nat; own 48%nat; own 37%nat; ks_page s; vttbr 0 (ks_root s); HCR_HOST; ks_mdcr s; CPTR_HOST; 1; CNTHCTL_HOST;
    ks_cntvoff s; ks_pmu s]).

(** KServ has trapped in [w], and a vCPU gets the CPU: [x] is what KServ will get back.  PC, PSTATE and the registers of EL1 go into
    words 31 to 59 of its page (this machine has two of the latter); nothing else changes. *)
Record own_state (c : Z) (w : world) (x : kserv_state) : Prop := {
  os_page : ks_page x = host_ctx w c;
  os_words : forall n, (n < 128)%nat -> ~ (31 <= n < 60)%nat -> nth n (ks_words x) 0 = word w (host_ctx w c) (Z.of_nat n);
  os_pc : nth 31 (ks_words x) 0 = reg_of w c "elr" [];
  os_pstate : nth 32 (ks_words x) 0 = reg_of w c "spsr" [];
  os_sctlr : nth 37 (ks_words x) 0 = reg_of w c "sctlr" [];
  os_vbar : nth 48 (ks_words x) 0 = reg_of w c "vbar" [];
  os_mdcr : ks_mdcr x = wrap U64 (w_mem w (obj "pcpu.mdcr" [c]));
  os_pmu : ks_pmu x = reg_of w c "pmu" [];
  os_cntvoff : ks_cntvoff x = reg_of w c "cntvoff" [];
  os_root : ks_root x = wrap U64 (w_mem w (obj "host_root" [])) }.

(** A guest has trapped in [w]: it goes on, or KServ does. *)
Definition guest_or_kserv (c : Z) (w w' : world) : Prop :=
  at_guest c w' /\ kserv_of c w' = kserv_of c w \/
  serves_host c w' /\ exists code, In code exit_codes /\ found c w' = after_exit (kserv_of c w) code.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** Every entry to KCore but the first one; of it the part for a guest (exit.c).  KServ's: Host_Trap_Spec.v. *)
  Definition spec_guest_trap (d : den) : Prop := forall k w, 0 <= k < 3 -> rests cpu w -> at_guest cpu w -> idle B w ->
    WP (d [cpu; k]) (fun r w' => r = None /\ idle B w' /\ rests cpu w' /\ guest_or_kserv cpu w w') w.
  Definition spec_trap (d : den) : Prop := forall k w, 0 <= k < 3 -> rests cpu w -> idle B w ->
    WP (d [cpu; k]) (fun r w' => r = None /\ idle B w' /\ rests cpu w' /\
      (at_guest cpu w -> guest_or_kserv cpu w w') /\
      (serves_host cpu w -> at_guest cpu w' -> own_state cpu w (kserv_of cpu w'))) w.
  Definition spec_cpu_start (d : den) : Prop := forall w, 0 <= cpu < 8 -> idle B w ->
    WP (d [cpu]) (fun r w' => r = None /\ idle B w' /\ hosted cpu w') w.
End Specs.

(** The vCPU that has trapped, as the handlers of [Trap_Spec] want it. *)
Lemma at_guest_serves B c w : 0 <= c < 8 -> idle B w -> at_guest c w -> serves c w (loaded_vm c w) (loaded_vcpu c w).
Proof.
  intros Hc [Hd _] [O N On Cx _ _ _]. destruct (O N) as (R1 & R2 & T). constructor; auto.
Qed.
