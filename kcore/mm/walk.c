/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a stage-2 tree. */
#include <kcore/abi.h>
#include <kcore/prim.h>

#include "desc.h"
#include "walk.h"

u64 walk_l2(u64 root, u64 fn)
{
	u64 page = idx_l1_page(fn);
	u64 i = idx_l1(fn);
	u64 d = pte_get(root + page, i);
	u32 is_table = desc_is_table(d);

	if (is_table == 0u)
		return KC_NO_PFN;
	return desc_pfn(d);
}

u64 walk_entry2(u64 root, u64 fn)
{
	u64 l2 = walk_l2(root, fn);
	u64 i = idx_l2(fn);

	if (l2 == KC_NO_PFN)
		return 0ul;
	return pte_get(l2, i);
}

u64 walk_l3(u64 root, u64 fn)
{
	u64 d = walk_entry2(root, fn);
	u32 is_table = desc_is_table(d);

	if (is_table == 0u)
		return KC_NO_PFN;
	return desc_pfn(d);
}

u64 walk_leaf(u64 root, u64 fn)
{
	u64 d = walk_entry2(root, fn);
	u32 is_table = desc_is_table(d);
	u64 i = idx_l3(fn);
	u64 l3;

	if (is_table == 0u)
		return d;
	l3 = desc_pfn(d);
	return pte_get(l3, i);
}

void walk_put(u64 root, u64 fn, u64 d)
{
	u64 table = walk_l3(root, fn);
	u64 i = idx_l3(fn);

	if (table == KC_NO_PFN) {
		table = walk_l2(root, fn);
		i = idx_l2(fn);
	}
	pte_set(table, i, d);
}

u64 walk_next(u64 root, u64 fn)
{
	u64 l2 = walk_l2(root, fn);
	u64 l3 = walk_l3(root, fn);

	if (l2 == KC_NO_PFN)
		return (fn | 0x3fffful) + 1ul;
	if (l3 == KC_NO_PFN)
		return (fn | 511ul) + 1ul;
	return fn + 1ul;
}

u64 walk_state(u64 root, u64 fn)
{
	u64 d = walk_leaf(root, fn);
	u32 valid = desc_valid(d);
	u64 sw = desc_sw(d);

	if (valid == 0u && sw != 0ul)
		return LEAF_FROZEN;
	if (valid == 0u)
		return desc_state_bits(d);
	if (sw == DESC_SW_PRIVATE)
		return LEAF_PRIVATE;
	return LEAF_LENT;
}

u64 walk_pfn(u64 root, u64 fn)
{
	u64 d = walk_leaf(root, fn);
	u32 is_block = desc_is_block(d);
	u64 pfn = desc_pfn(d);

	if (is_block != 0u)
		return pfn + (fn & 511ul);
	return pfn;
}
