(** * Critical sections: how calls begin and end them

    [lock] and [unlock] take the steps of LOCK_MEM in the proof of a call; [section_error], [section_done]
    give its specification. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Prims Structure Structure_Facts Structure_Steps Page_Spec
  Vm_Spec Vm_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Sections.
  Variable B : board.

  Lemma idle_unlock w : cs B w -> idle B (set_held false w).
  Proof. intros [I _]. split; [reflexivity|]. apply known_held, known_inv, I. Qed.

  Lemma sec_locked L w : sec B unfrozen L w -> locked B w.
  Proof. intros S. split; [apply (s_cs _ _ _ _ S)|exact (sec_end B L w S)]. Qed.

  Lemma section_end (R : Z -> world -> world -> Prop) v L1 L2 w1 w2 : in_ty U64 v -> sec B unfrozen L1 w1 ->
    sec B unfrozen L2 w2 -> R v w1 w2 -> section B R (Some v) (set_held false w2).
  Proof.
    intros U S1 S2 H. split; [apply idle_unlock, (s_cs _ _ _ _ S2)|]. exists v, w1, w2.
    split; [reflexivity|]. split; [exact U|]. split; [exact (sec_locked _ _ S1)|].
    split; [split; [exact (sec_locked _ _ S2)|reflexivity]|exact H].
  Qed.

  Lemma section_error (R : world -> world -> Prop) v L w1 : in_ty U64 v -> v <> KC_OK -> sec B unfrozen L w1 ->
    section B (atomic R) (Some v) (set_held false w1).
  Proof. intros. apply section_end with L L w1; auto. left; auto. Qed.

  Lemma section_done (R : world -> world -> Prop) L1 L2 w1 w2 : sec B unfrozen L1 w1 -> sec B unfrozen L2 w2 ->
    R w1 w2 -> section B (atomic R) (Some 0) (set_held false w2).
  Proof. intros. apply section_end with L1 L2 w1; auto; [split; reflexivity || lia|]. right; auto. Qed.

  Lemma lock_sec w : mem_inv B w -> exists L, sec B unfrozen L (set_held true w).
  Proof. intros M. apply sec_begin; [reflexivity|]. apply mem_inv_held, M. Qed.

  (** What vm_check_live answers. *)
  Lemma checked_live fz L w h : sec B fz L w ->
    1 <= h <= 255 /\ vm_state w h <> VM_FREE /\ vm_state w h <> VM_DYING -> live w h.
  Proof.
    intros S (R & N1 & N2). split; [exact R|]. pose proof (u_states _ _ (s_vcpus _ _ _ _ S) h R) as X.
    unfold VM_FREE, VM_NEW, VM_SEALED, VM_DYING in *. lia.
  Qed.
End Sections.

(** Takes the lock: [S : sec B unfrozen L w1] and [C : cs B w1] for the world [w1] where the section begins.
    [HL]: the specification of spin_lock; [Hi : idle B w]. *)
Ltac lock HL Hi S L C w1 := eapply wp_mono;
  [apply HL; [apply (id_held _ _ Hi)|intros ? X; apply (i_secure _ _ (m_inv _ _ X))]|];
  let M := fresh "M" in let w0 := fresh "w0" in
  cbv beta; intros ? ? (-> & w0 & M & -> & _); steps;
  destruct (lock_sec _ w0 M) as (L & S); set (w1 := set_held true w0) in *;
  pose proof (s_cs _ _ _ _ S) as C; clear M.
(** Gives it back; [S : sec B unfrozen L w] for the world in front. *)
Ltac unlock HU S := eapply wp_mono;
  [apply HU; [apply (s_cs _ _ _ _ S)|exact (sec_end _ _ _ S)|apply (i_secure _ _ (cs_inv _ _ (s_cs _ _ _ _ S)))]|];
  cbv beta; intros ? ? (-> & ->); steps.

(** As [lock]; [Ow]: what this CPU owns is as it was. *)
Ltac lock_own HL Hi S L C w1 Ow := eapply wp_mono;
  [apply HL; [apply (id_held _ _ Hi)|intros ? X; apply (i_secure _ _ (m_inv _ _ X))]|];
  let M := fresh "M" in let w0 := fresh "w0" in
  cbv beta; intros ? ? (-> & w0 & M & -> & Ow & _); steps;
  destruct (lock_sec _ w0 M) as (L & S); set (w1 := set_held true w0) in *;
  lazymatch type of Ow with forall l, owns ?c ?w l -> _ => change (forall l, owns c w l -> w_mem w1 l = w_mem w l) in Ow end;
  pose proof (s_cs _ _ _ _ S) as C; clear M.
