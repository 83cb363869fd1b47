(** Writes model.ml: the functions of Walk.v as OCaml.  Numbers stay Coq's own, so that nothing overflows. *)
From Coq Require Import ExtrOcamlBasic Extraction.
From Redoubt.machine Require Import State.
From Redoubt.tests Require Import Walk.
Extraction Language OCaml.
Extraction "model.ml" translate settle_view empty index.

(** What the replay rests on: seven theorems, no axioms. *)
Print Assumptions translate_is_entries.
Print Assumptions write_shows.
Print Assumptions invalidate_shows.
Print Assumptions write_elsewhere.
Print Assumptions settle_settled.
Print Assumptions rooted_kserv.
Print Assumptions rooted_vm.
