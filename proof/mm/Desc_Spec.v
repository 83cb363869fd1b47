(** * Words: page states and descriptors (kcore/mm/page.h, desc.h)

    The one-line functions of KCore, as arithmetic.  No mask or shift appears beyond this file. *)
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

  Definition desc_spec (f : ident) (d : den) : Prop :=
    if String.eqb f "word_make" then
      forall k h a, 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
        computes d [k; h; a] (mk_state k h a)
    else if String.eqb f "word_kind" then unary kind d
    else if String.eqb f "word_handle" then unary handle d
    else if String.eqb f "word_arg" then unary arg d
    else if String.eqb f "word_is_hosts" then
      unary (fun s => bz ((1 <=? kind s) && (kind s <=? 3))) d
    else if String.eqb f "desc_valid" then unary (fun d => d mod 2) d
    else if String.eqb f "desc_is_table" then unary (fun d => bz (d mod 4 =? 3)) d
    else if String.eqb f "desc_is_block" then unary (fun d => bz (d mod 4 =? 1)) d
    else if String.eqb f "desc_pfn" then unary (fun d => d / 2 ^ 12 mod 2 ^ 28) d
    else if String.eqb f "desc_attr" then unary desc_attr_of d
    else if String.eqb f "desc_table" then
      forall p, 0 <= p < 2 ^ 28 -> computes d [p] (table_desc p)
    else if String.eqb f "desc_page" then
      forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes d [p; a] (page_desc p a)
    else if String.eqb f "desc_block" then
      forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes d [p; a] (block_desc p a)
    else if String.eqb f "desc_invalid" then
      forall s, 0 <= s < 4 -> computes d [s] (invalid_desc s)
    else if String.eqb f "desc_freeze" then unary (fun d => d - d mod 4) d
    else if String.eqb f "desc_state_bits" then unary (fun d => d / 4 mod 4) d
    else if String.eqb f "idx_l1_page" then unary (fun fn => fn / 2 ^ 27 mod 2) d
    else if String.eqb f "idx_l1" then unary (index 1) d
    else if String.eqb f "idx_l2" then unary (index 2) d
    else if String.eqb f "idx_l3" then unary (index 3) d
    else if String.eqb f "fn_block" then unary (fun fn => fn / 512 * 512) d
    else True.
End Specs.
