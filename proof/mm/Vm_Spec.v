(** * Calls of the memory and VM part: what they do

    A call takes the lock, does one critical section, and gives it back.  Its specification relates the
    worlds at both ends of the section: [section R] says that they are related by [R].  There everything
    that LOCK_MEM protects holds ([locked]), and no leaf is frozen. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.machine Require Cpu.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Structure_Facts Page_Spec Own_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  (** Between calls. *)
  Record idle (w : world) : Prop := { id_held : w_held w = false; id_known : known B w }.

  (** The lock is held, and nothing is under way. *)
  Record locked (w : world) : Prop := { lk_held : w_held w = true; lk_inv : mem_inv B w }.

  (** The critical section began in some [w1], and ended in [w2], which is as the call has left the world, but for the lock; the
      call answered [v]. *)
  Definition ended (w2 w' : world) : Prop := locked w2 /\ w' = set_held false w2.
  Definition section (R : Z -> world -> world -> Prop) (r : option Z) (w' : world) : Prop :=
    idle w' /\ exists v w1 w2, r = Some v /\ in_ty U64 v /\ locked w1 /\ ended w2 w' /\ R v w1 w2.
  (** On an error nothing has changed. *)
  Definition atomic (R : world -> world -> Prop) (v : Z) (w1 w2 : world) : Prop :=
    v <> KC_OK /\ w2 = w1 \/ v = KC_OK /\ R w1 w2.

  (** ** Checks *)
  Definition spec_vm_check (d : den) : Prop := forall h w, in_ty U64 h -> cs B w ->
    WP (d [h]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> 1 <= h <= 255 /\ vm_state w h <> VM_FREE)) w.
  Definition spec_vm_check_live (d : den) : Prop := forall h w, in_ty U64 h -> cs B w ->
    WP (d [h]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> 1 <= h <= 255 /\ vm_state w h <> VM_FREE /\ vm_state w h <> VM_DYING)) w.
  Definition spec_vm_check_protected (d : den) : Prop := forall h w, in_ty U64 h -> cs B w ->
    WP (d [h]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> 1 <= h <= 255 /\ vm_state w h <> VM_FREE /\ vm_state w h <> VM_DYING /\
         wrap U32 (w_mem w (obj "vms.is_protected" [h])) <> 0)) w.
  Definition spec_handle_find (d : den) : Prop := forall w, cs B w ->
    WP (d []) (fun r w' => w' = w /\ exists v, r = Some v /\
      (v = 0 \/ 1 <= v <= 255 /\ vm_state w v = VM_FREE)) w.

  (** ** Tables of a VM *)
  (** The page, zero and KCore's for VM h, in no use yet, goes to the VM's pool. *)
  Definition spec_pool_put (d : den) : Prop := forall fz L h p w, sec B fz L w -> live w h -> is_ram B p ->
    state w p = mk_state PG_VMCORE h 0 -> isolated w p -> zeroed w p -> ~ involved B w p ->
    WP (d [h; p]) (fun r w' => r = None /\ sec B fz L w' /\ state w' p = state w p /\
      vm_n_pool w' h = vm_n_pool w h + 1 /\ evolves B ["vms.pool"; "vms.n_pool"] (eq p) w w') w.

  Definition given (h p : Z) (w1 w2 : world) : Prop :=
    kind (state w1 p) = PG_HOST /\ state w2 p = mk_state PG_VMCORE h 0 /\
    ~ reached w2 p /\ forall q, q <> p -> state w2 q = state w1 q.
  Definition spec_call_vm_table (d : den) : Prop := forall h p w, in_ty U64 h -> in_ty U64 p -> idle w ->
    WP (d [h; p]) (section (atomic (given h p))) w.

  (** ** Pages come back *)
  Definition reclaimed (h p : Z) (w1 w2 : world) : Prop :=
    vm_state w1 h = VM_DYING /\ owner_of (state w1 p) = Vm h /\ state w2 p = mk_state PG_HOST 0 0 /\
    forall q, q <> p -> state w2 q = state w1 q.
  Definition spec_reclaim_check (d : den) : Prop := forall h p w, in_ty U64 h -> is_ram B p -> cs B w ->
    WP (d [h; p]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (v = KC_OK -> 1 <= h <= 255 /\ vm_state w h = VM_DYING /\ handle (state w p) = h /\
         (kind (state w p) = PG_VM \/ kind (state w p) = PG_VMCORE /\ vm_n_lent w h = 0 \/
          kind (state w p) = PG_CTX))) w.
  Definition spec_call_page_reclaim (d : den) : Prop := forall h p w, in_ty U64 h -> in_ty U64 p -> idle w ->
    WP (d [h; p]) (fun r w' => r = Some KC_EINVAL /\ w' = w \/ section (atomic (reclaimed h p)) r w') w.

  (** ** Life of a VM *)
  (** Two zero pages become the root of a new VM; nothing is mapped in it. *)
  Definition spec_vm_make (d : den) : Prop := forall L h flags root w, 1 <= h <= 255 -> vm_state w h = VM_FREE ->
    in_ty U64 flags -> is_ram B root -> is_ram B (root + 1) -> root mod 2 = 0 -> kind (state w root) = PG_HOST ->
    kind (state w (root + 1)) = PG_HOST -> sec B unfrozen L w ->
    WP (d [h; flags; root]) (fun r w' => r = None /\ sec B unfrozen L w' /\ vm_state w' h = VM_NEW /\ vm_root w' h = root /\
      state w' root = mk_state PG_VMCORE h 0 /\ state w' (root + 1) = mk_state PG_VMCORE h 0 /\
      (forall p, ~ reach w' h p) /\ forall q, q <> root -> q <> root + 1 -> state w' q = state w q) w.
  Definition spec_call_vm_create (d : den) : Prop := forall flags root w, 0 <= cpu < 8 ->
    in_ty U64 flags -> in_ty U64 root -> idle w ->
    WP (d [cpu; flags; root]) (fun r w' => r = Some KC_EINVAL /\ w' = w \/
      section (atomic (fun w1 w2 => exists h, 1 <= h <= 255 /\ vm_state w1 h = VM_FREE /\
        vm_state w2 h = VM_NEW /\ forall p, ~ reach w2 h p)) r w') w.
  (** The CPU's registers. *)
  Definition same_registers (w w' : world) : Prop := forall r ix, w_mem w' (Cpu.reg cpu r ix) = w_mem w (Cpu.reg cpu r ix).
  Definition spec_vm_seal (d : den) : Prop := forall h w, 0 <= h <= 255 -> idle w ->
    WP (d [h]) (fun r w' => r = None /\ idle w' /\ same_registers w w') w.
  Definition spec_call_vm_free (d : den) : Prop := forall h w, in_ty U64 h -> idle w ->
    WP (d [h]) (section (atomic (fun w1 w2 => vm_state w1 h = VM_DYING /\ vm_state w2 h = VM_FREE /\
      forall p, state w2 p = state w1 p))) w.
  Definition spec_call_vm_flush (d : den) : Prop := forall h w, in_ty U64 h -> idle w ->
    WP (d [h]) (section (atomic (fun w1 w2 => forall p, state w2 p = state w1 p))) w.

  Definition spec_stat_get (d : den) : Prop := forall item w, 0 <= cpu < 8 -> 0 <= item < 8 -> cs B w ->
    WP (d [cpu; item]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v) w.
  Definition spec_call_stat (d : den) : Prop := forall item w, 0 <= cpu < 8 -> in_ty U64 item -> idle w ->
    WP (d [cpu; item]) (fun r w' => idle w' /\ (r = Some KC_OK \/ r = Some KC_EINVAL /\ w' = w)) w.
End Specs.
