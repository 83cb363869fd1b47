(** * The count of a lent page, and what it leaves alone *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Structure Structure_Frame Page_Spec Lend_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma same_eq x y : same x y = true <-> x = y.
Proof.
  destruct x as [a b], y as [c d]. unfold same; cbn. rewrite andb_true_iff, !Z.eqb_eq.
  split; [intros []; congruence|intros [= -> ->]; auto].
Qed.

Lemma without_length x l : In x l -> List.length l = S (List.length (without x l)).
Proof.
  induction l as [|y r IH]; [contradiction|]. intros I. cbn. destruct (same x y) eqn:E; [reflexivity|].
  cbn. f_equal. apply IH. destruct I as [->|I]; [|exact I]. rewrite (proj2 (same_eq x x) eq_refl) in E. discriminate.
Qed.

Lemma without_other x y l : y <> x -> In y l -> In y (without x l).
Proof.
  intros N. induction l as [|z r IH]; [contradiction|]. intros I. cbn. destruct (same x z) eqn:E.
  - apply same_eq in E as <-. destruct I; [congruence|assumption].
  - destruct I as [->|I]; [left; reflexivity|right; auto].
Qed.

Lemma live_dec w h : live w h \/ ~ live w h.
Proof.
  unfold live. destruct (Z.eq_dec (vm_state w h) VM_NEW), (Z.eq_dec (vm_state w h) VM_SEALED),
    (Z_le_gt_dec 1 h), (Z_le_gt_dec h 255); first [left; lia|right; lia].
Qed.

Section Facts.
  Variable B : board.
  Hypothesis HB : board_ok B.

  (** A page whose TLB entries there are has a leaf for each; only LENT pages are lent. *)
  Lemma lent_entry fz L w k h fn p : sec B fz L w -> h <> 0 -> w_tlb w k h fn p -> kind (state w p) = PG_LENT ->
    names w h fn 2 p /\ In (h, fn) (L p).
  Proof.
    intros S N T Kp.
    destruct (t_tlb B _ w (s_tables B _ _ _ S) _ _ _ _ N T) as [F (s & Hn)].
    destruct (live_dec w h) as [Lv|D].
    2: { destruct (i_dead B w (cs_inv B _ (s_cs B _ _ _ S)) h N D) as [_ X]. exfalso. exact (X _ _ _ T). }
    assert (R : rooted w h) by (left; exact Lv).
    pose proof (t_leaf B _ w (s_tables B _ _ _ S) h fn R F) as Lf.
    assert (E : s = 2).
    { assert (Hs : 0 <= s < 4 /\ s <> 0).
      { unfold names in Hn. destruct (leaf_at w (vm_root w h) fn) as [l d]. unfold soft in Hn. words. }
      assert (s <> 3).
      { intros ->. unfold names in Hn. destruct (leaf_at w (vm_root w h) fn) as [l d] eqn:El.
        destruct (l_soft _ _ _ _ _ Lf l d El). apply Hn. }
      assert (s <> 1); [|lia]. intros ->. destruct (l_private _ _ _ _ _ Lf p Lv Hn) as [_ Sp].
      rewrite Sp in Kp. unfold kind, mk_state in Kp. pg. unfold live in Lv. words. }
    subst s. split; [exact Hn|]. exact (n_leaf _ _ (s_lent B _ _ _ S) h fn p R F Hn).
  Qed.

  Section Recount.
    Variables (fz : Z -> Z -> Prop) (L L' : Z -> list (Z * Z)) (w w' : world) (p : Z).
    Hypothesis S : sec B fz L w.
    Hypothesis C' : cs B w'.
    Hypothesis V : recounts B p w w'.
    Hypothesis Kp : kind (state w p) = PG_HOST \/ kind (state w p) = PG_LENT.
    Hypothesis Kp' : kind (state w' p) = PG_HOST \/ kind (state w' p) = PG_LENT.
    Hypothesis Lo : forall q, q <> p -> L' q = L q.
    Hypothesis Lp : kind (state w' p) = PG_LENT /\ arg (state w' p) = Z.of_nat (List.length (L' p)) \/
                    kind (state w' p) = PG_HOST /\ L' p = [].
    Hypothesis Ln : forall h fn, rooted w h -> frame fn -> names w h fn 2 p -> In (h, fn) (L' p).

    Lemma rc_word t i : word w' t i = word w t i.
    Proof. unfold word. rewrite (rc_ram _ _ _ _ V). reflexivity. Qed.

    Lemma rc_state q : q <> p -> state w' q = state w q.
    Proof. intros N. unfold state. rewrite (e_meta _ _ _ _ _ (rc_evolves _ _ _ _ V)) by auto. reflexivity. Qed.

    Lemma rc_cell c ix : String.eqb c "n_kind" = false -> w_mem w' (c, ix) = w_mem w (c, ix).
    Proof. intros N. apply (e_mem _ _ _ _ _ (rc_evolves _ _ _ _ V)). cbn. rewrite N. reflexivity. Qed.

    Lemma rc_root h : vm_root w' h = vm_root w h. Proof. unfold vm_root. rewrite rc_cell; reflexivity. Qed.
    Lemma rc_live h : live w' h <-> live w h.
    Proof. unfold live, vm_state. rewrite rc_cell by reflexivity. reflexivity. Qed.
    Lemma rc_rooted h : rooted w' h <-> rooted w h.
    Proof. unfold rooted, live, vm_n_lent, vm_state. rewrite !rc_cell by reflexivity. reflexivity. Qed.
    Lemma rc_table r l fn : table_at w' r l fn = table_at w r l fn.
    Proof.
      unfold table_at. rewrite !rc_word. destruct (l =? 1); [reflexivity|].
      destruct (next_table 1 _) as [t2|]; [|reflexivity]. rewrite rc_word. reflexivity.
    Qed.
    Lemma rc_leaf r fn : leaf_at w' r fn = leaf_at w r fn.
    Proof.
      unfold leaf_at. rewrite !rc_table, rc_word. destruct (table_at w r 3 fn); [rewrite rc_word; reflexivity|].
      destruct (table_at w r 2 fn); rewrite ?rc_word; reflexivity.
    Qed.
    Lemma rc_names h fn s q : names w' h fn s q <-> names w h fn s q.
    Proof. unfold names. rewrite rc_root, rc_leaf. reflexivity. Qed.

    (** States of other kinds are as before. *)
    Lemma rc_kept q k h a : is_ram B q -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 -> 
      k = PG_PINNED \/ k = PG_VM \/ k = PG_VMCORE \/ k = PG_CTX ->
      state w q = mk_state k h a -> state w' q = mk_state k h a.
    Proof.
      intros R Hh Ha Hk E. rewrite rc_state; [exact E|]. intros ->. rewrite E in Kp.
      unfold kind, mk_state in Kp. pg. words.
    Qed.

    Lemma rooted_range w0 h : rooted w0 h -> 1 <= h <= 255.
    Proof. intros [[X _]|[X _]]; exact X. Qed.

    Lemma rc_tables : tables_ok B fz w'.
    Proof.
      destruct (s_tables B _ _ _ S) as [T1 T2 T3 T4 T5 T6]. constructor.
      - intros h R. rewrite rc_root. apply T1, rc_rooted, R.
      - intros h l fn t R F. apply rc_rooted in R. rewrite rc_root, rc_table. intros E.
        destruct (T2 h l fn t R F E) as [Rt St]. split; [exact Rt|].
        pose proof (rooted_range _ _ R). apply rc_kept; auto; lia.
      - intros h l l' fn fn' t R. apply rc_rooted in R. rewrite rc_root, !rc_table. apply T3, R.
      - intros h fn R F. apply rc_rooted in R. pose proof (rooted_range _ _ R) as Rh. destruct (T4 h fn R F). constructor.
        + intros d. rewrite rc_root, rc_leaf. apply l_top.
        + intros l d. rewrite rc_root, rc_leaf. apply l_type.
        + intros l d. rewrite rc_root, rc_leaf. apply l_none.
        + intros q Lv N. apply rc_live in Lv. apply rc_names in N. destruct (l_private q Lv N) as [Rq Sq].
          split; [exact Rq|]. unfold frame in F. apply rc_kept; auto; lia.
        + intros q N. apply rc_names in N. destruct (l_lent q N) as [Rq Sq]. split; [exact Rq|].
          destruct (Z.eq_dec q p) as [->|Nq]; [|rewrite rc_state by exact Nq; exact Sq].
          destruct Lp as [[X _]|[_ X]]; [exact X|]. specialize (Ln h fn R F N). rewrite X in Ln. contradiction.
        + intros l d. rewrite rc_root, rc_leaf. apply l_soft.
        + intros d. rewrite rc_root, rc_leaf. unfold protected. rewrite rc_cell by reflexivity. apply l_block.
      - intros h l fn t N. rewrite (rc_walk _ _ _ _ V), rc_root, rc_table. apply T5, N.
      - intros k h fn q N. rewrite (rc_tlb _ _ _ _ V). intros T. destruct (T6 k h fn q N T) as [F (s & X)].
        split; [exact F|]. exists s. apply rc_names, X.
    Qed.

    Lemma rc_pool h l : rooted w h -> pool_of B w h l <-> pool_of B w' h l.
    Proof.
      intros R. pose proof (rooted_range _ _ R).
      assert (Hl : forall q m, linked w q m <-> linked w' q m).
      { intros q m. revert q. induction m as [|x m IH]; intros q; cbn; [reflexivity|]. rewrite rc_word, IH. reflexivity. }
      assert (En : vm_n_pool w' h = vm_n_pool w h) by (unfold vm_n_pool; rewrite rc_cell; reflexivity).
      assert (Ep : vm_pool w' h = vm_pool w h) by (unfold vm_pool; rewrite rc_cell; reflexivity).
      split; intros []; constructor; rewrite ?rc_root, ?En, ?Ep in *; try assumption; try (apply Hl; assumption).
      - intros q I. destruct (p_page q I). split; [assumption|]. apply rc_kept; auto; lia.
      - intros q i I J. rewrite rc_word. auto.
      - intros q l' fn. rewrite rc_table. auto.
      - intros q I. destruct (p_page q I) as [Rq Sq]. split; [assumption|].
        rewrite <- rc_state; [exact Sq|]. intros ->. rewrite Sq in Kp'. unfold kind, mk_state in Kp'. pg. words.
      - intros q i I J. rewrite <- rc_word. auto.
      - intros q l' fn. rewrite <- rc_table. auto.
    Qed.

    Lemma rc_sec : sec B fz L' w'.
    Proof.
      constructor; [exact C'|exact rc_tables|..].
      - intros h Lv. apply rc_live in Lv. destruct (s_pools B _ _ _ S h Lv) as [l P]. exists l.
        apply rc_pool; [left; exact Lv|exact P].
      - destruct (s_lent B _ _ _ S) as [N1 N2 N3]. constructor.
        + intros q. destruct (Z.eq_dec q p) as [->|Nq]; [|rewrite rc_state, Lo by exact Nq; apply N1].
          intros X. destruct Lp as [[_ E]|[E _]]; [exact E|]. rewrite E in X. discriminate X.
        + intros q. destruct (Z.eq_dec q p) as [->|Nq]; [|rewrite rc_state, Lo by exact Nq; apply N2].
          intros X. destruct Lp as [[E _]|[_ E]]; [contradiction|exact E].
        + intros h fn q R F N. apply rc_rooted in R. apply rc_names in N.
          destruct (Z.eq_dec q p) as [->|Nq]; [apply Ln; assumption|]. rewrite Lo by exact Nq. apply N3; assumption.
      - assert (Hm : forall h i, vcpu_made w' h i <-> vcpu_made w h i)
          by (intros; unfold vcpu_made; rewrite rc_cell; reflexivity).
        assert (Hr : forall h i, vcpu_run w' h i = vcpu_run w h i)
          by (intros; unfold vcpu_run; rewrite rc_cell; reflexivity).
        assert (Hc : forall h i, vcpu_ctx w' h i = vcpu_ctx w h i)
          by (intros; unfold vcpu_ctx; rewrite rc_cell; reflexivity).
        assert (Hp : forall h, protected w' h <-> protected w h)
          by (intros; unfold protected; rewrite rc_cell; reflexivity).
        apply (vcpus_frame B w w'); [intros h; apply rc_live|exact (s_vcpus B _ _ _ S)|..].
        + intros h. unfold vm_state. rewrite rc_cell by reflexivity. apply (u_states _ _ (s_vcpus B _ _ _ S)).
        + intros h i M. apply Hm in M. pose proof (s_vcpus B _ _ _ S) as U. split; [exact M|].
          split; [apply rc_live, (u_live _ _ U h i M)|]. split; [apply Hp|]. split; [apply Hr|]. split; [apply Hc|].
          destruct M as [M1 M2]. split.
          * destruct (u_run _ _ U h i (conj M1 M2)) as [R E]. rewrite E. apply rc_kept; auto; lia.
          * intros P. destruct (u_ctx _ _ U h i (conj M1 M2) P) as [R E]. rewrite E. apply rc_kept; auto; lia.
        + constructor; intros; [unfold token; rewrite rc_cell; reflexivity|apply Hm; assumption|].
          unfold vm_n_loaded. rewrite rc_cell; reflexivity.
        + intros h _. unfold vm_n_ram, ram_size, ram_base. rewrite rc_cell by reflexivity. split; [reflexivity|].
          intros i. rewrite !rc_cell by reflexivity. auto.
    Qed.
  End Recount.
End Facts.
