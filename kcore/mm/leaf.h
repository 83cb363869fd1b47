/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments of the calls that make a leaf (mm/donate.c). */
#ifndef KCORE_MM_LEAF_H
#define KCORE_MM_LEAF_H

#include <kcore/types.h>

/* Number of pages of an order that the ABI knows: 1, 512, or 0 for any other. */
u64 order_pages(u64 order);
/* KC_EINVAL: n = 0, not aligned to n, or ipas at or beyond IPA_PFNS. */
MUST_CHECK u64 leaf_check(u64 ipa, u64 pfn, u64 n);

#endif
