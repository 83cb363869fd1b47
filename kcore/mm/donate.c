/* SPDX-License-Identifier: BSD-2-Clause */
/* Private memory of protected VMs: KServ gives it, takes it back by force, or after the VM's end.
 */
#include <kcore/calls.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>

#include "desc.h"
#include "leaf.h"
#include "object.h"
#include "own.h"
#include "page.h"
#include "revoke.h"
#include "table.h"
#include "walk.h"

/* Number of pages of an order that the ABI knows, or 0. */
u64 order_pages(u64 order)
{
	if (order == 0ul)
		return 1ul;
	if (order == 9ul)
		return 512ul;
	return 0ul;
}

/* KC_EINVAL: a leaf of n pages (0: bad order) cannot translate ipa to pfn. */
u64 leaf_check(u64 ipa, u64 pfn, u64 n)
{
	u32 ok = ipa_range_ok(ipa, n);

	if (ok == 0u)
		return KC_EINVAL;
	if (((ipa | pfn) & (n - 1ul)) != 0ul)
		return KC_EINVAL;
	return KC_OK;
}

static u64 donate_check(u64 h, u64 ipa, u64 pfn, u64 n)
{
	u64 r = vm_check_protected(h);
	u64 end;

	if (r != KC_OK)
		return r;
	end = ram_end(h, ipa);
	if (ipa + n > end)
		return KC_EINVAL;
	r = page_check(pfn, n, 0u);
	if (r != KC_OK)
		return r;
	return slot_check(h, ipa, n, LEAF_UNUSED);
}

u64 call_donate(u64 h, u64 ipa_pfn, u64 pfn, u64 order)
{
	u64 n = order_pages(order);
	u64 r = leaf_check(ipa_pfn, pfn, n);

	if (r != KC_OK)
		return r;
	spin_lock(LOCK_MEM);
	r = donate_check(h, ipa_pfn, pfn, n);
	if (r == KC_OK) {
		own_take_private(h, ipa_pfn, pfn, n);
		slot_map(h, ipa_pfn, pfn, n, ATTR_PRIVATE);
	}
	spin_unlock(LOCK_MEM);
	return r;
}

static u64 force_check(u64 h, u64 ipa)
{
	u64 r = vm_check_live(h);
	u64 state;

	if (r != KC_OK)
		return r;
	state = walk_state(vms[h].root, ipa);
	if (state != LEAF_PRIVATE)
		return KC_ENOENT;
	return table_check(h, ipa);
}

/* Make the private page at ipa KServ's again; its number. */
static u64 force_reclaim(u64 h, u64 ipa)
{
	u64 pfn = walk_pfn(vms[h].root, ipa);
	u64 l3 = table_make_l3(h, ipa);

	(void)l3;
	revoke_begin();
	revoke_freeze(h, ipa);
	revoke_finish(h, ipa, ipa + 1ul, LEAF_DESTROYED);
	return pfn;
}

u64 call_force_reclaim(u32 cpu, u64 h, u64 ipa_pfn)
{
	u64 r;
	u64 pfn;

	if (ipa_pfn >= IPA_PFNS)
		return KC_EINVAL;
	spin_lock(LOCK_MEM);
	r = force_check(h, ipa_pfn);
	if (r == KC_OK) {
		pfn = force_reclaim(h, ipa_pfn);
		pcpu[cpu].res1 = pfn;
	}
	spin_unlock(LOCK_MEM);
	return r;
}

static u64 reclaim_check(u64 h, u64 pfn)
{
	u64 r = vm_check(h);
	u64 w = meta_get(pfn);
	u64 kind = word_kind(w);
	u64 owner = word_handle(w);

	if (r != KC_OK)
		return r;
	if (vms[h].state != VM_DYING)
		return KC_ESTATE;
	if ((kind != PG_VM && kind != PG_VMCORE && kind != PG_CTX) || owner != h)
		return KC_EPERM;
	/* KC_UNLEND still needs the tables. */
	if (kind == PG_VMCORE && vms[h].n_lent != 0ul)
		return KC_EBUSY;
	return KC_OK;
}

u64 call_page_reclaim(u64 h, u64 pfn)
{
	u32 is_ram = ram_check(pfn);
	u64 r;

	if (is_ram == 0u)
		return KC_EINVAL;
	spin_lock(LOCK_MEM);
	r = reclaim_check(h, pfn);
	if (r == KC_OK)
		own_return(h, pfn);
	spin_unlock(LOCK_MEM);
	return r;
}
