/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMC from KServ: denied but for a list. PSCI calls that start or wake a CPU go through KCore's
 * own entry point, so that no CPU ever runs KServ without stage 2; calls that end the machine
 * first take every VM's memory out of reach and zero it. Firmware services that could call back
 * into EL2 (SDEI), move memory (FF-A) or are unknown never reach EL3.
 */
#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/control.h>
#include <kcore/host.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vcpu/psci.h"
#include "../vcpu/vcpu.h"

#define SUSPEND_POWERDOWN (1ul << 16) /* state type in the original power_state format */

u32 n_cpu;
u64 cpu_mpidr[NCPU];
struct cpu_boot cpu_boot[NCPU];
u32 going_down;

/* Index of the CPU with affinity mpidr, or NCPU. */
static u32 cpu_by_mpidr(u64 mpidr)
{
	u32 i = 0;

	while (i < n_cpu && i < NCPU) {
		if (cpu_mpidr[i] == mpidr)
			return i;
		i = i + 1u;
	}
	return NCPU;
}

/* Reserve CPU t's start for this caller: 1, or 0 if another start of it is under way. */
static u32 cpu_boot_take(u32 t, u64 pc, u64 arg)
{
	u32 got = 0;

	spin_lock(LOCK_MEM);
	if (cpu_boot[t].wanted == 0u) {
		cpu_boot[t].wanted = 1;
		cpu_boot[t].pc = pc;
		cpu_boot[t].arg = arg;
		got = 1;
	}
	spin_unlock(LOCK_MEM);
	return got;
}

static void cpu_boot_drop(u32 t)
{
	spin_lock(LOCK_MEM);
	cpu_boot[t].wanted = 0;
	spin_unlock(LOCK_MEM);
}

static u64 host_cpu_on(u64 fid, u64 mpidr, u64 pc, u64 arg)
{
	u32 t = cpu_by_mpidr(mpidr);
	u64 entry = cpu_entry_pa();
	u32 got;
	u64 r;

	if (t == NCPU || (pc & 3ul) != 0ul)
		return PSCI_INVALID_PARAMETERS;
	got = cpu_boot_take(t, pc, arg);
	if (got == 0u)
		return PSCI_ON_PENDING;
	r = smc_call(fid, mpidr, entry, t);
	if (r != PSCI_SUCCESS)
		cpu_boot_drop(t);
	return r;
}

/*
 * A standby state keeps the CPU's registers; a power-down state comes back through KCore's entry,
 * and so would a standby state that firmware takes for one: without a start that is wanted the CPU
 * stops there.
 */
static u64 host_cpu_suspend(u32 cpu, u64 fid, u64 state, u64 pc, u64 arg)
{
	u64 entry = cpu_entry_pa();
	u32 got;
	u64 r;

	if ((state & SUSPEND_POWERDOWN) == 0ul)
		return smc_call(fid, state, entry, cpu);
	if (pcpu[cpu].vm != 0u)
		return PSCI_DENIED;
	got = cpu_boot_take(cpu, pc, arg);
	if (got == 0u)
		return PSCI_DENIED;
	r = smc_call(fid, state, entry, cpu);
	cpu_boot_drop(cpu);
	return r;
}

/*
 * Firmware may end the machine once nothing of a VM is left in memory, which takes that KServ has put
 * its vCPUs. There is no way back after that: if firmware does not know this reset it does the plain
 * one, and else the CPU stops.
 */
static u64 host_system_end(u64 fid, u64 a1, u64 a2)
{
	u32 clean = scrub_all();
	u64 r;

	if (clean == 0u)
		return PSCI_DENIED;
	going_down = 1;
	r = smc_call(fid, a1, a2, 0ul);
	r = smc_call(PSCI_SYSTEM_RESET, 0ul, 0ul, 0ul);
	cpu_halt();
	return r;
}

/* PSCI calls with no effect but their answer, and SMCCC's workaround calls. */
static u32 smc_plain(u64 fid)
{
	switch (fid) {
	case PSCI_VERSION:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | PSCI_64:
	case PSCI_MIGRATE_INFO_TYPE:
	case SMCCC_VERSION:
	case SMCCC_WORKAROUND_1:
	case SMCCC_WORKAROUND_2:
	case SMCCC_WORKAROUND_3:
		return 1;
	default:
		return 0;
	}
}

/* Calls that KServ may ask about: PSCI_FEATURES and SMCCC_ARCH_FEATURES answer for these only. */
static u32 smc_known(u64 fid)
{
	u32 plain = smc_plain(fid);

	if (plain != 0u)
		return 1;
	switch (fid) {
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | PSCI_64:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | PSCI_64:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | PSCI_64:
	case PSCI_FEATURES:
		return 1;
	default:
		return 0;
	}
}

static u64 host_features(u64 fid, u64 asked)
{
	u32 known = smc_known(asked & 0xfffffffful);

	if (known == 0u)
		return PSCI_NOT_SUPPORTED;
	return smc_call(fid, asked & 0xfffffffful, 0ul, 0ul);
}

/* The answer to SMC fid with x1..x3. */
static u64 smc_answer(u32 cpu, u64 fid, u64 a1, u64 a2, u64 a3)
{
	u64 f = fid & ~PSCI_64;
	u32 plain = smc_plain(fid);

	if (plain != 0u)
		return smc_call(fid, a1, a2, a3);
	if (f == PSCI_CPU_ON)
		return host_cpu_on(fid, a1, a2, a3);
	if (f == PSCI_CPU_SUSPEND)
		return host_cpu_suspend(cpu, fid, a1, a2, a3);
	if (fid == PSCI_CPU_OFF) {
		if (pcpu[cpu].vm != 0u)
			return PSCI_DENIED;
		return smc_call(fid, 0ul, 0ul, 0ul);
	}
	if (fid == PSCI_SYSTEM_OFF || fid == PSCI_SYSTEM_RESET || f == PSCI_SYSTEM_RESET2)
		return host_system_end(fid, a1, a2);
	if (fid == PSCI_FEATURES || fid == SMCCC_ARCH_FEATURES)
		return host_features(fid, a1);
	return PSCI_NOT_SUPPORTED;
}

void host_smc(u32 cpu)
{
	u64 pc = elr_get();
	u64 fid = guest_reg(cpu, 0ul);
	u64 a1 = guest_reg(cpu, 1ul);
	u64 a2 = guest_reg(cpu, 2ul);
	u64 a3 = guest_reg(cpu, 3ul);
	u64 r;

	elr_set(pc + 4ul);
	r = smc_answer(cpu, fid & 0xfffffffful, a1, a2, a3);
	guest_reg_set(cpu, 0ul, r);
}
