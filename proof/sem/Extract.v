(** * Extraction

    Requiring this file sets up the extraction of programs and of their semantics to OCaml: strings
    and booleans are OCaml's, the fuel is a machine integer, and [Z] stays Coq's own so that no
    overflow of the host can hide one of the program. *)
From Coq Require Export ExtrOcamlBasic ExtrOcamlNativeString ExtrOcamlNatInt.
From Redoubt.sem Require Export Sem Wf.
Extraction Language OCaml.
Extraction Blacklist String List.

(** OCaml is strict: what a demand guards must not be computed before the demand is met. *)
Extraction Inline demand.
