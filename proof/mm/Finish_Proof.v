(** * Taking leaves out of a VM's tables: the proof of the end *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Page_Spec Page_Facts Walk_Spec Walk_Facts Lend_Spec Lend_Facts Revoke_Spec Revoke_Facts.
From Redoubt.gen Require Import mm_revoke.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma thaw_level s a : fst (thaw s a) = fst a.
Proof. unfold thaw. destruct (_ =? _); reflexivity. Qed.

Lemma thaw_not s a : 0 <= s <= 2 -> leaf_state (snd (thaw s a)) <> LEAF_FROZEN.
Proof.
  intros Hs. unfold thaw. destruct (Z.eqb_spec (leaf_state (snd a)) LEAF_FROZEN) as [E|E]; [|exact E].
  assert (s = 0 \/ s = 1 \/ s = 2) as [->|[->| ->]] by lia; discriminate.
Qed.

(** While leaves are released: each is as it was, or thawed. *)
Record revoking (h s : Z) (w w' : world) : Prop := {
  rg_objects : same_objects w w';
  rg_leaf : forall h' fn, rooted w h' -> frame fn ->
    leaf w' h' fn = leaf w h' fn \/ leaf w' h' fn = thaw s (leaf w h' fn);
  rg_private : forall fn p, frame fn -> frozen w h fn -> names w h fn 1 p ->
    leaf w' h fn = leaf w h fn /\ state w' p = state w p \/ state w' p = mk_state PG_HOST 0 0;
  rg_other : forall p, ~ freed w h p -> lent_less w w' p }.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Section Step.
    Variables (fz : Z -> Z -> Prop) (L : Z -> list (Z * Z)) (w : world) (h from to s : Z).
    Hypothesis S : sec B fz L w.
    Hypothesis R : rooted w h.
    Hypothesis Hs : 0 <= s <= 2.
    Hypothesis Fb : frozen_between fz w h from to s.

    Lemma still_frozen w' fn : revoking h s w w' -> frame fn -> frozen w' h fn ->
      leaf w' h fn = leaf w h fn /\ frozen w h fn /\ fz h fn.
    Proof.
      intros G F Z. assert (E : leaf w' h fn = leaf w h fn).
      { destruct (rg_leaf _ _ _ _ G h fn R F) as [E|E]; [exact E|]. exfalso.
        unfold frozen, desc in Z. rewrite E in Z. exact (thaw_not s _ Hs Z). }
      assert (Z0 : frozen w h fn) by (unfold frozen, desc in *; rewrite <- E; exact Z).
      split; [exact E|]. split; [exact Z0|]. exact (sec_frozen B fz L w h fn S R F Z0).
    Qed.

    Lemma revoking_level w' h' fn : revoking h s w w' -> rooted w h' -> frame fn -> level w' h' fn = level w h' fn.
    Proof.
      intros G R' F. unfold level. destruct (rg_leaf _ _ _ _ G h' fn R' F) as [->| ->]; [reflexivity|apply thaw_level].
    Qed.

    Lemma private_of fn p : frame fn -> frozen w h fn -> names w h fn 1 p ->
      live w h /\ level w h fn = 3 /\ state w p = mk_state PG_VM h fn.
    Proof.
      intros F Z N. pose proof (sec_frozen B fz L w h fn S R F Z) as X. pose proof N as N'.
      apply names_leaf in N' as (E & _). destruct (rl_private _ _ _ _ (fb_release _ _ _ _ _ _ Fb fn F X) Z E) as [Lv El].
      split; [exact Lv|]. split; [exact El|].
      apply (l_private _ _ _ _ _ (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) p Lv N).
    Qed.

    Lemma revoking_step fz1 L1 w1 w2 fn : sec B fz1 L1 w1 -> revoking h s w w1 -> frame fn -> release h fn s w1 w2 -> revoking h s w w2.
    Proof.
      intros S1 G F Re. pose proof (same_objects_trans _ _ _ (rg_objects _ _ _ _ G) (re_objects _ _ _ _ _ Re)) as Eo.
      assert (Rh : 1 <= h <= 255) by (apply vm_range with w; exact R).
      assert (R1 : forall h', rooted w h' -> rooted w1 h') by (intros h' X; apply (same_rooted w w1 h' (rg_objects _ _ _ _ G)), X).
      assert (Ff : forall p, frozen w1 h fn /\ names w1 h fn 1 p -> frozen w h fn /\ names w h fn 1 p).
      { intros p [Z N]. destruct (still_frozen w1 fn G F Z) as (E & Z0 & _). split; [exact Z0|].
        apply names_leaf. apply names_leaf in N. unfold desc, level in *. rewrite E in N. exact N. }
      constructor.
      - exact Eo.
      - intros h' f R' F'. destruct (Z.eq_dec h' h) as [->|Nh].
        + destruct (slot_dec w1 h fn f) as [C|C].
          * rewrite (re_in _ _ _ _ _ Re f C). rewrite <- (slot_leaf w1 h fn f C).
            destruct (rg_leaf _ _ _ _ G h f R' F') as [E|E]; rewrite E; [right; reflexivity|right].
            unfold thaw at 1. destruct (Z.eqb_spec (leaf_state (snd (thaw s (leaf w h f)))) LEAF_FROZEN) as [X|X]; [|reflexivity].
            destruct (thaw_not s _ Hs X).
          * rewrite (re_out _ _ _ _ _ Re h f (R1 h R') F') by tauto. apply (rg_leaf _ _ _ _ G); assumption.
        + rewrite (re_out _ _ _ _ _ Re h' f (R1 h' R') F') by tauto. apply (rg_leaf _ _ _ _ G); assumption.
      - intros f p F' Z N. destruct (private_of f p F' Z N) as (Lv & E3 & Sp).
        destruct (private_state w p h f Rh F' Sp) as (Kp & _ & Ap).
        destruct (rg_private _ _ _ _ G f p F' Z N) as [[E Es]|Es].
        + destruct (slot_dec w1 h fn f) as [C|C].
          * right. assert (Ef : f = fn).
            { apply slot_sym in C. unfold slot, covered in C. rewrite (revoking_level w1 h f G R F'), E3 in C. sizes.
              rewrite !Z.div_1_r in C. lia. }
            clear Ap. subst f. apply (re_private _ _ _ _ _ Re).
            -- unfold frozen, desc. rewrite E. exact Z.
            -- apply names_leaf. apply names_leaf in N. unfold desc, level in *. rewrite E. exact N.
          * left. split; [rewrite (re_out _ _ _ _ _ Re h f (R1 h R) F') by tauto; exact E|].
            destruct (re_other _ _ _ _ _ Re p) as [X|[X _]].
            -- intros X. apply Ff in X as [Z' N']. destruct (private_of fn p F Z' N') as (_ & _ & Sp').
               destruct (private_state w p h fn Rh F Sp') as (_ & _ & Ap'). apply C. replace f with fn by lia. apply slot_refl.
            -- rewrite X. exact Es.
            -- rewrite Es in X. pg; lia.
        + right. destruct (re_other _ _ _ _ _ Re p) as [X|[X _]].
          * intros X. pose proof X as [Z1 N1]. apply Ff in X as [Z' N']. destruct (private_of fn p F Z' N') as (Lv' & _).
            assert (Lv1 : live w1 h).
            { unfold live, vm_state in *. rewrite (rg_objects _ _ _ _ G) by reflexivity. exact Lv'. }
            destruct (l_private _ _ _ _ _ (t_leaf B _ w1 (s_tables B _ _ _ S1) h fn (R1 h R) F) p Lv1 N1) as [_ Y].
            rewrite Y in Es. unfold mk_state in Es. pg. lia.
          * rewrite X. exact Es.
          * rewrite Es in X. unfold kind, mk_state in X. pg. words.
      - intros p N. apply lent_less_trans with w1; [apply (rg_other _ _ _ _ G p N)|].
        apply (re_other _ _ _ _ _ Re). intros X. apply N. exists fn. split; [exact F|]. apply Ff, X.
    Qed.
  End Step.

  Lemma revoking_refl h s w : revoking h s w w.
  Proof.
    constructor; auto.
    - apply same_objects_refl.
    - intros p _. apply lent_less_refl.
  Qed.

  Lemma revoke_finish_ok F : spec_tlb_inval_vm B cpu LI (F "tlb_inval_vm") -> spec_release_at B cpu LI (F "release_at") ->
    spec_walk_next B cpu LI (F "walk_next") -> spec_revoke_finish B cpu LI (invoke F fuel f_revoke_finish).
  Proof.
    intros HT HR HN fz L h from to s w S R Hs Fb. pose proof (s_cs B _ _ _ S) as C.
    assert (Rh : 1 <= h <= 255) by (apply vm_range with w; exact R).
    destruct (fb_word _ _ _ _ _ _ Fb) as [Uf Ut].
    enter. steps. read_locked C. change (wrap U64 (w_mem w ("n_frozen", []))) with (n_frozen w). steps.
    - (* nothing is frozen *)
      assert (Nz : forall h' fn, ~ fz h' fn).
      { intros h' fn X. destruct (fb_in _ _ _ _ _ _ Fb _ _ X) as (-> & _). exact (fb_count _ _ _ _ _ _ Fb E fn X). }
      assert (S0 : sec B unfrozen L w) by (apply sec_thin with fz; [exact S|intros h' fn _ _ X; destruct (Nz _ _ X)]).
      assert (Nf : forall h' fn, rooted w h' -> frame fn -> ~ frozen w h' fn).
      { intros h' fn R' F' X. exact (sec_frozen B unfrozen L w h' fn S0 R' F' X). }
      split; [reflexivity|]. split; [exists L; exact S0|]. constructor.
      + reflexivity.
      + intros h' fn R' F'. symmetry. apply thaw_same. auto.
      + intros p (fn & F' & X & _). destruct (Nf h fn R F' X).
      + intros p _. apply lent_less_refl.
    - read_locked C. change (wrap U64 (w_mem w ("vms.root", [h]))) with (vm_root w h). steps.
      eapply wp_mono; [apply HT; [exact C|right; auto]|].
      cbv beta. intros ? ? ((w0 & J & _ & ->) & ->). steps.
      destruct (invalidated B HB fz L w w0 h S R J) as (S1 & O1 & Q1 & M1 & L1).
      set (w1 := invalidate B h w0) in *. clearbody w1. clear w0 J.
      destruct (fb_steps _ _ _ _ _ _ Fb) as (n0 & Hn0 & Hr0).
      set (lv := level w h) in *.
      assert (Sl : forall f' f, slot w h f' f -> next_of lv f = next_of lv f') by (intros f' f X; apply next_slot, X).
      loop (fun m e w2 => exists at_ lent x L2 k, m = Z.of_nat k /\ reaches lv k at_ to /\
        e = [("h", Some h); ("from", Some from); ("to", Some to); ("state", Some s); ("at", Some at_); ("lent", Some lent); ("n", x)] /\
        in_ty U64 at_ /\ from <= at_ /\ (at_ = from \/ exists g, frame g /\ at_ = next_of lv g) /\
        sec B (fun h' f => fz h' f /\ at_ < next_of lv f) L2 w2 /\ quiet w2 h /\ revoking h s w w2) from (Z.of_nat n0).
      + lia.
      + exists from, 0, None, L, n0. sp; try reflexivity; auto; try lia.
        * apply sec_thin with fz; [exact S1|]. intros h' f _ _ X. left. split; [exact X|].
          destruct (fb_in _ _ _ _ _ _ Fb _ _ X) as (-> & F' & f' & I & Sf). rewrite (Sl f' f Sf).
          pose proof (next_after w h f'). fold lv in H. lia.
        * constructor.
          -- exact O1.
          -- intros h' fn R' F'. left. auto.
          -- intros fn p F' _ _. left. split; [auto|]. unfold state. rewrite M1. reflexivity.
          -- intros p _. left. unfold state. rewrite M1. reflexivity.
      + intros m e w2 Mm (at_ & lent & x & L2 & k & -> & Hk & -> & Ua & Fa & Ha & S2 & Q2 & G2). pose proof (s_cs _ _ _ _ S2) as C2.
        pose proof (rg_objects _ _ _ _ G2) as O2.
        assert (R2 : rooted w2 h) by (apply (same_rooted w w2 h O2), R).
        steps.
        * (* one more *)
          assert (Fr : frame at_). { pose proof (fb_end _ _ _ _ _ _ Fb). unfold in_ty in Uf. unfold frame. lia. }
          destruct k as [|k]; [destruct Hk as [Hk|[]]; lia|]. destruct Hk as [Hk|Hk]; [lia|].
          assert (Mr : may_release w2 h at_ s).
          { assert (X : frozen w2 h at_ -> may_release w h at_ s /\ frozen w h at_ /\ leaf w2 h at_ = leaf w h at_).
            { intros Z. destruct (still_frozen fz L w h s S R Hs w2 at_ G2 Fr Z) as (E' & Z0 & X).
              split; [exact (fb_release _ _ _ _ _ _ Fb at_ Fr X)|]. split; assumption. }
            constructor.
            - intros Z Sf. destruct (X Z) as ([A _] & Z0 & E'). unfold desc, level in *. rewrite E' in *. destruct (A Z0 Sf) as [Lv El].
              split; [|exact El]. unfold live, vm_state in *. rewrite O2 by reflexivity. exact Lv.
            - intros Z. destruct (X Z) as ([_ A] & Z0 & E'). unfold level in *. rewrite E'. exact (A Z0). }
          eapply wp_mono; [apply (HR (fun h' f => fz h' f /\ at_ < next_of lv f) L2 h at_ s w2 S2 R2 Fr Q2 Hs Mr)|].
          cbv beta. intros ? w3 (v & L3 & -> & Uv & S3 & Q3 & Re). steps.
          pose proof (revoking_step fz L w h from to s S R Hs Fb _ L2 w2 w3 at_ S2 G2 Fr Re) as G3.
          pose proof (rg_objects _ _ _ _ G3) as O3. pose proof (s_cs _ _ _ _ S3) as C3.
          assert (R3 : rooted w3 h) by (apply (same_rooted w w3 h O3), R).
          read_locked C3. change (wrap U64 (w_mem w3 ("vms.root", [h]))) with (vm_root w3 h). steps.
          read_tree HN S3 R3 Fr. steps.
          change (fst (leaf_at w3 (vm_root w3 h) at_)) with (level w3 h at_).
          rewrite (revoking_level w h s w3 h at_ G3 R Fr). change (level w h at_) with (lv at_).
          change ((at_ / leaf_size (lv at_) + 1) * leaf_size (lv at_)) with (next_of lv at_).
          pose proof (next_after w h at_) as Na. fold lv in Na. pose proof (next_bound w h at_ Fr) as Nb. fold lv in Nb.
          exists (Z.of_nat k). split; [lia|]. exists (next_of lv at_). eexists. exists (Some v), L3, k.
          sp; try reflexivity; try exact Hk; try lia.
          -- unfold in_ty, modulus in *. unfold frame in Fr. lia.
          -- right. exists at_. auto.
          -- eapply sec_thin; [exact S3|]. cbv beta. intros h' f R' F' [[X Y] Z]. left. split; [exact X|].
             destruct (fb_in _ _ _ _ _ _ Fb _ _ X) as (-> & _ & _). apply (next_split w h); [|exact Y].
             intros Sf. apply Z. split; [reflexivity|]. unfold slot in *. rewrite (revoking_level w h s w2 h at_ G2 R Fr). exact Sf.
          -- exact Q3.
          -- exact G3.
        * (* the end *)
          assert (S2' : sec B unfrozen L2 w2).
          { eapply sec_thin; [exact S2|]. cbv beta. intros h' f R' F' [X Y]. exfalso.
            destruct (fb_in _ _ _ _ _ _ Fb _ _ X) as (-> & _ & f' & I & Sf). rewrite (Sl f' f Sf) in Y.
            destruct Ha as [->|(g & Fg & ->)]; [lia|].
            pose proof (next_after w h g) as Ng. fold lv in Ng.
            assert (A : slot w h f' (next_of lv g - 1)) by (apply slot_between; fold lv; lia).
            assert (A' : slot w h g (next_of lv g - 1)).
            { apply slot_between. fold lv. lia. }
            pose proof (Sl _ _ A). pose proof (Sl _ _ A'). lia. }
          assert (Rk : 0 <= vm_n_lent w2 h < 2 ^ 64) by apply wrap_in.
          read_locked C2. steps.
          apply (write_plain B cpu LI); [exact C2|reflexivity|]. intros _ C4. steps.
          match goal with |- context [write_cell B ("vms.n_lent", [h]) ?x w2] => set (v := x) end.
          pose proof (sec_count B unfrozen L2 w2 h v S2' R2) as S4. set (w4 := write_cell B ("vms.n_lent", [h]) v w2) in *.
          assert (Lf : forall h' f, leaf w4 h' f = leaf w2 h' f).
          { intros h' f. apply ram_leaf; [reflexivity|]. reflexivity. }
          assert (Nf : forall h' f, rooted w h' -> frame f -> ~ frozen w2 h' f).
          { intros h' f R' F' X. apply (sec_frozen B unfrozen L2 w2 h' f S2'); [apply (same_rooted w w2 h' O2), R'|exact F'|exact X]. }
          split; [reflexivity|]. split; [exists L2; exact S4|]. constructor.
          -- intros c ix Sc Nc. rewrite <- (O2 c ix Sc). apply (upd_name (w_mem w2)).
             destruct (String.eqb_spec "vms.n_lent" c) as [<-|]; [contradiction|reflexivity].
          -- intros h' f R' F'. rewrite Lf. destruct (rg_leaf _ _ _ _ G2 h' f R' F') as [Ef|Ef]; [|exact Ef].
             rewrite Ef. symmetry. apply thaw_same. intros X. apply (Nf h' f R' F'). unfold frozen, desc in *. rewrite Ef. exact X.
          -- intros p (f & F' & X & N). destruct (rg_private _ _ _ _ G2 f p F' X N) as [[Ef _]|Ef]; [|exact Ef].
             exfalso. apply (Nf h f R F'). unfold frozen, desc in *. rewrite Ef. exact X.
          -- intros p N. exact (rg_other _ _ _ _ G2 p N).
  Qed.
End Proofs.
