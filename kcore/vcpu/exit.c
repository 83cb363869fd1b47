/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps from a guest. A normal VM's go to KServ with everything KServ needs to emulate; a
 * protected VM's are answered here, or cut down to what docs/abi.md says that KServ may see.
 */
#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/control.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vm/vm.h"
#include "pkvm.h"
#include "psci.h"
#include "rsi.h"
#include "vcpu.h"

static void step_over(void)
{
	u64 pc = elr_get();

	elr_set(pc + 4ul);
}

/* An SMC or HVC of a protected guest, PC behind it. */
static u32 guest_call(u32 cpu)
{
	u64 x0 = guest_reg(cpu, 0ul);
	u64 fid = x0 & 0xfffffffful;
	u32 pkvm;

	if (fid >= RSI_FIRST && fid <= RSI_LAST) {
		pkvm = guest_pkvm(pcpu[cpu].vm);
		if (pkvm == 0u)
			return guest_rsi(cpu, fid);
	}
	if (fid == PKVM_UID || fid == PKVM_FEATURES || (fid >= PKVM_FIRST && fid <= PKVM_LAST))
		return guest_pkvm_call(cpu, fid);
	return guest_psci(cpu, fid);
}

/* WFI or WFE: over it, and tell KServ which. */
static u32 guest_wait(u32 cpu, u64 esr)
{
	u64 run = vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].run_pfn;

	step_over();
	pg_set(run, RUN_X(0u), 0ul);
	pg_set(run, RUN_ESR, esr & ((0x3ful << 26) | ESR_IL | 1ul));
	pg_set(run, RUN_FAULT, KC_FAULT_NONE);
	return KC_EXIT_TRAP;
}

static u32 protected_trap(u32 cpu, u64 esr)
{
	u64 ec = ESR_EC(esr);

	if (ec == EC_FP) {
		fp_trap(cpu);
		return GUEST_RESUME;
	}
	if (ec == EC_WFX)
		return guest_wait(cpu, esr);
	if (ec == EC_SMC64)
		step_over();
	if (ec == EC_SMC64 || ec == EC_HVC64)
		return guest_call(cpu);
	if (ec == EC_SYS64)
		return sysreg_trap(cpu, esr);
	if (ec == EC_IABT_LOW || ec == EC_DABT_LOW)
		return guest_abort(cpu, esr);
	inject_undef();
	return GUEST_RESUME;
}

/* A trap of a normal VM: FP here, everything else to KServ. */
static u32 normal_trap(u32 cpu, u64 esr)
{
	u64 ec = ESR_EC(esr);
	u64 run = vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].run_pfn;
	u64 far = far_get();
	u64 ipa;

	if (ec == EC_FP) {
		fp_trap(cpu);
		return GUEST_RESUME;
	}
	if (ec == EC_IABT_LOW || ec == EC_DABT_LOW) {
		ipa = fault_ipa(esr);
		if (ipa == IPA_UNKNOWN)
			return GUEST_RESUME;
		pg_set(run, RUN_HPFAR, ipa << 4);
	}
	pg_set(run, RUN_ESR, esr);
	pg_set(run, RUN_FAR, far);
	return KC_EXIT_TRAP;
}

/* kind: 0 synchronous, 1 interrupt, 2 SError. */
void guest_trap(u32 cpu, u32 kind)
{
	u64 esr = esr_get();
	u32 code = KC_EXIT_IRQ;

	if (kind == 0u) {
		if (vms[pcpu[cpu].vm].is_protected != 0u)
			code = protected_trap(cpu, esr);
		else
			code = normal_trap(cpu, esr);
	}
	if (kind == 2u) {
		code = KC_EXIT_SERROR;
		if (vms[pcpu[cpu].vm].is_protected != 0u)
			esr = esr & ((0x3ful << 26) | ESR_IL); /* the class alone */
		pg_set(vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].run_pfn, RUN_ESR, esr);
	}
	if (code != GUEST_RESUME)
		guest_exit(cpu, code);
}
