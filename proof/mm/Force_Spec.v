(** * Taking a private page by force (kcore/mm/donate.c): what the functions do

    The page is KServ's afterwards, zero; its place says DESTROYED from then on. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Walk_Spec Table_Spec Revoke_Spec Vm_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition is_private (w : world) (h fn : Z) : Prop := leaf_state (desc w h fn) = LEAF_PRIVATE.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  Definition spec_force_check (d : den) : Prop := forall L h fn w, sec B unfrozen L w -> in_ty U64 h -> frame fn ->
    WP (d [h; fn]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> live w h /\ is_private w h fn /\ need3 w h fn <= vm_n_pool w h)) w.

  Record forced (h fn p : Z) (w w' : world) : Prop := {
    fo_was : state w p = mk_state PG_VM h fn;
    fo_page : state w' p = mk_state PG_HOST 0 0;
    fo_leaf : leaf_state (desc w' h fn) = LEAF_DESTROYED;
    fo_other : forall q, q <> p -> lent_less w w' q }.
  Definition spec_force_reclaim (d : den) : Prop := forall L h fn w, sec B unfrozen L w -> live w h -> frame fn ->
    is_private w h fn -> need3 w h fn <= vm_n_pool w h ->
    WP (d [h; fn]) (fun r w' => exists p, r = Some p /\ in_ty U64 p /\ (exists L', sec B unfrozen L' w') /\
      forced h fn p w w') w.

  Definition spec_call_force_reclaim (d : den) : Prop := forall h fn w, 0 <= cpu < 8 -> in_ty U64 h -> in_ty U64 fn ->
    idle B w ->
    WP (d [cpu; h; fn]) (fun r w' => r = Some KC_EINVAL /\ w' = w \/
      section B (atomic (fun w1 w2 => exists p, forced h fn p w1 w2)) r w') w.
End Specs.
