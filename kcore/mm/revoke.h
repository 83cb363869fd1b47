/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking leaves out of a VM's table, many at once: freeze each (invalid, but still naming its
 * page), invalidate the TLBs once, release each. Between revoke_begin and revoke_finish the lock is
 * held and no other function looks at frozen leaves.
 */
#ifndef KCORE_MM_REVOKE_H
#define KCORE_MM_REVOKE_H

#include <kcore/types.h>

/* Most pages or table entries that one call looks at: bounds the time that the lock is held. */
#define REVOKE_MAX 512ul

void revoke_begin(void);
/* Freeze the leaf of h at ipa, which is valid. A private leaf is a page, a lent one may be a block.
 */
void revoke_freeze(u64 h, u64 ipa);
/* 1 if something was frozen since revoke_begin. */
u32 revoke_pending(void);
/*
 * Release what was frozen in [from, to): lent pages are lent once less, private pages go back to
 * KServ zeroed. Each such leaf becomes an invalid one with that state (LEAF_UNUSED, _SHARED,
 * _DESTROYED).
 */
void revoke_finish(u64 h, u64 from, u64 to, u64 state);

#endif
