/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong, and after which events: the last primitives that KCore used are kept, with their
 * arguments, and printed when a check fails.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake.h"

#define KEPT 12u

static struct {
	const char *name;
	u64 a, b, c;
} kept[KEPT];
static u64 n_events;
static const char *call_name = "boot or a test";
static u64 call_args[4];

void fake_event(const char *name, u64 a, u64 b, u64 c)
{
	u64 i = n_events++ % KEPT;

	kept[i].name = name;
	kept[i].a = a;
	kept[i].b = b;
	kept[i].c = c;
}

void fake_in_call(const char *name, u64 a, u64 b, u64 c, u64 d)
{
	call_name = name;
	call_args[0] = a;
	call_args[1] = b;
	call_args[2] = c;
	call_args[3] = d;
}

static void say_where(void)
{
	u64 i = n_events > KEPT ? n_events - KEPT : 0;

	fprintf(stderr, "  in: %s(0x%lx, 0x%lx, 0x%lx, 0x%lx), event %lu\n", call_name,
		call_args[0], call_args[1], call_args[2], call_args[3], n_events);
	for (; i < n_events; i++)
		fprintf(stderr, "  event: %s(0x%lx, 0x%lx, 0x%lx)\n", kept[i % KEPT].name,
			kept[i % KEPT].a, kept[i % KEPT].b, kept[i % KEPT].c);
}

static _Noreturn void stop(const char *what, const char *fmt, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "fake machine: %s: ", what);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	say_where();
	abort();
}

_Noreturn void fake_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	stop("CHECK", fmt, ap);
}

_Noreturn void fake_breach(enum breach what, const char *fmt, ...)
{
	static const char *const names[] = {"SECURITY", "INVARIANT", "CONTRACT", "TRANSITION"};
	va_list ap;

	va_start(ap, fmt);
	stop(names[what], fmt, ap);
}
