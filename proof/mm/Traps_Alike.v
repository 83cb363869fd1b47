(** * Worlds that are alike while CPUs are dark: one event

    [Alike.alike] takes all objects and registers as known to KServ.  [alike_but] leaves out what is veiled
    (Traps_System.v): registers that a dark CPU has, or has left behind, and what the next run owes a vCPU of a VM outside
    [Q].  Its context needs no exception: it is [secret], or a normal VM's run page, which KServ reads.

    [silent_event]: an event of a dark CPU that is not on the list [given] leaves the world as it is for everybody else. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Cpu_Facts Interleave Alike Traps_System.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Traps.
  Variable B : board.
  Variable Q : Z -> bool.
  Variable stale : loc -> bool.
  Notation veiled := (veiled Q stale).
  Notation secret := (secret B Q).

  Record alike_but (a b : world) : Prop := {
    ab_mem : forall l, ~ veiled l -> w_mem a l = w_mem b l;
    ab_meta : w_meta a = w_meta b;
    ab_held : w_held a = w_held b;
    ab_word : forall p i, ~ secret a p -> 0 <= i < 512 -> word a p i = word b p i;
    ab_walk : forall h l fn t, w_walk a h l fn t <-> w_walk b h l fn t;
    ab_tlb : forall k h fn p, w_tlb a k h fn p <-> w_tlb b k h fn p }.

  Lemma alike_is_but a b : alike B Q a b -> alike_but a b.
  Proof. intros [M Me H R W T]. constructor; auto. intros l _. rewrite M. reflexivity. Qed.
  Lemma but_refl w : alike_but w w.
  Proof. apply alike_is_but, alike_refl. Qed.
  Lemma but_sym a b : alike_but a b -> alike_but b a.
  Proof.
    intros [M Me H R W T]. constructor; auto; try (intros; symmetry; auto).
    apply R; [|assumption]. intros X. apply (secret_same B Q a b p) in X; auto.
  Qed.
  Lemma but_trans a b c : alike_but a b -> alike_but b c -> alike_but a c.
  Proof.
    intros [M Me H R W T] [M' Me' H' R' W' T']. constructor; try congruence.
    - intros l N. rewrite M, M'; auto.
    - intros p i N I. rewrite R, R'; auto. intros X. apply N, (secret_same B Q b a p); auto.
    - intros. rewrite W. apply W'.
    - intros. rewrite T. apply T'.
  Qed.

  (** What pages, walkers and owners depend on is never left out. *)
  Lemma register_class d : String.prefix "reg." d = true -> class_of d = Percpu.
  Proof.
    intros P. unfold class_of. destruct (existsb (String.eqb d) constant_cells) eqn:E.
    - apply existsb_exists in E as (x & I & E). apply String.eqb_eq in E. subst x.
      repeat (destruct I as [<-|I]; [discriminate P|]). destruct I.
    - rewrite P. destruct (String.prefix "pcpu." d); reflexivity.
  Qed.
  Lemma veiled_class l : veiled l -> class_of (fst l) = Percpu \/ class_of (fst l) = Loader.
  Proof. intros [[P _]|[L _]]; [left; apply register_class, P|right; exact L]. Qed.
  Lemma unveiled d ix : class_of d <> Percpu -> class_of d <> Loader -> ~ veiled (d, ix).
  Proof. intros N1 N2 X. destruct (veiled_class _ X); contradiction. Qed.

  Lemma but_vm_state a b h : alike_but a b -> vm_state a h = vm_state b h.
  Proof. intros A. unfold vm_state. rewrite (ab_mem a b A); [reflexivity|]. apply unveiled; discriminate. Qed.
  Lemma but_vm_root a b h : alike_but a b -> vm_root a h = vm_root b h.
  Proof. intros A. unfold vm_root. rewrite (ab_mem a b A); [reflexivity|]. apply unveiled; discriminate. Qed.
  Lemma but_token a b h i : alike_but a b -> token a h i = token b h i.
  Proof. intros A. unfold token. rewrite (ab_mem a b A); [reflexivity|]. apply unveiled; discriminate. Qed.
  Lemma but_starts a b h r : alike_but a b -> starts B a h r -> starts B b h r.
  Proof. intros A. unfold starts, live. rewrite (but_vm_state a b h A), (but_vm_root a b h A). auto. Qed.

  (** ** Updates that both worlds get *)
  Lemma but_settle_walks a b : alike_but a b -> (forall h l fn t, walks B a h l fn t -> table_page B a h t) ->
    alike_but (settle B a) (settle B b).
  Proof.
    intros A S. pose proof A as [M Me H R W T].
    assert (Same : forall h l fn t i, walks B a h l fn t -> 0 <= i < 512 -> word a t i = word b t i).
    { intros h l fn t i X I. apply R; [|exact I]. exact (table_public B Q a h t (S h l fn t X)). }
    assert (Ix : forall l fn, 0 <= index l fn < 512) by (intros; apply Z.mod_pos_bound; lia).
    assert (F : forall h l fn t, walks B a h l fn t -> walks B b h l fn t).
    { assert (X : forall h l fn t, walks B a h l fn t -> walks B a h l fn t /\ walks B b h l fn t);
        [|intros; apply X; assumption].
      apply walks_in.
      - intros h l fn t X. split; apply walk_old; [exact X|apply W, X].
      - intros h r fn St Fn. split; apply walk_start; auto. apply (but_starts a b); auto.
      - intros h l fn t t' [X1 X2] E. split; [eapply walk_next; eassumption|].
        eapply walk_next; [exact X2|]. rewrite <- (Same _ _ _ _ _ X1) by apply Ix. exact E. }
    assert (G : forall h l fn t, walks B b h l fn t -> walks B a h l fn t).
    { apply walks_in.
      - intros h l fn t X. apply walk_old, W, X.
      - intros h r fn St Fn. apply walk_start; auto. apply (but_starts b a); [apply but_sym, A|auto].
      - intros h l fn t t' X E. eapply walk_next; [exact X|]. rewrite (Same _ _ _ _ _ X) by apply Ix. exact E. }
    constructor; auto.
    - intros h l fn t. split; [apply F|apply G].
    - intros k h fn p. split; intros [X|(l & t & X & L)].
      + left. apply T, X.
      + right. exists l, t. split; [apply F, X|]. rewrite <- (Same _ _ _ _ _ X) by apply Ix. exact L.
      + left. apply T, X.
      + right. exists l, t. split; [apply G, X|]. rewrite (Same _ _ _ _ _ (G _ _ _ _ X)) by apply Ix. exact L.
  Qed.

  Lemma but_settle a b : alike_but a b -> secure B (settle B a) -> alike_but (settle B a) (settle B b).
  Proof. intros A S. apply but_settle_walks; [exact A|exact (s_walk B _ S)]. Qed.

  Lemma but_write a b l x : alike_but a b -> alike_but (set_mem (upd (w_mem a) l x) a) (set_mem (upd (w_mem b) l x) b).
  Proof.
    intros A. constructor; try apply A. intros l' N. cbn. unfold upd. destruct (loc_eqb l l'); [reflexivity|]. apply (ab_mem a b A), N.
  Qed.

  Lemma but_ram a b f g : alike_but a b ->
    (forall p i, ~ secret a p -> 0 <= i < 512 -> wrap U64 (f p i) = wrap U64 (g p i)) ->
    alike_but (set_ram f a) (set_ram g b).
  Proof. intros A E. constructor; try apply A. exact E. Qed.

  Lemma but_regs c l a b : alike_but a b -> alike_but (set_regs c l a) (set_regs c l b).
  Proof.
    apply (set_regs_both B c alike_but). intros m x u v P _ A. rewrite !percpu_write by exact P. apply but_write, A.
  Qed.

  (** ** Updates of one world only *)
  Lemma hidden_write w l x : veiled l -> alike_but (set_mem (upd (w_mem w) l x) w) w.
  Proof.
    intros X. constructor; try reflexivity. intros l' N. cbn. apply upd_other. intros ->. contradiction.
  Qed.

  Definition dark (c : nat) : Prop := forall r ix, In r volatile -> stale (reg (Z.of_nat c) r ix) = true.
  Lemma dark_reg c r ix : dark c -> In r volatile -> veiled (reg (Z.of_nat c) r ix).
  Proof. intros D I. left. split; [destruct r; reflexivity|apply D, I]. Qed.

  Lemma hidden_regs c x w : dark c -> Forall (fun y => In (fst (fst y)) volatile) x -> alike_but (set_regs (Z.of_nat c) x w) w.
  Proof.
    intros D F. revert w. induction F as [|[[r ix] v] x I _ IH]; intros w; [apply but_refl|].
    apply (but_trans _ (set_reg (Z.of_nat c) (r, ix, v) w)); [apply IH|].
    change (set_reg (Z.of_nat c) (r, ix, v) w) with (set_mem (upd (w_mem w) (reg (Z.of_nat c) r ix) v) w).
    apply hidden_write. apply dark_reg; assumption.
  Qed.
  Lemma are_volatile l : forallb (fun y : ident * list Z * Z => existsb (String.eqb (fst (fst y))) volatile) l = true ->
    Forall (fun y => In (fst (fst y)) volatile) l.
  Proof.
    intros H. apply Forall_forall. intros y I. rewrite forallb_forall in H. specialize (H y I).
    apply existsb_exists in H as (z & J & H). apply String.eqb_eq in H. rewrite H. exact J.
  Qed.
  Lemma doing_volatile c f args d : doing_of B c f args = Some d -> Forall (fun y => In (fst (fst y)) volatile) (writes d).
  Proof.
    intros E. apply are_volatile. unfold doing_of, reads, sets, asks in E.
    destruct args as [|x [|y [|z [|x4 [|]]]]]; try discriminate E;
      repeat match type of E with (if String.eqb ?g ?s then _ else _) = _ => destruct (String.eqb g s);
        [injection E as <-; reflexivity|] end; discriminate E.
  Qed.
  Lemma context_volatile va sc to vt hcr mdcr : Forall (fun y => In (fst (fst y)) volatile) (context_regs va sc to vt hcr mdcr).
  Proof. apply are_volatile. reflexivity. Qed.

  (** A page that nobody else can see gets other words. *)
  Lemma hidden_ram w r p : settled B w -> secure B w -> (~ secret w p -> False) ->
    (forall q j, q <> p -> r q j = w_ram w q j) -> alike_but (settle B (set_ram r w)) w.
  Proof.
    intros St S N E. destruct (ram_walks B w r St) as [A T].
    { intros t j U. apply E. intros ->. apply N. intros X. exact (secret_unused B Q w p S X U). }
    constructor; try reflexivity; [|exact A|exact T].
    intros q j Nq _. unfold word; cbn. rewrite E; [reflexivity|]. intros ->. exact (N Nq).
  Qed.

  (** ** An event of a dark CPU *)
  Notation given := (given B Q stale).
  Definition locking (e : event) : Prop := exists f x, e = ECall f [x] /\ (f = "spin_lock" \/ f = "spin_unlock").

  Ltac page_given G := intros N; apply G; eapply give_page; [reflexivity|exact N].
  Theorem silent_event c e w v w' : dark c -> settled B w -> secure B w -> ~ locking e -> ~ given w e ->
    snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' -> alike_but w' w.
  Proof.
    intros Dk St S Nl G E. destruct e as [l|l x|f args].
    - cbn in E. destruct E as [_ ->]. apply but_refl.
    - cbn in E. subst w'. constructor.
      1: { intros l' N. unfold write_cell. destruct (steers_walks (fst l)); cbn; apply upd_other; intros Eq; subst l';
             exact (G (give_cell B Q stale w l x N)). }
      all: destruct (steers_walks (fst l)) eqn:Sw; unfold write_cell; rewrite Sw; try reflexivity.
      all: exfalso; apply G, give_cell; intros X; apply veiled_class in X; apply steers_locked in Sw; destruct X; congruence.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & Do & _ & ->).
        exact (hidden_regs c _ w Dk (doing_volatile _ _ _ _ Do)). }
      cbn [effect] in E. rewrite Cp in E.
      destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; try (cbn in E; contradiction); cbn in E.
      + destruct (String.eqb_spec f "spin_lock") as [->|]; [destruct Nl; exists "spin_lock", x; auto|].
        destruct (String.eqb_spec f "spin_unlock") as [->|]; [destruct Nl; exists "spin_unlock", x; auto|].
        destruct (String.eqb_spec f "meta_get") as [->|]; [cbn in E; destruct E as [_ ->]; apply but_refl|].
        destruct (String.eqb_spec f "page_zero") as [->|].
        { cbn in E. subst w'. apply (hidden_ram w _ x St S); [page_given G|].
          intros q j D. unfold store_page. rewrite (proj2 (Z.eqb_neq q x) D). reflexivity. }
        destruct (String.eqb_spec f "page_sync") as [->|]; [cbn in E; subst w'; apply but_refl|].
        destruct (String.eqb_spec f "fp_load") as [->|]; [cbn in E; subst w'; apply but_refl|].
        destruct (String.eqb_spec f "fp_save") as [->|]; [|cbn in E; contradiction].
        cbn in E. destruct E as (r & Sv & ->). apply (hidden_ram w r x St S); [page_given G|].
        intros q j D. apply Sv. left. exact D.
      + destruct (String.eqb_spec f "meta_set") as [->|]; [destruct (G (give_state B Q stale w x y))|].
        destruct (String.eqb_spec f "pg_get") as [->|]; [cbn in E; destruct E as [_ ->]; apply but_refl|].
        destruct (String.eqb_spec f "pte_get") as [->|]; [cbn in E; destruct E as [_ ->]; apply but_refl|].
        destruct (String.eqb_spec f "page_copy") as [->|].
        { cbn in E. subst w'. apply (hidden_ram w _ x St S); [page_given G|].
          intros q j D. unfold store_page. rewrite (proj2 (Z.eqb_neq q x) D). reflexivity. }
        destruct (String.eqb_spec f "tlb_inval_vm") as [->|]; [destruct (G (give_tlb B Q stale w x y))|]. cbn in E; contradiction.
      + destruct (String.eqb_spec f "pg_set") as [->|].
        { cbn in E. subst w'. apply (hidden_ram w _ x St S); [page_given G|].
          intros q j D. unfold store_word. rewrite (proj2 (Z.eqb_neq q x) D). reflexivity. }
        destruct (String.eqb_spec f "pte_set") as [->|]; [|cbn in E; contradiction].
        cbn in E. subst w'. apply (hidden_ram w _ x St S); [page_given G|].
        intros q j D. unfold store_word. rewrite (proj2 (Z.eqb_neq q x) D). reflexivity.
      + destruct (String.eqb_spec f "ctx_start") as [->|]; [|cbn in E; contradiction].
        cbn in E. subst w'. exact (hidden_regs c (context_regs (word w x 48) (word w x 37) x y z x4) w Dk (context_volatile _ _ _ _ _ _)).
      + destruct (String.eqb_spec f "ctx_switch") as [->|]; [|cbn in E; contradiction].
        cbn in E. destruct E as (r & Sv & ->). eapply but_trans;
        [exact (hidden_regs c (context_regs (word w y 48) (word w y 37) y z x4 x5) _ Dk (context_volatile _ _ _ _ _ _))|].
        apply (hidden_ram w r x St S); [page_given G|].
        intros q j D. apply (proj2 (proj2 Sv)). left. exact D.
  Qed.
End Traps.
