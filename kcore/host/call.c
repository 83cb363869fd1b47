/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KServ's hypercalls: one table from function id to handler. Arguments are read once, from x1..x4.
 */
#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/host.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vcpu/vcpu.h"

/* The kernel's own EL2 stub interface: refused, but for one question. */
#define HVC_STUB_MAX        5ul
#define HVC_GET_ICH_VTR_EL2 4ul
#define HVC_STUB_ERR        0xbadca11ul

static u64 call_version(u32 cpu)
{
	pcpu[cpu].res1 = ((u64)KC_ABI_MAJOR << 16) | KC_ABI_MINOR;
	pcpu[cpu].res2 = 0;
	pcpu[cpu].res3 = KC_MAGIC;
	return KC_OK;
}

static u64 call_cntvoff(u64 offset)
{
	cntvoff_set(offset);
	return KC_OK;
}

static u64 call_vgic_info(u32 cpu)
{
	pcpu[cpu].res1 = ich_vtr_get();
	return KC_OK;
}

/* Calls on VMs and memory. Never inlined: the path of KC_VCPU_RUN would save registers for them. */
static __attribute__((noinline)) u64 memory_call(u32 cpu, u64 fid, u64 a1, u64 a2, u64 a3, u64 a4)
{
	switch (fid) {
	case KC_VM_CREATE:
		return call_vm_create(cpu, a1, a2);
	case KC_VM_RAM:
		return call_vm_ram(a1, a2, a3);
	case KC_VM_TABLE:
		return call_vm_table(a1, a2);
	case KC_VCPU_CREATE:
		return call_vcpu_create(a1, a2, a3, a4);
	case KC_VM_TEARDOWN:
		return call_vm_teardown(a1);
	case KC_VM_FREE:
		return call_vm_free(a1);
	case KC_PAGE_RECLAIM:
		return call_page_reclaim(a1, a2);
	case KC_DONATE:
		return call_donate(a1, a2, a3, a4);
	case KC_LEND:
		return call_lend(a1, a2, a3, a4);
	case KC_UNLEND:
		return call_unlend(cpu, a1, a2, a3);
	case KC_LEND_PROT:
		return call_lend_prot(cpu, a1, a2, a3, a4);
	case KC_FORCE_RECLAIM:
		return call_force_reclaim(cpu, a1, a2);
	case KC_VM_FLUSH:
		return call_vm_flush(a1);
	default:
		return KC_ENOSYS;
	}
}

/* The status of call fid. */
static u64 any_call(u32 cpu, u64 fid, u64 a1, u64 a2, u64 a3, u64 a4)
{
	switch (fid) {
	case KC_VERSION:
		return call_version(cpu);
	case KC_STAT:
		return call_stat(cpu, a1);
	case KC_VCPU_LOAD:
		return call_vcpu_load(cpu, a1, a2);
	case KC_VCPU_PUT:
		return call_vcpu_put(cpu);
	case KC_SET_CNTVOFF:
		return call_cntvoff(a1);
	case KC_VGIC_INFO:
		return call_vgic_info(cpu);
	default:
		return memory_call(cpu, fid, a1, a2, a3, a4);
	}
}

/* Status and results into KServ's registers. */
static void call_return(u32 cpu, u64 status)
{
	u64 ctx = pcpu[cpu].cur_ctx;

	pg_set(ctx, CTX_X(0u), status);
	if (status == KC_OK) {
		pg_set(ctx, CTX_X(1u), pcpu[cpu].res1);
		pg_set(ctx, CTX_X(2u), pcpu[cpu].res2);
		pg_set(ctx, CTX_X(3u), pcpu[cpu].res3);
	} else {
		pcpu[cpu].refused = pcpu[cpu].refused + 1ul;
	}
}

static void stub_call(u32 cpu, u64 nr)
{
	u64 v;

	if (nr == HVC_GET_ICH_VTR_EL2) {
		v = ich_vtr_get();
		guest_reg_set(cpu, 0ul, 0ul);
		guest_reg_set(cpu, 1ul, v);
		return;
	}
	guest_reg_set(cpu, 0ul, HVC_STUB_ERR);
}

/* HVC from KServ. */
void host_call(u32 cpu)
{
	u64 fid = guest_reg(cpu, 0ul);
	u64 a1 = guest_reg(cpu, 1ul);
	u64 a2 = guest_reg(cpu, 2ul);
	u64 a3 = guest_reg(cpu, 3ul);
	u64 a4 = guest_reg(cpu, 4ul);
	u64 r;

	if (fid < HVC_STUB_MAX) {
		stub_call(cpu, fid);
		return;
	}
	pcpu[cpu].res1 = 0;
	pcpu[cpu].res2 = 0;
	pcpu[cpu].res3 = 0;
	if (fid == KC_VCPU_RUN) {
		r = call_vcpu_run(cpu);
		if (r == KC_OK)
			return; /* the registers are the guest's now; guest_exit answers */
	} else {
		r = any_call(cpu, fid, a1, a2, a3, a4);
	}
	call_return(cpu, r);
}
