(** * The virtual CPU interface: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Exposed Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Prims Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Word_Spec Prims Ctx_Spec Ctx_Facts Vgic_Spec.
From Redoubt.gen Require Import vcpu_vgic.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore_all B cpu LI)).
  Notation getter f := (does B cpu LI f 0 (Some U64)).
  Notation setter f := (does B cpu LI f 1 None).
  Notation at_run := (at_run B cpu).

  Lemma at_run_changes cells words run w w' : own_names cells = true -> changes cpu cells words w w' ->
    at_run run w -> at_run run w'.
  Proof.
    intros N C (O & H & S). split; [eapply same_own_run; eassumption|]. split; [rewrite (ch_held _ _ _ _ _ C); exact H|].
    eapply changes_secure; eassumption.
  Qed.

  (** A register is written; a word of the run page is read, or is told what a register holds. *)
  Lemma at_run_reg run x w : at_run run w -> at_run run (set_reg cpu x w).
  Proof.
    apply (at_run_changes ["reg." ++ fst (fst x)] no_word).
    - unfold own_names. cbn [forallb]. change ("reg." ++ fst (fst x)) with (fst (reg cpu (fst (fst x)) [])).
      rewrite reg_class. reflexivity.
    - apply changes_reg. left. reflexivity.
  Qed.
  Lemma at_run_word run p i x w : at_run run w -> at_run run (put_word p i x w).
  Proof. apply (at_run_changes [] (fun _ _ => True)); [reflexivity|]. apply changes_word. exact I. Qed.

  Lemma get F run i w (Q : option Z -> world -> Prop) : spec_own_get B cpu LI (F "pg_get") -> at_run run w -> 0 <= i < 512 ->
    (forall v, in_ty U64 v -> Q (Some v) w) -> WP (F "pg_get" [run; i]) Q w.
  Proof.
    intros H (O & Hd & S) Hi HQ. eapply wp_mono; [apply H; [exact Hd|right; exact O|exact Hi]|]. cbv beta.
    intros r w' (-> & v & -> & V & _). apply HQ, V.
  Qed.
  Lemma put F run i x w (Q : option Z -> world -> Prop) : spec_own_set B cpu LI (F "pg_set") -> at_run run w -> 0 <= i < 512 ->
    exposed cpu w i x -> Q None (put_word run i x w) -> WP (F "pg_set" [run; i; x]) Q w.
  Proof.
    intros H (O & Hd & S) Hi E HQ. eapply wp_mono; [apply H; [exact Hd|right; exact O|exact Hi|apply told_exposed;
      [exact O|exact E]]|]. cbv beta.
    intros r w' (-> & ->). exact HQ.
  Qed.

  Lemma ap_there_of w g n : g = 0 \/ g = 1 -> 0 <= n < aps (reg_of w cpu "ich_vtr" []) -> ap_there cpu w g n.
  Proof. intros G N. split; [exact G|]. exact N. Qed.
  Lemma aps_range x : 1 <= aps x <= 4.
  Proof. unfold aps. cbv zeta. destruct (_ <=? _); [lia|]. destruct (_ =? _); lia. Qed.
  Lemma lr_there_of w n : 0 <= n < lrs (reg_of w cpu "ich_vtr" []) -> lr_there cpu w n.
  Proof.
    unfold lrs, lr_there, field. change (2 ^ 0) with 1. rewrite Z.div_1_r. change (2 ^ 5) with 32. lia.
  Qed.

  Lemma same_reg cells words w w' r ix : changes cpu cells words w w' -> existsb (String.eqb ("reg." ++ r)) cells = false ->
    reg_of w' cpu r ix = reg_of w cpu r ix.
  Proof. intros C N. unfold reg_of, reg. rewrite (same_own cpu cells words w w' C _ _ N). reflexivity. Qed.
  Lemma reg_same r ix x w : reg_of (set_reg cpu (r, ix, x) w) cpu r ix = wrap U64 x.
  Proof. unfold reg_of, set_reg, reg. cbn [w_mem fst snd]. rewrite upd_same. reflexivity. Qed.
  Lemma reg_other r ix r' ix' x w : r <> r' \/ ix <> ix' -> reg_of (set_reg cpu (r, ix, x) w) cpu r' ix' = reg_of w cpu r' ix'.
  Proof.
    intros N. unfold reg_of, set_reg, reg. cbn [w_mem fst snd]. f_equal. apply upd_other.
    cbn [append]. intros [= E1 E2]. destruct N; congruence.
  Qed.
  Lemma reg_page x w p i : word (set_reg cpu x w) p i = word w p i.
  Proof. reflexivity. Qed.
  Lemma reg_word r ix p i x w : reg_of (put_word p i x w) cpu r ix = reg_of w cpu r ix.
  Proof. reflexivity. Qed.

  Ltac getw H A v V := eapply get; [exact H|exact A|lia|]; intros v V; reduce.
  Ltac pure H := eapply wp_mono; [apply wp_all; apply H; apply wrap_in|cbv beta; intros ? ? [-> ->]; reduce].
  Ltac env := repeat (apply f_equal2); reflexivity.

  Definition AP := ["reg.ich_vmcr"; "reg.ich_ap"].

  Lemma vgic_load_ok F : getter "ich_vtr_get" (F "ich_vtr_get") -> spec_ap_count B cpu LI (F "ap_count") ->
    spec_own_get B cpu LI (F "pg_get") -> setter "ich_vmcr_set" (F "ich_vmcr_set") ->
    does B cpu LI "ich_ap_set" 3 None (F "ich_ap_set") -> spec_vgic_load B cpu LI (invoke F fuel f_vgic_load).
  Proof.
    intros H1 H2 H3 H4 H5 run w Hc A. enter. assert (S := proj2 (proj2 A)). steps. prim H1 S. steps. pure H2. steps.
    change (wrap U64 (w_mem w (reg cpu "ich_vtr" []))) with (reg_of w cpu "ich_vtr" []).
    set (vtr := reg_of w cpu "ich_vtr" []). pose proof (aps_range vtr) as R.
    getw H3 A v0 V0. steps. prim H4 S. steps.
    loop (fun m e w1 => at_run run w1 /\ changes cpu AP no_word w w1 /\ exists i v, m = aps vtr - i /\ 0 <= i <= aps vtr /\
      e = [("run", Some run); ("vtr", Some vtr); ("n", Some (aps vtr)); ("i", Some i); ("v", Some v)]) from (aps vtr).
    - lia.
    - split; [apply at_run_reg, A|]. split; [apply changes_reg; left; reflexivity|]. exists 0, v0.
      split; [lia|]. split; [lia|reflexivity].
    - intros m e w1 M (A1 & C1 & i & v & -> & I & ->). steps.
      + getw H3 A1 v1 V1. steps.
        assert (T : forall x g, (g = 0 \/ g = 1) -> ap_there cpu (set_reg cpu ("ich_ap", [0; i], x) w1) g i /\ ap_there cpu w1 g i).
        { intros x g G. assert (Ev : reg_of w1 cpu "ich_vtr" [] = vtr) by (apply (same_reg AP no_word w w1); [exact C1|reflexivity]).
          split; apply ap_there_of; [exact G| |exact G|]; [rewrite reg_other by (left; discriminate)|]; rewrite Ev; lia. }
        assert (S1 := proj2 (proj2 A1)). prim H5 S1; [apply (T 0); auto|]. steps.
        assert (A2 := at_run_reg run ("ich_ap", [0; i], Z.land v1 4294967295) w1 A1).
        getw H3 A2 v2 V2. steps. assert (S2 := proj2 (proj2 A2)). prim H5 S2; [apply T; auto|]. steps.
        eexists. split; [|split; [apply at_run_reg, A2|]].
        2: { split; [eapply changes_trans; [exact C1|eapply changes_trans; apply changes_reg; right; left; reflexivity]|].
             exists (i + 1), v2. split; [reflexivity|]. split; [lia|reflexivity]. }
        lia.
      + split; [reflexivity|]. split; [exact A1|exact C1].
  Qed.
  Ltac putw H A := eapply put; [exact H|exact A|lia| |reduce].
  (** The first [i] of each group are in the run page and 0; the others are as they were. *)
  Definition put_so_far (run i : Z) (w w1 : world) : Prop := word w1 run 289 = reg_of w cpu "ich_vmcr" [] /\
    forall g n, g = 0 \/ g = 1 ->
      (0 <= n < i -> reg_of w1 cpu "ich_ap" [g; n] = 0 /\ word w1 run (292 + 4 * g + n) = reg_of w cpu "ich_ap" [g; n]) /\
      (i <= n -> reg_of w1 cpu "ich_ap" [g; n] = reg_of w cpu "ich_ap" [g; n]).

  Lemma vgic_put_ok F : getter "ich_vtr_get" (F "ich_vtr_get") -> spec_ap_count B cpu LI (F "ap_count") ->
    getter "ich_vmcr_get" (F "ich_vmcr_get") -> spec_own_set B cpu LI (F "pg_set") ->
    setter "ich_vmcr_set" (F "ich_vmcr_set") -> does B cpu LI "ich_ap_get" 2 (Some U64) (F "ich_ap_get") ->
    does B cpu LI "ich_ap_set" 3 None (F "ich_ap_set") -> spec_vgic_put B cpu LI (invoke F fuel f_vgic_put).
  Proof.
    intros H1 H2 H3 H4 H5 H6 H7 run w Hc A. enter. assert (S := proj2 (proj2 A)). steps. prim H1 S. steps. pure H2. steps.
    change (wrap U64 (w_mem w (reg cpu "ich_vtr" []))) with (reg_of w cpu "ich_vtr" []).
    set (vtr := reg_of w cpu "ich_vtr" []). pose proof (aps_range vtr) as R. prim H3 S. steps.
    putw H4 A; [apply ex_vgic_vmcr|]. set (wa := put_word run 289 _ w).
    assert (A0 : at_run run wa) by (apply at_run_word, A). assert (S0 := proj2 (proj2 A0)). steps. prim H5 S0. steps.
    set (wb := set_reg cpu ("ich_vmcr", [], 0) wa).
    assert (Cb : changes cpu AP (vgic_word run) w wb).
    { eapply changes_trans; [apply changes_word; split; auto|apply changes_reg; left; reflexivity]. }
    loop (fun m e w1 => at_run run w1 /\ changes cpu AP (vgic_word run) w w1 /\ reg_of w1 cpu "ich_vmcr" [] = 0 /\
      exists i v, m = aps vtr - i /\ 0 <= i <= aps vtr /\ put_so_far run i w w1 /\
      e = [("run", Some run); ("vtr", Some vtr); ("n", Some (aps vtr)); ("i", Some i); ("v", Some v)]) from (aps vtr).
    - lia.
    - split; [apply at_run_reg, A0|]. split; [exact Cb|]. split; [apply reg_same|]. eexists 0, _.
      split; [lia|]. split; [lia|]. split; [|reflexivity]. split; [unfold wb, wa; rewrite reg_page, put_word_same; apply wrap_wrap|].
      intros g n G. split; [lia|]. intros _. unfold wb. rewrite reg_other by (left; discriminate). reflexivity.
    - intros m e w1 M (A1 & C1 & Z1 & i & v & -> & I & [Wv Cl] & ->).
      assert (T : forall w2, changes cpu AP (vgic_word run) w w2 -> forall g, (g = 0 \/ g = 1) -> i < aps vtr -> ap_there cpu w2 g i).
      { intros w2 C2 g G L. apply ap_there_of; [exact G|].
        rewrite (same_reg AP (vgic_word run) w w2 "ich_vtr" [] C2 eq_refl). fold vtr. lia. }
      steps.
      + assert (S1 := proj2 (proj2 A1)). prim H6 S1; [apply T; auto|]. steps. change (292 + i) with (292 + 4 * 0 + i).
        putw H4 A1; [apply ex_vgic_ap; lia|]. set (w2 := put_word run _ _ w1).
        assert (A2 : at_run run w2) by (apply at_run_word, A1).
        assert (C2 : changes cpu AP (vgic_word run) w w2).
        { eapply changes_trans; [exact C1|apply changes_word; split; [reflexivity|lia]]. }
        assert (S2 := proj2 (proj2 A2)). steps. prim H7 S2; [apply T; auto|]. set (w3 := set_reg cpu ("ich_ap", [0; i], 0) w2).
        assert (A3 : at_run run w3) by (apply at_run_reg, A2).
        assert (C3 : changes cpu AP (vgic_word run) w w3).
        { eapply changes_trans; [exact C2|apply changes_reg; right; left; reflexivity]. }
        assert (S3 := proj2 (proj2 A3)). steps. prim H6 S3; [apply T; auto|]. steps.
        replace (296 + i) with (292 + 4 * 1 + i) by lia.
        putw H4 A3; [apply ex_vgic_ap; lia|]. set (w4 := put_word run _ _ w3).
        assert (A4 : at_run run w4) by (apply at_run_word, A3).
        assert (C4 : changes cpu AP (vgic_word run) w w4).
        { eapply changes_trans; [exact C3|apply changes_word; split; [reflexivity|lia]]. }
        assert (S4 := proj2 (proj2 A4)). steps. prim H7 S4; [apply T; auto|]. steps.
        exists (aps vtr - (i + 1)). split; [lia|]. split; [apply at_run_reg, A4|].
        split; [eapply changes_trans; [exact C4|apply changes_reg; right; left; reflexivity]|].
        split; [rewrite reg_other by (left; discriminate); unfold w4; rewrite reg_word; unfold w3;
          rewrite reg_other by (left; discriminate); exact Z1|].
        eexists (i + 1), _. split; [reflexivity|]. split; [lia|]. split; [|reflexivity].
        split.
        { rewrite reg_page. unfold w4. rewrite put_word_other by (right; lia). unfold w3. rewrite reg_page. unfold w2.
          rewrite put_word_other by (right; lia). exact Wv. }
        intros g n G. destruct (Cl g n G) as [Cl1 Cl2]. split; intros N.
        * rewrite reg_page. destruct (Z.eq_dec n i) as [->|Ni].
          { destruct G as [->| ->].
            - split; [rewrite reg_other by (right; intros [=]); unfold w4; rewrite reg_word; apply reg_same|].
              unfold w4. rewrite put_word_other by (right; lia). unfold w3. rewrite reg_page. unfold w2. rewrite put_word_same, wrap_wrap.
              apply Cl2. lia.
            - split; [apply reg_same|]. unfold w4. rewrite put_word_same, wrap_wrap.
              change (reg_of w3 cpu "ich_ap" [1; i] = reg_of w cpu "ich_ap" [1; i]). unfold w3.
              rewrite reg_other by (right; intros [=]). unfold w2. rewrite reg_word. apply Cl2. lia. }
          rewrite reg_other by (right; congruence). unfold w4. rewrite reg_word. unfold w3. rewrite reg_other by (right; congruence).
          rewrite !put_word_other, reg_page by (right; destruct G as [->| ->]; lia). unfold w2. rewrite reg_word.
          rewrite put_word_other by (right; destruct G as [->| ->]; lia). apply Cl1. lia.
        * rewrite reg_other by (right; intros [=]; lia). unfold w4. rewrite reg_word. unfold w3.
          rewrite reg_other by (right; intros [=]; lia). unfold w2. rewrite reg_word. apply Cl2. lia.
      + split; [reflexivity|]. split; [exact A1|]. split; [exact C1|].
        assert (Ap : forall g n, ap_there cpu w g n -> (g = 0 \/ g = 1) /\ 0 <= n < i).
        { intros g n (G & N). change (0 <= n < aps vtr) in N. split; [exact G|lia]. }
        split; [split; [exact Wv|]|split; [exact Z1|]]; intros g n X; destruct (Ap g n X) as [G N]; apply (Cl g n G), N.
  Qed.

  Definition LR := ["reg.ich_lr"; "reg.ich_hcr"].

  Lemma vgic_exit_ok F : does B cpu LI "ich_lr_get" 1 (Some U64) (F "ich_lr_get") -> spec_own_set B cpu LI (F "pg_set") ->
    does B cpu LI "ich_lr_set" 2 None (F "ich_lr_set") -> getter "ich_vmcr_get" (F "ich_vmcr_get") ->
    getter "ich_hcr_get" (F "ich_hcr_get") -> setter "ich_hcr_set" (F "ich_hcr_set") ->
    spec_vgic_exit B cpu LI (invoke F fuel f_vgic_exit).
  Proof.
    intros H1 H2 H3 H4 H5 H6 run w Hc A Fit. enter. assert (S := proj2 (proj2 A)). steps.
    apply own_read; [reflexivity|exact S|]. reduce. change (wrap U64 (w_mem w ("pcpu.n_lr", [cpu]))) with (n_lr cpu w).
    assert (Ru : 0 <= n_lr cpu w) by (pose proof (wrap_in U64 (w_mem w ("pcpu.n_lr", [cpu]))) as X; unfold in_ty in X; apply X).
    unfold lr_fit in Fit. set (used := n_lr cpu w) in *.
    assert (R16 : used <= 16) by (unfold lrs in Fit; lia).
    steps.
    loop (fun m e w1 => at_run run w1 /\ changes cpu LR (vgic_word run) w w1 /\
      exists i v, m = used - i /\ 0 <= i <= used /\ (forall n, 0 <= n < i -> reg_of w1 cpu "ich_lr" [n] = 0) /\
      e = [("cpu", Some cpu); ("run", Some run); ("used", Some used); ("i", Some i); ("v", v)]) from used.
    - lia.
    - split; [exact A|]. split; [apply changes_refl|]. eexists 0, _.
      split; [lia|]. split; [lia|]. split; [intros n N; lia|reflexivity].
    - intros m e w1 M (A1 & C1 & i & v & -> & I & Cl & ->).
      assert (T : forall w2, changes cpu LR (vgic_word run) w w2 -> i < used -> lr_there cpu w2 i).
      { intros w2 C2 L. apply lr_there_of. rewrite (same_reg LR (vgic_word run) w w2 "ich_vtr" [] C2 eq_refl). lia. }
      assert (S1 := proj2 (proj2 A1)). steps.
      + prim H1 S1; [apply T; auto|]. steps. putw H2 A1; [apply ex_vgic_lr; lia|]. set (w2 := put_word run _ _ w1).
        assert (A2 : at_run run w2) by (apply at_run_word, A1).
        assert (C2 : changes cpu LR (vgic_word run) w w2).
        { eapply changes_trans; [exact C1|apply changes_word; split; [reflexivity|lia]]. }
        assert (S2 := proj2 (proj2 A2)). steps. prim H3 S2; [apply T; auto|]. steps.
        exists (used - (i + 1)). split; [lia|]. split; [apply at_run_reg, A2|].
        split; [eapply changes_trans; [exact C2|apply changes_reg; left; reflexivity]|].
        eexists (i + 1), _. split; [reflexivity|]. split; [lia|]. split; [|reflexivity].
        intros n N. destruct (Z.eq_dec n i) as [->|Ni]; [apply reg_same|].
        rewrite reg_other by (right; congruence). unfold w2. rewrite reg_word. apply Cl. lia.
      + prim H4 S1. steps. putw H2 A1; [apply ex_vgic_vmcr|]. set (w2 := put_word run _ _ w1).
        assert (A2 : at_run run w2) by (apply at_run_word, A1). assert (S2 := proj2 (proj2 A2)). steps. prim H5 S2. steps.
        putw H2 A2; [apply ex_vgic_hcr|]. set (w3 := put_word run _ _ w2).
        assert (A3 : at_run run w3) by (apply at_run_word, A2). assert (S3 := proj2 (proj2 A3)). steps. prim H6 S3. steps.
        split; [reflexivity|]. split; [apply at_run_reg, A3|]. split; [|split; [apply reg_same|]].
        * apply (changes_trans _ _ _ _ w1); [exact C1|].
          apply (changes_trans _ _ _ _ w2); [apply changes_word; split; [reflexivity|lia]|].
          apply (changes_trans _ _ _ _ w3); [apply changes_word; split; [reflexivity|lia]|].
          apply changes_reg; right; left; reflexivity.
        * intros n N. rewrite reg_other by (left; discriminate). unfold w3, w2. rewrite !reg_word. apply Cl. lia.
  Qed.
  Definition ENTER := ["reg.ich_lr"; "reg.ich_hcr"; "pcpu.n_lr"].

  Lemma vgic_enter_ok F : getter "ich_vtr_get" (F "ich_vtr_get") -> spec_lr_count B cpu LI (F "lr_count") ->
    spec_own_get B cpu LI (F "pg_get") -> spec_lr_allowed B cpu LI (F "lr_allowed") ->
    does B cpu LI "ich_lr_set" 2 None (F "ich_lr_set") -> setter "ich_hcr_set" (F "ich_hcr_set") ->
    spec_vgic_enter B cpu LI (invoke F fuel f_vgic_enter).
  Proof.
    intros H1 H2 H3 H4 H5 H6 run w Hc A Ow Lv. enter. assert (S := proj2 (proj2 A)). steps. prim H1 S. steps. pure H2. steps.
    change (wrap U64 (w_mem w (reg cpu "ich_vtr" []))) with (reg_of w cpu "ich_vtr" []).
    set (vtr := reg_of w cpu "ich_vtr" []).
    assert (R : 1 <= lrs vtr <= 16).
    { unfold lrs, field. change (2 ^ 5) with 32. pose proof (Z.mod_pos_bound (vtr / 2 ^ 0) 32). lia. }
    getw H3 A u0 U0. to_if.
    join (fun e w1 => w1 = w /\ exists used, 0 <= used <= lrs vtr /\ e = [("cpu", Some cpu); ("run", Some run);
      ("vtr", Some vtr); ("n", Some (lrs vtr)); ("used", Some used); ("mask", Some 4160766207); ("i", Some 0); ("v", None); ("lr", None)]).
    { unfold in_ty in U0. steps; (split; [reflexivity|]); eexists; (split; [|reflexivity]); lia. }
    intros e w1 (-> & used & Ru & ->). steps.
    loop (fun m e w1 => at_run run w1 /\ changes cpu ENTER no_word w w1 /\
      exists i v l, m = used - i /\ 0 <= i <= used /\ (forall n, 0 <= n < i -> exists v, lr_safe v (reg_of w1 cpu "ich_lr" [n])) /\
      e = [("cpu", Some cpu); ("run", Some run); ("vtr", Some vtr); ("n", Some (lrs vtr)); ("used", Some used);
           ("mask", Some 4160766207); ("i", Some i); ("v", v); ("lr", l)]) from used.
    - lia.
    - split; [exact A|]. split; [apply changes_refl|]. eexists 0, _, _.
      split; [lia|]. split; [lia|]. split; [intros n N; lia|reflexivity].
    - intros m e w1 M (A1 & C1 & i & v & l & -> & I & Cl & ->).
      assert (T : forall w2, changes cpu ENTER no_word w w2 -> i < used -> lr_there cpu w2 i).
      { intros w2 C2 L. apply lr_there_of. rewrite (same_reg ENTER no_word w w2 "ich_vtr" [] C2 eq_refl). fold vtr. lia. }
      assert (S1 := proj2 (proj2 A1)). steps.
      + getw H3 A1 v1 V1. steps. destruct (H4 v1 V1) as (lr & Rl & Sl & Co).
        eapply wp_mono; [apply wp_all, Co|cbv beta; intros ? ? [-> ->]; reduce]. steps. prim H5 S1; [apply T; auto|]. steps.
        exists (used - (i + 1)). split; [lia|]. split; [apply at_run_reg, A1|].
        split; [eapply changes_trans; [exact C1|apply changes_reg; left; reflexivity]|].
        eexists (i + 1), _, _. split; [reflexivity|]. split; [lia|]. split; [|reflexivity].
        intros n N. destruct (Z.eq_dec n i) as [->|Ni].
        * exists v1. rewrite reg_same, wrap_small by exact Rl. exact Sl.
        * rewrite reg_other by (right; congruence). apply Cl. lia.
      + assert (Ei : i = used) by lia. subst i.
        apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact S1|]. intros _.
        set (w2 := write_cell B (obj "pcpu.n_lr" [cpu]) used w1). to_if.
        assert (Cs : changes cpu ENTER no_word w1 w2) by (apply changes_cell; [cbn; auto|reflexivity]).
        assert (C2 : changes cpu ENTER no_word w w2) by (eapply changes_trans; eassumption).
        assert (A2 : at_run run w2) by (eapply at_run_changes; [|exact Cs|exact A1]; reflexivity).
        assert (S2 := proj2 (proj2 A2)).
        assert (Ev : loaded_vm cpu w2 = loaded_vm cpu w).
        { unfold loaded_vm. rewrite (same_own cpu ENTER no_word w w2 C2) by reflexivity. reflexivity. }
        destruct (Ow Lv) as (Rv & Rc & Tk).
        set (h := loaded_vm cpu w) in *.
        assert (Ep : forall ix, w_mem w2 (obj "vms.is_protected" ix) = w_mem w (obj "vms.is_protected" ix)).
        { intros ix. eapply same_cell; [|exact C2|discriminate]; reflexivity. }
        assert (Lf : lr_fit cpu w2).
        { unfold lr_fit, n_lr. rewrite (same_reg ENTER no_word w w2 "ich_vtr" [] C2 eq_refl). fold vtr.
          unfold w2. rewrite percpu_mem, upd_same, wrap_small by (unfold in_ty; cbn; lia). lia. }
        assert (Ln : n_lr cpu w2 = used).
        { unfold n_lr, w2. rewrite percpu_mem, upd_same. apply wrap_small. unfold in_ty; cbn; lia. }
        assert (Lr : forall n, reg_of w2 cpu "ich_lr" [n] = reg_of w1 cpu "ich_lr" [n]).
        { intros n. unfold reg_of, reg, w2. rewrite percpu_mem, upd_name by reflexivity. reflexivity. }
        join (fun e w3 => w3 = w2 /\ exists normal, (normal = true -> ~ protected w h) /\
          e = [("cpu", Some cpu); ("run", Some run); ("vtr", Some vtr); ("n", Some (lrs vtr)); ("used", Some used);
            ("mask", Some (ICH_HCR normal)); ("i", Some used); ("v", v); ("lr", l)]).
        * steps.
        apply own_read; [reflexivity|exact S2|]. reduce.
        change (wrap U32 (w_mem w2 ("pcpu.vm", [cpu]))) with (loaded_vm cpu w2).
        rewrite Ev. steps.
        apply own_read; [right; left; split; [reflexivity|]|exact S2|].
        { exists (loaded_vcpu cpu w). rewrite (same_token cpu ENTER no_word w w2 eq_refl C2). exact Tk. }
        reduce. change (w_mem w2 ("vms.is_protected", [h])) with (w_mem w2 (obj "vms.is_protected" [h])).
        steps.
          { split; [reflexivity|]. exists true. split; [|reflexivity]. intros _ X. unfold protected in X. rewrite <- (Ep [h]) in X. apply
              X. assumption. }
          { split; [reflexivity|]. exists false. split; [discriminate|reflexivity]. }
        * intros e3 w3 (-> & normal & Nn & ->). steps. getw H3 A2 v2 V2. steps. prim H6 S2. steps.
          set (w4 := set_reg cpu _ w2).
          assert (C4 : changes cpu ENTER no_word w2 w4) by (apply changes_reg; right; left; reflexivity).
          split; [reflexivity|]. split; [apply at_run_reg, A2|].
          split; [eapply changes_trans; [exact C2|exact C4]|].
          split; [unfold lr_fit in *; change (n_lr cpu w4) with (n_lr cpu w2); unfold w4; rewrite reg_other by (left; discriminate);
            exact Lf|].
          split.
          { intros n N. change (n_lr cpu w4) with (n_lr cpu w2) in N. rewrite Ln in N. unfold w4.
            rewrite reg_other by (left; discriminate). rewrite Lr. apply Cl. lia. }
          exists v2, normal. split; [exact Nn|]. unfold w4. rewrite reg_same. apply wrap_small.
          apply land_in; [exact V2|destruct normal; unfold in_ty; cbn; lia].
  Qed.
End Proofs.
