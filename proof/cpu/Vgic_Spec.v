(** * The virtual CPU interface (kcore/vcpu/vgic.c): specifications

    Its state is KServ's by design: it comes from the run page, whatever is there, and goes back there word for word.
    Two things are KCore's: no list register deactivates a physical interrupt but the timers', and nothing of it stays on
    the CPU when the vCPU leaves. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec.
From Redoubt.cpu Require Import Word_Spec Ctx_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Enables, EOIcount; for normal VMs also the traps with which there is no interrupt controller (TC, TALL0, TALL1). *)
Definition ICH_HCR (normal : bool) : Z := if normal then 0xf8005cff else 0xf80040ff.

Definition n_lr (c : Z) (w : world) : Z := wrap U64 (w_mem w (obj "pcpu.n_lr" [c])).
Definition lr_fit (c : Z) (w : world) : Prop := n_lr c w <= lrs (reg_of w c "ich_vtr" []).

(** The words of a run page that hold such state (docs/abi.md): HCR, VMCR, active priorities, list registers. *)
Definition vgic_word (run p i : Z) : Prop := p = run /\ (i = 288 \/ i = 289 \/ 292 <= i < 300 \/ 304 <= i < 320).

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore_all B cpu LI)).

  (** Whose run page it is does not matter here: this CPU's. *)
  Definition at_run (run : Z) (w : world) : Prop := own_run cpu w run /\ w_held w = false /\ secure B w.

  (** From the run page: VMCR and the active priorities (32 bits each). *)
  Definition spec_vgic_load (d : den) : Prop := forall run w, 0 <= cpu < 8 -> at_run run w ->
    WP (d [run]) (fun r w' => r = None /\ at_run run w' /\ changes cpu ["reg.ich_vmcr"; "reg.ich_ap"] no_word w w') w.
  (** Back into it; then they are 0. *)
  Definition interface_told (run : Z) (w w' : world) : Prop := word w' run 289 = reg_of w cpu "ich_vmcr" [] /\
    forall g n, ap_there cpu w g n -> word w' run (292 + 4 * g + n) = reg_of w cpu "ich_ap" [g; n].
  Definition spec_vgic_put (d : den) : Prop := forall run w, 0 <= cpu < 8 -> at_run run w ->
    WP (d [run]) (fun r w' => r = None /\ at_run run w' /\
      changes cpu ["reg.ich_vmcr"; "reg.ich_ap"] (vgic_word run) w w' /\ interface_told run w w' /\
      reg_of w' cpu "ich_vmcr" [] = 0 /\ forall g n, ap_there cpu w g n -> reg_of w' cpu "ich_ap" [g; n] = 0) w.
  (** The list registers that the run page has, made safe; the control register, cut to what KServ may choose. *)
  Definition spec_vgic_enter (d : den) : Prop := forall run w, 0 <= cpu < 8 -> at_run run w -> own_ok cpu w ->
    loaded_vm cpu w <> 0 ->
    WP (d [cpu; run]) (fun r w' => r = None /\ at_run run w' /\
      changes cpu ["reg.ich_lr"; "reg.ich_hcr"; "pcpu.n_lr"] no_word w w' /\ lr_fit cpu w' /\
      (forall n, 0 <= n < n_lr cpu w' -> exists v, lr_safe v (reg_of w' cpu "ich_lr" [n])) /\
      exists v normal, (normal = true -> ~ protected w (loaded_vm cpu w)) /\
        reg_of w' cpu "ich_hcr" [] = Z.land v (ICH_HCR normal)) w.
  (** Back into the run page; then those in use are 0, and the interface is off. *)
  Definition spec_vgic_exit (d : den) : Prop := forall run w, 0 <= cpu < 8 -> at_run run w -> lr_fit cpu w ->
    WP (d [cpu; run]) (fun r w' => r = None /\ at_run run w' /\
      changes cpu ["reg.ich_lr"; "reg.ich_hcr"] (vgic_word run) w w' /\ reg_of w' cpu "ich_hcr" [] = 0 /\
      forall n, 0 <= n < n_lr cpu w -> reg_of w' cpu "ich_lr" [n] = 0) w.
End Specs.
