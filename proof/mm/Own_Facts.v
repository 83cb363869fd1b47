(** * Change of owner: facts *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Page_Spec Host_Spec Host_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma mk_state_fields k h a : 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
  in_ty U64 (mk_state k h a) /\ kind (mk_state k h a) = k /\ handle (mk_state k h a) = h /\
  arg (mk_state k h a) = a.
Proof. intros. unfold mk_state, kind, handle, arg. repeat split; words. Qed.

Section Facts.
  Variable B : board.

  (** Only KCore's own pages are tables. *)
  Lemma unused w p : inv B w -> kind (state w p) <> PG_CORE -> kind (state w p) <> PG_VMCORE -> ~ used w p.
  Proof.
    intros I N1 N2 (h & l & fn & W). destruct (s_walk B w (i_secure B w I) _ _ _ _ W) as [_ X].
    destruct (h =? 0); intuition.
  Qed.

  (** A page of KServ that is not lent is out of reach once KServ does not reach it. *)
  Lemma host_isolated w p : inv B w -> kind (state w p) = PG_HOST -> ~ reach w 0 p -> isolated w p.
  Proof.
    intros I Hk N. split.
    - intros (h & H). destruct (Z.eq_dec h 0) as [->|Nh]; [exact (N H)|].
      destruct (not_vms B w h p I Nh H) as [X|[X _]]; pg; lia.
    - apply unused; [exact I|pg; lia..].
  Qed.
End Facts.
