/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PSCI 1.1 and SMCCC for protected guests (Arm DEN 0022, DEN 0028). Which vCPU is on, and where it
 * starts, is KCore's knowledge: KServ only hears that a vCPU is on or off now and schedules it.
 */
#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/control.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vm/vm.h"
#include "psci.h"
#include "vcpu.h"

/* Index of the vCPU that affinity mpidr names, or KC_MAX_VCPUS; it need not exist. */
static u32 vcpu_by_mpidr(u64 mpidr)
{
	u64 aff = mpidr & MPIDR_AFF;

	if (aff >= KC_MAX_VCPUS)
		return KC_MAX_VCPUS;
	return (u32)aff;
}

/* Turn vCPU t on: reset, entry point, context id. The PSCI result. Takes LOCK_MEM. */
static u64 vcpu_turn_on(u32 h, u32 t, u64 entry, u64 context)
{
	u64 r = PSCI_INVALID_PARAMETERS;

	spin_lock(LOCK_MEM);
	if (vcpus[h][t].made != 0u && vcpus[h][t].power == VCPU_ON)
		r = PSCI_ALREADY_ON;
	if (vcpus[h][t].made != 0u && vcpus[h][t].power == VCPU_OFF) {
		vcpu_reset(h, t);
		pg_set(vcpus[h][t].ctx_pfn, CTX_PC, entry);
		pg_set(vcpus[h][t].ctx_pfn, CTX_X(0u), context);
		vcpus[h][t].power = VCPU_ON;
		r = PSCI_SUCCESS;
	}
	spin_unlock(LOCK_MEM);
	return r;
}

static u32 psci_cpu_on(u32 cpu)
{
	u32 h = pcpu[cpu].vm;
	u64 mpidr = guest_reg(cpu, 1ul);
	u64 entry = guest_reg(cpu, 2ul);
	u64 context = guest_reg(cpu, 3ul);
	u32 t = vcpu_by_mpidr(mpidr);
	u64 r = PSCI_INVALID_PARAMETERS;

	if (t != KC_MAX_VCPUS)
		r = vcpu_turn_on(h, t, entry, context);
	if (r == PSCI_SUCCESS)
		pg_set(vcpus[h][pcpu[cpu].vcpu].run_pfn, RUN_X(0u), t);
	guest_reg_set(cpu, 0ul, r);
	if (r != PSCI_SUCCESS)
		return GUEST_RESUME;
	return KC_EXIT_CPU_ON;
}

static u64 psci_affinity_info(u32 cpu)
{
	u32 h = pcpu[cpu].vm;
	u64 mpidr = guest_reg(cpu, 1ul);
	u64 level = guest_reg(cpu, 2ul);
	u32 t = vcpu_by_mpidr(mpidr);
	u64 r = PSCI_INVALID_PARAMETERS;

	if (level != 0ul || t == KC_MAX_VCPUS)
		return r;
	spin_lock(LOCK_MEM);
	if (vcpus[h][t].made != 0u)
		r = (u64)(vcpus[h][t].power == VCPU_OFF);
	spin_unlock(LOCK_MEM);
	return r;
}

/* Calls that KCore implements for a guest. */
static u64 psci_features(u64 fid)
{
	switch (fid) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | PSCI_64:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | PSCI_64:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | PSCI_64:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
	case SMCCC_VERSION:
		return PSCI_SUCCESS;
	default:
		return PSCI_NOT_SUPPORTED;
	}
}

/* Calls that end in an exit. */
static u32 psci_exit(u32 cpu, u64 fid)
{
	u64 run = vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].run_pfn;

	if (fid == PSCI_CPU_OFF)
		return KC_EXIT_OFF;
	if (fid == PSCI_SYSTEM_OFF)
		return KC_EXIT_SYSOFF;
	if (fid == PSCI_SYSTEM_RESET)
		return KC_EXIT_RESET;
	/* CPU_SUSPEND is a standby state: as WFI */
	guest_reg_set(cpu, 0ul, PSCI_SUCCESS);
	pg_set(run, RUN_X(0u), 0ul);
	pg_set(run, RUN_ESR, (EC_WFX << 26) | ESR_IL);
	pg_set(run, RUN_FAULT, KC_FAULT_NONE);
	return KC_EXIT_TRAP;
}

/* The guest's call fid, PC already behind the instruction. Anything unknown is NOT_SUPPORTED. */
u32 guest_psci(u32 cpu, u64 fid)
{
	u64 f = fid & ~PSCI_64;
	u64 arg;
	u64 r;

	if (f == PSCI_CPU_ON)
		return psci_cpu_on(cpu);
	if (f == PSCI_CPU_SUSPEND || fid == PSCI_CPU_OFF || fid == PSCI_SYSTEM_OFF ||
	    fid == PSCI_SYSTEM_RESET)
		return psci_exit(cpu, f);
	r = PSCI_NOT_SUPPORTED;
	if (fid == PSCI_VERSION || fid == SMCCC_VERSION)
		r = 0x10001;
	if (f == PSCI_AFFINITY_INFO)
		r = psci_affinity_info(cpu);
	if (fid == PSCI_MIGRATE_INFO_TYPE)
		r = 2; /* no trusted OS to migrate */
	if (fid == PSCI_FEATURES) {
		arg = guest_reg(cpu, 1ul);
		r = psci_features(arg & 0xfffffffful);
	}
	guest_reg_set(cpu, 0ul, r);
	return GUEST_RESUME;
}
