/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building a VM's stage 2 from the VM's own pool of tables. A linked table stays linked until the
 * VM is DYING, when nothing walks its tables any more. Lock held.
 */
#ifndef KCORE_MM_TABLE_H
#define KCORE_MM_TABLE_H

#include <kcore/types.h>

/* Put a zeroed page, VMCORE of h, into the pool of h. */
void pool_put(u64 h, u64 pfn);

/*
 * KC_ENOMEM: the pool has not enough tables for a level-3 table at ipa, whether missing or
 * replacing a block. After KC_OK table_make_l3 succeeds.
 */
MUST_CHECK u64 table_check(u64 h, u64 ipa);

/* The level-3 table for ipa. A private block on the way is split into 512 private pages. */
u64 table_make_l3(u64 h, u64 ipa);

/*
 * The place for a leaf of n = 1 or 512 pages at ipa must be an invalid descriptor with that state.
 * KC_EEXIST: something is mapped there, or a table is linked there (n = 512). KC_EPERM: wrong
 * state. KC_ENOMEM: too few tables in the pool.
 */
MUST_CHECK u64 slot_check(u64 h, u64 ipa, u64 n, u64 state);
/* Make that place the leaf; slot_check has answered KC_OK. */
void slot_map(u64 h, u64 ipa, u64 pfn, u64 n, u64 attr);

#endif
