(** * What every event of KCore's C does, and what it needs

    [effect e w] is the condition under which KCore may do [e] in world [w], and the relation between
    the worlds before and after.  These are the contracts of kcore/include/kcore/prim.h. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** KCore's objects *)
(** Some are constant after boot; an entry of [pcpu] and a row of [last_ran] belong to their CPU, as its
    registers (Cpu.v) do; LOCK_MEM protects the rest. *)
Inductive class := Constant | Percpu | Locked.
Definition constant_cells : list ident :=
  ["region.base"; "region.n"; "region.l3"; "n_region"; "host_root"; "host_l2"; "boot.n_region";
   "boot.region.base_pfn"; "boot.region.n_pfn"; "boot.n_device"; "boot.device.base_pfn";
   "boot.device.n_pfn"; "boot.core_pfn"; "boot.core_n"; "boot.pool_pfn"; "boot.pool_n";
   "n_cpu"; "cpu_mpidr"; "gicr_pfn"].
Definition class_of (c : ident) : class :=
  if existsb (String.eqb c) constant_cells then Constant
  else if String.prefix "pcpu." c || String.prefix "reg." c || String.eqb c "last_ran" then Percpu else Locked.
(** A cell of class [Percpu] is of the CPU that its first index says. *)
Definition of_cpu (c : Z) (l : loc) : Prop := hd_error (snd l) = Some c.

(** *** Loaded vCPUs
    "vcpus.loaded" [h; i] is 0, or c + 1: vCPU i of VM h is loaded on CPU c.  It is a token: only CPU c takes
    it, when it is free, and only CPU c gives it back, both with the lock.  As long as CPU c has it, these
    objects of the VM and the vCPU stay as they are, so c reads them without the lock. *)
Definition loaded_cell : ident := "vcpus.loaded".
Definition steady_cells : list ident := ["vcpus.run_pfn"; "vcpus.ctx_pfn"; "vms.root"; "vms.is_protected"].
Definition steady (c : ident) : bool := existsb (String.eqb c) steady_cells.

Definition token (w : world) (h i : Z) : Z := wrap U32 (w_mem w (obj loaded_cell [h; i])).
(** CPU [c] has the vCPU [h; i], or some vCPU of the VM [h]; nobody has. *)
Definition has (c : Z) (w : world) (ix : list Z) : Prop :=
  match ix with [h] => exists i, token w h i = c + 1 | [h; i] => token w h i = c + 1 | _ => False end.
Definition unloaded (w : world) (ix : list Z) : Prop :=
  match ix with [h] => forall i, token w h i = 0 | [h; i] => token w h i = 0 | _ => False end.

(** "pcpu.vm" [c] and "pcpu.vcpu" [c] say which vCPU CPU c has loaded, 0: none.  It has that token then: c itself
    keeps this with every store, and nobody else changes these objects. *)
Definition loaded_vm (c : Z) (w : world) : Z := wrap U32 (w_mem w (obj "pcpu.vm" [c])).
Definition loaded_vcpu (c : Z) (w : world) : Z := wrap U32 (w_mem w (obj "pcpu.vcpu" [c])).
Definition own_ok (c : Z) (w : world) : Prop := loaded_vm c w <> 0 ->
  1 <= loaded_vm c w <= 255 /\ 0 <= loaded_vcpu c w < 16 /\ token w (loaded_vm c w) (loaded_vcpu c w) = c + 1.
Definition tied (c : ident) : bool := existsb (String.eqb c) ["pcpu.vm"; "pcpu.vcpu"; loaded_cell].

(** What no other CPU changes: a CPU's entry of [pcpu], its tokens, and what these keep. *)
Definition owns (c : Z) (w : world) (l : loc) : Prop :=
  match class_of (fst l) with
  | Constant => False
  | Percpu => of_cpu c l
  | Locked => steady (fst l) = true /\ has c w (snd l) \/
              fst l = loaded_cell /\ wrap U32 (w_mem w l) = c + 1
  end.

(** A walk may start as soon as one of these changes. *)
Definition steers_walks (c : ident) : bool := String.eqb c "vms.state" || String.eqb c "vms.root".

Section Events.
  Variable B : board.
  Variable cpu : Z.        (* the CPU that runs KCore *)

  Definition may_read (w : world) (l : loc) : Prop :=
    match class_of (fst l) with
    | Constant => True
    | Percpu => of_cpu cpu l
    | Locked => w_held w = true \/ steady (fst l) = true /\ has cpu w (snd l)
    end.
  Definition set_mem (m : mem) (w : world) : world :=
    {| w_mem := m; w_meta := w_meta w; w_ram := w_ram w; w_walk := w_walk w; w_tlb := w_tlb w;
       w_held := w_held w |}.
  Definition may_write (w : world) (l : loc) (x : Z) : Prop :=
    (tied (fst l) = true -> own_ok cpu w -> own_ok cpu (set_mem (upd (w_mem w) l x) w)) /\
    match class_of (fst l) with
    | Constant => False
    | Percpu => of_cpu cpu l
    | Locked => w_held w = true /\
        (steady (fst l) = true -> unloaded w (snd l)) /\
        (fst l = loaded_cell -> forall v, v = w_mem w l \/ v = x -> wrap U32 v = 0 \/ wrap U32 v = cpu + 1)
    end.

  (** ** Updates *)
  Definition set_meta (p s : Z) (w : world) : world :=
    {| w_mem := w_mem w; w_meta := fun q => if q =? p then s else w_meta w q; w_ram := w_ram w;
       w_walk := w_walk w; w_tlb := w_tlb w; w_held := w_held w |}.
  Definition set_ram (r : Z -> Z -> Z) (w : world) : world :=
    {| w_mem := w_mem w; w_meta := w_meta w; w_ram := r; w_walk := w_walk w; w_tlb := w_tlb w;
       w_held := w_held w |}.
  Definition set_held (b : bool) (w : world) : world :=
    {| w_mem := w_mem w; w_meta := w_meta w; w_ram := w_ram w; w_walk := w_walk w; w_tlb := w_tlb w;
       w_held := b |}.
  (** TLB entries, cached table pointers and walks under way of VMID h are gone. *)
  Definition drop_vmid (h : Z) (w : world) : world :=
    {| w_mem := w_mem w; w_meta := w_meta w; w_ram := w_ram w;
       w_walk := fun h' l fn t => h' <> h /\ w_walk w h' l fn t;
       w_tlb := fun k h' fn p => h' <> h /\ w_tlb w k h' fn p;
       w_held := w_held w |}.

  Definition store_word (p i x : Z) (r : Z -> Z -> Z) : Z -> Z -> Z :=
    fun q j => if (q =? p) && (j =? i) then x else r q j.
  Definition store_page (p : Z) (f : Z -> Z) (r : Z -> Z -> Z) : Z -> Z -> Z :=
    fun q j => if q =? p then f j else r q j.

  Definition write_cell (l : loc) (v : Z) (w : world) : world :=
    let w1 := set_mem (upd (w_mem w) l v) w in if steers_walks (fst l) then settle B w1 else w1.
  Definition write_word (p i x : Z) (w : world) : world :=
    settle B (set_ram (store_word p i x (w_ram w)) w).
  Definition zero_page (p : Z) (w : world) : world :=
    settle B (set_ram (store_page p (fun _ => 0) (w_ram w)) w).
  Definition copy_page (dst src : Z) (w : world) : world :=
    settle B (set_ram (store_page dst (w_ram w src) (w_ram w)) w).
  Definition invalidate (h : Z) (w : world) : world := settle B (drop_vmid h w).

  (** ** Conditions *)
  Definition isolated (w : world) (p : Z) : Prop := ~ reached w p /\ ~ used w p.
  Definition zeroed (w : world) (p : Z) : Prop := forall i, 0 <= i < 512 -> word w p i = 0.

  (** A page changes owner only while nobody can get at it, and zero; and so does a page that stops being
      secret.  The one exception is the image of a VM that has not run: pages with content that KServ gives to
      a NEW VM. *)
  Definition may_change (w : world) (p s : Z) : Prop :=
    owner_of (state w p) = owner_of (wrap U64 s) /\ (secret_state (state w p) -> secret_state (wrap U64 s)) \/
    isolated w p /\
    (zeroed w p \/ owner_of (state w p) = KServ /\ vm_state w (handle (wrap U64 s)) = VM_NEW /\
                   kind (wrap U64 s) = PG_VM).

  (** Words of pages that KCore uses itself: tables; what it reads besides, pages of a VM's pool and run pages
      (these KServ reaches as well); what it writes besides, contexts, and a private page of a VM of which
      this CPU has a vCPU loaded.  So it reads nothing that is secret, and stores into a VM's memory for the VM
      alone. *)
  Definition ours (w : world) (p : Z) : Prop :=
    is_ram B p /\ (kind (state w p) = PG_CORE \/ kind (state w p) = PG_VMCORE).
  Definition readable (w : world) (p : Z) : Prop :=
    is_ram B p /\ (kind (state w p) = PG_VMCORE \/ kind (state w p) = PG_PINNED).
  Definition usable (w : world) (p : Z) : Prop :=
    is_ram B p /\ (kind (state w p) = PG_VMCORE \/ kind (state w p) = PG_PINNED \/ kind (state w p) = PG_CTX \/
      kind (state w p) = PG_VM /\ has cpu w [handle (state w p)]).

  Variable lock_inv : world -> Prop.      (* what LOCK_MEM protects, while it is free *)

  (** The primitives of the CPU's own registers: Cpu.v.  The memory part's: everything but [spin_lock] needs
      the lock. *)
  Definition effect (e : event) (w : world) : Prop * (Z -> world -> Prop) :=
    match e with
    | ERead l => (may_read w l, fun v w' => v = w_mem w l /\ w' = w)
    | EWrite l x => (may_write w l x, fun _ w' => w' = write_cell l x w)
    | ECall f args => if cpu_primitive f then cpu_effect B cpu f args w else
    match args with
    | [a] =>
        if String.eqb f "spin_lock" then
          (w_held w = false /\ a = 0,
           (* other CPUs have done anything that keeps the invariant, but to what this CPU owns *)
           fun _ w' => exists w1, lock_inv w1 /\ w' = set_held true w1 /\
             forall l, owns cpu w l -> w_mem w1 l = w_mem w l)
        else if String.eqb f "spin_unlock" then
          (w_held w = true /\ a = 0 /\ lock_inv w, fun _ w' => w' = set_held false w)
        else if String.eqb f "meta_get" then
          (w_held w = true /\ is_ram B a, fun v w' => v = w_meta w a /\ w' = w)
        else if String.eqb f "page_zero" then
          (w_held w = true /\ is_ram B a /\ isolated w a, fun _ w' => w' = zero_page a w)
        else if String.eqb f "page_sync" then
          (w_held w = true /\ is_ram B a /\ isolated w a, fun _ w' => w' = w)
        else (False, fun _ _ => False)
    | [a; b] =>
        if String.eqb f "meta_set" then
          (w_held w = true /\ is_ram B a /\ may_change w a b, fun _ w' => w' = set_meta a b w)
        else if String.eqb f "pg_get" then
          (w_held w = true /\ readable w a /\ 0 <= b < 512, fun v w' => v = word w a b /\ w' = w)
        else if String.eqb f "pte_get" then
          (w_held w = true /\ ours w a /\ 0 <= b < 512, fun v w' => v = word w a b /\ w' = w)
        else if String.eqb f "page_copy" then
          (w_held w = true /\ is_ram B a /\ is_ram B b /\ isolated w a /\ ~ secret_state (state w b),
           fun _ w' => w' = copy_page a b w)
        else if String.eqb f "tlb_inval_vm" then
          (w_held w = true /\ (a = 0 /\ b = b_root B \/ 1 <= a <= 255 /\ b = vm_root w a),
           fun _ w' => w' = invalidate a w)
        else (False, fun _ _ => False)
    | [a; b; c] =>
        if String.eqb f "pg_set" then
          (w_held w = true /\ usable w a /\ 0 <= b < 512 /\ ~ used w a, fun _ w' => w' = write_word a b c w)
        else if String.eqb f "pte_set" then
          (w_held w = true /\ ours w a /\ 0 <= b < 512, fun _ w' => w' = write_word a b c w)
        else (False, fun _ _ => False)
    | _ => (False, fun _ _ => False)
    end
    end.

  (** KServ and the VMs write to any page that they reach, at any moment.  The view that the proof of one
      function has of the world is brought up to date where this matters: before events that read pages
      which others may reach, and before pages get out of reach.  ([Machine] lets them write at any
      moment, and shows that this is enough.) *)
  Definition interference (w w' : world) : Prop :=
    exists r, w' = set_ram r w /\ forall p i, ~ reached w p -> r p i = w_ram w p i.

  Definition observes (e : event) : bool :=
    match e with
    | ECall f _ => String.eqb f "tlb_inval_vm" || String.eqb f "pg_get" || String.eqb f "page_copy"
    | _ => false
    end.
  Definition before (e : event) (w w' : world) : Prop :=
    if observes e then interference w w' else w' = w.

  (** The contract for [wp]: the condition of the event, and security after it. *)
  Definition kcore : contract world := {|
    pre e w := forall w0, before e w w0 ->
      fst (effect e w0) /\ forall v w', snd (effect e w0) v w' -> secure B w';
    act e w v w' := exists w0, before e w w0 /\ snd (effect e w0) v w' |}.
End Events.
