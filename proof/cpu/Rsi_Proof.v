(** * RSI for a protected guest: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Structure_Facts Steps Prims Cpu_Facts Page_Spec Page_Facts Vm_Spec
  Vm_Facts Guest_Spec Share_Spec Guest_Call_Spec Local_Prims Section.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Trap_Facts Run_Spec Left_Kept Serve_Kept
  Serve_Spec Serve_Keeps Guest_Trap_Spec Guest_Abort_Proof Psci_Spec Psci_Proof Rsi_Spec.
From Redoubt.gen Require Import vcpu_rsi.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** After a call on memory, [H], the same guest; its answer is [r], and the world [w1]. *)
  Ltac calls H V P I := pose proof (sv_cpu _ _ _ _ V);
    eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact (idle_secured B _ I)|apply H]|]; cbv beta.
  Lemma page_in w n : in_ty U64 (x_reg cpu w n / 4096).
  Proof.
    pose proof (x_range cpu w n) as R. revert R. generalize (x_reg cpu w n). intros y R. unfold in_ty, modulus in *.
    split; [apply Z.div_pos; lia|]. apply Z.div_lt_upper_bound; lia.
  Qed.
  Lemma shown_low w n : Z.shiftr (x_reg cpu w n) 12 = x_reg cpu w n / 4096.
  Proof. apply (shiftr_div _ 12). lia. Qed.

  (** x0 says what the answer is. *)
  Lemma says h i (R : world -> option Z -> world -> Prop) w w1 v : keeps_guest cpu h i w w1 -> idle B w1 ->
    R w (Some RESUME) (put_reg cpu 0 v w1) -> handles B cpu h i R w (Some RESUME) (put_reg cpu 0 v w1).
  Proof.
    intros K I1 G. split; [apply idle_put_reg, I1|]. split; [|split; [exact codes_resume|exact G]].
    apply (keeps_trans cpu h i w w1 _ K), keeps_put_reg, K.
  Qed.
  (** The call runs again. *)
  Lemma again h i (R : world -> option Z -> world -> Prop) w w1 l code : keeps_guest cpu h i w w1 -> idle B w1 -> In code exit_codes ->
    R w (Some code) (tell h i l (move cpu (-4) w1)) -> handles B cpu h i R w (Some code) (tell h i l (move cpu (-4) w1)).
  Proof.
    intros K I1 C G. assert (K2 := keeps_move cpu h i w1 (-4) (kg_serves _ _ _ _ _ K)).
    split; [apply idle_tell, idle_move, I1|]. split; [|split; [eexists; split; [reflexivity|right; exact C]|exact G]].
    apply (keeps_trans cpu h i w w1 _ K), (keeps_trans cpu h i w1 _ _ K2), keeps_tell, K2.
  Qed.

  Lemma rsi_state_set_ok F : spec_guest_reg B cpu LI (F "guest_reg") -> spec_range_ok B cpu LI (F "range_ok") ->
    spec_guest_set_ram B cpu (F "guest_set_ram") -> spec_guest_set_shared B cpu (F "guest_set_shared") ->
    spec_retry_with B cpu LI (F "retry_with") -> spec_state_set_done B cpu LI (F "state_set_done") ->
    spec_guest_reg_set B cpu LI (F "guest_reg_set") -> spec_rsi_state_set B cpu (invoke F fuel f_rsi_state_set).
  Proof.
    intros H1 H2 H3 H4 H5 H6 H7 h i w V P I C Cl. pose proof (idle_secured B w I) as S. ranges V. pose proof (x_range cpu w) as Xr.
    assert (K := keeps_refl cpu h i w V).
    enter. steps. who V S. named V. steps. guest_x H1 V P S 1. steps. guest_x H1 V P S 2. steps. guest_x H1 V P S 3. steps.
    eapply wp_mono; [apply wp_all, H2; apply Xr|]. cbv beta. intros ? ? [-> ->]. reduce. to_if. fold (range cpu w).
    set (base := x_reg cpu w 1) in *. set (top := x_reg cpu w 2) in *. set (st := x_reg cpu w 3) in *.
    assert (Xb := page_in w 1). assert (Xt := page_in w 2). fold base in Xb. fold top in Xt.
    assert (Sb : Z.shiftr base 12 = base / 4096) by apply shown_low. assert (St : Z.shiftr top 12 = top / 4096) by apply shown_low.
    step. step. to_if.
    { steps. put H7 V S. apply says; [exact K|exact I|]. left. split; reflexivity. }
    assert (Rg : range cpu w = true) by (destruct (range cpu w); [reflexivity|cbn in *; lia]).
    assert (Ss : st = 0 \/ st = 1) by (pose proof (Xr 3) as X3; fold st in X3; unfold in_ty in X3; lia). to_if.
    set (code := if st =? 1 then EXIT_UNSHARE else EXIT_SHARE).
    join (fun e w1 => exists v stop, e = [("cpu", Some cpu); ("h", Some h); ("base", Some base); ("top", Some top); ("state", Some st);
        ("ok", Some (bz (range cpu w))); ("code", Some code); ("r", Some v)] /\
      idle B w1 /\ left_alone cpu w w1 /\ wrap U64 (w_mem w1 (obj "pcpu.res1" [cpu])) = stop /\ base / 4096 <= stop <= top / 4096 /\
      (st = 1 /\ section B (takes_back cpu h (base / 4096) (top / 4096)) (Some v) w1 \/
       st = 0 /\ section B (shares cpu h (base / 4096) (top / 4096)) (Some v) w1)).
    { assert (Rs : forall w1 w2 stop, ranged h (base / 4096) (top / 4096) stop w1 w2 -> w_mem w2 (obj "pcpu.res1" [cpu]) = stop ->
        base / 4096 <= stop <= top / 4096 /\ wrap U64 (w_mem w2 (obj "pcpu.res1" [cpu])) = stop).
      { intros w1 w2 stop [Ra _] E. assert (Y : base / 4096 <= stop <= top / 4096).
        { unfold range in Rg. fold base top in Rg. assert (base <= top) by lia.
          pose proof (Z.div_le_mono base top 4096 ltac:(lia) ltac:(lia)). destruct Ra as [->|[Ra _]]; lia. }
        split; [exact Y|]. rewrite E. apply wrap_small. unfold in_ty, modulus in *. lia. }
      steps; rewrite ?Sb, ?St.
      - calls (H3 h (base / 4096) (top / 4096) w Xb Xt (serves_guest cpu w h i V) P I) V P I.
        intros r w1 [D Lf]. pose proof D as (I1 & v & wa & wb & -> & Xv & La & [Lb Ew] & (Lv & Ve & stop & Es & Ra & _)). reduce. steps.
        destruct (Rs wa wb stop Ra Es) as [Y Ws]. exists v, stop. unfold code. replace (st =? 1) with true by lia.
        split; [reflexivity|]. split; [exact I1|]. split; [exact Lf|]. split; [rewrite Ew; exact Ws|]. split; [exact Y|]. left. auto.
      - calls (H4 h (base / 4096) (top / 4096) w Xb Xt (serves_guest cpu w h i V) P I) V P I.
        intros r w1 [D Lf]. pose proof D as (I1 & v & wa & wb & -> & Xv & La & [Lb Ew] & (Lv & Ve & stop & Es & Ra & _)). reduce. steps.
        destruct (Rs wa wb stop Ra Es) as [Y Ws]. exists v, stop. unfold code. replace (st =? 1) with false by lia.
        split; [reflexivity|]. split; [exact I1|]. split; [exact Lf|]. split; [rewrite Ew; exact Ws|]. split; [exact Y|]. right.
        split; [lia|exact D]. }
    intros e w1 (v & stop & -> & I1 & Lf & Ws & Y & D).
    assert (V1 := serves_left cpu w w1 h i Lf V (id_held _ _ I1)). pose proof (idle_secured B w1 I1) as S1.
    assert (K1 := keeps_left cpu h i w w1 V Lf (id_held _ _ I1)). assert (P1 := left_protected cpu w w1 h i Lf V P).
    assert (C1 := keeps_called cpu h i w w1 K1 C).
    assert (Xx : forall n, x_reg cpu w1 n = x_reg cpu w n) by (intros n; exact (left_x cpu w w1 h i Lf n V P)).
    assert (Xs : in_ty U64 stop) by (unfold in_ty, modulus in *; lia).
    assert (Xc : in_ty U32 code) by (unfold code; destruct (st =? 1); unfold in_ty, modulus, EXIT_UNSHARE, EXIT_SHARE; lia).
    assert (Rr : forall r w', stop = base / 4096 /\ wrong cpu w1 r w' \/
       stop = base / 4096 /\ r = Some EXIT_TABLE /\ w' = tell h i (retry_words 0 EXIT_TABLE) (move cpu (-4) w1) \/
       base / 4096 < stop <= top / 4096 /\ r = Some code /\
         w' = put_reg cpu 2 0 (put_reg cpu 1 (4096 * stop) (put_reg cpu 0 RSI_SUCCESS
           (tell h i [(X0, base / 4096); (X1, stop - base / 4096)] w1))) -> state_set_done B cpu h i w r w').
    { intros r w' Q. right. exists v, stop, w1. split; [exact Rg|]. split; [exact Lf|]. split; [tauto|exact Q]. }
    assert (Dn : WP (F "state_set_done" [cpu; base / 4096; stop; code]) (handles B cpu h i (state_set_done B cpu h i) w) w1).
    { assert (E1 : base = x_reg cpu w1 1) by (rewrite Xx; reflexivity). assert (E2 : top = x_reg cpu w1 2) by (rewrite Xx; reflexivity).
      eapply wp_mono; [rewrite E1; apply (H6 h i stop code w1 V1 P1 S1 C1); [|exact Xc|rewrite <- E1, <- E2; exact Y]|].
      { unfold call. rewrite Xx. exact Cl. }
      cbv beta zeta. rewrite <- E1. intros r w' Q. destruct (Z.eqb_spec stop (base / 4096)) as [Eq|Ne].
      - destruct Q as [-> ->]. apply says; [exact K1|exact I1|]. apply Rr. left. split; [exact Eq|split; reflexivity].
      - destruct Q as [-> ->]. set (w2 := tell h i [(X0, base / 4096); (X1, stop - base / 4096)] w1).
        assert (K2 : keeps_guest cpu h i w w2) by (apply (keeps_trans cpu h i w w1 _ K1), keeps_tell, V1).
        assert (K3 := keeps_put_reg cpu h i w2 0 0 (kg_serves _ _ _ _ _ K2)).
        assert (K4 := keeps_put_reg cpu h i _ 1 (4096 * stop) (kg_serves _ _ _ _ _ K3)).
        assert (K5 := keeps_put_reg cpu h i _ 2 0 (kg_serves _ _ _ _ _ K4)).
        split; [do 3 apply idle_put_reg; apply idle_tell, I1|]. split.
        { apply (keeps_trans cpu h i w w2 _ K2), (keeps_trans cpu h i w2 _ _ K3), (keeps_trans cpu h i _ _ _ K4), K5. }
        split; [exists code; split; [reflexivity|unfold code; destruct (st =? 1); cbn; tauto]|].
        apply Rr. right. right. split; [lia|]. split; reflexivity. }
    assert (Rd : forall (Q : Z -> world -> Prop), Q stop w1 -> WP (Ev (ERead ("pcpu.res1", [cpu])) (fun v => Ret (wrap U64 v))) Q w1).
    { intros Q X. apply read_ret; [reflexivity|exact S1|].
      change (wrap U64 (w_mem w1 ("pcpu.res1", [cpu]))) with (wrap U64 (w_mem w1 (obj "pcpu.res1" [cpu]))). rewrite Ws. exact X. }
    steps; rewrite ?Sb.
    all: repeat (apply Rd; steps; rewrite ?Sb).
    all: try (eapply wp_mono; [exact Dn|]; cbv beta; intros r w' G; pose proof G as (_ & _ & (? & -> & _) & _); reduce; steps; exact G).
    eapply wp_mono; [apply (H5 h i 0 EXIT_TABLE w1 V1 P1 S1 C1); [split; [discriminate|reflexivity]|split;
      [discriminate|reflexivity]|discriminate]|].
    cbv beta. intros r w' [-> ->]. reduce. steps. apply again; [exact K1|exact I1|cbn; tauto|]. apply Rr. right. left.
    split; [rewrite <- Sb; assumption|auto].
  Qed.

  Lemma rsi_state_get_ok F : spec_guest_reg B cpu LI (F "guest_reg") -> spec_range_ok B cpu LI (F "range_ok") ->
    spec_guest_ipa_state B cpu (F "guest_ipa_state") -> spec_guest_reg_set B cpu LI (F "guest_reg_set") ->
    spec_rsi_state_get B cpu (invoke F fuel f_rsi_state_get).
  Proof.
    intros H1 H2 H3 H4 h i w V P I. pose proof (idle_secured B w I) as S. ranges V. pose proof (x_range cpu w) as Xr.
    assert (K := keeps_refl cpu h i w V).
    enter. steps. who V S. named V. steps. guest_x H1 V P S 1. steps. guest_x H1 V P S 2. steps.
    eapply wp_mono; [apply wp_all, H2; apply Xr|]. cbv beta. intros ? ? [-> ->]. reduce. fold (range cpu w).
    set (base := x_reg cpu w 1) in *. set (top := x_reg cpu w 2) in *.
    assert (Xb := page_in w 1). assert (Xt := page_in w 2). fold base in Xb. fold top in Xt.
    assert (Sb : Z.shiftr base 12 = base / 4096) by apply shown_low. assert (St : Z.shiftr top 12 = top / 4096) by apply shown_low.
    destruct (range cpu w) eqn:Rg; cbn [bz]; steps; try (exfalso; lia); rewrite ?Sb, ?St.
    - calls (H3 h (base / 4096) (top / 4096) w Xb Xt (serves_guest cpu w h i V) I) V P I.
      intros r w1 [(-> & I1 & wl & stop & k & Ll & _ & Ru & E1 & E2) Lf]. reduce. steps.
      assert (V1 := serves_left cpu w w1 h i Lf V (id_held _ _ I1)). pose proof (idle_secured B w1 I1) as S1.
      assert (K1 := keeps_left cpu h i w w1 V Lf (id_held _ _ I1)).
      put H4 V1 S1. assert (V2 := serves_put_reg cpu w1 h i 0 0 V1). assert (S2 := secure_put_reg B cpu w1 0 0 S1).
      apply read_ret; [reflexivity|exact S2|]. steps.
      match goal with |- context [F "guest_reg_set" [_; _; ?x]] => assert (in_ty U64 x) by apply wrap_in end.
      put H4 V2 S2.
      match goal with |- context [put_reg cpu 1 ?x _] => set (x1 := x) end.
      assert (V3 := serves_put_reg cpu _ h i 1 x1 V2). assert (S3 := secure_put_reg B cpu _ 1 x1 S2).
      apply read_ret; [reflexivity|exact S3|]. steps.
      match goal with |- context [F "guest_reg_set" [_; _; ?x]] => assert (in_ty U64 x) by apply wrap_in end.
      put H4 V3 S3.
      match goal with |- context [put_reg cpu 2 ?x _] => set (x2 := x) end.
      assert (Kp0 := keeps_put_reg cpu h i w1 0 0 V1). assert (Kp1 := keeps_put_reg cpu h i _ 1 x1 V2).
      assert (Kp2 := keeps_put_reg cpu h i _ 2 x2 V3).
      split; [do 3 apply idle_put_reg; exact I1|]. split.
      { apply (keeps_trans cpu h i w w1 _ K1), (keeps_trans cpu h i w1 _ _ Kp0), (keeps_trans cpu h i _ _ _ Kp1), Kp2. }
      split; [exact codes_resume|]. right. split; [reflexivity|]. exists stop, k, w1, wl.
      split; [exact Rg|]. split; [exact Lf|]. split; [exact I1|]. split; [exact Ll|]. split; [exact Ru|].
      assert (M0 : forall a b y l, w_mem (put_reg cpu a b y) l = w_mem y l) by (intros a b y l; unfold put_reg; destruct (a <? 31);
        reflexivity).
      assert (Ex1 : x1 = wrap U64 (4096 * wrap U64 stop)).
      { unfold x1. change (w_mem (put_reg cpu 0 0 w1) ("pcpu.res1", [cpu])) with (w_mem w1 (obj "pcpu.res1" [cpu])). rewrite E1.
        rewrite Z.shiftl_mul_pow2 by lia. f_equal. lia. }
      assert (Ex2 : x2 = wrap U64 k).
      { unfold x2. rewrite !M0. change (w_mem w1 ("pcpu.res2", [cpu])) with (w_mem w1 (obj "pcpu.res2" [cpu])). rewrite E2. reflexivity. }
      rewrite Ex1, Ex2. reflexivity.
    - put H4 V S. apply says; [exact K|exact I|]. left. split; reflexivity.
  Qed.

  Lemma rsi_realm_config_ok F : spec_guest_reg B cpu LI (F "guest_reg") -> spec_guest_store B cpu (F "guest_store") ->
    spec_guest_fault_kind B cpu (F "guest_fault_kind") -> spec_retry_with B cpu LI (F "retry_with") ->
    spec_guest_reg_set B cpu LI (F "guest_reg_set") -> spec_rsi_realm_config B cpu (invoke F fuel f_rsi_realm_config).
  Proof.
    intros H1 H2 H3 H4 H5 h i w V P I C. pose proof (idle_secured B w I) as S. ranges V. pose proof (x_range cpu w) as Xr.
    assert (K := keeps_refl cpu h i w V).
    enter. steps. guest_x H1 V P S 1. steps. who V S. named V.
    set (ipa := x_reg cpu w 1) in *. assert (Xb := page_in w 1). fold ipa in Xb.
    assert (Sb : Z.shiftr ipa 12 = ipa / 4096) by apply shown_low.
    (* a store, from whatever others have made of memory *)
    assert (St : forall w1 j y (Q : option Z -> world -> Prop), left_alone cpu w w1 -> idle B w1 -> in_ty U64 j -> in_ty U64 y ->
      (forall v w2, left_alone cpu w w2 -> idle B w2 -> in_ty U64 v -> Q (Some v) w2) -> WP (F "guest_store" [h; ipa / 4096; j; y]) Q w1).
    { intros w1 j y Q Lf I1 Xj Xy G. assert (V1 := serves_left cpu w w1 h i Lf V (id_held _ _ I1)).
      calls (H2 h (ipa / 4096) j y w1 Xb Xj Xy (serves_guest cpu w1 h i V1) I1) V1 P I1.
      intros r w2 [D L2]. apply (left_trans cpu w w1 w2 Lf) in L2. destruct D as [(_ & -> & ->)|(I2 & v & wa & wb & -> & Xv & _)].
      - apply G; [exact Lf|exact I1|unfold in_ty, modulus, KC_EPERM; lia].
      - apply G; assumption. }
    steps; rewrite ?Sb.
    1, 2: put H5 V S; apply says; [exact K|exact I|]; left; split; reflexivity.
    assert (Lo : ipa < 2 ^ 40).
    { assert (Z0 : Z.shiftr ipa 40 = 0) by assumption. rewrite (shiftr_div ipa 40) in Z0 by lia.
      pose proof (Xr 1) as X1. fold ipa in X1. unfold in_ty in X1. apply Z.div_small_iff in Z0; lia. }
    apply St; [apply left_refl|exact I|unfold in_ty, modulus; lia..|]. intros v w1 L1 I1 Xv. reduce. to_if.
    join (fun e w2 => exists v', e = [("cpu", Some cpu); ("ipa", Some ipa); ("h", Some h); ("r", Some v'); ("kind", None)] /\
      left_alone cpu w w2 /\ idle B w2).
    { steps; rewrite ?Sb.
      - apply St; [exact L1|exact I1|unfold in_ty, modulus; lia..|]. intros v2 w2 L2 I2 Xv2. reduce. steps. exists v2. auto.
      - exists v. auto. }
    intros e w2 (v' & -> & L2 & I2). assert (V2 := serves_left cpu w w2 h i L2 V (id_held _ _ I2)).
    pose proof (idle_secured B w2 I2) as S2. assert (K2 := keeps_left cpu h i w w2 V L2 (id_held _ _ I2)).
    steps; rewrite ?Sb.
    { put H5 V2 S2. apply says; [exact K2|exact I2|]. right. exists w2. split; [exact L2|]. split; [exact I2|]. left. split; reflexivity. }
    calls (H3 h (ipa / 4096) w2 Xb (serves_guest cpu w2 h i V2) I2) V2 P I2. intros r w3 [D L3].
    assert (D3 : exists k, r = Some k /\ idle B w3).
    { destruct D as [(_ & -> & ->)|(_ & I3 & k & wa & wb & -> & _)]; [exists FAULT_MMIO|exists k]; auto. }
    destruct D3 as (k & -> & I3). clear D. apply (left_trans cpu w w2 w3 L2) in L3.
    assert (V3 := serves_left cpu w w3 h i L3 V (id_held _ _ I3)). assert (P3 := left_protected cpu w w3 h i L3 V P).
    pose proof (idle_secured B w3 I3) as S3. assert (K3 := keeps_left cpu h i w w3 V L3 (id_held _ _ I3)).
    reduce. steps; rewrite ?Sb.
    - assert (C3 := keeps_called cpu h i w w3 K3 C).
      eapply wp_mono; [apply (H4 h i (ipa / 4096) EXIT_TRAP w3 V3 P3 S3 C3 Xb); [split; [discriminate|reflexivity]|]|].
      { intros _. assert (Ep : ipa / 4096 = page_of (x_reg cpu w3 1)).
        { rewrite (left_x cpu w w3 h i L3 1 V P). fold ipa. unfold page_of. symmetry. apply Z.mod_small.
          pose proof (Xr 1) as X1. fold ipa in X1. unfold in_ty in X1.
          split; [apply Z.div_pos; lia|]. apply Z.div_lt_upper_bound; [lia|]. change (2 ^ 40) with 1099511627776 in *. lia. }
        rewrite Ep. apply of_call. split; [exact (serves_current cpu w3 h i V3 P3)|exact C3]. }
      cbv beta. intros r w' [-> ->]. reduce. steps. apply again; [exact K3|exact I3|cbn; tauto|]. right. exists w3.
      split; [exact L3|]. split; [exact I3|]. right. right. auto.
    - put H5 V3 S3. apply says; [exact K3|exact I3|]. right. exists w3. split; [exact L3|]. split; [exact I3|]. right. left. split;
      reflexivity.
  Qed.

  Lemma guest_rsi_ok F : spec_rsi_version B cpu LI (F "rsi_version") -> spec_rsi_realm_config B cpu (F "rsi_realm_config") ->
    spec_rsi_state_set B cpu (F "rsi_state_set") -> spec_rsi_state_get B cpu (F "rsi_state_get") ->
    spec_guest_reg_set B cpu LI (F "guest_reg_set") -> spec_guest_rsi B cpu (invoke F fuel f_guest_rsi).
  Proof.
    intros H1 H2 H3 H4 H5 h i w V P I C. pose proof (idle_secured B w I) as S. ranges V.
    assert (K := keeps_refl cpu h i w V). set (fid := call cpu w) in *.
    assert (Cl : call cpu w = fid) by reflexivity. clearbody fid.
    assert (T : forall p (R : world -> option Z -> world -> Prop), WP p (handles B cpu h i R w) w ->
      (forall r w', R w r w' -> rsi_done B cpu h i fid w r w') ->
      WP p (fun r w2 => WP (leave (Some U32) (Return r)) (handles B cpu h i (rsi_done B cpu h i fid) w) w2) w).
    { intros p R W Im. eapply wp_mono; [exact W|]. cbv beta. intros r w' (G1 & G2 & (v & -> & Cv) & G4). reduce.
      assert (Xv : in_ty U32 v).
      { unfold in_ty, modulus. cbn in Cv. repeat (destruct Cv as [<-|Cv]; [unfold RESUME; lia|]). destruct Cv. }
      steps. split; [exact G1|]. split; [exact G2|]. split; [eauto|]. apply Im, G4. }
    enter. steps; try (exfalso; lia).
    - apply T with (R := fun w r w' => r = Some RESUME /\ w' = put_reg cpu 2 0x10000 (put_reg cpu 1 0x10000
        (put_reg cpu 0 (if x_reg cpu w 1 =? 0x10000 then 0 else 1) w))).
      + eapply wp_mono; [apply (H1 h i w V P S)|]. cbv beta. intros r w' [-> ->].
        set (y := if x_reg cpu w 1 =? 65536 then 0 else 1).
        assert (Kp0 := keeps_put_reg cpu h i w 0 y V). assert (Kp1 := keeps_put_reg cpu h i _ 1 65536 (kg_serves _ _ _ _ _ Kp0)).
        assert (Kp2 := keeps_put_reg cpu h i _ 2 65536 (kg_serves _ _ _ _ _ Kp1)).
        split; [do 3 apply idle_put_reg; exact I|]. split; [exact (keeps_trans cpu h i _ _ _ Kp0 (keeps_trans cpu h i _ _ _ Kp1 Kp2))|].
        split; [exact codes_resume|]. split; reflexivity.
      + intros r w' D. unfold rsi_done. replace (fid =? VERSION) with true by (unfold VERSION; lia). exact D.
    - apply T with (R := config_done B cpu h i); [apply H2; assumption|]. intros r w' D. unfold rsi_done.
      replace (fid =? VERSION) with false by (unfold VERSION; lia). replace (fid =? REALM_CONFIG) with true by (unfold REALM_CONFIG; lia).
      exact D.
    - apply T with (R := state_set_done B cpu h i); [apply H3; try assumption; unfold IPA_STATE_SET; lia|]. intros r w' D. unfold rsi_done.
      replace (fid =? VERSION) with false by (unfold VERSION; lia). replace (fid =? REALM_CONFIG) with false by (unfold REALM_CONFIG; lia).
      replace (fid =? IPA_STATE_SET) with true by (unfold IPA_STATE_SET; lia). exact D.
    - apply T with (R := state_get_done B cpu h); [apply H4; assumption|]. intros r w' D. unfold rsi_done.
      replace (fid =? VERSION) with false by (unfold VERSION; lia). replace (fid =? REALM_CONFIG) with false by (unfold REALM_CONFIG; lia).
      replace (fid =? IPA_STATE_SET) with false by (unfold IPA_STATE_SET; lia).
        replace (fid =? STATE_GET) with true by (unfold STATE_GET; lia).
      exact D.
    - put H5 V S. apply says; [exact K|exact I|]. unfold rsi_done.
      replace (fid =? VERSION) with false by (unfold VERSION; lia). replace (fid =? REALM_CONFIG) with false by (unfold REALM_CONFIG; lia).
      replace (fid =? IPA_STATE_SET) with false by (unfold IPA_STATE_SET; lia).
        replace (fid =? STATE_GET) with false by (unfold STATE_GET; lia).
      split; reflexivity.
  Qed.
End Proofs.
