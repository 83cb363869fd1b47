/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load, put, run and exit of a vCPU. The run path takes no lock: the token "loaded by this CPU"
 * keeps the VM, the run page and the context page where they are. VM and power state are looked at
 * once a load.
 *
 * A vCPU of a protected VM keeps its registers in a page of KCore's (CTX); that of a normal VM in
 * its run page, which KServ reads and writes: whatever comes from there is checked here at every
 * entry.
 */
#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/control.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vm/vm.h"
#include "vcpu.h"

/* Which vCPU (index + 1) of each VM ran last on each CPU; 0: none. Only that CPU uses its row. */
static u8 last_ran[NCPU][KC_MAX_VMS + 1u];

u64 call_vcpu_load(u32 cpu, u64 h, u64 idx)
{
	u64 r = vcpu_load(cpu, h, idx);

	if (r == KC_OK) {
		pcpu[cpu].ready = 0;
		vgic_load(vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].run_pfn);
	}
	return r;
}

u64 call_vcpu_put(u32 cpu)
{
	if (pcpu[cpu].vm == 0u)
		return KC_ENOENT;
	vgic_put(vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].run_pfn);
	pcpu[cpu].ready = 0;
	return vcpu_put(cpu);
}

/* 1 if the loaded vCPU is on; its VM is sealed then. Takes LOCK_MEM. */
static u32 vcpu_start(u32 cpu)
{
	u32 power;

	spin_lock(LOCK_MEM);
	power = vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].power;
	spin_unlock(LOCK_MEM);
	if (power != VCPU_ON)
		return 0;
	vm_seal(pcpu[cpu].vm);
	return 1;
}

/*
 * 1 if pstate is one that a guest may have: EL0 or EL1, AArch32 only at EL0 and where the CPU has
 * it.
 */
static u32 pstate_ok(u64 pstate)
{
	u64 m = pstate & PSTATE_M_MASK;
	u64 pfr0;

	if (m == PSTATE_EL0T || m == PSTATE_EL1T || m == PSTATE_EL1H)
		return 1;
	if (m != PSTATE_AA32)
		return 0;
	pfr0 = id_reg_get(4ul, 0ul);
	if ((pfr0 & 15ul) == 2ul)
		return 1;
	return 0;
}

/*
 * HCR_EL2 of the next run: KCore's constant and the few bits that KServ may choose. What caches a
 * normal VM sees is KServ's to say.
 */
static u64 guest_hcr(u32 h, u64 wanted)
{
	u64 mask = KC_HCR_TWI | KC_HCR_TWE;
	u64 hcr = HCR_GUEST;

	if (vms[h].is_protected == 0u) {
		mask = mask | KC_HCR_TVM | KC_HCR_TRVM | KC_HCR_VSE | KC_HCR_VI | KC_HCR_VF;
		hcr = hcr | HCR_TID2;
	}
	return hcr | (wanted & mask);
}

/* Host registers that the next run replaces: into the host's context page. */
static void host_leave(u32 cpu)
{
	u64 pc = elr_get();
	u64 pstate = spsr_get();

	pg_set(pcpu[cpu].host_ctx, CTX_PC, pc);
	pg_set(pcpu[cpu].host_ctx, CTX_PSTATE, pstate);
}

/* Another vCPU of the same VM ran here: its stage-1 entries and instructions must not be found. */
static void last_ran_update(u32 cpu, u32 h, u32 i)
{
	if (last_ran[cpu][h] != (u8)(i + 1u)) {
		tlb_inval_local();
		last_ran[cpu][h] = (u8)(i + 1u);
	}
}

/* Put the loaded vCPU on this CPU. pc and pstate are checked. */
static void guest_enter(u32 cpu, u64 pc, u64 pstate)
{
	u32 h = pcpu[cpu].vm;
	u32 i = pcpu[cpu].vcpu;
	u64 run = vcpus[h][i].run_pfn;
	u64 ctx = vcpus[h][i].ctx_pfn;
	u64 wanted = pg_get(run, RUN_HCR);
	u64 hcr = guest_hcr(h, wanted);
	u64 v;

	host_leave(cpu);
	vgic_enter(cpu, run);
	if ((hcr & KC_HCR_VSE) != 0ul) {
		v = pg_get(run, RUN_VSESR);
		vsesr_set(v);
	}
	cnthctl_set(CNTHCTL_GUEST);
	features_set(0ul);
	pcpu[cpu].pmu = pmu_stop();
	ctx_switch(pcpu[cpu].host_ctx, ctx, VTTBR(h, vms[h].root), hcr,
		   (pcpu[cpu].mdcr & MDCR_HPMN_MASK) | MDCR_GUEST);
	cptr_set(CPTR_GUEST | CPTR_TFP);
	last_ran_update(cpu, h, i);
	pcpu[cpu].cur_ctx = ctx;
	pcpu[cpu].in_guest = 1;
	elr_set(pc);
	spsr_set(pstate);
	if (vms[h].is_protected != 0u)
		pend_complete(cpu);
}

/*
 * Run the loaded vCPU until it exits; the status and exit code reach KServ then (guest_exit).
 * KC_ENOENT: none loaded. KC_ESTATE: it is off, or its PSTATE (normal VM) is not one of EL0 or EL1.
 */
u64 call_vcpu_run(u32 cpu)
{
	u64 ctx;
	u64 pc;
	u64 pstate;
	u32 ok;

	if (pcpu[cpu].vm == 0u)
		return KC_ENOENT;
	if (pcpu[cpu].ready == 0u) {
		ok = vcpu_start(cpu);
		if (ok == 0u)
			return KC_ESTATE;
		pcpu[cpu].ready = 1;
	}
	ctx = vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].ctx_pfn;
	pc = pg_get(ctx, CTX_PC);
	pstate = pg_get(ctx, CTX_PSTATE);
	pstate = pstate & 0xfffffffful;
	ok = pstate_ok(pstate);
	if (ok == 0u)
		return KC_ESTATE;
	guest_enter(cpu, pc, pstate);
	return KC_OK;
}

/* Turn the vCPU that has just left this CPU off. Takes LOCK_MEM. */
static void vcpu_turn_off(u32 cpu)
{
	spin_lock(LOCK_MEM);
	vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].power = VCPU_OFF;
	spin_unlock(LOCK_MEM);
	pcpu[cpu].ready = 0;
}

/* Take the vCPU off this CPU and go back to KServ with exit code code. */
void guest_exit(u32 cpu, u64 code)
{
	u32 h = pcpu[cpu].vm;
	u64 ctx = pcpu[cpu].cur_ctx;
	u64 host = pcpu[cpu].host_ctx;
	u64 run = vcpus[h][pcpu[cpu].vcpu].run_pfn;
	u64 v = elr_get();

	pg_set(ctx, CTX_PC, v);
	v = spsr_get();
	pg_set(ctx, CTX_PSTATE, v);
	if (vms[h].is_protected == 0u) {
		v = hcr_get();
		pg_set(run, RUN_HCR, v);
		pg_set(run, RUN_FP_USED, pcpu[cpu].fp_live);
	}
	fp_exit(cpu);
	vgic_exit(cpu, run);
	ctx_switch(ctx, host, VTTBR(0u, host_root), HCR_HOST, pcpu[cpu].mdcr);
	cnthctl_set(CNTHCTL_HOST);
	features_set(1ul);
	pmu_start(pcpu[cpu].pmu);
	pcpu[cpu].cur_ctx = host;
	pcpu[cpu].in_guest = 0;
	v = pg_get(host, CTX_PC);
	elr_set(v);
	v = pg_get(host, CTX_PSTATE);
	spsr_set(v);
	pg_set(run, RUN_EXIT, code);
	pg_set(host, CTX_X(0u), KC_OK);
	pg_set(host, CTX_X(1u), code);
	if (code == KC_EXIT_OFF)
		vcpu_turn_off(cpu);
}
