(** * Declaring RAM of a protected VM: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Object_Spec Vm_Spec Vm_Facts Section Ram_Spec.
From Redoubt.gen Require Import vm_vm.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu (mem_inv B)).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  Lemma ram_ok_live w h : vcpus_ok B w -> live w h -> ram_ok w h.
  Proof. intros U L. exact (u_ram _ _ U h L). Qed.

  Ltac answer := split; [reflexivity|]; eexists; sp; [reflexivity|range|]; unfold KC_OK; try discriminate.

  Lemma ram_check_new_ok F : spec_vm_check_protected B cpu (F "vm_check_protected") ->
    spec_ram_meets B cpu LI (F "ram_meets") -> spec_ram_check_new B cpu (invoke F fuel f_ram_check_new).
  Proof.
    intros HC HM h ipa n w Hh H0 Hn Hs C U. enter. steps. ask HC v Hv. destruct Hv as [Uv Hv]. steps.
    - split; [reflexivity|]. exists v. sp; [reflexivity|exact Uv|]. intros X. contradiction.
    - destruct Hv as (R & N1 & N2 & Pr); [assumption|].
      assert (Lv : live w h).
      { split; [exact R|]. pose proof (u_states _ _ U h R). unfold VM_FREE, VM_NEW, VM_SEALED, VM_DYING in *. lia. }
      pose proof (ram_ok_live w h U Lv) as Ro.
      read_locked C. change (wrap U32 (w_mem w ("vms.state", [h]))) with (vm_state w h). steps; [answer|].
      eapply wp_mono; [apply HM; [lia|exact H0|exact Hn|exact Hs|exact Ro|exact C]|].
      cbv beta. intros ? ? (-> & m & -> & Hm). steps; [answer|].
      read_locked C. change (wrap U32 (w_mem w ("vms.n_ram", [h]))) with (vm_n_ram w h). steps; [answer|].
      answer. intros _. destruct Hm as [[-> _]|[_ Hm]]; [lia|]. destruct Ro as [Ro _].
      split; [exact R|]. split; [assumption|]. split; [exact Pr|]. split; [lia|exact Hm].
  Qed.

  Definition ram_cell (c : ident) : bool := existsb (String.eqb c) ["vms.ram.base"; "vms.ram.n"; "vms.n_ram"].

  (** Structure depends on declared RAM in one place. *)
  Lemma sec_ram_cells fz L w w' : sec B fz L w -> cs B w' ->
    (forall c ix, ram_cell c = false -> w_mem w' (c, ix) = w_mem w (c, ix)) ->
    w_meta w' = w_meta w -> w_ram w' = w_ram w -> w_walk w' = w_walk w -> w_tlb w' = w_tlb w ->
    (forall h, live w' h -> ram_ok w' h) -> sec B fz L w'.
  Proof.
    intros S C Dm De Dr Dw Dt Ro. apply sec_vms in S as [_ [T P N U]]. apply sec_vms. split; [exact C|].
    assert (St : forall p, state w' p = state w p) by (intros p; unfold state; rewrite De; reflexivity).
    assert (Wd : forall p i, word w' p i = word w p i) by (intros p i; unfold word; rewrite Dr; reflexivity).
    assert (Vs : forall h, vm_state w' h = vm_state w h) by (intros h; unfold vm_state; rewrite Dm; reflexivity).
    assert (Lv : forall h, live w' h <-> live w h) by (intros h; unfold live; rewrite Vs; reflexivity).
    assert (Rt : forall h, rooted w' h <-> rooted w h).
    { intros h. unfold rooted. rewrite Lv, Vs. unfold vm_n_lent. rewrite Dm by reflexivity. reflexivity. }
    assert (Tr : same_trees w w').
    { constructor.
      - intros h. apply Lv.
      - intros h. apply Rt.
      - intros h _. unfold vm_root. rewrite Dm; reflexivity.
      - intros h _. unfold protected. rewrite Dm by reflexivity. auto.
      - intros. apply Wd. }
    assert (Pl : forall h l, live w h -> pool_of B w h l -> pool_of B w' h l).
    { intros h l Lh. apply pool_frame with (1 := Tr); auto.
      - left. apply Lv, Lh.
      - unfold vm_pool. rewrite Dm; reflexivity.
      - unfold vm_n_pool. rewrite Dm; reflexivity. }
    constructor.
    - apply (tables_frame B fz w w'); auto; [apply C|split; intros; congruence|].
      intros h fn p R F E. rewrite St. apply Rt in R. exact (proj2 (l_lent _ _ _ _ _ (t_leaf _ _ _ T h fn R F) p E)).
    - intros h Lh. apply Lv in Lh. destruct (P h Lh) as (l & H). exists l. apply Pl; assumption.
    - apply (lent_frame w w' L Tr); auto.
    - apply (vcpus_frame_ram B w w' (y_live _ _ Tr) U).
      + intros h Hh. rewrite Vs. apply (u_states _ _ U), Hh.
      + intros h i M. assert (M0 : vcpu_made w h i) by (unfold vcpu_made in *; rewrite Dm in M by reflexivity; exact M).
        pose proof (u_live _ _ U h i M0) as Lh. split; [exact M0|]. split; [apply Lv, Lh|].
        split; [unfold protected; rewrite Dm by reflexivity; reflexivity|].
        split; [unfold vcpu_run; rewrite Dm; reflexivity|]. split; [unfold vcpu_ctx; rewrite Dm; reflexivity|].
        split; [apply St|intros _; apply St].
      + constructor; intros; unfold token, vcpu_made, vm_n_loaded, loaded_cell in *; rewrite Dm by reflexivity; auto.
      + exact Ro.
  Qed.

  Lemma call_vm_ram_ok F : spec_ipa_range_ok B cpu LI (F "ipa_range_ok") -> spec_spin_lock B cpu LI (F "spin_lock") ->
    spec_ram_check_new B cpu (F "ram_check_new") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_call_vm_ram B cpu (invoke F fuel f_call_vm_ram).
  Proof.
    intros HR HL HC HU h ipa n w Hh Hi Hn Id. enter. steps. ask HR v Hv. steps.
    - left. auto.
    - assert (Rg : 0 < n /\ ipa + n <= 2 ^ 28) by (destruct Hv as [[-> R]|[-> _]]; [exact R|lia]). clear Hv.
      lock HL Id Sc L C w1. pose proof (s_vcpus _ _ _ _ Sc) as U.
      eapply wp_mono; [apply HC; [exact Hh|apply Hi|apply Rg|apply Rg|exact C|exact U]|].
      cbv beta. intros ? ? (-> & r & -> & Ur & Hr). steps.
      + destruct Hr as [R _]; [assumption|]. lia.
      + destruct Hr as [R _]; [assumption|]. lia.
      + assert (Md : may_declare w1 h ipa n) by (apply Hr; assumption).
        destruct Md as (R & Vn & Pr & N16 & Nd).
        read_locked C. change (wrap U32 (w_mem w1 ("vms.n_ram", [h]))) with (vm_n_ram w1 h).
        pose proof (wrap_in U32 (w_mem w1 ("vms.n_ram", [h]))) as N0.
        change (wrap U32 (w_mem w1 ("vms.n_ram", [h]))) with (vm_n_ram w1 h) in N0. unfold in_ty, modulus in N0.
        steps.
        apply (write_plain B cpu LI); [exact C|reflexivity|]. wrote C2 w2. steps. read_locked C2.
        change (wrap U32 (w_mem w2 ("vms.n_ram", [h]))) with (vm_n_ram w1 h). steps.
        apply (write_plain B cpu LI); [exact C2|reflexivity|]. wrote C3 w3. steps. read_locked C3.
        change (wrap U32 (w_mem w3 ("vms.n_ram", [h]))) with (vm_n_ram w1 h). steps.
        apply (write_plain B cpu LI); [exact C3|reflexivity|]. wrote C4 w4. steps.
        set (k := vm_n_ram w1 h) in *.
        assert (Em : w_mem w4 = upd (upd (upd (w_mem w1) ("vms.ram.base", [h; k]) ipa) ("vms.ram.n", [h; k]) n)
          ("vms.n_ram", [h]) (k + 1)) by reflexivity.
        assert (En : forall g, vm_n_ram w4 g = if g =? h then k + 1 else vm_n_ram w1 g).
        { intros g. unfold vm_n_ram. rewrite Em, upd_vm, (Z.eqb_sym h g). destruct (Z.eqb_spec g h) as [->|].
          - apply wrap_small. unfold in_ty, modulus. lia.
          - rewrite !upd_name by reflexivity. reflexivity. }
        assert (Eb : forall g i, ram_base w4 g i = if (g =? h) && (i =? k) then ipa else ram_base w1 g i).
        { intros g i. unfold ram_base. rewrite Em, !(upd_name _ _ _ _ "vms.ram.base") by reflexivity. rewrite upd_index.
          cbn [zlist_eqb]. rewrite andb_true_r, (Z.eqb_sym h g), (Z.eqb_sym k i).
          destruct ((g =? h) && (i =? k)); [apply wrap_small, Hi|reflexivity]. }
        assert (Es : forall g i, ram_size w4 g i = if (g =? h) && (i =? k) then n else ram_size w1 g i).
        { intros g i. unfold ram_size. rewrite Em, (upd_name _ "vms.n_ram" _ _ "vms.ram.n") by reflexivity. rewrite upd_index.
          cbn [zlist_eqb]. rewrite andb_true_r, (Z.eqb_sym h g), (Z.eqb_sym k i).
          destruct ((g =? h) && (i =? k)); [apply wrap_small, Hn|]. rewrite upd_name by reflexivity. reflexivity. }
        assert (S4 : sec B unfrozen L w4).
        { apply (sec_ram_cells unfrozen L w1 w4 Sc C4); try reflexivity.
          - intros c ix Hc. rewrite Em. unfold ram_cell in Hc. cbn [existsb] in Hc.
            repeat (apply orb_false_iff in Hc as [?E Hc]). rewrite !upd_name by (rewrite String.eqb_sym; assumption). reflexivity.
          - intros g Lg. change (live w1 g) in Lg. destruct (u_ram _ _ U g Lg) as [G1 G2]. split.
            + rewrite En. destruct (Z.eqb_spec g h) as [->|]; [lia|exact G1].
            + intros i Hi'. rewrite En in Hi'. rewrite Eb, Es. destruct (Z.eqb_spec g h) as [->|]; cbn [andb]; [|apply G2, Hi'].
              destruct (Z.eqb_spec i k); [lia|]. apply G2. fold k. lia. }
        assert (Es4 : forall p, state w4 p = state w1 p) by reflexivity.
        clearbody w4 w3 w2. unlock HU S4. right. subst r. apply section_done with L L w1; [exact Sc|exact S4|].
        split; [apply Hi|]. split; [apply Rg|]. split; [apply Rg|]. split; [unfold may_declare; auto|].
        split; [|split; [|exact Es4]].
        * intros fn. unfold declared, in_range. rewrite En, Z.eqb_refl. split.
          -- intros (i & Hi' & X). rewrite Eb, Es, Z.eqb_refl in X. cbn [andb] in X.
             destruct (Z.eqb_spec i k); [right; exact X|left]. exists i. fold k. split; [lia|exact X].
          -- intros [(i & Hi' & X)|X].
             ++ fold k in Hi'. exists i. rewrite Eb, Es, Z.eqb_refl. cbn [andb]. destruct (Z.eqb_spec i k); [lia|]. split; [lia|exact X].
             ++ exists k. rewrite Eb, Es, !Z.eqb_refl. cbn [andb]. split; [lia|exact X].
        * intros g fn Ng. unfold declared, in_range. rewrite En. destruct (Z.eqb_spec g h); [contradiction|].
          split; intros (i & Hi' & X); exists i; rewrite Eb, Es in *; destruct (Z.eqb_spec g h); try contradiction; auto.
      + unlock HU Sc. right. apply section_error with L; auto.
  Qed.
End Proofs.
