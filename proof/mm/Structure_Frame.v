(** * What keeps the VMs' side of the invariant

    Every part of [sec] depends on little: the content of linked tables and of the pool, some objects of
    VMs and vCPUs, the states of the pages that these name, and VMs' walks and TLB entries, which may
    always get fewer.  One lemma for each part says so, and [frame_vms] (Structure_Facts.v) for all of
    them together. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Trees of VMs *)
(** Of VMs that have tables in [w'], root and words of tables are the same. *)
Record same_trees (w w' : world) : Prop := {
  y_live : forall h, live w' h -> live w h;
  y_rooted : forall h, rooted w' h -> rooted w h;
  y_root : forall h, rooted w' h -> vm_root w' h = vm_root w h;
  y_protected : forall h, rooted w' h -> protected w' h -> protected w h;
  y_word : forall h l fn t i, rooted w' h -> frame fn -> table_at w (vm_root w h) l fn = Some t ->
    0 <= i < 512 -> word w' t i = word w t i }.

Lemma live_rooted w h : live w h -> rooted w h.
Proof. left; assumption. Qed.

Lemma index_range l fn : 0 <= index l fn < 512.
Proof. apply Z.mod_pos_bound. lia. Qed.

Lemma table_at_1 w r fn : table_at w r 1 fn = Some (r + fn / 2 ^ 27).
Proof. reflexivity. Qed.

Lemma table_at_level w r l fn t : table_at w r l fn = Some t -> 1 <= l <= 3.
Proof.
  unfold table_at. destruct (Z.eqb_spec l 1); [lia|]. destruct (next_table _ _); [|discriminate].
  destruct (Z.eqb_spec l 2); [lia|]. destruct (Z.eqb_spec l 3); [lia|discriminate].
Qed.

(** A walk goes down the tree. *)
Lemma table_at_next w r l fn t t' : table_at w r l fn = Some t ->
  next_table l (word w t (index l fn)) = Some t' -> table_at w r (l + 1) fn = Some t'.
Proof.
  intros T N. pose proof (table_at_level _ _ _ _ _ T) as R. unfold table_at in *.
  destruct (Z.eqb_spec l 1) as [->|].
  - assert (E : t = r + fn / 2 ^ 27) by congruence. subst t. change (1 + 1 =? 1) with false. change (1 + 1 =? 2) with true. cbv iota.
    rewrite N. reflexivity.
  - destruct (Z.eqb_spec (l + 1) 1); [lia|]. destruct (next_table 1 _); [|discriminate].
    destruct (Z.eqb_spec (l + 1) 2); [lia|]. destruct (Z.eqb_spec l 2) as [->|].
    + injection T as ->. exact N.
    + destruct (Z.eqb_spec l 3) as [->|]; [discriminate N|discriminate].
Qed.

Section Trees.
  Variables w w' : world.
  Hypothesis S : same_trees w w'.

  Lemma same_table_at h l fn : rooted w' h -> frame fn ->
    table_at w' (vm_root w' h) l fn = table_at w (vm_root w h) l fn.
  Proof.
    intros R F. rewrite (y_root _ _ S h R). unfold table_at. destruct (l =? 1); [reflexivity|].
    rewrite (y_word _ _ S h 1 fn (vm_root w h + fn / 2 ^ 27) (index 1 fn) R F) by (reflexivity || apply index_range).
    destruct (next_table 1 (word w (vm_root w h + fn / 2 ^ 27) (index 1 fn))) as [t|] eqn:E; [|reflexivity].
    rewrite (y_word _ _ S h 2 fn t (index 2 fn) R F); [reflexivity| |apply index_range].
    unfold table_at. change (2 =? 1) with false. change (2 =? 2) with true. cbv iota. rewrite E. reflexivity.
  Qed.

  Lemma same_leaf_at h fn : rooted w' h -> frame fn ->
    leaf_at w' (vm_root w' h) fn = leaf_at w (vm_root w h) fn.
  Proof.
    intros R F. unfold leaf_at. rewrite !same_table_at by assumption.
    destruct (table_at w (vm_root w h) 3 fn) as [t|] eqn:E3.
    { rewrite (y_word _ _ S h 3 fn t) by (assumption || apply index_range). reflexivity. }
    destruct (table_at w (vm_root w h) 2 fn) as [t|] eqn:E2.
    { rewrite (y_word _ _ S h 2 fn t) by (assumption || apply index_range). reflexivity. }
    rewrite (y_root _ _ S h R).
    rewrite (y_word _ _ S h 1 fn (vm_root w h + fn / 2 ^ 27)) by (assumption || reflexivity || apply index_range).
    reflexivity.
  Qed.

  Lemma same_names h fn s p : rooted w' h -> frame fn -> (names w' h fn s p <-> names w h fn s p).
  Proof. intros R F. unfold names. rewrite same_leaf_at by assumption. reflexivity. Qed.
End Trees.

(** ** The parts *)
Section Parts.
  Variable B : board.

  Lemma live_dec w h : live w h \/ ~ live w h.
  Proof.
    unfold live. destruct (Z.eq_dec (vm_state w h) VM_NEW), (Z.eq_dec (vm_state w h) VM_SEALED),
      (Z_le_dec 1 h), (Z_le_dec h 255); tauto.
  Qed.

  Lemma walk_live w h l fn t : inv B w -> h <> 0 -> w_walk w h l fn t -> live w h.
  Proof.
    intros I N W. destruct (live_dec w h) as [L|L]; [exact L|].
    exfalso. destruct (i_dead B w I h N L) as [D _]. exact (D _ _ _ W).
  Qed.

  Lemma tlb_live w k h fn p : inv B w -> h <> 0 -> w_tlb w k h fn p -> live w h.
  Proof.
    intros I N T. destruct (live_dec w h) as [L|L]; [exact L|].
    exfalso. destruct (i_dead B w I h N L) as [_ D]. exact (D _ _ _ T).
  Qed.

  (** VMs' walks and TLB entries are the same or fewer. *)
  Definition fewer (w w' : world) : Prop :=
    (forall h l fn t, h <> 0 -> w_walk w' h l fn t -> w_walk w h l fn t) /\
    (forall k h fn p, h <> 0 -> w_tlb w' k h fn p -> w_tlb w k h fn p).

  Lemma leaf_frame_ok fz w w' h fn : same_trees w w' -> rooted w' h -> frame fn -> leaf_ok B fz w h fn ->
    (forall p, live w' h -> names w h fn 1 p -> state w' p = state w p) ->
    (forall p, names w h fn 2 p -> kind (state w' p) = PG_LENT) -> leaf_ok B fz w' h fn.
  Proof.
    intros S R F [] P1 P2. pose proof (same_leaf_at w w' S h fn R F) as E.
    constructor; rewrite ?E; auto.
    - intros p L N. apply (same_names w w' S) in N; [|assumption..]. rewrite P1 by assumption.
      apply l_private; [exact (y_live _ _ S _ L)|exact N].
    - intros p N. apply (same_names w w' S) in N; [|assumption..].
      split; [exact (proj1 (l_lent p N))|apply P2, N].
    - intros d Ed Sd Pr. apply (l_block d Ed Sd). exact (y_protected _ _ S h R Pr).
  Qed.

  Lemma tables_frame fz w w' : inv B w' -> same_trees w w' -> tables_ok B fz w -> fewer w w' ->
    (forall h l fn t, rooted w' h -> frame fn -> table_at w (vm_root w h) l fn = Some t -> state w' t = state w t) ->
    (forall h fn p, live w' h -> frame fn -> names w h fn 1 p -> state w' p = state w p) ->
    (forall h fn p, rooted w' h -> frame fn -> names w h fn 2 p -> kind (state w' p) = PG_LENT) ->
    tables_ok B fz w'.
  Proof.
    intros I S [] [Fw Ft] St P1 P2. constructor.
    - intros h R. rewrite (y_root _ _ S h R). apply t_root, (y_rooted _ _ S _ R).
    - intros h l fn t R F T. rewrite (same_table_at w w' S) in T by assumption.
      rewrite (St h l fn t) by assumption. apply (t_page h l fn t); [apply (y_rooted _ _ S)|..]; assumption.
    - intros h l l' fn fn' t R F F' T T'. rewrite (same_table_at w w' S) in T, T' by assumption.
      apply (t_single h l l' fn fn' t); try assumption. apply (y_rooted _ _ S), R.
    - intros h fn R F. apply (leaf_frame_ok (fz h) w w'); auto.
      + apply t_leaf; [apply (y_rooted _ _ S)|]; assumption.
      + intros p L N. apply (P1 h fn); assumption.
      + intros p N. apply (P2 h fn); assumption.
    - intros h l fn t N W. pose proof (live_rooted _ _ (walk_live w' h l fn t I N W)) as R.
      destruct (t_walk h l fn t N (Fw _ _ _ _ N W)) as [F T]. split; [exact F|].
      rewrite (same_table_at w w' S) by assumption. exact T.
    - intros k h fn p N T. pose proof (live_rooted _ _ (tlb_live w' k h fn p I N T)) as R.
      destruct (t_tlb k h fn p N (Ft _ _ _ _ N T)) as [F (s & M)]. split; [exact F|]. exists s.
      apply (same_names w w' S); assumption.
  Qed.

  Lemma linked_frame w w' p l : (forall q, In q l -> word w' q 0 = word w q 0) -> linked w p l -> linked w' p l.
  Proof.
    revert p. induction l as [|q r IH]; [auto|]. cbn [linked]. intros p E [-> H]. split; [reflexivity|].
    rewrite E by (left; reflexivity). apply IH; [|exact H]. intros x X. apply E. right; exact X.
  Qed.

  Lemma pool_frame w w' h l : same_trees w w' -> rooted w' h -> vm_pool w' h = vm_pool w h ->
    vm_n_pool w' h = vm_n_pool w h ->
    (forall p, In p l -> state w' p = state w p) ->
    (forall p i, In p l -> 0 <= i < 512 -> word w' p i = word w p i) -> pool_of B w h l -> pool_of B w' h l.
  Proof.
    intros S R E1 E2 St W []. constructor; auto.
    - congruence.
    - rewrite E1. apply linked_frame with w; [|exact p_linked]. intros q Q. apply W; [exact Q|lia].
    - intros p H. rewrite St by exact H. auto.
    - intros p i H Hi. rewrite W by (assumption || lia). auto.
    - intros p l' fn H F. rewrite (same_table_at w w' S) by assumption. auto.
  Qed.

  (** The pool is one list. *)
  Lemma linked_same w p l l' : List.length l = List.length l' -> linked w p l -> linked w p l' -> l = l'.
  Proof.
    revert p l'. induction l as [|q r IH]; intros p [|q' r'] E; try discriminate E; [reflexivity|].
    cbn [linked]. intros [-> H] [-> H']. f_equal. apply (IH (word w q' 0)); [injection E; auto|assumption..].
  Qed.

  Lemma pool_same w h l l' : pool_of B w h l -> pool_of B w h l' -> l = l'.
  Proof.
    intros [C1 K1 _ _ _ _] [C2 K2 _ _ _ _]. apply (linked_same w (vm_pool w h)); [lia|assumption..].
  Qed.

  Lemma lent_frame w w' L : same_trees w w' ->
    (forall p, kind (state w p) = PG_LENT \/ kind (state w' p) = PG_LENT -> state w' p = state w p) ->
    lent_by w L -> lent_by w' L.
  Proof.
    intros S St []. constructor.
    - intros p K. rewrite St in K |- * by tauto. auto.
    - intros p K. apply n_other. intros K'. apply K. rewrite St by tauto. exact K'.
    - intros h fn p R F N. apply n_leaf; [apply (y_rooted _ _ S), R|exact F|].
      apply (same_names w w' S); assumption.
  Qed.

  (** Tokens, and their number. *)
  Record same_tokens (w w' : world) : Prop := {
    st_token : forall h i, token w' h i = token w h i;
    st_made : forall h i, token w h i <> 0 -> vcpu_made w h i -> vcpu_made w' h i;
    st_count : forall h, live w' h -> vm_n_loaded w' h = vm_n_loaded w h }.

  Lemma n_tokens_ext w w' h : (forall i, token w' h i = token w h i) -> n_tokens w' h = n_tokens w h.
  Proof.
    intros E. unfold n_tokens. do 2 f_equal. apply filter_ext. intros i. rewrite E. reflexivity.
  Qed.

  (** What RAM is declared may change. *)
  Lemma vcpus_frame_ram w w' : (forall h, live w' h -> live w h) -> vcpus_ok B w ->
    (forall h, 1 <= h <= 255 -> VM_FREE <= vm_state w' h <= VM_DYING) ->
    (forall h i, vcpu_made w' h i -> vcpu_made w h i /\ live w' h /\ (protected w' h <-> protected w h) /\
       vcpu_run w' h i = vcpu_run w h i /\ vcpu_ctx w' h i = vcpu_ctx w h i /\
       state w' (vcpu_run w h i) = state w (vcpu_run w h i) /\
       (protected w h -> state w' (vcpu_ctx w h i) = state w (vcpu_ctx w h i))) ->
    same_tokens w w' ->
    (forall h, live w' h -> vm_n_ram w' h <= 16 /\ forall i, 0 <= i < vm_n_ram w' h ->
       0 < ram_size w' h i /\ ram_base w' h i + ram_size w' h i <= 2 ^ 28) ->
    vcpus_ok B w'.
  Proof.
    intros Lv U Us M [Tk Tm Tc] Rm. constructor; [exact Us|..].
    - intros h i X. apply M in X. tauto.
    - intros h i X. destruct (M h i X) as (X0 & _ & _ & E1 & _ & E2 & _). rewrite E1, E2. apply (u_run B w U), X0.
    - intros h i h' i' X X'. destruct (M h i X) as (X0 & _ & _ & E1 & _), (M h' i' X') as (X0' & _ & _ & E1' & _).
      rewrite E1, E1'. apply (u_runs B w U); assumption.
    - intros h i X N. destruct (M h i X) as (X0 & _ & E & E1 & E2 & _). rewrite E1, E2.
      apply (u_normal B w U); [exact X0|]. rewrite <- E. exact N.
    - intros h i X N. destruct (M h i X) as (X0 & _ & E & _ & E2 & _ & E3). apply E in N.
      rewrite E2, E3 by exact N. apply (u_ctx B w U h i X0 N).
    - intros h i i' X X'. destruct (M h i X) as (X0 & _ & _ & _ & E & _), (M h i' X') as (X0' & _ & _ & _ & E' & _).
      rewrite E, E'. apply (u_ctxs B w U); assumption.
    - intros h i. rewrite Tk. intros N. destruct (u_token B w U h i N) as [X R]. auto.
    - intros h L. rewrite Tc, (n_tokens_ext w w') by auto. apply (u_loaded B w U), Lv, L.
    - exact Rm.
  Qed.

  Lemma vcpus_frame w w' : (forall h, live w' h -> live w h) -> vcpus_ok B w ->
    (forall h, 1 <= h <= 255 -> VM_FREE <= vm_state w' h <= VM_DYING) ->
    (forall h i, vcpu_made w' h i -> vcpu_made w h i /\ live w' h /\ (protected w' h <-> protected w h) /\
       vcpu_run w' h i = vcpu_run w h i /\ vcpu_ctx w' h i = vcpu_ctx w h i /\
       state w' (vcpu_run w h i) = state w (vcpu_run w h i) /\
       (protected w h -> state w' (vcpu_ctx w h i) = state w (vcpu_ctx w h i))) ->
    same_tokens w w' ->
    (forall h, live w' h -> vm_n_ram w' h = vm_n_ram w h /\
       forall i, ram_base w' h i = ram_base w h i /\ ram_size w' h i = ram_size w h i) ->
    vcpus_ok B w'.
  Proof.
    intros Lv U Us M Tk Rm. apply (vcpus_frame_ram w w' Lv U Us M Tk).
    intros h L. destruct (Rm h L) as [E Er]. destruct (u_ram B w U h (Lv _ L)) as [H H'].
    rewrite E. split; [exact H|]. intros i Hi. destruct (Er i) as [-> ->]. apply H', Hi.
  Qed.
End Parts.
