/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs and exits of vCPUs; what a protected guest is answered. */
#include "cpu.h"

static void run_and_exit(void)
{
	u64 h = loaded_vm(KC_VM_PROTECTED);
	u32 i;

	EQ(hvc(0, KC_VCPU_LOAD, h, 0, 0, 0), KC_EBUSY);
	EQ(hvc(1, KC_VCPU_LOAD, h, 0, 0, 0), KC_EBUSY);
	EQ(hvc(1, KC_VCPU_RUN, 0, 0, 0, 0), KC_ENOENT);
	EQ(hvc(1, KC_VCPU_LOAD, h, 1, 0, 0), KC_OK);
	EQ(hvc(1, KC_VCPU_RUN, 0, 0, 0, 0), KC_ESTATE); /* off */
	EQ(hvc(1, KC_VCPU_PUT, 0, 0, 0, 0), KC_OK);
	run();
	EQ(c0->elr, ENTRY);
	EQ(vms[h].state, VM_SEALED);
	for (i = 5; i < 31; i++)
		EQ(c0->x[i], 0); /* nothing of KServ's */
	/* Exit kinds: interrupt, SError, WFI, page fault; each with the registers as they were. */
	for (i = 0; i < 5; i++) {
		u64 far = SECRET + 0x123456;
		u32 j;

		fill_guest();
		switch (i) {
		case 0:
			CHECK(fake_trap(0, 1, 0, far, 0));
			exited(KC_EXIT_IRQ);
			break;
		case 1:
			CHECK(fake_trap(0, 2, ESR(0x2ful) | 0x1234, far, 0));
			exited(KC_EXIT_SERROR);
			EQ(run_word(RUN_ESR), ESR(0x2ful));
			break;
		case 2:
			CHECK(fake_trap(0, 0, ESR(EC_WFX) | (0x1ful << 20) | 1, far, 0));
			exited(KC_EXIT_TRAP);
			EQ(run_word(RUN_X(0)), 0);
			EQ(run_word(RUN_ESR), ESR(EC_WFX) | 1);
			break;
		case 3:
			CHECK(fake_trap(0, 0, DATA(3ul, 9) | ESR_WNR, far, IPA << 4));
			exited(KC_EXIT_TRAP);
			EQ(run_word(RUN_FAULT), KC_FAULT_PRIVATE);
			EQ(run_word(RUN_HPFAR), IPA << 4);
			EQ(run_word(RUN_ESR), ESR(EC_DABT_LOW) | ESR_WNR | 7);
			EQ(run_word(RUN_FAR), 0);
			break;
		default:
			CHECK(fake_trap(0, 0, ESR(EC_IABT_LOW) | 7, far, (IPA + 3) << 4));
			exited(KC_EXIT_TRAP);
			EQ(run_word(RUN_ESR), ESR(EC_IABT_LOW) | 7);
		}
		/* Nothing that KServ writes into the run page reaches a register. */
		for (j = 0; j < 128; j++)
			answer(j, PENDING(j));
		run();
		for (j = 0; j < 31; j++)
			EQ(c0->x[j], SECRET + j);
		EQ(c0->sys[CTX_TTBR0], SECRET + CTX_TTBR0);
		EQ(c0->elr, ENTRY + (i == 2 ? 4 : 0));
		EQ(c0->spsr, PSTATE_EL1H);
	}
}

static void mmio(void)
{
	static const u64 want[4][2][2] = {
		/* [size][sign extend][64 bits] */
		{{0x89, 0x89}, {0xffffff89, 0xffffffffffffff89}},
		{{0xab89, 0xab89}, {0xffffab89, 0xffffffffffffab89}},
		{{0x8123ab89, 0x8123ab89}, {0x8123ab89, 0xffffffff8123ab89}},
		{{0x8123ab89, 0xf00000008123ab89}, {0x8123ab89, 0xf00000008123ab89}},
	};
	u32 n;

	loaded_vm(KC_VM_PROTECTED);
	answer(RUN_FLAGS, 0);
	run();
	for (n = 0; n < 16 * 32; n++) {
		u64 size = n & 3;
		u64 sext = (n >> 2) & 1;
		u64 sf = (n >> 3) & 1;
		u64 rt = n >> 4;
		u32 i;

		fill_guest();
		CHECK(fake_trap(0, 0, DATA(size, rt) | sext << 21 | sf << 15, SECRET + 0x8,
				MMIO >> 8));
		exited(KC_EXIT_TRAP);
		EQ(run_word(RUN_FAULT), KC_FAULT_MMIO);
		EQ(run_word(RUN_ESR), ESR(EC_DABT_LOW) | ESR_ISV | (size << 22) | (1ul << 15) | 7);
		EQ(run_word(RUN_HPFAR), MMIO >> 8);
		EQ(run_word(RUN_FAR), 8);
		EQ(run_word(RUN_X(0)), 0);
		answer(RUN_X(0), 0xf00000008123ab89);
		run();
		for (i = 0; i < 31; i++)
			EQ(c0->x[i], i == rt ? want[size][sext][sf] : SECRET + i);
		EQ(c0->elr, ENTRY + 4);
	}
	/* A store shows as many bytes as it has. */
	fill_guest();
	c0->x[7] = 0x1122334455667788;
	CHECK(fake_trap(0, 0, DATA(1ul, 7) | ESR_WNR, 0, MMIO >> 8));
	exited(KC_EXIT_TRAP);
	EQ(run_word(RUN_X(0)), 0x7788);
	answer(RUN_X(0), PENDING(0));
	run();
	EQ(c0->x[7], 0x1122334455667788);
	EQ(c0->x[0], SECRET);
	EQ(c0->elr, ENTRY + 4);
	/* The answer may be an abort: at EL1, with the guest's own address. */
	fill_guest();
	CHECK(fake_trap(0, 0, DATA(2ul, 3), SECRET + 0x10, MMIO >> 8));
	exited(KC_EXIT_TRAP);
	answer(RUN_FLAGS, KC_RUN_MMIO_ABORT);
	run();
	EQ(c0->elr, 0x80200);
	EQ(c0->sys[CTX_FAR], SECRET + 0x10);
	EQ(c0->sys[CTX_ELR_EL1], ENTRY);
	EQ(c0->sys[CTX_ESR], ESR(EC_DABT_CUR) | 0x10);
	EQ(c0->x[3], SECRET + 3);
	/* Without a syndrome it is an abort too, and no exit. */
	fill_guest();
	CHECK(fake_trap(0, 0, ESR(EC_DABT_LOW) | 7, SECRET, MMIO >> 8));
	EQ(pcpu[0].in_guest, 1);
	EQ(c0->elr, 0x80200);
}

static void normal_vm(void)
{
	u64 h = loaded_vm(0);
	u64 r = vcpus[h][0].run_pfn;
	u32 i;

	answer(RUN_HCR, ~0ul);
	run();
	EQ(c0->hcr, HCR_GUEST | HCR_TID2 | KC_HCR_TWI | KC_HCR_TWE | KC_HCR_TVM | KC_HCR_TRVM |
			    KC_HCR_VSE | KC_HCR_VI | KC_HCR_VF);
	fill_guest();
	CHECK(fake_trap(0, 0, DATA(2ul, 3), 0xabc123, 0x1234 << 4));
	exited(KC_EXIT_TRAP);
	for (i = 0; i < 31; i++)
		EQ(fake_word(r, CTX_X(i)), SECRET + i);
	EQ(fake_word(r, CTX_TTBR0), SECRET + CTX_TTBR0);
	EQ(fake_word(r, CTX_PC), ENTRY);
	EQ(fake_word(r, RUN_ESR), DATA(2ul, 3));
	EQ(fake_word(r, RUN_FAR), 0xabc123);
	EQ(fake_word(r, RUN_HPFAR), 0x1234 << 4);
	EQ(fake_word(r, RUN_FP_USED), 0);
	/* PSTATE: every mode that is not EL0 or EL1, or AArch32 but user mode. */
	for (i = 0; i < 32; i++) {
		answer(CTX_PSTATE, i | (u64)i << 32);
		if (i == 0 || i == 4 || i == 5 || i == 16) {
			run();
			CHECK(fake_trap(0, 1, 0, 0, 0));
			exited(KC_EXIT_IRQ);
		} else {
			EQ(hvc(0, KC_VCPU_RUN, 0, 0, 0, 0), KC_ESTATE);
			EQ(pcpu[0].in_guest, 0);
		}
	}
}

static void fp(u64 flags)
{
	u64 h = loaded_vm(flags);
	u64 ctx = vcpus[h][0].ctx_pfn;
	u32 i;

	run();
	CHECK(c0->cptr & CPTR_TFP);
	CHECK(fake_trap(0, 0, ESR(EC_FP), 0, 0));
	EQ(c0->cptr, CPTR_GUEST);
	EQ(pcpu[0].fp_live, 1);
	fill_guest();
	CHECK(fake_trap(0, 1, 0, 0, 0));
	exited(KC_EXIT_IRQ);
	if (!flags)
		EQ(run_word(RUN_FP_USED), 1);
	for (i = CTX_V(0); i < 128; i++)
		EQ(fake_word(ctx, i), SECRET + i);
	/* Not touched in this run: neither loaded nor written back. */
	run();
	fill_guest();
	EQ(c0->sys[CTX_V(3)], 0);
	CHECK(fake_trap(0, 1, 0, 0, 0));
	exited(KC_EXIT_IRQ);
	if (!flags)
		EQ(run_word(RUN_FP_USED), 0);
	EQ(fake_word(ctx, CTX_V(3)), SECRET + CTX_V(3));
	run();
	CHECK(fake_trap(0, 0, ESR(EC_FP), 0, 0));
	EQ(c0->sys[CTX_V(31) + 1], SECRET + CTX_V(31) + 1);
	EQ(c0->sys[CTX_FPCR], SECRET + CTX_FPCR);
}

static void fp_normal(void)
{
	fp(0);
}

static void fp_protected(void)
{
	fp(KC_VM_PROTECTED);
}

static void psci(void)
{
	u64 h = loaded_vm(KC_VM_PROTECTED);

	run();
	/* An SMC traps on the instruction, an HVC behind it. */
	c0->elr = ENTRY;
	c0->x[0] = PSCI_VERSION;
	CHECK(fake_trap(0, 0, ESR(EC_SMC64), 0, 0));
	EQ(c0->x[0], 0x10001);
	EQ(c0->elr, ENTRY + 4);
	call(PSCI_VERSION, 0, 0, 0);
	EQ(c0->elr, ENTRY + 4);
	call(PSCI_VERSION, 0, 0, 0);
	EQ(c0->x[0], 0x10001);
	call(0x84000050, 0, 0, 0);
	EQ(c0->x[0], PSCI_NOT_SUPPORTED);
	call(PSCI_FEATURES, PSCI_CPU_ON | PSCI_64, 0, 0);
	EQ(c0->x[0], PSCI_SUCCESS);
	call(PSCI_AFFINITY_INFO, 1, 0, 0);
	EQ(c0->x[0], 1);
	call(PSCI_AFFINITY_INFO, 2, 0, 0);
	EQ(c0->x[0], PSCI_INVALID_PARAMETERS);
	call(PSCI_AFFINITY_INFO, 0, 1, 0);
	EQ(c0->x[0], PSCI_INVALID_PARAMETERS);
	call(PSCI_CPU_ON, 0, 0x1000, 7);
	EQ(c0->x[0], PSCI_ALREADY_ON);
	call(PSCI_CPU_ON, 0x100, 0x1000, 7);
	EQ(c0->x[0], PSCI_INVALID_PARAMETERS);
	call(PSCI_CPU_ON | PSCI_64, 1, 0x1000, 7);
	exited(KC_EXIT_CPU_ON);
	EQ(run_word(RUN_X(0)), 1);
	EQ(fake_word(vcpus[h][1].ctx_pfn, CTX_PC), 0x1000);
	EQ(fake_word(vcpus[h][1].ctx_pfn, CTX_X(0)), 7);
	EQ(hvc(1, KC_VCPU_LOAD, h, 1, 0, 0), KC_OK);
	fake_cpu[1].x[0] = KC_VCPU_RUN;
	CHECK(fake_trap(1, 0, ESR(EC_HVC64), 0, 0));
	EQ(fake_cpu[1].elr, 0x1000);
	EQ(fake_cpu[1].x[0], 7);
	run();
	EQ(c0->x[0], PSCI_SUCCESS);
	call(PSCI_AFFINITY_INFO, 1, 0, 0);
	EQ(c0->x[0], 0);
	/* The other CPU turns its vCPU off: it runs no more; turned on again it finds nothing old. */
	fake_cpu[1].x[5] = SECRET;
	fake_cpu[1].x[0] = PSCI_CPU_OFF;
	CHECK(fake_trap(1, 0, ESR(EC_HVC64), 0, 0));
	EQ(fake_cpu[1].x[1], KC_EXIT_OFF);
	EQ(hvc(1, KC_VCPU_RUN, 0, 0, 0, 0), KC_ESTATE);
	call(PSCI_AFFINITY_INFO | PSCI_64, 1, 0, 0);
	EQ(c0->x[0], 1);
	EQ(fake_word(vcpus[h][1].ctx_pfn, CTX_X(5)), SECRET);
	call(PSCI_CPU_ON | PSCI_64, 1, 0x2000, 8);
	exited(KC_EXIT_CPU_ON);
	EQ(fake_word(vcpus[h][1].ctx_pfn, CTX_X(5)), 0);
	EQ(fake_word(vcpus[h][1].ctx_pfn, CTX_PC), 0x2000);
	run();
	call(PSCI_SYSTEM_OFF, 0, 0, 0);
	exited(KC_EXIT_SYSOFF);
	run();
	call(PSCI_SYSTEM_RESET, 0, 0, 0);
	exited(KC_EXIT_RESET);
	EQ(fake_smc_n, 0); /* nothing of it is for the firmware */
}

static void rsi(void)
{
	u64 h = loaded_vm(KC_VM_PROTECTED);
	u64 v;

	EQ(hvc(0, KC_DONATE, h, IPA, host_page(), 0), KC_OK);
	run();
	call(RSI_VERSION, RSI_ABI, 0, 0);
	EQ(c0->x[0], RSI_SUCCESS);
	EQ(c0->x[1], RSI_ABI);
	call(RSI_VERSION, 0x20000, 0, 0);
	EQ(c0->x[0], RSI_ERROR_INPUT);
	call(RSI_REALM_CONFIG, IPA << 12, 0, 0);
	EQ(c0->x[0], RSI_SUCCESS);
	CHECK(fake_guest_load(h, IPA, 0, &v));
	EQ(v, RSI_IPA_BITS_NO_ALIAS);
	call(RSI_REALM_CONFIG, (IPA << 12) + 8, 0, 0);
	EQ(c0->x[0], RSI_ERROR_INPUT);
	call(RSI_REALM_CONFIG, MMIO, 0, 0);
	EQ(c0->x[0], RSI_ERROR_INPUT);
	c0->elr = ENTRY + 4;
	answer(RUN_X(0), 7);
	call(RSI_REALM_CONFIG, (IPA + 1) << 12, 0, 0);
	exited(KC_EXIT_TRAP);
	EQ(run_word(RUN_X(0)), 0);
	EQ(run_word(RUN_FAULT), KC_FAULT_PRIVATE);
	EQ(run_word(RUN_HPFAR), (IPA + 1) << 4);
	run();
	EQ(c0->elr, ENTRY); /* the call again */
	call(RSI_IPA_STATE_GET, IPA << 12, (IPA + 8) << 12, 0);
	EQ(c0->x[0], RSI_SUCCESS);
	EQ(c0->x[2], RSI_RAM);
	call(RSI_IPA_STATE_SET, IPA << 12, (IPA + 2) << 12, RSI_EMPTY);
	exited(KC_EXIT_SHARE);
	EQ(run_word(RUN_X(0)), IPA);
	EQ(run_word(RUN_X(1)), 2);
	run();
	EQ(c0->x[1], (IPA + 2) << 12);
	call(RSI_IPA_STATE_GET, IPA << 12, (IPA + 8) << 12, 0);
	EQ(c0->x[1], (IPA + 2) << 12);
	EQ(c0->x[2], RSI_EMPTY);
	call(RSI_IPA_STATE_SET, IPA << 12, (IPA + 1) << 12, RSI_RAM);
	exited(KC_EXIT_UNSHARE);
	run();
	call(RSI_IPA_STATE_SET, (IPA + 1) << 12, IPA << 12, RSI_RAM);
	EQ(c0->x[0], RSI_ERROR_INPUT);
	call(RSI_IPA_STATE_SET, IPA << 12, (IPA + 1) << 12, 2);
	EQ(c0->x[0], RSI_ERROR_INPUT);
	call(RSI_IPA_STATE_SET, 0, 1ul << 41, RSI_RAM);
	EQ(c0->x[0], RSI_ERROR_INPUT);
	call(RSI_IPA_STATE_SET, (IPA + 3) << 12, 1ul << 41, RSI_RAM);
	EQ(c0->x[0], RSI_ERROR_INPUT);
	call(RSI_IPA_STATE_SET, (IPA << 12) + 8, (IPA + 3) << 12, RSI_RAM);
	EQ(c0->x[0], RSI_ERROR_INPUT);
	call(RSI_IPA_STATE_GET, IPA << 12, (IPA << 12) + 0x1800, 0);
	EQ(c0->x[0], RSI_ERROR_INPUT);
	call(RSI_LAST, 0, 0, 0);
	EQ(c0->x[0], RSI_NOT_SUPPORTED);
}

/* Identification and trapped registers of a protected guest. */
static void sysregs(void)
{
#define READ(op0, op1, crn, crm, op2)                                                              \
	(ESR(EC_SYS64) | (op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | 9 << 5 |          \
	 (crm) << 1 | 1)
	loaded_vm(KC_VM_PROTECTED);
	run();
	fill_guest();
	CHECK(fake_trap(0, 0, READ(3ul, 0ul, 0ul, 4ul, 0ul), 0, 0)); /* PFR0 */
	EQ(c0->x[9], 0x01000012);
	EQ(c0->elr, ENTRY + 4);
	EQ(c0->x[8], SECRET + 8);
	fill_guest();
	CHECK(fake_trap(0, 0, READ(3ul, 0ul, 15ul, 1ul, 0ul), 0, 0)); /* implementation defined */
	EQ(c0->elr, 0x80200);
	EQ(c0->x[9], SECRET + 9);
	fill_guest();
	CHECK(fake_trap(0, 0, READ(3ul, 3ul, 14ul, 2ul, 1ul), 0, 0)); /* CNTP_CTL */
	exited(KC_EXIT_TRAP);
	EQ(run_word(RUN_ESR), READ(3ul, 3ul, 14ul, 2ul, 1ul) & ~(31ul << 5));
	EQ(run_word(RUN_X(0)), 0);
	answer(RUN_X(0), PENDING(1));
	run();
	EQ(c0->x[9], PENDING(1));
	EQ(c0->x[0], SECRET);
	EQ(c0->elr, ENTRY + 4);
	c0->x[9] = 0x1234;
	CHECK(fake_trap(0, 0, READ(3ul, 0ul, 12ul, 11ul, 5ul) & ~1ul, 0, 0)); /* ICC_SGI1R */
	exited(KC_EXIT_TRAP);
	EQ(run_word(RUN_X(0)), 0x1234);
	run();
	EQ(c0->x[9], 0x1234);
}

/* On hardware with every feature: what KCore does not switch is hidden. */
static void ident(void)
{
	start();
	fake_id_ones = 1;
	EQ(ident_read(4, 0) & 0x00f0fff0f000fff0,
	   0x10);                                     /* PFR0: no RAS, SVE, MPAM, AMU, EL2, EL3 */
	EQ(ident_read(4, 1) & ~0xfful, 0);            /* PFR1: no MTE, SME */
	EQ(ident_read(5, 0) & 0xfffffff00, 0);        /* DFR0: no PMU, SPE, trace */
	EQ(ident_read(6, 1) & 0xff000ff0, 0);         /* ISAR1: no pointer authentication */
	EQ(ident_read(7, 0) & 0xff0000000000000f, 2); /* MMFR0: 40 bits, no FGT, ECV */
	EQ(ident_read(7, 1) & 0xf0, 0);               /* MMFR1: no VMID bits to choose */
	EQ(ident_read(4, 4), 0);                      /* ZFR0 */
	fake_id_ones = 0;
}

/* Traps that a protected guest answers itself; KServ hears nothing. */
static void no_exit(void)
{
	u64 h = loaded_vm(KC_VM_PROTECTED);

	OK(call_donate(h, IPA, host_page(), 0));
	OK(call_force_reclaim(0, h, IPA));
	run();
	fill_guest();
	CHECK(fake_trap(0, 0, ESR(EC_SVE), 0, 0));
	EQ(pcpu[0].in_guest, 1);
	EQ(c0->elr, 0x80200);
	EQ(c0->sys[CTX_ESR], ESR(EC_UNKNOWN));
	fill_guest();
	CHECK(fake_trap(0, 0, DATA(3ul, 9), SECRET, IPA << 4)); /* DESTROYED */
	EQ(pcpu[0].in_guest, 1);
	EQ(c0->sys[CTX_ESR], ESR(EC_DABT_CUR) | 0x10);
	fill_guest();
	CHECK(fake_trap(0, 0, ESR(EC_DABT_LOW) | 0x10, SECRET, 0)); /* not of stage 2 */
	EQ(pcpu[0].in_guest, 1);
	EQ(c0->sys[CTX_ESR], ESR(EC_DABT_CUR) | 0x10);
	fill_guest();
	c0->spsr = PSTATE_EL0T;
	CHECK(fake_trap(0, 0, ESR(EC_IABT_LOW) | ESR_ISV | 7, SECRET,
			MMIO >> 8)); /* a fetch outside RAM */
	EQ(pcpu[0].in_guest, 1);
	EQ(c0->elr, 0x80400);
	EQ(c0->sys[CTX_ESR], ESR(EC_IABT_LOW) | 0x10);
	/* The walk of a permission fault fails: the instruction again. */
	fill_guest();
	c0->walk_fails = 1;
	CHECK(fake_trap(0, 0, ESR(EC_DABT_LOW) | 0xf, SECRET, 0));
	EQ(pcpu[0].in_guest, 1);
	EQ(c0->elr, ENTRY);
	c0->walk_fails = 0;
}

static void normal_walk_fails(void)
{
	loaded_vm(0);
	run();
	fill_guest();
	c0->walk_fails = 1;
	CHECK(fake_trap(0, 0, ESR(EC_DABT_LOW) | 0xf, 0x1000, 0));
	EQ(pcpu[0].in_guest, 1);
	EQ(c0->elr, ENTRY);
}

const struct test tests_cpu[] = {{"cpu: run and exit of a protected vCPU", run_and_exit},
				 {"cpu: MMIO of a protected vCPU", mmio},
				 {"cpu: normal VM, PSTATE", normal_vm},
				 {"cpu: FP registers of a normal vCPU", fp_normal},
				 {"cpu: FP registers of a protected vCPU", fp_protected},
				 {"cpu: PSCI of a guest", psci},
				 {"cpu: realm services", rsi},
				 {"cpu: system registers of a guest", sysregs},
				 {"cpu: identification on other hardware", ident},
				 {"cpu: traps without an exit", no_exit},
				 {"cpu: normal VM, a walk fails", normal_walk_fails},
				 {NULL, NULL}};
