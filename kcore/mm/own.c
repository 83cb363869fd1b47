/* SPDX-License-Identifier: BSD-2-Clause */
/* Change of owner. */
#include <kcore/prim.h>

#include "host.h"
#include "object.h"
#include "own.h"
#include "page.h"

void own_take_core(u64 h, u64 pfn, u64 kind)
{
	u64 word = word_make(kind, h, 0ul);

	host_unmap_page(pfn);
	page_zero(pfn);
	page_set(pfn, word);
	vms[h].n_pages = vms[h].n_pages + 1ul;
}

void own_take_private(u64 h, u64 ipa, u64 pfn, u64 n)
{
	u64 i = 0ul;
	u32 state = vms[h].state;

	if (n == 512ul)
		host_unmap_block(pfn);
	else
		host_unmap_page(pfn);
	while (i < n) {
		u64 word = word_make(PG_VM, h, ipa + i);

		if (state == VM_NEW)
			page_sync(pfn + i);
		else
			page_zero(pfn + i);
		page_put(pfn + i, word);
		i = i + 1ul;
	}
	page_count(PG_HOST, PG_VM, n);
	vms[h].n_pages = vms[h].n_pages + n;
}

void own_return(u64 h, u64 pfn)
{
	u64 word = word_make(PG_HOST, 0ul, 0ul);

	page_zero(pfn);
	page_set(pfn, word);
	vms[h].n_pages = vms[h].n_pages - 1ul;
	host_map_page(pfn);
}
