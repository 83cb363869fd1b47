(** * KServ's stage 2: what its tables mean *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Link Memory.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Page_Spec Page_Facts Host_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Descriptors as the walker sees them *)
Lemma leaf3 d fn : leaf_page 3 d fn = if d mod 4 =? 3 then Some (output d) else None.
Proof.
  unfold leaf_page. change (2 ^ (9 * (3 - 3))) with 1. cbn [Z.ltb]. change (3 <? 3) with false.
  rewrite Z.div_1_r, Z.mul_1_r, Z.mod_1_r, Z.add_0_r. reflexivity.
Qed.
Lemma leaf2 d fn : leaf_page 2 d fn =
  if d mod 4 =? 1 then Some (output d / 512 * 512 + fn mod 512) else None.
Proof. reflexivity. Qed.
Lemma leaf1 d fn : leaf_page 1 d fn =
  if d mod 4 =? 1 then Some (output d / 2 ^ 18 * 2 ^ 18 + fn mod 2 ^ 18) else None.
Proof. reflexivity. Qed.

Lemma output_table t : 0 <= t < 2 ^ 28 -> output (table_desc t) = t.
Proof. intros H. unfold output, table_desc. words. Qed.
Lemma output_page p : 0 <= p < 2 ^ 28 -> output (page_desc p ATTR_HOST) = p.
Proof. intros H. unfold output, page_desc, ATTR_HOST. words. Qed.
Lemma output_block p : 0 <= p < 2 ^ 28 -> output (block_desc p ATTR_HOST) = p.
Proof. intros H. unfold output, block_desc, ATTR_HOST. words. Qed.
Lemma attr_host : attributes ATTR_HOST.
Proof. unfold attributes, ATTR_HOST. split; [lia|]. split; reflexivity. Qed.

Section Facts.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma ram_block p q : is_ram B p -> q / 512 = p / 512 -> is_ram B q.
  Proof.
    intros (i & I & R) E. pose proof (bo_region B HB i I). exists i. split; [exact I|].
    Z.to_euclidean_division_equations; lia.
  Qed.

  Lemma ram_has l p : is_ram B p -> l = 2 \/ l = 3 -> host_has B l p.
  Proof. intros R [->| ->]; apply (bo_has B HB p R). Qed.

  Lemma host_ours w l fn : inv B w -> host_has B l fn -> ours B w (host_table B l fn).
  Proof.
    intros I H. split; [apply (bo_tables B HB _ _ H)|left]. split; [apply (i_core B w I _ _ H)|].
    intros X. apply (table_free B w (host_table B l fn) I); [right; exists l, fn; auto|left; exact X].
  Qed.

  Lemma index_range l fn : 0 <= index l fn < 512.
  Proof. apply Z.mod_pos_bound. lia. Qed.

  Lemma l3_range p : is_ram B p -> 0 <= b_l3 B (p / 512) < 2 ^ 28.
  Proof.
    intros R. apply (ram_range B HB). apply (bo_tables B HB 3 p). apply ram_has; auto.
  Qed.

  (** After an invalidation a walk is at a level-3 table only if that is linked now. *)
  Lemma fresh_l3 w : inv B w -> forall h l fn t, walks B (drop_vmid 0 w) h l fn t ->
    walks B (drop_vmid 0 w) h l fn t /\ (h = 0 -> l = 3 -> entry2 B w fn mod 4 = 3).
  Proof.
    intros I. apply walks_in.
    - intros h l fn t [Nh Wh]. split; [apply walk_old; split; assumption|congruence].
    - intros h r fn S Ff. split; [apply walk_start; assumption|lia].
    - intros h l fn t t' [Wh _] Nx. split; [eapply walk_next; eassumption|]. intros -> L3.
      assert (l = 2) as -> by lia.
      apply (drop_walks B w 0 (i_settled B w I)) in Wh. destruct (i_place B w I _ _ _ Wh) as [_ ->].
      change (next_table 2 (entry2 B w fn) = Some t') in Nx. unfold next_table in Nx.
      change (2 <? 3) with true in Nx. cbn [andb] in Nx.
      destruct (Z.eqb_spec (entry2 B w fn mod 4) 3); [assumption|discriminate Nx].
  Qed.

  (** KServ does not reach a page that its tables do not map, once its TLB entries are gone. *)
  Lemma host_unreached w p : inv B w -> is_ram B p ->
    entry2 B w p mod 4 <> 1 ->
    (entry2 B w p mod 4 = 3 -> word w (b_l3 B (p / 512)) (index 3 p) mod 4 <> 3) ->
    ~ reach (invalidate B 0 w) 0 p.
  Proof.
    intros I R N1 N3 (k & fn & [[H _]|(l & t & W & L)]); [congruence|].
    change (word (drop_vmid 0 w) t (index l fn)) with (word w t (index l fn)) in L.
    pose proof (drop_walks B w 0 (i_settled B w I) _ _ _ _ W) as W0.
    assert (T : w_tlb w k 0 fn p).
    { apply (c_tlb B w (i_settled B w I)). right. exists l, t. split; [apply walk_old, W0|exact L]. }
    pose proof (s_tlb B w (i_secure B w I) _ _ _ _ T) as [-> _]. clear T.
    destruct (i_place B w I _ _ _ W0) as [H E]. subst t.
    pose proof H as [F [->|[[-> H2]|[-> H3]]]].
    - change (host_table B 1 p) with (b_root B + p / 2 ^ 27) in L. rewrite (i_level1 B w I p F), leaf1 in L.
      destruct (b_has2 B (p / 2 ^ 18)); [|discriminate L].
      unfold table_desc in L. replace ((b_l2 B (p / 2 ^ 18) * 4096 + 3) mod 4 =? 1) with false in L by words.
      discriminate L.
    - fold (entry2 B w p) in L. rewrite leaf2 in L. destruct (Z.eqb_spec (entry2 B w p mod 4) 1); [auto|discriminate L].
    - assert (D : entry2 B w p mod 4 = 3).
      { exact (proj2 (fresh_l3 w I _ _ _ _ W) eq_refl eq_refl). }
      specialize (N3 D). change (host_table B 3 p) with (b_l3 B (p / 512)) in L. rewrite leaf3 in L.
      destruct (Z.eqb_spec (word w (b_l3 B (p / 512)) (index 3 p) mod 4) 3); [auto|discriminate L].
  Qed.

  (** What [fits] needs is not touched by others. *)
  Lemma fits_same w w' p d : fits B w p d -> w_meta w' = w_meta w ->
    (forall i, word w' (b_l3 B (p / 512)) i = word w (b_l3 B (p / 512)) i) -> fits B w' p d.
  Proof.
    intros [F1 F2 F3] M E. split; [exact F1| |].
    - intros fn q A D L. destruct (F2 fn q A D L) as [-> K]. split; [reflexivity|].
      unfold host_ok, state in *. rewrite M. exact K.
    - intros t N. destruct (F3 t N) as [-> G]. split; [reflexivity|]. intros fn q A D L.
      change (b_l3 B (p / 2 ^ 9)) with (b_l3 B (p / 512)) in *.
      rewrite E in L. destruct (G fn q A D L) as [-> K]. split; [reflexivity|].
      unfold host_ok, state in *. rewrite M. exact K.
  Qed.

  Lemma fits_zero w p : fits B w p 0.
  Proof.
    split; [split; reflexivity || lia| |].
    - intros fn q _ _ L. discriminate L.
    - intros t L. discriminate L.
  Qed.

  Lemma fits_block w p : is_ram B p -> (forall q, q / 512 = p / 512 -> hosts (state w q)) ->
    fits B w p (block_desc (p / 512 * 512) ATTR_HOST).
  Proof.
    intros R Hs. pose proof (ram_range B HB p R) as Rp.
    assert (Rb : 0 <= p / 512 * 512 < 2 ^ 28) by words.
    split.
    - unfold block_desc, ATTR_HOST. words.
    - intros fn q A D L. rewrite leaf2, output_block in L by exact Rb.
      change (p / 2 ^ 9) with (p / 512) in D. change (fn / 2 ^ 9) with (fn / 512) in D.
      destruct (_ =? 1) in L; [|discriminate L].
      assert (Q : q = fn) by (injection L as <-; words). subst q. split; [reflexivity|].
      left. split; [apply (ram_block p fn R D)|apply Hs, D].
    - intros t L. exfalso. unfold next_table in L. change (2 <? 3) with true in L.
      replace (block_desc (p / 512 * 512) ATTR_HOST mod 4 =? 3) with false in L; [discriminate L|].
      symmetry. unfold block_desc, ATTR_HOST. words.
  Qed.

  (** Two tables of the tree at different levels are different pages. *)
  Lemma l2_not_l3 p q : is_ram B p -> is_ram B q -> host_table B 2 p <> b_l3 B (q / 512).
  Proof.
    intros Rp Rq E. destruct (bo_single B HB 2 3 p q) as [X _]; [apply ram_has; auto..|exact E|discriminate X].
  Qed.

  Lemma word_write w t i x q j : word (write_word B t i x w) q j =
    if (q =? t) && (j =? i) then wrap U64 x else word w q j.
  Proof. apply word_store. Qed.

  (** Stores into level 2 and level 3. *)
  Lemma store_entry2 w p x : inv B w -> is_ram B p -> fits B w p x ->
    inv B (write_word B (host_table B 2 p) (index 2 p) x w) /\
    evolves B [] no_page w (write_word B (host_table B 2 p) (index 2 p) x w).
  Proof.
    intros I R [F1 F2 F3]. refine (host_store B HB w 2 p x I (or_introl eq_refl) (ram_has 2 p R (or_introl eq_refl)) F1 _ _).
    - intros fn' q A D L. apply F2; assumption.
    - intros t N. destruct (F3 t N) as [-> G]. split; [reflexivity|]. split; [|split; [reflexivity|exact G]].
      destruct (ram_has 3 p R) as [_ [X|[[X _]|[_ X]]]]; auto; discriminate X.
  Qed.

  Lemma store_page_entry w p x : inv B w -> is_ram B p -> in_ty U64 x ->
    (x mod 4 = 3 -> output x = p /\ hosts (state w p)) ->
    inv B (write_word B (b_l3 B (p / 512)) (index 3 p) x w) /\
    evolves B [] no_page w (write_word B (b_l3 B (p / 512)) (index 3 p) x w).
  Proof.
    intros I R Hx H. refine (host_store B HB w 3 p x I (or_intror eq_refl) (ram_has 3 p R (or_intror eq_refl)) Hx _ _).
    - intros fn' q A D L. change (2 ^ (9 * (3 - 3))) with 1 in D. rewrite !Z.div_1_r in D. subst fn'.
      rewrite leaf3 in L. destruct (Z.eqb_spec (x mod 4) 3); [|discriminate L].
      destruct (H e) as [O K]. injection L as <-. rewrite O. split; [reflexivity|left; auto].
    - intros t N. discriminate N.
  Qed.
End Facts.

Section Moves.
  Variable B : board.

  Lemma evolves_state w w' p : evolves B [] no_page w w' -> state w' p = state w p.
  Proof. intros V. unfold state. rewrite (e_meta _ _ _ _ _ V p (fun x => x)). reflexivity. Qed.

  (** The words of a block's table that are filled: only KServ's pages. *)
  Definition filled (w : world) (p n : Z) : Prop := forall k, 0 <= k < n ->
    word w (b_l3 B (p / 512)) k mod 4 = 3 ->
    output (word w (b_l3 B (p / 512)) k) = p / 512 * 512 + k /\ hosts (state w (p / 512 * 512 + k)).
End Moves.
