/* SPDX-License-Identifier: BSD-2-Clause */
/* The primitives of the ticket lock on AArch64. */
#ifndef KCORE_PRIM_LOCK_INLINE_H
#define KCORE_PRIM_LOCK_INLINE_H

#include "prim_inline.h"

/* Per lock, in a cache line of its own: the next ticket, the ticket being served. */
extern u32 lock_word[2][16];

PRIM u32 lock_ticket(u32 id)
{
	volatile u32 *next = &lock_word[id][0];
	u32 ticket;
	u32 tmp;
	u32 fail;

	__asm__ volatile("1:	ldaxr %w0, [%3]\n"
			 "	add %w1, %w0, #1\n"
			 "	stxr %w2, %w1, [%3]\n"
			 "	cbnz %w2, 1b\n"
			 : "=&r"(ticket), "=&r"(tmp), "=&r"(fail)
			 : "r"(next)
			 : "memory");
	return ticket;
}

/* The exclusive load arms the monitor: the holder's store ends the wait for an event. */
PRIM void lock_await(u32 id, u32 ticket)
{
	volatile u32 *serving = &lock_word[id][1];
	u32 now;

	__asm__ volatile("	sevl\n"
			 "1:	wfe\n"
			 "	ldaxr %w0, [%2]\n"
			 "	cmp %w0, %w1\n"
			 "	b.ne 1b\n"
			 : "=&r"(now)
			 : "r"(ticket), "r"(serving)
			 : "memory", "cc");
}

PRIM u32 lock_serving(u32 id)
{
	return *(volatile u32 *)&lock_word[id][1];
}

PRIM void lock_serve(u32 id, u32 ticket)
{
	volatile u32 *serving = &lock_word[id][1];

	__asm__ volatile("stlr %w0, [%1]" : : "r"(ticket), "r"(serving) : "memory");
}

#endif
