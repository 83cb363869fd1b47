(** * PSCI for a protected guest: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Structure_Facts Steps Prims Cpu_Facts Page_Spec Page_Facts Vm_Spec
  Vm_Facts Power_Spec Local_Prims Section.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Trap_Facts Run_Spec Left_Kept Serve_Kept
  Serve_Spec Serve_Keeps Guest_Trap_Spec Guest_Abort_Proof Psci_Spec.
From Redoubt.gen Require Import vcpu_psci.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Reads register [n] of the protected guest. *)
Ltac guest_x H V P S n := eapply wp_mono; [apply H; own V S|]; cbv beta;
  let v := fresh "v" in let O := fresh "O" in
  intros ? ? (-> & v & -> & _ & _ & O); reduce;
  match type of V with serves ?c ?w _ _ => rewrite (O ltac:(lia) (serves_own_page _ _ _ _ V P));
    change (word w (cur_ctx c w) n) with (x_reg c w n) end; clear O v.

(** Which of the functions it is has been decided. *)
Ltac decide_all := repeat match goal with |- context [if ?b then _ else _] =>
  first [replace b with true by lia|replace b with false by lia]; cbv iota end.

Ltac known Ef := rewrite Ef; cbn [Z.eqb Pos.eqb orb].

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  Lemma x_range w n : in_ty U64 (x_reg cpu w n).
  Proof. unfold x_reg. destruct (n <? 31); [apply wrap_in|unfold in_ty, modulus; lia]. Qed.
  Lemma target_range m : 0 <= target m <= 16.
  Proof.
    unfold target, affinity. pose proof (field_range 32 8 m ltac:(lia)). pose proof (field_range 0 24 m ltac:(lia)). lia.
  Qed.
  Lemma target_low m : target m <> 16 -> target m = m mod 16.
  Proof.
    unfold target, affinity. pose proof (field_range 32 8 m ltac:(lia)) as R1. pose proof (field_range 0 24 m ltac:(lia)) as R2.
    unfold field in *. intros N. assert (E : m / 2 ^ 32 mod 2 ^ 8 = 0) by lia. rewrite E in *.
    assert (m / 2 ^ 0 mod 2 ^ 24 < 16) by lia. change (2 ^ 0) with 1 in *. rewrite Z.div_1_r in *.
    rewrite Z.min_r by lia. change (2 ^ 24) with (16 * 1048576) in *. rewrite Z.rem_mul_r in * by lia.
    pose proof (Z.mod_pos_bound m 16 ltac:(lia)). pose proof (Z.mod_pos_bound (m / 16) 1048576 ltac:(lia)). lia.
  Qed.

  Lemma psci_cpu_on_ok F : spec_guest_reg B cpu LI (F "guest_reg") -> spec_vcpu_by_mpidr B cpu LI (F "vcpu_by_mpidr") ->
    spec_vcpu_turn_on B cpu (F "vcpu_turn_on") -> spec_own_set B cpu LI (F "pg_set") ->
    spec_guest_reg_set B cpu LI (F "guest_reg_set") -> spec_psci_cpu_on B cpu (invoke F fuel f_psci_cpu_on).
  Proof.
    intros H1 H2 H3 H4 H5 h i w V P I C Cl. pose proof (idle_secured B w I) as S. ranges V. pose proof (x_range w) as Xr.
    pose proof (target_range (x_reg cpu w 1)) as Rt. pose proof (target_low (x_reg cpu w 1)) as Lt.
    enter. steps. who V S. named V. steps. guest_x H1 V P S 1. steps. guest_x H1 V P S 2. steps. guest_x H1 V P S 3. steps.
    eapply wp_mono; [apply wp_all, H2, Xr|]. cbv beta. intros ? ? [-> ->]. reduce. to_if. fold (target (x_reg cpu w 1)).
    unfold handles, cpu_on_done. cbv zeta. set (t := target (x_reg cpu w 1)) in *.
    join (fun e w1 => exists v, e = [("cpu", Some cpu); ("h", Some h); ("mpidr", Some (x_reg cpu w 1)); ("entry", Some (x_reg cpu w 2));
      ("context", Some (x_reg cpu w 3)); ("t", Some t); ("r", Some v)] /\ in_ty U64 v /\ idle B w1 /\ left_alone cpu w w1 /\
      (v = PSCI_SUCCESS -> t <> 16) /\
      if t =? 16 then v = PSCI_INVALID /\ w1 = w
       else section B (turned_on B h t (x_reg cpu w 2) (x_reg cpu w 3)) (Some v) w1).
    { steps.
      - eapply wp_mono; [apply (H3 h i); [exact V|exact P|exact I|lia|apply Xr|apply Xr]|]. cbv beta.
        intros r w1 (Lf & Sec). pose proof Sec as (I1 & v & wa & wb & -> & Xv & _). reduce. steps. exists v.
        split; [reflexivity|]. split; [exact Xv|]. split; [exact I1|]. split; [exact Lf|]. split; [auto|].
        rewrite (proj2 (Z.eqb_neq _ _)) by assumption. exact Sec.
      - exists PSCI_INVALID. split; [reflexivity|]. split; [unfold in_ty, modulus, PSCI_INVALID; lia|]. split; [exact I|].
        split; [apply left_refl|]. split; [discriminate|]. rewrite (proj2 (Z.eqb_eq _ _)) by assumption. auto. }
    intros e w1 (v & -> & Xv & I1 & Lf & Nt & D).
    assert (V1 := serves_left cpu w w1 h i Lf V (id_held _ _ I1)). pose proof (idle_secured B w1 I1) as S1.
    assert (K1 := keeps_left cpu h i w w1 V Lf (id_held _ _ I1)). assert (P1 := left_protected cpu w w1 h i Lf V P).
    assert (C1 := keeps_called cpu h i w w1 K1 C).
    assert (G : forall n x r w2, keeps_guest cpu h i w w2 -> idle B w2 -> In r (RESUME :: exit_codes) ->
      (if v =? PSCI_SUCCESS then Some r = Some EXIT_CPU_ON /\ put_reg cpu n x w2 = put_reg cpu 0 v (tell h i [(X0, t)] w1)
       else Some r = Some RESUME /\ put_reg cpu n x w2 = put_reg cpu 0 v w1) ->
      handles B cpu h i (cpu_on_done B cpu h i) w (Some r) (put_reg cpu n x w2)).
    { intros n x r w2 K2 I2 J E. split; [apply idle_put_reg, I2|]. split; [|split; [eexists; split; [reflexivity|exact J]|]].
      - apply (keeps_trans cpu h i w w2 _ K2), keeps_put_reg, K2.
      - exists v, w1. auto. }
    steps.
    - do 2 (who V1 S1; named V1; steps). change (wrap U64 (w_mem w1 ("vcpus.run_pfn", [h; i]))) with (vcpu_run w1 h i).
      assert (Xt : x_reg cpu w1 1 = x_reg cpu w 1) by exact (left_x cpu w w1 h i Lf 1 V P).
      word H4 V1.
      { rewrite (Lt (Nt E)), <- Xt. apply ex_cpu; [split; [exact (serves_current cpu w1 h i V1 P1)|exact C1]|]. unfold call.
        rewrite (left_x cpu w w1 h i Lf 0 V P). exact Cl. }
      set (w2 := put_word (vcpu_run w1 h i) 0 t w1). assert (V2 : serves cpu w2 h i) by apply serves_ram, V1.
      assert (S2 : secure B w2) by apply secure_ram, S1. put H5 V2 S2; [contradiction|]. apply G.
      + apply (keeps_trans cpu h i w w1 _ K1), keeps_word; [left; reflexivity|exact V1].
      + apply idle_ram, I1.
      + cbn. tauto.
      + rewrite E. split; reflexivity.
    - put H5 V1 S1; [|contradiction]. apply G; [exact K1|exact I1|left; reflexivity|].
      rewrite (proj2 (Z.eqb_neq _ _)) by assumption. split; reflexivity.
  Qed.

  Lemma psci_affinity_info_ok F : spec_guest_reg B cpu LI (F "guest_reg") -> spec_vcpu_by_mpidr B cpu LI (F "vcpu_by_mpidr") ->
    spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_psci_affinity_info B cpu (invoke F fuel f_psci_affinity_info).
  Proof.
    intros H1 H2 HL HU h i w V P I. pose proof (idle_secured B w I) as S. ranges V. pose proof (x_range w) as Xr.
    pose proof (target_range (x_reg cpu w 1)) as Rt.
    enter. steps. who V S. named V. steps. guest_x H1 V P S 1. steps. guest_x H1 V P S 2. steps.
    eapply wp_mono; [apply wp_all, H2, Xr|]. cbv beta. intros ? ? [-> ->]. reduce. fold (target (x_reg cpu w 1)).
    unfold affinity_done. set (t := target (x_reg cpu w 1)) in *. steps.
    - exists PSCI_INVALID. split; [reflexivity|]. split; [unfold in_ty, modulus, PSCI_INVALID; lia|]. split; [exact I|].
      split; [apply left_refl|]. replace (negb (x_reg cpu w 2 =? 0) || (t =? 16)) with true by lia. auto.
    - replace (negb (x_reg cpu w 2 =? 0) || (t =? 16)) with false by lia.
      eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact S|
        apply HL; [apply (id_held _ _ I)|intros ? X; apply (i_secure _ _ (m_inv _ _ X))]]|].
      cbv beta. intros ? ? ((-> & w0 & M & -> & _ & _) & Lf). steps. destruct (lock_sec _ w0 M) as (L & Sc).
        set (w1 := set_held true w0) in *.
      pose proof (s_cs _ _ _ _ Sc) as C. clear M.
      assert (Fin : forall v (Q : option Z -> world -> Prop), in_ty U64 v -> asked h t v w1 w1 ->
        (forall w3, left_alone cpu w w3 -> section B (asked h t) (Some v) w3 -> idle B w3 -> Q None w3) ->
        WP (F "spin_unlock" [0]) Q w1).
      { intros v Q Xv D G.
        eapply wp_mono; [apply HU; [apply C|exact (sec_end _ _ _ Sc)|apply (i_secure _ _ (cs_inv _ _ C))]|].
        cbv beta. intros r w3 (-> & ->). assert (Y := section_end B (asked h t) v L L w1 w1 Xv Sc Sc D). apply G; [|exact Y|apply Y].
        apply (left_trans cpu w w1); [exact Lf|apply left_same; reflexivity]. }
      read_locked C. steps.
      + read_locked C. steps. change (wrap U32 (w_mem w1 ("vcpus.power", [h; t]))) with (vcpu_power w1 h t).
        set (v := if vcpu_power w1 h t =? 0 then 1 else 0). assert (Rv : in_ty U64 v) by (unfold v, in_ty, modulus; destruct (_ =? _); lia).
        match goal with |- context [("r", Some ?x)] => replace x with v by (unfold v; cbn; destruct (vcpu_power w1 h t =? 0);
          reflexivity) end.
        apply (Fin v); [exact Rv| |].
        * split; [reflexivity|]. right. split; [|reflexivity]. split; [lia|]. split; [lia|assumption].
        * intros w3 L3 D3 I3. steps. exists v. auto.
      + apply (Fin PSCI_INVALID); [unfold in_ty, modulus, PSCI_INVALID; lia| |].
        * split; [reflexivity|]. left. split; [|reflexivity]. intros (_ & _ & N). contradiction.
        * intros w3 L3 D3 I3. steps. exists PSCI_INVALID. split; [reflexivity|]. split; [unfold in_ty, modulus, PSCI_INVALID; lia|]. auto.
  Qed.

  (** A function's two forms, of 32 and of 64 bits, differ in bit 30. *)
  Lemma either_form fid x : 0 <= fid < 2 ^ 32 -> 0 <= x < 2 ^ 32 -> x / 2 ^ 30 mod 2 = 0 ->
    (Z.land fid 18446744072635809791 =? x) = (fid =? x) || (fid =? x + 2 ^ 30).
  Proof.
    intros Rf Rx Bx. change 18446744072635809791 with (Z.lor 18446744071562067968 1073741823).
    rewrite Z.land_lor_distr_r, (land_low fid 1073741823 30), (land_field fid 18446744071562067968 31 64) by (reflexivity || lia).
    rewrite (lor_add _ _ 31) by (try apply Z.mod_mul; try lia; pose proof (Z.mod_pos_bound fid (2 ^ 30) ltac:(lia)); lia).
    change (2 ^ (64 - 31)) with 8589934592. change (2 ^ 31) with 2147483648. change (2 ^ 30) with 1073741824 in *.
    change (2 ^ 32) with 4294967296 in *. Z.to_euclidean_division_equations. lia.
  Qed.

  (** What [handles] asks for, of an answer to the guest. *)
  Lemma resumes h i (R : world -> option Z -> world -> Prop) w w1 v : serves cpu w h i -> left_alone cpu w w1 -> idle B w1 ->
    R w (Some RESUME) (put_reg cpu 0 v w1) -> handles B cpu h i R w (Some RESUME) (put_reg cpu 0 v w1).
  Proof.
    intros V Lf I1 G. pose proof (keeps_left cpu h i w w1 V Lf (id_held _ _ I1)) as K.
    split; [apply idle_put_reg, I1|]. split; [|split; [exact codes_resume|exact G]].
    apply (keeps_trans cpu h i w w1 _ K), keeps_put_reg, K.
  Qed.

  Lemma guest_psci_ok F : spec_psci_cpu_on B cpu (F "psci_cpu_on") -> spec_psci_exit B cpu LI (F "psci_exit") ->
    spec_psci_affinity_info B cpu (F "psci_affinity_info") -> spec_guest_reg B cpu LI (F "guest_reg") ->
    spec_psci_features B cpu LI (F "psci_features") -> spec_guest_reg_set B cpu LI (F "guest_reg_set") ->
    spec_guest_psci B cpu (invoke F fuel f_guest_psci).
  Proof.
    intros H1 H2 H3 H4 H5 H6 h i w V P I C. pose proof (idle_secured B w I) as S. ranges V. pose proof (x_range w) as Xr.
    assert (Rf : 0 <= call cpu w < 2 ^ 32) by (unfold call; apply Z.mod_pos_bound; lia).
    set (fid := call cpu w) in *.
    assert (Xf : in_ty U64 fid) by (unfold in_ty, modulus; change (2 ^ 32) with 4294967296 in Rf; lia).
    pose proof (either_form fid 0x84000001 Rf ltac:(lia) eq_refl) as E1.
      pose proof (either_form fid 0x84000003 Rf ltac:(lia) eq_refl) as E3.
    pose proof (either_form fid 0x84000004 Rf ltac:(lia) eq_refl) as E4.
    cbn [Z.add Z.pow Z.pow_pos Pos.iter Z.mul Pos.mul Pos.add Pos.succ] in E1, E3, E4.
    assert (Fx : forall u :
      unit, let f := Z.land fid 18446744072635809791 in (f =? 0x84000002) = (fid =? 0x84000002) || (fid =? 0xc4000002) /\
      (f =? 0x84000008) = (fid =? 0x84000008) || (fid =? 0xc4000008) /\ (f =? 0x84000009) = (fid =? 0x84000009) || (fid =? 0xc4000009)).
    { intros _. cbv zeta. split; [|split]; apply either_form; first [exact Rf|reflexivity|lia]. }
    enter. to_if. set (f := Z.land fid 18446744072635809791) in *.
    assert (Xff : in_ty U64 f).
    { unfold f. rewrite Z.land_comm. unfold in_ty, modulus. pose proof (land_in U64 18446744072635809791 fid) as L.
      unfold in_ty, modulus in L.
      apply L; [lia|exact Xf]. }
    assert (K := keeps_refl cpu h i w V).
    assert (Me : forall v w1, left_alone cpu w w1 -> idle B w1 -> psci_done B cpu h i fid w (Some RESUME) (put_reg cpu 0 v w1) ->
      handles B cpu h i (psci_done B cpu h i fid) w (Some RESUME) (put_reg cpu 0 v w1)) by (intros v w1 Lf I1 D; apply resumes; assumption).
    unfold psci_done at 1, cpu_on, exits_of in Me. cbn [existsb CPU_ON] in Me.
    steps; try (exfalso; lia).
    - eapply wp_mono; [apply (H1 h i w V P I C)|].
      { cbn [In CPU_ON]. fold fid. lia. }
      cbv beta. intros r w1 (I1 & K1 & (v & -> & Cv) & D). reduce. steps. split; [exact I1|]. split; [exact K1|].
      split; [eauto|]. unfold psci_done, cpu_on. cbn [existsb CPU_ON].
      assert (Ef : fid = 0x84000003 \/ fid = 0xc4000003) by lia. destruct Ef as [Ef|Ef]; known Ef; exact D.
    - eapply wp_mono; [apply (H2 h i f w V S C Xff)|]. cbv beta. intros r w1 D.
      assert (G : handles B cpu h i (psci_done B cpu h i fid) w r w1).
      { unfold handles, psci_done, cpu_on, exits_of. cbn [existsb CPU_ON].
        replace ((fid =? 2214592515) || ((fid =? 3288334339) || false)) with false by lia.
        replace ((fid =? 2214592513) || ((fid =? 3288334337) || ((fid =? 2214592514) || ((fid =? 2214592520) ||
          ((fid =? 2214592521) || false))))) with true by lia.
        destruct (Fx tt) as (F2 & F8 & F9). clear E1 E3 E4. revert D.
        destruct (Z.eqb_spec f 0x84000002) as [E2|_]; [|destruct (Z.eqb_spec f 0x84000008) as [E8|_];
          [|destruct (Z.eqb_spec f 0x84000009) as [E9|_]]].
        - replace (fid =? 0x84000002) with true by lia. intros [-> ->]. split; [exact I|]. split; [exact K|].
          split; [eexists; split; [reflexivity|cbn; tauto]|auto].
        - replace (fid =? 0x84000002) with false by lia. replace (fid =? 0x84000008) with true by lia. intros [-> ->].
          split; [exact I|]. split; [exact K|]. split; [eexists; split; [reflexivity|cbn; tauto]|auto].
        - replace (fid =? 0x84000002) with false by lia. replace (fid =? 0x84000008) with false by lia.
          replace (fid =? 0x84000009) with true by lia. intros [-> ->].
          split; [exact I|]. split; [exact K|]. split; [eexists; split; [reflexivity|cbn; tauto]|auto].
        - replace (fid =? 0x84000002) with false by lia. replace (fid =? 0x84000008) with false by lia.
          replace (fid =? 0x84000009) with false by lia. intros [-> ->]. assert (Kp := keeps_put_reg cpu h i w 0 0 V).
          split; [apply idle_tell, idle_put_reg, I|]. split; [apply (keeps_trans cpu h i _ _ _ Kp), keeps_tell, Kp|].
          split; [exact codes_trap|auto]. }
      pose proof G as (_ & _ & (v & -> & _) & _). reduce. steps. exact G.
    - put H6 V S. apply Me; [apply left_refl|exact I|]. 
      assert (Ef : fid = 0x84000000 \/ fid = 0x80000000) by lia.
      destruct Ef as [Ef|Ef]; known Ef; (split; [reflexivity|]); exists 65537, w; (split; [apply left_refl|]); auto.
    - eapply wp_mono; [apply (H3 h i w V P I)|]. cbv beta. intros r w1 (v & -> & Xv & I1 & Lf & D). reduce. steps; try (exfalso; lia).
      assert (V1 := serves_left cpu w w1 h i Lf V (id_held _ _ I1)). pose proof (idle_secured B w1 I1) as S1.
      put H6 V1 S1. apply Me; [exact Lf|exact I1|]. 
      assert (Ef : fid = 0x84000004 \/ fid = 0xc4000004) by lia.
      destruct Ef as [Ef|Ef]; known Ef; (split; [reflexivity|]); exists v, w1; (split; [exact Lf|]); auto.
    - put H6 V S. apply Me; [apply left_refl|exact I|]. 
      assert (Ef : fid = 0x84000006) by lia. known Ef. split; [reflexivity|]. exists 2, w. split; [apply left_refl|]. auto.
    - guest_x H4 V P S 1. steps. eapply wp_mono; [apply wp_all, H5; unfold in_ty, modulus|].
      { rewrite (land_low _ 4294967295 32) by (reflexivity || lia). pose proof (Z.mod_pos_bound (x_reg cpu w 1) (2 ^ 32) ltac:(lia)).
        change (2 ^ 32) with 4294967296 in *. lia. }
      cbv beta. intros ? ? [-> ->]. reduce. steps. rewrite (land_low _ 4294967295 32) by (reflexivity || lia).
      match goal with |- context [F "guest_reg_set" [_; _; ?x]] => set (v := x) end.
      assert (in_ty U64 v) by (unfold v; destruct (existsb _ _); unfold in_ty, modulus, NOT_SUPPORTED; lia).
      put H6 V S. apply Me; [apply left_refl|exact I|]. 
      assert (Ef : fid = 0x8400000a) by lia. known Ef. split; [reflexivity|]. exists v, w. split; [apply left_refl|]. auto.
    - put H6 V S. apply Me; [apply left_refl|exact I|]. decide_all. split; [reflexivity|]. exists PSCI_NOT_SUPPORTED, w.
      split; [apply left_refl|]. auto.
  Qed.
End Proofs.
