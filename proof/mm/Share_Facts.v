(** * Frozen pages of one call of a guest *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Proof Invariant Steps Structure Structure_Frame Structure_Facts Page_Spec
  Object_Spec Walk_Spec Walk_Proof Table_Spec Revoke_Spec Revoke_Facts Revoke_Proof Release_Proof Finish_Proof
    Share_Spec.
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
