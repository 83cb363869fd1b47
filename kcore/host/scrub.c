/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Before the machine is reset or powered off: memory keeps its content over a reset, and what
 * boots next is not ours. Every VM that could run loses its translations first (a DYING one has
 * none, and its root may be KServ's again), so that nothing can write behind the scrubbing.
 */
#include <kcore/host.h>
#include <kcore/prim.h>

#include "../mm/page.h"
#include "../vm/vm.h"

static void vms_disconnect(void)
{
	u32 h = 1;

	while (h <= KC_MAX_VMS) {
		if (vms[h].state == VM_NEW || vms[h].state == VM_SEALED) {
			page_zero(vms[h].root);
			page_zero(vms[h].root + 1ul);
			tlb_inval_vm(h, vms[h].root);
		}
		h = h + 1u;
	}
}

static void region_scrub(u32 r)
{
	u64 pfn = region[r].base;
	u64 end = region[r].base + region[r].n;
	u64 w;
	u64 kind;

	while (pfn < end) {
		w = meta_get(pfn);
		kind = word_kind(w);
		if (kind == PG_VM || kind == PG_VMCORE || kind == PG_CTX)
			page_zero(pfn);
		pfn = pfn + 1ul;
	}
}

/* Takes LOCK_MEM and keeps it: no call changes memory any more. */
void scrub_all(void)
{
	u32 r = 0;

	spin_lock(LOCK_MEM);
	vms_disconnect();
	while (r < n_region) {
		region_scrub(r);
		r = r + 1u;
	}
}
