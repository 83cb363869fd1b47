(** * KCore's calls on the machine with the ticket lock in memory *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem.
From Redoubt.machine Require Import State Events Machine Locks.
From Redoubt.mm Require Import Invariant Structure Machine_Proof Secure.
From Redoubt.lock Require Import Refines.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** The machine [m], with the lock's C in the place of the lock; tickets begin anywhere. *)
Definition with_tickets (m : machine) (first : Z) : lmachine :=
  {| l_world := m_world m; l_next := first; l_serving := first; l_cpu := fun c => lower (m_cpu m c) |}.

Lemma with_tickets_related m first : in_ty U32 first -> m_lock m = None -> (forall c, (8 <= c)%nat -> m_cpu m c = Ret None) ->
  related [] m (with_tickets m first).
Proof.
  intros F L H. constructor; cbn [l_world l_next l_serving l_cpu with_tickets].
  - reflexivity.
  - split; [constructor|intros c []].
  - rewrite L. cbn. rewrite !Z.add_0_r. symmetry. apply Z.mod_small, F.
  - exact F.
  - intros c. apply same_tree; [reflexivity|intros []].
  - intros c Hc. rewrite (H c Hc). exists None. reflexivity.
Qed.

(** What is proved of the lock as one event holds of the lock that runs. *)
Theorem runs_secure_lock : forall B m first n, board_ok B -> good_all B m -> m_lock m = None ->
  (forall c, (8 <= c)%nat -> m_cpu m c = Ret None) -> in_ty U32 first -> lsteps B (with_tickets m first) n ->
  secure B (l_world n) /\ (forall c why, l_cpu n c <> Stuck why).
Proof.
  intros B m first n HB G L Hc F S.
  destruct (lock_refines B HB [] _ _ _ G (with_tickets_related m first F L Hc) S) as (q & m' & _ & Gm & R).
  split.
  - rewrite (r_world _ _ _ R). apply (g_secure B m' Gm).
  - intros c why E. destruct (r_cpus _ _ _ R c) as [X _|i k _ _ X|k _ _ _ X]; rewrite X in E; try discriminate E.
    apply lower_stuck in E. exact (good_not_stuck B m' c why Gm E).
Qed.

(** [kcore_secure] (proof/mm/Secure.v) for the lock that runs: its C, its words, its 32-bit tickets. *)
Theorem kcore_secure_lock : forall B w0 (T : nat -> list call) first n,
  board_ok B -> mem_inv B w0 -> (forall c, Forall arguments_ok (T c)) -> (forall c, (8 <= c)%nat -> T c = []) ->
  in_ty U32 first -> lsteps B (with_tickets (start w0 T) first) n ->
  secure B (l_world n) /\ (forall c why, l_cpu n c <> Stuck why).
Proof.
  intros B w0 T first n HB Hw HT Hc F S. refine (runs_secure_lock B (start w0 T) first n HB _ eq_refl _ F S).
  - exact (start_good B HB w0 T Hw HT Hc).
  - intros c C. cbn [start m_cpu]. rewrite (Hc c C). reflexivity.
Qed.
