(** * Lending pages to VMs (kcore/mm/lend.c): what the functions do

    Lent pages stay KServ's throughout: only the count in their state changes. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Structure_Facts Page_Spec Walk_Spec Table_Spec
  Revoke_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** What a place must say for a leaf to be lent there, and what it says afterwards again. *)
Definition lend_state (w : world) (h : Z) : Z :=
  if wrap U32 (w_mem w (obj "vms.is_protected" [h])) =? 0 then LEAF_UNUSED else LEAF_SHARED.
Definition is_lent (w : world) (h fn : Z) : Prop := leaf_state (desc w h fn) = LEAF_LENT.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  Definition spec_prot_check (d : den) : Prop := forall p w, in_ty U64 p ->
    WP (d [p]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\ (v = KC_OK <-> 1 <= p <= 7)) w.
  Definition spec_min_u64 (d : den) : Prop := forall a b w, WP (d [a; b]) (fun r w' => w' = w /\ r = Some (Z.min a b)) w.

  (** ** Lending *)
  (** [h] is written down as lender of each page; its tables are as before. *)
  Record counted (h p n : Z) (w w' : world) : Prop := {
    cn_objects : forall c ix, structural c = true -> c <> "vms.n_lent" -> w_mem w' (c, ix) = w_mem w (c, ix);
    cn_ram : w_ram w' = w_ram w;
    cn_page : forall i, 0 <= i < n -> kind (state w' (p + i)) = PG_LENT;
    cn_other : forall q, ~ p <= q < p + n -> state w' q = state w q }.
  Definition spec_lend_pages (d : den) : Prop := forall h p n fn fz L w, sec B fz L w -> live w h -> 0 <= n <= 512 ->
    in_ty U64 p -> (forall i, 0 <= i < n -> free_page B 1 w (p + i)) ->
    WP (d [h; p; n]) (fun r w' => r = None /\ counted h p n w w' /\ exists L', sec B fz L' w' /\
      forall i, 0 <= i < n -> In (h, fn + i) (L' (p + i))) w.

  (** ** Taking back *)
  Definition spec_lent_at (d : den) : Prop := forall fz L h fn w, sec B fz L w -> rooted w h -> frame fn ->
    WP (d [h; fn]) (fun r w' => w' = w /\ r = Some (bz (leaf_state (desc w h fn) =? LEAF_LENT))) w.
  Definition spec_lent_cost (d : den) : Prop := forall fz L h fn w, sec B fz L w -> rooted w h -> frame fn ->
    WP (d [h; fn]) (fun r w' => w' = w /\ exists v, r = Some v /\ (v = 1 \/ v = 512)) w.

  (** Some lent leaves are frozen. *)
  Definition freeze_leaf (a : Z * Z) : Z * Z := (fst a, snd a - snd a mod 4).
  Record freezing (h : Z) (w w' : world) : Prop := {
    fg_objects : same_objects w w';
    fg_meta : w_meta w' = w_meta w;
    fg_leaf : forall h' fn, rooted w h' -> frame fn -> leaf w' h' fn = leaf w h' fn \/
      h' = h /\ is_lent w h fn /\ leaf w' h fn = freeze_leaf (leaf w h fn) }.
  Definition spec_unlend_freeze (d : den) : Prop := forall L h from to w, sec B unfrozen L w -> rooted w h ->
    0 <= from -> from <= to <= 2 ^ 28 -> n_frozen w = 0 ->
    WP (d [h; from; to]) (fun r w' => exists stop fz, r = Some stop /\ from <= stop <= to /\ sec B fz L w' /\
      frozen_between fz w' h from stop (lend_state w h) /\ freezing h w w' /\
      forall fn, from <= fn < stop -> ~ is_lent w' h fn) w.

  (** From [from] up to [stop] nothing is lent any more; every page stays KServ's. *)
  Record unlent (h from stop : Z) (w w' : world) : Prop := {
    ul_objects : forall c ix, structural c = true -> c <> "vms.n_lent" -> w_mem w' (c, ix) = w_mem w (c, ix);
    ul_leaf : forall h' fn, rooted w h' -> frame fn -> leaf w' h' fn = leaf w h' fn \/
      h' = h /\ is_lent w h fn /\ leaf w' h fn = (level w h fn, invalid_desc (lend_state w h));
    ul_none : vm_n_lent w h <> 0 -> forall fn, from <= fn < stop -> ~ is_lent w' h fn;
    ul_pages : forall p, lent_less w w' p }.
  Definition spec_unlend_range (d : den) : Prop := forall L h from to w, sec B unfrozen L w -> 1 <= h <= 255 ->
    vm_state w h <> VM_FREE -> 0 <= from -> from <= to <= 2 ^ 28 ->
    WP (d [h; from; to]) (fun r w' => exists stop, r = Some stop /\ from <= stop <= to /\
      (exists L', sec B unfrozen L' w') /\ unlent h from stop w w') w.

  (** ** Other rights *)
  (** Leaves name what they named; only rights differ. *)
  Record reprot (w w' : world) : Prop := {
    rp_objects : same_objects w w';
    rp_meta : w_meta w' = w_meta w;
    rp_leaf : forall h fn, rooted w h -> frame fn -> level w' h fn = level w h fn /\
      refines (leaf w h fn) (leaf w' h fn) fn }.
  Definition spec_prot_at (d : den) : Prop := forall L h fn a w, sec B unfrozen L w -> rooted w h -> frame fn ->
    leaf_attr 2 a ->
    WP (d [h; fn; a]) (fun r w' => (exists v, r = Some v /\ in_ty U32 v) /\ sec B unfrozen L w' /\ reprot w w') w.
  Definition spec_prot_range (d : den) : Prop := forall L h from to a w, sec B unfrozen L w -> live w h ->
    0 <= from -> from <= to <= 2 ^ 28 -> leaf_attr 2 a ->
    WP (d [h; from; to; a]) (fun r w' => exists stop, r = Some stop /\ from <= stop <= to /\ sec B unfrozen L w' /\
      reprot w w') w.
End Specs.
