(** * Words: page states and descriptors (kcore/mm/page.h, desc.h)

    The values that the one-line functions of KCore compute, as arithmetic: no mask or shift appears beyond
    this file.  Which function computes which is in [Verified.func_specs]. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits.
From Redoubt.machine Require Import State.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** A page state word; [kind], [handle] and [arg] are its fields. *)
Definition mk_state (k h a : Z) : Z := k + h * 16 + a * 2 ^ 20.

Definition table_desc (t : Z) : Z := t * 4096 + 3.
Definition page_desc (p a : Z) : Z := p * 4096 + a + 3.
Definition block_desc (p a : Z) : Z := p * 4096 + a + 1.
Definition invalid_desc (s : Z) : Z := s * 4.

(** Attributes: bits outside the address (47:12) and the type (1:0). *)
Definition attributes (a : Z) : Prop := 0 <= a < 2 ^ 64 /\ a mod 4 = 0 /\ a / 2 ^ 12 mod 2 ^ 36 = 0.
Definition ATTR_HOST := 2044.

Definition desc_attr_of (d : Z) : Z := d - d / 2 ^ 12 mod 2 ^ 28 * 2 ^ 12 - d mod 4.

Section Specs.
  Context {W : Type} (C : contract W).

  (** A function of its arguments alone. *)
  Definition computes (d : den) (args : list Z) (v : Z) : Prop :=
    forall w, wp C (d args) (fun r w' => w' = w /\ r = Some v) w.
  Definition unary (f : Z -> Z) (d : den) : Prop := forall x, in_ty U64 x -> computes d [x] (f x).
End Specs.
