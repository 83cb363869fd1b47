(** * The end of a VM (kcore/vm/vm.c): what the functions do *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Structure_Facts Page_Spec Vm_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  (** The invalidation of a VMID when [inv] does not hold: the VM has just become DYING. *)
  Definition spec_tlb_inval_raw (d : den) : Prop := forall h r0 w, w_held w = true ->
    1 <= h <= 255 -> r0 = vm_root w h ->
    (forall w0, interference w w0 -> secure B (invalidate B h w0)) ->
    WP (d [h; r0]) (fun r w' => (exists w0, interference w w0 /\ w' = invalidate B h w0) /\ r = None) w.

  (** The world without the vCPUs of VM [h]. *)
  Definition of_vcpu (h : Z) (l : loc) : bool := String.eqb (fst l) "vcpus.made" &&
    match snd l with [g; i] => (g =? h) && (0 <=? i) && (i <? 16) | _ => false end.
  Definition unmade (h : Z) (w : world) : world :=
    set_mem (fun l => if of_vcpu h l then 0 else w_mem w l) w.

  (** Run pages of [h] are ordinary pages again. *)
  Definition unpinned (h : Z) (w w' : world) (p : Z) : Prop :=
    state w' p = state w p \/
    state w' p = mk_state PG_HOST 0 0 /\ exists i, vcpu_made w h i /\ p = vcpu_run w h i.
  Definition spec_vm_unpin (d : den) : Prop := forall L h w, 1 <= h <= 255 -> cs B w -> vm_state w h = VM_DYING ->
    vms_ok B unfrozen L (unmade h w) ->
    (forall i, vcpu_made w h i -> is_ram B (vcpu_run w h i) /\ state w (vcpu_run w h i) = mk_state PG_PINNED h 0) ->
    (forall i j, vcpu_made w h i -> vcpu_made w h j -> vcpu_run w h i = vcpu_run w h j -> i = j) ->
    WP (d [h]) (fun r w' => r = None /\ sec B unfrozen L w' /\ vm_state w' h = VM_DYING /\
      (forall i, ~ vcpu_made w' h i) /\ forall p, unpinned h w w' p) w.

  (** The VM never runs again: it reaches nothing, has no vCPU, and its run pages are free. *)
  Definition torn_down (h : Z) (w1 w2 : world) : Prop :=
    live w1 h /\ vm_state w2 h = VM_DYING /\ (forall p, ~ reach w2 h p) /\ (forall i, ~ vcpu_made w2 h i) /\
    forall p, unpinned h w1 w2 p.
  Definition spec_call_vm_teardown (d : den) : Prop := forall h w, in_ty U64 h -> idle B w ->
    WP (d [h]) (section B (atomic (torn_down h))) w.
End Specs.
