(** * Every entry to KCore, in the one definition of noninterference

    [kcore_traps]: the machine that runs KCore's C with all traps, entries, exits and guests' calls (mm/Traps_System.v), seen by
    KServ and the VMs of [Q], as a system of [security/System.v].  [kcore_traps_NI]: it has [NI], the property that comes down
    from the rules for KServ's calls ([Link.kcore_NI]) and that the abstract machine has ([security/Noninterference.v]).

    The system is one for each [Q], since what is seen depends on it; [Traps_Watch.watched]: they are one machine.  No layer
    above it yet: docs/NEXT.md. *)
From Coq Require Import ZArith List Bool.
From Redoubt.sem Require Import Sem.
From Redoubt.machine Require Import State.
From Redoubt.mm Require Import Invariant Structure Alike.
From Redoubt.mm Require Traps_System.
From Redoubt.cpu Require Import Traps_Noninterference.
From Redoubt.security Require System.
Import ListNotations.
Open Scope Z_scope.
Module S := Redoubt.security.System.
Module P := Redoubt.mm.Traps_System.

Definition kcore_traps (B : board) (R : Type) (software : P.who -> P.agent R) (Q : Z -> bool) : S.system Z P.label := {|
  S.state := P.system R;
  S.label := P.label;
  S.init := fun s => exists w p, mem_inv B w /\ s = P.start R kcore_boot w p;
  S.step := kcore_step B Q software;
  S.vis := fun _ l => if P.seen l then Some l else None;
  S.init_eq := fun _ s t => alike B Q (P.s_world R s) (P.s_world R t) /\
    forall k, P.friend Q k = true -> P.s_prog R s k = P.s_prog R t k;
  S.end_eq := fun _ s t => P.same_for Q R s t |}.

Theorem kcore_traps_NI : forall B (R : Type) (software : P.who -> P.agent R) Q, board_ok B -> S.NI (kcore_traps B R software Q) Q.
Proof.
  intros B R software Q HB s1 s2 l1 l2 t1 t2 (w1 & p1 & M1 & ->) (w2 & p2 & M2 & ->) [A Ep] R1 R2 V.
  assert (Rs : forall s l t, S.run (kcore_traps B R software Q) s l t -> kcore_steps B Q software s l t)
    by (intros s l t X; induction X; econstructor; eauto).
  assert (Vs : forall ls, S.seen (kcore_traps B R software Q) Q ls = P.trace ls).
  { intros ls. induction ls as [|l r IH]; [reflexivity|]. cbn. unfold P.trace. cbn. destruct (P.seen l); rewrite IH; reflexivity. }
  rewrite !Vs in V.
  exact (proj1 (traps_noninterference B Q R software w1 w2 p1 p2 l1 l2 t1 t2 HB M1 M2 A Ep (Rs _ _ _ R1) (Rs _ _ _ R2) V)).
Qed.
