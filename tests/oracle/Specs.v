(** * Specifications of the proof that can be computed, for the oracle

    Most specifications of [proof/mm] speak of all worlds and of what may happen meanwhile.  Some say what a
    function answers, as a function of the world: these are run beside the compiled C.  And the heart of the
    machine's security, [allowed], is asked of the tables that the C has made. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Walk_Spec Table_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Memory, page states and RAM make a world; what walks and TLBs hold is not known from outside. *)
Definition world_of (m : mem) (meta : Z -> Z) (ram : Z -> Z -> Z) (held : bool) : world :=
  {| w_mem := m; w_meta := meta; w_ram := ram; w_walk := fun _ _ _ _ => False;
     w_tlb := fun _ _ _ _ => False; w_held := held |}.

(** ** Walks of a VM's tree: the answer is a function of the tables *)
Definition f_l2 (w : world) (r fn : Z) : Z := pfn_or_none (table_at w r 2 fn).
Definition f_l3 (w : world) (r fn : Z) : Z := pfn_or_none (table_at w r 3 fn).
Definition f_leaf (w : world) (r fn : Z) : Z := snd (leaf_at w r fn).
Definition f_state (w : world) (r fn : Z) : Z := leaf_state (snd (leaf_at w r fn)).
Definition f_next (w : world) (r fn : Z) : Z :=
  let n := leaf_size (fst (leaf_at w r fn)) in (fn / n + 1) * n.

Lemma these_are_the_specifications B cpu LI :
  spec_walk_l2 B cpu LI = reads B cpu LI f_l2 /\ spec_walk_l3 B cpu LI = reads B cpu LI f_l3 /\
  spec_walk_entry2 B cpu LI = reads B cpu LI entry2_at /\ spec_walk_leaf B cpu LI = reads B cpu LI f_leaf /\
  spec_walk_state B cpu LI = reads B cpu LI f_state /\ spec_walk_next B cpu LI = reads B cpu LI f_next.
Proof. repeat split. Qed.

Definition reading (f : world -> Z -> Z -> Z) (w : world) (args : list Z) (v : Z) : bool :=
  match args with [r; fn] => v =? f w r fn | _ => false end.

(** ** Are there tables enough, is the place free? *)
Definition check_table (w : world) (args : list Z) (v : Z) : bool :=
  match args with
  | [h; fn] => v =? if need3 w h fn <=? vm_n_pool w h then KC_OK else KC_ENOMEM
  | _ => false
  end.
Lemma check_table_ok w h fn v : check_table w [h; fn] v = true <->
  v = KC_OK /\ need3 w h fn <= vm_n_pool w h \/ v = KC_ENOMEM /\ vm_n_pool w h < need3 w h fn.
Proof.
  cbn. destruct (Z.leb_spec (need3 w h fn) (vm_n_pool w h)); rewrite Z.eqb_eq; unfold KC_OK, KC_ENOMEM; lia.
Qed.

Definition slot_freeb (w : world) (h fn n s : Z) : bool :=
  let (l, d) := leaf_at w (vm_root w h) fn in
  (n =? 512) && (s =? LEAF_UNUSED) && negb (l =? 3) && (d =? 0) && (need2 w h fn <=? vm_n_pool w h) ||
  (n =? 1) && (d =? invalid_desc s) && (need3 w h fn <=? vm_n_pool w h).
Lemma slot_freeb_ok w h fn n s : slot_freeb w h fn n s = true <-> slot_free w h fn n s.
Proof.
  unfold slot_freeb, slot_free. destruct (leaf_at w (vm_root w h) fn) as [l d]. cbn [fst snd].
  rewrite orb_true_iff, !andb_true_iff, negb_true_iff, Z.eqb_neq, !Z.eqb_eq, !Z.leb_le. tauto.
Qed.
Definition check_slot (w : world) (args : list Z) (v : Z) : bool :=
  match args with [h; fn; n; s] => negb (v =? KC_OK) || slot_freeb w h fn n s | _ => false end.

Definition kcore_specs : list (string * (world -> list Z -> Z -> bool)) :=
  [("walk_l2", reading f_l2); ("walk_l3", reading f_l3); ("walk_entry2", reading entry2_at);
   ("walk_leaf", reading f_leaf); ("walk_state", reading f_state); ("walk_next", reading f_next);
   ("table_check", check_table); ("slot_check", check_slot)].

(** ** What the tables of VMID [h] translate [fn] to is [h]'s *)
Definition allowedb (ram : Z -> bool) (w : world) (h fn p : Z) : bool :=
  if h =? 0 then
    (fn =? p) && (negb (ram p) || (kind (state w p) =? PG_HOST) || (kind (state w p) =? PG_PINNED) ||
                  (kind (state w p) =? PG_LENT))
  else ram p && ((kind (state w p) =? PG_LENT) ||
                 (kind (state w p) =? PG_VM) && (handle (state w p) =? h) && (arg (state w p) =? fn)).

(** (The tests know no list of devices: for KServ, what is no RAM counts as one.) *)
Lemma allowedb_ok B ram w h fn p : (forall q, ram q = true <-> is_ram B q) -> (ram p = false -> b_dev B p) ->
  allowedb ram w h fn p = true -> allowed B w h fn p.
Proof.
  unfold allowedb, allowed, hosts. intros R D. specialize (R p). destruct (h =? 0).
  - rewrite andb_true_iff, !orb_true_iff, negb_true_iff, !Z.eqb_eq. destruct (ram p); intuition discriminate.
  - rewrite andb_true_iff, orb_true_iff, !andb_true_iff, !Z.eqb_eq. tauto.
Qed.

Definition root_of (w : world) (h : Z) : Z :=
  if h =? 0 then wrap U64 (w_mem w ("host_root", [])) else vm_root w h.
Definition secure_at (ram : Z -> bool) (w : world) (h fn : Z) : bool :=
  let (l, d) := leaf_at w (root_of w h) fn in
  if d mod 2 =? 1 then allowedb ram w h fn (leaf_frame l d fn) else true.
Definition has_tables (w : world) (h : Z) : bool :=
  (h =? 0) || (vm_state w h =? VM_NEW) || (vm_state w h =? VM_SEALED).
