(** * The end of a VM: what is left of it when its TLB entries are gone *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Link Wp Rules.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Structure Structure_Frame Structure_Facts
  Structure_Steps Structure_Vm Page_Spec Vm_Spec Vm_Facts Interleave Teardown_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Facts.
  Variable B : board.
  Hypothesis HB : board_ok B.

  (** [inv] holds where walkers and entries are fewer than in a world where it holds. *)
  Lemma inv_less a b : inv B a -> settled B b -> constants B b -> w_meta b = w_meta a -> w_ram b = w_ram a ->
    (forall h l fn t, w_walk b h l fn t -> w_walk a h l fn t) ->
    (forall k h fn p, w_tlb b k h fn p -> w_tlb a k h fn p) ->
    (forall h, h <> 0 -> live a h -> ~ live b h -> (forall l fn t, ~ w_walk b h l fn t) /\ forall k fn p, ~ w_tlb b k h fn p) ->
    (forall d ix, In d seat_cells -> w_mem b (d, ix) = w_mem a (d, ix)) -> inv B b.
  Proof.
    intros I S C Em Er W T D Mm.
    assert (St : forall p, state b p = state a p) by (intros; unfold state; rewrite Em; reflexivity).
    constructor; [exact S| |exact C|..].
    - split.
      + intros k h fn p X. apply T in X. apply (s_tlb B a (i_secure B a I)) in X. unfold allowed in *. rewrite !St. exact X.
      + intros h l fn t X. apply W in X. apply (s_walk B a (i_secure B a I)) in X. unfold table_page in *. rewrite !St. exact X.
      + apply (seats_same B a); [apply (i_secure B a I)|..].
        * intros c. unfold host_ctx. rewrite Mm by (left; reflexivity). reflexivity.
        * intros h i. unfold token, vcpu_run, vcpu_ctx, protected. rewrite !Mm by (cbn; tauto). tauto.
        * intros p _. apply St.
        * intros c h l fn _. apply W.
    - intros fn F. unfold word. rewrite Er. apply (i_level1 B a I fn F).
    - intros l fn H. rewrite St. apply (i_core B a I l fn H).
    - intros l fn t X. apply (i_place B a I), W, X.
    - intros h N L. destruct (live_dec a h) as [La|La]; [exact (D h N La L)|].
      destruct (i_dead B a I h N La) as [D1 D2]. split; intros; intro X; [apply W in X; eapply D1|apply T in X; eapply D2]; exact X.
  Qed.

  Section Dying.
    Variables (w1 w0 : world) (h : Z).
    Let w2 := write_cell B ("vms.state", [h]) VM_DYING w1.
    Hypothesis I : inv B w1.
    Hypothesis Hh : 1 <= h <= 255.
    Hypothesis J : interference w2 w0.
    Let w3 := invalidate B h w0.
    Let a := set_ram (w_ram w0) w1.

    Lemma dying_state : vm_state w2 h = VM_DYING.
    Proof.
      transitivity (vm_state (set_mem (upd (w_mem w1) ("vms.state", [h]) VM_DYING) w1) h); [reflexivity|].
      rewrite vm_state_write, Z.eqb_refl. reflexivity.
    Qed.

    Lemma dying_starts g r : starts B (set_mem (upd (w_mem w1) ("vms.state", [h]) VM_DYING) w1) g r ->
      starts B w1 g r /\ g <> h.
    Proof.
      intros [[-> ->]|[L ->]]; [split; [left; auto|lia]|].
      assert (N : g <> h).
      { intros ->. destruct L as [_ L]. rewrite vm_state_write, Z.eqb_refl in L. destruct L as [L|L]; discriminate L. }
      split; [|exact N]. right. split; [|reflexivity]. unfold live in *. rewrite vm_state_write in L.
      destruct (Z.eqb_spec h g); [congruence|exact L].
    Qed.

    Lemma dying_less : (forall g l fn t, w_walk w2 g l fn t -> w_walk w1 g l fn t) /\
      (forall k g fn p, w_tlb w2 k g fn p -> w_tlb w1 k g fn p).
    Proof. apply (steer_less B w1 (upd (w_mem w1) ("vms.state", [h]) VM_DYING) I). intros g r S. apply dying_starts, S. Qed.

    Lemma dying_interference : interference w1 a.
    Proof.
      destruct J as (r & E & R). exists (w_ram w0). split; [reflexivity|]. intros p i N Ni. rewrite E. apply R.
      - intros (g & k & fn & T). apply N. exists g, k, fn. apply dying_less, T.
      - intros X. exact (Ni X).
    Qed.

    Lemma dying_inv : inv B a.
    Proof. exact (inv_interference B HB w1 a I dying_interference). Qed.

    Lemma dying_mem : w_mem w0 = upd (w_mem w1) ("vms.state", [h]) VM_DYING.
    Proof. destruct J as (r & -> & _). reflexivity. Qed.

    Lemma dying_walks g l fn t : walks B (drop_vmid h w0) g l fn t -> w_walk w1 g l fn t /\ g <> h.
    Proof.
      revert g l fn t. apply walks_in.
      - intros g l fn t [N W]. split; [|exact N]. apply dying_less. destruct J as (r & E & _). rewrite E in W. exact W.
      - intros g r fn S F.
        assert (S' : starts B w1 g r /\ g <> h).
        { apply dying_starts. destruct J as (r' & E & _). rewrite E in S. exact S. }
        destruct S' as [S' N]. split; [|exact N]. apply (c_walk B w1 (i_settled B w1 I)), walk_start; assumption.
      - intros g l fn t t' [W N] E. split; [|exact N].
        apply (c_walk B a (i_settled B a dying_inv)). eapply walk_next; [apply walk_old, W|exact E].
    Qed.

    Lemma dying_entries k g fn p : entries B (drop_vmid h w0) k g fn p -> w_tlb w1 k g fn p /\ g <> h.
    Proof.
      intros [[N T]|(l & t & W & P)].
      - split; [|exact N]. apply dying_less. destruct J as (r & E & _). rewrite E in T. exact T.
      - destruct (dying_walks g l fn t W) as [W1 N]. split; [|exact N].
        apply (c_tlb B a (i_settled B a dying_inv)). right. exists l, t. split; [apply walk_old, W1|exact P].
    Qed.

    Lemma torn_inv : inv B w3.
    Proof.
      apply (inv_less a w3 dying_inv).
      - apply settle_settled.
      - pose proof (constant_other B w1 "vms.state" [h] VM_DYING ltac:(discriminate) (i_constants B w1 I)) as C.
        assert (Em : w_mem w3 = upd (w_mem w1) ("vms.state", [h]) VM_DYING) by exact dying_mem.
        destruct C. constructor; unfold host_ctx; rewrite ?Em; assumption.
      - cbn. destruct J as (r & -> & _). reflexivity.
      - reflexivity.
      - intros g l fn t W. exact (proj1 (dying_walks g l fn t W)).
      - intros k g fn p T. exact (proj1 (dying_entries k g fn p T)).
      - intros g _ La Lb. destruct (Z.eq_dec g h) as [->|N].
        + split; [intros l fn t W; exact (proj2 (dying_walks h l fn t W) eq_refl)|].
          intros k fn p T. exact (proj2 (dying_entries k h fn p T) eq_refl).
        + exfalso. apply Lb. change (live w1 g) in La. unfold live, vm_state in *. change (w_mem w3) with (w_mem w0).
          rewrite dying_mem, upd_head by exact N. exact La.
      - intros d ix X. change (w_mem w3) with (w_mem w0). rewrite dying_mem. apply upd_name.
        repeat (destruct X as [<-|X]; [reflexivity|]). destruct X.
    Qed.

    Lemma torn_state : vm_state w3 h = VM_DYING.
    Proof. unfold vm_state. change (w_mem w3) with (w_mem w0). rewrite dying_mem, upd_same. reflexivity. Qed.

    Lemma torn_unreached p : ~ reach w3 h p.
    Proof. intros (k & fn & T). exact (proj2 (dying_entries k h fn p T) eq_refl). Qed.
  End Dying.

  (** ** Without vCPUs *)
  Lemma unmade_other h w c ix : c <> "vcpus.made" -> w_mem (unmade h w) (c, ix) = w_mem w (c, ix).
  Proof. intros N. cbn. unfold of_vcpu. cbn [fst]. destruct (String.eqb_spec c "vcpus.made"); [contradiction|reflexivity]. Qed.

  Lemma unmade_head h w c g ix : g <> h -> w_mem (unmade h w) (c, g :: ix) = w_mem w (c, g :: ix).
  Proof.
    intros N. cbn. unfold of_vcpu. cbn [fst snd]. destruct (String.eqb c "vcpus.made"); [|reflexivity]. cbn [andb].
    destruct ix as [|i [|]]; try reflexivity. destruct (Z.eqb_spec g h); [contradiction|reflexivity].
  Qed.

  Lemma unmade_made h w i : ~ vcpu_made (unmade h w) h i.
  Proof.
    intros (_ & R & M). apply M. cbn. unfold of_vcpu. cbn [fst snd].
    replace (String.eqb "vcpus.made" "vcpus.made") with true by reflexivity. rewrite Z.eqb_refl.
    destruct (Z.leb_spec 0 i); [|lia]. destruct (Z.ltb_spec i 16); [|lia]. reflexivity.
  Qed.

  Lemma unmade_inv h w : inv B w -> inv B (unmade h w).
  Proof.
    intros I. apply (inv_less w); auto.
    - apply settled_set_mem; [apply I|..]; intros g; apply (unmade_other h w); discriminate.
    - destruct (i_constants B w I).
      constructor; intros; unfold host_ctx; rewrite ?(unmade_other h w) by discriminate; auto. apply k_ctx; assumption.
    - intros d ix X. apply unmade_other. intros ->. repeat (destruct X as [X|X]; [discriminate X|]). destruct X.
  Qed.

  (** Structure, when the VM's TLB entries are gone and its vCPUs are left out. *)
  Lemma torn_vms L w1 w0 h : sec B unfrozen L w1 -> live w1 h -> unloaded w1 [h] ->
    let w2 := write_cell B ("vms.state", [h]) VM_DYING w1 in interference w2 w0 ->
    vms_ok B unfrozen L (unmade h (invalidate B h w0)).
  Proof.
    intros S Lv Ul w2 J. pose proof (s_cs _ _ _ _ S) as [I _]. pose proof (proj1 Lv) as Hh. apply sec_vms in S as [_ V].
    set (a := set_ram (w_ram w0) w1). pose proof (dying_interference w1 w0 h I Hh J) as Ja. fold a in Ja.
    pose proof (dying_inv w1 w0 h I Hh J) as Ia. fold a in Ia.
    pose proof (frame_vms B w1 a (unchanged_interference B HB w1 a I Ja) unfrozen L Ia V) as Va.
    pose proof (torn_inv w1 w0 h I Hh J) as I3. pose proof (dying_mem w1 w0 h J) as Em.
    set (w3 := invalidate B h w0) in *.
    assert (Es : vm_state (unmade h w3) h = VM_DYING).
    { unfold vm_state. rewrite (unmade_other h w3) by discriminate. exact (torn_state w1 w0 h J). }
    apply (vms_frame B a (unmade h w3) h).
    - cbn. destruct J as (r & -> & _). reflexivity.
    - reflexivity.
    - split.
      + intros g l fn t _ W. exact (proj1 (dying_walks w1 w0 h I Hh J g l fn t W)).
      + intros k g fn p _ T. exact (proj1 (dying_entries w1 w0 h I Hh J k g fn p T)).
    - intros c g ix _ N. rewrite unmade_head by exact N. change (w_mem w3) with (w_mem w0). rewrite Em. apply upd_head, N.
    - intros _. split; [left; exact Lv|]. intros c ix _ N1 N2. rewrite unmade_other by exact N2.
      change (w_mem w3) with (w_mem w0). rewrite Em. apply upd_name, String.eqb_neq. congruence.
    - intros [_ X]. rewrite Es in X. destruct X as [X|X]; discriminate X.
    - intros i X. destruct (unmade_made h w3 i X).
    - intros i. unfold token. rewrite unmade_other by discriminate. change (w_mem w3) with (w_mem w0). rewrite Em.
      unfold loaded_cell. rewrite upd_name by reflexivity. reflexivity.
    - intros i X. destruct (X (Ul i)).
    - intros _. rewrite Es. unfold VM_FREE, VM_DYING. lia.
    - exact (unmade_inv h w3 I3).
    - exact Va.
  Qed.
End Facts.
