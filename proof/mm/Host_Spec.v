(** * KServ's stage 2 (kcore/mm/host.c): what the functions do

    Every change goes through a state that is as safe as the one before: nothing is mapped that KServ
    does not own, and a page that has to go is out of reach when the function returns. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Page_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  (** The level-2 descriptor of frame [p]. *)
  Definition entry2 (w : world) (p : Z) : Z := word w (host_table B 2 p) (index 2 p).

  Definition spec_host_l3 (d : den) : Prop := forall p w, is_ram B p -> known B w ->
    WP (d [p]) (fun r w' => w' = w /\ r = Some (b_l3 B (p / 512))) w.
  Definition spec_host_entry (d : den) : Prop := forall p w, is_ram B p -> cs B w ->
    WP (d [p]) (fun r w' => w' = w /\ r = Some (entry2 w p)) w.

  (** A descriptor that may take the place of the block's: it maps the block's frames to themselves if
      they are KServ's, or links the block's table, which does so. *)
  Record fits (w : world) (p d : Z) : Prop := {
    f_word : in_ty U64 d;
    f_leaf : forall fn q, 0 <= fn < 2 ^ 28 -> fn / 2 ^ 9 = p / 2 ^ 9 ->
      leaf_page 2 d fn = Some q -> q = fn /\ host_ok B w q;
    f_link : forall t, next_table 2 d = Some t -> t = b_l3 B (p / 2 ^ 9) /\
      forall fn q, 0 <= fn < 2 ^ 28 -> fn / 2 ^ 9 = p / 2 ^ 9 ->
        leaf_page 3 (word w t (index 3 fn)) fn = Some q -> q = fn /\ host_ok B w q }.

  Definition spec_host_entry_set (d : den) : Prop := forall p x w, is_ram B p -> cs B w -> fits w p x ->
    WP (d [p; x]) (fun r w' => r = None /\ w' = write_word B (host_table B 2 p) (index 2 p) x w /\
      cs B w' /\ evolves B [] no_page w w') w.
  Definition spec_host_entry_replace (d : den) : Prop := forall p x w, is_ram B p -> cs B w -> fits w p x ->
    WP (d [p; x]) (fun r w' => r = None /\ cs B w' /\ evolves B [] no_page w w' /\ entry2 w' p = x) w.

  (** The block's table maps exactly KServ's pages of the block; it is linked by [r]. *)
  Definition spec_host_fill (d : den) : Prop := forall p w, is_ram B p -> cs B w ->
    WP (d [p]) (fun r w' => r = Some (table_desc (b_l3 B (p / 512))) /\ cs B w' /\
      evolves B [] no_page w w' /\ fits w' p (table_desc (b_l3 B (p / 512)))) w.
  Definition spec_host_block_full (d : den) : Prop := forall p w, is_ram B p -> cs B w ->
    WP (d [p]) (fun r w' => w' = w /\ exists v, r = Some v /\ 
      (v <> 0 -> forall q, q / 512 = p / 512 -> q <> p -> hosts (state w q))) w.

  Definition spec_host_unmap_page (d : den) : Prop := forall p w, is_ram B p -> cs B w ->
    WP (d [p]) (fun r w' => r = None /\ cs B w' /\ evolves B [] no_page w w' /\ ~ reach w' 0 p) w.
  Definition spec_host_unmap_block (d : den) : Prop := forall p w, is_ram B p -> cs B w ->
    WP (d [p]) (fun r w' => r = None /\ cs B w' /\ evolves B [] no_page w w' /\
      forall q, q / 512 = p / 512 -> ~ reach w' 0 q) w.
  Definition spec_host_map_page (d : den) : Prop := forall p w, is_ram B p -> hosts (state w p) -> cs B w ->
    WP (d [p]) (fun r w' => r = None /\ cs B w' /\ evolves B [] no_page w w') w.
End Specs.
