(** * What a guest of pKVM's ABI has said of itself: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Object_Spec Vm_Spec Vm_Facts Section Share_Facts Loaded Guest_Call_Spec
  Guest_Call_Proof Guard_Spec.
From Redoubt.gen Require Import vm_guard.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma only_guards_refl w : only_guards w w.
Proof. split; [destruct w; reflexivity|reflexivity]. Qed.

Lemma u32_u64 x : in_ty U64 (wrap U32 x).
Proof. pose proof (wrap_in U32 x) as X. unfold in_ty, modulus in *. lia. Qed.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu (mem_inv B)).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  Ltac guard_views := repeat match goal with
    | |- context [wrap U32 (w_mem ?w ("vms.n_guard", [?h]))] =>
        change (wrap U32 (w_mem w ("vms.n_guard", [h]))) with (n_guard w h)
    | |- context [wrap U64 (w_mem ?w ("vms.guard.base", [?h; ?i]))] =>
        change (wrap U64 (w_mem w ("vms.guard.base", [h; i]))) with (guard_base w h i)
    | |- context [wrap U64 (w_mem ?w ("vms.guard.n", [?h; ?i]))] =>
        change (wrap U64 (w_mem w ("vms.guard.n", [h; i]))) with (guard_size w h i)
    end.
  Ltac read C := read_locked C; guard_views; steps.

  Lemma n_guard_range w h : in_ty U32 (n_guard w h).
  Proof. apply wrap_in. Qed.

  Lemma guard_find_ok F : spec_guard_find B cpu (invoke F fuel f_guard_find).
  Proof.
    intros h fn w Hh Uf C. enter. steps.
    loop (fun m e w1 => w1 = w /\ exists i, m = 32 - i /\ 0 <= i <= 32 /\
      e = [("h", Some h); ("ipa", Some fn); ("i", Some i)]) from 32.
    - lia.
    - split; [reflexivity|]. exists 0. sp; try lia. reflexivity.
    - intros m e w1 M (-> & i & -> & I & ->). steps; [repeat (read C)|].
      all: try (split; [reflexivity|]; exists i; split; [reflexivity|lia]).
      all: exists (32 - (i + 1)); sp; try lia; [reflexivity|]; exists (i + 1); sp; try lia; reflexivity.
  Qed.

  Lemma guard_has_ok F : spec_guard_has B cpu (invoke F fuel f_guard_has).
  Proof.
    intros h fn w Hh Uf C. pose proof (n_guard_range w h) as N. unfold in_ty, modulus in N. enter. steps.
    loop (fun m e w1 => w1 = w /\ exists i, m = 32 - i /\ 0 <= i <= 32 /\ i <= n_guard w h /\
      e = [("h", Some h); ("ipa", Some fn); ("i", Some i)] /\ forall j, 0 <= j < i -> ~ in_guard w h fn j)
      from 32.
    - lia.
    - split; [reflexivity|]. exists 0. sp; try lia. reflexivity.
    - intros m e w1 M (-> & i & -> & I & In & -> & H). steps; [repeat (read C)|].
      + split; [reflexivity|]. exists 0. split; [reflexivity|]. right. split; [reflexivity|].
        intros (j & J & X). apply (H j); [lia|split; [exact J|exact X]].
      + split; [reflexivity|]. exists 1. split; [reflexivity|]. left. split; [reflexivity|].
        exists i. split; [lia|]. split; [lia|assumption].
      + exists (32 - (i + 1)). sp; try lia; [reflexivity|]. exists (i + 1). sp; try lia; [reflexivity|].
        intros j J (_ & _ & X). destruct (Z.eq_dec j i) as [->|]; [lia|]. apply (H j); [lia|].
        split; [lia|]. split; [lia|exact X].
      + split; [reflexivity|]. exists 0. split; [reflexivity|]. right. split; [reflexivity|].
        intros (j & J & X). apply (H j); [lia|split; [exact J|exact X]].
  Qed.

  (** A store to a guard. *)
  Ltac store S C w' S' := apply (write_plain B cpu LI); [exact (s_cs _ _ _ _ S)|reflexivity|]; wrote C w';
    match type of S with sec _ _ ?L0 _ => assert (S' : sec B unfrozen L0 w')
      by (apply sec_write; [exact S|reflexivity|discriminate]) end; steps.

  Lemma only_guards_write c ix x w w1 : In c guard_cells -> only_guards w w1 -> only_guards w (write_cell B (c, ix) x w1).
  Proof.
    intros I [E H]. assert (Ew : write_cell B (c, ix) x w1 = set_mem (upd (w_mem w1) (c, ix) x) w1).
    { cbn in I. destruct I as [<-|[<-|[<-|[]]]]; reflexivity. }
    rewrite Ew. split; [rewrite E; reflexivity|].
    intros l N. change (w_mem (set_mem (upd (w_mem w1) (c, ix) x) w1) l) with (upd (w_mem w1) (c, ix) x l).
    rewrite upd_other; [apply H, N|]. intros <-. apply N, I.
  Qed.

  Ltac put_guard S O w' S' O' := let C := fresh "C" in store S C w' S';
    lazymatch type of O with only_guards ?w0 _ => assert (O' : only_guards w0 w')
      by (apply only_guards_write; [cbn; auto|exact O]) end.

  (** The range at hand gets one page more, in front or behind. *)
  Ltac grows S O := let S1 := fresh "S" in let O1 := fresh "O" in let w1 := fresh "w" in
    let S2 := fresh "S" in let O2 := fresh "O" in let w2 := fresh "w" in
    read (s_cs _ _ _ _ S); [put_guard S O w1 S1 O1; read (s_cs _ _ _ _ S1); put_guard S1 O1 w2 S2 O2
      |read (s_cs _ _ _ _ S); put_guard S O w2 S2 O2];
    (exists KC_OK; split; [reflexivity|]; split; [left; reflexivity|]; split; [exact S2|exact O2]).

  Lemma guard_put_ok F : spec_guard_find B cpu (F "guard_find") -> spec_guard_put B cpu (invoke F fuel f_guard_put).
  Proof.
    intros HF L h fn w Rh Uf S. pose proof (s_cs _ _ _ _ S) as C. enter. steps. ask HF v Hv. steps.
    - exists KC_ENOMEM. split; [reflexivity|]. split; [right; auto|]. split; [exact S|apply only_guards_refl].
    - assert (Rv : 0 <= v < 32) by lia.
      assert (O : only_guards w w) by apply only_guards_refl. read C.
      + put_guard S O w1 S1 O1. put_guard S1 O1 w2 S2 O2. put_guard S2 O2 w3 S3 O3. grows S3 O3.
      + grows S O.
  Qed.

  Lemma guard_add_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_ram_end B cpu LI (F "ram_end") ->
    spec_guard_has B cpu (F "guard_has") -> spec_guard_put B cpu (F "guard_put") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_guard_add B cpu (invoke F fuel f_guard_add).
  Proof.
    intros HL HR HG HP HU h fn w Uf G Hi. pose proof (gu_vm _ _ _ G) as Rh. enter. steps.
    - left. unfold KC_EPERM. sp; auto; lia.
    - lock_guest HL Hi G Sc L C w1 Lv Ow. pose proof (live_ram B L w1 h Sc Lv) as Ro.
      eapply wp_mono; [apply (HR h fn w1); [lia|exact Uf|exact Ro|exact C]|].
      cbv beta. intros ? ? [-> (e & -> & He)]. cbv beta iota. reduce_env. steps.
      ask HG v Hv. steps.
      + unlock HU Sc. right. apply section_end with L L w1; [range|exact Sc|exact Sc|].
        split; [exact Lv|]. split; [apply only_guards_refl|]. right. split; [discriminate|reflexivity].
      + assert (N : ~ declared w1 h fn) by (destruct He as [[_ X]|(i & [I1 I2] & X)]; [exact X|unfold in_ty in Uf; lia]).
        eapply wp_mono; [apply (HP L h fn w1 Rh Uf Sc)|].
        cbv beta. intros ? w2 (r & -> & Hr & S2 & O2). cbv beta iota. reduce_env. steps. unlock HU S2.
        right. apply section_end with L L w1; [unfold KC_OK, KC_ENOMEM in Hr; range|exact Sc|exact S2|].
        split; [exact Lv|]. split; [exact O2|]. destruct Hr as [->|[-> ->]]; [left|right]; auto.
        split; [discriminate|reflexivity].
      + assert (N : ~ declared w1 h fn) by (destruct He as [[_ X]|(i & [I1 I2] & X)]; [exact X|unfold in_ty in Uf; lia]).
        unlock HU Sc. right. apply section_end with L L w1; [range|exact Sc|exact Sc|].
        split; [exact Lv|]. split; [apply only_guards_refl|]. left. auto.
  Qed.

  Lemma guard_passes_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_guard_has B cpu (F "guard_has") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_guard_passes B cpu (invoke F fuel f_guard_passes).
  Proof.
    intros HL HG HU h fn w Uf G Hi. pose proof (gu_vm _ _ _ G) as Rh. enter. steps.
    lock_guest HL Hi G Sc L C w1 Lv Ow. ask HG v Hv. steps. read C.
    all: unlock HU Sc; apply section_end with L L w1; [range|exact Sc|exact Sc|].
    - split; [reflexivity|]. split; [exact Lv|]. left. auto.
    - split; [reflexivity|]. split; [exact Lv|]. destruct Hv as [[-> X]|[-> X]]; [left|right]; auto.
  Qed.

  Lemma guest_pkvm_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_guest_pkvm B cpu (invoke F fuel f_guest_pkvm).
  Proof.
    intros HL HU h w G Hi. pose proof (gu_vm _ _ _ G) as Rh. enter. steps.
    lock_guest HL Hi G Sc L C w1 Lv Ow. read C. unlock HU Sc.
    apply section_end with L L w1; [|exact Sc|exact Sc|].
    - apply u32_u64.
    - split; [reflexivity|]. split; [exact Lv|reflexivity].
  Qed.

  Lemma guest_pkvm_set_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_guest_pkvm_set B cpu (invoke F fuel f_guest_pkvm_set).
  Proof.
    intros HL HU h w G Hi. pose proof (gu_vm _ _ _ G) as Rh. enter. steps.
    lock_guest HL Hi G Sc L C w1 Lv Ow. store Sc C2 w2 S2. unlock HU S2.
    split; [reflexivity|apply (idle_unlock B), C2].
  Qed.
End Proofs.
