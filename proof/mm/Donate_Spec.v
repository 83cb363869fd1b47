(** * Giving private memory to protected VMs (kcore/mm/donate.c, own.c): what the functions do *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Structure_Facts Page_Spec Vm_Spec Object_Spec Walk_Spec
  Table_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore B cpu LI)).

  (** KServ's pages become private pages of VM [h] at [fn].  Nobody reaches them then.  They are zero,
      unless they are part of the image of a VM that has not run. *)
  Definition given_private (h fn p n : Z) (w w' : world) : Prop :=
    (forall i, 0 <= i < n -> state w' (p + i) = mk_state PG_VM h (fn + i) /\ isolated w' (p + i) /\
       (vm_state w h <> VM_NEW -> zeroed w' (p + i))) /\
    evolves B ["n_kind"; "vms.n_pages"] (fun q => p <= q < p + n) w w'.
  Definition spec_own_take_private (d : den) : Prop := forall fz L h fn p n w, sec B fz L w -> live w h ->
    n = 1 \/ n = 512 -> 0 <= fn -> fn + n <= 2 ^ 28 -> p mod n = 0 ->
    (forall i, 0 <= i < n -> is_ram B (p + i) /\ kind (state w (p + i)) = PG_HOST) ->
    WP (d [h; fn; p; n]) (fun r w' => r = None /\ sec B fz L w' /\ given_private h fn p n w w') w.

  (** What has to be so in [w] for a donation. *)
  Definition may_donate (w : world) (h fn p n : Z) : Prop :=
    live w h /\ protected w h /\
    (forall i, 0 <= i < n -> declared w h (fn + i)) /\
    (forall i, 0 <= i < n -> is_ram B (p + i) /\ kind (state w (p + i)) = PG_HOST).
  Definition spec_donate_check (d : den) : Prop := forall L h fn p n w, sec B unfrozen L w -> in_ty U64 h -> in_ty U64 p ->
    n = 1 \/ n = 512 -> 0 <= fn -> fn + n <= 2 ^ 28 -> p mod n = 0 ->
    WP (d [h; fn; p; n]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> may_donate w h fn p n /\ slot_free w h fn n LEAF_UNUSED)) w.

  (** KServ's pages have become the VM's at frames of its declared RAM where nothing was, and nobody else
      reaches them; nothing else has changed hands, or its place. *)
  Definition donated (h fn p n : Z) (w1 w2 : world) : Prop :=
    may_donate w1 h fn p n /\
    (forall i, 0 <= i < n -> state w2 (p + i) = mk_state PG_VM h (fn + i) /\ names w2 h (fn + i) 1 (p + i) /\
       forall h', reach w2 h' (p + i) -> h' = h) /\
    (forall q, ~ p <= q < p + n -> state w2 q = state w1 q) /\
    forall h' fn' s q, rooted w1 h' -> frame fn' -> ~ (h' = h /\ fn <= fn' < fn + n) ->
      names w2 h' fn' s q <-> names w1 h' fn' s q.
End Specs.

Section Calls.
  Variables (B : board) (cpu : Z).
  Definition spec_call_donate (d : den) : Prop := forall h fn p o w, in_ty U64 h -> in_ty U64 fn -> in_ty U64 p ->
    in_ty U64 o -> idle B w ->
    wp (kcore B cpu (mem_inv B)) (d [h; fn; p; o]) (fun r w' => (exists v, r = Some v /\ v <> KC_OK) /\ w' = w \/
      section B (atomic (fun w1 w2 => exists n, (n = 1 \/ n = 512) /\ donated B h fn p n w1 w2)) r w') w.
End Calls.
