(** * The content that a VM discloses: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Cpu Events Facts Exposed.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Own_Facts Object_Spec Walk_Spec Walk_Facts Revoke_Spec Revoke_Facts Force_Spec Vm_Spec Vm_Facts
  Load_Spec Guest_Spec Share_Facts Guest_Proof Section Loaded Interleave Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Trap_Spec Trap_Facts Left_Kept Serve_Kept Copy_Spec.
From Redoubt.gen Require Import mm_guest.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  (** The call that is served is the same whatever KServ and other CPUs write meanwhile: it is in the CPU's own page. *)
  Lemma disclosed_meddling w w0 p : secure B w -> 0 <= cpu -> meddling cpu w w0 -> disclosed cpu w p -> disclosed cpu w0 p.
  Proof.
    intros S Hc (r & -> & E) (h & i & T & O & P & Cx & Cl & Ca & Kp & Hp & Ap).
    assert (Ow : own_page cpu w (vcpu_ctx w h i)) by (right; exists h, i; auto).
    assert (X : forall n, x_reg cpu (set_ram r w) n = x_reg cpu w n).
    { intros n. unfold x_reg. destruct (n <? 31); [|reflexivity]. cbn [w_mem set_ram]. rewrite Cx. unfold word. cbn [w_ram set_ram].
      rewrite E; [reflexivity|exact (own_page_unreached B HB cpu w _ S Hc Ow)|exact (own_page_here B cpu w _ S Hc Ow)]. }
    exists h, i. split; [exact T|]. split; [exact O|]. split; [exact P|]. split; [exact Cx|]. split; [exact Cl|].
    split; [unfold call; rewrite X; exact Ca|]. split; [exact Kp|]. split; [exact Hp|]. rewrite X. exact Ap.
  Qed.

  (** Neither tables nor what KCore uses is written. *)
  Lemma copy_same w a b : ~ used w a -> kind (state w a) = PG_HOST \/ kind (state w a) = PG_LENT ->
    (forall t i, used w t \/ is_ram B t /\ kind (state w t) = PG_CORE -> store_page a (w_ram w b) (w_ram w) t i = w_ram w t i) /\
    (forall t i, involved B w t -> is_ram B t -> kind (state w t) = PG_VMCORE -> store_page a (w_ram w b) (w_ram w) t i = w_ram w t i).
  Proof.
    intros U K. split.
    - intros t i X. unfold store_page. destruct (Z.eqb_spec t a) as [->|]; [|reflexivity]. destruct X as [X|[_ X]]; [contradiction|pg; lia].
    - intros t i _ _ X. unfold store_page. destruct (Z.eqb_spec t a) as [->|]; [|reflexivity]. pg; lia.
  Qed.

  Lemma page_copy_ok prims : prims "page_copy" = Some {| s_params := [U64; U64]; s_result := None |} ->
    spec_page_copy B cpu (call_primitive prims "page_copy").
  Proof.
    intros E a b w Hc C Ra Rb D. assert (Lc : local (ECall "page_copy" [a; b]) w = false) by reflexivity.
    eapply r_primitive; [exact E|reflexivity|apply pre_intro; [exact Lc|discriminate|]|].
    - intros w0 Bf. pose proof Bf as J. apply meddling_interference in J. pose proof (cs_interference B HB w w0 C J) as C0.
      assert (D0 : discloses cpu w0 a b).
      { destruct D as (Ka & Ua & Ia & Di). pose proof (disclosed_meddling w w0 b (cs_secure B w C) Hc Bf Di) as Di0.
        destruct J as (r & -> & _). split; [exact Ka|]. split; [exact Ua|]. split; [exact Ia|exact Di0]. }
      cbn. split; [split; [apply C0|split; [exact Ra|split; [exact Rb|exact D0]]]|]. intros v w' ->.
      destruct D0 as (Ka & Ua & _). apply i_secure. apply inv_ram; [exact HB|apply C0|]. apply (copy_same w0 a b Ua Ka).
    - intros v w' Ac. apply act_elim in Ac; [|exact Lc]. destruct Ac as (w0 & Bf & Ef). cbn in Bf, Ef.
      split; [reflexivity|]. exists w0. split; [exact Bf|].
      split; [exact (cs_interference B HB w w0 C (meddling_interference _ _ _ Bf))|exact Ef].
  Qed.

  Lemma copy_out_locked_ok F : spec_walk_state B cpu LI (F "walk_state") -> spec_walk_pfn B cpu LI (F "walk_pfn") ->
    spec_page_check B cpu LI (F "page_check") -> spec_page_copy B cpu (F "page_copy") ->
    spec_copy_out_locked B cpu (invoke F fuel f_copy_out_locked).
  Proof.
    intros HS HW HC HP L h i fn dst w S Lv Sh Fr Xd. pose proof (s_cs _ _ _ _ S) as C. pose proof Fr as Fr'. unfold frame
      in Fr'.
    assert (Rh : 1 <= h <= 255) by apply Lv. assert (R : rooted w h) by (left; exact Lv).
    pose proof (sh_cpu _ _ _ _ _ Sh) as Hc.
    enter. steps. read_locked C. root_view. steps.
    eapply wp_mono; [apply wp_all; eapply HS; [exact C|exact (s_tables _ _ _ _ S)|exact R|exact Fr]|].
    cbv beta; intros ? ? [-> ->]; cbv beta iota; reduce_env. steps. read_locked C. root_view. steps.
    eapply wp_mono; [apply wp_all; eapply (HW unfrozen h fn w C (s_tables _ _ _ _ S) R Fr)|].
    cbv beta. intros ? ? [-> (v & -> & Uv & Hv)]. cbv beta iota. reduce_env. rewrite leaf_pair in *. cbv beta iota
      zeta in Hv. cbn [snd]. steps.
    - eexists. split; [reflexivity|]. split; [unfold in_ty, modulus; lia|]. split; [exact S|]. split; [apply left_refl|].
      split; [exact Lv|]. left. split; [unfold KC_OK; lia|reflexivity].
    - destruct (private_bits (desc w h fn)) as [Vd S1]; [assumption|]. specialize (Hv Vd).
      assert (Nm : names w h fn 1 v) by (apply names_leaf; split; [exact S1|split; [lia|symmetry; exact Hv]]).
      destruct (l_private _ _ _ _ _ (t_leaf B _ w (s_tables B _ _ _ S) h fn R Fr) v Lv Nm) as [Rp Sp].
      destruct (private_state w v h fn Rh Fr' Sp) as (Kp & Hh1 & Ap).
      eapply wp_mono; [apply wp_all, HC; [exact Xd|lia|exact C]|]. cbv beta. intros ? ? (-> & r & -> & Xr & Fd). cbv beta iota. reduce_env.
      steps.
      + assert (Fp : free_page B 1 w dst).
        { specialize (Fd E0 0 ltac:(lia)). rewrite Z.add_0_r, (wrap_small U64 dst Xd) in Fd. exact Fd. }
        destruct Fp as [Rd Kd].
        assert (Kd' : kind (state w dst) = PG_HOST \/ kind (state w dst) = PG_LENT) by tauto.
        assert (Ud : ~ used w dst) by (apply (unused B); [apply C|pg; lia..]).
        assert (Id : ~ in_use w dst) by (apply (unused_kind B); [apply C|pg; lia..]).
        assert (Di : discloses cpu w dst v).
        { split; [exact Kd'|]. split; [exact Ud|]. split; [exact Id|]. destruct Sh. exists h, i. rewrite Hh1, Ap, sh_page. auto 10. }
        eapply wp_mono; [apply HP; [exact (proj1 Hc)|exact C|exact Rd|exact Rp|exact Di]|]. cbv beta.
          intros ? w' (-> & w0 & Md & C0 & ->). steps.
        exists r. split; [reflexivity|]. split; [exact Xr|].
        pose proof (meddling_interference _ _ _ Md) as J. pose proof (sec_interference B HB unfrozen L w w0 S J) as S0.
        assert (E2 : ~ used w0 dst /\ (kind (state w0 dst) = PG_HOST \/ kind (state w0 dst) = PG_LENT) /\ ~ in_use w0 dst).
        { destruct J as (q & -> & _). auto. }
        destruct E2 as (Ud0 & Kd0 & Id0). destruct (copy_same w0 dst v Ud0 Kd0) as [Q1 Q2].
        split; [apply sec_ram; [exact HB|exact S0|exact Q1|exact Q2]|]. split.
        * apply (left_trans cpu w w0).
          { destruct Md as (q & -> & Eq). apply left_ram. intros p j Op. pose proof (cs_secure B w C) as Se.
            apply Eq; [exact (own_page_unreached B HB cpu w p Se (proj1 Hc) Op)|exact (own_page_here B cpu w p Se (proj1 Hc) Op)]. }
          exact (left_unused B cpu (proj1 Hc) dst (w_ram w0 v) w0 Id0).
        * split; [exact Lv|]. right. split; [exact E0|]. exists v, w0. split; [exact Sp|]. split; [split; assumption|]. auto.
      + exists r. split; [reflexivity|]. split; [exact Xr|]. split; [exact S|]. split; [apply left_refl|]. split; [exact Lv|]. left. auto.
  Qed.

  Lemma guest_copy_out_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_copy_out_locked B cpu (F "copy_out_locked") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_guest_copy_out B cpu (invoke F fuel f_guest_copy_out).
  Proof.
    intros HL HS HU h i dst w V P C Ca Xd Id fn. ranges V. pose proof (kn_secure B _ (id_known B _ Id)) as Se.
    assert (Xf : in_ty U64 fn).
    { unfold fn. assert (R : in_ty U64 (x_reg cpu w 1)) by exact (wrap_in U64 _). revert R. generalize (x_reg cpu w 1). intros y R.
      unfold in_ty, modulus in *. split; [apply Z.div_pos; lia|apply Z.div_lt_upper_bound; lia]. }
    assert (En : x_reg cpu w 1 / 4096 = fn) by reflexivity. clearbody fn. enter. steps.
    - split; [apply left_refl|]. left. unfold KC_ENOENT. split; [change (2 ^ 28) with 268435456; lia|auto].
    - eapply wp_mono; [apply wp_all, wp_left; [exact HB|lia|exact Se|
        apply HL; [apply (id_held _ _ Id)|intros ? X; apply (i_secure _ _ (m_inv _ _ X))]]|].
      cbv beta. intros ? ? ((-> & w0 & M & -> & _ & _) & Lf). destruct (lock_sec _ w0 M) as (L & Sc). set (w1 := set_held true w0) in *.
      pose proof (s_cs _ _ _ _ Sc) as Cs. clear M.
      pose proof (serves_left cpu w (set_held false w1) h i 
        (left_trans cpu w w1 (set_held false w1) Lf (left_same cpu w1 (set_held false w1) eq_refl eq_refl)) V eq_refl) as V1.
      assert (P1 := left_protected cpu w w1 h i Lf V P).
      assert (Ek : class cpu w1 = class cpu w) by (unfold class, syndrome; rewrite (left_trap cpu w w1 Lf) by (cbn; auto); reflexivity).
      assert (Sh : sharing cpu w1 h i fn).
      { constructor; [assumption|assumption|exact (sv_token _ _ _ _ V1)|exact (sv_on _ _ _ _ V1)|exact P1|exact (sv_ctx _ _ _ _ V1)| | |].
        - rewrite Ek. exact C.
        - unfold call. rewrite (left_x cpu w w1 h i Lf 0 V P). exact Ca.
        - rewrite (left_x cpu w w1 h i Lf 1 V P). exact En. }
      assert (Lv : live w1 h).
      { pose proof (s_vcpus _ _ _ _ Sc) as U. destruct (u_token _ _ U h i) as [Mk _]; [|exact (u_live _ _ U h i Mk)].
        change (token (set_held false w1) h i <> 0). rewrite (sv_token _ _ _ _ V1). lia. }
      steps.
      eapply wp_mono; [apply (HS L h i fn dst w1 Sc Lv Sh); [unfold frame; unfold in_ty in Xf; change (2 ^ 28) with 268435456;
        lia|exact Xd]|].
      cbv beta. intros ? w2 (v & -> & Xv & S2 & L2 & D). cbv beta iota. reduce_env. steps.
      apply (left_trans cpu w w1 w2 Lf) in L2.
      eapply wp_mono; [apply HU; [apply (s_cs _ _ _ _ S2)|exact (sec_end _ _ _ S2)|apply (i_secure _ _ (cs_inv _ _ (s_cs _ _ _ _ S2)))]|].
      cbv beta. intros ? ? (-> & ->). steps. split; [apply (left_trans cpu w w2 _ L2), left_same; reflexivity|]. right.
      apply section_end with L L w1; [exact Xv|exact Sc|exact S2|exact D].
  Qed.
End Proofs.
