(** * The machine on which KCore's memory part runs: its state

    This folder is part of what has to be believed: read it.  [State] says what there is, [Events] what
    every event of KCore's C may do and what it needs, [Machine] how several CPUs, KServ and the VMs
    interleave.

    A page is named by its frame number.  VMID 0 is KServ, VMID h > 0 is the VM with handle h. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** The board: what is fixed after boot *)
Record board := {
  b_n : Z;                  (* regions of RAM *)
  b_base : Z -> Z;          (* first frame of region i *)
  b_size : Z -> Z;          (* its number of frames *)
  b_root : Z;               (* KServ's two level-1 tables, side by side *)
  b_has2 : Z -> bool;       (* GiB g has a level-2 table *)
  b_l2 : Z -> Z;            (* that table *)
  b_has3 : Z -> bool;       (* 2 MiB block b has a level-3 table: always, if it is RAM *)
  b_l3 : Z -> Z;            (* that table *)
  b_dev : Z -> Prop }.      (* frames of devices that KServ may use *)

Definition is_ram (B : board) (p : Z) : Prop :=
  exists i, 0 <= i < b_n B /\ b_base B i <= p < b_base B i + b_size B i.

(** ** The state *)
(** A TLB entry is a translation by stage 2 alone, or one that combines it with the stage 1 of the VM:
    then it is found by a virtual address. *)
Inductive entry := Stage2 | Combined (va : Z).

Record world := {
  w_mem : mem;                         (* KCore's C objects *)
  w_meta : Z -> Z;                     (* page state words, by frame *)
  w_ram : Z -> Z -> Z;                 (* content: frame, number of the 64-bit word *)
  w_walk : Z -> Z -> Z -> Z -> Prop;   (* VMID h, translating frame fn, may use table t at level l *)
  w_tlb : entry -> Z -> Z -> Z -> Prop;  (* VMID h may have the entry fn -> p *)
  w_held : bool }.                     (* the thread in question holds LOCK_MEM *)

(** [w_walk] and [w_tlb] say what *may* be: a walker starts and an entry is made at any moment, and
    both stay until they are invalidated.  [w_walk] covers walks under way, whose levels are read at
    different moments, as well as table pointers that a CPU caches. *)

Definition word (w : world) (p i : Z) : Z := wrap U64 (w_ram w p i).
Definition state (w : world) (p : Z) : Z := wrap U64 (w_meta w p).

(** One of KCore's C objects. *)
Notation obj c ix := (@pair ident (list Z) c ix) (only parsing).

(** Views of KCore's objects that walkers and owners depend on. *)
Definition vm_state (w : world) (h : Z) : Z := wrap U32 (w_mem w (obj "vms.state" [h])).
Definition vm_root (w : world) (h : Z) : Z := wrap U64 (w_mem w (obj "vms.root" [h])).
Definition protected (w : world) (h : Z) : Prop := wrap U32 (w_mem w (obj "vms.is_protected" [h])) <> 0.
(** The page that KServ shares with vCPU [i] of VM [h], and the one with its registers: for a normal VM the same. *)
Definition vcpu_run (w : world) (h i : Z) : Z := wrap U64 (w_mem w (obj "vcpus.run_pfn" [h; i])).
Definition vcpu_ctx (w : world) (h i : Z) : Z := wrap U64 (w_mem w (obj "vcpus.ctx_pfn" [h; i])).
Definition vcpu_on (w : world) (h i : Z) : Prop := wrap U32 (w_mem w (obj "vcpus.power" [h; i])) = 1.
(** The page with KServ's registers on CPU [c]. *)
Definition host_ctx (w : world) (c : Z) : Z := wrap U64 (w_mem w (obj "pcpu.host_ctx" [c])).

(** *** Loaded vCPUs
    "vcpus.loaded" [h; i] is 0, or c + 1: vCPU i of VM h is loaded on CPU c. *)
Definition loaded_cell : ident := "vcpus.loaded".
Definition token (w : world) (h i : Z) : Z := wrap U32 (w_mem w (obj loaded_cell [h; i])).

(** ** Stage-2 translation, as the hardware does it (DDI 0487, D8.3; 4 KiB granule, 40 bits, levels 1 to
    3, two level-1 tables).  VTCR_EL2.HA = HD = 0: walkers never write. *)
Definition index (l fn : Z) : Z := fn / 2 ^ (9 * (3 - l)) mod 512.
Definition output (d : Z) : Z := d / 4096 mod 2 ^ 36.             (* bits 47:12 *)

Definition next_table (l d : Z) : option Z :=
  if (l <? 3) && (d mod 4 =? 3) then Some (output d) else None.

(** A leaf covers 2 ^ (9 * (3 - l)) frames; the low bits of a block's address do not count. *)
Definition leaf_page (l d fn : Z) : option Z :=
  let n := 2 ^ (9 * (3 - l)) in
  if (if l <? 3 then d mod 4 =? 1 else d mod 4 =? 3) then Some (output d / n * n + fn mod n) else None.

(** The tables at which a walk may start: KServ's root; a VM's from its creation until it is DYING.  (A
    CPU loads VTTBR_EL2 with a VM's root only for a vCPU that it has loaded, and no vCPU of a DYING VM is
    loaded; [tlb_inval_vm] keeps walks off while it makes a VMID current.) *)
Definition VM_FREE := 0. Definition VM_NEW := 1. Definition VM_SEALED := 2. Definition VM_DYING := 3.
Definition live (w : world) (h : Z) : Prop :=
  1 <= h <= 255 /\ (vm_state w h = VM_NEW \/ vm_state w h = VM_SEALED).
Definition starts (B : board) (w : world) (h r : Z) : Prop :=
  h = 0 /\ r = b_root B \/ live w h /\ r = vm_root w h.

Inductive walks (B : board) (w : world) : Z -> Z -> Z -> Z -> Prop :=
| walk_old h l fn t : w_walk w h l fn t -> walks B w h l fn t
| walk_start h r fn : starts B w h r -> 0 <= fn < 2 ^ 28 -> walks B w h 1 fn (r + fn / 2 ^ 27)
| walk_next h l fn t t' :
    walks B w h l fn t -> next_table l (word w t (index l fn)) = Some t' -> walks B w h (l + 1) fn t'.

Definition entries (B : board) (w : world) (k : entry) (h fn p : Z) : Prop :=
  w_tlb w k h fn p \/
  exists l t, walks B w h l fn t /\ leaf_page l (word w t (index l fn)) fn = Some p.

(** The world after walkers have done, any number of times, what they may do now. *)
Definition settle (B : board) (w : world) : world :=
  {| w_mem := w_mem w; w_meta := w_meta w; w_ram := w_ram w;
     w_walk := walks B w; w_tlb := entries B w; w_held := w_held w |}.

(** VMID h can get at page p; somebody can; somebody may use p as a table. *)
Definition reach (w : world) (h p : Z) : Prop := exists k fn, w_tlb w k h fn p.
Definition reached (w : world) (p : Z) : Prop := exists h, reach w h p.
Definition used (w : world) (p : Z) : Prop := exists h l fn, w_walk w h l fn p.

(** ** Page states (kcore/mm/page.h) *)
Definition PG_CORE := 0. Definition PG_HOST := 1. Definition PG_PINNED := 2. Definition PG_LENT := 3.
Definition PG_VM := 4. Definition PG_VMCORE := 5. Definition PG_CTX := 6.

Definition kind (s : Z) : Z := s mod 16.
Definition handle (s : Z) : Z := s / 16 mod 2 ^ 16.
Definition arg (s : Z) : Z := s / 2 ^ 20 mod 2 ^ 36.
Definition hosts (s : Z) : Prop := kind s = PG_HOST \/ kind s = PG_PINNED \/ kind s = PG_LENT.

Inductive owner := Core | KServ | Vm (h : Z) | Nobody.
Definition owner_of (s : Z) : owner :=
  if kind s =? PG_CORE then Core
  else if (kind s =? PG_VM) || (kind s =? PG_VMCORE) || (kind s =? PG_CTX) then Vm (handle s)
  else if (kind s =? PG_HOST) || (kind s =? PG_PINNED) || (kind s =? PG_LENT) then KServ
  else Nobody.

(** Pages whose content is the VM's secret: its private pages, and the registers of its vCPUs.  All that KCore
    keeps elsewhere, tables too, is taken to be known to KServ. *)
Definition secret_state (s : Z) : Prop := kind s = PG_VM \/ kind s = PG_CTX.

(** ** The security invariant *)
(** What VMID h may reach at frame fn.  KServ's map is the identity. *)
Definition allowed (B : board) (w : world) (h fn p : Z) : Prop :=
  if h =? 0 then fn = p /\ (is_ram B p /\ hosts (state w p) \/ b_dev B p)
  else is_ram B p /\
       (kind (state w p) = PG_LENT \/
        kind (state w p) = PG_VM /\ handle (state w p) = h /\ arg (state w p) = fn).

(** Pages that hold translation tables of VMID h: nobody but KCore can write them. *)
Definition table_page (B : board) (w : world) (h t : Z) : Prop :=
  is_ram B t /\
  if h =? 0 then kind (state w t) = PG_CORE
  else kind (state w t) = PG_VMCORE /\ handle (state w t) = h.

(** The pages that CPUs use without LOCK_MEM: every CPU's page with KServ's registers is KCore's, and no table; a loaded
    vCPU has its run page, and its context if its VM is protected, of which it is the only user. *)
Record seats (B : board) (w : world) : Prop := {
  st_host : forall c, 0 <= c < 8 -> is_ram B (host_ctx w c) /\ kind (state w (host_ctx w c)) = PG_CORE;
  st_hosts : forall c d, 0 <= c < 8 -> 0 <= d < 8 -> host_ctx w c = host_ctx w d -> c = d;
  st_walk : forall c h l fn, 0 <= c < 8 -> ~ w_walk w h l fn (host_ctx w c);
  st_run : forall h i, token w h i <> 0 ->
    is_ram B (vcpu_run w h i) /\ kind (state w (vcpu_run w h i)) = PG_PINNED /\ handle (state w (vcpu_run w h i)) = h;
  st_ctx : forall h i, token w h i <> 0 -> protected w h ->
    is_ram B (vcpu_ctx w h i) /\ kind (state w (vcpu_ctx w h i)) = PG_CTX /\ handle (state w (vcpu_ctx w h i)) = h;
  st_normal : forall h i, token w h i <> 0 -> ~ protected w h -> vcpu_ctx w h i = vcpu_run w h i;
  st_ctxs : forall h i j, token w h i <> 0 -> token w h j <> 0 -> protected w h -> vcpu_ctx w h i = vcpu_ctx w h j -> i = j }.

(** After every single event of every CPU: whatever a walk or a TLB entry of h reaches is h's, and walks
    use tables of h only; and what is said of the pages that CPUs have. *)
Record secure (B : board) (w : world) : Prop := {
  s_tlb : forall k h fn p, w_tlb w k h fn p -> allowed B w h fn p;
  s_walk : forall h l fn t, w_walk w h l fn t -> table_page B w h t;
  s_seats : seats B w }.

(** Nothing more can be reached or walked than [w_walk] and [w_tlb] say. *)
Record settled (B : board) (w : world) : Prop := {
  c_walk : forall h l fn t, walks B w h l fn t -> w_walk w h l fn t;
  c_tlb : forall k h fn p, entries B w k h fn p -> w_tlb w k h fn p }.
