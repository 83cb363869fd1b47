(** * Change of owner (kcore/mm/own.c): what the functions do *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  (** What changes beside page [p]: counters. *)
  Definition moves (p : Z) := evolves B ["n_kind"; "vms.n_pages"] (eq p).

  (** KServ's page becomes a zero page that KCore uses for VM h, of one of two kinds; nobody reaches it. *)
  Definition spec_own_take_core (d : den) : Prop := forall h p k w, 1 <= h <= 255 -> is_ram B p ->
    k = PG_VMCORE \/ k = PG_CTX -> kind (state w p) = PG_HOST -> cs B w ->
    WP (d [h; p; k]) (fun r w' => r = None /\ cs B w' /\ state w' p = mk_state k h 0 /\
      isolated w' p /\ zeroed w' p /\ moves p w w') w.

  (** A VM's page that nobody reaches becomes KServ's, zero, and is mapped again. *)
  Definition spec_own_return (d : den) : Prop := forall h p w, 0 <= h <= 255 -> is_ram B p ->
    kind (state w p) = PG_VM \/ kind (state w p) = PG_VMCORE \/ kind (state w p) = PG_CTX -> isolated w p -> ~ housed w p -> cs B w ->
    WP (d [h; p]) (fun r w' => r = None /\ cs B w' /\ state w' p = mk_state PG_HOST 0 0 /\
      moves p w w') w.
End Specs.
