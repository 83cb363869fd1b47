(** * Back to KServ (kcore/vcpu/run.c, guest_exit) *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Exposed Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Steps Prims Cpu_Facts Page_Spec Vm_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Prims Ctx_Spec Ctx_Facts Vgic_Spec Vgic_Proof Run_Spec.
From Redoubt.gen Require Import vcpu_run.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma changes_regs c cells words l : (forall x, In x l -> In ("reg." ++ fst (fst x)) cells) -> forall w,
  changes c cells words w (set_regs c l w).
Proof.
  induction l as [|x l IH]; intros H w; [apply changes_refl|]. cbn [set_regs fold_left].
  apply (changes_trans _ _ _ _ (set_reg c x w)); [apply changes_reg, H; left; reflexivity|].
  apply IH. intros y Y. apply H. right. exact Y.
Qed.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).
  Notation getter f := (does B cpu LI f 0 (Some U64)).
  Notation setter f := (does B cpu LI f 1 None).
  Hypothesis HB : board_ok B.

  Lemma root_range w : constants B w -> in_ty U64 (Z.shiftl (b_root B) 12) /\ wrap U64 (w_mem w (obj "host_root" [])) = b_root B.
  Proof.
    intros K. split; [|apply (k_root B w K)].
    destruct (bo_tables B HB 1 0) as (i & Ri & Rp); [split; [lia|left; reflexivity]|].
    destruct (bo_region B HB i Ri) as (P1 & P2 & P3 & _). unfold host_table in Rp. cbn in Rp. rewrite Z.add_0_r in Rp.
    rewrite Z.shiftl_mul_pow2 by lia. unfold in_ty. change (modulus U64) with (2 ^ 64). lia.
  Qed.

  Ltac setw H O T := eapply wp_mono; [apply H; [assumption|exact O|lia|exact T]|]; cbv beta; intros ? ? (-> & ->); steps.

  (** KServ's page is no vCPU's. *)
  Lemma host_apart w : secure B w -> 0 <= cpu < 8 -> forall h i, token w h i <> 0 ->
    host_ctx w cpu <> vcpu_run w h i /\ host_ctx w cpu <> vcpu_ctx w h i.
  Proof.
    intros S Hc h i T. destruct (st_host B w (s_seats B w S) cpu Hc) as (_ & K).
    destruct (st_run B w (s_seats B w S) h i T) as (_ & K' & _).
    assert (N : host_ctx w cpu <> vcpu_run w h i) by (intros E; rewrite <- E, K in K'; discriminate K').
    split; [exact N|]. intros E. destruct (Z.eq_dec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0) as [P|P].
    - apply N. rewrite E. apply (st_normal B w (s_seats B w S) h i T). intros X. exact (X P).
    - destruct (st_ctx B w (s_seats B w S) h i T P) as (_ & K2 & _). rewrite <- E, K in K2. discriminate K2.
  Qed.

  Lemma regs_other l r ix w : existsb (fun x => String.eqb (fst (fst x)) r) l = false ->
    reg_of (set_regs cpu l w) cpu r ix = reg_of w cpu r ix.
  Proof.
    revert w. induction l as [|[[q jx] v] l IH]; intros w N; [reflexivity|]. cbn [existsb fst] in N. apply orb_false_iff in N as [N1 N2].
    cbn [set_regs fold_left]. change (reg_of (set_regs cpu l (set_reg cpu (q, jx, v) w)) cpu r ix = reg_of w cpu r ix).
    rewrite IH by exact N2. apply reg_other. left. apply String.eqb_neq, N1.
  Qed.
  Lemma reg_cell d v r ix w : class_of d = Percpu -> String.eqb d ("reg." ++ r) = false ->
    reg_of (write_cell B (obj d [cpu]) v w) cpu r ix = reg_of w cpu r ix.
  Proof. intros P N. unfold reg_of, reg. rewrite percpu_mem, upd_name by exact N. reflexivity. Qed.
  Lemma reg_mem x d ix w : String.eqb ("reg." ++ fst (fst x)) d = false -> w_mem (set_reg cpu x w) (d, ix) = w_mem w (d, ix).
  Proof. intros N. unfold set_reg, reg. cbn [w_mem fst snd]. apply upd_name, N. Qed.

  (** What is written after the virtual interface is off. *)
  Definition later_cells : list ident := skipn 4 exit_cells.

  Ltac own S := apply own_read; [reflexivity|exact S|]; reduce.

  Lemma guest_exit_ok F : getter "elr_get" (F "elr_get") -> getter "spsr_get" (F "spsr_get") -> getter "hcr_get" (F "hcr_get") ->
    spec_own_get B cpu LI (F "pg_get") -> spec_own_set B cpu LI (F "pg_set") -> spec_fp_exit B cpu LI (F "fp_exit") ->
    spec_vgic_exit B cpu LI (F "vgic_exit") -> spec_ctx_switch B cpu LI (F "ctx_switch") ->
    setter "cnthctl_set" (F "cnthctl_set") -> does_all B cpu LI "features_set" 1 None (F "features_set") ->
    does_all B cpu LI "pmu_start" 1 None (F "pmu_start") -> setter "elr_set" (F "elr_set") -> setter "spsr_set" (F "spsr_set") ->
    spec_turned_off B cpu (F "vcpu_turn_off") -> spec_guest_exit B cpu (invoke F fuel f_guest_exit).
  Proof.
    intros HE HS HH HG HP HF HV HX HN HT HM HE2 HS2 HO code w Hc Xc G Id Pc.
    assert (S := kn_secure B _ (id_known B _ Id)). assert (Hd := id_held B _ Id). assert (Kc := kn_constants B _ (id_known B _ Id)).
    destruct (ag_own _ _ G (ag_vm _ _ G)) as (Rh & Ri & T).
    set (h := loaded_vm cpu w) in *. set (i := loaded_vcpu cpu w) in *.
    set (ctx := cur_ctx cpu w) in *. set (host := host_ctx w cpu). set (run := vcpu_run w h i).
    assert (O : own_ctx cpu w ctx).
    { right. exists h, i. split; [exact T|]. split; [exact (ag_on _ _ G)|exact (ag_ctx _ _ G)]. }
    assert (Or : own_run cpu w run) by (exists h, i; auto).
    assert (Hh : has cpu w [h]) by (exists i; exact T).
    destruct (host_apart w S Hc h i ltac:(lia)) as [N1 N2]. assert (Ec : ctx = vcpu_ctx w h i) by exact (ag_ctx _ _ G). rewrite <- Ec in
      N2. fold host in N1, N2. fold run in N1.
    enter. steps. own S. change (wrap U32 (w_mem w ("pcpu.vm", [cpu]))) with h. steps.
    own S. change (wrap U64 (w_mem w ("pcpu.cur_ctx", [cpu]))) with ctx. steps.
    apply own_read; [exact I|exact S|]. reduce. change (wrap U64 (w_mem w ("pcpu.host_ctx", [cpu]))) with host. steps.
    own S. change (wrap U32 (w_mem w ("pcpu.vcpu", [cpu]))) with i. steps.
    apply own_read; [right; left; split; [reflexivity|exact T]|exact S|]. reduce.
    change (wrap U64 (w_mem w ("vcpus.run_pfn", [h; i]))) with run. steps.
    prim HE S. steps. set (pc := wrap U64 (w_mem w (reg cpu "elr" []))).
    eapply wp_mono; [apply HP; [exact Hd|left; exact O|lia|apply (told_ctx B); [assumption..|reflexivity]]|]. cbv beta.
      intros ? ? (-> & ->). steps.
    set (w1 := put_word ctx 31 pc w). assert (S1 : secure B w1) by (apply secure_ram, S).
    assert (C1 : changes cpu exit_cells (exit_word w cpu) w w1) by (apply changes_word; left; split; [reflexivity|lia]).
    prim HS S1. steps. set (ps := wrap U64 (w_mem w1 (reg cpu "spsr" []))).
    eapply wp_mono; [apply HP; [exact Hd|left; exact O|lia|exact (told_ctx B cpu w1 S1 Hc ctx 32 ps O eq_refl)]|]. cbv beta.
    intros ? ? (-> & ->). to_if.
    set (w2 := put_word ctx 32 ps w1). assert (S2 : secure B w2) by (apply secure_ram, S1).
    assert (C2 : changes cpu exit_cells (exit_word w cpu) w w2).
    { apply (changes_trans _ _ _ _ w1); [exact C1|apply changes_word; left; split; [reflexivity|lia]]. }
    join (fun e w3 => w_mem w3 = w_mem w /\ changes cpu exit_cells (exit_word w cpu) w w3 /\ exists v,
      e = [("cpu", Some cpu); ("code", Some code); ("h", Some h); ("ctx", Some ctx); ("host", Some host); ("run", Some run);
           ("v", Some v)]).
    { steps. apply own_read; [right; left; split; [reflexivity|exact Hh]|exact S2|]. steps.
      - assert (N : ~ protected w h) by (intros P; exact (P E)).
        prim HH S2. steps. set (v := wrap U64 (w_mem w2 (reg cpu "hcr" []))).
        eapply wp_mono; [apply HP; [exact Hd|right; exact Or|lia|exact (told_normal B cpu w2 S2 Hc h i 272 v T N)]|]. cbv beta.
        intros ? ? (-> & ->). steps. set (w2' := put_word run 272 v w2). assert (S2' : secure B w2') by (apply secure_ram, S2).
        own S2'. steps.
        match goal with |- context [F "pg_set" [_; _; ?x]] => set (fl := x) end.
        eapply wp_mono; [apply HP; [exact Hd|right; exact Or|lia|exact (told_normal B cpu w2' S2' Hc h i 261 fl T N)]|]. cbv beta.
        intros ? ? (-> & ->). steps. split; [reflexivity|]. split; [|exists v; reflexivity].
        apply (changes_trans _ _ _ _ w2); [exact C2|]. apply (changes_trans _ _ _ _ w2').
        + apply changes_word. right; left. auto.
        + apply changes_word. right; left. auto.
      - split; [reflexivity|]. split; [exact C2|]. exists ps. reflexivity. }
    intros e w3 (M3 & C3 & v & ->). assert (S3 : secure B w3) by (eapply changes_secure; [|exact C3|exact S]; reflexivity).
    assert (E3 : cur_ctx cpu w3 = ctx) by (unfold cur_ctx; rewrite M3; reflexivity). steps.
    eapply wp_mono; [apply HF; [exact Hc|rewrite E3; eapply same_own_ctx; [|exact C3|exact O]; reflexivity|
      rewrite (ch_held _ _ _ _ _ C3); exact Hd|exact S3]|]. cbv beta.
    intros ? w4 (-> & P4 & S4 & L4 & D4). rewrite E3 in D4. steps.
    assert (C4 : changes cpu exit_cells (exit_word w cpu) w w4).
    { apply (changes_trans _ _ _ _ w3); [exact C3|]. eapply changes_more; [| |exact D4].
      - intros x X. unfold exit_cells. cbn in X |- *. tauto.
      - intros p j (-> & J). left. split; [reflexivity|lia]. }
    assert (A4 : at_run B cpu run w4).
    { split; [eapply same_own_run; [|exact C4|exact Or]; reflexivity|].
      split; [rewrite (ch_held _ _ _ _ _ C4); exact Hd|exact S4]. }
    assert (V4 : reg_of w4 cpu "ich_vtr" [] = reg_of w cpu "ich_vtr" []) by (eapply same_reg; [exact C4|reflexivity]).
    assert (L4' : n_lr cpu w4 = n_lr cpu w) by (unfold n_lr; rewrite (same_own cpu _ _ _ _ C4) by reflexivity; reflexivity).
    eapply wp_mono; [apply HV; [exact Hc|exact A4|unfold lr_fit; rewrite V4, L4'; exact (ag_lr _ _ G)]|]. cbv beta.
    intros ? w5 (-> & A5 & D5 & Z5 & R5). rewrite L4' in R5. steps.
    assert (C5 : changes cpu exit_cells (exit_word w cpu) w w5).
    { apply (changes_trans _ _ _ _ w4); [exact C4|]. eapply changes_more; [| |exact D5].
      - intros x X. unfold exit_cells. cbn in X |- *. tauto.
      - intros p j J. right; right; left. exact J. }
    assert (S5 := proj2 (proj2 A5)). assert (Hd5 := proj1 (proj2 A5)).
    assert (Eh5 : host_ctx w5 cpu = host) by (eapply same_host; [|exact C5]; reflexivity).
    assert (K5 : constants B w5) by (eapply same_constants; [|exact C5|exact Kc]; reflexivity).
    destruct (root_range w5 K5) as [Rr Er].
    assert (Nx : forall j, j <> 0 -> j <> 1 -> ~ exit_word w cpu host j).
    { intros j J0 J1 [[X _]|[(_ & X & _)|[[X _]|[[X _]|[_ X]]]]]; [exact (N2 X)|exact (N1 X)|exact (N1 X)|exact (N1 X)|lia]. }
    apply own_read; [exact I|exact S5|]. reduce.
    change (wrap U64 (w_mem w5 ("host_root", []))) with (wrap U64 (w_mem w5 (obj "host_root" []))). rewrite Er. steps.
    own S5. steps.
    eapply wp_mono; [apply HX; [exact Hd5|eapply same_own_ctx; [|exact C5|exact O]; reflexivity|]|].
    { left. split; [symmetry; exact Eh5|]. split; [exact Hc|]. split; [|reflexivity].
      unfold vttbr. rewrite (wrap_small U64 _ Rr). reflexivity. }
    cbv beta. intros ? ? (-> & va & sc & s & Ov & Sv & ->).
    destruct Ov as [-> ->]; [left; split; [exact Hc|symmetry; exact Eh5]|]. steps.
    match goal with |- wp _ _ _ ?x => set (w6 := x) end.
    assert (D6 : changes cpu later_cells (exit_word w cpu) w5 w6).
    { apply (changes_trans _ _ _ _ (set_ram s w5)).
      - apply changes_ram. intros p j N. apply Sv. destruct (Z.eq_dec p ctx) as [->|]; [right|left; assumption].
        intros J. apply N. left. split; [reflexivity|lia].
      - apply changes_regs. intros x X. unfold later_cells. cbn in X |- *.
        repeat (destruct X as [<-|X]; [cbn; tauto|]). destruct X. }
    assert (Sec : forall v, changes cpu later_cells (exit_word w cpu) w5 v -> secure B v).
    { intros u U. eapply changes_secure; [|exact U|exact S5]; reflexivity. }
    assert (S6 := Sec _ D6). prim HN S6. steps. set (w7 := set_reg cpu _ w6).
    assert (D7 : changes cpu later_cells (exit_word w cpu) w5 w7).
    { eapply changes_trans; [exact D6|apply changes_reg; cbn; tauto]. }
    assert (S7 := Sec _ D7). prim HT S7; [right; reflexivity|]. steps. set (w8 := set_reg cpu _ w7).
    assert (D8 : changes cpu later_cells (exit_word w cpu) w5 w8).
    { eapply changes_trans; [exact D7|apply changes_reg; cbn; tauto]. }
    assert (S8 := Sec _ D8). own S8. steps.
    assert (P8 : reg_of w8 cpu "pmu" [] = 0).
    { unfold w8, w7. rewrite !reg_other by (left; discriminate). unfold w6. rewrite regs_other by reflexivity.
      change (reg_of (set_ram s w5) cpu "pmu" []) with (reg_of w5 cpu "pmu" []).
      rewrite (same_reg cpu _ _ _ _ "pmu" [] D5) by reflexivity. rewrite (same_reg cpu _ _ _ _ "pmu" [] D4) by reflexivity.
      unfold reg_of. rewrite M3. exact (ag_pmu _ _ G). }
    prim HM S8; [exact P8|]. steps. set (w9 := set_reg cpu _ w8).
    assert (D9 : changes cpu later_cells (exit_word w cpu) w5 w9).
    { eapply changes_trans; [exact D8|apply changes_reg; cbn; tauto]. }
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact (Sec _ D9)|]. intros _.
    set (w10 := write_cell B _ host w9). steps.
    assert (D10 : changes cpu later_cells (exit_word w cpu) w5 w10).
    { eapply changes_trans; [exact D9|apply changes_cell; [cbn; tauto|reflexivity]]. }
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact (Sec _ D10)|]. intros _.
    set (w11 := write_cell B _ 0 w10). steps.
    assert (D11 : changes cpu later_cells (exit_word w cpu) w5 w11).
    { eapply changes_trans; [exact D10|apply changes_cell; [cbn; tauto|reflexivity]]. }
    assert (Whole : forall u, changes cpu later_cells (exit_word w cpu) w5 u -> changes cpu exit_cells (exit_word w cpu) w u).
    { intros u U. apply (changes_trans _ _ _ _ w5); [exact C5|]. eapply changes_more; [| |exact U]; [|auto].
      intros x X. unfold later_cells, exit_cells in *. cbn in X |- *. tauto. }
    assert (Eh : forall u, changes cpu later_cells (exit_word w cpu) w5 u -> host_ctx u cpu = host).
    { intros u U. apply Whole in U. eapply same_host; [|exact U]; reflexivity. }
    assert (Hu : forall u, changes cpu later_cells (exit_word w cpu) w5 u -> w_held u = false).
    { intros u U. rewrite (ch_held _ _ _ _ _ U). exact Hd5. }
    assert (Op : forall u, changes cpu later_cells (exit_word w cpu) w5 u -> own_page cpu u host).
    { intros u U. left. split; [exact Hc|symmetry; apply Eh, U]. }
    assert (Mh : forall u, changes cpu later_cells (exit_word w cpu) w5 u -> mine cpu u host).
    { intros u U. left; left. split; [exact Hc|symmetry; apply Eh, U]. }
    assert (Wh : forall u j, changes cpu later_cells (exit_word w cpu) w5 u -> j <> 0 -> j <> 1 -> word u host j = word w host j).
    { intros u j U J0 J1. apply Whole in U. unfold word. rewrite (ch_ram _ _ _ _ _ U) by (apply Nx; assumption). reflexivity. }
    eapply wp_mono; [apply HG; [exact (Hu _ D11)|exact (Mh _ D11)|lia]|]. cbv beta.
    intros ? ? (-> & v31 & -> & X31 & Y31). specialize (Y31 (Op _ D11)). rewrite (Wh w11 31 D11) in Y31 by lia. steps.
    assert (S11 := Sec _ D11). prim HE2 S11. steps. set (w12 := set_reg cpu _ w11).
    assert (D12 : changes cpu later_cells (exit_word w cpu) w5 w12).
    { eapply changes_trans; [exact D11|apply changes_reg; cbn; tauto]. }
    eapply wp_mono; [apply HG; [exact (Hu _ D12)|exact (Mh _ D12)|lia]|]. cbv beta.
    intros ? ? (-> & v32 & -> & X32 & Y32). specialize (Y32 (Op _ D12)). rewrite (Wh w12 32 D12) in Y32 by lia. steps.
    assert (S12 := Sec _ D12). prim HS2 S12. steps. set (w13 := set_reg cpu _ w12).
    assert (D13 : changes cpu later_cells (exit_word w cpu) w5 w13).
    { eapply changes_trans; [exact D12|apply changes_reg; cbn; tauto]. }
    assert (S13 := Sec _ D13). assert (C13 := Whole _ D13).
    assert (O13 : own_run cpu w13 run) by (eapply same_own_run; [|exact C13|exact Or]; reflexivity).
    assert (E11 : cur_ctx cpu w11 = host).
    { unfold cur_ctx, w11. rewrite percpu_mem, upd_name by reflexivity. unfold w10. rewrite percpu_mem, upd_same. apply wrap_wrap. }
    assert (E13 : cur_ctx cpu w13 = host).
    { rewrite <- E11. unfold cur_ctx, w13, w12. cbn [set_reg w_mem]. rewrite !upd_other by (intros X; discriminate X). reflexivity. }
    assert (T13 : told cpu w13 run 256 code).
    { destruct (Z.eq_dec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0) as [P|P].
      - assert (Er' : vcpu_run w13 h i = run) by (eapply same_run; [|exact C13]; reflexivity). rewrite <- Er'.
        apply (told_normal B); [exact S13|exact Hc|erewrite same_token; [exact T| |exact C13]; reflexivity|].
        intros X. apply (same_protected cpu exit_cells (exit_word w cpu) w w13 eq_refl C13) in X. exact (X P).
      - apply told_exposed; [exact O13|apply ex_exit, Pc, P]. }
    eapply wp_mono; [apply HP; [exact (Hu _ D13)|right; exact O13|lia|exact T13]|]. cbv beta. intros ? ? (-> & ->). steps.
    set (w14 := put_word run 256 code w13).
    assert (D14 : changes cpu later_cells (exit_word w cpu) w5 w14).
    { eapply changes_trans; [exact D13|apply changes_word]. right; right; right; left. auto. }
    eapply wp_mono; [apply HP; [exact (Hu _ D14)|exact (Mh _ D14)|lia|]|].
    { rewrite <- (Eh _ D14). apply (told_host B); [exact (Sec _ D14)|exact Hc|rewrite (Eh _ D14); exact E13]. }
    cbv beta. intros ? ? (-> & ->). steps. set (w15 := put_word host 0 0 w14).
    assert (D15 : changes cpu later_cells (exit_word w cpu) w5 w15).
    { eapply changes_trans; [exact D14|apply changes_word]. right; right; right; right. auto. }
    eapply wp_mono; [apply HP; [exact (Hu _ D15)|exact (Mh _ D15)|lia|]|].
    { rewrite <- (Eh _ D15). apply (told_host B); [exact (Sec _ D15)|exact Hc|rewrite (Eh _ D15); exact E13]. }
    cbv beta. intros ? ? (-> & ->). set (w16 := put_word host 1 code w15).
    assert (D16 : changes cpu later_cells (exit_word w cpu) w5 w16).
    { eapply changes_trans; [exact D15|apply changes_word]. right; right; right; right. auto. }
    assert (C16 := Whole _ D16).
    assert (I16 : idle B w16).
    { split; [exact (Hu _ D16)|]. split; [exact (Sec _ D16)|]. eapply same_constants; [|exact C16|exact Kc]; reflexivity. }
    assert (Hr : forall r ix, reg_of w16 cpu r ix = reg_of w13 cpu r ix) by reflexivity.
    assert (Ha : host_again cpu code w w16).
    { constructor.
      - exact C16.
      - split.
        + rewrite (Eh _ D16). change (wrap U64 (w_mem w13 (obj "pcpu.cur_ctx" [cpu])) = host). unfold w13, w12.
          rewrite !reg_mem by reflexivity. unfold w11. rewrite percpu_mem, upd_name by reflexivity. unfold w10.
          rewrite percpu_mem, upd_same. apply wrap_wrap.
        + change (wrap U32 (w_mem w13 (obj "pcpu.in_guest" [cpu])) = 0). unfold w13, w12.
          rewrite !reg_mem by reflexivity. unfold w11. rewrite percpu_mem, upd_same. reflexivity.
      - rewrite Hr. unfold w13. rewrite reg_other by (left; discriminate). unfold w12. rewrite reg_same, wrap_small by exact X31.
        exact Y31.
      - rewrite Hr. unfold w13. rewrite reg_same, wrap_small by exact X32. exact Y32.
      - rewrite Hr. unfold w13, w12. rewrite !reg_other by (left; discriminate). unfold w11, w10. rewrite !reg_cell by reflexivity.
        unfold w9, w8, w7. rewrite !reg_other by (left; discriminate). unfold w6. cbn [set_regs context_regs fold_left].
        rewrite !reg_other by (left; discriminate). rewrite reg_same. unfold word at 1. rewrite wrap_wrap.
        unfold word. rewrite (ch_ram _ _ _ _ _ C5) by (apply Nx; lia). reflexivity.
      - rewrite Hr. unfold w13, w12. rewrite !reg_other by (left; discriminate). unfold w11, w10. rewrite !reg_cell by reflexivity.
        unfold w9, w8, w7. rewrite !reg_other by (left; discriminate). unfold w6. cbn [set_regs context_regs fold_left].
        rewrite !reg_other by (left; discriminate). rewrite reg_same. unfold word at 1. rewrite wrap_wrap.
        unfold word. rewrite (ch_ram _ _ _ _ _ C5) by (apply Nx; lia). reflexivity.
      - rewrite Hr. unfold w13, w12. rewrite !reg_other by (left; discriminate). unfold w11, w10. rewrite !reg_cell by reflexivity.
        unfold w9, w8, w7. rewrite !reg_other by (left; discriminate). unfold w6. cbn [set_regs context_regs fold_left].
        rewrite !reg_other by (left; discriminate). rewrite reg_same. apply wrap_wrap.
      - rewrite Hr. unfold w13, w12. rewrite !reg_other by (left; discriminate). unfold w11, w10. rewrite !reg_cell by reflexivity.
        unfold w9, w8, w7. rewrite !reg_other by (left; discriminate). unfold w6. cbn [set_regs context_regs fold_left].
        rewrite !reg_other by (left; discriminate). rewrite reg_same. rewrite (k_root B w Kc), (wrap_small U64 _ Rr). unfold vttbr.
        change (Z.shiftl 0 48) with 0. rewrite Z.lor_0_l. apply wrap_small, Rr.
      - rewrite Hr. unfold w13, w12. rewrite !reg_other by (left; discriminate). unfold w11, w10. rewrite !reg_cell by reflexivity.
        unfold w9, w8, w7. rewrite !reg_other by (left; discriminate). unfold w6. cbn [set_regs context_regs fold_left].
        rewrite !reg_other by (left; discriminate). rewrite reg_same. reflexivity.
      - rewrite Hr. unfold w13, w12. rewrite !reg_other by (left; discriminate). unfold w11, w10. rewrite !reg_cell by reflexivity.
        unfold w9, w8, w7. rewrite !reg_other by (left; discriminate). unfold w6. cbn [set_regs context_regs fold_left].
        rewrite reg_same. rewrite (same_own cpu _ _ _ _ C5) by reflexivity. apply wrap_wrap.
      - rewrite Hr. unfold w13, w12. rewrite !reg_other by (left; discriminate). unfold w11, w10. rewrite !reg_cell by reflexivity.
        unfold w9, w8, w7. rewrite !reg_other by (left; discriminate). rewrite reg_same. reflexivity.
      - rewrite Hr. unfold w13, w12. rewrite !reg_other by (left; discriminate). unfold w11, w10. rewrite !reg_cell by reflexivity.
        unfold w9, w8. rewrite !reg_other by (left; discriminate). rewrite reg_same. reflexivity.
      - rewrite Hr. unfold w13, w12. rewrite !reg_other by (left; discriminate). unfold w11, w10. rewrite !reg_cell by reflexivity.
        unfold w9. rewrite reg_same. rewrite wrap_wrap. rewrite (same_own cpu _ _ _ _ D8) by reflexivity.
        rewrite (same_own cpu _ _ _ _ C5) by reflexivity. reflexivity.
      - fold host. unfold w16. rewrite put_word_other by (right; lia). unfold w15. apply put_word_same.
      - fold host. unfold w16. rewrite put_word_same. apply wrap_small, Xc.
      - unfold fp_live. rewrite (same_own cpu _ _ _ _ D16), (same_own cpu _ _ _ _ D5) by reflexivity. exact L4.
      - rewrite (same_reg cpu _ _ _ _ "cptr" [] D16), (same_reg cpu _ _ _ _ "cptr" [] D5) by reflexivity. exact P4.
      - rewrite (same_reg cpu _ _ _ _ "ich_hcr" [] D16) by reflexivity. exact Z5.
      - intros n N. rewrite (same_reg cpu _ _ _ _ "ich_lr" [n] D16) by reflexivity. apply R5, N. }
    steps.
    - assert (Lh : loaded_vm cpu w16 = h) by (unfold loaded_vm; rewrite (same_own cpu _ _ _ _ C16) by reflexivity; reflexivity).
      assert (Li : loaded_vcpu cpu w16 = i) by (unfold loaded_vcpu; rewrite (same_own cpu _ _ _ _ C16) by reflexivity; reflexivity).
      assert (Lv : loaded_vm cpu w16 <> 0) by (rewrite Lh; exact (ag_vm _ _ G)).
      assert (Ow : own_ok cpu w16).
      { intros _. rewrite Lh, Li. split; [exact Rh|]. split; [exact Ri|].
        erewrite same_token; [exact T| |exact C16]; reflexivity. }
      eapply wp_mono; [apply HO; [exact Hc|exact Ow|exact Lv|exact I16]|]. cbv beta. intros ? w' (-> & I' & Kp & R'). steps.
      split; [reflexivity|]. split; [exact I'|]. exists w16. split; [exact Ha|]. split; [exact I16|]. right. auto.
    - split; [reflexivity|]. split; [exact I16|]. exists w16. split; [exact Ha|]. split; [exact I16|]. left. auto.
  Qed.
End Proofs.
