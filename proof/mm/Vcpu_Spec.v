(** * vCPUs (kcore/vm/vcpu.c, vcpu_reset.c): what the functions do *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** The context page of a protected VM's vCPU *)
(** Reset state: PSTATE is EL1h with D A I F masked, the MMU and caches are off, MPIDR names the vCPU; every
    other register is zero (kcore/include/kcore/abi.h: CTX_PSTATE, CTX_SCTLR, CTX_MPIDR). *)
Definition CTX_WORDS := 128. Definition CTX_PC := 31.
Definition reset_word (i j : Z) : Z :=
  if j =? 32 then 965 else if j =? 37 then 818939904 else if j =? 58 then 2 ^ 31 + i else 0.

(** Only the content of page [p] changes, and of pages that KServ or a VM reach, who write to them. *)
Record touched (p : Z) (w w' : world) : Prop := {
  to_held : w_held w' = w_held w;
  to_mem : w_mem w' = w_mem w;
  to_meta : w_meta w' = w_meta w;
  to_ram : forall q i, q <> p -> ~ reached w q -> ~ inhabited w q -> w_ram w' q i = w_ram w q i;
  to_walk : forall h l fn t, w_walk w' h l fn t <-> w_walk w h l fn t;
  to_tlb : forall k h fn q, w_tlb w' k h fn q <-> w_tlb w k h fn q }.

(** A page for the registers of a protected VM's vCPU. *)
Record context (B : board) (w : world) (p : Z) : Prop := {
  cx_ram : is_ram B p;
  cx_kind : kind (state w p) = PG_CTX;
  cx_unused : ~ used w p;
  cx_free : ~ in_use w p }.                     (* no CPU has it, or its vCPU is off *)

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  Definition spec_vcpu_reset (d : den) : Prop := forall h i w, 0 <= h <= 255 -> 0 <= i < 16 ->
    context B w (vcpu_ctx w h i) -> cs B w ->
    WP (d [h; i]) (fun r w' => r = None /\ cs B w' /\ touched (vcpu_ctx w h i) w w' /\
      forall j, 0 <= j < CTX_WORDS -> word w' (vcpu_ctx w h i) j = reset_word i j) w.

  (** The boot vCPU starts where its run page says: five registers, each read once. *)
  Definition spec_vcpu_boot (d : den) : Prop := forall ctx run w, context B w ctx -> readable B w run -> cs B w ->
    WP (d [ctx; run]) (fun r w' => r = None /\ cs B w' /\ touched ctx w w' /\
      forall j, j <> CTX_PC -> ~ 0 <= j < 4 -> word w' ctx j = word w ctx j) w.
End Specs.
