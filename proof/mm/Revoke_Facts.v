(** * Leaves, the frames that they cover, and walks along them *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Walk_Spec Walk_Facts Lend_Spec Lend_Facts Revoke_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Frames that one leaf covers *)
Ltac sizes := unfold covered, next_of, frame in *;
  change (leaf_size 1) with 262144 in *; change (leaf_size 2) with 512 in *; change (leaf_size 3) with 1 in *.

Lemma table_covered w r l l' fn fn' : 1 <= l' <= l -> l <= 3 -> covered l fn fn' ->
  table_at w r l' fn' = table_at w r l' fn.
Proof.
  intros R R' C.
  assert (E1 : fn' / 2 ^ 27 = fn / 2 ^ 27 /\ index 1 fn' = index 1 fn).
  { unfold index. change (2 ^ (9 * (3 - 1))) with 262144.
    assert (l = 1 \/ l = 2 \/ l = 3) as [->|[->| ->]] by lia; sizes; words. }
  destruct E1 as [E1 E2].
  assert (E3 : 2 <= l -> index 2 fn' = index 2 fn).
  { intros. unfold index. change (2 ^ (9 * (3 - 2))) with 512. assert (l = 2 \/ l = 3) as [->| ->] by lia; sizes; words. }
  unfold table_at. rewrite E1, E2. destruct (Z.eqb_spec l' 1); [reflexivity|].
  destruct (next_table 1 _); [|reflexivity]. destruct (Z.eqb_spec l' 2); [reflexivity|].
  rewrite E3 by lia. reflexivity.
Qed.

Lemma leaf_covered w r l x fn fn' : leaf_at w r fn = (l, x) -> covered l fn fn' -> leaf_at w r fn' = (l, x).
Proof.
  intros E C. pose proof (leaf_viewed w r fn) as V. rewrite E in V.
  assert (E1 : fn' / 2 ^ 27 = fn / 2 ^ 27 /\ index l fn' = index l fn).
  { unfold index. destruct (leaf_level _ _ _ _ _ E) as [->|[->| ->]]; sizes;
      [change (2 ^ (9 * (3 - 1))) with 262144|change (2 ^ (9 * (3 - 2))) with 512|change (2 ^ (9 * (3 - 3))) with 1]; words. }
  destruct E1 as [E1 E2].
  pose proof (leaf_level _ _ _ _ _ E) as Lv.
  assert (Ht : forall l', 1 <= l' <= l -> table_at w r l' fn' = table_at w r l' fn).
  { intros. apply table_covered with l; [assumption|lia|exact C]. }
  inversion V as [t2 t T2 T3 N Ex|t T2 T3 N Ex|T2 T3 Ex]; subst l; subst x; unfold leaf_at.
  - rewrite Ht, T3, E2 by lia. reflexivity.
  - assert (X : table_at w r 3 fn' = None).
    { rewrite table_at_3, Ht, T2 by lia. rewrite E2. apply next_table_not, N. }
    rewrite X, Ht, T2, E2 by lia. reflexivity.
  - assert (X2 : table_at w r 2 fn' = None) by (rewrite table_at_2, E1, E2, <- table_at_2; exact T2).
    rewrite table_at_3, X2, E1, E2. reflexivity.
Qed.

Section Leaves.
  Variables (w : world) (h : Z).

  Lemma leaf_pair fn : leaf_at w (vm_root w h) fn = (level w h fn, desc w h fn).
  Proof. unfold level, desc, leaf. destruct (leaf_at _ _ _); reflexivity. Qed.

  Lemma level_range fn : level w h fn = 1 \/ level w h fn = 2 \/ level w h fn = 3.
  Proof. eapply leaf_level, leaf_pair. Qed.

  Lemma slot_leaf fn fn' : slot w h fn fn' -> leaf w h fn' = leaf w h fn.
  Proof. intros C. unfold leaf. rewrite (leaf_pair fn). eapply leaf_covered; [apply leaf_pair|exact C]. Qed.

  Lemma slot_level fn fn' : slot w h fn fn' -> level w h fn' = level w h fn.
  Proof. intros C. unfold level. rewrite (slot_leaf fn fn' C). reflexivity. Qed.

  Lemma slot_desc fn fn' : slot w h fn fn' -> desc w h fn' = desc w h fn.
  Proof. intros C. unfold desc. rewrite (slot_leaf fn fn' C). reflexivity. Qed.

  Lemma slot_refl fn : slot w h fn fn.
  Proof. reflexivity. Qed.

  Lemma slot_sym fn fn' : slot w h fn fn' -> slot w h fn' fn.
  Proof. intros C. unfold slot. rewrite (slot_level fn fn' C). symmetry. exact C. Qed.

  Lemma slot_trans a b c : slot w h a b -> slot w h b c -> slot w h a c.
  Proof. intros C D. unfold slot in *. rewrite (slot_level a b C) in D. unfold covered in *. congruence. Qed.

  Lemma slot_dec a b : slot w h a b \/ ~ slot w h a b.
  Proof. unfold slot, covered. destruct (Z.eq_dec (b / leaf_size (level w h a)) (a / leaf_size (level w h a))); auto. Qed.

  Lemma slot_frame fn fn' : frame fn -> slot w h fn fn' -> frame fn'.
  Proof. unfold slot. destruct (level_range fn) as [->|[->| ->]]; sizes; words. Qed.

  Lemma next_after fn : fn < next_of (level w h) fn <= fn + 262144.
  Proof. unfold next_of. destruct (level_range fn) as [->|[->| ->]]; sizes; words. Qed.

  Lemma next_bound fn : frame fn -> next_of (level w h) fn <= 2 ^ 28.
  Proof. unfold next_of. destruct (level_range fn) as [->|[->| ->]]; sizes; words. Qed.

  Lemma slot_between a b : a <= b < next_of (level w h) a -> slot w h a b.
  Proof. unfold next_of, slot. destruct (level_range a) as [->|[->| ->]]; sizes; words. Qed.

  Lemma slot_next a b : slot w h a b -> b < next_of (level w h) a.
  Proof. unfold next_of, slot. destruct (level_range a) as [->|[->| ->]]; sizes; words. Qed.

  Lemma next_slot a b : slot w h a b -> next_of (level w h) b = next_of (level w h) a.
  Proof.
    intros C. unfold next_of. rewrite (slot_level a b C). unfold slot, covered in C. rewrite C. reflexivity.
  Qed.

  (** Slots do not overlap: behind [a] is what lies behind its slot. *)
  Lemma next_split a f : ~ slot w h a f -> a < next_of (level w h) f ->
    next_of (level w h) a < next_of (level w h) f.
  Proof.
    intros N A. pose proof (next_after f). destruct (Z.lt_ge_cases f a) as [X|X].
    - destruct N. apply slot_sym, slot_between. lia.
    - destruct (Z.lt_ge_cases f (next_of (level w h) a)) as [Y|Y]; [destruct N; apply slot_between; lia|lia].
  Qed.

  Lemma reaches_mono (lv : Z -> Z) n m a to : (n <= m)%nat -> reaches lv n a to -> reaches lv m a to.
  Proof.
    revert m a. induction n as [|n IH]; intros m a L; cbn.
    - intros [X|[]]. destruct m; left; exact X.
    - destruct m as [|m]; [lia|]. intros [X|X]; [left; exact X|right]. apply IH; [lia|exact X].
  Qed.

  Lemma reaches_far n a to : to - a <= Z.of_nat n -> reaches (level w h) n a to.
  Proof.
    revert a. induction n as [|n IH]; intros a L; cbn; [left; lia|]. right. apply IH.
    pose proof (next_after a). lia.
  Qed.
End Leaves.

(** ** States of leaves *)
Lemma frozen_bits d : leaf_state d = LEAF_FROZEN <-> d mod 2 = 0 /\ soft d <> 0 \/ d mod 2 = 0 /\ soft d = 0 /\ d / 4 mod 4 = 3.
Proof.
  unfold leaf_state, LEAF_FROZEN, LEAF_PRIVATE, LEAF_LENT.
  destruct (Z.eqb_spec (d mod 2) 0), (Z.eqb_spec (soft d) 0), (Z.eqb_spec (soft d) 1); lia.
Qed.

Lemma freeze_fields d : in_ty U64 d -> let x := d - d mod 4 in
  in_ty U64 x /\ x mod 4 = 0 /\ x mod 2 = 0 /\ soft x = soft d /\ output x = output d.
Proof. intros U x. subst x. unfold soft, output. repeat split; words. Qed.

Lemma frame_same l d x fn : output x = output d -> leaf_frame l x fn = leaf_frame l d fn.
Proof. intros E. unfold leaf_frame. rewrite E. reflexivity. Qed.

Section Facts.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma leaf_word fz L w h fn : sec B fz L w -> in_ty U64 (desc w h fn).
  Proof.
    intros S. pose proof (leaf_viewed w (vm_root w h) fn) as V. rewrite leaf_pair in V.
    inversion V; apply wrap_in.
  Qed.

  (** Without software bits there are three descriptors, and none is frozen. *)
  Lemma frozen_soft fz L w h fn : sec B fz L w -> rooted w h -> frame fn -> frozen w h fn ->
    soft (desc w h fn) = 1 \/ soft (desc w h fn) = 2.
  Proof.
    intros S R F Z. pose proof (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) as O.
    pose proof (soft_range (desc w h fn)) as Sr.
    pose proof (l_soft _ _ _ _ _ O _ _ (leaf_pair w h fn)) as N3.
    destruct (Z.eq_dec (soft (desc w h fn)) 0) as [E|E]; [|lia]. exfalso.
    unfold frozen in Z. apply frozen_bits in Z as [[_ X]|(_ & _ & X)]; [contradiction|].
    destruct (l_none _ _ _ _ _ O _ _ (leaf_pair w h fn) E) as [D|[_ [D|D]]]; rewrite D in X; discriminate X.
  Qed.

  (** Frames whose leaf is not frozen need not be in [fz]. *)
  Lemma sec_thin fz fz' L w : sec B fz L w ->
    (forall h fn, rooted w h -> frame fn -> fz h fn -> fz' h fn \/ ~ frozen w h fn) -> sec B fz' L w.
  Proof.
    intros [C T P N U] H. constructor; try assumption. destruct T. constructor; try assumption.
    intros h fn R F. destruct (t_leaf h fn R F). constructor; try assumption.
    intros l d E S. destruct (l_type l d E S) as [T X]. split; [|exact X].
    destruct T as [T|[M Z]]; [left; exact T|right]. split; [exact M|].
    destruct (H h fn R F Z) as [Y|Y]; [exact Y|]. destruct Y. unfold frozen. apply frozen_bits. left.
    unfold desc, leaf. rewrite E. cbn [snd]. split; [words|exact S].
  Qed.

  Lemma sec_frozen fz L w h fn : sec B fz L w -> rooted w h -> frame fn -> frozen w h fn -> fz h fn.
  Proof.
    intros S R F Z. pose proof (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) as O.
    pose proof (frozen_soft fz L w h fn S R F Z) as Sf.
    destruct (l_type _ _ _ _ _ O _ _ (leaf_pair w h fn)) as [[M|[_ X]] _]; [lia| |exact X].
    unfold frozen in Z. apply frozen_bits in Z. unfold leaf_type in M. exfalso.
    destruct (level w h fn =? 3); words.
  Qed.

  (** A leaf with software bits names pages: [names] and the fields of [leaf_ok] in one. *)
  Lemma names_leaf w h fn s p : names w h fn s p <->
    soft (desc w h fn) = s /\ s <> 0 /\ leaf_frame (level w h fn) (desc w h fn) fn = p.
  Proof. unfold names. rewrite leaf_pair. reflexivity. Qed.

  Lemma soft_level fz L w h fn : sec B fz L w -> rooted w h -> frame fn -> soft (desc w h fn) <> 0 ->
    level w h fn = 2 \/ level w h fn = 3.
  Proof.
    intros S R F N. pose proof (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) as O.
    destruct (level_range w h fn) as [E|E]; [|exact E]. exfalso. apply N.
    rewrite (l_top _ _ _ _ _ O (desc w h fn)); [reflexivity|]. rewrite <- E. apply leaf_pair.
  Qed.

  (** The count of what is lent, of a VM that has its tables: they stay, or may go. *)
  Lemma sec_count fz L w h x : sec B fz L w -> rooted w h -> sec B fz L (write_cell B ("vms.n_lent", [h]) x w).
  Proof.
    intros S R. set (w' := write_cell B ("vms.n_lent", [h]) x w). pose proof (s_cs B _ _ _ S) as [I Hd].
    assert (C' : cs B w').
    { split; [apply inv_write_cell; [discriminate|reflexivity|apply seats_write; [reflexivity|apply I]|exact I]|exact Hd]. }
    assert (Ec : forall c ix, String.eqb "vms.n_lent" c = false -> w_mem w' (c, ix) = w_mem w (c, ix)).
    { intros c ix N. apply (upd_name (w_mem w)). exact N. }
    assert (El : forall h', live w' h' <-> live w h').
    { intros h'. unfold live, vm_state. rewrite Ec by reflexivity. reflexivity. }
    assert (Er : forall h', vm_root w' h' = vm_root w h') by (intros h'; unfold vm_root; rewrite Ec by reflexivity; reflexivity).
    assert (T : same_trees w w').
    { constructor.
      - intros h'. apply El.
      - intros h' R'. destruct (Z.eq_dec h' h) as [->|N]; [exact R|]. assert (En : vm_n_lent w' h' = vm_n_lent w h').
        { unfold vm_n_lent. f_equal. apply (upd_other (w_mem w)). congruence. }
        assert (Es : vm_state w' h' = vm_state w h') by (unfold vm_state; rewrite Ec by reflexivity; reflexivity).
        unfold rooted in *. rewrite El, En, Es in R'. exact R'.
      - intros h' _. apply Er.
      - intros h' _. unfold protected. rewrite Ec by reflexivity. auto.
      - reflexivity. }
    destruct S as [_ St Sp Sl Su].
    assert (Pl : forall h' l, live w h' -> pool_of B w h' l -> pool_of B w' h' l).
    { intros h' l Lv P. apply (pool_frame B w w' h' l T); [left; apply El, Lv|unfold vm_pool; rewrite Ec; reflexivity
        |unfold vm_n_pool; rewrite Ec; reflexivity|reflexivity|reflexivity|exact P]. }
    assert (P' : pools_ok B w').
    { intros h' Lv. apply El in Lv. destruct (Sp h' Lv) as [l P]. exists l. auto. }
    constructor; [exact C'| |exact P'| |].
    - apply (tables_frame B fz w w' (cs_inv B _ C') T St); [split; auto|reflexivity..|].
      intros h' fn p R' F N. apply (y_rooted _ _ T) in R'.
      apply (l_lent _ _ _ _ _ (t_leaf _ _ _ St h' fn R' F) p N).
    - apply (lent_frame w w' L T); [reflexivity|exact Sl].
    - apply (vcpus_frame B w w' (y_live _ _ T) Su).
      + intros h' Hh. unfold vm_state. rewrite Ec by reflexivity. apply (u_states _ _ Su), Hh.
      + intros h' i M. assert (M0 : vcpu_made w h' i) by (unfold vcpu_made in *; rewrite Ec in M by reflexivity; exact M).
        pose proof (u_live _ _ Su h' i M0) as Lv. split; [exact M0|]. split; [apply El, Lv|].
        unfold protected, vcpu_run, vcpu_ctx. rewrite !Ec by reflexivity. split; [split; auto|]. auto.
      + constructor; intros; unfold token, vcpu_made, vm_n_loaded, loaded_cell in *; rewrite Ec by reflexivity; auto.
      + intros h' Lv. unfold vm_n_ram, ram_base, ram_size. split; [|intros i; split]; rewrite Ec; reflexivity.
  Qed.
End Facts.

(** A function that reads the tree of VM [h]. *)
Ltac read_tree H S R F := eapply wp_mono; [eapply H; [exact (s_cs _ _ _ _ S)|exact (s_tables _ _ _ _ S)|exact R|exact F]|
  cbv beta; intros ? ? [-> ->]; cbv beta iota; reduce_env].

Lemma same_rooted w w' h : same_objects w w' -> rooted w' h <-> rooted w h.
Proof. intros E. unfold rooted, live, vm_state, vm_n_lent. rewrite !E by reflexivity. reflexivity. Qed.

Lemma same_root w w' h : same_objects w w' -> vm_root w' h = vm_root w h.
Proof. intros E. unfold vm_root. rewrite E by reflexivity. reflexivity. Qed.

Lemma put_leaf w h fn x w' h' fn' : put w h fn (level w h fn) x w' -> rooted w h' -> frame fn' ->
  ~ (h' = h /\ slot w h fn fn') -> leaf w' h' fn' = leaf w h' fn'.
Proof.
  intros P R F N. unfold leaf. unfold vm_root at 1. rewrite (pt_mem _ _ _ _ _ _ P).
  apply (pt_leaf _ _ _ _ _ _ P); assumption.
Qed.

Lemma put_new w h fn x w' fn' : put w h fn (level w h fn) x w' -> slot w h fn fn' -> leaf w' h fn' = (level w h fn, x).
Proof.
  intros P N. unfold leaf. unfold vm_root at 1. rewrite (pt_mem _ _ _ _ _ _ P). apply (pt_new _ _ _ _ _ _ P), N.
Qed.

Lemma same_objects_refl w : same_objects w w.
Proof. intros c ix _. reflexivity. Qed.

Lemma same_objects_trans a b c : same_objects a b -> same_objects b c -> same_objects a c.
Proof. intros H H' x ix S. rewrite H', H by exact S. reflexivity. Qed.

Lemma lent_less_refl w p : lent_less w w p.
Proof. left; reflexivity. Qed.

Lemma lent_less_trans a b c p : lent_less a b p -> lent_less b c p -> lent_less a c p.
Proof. unfold lent_less. intros [E|[K1 K2]] [E'|[K1' K2']]; rewrite ?E', ?E in *; auto. Qed.

Lemma ram_leaf w w' h fn : w_ram w' = w_ram w -> vm_root w' h = vm_root w h -> leaf w' h fn = leaf w h fn.
Proof.
  intros E R. unfold leaf. rewrite R. unfold leaf_at, table_at, word. rewrite E. reflexivity.
Qed.

Lemma thaw_same s w h fn : ~ frozen w h fn -> thaw s (leaf w h fn) = leaf w h fn.
Proof. unfold frozen, desc, thaw. intros N. destruct (Z.eqb_spec (leaf_state (snd (leaf w h fn))) LEAF_FROZEN);
  [contradiction|reflexivity]. Qed.

Lemma private_bits d : leaf_state d = LEAF_PRIVATE -> valid d /\ soft d = 1.
Proof.
  unfold leaf_state, LEAF_PRIVATE, LEAF_FROZEN, LEAF_LENT, valid. intros E.
  destruct (Z.eqb_spec (d mod 2) 0); [destruct (Z.eqb_spec (soft d) 0); words|].
  destruct (Z.eqb_spec (soft d) 1); [|lia]. split; [words|assumption].
Qed.

Section Invalidation.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma recounts_objects p w w' : recounts B p w w' -> same_objects w w'.
  Proof.
    intros R c ix S. apply (e_mem _ _ _ _ _ (rc_evolves _ _ _ _ R)). cbn.
    destruct (String.eqb_spec c "n_kind") as [->|]; [discriminate S|reflexivity].
  Qed.

  (** The invalidation. *)
  Lemma invalidated fz L w w0 h : sec B fz L w -> rooted w h -> interference w w0 ->
    let w1 := invalidate B h w0 in
    sec B fz L w1 /\ same_objects w w1 /\ quiet w1 h /\ w_meta w1 = w_meta w /\
    forall h' fn, rooted w h' -> frame fn -> leaf w1 h' fn = leaf w h' fn.
  Proof.
    intros S R J w1. pose proof (s_cs _ _ _ _ S) as [I _].
    pose proof (unchanged_interference B HB w w0 I J) as U0.
    pose proof (sec_interference B HB fz L w w0 S J) as S0. pose proof (s_cs _ _ _ _ S0) as [I0 _].
    assert (Rh : 1 <= h <= 255) by (apply vm_range with w; exact R).
    assert (Eo : same_objects w w1) by (intros c ix X; apply (q_mem _ _ _ U0), X).
    assert (Lf : forall h' fn, rooted w h' -> frame fn -> leaf w1 h' fn = leaf w h' fn).
    { intros h' fn R' F'. change (leaf w1 h' fn) with (leaf w0 h' fn).
      apply (same_leaf_at w w0 (unchanged_trees B w w0 U0 fz (s_tables _ _ _ _ S))); [|exact F'].
      apply (unchanged_rooted B w w0 U0), R'. }
    split; [apply sec_invalidate, S0|]. split; [exact Eo|]. split; [|split; [destruct J as (r & -> & _); reflexivity|exact Lf]].
    intros k fn p T. destruct (invalidate_valid B fz w0 h k fn p I0 (s_tables _ _ _ _ S0) ltac:(lia) T) as (F & l & d & E & V & _).
    split; [exact F|]. unfold desc. change (leaf w1 h fn) with (leaf w0 h fn). unfold leaf. rewrite E. exact V.
  Qed.
End Invalidation.

Ltac root_view := repeat match goal with
  | |- context [wrap U64 (w_mem ?w ("vms.root", [?h]))] =>
      change (wrap U64 (w_mem w ("vms.root", [h]))) with (vm_root w h)
  | |- context [wrap U64 (w_mem ?w ("vms.n_lent", [?h]))] =>
      change (wrap U64 (w_mem w ("vms.n_lent", [h]))) with (vm_n_lent w h)
  end.

