(** * KServ's hypercalls on VMs and memory: the dispatcher *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Prims Page_Spec Vm_Spec Ram_Spec Teardown_Spec
  Donate_Spec Walk_Spec Table_Spec Loan_Spec Loan_Call_Spec Force_Spec Vcpu_Create_Spec Call_Spec.
From Redoubt.gen Require Import host_call.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  Lemma section_mono (R S : world -> world -> Prop) r w : (forall w1 w2, R w1 w2 -> S w1 w2) ->
    section B (atomic R) r w -> section B (atomic S) r w.
  Proof.
    intros H (I & v & w1 & w2 & E & U & M1 & M2 & A). split; [exact I|]. exists v, w1, w2.
    repeat (split; [assumption|]). destruct A as [A|[A X]]; [left; exact A|right; auto].
  Qed.

  (** What is answered before the section begins or after it. *)
  Definition answered (R : world -> world -> Prop) (w : world) (r : option Z) (w' : world) : Prop :=
    (exists v, r = Some v /\ v <> KC_OK) /\ w' = w \/ section B (atomic R) r w'.

  Lemma answered_refused R w r w' : r = Some KC_EINVAL /\ w' = w \/ section B (atomic R) r w' -> answered R w r w'.
  Proof. intros [[-> ->]|X]; [left; split; [eexists; split; [reflexivity|discriminate]|reflexivity]|right; exact X].
    Qed.

  (** A call is the whole of its case. *)
  Lemma case_ok p (R : world -> world -> Prop) (X S : option Z -> world -> Prop) w : WP p X w ->
    (forall r w', X r w' -> answered R w r w') -> (forall r w', answered R w r w' -> S r w') ->
    WP p (fun r w2 => WP (leave (Some U64) (Return r)) S w2) w.
  Proof.
    intros H A E. eapply wp_mono; [exact H|]. intros r w' Hr. apply A in Hr.
    assert (Y : exists v, r = Some v) by (destruct Hr as [[(v & -> & _) _]|(_ & v & w1 & w2 & -> & _)]; exists v;
      reflexivity).
    destruct Y as [v ->]. apply E, Hr.
  Qed.
  Ltac by_spec H := eapply case_ok; [apply H; assumption
    |cbv beta; intros r w' X; first [apply answered_refused, X|right; exact X|exact X]
    |intros r w' X; exact X].

  Lemma memory_call_ok F :
    spec_call_vm_create B cpu (F "call_vm_create") -> spec_call_vm_ram B cpu (F "call_vm_ram") ->
    spec_call_vm_table B cpu (F "call_vm_table") -> spec_call_vcpu_create B cpu (F "call_vcpu_create") ->
    spec_call_vm_teardown B cpu (F "call_vm_teardown") -> spec_call_vm_free B cpu (F "call_vm_free") ->
    spec_call_page_reclaim B cpu (F "call_page_reclaim") -> spec_call_donate B cpu (F "call_donate") ->
    spec_call_lend B cpu (F "call_lend") -> spec_call_unlend B cpu (F "call_unlend") ->
    spec_call_lend_prot B cpu (F "call_lend_prot") -> spec_call_force_reclaim B cpu (F "call_force_reclaim") ->
    spec_call_vm_flush B cpu (F "call_vm_flush") ->
    spec_memory_call B cpu (invoke F fuel f_memory_call).
  Proof.
    intros H1 H2 H3 H4 H5 H6 H7 H8 H9 H10 H11 H12 H13 fid a1 a2 a3 a4 w Hc U U1 U2 U3 U4 I. enter. steps.

    all: try subst fid.
    1: by_spec H1. 1: by_spec H2. 1: by_spec H3. 1: by_spec H4. 1: by_spec H5. 1: by_spec H6. 1: by_spec H7.
    1: by_spec H8. 1: by_spec H9. 1: by_spec H10. 1: by_spec H11. 1: by_spec H12. 1: by_spec H13.
    left. split; [eexists; split; [reflexivity|discriminate]|reflexivity].
  Qed.
End Proofs.
