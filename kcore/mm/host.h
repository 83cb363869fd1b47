/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KServ's stage 2: an identity map as a fixed tree. Every 2 MiB block of RAM has a level-3 table of
 * its own, reserved at boot, linked only while not all 512 pages are KServ's. So mapping and
 * unmapping need no memory and cannot fail. Lock held, except host_maps (kcore/calls.h).
 */
#ifndef KCORE_MM_HOST_H
#define KCORE_MM_HOST_H

#include <kcore/types.h>

/* Level-2 table of each GiB, or 0. Constant after mm_init. */
extern u64 host_l2[1024];

/*
 * Take a page, or an aligned block of 512 whose pages are all HOST, out of KServ's reach: nobody
 * can get at it through KServ's tables or TLB entries on return.
 */
void host_unmap_page(u64 pfn);
void host_unmap_block(u64 pfn);
/* pfn is HOST again and unmapped: map it, as part of a 2 MiB block if the whole block is KServ's.
 */
void host_map_page(u64 pfn);
/* mm_init: map a block of RAM according to its page states. pfn: multiple of 512. */
void host_map_boot(u64 pfn);

#endif
