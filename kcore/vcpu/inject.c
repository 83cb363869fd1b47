/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Injecting a synchronous exception into EL1 of the context that is on this CPU: what the hardware
 * would do on taking the exception at EL1 (Arm ARM, AArch64.TakeException).
 */
#include <kcore/control.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "vcpu.h"

#define SCTLR_SPAN  (1ul << 23)
#define SCTLR_DSSBS (1ul << 44)
#define PSTATE_PAN  (1ul << 22)
#define PSTATE_SSBS (1ul << 12)
#define PSTATE_TCO  (1ul << 25)
/* NZCV, DIT and PAN survive. */
#define PSTATE_HELD 0xf1400000ul

/* Offset of the synchronous vector for an exception taken from pstate. */
static u64 vector_offset(u64 pstate)
{
	if ((pstate & PSTATE_AA32) != 0ul)
		return 0x600ul;
	if ((pstate & PSTATE_M_MASK) == PSTATE_EL1H)
		return 0x200ul;
	if ((pstate & PSTATE_M_MASK) == PSTATE_EL1T)
		return 0x0ul;
	return 0x400ul;
}

/* PSTATE at the vector. */
static u64 vector_pstate(u64 pstate, u64 sctlr)
{
	u64 p = (pstate & PSTATE_HELD) | PSTATE_RESET | PSTATE_TCO;

	if ((sctlr & SCTLR_SPAN) == 0ul)
		p = p | PSTATE_PAN;
	if ((sctlr & SCTLR_DSSBS) != 0ul)
		p = p | PSTATE_SSBS;
	return p;
}

void inject_sync(u64 esr)
{
	u64 pstate = spsr_get();
	u64 pc = elr_get();
	u64 vbar = el1_vbar_get();
	u64 sctlr = el1_sctlr_get();
	u64 off = vector_offset(pstate);
	u64 p = vector_pstate(pstate, sctlr);

	el1_exception_set(pc, pstate, esr);
	elr_set(vbar + off);
	spsr_set(p);
}

void inject_undef(void)
{
	inject_sync((EC_UNKNOWN << 26) | ESR_IL);
}

/*
 * An abort: esr is an ESR_EL2 of an instruction or data abort from a lower level; its class becomes
 * "same level" when EL1 itself was interrupted.
 */
void inject_abort(u64 esr, u64 far)
{
	u64 pstate = spsr_get();
	u64 e = esr;

	if ((pstate & PSTATE_AA32) == 0ul && (pstate & PSTATE_M_MASK) != PSTATE_EL0T)
		e = e | (1ul << 26);
	el1_far_set(far);
	inject_sync(e);
}
