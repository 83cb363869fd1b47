/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KCore's own state is broken, or EL2 took an exception of its own. Nothing is trusted any more:
 * every CPU stops at its next trap, and firmware turns the machine off. Memory is zeroed at the
 * next start.
 */
#include <kcore/host.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#ifdef KCORE_DEBUG
#include "../../boot/boot.h"

static void panic_say(u32 code)
{
	say_start(0x09000000ul);
	say("kcore: panic ");
	say_hex(code);
	say(" esr ");
	say_hex(MRS(esr_el2));
	say(" elr ");
	say_hex(MRS(elr_el2));
	say(" far ");
	say_hex(MRS(far_el2));
	say("\n");
}
#endif

void panic(u32 code)
{
	(void)code;
	going_down = 1;
#ifdef KCORE_DEBUG
	panic_say(code);
#endif
	(void)smc_call(0x84000008ul, 0ul, 0ul, 0ul);
	cpu_halt();
}
