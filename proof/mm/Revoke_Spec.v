(** * Taking leaves out of a VM's tables (kcore/mm/revoke.c): what the functions do

    A leaf is frozen first: invalid for the hardware, but it names its page still.  After the TLB
    invalidation nothing else remembers the page, and it is released: lent once less, or KServ's again. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Structure_Facts Page_Spec Walk_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition n_frozen (w : world) : Z := wrap U64 (w_mem w (obj "n_frozen" [])).

(** ** Leaves of a VM *)
Definition leaf (w : world) (h fn : Z) : Z * Z := leaf_at w (vm_root w h) fn.
Definition level (w : world) (h fn : Z) : Z := fst (leaf w h fn).
Definition desc (w : world) (h fn : Z) : Z := snd (leaf w h fn).
Definition frozen (w : world) (h fn : Z) : Prop := leaf_state (desc w h fn) = LEAF_FROZEN.
Definition slot (w : world) (h fn fn' : Z) : Prop := covered (level w h fn) fn fn'.

(** The frame after the one leaf, and how many leaves there are from [at] to [to], at most. *)
Definition next_of (lv : Z -> Z) (fn : Z) : Z := (fn / leaf_size (lv fn) + 1) * leaf_size (lv fn).
Fixpoint reaches (lv : Z -> Z) (n : nat) (at_ to : Z) : Prop :=
  to <= at_ \/ match n with O => False | S m => reaches lv m (next_of lv at_) to end.

(** After an invalidation: TLB entries of the VM come from valid leaves. *)
Definition quiet (w : world) (h : Z) : Prop :=
  forall k fn p, w_tlb w k h fn p -> frame fn /\ valid (desc w h fn).

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  Definition same_objects (w w' : world) : Prop :=
    forall c ix, structural c = true -> w_mem w' (c, ix) = w_mem w (c, ix).

  Definition spec_revoke_begin (d : den) : Prop := forall fz L w, sec B fz L w ->
    WP (d []) (fun r w' => r = None /\ sec B fz L w' /\ w' = write_cell B ("n_frozen", []) 0 w) w.
  Definition spec_revoke_pending (d : den) : Prop := forall w, cs B w ->
    WP (d []) (fun r w' => w' = w /\ r = Some (bz (negb (n_frozen w =? 0)))) w.

  (** The leaf at [fn] is frozen; nothing else changes. *)
  Definition also (w : world) (h fn : Z) (fz : Z -> Z -> Prop) : Z -> Z -> Prop :=
    fun h' fn' => fz h' fn' \/ h' = h /\ slot w h fn fn'.
  Record freezes (h fn : Z) (w w' : world) : Prop := {
    fr_objects : same_objects w w';
    fr_meta : w_meta w' = w_meta w;
    fr_in : forall fn', slot w h fn fn' -> leaf w' h fn' = (level w h fn, desc w h fn - desc w h fn mod 4);
    fr_out : forall h' fn', rooted w h' -> frame fn' -> ~ (h' = h /\ slot w h fn fn') -> leaf w' h' fn' = leaf w h' fn' }.
  Definition spec_revoke_freeze (d : den) : Prop := forall fz L h fn w, sec B fz L w -> rooted w h -> frame fn ->
    soft (desc w h fn) <> 0 -> n_frozen w < 2 ^ 64 - 1 ->
    WP (d [h; fn]) (fun r w' => r = None /\ sec B (also w h fn fz) L w' /\ freezes h fn w w' /\
      n_frozen w' = n_frozen w + 1) w.

  (** ** Release *)
  (** A frozen leaf becomes an invalid one that says [s] of its frames. *)
  Definition thaw (s : Z) (a : Z * Z) : Z * Z :=
    if leaf_state (snd a) =? LEAF_FROZEN then (fst a, invalid_desc s) else a.
  (** Pages that are lent may be lent less, down to not at all. *)
  Definition lent_less (w w' : world) (p : Z) : Prop := state w' p = state w p \/
    kind (state w p) = PG_LENT /\ (kind (state w' p) = PG_LENT \/ kind (state w' p) = PG_HOST).

  (** The frozen leaf that names a private page names one page, of a VM that lives; a block becomes UNUSED. *)
  Record may_release (w : world) (h fn s : Z) : Prop := {
    rl_private : frozen w h fn -> soft (desc w h fn) = 1 -> live w h /\ level w h fn = 3;
    rl_block : frozen w h fn -> s = 0 \/ level w h fn = 3 }.

  (** These pages forget [h] at [fn], [fn + 1], ... *)
  Definition spec_release_lent (d : den) : Prop := forall p n h fn fz L w, sec B fz L w -> in_ty U64 p -> 0 <= n <= 512 ->
    (forall i, 0 <= i < n -> is_ram B (p + i) /\ In (h, fn + i) (L (p + i)) /\ ~ names w h (fn + i) 2 (p + i)) ->
    WP (d [p; n]) (fun r w' => r = None /\ (exists L', sec B fz L' w') /\ same_objects w w' /\
      w_ram w' = w_ram w /\ w_tlb w' = w_tlb w /\ forall q, lent_less w w' q) w.

  Record release (h fn s : Z) (w w' : world) : Prop := {
    re_objects : same_objects w w';
    re_in : forall fn', slot w h fn fn' -> leaf w' h fn' = thaw s (leaf w h fn);
    re_out : forall h' fn', rooted w h' -> frame fn' -> ~ (h' = h /\ slot w h fn fn') -> leaf w' h' fn' = leaf w h' fn';
    re_private : forall p, frozen w h fn -> names w h fn 1 p -> state w' p = mk_state PG_HOST 0 0;
    re_other : forall p, ~ (frozen w h fn /\ names w h fn 1 p) -> lent_less w w' p }.
  Definition spec_release_at (d : den) : Prop := forall fz L h fn s w, sec B fz L w -> rooted w h -> frame fn ->
    quiet w h -> 0 <= s <= 2 -> may_release w h fn s ->
    WP (d [h; fn; s]) (fun r w' => exists v L', r = Some v /\ in_ty U64 v /\
      sec B (fun h' fn' => fz h' fn' /\ ~ (h' = h /\ slot w h fn fn')) L' w' /\ quiet w' h /\ release h fn s w w') w.

  (** All frozen leaves are [h]'s and between [from] and [to]. *)
  Record frozen_between (fz : Z -> Z -> Prop) (w : world) (h from to s : Z) : Prop := {
    fb_word : in_ty U64 from /\ in_ty U64 to;
    fb_end : from < to -> to <= 2 ^ 28;
    fb_steps : exists n, (n <= 600)%nat /\ reaches (level w h) n from to;
    fb_in : forall h' fn, fz h' fn -> h' = h /\ frame fn /\ exists fn', from <= fn' < to /\ slot w h fn' fn;
    fb_release : forall fn, frame fn -> fz h fn -> may_release w h fn s;
    fb_count : n_frozen w = 0 -> forall fn, ~ fz h fn }.

  (** Private page [p] had a frozen leaf. *)
  Definition freed (w : world) (h p : Z) : Prop := exists fn, frame fn /\ frozen w h fn /\ names w h fn 1 p.
  Record revoked (h s : Z) (w w' : world) : Prop := {
    rv_objects : forall c ix, structural c = true -> c <> "vms.n_lent" -> w_mem w' (c, ix) = w_mem w (c, ix);
    rv_leaf : forall h' fn, rooted w h' -> frame fn -> leaf w' h' fn = thaw s (leaf w h' fn);
    rv_private : forall p, freed w h p -> state w' p = mk_state PG_HOST 0 0;
    rv_other : forall p, ~ freed w h p -> lent_less w w' p }.
  Definition spec_revoke_finish (d : den) : Prop := forall fz L h from to s w, sec B fz L w -> rooted w h ->
    0 <= s <= 2 -> frozen_between fz w h from to s ->
    WP (d [h; from; to; s]) (fun r w' => r = None /\ (exists L', sec B unfrozen L' w') /\ revoked h s w w') w.
End Specs.
