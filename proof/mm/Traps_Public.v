(** * An event that KCore does in both of two worlds

    [both_write]: the same event, whoever does it, keeps two worlds alike, if the page that it writes gets the same words.
    [public_both]: an event that reads nothing of what KServ and [Q] do not know has the same answer in both, and they
    stay alike.  [given_both]: so they do by an event of a dark CPU that stands in the traces of both. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Cpu_Facts Interleave Interleave_Events Alike Traps_System Traps_Alike.
From Redoubt.machine Require System.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma words_eq w w' p j : words w p = words w' p -> 0 <= j < 512 -> word w p j = word w' p j.
Proof.
  intros E J. unfold words in E. set (d := Z.to_nat j). assert (L : (d < 512)%nat) by (unfold d; lia).
  assert (X : forall u, nth d (List.map (fun i => word u p (Z.of_nat i)) (seq 0 512)) (word u p (Z.of_nat 0)) = word u p j).
  { intros u. rewrite (map_nth (fun i => word u p (Z.of_nat i)) (seq 0 512) 0%nat d). rewrite seq_nth by exact L.
    unfold d. cbn [Nat.add]. rewrite Z2Nat.id by lia. reflexivity. }
  rewrite <- (X w), <- (X w'), E. apply nth_indep. rewrite map_length, seq_length. exact L.
Qed.

Local Opaque words.
Section Public.
  Variable B : board.
  Variable Q : Z -> bool.
  Variable stale : loc -> bool.
  Notation secret := (secret B Q).
  Notation alike_but := (alike_but B Q stale).
  Notation veiled := (veiled Q stale).

  Lemma but_meta a b p s : alike_but a b -> is_ram B p -> may_change a p s -> may_change b p s ->
    alike_but (set_meta p s a) (set_meta p s b).
  Proof.
    intros A Rp Ca Cb.
    assert (A0 : alike B Q (set_mem (w_mem b) a) b) by (constructor; try reflexivity; apply A).
    assert (C0 : may_change (set_mem (w_mem b) a) p s).
    { unfold may_change in *. rewrite (but_vm_state B Q stale a b _ A) in Ca. exact Ca. }
    pose proof (alike_meta B Q _ _ p s A0 Rp C0 Cb) as A1. constructor; try apply A1. exact (ab_mem B Q stale a b A).
  Qed.

  Lemma but_page a b p ra rb : alike_but a b -> (forall q j, q <> p -> ra q j = w_ram a q j) ->
    (forall q j, q <> p -> rb q j = w_ram b q j) ->
    (~ secret a p -> forall j, 0 <= j < 512 -> wrap U64 (ra p j) = wrap U64 (rb p j)) ->
    alike_but (set_ram ra a) (set_ram rb b).
  Proof.
    intros A Ea Eb E. apply but_ram; [exact A|]. intros q j N J. destruct (Z.eq_dec q p) as [->|D]; [auto|].
    rewrite Ea, Eb by exact D. apply (ab_word B Q stale a b A); assumption.
  Qed.

  (** What the contract says of a page's new state; [meta_set] alone needs it. *)
  Definition changes_well (e : event) (w : world) : Prop :=
    match e with ECall f [p; s] => f = "meta_set" -> is_ram B p /\ may_change w p s | _ => True end.
  (** The context of which the world switch loads registers is the same; or nobody sees the registers. *)
  Definition loads_same (c : nat) (e : event) (w : world) : Prop := dark stale c \/
    match e with
    | ECall f [to; _; _; _] => f = "ctx_start" -> ~ secret w to
    | ECall f [_; to; _; _; _] => f = "ctx_switch" -> ~ secret w to
    | _ => True
    end.

  Lemma switch_regs c a b to vt hcr mdcr a1 b1 : alike_but a b -> alike_but a1 b1 -> dark stale c \/ ~ secret a to ->
    alike_but (set_regs (Z.of_nat c) (context_regs (word a to 48) (word a to 37) to vt hcr mdcr) a1)
              (set_regs (Z.of_nat c) (context_regs (word b to 48) (word b to 37) to vt hcr mdcr) b1).
  Proof.
    intros A A1 [D|N].
    - eapply but_trans; [apply hidden_regs; [exact D|apply context_volatile]|].
      eapply but_trans; [exact A1|]. apply but_sym, hidden_regs; [exact D|apply context_volatile].
    - rewrite !(ab_word B Q stale a b A) by (first [exact N|lia]). apply but_regs, A1.
  Qed.

  Theorem both_write c e a b v v' a' b' : alike_but a b -> ~ locking e -> changes_well e a -> changes_well e b ->
    loads_same c e a -> secure B a' ->
    (forall p, page_of e = Some p -> ~ secret a p -> forall j, 0 <= j < 512 -> word a' p j = word b' p j) ->
    snd (effect B (Z.of_nat c) (fun _ => True) e a) v a' -> snd (effect B (Z.of_nat c) (fun _ => True) e b) v' b' ->
    alike_but a' b'.
  Proof.
    intros A Nl Ca Cb Lo S Pg E F. destruct e as [l|l x|f args].
    - cbn in E, F. destruct E as [_ ->], F as [_ ->]. exact A.
    - cbn in E, F. subst a' b'. unfold write_cell in *. pose proof (but_write B Q stale a b l x A) as Am.
      destruct (steers_walks (fst l)); [apply but_settle; assumption|exact Am].
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E, F by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & _ & ->).
        destruct (cpu_effect_does _ _ _ _ _ _ _ F) as (d' & D' & _ & ->). assert (d' = d) as -> by congruence.
        apply but_regs, A. }
      cbn [effect] in E, F. rewrite Cp in E, F.
      destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; try (cbn in E; contradiction); cbn [changes_well] in Ca, Cb.
      + destruct (String.eqb_spec f "spin_lock") as [->|]; [destruct Nl; exists "spin_lock", x; auto|].
        destruct (String.eqb_spec f "spin_unlock") as [->|]; [destruct Nl; exists "spin_unlock", x; auto|].
        destruct (String.eqb_spec f "meta_get") as [->|]; [cbn in E, F; destruct E as [_ ->], F as [_ ->]; exact A|].
        destruct (String.eqb_spec f "page_zero") as [->|].
        { cbn in E, F. subst a' b'. specialize (Pg x eq_refl). unfold zero_page in *. apply but_settle; [|exact S].
          apply (but_page a b x); [exact A|..|exact Pg]; intros q j N; unfold store_page; rewrite (proj2 (Z.eqb_neq q x) N); reflexivity. }
        destruct (String.eqb_spec f "page_sync") as [->|]; [cbn in E, F; subst a' b'; exact A|].
        destruct (String.eqb_spec f "fp_load") as [->|]; [cbn in E, F; subst a' b'; exact A|].
        destruct (String.eqb_spec f "fp_save") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E, F. destruct E as (r & Sv & ->), F as (r' & Sv' & ->). specialize (Pg x eq_refl).
        apply but_settle; [|exact S]. apply (but_page a b x); [exact A|..|exact Pg]; intros q j N; [apply Sv|apply Sv']; auto.
      + destruct (String.eqb_spec f "meta_set") as [->|].
        { cbn in E, F. subst a' b'. apply but_meta; [exact A|apply Ca|apply Ca|apply Cb]; reflexivity. }
        destruct (String.eqb_spec f "pg_get") as [->|]; [cbn in E, F; destruct E as [_ ->], F as [_ ->]; exact A|].
        destruct (String.eqb_spec f "pte_get") as [->|]; [cbn in E, F; destruct E as [_ ->], F as [_ ->]; exact A|].
        destruct (String.eqb_spec f "page_copy") as [->|].
        { cbn [snd] in E, F. subst a' b'. specialize (Pg x eq_refl). unfold copy_page in *. apply but_settle; [|exact S].
          apply (but_page a b x); [exact A|..|exact Pg]; intros q j N; unfold store_page; rewrite (proj2 (Z.eqb_neq q x) N); reflexivity. }
        destruct (String.eqb_spec f "tlb_inval_vm") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E, F. subst a' b'. apply but_settle; [|exact S].
        constructor; try apply A; intros; cbn; [rewrite (ab_walk B Q stale a b A)|rewrite (ab_tlb B Q stale a b A)]; reflexivity.
      + assert (St : f = "pg_set" \/ f = "pte_set" -> a' = write_word B x y z a -> b' = write_word B x y z b -> alike_but a' b').
        { intros H -> ->. assert (Px : page_of (ECall f [x; y; z]) = Some x) by (destruct H as [-> | ->]; reflexivity).
          specialize (Pg x Px). unfold write_word in *. apply but_settle; [|exact S].
          apply (but_page a b x); [exact A|..|exact Pg]; intros q j N; unfold store_word; rewrite (proj2 (Z.eqb_neq q x) N); reflexivity. }
        destruct (String.eqb_spec f "pg_set") as [->|]; [cbn [snd] in E, F; apply St; auto|].
        destruct (String.eqb_spec f "pte_set") as [->|]; [cbn [snd] in E, F; apply St; auto|cbn in E; contradiction].
      + destruct (String.eqb_spec f "ctx_start") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E, F. subst a' b'. apply switch_regs; [exact A|exact A|]. destruct Lo as [Lo|Lo]; [auto|right; exact (Lo eq_refl)].
      + destruct (String.eqb_spec f "ctx_switch") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E, F. destruct E as (r & (_ & _ & Sv) & ->), F as (r' & (_ & _ & Sv') & ->). specialize (Pg x eq_refl).
        apply switch_regs; [exact A| |destruct Lo as [Lo|Lo]; [auto|right; exact (Lo eq_refl)]].
        apply but_settle_walks; [|exact (s_walk B _ S)].
        apply (but_page a b x); [exact A|..|exact Pg]; intros q j N; [apply Sv|apply Sv']; auto.
  Qed.

  Lemma content_words w1 w1' w2 w2' p l : w_meta w1 = w_meta w2 -> content B Q w1 w1' (Some p) l -> content B Q w2 w2' (Some p) l ->
    ~ secret w1 p -> forall j, 0 <= j < 512 -> word w1' p j = word w2' p j.
  Proof.
    assert (X : forall w w', content B Q w w' (Some p) l -> secret w p \/ l = words w' p).
    { intros w w' C. remember (Some p) as o eqn:Eo. destruct C as [|q H|q H]; [discriminate Eo| |]; injection Eo as ->; auto. }
    intros M C1 C2 N j J. destruct (X _ _ C1) as [H|E1]; [contradiction|]. destruct (X _ _ C2) as [H|E2].
    - destruct N. exact (secret_same B Q w2 w1 p (eq_sym M) H).
    - apply words_eq; [rewrite <- E1; exact E2|exact J].
  Qed.

  (** ** An event of a CPU that is not dark *)
  Theorem public_both c e a b v v' a' b' l : alike_but a b -> ~ locking e -> changes_well e a -> changes_well e b ->
    public B Q stale c e a -> secure B a' ->
    content B Q a a' (open_page e) l -> content B Q b b' (open_page e) l -> open_answer B c e v = open_answer B c e v' ->
    snd (effect B (Z.of_nat c) (fun _ => True) e a) v a' -> snd (effect B (Z.of_nat c) (fun _ => True) e b) v' b' ->
    v = v' /\ alike_but a' b'.
  Proof.
    intros A Nl Ca Cb P S La Lb Ov E F. split.
    - destruct e as [x|x y|f args]; [|exact Ov|].
      { cbn in E, F, P. destruct E as [-> _], F as [-> _]. apply (ab_mem B Q stale a b A), P. }
      cbn [open_answer public] in Ov, P. destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E, F by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & Ra & _).
        destruct (cpu_effect_does _ _ _ _ _ _ _ F) as (d' & D' & Rb & _). assert (d' = d) as -> by congruence. rewrite D in Ov.
        destruct (answer d) as [|r ix|] eqn:An; [exact Ov| |exact Ov]. cbn in Ra, Rb. subst v v'.
        apply (ab_mem B Q stale a b A). exact (P d r ix D An). }
      destruct (System.answers (ECall f args)) eqn:An; [|exact Ov]. cbn [effect] in E, F. rewrite Cp in E, F.
      cbn in An. apply orb_true_iff in An as [An|An]; [apply orb_true_iff in An as [An|An]|]; apply String.eqb_eq in An; subst f;
        destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; cbn in E, F; try contradiction;
        destruct E as [-> _], F as [-> _].
      + rewrite (ab_meta B Q stale a b A). reflexivity.
      + destruct P as [P _]. destruct P as [N I]; [auto|]. apply (ab_word B Q stale a b A); assumption.
      + destruct P as [P _]. destruct P as [N I]; [auto|]. apply (ab_word B Q stale a b A); assumption.
    - apply (both_write c e a b v v'); try assumption.
      { right. destruct e as [|? ?|f args]; try exact I. cbn [public] in P.
        destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; try exact I; intros ->; cbn in P; [exact (P eq_refl)|exact (proj1 (P eq_refl))]. }
      intros p Pe N j J. destruct (open_page e) as [q|] eqn:O.
      { assert (q = p) as ->.
        { destruct e as [| |f [|? args]]; try discriminate O. cbn in O, Pe.
          destruct (String.eqb f "fp_save" || _); [|discriminate O]. destruct (String.eqb f "page_zero" || _); congruence. }
        exact (content_words _ _ _ _ _ _ (ab_meta B Q stale a b A) La Lb N j J). }
      destruct e as [| |f args]; try discriminate Pe. cbn [public] in P. destruct (cpu_primitive f) eqn:Cp.
      { exfalso. destruct args as [|? args]; [discriminate Pe|]. cbn in Pe.
        destruct (String.eqb_spec f "page_zero"); [subst; discriminate Cp|]. destruct (String.eqb_spec f "page_copy"); [subst;
          discriminate Cp|].
        destruct (String.eqb_spec f "pg_set"); [subst; discriminate Cp|]. destruct (String.eqb_spec f "pte_set"); [subst; discriminate Cp|].
        destruct (String.eqb_spec f "fp_save"); [subst; discriminate Cp|]. destruct (String.eqb_spec f "ctx_switch"); [subst;
          discriminate Cp|].
        discriminate Pe. }
      cbn [effect] in E, F. rewrite Cp in E, F. destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; try (cbn in E; contradiction).
      + destruct (String.eqb_spec f "page_zero") as [->|N1].
        { cbn in E, F, Pe. injection Pe as <-. subst a' b'. unfold word; cbn. unfold store_page. rewrite Z.eqb_refl. reflexivity. }
        exfalso. cbn in Pe, O. destruct (String.eqb f "fp_save") eqn:Ef; [discriminate O|].
        destruct (String.eqb_spec f "page_zero"); [contradiction|]. cbn in Pe, E.
        repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb_spec f s); [subst f; try discriminate; try
          contradiction|] end;
          cbn in *; try discriminate; try contradiction.
      + destruct (String.eqb_spec f "page_copy") as [->|N1].
        { cbn in E, F, Pe. injection Pe as <-. subst a' b'. unfold word; cbn. unfold store_page. rewrite Z.eqb_refl.
          apply (ab_word B Q stale a b A); [apply P; reflexivity|exact J]. }
        exfalso. cbn in Pe, E.
        repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb_spec f s); [subst f; try discriminate; try
          contradiction|] end;
          cbn in *; try discriminate; try contradiction.
      + assert (St : a' = write_word B x y z a -> b' = write_word B x y z b -> x = p -> word a' p j = word b' p j).
        { intros -> -> ->. unfold word; cbn. unfold store_word. destruct (_ && _); [reflexivity|]. apply (ab_word B Q stale a b A);
          assumption. }
        assert (x = p) as Ex by (cbn in Pe; destruct (String.eqb f "page_zero" || _); congruence).
        destruct (String.eqb_spec f "pg_set") as [->|]; [cbn [snd] in E, F; apply St; auto|].
        destruct (String.eqb_spec f "pte_set") as [->|]; [cbn [snd] in E, F; apply St; auto|cbn in E; contradiction].
      + exfalso. destruct (String.eqb_spec f "ctx_start") as [->|]; [discriminate Pe|cbn in E; contradiction].
      + exfalso. destruct (String.eqb_spec f "ctx_switch") as [->|]; [discriminate O|cbn in E; contradiction].
  Qed.

  (** ** An event that a dark CPU gives away *)
  Theorem given_both c e a b v v' a' b' l : alike_but a b -> ~ locking e -> changes_well e a -> changes_well e b ->
    dark stale c -> secure B a' -> content B Q a a' (page_of e) l -> content B Q b b' (page_of e) l ->
    snd (effect B (Z.of_nat c) (fun _ => True) e a) v a' -> snd (effect B (Z.of_nat c) (fun _ => True) e b) v' b' ->
    alike_but a' b'.
  Proof.
    intros A Nl Ca Cb D S La Lb E F. apply (both_write c e a b v v'); try assumption; [left; exact D|].
    intros p Pe N j J. rewrite Pe in La, Lb. exact (content_words _ _ _ _ _ _ (ab_meta B Q stale a b A) La Lb N j J).
  Qed.
End Public.
