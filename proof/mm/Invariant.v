(** * The invariant of KCore's memory part

    [inv] holds after every event, not only while the lock is free: the code changes states, tables and
    TLBs in an order that keeps it all the way.  It says: the machine is secure, KServ's tables are the
    fixed tree that boot has built, and nothing is left of a VM that is not alive. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** KServ's tree: the table at level [l] for frame [fn], and whether there is one. *)
Definition host_table (B : board) (l fn : Z) : Z :=
  if l =? 1 then b_root B + fn / 2 ^ 27
  else if l =? 2 then b_l2 B (fn / 2 ^ 18) else b_l3 B (fn / 2 ^ 9).
Definition host_has (B : board) (l fn : Z) : Prop :=
  0 <= fn < 2 ^ 28 /\
  (l = 1 \/ l = 2 /\ b_has2 B (fn / 2 ^ 18) = true \/ l = 3 /\ b_has3 B (fn / 2 ^ 9) = true).

(** What boot has to provide. *)
Record board_ok (B : board) : Prop := {
  bo_n : 0 <= b_n B <= 8;
  bo_region : forall i, 0 <= i < b_n B ->
    0 <= b_base B i /\ 0 < b_size B i /\ b_base B i + b_size B i <= 2 ^ 28 /\
    b_base B i mod 512 = 0 /\ b_size B i mod 512 = 0;
  bo_sorted : forall i j, 0 <= i < j -> j < b_n B -> b_base B i + b_size B i <= b_base B j;
  bo_dev : forall p, b_dev B p -> ~ is_ram B p;
  bo_has : forall p, is_ram B p -> host_has B 2 p /\ host_has B 3 p;
  bo_tables : forall l fn, host_has B l fn -> is_ram B (host_table B l fn);
  bo_single : forall l l' fn fn', host_has B l fn -> host_has B l' fn' ->
    host_table B l fn = host_table B l' fn' ->
    l = l' /\ fn / 2 ^ (9 * (4 - l)) = fn' / 2 ^ (9 * (4 - l)) }.

Section Invariant.
  Variable B : board.

  (** KCore's constants are the board's. *)
  Record constants (w : world) : Prop := {
    k_n : wrap U32 (w_mem w (obj "n_region" [])) = b_n B;
    k_base : forall i, 0 <= i < b_n B -> wrap U64 (w_mem w (obj "region.base" [i])) = b_base B i;
    k_size : forall i, 0 <= i < b_n B -> wrap U64 (w_mem w (obj "region.n" [i])) = b_size B i;
    k_l3 : forall i p, 0 <= i < b_n B -> b_base B i <= p < b_base B i + b_size B i ->
      wrap U64 (w_mem w (obj "region.l3" [i])) + (p - b_base B i) / 512 = b_l3 B (p / 512);
    k_root : wrap U64 (w_mem w (obj "host_root" [])) = b_root B;
    k_l2 : forall fn, host_has B 2 fn ->
      wrap U64 (w_mem w (obj "host_l2" [fn / 2 ^ 18])) = b_l2 B (fn / 2 ^ 18);
    (* no CPU's page of KServ's registers is one of its tables *)
    k_ctx : forall c l fn, 0 <= c < 8 -> host_has B l fn -> host_table B l fn <> host_ctx w c }.

  Record inv (w : world) : Prop := {
    i_settled : settled B w;
    i_secure : secure B w;
    i_constants : constants w;
    (* level 1 of KServ's tree never changes *)
    i_level1 : forall fn, 0 <= fn < 2 ^ 28 ->
      word w (b_root B + fn / 2 ^ 27) (index 1 fn) =
      if b_has2 B (fn / 2 ^ 18) then table_desc (b_l2 B (fn / 2 ^ 18)) else 0;
    (* all its tables, linked or not, are KCore's *)
    i_core : forall l fn, host_has B l fn -> kind (state w (host_table B l fn)) = PG_CORE;
    (* walkers of KServ are where the tree says *)
    i_place : forall l fn t, w_walk w 0 l fn t -> host_has B l fn /\ t = host_table B l fn;
    i_dead : forall h, h <> 0 -> ~ live w h ->
      (forall l fn t, ~ w_walk w h l fn t) /\ (forall k fn p, ~ w_tlb w k h fn p) }.

  (** Inside the critical section, between two events. *)
  Record cs (w : world) : Prop := { cs_inv : inv w; cs_held : w_held w = true }.

  (** Pages that no VM gets at, whatever KServ's map does. *)
  Lemma not_vms w h p : inv w -> h <> 0 -> reach w h p ->
    kind (state w p) = PG_LENT \/ kind (state w p) = PG_VM /\ handle (state w p) = h.
  Proof.
    intros I N (k & fn & T). pose proof (s_tlb B w (i_secure w I) _ _ _ _ T) as A.
    unfold allowed in A. destruct (Z.eqb_spec h 0); [contradiction|]. intuition.
  Qed.
End Invariant.

(** ** What functions leave alone
    [evolves B cells pages w w']: only these objects and the states of these pages have changed, tables and
    contexts of VMs have not (but for those pages), and the VMs' walks and TLB entries are the same. *)
Record evolves (B : board) (cells : list ident) (pages : Z -> Prop) (w w' : world) : Prop := {
  e_held : w_held w' = w_held w;
  e_mem : forall c ix, existsb (String.eqb c) cells = false -> w_mem w' (c, ix) = w_mem w (c, ix);
  e_meta : forall q, ~ pages q -> w_meta w' q = w_meta w q;
  e_ram : forall q i, ~ pages q -> is_ram B q -> kind (state w q) = PG_VMCORE -> w_ram w' q i = w_ram w q i;
  e_walk : forall h l fn t, h <> 0 -> w_walk w' h l fn t <-> w_walk w h l fn t;
  e_tlb : forall k h fn p, h <> 0 -> w_tlb w' k h fn p <-> w_tlb w k h fn p }.

Definition no_page (p : Z) : Prop := False.

Lemma evolves_refl B cells pages w : evolves B cells pages w w.
Proof. constructor; reflexivity. Qed.

Lemma evolves_trans B cells pages a b c :
  evolves B cells pages a b -> evolves B cells pages b c -> evolves B cells pages a c.
Proof.
  intros [] []. constructor; [congruence|..].
  - intros x ix N. rewrite e_mem1, e_mem0; auto.
  - intros q N. rewrite e_meta1, e_meta0; auto.
  - intros q i N R K. rewrite e_ram1, e_ram0; auto. unfold state. rewrite e_meta0; auto.
  - intros h l fn t N. rewrite e_walk1, e_walk0 by assumption. reflexivity.
  - intros k h fn p N. rewrite e_tlb1, e_tlb0 by assumption. reflexivity.
Qed.

Lemma evolves_weaken B cells cells' (pages pages' : Z -> Prop) a b :
  (forall c, existsb (String.eqb c) cells' = false -> existsb (String.eqb c) cells = false) ->
  (forall q, pages q -> pages' q) -> evolves B cells pages a b -> evolves B cells' pages' a b.
Proof. intros Hc Hp []. constructor; auto. Qed.
