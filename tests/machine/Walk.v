(** * The machine model's walker and TLB relation as functions

    proof/machine/State.v and Events.v state what walkers and TLBs may do as relations over all frames
    and VMIDs.  What the tests run against the hardware must be a program: the functions here, built
    from the model's own [index], [next_table] and [leaf_page], with the proofs that they are the
    relations, for one VMID and one frame at a time. *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Events.
Import ListNotations.
Open Scope Z_scope.

(** ** One walk through memory that does not change *)
Section Walk.
  Variable mem : Z -> Z -> Z.      (* frame, number of the word *)

  (** The level at which a walk ends, the descriptor there, and the page if it is a leaf. *)
  Inductive result := Leaf (l d p : Z) | Fault (l d : Z).

  Fixpoint walk (n : nat) (l t fn : Z) : result :=
    let d := mem t (index l fn) in
    match leaf_page l d fn with
    | Some p => Leaf l d p
    | None =>
        match next_table l d, n with
        | Some t', S m => walk m (l + 1) t' fn
        | _, _ => Fault l d
        end
    end.

  Definition translate (root fn : Z) : result :=
    if (0 <=? fn) && (fn <? 2 ^ 28) then walk 2 1 (root + fn / 2 ^ 27) fn else Fault 0 0.
End Walk.

(** ** What may be, for one VMID and one frame: tables that a walk may use, by level; pages *)
Record view := { v_walks : list (Z * Z); v_pages : list Z }.

Definition pair_dec (a b : Z * Z) : {a = b} + {a <> b}.
Proof. decide equality; apply Z.eq_dec. Defined.

Section Views.
  Variable mem : Z -> Z -> Z.
  Variable root fn : Z.

  Definition nexts (a : Z * Z) : list (Z * Z) :=
    match next_table (fst a) (mem (snd a) (index (fst a) fn)) with
    | Some t => [(fst a + 1, t)]
    | None => []
    end.
  Definition pages (a : Z * Z) : list Z :=
    match leaf_page (fst a) (mem (snd a) (index (fst a) fn)) fn with
    | Some p => [p]
    | None => []
    end.
  Definition grow (a : list (Z * Z)) : list (Z * Z) := nodup pair_dec (a ++ flat_map nexts a).

  (** [settle]: walks go on as far as they can, and every leaf they reach becomes an entry. *)
  Definition settle_view (v : view) : view :=
    let a := grow (grow ((1, root + fn / 2 ^ 27) :: v_walks v)) in
    {| v_walks := a; v_pages := nodup Z.eq_dec (v_pages v ++ flat_map pages a) |}.
End Views.

Definition empty : view := {| v_walks := []; v_pages := [] |}.

(** A view shows what the world says of VMID h and frame fn. *)
Record shows (v : view) (w : world) (h fn : Z) : Prop := {
  sh_walks : forall l t, w_walk w h l fn t <-> In (l, t) (v_walks v);
  sh_pages : forall k p, w_tlb w k h fn p <-> In p (v_pages v);
  sh_level : forall l t, In (l, t) (v_walks v) -> 1 <= l }.

(** ** They are the same *)
Section Same.
  Variable B : board.
  Variable w : world.
  Variable h r fn : Z.
  Hypothesis one_root : forall q, starts B w h q <-> q = r.
  Hypothesis in_range : 0 <= fn < 2 ^ 28.

  (** Induction over the walks of one VMID and frame. *)
  Lemma walks_of_one (P : Z -> Z -> Prop) :
    (forall l t, w_walk w h l fn t -> P l t) ->
    (forall q, starts B w h q -> P 1 (q + fn / 2 ^ 27)) ->
    (forall l t t', walks B w h l fn t -> P l t -> next_table l (word w t (index l fn)) = Some t' ->
                    P (l + 1) t') ->
    forall l t, walks B w h l fn t -> P l t.
  Proof.
    intros Old Start Next.
    assert (H : forall h' l fn' t, walks B w h' l fn' t -> h' = h -> fn' = fn -> P l t).
    { induction 1; intros -> ->; eauto. }
    eauto.
  Qed.

  Lemma nexts_in a b :
    In b (nexts (word w) fn a) <->
    next_table (fst a) (word w (snd a) (index (fst a) fn)) = Some (snd b) /\ fst b = fst a + 1.
  Proof.
    unfold nexts. destruct (next_table _ _) as [t|]; cbn; destruct b; cbn; intuition congruence.
  Qed.

  Lemma next_level l d t : next_table l d = Some t -> l < 3.
  Proof.
    unfold next_table. destruct (l <? 3) eqn:E; cbn; [lia | discriminate].
  Qed.

  Lemma grow_in a b :
    In b (grow (word w) fn a) <->
    In b a \/ exists c, In c a /\ next_table (fst c) (word w (snd c) (index (fst c) fn)) = Some (snd b) /\
                        fst b = fst c + 1.
  Proof.
    unfold grow. rewrite nodup_In, in_app_iff, in_flat_map.
    split; (intros [H|(c & H & K)]; [left; exact H|right; exists c]); rewrite nexts_in in *; tauto.
  Qed.

  Lemma settle_walks v : shows v w h fn ->
    forall l t, walks B w h l fn t <-> In (l, t) (v_walks (settle_view (word w) r fn v)).
  Proof.
    intros [W _ L] l t. cbn [settle_view v_walks].
    set (a := (1, r + fn / 2 ^ 27) :: v_walks v).
    assert (La : forall c, In c a -> 1 <= fst c).
    { intros [x y] [<-|H]; cbn; [lia | exact (L x y H)]. }
    split.
    - (* by induction on the walk: two rounds are enough, for there are three levels *)
      intros H. revert l t H.
      apply (walks_of_one (fun l t => In (l, t) (grow (word w) fn (grow (word w) fn a)))).
      + intros l t H. rewrite !grow_in. left. left. right. apply W, H.
      + intros q S. apply one_root in S. subst. rewrite !grow_in. left. left. left. reflexivity.
      + intros l t t' H IH N. pose proof (next_level _ _ _ N) as K.
        rewrite grow_in in IH. destruct IH as [IH|(c & C & M & E)].
        * rewrite grow_in. right. exists (l, t). auto.
        * cbn in M, E. rewrite grow_in in C. destruct C as [C|(c' & C & M' & E')].
          -- (* c is of the first list, (l, t) of the second: its successor is of the third *)
             rewrite grow_in. right. exists (l, t). split; [|auto].
             rewrite grow_in. right. exists c. auto.
          -- apply La in C. lia.
    - rewrite grow_in. intros H.
      assert (A : forall b, In b a -> walks B w h (fst b) fn (snd b)).
      { intros [x y] [E|K]; cbn.
        - injection E as <- <-. apply walk_start; [apply one_root; reflexivity | exact in_range].
        - apply walk_old, W, K. }
      assert (G : forall b, In b (grow (word w) fn a) -> walks B w h (fst b) fn (snd b)).
      { intros b K. apply grow_in in K. destruct K as [K|(c & K & N & E)]; [auto|].
        rewrite E. eapply walk_next; eauto. }
      destruct H as [H|(c & H & N & E)]; [exact (G _ H)|].
      cbn in N, E. rewrite E. eapply walk_next; eauto.
  Qed.

  Lemma settle_pages v : shows v w h fn ->
    forall k p, entries B w k h fn p <-> In p (v_pages (settle_view (word w) r fn v)).
  Proof.
    intros S k p. pose proof (settle_walks v S) as W. destruct S as [_ P _].
    unfold entries. cbn [settle_view v_pages v_walks] in *. rewrite nodup_In, in_app_iff, in_flat_map, (P k p).
    split.
    - intros [H|(l & t & H & E)]; [left; exact H|right].
      exists (l, t). split; [apply W, H|]. unfold pages. cbn [fst snd]. rewrite E. left. reflexivity.
    - intros [H|([l t] & H & E)]; [left; exact H|right].
      exists l, t. split; [apply W, H|]. unfold pages in E. cbn [fst snd] in E.
      destruct (leaf_page l _ fn) as [q|]; [|contradiction]. destruct E as [->|[]]. reflexivity.
  Qed.

  Theorem settle_shows v : shows v w h fn -> shows (settle_view (word w) r fn v) (settle B w) h fn.
  Proof.
    intros S. split.
    - intros l t. apply (settle_walks v S).
    - intros k p. apply (settle_pages v S).
    - intros l t H. apply (settle_walks v S) in H. revert l t H.
      apply (walks_of_one (fun l _ => 1 <= l)); [|intros; lia|intros; lia].
      intros l t H. eapply (sh_level _ _ _ _ S), (sh_walks _ _ _ _ S), H.
  Qed.

  Lemma leaf_or_table l d p : leaf_page l d fn = Some p -> next_table l d = None.
  Proof.
    unfold leaf_page, next_table. destruct (l <? 3); cbn; [|reflexivity].
    destruct (d mod 4 =? 1) eqn:E1; [|discriminate]. destruct (d mod 4 =? 3) eqn:E3; [lia | reflexivity].
  Qed.

  (** The walker: without old walks and entries, what [translate] finds is all that may be. *)
  Theorem translate_is_entries k p : shows empty w h fn ->
    entries B w k h fn p <-> exists l d, translate (word w) r fn = Leaf l d p.
  Proof.
    intros [W T _]. unfold translate.
    replace ((0 <=? fn) && (fn <? 2 ^ 28)) with true
      by (symmetry; apply andb_true_iff; rewrite Z.leb_le, Z.ltb_lt; exact in_range).
    set (t1 := r + fn / 2 ^ 27).
    assert (S : walks B w h 1 fn t1) by (apply walk_start; [apply one_root; reflexivity | exact in_range]).
    cbn [walk]. set (d1 := word w t1 (index 1 fn)).
    split.
    - intros [H|(l & t & H & E)]; [apply T in H; contradiction|].
      (* where a walk can be: at t1, or at one of the two tables after it *)
      assert (A : l = 1 /\ t = t1 \/ l = 2 /\ next_table 1 d1 = Some t \/
                  l = 3 /\ exists t2, next_table 1 d1 = Some t2 /\
                                    next_table 2 (word w t2 (index 2 fn)) = Some t).
      { clear E. revert l t H.
        apply (walks_of_one (fun l t => l = 1 /\ t = t1 \/ l = 2 /\ next_table 1 d1 = Some t \/
          l = 3 /\ exists t2, next_table 1 d1 = Some t2 /\ next_table 2 (word w t2 (index 2 fn)) = Some t)).
        - intros l t H. apply W in H. contradiction.
        - intros q Q. apply one_root in Q. subst. auto.
        - intros l t t' _ [[-> ->]|[[-> M]|[-> _]]] N; [auto | | ].
          + right. right. split; [reflexivity|]. exists t. auto.
          + apply next_level in N. lia. }
      destruct A as [[-> ->]|[[-> N]|[-> (t2 & N & N2)]]].
      + fold d1 in E. rewrite E. eauto.
      + destruct (leaf_page 1 d1 fn) eqn:E1; [apply leaf_or_table in E1; congruence|].
        rewrite N. change (1 + 1) with 2. rewrite E. eauto.
      + destruct (leaf_page 1 d1 fn) eqn:E1; [apply leaf_or_table in E1; congruence|].
        rewrite N. change (1 + 1) with 2.
        destruct (leaf_page 2 _ fn) eqn:E2; [apply leaf_or_table in E2; congruence|].
        rewrite N2. change (2 + 1) with 3. rewrite E. eauto.
    - intros (l & d & H). right.
      destruct (leaf_page 1 d1 fn) as [q|] eqn:E1; [injection H as _ _ <-; eauto|].
      destruct (next_table 1 d1) as [t2|] eqn:N1; [|discriminate].
      assert (S2 : walks B w h (1 + 1) fn t2) by (eapply walk_next; eauto).
      set (d2 := word w t2 (index (1 + 1) fn)) in *.
      destruct (leaf_page (1 + 1) d2 fn) as [q|] eqn:E2; [injection H as _ _ <-; eauto|].
      destruct (next_table (1 + 1) d2) as [t3|] eqn:N2; [|discriminate].
      assert (S3 : walks B w h (1 + 1 + 1) fn t3) by (eapply walk_next; eauto).
      destruct (leaf_page (1 + 1 + 1) _ fn) as [q|] eqn:E3; [injection H as _ _ <-; eauto|].
      destruct (next_table (1 + 1 + 1) _); discriminate.
  Qed.
End Same.

(** ** Histories: what the replay does to a view at each event is what the event does to the world *)
Section Histories.
  Variable B : board.

  Definition rooted (w : world) (h r : Z) : Prop := forall q, starts B w h q <-> q = r.

  Lemma rooted_kserv w : rooted w 0 (b_root B).
  Proof. intros q. unfold starts, live. lia. Qed.
  Lemma rooted_vm w h : live w h -> rooted w h (vm_root w h).
  Proof. intros L q. unfold starts. pose proof (proj1 L). intuition lia. Qed.

  Lemma shows_ram v w h fn m : shows v w h fn -> shows v (set_ram m w) h fn.
  Proof. intros [W P L]. split; cbn; auto. Qed.

  (** pte_set, pg_set: every view goes on in the new memory. *)
  Theorem write_shows v w h fn r p i x :
    rooted w h r -> 0 <= fn < 2 ^ 28 -> shows v w h fn ->
    let w' := write_word B p i x w in shows (settle_view (word w') r fn v) w' h fn.
  Proof.
    intros R F S. cbn. set (w1 := set_ram (store_word p i x (w_ram w)) w).
    apply (settle_shows B w1 h r fn); [exact R | exact F | apply shows_ram, S].
  Qed.

  (** tlb_inval_vm: the view of that VMID starts anew, the others stay. *)
  Theorem invalidate_shows v w h h' fn r :
    rooted w h r -> 0 <= fn < 2 ^ 28 -> shows v w h fn ->
    shows (settle_view (word w) r fn (if h =? h' then empty else v)) (invalidate B h' w) h fn.
  Proof.
    intros R F [W P L]. apply (settle_shows B (drop_vmid h' w) h r fn); [exact R | exact F |].
    destruct (Z.eqb_spec h h') as [->|D]; split; cbn.
    - intros; split; [intros [N _]; exact (N eq_refl) | contradiction].
    - intros; split; [intros [N _]; exact (N eq_refl) | contradiction].
    - contradiction.
    - intros l t. rewrite <- W. split; [intros [_ H]; exact H | intros H; exact (conj D H)].
    - intros k p. rewrite <- P. split; [intros [_ H]; exact H | intros H; exact (conj D H)].
    - exact L.
  Qed.

  (** After [settle] nothing is left to do, so that [write_elsewhere] applies after each event. *)
  Theorem settle_settled w : settled B (settle B w).
  Proof.
    assert (W : forall h l fn t, walks B (settle B w) h l fn t -> walks B w h l fn t).
    { induction 1; [exact H | apply walk_start; assumption | eapply walk_next; eauto]. }
    split; [exact W|]. intros k h fn p [H|(l & t & H & E)]; [exact H|].
    right. exists l, t. split; [apply W, H | exact E].
  Qed.

  (** A walk that does not pass the written word is not changed by it: the replay skips such views. *)
  Theorem write_elsewhere v w h fn r p i x :
    rooted w h r -> 0 <= fn < 2 ^ 28 -> settled B w -> shows v w h fn ->
    (forall l t, In (l, t) (v_walks v) -> t = p -> index l fn <> i) ->
    shows v (write_word B p i x w) h fn.
  Proof.
    intros R F [Cw Ct] [W P L] E. set (w1 := set_ram (store_word p i x (w_ram w)) w).
    assert (S : forall l t, w_walk w h l fn t -> word w1 t (index l fn) = word w t (index l fn)).
    { intros l t H. apply W in H. specialize (E l t H). unfold word. cbn. unfold store_word.
      destruct (Z.eqb_spec t p) as [->|]; [|reflexivity].
      destruct (Z.eqb_spec (index l fn) i) as [Q|]; [exfalso; apply E; auto | reflexivity]. }
    assert (K : forall l t, walks B w1 h l fn t <-> w_walk w h l fn t).
    { intros l t. split; [|intros H; apply walk_old; exact H]. revert l t.
      apply (walks_of_one B w1 h fn (fun l t => w_walk w h l fn t)).
      - intros l t H. exact H.
      - intros q Q. apply Cw, walk_start; [exact Q | exact F].
      - intros l t t' _ H N. rewrite (S l t H) in N. apply Cw. eapply walk_next; [apply walk_old, H | exact N]. }
    unfold write_word. fold w1. split; cbn [settle w_walk w_tlb].
    - intros l t. rewrite K. apply W.
    - intros k q. rewrite <- (P k q). unfold entries. split.
      + intros [H|(l & t & H & Q)]; [exact H|]. apply K in H. apply Ct. right. exists l, t.
        split; [apply walk_old, H|]. rewrite <- (S l t H). exact Q.
      + intros H. left. exact H.
    - exact L.
  Qed.
End Histories.

