(** * Any trap of a guest: proof *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Cpu_Facts Page_Spec Vm_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Spec Ctx_Facts Vgic_Spec Trap_Spec Trap_Facts Run_Spec Rest_Spec
  Left_Kept Serve_Kept Serve_Spec Serve_Keeps Kserv_Facts Guest_Trap_Spec Guest_Abort_Proof.
From Redoubt.gen Require Import vcpu_exit.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** ** A protected VM's *)
  Lemma resumes_handles h i (R : world -> option Z -> world -> Prop) w w1 : keeps_guest cpu h i w w1 -> idle B w1 ->
    R w (Some RESUME) w1 -> handles B cpu h i R w (Some RESUME) w1.
  Proof. intros K I G. split; [exact I|]. split; [exact K|]. split; [exact codes_resume|exact G]. Qed.

  Lemma register_loads w x : In x (register_owed cpu w) -> class_of (fst x) = Loader.
  Proof. intros J. cbn [register_owed In] in J. repeat (destruct J as [<-|J]; [reflexivity|]). destruct J. Qed.

  Lemma sysreg_handles h i w r w' : serves cpu w h i -> idle B w -> sysreg_done cpu h i w r w' ->
    handles B cpu h i (sysreg_done cpu h i) w r w'.
  Proof.
    intros V I D. pose proof (keeps_refl cpu h i w V) as K.
    assert (Own : forall v, handles B cpu h i (fun _ _ _ => True) w (Some RESUME)
      (move cpu 4 (if is_read (reg_of w cpu "esr" []) then put_reg cpu (field 5 5 (reg_of w cpu "esr" [])) v w else w))).
    { intros v. destruct (is_read (reg_of w cpu "esr" [])).
      - assert (K1 := keeps_put_reg cpu h i w (field 5 5 (reg_of w cpu "esr" [])) v V).
        apply resumes_handles; [|apply idle_move, idle_put_reg, I|exact Logic.I].
        apply (keeps_trans cpu h i _ _ _ K1), keeps_move, K1.
      - apply resumes_handles; [apply keeps_move, V|apply idle_move, I|exact Logic.I]. }
    assert (G : handles B cpu h i (fun _ _ _ => True) w r w').
    { unfold sysreg_done in D. destruct (who_answers (reg_of w cpu "esr" [])).
      - destruct D as [-> T]. apply resumes_handles;
          [exact (keeps_exception cpu h i _ _ _ T V)|exact (idle_exception B cpu _ _ _ T I)|exact Logic.I].
      - destruct D as (-> & v & _ & ->). apply Own.
      - destruct D as (-> & v & _ & ->). apply Own.
      - destruct D as [-> ->]. apply tells_handles; [|apply idle_remember; [apply register_loads|exact I]|exact Logic.I].
        apply keeps_remember; [apply register_loads|exact V]. }
    destruct G as (G1 & G2 & G3 & _). split; [exact G1|]. split; [exact G2|]. split; [exact G3|exact D].
  Qed.

  (** The class of the trap, in what is to be shown. *)
  Ltac decided := repeat match goal with X : ?b = true |- context [?b] => rewrite X end; repeat match goal with |- context [?a =? ?b] =>
    first [replace (a =? b) with true by lia|replace (a =? b) with false by lia] end; cbn [orb].
  Ltac tailed G := pose proof G as (_ & _ & (? & -> & _) & _); reduce; steps; exact G.

  Lemma protected_trap_ok F : spec_fp_trap B cpu LI (F "fp_trap") -> spec_guest_wait B cpu LI (F "guest_wait") ->
    spec_step_over B cpu LI (F "step_over") -> spec_guest_call B cpu (F "guest_call") ->
    spec_sysreg_trap B cpu LI (F "sysreg_trap") -> spec_guest_abort B cpu (F "guest_abort") ->
    spec_inject_undef B cpu LI (F "inject_undef") -> spec_protected_trap B cpu (invoke F fuel f_protected_trap).
  Proof.
    intros H1 H2 H3 H4 H5 H6 H7 h i w V P I. pose proof (idle_secured B w I) as S. ranges V.
    pose proof (class_field cpu w) as CF. set (e := reg_of w cpu "esr" []) in *.
    assert (K := keeps_refl cpu h i w V).
    assert (Td : forall r w', (let c := class cpu w in
      if c =? 7 then r = Some RESUME /\ w' = write_cell B (obj "pcpu.fp_live" [cpu]) 1 (set_regs cpu [("cptr", [], CPTR_GUEST)] w)
      else if c =? 1 then
        r = Some EXIT_TRAP /\ w' = tell h i [(X0, 0); (ESR, kept cpu w (CLASS + 1)); (FAULT, 0)] (move cpu 4 w)
      else if (c =? 23) || (c =? 22) then True
      else if c =? 24 then sysreg_done cpu h i w r w'
      else if (c =? 32) || (c =? 36) then abort_done B cpu h i w r w'
      else r = Some RESUME /\ takes_exception cpu (2 ^ 25) w w') -> trap_done B cpu h i w r w') by (intros r w' D; exact D).
    enter. steps; rewrite ?CF in *; cbv zeta in Td.
    - eapply wp_mono; [apply H1; own V S|]. cbv beta. intros r w2 [-> ->]. reduce. steps.
      set (w1 := set_regs cpu [("cptr", [], CPTR_GUEST)] w) in *.
      assert (K1 : keeps_guest cpu h i w w1) by (apply keeps_regs; [reflexivity|exact V]).
      apply resumes_handles; [|apply idle_percpu; [reflexivity|apply idle_regs, I]|apply Td; decided; split; reflexivity].
      apply (keeps_trans cpu h i _ _ _ K1), keeps_fp_live, K1.
    - eapply wp_mono; [apply (H2 h i w V S); unfold WFX; lia|]. cbv beta. intros r w2 [-> ->]. reduce. steps.
      apply tells_handles; [apply keeps_move, V|apply idle_move, I|apply Td; decided; split; reflexivity].
    - eapply wp_mono; [apply wp_all, H3, S|]. cbv beta. intros r w2 [-> ->]. reduce.
      steps; try (exfalso; lia).
      assert (K1 := keeps_move cpu h i w 4 V). assert (I1 := idle_move B cpu w 4 I).
      eapply wp_mono; [apply (H4 h i (move cpu 4 w)); [apply K1| |exact I1|]|].
      { apply (keeps_protected cpu h i w _ K1), P. }
      { apply (keeps_called cpu h i w _ K1). right. unfold SMC. lia. }
      cbv beta. intros r w2 (I2 & K2 & Cd).
      assert (G : handles B cpu h i (trap_done B cpu h i) w r w2).
      { split; [exact I2|]. split; [exact (keeps_trans cpu h i _ _ _ K1 K2)|]. split; [exact Cd|]. apply Td. decided. exact Logic.I. }
      tailed G.
    - eapply wp_mono; [apply (H4 h i w V P I); left; unfold HVC; lia|]. cbv beta. intros r w2 (I2 & K2 & Cd).
      assert (G : handles B cpu h i (trap_done B cpu h i) w r w2).
      { split; [exact I2|]. split; [exact K2|]. split; [exact Cd|]. apply Td. decided. exact Logic.I. }
      tailed G.
    - eapply wp_mono; [apply (H5 h i w V P S); unfold SYSREG; lia|]. cbv beta. intros r w2 D.
      destruct (sysreg_handles h i w r w2 V I D) as (G1 & G2 & G3 & _).
      assert (G : handles B cpu h i (trap_done B cpu h i) w r w2).
      { split; [exact G1|]. split; [exact G2|]. split; [exact G3|]. apply Td. decided. exact D. }
      tailed G.
    - eapply wp_mono; [apply (H6 h i w V P I); unfold FETCH, DATA; lia|]. cbv beta. intros r w2 (G1 & G2 & G3 & D).
      assert (G : handles B cpu h i (trap_done B cpu h i) w r w2).
      { split; [exact G1|]. split; [exact G2|]. split; [exact G3|]. apply Td. decided. exact D. }
      tailed G.
    - eapply wp_mono; [apply wp_all, H7, S|]. cbv beta. intros r w2 [-> T]. reduce. steps.
      apply resumes_handles; [exact (keeps_exception cpu h i _ _ _ T V)|exact (idle_exception B cpu _ _ _ T I)|].
      apply Td. decided. split; [reflexivity|exact T].
  Qed.

  (** ** Any VM's *)
  Lemma normal_keeps F w h i : serves cpu w h i -> ~ protected w h -> idle B w -> spec_normal_trap B cpu LI F ->
    WP (F [cpu; reg_of w cpu "esr" []]) (fun r w' => idle B w' /\ keeps_guest cpu h i w w' /\
      (exists v, r = Some v /\ In v (RESUME :: exit_codes)) /\ normal_done B cpu h i w r w') w.
  Proof.
    intros V N I H. eapply wp_mono; [apply (H h i w V N (idle_secured B w I))|]. cbv beta. intros r w' D.
    enough (G : idle B w' /\ keeps_guest cpu h i w w' /\ exists v, r = Some v /\ In v (RESUME :: exit_codes)) by tauto.
    revert D. unfold normal_done, gets_fp. cbv zeta.
    assert (Told : forall l, r = Some EXIT_TRAP /\ w' = tell h i l w -> idle B w' /\ keeps_guest cpu h i w w' /\
      exists v, r = Some v /\ In v (RESUME :: exit_codes)).
    { intros l [-> ->]. split; [apply idle_tell, I|]. split; [apply keeps_tell, V|exact codes_trap]. }
    destruct (class cpu w =? 7).
    - intros [-> ->]. assert (K1 : keeps_guest cpu h i w (set_regs cpu [("cptr", [], CPTR_GUEST)] w))
        by (apply keeps_regs; [reflexivity|exact V]).
      split; [apply idle_percpu; [reflexivity|apply idle_regs, I]|]. split; [|exact codes_resume].
      apply (keeps_trans cpu h i _ _ _ K1), keeps_fp_live, K1.
    - destruct (_ || _); [|apply Told]. intros [(_ & -> & ->)|(Er & p & _ & Ew)]; [|exact (Told _ (conj Er Ew))].
      split; [exact I|]. split; [apply keeps_refl, V|exact codes_resume].
  Qed.

  Lemma own_exit : own_names exit_cells = true. Proof. reflexivity. Qed.

  (** KServ goes on: what the CPU knows of the vCPU that it has loaded still holds. *)
  Lemma exit_hosted code w w1 : rests cpu w -> host_again cpu code w w1 -> rests cpu w1.
  Proof.
    intros [R O Rd _] Ha. pose proof (ha_changes _ _ _ _ Ha) as C.
    assert (Ow : forall d, existsb (String.eqb d) exit_cells = false -> w_mem w1 (obj d [cpu]) = w_mem w (obj d [cpu]))
      by (intros d N; exact (same_own cpu exit_cells _ w w1 C d [cpu] N)).
    assert (Ev : loaded_vm cpu w1 = loaded_vm cpu w) by (unfold loaded_vm; rewrite Ow; reflexivity).
    assert (Ec : loaded_vcpu cpu w1 = loaded_vcpu cpu w) by (unfold loaded_vcpu; rewrite Ow; reflexivity).
    constructor; [exact R| | |left; exact (ha_serves _ _ _ _ Ha)].
    - unfold own_ok. rewrite Ev, Ec, (same_token cpu exit_cells _ w w1 own_exit C). exact O.
    - unfold ready. rewrite Ev, Ec, (same_root cpu exit_cells _ w w1 own_exit C), Ow by reflexivity. intros N1 N2.
      destruct (Rd N1 N2) as [P Q]. split; [apply (same_on cpu exit_cells _ w w1 own_exit C), P|exact Q].
  Qed.
  (** The vCPU has turned itself off: it is looked at again before it runs here. *)
  Lemma off_hosted w1 w' : rests cpu w1 -> serves_host cpu w1 -> keeps_own cpu ["pcpu.ready"] w1 w' ->
    wrap U32 (w_mem w' (obj "pcpu.ready" [cpu])) = 0 -> rests cpu w'.
  Proof.
    intros [R O _ _] [Sc Sg] (Ow & Hx & _ & Tk) Z0.
    assert (E : forall d, class_of d = Percpu -> existsb (String.eqb d) ["pcpu.ready"] = false ->
      w_mem w' (obj d [cpu]) = w_mem w1 (obj d [cpu])) by (intros d P N; apply Ow; [exact P|reflexivity|exact N]).
    assert (Ev : loaded_vm cpu w' = loaded_vm cpu w1) by (unfold loaded_vm; rewrite E; reflexivity).
    assert (Ec : loaded_vcpu cpu w' = loaded_vcpu cpu w1) by (unfold loaded_vcpu; rewrite E; reflexivity).
    constructor; [exact R| | |].
    - unfold own_ok. rewrite Ev, Ec. intros N. rewrite (Tk N). exact (O N).
    - unfold ready. intros _ N. contradiction.
    - left. unfold serves_host, cur_ctx, in_guest in *. rewrite !E, Hx by reflexivity. auto.
  Qed.

  Lemma guest_trap_ok F : does B cpu LI "esr_get" 0 (Some U64) (F "esr_get") -> spec_protected_trap B cpu (F "protected_trap") ->
    spec_normal_trap B cpu LI (F "normal_trap") -> spec_own_set B cpu LI (F "pg_set") ->
    spec_guest_exit B cpu (F "guest_exit") -> spec_guest_served B cpu (invoke F fuel f_guest_trap).
  Proof.
    intros H1 H2 H3 H H5 k w Rk Rs A I. pose proof (idle_secured B w I) as S. pose proof (rs_cpu _ _ Rs) as Hc.
    pose proof (at_guest_serves B cpu w Hc I A) as V. ranges V.
    remember (loaded_vm cpu w) as h eqn:Eh. remember (loaded_vcpu cpu w) as i eqn:Ei. symmetry in Eh, Ei.
    assert (Xe : in_ty U64 (reg_of w cpu "esr" [])) by apply wrap_in.
    (* the end: back to the guest, or to KServ *)
    assert (Exit : forall code w1, idle B w1 -> keeps_guest cpu h i w w1 -> In code (RESUME :: exit_codes) -> code <> 255 ->
      WP (F "guest_exit" [cpu; code]) (fun r w' => idle B w' /\ rests cpu w' /\ guest_or_kserv cpu w w' /\ exits cpu code w1 w') w1).
    { intros code w1 I1 K1 Ic N. pose proof (at_guest_keeps cpu h i w w1 K1 Eh Ei A) as A1.
      pose proof (rests_keeps cpu h i w w1 K1 Eh Ei A Rs) as R1.
      assert (Ie : In code exit_codes) by (destruct Ic as [Ic|Ic]; [unfold RESUME in Ic; congruence|exact Ic]).
      eapply wp_mono; [apply (H5 code w1 Hc); [|exact A1|exact I1|auto]|].
      { unfold exit_codes in Ie. cbn [In] in Ie. unfold in_ty, modulus. lia. }
      cbv beta. intros r w' (_ & I' & w2 & Ha & _ & D). split; [exact I'|].
      pose proof (exit_hosted code w1 w2 R1 Ha) as R2. pose proof (ha_serves _ _ _ _ Ha) as Sh.
      assert (Fd : found cpu w2 = after_exit (kserv_of cpu w) code).
      { rewrite <- (keeps_kserv B cpu h i w w1 S K1 V). pose proof (kg_serves _ _ _ _ _ K1) as V1.
        apply (again_found B cpu code w1 w2 h i Hc (idle_secured B w1 I1)); [pose proof (sv_token _ _ _ _ V1); lia|exact (sv_ctx _
          _ _ _ V1)|
          exact (sv_vm _ _ _ _ V1)|exact (sv_vcpu _ _ _ _ V1)|exact Ha]. }
      destruct D as [[Nc ->]|(Nc & Ko & Z0)].
      - split; [exact R2|]. split; [right; split; [exact Sh|exists code; auto]|]. exists w2. split; [exact Ha|left; auto].
      - split; [exact (off_hosted w2 w' R2 Sh Ko Z0)|]. split; [|exists w2; split; [exact Ha|right; auto]].
        right. split; [|exists code; split; [exact Ie|rewrite (off_found cpu w2 w' Ko Hc (proj1 Sh)); exact Fd]].
        destruct Ko as (Ow & Hx & _). unfold serves_host, cur_ctx, in_guest in *. rewrite Hx, !Ow by reflexivity. exact Sh. }
    assert (Out : forall k code w1 w', answered_with B cpu k h i w code w1 -> code <> 255 ->
      idle B w' /\ rests cpu w' /\ guest_or_kserv cpu w w' /\ exits cpu code w1 w' ->
      @None Z = None /\ idle B w' /\ rests cpu w' /\ guest_or_kserv cpu w w' /\ guest_served B cpu k w w').
    { intros k' code w1 w' An N (I' & R' & Gk & X). split; [reflexivity|]. split; [exact I'|]. split; [exact R'|].
      split; [exact Gk|]. exists code, w1. rewrite Eh, Ei. split; [exact An|]. right. split; [exact N|exact X]. }
    assert (Back : forall k code w1, idle B w1 -> keeps_guest cpu h i w w1 -> answered_with B cpu k h i w code w1 -> code = 255 ->
      @None Z = None /\ idle B w1 /\ rests cpu w1 /\ guest_or_kserv cpu w w1 /\ guest_served B cpu k w w1).
    { intros k' code w1 I1 K1 An N. split; [reflexivity|]. split; [exact I1|].
      split; [exact (rests_keeps cpu h i w w1 K1 Eh Ei A Rs)|].
      split; [left; split; [exact (at_guest_keeps cpu h i w w1 K1 Eh Ei A)|exact (keeps_kserv B cpu h i w w1 S K1 V)]|]. exists
        code, w1. rewrite Eh, Ei. split; [exact An|]. left. auto. }
    assert (Pr : forall (b : bool),
      ((wrap U32 (w_mem w (obj "vms.is_protected" [h])) =? 0) = negb b) -> if b then protected w h else ~ protected w h).
    { intros b E. unfold protected. destruct b; cbn [negb] in E; lia. }
    assert (Mr : may_read cpu w (obj "vms.is_protected" [h])).
    { right. left. split; [reflexivity|]. exists i. exact (sv_token _ _ _ _ V). }
    assert (D : k = 0 \/ k = 1 \/ k = 2) by lia. clear Rk. destruct D as [-> |[-> | ->]].
    - enter. steps. prim H1 S. change (wrap U64 (w_mem w (reg cpu "esr" []))) with (reg_of w cpu "esr" []). steps; try (exfalso; lia).
      who V S. named V. steps. apply read_ret; [exact Mr|exact S|]. reduce. steps.
      + eapply wp_mono; [apply (H2 h i w V (Pr true ltac:(cbn [negb]; lia)) I)|]. cbv beta.
        intros r w1 (I1 & K1 & (code & -> & Ic) & D1). reduce.
        assert (An : answered_with B cpu 0 h i w code w1)
          by (left; split; [reflexivity|]; split; [exact (Pr true ltac:(cbn [negb]; lia))|exact D1]).
        steps; try (exfalso; lia).
        * eapply wp_mono; [apply (Exit code w1 I1 K1 Ic); assumption|]. cbv beta. intros r w2 D. reduce. steps.
          apply (Out 0 code w1); assumption.
        * apply (Back 0 code w1 I1 K1 An). assumption.
      + eapply wp_mono; [apply (normal_keeps (F "normal_trap") w h i V (Pr false ltac:(cbn [negb]; lia)) I H3)|]. cbv beta.
        intros r w1 (I1 & K1 & (code & -> & Ic) & D1). reduce.
        assert (An : answered_with B cpu 0 h i w code w1)
          by (right; left; split; [reflexivity|]; split; [exact (Pr false ltac:(cbn [negb]; lia))|exact D1]).
        steps; try (exfalso; lia).
        * eapply wp_mono; [apply (Exit code w1 I1 K1 Ic); assumption|]. cbv beta. intros r w2 D. reduce. steps.
          apply (Out 0 code w1); assumption.
        * apply (Back 0 code w1 I1 K1 An). assumption.
    - enter. steps. prim H1 S. change (wrap U64 (w_mem w (reg cpu "esr" []))) with (reg_of w cpu "esr" []). steps; try (exfalso; lia).
      eapply wp_mono; [apply (Exit 0 w I (keeps_refl cpu h i w V)); [cbn; tauto|discriminate]|].
      cbv beta. intros r w2 D. reduce. steps. apply (Out 1 0 w); [right; right; left; auto|discriminate|exact D].
    - enter. steps. prim H1 S. change (wrap U64 (w_mem w (reg cpu "esr" []))) with (reg_of w cpu "esr" []). steps; try (exfalso; lia).
      who V S. named V. steps. apply read_ret; [exact Mr|exact S|]. reduce. steps; run V S.
      + word H V; [apply ex_esr; exact (the_class cpu w)|].
        eapply wp_mono; [apply (Exit 1); [apply idle_ram, I|apply keeps_word; [left; reflexivity|exact V]|cbn; tauto|discriminate]|].
        cbv beta. intros r w2 D. reduce. steps. eapply (Out 2 1); [|discriminate|exact D]. do 3 right. split; [reflexivity|].
        split; [reflexivity|]. eexists. split; [left; split; [exact (Pr true ltac:(cbn [negb]; lia))|reflexivity]|reflexivity].
      + eapply wp_mono; [apply H; [exact (sv_held _ _ _ _ V)|exact (serves_run _ _ _ _ V)|lia|]|].
        { apply (told_normal B cpu w S Hc h i); [exact (sv_token _ _ _ _ V)|]. exact (Pr false ltac:(cbn [negb]; lia)). }
        cbv beta. intros ? ? [-> ->]. reduce. steps.
        eapply wp_mono; [apply (Exit 1); [apply idle_ram, I|apply keeps_word; [left; reflexivity|exact V]|cbn; tauto|discriminate]|].
        cbv beta. intros r w2 D. reduce. steps. eapply (Out 2 1); [|discriminate|exact D]. do 3 right. split; [reflexivity|].
        split; [reflexivity|]. eexists. split; [right; split; [exact (Pr false ltac:(cbn [negb]; lia))|reflexivity]|reflexivity].
  Qed.
End Proofs.
