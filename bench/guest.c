/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bench's guest: bare metal at EL1, MMU off. It does one kind of operation in batches and
 * reports how many ticks of the virtual counter each batch took. The emulator's clock is set so
 * that one tick is one instruction.
 */
#include "abi.h"

typedef unsigned long u64;
typedef unsigned int u32;

#define SMCCC_VERSION 0x80000000ul
#define PSCI_CPU_ON   0xc4000003ul
#define INTID_IPI     1u
#define INTID_TIMER   27u
/* Ticks until the guest's timer fires: the time to set it and to begin to wait. */
#define TIMER_AHEAD 4000ul
#define ARM_AHEAD   60000ul /* the same for the host's, which the VMM sets */
#define PATIENCE    50000000ul
#define GAP         250ul /* between two looks at the counter: more is an exit */

#define STR(x) #x
#define SYS_GET(reg)                                                                               \
	({                                                                                         \
		u64 v_;                                                                            \
		__asm__ volatile("mrs %0, " STR(reg) : "=r"(v_));                                  \
		v_;                                                                                \
	})
#define SYS_SET(reg, v) __asm__ volatile("msr " STR(reg) ", %0" : : "r"((u64)(v)) : "memory")
#define ISB()           __asm__ volatile("isb" : : : "memory")
#define REG32(a)        (*(volatile u32 *)(a))
#define REG64(a)        (*(volatile u64 *)(a))

#define ICC_SRE     S3_0_C12_C12_5
#define ICC_PMR     S3_0_C4_C6_0
#define ICC_IGRPEN1 S3_0_C12_C12_7
#define ICC_IAR1    S3_0_C12_C12_0
#define ICC_EOIR1   S3_0_C12_C12_1
#define ICC_SGI1R   S3_0_C12_C11_5

extern void second_entry(void);
static volatile u64 acknowledged; /* IPIs that the second vCPU has seen */
static volatile u64 latency;      /* of the timer, set by its handler */
static volatile u32 second_ready;
static u64 deadline;

void error(u64 why)
{
	for (;;)
		REG64(MMIO_BASE + R_ERROR) = why;
}

static u64 now(void)
{
	return SYS_GET(cntvct_el0);
}

static u64 hvc(u64 fid, u64 a1, u64 a2, u64 a3)
{
	register u64 x0 __asm__("x0") = fid;
	register u64 x1 __asm__("x1") = a1;
	register u64 x2 __asm__("x2") = a2;
	register u64 x3 __asm__("x3") = a3;

	__asm__ volatile("hvc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return x0;
}

/* Interrupts of this vCPU: the first IPI and the virtual timer. */
static void gic_init(u64 cpu)
{
	u64 rd = GICR_BASE + cpu * 0x20000ul;

	REG32(GICD_BASE) = 0x12; /* affinity routing, group 1 */
	REG32(rd + 0x14) = 0;    /* GICR_WAKER: awake */
	REG32(rd + 0x10080) = 0xffffffff;
	REG32(rd + 0x10100) = 1u << INTID_IPI | 1u << INTID_TIMER;
	SYS_SET(ICC_SRE, 7);
	ISB();
	SYS_SET(ICC_PMR, 0xf0);
	SYS_SET(ICC_IGRPEN1, 1);
	ISB();
	__asm__ volatile("msr daifclr, #2");
}

void irq(u64 at)
{
	u64 id = SYS_GET(ICC_IAR1);

	if (id == INTID_TIMER) {
		SYS_SET(cntv_ctl_el0, 0);
		ISB();
		latency = at - deadline;
	} else if (id == INTID_IPI) {
		acknowledged = acknowledged + 1;
	} else if (id >= 1020) {
		return;
	}
	SYS_SET(ICC_EOIR1, id);
}

void second(void)
{
	gic_init(1);
	second_ready = 1;
	for (;;)
		__asm__ volatile("yield");
}

static void ipi_init(void)
{
	u64 r = hvc(PSCI_CPU_ON, 1, (u64)second_entry, 0);

	if (r != 0)
		error(0x1000000000ul | (r & 0xffff));
	while (second_ready == 0)
		__asm__ volatile("yield");
}

static void ipi(void)
{
	u64 before = acknowledged;

	SYS_SET(ICC_SGI1R, (u64)INTID_IPI << 24 | 2);
	ISB();
	while (acknowledged == before)
		__asm__ volatile("yield");
}

/* From the deadline to the first instructions of the handler. */
static u64 timer(void)
{
	latency = 0;
	deadline = now() + TIMER_AHEAD;
	SYS_SET(cntv_cval_el0, deadline);
	SYS_SET(cntv_ctl_el0, 1);
	ISB();
	while (latency == 0)
		if ((long)(now() - deadline) > (long)PATIENCE)
			error(0x2000000000ul);
	return latency;
}

/* An interrupt that is the host's own: how long the guest did not run. */
static u64 interrupt(void)
{
	u64 t, before, began;

	REG64(MMIO_BASE + R_ARM) = ARM_AHEAD;
	began = now();
	before = began;
	for (;;) {
		t = now();
		if (t - before > GAP)
			return t - before;
		before = t;
		if (t - began > PATIENCE)
			error(0x3000000000ul);
	}
}

static u64 touch_blocks(u64 batch, u64 n)
{
	u64 base = BLOCK_BASE + batch * n * BLOCK_SIZE;

	for (u64 a = base; a < base + n * BLOCK_SIZE; a += 4096)
		REG64(a) = a;
	return 0;
}

/* n operations; 0, or the ticks where the operation itself measures. */
static u64 operations(u64 test, u64 batch, u64 n)
{
	u64 sum = 0;

	switch (test) {
	case T_HYPERCALL:
		for (u64 i = 0; i < n; i++)
			(void)hvc(SMCCC_VERSION, 0, 0, 0);
		break;
	case T_IO_KERNEL:
		for (u64 i = 0; i < n; i++)
			(void)REG32(GICD_BASE + 4);
		break;
	case T_IO_USER:
		for (u64 i = 0; i < n; i++)
			(void)REG32(MMIO_BASE + R_READ);
		break;
	case T_IPI:
		for (u64 i = 0; i < n; i++)
			ipi();
		break;
	case T_TIMER:
		for (u64 i = 0; i < n; i++)
			sum += timer();
		break;
	case T_INTERRUPT:
		for (u64 i = 0; i < n; i++)
			sum += interrupt();
		break;
	case T_FAULT_4K:
		for (u64 i = 1; i <= n; i++)
			REG64(SMALL_BASE + batch * SMALL_STRIDE + i * 4096) = i;
		break;
	case T_FAULT_2M:
		sum = touch_blocks(batch, n);
		break;
	}
	return sum;
}

/* What the host answers is what was asked for. */
static void check(u64 test)
{
	u64 v;

	if (test == T_HYPERCALL) {
		v = hvc(SMCCC_VERSION, 0, 0, 0);
		if (v >> 16 != 1)
			error(0x4000000000ul | (v & 0xfffffffful));
	}
	if (test == T_IO_USER && REG32(MMIO_BASE + R_READ) != R_VALUE)
		error(0x5000000000ul);
	if (test == T_IO_KERNEL && (REG32(GICD_BASE + 0xffe8) & 0xf0) != 0x30)
		error(0x6000000000ul); /* GICD_PIDR2: version 3 */
}

void main(void)
{
	u64 test = REG64(PARAM_AT), n = REG64(PARAM_AT + 8), batches = REG64(PARAM_AT + 16);
	u64 t0, t1, sum;

	if (test == T_IPI || test == T_TIMER)
		gic_init(0);
	if (test == T_IPI)
		ipi_init();
	check(test);
	for (u64 b = 0; test != T_VM && b < batches; b++) {
		MARK(MARK_BEGIN);
		t0 = now();
		sum = operations(test, b, n);
		t1 = now();
		MARK(MARK_END);
		REG64(MMIO_BASE + R_TICKS) = sum != 0 ? sum : t1 - t0;
	}
	for (;;)
		REG64(MMIO_BASE + R_DONE) = 1;
}
