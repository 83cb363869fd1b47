(** * The abstract machine: guests

    What a vCPU does in one step is a [deed]: it is decided from the guest's registers, its memory
    and the states of its own ipas, and says everything that the step does.  [exit] is all that
    KServ gets. *)
From Coq Require Import ZArith List Bool.
From Redoubt.security Require Export Top.
Import ListNotations.
Open Scope Z_scope.

Record deed := Deed {
  d_cx : context;                 (* the vCPU afterwards *)
  d_own : list (Z * Z);           (* stores to private pages: address in words, value *)
  d_lent : option (Z * Z);        (* a store to a lent page *)
  d_boot : option (Z * list Z);   (* another vCPU starts with these registers *)
  d_exit : option exit;           (* what KServ is told *)
  d_done : bool;                  (* the instruction is done: if not, it will run again *)
  d_in : list Z }.                (* words read from lent pages *)

(** Access to word [x], [rwx] 0, 1, 2 for read, write, execute. *)
Inductive looked := Hit (p : Z) | Hit_lent (p : Z) | Miss | Outside_ram | Dead.
Definition look s id x rwx : looked :=
  match sl s id (x / 512) with
  | Private p => Hit p
  | LentAt p pr => if Z.testbit pr rwx then Hit_lent p else Miss
  | Shared => Miss
  | Unused => if in_ram (vm s id) (x / 512) then Miss else Outside_ram
  | Destroyed => Dead
  end.

(** How far a guest's call on pages [a, e) comes: in one RAM range and one 2 MiB block, as long as
    [ok]. *)
Fixpoint span (m : nat) (ok : Z -> bool) a e : Z :=
  match m with O => a | S m => if (a <? e) && ok a then span m ok (a + 1) e else a end.
Definition reach s id (ok : Z -> bool) a e : Z :=
  span 512 ok a (Z.min e (Z.min (ram_end (vm s id) a) ((a / 512 + 1) * 512))).
Definition alive s id a : bool := match sl s id a with Destroyed => false | _ => true end.
(** 0 shared, 1 RAM, 2 destroyed, 3 outside RAM. *)
Definition ipa_kind s id a : Z :=
  if negb (in_ram (vm s id) a) then 3
  else match sl s id a with Shared | LentAt _ _ => 0 | Destroyed => 2 | _ => 1 end.
Definition ram_next (v : vmrec) a e : Z :=
  fold_right (fun r m => if a <? fst r then Z.min (fst r) m else m) e (ram v).

Section Guests.
Variable npfn : Z.
Variable prg : Z -> Z -> file -> Z -> act.
Variable nxt : Z -> Z -> file -> Z -> input -> file.
Variable pc : file -> Z.
Variable start : Z -> list Z -> list Z.
Variable legal : list Z -> bool.

Section Protected.
Variables (s : state) (id i : Z).
Let c := cx s id i.
Let f := regs c.
Definition go (g : file) rs : deed := Deed (Context g None) [] None None None true rs.
Definition again (x : exit) : deed := Deed c [] None None (Some x) false [].
Definition ask (d : debt) (x : exit) rs : deed := Deed (Context f (Some d)) [] None None (Some x)
    true rs.
Definition leave (g : file) (x : exit) rs : deed := Deed (Context g None) [] None None (Some x)
    true rs.

(** The instruction [w]; [rs]: what was read from lent pages to fetch it. *)
Definition execute (w : Z) (rs : list Z) : deed :=
  let ret n := nxt id i f w n in
  match prg id i f w with
  | Nop | Call _ => go (ret Inone) rs
  | Rand n => go (ret (Ival (ent s id n))) rs
  | Load x size => match look s id x 0 with
      | Hit p => go (ret (Ival (mem s p (x mod 512)))) rs
      | Hit_lent p => go (ret (Ival (mem s p (x mod 512)))) (rs ++ [mem s p (x mod 512)])
      | Miss => again (Xpage (x / 512) 0)
      | Outside_ram => ask (Load_of w size) (Xload x size) rs
      | Dead => go (ret Iabort) rs end
  | Store x size v => match look s id x 1 with
      | Hit _ => Deed (Context (ret Inone) None) [(x, v)] None None None true rs
      | Hit_lent _ => Deed (Context (ret Inone) None) [] (Some (x, v)) None None true rs
      | Miss => again (Xpage (x / 512) 1)
      | Outside_ram => ask (Store_of w) (Xstore x size (v mod 2 ^ (8 * size))) rs
      | Dead => go (ret Iabort) rs end
  | Wait b => leave (ret Inone) (Xwait b) rs
  | Sys_read r => ask (Read_of w) (Xread r) rs
  | Sys_write r v => ask (Write_of w) (Xwrite r v) rs
  | Share a e => let r := reach s id (alive s id) a e in
      if r <=? a then go (ret (Ires 1 0 0)) rs
      else if tables_ok (vm s id) a 1 then leave (ret (Ires 0 r 0)) (Xshare a (r - a)) rs
          else again Xtable
  | Unshare a e => let r := reach s id (alive s id) a e in
      if r <=? a then go (ret (Ires 1 0 0)) rs else leave (ret (Ires 0 r 0)) (Xunshare a (r - a)) rs
  | State_get a e => let k := ipa_kind s id a in
      go (ret (Ires 0 (if k =? 3 then ram_next (vm s id) a e
                       else reach s id (fun x => ipa_kind s id x =? k) a e) k)) rs
  | Config a => match sl s id a with
      | Private _ => Deed (Context (ret (Ires 0 0 0)) None) [(a * 512, 8);
          (a * 512 + 1, 0)] None None None true rs
      | Unused => if in_ram (vm s id) a then again (Xpage a 1) else go (ret (Ires 1 0 0)) rs
      | _ => go (ret (Ires 1 0 0)) rs end
  | Cpu_on t pc0 arg =>
      if negb (has_run (vc s id t)) then go (ret (Ires (-2) 0 0)) rs
      else if power (vc s id t) then go (ret (Ires (-4) 0 0)) rs
      else Deed (Context (ret (Ires 0 0 0)) None) [] None (Some (t, start t [pc0;
          arg])) (Some (Xon t)) true rs
  | Cpu_off => leave (ret Inone) Xoff rs
  | Affinity t =>
      go (ret (Ires (if negb (has_run (vc s id t)) then -2 else if power (vc s id t) then 0
          else 1) 0 0)) rs
  | Sys_off => leave (ret Inone) Xsysoff rs
  | Reset => leave (ret Inone) Xreset rs
  end.

Definition protected : deed :=
  match look s id (pc f) 2 with
  | Hit p => execute (mem s p (pc f mod 512)) []
  | Hit_lent p => execute (mem s p (pc f mod 512)) [mem s p (pc f mod 512)]
  | Miss => again (Xpage (pc f / 512) 2)
  | Outside_ram | Dead => go (nxt id i f 0 Iabort) []
  end.

(** A normal VM: what it cannot do in lent memory goes to KServ, with all its registers. *)
Definition normal : deed :=
  let quit w x := leave f (Xall w x) [] in
  match look s id (pc f) 2 with
  | Hit_lent p => let w := mem s p (pc f mod 512) in
      match prg id i f w with
      | Nop => go (nxt id i f w Inone) []
      | Load x _ => match look s id x 0 with
          | Hit_lent p => go (nxt id i f w (Ival (mem s p (x mod 512)))) [] | _ => quit w x end
      | Store x _ v => match look s id x 1 with
          | Hit_lent _ => Deed (Context (nxt id i f w Inone) None) [] (Some (x,
              v)) None None true []
          | _ => quit w x end
      | _ => quit w 0
      end
  | _ => quit 0 (pc f)
  end.
End Protected.

Definition guest s id i : deed := if prot (vm s id) then protected s id i else normal s id i.

(** ** What the guest's calls do to its memory *)
Definition in_page (x : pstate) id lo n : bool := match x with Vm j a => mine id lo n (j,
    a) | _ => false end.
(** Private pages go back zeroed; the ipas are shared. *)
Definition share s id lo n : state :=
  let s1 := use_tables s id lo 1 in
  let s2 := set_mem (set_ps s1 (fun p => if in_page (ps s p) id lo n then Host else ps s p))
              (fun p w => if in_page (ps s p) id lo n then 0 else mem s p w) in
  on_slots s2 id lo n (fun x => match x with LentAt _ _ => x | _ => Shared end).
Definition unshare s id lo n : state :=
  unlend s id lo n (fun x => match x with LentAt _ _ | Shared => Unused | _ => x end).

(** ** The exit: what is written into the run page, and KServ goes on *)
Definition code (x : exit) : Z :=
  match x with
  | Xirq c => c | Xon _ => 17 | Xoff => 18 | Xsysoff => 19 | Xreset => 20 | Xshare _ _ => 21
  | Xunshare _ _ => 22 | Xtable => 16 | _ => 2
  end.
Definition told s id (x : exit) : list (Z * Z) :=
  match x with
  | Xwait b => [(X0, 0); (ESR, b); (FAULT, 0)]
  | Xpage a r => [(X0, 0); (ESR, r); (HPFAR, a); (FAULT,
      match sl s id a with Unused => 1 | _ => 2 end)]
  | Xload x size => [(X0, 0); (ESR, size); (HPFAR, x); (FAULT, 3)]
  | Xstore x size v => [(X0, v); (ESR, size); (HPFAR, x); (FAULT, 3)]
  | Xread r => [(X0, 0); (ESR, r); (FAULT, 0)]
  | Xwrite r v => [(X0, v); (ESR, r); (FAULT, 0)]
  | Xon t => [(X0, t)]
  | Xshare a n | Xunshare a n => [(X0, a); (X1, n)]
  | Xall w x => [(ESR, w); (HPFAR, x)]
  | _ => []
  end.
(** The interface registers always; of a normal VM all registers. *)
Definition shown (protected : bool) (f : file) : list (Z * Z) :=
  words IFC (firstn 32 (ifc f)) ++ if protected then [] else words 0 (firstn 128 (gp f)).
Definition exit_effect s id i (x : exit) : state :=
  match x with
  | Xshare a n => share s id a n | Xunshare a n => unshare s id a n
  | Xoff => set_power s id i false | Xon t => set_power s id t true | _ => s
  end.
Definition leave_cpu s k id i (x : exit) (sh : list (Z * Z)) : state :=
  let s1 := wr_list s (run_page s id i) ((EXIT, code x) :: told s id x ++ sh) in
  let s2 := exit_effect s1 id i x in
  set_cp s2 k (Cpu (on (cp s2 k)) false (nxt 0 k (hregs (cp s2 k)) 0 (Iexit (code x)))).

Definition put_own id s (e : Z * Z) : state :=
  match sl s id (fst e / 512) with Private p => wr s p (fst e mod 512) (snd e) | _ => s end.
Definition put_lent id s (e : Z * Z) : state :=
  match sl s id (fst e / 512) with LentAt p _ => wr s p (fst e mod 512) (snd e) | _ => s end.

Definition guest_step s k id i : state :=
  let d := guest s id i in
  let s1 := match d_boot d with Some (t, l) => set_cx s id t (Context (File l []) None) | None =>
      s end in
  let s2 := set_cx (fold_left (put_own id) (d_own d) s1) id i (d_cx d) in
  let s3 := match d_lent d with Some e => put_lent id s2 e | None => s2 end in
  match d_exit d with
  | Some x => leave_cpu s3 k id i x (shown (prot (vm s id)) (regs (d_cx d)))
  | None => s3
  end.

(** An interrupt on CPU k ([class] 0), or a system error (1): only the interface registers are
    shown. *)
Definition interrupt s k class : state :=
  match inside (cp s k), on (cp s k) with
  | true, Some (id, i) => leave_cpu s k id i (Xirq class) (shown (prot (vm s id)) (regs (cx s id
      i)))
  | _, _ => set_hregs s k (nxt 0 k (hregs (cp s k)) 0 (Iirq class))
  end.

(** ** The machine: at any moment any CPU makes its next step, or is interrupted. *)
Inductive choice := Go (k : Z) | Irq (k class : Z).
Definition top_step s (c : choice) : state :=
  match c with
  | Go k => match inside (cp s k), on (cp s k) with
      | true, Some (id, i) => guest_step s k id i
      | _, _ => kserv_step npfn prg nxt pc start legal s k
      end
  | Irq k class => interrupt s k class
  end.
End Guests.
