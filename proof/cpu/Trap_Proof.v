(** * Every entry to KCore but the first one of a CPU: proof (kcore/host/trap.c) *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Local_Prims Cpu_Facts Page_Spec Vm_Spec
  Interleave_Events.
From Redoubt.cpu Require Import Word_Spec Prims Reg_Spec Ctx_Spec Vgic_Spec Run_Spec Rest_Spec Host_Trap_Spec Host_Call_Spec
  Host_Entry_Spec.
From Redoubt.gen Require Import host_trap.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Notation LI := (mem_inv B).
  Variables (load : Z -> Z -> world -> Z -> world -> Prop) (put_back : world -> Z -> world -> Prop) (runs : world -> world -> Prop).
  Hypothesis runs_rests : forall w w', runs w w' -> rests cpu w'.
  Hypothesis runs_state : forall w w', idle B w' -> runs (no_results B cpu w) w' -> own_state cpu w (kserv_of cpu w').

  (** Whether the machine goes down is nothing that the CPU knows of itself. *)
  Definition flagged (x : Z) (w : world) : world := set_mem (upd (w_mem w) (obj "going_down" []) x) w.
  Lemma flagged_secure x w : secure B w -> secure B (flagged x w).
  Proof. intros S. apply (loose_secure B (obj "going_down" []) x w); [right; right; reflexivity|exact S]. Qed.
  Lemma flagged_idle x w : idle B w -> idle B (flagged x w).
  Proof.
    intros [H [S C]]. split; [exact H|]. split; [apply flagged_secure, S|]. apply constant_other; [discriminate|exact C].
  Qed.
  Lemma flagged_rests x w : rests cpu w -> rests cpu (flagged x w).
  Proof.
    intros [R O Rd Sd]. constructor; [exact R|exact O|exact Rd|]. destruct Sd as [H|[A1 A2 A3 A4 A5 A6 A7]]; [left; exact H|right].
    constructor; [exact A1|exact A2|exact A3|exact A4|exact A5|exact A6|exact A7].
  Qed.

  Lemma rests_ctx w : rests cpu w -> own_ctx cpu w (cur_ctx cpu w).
  Proof.
    intros [R O _ [[E _]|G]]; [left; split; [exact R|exact E]|]. right. exists (loaded_vm cpu w), (loaded_vcpu cpu w).
    destruct G as [_ N On Cx _ _ _]. destruct (O N) as (_ & _ & T). auto.
  Qed.

  Lemma trap_ok F : does B cpu LI "cpu_halt" 0 None (F "cpu_halt") -> spec_guest_trap B cpu (F "guest_trap") ->
    spec_host_trap B cpu load put_back runs (F "host_trap") -> spec_trap B cpu (invoke F fuel f_trap).
  Proof.
    intros H1 H2 H3 k w0 Rk R0 I0. enter. steps. apply read_flag; [reflexivity|intros x; apply flagged_secure, (kn_secure B w0), I0|].
    intros x. fold (flagged x w0). pose proof (flagged_rests x w0 R0) as R. pose proof (flagged_idle x w0 I0) as I.
    assert (Fl : forall w', (at_guest cpu (flagged x w0) -> guest_or_kserv cpu (flagged x w0) w') ->
      at_guest cpu w0 -> guest_or_kserv cpu w0 w').
    { intros w' H A. apply H. destruct A as [A1 A2 A3 A4 A5 A6 A7]. constructor; assumption. }
    assert (Fs : forall y, own_state cpu (flagged x w0) y -> own_state cpu w0 y).
    { intros y [O1 O2 O3 O4 O5 O6 O7 O8 O9 Oa]. constructor; assumption. }
    assert (Fg : in_guest cpu (flagged x w0) = in_guest cpu w0) by reflexivity.
    clear R0 I0. generalize dependent (flagged x w0). intros w R I Fl Fs Fg.
    assert (Hn : forall w', in_guest cpu w = 0 -> at_guest cpu w0 -> guest_or_kserv cpu w0 w').
    { intros w' Z0. apply Fl. intros A. pose proof (ag_in _ _ A). exfalso; lia. }
    (* no vCPU is on the CPU when it rests *)
    assert (Hg : forall w', serves_host cpu w' -> serves_host cpu w0 -> at_guest cpu w' -> own_state cpu w0 (kserv_of cpu w')).
    { intros w' [_ Z0] _ A. pose proof (ag_in _ _ A). exfalso; lia. } pose proof (kn_secure B w (id_known B w I)) as S.
    pose proof (rs_cpu _ _ R) as Hc. reduce. steps.
    - eapply wp_mono; [apply (H1 [] _ w eq_refl eq_refl S); exact Logic.I|]. cbv beta. intros r w1 (N & _). destruct (N eq_refl).
    - apply read_ret; [reflexivity|exact S|]. change (wrap U32 (w_mem w ("pcpu.in_guest", [cpu]))) with (in_guest cpu w). steps.
      + eapply wp_mono; [apply (H2 k w Rk R); [|exact I]|].
        { destruct (rs_side _ _ R) as [[_ H]|H]; [exfalso; lia|exact H]. }
        cbv beta. intros r w1 (_ & I' & R' & Gk). reduce. steps. split; [reflexivity|]. split; [exact I'|]. split; [exact R'|].
        split; [apply Fl; intros _; exact Gk|]. intros [_ Z0]. exfalso; lia.
      + assert (Ho : hosted cpu w).
        { split; [exact R|]. destruct (rs_side _ _ R) as [H|H]; [exact H|]. pose proof (ag_in _ _ H). exfalso; lia. }
        assert (Z0 : in_guest cpu w = 0) by lia. specialize (fun w' => Hn w' Z0).
        eapply wp_mono; [apply (H3 w Ho I)|]. cbv beta. intros r w1 (_ & I' & [[R' Sh]|Rn] & _); reduce; steps.
        * split; [reflexivity|]. split; [exact I'|]. split; [exact R'|]. split; [apply Hn|apply Hg, Sh].
        * split; [reflexivity|]. split; [exact I'|]. split; [exact (runs_rests _ _ Rn)|]. split; [apply Hn|].
          intros _ _. apply Fs. exact (runs_state w w1 I' Rn).
      + assert (Z0 : in_guest cpu w = 0) by lia. split; [reflexivity|]. split; [exact I|]. split; [exact R|].
        split; [apply Hn, Z0|]. intros Sh A. pose proof (ag_in _ _ A). exfalso; lia.
  Qed.
End Proofs.
