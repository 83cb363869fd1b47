/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The primitives: everything that KCore's C may ask of the machine. The C subset has no pointers,
 * so physical memory, page states, translation tables, system registers and locks are reached only
 * here. Three implementations: kcore/arch/arm64 (the product), kcore/fake (unit tests on a PC),
 * and proof/machine (the contracts). A page is named by its frame number (pfn, address >> 12).
 */
#ifndef KCORE_PRIM_H
#define KCORE_PRIM_H

#include <kcore/types.h>

#define LOCK_MEM 0u

/*
 * Locks (kcore/sync/lock.c). One order: LOCK_MEM before LOCK_CONSOLE. Acquire and release.
 */
extern void spin_lock(u32 id);
extern void spin_unlock(u32 id);

#ifdef KCORE_INLINE_PRIMS
#include <prim_inline.h>
#else

/*
 * Memory that KCore reads and writes in place: contexts, run pages. One aligned 64-bit access each,
 * never repeated or merged. pfn must be RAM and not KCore's image; idx < 512.
 */
extern u64 pg_get(u64 pfn, u64 idx);
extern void pg_set(u64 pfn, u64 idx, u64 val);

/* Page state words (mm/page.h): pfn must be RAM. Protected by LOCK_MEM. */
extern u64 meta_get(u64 pfn);
extern void meta_set(u64 pfn, u64 val);

/*
 * Stage-2 descriptors. pte_set is one 64-bit store with release semantics: a table is complete
 * before the descriptor that links it can be seen by a walker.
 */
extern u64 pte_get(u64 pfn, u64 idx);
extern void pte_set(u64 pfn, u64 idx, u64 val);

/* Zero a page, clean and invalidate it to the point of coherency, invalidate instruction caches. */
extern void page_zero(u64 pfn);
/* Cache maintenance only: for content that KServ hands over while a VM is NEW. */
extern void page_sync(u64 pfn);
/* Copy page src to page dst (both RAM, dst KServ's and not pinned), then as page_sync(dst). */
extern void page_copy(u64 dst, u64 src);

/*
 * Invalidate every TLB entry of VMID vmid, stage 2 and combined, on all CPUs, and wait:
 * DSB ISHST; ISB with that VMID current; TLBI VMALLS12E1IS; DSB ISH; ISB. vmid 0 is KServ.
 * root_pfn is the VM's root table (VTTBR_EL2 needs one while the VMID is current).
 */
extern void tlb_inval_vm(u64 vmid, u64 root_pfn);
/*
 * Invalidate this CPU's entries of the current VMID and its instruction cache (another vCPU of the
 * VM ran here).
 */
extern void tlb_inval_local(void);

/* Stop the machine: KCore's own state is broken. Never returns; proved unreachable. */
extern void panic(u32 code);

#endif /* KCORE_INLINE_PRIMS */

#endif
