/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ticket lock (kcore/sync/lock.c) between threads, on words that are about to wrap: a counter
 * without any other protection loses no increment, and nobody is served twice.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include <kcore/prim.h>
#include <kcore/prim_lock.h>

#define THREADS 4
#define ROUNDS  50000u
#define FIRST   (0xffffffffu - ROUNDS)

static _Atomic u32 next = FIRST;
static _Atomic u32 served = FIRST;
static u64 counter;
static u32 inside;
static int broken;

u32 lock_ticket(u32 id)
{
	(void)id;
	return next++;
}

void lock_await(u32 id, u32 ticket)
{
	(void)id;
	while (served != ticket)
		sched_yield();
}

u32 lock_serving(u32 id)
{
	(void)id;
	return served;
}

void lock_serve(u32 id, u32 ticket)
{
	(void)id;
	served = ticket;
}

static void *work(void *arg)
{
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		spin_lock(LOCK_MEM);
		if (inside++)
			broken = 1;
		counter++;
		if (i % 64 == 0)
			sched_yield();
		inside--;
		spin_unlock(LOCK_MEM);
	}
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];
	u32 i;

	for (i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, work, NULL);
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	if (broken || counter != (u64)THREADS * ROUNDS || next != served ||
	    next != FIRST + THREADS * ROUNDS) {
		printf("lock: %lu increments of %u, next %u, served %u\n", counter,
		       THREADS * ROUNDS, next, served);
		return 1;
	}
	return 0;
}
