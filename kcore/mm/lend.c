/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that stays KServ's and is lent to a VM. */
#include <kcore/calls.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>

#include "desc.h"
#include "leaf.h"
#include "object.h"
#include "page.h"
#include "revoke.h"
#include "table.h"
#include "walk.h"

/* KC_EINVAL: not a nonempty set of KC_PROT_* bits. */
static u64 prot_check(u64 prot)
{
	if (prot == 0ul || prot > (KC_PROT_R | KC_PROT_W | KC_PROT_X))
		return KC_EINVAL;
	return KC_OK;
}

static u64 lend_check(u64 h, u64 ipa, u64 pfn, u64 n)
{
	u64 r = vm_check_live(h);
	u64 state = LEAF_UNUSED;

	if (r != KC_OK)
		return r;
	/* Only the guest itself makes an ipa SHARED, and only in declared RAM. */
	if (vms[h].is_protected != 0u)
		state = LEAF_SHARED;
	r = page_check(pfn, n, 1u);
	if (r != KC_OK)
		return r;
	return slot_check(h, ipa, n, state);
}

static void lend_pages(u64 h, u64 pfn, u64 n)
{
	u64 i = 0ul;
	u64 fresh = 0ul;

	while (i < n) {
		u64 f = page_lend(pfn + i);

		fresh = fresh + f;
		i = i + 1ul;
	}
	page_count(PG_HOST, PG_LENT, fresh);
	vms[h].n_lent = vms[h].n_lent + n;
}

u64 call_lend(u64 h, u64 ipa_pfn, u64 pfn, u64 order_prot)
{
	u64 prot = order_prot >> 8;
	u64 n = order_pages(order_prot & 0xfful);
	u64 r = leaf_check(ipa_pfn, pfn, n);
	u64 rp = prot_check(prot);
	u64 attr = attr_lent(prot & 7ul);

	if (r != KC_OK || rp != KC_OK)
		return KC_EINVAL;
	spin_lock(LOCK_MEM);
	r = lend_check(h, ipa_pfn, pfn, n);
	if (r == KC_OK) {
		lend_pages(h, pfn, n);
		slot_map(h, ipa_pfn, pfn, n, attr);
	}
	spin_unlock(LOCK_MEM);
	return r;
}

/* 1 if the walk of ipa ends at a lent leaf. */
static u32 lent_at(u64 h, u64 ipa)
{
	u64 state = walk_state(vms[h].root, ipa);

	return (u32)(state == LEAF_LENT);
}

/* What one look at ipa costs of REVOKE_MAX: a lent block is 512 pages to release. */
static u64 lent_cost(u64 h, u64 ipa)
{
	u32 lent = lent_at(h, ipa);
	u64 l3 = walk_l3(vms[h].root, ipa);

	if (lent != 0u && l3 == KC_NO_PFN)
		return 512ul;
	return 1ul;
}

static u64 min_u64(u64 a, u64 b)
{
	if (a < b)
		return a;
	return b;
}

/* Freeze the lent leaves of [ipa, end); the first ipa not looked at. */
static u64 unlend_freeze(u64 h, u64 ipa, u64 end)
{
	u64 at = ipa;
	u64 cost = 0ul;

	while (at < end && cost < REVOKE_MAX) {
		u64 c = lent_cost(h, at);
		u32 lent = lent_at(h, at);

		cost = cost + c;
		if (lent != 0u)
			revoke_freeze(h, at);
		at = walk_next(vms[h].root, at);
	}
	return min_u64(at, end);
}

/* With n_lent == 0 the tables of a DYING VM may be gone: nothing is walked then. */
static u64 unlend_range(u64 h, u64 ipa, u64 end)
{
	u64 state = LEAF_UNUSED;
	u64 stop;

	if (vms[h].n_lent == 0ul)
		return end;
	if (vms[h].is_protected != 0u)
		state = LEAF_SHARED;
	revoke_begin();
	stop = unlend_freeze(h, ipa, end);
	revoke_finish(h, ipa, stop, state);
	return stop;
}

u64 call_unlend(u32 cpu, u64 h, u64 ipa_pfn, u64 n_pages)
{
	u32 ok = ipa_range_ok(ipa_pfn, n_pages);
	u64 r;
	u64 stop;

	if (ok == 0u)
		return KC_EINVAL;
	spin_lock(LOCK_MEM);
	r = vm_check(h);
	if (r == KC_OK) {
		stop = unlend_range(h, ipa_pfn, ipa_pfn + n_pages);
		pcpu[cpu].res1 = stop;
	}
	spin_unlock(LOCK_MEM);
	return r;
}

/* Change the lent leaf at ipa, if there is one, to attr; 1 if there was. */
static u32 prot_at(u64 h, u64 ipa, u64 attr)
{
	u32 lent = lent_at(h, ipa);
	u64 d = walk_leaf(vms[h].root, ipa);
	u64 next = desc_set_attr(d, attr);

	if (lent != 0u)
		walk_put(vms[h].root, ipa, next);
	return lent;
}

static u64 prot_range(u64 h, u64 ipa, u64 end, u64 attr)
{
	u64 at = ipa;
	u64 looked = 0ul;
	u32 changed = 0u;

	if (vms[h].n_lent == 0ul)
		return end;
	while (at < end && looked < REVOKE_MAX) {
		u32 c = prot_at(h, at, attr);

		changed = changed | c;
		looked = looked + 1ul;
		at = walk_next(vms[h].root, at);
	}
	if (changed != 0u)
		tlb_inval_vm(h, vms[h].root);
	return min_u64(at, end);
}

u64 call_lend_prot(u32 cpu, u64 h, u64 ipa_pfn, u64 n_pages, u64 prot)
{
	u32 ok = ipa_range_ok(ipa_pfn, n_pages);
	u64 r = prot_check(prot);
	u64 attr = attr_lent(prot & 7ul);
	u64 stop;

	if (ok == 0u || r != KC_OK)
		return KC_EINVAL;
	spin_lock(LOCK_MEM);
	r = vm_check_live(h);
	if (r == KC_OK) {
		stop = prot_range(h, ipa_pfn, ipa_pfn + n_pages, attr);
		pcpu[cpu].res1 = stop;
	}
	spin_unlock(LOCK_MEM);
	return r;
}
