(** * The result: KCore on the machine, every entry of every CPU *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.mm Require Import Structure.
From Redoubt.sem Require Import Sem Memory Link.
From Redoubt.machine Require Import State Events Facts Machine Locks Boot.
From Redoubt.mm Require Import Invariant Vm_Facts Interleave Machine_Proof Verified Secure Init_Spec Boot_Verified Boot_Secure.
From Redoubt.lock Require Import Secure.
From Redoubt.cpu Require Import Rest_Spec Traps Traps_Proof.
From Redoubt.gen Require Import Program.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Secure.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma meets c f : mem_name f (names program) = true -> spec B c f (denote fuel prims program f).
  Proof. intros H. apply program_meets; [exact HB|]. apply mem_name_In, H. Qed.
  Ltac spec_of c f R := pose proof (meets c f eq_refl) as R;
    lazy beta iota zeta delta [spec Wf.assoc app prim_specs func_specs String.eqb Ascii.eqb Bool.eqb] in R.
  Lemma start_meets c : spec_cpu_start B c (denote fuel prims program "cpu_start").
  Proof. spec_of c "cpu_start" R. exact R. Qed.
  Lemma trap_meets c : spec_trap B c (denote fuel prims program "trap").
  Proof. spec_of c "trap" R. exact R. Qed.

  Variables (w0 : world) (T : nat -> list entry).
  Hypothesis Hw : mem_inv B w0.
  Hypothesis HT : forall c, Forall entry_ok (T c).
  Hypothesis Hcpus : forall c, (8 <= c)%nat -> T c = [].

  Lemma on_start_good : good_all B (on_start w0 T).
  Proof.
    constructor; cbn [on_start m_world m_lock m_cpu]; [apply Hw|apply Hw|auto|discriminate|].
    intros c _. exists (set_held false w0). split; [constructor; reflexivity|].
    destruct (Nat.lt_ge_cases c 8) as [L|L]; [|rewrite Hcpus by exact L; exact I].
    apply life_ok; [apply start_meets|apply trap_meets|lia|apply HT|]. split; [reflexivity|apply known_held, known_inv, Hw].
  Qed.
End Secure.

(** From the first entry of every CPU on, whatever KServ and the VMs do in between: whoever reaches a page may have it, and
    no CPU meets undefined behaviour of C. *)
Theorem traps_secure : forall B w0 (T : nat -> list entry) m,
  board_ok B -> mem_inv B w0 -> (forall c, Forall entry_ok (T c)) -> (forall c, (8 <= c)%nat -> T c = []) ->
  steps B (on_start w0 T) m ->
  secure B (m_world m) /\ (forall c why, m_cpu m c <> Stuck why).
Proof.
  intros B w0 T m HB Hw HT Hc S. destruct (runs_secure B HB _ m (on_start_good B HB w0 T Hw HT Hc) S) as (A & _ & C). auto.
Qed.

(** Whenever a page changes owner, on any CPU. *)
Theorem traps_owner : forall B w0 (T : nat -> list entry) m c p s k,
  board_ok B -> mem_inv B w0 -> (forall c, Forall entry_ok (T c)) -> (forall c, (8 <= c)%nat -> T c = []) ->
  steps B (on_start w0 T) m -> m_cpu m c = Ev (ECall "meta_set" [p; s]) k ->
  may_change (m_world m) p s.
Proof.
  intros B w0 T m c p s k HB Hw HT Hc S. exact (runs_owner B HB _ m c p s k (on_start_good B HB w0 T Hw HT Hc) S).
Qed.

(** The same with the lock that runs: its C, its words, its 32-bit tickets. *)
Theorem traps_secure_lock : forall B w0 (T : nat -> list entry) first n,
  board_ok B -> mem_inv B w0 -> (forall c, Forall entry_ok (T c)) -> (forall c, (8 <= c)%nat -> T c = []) ->
  in_ty U32 first -> lsteps B (with_tickets (on_start w0 T) first) n ->
  secure B (l_world n) /\ (forall c why, l_cpu n c <> Stuck why).
Proof.
  intros B w0 T first n HB Hw HT Hc F S. refine (runs_secure_lock B (on_start w0 T) first n HB _ eq_refl _ F S).
  - exact (on_start_good B HB w0 T Hw HT Hc).
  - intros c C. cbn [on_start m_cpu]. rewrite (Hc c C). reflexivity.
Qed.

(** From what [mm_init] accepts at boot on. *)
Theorem traps_from_boot : forall fuel w w' (T : nat -> list entry) m,
  2 ^ 28 < Z.of_nat fuel -> boot_start w -> boot_run fuel w 0 w' ->
  (forall c, Forall entry_ok (T c)) -> (forall c, (8 <= c)%nat -> T c = []) ->
  let B := board_of w' in
  describes (info_of w) B /\
  (steps B (on_start (settle B w') T) m -> secure B (m_world m) /\ forall c why, m_cpu m c <> Stuck why).
Proof.
  intros fuel w w' T m Hf Z R HT Hc B. destruct (booted fuel w w' Hf Z R) as (D & Ok & M). split; [exact D|]. intros S.
  exact (traps_secure B (settle B w') T m Ok M HT Hc S).
Qed.
