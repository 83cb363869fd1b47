/* SPDX-License-Identifier: BSD-2-Clause */
/* KServ's side of the traps, and the start of CPUs. */
#ifndef KCORE_HOST_H
#define KCORE_HOST_H

#include <kcore/config.h>
#include <kcore/types.h>

/* Filled by the boot stage; constant afterwards. */
extern u32 n_cpu;
extern u64 cpu_mpidr[NCPU]; /* affinity fields of MPIDR_EL1 of each CPU */

/*
 * Where KServ wants a CPU to start (physical address in its own space), and with which x0.
 * wanted: 1 from CPU_ON until the CPU has come up. Protected by LOCK_MEM.
 */
struct cpu_boot {
	u32 wanted;
	u64 pc;
	u64 arg;
};
extern struct cpu_boot cpu_boot[NCPU];

/* 1: the machine is going down (reset, power off, or panic): every CPU stops at its next trap. */
extern u32 going_down;

/*
 * First page of the redistributor of CPU 0; one every 32 pages. Filled by the boot stage.
 */
extern u64 gicr_pfn;

/*
 * scrub.c. 1: nothing of a VM is left in memory, and LOCK_MEM is taken for ever. 0: a vCPU is loaded
 * on some CPU, and nothing has happened.
 */
MUST_CHECK u32 scrub_all(void);

/* Called by trap.c. */
u32 host_gicr(u32 cpu, u64 esr, u64 ipa);
void host_abort(u32 cpu, u64 esr);
void host_smc(u32 cpu);
void host_call(u32 cpu);

/* Called from assembler. cpu_start: registers for KServ's first instruction on this CPU. */
void cpu_start(u32 cpu);
void trap(u32 cpu, u32 kind);

#endif
