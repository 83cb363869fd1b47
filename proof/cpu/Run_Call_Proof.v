(** * KC_VCPU_RUN (kcore/vcpu/run.c, call_vcpu_run) *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Exposed Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Cpu_Facts Page_Spec Vm_Spec Power_Spec Power_Proof
  Local_Prims.
From Redoubt.cpu Require Import Word_Spec Prims Reg_Spec Ctx_Spec Ctx_Facts Vgic_Spec Run_Spec Rest_Spec Left_Kept Host_Trap_Spec
  Host_Facts Host_Call_Spec Host_Rest Enter_Spec.
From Redoubt.gen Require Import vcpu_run.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  Ltac own S := apply own_read; [reflexivity|exact S|]; reduce.

  (** The vCPU has been looked at, and may run. *)
  Lemma hosted_runnable w : hosted cpu w -> loaded_vm cpu w <> 0 -> ready cpu w <> 0 -> runnable cpu w.
  Proof. intros [R _] N Rd. exact (rs_ready _ _ R N Rd). Qed.
  Lemma hosted_occupied w : hosted cpu w -> loaded_vm cpu w <> 0 -> occupied cpu w.
  Proof. intros [R _] N. constructor; [exact (rs_cpu _ _ R)|exact (rs_own _ _ R)|exact N]. Qed.

  Notation made_ready w := (set_own B cpu "pcpu.ready" 1 w).
  Lemma ready_mem w d ix : String.eqb "pcpu.ready" d = false -> w_mem (made_ready w) (d, ix) = w_mem w (d, ix).
  Proof. intros N. unfold set_own. rewrite percpu_mem. apply upd_name, N. Qed.
  Lemma ready_kept w : runnable cpu w -> runnable cpu (made_ready w).
  Proof. unfold runnable, loaded_vm, loaded_vcpu, vcpu_on, vm_root. rewrite !ready_mem by reflexivity. auto. Qed.
  Lemma hosted_made_ready w : hosted cpu w -> runnable cpu w -> hosted cpu (made_ready w).
  Proof.
    intros [R H] Rn. assert (Hs : serves_host cpu (made_ready w)).
    { unfold serves_host, cur_ctx, host_ctx, in_guest in *. rewrite !ready_mem by reflexivity. exact H. }
    split; [|exact Hs]. constructor; [exact (rs_cpu _ _ R)| |intros _ _; exact (ready_kept w Rn)|left; exact Hs].
    unfold own_ok, loaded_vm, loaded_vcpu, token, loaded_cell. rewrite !ready_mem by reflexivity. exact (rs_own _ _ R).
  Qed.
  Lemma idle_made_ready w : idle B w -> idle B (made_ready w).
  Proof.
    intros [H [S C]]. unfold set_own. split; [rewrite percpu_held by reflexivity; exact H|].
    split; [apply percpu_secure; [reflexivity|exact S]|]. rewrite percpu_write by reflexivity. apply constant_other; [discriminate|exact C].
  Qed.

  Lemma call_vcpu_run_ok F : spec_vcpu_start B cpu (F "vcpu_start") -> spec_own_get B cpu LI (F "pg_get") ->
    spec_pstate_ok B cpu LI (F "pstate_ok") -> spec_guest_enter B cpu (F "guest_enter") ->
    spec_run_returns B cpu (runs B cpu) (invoke F fuel f_call_vcpu_run).
  Proof.
    intros H1 H2 H3 H4 w Ho Id. assert (S := idle_secure B w Id). assert (Hc := rs_cpu _ _ (proj1 Ho)).
    enter. to_if. step. to_if. own S. change (wrap U32 (w_mem w ("pcpu.vm", [cpu]))) with (loaded_vm cpu w). to_if.
    { steps. right. split; [exact Id|]. split; [exact Ho|]. exists 3. split; [reflexivity|discriminate]. }
    assert (Nv : loaded_vm cpu w <> 0) by assumption. assert (Oc := hosted_occupied w Ho Nv).
    join (fun e w0 => vetted B cpu w w0 /\ idle B w0 /\ hosted cpu w0 /\ loaded_vm cpu w0 <> 0 /\ runnable cpu w0 /\ exists ok,
      e = [("cpu", Some cpu); ("ctx", None); ("pc", None); ("pstate", None); ("ok", ok)]).
    { to_if. own S. change (wrap U32 (w_mem w ("pcpu.ready", [cpu]))) with (ready cpu w). to_if.
      - eapply wp_mono; [apply wp_all, (wp_left B cpu LI HB ltac:(lia)); [exact S|apply H1; [exact Oc|exact Id]]|]. cbv beta.
        intros r w1 ((I1 & w2 & _ & _ & Hr & Kr) & Lk).
        assert (Nv1 : loaded_vm cpu w1 <> 0).
        { unfold loaded_vm in *. rewrite (l_mem _ _ _ Lk); [exact Nv|]. apply left_owned; first [reflexivity|discriminate]. }
        assert (Ho1 := hosted_left cpu w w1 Lk Ho). destruct Hr as [(-> & _)|(-> & _ & Rn)]; to_if.
        + steps. right. split; [exact I1|]. split; [exact Ho1|]. exists 7. split; [reflexivity|discriminate].
        + steps. apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact (idle_secure B _ I1)|].
          intros _. steps. change (write_cell B ("pcpu.ready", [cpu]) 1 w1) with (made_ready w1).
          split; [right; split; [assumption|exists w1; auto]|]. split; [exact (idle_made_ready w1 I1)|].
          split; [exact (hosted_made_ready w1 Ho1 Rn)|].
          split; [unfold loaded_vm; rewrite ready_mem by reflexivity; exact Nv1|]. split; [exact (ready_kept w1 Rn)|].
          exists (Some 1). reflexivity.
      - steps. split; [left; auto|]. split; [exact Id|]. split; [exact Ho|]. split; [exact Nv|].
        split; [exact (hosted_runnable w Ho Nv ltac:(assumption))|]. exists None. reflexivity. }
    intros e w0 (Vt & I0 & Ho0 & Nv0 & Rn0 & ok & ->). assert (S0 := idle_secure B w0 I0). assert (Oc0 := hosted_occupied w0 Ho0 Nv0).
    destruct (oc_own _ _ Oc0 Nv0) as (Rh & Ri & T). set (h := loaded_vm cpu w0) in *. set (i := loaded_vcpu cpu w0) in *.
    to_if. own S0. change (wrap U32 (w_mem w0 ("pcpu.vm", [cpu]))) with h. to_if.
    own S0. change (wrap U32 (w_mem w0 ("pcpu.vcpu", [cpu]))) with i. to_if.
    apply own_read; [right; left; split; [reflexivity|exact T]|exact S0|]. reduce.
    set (ctx := vcpu_ctx w0 h i). change (wrap U64 (w_mem w0 ("vcpus.ctx_pfn", [h; i]))) with ctx. to_if.
    assert (O : mine cpu w0 ctx) by (left; right; exists h, i; split; [exact T|]; split; [apply Rn0|reflexivity]).
    assert (Op : protected w0 h -> own_page cpu w0 ctx).
    { intros P. right. exists h, i. split; [exact T|]. split; [exact P|]. split; [apply Rn0|reflexivity]. }
    eapply wp_mono; [apply H2; [exact (id_held B _ I0)|exact O|lia]|]. cbv beta. intros ? ? (-> & pc & -> & Xpc & Vpc). to_if.
    eapply wp_mono; [apply H2; [exact (id_held B _ I0)|exact O|lia]|]. cbv beta. intros ? ? (-> & ps & -> & Xps & Vps). to_if.
    replace (Z.land ps 4294967295) with (ps mod 2 ^ 32) by (symmetry; apply land_low; [lia|reflexivity]).
    assert (Xp : in_ty U64 (ps mod 2 ^ 32)).
    { pose proof (Z.mod_pos_bound ps (2 ^ 32) eq_refl). change (2 ^ 32) with 4294967296 in *. unfold in_ty. cbn. lia. }
    eapply wp_mono; [apply wp_all, H3; [exact Xp|exact S0]|]. cbv beta. intros ? ? (-> & ->). steps.
    { right. split; [exact I0|]. split; [exact Ho0|]. exists 7. split; [reflexivity|discriminate]. }
    eapply wp_mono; [apply H4; [exact Xpc|exact Xp|exact Oc0|exact Rn0|exact (proj2 Ho0)|exact I0]|]. cbv beta.
    intros ? w' (-> & I' & Rs & Ag & En). steps. left. split; [reflexivity|]. split; [exact I'|].
    split; [exact Rs|]. split; [exact Ag|]. exists w0, pc, (ps mod 2 ^ 32).
    split; [exact Vt|]. split; [exact Oc0|]. split; [exact Rn0|]. split; [|split; [assumption|exact En]].
    cbv zeta. fold h. fold i. fold ctx. intros P. rewrite <- (Vpc (Op P)), <- (Vps (Op P)). auto.
  Qed.
End Proofs.
