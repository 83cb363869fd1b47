(** * A protected VM shares memory and takes it back (kcore/mm/guest.c): what the functions do

    One call stays inside one range of declared RAM and one 2 MiB block ([guest_limit]); to a protected
    VM only single pages are lent, and a private block is split before one of its pages is frozen, so
    every frozen leaf is one page. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Structure_Facts Page_Spec Object_Spec Walk_Spec
  Revoke_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition leaf_says (w : world) (h fn : Z) : Z := leaf_state (desc w h fn).

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  (** One page, at level 3. *)
  Definition one (h fn : Z) (fz : Z -> Z -> Prop) : Z -> Z -> Prop := fun h' f => fz h' f \/ h' = h /\ f = fn.
  (** What is kept while the VM's leaves change: objects but the pool, states of pages. *)
  Record keeps (w w' : world) : Prop := {
    kp_mem : forall c ix, structural c = true -> c <> "vms.pool" -> c <> "vms.n_pool" ->
      w_mem w' (c, ix) = w_mem w (c, ix);
    kp_meta : w_meta w' = w_meta w }.

  (** Its place says UNUSED or PRIVATE afterwards, or it waits for its release. *)
  Definition spec_unshare_at (d : den) : Prop := forall fz L h fn w, sec B fz L w -> live w h -> protected w h ->
    frame fn -> n_frozen w < 2 ^ 64 - 1 ->
    WP (d [h; fn]) (fun r w' => keeps w w' /\ exists v, r = Some v /\
      (v = KC_EPERM /\ w' = w \/
       v = KC_OK /\ (forall h' f, rooted w h' -> frame f -> level w' h' f = level w h' f /\
           (~ (h' = h /\ slot w h fn f) -> leaf_says w' h' f = leaf_says w h' f)) /\
         (leaf_says w' h fn <> LEAF_SHARED /\ leaf_says w' h fn <> LEAF_LENT) /\
         (sec B fz L w' /\ n_frozen w' = n_frozen w \/
          sec B (one h fn fz) L w' /\ n_frozen w' = n_frozen w + 1 /\ level w' h fn = 3))) w.

  (** Its place says SHARED or LENT afterwards, or it waits for its release. *)
  Definition spec_share_at (d : den) : Prop := forall fz L h fn w, sec B fz L w -> live w h -> protected w h ->
    frame fn -> n_frozen w < 2 ^ 64 - 1 -> (forall f, fz h f -> level w h f = 3 /\ f <> fn) ->
    WP (d [h; fn]) (fun r w' => keeps w w' /\ exists v, r = Some v /\
      ((v = KC_EPERM \/ v = KC_ENOMEM) /\ w' = w \/
       v = KC_OK /\ (forall h' f, rooted w h' -> frame f -> ~ (h' = h /\ f = fn) -> leaf_says w' h' f = leaf_says w h'
         f) /\
         (w' = w \/ table_at w' (vm_root w' h) 3 fn <> None) /\
         (leaf_says w' h fn = LEAF_SHARED \/ leaf_says w' h fn = LEAF_LENT \/ leaf_says w' h fn = LEAF_FROZEN) /\
         (sec B fz L w' /\ n_frozen w' = n_frozen w \/
          sec B (one h fn fz) L w' /\ n_frozen w' = n_frozen w + 1 /\ level w' h fn = 3))) w.

  (** Pages that were private there are KServ's again, others stay what they are. *)
  Definition private_between (w : world) (h from stop p : Z) : Prop :=
    exists f, from <= f < stop /\ state w p = mk_state PG_VM h f.
  Record ranged (h from to stop : Z) (w w' : world) : Prop := {
    ra_stop : stop = from \/ from < stop <= to /\ forall f, from <= f < stop -> declared w h f;
    ra_pages : forall p, ~ private_between w h from stop p -> lent_less w w' p }.

  Definition spec_unshare_range (d : den) : Prop := forall L h from to w, 0 <= cpu < 8 -> sec B unfrozen L w -> live w
    h ->
    protected w h -> in_ty U64 from -> in_ty U64 to ->
    WP (d [cpu; h; from; to]) (fun r w' => exists v stop, r = Some v /\ (v = KC_OK \/ v = KC_EPERM) /\
      (exists L', sec B unfrozen L' w') /\ ranged h from to stop w w' /\ w_mem w' (obj "pcpu.res1" [cpu]) = stop /\
      forall f, from <= f < stop -> leaf_says w' h f <> LEAF_SHARED /\ leaf_says w' h f <> LEAF_LENT) w.
  Definition spec_share_range (d : den) : Prop := forall L h from to w, 0 <= cpu < 8 -> sec B unfrozen L w -> live w h
    ->
    protected w h -> in_ty U64 from -> in_ty U64 to ->
    WP (d [cpu; h; from; to]) (fun r w' => exists v stop, r = Some v /\ (v = KC_OK \/ v = KC_ENOMEM) /\
      (exists L', sec B unfrozen L' w') /\ ranged h from to stop w w' /\ w_mem w' (obj "pcpu.res1" [cpu]) = stop /\
      forall f, from <= f < stop -> leaf_says w' h f = LEAF_SHARED \/ leaf_says w' h f = LEAF_LENT) w.
End Specs.
