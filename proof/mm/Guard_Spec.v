(** * What a guest of pKVM's ABI has said of itself (kcore/vm/guard.c): what the functions do *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Structure_Facts Object_Spec Page_Spec Vm_Spec Guest_Call_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition n_guard (w : world) (h : Z) : Z := wrap U32 (w_mem w (obj "vms.n_guard" [h])).
Definition guard_base (w : world) (h i : Z) : Z := wrap U64 (w_mem w (obj "vms.guard.base" [h; i])).
Definition guard_size (w : world) (h i : Z) : Z := wrap U64 (w_mem w (obj "vms.guard.n" [h; i])).

(** Frame [fn] is in a guarded range of VM [h]. *)
Definition in_guard (w : world) (h fn i : Z) : Prop :=
  0 <= i < 32 /\ i < n_guard w h /\ wrap U64 (fn - guard_base w h i) < guard_size w h i.
Definition guarded (w : world) (h fn : Z) : Prop := exists i, in_guard w h fn i.

(** Nothing is different but the guard of some VM. *)
Definition guard_cells : list ident := ["vms.n_guard"; "vms.guard.base"; "vms.guard.n"].
Definition only_guards (w w' : world) : Prop := w' = set_mem (w_mem w') w /\
  forall l, ~ In (fst l) guard_cells -> w_mem w' l = w_mem w l.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  Definition spec_guard_find (d : den) : Prop := forall h fn w, 0 <= h <= 255 -> in_ty U64 fn -> cs B w ->
    WP (d [h; fn]) (fun r w' => w' = w /\ exists v, r = Some v /\ 0 <= v <= 32) w.
  Definition spec_guard_has (d : den) : Prop := forall h fn w, 0 <= h <= 255 -> in_ty U64 fn -> cs B w ->
    WP (d [h; fn]) (fun r w' => w' = w /\ exists v, r = Some v /\
      (v = 1 /\ guarded w h fn \/ v = 0 /\ ~ guarded w h fn)) w.
  Definition spec_guard_put (d : den) : Prop := forall L h fn w, 1 <= h <= 255 -> in_ty U64 fn -> sec B unfrozen L w ->
    WP (d [h; fn]) (fun r w' => exists v, r = Some v /\ (v = KC_OK \/ v = KC_ENOMEM /\ w' = w) /\
      sec B unfrozen L w' /\ only_guards w w') w.

  (** RAM never becomes a device's. *)
  Definition guards (h fn v : Z) (w1 w2 : world) : Prop := live w1 h /\ only_guards w1 w2 /\
    (v = KC_OK /\ ~ declared w1 h fn \/ v <> KC_OK /\ w2 = w1).
  Definition spec_guard_add (d : den) : Prop := forall h fn w, in_ty U64 fn -> guest cpu w h -> idle B w ->
    WP (d [h; fn]) (fun r w' => 2 ^ 28 <= fn /\ r = Some KC_EPERM /\ w' = w \/
      section B (guards h fn) r w') w.

  (** Once there is a guard, only what it names goes to KServ. *)
  Definition passes (h fn v : Z) (w1 w2 : world) : Prop := w2 = w1 /\ live w1 h /\
    (v = 1 /\ (n_guard w1 h = 0 \/ guarded w1 h fn) \/ v = 0 /\ n_guard w1 h <> 0 /\ ~ guarded w1 h fn).
  Definition spec_guard_passes (d : den) : Prop := forall h fn w, in_ty U64 fn -> guest cpu w h -> idle B w ->
    WP (d [h; fn]) (section B (passes h fn)) w.

  (** Does the guest speak pKVM's ABI? *)
  Definition speaks_pkvm (h v : Z) (w1 w2 : world) : Prop := w2 = w1 /\ live w1 h /\
    v = wrap U32 (w_mem w1 (obj "vms.pkvm" [h])).
  Definition spec_guest_pkvm (d : den) : Prop := forall h w, guest cpu w h -> idle B w ->
    WP (d [h]) (section B (speaks_pkvm h)) w.
  Definition spec_guest_pkvm_set (d : den) : Prop := forall h w, guest cpu w h -> idle B w ->
    WP (d [h]) (fun r w' => r = None /\ idle B w') w.
End Specs.
