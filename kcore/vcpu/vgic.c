/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual CPU interface. Its state is KServ's by design (KServ injects the interrupts); KCore
 * keeps it off other contexts, and lets no list register deactivate a physical interrupt but the
 * timer's.
 */
#include <kcore/abi.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vm/vm.h"
#include "vcpu.h"

/* En, the maintenance interrupt enables, TDIR, EOIcount. */
#define ICH_HCR_MASK 0xf80040fful
/* TC, TALL0, TALL1: with them KServ shows a normal VM that it has no interrupt controller. */
#define ICH_HCR_TRAPS  0x1c00ul
#define LR_HW          (1ul << 61)
#define LR_PINTID(v)   (((v) >> 32) & 0x1ffful)
#define LR_PINTID_MASK (0x1ffful << 32)
#define PPI_VTIMER     27ul
#define PPI_PTIMER     30ul

/* Implemented list registers. */
static u64 lr_count(u64 vtr)
{
	u64 n = (vtr & 31ul) + 1ul;

	if (n > 16ul)
		n = 16;
	return n;
}

/* Implemented active-priority registers of a group: 1, 2 or 4 for 5, 6 or 7 preemption bits. */
static u64 ap_count(u64 vtr)
{
	u64 bits = ((vtr >> 26) & 7ul) + 1ul;

	if (bits >= 7ul)
		return 4;
	if (bits == 6ul)
		return 2;
	return 1;
}

/* A hardware-linked list register is for the timers only: any other becomes a software one. */
static u64 lr_allowed(u64 v)
{
	if ((v & LR_HW) != 0ul && LR_PINTID(v) != PPI_VTIMER && LR_PINTID(v) != PPI_PTIMER)
		return v & ~(LR_HW | LR_PINTID_MASK);
	return v;
}

void vgic_load(u64 run)
{
	u64 vtr = ich_vtr_get();
	u64 n = ap_count(vtr);
	u64 i = 0;
	u64 v = pg_get(run, RUN_VGIC_VMCR);

	ich_vmcr_set(v);
	while (i < n) {
		v = pg_get(run, RUN_VGIC_AP0R(i));
		ich_ap_set(0ul, i, v & 0xfffffffful);
		v = pg_get(run, RUN_VGIC_AP1R(i));
		ich_ap_set(1ul, i, v & 0xfffffffful);
		i = i + 1ul;
	}
}

void vgic_put(u64 run)
{
	u64 vtr = ich_vtr_get();
	u64 n = ap_count(vtr);
	u64 i = 0;
	u64 v = ich_vmcr_get();

	pg_set(run, RUN_VGIC_VMCR, v);
	ich_vmcr_set(0ul);
	while (i < n) {
		v = ich_ap_get(0ul, i);
		pg_set(run, RUN_VGIC_AP0R(i), v);
		ich_ap_set(0ul, i, 0ul);
		v = ich_ap_get(1ul, i);
		pg_set(run, RUN_VGIC_AP1R(i), v);
		ich_ap_set(1ul, i, 0ul);
		i = i + 1ul;
	}
}

void vgic_enter(u32 cpu, u64 run)
{
	u64 vtr = ich_vtr_get();
	u64 n = lr_count(vtr);
	u64 used = pg_get(run, RUN_VGIC_NLR);
	u64 mask = ICH_HCR_MASK;
	u64 i = 0;
	u64 v;
	u64 lr;

	if (used > n)
		used = n;
	while (i < used) {
		v = pg_get(run, RUN_VGIC_LR(i));
		lr = lr_allowed(v);
		ich_lr_set(i, lr);
		i = i + 1ul;
	}
	pcpu[cpu].n_lr = used;
	if (vms[pcpu[cpu].vm].is_protected == 0u)
		mask = mask | ICH_HCR_TRAPS;
	v = pg_get(run, RUN_VGIC_HCR);
	ich_hcr_set(v & mask);
}

void vgic_exit(u32 cpu, u64 run)
{
	u64 used = pcpu[cpu].n_lr;
	u64 i = 0;
	u64 v;

	while (i < used) {
		v = ich_lr_get(i);
		pg_set(run, RUN_VGIC_LR(i), v);
		ich_lr_set(i, 0ul);
		i = i + 1ul;
	}
	v = ich_vmcr_get();
	pg_set(run, RUN_VGIC_VMCR, v);
	v = ich_hcr_get();
	pg_set(run, RUN_VGIC_HCR, v);
	ich_hcr_set(0ul);
}
