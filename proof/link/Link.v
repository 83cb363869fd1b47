(** * The link: KCore's C keeps the rules, and so it keeps secrets

    Three machines, one definition of noninterference ([NI] of [security/System.v]):

    - [kcore_bottom]: N CPUs run KCore's translated C, one event at a time, with walkers and TLBs; KServ and the VMs
      are arbitrary programs.  At the end they have what hardware lets them reach, and are taken to have KCore's books.
    - [kcore_top]: the machine of [Rules.v], where a page has a holder and KCore is a program that the rules bind; here
      that program is the C.
    - any other KCore that keeps the rules ([Rules_Proof.rules_NI]).

    [kcore_refines]: each run of the first is one of the second, step by step, and hides no leak.  [kcore_NI]: so
    noninterference comes down from the rules.

    Not in it, because [machine/System.v] does not have it: entry, exit and registers of vCPUs, loading and putting
    them back, calls of VMs.  And the abstract machine of [security/Top.v], whose calls have exact results, is no
    layer of this chain: docs/what-is-proved.md says what is missing for that. *)
From Coq Require Import ZArith List Bool.
From Redoubt.sem Require Import Sem.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Invariant Structure System_Proof Noninterference.
From Redoubt.link Require Import Rules Rules_Proof Abstract Refine.
Import ListNotations.
Open Scope Z_scope.

Definition kcore_bottom (B : board) (R : Type) (kserv guest : P.agent R) : S.system Z P.seen :=
  bottom B R kserv guest kcore_answer kcore_offers.
Definition kcore_top (B : board) (R : Type) (kserv guest : P.agent R) : S.system Z P.seen :=
  top B R kserv guest kcore_answer kcore_offers.

(** The refinement, in the sense of [sp_refines]. *)
Definition kcore_refines B (HB : board_ok B) R (kserv guest : P.agent R) :
    S.sp_refines (kcore_bottom B R kserv guest) (kcore_top B R kserv guest) :=
  c_refines B HB R kserv guest kcore_answer kcore_offers (kcore_answer_ok B HB).

(** Step by step: whatever the C does on any CPU is a deed that the rules allow, and what KServ and the VMs do is what
    they do there. *)
Theorem kcore_keeps_rules : forall B (R : Type) (kserv guest : P.agent R) w r g ls s l s',
  board_ok B -> mem_inv B w ->
  S.run (kcore_bottom B R kserv guest) (P.start w r g) ls s -> S.step (kcore_bottom B R kserv guest) s l s' ->
  S.run (kcore_top B R kserv guest) (view B R (P.start w r g)) ls (view B R s) /\
  S.step (kcore_top B R kserv guest) (view B R s) l (view B R s').
Proof.
  intros B R kserv guest w r g ls s l s' HB M Rn St. pose proof (start_good B R w r g M) as G.
  pose proof (kcore_answer_ok B HB) as Ok. revert G Rn.
  generalize (P.start w r g) as s0. intros s0 G Rn.
  assert (Step : forall b l0 b', sgood B R b -> S.step (kcore_bottom B R kserv guest) b l0 b' ->
    sgood B R b' /\ S.step (kcore_top B R kserv guest) (view B R b) l0 (view B R b')).
  { intros b l0 b' Gb Sb. split; [exact (sgood_step B HB R kserv guest _ _ Ok b l0 b' Gb Sb)|].
    exact (refines_step B HB R kserv guest _ _ Ok b l0 b' _ Gb (looks_view B R b) Sb). }
  induction Rn as [b|b l0 b1 ls b2 S1 Rn IH].
  - split; [exact (S.run_nil (kcore_top B R kserv guest) (view B R b))|]. apply Step; assumption.
  - destruct (Step _ _ _ G S1) as [G1 T1]. destruct (IH St G1) as [Rt T]. split; [|exact T].
    exact (S.run_cons (kcore_top B R kserv guest) _ _ _ _ _ T1 Rt).
Qed.

Theorem kcore_NI : forall B (R : Type) (kserv guest : P.agent R) Q, board_ok B -> S.NI (kcore_bottom B R kserv guest) Q.
Proof.
  intros B R kserv guest Q HB. apply (S.sp_preserves_NI _ _ (kcore_refines B HB R kserv guest)).
  exact (top_NI B HB R kserv guest kcore_answer kcore_offers (kcore_answer_ok B HB) Q).
Qed.

(** What the rules say of any KCore, of this one. *)
Theorem kcore_kept : forall B (R : Type) (kserv guest : P.agent R) w r g ls s l s' h a p,
  board_ok B -> mem_inv B w ->
  S.run (kcore_bottom B R kserv guest) (P.start w r g) ls s -> S.step (kcore_bottom B R kserv guest) s l s' ->
  1 <= h -> page_of B (P.s_world s) p = Private h a -> State.reached (P.s_world s) p ->
  page_of B (P.s_world s') p = Private h a /\
  ((exists j t f, l = P.By_vm h j t f) \/ (exists c x, l = P.By_kcore c x /\ serves (keep_of R s) c h) \/
   forall i, 0 <= i < 512 -> State.word (P.s_world s') p i = State.word (P.s_world s) p i).
Proof.
  intros B R kserv guest w r g ls s l s' h a p HB M Rn St Hh Pg Re.
  destruct (kcore_keeps_rules B R kserv guest w r g ls s l s' HB M Rn St) as [_ T].
  pose proof (sgood_steps B HB R kserv guest _ _ (kcore_answer_ok B HB)) as Gs.
  assert (G : sgood B R s).
  { apply (Gs (P.start w r g) ls s (start_good B R w r g M)). clear - Rn. induction Rn; econstructor; eauto. }
  exact (rules_kept _ _ _ _ _ _ _ _ _ _ _ _ _ _ h a p (view_lawful B HB R s G) T Hh Pg Re).
Qed.
