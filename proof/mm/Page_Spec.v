(** * States of physical pages (kcore/mm/page.c): what the functions do *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition KC_OK := 0.      Definition KC_EINVAL := 1. Definition KC_EPERM := 2.  Definition KC_ENOENT := 3.
Definition KC_EBUSY := 4.   Definition KC_ENOMEM := 5. Definition KC_EEXIST := 6. Definition KC_ESTATE := 7.
Definition KC_NO_PFN := 18446744073709551615.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  (** Without the lock: the machine is secure, and the constants are known. *)
  Record known (w : world) : Prop := { kn_secure : secure B w; kn_constants : constants B w }.

  (** The region of a frame, or 8. *)
  Definition spec_region_find (d : den) : Prop := forall p w, in_ty U64 p -> known w ->
    WP (d [p]) (fun r w' => w' = w /\ exists i, r = Some i /\
      (0 <= i < b_n B /\ b_base B i <= p < b_base B i + b_size B i \/ i = 8 /\ ~ is_ram B p)) w.

  Definition spec_ram_check (d : den) : Prop := forall p w, in_ty U64 p -> known w ->
    WP (d [p]) (fun r w' => w' = w /\ exists v, r = Some v /\ (v = 1 /\ is_ram B p \/ v = 0 /\ ~ is_ram B p)) w.

  (** All of these frames are RAM, of one region. *)
  Definition spec_ram_check_range (d : den) : Prop := forall p n w, in_ty U64 p -> in_ty U64 n -> known w ->
    WP (d [p; n]) (fun r w' => w' = w /\ exists v, r = Some v /\
      (v = 0 \/ v = 1 /\ forall i, 0 <= i < n -> is_ram B (p + i))) w.

  (** The page may get state [s]: what is reached now is still allowed then. *)
  Record may_set (w : world) (p s : Z) : Prop := {
    ms_ram : is_ram B p;
    ms_word : in_ty U64 s;
    ms_core : kind (state w p) <> PG_CORE;
    ms_unused : ~ used w p;
    ms_vacant : ~ housed w p;                     (* no CPU has it *)
    ms_allowed : forall k h fn, w_tlb w k h fn p -> allowed B (set_meta p s w) h fn p;
    ms_owner : may_change w p s }.

  (** Only the state of page [p] changes. *)
  Definition spec_page_put (d : den) : Prop := forall p s w, cs B w -> may_set w p s ->
    WP (d [p; s]) (fun r w' => r = None /\ cs B w' /\ state w' p = s /\
      evolves B [] (eq p) w w' /\ w_ram w' = w_ram w /\ w_walk w' = w_walk w /\ w_tlb w' = w_tlb w) w.
  (** Two counters change. *)
  Definition spec_page_count (d : den) : Prop := forall a b n w, cs B w -> 0 <= a < 16 -> 0 <= b < 16 -> in_ty U64 n ->
    WP (d [a; b; n]) (fun r w' => r = None /\ cs B w' /\ evolves B ["n_kind"] no_page w w' /\
      exists i j x y, w' = write_cell B ("n_kind", [j]) y (write_cell B ("n_kind", [i]) x w)) w.
  Definition spec_page_set (d : den) : Prop := forall p s w, cs B w -> may_set w p s ->
    WP (d [p; s]) (fun r w' => r = None /\ cs B w' /\ state w' p = s /\
      evolves B ["n_kind"] (eq p) w w' /\ w_ram w' = w_ram w /\ w_walk w' = w_walk w /\ w_tlb w' = w_tlb w) w.

  (** May KServ give these pages away?  A page that is lent already may be lent once more: there is room
      to count it. *)
  Definition free_page (lent_ok : Z) (w : world) (p : Z) : Prop :=
    is_ram B p /\ (kind (state w p) = PG_HOST \/
      kind (state w p) = PG_LENT /\ lent_ok <> 0 /\ arg (state w p) < 2 ^ 36 - 1).
  Definition spec_page_check_one (d : den) : Prop := forall p l w, is_ram B p -> cs B w ->
    WP (d [p; l]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> free_page l w p)) w.
  Definition spec_page_check (d : den) : Prop := forall p n l w, in_ty U64 p -> 0 <= n <= 512 -> cs B w ->
    WP (d [p; n; l]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> forall i, 0 <= i < n -> free_page l w (wrap U64 (p + i)))) w.
End Specs.
