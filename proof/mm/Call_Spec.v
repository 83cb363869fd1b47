(** * KServ's hypercalls on VMs and memory (kcore/host/call.c): the table of what they do

    One line for every call: the relation between the worlds at the beginning and the end of its section, if
    it answers KC_OK.  If it answers anything else, nothing has changed. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Vm_Spec Ram_Spec Teardown_Spec Donate_Spec
  Walk_Spec Table_Spec Loan_Spec Loan_Call_Spec Force_Spec Vcpu_Create_Spec.
From Redoubt.gen Require Consts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  (** *** What the table speaks of; the rest is named in the specifications of the single calls *)
  Definition pages_as_before (w1 w2 : world) : Prop := forall p, state w2 p = state w1 p.
  Definition created (w1 w2 : world) : Prop :=
    exists h, 1 <= h <= 255 /\ vm_state w1 h = VM_FREE /\ vm_state w2 h = VM_NEW /\ forall p, ~ reach w2 h p.
  Definition freed (h : Z) (w1 w2 : world) : Prop :=
    vm_state w1 h = VM_DYING /\ vm_state w2 h = VM_FREE /\ pages_as_before w1 w2.
  (** One page, or 2 MiB. *)
  Definition one_size (R : Z -> Prop) : Prop := exists n, (n = 1 \/ n = 512) /\ R n.

  (** Call [fid] with the arguments [a1] to [a4]. *)
  Definition memory_effect (fid a1 a2 a3 a4 : Z) (w1 w2 : world) : Prop :=
    if      fid =? Consts.KC_VM_CREATE     then created w1 w2
    else if fid =? Consts.KC_VM_RAM        then declares a1 a2 a3 w1 w2
    else if fid =? Consts.KC_VM_TABLE      then given a1 a2 w1 w2
    else if fid =? Consts.KC_VCPU_CREATE   then creates_vcpu B a1 a2 a3 a4 w1 w2
    else if fid =? Consts.KC_VM_TEARDOWN   then torn_down a1 w1 w2
    else if fid =? Consts.KC_VM_FREE       then freed a1 w1 w2
    else if fid =? Consts.KC_PAGE_RECLAIM  then reclaimed a1 a2 w1 w2
    else if fid =? Consts.KC_DONATE        then one_size (fun n => donated B a1 a2 a3 n w1 w2)
    else if fid =? Consts.KC_LEND          then one_size (fun n => lends a1 a2 a3 n w1 w2)
    else if fid =? Consts.KC_UNLEND        then exists stop, a2 <= stop <= a2 + a3 /\ unlent a1 a2 stop w1 w2
    else if fid =? Consts.KC_LEND_PROT     then reprot w1 w2
    else if fid =? Consts.KC_FORCE_RECLAIM then exists p, forced a1 a2 p w1 w2
    else if fid =? Consts.KC_VM_FLUSH      then pages_as_before w1 w2
    else False.                            (* no other number is answered with KC_OK *)

  (** Any call with any arguments, and any number that is no call. *)
  Definition spec_memory_call (d : den) : Prop := forall fid a1 a2 a3 a4 w, 0 <= cpu < 8 ->
    in_ty U64 fid -> in_ty U64 a1 -> in_ty U64 a2 -> in_ty U64 a3 -> in_ty U64 a4 -> idle B w ->
    WP (d [cpu; fid; a1; a2; a3; a4]) (fun r w' => (exists v, r = Some v /\ v <> KC_OK) /\ w' = w \/
      section B (atomic (memory_effect fid a1 a2 a3 a4)) r w') w.
End Specs.
