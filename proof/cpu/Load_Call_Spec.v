(** * KC_VCPU_LOAD and KC_VCPU_PUT (kcore/vcpu/run.c): what they have done when they return to KServ

    Each does one section with the lock (mm/Load_Spec.v), and what else it does concerns this CPU's own. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Page_Spec Structure Vm_Spec Load_Spec.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Vgic_Spec Rest_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** What the virtual CPU interface has of a vCPU that is loaded and does not run. *)
Definition interface_cells : list ident := ["reg.ich_vmcr"; "reg.ich_ap"].

Section Effects.
  Variables (B : board) (cpu : Z).

  (** KC_OK: this CPU has taken vCPU [i] of VM [h], which nobody had, for the one that it has loaded; it has looked at
      nothing of it yet.  Its interface has what the run page says: any values, KServ writes them at any moment.  Any
      other status: the section changed nothing, and the CPU has all that it had. *)
  Definition loaded_for (h i : Z) (w w' : world) : Prop :=
    loaded_vm cpu w = 0 /\ 1 <= h <= 255 /\ 0 <= i < 16 /\
    token w' h i = cpu + 1 /\ loaded_vm cpu w' = h /\ loaded_vcpu cpu w' = i /\ ready cpu w' = 0 /\
    own_but cpu ("pcpu.vm" :: "pcpu.vcpu" :: "pcpu.ready" :: interface_cells) w w'.
  Definition load_done (h i : Z) (w : world) (v : Z) (w' : world) : Prop :=
    (16 <= i /\ v = KC_ENOENT /\ w' = w \/
     exists w1 w2, locked B w1 /\ locked B w2 /\ atomic (loads cpu h i) v w1 w2) /\
    if v =? KC_OK then loaded_for h i w w' else owned cpu w w'.

  (** KC_ENOENT: none is loaded, and nothing happens.  Else, the vCPU being [i] of VM [h]: its run page is told what
      its interface has, [w1]; nothing of that stays on the CPU; and the token is given back. *)
  Definition given_back (h i : Z) (w w' : world) : Prop :=
    exists w1, changes cpu interface_cells (vgic_word (vcpu_run w h i)) w w1 /\
      interface_told cpu (vcpu_run w h i) w w1 /\ own_but cpu ["pcpu.vm"; "pcpu.ready"] w1 w' /\
      loaded_vm cpu w' = 0 /\ ready cpu w' = 0 /\
      reg_of w' cpu "ich_vmcr" [] = 0 /\ forall g n, ap_there cpu w g n -> reg_of w' cpu "ich_ap" [g; n] = 0.
  Definition put_done (w : world) (v : Z) (w' : world) : Prop :=
    loaded_vm cpu w = 0 /\ v = KC_ENOENT /\ w' = w \/
    loaded_vm cpu w <> 0 /\ given_back (loaded_vm cpu w) (loaded_vcpu cpu w) w w' /\
      exists w1 w2, locked B w1 /\ locked B w2 /\ puts cpu (loaded_vm cpu w) (loaded_vcpu cpu w) v w1 w2.
End Effects.
