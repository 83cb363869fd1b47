(** * What KServ is told about a protected VM: the list of all flows that are meant

    Words: while KCore serves a vCPU of a protected VM, whatever it writes into that vCPU's run page, which KServ reaches,
    is a word of this list: [exposed c w i x] says that the word [i] may become [x] in the world [w], in which the
    vCPU is on CPU [c] and stopped at the instruction that trapped.  The contract of [pg_set] (Events.v) asks for
    it, at each single store.  (docs/abi.md, "Running", says the same to the author of a KServ.)

    And the content of a page, if the vCPU asks for it to be shared, and then only: [disclosed], which the contract of
    [page_copy] asks for.  It goes into a page of KServ's, which may be lent to other VMs.

    The registers are those of the trap: "reg.esr" and its kin, and the general registers, which the vectors have
    saved in the vCPU's context page. *)
From Coq Require Import ZArith List String.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Cpu.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Exposed.
  Variables (c : Z) (w : world).

  Definition syndrome : Z := reg_of w c "esr" [].
  Definition x_reg (n : Z) : Z :=
    if n <? 31 then word w (wrap U64 (w_mem w (obj "pcpu.cur_ctx" [c]))) n else 0.
  (** And they are those of a protected vCPU that this CPU has loaded, and which is on. *)
  Definition current : Prop := exists h i, token w h i = c + 1 /\ vcpu_on w h i /\ protected w h /\
    wrap U64 (w_mem w (obj "pcpu.cur_ctx" [c])) = vcpu_ctx w h i.

  (** ** The syndrome (ESR_EL2), cut down *)
  Definition class : Z := syndrome / 2 ^ 26 mod 64.
  Definition kept (m : Z) : Z := Z.land syndrome m.
  Definition CLASS := 0xfe000000.                  (* the class and the length of the instruction *)
  Definition WFX := 0x01.
  Definition HVC := 0x16. Definition SMC := 0x17.
  Definition SYSREG := 0x18.
  Definition FETCH := 0x20. Definition DATA := 0x24.

  Definition valid : Prop := Z.testbit syndrome 24 = true.       (* size, register and direction are there *)
  Definition stores : Prop := Z.testbit syndrome 6 = true.
  Definition bytes : Z := 2 ^ (syndrome / 2 ^ 22 mod 4).
  Definition data_reg : Z := syndrome / 2 ^ 16 mod 32.

  Inductive shown_syndrome : Z -> Prop :=
  | the_class : shown_syndrome (kept CLASS)                       (* an SError *)
  | wait : class = WFX -> shown_syndrome (kept (CLASS + 1))       (* WFI or WFE *)
  | standby : class = HVC \/ class = SMC -> shown_syndrome 0x06000000         (* CPU_SUSPEND: told as a WFI *)
  | page_wanted : class = FETCH -> shown_syndrome (kept (CLASS + 0x3f))       (* the fault status *)
  | data_wanted : class = DATA -> shown_syndrome (kept (CLASS + 0x7f))        (* and: read or write *)
  | call_wants_page : class = HVC \/ class = SMC -> shown_syndrome 0x92000047  (* told as a store that faulted *)
  | device : class = DATA -> valid ->                             (* size and direction, not which register *)
      shown_syndrome (Z.lor 0x93008007 (kept 0xc00040))
  | register : class = SYSREG -> shown_syndrome (Z.lor 0x62000000 (kept 0x3ffc1f)).  (* which one, and direction *)

  (** System registers that KServ emulates: what is written to them. *)
  Definition to_emulate : list Z :=
    [0x3a3016; 0x3c3016; 0x3e3016; 0x323016;      (* ICC_SGI1R, ICC_ASGI1R, ICC_SGI0R, ICC_DIR *)
     0x30f804; 0x32f804; 0x34f804].               (* CNTP_TVAL, CNTP_CTL, CNTP_CVAL *)

  (** ** The address *)
  Definition page_of (a : Z) : Z := a / 4096 mod 2 ^ 40.
  Definition calls : Prop := current /\ (class = HVC \/ class = SMC).
  Inductive shown_page : Z -> Prop :=
  | of_fault : shown_page (reg_of w c "hpfar" [] / 16 mod 2 ^ 40)
  | of_walk p : class = FETCH \/ class = DATA -> syndrome / 4 mod 16 = 3 ->   (* a permission fault: HPFAR_EL2 does not *)
      0 <= p < 2 ^ 40 -> shown_page p                                        (* say, stage 1 was walked again *)
  | of_call : calls -> shown_page (page_of (x_reg 1)).

  (** ** The calls of a guest *)
  Definition call : Z := x_reg 0 mod 2 ^ 32.
  Definition IPA_STATE_SET := 0xc4000197.
  Definition MEM_SHARE := 0xc6000003.
  Definition ONE_PAGE := [MEM_SHARE; 0xc6000004].   (* and MEM_UNSHARE *)
  Definition CPU_ON := [0x84000003; 0xc4000003].

  (** ** The list *)
  Inductive exposed : Z -> Z -> Prop :=
  (* the exit itself: interrupt, SError, trap, illegal state, KServ owes a table, CPU_ON, CPU_OFF, SYSTEM_OFF,
     SYSTEM_RESET, shared, not shared any more, KServ owes a page for what is shared *)
  | ex_exit x : In x [0; 1; 2; 3; 16; 17; 18; 19; 20; 21; 22; 23] -> exposed 256 x
  | ex_esr x : shown_syndrome x -> exposed 257 x
  | ex_far x : x = 0 \/ class = DATA /\ valid /\ x = reg_of w c "far" [] mod 4096 -> exposed 258 x
  | ex_page p : shown_page p -> exposed 259 (16 * p)
  | ex_fault x : 0 <= x <= 3 -> exposed 260 x                     (* none; a page is missing, private or shared; device *)
  (* the one value: nothing; what is stored to a device, cut to its size; what is written to a register; the vCPU
     that is on now; the first page whose state has changed *)
  | ex_nothing : exposed 0 0
  | ex_store : current -> class = DATA -> valid -> stores -> exposed 0 (x_reg data_reg mod 2 ^ (8 * bytes))
  | ex_register : current -> class = SYSREG -> In (kept 0x3ffc1e) to_emulate -> kept 1 = 0 ->
      exposed 0 (x_reg (syndrome / 32 mod 32))
  | ex_cpu : calls -> In call CPU_ON -> exposed 0 (x_reg 1 mod 16)
  | ex_from : calls -> call = IPA_STATE_SET -> exposed 0 (x_reg 1 / 4096)
  | ex_count n : calls -> call = IPA_STATE_SET ->      (* how many pages: of those asked for *)
      0 < n -> x_reg 1 / 4096 + n <= x_reg 2 / 4096 -> exposed 1 n
  | ex_from_one : calls -> In call ONE_PAGE -> exposed 0 (x_reg 1 / 4096)
  | ex_one : calls -> In call ONE_PAGE -> exposed 1 1
  (* the virtual CPU interface, which is KServ's by design *)
  | ex_vgic_hcr : exposed 288 (reg_of w c "ich_hcr" [])
  | ex_vgic_vmcr : exposed 289 (reg_of w c "ich_vmcr" [])
  | ex_vgic_ap g n : 0 <= g < 2 -> 0 <= n < 4 -> exposed (292 + 4 * g + n) (reg_of w c "ich_ap" [g; n])
  | ex_vgic_lr n : 0 <= n < 16 -> exposed (304 + n) (reg_of w c "ich_lr" [n]).

  (** ** The content of a page
      Not a word of the run page, but 4 KiB into a page of KServ's (the contract of [page_copy]): of the private page that
      the call of the vCPU names, and only while it asks for this page to be shared. *)
  Definition disclosed (p : Z) : Prop := exists h i,
    token w h i = c + 1 /\ vcpu_on w h i /\ protected w h /\ wrap U64 (w_mem w (obj "pcpu.cur_ctx" [c])) = vcpu_ctx w h i /\
    (class = HVC \/ class = SMC) /\ call = MEM_SHARE /\
    kind (state w p) = PG_VM /\ handle (state w p) = h /\ arg (state w p) = x_reg 1 / 4096.
End Exposed.
