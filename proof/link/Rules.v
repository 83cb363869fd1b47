(** * A machine with rules in KCore's place

    Above the machine that runs the translated C ([machine/System.v]) stands this one.  KServ and the VMs are the same
    arbitrary programs; of page tables, TLBs and walks nothing is left but what they permit ([at_] and [table]); words
    that encode the state of a page have become [holder].  And KCore is *any* program: at any moment it may do any
    [deed] that the rules allow.  There are two kinds of rules.

    - [law] and [lawful]: what a deed needs, and what holds after every step.
    - [decided]: what KCore does follows from what is public.  So in this machine too no flow carries what KCore has
      computed from a secret.

    Proved in [Rules_Proof.v]: any such machine has noninterference, [rules_NI], in the sense of [security/System.v],
    and keeps VMs' memory, [rules_kept].  [Refine.v]: the machine with the C is such a machine.

    As in [machine/System.v] vCPUs do not get on a CPU or off it: entry, exit, the registers of a loaded vCPU and
    what a VM calls are no part of this. *)
From Coq Require Import ZArith List Bool.
From Redoubt.sem Require Import Sem Bits.
From Redoubt.machine Require System.
From Redoubt.security Require System.
Import ListNotations.
Open Scope Z_scope.
Module P := Redoubt.machine.System.
Module S := Redoubt.security.System.

(** ** Who has a page *)
Inductive holder :=
| Core                       (* KCore: its own memory, KServ's tables *)
| Host                       (* KServ *)
| Pinned (h : Z)             (* KServ: the run page of a vCPU of VM h *)
| Lent (n : Z)               (* KServ: VMs have it mapped n times *)
| Private (h a : Z)          (* VM h, at its address (frame) a *)
| Table (h : Z)              (* VM h: its tables, and pages for more of them *)
| Registers (h : Z)          (* VM h: the registers of a vCPU *)
| Nobody                     (* no state that KCore knows *)
| No_ram.
Inductive party := The_core | The_host | The_vm (h : Z) | No_party.
Definition belongs (x : holder) : party :=
  match x with
  | Core => The_core | Host | Pinned _ | Lent _ => The_host
  | Private h _ | Table h | Registers h => The_vm h | Nobody | No_ram => No_party
  end.
(** Pages whose content is a secret, of this VM. *)
Definition secret_of (x : holder) : option Z := match x with Private h _ | Registers h => Some h | _ => None end.

(** What KCore does to pages.  One deed is one step: between two of them anybody may do anything. *)
Inductive deed :=
| Think                              (* it changes what it keeps, and what may be reached *)
| Give (p : Z) (x : holder)          (* page p has holder x from now on *)
| Clear (p : Z)                      (* page p becomes zero *)
| Copy (p q : Z)                     (* page p gets the content of page q *)
| Write (p i v : Z)                  (* word i of page p becomes v *)
| Answer (y : P.input).              (* the call is done; KServ gets y *)

Section Rules.
Variable R : Type.                   (* states of programs *)
Variables kserv guest : P.agent R.
Variable device : Z -> Prop.         (* frames that are no RAM, and KServ's *)
Variable W : Type.                   (* the kinds of TLB entries *)

(** What KCore keeps beside pages: its objects, its lock, the calls under way on every CPU. *)
Variable K : Type.
Variable same : K -> K -> Prop.
Variable new_vm : K -> Z -> Prop.    (* VM h has not run *)
Variable serves : K -> nat -> Z -> Prop.    (* CPU c has loaded a vCPU of VM h *)

Record state := {
  keep : K;
  page : Z -> holder;
  word : Z -> Z -> Z;                (* page, number of the 64-bit word *)
  at_ : W -> Z -> Z -> Z -> Prop;    (* VM h, or KServ (0), may get at page p at its address a *)
  table : Z -> Z -> Z -> Z -> Prop;  (* its walkers may use page t for address a, at level l *)
  cpu : nat -> bool * R;             (* is the CPU in KCore; KServ's registers there *)
  vcpu : Z -> nat -> R }.

(** What its program has KCore do: [does c x s d k a w] on CPU [c], where [x] is what hardware answers.  Afterwards
    it keeps [k], and [a] and [w] say what may be reached. *)
Variable does : nat -> Z -> state -> deed -> K -> (W -> Z -> Z -> Z -> Prop) -> (Z -> Z -> Z -> Z -> Prop) -> Prop.
Variable enter : K -> nat -> Z -> Z -> Z -> Z -> Z -> K -> Prop.    (* KServ calls it *)

(** ** The rules *)
Definition reached (s : state) (p : Z) : Prop := exists h k a, at_ s k h a p.
Definition untouched (s : state) (p : Z) : Prop := ~ reached s p /\ forall h l a, ~ table s h l a p.

(** Whoever gets at a page may. *)
Definition may_reach (x : holder) (h a p : Z) : Prop :=
  if h =? 0 then a = p /\ match x with Host | Pinned _ | Lent _ => True | No_ram => device p | _ => False end
  else match x with Lent _ => True | Private j b => j = h /\ b = a | _ => False end.
Definition lawful (s : state) : Prop := forall k h a p, at_ s k h a p -> may_reach (page s p) h a p.

Definition law (c : nat) (s : state) (d : deed) : Prop :=
  match d with
  | Think | Answer _ => True
  | Give p x =>
      (* the same party, and a secret stays one *)
      belongs x = belongs (page s p) /\ (secret_of (page s p) <> None -> secret_of x <> None) \/
      (* or nobody gets at it, and it is zero; or KServ gives a page of the image to a VM that has not run *)
      untouched s p /\ ((forall i, 0 <= i < 512 -> word s p i = 0) \/
        belongs (page s p) = The_host /\ exists h a, x = Private h a /\ new_vm (keep s) h)
  | Clear p => untouched s p
  | Copy p q => untouched s p /\ secret_of (page s q) = None
  | Write p i v => 0 <= i < 512 /\
      match page s p with
      | Core | Table _ | Pinned _ | Registers _ => True
      | Private h _ => serves (keep s) c h             (* a store for the VM that it serves *)
      | _ => False
      end
  end.

(** A page that changes hands does so alone: nobody gets at anything else by it. *)
Definition still (s : state) (d : deed) (a : W -> Z -> Z -> Z -> Prop) : Prop :=
  match d with Give _ _ => forall k h b p, a k h b p <-> at_ s k h b p | _ => True end.

(** ** Steps *)
Definition put {T} (f : Z -> T) (p : Z) (v : T) : Z -> T := fun q => if q =? p then v else f q.
Definition pages_after (s : state) (d : deed) : Z -> holder :=
  match d with Give p x => put (page s) p x | _ => page s end.
Definition words_after (s : state) (d : deed) : Z -> Z -> Z :=
  match d with
  | Clear p => put (word s) p (fun _ => 0)
  | Copy p q => put (word s) p (word s q)
  | Write p i v => put (word s) p (put (word s p) i (wrap U64 v))
  | _ => word s
  end.
Definition cpu_after (s : state) (c : nat) (d : deed) : bool * R :=
  match d with Answer y => (false, P.next kserv (snd (cpu s c)) y) | _ => (true, snd (cpu s c)) end.

(** An access of a program, as VM [h] or KServ; it gets at page [t], or it faults.  [m]: memory afterwards. *)
Inductive access (s : state) (h : Z) : P.action -> option Z -> P.input -> (Z -> Z -> Z) -> Prop :=
| acc_load a i k p : at_ s k h a p -> 0 <= i < 512 ->
    access s h (P.Load a i) (Some p) (P.Loaded (word s p i)) (word s)
| acc_store a i v k p : at_ s k h a p -> 0 <= i < 512 ->
    access s h (P.Store a i v) (Some p) P.Nothing (put (word s) p (put (word s p) i (wrap U64 v)))
| acc_load_fault a i : access s h (P.Load a i) None P.Faulted (word s)
| acc_store_fault a i v : access s h (P.Store a i v) None P.Faulted (word s)
| acc_compute : access s h P.Compute None P.Nothing (word s).

(** What a VM's program gives away: a store to a page that is lent to it. *)
Definition flow (s : state) (a : P.action) (t : option Z) : P.flow :=
  match a, t with
  | P.Store _ i v, Some p => match page s p with Lent _ => Some (p, i, v) | _ => None end
  | _, _ => None
  end.

(** [t] is [s] with other memory and registers. *)
Record moved (s t : state) (k : K) (pg : Z -> holder) (m : Z -> Z -> Z) (a : W -> Z -> Z -> Z -> Prop)
             (w : Z -> Z -> Z -> Z -> Prop) (C : nat -> bool * R) (G : Z -> nat -> R) : Prop := {
  mv_keep : same k (keep t);
  mv_page : forall p, page t p = pg p;
  mv_word : forall p i, 0 <= i < 512 -> word t p i = m p i;
  mv_at : forall k h b p, at_ t k h b p <-> a k h b p;
  mv_table : forall h l b p, table t h l b p <-> w h l b p;
  mv_cpu : forall c, cpu t c = C c;
  mv_vcpu : forall h j, vcpu t h j = G h j }.

Definition set_cpu (s : state) (c : nat) (x : bool * R) : nat -> bool * R := fun d => if Nat.eqb d c then x else cpu s
  d.
Definition set_vcpu (s : state) (h : Z) (j : nat) (x : R) : Z -> nat -> R :=
  fun h' j' => if (h' =? h) && Nat.eqb j' j then x else vcpu s h' j'.

Inductive step : state -> P.label -> state -> Prop :=
| by_kserv s s' c r t x m : cpu s c = (false, r) -> access s 0 (P.act kserv r) t x m ->
    moved s s' (keep s) (page s) m (at_ s) (table s) (set_cpu s c (false, P.next kserv r x)) (vcpu s) ->
    step s (P.By_kserv c t) s'
| by_vm s s' h j t x m : 1 <= h <= 255 -> access s h (P.act guest (vcpu s h j)) t x m ->
    moved s s' (keep s) (page s) m (at_ s) (table s) (cpu s) (set_vcpu s h j (P.next guest (vcpu s h j) x)) ->
    step s (P.By_vm h j t (flow s (P.act guest (vcpu s h j)) t)) s'
| by_call s s' c r fid a1 a2 a3 a4 k : cpu s c = (false, r) -> P.act kserv r = P.Call fid a1 a2 a3 a4 ->
    enter (keep s) c fid a1 a2 a3 a4 k ->
    moved s s' k (page s) (word s) (at_ s) (table s) (set_cpu s c (true, r)) (vcpu s) ->
    step s (P.By_kserv c None) s'
| by_kcore s s' c x d k a w : fst (cpu s c) = true -> does c x s d k a w -> law c s d -> still s d a ->
    moved s s' k (pages_after s d) (words_after s d) a w (set_cpu s c (cpu_after s c d)) (vcpu s) -> lawful s' ->
    step s (P.By_kcore c x) s'.

(** ** What the principals [Q] and KServ have *)
Definition hidden (Q : Z -> bool) (x : holder) : Prop := match secret_of x with Some h => Q h = false | None => False
  end.
Record alike (Q : Z -> bool) (s t : state) : Prop := {
  al_keep : same (keep s) (keep t);
  al_page : forall p, page s p = page t p;
  al_word : forall p i, 0 <= i < 512 -> ~ hidden Q (page s p) -> word s p i = word t p i;
  al_at : forall k h a p, at_ s k h a p <-> at_ t k h a p;
  al_table : forall h l a p, table s h l a p <-> table t h l a p;
  al_cpu : forall c, cpu s c = cpu t c;
  al_vcpu : forall h j, Q h = true -> vcpu s h j = vcpu t h j }.

(** KCore decides by what is public. *)
Definition decided : Prop := forall Q s t c x d k a w d' k' a' w', lawful s -> lawful t -> alike Q s t ->
  does c x s d k a w -> does c x t d' k' a' w' ->
  d = d' /\ same k k' /\ (forall j h b p, a j h b p <-> a' j h b p) /\ (forall h l b p, w h l b p <-> w' h l b p).
Definition entered : Prop := forall k1 k2 c fid a1 a2 a3 a4 k1' k2', same k1 k2 ->
  enter k1 c fid a1 a2 a3 a4 k1' -> enter k2 c fid a1 a2 a3 a4 k2' -> same k1' k2'.

(** The machine, for the definition of noninterference that the abstract machine has, too.  What is seen: the turns
    of KServ, KCore and VMs in [Q], and what other VMs store to lent pages ([machine/System.v]). *)
Definition vis (Q : S.among Z) (l : P.label) : option P.seen :=
  match P.sees Q l with x :: _ => Some x | [] => None end.
Definition rules : S.system Z P.seen := S.System state P.label lawful step vis alike alike.
End Rules.
Arguments keep {R W K}. Arguments page {R W K}. Arguments word {R W K}. Arguments at_ {R W K}.
Arguments table {R W K}. Arguments cpu {R W K}. Arguments vcpu {R W K}. Arguments Build_state {R W K}.
Arguments reached {R W K}. Arguments untouched {R W K}. Arguments lawful {R} device {W K}.
Arguments law {R W K}. Arguments still {R W K}. Arguments pages_after {R W K}. Arguments words_after {R W K}. Arguments
  cpu_after {R} kserv {W
  K}.
Arguments access {R W K}. Arguments flow {R W K}. Arguments moved {R W K}. Arguments set_cpu {R W K}.
Arguments set_vcpu {R W K}. Arguments alike {R W K}. Arguments decided {R} device {W K}. Arguments entered {K}.
Arguments step {R} kserv guest device {W K}. Arguments rules {R} kserv guest device {W K}.
