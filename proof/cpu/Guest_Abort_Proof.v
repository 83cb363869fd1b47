(** * Aborts of a protected guest: proof *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Cpu_Facts Page_Spec Vm_Spec Guest_Spec Guest_Call_Spec
  Guard_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Trap_Facts Run_Spec Left_Kept Serve_Kept
  Serve_Spec Serve_Keeps Guest_Trap_Spec.
From Redoubt.gen Require Import vcpu_mmio.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  Lemma idle_secured w : idle B w -> secure B w.
  Proof. intros [_ [S _]]. exact S. Qed.
  Lemma serves_guest w h i : serves cpu w h i -> guest cpu w h.
  Proof. intros []. constructor; [assumption|assumption|]. exists i. assumption. Qed.
  Lemma codes_resume : exists v, Some RESUME = Some v /\ In v (RESUME :: exit_codes).
  Proof. eexists. split; [reflexivity|]. left. reflexivity. Qed.
  Lemma codes_trap : exists v, Some EXIT_TRAP = Some v /\ In v (RESUME :: exit_codes).
  Proof. eexists. split; [reflexivity|]. cbn. tauto. Qed.

  Lemma permission_mask e : in_ty U64 e -> (Z.land (Z.land e 63) 60 =? 12) = permission e.
  Proof.
    intros X. assert (M : Z.land (Z.land e 63) 60 = e mod 64 / 4 * 4).
    { rewrite (land_low e 63 6) by (reflexivity || lia). change (2 ^ 6) with 64.
      rewrite (land_field _ 60 2 6) by (reflexivity || lia). change (2 ^ 6) with 64. change (2 ^ 2) with 4.
      rewrite Z.mod_mod by lia. reflexivity. }
    rewrite M. unfold permission, field. change (2 ^ 2) with 4. change (2 ^ 4) with 16. clear M X.
    Z.to_euclidean_division_equations. lia.
  Qed.

  (** What a refused access leaves. *)
  Lemma refuses_handles h i (R : world -> option Z -> world -> Prop) w w1 r w' : keeps_guest cpu h i w w1 -> idle B w1 ->
    refuses cpu w1 r w' -> R w r w' -> handles B cpu h i R w r w'.
  Proof.
    intros K I T G. pose proof T as [-> A]. split; [exact (idle_abort B cpu _ _ _ _ A I)|]. split; [|split; [exact codes_resume|exact G]].
    apply (keeps_trans cpu h i w w1 w' K). exact (keeps_abort cpu h i _ _ _ _ A (kg_serves _ _ _ _ _ K)).
  Qed.

  (** What an exit leaves. *)
  Lemma tells_handles h i (R : world -> option Z -> world -> Prop) w w1 l : keeps_guest cpu h i w w1 -> idle B w1 ->
    R w (Some EXIT_TRAP) (tell h i l w1) -> handles B cpu h i R w (Some EXIT_TRAP) (tell h i l w1).
  Proof.
    intros K I G. split; [apply idle_tell, I|]. split; [|split; [exact codes_trap|exact G]].
    apply (keeps_trans cpu h i w w1 _ K), keeps_tell, K.
  Qed.

  (** After a look at memory the words of the trap are the same. *)
  Section Left.
    Variables (w w1 : world) (h i : Z).
    Hypothesis L : left_alone cpu w w1.
    Hypothesis V : serves cpu w h i.
    Hypothesis P : protected w h.
    Lemma left_esr : reg_of w1 cpu "esr" [] = reg_of w cpu "esr" []. Proof. apply (left_trap cpu w w1 L). cbn. auto. Qed.
    Lemma left_far : reg_of w1 cpu "far" [] = reg_of w cpu "far" []. Proof. apply (left_trap cpu w w1 L). cbn. auto. Qed.
    Lemma left_device_words p : device_words cpu w1 p = device_words cpu w p.
    Proof.
      unfold device_words, kept, bytes, data_reg, syndrome. rewrite !left_esr, left_far, (left_x cpu w w1 h i L) by assumption. reflexivity.
    Qed.
    Lemma left_device_owed : device_owed cpu w1 = device_owed cpu w.
    Proof. unfold device_owed, bytes, data_reg, syndrome. rewrite !left_esr, left_far. reflexivity. Qed.
  End Left.

  (** A call on memory, [H], that needs [idle] and the guest: the same guest afterwards. *)
  Ltac looks H V P I := pose proof (sv_cpu _ _ _ _ V);
    eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact (idle_secured _ I)|
      apply H; [try assumption|exact (serves_guest _ _ _ V)|exact I]]|]; cbv beta.

  (** The answer of the last call is the function's own. *)
  Ltac tailed G := pose proof G as (_ & _ & (? & -> & _) & _); reduce; steps; exact G.

  Lemma device_loads w x : In x (device_owed cpu w) -> class_of (fst x) = Loader.
  Proof. intros J. cbn [device_owed In] in J. repeat (destruct J as [<-|J]; [reflexivity|]). destruct J. Qed.

  Lemma device_exit_ok F : spec_guard_passes B cpu (F "guard_passes") -> spec_mmio_exit B cpu LI (F "mmio_exit") ->
    spec_inject_sea B cpu LI (F "inject_sea") -> spec_device_exit B cpu (invoke F fuel f_device_exit).
  Proof.
    intros H1 H2 H3 h i ipa w V P I Sh. pose proof (idle_secured w I) as S. ranges V.
    pose proof (shown_page_range _ _ _ Sh) as Rp. change (2 ^ 40) with 1099511627776 in Rp.
    assert (Xp : in_ty U64 ipa) by (unfold in_ty, modulus; lia).
    enter. steps. who V S. named V. steps. looks H1 V P I.
    intros r w1 [Sec Lf]. pose proof Sec as (I1 & v & wa & wb & -> & Xv & La & Lb & Pa). reduce.
    assert (Hv : v = 1 \/ v = 0) by (destruct Pa as (_ & _ & [[-> _]|[-> _]]); auto).
    assert (V1 := serves_left cpu w w1 h i Lf V (id_held _ _ I1)).
    assert (K1 := keeps_left cpu h i w w1 V Lf (id_held _ _ I1)). assert (P1 := left_protected cpu w w1 h i Lf V P).
    assert (Sh1 := left_shown cpu w w1 h i Lf ipa V P Sh). rewrite <- (left_esr w w1 Lf). steps.
    - replace v with 1 in * by lia.
      eapply wp_mono; [apply (H2 h i ipa w1 V1 P1 (idle_secured w1 I1) Sh1)|]. cbv beta. intros r w2 D.
      assert (Dd : device_done B cpu h i ipa w r w2).
      { exists 1, w1. split; [exact Lf|]. split; [exact Sec|]. rewrite <- (left_esr w w1 Lf). cbn [Z.eqb Pos.eqb andb].
        rewrite <- (left_device_words w w1 h i Lf V P ipa), <- (left_device_owed w w1 Lf). exact D. }
      assert (G : handles B cpu h i (device_done B cpu h i ipa) w r w2).
      { destruct (emulated (reg_of w1 cpu "esr" [])); [|exact (refuses_handles h i _ w w1 r w2 K1 I1 D Dd)].
        destruct D as [-> ->]. assert (K2 := keeps_remember cpu h i (device_owed cpu w1) w1 (device_loads w1) V1).
        split; [apply idle_tell, idle_remember; [exact (device_loads w1)|exact I1]|]. split; [|split; [exact codes_trap|exact Dd]].
        apply (keeps_trans cpu h i w w1 _ K1), (keeps_trans cpu h i w1 _ _ K2), keeps_tell, K2. }
      tailed G.
    - replace v with 0 in * by lia.
      eapply wp_mono; [apply wp_all, H3; [apply wrap_in|exact (idle_secured w1 I1)]|]. cbv beta. intros r w2 [-> T]. reduce. steps.
      assert (D : refuses cpu w1 (Some RESUME) w2) by (split; [reflexivity|exact T]).
      apply (refuses_handles h i _ w w1 _ w2 K1 I1 D). exists 0, w1. split; [exact Lf|]. split; [exact Sec|exact D].
  Qed.

  Lemma guest_abort_ok F : spec_stage2_fault B cpu LI (F "stage2_fault") -> spec_inject_sea B cpu LI (F "inject_sea") ->
    spec_fault_ipa B cpu LI (F "fault_ipa") -> spec_guest_fault_kind B cpu (F "guest_fault_kind") ->
    spec_page_exit B cpu LI (F "page_exit") -> spec_device_exit B cpu (F "device_exit") ->
    spec_guest_abort B cpu (invoke F fuel f_guest_abort).
  Proof.
    intros H1 H2 H3 H4 H5 H6 h i w V P I C. pose proof (idle_secured w I) as S. ranges V.
    set (e := reg_of w cpu "esr" []). assert (Xe : in_ty U64 e) by apply wrap_in.
    assert (K := keeps_refl cpu h i w V).
    enter. steps. eapply wp_mono; [apply wp_all, (H1 e Xe)|]. cbv beta. intros ? ? [-> ->]. reduce.
    destruct (is_stage2_fault e) eqn:S2; cbn [bz]; steps; try (exfalso; lia); cycle 1.
    { eapply wp_mono; [apply wp_all, H2; [exact Xe|exact S]|]. cbv beta. intros r w2 [-> T]. reduce. steps.
      assert (D : refuses cpu w (Some RESUME) w2) by (split; [reflexivity|exact T]).
      apply (refuses_handles h i _ w w _ w2 K I D). unfold abort_done. fold e. rewrite S2. exact D. }
    eapply wp_mono; [apply wp_all, H3; [exact Xe|exact S]|]. cbv beta. intros r w2 (-> & ipa & -> & Hp). reduce. steps.
    { assert (Wa : walk_again e = true).
      { destruct (walk_again e); [reflexivity|]. pose proof (field_range 4 40 (reg_of w cpu "hpfar" []) ltac:(lia)).
        change (2 ^ 40) with 1099511627776 in *. lia. }
      split; [exact I|]. split; [exact K|]. split; [exact codes_resume|]. unfold abort_done. fold e. rewrite S2. left. auto. }
    assert (Sh : shown_page cpu w ipa).
    { destruct (walk_again e) eqn:Wa.
      - destruct Hp as [Hp|Hp]; [change (2 ^ 64) with 18446744073709551616 in Hp; lia|].
        apply of_walk; [exact C| |exact Hp]. unfold walk_again in Wa. apply andb_prop in Wa as [Wa _]. apply Z.eqb_eq in Wa. exact Wa.
      - rewrite Hp. apply of_fault. }
    pose proof (shown_page_range _ _ _ Sh) as Rp. change (2 ^ 40) with 1099511627776 in Rp.
    assert (Xp : in_ty U64 ipa) by (unfold in_ty, modulus; lia).
    who V S. named V. steps. looks H4 V P I. intros r w1 [Hk Lf].
    assert (Hs : exists k, r = Some k /\ (k = 1 \/ k = 2 \/ k = 3 \/ k = 4 \/ k = 5) /\ idle B w1 /\ fault_seen B h ipa k w1).
    { destruct Hk as [(Hp' & -> & ->)|[Hp' Sec]].
      - exists 3. split; [reflexivity|]. split; [auto|]. split; [exact I|]. left. split; [exact Hp'|reflexivity].
      - pose proof Sec as (I1 & k & wa & wb & -> & _ & _ & _ & Fk). exists k.
        split; [reflexivity|]. split; [|split; [exact I1|right; auto]].
        destruct Fk as (_ & _ & [[-> _]|[-> _]]); [unfold FAULT_MMIO; auto|]. unfold fault_of.
        repeat (destruct (_ =? _); [auto|]). auto. }
    destruct Hs as (k & -> & Rk & I1 & Fs). clear Hk. reduce.
    assert (V1 := serves_left cpu w w1 h i Lf V (id_held _ _ I1)).
    assert (K1 := keeps_left cpu h i w w1 V Lf (id_held _ _ I1)). assert (P1 := left_protected cpu w w1 h i Lf V P).
    assert (Sh1 := left_shown cpu w w1 h i Lf ipa V P Sh).
    assert (C1 : class cpu w1 = FETCH \/ class cpu w1 = DATA) by (rewrite (keeps_class cpu h i w w1 K1); exact C).
    assert (Ee : e = reg_of w1 cpu "esr" []) by (symmetry; exact (left_esr w w1 Lf)).
    assert (Ad : forall r' w', fault_done B cpu h i ipa k w1 r' w' -> abort_done B cpu h i w r' w').
    { intros r' w' D. unfold abort_done. fold e. rewrite S2. right. exists ipa, k, w1. auto. }
    pose proof (permission_mask e Xe) as Pm. unfold fault_done in Ad. rewrite <- Ee in Ad.
    unfold FAULT_DESTROYED, FAULT_MAPPED, FAULT_MMIO in Ad.
    steps; rewrite ?Pm in *.
    - subst k. eapply wp_mono; [apply wp_all, H2; [exact Xe|exact (idle_secured w1 I1)]|]. cbv beta. intros r w2 [-> T]. reduce. steps.
      assert (D : refuses cpu w1 (Some RESUME) w2) by (split; [reflexivity|rewrite <- Ee; exact T]).
      apply (refuses_handles h i _ w w1 _ w2 K1 I1 D), Ad, D.
    - subst k. rewrite Ee. eapply wp_mono; [apply (H5 h i ipa 2 w1 V1 (idle_secured w1 I1) C1 Sh1); lia|].
      cbv beta. intros r w2 [-> ->]. reduce. steps. apply (tells_handles h i _ w w1 _ K1 I1), Ad.
      replace (permission e) with true by lia. split; reflexivity.
    - subst k. split; [exact I1|]. split; [exact K1|]. split; [exact codes_resume|]. apply Ad.
      replace (permission e) with false by lia. split; reflexivity.
    - subst k. rewrite Ee. eapply wp_mono; [apply (H6 h i ipa w1 V1 P1 I1 Sh1)|]. cbv beta. intros r w2 D.
      assert (G : handles B cpu h i (abort_done B cpu h i) w r w2).
      { destruct D as (I2 & K2 & Cd & D). split; [exact I2|]. split; [exact (keeps_trans cpu h i w w1 w2 K1 K2)|].
        split; [exact Cd|]. apply Ad, D. }
      tailed G.
    - assert (Hk : k = 1 \/ k = 2) by lia.
      rewrite Ee. eapply wp_mono; [apply (H5 h i ipa k w1 V1 (idle_secured w1 I1) C1 Sh1); lia|].
      cbv beta. intros r w2 [-> ->]. reduce. steps. apply (tells_handles h i _ w w1 _ K1 I1), Ad.
      destruct Hk as [-> | ->]; split; reflexivity.
  Qed.
End Proofs.
