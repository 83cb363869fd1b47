/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMs that never run, made and ended by raw calls to KCore, as fast as calls go: every handle is used again
 * and again.
 *
 *   churn TIMES ALIVE [full]
 *
 * ALIVE VMs exist at any time (1..255); each step ends the oldest and makes a new one, protected and
 * normal ones in turn. full: a protected one also gets RAM, tables, a vCPU and a private page, a normal
 * one tables, a vCPU and a lent page. Ends with one line, or stops at the first call that is refused.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <kcore/abi.h>

#include "../attack/module/kattack.h"

#define RAM_PFN 0x40000ull
#define N_TABLE 2
#define CHECK   4096 /* VMs between two looks at KCore's counters */

struct vm {
	uint64_t h;
	uint64_t root;
	uint64_t table[N_TABLE];
	uint64_t run, ctx, data;
	int is_protected;
	int lives;
};

static int fd, full;
static unsigned long calls;
static unsigned long used[KC_MAX_VMS + 1];
static struct vm vm[KC_MAX_VMS];

static uint64_t raw(uint64_t fid, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t *out)
{
	struct ka_call c;

	memset(&c, 0, sizeof(c));
	c.x[0] = fid;
	c.x[1] = a1;
	c.x[2] = a2;
	c.x[3] = a3;
	c.x[4] = a4;
	c.cpu = -1;
	if (ioctl(fd, KA_CALL, &c) != 0) {
		perror("churn: KA_CALL");
		exit(1);
	}
	calls++;
	*out = c.x[1];
	return c.x[0];
}

static uint64_t need(const char *what, uint64_t fid, uint64_t a1, uint64_t a2, uint64_t a3,
		     uint64_t a4)
{
	uint64_t out, r = raw(fid, a1, a2, a3, a4, &out);

	if (r == KC_OK)
		return out;
	printf("churn: %s(%llx, %llx, %llx, %llx) is refused with %lld after %lu calls\n", what,
	       (unsigned long long)a1, (unsigned long long)a2, (unsigned long long)a3,
	       (unsigned long long)a4, (long long)r, calls);
	exit(1);
}
#define CALL(fn, a1, a2, a3, a4) need(#fn, fn, a1, a2, a3, a4)

static uint64_t page(uint32_t order)
{
	struct ka_pages p = {.order = order};

	if (ioctl(fd, KA_ALLOC, &p) != 0) {
		perror("churn: KA_ALLOC");
		exit(1);
	}
	return p.pfn;
}

static void make(struct vm *v, int is_protected)
{
	v->is_protected = is_protected;
	v->h = CALL(KC_VM_CREATE, is_protected ? KC_VM_PROTECTED : 0, v->root, 0, 0);
	if (v->h == 0 || v->h > KC_MAX_VMS) {
		printf("churn: handle %llu\n", (unsigned long long)v->h);
		exit(1);
	}
	used[v->h]++;
	v->lives = 1;
	if (!full)
		return;
	for (int i = 0; i < N_TABLE; i++)
		CALL(KC_VM_TABLE, v->h, v->table[i], 0, 0);
	if (is_protected) {
		CALL(KC_VM_RAM, v->h, RAM_PFN, 512, 0);
		CALL(KC_DONATE, v->h, RAM_PFN, v->data, 0);
		CALL(KC_VCPU_CREATE, v->h, 0, v->run, v->ctx);
	} else {
		CALL(KC_LEND, v->h, RAM_PFN, v->data, 7 << 8);
		CALL(KC_VCPU_CREATE, v->h, 0, v->run, KC_NO_PFN);
	}
}

static void end(struct vm *v)
{
	CALL(KC_VM_TEARDOWN, v->h, 0, 0, 0);
	if (full && !v->is_protected)
		CALL(KC_UNLEND, v->h, RAM_PFN, 1, 0);
	if (full && v->is_protected) {
		CALL(KC_PAGE_RECLAIM, v->h, v->data, 0, 0);
		CALL(KC_PAGE_RECLAIM, v->h, v->ctx, 0, 0);
	}
	for (int i = 0; full && i < N_TABLE; i++)
		CALL(KC_PAGE_RECLAIM, v->h, v->table[i], 0, 0);
	CALL(KC_PAGE_RECLAIM, v->h, v->root, 0, 0);
	CALL(KC_PAGE_RECLAIM, v->h, v->root + 1, 0, 0);
	CALL(KC_VM_FREE, v->h, 0, 0, 0);
	v->lives = 0;
}

/* With all VMs alive KCore's counters must be the same every time. */
static void look(unsigned long done)
{
	static uint64_t first[KC_STAT_COUNT];
	static int known;

	for (uint64_t i = 0; i < KC_STAT_REFUSED; i++) {
		uint64_t now = CALL(KC_STAT, i, 0, 0, 0);

		if (!known)
			first[i] = now;
		if (now != first[i]) {
			printf("churn: counter %llu was %llu, is %llu after %lu VMs\n",
			       (unsigned long long)i, (unsigned long long)first[i],
			       (unsigned long long)now, done);
			exit(1);
		}
	}
	known = 1;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	unsigned long times, alive, done, least = ~0ul, most = 0, handles = 0;
	double began;

	times = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	alive = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	full = argc > 3 && strcmp(argv[3], "full") == 0;
	if (times < alive || alive < 1 || alive > KC_MAX_VMS) {
		fprintf(stderr, "usage: churn TIMES ALIVE [full]\n");
		return 2;
	}
	fd = open("/dev/kattack", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror("churn: /dev/kattack");
		return 1;
	}
	for (unsigned long i = 0; i < alive; i++) {
		vm[i].root = page(1);
		for (int k = 0; full && k < N_TABLE; k++)
			vm[i].table[k] = page(0);
		if (!full)
			continue;
		vm[i].run = page(0);
		vm[i].ctx = page(0);
		vm[i].data = page(0);
	}
	began = seconds();
	for (done = 0; done < times; done++) {
		struct vm *v = &vm[done % alive];

		if (v->lives)
			end(v);
		/* 1 and 255 are odd: every handle is a protected VM's as often as a normal one's. */
		make(v, (int)(done & 1));
		if (done >= alive && (alive > 1 || (done & 1)) && done % CHECK == 1)
			look(done);
	}
	if (alive == KC_MAX_VMS) {
		uint64_t out, one_more = page(1), r = raw(KC_VM_CREATE, 0, one_more, 0, 0, &out);

		if (r != KC_ENOMEM) {
			printf("churn: VM %u is answered with %lld\n", KC_MAX_VMS + 1,
			       (long long)r);
			return 1;
		}
	}
	for (unsigned long i = 0; i < alive; i++)
		end(&vm[i]);
	began = seconds() - began;
	for (int i = 1; i <= (int)KC_MAX_VMS; i++) {
		if (used[i] == 0)
			continue;
		handles++;
		least = used[i] < least ? used[i] : least;
		most = used[i] > most ? used[i] : most;
	}
	printf("churn: %lu VMs, %lu at a time, %lu handles used %lu to %lu times, %lu calls, %.1f "
	       "s\n",
	       times, alive, handles, least, most, calls, began);
	return 0;
}
