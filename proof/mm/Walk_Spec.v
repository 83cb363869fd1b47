(** * Reading a VM's stage 2, and replacing one descriptor (kcore/mm/walk.c): what the functions do

    The results are functions of the tables' content, which [Structure.leaf_at] and [table_at] read. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** States of a leaf (kcore/mm/desc.h). *)
Definition LEAF_UNUSED := 0. Definition LEAF_SHARED := 1. Definition LEAF_DESTROYED := 2.
Definition LEAF_FROZEN := 3. Definition LEAF_PRIVATE := 4. Definition LEAF_LENT := 5.
Definition leaf_state (d : Z) : Z :=
  if d mod 2 =? 0 then if soft d =? 0 then d / 4 mod 4 else LEAF_FROZEN
  else if soft d =? 1 then LEAF_PRIVATE else LEAF_LENT.

(** Frames that the same descriptor translates, at level [l]. *)
Definition covered (l fn fn' : Z) : Prop := fn' / leaf_size l = fn / leaf_size l.

Definition pfn_or_none (t : option Z) : Z := match t with Some t => t | None => KC_NO_PFN end.
Definition entry2_at (w : world) (r fn : Z) : Z :=
  match table_at w r 2 fn with Some t => word w t (index 2 fn) | None => 0 end.
(** Where the descriptor is: page and index. *)
Definition leaf_place (w : world) (r fn : Z) : Z * Z :=
  match table_at w r 3 fn with
  | Some t => (t, index 3 fn)
  | None => match table_at w r 2 fn with
            | Some t => (t, index 2 fn)
            | None => (r + fn / 2 ^ 27, index 1 fn)
            end
  end.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  (** The tree below [r] is a stage 2 whose tables at [fn] KCore may read: a VM's, or KServ's. *)
  Record tree (w : world) (r fn : Z) : Prop := {
    tr_frame : frame fn;
    tr_root : 0 <= r < 2 ^ 28;
    tr_page : forall l t, table_at w r l fn = Some t -> ours B w t /\ 0 <= t < 2 ^ 28;
    tr_top : forall d, leaf_at w r fn = (1, d) -> d = 0 }.
  (** The function reads a tree at a frame, changes nothing, and answers [f]. *)
  Definition reads_tree (f : world -> Z -> Z -> Z) (d : den) : Prop := forall r fn w, cs B w -> tree w r fn ->
    WP (d [r; fn]) (fun x w' => w' = w /\ x = Some (f w r fn)) w.
  Definition spec_walk_l2_tree := reads_tree (fun w r fn => pfn_or_none (table_at w r 2 fn)).
  Definition spec_walk_entry2_tree := reads_tree entry2_at.
  Definition spec_walk_leaf_tree := reads_tree (fun w r fn => snd (leaf_at w r fn)).

  (** The same for the tree of a VM. *)
  Definition reads (f : world -> Z -> Z -> Z) (d : den) : Prop := forall fz h fn w,
    cs B w -> tables_ok B fz w -> rooted w h -> frame fn ->
    WP (d [vm_root w h; fn]) (fun r w' => w' = w /\ r = Some (f w (vm_root w h) fn)) w.

  Definition spec_walk_l2 := reads (fun w r fn => pfn_or_none (table_at w r 2 fn)).
  Definition spec_walk_l3 := reads (fun w r fn => pfn_or_none (table_at w r 3 fn)).
  Definition spec_walk_entry2 := reads entry2_at.
  Definition spec_walk_leaf := reads (fun w r fn => snd (leaf_at w r fn)).
  Definition spec_walk_state := reads (fun w r fn => leaf_state (snd (leaf_at w r fn))).
  Definition spec_walk_next := reads (fun w r fn =>
    let n := leaf_size (fst (leaf_at w r fn)) in (fn / n + 1) * n).

  (** Of use only if the leaf is valid. *)
  Definition spec_walk_pfn (d : den) : Prop := forall fz h fn w,
    cs B w -> tables_ok B fz w -> rooted w h -> frame fn ->
    WP (d [vm_root w h; fn]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      let (l, x) := leaf_at w (vm_root w h) fn in valid x -> v = leaf_frame l x fn) w.

  (** ** Replacing the descriptor [x] where the walk of [fn] ends, at level [l] *)
  (** The new descriptor must be one that [leaf_ok] knows; it may name only pages that the VM may reach
      there, and it has to name what TLBs still hold.  [fz'] has the frozen frames afterwards. *)
  Record may_put (fz fz' : Z -> Z -> Prop) (L : Z -> list (Z * Z)) (w : world) (h fn l x : Z) : Prop := {
    mp_word : in_ty U64 x;
    mp_type : soft x <> 0 ->
      (x mod 4 = leaf_type l \/ x mod 4 = 0 /\ forall fn', covered l fn fn' -> fz' h fn') /\
      output x < 2 ^ 28 /\ output x mod leaf_size l = 0;
    mp_none : soft x = 0 -> x = 0 \/ l = 3 /\ (x = invalid_desc 1 \/ x = invalid_desc 2);
    mp_soft : soft x <> 3;
    mp_block : l = 2 -> soft x = 2 -> ~ protected w h;
    mp_private : forall fn', covered l fn fn' -> live w h -> soft x = 1 ->
      is_ram B (leaf_frame l x fn') /\ state w (leaf_frame l x fn') = mk_state PG_VM h fn';
    mp_lent : forall fn', covered l fn fn' -> soft x = 2 ->
      is_ram B (leaf_frame l x fn') /\ kind (state w (leaf_frame l x fn')) = PG_LENT /\
      In (h, fn') (L (leaf_frame l x fn'));
    mp_tlb : forall k fn' p, covered l fn fn' -> w_tlb w k h fn' p -> soft x <> 0 /\ leaf_frame l x fn' = p;
    mp_frozen : forall h' fn', fz h' fn' -> h' = h /\ covered l fn fn' \/ fz' h' fn' }.

  (** What has changed then: one leaf, and what walkers find there. *)
  Record put (w : world) (h fn l x : Z) (w' : world) : Prop := {
    pt_held : w_held w' = w_held w;
    pt_mem : w_mem w' = w_mem w;
    pt_meta : w_meta w' = w_meta w;
    pt_ram : forall p i, kind (state w p) <> PG_VMCORE -> w_ram w' p i = w_ram w p i;
    pt_table : forall h' l' fn', rooted w h' -> frame fn' ->
      table_at w' (vm_root w h') l' fn' = table_at w (vm_root w h') l' fn';
    pt_leaf : forall h' fn', rooted w h' -> frame fn' -> ~ (h' = h /\ covered l fn fn') ->
      leaf_at w' (vm_root w h') fn' = leaf_at w (vm_root w h') fn';
    pt_new : forall fn', covered l fn fn' -> leaf_at w' (vm_root w h) fn' = (l, x);
    pt_walk : forall h' l' fn' t, w_walk w' h' l' fn' t <-> w_walk w h' l' fn' t;
    pt_keep : forall k h' fn' p, w_tlb w k h' fn' p -> w_tlb w' k h' fn' p;
    pt_tlb : forall k h' fn' p, w_tlb w' k h' fn' p ->
      w_tlb w k h' fn' p \/ h' = h /\ covered l fn fn' /\ valid x /\ p = leaf_frame l x fn' }.

  Definition spec_walk_put (d : den) : Prop := forall fz fz' L h fn x w,
    sec B fz L w -> rooted w h -> frame fn ->
    let l := fst (leaf_at w (vm_root w h) fn) in
    l <> 1 -> may_put fz fz' L w h fn l x ->
    WP (d [vm_root w h; fn; x]) (fun r w' => r = None /\ sec B fz' L w' /\ put w h fn l x w') w.
End Specs.
