/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States of physical pages: one 64-bit word per RAM page, under LOCK_MEM.
 *
 *   bits 3:0   kind
 *   bits 19:4  handle of the VM (PINNED, VM, VMCORE, CTX)
 *   bits 55:20 LENT: number of leaf entries that map the page, at most PG_ARG_MAX
 *              VM: ipa_pfn
 *
 * KServ's stage 2 maps exactly the pages in HOST, PINNED and LENT.
 */
#ifndef KCORE_MM_PAGE_H
#define KCORE_MM_PAGE_H

#include <kcore/abi.h>
#include <kcore/config.h>
#include <kcore/types.h>

#define PG_CORE   0ul /* KCore's own */
#define PG_HOST   1ul /* KServ's */
#define PG_PINNED 2ul /* KServ's, and a run page: used without the lock, so it cannot be moved */
#define PG_LENT   3ul /* KServ's, and mapped in VMs */
#define PG_VM     4ul /* private page of a protected VM at one ipa */
#define PG_VMCORE 5ul /* given to KCore for a VM: tables, root */
#define PG_CTX    6ul /* given to KCore for a vCPU of a protected VM: its registers */
#define PG_KINDS  16ul

#define PG_ARG_MAX 0xffffffffful

static inline u64 word_make(u64 kind, u64 h, u64 arg)
{
	return kind | (h << 4) | (arg << 20);
}

static inline u64 word_kind(u64 w)
{
	return w & 15ul;
}

static inline u64 word_handle(u64 w)
{
	return (w >> 4) & 0xfffful;
}

static inline u64 word_arg(u64 w)
{
	return (w >> 20) & 0xffffffffful;
}

/* KServ may read and write a page in this state. */
static inline u32 word_is_hosts(u64 w)
{
	return (u32)((w & 15ul) - PG_HOST <= PG_LENT - PG_HOST);
}

/* RAM. Constant after mm_init. base and n are multiples of 512. */
struct region {
	u64 base; /* pfn */
	u64 n;
	u64 l3; /* pfn of the level-3 tables of KServ's stage 2: one page per 2 MiB block, in order
		 */
};

extern struct region region[NREGION];
extern u32 n_region;
/* Number of pages of each kind. */
extern u64 n_kind[PG_KINDS];

/* Index of the region of pfn, or NREGION. */
u32 region_find(u64 pfn);
/* 1 if pfn is RAM: only then may its word be read. */
u32 ram_check(u64 pfn);
/* The one place where a page's word changes after boot; who calls it calls page_count. pfn: RAM. */
void page_put(u64 pfn, u64 word);
/* n pages of kind was have become pages of kind now. */
void page_count(u64 was, u64 now, u64 n);
/* Both, for one page. */
void page_set(u64 pfn, u64 word);

/*
 * May KServ give away n pages from pfn? KC_EINVAL: not all are RAM, of one region (an aligned block
 * is never part of two). KC_EBUSY: one is pinned or lent
 * (lent is allowed when lent_ok, below PG_ARG_MAX times). KC_EPERM: one is not KServ's. Lock held.
 * Never inlined: among its callers' variables the loop would be half as long again.
 */
MUST_CHECK __attribute__((noinline)) u64 page_check(u64 pfn, u64 n, u32 lent_ok);

/*
 * One more or one less leaf entry maps pfn, which is HOST or LENT. Lock held. page_lend does not call
 * page_count: 1 if the page was HOST.
 */
u64 page_lend(u64 pfn);
void page_unlend(u64 pfn);

#endif
