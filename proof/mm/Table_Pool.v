(** * The pool of tables of a VM: proof of pool_get *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Vm_Facts Structure_Frame Structure_Facts Structure_Steps Walk_Spec Walk_Facts Table_Spec Table_Facts
  Table_Store Table_Shape.
From Redoubt.gen Require Import mm_table.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Pool.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma spare_apart fz L w h p : sec B fz L w -> 1 <= h <= 255 -> spare B w h p -> ~ involved B w p.
  Proof.
    intros Sc Hh [Rp Sp Tb Pl] Iv. destruct (vmcore_fields h _ Hh Sp) as (Kp & Hp & _).
    pose proof (s_tables _ _ _ _ Sc) as T. pose proof (s_vcpus _ _ _ _ Sc) as U.
    destruct Iv as [h' l fn R F E|h' l R Q I|h' fn R F E|K'|h' i M ->|h' i M Pr ->].
    - destruct (table_ours B HB fz w h' T R l fn p F E) as (_ & _ & _ & _ & H). assert (h' = h) as -> by congruence.
      exact (Tb l fn F E).
    - destruct (p_page _ _ _ _ Q p I) as [_ S]. destruct (vmcore_fields h' _ (proj1 R) S) as (_ & H & _).
      assert (h' = h) as -> by congruence. exact (Pl l Q I).
    - destruct (l_private _ _ _ _ _ (t_leaf _ _ _ T h' fn (or_introl R) F) p R E) as [_ S].
      destruct (private_state w p h' fn (proj1 R) F S) as (K' & _). pg; lia.
    - pg; lia.
    - pose proof (u_live _ _ U h' i M) as R. destruct (u_run _ _ U h' i M) as [_ S].
      destruct (pinned_state w _ h' (proj1 R) S) as [K' _]. pg; lia.
    - pose proof (u_live _ _ U h' i M) as R. destruct (u_ctx _ _ U h' i M Pr) as (_ & S).
      destruct (ctx_state w _ h' (proj1 R) S) as [K' _]. pg; lia.
  Qed.

  (** No walker is at a page of KCore's that is no table of its VM. *)
  Lemma vmcore_unused fz w h p : inv B w -> tables_ok B fz w -> 1 <= h <= 255 -> state w p = mk_state PG_VMCORE h 0 ->
    (forall l fn, frame fn -> table_at w (vm_root w h) l fn <> Some p) -> ~ used w p.
  Proof.
    intros I T Hh S N (h' & l & fn & W). destruct (vmcore_fields h _ Hh S) as (Kp & Hp & _).
    destruct (Z.eq_dec h' 0) as [->|N0].
    - destruct (s_walk B w (i_secure B w I) _ _ _ _ W) as [_ X]. cbn in X. pg; lia.
    - destruct (t_walk _ _ _ T h' l fn p N0 W) as [F E].
      pose proof (walk_live B w h' l fn p I N0 W) as Lv.
      destruct (table_ours B HB fz w h' T (or_introl Lv) l fn p F E) as (_ & _ & _ & _ & H).
      assert (h' = h) as -> by congruence. exact (N l fn F E).
  Qed.

  Lemma spare_unused fz L w h p : sec B fz L w -> 1 <= h <= 255 -> spare B w h p -> ~ used w p.
  Proof. intros Sc Hh []. apply (vmcore_unused fz w h); auto; [apply Sc|apply (s_tables _ _ _ _ Sc)]. Qed.

  (** What does not concern trees, pools and contexts leaves a spare page spare. *)
  Lemma spare_same fz L w w' h p : sec B fz L w -> live w h -> unchanged B w w' -> w_meta w' = w_meta w ->
    spare B w h p -> spare B w' h p.
  Proof.
    intros Sc Lv Q M [Rp Sp Tb Pl]. pose proof (s_tables _ _ _ _ Sc) as T.
    assert (Lv' : live w' h) by (apply (unchanged_live B w w' Q); exact Lv). constructor; auto.
    - unfold state in *. rewrite M. exact Sp.
    - intros l fn F. rewrite (same_table_at w w' (unchanged_trees B w w' Q fz T)); auto. left; exact Lv'.
    - intros l Hl I. destruct (s_pools _ _ _ _ Sc h Lv) as [l0 H0].
      pose proof (unchanged_pool B w w' Q fz h l0 T Lv H0) as H1.
      rewrite (pool_unique B w' h l l0 Hl H1) in I. exact (Pl l0 H0 I).
  Qed.

  (** Taking the first page: [w'] is [w] but for the pool of [h] and word 0 of that page. *)
  Lemma pop fz L w w' h p l : sec B fz L w -> live w h -> pool_of B w h (p :: l) -> cs B w' ->
    w_meta w' = w_meta w -> fewer w w' ->
    (forall c ix, c <> "vms.pool" -> c <> "vms.n_pool" -> w_mem w' (c, ix) = w_mem w (c, ix)) ->
    (forall h', h' <> h -> vm_pool w' h' = vm_pool w h' /\ vm_n_pool w' h' = vm_n_pool w h') ->
    vm_pool w' h = word w p 0 -> vm_n_pool w' h = vm_n_pool w h - 1 ->
    (forall q i, word w' q i = if (q =? p) && (i =? 0) then 0 else word w q i) ->
    sec B fz L w' /\ spare B w' h p /\ zeroed w' p /\ same_leaves w w'.
  Proof.
    intros Sc Lv Pl C' M Fw Em Eo Ep En Ew. pose proof (s_tables _ _ _ _ Sc) as T. pose proof (s_vcpus _ _ _ _ Sc) as U.
    assert (V : views w w').
    { apply views_mem. intros c ix I. apply Em; intros ->; cbn in I; repeat destruct I as [I|I]; try discriminate I; contradiction. }
    assert (Np : forall h' l' fn t, rooted w h' -> frame fn -> table_at w (vm_root w h') l' fn = Some t -> t <> p).
    { intros h' l' fn t R F E ->. apply tables_trees in T as [Tr _].
      exact (pool_apart B HB fz w h h' (p :: l) p l' fn Tr Lv R Pl (or_introl eq_refl) F E). }
    assert (Y : same_trees w w').
    { constructor.
      - intros h' X. apply (views_live _ _ _ V). exact X.
      - intros h' X. apply (views_rooted _ _ _ V). exact X.
      - intros h' _. apply (v_root _ _ V).
      - intros h' _. apply (v_prot _ _ V).
      - intros h' l' fn t i R F E _. apply (views_rooted _ _ _ V) in R. rewrite Ew.
        destruct (Z.eqb_spec t p) as [X|]; [destruct (Np h' l' fn t R F E X)|reflexivity]. }
    assert (S : forall q, state w' q = state w q) by (intros q; unfold state; rewrite M; reflexivity).
    assert (T' : tables_ok B fz w').
    { apply (tables_frame B fz w w'); auto; [apply C'|]. intros h' fn q R F N. rewrite S. apply (views_rooted _ _ _ V) in R.
      exact (proj2 (l_lent _ _ _ _ _ (t_leaf _ _ _ T h' fn R F) q N)). }
    assert (Pl' : pool_of B w' h l).
    { destruct Pl as [P1 P2 P3 P4 P5 P6]. inversion P3 as [|? ? Ni Nd]; subst. cbn [linked] in P2. destruct P2 as [_ P2].
      assert (Wl : forall q i, In q l -> word w' q i = word w q i).
      { intros q i I. rewrite Ew. destruct (Z.eqb_spec q p) as [->|]; [contradiction|reflexivity]. }
      constructor.
      - rewrite En, P1. cbn [List.length]. lia.
      - rewrite Ep. apply linked_frame with w; auto.
      - exact Nd.
      - intros q I. rewrite S. apply P4. right; exact I.
      - intros q i I Hi. rewrite Wl by exact I. apply P5; [right; exact I|exact Hi].
      - intros q l' fn I F. assert (R' : rooted w' h) by (left; apply (views_live _ _ _ V); exact Lv).
        rewrite (same_table_at w w' Y h l' fn R' F). apply P6; [right; exact I|exact F]. }
    assert (Po : forall h' l', live w h' -> h' <> h -> pool_of B w h' l' -> pool_of B w' h' l').
    { intros h' l' Lv' N Q. destruct (Eo h' N) as [E1 E2].
      apply pool_frame with w; auto; [left; apply (views_live _ _ _ V); exact Lv'|].
      intros q i I _. rewrite Ew. destruct (Z.eqb_spec q p) as [->|]; [|reflexivity]. exfalso.
      destruct (p_page _ _ _ _ Q p I) as [_ S1]. destruct (p_page _ _ _ _ Pl p (or_introl eq_refl)) as [_ S2].
      destruct (vmcore_fields h' _ (proj1 Lv') S1) as (_ & H1 & _). destruct (vmcore_fields h _ (proj1 Lv) S2) as (_ & H2 & _).
        congruence. }
    assert (Sh : shape B fz L w').
    { apply sec_shape in Sc as [Sh _]. apply shape_change with fz w; auto.
      - apply tables_trees in T'. apply T'.
      - intros h' Lv'. apply (views_live _ _ _ V) in Lv'. destruct (Z.eq_dec h' h) as [->|N]; [eauto|].
        destruct (sh_pools _ _ _ _ Sh h' Lv') as [l' Q]. exists l'. auto.
      - intros h' fn q R F N. apply (n_leaf _ _ (sh_lent _ _ _ _ Sh)); auto. apply (same_names w w' Y); auto.
        apply (views_rooted _ _ _ V). exact R. }
    split; [|split; [|split]].
    - apply sec_shape. split; [exact Sh|]. apply tables_trees in T'. apply T'.
    - destruct (p_page _ _ _ _ Pl p (or_introl eq_refl)) as [Rp Sp]. constructor; auto.
      + rewrite S. exact Sp.
      + intros l' fn F. assert (R' : rooted w' h) by (left; apply (views_live _ _ _ V); exact Lv).
        rewrite (same_table_at w w' Y h l' fn R' F). apply (p_apart _ _ _ _ Pl); [left; reflexivity|exact F].
      + intros l' Q' I. rewrite (pool_unique B w' h l' l Q' Pl') in I. pose proof (p_different _ _ _ _ Pl) as Nd.
        inversion Nd; contradiction.
    - intros i Hi. rewrite Ew, Z.eqb_refl. destruct (Z.eqb_spec i 0) as [->|]; [reflexivity|].
      apply (p_zero _ _ _ _ Pl p i (or_introl eq_refl)). lia.
    - intros h' l' fn R F. apply (views_rooted _ _ _ V) in R. rewrite <- (v_root _ _ V h').
      rewrite (same_table_at w w' Y h' l' fn R F), (same_leaf_at w w' Y h' fn R F), (v_root _ _ V h'). auto.
  Qed.
End Pool.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Notation K := (kcore B cpu LI).

  Lemma pool_head w h l : pool_of B w h l -> vm_n_pool w h <> 0 -> exists r, l = vm_pool w h :: r.
  Proof.
    intros [P1 P2 _ _ _ _] N. destruct l as [|q r]; [cbn in P1; lia|]. cbn [linked] in P2. destruct P2 as [-> _]. eauto.
  Qed.

  Lemma pool_get_ok F : spec_pg_get B cpu LI (F "pg_get") -> spec_pg_set B cpu LI (F "pg_set") ->
    spec_pool_get B cpu LI (invoke F fuel f_pool_get).
  Proof.
    intros HG HS fz L h w Sc Lv N. pose proof (s_cs _ _ _ _ Sc) as C. pose proof (proj1 Lv) as Hh.
    destruct (s_pools _ _ _ _ Sc h Lv) as [l0 P0]. destruct (pool_head w h l0 P0 N) as [l ->]. clear N.
    set (p := vm_pool w h) in *. destruct (p_page _ _ _ _ P0 p (or_introl eq_refl)) as [Rp Sp].
    destruct (vmcore_fields h _ Hh Sp) as (Kp & _). 
    assert (N1 : 1 <= vm_n_pool w h) by (rewrite (p_count _ _ _ _ P0); cbn [List.length]; lia).
    enter. steps. read_locked C. change (wrap U64 (w_mem w ("vms.pool", [h]))) with p. steps.
    eapply wp_mono; [apply HG; [exact C|split; [exact Rp|left; exact Kp]|lia]|].
    cbv beta. intros ? w1 (J & C1 & ->). steps.
    pose proof (sec_interference B HB fz L w w1 Sc J) as Sc1.
    pose proof (unchanged_interference B HB w w1 (cs_inv _ _ C) J) as Q1.
    pose proof (unchanged_pool B w w1 Q1 fz h _ (s_tables _ _ _ _ Sc) Lv P0) as P1.
    assert (Lv1 : live w1 h) by (apply (unchanged_live B w w1 Q1); exact Lv).
    assert (E1 : w_mem w1 = w_mem w /\ w_meta w1 = w_meta w /\ w_held w1 = w_held w) by (destruct J as (r & -> & _); auto).
    destruct E1 as (Em1 & Et1 & Eh1). assert (Kp1 : kind (state w1 p) = PG_VMCORE) by (unfold state in *; rewrite Et1; exact Kp).
    assert (U1 : ~ used w1 p).
    { apply (vmcore_unused B HB fz w1 h); [apply C1|apply (s_tables _ _ _ _ Sc1)|exact Hh|unfold state in *; rewrite Et1; exact Sp|].
      intros l' fn Fr. apply (p_apart _ _ _ _ P1); [left; reflexivity|exact Fr]. }
    destruct (inv_write_unused B HB w1 p 0 0) as [I2 V2]; [apply C1|exact U1|exact Kp1|].
    eapply wp_mono; [apply HS; [exact C1|split; [exact Rp|left; exact Kp1]|exact U1|lia| |apply (i_secure B _ I2)]|].
    { intros X. apply (vmcore_free B w1 p); [apply C1|exact Kp1|left; exact X]. }
    cbv beta. intros ? w2 [E2 ->]. steps.
    assert (C2 : cs B w2) by (rewrite E2; split; [exact I2|apply C1]). rewrite <- E2 in V2.
    apply (write_plain B cpu LI); [exact C2|reflexivity|]. wrote C3 w3. steps.
    read_locked C3. steps.
    apply (write_plain B cpu LI); [exact C3|reflexivity|]. wrote C4 w4. steps.
    assert (En : wrap U64 (w_mem w3 ("vms.n_pool", [h])) = vm_n_pool w h).
    { change (w_mem w3) with (upd (w_mem w2) ("vms.pool", [h]) (word w1 p 0)). rewrite upd_name by reflexivity.
      rewrite E2. cbn. unfold vm_n_pool. rewrite Em1. reflexivity. }
    assert (Rn : in_ty U64 (vm_n_pool w h - 1)).
    { assert (Wi : in_ty U64 (vm_n_pool w h)) by apply wrap_in. unfold in_ty in *. lia. }
    assert (M4 : w_mem w4 = upd (upd (w_mem w) ("vms.pool", [h]) (word w1 p 0)) ("vms.n_pool", [h]) (vm_n_pool w h - 1)).
    { change (w_mem w4) with (upd (w_mem w3) ("vms.n_pool", [h]) (wrap U64 (wrap U64 (w_mem w3 ("vms.n_pool", [h])) - 1))).
      rewrite En, (wrap_small U64 _ Rn). change (w_mem w3) with (upd (w_mem w2) ("vms.pool", [h]) (word w1 p 0)).
      replace (w_mem w2) with (w_mem w) by (rewrite E2; symmetry; exact Em1). reflexivity. }
    destruct (pop B HB fz L w1 w4 h p l Sc1 Lv1 P1 C4) as (Sc4 & Sp4 & Z4 & SL).
    - unfold w4, w3. cbn. rewrite E2. reflexivity.
    - destruct V2 as [_ _ _ _ Ew El]. split; [intros h' l' fn t N' W; apply Ew; [exact N'|exact W]|
        intros k h' fn q N' W; apply El; [exact N'|exact W]].
    - intros c ix A1 A2. rewrite M4, Em1. rewrite !upd_name; [reflexivity| |]; apply String.eqb_neq; congruence.
    - intros h' A. unfold vm_pool, vm_n_pool. rewrite M4, Em1. split.
      + rewrite upd_name by reflexivity. rewrite upd_vm. destruct (Z.eqb_spec h h'); [congruence|reflexivity].
      + rewrite upd_vm. destruct (Z.eqb_spec h h'); [congruence|]. rewrite upd_name by reflexivity. reflexivity.
    - unfold vm_pool. rewrite M4, upd_name, upd_same by reflexivity. apply wrap_small, word_range.
    - unfold vm_n_pool at 1. rewrite M4, upd_same, (wrap_small U64 _ Rn). unfold vm_n_pool. rewrite Em1. reflexivity.
    - intros q i. change (word w4 q i) with (word w2 q i). rewrite E2, word_write. reflexivity.
    - exists p. sp; auto.
      + unfold vm_n_pool at 1. rewrite M4, upd_same. apply wrap_small, Rn.
      + intros h' l' fn R F'. assert (Er : vm_root w1 h' = vm_root w h') by (unfold vm_root; rewrite Em1; reflexivity).
        assert (R1 : rooted w1 h') by (apply (unchanged_rooted B w w1 Q1); exact R).
        pose proof (unchanged_trees B w w1 Q1 fz (s_tables _ _ _ _ Sc)) as Y1.
        destruct (SL h' l' fn R1 F') as [A1 A2]. rewrite Er in A1, A2. rewrite A1, A2.
        pose proof (same_table_at w w1 Y1 h' l' fn R1 F') as X1. pose proof (same_leaf_at w w1 Y1 h' fn R1 F') as X2.
        rewrite Er in X1, X2. auto.
      + constructor.
        * unfold w4, w3. cbn. rewrite E2. cbn. exact Eh1.
        * intros c ix A1 A2. rewrite M4. rewrite !upd_name; [reflexivity| |]; apply String.eqb_neq; congruence.
        * unfold w4, w3. cbn. rewrite E2. cbn. exact Et1.
  Qed.
End Proofs.
