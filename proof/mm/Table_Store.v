(** * Stores into a VM's tables

    One descriptor of a VM's tree is replaced, which is not a link, by a leaf or by a link to a table that
    nobody uses yet.  The machine stays secure, and exactly the leaves below that descriptor are new.  (The
    VMs' counterpart of [Steps.host_store].) *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Walk_Spec Walk_Facts Table_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(* Every lemma takes every assumption of the section: they are always used together. *)
Set Default Proof Using "All".

Section Store.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Variables (fz fz' : Z -> Z -> Prop) (w : world) (h l fn t x : Z).
  Hypothesis I : inv B w.
  Hypothesis T : trees B fz w.
  Hypothesis R : rooted w h.
  Hypothesis F : frame fn.
  Hypothesis Hl : 1 <= l <= 3.
  Hypothesis Ht : table_at w (vm_root w h) l fn = Some t.
  Hypothesis Hx : in_ty U64 x.
  Hypothesis Hold : next_table l (word w t (index l fn)) = None.
  (** A new link is to a page of [h] that is no table yet, and holds only leaves. *)
  Hypothesis Hlink : forall n, next_table l x = Some n ->
    is_ram B n /\ state w n = mk_state PG_VMCORE h 0 /\
    (forall l' fn', frame fn' -> table_at w (vm_root w h) l' fn' <> Some n) /\
    forall j, l = 1 -> 0 <= j < 512 -> word w n j mod 4 <> 3.

  (** The leaf of [fn'] afterwards, for [fn'] below the descriptor. *)
  Definition new_leaf (fn' : Z) : Z * Z :=
    match next_table l x with None => (l, x) | Some n => (l + 1, word w n (index (l + 1) fn')) end.
  Hypothesis Hleaf : forall fn', covered l fn fn' ->
    leaf_fit B (fz' h) w h fn' (fst (new_leaf fn')) (snd (new_leaf fn')).
  Hypothesis Hfz : forall h' fn', fz h' fn' -> h' = h /\ covered l fn fn' \/ fz' h' fn'.

  Let i := index l fn.
  Let r := set_ram (store_word t i x (w_ram w)) w.
  Let w' := write_word B t i x w.
  Definition here (h' fn' : Z) : Prop := h' = h /\ covered l fn fn'.

  Lemma here_dec h' fn' : here h' fn' \/ ~ here h' fn'.
  Proof. unfold here, covered. destruct (Z.eq_dec h' h), (Z.eq_dec (fn' / leaf_size l) (fn / leaf_size l)); tauto. Qed.

  Lemma word_new q j : word w' q j = if (q =? t) && (j =? i) then x else word w q j.
  Proof. unfold w'. rewrite word_write, (wrap_small U64 x) by exact Hx. reflexivity. Qed.

  Lemma link_case : (exists n, next_table l x = Some n) \/ next_table l x = None.
  Proof. destruct (next_table l x); eauto. Qed.

  Lemma link_level n : next_table l x = Some n -> l < 3.
  Proof. intros E. apply next_table_some in E. tauto. Qed.

  Lemma link_not_t n : next_table l x = Some n -> n <> t.
  Proof. intros E ->. destruct (Hlink t E) as (_ & _ & N & _). exact (N l fn F Ht). Qed.

  Lemma word_in fn' : covered l fn fn' -> table_at w (vm_root w h) l fn' = Some t /\ word w' t (index l fn') = x.
  Proof.
    intros C. destruct (covered_up l fn fn' Hl C) as [U E]. split; [rewrite (table_at_same _ _ _ _ _ U); exact Ht|].
    rewrite word_new, Z.eqb_refl, E. unfold i. rewrite Z.eqb_refl. reflexivity.
  Qed.

  Lemma word_out h' l' fn' q : rooted w h' -> frame fn' -> table_at w (vm_root w h') l' fn' = Some q ->
    ~ (l' = l /\ here h' fn') -> word w' q (index l' fn') = word w q (index l' fn').
  Proof.
    intros R' F' E N. rewrite word_new. destruct (Z.eqb_spec q t) as [->|]; [|reflexivity].
    destruct (tree_apart B HB fz w T h h' l l' fn fn' t R R' F F' Ht E) as (<- & <- & U).
    destruct (Z.eqb_spec (index l fn') i) as [D|]; [|reflexivity]. exfalso. apply N. split; [reflexivity|].
    split; [reflexivity|]. unfold frame in *. apply same_frames; auto; lia.
  Qed.

  Lemma below_none fn' l' : covered l fn fn' -> l < l' -> table_at w (vm_root w h) l' fn' = None.
  Proof.
    intros C Hl'. destruct (covered_up l fn fn' Hl C) as [U E].
    assert (N : l < 3 -> table_at w (vm_root w h) (l + 1) fn' = None).
    { intros H3. assert (l = 1 \/ l = 2) as [L| L] by lia; rewrite L in *.
      - change (1 + 1) with 2. rewrite table_at_2, E. assert (Ht' : vm_root w h + fn / 2 ^ 27 = t) by (rewrite table_at_1 in Ht;
        congruence).
        change (2 ^ (9 * (4 - 1))) with (2 ^ 27) in U. rewrite U, Ht'. exact Hold.
      - change (2 + 1) with 3. rewrite table_at_3, (table_at_same _ _ _ _ _ U), Ht, E. exact Hold. }
    destruct (table_at w (vm_root w h) l' fn') as [q|] eqn:X; [|reflexivity]. exfalso.
    destruct (table_at_level _ _ _ _ _ X) as [->|[->| ->]]; try lia.
    - assert (l = 1) as L by lia. rewrite L in N. change (1 + 1) with 2 in N. rewrite N in X; [discriminate|lia].
    - assert (l = 1 \/ l = 2) as [L|L] by lia; rewrite L in N.
      + change (1 + 1) with 2 in N. rewrite table_at_3, N in X by lia. discriminate.
      + change (2 + 1) with 3 in N. rewrite N in X by lia. discriminate.
  Qed.

  Lemma table_in fn' l' : covered l fn fn' -> table_at w' (vm_root w h) l' fn' =
    if l' =? l + 1 then next_table l x else table_at w (vm_root w h) l' fn'.
  Proof.
    intros C. pose proof (covered_frame l fn fn' Hl F C) as F'. destruct (word_in fn' C) as [T' X].
    destruct (Z.eq_dec l' 1) as [->|N1].
    { rewrite !table_at_1. destruct (Z.eqb_spec 1 (l + 1)); [lia|reflexivity]. }
    assert (E2 : table_at w' (vm_root w h) 2 fn' = if 2 =? l + 1 then next_table l x else table_at w (vm_root w h) 2 fn').
    { rewrite !table_at_2. destruct (Z.eqb_spec 2 (l + 1)) as [E|E].
      - assert (L : l = 1) by lia. rewrite L in *. assert (T1 : vm_root w h + fn' / 2 ^ 27 = t) by (rewrite table_at_1 in T'; congruence).
        rewrite T1, X. reflexivity.
      - rewrite (word_out h 1 fn'); [reflexivity|exact R|exact F'|apply table_at_1|intros [L _]; lia]. }
    destruct (Z.eq_dec l' 2) as [->|N2]; [exact E2|].
    destruct (Z.eq_dec l' 3) as [->|N3].
    - rewrite !table_at_3, E2. destruct (Z.eqb_spec 2 (l + 1)) as [E|E], (Z.eqb_spec 3 (l + 1)) as [E'|E']; try lia.
      + rewrite (below_none fn' 2 C) by lia. destruct link_case as [[n EL]|EL]; rewrite EL; [|reflexivity].
        destruct (Hlink n EL) as (_ & _ & _ & W). apply next_table_not. rewrite word_new.
        destruct (Z.eqb_spec n t) as [Y|_]; [destruct (link_not_t n EL Y)|]. cbn [andb]. apply W; [lia|apply index_range].
      + assert (L : l = 2) by lia. rewrite L in *. rewrite T', X. reflexivity.
      + destruct (table_at w (vm_root w h) 2 fn') as [q|] eqn:Q; [|reflexivity].
        rewrite (word_out h 2 fn' q); [reflexivity|exact R|exact F'|exact Q|intros [L _]; lia].
    - destruct (Z.eqb_spec l' (l + 1)) as [E|E].
      + destruct link_case as [[n EL]|EL]; [apply link_level in EL; lia|]. rewrite EL.
        destruct (table_at w' _ l' fn') eqn:Y; [apply table_at_level in Y; lia|reflexivity].
      + destruct (table_at w' _ l' fn') eqn:Y; [apply table_at_level in Y; lia|].
        destruct (table_at w _ l' fn') eqn:Z; [apply table_at_level in Z; lia|reflexivity].
  Qed.

  Lemma table_out h' fn' l' : rooted w h' -> frame fn' -> ~ here h' fn' ->
    table_at w' (vm_root w h') l' fn' = table_at w (vm_root w h') l' fn'.
  Proof.
    intros R' F' N. assert (E2 : table_at w' (vm_root w h') 2 fn' = table_at w (vm_root w h') 2 fn').
    { rewrite !table_at_2. rewrite (word_out h' 1 fn'); [reflexivity|exact R'|exact F'|apply table_at_1|tauto]. }
    destruct (Z.eq_dec l' 1) as [->|N1]; [reflexivity|]. destruct (Z.eq_dec l' 2) as [->|N2]; [exact E2|].
    destruct (Z.eq_dec l' 3) as [->|N3].
    - rewrite !table_at_3, E2. destruct (table_at w (vm_root w h') 2 fn') as [q|] eqn:Q; [|reflexivity].
      rewrite (word_out h' 2 fn' q); [reflexivity|exact R'|exact F'|exact Q|tauto].
    - destruct (table_at w' _ l' fn') eqn:Y; [apply table_at_level in Y; lia|].
      destruct (table_at w _ l' fn') eqn:Z; [apply table_at_level in Z; lia|reflexivity].
  Qed.

  (** Tables afterwards: the old ones, and the linked one. *)
  Lemma table_new h' fn' l' q : rooted w h' -> frame fn' -> table_at w' (vm_root w h') l' fn' = Some q ->
    table_at w (vm_root w h') l' fn' = Some q \/ here h' fn' /\ l' = l + 1 /\ next_table l x = Some q.
  Proof.
    intros R' F' E. destruct (here_dec h' fn') as [[-> C]|N].
    - rewrite table_in in E by exact C. destruct (Z.eqb_spec l' (l + 1)); [right|left; exact E]. unfold here; auto.
    - rewrite table_out in E by assumption. auto.
  Qed.

  Lemma table_keeps h' fn' l' q : rooted w h' -> frame fn' -> table_at w (vm_root w h') l' fn' = Some q ->
    table_at w' (vm_root w h') l' fn' = Some q.
  Proof.
    intros R' F' E. destruct (here_dec h' fn') as [[-> C]|N].
    - rewrite table_in by exact C. destruct (Z.eqb_spec l' (l + 1)); [|exact E].
      rewrite below_none in E; [discriminate|exact C|lia].
    - rewrite table_out; assumption.
  Qed.

  Lemma leaf_in fn' : covered l fn fn' -> leaf_at w' (vm_root w h) fn' = new_leaf fn'.
  Proof.
    intros C. destruct (word_in fn' C) as [T' X]. unfold leaf_at, new_leaf. rewrite !table_in by exact C.
    assert (Wn : forall n j, next_table l x = Some n -> word w' n j = word w n j).
    { intros n j E. rewrite word_new. destruct (Z.eqb_spec n t) as [Y|_]; [destruct (link_not_t n E Y)|reflexivity]. }
    assert (l = 1 \/ l = 2 \/ l = 3) as [L|[L|L]] by lia.
    - assert (B3 : table_at w (vm_root w h) 3 fn' = None) by (apply below_none; [exact C|lia]).
      rewrite L in *. change (3 =? 1 + 1) with false. change (2 =? 1 + 1) with true. cbv iota. rewrite B3.
      destruct (next_table 1 x) as [n|] eqn:EL; [rewrite Wn; reflexivity|].
      assert (T1 : vm_root w h + fn' / 2 ^ 27 = t) by (rewrite table_at_1 in T'; congruence).
      rewrite T1, X. reflexivity.
    - rewrite L in *. change (3 =? 2 + 1) with true. change (2 =? 2 + 1) with false. cbv iota.
      destruct (next_table 2 x) as [n|] eqn:EL; [rewrite Wn; reflexivity|]. rewrite T', X. reflexivity.
    - rewrite L in *. change (3 =? 3 + 1) with false. cbv iota. rewrite T'. destruct (next_table 3 x) as [n|] eqn:EL;
        [apply next_table_some in EL; lia|]. rewrite X. reflexivity.
  Qed.

  Lemma leaf_out h' fn' : rooted w h' -> frame fn' -> ~ here h' fn' ->
    leaf_at w' (vm_root w h') fn' = leaf_at w (vm_root w h') fn'.
  Proof.
    intros R' F' N. unfold leaf_at. rewrite !table_out by assumption.
    destruct (table_at w (vm_root w h') 3 fn') as [q|] eqn:E3;
      [|destruct (table_at w (vm_root w h') 2 fn') as [q|] eqn:E2].
    - rewrite (word_out h' 3 fn' q); auto. tauto.
    - rewrite (word_out h' 2 fn' q); auto. tauto.
    - rewrite (word_out h' 1 fn'); auto. tauto.
  Qed.

  (** ** Walkers *)
  Lemma walker_live h' l' fn' q : h' <> 0 -> w_walk w h' l' fn' q -> live w h'.
  Proof.
    intros N W. destruct (live_dec w h') as [L|D]; [exact L|]. destruct (i_dead B w I h' N D) as [D1 _].
    destruct (D1 _ _ _ W).
  Qed.

  Lemma kserv_word l' fn' q j : w_walk w 0 l' fn' q -> word r q j = word w q j.
  Proof.
    intros W. change (word r q j) with (word w' q j). rewrite word_new. destruct (Z.eqb_spec q t) as [->|]; [|reflexivity].
    destruct (i_place B w I _ _ _ W) as [H E]. pose proof (i_core B w I _ _ H) as K0. rewrite <- E in K0.
    destruct (tree_page B HB fz w T h l fn t R F Ht) as (_ & _ & _ & K1 & _). pg; lia.
  Qed.

  Definition newly (h' l' fn' q : Z) : Prop :=
    here h' fn' /\ l' = l + 1 /\ live w h /\ next_table l x = Some q.

  Lemma store_walks h' l' fn' q : walks B r h' l' fn' q -> w_walk w h' l' fn' q \/ newly h' l' fn' q.
  Proof.
    revert h' l' fn' q. apply walks_in.
    - auto.
    - intros h' r0 fn' S F'. left. exact (c_walk B w (i_settled B w I) _ _ _ _ (walk_start B w h' r0 fn' S F')).
    - intros h' l' fn' q t' [W|W] E.
      + assert (Old : word r q (index l' fn') = word w q (index l' fn') -> w_walk w h' (l' + 1) fn' t').
        { intros Y. rewrite Y in E. apply (c_walk B w (i_settled B w I)). eapply walk_next; [apply walk_old, W|exact E]. }
        destruct (Z.eq_dec h' 0) as [->|N]; [left; apply Old, (kserv_word _ _ _ _ W)|].
        pose proof (walker_live _ _ _ _ N W) as Lv. destruct (tr_walk _ _ _ T _ _ _ _ N W) as [F' E'].
        assert (R' : rooted w h') by (left; exact Lv).
        destruct (Z.eq_dec l' l) as [->|Nl]; [destruct (here_dec h' fn') as [[-> C]|Nh]|].
        * right. destruct (word_in fn' C) as [T' X]. rewrite T' in E'. injection E' as <-.
          change (word r t (index l fn')) with (word w' t (index l fn')) in E. rewrite X in E.
          unfold newly, here; auto.
        * left. apply Old. apply (word_out h'); auto. tauto.
        * left. apply Old. apply (word_out h'); auto. tauto.
      + exfalso. destruct W as ([-> C] & -> & Lv & EL). pose proof (link_level q EL) as L3.
        apply next_table_some in E as (M & L2 & _). destruct (Hlink q EL) as (_ & _ & _ & Wn).
        change (word r q (index (l + 1) fn')) with (word w' q (index (l + 1) fn')) in M. rewrite word_new in M.
        destruct (Z.eqb_spec q t) as [Y|_]; [exact (link_not_t q EL Y)|]. cbn [andb] in M.
        apply (Wn (index (l + 1) fn')); [lia|apply index_range|exact M].
  Qed.

  Lemma store_entries k h' fn' p : entries B r k h' fn' p -> w_tlb w k h' fn' p \/
    here h' fn' /\ live w h /\ leaf_page (fst (new_leaf fn')) (snd (new_leaf fn')) fn' = Some p.
  Proof.
    intros [H|(l' & q & W & P)]; [left; exact H|]. destruct (store_walks _ _ _ _ W) as [W'|W'].
    - assert (Old : word r q (index l' fn') = word w q (index l' fn') -> w_tlb w k h' fn' p).
      { intros Y. rewrite Y in P. apply (c_tlb B w (i_settled B w I)). right. exists l', q. split; [apply walk_old, W'|exact P]. }
      destruct (Z.eq_dec h' 0) as [->|N]; [left; apply Old, (kserv_word _ _ _ _ W')|].
      pose proof (walker_live _ _ _ _ N W') as Lv. destruct (tr_walk _ _ _ T _ _ _ _ N W') as [F' E'].
      assert (R' : rooted w h') by (left; exact Lv).
      destruct (Z.eq_dec l' l) as [->|Nl]; [destruct (here_dec h' fn') as [[-> C]|Nh]|].
      + right. destruct (word_in fn' C) as [T' X]. rewrite T' in E'. injection E' as <-.
        change (word r t (index l fn')) with (word w' t (index l fn')) in P. rewrite X in P.
        unfold here. sp; auto. unfold new_leaf.
        destruct (leaf_page_frame l x fn' p (proj2 Hl) P) as (_ & _ & ->). exact P.
      + left. apply Old. apply (word_out h'); auto. tauto.
      + left. apply Old. apply (word_out h'); auto. tauto.
    - right. destruct W' as ([-> C] & -> & Lv & EL). unfold here. sp; auto. unfold new_leaf. rewrite EL.
      change (word r q (index (l + 1) fn')) with (word w' q (index (l + 1) fn')) in P. rewrite word_new in P.
      destruct (Z.eqb_spec q t) as [Y|_]; [destruct (link_not_t q EL Y)|]. exact P.
  Qed.

  Lemma new_level fn' : fst (new_leaf fn') <= 3.
  Proof. unfold new_leaf. destruct link_case as [[n EL]|EL]; rewrite EL; cbn [fst]; [apply link_level in EL|]; lia. Qed.

  (** ** The invariant *)
  Lemma link_table n : next_table l x = Some n -> table_page B w h n.
  Proof.
    intros E. destruct (Hlink n E) as (Rn & Sn & _). split; [exact Rn|].
    destruct (vmcore_fields _ _ (rooted_range _ _ R) Sn) as (K & H & _).
    pose proof (rooted_range _ _ R). destruct (Z.eqb_spec h 0); [lia|]. auto.
  Qed.

  Lemma store_inv : inv B w'.
  Proof.
    constructor.
    - apply settle_settled.
    - split.
      + intros k h' fn' p H. destruct (store_entries _ _ _ _ H) as [H'|([-> C] & Lv & P)];
          [exact (s_tlb B w (i_secure B w I) _ _ _ _ H')|].
        destruct (leaf_page_frame _ _ _ _ (new_level fn') P) as (-> & M & _). pose proof (Hleaf fn' C) as G.
        set (ll := fst (new_leaf fn')) in *. set (d := snd (new_leaf fn')) in *.
        pose proof (rooted_range _ _ R) as Rh. unfold allowed. destruct (Z.eqb_spec h 0); [lia|].
        pose proof (soft_range d) as S4. pose proof (lf_soft _ _ _ _ _ _ _ G) as N3.
        assert (soft d = 0 \/ soft d = 1 \/ soft d = 2) as [S|[S|S]] by lia.
        * exfalso. unfold leaf_type in M. destruct (lf_none _ _ _ _ _ _ _ G S) as [D|[_ [D|D]]]; rewrite D in M;
            destruct (ll =? 3); discriminate M.
        * destruct (lf_private _ _ _ _ _ _ _ G Lv S) as [Rp Sp]. split; [exact Rp|]. right.
          change (state w' (leaf_frame ll d fn')) with (state w (leaf_frame ll d fn')). rewrite Sp.
          pose proof (covered_frame l fn fn' Hl F C) as F'. unfold frame in F'.
          unfold mk_state, kind, handle, arg, PG_VM. sp; words.
        * destruct (lf_lent _ _ _ _ _ _ _ G S) as [Rp Sp]. split; [exact Rp|]. left. exact Sp.
      + intros h' l' fn' q W. destruct (store_walks _ _ _ _ W) as [W'|([-> C] & _ & _ & EL)];
          [exact (s_walk B w (i_secure B w I) _ _ _ _ W')|exact (link_table q EL)].
      + pose proof (s_seats B w (i_secure B w I)) as Se. apply (seats_same B w); [exact Se|reflexivity|tauto|reflexivity|].
        intros c h' l' fn' Rc W. destruct (store_walks _ _ _ _ W) as [W'|([-> C] & _ & _ & EL)]; [exact W'|].
        destruct (link_table _ EL) as [_ K]. destruct (st_host B w Se c Rc) as [_ K'].
        pose proof (rooted_range _ _ R) as Rh. destruct (Z.eqb_spec h 0); [lia|]. destruct K as [K _].
        change (state w' (host_ctx w c)) with (state w (host_ctx w c)) in K. pg; lia.
    - destruct (i_constants B w I). constructor; assumption.
    - intros fn' F'. rewrite <- (i_level1 B w I fn' F'). rewrite word_new.
      destruct (Z.eqb_spec (b_root B + fn' / 2 ^ 27) t) as [Y|]; [|reflexivity]. exfalso.
      assert (H1 : host_has B 1 fn') by (split; [exact F'|tauto]). pose proof (i_core B w I _ _ H1) as K0.
      change (host_table B 1 fn') with (b_root B + fn' / 2 ^ 27) in K0. rewrite Y in K0.
      destruct (tree_page B HB fz w T h l fn t R F Ht) as (_ & _ & _ & K1 & _). pg; lia.
    - exact (i_core B w I).
    - intros l' fn' q W. destruct (store_walks _ _ _ _ W) as [W'|([Y _] & _)]; [exact (i_place B w I _ _ _ W')|].
      pose proof (rooted_range _ _ R). lia.
    - intros h' N D. destruct (i_dead B w I h' N D) as [D1 D2]. split.
      + intros l' fn' q W. destruct (store_walks _ _ _ _ W) as [W'|([-> _] & _ & Lv & _)]; [exact (D1 _ _ _ W')|exact (D Lv)].
      + intros k fn' p H. destruct (store_entries _ _ _ _ H) as [H'|([-> _] & Lv & _)]; [exact (D2 _ _ _ H')|exact (D Lv)].
  Qed.

  Lemma store_trees : trees B fz' w'.
  Proof.
    constructor.
    - exact (tr_root _ _ _ T).
    - intros h' l' fn' q R' F' E. destruct (table_new h' fn' l' q R' F' E) as [E'|([-> _] & _ & EL)];
        [exact (tr_page _ _ _ T _ _ _ _ R' F' E')|]. destruct (Hlink q EL) as (Rn & Sn & _). auto.
    - intros h' l1 l2 f1 f2 q R' F1 F2 E1 E2.
      destruct (table_new h' f1 l1 q R' F1 E1) as [A1|([Y1 C1] & Z1 & L1)],
        (table_new h' f2 l2 q R' F2 E2) as [A2|([Y C2] & Z2 & L2)]; try subst h'.
      + exact (tr_single _ _ _ T _ _ _ _ _ _ R' F1 F2 A1 A2).
      + destruct (Hlink q L2) as (_ & _ & N & _). destruct (N _ _ F1 A1).
      + destruct (Hlink q L1) as (_ & _ & N & _). destruct (N _ _ F2 A2).
      + split; [lia|]. rewrite Z1. unfold covered, leaf_size in *. replace (9 * (4 - (l + 1))) with (9 * (3 - l)) by lia. congruence.
    - intros h' fn' R' F'. destruct (here_dec h' fn') as [[-> C]|N].
      + apply (fit_ok B (fz' h) w' h fn' (fst (new_leaf fn')) (snd (new_leaf fn'))).
        * change (vm_root w' h) with (vm_root w h). rewrite leaf_in by exact C. apply surjective_pairing.
        * destruct (Hleaf fn' C). constructor; assumption.
      + destruct (leaf_at w (vm_root w h') fn') as [l' d] eqn:E.
        apply (fit_ok B (fz' h') w' h' fn' l' d).
        * change (vm_root w' h') with (vm_root w h'). rewrite leaf_out; assumption.
        * destruct (ok_fit _ _ _ _ _ _ _ E (tr_leaf _ _ _ T h' fn' R' F')). constructor; try assumption.
          intros S. destruct (lf_type S) as [[M|[M Z]] O]; split; auto. right. split; [exact M|].
          destruct (Hfz h' fn' Z) as [Y|Y]; [destruct (N Y)|exact Y].
    - intros h' l' fn' q N W. destruct (store_walks _ _ _ _ W) as [W'|([-> C] & -> & Lv & EL)].
      + destruct (tr_walk _ _ _ T _ _ _ _ N W') as [F' E]. split; [exact F'|].
        pose proof (walker_live _ _ _ _ N W') as Lv. apply table_keeps; auto. left; exact Lv.
      + split; [exact (covered_frame l fn fn' Hl F C)|]. change (vm_root w' h) with (vm_root w h).
        rewrite table_in, Z.eqb_refl by exact C. exact EL.
  Qed.
End Store.
