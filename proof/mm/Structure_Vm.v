(** * A VM's own objects: what may happen to a VM that has no tables, and how a VM begins

    [vms_frame]: only objects of VM [h] have changed, and either [h] has no tables, or only its state has
    changed; [sec_write_free] and [sec_write_state] for single stores.  [vms_new]: [h] begins, with an empty root,
      an empty pool and no declared RAM. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Structure Structure_Frame Structure_Facts
  Structure_Steps Vm_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Vm.
  Variable B : board.
  Hypothesis HB : board_ok B.

  (** ** Tokens *)
  Lemma n_tokens_0 w h : n_tokens w h = 0 -> forall i, 0 <= i < 16 -> token w h i = 0.
  Proof.
    unfold n_tokens. intros E i R. set (f := fun i => negb (token w h (Z.of_nat i) =? 0)) in *.
    assert (N : filter f (seq 0 16) = []) by (destruct (filter f (seq 0 16)); [reflexivity|cbn [List.length] in E; lia]).
    destruct (Z.eq_dec (token w h i) 0) as [|X]; [assumption|exfalso].
    assert (Y : In (Z.to_nat i) (filter f (seq 0 16))); [|rewrite N in Y; exact Y].
    apply filter_In. split; [apply in_seq; lia|]. unfold f. rewrite Z2Nat.id by lia.
    destruct (Z.eqb_spec (token w h i) 0); [contradiction|reflexivity].
  Qed.

  Lemma no_tokens w h : (forall i, token w h i = 0) -> n_tokens w h = 0.
  Proof.
    intros E. unfold n_tokens. replace (filter _ (seq 0 16)) with (@nil nat); [reflexivity|]. symmetry.
    rewrite (filter_ext _ (fun _ => false)); [reflexivity|]. intros i. rewrite E. reflexivity.
  Qed.

  (** No CPU has a vCPU of a VM that does not live, or of one whose count is 0. *)
  Lemma dead_unloaded w h : vcpus_ok B w -> ~ live w h -> unloaded w [h].
  Proof.
    intros U N i. destruct (Z.eq_dec (token w h i) 0) as [E|E]; [exact E|]. destruct (u_token _ _ U h i E) as [M _].
    destruct (N (u_live _ _ U h i M)).
  Qed.

  Lemma free_unloaded w h : vcpus_ok B w -> vm_state w h = VM_FREE -> unloaded w [h].
  Proof.
    intros U F. apply dead_unloaded; [exact U|]. intros [_ L]. rewrite F in L. destruct L as [L|L]; discriminate L.
  Qed.

  Lemma count_unloaded w h : vcpus_ok B w -> live w h -> vm_n_loaded w h = 0 -> unloaded w [h].
  Proof.
    intros U L E i. destruct (Z.eq_dec (token w h i) 0) as [X|X]; [exact X|]. destruct (u_token _ _ U h i X) as [M _].
    rewrite (u_loaded _ _ U h L) in E. apply (n_tokens_0 w h E). apply M.
  Qed.

  Section Frame.
    Variables (w w' : world) (h : Z).
    Hypothesis Hmeta : w_meta w' = w_meta w.
    Hypothesis Hram : w_ram w' = w_ram w.
    Hypothesis Hfew : fewer w w'.
    Hypothesis Hother : forall c h' ix, structural c = true -> h' <> h ->
      w_mem w' (c, h' :: ix) = w_mem w (c, h' :: ix).
    Hypothesis Hroot : rooted w' h -> rooted w h /\
      forall c ix, structural c = true -> c <> "vms.state" -> c <> "vcpus.made" ->
        w_mem w' (c, h :: ix) = w_mem w (c, h :: ix).
    Hypothesis Hlive : live w' h -> live w h.
    Hypothesis Hmade : forall i, vcpu_made w' h i -> vcpu_made w h i /\ live w' h.
    Hypothesis Htoken : forall i, token w' h i = token w h i.
    Hypothesis Hkept : forall i, token w h i <> 0 -> vcpu_made w h i -> vcpu_made w' h i.
    Hypothesis Hstate : 1 <= h <= 255 -> VM_FREE <= vm_state w' h <= VM_DYING.

    Lemma vf_state p : state w' p = state w p.
    Proof. unfold state. rewrite Hmeta. reflexivity. Qed.
    Lemma vf_word p i : word w' p i = word w p i.
    Proof. unfold word. rewrite Hram. reflexivity. Qed.
    Lemma vf_vm_state h' : h' <> h -> vm_state w' h' = vm_state w h'.
    Proof. intros N. unfold vm_state. rewrite Hother by (reflexivity || exact N). reflexivity. Qed.

    Lemma vf_cell c h' ix : structural c = true -> c <> "vms.state" -> c <> "vcpus.made" -> rooted w' h' ->
      w_mem w' (c, h' :: ix) = w_mem w (c, h' :: ix).
    Proof.
      intros S N N' R. destruct (Z.eq_dec h' h) as [->|Nh]; [apply Hroot; assumption|apply Hother; assumption].
    Qed.

    Ltac cell := rewrite vf_cell by (reflexivity || discriminate || assumption); reflexivity.

    Lemma vf_live h' : live w' h' -> live w h'.
    Proof.
      destruct (Z.eq_dec h' h) as [->|N]; [exact Hlive|]. unfold live. rewrite vf_vm_state by exact N. auto.
    Qed.

    Lemma vf_trees : same_trees w w'.
    Proof.
      constructor.
      - exact vf_live.
      - intros h' R. destruct (Z.eq_dec h' h) as [->|N]; [apply Hroot, R|].
        destruct R as [R|R]; [left; apply vf_live, R|right]. rewrite vf_vm_state in R by exact N.
        unfold vm_n_lent in *. rewrite Hother in R by (reflexivity || exact N). exact R.
      - intros h' R. unfold vm_root. cell.
      - intros h' R. unfold protected. rewrite vf_cell by (reflexivity || discriminate || assumption). auto.
      - intros. apply vf_word.
    Qed.

    Lemma vf_pool h' l : live w' h' -> pool_of B w h' l -> pool_of B w' h' l.
    Proof.
      intros L. assert (R : rooted w' h') by (left; exact L). apply pool_frame with (1 := vf_trees); auto.
      - unfold vm_pool. cell.
      - unfold vm_n_pool. cell.
      - intros. apply vf_state.
      - intros. apply vf_word.
    Qed.

    Lemma vms_frame fz L : inv B w' -> vms_ok B fz L w -> vms_ok B fz L w'.
    Proof.
      intros I [T P N U]. pose proof vf_trees as S.
      assert (P' : pools_ok B w').
      { intros h' R. destruct (P h' (vf_live h' R)) as (l & H). exists l. apply vf_pool; assumption. }
      constructor.
      - apply (tables_frame B fz w w' I S T Hfew); intros; rewrite vf_state; [reflexivity..|].
        match goal with R : rooted w' ?g |- _ => apply (y_rooted _ _ S) in R; eapply (l_lent B) in H1;
          [exact (proj2 H1)|apply (t_leaf B _ _ T); eassumption] end.
      - exact P'.
      - apply (lent_frame w w' L S); [intros; apply vf_state|exact N].
      - apply (vcpus_frame B w w' (y_live _ _ S) U).
        + intros h' Hh. destruct (Z.eq_dec h' h) as [->|Nh]; [auto|]. rewrite vf_vm_state by exact Nh.
          apply (u_states _ _ U), Hh.
        + intros h' i M.
          assert (M0 : vcpu_made w h' i /\ live w' h').
          { destruct (Z.eq_dec h' h) as [->|Nh]; [apply Hmade, M|].
            assert (X : vcpu_made w h' i).
            { unfold vcpu_made in *. rewrite Hother in M by (reflexivity || exact Nh). exact M. }
            split; [exact X|]. pose proof (u_live _ _ U h' i X) as Lv. unfold live in *.
            rewrite vf_vm_state by exact Nh. exact Lv. }
          destruct M0 as [M0 Lv]. assert (R : rooted w' h') by (left; exact Lv).
          split; [exact M0|]. split; [exact Lv|]. split.
          { unfold protected. rewrite vf_cell by (reflexivity || discriminate || assumption). reflexivity. }
          split; [unfold vcpu_run; cell|]. split; [unfold vcpu_ctx; cell|].
          split; [apply vf_state|intros _; apply vf_state].
        + constructor.
          * intros g i. destruct (Z.eq_dec g h) as [->|Ng]; [apply Htoken|]. unfold token.
            rewrite Hother by (reflexivity || exact Ng). reflexivity.
          * intros g i N0 M. destruct (Z.eq_dec g h) as [->|Ng]; [apply Hkept; assumption|]. unfold vcpu_made.
            rewrite Hother by (reflexivity || exact Ng). exact M.
          * intros g Lv. assert (R : rooted w' g) by (left; exact Lv). unfold vm_n_loaded. cell.
        + intros h' Lv. assert (R : rooted w' h') by (left; exact Lv). split; [unfold vm_n_ram; cell|].
          intros i. split; [unfold ram_base; cell|unfold ram_size; cell].
    Qed.
  End Frame.

  (** ** Stores to its objects *)
  Lemma steer_less w m : inv B w -> (forall h r, starts B (set_mem m w) h r -> starts B w h r) ->
    (forall h l fn t, walks B (set_mem m w) h l fn t -> w_walk w h l fn t) /\
    (forall k h fn p, entries B (set_mem m w) k h fn p -> w_tlb w k h fn p).
  Proof.
    intros I S.
    assert (A : forall h l fn t, walks B (set_mem m w) h l fn t -> w_walk w h l fn t).
    { apply walks_in; [auto| |].
      - intros h r fn St F. apply (c_walk B w (i_settled B w I)), walk_start; auto.
      - intros h l fn t t' W E. apply (c_walk B w (i_settled B w I)). eapply walk_next; [apply walk_old, W|exact E]. }
    split; [exact A|]. intros k h fn p [T|(l & t & W & P)]; [exact T|].
    apply (c_tlb B w (i_settled B w I)). right. exists l, t. split; [apply walk_old, A, W|exact P].
  Qed.

  Lemma fewer_steer w m : inv B w -> (forall h r, starts B (set_mem m w) h r -> starts B w h r) ->
    fewer w (settle B (set_mem m w)).
  Proof. intros I S. destruct (steer_less w m I S) as [A T]. split; intros; [apply A|apply T]; assumption. Qed.

  Lemma upd_head m c h ix v c' h' ix' : h' <> h -> upd m (c, h :: ix) v (c', h' :: ix') = m (c', h' :: ix').
  Proof. intros N. apply upd_other. congruence. Qed.

  (** A VM that is not there. *)
  Lemma sec_write_free fz L w c h ix v : sec B fz L w -> vm_state w h = VM_FREE ->
    c <> "vms.state" -> c <> "vcpus.made" -> c <> "vcpus.loaded" -> cs B (write_cell B (c, h :: ix) v w) ->
    sec B fz L (write_cell B (c, h :: ix) v w).
  Proof.
    intros S F N1 N2 N3 C. set (w' := write_cell B (c, h :: ix) v w) in *.
    pose proof S as S0. apply sec_vms in S0 as [[I _] V]. apply sec_vms. split; [exact C|].
    assert (D : w_mem w' = upd (w_mem w) (c, h :: ix) v /\ w_meta w' = w_meta w /\ w_ram w' = w_ram w).
    { unfold w', write_cell. cbn [fst]. destruct (steers_walks c); auto. }
    destruct D as (Dm & De & Dr).
    assert (St : forall g, vm_state w' g = vm_state w g).
    { intros g. unfold vm_state. rewrite Dm, upd_name; [reflexivity|]. apply String.eqb_neq. exact N1. }
    assert (Lv : ~ live w' h) by (intros [_ L0]; rewrite St, F in L0; destruct L0 as [L0|L0]; discriminate L0).
    assert (Lw : ~ live w h) by (intros [_ L0]; rewrite F in L0; destruct L0 as [L0|L0]; discriminate L0).
    assert (Rt : ~ rooted w' h) by (intros [L0|(_ & L0 & _)]; [exact (Lv L0)|rewrite St, F in L0; discriminate L0]).
    apply (vms_frame w w' h); auto.
    - unfold w', write_cell. cbn [fst]. destruct (steers_walks c); [|split; auto]. apply fewer_steer; [exact I|].
      intros g r [[-> ->]|[L0 ->]]; [left; auto|right].
      assert (L1 : live w' g) by (unfold live in *; rewrite St; revert L0; unfold vm_state; cbn [w_mem set_mem];
        rewrite upd_name by (apply String.eqb_neq; exact N1); auto).
      split; [unfold live in *; rewrite St in L1; exact L1|].
      assert (Ng : g <> h) by (intros ->; exact (Lv L1)). unfold vm_root; cbn [w_mem set_mem]. rewrite upd_head by exact Ng. reflexivity.
    - intros d g jx _ Ng. rewrite Dm. apply upd_head, Ng.
    - intros X. contradiction.
    - intros X. contradiction.
    - intros i X. exfalso. unfold vcpu_made in X. rewrite Dm, upd_name in X by (apply String.eqb_neq; exact N2).
      apply Lw. exact (u_live _ _ (vo_vcpus _ _ _ _ V) h i X).
    - intros i. unfold token. rewrite Dm, upd_name by (apply String.eqb_neq; exact N3). reflexivity.
    - intros i _ X. unfold vcpu_made. rewrite Dm, upd_name by (apply String.eqb_neq; exact N2). exact X.
    - rewrite St. apply (u_states _ _ (vo_vcpus _ _ _ _ V)).
    - apply C.
  Qed.

  (** A state that neither starts a VM nor, while something is lent to it, ends it. *)
  Lemma sec_write_state fz L w h s : sec B fz L w -> let w' := write_cell B ("vms.state", [h]) s w in
    cs B w' -> (live w' h <-> live w h) -> (rooted w' h -> rooted w h) ->
    VM_FREE <= vm_state w' h <= VM_DYING -> sec B fz L w'.
  Proof.
    intros S w' C Lv Rt Sr. apply sec_vms in S as [[I _] V]. apply sec_vms. split; [exact C|].
    apply (vms_frame w w' h); auto.
    - apply fewer_steer; [exact I|]. intros g r [[-> ->]|[L0 ->]]; [left; auto|right]. split; [|reflexivity].
      destruct (Z.eq_dec g h) as [->|N]; [apply Lv, L0|]. unfold live, vm_state in *. cbn [w_mem set_mem] in L0.
      rewrite upd_head in L0 by exact N. exact L0.
    - intros c g ix _ N. cbn [w_mem]. unfold w', write_cell; cbn. apply upd_head, N.
    - intros R. split; [exact (Rt R)|]. intros c ix _ N _. unfold w', write_cell; cbn. apply upd_name, String.eqb_neq.
      congruence.
    - apply Lv.
    - intros i X. change (vcpu_made w h i) in X. split; [exact X|]. apply Lv, (u_live _ _ (vo_vcpus _ _ _ _ V) h i X).
    - apply C.
  Qed.

  (** ** A new VM *)
  Section New.
    Variables (w : world) (h : Z).
    Let w' := write_cell B ("vms.state", [h]) VM_NEW w.
    Hypothesis Hh : 1 <= h <= 255.
    Hypothesis Hfree : vm_state w h = VM_FREE.
    Hypothesis Hblank : forall t, t = vm_root w h \/ t = vm_root w h + 1 ->
      is_ram B t /\ state w t = mk_state PG_VMCORE h 0 /\ zeroed w t.
    Hypothesis Heven : vm_root w h mod 2 = 0.
    Hypothesis Hpool : vm_n_pool w h = 0.
    Hypothesis Hram : vm_n_ram w h = 0.
    Hypothesis Hloaded : vm_n_loaded w h = 0.

    Lemma new_not_rooted : ~ rooted w h.
    Proof. intros [[_ L]|(_ & L & _)]; rewrite Hfree in L; [destruct L as [L|L]|]; discriminate L. Qed.

    Lemma new_state g : vm_state w' g = if h =? g then VM_NEW else vm_state w g.
    Proof. transitivity (vm_state (set_mem (upd (w_mem w) ("vms.state", [h]) VM_NEW) w) g); [reflexivity|]. apply vm_state_write. Qed.

    Lemma new_live : live w' h.
    Proof. split; [exact Hh|left]. rewrite new_state, Z.eqb_refl. reflexivity. Qed.

    Lemma new_others g : g <> h -> (live w' g <-> live w g) /\ (rooted w' g <-> rooted w g).
    Proof.
      intros N. assert (E : vm_state w' g = vm_state w g) by (rewrite new_state; destruct (Z.eqb_spec h g); congruence).
      assert (El : live w' g <-> live w g) by (unfold live; rewrite E; reflexivity). split; [exact El|].
      unfold rooted. rewrite El, E. change (vm_n_lent w' g) with (vm_n_lent w g). reflexivity.
    Qed.

    Lemma new_root fn : frame fn -> let t := vm_root w h + fn / 2 ^ 27 in
      is_ram B t /\ state w t = mk_state PG_VMCORE h 0 /\ zeroed w t.
    Proof. intros F. apply Hblank. unfold frame in F. words. Qed.

    Lemma new_table l fn t : frame fn -> table_at w (vm_root w h) l fn = Some t -> l = 1 /\ t = vm_root w h + fn / 2 ^ 27.
    Proof.
      intros F E. destruct (Z.eq_dec l 1) as [->|N]; [rewrite table_at_1 in E; split; congruence|]. exfalso. unfold table_at in E.
      destruct (Z.eqb_spec l 1); [contradiction|]. destruct (new_root fn F) as (_ & _ & Z0).
      rewrite Z0 in E by apply index_range. discriminate E.
    Qed.

    Lemma new_leaf fn : frame fn -> leaf_at w (vm_root w h) fn = (1, 0).
    Proof.
      intros F. destruct (new_root fn F) as (_ & _ & Z0). rewrite leaf_at_1; rewrite Z0 by apply index_range; reflexivity.
    Qed.

    Lemma new_names fn s p : frame fn -> s <> 0 -> ~ names w h fn s p.
    Proof. intros F N. unfold names. rewrite new_leaf by exact F. intros [E _]. apply N. rewrite <- E. reflexivity. Qed.

    (** Walkers of the new VM are at its root, and find nothing there. *)
    Lemma new_walks : inv B w -> forall g l fn t, w_walk w' g l fn t ->
      (g = h -> l = 1 /\ frame fn /\ t = vm_root w h + fn / 2 ^ 27) /\ (g <> h -> w_walk w g l fn t).
    Proof.
      intros I. apply (walks_in B (set_mem (upd (w_mem w) ("vms.state", [h]) VM_NEW) w)
        (fun g l fn t => (g = h -> l = 1 /\ frame fn /\ t = vm_root w h + fn / 2 ^ 27) /\ (g <> h -> w_walk w g l fn t))).
      - intros g l fn t W. split; [intros ->|auto]. exfalso.
        pose proof (live_rooted _ _ (walk_live B w h l fn t I ltac:(lia) W)) as R. exact (new_not_rooted R).
      - intros g r fn S F. split.
        + intros ->. destruct S as [[X _]|[_ ->]]; [lia|]. auto.
        + intros N. apply (c_walk B w (i_settled B w I)), walk_start; [|exact F]. destruct S as [S|[L ->]]; [left; exact S|right].
          split; [|reflexivity]. apply (new_others g N), L.
      - intros g l fn t t' [W1 W2] E. change (next_table l (word w t (index l fn)) = Some t') in E. split.
        + intros ->. exfalso. destruct (W1 eq_refl) as (-> & F & ->). destruct (new_root fn F) as (_ & _ & Z0).
          rewrite Z0 in E by apply index_range. discriminate E.
        + intros N. apply (c_walk B w (i_settled B w I)). eapply walk_next; [apply walk_old, W2, N|exact E].
    Qed.

    Lemma new_tlb k g fn p : inv B w -> w_tlb w' k g fn p -> g <> h /\ w_tlb w k g fn p.
    Proof.
      intros I [T|(l & t & W & L)].
      - split; [|exact T]. intros ->. pose proof (live_rooted _ _ (tlb_live B w k h fn p I ltac:(lia) T)) as R. exact (new_not_rooted R).
      - change (leaf_page l (word w t (index l fn)) fn = Some p) in L.
        destruct (new_walks I g l fn t W) as [W1 W2]. destruct (Z.eq_dec g h) as [E|N].
        + exfalso. destruct (W1 E) as (-> & F & ->). destruct (new_root fn F) as (_ & _ & Z0).
          rewrite Z0 in L by apply index_range. discriminate L.
        + split; [exact N|]. apply (c_tlb B w (i_settled B w I)). right. exists l, t. split; [apply walk_old, W2, N|exact L].
    Qed.

    Lemma new_tables fz : inv B w' -> inv B w -> tables_ok B fz w -> tables_ok B fz w'.
    Proof.
      intros I' I [Tr Tp Ts Tl Tw Tt]. constructor.
      - intros g R. destruct (Z.eq_dec g h) as [->|N].
        + change (vm_root w' h) with (vm_root w h). split; [exact Heven|].
          pose proof (ram_range B HB _ (proj1 (Hblank _ (or_introl eq_refl)))). lia.
        + apply (new_others g N) in R. exact (Tr g R).
      - intros g l fn t R F E. change (table_at w (vm_root w g) l fn = Some t) in E. change (state w' t) with (state w t).
        destruct (Z.eq_dec g h) as [->|N].
        + destruct (new_table l fn t F E) as [-> ->]. destruct (new_root fn F) as (A & C & _). auto.
        + apply (new_others g N) in R. exact (Tp g l fn t R F E).
      - intros g l l' fn fn' t R F F' E E'. change (table_at w (vm_root w g) l fn = Some t) in E.
        change (table_at w (vm_root w g) l' fn' = Some t) in E'.
        destruct (Z.eq_dec g h) as [->|N].
        + destruct (new_table l fn t F E) as [-> ->]. destruct (new_table l' fn' _ F' E') as [-> X].
          split; [reflexivity|]. change (2 ^ (9 * (4 - 1))) with (2 ^ 27). lia.
        + apply (new_others g N) in R. exact (Ts g l l' fn fn' t R F F' E E').
      - intros g fn R F. destruct (Z.eq_dec g h) as [->|N].
        + pose proof (new_leaf fn F) as E. pose proof (fun s p => new_names fn s p F) as Nn.
          constructor; change (leaf_at w' (vm_root w' h) fn) with (leaf_at w (vm_root w h) fn); rewrite ?E.
          * intros d [= <-]. reflexivity.
          * intros l d [= <- <-] X. destruct X. reflexivity.
          * intros l d [= <- <-] _. left. reflexivity.
          * intros p _ X. destruct (Nn 1 p ltac:(discriminate) X).
          * intros p X. destruct (Nn 2 p ltac:(discriminate) X).
          * intros l d [= <- <-]. discriminate.
          * intros d [=].
        + destruct (new_others g N) as [El Er]. apply Er in R. destruct (Tl g fn R F). constructor; auto.
          intros p L. apply El in L. exact (l_private p L).
      - intros g l fn t N W. change (frame fn /\ table_at w (vm_root w g) l fn = Some t).
        destruct (new_walks I g l fn t W) as [W1 W2]. destruct (Z.eq_dec g h) as [->|Ng].
        + destruct (W1 eq_refl) as (-> & F & ->). auto.
        + exact (Tw g l fn t N (W2 Ng)).
      - intros k g fn p N T. destruct (new_tlb k g fn p I T) as [_ T0]. exact (Tt k g fn p N T0).
    Qed.

    Theorem vms_new fz L : inv B w' -> inv B w -> vms_ok B fz L w -> vms_ok B fz L w'.
    Proof.
      intros I' I [T P N U].
      assert (M : forall g i, vcpu_made w' g i -> g <> h /\ vcpu_made w g i).
      { intros g i M. change (vcpu_made w g i) in M. split; [|exact M]. intros ->.
        apply new_not_rooted, live_rooted, (u_live _ _ U h i M). }
      assert (Pl : forall g l, pool_of B w' g l <-> pool_of B w g l).
      { intros g l. split; intros []; constructor; try assumption; (eapply linked_frame; [|exact p_linked]); reflexivity. }
      constructor.
      - exact (new_tables fz I' I T).
      - intros g Lv. destruct (Z.eq_dec g h) as [->|Ng].
        + exists []. constructor; try (intros; contradiction); [exact Hpool|exact Logic.I|constructor].
        + apply (new_others g Ng) in Lv. destruct (P g Lv) as (l & H). exists l. apply Pl, H.
      - destruct N. constructor; [exact n_count|exact n_other|]. intros g fn p R F Nm.
        change (names w g fn 2 p) in Nm. destruct (Z.eq_dec g h) as [->|Ng].
        + destruct (new_names fn 2 p F ltac:(discriminate) Nm).
        + apply (new_others g Ng) in R. exact (n_leaf g fn p R F Nm).
      - constructor.
        + intros g Hg. rewrite new_state. destruct (h =? g); [unfold VM_FREE, VM_NEW, VM_DYING; lia|apply (u_states _ _ U), Hg].
        + intros g i X. destruct (M g i X) as [Ng X0]. apply (new_others g Ng), (u_live _ _ U g i X0).
        + intros g i X. exact (u_run _ _ U g i (proj2 (M g i X))).
        + intros g i g' i' X X'. exact (u_runs _ _ U g i g' i' (proj2 (M g i X)) (proj2 (M g' i' X'))).
        + intros g i X. exact (u_normal _ _ U g i (proj2 (M g i X))).
        + intros g i X Pr. exact (u_ctx _ _ U g i (proj2 (M g i X)) Pr).
        + intros g i i' X X'. exact (u_ctxs _ _ U g i i' (proj2 (M g i X)) (proj2 (M g i' X'))).
        + exact (u_token _ _ U).
        + intros g Lv. change (vm_n_loaded w' g) with (vm_n_loaded w g). change (n_tokens w' g) with (n_tokens w g).
          destruct (Z.eq_dec g h) as [->|Ng]; [|apply (new_others g Ng) in Lv; exact (u_loaded _ _ U g Lv)].
          rewrite Hloaded. symmetry. apply no_tokens. intros i. apply (free_unloaded w h U Hfree).
        + intros g Lv. destruct (Z.eq_dec g h) as [->|Ng].
          * change (vm_n_ram w' h) with (vm_n_ram w h). rewrite Hram. split; [lia|]. intros i Hi. lia.
          * apply (new_others g Ng) in Lv. exact (u_ram _ _ U g Lv).
    Qed.
  End New.
End Vm.
