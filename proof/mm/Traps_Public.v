(** * While a CPU serves a VM, the others go on alike

    [public_event]: an event of a CPU that serves KServ or a VM of [Q], in two worlds that differ in the secrets of VMs
    outside [Q] and in what the CPUs that serve those VMs have for them: it can do the same in both, with the same
    answer, and they stay alike.  Unlike [Alike.alike_event] it has the events of a trap: own pages, the world switch.
    [local_public]: what the contract allows such a CPU to do with pages without the lock is of this kind. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Cpu_Facts Interleave Interleave_Events Alike Traps_Alike.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Public.
  Variable B : board.
  Variable Q : Z -> bool.
  Variable V : Z -> option (Z * Z).

  Notation secret := (secret B Q).
  Notation alike_but := (alike_but B Q V).

  (** It reads nothing that is left out, and no secret gets out with its page. *)
  Definition public (e : event) (w : world) : Prop :=
    match e with
    | ERead l => ~ veiled V l
    | ECall f [a] => f <> "spin_lock"
    | ECall f [a; b] =>
        (f = "pg_get" \/ f = "pte_get" -> ~ secret w a /\ 0 <= b < 512) /\
        (f = "page_copy" -> ~ secret w b) /\
        (f = "meta_set" -> is_ram B a /\ may_change w a b)
    | ECall f [to; _; _; _] => f = "ctx_start" -> ~ secret w to
    | ECall f [_; to; _; _; _] => f = "ctx_switch" -> ~ secret w to
    | _ => True
    end.

  Lemma unveiled_reg c r ix : V c = None -> ~ veiled V (reg c r ix).
  Proof.
    intros N X. remember (reg c r ix) as l eqn:E. destruct X as [d h i r' ix' S|d h i x S L].
    - unfold reg in E. injection E as _ Ed _. congruence.
    - pose proof (reg_class c r ix) as P. rewrite <- E in P. cbn in P. congruence.
  Qed.
  Lemma but_reg c r ix a b : V c = None -> alike_but a b -> w_mem a (reg c r ix) = w_mem b (reg c r ix).
  Proof. intros N A. apply (ab_mem B Q V a b A), unveiled_reg, N. Qed.

  Lemma but_meta a b p s : alike_but a b -> is_ram B p -> may_change a p s -> may_change b p s ->
    alike_but (set_meta p s a) (set_meta p s b).
  Proof.
    intros A Rp Ca Cb.
    assert (A0 : alike B Q (set_mem (w_mem b) a) b) by (constructor; try apply A; reflexivity).
    assert (C0 : may_change (set_mem (w_mem b) a) p s).
    { unfold may_change in *. rewrite (but_vm_state B Q V a b _ A) in Ca. exact Ca. }
    pose proof (alike_meta B Q _ _ p s A0 Rp C0 Cb) as A1. constructor; try apply A1. exact (ab_mem B Q V a b A).
  Qed.

  (** The switch and [fp_save] put any words into a page: the same ones in both worlds. *)
  Lemma but_patch a b x lo hi r : alike_but a b -> (forall p i, p <> x \/ ~ lo <= i < hi -> r p i = w_ram a p i) ->
    alike_but (set_ram r a) (set_ram (patch x lo hi r (w_ram b)) b).
  Proof.
    intros A E. apply but_ram; [exact A|]. intros p i N I.
    destruct (Z.eq_dec p x) as [->|D]; [destruct (Z_le_dec lo i), (Z_lt_dec i hi)|].
    1: rewrite patch_in by lia; reflexivity.
    all: rewrite patch_out, E by (first [left; assumption|right; lia]); apply (ab_word B Q V a b A); assumption.
  Qed.

  Theorem public_event c e a b v a' : V c = None -> alike_but a b -> public e a -> public e b -> secure B a' ->
    snd (effect B c (fun _ => True) e a) v a' -> exists b', snd (effect B c (fun _ => True) e b) v b' /\ alike_but a' b'.
  Proof.
    intros Vc A Ka Kb S E. destruct e as [l|l x|f args].
    - cbn in E. destruct E as [-> ->]. exists b. cbn. rewrite (ab_mem B Q V a b A) by exact Ka. auto.
    - cbn in E. subst a'. exists (write_cell B l x b). split; [reflexivity|]. unfold write_cell in *.
      pose proof (but_write B Q V a b l x A) as Am.
      destruct (steers_walks (fst l)); [apply but_settle; assumption|exact Am].
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & R & ->).
        exists (set_regs c (writes d) b). split; [|apply but_regs, A]. rewrite cpu_effect_call by exact Cp.
        unfold cpu_effect. rewrite D. split; [|reflexivity]. destruct (answer d); [exact I| |exact R].
        cbn in *. rewrite <- (but_reg c r ix a b Vc A). exact R. }
      cbn [effect] in E |- *. rewrite Cp in E |- *.
      destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; try (cbn in E; contradiction); cbn [public] in Ka, Kb.
      + destruct (String.eqb_spec f "spin_lock") as [->|]; [congruence|].
        destruct (String.eqb_spec f "spin_unlock") as [->|].
        { cbn in E. subst a'. exists (set_held false b). split; [reflexivity|]. constructor; try apply A. reflexivity. }
        destruct (String.eqb_spec f "meta_get") as [->|].
        { cbn in E. destruct E as [-> ->]. exists b. cbn. rewrite (ab_meta B Q V a b A). auto. }
        destruct (String.eqb_spec f "page_zero") as [->|].
        { cbn in E. subst a'. exists (zero_page B x b). split; [reflexivity|]. unfold zero_page in *.
          apply but_settle; [|exact S]. apply but_ram; [exact A|]. intros q j N J. unfold store_page.
          destruct (q =? x); [reflexivity|apply (ab_word B Q V a b A); assumption]. }
        destruct (String.eqb_spec f "page_sync") as [->|].
        { cbn in E. subst a'. exists b. split; [reflexivity|exact A]. }
        destruct (String.eqb_spec f "fp_load") as [->|].
        { cbn in E. subst a'. exists b. split; [reflexivity|exact A]. }
        destruct (String.eqb_spec f "fp_save") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E |- *. destruct E as (r & Sv & ->). pose proof (but_patch a b x 60 128 r A Sv) as P.
        eexists. split; [|exact (but_settle B Q V _ _ P S)]. eexists. split; [|reflexivity].
        intros p i N. apply patch_out, N.
      + destruct Ka as (Ga & Pa & Ma), Kb as (Gb & Pb & Mb).
        destruct (String.eqb_spec f "meta_set") as [->|].
        { cbn in E. subst a'. exists (set_meta x y b). split; [reflexivity|].
          apply but_meta; [exact A|apply Ma|apply Ma|apply Mb]; reflexivity. }
        destruct (String.eqb_spec f "pg_get") as [->|].
        { cbn [snd] in E. destruct E as [-> ->]. exists b. destruct Ga as [N I]; [auto|]. cbn.
          rewrite (ab_word B Q V a b A) by assumption. auto. }
        destruct (String.eqb_spec f "pte_get") as [->|].
        { cbn [snd] in E. destruct E as [-> ->]. exists b. destruct Ga as [N I]; [auto|]. cbn.
          rewrite (ab_word B Q V a b A) by assumption. auto. }
        destruct (String.eqb_spec f "page_copy") as [->|].
        { cbn [snd] in E. subst a'. exists (copy_page B x y b). split; [reflexivity|]. unfold copy_page in *.
          apply but_settle; [|exact S]. apply but_ram; [exact A|]. intros q j N J. unfold store_page.
          destruct (q =? x); apply (ab_word B Q V a b A); auto. }
        destruct (String.eqb_spec f "tlb_inval_vm") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E. subst a'. exists (invalidate B x b). split; [reflexivity|].
        apply but_settle; [|exact S].
        constructor; try apply A; intros; cbn; [rewrite (ab_walk B Q V a b A)|rewrite (ab_tlb B Q V a b A)]; reflexivity.
      + assert (St : alike_but (set_ram (store_word x y z (w_ram a)) a) (set_ram (store_word x y z (w_ram b)) b)).
        { apply but_ram; [exact A|]. intros q j N J. unfold store_word.
          destruct (_ && _); [reflexivity|]. apply (ab_word B Q V a b A); assumption. }
        destruct (String.eqb_spec f "pg_set") as [->|].
        { cbn [snd] in E. subst a'. exists (write_word B x y z b). split; [reflexivity|]. apply but_settle; [exact St|exact S]. }
        destruct (String.eqb_spec f "pte_set") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E. subst a'. exists (write_word B x y z b). split; [reflexivity|]. apply but_settle; [exact St|exact S].
      + destruct (String.eqb_spec f "ctx_start") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E |- *. subst a'. eexists. split; [reflexivity|].
        rewrite <- !(ab_word B Q V a b A) by (first [exact (Ka eq_refl)|lia]). apply but_regs, A.
      + destruct (String.eqb_spec f "ctx_switch") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E |- *. destruct E as (r & (S1 & S2 & S3) & ->).
        pose proof (but_patch a b x 33 60 r A S3) as P.
        eexists. split.
        * exists (patch x 33 60 r (w_ram b)). split; [|reflexivity]. split; [|split].
          -- rewrite patch_in by lia. rewrite S1. unfold reg_of. rewrite (but_reg c _ _ a b Vc A). reflexivity.
          -- rewrite patch_in by lia. rewrite S2. unfold reg_of. rewrite (but_reg c _ _ a b Vc A). reflexivity.
          -- intros p i N. apply patch_out, N.
        * rewrite <- !(ab_word B Q V a b A) by (first [exact (Ka eq_refl)|lia]). apply but_regs, but_settle_walks; [exact P|].
          exact (s_walk B _ S).
  Qed.

  (** ** What the contract allows without the lock is public, for a CPU that serves KServ or a VM of [Q] *)
  Definition serves_friends (c : Z) (w : world) : Prop := forall h i, token w h i = c + 1 -> Q h = true.

  Lemma mine_public c w p : secure B w -> 0 <= c -> serves_friends c w -> mine c w p -> ~ secret w p.
  Proof.
    intros S Hc F M (_ & K & N). destruct (mine_split B c w p S Hc M) as [[[R ->]|(h & i & T & P & _ & ->)]|(h & i & T & ->)].
    - destruct (st_host B w (s_seats B w S) c R) as [_ K0]. unfold secret_state in K. pg; lia.
    - destruct (st_ctx B w (s_seats B w S) h i) as (_ & _ & H0); [lia|exact P|]. rewrite H0, (F h i T) in N. discriminate N.
    - destruct (st_run B w (s_seats B w S) h i) as (_ & K0 & _); [lia|]. unfold secret_state in K. pg; lia.
  Qed.

  Lemma enters_mine c w to vt hcr mdcr : enters B c w to vt hcr mdcr -> mine c w to.
  Proof. intros [(E & R & _)|(h & i & T & O & E & _)]; left; [left|right; exists h, i]; auto. Qed.

  (** [a] is the world as the proof of CPU [c] knows it, [w] the real one. *)
  Theorem local_public c e a w : away c a w -> secure B w -> 0 <= c -> serves_friends c w -> local e a = true ->
    fst (local_effect B c e a) -> public e w.
  Proof.
    intros Aw S Hc F L E. assert (M : forall p, mine c a p -> ~ secret w p).
    { intros p M. apply (mine_public c); auto. exact (agree_mine c a w (aw_mem c a w Aw) p M). }
    destruct e as [l|l x|f args]; try discriminate L.
    destruct args as [|x [|y [|z [|x4 [|x5 [|]]]]]]; try exact I; cbn [public]; cbn [local_effect] in E.
    - intros ->. exact E.
    - destruct (String.eqb_spec f "pg_get") as [->|]; [|destruct E]. destruct E as [E I].
      split; [auto|]. split; discriminate.
    - intros ->. apply M. exact (enters_mine c a _ _ _ _ E).
    - intros ->. apply M. exact (enters_mine c a _ _ _ _ (proj2 E)).
  Qed.
End Public.
