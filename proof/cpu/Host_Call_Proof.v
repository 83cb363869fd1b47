(** * KServ's hypercalls: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Local_Prims Cpu_Facts Structure Page_Spec Own_Spec Vm_Spec
  Call_Spec.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Ctx_Facts Own_Kept Left_Kept Rest_Spec Host_Trap_Spec Host_Facts
  Host_Call_Spec Host_Rest.
From Redoubt.gen Require Import host_call.
From Redoubt.gen Require Consts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu LI)).

  (** An object of this CPU: results, counters. *)
  Lemma set_own_mem c x w : w_mem (set_own B cpu c x w) = upd (w_mem w) (obj c [cpu]) x.
  Proof. unfold set_own, write_cell. destruct (steers_walks _); reflexivity. Qed.
  Lemma set_own_idle c x w : class_of c = Percpu -> idle B w -> idle B (set_own B cpu c x w).
  Proof.
    intros P [H [S C]]. unfold set_own. split; [rewrite percpu_held by exact P; exact H|].
    split; [apply percpu_secure; assumption|]. rewrite percpu_write by exact P. apply constant_other; [rewrite P; discriminate|exact C].
  Qed.
  Lemma set_own_at_host c x w : class_of c = Percpu -> String.eqb c "pcpu.cur_ctx" = false -> at_host cpu w ->
    at_host cpu (set_own B cpu c x w).
  Proof.
    intros P N. apply same_at_host; [apply percpu_held, P|rewrite set_own_mem; apply upd_name, N|].
    rewrite set_own_mem. apply upd_name. destruct (String.eqb_spec c "pcpu.host_ctx") as [->|]; [discriminate P|reflexivity].
  Qed.

  Lemma host_mine w : at_host cpu w -> mine cpu w (host_ctx w cpu).
  Proof. intros A. left. left. split; [apply A|reflexivity]. Qed.
  Lemma host_told w i x : at_host cpu w -> secure B w -> told cpu w (host_ctx w cpu) i x.
  Proof.
    intros A S. apply (told_host B); [exact S|apply A|exact (ah_ctx _ _ A)].
  Qed.

  Ltac own_obj S := apply read_ret; [reflexivity|exact S|].
  Ltac host_put H A S := eapply wp_mono; [apply H; [apply A|apply host_mine, A|lia|apply host_told; [exact A|exact S]]|
    cbv beta; intros ? ? [-> ->]; reduce].

  Lemma put_at_host n v w : at_host cpu w -> at_host cpu (put cpu n v w).
  Proof. apply same_at_host; reflexivity. Qed.

  Lemma call_return_ok F : spec_own_set B cpu LI (F "pg_set") -> spec_call_return B cpu (invoke F fuel f_call_return).
  Proof.
    intros H st w A S. pose proof (ah_cpu _ _ A) as Hc. enter. steps. own_obj S. rewrite (ah_ctx _ _ A). steps. host_put H A S.
    change (put_word (host_ctx w cpu) 0 st w) with (put cpu 0 st w).
    pose proof (put_at_host 0 st w A) as A1. pose proof (put_secure B cpu 0 st w S) as S1. steps; unfold answered, own_of.
    - own_obj S1. steps. change (host_ctx w cpu) with (host_ctx (put cpu 0 st w) cpu). host_put H A1 S1.
      match goal with |- context [put_word (host_ctx (put cpu 0 st w) cpu) 1 ?v _] => set (v1 := v);
        change (put_word (host_ctx (put cpu 0 st w) cpu) 1 v1 (put cpu 0 st w)) with (put cpu 1 v1 (put cpu 0 st w)) end.
      pose proof (put_at_host 1 v1 _ A1) as A2. pose proof (put_secure B cpu 1 v1 _ S1) as S2. steps. own_obj S2. steps.
      change (host_ctx (put cpu 0 st w) cpu) with (host_ctx (put cpu 1 v1 (put cpu 0 st w)) cpu). host_put H A2 S2.
      match goal with |- context [put_word ?p 2 ?v ?y] => set (v2 := v); change (put_word p 2 v2 y) with (put cpu 2 v2 y);
        pose proof (put_at_host 2 v2 _ A2) as A3; pose proof (put_secure B cpu 2 v2 _ S2) as S3; set (y2 := put cpu 2 v2 y) in * end.
      steps. own_obj S3. steps. change (host_ctx (put cpu 1 v1 (put cpu 0 st w)) cpu) with (host_ctx y2 cpu). host_put H A3 S3. steps.
      split; [reflexivity|]. subst st. reflexivity.
    - own_obj S1. steps. apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact S1|]. intros _. steps.
      split; [reflexivity|]. destruct (Z.eqb_spec st KC_OK) as [->|]; [contradiction|]. reflexivity.
  Qed.

  (** ** Dispatch *)
  Variables (load : Z -> Z -> world -> Z -> world -> Prop) (put_back : world -> Z -> world -> Prop) (runs : world -> world -> Prop).
  Notation effect_of := (call_effect B cpu load put_back).

  (** A call on memory is the whole of its case. *)
  Lemma left_case p (R : world -> Z -> world -> Prop) (X : option Z -> world -> Prop) w : hosted cpu w -> secure B w ->
    wp (kcore B cpu LI) p X w ->
    (forall r w', X r w' -> idle B w' /\ exists v, r = Some v /\ R w v w') ->
    WP p (fun r w2 => WP (leave (Some U64) (Return r)) (returns B cpu R w) w2) w.
  Proof.
    intros A S H E. pose proof (rs_cpu _ _ (proj1 A)).
    eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact S|exact H]|].
    cbv beta. intros r w' [Hr K]. destruct (E r w' Hr) as (I & v & -> & Rest).
    split; [exact I|]. split; [exact (hosted_left cpu w w' K A)|]. exists v. split; [reflexivity|exact Rest].
  Qed.
  Lemma other_case p (R : world -> Z -> world -> Prop) w : WP p (returns B cpu R w) w ->
    WP p (fun r w2 => WP (leave (Some U64) (Return r)) (returns B cpu R w) w2) w.
  Proof.
    intros H. eapply wp_mono; [exact H|]. cbv beta. intros r w' X. destruct X as (I & A & v & -> & Rest). split;
        [exact I|]. split; [exact A|]. exists v. auto.
  Qed.

  Lemma any_call_ok F : spec_call_version B cpu LI (F "call_version") -> spec_call_stat B cpu (F "call_stat") ->
    spec_load_returns B cpu load (F "call_vcpu_load") -> spec_put_returns B cpu put_back (F "call_vcpu_put") ->
    spec_call_cntvoff B cpu LI (F "call_cntvoff") -> spec_call_vgic_info B cpu LI (F "call_vgic_info") ->
    spec_memory_call B cpu (F "memory_call") -> spec_any_call B cpu load put_back (invoke F fuel f_any_call).
  Proof.
    intros H1 H2 H3 H4 H5 H6 H7 fid a1 a2 a3 a4 w X X1 X2 X3 X4 A I. pose proof (idle_secure B w I) as S.
    pose proof (rs_cpu _ _ (proj1 A)) as Hc. enter. steps; try subst fid.
    - eapply left_case; [exact A|exact S|apply H1; assumption|]. cbv beta. intros r w' [-> ->].
      split; [repeat (apply set_own_idle; [reflexivity|]); exact I|]. exists 0. split; [reflexivity|].
      split; [reflexivity|]. unfold own_of. rewrite !set_own_mem. unfold upd, loc_eqb. cbn. rewrite ?Z.eqb_refl. split; reflexivity.
    - eapply left_case; [exact A|exact S|apply H2; assumption|]. cbv beta. intros r w' [I' D]. split; [exact I'|].
      destruct D as [->|[-> ->]]; eexists; (split; [reflexivity|]); [left|right]; auto.
    - apply other_case. apply H3; assumption.
    - apply other_case. apply H4; assumption.
    - apply other_case. eapply wp_mono; [apply H5; assumption|]. cbv beta. intros r w' [-> ->].
      split; [apply set_regs_idle, I|]. split; [apply hosted_regs, A|]. exists 0. split; [reflexivity|]. split; reflexivity.
    - eapply left_case; [exact A|exact S|apply H6; assumption|]. cbv beta. intros r w' [-> ->].
      split; [apply set_own_idle; [reflexivity|exact I]|]. exists 0. split; [reflexivity|]. split; reflexivity.
    - eapply left_case; [exact A|exact S|apply H7; assumption|]. cbv beta. intros r w' D.
      assert (Y : idle B w' /\ exists v, r = Some v).
      { destruct D as [[(v & -> & _) ->]|(I' & v & w1 & w2 & -> & _)]; eauto. }
      destruct Y as (I' & v & ->). split; [exact I'|]. exists v. split; [reflexivity|]. unfold call_effect.
      repeat match goal with |- context [?a =? ?b] => destruct (Z.eqb_spec a b); [contradiction|] end.
      destruct D as [[(u & [= <-] & N) ->]|D]; [left; auto|right; exact D].
  Qed.

  Lemma hosted_results w : hosted cpu w -> hosted cpu (no_results B cpu w).
  Proof. intros A. do 3 (apply hosted_own; [reflexivity|reflexivity|]). exact A. Qed.
  Lemma hosted_answered st w : hosted cpu w -> hosted cpu (answered B cpu st w).
  Proof.
    intros A. unfold answered. assert (P : forall n v y, n < 31 -> hosted cpu y -> hosted cpu (put cpu n v y)).
    { intros n v y N J. pose proof (hosted_put_x cpu n v y J) as Z. unfold put_x in Z. destruct (Z.ltb_spec n 31); [exact Z|lia]. }
    destruct (st =? KC_OK); [repeat (apply P; [lia|]); exact A|]. apply hosted_own; [reflexivity|reflexivity|]. apply P; [lia|exact A].
  Qed.
  Lemma hosted_stub nr w : hosted cpu w -> hosted cpu (stub_answer cpu nr w).
  Proof. intros A. unfold stub_answer. destruct (nr =? 4); repeat apply hosted_put_x; exact A. Qed.
  Lemma answered_idle st w : idle B w -> idle B (answered B cpu st w).
  Proof.
    intros I. unfold answered. assert (P : forall n v y, n < 31 -> idle B y -> idle B (put cpu n v y)).
    { intros n v y N J. pose proof (put_x_idle B cpu n v y J) as Z. unfold put_x in Z. destruct (Z.ltb_spec n 31); [exact Z|lia]. }
    destruct (st =? KC_OK); [repeat (apply P; [lia|]); exact I|]. apply set_own_idle; [reflexivity|]. apply P; [lia|exact I].
  Qed.
  Lemma stub_idle nr w : idle B w -> idle B (stub_answer cpu nr w).
  Proof. intros I. unfold stub_answer. destruct (nr =? 4); repeat apply put_x_idle; exact I. Qed.

  Lemma host_call_ok F : spec_host_reg B cpu LI (F "guest_reg") -> spec_stub_call B cpu LI (F "stub_call") ->
    spec_run_returns B cpu runs (F "call_vcpu_run") -> spec_any_call B cpu load put_back (F "any_call") ->
    spec_call_return B cpu (F "call_return") -> spec_host_call B cpu load put_back runs (invoke F fuel f_host_call).
  Proof.
    intros H1 H2 H3 H4 H5 w Ho I. pose proof (idle_secure B w I) as S. pose proof (hosted_at_host cpu w (id_held B w I) Ho) as A.
    pose proof (ah_cpu _ _ A) as Hc. enter. steps.
    host_get H1 A S. steps. host_get H1 A S. steps. host_get H1 A S. steps. host_get H1 A S. steps. host_get H1 A S. to_if.
    assert (X : forall n, in_ty U64 (host_x cpu w n)).
    { intros n. unfold host_x. destruct (n <? 31); [apply wrap_in|unfold in_ty; cbn; lia]. }
    unfold call_done. cbv zeta. step. step. to_if.
    { destruct (Z.ltb_spec (host_x cpu w 0) 5); [|lia]. eapply wp_mono; [apply H2; auto|]. cbv beta. intros r w' [_ ->]. reduce. steps.
      split; [reflexivity|]. split; [apply stub_idle, I|]. split; [left; apply hosted_stub, Ho|]. reflexivity. }
    destruct (Z.ltb_spec (host_x cpu w 0) 5); [lia|].
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|exact S|]. intros _.
    assert (I1 : idle B (set_own B cpu "pcpu.res1" 0 w)) by (apply set_own_idle; [reflexivity|exact I]). steps.
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|apply (idle_secure B _ I1)|]. intros _.
    assert (I2 : idle B (set_own B cpu "pcpu.res2" 0 (set_own B cpu "pcpu.res1" 0 w))) by (apply set_own_idle;
        [reflexivity|exact I1]). steps.
    apply own_write; [reflexivity|reflexivity|reflexivity|left; reflexivity|apply (idle_secure B _ I2)|]. intros _.
    match goal with |- wp _ _ _ ?y => change y with (no_results B cpu w) end.
    assert (I3 : idle B (no_results B cpu w)) by (apply set_own_idle; [reflexivity|exact I2]).
    pose proof (hosted_results w Ho) as A3. to_if. step. step. to_if.
    - destruct (Z.eqb_spec (host_x cpu w 0) Consts.KC_VCPU_RUN) as [Ef|N]; [|contradiction].
      eapply wp_mono; [apply H3; assumption|]. cbv beta. intros r w' [(-> & I' & R)|(I' & Ho' & v & -> & N)]; reduce;
        try pose proof (hosted_at_host cpu w' (id_held B w' I') Ho') as A'; steps.
      + split; [reflexivity|]. split; [exact I'|]. split; [right; exact R|]. left. exact R.
      + contradiction.
      + eapply wp_mono; [apply H5; [exact A'|apply (idle_secure B _ I')]|]. cbv beta. intros r w2 [_ ->]. reduce. steps.
        split; [reflexivity|]. split; [apply answered_idle, I'|]. split; [left; apply hosted_answered, Ho'|]. right. exists v, w'. auto.
    - destruct (Z.eqb_spec (host_x cpu w 0) Consts.KC_VCPU_RUN) as [Ef|N]; [contradiction|].
      eapply wp_mono; [apply H4; auto|]. cbv beta. intros r w' (I' & Ho' & v & -> & R). reduce. steps.
      pose proof (hosted_at_host cpu w' (id_held B w' I') Ho') as A'.
      eapply wp_mono; [apply H5; [exact A'|apply (idle_secure B _ I')]|]. cbv beta. intros r w2 [_ ->]. reduce. steps.
      split; [reflexivity|]. split; [apply answered_idle, I'|]. split; [left; apply hosted_answered, Ho'|]. exists v, w'. auto.
  Qed.
End Proofs.
