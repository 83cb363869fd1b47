/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * General registers of the loaded vCPU, by the number an instruction encodes: 31 is the zero
 * register.
 */
#include <kcore/abi.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>

#include "vcpu.h"

u64 guest_reg(u32 cpu, u64 n)
{
	if (n >= 31ul)
		return 0;
	return pg_get(pcpu[cpu].cur_ctx, CTX_X(n));
}

void guest_reg_set(u32 cpu, u64 n, u64 v)
{
	if (n < 31ul)
		pg_set(pcpu[cpu].cur_ctx, CTX_X(n), v);
}
