(** * The whole translated program and its semantics as OCaml, fast

    As [Redoubt.sem.Extract], but [Z] is a number of Zarith: a million calls of KCore are some hundred million steps.
    What is mapped by hand is listed here and nowhere else; [Pure.v] extracts the same definitions without it, and the
    suite runs a part of the calls in both. *)
From Coq Require Import ZArith List String Extraction.
From Coq Require Import ExtrOcamlBasic ExtrOcamlNativeString ExtrOcamlNatInt.
From Redoubt.sem Require Import Sem Wf.
From Redoubt.gen Require Program.
From Oracle Require Import Specs.
Import ListNotations.
Open Scope Z_scope.

Extraction Language OCaml.
Extraction Blacklist String List.
(** OCaml is strict: what a demand guards must not be computed before the demand is met. *)
Extraction Inline demand.

Extract Inductive positive => "Zar.t" [ "Zar.xi" "Zar.xo" "Zar.one" ] "Zar.positive_case".
Extract Inductive Z => "Zar.t" [ "Zar.zero" "" "Zar.neg" ] "Zar.z_case".
Extract Inlined Constant Z.add => "Zar.add".
Extract Inlined Constant Z.sub => "Zar.sub".
Extract Inlined Constant Z.mul => "Zar.mul".
Extract Inlined Constant Z.opp => "Zar.neg".
Extract Inlined Constant Z.div => "Zar.div".
Extract Inlined Constant Z.modulo => "Zar.modulo".
Extract Inlined Constant Z.land => "Zar.logand".
Extract Inlined Constant Z.lor => "Zar.logor".
Extract Inlined Constant Z.lxor => "Zar.logxor".
Extract Inlined Constant Z.shiftl => "Zar.shiftl".
Extract Inlined Constant Z.shiftr => "Zar.shiftr".
Extract Inlined Constant Z.eqb => "Zar.equal".
Extract Inlined Constant Z.ltb => "Zar.lt".
Extract Inlined Constant Z.leb => "Zar.leq".
Extract Inlined Constant Z.to_nat => "Zar.to_nat".
Extract Inlined Constant String.eqb => "Stdlib.String.equal".

(** Written out in Coq, these are built from single bits at each use. The list is what the OCaml program compares them
    with when it starts. *)
Extract Constant modulus => "(function U8 -> Zar.m8 | U16 -> Zar.m16 | U32 -> Zar.m32 | U64 -> Zar.m64)".
Definition moduli : list (ity * Z) :=
  [(U8, 256); (U16, 65536); (U32, 4294967296); (U64, 18446744073709551616)].
Lemma moduli_ok : Forall (fun x => modulus (fst x) = snd x) moduli.
Proof. repeat constructor. Qed.

Definition kcore (fuel : nat) := denote fuel Program.prims Program.program.
Definition kcore_cells := Program.cells.
Definition kcore_prims := Program.prim_list.
Definition kcore_functions := map (fun f => (f_name f, (map snd (f_params f), f_result f))) Program.program.

Extraction "semantics.ml" kcore kcore_cells kcore_prims kcore_functions moduli
  world_of kcore_specs secure_at has_tables.
