(** * What keeps the VMs' side of the invariant

    [shape] under stores into tables, under everything that touches neither tables, pools nor contexts, and
    the pages of a pool. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Structure_Frame.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Prims Page_Spec Page_Facts Host_Spec
  Host_Facts Walk_Spec Walk_Facts Table_Spec Table_Facts Table_Store.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** The objects that matter *)
Definition view_cells : list ident := ["vms.state"; "vms.root"; "vms.n_lent"; "vms.is_protected"; "vms.n_ram";
  "vms.ram.base"; "vms.ram.n"; "vms.n_loaded"; "vcpus.made"; "vcpus.run_pfn"; "vcpus.ctx_pfn"; "vcpus.loaded"].
Definition pool_cells : list ident := ["vms.pool"; "vms.n_pool"].
Definition same_cells (l : list ident) (w w' : world) : Prop :=
  forall c ix, In c l -> w_mem w' (c, ix) = w_mem w (c, ix).

Record views (w w' : world) : Prop := {
  v_state : forall h, vm_state w' h = vm_state w h;
  v_root : forall h, vm_root w' h = vm_root w h;
  v_lent : forall h, vm_n_lent w' h = vm_n_lent w h;
  v_prot : forall h, protected w' h <-> protected w h;
  v_nram : forall h, vm_n_ram w' h = vm_n_ram w h;
  v_base : forall h i, ram_base w' h i = ram_base w h i;
  v_size : forall h i, ram_size w' h i = ram_size w h i;
  v_made : forall h i, vcpu_made w' h i <-> vcpu_made w h i;
  v_run : forall h i, vcpu_run w' h i = vcpu_run w h i;
  v_ctx : forall h i, vcpu_ctx w' h i = vcpu_ctx w h i;
  v_token : forall h i, token w' h i = token w h i;
  v_count : forall h, vm_n_loaded w' h = vm_n_loaded w h }.
Lemma views_mem w w' : same_cells view_cells w w' -> views w w'.
Proof.
  intros E. constructor; intros; unfold vm_state, vm_root, vm_n_lent, protected, vm_n_ram, ram_base, ram_size,
    vcpu_made, vcpu_run, vcpu_ctx, token, vm_n_loaded; rewrite E by (cbn; tauto); reflexivity.
Qed.
Lemma views_live w w' h : views w w' -> live w' h <-> live w h.
Proof. intros V. unfold live. rewrite (v_state _ _ V). reflexivity. Qed.
Lemma views_rooted w w' h : views w w' -> rooted w' h <-> rooted w h.
Proof. intros V. unfold rooted. rewrite (views_live _ _ _ V), (v_state _ _ V), (v_lent _ _ V). reflexivity. Qed.

(** ** Pools *)
Lemma linked_same w w' l : forall p, (forall q, In q l -> word w' q 0 = word w q 0) -> linked w p l -> linked w' p l.
Proof.
  induction l as [|q l IH]; cbn; intros p E; [auto|]. intros [-> H]. split; [reflexivity|].
  rewrite E by auto. apply IH; auto.
Qed.
Lemma linked_unique w l : forall p l', List.length l = List.length l' -> linked w p l -> linked w p l' -> l = l'.
Proof.
  induction l as [|q l IH]; intros p [|q' l']; cbn; intros N; try discriminate; [reflexivity|].
  intros [-> H] [-> H']. f_equal. eapply IH; [lia|eassumption..].
Qed.
Lemma pool_unique B w h l l' : pool_of B w h l -> pool_of B w h l' -> l = l'.
Proof. intros [C K _ _ _ _] [C' K' _ _ _ _]. apply (linked_unique w l (vm_pool w h)); auto. lia. Qed.

Section Shape.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma pool_same w w' h l : pool_of B w h l -> same_cells pool_cells w w' -> w_meta w' = w_meta w ->
    (forall p i, In p l -> word w' p i = word w p i) ->
    (forall p l' fn, In p l -> frame fn -> table_at w' (vm_root w' h) l' fn <> Some p) -> pool_of B w' h l.
  Proof.
    intros [] E M W A. constructor; auto.
    - unfold vm_n_pool in *. rewrite E by (cbn; tauto). exact p_count.
    - unfold vm_pool in *. rewrite E by (cbn; tauto). apply linked_same with w; auto.
    - unfold state in *. rewrite M. exact p_page.
    - intros p i Hp Hi. rewrite W by exact Hp. auto.
  Qed.

  (** Pages that the VMs' side depends on are in one of these places. *)
  Lemma shape_change fz fz' L w w' : shape B fz L w -> cs B w' -> w_meta w' = w_meta w ->
    views w w' -> trees B fz' w' -> pools_ok B w' ->
    (forall h fn p, rooted w h -> frame fn -> names w' h fn 2 p -> In (h, fn) (L p)) ->
    shape B fz' L w'.
  Proof.
    intros [C T P N U] C' M V T' P' Hn.
    assert (S : forall p, state w' p = state w p) by (intros p; unfold state; rewrite M; reflexivity).
    constructor; auto.
    - destruct N. constructor; intros; rewrite ?S in *; auto. apply Hn; auto. apply (views_rooted _ _ h V). assumption.
    - apply (Structure_Frame.vcpus_frame B w w'); [intros h; apply (views_live _ _ h V)|exact U|..].
      + intros h. rewrite (v_state _ _ V). apply (u_states _ _ U).
      + intros h i D. apply (v_made _ _ V) in D. split; [exact D|].
        split; [apply (views_live _ _ h V), (u_live _ _ U h i D)|]. split; [apply (v_prot _ _ V)|].
        split; [apply (v_run _ _ V)|]. split; [apply (v_ctx _ _ V)|]. split; [apply S|intros _; apply S].
      + constructor; [apply (v_token _ _ V)|intros h i _; apply (v_made _ _ V)|intros h _; apply (v_count _ _ V)].
      + intros h _. split; [apply (v_nram _ _ V)|]. intros i. split; [apply (v_base _ _ V)|apply (v_size _ _ V)].
  Qed.

  (** The pages of a pool are nobody's tables. *)
  Lemma pool_apart fz w h h' l p l' fn : trees B fz w -> live w h -> rooted w h' -> pool_of B w h l -> In p l -> frame fn ->
    table_at w (vm_root w h') l' fn <> Some p.
  Proof.
    intros T Lv R Pl I F E. destruct (p_page _ _ _ _ Pl p I) as [_ S].
    destruct (tree_page B HB fz w T h' l' fn p R F E) as (_ & _ & _ & _ & H).
    destruct (vmcore_fields h _ ltac:(apply Lv) S) as (_ & H' & _). assert (h' = h) as -> by congruence.
    exact (p_apart _ _ _ _ Pl p l' fn I F E).
  Qed.

  (** ** A store into a table *)
  Section StoreShape.
    Variables (fz fz' : Z -> Z -> Prop) (L : Z -> list (Z * Z)) (w : world) (h l fn t x : Z).
    Hypothesis Sh : shape B fz L w.
    Hypothesis R : rooted w h.
    Hypothesis F : frame fn.
    Hypothesis Hl : 1 <= l <= 3.
    Hypothesis Ht : table_at w (vm_root w h) l fn = Some t.
    Hypothesis Hx : in_ty U64 x.
    Hypothesis Hold : next_table l (word w t (index l fn)) = None.
    Hypothesis Hlink : forall n, next_table l x = Some n -> spare B w h n /\
      forall j, l = 1 -> 0 <= j < 512 -> word w n j mod 4 <> 3.
    Hypothesis Hleaf : forall fn', covered l fn fn' ->
      leaf_fit B (fz' h) w h fn' (fst (new_leaf w l x fn')) (snd (new_leaf w l x fn')).
    Hypothesis Hlent : forall fn', covered l fn fn' -> soft (snd (new_leaf w l x fn')) = 2 ->
      In (h, fn') (L (leaf_frame (fst (new_leaf w l x fn')) (snd (new_leaf w l x fn')) fn')).
    Hypothesis Hfz : forall h' fn', fz h' fn' -> h' = h /\ covered l fn fn' \/ fz' h' fn'.
    Let w' := write_word B t (index l fn) x w.
    Let I : inv B w := cs_inv B w (sh_cs _ _ _ _ Sh).
    Let T : trees B fz w := sh_trees _ _ _ _ Sh.

    Lemma Hlink' : forall n, next_table l x = Some n ->
      is_ram B n /\ state w n = mk_state PG_VMCORE h 0 /\
      (forall l' fn', frame fn' -> table_at w (vm_root w h) l' fn' <> Some n) /\
      forall j, l = 1 -> 0 <= j < 512 -> word w n j mod 4 <> 3.
    Proof. intros n E. destruct (Hlink n E) as [[] W]. auto. Qed.

    Notation st lem := (lem B HB fz fz' w h l fn t x I T R F Hl Ht Hx Hold Hlink' Hleaf Hfz) (only parsing).

    Lemma put_inv : inv B w'.
    Proof. exact (st store_inv). Qed.

    Lemma put_pool h' l0 : live w h' -> pool_of B w h' l0 -> pool_of B w' h' l0.
    Proof.
      intros Lv Pl. assert (R' : rooted w h') by (left; exact Lv). apply pool_same with w; auto.
      - intros c ix _. reflexivity.
      - intros p i Ip. unfold w'. rewrite word_write. destruct (Z.eqb_spec p t) as [->|]; [|reflexivity].
        destruct (pool_apart fz w h' h l0 t l fn T Lv R Pl Ip F Ht).
      - intros p l' fn' Ip F' E.
        destruct (st table_new h' fn' l' p R' F' E) as [E'|([-> C] & _ & EL)].
        + exact (p_apart _ _ _ _ Pl p l' fn' Ip F' E').
        + destruct (Hlink p EL) as [Sp _]. exact (sp_pool _ _ _ _ Sp l0 Pl Ip).
    Qed.

    Lemma put_shape : shape B fz' L w'.
    Proof.
      apply shape_change with fz w; auto.
      - split; [exact put_inv|apply (sh_cs _ _ _ _ Sh)].
      - apply views_mem. intros c ix _. reflexivity.
      - exact (st store_trees).
      - intros h' Lv. change (live w h') in Lv. destruct (sh_pools _ _ _ _ Sh h' Lv) as [l0 Pl]. exists l0. apply put_pool; assumption.
      - intros h' fn' p R' F' N. destruct (st here_dec h' fn') as [[-> C]|Nh].
        + unfold names in N. change (vm_root w' h) with (vm_root w h) in N.
          unfold w' in N. rewrite (st leaf_in fn' C) in N.
          specialize (Hlent fn' C). destruct (new_leaf w l x fn') as [l1 d]. cbn [fst snd] in *. destruct N as (S & _ & <-). auto.
        + apply (n_leaf _ _ (sh_lent _ _ _ _ Sh)); auto. unfold names in *. change (vm_root w' h') with (vm_root w h') in N.
          unfold w' in N. rewrite (st leaf_out h' fn' R' F' Nh) in N. exact N.
    Qed.

    (** A page that is spare stays so unless it is linked. *)
    Lemma put_spare h' n : live w h' -> spare B w h' n -> next_table l x <> Some n -> spare B w' h' n.
    Proof.
      intros Lv [Rp Sp Tb Pl] Nn. constructor; auto.
      - intros l' fn' F' E. assert (R' : rooted w h') by (left; exact Lv).
        destruct (st table_new h' fn' l' _ R' F' E) as [E'|(_ & _ & EL)]; [exact (Tb l' fn' F' E')|contradiction].
      - intros l' Q' In. destruct (sh_pools _ _ _ _ Sh h' Lv) as [l0 Q].
        rewrite (pool_unique B w' h' l' l0 Q' (put_pool h' l0 Lv Q)) in In. exact (Pl l0 Q In).
    Qed.

    (** TLB entries come from the leaves still, if the new ones name what the old ones did. *)
    Lemma put_tlb : tlb_ok w -> (forall k fn' p, covered l fn fn' -> w_tlb w k h fn' p ->
        soft (snd (new_leaf w l x fn')) <> 0 /\ leaf_frame (fst (new_leaf w l x fn')) (snd (new_leaf w l x fn')) fn' = p) ->
      tlb_ok w'.
    Proof.
      intros Ok H k h' fn' p N E. pose proof (rooted_range _ _ R) as Rh.
      assert (Here : covered l fn fn' -> forall q, soft (snd (new_leaf w l x fn')) <> 0 ->
        leaf_frame (fst (new_leaf w l x fn')) (snd (new_leaf w l x fn')) fn' = q -> exists s, names w' h fn' s q).
      { intros C q S Q. exists (soft (snd (new_leaf w l x fn'))). unfold names. change (vm_root w' h) with (vm_root w h).
        unfold w'. rewrite (st leaf_in fn' C).
        destruct (new_leaf w l x fn'). auto. }
      destruct (st store_entries k h' fn' p E) as [E'|([-> C] & Lv & Pg)].
      - destruct (Ok k h' fn' p N E') as [F' [s Nm]]. split; [exact F'|].
        destruct (st here_dec h' fn') as [[Y C]|Nh].
        + subst h'. destruct (H k fn' p C E'). eauto.
        + exists s. unfold names in *. change (vm_root w' h') with (vm_root w h').
          assert (R' : rooted w h').
          { left. destruct (live_dec w h') as [Lv|D]; [exact Lv|]. destruct (i_dead B w I h' N D) as [_ D2]. destruct (D2 _ _ _ E'). }
          unfold w'. rewrite (st leaf_out h' fn' R' F' Nh). exact Nm.
      - split; [exact (covered_frame l fn fn' Hl F C)|]. destruct (leaf_page_frame _ _ _ _ (st new_level fn') Pg) as (Q & M & _).
        apply Here; auto. intros S. pose proof (Hleaf fn' C) as G. unfold leaf_type in M.
        destruct (lf_none _ _ _ _ _ _ _ G S) as [D|[_ [D|D]]]; rewrite D in M; destruct (fst _ =? 3); discriminate M.
    Qed.
  End StoreShape.
End Shape.
