/* SPDX-License-Identifier: BSD-2-Clause */
/* States of physical pages. */
#include <kcore/prim.h>

#include "page.h"

struct region region[NREGION];
u32 n_region;
u64 n_kind[PG_KINDS];

u32 region_find(u64 pfn)
{
	u32 i = 0u;

	while (i < n_region) {
		/* Wraps to a large number below base. */
		if (pfn - region[i].base < region[i].n)
			return i;
		i = i + 1u;
	}
	return NREGION;
}

u32 ram_check(u64 pfn)
{
	u32 i = region_find(pfn);

	return (u32)(i < NREGION);
}

/* 1 if the n pages from pfn are RAM, of one region. */
static u32 ram_check_range(u64 pfn, u64 n)
{
	u32 i = 0u;

	while (i < n_region) {
		u64 at = pfn - region[i].base;

		if (at < region[i].n)
			return (u32)(n <= region[i].n - at);
		i = i + 1u;
	}
	return 0u;
}

void page_put(u64 pfn, u64 word)
{
	meta_set(pfn, word);
}

void page_count(u64 was, u64 now, u64 n)
{
	n_kind[was] = n_kind[was] - n;
	n_kind[now] = n_kind[now] + n;
}

void page_set(u64 pfn, u64 word)
{
	u64 old = meta_get(pfn);
	u64 was = word_kind(old);
	u64 now = word_kind(word);

	page_count(was, now, 1ul);
	page_put(pfn, word);
}

static u64 page_check_one(u64 pfn, u32 lent_ok)
{
	u64 w = meta_get(pfn);
	u64 kind = word_kind(w);
	u64 count = word_arg(w);

	if (kind == PG_HOST)
		return KC_OK;
	if (kind == PG_LENT && lent_ok != 0u && count < PG_ARG_MAX)
		return KC_OK;
	if (kind == PG_LENT || kind == PG_PINNED)
		return KC_EBUSY;
	return KC_EPERM;
}

u64 page_check(u64 pfn, u64 n, u32 lent_ok)
{
	u32 is_ram = ram_check_range(pfn, n);
	u64 i = 0ul;

	if (is_ram == 0u)
		return KC_EINVAL;
	while (i < n) {
		u64 r = page_check_one(pfn + i, lent_ok);

		if (r != KC_OK)
			return r;
		i = i + 1ul;
	}
	return KC_OK;
}

u64 page_lend(u64 pfn)
{
	u64 w = meta_get(pfn);
	u64 kind = word_kind(w);
	u64 count = 0ul;
	u64 word;

	if (kind == PG_LENT)
		count = word_arg(w);
	word = word_make(PG_LENT, 0ul, count + 1ul);
	page_put(pfn, word);
	return (u64)(kind != PG_LENT);
}

void page_unlend(u64 pfn)
{
	u64 w = meta_get(pfn);
	u64 count = word_arg(w);
	u64 word = word_make(PG_HOST, 0ul, 0ul);

	if (count > 1ul)
		word = word_make(PG_LENT, 0ul, count - 1ul);
	page_set(pfn, word);
}
