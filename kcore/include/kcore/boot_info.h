/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot information: filled by the boot stage (not proved), checked by mm_init (proved). All
 * numbers are frames of 4 KiB. Every list is sorted by base and its ranges are disjoint and not
 * empty.
 */
#ifndef KCORE_BOOT_INFO_H
#define KCORE_BOOT_INFO_H

#include <kcore/config.h>
#include <kcore/types.h>

struct boot_range {
	u64 base_pfn;
	u64 n_pfn;
};

struct boot_info {
	u64 n_region;
	struct boot_range region[NREGION]; /* RAM; base and size are multiples of 2 MiB (512) */
	u64 n_device;
	struct boot_range device[NDEVICE]; /* MMIO that KServ may touch; disjoint from RAM */
	/*
	 * KCore's own memory, one range inside one region: image, stacks, page state words (8 bytes for
	 * each page of RAM), own translation tables, and the pool. Not at pfn 0.
	 */
	u64 core_pfn;
	u64 core_n;
	/* The pool, inside core: n >= mm_pool_need() pages that nothing else uses; content is ignored. */
	u64 pool_pfn;
	u64 pool_n;
};

extern struct boot_info boot;

/* What mm_init found wrong. */
#define BOOT_EREGION 1ul /* RAM regions: number, order, alignment, or beyond 40 bits */
#define BOOT_EDEVICE 2ul /* device windows: number, order, beyond 40 bits, or overlapping RAM */
#define BOOT_ECORE   3ul /* KCore's range is not inside one region */
#define BOOT_EPOOL   4ul /* the pool is not inside KCore's range, or too small */

#endif
