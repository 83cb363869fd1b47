(** * What a protected VM says about its memory (kcore/mm/guest.c): the functions that the guest's calls use

    [h] is the VM of the vCPU that this CPU has loaded: it has the token, so the VM lives when the lock is taken,
    and is protected as it was before. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Structure_Facts Object_Spec Walk_Spec Revoke_Spec
  Page_Spec Vm_Spec Guest_Spec Share_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition IPA_DEV := 3.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  (** This CPU has a vCPU of VM [h] loaded. *)
  Record guest (w : world) (h : Z) : Prop := {
    gu_cpu : 0 <= cpu < 8;
    gu_vm : 1 <= h <= 255;
    gu_has : has cpu w [h] }.

  (** The frames from [from] to [stop], all declared, are SHARED or LENT afterwards; what was private there is
      KServ's.  Everywhere else pages keep their owners. *)
  Definition shares (h from to v : Z) (w1 w2 : world) : Prop := live w1 h /\ (v = KC_OK \/ v = KC_ENOMEM) /\
    exists stop, w_mem w2 (obj "pcpu.res1" [cpu]) = stop /\ ranged h from to stop w1 w2 /\
      forall f, from <= f < stop -> leaf_says w2 h f = LEAF_SHARED \/ leaf_says w2 h f = LEAF_LENT.
  Definition spec_guest_set_shared (d : den) : Prop := forall h from to w, in_ty U64 from -> in_ty U64 to ->
    guest w h -> protected w h -> idle B w ->
    WP (d [cpu; h; from; to]) (section B (shares h from to)) w.

  (** The frames from [from] to [stop], all declared, are neither SHARED nor LENT afterwards. *)
  Definition takes_back (h from to v : Z) (w1 w2 : world) : Prop := live w1 h /\ (v = KC_OK \/ v = KC_EPERM) /\
    exists stop, w_mem w2 (obj "pcpu.res1" [cpu]) = stop /\ ranged h from to stop w1 w2 /\
      forall f, from <= f < stop -> leaf_says w2 h f <> LEAF_SHARED /\ leaf_says w2 h f <> LEAF_LENT.
  Definition spec_guest_set_ram (d : den) : Prop := forall h from to w, in_ty U64 from -> in_ty U64 to ->
    guest w h -> protected w h -> idle B w ->
    WP (d [cpu; h; from; to]) (section B (takes_back h from to)) w.

  (** Frames from [from] to [stop], at least one if there are any, are all of the kind [k]: outside declared RAM, or
      declared and in one state. *)
  Definition run_of (w : world) (h from to stop k : Z) : Prop :=
    k = IPA_DEV /\ (from < to -> from < stop <= to) /\ (forall f, from <= f < stop -> ~ declared w h f) \/
    from < stop <= to /\ k = kind_at w h from /\ forall f, from <= f < stop -> declared w h f /\ kind_at w h f = k.
  Definition spec_guest_ipa_state (d : den) : Prop := forall h from to w, in_ty U64 from -> in_ty U64 to ->
    guest w h -> idle B w ->
    WP (d [cpu; h; from; to]) (fun r w' => r = None /\ idle B w' /\ exists w1 stop k, locked B w1 /\ live w1 h /\
      run_of w1 h from to stop k /\ w_mem w' (obj "pcpu.res1" [cpu]) = stop /\ w_mem w' (obj "pcpu.res2" [cpu]) = k) w.

  (** Why the VM faulted at [fn]. *)
  Definition fault_is (h fn v : Z) (w1 w2 : world) : Prop := w2 = w1 /\ live w1 h /\
    (v = FAULT_MMIO /\ ~ declared w1 h fn \/ v = fault_of (leaf_says w1 h fn) /\ declared w1 h fn).
  Definition spec_guest_fault_kind (d : den) : Prop := forall h fn w, in_ty U64 fn -> guest w h -> idle B w ->
    WP (d [h; fn]) (fun r w' => 2 ^ 28 <= fn /\ r = Some FAULT_MMIO /\ w' = w \/
      fn < 2 ^ 28 /\ section B (fault_is h fn) r w') w.

  (** A word of the VM's private page at [fn], and nothing else. *)
  Definition stores (h fn i x v : Z) (w1 w2 : world) : Prop := live w1 h /\
    (v <> KC_OK /\ w2 = w1 \/
     v = KC_OK /\ exists p, state w1 p = mk_state PG_VM h fn /\ w2 = write_word B p i x w1).
  Definition spec_guest_store (d : den) : Prop := forall h fn i x w, in_ty U64 fn -> in_ty U64 i -> in_ty U64 x ->
    guest w h -> idle B w ->
    WP (d [h; fn; i; x]) (fun r w' => ~ (fn < 2 ^ 28 /\ i < 512) /\ r = Some KC_EPERM /\ w' = w \/
      section B (stores h fn i x) r w') w.
End Specs.
