(** * Declared RAM of a protected VM (kcore/mm/object.c): what the functions do *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** The ranges are in order: what [u_ram] says of VM [h]. *)
Definition ram_ok (w : world) (h : Z) : Prop := vm_n_ram w h <= 16 /\ forall i, 0 <= i < vm_n_ram w h ->
  0 < ram_size w h i /\ ram_base w h i + ram_size w h i <= 2 ^ 28.

(** Frame [fn] is in range [i]; in some range. *)
Definition in_range (w : world) (h i fn : Z) : Prop :=
  0 <= i < vm_n_ram w h /\ ram_base w h i <= fn < ram_base w h i + ram_size w h i.
Definition declared (w : world) (h fn : Z) : Prop := exists i, in_range w h i fn.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  Definition spec_ipa_range_ok (d : den) : Prop := forall ipa n w, in_ty U64 ipa -> in_ty U64 n ->
    WP (d [ipa; n]) (fun r w' => w' = w /\ exists v, r = Some v /\
      (v = 1 /\ 0 < n /\ ipa + n <= 2 ^ 28 \/ v = 0 /\ ~ (0 < n /\ ipa + n <= 2 ^ 28))) w.

  (** The end of the range, or 0. *)
  Definition spec_ram_end (d : den) : Prop := forall h ipa w, 0 <= h <= 255 -> in_ty U64 ipa ->
    ram_ok w h -> cs B w ->
    WP (d [h; ipa]) (fun r w' => w' = w /\ exists v, r = Some v /\
      (v = 0 /\ ~ declared w h ipa \/
       exists i, in_range w h i ipa /\ v = ram_base w h i + ram_size w h i)) w.

  (** The lowest start of a range above [ipa]. *)
  Definition spec_ram_next (d : den) : Prop := forall h ipa w, 0 <= h <= 255 -> in_ty U64 ipa ->
    ram_ok w h -> cs B w ->
    WP (d [h; ipa]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_NO_PFN \/ ipa < v /\ exists i, 0 <= i < vm_n_ram w h /\ v = ram_base w h i) /\
      forall i, 0 <= i < vm_n_ram w h -> ipa < ram_base w h i -> v <= ram_base w h i) w.

  Definition spec_ram_meets (d : den) : Prop := forall h ipa n w, 0 <= h <= 255 -> 0 <= ipa -> 0 < n ->
    ipa + n <= 2 ^ 28 -> ram_ok w h -> cs B w ->
    WP (d [h; ipa; n]) (fun r w' => w' = w /\ exists v, r = Some v /\
      (v = 1 /\ (exists fn, ipa <= fn < ipa + n /\ declared w h fn) \/
       v = 0 /\ forall fn, ipa <= fn < ipa + n -> ~ declared w h fn)) w.
End Specs.
