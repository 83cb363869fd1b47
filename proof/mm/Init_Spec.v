(** * Boot (kcore/mm/init.c): what the functions do

    The checks answer exactly whether the boot information is one that KCore can work with ([checked]).
    After that every function keeps [tree]: the part of KServ's tables that has been built maps only
    frames that KServ may have, and every page of the pool that is in use has one role. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events Boot.
From Redoubt.mm Require Import Desc_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Notation WP := (wp booting).

(** ** Boot information that KCore accepts *)
(** GiB that a range touches; sums; pages that the pool must have. *)
Definition gibs (base n : Z) : Z := (base + n - 1) / 2 ^ 18 - base / 2 ^ 18 + 1.
Fixpoint total (f : Z -> Z) (n : nat) : Z :=
  match n with O => 0 | S k => total f k + f (Z.of_nat k) end.
Definition region_need (I : info) (i : Z) : Z := gibs (i_base I i) (i_size I i) + i_size I i / 512.
Definition device_need (I : info) (i : Z) : Z := gibs (i_dbase I i) (i_dsize I i) + 2.
Definition need (I : info) : Z :=
  11 + total (region_need I) (Z.to_nat (i_n I)) + total (device_need I) (Z.to_nat (i_nd I)).

(** A range of frames: not empty, and in 40 bits of address. *)
Definition range_ok (base n : Z) : Prop := 0 <= base /\ 0 < n /\ base + n <= 2 ^ 28.
Definition inside (base n outer outer_n : Z) : Prop := 0 < n /\ outer <= base /\ base + n <= outer + outer_n.

(** The first [n] regions, or windows, are in order and good. *)
Definition regions_ok (I : info) (n : Z) : Prop :=
  (forall i, 0 <= i < n -> range_ok (i_base I i) (i_size I i) /\ i_base I i mod 512 = 0 /\ i_size I i mod 512 = 0) /\
  (forall i j, 0 <= i < j -> j < n -> i_base I i + i_size I i <= i_base I j).
Definition apart (I : info) (base n : Z) : Prop := forall i, 0 <= i < i_n I ->
  base + n <= i_base I i \/ i_base I i + i_size I i <= base.
Definition devices_ok (I : info) (n : Z) : Prop :=
  (forall i, 0 <= i < n -> range_ok (i_dbase I i) (i_dsize I i) /\ apart I (i_dbase I i) (i_dsize I i)) /\
  (forall i j, 0 <= i < j -> j < n -> i_dbase I i + i_dsize I i <= i_dbase I j).

Definition ram_checked (I : info) : Prop := 1 <= i_n I <= 8 /\ regions_ok I (i_n I).
Definition devices_checked (I : info) : Prop := 0 <= i_nd I <= 32 /\ devices_ok I (i_nd I).
Definition core_checked (I : info) : Prop := i_core I <> 0 /\
  exists i, 0 <= i < i_n I /\ inside (i_core I) (i_coren I) (i_base I i) (i_size I i).
Definition pool_checked (I : info) : Prop :=
  inside (i_pool I) (i_pooln I) (i_core I) (i_coren I) /\ need I <= i_pooln I.
Definition checked (I : info) : Prop :=
  ram_checked I /\ devices_checked I /\ core_checked I /\ pool_checked I.

(** The world's boot information is [I]. *)
Record says (I : info) (w : world) : Prop := {
  sy_n : get U64 w "boot.n_region" [] = i_n I;
  sy_base : forall i, get U64 w "boot.region.base_pfn" [i] = i_base I i;
  sy_size : forall i, get U64 w "boot.region.n_pfn" [i] = i_size I i;
  sy_nd : get U64 w "boot.n_device" [] = i_nd I;
  sy_dbase : forall i, get U64 w "boot.device.base_pfn" [i] = i_dbase I i;
  sy_dsize : forall i, get U64 w "boot.device.n_pfn" [i] = i_dsize I i;
  sy_core : get U64 w "boot.core_pfn" [] = i_core I; sy_coren : get U64 w "boot.core_n" [] = i_coren I;
  sy_pool : get U64 w "boot.pool_pfn" [] = i_pool I; sy_pooln : get U64 w "boot.pool_n" [] = i_pooln I }.

(** ** Checks *)
(** A check answers 0 if [P], else [code]; it changes nothing. *)
Definition answers (P : Prop) (code : Z) (w : world) (r : option Z) (w' : world) : Prop :=
  w' = w /\ (r = Some 0 /\ P \/ r = Some code /\ ~ P).

Section Checks.
  Variable I : info.

  Definition spec_check_range (d : den) : Prop := forall base n from w,
    in_ty U64 base -> in_ty U64 n -> in_ty U64 from ->
    WP (d [base; n; from]) (answers (range_ok base n /\ from <= base) 1 w) w.
  Definition spec_check_regions (d : den) : Prop := forall w, says I w ->
    WP (d []) (answers (ram_checked I) 1 w) w.
  Definition spec_meets_ram (d : den) : Prop := forall base n w, says I w -> ram_checked I -> range_ok base n ->
    WP (d [base; n]) (answers (apart I base n) 1 w) w.
  Definition spec_check_devices (d : den) : Prop := forall w, says I w -> ram_checked I ->
    WP (d []) (answers (devices_checked I) 2 w) w.
  Definition spec_check_inside (d : den) : Prop := forall base n outer outer_n w,
    in_ty U64 base -> in_ty U64 n -> in_ty U64 outer -> in_ty U64 outer_n ->
    WP (d [base; n; outer; outer_n]) (answers (inside base n outer outer_n) 1 w) w.
  Definition spec_check_core (d : den) : Prop := forall w, says I w -> ram_checked I ->
    WP (d []) (answers (core_checked I) 3 w) w.
  Definition spec_n_gib (d : den) : Prop := forall base n w, range_ok base n ->
    WP (d [base; n]) (fun r w' => w' = w /\ r = Some (gibs base n)) w.
  Definition spec_mm_pool_need (d : den) : Prop := forall w, says I w -> ram_checked I -> devices_checked I ->
    WP (d []) (fun r w' => w' = w /\ r = Some (need I)) w.
  Definition spec_check_pool (d : den) : Prop := forall w, says I w -> ram_checked I -> devices_checked I ->
    WP (d []) (answers (pool_checked I) 4 w) w.
  Definition spec_check_boot (d : den) : Prop := forall w, says I w ->
    WP (d []) (fun r w' => w' = w /\ exists v, r = Some v /\ 0 <= v <= 4 /\ (v = 0 <-> checked I)) w.
End Checks.

(** ** What has been built *)
(** What a page of the pool is used for: level 1, a context, the level-2 table of a GiB, the level-3 table of
    a block of 2 MiB. *)
Inductive role := Free | Root | Context (cpu : Z) | Table2 (g : Z) | Table3 (b : Z).

Section Built.
  Variable I : info.

  Definition first : Z := i_pool I + i_pool I mod 2.     (* KServ's root *)
  Definition next (w : world) : Z := get U64 w "pool_next" [].
  Definition placed (n p : Z) : Prop := exists i, 0 <= i < n /\ i_base I i <= p < i_base I i + i_size I i.
  (** KServ may have the frame. *)
  Definition hers (fn : Z) : Prop := ram I fn /\ ~ core I fn \/ device I fn.

  (** A word of a level-3 table, for frame [fn]. *)
  Definition page_ok (fn d : Z) : Prop := d mod 4 = 3 -> output d = fn /\ hers fn.
  (** The row of level-3 tables of a region. *)
  Definition in_row (i b : Z) : Prop := i_base I i <= b * 512 < i_base I i + i_size I i.
  Definition row (w : world) (i b : Z) : Z := get U64 w "region.l3" [i] + (b - i_base I i / 512).
  (** A word of a level-2 table, for block [b]: nothing, a block, or a link to the table of [b]. *)
  Record entry_ok (n : Z) (R : Z -> role) (w : world) (b d : Z) : Prop := {
    eo_leaf : forall fn q, fn / 512 = b -> leaf_page 2 d fn = Some q -> q = fn /\ hers fn;
    eo_link : forall t, next_table 2 d = Some t -> R t = Table3 b /\
      (forall i, 0 <= i < i_n I -> in_row i b -> i < n /\ t = row w i b) /\
      forall k, 0 <= k < 512 -> page_ok (b * 512 + k) (word w t k) }.

  (** [n] regions have their rows of tables; [R] says what pages are used for. *)
  Record tree (n : Z) (R : Z -> role) (w : world) : Prop := {
    t_says : says I w;
    t_next : first + 2 <= next w <= i_pool I + i_pooln I;
    t_n : 0 < n -> get U32 w "n_region" [] = n;
    t_regions : forall i, 0 <= i < n ->
      get U64 w "region.base" [i] = i_base I i /\ get U64 w "region.n" [i] = i_size I i;
    t_root : get U64 w "host_root" [] = first;
    t_role : forall p, R p <> Free -> first <= p < next w;
    t_roots : R first = Root /\ R (first + 1) = Root;
    t_l1 : forall g, 0 <= g < 1024 ->
      word w (first + g / 512) (g mod 512) = if l2_of w g =? 0 then 0 else table_desc (l2_of w g);
    t_l2 : forall g, 0 <= g < 1024 -> l2_of w g <> 0 -> R (l2_of w g) = Table2 g;
    t_row : forall i b, 0 <= i < n -> in_row i b -> R (row w i b) = Table3 b;
    t_entry : forall b, 0 <= b < 2 ^ 19 -> l2_of w (b / 512) <> 0 -> entry_ok n R w b (entry_of w b);
    t_context : forall c, 0 <= c < 8 -> R (get U64 w "pcpu.host_ctx" [c]) = Context c }.

  (** States of the pages of the first [n] regions. *)
  Definition boot_state (s p : Z) : Prop := core I p /\ s = PG_CORE \/ ~ core I p /\ s = PG_HOST.
  Definition states (n : Z) (w : world) : Prop := forall p, placed n p -> boot_state (state w p) p.
  (** Level-2 tables are there for the first [n] regions. *)
  Definition covered (n : Z) (w : world) : Prop := forall p, placed n p -> l2_of w (p / 2 ^ 18) <> 0.
End Built.

(** What boot leaves alone; a level-2 table stays. *)
Definition boot_cells : list ident := ["pool_next"; "host_root"; "pcpu.host_ctx"; "host_l2"; "region.base";
  "region.n"; "region.l3"; "n_region"; "n_kind"].
Record boots (w w' : world) : Prop := {
  bt_mem : forall c ix, existsb (String.eqb c) boot_cells = false -> w_mem w' (c, ix) = w_mem w (c, ix);
  bt_l2 : forall g, l2_of w g <> 0 -> l2_of w' g = l2_of w g;
  bt_walk : w_walk w' = w_walk w; bt_tlb : w_tlb w' = w_tlb w; bt_held : w_held w' = w_held w }.

Section Inits.
  Variable I : info.

  (** ** Functions that other units share *)
  Definition boot_region_find (d : den) : Prop := forall n R i p w, tree I n R w -> 0 <= i < n -> n <= i_n I ->
    i_base I i <= p < i_base I i + i_size I i -> WP (d [p]) (fun r w' => w' = w /\ r = Some i) w.
  Definition boot_host_l3 (d : den) : Prop := forall n R i p w, tree I n R w -> 0 <= i < n -> n <= i_n I ->
    i_base I i <= p < i_base I i + i_size I i -> WP (d [p]) (fun r w' => w' = w /\ r = Some (row I w i (p / 512))) w.
  Definition boot_host_block_full (d : den) : Prop := forall n i p w, says I w -> states I n w -> 0 <= i < n ->
    n <= i_n I -> i_base I i <= p < i_base I i + i_size I i ->
    WP (d [p]) (fun r w' => w' = w /\ exists v, r = Some v /\
      (v <> 0 -> forall q, q / 512 = p / 512 -> q <> p -> ~ core I q)) w.

  (** A store into the level-2 table, or into level-3 tables: objects, states and level 1 stay. *)
  Definition stores (w w' : world) : Prop := exists r, w' = set_ram r w.
  Definition boot_host_entry_set (d : den) : Prop := forall n R p x w, tree I n R w -> 0 <= p < 2 ^ 28 ->
    l2_of w (p / 2 ^ 18) <> 0 -> in_ty U64 x -> entry_ok I n R w (p / 512) x ->
    WP (d [p; x]) (fun r w' => r = None /\ tree I n R w' /\ stores w w') w.
  Definition boot_host_fill (d : den) : Prop := forall n R i p w, tree I n R w -> states I n w -> 0 <= i < n ->
    n <= i_n I -> i_base I i <= p < i_base I i + i_size I i ->
    WP (d [p]) (fun r w' => tree I n R w' /\ stores w w' /\ exists x, r = Some x /\ in_ty U64 x /\
      entry_ok I n R w' (p / 512) x) w.
  Definition boot_host_map_boot (d : den) : Prop := forall n R i p w, tree I n R w -> states I n w -> 0 <= i < n ->
    n <= i_n I -> i_base I i <= p < i_base I i + i_size I i -> p mod 512 = 0 -> l2_of w (p / 2 ^ 18) <> 0 ->
    WP (d [p]) (fun r w' => r = None /\ tree I n R w' /\ stores w w') w.

  Definition boot_walk_l2 (d : den) : Prop := forall n R fn w, tree I n R w -> 0 <= fn < 2 ^ 28 ->
    l2_of w (fn / 2 ^ 18) <> 0 ->
    WP (d [first I; fn]) (fun r w' => w' = w /\ r = Some (l2_of w (fn / 2 ^ 18))) w.
  Definition boot_walk_entry2 (d : den) : Prop := forall n R fn w, tree I n R w -> 0 <= fn < 2 ^ 28 ->
    l2_of w (fn / 2 ^ 18) <> 0 ->
    WP (d [first I; fn]) (fun r w' => w' = w /\ r = Some (entry_of w (fn / 512))) w.
  Definition boot_walk_l3 (d : den) : Prop := forall n R fn w, tree I n R w -> 0 <= fn < 2 ^ 28 ->
    l2_of w (fn / 2 ^ 18) <> 0 ->
    WP (d [first I; fn]) (fun r w' => w' = w /\
      (entry_of w (fn / 512) mod 4 <> 3 /\ r = Some (2 ^ 64 - 1) \/
       entry_of w (fn / 512) mod 4 = 3 /\ exists t, next_table 2 (entry_of w (fn / 512)) = Some t /\ r = Some t)) w.

  (** ** Building *)
  (** The next page of the pool, zero. *)
  Definition fresh (w : world) : world :=
    let w1 := put "pool_next" [] (next w + 1) w in set_ram (store_page (next w) (fun _ => 0) (w_ram w)) w1.
  Definition spec_pool_page (d : den) : Prop := forall w, says I w -> pool I (next w) -> next w < 2 ^ 28 ->
    WP (d []) (fun r w' => r = Some (next w) /\ w' = fresh w) w.

  Definition spec_init_root (d : den) : Prop := forall w, says I w -> checked I -> (forall g, l2_of w g = 0) ->
    WP (d []) (fun r w' => r = None /\ boots w w' /\ next w' = first I + 2 /\
      get U64 w' "host_root" [] = first I /\ (forall g, l2_of w' g = 0) /\
      (forall k, word w' (first I) k = 0 /\ word w' (first I + 1) k = 0)) w.
  (** Needs what [spec_init_root] leaves. *)
  Definition spec_init_contexts (d : den) : Prop := forall w, says I w -> checked I -> next w = first I + 2 ->
    get U64 w "host_root" [] = first I -> (forall g, l2_of w g = 0) ->
    (forall k, word w (first I) k = 0 /\ word w (first I + 1) k = 0) ->
    WP (d []) (fun r w' => r = None /\ boots w w' /\ next w' = first I + 10 /\ exists R, tree I 0 R w') w.

  (** [w'] comes from [w] by using at most [k] more pages of the pool. *)
  Record builds (n : Z) (R : Z -> role) (k : Z) (w w' : world) : Prop := {
    bs_tree : exists R', tree I n R' w' /\ forall p, R p <> Free -> R' p = R p;
    bs_next : next w' <= next w + k;
    bs_meta : w_meta w' = w_meta w;
    bs_boots : boots w w' }.

  Definition spec_init_l2 (d : den) : Prop := forall n R fn w, checked I -> tree I n R w -> 0 <= fn < 2 ^ 28 ->
    (l2_of w (fn / 2 ^ 18) = 0 -> next w < i_pool I + i_pooln I) ->
    WP (d [fn]) (fun r w' => r = Some (l2_of w' (fn / 2 ^ 18)) /\ l2_of w' (fn / 2 ^ 18) <> 0 /\
      builds n R (bz (l2_of w (fn / 2 ^ 18) =? 0)) w w' /\
      (l2_of w (fn / 2 ^ 18) <> 0 -> w' = w)) w.

  Definition spec_init_words (d : den) : Prop := forall n R i w, checked I -> tree I n R w -> states I i w ->
    0 <= i < i_n I -> (forall p, placed I n p -> placed I (i + 1) p) ->
    WP (d [i_base I i; i_size I i]) (fun r w' => r = None /\ boots w w' /\ tree I n R w' /\ next w' = next w /\
      states I (i + 1) w' /\ (forall g, l2_of w' g = l2_of w g)) w.

  Definition spec_init_region (d : den) : Prop := forall R r w, checked I -> tree I r R w -> states I r w ->
    covered I r w -> 0 <= r < i_n I -> next w + region_need I r <= i_pool I + i_pooln I ->
    WP (d [r]) (fun x w' => x = None /\ boots w w' /\ next w' <= next w + region_need I r /\
      states I (r + 1) w' /\ covered I (r + 1) w' /\ exists R', tree I (r + 1) R' w') w.

  Definition linked3 (w : world) (b : Z) : bool := entry_of w b mod 4 =? 3.
  Definition spec_init_device_page (d : den) : Prop := forall R fn w, checked I -> tree I (i_n I) R w ->
    device I fn -> l2_of w (fn / 2 ^ 18) <> 0 ->
    (linked3 w (fn / 512) = false -> next w < i_pool I + i_pooln I) ->
    WP (d [l2_of w (fn / 2 ^ 18); fn]) (fun r w' => r = None /\
      builds (i_n I) R (bz (negb (linked3 w (fn / 512)))) w w' /\ linked3 w' (fn / 512) = true) w.
  Definition spec_init_device (d : den) : Prop := forall R j w, checked I -> tree I (i_n I) R w -> 0 <= j < i_nd I ->
    next w + device_need I j <= i_pool I + i_pooln I ->
    WP (d [i_dbase I j; i_dsize I j]) (fun r w' => r = None /\ builds (i_n I) R (device_need I j) w w') w.

  (** Refused, and nothing changed; or everything is there. *)
  Definition spec_mm_init (d : den) : Prop := forall w, says I w -> (forall g, l2_of w g = 0) ->
    WP (d []) (fun r w' => exists v, r = Some v /\ 0 <= v <= 4 /\
      (v <> 0 -> w' = w /\ ~ checked I) /\
      (v = 0 -> checked I /\ boots w w' /\ states I (i_n I) w' /\ covered I (i_n I) w' /\
        exists R, tree I (i_n I) R w')) w.
End Inits.
