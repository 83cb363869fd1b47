(** * Registers of whoever runs: specifications (kcore/vcpu: regs.c, fp.c)

    The current context is the page into which the vectors of this CPU have saved x0 to x30: its page of KServ's
    registers, or the context of the vCPU that it has loaded and that is on ([own_ctx]).  Of a normal VM that is the run
    page, which KServ writes at any moment: any value may come from there. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Local_Prims.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition cur_ctx (c : Z) (w : world) : Z := wrap U64 (w_mem w (obj "pcpu.cur_ctx" [c])).
Definition in_guest (c : Z) (w : world) : Z := wrap U32 (w_mem w (obj "pcpu.in_guest" [c])).
Definition fp_live (c : Z) (w : world) : Z := wrap U32 (w_mem w (obj "pcpu.fp_live" [c])).

(** Only objects and registers of CPU [c] with these names, and these words of pages, differ; no page's owner does, and
    nothing that walks and TLBs know. *)
Record changes (c : Z) (cells : list ident) (words : Z -> Z -> Prop) (w w' : world) : Prop := {
  ch_meta : w_meta w' = w_meta w;
  ch_walk : w_walk w' = w_walk w;
  ch_tlb : w_tlb w' = w_tlb w;
  ch_held : w_held w' = w_held w;
  ch_mem : forall l, ~ (In (fst l) cells /\ of_cpu c l) -> w_mem w' l = w_mem w l;
  ch_ram : forall p i, ~ words p i -> w_ram w' p i = w_ram w p i }.
Definition no_word (p i : Z) : Prop := False.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore_all B cpu LI)).

  (** ** regs.c: x0 to x30; 31 is the zero register *)
  Definition spec_guest_reg (d : den) : Prop := forall n w, 0 <= cpu < 8 -> in_ty U64 n -> own_ctx cpu w (cur_ctx cpu w) ->
    w_held w = false -> secure B w ->
    WP (d [cpu; n]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\ (31 <= n -> v = 0) /\
      (n < 31 -> own_page cpu w (cur_ctx cpu w) -> v = word w (cur_ctx cpu w) n)) w.
  Definition put_reg (n v : Z) (w : world) : world := if n <? 31 then put_word (cur_ctx cpu w) n v w else w.
  Definition spec_guest_reg_set (d : den) : Prop := forall n v w, 0 <= cpu < 8 -> in_ty U64 n -> in_ty U64 v ->
    own_ctx cpu w (cur_ctx cpu w) -> w_held w = false -> secure B w ->
    WP (d [cpu; n; v]) (fun r w' => r = None /\ w' = put_reg n v w) w.

  (** ** fp.c
      CPTR_EL2 lets the guest use FP only after its own registers are there ([fp_trap]); KServ gets them cleared, and
      the guest's are in its context ([fp_exit]). *)
  Definition CPTR_GUEST := 1074803711.
  Definition CPTR_HOST := 1074799359.
  Definition spec_fp_trap (d : den) : Prop := forall w, 0 <= cpu < 8 -> own_ctx cpu w (cur_ctx cpu w) ->
    w_held w = false -> secure B w ->
    WP (d [cpu]) (fun r w' => r = None /\
      w' = write_cell B (obj "pcpu.fp_live" [cpu]) 1 (set_regs cpu [("cptr", [], CPTR_GUEST)] w)) w.
  Definition spec_fp_exit (d : den) : Prop := forall w, 0 <= cpu < 8 -> own_ctx cpu w (cur_ctx cpu w) ->
    w_held w = false -> secure B w ->
    WP (d [cpu]) (fun r w' => r = None /\ reg_of w' cpu "cptr" [] = CPTR_HOST /\ secure B w' /\
      fp_live cpu w' = 0 /\
      changes cpu ["reg.cptr"; "pcpu.fp_live"] (fun p i => p = cur_ctx cpu w /\ 60 <= i < 128) w w') w.
End Specs.
