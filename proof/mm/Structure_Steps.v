(** * Single events and the VMs' side of the invariant

    Interference, invalidation, the lock, objects and pages that structure does not depend on; and what
    is known of TLB entries after an invalidation: they come from valid leaves. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Structure Structure_Frame Structure_Facts
  Vm_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma structural_seat c : structural c = false -> class_of c <> Constant -> seat_cell c = false.
Proof.
  intros S N. destruct (seat_cell c) eqn:E; [|reflexivity]. unfold seat_cell in E. apply existsb_exists in E as (d & I & E).
  apply String.eqb_eq in E. subst d. exfalso. destruct I as [<-|I]; [apply N; reflexivity|].
  repeat (destruct I as [<-|I]; [discriminate S|]). destruct I.
Qed.

Section Steps.
  Variable B : board.
  Hypothesis HB : board_ok B.

  (** ** Others, and the lock *)
  Lemma unchanged_interference w w0 : inv B w -> interference w w0 -> unchanged B w w0.
  Proof.
    intros I J. apply (evolves_unchanged B [] no_page); [apply evolves_interference; assumption|reflexivity|].
    intros p [].
  Qed.

  Lemma unchanged_held b w : unchanged B w (set_held b w).
  Proof. constructor; try reflexivity. split; auto. Qed.

  Lemma unchanged_invalidate h w : inv B w -> unchanged B w (invalidate B h w).
  Proof.
    intros I. constructor; try reflexivity. split; intros.
    - apply (drop_walks B w h (i_settled B w I)). assumption.
    - apply (drop_entries B w h (i_settled B w I)). assumption.
  Qed.

  Lemma sec_interference fz L w w0 : sec B fz L w -> interference w w0 -> sec B fz L w0.
  Proof.
    intros H J. pose proof (s_cs _ _ _ _ H) as [I Hd]. apply (sec_frame B w w0); [apply unchanged_interference; assumption| |exact H].
    split; [exact (inv_interference B HB w w0 I J)|]. destruct J as (r & -> & _). exact Hd.
  Qed.

  Lemma sec_invalidate fz L h w : sec B fz L w -> sec B fz L (invalidate B h w).
  Proof.
    intros H. pose proof (s_cs _ _ _ _ H) as [I Hd]. apply (sec_frame B w); [apply unchanged_invalidate, I| |exact H].
    split; [apply inv_invalidate, I|exact Hd].
  Qed.

  Lemma mem_inv_held b w : mem_inv B w -> mem_inv B (set_held b w).
  Proof. intros H. apply (mem_inv_frame B w); [apply unchanged_held|apply inv_held, H|exact H]. Qed.

  (** ** Objects *)
  Lemma unchanged_write w c ix v : structural c = false -> unchanged B w (write_cell B (c, ix) v w).
  Proof.
    intros S. assert (N : steers_walks c = false).
    { destruct (steers_walks c) eqn:X; [|reflexivity]. apply steers_structural in X. congruence. }
    apply (evolves_unchanged B [c] no_page).
    - apply evolves_write_cell; [exact N|]. cbn. rewrite String.eqb_refl. reflexivity.
    - cbn [forallb]. rewrite S. reflexivity.
    - intros p [].
  Qed.

  Lemma sec_write fz L w c ix v : sec B fz L w -> structural c = false -> class_of c <> Constant ->
    sec B fz L (write_cell B (c, ix) v w).
  Proof.
    intros H S N. pose proof (s_cs _ _ _ _ H) as [I Hd].
    assert (N' : steers_walks c = false).
    { destruct (steers_walks c) eqn:X; [|reflexivity]. apply steers_structural in X. congruence. }
    apply (sec_frame B w); [apply unchanged_write, S| |exact H].
    split; [apply inv_write_cell; [assumption..| |assumption]|].
    { apply seats_write; [apply structural_seat; assumption|apply I]. }
    unfold write_cell. cbn [fst]. rewrite N'. exact Hd.
  Qed.

  (** ** Pages that are not involved *)
  Lemma sec_set_meta fz L w p s : sec B fz L w -> cs B (set_meta p s w) -> ~ involved B w p ->
    kind (wrap U64 s) <> PG_LENT -> sec B fz L (set_meta p s w).
  Proof.
    intros H C N K. apply (sec_evolves B [] (eq p) fz L w); auto.
    - apply evolves_set_meta. reflexivity.
    - intros q <-. split; [exact N|]. unfold state; cbn. rewrite Z.eqb_refl. exact K.
  Qed.

  (** New content of pages that are not involved, and which no walker uses. *)
  Lemma unchanged_ram w r : inv B w ->
    (forall t i, used w t \/ is_ram B t /\ kind (state w t) = PG_CORE -> r t i = w_ram w t i) ->
    (forall t i, involved B w t -> is_ram B t -> kind (state w t) = PG_VMCORE -> r t i = w_ram w t i) ->
    unchanged B w (settle B (set_ram r w)).
  Proof.
    intros I E1 E2.
    destruct (ram_walks B w r (i_settled B w I)) as [A T]; [intros t i U; apply E1; left; exact U|].
    constructor; try reflexivity.
    - intros p i J R K. unfold word; cbn. rewrite E2 by assumption. reflexivity.
    - split; cbn; intros; [apply A|apply T]; assumption.
  Qed.

  Lemma sec_ram fz L w r : sec B fz L w ->
    (forall t i, used w t \/ is_ram B t /\ kind (state w t) = PG_CORE -> r t i = w_ram w t i) ->
    (forall t i, involved B w t -> is_ram B t -> kind (state w t) = PG_VMCORE -> r t i = w_ram w t i) ->
    sec B fz L (settle B (set_ram r w)).
  Proof.
    intros H E1 E2. pose proof (s_cs _ _ _ _ H) as [I Hd].
    apply (sec_frame B w); [apply unchanged_ram; assumption|split; [apply inv_ram; assumption|exact Hd]|exact H].
  Qed.

  Lemma sec_zero fz L w p : sec B fz L w -> isolated w p -> kind (state w p) <> PG_CORE -> ~ involved B w p ->
    sec B fz L (zero_page B p w).
  Proof.
    intros H Is K N. apply sec_ram; [exact H|apply zero_same; assumption|].
    intros t i J _ _. unfold store_page. destruct (Z.eqb_spec t p) as [->|]; [contradiction|reflexivity].
  Qed.

  Lemma sec_store fz L w p i x : sec B fz L w -> ~ used w p -> kind (state w p) <> PG_CORE -> ~ involved B w p ->
    sec B fz L (write_word B p i x w).
  Proof.
    intros H U K N. apply sec_ram; [exact H| |].
    - intros t j X. unfold store_word. destruct (Z.eqb_spec t p) as [->|]; [|reflexivity].
      destruct X as [X|[_ X]]; contradiction.
    - intros t j J _ _. unfold store_word. destruct (Z.eqb_spec t p) as [->|]; [contradiction|reflexivity].
  Qed.

  (** ** Leaves that the hardware sees *)
  Lemma leaf_at_1 w r fn : next_table 1 (word w (r + fn / 2 ^ 27) (index 1 fn)) = None ->
    leaf_at w r fn = (1, word w (r + fn / 2 ^ 27) (index 1 fn)).
  Proof. intros N. unfold leaf_at, table_at. change (3 =? 1) with false. change (2 =? 1) with false. cbv iota. rewrite N. reflexivity. Qed.

  Lemma leaf_at_2 w r fn t : table_at w r 2 fn = Some t -> next_table 2 (word w t (index 2 fn)) = None ->
    leaf_at w r fn = (2, word w t (index 2 fn)).
  Proof.
    intros T N. unfold leaf_at. rewrite T. unfold table_at in *. change (2 =? 1) with false in T.
    change (3 =? 1) with false. change (2 =? 2) with true in T. change (3 =? 2) with false. change (3 =? 3) with true.
    cbv iota in *. destruct (next_table 1 _); [|discriminate T]. assert (X : z = t) by congruence. subst z. rewrite N. reflexivity.
  Qed.

  Lemma leaf_at_3 w r fn t : table_at w r 3 fn = Some t -> leaf_at w r fn = (3, word w t (index 3 fn)).
  Proof. intros T. unfold leaf_at. rewrite T. reflexivity. Qed.

  Lemma leaf_no_link l d fn p : leaf_page l d fn = Some p -> next_table l d = None.
  Proof.
    unfold leaf_page, next_table. destruct (l <? 3) eqn:E; [|reflexivity].
    destruct (Z.eqb_spec (d mod 4) 1) as [->|]; [reflexivity|discriminate].
  Qed.

  (** A descriptor that translates [fn] is the leaf of [fn], and valid. *)
  Lemma leaf_page_at w r l fn t p : table_at w r l fn = Some t ->
    leaf_page l (word w t (index l fn)) fn = Some p ->
    leaf_at w r fn = (l, word w t (index l fn)) /\ valid (word w t (index l fn)) /\
    leaf_frame l (word w t (index l fn)) fn = p.
  Proof.
    intros T P. pose proof (table_at_level _ _ _ _ _ T) as R. pose proof (leaf_no_link _ _ _ _ P) as N. split; [|split].
    - assert (l = 1 \/ l = 2 \/ l = 3) as [->|[->| ->]] by lia.
      + rewrite table_at_1 in T. assert (X : t = r + fn / 2 ^ 27) by congruence. subst t. apply leaf_at_1, N.
      + apply leaf_at_2; assumption.
      + apply leaf_at_3, T.
    - unfold valid. unfold leaf_page in P. revert P. generalize (word w t (index l fn)). intros d P.
      destruct (if l <? 3 then d mod 4 =? 1 else d mod 4 =? 3) eqn:E; [|discriminate P].
      assert (d mod 4 = 1 \/ d mod 4 = 3) by (destruct (l <? 3); apply Z.eqb_eq in E; auto). clear - H. words.
    - unfold leaf_frame, leaf_size. unfold leaf_page in P. destruct (if l <? 3 then _ else _); [congruence|discriminate P].
  Qed.

  (** After an invalidation, entries of the VM come from leaves that are valid. *)
  Lemma invalidate_valid fz w h k fn p : inv B w -> tables_ok B fz w -> h <> 0 ->
    w_tlb (invalidate B h w) k h fn p ->
    frame fn /\ exists l d, leaf_at w (vm_root w h) fn = (l, d) /\ valid d /\ soft d <> 0 /\ leaf_frame l d fn = p.
  Proof.
    intros I T N [[X _]|(l & t & W & P)]; [destruct (X eq_refl)|].
    pose proof (drop_walks B w h (i_settled B w I) _ _ _ _ W) as W0.
    destruct (t_walk _ _ _ T h l fn t N W0) as [F E]. split; [exact F|].
    change (word (drop_vmid h w) t (index l fn)) with (word w t (index l fn)) in P.
    destruct (leaf_page_at _ _ _ _ _ _ E P) as (A & V & Q). exists l, (word w t (index l fn)).
    split; [exact A|]. split; [exact V|]. split; [|exact Q]. intros S.
    pose proof (walk_live B w h l fn t I N W0) as R.
    destruct (l_none _ _ _ _ _ (t_leaf _ _ _ T h fn (or_introl R) F) _ _ A S) as [D|[_ [D|D]]]; rewrite D in V; discriminate V.
  Qed.
End Steps.
