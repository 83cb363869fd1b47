(** * Arguments of the calls that make a leaf (kcore/mm/leaf.h) *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Page_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  Definition spec_order_pages (d : den) : Prop := forall o w, in_ty U64 o ->
    WP (d [o]) (fun r w' => w' = w /\ exists n, r = Some n /\ (n = 1 \/ n = 512 \/ n = 0)) w.

  (** A leaf of [n] pages may translate [ipa] to [pfn]. *)
  Definition fits_leaf (ipa pfn n : Z) : Prop :=
    (n = 1 \/ n = 512) /\ ipa + n <= 2 ^ 28 /\ ipa mod n = 0 /\ pfn mod n = 0.
  Definition spec_leaf_check (d : den) : Prop := forall ipa pfn n w, in_ty U64 ipa -> in_ty U64 pfn ->
    n = 1 \/ n = 512 \/ n = 0 ->
    WP (d [ipa; pfn; n]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> fits_leaf ipa pfn n)) w.
End Specs.
