(** * The abstract machine: its state, and what programs can do

    Principals are KServ (0, with its normal VMs) and each protected VM.  VMs have numbers that
    are never used again; KServ names them by handles, which are.  All programs are arbitrary:
    what a CPU does next is [prg] of its registers and of the word it fetches at its PC through
    its own translation.  A step is one instruction; a hardware table walk of a guest is a program
    like any other.  Every call of KServ or of a guest, every exit and every fault is one step.
    State here, KServ's calls in [Top.v], guests in [Guest.v].  Nothing in these files is proved;
    read them. *)
From Coq Require Import ZArith List Bool.
Import ListNotations.
Open Scope Z_scope.

(** ** State *)
Inductive pstate := Host | Pinned (id i : Z) | Lent (at_ : list (Z * Z)) | Vm (id a : Z) | Vmcore
    (id : Z)
  | Core | Outside.                                 (* Lent: the (VM, ipa) pairs that map it *)
Inductive slot := Unused | Private (p : Z) | Shared | LentAt (p prot : Z) | Destroyed.
Inductive life := Absent | New | Sealed | Dying | Gone.
(** Registers: those that KServ may never see of a protected VM, and the interface registers that
    KServ and the VM both have (virtual interrupt controller, virtual timer). *)
Record file := File { gp : list Z; ifc : list Z }.
(** What an exit owes to the instruction [w] that caused it. *)
Inductive debt := Load_of (w size : Z) | Store_of (w : Z) | Read_of (w : Z) | Write_of (w : Z).
Record context := Context { regs : file; owed : option debt }.
Record vmrec := VmRec { st : life; prot : bool; ram : list (Z * Z); pool : Z; tabs : list (Z * Z) }.
Record vcpu := Vcpu { runp : option Z; power : bool; tok : option Z }.   (* tok: the CPU that
    loaded it *)
Record cpurec := Cpu { on : option (Z * Z); inside : bool; hregs : file }.
Record state := State {
  ps : Z -> pstate;          (* page states *)
  mem : Z -> Z -> Z;         (* page, word: content *)
  vm : Z -> vmrec;
  vc : Z -> Z -> vcpu;       (* VM, index *)
  cx : Z -> Z -> context;    (* registers of a vCPU, running or saved *)
  sl : Z -> Z -> slot;       (* VM, ipa page: state and translation *)
  cp : Z -> cpurec;          (* per CPU: loaded vCPU, is it running, KServ's registers *)
  byh : Z -> Z;              (* handle -> VM, 0: free *)
  nvm : Z;                   (* VMs made so far *)
  ent : Z -> Z -> Z }.       (* each VM's own source of random words *)

(** ** What programs can do *)
Inductive call :=
| Stat (item : Z) | Create (prot : bool) (root : Z) | Ram (h a n : Z) | Table (h p : Z)
| Vcpu_create (h i run ctx : Z) | Donate (h a p n : Z) | Lend (h a p n pr : Z) | Unlend (h a n : Z)
| Lend_prot (h a n pr : Z) | Force_reclaim (h a : Z) | Teardown (h : Z) | Reclaim (h p : Z) | Free
    (h : Z)
| Flush (h : Z) | Vcpu_load (h i : Z) | Vcpu_put | Vcpu_run.
(** Addresses [x] are in words: page [x / 512], word [x mod 512].  From [Rand] on: guests only. *)
Inductive act := Nop | Load (x size : Z) | Store (x size v : Z) | Call (c : call)
| Rand (n : Z) | Wait (b : Z) | Sys_read (r : Z) | Sys_write (r v : Z) | Share (a e : Z) | Unshare
    (a e : Z)
| State_get (a e : Z) | Config (a : Z) | Cpu_on (t pc arg : Z) | Cpu_off | Affinity (t : Z) |
    Sys_off | Reset.
(** What an instruction gets back. *)
Inductive input := Inone | Ival (v : Z) | Ires (r x1 x2 : Z) | Iabort | Iexit (code : Z) | Iirq
    (class : Z).
(** What KServ is told when a vCPU exits: all of it. *)
Inductive exit := Xirq (class : Z) | Xwait (b : Z) | Xpage (a rwx : Z) | Xload (x size : Z)
| Xstore (x size v : Z) | Xread (r : Z) | Xwrite (r v : Z) | Xon (t : Z) | Xoff | Xsysoff | Xreset
| Xshare (a n : Z) | Xunshare (a n : Z) | Xtable | Xall (w x : Z).        (* Xall: a normal VM's *)

Definition OK := 0. Definition EINVAL := 1. Definition EPERM := 2. Definition ENOENT := 3.
Definition EBUSY := 4. Definition ENOMEM := 5. Definition EEXIST := 6. Definition ESTATE := 7.
Definition NO_PFN := 2 ^ 64 - 1. Definition IPAS := 2 ^ 28.
(** Words of the run page. *)
Definition X0 := 0. Definition X1 := 1. Definition PC := 31. Definition EXIT
    := 256. Definition ESR := 257.
Definition HPFAR := 259. Definition FAULT := 260. Definition FLAGS := 273. Definition IFC := 288.

Definition upd {T} (f : Z -> T) (k : Z) (v : T) : Z -> T := fun x => if x =? k then v else f x.
Definition upd2 {T} (f : Z -> Z -> T) k j (v : T) : Z -> Z -> T := fun x y => if (x =? k)
    && (y =? j) then v else f x y.
Definition range (n : Z) : list Z := map Z.of_nat (seq 0 (Z.to_nat n)).
Definition within (a n x : Z) : bool := (a <=? x) && (x <? a + n).
Definition set_ps s v := State v (mem s) (vm s) (vc s) (cx s) (sl s) (cp s) (byh s) (nvm s) (ent s).
Definition set_mem s v := State (ps s) v (vm s) (vc s) (cx s) (sl s) (cp s) (byh s) (nvm s) (ent s).
Definition set_vm s id v := State (ps s) (mem s) (upd (vm s) id v) (vc s) (cx s) (sl s) (cp s)
    (byh s) (nvm s) (ent s).
Definition set_vc s id i v := State (ps s) (mem s) (vm s) (upd2 (vc s) id i v) (cx s) (sl s) (cp
    s) (byh s) (nvm s) (ent s).
Definition set_cx s id i v := State (ps s) (mem s) (vm s) (vc s) (upd2 (cx s) id i v) (sl s) (cp
    s) (byh s) (nvm s) (ent s).
Definition set_sl s v := State (ps s) (mem s) (vm s) (vc s) (cx s) v (cp s) (byh s) (nvm s) (ent s).
Definition set_cp s k v := State (ps s) (mem s) (vm s) (vc s) (cx s) (sl s) (upd (cp s) k v) (byh
    s) (nvm s) (ent s).
Definition set_life s id l := set_vm s id (VmRec l (prot (vm s id)) (ram (vm s id)) (pool (vm s
    id)) (tabs (vm s id))).
Definition set_power s id i b := set_vc s id i (Vcpu (runp (vc s id i)) b (tok (vc s id i))).
Definition set_tok s id i t := set_vc s id i (Vcpu (runp (vc s id i)) (power (vc s id i)) t).
Definition wr s p w v := set_mem s (upd2 (mem s) p w v).
Definition rd s p w n : list Z := map (fun j => mem s p (w + j)) (range n).
Fixpoint words (w : Z) (l : list Z) : list (Z * Z) := match l with [] => [] | v :: r => (w,
    v) :: words (w + 1) r end.
Definition wr_list s p (l : list (Z * Z)) : state := fold_right (fun wv s => wr s p (fst wv) (snd
    wv)) s l.

Definition live (v : vmrec) : bool := match st v with New | Sealed => true | _ => false end.
Definition ram_end (v : vmrec) (a : Z) : Z :=
  match find (fun r => within (fst r) (snd r) a) (ram v) with Some r => fst r + snd r | None => a
      end.
Definition in_ram (v : vmrec) (a : Z) : bool := a <? ram_end v a.
(** Tables of a VM: (2, i) for the i-th GiB, (3, i) for the i-th 2 MiB.  [n]: 1 page or a block of
    512. *)
Definition has (v : vmrec) (t : Z * Z) : bool := existsb (fun u => (fst u =? fst t)
    && (snd u =? snd t)) (tabs v).
Definition wanted (v : vmrec) (a n : Z) : list (Z * Z) :=
  filter (fun t => negb (has v t)) ((2, a / 2 ^ 18) :: if n =? 512 then [] else [(3, a / 512)]).
Definition tables_ok (v : vmrec) (a n : Z) : bool := Z.of_nat (length (wanted v a n)) <=? pool v.
Definition use_tables s id a n : state := let v := vm s id in
  set_vm s id (VmRec (st v) (prot v) (ram v) (pool v - Z.of_nat (length (wanted v a n))) (wanted v
      a n ++ tabs v)).
