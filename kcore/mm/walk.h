/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a stage-2 tree, KServ's or a VM's: root is the even pfn of two level-1 tables, fn <
 * IPA_PFNS a frame number of the input address. Lock held.
 */
#ifndef KCORE_MM_WALK_H
#define KCORE_MM_WALK_H

#include <kcore/types.h>

/* The level-2 or level-3 table that translates fn, or KC_NO_PFN. */
u64 walk_l2(u64 root, u64 fn);
u64 walk_l3(u64 root, u64 fn);
/* The level-2 descriptor of fn, 0 without a level-2 table. */
u64 walk_entry2(u64 root, u64 fn);
/* The descriptor where the walk of fn ends: page, block, or invalid. */
u64 walk_leaf(u64 root, u64 fn);
/* Replace that descriptor. There is a level-2 table. */
void walk_put(u64 root, u64 fn, u64 d);
/* First frame number after what that descriptor covers (4 KiB, 2 MiB or 1 GiB). */
u64 walk_next(u64 root, u64 fn);
/* LEAF_* of that descriptor. */
u64 walk_state(u64 root, u64 fn);
/* The page at fn, which has a valid leaf. */
u64 walk_pfn(u64 root, u64 fn);

#endif
