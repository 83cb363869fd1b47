(** * Stores that walks depend on: state and root of a VM *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Page_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** No page that a CPU has depends on the object that is written. *)
Ltac seat_other := let d := fresh "d" in let ix := fresh "ix" in let H := fresh "H" in
  intros d ix H; apply upd_name; repeat (destruct H as [<-|H]; [reflexivity|]); destruct H.

Section Facts.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma known_inv w : inv B w -> known B w.
  Proof. intros I. split; apply I. Qed.

  Lemma walks_held b w h l fn t : walks B (set_held b w) h l fn t -> walks B w h l fn t.
  Proof. revert h l fn t. apply walks_in; [exact (walk_old B w)|exact (walk_start B w)|exact (walk_next B w)]. Qed.

  Lemma inv_held b w : inv B w -> inv B (set_held b w).
  Proof.
    intros []. constructor; try assumption.
    - split; [intros h l fn t W; apply (c_walk B w i_settled), (walks_held b), W|].
      intros k h fn p [H|(l & t & W & L)]; [exact H|]. apply (c_tlb B w i_settled). right.
      exists l, t. split; [apply (walks_held b), W|exact L].
    - destruct i_secure as [A1 A2 A3]. split; [assumption..|same_seats A3].
    - destruct i_constants. constructor; assumption.
  Qed.

  Lemma known_held b w : known B w -> known B (set_held b w).
  Proof. intros [[S1 S2 S3] C]. split; [split; [assumption..|same_seats S3]|]. destruct C. constructor; assumption. Qed.

  (** A root that maps nothing yet. *)
  Definition blank_root (w : world) (h r : Z) : Prop :=
    h <> 0 /\ forall t, t = r \/ t = r + 1 -> table_page B w h t /\ zeroed w t.

  Section Steer.
    Variables (w : world) (m : mem).
    Hypothesis I : inv B w.
    Let w1 := set_mem m w.
    Hypothesis Hc : constants B w1.
    Hypothesis Hs : forall h r, starts B w1 h r -> starts B w h r \/ blank_root w h r.

    Definition new_start (h l fn t : Z) : Prop :=
      h <> 0 /\ l = 1 /\ table_page B w h t /\ zeroed w t.

    Lemma steer_walks h l fn t : walks B w1 h l fn t -> w_walk w h l fn t \/ new_start h l fn t.
    Proof.
      revert h l fn t. apply walks_in; [auto| |].
      - intros h r fn S F. destruct (Hs h r S) as [S0|[N Z0]].
        + left. exact (c_walk B w (i_settled B w I) _ _ _ _ (walk_start B w h r fn S0 F)).
        + right. destruct (Z0 (r + fn / 2 ^ 27)); [words|]. unfold new_start; auto.
      - intros h l fn t t' [W|(N & -> & T & Z0)] E.
        + left. apply (c_walk B w (i_settled B w I)). eapply walk_next; [apply walk_old, W|exact E].
        + exfalso. change (word w1 t (index 1 fn)) with (word w t (index 1 fn)) in E.
          rewrite Z0 in E by (apply Z.mod_pos_bound; lia). discriminate E.
    Qed.

    Lemma steer_entries k h fn p : entries B w1 k h fn p -> w_tlb w k h fn p.
    Proof.
      intros [H|(l & t & W & L)]; [exact H|]. destruct (steer_walks _ _ _ _ W) as [W0|(N & -> & T & Z0)].
      - apply (c_tlb B w (i_settled B w I)). right. exists l, t. split; [apply walk_old, W0|exact L].
      - exfalso. change (word w1 t (index 1 fn)) with (word w t (index 1 fn)) in L.
        rewrite Z0 in L by (apply Z.mod_pos_bound; lia). discriminate L.
    Qed.

    (** Everything but what is said of dead VMs. *)
    Lemma steer_inv : (forall h, h <> 0 -> ~ live w1 h -> ~ live w h) ->
      (forall c ix, In c seat_cells -> m (c, ix) = w_mem w (c, ix)) -> inv B (settle B w1).
    Proof.
      intros Hd Hm. destruct I as [Is Ise Ic I1 Ico Ip Idd]. constructor; try assumption.
      - apply settle_settled.
      - split; cbn; intros.
        + apply (s_tlb B w Ise k), steer_entries, H.
        + destruct (steer_walks _ _ _ _ H) as [W|(N & -> & T & Z0)]; [apply (s_walk B w Ise _ _ _ _ W)|exact T].
        + apply (seats_same B w1); [apply seats_set_mem; [apply Ise|exact Hm]|reflexivity|tauto|reflexivity|].
          intros c h l fn R W. destruct (steer_walks _ _ _ _ W) as [X|(N & _ & [_ T] & _)]; [exact X|].
          destruct (st_host B w (s_seats B w Ise) c R) as [_ K]. destruct (Z.eqb_spec h 0); [contradiction|].
          change (host_ctx w1 c) with (wrap U64 (m ("pcpu.host_ctx", [c]))) in T.
          rewrite Hm in T by (left; reflexivity). change (wrap U64 (w_mem w ("pcpu.host_ctx", [c]))) with (host_ctx w c) in T. pg; lia.
      - destruct Hc. constructor; assumption.
      - intros l fn t W. cbn in W. destruct (steer_walks _ _ _ _ W) as [W0|(N & _)]; [auto|congruence].
      - intros h N D. destruct (Idd h N (Hd h N D)) as [D1 D2].
        split; [|intros k fn p T; exact (D2 _ _ _ (steer_entries _ _ _ _ T))].
        assert (X : forall h' l fn t, walks B w1 h' l fn t -> h' = h -> w_walk w h' l fn t).
        { apply (walks_in B w1 (fun h' l fn t => h' = h -> w_walk w h' l fn t)); [auto| |].
          - intros h' r fn S F ->. exfalso. destruct S as [[-> _]|[L _]]; [congruence|exact (D L)].
          - intros h' l fn t t' W E ->. apply (c_walk B w Is). eapply walk_next; [apply walk_old; auto|exact E]. }
        intros l fn t W. exact (D1 _ _ _ (X _ _ _ _ W eq_refl)).
    Qed.
  End Steer.

  Lemma upd_vm m c h v h' : upd m (c, [h]) v (obj c [h']) = if h =? h' then v else m (obj c [h']).
  Proof. rewrite upd_index. cbn [zlist_eqb]. rewrite andb_true_r. reflexivity. Qed.

  Lemma vm_state_write w h s h' : vm_state (set_mem (upd (w_mem w) ("vms.state", [h]) s) w) h' =
    if h =? h' then wrap U32 s else vm_state w h'.
  Proof. unfold vm_state; cbn [w_mem set_mem]. rewrite upd_vm. destruct (h =? h'); reflexivity. Qed.

  Lemma vm_root_write w h s h' : vm_root (set_mem (upd (w_mem w) ("vms.root", [h]) s) w) h' =
    if h =? h' then wrap U64 s else vm_root w h'.
  Proof. unfold vm_root; cbn [w_mem set_mem]. rewrite upd_vm. destruct (h =? h'); reflexivity. Qed.

  (** The root of a VM that is not alive. *)
  Lemma inv_write_root w h v : inv B w -> ~ live w h -> inv B (write_cell B ("vms.root", [h]) v w).
  Proof.
    intros I D. apply steer_inv; [exact I|apply constant_other; [discriminate|apply I]| | |seat_other].
    - intros h' r [[-> ->]|[L ->]]; left; [left; auto|right]. change (live w h') in L. split; [exact L|].
      rewrite vm_root_write. destruct (Z.eqb_spec h h') as [->|]; [contradiction|reflexivity].
    - intros h' N L. exact L.
  Qed.

  (** A change of state that neither starts nor ends a VM. *)
  Lemma inv_write_state w h s : inv B w ->
    (live (set_mem (upd (w_mem w) ("vms.state", [h]) s) w) h <-> live w h) ->
    inv B (write_cell B ("vms.state", [h]) s w).
  Proof.
    intros I E.
    assert (El : forall h', live (set_mem (upd (w_mem w) ("vms.state", [h]) s) w) h' <-> live w h').
    { intros h'. destruct (Z.eq_dec h h') as [<-|N]; [exact E|]. unfold live. rewrite vm_state_write.
      destruct (Z.eqb_spec h h'); [contradiction|reflexivity]. }
    apply steer_inv; [exact I|apply constant_other; [discriminate|apply I]| | |seat_other].
    - intros h' r [[-> ->]|[L ->]]; left; [left; auto|right]. split; [apply El, L|reflexivity].
    - intros h' N L X. apply L, El, X.
  Qed.

  (** A new VM. *)
  Lemma inv_write_new w h : inv B w -> ~ live w h -> 1 <= h <= 255 -> blank_root w h (vm_root w h) ->
    inv B (write_cell B ("vms.state", [h]) VM_NEW w) /\
    forall p, ~ reach (write_cell B ("vms.state", [h]) VM_NEW w) h p.
  Proof.
    intros I D Hh Z0.
    assert (Hst : forall h' r, starts B (set_mem (upd (w_mem w) ("vms.state", [h]) VM_NEW) w) h' r ->
      starts B w h' r \/ blank_root w h' r).
    { intros h' r [[-> ->]|[L ->]]; [left; left; auto|].
      change (vm_root (set_mem (upd (w_mem w) ("vms.state", [h]) VM_NEW) w) h') with (vm_root w h').
      destruct (Z.eq_dec h h') as [<-|N]; [right; exact Z0|]. left. right. split; [|reflexivity].
      unfold live in *. rewrite vm_state_write in L. destruct (Z.eqb_spec h h'); [contradiction|exact L]. }
    assert (Hcn : constants B (set_mem (upd (w_mem w) ("vms.state", [h]) VM_NEW) w))
      by (apply constant_other; [discriminate|apply I]).
    split.
    - apply steer_inv; [exact I|exact Hcn|exact Hst| |seat_other].
      intros h' N L. destruct (Z.eq_dec h h') as [<-|Nh].
      + exfalso. apply L. split; [exact Hh|]. left. rewrite vm_state_write, Z.eqb_refl. reflexivity.
      + intros X. apply L. unfold live in *. rewrite vm_state_write. destruct (Z.eqb_spec h h'); [contradiction|exact X].
    - intros p (k & fn & T). destruct (i_dead B w I h ltac:(lia) D) as [_ N].
      apply (N k fn p). exact (steer_entries w _ I Hst _ _ _ _ T).
  Qed.

  (** Words of pages that are neither tables nor KCore's. *)
  Lemma inv_write_unused w p i x : inv B w -> ~ used w p -> kind (state w p) = PG_VMCORE ->
    inv B (write_word B p i x w) /\ evolves B [] (eq p) w (write_word B p i x w).
  Proof.
    intros I U Kp.
    assert (E : forall t j, used w t \/ is_ram B t /\ kind (state w t) = PG_CORE ->
      store_word p i x (w_ram w) t j = w_ram w t j).
    { intros t j H. unfold store_word. destruct (Z.eqb_spec t p) as [->|]; [|reflexivity].
      destruct H as [H|[_ H]]; [contradiction|pg; lia]. }
    split; [apply inv_ram; assumption|]. apply evolves_ram; [assumption..|].
    intros t j N _ _. unfold store_word. destruct (Z.eqb_spec t p) as [->|]; [|reflexivity]. destruct N; reflexivity.
  Qed.
End Facts.
