/* SPDX-License-Identifier: BSD-2-Clause */
/* The recording layer between the tests, compiled KCore and the fake machine: record.h. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kcore/calls.h>

#include "../../kcore/vm/vm.h"
#include "fake.h"
#include "record.h"

#define OUT_FD      3
#define BUFFER      (1u << 17)
#define CHECK_EVERY 50000u /* calls between two comparisons of all pages */
#define DEEP        3u     /* calls of other CPUs that come while one waits */
#define NONE        0xffffffffu

struct element {
	const char *at;
	u64 id;
	u32 size;
};

static u64 buffer[BUFFER];
static u32 used;
static u32 level;             /* calls of KCore under way */
static u32 in_prim[DEEP + 1]; /* the call at this level is in a primitive */
static u32 has_ram;
static u64 n_calls;
static struct element *elements; /* by address */
static u32 **starts;             /* of an object: the first element in each 8 bytes, or NONE */
static char **shadow;            /* of an object: the contents that both sides agree on */

static void flush(void)
{
	const char *p = (const char *)buffer;
	u64 n = used * sizeof(u64);

	while (n) {
		ssize_t done = write(OUT_FD, p, n);

		if (done <= 0)
			fake_fail("the record cannot be written");
		p += done;
		n -= (u64)done;
	}
	used = 0;
}

void rec_word(u64 w)
{
	if (used == BUFFER)
		flush();
	buffer[used++] = w;
}

void rec_head(u64 kind, u64 id, u64 n)
{
	rec_word(kind | id << 8 | n << 32);
}

static int by_address(const void *a, const void *b)
{
	const char *x = ((const struct element *)a)->at;
	const char *y = ((const struct element *)b)->at;

	return (x > y) - (x < y);
}

static void finish(void)
{
	if (has_ram)
		rec_ram(R_CHECK);
	rec_head(R_END, 0, 1);
	rec_word(n_calls);
	flush();
	fprintf(stderr, "%lu calls\n", n_calls);
}

/* The fake machine has found a wrong event: the record up to here still shows it. */
static void failed(int sig)
{
	signal(sig, SIG_DFL);
	flush();
}

/* Tables of elements; and every byte of an object belongs to at most one. */
static void start(void)
{
	u64 k = 0;
	u64 i;
	u32 c;
	u32 o;

	elements = calloc(n_elements, sizeof(*elements));
	starts = calloc(n_objects, sizeof(*starts));
	shadow = calloc(n_objects, sizeof(*shadow));
	if (!elements || !starts || !shadow)
		fake_fail("out of memory");
	for (c = 0; c < n_cells; c++)
		for (i = 0;
		     cells[c].first + i < (c + 1 < n_cells ? cells[c + 1].first : n_elements); i++)
			elements[k++] =
				(struct element){cells[c].at(i), cells[c].first + i, cells[c].size};
	qsort(elements, k, sizeof(*elements), by_address);
	for (i = 1; i < k; i++)
		if (elements[i - 1].at + elements[i - 1].size > elements[i].at)
			fake_fail("elements %lu and %lu overlap", elements[i - 1].id,
				  elements[i].id);
	for (o = 0; o < n_objects; o++) {
		u64 words = (objects[o].size + 7) / 8;

		starts[o] = malloc(words * sizeof(**starts));
		shadow[o] = calloc(1, objects[o].size);
		if (!starts[o] || !shadow[o])
			fake_fail("out of memory");
		memset(starts[o], 0xff, words * sizeof(**starts));
	}
	for (i = k; i-- > 0;) {
		for (o = 0; o < n_objects; o++)
			if ((u64)(elements[i].at - objects[o].base) < objects[o].size)
				break;
		if (o == n_objects)
			fake_fail("element %lu is in no object", elements[i].id);
		starts[o][(u64)(elements[i].at - objects[o].base) / 8] = (u32)i;
	}
	atexit(finish);
	signal(SIGABRT, failed);
}

static u64 load(const char *at, u32 size)
{
	u64 v = 0;

	memcpy(&v, at, size); /* little-endian, here and on arm64 */
	return v;
}

/* Elements that differ in 8 bytes of object o: recorded, and agreed on. */
static void differ(u32 kind, u32 o, u64 word)
{
	const char *end = objects[o].base + word * 8 + 8;
	u32 i = starts[o][word];

	for (; i != NONE && i < n_elements && elements[i].at < end; i++) {
		const struct element *e = &elements[i];
		char *old = shadow[o] + (e->at - objects[o].base);

		if (memcmp(old, e->at, e->size) == 0)
			continue;
		memcpy(old, e->at, e->size);
		rec_head(kind, 0, 2);
		rec_word(e->id);
		rec_word(load(e->at, e->size));
	}
}

static void compare(u32 kind)
{
	u64 at;
	u64 i;
	u32 o;

	for (o = 0; o < n_objects; o++) {
		const char *new = objects[o].base;
		u64 size = objects[o].size;

		if (memcmp(shadow[o], new, size) == 0)
			continue;
		for (at = 0; at < size; at += 512) {
			u64 n = size - at < 512 ? size - at : 512;

			if (memcmp(shadow[o] + at, new + at, n) == 0)
				continue;
			for (i = 0; i < n; i += 8)
				if (memcmp(shadow[o] + at + i, new + at + i, n - i < 8 ? n - i : 8))
					differ(kind, o, (at + i) / 8);
		}
		/* What is left is in no element. */
		if (memcmp(shadow[o], new, size))
			fake_fail("%s: padding has changed", objects[o].name);
	}
}

/* Tests of boot change what boot says of RAM; then the fake machine itself cannot name its pages. */
static u32 ram_is_known(void)
{
	u64 n = fake_n_pages();

	return boot.n_region == 2 && boot.region[0].n_pfn + boot.region[1].n_pfn == n &&
	       fake_index(fake_page(n - 1)) == n - 1 && fake_index(fake_page(0)) == 0;
}

void rec_ram(u32 kind)
{
	u64 n = ram_is_known() ? fake_n_pages() : 0;
	u64 i;
	u32 w;

	if (n == 0 && kind == R_CHECK)
		return;
	rec_head(kind, 0, 1);
	rec_word(n);
	for (i = 0; i < n; i++) {
		const u64 *words = fake_words(fake_page(i));

		rec_word(fake_page(i));
		rec_word(fake_meta(fake_page(i)));
		for (w = 0; w < 512; w++)
			rec_word(words[w]);
	}
}

void rec_enter(u32 id, u32 n, const u64 *args)
{
	u32 i;

	if (level != 0) {
		/* Another CPU's call, while this one waits for the lock: it sees these objects. */
		if (!in_prim[level] || level == DEEP)
			fake_fail("a call of KCore inside KCore");
		compare(R_CHANGED);
		rec_head(R_SAME, 0, 0);
	} else {
		if (!elements)
			start();
		if (has_ram && n_calls % CHECK_EVERY == 0)
			rec_ram(R_CHECK);
	}
	/* The fake machine fills objects before it starts KCore or a CPU; some tests do at any time. */
	if (id == id_mm_pool_need || id == id_mm_init || id == id_cpu_start || getenv("ORACLE_SET"))
		compare(R_SET);
	if (id == id_mm_init) {
		rec_ram(R_LOAD);
		has_ram = ram_is_known();
	}
	rec_head(R_ENTER, id, n);
	for (i = 0; i < n; i++)
		rec_word(args[i]);
	in_prim[++level] = 0;
	n_calls++;
}

void rec_leave(u64 result)
{
	level--;
	rec_head(R_LEAVE, 0, 1);
	rec_word(result);
	compare(R_CHANGED);
	rec_head(R_SAME, 0, 0);
}

void rec_call(u32 id, u32 n, const u64 *args)
{
	u32 i;

	if (level == 0 || in_prim[level])
		fake_fail("KCore calls a primitive, but nobody has called KCore");
	rec_head(R_CALL, id, n);
	for (i = 0; i < n; i++)
		rec_word(args[i]);
	in_prim[level] = 1;
}

void rec_answer(u64 v)
{
	in_prim[level] = 0;
	rec_head(R_ANSWER, 0, 1);
	rec_word(v);
}

/* The fake machine leaves a primitive for good: the CPU has stopped. */
_Noreturn void rec_longjmp(jmp_buf env, int v);
_Noreturn void rec_longjmp(jmp_buf env, int v)
{
	if (level > 1)
		fake_fail("a CPU stops while another waits");
	if (level == 1) {
		level = 0;
		rec_head(R_STOP, 0, 0);
		compare(R_CHANGED);
		rec_head(R_SAME, 0, 0);
	}
	longjmp(env, v);
}

/* Stores of others to RAM: the fake machine's own (saved registers), KServ's, guests'. */
static void store(u64 pfn, u64 idx)
{
	if (!has_ram)
		return;
	rec_head(R_STORE, 0, 3);
	rec_word(pfn);
	rec_word(idx);
	rec_word(fake_word(pfn, idx));
}

void rec_pg_set(u64 pfn, u64 idx, u64 val);
void rec_pg_set(u64 pfn, u64 idx, u64 val)
{
	extern void pg_set(u64 pfn, u64 idx, u64 val);

	pg_set(pfn, idx, val);
	store(pfn, idx);
}

u32 rec_host_store(u64 pfn, u64 idx, u64 val);
u32 rec_host_store(u64 pfn, u64 idx, u64 val)
{
	u64 to;
	u64 leaf;
	u32 level;
	u32 r = fake_host_store(pfn, idx, val);

	if (r && fake_walk(host_root, pfn, &to, &leaf, &level))
		store(to, idx);
	return r;
}

u32 rec_guest_store(u64 h, u64 ipa, u64 idx, u64 val);
u32 rec_guest_store(u64 h, u64 ipa, u64 idx, u64 val)
{
	u64 to;
	u64 leaf;
	u32 level;
	u32 r = fake_guest_store(h, ipa, idx, val);

	if (r && fake_walk(vms[h].root, ipa, &to, &leaf, &level))
		store(to, idx);
	return r;
}

void rec_free(void);
void rec_free(void)
{
	if (has_ram)
		rec_ram(R_CHECK);
	has_ram = 0;
	fake_free();
}

/* Invariants, and what a call may change, are for the unit tests. */
void rec_audit(void);
void rec_audit(void)
{
}

void rec_policy_keep(void);
void rec_policy_keep(void)
{
}

void rec_policy_check(const void *c, u64 status);
void rec_policy_check(const void *c, u64 status)
{
	(void)c;
	(void)status;
}
