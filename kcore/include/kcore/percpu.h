/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State of one CPU. Only that CPU reads or writes its entry, with interrupts masked at EL2: no
 * lock. Its size is a power of two: an entry's address is one addition, and no two CPUs share a line.
 */
#ifndef KCORE_PERCPU_H
#define KCORE_PERCPU_H

#include <kcore/config.h>
#include <kcore/types.h>

struct percpu {
	u64 res1; /* results of the call in progress: x1, x2, x3 */
	u64 res2;
	u64 res3;
	u64 refused;  /* calls that answered with an error */
	u64 host_ctx; /* pfn of the page that holds KServ's registers while it does not run */
	u64 cur_ctx;  /* pfn of the context page that the vectors save to now */
	u64 mdcr;     /* KServ's MDCR_EL2 */
	u64 pmu;      /* counters of KServ that were stopped for a protected vCPU */
	u64 n_lr;     /* list registers in use by the vCPU on this CPU */
	u32 vm;       /* loaded vCPU: handle, or 0 */
	u32 vcpu;     /* loaded vCPU: index */
	u32 ready;    /* 1: the loaded vCPU was seen ON and its VM SEALED; until PUT or CPU_OFF */
	u32 in_guest; /* 1 while the registers on this CPU are the loaded vCPU's */
	u32 fp_live;  /* 1 while the FP registers are the loaded vCPU's */
} __attribute__((aligned(128)));

extern struct percpu pcpu[NCPU];

#endif
