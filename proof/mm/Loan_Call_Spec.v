(** * The calls that lend pages and take them back (kcore/mm/lend.c): what they do *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Walk_Spec Table_Spec Revoke_Spec Loan_Spec
  Vm_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  Definition spec_lend_check (d : den) : Prop := forall L h fn p n w, sec B unfrozen L w -> in_ty U64 h ->
    in_ty U64 p -> frame fn -> n = 1 \/ n = 512 ->
    WP (d [h; fn; p; n]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> live w h /\ (forall i, 0 <= i < n -> free_page B 1 w (wrap U64 (p + i))) /\
         slot_free w h fn n (lend_state w h))) w.

  (** Pages of KServ are lent, and stay KServ's; no other page changes. *)
  Definition lends (h fn p n : Z) (w w' : world) : Prop :=
    live w h /\ (forall i, 0 <= i < n -> (kind (state w (p + i)) = PG_HOST \/ kind (state w (p + i)) = PG_LENT) /\
      kind (state w' (p + i)) = PG_LENT /\ names w' h (fn + i) 2 (p + i)) /\
    forall q, ~ p <= q < p + n -> state w' q = state w q.
  Definition spec_call_lend (d : den) : Prop := forall h fn p op w, in_ty U64 h -> in_ty U64 fn -> in_ty U64 p ->
    in_ty U64 op -> idle B w ->
    WP (d [h; fn; p; op]) (fun r w' => r = Some KC_EINVAL /\ w' = w \/
      section B (atomic (fun w1 w2 => exists n, (n = 1 \/ n = 512) /\ lends h fn p n w1 w2)) r w') w.

  Definition spec_call_unlend (d : den) : Prop := forall h fn n w, 0 <= cpu < 8 -> in_ty U64 h -> in_ty U64 fn ->
    in_ty U64 n -> idle B w ->
    WP (d [cpu; h; fn; n]) (fun r w' => r = Some KC_EINVAL /\ w' = w \/
      section B (atomic (fun w1 w2 => exists stop, fn <= stop <= fn + n /\ unlent h fn stop w1 w2)) r w') w.

  Definition spec_call_lend_prot (d : den) : Prop := forall h fn n prot w, 0 <= cpu < 8 -> in_ty U64 h -> in_ty U64 fn ->
    in_ty U64 n -> in_ty U64 prot -> idle B w ->
    WP (d [cpu; h; fn; n; prot]) (fun r w' => r = Some KC_EINVAL /\ w' = w \/
      section B (atomic reprot) r w') w.
End Specs.
