(** * Building a VM's stage 2: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Vm_Facts Structure_Frame Structure_Facts Structure_Steps Walk_Spec Walk_Facts Table_Spec Table_Facts
  Table_Store Table_Shape Table_Pool Table_Same Table_Link Table_Split Attr_Facts.
From Redoubt.gen Require Import mm_table.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).

  Ltac answer := (split; [reflexivity|]); eexists; sp; [reflexivity|range|]; unfold KC_OK, KC_ENOMEM;
    first [right; split; [reflexivity|lia]|left; split; [reflexivity|lia]].

  Lemma table_check_ok F : spec_walk_l2 B cpu LI (F "walk_l2") -> spec_walk_l3 B cpu LI (F "walk_l3") ->
    spec_table_check B cpu LI (invoke F fuel f_table_check).
  Proof.
    intros H2 H3 fz h fn w C T R Fr. pose proof (rooted_range _ _ R) as Hh. pose proof (n_pool_range w h) as Np.
    assert (E : (exists t2, table_at w (vm_root w h) 2 fn = Some t2 /\ t2 <> KC_NO_PFN /\
        ((exists t3, table_at w (vm_root w h) 3 fn = Some t3 /\ t3 <> KC_NO_PFN /\ need3 w h fn = 0) \/
         table_at w (vm_root w h) 3 fn = None /\ need3 w h fn = 1)) \/
      table_at w (vm_root w h) 2 fn = None /\ need3 w h fn = 2).
    { unfold need3. destruct (table_at w (vm_root w h) 2 fn) as [t2|] eqn:E2; [left|right; auto].
      exists t2. split; [reflexivity|]. split; [exact (table_pfn B HB fz w h 2 fn t2 T R Fr E2)|].
      destruct (table_at w (vm_root w h) 3 fn) as [t3|] eqn:E3; [left|right; auto].
      exists t3. split; [reflexivity|]. split; [exact (table_pfn B HB fz w h 3 fn t3 T R Fr E3)|reflexivity]. }
    unfold in_ty, modulus in Np. unfold KC_NO_PFN in E. enter. steps. read_root C w h. steps. pure H2; [eassumption..|]. steps.
    read_root C w h. steps. pure H3; [eassumption..|]. steps.
    - assert (X : need3 w h fn = 2).
      { destruct E as [(t2 & E2 & N2 & _)|(_ & X)]; [|exact X]. rewrite E2 in E0. contradiction. }
      rewrite X. read_n_pool C w h. steps; answer.
    - assert (X : need3 w h fn = 1).
      { destruct E as [(t2 & E2 & N2 & [(t3 & E3 & N3 & _)|(_ & X)])|(E2 & _)]; [rewrite E3 in *; contradiction|exact X|].
        rewrite E2 in *. contradiction. }
      rewrite X. read_n_pool C w h. steps; answer.
    - assert (X : need3 w h fn = 0).
      { destruct E as [(t2 & E2 & N2 & [(t3 & E3 & N3 & X)|(E3 & _)])|(E2 & _)]; [exact X|rewrite E3 in *; contradiction|].
        rewrite E2 in *. contradiction. }
      rewrite X. read_n_pool C w h. steps; answer.
  Qed.

  Lemma table_make_l2_ok F : spec_walk_l2 B cpu LI (F "walk_l2") ->
    unary K (fun fn => fn / 2 ^ 27 mod 2) (F "idx_l1_page") -> unary K (index 1) (F "idx_l1") ->
    spec_pool_get B cpu LI (F "pool_get") -> (forall p, 0 <= p < 2 ^ 28 -> computes K (F "desc_table") [p] (table_desc p)) ->
    spec_pte_set B cpu LI (F "pte_set") -> spec_table_make_l2 B cpu LI (invoke F fuel f_table_make_l2).
  Proof.
    intros H2 HP HI HG HD HS fz L h fn w Sc Lv Fr Nd. pose proof (s_cs _ _ _ _ Sc) as C.
    pose proof (s_tables _ _ _ _ Sc) as T. assert (R : rooted w h) by (left; exact Lv). pose proof (proj1 Lv) as Hh.
    pose proof (frame_u64 fn Fr) as Uf. pose proof Fr as Fr'. unfold frame in Fr'.
    enter. steps. read_root C w h. steps. pure H2; [eassumption..|]. steps. pure HP. steps. pure HI. steps.
    { destruct (table_at w (vm_root w h) 2 fn) as [t|] eqn:A2; [|contradiction]. cbn [pfn_or_none].
      exists t. unfold need2. rewrite A2. sp; auto; [apply grows_refl|lia|]. intros h' fn' _ _. apply refines_same. reflexivity. }
    destruct (table_at w (vm_root w h) 2 fn) as [t|] eqn:A2; [destruct (table_pfn B HB fz w h 2 fn t T R Fr A2); assumption|].
    unfold need2 in *. rewrite A2 in *. pose proof (n_pool_range w h) as Np.
    eapply wp_mono; [apply HG; [exact Sc|exact Lv|lia]|]. cbv beta. intros ? w1 (p & -> & Sc1 & Sp & Z1 & N1 & SL & G1). steps.
    pose proof (grows_views _ _ G1) as V1. pose proof (s_cs _ _ _ _ Sc1) as C1.
    pose proof (ram_range B HB p (sp_ram _ _ _ _ Sp)) as Rp. pure HD. steps. read_root C1 w1 h. rewrite (v_root _ _ V1).
    destruct (root_range B fz w h T R) as [Rr R2].
    assert (Epg : fn / 2 ^ 27 mod 2 = fn / 2 ^ 27) by words. rewrite Epg.
    assert (Bpg : 0 <= fn / 2 ^ 27 < 2) by words. steps.
    assert (Lv1 : live w1 h) by (apply (views_live _ _ _ V1), Lv). assert (R1 : rooted w1 h) by (left; exact Lv1).
    pose proof (s_tables _ _ _ _ Sc1) as T1.
    assert (E1 : table_at w1 (vm_root w h) 2 fn = None) by (rewrite (proj1 (SL h 2 fn R Fr)); exact A2).
    assert (W0 : word w1 (vm_root w h + fn / 2 ^ 27) (index 1 fn) = 0).
    { apply (l_top _ _ _ _ _ (t_leaf _ _ _ T1 h fn R1 Fr)). rewrite (v_root _ _ V1). apply leaf_at_1. rewrite <- table_at_2. exact E1. }
    assert (Ht1 : table_at w1 (vm_root w1 h) 1 fn = Some (vm_root w h + fn / 2 ^ 27)).
    { rewrite table_at_1, (v_root _ _ V1). reflexivity. }
    pose proof (proj1 (proj1 (sec_shape _ _ _ _) Sc1)) as Sh1. pose proof (proj2 (proj1 (sec_shape _ _ _ _) Sc1)) as Ok1.
    destruct (link B HB fz L w1 h 1 fn _ p Sh1 Ok1 Lv1 Fr (or_introl eq_refl) Ht1 W0 Sp) as (Sc2 & Tn & Lo & To & Lh).
    { intros j _ Hj. rewrite Z1 by exact Hj. discriminate. }
    { intros fn' Cv. cbv zeta. rewrite Z1 by apply index_range. split; [apply leaf_fit_zero|]. intros Y. discriminate Y. }
    destruct (table_ours B HB fz w1 h T1 R1 1 fn _ Fr Ht1) as (O1 & _).
    eapply wp_mono; [apply HS; [exact C1|exact O1|apply index_range|apply (cs_secure B), Sc2]|].
    cbv beta. intros ? w2 [E2 ->]. steps. rewrite <- E2 in *. exists p.
    assert (M2 : w_mem w2 = w_mem w1) by (rewrite E2; reflexivity).
    sp; auto.
    - apply grows_trans with w1; [exact G1|]. apply grows_mem; rewrite E2; reflexivity.
    - rewrite (v_root _ _ V1) in Tn. exact Tn.
    - unfold vm_n_pool in *. rewrite M2. lia.
    - rewrite <- (v_root _ _ V1) at 1. rewrite To; [|exact R1|exact Fr|intros (_ & _ & Y); discriminate Y].
      rewrite (v_root _ _ V1). apply SL; assumption.
    - intros h' fn' R' F'. assert (R1' : rooted w1 h') by (apply (views_rooted _ _ _ V1), R').
      apply refines_trans with (leaf_at w1 (vm_root w h') fn'); [apply refines_same, (SL h' 1 fn' R' F')|].
      rewrite <- (v_root _ _ V1). destruct (Z.eq_dec h' h) as [->|N].
      + destruct (Z.eq_dec (fn' / leaf_size 1) (fn / leaf_size 1)) as [Cv|Cv].
        * destruct (Lh fn' Cv) as [-> ->]. rewrite Z1 by apply index_range. apply refines_zero.
        * apply refines_same, Lo; [exact R1'|exact F'|]. intros [_ Y]. exact (Cv Y).
      + apply refines_same, Lo; [exact R1'|exact F'|]. intros [Y _]. exact (N Y).
  Qed.

  Lemma table_fill_ok F : unary K (fun d => d / 2 ^ 12 mod 2 ^ 28) (F "desc_pfn") -> unary K desc_attr_of (F "desc_attr") ->
    (forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes K (F "desc_page") [p; a] (page_desc p a)) ->
    spec_pte_set B cpu LI (F "pte_set") -> spec_table_fill B cpu LI (invoke F fuel f_table_fill).
  Proof.
    intros HP HA HD HS fz L h n x w Sc Lv Sp Ux Ox Ax. pose proof (output_range x) as Or.
    destruct (desc_split x Ux Ox) as [At _]. pose proof (proj1 Lv) as Hh.
    enter. steps. pure HP. steps. pure HA. steps. rewrite pfn_output by exact Ox.
    loop (fun m e w1 => sec B fz L w1 /\ spare B w1 h n /\ w_held w1 = w_held w /\ w_mem w1 = w_mem w /\ w_meta w1 = w_meta w /\
      (forall q j, q <> n -> word w1 q j = word w q j) /\
      exists i o, m = 512 - i /\ 0 <= i <= 512 /\ e = [("table", Some n); ("d", Some x); ("pfn", Some (output x));
        ("attr", Some (desc_attr_of x)); ("i", Some i); ("page", o)] /\
      forall j, 0 <= j < i -> word w1 n j = page_desc (output x + j) (desc_attr_of x)) from 512.
    - lia.
    - sp; auto. exists 0. eexists. sp; try lia. reflexivity.
    - intros m e w1 M (Sc1 & Sp1 & Eh & Em & Et & Wo & i & o & -> & Hi & -> & Wn). steps.
      + assert (Hp : 0 <= output x + i < 2 ^ 28) by (apply block_add; [lia|exact Ox|exact Ax|lia]).
        pure HD. steps.
        assert (Lv1 : live w1 h) by (unfold live, vm_state in *; rewrite Em; exact Lv).
        destruct (vmcore_fields h _ Hh (sp_state _ _ _ _ Sp1)) as (Kn & _). pose proof (sp_ram _ _ _ _ Sp1) as Rn.
        pose proof (s_cs _ _ _ _ Sc1) as C1. pose proof (spare_unused B HB fz L w1 h n Sc1 Hh Sp1) as Un.
        pose proof (spare_apart B HB fz L w1 h n Sc1 Hh Sp1) as Ap.
        destruct (desc_fields (output x + i) (desc_attr_of x) 3 Hp At ltac:(lia)) as (Ud & _).
        fold (page_desc (output x + i) (desc_attr_of x)) in Ud.
        assert (Sc2 : sec B fz L (write_word B n i (page_desc (output x + i) (desc_attr_of x)) w1)).
        { apply (sec_store B HB); auto. pg; lia. }
        destruct (inv_write_unused B HB w1 n i (page_desc (output x + i) (desc_attr_of x)) (cs_inv _ _ C1) Un Kn) as [I2 V2].
        eapply wp_mono; [apply HS; [exact C1|split; [exact Rn|right; exact Kn]|lia|apply (cs_secure B), Sc2]|].
        cbv beta. intros ? w2 [E2 ->]. steps. rewrite <- E2 in *.
        exists (512 - (i + 1)). sp; try lia; try (rewrite E2; assumption); auto.
        * apply (spare_same B fz L w1 w2 h n Sc1 Lv1); [|rewrite E2; reflexivity|exact Sp1].
          apply (evolves_unchanged B [] (eq n) w1 w2 V2 eq_refl). intros q <-. split; [exact Ap|].
          unfold state in *. replace (w_meta w2) with (w_meta w1) by (rewrite E2; reflexivity). pg; lia.
        * intros q j N. rewrite E2, word_write. destruct (Z.eqb_spec q n); [contradiction|]. apply Wo, N.
        * exists (i + 1). eexists. sp; try lia; [reflexivity|]. intros j Hj. rewrite E2, word_write, Z.eqb_refl.
          destruct (Z.eqb_spec j i) as [->|]; [apply wrap_small, Ud|]. apply Wn. lia.
      + sp; auto. intros j Hj. apply Wn. lia.
  Qed.

  Lemma table_make_l3_ok F : spec_table_make_l2 B cpu LI (F "table_make_l2") -> spec_walk_l3 B cpu LI (F "walk_l3") ->
    unary K (index 2) (F "idx_l2") -> spec_pool_get B cpu LI (F "pool_get") -> spec_pte_get B cpu LI (F "pte_get") ->
    unary K (fun d => bz (d mod 4 =? 1)) (F "desc_is_block") -> spec_table_fill B cpu LI (F "table_fill") ->
    spec_pte_set B cpu LI (F "pte_set") -> spec_tlb_inval_vm B cpu LI (F "tlb_inval_vm") ->
    (forall p, 0 <= p < 2 ^ 28 -> computes K (F "desc_table") [p] (table_desc p)) ->
    spec_table_make_l3 B cpu LI (invoke F fuel f_table_make_l3).
  Proof.
    intros HM H3 HI HG HPg HIb HF HS HT HD fz L h fn w Sc Lv Fr Nd Nf. assert (R : rooted w h) by (left; exact Lv).
    pose proof (proj1 Lv) as Hh. pose proof (frame_u64 fn Fr) as Uf. pose proof (s_tables _ _ _ _ Sc) as Tw.
    assert (Nd2 : need2 w h fn <= vm_n_pool w h).
    { pose proof (n_pool_range w h) as Np. unfold need2, need3, in_ty in *. destruct (table_at w (vm_root w h) 2 fn); lia. }
    enter. steps. eapply wp_mono; [apply HM; [exact Sc|exact Lv|exact Fr|exact Nd2]|].
    cbv beta. intros ? wa (t & -> & Sa & Ga & Ta & Na & T3 & Ra). steps.
    pose proof (grows_views _ _ Ga) as Va. pose proof (s_cs _ _ _ _ Sa) as Ca. pose proof (s_tables _ _ _ _ Sa) as Tba.
    assert (La : live wa h) by (apply (views_live _ _ _ Va), Lv). assert (Rra : rooted wa h) by (left; exact La).
    read_root Ca wa h. steps. pure H3; [eassumption..|]. rewrite (v_root _ _ Va). steps. pure HI. steps.
    { destruct (table_at wa (vm_root w h) 3 fn) as [t3|] eqn:E3; [|contradiction]. cbn [pfn_or_none].
      exists t3. sp; auto. unfold leaf_at. rewrite E3. reflexivity. }
    destruct (table_at wa (vm_root w h) 3 fn) as [t3|] eqn:E3.
    { rewrite <- (v_root _ _ Va) in E3. destruct (table_pfn B HB fz wa h 3 fn t3 Tba Rra Fr E3). assumption. }
    rename E into Enp. clear Enp.
    assert (N1 : vm_n_pool wa h <> 0).
    { unfold need2, need3 in *. rewrite <- T3 in Nd. destruct (table_at w (vm_root w h) 2 fn); lia. }
    eapply wp_mono; [apply HG; [exact Sa|exact La|exact N1]|]. cbv beta. intros ? wb (n & -> & Sb & Sp & Zb & _ & SL & Gb). steps.
    pose proof (grows_trans _ _ _ Ga Gb) as Gwb. pose proof (grows_views _ _ Gwb) as Vb. pose proof (s_cs _ _ _ _ Sb) as Cb.
    pose proof (s_tables _ _ _ _ Sb) as Tbb. assert (Lb : live wb h) by (apply (views_live _ _ _ Vb), Lv).
    assert (Rb : rooted wb h) by (left; exact Lb).
    assert (Er : vm_root wa h = vm_root w h) by apply (v_root _ _ Va).
    assert (Tb : table_at wb (vm_root w h) 2 fn = Some t).
    { rewrite <- Er. rewrite (proj1 (SL h 2 fn Rra Fr)), Er. exact Ta. }
    assert (Tb3 : table_at wb (vm_root w h) 3 fn = None).
    { rewrite <- Er. rewrite (proj1 (SL h 3 fn Rra Fr)), Er. exact E3. }
    assert (Rfb : forall h' fn', rooted w h' -> frame fn' ->
      refines (leaf_at w (vm_root w h') fn') (leaf_at wb (vm_root w h') fn') fn').
    { intros h' fn' R' F'. apply refines_trans with (leaf_at wa (vm_root w h') fn'); [apply Ra; assumption|].
      apply refines_same. rewrite <- (v_root _ _ Va). apply (SL h' 1 fn'); [apply (views_rooted _ _ _ Va), R'|exact F']. }
    set (d := word wb t (index 2 fn)) in *.
    assert (Eb : leaf_at wb (vm_root w h) fn = (2, d)).
    { destruct (leaf_viewed wb (vm_root w h) fn) as [t2 t3 A2 A3 M|t2 A2 A3 M|A2 A3]; [congruence| |congruence].
      rewrite Tb in A2. injection A2 as <-. reflexivity. }
    rewrite <- (v_root _ _ Vb) in Tb. destruct (table_ours B HB fz wb h Tbb Rb 2 fn t Fr Tb) as (Ob & Rt & _).
    rewrite (v_root _ _ Vb) in Tb.
    eapply wp_mono; [apply HPg; [exact Cb|exact Ob|apply index_range]|]. cbv beta. intros ? ? [-> ->]. steps. fold d.
    assert (Ud : in_ty U64 d) by apply word_range. pose proof (ram_range B HB n (sp_ram _ _ _ _ Sp)) as Rn. pure HIb.
    (* what is said of the leaf of [fn] beforehand *)
    assert (Bk : d mod 4 = 1 /\ valid d /\ output d < 2 ^ 28 /\ output d mod 512 = 0 \/ d mod 4 <> 1 /\ d = 0).
    { pose proof Eb as Eb'. rewrite <- (v_root _ _ Vb) in Eb'. destruct (Z.eq_dec (soft d) 0) as [S0|S0].
      - right. destruct (l_none _ _ _ _ _ (t_leaf _ _ _ Tbb h fn Rb Fr) 2 d Eb' S0) as [->|[Y _]]; [|discriminate Y].
        split; [discriminate|reflexivity].
      - left. assert (Vd : valid d).
        { destruct (Rfb h fn R Fr) as (F1 & F2 & F3 & _). rewrite Eb in F1, F2, F3. cbn [snd] in *. unfold valid in *.
          rewrite F2. destruct (leaf_at w (vm_root w h) fn) as [lw dw] eqn:Ew. cbn [fst snd] in *.
          destruct (leaf_level _ _ _ _ _ Ew) as [->|[->| ->]].
          - rewrite (l_top _ _ _ _ _ (t_leaf _ _ _ Tw h fn R Fr) dw Ew) in F1. contradiction.
          - apply Nf; [reflexivity|congruence].
          - exfalso. destruct (leaf_viewed w (vm_root w h) fn) as [u2 u3 A2 A3 M|u2 A2 A3 M|A2 A3]; try discriminate Ew. congruence. }
        destruct (leaf_valid B fz wb h Tbb Rb fn 2 d Fr Eb' Vd) as (_ & M & O1 & O2). auto. }
    join (fun e x => ready B fz L w h fn t n x /\ exists u v, e = [("h", Some h); ("ipa", Some fn); ("l2", Some t); ("l3", Some n);
      ("i", Some (index 2 fn)); ("d", u); ("is_block", v)]).
    - steps.
      + destruct Bk as [(M & Vd & O1 & O2)|[M _]]; [|contradiction].
        eapply wp_mono; [apply HF; [exact Sb|exact Lb|exact Sp|exact Ud|exact O1|exact O2]|].
        cbv beta. intros ? wc (-> & Sc' & Spc & Hc & Mc & Tc & Wo & Wn). steps.
        assert (Gc : grows wb wc) by (apply grows_mem; assumption). pose proof (grows_trans _ _ _ Gwb Gc) as Gwc.
        pose proof (grows_views _ _ Gwc) as Vc. assert (Lc : live wc h) by (apply (views_live _ _ _ Vc), Lv).
        assert (Yc : same_leaves wb wc).
        { assert (Y : same_trees wb wc).
          { pose proof (grows_views _ _ Gc) as Vbc. constructor.
            - intros h'. apply (views_live _ _ _ Vbc).
            - intros h'. apply (views_rooted _ _ _ Vbc).
            - intros h' _. apply (v_root _ _ Vbc).
            - intros h' _. apply (v_prot _ _ Vbc).
            - intros h' l fn' q i R' F' E' _. apply (views_rooted _ _ _ Vbc) in R'. apply Wo. intros ->.
              destruct (table_ours B HB fz wb h' Tbb R' l fn' n F' E') as (_ & _ & _ & _ & Hn).
              destruct (vmcore_fields h _ Hh (sp_state _ _ _ _ Sp)) as (_ & Hn' & _). assert (h' = h) as -> by congruence.
              exact (sp_table _ _ _ _ Sp l fn' F' E'). }
          pose proof (grows_views _ _ Gc) as Vbc. intros h' l fn' R' F'. apply (views_rooted _ _ _ Vbc) in R'.
          pose proof (same_table_at wb wc Y h' l fn' R' F') as A1. pose proof (same_leaf_at wb wc Y h' fn' R' F') as A2.
          rewrite (v_root _ _ Vbc) in A1, A2. auto. }
        assert (Erb : vm_root wb h = vm_root w h) by apply (v_root _ _ Vb).
        assert (Ec : leaf_at wc (vm_root w h) fn = (2, d)) by (rewrite <- Erb, (proj2 (Yc h 2 fn Rb Fr)), Erb; exact Eb).
        assert (Tc2 : table_at wc (vm_root w h) 2 fn = Some t) by (rewrite <- Erb, (proj1 (Yc h 2 fn Rb Fr)), Erb; exact Tb).
        pose proof (s_cs _ _ _ _ Sc') as Cc.
        assert (Rc : rooted wc h) by (left; exact Lc). pose proof (s_tables _ _ _ _ Sc') as Tbc.
        assert (Ec' : leaf_at wc (vm_root wc h) fn = (2, d)) by (rewrite (v_root _ _ Vc); exact Ec).
        assert (Tc' : table_at wc (vm_root wc h) 2 fn = Some t) by (rewrite (v_root _ _ Vc); exact Tc2).
        destruct (table_ours B HB fz wc h Tbc Rc 2 fn t Fr Tc') as (Oc & _).
        destruct (unblock B HB fz L wc h fn t d n Sc' Lc Fr Ec' Tc' Spc) as (Sd & _).
        eapply wp_mono; [apply HS; [exact Cc|exact Oc|apply index_range|apply (cs_secure B), (sh_cs _ _ _ _ Sd)]|].
        cbv beta. intros ? wd [Ed ->]. rewrite <- Ed in Sd. steps. pose proof (sh_cs _ _ _ _ Sd) as Cd.
        assert (Erd : vm_root wd h = vm_root w h) by (rewrite Ed; exact (v_root _ _ Vc h)).
        read_root Cd wd h. steps.
        eapply wp_mono; [apply HT; [exact Cd|right; split; [exact Hh|reflexivity]]|].
        cbv beta. intros ? we ((wz & J & Iz & Ee) & ->). steps. split; [|do 2 eexists; reflexivity].
        apply (ready_block B HB fz L w h fn t n d wc wd wz we); auto.
        intros h' fn' R' F'. apply refines_trans with (leaf_at wb (vm_root w h') fn'); [apply Rfb; assumption|].
        apply refines_same. rewrite <- (v_root _ _ Vb). apply (Yc h' 1 fn'); [apply (views_rooted _ _ _ Vb), R'|exact F'].
      + destruct Bk as [(M & _)|[_ D0]]; [contradiction|]. split; [|do 2 eexists; reflexivity].
        apply (ready_empty B fz L w h fn t n wb); auto. rewrite Eb, D0. reflexivity.
    - intros e x (Rd & u & v & ->). steps. pure HD. steps.
      destruct (ready_link B HB fz L w h fn t n x Rd Lv Fr) as (Sx & Gx & Tx & Lx & Rx).
      pose proof (sh_cs _ _ _ _ (rd_shape _ _ _ _ _ _ _ _ _ Rd)) as Cx.
      assert (Rr : rooted x h) by (left; apply (views_live _ _ _ (grows_views _ _ (rd_grows _ _ _ _ _ _ _ _ _ Rd))), Lv).
      destruct (tree_page B HB fz x (sh_trees _ _ _ _ (rd_shape _ _ _ _ _ _ _ _ _ Rd)) h 2 fn t Rr Fr
        (rd_table _ _ _ _ _ _ _ _ _ Rd)) as (Ox & _).
      eapply wp_mono; [apply HS; [exact Cx|exact Ox|apply index_range|apply (cs_secure B), Sx]|].
      cbv beta. intros ? wf [Ef ->]. rewrite <- Ef in *. steps. exists n. auto 6.
  Qed.
End Proofs.
