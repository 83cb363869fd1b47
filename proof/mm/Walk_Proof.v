(** * Reading a VM's stage 2: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Proof Invariant Structure Steps Prims Page_Spec Page_Proof Host_Spec
  Host_Facts Walk_Spec.
From Redoubt.gen Require Import mm_walk.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Tables and leaves *)
Lemma table_at_1 w r fn : table_at w r 1 fn = Some (r + fn / 2 ^ 27).
Proof. reflexivity. Qed.
Lemma table_at_2 w r fn : table_at w r 2 fn = next_table 1 (word w (r + fn / 2 ^ 27) (index 1 fn)).
Proof. unfold table_at. cbn. destruct (next_table 1 _); reflexivity. Qed.
Lemma table_at_3 w r fn : table_at w r 3 fn = match table_at w r 2 fn with
  | Some t => next_table 2 (word w t (index 2 fn)) | None => None end.
Proof. rewrite table_at_2. unfold table_at. cbn. destruct (next_table 1 _); reflexivity. Qed.
Lemma table_at_level w r l fn t : table_at w r l fn = Some t -> l = 1 \/ l = 2 \/ l = 3.
Proof.
  unfold table_at. destruct (Z.eqb_spec l 1); [auto|]. destruct (next_table 1 _); [|discriminate].
  destruct (Z.eqb_spec l 2); [auto|]. destruct (Z.eqb_spec l 3); [auto|discriminate].
Qed.

Lemma next_table_some l d t : next_table l d = Some t -> d mod 4 = 3 /\ l < 3 /\ t = output d.
Proof.
  unfold next_table. destruct (Z.ltb_spec l 3), (Z.eqb_spec (d mod 4) 3); cbn; try discriminate.
  intros [= <-]. auto.
Qed.
Lemma next_table_none l d : l < 3 -> next_table l d = None -> d mod 4 <> 3.
Proof.
  unfold next_table. intros L. destruct (Z.ltb_spec l 3), (Z.eqb_spec (d mod 4) 3); cbn; try discriminate; lia.
Qed.
Lemma next_table_not l d : d mod 4 <> 3 -> next_table l d = None.
Proof. unfold next_table. intros N. destruct (Z.eqb_spec (d mod 4) 3); [contradiction|]. now rewrite andb_false_r. Qed.

Lemma output_range d : 0 <= output d < 2 ^ 36.
Proof. apply Z.mod_pos_bound. lia. Qed.
Lemma pfn_output d : output d < 2 ^ 28 -> d / 2 ^ 12 mod 2 ^ 28 = output d.
Proof. unfold output. intros. words. Qed.
Lemma soft_range d : 0 <= soft d < 4.
Proof. apply Z.mod_pos_bound. lia. Qed.

(** Where the walk ends, level by level. *)
Inductive leaf_view (w : world) (r fn : Z) : Z * Z -> Prop :=
| view_3 t2 t : table_at w r 2 fn = Some t2 -> table_at w r 3 fn = Some t -> word w t2 (index 2 fn) mod 4 = 3 ->
    leaf_view w r fn (3, word w t (index 3 fn))
| view_2 t : table_at w r 2 fn = Some t -> table_at w r 3 fn = None -> word w t (index 2 fn) mod 4 <> 3 ->
    leaf_view w r fn (2, word w t (index 2 fn))
| view_1 : table_at w r 2 fn = None -> table_at w r 3 fn = None -> 
    leaf_view w r fn (1, word w (r + fn / 2 ^ 27) (index 1 fn)).
Lemma leaf_viewed w r fn : leaf_view w r fn (leaf_at w r fn).
Proof.
  unfold leaf_at. destruct (table_at w r 3 fn) as [t|] eqn:E3; rewrite table_at_3 in E3.
  - destruct (table_at w r 2 fn) as [t2|] eqn:E2; [|discriminate]. eapply view_3; [exact E2|rewrite table_at_3, E2; exact E3|].
    apply next_table_some in E3. tauto.
  - destruct (table_at w r 2 fn) as [t2|] eqn:E2.
    + apply view_2; [exact E2|rewrite table_at_3, E2; exact E3|]. eapply next_table_none; [|exact E3]. lia.
    + apply view_1; [exact E2|rewrite table_at_3, E2; reflexivity].
Qed.

Lemma leaf_level w r fn l x : leaf_at w r fn = (l, x) -> l = 1 \/ l = 2 \/ l = 3.
Proof. intros E. pose proof (leaf_viewed w r fn) as LV. rewrite E in LV. inversion LV; auto. Qed.

Lemma leaf_size_pos l : 0 <= 9 * (3 - l) -> 0 < leaf_size l.
Proof. intros. apply Z.pow_pos_nonneg; lia. Qed.

Section Facts.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Variables (fz : Z -> Z -> Prop) (w : world) (h : Z).
  Hypothesis T : tables_ok B fz w.
  Hypothesis R : rooted w h.

  Lemma vmcore_fields x : 1 <= h <= 255 -> x = mk_state PG_VMCORE h 0 -> kind x = PG_VMCORE /\ handle x = h /\ arg x = 0.
  Proof. intros H ->. unfold mk_state, kind, handle, arg, PG_VMCORE. repeat split; words. Qed.

  Lemma rooted_range : 1 <= h <= 255.
  Proof. destruct R as [[X _]|[X _]]; exact X. Qed.

  Lemma root_range : 0 <= vm_root w h < 2 ^ 28 /\ vm_root w h mod 2 = 0.
  Proof. destruct (t_root _ _ _ T h R). split; [split; [apply wrap_in|]|]; assumption. Qed.

  Lemma table_ours l fn t : frame fn -> table_at w (vm_root w h) l fn = Some t ->
    ours B w t /\ 0 <= t < 2 ^ 28 /\ is_ram B t /\ kind (state w t) = PG_VMCORE /\ handle (state w t) = h.
  Proof.
    intros F E. destruct (t_page _ _ _ T h l fn t R F E) as [Rt S].
    destruct (vmcore_fields _ rooted_range S) as (K & H & _).
    pose proof (ram_range B HB t Rt). unfold ours. auto 6.
  Qed.

  Lemma vm_tree fn : frame fn -> tree B w (vm_root w h) fn.
  Proof.
    intros F. constructor; [exact F|apply root_range| |].
    - intros l t E. destruct (table_ours l fn t F E) as (O & Rt & _). auto.
    - apply (l_top _ _ _ _ _ (t_leaf _ _ _ T h fn R F)).
  Qed.

  Lemma leaf_ok_at fn : frame fn -> leaf_ok B (fz h) w h fn.
  Proof. intros F. apply (t_leaf _ _ _ T); assumption. Qed.

  (** Bits that a leaf cannot have. *)
  Lemma leaf_bits fn : frame fn -> let d := snd (leaf_at w (vm_root w h) fn) in
    soft d = 0 -> d = 0 \/ d = 4 \/ d = 8.
  Proof.
    intros F d S. pose proof (leaf_ok_at fn F) as O. unfold d in *. destruct (leaf_at w (vm_root w h) fn) as [l x] eqn:E.
    cbn [snd] in *. destruct (l_none _ _ _ _ _ O l x E S) as [->|(_ & [->| ->])]; auto.
  Qed.

  Lemma leaf_valid fn l x : frame fn -> leaf_at w (vm_root w h) fn = (l, x) -> valid x ->
    soft x <> 0 /\ x mod 4 = leaf_type l /\ output x < 2 ^ 28 /\ output x mod leaf_size l = 0.
  Proof.
    intros F E V. pose proof (leaf_ok_at fn F) as O. unfold valid in V. destruct (Z.eq_dec (soft x) 0) as [S0|S0].
    - exfalso. destruct (l_none _ _ _ _ _ O l x E S0) as [->|(_ & [->| ->])]; discriminate V.
    - destruct (l_type _ _ _ _ _ O l x E S0) as ([M|[M _]] & X & Y); auto. exfalso. words.
  Qed.
End Facts.

(** KServ's tree is the board's: all that a walk meets are its tables. *)
Section Host.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Variables (w : world) (fn : Z).
  Hypothesis I : inv B w.
  Hypothesis F : frame fn.

  Lemma host_range l : host_has B l fn -> 0 <= host_table B l fn < 2 ^ 28.
  Proof. intros H. apply (ram_range B HB), (bo_tables B HB _ _ H). Qed.

  Lemma host_table_2 : table_at w (b_root B) 2 fn = if b_has2 B (fn / 2 ^ 18) then Some (b_l2 B (fn / 2 ^ 18)) else None.
  Proof.
    rewrite table_at_2, (i_level1 B w I fn F). destruct (b_has2 B (fn / 2 ^ 18)) eqn:E; [|reflexivity].
    assert (H : host_has B 2 fn) by (split; [exact F|tauto]). pose proof (host_range 2 H) as Rt.
    change (host_table B 2 fn) with (b_l2 B (fn / 2 ^ 18)) in Rt. unfold next_table. change (1 <? 3) with true.
    replace (table_desc (b_l2 B (fn / 2 ^ 18)) mod 4 =? 3) with true by (symmetry; unfold table_desc; words).
    cbn [andb]. f_equal. apply output_table, Rt.
  Qed.

  Lemma host_walk l t : table_at w (b_root B) l fn = Some t -> w_walk w 0 l fn t.
  Proof.
    intros E. pose proof (i_settled B w I) as S.
    assert (W1 : w_walk w 0 1 fn (b_root B + fn / 2 ^ 27)).
    { apply (c_walk B w S). apply walk_start; [left; auto|exact F]. }
    assert (W2 : forall t2, table_at w (b_root B) 2 fn = Some t2 -> w_walk w 0 2 fn t2).
    { intros t2 E2. rewrite table_at_2 in E2. apply (c_walk B w S).
      eapply (walk_next B w 0 1); [apply walk_old, W1|exact E2]. }
    destruct (table_at_level _ _ _ _ _ E) as [->|[->| ->]].
    - injection E as <-. exact W1.
    - apply W2, E.
    - rewrite table_at_3 in E. destruct (table_at w (b_root B) 2 fn) as [t2|]; [|discriminate E].
      apply (c_walk B w S). eapply (walk_next B w 0 2); [apply walk_old, W2; reflexivity|exact E].
  Qed.

  Lemma host_tree : tree B w (b_root B) fn.
  Proof.
    constructor; [exact F| | |].
    - assert (H : host_has B 1 0) by (split; [lia|tauto]).
      pose proof (ram_range B HB _ (bo_tables B HB _ _ H)) as R. unfold host_table in R. cbn in R. lia.
    - intros l t E. destruct (i_place B w I _ _ _ (host_walk l t E)) as [H ->].
      split; [apply (host_ours B HB w l fn I H)|apply host_range, H].
    - intros d E. destruct (leaf_viewed w (b_root B) fn) as [t2 t A2 A3 M|t A2 A3 M|A2 A3]; try discriminate E.
      assert (Ed : d = word w (b_root B + fn / 2 ^ 27) (index 1 fn)) by congruence. subst d.
      rewrite (i_level1 B w I fn F). rewrite host_table_2 in A2.
      destruct (b_has2 B (fn / 2 ^ 18)); [discriminate A2|reflexivity].
  Qed.
End Host.

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
