(** * Taking leaves out of a VM's tables: proofs of release *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Host_Spec Host_Facts Own_Spec Own_Facts Walk_Spec Walk_Facts Lend_Spec
  Lend_Facts Revoke_Spec Revoke_Facts.
From Redoubt.gen Require Import mm_revoke.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Lemma release_lent_ok F : spec_page_unlend B cpu LI (F "page_unlend") ->
    spec_release_lent B cpu LI (invoke F fuel f_release_lent).
  Proof.
    intros HU p n h fn fz L w S Up N H. enter. steps.
    loop (fun m e w1 => exists i L1, m = n - i /\ 0 <= i <= n /\ e = [("pfn", Some p); ("n", Some n); ("i", Some i)] /\
      sec B fz L1 w1 /\ same_objects w w1 /\ w_ram w1 = w_ram w /\ w_tlb w1 = w_tlb w /\ (forall q, lent_less w w1 q) /\
      forall j, i <= j < n -> is_ram B (p + j) /\ In (h, fn + j) (L1 (p + j)) /\ ~ names w1 h (fn + j) 2 (p + j)) from n.
    - lia.
    - exists 0, L. sp; try lia; try reflexivity; [exact S|apply same_objects_refl|intros q; apply lent_less_refl|].
      intros j J. apply H. lia.
    - intros m e w1 M (i & L1 & -> & I & -> & S1 & Eo & Er & Et & Ll & H1).
      assert (Hi : i < n -> 0 <= p + i < 2 ^ 28) by (intros X; apply (ram_range B HB), H1; lia).
      steps.
      + destruct (H1 i) as (Ri & Ii & Ni); [lia|].
        eapply wp_mono; [apply (HU (p + i) (h, fn + i) fz L1); [exact S1|exact Ri|exact Ii|exact Ni]|].
        cbv beta. intros ? w2 (-> & S2 & Rc & K2). steps.
        exists (n - (i + 1)). split; [lia|]. exists (i + 1), (unlent_to (h, fn + i) (p + i) L1).
        sp; try lia; try reflexivity.
        * exact S2.
        * apply same_objects_trans with w1; [exact Eo|apply recounts_objects with B (p + i), Rc].
        * rewrite (rc_ram _ _ _ _ Rc). exact Er.
        * rewrite (rc_tlb _ _ _ _ Rc). exact Et.
        * intros q. apply lent_less_trans with w1; [apply Ll|]. destruct (Z.eq_dec q (p + i)) as [->|Nq].
          -- right. split; [|exact K2].
             destruct (Z.eq_dec (kind (state w1 (p + i))) PG_LENT) as [E0|E0]; [exact E0|].
             rewrite (n_other _ _ (s_lent B _ _ _ S1) _ E0) in Ii. contradiction.
          -- left. apply (rc_state B w1 w2 (p + i) Rc q Nq).
        * intros j J. destruct (H1 j) as (Rj & Ij & Nj); [lia|]. split; [exact Rj|]. split.
          -- unfold unlent_to. destruct (Z.eqb_spec (p + j) (p + i)); [lia|exact Ij].
          -- intros X. apply Nj. apply (rc_names B w1 w2 (p + i) Rc), X.
      + split; [reflexivity|]. split; [exists L1; exact S1|]. auto.
  Qed.

  (** ** One frozen leaf *)
  Section Put.
    Variables (fz : Z -> Z -> Prop) (L : Z -> list (Z * Z)) (w : world) (h fn s : Z).
    Hypothesis S : sec B fz L w.
    Hypothesis R : rooted w h.
    Hypothesis Fr : frame fn.
    Hypothesis Q : quiet w h.
    Hypothesis Hs : 0 <= s <= 2.
    Hypothesis Mr : may_release w h fn s.
    Hypothesis Z : frozen w h fn.
    Let fz' h' fn' := fz h' fn' /\ ~ (h' = h /\ slot w h fn fn').
    Let d := desc w h fn.

    Lemma frozen_even : d mod 2 = 0.
    Proof. unfold frozen in Z. apply frozen_bits in Z. unfold d. tauto. Qed.

    Lemma no_entry k fn' p : slot w h fn fn' -> ~ w_tlb w k h fn' p.
    Proof.
      intros C T. destruct (Q k fn' p T) as [_ V]. rewrite (slot_desc w h fn fn' C) in V.
      pose proof frozen_even as E. unfold d in E. unfold valid in V. lia.
    Qed.

    Lemma gone_fields : in_ty U64 (invalid_desc s) /\ soft (invalid_desc s) = 0 /\ invalid_desc s mod 2 = 0 /\
      leaf_state (invalid_desc s) = s.
    Proof.
      assert (s = 0 \/ s = 1 \/ s = 2) as [->|[->| ->]] by lia; repeat split; reflexivity || discriminate.
    Qed.

    Lemma may_thaw : may_put B fz fz' L w h fn (level w h fn) (invalid_desc s).
    Proof.
      destruct gone_fields as (U & S0 & _). constructor.
      - exact U.
      - intros X. contradiction.
      - intros _. destruct (rl_block _ _ _ _ Mr Z) as [->|E]; [left; reflexivity|].
        assert (s = 0 \/ s = 1 \/ s = 2) as [->|[->| ->]] by lia; [left; reflexivity|right..]; auto.
      - rewrite S0. discriminate.
      - rewrite S0. discriminate.
      - intros fn' _ _ X. rewrite S0 in X. discriminate.
      - intros fn' _ X. rewrite S0 in X. discriminate.
      - intros k fn' p C T. destruct (no_entry k fn' p C T).
      - intros h' fn' X. destruct (Z.eq_dec h' h) as [->|N]; [|right; split; [exact X|tauto]].
        destruct (slot_dec w h fn fn') as [C|C]; [left; auto|right; split; [exact X|tauto]].
    Qed.

    Lemma thaw_frozen : thaw s (leaf w h fn) = (level w h fn, invalid_desc s).
    Proof. unfold thaw. unfold frozen, desc in Z. rewrite Z, Z.eqb_refl. reflexivity. Qed.

    Section After.
      Variable w1 : world.
      Hypothesis S1 : sec B fz' L w1.
      Hypothesis P : put w h fn (level w h fn) (invalid_desc s) w1.

      Lemma put_objects : same_objects w w1.
      Proof. intros c ix _. rewrite (pt_mem _ _ _ _ _ _ P). reflexivity. Qed.

      Lemma put_state p : state w1 p = state w p.
      Proof. unfold state. rewrite (pt_meta _ _ _ _ _ _ P). reflexivity. Qed.

      Lemma put_quiet : quiet w1 h.
      Proof.
        intros k f p T. destruct (pt_tlb _ _ _ _ _ _ P _ _ _ _ T) as [T0|(_ & _ & V & _)].
        2: { unfold valid in V. pose proof gone_fields. lia. }
        destruct (Q k f p T0) as [F V]. split; [exact F|].
        assert (N : ~ slot w h fn f) by (intros C; exact (no_entry k f p C T0)).
        unfold desc. rewrite (put_leaf w h fn _ w1 h f P); [exact V|exact R|exact F|tauto].
      Qed.

      Lemma put_gone f s' p : slot w h fn f -> ~ names w1 h f s' p.
      Proof.
        intros C X. apply names_leaf in X as (E & N & _). apply N. rewrite <- E.
        unfold desc. rewrite (put_new w h fn _ w1 f P C). apply gone_fields.
      Qed.
    End After.
  End Put.

  Lemma private_named fz L w h fn : sec B fz L w -> rooted w h -> frame fn -> live w h -> level w h fn = 3 ->
    soft (desc w h fn) = 1 -> let p := output (desc w h fn) in
    names w h fn 1 p /\ is_ram B p /\ state w p = mk_state PG_VM h fn.
  Proof.
    intros S R F Lv E3 E1 p. assert (N : names w h fn 1 p).
    { apply names_leaf. split; [exact E1|]. split; [lia|]. rewrite E3. unfold leaf_frame. sizes.
      rewrite Z.div_1_r, Z.mul_1_r, Z.mod_1_r, Z.add_0_r. reflexivity. }
    split; [exact N|]. exact (l_private _ _ _ _ _ (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) p Lv N).
  Qed.

  (** A private page that no leaf names any more is involved in nothing. *)
  Lemma private_loose fz L w h fn p : sec B fz L w -> 1 <= h <= 255 -> frame fn -> state w p = mk_state PG_VM h fn ->
    (forall s, ~ names w h fn s p) -> ~ involved B w p.
  Proof.
    intros S Rh F Sp Nn I. unfold frame in F. destruct (private_state w p h fn Rh F Sp) as (Kp & Hp & Ap).
    destruct (proj1 (sec_vms B fz L w) S) as [_ V].
    destruct I as [h' l f R' F' E|h' l Lv P I|h' f Lv F' Nm|K0|h' i M ->|h' i M Pr ->].
    - destruct (t_page _ _ _ (s_tables _ _ _ _ S) h' l f p R' F' E) as [_ X].
      apply vmcore_state in X; [|apply vm_range with w; exact R']. pg; lia.
    - destruct (p_page _ _ _ _ P p I) as [_ X]. apply vmcore_state in X; [|apply Lv]. pg; lia.
    - destruct (l_private _ _ _ _ _ (t_leaf _ _ _ (s_tables _ _ _ _ S) h' f (or_introl Lv) F') p Lv Nm) as [_ X].
      destruct (private_state w p h' f (proj1 Lv) F' X) as (_ & Hp' & Ap').
      assert (Eh : h = h') by lia. assert (Ef : fn = f) by lia. apply (Nn 1). rewrite Eh, Ef. exact Nm.
    - pg; lia.
    - destruct (u_run _ _ (s_vcpus _ _ _ _ S) h' i M) as [_ X]. apply pinned_state in X; [|apply M]. pg; lia.
    - destruct (u_ctx _ _ (s_vcpus _ _ _ _ S) h' i M Pr) as (_ & X). apply ctx_state in X; [|apply M]. pg; lia.
  Qed.
  (** A private page that a frozen leaf named: after the leaf is gone, nobody reaches it. *)
  Lemma private_isolated w h fn p : cs B w -> 1 <= h <= 255 -> frame fn -> state w p = mk_state PG_VM h fn ->
    is_ram B p -> (forall k, ~ w_tlb w k h fn p) -> isolated w p.
  Proof.
    intros C Rh F Sp Rp N. destruct (private_state w p h fn Rh F Sp) as (Kp & Hp & Ap). split.
    - intros (h' & k & f & T). pose proof (s_tlb B w (i_secure B w (cs_inv B w C)) _ _ _ _ T) as A.
      unfold allowed in A. destruct (Z.eqb_spec h' 0) as [->|Nh].
      + destruct A as [_ [[_ A]|A]]; [pg; lia|exact (bo_dev B HB p A Rp)].
      + destruct A as [_ [A|(_ & A1 & A2)]]; [pg; lia|].
        assert (Eh : h' = h) by lia. assert (Ef : f = fn) by lia. rewrite Eh, Ef in T. exact (N k T).
    - apply (unused B); [apply C|pg; lia..].
  Qed.

  Lemma release_at_ok F : spec_walk_state B cpu LI (F "walk_state") -> spec_walk_leaf B cpu LI (F "walk_leaf") ->
    spec_walk_l3 B cpu LI (F "walk_l3") -> unary K (fun d => d / 2 ^ 12 mod 2 ^ 28) (F "desc_pfn") ->
    unary K (fun d => soft d * 2 ^ 55) (F "desc_sw") ->
    (forall s, 0 <= s < 4 -> computes K (F "desc_invalid") [s] (invalid_desc s)) ->
    spec_walk_put B cpu LI (F "walk_put") -> spec_own_return B cpu LI (F "own_return") ->
    spec_release_lent B cpu LI (F "release_lent") -> spec_release_at B cpu LI (invoke F fuel f_release_at).
  Proof.
    intros HS HL H3 HD HW HI HP HO HR fz L h fn s w S R Fr Q Hs Mr. pose proof (s_cs B _ _ _ S) as C.
    assert (Rh : 1 <= h <= 255) by (destruct R as [[X _]|[X _]]; exact X).
    pose proof (leaf_word B fz L w h fn S) as U. pose proof Fr as Fr'. unfold frame in Fr'.
    set (d := desc w h fn) in *. set (fz' := fun h' fn' => fz h' fn' /\ ~ (h' = h /\ slot w h fn fn')).
    enter. steps. read_locked C. change (wrap U64 (w_mem w ("vms.root", [h]))) with (vm_root w h). steps.
    read_tree HS S R Fr. steps. read_locked C. change (wrap U64 (w_mem w ("vms.root", [h]))) with (vm_root w h). steps.
    read_tree HL S R Fr. steps. read_locked C. change (wrap U64 (w_mem w ("vms.root", [h]))) with (vm_root w h). steps.
    read_tree H3 S R Fr. change (snd (leaf_at w (vm_root w h) fn)) with d. steps.
    pure HD. steps. pure HW. steps. eapply wp_mono; [apply HI; lia|]. cbv beta. intros ? ? [-> ->]. to_if.
    set (e0 n := [("h", Some h); ("ipa", Some fn); ("state", Some s); ("now", Some (leaf_state d)); ("d", Some d);
      ("l3", Some (pfn_or_none (table_at w (vm_root w h) 3 fn))); ("pfn", Some (d / 2 ^ 12 mod 2 ^ 28));
      ("sw", Some (soft d * 2 ^ 55)); ("gone", Some (invalid_desc s)); ("n", Some n)]).
    join (fun e w' => w' = w /\ frozen w h fn /\ e = e0 1).
    { steps.
      - (* not frozen *)
        assert (Nz : ~ frozen w h fn) by (unfold frozen; fold d; unfold LEAF_FROZEN; lia).
        exists 0, L. split; [reflexivity|]. split; [range|]. split; [|split; [exact Q|]].
        + apply sec_thin with fz; [exact S|]. intros h' f R' F' X.
          destruct (Z.eq_dec h' h) as [->|N]; [|left; split; [exact X|tauto]].
          destruct (slot_dec w h fn f) as [Cf|Cf]; [right|left; split; [exact X|tauto]].
          unfold frozen. rewrite (slot_desc w h fn f Cf). exact Nz.
        + constructor.
          * apply same_objects_refl.
          * intros f X. rewrite (slot_leaf w h fn f X). unfold thaw. unfold frozen, desc in Nz.
            destruct (Z.eqb_spec (leaf_state (snd (leaf w h fn))) LEAF_FROZEN); [contradiction|reflexivity].
          * reflexivity.
          * intros p X. contradiction.
          * intros p _. apply lent_less_refl.
      - split; [reflexivity|]. split; [exact E|reflexivity]. }
    intros e w' (-> & Z & ->).
    pose proof (frozen_soft B fz L w h fn S R Fr Z) as Sf. fold d in Sf.
    assert (Lv : level w h fn = 2 \/ level w h fn = 3) by (apply (soft_level B fz L w h fn S R Fr); fold d; lia).
    pose proof (t_leaf B _ w (s_tables B _ _ _ S) h fn R Fr) as O.
    destruct (l_type _ _ _ _ _ O _ _ (leaf_pair w h fn)) as (_ & Od & Oa); [fold d; lia|]. fold d in Od, Oa.
    join (fun e w' => w' = w /\ e = e0 (leaf_size (level w h fn))).
    { unfold e0. unfold level, leaf, leaf_at in Lv |- *.
      destruct (table_at w (vm_root w h) 3 fn) as [t|] eqn:T3; cbn [pfn_or_none fst] in *; [|unfold KC_NO_PFN].
      - destruct (t_page B _ w (s_tables B _ _ _ S) h 3 fn t R Fr T3) as [Rt _]. apply (ram_range B HB) in Rt. steps; [exfalso; lia|].
        split; reflexivity.
      - destruct (table_at w (vm_root w h) 2 fn); cbn [fst] in *; [|lia]. steps. split; reflexivity. }
    intros e w' (-> & ->). unfold e0. steps. clear e0.
    read_locked C. change (wrap U64 (w_mem w ("vms.root", [h]))) with (vm_root w h). steps.
    eapply wp_mono; [apply (HP fz fz' L); [exact S|exact R|exact Fr|change (level w h fn <> 1); lia|apply may_thaw; assumption]|].
    cbv beta. intros ? w1 (-> & S1 & P). change (fst (leaf_at w (vm_root w h) fn)) with (level w h fn) in P.
    pose proof (put_quiet fz w h fn s R Q Hs Mr Z w1 P) as Q1. pose proof (gone_fields w h fn s Hs Mr) as G0. steps.
    - (* private *)
      assert (E1 : soft d = 1) by lia. destruct (rl_private _ _ _ _ Mr Z E1) as [Al E3].
      destruct (private_named fz L w h fn S R Fr Al E3 E1) as (Nm & Rp & Sp). fold d in Nm, Rp, Sp.
      rewrite (pfn_output d Od). set (p := output d) in *.
      assert (Sp1 : state w1 p = mk_state PG_VM h fn) by (rewrite (put_state w h fn s w1 P); exact Sp).
      destruct (private_state w1 p h fn Rh Fr' Sp1) as (Kp & _).
      assert (Is : isolated w1 p).
      { apply private_isolated with h fn; auto; [exact (s_cs _ _ _ _ S1)|]. intros k T.
        destruct (Q1 k fn p T) as [_ V].
        unfold desc in V. rewrite (put_new w h fn _ w1 fn P (slot_refl w h fn)) in V. cbn [snd] in V.
        destruct G0 as (_ & _ & X & _). unfold valid in V. lia. }
      assert (Ni : ~ involved B w1 p).
      { apply (private_loose fz' L w1 h fn p S1 Rh Fr' Sp1). intros s' X. apply names_leaf in X as (X1 & X2 & _).
        apply X2. rewrite <- X1. unfold desc. rewrite (put_new w h fn _ w1 fn P (slot_refl w h fn)).
        apply G0. }
      eapply wp_mono; [apply HO; [lia|exact Rp|left; exact Kp|exact Is| |exact (s_cs _ _ _ _ S1)]|].
      { apply (unhoused B); [apply (s_cs _ _ _ _ S1)|pg; lia..]. }
      cbv beta. intros ? w2 (-> & C2 & S2 & V2). steps.
      assert (Np : forall q, p = q -> ~ involved B w1 q /\ kind (state w2 q) <> PG_LENT).
      { intros q <-. split; [exact Ni|]. rewrite S2. unfold kind, mk_state. pg. words. }
      pose proof (evolves_unchanged B _ _ w1 w2 V2 eq_refl Np) as Un.
      assert (Eo : same_objects w1 w2) by (intros c ix Sc; apply (q_mem _ _ _ Un); exact Sc).
      assert (R1 : forall h', rooted w1 h' <-> rooted w h').
      { intros h'. apply same_rooted, (put_objects w h fn s w1 P). }
      assert (Lf : forall h' f, rooted w h' -> frame f -> leaf w2 h' f = leaf w1 h' f).
      { intros h' f R' F'. apply (same_leaf_at w1 w2 (unchanged_trees B w1 w2 Un fz' (s_tables _ _ _ _ S1))); [|exact F'].
        apply (same_rooted w1 w2 h' Eo), R1, R'. }
      exists 0, L. split; [reflexivity|]. split; [range|]. split; [|split].
      + apply (sec_evolves B _ _ fz' L w1 w2 S1 C2 V2 eq_refl Np).
      + intros k f q T. apply (e_tlb _ _ _ _ _ V2) in T; [|lia].
        destruct (Q1 k f q T) as [F' V]. split; [exact F'|].
        unfold desc. rewrite (Lf h f R F'). exact V.
      + constructor.
        * apply same_objects_trans with w1; [apply (put_objects w h fn s w1 P)|exact Eo].
        * intros f X. rewrite (Lf h f R (slot_frame w h fn f Fr X)), (put_new w h fn _ w1 f P X).
          symmetry. apply thaw_frozen, Z.
        * intros h' f R' F' X. rewrite (Lf h' f R' F'). apply (put_leaf w h fn _ w1 h' f P R' F' X).
        * intros q _ X. apply names_leaf in X, Nm. assert (q = p) as -> by (destruct X as (_ & _ & <-), Nm as (_ & _ & <-); reflexivity).
          exact S2.
        * intros q X. left. destruct (Z.eq_dec q p) as [->|Nq]; [destruct X; split; [exact Z|exact Nm]|].
          unfold state at 1. rewrite (e_meta _ _ _ _ _ V2) by auto. apply (put_state w h fn s w1 P).
    - (* lent *)
      assert (E2 : soft d = 2) by lia. set (n := leaf_size (level w h fn)) in *.
      assert (Rn : n = 512 \/ n = 1) by (unfold n; destruct Lv as [->| ->]; [left|right]; reflexivity).
      set (base := fn / n * n).
      assert (Sl : forall i, 0 <= i < n -> slot w h fn (base + i)).
      { intros i I. unfold slot, covered. fold n. unfold base. destruct Rn as [-> | ->]; words. }
      rewrite (pfn_output d Od).
      eapply wp_mono; [apply (HR (output d) n h base fz' L w1 S1)|].
      { pose proof (output_range d). unfold in_ty, modulus. lia. }
      { lia. }
      { intros i I. pose proof (Sl i I) as X. pose proof (slot_frame w h fn _ Fr X) as F'.
        assert (Nm : names w h (base + i) 2 (output d + i)).
        { apply names_leaf. rewrite (slot_desc w h fn _ X), (slot_level w h fn _ X). fold d n. split; [exact E2|]. split; [lia|].
          unfold leaf_frame. fold n. unfold base. clear - Oa I Rn. destruct Rn as [->| ->]; words. }
        destruct (l_lent _ _ _ _ _ (t_leaf B _ w (s_tables B _ _ _ S) h _ R F') _ Nm) as [Rp _].
        split; [exact Rp|]. split; [exact (n_leaf _ _ (s_lent B _ _ _ S) h _ _ R F' Nm)|].
        apply (put_gone w h fn s Hs Mr w1 P). exact X. }
      cbv beta. intros ? w2 (-> & (L' & S2) & Eo & Er & Et & Ll). steps.
      assert (Lf : forall h' f, leaf w2 h' f = leaf w1 h' f).
      { intros h' f. apply ram_leaf; [exact Er|apply same_root, Eo]. }
      exists n, L'. split; [reflexivity|]. split; [unfold in_ty, modulus; lia|]. split; [exact S2|]. split.
      + intros k f q T. rewrite Et in T. destruct (Q1 k f q T) as [F' V].
        split; [exact F'|]. unfold desc. rewrite Lf. exact V.
      + constructor.
        * apply same_objects_trans with w1; [apply (put_objects w h fn s w1 P)|exact Eo].
        * intros f X. rewrite Lf, (put_new w h fn _ w1 f P X). symmetry. apply thaw_frozen, Z.
        * intros h' f R' F' X. rewrite Lf. apply (put_leaf w h fn _ w1 h' f P R' F' X).
        * intros q _ X. apply names_leaf in X. fold d in X. lia.
        * intros q _. specialize (Ll q). unfold lent_less in *. rewrite (put_state w h fn s w1 P) in Ll. exact Ll.
  Qed.
End Proofs.
