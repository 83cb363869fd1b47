(** * Boot: windows of devices *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Events Boot.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Page_Facts Host_Facts Init_Spec Boot_Prims Check_Proof Init_Facts
  Boot_Host_Proof Init_Proof Init_Region_Proof.
From Redoubt.gen Require Import mm_init.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variable I : info.
  Hypothesis Hc : checked I.
  Notation tree := (tree I). Notation first := (first I).

  Lemma device_range fn : device I fn -> 0 <= fn < 2 ^ 28.
  Proof.
    intros (j & Hj & Hp). destruct (proj1 (proj2 (proj1 (proj2 Hc))) j Hj) as [R _]. unfold range_ok in R. lia.
  Qed.

  (** A block with a frame of a device has no RAM. *)
  Lemma device_row fn i : device I fn -> 0 <= i < i_n I -> ~ in_row I i (fn / 512).
  Proof.
    intros (j & Hj & Hp) Hi Hb. destruct (proj1 (proj2 (proj1 (proj2 Hc))) j Hj) as [_ A]. specialize (A i Hi).
    assert (X : i_base I i <= fn < i_base I i + i_size I i); [|lia].
    unfold in_row in Hb. apply (block_region I Hc i (fn / 512 * 512)); auto. words.
  Qed.

  Lemma block_frame fn : fn / 512 * 512 + index 3 fn = fn.
  Proof. unfold index. change (2 ^ (9 * (3 - 3))) with 1. words. Qed.

  Variable fuel : nat.
  Hypothesis Hfuel : 2 ^ 28 < Z.of_nat fuel.

  Lemma init_device_page_ok F : boot_walk_l3 I (F "walk_l3") -> unary booting (index 2) (F "idx_l2") ->
    unary booting (index 3) (F "idx_l3") ->
    (forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes booting (F "desc_page") [p; a] (page_desc p a)) ->
    spec_pool_page I (F "pool_page") ->
    (forall p, 0 <= p < 2 ^ 28 -> computes booting (F "desc_table") [p] (table_desc p)) ->
    boot_pte_set (F "pte_set") -> spec_init_device_page I (invoke F fuel f_init_device_page).
  Proof.
    intros HW H2 H3 HD HP HT HS R fn w _ T D N Hn. pose proof (device_range fn D) as Rf.
    assert (Up : in_ty U64 fn) by (unfold in_ty, modulus; pows; lia).
    pose proof (pool_range I Hc) as Pr. pose proof (first_range I) as Fr. pose proof (t_next _ _ _ _ T) as Nx.
    set (g := fn / 2 ^ 18) in *. assert (Hg : 0 <= g < 1024) by (unfold g; words).
    set (b := fn / 512) in *. assert (Hb : 0 <= b < 2 ^ 19) by (unfold b; words).
    assert (Gb : b / 512 = g) by (apply gib_of, Rf).
    pose proof (l2_pool I Hc _ R w g T Hg N) as [Lp L2].
    assert (Ub : in_ty U64 (page_desc fn ATTR_DEVICE)) by (unfold page_desc, ATTR_DEVICE; words).
    assert (Ok : page_ok I (b * 512 + index 3 fn) (wrap U64 (page_desc fn ATTR_DEVICE))).
    { rewrite wrap_small by exact Ub. unfold b. rewrite block_frame. intros _.
      split; [apply output_device; exact Rf|right; exact D]. }
    (* the last store *)
    assert (Last : forall R1 w1 t, tree (i_n I) R1 w1 -> R1 t = Table3 b -> l2_of w1 g = l2_of w g ->
      linked3 w1 b = true ->
      WP (F "pte_set" [t; index 3 fn; page_desc fn ATTR_DEVICE]) (fun r w2 => r = None /\ tree (i_n I) R1 w2 /\ stores w1 w2 /\
        linked3 w2 b = true) w1).
    { intros R1 w1 t T1 Rt E1 K1. eapply wp_mono.
      { eapply HS; [apply T1| |apply index_range]. apply (role_range I Hc _ R1 w1 t T1). rewrite Rt. discriminate. }
      cbv beta. intros ? ? [-> ->]. sp; [reflexivity| |eexists; reflexivity|].
      - apply tree_set3 with b; auto. apply index_range.
      - unfold linked3, entry_of in *. rewrite Gb in *. change (l2_of _ g) with (l2_of w1 g). rewrite word_set.
        destruct (Z.eqb_spec (l2_of w1 g) t) as [X|]; [|exact K1]. exfalso.
        pose proof (t_l2 _ _ _ _ T1 g Hg) as Y. rewrite X, Rt in Y. discriminate Y. congruence. }
    enter. steps. rewrite (t_root _ _ _ _ T).
    eapply wp_mono; [eapply HW; [exact T|exact Rf|exact N]|]. cbv beta. fold b. intros ? ? [-> [[M ->]|(M & t & L & ->)]]; steps.
    all: pure H2; steps; pure H3; steps; pure HD; [exact attr_device|]; steps.
    - (* a new table *)
      assert (K : linked3 w b = false) by (unfold linked3; lia). specialize (Hn K). rewrite K.
      eapply wp_mono; [eapply HP; [apply T|unfold pool; lia|lia]|]. cbv beta. intros ? ? [-> ->]. steps.
      pure HT. steps. set (R' := set_role (next w) (Table3 b) R).
      assert (T1 : tree (i_n I) R' (fresh w)) by (apply tree_fresh; auto).
      assert (Rt : R' (next w) = Table3 b) by (unfold R', set_role; rewrite Z.eqb_refl; reflexivity).
      assert (E1 : l2_of (fresh w) g = l2_of w g) by (apply (get_fresh U64 w "host_l2" [g]); reflexivity).
      eapply wp_mono; [eapply HS; [apply T1|exact Lp|apply index_range]|]. cbv beta. intros ? ? [-> ->]. steps.
      set (w2 := set_ram _ _).
      assert (Ut : in_ty U64 (table_desc (next w))) by (unfold table_desc, in_ty, modulus; pows; lia).
      assert (T2 : tree (i_n I) R' w2).
      { unfold w2. rewrite <- E1, <- Gb. change (index 2 fn) with (b mod 512). apply tree_set2; auto.
        - rewrite Gb, E1. exact N.
        - split.
          + intros fn' q _ Y. rewrite leaf2 in Y. replace (table_desc (next w) mod 4 =? 1) with false in Y; [discriminate Y|].
            symmetry. unfold table_desc. clear -Nx Pr Fr. words.
          + intros t' Y. unfold next_table in Y. change (2 <? 3) with true in Y. rewrite output_table in Y by lia.
            assert (t' = next w) as -> by (destruct (_ && _) in Y; [injection Y; auto|discriminate Y]). clear Y.
            split; [exact Rt|]. split.
            * intros i Hi Hr. destruct (device_row fn i D Hi Hr).
            * intros k _ Z3. rewrite word_fresh, Z.eqb_refl in Z3. discriminate Z3. }
      assert (K2 : linked3 w2 b = true).
      { unfold linked3, entry_of. rewrite Gb. change (l2_of w2 g) with (l2_of (fresh w) g). rewrite E1. unfold w2.
        rewrite word_set, Z.eqb_refl. change (index 2 fn) with (b mod 512). rewrite Z.eqb_refl. cbn [andb].
        rewrite wrap_small by exact Ut. unfold table_desc. clear -Nx Pr Fr. words. }
      eapply wp_mono; [eapply (Last R' w2); [exact T2|exact Rt|exact E1|exact K2]|].
      cbv beta. intros ? w3 (-> & T3 & V3 & K3). steps. sp; auto. split.
      + exists R'. split; [exact T3|]. apply ext_set. apply (free_next _ _ _ _ _ T). lia.
      + destruct V3 as (r & ->). change (next (fresh w) <= next w + 1). rewrite next_fresh; lia.
      + destruct V3 as (r & ->). reflexivity.
      + eapply boots_trans; [apply boots_fresh|]. eapply boots_trans; [|apply boots_stores, V3].
        apply boots_stores. eexists; reflexivity.
    - (* the block has one *)
      exfalso. assert (Ok' : entry_ok I (i_n I) R w b (entry_of w b)) by (apply (t_entry _ _ _ _ T); [exact Hb|rewrite Gb; exact N]).
      destruct (eo_link _ _ _ _ _ _ Ok' _ L) as (Rt & _).
      destruct (role_range I Hc _ R w t T) as [_ O]; [rewrite Rt; discriminate|]. lia.
    - assert (Ok' : entry_ok I (i_n I) R w b (entry_of w b)) by (apply (t_entry _ _ _ _ T); [exact Hb|rewrite Gb; exact N]).
      destruct (eo_link _ _ _ _ _ _ Ok' _ L) as (Rt & _).
      assert (K : linked3 w b = true) by (unfold linked3; lia). rewrite K.
      eapply wp_mono; [eapply (Last R w); [exact T|exact Rt|reflexivity|exact K]|].
      cbv beta. intros ? w3 (-> & T3 & V3 & K3). steps. sp; auto. split.
      + exists R. split; [exact T3|auto].
      + destruct V3 as (r & ->). change (next w <= next w + 0). lia.
      + destruct V3 as (r & ->). reflexivity.
      + apply boots_stores, V3.
  Qed.

  (** Level-3 tables for the frames of a window up to [at_]: for its first and its last block. *)
  Definition ends (base n at_ : Z) : Z :=
    (if base <? at_ then 1 else 0) +
    (if ((base + n - 1) / 512 * 512 <? at_) && (base / 512 <? (base + n - 1) / 512) then 1 else 0).

  Lemma init_device_ok F : spec_init_l2 I (F "init_l2") -> unary booting (index 2) (F "idx_l2") ->
    (forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes booting (F "desc_block") [p; a] (block_desc p a)) ->
    boot_pte_set (F "pte_set") -> spec_init_device_page I (F "init_device_page") ->
    spec_init_device I (invoke F fuel f_init_device).
  Proof.
    intros HL H2 HD HS HP R j w _ T Hj Hn. destruct (proj1 (proj2 (proj1 (proj2 Hc))) j Hj) as [Rj _].
    set (base := i_dbase I j) in *. set (n := i_dsize I j) in *. unfold range_ok in Rj.
    assert (Dv : forall fn, base <= fn < base + n -> device I fn) by (intros fn Hf; exists j; auto).
    pose proof (gibs_range base n Rj) as Gb. unfold device_need in Hn. fold base n in Hn.
    pose proof (pool_range I Hc) as Pr. pose proof (t_next _ _ _ _ T) as Nx. pows.
    unfold device_need. fold base n. enter. steps.
    loop (fun m e w1 => (exists R', tree (i_n I) R' w1 /\ ext R R') /\ boots w w1 /\ w_meta w1 = w_meta w /\
      exists at_ ol oi ob, m = base + n - at_ /\ base <= at_ <= base + n /\
      e = [("base", Some base); ("n", Some n); ("at", Some at_); ("l2", ol); ("i", oi); ("block", ob)] /\
      next w1 <= next w + used base (at_ - base) + ends base n at_ /\
      (at_ / 512 = base / 512 \/ at_ mod 512 = 0 \/ at_ / 512 = (base + n - 1) / 512) /\
      (base < at_ -> l2_of w1 ((at_ - 1) / 2 ^ 18) <> 0) /\
      (base < at_ -> (at_ - 1) / 512 = at_ / 512 -> linked3 w1 (at_ / 512) = true)) from n.
    - lia.
    - sp; [exists R; split; [exact T|intros p _; reflexivity]|apply boots_refl|reflexivity|]. exists base. do 3 eexists.
      sp; try lia; try reflexivity.
      unfold used, ends. replace (base - base =? 0) with true by lia. replace (base <? base) with false by lia.
      replace (_ && _) with false; [lia|]. symmetry. words.
    - intros m e w1 M ((R1 & T1 & X1) & B1 & M1 & at_ & ol & oi & ob & -> & Ha & -> & N1 & P1 & C1 & K1). steps.
      + assert (Ra : 0 <= at_ < 2 ^ 28) by (pows; lia).
        assert (U1 : used base (at_ - base) <= at_ / 2 ^ 18 - base / 2 ^ 18 + 1 /\
          at_ / 2 ^ 18 - base / 2 ^ 18 + 1 <= gibs base n /\
          (l2_of w1 (at_ / 2 ^ 18) = 0 -> used base (at_ - base) <= at_ / 2 ^ 18 - base / 2 ^ 18)).
        { unfold used, gibs. sp.
          - destruct (Z.eqb_spec (at_ - base) 0); [clear -Ra Rj Ha; words|].
            replace (base + (at_ - base) - 1) with (at_ - 1) by lia. clear -Ra Rj Ha. words.
          - clear -Ra Rj Ha E. words.
          - intros Z0. destruct (Z.eqb_spec (at_ - base) 0); [clear -Ra Rj Ha; words|].
            replace (base + (at_ - base) - 1) with (at_ - 1) by lia.
            assert (D : (at_ - 1) / 2 ^ 18 <> at_ / 2 ^ 18).
            { intros D. apply C1; [lia|]. rewrite D. exact Z0. }
            clear -Ra Rj Ha D. words. }
        destruct U1 as (U1 & U2 & U3).
        assert (E2 : 0 <= ends base n at_ <= 2).
        { unfold ends. destruct (base <? at_), (_ && _); lia. }
        eapply wp_mono; [eapply HL; [exact Hc|exact T1|exact Ra|intros Z0; specialize (U3 Z0); lia]|].
        cbv beta. intros ? w2 (-> & N2 & [(R2 & T2 & X2) Nx2 Mt2 B2] & Same). steps.
        assert (Q2 : next w2 <= next w + (at_ / 2 ^ 18 - base / 2 ^ 18 + 1) + ends base n at_).
        { destruct (Z.eqb_spec (l2_of w1 (at_ / 2 ^ 18)) 0) as [Z0|]; cbn in Nx2; [specialize (U3 Z0)|]; lia. }
        pure H2. steps. pure HD; [exact attr_device|].
        assert (V2 : boots w w2) by (eapply boots_trans; eassumption).
        assert (Xr : ext R R2) by (eapply ext_trans; eassumption).
        steps.
        * (* a whole block *)
          rewrite (land_low _ _ 9) in H by (reflexivity || lia). change (2 ^ 9) with 512 in H.
          assert (Hb : 0 <= at_ / 512 < 2 ^ 19) by (clear -Ra; words).
          assert (Gg : at_ / 512 / 512 = at_ / 2 ^ 18) by (apply gib_of, Ra).
          assert (Ux : in_ty U64 (block_desc at_ ATTR_DEVICE)) by (clear -Ra; unfold block_desc, ATTR_DEVICE; words).
          eapply wp_mono.
          { eapply HS; [apply T2|eapply (l2_pool I Hc _ R2 w2 _ T2); [clear -Ra; words|exact N2]|apply index_range]. }
          cbv beta. intros ? w3 [-> ->]. steps. set (w3 := set_ram _ _).
          assert (T3 : tree (i_n I) R2 w3).
          { unfold w3. rewrite <- Gg. change (index 2 at_) with (at_ / 512 mod 512). apply tree_set2; auto; [rewrite Gg; exact N2|].
            split.
            - intros fn q Q L. rewrite leaf2, output_window in L by exact Ra. destruct (_ =? 1) in L; [|discriminate L].
              assert (q = fn) as -> by (injection L as <-; clear -H Q; words). split; [reflexivity|]. right. apply Dv.
              clear -H H0 Q Ha. words.
            - intros t L. unfold next_table in L. change (2 <? 3) with true in L.
              replace (block_desc at_ 18014398509483204 mod 4 =? 3) with false in L; [discriminate L|].
              symmetry. unfold block_desc. clear -Ra. words. }
          exists (base + n - (at_ + 512)). split; [lia|]. sp.
          -- exists R2. split; [exact T3|exact Xr].
          -- eapply boots_trans; [exact V2|]. apply boots_stores. eexists; reflexivity.
          -- change (w_meta w2 = w_meta w). rewrite Mt2. exact M1.
          -- exists (at_ + 512). do 3 eexists. sp; try lia; try reflexivity.
             ++ change (next w3) with (next w2).
                assert (used base (at_ + 512 - base) = at_ / 2 ^ 18 - base / 2 ^ 18 + 1).
                { unfold used, gibs. replace (at_ + 512 - base =? 0) with false by lia.
                  replace (base + (at_ + 512 - base) - 1) with (at_ + 511) by lia. clear -H. words. }
                assert (ends base n at_ <= ends base n (at_ + 512)); [|lia].
                unfold ends. clear. destruct (base <? at_) eqn:A1, (base <? at_ + 512) eqn:A2,
                  ((_ <? at_) && _) eqn:A3, ((_ <? at_ + 512) && _) eqn:A4; lia.
             ++ right. left. clear -H. words.
             ++ intros _. change (l2_of w2 ((at_ + 512 - 1) / 2 ^ 18) <> 0).
                replace ((at_ + 512 - 1) / 2 ^ 18) with (at_ / 2 ^ 18) by (clear -H; words). exact N2.
             ++ intros _ X. exfalso. clear -H X. words.
        * (* a page *)
          rewrite (land_low _ _ 9) in E0 by (reflexivity || lia). change (2 ^ 9) with 512 in E0.
          assert (Em : ends base n at_ <= ends base n (at_ + 1)).
          { unfold ends. clear. destruct (base <? at_) eqn:A1, (base <? at_ + 1) eqn:A2,
              ((_ <? at_) && _) eqn:A3, ((_ <? at_ + 1) && _) eqn:A4; lia. }
          assert (Ek : linked3 w2 (at_ / 512) = false -> ends base n at_ + 1 <= ends base n (at_ + 1)).
          { intros K2. destruct (Z.eq_dec at_ base) as [->|Nb].
            - unfold ends. replace (base <? base) with false by lia. replace (base <? base + 1) with true by lia.
              replace (((base + n - 1) / 512 * 512 <? base) && (base / 512 <? (base + n - 1) / 512)) with false;
                [match goal with |- context [if ?b then _ else _] => destruct b end; lia|]. symmetry. clear. words.
            - assert (At : (at_ - 1) / 512 <> at_ / 512).
              { intros X. specialize (K1 ltac:(lia) X). assert (Nz : l2_of w1 (at_ / 2 ^ 18) <> 0).
                { replace (at_ / 2 ^ 18) with ((at_ - 1) / 2 ^ 18); [apply C1; lia|]. clear -X. words. }
                rewrite (Same Nz) in K2. congruence. }
              assert (A0 : at_ mod 512 = 0) by (clear -At; words).
              assert (La : at_ / 512 = (base + n - 1) / 512 /\ base / 512 < at_ / 512).
              { assert (base + n - at_ < 512) by lia. clear -A0 H Ha E Nb. words. }
              unfold ends. destruct La as [<- La]. replace (at_ / 512 * 512) with at_ by (clear -A0; words).
              replace (base <? at_) with true by lia. replace (base <? at_ + 1) with true by lia.
              replace (at_ <? at_) with false by lia. replace (at_ <? at_ + 1) with true by lia.
              replace (base / 512 <? at_ / 512) with true by lia. cbn [andb]. lia. }
          assert (E3 : ends base n (at_ + 1) <= 2).
          { unfold ends. repeat match goal with |- context [if ?b then _ else _] => destruct b end; lia. }
          eapply wp_mono.
          { eapply HP; [exact Hc|exact T2|apply Dv; lia|exact N2|]. intros K2. specialize (Ek K2). lia. }
          cbv beta. intros ? w3 (-> & [(R3 & T3 & X3) Nx3 Mt3 B3] & K3). steps.
          exists (base + n - (at_ + 1)). split; [lia|]. sp.
          -- exists R3. split; [exact T3|eapply ext_trans; eassumption].
          -- eapply boots_trans; eassumption.
          -- rewrite Mt3, Mt2. exact M1.
          -- exists (at_ + 1). do 3 eexists. sp; try lia; try reflexivity.
             ++ assert (used base (at_ + 1 - base) = at_ / 2 ^ 18 - base / 2 ^ 18 + 1).
                { unfold used, gibs. replace (at_ + 1 - base =? 0) with false by lia.
                  replace (base + (at_ + 1 - base) - 1) with at_ by lia. reflexivity. }
                destruct (linked3 w2 (at_ / 512)); cbn in Nx3; [|specialize (Ek eq_refl)]; lia.
             ++ clear -P1 E0 E Ha. destruct P1 as [P1|[P1|P1]].
                ** rewrite <- P1. words.
                ** assert (base + n - at_ < 512) by lia. words.
                ** rewrite <- P1. words.
             ++ intros _. replace (at_ + 1 - 1) with at_ by lia. rewrite (bt_l2 _ _ B3); exact N2.
             ++ intros _ X. replace (at_ + 1 - 1) with at_ in X by lia. rewrite <- X. exact K3.
      + assert (at_ = base + n) as -> by lia. sp; [reflexivity|]. split.
        * exists R1. split; [exact T1|exact X1].
        * unfold ends in N1. unfold used in N1. replace (base + n - base =? 0) with false in N1 by lia.
          replace (base + n - base) with n in N1 by lia. destruct (base <? base + n), (_ && _) in N1; lia.
        * exact M1.
        * exact B1.
  Qed.
End Proofs.
