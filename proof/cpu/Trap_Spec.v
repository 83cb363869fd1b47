(** * Traps of a guest: what every function of kcore/vcpu that serves one starts from, and the words that it leaves

    [serves c w h i]: CPU c, without the lock, serves a trap of vCPU i of VM h, which it has loaded and which is on;
    the vectors have saved its x0 to x30 in its context.  What such a function does is said exactly: the words of the
    run page that it writes ([tell]), the vCPU's registers ([put_reg], in Ctx_Spec.v), and what the next run owes it
    ([remember]).  Nothing else changes: neither page states, nor another page, nor anything that others use. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events Exposed.
From Redoubt.mm Require Import Desc_Spec Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Record serves (c : Z) (w : world) (h i : Z) : Prop := {
  sv_cpu : 0 <= c < 8;
  sv_held : w_held w = false;
  sv_vm : loaded_vm c w = h;
  sv_vcpu : loaded_vcpu c w = i;
  sv_h : 1 <= h <= 255;
  sv_i : 0 <= i < 16;
  sv_token : token w h i = c + 1;
  sv_on : vcpu_on w h i;
  sv_ctx : cur_ctx c w = vcpu_ctx w h i }.

(** Words of the run page, in this order. *)
Definition tell (h i : Z) (l : list (Z * Z)) (w : world) : world :=
  fold_left (fun w x => put_word (vcpu_run w h i) (fst x) (snd x) w) l w.
(** Objects of the vCPU. *)
Definition remember (h i : Z) (l : list (ident * Z)) (w : world) : world :=
  fold_left (fun w x => set_mem (upd (w_mem w) (obj (fst x) [h; i]) (snd x)) w) l w.
(** PC moves by [n] bytes. *)
Definition move (c n : Z) (w : world) : world := set_regs c [("elr", [], wrap U64 (reg_of w c "elr" [] + n))] w.

(** Words of the run page (kcore/include/kcore/abi.h). *)
Definition X0 := 0. Definition X1 := 1. Definition ESR := 257. Definition FAR := 258. Definition HPFAR := 259.
Definition FAULT := 260.
(** What a handler answers: back to the guest, or an exit. *)
Definition RESUME := 255. Definition EXIT_TRAP := 2. Definition EXIT_TABLE := 16. Definition EXIT_COPY := 23.

(** What the next run owes the vCPU (vcpus.pend). *)
Definition OWES_NOTHING := 0. Definition OWES_LOAD := 1. Definition OWES_STORE := 2. Definition OWES_READ := 3.
Definition OWES_WRITE := 4.
Definition vcpu_cell (w : world) (f : ident) (h i : Z) : Z := wrap U32 (w_mem w (obj f [h; i])).

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore_all B cpu LI)).
  Notation esr_of w := (reg_of w cpu "esr" []).

  (** ** mmio.c *)
  (** A fault in RAM that KServ can resolve by a page: KServ is told the page, the class, the fault status, whether it
      was a write. *)
  Definition page_words (w : world) (ipa k : Z) : list (Z * Z) :=
    [(X0, 0); (ESR, kept cpu w (CLASS + if class cpu w =? DATA then 0x7f else 0x3f)); (FAR, 0); (HPFAR, 16 * ipa); (FAULT, k)].
  Definition spec_page_exit (d : den) : Prop := forall h i ipa k w, serves cpu w h i -> secure B w ->
    class cpu w = FETCH \/ class cpu w = DATA -> shown_page cpu w ipa -> 0 <= k <= 3 ->
    WP (d [cpu; esr_of w; ipa; k]) (fun r w' => r = Some EXIT_TRAP /\ w' = tell h i (page_words w ipa k) w) w.

  (** An access outside RAM.  The one register that a store names is told, cut to the size; a load's register is kept
      back, and gets KServ's answer ([spec_pend_complete]).  What says no size or register, a walk of stage 1 and
      cache maintenance are aborts for the VM. *)
  Definition emulated (esr : Z) : bool := (field 26 6 esr =? DATA) && bit 24 esr && negb (bit 7 esr) && negb (bit 8 esr).
  Definition is_store (esr : Z) : bool := bit 6 esr.
  Definition device_words (w : world) (ipa : Z) : list (Z * Z) :=
    [(X0, if is_store (esr_of w) then x_reg cpu w (data_reg cpu w) mod 2 ^ (8 * bytes cpu w) else 0);
     (ESR, Z.lor 0x93008007 (kept cpu w 0xc00040)); (FAR, reg_of w cpu "far" [] mod 4096); (HPFAR, 16 * ipa); (FAULT, 3)].
  Definition device_owed (w : world) : list (ident * Z) :=
    [("vcpus.mmio_far", reg_of w cpu "far" []); ("vcpus.mmio_size", bytes cpu w); ("vcpus.mmio_rt", data_reg cpu w);
     ("vcpus.mmio_sext", field 21 1 (esr_of w)); ("vcpus.mmio_sf", field 15 1 (esr_of w));
     ("vcpus.pend", if is_store (esr_of w) then OWES_STORE else OWES_LOAD)].
  Definition spec_mmio_exit (d : den) : Prop := forall h i ipa w, serves cpu w h i -> protected w h -> secure B w ->
    shown_page cpu w ipa ->
    WP (d [cpu; esr_of w; ipa]) (fun r w' =>
      if emulated (esr_of w) then r = Some EXIT_TRAP /\ w' = tell h i (device_words w ipa) (remember h i (device_owed w) w)
      else r = Some RESUME /\ takes_abort cpu (external (esr_of w)) (reg_of w cpu "far" []) w w') w.

  (** KServ's answer [v], and whether there is a device ([flags]), each read once.  It reaches the register that the
      instruction names, cut to the size and extended as the instruction says, or makes an abort; nothing else. *)
  Definition completes (w : world) (h i v flags : Z) (w' : world) : Prop :=
    let owes := vcpu_cell w "vcpus.pend" h i in let rt := vcpu_cell w "vcpus.mmio_rt" h i in
    let w1 := remember h i [("vcpus.pend", OWES_NOTHING)] w in
    if ((owes =? OWES_LOAD) || (owes =? OWES_STORE)) && bit 0 flags
    then takes_abort cpu 0x92000010 (wrap U64 (w_mem w (obj "vcpus.mmio_far" [h; i]))) w1 w'
    else if owes =? OWES_NOTHING then w' = w1
    else w' = move cpu 4 (
      if owes =? OWES_LOAD then put_reg cpu rt (loaded v (access_bytes (vcpu_cell w "vcpus.mmio_size" h i))
        (vcpu_cell w "vcpus.mmio_sext" h i) (vcpu_cell w "vcpus.mmio_sf" h i)) w1
      else if owes =? OWES_READ then put_reg cpu rt v w1 else w1).
  Definition spec_pend_complete (d : den) : Prop := forall h i w, serves cpu w h i -> secure B w ->
    WP (d [cpu]) (fun r w' => r = None /\ exists v flags, in_ty U64 v /\ in_ty U64 flags /\ completes w h i v flags w') w.

  (** ** sysreg.c *)
  (** A listed register: which one and the direction, and the value of a write. *)
  Definition register_words (w : world) : list (Z * Z) :=
    [(X0, if is_read (esr_of w) then 0 else x_reg cpu w (field 5 5 (esr_of w)));
     (ESR, Z.lor 0x62000000 (kept cpu w 0x3ffc1f)); (FAULT, 0)].
  Definition register_owed (w : world) : list (ident * Z) :=
    [("vcpus.mmio_rt", field 5 5 (esr_of w)); ("vcpus.pend", if is_read (esr_of w) then OWES_READ else OWES_WRITE)].
  Definition spec_sysreg_exit (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> secure B w ->
    class cpu w = SYSREG -> who_answers (esr_of w) = By_kserv ->
    WP (d [cpu; esr_of w]) (fun r w' => r = Some EXIT_TRAP /\
      w' = tell h i (register_words w) (remember h i (register_owed w) w)) w.
  (** KCore's own answer goes to the register that the instruction names. *)
  Definition answers (esr : Z) (w : world) (v : Z) : Prop := in_ty U64 v /\
    match who_answers esr with
    | Identification => field 14 3 esr = 0 /\ field 1 4 esr <> 0 /\
        ident_shown (field 1 4 esr) (field 17 3 esr) (reg_of w cpu "id" [field 1 4 esr; field 17 3 esr]) v \/ v = 0
    | _ => v = if reg_is esr 2 0 1 1 4 then 8 else 0
    end.
  Definition sysreg_done (h i : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    match who_answers (esr_of w) with
    | By_kserv => r = Some EXIT_TRAP /\ w' = tell h i (register_words w) (remember h i (register_owed w) w)
    | Undefined => r = Some RESUME /\ takes_exception cpu (2 ^ 25) w w'
    | _ => r = Some RESUME /\ exists v, answers (esr_of w) w v /\
        w' = move cpu 4 (if is_read (esr_of w) then put_reg cpu (field 5 5 (esr_of w)) v w else w)
    end.
  Definition spec_sysreg_trap (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> secure B w ->
    class cpu w = SYSREG -> WP (d [cpu; esr_of w]) (sysreg_done h i w) w.

  (** ** psci.c: calls that end in an exit; CPU_SUSPEND is told as a WFI *)
  Definition called (w : world) : Prop := class cpu w = HVC \/ class cpu w = SMC.
  Definition standby_words : list (Z * Z) := [(X0, 0); (ESR, 0x06000000); (FAULT, 0)].
  Definition spec_psci_exit (d : den) : Prop := forall h i fid w, serves cpu w h i -> secure B w -> called w -> in_ty U64 fid ->
    WP (d [cpu; fid]) (fun r w' =>
      if fid =? 0x84000002 then r = Some 18 /\ w' = w
      else if fid =? 0x84000008 then r = Some 19 /\ w' = w
      else if fid =? 0x84000009 then r = Some 20 /\ w' = w
      else r = Some EXIT_TRAP /\ w' = tell h i standby_words (put_reg cpu 0 0 w)) w.

  (** ** rsi.c *)
  (** The guest's call is run again after KServ has acted.  A private page that is missing is told as the fault of a
      store to it. *)
  Definition retry_words (ipa code : Z) : list (Z * Z) :=
    (X0, 0) :: if code =? EXIT_TRAP then [(ESR, 0x92000047); (FAR, 0); (HPFAR, 16 * ipa); (FAULT, 1)] else [].
  Definition spec_retry_with (d : den) : Prop := forall h i ipa code w, serves cpu w h i -> protected w h -> secure B w -> called w ->
    in_ty U64 ipa -> in_ty U32 code -> (code = EXIT_TRAP -> shown_page cpu w ipa) ->
    WP (d [cpu; ipa; code]) (fun r w' => r = Some code /\ w' = tell h i (retry_words ipa code) (move cpu (-4) w)) w.
  (** RSI 1.0, whatever is asked for; a constant but for whether that is what is asked for. *)
  Definition spec_rsi_version (d : den) : Prop := forall h i w, serves cpu w h i -> protected w h -> secure B w ->
    WP (d [cpu]) (fun r w' => r = Some RESUME /\ w' = put_reg cpu 2 0x10000 (put_reg cpu 1 0x10000
      (put_reg cpu 0 (if x_reg cpu w 1 =? 0x10000 then 0 else 1) w))) w.
  (** IPA_STATE_SET has come from [base] to [stop]: KServ is told which pages; the guest how far. *)
  Definition spec_state_set_done (d : den) : Prop := forall h i stop code w, serves cpu w h i -> protected w h ->
    secure B w -> called w -> call cpu w = IPA_STATE_SET -> in_ty U32 code ->
    x_reg cpu w 1 / 4096 <= stop <= x_reg cpu w 2 / 4096 ->
    WP (d [cpu; x_reg cpu w 1 / 4096; stop; code]) (fun r w' => let base := x_reg cpu w 1 / 4096 in
      if stop =? base then r = Some RESUME /\ w' = put_reg cpu 0 1 w
      else r = Some code /\ w' = put_reg cpu 2 0 (put_reg cpu 1 (4096 * stop) (put_reg cpu 0 0
        (tell h i [(X0, base); (X1, stop - base)] w)))) w.

  (** ** exit.c *)
  (** WFI or WFE, and which. *)
  Definition spec_guest_wait (d : den) : Prop := forall h i w, serves cpu w h i -> secure B w -> class cpu w = WFX ->
    WP (d [cpu; esr_of w]) (fun r w' => r = Some EXIT_TRAP /\
      w' = tell h i [(X0, 0); (ESR, kept cpu w (CLASS + 1)); (FAULT, 0)] (move cpu 4 w)) w.
  (** A normal VM's traps go to KServ, but for FP. *)
  Definition gets_fp (w w' : world) : Prop :=
    w' = write_cell B (obj "pcpu.fp_live" [cpu]) 1 (set_regs cpu [("cptr", [], CPTR_GUEST)] w).
  Definition normal_done (h i : Z) (w : world) (r : option Z) (w' : world) : Prop :=
    let syndrome := [(ESR, esr_of w); (FAR, reg_of w cpu "far" [])] in
    if class cpu w =? 7 then r = Some RESUME /\ gets_fp w w'
    else if (class cpu w =? FETCH) || (class cpu w =? DATA) then
      walk_again (esr_of w) = true /\ r = Some RESUME /\ w' = w \/
      r = Some EXIT_TRAP /\ exists p, 0 <= p < 2 ^ 40 /\ w' = tell h i ((HPFAR, 16 * p) :: syndrome) w
    else r = Some EXIT_TRAP /\ w' = tell h i syndrome w.
  Definition spec_normal_trap (d : den) : Prop := forall h i w, serves cpu w h i -> ~ protected w h -> secure B w ->
    WP (d [cpu; esr_of w]) (normal_done h i w) w.
End Specs.
