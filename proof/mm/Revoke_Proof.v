(** * Taking leaves out of a VM's tables: proofs of freezing *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Walk_Spec Walk_Facts Lend_Spec Lend_Facts Revoke_Spec Revoke_Facts.
From Redoubt.gen Require Import mm_revoke.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Lemma revoke_begin_ok F : spec_revoke_begin B cpu LI (invoke F fuel f_revoke_begin).
  Proof.
    intros fz L w S. pose proof (s_cs B _ _ _ S) as C. enter. steps.
    apply (write_plain B cpu LI); [exact C|reflexivity|]. intros _ C1. steps.
    split; [reflexivity|]. split; [|reflexivity]. apply sec_write; (exact S || reflexivity || discriminate).
  Qed.

  Lemma revoke_pending_ok F : spec_revoke_pending B cpu LI (invoke F fuel f_revoke_pending).
  Proof.
    intros w C. enter. steps. read_locked C. steps. split; reflexivity.
  Qed.

  (** A valid or frozen leaf may be frozen. *)
  Lemma may_freeze fz L h fn w : sec B fz L w -> rooted w h -> frame fn -> soft (desc w h fn) <> 0 ->
    may_put B fz (also w h fn fz) L w h fn (level w h fn) (desc w h fn - desc w h fn mod 4).
  Proof.
    intros S R F N. pose proof (leaf_word B fz L w h fn S) as U.
    destruct (freeze_fields _ U) as (Ux & M4 & M2 & Sx & Ox).
    set (x := desc w h fn - desc w h fn mod 4) in *.
    pose proof (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) as O.
    assert (Of : forall fn', slot w h fn fn' -> leaf_ok B (fz h) w h fn').
    { intros fn' C. apply (t_leaf B _ w (s_tables B _ _ _ S) h fn' R). eapply slot_frame; eassumption. }
    assert (Nm : forall fn' s, slot w h fn fn' -> soft x = s ->
      names w h fn' s (leaf_frame (level w h fn) x fn')).
    { intros fn' s C <-. apply names_leaf. rewrite (slot_desc w h fn fn' C), (slot_level w h fn fn' C), Sx.
      split; [reflexivity|]. split; [exact N|]. symmetry. apply frame_same, Ox. }
    constructor.
    - exact Ux.
    - intros _. rewrite Ox. destruct (l_type _ _ _ _ _ O _ _ (leaf_pair w h fn) N) as [_ X]. split; [|exact X].
      right. split; [exact M4|]. intros fn' C. right. auto.
    - rewrite Sx. contradiction.
    - rewrite Sx. exact (l_soft _ _ _ _ _ O _ _ (leaf_pair w h fn)).
    - rewrite Sx. intros E. apply (l_block _ _ _ _ _ O (desc w h fn)). rewrite <- E. apply leaf_pair.
    - intros fn' C Lv E. apply (l_private _ _ _ _ _ (Of fn' C)); auto.
    - intros fn' C E. destruct (l_lent _ _ _ _ _ (Of fn' C) _ (Nm fn' 2 C E)) as [X Y]. split; [exact X|]. split; [exact Y|].
      apply (n_leaf _ _ (s_lent B _ _ _ S)); auto. eapply slot_frame; eassumption.
    - intros k fn' p C T. assert (h <> 0) by (destruct R as [[? _]|[? _]]; lia).
      destruct (t_tlb B _ w (s_tables B _ _ _ S) k h fn' p H T) as [_ (s & X)]. apply names_leaf in X.
      rewrite (slot_desc w h fn fn' C), (slot_level w h fn fn' C) in X. rewrite Sx. split; [exact N|].
      rewrite (frame_same (level w h fn) _ _ fn' Ox). apply X.
    - intros h' fn' Z. right. left. exact Z.
  Qed.

  Lemma revoke_freeze_ok F : spec_walk_leaf B cpu LI (F "walk_leaf") ->
    unary K (fun d => d - d mod 4) (F "desc_freeze") -> spec_walk_put B cpu LI (F "walk_put") ->
    spec_revoke_freeze B cpu LI (invoke F fuel f_revoke_freeze).
  Proof.
    intros HL HZ HP fz L h fn w S R Fr N Nf. pose proof (s_cs B _ _ _ S) as C.
    assert (Rh : 1 <= h <= 255) by (destruct R as [[X _]|[X _]]; exact X).
    enter. steps. read_locked C. change (wrap U64 (w_mem w ("vms.root", [h]))) with (vm_root w h). steps.
    read_tree HL S R Fr. change (snd (leaf_at w (vm_root w h) fn)) with (desc w h fn).
    pose proof (leaf_word B fz L w h fn S) as U. steps. pure HZ. steps.
    read_locked C. change (wrap U64 (w_mem w ("vms.root", [h]))) with (vm_root w h). steps.
    assert (Nl : level w h fn <> 1) by (destruct (soft_level B fz L w h fn S R Fr N); lia).
    eapply wp_mono; [apply (HP fz (also w h fn fz) L); [exact S|exact R|exact Fr|exact Nl|apply may_freeze; assumption]|].
    cbv beta. intros ? w1 (-> & S1 & P). pose proof (s_cs B _ _ _ S1) as C1. steps.
    read_locked C1. steps.
    assert (En : n_frozen w1 = n_frozen w) by (unfold n_frozen; rewrite (pt_mem _ _ _ _ _ _ P); reflexivity).
    change (wrap U64 (w_mem w1 ("n_frozen", []))) with (n_frozen w1). rewrite En. assert (Rn : 0 <= n_frozen w) by apply wrap_in. steps.
    apply (write_plain B cpu LI); [exact C1|reflexivity|]. intros _ C2. steps.
    split; [reflexivity|]. split; [apply sec_write; (exact S1 || reflexivity || discriminate)|]. split.
    - constructor.
      + intros c ix Sc. cbn. rewrite upd_name; [rewrite (pt_mem _ _ _ _ _ _ P); reflexivity|].
        destruct (String.eqb_spec "n_frozen" c) as [<-|]; [discriminate Sc|reflexivity].
      + cbn. apply (pt_meta _ _ _ _ _ _ P).
      + intros fn' X. exact (put_new w h fn _ w1 fn' P X).
      + intros h' fn' R' F' X. exact (put_leaf w h fn _ w1 h' fn' P R' F' X).
    - change (wrap U64 (upd (w_mem w1) (obj "n_frozen" []) (wrap U64 (n_frozen w + 1)) (obj "n_frozen" [])) = n_frozen w + 1).
      rewrite upd_same, wrap_wrap. apply wrap_small. unfold in_ty, modulus. lia.
  Qed.
End Proofs.
