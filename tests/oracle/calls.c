/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/fuzz.c with other arguments.
 *
 * Fewer long walks: the semantics needs a microsecond or more for each primitive call, and a walk over all
 * of a VM's addresses has ten thousand of them. One call in LONG stays as it is, the others get a short
 * range at a place where pages are.
 *
 * More blocks: single pages come from the first two 2 MiB blocks of RAM, so that the others are often
 * whole; and more pages that are lent already.
 *
 * And calls of functions inside KCore whose results the proof specifies exactly (Specs.v).
 */
#include <kcore/abi.h>
#include <kcore/calls.h>

#define LONG  256ul
#define SHORT 24ul

static u64 shorter(u64 *from, u64 n);
static u64 single(u64 pfn);
static u64 block(u64 pfn);
static u64 lent(u64 pfn);
static u64 rnd(u64 n);
static void look(void);

static u64 other_create(u32 cpu, u64 flags, u64 root)
{
	return call_vm_create(cpu, flags, root & 1 ? root : single(root) & ~1ul);
}

static u64 other_table(u64 h, u64 pfn)
{
	return call_vm_table(h, single(pfn));
}

static u64 other_vcpu(u64 h, u64 idx, u64 run, u64 ctx)
{
	return call_vcpu_create(h, idx, single(run), ctx == KC_NO_PFN ? ctx : single(ctx));
}

static u64 other_donate(u64 h, u64 ipa, u64 pfn, u64 order)
{
	look();
	if (order == 0ul)
		return call_donate(h, ipa, single(pfn), order);
	return call_donate(h, rnd(4) ? ipa & ~511ul : ipa, rnd(4) ? block(pfn) : pfn, order);
}

static u64 other_lend(u64 h, u64 ipa, u64 pfn, u64 how)
{
	look();
	if ((how & 0xff) == 0ul)
		return call_lend(h, ipa, rnd(4) ? single(pfn) : lent(pfn), how);
	return call_lend(h, rnd(4) ? ipa & ~511ul : ipa, rnd(4) ? block(pfn) : pfn, how);
}

static u64 other_unlend(u32 cpu, u64 h, u64 from, u64 n)
{
	n = shorter(&from, n);
	return call_unlend(cpu, h, from, n);
}

static u64 other_prot(u32 cpu, u64 h, u64 from, u64 n, u64 prot)
{
	n = shorter(&from, n);
	return call_lend_prot(cpu, h, from, n, prot);
}

static u64 other_shared(u32 cpu, u32 h, u64 from, u64 to)
{
	u64 n = shorter(&from, to - from);

	return guest_set_shared(cpu, h, from, from + n);
}

static u64 other_ram(u32 cpu, u32 h, u64 from, u64 to)
{
	u64 n = shorter(&from, to - from);

	return guest_set_ram(cpu, h, from, from + n);
}

static void other_state(u32 cpu, u32 h, u64 from, u64 to)
{
	u64 n = shorter(&from, to - from);

	guest_ipa_state(cpu, h, from, from + n);
}

#define call_vm_create   other_create
#define call_vm_table    other_table
#define call_vcpu_create other_vcpu
#define call_donate      other_donate
#define call_lend        other_lend
#define call_unlend      other_unlend
#define call_lend_prot   other_prot
#define guest_set_shared other_shared
#define guest_set_ram    other_ram
#define guest_ipa_state  other_state
#include "../unit/fuzz.c"

#include <kcore/prim.h>

#include "../../kcore/mm/table.h"
#include "../../kcore/mm/walk.h"

static u64 shorter(u64 *from, u64 n)
{
	if (n <= SHORT || n > IPA_PFNS || rnd(LONG) == 0)
		return n;
	/* Where pages are: any_ipa(). */
	if (*from == IPA)
		*from += 512 * rnd(3) + (rnd(2) ? 47 * rnd(12) : 0);
	return 1 + rnd(SHORT);
}

/* A page in that state, of the first n, or pfn. */
static u64 in_state(u64 pfn, u64 kind, u64 n)
{
	u32 i;

	for (i = 0; i < 8; i++) {
		u64 p = fake_page(rnd(n));

		if ((fake_meta(p) & 15) == kind)
			return p;
	}
	return pfn;
}

static u64 single(u64 pfn)
{
	if (fake_index(pfn) >= fake_n_pages() || fake_index(pfn) < 1024 || rnd(512) == 0)
		return pfn;
	return in_state(pfn, PG_HOST, 1024);
}

static u64 lent(u64 pfn)
{
	return in_state(pfn, PG_LENT, fake_n_pages());
}

/* A block that is KServ's as a whole, or pfn. */
static u64 block(u64 pfn)
{
	u64 n = fake_n_pages() / 512;
	u64 from = rnd(n);
	u64 b;
	u64 i;

	for (b = 0; b < n; b++) {
		u64 first = fake_page((from + b) % n * 512);

		for (i = 0; i < 512 && (fake_meta(first + i) & 15) == PG_HOST; i++)
			;
		if (i == 512)
			return first;
	}
	return pfn;
}

static void look(void)
{
	u64 h = 1 + rnd(VMS);
	u64 fn = any_ipa() % IPA_PFNS;
	u64 root = vms[h].root;

	if (vms[h].state != VM_NEW && vms[h].state != VM_SEALED)
		return;
	spin_lock(LOCK_MEM);
	walk_l2(root, fn);
	walk_l3(root, fn);
	walk_entry2(root, fn);
	walk_leaf(root, fn);
	walk_state(root, fn);
	walk_next(root, fn);
	table_check(h, fn);
	(void)!slot_check(h, fn, 1, rnd(3));
	(void)!slot_check(h, fn & ~511ul, 512, rnd(3));
	spin_unlock(LOCK_MEM);
}
