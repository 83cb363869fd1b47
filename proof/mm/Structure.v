(** * The VMs' side of the invariant: tables, lent pages, vCPUs

    [inv] (Invariant.v) holds after every event and says that the machine is secure.  What follows is what
    the code needs besides, to stay secure: how VMs' tables look, who lends what, which pages a vCPU has.
    It holds while LOCK_MEM is free; inside a section some of it is broken for a moment. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Views of KCore's objects *)
Definition vm_n_lent (w : world) (h : Z) : Z := wrap U64 (w_mem w (obj "vms.n_lent" [h])).
Definition vm_pool (w : world) (h : Z) : Z := wrap U64 (w_mem w (obj "vms.pool" [h])).
Definition vm_n_pool (w : world) (h : Z) : Z := wrap U64 (w_mem w (obj "vms.n_pool" [h])).
Definition vm_n_ram (w : world) (h : Z) : Z := wrap U32 (w_mem w (obj "vms.n_ram" [h])).
Definition ram_base (w : world) (h i : Z) : Z := wrap U64 (w_mem w (obj "vms.ram.base" [h; i])).
Definition ram_size (w : world) (h i : Z) : Z := wrap U64 (w_mem w (obj "vms.ram.n" [h; i])).
Definition vcpu_made (w : world) (h i : Z) : Prop :=
  1 <= h <= 255 /\ 0 <= i < 16 /\ wrap U32 (w_mem w (obj "vcpus.made" [h; i])) <> 0.

Definition vm_n_loaded (w : world) (h : Z) : Z := wrap U32 (w_mem w (obj "vms.n_loaded" [h])).
(** Number of vCPUs of VM [h] that some CPU has loaded. *)
Definition n_tokens (w : world) (h : Z) : Z :=
  Z.of_nat (List.length (filter (fun i => negb (token w h (Z.of_nat i) =? 0)) (seq 0 16))).

(** The VM's tables are there: while it lives, and as long as something is lent to it. *)
Definition rooted (w : world) (h : Z) : Prop :=
  live w h \/ 1 <= h <= 255 /\ vm_state w h = VM_DYING /\ vm_n_lent w h <> 0.

(** ** Tables, from their content *)
Definition frame (fn : Z) : Prop := 0 <= fn < 2 ^ 28.

(** The table at level [l] that translates [fn] below the root [r]. *)
Definition table_at (w : world) (r l fn : Z) : option Z :=
  let t1 := r + fn / 2 ^ 27 in
  if l =? 1 then Some t1
  else match next_table 1 (word w t1 (index 1 fn)) with
       | None => None
       | Some t2 => if l =? 2 then Some t2 else if l =? 3 then next_table 2 (word w t2 (index 2 fn)) else None
       end.

(** Where the walk ends: its level, and the descriptor there. *)
Definition leaf_at (w : world) (r fn : Z) : Z * Z :=
  match table_at w r 3 fn with
  | Some t => (3, word w t (index 3 fn))
  | None => match table_at w r 2 fn with
            | Some t => (2, word w t (index 2 fn))
            | None => (1, word w (r + fn / 2 ^ 27) (index 1 fn))
            end
  end.

(** A descriptor's software bits: 1 private, 2 lent.  A leaf names a page while it is valid, and while it
    is frozen: invalid, with its address and software bits. *)
Definition soft (d : Z) : Z := d / 2 ^ 55 mod 4.
Definition valid (d : Z) : Prop := d mod 2 = 1.
Definition leaf_size (l : Z) : Z := 2 ^ (9 * (3 - l)).
Definition leaf_frame (l d fn : Z) : Z := output d / leaf_size l * leaf_size l + fn mod leaf_size l.
Definition leaf_type (l : Z) : Z := if l =? 3 then 3 else 1.

Definition names (w : world) (h fn s p : Z) : Prop :=
  let (l, d) := leaf_at w (vm_root w h) fn in soft d = s /\ s <> 0 /\ leaf_frame l d fn = p.

(** A leaf of VM [h] at [fn].  [fz]: frames whose leaf may be frozen. *)
Record leaf_ok (B : board) (fz : Z -> Prop) (w : world) (h fn : Z) : Prop := {
  l_top : forall d, leaf_at w (vm_root w h) fn = (1, d) -> d = 0;
  l_type : forall l d, leaf_at w (vm_root w h) fn = (l, d) -> soft d <> 0 ->
    (d mod 4 = leaf_type l \/ d mod 4 = 0 /\ fz fn) /\ output d < 2 ^ 28 /\ output d mod leaf_size l = 0;
  l_none : forall l d, leaf_at w (vm_root w h) fn = (l, d) -> soft d = 0 ->
    d = 0 \/ l = 3 /\ (d = invalid_desc 1 \/ d = invalid_desc 2);
  l_private : forall p, live w h -> names w h fn 1 p -> is_ram B p /\ state w p = mk_state PG_VM h fn;
  l_lent : forall p, names w h fn 2 p -> is_ram B p /\ kind (state w p) = PG_LENT;
  l_soft : forall l d, leaf_at w (vm_root w h) fn = (l, d) -> soft d <> 3;
  (* to a protected VM only single pages are lent *)
  l_block : forall d, leaf_at w (vm_root w h) fn = (2, d) -> soft d = 2 -> ~ protected w h }.

(** ** Tables *)
Record tables_ok (B : board) (fz : Z -> Z -> Prop) (w : world) : Prop := {
  t_root : forall h, rooted w h -> vm_root w h mod 2 = 0 /\ vm_root w h < 2 ^ 28;
  t_page : forall h l fn t, rooted w h -> frame fn -> table_at w (vm_root w h) l fn = Some t ->
    is_ram B t /\ state w t = mk_state PG_VMCORE h 0;
  (* a table has one place *)
  t_single : forall h l l' fn fn' t, rooted w h -> frame fn -> frame fn' ->
    table_at w (vm_root w h) l fn = Some t -> table_at w (vm_root w h) l' fn' = Some t ->
    l = l' /\ fn / 2 ^ (9 * (4 - l)) = fn' / 2 ^ (9 * (4 - l));
  t_leaf : forall h fn, rooted w h -> frame fn -> leaf_ok B (fz h) w h fn;
  (* walkers of VMs are in their trees, TLB entries come from leaves *)
  t_walk : forall h l fn t, h <> 0 -> w_walk w h l fn t -> frame fn /\ table_at w (vm_root w h) l fn = Some t;
  t_tlb : forall k h fn p, h <> 0 -> w_tlb w k h fn p -> frame fn /\ exists s, names w h fn s p }.

(** The pool of a VM: pages that KCore has for its tables, zero but for the link in word 0. *)
Fixpoint linked (w : world) (p : Z) (l : list Z) : Prop :=
  match l with
  | [] => True
  | q :: r => p = q /\ linked w (word w q 0) r
  end.
Record pool_of (B : board) (w : world) (h : Z) (l : list Z) : Prop := {
  p_count : vm_n_pool w h = Z.of_nat (List.length l);
  p_linked : linked w (vm_pool w h) l;
  p_different : NoDup l;
  p_page : forall p, In p l -> is_ram B p /\ state w p = mk_state PG_VMCORE h 0;
  p_zero : forall p i, In p l -> 1 <= i < 512 -> word w p i = 0;
  p_apart : forall p l' fn, In p l -> frame fn -> table_at w (vm_root w h) l' fn <> Some p }.
Definition pools_ok (B : board) (w : world) : Prop := forall h, live w h -> exists l, pool_of B w h l.

(** ** Lent pages
    [L p]: who has page [p] lent, an entry for every leaf.  Its length is the page's count. *)
Record lent_by (w : world) (L : Z -> list (Z * Z)) : Prop := {
  n_count : forall p, kind (state w p) = PG_LENT -> arg (state w p) = Z.of_nat (List.length (L p));
  n_other : forall p, kind (state w p) <> PG_LENT -> L p = [];
  n_leaf : forall h fn p, rooted w h -> frame fn -> names w h fn 2 p -> In (h, fn) (L p) }.
Definition lent_ok (w : world) : Prop := exists L, lent_by w L.

(** ** vCPUs *)
Record vcpus_ok (B : board) (w : world) : Prop := {
  u_states : forall h, 1 <= h <= 255 -> VM_FREE <= vm_state w h <= VM_DYING;
  u_live : forall h i, vcpu_made w h i -> live w h;
  u_run : forall h i, vcpu_made w h i -> is_ram B (vcpu_run w h i) /\ state w (vcpu_run w h i) = mk_state PG_PINNED h 0;
  u_runs : forall h i h' i', vcpu_made w h i -> vcpu_made w h' i' -> vcpu_run w h i = vcpu_run w h' i' -> h = h' /\ i = i';
  u_normal : forall h i, vcpu_made w h i -> ~ protected w h -> vcpu_ctx w h i = vcpu_run w h i;
  u_ctx : forall h i, vcpu_made w h i -> protected w h ->
    is_ram B (vcpu_ctx w h i) /\ state w (vcpu_ctx w h i) = mk_state PG_CTX h 0;
  u_ctxs : forall h i i', vcpu_made w h i -> vcpu_made w h i' -> vcpu_ctx w h i = vcpu_ctx w h i' -> i = i';
  (* a token is of a vCPU, and names a CPU; of a VM that lives they are counted *)
  u_token : forall h i, token w h i <> 0 -> vcpu_made w h i /\ 1 <= token w h i <= 8;
  u_loaded : forall h, live w h -> vm_n_loaded w h = n_tokens w h;
  (* declared RAM *)
  u_ram : forall h, live w h -> vm_n_ram w h <= 16 /\ forall i, 0 <= i < vm_n_ram w h ->
    0 < ram_size w h i /\ ram_base w h i + ram_size w h i <= 2 ^ 28 }.

(** What LOCK_MEM protects. *)
Record mem_inv (B : board) (w : world) : Prop := {
  m_inv : inv B w;
  m_tables : tables_ok B (fun _ _ => False) w;
  m_pools : pools_ok B w;
  m_lent : lent_ok w;
  m_vcpus : vcpus_ok B w }.

(** Inside a section, where functions of the VMs' side begin and end: some leaves are frozen, and [L] says
    who has what lent. *)
Record sec (B : board) (fz : Z -> Z -> Prop) (L : Z -> list (Z * Z)) (w : world) : Prop := {
  s_cs : cs B w;
  s_tables : tables_ok B fz w;
  s_pools : pools_ok B w;
  s_lent : lent_by w L;
  s_vcpus : vcpus_ok B w }.

(** No leaf is frozen, as between sections. *)
Definition unfrozen : Z -> Z -> Prop := fun _ _ => False.

Lemma sec_begin B w : w_held w = true -> mem_inv B w -> exists L, sec B unfrozen L w.
Proof. intros H [I T P [L N] U]. exists L. constructor; try assumption. split; assumption. Qed.

Lemma sec_end B L w : sec B unfrozen L w -> mem_inv B w.
Proof. intros [[I _] T P N U]. constructor; try assumption. exists L. exact N. Qed.
