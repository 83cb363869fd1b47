(** * Registers as fields and bits, and the functions that only compute with them

    Numbers of registers, fields and bits are those of the Arm ARM (DDI 0487) and of the GICv3 specification. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Link Wp Bits.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** [n] bits from bit [lo] on; one bit. *)
Definition field (lo n x : Z) : Z := x / 2 ^ lo mod 2 ^ n.
Definition bit (i x : Z) : bool := Z.testbit x i.

(** ** Exceptions to EL1 (AArch64.TakeException) *)
(** PSTATE.M: bit 4 is AArch32; 0 is EL0, 4 is EL1 with SP_EL0, 5 is EL1 with SP_EL1. *)
Definition vector_of (pstate : Z) : Z :=
  if bit 4 pstate then 0x600
  else if field 0 5 pstate =? 5 then 0x200 else if field 0 5 pstate =? 4 then 0 else 0x400.

(** PSTATE at the vector, bit by bit. *)
Definition vector_bit (pstate sctlr i : Z) : bool :=
  if i <? 5 then bit i 5                                    (* M: EL1 with SP_EL1 *)
  else if (6 <=? i) && (i <=? 9) then true                  (* F, I, A, D: masked *)
  else if i =? 12 then bit 44 sctlr                         (* SSBS: SCTLR_EL1.DSSBS *)
  else if i =? 22 then bit 22 pstate || negb (bit 23 sctlr) (* PAN: set, if not SCTLR_EL1.SPAN *)
  else if i =? 25 then true                                 (* TCO: set *)
  else if i =? 24 then bit 24 pstate                        (* DIT: kept *)
  else if (28 <=? i) && (i <=? 31) then bit i pstate        (* N, Z, C, V: kept *)
  else false.                                               (* SS, IL, UAO, BTYPE, ...: clear *)
Definition vector_state (pstate sctlr p : Z) : Prop :=
  in_ty U64 p /\ forall i, 0 <= i < 64 -> bit i p = vector_bit pstate sctlr i.

(** ** Aborts *)
(** ESR_ELx.DFSC, IFSC: translation, access flag, and permission faults of levels 0 to 3. *)
Definition is_stage2_fault (esr : Z) : bool := (4 <=? field 0 6 esr) && (field 0 6 esr <=? 15).
(** Permission fault of the access itself: HPFAR_EL2 does not say where. *)
Definition walk_again (esr : Z) : bool := (field 2 4 esr =? 3) && negb (bit 7 esr).

(** The size of an access: what is not 1, 2 or 4 counts as 8. *)
Definition access_bytes (n : Z) : Z := if (n =? 1) || (n =? 2) || (n =? 4) then n else 8.
Lemma access_power k : 0 <= k < 4 -> access_bytes (2 ^ k) = 2 ^ k.
Proof. intros H. assert (D : k = 0 \/ k = 1 \/ k = 2 \/ k = 3) by lia. destruct D as [-> |[-> |[-> | ->]]]; reflexivity. Qed.
(** A load of [size] bytes into a register of 64 ([sf]) or 32 bits, with its sign or not. *)
Definition loaded (raw size sext sf : Z) : Z :=
  let v := raw mod 2 ^ (8 * size) in
  let x := if negb (sext =? 0) && bit (8 * size - 1) v then v - 2 ^ (8 * size) else v in
  x mod 2 ^ (if sf =? 0 then 32 else 64).

(** ** The virtual CPU interface *)
Definition lrs (vtr : Z) : Z := Z.min 16 (field 0 5 vtr + 1).
Definition aps (vtr : Z) : Z := let bits := field 26 3 vtr + 1 in if bits <=? 5 then 1 else if bits =? 6 then 2 else 4.
(** A list register that may deactivate a physical interrupt (HW, bit 61) does so for a timer's only; its state,
    priority, group and virtual number are KServ's choice. *)
Definition lr_safe (v r : Z) : Prop :=
  (bit 61 r = true -> field 32 13 r = 27 \/ field 32 13 r = 30) /\
  (r = v \/ bit 61 v = true /\ field 0 32 r = field 0 32 v /\ field 45 16 r = field 45 16 v /\ field 62 2 r = field 62 2 v).

(** ** Trapped system registers: op0, op1, CRn, CRm, op2 and the direction, as ESR_EL2.ISS has them *)
Definition reg_is (esr op0 op1 crn crm op2 : Z) : bool :=
  (field 20 2 esr =? op0) && (field 14 3 esr =? op1) && (field 10 4 esr =? crn) && (field 1 4 esr =? crm) &&
  (field 17 3 esr =? op2).
Definition is_read (esr : Z) : bool := bit 0 esr.

(** Writes of ICC_SGI1R, ICC_ASGI1R, ICC_SGI0R, ICC_DIR; CNTP_TVAL, CNTP_CTL, CNTP_CVAL of EL0. *)
Definition kserv_emulates (esr : Z) : bool :=
  negb (is_read esr) && (reg_is esr 3 0 12 11 5 || reg_is esr 3 0 12 11 6 || reg_is esr 3 0 12 11 7 || reg_is esr 3 0 12 11 1)
  || reg_is esr 3 3 14 2 0 || reg_is esr 3 3 14 2 1 || reg_is esr 3 3 14 2 2.

Inductive answerer := Undefined | Identification | Zero | By_kserv.
Definition code (a : answerer) : Z := match a with Undefined => 0 | Identification => 1 | Zero => 2 | By_kserv => 3 end.
Definition who_answers (esr : Z) : answerer :=
  if kserv_emulates esr then By_kserv
  (* reads of the identification registers: op0 = 3, op1 = 0 or 1, CRn = 0, CRm < 8 *)
  else if is_read esr && (field 20 2 esr =? 3) && (field 10 4 esr =? 0) && (field 14 3 esr <=? 1) && (field 1 4 esr <? 8)
  then Identification
  else if (field 20 2 esr =? 2) && (field 14 3 esr =? 0)      (* debug: op0 = 2, op1 = 0 *)
       || reg_is esr 3 0 1 0 1                                 (* ACTLR_EL1 *)
       || (field 20 2 esr =? 1) && (field 10 4 esr =? 7)       (* DC ISW, CSW, CISW *)
  then Zero
  else Undefined.

(** ** PSCI and SMCCC (DEN 0022, DEN 0028) *)
(** What a protected VM is told that it may call. *)
Definition guest_functions : list Z :=
  [0x84000000; 0x84000001; 0xc4000001; 0x84000002; 0x84000003; 0xc4000003; 0x84000004; 0xc4000004; 0x84000006;
   0x84000008; 0x84000009; 0x8400000a; 0x80000000].
Definition NOT_SUPPORTED : Z := 2 ^ 64 - 1.
(** What KServ may ask firmware for: Cpu.v's [questions], and these. *)
Definition host_functions : list Z :=
  [0x84000001; 0xc4000001; 0x84000002; 0x84000003; 0xc4000003; 0x84000008; 0x84000009; 0x84000012; 0xc4000012; 0x8400000a].
(** The affinity fields of MPIDR_EL1: Aff3, and Aff2 to Aff0. *)
Definition affinity (mpidr : Z) : Z := field 32 8 mpidr * 2 ^ 32 + field 0 24 mpidr.

Section Specs.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  Definition spec_vector_offset : den -> Prop := unary K vector_of.
  Definition spec_vector_pstate (d : den) : Prop := forall pstate sctlr, in_ty U64 pstate -> in_ty U64 sctlr ->
    exists p, vector_state pstate sctlr p /\ computes K d [pstate; sctlr] p.

  Definition spec_stage2_fault : den -> Prop := unary K (fun esr => bz (is_stage2_fault esr)).
  Definition spec_size_mask (d : den) : Prop := forall n, in_ty U64 n -> computes K d [n] (2 ^ (8 * access_bytes n) - 1).
  Definition spec_load_value (d : den) : Prop := forall raw n sext sf, in_ty U64 raw -> in_ty U64 n ->
    computes K d [raw; n; sext; sf] (loaded raw (access_bytes n) sext sf).

  Definition spec_lr_count : den -> Prop := unary K lrs.
  Definition spec_ap_count : den -> Prop := unary K aps.
  Definition spec_lr_allowed (d : den) : Prop := forall v, in_ty U64 v ->
    exists r, in_ty U64 r /\ lr_safe v r /\ computes K d [v] r.

  (** [read] is bit 0 of the syndrome, [reg] the rest of what names the register. *)
  Definition spec_is_kserv_reg (d : den) : Prop := forall esr, in_ty U64 esr ->
    computes K d [Z.land esr 0x3ffc1e; Z.land esr 1] (bz (kserv_emulates esr)).
  Definition spec_sysreg_who (d : den) : Prop := forall esr, in_ty U64 esr -> computes K d [esr] (code (who_answers esr)).

  Definition spec_vcpu_by_mpidr (d : den) : Prop := forall m, in_ty U64 m -> computes K d [m] (Z.min 16 (affinity m)).
  Definition spec_psci_features (d : den) : Prop := forall f, in_ty U64 f ->
    computes K d [f] (if existsb (Z.eqb f) guest_functions then 0 else NOT_SUPPORTED).
  Definition spec_smc_plain (d : den) : Prop := forall f, in_ty U64 f ->
    computes K d [f] (bz (existsb (Z.eqb f) Cpu.questions)).
  Definition spec_smc_known (d : den) : Prop := forall f, in_ty U64 f ->
    computes K d [f] (bz (existsb (Z.eqb f) (Cpu.questions ++ host_functions))).
  (** A range of whole pages below 2^40 that is not empty. *)
  Definition spec_range_ok (d : den) : Prop := forall base top, in_ty U64 base -> in_ty U64 top ->
    computes K d [base; top] (bz ((base mod 4096 =? 0) && (top mod 4096 =? 0) && (base <? top) && (top <=? 2 ^ 40))).
End Specs.
