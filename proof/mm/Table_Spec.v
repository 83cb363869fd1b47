(** * Building a VM's stage 2 (kcore/mm/table.c): what the functions do

    Making a table changes how leaves are stored, not what they say ([refines]); mapping adds the new
    pages, and nothing else ([slot_map]). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Walk_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Attributes of leaves *)
Definition ATTR_PRIVATE := ATTR_HOST + 2 ^ 55.
(** What a leaf that lends has: [prot] is a set of KC_PROT_R (1), KC_PROT_W (2), KC_PROT_X (4). *)
Definition lent_attr (prot : Z) : Z :=
  15 * 4 + prot mod 4 * 2 ^ 6 + 3 * 2 ^ 8 + 2 ^ 10 + (1 - prot / 4) * 2 ^ 54 + 2 ^ 56.
(** Another protection for a leaf: its address and type stay. *)
Definition desc_with (d a : Z) : Z := d / 2 ^ 12 mod 2 ^ 28 * 2 ^ 12 + a + d mod 4.
Definition leaf_attr (s a : Z) : Prop := attributes a /\ soft a = s.

(** ** How a leaf is stored *)
(** [b] says of frame [fn] what [a] says; levels may differ. *)
Definition refines (a b : Z * Z) (fn : Z) : Prop :=
  soft (snd b) = soft (snd a) /\ snd b mod 2 = snd a mod 2 /\
  (soft (snd a) = 0 -> snd b = snd a) /\
  (soft (snd a) <> 0 -> leaf_frame (fst b) (snd b) fn = leaf_frame (fst a) (snd a) fn).

(** Tables that are missing for a leaf at [fn], 1 page or 512. *)
Definition need2 (w : world) (h fn : Z) : Z :=
  match table_at w (vm_root w h) 2 fn with None => 1 | Some _ => 0 end.
Definition need3 (w : world) (h fn : Z) : Z :=
  match table_at w (vm_root w h) 2 fn with
  | None => 2
  | Some _ => match table_at w (vm_root w h) 3 fn with None => 1 | Some _ => 0 end
  end.

(** The place of a leaf of [n] pages is free, in state [s], and there are tables enough. *)
Definition slot_free (w : world) (h fn n s : Z) : Prop :=
  n = 512 /\ s = LEAF_UNUSED /\ fst (leaf_at w (vm_root w h) fn) <> 3 /\ snd (leaf_at w (vm_root w h) fn) = 0 /\
    need2 w h fn <= vm_n_pool w h \/
  n = 1 /\ snd (leaf_at w (vm_root w h) fn) = invalid_desc s /\ need3 w h fn <= vm_n_pool w h.

(** What the functions leave alone, beside the tables themselves. *)
Record grows (w w' : world) : Prop := {
  g_held : w_held w' = w_held w;
  g_mem : forall c ix, c <> "vms.pool" -> c <> "vms.n_pool" -> w_mem w' (c, ix) = w_mem w (c, ix);
  g_meta : w_meta w' = w_meta w }.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  Definition spec_table_check (d : den) : Prop := forall fz h fn w,
    cs B w -> tables_ok B fz w -> rooted w h -> frame fn ->
    WP (d [h; fn]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK /\ need3 w h fn <= vm_n_pool w h \/ v = KC_ENOMEM /\ vm_n_pool w h < need3 w h fn)) w.

  (** A page of the pool, zero, is the pool's no more: it is no table, and nobody uses it. *)
  Record spare (w : world) (h p : Z) : Prop := {
    sp_ram : is_ram B p;
    sp_state : state w p = mk_state PG_VMCORE h 0;
    sp_table : forall l fn, frame fn -> table_at w (vm_root w h) l fn <> Some p;
    sp_pool : forall l, pool_of B w h l -> ~ In p l }.
  Definition same_leaves (w w' : world) : Prop := forall h l fn, rooted w h -> frame fn ->
    table_at w' (vm_root w h) l fn = table_at w (vm_root w h) l fn /\
    leaf_at w' (vm_root w h) fn = leaf_at w (vm_root w h) fn.
  Definition spec_pool_get (d : den) : Prop := forall fz L h w, sec B fz L w -> live w h -> vm_n_pool w h <> 0 ->
    WP (d [h]) (fun r w' => exists p, r = Some p /\ sec B fz L w' /\ spare w' h p /\ zeroed w' p /\
      vm_n_pool w' h = vm_n_pool w h - 1 /\ same_leaves w w' /\ grows w w') w.

  (** A table that is not linked gets the 512 pages of block [x]. *)
  Definition spec_table_fill (d : den) : Prop := forall fz L h n x w, sec B fz L w -> live w h -> spare w h n ->
    in_ty U64 x -> output x < 2 ^ 28 -> output x mod 512 = 0 ->
    WP (d [n; x]) (fun r w' => r = None /\ sec B fz L w' /\ spare w' h n /\
      w_held w' = w_held w /\ w_mem w' = w_mem w /\ w_meta w' = w_meta w /\
      (forall q j, q <> n -> word w' q j = word w q j) /\
      forall j, 0 <= j < 512 -> word w' n j = page_desc (output x + j) (desc_attr_of x)) w.

  (** The level-2 table of [fn] is there afterwards. *)
  Definition spec_table_make_l2 (d : den) : Prop := forall fz L h fn w, sec B fz L w -> live w h -> frame fn ->
    need2 w h fn <= vm_n_pool w h ->
    WP (d [h; fn]) (fun r w' => exists t, r = Some t /\ sec B fz L w' /\ grows w w' /\
      table_at w' (vm_root w h) 2 fn = Some t /\ vm_n_pool w' h = vm_n_pool w h - need2 w h fn /\
      table_at w' (vm_root w h) 3 fn = table_at w (vm_root w h) 3 fn /\
      forall h' fn', rooted w h' -> frame fn' ->
        refines (leaf_at w (vm_root w h') fn') (leaf_at w' (vm_root w h') fn') fn') w.

  (** The level-3 table of [fn] is there afterwards; a block on the way is split.  (Not a frozen one.) *)
  Definition spec_table_make_l3 (d : den) : Prop := forall fz L h fn w, sec B fz L w -> live w h -> frame fn ->
    need3 w h fn <= vm_n_pool w h ->
    (fst (leaf_at w (vm_root w h) fn) = 2 -> soft (snd (leaf_at w (vm_root w h) fn)) <> 0 ->
     valid (snd (leaf_at w (vm_root w h) fn))) ->
    WP (d [h; fn]) (fun r w' => exists t, r = Some t /\ sec B fz L w' /\ grows w w' /\
      table_at w' (vm_root w h) 3 fn = Some t /\ fst (leaf_at w' (vm_root w h) fn) = 3 /\
      forall h' fn', rooted w h' -> frame fn' ->
        refines (leaf_at w (vm_root w h') fn') (leaf_at w' (vm_root w h') fn') fn') w.

  Definition spec_slot_check_block (d : den) : Prop := forall fz h fn s w,
    cs B w -> tables_ok B fz w -> rooted w h -> frame fn -> 0 <= s <= 2 ->
    WP (d [h; fn; s]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> slot_free w h fn 512 s)) w.
  Definition spec_slot_check (d : den) : Prop := forall fz h fn n s w,
    cs B w -> tables_ok B fz w -> rooted w h -> frame fn -> n = 1 \/ n = 512 -> 0 <= s <= 2 ->
    WP (d [h; fn; n; s]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> slot_free w h fn n s)) w.

  (** The pages [p], ... [p + n - 1] may be leaves of VM [h] at [fn], with software bits [s]. *)
  Record may_map (L : Z -> list (Z * Z)) (w : world) (h fn p n s : Z) : Prop := {
    mm_order : n = 1 \/ n = 512;
    mm_frame : 0 <= fn /\ fn + n <= 2 ^ 28 /\ fn mod n = 0;
    mm_pfn : 0 <= p /\ p + n <= 2 ^ 28 /\ p mod n = 0;
    mm_soft : s = 1 \/ s = 2;
    mm_block : n = 512 -> s = 2 -> ~ protected w h;
    mm_private : s = 1 -> forall i, 0 <= i < n -> is_ram B (p + i) /\ state w (p + i) = mk_state PG_VM h (fn + i);
    mm_lent : s = 2 -> forall i, 0 <= i < n ->
      is_ram B (p + i) /\ kind (state w (p + i)) = PG_LENT /\ In (h, fn + i) (L (p + i)) }.
  (** The new pages are named in addition, and nothing else changes what it names. *)
  Definition spec_slot_map (d : den) : Prop := forall fz L h fn p n s a st w, sec B fz L w -> live w h ->
    may_map L w h fn p n s -> leaf_attr s a -> 0 <= st <= 2 -> slot_free w h fn n st ->
    WP (d [h; fn; p; n; a]) (fun r w' => r = None /\ sec B fz L w' /\ grows w w' /\
      forall h' fn', rooted w h' -> frame fn' ->
        if (h' =? h) && (fn <=? fn') && (fn' <? fn + n)
        then exists l d, leaf_at w' (vm_root w h) fn' = (l, d) /\ soft d = s /\ valid d /\ leaf_frame l d fn' = p + (fn' - fn)
        else refines (leaf_at w (vm_root w h') fn') (leaf_at w' (vm_root w h') fn') fn') w.
End Specs.
