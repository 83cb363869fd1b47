(** * Calls of the memory and VM part: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Structure_Vm Structure_Pool Page_Spec Page_Facts Host_Spec Host_Facts Own_Spec Own_Facts Vm_Spec
  Vm_Facts Cpu_Facts Section Seat_Facts.
From Redoubt.gen Require Import mm_object mm_table mm_donate vm_vm.
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

  (** ** Checks *)
  Ltac answer := split; [reflexivity|]; eexists; sp; [reflexivity|range|]; unfold KC_OK; try discriminate.

  Lemma vm_check_ok F : spec_vm_check B cpu (invoke F fuel f_vm_check).
  Proof.
    intros h w Hh C. unfold in_ty, modulus in Hh. enter. steps; try answer.
    read_locked C. change (wrap U32 (w_mem w ("vms.state", [h]))) with (vm_state w h). steps; try answer.
    intros _. split; [lia|exact E].
  Qed.

  Lemma vm_check_live_ok F : spec_vm_check B cpu (F "vm_check") ->
    spec_vm_check_live B cpu (invoke F fuel f_vm_check_live).
  Proof.
    intros HC h w Hh C. enter. steps. ask HC v Hv. destruct Hv as [Uv Hv]. steps.
    - split; [reflexivity|]. exists v. sp; [reflexivity|exact Uv|]. intros X. contradiction.
    - destruct Hv as [R N]; [assumption|].
      read_locked C. change (wrap U32 (w_mem w ("vms.state", [h]))) with (vm_state w h). steps; try answer. auto.
  Qed.

  Lemma vm_check_protected_ok F : spec_vm_check_live B cpu (F "vm_check_live") ->
    spec_vm_check_protected B cpu (invoke F fuel f_vm_check_protected).
  Proof.
    intros HC h w Hh C. enter. steps. ask HC v Hv. destruct Hv as [Uv Hv]. steps.
    - split; [reflexivity|]. exists v. sp; [reflexivity|exact Uv|]. intros X. contradiction.
    - destruct Hv as (R & N & N'); [assumption|].
      read_locked C. steps; try answer. auto.
  Qed.

  Lemma handle_find_ok F : spec_handle_find B cpu (invoke F fuel f_handle_find).
  Proof.
    intros w C. enter. steps.
    loop (fun m e w1 => w1 = w /\ exists h, m = 256 - h /\ 1 <= h <= 256 /\ e = [("h", Some h)]) from 255.
    - lia.
    - split; [reflexivity|]. exists 1. sp; try lia. reflexivity.
    - intros m e w1 M (-> & h & -> & Hh & ->). steps.
      + read_locked C. change (wrap U32 (w_mem w ("vms.state", [h]))) with (vm_state w h). steps.
        * split; [reflexivity|]. exists h. split; [reflexivity|]. right. split; [lia|assumption].
        * exists (256 - (h + 1)). sp; try lia; [reflexivity|]. exists (h + 1). sp; try lia. reflexivity.
      + split; [reflexivity|]. exists 0. auto.
  Qed.

  (** ** Tables *)
  Lemma pool_put_ok F : spec_pg_set B cpu LI (F "pg_set") -> spec_pool_put B cpu (invoke F fuel f_pool_put).
  Proof.
    intros HS fz L h p w S Lv R St Is Z0 Ni. pose proof (s_cs _ _ _ _ S) as C. pose proof (proj1 Lv) as Hh.
    destruct (vmcore_state w p h Hh St) as [Kp _]. enter. steps. read_locked C. steps.
    change (wrap U64 (w_mem w ("vms.pool", [h]))) with (vm_pool w h).
    destruct (inv_write_unused B HB w p 0 (vm_pool w h)) as [I1 V1]; [apply C|apply Is|exact Kp|].
    assert (S1 : sec B fz L (write_word B p 0 (vm_pool w h) w)) by (apply sec_store; [exact HB|exact S|apply Is|pg; lia|exact Ni]).
    eapply wp_mono; [apply HS; [exact C|split; [exact R|left; exact Kp]|apply Is|lia| |apply (i_secure B _ I1)]|].
    { intros X. apply (vmcore_free B w p); [apply C|exact Kp|left; exact X]. }
    cbv beta. intros ? w1 [E1 ->]. steps. rewrite <- E1 in S1, V1. pose proof (s_cs _ _ _ _ S1) as C1.
    apply (write_plain B cpu LI); [exact C1|reflexivity|]. wrote C2 w2. steps.
    read_locked C2. steps.
    apply (write_plain B cpu LI); [exact C2|reflexivity|]. wrote C3 w3. steps.
    assert (Ni1 : ~ involved B w1 p).
    { intros X. apply Ni. apply sec_vms in S as [_ V]. revert X. eapply unchanged_involved; [|exact V]. rewrite E1.
      apply unchanged_ram; [apply C| |].
      - intros t i U. unfold store_word. destruct (Z.eqb_spec t p) as [->|]; [|reflexivity].
        destruct Is as [_ X1], U as [U|[_ U]]; [contradiction|pg; lia].
      - intros t i J _ _. unfold store_word. destruct (Z.eqb_spec t p) as [->|]; [contradiction|reflexivity]. }
    destruct (sec_pool_put B HB fz L h p (wrap U64 (wrap U64 (w_mem w2 ("vms.n_pool", [h])) + 1)) w1) as [S3 N3]; auto.
    - rewrite E1. exact Lv.
    - rewrite E1. exact St.
    - intros i Hi. rewrite E1. unfold word; cbn. unfold store_word. rewrite Z.eqb_refl.
      destruct (Z.eqb_spec i 0); [lia|]. apply Z0. lia.
    - rewrite E1. change (vm_pool (write_word B p 0 (vm_pool w h) w) h) with (vm_pool w h).
      unfold word; cbn. unfold store_word. rewrite !Z.eqb_refl. cbn [andb]. apply wrap_wrap.
    - apply wrap_wrap.
    - split; [reflexivity|]. split; [exact S3|]. split; [|split].
      + change (state w3 p) with (state w1 p). rewrite E1. reflexivity.
      + transitivity (vm_n_pool w1 h + 1); [exact N3|]. rewrite E1. reflexivity.
      + apply evolves_trans with w1; [|apply evolves_trans with w2].
        * eapply evolves_weaken; [| |exact V1]; [intros c; cbn; tauto|auto].
        * eapply evolves_weaken; [| |apply evolves_write_cell with (cells := ["vms.pool"]); reflexivity];
            [intros c; cbn; rewrite ?orb_false_iff; tauto|intros q []].
        * eapply evolves_weaken; [| |apply evolves_write_cell with (cells := ["vms.n_pool"]); reflexivity];
            [intros c; cbn; rewrite ?orb_false_iff; tauto|intros q []].
  Qed.

  (** A page that KServ gives KCore: structure is as before, and the page is not yet part of it. *)
  Lemma moves_taken fz L p w w' h k : 1 <= h <= 255 -> k = PG_VMCORE \/ k = PG_CTX -> sec B fz L w ->
    kind (state w p) = PG_HOST -> cs B w' -> state w' p = mk_state k h 0 -> moves B p w w' -> sec B fz L w' /\ ~ involved B w' p.
  Proof.
    intros Hh Hk S Kp C' S' V.
    destruct (mk_state_fields k h 0) as (_ & K' & _); [pg; lia..|]. rewrite <- S' in K'.
    assert (Ni : ~ involved B w p) by (apply sec_vms in S as [_ X]; exact (host_apart B fz L w p X Kp)).
    assert (Q : unchanged B w w').
    { apply (evolves_unchanged B _ _ w w' V); [reflexivity|]. intros q <-. split; [exact Ni|]. pg; lia. }
    split; [exact (sec_frame B w w' Q fz L C' S)|]. intros X. apply Ni.
    apply sec_vms in S as [_ Vo]. exact (unchanged_involved B w w' Q fz L p Vo X).
  Qed.

  Lemma call_vm_table_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_vm_check_live B cpu (F "vm_check_live") ->
    spec_page_check B cpu LI (F "page_check") -> spec_own_take_core B cpu LI (F "own_take_core") ->
    spec_pool_put B cpu (F "pool_put") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_call_vm_table B cpu (invoke F fuel f_call_vm_table).
  Proof.
    intros HL HC HP HT HPut HU h p w Hh Hp Hi. enter. steps. lock HL Hi Sc L C w1.
    ask HC v Hv. destruct Hv as [Uv Hv].
    join (fun e w' => w' = w1 /\ exists r, in_ty U64 r /\ e = [("h", Some h); ("pfn", Some p); ("r", Some r)] /\
      (r = 0 -> live w1 h /\ free_page B 0 w1 p)).
    - steps.
      + ask HP v' Hv'. destruct Hv' as [Uv' Hv']. steps. split; [reflexivity|]. exists v'. sp; auto.
        intros ->. split; [apply (checked_live B unfrozen L); [exact Sc|apply Hv; assumption]|]. specialize (Hv' eq_refl 0 ltac:(lia)).
        rewrite Z.add_0_r, (wrap_small U64 p Hp) in Hv'. exact Hv'.
      + split; [reflexivity|]. exists v. sp; auto. intros X. contradiction.
    - intros e ? (-> & r & Ur & -> & Hr). steps.
      + destruct Hr as [Lv [Rp Kp]]; [assumption|]. assert (Kh : kind (state w1 p) = PG_HOST) by intuition.
        pose proof (proj1 Lv) as Rh.
        eapply wp_mono; [apply HT; [exact Rh|exact Rp|left; reflexivity|exact Kh|exact C]|].
        cbv beta. intros ? w2 (-> & C2 & S2 & Is2 & Z2 & V2). steps.
        destruct (moves_taken unfrozen L p w1 w2 h PG_VMCORE Rh (or_introl eq_refl) Sc Kh C2 S2 V2) as [Sc2 Ni2].
        assert (Lv2 : live w2 h).
        { unfold live, vm_state. rewrite (e_mem _ _ _ _ _ V2) by reflexivity. exact Lv. }
        eapply wp_mono; [apply HPut; [exact Sc2|exact Lv2|exact Rp|exact S2|exact Is2|exact Z2|exact Ni2]|].
        cbv beta. intros ? w3 (-> & Sc3 & S3 & _ & V3). steps. unlock HU Sc3. subst r.
        apply section_done with L L w1; [exact Sc|exact Sc3|].
        destruct (vmcore_state w2 p h Rh S2) as [Ks _].
        unfold given. sp; [exact Kh|rewrite S3; exact S2| |].
        * apply (core_unreached B HB); [apply (s_cs _ _ _ _ Sc3)|exact Rp|right; rewrite S3; exact Ks].
        * intros q N. unfold state. rewrite (e_meta _ _ _ _ _ V3 q), (e_meta _ _ _ _ _ V2 q) by auto. reflexivity.
      + unlock HU Sc. apply section_error with L; auto.
  Qed.

  (** ** Pages come back *)
  Lemma reclaim_check_ok F : spec_vm_check B cpu (F "vm_check") -> spec_meta_get B cpu LI (F "meta_get") ->
    unary K kind (F "word_kind") -> unary K handle (F "word_handle") ->
    spec_reclaim_check B cpu (invoke F fuel f_reclaim_check).
  Proof.
    intros HC HG HK HH h p w Hh R C. enter. steps. ask HC v Hv. destruct Hv as [Uv Hv]. steps.
    pure HG. steps. pure HK. steps. pure HH. steps.
    - split; [reflexivity|]. exists v. sp; [reflexivity|exact Uv|]. intros X. contradiction.
    - destruct Hv as [Rh N]; [assumption|].
      read_locked C. change (wrap U32 (w_mem w ("vms.state", [h]))) with (vm_state w h). steps; try answer.
      all: try (read_locked C; steps; try answer).
      all: change (wrap U64 (w_mem w ("vms.n_lent", [h]))) with (vm_n_lent w h) in *.
      all: try (intros _; split; [exact Rh|]; split; [unfold VM_DYING; lia|]; split; [lia|]; pg; lia).
  Qed.

  Lemma call_page_reclaim_ok F : spec_ram_check B cpu LI (F "ram_check") -> spec_spin_lock B cpu LI (F "spin_lock") ->
    spec_reclaim_check B cpu (F "reclaim_check") -> spec_own_return B cpu LI (F "own_return") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_call_page_reclaim B cpu (invoke F fuel f_call_page_reclaim).
  Proof.
    intros HR HL HC HO HU h p w Hh Hp Hi. pose proof (id_known B w Hi) as Kn. enter. steps. ask HR v Hv. steps.
    - left. auto.
    - assert (R : is_ram B p) by (destruct Hv as [[_ R]|[-> _]]; [exact R|lia]).
      lock HL Hi Sc L C w1. ask HC r Hr. destruct Hr as [Ur Hr]. steps.
      + destruct Hr as (Rh & D & Hd & Kp0); [assumption|].
        assert (Kp : kind (state w1 p) = PG_VM \/ kind (state w1 p) = PG_VMCORE \/ kind (state w1 p) = PG_CTX) by tauto.
        assert (Is : isolated w1 p).
        { assert (Dead : ~ live w1 h) by (unfold live, VM_NEW, VM_SEALED, VM_DYING in *; lia).
          destruct (i_dead B w1 (cs_inv B _ C) h ltac:(lia) Dead) as [D1 D2]. split.
          - intros (h' & k & fn & T). pose proof (s_tlb B w1 (i_secure B _ (cs_inv B _ C)) _ _ _ _ T) as A.
            unfold allowed in A. destruct (Z.eqb_spec h' 0).
            + destruct A as [_ [[_ A]|A]]; [pg; lia|exact (bo_dev B HB _ A R)].
            + destruct A as [_ [A|(A & A' & _)]]; [pg; lia|]. rewrite Hd in A'. subst h'. exact (D2 _ _ _ T).
          - intros (h' & l & fn & W). destruct (s_walk B w1 (i_secure B _ (cs_inv B _ C)) _ _ _ _ W) as [_ X].
            destruct (h' =? 0); [pg; lia|]. destruct X as [_ X]. rewrite Hd in X. subst h'. exact (D1 _ _ _ W). }
        eapply wp_mono; [apply HO; [lia|exact R|exact Kp|exact Is| |exact C]|].
        { apply (dead_unhoused B); [apply C|apply (s_vcpus _ _ _ _ Sc)|pg; lia|]. rewrite Hd.
          unfold live, VM_NEW, VM_SEALED, VM_DYING in *; lia. }
        cbv beta. intros ? w2 (-> & C2 & S2 & V2). steps.
        assert (Sc2 : sec B unfrozen L w2).
        { apply (sec_evolves B ["n_kind"; "vms.n_pages"] (eq p) unfrozen L w1 w2 Sc C2 V2 eq_refl).
          intros q <-. split; [|rewrite S2; discriminate]. pose proof Sc as S0. apply sec_vms in S0 as [_ Vo].
          assert (Dead : ~ live w1 h) by (unfold live, VM_NEW, VM_SEALED, VM_DYING in *; lia).
          destruct Kp0 as [K|[[K Nl]|K]].
          - apply (private_apart B unfrozen L w1 p Vo K). rewrite Hd. exact Dead.
          - apply (dead_apart B unfrozen L w1 p Vo); [auto|]. rewrite Hd. intros [X|(_ & _ & X)]; contradiction.
          - apply (context_apart B unfrozen L w1 p Vo K). rewrite Hd. exact Dead. }
        unlock HU Sc2. right. subst r.
        apply section_done with L L w1; [exact Sc|exact Sc2|]. unfold reclaimed. sp; auto.
        * unfold owner_of. destruct Kp as [->|[->| ->]]; cbn; rewrite Hd; reflexivity.
        * intros q N. unfold state. rewrite (e_meta _ _ _ _ _ V2 q) by auto. reflexivity.
      + unlock HU Sc. right. apply section_error with L; auto.
  Qed.

  (** ** Life of a VM *)
  Lemma write_state {A} h s (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w ->
    inv B (write_cell B ("vms.state", [h]) s w) ->
    (forall v, cs B (write_cell B ("vms.state", [h]) s w) -> WP (k v) Q (write_cell B ("vms.state", [h]) s w)) ->
    WP (Ev (EWrite ("vms.state", [h]) s) k) Q w.
  Proof.
    intros C I H. apply write_event; [apply (may_write_locked B); [exact C|reflexivity|reflexivity]|intros _; apply calm_locked;
      reflexivity|apply (i_secure B _ I)|].
    intros v. apply H. split; [exact I|exact (cs_held B w C)].
  Qed.

  Lemma write_root {A} h s (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w -> ~ live w h -> unloaded w [h] ->
    (forall v, cs B (write_cell B ("vms.root", [h]) s w) -> WP (k v) Q (write_cell B ("vms.root", [h]) s w)) ->
    WP (Ev (EWrite ("vms.root", [h]) s) k) Q w.
  Proof.
    intros C D U H. pose proof (inv_write_root B w h s (cs_inv B w C) D) as I.
    apply write_event; [apply (may_write_steady B); [exact C|reflexivity|discriminate|discriminate|exact U]|
      intros _; apply calm_steady; [reflexivity|discriminate|discriminate]|apply (i_secure B _ I)|].
    intros v. apply H. split; [exact I|exact (cs_held B w C)].
  Qed.

  Ltac vm_views := repeat match goal with
    | |- context [wrap U32 (w_mem ?w ("vms.state", [?h]))] =>
        change (wrap U32 (w_mem w ("vms.state", [h]))) with (vm_state w h)
    | |- context [wrap U64 (w_mem ?w ("vms.root", [?h]))] =>
        change (wrap U64 (w_mem w ("vms.root", [h]))) with (vm_root w h)
    end.

  (** Stores to the state of VM [h], by the world before. *)
  Lemma live_write w h s : live (write_cell B ("vms.state", [h]) s w) h <->
    1 <= h <= 255 /\ (wrap U32 s = VM_NEW \/ wrap U32 s = VM_SEALED).
  Proof.
    change (live (write_cell B ("vms.state", [h]) s w) h) with (live (set_mem (upd (w_mem w) ("vms.state", [h]) s) w) h).
    unfold live. rewrite vm_state_write, Z.eqb_refl. reflexivity.
  Qed.

  Lemma state_write w h s : vm_state (write_cell B ("vms.state", [h]) s w) h = wrap U32 s.
  Proof.
    transitivity (vm_state (set_mem (upd (w_mem w) ("vms.state", [h]) s) w) h); [reflexivity|].
    rewrite vm_state_write, Z.eqb_refl. reflexivity.
  Qed.

  Lemma vm_seal_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_vm_seal B cpu (invoke F fuel f_vm_seal).
  Proof.
    intros HL HU h w Hh Hi. enter. steps. lock_own HL Hi Sc L C w1 Ow.
    assert (Kr : same_registers cpu w w1) by (intros r ix; apply Ow; unfold owns; rewrite reg_class; reflexivity).
    read_locked C. vm_views. steps.
    - assert (Hs : live (write_cell B ("vms.state", [h]) 2 w1) h <-> live w1 h).
      { rewrite live_write. change (wrap U32 2) with 2. unfold live, VM_NEW, VM_SEALED. intuition lia. }
      apply write_state; [exact C| |].
      + apply (inv_write_state B); [apply C|exact Hs].
      + intros _ C2. steps.
        assert (S2 : sec B unfrozen L (write_cell B ("vms.state", [h]) 2 w1)).
        { apply sec_write_state; [exact Sc|exact C2|exact Hs| |].
          - intros [X|(_ & X & _)]; [left; apply Hs, X|]. rewrite state_write in X. discriminate X.
          - rewrite state_write. change (wrap U32 2) with 2. unfold VM_FREE, VM_DYING. lia. }
        unlock HU S2. split; [reflexivity|]. split; [apply idle_unlock, C2|]. intros r ix. rewrite <- (Kr r ix).
        apply upd_name. reflexivity.
    - unlock HU Sc. split; [reflexivity|]. split; [apply idle_unlock, C|exact Kr].
  Qed.

  Lemma call_vm_flush_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_vm_check_live B cpu (F "vm_check_live") ->
    spec_tlb_inval_vm B cpu LI (F "tlb_inval_vm") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_call_vm_flush B cpu (invoke F fuel f_call_vm_flush).
  Proof.
    intros HL HC HT HU h w Hh Hi. enter. steps. lock HL Hi Sc L C w1.
    ask HC v Hv. destruct Hv as [Uv Hv]. steps.
    - destruct Hv as [Rh _]; [assumption|]. read_locked C. vm_views. steps.
      eapply wp_mono; [apply HT; [exact C|right; split; [exact Rh|reflexivity]]|].
      cbv beta. intros ? w3 ((w2 & J & I2 & E3) & ->). steps.
      assert (S3 : sec B unfrozen L w3).
      { rewrite E3. apply sec_invalidate, (sec_interference B HB unfrozen L w1 w2 Sc J). }
      unlock HU S3. subst v. apply section_done with L L w1; [exact Sc|exact S3|].
      intros p. rewrite E3. destruct J as (r & -> & _). reflexivity.
    - unlock HU Sc. apply section_error with L; auto.
  Qed.

  Lemma call_vm_free_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_vm_check B cpu (F "vm_check") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_vm_free B cpu (invoke F fuel f_call_vm_free).
  Proof.
    intros HL HC HU h w Hh Hi. enter. steps. lock HL Hi Sc L C w1.
    ask HC v Hv. destruct Hv as [Uv Hv].
    join (fun e w' => w' = w1 /\ exists r, in_ty U64 r /\ e = [("h", Some h); ("r", Some r)] /\
      (r = 0 -> 1 <= h <= 255 /\ vm_state w1 h = VM_DYING)).
    - steps.
      + split; [reflexivity|]. eexists. sp; [|reflexivity|]; [exact Uv|]. intros X. contradiction.
      + destruct Hv as [Rh _]; [assumption|]. read_locked C. vm_views. steps.
        * split; [reflexivity|]. eexists. sp; [|reflexivity|]; [range|discriminate].
        * split; [reflexivity|]. eexists. sp; [|reflexivity|]; [exact Uv|]. intros _. split; [exact Rh|].
          unfold VM_DYING. lia.
    - intros e ? (-> & r & Ur & -> & Hr).
      join (fun e w' => w' = w1 /\ exists r, in_ty U64 r /\ e = [("h", Some h); ("r", Some r)] /\
        (r = 0 -> 1 <= h <= 255 /\ vm_state w1 h = VM_DYING)).
      + steps; try (read_locked C; steps); try (read_locked C; steps).
        all: split; [reflexivity|]; eexists; (split; [|split; [reflexivity|]]); first [exact Ur|range|exact Hr|discriminate].
      + intros e ? (-> & r' & Ur' & -> & Hr'). steps.
        * destruct Hr' as [Rh D]; [assumption|].
          assert (Hs : live (write_cell B ("vms.state", [h]) 0 w1) h <-> live w1 h).
          { rewrite live_write. change (wrap U32 0) with 0. unfold live. rewrite D. unfold VM_NEW, VM_SEALED, VM_DYING. intuition lia. }
          apply write_state; [exact C| |].
          { apply (inv_write_state B); [apply C|exact Hs]. }
          intros _ C2.
          assert (S2 : sec B unfrozen L (write_cell B ("vms.state", [h]) 0 w1)).
          { apply sec_write_state; [exact Sc|exact C2|exact Hs| |].
            - intros [X|(_ & X & _)]; [left; apply Hs, X|]. rewrite state_write in X. discriminate X.
            - rewrite state_write. change (wrap U32 0) with 0. unfold VM_FREE, VM_DYING. lia. }
          assert (E2 : vm_state (write_cell B ("vms.state", [h]) 0 w1) h = VM_FREE) by apply state_write.
          set (w2 := write_cell _ _ _ w1) in *. steps. read_locked C2. steps.
          apply (write_plain B cpu LI); [exact C2|reflexivity|]. wrote C3 w3. steps.
          assert (S3 : sec B unfrozen L w3) by (apply sec_write; [exact S2|reflexivity|discriminate]).
          unlock HU S3. subst r'. apply section_done with L L w1; [exact Sc|exact S3|]. sp; [exact D|exact E2|reflexivity].
        * unlock HU Sc. apply section_error with L; auto.
  Qed.

  (** Objects of a VM that is not there yet, and such that structure does not depend on. *)
  Ltac store S C w' S' keep := apply (write_plain B cpu LI); [exact (s_cs _ _ _ _ S)|reflexivity|]; wrote C w';
    match type of S with sec _ _ ?L0 _ => assert (S' : sec B unfrozen L0 w') by keep end; steps.
  Ltac store_free S F C w' S' := store S C w' S'
    ltac:(apply sec_write_free; [exact S|exact F|discriminate|discriminate|discriminate|exact C]).
  Ltac store_other S C w' S' := store S C w' S' ltac:(apply sec_write; [exact S|reflexivity|discriminate]).

  Lemma vm_make_ok F : spec_own_take_core B cpu LI (F "own_take_core") ->
    spec_vm_make B cpu (invoke F fuel f_vm_make).
  Proof.
    intros HT L h flags root w Hh Hf Uf R0 R1 Ev K0 K1 S. pose proof (s_cs _ _ _ _ S) as C.
    pose proof (ram_range B HB _ R0). pose proof (ram_range B HB _ R1). enter. steps.
    eapply wp_mono; [apply HT; [exact Hh|exact R0|left; reflexivity|exact K0|exact C]|].
    cbv beta. intros ? w1 (-> & C1 & S1 & Is1 & Z1 & V1). steps.
    destruct (moves_taken unfrozen L root w w1 h PG_VMCORE Hh (or_introl eq_refl) S K0 C1 S1 V1) as [Sc1 _].
    assert (Kr : kind (state w1 (root + 1)) = PG_HOST).
    { unfold state. rewrite (e_meta _ _ _ _ _ V1) by lia. exact K1. }
    eapply wp_mono; [apply HT; [exact Hh|exact R1|left; reflexivity|exact Kr|exact C1]|].
    cbv beta. intros ? w2 (-> & C2 & S2 & Is2 & Z2 & V2). steps.
    destruct (moves_taken unfrozen L (root + 1) w1 w2 h PG_VMCORE Hh (or_introl eq_refl) Sc1 Kr C2 S2 V2) as [Sc2 _].
    destruct (mk_state_fields PG_VMCORE h 0) as (_ & Ks & Hs & _); [pg; lia..|].
    assert (S1' : state w2 root = mk_state PG_VMCORE h 0).
    { unfold state. rewrite (e_meta _ _ _ _ _ V2) by lia. exact S1. }
    assert (Z1' : zeroed w2 root).
    { intros i Hi. unfold word. rewrite (e_ram _ _ _ _ _ V2) by (try exact R0; try lia; rewrite S1; exact Ks).
      apply Z1, Hi. }
    assert (F2 : vm_state w2 h = VM_FREE).
    { unfold vm_state. rewrite (e_mem _ _ _ _ _ V2), (e_mem _ _ _ _ _ V1) by reflexivity. exact Hf. }
    assert (Ot : forall q, q <> root -> q <> root + 1 -> state w2 q = state w q).
    { intros q N1 N2. unfold state. rewrite (e_meta _ _ _ _ _ V2), (e_meta _ _ _ _ _ V1) by lia. reflexivity. }
    clear V1 V2.
    apply (write_steady B cpu LI);
      [exact C2|reflexivity|reflexivity|reflexivity|exact (free_unloaded B w2 h (s_vcpus _ _ _ _ Sc2) F2)|].
    wrote C3 w3. assert (Sc3 : sec B unfrozen L w3)
      by (apply sec_write_free; [exact Sc2|exact F2|discriminate|discriminate|discriminate|exact C3]). steps.
    store_free Sc3 F2 C4 w4 Sc4. store_free Sc4 F2 C5 w5 Sc5.
    assert (F5 : vm_state w5 h = VM_FREE) by exact F2.
    apply write_root; [exact C5|unfold live; rewrite F5; unfold VM_FREE, VM_NEW, VM_SEALED; lia
      |exact (free_unloaded B w5 h (s_vcpus _ _ _ _ Sc5) F5)|].
    intros _ C6. match type of C6 with cs _ ?x => set (w6 := x) in * end.
    assert (Sc6 : sec B unfrozen L w6) by (apply sec_write_free; [exact Sc5|exact F5|discriminate|discriminate|discriminate|exact C6]).
    assert (F6 : vm_state w6 h = VM_FREE) by exact F2. steps.
    store_free Sc6 F6 C7 w7 Sc7. store_free Sc7 F6 C8 w8 Sc8. store_free Sc8 F6 C9 w9 Sc9.
    assert (F9 : vm_state w9 h = VM_FREE) by exact F2.
    assert (Er : vm_root w9 h = root).
    { transitivity (vm_root (set_mem (upd (w_mem w5) ("vms.root", [h]) root) w5) h); [reflexivity|].
      rewrite vm_root_write, Z.eqb_refl. apply wrap_small. unfold in_ty, modulus. words. }
    assert (Hb : forall t, t = vm_root w9 h \/ t = vm_root w9 h + 1 ->
      is_ram B t /\ state w9 t = mk_state PG_VMCORE h 0 /\ zeroed w9 t).
    { rewrite Er. intros t [->| ->].
      - split; [exact R0|]. split; [exact S1'|exact Z1'].
      - split; [exact R1|]. split; [exact S2|exact Z2]. }
    assert (Bl : blank_root B w9 h (vm_root w9 h)).
    { split; [lia|]. intros t Ht. destruct (Hb t Ht) as (Rt & St & Zt). split; [split; [exact Rt|]|exact Zt].
      destruct (Z.eqb_spec h 0); [lia|]. rewrite St. auto. }
    destruct (inv_write_new B w9 h) as [I10 N10]; [apply C9|unfold live; rewrite F9; unfold VM_FREE, VM_NEW, VM_SEALED; lia|lia|exact Bl|].
    apply write_state; [exact C9|exact I10|]. intros _ C10.
    assert (Sc10 : sec B unfrozen L (write_cell B ("vms.state", [h]) 1 w9)).
    { apply sec_vms. split; [exact C10|]. apply sec_vms in Sc9 as [[I9 _] V9].
      apply (vms_new B HB w9 h Hh F9 Hb); [rewrite Er; exact Ev| | | |apply C10|exact I9|exact V9].
      - unfold vm_n_pool. change (w_mem w9 (obj "vms.n_pool" [h])) with (upd (w_mem w7) ("vms.n_pool", [h]) 0 (obj "vms.n_pool" [h])).
        rewrite upd_same. reflexivity.
      - unfold vm_n_ram. change (w_mem w9 (obj "vms.n_ram" [h])) with (upd (w_mem w3) ("vms.n_ram", [h]) 0 (obj "vms.n_ram" [h])).
        rewrite upd_same. reflexivity.
      - unfold vm_n_loaded. change (w_mem w9 (obj "vms.n_loaded" [h])) with
          (upd (w_mem w4) ("vms.n_loaded", [h]) 0 (obj "vms.n_loaded" [h])). rewrite upd_same. reflexivity. }
    match type of C10 with cs _ ?x => set (w10 := x) in * end. steps.
    read_locked C10. steps. store_other Sc10 C11 w11 Sc11. store_other Sc11 C12 w12 Sc12. store_other Sc12 C13 w13 Sc13.
    split; [reflexivity|]. split; [exact Sc13|]. sp; auto.
    apply (state_write w9 h 1).
  Qed.

  Lemma call_vm_create_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_handle_find B cpu (F "handle_find") ->
    spec_page_check B cpu LI (F "page_check") -> spec_vm_make B cpu (F "vm_make") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_vm_create B cpu (invoke F fuel f_call_vm_create).
  Proof.
    intros HL HF HP HM HU flags root w Hc Hfl Hr Hi. enter. steps; [left; auto|].
    lock HL Hi Sc L C w1. ask HF v Hv. steps. ask HP r Hr'. destruct Hr' as [Ur Hf].
    join (fun e w' => w' = w1 /\ exists r', in_ty U64 r' /\
      e = [("cpu", Some cpu); ("flags", Some flags); ("root_pfn", Some root); ("h", Some v); ("r", Some r')] /\
      (r' = 0 -> r = 0 /\ v <> 0)).
    - steps.
      + split; [reflexivity|]. exists 5. sp; [range|reflexivity|discriminate].
      + split; [reflexivity|]. exists r. sp; [exact Ur|reflexivity|]. lia.
    - intros e ? (-> & r' & Ur' & -> & H'). steps.
      + destruct (H' ltac:(assumption)) as [-> Nv]. destruct Hv as [->|[Rv Fv]]; [contradiction|].
        specialize (Hf eq_refl). pose proof (Hf 0 ltac:(lia)) as [R0 K0]. pose proof (Hf 1 ltac:(lia)) as [R1 K1].
        rewrite Z.add_0_r, (wrap_small U64 root Hr) in *. pose proof (ram_range B HB _ R0).
        rewrite (wrap_small U64 (root + 1)) in * by (unfold in_ty, modulus; words).
        assert (Er : root mod 2 = 0).
        { match goal with X : Z.land root 1 = 0 |- _ => change 1 with (Z.ones 1) in X; rewrite Z.land_ones in X by lia; exact X end. }
        eapply wp_mono; [apply HM; [exact Rv|exact Fv|exact Hfl|exact R0|exact R1|exact Er|intuition|intuition|exact Sc]|].
        cbv beta. intros ? w2 (-> & Sc2 & S2 & _ & _ & _ & N2 & _). steps.
        apply write_percpu; [apply (s_cs _ _ _ _ Sc2)|reflexivity|reflexivity|]. intros _ I3.
        match type of I3 with inv _ ?x => set (w3 := x) in * end.
        assert (S3 : sec B unfrozen L w3) by (apply sec_write; [exact Sc2|reflexivity|discriminate]).
        steps. unlock HU S3. right. subst r'.
        apply section_done with L L w1; [exact Sc|exact S3|]. exists v. sp; [lia|lia|exact Fv|exact S2|exact N2].
      + unlock HU Sc. right. apply section_error with L; auto.
  Qed.

  Lemma stat_get_ok F : spec_stat_get B cpu (invoke F fuel f_stat_get).
  Proof.
    intros item w Hc Hi C. enter. steps.
    all: try (read_locked C; steps; split; [reflexivity|]; eexists; split; [reflexivity|]; apply wrap_in).
    2: { read_locked C. steps. read_locked C. steps. split; [reflexivity|]. eexists; split; [reflexivity|]. apply wrap_in. }
    apply read_ret; [reflexivity|apply cs_secure, C|]. steps.
    split; [reflexivity|]. eexists; split; [reflexivity|]. apply wrap_in.
  Qed.

  Lemma call_stat_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_stat_get B cpu (F "stat_get") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_stat B cpu (invoke F fuel f_call_stat).
  Proof.
    intros HL HS HU item w Hc Hit Hi. unfold in_ty, modulus in Hit. enter. steps; [split; [exact Hi|auto]|].
    lock HL Hi Sc L C w1. ask HS v Hv. steps. unlock HU Sc.
    pose proof (cs_inv B _ C) as I1. apply (inv_held B false) in I1.
    apply write_percpu; [exact I1|reflexivity|reflexivity|]. intros _ I3. steps.
    split; [|left; reflexivity]. split; [reflexivity|apply known_inv, I3].
  Qed.
End Proofs.
