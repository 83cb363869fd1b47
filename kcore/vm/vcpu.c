/* SPDX-License-Identifier: BSD-2-Clause */
/* Making vCPUs, and the token that ties a vCPU to the CPU that has it loaded. */
#include <kcore/calls.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>

#include "../mm/object.h"
#include "../mm/own.h"
#include "../mm/page.h"
#include "vm.h"

/* A context page for a protected VM, none for a normal one. */
static u64 check_ctx(u64 h, u64 run, u64 ctx)
{
	if (vms[h].is_protected == 0u && ctx != KC_NO_PFN)
		return KC_EINVAL;
	if (vms[h].is_protected == 0u)
		return KC_OK;
	if (ctx == run)
		return KC_EINVAL;
	return page_check(ctx, 1ul, 0u);
}

static u64 vcpu_check_new(u64 h, u64 idx, u64 run, u64 ctx)
{
	u64 r = vm_check_live(h);

	if (r != KC_OK)
		return r;
	if (vcpus[h][idx].made != 0u)
		return KC_EEXIST;
	/* The boot vCPU's entry point is part of the image: nothing of it comes after the first
	 * run. */
	if (vms[h].is_protected != 0u && idx == 0ul && vms[h].state != VM_NEW)
		return KC_ESTATE;
	r = page_check(run, 1ul, 0u);
	if (r != KC_OK)
		return r;
	return check_ctx(h, run, ctx);
}

/*
 * The boot vCPU of a protected VM is entered at PC with x0..x3 of the run page: with the image,
 * this is what KServ chooses. Each word is read once. The others wait for the guest's own CPU_ON.
 */
static void vcpu_boot(u64 ctx, u64 run)
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

static void vcpu_make_protected(u64 h, u64 idx, u64 run, u64 ctx)
{
	own_take_core(h, ctx, PG_CTX);
	vcpus[h][idx].ctx_pfn = ctx;
	vcpu_reset(h, idx);
	if (idx == 0ul)
		vcpu_boot(ctx, run);
	else
		vcpus[h][idx].power = VCPU_OFF;
}

static void vcpu_make(u64 h, u64 idx, u64 run, u64 ctx)
{
	u64 word = word_make(PG_PINNED, h, 0ul);

	page_set(run, word);
	vcpus[h][idx].loaded = 0u;
	vcpus[h][idx].power = VCPU_ON;
	vcpus[h][idx].pend = 0u;
	vcpus[h][idx].mmio_far = 0ul;
	vcpus[h][idx].mmio_size = 0u;
	vcpus[h][idx].mmio_rt = 0u;
	vcpus[h][idx].mmio_sext = 0u;
	vcpus[h][idx].mmio_sf = 0u;
	vcpus[h][idx].run_pfn = run;
	vcpus[h][idx].ctx_pfn = run;
	if (vms[h].is_protected != 0u)
		vcpu_make_protected(h, idx, run, ctx);
	vcpus[h][idx].made = 1u;
}

u64 call_vcpu_create(u64 h, u64 idx, u64 run_pfn, u64 ctx_pfn)
{
	u64 r;

	if (idx >= KC_MAX_VCPUS)
		return KC_EINVAL;
	spin_lock(LOCK_MEM);
	r = vcpu_check_new(h, idx, run_pfn, ctx_pfn);
	if (r == KC_OK)
		vcpu_make(h, idx, run_pfn, ctx_pfn);
	spin_unlock(LOCK_MEM);
	return r;
}

static u64 load_check(u32 cpu, u64 h, u64 idx)
{
	u64 r = vm_check_live(h);

	if (r != KC_OK)
		return r;
	if (vcpus[h][idx].made == 0u)
		return KC_ENOENT;
	if (vcpus[h][idx].loaded != 0u || pcpu[cpu].vm != 0u)
		return KC_EBUSY;
	return KC_OK;
}

u64 vcpu_load(u32 cpu, u64 h, u64 idx)
{
	u64 r;

	if (idx >= KC_MAX_VCPUS)
		return KC_ENOENT;
	spin_lock(LOCK_MEM);
	r = load_check(cpu, h, idx);
	if (r == KC_OK) {
		vcpus[h][idx].loaded = cpu + 1u;
		vms[h].n_loaded = vms[h].n_loaded + 1u;
		pcpu[cpu].vcpu = (u32)idx;
		pcpu[cpu].vm = (u32)h;
	}
	spin_unlock(LOCK_MEM);
	return r;
}

u64 vcpu_put(u32 cpu)
{
	u32 h = pcpu[cpu].vm;
	u32 idx = pcpu[cpu].vcpu;

	if (h == 0u)
		return KC_ENOENT;
	spin_lock(LOCK_MEM);
	pcpu[cpu].vm = 0u;
	vcpus[h][idx].loaded = 0u;
	vms[h].n_loaded = vms[h].n_loaded - 1u;
	spin_unlock(LOCK_MEM);
	return KC_OK;
}
