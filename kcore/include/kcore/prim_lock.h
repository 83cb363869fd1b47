/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The primitives of the ticket lock (kcore/sync/lock.c only). A lock is two words, the next ticket
 * and the ticket being served. id: a lock of prim.h.
 */
#ifndef KCORE_PRIM_LOCK_H
#define KCORE_PRIM_LOCK_H

#include <kcore/types.h>

#ifdef KCORE_INLINE_PRIMS
#include <prim_lock_inline.h>
#else

/* Draw a ticket: the next one, which is incremented, in one step. */
extern u32 lock_ticket(u32 id);
/* Wait until that ticket is served. Acquire: nothing later is done before. */
extern void lock_await(u32 id, u32 ticket);
/* The ticket being served. */
extern u32 lock_serving(u32 id);
/* Serve a ticket. Release: everything earlier can be seen by who awaits it. */
extern void lock_serve(u32 id, u32 ticket);

#endif /* KCORE_INLINE_PRIMS */

#endif
