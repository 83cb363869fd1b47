(** * Declaring RAM of a protected VM (kcore/vm/vm.c): what the functions do *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Object_Spec Vm_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  (** The VM may get RAM at [ipa], [n] pages: it is protected, has not run, and has no RAM there. *)
  Definition may_declare (w : world) (h ipa n : Z) : Prop :=
    1 <= h <= 255 /\ vm_state w h = VM_NEW /\ protected w h /\ vm_n_ram w h < 16 /\
    forall fn, ipa <= fn < ipa + n -> ~ declared w h fn.

  Definition spec_ram_check_new (d : den) : Prop := forall h ipa n w, in_ty U64 h -> 0 <= ipa -> 0 < n ->
    ipa + n <= 2 ^ 28 -> cs B w -> vcpus_ok B w ->
    WP (d [h; ipa; n]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> may_declare w h ipa n)) w.

  (** Exactly these frames of this VM are declared in addition. *)
  Definition declares (h ipa n : Z) (w1 w2 : world) : Prop :=
    0 <= ipa /\ 0 < n /\ ipa + n <= 2 ^ 28 /\ may_declare w1 h ipa n /\
    (forall fn, declared w2 h fn <-> declared w1 h fn \/ ipa <= fn < ipa + n) /\
    (forall h' fn, h' <> h -> declared w2 h' fn <-> declared w1 h' fn) /\
    forall p, state w2 p = state w1 p.
  Definition spec_call_vm_ram (d : den) : Prop := forall h ipa n w, in_ty U64 h -> in_ty U64 ipa -> in_ty U64 n ->
    idle B w ->
    WP (d [h; ipa; n]) (fun r w' => r = Some KC_EINVAL /\ w' = w \/ section B (atomic (declares h ipa n)) r w') w.
End Specs.
