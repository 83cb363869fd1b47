(** * pKVM's calls of a protected guest: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Cpu_Facts Page_Spec Page_Facts Vm_Spec Vm_Facts
  Load_Spec
  Guest_Spec Share_Spec Guest_Call_Spec Guard_Spec Local_Prims Section.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Trap_Facts Run_Spec Left_Kept Serve_Kept
  Serve_Spec Serve_Keeps Guest_Trap_Spec Guest_Abort_Proof Psci_Proof Rsi_Proof Pkvm_Spec Copy_Spec Pkvm_Call_Spec Call_Guest_Spec.
From Redoubt.gen Require Import vcpu_pkvm.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  Ltac calls H V P I := pose proof (sv_cpu _ _ _ _ V);
    eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact (idle_secured B _ I)|apply H]|]; cbv beta.

  (** A world after calls on memory, and what is as it was. *)
  Record on (w : world) (h i : Z) (w1 : world) : Prop := {
    on_left : left_alone cpu w w1;
    on_idle : idle B w1;
    on_serves : serves cpu w1 h i;
    on_protected : protected w1 h;
    on_keeps : keeps_guest cpu h i w w1;
    on_called : called cpu w -> called cpu w1;
    on_x : forall n, x_reg cpu w1 n = x_reg cpu w n }.
  Lemma on_intro w h i w1 : serves cpu w h i -> protected w h -> left_alone cpu w w1 -> idle B w1 -> on w h i w1.
  Proof.
    intros V P Lf I1. pose proof (keeps_left cpu h i w w1 V Lf (id_held _ _ I1)) as K1.
    constructor; [exact Lf|exact I1|exact (kg_serves _ _ _ _ _ K1)|exact (left_protected cpu w w1 h i Lf V P)|exact K1| |].
    - exact (keeps_called cpu h i w w1 K1).
    - intros n. exact (left_x cpu w w1 h i Lf n V P).
  Qed.
  Lemma on_same w h i w1 : on w h i w1 -> forall f, f = call cpu w -> call cpu w1 = f.
  Proof. intros O f ->. unfold call. rewrite (on_x _ _ _ _ O). reflexivity. Qed.

  Lemma answers h i (R : world -> option Z -> world -> Prop) F w w1 v x1 x2 x3 : spec_answer B cpu LI (F "answer") -> on w h i w1 ->
    in_ty U64 v -> in_ty U64 x1 -> in_ty U64 x2 -> in_ty U64 x3 ->
    (forall r w', gets cpu v x1 x2 x3 w1 r w' -> R w r w') ->
    WP (F "answer" [cpu; v; x1; x2; x3]) (fun r w2 => WP (leave (Some U32) (Return r)) (handles B cpu h i R w) w2) w1.
  Proof.
    intros H O X0 X1 X2 X3 D. pose proof (on_serves _ _ _ _ O) as V1.
    eapply wp_mono; [apply (H h i v x1 x2 x3 w1 V1 (idle_secured B w1 (on_idle _ _ _ _ O))); assumption|].
    cbv beta. intros r w' [-> ->]. reduce. steps.
    assert (K0 := keeps_put_reg cpu h i w1 0 v V1). assert (K1 := keeps_put_reg cpu h i _ 1 x1 (kg_serves _ _ _ _ _ K0)).
    assert (K2 := keeps_put_reg cpu h i _ 2 x2 (kg_serves _ _ _ _ _ K1)).
      assert (K3 := keeps_put_reg cpu h i _ 3 x3 (kg_serves _ _ _ _ _ K2)).
    split; [do 4 apply idle_put_reg; apply O|]. split.
    { apply (keeps_trans cpu h i w w1 _ (on_keeps _ _ _ _ O)), (keeps_trans cpu h i w1 _ _ K0), (keeps_trans cpu h i _ _ _ K1),
        (keeps_trans cpu h i _ _ _ K2), K3. }
    split; [exact codes_resume|]. apply D. split; reflexivity.
  Qed.

  Lemma waits_handles h i (R : world -> option Z -> world -> Prop) w w1 l code : on w h i w1 -> In code exit_codes ->
    R w (Some code) (tell h i l (move cpu (-4) w1)) ->
    WP (leave (Some U32) (Return (Some code))) (handles B cpu h i R w) (tell h i l (move cpu (-4) w1)).
  Proof.
    intros O C D. assert (X : in_ty U32 code).
    { unfold in_ty, modulus. cbn in C. repeat (destruct C as [<-|C]; [lia|]). destruct C. }
    steps. apply (Rsi_Proof.again B cpu h i R w w1 l code); [apply O|apply O|exact C|exact D].
  Qed.

  Lemma told_handles h i (R : world -> option Z -> world -> Prop) F w w1 code : spec_page_done B cpu LI (F "page_done") -> on w h i w1 ->
    called cpu w -> In (call cpu w) ONE_PAGE -> In code exit_codes ->
    (forall r w', told_page cpu h i code (x_reg cpu w 1 / 4096) w1 r w' -> R w r w') ->
    WP (F "page_done" [cpu; x_reg cpu w 1 / 4096; code]) (fun r w2 => WP (leave (Some U32) (Return r)) (handles B cpu h i R w) w2) w1.
  Proof.
    intros H O C One Cc D. pose proof (on_serves _ _ _ _ O) as V1. assert (X : in_ty U32 code).
    { unfold in_ty, modulus. cbn in Cc. repeat (destruct Cc as [<-|Cc]; [lia|]). destruct Cc. }
    assert (E : x_reg cpu w 1 / 4096 = x_reg cpu w1 1 / 4096) by (rewrite (on_x _ _ _ _ O); reflexivity).
    eapply wp_mono; [rewrite E; apply (H h i code w1 V1 (on_protected _ _ _ _ O) (idle_secured B w1 (on_idle _ _ _ _ O))); [|exact X]|].
    { split; [exact (on_called _ _ _ _ O C)|]. rewrite (on_same _ _ _ _ O _ eq_refl). exact One. }
    cbv beta. rewrite <- E. intros r w' [-> ->]. reduce. steps. set (p := x_reg cpu w 1 / 4096) in *.
    set (w2 := tell h i [(X0, p); (X1, 1)] w1). assert (Kt : keeps_guest cpu h i w1 w2) by apply keeps_tell, V1.
    assert (K0 := keeps_put_reg cpu h i w2 0 0 (kg_serves _ _ _ _ _ Kt)).
      assert (K1 := keeps_put_reg cpu h i _ 1 0 (kg_serves _ _ _ _ _ K0)).
    assert (K2 := keeps_put_reg cpu h i _ 2 0 (kg_serves _ _ _ _ _ K1)).
      assert (K3 := keeps_put_reg cpu h i _ 3 0 (kg_serves _ _ _ _ _ K2)).
    split; [do 4 apply idle_put_reg; apply idle_tell, O|]. split.
    { apply (keeps_trans cpu h i w w1 _ (on_keeps _ _ _ _ O)), (keeps_trans cpu h i w1 _ _ Kt), (keeps_trans cpu h i _ _ _ K0),
        (keeps_trans cpu h i _ _ _ K1), (keeps_trans cpu h i _ _ _ K2), K3. }
    split; [eexists; split; [reflexivity|right; exact Cc]|]. apply D. split; reflexivity.
  Qed.

  Lemma mmio_guard_ok F : spec_guard_add B cpu (F "guard_add") -> spec_answer B cpu LI (F "answer") ->
    spec_mmio_guard B cpu (invoke F fuel f_mmio_guard).
  Proof.
    intros H1 H2 h i w V P I. pose proof (idle_secured B w I) as S. ranges V. assert (Xp := page_in cpu w 1).
    enter. steps. who V S. named V. steps.
    calls (H1 h (x_reg cpu w 1 / 4096) w Xp (serves_guest cpu w h i V) I) V P I. intros r w1 [D Lf].
    assert (D1 : exists v, r = Some v /\ idle B w1).
    { destruct D as [(_ & -> & ->)|(I1 & v & wa & wb & -> & _)]; eauto. }
    destruct D1 as (v & -> & I1). pose proof (on_intro w h i w1 V P Lf I1) as O. reduce. steps.
    - apply answers; [exact H2|exact O|unfold in_ty, modulus; lia..|]. intros r w' G. exists w1. split; [exact Lf|]. right. exact G.
    - apply answers; [exact H2|exact O|unfold in_ty, modulus; lia..|]. intros r w' G. exists w1. split; [exact Lf|]. left. exact G.
  Qed.

  Lemma page_next w n : in_ty U64 (x_reg cpu w n / 4096 + 1).
  Proof.
    pose proof (x_range cpu w n) as R. revert R. generalize (x_reg cpu w n). intros y R. unfold in_ty, modulus in *.
    assert (0 <= y / 4096) by (apply Z.div_pos; lia). assert (y / 4096 < 2 ^ 52); [apply Z.div_lt_upper_bound; lia|].
    change (2 ^ 52) with 4503599627370496 in *. lia.
  Qed.

  Lemma mem_unshare_ok F : spec_guest_ipa_state B cpu (F "guest_ipa_state") -> spec_guest_set_ram B cpu (F "guest_set_ram") ->
    spec_answer B cpu LI (F "answer") -> spec_page_done B cpu LI (F "page_done") -> spec_mem_unshare B cpu (invoke F fuel f_mem_unshare).
  Proof.
    intros H1 H2 H3 H4 h i w V P I C One. pose proof (idle_secured B w I) as S. ranges V.
    assert (Xp := page_in cpu w 1). assert (Xn := page_next w 1).
    set (p := x_reg cpu w 1 / 4096) in *. assert (Ep : p = x_reg cpu w 1 / 4096) by reflexivity. clearbody p.
    enter. steps. who V S. named V. steps.
    calls (H1 h p (p + 1) w Xp Xn (serves_guest cpu w h i V) I) V P I. intros r w1 [(-> & I1 & _) Lf]. reduce.
    pose proof (on_intro w h i w1 V P Lf I1) as O. pose proof (idle_secured B w1 I1) as S1. steps.
    apply read_ret; [reflexivity|exact S1|]. steps.
    - apply answers; [exact H3|exact O|unfold in_ty, modulus; lia..|]. intros r w' G. exists w1. split; [exact Lf|]. left. exact G.
    - pose proof (on_serves _ _ _ _ O) as V1. pose proof (on_protected _ _ _ _ O) as P1.
      calls (H2 h p (p + 1) w1 Xp Xn (serves_guest cpu w1 h i V1) P1 I1) V1 P1 I1. intros r w2 [D L2].
      apply (left_trans cpu w w1 w2 Lf) in L2. pose proof D as (I2 & v & wa & wb & -> & Xv & _). reduce.
      pose proof (on_intro w h i w2 V P L2 I2) as O2. steps.
      + apply answers; [exact H3|exact O2|unfold in_ty, modulus; lia..|]. intros r w' G. exists w2. split; [exact L2|]. left. exact G.
      + rewrite Ep. apply told_handles; [exact H4|exact O2|exact C|exact One|cbn; tauto|]. rewrite <- Ep. intros r w' G.
        exists w2. split; [exact L2|]. right. rewrite <- Ep. split; [|exact G]. match goal with E : v = 0 |- _ => rewrite E in D end.
          exact D.
  Qed.

  Lemma mem_share_ok F : spec_own_get B cpu LI (F "pg_get") -> spec_guest_fault_kind B cpu (F "guest_fault_kind") ->
    spec_retry_with B cpu LI (F "retry_with") -> spec_guest_copy_out B cpu (F "guest_copy_out") -> spec_answer B cpu LI (F "answer") ->
    spec_copy_wanted B cpu LI (F "copy_wanted") -> spec_guest_set_shared B cpu (F "guest_set_shared") ->
    spec_page_done B cpu LI (F "page_done") -> spec_mem_share B cpu (invoke F fuel f_mem_share).
  Proof.
    intros H1 H2 H3 H4 H5 H6 H7 H8 h i w V P I C Ca Lo. pose proof (idle_secured B w I) as S. ranges V.
    assert (Xp := page_in cpu w 1). assert (Xn := page_next w 1).
    assert (One : In (call cpu w) ONE_PAGE) by (left; symmetry; exact Ca).
    assert (Ew : forall w1, on w h i w1 -> call cpu w1 = MEM_SHARE) by (intros w1 O; exact (on_same w h i w1 O _ (eq_sym Ca))).
    assert (Ex : forall w1, on w h i w1 -> x_reg cpu w1 1 / 4096 = x_reg cpu w 1 / 4096)
      by (intros w1 O; rewrite (on_x _ _ _ _ O); reflexivity).
    assert (Sh : forall w1, on w h i w1 -> shown_page cpu w1 (x_reg cpu w 1 / 4096)).
    { intros w1 O. replace (x_reg cpu w 1 / 4096) with (page_of (x_reg cpu w1 1)).
      - apply of_call. split; [|exact (on_called _ _ _ _ O C)].
        exact (serves_current cpu w1 h i (on_serves _ _ _ _ O) (on_protected _ _ _ _ O)).
      - rewrite (on_x _ _ _ _ O). unfold page_of. apply Z.mod_small. pose proof (x_range cpu w 1) as R. unfold in_ty in R.
        split; [apply Z.div_pos; lia|]. apply Z.div_lt_upper_bound; [lia|]. change (2 ^ 40) with 1099511627776 in *. lia. }
    set (p := x_reg cpu w 1 / 4096) in *. assert (Ep : p = x_reg cpu w 1 / 4096) by reflexivity. clearbody p.
    assert (Gv : forall w1 v, on w h i w1 -> left_alone cpu w w1 -> v = PKVM_INVALID -> forall r w', gets cpu v 0 0 0 w1 r w' ->
      share_done B cpu h i w r w').
    { intros w1 v O Lf -> r w' G. exists w1. split; [exact Lf|]. left. exact G. }
    enter. steps. run V S.
    eapply wp_mono; [apply H1; [apply V|exact (serves_run _ _ _ _ V)|lia]|]. cbv beta. intros ? ? (-> & dst & -> & Xd & _). reduce. steps.
    calls (H2 h p w Xp (serves_guest cpu w h i V) I) V P I. intros r w1 [D L1].
    assert (D1 : exists k, r = Some k /\ idle B w1).
    { destruct D as [(_ & -> & ->)|(_ & I1 & k & wa & wb & -> & _)]; [exists FAULT_MMIO|exists k]; auto. }
    destruct D1 as (k & -> & I1). clear D. pose proof (on_intro w h i w1 V P L1 I1) as O1. reduce.
    pose proof (on_serves _ _ _ _ O1) as V1. pose proof (on_protected _ _ _ _ O1) as P1. pose proof (idle_secured B w1 I1) as S1.
    pose proof (on_called _ _ _ _ O1 C) as C1. steps.
    - eapply wp_mono; [apply (H3 h i p EXIT_TRAP w1 V1 P1 S1 C1 Xp); [split; [discriminate|reflexivity]|intros _; exact (Sh w1 O1)]|].
      cbv beta. intros r w' [-> ->]. reduce. apply waits_handles; [exact O1|cbn; tauto|]. exists w1. split; [exact L1|]. right. left.
      rewrite <- Ep. split; reflexivity.
    - eapply wp_mono; [rewrite <- (Ex w1 O1); apply (H4 h i dst w1 V1 P1 C1 (Ew w1 O1) Xd I1)|]. cbv beta zeta. rewrite (Ex w1 O1).
      intros r w2 [L2 D]. apply (left_trans cpu w w1 w2 L1) in L2.
      assert (D2 : exists v, r = Some v /\ in_ty U64 v /\ idle B w2 /\ (v = KC_OK -> section B (copied B h p dst) (Some KC_OK) w2)).
      { destruct D as [(_ & -> & ->)|D].
        - exists KC_ENOENT. split; [reflexivity|]. split; [unfold in_ty, modulus, KC_ENOENT; lia|]. split; [exact I1|discriminate].
        - pose proof D as (I2 & v & wa & wb & -> & Xv & _). exists v. split; [reflexivity|]. split; [exact Xv|]. split; [exact I2|].
          intros ->. exact D. }
      destruct D2 as (v & -> & Xv & I2 & Cp). clear D. pose proof (on_intro w h i w2 V P L2 I2) as O2. reduce. steps.
      + apply answers; [exact H5|exact O2|unfold in_ty, modulus; lia..|]. apply (Gv w2); [exact O2|exact L2|reflexivity].
      + pose proof (on_serves _ _ _ _ O2) as V2. pose proof (on_protected _ _ _ _ O2) as P2. pose proof (idle_secured B w2 I2) as S2.
        eapply wp_mono; [rewrite <- (Ex w2 O2); apply (H6 h i w2 V2 P2 S2); split; [exact (on_called _ _ _ _ O2 C)|]|].
        { rewrite (Ew w2 O2). left. reflexivity. }
        cbv beta. rewrite (Ex w2 O2). intros r w' [-> ->]. reduce. apply waits_handles; [exact O2|cbn; tauto|]. exists w2. split;
          [exact L2|].
        right. right. left. rewrite <- Ep. split; reflexivity.
      + pose proof (on_serves _ _ _ _ O2) as V2. pose proof (on_protected _ _ _ _ O2) as P2.
        calls (H7 h p (p + 1) w2 Xp Xn (serves_guest cpu w2 h i V2) P2 I2) V2 P2 I2. intros r w3 [D L3].
        apply (left_trans cpu w w2 w3 L2) in L3. pose proof D as (I3 & v3 & wa & wb & -> & Xv3 & _). reduce.
        pose proof (on_intro w h i w3 V P L3 I3) as O3. pose proof (on_serves _ _ _ _ O3) as V3. pose proof (on_protected _ _ _ _ O3) as P3.
        pose proof (idle_secured B w3 I3) as S3. steps.
        * eapply wp_mono; [apply (H3 h i p EXIT_TABLE w3 V3 P3 S3 (on_called _ _ _ _ O3 C) Xp); [split;
          [discriminate|reflexivity]|discriminate]|].
          cbv beta. intros r w' [-> ->]. reduce. apply waits_handles; [exact O3|cbn; tauto|]. exists w3. split; [exact L3|].
          right. right. right. left. rewrite <- Ep. split; reflexivity.
        * apply read_ret; [reflexivity|exact S3|]. steps.
          -- apply answers; [exact H5|exact O3|unfold in_ty, modulus; lia..|]. apply (Gv w3); [exact O3|exact L3|reflexivity].
          -- rewrite Ep. apply told_handles; [exact H8|exact O3|exact C|exact One|cbn; tauto|]. rewrite <- Ep. intros r w' G.
             exists w3. split; [exact L3|]. right. right. right. right. exists dst, w2, v3. rewrite <- Ep. split; [exact L2|].
             split; [apply Cp; assumption|]. split; [exact D|exact G].
  Qed.

  Lemma pkvm_memory_ok F : spec_guest_reg B cpu LI (F "guest_reg") -> spec_answer B cpu LI (F "answer") ->
    spec_mem_share B cpu (F "mem_share") -> spec_mem_unshare B cpu (F "mem_unshare") -> spec_mmio_guard B cpu (F "mmio_guard") ->
    spec_guest_pkvm_set B cpu (F "guest_pkvm_set") -> spec_pkvm_memory B cpu (invoke F fuel f_pkvm_memory).
  Proof.
    intros H1 H2 H3 H4 H5 H6 h i w V P I C Mc. pose proof (idle_secured B w I) as S. ranges V.
    pose proof (on_intro w h i w V P (left_refl cpu w) I) as O. set (fid := call cpu w) in *.
    assert (Ca : call cpu w = fid) by reflexivity. clearbody fid. pose proof (x_range cpu w 1) as X1. unfold in_ty, modulus in X1.
    assert (T : forall p (R : world -> option Z -> world -> Prop), WP p (handles B cpu h i R w) w ->
      (forall r w', R w r w' -> memory_done B cpu h i w r w') ->
      WP p (fun r w2 => WP (leave (Some U32) (Return r)) (handles B cpu h i (memory_done B cpu h i) w) w2) w).
    { intros p R W Im. eapply wp_mono; [exact W|]. cbv beta. intros r w' (G1 & G2 & (v & -> & Cv) & G4). reduce.
      assert (Xv : in_ty U32 v).
      { unfold in_ty, modulus. cbn in Cv. repeat (destruct Cv as [<-|Cv]; [unfold RESUME; lia|]). destruct Cv. }
      steps. split; [exact G1|]. split; [exact G2|]. split; [eauto|]. apply Im, G4. }
    assert (No : WP (F "answer" [cpu; 18446744073709551613; 0; 0; 0])
      (fun r w2 => WP (leave (Some U32) (Return r)) (handles B cpu h i (memory_done B cpu h i) w) w2) w).
    { apply answers; [exact H2|exact O|unfold in_ty, modulus; lia..|]. intros r w' G. left. exact G. }
    enter. steps. guest_x H1 V P S 1. steps. guest_x H1 V P S 2. steps. guest_x H1 V P S 3.
    assert (Sb : Z.shiftr (x_reg cpu w 1) 12 = x_reg cpu w 1 / 4096) by apply shown_low.
    assert (Lo : Z.shiftr (x_reg cpu w 1) 40 = 0 -> x_reg cpu w 1 < 2 ^ 40).
    { rewrite (shiftr_div _ 40) by lia. intros Z0. apply Z.div_small_iff in Z0; lia. }
    steps; rewrite ?Sb; try exact No.
    - apply T with (R := share_done B cpu h i); [apply H3; try assumption; [rewrite Ca; assumption|apply Lo; assumption]|].
      intros r w' D. right. left. split; [rewrite Ca; assumption|exact D].
    - apply T with (R := unshare_done B cpu h i); [apply H4; try assumption; rewrite Ca; right; left; symmetry; assumption|].
      intros r w' D. right. right. left. split; [rewrite Ca; assumption|exact D].
    - apply T with (R := guard_done cpu); [apply H5; assumption|].
      intros r w' D. right. right. right. left. split; [rewrite Ca; assumption|exact D].
    - who V S. named V. steps.
      calls (H6 h w (serves_guest cpu w h i V) I) V P I. intros r w1 [(-> & I1) L1]. reduce. steps.
      pose proof (on_intro w h i w1 V P L1 I1) as O1.
      apply answers; [exact H2|exact O1|unfold in_ty, modulus; lia..|]. intros r w' G. right. right. right. right.
      split; [rewrite Ca|exists w1; split; [exact L1|exact G]]. unfold memory_call in Mc. cbn [existsb] in Mc.
      unfold MEMINFO, MEM_SHARE, MEM_UNSHARE, MMIO_GUARD in *. lia.
  Qed.

  Lemma guest_pkvm_call_ok F : spec_answer B cpu LI (F "answer") -> spec_pkvm_memory B cpu (F "pkvm_memory") ->
    spec_guest_pkvm_call B cpu (pkvm_done B cpu) (invoke F fuel f_guest_pkvm_call).
  Proof.
    intros H1 H2 h i w V P I C. pose proof (on_intro w h i w V P (left_refl cpu w) I) as O. ranges V.
    set (fid := call cpu w) in *. assert (Ca : call cpu w = fid) by reflexivity. clearbody fid.
    enter. steps.
    - apply answers; [exact H1|exact O|unfold in_ty, modulus; lia..|]. intros r w' G. unfold pkvm_done.
      replace (fid =? 0x8600ff01) with true by lia. exact G.
    - apply answers; [exact H1|exact O|unfold in_ty, modulus; lia..|]. intros r w' G. unfold pkvm_done.
      replace (fid =? 0x8600ff01) with false by lia. replace (fid =? 0x86000000) with true by lia. exact G.
    - assert (Mc : memory_call fid = true) by (unfold memory_call; cbn [existsb]; unfold MEMINFO, MEM_SHARE, MEM_UNSHARE, MMIO_GUARD; lia).
      eapply wp_mono; [rewrite <- Ca; apply (H2 h i w V P I C); rewrite Ca; exact Mc|].
      cbv beta. intros r w' (G1 & G2 & (v & -> & Cv) & G4). reduce. assert (Xv : in_ty U32 v).
      { unfold in_ty, modulus. cbn in Cv. repeat (destruct Cv as [<-|Cv]; [unfold RESUME; lia|]). destruct Cv. }
      steps. split; [exact G1|]. split; [exact G2|]. split; [eauto|]. unfold pkvm_done. rewrite Mc.
      replace (fid =? 0x8600ff01) with false by lia. replace (fid =? 0x86000000) with false by lia. exact G4.
    - apply answers; [exact H1|exact O|unfold in_ty, modulus; lia..|]. intros r w' G. unfold pkvm_done.
      replace (fid =? 0x8600ff01) with false by lia. replace (fid =? 0x86000000) with false by lia.
      replace (memory_call fid) with false by (unfold memory_call; cbn [existsb]; unfold MEMINFO, MEM_SHARE, MEM_UNSHARE, MMIO_GUARD; lia).
      exact G.
  Qed.
End Proofs.
