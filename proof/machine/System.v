(** * The whole system: KServ, the VMs, and KCore's calls

    [Machine] lets KServ and the VMs write anything to what they reach.  Here they are programs, so that one can
    ask what a program learns.  A program is any function of its own state, of any type: what it does next, and
    what becomes of its state by what it gets.  KServ runs on every CPU; between two events of a call, on any
    CPU, every other CPU and every VM may make any number of steps.

    Not here: how a VM's vCPU gets on a CPU and off it.  So VMs run whenever they like, and what they tell KServ
    by their exits is no part of this. *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Import Sem Bits.
From Redoubt.machine Require Import State Events Machine.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Programs *)
Inductive action :=
| Load (fn i : Z)                     (* the 64-bit word i of frame fn *)
| Store (fn i x : Z)
| Call (fid a1 a2 a3 a4 : Z)          (* KServ: a hypercall, the number and four arguments *)
| Compute.
Inductive input :=
| Nothing
| Loaded (x : Z)
| Faulted                             (* the load or the store has not taken place *)
| Done (x1 x2 x3 : Z)                 (* the call has the status KC_OK, and results *)
| Refused (status : Z).

Section System.
  Variable B : board.

  Variable R : Type.                  (* states of programs *)
  Record agent := { act : R -> action; next : R -> input -> R }.
  Variables kserv guest : agent.    (* their states may say on which CPU they are, and which VM *)

  (** KCore's C: the function that answers a hypercall on CPU [c], and the calls in question. *)
  Variable answer : Z -> Z -> Z -> Z -> Z -> Z -> prog (option Z).
  Variable offered : Z -> Prop.

  (** What host_call does around it: no results at first, and a refused call is counted. *)
  Definition hypercall (c fid a1 a2 a3 a4 : Z) : prog (option Z) :=
    Ev (EWrite (obj "pcpu.res1" [c]) 0) (fun _ =>
    Ev (EWrite (obj "pcpu.res2" [c]) 0) (fun _ =>
    Ev (EWrite (obj "pcpu.res3" [c]) 0) (fun _ =>
    bind (answer c fid a1 a2 a3 a4) (fun r =>
    match r with
    | Some 0 => Ret r
    | _ => Ev (ERead (obj "pcpu.refused" [c])) (fun n =>
           Ev (EWrite (obj "pcpu.refused" [c]) (wrap U64 (wrap U64 n + 1))) (fun _ => Ret r))
    end)))).

  (** ** States *)
  Inductive cpu :=
  | In_kserv (r : R)
  | In_kcore (r : R) (p : prog (option Z)).  (* [p]: what is left of the call *)

  (** [s_world]: its [w_held] has no meaning here; [s_lock] says who has LOCK_MEM. *)
  Record system := {
    s_world : world;
    s_lock : option nat;
    s_cpu : nat -> cpu;
    s_vcpu : Z -> nat -> R }.                (* vCPU j of VM h *)

  Definition set_nat {A} (f : nat -> A) c x : nat -> A := fun d => if Nat.eqb d c then x else f d.
  Definition set_vcpu (f : Z -> nat -> R) h j x : Z -> nat -> R :=
    fun h' j' => if (h' =? h) && Nat.eqb j' j then x else f h' j'.

  (** ** Steps *)
  (** What a program does itself, as VMID [h]: through any translation that may be in a TLB, or it faults.  (Any
      access may fault: rights are not modelled.)  [t] is the page that it got at. *)
  Inductive access (w : world) (h : Z) : action -> option Z -> input -> world -> Prop :=
  | acc_load fn i k p : w_tlb w k h fn p -> 0 <= i < 512 ->
      access w h (Load fn i) (Some p) (Loaded (word w p i)) w
  | acc_store fn i x k p : w_tlb w k h fn p -> 0 <= i < 512 ->
      access w h (Store fn i x) (Some p) Nothing (write_word B p i x w)
  | acc_load_fault fn i : access w h (Load fn i) None Faulted w
  | acc_store_fault fn i x : access w h (Store fn i x) None Faulted w
  | acc_compute : access w h Compute None Nothing w.

  (** The next event of a call.  [x]: the answer where the machine leaves it open (a clock, a device). *)
  Definition answers (e : event) : bool :=
    match e with
    | ERead _ => true
    | EWrite _ _ => false
    | ECall f _ => String.eqb f "meta_get" || String.eqb f "pg_get" || String.eqb f "pte_get"
    end.
  Inductive kcore_step (c : nat) : Z -> world -> option nat -> prog (option Z) ->
                                        world -> option nat -> prog (option Z) -> Prop :=
  | k_lock x w k : kcore_step c x w None (Ev lock k) w (Some c) (k x)
  | k_unlock x w o k : kcore_step c x w o (Ev unlock k) w None (k x)
  | k_event w o e k v w' : e <> lock -> e <> unlock -> snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' ->
      kcore_step c (if answers e then 0 else v) w o (Ev e k) w' o (k v).

  Definition result (w : world) (c v : Z) : input :=
    let x r := wrap U64 (w_mem w (obj r [c])) in
    if v =? 0 then Done (x "pcpu.res1") (x "pcpu.res2") (x "pcpu.res3") else Refused v.

  (** Who has made the step, and what the hardware chose: the page it got at, an answer;
    and a VM's [flow]: what it stores to a page
      that is lent to it is for KServ to read. *)
  Definition flow := option (Z * Z * Z).     (* page, number of the word, value *)
  Definition flow_of (w : world) (a : action) (t : option Z) : flow :=
    match a, t with
    | Store _ i x, Some p => if kind (state w p) =? PG_LENT then Some (p, i, x) else None
    | _, _ => None
    end.
  Inductive label :=
  | By_kcore (c : nat) (x : Z)
  | By_kserv (c : nat) (t : option Z)
  | By_vm (h : Z) (j : nat) (t : option Z) (f : flow).

  Inductive step : system -> label -> system -> Prop :=
  | step_kserv w o C G c r t x w' : C c = In_kserv r -> access w 0 (act kserv r) t x w' ->
      step {| s_world := w; s_lock := o; s_cpu := C; s_vcpu := G |} (By_kserv c t)
           {| s_world := w'; s_lock := o; s_cpu := set_nat C c (In_kserv (next kserv r x)); s_vcpu := G |}
  | step_vm w o C G h j t x w' : 1 <= h <= 255 -> access w h (act guest (G h j)) t x w' ->
      step {| s_world := w; s_lock := o; s_cpu := C; s_vcpu := G |}
           (By_vm h j t (flow_of w (act guest (G h j)) t))
           {| s_world := w'; s_lock := o; s_cpu := C; s_vcpu := set_vcpu G h j (next guest (G h j) x) |}
  | step_call w o C G c r fid a1 a2 a3 a4 : (c < 8)%nat -> C c = In_kserv r ->
      act kserv r = Call fid a1 a2 a3 a4 -> offered (wrap U64 fid) ->
      step {| s_world := w; s_lock := o; s_cpu := C; s_vcpu := G |} (By_kserv c None)
           {| s_world := w; s_lock := o; s_cpu := set_nat C c (In_kcore r (hypercall (Z.of_nat c)
                (wrap U64 fid) (wrap U64 a1) (wrap U64 a2) (wrap U64 a3) (wrap U64 a4))); s_vcpu := G |}
  | step_event w o C G c r p x w' o' p' : C c = In_kcore r p -> kcore_step c x w o p w' o' p' ->
      step {| s_world := w; s_lock := o; s_cpu := C; s_vcpu := G |} (By_kcore c x)
           {| s_world := w'; s_lock := o'; s_cpu := set_nat C c (In_kcore r p'); s_vcpu := G |}
  | step_return w o C G c r v : C c = In_kcore r (Ret (Some v)) ->
      step {| s_world := w; s_lock := o; s_cpu := C; s_vcpu := G |} (By_kcore c 0)
           {| s_world := w; s_lock := o;
              s_cpu := set_nat C c (In_kserv (next kserv r (result w (Z.of_nat c) v))); s_vcpu := G |}.

  Inductive steps : system -> list label -> system -> Prop :=
  | steps_refl s : steps s [] s
  | steps_next s l s1 ls s2 : step s l s1 -> steps s1 ls s2 -> steps s (l :: ls) s2.

  (** All CPUs are KServ's. *)
  Definition start (w : world) (r : nat -> R) (g : Z -> nat -> R) : system :=
    {| s_world := w; s_lock := None; s_cpu := fun c => In_kserv (r c); s_vcpu := g |}.

  (** ** What KServ and the VMs in [Q] see *)
  (** Of a run: their own turns, and what the other VMs give away. *)
  Inductive seen := Turn (l : label) | Given (h : Z) (x : Z * Z * Z).
  Definition sees (Q : Z -> bool) (l : label) : list seen :=
    match l with
    | By_vm h j t f =>
        if Q h then [Turn (By_vm h j t None)] else match f with Some x => [Given h x] | None => [] end
    | _ => [Turn l]
    end.
  Definition trace (Q : Z -> bool) (ls : list label) : list seen := flat_map (sees Q) ls.

  (** Of a state: KServ's registers and calls, the registers of VMs in [Q], all that KCore keeps, and what is
      in the pages that they reach. *)
  Record same_for (Q : Z -> bool) (s t : system) : Prop := {
    sf_cpu : forall c, s_cpu s c = s_cpu t c;
    sf_vcpu : forall h j, Q h = true -> s_vcpu s h j = s_vcpu t h j;
    sf_lock : s_lock s = s_lock t;
    sf_objects : w_mem (s_world s) = w_mem (s_world t);
    sf_states : w_meta (s_world s) = w_meta (s_world t);
    sf_walks : forall h l fn p, w_walk (s_world s) h l fn p <-> w_walk (s_world t) h l fn p;
    sf_tlb : forall k h fn p, w_tlb (s_world s) k h fn p <-> w_tlb (s_world t) k h fn p;
    sf_words : forall h p i, h = 0 \/ Q h = true -> reach (s_world s) h p -> 0 <= i < 512 ->
      word (s_world s) p i = word (s_world t) p i }.
End System.
Arguments act {R}. Arguments next {R}.
Arguments In_kserv {R}. Arguments In_kcore {R}.
Arguments s_world {R}. Arguments s_lock {R}. Arguments s_cpu {R}. Arguments s_vcpu {R}.
Arguments set_vcpu {R}. Arguments start {R}. Arguments same_for {R}.
Arguments step B {R}. Arguments steps B {R}.
