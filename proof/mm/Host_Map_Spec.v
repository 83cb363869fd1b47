(** * Does KServ's stage 2 map a frame? (kcore/mm/host.c: host_maps): what the function does *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Vm_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).

  (** The walk of KServ's tables at the frame ends at a valid descriptor. *)
  Definition host_mapped (w : world) (p : Z) : Prop := frame p /\ valid (snd (leaf_at w (b_root B) p)).

  (** 1 if KServ's tables mapped the frame when the function looked, with the lock; 0 if they did not.  The CPU's own
      cells, its registers among them, are as before. *)
  Definition spec_host_maps (d : den) : Prop := forall p w, in_ty U64 p -> idle B w ->
    wp (kcore B cpu (mem_inv B)) (d [p]) (fun r w' => idle B w' /\
      (forall l, class_of (fst l) = Percpu -> of_cpu cpu l -> w_mem w' l = w_mem w l) /\ exists v, r = Some v /\ (v = 0 \/ v = 1) /\
      (v = 0 /\ ~ frame p \/ exists w1, locked B w1 /\ (v = 1 <-> host_mapped w1 p))) w.
End Specs.
