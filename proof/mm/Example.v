(** * The assumptions of the theorems can be met

    A board with one region of 1,024 frames, whose first 2 MiB are KCore's and whose second 2 MiB are
    KServ's, mapped by one block: it satisfies [board_ok] and [inv].  And the contract that the proofs
    use is total: every event that KCore may do has an outcome, so no specification holds for the lack
    of one. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Proof Invariant Steps Page_Spec Host_Spec Host_Facts Vm_Facts Interleave.
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
