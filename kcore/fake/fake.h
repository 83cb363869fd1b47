/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake machine: the primitives of prim.h on a PC, with the hardware's rules checked at every
 * single event (fake.c), and the invariants of the page and ipa states checked between calls
 * (audit.c).
 * Ordinary C with pointers: nothing of it is part of KCore.
 */
#ifndef KCORE_FAKE_H
#define KCORE_FAKE_H

#include <kcore/boot_info.h>
#include <kcore/types.h>

/* A wrong event or state: print why and abort, so that a debugger and the sanitizers see it. */
_Noreturn void fake_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A machine with two RAM regions of blocks0 and blocks1 2 MiB blocks; fills boot, calls mm_init. */
void fake_boot(u64 blocks0, u64 blocks1);
/* Only RAM and boot, everything else as before mm_init: tests of mm_init change boot first. */
void fake_machine(u64 blocks0, u64 blocks1);
void fake_free(void);

/* Pages of RAM: n, the i-th, and the index of one (n if it is no RAM). */
u64 fake_n_pages(void);
u64 fake_page(u64 i);
u64 fake_index(u64 pfn);

u64 fake_meta(u64 pfn);
u64 fake_word(u64 pfn, u64 idx); /* content, read by the test itself */
const u64 *fake_words(u64 pfn);  /* all 512 words */
u32 fake_is_zero(u64 pfn);

/*
 * What the hardware's walk of a tree finds at fn: 1 with a valid leaf (its descriptor in *leaf, the
 * page's number in *pfn, its level in *level), else 0 (*leaf: the invalid descriptor).
 */
u32 fake_walk(u64 root, u64 fn, u64 *pfn, u64 *leaf, u32 *level);
/* KServ stores to a page; a guest stores to an ipa: 1 if the translation lets it. */
u32 fake_host_store(u64 pfn, u64 idx, u64 val);
u32 fake_guest_store(u64 h, u64 ipa, u64 idx, u64 val);
u32 fake_guest_load(u64 h, u64 ipa, u64 idx, u64 *val);

/* Events that changed memory or tables so far; TLB invalidations so far; is the lock held? */
u64 fake_changes(void);
u64 fake_invals(void);
u32 fake_locked(void);
u64 fake_stale(void); /* translations that a TLB may still hold although no table has them */

/* Threads: the lock is a real one, and the checks that need a quiet machine are left out. */
void fake_threads(u32 on);

/* Every invariant, over all pages, tables and tables of objects; fake_fail if one is broken. */
void mm_audit(void);

#endif
