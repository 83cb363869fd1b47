(** * Boot: the checks of the boot information answer exactly *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Events Boot.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Page_Facts Init_Spec Boot_Prims.
From Redoubt.gen Require Import mm_init.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Reads answer what the boot information says; [S : says I w]. *)
Ltac told S := rewrite ?(sy_n _ _ S), ?(sy_base _ _ S), ?(sy_size _ _ S), ?(sy_nd _ _ S), ?(sy_dbase _ _ S),
  ?(sy_dsize _ _ S), ?(sy_core _ _ S), ?(sy_coren _ _ S), ?(sy_pool _ _ S), ?(sy_pooln _ _ S).
Ltac on_event ::= lazymatch goal with
  | |- wp _ (Ev (ERead _) _) _ _ => apply boot_read_ret; try lazymatch goal with S : says _ _ |- _ => told S end
  | |- wp _ (Ev (EWrite _ _) _) _ _ => apply boot_write; [reflexivity|intros _]
  end.

(** All of it is of its C type. *)
Record typed (J : info) : Prop := {
  ty_n : in_ty U64 (i_n J); ty_base : forall i, in_ty U64 (i_base J i); ty_size : forall i, in_ty U64 (i_size J i);
  ty_nd : in_ty U64 (i_nd J); ty_dbase : forall i, in_ty U64 (i_dbase J i); ty_dsize : forall i, in_ty U64 (i_dsize J i);
  ty_core : in_ty U64 (i_core J); ty_coren : in_ty U64 (i_coren J);
  ty_pool : in_ty U64 (i_pool J); ty_pooln : in_ty U64 (i_pooln J) }.
Lemma says_typed J w : says J w -> typed J.
Proof. intros []. constructor; intros; match goal with H : _ |- _ => rewrite <- H; apply get_range end. Qed.

Section Numbers.
  Variable I : info.

  (** What a good list of regions says of each. *)
  Lemma region_fact i : ram_checked I -> 0 <= i -> i < i_n I ->
    0 <= i_base I i /\ 0 < i_size I i /\ i_base I i + i_size I i <= 268435456.
  Proof. intros [_ [G _]] H0 H1. destruct (G i) as [R _]; [lia|]. exact R. Qed.

  Lemma total_succ f i : 0 <= i -> total f (Z.to_nat (i + 1)) = total f (Z.to_nat i) + f i.
  Proof. intros H. rewrite Z2Nat.inj_add, Nat.add_1_r by lia. cbn. rewrite Z2Nat.id by lia. reflexivity. Qed.
  Lemma total_bound f k i : 0 <= i -> (forall j, 0 <= j < i -> 0 <= f j <= k) -> 0 <= total f (Z.to_nat i) <= i * k.
  Proof.
    intros H. pattern i. apply natlike_ind; [cbn; lia| |exact H]. clear i H. intros i H IH Hf.
    replace (Z.succ i) with (i + 1) by lia. rewrite total_succ by exact H.
    specialize (IH ltac:(intros; apply Hf; lia)). specialize (Hf i ltac:(lia)). lia.
  Qed.
  Lemma gibs_range base n : range_ok base n -> 1 <= gibs base n <= 1024.
  Proof. unfold range_ok, gibs. intros. words. Qed.

  Lemma region_need_range i : ram_checked I -> 0 <= i < i_n I -> 0 <= region_need I i <= 525312.
  Proof.
    intros G Hi. destruct (proj1 (proj2 G) i Hi) as [R _]. pose proof (gibs_range _ _ R). unfold region_need, range_ok in *. words.
  Qed.
  Lemma device_need_range i : devices_checked I -> 0 <= i < i_nd I -> 0 <= device_need I i <= 1026.
  Proof.
    intros G Hi. destruct (proj1 (proj2 G) i Hi) as [R _]. pose proof (gibs_range _ _ R). unfold device_need. lia.
  Qed.

  Lemma need_range : ram_checked I -> devices_checked I -> 0 <= need I <= 2 ^ 28.
  Proof.
    intros G D. pose proof (proj1 G). pose proof (proj1 D).
    assert (0 <= total (region_need I) (Z.to_nat (i_n I)) <= i_n I * 525312).
    { apply total_bound; [lia|]. intros; apply region_need_range; [exact G|lia]. }
    assert (0 <= total (device_need I) (Z.to_nat (i_nd I)) <= i_nd I * 1026).
    { apply total_bound; [lia|]. intros; apply device_need_range; [exact D|lia]. }
    unfold need. pows. lia.
  Qed.
End Numbers.

Section Checks.
  Variables (I : info) (fuel : nat).
  Hypothesis Hfuel : 2 ^ 28 < Z.of_nat fuel.

  Ltac call0 H := eapply wp_mono; [eapply H; eauto|cbv beta; intros ? ?].
  Ltac yes := split; [reflexivity|left; split; [reflexivity|]].
  Ltac no := split; [reflexivity|right; split; [reflexivity|]].
  (** The answer of a check. *)
  Ltac answer H := eapply wp_mono; [eapply H|cbv beta; intros ? ? [-> [[-> ?]|[-> ?]]]; cbv beta iota; reduce_env].

  Lemma check_range_ok F : spec_check_range (invoke F fuel f_check_range).
  Proof.
    intros base n from w Hb Hn Hf. enter. steps.
    - no. unfold range_ok. pows. lia.
    - unfold answers. split; [reflexivity|]. unfold range_ok.
      unfold in_ty, modulus in *. pows. cbn [eval_cmp]. destruct (Z.ltb_spec (268435456 - base) n); [right|left]; (split;
        [reflexivity|lia]).
  Qed.

  Lemma check_regions_ok F : spec_check_range (F "check_range") ->
    spec_check_regions I (invoke F fuel f_check_regions).
  Proof.
    intros HR w S. pose proof (says_typed I w S) as Ty. pose proof (ty_n I Ty) as Tn. unfold in_ty, modulus in Tn.
    enter. steps.
    1, 2: no; unfold ram_checked; cbn [eval_cmp] in *; lia.
    loop (fun m e w1 => w1 = w /\ exists i from bad ob on, m = i_n I - i /\ 0 <= i <= i_n I /\
      e = [("i", Some i); ("from", Some from); ("bad", Some bad); ("base", ob); ("n", on)] /\
      0 <= from <= 2 ^ 28 /\ (i = 0 -> from = 0) /\ (0 < i -> from = i_base I (i - 1) + i_size I (i - 1)) /\
      regions_ok I i) from (i_n I).
    - lia.
    - split; [reflexivity|]. exists 0, 0, 0. do 2 eexists. sp; try lia; try reflexivity. split; intros; lia.
    - intros m e w1 M (-> & i & from & bad & ob & on & -> & Hi & -> & Hf & F0 & F1 & [R1 R2]). steps.
      + pose proof (ty_base I Ty i) as Ub. pose proof (ty_size I Ty i) as Un.
        assert (Uf : in_ty U64 from) by (unfold in_ty, modulus; lia).
        assert (Below : ram_checked I -> range_ok (i_base I i) (i_size I i) /\ from <= i_base I i).
        { intros [_ [G1 G2]]. split; [apply G1; lia|]. destruct (Z.eq_dec i 0) as [->|N].
          - rewrite (F0 eq_refl). apply G1; lia.
          - rewrite (F1 ltac:(lia)). apply G2; lia. }
        answer HR; auto; [|steps; no; tauto].
        * assert (A : Z.land (Z.lor (i_base I i) (i_size I i)) 511 = 0 <->
            i_base I i mod 512 = 0 /\ i_size I i mod 512 = 0).
          { rewrite Z.land_lor_distr_l, !(land_low _ _ 9) by (reflexivity || lia).
            change (2 ^ 9) with 512. split; [apply Z.lor_eq_0_iff|intros [-> ->]; reflexivity]. }
          destruct H as [Rg Lf]. pose proof Rg as Rg'. unfold range_ok in Rg'. pows.
          steps.
          -- no. intros [_ [G _]]. assert (X : Z.land (Z.lor (i_base I i) (i_size I i)) 511 = 0).
             { apply A. split; apply (G i); lia. }
             rewrite X in E2. discriminate E2.
          -- exists (i_n I - (i + 1)). sp; try lia; try reflexivity.
             exists (i + 1), (i_base I i + i_size I i). do 3 eexists. sp; try lia; try reflexivity; try (unfold range_ok in Rg; lia).
             { intros _. replace (i + 1 - 1) with i by lia. reflexivity. }
             split.
             ++ intros j Hj. destruct (Z.eq_dec j i) as [->|]; [|apply R1; lia]. split; [exact Rg|]. apply A. lia.
             ++ intros j k Hj Hk. destruct (Z.eq_dec k i) as [->|]; [|apply R2; lia].
                apply Z.le_trans with from; [|exact Lf]. rewrite (F1 ltac:(lia)).
                destruct (Z.eq_dec j (i - 1)) as [->|]; [lia|].
                pose proof (R2 j (i - 1) ltac:(lia) ltac:(lia)). pose proof (proj1 (R1 (i - 1) ltac:(lia))).
                unfold range_ok in *. lia.
      + yes. split; [lia|]. replace i with (i_n I) in * by lia. split; assumption.
  Qed.

  Lemma meets_ram_ok F : spec_meets_ram I (invoke F fuel f_meets_ram).
  Proof.
    intros base n w S G Hr. pose proof (proj1 G) as Gn. unfold range_ok in Hr. pows. enter. steps.
    loop (fun m e w1 => w1 = w /\ exists i os, m = i_n I - i /\ 0 <= i <= i_n I /\
      e = [("base", Some base); ("n", Some n); ("i", Some i); ("start", os)] /\
      forall j, 0 <= j < i -> base + n <= i_base I j \/ i_base I j + i_size I j <= base) from (i_n I).
    - lia.
    - split; [reflexivity|]. exists 0. eexists. sp; try lia; try reflexivity; intros; lia.
    - intros m e w1 M (-> & i & os & -> & Hi & -> & Ha). pose proof (region_fact I i G) as Rg. steps.
      + no. intros A. specialize (A i). lia.
      + exists (i_n I - (i + 1)). sp; try lia; try reflexivity. exists (i + 1). eexists. sp; try lia; try reflexivity.
        intros j Hj. destruct (Z.eq_dec j i) as [->|]; [lia|apply Ha; lia].
      + yes. intros j Hj. apply Ha. lia.
  Qed.

  Lemma check_devices_ok F : spec_check_range (F "check_range") -> spec_meets_ram I (F "meets_ram") ->
    spec_check_devices I (invoke F fuel f_check_devices).
  Proof.
    intros HR HM w S G. pose proof (says_typed I w S) as Ty. pose proof (ty_nd I Ty) as Tn. unfold in_ty, modulus in Tn.
    enter. steps.
    { no. unfold devices_checked. lia. }
    loop (fun m e w1 => w1 = w /\ exists i from ob on obad oram, m = i_nd I - i /\ 0 <= i <= i_nd I /\
      e = [("i", Some i); ("from", Some from); ("base", ob); ("n", on); ("bad", obad); ("ram", oram)] /\
      0 <= from <= 2 ^ 28 /\ (i = 0 -> from = 0) /\ (0 < i -> from = i_dbase I (i - 1) + i_dsize I (i - 1)) /\
      devices_ok I i) from (i_nd I).
    - lia.
    - split; [reflexivity|]. exists 0, 0. do 4 eexists. sp; try lia; try reflexivity. split; intros; lia.
    - intros m e w1 M (-> & i & from & ob & on & obad & oram & -> & Hi & -> & Hf & F0 & F1 & [R1 R2]). steps.
      + pose proof (ty_dbase I Ty i) as Ub. pose proof (ty_dsize I Ty i) as Un.
        assert (Uf : in_ty U64 from) by (unfold in_ty, modulus; lia).
        assert (Below : devices_checked I -> range_ok (i_dbase I i) (i_dsize I i) /\ from <= i_dbase I i).
        { intros [_ [G1 G2]]. split; [apply G1; lia|]. destruct (Z.eq_dec i 0) as [->|N].
          - rewrite (F0 eq_refl). apply G1; lia.
          - rewrite (F1 ltac:(lia)). apply G2; lia. }
        answer HR; auto; [|steps; no; tauto].
        destruct H as [Rg Lf]. steps. answer HM; auto.
        * pose proof Rg as Rg'. unfold range_ok in Rg'. pows. steps.
          exists (i_nd I - (i + 1)). sp; try lia; try reflexivity.
          exists (i + 1), (i_dbase I i + i_dsize I i). do 4 eexists. sp; try lia; try reflexivity.
          { intros _. replace (i + 1 - 1) with i by lia. reflexivity. }
          split.
          -- intros j Hj. destruct (Z.eq_dec j i) as [->|]; [auto|apply R1; lia].
          -- intros j k Hj Hk. destruct (Z.eq_dec k i) as [->|]; [|apply R2; lia].
             apply Z.le_trans with from; [|exact Lf]. rewrite (F1 ltac:(lia)).
             destruct (Z.eq_dec j (i - 1)) as [->|]; [lia|].
             pose proof (R2 j (i - 1) ltac:(lia) ltac:(lia)). pose proof (proj1 (R1 (i - 1) ltac:(lia))).
             unfold range_ok in *. lia.
        * steps. no. intros [_ [D _]]. apply H. apply (D i). lia.
      + yes. split; [lia|]. replace i with (i_nd I) in * by lia. split; assumption.
  Qed.

  Lemma check_inside_ok F : spec_check_inside (invoke F fuel f_check_inside).
  Proof.
    intros base n outer outer_n w Hb Hn Ho Hon. enter. steps.
    - no. unfold inside. lia.
    - unfold answers. split; [reflexivity|]. unfold in_ty, modulus, inside in *. cbn [eval_cmp].
      destruct (Z.ltb_spec (outer_n - n) (base - outer)); [right|left]; (split; [reflexivity|lia]).
  Qed.

  Lemma check_core_ok F : spec_check_inside (F "check_inside") -> spec_check_core I (invoke F fuel f_check_core).
  Proof.
    intros HI w S G. pose proof (proj1 G) as Gn. pose proof (says_typed I w S) as Ty. enter. steps.
    { no. unfold core_checked. tauto. }
    loop (fun m e w1 => w1 = w /\ exists i v, m = i_n I - i /\ 0 <= i <= i_n I /\
      e = [("i", Some i); ("outside", Some v)] /\
      (v = 0 /\ (exists j, 0 <= j < i /\ inside (i_core I) (i_coren I) (i_base I j) (i_size I j)) \/
       v = 1 /\ forall j, 0 <= j < i -> ~ inside (i_core I) (i_coren I) (i_base I j) (i_size I j))) from (i_n I).
    - lia.
    - split; [reflexivity|]. exists 0, 1. sp; try lia; try reflexivity. right. split; [reflexivity|]. intros; lia.
    - intros m e w1 M (-> & i & v & -> & Hi & -> & Hv). steps.
      + answer HI; try apply Ty.
        * steps. exists (i_n I - (i + 1)). sp; try lia; try reflexivity. exists (i + 1), 0. sp; try lia; try reflexivity.
          left. split; [reflexivity|]. exists i. split; [lia|assumption].
        * steps. exists (i_n I - (i + 1)). sp; try lia; try reflexivity. exists (i + 1), 1. sp; try lia; try reflexivity.
          right. split; [reflexivity|]. intros j Hj. destruct (Z.eq_dec j i) as [->|]; [assumption|].
          destruct Hv as [[-> _]|[_ Hv]]; [lia|]. apply Hv; lia.
      + no. intros [_ (j & Hj & X)]. destruct Hv as [[-> _]|[-> Hv]]; [lia|]. apply (Hv j); [lia|exact X].
      + yes. split; [assumption|]. destruct Hv as [[_ (j & Hj & X)]|[-> _]]; [|lia]. exists j. split; [lia|exact X].
  Qed.

  Lemma n_gib_ok F : spec_n_gib (invoke F fuel f_n_gib).
  Proof.
    intros base n w Hr. unfold range_ok in Hr. pows. enter. steps. split; [reflexivity|]. f_equal.
    rewrite !shiftr_div by lia. unfold gibs. pows. unfold wrap, modulus. words.
  Qed.

  Lemma mm_pool_need_ok F : spec_n_gib (F "n_gib") -> spec_mm_pool_need I (invoke F fuel f_mm_pool_need).
  Proof.
    intros HN w S G D. pose proof (proj1 G) as Gn. pose proof (proj1 D) as Dn. enter. steps.
    loop (fun m e w1 => w1 = w /\ exists i og, m = i_n I - i /\ 0 <= i <= i_n I /\
      e = [("need", Some (11 + total (region_need I) (Z.to_nat i))); ("i", Some i); ("gib", og)]) from (i_n I).
    - lia.
    - split; [reflexivity|]. exists 0. eexists. sp; try lia. reflexivity.
    - intros m e w1 M (-> & i & og & -> & Hi & ->).
      assert (Tb : 0 <= total (region_need I) (Z.to_nat i) <= i * 525312).
      { apply total_bound; [lia|]. intros; apply region_need_range; [exact G|lia]. }
      steps.
      + destruct (proj1 (proj2 G) i ltac:(lia)) as [R _]. pose proof (gibs_range _ _ R). pose proof R as R'.
        unfold range_ok in R'. pows.
        eapply wp_mono; [eapply HN; exact R|]. cbv beta. intros ? ? [-> ->]. steps.
        exists (i_n I - (i + 1)). sp; try lia; try reflexivity. exists (i + 1). eexists. sp; try lia.
        rewrite total_succ, shiftr_div by lia. change (region_need I i) with (gibs (i_base I i) (i_size I i) + i_size I i / 512). pows.
        rewrite ?wrap_small by words. rewrite !Z.add_assoc. reflexivity.
      + assert (i = i_n I) as -> by lia. clear M Hi.
        loop (fun m e w1 => w1 = w /\ exists i og, m = i_nd I - i /\ 0 <= i <= i_nd I /\
          e = [("need", Some (11 + total (region_need I) (Z.to_nat (i_n I)) + total (device_need I) (Z.to_nat i)));
               ("i", Some i); ("gib", og)]) from (i_nd I).
        * lia.
        * split; [reflexivity|]. exists 0. eexists. sp; try lia. cbn [Z.to_nat total]. rewrite Z.add_0_r. reflexivity.
        * intros m e w1 M (-> & i & og' & -> & Hi & ->).
          assert (Td : 0 <= total (device_need I) (Z.to_nat i) <= i * 1026).
          { apply total_bound; [lia|]. intros; apply device_need_range; [exact D|lia]. }
          steps.
          -- destruct (proj1 (proj2 D) i ltac:(lia)) as [R _]. pose proof (gibs_range _ _ R).
             eapply wp_mono; [eapply HN; exact R|]. cbv beta. intros ? ? [-> ->]. steps.
             exists (i_nd I - (i + 1)). sp; try lia; try reflexivity. exists (i + 1). eexists. sp; try lia.
             rewrite total_succ by lia. change (device_need I i) with (gibs (i_dbase I i) (i_dsize I i) + 2).
             rewrite !Z.add_assoc. reflexivity.
          -- assert (i = i_nd I) as -> by lia. split; reflexivity.
  Qed.

  Lemma check_pool_ok F : spec_mm_pool_need I (F "mm_pool_need") -> spec_check_inside (F "check_inside") ->
    spec_check_pool I (invoke F fuel f_check_pool).
  Proof.
    intros HN HI w S G D. pose proof (says_typed I w S) as Ty. enter. steps.
    eapply wp_mono; [eapply HN; eauto|]. cbv beta. intros ? ? [-> ->]. steps.
    answer HI; try apply Ty; steps.
    - no. unfold pool_checked. lia.
    - yes. split; [assumption|lia].
    - no. unfold pool_checked. tauto.
  Qed.

  Lemma check_boot_ok F : spec_check_regions I (F "check_regions") -> spec_check_devices I (F "check_devices") ->
    spec_check_core I (F "check_core") -> spec_check_pool I (F "check_pool") ->
    spec_check_boot I (invoke F fuel f_check_boot).
  Proof.
    intros HR HD HC HP w S. enter. steps.
    answer HR; [exact S| |]; steps; [|split; [reflexivity|]; eexists; sp; [reflexivity|lia..|]; unfold checked; split; [lia|tauto]].
    answer HD; [exact S|assumption| |]; steps; [|split; [reflexivity|]; eexists; sp; [reflexivity|lia..|]; unfold checked; split;
      [lia|tauto]].
    answer HC; [exact S|assumption| |]; steps; [|split; [reflexivity|]; eexists; sp; [reflexivity|lia..|]; unfold checked; split;
      [lia|tauto]].
    answer HP; [exact S|assumption|assumption| |]; steps;
      (split; [reflexivity|]; eexists; sp; [reflexivity|lia..|]; unfold checked; split; [lia || tauto|tauto]).
  Qed.
End Checks.
