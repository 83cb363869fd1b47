(** * Does KServ's stage 2 map a frame?: proof *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Vm_Spec
  Vm_Facts Section Walk_Spec Walk_Facts Host_Map_Spec.
From Redoubt.gen Require Import mm_host.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu (mem_inv B)).

  (** As [lock]; [Ow]: what this CPU owns is as it was. *)
  Ltac lock_all HL Hi S L C w1 Ow := eapply wp_mono;
    [apply HL; [apply (id_held _ _ Hi)|intros ? X; apply (i_secure _ _ (m_inv _ _ X))]|];
    let M := fresh "M" in let w0 := fresh "w0" in
    cbv beta; intros ? ? (-> & w0 & M & -> & Ow & _); steps;
    destruct (lock_sec _ w0 M) as (L & S); set (w1 := set_held true w0) in *; pose proof (s_cs _ _ _ _ S) as C; clear M.

  Lemma host_maps_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_walk_leaf_tree B cpu LI (F "walk_leaf") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> unary K (fun d => d mod 2) (F "desc_valid") ->
    spec_host_maps B cpu (invoke F fuel f_host_maps).
  Proof.
    intros HL HW HU HV p w Hp Hi. enter. steps.
    - split; [exact Hi|]. split; [reflexivity|]. exists 0. sp; auto. left. split; [reflexivity|]. unfold frame. lia.
    - assert (Fr : frame p) by (unfold frame, in_ty in *; lia).
      lock_all HL Hi Sc L C w1 Own. pose proof (cs_inv B _ C) as I.
      apply read_ret; [reflexivity|eapply cs_secure, C|]. steps. rewrite (k_root B _ (i_constants B _ I)).
      pure HW; [exact (host_tree B HB w1 p I Fr)|]. steps.
      set (d := snd (leaf_at w1 (b_root B) p)). assert (U : in_ty U64 d).
      { unfold d. destruct (leaf_viewed w1 (b_root B) p); apply word_range. }
      unlock HU Sc. pure HV. steps. split; [apply idle_unlock, C|]. split.
      { intros l P O. apply Own. unfold owns. rewrite P. exact O. }
      exists (d mod 2).
      assert (D : d mod 2 = 0 \/ d mod 2 = 1) by (pose proof (Z.mod_pos_bound d 2); lia).
      sp; [reflexivity|exact D|]. right. exists w1. split; [exact (sec_locked B L w1 Sc)|].
      unfold host_mapped, valid. fold d. tauto.
  Qed.
End Proofs.
