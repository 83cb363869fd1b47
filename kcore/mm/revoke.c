/* SPDX-License-Identifier: BSD-2-Clause */
/* Taking leaves out of a VM's table. */
#include <kcore/prim.h>

#include "desc.h"
#include "object.h"
#include "own.h"
#include "page.h"
#include "revoke.h"
#include "walk.h"

static u64 n_frozen; /* leaves frozen since revoke_begin */

void revoke_begin(void)
{
	n_frozen = 0ul;
}

void revoke_freeze(u64 h, u64 ipa)
{
	u64 d = walk_leaf(vms[h].root, ipa);
	u64 frozen = desc_freeze(d);

	walk_put(vms[h].root, ipa, frozen);
	n_frozen = n_frozen + 1ul;
}

u32 revoke_pending(void)
{
	return (u32)(n_frozen != 0ul);
}

static void release_lent(u64 pfn, u64 n)
{
	u64 i = 0ul;

	while (i < n) {
		page_unlend(pfn + i);
		i = i + 1ul;
	}
}

/* Release the leaf that ends the walk of ipa if it is frozen; the number of lent pages it named. */
static u64 release_at(u64 h, u64 ipa, u64 state)
{
	u64 now = walk_state(vms[h].root, ipa);
	u64 d = walk_leaf(vms[h].root, ipa);
	u64 l3 = walk_l3(vms[h].root, ipa);
	u64 pfn = desc_pfn(d);
	u64 sw = desc_sw(d);
	u64 gone = desc_invalid(state);
	u64 n = 1ul;

	if (now != LEAF_FROZEN)
		return 0ul;
	if (l3 == KC_NO_PFN)
		n = 512ul;
	/* First the table forgets the page: at no moment does a leaf name one that is not the VM's. */
	walk_put(vms[h].root, ipa, gone);
	if (sw != DESC_SW_LENT) {
		own_return(h, pfn);
		return 0ul;
	}
	release_lent(pfn, n);
	return n;
}

void revoke_finish(u64 h, u64 from, u64 to, u64 state)
{
	u64 at = from;
	u64 lent = 0ul;
	u64 n;

	if (n_frozen == 0ul)
		return;
	tlb_inval_vm(h, vms[h].root);
	while (at < to) {
		n = release_at(h, at, state);
		lent = lent + n;
		at = walk_next(vms[h].root, at);
	}
	/* Last: a DYING VM to which nothing is lent may lose its tables. */
	vms[h].n_lent = vms[h].n_lent - lent;
}
