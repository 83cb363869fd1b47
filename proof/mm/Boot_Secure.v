(** * From boot to the calls

    [secure_from_boot]: after a run of [mm_init] that has answered 0, whatever the calls of [kcore_secure] do, on
    any number of CPUs and interleaved in any way, the machine is secure at every step.  What was a hypothesis
    there, a board and a world that satisfy the invariant, is here what the code has made of the boot information.
    And such a run exists ([boot_possible]). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp Link Wf.
From Redoubt.machine Require Import State Events Machine Boot.
From Redoubt.mm Require Import Invariant Structure Init_Spec Secure Boot_Verified.
From Redoubt.gen Require Import Program.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition boot_run (fuel : nat) (w : world) (v : Z) (w' : world) : Prop :=
  Wp.runs booting (denote fuel prims program "mm_init" []) w (Ret (Some v)) w'.

(** What [mm_init] leaves when it has answered 0. *)
Theorem booted : forall fuel w w', 2 ^ 28 < Z.of_nat fuel -> boot_start w -> boot_run fuel w 0 w' ->
  describes (info_of w) (board_of w') /\ board_ok (board_of w') /\ mem_inv (board_of w') (settle (board_of w') w').
Proof.
  intros fuel w w' Hf Z R.
  pose proof (wp_sound booting _ _ _ (boot_establishes fuel w Hf Z) _ _ R) as (v & [= <-] & _ & _ & Y). exact (Y eq_refl).
Qed.

Theorem secure_from_boot : forall fuel w w' (T : nat -> list call) m,
  2 ^ 28 < Z.of_nat fuel -> boot_start w -> boot_run fuel w 0 w' ->
  (forall c, Forall arguments_ok (T c)) -> (forall c, (8 <= c)%nat -> T c = []) ->
  let B := board_of w' in
  describes (info_of w) B /\
  (steps B (start (settle B w') T) m -> secure B (m_world m) /\ forall c why, m_cpu m c <> Stuck why).
Proof.
  intros fuel w w' T m Hf Z R HT Hc B. destruct (booted fuel w w' Hf Z R) as (D & Ok & M). split; [exact D|]. intros S.
  exact (kcore_secure B (settle B w') T m Ok M HT Hc S).
Qed.

(** ** It happens *)
(** 4 MiB of RAM at 1 GiB; KCore has the first 2 MiB, with 64 pages of pool; a device of 16 pages at 128 MiB. *)
Definition example_cells : list (ident * Z) := [
  ("boot.n_region", 1); ("boot.region.base_pfn", 262144); ("boot.region.n_pfn", 1024);
  ("boot.n_device", 1); ("boot.device.base_pfn", 32768); ("boot.device.n_pfn", 16);
  ("boot.core_pfn", 262144); ("boot.core_n", 512); ("boot.pool_pfn", 262208); ("boot.pool_n", 64)].
Definition example_world : world := {|
  w_mem := fun l => match assoc (fst l) example_cells with Some v => v | None => 0 end;
  w_meta := fun _ => 0; w_ram := fun _ _ => 0; w_walk := fun _ _ _ _ => False; w_tlb := fun _ _ _ _ => False;
  w_held := false |}.

Lemma example_start : boot_start example_world.
Proof. constructor; reflexivity || (intros; intros []). Qed.

Lemma example_checked : checked (info_of example_world).
Proof.
  change (info_of example_world) with {| i_n := 1; i_base := fun _ => 262144; i_size := fun _ => 1024;
    i_nd := 1; i_dbase := fun _ => 32768; i_dsize := fun _ => 16; Boot.i_core := 262144; i_coren := 512;
    i_pool := 262208; i_pooln := 64 |}.
  unfold checked, ram_checked, devices_checked, core_checked, pool_checked, regions_ok, devices_ok, apart, range_ok, inside.
  cbn [i_n i_base i_size i_nd i_dbase i_dsize Boot.i_core i_coren i_pool i_pooln].
  change (2 ^ 28) with 268435456. repeat split; intros; try lia; try reflexivity.
  - exists 0. lia.
  - vm_compute. discriminate.
Qed.

Theorem boot_possible : forall fuel, 2 ^ 28 < Z.of_nat fuel ->
  exists w w', boot_start w /\ boot_run fuel w 0 w'.
Proof.
  intros fuel Hf. exists example_world.
  destruct (wp_reach booting _ _ _ booting_total (boot_establishes fuel _ Hf example_start)) as (a & w' & R & v & -> & C & _).
  exists w'. split; [exact example_start|]. rewrite (proj2 C example_checked) in R. exact R.
Qed.
