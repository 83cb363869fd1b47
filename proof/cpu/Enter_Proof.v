(** * Onto the CPU (kcore/vcpu/run.c, guest_enter) *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Exposed Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Steps Prims Cpu_Facts Page_Spec Vm_Spec Power_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Prims Reg_Spec Ctx_Spec Ctx_Facts Vgic_Spec Vgic_Proof Trap_Spec Run_Spec Run_Exit_Proof
  Rest_Spec Serve_Keeps Enter_Spec.
From Redoubt.gen Require Import vcpu_run.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).
  Notation setter f := (does B cpu LI f 1 None).

  Ltac own S := apply own_read; [reflexivity|exact S|]; reduce.

  Lemma mask_kept x m g : Z.land m g = g -> Z.land (Z.lor x m) g = g.
  Proof.
    intros E. apply Z.bits_inj'. intros n _. assert (Hn : Z.testbit (Z.land m g) n = Z.testbit g n) by congruence.
    rewrite Z.land_spec in Hn |- *. rewrite Z.lor_spec. destruct (Z.testbit x n), (Z.testbit m n), (Z.testbit g n); auto.
  Qed.

  (** What is written after the virtual interface is on. *)
  Definition late_cells : list ident := skipn 3 enter_cells.
  Definition late_word (host p i : Z) : Prop := p = host /\ 33 <= i < 60.

  Lemma guest_enter_ok F : spec_own_get B cpu LI (F "pg_get") -> spec_guest_hcr B cpu (F "guest_hcr") ->
    spec_host_leave B cpu (F "host_leave") ->
    spec_vgic_enter B cpu LI (F "vgic_enter") -> setter "vsesr_set" (F "vsesr_set") -> setter "cnthctl_set" (F "cnthctl_set") ->
    does_all B cpu LI "features_set" 1 None (F "features_set") -> does_all B cpu LI "pmu_stop" 0 (Some U64) (F "pmu_stop") ->
    spec_ctx_switch B cpu LI (F "ctx_switch") -> setter "cptr_set" (F "cptr_set") ->
    spec_last_ran_update B cpu LI (F "last_ran_update") -> setter "elr_set" (F "elr_set") -> setter "spsr_set" (F "spsr_set") ->
    spec_pend_complete B cpu LI (F "pend_complete") -> spec_guest_enter B cpu (invoke F fuel f_guest_enter).
  Proof.
    intros HG HH HL HV HVs HN HT HM HX HP HR HE HS HC pc pstate w Xpc Xps Oc Rn Hst Id.
    assert (S := kn_secure B _ (id_known B _ Id)). assert (Hd := id_held B _ Id). assert (Kc := kn_constants B _ (id_known B _ Id)).
    assert (Hc := oc_cpu _ _ Oc). destruct (oc_own _ _ Oc (oc_vm _ _ Oc)) as (Rh & Ri & T). destruct Rn as [On Rt].
    assert (Nv := oc_vm _ _ Oc).
    set (h := loaded_vm cpu w) in *. set (i := loaded_vcpu cpu w) in *.
    set (ctx := vcpu_ctx w h i). set (host := host_ctx w cpu). set (run := vcpu_run w h i).
    assert (Or : own_run cpu w run) by (exists h, i; auto).
    assert (Hh : has cpu w [h]) by (exists i; exact T).
    destruct (host_apart B cpu w S Hc h i ltac:(lia)) as [N1 N2].
    enter. steps. own S. change (wrap U32 (w_mem w ("pcpu.vm", [cpu]))) with h. steps.
    own S. change (wrap U32 (w_mem w ("pcpu.vcpu", [cpu]))) with i. steps.
    apply own_read; [right; left; split; [reflexivity|exact T]|exact S|]. reduce.
    change (wrap U64 (w_mem w ("vcpus.run_pfn", [h; i]))) with run. steps.
    apply own_read; [right; left; split; [reflexivity|exact T]|exact S|]. reduce.
    change (wrap U64 (w_mem w ("vcpus.ctx_pfn", [h; i]))) with ctx. steps.
    eapply wp_mono; [apply HG; [exact Hd|right; exact Or|lia]|]. cbv beta. intros ? ? (-> & wanted & -> & Xw & _). steps.
    eapply wp_mono; [apply HH; [lia|exact Xw|exact Hh|exact S]|]. cbv beta. intros ? ? (-> & hcr & -> & Xh & Gh). steps.
    eapply wp_mono; [apply HL; [exact Hc|exact Hd|exact S|exact Hst]|]. cbv beta. intros ? ? (-> & ->). steps.
    set (w1 := left cpu w).
    assert (C1 : changes cpu enter_cells (enter_word w cpu) w w1).
    { unfold w1, left. eapply changes_trans; apply changes_word; (split; [reflexivity|lia]). }
    assert (S1 : secure B w1) by (repeat apply secure_ram; exact S).
    assert (A1 : at_run B cpu run w1) by (split; [exact Or|split; [exact Hd|exact S1]]).
    eapply wp_mono; [apply HV; [exact Hc|exact A1|exact (oc_own _ _ Oc)|exact Nv]|]. cbv beta.
    intros ? w2 (-> & A2 & D2 & F2 & R2 & V2). to_if.
    assert (C2 : changes cpu enter_cells (enter_word w cpu) w w2).
    { eapply changes_trans; [exact C1|]. eapply changes_more; [| |exact D2]; [|intros ? ? []].
      intros x X. unfold enter_cells. cbn in X |- *. tauto. }
    assert (S2 := proj2 (proj2 A2)). assert (Hd2 := proj1 (proj2 A2)).
    set (D := changes cpu late_cells (late_word host) w2).
    assert (Whole : forall u, D u -> changes cpu enter_cells (enter_word w cpu) w u).
    { intros u U. eapply changes_trans; [exact C2|]. eapply changes_more; [| |exact U].
      - intros x X. unfold late_cells, enter_cells in *. cbn in X |- *. tauto.
      - intros p j [-> J]. split; [reflexivity|lia]. }
    assert (Sec : forall u, D u -> secure B u) by (intros u U; eapply changes_secure; [|exact U|exact S2]; reflexivity).
    assert (Hu : forall u, D u -> w_held u = false) by (intros u U; rewrite (ch_held _ _ _ _ _ U); exact Hd2).
    join (fun e w3 => changes cpu ["reg.vsesr"] no_word w2 w3 /\ exists v,
      e = [("cpu", Some cpu); ("pc", Some pc); ("pstate", Some pstate); ("h", Some h); ("i", Some i);
      ("run", Some run); ("ctx", Some ctx); ("wanted", Some wanted); ("hcr", Some hcr); ("v", v); ("%call.u64", None)]).
    { steps.
      - eapply wp_mono; [apply HG; [exact Hd2|right; apply A2|lia]|]. cbv beta. intros ? ? (-> & v & -> & Xv & _). steps.
        prim HVs S2. steps. split; [apply changes_reg; cbn; tauto|exists (Some v); reflexivity].
      - split; [apply changes_refl|exists None; reflexivity]. }
    intros e w3 (J3 & v & ->). steps.
    assert (D3 : D w3).
    { eapply changes_more; [| |exact J3]; [|intros ? ? []]. intros x [<-|[]]. unfold late_cells. cbn. tauto. }
    assert (S3 := Sec _ D3). prim HN S3. steps. set (w4 := set_reg cpu _ w3).
    assert (D4 : D w4) by (eapply changes_trans; [exact D3|apply changes_reg; cbn; tauto]).
    assert (S4 := Sec _ D4). prim HT S4; [left; reflexivity|]. steps. set (w5 := set_reg cpu _ w4).
    assert (D5 : D w5) by (eapply changes_trans; [exact D4|apply changes_reg; cbn; tauto]).
    assert (S5 := Sec _ D5). prim HM S5. steps. set (w6 := set_reg cpu _ w5).
    assert (D6 : D w6) by (eapply changes_trans; [exact D5|apply changes_reg; cbn; tauto]).
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact (Sec _ D6)|]. intros _.
    set (w7 := write_cell B _ _ w6). steps.
    assert (D7 : D w7) by (eapply changes_trans; [exact D6|apply changes_cell; [cbn; tauto|reflexivity]]).
    assert (S7 := Sec _ D7). assert (C7 := Whole _ D7).
    assert (H7 : host_ctx w7 cpu = host) by (eapply same_host; [|exact C7]; reflexivity).
    assert (T7 : token w7 h i = cpu + 1) by (erewrite same_token; [exact T| |exact C7]; reflexivity).
    assert (R7 : vm_root w7 h = vm_root w h) by (eapply same_root; [|exact C7]; reflexivity).
    apply own_read; [exact I|exact S7|]. reduce. change (wrap U64 (w_mem w7 ("pcpu.host_ctx", [cpu]))) with (host_ctx w7 cpu).
    rewrite H7. steps. apply own_read; [right; left; split; [reflexivity|exists i; exact T7]|exact S7|]. reduce.
    change (wrap U64 (w_mem w7 ("vms.root", [h]))) with (vm_root w7 h). rewrite R7. steps. own S7. steps.
    assert (Sh : wrap U64 (Z.shiftl h 48) = Z.shiftl h 48 /\ wrap U64 (Z.shiftl (vm_root w h) 12) = Z.shiftl (vm_root w h) 12).
    { rewrite !Z.shiftl_mul_pow2 by lia. change (2 ^ 36) with 68719476736 in Rt.
      split; apply wrap_small; unfold in_ty; cbn; lia. }
    destruct Sh as [-> ->]. set (mdcr := Z.lor _ 544352).
    assert (M7 : Z.land mdcr GUEST_MDCR = GUEST_MDCR) by (apply mask_kept; reflexivity).
    assert (P7 : forall r ix, String.eqb ("reg." ++ r) "pcpu.pmu" = false -> reg_of w7 cpu r ix = reg_of w6 cpu r ix).
    { intros r ix N. unfold w7. apply reg_cell; [reflexivity|]. rewrite String.eqb_sym. exact N. }
    assert (En : enters B cpu w7 ctx (vttbr h (vm_root w h)) hcr mdcr).
    { right. exists h, i. destruct Gh as (G1 & n & G2 & G3). split; [exact T7|]. split; [|split; [|split; [rewrite R7; reflexivity|]]].
      - eapply same_on; [|exact C7|exact On]; reflexivity.
      - symmetry. eapply same_ctx; [|exact C7]; reflexivity.
      - split; [exact G1|]. split; [exact M7|]. split; [exists n; split; [|exact G3]|].
        + intros N P. apply (G2 N), (same_protected cpu enter_cells (enter_word w cpu) w w7 eq_refl C7), P.
        + rewrite !P7 by reflexivity. unfold w6. rewrite reg_same, reg_other by (left; discriminate). unfold w5. rewrite reg_same. auto. }
    eapply wp_mono; [apply HX; [exact (Hu _ D7)|left; auto|exact En]|]. cbv beta. intros ? ? (-> & va & sc & s & Ov & Sv & ->). steps.
    match goal with |- wp _ _ _ ?x => set (w8 := x) end.
    assert (D8 : D w8).
    { eapply changes_trans; [exact D7|]. apply (changes_trans _ _ _ _ (set_ram s w7)).
      - apply changes_ram. intros p j N. apply Sv. destruct (Z.eq_dec p host) as [->|]; [right|left; assumption].
        intros J. apply N. split; [reflexivity|exact J].
      - apply changes_regs. intros x X. unfold late_cells. cbn in X |- *.
        repeat (destruct X as [<-|X]; [cbn; tauto|]). destruct X. }
    assert (S8 := Sec _ D8). prim HP S8. steps. set (w9 := set_reg cpu _ w8).
    assert (D9 : D w9) by (eapply changes_trans; [exact D8|apply changes_reg; cbn; tauto]).
    eapply wp_mono; [apply wp_all, HR; [exact Hc|lia|lia|exact (Sec _ D9)]|]. cbv beta. intros ? w10 (-> & S10 & L10 & E10). steps.
    assert (F10 : changes cpu ["last_ran"] no_word w9 w10).
    { destruct E10 as [->| ->]; [apply changes_refl|]. rewrite percpu_write by reflexivity. constructor; try reflexivity.
      intros l N. cbn [w_mem set_mem]. apply upd_other. intros <-. apply N. split; [left; reflexivity|reflexivity]. }
    assert (D10 : D w10).
    { eapply changes_trans; [exact D9|]. eapply changes_more; [| |exact F10]; [|intros ? ? []].
      intros x [<-|[]]. unfold late_cells. cbn. tauto. }
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact S10|]. intros _.
    set (w11 := write_cell B _ ctx w10). steps.
    assert (D11 : D w11) by (eapply changes_trans; [exact D10|apply changes_cell; [cbn; tauto|reflexivity]]).
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact (Sec _ D11)|]. intros _.
    set (w12 := write_cell B _ 1 w11). steps.
    assert (D12 : D w12) by (eapply changes_trans; [exact D11|apply changes_cell; [cbn; tauto|reflexivity]]).
    assert (S12 := Sec _ D12). prim HE S12. steps. set (w13 := set_reg cpu _ w12).
    assert (D13 : D w13) by (eapply changes_trans; [exact D12|apply changes_reg; cbn; tauto]).
    assert (S13 := Sec _ D13). prim HS S13. to_if. set (w14 := set_reg cpu _ w13).
    assert (D14 : D w14) by (eapply changes_trans; [exact D13|apply changes_reg; cbn; tauto]).
    assert (C14 := Whole _ D14).
    assert (R10 : forall r ix, r <> "elr" -> r <> "spsr" -> reg_of w14 cpu r ix = reg_of w9 cpu r ix).
    { intros r ix Y1 Y2. unfold w14, w13. rewrite !reg_other by (left; congruence). unfold w12, w11. rewrite !reg_cell by reflexivity.
      apply (same_reg cpu _ _ _ _ r ix F10). reflexivity. }
    assert (R8 : forall r ix, r <> "elr" -> r <> "spsr" -> r <> "cptr" -> reg_of w14 cpu r ix = reg_of w8 cpu r ix).
    { intros r ix Y1 Y2 Y3. rewrite R10 by assumption. unfold w9. apply reg_other. left. congruence. }
    assert (Sw : reg_of w14 cpu "vbar" [] = wrap U64 va /\ reg_of w14 cpu "sctlr" [] = wrap U64 sc /\
      reg_of w14 cpu "ctx" [] = wrap U64 ctx /\ reg_of w14 cpu "vttbr" [] = wrap U64 (vttbr h (vm_root w h)) /\
      reg_of w14 cpu "hcr" [] = wrap U64 hcr /\ reg_of w14 cpu "mdcr" [] = wrap U64 mdcr).
    { rewrite !R8 by discriminate. unfold w8. cbn [set_regs context_regs fold_left].
      repeat split; repeat (rewrite reg_other by (left; discriminate)); apply reg_same. }
    destruct Sw as (Sva & Ssc & Sctx & Svt & Shcr & Smd).
    assert (R7' : forall r ix, reg_of (set_ram s w7) cpu r ix = reg_of w7 cpu r ix) by reflexivity.
    assert (Before : forall r ix, existsb (String.eqb r) ["cnthctl"; "features"; "pmu"; "vbar"; "sctlr"; "ctx"; "vttbr"; "hcr"; "mdcr";
      "cptr"; "elr"; "spsr"] = false -> reg_of w14 cpu r ix = reg_of w3 cpu r ix).
    { intros r ix N. cbn [existsb] in N. rewrite !orb_false_iff, !String.eqb_neq in N.
      destruct N as (Y1 & Y2 & Y3 & Y4 & Y5 & Y6 & Y7 & Y8 & Y9 & Ya & Yb & Yc & _).
      rewrite R8 by assumption. unfold w8. rewrite regs_other, R7', P7.
      - unfold w6, w5, w4. rewrite !reg_other by (left; congruence). reflexivity.
      - reflexivity.
      - cbn [existsb context_regs fst]. rewrite !orb_false_iff, !String.eqb_neq. repeat split; congruence. }
    assert (Pre : forall r ix, existsb (String.eqb ("reg." ++ r)) ["reg.vsesr"; "reg.ich_lr"; "reg.ich_hcr"] = false ->
      reg_of w3 cpu r ix = reg_of w cpu r ix).
    { intros r ix N. cbn [existsb] in N. rewrite !orb_false_iff in N. destruct N as (Y1 & Y2 & Y3 & _).
      rewrite (same_reg cpu _ _ _ _ r ix J3), (same_reg cpu _ _ _ _ r ix D2); [reflexivity| |]; cbn [existsb];
        rewrite ?Y1, ?Y2, ?Y3; reflexivity. }
    assert (Own14 : forall d ix, existsb (String.eqb d) ["last_ran"; "pcpu.cur_ctx"; "pcpu.in_guest"; "reg.elr"; "reg.spsr"] = false ->
      w_mem w14 (d, ix) = w_mem w9 (d, ix)).
    { intros d ix N. cbn [existsb] in N. rewrite !orb_false_iff in N. destruct N as (Y1 & Y2 & Y3 & Y4 & Y5 & _).
      rewrite String.eqb_sym in Y2, Y3, Y4, Y5. unfold w14, w13. rewrite !reg_mem by assumption. unfold w12, w11.
      rewrite !percpu_mem, !upd_name by assumption. apply (same_own cpu _ _ _ _ F10). cbn [existsb]. rewrite Y1. reflexivity. }
    assert (Ram : forall p j, w_ram w14 p j = s p j).
    { intros p j. change (w_ram w14 p j) with (w_ram w10 p j). rewrite (ch_ram _ _ _ _ _ F10) by intros []. reflexivity. }
    assert (Saved : forall j, j = 31 \/ j = 32 -> word w14 host j = word w1 host j).
    { intros j J. unfold word. rewrite Ram. destruct Sv as (_ & _ & Sv). rewrite Sv by (right; lia).
      rewrite (ch_ram _ _ _ _ _ D7) by (intros [_ X]; lia). rewrite (ch_ram _ _ _ _ _ D2) by intros []. reflexivity. }
    assert (Lh : loaded_vm cpu w14 = h) by (unfold loaded_vm; rewrite (same_own cpu _ _ _ _ C14) by reflexivity; reflexivity).
    assert (Li : loaded_vcpu cpu w14 = i) by (unfold loaded_vcpu; rewrite (same_own cpu _ _ _ _ C14) by reflexivity; reflexivity).
    assert (T14 : token w14 h i = cpu + 1) by (erewrite same_token; [exact T| |exact C14]; reflexivity).
    assert (On14 : vcpu_on w14 h i) by (eapply same_on; [|exact C14|exact On]; reflexivity).
    assert (Ow14 : own_ok cpu w14) by (intros _; rewrite Lh, Li; auto).
    assert (Nl : n_lr cpu w14 = n_lr cpu w2) by (unfold n_lr; rewrite (same_own cpu _ _ _ _ D14) by reflexivity; reflexivity).
    assert (G14 : at_guest cpu w14).
    { constructor; rewrite ?Lh, ?Li; [exact Ow14|exact Nv|exact On14| | | |].
      - replace (vcpu_ctx w14 h i) with ctx by (symmetry; eapply same_ctx; [|exact C14]; reflexivity).
        unfold cur_ctx, w14, w13. rewrite !reg_mem by reflexivity. unfold w12, w11. rewrite !percpu_mem, upd_name by reflexivity.
        rewrite upd_same. apply wrap_wrap.
      - unfold in_guest, w14, w13. rewrite !reg_mem by reflexivity. unfold w12. rewrite percpu_mem, upd_same. reflexivity.
      - unfold lr_fit in *. rewrite Nl, (same_reg cpu _ _ _ _ "ich_vtr" [] D14) by reflexivity. exact F2.
      - rewrite R8 by discriminate. unfold w8. rewrite regs_other, R7', P7 by reflexivity. unfold w6. apply reg_same. }
    assert (Rs14 : rests cpu w14).
    { constructor; [exact Hc|exact Ow14| |right; exact G14]. rewrite Lh, Li. intros _ _. split; [exact On14|].
      erewrite same_root; [exact Rt| |exact C14]; reflexivity. }
    assert (I14 : idle B w14).
    { split; [exact (Hu _ D14)|]. split; [exact (Sec _ D14)|]. eapply same_constants; [|exact C14|exact Kc]; reflexivity. }
    assert (Et : on_cpu cpu pc pstate w w14).
    { constructor; fold h; fold i; fold ctx; fold host.
      - exact C14.
      - exact G14.
      - unfold w14. rewrite reg_other by (left; discriminate). unfold w13. rewrite reg_same. apply wrap_small, Xpc.
      - unfold w14. rewrite reg_same. apply wrap_small, Xps.
      - rewrite Svt. apply wrap_small. unfold vttbr. apply lor_in; rewrite Z.shiftl_mul_pow2 by lia;
          change (2 ^ 36) with 68719476736 in Rt; unfold in_ty; cbn; lia.
      - cbv zeta. rewrite Sctx, Sva, Ssc. split; [apply wrap_wrap|]. intros P.
        destruct Ov as [-> ->].
        { right. exists h, i. split; [exact T7|]. split; [|split].
          - apply (same_protected cpu enter_cells (enter_word w cpu) w w7 eq_refl C7), P.
          - eapply same_on; [|exact C7|exact On]; reflexivity.
          - symmetry. eapply same_ctx; [|exact C7]; reflexivity. }
        unfold word. rewrite !wrap_wrap, !(ch_ram _ _ _ _ _ C7) by (intros [X _]; apply N2; symmetry; exact X). auto.
      - rewrite Shcr, wrap_small by exact Xh. exact Gh.
      - rewrite Smd. rewrite wrap_small; [exact M7|]. apply lor_in; [apply land_in; [apply wrap_in|]|]; unfold in_ty; cbn; lia.
      - rewrite R8 by discriminate. unfold w8. rewrite regs_other, R7', P7 by reflexivity. unfold w6.
        rewrite reg_other by (left; discriminate). unfold w5. apply reg_same.
      - rewrite R8 by discriminate. unfold w8. rewrite regs_other, R7', P7 by reflexivity. unfold w6, w5.
        rewrite !reg_other by (left; discriminate). unfold w4. apply reg_same.
      - rewrite R10 by discriminate. unfold w9. apply reg_same.
      - intros n N. rewrite Nl in N. rewrite (same_reg cpu _ _ _ _ "ich_lr" [n] D14) by reflexivity. exact (R2 n N).
      - destruct V2 as (x & n & X1 & X2). exists x, n. split; [exact X1|].
        rewrite (same_reg cpu _ _ _ _ "ich_hcr" [] D14) by reflexivity. exact X2.
      - unfold w14, w13. rewrite !reg_mem by reflexivity. unfold w12, w11. rewrite !percpu_mem, !upd_name by reflexivity. exact L10.
      - destruct Sv as (Sv1 & Sv2 & _). rewrite !Saved by auto. unfold word at 3 4. rewrite !Ram, Sv1, Sv2.
        rewrite !P7 by reflexivity. unfold w6, w5, w4. rewrite !reg_other by (left; discriminate). rewrite !Pre by reflexivity.
        unfold w1, left. fold host. rewrite put_word_same, put_word_other, put_word_same by (right; lia).
        unfold reg_of. rewrite !wrap_wrap. auto.
      - rewrite Own14 by reflexivity. change (wrap U64 (w_mem w7 (obj "pcpu.pmu" [cpu])) = reg_of w cpu "pmu" []).
        unfold w7. rewrite percpu_mem, upd_same, wrap_wrap. rewrite <- (Pre "pmu" []) by reflexivity. reflexivity. }
    apply read_ret; [right; left; split; [reflexivity|exists i; exact T14]|exact (Sec _ D14)|]. reduce.
    assert (Pr : wrap U32 (w_mem w14 (obj "vms.is_protected" [h])) <> 0 <-> protected w h).
    { exact (same_protected cpu enter_cells (enter_word w cpu) w w14 eq_refl C14 h). }
    steps.
    - assert (P : protected w h) by (apply Pr; assumption).
      assert (V : serves cpu w14 h i) by (rewrite <- Lh, <- Li; exact (at_guest_serves B cpu w14 Hc I14 G14)).
      eapply wp_mono; [apply (HC h i); [exact V|exact (Sec _ D14)]|]. cbv beta. intros ? w15 (-> & y & fl & Xy & Xf & Cm). steps.
      pose proof (completes_keeps cpu h i w14 y fl w15 Cm V) as Kp.
      split; [reflexivity|]. split; [exact (idle_completes B cpu h i w14 y fl w15 Cm I14)|].
      split; [exact (rests_keeps _ _ _ _ _ Kp Lh Li G14 Rs14)|]. split; [exact (at_guest_keeps _ _ _ _ _ Kp Lh Li G14)|].
      exists w14. split; [exact Et|]. split; [contradiction|]. intros _. exists y, fl. auto.
    - assert (P : ~ protected w h) by (intros X; apply Pr in X; contradiction).
      split; [reflexivity|]. split; [exact I14|]. split; [exact Rs14|]. split; [exact G14|].
      exists w14. split; [exact Et|]. split; [reflexivity|]. contradiction.
  Qed.
End Proofs.
