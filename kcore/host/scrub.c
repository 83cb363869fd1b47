/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Before the machine is reset or powered off: memory keeps its content over a reset, and what
 * boots next is not ours. No vCPU is loaded then, so no CPU runs a guest or writes into a context,
 * and every VM loses its translations first: nothing can write behind the scrubbing.
 */
#include <kcore/host.h>
#include <kcore/prim.h>

#include "../mm/page.h"
#include "../vm/vm.h"

static u32 vms_loaded(void)
{
	u32 h = 1;

	while (h <= KC_MAX_VMS) {
		if (vms[h].state != VM_FREE && vms[h].n_loaded != 0u)
			return 1;
		h = h + 1u;
	}
	return 0;
}

/* No VM runs again. A DYING one has no translations, and its root may be KServ's. */
static void vms_disconnect(void)
{
	u32 h = 1;

	while (h <= KC_MAX_VMS) {
		if (vms[h].state == VM_NEW || vms[h].state == VM_SEALED) {
			vms[h].state = VM_DYING;
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

u32 scrub_all(void)
{
	u32 r = 0;
	u32 loaded;

	spin_lock(LOCK_MEM);
	loaded = vms_loaded();
	if (loaded != 0u) {
		spin_unlock(LOCK_MEM);
		return 0;
	}
	vms_disconnect();
	while (r < n_region) {
		region_scrub(r);
		r = r + 1u;
	}
	return 1;
}
