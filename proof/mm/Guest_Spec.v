(** * What a protected VM says about its memory (kcore/mm/guest.c): what the functions do

    The VM lives: a vCPU of it is loaded.  Only what the VM reaches or declared is looked at or changed. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Object_Spec Walk_Spec Revoke_Spec Force_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** IPA_* and KC_FAULT_*, FAULT_* of a leaf's state. *)
Definition IPA_EMPTY := 0. Definition IPA_RAM := 1. Definition IPA_DESTROYED := 2.
Definition ipa_kind_of (s : Z) : Z :=
  if (s =? LEAF_SHARED) || (s =? LEAF_LENT) then IPA_EMPTY else if s =? LEAF_DESTROYED then IPA_DESTROYED else IPA_RAM.
Definition fault_of (s : Z) : Z :=
  if s =? LEAF_UNUSED then 1 else if s =? LEAF_SHARED then 2 else if s =? LEAF_DESTROYED then 4 else 5.
Definition FAULT_MMIO := 3.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  (** The end of what one call may do: inside declared RAM and one 2 MiB block. *)
  Definition spec_guest_limit (d : den) : Prop := forall L h fn to w, sec B unfrozen L w -> live w h ->
    in_ty U64 fn -> in_ty U64 to ->
    WP (d [h; fn; to]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = fn /\ (~ declared w h fn \/ to <= fn) \/ fn < v <= to /\ v <= 2 ^ 28 /\ v <= (fn / 512 + 1) * 512 /\
        forall f, fn <= f < v -> declared w h f))
        w.

  Definition kind_at (w : world) (h fn : Z) : Z := ipa_kind_of (leaf_state (desc w h fn)).
  Definition spec_ipa_kind (d : den) : Prop := forall L h fn w, sec B unfrozen L w -> rooted w h -> frame fn ->
    WP (d [h; fn]) (fun r w' => w' = w /\ r = Some (kind_at w h fn)) w.
  (** The run of one kind that starts at [fn]. *)
  Definition spec_ipa_run (d : den) : Prop := forall L h fn limit w, sec B unfrozen L w -> rooted w h ->
    0 <= fn < limit -> limit <= 2 ^ 28 -> limit - fn <= 512 ->
    WP (d [h; fn; limit; kind_at w h fn]) (fun r w' => w' = w /\ exists v, r = Some v /\ fn < v <= limit /\
      (forall f, fn <= f < v -> kind_at w h f = kind_at w h fn) /\
      (v = limit \/ kind_at w h v <> kind_at w h fn)) w.

  Definition spec_fault_kind (d : den) : Prop := forall L h fn w, sec B unfrozen L w -> live w h -> frame fn ->
    WP (d [h; fn]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = FAULT_MMIO /\ ~ declared w h fn \/ v = fault_of (leaf_state (desc w h fn)) /\ declared w h fn)) w.

  (** A store into a private page of the VM whose vCPU this CPU has loaded, and nowhere else. *)
  Definition spec_guest_store_locked (d : den) : Prop := forall L h fn i x w, sec B unfrozen L w -> live w h ->
    has cpu w [h] -> frame fn ->
    0 <= i < 512 -> in_ty U64 x ->
    WP (d [h; fn; i; x]) (fun r w' => exists v, r = Some v /\ in_ty U64 v /\ sec B unfrozen L w' /\
      (v <> KC_OK /\ w' = w \/
       v = KC_OK /\ exists p, state w p = mk_state PG_VM h fn /\ w' = write_word B p i x w)) w.
End Specs.
