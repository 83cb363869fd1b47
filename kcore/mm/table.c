/* SPDX-License-Identifier: BSD-2-Clause */
/* Building a VM's stage 2. */
#include <kcore/prim.h>

#include "desc.h"
#include "object.h"
#include "table.h"
#include "walk.h"

/* Word 0 of a free table is the next one; the rest is zero. */
void pool_put(u64 h, u64 pfn)
{
	pg_set(pfn, 0ul, vms[h].pool);
	vms[h].pool = pfn;
	vms[h].n_pool = vms[h].n_pool + 1ul;
}

/* A zero page. n_pool > 0. */
static u64 pool_get(u64 h)
{
	u64 pfn = vms[h].pool;
	u64 next = pg_get(pfn, 0ul);

	pg_set(pfn, 0ul, 0ul);
	vms[h].pool = next;
	vms[h].n_pool = vms[h].n_pool - 1ul;
	return pfn;
}

u64 table_check(u64 h, u64 ipa)
{
	u64 l2 = walk_l2(vms[h].root, ipa);
	u64 l3 = walk_l3(vms[h].root, ipa);
	u64 need = 0ul;

	if (l2 == KC_NO_PFN)
		need = 2ul;
	else if (l3 == KC_NO_PFN)
		need = 1ul;
	if (need > vms[h].n_pool)
		return KC_ENOMEM;
	return KC_OK;
}

static u64 table_make_l2(u64 h, u64 ipa)
{
	u64 l2 = walk_l2(vms[h].root, ipa);
	u64 page = idx_l1_page(ipa);
	u64 i = idx_l1(ipa);
	u64 d;

	if (l2 != KC_NO_PFN)
		return l2;
	l2 = pool_get(h);
	d = desc_table(l2);
	pte_set(vms[h].root + page, i, d);
	return l2;
}

/* Fill a table that is not linked with the 512 pages of block d. */
static void table_fill(u64 table, u64 d)
{
	u64 pfn = desc_pfn(d);
	u64 attr = desc_attr(d);
	u64 i = 0ul;

	while (i < 512ul) {
		u64 page = desc_page(pfn + i, attr);

		pte_set(table, i, page);
		i = i + 1ul;
	}
}

u64 table_make_l3(u64 h, u64 ipa)
{
	u64 l2 = table_make_l2(h, ipa);
	u64 l3 = walk_l3(vms[h].root, ipa);
	u64 i = idx_l2(ipa);
	u64 d;
	u32 is_block;

	if (l3 != KC_NO_PFN)
		return l3;
	l3 = pool_get(h);
	d = pte_get(l2, i);
	is_block = desc_is_block(d);
	if (is_block != 0u) {
		table_fill(l3, d);
		/* Break before make. */
		pte_set(l2, i, 0ul);
		tlb_inval_vm(h, vms[h].root);
	}
	d = desc_table(l3);
	pte_set(l2, i, d);
	return l3;
}

static u64 slot_check_block(u64 h, u64 ipa, u64 state)
{
	u64 l2 = walk_l2(vms[h].root, ipa);
	u64 d = walk_entry2(vms[h].root, ipa);

	if (d != 0ul)
		return KC_EEXIST;
	if (state != LEAF_UNUSED)
		return KC_EPERM;
	if (l2 == KC_NO_PFN && vms[h].n_pool == 0ul)
		return KC_ENOMEM;
	return KC_OK;
}

u64 slot_check(u64 h, u64 ipa, u64 n, u64 state)
{
	u64 d = walk_leaf(vms[h].root, ipa);
	u64 want = desc_invalid(state);
	u32 valid = desc_valid(d);

	if (n == 512ul)
		return slot_check_block(h, ipa, state);
	if (valid != 0u)
		return KC_EEXIST;
	if (d != want)
		return KC_EPERM;
	return table_check(h, ipa);
}

void slot_map(u64 h, u64 ipa, u64 pfn, u64 n, u64 attr)
{
	u64 table;
	u64 i;
	u64 d;

	if (n == 512ul) {
		table = table_make_l2(h, ipa);
		i = idx_l2(ipa);
		d = desc_block(pfn, attr);
	} else {
		table = table_make_l3(h, ipa);
		i = idx_l3(ipa);
		d = desc_page(pfn, attr);
	}
	pte_set(table, i, d);
}
