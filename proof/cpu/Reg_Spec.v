(** * The functions that read and write registers of their CPU: specifications *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Link Wp Bits.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Desc_Spec.
From Redoubt.cpu Require Import Word_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Exceptions to EL1: the registers that the hardware would write, and no others *)
Definition takes_exception (c esr : Z) (w w' : world) : Prop :=
  let pc := reg_of w c "elr" [] in let pstate := reg_of w c "spsr" [] in
  exists p, vector_state pstate (reg_of w c "sctlr" []) p /\
    w' = set_regs c [("el1_elr", [], pc); ("el1_spsr", [], pstate); ("el1_esr", [], esr);
                     ("elr", [], wrap U64 (reg_of w c "vbar" [] + vector_of pstate)); ("spsr", [], p)] w.
(** An abort, also with the address.  Its class says "same level" if EL1 was interrupted. *)
Definition same_level (esr pstate : Z) : Z :=
  if bit 4 pstate || (field 0 5 pstate =? 0) then esr else Z.lor esr (2 ^ 26).
Definition takes_abort (c esr far : Z) (w w' : world) : Prop :=
  takes_exception c (same_level esr (reg_of w c "spsr" [])) (set_regs c [("el1_far", [], far)] w) w'.
(** What an external abort says of the access that trapped: its class, its length, whether it wrote. *)
Definition external (esr : Z) : Z := Z.lor (Z.land esr (0x3f * 2 ^ 26 + 2 ^ 25 + 2 ^ 6)) 0x10.

(** ** Identification registers, as a protected VM reads them
    Fields (of 4 bits) that read 0: features whose state KCore does not switch.  For the last row see [ident_fixed]. *)
Definition ident_hidden (crm op2 : Z) : list Z :=
  match crm, op2 with
  | 4, 0 => [8; 12; 28; 32; 36; 40; 44; 52]                       (* PFR0: EL2, EL3, RAS, SVE, SEL2, MPAM, AMU, RME *)
  | 4, 1 => [8; 12; 16; 20; 24; 28; 32; 36; 40; 44; 48; 52; 56; 60]  (* PFR1: all (MTE, SME, ...) but BT and SSBS *)
  | 5, 0 => [8; 12; 16; 20; 24; 28; 32; 36; 40; 44; 48; 52; 56; 60]  (* DFR0: PMU, SPE, trace, BRBE, ... *)
  | 6, 0 => [24]                                                  (* ISAR0: TME *)
  | 6, 1 => [4; 8; 24; 28; 56; 60]                                (* ISAR1: APA, API, GPA, GPI, XS, LS64 *)
  | 7, 0 => [56; 60]                                              (* MMFR0: FGT, ECV *)
  | 7, 1 => [4; 8; 16; 24; 32; 36; 40; 44; 48; 52; 56; 60]        (* MMFR1: VMIDBits, VH, LO, TWED, HCX, ... *)
  | 7, 2 => [12; 20; 24; 28; 40; 44; 56]                           (* MMFR2: IESB, CCIDX, NV, ST, FWB, EVT *)
  | _, _ => if (crm <? 4) && negb (crm * 8 + op2 =? 10) then [] else
            [0; 4; 8; 12; 16; 20; 24; 28; 32; 36; 40; 44; 48; 52; 56; 60]   (* AArch32's are shown, but for DFR0 *)
  end.
(** Fields that are the same on any hardware. *)
Definition ident_fixed (crm op2 lo : Z) : option Z :=
  match crm, op2, lo with
  | 4, 0, 4 => Some 1        (* PFR0.EL1: AArch64 only *)
  | 5, 0, 0 => Some 6        (* DFR0: debug architecture of Armv8.0 *)
  | 5, 0, 4 => Some 0
  | 7, 0, 0 => Some 2        (* MMFR0.PARange: 40 bits *)
  | _, _, _ => None
  end.
Definition ident_shown (crm op2 hw r : Z) : Prop := forall k, 0 <= k < 16 ->
  field (4 * k) 4 r =
    if existsb (Z.eqb (4 * k)) (ident_hidden crm op2) then 0
    else match ident_fixed crm op2 (4 * k) with Some v => v | None => field (4 * k) 4 hw end.

(** ** PSTATE that a VM may have: EL0, EL1; AArch32 in user mode, where the CPU has it at EL0 *)
Definition guest_pstate (pfr0 p : Z) : bool :=
  let m := field 0 5 p in (m =? 0) || (m =? 4) || (m =? 5) || (m =? 16) && (field 0 4 pfr0 =? 2).

(** ** Redistributors: which page, and what of an access goes through *)
Definition gicr (w : world) (ipa : Z) : bool :=
  let base := wrap U64 (w_mem w (obj "gicr_pfn" [])) in let n := wrap U32 (w_mem w (obj "n_cpu" [])) in
  (base <=? ipa) && (ipa - base <? 32 * n) && ((ipa - base) mod 32 =? 0).

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Definition spec_inject_sync (d : den) : Prop := forall esr w, in_ty U64 esr -> secure B w ->
    WP (d [esr]) (fun r w' => r = None /\ takes_exception cpu esr w w') w.
  (** Class 0, 32-bit instruction. *)
  Definition spec_inject_undef (d : den) : Prop := forall w, secure B w ->
    WP (d []) (fun r w' => r = None /\ takes_exception cpu (2 ^ 25) w w') w.
  Definition spec_inject_abort (d : den) : Prop := forall esr far w, in_ty U64 esr -> in_ty U64 far -> secure B w ->
    WP (d [esr; far]) (fun r w' => r = None /\ takes_abort cpu esr far w w') w.
  Definition spec_inject_sea (d : den) : Prop := forall esr w, in_ty U64 esr -> secure B w ->
    WP (d [esr]) (fun r w' => r = None /\ takes_abort cpu (external esr) (reg_of w cpu "far" []) w w') w.

  Definition spec_step_over (d : den) : Prop := forall w, secure B w ->
    WP (d []) (fun r w' => r = None /\ w' = set_regs cpu [("elr", [], wrap U64 (reg_of w cpu "elr" [] + 4))] w) w.

  (** The frame of the faulting address: from HPFAR_EL2, or by the VM's own stage 1, which may have changed. *)
  Definition spec_fault_ipa (d : den) : Prop := forall esr w, in_ty U64 esr -> secure B w ->
    WP (d [esr]) (fun r w' => w' = w /\ exists v, r = Some v /\
      if walk_again esr then v = 2 ^ 64 - 1 \/ 0 <= v < 2 ^ 40 else v = field 4 40 (reg_of w cpu "hpfar" [])) w.

  Definition spec_pfr0 (d : den) : Prop := forall hw, in_ty U64 hw -> exists r, in_ty U64 r /\ ident_shown 4 0 hw r /\ computes K d [hw] r.
  Definition spec_mmfr0 (d : den) : Prop := forall hw, in_ty U64 hw -> exists r, in_ty U64 r /\ ident_shown 7 0 hw r /\ computes K d [hw] r.
  Definition spec_ident_read (d : den) : Prop := forall crm op2 w, 1 <= crm < 8 -> 0 <= op2 < 8 -> secure B w ->
    WP (d [crm; op2]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      ident_shown crm op2 (reg_of w cpu "id" [crm; op2]) v) w.
  (** KCore's own answer to a trapped read: an identification register (0 for CRm = 0), or the state of the OS lock. *)
  Definition spec_sysreg_value (d : den) : Prop := forall esr w, in_ty U64 esr -> secure B w ->
    WP (d [esr; code (who_answers esr)]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      match who_answers esr with
      | Identification => field 14 3 esr = 0 /\ field 1 4 esr <> 0 /\
          ident_shown (field 1 4 esr) (field 17 3 esr) (reg_of w cpu "id" [field 1 4 esr; field 17 3 esr]) v \/ v = 0
      | _ => v = if reg_is esr 2 0 1 1 4 then 8 else 0
      end) w.

  Definition spec_pstate_ok (d : den) : Prop := forall p w, in_ty U64 p -> secure B w ->
    WP (d [p]) (fun r w' => w' = w /\ r = Some (bz (guest_pstate (reg_of w cpu "id" [4; 0]) p))) w.
  (** Afterwards this vCPU is the last of its VM that ran here. *)
  Definition spec_last_ran_update (d : den) : Prop := forall h i w, 0 <= cpu < 8 -> 0 <= h <= 255 -> 0 <= i < 16 -> secure B w ->
    WP (d [cpu; h; i]) (fun r w' => r = None /\ secure B w' /\ wrap U8 (w_mem w' (obj "last_ran" [cpu; h])) = i + 1 /\
      (w' = w \/ w' = write_cell B (obj "last_ran" [cpu; h]) (i + 1) w)) w.

  Definition spec_is_gicr (d : den) : Prop := forall ipa w, in_ty U64 ipa -> secure B w ->
    WP (d [ipa]) (fun r w' => w' = w /\ r = Some (bz (gicr w ipa))) w.
  (** The contract of mmio_write says what matters: no LPIs. *)
  Definition spec_gicr_write (d : den) : Prop := forall ipa off size v w, gicr w ipa = true -> 0 <= ipa < 2 ^ 40 ->
    size = 4 \/ size = 8 -> 0 <= off < 4096 -> off mod size = 0 -> in_ty U64 v -> secure B w ->
    WP (d [ipa; off; size; v]) (fun r w' => r = None /\ w' = w) w.
  (** GICR_TYPER (8): no LPIs. *)
  Definition spec_gicr_read (d : den) : Prop := forall ipa off size w, gicr w ipa = true -> 0 <= ipa < 2 ^ 40 ->
    size = 4 \/ size = 8 -> 0 <= off < 4096 -> off mod size = 0 -> secure B w ->
    WP (d [ipa; off; size]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (off = 8 -> bit 0 v = false /\ bit 1 v = false /\ bit 3 v = false)) w.

  (** The CPU with these affinity fields, or 8. *)
  Definition spec_cpu_by_mpidr (d : den) : Prop := forall m w, in_ty U64 m -> secure B w ->
    WP (d [m]) (fun r w' => w' = w /\ exists t, r = Some t /\ (t = 8 \/
      0 <= t < 8 /\ t < wrap U32 (w_mem w (obj "n_cpu" [])) /\ wrap U64 (w_mem w (obj "cpu_mpidr" [t])) = m)) w.
  (** Only of what KServ may use: then firmware answers. *)
  Definition spec_host_features (d : den) : Prop := forall fid asked w, (fid = 0x8400000a \/ fid = 0x80000001) ->
    in_ty U64 asked -> secure B w ->
    WP (d [fid; asked]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (existsb (Z.eqb (asked mod 2 ^ 32)) (Cpu.questions ++ host_functions) = false -> v = NOT_SUPPORTED)) w.

  (** ** Calls *)
  Definition set_own (c : ident) (x : Z) (w : world) : world := write_cell B (obj c [cpu]) x w.
  Definition spec_call_version (d : den) : Prop := forall w, 0 <= cpu < 8 -> secure B w ->
    WP (d [cpu]) (fun r w' => r = Some 0 /\
      w' = set_own "pcpu.res3" 0x5245444f55425431 (set_own "pcpu.res2" 0 (set_own "pcpu.res1" 0x10001 w))) w.
  Definition spec_call_cntvoff (d : den) : Prop := forall o w, in_ty U64 o -> secure B w ->
    wp (kcore_all B cpu LI) (d [o]) (fun r w' => r = Some 0 /\ w' = set_regs cpu [("cntvoff", [], o)] w) w.
  Definition spec_call_vgic_info (d : den) : Prop := forall w, 0 <= cpu < 8 -> secure B w ->
    WP (d [cpu]) (fun r w' => r = Some 0 /\ w' = set_own "pcpu.res1" (reg_of w cpu "ich_vtr" []) w) w.
End Specs.
