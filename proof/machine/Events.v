(** * What every event of KCore's C does, and what it needs

    [effect e w] is the condition under which KCore may do [e] in world [w], and the relation between
    the worlds before and after.  These are the contracts of kcore/include/kcore/prim.h. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Exposed.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** KCore's objects *)
(** Some are constant after boot; an entry of [pcpu] and a row of [last_ran] belong to their CPU, as its
    registers (Cpu.v) do; some of a vCPU belong to the CPU that has it loaded, and are LOCK_MEM's while nobody has;
    one is a flag that anybody raises at any moment; LOCK_MEM protects the rest. *)
Inductive class := Constant | Percpu | Loader | Flag | Locked.
Definition constant_cells : list ident :=
  ["region.base"; "region.n"; "region.l3"; "n_region"; "host_root"; "host_l2"; "boot.n_region";
   "boot.region.base_pfn"; "boot.region.n_pfn"; "boot.n_device"; "boot.device.base_pfn";
   "boot.device.n_pfn"; "boot.core_pfn"; "boot.core_n"; "boot.pool_pfn"; "boot.pool_n";
   "n_cpu"; "cpu_mpidr"; "gicr_pfn"; "pcpu.host_ctx"].
Definition loader_cells : list ident :=
  ["vcpus.pend"; "vcpus.mmio_size"; "vcpus.mmio_rt"; "vcpus.mmio_sext"; "vcpus.mmio_sf"; "vcpus.mmio_far"].
Definition class_of (c : ident) : class :=
  if existsb (String.eqb c) constant_cells then Constant
  else if String.prefix "pcpu." c || String.prefix "reg." c || String.eqb c "last_ran" then Percpu
  else if existsb (String.eqb c) loader_cells then Loader
  else if String.eqb c "going_down" then Flag else Locked.
(** A cell of class [Percpu] is of the CPU that its first index says. *)
Definition of_cpu (c : Z) (l : loc) : Prop := hd_error (snd l) = Some c.

(** *** Loaded vCPUs
    A token ([State.token]): only CPU c takes it, when it is free, and only CPU c gives it back, both with the lock.  As
    long as CPU c has it, these objects of the VM and the vCPU stay as they are, so c reads them without the lock. *)
Definition steady_cells : list ident := ["vcpus.run_pfn"; "vcpus.ctx_pfn"; "vms.root"; "vms.is_protected"].
Definition steady (c : ident) : bool := existsb (String.eqb c) steady_cells.

(** CPU [c] has the vCPU [h; i], or some vCPU of the VM [h]; nobody has. *)
Definition has (c : Z) (w : world) (ix : list Z) : Prop :=
  match ix with [h] => exists i, token w h i = c + 1 | [h; i] => token w h i = c + 1 | _ => False end.
Definition unloaded (w : world) (ix : list Z) : Prop :=
  match ix with [h] => forall i, token w h i = 0 | [h; i] => token w h i = 0 | _ => False end.

(** CPU [c] has this very vCPU; it is on besides; another CPU has it, and it is on. *)
Definition has_vcpu (c : Z) (w : world) (ix : list Z) : Prop :=
  match ix with [h; i] => token w h i = c + 1 | _ => False end.
Definition drives (c : Z) (w : world) (ix : list Z) : Prop :=
  match ix with [h; i] => token w h i = c + 1 /\ vcpu_on w h i | _ => False end.
Definition driven (c : Z) (w : world) (ix : list Z) : Prop :=
  match ix with [h; i] => token w h i <> 0 /\ token w h i <> c + 1 /\ vcpu_on w h i | _ => False end.
(** No CPU has it, or [c] has. *)
Definition loadable (c : Z) (w : world) (ix : list Z) : Prop :=
  match ix with [h; i] => token w h i = 0 \/ token w h i = c + 1 | _ => False end.

(** "pcpu.vm" [c] and "pcpu.vcpu" [c] say which vCPU CPU c has loaded, 0: none.  It has that token then: c itself
    keeps this with every store, and nobody else changes these objects. *)
Definition loaded_vm (c : Z) (w : world) : Z := wrap U32 (w_mem w (obj "pcpu.vm" [c])).
Definition loaded_vcpu (c : Z) (w : world) : Z := wrap U32 (w_mem w (obj "pcpu.vcpu" [c])).
Definition own_ok (c : Z) (w : world) : Prop := loaded_vm c w <> 0 ->
  1 <= loaded_vm c w <= 255 /\ 0 <= loaded_vcpu c w < 16 /\ token w (loaded_vm c w) (loaded_vcpu c w) = c + 1.
Definition tied (c : ident) : bool := existsb (String.eqb c) ["pcpu.vm"; "pcpu.vcpu"; loaded_cell].

(** What no other CPU changes: constants, a CPU's entry of [pcpu], its tokens, and what these keep.  The power state of a
    vCPU is its loader's while it is on: anybody turns a vCPU on, and only its loader turns it off. *)
Definition power_cell : ident := "vcpus.power".
Definition owns (c : Z) (w : world) (l : loc) : Prop :=
  match class_of (fst l) with
  | Constant => True
  | Percpu => of_cpu c l
  | Loader => has_vcpu c w (snd l)
  | Flag => False
  | Locked => steady (fst l) = true /\ has c w (snd l) \/
              fst l = loaded_cell /\ wrap U32 (w_mem w l) = c + 1 \/
              fst l = power_cell /\ drives c w (snd l)
  end.

(** ** Pages that a CPU uses without the lock
    [own_ctx]: where its vectors may save registers: its page of KServ's registers, the context of the vCPU that it has
    loaded, while that is on; [own_run]: the run page of that vCPU.  KServ reaches run pages, and so the contexts of
    normal VMs; [own_page]: nobody else touches these. *)
Definition own_ctx (c : Z) (w : world) (p : Z) : Prop :=
  0 <= c < 8 /\ p = host_ctx w c \/
  exists h i, token w h i = c + 1 /\ vcpu_on w h i /\ p = vcpu_ctx w h i.
Definition own_run (c : Z) (w : world) (p : Z) : Prop := exists h i, token w h i = c + 1 /\ p = vcpu_run w h i.
Definition mine (c : Z) (w : world) (p : Z) : Prop := own_ctx c w p \/ own_run c w p.
Definition own_page (c : Z) (w : world) (p : Z) : Prop :=
  0 <= c < 8 /\ p = host_ctx w c \/
  exists h i, token w h i = c + 1 /\ protected w h /\ vcpu_on w h i /\ p = vcpu_ctx w h i.
(** Some CPU's own page; a page that some CPU uses; that another CPU uses. *)
Definition in_use (w : world) (p : Z) : Prop :=
  (exists d, 0 <= d < 8 /\ p = host_ctx w d) \/
  exists h i, token w h i <> 0 /\ protected w h /\ vcpu_on w h i /\ p = vcpu_ctx w h i.
Definition inhabited (w : world) (p : Z) : Prop := in_use w p \/ exists h i, token w h i <> 0 /\ p = vcpu_run w h i.
Definition elsewhere (c : Z) (w : world) (p : Z) : Prop :=
  (exists d, 0 <= d < 8 /\ d <> c /\ p = host_ctx w d) \/
  exists h i, token w h i <> 0 /\ token w h i <> c + 1 /\
    (p = vcpu_run w h i \/ protected w h /\ vcpu_on w h i /\ p = vcpu_ctx w h i).

(** A walk may start as soon as one of these changes. *)
Definition steers_walks (c : ident) : bool := String.eqb c "vms.state" || String.eqb c "vms.root".

Section Events.
  Variable B : board.
  Variable cpu : Z.        (* the CPU that runs KCore *)

  Definition may_read (w : world) (l : loc) : Prop :=
    match class_of (fst l) with
    | Constant => True
    | Percpu => of_cpu cpu l
    | Loader => has_vcpu cpu w (snd l) \/ w_held w = true /\ loadable cpu w (snd l)
    | Flag => False
    | Locked => w_held w = true \/ owns cpu w l
    end.
  Definition set_mem (m : mem) (w : world) : world :=
    {| w_mem := m; w_meta := w_meta w; w_ram := w_ram w; w_walk := w_walk w; w_tlb := w_tlb w;
       w_held := w_held w |}.
  Definition may_write (w : world) (l : loc) (x : Z) : Prop :=
    (tied (fst l) = true -> own_ok cpu w -> own_ok cpu (set_mem (upd (w_mem w) l x) w)) /\
    match class_of (fst l) with
    | Constant => False
    | Percpu => of_cpu cpu l
    | Loader => has_vcpu cpu w (snd l) \/ w_held w = true /\ loadable cpu w (snd l)
    | Flag => wrap U32 x <> 0
    | Locked => w_held w = true /\
        (steady (fst l) = true -> unloaded w (snd l)) /\
        (fst l = power_cell -> ~ driven cpu w (snd l)) /\
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
      (these KServ reaches as well); what it writes besides, a page of a VM's pool, contexts, and a private page of a
      VM of which this CPU has a vCPU loaded.  So it reads nothing that is secret, stores into a VM's memory for the VM
      alone, and into no page that KServ reaches. *)
  Definition ours (w : world) (p : Z) : Prop :=
    is_ram B p /\ (kind (state w p) = PG_CORE /\ ~ in_use w p \/ kind (state w p) = PG_VMCORE).
  Definition readable (w : world) (p : Z) : Prop :=
    is_ram B p /\ (kind (state w p) = PG_VMCORE \/ kind (state w p) = PG_PINNED).
  Definition usable (w : world) (p : Z) : Prop :=
    is_ram B p /\ (kind (state w p) = PG_VMCORE \/ kind (state w p) = PG_CTX \/
      kind (state w p) = PG_VM /\ has cpu w [handle (state w p)]).

  (** The content that a VM means to disclose, into a page of KServ's, lent or not, that no CPU and no walker uses: nothing else is ever
      copied. *)
  Definition discloses (w : world) (dst src : Z) : Prop :=
    (kind (state w dst) = PG_HOST \/ kind (state w dst) = PG_LENT) /\ ~ used w dst /\ ~ in_use w dst /\ disclosed cpu w src.

  (** *** Without the lock *)
  (** Into the run page of a protected VM goes what is on the list (Exposed.v); and into KServ's registers nothing, but while
      they are the current context: not while those of a vCPU are. *)
  Definition told (w : world) (p i x : Z) : Prop :=
    (forall h j, token w h j = cpu + 1 -> protected w h -> p = vcpu_run w h j -> exposed cpu w i x) /\
    (p = host_ctx w cpu -> wrap U64 (w_mem w (obj "pcpu.cur_ctx" [cpu])) = host_ctx w cpu \/ own_run cpu w p).
  (** What the world switch may put on the CPU: KServ, with its tables; or the loaded vCPU, which is on, with its VM's,
      what KCore traps for any VM, no PMU counting for KServ, and the newer registers trapped. *)
  Definition HCR_HOST := 81068093975560199.
  Definition GUEST_HCR := 105234892351.
  Definition GUEST_MDCR := 0x84e60.
  Definition FREE_HCR (normal : bool) : Z := if normal then 0x440261c0 else 0x6000.   (* TVM TRVM TID2 VSE VI VF; TWI TWE *)
  Definition vttbr (vmid root : Z) : Z := Z.lor (Z.shiftl vmid 48) (Z.shiftl root 12).
  Definition enters (w : world) (to vt hcr mdcr : Z) : Prop :=
    to = host_ctx w cpu /\ 0 <= cpu < 8 /\ vt = vttbr 0 (b_root B) /\ hcr = HCR_HOST \/
    exists h i, token w h i = cpu + 1 /\ vcpu_on w h i /\ to = vcpu_ctx w h i /\ vt = vttbr h (vm_root w h) /\
      Z.land hcr GUEST_HCR = GUEST_HCR /\ Z.land mdcr GUEST_MDCR = GUEST_MDCR /\
      (exists normal, (normal = true -> ~ protected w h) /\ Z.lor hcr (Z.lor GUEST_HCR (FREE_HCR normal)) =
        Z.lor GUEST_HCR (FREE_HCR normal)) /\
      reg_of w cpu "features" [] = 0 /\ reg_of w cpu "pmu" [] = 0.
  (** Words of a context that the switch saves: all but x0..x30, PC and PSTATE; two of the registers are here as well. *)
  Definition saves (w : world) (from : Z) (r : Z -> Z -> Z) : Prop :=
    r from 48 = reg_of w cpu "vbar" [] /\ r from 37 = reg_of w cpu "sctlr" [] /\
    forall p i, p <> from \/ ~ 33 <= i < 60 -> r p i = w_ram w p i.
  Definition saves_fp (w : world) (p0 : Z) (r : Z -> Z -> Z) : Prop :=
    forall p i, p <> p0 \/ ~ 60 <= i < 128 -> r p i = w_ram w p i.
  Definition context_regs (va sc to vt hcr mdcr : Z) : list (ident * list Z * Z) :=
    [("vbar", [], va); ("sctlr", [], sc); ("ctx", [], to); ("vttbr", [], vt); ("hcr", [], hcr); ("mdcr", [], mdcr)].

  Variable lock_inv : world -> Prop.      (* what LOCK_MEM protects, while it is free *)

  (** The primitives of the CPU's own registers: Cpu.v.  The memory part's: everything but [spin_lock] needs
      the lock. *)
  Definition effect (e : event) (w : world) : Prop * (Z -> world -> Prop) :=
    match e with
    | ERead l => (may_read w l \/ class_of (fst l) = Flag, fun v w' => v = w_mem w l /\ w' = w)
    | EWrite l x => (may_write w l x, fun _ w' => w' = write_cell l x w)
    | ECall f args => if cpu_primitive f then cpu_effect B cpu f args w else
    match args with
    | [a] =>
        if String.eqb f "spin_lock" then
          (w_held w = false /\ a = 0,
           (* other CPUs have done anything that keeps the invariant, but to what this CPU owns *)
           fun _ w' => exists w1, lock_inv w1 /\ w' = set_held true w1 /\
             (forall l, owns cpu w l -> w_mem w1 l = w_mem w l) /\
             forall p i, own_page cpu w p -> w_ram w1 p i = w_ram w p i)
        else if String.eqb f "spin_unlock" then
          (w_held w = true /\ a = 0 /\ lock_inv w, fun _ w' => w' = set_held false w)
        else if String.eqb f "meta_get" then
          (w_held w = true /\ is_ram B a, fun v w' => v = w_meta w a /\ w' = w)
        else if String.eqb f "page_zero" then
          (w_held w = true /\ is_ram B a /\ isolated w a /\ ~ in_use w a, fun _ w' => w' = zero_page a w)
        else if String.eqb f "page_sync" then
          (w_held w = true /\ is_ram B a /\ isolated w a, fun _ w' => w' = w)
        else if String.eqb f "fp_load" then (False, fun _ w' => w' = w)
        else if String.eqb f "fp_save" then
          (False, fun _ w' => exists r, saves_fp w a r /\ w' = settle B (set_ram r w))
        else (False, fun _ _ => False)
    | [a; b] =>
        if String.eqb f "meta_set" then
          (w_held w = true /\ is_ram B a /\ may_change w a b, fun _ w' => w' = set_meta a b w)
        else if String.eqb f "pg_get" then
          (w_held w = true /\ readable w a /\ 0 <= b < 512, fun v w' => v = word w a b /\ w' = w)
        else if String.eqb f "pte_get" then
          (w_held w = true /\ ours w a /\ 0 <= b < 512, fun v w' => v = word w a b /\ w' = w)
        else if String.eqb f "page_copy" then
          (w_held w = true /\ is_ram B a /\ is_ram B b /\ discloses w a b,
           fun _ w' => w' = copy_page a b w)
        else if String.eqb f "tlb_inval_vm" then
          (w_held w = true /\ (a = 0 /\ b = b_root B \/ 1 <= a <= 255 /\ b = vm_root w a),
           fun _ w' => w' = invalidate a w)
        else (False, fun _ _ => False)
    | [a; b; c] =>
        if String.eqb f "pg_set" then
          (w_held w = true /\ usable w a /\ 0 <= b < 512 /\ ~ used w a /\ ~ in_use w a, fun _ w' => w' = write_word a b c w)
        else if String.eqb f "pte_set" then
          (w_held w = true /\ ours w a /\ 0 <= b < 512, fun _ w' => w' = write_word a b c w)
        else (False, fun _ _ => False)
    | [to; vt; hcr; mdcr] =>
        if String.eqb f "ctx_start" then
          (False, fun _ w' => w' = set_regs cpu (context_regs (word w to 48) (word w to 37) to vt hcr mdcr) w)
        else (False, fun _ _ => False)
    | [from; to; vt; hcr; mdcr] =>
        if String.eqb f "ctx_switch" then
          (False, fun _ w' => exists r, saves w from r /\
             w' = set_regs cpu (context_regs (word w to 48) (word w to 37) to vt hcr mdcr) (settle B (set_ram r w)))
        else (False, fun _ _ => False)
    | _ => (False, fun _ _ => False)
    end
    end.

  (** These work on pages, and a CPU may use them without the lock, on its own: then it does not see how walkers go on,
      and others may have written to a run page. *)
  Definition paging (f : ident) : bool := existsb (String.eqb f)
    ["pg_get"; "pg_set"; "page_zero"; "fp_load"; "fp_save"; "ctx_switch"; "ctx_start"].
  Definition local (e : event) (w : world) : bool :=
    match e with ECall f _ => paging f && negb (w_held w) | _ => false end.
  Definition local_effect (e : event) (w : world) : Prop * (Z -> world -> Prop) :=
    match e with
    | ECall f [a] =>
        if String.eqb f "page_zero" then
          (own_ctx cpu w a, fun _ w' => w' = set_ram (store_page a (fun _ => 0) (w_ram w)) w)
        else if String.eqb f "fp_load" then (own_ctx cpu w a, fun _ w' => w' = w)
        else if String.eqb f "fp_save" then
          (own_ctx cpu w a, fun _ w' => exists r, saves_fp w a r /\ w' = set_ram r w)
        else (False, fun _ _ => False)
    | ECall f [a; b] =>
        if String.eqb f "pg_get" then
          (mine cpu w a /\ 0 <= b < 512, fun v w' => (own_page cpu w a -> v = word w a b) /\ w' = w)
        else (False, fun _ _ => False)
    | ECall f [a; b; c] =>
        if String.eqb f "pg_set" then
          (mine cpu w a /\ 0 <= b < 512 /\ told w a b c, fun _ w' => w' = set_ram (store_word a b c (w_ram w)) w)
        else (False, fun _ _ => False)
    | ECall f [to; vt; hcr; mdcr] =>
        if String.eqb f "ctx_start" then
          (enters w to vt hcr mdcr, fun _ w' => exists va sc,
             (own_page cpu w to -> va = word w to 48 /\ sc = word w to 37) /\
             w' = set_regs cpu (context_regs va sc to vt hcr mdcr) w)
        else (False, fun _ _ => False)
    | ECall f [from; to; vt; hcr; mdcr] =>
        if String.eqb f "ctx_switch" then
          (own_ctx cpu w from /\ enters w to vt hcr mdcr, fun _ w' => exists va sc r,
             (own_page cpu w to -> va = word w to 48 /\ sc = word w to 37) /\ saves w from r /\
             w' = set_regs cpu (context_regs va sc to vt hcr mdcr) (set_ram r w))
        else (False, fun _ _ => False)
    | _ => (False, fun _ _ => False)
    end.

  (** KServ and the VMs write to any page that they reach, and other CPUs to the pages that they use, at any moment.  The
      view that the proof of one function has of the world is brought up to date where this matters: before events that
      read pages which others may reach, and before pages get out of reach.  ([Machine] lets them write at any
      moment, and shows that this is enough.) *)
  Definition meddling (w w' : world) : Prop :=
    exists r, w' = set_ram r w /\ forall p i, ~ reached w p -> ~ elsewhere cpu w p -> r p i = w_ram w p i.

  Definition observes (e : event) : bool :=
    match e with
    | ECall f _ => String.eqb f "tlb_inval_vm" || String.eqb f "pg_get" || String.eqb f "page_copy"
    | _ => false
    end.
  Definition before (e : event) (w w' : world) : Prop :=
    if observes e then meddling w w'
    else match e with
         | ERead l => if match class_of (fst l) with Flag => true | _ => false end
                      then exists x, w' = set_mem (upd (w_mem w) l x) w else w' = w
         | _ => w' = w
         end.

  (** What calls on memory do without: pages without the lock, and what concerns the vCPU that this CPU has loaded.  So
      all that the CPU owns stays as it is, but for results and counters. *)
  Definition not_for_memory : list ident := ["pmu_stop"; "pmu_start"; "features_set"; "cntvoff_set"; "page_copy"].
  Definition scratch_cells : list ident := ["pcpu.res1"; "pcpu.res2"; "pcpu.res3"; "pcpu.refused"; "last_ran"].
  Definition calm (e : event) (w : world) : Prop :=
    local e w = false /\
    match e with
    | EWrite l x =>
        match class_of (fst l) with
        | Percpu => existsb (String.eqb (fst l)) scratch_cells = true
        | Loader | Flag => False
        | _ => fst l <> power_cell /\ fst l <> loaded_cell
        end \/
        (fst l = power_cell \/ fst l = loaded_cell \/ class_of (fst l) = Loader) /\ unloaded w (snd l) /\
          (fst l = loaded_cell -> wrap U32 x = 0)
    | ECall f _ => existsb (String.eqb f) not_for_memory = false
    | ERead _ => True
    end.

  (** The contract for [wp]: the condition of the event, and security after it.  [all] = false: for calls on memory. *)
  Definition contract_of (all : bool) : contract world := {|
    pre e w :=
      (all = false -> calm e w) /\
      if local e w then fst (local_effect e w)
      else forall w0, before e w w0 ->
        fst (effect e w0) /\ forall v w', snd (effect e w0) v w' -> secure B w';
    act e w v w' :=
      if local e w then snd (local_effect e w) v w'
      else exists w0, before e w w0 /\ snd (effect e w0) v w' |}.
  Definition kcore : contract world := contract_of false.
  Definition kcore_all : contract world := contract_of true.
End Events.

(** As functions need it, whatever their CPU is: a page that some CPU uses may change. *)
Definition interference (w w' : world) : Prop :=
  exists r, w' = set_ram r w /\ forall p i, ~ reached w p -> ~ inhabited w p -> r p i = w_ram w p i.

Lemma elsewhere_inhabited c w p : elsewhere c w p -> inhabited w p.
Proof.
  intros [(d & R & _ & E)|(h & i & N & _ & [E|(P & O & E)])]; [left; left; eauto|right; eauto|left; right; exists h, i; auto].
Qed.

Lemma meddling_interference c w w' : meddling c w w' -> interference w w'.
Proof.
  intros (r & E & H). exists r. split; [exact E|]. intros p i R N. apply H; [exact R|].
  intros X. apply N, (elsewhere_inhabited c), X.
Qed.
