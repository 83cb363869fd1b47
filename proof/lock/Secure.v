(** * KCore's calls on the machine with the ticket lock in memory *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem.
From Redoubt.machine Require Import State Events Machine Locks.
From Redoubt.mm Require Import Invariant Structure Machine_Proof Secure.
From Redoubt.lock Require Import Refines.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** CPU [c] makes the calls [T c], with the lock's C in the place of the lock; tickets begin anywhere. *)
Definition lstart (w0 : world) (T : nat -> list call) (first : Z) : lmachine :=
  {| l_world := w0; l_next := first; l_serving := first; l_cpu := fun c => lower (all_runs (Z.of_nat c) (T c)) |}.

Lemma start_related w0 T first : in_ty U32 first -> (forall c, (8 <= c)%nat -> T c = []) ->
  related [] (start w0 T) (lstart w0 T first).
Proof.
  intros F H. constructor; cbn [l_world l_next l_serving l_cpu m_world m_lock m_cpu lstart start].
  - reflexivity.
  - split; [constructor|intros c []].
  - cbn. rewrite !Z.add_0_r. symmetry. apply Z.mod_small, F.
  - exact F.
  - intros c. apply same_tree; [reflexivity|intros []].
  - intros c Hc. rewrite (H c Hc). exists None. reflexivity.
Qed.

(** [kcore_secure] (proof/mm/Secure.v) for the lock that runs: its C, its words, its 32-bit tickets. *)
Theorem kcore_secure_lock : forall B w0 (T : nat -> list call) first n,
  board_ok B -> mem_inv B w0 -> (forall c, Forall arguments_ok (T c)) -> (forall c, (8 <= c)%nat -> T c = []) ->
  in_ty U32 first -> lsteps B (lstart w0 T first) n ->
  secure B (l_world n) /\ (forall c why, l_cpu n c <> Stuck why).
Proof.
  intros B w0 T first n HB Hw HT Hc F S.
  pose proof (start_good B HB w0 T Hw HT Hc) as G.
  destruct (lock_refines B HB [] _ _ _ G (start_related w0 T first F Hc) S) as (q & m & _ & Gm & R).
  split.
  - rewrite (r_world _ _ _ R). apply (g_secure B m Gm).
  - intros c why E. destruct (r_cpus _ _ _ R c) as [X _|i k _ _ X|k _ _ _ X]; rewrite X in E; try discriminate E.
    apply lower_stuck in E. exact (good_not_stuck B m c why Gm E).
Qed.
