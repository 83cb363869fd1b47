(** * Making vCPUs: proofs *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Host_Spec Host_Facts Own_Spec Own_Facts Vm_Spec Vm_Facts Section Loaded
  Vcpu_Spec Vcpu_Facts Vcpu_Cells Vcpu_Create_Spec Seat_Facts.
From Redoubt.gen Require Import vm_vcpu.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma fills_refl cells h i P w : fills cells h i P w w.
Proof. constructor; reflexivity. Qed.

Lemma fills_trans cells cells' h i (P P' : Z -> Prop) a b c :
  (forall x, existsb (String.eqb x) cells = false -> existsb (String.eqb x) cells' = false) -> (forall q, P' q -> P q) ->
  fills cells h i P a b -> fills cells' h i P' b c -> fills cells h i P a c.
Proof.
  intros Hc HP [M E T] [M' E' T']. constructor.
  - intros x ix N D. rewrite M', M; auto. destruct D as [D|D]; auto.
  - intros q N. rewrite E', E; auto.
  - intros k g fn p N. rewrite T', T by assumption. reflexivity.
Qed.

Lemma fills_evolves B cells cs h i P w w' :
  (forall x, existsb (String.eqb x) ["n_kind"; "vms.n_pages"] = false -> existsb (String.eqb x) cs = false) ->
  evolves B cs P w w' -> fills cells h i P w w'.
Proof. intros Hc []. constructor; auto. Qed.

Lemma fills_touched cells h i P p w w' : touched p w w' -> fills cells h i P w w'.
Proof.
  intros [_ M Me _ _ T]. constructor.
  - intros c ix _ _. rewrite M. reflexivity.
  - intros q _. rewrite Me. reflexivity.
  - intros k g fn q _. apply T.
Qed.

Lemma fills_write B cells c h i P v w : steers_walks c = false -> existsb (String.eqb c) cells = true ->
  fills cells h i P w (write_cell B (c, [h; i]) v w).
Proof.
  intros S I. unfold write_cell; cbn [fst]. rewrite S. constructor; try reflexivity.
  intros d ix _ D. cbn. apply upd_other. intros E. assert (Ec : c = d) by congruence. assert (Ex : ix = [h; i]) by congruence.
  destruct D as [D|D]; [congruence|contradiction].
Qed.

Definition created_cells : list ident := ["vcpus.loaded"; "vcpus.power"; "vcpus.pend"; "vcpus.mmio_far"; "vcpus.mmio_size";
  "vcpus.mmio_rt"; "vcpus.mmio_sext"; "vcpus.mmio_sf"; "vcpus.run_pfn"; "vcpus.ctx_pfn"; "vcpus.made"].

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu (mem_inv B)).
  Notation WP := (wp (kcore B cpu (mem_inv B))).

  (** ** Checks *)
  Ltac answer := split; [reflexivity|]; eexists; sp; [reflexivity|range|]; unfold KC_OK; try discriminate.
  Ltac views := repeat match goal with
    | |- context [wrap U32 (w_mem ?w ("vms.state", [?h]))] =>
        change (wrap U32 (w_mem w ("vms.state", [h]))) with (vm_state w h)
    end.

  Lemma protected_dec w h : wrap U32 (w_mem w ("vms.is_protected", [h])) <> 0 <-> protected w h.
  Proof. reflexivity. Qed.

  Lemma check_ctx_ok F : spec_page_check B cpu LI (F "page_check") ->
    spec_check_ctx B cpu (invoke F fuel f_check_ctx).
  Proof.
    intros HP h run ctx w Hh Uc C. enter. steps. read_locked C. steps.
    - answer.
    - read_locked C. steps.
      + answer. intros _. split; [intros X; contradiction|]. intros _. unfold KC_NO_PFN. lia.
      + answer.
      + ask HP v Hv. destruct Hv as [Uv Hv]. steps. split; [reflexivity|]. exists v. sp; [reflexivity|exact Uv|].
        intros Ev. specialize (Hv Ev 0 ltac:(lia)). rewrite Z.add_0_r, (wrap_small U64 ctx Uc) in Hv.
        destruct Hv as [R Kc]. split; [|intros X; contradiction]. intros _. split; [assumption|]. split; [exact R|]. intuition.
  Qed.

  Lemma vcpu_check_new_ok F : spec_vm_check_live B cpu (F "vm_check_live") -> spec_page_check B cpu LI (F "page_check") ->
    spec_check_ctx B cpu (F "check_ctx") -> spec_vcpu_check_new B cpu (invoke F fuel f_vcpu_check_new).
  Proof.
    intros HV HP HX L h i run ctx w Hh Hi Ur Uc S. pose proof (s_cs _ _ _ _ S) as C. enter. steps.
    ask HV v Hv. destruct Hv as [Uv Hv]. steps.
    - split; [reflexivity|]. exists v. sp; [reflexivity|exact Uv|]. intros X. contradiction.
    - pose proof (checked_live B unfrozen L w h S (Hv ltac:(assumption))) as Lv. pose proof (proj1 Lv) as Rh.
      read_locked C. steps; [answer|].
      assert (Nm : ~ vcpu_made w h i) by (intros (_ & _ & X); contradiction).
      assert (Fin : forall r r', in_ty U64 r' -> (r = KC_OK -> forall j, 0 <= j < 1 -> free_page B 0 w (wrap U64 (run + j))) ->
        r = KC_OK -> (protected w h -> i = 0 -> vm_state w h = VM_NEW) ->
        (r' = KC_OK -> (protected w h -> ctx <> run /\ free_host B w ctx) /\ (~ protected w h -> ctx = KC_NO_PFN)) ->
        r' = KC_OK -> may_create B h i run ctx w).
      { intros r r' _ Hr Er Bt Hx Ex. specialize (Hr Er 0 ltac:(lia)). rewrite Z.add_0_r, (wrap_small U64 run Ur) in Hr.
        destruct Hr as [R Kr]. destruct (Hx Ex) as [X1 X2]. constructor; auto. split; [|auto]. split; [exact R|]. intuition. }
      read_locked C. steps.
      all: try (read_locked C; views; steps); try answer.
      all: ask HP r Hr; destruct Hr as [Ur' Hr]; steps;
        [split; [reflexivity|]; exists r; sp; [reflexivity|exact Ur'|]; intros X; contradiction|].
      all: ask HX x Hx; destruct Hx as [Ux Hx]; steps; split; [reflexivity|]; exists x; sp; [reflexivity|exact Ux|].
      all: intros Ex; apply (Fin r x Ux Hr ltac:(assumption)); [|exact Hx|exact Ex].
      all: unfold protected; intros P I0; unfold VM_NEW; first [lia|assumption].
  Qed.

  (** ** Making *)
  (** Objects of a vCPU that is not made. *)
  Lemma store_token {A} L w h i (k : Z -> prog A) (Q : A -> world -> Prop) : sec B unfrozen L w -> ~ vcpu_made w h i ->
    (forall v, sec B unfrozen L (write_cell B ("vcpus.loaded", [h; i]) 0 w) ->
       WP (k v) Q (write_cell B ("vcpus.loaded", [h; i]) 0 w)) ->
    WP (Ev (EWrite ("vcpus.loaded", [h; i]) 0) k) Q w.
  Proof.
    intros S N H. pose proof (unmade_token B w h i (s_vcpus _ _ _ _ S) N) as T.
    assert (Tk : forall g j, token (write_cell B ("vcpus.loaded", [h; i]) 0 w) g j = token w g j).
    { intros g j. unfold token, write_cell; cbn. unfold loaded_cell. rewrite upd_index.
      destruct (zlist_eqb [h; i] [g; j]) eqn:E; [|reflexivity]. apply zlist_eqb_eq in E. injection E as -> ->. symmetry. exact T. }
    apply (write_loaded B cpu LI); [apply S| | | | |].
    - intros v [->| ->]; left; [exact T|reflexivity].
    - intros _. split; [exact T|reflexivity].
    - apply (seats_same B w); [apply S|reflexivity| |reflexivity|auto]. intros g j.
      change (token (set_mem (upd (w_mem w) (loaded_cell, [h; i]) 0) w) g j) with (token (write_cell B ("vcpus.loaded", [h; i]) 0 w) g j).
      rewrite Tk. split; [assumption|]. split; [reflexivity|]. split; reflexivity.
    - apply own_same; try reflexivity. intros g j. rewrite <- (Tk g j). auto.
    - intros v C. apply H. apply sec_store_vcpu; auto. intros M. destruct (N M).
  Qed.

  Lemma store_steady {A} L w c h i x (k : Z -> prog A) (Q : A -> world -> Prop) : sec B unfrozen L w -> ~ vcpu_made w h i ->
    c = "vcpus.run_pfn" \/ c = "vcpus.ctx_pfn" ->
    (forall v, sec B unfrozen L (write_cell B (c, [h; i]) x w) -> WP (k v) Q (write_cell B (c, [h; i]) x w)) ->
    WP (Ev (EWrite (c, [h; i]) x) k) Q w.
  Proof.
    intros S N D H. pose proof (unmade_token B w h i (s_vcpus _ _ _ _ S) N) as T.
    assert (Go : forall v, cs B (write_cell B (c, [h; i]) x w) -> WP (k v) Q (write_cell B (c, [h; i]) x w)).
    { intros v C. apply H. apply sec_store_vcpu; auto.
      - destruct D as [->| ->]; reflexivity.
      - destruct D as [->| ->]; reflexivity.
      - intros M. destruct N. destruct D as [->| ->]; exact M. }
    destruct D as [->| ->]; (apply (write_steady B cpu LI); [apply S|reflexivity|reflexivity|reflexivity|exact T|exact Go]).
  Qed.

  (** A new context page has no part in what VMs have already. *)
  Lemma ctx_apart L w h p : 1 <= h <= 255 -> sec B unfrozen L w -> state w p = mk_state PG_CTX h 0 ->
    (forall g j, vcpu_made w g j -> protected w g -> vcpu_ctx w g j <> p) -> ~ involved B w p.
  Proof.
    intros Hh S St D X. destruct (ctx_state w p h Hh St) as [Kp _]. apply sec_vms in S as [_ [T P N U]].
    destruct X as [g l fn R F E|g l R Q Hl|g fn R F E|K|g j M E|g j M Pr E].
    - destruct (t_page _ _ _ T g l fn p R F E) as [_ S]. destruct (vmcore_state w p g (vm_range w g R) S) as [K' _]. pg; lia.
    - destruct (p_page _ _ _ _ Q p Hl) as [_ S]. destruct (vmcore_state w p g (proj1 R) S) as [K' _]. pg; lia.
    - destruct (l_private _ _ _ _ _ (t_leaf _ _ _ T g fn (or_introl R) F) p R E) as [_ S].
      destruct (private_state w p g fn (proj1 R) F S) as (K' & _). pg; lia.
    - pg; lia.
    - destruct (u_run _ _ U g j M) as [_ S]. rewrite <- E in S.
      destruct (pinned_state w p g (proj1 (u_live _ _ U g j M)) S) as [K' _]. pg; lia.
    - exact (D g j M Pr (eq_sym E)).
  Qed.

  (** Other vCPUs, as they were. *)
  Lemma fills_others cells h i P w w' : fills cells h i P w w' -> forall g j, ~ (g = h /\ j = i) ->
    (vcpu_made w' g j <-> vcpu_made w g j) /\ token w' g j = token w g j /\ vcpu_run w' g j = vcpu_run w g j /\
    vcpu_ctx w' g j = vcpu_ctx w g j.
  Proof.
    intros Fl g j N. assert (D : [g; j] <> [h; i]) by (intros E; apply N; split; congruence).
    unfold vcpu_made, token, vcpu_run, vcpu_ctx, loaded_cell. rewrite !(fl_mem _ _ _ _ _ _ Fl) by auto. intuition.
  Qed.

  Lemma fills_vms cells h i P w w' : fills cells h i P w w' -> forall g,
    vm_state w' g = vm_state w g /\ vm_root w' g = vm_root w g /\ (protected w' g <-> protected w g).
  Proof.
    intros Fl g. unfold vm_state, vm_root, protected. 
    assert (D : forall ix, ix = [g] -> ix <> [h; i]) by (intros ix -> X; discriminate X).
    rewrite !(fl_mem _ _ _ _ _ _ Fl) by auto. intuition.
  Qed.

  (** Contexts of vCPUs that are made are not KServ's. *)
  Lemma old_ctx L w g j p : sec B unfrozen L w -> vcpu_made w g j -> protected w g -> kind (state w p) = PG_HOST ->
    vcpu_ctx w g j <> p.
  Proof.
    intros S M Pr Kp E. pose proof (s_vcpus _ _ _ _ S) as U. destruct (u_ctx _ _ U g j M Pr) as [_ St]. rewrite E in St.
    destruct (ctx_state w p g (proj1 (u_live _ _ U g j M)) St) as [K' _]. pg; lia.
  Qed.

  Lemma ctx_touched L w w' h p : 1 <= h <= 255 -> sec B unfrozen L w -> state w p = mk_state PG_CTX h 0 ->
    ~ involved B w p -> cs B w' -> touched p w w' -> sec B unfrozen L w' /\ ~ involved B w' p.
  Proof.
    intros Hh S St Ni C T. destruct (ctx_state w p h Hh St) as [Kp _].
    assert (Q : unchanged B w w').
    { apply (evolves_unchanged B [] (eq p)); [apply (touched_evolves B HB); [apply S|exact T]|reflexivity|].
      intros q <-. split; [exact Ni|]. rewrite (touched_state p w w' p T). pg; lia. }
    split; [exact (sec_frame B w w' Q unfrozen L C S)|]. intros X. apply Ni.
    apply sec_vms in S as [_ V]. exact (unchanged_involved B w w' Q unfrozen L p V X).
  Qed.

  Lemma vcpu_make_protected_ok F : spec_own_take_core B cpu LI (F "own_take_core") ->
    spec_vcpu_reset B cpu LI (F "vcpu_reset") -> spec_vcpu_boot B cpu LI (F "vcpu_boot") ->
    spec_vcpu_make_protected B cpu (invoke F fuel f_vcpu_make_protected).
  Proof.
    intros HT HR HO L h i run ctx w Hh Hi S N [Rc Kc] Ne Rr. pose proof (s_cs _ _ _ _ S) as C. enter. steps.
    eapply wp_mono; [apply HT; [exact Hh|exact Rc|right; reflexivity|exact Kc|exact C]|].
    cbv beta. intros ? w1 (-> & C1 & S1 & Is1 & Z1 & V1). steps.
    assert (Ni : ~ involved B w ctx) by (pose proof S as S0; apply sec_vms in S0 as [_ X]; exact (host_apart B unfrozen L w ctx X Kc)).
    destruct (ctx_state w1 ctx h Hh S1) as [K1 _].
    assert (Q1 : unchanged B w w1).
    { apply (evolves_unchanged B _ _ w w1 V1); [reflexivity|]. intros q <-. split; [exact Ni|]. pg; lia. }
    pose proof (sec_frame B w w1 Q1 unfrozen L C1 S) as Sc1.
    assert (N1 : ~ vcpu_made w1 h i) by (intros X; apply N; apply (unchanged_made B w w1 Q1); exact X).
    assert (F1 : fills ["vcpus.ctx_pfn"; "vcpus.power"] h i (eq ctx) w w1) by (apply (fills_evolves B _ ["n_kind"; "vms.n_pages"]); auto).
    clear Q1 Z1.
    apply (store_steady L); [exact Sc1|exact N1|auto|]. intros _ Sc2.
    match type of Sc2 with sec _ _ _ ?x => set (w2 := x) in * end. steps.
    assert (Ec : vcpu_ctx w2 h i = ctx).
    { unfold vcpu_ctx. change (w_mem w2 (obj "vcpus.ctx_pfn" [h; i])) with
        (upd (w_mem w1) ("vcpus.ctx_pfn", [h; i]) ctx ("vcpus.ctx_pfn", [h; i])). rewrite upd_same.
      pose proof (ram_range B HB ctx Rc). apply wrap_small. unfold in_ty, modulus. lia. }
    assert (F2 : fills ["vcpus.ctx_pfn"; "vcpus.power"] h i (eq ctx) w w2).
    { apply fills_trans with (3 := F1) (cells' := ["vcpus.ctx_pfn"; "vcpus.power"]) (P' := eq ctx); auto.
      apply fills_write; reflexivity. }
    assert (Dx : forall g j, vcpu_made w2 g j -> protected w2 g -> vcpu_ctx w2 g j <> ctx).
    { intros g j M Pr. assert (D : ~ (g = h /\ j = i)) by (intros [-> ->]; exact (N1 M)).
      destruct (fills_others _ _ _ _ _ _ F2 g j D) as (Em & _ & _ & Ex). rewrite Ex.
      apply (old_ctx L w g j ctx S); [apply Em, M|apply (fills_vms _ _ _ _ _ _ F2 g), Pr|exact Kc]. }
    assert (U2 : ~ in_use w2 ctx).
    { apply (made_unused B); [apply (s_cs _ _ _ _ Sc2)|apply (s_vcpus _ _ _ _ Sc2)|change (state w2 ctx) with (state w1 ctx); pg;
        lia|exact Dx]. }
    assert (X2 : context B w2 (vcpu_ctx w2 h i)) by (rewrite Ec; constructor; [exact Rc|exact K1|apply Is1|exact U2]).
    eapply wp_mono; [apply HR; [lia|exact Hi|exact X2|apply Sc2]|].
    cbv beta. intros ? w3 (-> & C3 & T3 & W3). rewrite Ec in *.
    assert (Ni2 : ~ involved B w2 ctx).
    { apply (ctx_apart L w2 h ctx Hh Sc2 S1 Dx). }
    assert (T3' : token w3 h i = 0).
    { apply (unmade_token B); [apply (ctx_touched L w2 w3 h ctx Hh Sc2 S1 Ni2 C3 T3)|]. intros X. apply N1. revert X.
      unfold vcpu_made. rewrite (to_mem _ _ _ T3). exact (fun X => X). }
    assert (U3 : ~ in_use w3 ctx) by (intros X; apply U2, (in_use_same w2 w3 ctx (to_mem _ _ _ T3)), X).
    destruct (ctx_touched L w2 w3 h ctx Hh Sc2 S1 Ni2 C3 T3) as [Sc3 Ni3].
    assert (F3 : fills ["vcpus.ctx_pfn"; "vcpus.power"] h i (eq ctx) w w3).
    { apply fills_trans with (3 := F2) (cells' := ["vcpus.ctx_pfn"; "vcpus.power"]) (P' := eq ctx); auto.
      apply (fills_touched _ _ _ _ ctx), T3. }
    assert (Is3 : isolated w3 ctx).
    { destruct Is1 as [I1 I2]. split; intros X; [apply I1, (touched_reached ctx w2 w3 ctx T3), X|
        apply I2, (touched_used ctx w2 w3 ctx T3), X]. }
    assert (S3 : state w3 ctx = mk_state PG_CTX h 0) by (rewrite (touched_state ctx w2 w3 ctx T3); exact S1).
    assert (E3 : vcpu_ctx w3 h i = ctx) by (unfold vcpu_ctx; rewrite (to_mem _ _ _ T3); exact Ec).
    clearbody w2. clear Sc2 X2 Ni2 T3 F2 Ec U2 Dx.
    steps.
    - assert (X3 : context B w3 ctx).
      { constructor; [exact Rc| |apply Is3|exact U3]. destruct (ctx_state w3 ctx h Hh S3) as [K3 _]. exact K3. }
      assert (R3 : readable B w3 run).
      { split; [apply Rr|]. unfold state. rewrite (fl_meta _ _ _ _ _ _ F3) by congruence. apply Rr. }
      eapply wp_mono; [apply HO; [exact X3|exact R3|exact C3]|].
      cbv beta. intros ? w4 (-> & C4 & T4 & W4). steps.
      destruct (ctx_touched L w3 w4 h ctx Hh Sc3 S3 Ni3 C4 T4) as [Sc4 _].
      split; [reflexivity|]. split; [exact Sc4|]. split; [|split; [|split; [|split]]].
      + apply fills_trans with (3 := F3) (cells' := ["vcpus.ctx_pfn"; "vcpus.power"]) (P' := eq ctx); auto.
        apply (fills_touched _ _ _ _ ctx), T4.
      + unfold vcpu_ctx. rewrite (to_mem _ _ _ T4). exact E3.
      + rewrite (touched_state ctx w3 w4 ctx T4). exact S3.
      + destruct Is3 as [I1 I2]. split; intros X; [apply I1, (touched_reached ctx w3 w4 ctx T4), X|
          apply I2, (touched_used ctx w3 w4 ctx T4), X].
      + intros j Hj D. destruct D as [D1 D2]; [assumption|]. rewrite W4 by assumption. apply W3, Hj.
    - apply (write_power B cpu LI); [exact C3|left; exact T3'|]. wrote C4 w4. steps.
      assert (Sc4 : sec B unfrozen L w4) by (apply sec_write; [exact Sc3|reflexivity|discriminate]).
      split; [reflexivity|]. split; [exact Sc4|]. split; [|split; [exact E3|split; [exact S3|split; [exact Is3|]]]].
      + apply fills_trans with (3 := F3) (cells' := ["vcpus.ctx_pfn"; "vcpus.power"]) (P' := eq ctx); auto.
        apply fills_write; reflexivity.
      + intros j Hj _. apply W3, Hj.
  Qed.

  Lemma may_pin w p h : inv B w -> 1 <= h <= 255 -> is_ram B p -> kind (state w p) = PG_HOST ->
    may_set B w p (mk_state PG_PINNED h 0).
  Proof.
    intros I Hh R Kp. destruct (mk_state_fields PG_PINNED h 0) as (U & Ks & _); [pg; lia..|].
    assert (Es : state (set_meta p (mk_state PG_PINNED h 0) w) p = mk_state PG_PINNED h 0).
    { unfold state; cbn. rewrite Z.eqb_refl. apply wrap_small, U. }
    constructor; auto.
    - pg; lia.
    - apply (unused B); [exact I|pg; lia..].
    - apply (unhoused B); [apply I|pg; lia..].
    - intros k g fn T. pose proof (s_tlb B w (i_secure B w I) _ _ _ _ T) as A. unfold allowed in *.
      rewrite Es. destruct (Z.eqb_spec g 0) as [->|N]; [pg; intuition lia|]. exfalso. pg; lia.
    - left. rewrite (wrap_small U64 _ U). split; [unfold owner_of; rewrite Kp, Ks; reflexivity|]. intros [X|X]; pg; lia.
  Qed.

  Definition created_pages (w : world) (h run ctx q : Z) : Prop := q = run \/ protected w h /\ q = ctx.

  (** A store to an object of the new vCPU that structure does not depend on. *)
  Ltac store_other S w' S' N := first
    [apply (write_plain B cpu LI); [exact (s_cs _ _ _ _ S)|reflexivity|]
    |apply (write_loader B cpu LI); [exact (s_cs _ _ _ _ S)|reflexivity|left; exact (unmade_token B _ _ _ (s_vcpus _ _ _ _ S) N)|]
    |apply (write_power B cpu LI); [exact (s_cs _ _ _ _ S)|left; exact (unmade_token B _ _ _ (s_vcpus _ _ _ _ S) N)|]];
    let C := fresh "C" in wrote C w'; match type of S with sec _ _ ?L0 _ =>
      assert (S' : sec B unfrozen L0 w') by (apply sec_write; [exact S|reflexivity|discriminate]) end; clear C; steps.
  (** What has changed so far. *)
  Ltac filled Fl w Fl' w' := match type of Fl with fills ?c ?h ?i ?P ?w0 w => assert (Fl' : fills c h i P w0 w') by
    (apply fills_trans with (3 := Fl) (cells' := c) (P' := P); auto; apply fills_write; reflexivity) end.

  Lemma vcpu_make_ok F :
    (forall k h a, 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
      computes K (F "word_make") [k; h; a] (mk_state k h a)) ->
    spec_page_set B cpu LI (F "page_set") -> spec_vcpu_make_protected B cpu (F "vcpu_make_protected") ->
    spec_vcpu_make B cpu (invoke F fuel f_vcpu_make).
  Proof.
    intros HW HS HM L h i run ctx w Hi Uc S G. pose proof (s_cs _ _ _ _ S) as C.
    pose proof (mv_live _ _ _ _ _ _ G) as Lv. pose proof (proj1 Lv) as Hh. pose proof (mv_new _ _ _ _ _ _ G) as N.
    destruct (mv_pages _ _ _ _ _ _ G) as ([Rr Kr] & Gp & Gn). pose proof (ram_range B HB run Rr) as Br.
    set (P := created_pages w h run ctx). enter. steps. pure HW. steps.
    eapply wp_mono; [apply HS; [exact C|exact (may_pin w run h (cs_inv B w C) Hh Rr Kr)]|].
    cbv beta. intros ? w1 (-> & C1 & S1 & V1 & _). change (mk_state 2 h 0) with (mk_state PG_PINNED h 0) in *. steps.
    assert (Ni : ~ involved B w run) by (pose proof S as S0; apply sec_vms in S0 as [_ X]; exact (host_apart B unfrozen L w run X Kr)).
    destruct (pinned_state w1 run h Hh S1) as [K1 _].
    assert (Q1 : unchanged B w w1).
    { apply (evolves_unchanged B _ _ w w1 V1); [reflexivity|]. intros q <-. split; [exact Ni|]. pg; lia. }
    pose proof (sec_frame B w w1 Q1 unfrozen L C1 S) as Sc1.
    assert (N1 : ~ vcpu_made w1 h i) by (intros X; apply N; apply (unchanged_made B w w1 Q1); exact X).
    assert (F1 : fills created_cells h i (eq run) w w1).
    { apply fills_trans with (b := w) (cells' := created_cells) (P' := eq run); auto; [apply fills_refl|].
      apply (fills_evolves B _ ["n_kind"]); [|exact V1]. intros c Hc. cbn [existsb] in *.
      apply orb_false_iff in Hc as [-> _]. reflexivity. }
    clear Q1 V1.
    apply (store_token L); [exact Sc1|exact N1|]. intros _ Sc2.
    match type of Sc2 with sec _ _ _ ?x => set (w2 := x) in * end. filled F1 w1 F2 w2. steps.
    store_other Sc2 w3 Sc3 N1. filled F2 w2 F3 w3. store_other Sc3 w4 Sc4 N1. filled F3 w3 F4 w4.
    store_other Sc4 w5 Sc5 N1. filled F4 w4 F5 w5. store_other Sc5 w6 Sc6 N1. filled F5 w5 F6 w6.
    store_other Sc6 w7 Sc7 N1. filled F6 w6 F7 w7. store_other Sc7 w8 Sc8 N1. filled F7 w7 F8 w8.
    store_other Sc8 w9 Sc9 N1. filled F8 w8 F9 w9.
    assert (N9 : ~ vcpu_made w9 h i) by exact N1. assert (S9 : state w9 run = mk_state PG_PINNED h 0) by exact S1.
    clearbody w9. clear Sc1 Sc2 Sc3 Sc4 Sc5 Sc6 Sc7 Sc8 F1 F2 F3 F4 F5 F6 F7 F8 w8 w7 w6 w5 w4 w3 w2.
    apply (store_steady L); [exact Sc9|exact N9|auto|]. intros _ Sc10.
    match type of Sc10 with sec _ _ _ ?x => set (w10 := x) in * end. filled F9 w9 F10 w10. steps.
    apply (store_steady L); [exact Sc10|exact N9|auto|]. intros _ Sc11.
    match type of Sc11 with sec _ _ _ ?x => set (w11 := x) in * end. filled F10 w10 F11 w11. to_if.
    assert (Er : vcpu_run w11 h i = run).
    { unfold vcpu_run. change (w_mem w11 (obj "vcpus.run_pfn" [h; i])) with
        (upd (w_mem w9) ("vcpus.run_pfn", [h; i]) run ("vcpus.run_pfn", [h; i])). rewrite upd_same.
      apply wrap_small. unfold in_ty, modulus. lia. }
    assert (Ex : vcpu_ctx w11 h i = run).
    { unfold vcpu_ctx. change (w_mem w11 (obj "vcpus.ctx_pfn" [h; i])) with
        (upd (w_mem w10) ("vcpus.ctx_pfn", [h; i]) run ("vcpus.ctx_pfn", [h; i])). rewrite upd_same.
      apply wrap_small. unfold in_ty, modulus. lia. }
    assert (N11 : ~ vcpu_made w11 h i) by exact N9. assert (S11 : state w11 run = mk_state PG_PINNED h 0) by exact S9.
    clearbody w11. clear Sc9 Sc10 F9 F10 w10 w9 S9 N9.
    destruct (fills_vms _ _ _ _ _ _ F11 h) as (_ & _ & Ep).
    assert (wide : forall x y, fills created_cells h i (eq run) x y -> fills created_cells h i P x y).
    { intros x y Fl. apply fills_trans with (b := x) (cells' := created_cells) (P' := eq run); auto;
        [intros q <-; left; reflexivity|apply fills_refl]. }
    (* the context, if the VM is protected *)
    join (fun e w' => e = [("h", Some h); ("idx", Some i); ("run", Some run); ("ctx", Some ctx); ("word", Some (mk_state 2 h 0))] /\
      sec B unfrozen L w' /\ fills created_cells h i P w w' /\ ~ vcpu_made w' h i /\ vcpu_run w' h i = run /\
      state w' run = mk_state PG_PINNED h 0 /\ (~ protected w h -> vcpu_ctx w' h i = run) /\
      (protected w h -> new_context h i ctx w')).
    - steps. read_locked (s_cs _ _ _ _ Sc11). steps.
      + assert (Pr : protected w h) by (apply Ep; assumption). destruct (Gp Pr) as [Ne [Rc Kc]].
        eapply wp_mono; [apply (HM L h i run ctx w11); [exact Hh|exact Hi|exact Sc11|exact N11| |exact Ne|]|].
        * split; [exact Rc|]. unfold state. rewrite (fl_meta _ _ _ _ _ _ F11); [exact Kc|congruence].
        * split; [exact Rr|]. right. rewrite S11. exact (proj1 (state_fields PG_PINNED h 0 ltac:(pg; lia) ltac:(lia) ltac:(lia))).
        * cbv beta. intros ? w12 (-> & Sc12 & F12 & X12). steps. split; [reflexivity|]. split; [exact Sc12|].
          assert (D : forall c, existsb (String.eqb c) created_cells = false -> existsb (String.eqb c)
            ["vcpus.ctx_pfn"; "vcpus.power"] = false).
          { intros c Hc. unfold created_cells in Hc. cbn [existsb] in *.
            repeat (apply orb_false_iff in Hc as [?E Hc]). repeat (apply orb_false_iff; split; [assumption|]). reflexivity. }
          assert (Fa : fills created_cells h i P w w12).
          { apply fills_trans with (b := w11) (cells' := ["vcpus.ctx_pfn"; "vcpus.power"]) (P' := eq ctx);
              [exact D|intros q <-; right; auto| |exact F12]. apply wide, F11. }
          assert (Same : forall c, c = "vcpus.made" \/ c = "vcpus.run_pfn" -> w_mem w12 (c, [h; i]) = w_mem w11 (c, [h; i])).
          { intros c Hc. apply (fl_mem _ _ _ _ _ _ F12); [destruct Hc as [->| ->]; reflexivity|left;
            destruct Hc as [->| ->]; reflexivity]. }
          split; [exact Fa|]. split; [|split; [|split; [|split]]].
          -- intros X. apply N11. unfold vcpu_made in *. rewrite Same in X by auto. exact X.
          -- unfold vcpu_run. rewrite Same by auto. exact Er.
          -- unfold state. rewrite (fl_meta _ _ _ _ _ _ F12) by congruence. exact S11.
          -- intros X. contradiction.
          -- intros _. exact X12.
      + assert (Np : ~ protected w h) by (intros X; apply Ep in X; contradiction).
        split; [reflexivity|]. sp; auto. intros X. contradiction.
    - intros e w12 (-> & Sc12 & F12 & N12 & Er12 & S12 & Xn & Xp).
      steps. pose proof (unmade_token B w12 h i (s_vcpus _ _ _ _ Sc12) N12) as T12.
      apply (write_plain B cpu LI); [apply Sc12|reflexivity|]. wrote C13 w13. steps.
      destruct (fills_vms _ _ _ _ _ _ F12 h) as (Es12 & _ & Ep12).
      assert (M13 : vcpu_made w13 h i).
      { split; [exact Hh|]. split; [exact Hi|]. change (wrap U32 (upd (w_mem w12) ("vcpus.made", [h; i]) 1 ("vcpus.made", [h; i])) <> 0).
        rewrite upd_same. discriminate. }
      assert (F13 : fills created_cells h i P w w13).
      { apply fills_trans with (3 := F12) (cells' := created_cells) (P' := P); auto. apply fills_write; reflexivity. }
      assert (Old : forall g j, vcpu_made w12 g j -> vcpu_made w g j /\ vcpu_run w12 g j = vcpu_run w g j /\ vcpu_ctx
        w12 g j = vcpu_ctx w g j).
      { intros g j M. assert (D : ~ (g = h /\ j = i)) by (intros [-> ->]; exact (N12 M)).
        destruct (fills_others _ _ _ _ _ _ F12 g j D) as (Em & _ & E1 & E2). split; [apply Em, M|auto]. }
      assert (Sc13 : sec B unfrozen L w13).
      { apply (sec_store_vcpu B unfrozen L w12 "vcpus.made" h i 1); [reflexivity|exact N12|reflexivity| |exact C13|exact Sc12].
        intros _. change (write_cell B ("vcpus.made", [h; i]) 1 w12) with w13. constructor.
        - unfold live. rewrite Es12. exact Lv.
        - change (vcpu_run w13 h i) with (vcpu_run w12 h i). rewrite Er12. auto.
        - change (vcpu_run w13 h i) with (vcpu_run w12 h i). rewrite Er12. intros g j M. destruct (Old g j M) as (M0 & -> & _).
          intros E0. pose proof (s_vcpus _ _ _ _ S) as U. destruct (u_run _ _ U g j M0) as [_ St]. rewrite E0 in St.
          destruct (pinned_state w run g (proj1 (u_live _ _ U g j M0)) St) as [K' _]. pg; lia.
        - intros Np. change (vcpu_ctx w12 h i = vcpu_run w12 h i). rewrite Er12. apply Xn. intros X. apply Np, Ep12, X.
        - intros Pr. apply Ep12 in Pr. destruct (Xp Pr) as (E0 & St & _). change (vcpu_ctx w13 h i) with (vcpu_ctx w12 h i).
          rewrite E0. split; [apply (Gp Pr)|exact St].
        - intros Pr j M. apply Ep12 in Pr. destruct (Xp Pr) as (E0 & St & _). change (vcpu_ctx w13 h i) with (vcpu_ctx w12 h i).
          rewrite E0. destruct (Old h j M) as (M0 & _ & ->). apply (old_ctx L w h j ctx S M0 Pr). apply (Gp Pr). }
      split; [reflexivity|]. split; [exact Sc13|]. constructor; [exact G|exact M13|exact T12| | | | | | |].
      + split; [exact Er12|exact S12].
      + exact Xn.
      + exact Xp.
      + intros q Nr Nc. unfold state. rewrite (fl_meta _ _ _ _ _ _ F13); [reflexivity|]. intros [X|[X Y]]; [auto|]. apply Nc. auto.
      + apply (fills_vms _ _ _ _ _ _ F13).
      + apply (fills_others _ _ _ _ _ _ F13).
      + intros g k fn p Ng. apply (fl_tlb _ _ _ _ _ _ F13 k g fn p Ng).
  Qed.

  Lemma call_vcpu_create_ok F : spec_spin_lock B cpu LI (F "spin_lock") ->
    spec_vcpu_check_new B cpu (F "vcpu_check_new") -> spec_vcpu_make B cpu (F "vcpu_make") ->
    spec_spin_unlock B cpu LI (F "spin_unlock") -> spec_call_vcpu_create B cpu (invoke F fuel f_call_vcpu_create).
  Proof.
    intros HL HC HM HU h i run ctx w Hh Ui Ur Uc Id. enter. steps.
    - left. split; [|reflexivity]. eexists. split; [reflexivity|discriminate].
    - assert (Hi : 0 <= i < 16) by (unfold in_ty in Ui; lia).
      lock HL Id Sc L C w1. eapply wp_mono; [apply (HC L); [exact Hh|exact Hi|exact Ur|exact Uc|exact Sc]|].
      cbv beta. intros ? ? (-> & v & -> & Uv & Hv). cbv beta iota. reduce_env. steps.
      + eapply wp_mono; [apply (HM L); [exact Hi|exact Uc|exact Sc|apply Hv; assumption]|].
        cbv beta. intros ? w2 (-> & Sc2 & X). steps. unlock HU Sc2. right. subst v.
        apply section_done with L L w1; [exact Sc|exact Sc2|exact X].
      + unlock HU Sc. right. apply section_error with L; auto.
  Qed.
End Proofs.
