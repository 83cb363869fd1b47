(** * Worlds that are alike while a CPU serves a VM: one event

    [Alike.alike] takes all objects and registers as known to KServ.  While a CPU serves a vCPU of a VM outside [Q], its
    registers are that VM's, and so are the objects that go with the vCPU ("vcpus.pend", "vcpus.mmio_*"):
    [alike_but] leaves them out.  [V c] says which vCPU of a VM outside [Q] CPU [c] runs or serves, if it does.

    [given]: the list of all events of KCore, while it serves such a vCPU, that anybody else can see: KCore gives
    them away in the VM's name.  [silent_event]: any other event leaves the world as it is for everybody else.
    [public_event]: an event of any other CPU, which reads nothing of what is left out, is answered in both worlds
    alike, and they stay alike.  (docs/decisions/0017, part 2.) *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Cpu_Facts Interleave Alike.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Traps.
  Variable B : board.
  Variable Q : Z -> bool.
  Variable V : Z -> option (Z * Z).

  (** The registers of a CPU that serves a VM outside [Q], and what goes with its vCPU. *)
  Inductive veiled : loc -> Prop :=
  | veil_reg c h i r ix : V c = Some (h, i) -> veiled (reg c r ix)
  | veil_vcpu c h i d : V c = Some (h, i) -> class_of d = Loader -> veiled (d, [h; i]).

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
  Lemma veiled_class l : veiled l -> class_of (fst l) = Percpu \/ class_of (fst l) = Loader.
  Proof. intros [c h i r ix _|c h i d _ L]; [left; apply reg_class|right; exact L]. Qed.
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

  Lemma hidden_regs c h i x w : V c = Some (h, i) -> alike_but (set_regs c x w) w.
  Proof.
    intros Vc. revert w. induction x as [|[[r ix] v] x IH]; intros w; [apply but_refl|].
    apply (but_trans _ (set_reg c (r, ix, v) w)); [apply IH|].
    change (set_reg c (r, ix, v) w) with (set_mem (upd (w_mem w) (reg c r ix) v) w).
    apply hidden_write. exact (veil_reg c h i r ix Vc).
  Qed.

  (** A page that nobody else can see gets other words. *)
  Lemma hidden_ram w r p : settled B w -> secure B w -> (~ secret w p -> False) ->
    (forall q j, q <> p -> r q j = w_ram w q j) -> alike_but (settle B (set_ram r w)) w.
  Proof.
    intros St S N E. destruct (ram_walks B w r St) as [A T].
    { intros t j U. apply E. intros ->. apply N. intros X. exact (secret_unused B Q w p S X U). }
    constructor; try reflexivity; [|exact A|exact T].
    intros q j Nq _. unfold word; cbn. rewrite E; [reflexivity|]. intros ->. exact (N Nq).
  Qed.

  (** ** What is given away *)
  (** By CPU [c], in [w].  (Which words these may be, if the page is the run page of a protected VM: Exposed.v.) *)
  Inductive given (w : world) : event -> Prop :=
  | give_lock x : given w (ECall "spin_lock" [x])                  (* who has LOCK_MEM, and when *)
  | give_unlock x : given w (ECall "spin_unlock" [x])
  | give_cell l x : ~ veiled l -> given w (EWrite l x)             (* an object of others: KServ is taken to know it *)
  | give_state p s : given w (ECall "meta_set" [p; s])             (* a page's state *)
  | give_word p i x : ~ secret w p -> given w (ECall "pg_set" [p; i; x])      (* run page, lent page, pool *)
  | give_entry p i x : ~ secret w p -> given w (ECall "pte_set" [p; i; x])    (* a translation *)
  | give_zero p : ~ secret w p -> given w (ECall "page_zero" [p])
  | give_copy p q : ~ secret w p -> given w (ECall "page_copy" [p; q])        (* its content: MEM_SHARE *)
  | give_tlb h root : given w (ECall "tlb_inval_vm" [h; root])
  | give_fp p : ~ secret w p -> given w (ECall "fp_save" [p])      (* a normal VM's context, KServ's own *)
  | give_switch p to vt hcr mdcr : ~ secret w p -> given w (ECall "ctx_switch" [p; to; vt; hcr; mdcr]).

  Theorem silent_event c h i e w v w' : V c = Some (h, i) -> settled B w -> secure B w -> ~ given w e ->
    snd (effect B c (fun _ => True) e w) v w' -> alike_but w' w.
  Proof.
    intros Vc St S G E. destruct e as [l|l x|f args].
    - cbn in E. destruct E as [_ ->]. apply but_refl.
    - cbn in E. subst w'. constructor.
      1: { intros l' N. unfold write_cell. destruct (steers_walks (fst l)); cbn; apply upd_other; intros Eq; subst l';
             exact (G (give_cell w l x N)). }
      all: destruct (steers_walks (fst l)) eqn:Sw; unfold write_cell; rewrite Sw; try reflexivity.
      all: exfalso; apply G, give_cell; intros X; apply veiled_class in X; apply steers_locked in Sw; destruct X; congruence.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & _ & _ & ->).
        exact (hidden_regs c h i _ w Vc). }
      cbn [effect] in E. rewrite Cp in E.
      destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; try (cbn in E; contradiction); cbn in E.
      + destruct (String.eqb_spec f "spin_lock") as [->|]; [destruct (G (give_lock w x))|].
        destruct (String.eqb_spec f "spin_unlock") as [->|]; [destruct (G (give_unlock w x))|].
        destruct (String.eqb_spec f "meta_get") as [->|]; [cbn in E; destruct E as [_ ->]; apply but_refl|].
        destruct (String.eqb_spec f "page_zero") as [->|].
        { cbn in E. subst w'. apply (hidden_ram w _ x St S); [intros N; exact (G (give_zero w x N))|].
          intros q j D. unfold store_page. rewrite (proj2 (Z.eqb_neq q x) D). reflexivity. }
        destruct (String.eqb_spec f "page_sync") as [->|]; [cbn in E; subst w'; apply but_refl|].
        destruct (String.eqb_spec f "fp_load") as [->|]; [cbn in E; subst w'; apply but_refl|].
        destruct (String.eqb_spec f "fp_save") as [->|]; [|cbn in E; contradiction].
        cbn in E. destruct E as (r & Sv & ->). apply (hidden_ram w r x St S); [intros N; exact (G (give_fp w x N))|].
        intros q j D. apply Sv. left. exact D.
      + destruct (String.eqb_spec f "meta_set") as [->|]; [destruct (G (give_state w x y))|].
        destruct (String.eqb_spec f "pg_get") as [->|]; [cbn in E; destruct E as [_ ->]; apply but_refl|].
        destruct (String.eqb_spec f "pte_get") as [->|]; [cbn in E; destruct E as [_ ->]; apply but_refl|].
        destruct (String.eqb_spec f "page_copy") as [->|].
        { cbn in E. subst w'. apply (hidden_ram w _ x St S); [intros N; exact (G (give_copy w x y N))|].
          intros q j D. unfold store_page. rewrite (proj2 (Z.eqb_neq q x) D). reflexivity. }
        destruct (String.eqb_spec f "tlb_inval_vm") as [->|]; [destruct (G (give_tlb w x y))|]. cbn in E; contradiction.
      + destruct (String.eqb_spec f "pg_set") as [->|].
        { cbn in E. subst w'. apply (hidden_ram w _ x St S); [intros N; exact (G (give_word w x y z N))|].
          intros q j D. unfold store_word. rewrite (proj2 (Z.eqb_neq q x) D). reflexivity. }
        destruct (String.eqb_spec f "pte_set") as [->|]; [|cbn in E; contradiction].
        cbn in E. subst w'. apply (hidden_ram w _ x St S); [intros N; exact (G (give_entry w x y z N))|].
        intros q j D. unfold store_word. rewrite (proj2 (Z.eqb_neq q x) D). reflexivity.
      + destruct (String.eqb_spec f "ctx_start") as [->|]; [|cbn in E; contradiction].
        cbn in E. subst w'. exact (hidden_regs c h i (context_regs (word w x 48) (word w x 37) x y z x4) w Vc).
      + destruct (String.eqb_spec f "ctx_switch") as [->|]; [|cbn in E; contradiction].
        cbn in E. destruct E as (r & Sv & ->). eapply but_trans; 
        [exact (hidden_regs c h i (context_regs (word w y 48) (word w y 37) y z x4 x5) _ Vc)|].
        apply (hidden_ram w r x St S); [intros N; exact (G (give_switch w x y z x4 x5 N))|].
        intros q j D. apply (proj2 (proj2 Sv)). left. exact D.
  Qed.
End Traps.
