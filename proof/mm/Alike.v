(** * Worlds that are alike but for secrets

    KServ is taken to know all that KCore keeps: objects, page states, tables, translations.  Secret is only
    the content of a VM's private pages and of the pages with its registers.  [alike Q a b]: the worlds [a] and
    [b] differ in nothing but the secrets of VMs outside [Q], the set of VMs that have joined KServ.

    Here: one event that KCore may do, in both worlds, answers the same, and they are alike afterwards; and so
    do stores of KServ and of VMs. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Cpu_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Alike.
  Variable B : board.
  Variable Q : Z -> bool.

  (** The content of page [p] is a secret, of a VM outside [Q]. *)
  Definition secret (w : world) (p : Z) : Prop :=
    is_ram B p /\ secret_state (state w p) /\ Q (handle (state w p)) = false.

  Record alike (a b : world) : Prop := {
    al_mem : w_mem a = w_mem b;
    al_meta : w_meta a = w_meta b;
    al_held : w_held a = w_held b;
    al_word : forall p i, ~ secret a p -> 0 <= i < 512 -> word a p i = word b p i;
    al_walk : forall h l fn t, w_walk a h l fn t <-> w_walk b h l fn t;
    al_tlb : forall k h fn p, w_tlb a k h fn p <-> w_tlb b k h fn p }.

  Lemma alike_refl w : alike w w.
  Proof. constructor; reflexivity. Qed.

  Lemma secret_same a b p : w_meta a = w_meta b -> secret a p -> secret b p.
  Proof. unfold secret, state. intros ->. auto. Qed.

  Lemma alike_sym a b : alike a b -> alike b a.
  Proof.
    intros [M Me H R W T]. constructor; auto; try (intros; symmetry; auto).
    apply R; [|assumption]. intros X. apply (secret_same a b p) in X; auto.
  Qed.

  Lemma alike_trans a b c : alike a b -> alike b c -> alike a c.
  Proof.
    intros [M Me H R W T] [M' Me' H' R' W' T']. constructor; try congruence.
    - intros p i N I. rewrite R, R'; auto. intros X. apply N, (secret_same b a p); auto.
    - intros. rewrite W. apply W'.
    - intros. rewrite T. apply T'.
  Qed.

  Lemma alike_reach a b h p : alike a b -> reach a h p -> reach b h p.
  Proof. intros A (k & fn & T). exists k, fn. apply (al_tlb a b A), T. Qed.

  Lemma alike_starts a b h r : w_mem a = w_mem b -> starts B a h r -> starts B b h r.
  Proof. intros E. unfold starts, live, vm_state, vm_root. rewrite E. auto. Qed.

  (** ** Walkers: they read tables, and tables are public *)
  Lemma table_public w h t : table_page B w h t -> ~ secret w t.
  Proof.
    intros [_ K] (_ & S & _). unfold secret_state, PG_CORE, PG_VMCORE, PG_VM, PG_CTX in *. destruct (h =? 0); lia.
  Qed.

  Lemma alike_settle a b : alike a b -> secure B (settle B a) -> alike (settle B a) (settle B b).
  Proof.
    intros [M Me H R W T] S.
    assert (Same : forall h l fn t i, walks B a h l fn t -> 0 <= i < 512 -> word a t i = word b t i).
    { intros h l fn t i X I. apply R; [|exact I]. exact (table_public a h t (s_walk B _ S h l fn t X)). }
    assert (Ix : forall l fn, 0 <= index l fn < 512) by (intros; apply Z.mod_pos_bound; lia).
    assert (F : forall h l fn t, walks B a h l fn t -> walks B b h l fn t).
    { assert (X : forall h l fn t, walks B a h l fn t -> walks B a h l fn t /\ walks B b h l fn t);
        [|intros; apply X; assumption].
      apply walks_in.
      - intros h l fn t X. split; apply walk_old; [exact X|apply W, X].
      - intros h r fn St Fn. split; apply walk_start; auto. apply (alike_starts a b); auto.
      - intros h l fn t t' [X1 X2] E. split; [eapply walk_next; eassumption|].
        eapply walk_next; [exact X2|]. rewrite <- (Same _ _ _ _ _ X1) by apply Ix. exact E. }
    assert (G : forall h l fn t, walks B b h l fn t -> walks B a h l fn t).
    { apply walks_in.
      - intros h l fn t X. apply walk_old, W, X.
      - intros h r fn St Fn. apply walk_start; auto. apply (alike_starts b a); auto.
      - intros h l fn t t' X E. eapply walk_next; [exact X|]. rewrite (Same _ _ _ _ _ X) by apply Ix. exact E. }
    constructor; auto.
    - intros h l fn t. split; [apply F|apply G].
    - intros k h fn p. split; intros [X|(l & t & X & L)].
      + left. apply T, X.
      + right. exists l, t. split; [apply F, X|]. rewrite <- (Same _ _ _ _ _ X) by apply Ix. exact L.
      + left. apply T, X.
      + right. exists l, t. split; [apply G, X|]. rewrite (Same _ _ _ _ _ (G _ _ _ _ X)) by apply Ix. exact L.
  Qed.

  (** ** Updates that both worlds get *)
  Lemma alike_mem a b m : alike a b -> alike (set_mem m a) (set_mem m b).
  Proof. intros A. constructor; try apply A. reflexivity. Qed.

  Lemma alike_ram a b f g : alike a b ->
    (forall p i, ~ secret a p -> 0 <= i < 512 -> wrap U64 (f p i) = wrap U64 (g p i)) ->
    alike (set_ram f a) (set_ram g b).
  Proof. intros A E. constructor; try apply A. exact E. Qed.

  Lemma alike_drop a b h : alike a b -> alike (drop_vmid h a) (drop_vmid h b).
  Proof.
    intros A. constructor; try apply A; intros; cbn; [rewrite (al_walk a b A)|rewrite (al_tlb a b A)]; reflexivity.
  Qed.

  Lemma alike_set_held a b x : alike a b -> alike (set_held x a) (set_held x b).
  Proof. intros A. constructor; try apply A. reflexivity. Qed.

  Lemma stored p i x a b q j : alike a b -> ~ secret a q -> 0 <= j < 512 ->
    wrap U64 (store_word p i x (w_ram a) q j) = wrap U64 (store_word p i x (w_ram b) q j).
  Proof. intros A N J. unfold store_word. destruct (_ && _); [reflexivity|]. apply (al_word a b A); assumption. Qed.

  (** A page gets another state: what comes out of a secret is zero. *)
  Lemma alike_meta a b p s : alike a b -> is_ram B p -> may_change a p s -> may_change b p s ->
    alike (set_meta p s a) (set_meta p s b).
  Proof.
    intros A Rp Ca Cb. pose proof A as [M Me H R W T]. constructor; auto; cbn.
    - rewrite Me. reflexivity.
    - intros q i N I. change (word a q i = word b q i).
      destruct (Z.eq_dec q p) as [->|D].
      2: { apply R; [|exact I]. intros (X1 & X2 & X3). apply N. split; [exact X1|]. unfold state in *. cbn.
           destruct (Z.eqb_spec q p); [contradiction|]. auto. }
      assert (Es : state b p = state a p) by (unfold state; rewrite Me; reflexivity).
      assert (En : state (set_meta p s a) p = wrap U64 s) by (unfold state; cbn; rewrite Z.eqb_refl; reflexivity).
      assert (Same : owner_of (state a p) = owner_of (wrap U64 s) /\
          (secret_state (state a p) -> secret_state (wrap U64 s)) -> word a p i = word b p i).
      { intros [O St]. apply R; [|exact I]. intros (_ & X2 & X3). apply N. split; [exact Rp|]. rewrite En.
        split; [auto|]. replace (handle (wrap U64 s)) with (handle (state a p)); [exact X3|].
        assert (V : forall z, secret_state z -> owner_of z = Vm (handle z)).
        { intros z [X|X]; unfold owner_of; rewrite X; reflexivity. }
        rewrite (V _ X2), (V _ (St X2)) in O. congruence. }
      destruct Ca as [Ca|[_ [Za|(O & _)]]]; [exact (Same Ca)| |].
      + destruct Cb as [Cb|[_ [Zb|(O & _)]]]; [rewrite Es in Cb; exact (Same Cb)|rewrite Za, Zb by exact I; reflexivity|].
        rewrite Es in O. apply R; [|exact I]. intros (_ & [X|X] & _); unfold owner_of in O; rewrite X in O; discriminate O.
      + apply R; [|exact I]. intros (_ & [X|X] & _); unfold owner_of in O; rewrite X in O; discriminate O.
  Qed.

  (** ** One event of KCore *)
  (** What is needed of an event: it reads nothing secret, and no secret gets out with its page. *)
  Definition keeps_secrets (e : event) (w : world) : Prop :=
    match e with
    | ECall f [a] => f <> "spin_lock" /\ f <> "fp_save"
    | ECall f [a; b] =>
        (f = "pg_get" \/ f = "pte_get" -> ~ secret w a /\ 0 <= b < 512) /\
        (f = "page_copy" -> ~ secret w b) /\
        (f = "meta_set" -> is_ram B a /\ may_change w a b)
    | ECall f [_; _; _; _] => f <> "ctx_start"
    | ECall f [_; _; _; _; _] => f <> "ctx_switch"
    | _ => True
    end.

  Lemma keeps_cpu f args w : cpu_primitive f = true -> keeps_secrets (ECall f args) w.
  Proof.
    intros Cp. destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; try exact I; cbn [keeps_secrets].
    - split; intros ->; discriminate Cp.
    - split; [intros [-> | ->]|split; intros ->]; discriminate Cp.
    - intros ->. discriminate Cp.
    - intros ->. discriminate Cp.
  Qed.

  Lemma alike_set_regs c l a b : alike a b -> alike (set_regs c l a) (set_regs c l b).
  Proof.
    apply (set_regs_both B c alike). intros m x u v P _ A. rewrite !percpu_write by exact P.
    rewrite (al_mem u v A). apply alike_mem, A.
  Qed.

  Theorem alike_event c LI e a b v a' : alike a b -> keeps_secrets e a -> keeps_secrets e b -> secure B a' ->
    snd (effect B c LI e a) v a' -> exists b', snd (effect B c LI e b) v b' /\ alike a' b'.
  Proof.
    intros A Ka Kb S E. destruct e as [l|l x|f args].
    - cbn in E. destruct E as [-> ->]. exists b. cbn. rewrite (al_mem a b A). auto.
    - cbn in E. subst a'. exists (write_cell B l x b). split; [reflexivity|]. unfold write_cell in *.
      rewrite <- (al_mem a b A). pose proof (alike_mem a b (upd (w_mem a) l x) A) as Am.
      destruct (steers_walks (fst l)); [apply alike_settle; assumption|exact Am].
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & R & ->).
        exists (set_regs c (writes d) b). split; [|apply alike_set_regs, A]. rewrite cpu_effect_call by exact Cp.
        unfold cpu_effect. rewrite D. split; [|reflexivity]. destruct (answer d); [exact I| |exact R].
        cbn in *. rewrite <- (al_mem a b A). exact R. }
      cbn [effect] in E. rewrite Cp in E.
      destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; try (cbn in E; contradiction); cbn in E, Ka, Kb.
      + destruct Ka as [Ka Ka']. destruct (String.eqb_spec f "spin_lock") as [->|]; [congruence|].
        destruct (String.eqb_spec f "spin_unlock") as [->|].
        { cbn in E. subst a'. exists (set_held false b). split; [reflexivity|apply alike_set_held, A]. }
        destruct (String.eqb_spec f "meta_get") as [->|].
        { cbn in E. destruct E as [-> ->]. exists b. cbn. rewrite (al_meta a b A). auto. }
        destruct (String.eqb_spec f "page_zero") as [->|].
        { cbn in E. subst a'. exists (zero_page B x b). split; [reflexivity|]. unfold zero_page in *.
          apply alike_settle; [|exact S]. apply alike_ram; [exact A|]. intros q j N J. unfold store_page.
          destruct (q =? x); [reflexivity|apply (al_word a b A); assumption]. }
        destruct (String.eqb_spec f "page_sync") as [->|].
        { cbn in E. subst a'. exists b. split; [reflexivity|exact A]. }
        destruct (String.eqb_spec f "fp_load") as [->|].
        { cbn in E. subst a'. exists b. split; [reflexivity|exact A]. }
        destruct (String.eqb_spec f "fp_save") as [->|]; [congruence|]. cbn in E; contradiction.
      + destruct Ka as (Ga & Pa & Ma), Kb as (Gb & Pb & Mb).
        destruct (String.eqb_spec f "meta_set") as [->|].
        { cbn in E. subst a'. exists (set_meta x y b). split; [reflexivity|].
          apply alike_meta; [exact A|apply Ma|apply Ma|apply Mb]; reflexivity. }
        destruct (String.eqb_spec f "pg_get") as [->|].
        { cbn [snd] in E. destruct E as [-> ->]. exists b. destruct Ga as [N I]; [auto|]. cbn.
          rewrite (al_word a b A) by assumption. auto. }
        destruct (String.eqb_spec f "pte_get") as [->|].
        { cbn [snd] in E. destruct E as [-> ->]. exists b. destruct Ga as [N I]; [auto|]. cbn.
          rewrite (al_word a b A) by assumption. auto. }
        destruct (String.eqb_spec f "page_copy") as [->|].
        { cbn [snd] in E. subst a'. exists (copy_page B x y b). split; [reflexivity|]. unfold copy_page in *.
          apply alike_settle; [|exact S]. apply alike_ram; [exact A|]. intros q j N J. unfold store_page.
          destruct (q =? x); apply (al_word a b A); auto. }
        destruct (String.eqb_spec f "tlb_inval_vm") as [->|].
        { cbn [snd] in E. subst a'. exists (invalidate B x b). split; [reflexivity|].
          apply alike_settle; [apply alike_drop, A|exact S]. }
        cbn in E; contradiction.
      + assert (St : alike (set_ram (store_word x y z (w_ram a)) a) (set_ram (store_word x y z (w_ram b)) b)).
        { apply alike_ram; [exact A|]. intros. apply stored; assumption. }
        destruct (String.eqb_spec f "pg_set") as [->|].
        { cbn [snd] in E. subst a'. exists (write_word B x y z b). split; [reflexivity|].
          apply alike_settle; [exact St|exact S]. }
        destruct (String.eqb_spec f "pte_set") as [->|].
        { cbn [snd] in E. subst a'. exists (write_word B x y z b). split; [reflexivity|].
          apply alike_settle; [exact St|exact S]. }
        cbn in E; contradiction.
      + destruct (String.eqb_spec f "ctx_start") as [->|]; [congruence|]. cbn in E; contradiction.
      + destruct (String.eqb_spec f "ctx_switch") as [->|]; [congruence|]. cbn in E; contradiction.
  Qed.

  (** ** Stores of KServ and of VMs *)
  Lemma alike_store a b p i x : alike a b -> secure B (write_word B p i x a) ->
    alike (write_word B p i x a) (write_word B p i x b).
  Proof. intros A S. apply alike_settle; [|exact S]. apply alike_ram; [exact A|]. intros. apply stored; assumption. Qed.

  Lemma secret_unused w p : secure B w -> secret w p -> ~ used w p.
  Proof. intros S X (h & l & fn & W). exact (table_public w h p (s_walk B w S h l fn p W) X). Qed.

  (** A store into a secret page, in one of the worlds only. *)
  Lemma alike_hidden w p i x : settled B w -> secure B w -> secret w p -> alike (write_word B p i x w) w.
  Proof.
    intros St S X. destruct (ram_walks B w (store_word p i x (w_ram w)) St) as [A T].
    { intros t j U. unfold store_word. destruct (Z.eqb_spec t p) as [->|]; [|reflexivity].
      destruct (secret_unused w p S X U). }
    constructor; try reflexivity; [|exact A|exact T].
    intros q j N J. unfold word; cbn. unfold store_word. destruct (Z.eqb_spec q p) as [->|]; [contradiction|reflexivity].
  Qed.

  (** What KServ reaches, and a VM of [Q], is no secret. *)
  Lemma reached_public w h p : (forall q, b_dev B q -> ~ is_ram B q) -> secure B w -> reach w h p ->
    h = 0 \/ Q h = true -> ~ secret w p.
  Proof.
    intros D S (k & fn & T) Hq (R & K & N). pose proof (s_tlb B w S k h fn p T) as A. unfold allowed in A.
    unfold secret_state in K. destruct (Z.eqb_spec h 0) as [->|Z0].
    - destruct A as [_ [[_ A]|A]]; [pg; lia|exact (D _ A R)].
    - destruct A as [_ [A|(_ & Hh & _)]]; [pg; lia|]. rewrite Hh in N. destruct Hq; congruence.
  Qed.
End Alike.
