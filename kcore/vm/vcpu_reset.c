/* SPDX-License-Identifier: BSD-2-Clause */
/* Reset state of a protected VM's vCPU. */
#include <kcore/prim.h>

#include "vcpu_reset.h"
#include "vm.h"

#define RESET_PSTATE 0x3c5ul      /* EL1h, D A I F masked */
#define RESET_SCTLR  0x30d00800ul /* the RES1 bits; MMU and caches off, little endian */
#define MPIDR_RES1   (1ul << 31)

/* The image that KServ chooses is entered at PC with x0..x3. Each word is read once. */
static void reset_boot(u64 ctx, u64 run)
{
	u64 i = 0ul;
	u64 v = pg_get(run, CTX_PC);

	pg_set(ctx, CTX_PC, v);
	while (i < 4ul) {
		v = pg_get(run, i);
		pg_set(ctx, i, v);
		i = i + 1ul;
	}
}

void vcpu_reset(u64 h, u64 idx)
{
	u64 ctx = vcpus[h][idx].ctx_pfn;

	pg_set(ctx, CTX_PSTATE, RESET_PSTATE);
	pg_set(ctx, CTX_SCTLR, RESET_SCTLR);
	pg_set(ctx, CTX_MPIDR, MPIDR_RES1 | (idx & 15ul));
	vcpus[h][idx].power = VCPU_OFF;
	if (idx == 0ul) {
		reset_boot(ctx, vcpus[h][idx].run_pfn);
		vcpus[h][idx].power = VCPU_ON;
	}
}
