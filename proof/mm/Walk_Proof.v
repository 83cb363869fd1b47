(** * Reading a VM's stage 2: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Walk_Spec Walk_Facts.
From Redoubt.gen Require Import mm_walk.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  (** Every proof starts with these facts at hand. *)
  Ltac begin fz h fn w C T R F := intros fz h fn w C T R F; let Rr := fresh "Rr" in let R2 := fresh "R2" in
    pose proof (root_range B fz w h T R) as [Rr R2]; let F' := fresh "F'" in pose proof F as F'; unfold frame in F';
      let Uf := fresh "Uf" in assert (Uf : in_ty U64 fn) by (unfold in_ty, modulus; lia);
    let Ur := fresh "Ur" in assert (Ur : in_ty U64 (vm_root w h)) by (unfold in_ty, modulus; lia); enter; steps.
  Ltac get HG C O := eapply wp_mono; [apply HG; [exact C|exact O|apply index_range]|];
    cbv beta; intros ? ? [-> ->]; cbv beta iota; reduce_env.

  Lemma reads_vm f d : reads_tree B cpu LI f d -> reads B cpu LI f d.
  Proof. intros H fz h fn w C T R F. apply H; [exact C|]. exact (vm_tree B HB fz w h T R fn F). Qed.

  (** The proofs for any tree start with these facts at hand. *)
  Ltac begin_tree r fn w C T := intros r fn w C T; let F' := fresh "F'" in pose proof (tr_frame _ _ _ _ T) as F';
    let Fr := fresh "Fr" in pose proof F' as Fr; unfold frame in F'; let Rr := fresh "Rr" in pose proof (tr_root _ _ _ _ T) as Rr;
    let Uf := fresh "Uf" in assert (Uf : in_ty U64 fn) by (unfold in_ty, modulus; lia);
    let Ur := fresh "Ur" in assert (Ur : in_ty U64 r) by (unfold in_ty, modulus; lia); enter; steps.

  Lemma walk_l2_ok F : unary K (fun fn => fn / 2 ^ 27 mod 2) (F "idx_l1_page") -> unary K (index 1) (F "idx_l1") ->
    spec_pte_get B cpu LI (F "pte_get") -> unary K (fun d => bz (d mod 4 =? 3)) (F "desc_is_table") ->
    unary K (fun d => d / 2 ^ 12 mod 2 ^ 28) (F "desc_pfn") -> spec_walk_l2_tree B cpu LI (invoke F fuel f_walk_l2).
  Proof.
    intros HP HI HG HT HD. begin_tree r fn w C T. pure HP. steps. pure HI. steps.
    replace (fn / 2 ^ 27 mod 2) with (fn / 2 ^ 27) by words.
    destruct (tr_page _ _ _ _ T 1 _ (table_at_1 w _ fn)) as [O Rt].
    get HG C O. steps. pure HT. steps.
    - split; [reflexivity|]. rewrite table_at_2, next_table_not by assumption. reflexivity.
    - pure HD. steps. split; [reflexivity|]. 
      assert (N : next_table 1 (word w (r + fn / 2 ^ 27) (index 1 fn)) = 
        Some (output (word w (r + fn / 2 ^ 27) (index 1 fn)))).
      { unfold next_table. change (1 <? 3) with true. rewrite (proj2 (Z.eqb_eq _ 3)) by lia. reflexivity. }
      rewrite table_at_2, N. cbn [pfn_or_none]. f_equal. apply pfn_output.
      rewrite <- table_at_2 in N. apply (tr_page _ _ _ _ T 2 _ N).
  Qed.

  Lemma walk_entry2_ok F : spec_walk_l2_tree B cpu LI (F "walk_l2") -> unary K (index 2) (F "idx_l2") ->
    spec_pte_get B cpu LI (F "pte_get") -> spec_walk_entry2_tree B cpu LI (invoke F fuel f_walk_entry2).
  Proof.
    intros HL HI HG. begin_tree r fn w C T. pure HL; [eassumption..|]. steps. pure HI.
    unfold entry2_at. destruct (table_at w r 2 fn) as [t|] eqn:E; cbn [pfn_or_none].
    - destruct (tr_page _ _ _ _ T 2 t E) as [O Rt]. steps.
      + exfalso. lia.
      + get HG C O. steps. auto.
    - steps. auto.
  Qed.

  Lemma walk_leaf_ok F : spec_walk_entry2_tree B cpu LI (F "walk_entry2") ->
    unary K (fun d => bz (d mod 4 =? 3)) (F "desc_is_table") -> unary K (index 3) (F "idx_l3") ->
    unary K (fun d => d / 2 ^ 12 mod 2 ^ 28) (F "desc_pfn") ->
    spec_pte_get B cpu LI (F "pte_get") -> spec_walk_leaf_tree B cpu LI (invoke F fuel f_walk_leaf).
  Proof.
    intros HE HT HI HD HG. begin_tree r fn w C T. pure HE; [eassumption..|]. steps.
    assert (U : in_ty U64 (entry2_at w r fn)).
    { unfold entry2_at. destruct (table_at _ _ _ _); [apply word_range|split; reflexivity || lia]. }
    pure HT. steps. pure HI. steps.
    - split; [reflexivity|]. f_equal. unfold entry2_at in *. pose proof (tr_top _ _ _ _ T) as Top.
      destruct (leaf_viewed w r fn) as [t2 t A2 A3 M|t A2 A3 M|A2 A3]; rewrite A2 in *; cbn [snd].
      + contradiction.
      + reflexivity.
      + symmetry. apply Top. reflexivity.
    - pure HD. unfold entry2_at in *. 
      destruct (leaf_viewed w r fn) as [t2 t A2 A3 M|t A2 A3 M|A2 A3]; try rewrite A2 in *.
      + pose proof A3 as N. rewrite table_at_3, A2 in N. apply next_table_some in N as (_ & _ & ->).
        destruct (tr_page _ _ _ _ T 3 _ A3) as [O Rt].
        rewrite pfn_output by lia. steps. get HG C O. steps. auto.
      + congruence.
      + discriminate.
  Qed.

  Lemma walk_l3_ok F : spec_walk_entry2 B cpu LI (F "walk_entry2") ->
    unary K (fun d => bz (d mod 4 =? 3)) (F "desc_is_table") ->
    unary K (fun d => d / 2 ^ 12 mod 2 ^ 28) (F "desc_pfn") -> spec_walk_l3 B cpu LI (invoke F fuel f_walk_l3).
  Proof.
    intros HE HT HD. begin fz h fn w C T R Fr. pure HE; [eassumption..|]. steps.
    assert (U : in_ty U64 (entry2_at w (vm_root w h) fn)).
    { unfold entry2_at. destruct (table_at _ _ _ _); [apply word_range|split; reflexivity || lia]. }
    pure HT. pose proof (table_at_3 w (vm_root w h) fn) as E3. unfold entry2_at in *.
    destruct (table_at w (vm_root w h) 2 fn) as [t|] eqn:E.
    - steps.
      + rewrite E3, next_table_not by assumption. auto.
      + pure HD. steps. split; [reflexivity|].
        assert (N : next_table 2 (word w t (index 2 fn)) = Some (output (word w t (index 2 fn)))).
        { unfold next_table. change (2 <? 3) with true. rewrite (proj2 (Z.eqb_eq _ 3)) by lia. reflexivity. }
        rewrite N in E3. rewrite E3. cbn [pfn_or_none]. f_equal. apply pfn_output.
        apply (table_ours B HB fz w h T R 3 fn _ Fr E3).
    - steps. rewrite E3. auto.
  Qed.

  Lemma walk_next_ok F : spec_walk_l2 B cpu LI (F "walk_l2") -> spec_walk_l3 B cpu LI (F "walk_l3") ->
    spec_walk_next B cpu LI (invoke F fuel f_walk_next).
  Proof.
    assert (Low : forall x m n, 0 <= n -> 0 <= x -> m = 2 ^ n - 1 -> Z.lor x m = x / 2 ^ n * 2 ^ n + (2 ^ n - 1)).
    { intros x m n Hn Hx ->. apply Z.bits_inj'. intros i Hi. rewrite Z.lor_spec.
      replace (x / 2 ^ n * 2 ^ n + (2 ^ n - 1)) with (Z.lor (x / 2 ^ n * 2 ^ n) (2 ^ n - 1)).
      2: { apply (lor_add _ _ n); [lia|apply Z.mod_mul; lia|lia]. }
      rewrite Z.lor_spec. replace (2 ^ n - 1) with (Z.ones n) by (rewrite Z.ones_equiv; lia).
      destruct (Z.lt_ge_cases i n).
      - rewrite Z.ones_spec_low by lia. rewrite !orb_true_r. reflexivity.
      - rewrite Z.ones_spec_high by lia. rewrite !orb_false_r.
        rewrite <- Z.shiftl_mul_pow2, <- Z.shiftr_div_pow2, Z.shiftl_spec, Z.shiftr_spec by lia. f_equal. lia. }
    intros H2 H3. begin fz h fn w C T R Fr. pure H2; [eassumption..|]. steps. pure H3; [eassumption..|].
    assert (N : forall t l, table_at w (vm_root w h) l fn = Some t -> t <> KC_NO_PFN).
    { intros t l E ->. destruct (table_ours B HB fz w h T R l fn _ Fr E) as (_ & Rt & _). unfold KC_NO_PFN in Rt. lia. }
    assert (L9 : Z.lor fn 511 = fn / 512 * 512 + 511) by (apply (Low fn 511 9); lia || reflexivity).
    assert (L18 : Z.lor fn 262143 = fn / 2 ^ 18 * 2 ^ 18 + 262143) by (apply (Low fn 262143 18); lia || reflexivity).
    destruct (leaf_viewed w (vm_root w h) fn) as [t2 t A2 A3 M|t A2 A3 M|A2 A3]; rewrite A2, A3; cbn [pfn_or_none fst];
      try pose proof (N _ _ A2) as N2; try pose proof (N _ _ A3) as N3; unfold KC_NO_PFN in *; unfold leaf_size; steps;
      try contradiction; (split; [reflexivity|]); f_equal.
    all: change (2 ^ (9 * (3 - 3))) with 1; change (2 ^ (9 * (3 - 2))) with 512; change (2 ^ (9 * (3 - 1))) with 262144;
      rewrite ?L9, ?L18; words.
  Qed.

  Lemma walk_state_ok F : spec_walk_leaf B cpu LI (F "walk_leaf") -> unary K (fun d => d mod 2) (F "desc_valid") ->
    unary K (fun d => soft d * 2 ^ 55) (F "desc_sw") -> unary K (fun d => d / 4 mod 4) (F "desc_state_bits") ->
    spec_walk_state B cpu LI (invoke F fuel f_walk_state).
  Proof.
    intros HL HV HS HB0. begin fz h fn w C T R Fr. pure HL; [eassumption..|]. steps.
    set (d := snd (leaf_at w (vm_root w h) fn)). pose proof (soft_range d) as Sr.
    assert (U : in_ty U64 d).
    { unfold d. destruct (leaf_viewed w (vm_root w h) fn); apply word_range. }
    pure HV. steps. pure HS. unfold leaf_state.
    destruct (Z.eqb_spec (d mod 2) 0) as [E2|E2], (Z.eqb_spec (soft d) 0) as [S0|S0]; steps; try lia; auto.
    - pure HB0. steps. auto.
    - destruct (Z.eqb_spec (soft d) 1); [lia|]. auto.
    - destruct (Z.eqb_spec (soft d) 1); [auto|lia].
    - destruct (Z.eqb_spec (soft d) 1); [lia|]. auto.
  Qed.

  Lemma walk_pfn_ok F : spec_walk_leaf B cpu LI (F "walk_leaf") ->
    unary K (fun d => bz (d mod 4 =? 1)) (F "desc_is_block") ->
    unary K (fun d => d / 2 ^ 12 mod 2 ^ 28) (F "desc_pfn") -> spec_walk_pfn B cpu LI (invoke F fuel f_walk_pfn).
  Proof.
    intros HL HI HD. begin fz h fn w C T R Fr. pure HL; [eassumption..|]. steps.
    assert (U : in_ty U64 (snd (leaf_at w (vm_root w h) fn))).
    { destruct (leaf_viewed w (vm_root w h) fn); apply word_range. }
    pure HI. steps. pure HD. pose proof (leaf_ok_at B fz w h T R fn Fr) as O.
    destruct (leaf_at w (vm_root w h) fn) as [l x] eqn:E. cbn [snd] in *.
    pose proof (leaf_valid B fz w h T R fn l x Fr E) as V.
    pose proof (leaf_level w (vm_root w h) fn l x E) as Lx.
    steps.
    - rewrite (land_low _ _ 9) by (reflexivity || lia). change (2 ^ 9) with 512. steps.
      rewrite wrap_small by words.
      split; [reflexivity|]. eexists; sp; [reflexivity|words|]. intros X. destruct (V X) as (_ & M & O1 & O2).
      unfold leaf_frame, leaf_type in *. rewrite pfn_output by exact O1.
      destruct (Z.eqb_spec l 3); [lia|]. destruct Lx as [->|[->|]]; [| |contradiction].
      + exfalso. rewrite (l_top _ _ _ _ _ O x E) in M. discriminate M.
      + unfold leaf_size in *. change (2 ^ (9 * (3 - 2))) with 512 in *. words.
    - split; [reflexivity|]. eexists; sp; [reflexivity|words|]. intros X. destruct (V X) as (_ & M & O1 & O2).
      rewrite pfn_output by exact O1. unfold leaf_frame, leaf_type in *. destruct (Z.eqb_spec l 3) as [->|]; [|lia].
      unfold leaf_size. change (2 ^ (9 * (3 - 3))) with 1. words.
  Qed.
End Proofs.
