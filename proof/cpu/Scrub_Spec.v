(** * Before the machine ends (kcore/host/scrub.c): what the functions do

    Memory keeps its content over a reset.  Nothing of a VM is in it when firmware is asked for one, and nothing comes
    back: no vCPU is loaded, so no CPU runs a VM or holds its registers, and no VM has translations any more. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Vm_Spec.
From Redoubt.cpu Require Import Own_Kept.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** No CPU has a vCPU loaded. *)
Definition resting (w : world) : Prop := forall h i, token w h i = 0.
(** Page [p] is no VM's, or zero. *)
Definition clean (w : world) (p : Z) : Prop := forall h, owner_of (state w p) = Vm h -> zeroed w p.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  (** With the lock; no VM lives besides, and with its life its translations have ended ([i_dead]). *)
  Record stopped (w : world) : Prop := {
    so_cs : cs B w;
    so_rest : resting w;
    so_dead : forall h, ~ live w h }.

  Definition spec_vms_loaded (d : den) : Prop := forall L w, sec B unfrozen L w ->
    WP (d []) (fun r w' => w' = w /\ (r = Some 1 \/ r = Some 0 /\ resting w)) w.
  Definition spec_vms_disconnect (d : den) : Prop := forall w, cs B w -> resting w ->
    WP (d []) (fun r w' => r = None /\ stopped w') w.
  Definition spec_region_scrub (d : den) : Prop := forall i w, 0 <= i < b_n B -> stopped w ->
    WP (d [i]) (fun r w' => r = None /\ stopped w' /\ (forall p, clean w p -> clean w' p) /\
      forall p, b_base B i <= p < b_base B i + b_size B i -> clean w' p) w.

  (** 0: refused, and nothing of this CPU's has changed.  1: nothing of a VM is left, and the lock is kept. *)
  Definition spec_scrub_all (d : den) : Prop := forall w, idle B w ->
    WP (d []) (fun r w' => r = Some 0 /\ own_kept cpu w w' /\ idle B w' \/ r = Some 1 /\ stopped w' /\ scrubbed B w') w.
End Specs.
