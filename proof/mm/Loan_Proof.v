(** * Lending pages to VMs: proofs, but for the calls *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Walk_Spec Walk_Facts Table_Spec Lend_Spec Lend_Facts Revoke_Spec Revoke_Facts
  Loan_Spec Loan_Facts.
From Redoubt.gen Require Import mm_lend.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Lemma prot_check_ok F : spec_prot_check B cpu LI (invoke F fuel f_prot_check).
  Proof.
    intros p w U. unfold in_ty, modulus in U. enter. steps.
    all: split; [reflexivity|]; eexists; sp; [reflexivity|range|]; unfold KC_OK; lia.
  Qed.

  Lemma min_u64_ok F : spec_min_u64 B cpu LI (invoke F fuel f_min_u64).
  Proof. intros a b w. enter. steps; (split; [reflexivity|]); f_equal; lia. Qed.

  Lemma lend_pages_ok F : spec_page_lend B cpu LI (F "page_lend") -> spec_page_count B cpu LI (F "page_count") ->
    spec_lend_pages B cpu LI (invoke F fuel f_lend_pages).
  Proof.
    intros HL HC h p n fn fz L w S Lv N Up Hp. assert (Rh : 1 <= h <= 255) by apply Lv. enter. steps.
    loop (fun m e w1 => exists i u o L1, m = n - i /\ 0 <= i <= n /\ in_ty U64 u /\
      e = [("h", Some h); ("pfn", Some p); ("n", Some n); ("i", Some i); ("fresh", Some u); ("f", o)] /\
      sec B fz L1 w1 /\ same_objects w w1 /\
      w_ram w1 = w_ram w /\ (forall j, 0 <= j < i -> kind (state w1 (p + j)) = PG_LENT /\ In (h, fn + j) (L1 (p + j))) /\
      forall q, ~ p <= q < p + i -> state w1 q = state w q) from n.
    - lia.
    - exists 0, 0, None, L. sp; try lia; try range; try reflexivity; [exact S|apply same_objects_refl].
    - intros m e w1 M (i & u & o & L1 & -> & I & Uu & -> & S1 & Eo & Er & Hl & Ho).
      assert (Hi : i < n -> 0 <= p + i < 2 ^ 28) by (intros X; apply (ram_range B HB), Hp; lia).
      steps.
      + assert (Fp : free_page B 1 w1 (p + i)).
        { unfold free_page. rewrite Ho by lia. apply Hp. lia. }
        eapply wp_mono; [apply (HL (p + i) (h, fn + i) fz L1 w1 S1 Fp)|].
        cbv beta. intros ? w2 ((f & -> & Uf) & S2 & Rc & K2). steps.
        exists (n - (i + 1)). split; [lia|]. exists (i + 1). do 2 eexists. exists (lent_to (h, fn + i) (p + i) L1).
        sp; try lia; try reflexivity.
        * apply wrap_in.
        * exact S2.
        * apply same_objects_trans with w1; [exact Eo|apply recounts_objects with B (p + i), Rc].
        * rewrite (rc_ram _ _ _ _ Rc). exact Er.
        * intros j J. unfold lent_to. destruct (Z.eq_dec j i) as [->|Nj].
          -- split; [exact K2|]. rewrite Z.eqb_refl. left. reflexivity.
          -- destruct (Hl j) as [A1 A2]; [lia|]. rewrite (rc_state B w1 w2 (p + i) Rc) by lia.
             destruct (Z.eqb_spec (p + j) (p + i)); [lia|]. auto.
        * intros q Hq. rewrite (rc_state B w1 w2 (p + i) Rc) by lia. apply Ho. lia.
      + assert (i = n) as -> by lia. pose proof (s_cs _ _ _ _ S1) as C1'.
        eapply wp_mono; [apply HC; [exact C1'|lia|lia|exact Uu]|].
        cbv beta. intros ? w2 (-> & C1 & V2 & k1 & k2 & x & y & E2). steps.
        assert (S2 : sec B fz L1 w2) by (subst w2; repeat (apply sec_write; try reflexivity; try discriminate); exact S1).
        assert (E2m : forall c ix, structural c = true -> w_mem w2 (c, ix) = w_mem w1 (c, ix)).
        { intros c ix Sc. apply (e_mem _ _ _ _ _ V2). cbn. destruct (String.eqb_spec c "n_kind") as [->|]; [discriminate Sc|reflexivity]. }
        assert (E2s : forall q, state w2 q = state w1 q) 
          by (intros q; unfold state; rewrite (e_meta _ _ _ _ _ V2 q (fun a => a)); reflexivity).
        assert (E2r : w_ram w2 = w_ram w1) by (subst w2; reflexivity).
        read_locked C1. steps. apply (write_plain B cpu LI); [exact C1|reflexivity|]. intros _ C2. steps.
        split; [reflexivity|].
        match goal with |- context [write_cell B ("vms.n_lent", [h]) ?x w2] => set (v := x) end.
        assert (Eo2 : same_objects w w2) by (intros c ix Sc; rewrite E2m by exact Sc; apply Eo, Sc).
        assert (R2 : rooted w2 h) by (apply (same_rooted w w2 h Eo2); left; exact Lv).
        split; [|exists L1; split; [apply sec_count; [exact S2|exact R2]|intros j J; apply Hl, J]].
        constructor.
        * intros c ix Sc Nc. rewrite <- (Eo2 c ix Sc). apply (upd_name (w_mem w2)).
          destruct (String.eqb_spec "vms.n_lent" c) as [<-|]; [contradiction|reflexivity].
        * rewrite <- Er. exact E2r.
        * intros j J. rewrite <- (proj1 (Hl j J)). apply (f_equal kind), E2s.
        * intros q Hq. rewrite <- (Ho q Hq). apply E2s.
  Qed.

  Lemma lent_at_ok F : spec_walk_state B cpu LI (F "walk_state") -> spec_lent_at B cpu LI (invoke F fuel f_lent_at).
  Proof.
    intros HS fz L h fn w S R Fr. pose proof (s_cs _ _ _ _ S) as C. assert (Rh : 1 <= h <= 255) by (apply vm_range with w; exact R).
    enter. steps. read_locked C. root_view. steps. read_tree HS S R Fr. steps. split; reflexivity.
  Qed.

  Lemma lent_cost_ok F : spec_lent_at B cpu LI (F "lent_at") -> spec_walk_l3 B cpu LI (F "walk_l3") ->
    spec_lent_cost B cpu LI (invoke F fuel f_lent_cost).
  Proof.
    intros HA H3 fz L h fn w S R Fr. pose proof (s_cs _ _ _ _ S) as C. assert (Rh : 1 <= h <= 255) by (apply vm_range with w; exact R).
    enter. steps. eapply wp_mono; [eapply (HA fz L h fn w S R Fr)|]. cbv beta. intros ? ? [-> ->]. steps.
    read_locked C. root_view. steps. read_tree H3 S R Fr. steps.
    all: split; [reflexivity|]; eexists; (split; [reflexivity|]); auto.
  Qed.
End Proofs.
