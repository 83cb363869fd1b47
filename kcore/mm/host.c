/* SPDX-License-Identifier: BSD-2-Clause */
/* KServ's stage 2. */
#include <kcore/calls.h>
#include <kcore/config.h>
#include <kcore/prim.h>

#include "desc.h"
#include "host.h"
#include "page.h"
#include "walk.h"

u64 host_root;
u64 host_l2[1024];

static u64 host_l3(u64 pfn)
{
	u32 r = region_find(pfn);

	return region[r].l3 + ((pfn - region[r].base) >> 9);
}

static u64 host_entry(u64 pfn)
{
	u64 i = idx_l2(pfn);

	return pte_get(host_l2[pfn >> 18], i);
}

static void host_entry_set(u64 pfn, u64 d)
{
	u64 i = idx_l2(pfn);

	pte_set(host_l2[pfn >> 18], i, d);
}

/* Break before make: between two valid descriptors of a block lies an invalid one, and no TLB
 * entry. */
static void host_entry_replace(u64 pfn, u64 d)
{
	host_entry_set(pfn, 0ul);
	tlb_inval_vm(0ul, host_root);
	host_entry_set(pfn, d);
}

/* Fill the block's level-3 table, which is not linked, from the page states; its table descriptor.
 */
static u64 host_fill(u64 pfn)
{
	u64 base = fn_block(pfn);
	u64 l3 = host_l3(pfn);
	u64 i = 0ul;

	while (i < 512ul) {
		u64 w = meta_get(base + i);
		u32 hosts = word_is_hosts(w);
		u64 d = 0ul;

		if (hosts != 0u)
			d = desc_page(base + i, ATTR_HOST);
		pte_set(l3, i, d);
		i = i + 1ul;
	}
	return desc_table(l3);
}

/*
 * 1 if all 512 pages of pfn's block are KServ's. Looks at the neighbours of pfn first: pages that
 * come back in order, as they do at teardown, cost one look each.
 */
static u32 host_block_full(u64 pfn)
{
	u64 base = fn_block(pfn);
	u64 i = 1ul;
	u32 hosts = 1u;

	while (i < 512ul && hosts != 0u) {
		u64 w = meta_get(base + ((pfn + i) & 511ul));

		hosts = word_is_hosts(w);
		i = i + 1ul;
	}
	return hosts;
}

void host_unmap_page(u64 pfn)
{
	u64 d = host_entry(pfn);
	u32 is_table = desc_is_table(d);
	u64 l3 = host_l3(pfn);
	u64 i = idx_l3(pfn);

	if (is_table == 0u) {
		d = host_fill(pfn);
		host_entry_replace(pfn, d);
	}
	pte_set(l3, i, 0ul);
	tlb_inval_vm(0ul, host_root);
}

void host_unmap_block(u64 pfn)
{
	host_entry_set(pfn, 0ul);
	tlb_inval_vm(0ul, host_root);
}

void host_map_page(u64 pfn)
{
	u64 d = host_entry(pfn);
	u32 is_table = desc_is_table(d);
	u64 l3 = host_l3(pfn);
	u64 i = idx_l3(pfn);
	u64 page = desc_page(pfn, ATTR_HOST);
	u64 base = fn_block(pfn);
	u32 full = host_block_full(pfn);

	if (full != 0u) {
		d = desc_block(base, ATTR_HOST);
		host_entry_replace(pfn, d);
	} else if (is_table != 0u) {
		pte_set(l3, i, page);
	} else {
		/* The whole block was away. */
		d = host_fill(pfn);
		host_entry_set(pfn, d);
	}
}

void host_map_boot(u64 pfn)
{
	u64 w = meta_get(pfn);
	u32 hosts = word_is_hosts(w);
	u32 rest = host_block_full(pfn);
	u64 d;

	if (hosts != 0u && rest != 0u)
		d = desc_block(pfn, ATTR_HOST);
	else
		d = host_fill(pfn);
	host_entry_set(pfn, d);
}

u32 host_maps(u64 pfn)
{
	u64 d;

	if (pfn >= IPA_PFNS)
		return 0u;
	spin_lock(LOCK_MEM);
	d = walk_leaf(host_root, pfn);
	spin_unlock(LOCK_MEM);
	return desc_valid(d);
}
