/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FP and SIMD registers, lazily: they trap until the guest touches them, are loaded then, and are
 * saved and cleared at the next exit. KServ saves its own before it runs a vCPU, so nothing of it
 * is kept here, and nothing of a guest is ever left for KServ or the next guest
 * (docs/decisions/0004-fp-lazily.md).
 */
#include <kcore/control.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "vcpu.h"

void fp_trap(u32 cpu)
{
	cptr_set(CPTR_GUEST);
	fp_load(pcpu[cpu].cur_ctx);
	pcpu[cpu].fp_live = 1;
}

/* Leaves CPTR_EL2 as KServ has it. */
void fp_exit(u32 cpu)
{
	cptr_set(CPTR_HOST);
	if (pcpu[cpu].fp_live != 0u) {
		fp_save(pcpu[cpu].cur_ctx);
		fp_clear();
		pcpu[cpu].fp_live = 0;
	}
}
