/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 aborts of a protected guest, and the completion of exits that KServ answers. KServ
 * learns the page of a fault in RAM, and address, size and store value of an access outside RAM;
 * nothing else. What it answers reaches exactly the register that the trapped instruction names,
 * cut to the access size.
 */
#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/control.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vm/vm.h"
#include "vcpu.h"

#define ESR_SAS(esr) (((esr) >> 22) & 3ul)
#define ESR_SSE      (1ul << 21)
#define ESR_SRT(esr) (((esr) >> 16) & 31ul)
#define ESR_SF       (1ul << 15)
#define ESR_CM       (1ul << 8)
#define FSC_PERM     0x0cul /* 0xc..0xf */
#define FSC_AF       0x08ul /* 0x8..0xb */
#define FSC_TRANS    0x04ul /* 0x4..0x7 */
#define FSC_SEA      0x10ul
#define PAR_F        1ul
#define PAR_PFN(par) (((par) >> 12) & 0xfffffffffful)

static u64 size_mask(u64 size)
{
	if (size == 1ul)
		return 0xfful;
	if (size == 2ul)
		return 0xfffful;
	if (size == 4ul)
		return 0xfffffffful;
	return 0xfffffffffffffffful;
}

/* The loaded value as the instruction wants it: extended from size bytes, then cut to W if !sf. */
u64 load_value(u64 raw, u64 size, u64 sext, u64 sf)
{
	u64 m = size_mask(size);
	u64 v = raw & m;

	if (sext != 0ul && (v & (m ^ (m >> 1))) != 0ul)
		v = v | ~m;
	if (sf == 0ul)
		v = v & 0xfffffffful;
	return v;
}

/*
 * Frame of the faulting ipa. HPFAR_EL2 is valid but for permission faults of the access itself,
 * where the stage-1 walk is repeated. IPA_UNKNOWN: that walk failed, because the guest's other
 * CPUs changed their table: run the instruction again.
 */
u64 fault_ipa(u64 esr)
{
	u64 hpfar;
	u64 par;
	u64 va;

	if ((ESR_FSC(esr) & 0x3cul) == FSC_PERM && (esr & ESR_S1PTW) == 0ul) {
		va = far_get();
		par = stage1_walk(va);
		if ((par & PAR_F) != 0ul)
			return IPA_UNKNOWN;
		return PAR_PFN(par);
	}
	hpfar = hpfar_get();
	return (hpfar >> 4) & 0xfffffffffful;
}

/* 1 if the fault status is a translation, access flag or permission fault: a matter of stage 2. */
static u32 stage2_fault(u64 esr)
{
	u64 fsc = ESR_FSC(esr) & 0x3cul;
	u32 r = 0;

	if (fsc == FSC_TRANS || fsc == FSC_AF || fsc == FSC_PERM)
		r = 1;
	return r;
}

/* A synchronous external abort for the access that trapped. */
static void inject_sea(u64 esr)
{
	u64 far = far_get();

	inject_abort((esr & ((0x3ful << 26) | ESR_IL | ESR_WNR)) | FSC_SEA, far);
}

/* An access outside RAM. */
static u32 mmio_exit(u32 cpu, u64 esr, u64 ipa)
{
	u32 h = pcpu[cpu].vm;
	u32 i = pcpu[cpu].vcpu;
	u64 run = vcpus[h][i].run_pfn;
	u64 size = 1ul << ESR_SAS(esr);
	u64 far = far_get();
	u64 v;
	u64 m;

	if (ESR_EC(esr) != EC_DABT_LOW || (esr & ESR_ISV) == 0ul ||
	    (esr & (ESR_S1PTW | ESR_CM)) != 0ul) {
		inject_sea(esr);
		return GUEST_RESUME;
	}
	v = guest_reg(cpu, ESR_SRT(esr));
	vcpus[h][i].mmio_far = far;
	vcpus[h][i].mmio_size = (u32)size;
	vcpus[h][i].mmio_rt = (u32)ESR_SRT(esr);
	vcpus[h][i].mmio_sext = (u32)((esr & ESR_SSE) >> 21);
	vcpus[h][i].mmio_sf = (u32)((esr & ESR_SF) >> 15);
	if ((esr & ESR_WNR) != 0ul) {
		vcpus[h][i].pend = PEND_STORE;
		m = size_mask(size);
		pg_set(run, RUN_X(0u), v & m);
	} else {
		vcpus[h][i].pend = PEND_LOAD;
		pg_set(run, RUN_X(0u), 0ul);
	}
	pg_set(run, RUN_ESR,
	       (EC_DABT_LOW << 26) | ESR_IL | ESR_ISV | (esr & ((3ul << 22) | ESR_WNR)) | ESR_SF |
		       FSC_TRANS | 3ul);
	pg_set(run, RUN_FAR, far & 0xffful);
	pg_set(run, RUN_HPFAR, ipa << 4);
	pg_set(run, RUN_FAULT, KC_FAULT_MMIO);
	return KC_EXIT_TRAP;
}

/* The same, if the guest's MMIO guard lets it out. */
static u32 device_exit(u32 cpu, u64 esr, u64 ipa)
{
	u32 passes = guard_passes(pcpu[cpu].vm, ipa);

	if (passes != 0u)
		return mmio_exit(cpu, esr, ipa);
	inject_sea(esr);
	return GUEST_RESUME;
}

/* A fault in RAM that KServ can resolve by a page. */
static u32 page_exit(u32 cpu, u64 esr, u64 ipa, u64 kind)
{
	u64 run = vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].run_pfn;
	u64 keep = (0x3ful << 26) | ESR_IL | 0x3ful;

	if (ESR_EC(esr) == EC_DABT_LOW)
		keep = keep | ESR_WNR;
	pg_set(run, RUN_X(0u), 0ul);
	pg_set(run, RUN_ESR, esr & keep);
	pg_set(run, RUN_FAR, 0ul);
	pg_set(run, RUN_HPFAR, ipa << 4);
	pg_set(run, RUN_FAULT, kind);
	return KC_EXIT_TRAP;
}

/* An instruction or data abort of a protected guest. */
u32 guest_abort(u32 cpu, u64 esr)
{
	u64 ipa;
	u64 kind;
	u32 s2 = stage2_fault(esr);

	if (s2 == 0u) {
		inject_sea(esr);
		return GUEST_RESUME;
	}
	ipa = fault_ipa(esr);
	if (ipa == IPA_UNKNOWN)
		return GUEST_RESUME;
	kind = guest_fault_kind(pcpu[cpu].vm, ipa);
	if (kind == FAULT_DESTROYED) {
		inject_sea(esr);
		return GUEST_RESUME;
	}
	if (kind == FAULT_MAPPED) {
		if ((ESR_FSC(esr) & 0x3cul) == FSC_PERM)
			return page_exit(cpu, esr, ipa, KC_FAULT_SHARED);
		return GUEST_RESUME;
	}
	if (kind == KC_FAULT_MMIO)
		return device_exit(cpu, esr, ipa);
	return page_exit(cpu, esr, ipa, kind);
}

/*
 * Give the guest what its last exit still owes it. Called with the guest's registers on the CPU,
 * before it runs: RUN_X(0) and RUN_FLAGS are KServ's answer, each read once.
 */
void pend_complete(u32 cpu)
{
	u32 h = pcpu[cpu].vm;
	u32 i = pcpu[cpu].vcpu;
	u32 pend = vcpus[h][i].pend;
	u64 run = vcpus[h][i].run_pfn;
	u64 v = pg_get(run, RUN_X(0u));
	u64 flags = pg_get(run, RUN_FLAGS);
	u64 pc = elr_get();

	vcpus[h][i].pend = PEND_NONE;
	if ((pend == PEND_LOAD || pend == PEND_STORE) && (flags & KC_RUN_MMIO_ABORT) != 0ul) {
		inject_abort((EC_DABT_LOW << 26) | ESR_IL | FSC_SEA, vcpus[h][i].mmio_far);
		return;
	}
	if (pend == PEND_LOAD) {
		v = load_value(v, vcpus[h][i].mmio_size, vcpus[h][i].mmio_sext,
			       vcpus[h][i].mmio_sf);
		guest_reg_set(cpu, vcpus[h][i].mmio_rt, v);
	}
	if (pend == PEND_READ)
		guest_reg_set(cpu, vcpus[h][i].mmio_rt, v);
	if (pend != PEND_NONE)
		elr_set(pc + 4ul);
}
