(** * KServ's pages become private pages of a VM: proof of own_take_private *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Own_Spec Own_Facts Structure_Frame Structure_Facts Structure_Steps Walk_Spec Table_Spec Donate_Spec.
From Redoubt.gen Require Import mm_own.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop) (fuel : nat).
  Hypothesis HB : board_ok B.
  Hypothesis Hfuel : 600 < Z.of_nat fuel.
  Notation K := (kcore B cpu LI).

  Definition counters : list ident := ["n_kind"; "vms.n_pages"].

  (** [i] of the pages are taken. *)
  Record taking (h fn p n : Z) (w : world) (i : Z) (x : world) : Prop := {
    tk_cs : cs B x;
    tk_ev : evolves B counters (fun q => p <= q < p + n) w x;
    tk_iso : forall j, 0 <= j < n -> isolated x (p + j);
    tk_done : forall j, 0 <= j < i -> state x (p + j) = mk_state PG_VM h (fn + j) /\ (vm_state w h <> VM_NEW -> zeroed x (p + j));
    tk_left : forall j, i <= j < n -> state x (p + j) = state w (p + j) }.

  Lemma fewer_cells (P Q : Z -> Prop) a b : (forall q, P q -> Q q) -> evolves B [] P a b -> evolves B counters Q a b.
  Proof. intros H. apply evolves_weaken; [|exact H]. intros c _. reflexivity. Qed.

  Lemma own_take_private_ok F : spec_host_unmap_block B cpu LI (F "host_unmap_block") ->
    spec_host_unmap_page B cpu LI (F "host_unmap_page") ->
    (forall k h a, 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
      computes K (F "word_make") [k; h; a] (mk_state k h a)) ->
    spec_page_sync B cpu LI (F "page_sync") -> spec_page_zero B cpu LI (F "page_zero") ->
    spec_page_put B cpu LI (F "page_put") -> spec_page_count B cpu LI (F "page_count") ->
    spec_own_take_private B cpu LI (invoke F fuel f_own_take_private).
  Proof.
    intros HUb HUp HW HSy HZ HS HC fz L h fn p n w Sc Lv Hn F0 F1 Pn Hp. pose proof (proj1 Lv) as Hh.
    pose proof (s_cs _ _ _ _ Sc) as C. destruct (Hp 0 ltac:(lia)) as [R0 _]. rewrite Z.add_0_r in R0.
    pose proof (ram_range B HB p R0) as Rp0.
    assert (Rpn : 0 <= p /\ p + n <= 2 ^ 28).
    { destruct (Hp (n - 1) ltac:(lia)) as [Rl _]. pose proof (ram_range B HB _ Rl). lia. }
    enter. steps. read_locked C. change (wrap U32 (w_mem w ("vms.state", [h]))) with (vm_state w h). to_if.
    join (fun e x => e = [("h", Some h); ("ipa", Some fn); ("pfn", Some p); ("n", Some n); ("i", Some 0);
        ("state", Some (vm_state w h)); ("word", None)] /\
      taking h fn p n w 0 x).
    { (* out of KServ's reach *)
      assert (Out : forall x, cs B x -> evolves B [] no_page w x -> (forall j, 0 <= j < n -> ~ reach x 0 (p + j)) -> taking h fn p n w 0 x).
      { intros x Cx V N. assert (S : forall q, state x q = state w q) by (intros q; apply (evolves_state B w x q V)).
        constructor; auto.
        - apply (fewer_cells no_page); [intros q []|exact V].
        - intros j Hj. eapply host_isolated; [apply Cx|rewrite S; apply (Hp j Hj)|apply N, Hj].
        - intros j Hj. lia. }
      steps.
      - eapply wp_mono; [apply HUb; [exact R0|exact C]|]. cbv beta. intros ? x (-> & Cx & V & N). steps. split; [reflexivity|].
        apply Out; auto. intros j Hj. apply N. subst n. clear - Pn Hj. words.
      - eapply wp_mono; [apply HUp; [exact R0|exact C]|]. cbv beta. intros ? x (-> & Cx & V & N). steps. split; [reflexivity|].
        apply Out; auto. intros j Hj. replace (p + j) with p by lia. exact N. }
    intros e x (-> & Tk). steps.
    loop (fun m e x => exists i o, m = n - i /\ 0 <= i <= n /\ taking h fn p n w i x /\
      e = [("h", Some h); ("ipa", Some fn); ("pfn", Some p); ("n", Some n); ("i", Some i);
        ("state", Some (vm_state w h)); ("word", o)]) from n.
    - lia.
    - exists 0. eexists. sp; try lia; [exact Tk|reflexivity].
    - clear x Tk. intros m e x Hm (i & o & -> & Hi & Tk & ->). steps.
      + assert (Hj : 0 <= i < n) by lia. destruct (Hp i Hj) as [Ri Ki].
        assert (Hw : mk_state PG_VM h (fn + i) = mk_state 4 h (fn + i)) by reflexivity.
        pure HW. to_if.
        join (fun e x' => taking h fn p n w i x' /\ (vm_state w h <> VM_NEW -> zeroed x' (p + i)) /\
          e = [("h", Some h); ("ipa", Some fn); ("pfn", Some p); ("n", Some n); ("i", Some i); ("state", Some (vm_state w h));
            ("word", Some (mk_state 4 h (fn + i)))]).
        * steps.
          -- eapply wp_mono; [apply HSy; [apply Tk|exact Ri|apply Tk, Hj]|]. cbv beta. intros ? ? [-> ->]. steps.
             sp; auto. intros Y. unfold VM_NEW in Y. contradiction.
          -- assert (Kx : kind (state x (p + i)) <> PG_CORE).
             { rewrite (tk_left _ _ _ _ _ _ _ Tk) by lia. pg; lia. }
             pose proof (tk_cs _ _ _ _ _ _ _ Tk) as Cx. pose proof (tk_iso _ _ _ _ _ _ _ Tk i Hj) as Ix.
             eapply wp_mono; [apply HZ; [exact Cx|exact Ri|exact Ix|exact Kx|]|].
             { apply (unused_kind B); [apply Cx|exact Kx|]. rewrite (tk_left _ _ _ _ _ _ _ Tk) by lia. pg; lia. }
             cbv beta. intros ? y [Ey ->]. steps.
             assert (Zy : forall q, zeroed x q \/ q = p + i -> zeroed y q).
             { intros q [Zq| ->]; [|rewrite Ey; apply zero_zeroed]. intros k Hk. rewrite Ey. unfold word, zero_page; cbn.
               unfold store_page. destruct (q =? p + i); [reflexivity|]. apply (Zq k Hk). }
             assert (Sy : forall q, state y q = state x q) by (intros q; rewrite Ey; reflexivity).
             sp; auto. constructor.
             ++ rewrite Ey. split; [apply inv_zero; [exact HB|apply Cx|exact Ix|exact Kx]|apply Cx].
             ++ eapply evolves_trans; [apply Tk|]. apply (fewer_cells (fun q => p <= q < p + n)); [auto|].
                rewrite Ey. apply evolves_zero; [apply Cx|exact Ix|exact Kx|lia].
             ++ intros j Hj'. rewrite Ey. apply zero_isolated; [apply Cx|exact Ix|exact Kx|apply Tk, Hj'].
             ++ intros j Hj'. rewrite Sy. destruct (tk_done _ _ _ _ _ _ _ Tk j Hj') as [A1 A2]. auto.
             ++ intros j Hj'. rewrite Sy. apply (tk_left _ _ _ _ _ _ _ Tk), Hj'.
        * clear x Tk. intros e x (Tk & Zi & ->). steps.
          destruct (mk_state_fields 4 h (fn + i)) as (Uw & Kw & Hw1 & _); [lia|lia|lia|].
          pose proof (tk_cs _ _ _ _ _ _ _ Tk) as Cx. pose proof (tk_iso _ _ _ _ _ _ _ Tk i Hj) as Ix.
          assert (Kx : kind (state x (p + i)) = PG_HOST) by (rewrite (tk_left _ _ _ _ _ _ _ Tk) by lia; exact Ki).
          assert (Es : vm_state x h = vm_state w h).
          { unfold vm_state. rewrite (e_mem _ _ _ _ _ (tk_ev _ _ _ _ _ _ _ Tk)) by reflexivity. reflexivity. }
          assert (M : may_set B x (p + i) (mk_state 4 h (fn + i))).
          { constructor; auto.
            - pg; lia.
            - apply Ix.
            - apply (unhoused B); [apply Cx|pg; lia..].
            - intros k h' fn' Y. destruct (proj1 Ix). exists h', k, fn'. exact Y.
            - right. split; [exact Ix|]. rewrite (wrap_small U64 _ Uw), Hw1, Kw, Es.
              destruct (Z.eq_dec (vm_state w h) VM_NEW) as [En|En]; [right|left; auto].
              split; [unfold owner_of; rewrite Kx; reflexivity|]. auto. }
          eapply wp_mono; [apply HS; [exact Cx|exact M]|].
          cbv beta. intros ? y (-> & Cy & Sy & Vy & Er & Ew & Et). steps.
          assert (So : forall j, j <> i -> state y (p + j) = state x (p + j)).
          { intros j N. unfold state. rewrite (e_meta _ _ _ _ _ Vy); [reflexivity|lia]. }
          assert (Zo : forall q, zeroed x q -> zeroed y q).
          { intros q Zq k Hk. unfold word. rewrite Er. apply (Zq k Hk). }
          exists (n - (i + 1)). split; [lia|]. exists (i + 1). eexists. sp; try lia; [|reflexivity]. constructor.
          -- exact Cy.
          -- eapply evolves_trans; [apply Tk|]. eapply evolves_weaken; [| |exact Vy].
             ++ intros c. unfold counters. cbn. rewrite ?orb_false_iff. tauto.
             ++ intros q <-. lia.
          -- intros j Hj'. destruct (tk_iso _ _ _ _ _ _ _ Tk j Hj') as [A1 A2].
             split; [intros (h' & k & f & Y); apply A1|intros (h' & l & f & Y); apply A2];
               [rewrite Et in Y; exists h', k, f; exact Y|rewrite Ew in Y; exists h', l, f; exact Y].
          -- intros j Hj'. destruct (Z.eq_dec j i) as [->|N]; [auto|]. rewrite So by exact N.
             destruct (tk_done _ _ _ _ _ _ _ Tk j) as [A1 A2]; [lia|]. auto.
          -- intros j Hj'. rewrite So by lia. apply (tk_left _ _ _ _ _ _ _ Tk). lia.
      + assert (i = n) as -> by lia. pose proof (tk_cs _ _ _ _ _ _ _ Tk) as Cx0.
        eapply wp_mono; [apply HC; [exact Cx0|lia|lia|range]|]. cbv beta. intros ? x1 (-> & Cx & V1 & k1 & k2 & c1 & c2 & E1). steps.
        read_locked Cx. steps.
        apply (write_plain B cpu LI); [exact Cx|reflexivity|]. wrote Cy y. steps. split; [reflexivity|].
        assert (Vy : evolves B counters (fun q => p <= q < p + n) w y).
        { eapply evolves_trans; [apply Tk|]. eapply evolves_trans.
          { eapply evolves_weaken; [| |exact V1]; [intros c; unfold counters; cbn; rewrite ?orb_false_iff; tauto|intros q []]. }
          eapply evolves_weaken with (pages := no_page); [| |apply evolves_write_cell with (cells := ["vms.n_pages"]); reflexivity].
          - intros c. unfold counters. cbn. rewrite ?orb_false_iff. tauto.
          - intros q []. }
        split; [|split; [|exact Vy]].
        * apply (sec_evolves B counters (fun q => p <= q < p + n) fz L w y Sc Cy Vy eq_refl).
          intros q Hq. replace q with (p + (q - p)) by lia. destruct (Hp (q - p) ltac:(lia)) as [_ Kq]. split.
          -- apply sec_vms in Sc as [_ Vo]. exact (host_apart B fz L w _ Vo Kq).
          -- change (state y (p + (q - p))) with (state x1 (p + (q - p))). replace (state x1 (p + (q - p))) with (state x (p + (q - p)))
             by (unfold state; rewrite (e_meta _ _ _ _ _ V1 _ (fun a => a)); reflexivity).
             destruct (tk_done _ _ _ _ _ _ _ Tk (q - p)) as [-> _]; [lia|].
             destruct (mk_state_fields PG_VM h (fn + (q - p))) as (_ & -> & _); [pg; lia|lia|lia|]. discriminate.
        * clear - E1 Tk. subst x1. intros i Hi'. destruct (tk_done _ _ _ _ _ _ _ Tk i Hi') as [A1 A2].
          destruct (tk_iso _ _ _ _ _ _ _ Tk i Hi') as [A3 A4].
          sp; [exact A1|split; [exact A3|exact A4]|exact A2].
  Qed.
End Proofs.
