(** * The end of a VM: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Structure_Vm Page_Spec Page_Facts Own_Facts Vm_Spec Vm_Facts Section Teardown_Spec Teardown_Facts Seat_Facts.
From Redoubt.gen Require Import vm_vm.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu (mem_inv B)).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  Lemma tlb_inval_raw_ok prims : prims "tlb_inval_vm" = Some {| s_params := [U64; U64]; s_result := None |} ->
    spec_tlb_inval_raw B cpu (call_primitive prims "tlb_inval_vm").
  Proof.
    intros E h r0 w Hd Hh Er Hs. eapply r_primitive; [exact E|reflexivity|apply pre_intro; [reflexivity|intros _; split; reflexivity|]|].
    - intros w0 Bf. cbn in Bf. pose proof (Hs w0 (meddling_interference _ _ _ Bf)) as Sc. cbn. split; [|intros v w' ->; exact Sc].
      destruct Bf as (r & -> & _). auto.
    - intros v w' Ac. apply act_elim in Ac; [|reflexivity]. destruct Ac as (w0 & Bf & Ef). cbn in Bf, Ef.
      split; [|reflexivity]. exists w0. split; [exact (meddling_interference _ _ _ Bf)|auto].
  Qed.

  (** A run page is KServ's before and after. *)
  Lemma may_unpin w p : inv B w -> is_ram B p -> kind (state w p) = PG_PINNED -> ~ housed w p -> may_set B w p (mk_state PG_HOST 0 0).
  Proof.
    intros I R Kp Nh. destruct (mk_state_fields PG_HOST 0 0) as (U & Ks & _); [pg; lia..|].
    assert (Es : state (set_meta p (mk_state PG_HOST 0 0) w) p = mk_state PG_HOST 0 0).
    { unfold state; cbn. rewrite Z.eqb_refl. reflexivity. }
    constructor; auto.
    - pg; lia.
    - apply (unused B); [exact I|pg; lia..].
    - intros k h fn T. pose proof (s_tlb B w (i_secure B w I) _ _ _ _ T) as A. unfold allowed in *.
      rewrite Es. destruct (Z.eqb_spec h 0) as [->|N]; [pg; intuition lia|]. exfalso. pg; lia.
    - left. split; [unfold owner_of; rewrite Kp; reflexivity|]. intros [X|X]; pg; lia.
  Qed.

  Lemma unmade_evolves h cells P w w' : evolves B cells P w w' -> evolves B cells P (unmade h w) (unmade h w').
  Proof.
    intros []. constructor; auto. intros c ix N. cbn. destruct (of_vcpu h (c, ix)); [reflexivity|]. auto.
  Qed.

  (** Two worlds with the same cells, as [unmade] sees them. *)
  Lemma same_cells fz L a b : (forall l, w_mem b l = w_mem a l) -> w_meta b = w_meta a -> w_ram b = w_ram a ->
    w_walk b = w_walk a -> w_tlb b = w_tlb a -> inv B b -> vms_ok B fz L a -> vms_ok B fz L b.
  Proof.
    intros Em Ee Er Ew Et I. apply frame_vms; [|exact I]. constructor.
    - intros c ix _. apply Em.
    - intros p _. unfold state. rewrite Ee. reflexivity.
    - intros p _. unfold state. rewrite Ee. reflexivity.
    - intros p i _ _ _. unfold word. rewrite Er. reflexivity.
    - split; congruence.
  Qed.

  Section Unpin.
    Variables (w0 : world) (h : Z) (L : Z -> list (Z * Z)).
    Hypothesis Hh : 1 <= h <= 255.
    Hypothesis Hpinned : forall i, vcpu_made w0 h i ->
      is_ram B (vcpu_run w0 h i) /\ state w0 (vcpu_run w0 h i) = mk_state PG_PINNED h 0.
    Hypothesis Hdiff : forall i j, vcpu_made w0 h i -> vcpu_made w0 h j -> vcpu_run w0 h i = vcpu_run w0 h j -> i = j.

    (** [k] vCPUs are gone, and the pages of the first [n] are released. *)
    Record unpinning (k n : Z) (w : world) : Prop := {
      g_cs : cs B w;
      g_vms : vms_ok B unfrozen L (unmade h w);
      g_dying : vm_state w h = VM_DYING;
      g_gone : forall i, 0 <= i < k -> w_mem w ("vcpus.made", [h; i]) = 0;
      g_made : forall i, k <= i -> w_mem w ("vcpus.made", [h; i]) = w_mem w0 ("vcpus.made", [h; i]);
      g_run : forall i, w_mem w ("vcpus.run_pfn", [h; i]) = w_mem w0 ("vcpus.run_pfn", [h; i]);
      g_state : forall p, state w p = state w0 p \/
        state w p = mk_state PG_HOST 0 0 /\ exists i, 0 <= i < n /\ vcpu_made w0 h i /\ p = vcpu_run w0 h i }.

    Lemma not_live w : vm_state w h = VM_DYING -> ~ live w h.
    Proof. intros E [_ L0]. rewrite E in L0. destruct L0 as [L0|L0]; discriminate L0. Qed.

    (** The page of vCPU [k], still pinned, is released. *)
    Lemma unpinning_page k w : unpinning k k w -> vcpu_made w0 h k ->
      is_ram B (vcpu_run w0 h k) /\ kind (state w (vcpu_run w0 h k)) = PG_PINNED /\ ~ housed w (vcpu_run w0 h k) /\
      forall w', cs B w' -> state w' (vcpu_run w0 h k) = mk_state PG_HOST 0 0 ->
        evolves B ["n_kind"] (eq (vcpu_run w0 h k)) w w' -> unpinning k (k + 1) w'.
    Proof.
      intros [C V D G M R St] Mk. destruct (Hpinned k Mk) as [Rp Sp]. set (p := vcpu_run w0 h k) in *.
      assert (Sw : state w p = mk_state PG_PINNED h 0).
      { destruct (St p) as [E|[_ (i & Hi & Mi & Ei)]]; [congruence|].
        pose proof (Hdiff k i Mk Mi Ei). lia. }
      destruct (pinned_state w p h Hh Sw) as [Kp Hp]. split; [exact Rp|]. split; [exact Kp|]. split.
      { assert (X : ~ housed (unmade h w) p).
        { apply (dead_unhoused B); [apply (unmade_inv B h), C|apply V|change (state (unmade h w) p) with (state w p); pg; lia|].
          change (state (unmade h w) p) with (state w p). rewrite Hp. intros [_ X]. apply (not_live w D). unfold live, vm_state in *.
          rewrite (unmade_other h w) in X by discriminate. auto. }
        intros Y. apply X. revert Y. unfold housed, host_ctx, token, vcpu_run, vcpu_ctx, protected.
        intros [(c & Rc & E)|(g & j & T & E)]; [left; exists c; rewrite (unmade_other h w) by discriminate; auto|right].
        exists g, j. rewrite !(unmade_other h w) by discriminate. auto. }
      intros w' C' S' Ev. constructor; auto.
      - apply (frame_vms B (unmade h w)); [|apply (unmade_inv B h), C'|exact V].
        apply (evolves_unchanged B ["n_kind"] (eq p)); [apply unmade_evolves, Ev|reflexivity|].
        intros q <-. split.
        + intros I. destruct (involved_state B unfrozen L _ p V I) as [X|[[X Y]|[[X Y]|[[X Y]|[X Y]]]]];
            change (state (unmade h w) p) with (state w p) in *; try (pg; lia).
          rewrite Hp in Y. apply (not_live w D). unfold live, vm_state in *.
          rewrite (unmade_other h w) in Y by discriminate. exact Y.
        + change (state (unmade h w') p) with (state w' p). rewrite S'. discriminate.
      - unfold vm_state. rewrite (e_mem _ _ _ _ _ Ev) by reflexivity. exact D.
      - intros i Hi. rewrite (e_mem _ _ _ _ _ Ev) by reflexivity. auto.
      - intros i Hi. rewrite (e_mem _ _ _ _ _ Ev) by reflexivity. auto.
      - intros i. rewrite (e_mem _ _ _ _ _ Ev) by reflexivity. auto.
      - intros q. destruct (Z.eq_dec q p) as [->|N].
        + right. split; [exact S'|]. exists k. split; [|auto]. destruct Mk as (_ & Rk & _). lia.
        + assert (E : state w' q = state w q) by (unfold state; rewrite (e_meta _ _ _ _ _ Ev) by congruence; reflexivity).
          rewrite E. destruct (St q) as [X|[X (i & Hi & Y)]]; [left; exact X|right]. split; [exact X|].
          exists i. split; [lia|exact Y].
    Qed.

    Lemma unpinning_skip k w : unpinning k k w -> unpinning k (k + 1) w.
    Proof.
      intros [C V D G M R St]. constructor; auto. intros p. destruct (St p) as [X|[X (i & Hi & Y)]]; [left; exact X|right].
      split; [exact X|]. exists i. split; [lia|exact Y].
    Qed.

    (** vCPU [k] is gone. *)
    Lemma unpinning_next k w : 0 <= k < 16 -> unpinning k (k + 1) w ->
      cs B (write_cell B ("vcpus.made", [h; k]) 0 w) -> unpinning (k + 1) (k + 1) (write_cell B ("vcpus.made", [h; k]) 0 w).
    Proof.
      intros Hk [C V D G M R St] C'. set (w' := write_cell _ _ _ w) in *.
      assert (Em : w_mem w' = upd (w_mem w) ("vcpus.made", [h; k]) 0) by reflexivity.
      constructor; auto.
      - apply (same_cells unfrozen L (unmade h w)); try reflexivity; [|apply (unmade_inv B h), C'|exact V].
        intros l. cbn [unmade w_mem set_mem]. destruct (of_vcpu h l) eqn:O; [reflexivity|].
        rewrite Em. apply upd_other. intros <-. unfold of_vcpu in O. cbn [fst snd] in O.
        rewrite String.eqb_refl, Z.eqb_refl in O. destruct (Z.leb_spec 0 k); [|lia]. destruct (Z.ltb_spec k 16); [|lia]. discriminate O.
      - intros i Hi. rewrite Em. destruct (Z.eq_dec i k) as [->|N]; [apply upd_same|].
        rewrite upd_other by congruence. apply G. lia.
      - intros i Hi. rewrite Em, upd_other by (injection; lia). apply M. lia.
    Qed.

    Lemma unpinning_end w : unpinning 16 16 w -> sec B unfrozen L w /\ (forall i, ~ vcpu_made w h i) /\
      forall p, unpinned h w0 w p.
    Proof.
      intros [C V D G M R St]. split; [|split].
      - apply sec_vms. split; [exact C|]. apply (same_cells unfrozen L (unmade h w)); try reflexivity; [|apply C|exact V].
        intros [c ix]. cbn [unmade w_mem set_mem]. destruct (of_vcpu h (c, ix)) eqn:O; [|reflexivity].
        unfold of_vcpu in O. cbn [fst snd] in O. apply andb_true_iff in O as [O1 O2]. apply String.eqb_eq in O1. subst c.
        destruct ix as [|g [|i [|]]]; try discriminate O2. assert (g = h) as -> by lia. apply G. lia.
      - intros i (_ & Hi & X). apply X. change (wrap U32 (w_mem w ("vcpus.made", [h; i])) = 0). rewrite (G i Hi). reflexivity.
      - intros p. destruct (St p) as [X|[X (i & _ & Y)]]; [left; exact X|right]. split; [exact X|]. exists i. exact Y.
    Qed.
  End Unpin.

  Lemma vm_unpin_ok F :
    (forall k h a, 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
      computes K (F "word_make") [k; h; a] (mk_state k h a)) ->
    spec_page_set B cpu LI (F "page_set") -> spec_vm_unpin B cpu (invoke F fuel f_vm_unpin).
  Proof.
    intros HW HS L h w Hh C D V Pin Diff. enter. steps. pure HW. steps.
    loop (fun m e w1 => exists k, m = 16 - k /\ 0 <= k <= 16 /\
      e = [("h", Some h); ("word", Some (mk_state 1 0 0)); ("i", Some k)] /\ unpinning w h L k k w1) from 16.
    - lia.
    - exists 0. split; [lia|]. split; [lia|]. split; [reflexivity|]. constructor; auto; intros; lia.
    - intros m e w1 M (k & -> & Hk & -> & G). to_if.
      + join (fun e' w2 => e' = [("h", Some h); ("word", Some (mk_state 1 0 0)); ("i", Some k)] /\ unpinning w h L k (k + 1) w2).
        * steps. read_locked (g_cs _ _ _ _ _ _ G).
          assert (Em : w_mem w1 ("vcpus.made", [h; k]) = w_mem w ("vcpus.made", [h; k])) by (apply (g_made _ _ _ _ _ _ G); lia).
          steps.
          -- assert (Mk : vcpu_made w h k).
             { split; [exact Hh|]. split; [lia|]. change (wrap U32 (w_mem w ("vcpus.made", [h; k])) <> 0). rewrite <- Em. assumption. }
             read_locked (g_cs _ _ _ _ _ _ G). steps.
             change (wrap U64 (w_mem w1 ("vcpus.run_pfn", [h; k]))) with (vcpu_run w1 h k).
             replace (vcpu_run w1 h k) with (vcpu_run w h k)
               by (symmetry; exact (f_equal (wrap U64) (g_run _ _ _ _ _ _ G k))).
             destruct (unpinning_page w h L Hh Pin Diff k w1 G Mk) as (Rp & Kp & Np & Nx).
             eapply wp_mono; [apply HS; [exact (g_cs _ _ _ _ _ _ G)|apply may_unpin;
               [apply (g_cs _ _ _ _ _ _ G)|exact Rp|exact Kp|exact Np]]|].
             cbv beta. intros ? w2 (-> & C2 & S2 & V2 & _). steps. split; [reflexivity|]. apply Nx; assumption.
          -- split; [reflexivity|]. apply unpinning_skip, G.
        * intros e w2 (-> & G2). steps.
          apply (write_plain B cpu LI); [exact (g_cs _ _ _ _ _ _ G2)|reflexivity|]. intros _ C3. steps.
          exists (16 - (k + 1)). split; [lia|]. exists (k + 1). split; [lia|]. split; [lia|]. split; [reflexivity|].
          apply unpinning_next; [lia|exact G2|exact C3].
      + assert (k = 16) as -> by lia. destruct (unpinning_end w h L w1 G) as (Sc & Nm & St).
        split; [reflexivity|]. split; [exact Sc|]. split; [exact (g_dying _ _ _ _ _ _ G)|]. auto.
  Qed.

  Lemma call_vm_teardown_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_vm_check_live B cpu (F "vm_check_live") ->
    spec_tlb_inval_raw B cpu (F "tlb_inval_vm") -> spec_vm_unpin B cpu (F "vm_unpin") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_vm_teardown B cpu (invoke F fuel f_call_vm_teardown).
  Proof.
    intros HL HC HT HP HU h w Hh Hi. enter. steps. lock HL Hi Sc L C w1.
    ask HC v Hv. destruct Hv as [Uv Hv].
    join (fun e w' => w' = w1 /\ exists r, in_ty U64 r /\ e = [("h", Some h); ("r", Some r)] /\
        (r = 0 -> live w1 h /\ unloaded w1 [h])).
    - steps.
      + split; [reflexivity|]. eexists. sp; [|reflexivity|]; [exact Uv|]. intros X. contradiction.
      + pose proof (checked_live B unfrozen L w1 h Sc (Hv ltac:(assumption))) as Lv.
        pose proof (proj1 Lv). read_locked C. steps.
        * split; [reflexivity|]. eexists. sp; [|reflexivity|]; [range|discriminate].
        * split; [reflexivity|]. eexists. sp; [|reflexivity|]; [exact Uv|]. intros _. split; [exact Lv|].
          apply (count_unloaded B w1 h (s_vcpus _ _ _ _ Sc) Lv). assumption.
    - intros e ? (-> & r & Ur & -> & Hr). steps.
      + destruct (Hr ltac:(assumption)) as [[Rh _] _]. lia.
      + destruct (Hr ltac:(assumption)) as [Lv Ul]. pose proof (proj1 Lv) as Rh. pose proof (cs_inv B _ C) as I.
        destruct (steer_less B w1 (upd (w_mem w1) ("vms.state", [h]) VM_DYING) I) as [Lw Lt].
        { intros g r0 S. exact (proj1 (dying_starts B w1 h Rh g r0 S)). }
        assert (Se : secure B (write_cell B ("vms.state", [h]) VM_DYING w1)).
        { split.
          - intros k g fn p T. exact (s_tlb B w1 (i_secure B w1 I) k g fn p (Lt _ _ _ _ T)).
          - intros g l fn t W. exact (s_walk B w1 (i_secure B w1 I) g l fn t (Lw _ _ _ _ W)).
          - apply (seats_same B w1); [apply I|reflexivity|tauto|reflexivity|]. intros c g l fn _ W. exact (Lw _ _ _ _ W). }
        apply write_event; [apply (may_write_locked B); [exact C|reflexivity|reflexivity]|intros _; apply calm_locked; reflexivity|
          exact Se|].
        intros _. set (w2 := write_cell B ("vms.state", [h]) 3 w1).
        assert (Hd : w_held w2 = true) by exact (cs_held B w1 C).
        steps.
        apply read_ret; [left; exact Hd|exact Se|].
        steps. eapply wp_mono; [apply HT; [exact Hd|exact Rh|reflexivity|]|].
        { intros w3 J. apply i_secure, (torn_inv B HB w1 w3 h I Rh J). }
        cbv beta. intros ? w4 ((w3 & J & E4) & ->). steps.
        pose proof (torn_inv B HB w1 w3 h I Rh J) as I4. pose proof (torn_vms B HB L w1 w3 h Sc Lv Ul J) as V4.
        pose proof (torn_state B w1 w3 h J) as D4. pose proof (torn_unreached B HB w1 w3 h I Rh J) as N4.
        rewrite <- E4 in I4, V4, D4, N4.
        assert (C4 : cs B w4) by (split; [exact I4|]; rewrite E4; destruct J as (r0 & -> & _); exact Hd).
        assert (Em : forall c ix, c <> "vms.state" -> w_mem w4 (c, ix) = w_mem w1 (c, ix)).
        { intros c ix N. rewrite E4. change (w_mem (invalidate B h w3)) with (w_mem w3). rewrite (dying_mem B w1 w3 h J).
          apply upd_name, String.eqb_neq. congruence. }
        assert (Er : forall i, vcpu_run w4 h i = vcpu_run w1 h i) by (intros i; exact (f_equal (wrap U64) (Em "vcpus.run_pfn" [h;
          i] ltac:(discriminate)))).
        assert (Mk : forall i, vcpu_made w4 h i -> vcpu_made w1 h i).
        { intros i (R1 & R2 & X). split; [exact R1|]. split; [exact R2|]. intros Y. apply X. rewrite <- Y.
          exact (f_equal (wrap U32) (Em "vcpus.made" [h; i] ltac:(discriminate))). }
        assert (Es : forall p, state w4 p = state w1 p).
        { intros p. rewrite E4. destruct J as (r0 & -> & _). reflexivity. }
        pose proof (s_vcpus _ _ _ _ Sc) as U.
        eapply wp_mono; [apply HP with (L := L); [exact Rh|exact C4|exact D4|exact V4| |]|].
        { intros i M. rewrite Er, Es. apply (u_run _ _ U), Mk, M. }
        { intros i j Mi Mj E'. rewrite !Er in E'. apply (u_runs _ _ U h i h j (Mk i Mi) (Mk j Mj) E'). }
        cbv beta. intros ? w5 (-> & S5 & D5 & M5 & St5). steps. unlock HU S5. subst r.
        apply section_done with L L w1; [exact Sc|exact S5|]. split; [exact Lv|]. split; [exact D5|].
        assert (Dead : ~ live w5 h) by (apply not_live, D5).
        split; [|split; [exact M5|]].
        * intros p (k & fn & T). destruct (i_dead B w5 (cs_inv B _ (s_cs _ _ _ _ S5)) h ltac:(lia) Dead) as [_ X]. exact (X _ _ _ T).
        * intros p. destruct (St5 p) as [X|[X (i & M & Y)]]; [left; congruence|right]. split; [exact X|].
          exists i. split; [apply Mk, M|]. rewrite <- Er. exact Y.
      + unlock HU Sc. apply section_error with L; auto.
  Qed.
End Proofs.
