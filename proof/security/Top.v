(** * The abstract machine: KServ's calls

    A call first checks everything and answers the first error; then it acts.  On an error nothing
    has changed.  [result] is the second result of a call that succeeds. *)
From Coq Require Import ZArith List Bool.
From Redoubt.security Require Export State.
Import ListNotations.
Open Scope Z_scope.

Section Machine.
Variable npfn : Z.                                   (* pages of the machine *)
Variable prg : Z -> Z -> file -> Z -> act.           (* principal or VM, CPU or vCPU, registers,
    fetched word *)
Variable nxt : Z -> Z -> file -> Z -> input -> file. (* the registers after it *)
Variable pc : file -> Z.                             (* where the next word is fetched *)
Variable start : Z -> list Z -> list Z.              (* reset registers of vCPU i with given PC,
    x0, ... *)
Variable legal : list Z -> bool.                     (* may a normal VM be entered with these? *)

(** ** KServ's calls: check everything, then act *)
Definition must (b : bool) (e : Z) : Z := if b then OK else e.
Definition first_error (l : list Z) : Z := fold_right (fun e r => if e =? OK then r else e) OK l.
Definition known (v : vmrec) : bool := match st v with Absent | Gone => false | _ => true end.
Definition must_live v := first_error [must (known v) ENOENT; must (live v) ESTATE].
Definition must_protected v := first_error [must_live v; must (prot v) ESTATE].
Definition must_page (lent_ok : bool) (p : pstate) : Z :=
  match p with
  | Host => OK | Lent _ => must lent_ok EBUSY | Pinned _ _ => EBUSY | Outside => EINVAL
  | Vm _ _ | Vmcore _ | Core => EPERM
  end.
Definition must_pages s p n lent_ok : Z := first_error (map (fun j => must_page lent_ok (ps s (p +
    j))) (range n)).
Definition is_unused (x : slot) : bool := match x with Unused => true | _ => false end.
Definition must_slots s id a n : Z :=                (* free for a private page,
    or for a lent one *)
  if n =? 512 then must (negb (has (vm s id) (3, a / 512))
      && forallb (fun j => is_unused (sl s id (a + j))) (range n)) EEXIST
  else must (is_unused (sl s id a)) (match sl s id a with Private _ | LentAt _ _ => EEXIST | _ =>
      EPERM end).
Definition must_shared s id a n : Z :=
  if n =? 512 then EPERM
  else match sl s id a with Shared => OK | Private _ | LentAt _ _ => EEXIST | _ => EPERM end.
Definition fits a n : bool := (0 <=? a) && (0 <? n) && (a + n <=? IPAS).
Definition leaf_ok a p n : bool := fits a n && ((n =? 1)
    || (n =? 512) && (a mod 512 =? 0) && (p mod 512 =? 0)).
Definition lent_to id (x : pstate) : bool := match x with Lent l => existsb (fun e => fst e =? id)
    l | _ => false end.
Definition owned_by id (x : pstate) : bool := match x with Vm j _ | Vmcore j => j =? id | _ =>
    false end.
Definition any_page s (f : pstate -> bool) : bool := existsb (fun p => f (ps s p)) (range npfn).
Definition free_handle s : option Z := find (fun h => byh s h =? 0) (map (Z.add 1) (range 255)).
Definition loaded s id : bool := existsb (fun i => match tok (vc s id i) with Some _ => true |
    None => false end) (range 16).
Definition has_run (v : vcpu) : bool := match runp v with Some _ => true | None => false end.
Definition run_page s id i : Z := match runp (vc s id i) with Some p => p | None => 0 end.
Definition meets (v : vmrec) a n : bool := existsb (fun r => (fst r <? a + n)
    && (a <? fst r + snd r)) (ram v).

Definition check s k (c : call) : Z :=
  let id h := byh s h in let v h := vm s (byh s h) in
  match c with
  | Stat i => must ((0 <=? i) && (i <? 7)) EINVAL
  | Create _ r => first_error [must (r mod 2 =? 0) EINVAL; must_pages s r 2 false;
      must (match free_handle s with Some _ => true | None => false end) ENOMEM]
  | Ram h a n => first_error [must (fits a n) EINVAL; must_protected (v h);
      must (match st (v h) with New => true | _ => false end) ESTATE;
      must (negb (meets (v h) a n)) EEXIST; must (Z.of_nat (length (ram (v h))) <? 16) ENOMEM]
  | Table h p => first_error [must_live (v h); must_pages s p 1 false]
  | Vcpu_create h i r c => first_error [must (within 0 16 i) EINVAL; must_live (v h);
      must (negb (has_run (vc s (id h) i))) EEXIST;
      must (negb (prot (v h)) || negb (i =? 0) || match st (v h) with New => true | _ => false
          end) ESTATE;
      must_pages s r 1 false;
      if prot (v h) then first_error [must (negb (c =? r)) EINVAL;
          must_pages s c 1 false] else must (c =? NO_PFN) EINVAL]
  | Donate h a p n => first_error [must (leaf_ok a p n) EINVAL; must_protected (v h);
      must (a + n <=? ram_end (v h) a) EINVAL; must_pages s p n false; must_slots s (id h) a n;
      must (tables_ok (v h) a n) ENOMEM]
  | Lend h a p n pr => first_error [must (leaf_ok a p n && within 1 7 pr) EINVAL; must_live (v h);
      must_pages s p n true;
      if prot (v h) then must_shared s (id h) a n else must_slots s (id h) a n;
          must (tables_ok (v h) a n) ENOMEM]
  | Unlend h a n => first_error [must (fits a n) EINVAL; must (known (v h)) ENOENT]
  | Lend_prot h a n pr => first_error [must (fits a n && within 1 7 pr) EINVAL; must_live (v h)]
  | Force_reclaim h a => first_error [must (fits a 1) EINVAL; must_live (v h);
      must (match sl s (id h) a with Private _ => true | _ => false end) ENOENT;
          must (tables_ok (v h) a 1) ENOMEM]
  | Teardown h => first_error [must_live (v h); must (negb (loaded s (id h))) EBUSY]
  | Reclaim h p => first_error [must (match ps s p with Outside => false | _ => true end) EINVAL;
      must (known (v h)) ENOENT; must (match st (v h) with Dying => true | _ => false end) ESTATE;
      must (owned_by (id h) (ps s p)) EPERM;
      must (match ps s p with Vmcore _ => negb (any_page s (lent_to (id h))) | _ => true end) EBUSY]
  | Free h => first_error [must (known (v h)) ENOENT; must (match st (v h) with Dying => true | _
      => false end) ESTATE;
      must (negb (any_page s (fun x => owned_by (id h) x || lent_to (id h) x))) EBUSY]
  | Flush h => must_live (v h)
  | Vcpu_load h i => first_error [must (within 0 16 i) ENOENT; must_live (v h);
      must (has_run (vc s (id h) i)) ENOENT;
      must (match tok (vc s (id h) i), on (cp s k) with None, None => true | _,
          _ => false end) EBUSY]
  | Vcpu_put => must (match on (cp s k) with Some _ => true | None => false end) ENOENT
  | Vcpu_run => match on (cp s k) with
      | None => ENOENT
      | Some (id, i) => must (power (vc s id i) && (prot (vm s id)
          || legal (rd s (run_page s id i) 0 128))) ESTATE end
  end.

(** One page changes owner, zeroed. *)
Definition take s p x : state := set_mem (set_ps s (upd (ps s) p x)) (fun q w => if q =? p then 0
    else mem s q w).
(** Slots [lo, lo + n) of a VM changed by [f]; pages lose those of them that are in their list. *)
Definition mine id lo n (e : Z * Z) : bool := (fst e =? id) && within lo n (snd e).
Definition on_slots s id lo n (f : slot -> slot) : state :=
  set_sl s (fun j x => if mine id lo n (j, x) then f (sl s j x) else sl s j x).
Definition unlisted id lo n (x : pstate) : pstate :=
  match x with
  | Lent l => match filter (fun e => negb (mine id lo n e)) l with [] => Host | r => Lent r end
  | _ => x
  end.
Definition unlend s id lo n (f : slot -> slot) : state :=
  on_slots (set_ps s (fun p => unlisted id lo n (ps s p))) id lo n f.
(** How far one call of [Unlend] or [Lend_prot] comes, and the whole blocks that it touches. *)
Definition next (v : vmrec) a : Z :=
  if negb (has v (2, a / 2 ^ 18)) then (a / 2 ^ 18 + 1) * 2 ^ 18
  else if negb (has v (3, a / 512)) then (a / 512 + 1) * 512 else a + 1.
Fixpoint sweep (m : nat) s id (cost : bool) a e : Z :=
  match m with
  | O => a
  | S m => if negb (a <? e) then a
      else if cost && match sl s id a with LentAt _ _ => negb (has (vm s id) (3,
          a / 512)) | _ => false end
      then next (vm s id) a else sweep m s id cost (next (vm s id) a) e
  end.
Definition stop s id cost a n : Z :=
  if any_page s (lent_to id) then Z.min (a + n) (sweep 512 s id cost a (a + n)) else a + n.
Definition block_from (v : vmrec) a : Z := if has v (3, a / 512) then a else a / 512 * 512.
Definition block_to (v : vmrec) a : Z := if has v (3, (a - 1) / 512) then a
    else ((a - 1) / 512 + 1) * 512.
Definition back (protected : bool) (x : slot) : slot :=
  match x with LentAt _ _ => if protected then Shared else Unused | _ => x end.
Definition entry s run i : list Z := if i =? 0 then map (mem s run) [PC; 0; 1; 2; 3] else [].

(** What KServ answers at entry to the exit before; with the flag, an abort for a memory access. *)
Inductive answer := Anothing | Avalue (v : Z) | Adone | Aabort.
Definition answer_to s p (d : option debt) : answer :=
  let abort := Z.odd (mem s p FLAGS) in
  match d with
  | None => Anothing
  | Some (Load_of _ size) => if abort then Aabort else Avalue (mem s p X0 mod 2 ^ (8 * size))
  | Some (Store_of _) => if abort then Aabort else Adone
  | Some (Read_of _) => Avalue (mem s p X0)
  | Some (Write_of _) => Adone
  end.
Definition finish id i (c : context) (an : answer) : file :=
  match owed c with
  | None => regs c
  | Some (Load_of w _ | Store_of w | Read_of w | Write_of w) =>
      nxt id i (regs c) w (match an with Avalue v => Ival v | Aabort => Iabort | _ => Inone end)
  end.
Definition enter s id i : state :=
  let p := run_page s id i in let c := cx s id i in
  let g := if prot (vm s id) then gp (finish id i c (answer_to s p (owed c))) else rd s p 0 128 in
  set_cx (set_life s id Sealed) id i (Context (File g (rd s p IFC 32)) None).

Definition apply s k (c : call) : state :=
  let id h := byh s h in let v h := vm s (byh s h) in
  match c with
  | Stat _ | Flush _ => s
  | Create b r => let j := nvm s + 1 in
      let s := take (take s r (Vmcore j)) (r + 1) (Vmcore j) in
      State (ps s) (mem s) (upd (vm s) j (VmRec New b [] 0 [])) (fun x i => if x =? j
          then Vcpu None false None else vc s x i)
        (fun x i => if x =? j then Context (File [] []) None
            else cx s x i) (fun x a => if x =? j then Unused else sl s x a) (cp s)
        (match free_handle s with Some h => upd (byh s) h j | None => byh s end) j (ent s)
  | Ram h a n => set_vm s (id h) (VmRec (st (v h)) (prot (v h)) (ram (v h) ++ [(a,
      n)]) (pool (v h)) (tabs (v h)))
  | Table h p => take (set_vm s (id h) (VmRec (st (v h)) (prot (v h)) (ram (v h)) (pool (v h) + 1)
      (tabs (v h)))) p (Vmcore (id h))
  | Vcpu_create h i r c =>
      let s1 := set_cx (set_vc s (id h) i (Vcpu (Some r) (negb (prot (v h))
          || (i =? 0)) None)) (id h) i
        (Context (File (start i (entry s r i)) []) None) in
      let s2 := if prot (v h) then take s1 c (Vmcore (id h)) else s1 in
      set_ps s2 (upd (ps s2) r (Pinned (id h) i))
  | Donate h a p n =>
      let s1 := use_tables s (id h) a n in
      let s2 := set_ps s1 (fun q => if within p n q then Vm (id h) (a + (q - p)) else ps s q) in
      let s3 := match st (v h) with New => s2 | _ => set_mem s2 (fun q w => if within p n q then 0
          else mem s q w) end in
      set_sl s3 (fun j x => if mine (id h) a n (j, x) then Private (p + (x - a)) else sl s j x)
  | Lend h a p n pr =>
      let s1 := use_tables s (id h) a n in
      let s2 := set_ps s1 (fun q => if within p n q then Lent ((id h,
          a + (q - p)) :: match ps s q with Lent l => l | _ => [] end) else ps s q) in
      set_sl s2 (fun j x => if mine (id h) a n (j, x) then LentAt (p + (x - a)) pr else sl s j x)
  | Unlend h a n => let lo := block_from (v h) a in
      unlend s (id h) lo (block_to (v h) (stop s (id h) true a n) - lo) (back (prot (v h)))
  | Lend_prot h a n pr => let lo := block_from (v h) a in
      on_slots s (id h) lo (block_to (v h) (stop s (id h) false a n) - lo) (fun x => match x with
          LentAt p _ => LentAt p pr | _ => x end)
  | Force_reclaim h a => match sl s (id h) a with
      | Private p => on_slots (take (use_tables s (id h) a 1) p Host) (id h) a 1 (fun _ =>
          Destroyed) | _ => s end
  | Teardown h => let s := set_life s (id h) Dying in
      State (fun p => match ps s p with Pinned j _ => if j =? id h then Host
          else ps s p | x => x end) (mem s) (vm s)
        (fun j i => if j =? id h then Vcpu None false None
            else vc s j i) (cx s) (sl s) (cp s) (byh s) (nvm s) (ent s)
  | Reclaim h p => let s1 := take s p Host in
      match ps s p with Vm j a => on_slots s1 j a 1 (fun _ => Unused) | _ => s1 end
  | Free h => let s := set_life s (id h) Gone in
      State (ps s) (mem s) (vm s) (vc s) (cx s) (sl s) (cp s) (upd (byh s) h 0) (nvm s) (ent s)
  | Vcpu_load h i => set_cp (set_tok s (id h) i (Some k)) k (Cpu (Some (id h,
      i)) false (hregs (cp s k)))
  | Vcpu_put => match on (cp s k) with
      | Some (j, i) => set_cp (set_tok s j i None) k (Cpu None false (hregs (cp s k))) | None => s
          end
  | Vcpu_run => match on (cp s k) with
      | Some (j, i) => set_cp (enter s j i) k (Cpu (Some (j,
          i)) true (hregs (cp s k))) | None => s end
  end.

Definition kind (x : pstate) : Z :=
  match x with Host => 0 | Pinned _ _ => 1 | Lent _ => 2 | Vm _ _ => 3 | Vmcore _ => 4 | Core => 5
      | Outside => -1 end.
Definition count {T} (f : T -> bool) (l : list T) : Z := Z.of_nat (length (filter f l)).
(** The second result of a call that succeeds. *)
Definition result s (c : call) : Z :=
  match c with
  | Stat i => if i =? 6 then count (fun h => negb (byh s h =? 0)) (map (Z.add 1) (range 255))
      else count (fun p => kind (ps s p) =? i) (range npfn)
  | Create _ _ => match free_handle s with Some h => h | None => 0 end
  | Unlend h a n => stop s (byh s h) true a n
  | Lend_prot h a n _ => stop s (byh s h) false a n
  | Force_reclaim h a => match sl s (byh s h) a with Private p => p | _ => 0 end
  | _ => 0
  end.

(** ** KServ on CPU k *)
Definition hosts (x : pstate) : bool := match x with Host | Pinned _ _ | Lent _ => true | _ =>
    false end.
Definition fetched s x : option Z := if hosts (ps s (x / 512))
    then Some (mem s (x / 512) (x mod 512)) else None.
Definition set_hregs s k f := set_cp s k (Cpu (on (cp s k)) (inside (cp s k)) f).
Definition kserv_act s k : act :=
  match fetched s (pc (hregs (cp s k))) with Some w => prg 0 k (hregs (cp s k)) w | None => Nop end.
Definition kserv_step s k : state :=
  let f := hregs (cp s k) in
  match fetched s (pc f) with
  | None => set_hregs s k (nxt 0 k f 0 Iabort)
  | Some w => match kserv_act s k with
      | Load x _ => set_hregs s k (nxt 0 k f w (match fetched s x with Some v => Ival v | None =>
          Iabort end))
      | Store x _ v => if hosts (ps s (x / 512)) then set_hregs (wr s (x / 512) (x mod 512) v) k
          (nxt 0 k f w Inone)
          else set_hregs s k (nxt 0 k f w Iabort)
      | Call c => if check s k c =? OK then set_hregs (apply s k c) k (nxt 0 k f w (Ires OK
          (result s c) 0))
          else set_hregs s k (nxt 0 k f w (Ires (check s k c) 0 0))
      | _ => set_hregs s k (nxt 0 k f w Inone)
      end
  end.
End Machine.
