/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps of the fake machine's CPUs: what the tests of guests and those of KServ's side share. */
#ifndef TESTS_UNIT_CPU_H
#define TESTS_UNIT_CPU_H

#include <kcore/control.h>
#include <kcore/host.h>

#include "../../kcore/vcpu/pkvm.h"
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

static inline u64 hvc(u32 cpu, u64 fid, u64 a1, u64 a2, u64 a3, u64 a4)
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

static inline void start(void)
{
	fake_boot(4, 2);
	fake_cpus(2);
}

/* A VM with vCPUs 0 and 1, 0 loaded on CPU 0. */
static inline u64 loaded_with(u64 flags, u64 n_tables)
{
	u64 h;
	u64 run;

	start();
	h = make_vm(flags, n_tables);
	run = host_page();
	CHECK(fake_host_store(run, CTX_PC, ENTRY));
	CHECK(fake_host_store(run, CTX_PSTATE, PSTATE_EL1H));
	EQ(hvc(0, KC_VCPU_CREATE, h, 0, run, flags ? host_page() : KC_NO_PFN), KC_OK);
	make_vcpu(h, 1);
	EQ(hvc(0, KC_VCPU_LOAD, h, 0, 0, 0), KC_OK);
	return h;
}

static inline u64 loaded_vm(u64 flags)
{
	return loaded_with(flags, 8);
}

static inline void fill_host(void)
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

static inline void run(void)
{
	fill_host();
	host = *c0;
	c0->x[0] = KC_VCPU_RUN;
	CHECK(fake_trap(0, 0, ESR(EC_HVC64), 0, 0));
	EQ(pcpu[0].in_guest, 1);
}

/* What a guest has in its registers. */
static inline void fill_guest(void)
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

/* The guest's own HVC. */
static inline void call(u64 fid, u64 a1, u64 a2, u64 a3)
{
	c0->x[0] = fid;
	c0->x[1] = a1;
	c0->x[2] = a2;
	c0->x[3] = a3;
	CHECK(fake_trap(0, 0, ESR(EC_HVC64), 0, 0));
}

/* The CPU is KServ's again, with KServ's registers; the exit is code; the run page has no secret. */
static inline void exited(u64 code)
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

static inline u64 run_word(u64 idx)
{
	return fake_word(vcpus[pcpu[0].vm][0].run_pfn, idx);
}

static inline void answer(u64 idx, u64 v)
{
	CHECK(fake_host_store(vcpus[pcpu[0].vm][0].run_pfn, idx, v));
}

#endif
