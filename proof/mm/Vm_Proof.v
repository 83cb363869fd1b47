(** * Calls of the memory and VM part: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Proof Invariant Steps Prims Page_Spec Page_Proof Host_Spec
  Host_Facts Host_Proof Own_Spec Own_Proof Vm_Spec Vm_Facts.
From Redoubt.gen Require Import mm_object mm_table mm_donate vm_vm.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation LI := (inv B).
  Notation K := (kcore B cpu (inv B)).
  Notation WP := (wp (kcore B cpu (inv B))).

  (** Takes the lock: [C : cs B w1] for the world [w1] of the section. *)
  Ltac lock HL Hi C w1 := eapply wp_mono;
    [apply HL; [apply (id_held B _ Hi)|intros ? X; apply (i_secure B _ X)]|];
    let I := fresh "I" in let w0 := fresh "w0" in
    cbv beta; intros ? ? (-> & w0 & I & -> & _); steps;
    assert (C : cs B (set_held true w0)) by (split; [apply inv_held, I|reflexivity]); set (w1 := set_held true w0) in *.
  Ltac unlock HU C := eapply wp_mono;
    [apply HU; [apply C|apply C|apply (i_secure B _ (cs_inv B _ C))]|];
    cbv beta; intros ? ? (-> & ->); steps.

  Lemma idle_unlock w : cs B w -> idle B (set_held false w).
  Proof. intros [I _]. split; [reflexivity|]. apply known_held, known_inv, I. Qed.

  Lemma section_end (R : Z -> world -> world -> Prop) v w1 w2 : in_ty U64 v -> cs B w1 -> cs B w2 -> R v w1 w2 ->
    section B R (Some v) (set_held false w2).
  Proof. intros. split; [apply idle_unlock; assumption|]. exists v, w1, w2. auto. Qed.

  Lemma section_error (R : world -> world -> Prop) v w1 : in_ty U64 v -> v <> KC_OK -> cs B w1 ->
    section B (atomic R) (Some v) (set_held false w1).
  Proof. intros. apply section_end with w1; auto. left; auto. Qed.

  Lemma section_done (R : world -> world -> Prop) w1 w2 : cs B w1 -> cs B w2 -> R w1 w2 ->
    section B (atomic R) (Some 0) (set_held false w2).
  Proof. intros. apply section_end with w1; auto; [split; reflexivity || lia|]. right; auto. Qed.

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
    intros HS h p w Hh R Kp U C. enter. steps. read_locked C. steps.
    match goal with |- wp _ (F "pg_set" [p; 0; ?x]) _ _ =>
      destruct (inv_write_unused B HB w p 0 x) as [I1 V1]; [apply C|exact U|exact Kp|] end.
    eapply wp_mono; [apply HS; [exact C|split; [exact R|left; exact Kp]|exact U|lia|apply (i_secure B _ I1)]|].
    cbv beta. intros ? w1 [E1 ->]. steps.
    assert (C1 : cs B w1) by (rewrite E1; split; [exact I1|apply C]). rewrite <- E1 in V1.
    apply (write_plain B cpu LI); [exact C1|reflexivity|]. wrote C2 w2. steps.
    read_locked C2. steps.
    apply (write_plain B cpu LI); [exact C2|reflexivity|]. wrote C3 w3. steps.
    split; [reflexivity|]. split; [exact C3|]. split.
    - change (state w3 p) with (state w1 p). rewrite E1. reflexivity.
    - apply evolves_trans with w1; [|apply evolves_trans with w2].
      + eapply evolves_weaken; [| |exact V1]; [intros c; cbn; tauto|auto].
      + eapply evolves_weaken; [| |apply evolves_write_cell with (cells := ["vms.pool"]); reflexivity];
          [intros c; cbn; rewrite ?orb_false_iff; tauto|intros q []].
      + eapply evolves_weaken; [| |apply evolves_write_cell with (cells := ["vms.n_pool"]); reflexivity];
          [intros c; cbn; rewrite ?orb_false_iff; tauto|intros q []].
  Qed.

  Lemma call_vm_table_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_vm_check_live B cpu (F "vm_check_live") ->
    spec_page_check B cpu LI (F "page_check") -> spec_own_take_core B cpu LI (F "own_take_core") ->
    spec_pool_put B cpu (F "pool_put") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_call_vm_table B cpu (invoke F fuel f_call_vm_table).
  Proof.
    intros HL HC HP HT HPut HU h p w Hh Hp Hi. enter. steps. lock HL Hi C w1.
    ask HC v Hv. destruct Hv as [Uv Hv].
    join (fun e w' => w' = w1 /\ exists r, in_ty U64 r /\ e = [("h", Some h); ("pfn", Some p); ("r", Some r)] /\
      (r = 0 -> 1 <= h <= 255 /\ free_page B 0 w1 p)).
    - steps.
      + ask HP v' Hv'. destruct Hv' as [Uv' Hv']. steps. split; [reflexivity|]. exists v'. sp; auto.
        intros ->. split; [apply Hv; assumption|]. specialize (Hv' eq_refl 0 ltac:(lia)).
        rewrite Z.add_0_r, (wrap_small U64 p Hp) in Hv'. exact Hv'.
      + split; [reflexivity|]. exists v. sp; auto. intros X. contradiction.
    - intros e ? (-> & r & Ur & -> & Hr). steps.
      + destruct Hr as [Rh [Rp Kp]]; [assumption|]. assert (Kh : kind (state w1 p) = PG_HOST) by intuition.
        eapply wp_mono; [apply HT; [exact Rh|exact Rp|exact Kh|exact C]|].
        cbv beta. intros ? w2 (-> & C2 & S2 & [Is2 Us2] & Z2 & V2). steps.
        destruct (mk_state_fields PG_VMCORE h 0) as (_ & Ks & _); [pg; lia..|].
        eapply wp_mono; [apply HPut; [exact Rh|exact Rp|rewrite S2; exact Ks|exact Us2|exact C2]|].
        cbv beta. intros ? w3 (-> & C3 & S3 & V3). steps. unlock HU C3. subst r.
        apply section_done with w1; [exact C|exact C3|].
        unfold given. sp; [exact Kh|rewrite S3; exact S2| |].
        * apply (core_unreached B HB); [apply C3|exact Rp|right; rewrite S3, S2; exact Ks].
        * intros q N. unfold state. rewrite (e_meta _ _ _ _ _ V3 q), (e_meta _ _ _ _ _ V2 q) by auto. reflexivity.
      + unlock HU C. apply section_error; auto.
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
      lock HL Hi C w1. ask HC r Hr. destruct Hr as [Ur Hr]. steps.
      + destruct Hr as (Rh & D & Hd & Kp); [assumption|].
        assert (Is : isolated w1 p).
        { assert (Dead : ~ live w1 h) by (unfold live, VM_NEW, VM_SEALED, VM_DYING in *; lia).
          destruct (i_dead B w1 (cs_inv B _ C) h ltac:(lia) Dead) as [D1 D2]. split.
          - intros (h' & k & fn & T). pose proof (s_tlb B w1 (i_secure B _ (cs_inv B _ C)) _ _ _ _ T) as A.
            unfold allowed in A. destruct (Z.eqb_spec h' 0).
            + destruct A as [_ [[_ A]|A]]; [pg; lia|exact (bo_dev B HB _ A R)].
            + destruct A as [_ [A|(A & A' & _)]]; [pg; lia|]. rewrite Hd in A'. subst h'. exact (D2 _ _ _ T).
          - intros (h' & l & fn & W). destruct (s_walk B w1 (i_secure B _ (cs_inv B _ C)) _ _ _ _ W) as [_ X].
            destruct (h' =? 0); [pg; lia|]. destruct X as [_ X]. rewrite Hd in X. subst h'. exact (D1 _ _ _ W). }
        eapply wp_mono; [apply HO; [lia|exact R|exact Kp|exact Is|exact C]|].
        cbv beta. intros ? w2 (-> & C2 & S2 & V2). steps. unlock HU C2. right. subst r.
        apply section_done with w1; [exact C|exact C2|]. unfold reclaimed. sp; auto.
        * unfold owner_of. destruct Kp as [->| ->]; cbn; rewrite Hd; reflexivity.
        * intros q N. unfold state. rewrite (e_meta _ _ _ _ _ V2 q) by auto. reflexivity.
      + unlock HU C. right. apply section_error; auto.
  Qed.

  (** ** Life of a VM *)
  Lemma write_state {A} h s (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w ->
    inv B (write_cell B ("vms.state", [h]) s w) ->
    (forall v, cs B (write_cell B ("vms.state", [h]) s w) -> WP (k v) Q (write_cell B ("vms.state", [h]) s w)) ->
    WP (Ev (EWrite ("vms.state", [h]) s) k) Q w.
  Proof.
    intros C I H. apply write_event; [exact (cs_held B w C)|apply (i_secure B _ I)|].
    intros v. apply H. split; [exact I|exact (cs_held B w C)].
  Qed.

  Lemma write_root {A} h s (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w -> ~ live w h ->
    (forall v, cs B (write_cell B ("vms.root", [h]) s w) -> WP (k v) Q (write_cell B ("vms.root", [h]) s w)) ->
    WP (Ev (EWrite ("vms.root", [h]) s) k) Q w.
  Proof.
    intros C D H. pose proof (inv_write_root B w h s (cs_inv B w C) D) as I.
    apply write_event; [exact (cs_held B w C)|apply (i_secure B _ I)|].
    intros v. apply H. split; [exact I|exact (cs_held B w C)].
  Qed.

  Ltac vm_views := repeat match goal with
    | |- context [wrap U32 (w_mem ?w ("vms.state", [?h]))] =>
        change (wrap U32 (w_mem w ("vms.state", [h]))) with (vm_state w h)
    | |- context [wrap U64 (w_mem ?w ("vms.root", [?h]))] =>
        change (wrap U64 (w_mem w ("vms.root", [h]))) with (vm_root w h)
    end.

  Lemma vm_seal_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_vm_seal B cpu (invoke F fuel f_vm_seal).
  Proof.
    intros HL HU h w Hh Hi. enter. steps. lock HL Hi C w1.
    read_locked C. vm_views. steps.
    - apply write_state; [exact C| |].
      + apply (inv_write_state B); [apply C|]. unfold live. rewrite vm_state_write, Z.eqb_refl.
        change (wrap U32 2) with 2. unfold VM_NEW, VM_SEALED. intuition lia.
      + intros _ C2. steps. unlock HU C2. split; [reflexivity|apply idle_unlock, C2].
    - unlock HU C. split; [reflexivity|apply idle_unlock, C].
  Qed.

  Lemma call_vm_flush_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_vm_check_live B cpu (F "vm_check_live") ->
    spec_tlb_inval_vm B cpu LI (F "tlb_inval_vm") -> spec_spin_unlock B cpu LI (F "spin_unlock") ->
    spec_call_vm_flush B cpu (invoke F fuel f_call_vm_flush).
  Proof.
    intros HL HC HT HU h w Hh Hi. enter. steps. lock HL Hi C w1.
    ask HC v Hv. destruct Hv as [Uv Hv]. steps.
    - destruct Hv as [Rh _]; [assumption|]. read_locked C. vm_views. steps.
      eapply wp_mono; [apply HT; [exact C|right; split; [exact Rh|reflexivity]]|].
      cbv beta. intros ? w3 ((w2 & J & I2 & E3) & ->). steps.
      assert (C3 : cs B w3).
      { split; [rewrite E3; apply inv_invalidate, I2|]. rewrite E3. destruct J as (r & -> & _). apply C. }
      unlock HU C3. subst v. apply section_done with w1; [exact C|exact C3|].
      intros p. rewrite E3. destruct J as (r & -> & _). reflexivity.
    - unlock HU C. apply section_error; auto.
  Qed.

  Lemma call_vm_free_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_vm_check B cpu (F "vm_check") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_vm_free B cpu (invoke F fuel f_call_vm_free).
  Proof.
    intros HL HC HU h w Hh Hi. enter. steps. lock HL Hi C w1.
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
        * destruct Hr' as [Rh D]; [assumption|]. apply write_state; [exact C| |].
          { apply (inv_write_state B); [apply C|]. unfold live. rewrite vm_state_write, Z.eqb_refl, D.
            change (wrap U32 0) with 0. unfold VM_NEW, VM_SEALED, VM_DYING. intuition lia. }
          intros _ C2. set (w2 := write_cell _ _ _ w1) in *. steps. read_locked C2. steps.
          apply (write_plain B cpu LI); [exact C2|reflexivity|]. wrote C3 w3. steps.
          unlock HU C3. subst r'. apply section_done with w1; [exact C|exact C3|]. sp; [exact D| |reflexivity].
          transitivity (vm_state (set_mem (upd (w_mem w1) ("vms.state", [h]) 0) w1) h); [reflexivity|].
          rewrite vm_state_write, Z.eqb_refl. reflexivity.
        * unlock HU C. apply section_error; auto.
  Qed.

  (** The fields of a VM that is not alive yet. *)
  Ltac store_plain C w' := apply (write_plain B cpu LI); [exact C|reflexivity|];
    let C' := fresh "C" in wrote C' w'; steps.

  Lemma vm_make_ok F : spec_own_take_core B cpu LI (F "own_take_core") ->
    spec_vm_make B cpu (invoke F fuel f_vm_make).
  Proof.
    intros HT h flags root w Hh Hf Uf R0 R1 K0 K1 C.
    pose proof (ram_range B HB _ R0). pose proof (ram_range B HB _ R1). enter. steps.
    eapply wp_mono; [apply HT; [exact Hh|exact R0|exact K0|exact C]|].
    cbv beta. intros ? w1 (-> & C1 & S1 & Is1 & Z1 & V1). steps.
    assert (Kr : kind (state w1 (root + 1)) = PG_HOST).
    { unfold state. rewrite (e_meta _ _ _ _ _ V1) by lia. exact K1. }
    eapply wp_mono; [apply HT; [exact Hh|exact R1|exact Kr|exact C1]|].
    cbv beta. intros ? w2 (-> & C2 & S2 & Is2 & Z2 & V2). steps.
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
    store_plain C2 w3. store_plain C0 w4. store_plain C3 w5.
    assert (F5 : vm_state w5 h = VM_FREE) by exact F2.
    apply write_root; [assumption|unfold live; rewrite F5; unfold VM_FREE, VM_NEW, VM_SEALED; lia|].
    intros _ C6. match type of C6 with cs _ ?x => set (w6 := x) in * end. steps.
    store_plain C6 w7. store_plain C5 w8. store_plain C7 w9.
    assert (F9 : vm_state w9 h = VM_FREE) by exact F2.
    assert (Er : vm_root w9 h = root).
    { transitivity (vm_root (set_mem (upd (w_mem w5) ("vms.root", [h]) root) w5) h); [reflexivity|].
      rewrite vm_root_write, Z.eqb_refl. apply wrap_small. unfold in_ty, modulus. words. }
    assert (Bl : blank_root B w9 h (vm_root w9 h)).
    { rewrite Er. split; [lia|]. intros t [->| ->].
      - split; [split; [exact R0|]|exact Z1']. destruct (Z.eqb_spec h 0); [lia|].
        change (state w9 root) with (state w2 root). rewrite S1'. auto.
      - split; [split; [exact R1|]|exact Z2]. destruct (Z.eqb_spec h 0); [lia|].
        change (state w9 (root + 1)) with (state w2 (root + 1)). rewrite S2. auto. }
    destruct (inv_write_new B w9 h) as [I10 N10]; [apply C8|unfold live; rewrite F9; unfold VM_FREE, VM_NEW, VM_SEALED; lia|lia|exact Bl|].
    apply write_state; [exact C8|exact I10|]. intros _ C10.
    match type of C10 with cs _ ?x => set (w10 := x) in * end. steps.
    read_locked C10. steps. store_plain C10 w11.
    split; [reflexivity|]. split; [assumption|]. sp; auto.
    - transitivity (vm_state (set_mem (upd (w_mem w9) ("vms.state", [h]) VM_NEW) w9) h); [reflexivity|].
      rewrite vm_state_write, Z.eqb_refl. reflexivity.
  Qed.

  (** This CPU's own objects. *)
  Lemma write_percpu {A} c x (k : Z -> prog A) (Q : A -> world -> Prop) w : inv B w -> class_of c = Percpu ->
    steers_walks c = false ->
    (forall v, inv B (write_cell B (c, [cpu]) x w) -> WP (k v) Q (write_cell B (c, [cpu]) x w)) ->
    WP (Ev (EWrite (c, [cpu]) x) k) Q w.
  Proof.
    intros I E S H. assert (I1 : inv B (write_cell B (c, [cpu]) x w)).
    { apply inv_write_cell; [rewrite E; discriminate|exact S|exact I]. }
    apply write_event; [unfold may_write; cbn; rewrite E; reflexivity|apply (i_secure B _ I1)|].
    intros v. apply H, I1.
  Qed.

  Lemma call_vm_create_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_handle_find B cpu (F "handle_find") ->
    spec_page_check B cpu LI (F "page_check") -> spec_vm_make B cpu (F "vm_make") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_vm_create B cpu (invoke F fuel f_call_vm_create).
  Proof.
    intros HL HF HP HM HU flags root w Hc Hfl Hr Hi. enter. steps; [left; auto|].
    lock HL Hi C w1. ask HF v Hv. steps. ask HP r Hr'. destruct Hr' as [Ur Hf].
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
        eapply wp_mono; [apply HM; [exact Rv|exact Fv|exact Hfl|exact R0|exact R1|intuition|intuition|exact C]|].
        cbv beta. intros ? w2 (-> & C2 & S2 & _ & _ & _ & N2 & _). steps.
        apply write_percpu; [apply C2|reflexivity|reflexivity|]. intros _ I3.
        match type of I3 with inv _ ?x => set (w3 := x) in * end.
        assert (C3 : cs B w3) by (split; [exact I3|apply C2]). steps. unlock HU C3. right. subst r'.
        apply section_done with w1; [exact C|exact C3|]. exists v. sp; [lia|lia|exact Fv|exact S2|exact N2].
      + unlock HU C. right. apply section_error; auto.
  Qed.

  Lemma stat_get_ok F : spec_stat_get B cpu (invoke F fuel f_stat_get).
  Proof.
    intros item w Hc Hi C. enter. steps.
    all: try (read_locked C; steps; split; [reflexivity|]; eexists; split; [reflexivity|]; apply wrap_in).
    apply read_ret; [reflexivity|apply cs_secure, C|]. steps.
    split; [reflexivity|]. eexists; split; [reflexivity|]. apply wrap_in.
  Qed.

  Lemma call_stat_ok F : spec_spin_lock B cpu LI (F "spin_lock") -> spec_stat_get B cpu (F "stat_get") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_stat B cpu (invoke F fuel f_call_stat).
  Proof.
    intros HL HS HU item w Hc Hit Hi. unfold in_ty, modulus in Hit. enter. steps; [split; [exact Hi|auto]|].
    lock HL Hi C w1. ask HS v Hv. steps. unlock HU C.
    pose proof (cs_inv B _ C) as I1. apply (inv_held B false) in I1.
    apply write_percpu; [exact I1|reflexivity|reflexivity|]. intros _ I3. steps.
    split; [|left; reflexivity]. split; [reflexivity|apply known_inv, I3].
  Qed.
End Proofs.
