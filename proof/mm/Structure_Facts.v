(** * The VMs' side of the invariant under what does not concern it

    [involved w p]: page [p] is a table, in a pool, lent, private in a VM that lives, or a vCPU's.
    [unchanged w w']: such pages keep their states and, if they are tables, their content; the objects
    that structure depends on are the same; VMs' walks and TLB entries are no more than before.  Then
    all of it is kept ([frame_vms], [sec_frame]).  [sec_evolves] is this for functions that are specified
    by [evolves]; single events follow. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Structure Structure_Frame.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** The objects that structure depends on. *)
Definition structural (c : ident) : bool := existsb (String.eqb c)
  ["vms.state"; "vms.root"; "vms.n_lent"; "vms.pool"; "vms.n_pool"; "vms.n_ram"; "vms.ram.base"; "vms.ram.n";
   "vms.is_protected"; "vms.n_loaded"; "vcpus.made"; "vcpus.run_pfn"; "vcpus.ctx_pfn"; "vcpus.loaded"].

Lemma steers_structural c : steers_walks c = true -> structural c = true.
Proof. unfold steers_walks. intros H. apply orb_true_iff in H as [H|H]; apply String.eqb_eq in H; subst; reflexivity. Qed.

Lemma structural_locked c : structural c = true -> class_of c = Locked.
Proof.
  unfold structural. intros H. apply existsb_exists in H as (d & I & E). apply String.eqb_eq in E. subst d.
  repeat (destruct I as [<-|I]; [reflexivity|]). destruct I.
Qed.

Section Facts.
  Variable B : board.

  (** Tables, pools, loans and vCPUs together. *)
  Record vms_ok (fz : Z -> Z -> Prop) (L : Z -> list (Z * Z)) (w : world) : Prop := {
    vo_tables : tables_ok B fz w;
    vo_pools : pools_ok B w;
    vo_lent : lent_by w L;
    vo_vcpus : vcpus_ok B w }.

  Lemma sec_vms fz L w : sec B fz L w <-> cs B w /\ vms_ok fz L w.
  Proof. split; [intros []; split; [|constructor]|intros [C []]; constructor]; assumption. Qed.

  Lemma mem_inv_vms w : mem_inv B w <-> inv B w /\ exists L, vms_ok (fun _ _ => False) L w.
  Proof.
    split.
    - intros [I T P [L N] U]. split; [exact I|]. exists L. constructor; assumption.
    - intros [I [L []]]. constructor; try assumption. exists L. assumption.
  Qed.

  (** ** Pages that structure depends on *)
  Inductive involved (w : world) (p : Z) : Prop :=
  | in_table h l fn : rooted w h -> frame fn -> table_at w (vm_root w h) l fn = Some p -> involved w p
  | in_pool h l : live w h -> pool_of B w h l -> In p l -> involved w p
  | in_private h fn : live w h -> frame fn -> names w h fn 1 p -> involved w p
  | in_lent : kind (state w p) = PG_LENT -> involved w p
  | in_run h i : vcpu_made w h i -> p = vcpu_run w h i -> involved w p
  | in_ctx h i : vcpu_made w h i -> protected w h -> p = vcpu_ctx w h i -> involved w p.

  Lemma vm_range w h : rooted w h -> 1 <= h <= 255.
  Proof. intros [[R _]|[R _]]; exact R. Qed.

  Lemma state_fields k h a : 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
    kind (mk_state k h a) = k /\ handle (mk_state k h a) = h /\ arg (mk_state k h a) = a.
  Proof. intros. unfold mk_state, kind, handle, arg. repeat split; words. Qed.

  Lemma vmcore_state w p h : 1 <= h <= 255 -> state w p = mk_state PG_VMCORE h 0 ->
    kind (state w p) = PG_VMCORE /\ handle (state w p) = h.
  Proof. intros H ->. destruct (state_fields PG_VMCORE h 0) as (A & C & _); pg; auto; lia. Qed.

  Lemma ctx_state w p h : 1 <= h <= 255 -> state w p = mk_state PG_CTX h 0 ->
    kind (state w p) = PG_CTX /\ handle (state w p) = h.
  Proof. intros H ->. destruct (state_fields PG_CTX h 0) as (A & C & _); pg; auto; lia. Qed.

  Lemma private_state w p h fn : 1 <= h <= 255 -> frame fn -> state w p = mk_state PG_VM h fn ->
    kind (state w p) = PG_VM /\ handle (state w p) = h /\ arg (state w p) = fn.
  Proof. intros H [F F'] ->. apply state_fields; pg; auto; pows; lia. Qed.

  Lemma pinned_state w p h : 1 <= h <= 255 -> state w p = mk_state PG_PINNED h 0 ->
    kind (state w p) = PG_PINNED /\ handle (state w p) = h.
  Proof. intros H ->. destruct (state_fields PG_PINNED h 0) as (A & C & _); pg; auto; lia. Qed.

  (** What state an involved page has: none of KServ's free pages is involved, and of the pages of a VM
      none when the VM has neither tables nor vCPUs. *)
  Lemma involved_state fz L w p : vms_ok fz L w -> involved w p ->
    kind (state w p) = PG_LENT \/
    kind (state w p) = PG_PINNED /\ live w (handle (state w p)) \/
    kind (state w p) = PG_VM /\ live w (handle (state w p)) \/
    kind (state w p) = PG_VMCORE /\ rooted w (handle (state w p)) \/
    kind (state w p) = PG_CTX /\ live w (handle (state w p)).
  Proof.
    intros [T P N U] I. destruct I as [h l fn R F E|h l R Q Hl|h fn R F E|K|h i M ->|h i M Pr ->].
    - destruct (t_page _ _ _ T h l fn p R F E) as [_ S].
      destruct (vmcore_state w p h (vm_range w h R) S) as [K Hh]. rewrite Hh. auto 6.
    - destruct (p_page _ _ _ _ Q p Hl) as [_ S].
      destruct (vmcore_state w p h (proj1 R) S) as [K Hh]. rewrite Hh. right; right; right; left. split; [exact K|left; exact R].
    - pose proof (t_leaf _ _ _ T h fn (or_introl R) F) as Lf. destruct (l_private _ _ _ _ _ Lf p R E) as [_ S].
      destruct (private_state w p h fn (proj1 R) F S) as (K & Hh & _). rewrite Hh. auto.
    - auto.
    - pose proof (u_live _ _ U h i M) as R. destruct (u_run _ _ U h i M) as [_ S].
      destruct (pinned_state w _ h (proj1 R) S) as [K Hh]. rewrite Hh. auto.
    - pose proof (u_live _ _ U h i M) as R. destruct (u_ctx _ _ U h i M Pr) as (_ & S).
      destruct (ctx_state w _ h (proj1 R) S) as [K Hh]. rewrite Hh. right; right; right; right. split; [exact K|exact R].
  Qed.

  Lemma host_apart fz L w p : vms_ok fz L w -> kind (state w p) = PG_HOST -> ~ involved w p.
  Proof. intros V K I. destruct (involved_state fz L w p V I) as [X|[[X _]|[[X _]|[[X _]|[X _]]]]]; pg; lia. Qed.

  Lemma core_apart fz L w p : vms_ok fz L w -> kind (state w p) = PG_CORE -> ~ involved w p.
  Proof. intros V K I. destruct (involved_state fz L w p V I) as [X|[[X _]|[[X _]|[[X _]|[X _]]]]]; pg; lia. Qed.

  (** Pages of a VM that is gone, and lends nothing any more. *)
  Lemma dead_apart fz L w p : vms_ok fz L w -> kind (state w p) = PG_VM \/ kind (state w p) = PG_VMCORE ->
    ~ rooted w (handle (state w p)) -> ~ involved w p.
  Proof.
    intros V K N I. destruct (involved_state fz L w p V I) as [X|[[X Y]|[[X Y]|[[X Y]|[X Y]]]]]; [pg; lia..| | |pg; lia].
    - apply N. left. exact Y.
    - exact (N Y).
  Qed.

  Lemma context_apart fz L w p : vms_ok fz L w -> kind (state w p) = PG_CTX -> ~ live w (handle (state w p)) ->
    ~ involved w p.
  Proof.
    intros V K N I. destruct (involved_state fz L w p V I) as [X|[[X Y]|[[X Y]|[[X Y]|[X Y]]]]]; [pg; lia..|].
    exact (N Y).
  Qed.

  (** Private pages of a VM that does not live: leaves that name them count no more. *)
  Lemma private_apart fz L w p : vms_ok fz L w -> kind (state w p) = PG_VM ->
    ~ live w (handle (state w p)) -> ~ involved w p.
  Proof.
    intros V K N I. destruct (involved_state fz L w p V I) as [X|[[X Y]|[[X Y]|[[X Y]|[X Y]]]]]; [pg; lia..| |pg; lia|pg; lia].
    exact (N Y).
  Qed.

  (** ** The frame *)
  Record unchanged (w w' : world) : Prop := {
    q_mem : forall c ix, structural c = true -> w_mem w' (c, ix) = w_mem w (c, ix);
    q_state : forall p, involved w p -> state w' p = state w p;
    q_lent : forall p, kind (state w' p) = PG_LENT -> state w' p = state w p;
    q_word : forall p i, involved w p -> is_ram B p -> kind (state w p) = PG_VMCORE -> word w' p i = word w p i;
    q_fewer : fewer w w' }.

  Section Unchanged.
    Variables w w' : world.
    Hypothesis Q : unchanged w w'.

    Ltac view := intros; unfold vm_state, vm_root, vm_n_lent, vm_pool, vm_n_pool, vm_n_ram, vm_n_loaded, ram_base, ram_size,
      vcpu_run, vcpu_ctx; rewrite (q_mem _ _ Q) by reflexivity; reflexivity.
    Lemma unchanged_state h : vm_state w' h = vm_state w h. Proof. view. Qed.
    Lemma unchanged_root h : vm_root w' h = vm_root w h. Proof. view. Qed.
    Lemma unchanged_n_lent h : vm_n_lent w' h = vm_n_lent w h. Proof. view. Qed.
    Lemma unchanged_live h : live w' h <-> live w h.
    Proof. unfold live. rewrite unchanged_state. reflexivity. Qed.
    Lemma unchanged_rooted h : rooted w' h <-> rooted w h.
    Proof. unfold rooted. rewrite unchanged_live, unchanged_state, unchanged_n_lent. reflexivity. Qed.
    Lemma unchanged_made h i : vcpu_made w' h i <-> vcpu_made w h i.
    Proof. unfold vcpu_made. rewrite (q_mem _ _ Q) by reflexivity. reflexivity. Qed.
    Lemma unchanged_protected h : protected w' h <-> protected w h.
    Proof. unfold protected. rewrite (q_mem _ _ Q) by reflexivity. reflexivity. Qed.

    Lemma unchanged_trees fz : tables_ok B fz w -> same_trees w w'.
    Proof.
      intros T. constructor; intros h R.
      - apply unchanged_live, R.
      - apply unchanged_rooted, R.
      - apply unchanged_root.
      - apply unchanged_protected.
      - intros fn t i Hr F E Hi. apply unchanged_rooted in Hr. destruct (t_page _ _ _ T _ _ _ _ Hr F E) as [Rt S].
        apply (q_word _ _ Q); [eapply in_table; eassumption|exact Rt|].
        destruct (vmcore_state w t h (vm_range w h Hr) S) as [K _]. exact K.
    Qed.

    Lemma unchanged_pool fz h l : tables_ok B fz w -> live w h -> pool_of B w h l -> pool_of B w' h l.
    Proof.
      intros T R P. apply pool_frame with w.
      - exact (unchanged_trees fz T).
      - left. apply unchanged_live, R.
      - view.
      - view.
      - intros p Hp. apply (q_state _ _ Q). eapply in_pool; eassumption.
      - intros p i Hp _. destruct (p_page _ _ _ _ P p Hp) as [Rp S].
        apply (q_word _ _ Q); [eapply in_pool; eassumption|exact Rp|].
        destruct (vmcore_state w p h (proj1 R) S) as [K _]. exact K.
      - exact P.
    Qed.

    Theorem frame_vms fz L : inv B w' -> vms_ok fz L w -> vms_ok fz L w'.
    Proof.
      intros I [T P N U]. pose proof (unchanged_trees fz T) as S.
      assert (P' : pools_ok B w').
      { intros h R. apply unchanged_live in R. destruct (P h R) as (l & H). exists l.
        exact (unchanged_pool fz h l T R H). }
      constructor.
      - apply (tables_frame B fz w w' I S T (q_fewer _ _ Q)).
        + intros h l fn t R F E. apply unchanged_rooted in R. apply (q_state _ _ Q). eapply in_table; eassumption.
        + intros h fn p R F E. apply unchanged_live in R. apply (q_state _ _ Q). eapply in_private; eassumption.
        + intros h fn p R F E. apply unchanged_rooted in R.
          destruct (l_lent _ _ _ _ _ (t_leaf _ _ _ T h fn R F) p E) as [_ K].
          rewrite (q_state _ _ Q); [exact K|apply in_lent, K].
      - exact P'.
      - apply (lent_frame w w' L S); [|exact N]. intros p [K|K]; [apply (q_state _ _ Q), in_lent, K|apply (q_lent _ _ Q), K].
      - apply (vcpus_frame B w w' (y_live _ _ S) U).
        + intros h Hh. rewrite unchanged_state. apply (u_states _ _ U), Hh.
        + intros h i M. apply unchanged_made in M. pose proof (u_live _ _ U h i M) as R.
          split; [exact M|]. split; [apply unchanged_live, R|]. split; [apply unchanged_protected|].
          split; [view|]. split; [view|]. split; [apply (q_state _ _ Q); eapply in_run; [exact M|reflexivity]|].
          intros Pr; apply (q_state _ _ Q); eapply in_ctx; [exact M|exact Pr|reflexivity].
        + constructor; intros; [unfold token; rewrite (q_mem _ _ Q) by reflexivity; reflexivity| |view].
          apply unchanged_made. assumption.
        + intros h R. split; [view|]. intros i. split; view.
    Qed.

    (** No page gets involved. *)
    Lemma unchanged_involved fz L p : vms_ok fz L w -> involved w' p -> involved w p.
    Proof.
      intros [T P N U] I. pose proof (unchanged_trees fz T) as S.
      destruct I as [h l fn R F E|h l R H Hl|h fn R F E|K|h i M E|h i M Pr E].
      - rewrite (same_table_at w w' S) in E by assumption. apply unchanged_rooted in R. eapply in_table; eassumption.
      - apply unchanged_live in R. destruct (P h R) as (l0 & H0).
        rewrite (pool_same B w' h l l0 H (unchanged_pool fz h l0 T R H0)) in Hl. eapply in_pool; eassumption.
      - apply (same_names w w' S) in E; [|left; exact R|exact F]. apply unchanged_live in R. eapply in_private; eassumption.
      - apply in_lent. rewrite <- (q_lent _ _ Q p K). exact K.
      - apply unchanged_made in M. apply (in_run w p h i M). rewrite E. view.
      - apply unchanged_made in M. apply unchanged_protected in Pr. apply (in_ctx w p h i M Pr). rewrite E. view.
    Qed.

    Theorem sec_frame fz L : cs B w' -> sec B fz L w -> sec B fz L w'.
    Proof.
      intros C H. apply sec_vms in H as [_ V]. apply sec_vms. split; [exact C|].
      apply (frame_vms fz L (cs_inv B _ C) V).
    Qed.

    Theorem mem_inv_frame : inv B w' -> mem_inv B w -> mem_inv B w'.
    Proof.
      intros I H. apply mem_inv_vms in H as [_ (L & V)]. apply mem_inv_vms. split; [exact I|]. exists L.
      apply (frame_vms _ L I V).
    Qed.
  End Unchanged.

  (** ** Functions specified by [evolves] *)
  Lemma evolves_unchanged cells (P : Z -> Prop) w w' : evolves B cells P w w' ->
    forallb (fun c => negb (structural c)) cells = true ->
    (forall p, P p -> ~ involved w p /\ kind (state w' p) <> PG_LENT) -> unchanged w w'.
  Proof.
    intros [_ Em Et Er Ew El] D A. rewrite forallb_forall in D. constructor.
    - intros c ix Sc. apply Em. destruct (existsb (String.eqb c) cells) eqn:X; [|reflexivity].
      apply existsb_exists in X as (d & Id & Ed). apply String.eqb_eq in Ed. subst d.
      specialize (D c Id). rewrite Sc in D. discriminate D.
    - intros p I. unfold state. rewrite Et; [reflexivity|]. intros X. exact (proj1 (A p X) I).
    - intros p K. unfold state. rewrite Et; [reflexivity|]. intros X. exact (proj2 (A p X) K).
    - intros p i I R K. unfold word. rewrite Er; [reflexivity| |assumption..]. intros X. exact (proj1 (A p X) I).
    - split; [intros h l fn t N; apply Ew, N|intros k h fn p N; apply El, N].
  Qed.

  Theorem sec_evolves cells (P : Z -> Prop) fz L w w' : sec B fz L w -> cs B w' -> evolves B cells P w w' ->
    forallb (fun c => negb (structural c)) cells = true ->
    (forall p, P p -> ~ involved w p /\ kind (state w' p) <> PG_LENT) -> sec B fz L w'.
  Proof. intros H C E D A. apply (sec_frame w w' (evolves_unchanged cells P w w' E D A) fz L C H). Qed.

  Corollary sec_evolves_none cells fz L w w' : sec B fz L w -> cs B w' -> evolves B cells no_page w w' ->
    forallb (fun c => negb (structural c)) cells = true -> sec B fz L w'.
  Proof. intros H C E D. apply (sec_evolves cells no_page fz L w w' H C E D). intros p []. Qed.
End Facts.
