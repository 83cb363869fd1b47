(** * Boot: what KCore's C may do before KServ runs

    [mm_init] runs on one CPU, before KServ and before any other CPU is in KCore; nobody holds or waits for
    a lock.  So it may write what is constant later, and its tables are not in use yet: the MMU of KServ's
    stage 2 is off, no walker starts and no TLB entry is made until it is done.  When KServ is started,
    walkers find what boot has built: the world that the other theorems start with is [settle] of the one
    that boot leaves.

    What the boot stage (kcore/boot, not proved) is trusted for:
    - [boot_start] below: objects that are not initialised are zero (.bss), no TLB has an entry of stage 2;
    - the frames of the pool hold nothing else: not the image, the stacks, the page state words, or EL2's
      own tables.  So a store into the pool changes no object and no page state;
    - there is a page state word for every frame of RAM;
    - the regions are RAM, and the devices are such that KServ may touch them.
    It is not trusted for anything that can be checked with the boot information alone: [mm_init] does, and
    answers an error code.  The content of RAM, of the pool, and of page states is arbitrary. *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** The boot information (kcore/include/kcore/boot_info.h) *)
Record info := {
  i_n : Z; i_base : Z -> Z; i_size : Z -> Z;       (* regions of RAM *)
  i_nd : Z; i_dbase : Z -> Z; i_dsize : Z -> Z;    (* windows of devices *)
  i_core : Z; i_coren : Z;                         (* KCore's own memory *)
  i_pool : Z; i_pooln : Z }.                       (* the pool, for KServ's tables *)

(** The value of an object. *)
Definition get (t : ity) (w : world) (c : ident) (ix : list Z) : Z := wrap t (w_mem w (c, ix)).

Definition info_of (w : world) : info := {|
  i_n := get U64 w "boot.n_region" [];
  i_base := fun i => get U64 w "boot.region.base_pfn" [i];
  i_size := fun i => get U64 w "boot.region.n_pfn" [i];
  i_nd := get U64 w "boot.n_device" [];
  i_dbase := fun i => get U64 w "boot.device.base_pfn" [i];
  i_dsize := fun i => get U64 w "boot.device.n_pfn" [i];
  i_core := get U64 w "boot.core_pfn" []; i_coren := get U64 w "boot.core_n" [];
  i_pool := get U64 w "boot.pool_pfn" []; i_pooln := get U64 w "boot.pool_n" [] |}.

(** Frames, as the boot information has them. *)
Definition ram (I : info) (p : Z) : Prop :=
  exists i, 0 <= i < i_n I /\ i_base I i <= p < i_base I i + i_size I i.
Definition device (I : info) (p : Z) : Prop :=
  exists i, 0 <= i < i_nd I /\ i_dbase I i <= p < i_dbase I i + i_dsize I i.
Definition core (I : info) (p : Z) : Prop := i_core I <= p < i_core I + i_coren I.
Definition pool (I : info) (p : Z) : Prop := i_pool I <= p < i_pool I + i_pooln I.

(** ** The world at boot *)
Record boot_start (w : world) : Prop := {
  z_walk : forall h l fn t, ~ w_walk w h l fn t;
  z_tlb : forall k h fn p, ~ w_tlb w k h fn p;
  z_held : w_held w = false;
  z_l2 : forall g, w_mem w (obj "host_l2" [g]) = 0;
  z_vms : forall h, w_mem w (obj "vms.state" [h]) = 0;
  z_vcpus : forall h i, w_mem w (obj "vcpus.made" [h; i]) = 0;
  z_tokens : forall h i, w_mem w (obj "vcpus.loaded" [h; i]) = 0 }.

(** ** Events *)
Definition put (c : ident) (ix : list Z) (v : Z) (w : world) : world := set_mem (upd (w_mem w) (c, ix) v) w.

(** Everything may be written but the boot information; tables only in the pool, page states only of RAM. *)
Definition boot_effect (e : event) (w : world) : Prop * (Z -> world -> Prop) :=
  let I := info_of w in
  match e with
  | ERead l => (True, fun v w' => v = w_mem w l /\ w' = w)
  | EWrite (c, ix) x => (String.prefix "boot." c = false, fun _ w' => w' = put c ix x w)
  | ECall f [a] =>
      if String.eqb f "meta_get" then (ram I a, fun v w' => v = w_meta w a /\ w' = w)
      else if String.eqb f "page_zero" then
        (pool I a, fun _ w' => w' = set_ram (store_page a (fun _ => 0) (w_ram w)) w)
      else (False, fun _ _ => False)
  | ECall f [a; b] =>
      if String.eqb f "meta_set" then (ram I a, fun _ w' => w' = set_meta a b w)
      else if String.eqb f "pte_get" then
        (pool I a /\ 0 <= b < 512, fun v w' => v = w_ram w a b /\ w' = w)
      else (False, fun _ _ => False)
  | ECall f [a; b; c] =>
      if String.eqb f "pte_set" then
        (pool I a /\ 0 <= b < 512, fun _ w' => w' = set_ram (store_word a b c (w_ram w)) w)
      else (False, fun _ _ => False)
  | _ => (False, fun _ _ => False)
  end.

Definition booting : contract world := {|
  pre e w := fst (boot_effect e w);
  act e w v w' := snd (boot_effect e w) v w' |}.

(** Every permitted event has an outcome. *)
Lemma booting_total : total booting.
Proof.
  intros e w P. cbn [booting pre act] in *. destruct e as [l|[c ix] x|f args]; cbn in *; eauto.
  destruct args as [|x [|y [|z [|]]]]; cbn in *; try contradiction; revert P.
  - destruct (String.eqb f "meta_get"); [cbn; eauto|]. destruct (String.eqb f "page_zero"); cbn; [eauto|contradiction].
  - destruct (String.eqb f "meta_set"); [cbn; eauto|]. destruct (String.eqb f "pte_get"); cbn; [eauto|contradiction].
  - destruct (String.eqb f "pte_set"); cbn; [eauto|contradiction].
Qed.

(** ** The board that boot has made *)
Definition l2_of (w : world) (g : Z) : Z := get U64 w "host_l2" [g].
Definition entry_of (w : world) (b : Z) : Z := word w (l2_of w (b / 512)) (b mod 512).

(** The first of [n] regions that has the frame. *)
Fixpoint region_at (I : info) (p : Z) (n : nat) : option Z :=
  match n with
  | O => None
  | S k => match region_at I p k with
           | Some i => Some i
           | None => let i := Z.of_nat k in
               if (i_base I i <=? p) && (p <? i_base I i + i_size I i) then Some i else None
           end
  end.

(** RAM and devices are what the boot information says; the tables are where KCore has put them: a block of
    RAM has its table in its region's row, a block of a device has one if it is linked. *)
Definition board_of (w : world) : board :=
  let I := info_of w in
  let row b := region_at I (b * 512) (Z.to_nat (i_n I)) in {|
  b_n := i_n I; b_base := i_base I; b_size := i_size I;
  b_root := get U64 w "host_root" [];
  b_has2 := fun g => negb (l2_of w g =? 0);
  b_l2 := l2_of w;
  b_has3 := fun b => match row b with
    | Some _ => true
    | None => negb (l2_of w (b / 512) =? 0) && (entry_of w b mod 4 =? 3)
    end;
  b_l3 := fun b => match row b with
    | Some i => get U64 w "region.l3" [i] + (b - i_base I i / 512)
    | None => output (entry_of w b)
    end;
  b_dev := device I |}.
