(** * Frozen leaves that were lent, and how far a look along a VM's leaves has come *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Walk_Spec Walk_Facts Table_Spec Revoke_Spec Revoke_Facts Loan_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Facts.
  Variable B : board.

  (** A lent leaf has the software bit of one. *)
  Lemma lent_soft fz L w h fn : sec B fz L w -> rooted w h -> frame fn -> is_lent w h fn -> soft (desc w h fn) = 2.
  Proof.
    intros S R F E. pose proof (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) as O.
    pose proof (l_soft _ _ _ _ _ O _ _ (leaf_pair w h fn)). pose proof (soft_range (desc w h fn)).
    unfold is_lent, leaf_state, LEAF_LENT in E. destruct (Z.eqb_spec (desc w h fn mod 2) 0) as [M|M].
    - unfold LEAF_FROZEN in E. destruct (Z.eqb_spec (soft (desc w h fn)) 0); [words|lia].
    - destruct (Z.eqb_spec (soft (desc w h fn)) 1); [discriminate E|].
      destruct (leaf_valid B fz w h (s_tables B _ _ _ S) R fn (level w h fn) (desc w h fn) F (leaf_pair w h fn)) as [N _]; [|lia].
      unfold valid. words.
  Qed.

  Lemma freeze_lent_frozen d : in_ty U64 d -> soft d = 2 -> let x := d - d mod 4 in
    leaf_state x = LEAF_FROZEN /\ soft x = 2.
  Proof.
    intros U E x. destruct (freeze_fields d U) as (_ & _ & M & Sx & _). fold x in M, Sx. split; [|lia].
    apply frozen_bits. left. lia.
  Qed.

  Lemma reaches_less lv n a to to' : to' <= to -> reaches lv n a to -> reaches lv n a to'.
  Proof.
    intros L. revert a. induction n as [|n IH]; intros a; cbn; [intros [X|[]]; left; lia|].
    intros [X|X]; [left; lia|right; auto].
  Qed.

  Lemma desc_word w h fn : in_ty U64 (desc w h fn).
  Proof.
    unfold desc, leaf. destruct (leaf_viewed w (vm_root w h) fn); apply wrap_in.
  Qed.

  Lemma iter_next n (f : Z -> Z) a : Nat.iter n f (f a) = f (Nat.iter n f a).
  Proof. induction n as [|n IH]; [reflexivity|]. cbn. f_equal. exact IH. Qed.

  Lemma reaches_iter lv n a : reaches lv n a (Nat.iter n (next_of lv) a).
  Proof.
    revert a. induction n as [|n IH]; intros a; cbn [reaches]; [left; cbn; lia|]. right.
    change (Nat.iter (S n) (next_of lv) a) with (next_of lv (Nat.iter n (next_of lv) a)). rewrite <- iter_next. apply IH.
  Qed.

  Lemma reaches_ext w h lv n a to : (forall f, a <= f < to -> lv f = level w h f) ->
    reaches lv n a to -> reaches (level w h) n a to.
  Proof.
    revert a. induction n as [|n IH]; intros a E; cbn; [tauto|].
    destruct (Z.le_gt_cases to a) as [X|X]; [left; exact X|]. intros [Y|Y]; [left; exact Y|right].
    assert (En : next_of lv a = next_of (level w h) a) by (unfold next_of; rewrite (E a) by lia; reflexivity).
    rewrite En in Y. apply IH; [|exact Y]. pose proof (next_after w h a). intros f F. apply E. lia.
  Qed.

  Lemma freezing_level w w' h h' fn : freezing h w w' -> rooted w h' -> frame fn -> level w' h' fn = level w h' fn.
  Proof.
    intros G R F. unfold level. destruct (fg_leaf _ _ _ G h' fn R F) as [->|(-> & _ & ->)]; reflexivity.
  Qed.

  Section Freeze.
    Variables (L : Z -> list (Z * Z)) (w : world) (h from to : Z).
    Hypothesis R : rooted w h.

    (** The frames that [P] says have been looked at. *)
    Record looked (P : Z -> Prop) (n : Z) (fz : Z -> Z -> Prop) (w1 : world) : Prop := {
      lk_sec : sec B fz L w1;
      lk_freezing : freezing h w w1;
      lk_most : n_frozen w1 <= n;
      lk_count : n_frozen w1 = 0 -> forall fn, ~ fz h fn;
      lk_in : forall h' fn, fz h' fn -> h' = h /\ frame fn /\ soft (desc w1 h fn) = 2 /\
        exists fn', from <= fn' < to /\ P fn' /\ slot w h fn' fn;
      lk_none : forall fn, frame fn -> from <= fn -> P fn -> ~ is_lent w1 h fn }.

    Lemma looked_slot P n fz w1 a f : looked P n fz w1 -> frame a -> slot w1 h a f <-> slot w h a f.
    Proof. intros K F. unfold slot. rewrite (freezing_level w w1 h h a (lk_freezing _ _ _ _ K) R F). reflexivity. Qed.

    (** Nothing lent here. *)
    Lemma look_past n fz w1 a : looked (fun f => f < a) n fz w1 -> frame a -> ~ is_lent w1 h a ->
      looked (fun f => f < next_of (level w h) a) n fz w1.
    Proof.
      intros K F N. pose proof (next_after w h a) as Na. pose proof K as [S G M C I Z]. constructor; auto.
      - intros h' fn X. destruct (I h' fn X) as (A1 & A2 & A3 & fn' & A4 & A5 & A6). split; [exact A1|]. split; [exact A2|].
        split; [exact A3|]. exists fn'. split; [exact A4|]. split; [lia|exact A6].
      - intros fn F' A B'. destruct (Z.lt_ge_cases fn a) as [X|X]; [auto|]. unfold is_lent.
        rewrite (slot_desc w1 h a fn); [exact N|]. apply (looked_slot _ _ _ _ _ _ K F), slot_between. lia.
    Qed.

    (** A lent leaf is frozen. *)
    Lemma look_freeze n fz w1 w2 a : looked (fun f => f < a) n fz w1 -> frame a -> from <= a < to -> is_lent w1 h a ->
      sec B (also w1 h a fz) L w2 -> freezes h a w1 w2 -> n_frozen w2 = n_frozen w1 + 1 ->
      looked (fun f => f < next_of (level w h) a) (n + 1) (also w1 h a fz) w2.
    Proof.
      intros K F Ra Z S2 Fz N2. pose proof (next_after w h a) as Na. pose proof K as [S G M C I Nn].
      pose proof (fg_objects _ _ _ G) as O1.
      assert (R1 : forall h', rooted w h' -> rooted w1 h') by (intros h' X; apply (same_rooted w w1 h' O1), X).
      destruct (freeze_lent_frozen _ (leaf_word B _ _ w1 h a S) (lent_soft _ _ w1 h a S (R1 h R) F Z)) as [Zs Sx].
      assert (Nz : 0 <= n_frozen w1) by apply wrap_in.
      assert (D2 : forall f, slot w1 h a f -> desc w2 h f = desc w1 h a - desc w1 h a mod 4).
      { intros f X. unfold desc at 1. rewrite (fr_in _ _ _ _ Fz f X). reflexivity. }
      constructor.
      - exact S2.
      - constructor.
        + apply same_objects_trans with w1; [exact O1|apply (fr_objects _ _ _ _ Fz)].
        + rewrite (fr_meta _ _ _ _ Fz). apply (fg_meta _ _ _ G).
        + intros h' f R' F'. destruct (Z.eq_dec h' h) as [->|Nh].
          * destruct (slot_dec w1 h a f) as [X|X].
            -- right. split; [reflexivity|].
               assert (Lf : is_lent w1 h f) by (unfold is_lent; rewrite (slot_desc w1 h a f X); exact Z).
               destruct (fg_leaf _ _ _ G h f R' F') as [E|(_ & Y & E)].
               ++ split; [unfold is_lent, desc in *; rewrite <- E; exact Lf|].
                  rewrite (fr_in _ _ _ _ Fz f X), <- E, (slot_leaf w1 h a f X). reflexivity.
               ++ exfalso. destruct (freeze_fields (desc w h f)) as (_ & _ & M2 & _).
                  { apply desc_word. }
                  unfold is_lent, desc in Lf. rewrite E in Lf. unfold freeze_leaf in Lf. cbn [snd] in Lf. fold (desc w h f) in Lf.
                  unfold leaf_state in Lf. rewrite M2 in Lf. cbn [Z.eqb] in Lf. unfold LEAF_LENT, LEAF_FROZEN in Lf.
                  destruct (Z.eqb_spec (soft (desc w h f - desc w h f mod 4)) 0); words.
            -- rewrite (fr_out _ _ _ _ Fz h f (R1 h R') F') by tauto. apply (fg_leaf _ _ _ G h f R' F').
          * left. rewrite (fr_out _ _ _ _ Fz h' f (R1 h' R') F') by tauto.
            destruct (fg_leaf _ _ _ G h' f R' F') as [E|[E _]]; [exact E|contradiction].
      - lia.
      - lia.
      - intros h' f [X|[-> X]].
        + destruct (I h' f X) as (-> & A2 & A3 & f' & A4 & A5 & A6). split; [reflexivity|]. split; [exact A2|]. split.
          * destruct (slot_dec w1 h a f) as [Y|Y]; [rewrite (D2 f Y); exact Sx|].
            unfold desc. rewrite (fr_out _ _ _ _ Fz h f (R1 h R) A2) by tauto. exact A3.
          * exists f'. split; [exact A4|]. split; [lia|exact A6].
        + split; [reflexivity|]. split; [exact (slot_frame w1 h a f F X)|]. split; [rewrite (D2 f X); exact Sx|].
          exists a. split; [lia|]. split; [lia|]. apply (looked_slot _ _ _ _ _ _ K F), X.
      - intros f F' A B'. destruct (slot_dec w1 h a f) as [Y|Y].
        + unfold is_lent. rewrite (D2 f Y), Zs. discriminate.
        + unfold is_lent, desc. rewrite (fr_out _ _ _ _ Fz h f (R1 h R) F') by tauto. apply Nn; auto.
          destruct (Z.lt_ge_cases f a) as [X|X]; [exact X|]. destruct Y.
          apply (looked_slot _ _ _ _ _ _ K F), slot_between. lia.
    Qed.
  End Freeze.
End Facts.

Lemma result_leaf B ix v w h fn : leaf (write_cell B ("pcpu.res1", ix) v w) h fn = leaf w h fn.
Proof. apply ram_leaf; reflexivity. Qed.

(** The result of a section, before the lock is given back. *)
Ltac result S S' w' := apply write_percpu; [apply (s_cs _ _ _ _ S)|reflexivity|reflexivity|]; intros _ _;
  match goal with |- context [write_cell ?b ("pcpu.res1", ?ix) ?v ?w] => set (w' := write_cell b ("pcpu.res1", ix) v w) end;
  match type of S with sec ?b _ ?l _ =>
    assert (S' : sec b unfrozen l w') by (apply sec_write; [exact S|reflexivity|discriminate]) end; steps.
