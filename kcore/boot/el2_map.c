/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EL2's own stage 1: four levels, 4 KiB pages, 2 MiB and 1 GiB blocks where they fit. Built once
 * with the MMU off; no function of KCore changes it afterwards.
 */
#include "boot.h"

#define DESC_VALID 1ul
#define DESC_TABLE 3ul
#define DESC_PAGE  3ul
#define DESC_BLOCK 1ul
#define DESC_ADDR  0x0000fffffffff000ul
/* AF, inner shareable, AP[1] (RES1 at EL2) */
#define DESC_BASE ((1ul << 10) | (3ul << 8) | (1ul << 6))
#define DESC_RO   (1ul << 7)
#define DESC_XN   (1ul << 54)
#define DESC_DEV  (1ul << 2) /* MAIR attribute 1 */

static u64 leaf_bits(u64 attr)
{
	switch (attr) {
	case EL2_TEXT:
		return DESC_BASE | DESC_RO;
	case EL2_RO:
		return DESC_BASE | DESC_RO | DESC_XN;
	case EL2_RW:
		return DESC_BASE | DESC_XN;
	default:
		return DESC_BASE | DESC_XN | DESC_DEV;
	}
}

static u64 *table_at(u64 *table, u64 idx, struct el2_map *m)
{
	if ((table[idx] & DESC_VALID) == 0ul) {
		if (m->next >= m->end)
			refuse("no memory for EL2 tables");
		for (u64 i = 0; i < 512ul; i++)
			((u64 *)m->next)[i] = 0;
		table[idx] = m->next | DESC_TABLE;
		m->next += 4096ul;
	}
	return (u64 *)(table[idx] & DESC_ADDR);
}

void el2_map_range(struct el2_map *m, u64 va, u64 pa, u64 size, u64 attr)
{
	u64 bits = leaf_bits(attr);

	while (size > 0ul) {
		u64 *t = table_at((u64 *)m->root, (va >> 39) & 511ul, m);
		u64 step = 1ul << 30;
		u64 shift = 30;

		if (((va | pa) & (step - 1ul)) != 0ul || size < step) {
			t = table_at(t, (va >> 30) & 511ul, m);
			step = 1ul << 21;
			shift = 21;
			if (((va | pa) & (step - 1ul)) != 0ul || size < step) {
				t = table_at(t, (va >> 21) & 511ul, m);
				step = 4096;
				shift = 12;
			}
		}
		t[(va >> shift) & 511ul] = pa | bits | (shift == 12ul ? DESC_PAGE : DESC_BLOCK);
		va += step;
		pa += step;
		size -= step;
	}
}
