(** * KC_VCPU_LOAD and KC_VCPU_PUT: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Prims Structure Page_Spec Vm_Spec Cpu_Facts Local_Prims Load_Spec.
From Redoubt.cpu Require Import Word_Spec Prims Reg_Spec Ctx_Spec Ctx_Facts Vgic_Spec Left_Kept Run_Spec Rest_Spec Host_Trap_Spec
  Host_Facts Host_Call_Spec Host_Rest Load_Call_Spec.
From Redoubt.gen Require Import vcpu_run.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** What is this CPU's own *)
Section Own.
  Variables (B : board) (c : Z).

  Lemma own_but_host cells w w' d : own_but c cells w w' -> host_ctx w' d = host_ctx w d.
  Proof. intros K. unfold host_ctx. rewrite (ob_constants _ _ _ _ K) by reflexivity. reflexivity. Qed.
  Lemma own_but_trans cells w w1 w2 : own_but c cells w w1 -> own_but c cells w1 w2 -> own_but c cells w w2.
  Proof.
    intros K L. constructor; intros.
    - rewrite (ob_cells _ _ _ _ L), (ob_cells _ _ _ _ K) by assumption. reflexivity.
    - rewrite (ob_constants _ _ _ _ L), (ob_constants _ _ _ _ K) by assumption. reflexivity.
    - rewrite <- (own_but_host _ _ _ c K), (ob_page _ _ _ _ L), (own_but_host _ _ _ c K) by assumption.
      apply (ob_page _ _ _ _ K). assumption.
  Qed.
  Lemma own_but_more cells cells' w w' : (forall d, existsb (String.eqb d) cells' = false -> existsb (String.eqb d) cells = false) ->
    own_but c cells w w' -> own_but c cells' w w'.
  Proof. intros N [H1 H2 H3]. constructor; auto. Qed.
  Lemma own_but_changes cells words w w' : own_names cells = true -> (forall i, ~ words (host_ctx w c) i) ->
    changes c cells words w w' -> own_but c cells w w'.
  Proof.
    intros N P K. constructor.
    - intros d ix _ _ X. exact (same_own c cells words w w' K d ix X).
    - intros [d ix] E. apply (same_cell c cells words w w' N K). cbn [fst] in E. rewrite E. discriminate.
    - intros _ i. apply (ch_ram _ _ _ _ _ K), P.
  Qed.

  Lemma own_but_serves cells w w' : existsb (String.eqb "pcpu.cur_ctx") cells = false ->
    existsb (String.eqb "pcpu.in_guest") cells = false -> own_but c cells w w' -> serves_host c w -> serves_host c w'.
  Proof.
    intros N1 N2 K. unfold serves_host, cur_ctx, in_guest.
    rewrite (own_but_host _ _ _ c K), !(ob_cells _ _ _ _ K) by (assumption || reflexivity). exact (fun X => X).
  Qed.

  Lemma owned_left w w' : owned c w w' -> left_alone c w w'.
  Proof.
    intros [O P]. split; [|exact P]. intros l [[H _]|(r & _ & ->)]; apply O; [exact H|].
    unfold owns. rewrite reg_class. reflexivity.
  Qed.
End Own.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu LI)).

  Lemma hosted_owned w w' : owned cpu w w' -> hosted cpu w -> hosted cpu w'.
  Proof. intros O. apply hosted_left, owned_left, O. Qed.

  (** Nothing has been looked at since the load; or nothing is loaded. *)
  Lemma hosted_anew w : 0 <= cpu < 8 -> serves_host cpu w -> own_ok cpu w -> ready cpu w = 0 -> hosted cpu w.
  Proof.
    intros Hc Hs O R. split; [|exact Hs]. constructor; [exact Hc|exact O| |left; exact Hs]. intros _ N. contradiction.
  Qed.

  Section Changes.
    Variables (cells : list ident) (words : Z -> Z -> Prop) (w w' : world).
    Hypothesis C : changes cpu cells words w w'.
    Hypothesis N : own_names cells = true.
    Lemma idle_changes : idle B w -> idle B w'.
    Proof.
      intros [H [S K]]. split; [rewrite (ch_held _ _ _ _ _ C); exact H|].
      split; [eapply changes_secure|eapply same_constants]; eassumption.
    Qed.
    Lemma token_changes h i : token w' h i = token w h i. Proof. exact (same_token cpu cells words w w' N C h i). Qed.
    Lemma host_changes d : host_ctx w' d = host_ctx w d. Proof. exact (same_host cpu cells words w w' N C d). Qed.
  End Changes.

  Ltac own S := apply own_read; [reflexivity|exact S|]; reduce.
  Ltac in_cells := intros ? X; cbn [existsb interface_cells] in X |- *;
    repeat rewrite orb_false_iff in X; repeat rewrite orb_false_iff; tauto.

  Lemma call_vcpu_load_ok F : spec_vcpu_load B cpu (F "vcpu_load") -> spec_vgic_load B cpu LI (F "vgic_load") ->
    spec_load_returns B cpu (load_done B cpu) (invoke F fuel f_call_vcpu_load).
  Proof.
    intros H1 H2 h i w Xh Xi Ho Id. pose proof (rs_cpu _ _ (proj1 Ho)) as Hc. enter. steps.
    eapply wp_mono; [apply H1; assumption|]. cbv beta. intros r w1 [D K].
    assert (Y : idle B w1 /\ exists v, r = Some v /\ (16 <= i /\ v = KC_ENOENT /\ w1 = w \/
      exists y y', locked B y /\ locked B y' /\ atomic (loads cpu h i) v y y')).
    { destruct D as [(G & -> & ->)|(I1 & v & y & y' & -> & _ & L & [L' _] & R)]; [split; [exact Id|]|split; [exact I1|]]; eauto 8. }
    destruct Y as (I1 & v & -> & Sec). clear D. reduce. to_if. steps.
    - subst v. destruct K as [[_ K]|[K _]]; [|destruct K; reflexivity]. destruct K as (Z0 & Rh & Ri & T & Vm & Vc & Ob).
      assert (Sec' : exists y y', locked B y /\ locked B y' /\ atomic (loads cpu h i) KC_OK y y').
      { destruct Sec as [(_ & X & _)|X]; [discriminate X|exact X]. }
      clear Sec. pose proof (idle_secure B _ I1) as S1.
      apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact S1|]. intros _. set (w2 := write_cell B _ 0 w1).
      assert (C2 : changes cpu ["pcpu.ready"] no_word w1 w2) by (apply changes_cell; [left; reflexivity|reflexivity]).
      pose proof (idle_changes _ _ _ _ C2 eq_refl I1) as I2. pose proof (idle_secure B _ I2) as S2.
      assert (T2 : token w2 h i = cpu + 1) by (rewrite (token_changes _ _ _ _ C2 eq_refl); exact T).
      steps. own S2. change (wrap U32 (w_mem w2 ("pcpu.vm", [cpu]))) with (loaded_vm cpu w1). rewrite Vm. steps.
      own S2. change (wrap U32 (w_mem w2 ("pcpu.vcpu", [cpu]))) with (loaded_vcpu cpu w1). rewrite Vc. steps.
      apply own_read; [right; left; split; [reflexivity|exact T2]|exact S2|]. reduce.
      change (wrap U64 (w_mem w2 ("vcpus.run_pfn", [h; i]))) with (vcpu_run w2 h i). steps.
      eapply wp_mono; [apply H2; [exact Hc|split; [exists h, i; auto|split; [apply I2|exact S2]]]|]. cbv beta.
      intros ? w3 (-> & _ & C3). steps. pose proof (idle_changes _ _ _ _ C3 eq_refl I2) as I3.
      assert (Ob3 : own_but cpu ("pcpu.vm" :: "pcpu.vcpu" :: "pcpu.ready" :: interface_cells) w w3).
      { apply (own_but_trans _ _ _ w1); [eapply own_but_more; [|exact Ob]; in_cells|]. apply (own_but_trans _ _ _ w2);
          (eapply own_but_more; [|eapply own_but_changes; [| |eassumption]; [reflexivity|intros ? []]]); in_cells. }
      assert (Vm3 : loaded_vm cpu w3 = h).
      { unfold loaded_vm. rewrite (same_own _ _ _ _ _ C3), (same_own _ _ _ _ _ C2) by reflexivity. exact Vm. }
      assert (Vc3 : loaded_vcpu cpu w3 = i).
      { unfold loaded_vcpu. rewrite (same_own _ _ _ _ _ C3), (same_own _ _ _ _ _ C2) by reflexivity. exact Vc. }
      assert (T3 : token w3 h i = cpu + 1) by (rewrite (token_changes _ _ _ _ C3 eq_refl); exact T2).
      assert (R3 : ready cpu w3 = 0).
      { unfold ready. rewrite (same_own _ _ _ _ _ C3) by reflexivity. unfold w2. rewrite percpu_mem, upd_same. reflexivity. }
      split; [exact I3|]. split; [|exists KC_OK; split; [reflexivity|split; [right; exact Sec'|]]].
      + apply hosted_anew; [exact Hc| | |exact R3].
        * eapply own_but_serves; [| |exact Ob3|apply Ho]; reflexivity.
        * intros _. rewrite Vm3, Vc3. auto.
      + cbn. unfold loaded_for. auto 10.
    - destruct K as [[K _]|[_ K]]; [injection K as K; contradiction|]. split; [exact I1|]. split; [exact (hosted_owned w w1 K Ho)|].
      exists v. split; [reflexivity|]. split; [exact Sec|]. destruct (Z.eqb_spec v KC_OK); [contradiction|exact K].
  Qed.

  Lemma call_vcpu_put_ok F : spec_vgic_put B cpu LI (F "vgic_put") -> spec_vcpu_put B cpu (F "vcpu_put") ->
    spec_put_returns B cpu (put_done B cpu) (invoke F fuel f_call_vcpu_put).
  Proof.
    intros H1 H2 w Ho Id. pose proof (rs_cpu _ _ (proj1 Ho)) as Hc. pose proof (idle_secure B _ Id) as S. enter. steps.
    own S. change (wrap U32 (w_mem w ("pcpu.vm", [cpu]))) with (loaded_vm cpu w). steps.
    { split; [exact Id|]. split; [exact Ho|]. exists KC_ENOENT. split; [reflexivity|left; auto]. }
    destruct (rs_own _ _ (proj1 Ho) ltac:(assumption)) as (Rh & Ri & T).
    own S. change (wrap U32 (w_mem w ("pcpu.vm", [cpu]))) with (loaded_vm cpu w). set (h := loaded_vm cpu w) in *. steps.
    own S. change (wrap U32 (w_mem w ("pcpu.vcpu", [cpu]))) with (loaded_vcpu cpu w). set (i := loaded_vcpu cpu w) in *. steps.
    apply own_read; [right; left; split; [reflexivity|exact T]|exact S|]. reduce.
    change (wrap U64 (w_mem w ("vcpus.run_pfn", [h; i]))) with (vcpu_run w h i). set (run := vcpu_run w h i) in *. steps.
    eapply wp_mono; [apply H1; [exact Hc|split; [exists h, i; auto|split; [apply Id|exact S]]]|]. cbv beta.
    intros ? w1 (-> & _ & C1 & Td & Zv & Za). steps. pose proof (idle_changes _ _ _ _ C1 eq_refl Id) as I1.
    pose proof (idle_secure B _ I1) as S1.
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact S1|]. intros _. set (w2 := write_cell B _ 0 w1).
    assert (C2 : changes cpu ["pcpu.ready"] no_word w1 w2) by (apply changes_cell; [left; reflexivity|reflexivity]).
    pose proof (idle_changes _ _ _ _ C2 eq_refl I1) as I2. steps.
    assert (Vm2 : loaded_vm cpu w2 = h).
    { unfold loaded_vm. rewrite (same_own _ _ _ _ _ C2), (same_own _ _ _ _ _ C1) by reflexivity. reflexivity. }
    assert (Vc2 : loaded_vcpu cpu w2 = i).
    { unfold loaded_vcpu. rewrite (same_own _ _ _ _ _ C2), (same_own _ _ _ _ _ C1) by reflexivity. reflexivity. }
    assert (T2 : token w2 h i = cpu + 1).
    { rewrite (token_changes _ _ _ _ C2 eq_refl), (token_changes _ _ _ _ C1 eq_refl). exact T. }
    eapply wp_mono; [apply H2; [exact Hc|intros _; rewrite Vm2, Vc2; auto|exact I2]|]. cbv beta. rewrite Vm2, Vc2.
    intros r w3 [(X & _)|(_ & (I3 & v & y & y' & -> & _ & L & [L' _] & P) & V3 & Ob)]; [contradiction|]. steps.
    assert (Ob3 : own_but cpu ["pcpu.vm"; "pcpu.ready"] w1 w3).
    { apply (own_but_trans _ _ _ w2); eapply own_but_more; [|eapply own_but_changes; [| |exact C2]; [reflexivity|intros ? []]| |exact Ob];
        in_cells. }
    assert (R3 : ready cpu w3 = 0).
    { unfold ready. rewrite (ob_cells _ _ _ _ Ob) by reflexivity. unfold w2. rewrite percpu_mem, upd_same. reflexivity. }
    assert (Rg : forall q ix, reg_of w3 cpu q ix = reg_of w1 cpu q ix).
    { intros q ix. unfold reg_of, reg. rewrite (ob_cells _ _ _ _ Ob3) by (exact (reg_class cpu q ix) || reflexivity). reflexivity. }
    split; [exact I3|]. split; [|exists v; split; [reflexivity|right]].
    - apply hosted_anew; [exact Hc| |intros N; contradiction|exact R3]. eapply own_but_serves; [| |exact Ob3|]; [reflexivity|reflexivity|].
      destruct (proj2 Ho) as [E1 E2]. unfold serves_host, cur_ctx, in_guest in *. rewrite (host_changes _ _ _ _ C1 eq_refl).
      rewrite !(same_own _ _ _ _ _ C1) by reflexivity. auto.
    - fold h i. split; [assumption|]. split; [|eauto 6]. exists w1. rewrite Rg. fold run. split; [exact C1|].
      split; [exact Td|]. split; [exact Ob3|].
      split; [exact V3|]. split; [exact R3|]. split; [exact Zv|]. intros g n A. rewrite Rg. apply Za, A.
  Qed.
End Proofs.
