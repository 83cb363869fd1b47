(** * The system with traps, and what KServ and the VMs of [Q] see of it

    [machine/System.v] has KServ's calls on memory.  Here is all of it: software runs on every CPU, KServ's or a VM's,
    traps whenever it likes or is interrupted, KCore's C runs, puts somebody else on the CPU or the same one back.

    KCore branches on a VM's registers: while it serves a VM outside [Q], it may run different code for different secrets.
    So a CPU is followed: it is *dark* from the first event with which KCore reads a secret of such a VM (its context, a
    private page, what another dark time has left in registers of this CPU) until it puts KServ or a VM of [Q] on the
    CPU, and while such a VM runs on it.  What a dark CPU does counts as that VM's own doing: an event that others can see
    is *given away* and stands in the trace, all others are [Silent].  (docs/decisions/0017, part 2.)

    Darkness is bookkeeping for the theorem: no step of the machine depends on it. *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Cpu Events Machine.
From Redoubt.mm Require Import Alike.
From Redoubt.machine Require System.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** What is left on a CPU *)
(** Registers that anything writes: the trap, software at EL1, KCore, the world switch.  The others are constant. *)
Definition volatile : list ident :=
  ["esr"; "far"; "hpfar"; "elr"; "spsr"; "cptr"; "features"; "cnthctl"; "cntvoff"; "vsesr"; "el1_far"; "ich_hcr"; "ich_vmcr";
   "ich_lr"; "ich_ap"; "pmu"; "el1_elr"; "el1_spsr"; "el1_esr"; "vbar"; "sctlr"; "ctx"; "vttbr"; "hcr"; "mdcr"].
(** Those under which software at EL1 runs: it can tell what is in them.  (Its own EL1 registers, which the switch saves
    and loads, are words of its context.) *)
Definition shows : list ident :=
  ["elr"; "spsr"; "vbar"; "sctlr"; "ctx"; "vttbr"; "hcr"; "mdcr"; "cptr"; "features"; "cnthctl"; "cntvoff"; "pmu"].
Definition shown_cells (c : nat) : list loc := List.map (fun r => reg (Z.of_nat c) r []) shows.

Definition here (c : nat) (l : loc) : bool := match snd l with d :: _ => d =? Z.of_nat c | [] => false end.
Definition darken (c : nat) (stale : loc -> bool) (l : loc) : bool :=
  stale l || here c l && existsb (fun r => String.eqb ("reg." ++ r) (fst l)) volatile.
Definition lighten (ls : list loc) (stale : loc -> bool) (l : loc) : bool :=
  stale l && negb (existsb (loc_eqb l) ls).

Section Watch.
  Variable B : board.
  Variable Q : Z -> bool.          (* the VMs that work together with KServ *)

  (** ** What KServ and [Q] do not know of the objects and registers *)
  Definition veiled (stale : loc -> bool) (l : loc) : Prop :=
    String.prefix "reg." (fst l) = true /\ stale l = true \/
    class_of (fst l) = Loader /\ exists h i, snd l = [h; i] /\ Q h = false.     (* what the next run owes such a vCPU *)

  (** ** Events *)
  (** Cells of CPU [c] that an event writes, known whatever has been in them. *)
  Definition overwrites (c : nat) (e : event) : list loc :=
    match e with
    | ERead _ => []
    | EWrite l _ => if here c l then [l] else []
    | ECall f args =>
        if cpu_primitive f
        then match doing_of B (Z.of_nat c) f args with
             | Some d => List.map (fun x => reg (Z.of_nat c) (fst (fst x)) (snd (fst x))) (writes d) | None => [] end
        else if String.eqb f "ctx_start" || String.eqb f "ctx_switch"
        then List.map (fun r => reg (Z.of_nat c) r []) ["vbar"; "sctlr"; "ctx"; "vttbr"; "hcr"; "mdcr"] else []
    end.

  (** It reads nothing that KServ and [Q] do not know. *)
  Definition public (stale : loc -> bool) (c : nat) (e : event) (w : world) : Prop :=
    match e with
    | ERead l => ~ veiled stale l
    | EWrite _ _ => True
    | ECall f args =>
        if cpu_primitive f
        then forall d r ix, doing_of B (Z.of_nat c) f args = Some d -> answer d = Register r ix ->
               ~ veiled stale (reg (Z.of_nat c) r ix)
        else match args with
        | [a] => f = "fp_load" -> ~ secret B Q w a
        | [a; b] => (f = "pg_get" \/ f = "pte_get" -> ~ secret B Q w a /\ 0 <= b < 512) /\ (f = "page_copy" -> ~ secret B Q w b)
        | [to; _; _; _] => f = "ctx_start" -> ~ secret B Q w to
        | [_; to; _; _; _] => f = "ctx_switch" -> ~ secret B Q w to /\
            ~ veiled stale (reg (Z.of_nat c) "vbar" []) /\ ~ veiled stale (reg (Z.of_nat c) "sctlr" [])
        | _ => True
        end
    end.

  (** The page that an event writes; one whose words the machine leaves open: what was in FP and EL1 registers. *)
  Definition page_of (e : event) : option Z :=
    match e with
    | ECall f (p :: _) =>
        if existsb (String.eqb f) ["page_zero"; "page_copy"; "pg_set"; "pte_set"; "fp_save"; "ctx_switch"] then Some p else None
    | _ => None
    end.
  Definition open_page (e : event) : option Z :=
    match e with
    | ECall f (p :: _) => if existsb (String.eqb f) ["fp_save"; "ctx_switch"] then Some p else None
    | _ => None
    end.
  Definition words (w : world) (p : Z) : list Z := List.map (fun i => word w p (Z.of_nat i)) (seq 0 512).
  (** [w]: before the event, [w']: after it. *)
  Inductive content (w w' : world) : option Z -> list Z -> Prop :=
  | no_page : content w w' None []
  | secret_page p : secret B Q w p -> content w w' (Some p) []
  | open_words p : ~ secret B Q w p -> content w w' (Some p) (words w' p).

  (** ** The list: what a dark CPU gives away.  LOCK_MEM besides, which it takes and releases for all to see. *)
  Inductive given (stale : loc -> bool) (w : world) : event -> Prop :=
  | give_cell l x : ~ veiled stale l -> given stale w (EWrite l x)            (* what KCore keeps elsewhere *)
  | give_page e p : page_of e = Some p -> ~ secret B Q w p -> given stale w e (* a page that is not secret: run page, table *)
  | give_state p s : given stale w (ECall "meta_set" [p; s])                  (* who owns a page *)
  | give_tlb h r : given stale w (ECall "tlb_inval_vm" [h; r]).

  (** The answer of an event, where the machine leaves it open: a clock, a device, firmware. *)
  Definition open_answer (c : nat) (e : event) (v : Z) : Z :=
    match e with
    | ERead _ => 0
    | EWrite _ _ => v
    | ECall f args =>
        if cpu_primitive f
        then match doing_of B (Z.of_nat c) f args with
             | Some d => match answer d with Register _ _ => 0 | _ => v end | None => v end
        else if System.answers e then 0 else v
    end.
End Watch.

(** ** Software *)
(** Who runs on a CPU; the software of a VM is one program for each vCPU. *)
Inductive who := Kserv (c : nat) | Vcpu (h i : Z).
Definition who_eqb (a b : who) : bool :=
  match a, b with
  | Kserv c, Kserv d => Nat.eqb c d
  | Vcpu h i, Vcpu g j => (h =? g) && (i =? j)
  | _, _ => false
  end.
Definition vmid (k : who) : Z := match k with Kserv _ => 0 | Vcpu h _ => h end.
(** As KCore has left it with the CPU. *)
Definition on_cpu (w : world) (c : nat) : who :=
  if wrap U32 (w_mem w (obj "pcpu.in_guest" [Z.of_nat c])) =? 0 then Kserv c
  else Vcpu (loaded_vm (Z.of_nat c) w) (loaded_vcpu (Z.of_nat c) w).

(** A trap: what kind, the registers that it and the software have written, x0 to x30. *)
Record trap := { t_kind : Z; t_regs : list (ident * list Z * Z); t_x : Z -> Z }.
Inductive action := Access (a : System.action) | Trap (t : trap).
(** What an access gets; or it is back on the CPU: its context, and the registers under which it runs. *)
Inductive input := Got (x : System.input) | Back (ctx regs : list Z).
Definition back (w : world) (c : nat) : input :=
  Back (List.map (fun i => word w (wrap U64 (w_mem w (obj "pcpu.cur_ctx" [Z.of_nat c]))) (Z.of_nat i)) (seq 0 128))
       (List.map (fun l => wrap U64 (w_mem w l)) (shown_cells c)).

Section System.
  Variable B : board.
  Variable Q : Z -> bool.
  Variable R : Type.                  (* states of programs *)
  (** What it does next; how an interrupt finds it; what becomes of it. *)
  Record agent := { act : R -> action; interrupted : R -> trap; next : R -> input -> R }.
  Variable software : who -> agent.
  (** KCore's C: all that CPU [c] does from a trap on, the vectors included, until software runs again. *)
  Variable entry : Z -> trap -> prog (option Z).
  (** And from where firmware starts a CPU: the first time, or again. *)
  Variable boot : Z -> prog (option Z).

  Inductive cpu := Off | Runs (k : who) | Serving (p : prog (option Z)).
  Record system := {
    s_world : world;                  (* its [w_held] has no meaning here *)
    s_lock : option nat;
    s_cpu : nat -> cpu;
    s_prog : who -> R;
    s_dark : nat -> bool;
    s_stale : loc -> bool }.
  Definition set_cpu {A} (f : nat -> A) c x : nat -> A := fun d => if Nat.eqb d c then x else f d.
  Definition set_prog (f : who -> R) k x : who -> R := fun j => if who_eqb j k then x else f j.
  Definition friend (k : who) : bool := match k with Kserv _ => true | Vcpu h _ => Q h end.

  (** ** Steps, and what is seen of each *)
  Inductive label :=
  | Accesses (c : nat) (t : option Z)             (* KServ, or a VM of [Q]: [t] is the page that the hardware got at *)
  | Flows (c : nat) (p i x : Z)                   (* another VM stores to a page that is lent to it *)
  | Traps (c : nat) (irq : bool)
  | Comes_up (c : nat)                            (* a CPU that was KServ's has been off *)
  | Locks (c : nat) (x : Z)
  | Unlocks (c : nat) (x : Z)
  | Does (c : nat) (x : Z) (l : list Z)           (* KCore, not dark: only what the hardware chose *)
  | Darkens (c : nat)
  | Gives (c : nat) (e : event) (l : list Z)      (* KCore, dark: the event, the words of the page after it *)
  | Leaves (c : nat) (l : list Z)                 (* software of KServ's or [Q]'s is back; stale registers that it sees *)
  | Enters (c : nat)                              (* another VM gets a CPU that was not dark *)
  | Silent.

  Definition stale_values (stale : loc -> bool) (w : world) (c : nat) : list Z :=
    List.map (fun l => if stale l then w_mem w l else 0) (shown_cells c).

  (** It traps, or is interrupted: with these registers. *)
  Definition trapping (k : who) (r : R) (irq : bool) (t : trap) : Prop :=
    if irq then t = interrupted (software k) r else act (software k) r = Trap t.

  Notation state := Build_system.
  Inductive step : system -> label -> system -> Prop :=
  | step_access w o C P D T c k a t x w' : C c = Runs k -> friend k = true -> act (software k) (P k) = Access a ->
      System.access B w (vmid k) a t x w' ->
      step (state w o C P D T) (Accesses c t) (state w' o C (set_prog P k (next (software k) (P k) (Got x))) D T)
  | step_flows w o C P D T c k a t x w' p i y : C c = Runs k -> friend k = false -> act (software k) (P k) = Access a ->
      System.access B w (vmid k) a t x w' -> System.flow_of w a t = Some (p, i, y) ->
      step (state w o C P D T) (Flows c p i y) (state w' o C (set_prog P k (next (software k) (P k) (Got x))) D T)
  | step_alone w o C P D T c k a t x w' : C c = Runs k -> friend k = false -> act (software k) (P k) = Access a ->
      System.access B w (vmid k) a t x w' -> System.flow_of w a t = None ->
      step (state w o C P D T) Silent (state w' o C (set_prog P k (next (software k) (P k) (Got x))) D T)
  | step_traps w o C P D T c k t irq : C c = Runs k -> friend k = true -> trapping k (P k) irq t ->
      step (state w o C P D T) (Traps c irq) (state w o (set_cpu C c (Serving (entry (Z.of_nat c) t))) P D T)
  | step_trapped w o C P D T c k t irq : C c = Runs k -> friend k = false -> trapping k (P k) irq t ->
      step (state w o C P D T) Silent (state w o (set_cpu C c (Serving (entry (Z.of_nat c) t))) P D T)
  | step_up w o C P D T c d : C c = Runs (Kserv d) ->
      step (state w o C P D T) (Comes_up c) (state w o (set_cpu C c (Serving (boot (Z.of_nat c)))) P D T)
  | step_lock w C P D T c k x : C c = Serving (Ev lock k) ->
      step (state w None C P D T) (Locks c x) (state w (Some c) (set_cpu C c (Serving (k x))) P D T)
  | step_unlock w o C P D T c k x : C c = Serving (Ev unlock k) ->
      step (state w o C P D T) (Unlocks c x) (state w None (set_cpu C c (Serving (k x))) P D T)
  | step_does w o C P D T c e k v w' l : C c = Serving (Ev e k) -> e <> lock -> e <> unlock ->
      snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' ->
      D c = false -> public B Q T c e w -> content B Q w w' (open_page e) l ->
      step (state w o C P D T) (Does c (open_answer B c e v) l)
           (state w' o (set_cpu C c (Serving (k v))) P D (lighten (overwrites B c e) T))
  | step_darkens w o C P D T c e k : C c = Serving (Ev e k) -> D c = false -> ~ public B Q T c e w ->
      step (state w o C P D T) (Darkens c) (state w o C P (set_cpu D c true) (darken c T))
  | step_gives w o C P D T c e k v w' l : C c = Serving (Ev e k) -> e <> lock -> e <> unlock ->
      snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' ->
      D c = true -> given B Q T w e -> content B Q w w' (page_of e) l ->
      step (state w o C P D T) (Gives c e l) (state w' o (set_cpu C c (Serving (k v))) P D T)
  | step_silent w o C P D T c e k v w' : C c = Serving (Ev e k) -> e <> lock -> e <> unlock ->
      snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' ->
      D c = true -> ~ given B Q T w e ->
      step (state w o C P D T) Silent (state w' o (set_cpu C c (Serving (k v))) P D T)
  | step_leaves w o C P D T c r k : C c = Serving (Ret r) -> k = on_cpu w c -> friend k = true ->
      step (state w o C P D T) (Leaves c (stale_values T w c))
           (state w o (set_cpu C c (Runs k)) (set_prog P k (next (software k) (P k) (back w c)))
             (set_cpu D c false) (lighten (shown_cells c) T))
  | step_enters w o C P D T c r k : C c = Serving (Ret r) -> k = on_cpu w c -> friend k = false -> D c = false ->
      step (state w o C P D T) (Enters c)
           (state w o (set_cpu C c (Runs k)) (set_prog P k (next (software k) (P k) (back w c)))
             (set_cpu D c true) (darken c T))
  | step_goes_on w o C P D T c r k : C c = Serving (Ret r) -> k = on_cpu w c -> friend k = false -> D c = true ->
      step (state w o C P D T) Silent
           (state w o (set_cpu C c (Runs k)) (set_prog P k (next (software k) (P k) (back w c))) D T).

  Inductive steps : system -> list label -> system -> Prop :=
  | steps_refl s : steps s [] s
  | steps_next s l s1 ls s2 : step s l s1 -> steps s1 ls s2 -> steps s (l :: ls) s2.

  (** The machine comes up: every CPU begins with [boot], in KCore. *)
  Definition start (w : world) (P : who -> R) : system := {|
    s_world := w; s_lock := None; s_prog := P; s_dark := fun _ => false; s_stale := fun _ => false;
    s_cpu := fun c => if Nat.ltb c 8 then Serving (boot (Z.of_nat c)) else Off |}.

  Definition seen (l : label) : bool := match l with Silent => false | _ => true end.
  Definition trace (ls : list label) : list label := filter seen ls.

  (** ** Of a state: what KServ and [Q] can know *)
  Record same_for (s t : system) : Prop := {
    sf_dark : forall c, s_dark s c = s_dark t c;
    sf_cpu : forall c, s_dark s c = false -> s_cpu s c = s_cpu t c;
    sf_prog : forall k, friend k = true -> s_prog s k = s_prog t k;
    sf_lock : s_lock s = s_lock t;
    sf_objects : forall l, ~ veiled Q (s_stale s) l -> w_mem (s_world s) l = w_mem (s_world t) l;
    sf_states : w_meta (s_world s) = w_meta (s_world t);
    sf_walks : forall h l fn p, w_walk (s_world s) h l fn p <-> w_walk (s_world t) h l fn p;
    sf_tlb : forall k h fn p, w_tlb (s_world s) k h fn p <-> w_tlb (s_world t) k h fn p;
    sf_words : forall h p i, h = 0 \/ Q h = true -> reach (s_world s) h p -> 0 <= i < 512 ->
      word (s_world s) p i = word (s_world t) p i }.
End System.
