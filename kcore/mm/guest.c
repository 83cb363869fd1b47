/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a protected VM itself says about its memory (kcore/calls.h). The vCPU that calls is loaded
 * on this CPU, so the VM is NEW or SEALED and its tables exist.
 */
#include <kcore/calls.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>

#include "desc.h"
#include "object.h"
#include "page.h"
#include "revoke.h"
#include "table.h"
#include "walk.h"

/*
 * The end of what one call may do from ipa: inside one range of declared RAM and one 2 MiB block;
 * ipa: nothing. How far a call comes is the guest's to see: it depends on nothing of KServ's, not
 * on how the tables look or how many are left.
 */
static u64 guest_limit(u64 h, u64 ipa, u64 end)
{
	u64 ram = ram_end(h, ipa);
	u64 limit = (ipa | 511ul) + 1ul;

	if (ram == 0ul || end <= ipa)
		return ipa;
	if (ram < limit)
		limit = ram;
	if (end < limit)
		limit = end;
	return limit;
}

/* Make the ipa SHARED; a private page is frozen. KC_EPERM: DESTROYED. KC_ENOMEM: no table. */
static u64 share_at(u64 h, u64 ipa)
{
	u64 state = walk_state(vms[h].root, ipa);
	u64 shared = desc_invalid(LEAF_SHARED);
	u64 i = idx_l3(ipa);
	u64 l3;
	u64 r;

	if (state == LEAF_SHARED || state == LEAF_LENT)
		return KC_OK;
	if (state == LEAF_DESTROYED)
		return KC_EPERM;
	r = table_check(h, ipa);
	if (r != KC_OK)
		return r;
	l3 = table_make_l3(h, ipa);
	if (state == LEAF_PRIVATE)
		revoke_freeze(h, ipa);
	else
		pte_set(l3, i, shared);
	return KC_OK;
}

static u64 share_range(u32 cpu, u64 h, u64 ipa, u64 end)
{
	u64 limit = guest_limit(h, ipa, end);
	u64 at = ipa;
	u64 r = KC_OK;

	revoke_begin();
	while (at < limit && r == KC_OK) {
		r = share_at(h, at);
		if (r == KC_OK)
			at = at + 1ul;
	}
	revoke_finish(h, ipa, at, LEAF_SHARED);
	pcpu[cpu].res1 = at;
	if (r == KC_ENOMEM)
		return KC_ENOMEM;
	return KC_OK;
}

u64 guest_set_shared(u32 cpu, u32 h, u64 ipa_pfn, u64 end_pfn)
{
	u64 r;

	spin_lock(LOCK_MEM);
	r = share_range(cpu, h, ipa_pfn, end_pfn);
	spin_unlock(LOCK_MEM);
	return r;
}

/* Make the ipa RAM unless it is; a lent page is frozen. KC_EPERM: DESTROYED. */
static u64 unshare_at(u64 h, u64 ipa)
{
	u64 state = walk_state(vms[h].root, ipa);
	u64 unused = desc_invalid(LEAF_UNUSED);

	if (state == LEAF_DESTROYED)
		return KC_EPERM;
	if (state == LEAF_LENT)
		revoke_freeze(h, ipa);
	if (state == LEAF_SHARED)
		walk_put(vms[h].root, ipa, unused);
	return KC_OK;
}

static u64 unshare_range(u32 cpu, u64 h, u64 ipa, u64 end)
{
	u64 limit = guest_limit(h, ipa, end);
	u64 at = ipa;
	u64 r = KC_OK;

	revoke_begin();
	while (at < limit && r == KC_OK) {
		r = unshare_at(h, at);
		if (r == KC_OK)
			at = walk_next(vms[h].root, at);
	}
	if (at > limit)
		at = limit;
	revoke_finish(h, ipa, at, LEAF_UNUSED);
	pcpu[cpu].res1 = at;
	return r;
}

u64 guest_set_ram(u32 cpu, u32 h, u64 ipa_pfn, u64 end_pfn)
{
	u64 r;

	spin_lock(LOCK_MEM);
	r = unshare_range(cpu, h, ipa_pfn, end_pfn);
	spin_unlock(LOCK_MEM);
	return r;
}

/* IPA_* of an ipa in declared RAM. */
static u64 ipa_kind(u64 h, u64 ipa)
{
	u64 state = walk_state(vms[h].root, ipa);

	if (state == LEAF_SHARED || state == LEAF_LENT)
		return IPA_EMPTY;
	if (state == LEAF_DESTROYED)
		return IPA_DESTROYED;
	return IPA_RAM;
}

/* The end of the run of kind that starts at ipa, at most limit. */
static u64 ipa_run(u64 h, u64 ipa, u64 limit, u64 kind)
{
	u64 at = ipa;
	u64 k = kind;

	while (at < limit && k == kind) {
		at = walk_next(vms[h].root, at);
		if (at < limit)
			k = ipa_kind(h, at);
	}
	if (at > limit)
		return limit;
	return at;
}

void guest_ipa_state(u32 cpu, u32 h, u64 ipa_pfn, u64 end_pfn)
{
	u64 limit;
	u64 kind = IPA_DEV;

	spin_lock(LOCK_MEM);
	limit = guest_limit(h, ipa_pfn, end_pfn);
	if (limit != ipa_pfn) {
		kind = ipa_kind(h, ipa_pfn);
		limit = ipa_run(h, ipa_pfn, limit, kind);
	} else {
		limit = ram_next(h, ipa_pfn);
		if (limit > end_pfn)
			limit = end_pfn;
	}
	pcpu[cpu].res1 = limit;
	pcpu[cpu].res2 = kind;
	spin_unlock(LOCK_MEM);
}

static u64 fault_kind(u64 h, u64 ipa)
{
	u64 ram = ram_end(h, ipa);
	u64 state = walk_state(vms[h].root, ipa);

	if (ram == 0ul)
		return KC_FAULT_MMIO;
	if (state == LEAF_UNUSED)
		return KC_FAULT_PRIVATE;
	if (state == LEAF_SHARED)
		return KC_FAULT_SHARED;
	if (state == LEAF_DESTROYED)
		return FAULT_DESTROYED;
	return FAULT_MAPPED;
}

u64 guest_fault_kind(u32 h, u64 ipa_pfn)
{
	u64 r;

	if (ipa_pfn >= IPA_PFNS)
		return KC_FAULT_MMIO;
	spin_lock(LOCK_MEM);
	r = fault_kind(h, ipa_pfn);
	spin_unlock(LOCK_MEM);
	return r;
}

static u64 guest_store_locked(u64 h, u64 ipa, u64 idx, u64 val)
{
	u64 state = walk_state(vms[h].root, ipa);
	u64 pfn = walk_pfn(vms[h].root, ipa);

	if (state != LEAF_PRIVATE)
		return KC_EPERM;
	pg_set(pfn, idx, val);
	return KC_OK;
}

u64 guest_store(u32 h, u64 ipa_pfn, u64 idx, u64 val)
{
	u64 r;

	if (ipa_pfn >= IPA_PFNS || idx >= 512ul)
		return KC_EPERM;
	spin_lock(LOCK_MEM);
	r = guest_store_locked(h, ipa_pfn, idx, val);
	spin_unlock(LOCK_MEM);
	return r;
}

static u64 copy_out_locked(u64 h, u64 ipa, u64 dst)
{
	u64 state = walk_state(vms[h].root, ipa);
	u64 src = walk_pfn(vms[h].root, ipa);
	u64 r;

	if (state != LEAF_PRIVATE)
		return KC_ENOENT;
	r = page_check(dst, 1ul, 1u);
	if (r == KC_OK)
		page_copy(dst, src);
	return r;
}

u64 guest_copy_out(u32 h, u64 ipa_pfn, u64 dst)
{
	u64 r;

	if (ipa_pfn >= IPA_PFNS)
		return KC_ENOENT;
	spin_lock(LOCK_MEM);
	r = copy_out_locked(h, ipa_pfn, dst);
	spin_unlock(LOCK_MEM);
	return r;
}
