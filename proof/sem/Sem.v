(** * Semantics: a function denotes a finite tree of events

    A C function touches the world in three ways only: it reads a memory cell, writes a memory
    cell, or calls a primitive.  Its denotation is the tree of these events: [Ev e k] performs [e]
    and goes on with [k v], where [v] is what the world answers.  Nothing is said here about the
    world; machine, locks and adversaries come in through the weakest precondition ([Wp.v]) or
    through a machine that runs trees of several CPUs.

    Everything that C leaves undefined, and everything that KCore must not do, is [Stuck] with a
    reason: an index outside its array, a shift by the width or more, a division by zero, the read
    of an uninitialised variable, a missing return, a call of an unknown function, a loop that runs
    longer than its fuel.  A program whose weakest precondition holds never gets stuck. *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Export Syntax.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Events and programs *)
Definition loc := (ident * list Z)%type.

Inductive event :=
| ERead (l : loc)
| EWrite (l : loc) (v : Z)
| ECall (f : ident) (args : list Z).

Inductive reason :=
| Uninitialised            (* read of a local without a value *)
| Index_out_of_bounds
| Shift_too_large
| Division_by_zero
| Missing_return           (* the end of a function with a result; a value returned from void *)
| Missing_value            (* the result of a void function is used *)
| Wrong_arguments          (* number of arguments *)
| Unknown_function
| Out_of_fuel              (* a loop ran longer than the bound of the semantics *)
| Stray_jump.              (* break or continue outside a loop *)

Inductive prog (A : Type) : Type :=
| Ret (a : A)
| Ev (e : event) (k : Z -> prog A)
| Stuck (why : reason).
Arguments Ret {A} a.
Arguments Ev {A} e k.
Arguments Stuck {A} why.

Fixpoint bind {A B} (p : prog A) (k : A -> prog B) : prog B :=
  match p with
  | Ret a => k a
  | Ev e c => Ev e (fun v => bind (c v) k)
  | Stuck why => Stuck why
  end.
Notation "'do' x <- p ; k" := (bind p (fun x => k)) (at level 60, x name, right associativity).

Definition demand {A} (why : reason) (b : bool) (p : prog A) : prog A := if b then p else Stuck why.

(** ** Integers *)
Definition width (t : ity) : Z := match t with U8 => 8 | U16 => 16 | U32 => 32 | U64 => 64 end.

(** 2 ^ width, written out so that [lia] sees a number. *)
Definition modulus (t : ity) : Z :=
  match t with U8 => 256 | U16 => 65536 | U32 => 4294967296 | U64 => 18446744073709551616 end.

Definition wrap (t : ity) (z : Z) : Z := z mod modulus t.
Definition in_ty (t : ity) (z : Z) : Prop := 0 <= z < modulus t.
(** Truth values; [lia] (with [ZifyBool]) understands [Z.b2z]. *)
Notation bz := Z.b2z.

Definition eval_arith (o : arith) (t : ity) (a b : Z) : prog Z :=
  match o with
  | Oadd => Ret (wrap t (a + b))
  | Osub => Ret (wrap t (a - b))
  | Omul => Ret (wrap t (a * b))
  | Odiv => demand Division_by_zero (negb (b =? 0)) (Ret (a / b))
  | Omod => demand Division_by_zero (negb (b =? 0)) (Ret (a mod b))
  | Oshl => demand Shift_too_large (b <? width t) (Ret (wrap t (Z.shiftl a b)))
  | Oshr => demand Shift_too_large (b <? width t) (Ret (Z.shiftr a b))
  | Oand => Ret (Z.land a b)
  | Oor => Ret (Z.lor a b)
  | Oxor => Ret (Z.lxor a b)
  end.

Definition eval_cmp (o : cmp) (a b : Z) : bool :=
  match o with
  | Ceq => a =? b
  | Cne => negb (a =? b)
  | Clt => a <? b
  | Cle => a <=? b
  | Cgt => b <? a
  | Cge => b <=? a
  end.

(** ** Local variables: in the order of parameters, then locals; [None] is "uninitialised" *)
Definition env := list (ident * option Z).

Fixpoint lookup (x : ident) (e : env) : option Z :=
  match e with
  | [] => None
  | (y, v) :: e' => if String.eqb x y then v else lookup x e'
  end.

Fixpoint set (x : ident) (v : option Z) (e : env) : env :=
  match e with
  | [] => [(x, v)]
  | (y, w) :: e' => if String.eqb x y then (y, v) :: e' else (y, w) :: set x v e'
  end.

(** ** Expressions *)
Section Index.
  Variable eval : expr -> prog Z.
  (** Indices from left to right, each inside its bound. *)
  Fixpoint eval_index_ (l : list (Z * expr)) : prog (list Z) :=
    match l with
    | [] => Ret []
    | (n, i) :: r =>
        do v <- eval i;
        demand Index_out_of_bounds ((0 <=? v) && (v <? n)) (do vs <- eval_index_ r; Ret (v :: vs))
    end.
End Index.

(** Row-major position of an element; [ns] are the bounds, [vs] the indices. *)
Fixpoint position (acc : Z) (ns vs : list Z) : Z :=
  match ns, vs with
  | n :: ns', v :: vs' => position (acc * n + v) ns' vs'
  | _, _ => acc
  end.

Definition element (data : list Z) (ns vs : list Z) : prog Z :=
  match nth_error data (Z.to_nat (position 0 ns vs)) with
  | Some v => Ret v
  | None => Stuck Index_out_of_bounds
  end.

Fixpoint eval (e : env) (x : expr) : prog Z :=
  match x with
  | Econst z => Ret z
  | Evar x => match lookup x e with Some v => Ret v | None => Stuck Uninitialised end
  | Eload t c l => do ix <- eval_index_ (eval e) l; Ev (ERead (c, ix)) (fun v => Ret (wrap t v))
  | Etable data l => do ix <- eval_index_ (eval e) l; element data (map fst l) ix
  | Earith o t a b => do u <- eval e a; do v <- eval e b; eval_arith o t u v
  | Ecmp o a b => do u <- eval e a; do v <- eval e b; Ret (bz (eval_cmp o u v))
  | Eneg t a => do u <- eval e a; Ret (wrap t (- u))
  | Ecompl t a => do u <- eval e a; Ret (modulus t - 1 - u)
  | Enot a => do u <- eval e a; Ret (bz (u =? 0))
  | Ecast t a => do u <- eval e a; Ret (wrap t u)
  | Eandalso a b =>
      do u <- eval e a;
      if u =? 0 then Ret 0 else do v <- eval e b; Ret (bz (negb (v =? 0)))
  | Eorelse a b =>
      do u <- eval e a;
      if u =? 0 then do v <- eval e b; Ret (bz (negb (v =? 0))) else Ret 1
  | Econd c a b => do u <- eval e c; if u =? 0 then eval e b else eval e a
  end.

Definition eval_index (e : env) := eval_index_ (eval e).

Fixpoint eval_args (e : env) (l : list expr) : prog (list Z) :=
  match l with
  | [] => Ret []
  | x :: r => do v <- eval e x; do vs <- eval_args e r; Ret (v :: vs)
  end.

(** ** Statements *)
Inductive outcome :=
| Normal (e : env)
| Break (e : env)
| Continue (e : env)
| Return (v : option Z).

(** What the functions in scope do. *)
Definition fenv := ident -> list Z -> prog (option Z).

Section Statements.
  Variable F : fenv.
  Variable fuel : nat.     (* the bound on the rounds of every loop *)

  Section Loop.
    Variables (c : env -> prog Z) (s b : env -> prog outcome).
    Fixpoint exec_loop (n : nat) (e : env) : prog outcome :=
      match n with
      | O => Stuck Out_of_fuel
      | S n' =>
          do v <- c e;
          if v =? 0 then Ret (Normal e) else
          do o <- b e;
          match o with
          | Normal e' | Continue e' =>
              do o' <- s e';
              match o' with Normal e'' => exec_loop n' e'' | _ => Stuck Stray_jump end
          | Break e' => Ret (Normal e')
          | Return v => Ret (Return v)
          end
      end.
  End Loop.

  Fixpoint exec (s : stmt) (e : env) : prog outcome :=
    match s with
    | Sskip => Ret (Normal e)
    | Sbreak => Ret (Break e)
    | Scontinue => Ret (Continue e)
    | Sseq a b => do o <- exec a e; match o with Normal e' => exec b e' | _ => Ret o end
    | Sdecl x => Ret (Normal (set x None e))
    | Sset x a => do v <- eval e a; Ret (Normal (set x (Some v) e))
    | Sstore c l a =>
        do ix <- eval_index e l;
        do v <- eval e a;
        Ev (EWrite (c, ix) v) (fun _ => Ret (Normal e))
    | Scall None f args => do vs <- eval_args e args; do r <- F f vs; Ret (Normal e)
    | Scall (Some x) f args =>
        do vs <- eval_args e args;
        do r <- F f vs;
        match r with
        | Some v => Ret (Normal (set x (Some v) e))
        | None => Stuck Missing_value
        end
    | Sif c a b => do v <- eval e c; if v =? 0 then exec b e else exec a e
    | Sloop c s b => exec_loop (fun e => eval e c) (exec s) (exec b) fuel e
    | Sreturn None => Ret (Return None)
    | Sreturn (Some a) => do v <- eval e a; Ret (Return (Some v))
    | Stail f args => do vs <- eval_args e args; do r <- F f vs; Ret (Return r)
    end.

  (** *** Functions *)
  Fixpoint bind_params (ps : list (ident * ity)) (vs : list Z) : option env :=
    match ps, vs with
    | [], [] => Some []
    | (p, _) :: ps', v :: vs' => option_map (cons (p, Some v)) (bind_params ps' vs')
    | _, _ => None
    end.

  Definition entry (f : func) (vs : list Z) : option env :=
    option_map (fun e => (e ++ map (fun x => (fst x, None)) f.(f_locals))%list)
      (bind_params f.(f_params) vs).

  Definition leave (result : option ity) (o : outcome) : prog (option Z) :=
    match o, result with
    | Return (Some v), Some _ => Ret (Some v)
    | Return None, None | Normal _, None => Ret None
    | Return _, _ | Normal _, Some _ => Stuck Missing_return
    | Break _, _ | Continue _, _ => Stuck Stray_jump
    end.

  Definition invoke (f : func) (vs : list Z) : prog (option Z) :=
    match entry f vs with
    | None => Stuck Wrong_arguments
    | Some e => do o <- exec f.(f_body) e; leave f.(f_result) o
    end.
End Statements.

(** ** Programs *)
(** A primitive answers anything; the answer is taken modulo the width of the declared result. *)
Definition call_primitive (prims : ident -> option signature) (f : ident) (vs : list Z)
  : prog (option Z) :=
  match prims f with
  | None => Stuck Unknown_function
  | Some s =>
      demand Wrong_arguments (Nat.eqb (List.length s.(s_params)) (List.length vs))
        (Ev (ECall f vs) (fun v => Ret (option_map (fun t => wrap t v) s.(s_result))))
  end.

(** A program is the list of its functions, the latest first: a body sees the functions behind it in
    the list only.  So there is no recursion, and [denote] is defined by recursion on the list. *)
Fixpoint denote (fuel : nat) (prims : ident -> option signature) (p : list func) : fenv :=
  match p with
  | [] => call_primitive prims
  | g :: p' => fun f =>
      if String.eqb f g.(f_name) then invoke (denote fuel prims p') fuel g
      else denote fuel prims p' f
  end.
