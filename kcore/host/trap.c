/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything starts here: a trap from EL1 or EL0, and the start of a CPU. The vectors have saved
 * x0..x30 to the current context page and load them from the then current one afterwards.
 */
#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/control.h>
#include <kcore/host.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vcpu/vcpu.h"

/*
 * System registers that trap for KServ: profiling and trace buffers (MDCR_EL2.E2PB, E2TB = 0),
 * trace, activity monitors, branch records. They read as zero and ignore writes.
 */
static void host_sysreg(u32 cpu, u64 esr)
{
	u64 pc = elr_get();

	if ((esr & 1ul) != 0ul)
		guest_reg_set(cpu, (esr >> 5) & 31ul, 0ul);
	elr_set(pc + 4ul);
}

/* A synchronous trap of KServ. */
static void host_trap(u32 cpu)
{
	u64 esr = esr_get();
	u64 ec = ESR_EC(esr);

	if (ec == EC_HVC64) {
		host_call(cpu);
		return;
	}
	if (ec == EC_SMC64) {
		host_smc(cpu);
		return;
	}
	if (ec == EC_IABT_LOW || ec == EC_DABT_LOW) {
		host_abort(cpu, esr);
		return;
	}
	if (ec == EC_SYS64) {
		host_sysreg(cpu, esr);
		return;
	}
	inject_undef();
}

/* kind: 0 synchronous, 1 interrupt, 2 SError (the last two come from guests only). */
void trap(u32 cpu, u32 kind)
{
	if (going_down != 0u)
		cpu_halt();
	if (pcpu[cpu].in_guest != 0u)
		guest_trap(cpu, kind);
	else if (kind == 0u)
		host_trap(cpu);
}

/*
 * KServ's first instruction on this CPU: at EL1 with the MMU off, interrupts masked, as the boot
 * protocol and PSCI want it; stage 2 is on.
 */
void cpu_start(u32 cpu)
{
	u64 ctx = pcpu[cpu].host_ctx;
	u64 pc;
	u64 arg;
	u64 mdcr;
	u32 wanted;

	spin_lock(LOCK_MEM);
	wanted = cpu_boot[cpu].wanted;
	pc = cpu_boot[cpu].pc;
	arg = cpu_boot[cpu].arg;
	cpu_boot[cpu].wanted = 0;
	spin_unlock(LOCK_MEM);
	if (wanted == 0u)
		cpu_halt(); /* nobody has asked firmware for this start */
	pcpu[cpu].cur_ctx = ctx;
	page_zero(ctx);
	pg_set(ctx, CTX_X(0u), arg);
	pg_set(ctx, CTX_SCTLR, SCTLR_RESET);
	pg_set(ctx, CTX_MPIDR, cpu_mpidr[cpu] | (1ul << 31));
	mdcr = mdcr_get();
	pcpu[cpu].mdcr = mdcr & MDCR_HPMN_MASK;
	pcpu[cpu].in_guest = 0;
	pcpu[cpu].vm = 0;
	cntvoff_set(0ul);
	features_set(1ul);
	ctx_start(ctx, VTTBR(0u, host_root), HCR_HOST, pcpu[cpu].mdcr);
	/* What the TLB has from before a reset goes before KServ's first instruction. */
	spin_lock(LOCK_MEM);
	tlb_inval_vm(0ul, host_root);
	spin_unlock(LOCK_MEM);
	elr_set(pc);
	spsr_set(PSTATE_RESET);
}
