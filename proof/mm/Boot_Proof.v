(** * Boot establishes what the other theorems take as their hypothesis

    [mm_init] refuses, and has changed nothing, or the world that it leaves, with walkers let loose, satisfies
    the invariant for the board that the boot information describes. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Events Facts Boot.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Page_Facts Host_Facts Invariant Structure Init_Spec Boot_Prims
  Check_Proof Init_Facts Boot_Host_Proof Init_Proof Init_Region_Proof Init_Device_Proof.
From Redoubt.gen Require Import mm_init.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** The whole function *)
Section Init.
  Variables (I : info) (fuel : nat).
  Hypothesis Hfuel : 2 ^ 28 < Z.of_nat fuel.

  Lemma total_mono f i k : 0 <= i -> (forall m, 0 <= m < i + Z.of_nat k -> 0 <= f m) ->
    total f (Z.to_nat i) <= total f (Z.to_nat (i + Z.of_nat k)).
  Proof.
    intros Hi. induction k as [|k IH]; intros Hf; [rewrite Z.add_0_r; lia|].
    replace (i + Z.of_nat (S k)) with (i + Z.of_nat k + 1) in * by lia. rewrite total_succ by lia.
    specialize (IH ltac:(intros; apply Hf; lia)). specialize (Hf (i + Z.of_nat k) ltac:(lia)). lia.
  Qed.
  Lemma total_next f i n : 0 <= i < n -> (forall m, 0 <= m < n -> 0 <= f m) ->
    total f (Z.to_nat i) + f i <= total f (Z.to_nat n).
  Proof.
    intros Hi Hf. rewrite <- total_succ by lia. replace n with (i + 1 + Z.of_nat (Z.to_nat (n - (i + 1)))) by lia.
    apply total_mono; [lia|]. intros; apply Hf; lia.
  Qed.

  Lemma mm_init_ok F : spec_check_boot I (F "check_boot") -> (checked I -> spec_init_root I (F "init_root")) ->
    (checked I -> spec_init_contexts I (F "init_contexts")) -> (checked I -> spec_init_region I (F "init_region")) ->
    (checked I -> spec_init_device I (F "init_device")) -> spec_mm_init I (invoke F fuel f_mm_init).
  Proof.
    intros HB HR HC HG HD w S L2. enter. steps. eapply wp_mono; [eapply HB; exact S|].
    cbv beta. intros ? ? [-> (v & -> & Hv & Ck)]. steps.
    { exists v. sp; [reflexivity|lia|lia| |lia]. intros N. split; [reflexivity|]. intros C. apply N, Ck, C. }
    assert (v = 0) as -> by lia. pose proof (proj1 Ck eq_refl) as C. clear Ck Hv.
    pose proof C as (G & D & _ & _ & Pl). pose proof (proj1 G) as Gn. pose proof (proj1 D) as Dn.
    pose proof (first_range I) as Fr. pose proof (pool_range I C) as Pr. unfold need in Pl.
    assert (Ra : forall m, 0 <= m < i_n I -> 0 <= region_need I m) by (intros; apply region_need_range; assumption).
    assert (Da : forall m, 0 <= m < i_nd I -> 0 <= device_need I m) by (intros; apply device_need_range; assumption).
    pose proof (total_bound (device_need I) 1026 (i_nd I) ltac:(lia) ltac:(intros; apply device_need_range; assumption)) as Td.
    eapply wp_mono; [eapply (HR C); [exact S|exact C|exact L2]|].
    cbv beta. intros ? w1 (-> & V1 & N1 & R1 & E1 & Z1). steps.
    eapply wp_mono; [eapply (HC C); [apply (boots_says I w w1 V1 S)|exact C|exact N1|exact R1|exact E1|exact Z1]|].
    cbv beta. intros ? w2 (-> & V2 & N2 & RT2). steps.
    assert (B2 : boots w w2) by (eapply boots_trans; eassumption).
    loop (fun m e w3 => boots w w3 /\ exists i, m = i_n I - i /\ 0 <= i <= i_n I /\ e = [("r", Some 0); ("i", Some i)] /\
      states I i w3 /\ covered I i w3 /\ (exists R, tree I i R w3) /\
      next w3 <= first I + 10 + total (region_need I) (Z.to_nat i)) from (i_n I).
    - lia.
    - split; [exact B2|]. exists 0. sp; try lia; try reflexivity; try exact RT2; try (intros p (j & Hj & _); lia).
      rewrite N2. cbn. lia.
    - intros m e w3 M (B3 & i & -> & Hi & -> & S3 & C3 & (R3 & T3) & N3). pose proof (boots_says I w w3 B3 S) as Sy. steps.
      + pose proof (total_next (region_need I) i (i_n I) ltac:(lia) Ra) as Tn.
        eapply wp_mono; [eapply (HG C); [exact C|exact T3|exact S3|exact C3|lia|lia]|].
        cbv beta. intros ? w4 (-> & V4 & N4 & S4 & C4 & T4). steps.
        exists (i_n I - (i + 1)). split; [lia|]. split; [eapply boots_trans; eassumption|].
        exists (i + 1). sp; try lia; try reflexivity; auto. rewrite total_succ by lia. lia.
      + assert (i = i_n I) as -> by lia.
        loop (fun m e w4 => boots w w4 /\ states I (i_n I) w4 /\ covered I (i_n I) w4 /\ exists i, m = i_nd I - i /\ 0 <= i <= i_nd I /\
          e = [("r", Some 0); ("i", Some i)] /\ (exists R, tree I (i_n I) R w4) /\
          next w4 <= first I + 10 + total (region_need I) (Z.to_nat (i_n I)) + total (device_need I) (Z.to_nat i)) from (i_nd I).
        * lia.
        * sp; auto. exists 0. sp; try lia; try reflexivity; [exists R3; exact T3|]. cbn. lia.
        * clear M. intros m e w4 M (B4 & S4 & C4 & i & -> & Hi' & -> & (R4 & T4) & N4).
          pose proof (boots_says I w w4 B4 S) as Sy4. steps.
          -- pose proof (total_next (device_need I) i (i_nd I) ltac:(lia) Da) as Tn.
             eapply wp_mono; [eapply (HD C); [exact C|exact T4|lia|lia]|].
             cbv beta. intros ? w5 (-> & [(R5 & T5 & _) N5 M5 B5]). steps.
             exists (i_nd I - (i + 1)). split; [lia|]. sp.
             ++ eapply boots_trans; eassumption.
             ++ intros p Hp. unfold state. rewrite M5. apply S4, Hp.
             ++ intros p Hp. rewrite (bt_l2 _ _ B5); apply C4, Hp.
             ++ exists (i + 1). sp; try lia; try reflexivity; [exists R5; exact T5|]. rewrite total_succ by lia. lia.
          -- exists 0. sp; try reflexivity; try lia. intros _. sp; auto. exists R4. exact T4.
  Qed.
End Init.

(** ** The board, from what has been built *)
Section Final.
  Variables (w0 w : world) (R : Z -> role).
  Notation I := (info_of w0).
  Hypothesis Z0 : boot_start w0.
  Hypothesis Hc : checked I.
  Hypothesis Hb : boots w0 w.
  Hypothesis Hs : states I (i_n I) w.
  Hypothesis Hv : covered I (i_n I) w.
  Hypothesis Ht : tree I (i_n I) R w.
  Notation B := (board_of w).

  Lemma says_w : says I w.
  Proof. apply (boots_says I w0 w Hb), says_info. Qed.

  Lemma b_n_is : b_n B = i_n I.
  Proof. exact (sy_n _ _ says_w). Qed.
  Lemma b_base_is i : b_base B i = i_base I i.
  Proof. exact (sy_base _ _ says_w i). Qed.
  Lemma b_size_is i : b_size B i = i_size I i.
  Proof. exact (sy_size _ _ says_w i). Qed.
  Lemma ram_is p : is_ram B p <-> ram I p.
  Proof. exact (says_ram I w p says_w). Qed.
  Lemma dev_is p : b_dev B p <-> device I p.
  Proof.
    pose proof says_w as S. change (b_dev B p) with (device (info_of w) p). unfold device. cbn [info_of i_nd i_dbase i_dsize].
    rewrite (sy_nd _ _ S). split; intros (i & A & C); exists i; rewrite ?(sy_dbase _ _ S), ?(sy_dsize _ _ S) in *; auto.
  Qed.
  Lemma root_is : b_root B = first I.
  Proof. exact (t_root _ _ _ _ Ht). Qed.

  Lemma region_at_some J p n i : region_at J p n = Some i -> 0 <= i < Z.of_nat n /\ i_base J i <= p < i_base J i + i_size J i.
  Proof.
    induction n as [|n IH]; cbn; [discriminate|]. destruct (region_at J p n) as [k|].
    - intros [= ->]. specialize (IH eq_refl). lia.
    - destruct (_ && _) eqn:E; [intros [= <-]; lia|discriminate].
  Qed.
  Lemma region_at_none J p n : region_at J p n = None -> forall i, 0 <= i < Z.of_nat n -> ~ i_base J i <= p < i_base J i + i_size J i.
  Proof.
    induction n as [|n IH]; cbn; [intros; lia|]. destruct (region_at J p n) as [k|]; [discriminate|].
    destruct (_ && _) eqn:E; [discriminate|]. intros _ i Hi. destruct (Z.eq_dec i (Z.of_nat n)) as [->|]; [lia|].
    apply IH; [reflexivity|lia].
  Qed.

  Lemma row_some b i : region_at (info_of w) (b * 512) (Z.to_nat (i_n (info_of w))) = Some i -> 0 <= i < i_n I /\ in_row I i b.
  Proof.
    intros E. apply region_at_some in E. pose proof says_w as S. cbn [info_of i_n i_base i_size] in E.
    pose proof (proj1 (proj1 Hc)) as N.
    rewrite (sy_n _ _ S), (sy_base _ _ S), (sy_size _ _ S) in E. split; [lia|apply E].
  Qed.
  Lemma row_none b : region_at (info_of w) (b * 512) (Z.to_nat (i_n (info_of w))) = None ->
    forall i, 0 <= i < i_n I -> ~ in_row I i b.
  Proof.
    intros E i Hi X. pose proof says_w as S. pose proof (region_at_none _ _ _ E i) as K. cbn [info_of i_n i_base i_size] in K.
    rewrite (sy_n _ _ S), (sy_base _ _ S), (sy_size _ _ S) in K. apply K; [lia|exact X].
  Qed.

  Lemma gib b : 0 <= b -> b * 512 / 2 ^ 18 = b / 512.
  Proof. intros. words. Qed.

  (** The level-3 table of a block, if there is one. *)
  Lemma l3_role b : 0 <= b < 2 ^ 19 -> b_has3 B b = true -> R (b_l3 B b) = Table3 b.
  Proof.
    intros Rb. cbn [b_has3 b_l3 board_of]. destruct (region_at _ _ _) as [i|] eqn:E.
    - intros _. destruct (row_some b i E) as [Hi Hr]. pose proof (t_row _ _ _ _ Ht i b Hi Hr) as X. unfold row in X.
      rewrite <- (sy_base _ _ says_w i) in X. exact X.
    - intros H. apply andb_true_iff in H as [H1 H2].
      assert (Ok : entry_ok I (i_n I) R w b (entry_of w b)) by (apply (t_entry _ _ _ _ Ht); [exact Rb|lia]).
      apply (eo_link _ _ _ _ _ _ Ok). unfold next_table. change (2 <? 3) with true. rewrite H2. reflexivity.
  Qed.

  Lemma l2_role g : 0 <= g < 1024 -> b_has2 B g = true -> R (b_l2 B g) = Table2 g.
  Proof. intros Rg H. apply (t_l2 _ _ _ _ Ht g Rg). cbn [b_has2 board_of] in H. lia. Qed.

  Lemma has_role l fn : host_has B l fn -> exists x, R (host_table B l fn) = x /\ x <> Free /\
    (l = 1 /\ x = Root \/ l = 2 /\ x = Table2 (fn / 2 ^ 18) \/ l = 3 /\ x = Table3 (fn / 2 ^ 9)).
  Proof.
    intros [F H]. pose proof (t_roots _ _ _ _ Ht) as [R0 R1]. destruct H as [->|[[-> H]|[-> H]]]; eexists; (split; [reflexivity|]).
    - change (host_table B 1 fn) with (b_root B + fn / 2 ^ 27). rewrite root_is.
      assert (X : R (first I + fn / 2 ^ 27) = Root).
      { assert (Y : fn / 2 ^ 27 = 0 \/ fn / 2 ^ 27 = 1) by words. destruct Y as [->| ->]; rewrite ?Z.add_0_r; assumption. }
      rewrite X. split; [discriminate|auto].
    - change (host_table B 2 fn) with (b_l2 B (fn / 2 ^ 18)). rewrite l2_role; [|words|exact H]. split; [discriminate|auto].
    - change (host_table B 3 fn) with (b_l3 B (fn / 2 ^ 9)). rewrite l3_role; [|words|exact H]. split; [discriminate|auto].
  Qed.

  Lemma pool_core p : pool I p -> core I p /\ ram I p.
  Proof.
    destruct Hc as (_ & _ & (_ & i & Hi & In) & Ip & _). unfold pool, core, inside in *. intros. split; [lia|].
    exists i. split; [exact Hi|lia].
  Qed.

  Lemma table_ours l fn : host_has B l fn -> core I (host_table B l fn) /\ ram I (host_table B l fn).
  Proof.
    intros H. destruct (has_role l fn H) as (x & E & N & _). apply pool_core.
    apply (role_range I Hc _ R w _ Ht). rewrite E. exact N.
  Qed.

  Theorem final_board : board_ok B.
  Proof.
    pose proof Hc as ((Gn & G1 & G2) & (Dn & D1 & D2) & _).
    constructor.
    - rewrite b_n_is. lia.
    - intros i Hi. rewrite b_n_is in Hi. rewrite b_base_is, b_size_is. destruct (G1 i Hi) as [Ra A]. unfold range_ok in Ra. tauto.
    - intros i j Hi Hj. rewrite b_n_is in Hj. rewrite !b_base_is, b_size_is. apply G2; assumption.
    - intros p Dp Rp. apply dev_is in Dp. apply ram_is in Rp. destruct Dp as (j & Hj & Hp), Rp as (i & Hi & Hq).
      destruct (D1 j Hj) as [_ A]. specialize (A i Hi). lia.
    - intros p Rp. apply ram_is in Rp. destruct Rp as (i & Hi & Hp). pose proof (region_range I Hc i Hi) as Ri.
      split; (split; [pows; lia|]); right; [left|right]; (split; [reflexivity|]).
      + cbn [b_has2 board_of]. pose proof (Hv p) as X. rewrite (proj2 (Z.eqb_neq _ _)); [reflexivity|]. apply X. exists i; auto.
      + cbn [b_has3 board_of]. change (p / 2 ^ 9) with (p / 512).
        destruct (region_at _ _ _) as [k|] eqn:E; [reflexivity|]. destruct (row_none _ E i Hi).
        apply block_row; assumption.
    - intros l fn H. apply ram_is, table_ours, H.
    - intros l l' fn fn' H H' E. destruct (has_role l fn H) as (x & E1 & _ & C1). destruct (has_role l' fn' H') as (y & E2 & _ & C2).
      rewrite E, E2 in E1. subst y. destruct C1 as [[-> ->]|[[-> ->]|[-> ->]]], C2 as [[-> C2]|[[-> C2]|[-> C2]]]; try discriminate C2.
      + split; [reflexivity|]. change (b_root B + fn / 2 ^ 27 = b_root B + fn' / 2 ^ 27) in E.
        change (2 ^ (9 * (4 - 1))) with (2 ^ 27). lia.
      + injection C2 as C2. split; [reflexivity|exact C2].
      + injection C2 as C2. split; [reflexivity|exact C2].
  Qed.

  (** ** What walkers find *)
  Lemma no_vm h : vm_state w h = 0.
  Proof.
    unfold vm_state. pose proof (bt_mem _ _ Hb "vms.state" [h] eq_refl) as X.
    change (w_mem w (obj "vms.state" [h]) = w_mem w0 (obj "vms.state" [h])) in X. rewrite X, (z_vms _ Z0). reflexivity.
  Qed.
  Lemma no_live h : ~ live w h.
  Proof. intros [_ [L|L]]; rewrite no_vm in L; discriminate L. Qed.

  Definition walker (h l fn t : Z) : Prop := h = 0 /\ host_has B l fn /\ t = host_table B l fn /\
    (l = 3 -> next_table 2 (entry_of w (fn / 512)) = Some t).

  Lemma level1 fn : 0 <= fn < 2 ^ 28 -> word w (b_root B + fn / 2 ^ 27) (index 1 fn) =
    if b_has2 B (fn / 2 ^ 18) then table_desc (b_l2 B (fn / 2 ^ 18)) else 0.
  Proof.
    intros F. rewrite root_is. pose proof (t_l1 _ _ _ _ Ht (fn / 2 ^ 18) ltac:(words)) as X.
    replace (fn / 2 ^ 27) with (fn / 2 ^ 18 / 512) by words. change (index 1 fn) with (fn / 2 ^ 18 mod 512). rewrite X.
    cbn [b_has2 b_l2 board_of]. destruct (l2_of w (fn / 2 ^ 18) =? 0); reflexivity.
  Qed.

  Lemma level2 fn : host_has B 2 fn -> word w (host_table B 2 fn) (index 2 fn) = entry_of w (fn / 512) /\
    entry_ok I (i_n I) R w (fn / 512) (entry_of w (fn / 512)).
  Proof.
    intros [F [X|[[_ H]|[X _]]]]; try discriminate X. cbn [b_has2 board_of] in H. split.
    - unfold entry_of. rewrite gib_of by exact F. reflexivity.
    - apply (t_entry _ _ _ _ Ht); [words|]. rewrite gib_of by exact F. lia.
  Qed.

  Lemma l2_small g : 0 <= g < 1024 -> b_has2 B g = true -> 0 < b_l2 B g < 2 ^ 28.
  Proof. intros Rg H. apply (role_range I Hc _ R w _ Ht). rewrite (l2_role g Rg H). discriminate. Qed.

  Lemma walkers : forall h l fn t, walks B w h l fn t -> walker h l fn t.
  Proof.
    apply walks_in.
    - intros h l fn t W. rewrite (bt_walk _ _ Hb) in W. destruct (z_walk _ Z0 _ _ _ _ W).
    - intros h r fn [[-> ->]|[L _]] F; [|destruct (no_live _ L)].
      split; [reflexivity|]. split; [split; [exact F|tauto]|]. split; [reflexivity|discriminate].
    - intros h l fn t t' (-> & H & -> & _) E. pose proof H as [F C]. destruct C as [->|[[-> C]|[-> C]]].
      + change (host_table B 1 fn) with (b_root B + fn / 2 ^ 27) in E. rewrite level1 in E by exact F.
        destruct (b_has2 B (fn / 2 ^ 18)) eqn:H2; [|discriminate E].
        pose proof (l2_small (fn / 2 ^ 18) ltac:(words) H2) as L2.
        unfold next_table in E. change (1 <? 3) with true in E. rewrite output_table in E by lia.
        assert (t' = b_l2 B (fn / 2 ^ 18)) as -> by (destruct (_ && _) in E; [injection E; auto|discriminate E]).
        split; [reflexivity|]. split; [split; [exact F|auto]|]. split; [reflexivity|discriminate].
      + destruct (level2 fn H) as [W Ok]. rewrite W in E. destruct (eo_link _ _ _ _ _ _ Ok t' E) as (_ & Row & _).
        split; [reflexivity|].
        assert (X : b_has3 B (fn / 512) = true /\ t' = b_l3 B (fn / 512)).
        { cbn [b_has3 b_l3 board_of]. destruct (region_at _ _ _) as [i|] eqn:Ra.
          - destruct (row_some _ i Ra) as [Hi Hr]. split; [reflexivity|]. destruct (Row i Hi Hr) as [_ ->]. unfold row.
            rewrite <- (sy_base _ _ says_w i). reflexivity.
          - unfold next_table in E. change (2 <? 3) with true in E. cbn [andb] in E.
            destruct (entry_of w (fn / 512) mod 4 =? 3) eqn:M; [|discriminate E]. injection E as <-.
            cbn [b_has2 board_of] in C. rewrite gib_of by exact F. rewrite C. split; reflexivity. }
        destruct X as [H3 ->]. split; [split; [exact F|right; right; auto]|]. split; [reflexivity|]. intros _. exact E.
      + discriminate E.
  Qed.

  Lemma found k h fn p : entries B w k h fn p -> h = 0 /\ p = fn /\ hers I fn.
  Proof.
    intros [T|(l & t & W & L)]; [rewrite (bt_tlb _ _ Hb) in T; destruct (z_tlb _ Z0 _ _ _ _ T)|].
    destruct (walkers _ _ _ _ W) as (-> & H & -> & K). split; [reflexivity|]. pose proof H as [F C].
    destruct C as [->|[[-> C]|[-> C]]].
    - exfalso. change (host_table B 1 fn) with (b_root B + fn / 2 ^ 27) in L. rewrite level1 in L by exact F.
      destruct (b_has2 B (fn / 2 ^ 18)) eqn:H2; [|discriminate L].
      pose proof (l2_small (fn / 2 ^ 18) ltac:(words) H2) as L2. rewrite leaf1 in L.
      replace (table_desc (b_l2 B (fn / 2 ^ 18)) mod 4 =? 1) with false in L; [discriminate L|].
      symmetry. unfold table_desc. clear -L2. words.
    - destruct (level2 fn H) as [W2 Ok]. rewrite W2 in L. apply (eo_leaf _ _ _ _ _ _ Ok fn p eq_refl L).
    - specialize (K eq_refl). pose proof (walkers _ _ _ _ W) as _.
      assert (H2 : host_has B 2 fn).
      { split; [exact F|]. right. left. split; [reflexivity|]. cbn [b_has2 board_of].
        destruct (Z.eqb_spec (l2_of w (fn / 2 ^ 18)) 0) as [N|]; [exfalso|reflexivity].
        cbn [b_has3 board_of] in C. change (fn / 2 ^ 9) with (fn / 512) in C.
        destruct (region_at _ _ _) as [i|] eqn:Ra.
        - destruct (row_some _ i Ra) as [Hi Hr]. apply (Hv fn); [|exact N]. exists i. split; [exact Hi|].
          apply (block_region I Hc i (fn / 512 * 512)); auto. clear. words.
        - rewrite gib_of, N in C by exact F. discriminate C. }
      destruct (level2 fn H2) as [_ Ok]. destruct (eo_link _ _ _ _ _ _ Ok _ K) as (_ & _ & Pg).
      specialize (Pg (index 3 fn) (index_range 3 fn)). rewrite block_frame in Pg. rewrite leaf3 in L.
      destruct (Z.eqb_spec (word w (host_table B 3 fn) (index 3 fn) mod 4) 3) as [M|]; [|discriminate L].
      injection L as <-. exact (Pg M).
  Qed.

  Notation final := (settle B w).
  Lemma core_state p : core I p -> ram I p -> kind (state final p) = PG_CORE.
  Proof.
    intros C Rp. change (state final p) with (state w p). destruct (Hs p) as [[_ ->]|[N _]]; [|reflexivity|contradiction].
    exact Rp.
  Qed.

  Lemma ctx_role c : 0 <= c < 8 -> R (host_ctx final c) = Context c.
  Proof. exact (t_context _ _ _ _ Ht c). Qed.
  Lemma no_token h i : token final h i = 0.
  Proof.
    pose proof (bt_mem _ _ Hb "vcpus.loaded" [h; i] eq_refl) as X.
    change (w_mem final (obj "vcpus.loaded" [h; i]) = w_mem w0 (obj "vcpus.loaded" [h; i])) in X.
    unfold token, loaded_cell. rewrite X, (z_tokens _ Z0). reflexivity.
  Qed.
  Lemma table_not_ctx c l fn : 0 <= c < 8 -> host_has B l fn -> host_table B l fn <> host_ctx final c.
  Proof.
    intros Rc H E. destruct (has_role l fn H) as (x & X & _ & C). rewrite E, (ctx_role c Rc) in X. subst x.
    destruct C as [[_ C]|[[_ C]|[_ C]]]; discriminate C.
  Qed.

  (** No CPU has a vCPU; the pages of KServ's registers are from the pool, and none is a table. *)
  Lemma final_seats : seats B final.
  Proof.
    constructor; try (intros h i N; destruct N; apply no_token); try (intros h i j N; destruct N; apply no_token).
    - intros c Rc. destruct (pool_core (host_ctx final c)) as [C Rp].
      { apply (role_range I Hc _ R w _ Ht). rewrite (ctx_role c Rc). discriminate. }
      split; [apply ram_is, Rp|exact (core_state _ C Rp)].
    - intros c d Rc Rd E. pose proof (ctx_role c Rc) as X. rewrite E, (ctx_role d Rd) in X. congruence.
    - intros c h l fn Rc W. apply walkers in W as (_ & H & E & _). exact (table_not_ctx c l fn Rc H (eq_sym E)).
  Qed.

  Theorem final_inv : inv B final.
  Proof.
    constructor.
    - apply settle_settled.
    - split.
      + intros k h fn p T. apply found in T as (-> & -> & H). split; [reflexivity|]. destruct H as [[Rp N]|D]; [left|right].
        * split; [apply ram_is, Rp|]. change (state final fn) with (state w fn).
          destruct (Hs fn) as [[C _]|[_ ->]]; [exact Rp|contradiction|left; reflexivity].
        * apply dev_is, D.
      + intros h l fn t W. apply walkers in W as (-> & H & -> & _). destruct (table_ours l fn H) as [C Rp].
        split; [apply ram_is, Rp|]. exact (core_state _ C Rp).
      + exact final_seats.
    - constructor.
      + rewrite b_n_is. apply (t_n _ _ _ _ Ht). pose proof (proj1 (proj1 Hc)). lia.
      + intros i Hi. rewrite b_n_is in Hi. rewrite b_base_is. apply (t_regions _ _ _ _ Ht i Hi).
      + intros i Hi. rewrite b_n_is in Hi. rewrite b_size_is. apply (t_regions _ _ _ _ Ht i Hi).
      + intros i p Hi Hp. rewrite b_n_is in Hi. rewrite b_base_is, b_size_is in Hp. rewrite b_base_is.
        pose proof (region_range I Hc i Hi) as Ri. cbn [b_l3 board_of].
        destruct (region_at _ _ _) as [k|] eqn:Ra.
        * destruct (row_some _ k Ra) as [Hk Hr]. assert (k = i) as ->.
          { apply (regions_apart I k i (p / 512 * 512) (proj1 Hc) Hk Hi Hr). apply (block_row I Hc i p Hi Hp). }
          change (i_base (info_of w) i) with (get U64 w "boot.region.base_pfn" [i]). rewrite (sy_base _ _ says_w i).
          unfold get. change (w_mem final) with (w_mem w).
          replace ((p - i_base I i) / 512) with (p / 512 - i_base I i / 512); [lia|]. clear -Ri. words.
        * destruct (row_none _ Ra i Hi). apply (block_row I Hc i p Hi Hp).
      + reflexivity.
      + intros fn _. reflexivity.
      + exact table_not_ctx.
    - exact level1.
    - intros l fn H. destruct (table_ours l fn H) as [C Rp]. exact (core_state _ C Rp).
    - intros l fn t W. apply walkers in W as (_ & H & E & _). auto.
    - intros h N _. split.
      + intros l fn t W. apply walkers in W as (-> & _). congruence.
      + intros k fn p T. apply found in T as (-> & _). congruence.
  Qed.

  (** There is no VM yet: the VMs' side of the invariant says nothing but the number of leaves of lent pages,
      and no page is lent. *)
  Lemma no_vcpu h i : ~ vcpu_made final h i.
  Proof.
    intros (_ & _ & N). apply N. pose proof (bt_mem _ _ Hb "vcpus.made" [h; i] eq_refl) as X.
    change (w_mem final (obj "vcpus.made" [h; i]) = w_mem w0 (obj "vcpus.made" [h; i])) in X. rewrite X, (z_vcpus _ Z0). reflexivity.
  Qed.
  Lemma no_root h : ~ rooted final h.
  Proof. intros [L|(_ & D & _)]; [exact (no_live h L)|]. change (vm_state w h = VM_DYING) in D. rewrite no_vm in D. discriminate D. Qed.

  Theorem final_mem_inv : mem_inv B final.
  Proof.
    constructor.
    - exact final_inv.
    - constructor; try (intros h; intros; exfalso; eapply no_root; eassumption).
      + intros h l fn t N W. apply walkers in W as (-> & _). congruence.
      + intros k h fn p N T. apply found in T as (-> & _). congruence.
    - intros h L. destruct (no_live h L).
    - exists (fun p => if kind (state final p) =? PG_LENT then repeat (0, 0) (Z.to_nat (arg (state final p))) else []). constructor.
      + intros p K. rewrite (proj2 (Z.eqb_eq _ _) K), repeat_length, Z2Nat.id;
        [reflexivity|]. unfold arg. apply Z.mod_pos_bound. reflexivity.
      + intros p K. rewrite (proj2 (Z.eqb_neq _ _) K). reflexivity.
      + intros h fn p L. destruct (no_root h L).
    - constructor; try (intros h i; intros; exfalso; eapply no_vcpu; eassumption).
      + intros h _. change (vm_state final h) with (vm_state w h). rewrite no_vm. unfold VM_FREE, VM_DYING. lia.
      + intros h i N. destruct N. apply no_token.
      + intros h L. destruct (no_live h L).
      + intros h L. destruct (no_live h L).
  Qed.
End Final.
