(** * Boot: the functions of page.c, host.c and walk.c that it calls *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Events Boot.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Page_Facts Host_Facts Init_Spec Boot_Prims Check_Proof Init_Facts.
From Redoubt.gen Require Import mm_page mm_host mm_walk.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variable I : info.
  Hypothesis Hc : checked I.
  Notation tree := (tree I). Notation first := (first I).

  Lemma pool_range : 0 < i_pool I /\ i_pool I + i_pooln I <= 2 ^ 28.
  Proof.
    destruct Hc as (G & _ & (N & i & Hi & In) & P & _). unfold inside in *. destruct (proj1 (proj2 G) i Hi) as [R _].
    unfold range_ok in R. lia.
  Qed.

  Lemma first_range : i_pool I <= first <= i_pool I + 1.
  Proof. unfold Init_Spec.first. pose proof (Z.mod_pos_bound (i_pool I) 2). lia. Qed.

  Lemma role_range n R w p : tree n R w -> R p <> Free -> pool I p /\ 0 < p < 2 ^ 28.
  Proof.
    intros T N. pose proof (t_role _ _ _ _ T p N). pose proof (t_next _ _ _ _ T). pose proof first_range.
    pose proof pool_range. unfold pool. lia.
  Qed.

  Lemma region_range i : 0 <= i < i_n I -> 0 <= i_base I i /\ 0 < i_size I i /\ i_base I i + i_size I i <= 268435456 /\
    i_base I i mod 512 = 0 /\ i_size I i mod 512 = 0.
  Proof. intros H. destruct (proj1 (proj2 (proj1 Hc)) i H) as [R A]. unfold range_ok in R. pows. tauto. Qed.

  Lemma block_region i p q : 0 <= i < i_n I -> i_base I i <= p < i_base I i + i_size I i -> q / 512 = p / 512 ->
    i_base I i <= q < i_base I i + i_size I i.
  Proof. intros Hi Hp Q. pose proof (region_range i Hi). words. Qed.

  Lemma block_row i p : 0 <= i < i_n I -> i_base I i <= p < i_base I i + i_size I i -> in_row I i (p / 512).
  Proof. intros Hi Hp. apply (block_region i p); auto. words. Qed.

  Lemma ram_of n i p : 0 <= i < n -> n <= i_n I -> i_base I i <= p < i_base I i + i_size I i -> ram I p.
  Proof. intros. exists i. split; [lia|assumption]. Qed.

  (** Is the page KServ's? *)
  Lemma hosts_state n i p w : states I n w -> 0 <= i < n -> i_base I i <= p < i_base I i + i_size I i ->
    (bz ((1 <=? kind (state w p)) && (kind (state w p) <=? 3)) = 0 /\ core I p \/
     bz ((1 <=? kind (state w p)) && (kind (state w p) <=? 3)) = 1 /\ ~ core I p).
  Proof.
    intros S Hi Hp. destruct (S p) as [[C ->]|[C ->]]; [exists i; auto|left|right]; split; auto; reflexivity.
  Qed.

  Lemma l2_pool n R w g : tree n R w -> 0 <= g < 1024 -> l2_of w g <> 0 -> pool I (l2_of w g) /\ 0 < l2_of w g < 2 ^ 28.
  Proof. intros T Hg N. apply (role_range n R w _ T). rewrite (t_l2 _ _ _ _ T g Hg N). discriminate. Qed.

  Lemma gib_of p : 0 <= p < 2 ^ 28 -> p / 512 / 512 = p / 2 ^ 18.
  Proof. intros. words. Qed.

  Variable fuel : nat.
  Hypothesis Hfuel : 2 ^ 28 < Z.of_nat fuel.

  Lemma boot_region_find_ok F : boot_region_find I (invoke F fuel f_region_find).
  Proof.
    intros n R i p w T Hi Hn Hp. pose proof (t_n _ _ _ _ T ltac:(lia)) as Tn. pose proof (proj1 (proj1 Hc)) as N8.
    pose proof (region_range i ltac:(lia)) as Ri.
    enter. steps.
    loop (fun m e w1 => w1 = w /\ exists j, m = i - j /\ 0 <= j <= i /\ e = [("pfn", Some p); ("i", Some j)]) from i.
    - lia.
    - split; [reflexivity|]. exists 0. sp; try lia; reflexivity.
    - intros m e w1 M (-> & j & -> & Hj & ->). destruct (t_regions _ _ _ _ T j ltac:(lia)) as [Eb Es].
      pose proof (region_range j ltac:(lia)) as Rj. steps; rewrite ?Tn, ?Eb, ?Es in *; try lia.
      + split; [reflexivity|]. f_equal. apply (regions_apart I j i p (proj1 Hc)); try lia.
        unfold wrap in *. cbn [modulus] in *. words.
      + exists (i - (j + 1)). sp; try reflexivity.
        * destruct (Z.eq_dec j i) as [->|]; [|lia]. rewrite wrap_small in E0 by (unfold in_ty, modulus; lia). lia.
        * lia.
        * exists (j + 1). sp; try reflexivity; try lia.
          destruct (Z.eq_dec j i) as [->|]; [|lia]. rewrite wrap_small in E0 by (unfold in_ty, modulus; lia). lia.
  Qed.

  Lemma boot_host_l3_ok F : boot_region_find I (F "region_find") -> boot_host_l3 I (invoke F fuel f_host_l3).
  Proof.
    intros HF n R i p w T Hi Hn Hp. destruct (t_regions _ _ _ _ T i ltac:(lia)) as [Eb Es].
    pose proof (region_range i ltac:(lia)) as Ri. pose proof (proj1 (proj1 Hc)) as N8.
    assert (Rr : 0 < row I w i (p / 512) < 2 ^ 28).
    { apply (role_range n R w _ T). rewrite (t_row _ _ _ _ T i (p / 512) Hi); [discriminate|]. apply block_row; lia. }
    enter. steps. eapply wp_mono; [eapply HF; [exact T|exact Hi|exact Hn|exact Hp]|]. cbv beta. intros ? ? [-> ->]. steps.
    split; [reflexivity|]. f_equal. unfold row in *. rewrite Eb.
    rewrite shiftr_div by lia. rewrite ?(wrap_small U64 (p - i_base I i)) by (unfold in_ty, modulus; lia). pows.
    replace ((p - i_base I i) / 512) with (p / 512 - i_base I i / 512) by words.
    apply wrap_small. unfold in_ty, modulus. lia.
  Qed.

  Lemma boot_host_block_full_ok F : unary booting (fun fn => fn / 512 * 512) (F "fn_block") ->
    boot_meta_get (F "meta_get") -> unary booting (fun s => bz ((1 <=? kind s) && (kind s <=? 3))) (F "word_is_hosts") ->
    boot_host_block_full I (invoke F fuel f_host_block_full).
  Proof.
    intros HB0 HG HH n i p w Sy St Hi Hn Hp. pose proof (region_range i ltac:(lia)) as Ri.
    assert (Up : in_ty U64 p) by (unfold in_ty, modulus; lia). assert (Rp : 0 <= p < 268435456) by lia.
    enter. steps. pure HB0. steps.
    loop (fun m e w1 => w1 = w /\ exists j v ow, m = 512 - j /\ 1 <= j <= 512 /\
      e = [("pfn", Some p); ("base", Some (p / 512 * 512)); ("i", Some j); ("hosts", Some v); ("w", ow)] /\
      (v <> 0 -> forall k, 1 <= k < j -> ~ core I (p / 512 * 512 + (p + k) mod 512))) from 511.
    - lia.
    - split; [reflexivity|]. exists 1, 1. eexists. sp; try lia; try reflexivity; try (intros _ j J; lia).
    - intros m e w1 M (-> & j & v & ow & -> & Hj & -> & H). steps.
      + rewrite (land_low _ _ 9) by (reflexivity || lia). change (2 ^ 9) with 512.
        assert (Aq : 0 <= p / 512 * 512 + (p + j) mod 512 < 2 ^ 28) by words.
        rewrite (wrap_small U64 (p / 512 * 512 + (p + j) mod 512)) by (unfold in_ty, modulus; lia).
        set (q := p / 512 * 512 + (p + j) mod 512) in *.
        assert (Rq : i_base I i <= q < i_base I i + i_size I i) by (apply (block_region i p); [lia|exact Hp|unfold q; words]).
        eapply wp_mono; [eapply HG; [exact Sy|exact (ram_of n i q Hi Hn Rq)]|]. cbv beta. intros ? ? [-> ->]. steps.
        pure HH. steps.
        exists (512 - (j + 1)). sp; try lia; try reflexivity. exists (j + 1). do 2 eexists. sp; try lia; try reflexivity.
        intros V k K. destruct (Z.eq_dec k j) as [->|]; [|apply H; lia].
        destruct (hosts_state n i q w St Hi Rq) as [[X _]|[_ X]]; [contradiction|exact X].
      + split; [reflexivity|]. exists v. split; [reflexivity|]. intros V q Q N.
        specialize (H V ((q - p) mod 512)).
        replace (p / 512 * 512 + (p + (q - p) mod 512) mod 512) with q in H by words.
        apply H. assert (j = 512) as -> by lia. words.
  Qed.

  Lemma boot_host_entry_set_ok F : unary booting (index 2) (F "idx_l2") -> boot_pte_set (F "pte_set") ->
    boot_host_entry_set I (invoke F fuel f_host_entry_set).
  Proof.
    intros HI HS n R p x w T Rp N Hx Ok. assert (Up : in_ty U64 p) by (unfold in_ty, modulus; pows; lia).
    enter. steps. pure HI. steps.
    { rewrite shiftr_div by lia. words. }
    rewrite shiftr_div by lia. fold (l2_of w (p / 2 ^ 18)).
    eapply wp_mono; [eapply HS; [apply T|eapply l2_pool; [exact T|words|exact N]|apply index_range]|].
    cbv beta. intros ? ? [-> ->]. steps. split; [reflexivity|]. split; [|eexists; reflexivity].
    rewrite <- gib_of in * by exact Rp. apply tree_set2; auto. words.
  Qed.

  Lemma boot_host_fill_ok F : unary booting (fun fn => fn / 512 * 512) (F "fn_block") ->
    boot_host_l3 I (F "host_l3") -> boot_meta_get (F "meta_get") ->
    unary booting (fun s => bz ((1 <=? kind s) && (kind s <=? 3))) (F "word_is_hosts") ->
    (forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes booting (F "desc_page") [p; a] (page_desc p a)) ->
    boot_pte_set (F "pte_set") ->
    (forall p, 0 <= p < 2 ^ 28 -> computes booting (F "desc_table") [p] (table_desc p)) ->
    boot_host_fill I (invoke F fuel f_host_fill).
  Proof.
    intros HB0 HL HG HH HD HS HT n R i p w T St Hi Hn Hp. pose proof (region_range i ltac:(lia)) as Ri.
    assert (Up : in_ty U64 p) by (unfold in_ty, modulus; lia). assert (Rp : 0 <= p < 268435456) by lia.
    pose proof (block_row i p ltac:(lia) Hp) as Br.
    set (t := row I w i (p / 512)).
    assert (Rt : R t = Table3 (p / 512)) by (apply (t_row _ _ _ _ T i _ Hi Br)).
    assert (Pt : pool I t /\ 0 < t < 2 ^ 28) by (apply (role_range n R w t T); rewrite Rt; discriminate).
    enter. steps. pure HB0. steps.
    eapply wp_mono; [eapply HL; [exact T|exact Hi|exact Hn|exact Hp]|]. cbv beta. intros ? ? [-> ->]. fold t. steps.
    loop (fun m e w1 => tree n R w1 /\ stores w w1 /\ exists j ow oh od, m = 512 - j /\ 0 <= j <= 512 /\
      e = [("pfn", Some p); ("base", Some (p / 512 * 512)); ("l3", Some t); ("i", Some j);
           ("w", ow); ("hosts", oh); ("d", od)] /\
      forall k, 0 <= k < j -> page_ok I (p / 512 * 512 + k) (word w1 t k)) from 512.
    - lia.
    - sp; [exact T|apply stores_refl|]. exists 0. do 3 eexists. sp; try lia; try reflexivity; intros k Hk; lia.
    - intros m e w1 M (T1 & V1 & j & ow & oh & od & -> & Hj & -> & Fd). steps.
      + set (q := p / 512 * 512 + j) in *.
        assert (Rq : i_base I i <= q < i_base I i + i_size I i).
        { apply (block_region i p); [lia|exact Hp|unfold q; words]. }
        assert (Step : forall x, in_ty U64 x -> page_ok I q x ->
          WP (F "pte_set" [t; j; x]) (fun _ w2 => tree n R w2 /\ stores w w2 /\
            forall k, 0 <= k < j + 1 -> page_ok I (p / 512 * 512 + k) (word w2 t k)) w1).
        { intros x Hx Hq. eapply wp_mono; [eapply HS; [apply T1|apply Pt|lia]|]. cbv beta. intros ? w2 [-> _]. sp.
          - apply tree_set3 with (p / 512); auto; [lia|]. rewrite wrap_small by exact Hx. exact Hq.
          - eapply stores_trans; [exact V1|]. eexists; reflexivity.
          - intros k Hk. rewrite word_set, Z.eqb_refl. cbn [andb]. destruct (Z.eqb_spec k j) as [->|]; [|apply Fd; lia].
            rewrite wrap_small by exact Hx. exact Hq. }
        assert (Next : forall w2 ow oh od, tree n R w2 -> stores w w2 ->
          (forall k, 0 <= k < j + 1 -> page_ok I (p / 512 * 512 + k) (word w2 t k)) ->
          exists m', 0 <= m' < 512 - j /\ tree n R w2 /\ stores w w2 /\ exists j0 ow0 oh0 od0, m' = 512 - j0 /\
            0 <= j0 <= 512 /\ [("pfn", Some p); ("base", Some (p / 512 * 512)); ("l3", Some t); ("i", Some (j + 1));
              ("w", ow); ("hosts", oh); ("d", od)] = [("pfn", Some p); ("base", Some (p / 512 * 512)); ("l3", Some t);
              ("i", Some j0); ("w", ow0); ("hosts", oh0); ("d", od0)] /\
            forall k, 0 <= k < j0 -> page_ok I (p / 512 * 512 + k) (word w2 t k)).
        { intros w2 ow' oh' od' A B C. exists (512 - (j + 1)). sp; try lia; auto. exists (j + 1), ow', oh', od'.
          sp; try lia; auto. }
        eapply wp_mono; [eapply HG; [apply T1|exact (ram_of n i q Hi Hn Rq)]|]. cbv beta. intros ? ? [-> ->]. steps.
        pure HH. pose proof (hosts_state n i q w1 (stores_states I n w w1 V1 St) Hi Rq) as X. steps.
        * pure HD; [exact attr_host|]. steps.
          eapply wp_mono; [apply Step|].
          -- unfold page_desc, ATTR_HOST. words.
          -- intros _. split; [apply output_page; pows; lia|]. left.
             split; [exact (ram_of n i q Hi Hn Rq)|]. destruct X as [[X _]|[_ X]]; [lia|exact X].
          -- cbv beta. intros ? w2 (A & B & C). steps. apply Next; assumption.
        * eapply wp_mono; [apply Step|].
          -- split; reflexivity || lia.
          -- intros Y. discriminate Y.
          -- cbv beta. intros ? w2 (A & B & C). steps. apply Next; assumption.
      + assert (j = 512) as -> by lia. pure HT. steps. sp; auto. eexists. split; [reflexivity|].
        split; [unfold table_desc; words|]. split.
        * intros fn x _ L. rewrite leaf2 in L. replace (table_desc t mod 4 =? 1) with false in L; [discriminate L|].
          symmetry. unfold table_desc. words.
        * intros t' L. unfold next_table in L. change (2 <? 3) with true in L. rewrite output_table in L by lia.
          assert (t' = t) as -> by (destruct (_ && _) in L; [injection L; auto|discriminate L]). clear L.
          split; [exact Rt|]. split; [|intros k Hk; apply Fd; lia].
          intros i' Hi' Hb'. assert (i' = i) as ->.
          { apply (regions_apart I i' i (p / 512 * 512) (proj1 Hc)); try lia; try exact Hb'. exact Br. }
          split; [lia|]. destruct V1 as (r & ->). reflexivity.
  Qed.

  Lemma boot_host_map_boot_ok F : boot_meta_get (F "meta_get") ->
    unary booting (fun s => bz ((1 <=? kind s) && (kind s <=? 3))) (F "word_is_hosts") ->
    boot_host_block_full I (F "host_block_full") ->
    (forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes booting (F "desc_block") [p; a] (block_desc p a)) ->
    boot_host_fill I (F "host_fill") -> boot_host_entry_set I (F "host_entry_set") ->
    boot_host_map_boot I (invoke F fuel f_host_map_boot).
  Proof.
    intros HG HH HB HD HF HE n R i p w T St Hi Hn Hp A N. pose proof (region_range i ltac:(lia)) as Ri.
    assert (Up : in_ty U64 p) by (unfold in_ty, modulus; lia). assert (Rp : 0 <= p < 2 ^ 28) by (pows; lia).
    enter. steps. eapply wp_mono; [eapply HG; [apply T|exact (ram_of n i p Hi Hn Hp)]|]. cbv beta. intros ? ? [-> ->]. steps.
    pure HH. steps. eapply wp_mono; [eapply HB; [apply T|exact St|exact Hi|exact Hn|exact Hp]|].
    cbv beta. intros ? ? [-> (v & -> & Hv)].
    pose proof (hosts_state n i p w St Hi Hp) as X.
    apply r_seq. apply r_decl.
    join (fun e w1 => tree n R w1 /\ stores w w1 /\ exists ow oh ov x, in_ty U64 x /\ entry_ok I n R w1 (p / 512) x /\
      e = [("pfn", Some p); ("w", ow); ("hosts", oh); ("rest", ov); ("d", Some x)]).
    - steps.
      + pure HD; [exact attr_host|]. steps. sp; [exact T|apply stores_refl|]. do 4 eexists. split; [|split; [|reflexivity]].
        * unfold block_desc, ATTR_HOST. words.
        * split.
          -- intros fn q Q L. rewrite leaf2, output_block in L by exact Rp. destruct (_ =? 1) in L; [|discriminate L].
             assert (q = fn) as -> by (injection L as <-; words). split; [reflexivity|]. left.
             split; [eapply ram_of; [exact Hi|exact Hn|apply (block_region i p); auto; lia]|].
             destruct (Z.eq_dec fn p) as [->|D]; [destruct X as [[X _]|[_ X]]; [lia|exact X]|apply Hv; auto; lia].
          -- intros t L. unfold next_table in L. change (2 <? 3) with true in L.
             replace (block_desc p 2044 mod 4 =? 3) with false in L; [discriminate L|].
             symmetry. unfold block_desc, ATTR_HOST. words.
      + eapply wp_mono; [eapply HF; [exact T|exact St|exact Hi|exact Hn|exact Hp]|].
        cbv beta. intros ? w1 (T1 & V1 & x & -> & Hx & Ok). steps. sp; auto. do 4 eexists. sp; eauto.
    - intros e w1 (T1 & V1 & ow & oh & ov & x & Hx & Ok & ->). steps.
      eapply wp_mono; [eapply HE; [exact T1|exact Rp| |exact Hx|exact Ok]|].
      + destruct V1 as (r & ->). exact N.
      + cbv beta. intros ? w2 (-> & T2 & V2). steps. sp; auto. eapply stores_trans; eassumption.
  Qed.

  (** ** Walks *)
  Lemma boot_walk_l2_ok F : unary booting (fun fn => fn / 2 ^ 27 mod 2) (F "idx_l1_page") ->
    unary booting (index 1) (F "idx_l1") -> boot_pte_get (F "pte_get") ->
    unary booting (fun d => bz (d mod 4 =? 3)) (F "desc_is_table") ->
    unary booting (fun d => d / 2 ^ 12 mod 2 ^ 28) (F "desc_pfn") -> boot_walk_l2 I (invoke F fuel f_walk_l2).
  Proof.
    intros HP HI HG HT HF n R fn w T Rf N. assert (Up : in_ty U64 fn) by (unfold in_ty, modulus; pows; lia).
    pose proof pool_range as Pr. pose proof first_range as Fr.
    assert (Hg : 0 <= fn / 2 ^ 18 < 1024) by words.
    enter. steps. pure HP. steps. pure HI.
    replace (fn / 2 ^ 27 mod 2) with (fn / 2 ^ 18 / 512) by words.
    replace (index 1 fn) with (fn / 2 ^ 18 mod 512) by reflexivity.
    assert (0 <= fn / 2 ^ 18 / 512 <= 1) by words.
    pose proof (t_next _ _ _ _ T) as Nx. steps.
    eapply wp_mono; [eapply HG; [apply T|eapply (role_range n R w _ T); rewrite (roots_role I n R w _ T Hg);
      discriminate|apply Z.mod_pos_bound; lia]|].
    cbv beta. intros ? ? [-> ->]. rewrite (t_l1 _ _ _ _ T _ Hg). replace (l2_of w (fn / 2 ^ 18) =? 0) with false by lia.
    pose proof (l2_pool n R w _ T Hg N) as [_ L2].
    assert (D : in_ty U64 (table_desc (l2_of w (fn / 2 ^ 18)))) by (unfold table_desc, in_ty, modulus; pows; lia).
    steps. pure HT. steps.
    - unfold table_desc in E. exfalso. clear -E. words.
    - pure HF. steps. split; [reflexivity|]. f_equal. unfold table_desc. clear -L2. words.
  Qed.

  Lemma boot_walk_entry2_ok F : boot_walk_l2 I (F "walk_l2") -> unary booting (index 2) (F "idx_l2") ->
    boot_pte_get (F "pte_get") -> boot_walk_entry2 I (invoke F fuel f_walk_entry2).
  Proof.
    intros HW HI HG n R fn w T Rf N. assert (Up : in_ty U64 fn) by (unfold in_ty, modulus; pows; lia).
    assert (Hg : 0 <= fn / 2 ^ 18 < 1024) by words. pose proof (l2_pool n R w _ T Hg N) as [Lp L2].
    enter. steps. eapply wp_mono; [eapply HW; eassumption|]. cbv beta. intros ? ? [-> ->]. steps. pure HI. steps; [exfalso; lia|].
    eapply wp_mono; [eapply HG; [apply T|exact Lp|apply index_range]|]. cbv beta. intros ? ? [-> ->]. steps.
    split; [reflexivity|]. unfold entry_of. rewrite gib_of by exact Rf. reflexivity.
  Qed.

  Lemma boot_walk_l3_ok F : boot_walk_entry2 I (F "walk_entry2") ->
    unary booting (fun d => bz (d mod 4 =? 3)) (F "desc_is_table") ->
    unary booting (fun d => d / 2 ^ 12 mod 2 ^ 28) (F "desc_pfn") -> boot_walk_l3 I (invoke F fuel f_walk_l3).
  Proof.
    intros HW HT HF n R fn w T Rf N. assert (Up : in_ty U64 fn) by (unfold in_ty, modulus; pows; lia).
    enter. steps. eapply wp_mono; [eapply HW; eassumption|]. cbv beta. intros ? ? [-> ->].
    assert (D : in_ty U64 (entry_of w (fn / 512))) by apply word_range. steps. pure HT. steps.
    - split; [reflexivity|]. left. split; [lia|reflexivity].
    - pure HF. steps. split; [reflexivity|]. right. assert (M : entry_of w (fn / 512) mod 4 = 3) by lia.
      split; [exact M|]. exists (output (entry_of w (fn / 512))). 
      assert (L : next_table 2 (entry_of w (fn / 512)) = Some (output (entry_of w (fn / 512)))).
      { unfold next_table. change (2 <? 3) with true. rewrite M. reflexivity. }
      split; [exact L|]. f_equal.
      assert (Ok : entry_ok I n R w (fn / 512) (entry_of w (fn / 512))).
      { apply (t_entry _ _ _ _ T); [words|]. rewrite gib_of by exact Rf. exact N. }
      destruct (eo_link _ _ _ _ _ _ Ok _ L) as (Rt & _).
      destruct (role_range n R w (output (entry_of w (fn / 512))) T) as [_ O]; [rewrite Rt; discriminate|]. unfold output in *. words.
  Qed.
End Proofs.
