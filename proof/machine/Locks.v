(** * The machine with the words of the ticket lock

    As [Machine.v], but LOCK_MEM is two words, the next ticket and the ticket being served, and the four
    primitives of kcore/include/kcore/prim_lock.h work on them: this is what runs.  Each access to a word
    is one step. *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Import Sem.
From Redoubt.machine Require Import State Events Machine.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Locks.
  Variable B : board.

  Record lmachine := {
    l_world : world;
    l_next : Z;
    l_serving : Z;
    l_cpu : nat -> prog (option Z) }.

  Inductive lstep : lmachine -> lmachine -> Prop :=
  | ls_ticket w n s T c k : T c = Ev (ECall "lock_ticket" [0]) k ->
      lstep {| l_world := w; l_next := n; l_serving := s; l_cpu := T |}
            {| l_world := w; l_next := wrap U32 (n + 1); l_serving := s; l_cpu := set_cpu T c (k n) |}
  | ls_await w n s T c k v : T c = Ev (ECall "lock_await" [0; s]) k ->
      lstep {| l_world := w; l_next := n; l_serving := s; l_cpu := T |}
            {| l_world := w; l_next := n; l_serving := s; l_cpu := set_cpu T c (k v) |}
  | ls_serving w n s T c k : T c = Ev (ECall "lock_serving" [0]) k ->
      lstep {| l_world := w; l_next := n; l_serving := s; l_cpu := T |}
            {| l_world := w; l_next := n; l_serving := s; l_cpu := set_cpu T c (k s) |}
  | ls_serve w n s T c k t v : T c = Ev (ECall "lock_serve" [0; t]) k ->
      lstep {| l_world := w; l_next := n; l_serving := s; l_cpu := T |}
            {| l_world := w; l_next := n; l_serving := wrap U32 t; l_cpu := set_cpu T c (k v) |}
  | ls_event w n s T c e k v w' : e <> lock -> e <> unlock -> T c = Ev e k ->
      snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' ->
      lstep {| l_world := w; l_next := n; l_serving := s; l_cpu := T |}
            {| l_world := w'; l_next := n; l_serving := s; l_cpu := set_cpu T c (k v) |}
  | ls_others w n s T r : (forall p i, ~ reached w p -> r p i = w_ram w p i) ->
      lstep {| l_world := w; l_next := n; l_serving := s; l_cpu := T |}
            {| l_world := settle B (set_ram r w); l_next := n; l_serving := s; l_cpu := T |}.

  Inductive lsteps : lmachine -> lmachine -> Prop :=
  | lsteps_refl m : lsteps m m
  | lsteps_next a b c : lsteps a b -> lstep b c -> lsteps a c.
End Locks.
