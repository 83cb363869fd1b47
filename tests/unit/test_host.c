/* SPDX-License-Identifier: BSD-2-Clause */
/* KServ's traps: calls, SMCs, aborts, the redistributor; start and end of CPUs. */
#include "cpu.h"

static u64 smc(u64 fid, u64 a1, u64 a2, u64 a3)
{
	c0->x[0] = fid;
	c0->x[1] = a1;
	c0->x[2] = a2;
	c0->x[3] = a3;
	return fake_trap(0, 0, ESR(EC_SMC64), 0, 0) ? c0->x[0] : 0;
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

/* The end of the machine is refused from CPU 1, and the guest on CPU 0 does not notice. */
static void off_denied(void)
{
	fake_smc_n = 0;
	fake_cpu[1].x[0] = PSCI_SYSTEM_OFF;
	CHECK(fake_trap(1, 0, ESR(EC_SMC64), 0, 0));
	EQ(fake_cpu[1].x[0], PSCI_DENIED);
	EQ(fake_smc_n, 0);
	EQ(fake_locked(), 0);
	EQ(going_down, 0);
	mm_audit();
}

/*
 * The end of the machine: not while a vCPU is loaded; then nothing of a VM stays in memory, and the other
 * CPU stops at its next trap.
 */
static void system_off(void)
{
	u64 h = loaded_vm(KC_VM_PROTECTED);
	u64 ctx = vcpus[h][0].ctx_pfn;
	u64 page = host_page();
	u64 image = host_page();
	u64 dying;
	u64 young;

	CHECK(fake_host_store(page, 3, SECRET));
	CHECK(fake_host_store(image, 3, SECRET));
	EQ(hvc(0, KC_DONATE, h, IPA, page, 0), KC_OK);
	/* The last page of RAM, in the upper half of the address space. */
	OK(call_vm_ram(h, 1ul << 27, 512));
	OK(call_donate(h, 1ul << 27, fake_page(fake_n_pages() - 1), 0));
	/* A VM whose root is KServ's again. */
	dying = make_vm(0, 0);
	OK(call_vm_teardown(dying));
	OK(call_page_reclaim(dying, vms[dying].root));
	/* One that has not run. */
	young = make_vm(KC_VM_PROTECTED, 4);
	OK(call_donate(young, IPA, image, 0));
	off_denied();
	run();
	fill_guest();
	off_denied();
	CHECK(fake_trap(0, 1, 0, 0, 0));
	exited(KC_EXIT_IRQ);
	off_denied();
	EQ(hvc(0, KC_VCPU_PUT, 0, 0, 0, 0), KC_OK);
	fake_cpu[1].x[0] = PSCI_SYSTEM_OFF;
	CHECK(!fake_trap(1, 0, ESR(EC_SMC64), 0, 0));
	EQ(fake_smc_n, 1);
	CHECK(fake_is_zero(page));
	CHECK(fake_is_zero(image));
	CHECK(fake_is_zero(ctx));
	CHECK(!fake_trap(0, 0, ESR(EC_HVC64), 0, 0));
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
	EQ(c0->x[1], 0x10001);
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

const struct test tests_host[] = {{"cpu: SMC list", smc_table},
				  {"cpu: CPUs on, off, suspended", smc_cpus},
				  {"cpu: a reset that firmware refuses", smc_reset_refused},
				  {"cpu: system off", system_off},
				  {"cpu: stub calls", stub},
				  {"cpu: a VM's life by calls", every_call},
				  {"cpu: KServ's aborts", host_aborts},
				  {"cpu: redistributor", redistributor},
				  {NULL, NULL}};
