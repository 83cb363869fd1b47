(** * pKVM's memory services for guests (kcore/vcpu/pkvm.c): what the functions answer and tell

    The guest's answer is in x0 to x3.  KServ is told the page that the call names ([ex_from_one], [ex_one] in
    machine/Exposed.v). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events Exposed.
From Redoubt.mm Require Import Desc_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Trap_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore_all B cpu LI)).

  Definition answered (x0 x1 x2 x3 : Z) (w : world) : world :=
    put_reg cpu 3 x3 (put_reg cpu 2 x2 (put_reg cpu 1 x1 (put_reg cpu 0 x0 w))).
  Definition spec_answer (d : den) : Prop := forall h i x0 x1 x2 x3 w, serves cpu w h i -> secure B w ->
    in_ty U64 x0 -> in_ty U64 x1 -> in_ty U64 x2 -> in_ty U64 x3 ->
    WP (d [cpu; x0; x1; x2; x3]) (fun r w' => r = Some RESUME /\ w' = answered x0 x1 x2 x3 w) w.

  (** MEM_SHARE or MEM_UNSHARE of the page that x1 names. *)
  Definition one_page (w : world) : Prop := called cpu w /\ In (call cpu w) ONE_PAGE.
  (** It is done: KServ is told which page, and the guest that it is. *)
  Definition spec_page_done (d : den) : Prop := forall h i code w, serves cpu w h i -> protected w h -> secure B w ->
    one_page w -> in_ty U32 code ->
    WP (d [cpu; x_reg cpu w 1 / 4096; code]) (fun r w' => r = Some code /\
      w' = answered 0 0 0 0 (tell h i [(X0, x_reg cpu w 1 / 4096); (X1, 1)] w)) w.
  (** KServ owes a page for the content of that page; the call is run again. *)
  Definition spec_copy_wanted (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> secure B w ->
    one_page w ->
    WP (d [cpu; x_reg cpu w 1 / 4096]) (fun r w' => r = Some EXIT_COPY /\
      w' = tell h i [(X0, 0); (X0, x_reg cpu w 1 / 4096)] (move cpu (-4) w)) w.
End Specs.
