(** * The statement: who has what, and every flow that is meant

    Three definitions carry the theorem: [flow], the complete list of what one principal lets
    another know; [kserv_alike] and [view], what KServ and a protected VM have; and [top], the
    system.  No flow carries anything that KCore computes: a flow to KServ is a value that the
    VM's own program chose to give away, a flow to a VM is a value that KServ chose, and which
    flows occur is decided before the step, from the state and the program.  Results of calls are
    in no label. *)
From Coq Require Import ZArith List Bool.
From Redoubt.security Require Export System Guest.
Import ListNotations.
Open Scope Z_scope.

(** ** Every flow that is meant *)
Inductive flow :=
(* from KServ to VM [id] *)
| Fcreated (id : Z)                               (* it exists *)
| Fram (id a n : Z)                               (* its declared RAM *)
| Fvcpu (id i : Z) (regs0 : list Z)               (* a vCPU; of the boot vCPU: PC, x0..x3 *)
| Fimage (id a : Z) (content : list Z)            (* a page of the image, while NEW, never after *)
| Fenter (id i : Z) (ifc0 : list Z) (an : answer) (* entry: interface registers,
    answer to its last exit *)
| Fread (id i : Z) (v : list Z)                   (* what it reads from pages that are lent to it *)
| Fdestroyed (id a : Z)                           (* a page was taken back by force *)
| Fdown (id : Z)                                  (* its end *)
(* from VM [id] to KServ *)
| Fexit (id i : Z) (x : exit) (ifc0 : list Z)     (* exit: what [exit] lists,
    and the interface registers *)
| Fstore (id x v : Z).                            (* what it writes to pages that are lent to it *)

Definition from (f : flow) : Z := match f with Fexit id _ _ _ | Fstore id _ _ => id | _ => 0 end.
Definition to (f : flow) : Z :=
  match f with
  | Fcreated id | Fram id _ _ | Fvcpu id _ _ | Fimage id _ _ | Fenter id _ _ _ | Fread id _ _
  | Fdestroyed id _ | Fdown id => id
  | Fexit _ _ _ _ | Fstore _ _ _ => 0
  end.

(** ** Labels: whose step it was, whether the instruction was done, and the flows *)
Inductive who := Ukserv (k : Z) | Uirq (k class : Z) | Uvcpu (id i : Z).
Record lab := Lab { by_ : Z; unit_ : who; done : bool; flows : list flow }.

(** What the principals [Q] see of a step.  Their own steps: that they were made (a VM does not
    notice a fault that only makes an instruction run again).  Of others: what is told to them. *)
Record event := Event { own : option who; heard : list flow }.
Definition see (Q : Z -> bool) (l : lab) : option event :=
  let o := if Q (by_ l) && (done l || Q 0) then Some (unit_ l) else None in
  match o, filter (fun f => Q (to f) && negb (Q (from f))) (flows l) with
  | None, [] => None
  | _, h => Some (Event o h)
  end.

Section Statement.
Variable npfn : Z.
Variable prg : Z -> Z -> file -> Z -> act.
Variable nxt : Z -> Z -> file -> Z -> input -> file.
Variable pc : file -> Z.
Variable start : Z -> list Z -> list Z.
Variable legal : list Z -> bool.

(** What KServ's call [c] tells a VM, if it is granted. *)
Definition call_flows s k (c : call) : list flow :=
  let id h := byh s h in
  match c with
  | Create b _ => if b then [Fcreated (nvm s + 1)] else []
  | Ram h a n => [Fram (id h) a n]
  | Vcpu_create h i r _ => [Fvcpu (id h) i (entry s r i)]
  | Donate h a p n => match st (vm s (id h)) with
      | New => map (fun j => Fimage (id h) (a + j) (map (mem s (p + j)) (range 512))) (range n) |
          _ => [] end
  | Force_reclaim h a => [Fdestroyed (id h) a]
  | Teardown h => [Fdown (id h)]
  | Vcpu_run => match on (cp s k) with
      | Some (id, i) => let p := run_page s id i in [Fenter id i (rd s p IFC 32) (answer_to s p
          (owed (cx s id i)))]
      | None => [] end
  | _ => []
  end.
Definition kserv_flows s k : list flow :=
  match kserv_act prg pc s k with
  | Call c => if check npfn legal s k c =? OK then call_flows s k c else []
  | _ => []
  end.
Definition exit_flow s id i (x : exit) (f : file) : list flow :=
  if prot (vm s id) then [Fexit id i x (firstn 32 (ifc f))] else [].
Definition guest_flows s id i (d : deed) : list flow :=
  (if prot (vm s id) && d_done d then [Fread id i (d_in d)] else [])
  ++ match d_lent d with Some (x, v) => if prot (vm s id) then [Fstore id x v]
      else [] | None => [] end
  ++ match d_exit d with Some x => exit_flow s id i x (regs (d_cx d)) | None => [] end.

Definition top_lab s (c : choice) : lab :=
  match c with
  | Go k => match inside (cp s k), on (cp s k) with
      | true, Some (id, i) => let d := guest prg nxt pc start s id i in
          Lab (if prot (vm s id) then id else 0) (Uvcpu id i) (d_done d) (guest_flows s id i d)
      | _, _ => Lab 0 (Ukserv k) true (kserv_flows s k) end
  | Irq k class => match inside (cp s k), on (cp s k) with
      | true, Some (id, i) => Lab 0 (Uirq k class) true (exit_flow s id i (Xirq class) (regs (cx s
          id i)))
      | _, _ => Lab 0 (Uirq k class) true [] end
  end.

(** ** What KServ has: all that KCore keeps but contexts of protected VMs, and content of its own
    pages *)
Record kserv_alike (s t : state) : Prop := {
  a_ps : forall p, ps s p = ps t p;
  a_mem : forall p w, hosts (ps s p) = true -> mem s p w = mem t p w;
  a_vm : forall id, vm s id = vm t id;
  a_vc : forall id i, vc s id i = vc t id i;
  a_cx : forall id i, prot (vm s id) = false -> cx s id i = cx t id i;
  a_sl : forall id a, sl s id a = sl t id a;
  a_cp : forall k, cp s k = cp t k;
  a_byh : forall h, byh s h = byh t h;
  a_nvm : nvm s = nvm t }.

(** ** What a protected VM has: a page that was never touched and a zero page are the same to it;
    which page of the machine is behind an ipa is not its business. *)
Inductive class := Ours | Shared_with | Lost.
Definition class_of (x : slot) : class :=
  match x with Unused | Private _ => Ours | Shared | LentAt _ _ => Shared_with | Destroyed => Lost
      end.
Definition content s id a w : Z := match sl s id a with Private p => mem s p w | _ => 0 end.
Record view := View {
  v_sealed : bool; v_ram : list (Z * Z); v_class : Z -> class; v_content : Z -> Z -> Z;
  v_vcpu : Z -> bool * bool; (* exists, is on *)
  v_cx : Z -> context }.
Definition view_of s id : option view :=
  if live (vm s id) && prot (vm s id) then Some (View
    (match st (vm s id) with New => false | _ => true end) (ram (vm s id))
    (fun a => class_of (sl s id a)) (content s id)
    (fun i => (has_run (vc s id i), power (vc s id i))) (cx s id))
  else None.
Definition same_view (v u : option view) : Prop :=
  match v, u with
  | None, None => True
  | Some v, Some u => v_sealed v = v_sealed u /\ v_ram v = v_ram u
      /\ (forall a, v_class v a = v_class u a)
      /\ (forall a w, 0 <= w < 512 -> v_content v a w = v_content u a w)
      /\ (forall i, v_vcpu v i = v_vcpu u i) /\ (forall i, v_cx v i = v_cx u i)
  | _, _ => False
  end.

(** The principals [Q] have the same in both states. *)
Definition alike (Q : Z -> bool) (s t : state) : Prop :=
  (Q 0 = true -> kserv_alike s t)
  /\ forall id, Q id = true -> same_view (view_of s id) (view_of t id) /\ forall n,
      ent s id n = ent t id n.

(** After boot: no VM, no vCPU; pages are KServ's, KCore's or no memory; everything else is
    arbitrary. *)
Definition boot (s : state) : Prop :=
  (forall p, ps s p = Host \/ ps s p = Core \/ ps s p = Outside)
  /\ (forall id, vm s id = VmRec Absent false [] 0 []) /\ (forall id i,
      vc s id i = Vcpu None false None)
  /\ (forall id a, sl s id a = Unused) /\ (forall k, on (cp s k) = None /\ inside (cp s k) = false)
  /\ (forall h, byh s h = 0) /\ nvm s = 0.

Definition machine (step_ : state -> choice -> state) : system Z event :=
  System state lab boot (fun s l t => exists c, l = top_lab s c /\ t = step_ s c) see alike alike.
Definition top : system Z event := machine (top_step npfn prg nxt pc start legal).
End Statement.
