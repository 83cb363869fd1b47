(** * Frozen pages of one call of a guest *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Structure Structure_Frame Structure_Facts
  Page_Spec Object_Spec Walk_Spec Walk_Facts Table_Spec Revoke_Spec Revoke_Facts Share_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** How a leaf is stored does not matter for what it says. *)
Lemma refines_says a b fn : refines a b fn -> leaf_state (snd b) = leaf_state (snd a).
Proof.
  intros (A1 & A2 & A3 & _). unfold leaf_state. destruct (Z.eq_dec (soft (snd a)) 0) as [E|E]; [rewrite A3 by exact E;
    reflexivity|].
  rewrite A1, A2. destruct (Z.eqb_spec (soft (snd a)) 0); [contradiction|]. reflexivity.
Qed.

Lemma keeps_refl w : keeps w w.
Proof. split; reflexivity. Qed.

Lemma keeps_trans a b c : keeps a b -> keeps b c -> keeps a c.
Proof. intros [M1 T1] [M2 T2]. split; [intros; rewrite M2, M1 by assumption; reflexivity|congruence]. Qed.

Section Keeps.
  Variables w w' : world.
  Hypothesis K : keeps w w'.

  Ltac cell := rewrite (kp_mem _ _ K) by (reflexivity || discriminate); reflexivity.
  Lemma keeps_live h : live w' h <-> live w h.
  Proof. unfold live, vm_state. rewrite (kp_mem _ _ K) by (reflexivity || discriminate). reflexivity. Qed.
  Lemma keeps_rooted h : rooted w' h <-> rooted w h.
  Proof. unfold rooted, live, vm_state, vm_n_lent. rewrite !(kp_mem _ _ K) by (reflexivity || discriminate).
    reflexivity. Qed.
  Lemma keeps_protected h : protected w' h <-> protected w h.
  Proof. unfold protected. rewrite (kp_mem _ _ K) by (reflexivity || discriminate). reflexivity. Qed.
  Lemma keeps_root h : vm_root w' h = vm_root w h.
  Proof. unfold vm_root. cell. Qed.
  Lemma keeps_state p : state w' p = state w p.
  Proof. unfold state. rewrite (kp_meta _ _ K). reflexivity. Qed.
  Lemma keeps_declared h fn : declared w' h fn <-> declared w h fn.
  Proof. unfold declared, in_range, vm_n_ram, ram_base, ram_size. rewrite (kp_mem _ _ K) by (reflexivity ||
    discriminate).
    split; intros (i & X); exists i; rewrite !(kp_mem _ _ K) in * by (reflexivity || discriminate); exact X. Qed.
End Keeps.

Section Facts.
  Variable B : board.

  (** From [from] to [at_], inside one block; frozen leaves are pages. *)
  Record in_block (L : Z -> list (Z * Z)) (w : world) (h from at_ n : Z) (fz : Z -> Z -> Prop) (w1 : world) : Prop := {
    ib_sec : sec B fz L w1;
    ib_keeps : keeps w w1;
    ib_most : n_frozen w1 <= n;
    ib_count : n_frozen w1 = 0 -> forall f, ~ fz h f;
    ib_in : forall h' f, fz h' f -> h' = h /\ from <= f < at_ /\ level w1 h f = 3 }.

  Lemma in_block_between L w h from at_ n fz w1 s : live w h -> in_ty U64 from -> in_ty U64 at_ ->
    from <= at_ -> (from < at_ -> at_ <= 2 ^ 28) -> at_ - from <= 512 ->
    in_block L w h from at_ n fz w1 -> frozen_between fz w1 h from at_ s.
  Proof.
    intros Lv Uf Ua Fa Ht H5 [S K M C I]. constructor; auto.
    - exists 600%nat. split; [lia|]. apply reaches_far. lia.
    - intros h' f X. destruct (I h' f X) as (-> & Y & _). split; [reflexivity|]. unfold in_ty in Uf. split; [unfold
      frame; lia|].
      exists f. split; [lia|apply slot_refl].
    - intros f F X. destruct (I h f X) as (_ & _ & El). constructor; [|auto]. intros _ _.
      split; [apply (keeps_live w w1 K), Lv|exact El].
  Qed.
End Facts.

Section Unshared.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma slot_one w h fn f : level w h fn = 3 -> slot w h fn f -> f = fn.
  Proof. intros E X. unfold slot in X. rewrite E in X. sizes. rewrite !Z.div_1_r in X. exact X. Qed.

  (** A leaf without software bits: what it says is all of it, and no TLB entry comes from it. *)
  Lemma may_unshare fz L w h fn x : sec B fz L w -> rooted w h -> frame fn -> soft (desc w h fn) = 0 ->
    level w h fn = 3 -> x = invalid_desc 0 \/ x = invalid_desc 1 -> may_put B fz fz L w h fn (level w h fn) x.
  Proof.
    intros S R F Z E Hx. rewrite E. assert (Sx : soft x = 0) by (destruct Hx as [->| ->]; reflexivity).
    constructor; try (rewrite Sx; lia).
    - destruct Hx as [->| ->]; split; reflexivity || (cbv; discriminate).
    - intros _. destruct Hx as [->| ->]; [left; reflexivity|right; auto].
    - intros k fn' p C T. exfalso. assert (h <> 0) by (destruct R as [[? _]|[? _]]; lia).
      destruct (t_tlb B _ w (s_tables B _ _ _ S) k h fn' p H T) as [_ (s & X)]. apply names_leaf in X as (X1 & X2 & _).
      assert (fn' = fn) as -> by (apply (slot_one w h fn fn' E); unfold slot; rewrite E; exact C). lia.
    - intros h' fn' X. right. exact X.
  Qed.

  (** The end of a call: what was frozen is released. *)
  Lemma thawed_says s w w' h h' f : revoked h s w w' -> 0 <= s <= 2 -> rooted w h' -> frame f ->
    leaf_says w' h' f = if leaf_says w h' f =? LEAF_FROZEN then s else leaf_says w h' f.
  Proof.
    intros Rv Hs R F. unfold leaf_says, desc. rewrite (rv_leaf _ _ _ _ Rv h' f R F). unfold thaw.
    destruct (leaf_state (snd (leaf w h' f)) =? LEAF_FROZEN); [|reflexivity]. cbn [snd].
    assert (s = 0 \/ s = 1 \/ s = 2) as [->|[->| ->]] by lia; reflexivity.
  Qed.

  Lemma ranged_pages fz L w h from to stop n w1 w2 s : in_block B L w h from stop n fz w1 -> live w h ->
    (forall f, from <= f < stop -> frame f) -> revoked h s w1 w2 ->
    (stop = from \/ from < stop <= to /\ forall f, from <= f < stop -> declared w h f) -> ranged h from to stop w w2.
  Proof.
    intros [S1 K1 _ _ I1] Lv Ff Rv Hst. constructor; [exact Hst|]. intros p N. unfold lent_less. rewrite <-
      (keeps_state w w1 K1 p).
    apply (rv_other _ _ _ _ Rv). intros (f & F & Z & Nm). apply N.
    assert (Lv1 : live w1 h) by (apply (keeps_live w w1 K1), Lv).
    destruct (I1 h f (sec_frozen B fz L w1 h f S1 (or_introl Lv1) F Z)) as (_ & Y & _). exists f. split; [exact Y|].
    rewrite <- (keeps_state w w1 K1 p).
    apply (l_private _ _ _ _ _ (t_leaf B _ w1 (s_tables B _ _ _ S1) h f (or_introl Lv1) F) p Lv1 Nm).
  Qed.
End Unshared.

Lemma live_ram B L w h : sec B unfrozen L w -> live w h -> ram_ok w h.
Proof. intros S Lv. exact (u_ram _ _ (s_vcpus _ _ _ _ S) h Lv). Qed.
