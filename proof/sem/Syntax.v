(** * Abstract syntax of the C subset

    The translator turns every C function of KCore into a value of type [func].  What the subset
    leaves out (docs/c-subset.md) shows here as absence: there are no pointers, no addresses, no
    signed integers, no casts between anything but unsigned widths, no [goto], no side effect in an
    expression.

    Memory is a set of typed cells.  A cell is named by the path of fields that leads to it and
    numbered by the indices on the way: the C lvalue [vms[v].vcpus[i].regs[r]] is the cell
    ["vms.vcpus.regs"] at [[v; i; r]].  Two different lvalues can only denote the same cell by
    equal names and equal indices, so aliasing needs no reasoning at all. *)
From Coq Require Import ZArith List String.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition ident := string.

(** The four object types: u8, u16, u32, u64. *)
Inductive ity := U8 | U16 | U32 | U64.

(** Operators whose result is computed modulo the width of their type, or that are partial. *)
Inductive arith := Oadd | Osub | Omul | Odiv | Omod | Oshl | Oshr | Oand | Oor | Oxor.

(** Comparisons: they yield 0 or 1. *)
Inductive cmp := Ceq | Cne | Clt | Cle | Cgt | Cge.

(** Values are mathematical integers that already lie in the range of their C type, so a widening
    conversion is the identity and has no constructor; [Ecast] is a narrowing one. *)
Inductive expr :=
| Econst (z : Z)
| Evar (x : ident)
| Eload (t : ity) (c : ident) (l : list (Z * expr))   (* cell [c]; each index with its bound *)
| Etable (data : list Z) (l : list (Z * expr))        (* element of a constant array, row-major *)
| Earith (o : arith) (t : ity) (a b : expr)           (* [t]: after the usual conversions *)
| Ecmp (o : cmp) (a b : expr)
| Eneg (t : ity) (a : expr)                           (* -a *)
| Ecompl (t : ity) (a : expr)                         (* ~a *)
| Enot (a : expr)                                     (* !a *)
| Ecast (t : ity) (a : expr)
| Eandalso (a b : expr)
| Eorelse (a b : expr)
| Econd (c a b : expr).                               (* c ? a : b *)

Inductive stmt :=
| Sskip
| Sbreak
| Scontinue
| Sseq (a b : stmt)
| Sdecl (x : ident)                                   (* a declaration: [x] is uninitialised now *)
| Sset (x : ident) (e : expr)
| Sstore (c : ident) (l : list (Z * expr)) (e : expr)
| Scall (x : option ident) (f : ident) (args : list expr)
| Sif (c : expr) (a b : stmt)
| Sloop (c : expr) (step : stmt) (body : stmt)        (* for (; c; step) body *)
| Sreturn (e : option expr)
| Stail (f : ident) (args : list expr).               (* return f(args); *)

Record func := {
  f_name : ident;
  f_params : list (ident * ity);
  f_locals : list (ident * ity);  (* every name declared in the body, once *)
  f_result : option ity;          (* None: void *)
  f_body : stmt }.

(** The signature of a primitive: a function that the program calls and that is not C. *)
Record signature := { s_params : list ity; s_result : option ity }.

(** A family of memory cells of one type; [c_dims] bounds the indices from the left. *)
Record cell := { c_name : ident; c_dims : list Z; c_type : ity }.
