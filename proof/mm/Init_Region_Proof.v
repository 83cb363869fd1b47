(** * Boot: a region of RAM *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Events Boot.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Page_Facts Host_Facts Init_Spec Boot_Prims Check_Proof Init_Facts
  Boot_Host_Proof.
From Redoubt.gen Require Import mm_init.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variable I : info.
  Hypothesis Hc : checked I.
  Notation tree := (tree I). Notation first := (first I).

  Lemma core_range : 0 < i_core I /\ 0 < i_coren I /\ i_core I + i_coren I <= 268435456.
  Proof.
    destruct Hc as (G & _ & (N & i & Hi & In) & _). unfold inside in *. destruct (proj1 (proj2 G) i Hi) as [R _].
    unfold range_ok in R. pows. lia.
  Qed.

  (** Only page states, and the counters of kinds, change. *)
  Record marks (w w' : world) : Prop := {
    mk_mem : forall (c : ident) ix, String.eqb "n_kind" c = false -> w_mem w' (c, ix) = w_mem w (c, ix);
    mk_ram : w_ram w' = w_ram w;
    mk_walk : w_walk w' = w_walk w; mk_tlb : w_tlb w' = w_tlb w; mk_held : w_held w' = w_held w }.
  Lemma marks_get t w w' c ix : marks w w' -> String.eqb "n_kind" c = false -> get t w' c ix = get t w c ix.
  Proof. intros M E. unfold get. f_equal. apply (mk_mem _ _ M c ix E). Qed.
  Lemma marks_boots w w' : marks w w' -> boots w w'.
  Proof.
    intros M. constructor; try apply M.
    - intros c ix E. apply M. destruct (String.eqb_spec "n_kind" c); [subst c; discriminate E|reflexivity].
    - intros g _. apply marks_get; [exact M|reflexivity].
  Qed.
  Lemma marks_tree n R w w' : marks w w' -> tree n R w -> tree n R w'.
  Proof.
    intros M T. pose proof (t_next _ _ _ _ T) as Nx.
    assert (E : next w' = next w) by (apply marks_get; [exact M|reflexivity]).
    apply tree_frame with R w; [exact T| |lia|..].
    - apply (boots_says I w); [apply marks_boots, M|apply T].
    - apply marks_get; [exact M|reflexivity].
    - intros i Hi. repeat split; apply marks_get; try exact M; reflexivity.
    - apply marks_get; [exact M|reflexivity].
    - intros c. apply marks_get; [exact M|reflexivity].
    - intros g. apply (marks_get U64 w w' "host_l2" [g]); [exact M|reflexivity].
    - intros p _. reflexivity.
    - rewrite E. apply T.
    - intros p k _. unfold word. rewrite (mk_ram _ _ M). reflexivity.
  Qed.
  Lemma marks_step w w1 p s k v : marks w w1 -> marks w (put "n_kind" [k] v (set_meta p s w1)).
  Proof.
    intros M. constructor; try apply M. intros c ix E. rewrite <- (mk_mem _ _ M c ix E). apply upd_name. exact E.
  Qed.

  Variable fuel : nat.
  Hypothesis Hfuel : 2 ^ 28 < Z.of_nat fuel.

  Lemma init_words_ok F :
    (forall k h a, 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
      computes booting (F "word_make") [k; h; a] (mk_state k h a)) ->
    boot_meta_set (F "meta_set") -> spec_init_words I (invoke F fuel f_init_words).
  Proof.
    intros HW HM n R i w _ T St Hi _. pose proof (region_range I Hc i Hi) as Ri. pose proof core_range as Cr.
    assert (Sw : forall w1, marks w w1 -> says I w1).
    { intros w1 M. apply (boots_says I w); [apply marks_boots, M|apply T]. }
    enter. steps.
    loop (fun m e w1 => marks w w1 /\ exists k ok ow, m = i_size I i - k /\ 0 <= k <= i_size I i /\
      e = [("base", Some (i_base I i)); ("n", Some (i_size I i)); ("i", Some k); ("kind", ok); ("word", ow)] /\
      states I i w1 /\ forall p, i_base I i <= p < i_base I i + k -> boot_state I (state w1 p) p) from (i_size I i).
    - lia.
    - split; [constructor; reflexivity|]. exists 0. do 2 eexists. sp; try lia; try reflexivity; exact St.
    - intros m e w1 M (Mk & k & ok & ow & -> & Hk & -> & S1 & B1). pose proof (Sw w1 Mk) as Sy. to_if.
      + join (fun e w2 => w2 = w1 /\ exists kd ow, boot_state I kd (i_base I i + k) /\
          e = [("base", Some (i_base I i)); ("n", Some (i_size I i)); ("i", Some k); ("kind", Some kd); ("word", ow)]).
        * steps; rewrite ?(sy_core _ _ Sy), ?(sy_coren _ _ Sy) in *;
            (split; [reflexivity|]; do 2 eexists; split; [|reflexivity]); [left|right]; unfold core; (split; [|reflexivity]);
            unfold wrap in *; cbn [modulus] in *; words.
        * intros e w2 (-> & kd & ow' & Bs & ->). steps.
          assert (Hkd : 0 <= kd <= 1) by (destruct Bs as [[_ ->]|[_ ->]]; unfold PG_CORE, PG_HOST; lia).
          eapply wp_mono; [eapply HW; lia|]. cbv beta. intros ? ? [-> ->].
          replace (mk_state kd 0 0) with kd by (unfold mk_state; lia). steps.
          eapply wp_mono; [eapply HM; [exact Sy|exists i; split; [exact Hi|lia]]|]. cbv beta. intros ? ? [-> ->]. steps.
          set (q := i_base I i + k) in *.
          exists (i_size I i - (k + 1)). split; [lia|]. split; [apply marks_step, Mk|].
          exists (k + 1). do 2 eexists. sp; try lia; try reflexivity.
          -- intros p (j & Hj & Hp). unfold state; cbn. destruct (Z.eqb_spec p q) as [->|].
             ++ exfalso. assert (j = i); [|lia]. apply (regions_apart I j i q (proj1 Hc)); lia.
             ++ apply (S1 p). exists j; auto.
          -- intros p Hp. unfold state; cbn. destruct (Z.eqb_spec p q) as [->|].
             ++ rewrite wrap_small by (unfold in_ty, modulus; lia). exact Bs.
             ++ apply (B1 p). lia.
      + assert (k = i_size I i) as -> by lia. sp.
        * reflexivity.
        * apply marks_boots, Mk.
        * apply (marks_tree n R w); assumption.
        * apply marks_get; [exact Mk|reflexivity].
        * intros p (j & Hj & Hp). destruct (Z.eq_dec j i) as [->|]; [apply B1, Hp|]. apply S1. exists j. split; [lia|exact Hp].
        * intros g. apply (marks_get U64 w w1 "host_l2" [g]); [exact Mk|reflexivity].
  Qed.

  Lemma row_get w r g : l2_of (with_row I w r) g = l2_of w g.
  Proof. unfold with_row, l2_of. gets. reflexivity. Qed.
  Lemma row_boots w r : boots w (with_row I w r).
  Proof.
    unfold with_row. do 4 (eapply boots_trans; [|apply boots_put; reflexivity]). apply boots_put; reflexivity.
  Qed.

  (** Level-2 tables for the first [k] frames of a range: none, or one for each GiB. *)
  Definition used (base k : Z) : Z := if k =? 0 then 0 else gibs base k.

  Lemma init_region_ok F : spec_init_words I (F "init_words") -> spec_init_l2 I (F "init_l2") ->
    boot_host_map_boot I (F "host_map_boot") -> spec_init_region I (invoke F fuel f_init_region).
  Proof.
    intros HW HL HM R r w _ T St Cv Hr Hn. pose proof (region_range I Hc r Hr) as Rr.
    pose proof (pool_range I Hc) as Pr. pose proof (t_next _ _ _ _ T) as Nx. pose proof (first_range I) as Fr.
    pose proof (proj1 (proj1 Hc)) as Nn. pose proof (t_says _ _ _ _ T) as Sy.
    assert (Gb : 1 <= gibs (i_base I r) (i_size I r)) by (apply gibs_range; unfold range_ok; pows; lia).
    unfold region_need in Hn. assert (Sz : 0 <= i_size I r / 512) by words.
    enter. steps.
    set (w0 := with_row I w r).
    match goal with |- wp _ _ _ ?x => replace x with w0 end.
    2: { unfold w0, with_row, next. gets. rewrite ?shiftr_div by lia. pows.
         rewrite !wrap_small by (unfold next in *; unfold in_ty, modulus; words). reflexivity. }
    assert (T0 : tree (r + 1) (row_role I w r R) w0) by (apply tree_row; [apply Hc|exact T|exact Hr|lia..]).
    assert (N0 : next w0 = next w + i_size I r / 512).
    { unfold w0, with_row, next at 1. gets. apply wrap_small. unfold in_ty, modulus. pows. lia. }
    eapply wp_mono.
    { eapply HW; [exact Hc|exact T0|exact St|exact Hr|]. intros p (j & Hj & Hp). exists j. split; [lia|exact Hp]. }
    cbv beta. intros ? w1 (-> & V1 & T1 & N1 & S1 & L1). steps.
    assert (B1 : boots w w1) by (eapply boots_trans; [apply row_boots|exact V1]).
    loop (fun m e w2 => boots w w2 /\ states I (r + 1) w2 /\ (exists R', tree (r + 1) R' w2) /\ exists k ol, m = i_size I r - k /\
      0 <= k <= i_size I r /\ k mod 512 = 0 /\
      e = [("r", Some r); ("base", Some (i_base I r)); ("n", Some (i_size I r)); ("i", Some k); ("l2", ol)] /\
      next w2 <= next w + i_size I r / 512 + used (i_base I r) k /\
      forall p, i_base I r <= p < i_base I r + k -> l2_of w2 (p / 2 ^ 18) <> 0) from (i_size I r).
    - lia.
    - sp; [exact B1|exact S1|eexists; exact T1|]. exists 0. eexists. sp; try lia; try reflexivity; unfold used; cbn [Z.eqb]; lia.
    - intros m e w2 M (B2 & S2 & (R2 & T2) & k & ol & -> & Hk & K5 & -> & N2 & L2). steps.
      + set (p := i_base I r + k) in *. assert (Rp : 0 <= p < 2 ^ 28) by (pows; lia).
        assert (P5 : p mod 512 = 0) by (unfold p; words).
        assert (U' : used (i_base I r) (k + 512) = p / 2 ^ 18 - i_base I r / 2 ^ 18 + 1).
        { unfold used, gibs, p in *. replace (k + 512 =? 0) with false by lia. clear -Rr K5 Hk P5. words. }
        assert (Um : used (i_base I r) (k + 512) <= gibs (i_base I r) (i_size I r)).
        { rewrite U'. unfold gibs, p. clear -Rr Hk E K5. words. }
        assert (U0 : used (i_base I r) k <= used (i_base I r) (k + 512)).
        { rewrite U'. unfold used, gibs, p. destruct (Z.eqb_spec k 0); clear -Rr Hk E K5; words. }
        assert (U1 : l2_of w2 (p / 2 ^ 18) = 0 -> used (i_base I r) k + 1 <= used (i_base I r) (k + 512)).
        { intros Z0. rewrite U'. unfold used. destruct (Z.eqb_spec k 0) as [->|]; [unfold p; words|].
          assert (D : (p - 1) / 2 ^ 18 <> p / 2 ^ 18).
          { intros D. apply (L2 (p - 1)); [unfold p; lia|]. rewrite D. exact Z0. }
          unfold gibs. fold p. clear -Rp D. words. }
        eapply wp_mono; [eapply HL; [exact Hc|exact T2|exact Rp|intros Z0; specialize (U1 Z0); lia]|].
        cbv beta. intros ? w3 (-> & N3 & [(R3 & T3 & _) Nx3 Mt3 B3] & _). steps.
        assert (S3 : states I (r + 1) w3).
        { intros q Q. unfold state. rewrite Mt3. apply S2, Q. }
        eapply wp_mono.
        { eapply (HM (r + 1) R3 r p); [exact T3|exact S3|lia|lia|unfold p; lia|exact P5|exact N3]. }
        cbv beta. intros ? w4 (-> & T4 & V4). steps.
        exists (i_size I r - (k + 512)). split; [words|]. sp.
        * eapply boots_trans; [exact B2|]. eapply boots_trans; [exact B3|]. apply boots_stores, V4.
        * apply (stores_states I (r + 1) w3 w4 V4 S3).
        * exists R3. exact T4.
        * assert (L4 : forall g, l2_of w4 g = l2_of w3 g) by (destruct V4 as (x & ->); reflexivity).
          assert (E4 : next w4 = next w3) by (destruct V4 as (x & ->); reflexivity).
          exists (k + 512). eexists. sp; try reflexivity; try (clear -Rr Hk E K5; words).
          -- rewrite E4. destruct (Z.eqb_spec (l2_of w2 (p / 2 ^ 18)) 0) as [Z0|]; cbn in Nx3; [specialize (U1 Z0)|]; lia.
          -- intros q Hq. rewrite L4. destruct (Z_lt_le_dec q p) as [L|L].
             ++ rewrite (bt_l2 _ _ B3); apply L2; unfold p in L; lia.
             ++ replace (q / 2 ^ 18) with (p / 2 ^ 18); [exact N3|]. unfold p in *. clear -L Hq K5 Rr Hk. words.
      + assert (k = i_size I r) as -> by lia. sp; auto.
        * unfold region_need. unfold used in N2. replace (i_size I r =? 0) with false in N2 by lia. lia.
        * intros p (j & Hj & Hp). destruct (Z.eq_dec j r) as [->|]; [apply L2, Hp|].
          rewrite (bt_l2 _ _ B2); apply Cv; exists j; split; lia || assumption.
        * exists R2. exact T2.
  Qed.
End Proofs.
