(** * Several CPUs, KServ and the VMs at the same time

    Every CPU may be in KCore, running the event tree of a call; one step is one event of one CPU, or a
    write of KServ or a VM.  Between any two events of a call anything may happen that the others can do. *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Import Sem.
From Redoubt.machine Require Import State Events.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Machine.
  Variable B : board.

  (** [m_world]: its [w_held] has no meaning here; [m_lock] says who has LOCK_MEM. *)
  Record machine := {
    m_world : world;
    m_lock : option nat;
    m_cpu : nat -> prog (option Z) }.

  Definition set_cpu (T : nat -> prog (option Z)) c p : nat -> prog (option Z) :=
    fun d => if Nat.eqb d c then p else T d.

  Definition lock : event := ECall "spin_lock" [0].
  Definition unlock : event := ECall "spin_unlock" [0].

  Inductive step : machine -> machine -> Prop :=
  | step_lock w T c k v : T c = Ev lock k ->
      step {| m_world := w; m_lock := None; m_cpu := T |}
           {| m_world := w; m_lock := Some c; m_cpu := set_cpu T c (k v) |}
  | step_unlock w o T c k v : T c = Ev unlock k ->
      step {| m_world := w; m_lock := o; m_cpu := T |}
           {| m_world := w; m_lock := None; m_cpu := set_cpu T c (k v) |}
  | step_event w o T c e k v w' : e <> lock -> e <> unlock -> T c = Ev e k ->
      (* what the event does, whether or not KCore may do it; the lock invariant plays no part *)
      snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' ->
      step {| m_world := w; m_lock := o; m_cpu := T |}
           {| m_world := w'; m_lock := o; m_cpu := set_cpu T c (k v) |}
  | step_others w o T r :
      (* KServ and the VMs write anything to the pages they reach; then walkers go on *)
      (forall p i, ~ reached w p -> r p i = w_ram w p i) ->
      step {| m_world := w; m_lock := o; m_cpu := T |}
           {| m_world := settle B (set_ram r w); m_lock := o; m_cpu := T |}.

  Inductive steps : machine -> machine -> Prop :=
  | steps_refl m : steps m m
  | steps_next a b c : steps a b -> step b c -> steps a c.
End Machine.
