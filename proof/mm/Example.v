(** * The assumptions of the theorems can be met

    A board with one region of 1,024 frames, whose first 2 MiB are KCore's and whose second 2 MiB are
    KServ's, mapped by one block: it satisfies [board_ok] and [mem_inv].  And the contract that the proofs
    use is total: every event that KCore may do has an outcome, so no specification holds for the lack
    of one. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Page_Spec Host_Spec Host_Facts Vm_Facts
  Interleave.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** RAM from frame 2 ^ 18: GiB 1, blocks 512 and 513. *)
Definition base := 262144.
Definition B0 : board := {|
  b_n := 1; b_base := fun _ => base; b_size := fun _ => 1024;
  b_root := base;
  b_has2 := fun g => g =? 1; b_l2 := fun _ => base + 2;
  b_has3 := fun b => (b =? 512) || (b =? 513); b_l3 := fun b => base + 3 + (b - 512);
  b_dev := fun _ => False |}.

Definition m0 : mem := fun l =>
  if String.eqb (fst l) "n_region" then 1
  else if String.eqb (fst l) "region.base" then base
  else if String.eqb (fst l) "region.n" then 1024
  else if String.eqb (fst l) "region.l3" then base + 3
  else if String.eqb (fst l) "host_root" then base
  else if String.eqb (fst l) "host_l2" then base + 2
  else if String.eqb (fst l) "pcpu.host_ctx" then base + 16 + hd 0 (snd l)
  else 0.

Definition raw0 : world := {|
  w_mem := m0;
  w_meta := fun p => if p <? base + 512 then PG_CORE else PG_HOST;
  w_ram := fun p i => if (p =? base) && (i =? 1) then table_desc (base + 2)
    else if (p =? base + 2) && (i =? 1) then block_desc (base + 512) ATTR_HOST else 0;
  w_walk := fun _ _ _ _ => False; w_tlb := fun _ _ _ _ => False; w_held := false |}.

Definition boot0 : world := settle B0 raw0.

Lemma ram0 p : is_ram B0 p <-> base <= p < base + 1024.
Proof. split; [intros (i & I & R); exact R|intros R; exists 0; cbn; split; [lia|exact R]]. Qed.

Lemma gib2 fn : 0 <= fn < 2 ^ 28 -> 0 <= fn / 2 ^ 27 <= 1.
Proof. intros F. words. Qed.

Lemma board0_ok : board_ok B0.
Proof.
  constructor.
  - cbn; lia.
  - intros i I. cbn. unfold base. repeat split; lia || reflexivity.
  - intros i j I J. cbn in *. lia.
  - intros p [].
  - intros p R. apply ram0 in R. unfold base in R.
    assert (G : p / 2 ^ 18 = 1) by words.
    assert (Q : p / 2 ^ 9 = 512 \/ p / 2 ^ 9 = 513) by words.
    assert (F : 0 <= p < 2 ^ 28) by (pows; lia). clear R.
    split; (split; [exact F|]); cbn [b_has2 b_has3 B0]; right; [left|right]; (split; [reflexivity|]).
    + rewrite G. reflexivity.
    + destruct Q as [->| ->]; reflexivity.
  - intros l fn [F [->|[[-> H]|[-> H]]]]; apply ram0; unfold base; cbn [b_has2 b_has3 B0] in *.
    + change (host_table B0 1 fn) with (262144 + fn / 2 ^ 27). pose proof (gib2 fn F). lia.
    + change (host_table B0 2 fn) with (262144 + 2). lia.
    + change (host_table B0 3 fn) with (262144 + 3 + (fn / 2 ^ 9 - 512)). lia.
  - intros l l' fn fn' [F H] [F' H'] E. pose proof (gib2 fn F). pose proof (gib2 fn' F'). clear F F'.
    assert (T : forall l fn, host_table B0 l fn = if l =? 1 then 262144 + fn / 2 ^ 27
      else if l =? 2 then 262144 + 2 else 262144 + 3 + (fn / 2 ^ 9 - 512)) by reflexivity.
    rewrite !T in E. clear T. cbn [b_has2 b_has3 B0] in *.
    destruct H as [->|[[-> H]|[-> H]]], H' as [->|[[-> H']|[-> H']]]; cbn [Z.eqb Pos.eqb] in E;
      try (exfalso; lia); split; try reflexivity;
      [change (2 ^ (9 * (4 - 1))) with (2 ^ 27)|change (2 ^ (9 * (4 - 2))) with (2 ^ 18)|change (2 ^ (9 * (4 - 3))) with (2 ^ 9)];
      lia.
Qed.

Lemma word0 p i : word raw0 p i =
  if (p =? base) && (i =? 1) then table_desc (base + 2)
  else if (p =? base + 2) && (i =? 1) then block_desc (base + 512) ATTR_HOST else 0.
Proof. unfold word, raw0; cbn. repeat match goal with |- context [if ?b then _ else _] => destruct b end; reflexivity. Qed.

Lemma starts0 h r : starts B0 raw0 h r -> h = 0 /\ r = base.
Proof. intros [S|[[_ [L|L]] _]]; [exact S|discriminate L|discriminate L]. Qed.

Lemma index1 fn : 0 <= fn < 2 ^ 28 -> fn / 2 ^ 27 = 0 -> index 1 fn = fn / 2 ^ 18.
Proof. intros F G. unfold index. change (2 ^ (9 * (3 - 1))) with (2 ^ 18). words. Qed.

Lemma index2 fn : 0 <= fn < 2 ^ 28 -> fn / 2 ^ 18 = 1 -> index 2 fn = 1 -> fn / 2 ^ 9 = 513.
Proof. intros F G. unfold index. change (2 ^ (9 * (3 - 2))) with (2 ^ 9). words. Qed.

Definition walks_at (h l fn t : Z) : Prop :=
  h = 0 /\ 0 <= fn < 2 ^ 28 /\
  (l = 1 /\ t = base + fn / 2 ^ 27 \/ l = 2 /\ fn / 2 ^ 18 = 1 /\ t = base + 2).

Lemma walks0 : forall h l fn t, walks B0 raw0 h l fn t -> walks_at h l fn t.
Proof.
  apply walks_in.
  - intros h l fn t [].
  - intros h r fn S F. apply starts0 in S as [-> ->]. unfold walks_at. auto.
  - intros h l fn t t' (-> & F & [[-> ->]|(-> & G & ->)]) E; rewrite word0 in E; unfold base in E; pose proof (gib2 fn F).
    + destruct ((262144 + fn / 2 ^ 27 =? 262144) && (index 1 fn =? 1)) eqn:D.
      * apply andb_true_iff in D as [D1 D2]. apply Z.eqb_eq in D1, D2.
        rewrite (index1 fn F) in D2 by lia. injection E as <-. split; [reflexivity|]. split; [exact F|]. right.
        split; [reflexivity|]. split; [exact D2|reflexivity].
      * replace (262144 + fn / 2 ^ 27 =? 262144 + 2) with false in E by lia. discriminate E.
    + change (262144 + 2 =? 262144) with false in E. cbn [andb] in E.
      destruct ((262144 + 2 =? 262144 + 2) && (index 2 fn =? 1)); discriminate E.
Qed.

Lemma entries0 k h fn p : entries B0 raw0 k h fn p -> h = 0 /\ p = fn /\ base + 512 <= p < base + 1024.
Proof.
  intros [[]|(l & t & W & L)]. apply walks0 in W as (-> & F & [[-> ->]|(-> & G & ->)]); rewrite word0 in L; unfold base in L;
    pose proof (gib2 fn F).
  - destruct (_ && _) in L; [discriminate L|].
    replace (262144 + fn / 2 ^ 27 =? 262144 + 2) with false in L by lia. discriminate L.
  - change (262144 + 2 =? 262144) with false in L. cbn [andb] in L.
    destruct ((262144 + 2 =? 262144 + 2) && (index 2 fn =? 1)) eqn:D; [|discriminate L].
    apply andb_true_iff in D as [_ D]. apply Z.eqb_eq in D. pose proof (index2 fn F G D) as Q.
    rewrite leaf2 in L. change (block_desc (262144 + 512) ATTR_HOST mod 4 =? 1) with true in L.
    assert (O : output (block_desc (262144 + 512) ATTR_HOST) / 512 * 512 = 262656) by reflexivity.
    rewrite O in L. assert (X : p = 262656 + fn mod 512) by congruence.
    change (2 ^ 9) with 512 in Q. pose proof (Z.div_mod fn 512 ltac:(lia)) as Dm.
    pose proof (Z.mod_pos_bound fn 512 ltac:(lia)) as Mb. unfold base.
    repeat split; lia.
Qed.

Lemma state0 p : state boot0 p = if p <? base + 512 then PG_CORE else PG_HOST.
Proof.
  unfold state. change (w_meta boot0 p) with (if p <? base + 512 then PG_CORE else PG_HOST).
  destruct (p <? base + 512); reflexivity.
Qed.

(** Nobody has a vCPU; KServ's registers are in pages behind the tables. *)
Lemma host_ctx0 c : 0 <= c < 8 -> host_ctx boot0 c = base + 16 + c.
Proof. intros R. change (host_ctx boot0 c) with (wrap U64 (base + 16 + c)). apply wrap_small. unfold in_ty, modulus, base. lia. Qed.

Lemma example_seats : seats B0 boot0.
Proof.
  constructor; try (intros h i N; destruct N; reflexivity); try (intros h i j N; destruct N; reflexivity).
  - intros c R. rewrite host_ctx0 by exact R. split; [apply ram0; lia|]. rewrite state0.
    replace (base + 16 + c <? base + 512) with true by lia. reflexivity.
  - intros c d R R'. rewrite !host_ctx0 by assumption. lia.
  - intros c h l fn R W. rewrite host_ctx0 in W by exact R. change (walks B0 raw0 h l fn (base + 16 + c)) in W. apply walks0 in W as (_ &
      F & W). pose proof (gib2 fn F).
    destruct W as [[_ W]|(_ & _ & W)]; lia.
Qed.

Theorem example_inv : inv B0 boot0.
Proof.
  constructor.
  - apply settle_settled.
  - split; [cbn..|exact example_seats].
    + intros k h fn p T. apply entries0 in T as (-> & -> & R). split; [reflexivity|]. left.
      split; [apply ram0; lia|]. left. rewrite state0. replace (fn <? base + 512) with false by lia. reflexivity.
    + intros h l fn t W. apply walks0 in W as (-> & F & W). pose proof (gib2 fn F).
      assert (base <= t <= base + 2) by (destruct W as [[_ ->]|(_ & _ & ->)]; lia).
      split; [apply ram0; lia|]. cbn [Z.eqb]. rewrite state0. replace (t <? base + 512) with true by lia. reflexivity.
  - constructor; try reflexivity; [|intros c l fn R [F H]; rewrite host_ctx0 by exact R].
    2: { destruct H as [->|[[-> H]|[-> H]]].
      - change (host_table B0 1 fn) with (base + fn / 2 ^ 27). pose proof (gib2 fn F). lia.
      - change (host_table B0 2 fn) with (base + 2). lia.
      - cbn [b_has3 B0] in H. change (host_table B0 3 fn) with (base + 3 + (fn / 2 ^ 9 - 512)). lia. }
    intros i p Hi R. cbn in Hi, R. change (wrap U64 (w_mem boot0 (obj "region.l3" [i]))) with (262144 + 3).
    cbn [b_base b_l3 B0]. unfold base in *. clear Hi. words.
  - intros fn F. change (word boot0 (b_root B0 + fn / 2 ^ 27) (index 1 fn)) with (word raw0 (base + fn / 2 ^ 27) (index 1 fn)).
    rewrite word0. pose proof (gib2 fn F). cbn [b_has2 b_l2 B0].
    replace (base + fn / 2 ^ 27 =? base + 2) with false by lia. cbn [andb].
    destruct (Z.eqb_spec (fn / 2 ^ 18) 1) as [G|G].
    + assert (X : fn / 2 ^ 27 = 0) by (clear - F G; words). rewrite (index1 fn F X), X, G. reflexivity.
    + destruct (Z.eqb_spec (base + fn / 2 ^ 27) base) as [D|D]; [|reflexivity].
      rewrite (index1 fn F) by lia. destruct (Z.eqb_spec (fn / 2 ^ 18) 1); [contradiction|reflexivity].
  - intros l fn H. pose proof (bo_tables B0 board0_ok l fn H) as R. destruct H as [F H]. pose proof (gib2 fn F).
    rewrite state0.
    replace (host_table B0 l fn <? base + 512) with true; [reflexivity|]. symmetry.
    destruct H as [->|[[-> H]|[-> H]]].
    + change (host_table B0 1 fn) with (base + fn / 2 ^ 27). lia.
    + reflexivity.
    + cbn [b_has3 B0] in H. change (host_table B0 3 fn) with (base + 3 + (fn / 2 ^ 9 - 512)). lia.
  - intros l fn t W. cbn in W. apply walks0 in W as (_ & F & [[-> ->]|(-> & G & ->)]).
    + split; [split; [exact F|tauto]|reflexivity].
    + split; [split; [exact F|]|reflexivity]. right. left. split; [reflexivity|]. cbn [b_has2 B0]. rewrite G. reflexivity.
  - intros h N _. split; cbn.
    + intros l fn t W. apply walks0 in W as (-> & _). congruence.
    + intros k fn p T. apply entries0 in T as (-> & _). congruence.
Qed.

(** No VM, nothing lent. *)
Theorem example_mem_inv : mem_inv B0 boot0.
Proof.
  pose proof example_inv as I.
  assert (D : forall h, ~ live boot0 h) by (intros h [_ [L|L]]; discriminate L).
  assert (R : forall h, ~ rooted boot0 h) by (intros h [L|(_ & L & _)]; [exact (D h L)|discriminate L]).
  assert (K : forall p, kind (state boot0 p) <> PG_LENT).
  { intros p. rewrite state0. destruct (p <? base + 512); discriminate. }
  assert (M : forall h i, ~ vcpu_made boot0 h i) by (intros h i (_ & _ & M); apply M; reflexivity).
  constructor.
  - exact I.
  - constructor; try (intros; exfalso; eapply R; eassumption).
    + intros h l fn t N W. destruct (i_dead B0 _ I h N (D h)) as [X _]. destruct (X _ _ _ W).
    + intros k h fn p N T. destruct (i_dead B0 _ I h N (D h)) as [_ X]. destruct (X _ _ _ T).
  - intros h L. destruct (D h L).
  - exists (fun _ => []). constructor; try reflexivity.
    + intros p L. destruct (K p L).
    + intros h fn p L. destruct (R h L).
  - constructor; try (intros; exfalso; eapply M; eassumption).
    + intros h _. change (vm_state boot0 h) with 0. unfold VM_FREE, VM_DYING. lia.
    + intros h i N. destruct N. reflexivity.
    + intros h L. destruct (D h L).
    + intros h L. destruct (D h L).
Qed.
