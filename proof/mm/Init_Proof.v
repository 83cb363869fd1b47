(** * Boot: building KServ's tables *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Events Boot.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Page_Facts Host_Facts Init_Spec Boot_Prims Check_Proof Init_Facts
  Boot_Host_Proof.
From Redoubt.gen Require Import mm_init.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition ATTR_DEVICE := 18014398509483204.
Lemma attr_device : attributes ATTR_DEVICE.
Proof. unfold attributes, ATTR_DEVICE. split; [lia|]. split; reflexivity. Qed.
Lemma output_device p : 0 <= p < 2 ^ 28 -> output (page_desc p ATTR_DEVICE) = p.
Proof. intros H. unfold output, page_desc, ATTR_DEVICE. words. Qed.
Lemma output_window p : 0 <= p < 2 ^ 28 -> output (block_desc p ATTR_DEVICE) = p.
Proof. intros H. unfold output, block_desc, ATTR_DEVICE. words. Qed.

Section Proofs.
  Variable I : info.
  Hypothesis Hc : checked I.
  Notation tree := (tree I). Notation first := (first I).

  Lemma need_parts : 11 + total (region_need I) (Z.to_nat (i_n I)) + total (device_need I) (Z.to_nat (i_nd I)) <=
    i_pooln I /\ 0 <= total (region_need I) (Z.to_nat (i_n I)) /\ 0 <= total (device_need I) (Z.to_nat (i_nd I)).
  Proof.
    destruct Hc as (G & D & _ & _ & P). pose proof (proj1 G). pose proof (proj1 D). unfold need in P. split; [exact P|]. split.
    - apply (total_bound (region_need I) 525312); [lia|]. intros; apply region_need_range; [exact G|lia].
    - apply (total_bound (device_need I) 1026); [lia|]. intros; apply device_need_range; [exact D|lia].
  Qed.

  (** ** A page of the pool *)
  Lemma get_fresh t w c ix : String.eqb "pool_next" c = false -> get t (fresh w) c ix = get t w c ix.
  Proof. intros E. apply (get_other t "pool_next" [] (next w + 1) w c ix E). Qed.
  Lemma next_fresh w : next w < 2 ^ 28 -> 0 <= next w -> next (fresh w) = next w + 1.
  Proof. intros. unfold fresh, next at 1. change (get U64 (put "pool_next" [] (next w + 1) w) "pool_next" [] = next w + 1).
    gets. apply wrap_small. unfold in_ty, modulus. pows. lia. Qed.
  Lemma word_fresh w p k : word (fresh w) p k = if p =? next w then 0 else word w p k.
  Proof. unfold fresh. apply (word_page (put "pool_next" [] (next w + 1) w)). Qed.
  Lemma boots_fresh w : boots w (fresh w).
  Proof.
    apply boots_trans with (put "pool_next" [] (next w + 1) w); [apply boots_put; reflexivity|].
    apply boots_stores. eexists; reflexivity.
  Qed.
  Lemma next_range w : 0 <= next w.
  Proof. apply get_range. Qed.

  (** The page after the last one gets a role. *)
  Lemma tree_fresh n R w x : tree n R w -> next w < i_pool I + i_pooln I -> tree n (set_role (next w) x R) (fresh w).
  Proof.
    intros T N. pose proof (t_next _ _ _ _ T) as Nx. pose proof (pool_range I Hc) as Pr.
    pose proof (next_range w). pose proof (first_range I) as Fr.
    assert (Fn : R (next w) = Free) by (apply (free_next _ _ _ _ _ T); lia).
    assert (Nf : next (fresh w) = next w + 1) by (apply next_fresh; lia).
    apply tree_frame with R w; [exact T| |lia|apply get_fresh; reflexivity| |apply get_fresh; reflexivity| | | | |].
    - apply (boots_says I w _ (boots_fresh w)), T.
    - intros i Hi. rewrite !get_fresh by reflexivity. auto.
    - intros c. apply get_fresh. reflexivity.
    - intros g. apply (get_fresh U64 w "host_l2" [g]). reflexivity.
    - apply ext_set, Fn.
    - intros q Q. rewrite Nf. unfold set_role in Q. destruct (Z.eqb_spec q (next w)) as [Eq|]; [lia|].
      pose proof (t_role _ _ _ _ T q Q). lia.
    - intros p k Np. rewrite word_fresh. destruct (Z.eqb_spec p (next w)) as [Eq|]; [congruence|reflexivity].
  Qed.

  Variable fuel : nat.
  Hypothesis Hfuel : 2 ^ 28 < Z.of_nat fuel.

  Lemma pool_page_ok F : boot_page_zero (F "page_zero") -> spec_pool_page I (invoke F fuel f_pool_page).
  Proof.
    intros HZ w S P L. pose proof (next_range w) as N0. enter. steps. unfold next in *. unfold next in P, L, N0.
    rewrite wrap_small by (unfold in_ty, modulus; pows; lia).
    eapply wp_mono; [eapply HZ; [apply says_put; [reflexivity|exact S]|exact P]|]. cbv beta. intros ? ? [-> ->]. steps.
    split; reflexivity.
  Qed.

  Lemma init_root_ok F : spec_pool_page I (F "pool_page") -> spec_init_root I (invoke F fuel f_init_root).
  Proof.
    intros HP w S _ L2. pose proof (pool_range I Hc) as Pr. pose proof (first_range I) as Fr. pose proof need_parts as Np.
    enter. steps. rewrite (land_low _ 1 1) by (reflexivity || lia). change (2 ^ 1) with 2.
    change (i_pool I + i_pool I mod 2) with first. rewrite ?(wrap_small U64 first) by (unfold in_ty, modulus; lia).
    set (w1 := put "pool_next" [] first w).
    assert (N1 : next w1 = first).
    { unfold w1, next. gets. apply wrap_small. unfold in_ty, modulus. lia. }
    assert (S1 : says I w1) by (apply says_put; [reflexivity|exact S]).
    eapply wp_mono; [eapply HP; [exact S1|unfold pool; lia|lia]|]. cbv beta. intros ? ? [-> ->]. rewrite N1. steps.
    set (w2 := put "host_root" [] first (fresh w1)).
    assert (N2 : next w2 = first + 1).
    { unfold w2, next at 1. gets. fold (next (fresh w1)). rewrite next_fresh; lia. }
    assert (S2 : says I w2) by (apply says_put; [reflexivity|]; apply (boots_says I w1); [apply boots_fresh|exact S1]).
    eapply wp_mono; [eapply HP; [exact S2|unfold pool; lia|lia]|]. cbv beta. intros ? ? [-> ->].
    assert (E : get U64 (fresh w2) "host_root" [] = first).
    { rewrite get_fresh by reflexivity. unfold w2. gets. apply wrap_small. unfold in_ty, modulus. lia. }
    assert (Ew : forall p k, word (fresh w2) p k = if p =? first + 1 then 0 else if p =? first then 0 else word w p k).
    { intros. rewrite word_fresh, N2. destruct (_ =? _); [reflexivity|]. change (word w2 p k) with (word (fresh w1) p k).
      rewrite word_fresh, N1. reflexivity. }
    steps; rewrite E in *.
    - rewrite N2 in *. rewrite ?wrap_small in * by (unfold in_ty, modulus; lia). lia.
    - sp.
      + reflexivity.
      + apply boots_trans with w1; [apply boots_put; reflexivity|]. apply boots_trans with (fresh w1); [apply boots_fresh|].
        apply boots_trans with w2; [apply boots_put; reflexivity|apply boots_fresh].
      + rewrite next_fresh; lia.
      + reflexivity.
      + intros g. rewrite <- (L2 g). unfold l2_of. rewrite get_fresh by reflexivity. unfold w2. gets.
        rewrite get_fresh by reflexivity. unfold w1. gets. reflexivity.
      + intros k. rewrite !Ew, !Z.eqb_refl. destruct (_ =? _); auto.
  Qed.

  Definition context_role (n : Z) (p : Z) : role :=
    if (p =? first) || (p =? first + 1) then Root
    else if (first + 2 <=? p) && (p <? first + 2 + n) then Context (p - first - 2) else Free.

  Lemma init_contexts_ok F : spec_pool_page I (F "pool_page") -> spec_init_contexts I (invoke F fuel f_init_contexts).
  Proof.
    intros HP w S _ Nw Rw L2 Z0. pose proof (pool_range I Hc) as Pr. pose proof (first_range I) as Fr.
    pose proof need_parts as Np. enter. steps.
    loop (fun m e w1 => boots w w1 /\ exists c op, m = 8 - c /\ 0 <= c <= 8 /\ e = [("cpu", Some c); ("pfn", op)] /\
      next w1 = first + 2 + c /\ get U64 w1 "host_root" [] = first /\ (forall g, l2_of w1 g = 0) /\
      (forall k, word w1 first k = 0 /\ word w1 (first + 1) k = 0) /\
      (forall d, 0 <= d < c -> get U64 w1 "pcpu.host_ctx" [d] = first + 2 + d)) from 8.
    - lia.
    - split; [apply boots_refl|]. exists 0. eexists. sp; try lia; try reflexivity; auto; intros; lia.
    - intros m e w1 M (V1 & c & op & -> & Hcc & -> & N1 & R1 & L1 & Z1 & C1). steps.
      + eapply wp_mono; [eapply HP; [apply (boots_says I w w1 V1 S)|unfold pool; lia|lia]|].
        cbv beta. intros ? ? [-> ->]. steps. exists (8 - (c + 1)). split; [lia|]. rewrite N1. split.
        { eapply boots_trans; [exact V1|]. eapply boots_trans; [apply boots_fresh|]. apply boots_put; reflexivity. }
        exists (c + 1). eexists. sp; try lia; try reflexivity.
        * unfold next at 1. gets. fold (next (fresh w1)). rewrite next_fresh; lia.
        * gets. rewrite get_fresh by reflexivity. exact R1.
        * intros g. rewrite <- (L1 g). unfold l2_of. gets. apply get_fresh. reflexivity.
        * intros k. change (word (fresh w1) first k = 0 /\ word (fresh w1) (first + 1) k = 0). rewrite !word_fresh.
          replace (first =? next w1) with false by lia. replace (first + 1 =? next w1) with false by lia. apply Z1.
        * intros d Hd. gets. destruct (Z.eqb_spec c d) as [->|].
          -- apply wrap_small. unfold in_ty, modulus. lia.
          -- rewrite get_fresh by reflexivity. apply C1. lia.
      + assert (c = 8) as -> by lia. sp; auto; [lia|]. exists (context_role 8).
        assert (X : forall p, context_role 8 p <> Free -> first <= p < first + 10).
        { intros p. unfold context_role. destruct (_ || _) eqn:A; [lia|]. destruct (_ && _) eqn:B; [lia|contradiction]. }
        constructor; try lia.
        * apply (boots_says I w w1 V1 S).
        * intros p N. specialize (X p N). lia.
        * unfold context_role. rewrite !Z.eqb_refl, orb_true_r. auto.
        * intros g Hg. rewrite L1. cbn [Z.eqb]. assert (H : g / 512 = 0 \/ g / 512 = 1) by words.
          destruct H as [->| ->]; rewrite ?Z.add_0_r; apply Z1.
        * intros g Hg N. destruct N. apply L1.
        * intros b Hb N. destruct N. apply L1.
        * intros c Hcx. rewrite C1 by lia. unfold context_role.
          replace (_ || _) with false by lia. replace (_ && _) with true by lia. f_equal. lia.
  Qed.

  (** ** Level 2 *)
  Lemma gib_l1 fn : 0 <= fn < 2 ^ 28 -> index 1 fn = fn / 2 ^ 18 mod 512 /\ fn / 2 ^ 27 mod 2 = fn / 2 ^ 18 / 512.
  Proof. intros. split; [reflexivity|words]. Qed.

  Lemma boots_l2 w w1 g p : boots w w1 -> l2_of w1 g = 0 -> boots w (put "host_l2" [g] p w1).
  Proof.
    intros V N. constructor; try apply V.
    - intros c ix E. rewrite <- (bt_mem _ _ V c ix E). apply upd_name. destruct (String.eqb_spec "host_l2" c); [subst c;
      discriminate E|reflexivity].
    - intros g' N'. unfold l2_of at 1. gets. destruct (Z.eqb_spec g g') as [->|].
      + exfalso. pose proof (bt_l2 _ _ V _ N'). congruence.
      + apply (bt_l2 _ _ V _ N').
  Qed.

  Lemma init_l2_ok F : unary booting (fun fn => fn / 2 ^ 27 mod 2) (F "idx_l1_page") ->
    unary booting (index 1) (F "idx_l1") -> spec_pool_page I (F "pool_page") ->
    (forall p, 0 <= p < 2 ^ 28 -> computes booting (F "desc_table") [p] (table_desc p)) ->
    boot_pte_set (F "pte_set") -> spec_init_l2 I (invoke F fuel f_init_l2).
  Proof.
    intros HP HI HA HT HS n R fn w _ T Rf Hn. assert (Up : in_ty U64 fn) by (unfold in_ty, modulus; pows; lia).
    pose proof (pool_range I Hc) as Pr. pose proof (first_range I) as Fr. pose proof (t_next _ _ _ _ T) as Nx.
    destruct (gib_l1 fn Rf) as [E1 E2]. set (g := fn / 2 ^ 18) in *. assert (Hg : 0 <= g < 1024) by (unfold g; words).
    enter. steps; rewrite ?shiftr_div by lia; fold g.
    { exact Hg. }
    pure HP. rewrite E2. steps. pure HI. rewrite E1. steps; fold (l2_of w g) in *.
    - sp; auto.
      split; [exists R; split; [exact T|auto]|rewrite <- (Z.add_0_r (next w)) at 1; lia|reflexivity|apply boots_refl].
    - eapply wp_mono; [eapply HA; [apply T|unfold pool; lia|lia]|]. cbv beta. intros ? ? [-> ->]. steps.
      pure HT. steps.
      rewrite get_fresh, (t_root _ _ _ _ T) by reflexivity.
      assert (0 <= g / 512 <= 1) by words. rewrite ?(wrap_small U64 (first + g / 512)) by (unfold in_ty, modulus; lia).
      set (R' := set_role (next w) (Table2 g) R).
      assert (T1 : tree n R' (fresh w)) by (apply tree_fresh; [exact T|auto]).
      eapply wp_mono; [eapply HS; [apply T1| |apply Z.mod_pos_bound; lia]|].
      { apply (role_range I Hc n R' (fresh w) _ T1). rewrite (roots_role I n R' _ g T1 Hg). discriminate. }
      cbv beta. intros ? ? [-> ->]. steps.
      assert (L1 : l2_of (fresh w) g = 0) by (unfold l2_of; rewrite get_fresh by reflexivity; assumption).
      set (w2 := put _ _ _ _).
      assert (T2 : tree n R' w2).
      { apply tree_l2; auto.
        - unfold R', set_role. rewrite Z.eqb_refl. reflexivity.
        - lia.
        - intros k. rewrite word_fresh, Z.eqb_refl. reflexivity. }
      assert (G2 : l2_of w2 g = next w).
      { unfold w2, l2_of. gets. rewrite Z.eqb_refl. apply wrap_small. unfold in_ty, modulus. lia. }
      rewrite G2. sp; [reflexivity|lia| |lia]. split.
      + exists R'. split; [exact T2|]. apply ext_set. apply (free_next _ _ _ _ _ T). lia.
      + unfold w2, next at 1. gets. change (next (fresh w) <= next w + bz (l2_of w g =? 0)).
        rewrite next_fresh by lia. replace (l2_of w g =? 0) with true by lia. cbn. lia.
      + reflexivity.
      + apply boots_l2; [|exact L1]. eapply boots_trans; [apply boots_fresh|]. apply boots_stores. eexists; reflexivity.
  Qed.
End Proofs.
