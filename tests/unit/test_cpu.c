/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps: KServ's calls, SMCs and aborts; runs and exits of vCPUs; what a protected guest is answered. */
#include <kcore/control.h>
#include <kcore/host.h>

#include "../../kcore/vcpu/psci.h"
#include "../../kcore/vcpu/rsi.h"
#include "../../kcore/vcpu/vcpu.h"
#include "harness.h"

#define ESR(ec)        (((ec) << 26) | ESR_IL)
#define SECRET         0x5ec2000000000000ul
#define ENTRY          0x40001000ul
#define MMIO           0x9000000ul
#define DATA(size, rt) (ESR(EC_DABT_LOW) | ESR_ISV | ((size) << 22) | ((u64)(rt) << 16) | 7)
#define PENDING(n)     (0x50a0000000000000ul | (n))

static struct fake_cpu *c0 = &fake_cpu[0];
static struct fake_cpu host; /* KServ's registers before the run */

static u64 hvc(u32 cpu, u64 fid, u64 a1, u64 a2, u64 a3, u64 a4)
{
	u64 *x = fake_cpu[cpu].x;

	x[0] = fid;
	x[1] = a1;
	x[2] = a2;
	x[3] = a3;
	x[4] = a4;
	CHECK(fake_trap(cpu, 0, ESR(EC_HVC64), 0, 0));
	return x[0];
}

static u64 smc(u64 fid, u64 a1, u64 a2, u64 a3)
{
	c0->x[0] = fid;
	c0->x[1] = a1;
	c0->x[2] = a2;
	c0->x[3] = a3;
	return fake_trap(0, 0, ESR(EC_SMC64), 0, 0) ? c0->x[0] : 0;
}

/* The guest's own HVC. */
static void call(u64 fid, u64 a1, u64 a2, u64 a3)
{
	c0->x[0] = fid;
	c0->x[1] = a1;
	c0->x[2] = a2;
	c0->x[3] = a3;
	CHECK(fake_trap(0, 0, ESR(EC_HVC64), 0, 0));
}

static void start(void)
{
	fake_boot(4, 2);
	fake_cpus(2);
}

/* A VM with vCPUs 0 and 1, 0 loaded on CPU 0. */
static u64 loaded_vm(u64 flags)
{
	u64 h;
	u64 run;

	start();
	h = make_vm(flags, 8);
	run = host_page();
	CHECK(fake_host_store(run, CTX_PC, ENTRY));
	CHECK(fake_host_store(run, CTX_PSTATE, PSTATE_EL1H));
	EQ(hvc(0, KC_VCPU_CREATE, h, 0, run, flags ? host_page() : KC_NO_PFN), KC_OK);
	make_vcpu(h, 1);
	EQ(hvc(0, KC_VCPU_LOAD, h, 0, 0, 0), KC_OK);
	return h;
}

static void fill_host(void)
{
	u32 i;

	for (i = 0; i < 31; i++)
		c0->x[i] = 0x1057000 + i;
	for (i = CTX_SP_EL0; i < CTX_ACTLR; i++)
		c0->sys[i] = 0x1057500 + i;
	for (i = CTX_FPSR; i < 128; i++)
		c0->sys[i] = 0;
	c0->pmu = 5;
}

static void run(void)
{
	fill_host();
	host = *c0;
	c0->x[0] = KC_VCPU_RUN;
	CHECK(fake_trap(0, 0, ESR(EC_HVC64), 0, 0));
	EQ(pcpu[0].in_guest, 1);
}

/* What a guest has in its registers. */
static void fill_guest(void)
{
	u32 i;

	for (i = 0; i < 31; i++)
		c0->x[i] = SECRET + i;
	for (i = CTX_SP_EL0; i < CTX_MPIDR; i++)
		c0->sys[i] = SECRET + i;
	c0->sys[CTX_VBAR] = 0x80000;
	c0->elr = ENTRY;
	c0->spsr = PSTATE_EL1H;
	if (pcpu[0].fp_live)
		for (i = CTX_FPSR; i < 128; i++)
			c0->sys[i] = SECRET + i;
}

/* The CPU is KServ's again, with KServ's registers; the exit is code; the run page has no secret. */
static void exited(u64 code)
{
	u64 r = vcpus[pcpu[0].vm][pcpu[0].vcpu].run_pfn;
	u32 i;

	EQ(pcpu[0].in_guest, 0);
	EQ(c0->x[0], KC_OK);
	EQ(c0->x[1], code);
	EQ(fake_word(r, RUN_EXIT), code);
	for (i = 2; i < 31; i++)
		EQ(c0->x[i], host.x[i]);
	for (i = CTX_SP_EL0; i < CTX_ACTLR; i++)
		EQ(c0->sys[i], host.sys[i]);
	for (i = CTX_FPSR; i < 128; i++)
		EQ(c0->sys[i], 0);
	EQ(c0->elr, host.elr);
	EQ(c0->spsr, host.spsr);
	EQ(c0->pmu, 5);
	for (i = 0; vms[pcpu[0].vm].is_protected && i < 512; i++)
		CHECK(fake_word(r, i) >> 48 != SECRET >> 48);
	mm_audit();
}

static u64 run_word(u64 idx)
{
	return fake_word(vcpus[pcpu[0].vm][0].run_pfn, idx);
}

static void answer(u64 idx, u64 v)
{
	CHECK(fake_host_store(vcpus[pcpu[0].vm][0].run_pfn, idx, v));
}

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
	EQ(c0->hcr, HCR_GUEST | KC_HCR_TWI | KC_HCR_TWE | KC_HCR_TVM | KC_HCR_TRVM | KC_HCR_VSE |
			    KC_HCR_VI | KC_HCR_VF);
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

/* The ids that reach EL3, whatever the arguments; the CPU or the machine ends with some. */
static const u64 allowed[] = {
	SMCCC_VERSION,
	SMCCC_WORKAROUND_3,
	SMCCC_WORKAROUND_2,
	SMCCC_WORKAROUND_1,
	PSCI_VERSION,
	PSCI_CPU_SUSPEND,
	PSCI_CPU_OFF,
	PSCI_CPU_ON,
	PSCI_AFFINITY_INFO,
	PSCI_MIGRATE_INFO_TYPE,
	PSCI_SYSTEM_OFF,
	PSCI_SYSTEM_RESET,
	PSCI_SYSTEM_RESET2,
	PSCI_CPU_SUSPEND | PSCI_64,
	PSCI_CPU_ON | PSCI_64,
	PSCI_AFFINITY_INFO | PSCI_64,
	PSCI_SYSTEM_RESET2 | PSCI_64,
};

static u32 is_allowed(u64 fid)
{
	u32 i;

	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (allowed[i] == fid)
			return 1;
	return 0;
}

/* Undo the end of the CPU or of the machine. */
static void revive(void)
{
	extern void spin_unlock(u32 id);

	c0->halted = 0;
	going_down = 0;
	if (fake_locked())
		spin_unlock(0);
	memset(cpu_boot, 0, sizeof(cpu_boot));
	cpu_boot[0].wanted = 1;
	fake_cpu_start(0);
}

static void smc_table(void)
{
	static const u64 ranges[] = {0x80000000, 0x84000000, 0xc0000000, 0xc4000000};
	u64 r;
	u64 n;
	u64 fid;

	start();
	for (r = 0; r < 4; r++) {
		for (n = 0; n < 0x10000; n++) {
			fid = ranges[r] | n;
			fake_smc_n = 0;
			smc(fid, 1, 0, 0);
			if (fake_smc_n != is_allowed(fid))
				fake_fail("SMC 0x%lx: forwarded %lu times", fid, fake_smc_n);
			if (fid == PSCI_CPU_OFF)
				EQ(fake_smc[0].x[1], 0);
			if (fake_smc_n)
				EQ(fake_smc[0].x[0], fid);
			else
				EQ(c0->x[0], PSCI_NOT_SUPPORTED);
			if (fake_smc_n)
				revive();
		}
	}
	/* Other owners, yielding calls. */
	fake_smc_n = 0;
	for (r = 0; r < 256; r++)
		for (n = 0; (r & 0xbf) != 0x80 && (r & 0xbf) != 0x84 && n < 0x100; n++)
			EQ(smc(r << 24 | n, 1, 0, 0), PSCI_NOT_SUPPORTED);
	EQ(fake_smc_n, 0);
	/* Features of these only; a question about another id is not asked. */
	for (n = 0; n < 0x100; n++) {
		fid = 0x84000000 | n;
		fake_smc_n = 0;
		smc(PSCI_FEATURES, fid, 0, 0);
		smc(SMCCC_ARCH_FEATURES, fid, 0, 0);
		EQ(fake_smc_n, is_allowed(fid) || fid == PSCI_FEATURES ? 2 : 0);
	}
}

static void smc_cpus(void)
{
	u64 h;

	start();
	c0->elr = 0x1000;
	EQ(smc(PSCI_VERSION | 1ul << 32, 0, 0, 0), 0x10001);
	EQ(c0->elr, 0x1004);
	fake_smc_n = 0;
	EQ(smc(PSCI_CPU_ON | PSCI_64, 1, 0x40300000, 77), PSCI_SUCCESS);
	EQ(fake_smc[0].x[1], 1);
	EQ(fake_smc[0].x[2], 0x40080000); /* KCore's entry, never KServ's */
	EQ(fake_smc[0].x[3], 1);
	EQ(smc(PSCI_CPU_ON | PSCI_64, 1, 0x40400000, 78), PSCI_ON_PENDING);
	fake_cpu_start(1);
	EQ(fake_cpu[1].elr, 0x40300000);
	EQ(fake_cpu[1].x[0], 77);
	EQ(fake_cpu[1].spsr, PSTATE_RESET);
	EQ(fake_cpu[1].mdcr, 6);
	EQ(fake_cpu[1].sys[CTX_SCTLR], SCTLR_RESET);
	/* Started again: nothing of its old registers. */
	fake_cpu[1].x[5] = 7;
	EQ(hvc(1, KC_VERSION, 0, 0, 0, 0), KC_OK);
	EQ(fake_cpu[1].x[5], 7);
	EQ(smc(PSCI_CPU_ON | PSCI_64, 1, 0x40300000, 77), PSCI_SUCCESS);
	fake_cpu_start(1);
	EQ(fake_cpu[1].x[5], 0);
	EQ(smc(PSCI_CPU_ON, 2, 0x40300000, 0), PSCI_INVALID_PARAMETERS);
	EQ(smc(PSCI_CPU_ON, 1, 0x40300002, 0), PSCI_INVALID_PARAMETERS);
	fake_smc_result = PSCI_ALREADY_ON;
	EQ(smc(PSCI_CPU_ON, 1, 0x40300000, 0), PSCI_ALREADY_ON);
	EQ(cpu_boot[1].wanted, 0);
	fake_smc_result = PSCI_SUCCESS;
	EQ(smc(PSCI_CPU_SUSPEND, 0, 0x40300000, 5), PSCI_SUCCESS);
	EQ(fake_smc[(fake_smc_n - 1) % 64].x[2], 0x40080000);
	EQ(smc(PSCI_CPU_SUSPEND, 1ul << 16, 0x40300000, 5), PSCI_SUCCESS);
	EQ(cpu_boot[0].wanted, 0);
	EQ(fake_smc[(fake_smc_n - 1) % 64].x[2], 0x40080000);
	/* Not while a vCPU is loaded. */
	h = make_vm(0, 2);
	make_vcpu(h, 0);
	EQ(hvc(0, KC_VCPU_LOAD, h, 0, 0, 0), KC_OK);
	EQ(smc(PSCI_CPU_OFF, 0, 0, 0), PSCI_DENIED);
	EQ(smc(PSCI_CPU_SUSPEND, 1ul << 16, 0x40300000, 5), PSCI_DENIED);
	/* A start that nobody has asked for. */
	fake_cpu_start(1);
	EQ(fake_cpu[1].halted, 1);
	EQ(fake_cpu[1].elr, 0);
}

/* Memory is scrubbed and locked: firmware that refuses one reset does the other. */
static void smc_reset_refused(void)
{
	start();
	fake_smc_n = 0;
	fake_smc_result = PSCI_NOT_SUPPORTED;
	smc(PSCI_SYSTEM_RESET2, 0, 0, 0);
	EQ(fake_smc_n, 2);
	EQ(fake_smc[1].x[0], PSCI_SYSTEM_RESET);
	EQ(c0->halted, 1);
	fake_smc_result = PSCI_SUCCESS;
	revive();
}

/* The end of the machine: nothing of a VM stays in memory, and the other CPU stops at its next trap. */
static void system_off(void)
{
	u64 h = loaded_vm(KC_VM_PROTECTED);
	u64 ctx = vcpus[h][0].ctx_pfn;
	u64 page = host_page();
	u64 dying;

	CHECK(fake_host_store(page, 3, SECRET));
	EQ(hvc(0, KC_DONATE, h, IPA, page, 0), KC_OK);
	/* The last page of RAM, in the upper half of the address space. */
	OK(call_vm_ram(h, 1ul << 27, 512));
	OK(call_donate(h, 1ul << 27, fake_page(fake_n_pages() - 1), 0));
	/* A VM whose root is KServ's again. */
	dying = make_vm(0, 0);
	OK(call_vm_teardown(dying));
	OK(call_page_reclaim(dying, vms[dying].root));
	run();
	fill_guest();
	fake_cpu[1].x[0] = PSCI_SYSTEM_OFF;
	CHECK(!fake_trap(1, 0, ESR(EC_SMC64), 0, 0));
	EQ(fake_smc_n, 1);
	CHECK(fake_is_zero(page));
	CHECK(!fake_trap(0, 1, 0, 0, 0));
	CHECK(fake_is_zero(ctx));
}

static void stub(void)
{
	u64 n;

	start();
	for (n = 0; n < 5; n++) {
		u64 r = hvc(0, n, 1, 2, 3, 4);

		EQ(r, n == 4 ? 0 : 0xbadca11);
		EQ(c0->x[1], n == 4 ? 0x90000003 : 1);
		EQ(c0->x[2], 2);
	}
	EQ(hvc(0, 5, 0, 0, 0, 0), KC_ENOSYS);
	EQ(hvc(0, KC_FN(KC_FN_COUNT), 0, 0, 0, 0), KC_ENOSYS);
	EQ(hvc(0, KC_VERSION, 0, 0, 0, 0), KC_OK);
	EQ(c0->x[1], 0x10000);
	EQ(c0->x[3], KC_MAGIC);
	EQ(hvc(0, KC_VERSION | 1ul << 32, 0, 0, 0, 0), KC_ENOSYS);
	/* Results are this call's; a refused call has none. */
	EQ(hvc(0, KC_SET_CNTVOFF, 0, 2, 3, 4), KC_OK);
	EQ(c0->x[1], 0);
	EQ(hvc(0, KC_VM_FLUSH, 200, 2, 3, 4), KC_ENOENT);
	EQ(c0->x[1], 200);
}

/* A VM's life by KServ's own calls: each argument in its register. */
static void every_call(void)
{
	u64 root;
	u64 page;
	u64 run_pfn;
	u64 h;

	start();
	root = host_pages(2);
	EQ(hvc(0, KC_VM_CREATE, KC_VM_PROTECTED, root, 0, 0), KC_OK);
	h = c0->x[1];
	EQ(hvc(0, KC_VM_RAM, h, IPA, 512, 0), KC_OK);
	EQ(hvc(0, KC_VM_TABLE, h, host_page(), 0, 0), KC_OK);
	EQ(hvc(0, KC_VM_TABLE, h, host_page(), 0, 0), KC_OK);
	run_pfn = host_page();
	CHECK(fake_host_store(run_pfn, RUN_VGIC_VMCR, 0x77));
	EQ(hvc(0, KC_VCPU_CREATE, h, 0, run_pfn, host_page()), KC_OK);
	page = host_page();
	EQ(hvc(0, KC_DONATE, h, IPA + 7, page, 0), KC_OK);
	EQ(fake_meta(page), PG_VM | h << 4 | (IPA + 7) << 20);
	EQ(hvc(0, KC_VCPU_LOAD, h, 0, 0, 0), KC_OK);
	EQ(c0->ich_vmcr, 0x77);
	EQ(hvc(0, KC_VM_TEARDOWN, h, 0, 0, 0), KC_EBUSY);
	EQ(hvc(0, KC_VCPU_PUT, 0, 0, 0, 0), KC_OK);
	EQ(c0->ich_vmcr, 0);
	EQ(hvc(0, KC_FORCE_RECLAIM, h, IPA + 7, 0, 0), KC_OK);
	EQ(c0->x[1], page);
	EQ(hvc(0, KC_VM_TEARDOWN, h, 0, 0, 0), KC_OK);
	EQ(hvc(0, KC_UNLEND, h, 0, IPA_PFNS, 0), KC_OK);
	EQ(c0->x[1], IPA_PFNS);
	EQ(hvc(0, KC_PAGE_RECLAIM, h, root, 0, 0), KC_OK);
	EQ(hvc(0, KC_VM_FREE, h, 0, 0, 0), KC_EBUSY);
	EQ(hvc(0, KC_STAT, KC_STAT_VMS, 0, 0, 0), KC_OK);
	EQ(c0->x[1], 1);
	mm_audit();
}

static void host_aborts(void)
{
	u64 h = loaded_vm(KC_VM_PROTECTED);
	u64 page = host_page();
	u64 e = ESR(EC_DABT_LOW) | 7;

	fill_host();
	c0->elr = 0x1000;
	c0->spsr = PSTATE_EL1H;
	CHECK(fake_trap(0, 0, e, 0, page << 4)); /* mapped: a moment's fault, again */
	EQ(c0->elr, 0x1000);
	EQ(hvc(0, KC_DONATE, h, IPA, page, 0), KC_OK);
	CHECK(fake_trap(0, 0, e, 0x77000, page << 4));
	EQ(c0->elr, c0->sys[CTX_VBAR] + 0x200);
	EQ(c0->sys[CTX_ELR_EL1], 0x1000);
	EQ(c0->sys[CTX_FAR], 0x77000);
	EQ(c0->sys[CTX_ESR], ESR(EC_DABT_CUR) | 7 | ESR_S1PTW);
	/* From EL0, and a permission fault, which no retry cures. */
	c0->elr = 0x2000;
	c0->spsr = PSTATE_EL0T;
	page = host_page();
	CHECK(fake_trap(0, 0, ESR(EC_IABT_LOW) | 0xf, page << 12, 0));
	EQ(c0->elr, c0->sys[CTX_VBAR] + 0x400);
	EQ(c0->sys[CTX_ESR], ESR(EC_IABT_LOW) | 0xf | ESR_S1PTW);
	c0->elr = 0x3000;
	c0->walk_fails = 1;
	CHECK(fake_trap(0, 0, ESR(EC_IABT_LOW) | 0xf, page << 12, 0));
	EQ(c0->elr, 0x3000);
	/* A trapped register reads as zero; what is unknown is undefined. */
	c0->x[9] = 9;
	CHECK(fake_trap(0, 0, ESR(EC_SYS64) | 9 << 5 | 1, 0, 0));
	EQ(c0->x[9], 0);
	EQ(c0->elr, 0x3004);
	CHECK(fake_trap(0, 0, ESR(EC_SVE), 0, 0));
	EQ(c0->sys[CTX_ELR_EL1], 0x3004);
	EQ(c0->sys[CTX_ESR], ESR(EC_UNKNOWN));
}

static u64 gicr(u32 cpu, u64 off, u64 size, u32 write, u64 v)
{
	u64 sas = size == 8 ? 3 : size == 4 ? 2 : 0;

	c0->x[9] = v;
	c0->elr = 0x5000;
	CHECK(fake_trap(0, 0, DATA(sas, 9) | (write ? ESR_WNR : 0) | 1ul << 15, off,
			(FAKE_GICR_PFN + 32 * cpu) << 4));
	EQ(c0->elr, 0x5004);
	return c0->x[9];
}

static void redistributor(void)
{
	u64 off;

	start();
	c0->spsr = PSTATE_EL1H;
	fake_gicr[1][8] = 0xff;
	EQ(gicr(1, 8, 8, 0, 0), 0xf4); /* no LPIs */
	EQ(gicr(1, 8, 4, 0, 0), 0xf4);
	gicr(0, 0, 4, 1, 0xffffffff);
	EQ(gicr(0, 0, 4, 0, 0), 0xfffffffe);
	gicr(0, 0, 8, 1, ~0ul);
	EQ(gicr(0, 0, 8, 0, 0), ~1ul);
	fake_gicr_writes = 0;
	for (off = 0x40; off < 0x100; off += 4) {
		gicr(0, off, 4, 1, 0xffffffff);
		if (off % 8 == 0)
			gicr(1, off, 8, 1, ~0ul);
	}
	gicr(0, 2, 4, 1, 1); /* malformed */
	gicr(0, 0, 1, 1, 1);
	EQ(fake_gicr_writes, 0);
	gicr(1, 0x14, 4, 1, 0x12);
	EQ(fake_gicr[1][0x14], 0x12);
	EQ(fake_gicr[0][0x14], 0);
	/* A fetch, and the page behind it, are no accesses of a redistributor. */
	c0->elr = 0x5000;
	CHECK(fake_trap(0, 0, ESR(EC_IABT_LOW) | ESR_ISV | 7, 0x14, FAKE_GICR_PFN << 4));
	EQ(c0->elr, c0->sys[CTX_VBAR] + 0x200);
	c0->elr = 0x5000;
	CHECK(fake_trap(0, 0, DATA(2ul, 9), 0x14, (FAKE_GICR_PFN + 1) << 4));
	EQ(c0->elr, c0->sys[CTX_VBAR] + 0x200);
	/* Beyond the last CPU there is none. */
	c0->elr = 0x5000;
	CHECK(fake_trap(0, 0, DATA(2ul, 9), 0, (FAKE_GICR_PFN + 64) << 4));
	EQ(c0->elr, c0->sys[CTX_VBAR] + 0x200);
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
				 {"cpu: SMC list", smc_table},
				 {"cpu: CPUs on, off, suspended", smc_cpus},
				 {"cpu: a reset that firmware refuses", smc_reset_refused},
				 {"cpu: system off", system_off},
				 {"cpu: stub calls", stub},
				 {"cpu: a VM's life by calls", every_call},
				 {"cpu: KServ's aborts", host_aborts},
				 {"cpu: redistributor", redistributor},
				 {NULL, NULL}};
