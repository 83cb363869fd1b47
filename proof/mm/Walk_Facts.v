(** * Tables and leaves: what walks find *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Walk_Spec.
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
