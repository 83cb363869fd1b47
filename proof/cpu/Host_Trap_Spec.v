(** * KServ's traps that end in its own registers: what each is answered with (kcore/host: gicr.c, abort.c, trap.c)

    x0 to x30 of KServ are words 0 to 30 of its context page of this CPU, where the vectors save them and load them
    from; nobody but this CPU touches that page. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec Local_Prims Structure Vm_Spec Host_Map_Spec.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Own_Kept Left_Kept.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** This CPU serves KServ, without the lock: the current context is the host's. *)
Record at_host (c : Z) (w : world) : Prop := {
  ah_cpu : 0 <= c < 8;
  ah_held : w_held w = false;
  ah_ctx : wrap U64 (w_mem w (obj "pcpu.cur_ctx" [c])) = host_ctx w c }.
(** A word of that page is written; a register is: 31 is the zero register. *)
Definition put (c n v : Z) (w : world) : world := put_word (host_ctx w c) n v w.
Definition host_x (c : Z) (w : world) (n : Z) : Z := if n <? 31 then word w (host_ctx w c) n else 0.
Definition put_x (c n v : Z) (w : world) : world := if n <? 31 then put c n v w else w.
(** The instruction is done. *)
Definition over (c : Z) (w : world) : world := set_regs c [("elr", [], wrap U64 (reg_of w c "elr" [] + 4))] w.

(** ** The first page of a redistributor *)
Definition is_store (esr : Z) : bool := bit 6 esr.
Definition access_size (esr : Z) : Z := 2 ^ field 22 2 esr.
(** A load or store whose syndrome says which register. *)
Definition plain_access (esr : Z) : bool := (field 26 6 esr =? 0x24) && bit 24 esr.
(** What a load may give: GICR_TYPER (8) says that there are no LPIs; what is no access of 4 or 8 bytes gives 0. *)
Definition gicr_word (esr far raw : Z) : Prop := let off := far mod 4096 in
  in_ty U64 raw /\ (off = 8 -> bit 0 raw = false /\ bit 1 raw = false /\ bit 3 raw = false) /\
  (access_size esr < 4 \/ off mod access_size esr <> 0 -> raw = 0).
(** The access is done or ignored.  Nothing but KServ's own register changes; what a store may do to the device is the
    contract of mmio_write: no LPIs. *)
Definition gicr_done (c esr : Z) (w w' : world) : Prop :=
  if is_store esr then w' = over c w
  else exists raw, gicr_word esr (reg_of w c "far" []) raw /\
    w' = over c (put_x c (field 16 5 esr) (loaded raw (access_size esr) (field 21 1 esr) (field 15 1 esr)) w).

(** ** Aborts *)
Definition no_page (esr : Z) : Z := Z.lor esr (2 ^ 7).     (* S1PTW: the kernel takes it for "not your page" *)

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore_all B cpu LI)).

  (** kcore/vcpu/regs.c, where the current context is KServ's. *)
  Definition spec_host_reg (d : den) : Prop := forall n w, in_ty U64 n -> at_host cpu w -> secure B w ->
    WP (d [cpu; n]) (fun r w' => w' = w /\ r = Some (host_x cpu w n)) w.
  Definition spec_host_reg_set (d : den) : Prop := forall n v w, in_ty U64 n -> in_ty U64 v ->
    at_host cpu w -> secure B w ->
    WP (d [cpu; n; v]) (fun r w' => r = None /\ w' = put_x cpu n v w) w.

  (** 1: it was such an access. *)
  Definition spec_host_gicr (d : den) : Prop := forall esr ipa w, in_ty U64 esr -> 0 <= ipa < 2 ^ 40 ->
    at_host cpu w -> secure B w ->
    WP (d [cpu; esr; ipa]) (fun r w' => if gicr w ipa && plain_access esr then r = Some 1 /\ gicr_done cpu esr w w'
      else r = Some 0 /\ w' = w) w.

  (** Trapped system registers read 0 and ignore writes. *)
  Definition spec_host_sysreg (d : den) : Prop := forall esr w, in_ty U64 esr -> at_host cpu w -> secure B w ->
    WP (d [cpu; esr]) (fun r w' => r = None /\
      w' = over cpu (if is_read esr then put_x cpu (field 5 5 esr) 0 w else w)) w.

  (** The questions of a kernel that looks for a hypervisor stub: one has an answer. *)
  Definition stub_answer (nr : Z) (w : world) : world :=
    if nr =? 4 then put_x cpu 1 (reg_of w cpu "ich_vtr" []) (put_x cpu 0 0 w) else put_x cpu 0 0xbadca11 w.
  Definition spec_stub_call (d : den) : Prop := forall nr w, in_ty U64 nr -> at_host cpu w -> secure B w ->
    WP (d [cpu; nr]) (fun r w' => r = None /\ w' = stub_answer nr w) w.
End Specs.

(** ** A page that KServ does not have
    No register of KServ is written by the look at its tables, so what it is told depends on its own trap. *)
Section Abort.
  Variables (B : board) (cpu : Z).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).

  Definition cells_kept (w w' : world) : Prop := forall l, class_of (fst l) = Percpu -> of_cpu cpu l -> w_mem w' l = w_mem w l.
  (** ... and all else that is the CPU's. *)
  Definition looked (w w' : world) : Prop := cells_kept w w' /\ left_alone cpu w w'.
  (** Nothing (the instruction runs again): the address is unknown, or KServ's tables map the frame by now.  An access
      to a redistributor is done.  Else an abort at EL1, which says nothing but what trapped. *)
  Definition again (esr p : Z) : Prop :=
    walk_again esr = true \/ field 2 4 esr <> 3 /\ frame p /\ exists w1, locked B w1 /\ host_mapped B w1 p.
  Definition abort_done (esr : Z) (w w' : world) : Prop :=
    exists p, (walk_again esr = false -> p = field 4 40 (reg_of w cpu "hpfar" [])) /\
      (looked w w' /\ again esr p \/
       gicr w p = true /\ plain_access esr = true /\ gicr_done cpu esr w w' \/
       exists w1, looked w w1 /\ idle B w1 /\ takes_abort cpu (no_page esr) (reg_of w cpu "far" []) w1 w').
  Definition spec_host_abort (d : den) : Prop := forall esr w, in_ty U64 esr -> at_host cpu w -> idle B w ->
    WP (d [cpu; esr]) (fun r w' => r = None /\ idle B w' /\ abort_done esr w w') w.
End Abort.
