/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticket locks. Translated and proved apart from the rest of KCore, for which taking and giving
 * back a lock is one step: proof/lock/Refines.v says that this is enough, also when tickets wrap.
 * FIFO, so no CPU of KServ's can keep another out by calling often.
 */
#include <kcore/prim.h>
#include <kcore/prim_lock.h>

/* Returns when every earlier ticket has been served. Not recursive. */
void spin_lock(u32 id)
{
	u32 ticket = lock_ticket(id);

	lock_await(id, ticket);
}

/* The holder only: nobody else writes the ticket being served. */
void spin_unlock(u32 id)
{
	u32 now = lock_serving(id);

	lock_serve(id, now + 1u);
}
