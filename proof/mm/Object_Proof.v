(** * Declared RAM of a protected VM: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Object_Spec.
From Redoubt.gen Require Import mm_object.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Ltac ram_views := repeat match goal with
    | |- context [wrap U32 (w_mem ?w ("vms.n_ram", [?h]))] =>
        change (wrap U32 (w_mem w ("vms.n_ram", [h]))) with (vm_n_ram w h)
    | |- context [wrap U64 (w_mem ?w ("vms.ram.base", [?h; ?i]))] =>
        change (wrap U64 (w_mem w ("vms.ram.base", [h; i]))) with (ram_base w h i)
    | |- context [wrap U64 (w_mem ?w ("vms.ram.n", [?h; ?i]))] =>
        change (wrap U64 (w_mem w ("vms.ram.n", [h; i]))) with (ram_size w h i)
    end.
  Ltac read C := read_locked C; ram_views; steps.

  Lemma n_ram_range w h : in_ty U32 (vm_n_ram w h).
  Proof. apply wrap_in. Qed.
  Lemma base_range w h i : in_ty U64 (ram_base w h i).
  Proof. apply wrap_in. Qed.

  Lemma ipa_range_ok_ok F : spec_ipa_range_ok B cpu LI (invoke F fuel f_ipa_range_ok).
  Proof.
    intros ipa n w Hi Hn. unfold in_ty, modulus in *. enter. steps.
    - split; [reflexivity|]. exists 0. split; [reflexivity|]. right. split; [reflexivity|lia].
    - split; [reflexivity|]. eexists. split; [reflexivity|]. cbn [eval_cmp].
      destruct (Z.leb_spec n (268435456 - ipa)); [left|right]; (split; [reflexivity|lia]).
  Qed.

  (** [ipa - base < n], computed modulo 2 ^ 64. *)
  Lemma inside a b n : in_ty U64 a -> 0 <= b -> 0 < n -> b + n <= 2 ^ 28 ->
    wrap U64 (a - b) < n <-> b <= a < b + n.
  Proof. unfold in_ty, wrap, modulus. intros. words. Qed.

  Lemma ram_end_ok F : spec_ram_end B cpu LI (invoke F fuel f_ram_end).
  Proof.
    intros h ipa w Hh Hi [Hn Hr] C. pose proof (n_ram_range w h) as N. unfold in_ty, modulus in N. enter. steps.
    loop (fun m e w1 => w1 = w /\ exists i, m = vm_n_ram w h - i /\ 0 <= i <= vm_n_ram w h /\
      e = [("h", Some h); ("ipa", Some ipa); ("i", Some i)] /\ forall j, 0 <= j < i -> ~ in_range w h j ipa)
      from (vm_n_ram w h).
    - lia.
    - split; [reflexivity|]. exists 0. sp; try lia. reflexivity.
    - intros m e w1 M (-> & i & -> & I & -> & H). steps. read C.
      + pose proof (Hr i ltac:(lia)) as [S1 S2]. pose proof (base_range w h i) as Ub.
        assert (Ub' := Ub). unfold in_ty, modulus in Ub'.
        read C. cbn [eval_arith]. steps. read C.
        * read C. read C. split; [reflexivity|]. exists (ram_base w h i + ram_size w h i). split; [reflexivity|].
          right. exists i. split; [|reflexivity]. split; [lia|]. apply inside; auto; lia.
        * exists (vm_n_ram w h - (i + 1)). sp; try lia; [reflexivity|]. exists (i + 1). sp; try lia; [reflexivity|].
          intros j J [_ X]. destruct (Z.eq_dec j i) as [->|]; [|apply (H j); [lia|split; [lia|exact X]]].
          apply inside in X; auto; lia.
      + split; [reflexivity|]. exists 0. split; [reflexivity|]. left. split; [reflexivity|].
        intros (j & J & X). apply (H j); [lia|split; assumption].
  Qed.

  Lemma ram_next_ok F : spec_ram_next B cpu LI (invoke F fuel f_ram_next).
  Proof.
    intros h ipa w Hh Hi [Hn Hr] C. pose proof (n_ram_range w h) as N. unfold in_ty, modulus in N. enter. steps.
    loop (fun m e w1 => w1 = w /\ exists i v, m = vm_n_ram w h - i /\ 0 <= i <= vm_n_ram w h /\
      e = [("h", Some h); ("ipa", Some ipa); ("i", Some i); ("next", Some v)] /\ in_ty U64 v /\
      (v = KC_NO_PFN \/ ipa < v /\ exists i, 0 <= i < vm_n_ram w h /\ v = ram_base w h i) /\
      forall j, 0 <= j < i -> ipa < ram_base w h j -> v <= ram_base w h j) from (vm_n_ram w h).
    - lia.
    - split; [reflexivity|]. exists 0, KC_NO_PFN. split; [lia|]. split; [lia|]. split; [reflexivity|].
      split; [unfold KC_NO_PFN; range|]. split; [left; reflexivity|]. intros j J; lia.
    - intros m e w1 M (-> & i & v & -> & I & -> & Uv & Hv & H). steps. read C.
      + pose proof (Hr i ltac:(lia)) as [S1 S2]. pose proof (base_range w h i) as Ub.
        read C; [|read C; [read C|]].
        * exists (vm_n_ram w h - (i + 1)). sp; try lia; [reflexivity|]. exists (i + 1), v.
          sp; try lia; [reflexivity|exact Uv|exact Hv|].
          intros j J G. destruct (Z.eq_dec j i) as [->|]; [lia|]. apply H; [lia|exact G].
        * exists (vm_n_ram w h - (i + 1)). sp; try lia; [reflexivity|]. exists (i + 1), (ram_base w h i).
          sp; try lia; [reflexivity|exact Ub|right; split; [lia|exists i; split; [lia|reflexivity]]|].
          intros j J G. destruct (Z.eq_dec j i) as [->|]; [lia|]. specialize (H j ltac:(lia) G). lia.
        * exists (vm_n_ram w h - (i + 1)). sp; try lia; [reflexivity|]. exists (i + 1), v.
          sp; try lia; [reflexivity|exact Uv|exact Hv|].
          intros j J G. destruct (Z.eq_dec j i) as [->|]; [lia|]. apply H; [lia|exact G].
      + split; [reflexivity|]. exists v. sp; [reflexivity|exact Uv|exact Hv|].
        intros j J. apply H. lia.
  Qed.

  Lemma ram_meets_ok F : spec_ram_end B cpu LI (F "ram_end") -> spec_ram_next B cpu LI (F "ram_next") ->
    spec_ram_meets B cpu LI (invoke F fuel f_ram_meets).
  Proof.
    intros HE HN h ipa n w Hh H0 Hn Hs Hr C. assert (Ui : in_ty U64 ipa) by (unfold in_ty, modulus; lia).
    enter. steps. ask HE v Hv. steps. ask HN v' Hv'. destruct Hv' as (Uv' & Hv' & Min). steps.
    split; [reflexivity|]. eexists. split; [reflexivity|]. rewrite !bz_test. cbn [eval_cmp].
    destruct Hr as [_ Hr]. assert (Pos : forall j, 0 <= ram_base w h j) by (intros j; apply base_range).
    destruct (negb (v =? 0) || (v' <? ipa + n)) eqn:E; cbn [Z.b2z]; [left|right]; (split; [reflexivity|]).
    - apply orb_true_iff in E as [E|E]; boolify.
      + destruct Hv as [[-> _]|(i & I & _)]; [contradiction|]. exists ipa. split; [lia|]. exists i; exact I.
      + destruct Hv' as [->|(L & i & I & ->)]; [unfold KC_NO_PFN in *; lia|].
        exists (ram_base w h i). split; [lia|]. exists i. split; [exact I|]. pose proof (Hr i I). lia.
    - boolify. destruct Hv as [[_ Hv]|(i & [I R] & E)].
      + intros fn R (j & J & X). destruct (Z.lt_ge_cases ipa (ram_base w h j)) as [L|L].
        * specialize (Min j J L). lia.
        * apply Hv. exists j. split; [exact J|lia].
      + pose proof (Hr i I). pose proof (Pos i). lia.
  Qed.
End Proofs.
