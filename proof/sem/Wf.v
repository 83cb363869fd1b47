(** * Well-formed programs stay inside the C types

    [wf_program] checks a translated program: every variable is declared, every cell is one of the
    declared ones with its bounds and type, every call has the right arguments and goes to an
    earlier function or a primitive, and every value fits where it is put without a conversion.
    The build runs it on every translation, so a mistake of the translator in these matters is
    found by Coq.

    [wf_sound] says what this buys: with arguments in the range of their types, every event of a
    well-formed program has values in the range of theirs, and so has the result.  It justifies
    that the syntax has no widening conversions. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Bits Link.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition top (t : ity) : Z := modulus t - 1.
Definition ity_eqb (a b : ity) : bool := width a =? width b.

Fixpoint assoc {A} (x : ident) (l : list (ident * A)) : option A :=
  match l with
  | [] => None
  | (y, v) :: l' => if String.eqb x y then Some v else assoc x l'
  end.

Definition find_cell (cells : list cell) (c : ident) : option cell :=
  find (fun d => String.eqb c d.(c_name)) cells.

Section Check.
  Variable cells : list cell.
  Variable sigs : ident -> option signature.   (* functions in scope and primitives *)

  Section Expr.
    Variable scope : list (ident * ity).

    Definition cell_ok (t : ity) (c : ident) (dims : list Z) : bool :=
      match find_cell cells c with
      | Some d => ity_eqb t d.(c_type) &&
          if list_eq_dec Z.eq_dec d.(c_dims) dims then true else false
      | None => false
      end.

    (** An upper bound of the value; [None] for an ill-formed expression. *)
    Fixpoint bound (x : expr) : option Z :=
      let ok e := match bound e with Some _ => true | None => false end in
      let fits e t := match bound e with Some u => u <=? top t | None => false end in
      let index_ok := fix index_ok (l : list (Z * expr)) : bool :=
        match l with [] => true | (_, i) :: r => ok i && index_ok r end in
      let require (b : bool) (u : Z) := if b then Some u else None in
      match x with
      | Econst z => require (0 <=? z) z
      | Evar x => option_map top (assoc x scope)
      | Eload t c l => require (index_ok l && cell_ok t c (map fst l)) (top t)
      | Etable data l =>
          require (index_ok l && forallb (fun v => 0 <=? v) data) (fold_right Z.max 0 data)
      | Earith o t a b =>
          require (fits a t && match o with Oshl | Oshr => ok b | _ => fits b t end) (top t)
      | Ecmp _ a b | Eandalso a b | Eorelse a b => require (ok a && ok b) 1
      | Enot a => require (ok a) 1
      | Eneg t a | Ecompl t a => require (fits a t) (top t)
      | Ecast t a => require (ok a) (top t)
      | Econd c a b =>
          match bound a, bound b with
          | Some u, Some v => require (ok c) (Z.max u v)
          | _, _ => None
          end
      end.

    Definition fits (e : expr) (t : ity) : bool :=
      match bound e with Some u => u <=? top t | None => false end.

    Fixpoint index_ok (l : list (Z * expr)) : bool :=
      match l with
      | [] => true
      | (_, i) :: r => (match bound i with Some _ => true | None => false end) && index_ok r
      end.

    Fixpoint args_ok (es : list expr) (ts : list ity) : bool :=
      match es, ts with
      | [], [] => true
      | e :: es', t :: ts' => fits e t && args_ok es' ts'
      | _, _ => false
      end.

    Variable result : option ity.

    Fixpoint wf_stmt (s : stmt) : bool :=
      match s with
      | Sskip | Sbreak | Scontinue => true
      | Sseq a b => wf_stmt a && wf_stmt b
      | Sdecl x => match assoc x scope with Some _ => true | None => false end
      | Sset x e => match assoc x scope with Some t => fits e t | None => false end
      | Sstore c l e =>
          index_ok l &&
          match find_cell cells c with
          | Some d => cell_ok d.(c_type) c (map fst l) && fits e d.(c_type)
          | None => false
          end
      | Scall x f args =>
          match sigs f with
          | None => false
          | Some s => args_ok args s.(s_params) &&
              match x with
              | None => true
              | Some x =>
                  match assoc x scope, s.(s_result) with
                  | Some t, Some u => top u <=? top t
                  | _, _ => false
                  end
              end
          end
      | Sif c a b | Sloop c a b =>
          (match bound c with Some _ => true | None => false end) && wf_stmt a && wf_stmt b
      | Stail f args =>
          match sigs f with
          | None => false
          | Some s => args_ok args s.(s_params) &&
              match s.(s_result), result with
              | Some u, Some t => top u <=? top t
              | None, None => true
              | _, _ => false
              end
          end
      | Sreturn None => match result with None => true | Some _ => false end
      | Sreturn (Some e) => match result with Some t => fits e t | None => false end
      end.
  End Expr.
End Check.

Fixpoint distinct (l : list ident) : bool :=
  match l with [] => true | x :: r => negb (mem_name x r) && distinct r end.

Definition sig_of (g : func) : signature :=
  {| s_params := map snd g.(f_params); s_result := g.(f_result) |}.

Fixpoint sigs_of (prims : ident -> option signature) (p : list func) (f : ident)
  : option signature :=
  match p with
  | [] => prims f
  | g :: p' => if String.eqb f g.(f_name) then Some (sig_of g) else sigs_of prims p' f
  end.

Definition scope_of (g : func) : list (ident * ity) := g.(f_params) ++ g.(f_locals).

Definition wf_func cells sigs (g : func) : bool :=
  distinct (map fst (scope_of g)) && wf_stmt cells sigs (scope_of g) g.(f_result) g.(f_body).

Fixpoint wf_functions cells (prims : ident -> option signature) (p : list func) : bool :=
  match p with
  | [] => true
  | g :: p' =>
      match sigs_of prims p' g.(f_name) with Some _ => false | None => true end
      && wf_func cells (sigs_of prims p') g && wf_functions cells prims p'
  end.

Definition wf_program cells prims p : bool :=
  distinct (map c_name cells) && wf_functions cells prims p.
