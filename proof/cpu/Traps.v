(** * KCore on the machine: every entry, from the first one of a CPU on

    A CPU's life is the list of its entries to KCore.  Between two of them KServ or the VM that KCore has put on the CPU runs:
    any program, so any registers may have any values when the vectors save them.  This is all that is said of software at
    EL1 and EL0 here, and of the exception; what it does to memory meanwhile is [step_others] (Machine.v).

    The lists hold every value in advance, and are arbitrary: so a theorem for all lists is one for any software, which
    chooses what it does next by what it has seen. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link.
From Redoubt.machine Require Import State Cpu Events Machine.
From Redoubt.mm Require Import Verified.
From Redoubt.gen Require Import Program.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** What the exception says, where it returns to, and what software at EL1 changes: its own registers, the virtual CPU
    interface; HCR_EL2.VSE is cleared by hardware. *)
Definition el1_registers : list ident :=
  ["esr"; "far"; "hpfar"; "elr"; "spsr"; "hcr"; "vbar"; "sctlr"; "el1_elr"; "el1_spsr"; "el1_esr"; "el1_far";
   "ich_hcr"; "ich_vmcr"; "ich_ap"; "ich_lr"].
(** KServ has the PMU too; for a VM it traps. *)
Definition changeable (in_guest : Z) (r : ident) : bool :=
  existsb (String.eqb r) el1_registers || (in_guest =? 0) && String.eqb r "pmu".

(** The CPU comes up, after a reset of the machine or because firmware was asked for it (CPU_ON, CPU_SUSPEND); or it traps:
    kind (0 synchronous, 1 interrupt, 2 SError), registers with their new values, x0 to x30. *)
Inductive entry :=
| Power_on
| Trapped (kind : Z) (regs : list (ident * list Z * Z)) (x : Z -> Z).
Definition entry_ok (e : entry) : Prop := match e with Power_on => True | Trapped kind _ _ => 0 <= kind < 3 end.

Definition registers (c : Z) (l : list (ident * list Z * Z)) (p : prog (option Z)) : prog (option Z) :=
  fold_right (fun x p => Ev (EWrite (reg c (fst (fst x)) (snd (fst x))) (snd x)) (fun _ => p)) p l.
Definition save (c ctx : Z) (x : Z -> Z) (p : prog (option Z)) : prog (option Z) :=
  fold_right (fun n p => Ev (ECall "pg_set" [ctx; n; x n]) (fun _ => p)) p (List.map Z.of_nat (seq 0 31)).
(** The exception, and the vectors (kcore/arch/arm64/vectors.S): x0 to x30 go into the current context. *)
Definition arrive (c : Z) (regs : list (ident * list Z * Z)) (x : Z -> Z) (p : prog (option Z)) : prog (option Z) :=
  Ev (ERead (obj "pcpu.in_guest" [c])) (fun g =>
    registers c (filter (fun x => changeable (wrap U32 g) (fst (fst x))) regs)
      (Ev (ERead (obj "pcpu.cur_ctx" [c])) (fun v => save c (wrap U64 v) x p))).

(** The C function of an entry, on CPU [c]. *)
Definition enters (c : Z) (e : entry) : prog (option Z) :=
  let F := denote fuel prims program in
  match e with
  | Power_on => F "cpu_start" [c]
  | Trapped kind regs x => arrive c regs x (F "trap" [c; kind])
  end.
Fixpoint entries (c : Z) (l : list entry) : prog (option Z) :=
  match l with [] => Ret None | e :: r => bind (enters c e) (fun _ => entries c r) end.
(** A CPU that is used comes up first. *)
Definition life (c : Z) (l : list entry) : prog (option Z) := match l with [] => Ret None | _ => entries c (Power_on :: l) end.

(** The machine before any CPU but the one that has booted it is in KCore ([mm_init], Boot_Secure.v), and that one is about to
    enter KServ, as the others will be. *)
Definition on_start (w0 : world) (T : nat -> list entry) : machine :=
  {| m_world := w0; m_lock := None; m_cpu := fun c => life (Z.of_nat c) (T c) |}.
