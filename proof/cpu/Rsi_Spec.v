(** * RSI for a protected guest (kcore/vcpu/rsi.c): what the calls on memory do, what the guest gets and KServ is told

    KServ hears which pages are shared or private now, and when it must act before the call can be done: then the call runs
    again. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events Exposed.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Page_Spec Vm_Spec Guest_Spec Share_Spec Guest_Call_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Trap_Spec Run_Spec Left_Kept Serve_Spec Guest_Trap_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition RSI_SUCCESS := 0. Definition RSI_INPUT := 1. Definition RSI_NOT_SUPPORTED := 2 ^ 64 - 1.
Definition EXIT_SHARE := 21. Definition EXIT_UNSHARE := 22.

Section Specs.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).
  Notation x := (x_reg cpu).

  (** The functions that x0 may name. *)
  Definition VERSION := 0xc4000190. Definition REALM_CONFIG := 0xc4000196. Definition STATE_GET := 0xc4000198.
  (** x1 to x2: whole pages below 2^40, at least one. *)
  Definition range (w : world) : bool := (x w 1 mod 4096 =? 0) && (x w 2 mod 4096 =? 0) && (x w 1 <? x w 2) && (x w 2 <=? 2 ^ 40).
  Definition wrong (w : world) (r : option Z) (w' : world) : Prop := r = Some RESUME /\ w' = put_reg cpu 0 RSI_INPUT w.

  (** REALM_CONFIG: the size of its addresses into the guest's own page that x1 names.  A page that is missing is KServ's to
      bring. *)
  Definition config_done (h i : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    wrong w r w' \/
    exists w1, left_alone cpu w w1 /\ idle B w1 /\
      (r = Some RESUME /\ w' = put_reg cpu 0 RSI_SUCCESS w1 \/ wrong w1 r w' \/
       r = Some EXIT_TRAP /\ w' = tell h i (retry_words (x w 1 / 4096) EXIT_TRAP) (move cpu (-4) w1)).
  Definition spec_rsi_realm_config (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w -> called cpu w ->
    WP (d [cpu]) (handles B cpu h i (config_done h i) w) w.

  (** IPA_STATE_SET: as far as it came, [stop]; none of it is an error, or KServ owes a table. *)
  Definition state_set_done (h i : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    let base := x w 1 / 4096 in
    wrong w r w' \/
    exists v stop w1, range w = true /\ left_alone cpu w w1 /\
      (x w 3 = 1 /\ section B (takes_back cpu h base (x w 2 / 4096)) (Some v) w1 \/
       x w 3 = 0 /\ section B (shares cpu h base (x w 2 / 4096)) (Some v) w1) /\
      (stop = base /\ wrong w1 r w' \/
       stop = base /\ r = Some EXIT_TABLE /\ w' = tell h i (retry_words 0 EXIT_TABLE) (move cpu (-4) w1) \/
       base < stop <= x w 2 / 4096 /\ r = Some (if x w 3 =? 1 then EXIT_UNSHARE else EXIT_SHARE) /\
         w' = put_reg cpu 2 0 (put_reg cpu 1 (4096 * stop) (put_reg cpu 0 RSI_SUCCESS
           (tell h i [(X0, base); (X1, stop - base)] w1)))).
  Definition spec_rsi_state_set (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w -> called cpu w ->
    call cpu w = IPA_STATE_SET -> WP (d [cpu]) (handles B cpu h i (state_set_done h i) w) w.

  (** IPA_STATE_GET: KServ is told nothing. *)
  Definition state_get_done (h : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    let base := x w 1 / 4096 in
    wrong w r w' \/
    r = Some RESUME /\ exists stop k w1 wl, range w = true /\ left_alone cpu w w1 /\ idle B w1 /\ locked B wl /\
      run_of wl h base (x w 2 / 4096) stop k /\
      w' = put_reg cpu 2 (wrap U64 k) (put_reg cpu 1 (wrap U64 (4096 * wrap U64 stop)) (put_reg cpu 0 RSI_SUCCESS w1)).
  Definition spec_rsi_state_get (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w ->
    WP (d [cpu]) (handles B cpu h i (state_get_done h) w) w.

  (** Any function [fid], as w0 says it. *)
  Definition rsi_done (h i fid : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    if fid =? VERSION then r = Some RESUME /\ w' = put_reg cpu 2 0x10000 (put_reg cpu 1 0x10000
      (put_reg cpu 0 (if x w 1 =? 0x10000 then 0 else 1) w))
    else if fid =? REALM_CONFIG then config_done h i w r w'
    else if fid =? IPA_STATE_SET then state_set_done h i w r w'
    else if fid =? STATE_GET then state_get_done h w r w'
    else r = Some RESUME /\ w' = put_reg cpu 0 RSI_NOT_SUPPORTED w.
  Definition spec_guest_rsi (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> idle B w -> called cpu w ->
    WP (d [cpu; call cpu w]) (handles B cpu h i (rsi_done h i (call cpu w)) w) w.
End Specs.
