/* SPDX-License-Identifier: BSD-2-Clause */
/* Reset state of a protected VM's vCPU. */
#include <kcore/prim.h>

#include "vm.h"

#define RESET_PSTATE 0x3c5ul      /* EL1h, D A I F masked */
#define RESET_SCTLR  0x30d00800ul /* the RES1 bits; MMU and caches off, little endian */
#define MPIDR_RES1   (1ul << 31)

void vcpu_reset(u64 h, u64 idx)
{
	u64 ctx = vcpus[h][idx].ctx_pfn;
	u64 i = 0ul;

	while (i < CTX_WORDS) {
		pg_set(ctx, i, 0ul);
		i = i + 1ul;
	}
	pg_set(ctx, CTX_PSTATE, RESET_PSTATE);
	pg_set(ctx, CTX_SCTLR, RESET_SCTLR);
	pg_set(ctx, CTX_MPIDR, MPIDR_RES1 | (idx & 15ul));
}
