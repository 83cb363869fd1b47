(** * The same as [Oracle.v] with nothing mapped by hand but what [Redoubt.sem.Extract] says *)
From Coq Require Import ZArith List.
From Redoubt.sem Require Import Extract.
From Redoubt.gen Require Program.
From Oracle Require Import Specs.

Definition kcore (fuel : nat) := denote fuel Program.prims Program.program.
Definition kcore_cells := Program.cells.
Definition kcore_prims := Program.prim_list.
Definition kcore_functions := map (fun f => (f_name f, (map snd (f_params f), f_result f))) Program.program.

Extraction "semantics.ml" kcore kcore_cells kcore_prims kcore_functions
  world_of kcore_specs secure_at has_tables.
