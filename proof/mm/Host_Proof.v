(** * KServ's stage 2: proofs of the functions *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Page_Spec Page_Facts Host_Spec Host_Facts.
From Redoubt.gen Require Import mm_host.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  (** Reads a constant; [Kn : known B w]. *)
  Ltac read_constant Kn := apply read_ret; [reflexivity|apply (kn_secure B _ Kn)|].

  Lemma ram_u64 p : is_ram B p -> in_ty U64 p.
  Proof. intros R. pose proof (ram_range B HB p R). unfold in_ty, modulus. words. Qed.

  Lemma host_l3_ok F : spec_region_find B cpu LI (F "region_find") ->
    spec_host_l3 B cpu LI (invoke F fuel f_host_l3).
  Proof.
    intros HF p w R Kn. pose proof (ram_u64 p R) as Up. pose proof (ram_range B HB p R) as Rp.
    pose proof (kn_constants B w Kn) as C. pose proof (bo_n B HB) as N.
    enter. steps. ask HF i Hi. destruct Hi as [[Hi Ri]|[_ X]]; [|contradiction]. steps.
    read_constant Kn. steps. read_constant Kn. rewrite (k_base B w C i Hi). steps.
    pose proof (bo_region B HB i Hi) as Rg.
    rewrite shiftr_div by lia. change (2 ^ 9) with 512.
    cbn [eval_arith]. rewrite ?(wrap_small U64 (p - b_base B i)) by (unfold in_ty, modulus; lia).
    rewrite (k_l3 B w C i p Hi Ri). steps. split; [reflexivity|]. f_equal.
    apply wrap_small. pose proof (l3_range B HB p R). unfold in_ty, modulus. lia.
  Qed.

  (** The level-2 table that covers a frame of RAM. *)
  Ltac l2_table Kn R := apply read_ret; [reflexivity|apply (kn_secure B _ Kn)|];
    rewrite shiftr_div by lia; rewrite (k_l2 B _ (kn_constants B _ Kn)) by (apply (ram_has B HB 2); auto).

  Lemma host_entry_ok F : unary K (index 2) (F "idx_l2") -> spec_pte_get B cpu LI (F "pte_get") ->
    spec_host_entry B cpu LI (invoke F fuel f_host_entry).
  Proof.
    intros HI HG p w R C. pose proof (ram_u64 p R) as Up. pose proof (ram_range B HB p R) as Rp.
    pose proof (cs_known B w C) as Kn.
    enter. steps. pure HI. steps.
    { rewrite shiftr_div by lia. words. }
    l2_table Kn R. steps.
    eapply wp_mono; [apply HG; [exact C|apply (host_ours B HB w 2 p); [apply C|apply (ram_has B HB); auto]|apply index_range]|].
    cbv beta. intros ? ? [-> ->]. steps. split; reflexivity.
  Qed.

  Lemma host_entry_set_ok F : unary K (index 2) (F "idx_l2") -> spec_pte_set B cpu LI (F "pte_set") ->
    spec_host_entry_set B cpu LI (invoke F fuel f_host_entry_set).
  Proof.
    intros HI HS p x w R C Fx. pose proof (ram_u64 p R) as Up. pose proof (ram_range B HB p R) as Rp.
    pose proof (cs_known B w C) as Kn. destruct (store_entry2 B HB w p x (cs_inv B w C) R Fx) as [I V].
    enter. steps. pure HI. steps.
    { rewrite shiftr_div by lia. words. }
    l2_table Kn R. steps.
    eapply wp_mono; [apply HS; [exact C|apply (host_ours B HB w 2 p); [apply C|apply (ram_has B HB); auto]|
      apply index_range|apply (i_secure B _ I)]|].
    cbv beta. intros ? ? [-> ->]. steps. sp; auto. split; [exact I|apply C].
  Qed.

  Lemma core_same w w0 t i : inv B w -> ours B w t -> interference w w0 -> word w0 t i = word w t i.
  Proof.
    intros I O (r & -> & E). destruct (ours_kind B w t O) as [R K]. unfold word; cbn. rewrite E; [reflexivity|..].
    - apply (core_unreached B HB); auto.
    - apply (ours_free B); [apply I|exact O].
  Qed.

  Lemma l3_ours w p : inv B w -> is_ram B p -> ours B w (b_l3 B (p / 512)).
  Proof. intros I R. apply (host_ours B HB w 3 p I). apply ram_has; auto. Qed.

  (** Invalidation keeps the tables' words and the VMs' walks and entries. *)
  Lemma evolves_invalidate w w0 : inv B w -> interference w w0 ->
    evolves B [] no_page w (invalidate B 0 w0).
  Proof.
    intros I J. pose proof (inv_interference B HB w w0 I J) as I0.
    pose proof (drop_walks B w0 0 (i_settled B w0 I0)) as A.
    pose proof (drop_entries B w0 0 (i_settled B w0 I0)) as T.
    destruct J as (r & E & Er). constructor; try (subst w0; reflexivity).
    - intros q i _ R Kq. subst w0. cbn. apply Er; [apply (core_unreached B HB); auto|].
      apply (vmcore_free B); [apply I|exact Kq].
    - intros h l fn t N. split; [intros W; apply A in W; subst w0; exact W|].
      intros W. apply (drop_others B w0 0 h N). subst w0; exact W.
    - intros k h fn p N. split; [intros W; apply T in W; subst w0; exact W|].
      intros W. apply (drop_others B w0 0 h N). subst w0; exact W.
  Qed.

  Lemma evolves_none a b c : evolves B [] no_page a b -> evolves B [] no_page b c -> evolves B [] no_page a c.
  Proof. apply evolves_trans. Qed.

  (** Nothing of the block's table changes when its link does, nor when others write. *)
  Lemma entry2_store_same w p x : inv B w -> is_ram B p -> in_ty U64 x ->
    entry2 B (write_word B (host_table B 2 p) (index 2 p) x w) p = x.
  Proof.
    intros I R Hx. unfold entry2. rewrite word_write, !Z.eqb_refl. cbn [andb]. apply wrap_small, Hx.
  Qed.

  Lemma l3_store2_same w p x i : is_ram B p ->
    word (write_word B (host_table B 2 p) (index 2 p) x w) (b_l3 B (p / 512)) i = word w (b_l3 B (p / 512)) i.
  Proof.
    intros R. rewrite word_write. destruct (Z.eqb_spec (b_l3 B (p / 512)) (host_table B 2 p)) as [E|]; [|reflexivity].
    symmetry in E. destruct (l2_not_l3 B HB p p R R E).
  Qed.

  Lemma host_entry_replace_ok F : spec_host_entry_set B cpu LI (F "host_entry_set") ->
    spec_tlb_inval_vm B cpu LI (F "tlb_inval_vm") ->
    spec_host_entry_replace B cpu LI (invoke F fuel f_host_entry_replace).
  Proof.
    intros HS HT p x w R C Fx. enter. steps.
    eapply wp_mono; [apply HS; [exact R|exact C|apply fits_zero]|].
    cbv beta. intros ? w1 (-> & E1 & C1 & V1). steps.
    pose proof (cs_known B w1 C1) as Kn. read_constant Kn. rewrite (k_root B w1 (kn_constants B _ Kn)). steps.
    eapply wp_mono; [apply HT; [exact C1|left; auto]|].
    cbv beta. intros ? w3 ((w2 & J & I2 & E3) & ->). steps.
    assert (V3 : evolves B [] no_page w1 w3) by (rewrite E3; apply evolves_invalidate; [apply C1|exact J]).
    assert (C3 : cs B w3).
    { split; [rewrite E3; apply inv_invalidate, I2|]. rewrite (e_held _ _ _ _ _ V3). apply C1. }
    assert (Fx3 : fits B w3 p x).
    { apply fits_same with w; [exact Fx| |].
      - rewrite E3. destruct J as (r & -> & _). rewrite E1. reflexivity.
      - intros i. assert (X : word w3 (b_l3 B (p / 512)) i = word w2 (b_l3 B (p / 512)) i) by (rewrite E3; reflexivity).
        rewrite X, (core_same w1 w2) by (try exact J; try apply l3_ours; try apply C1; exact R).
        rewrite E1. apply l3_store2_same, R. }
    eapply wp_mono; [apply HS; [exact R|exact C3|exact Fx3]|].
    cbv beta. intros ? w4 (-> & E4 & C4 & V4). steps. sp; auto.
    - eapply evolves_trans; [exact V1|]. eapply evolves_trans; [exact V3|exact V4].
    - rewrite E4. apply entry2_store_same; [apply C3|exact R|apply Fx].
  Qed.

  Lemma hosts_bool s : (1 <=? kind s) && (kind s <=? 3) = true <-> hosts s.
  Proof. pg. lia. Qed.

  Lemma filled_fits w p : is_ram B p -> filled B w p 512 -> fits B w p (table_desc (b_l3 B (p / 512))).
  Proof.
    intros R Fd. pose proof (l3_range B HB p R) as L. split.
    - unfold table_desc. words.
    - intros fn q A D E. exfalso. rewrite leaf2 in E.
      replace (table_desc (b_l3 B (p / 512)) mod 4 =? 1) with false in E; [discriminate E|].
      symmetry. unfold table_desc. words.
    - intros t E. unfold next_table in E. change (2 <? 3) with true in E. rewrite output_table in E by exact L.
      assert (T : t = b_l3 B (p / 512)) by (destruct (_ && _) in E; [injection E; auto|discriminate E]).
      subst t. split; [reflexivity|]. intros fn q A D X. change (2 ^ 9) with 512 in D.
      assert (Ei : index 3 fn = fn - p / 512 * 512).
      { unfold index. change (2 ^ (9 * (3 - 3))) with 1. words. }
      rewrite leaf3, Ei in X. destruct (Z.eqb_spec (word w (b_l3 B (p / 512)) (fn - p / 512 * 512) mod 4) 3); [|discriminate X].
      destruct (Fd (fn - p / 512 * 512)) as [O H]; [words|exact e|]. injection X as <-. rewrite O.
      replace (p / 512 * 512 + (fn - p / 512 * 512)) with fn in * by lia. split; [reflexivity|].
      left. split; [apply (ram_block B HB p fn R D)|exact H].
  Qed.

  Lemma fill_step w p i x : inv B w -> is_ram B p -> 0 <= i < 512 -> in_ty U64 x -> filled B w p i ->
    (x mod 4 = 3 -> output x = p / 512 * 512 + i /\ hosts (state w (p / 512 * 512 + i))) ->
    let w' := write_word B (b_l3 B (p / 512)) i x w in
    inv B w' /\ evolves B [] no_page w w' /\ filled B w' p (i + 1).
  Proof.
    intros I R Hi Hx Fd H w'. pose proof (ram_range B HB p R) as Rp.
    set (q := p / 512 * 512 + i) in *.
    assert (Q : q / 512 = p / 512) by (unfold q; words).
    assert (Iq : index 3 q = i) by (unfold index, q; change (2 ^ (9 * (3 - 3))) with 1; words).
    destruct (store_page_entry B HB w q x I (ram_block B HB p q R Q) Hx H) as [I' V'].
    rewrite Q, Iq in I', V'. fold w' in I', V'. sp; auto.
    intros k Hk E. rewrite (evolves_state B w w' _ V').
    unfold w' in *. rewrite word_write, Z.eqb_refl in *. cbn [andb] in *.
    destruct (Z.eqb_spec k i) as [->|N]; [rewrite (wrap_small U64 x Hx) in *; auto|]. apply Fd; [lia|exact E].
  Qed.

  Lemma host_fill_ok F : unary K (fun fn => fn / 512 * 512) (F "fn_block") ->
    spec_host_l3 B cpu LI (F "host_l3") -> spec_meta_get B cpu LI (F "meta_get") ->
    unary K (fun s => bz ((1 <=? kind s) && (kind s <=? 3))) (F "word_is_hosts") ->
    (forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes K (F "desc_page") [p; a] (page_desc p a)) ->
    spec_pte_set B cpu LI (F "pte_set") ->
    (forall p, 0 <= p < 2 ^ 28 -> computes K (F "desc_table") [p] (table_desc p)) ->
    spec_host_fill B cpu LI (invoke F fuel f_host_fill).
  Proof.
    intros HB0 HL HG HH HD HS HT p w R C. pose proof (ram_u64 p R) as Up. pose proof (ram_range B HB p R) as Rp.
    pose proof (cs_known B w C) as Kn. pose proof (l3_range B HB p R) as Rl.
    enter. steps. pure HB0. steps. pure HL. steps.
    loop (fun m e w1 => cs B w1 /\ evolves B [] no_page w w1 /\ exists i ow oh od, m = 512 - i /\ 0 <= i <= 512 /\
      e = [("pfn", Some p); ("base", Some (p / 512 * 512)); ("l3", Some (b_l3 B (p / 512))); ("i", Some i);
           ("w", ow); ("hosts", oh); ("d", od)] /\ filled B w1 p i) from 512.
    - lia.
    - sp; [exact C|apply evolves_refl|]. exists 0. do 3 eexists. sp; try lia; [reflexivity|]. intros k Hk; lia.
    - intros m e w1 M (C1 & V1 & i & ow & oh & od & -> & Hi & -> & Fd). steps.
      + set (q := p / 512 * 512 + i) in *.
        assert (Q : q / 512 = p / 512) by (unfold q; words).
        assert (Rq : is_ram B q) by (apply (ram_block B HB p q R Q)).
        pose proof (ram_range B HB q Rq) as Rq'.
        assert (Step : forall x, in_ty U64 x -> (x mod 4 = 3 -> output x = q /\ hosts (state w1 q)) ->
          inv B (write_word B (b_l3 B (p / 512)) i x w1) /\
          evolves B [] no_page w1 (write_word B (b_l3 B (p / 512)) i x w1) /\
          filled B (write_word B (b_l3 B (p / 512)) i x w1) p (i + 1)).
        { intros x Hx Hq. apply fill_step; auto; [apply C1|lia]. }
        pure HG. steps. pure HH. steps.
        * assert (Hq : hosts (state w1 q)) by (pg; lia).
          pure HD; [exact attr_host|]. steps.
          assert (Hx : in_ty U64 (page_desc q ATTR_HOST)) by (unfold page_desc, ATTR_HOST; words).
          destruct (Step _ Hx) as (I2 & V2 & F2); [intros _; split; [apply output_page; exact Rq'|exact Hq]|].
          eapply wp_mono; [apply HS; [exact C1|apply l3_ours; [apply C1|exact R]|lia|apply (i_secure B _ I2)]|].
          cbv beta. intros ? w2 [-> ->]. steps.
          exists (512 - (i + 1)). sp; try lia.
          -- split; [exact I2|apply C1].
          -- eapply evolves_trans; eassumption.
          -- exists (i + 1). do 3 eexists. sp; try lia; [reflexivity|exact F2].
        * destruct (Step 0) as (I2 & V2 & F2); [split; reflexivity || lia|intros X; discriminate X|].
          eapply wp_mono; [apply HS; [exact C1|apply l3_ours; [apply C1|exact R]|lia|apply (i_secure B _ I2)]|].
          cbv beta. intros ? w2 [-> ->]. steps.
          exists (512 - (i + 1)). sp; try lia.
          -- split; [exact I2|apply C1].
          -- eapply evolves_trans; eassumption.
          -- exists (i + 1). do 3 eexists. sp; try lia; [reflexivity|exact F2].
      + assert (i = 512) as -> by lia. pure HT. steps. sp; auto. apply filled_fits; assumption.
  Qed.

  Lemma host_block_full_ok F : unary K (fun fn => fn / 512 * 512) (F "fn_block") ->
    spec_meta_get B cpu LI (F "meta_get") ->
    unary K (fun s => bz ((1 <=? kind s) && (kind s <=? 3))) (F "word_is_hosts") ->
    spec_host_block_full B cpu LI (invoke F fuel f_host_block_full).
  Proof.
    intros HB0 HG HH p w R C. pose proof (ram_u64 p R) as Up. pose proof (ram_range B HB p R) as Rp.
    enter. steps. pure HB0. steps.
    loop (fun m e w1 => w1 = w /\ exists i v ow, m = 512 - i /\ 1 <= i <= 512 /\
      e = [("pfn", Some p); ("base", Some (p / 512 * 512)); ("i", Some i); ("hosts", Some v); ("w", ow)] /\
      (v <> 0 -> forall j, 1 <= j < i -> hosts (state w (p / 512 * 512 + (p + j) mod 512)))) from 511.
    - lia.
    - split; [reflexivity|]. exists 1, 1. eexists. sp; try lia; try reflexivity; try (intros _ j J; lia).
    - intros m e w1 M (-> & i & v & ow & -> & Hi & -> & H). steps.
      + rewrite (land_low _ _ 9) by (reflexivity || lia). change (2 ^ 9) with 512.
        assert (Aq : 0 <= p / 512 * 512 + (p + i) mod 512 < 2 ^ 28) by words.
        rewrite (wrap_small U64 (p / 512 * 512 + (p + i) mod 512)) by (unfold in_ty, modulus; lia).
        set (q := p / 512 * 512 + (p + i) mod 512) in *.
        assert (Rq : is_ram B q) by (apply (ram_block B HB p q R); unfold q; words).
        pure HG. steps. pure HH. steps.
        exists (512 - (i + 1)). sp; try lia; [reflexivity|]. exists (i + 1). do 2 eexists. sp; try lia; [reflexivity|].
        intros V j J. destruct (Z.eq_dec j i) as [->|]; [|apply H; lia].
        apply hosts_bool. destruct (_ && _); [reflexivity|contradiction].
      + split; [reflexivity|]. exists v. split; [reflexivity|]. intros V q Q N.
        specialize (H V ((q - p) mod 512)).
        replace (p / 512 * 512 + (p + (q - p) mod 512) mod 512) with q in H by words.
        apply H. assert (i = 512) as -> by lia. words.
  Qed.

  (** The end of every way out of KServ's reach: invalidate, and look at the tables. *)
  Lemma inval_host F w (Q : option Z -> world -> Prop) : spec_tlb_inval_vm B cpu LI (F "tlb_inval_vm") -> cs B w ->
    (forall w', cs B w' -> evolves B [] no_page w w' ->
      (forall p, is_ram B p -> entry2 B w p mod 4 <> 1 ->
        (entry2 B w p mod 4 = 3 -> word w (b_l3 B (p / 512)) (index 3 p) mod 4 <> 3) -> ~ reach w' 0 p) ->
      Q None w') ->
    WP (F "tlb_inval_vm" [0; b_root B]) Q w.
  Proof.
    intros HT C H. eapply wp_mono; [apply HT; [exact C|left; auto]|].
    cbv beta. intros ? w3 ((w2 & J & I2 & E3) & ->).
    assert (V3 : evolves B [] no_page w w3) by (rewrite E3; apply evolves_invalidate; [apply C|exact J]).
    apply H; [|exact V3|].
    - split; [rewrite E3; apply inv_invalidate, I2|]. rewrite (e_held _ _ _ _ _ V3). apply C.
    - intros p R N1 N3. rewrite E3. apply host_unreached; auto.
      + unfold entry2. rewrite (core_same w w2); [exact N1|apply C|apply (host_ours B HB); [apply C|apply (ram_has B HB); auto]|exact J].
      + unfold entry2. rewrite !(core_same w w2); [exact N3|try apply C; try exact J..].
        * apply l3_ours; [apply C|exact R].
        * apply (host_ours B HB); [apply C|apply (ram_has B HB); auto].
  Qed.

  Lemma table_desc_mod t : table_desc t mod 4 = 3.
  Proof. unfold table_desc. words. Qed.

  Lemma host_unmap_page_ok F : spec_host_entry B cpu LI (F "host_entry") ->
    unary K (fun d => bz (d mod 4 =? 3)) (F "desc_is_table") -> spec_host_l3 B cpu LI (F "host_l3") ->
    unary K (index 3) (F "idx_l3") -> spec_host_fill B cpu LI (F "host_fill") ->
    spec_host_entry_replace B cpu LI (F "host_entry_replace") -> spec_pte_set B cpu LI (F "pte_set") ->
    spec_tlb_inval_vm B cpu LI (F "tlb_inval_vm") ->
    spec_host_unmap_page B cpu LI (invoke F fuel f_host_unmap_page).
  Proof.
    intros HE HIt HL HI HF HR HS HT p w R C. pose proof (ram_u64 p R) as Up.
    pose proof (cs_known B w C) as Kn. enter. steps. pure HE. steps. pure HIt. steps. pure HL. steps. pure HI.
    join (fun e w1 => cs B w1 /\ evolves B [] no_page w w1 /\ entry2 B w1 p mod 4 = 3 /\
      exists d t, e = [("pfn", Some p); ("d", Some d); ("is_table", Some t); ("l3", Some (b_l3 B (p / 512)));
        ("i", Some (index 3 p))]).
    - steps.
      + eapply wp_mono; [apply HF; [exact R|exact C]|]. cbv beta. intros ? w1 (-> & C1 & V1 & F1). steps.
        eapply wp_mono; [apply HR; [exact R|exact C1|exact F1]|]. cbv beta. intros ? w2 (-> & C2 & V2 & E2). steps.
        sp; [exact C2|eapply evolves_trans; eassumption|rewrite E2; apply table_desc_mod|]. do 2 eexists; reflexivity.
      + sp; [exact C|apply evolves_refl|assumption|]. do 2 eexists; reflexivity.
    - intros e w1 (C1 & V1 & E1 & d & t & ->). steps.
      destruct (store_page_entry B HB w1 p 0 (cs_inv B _ C1) R) as [I2 V2]; [split; reflexivity || lia|intros X; discriminate X|].
      eapply wp_mono; [apply HS; [exact C1|apply l3_ours; [apply C1|exact R]|apply index_range|apply (i_secure B _ I2)]|].
      cbv beta. intros ? w2 [E2 ->]. steps.
      assert (C2 : cs B w2) by (rewrite E2; split; [exact I2|apply C1]).
      pose proof (cs_known B w2 C2) as Kn2. read_constant Kn2. rewrite (k_root B w2 (kn_constants B _ Kn2)). steps.
      apply inval_host; [exact HT|exact C2|]. intros w3 C3 V3 U. steps. sp; auto.
      + eapply evolves_trans; [exact V1|]. rewrite <- E2 in V2. eapply evolves_trans; [exact V2|exact V3].
      + assert (X : entry2 B w2 p = entry2 B w1 p).
        { unfold entry2. rewrite E2, word_write.
          destruct (Z.eqb_spec (host_table B 2 p) (b_l3 B (p / 512))) as [Y|]; [|reflexivity].
          destruct (l2_not_l3 B HB p p R R Y). }
        apply U; [exact R|rewrite X; lia|]. intros _. rewrite E2, word_write, !Z.eqb_refl. cbn. discriminate.
  Qed.

  Lemma host_unmap_block_ok F : spec_host_entry_set B cpu LI (F "host_entry_set") ->
    spec_tlb_inval_vm B cpu LI (F "tlb_inval_vm") ->
    spec_host_unmap_block B cpu LI (invoke F fuel f_host_unmap_block).
  Proof.
    intros HS HT p w R C. enter. steps.
    eapply wp_mono; [apply HS; [exact R|exact C|apply fits_zero]|].
    cbv beta. intros ? w1 (-> & E1 & C1 & V1). steps.
    pose proof (cs_known B w1 C1) as Kn. read_constant Kn. rewrite (k_root B w1 (kn_constants B _ Kn)). steps.
    apply inval_host; [exact HT|exact C1|]. intros w3 C3 V3 U. steps. sp; auto.
    - eapply evolves_trans; eassumption.
    - intros q Q. pose proof (ram_block B HB p q R Q) as Rq.
      assert (X : entry2 B w1 q = 0).
      { replace (entry2 B w1 q) with (entry2 B w1 p); [rewrite E1; apply entry2_store_same; [apply C|exact R|split; reflexivity || lia]|].
        unfold entry2, host_table, index. change (2 =? 1) with false. change (2 =? 2) with true. cbv iota.
        change (2 ^ (9 * (3 - 2))) with 512. rewrite Q. f_equal. f_equal.
        change (2 ^ 18) with (512 * 512). rewrite <- !Z.div_div, Q by lia. reflexivity. }
      apply U; [exact Rq|rewrite X; discriminate|rewrite X; discriminate].
  Qed.

  Lemma host_map_page_ok F : spec_host_entry B cpu LI (F "host_entry") ->
    unary K (fun d => bz (d mod 4 =? 3)) (F "desc_is_table") -> spec_host_l3 B cpu LI (F "host_l3") ->
    unary K (index 3) (F "idx_l3") ->
    (forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes K (F "desc_page") [p; a] (page_desc p a)) ->
    unary K (fun fn => fn / 512 * 512) (F "fn_block") -> spec_host_block_full B cpu LI (F "host_block_full") ->
    (forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes K (F "desc_block") [p; a] (block_desc p a)) ->
    spec_host_entry_replace B cpu LI (F "host_entry_replace") -> spec_pte_set B cpu LI (F "pte_set") ->
    spec_host_fill B cpu LI (F "host_fill") -> spec_host_entry_set B cpu LI (F "host_entry_set") ->
    spec_host_map_page B cpu LI (invoke F fuel f_host_map_page).
  Proof.
    intros HE HIt HL HI HD HB0 HFu HDb HR HS HF HES p w R Hp C. pose proof (ram_u64 p R) as Up.
    pose proof (ram_range B HB p R) as Rp. pose proof (cs_known B w C) as Kn.
    enter. steps. pure HE. steps. pure HIt. steps. pure HL. steps. pure HI. steps. pure HD; [exact attr_host|]. steps.
    pure HB0. steps. ask HFu v Hv. steps.
    - assert (Rb : 0 <= p / 512 * 512 < 2 ^ 28) by words. pure HDb; [exact attr_host|]. steps.
      assert (Fx : fits B w p (block_desc (p / 512 * 512) ATTR_HOST)).
      { apply fits_block; [exact HB|exact R|]. intros q Q. destruct (Z.eq_dec q p) as [->|N]; auto. }
      eapply wp_mono; [apply HR; [exact R|exact C|exact Fx]|]. cbv beta. intros ? w2 (-> & C2 & V2 & _). steps. auto.
    - assert (Hx : in_ty U64 (page_desc p ATTR_HOST)) by (unfold page_desc, ATTR_HOST; words).
      destruct (store_page_entry B HB w p _ (cs_inv B _ C) R Hx) as [I2 V2].
      { intros _. split; [apply output_page; exact Rp|exact Hp]. }
      eapply wp_mono; [apply HS; [exact C|apply l3_ours; [apply C|exact R]|apply index_range|apply (i_secure B _ I2)]|].
      cbv beta. intros ? w2 [E2 ->]. steps. subst w2. sp; auto. split; [exact I2|apply C].
    - eapply wp_mono; [apply HF; [exact R|exact C]|]. cbv beta. intros ? w1 (-> & C1 & V1 & F1). steps.
      eapply wp_mono; [apply HES; [exact R|exact C1|exact F1]|]. cbv beta. intros ? w2 (-> & _ & C2 & V2). steps.
      sp; auto. eapply evolves_trans; eassumption.
  Qed.
End Proofs.
