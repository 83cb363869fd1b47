/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw calls, KServ's memory, verdicts. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kc.h"

const char *current_test;
u64 arg_nonce, arg_masked[4];
int n_cpus;
u64 r1, r2, r3;
static int fd = -1;

/* The worst verdict of the current test, and the first text that explains it. */
enum verdict verdict;
char verdict_text[400];
jmp_buf test_exit;

static void set_verdict(enum verdict v, const char *fmt, va_list ap)
{
	if (v <= verdict && verdict_text[0] != '\0')
		return;
	verdict = v;
	vsnprintf(verdict_text, sizeof(verdict_text), fmt, ap);
}

#define SET(v)                                                                                     \
	do {                                                                                       \
		va_list ap_;                                                                       \
		va_start(ap_, fmt);                                                                \
		set_verdict(v, fmt, ap_);                                                          \
		va_end(ap_);                                                                       \
	} while (0)

void won(const char *fmt, ...)
{
	SET(WON);
}

void error(const char *fmt, ...)
{
	SET(ERROR);
}

void give_up(const char *fmt, ...)
{
	SET(ERROR);
	longjmp(test_exit, 1);
}

void skip(const char *why)
{
	verdict = SKIP;
	snprintf(verdict_text, sizeof(verdict_text), "%s", why);
	longjmp(test_exit, 1);
}

void note(const char *fmt, ...)
{
	va_list ap;

	printf("NOTE %s ", current_test);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

int verdict_is_won(void)
{
	return verdict == WON;
}

void refused(u64 got, u64 want, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	if (got == want)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (got == KC_OK)
		won("accepted: %s (expected error %lld)", what, (long long)want);
	else
		error("%s: refused with %lld instead of %lld", what, (long long)got,
		      (long long)want);
}

void needed(u64 got, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	if (got == KC_OK)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	give_up("%s: refused with %lld", what, (long long)got);
}

static void dev_open(void)
{
	if (fd >= 0)
		return;
	fd = open("/dev/kattack", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror("/dev/kattack");
		exit(2);
	}
}

static u64 call(struct ka_call *c)
{
	dev_open();
	if (ioctl(fd, KA_CALL, c) != 0)
		give_up("KA_CALL on CPU %d fails", c->cpu);
	r1 = c->x[1];
	r2 = c->x[2];
	r3 = c->x[3];
	return c->x[0];
}

u64 kc_raw(struct ka_call *c)
{
	return ioctl(fd, KA_CALL, c) == 0 ? c->x[0] : ~1ull;
}

u64 kc_on(int cpu, u64 fid, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct ka_call c = {.x = {fid, a1, a2, a3, a4}, .cpu = cpu, .kind = KA_HVC};

	return call(&c);
}

u64 kc(u64 fid, u64 a1, u64 a2, u64 a3, u64 a4)
{
	return kc_on(-1, fid, a1, a2, a3, a4);
}

u64 smc(u64 fid, u64 a1, u64 a2, u64 a3)
{
	struct ka_call c = {.x = {fid, a1, a2, a3}, .cpu = -1, .kind = KA_SMC};

	return call(&c);
}

u64 kc_dump(struct ka_call *c, u64 fid)
{
	memset(c, 0, sizeof(*c));
	c->x[0] = fid;
	c->cpu = -1;
	c->kind = KA_HVC;
	c->dump = 1;
	return call(c);
}

u64 kc_stat(u64 item)
{
	needed(kc(KC_STAT, item, 0, 0, 0), "KC_STAT %llu", (unsigned long long)item);
	return r1;
}

void dump_take(struct dump *d)
{
	for (u64 i = 0; i < 7; i++)
		d->n[i] = kc_stat(i);
}

void dump_same(const struct dump *d, const char *what)
{
	static const char *const name[] = {"host", "pinned", "lent", "vm", "vmcore", "core", "vms"};
	struct dump now;

	dump_take(&now);
	for (int i = 0; i < 7; i++)
		if (now.n[i] != d->n[i])
			won("%s has changed KCore's state: %s %llu -> %llu", what, name[i],
			    (unsigned long long)d->n[i], (unsigned long long)now.n[i]);
}

u64 page_alloc(u32 order)
{
	struct ka_pages p = {.order = order};

	dev_open();
	if (ioctl(fd, KA_ALLOC, &p) != 0)
		give_up("no memory: order %u", order);
	return p.pfn;
}

void page_free(u64 pfn)
{
	struct ka_pages p = {.pfn = pfn};

	if (ioctl(fd, KA_FREE, &p) != 0)
		error("page %llx is lost: KServ can no longer touch it", (unsigned long long)pfn);
}

u64 *page_map(u64 pfn, u64 n)
{
	void *p;

	dev_open();
	p = mmap(NULL, n << 12, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(pfn << 12));
	if (p == MAP_FAILED)
		give_up("mmap of page %llx fails", (unsigned long long)pfn);
	return p;
}

void page_unmap(u64 *p, u64 n)
{
	munmap(p, n << 12);
}

int mem_read(u64 pa, u64 *val, int cached)
{
	struct ka_mem m = {.pa = pa, .flags = cached ? KA_CACHED : 0};

	dev_open();
	if (ioctl(fd, KA_MEM, &m) != 0)
		return -1;
	*val = m.val;
	return 0;
}

int mem_write(u64 pa, u64 val, int cached)
{
	struct ka_mem m = {.pa = pa, .val = val, .flags = KA_WRITE | (cached ? KA_CACHED : 0)};

	dev_open();
	return ioctl(fd, KA_MEM, &m) != 0 ? -1 : 0;
}

int mem_scan(struct ka_scan *s)
{
	dev_open();
	if (ioctl(fd, KA_SCAN, s) != 0)
		give_up("scan of %llu pages from %llx fails", (unsigned long long)s->n,
			(unsigned long long)s->pfn);
	return 0;
}

int ka_debug(struct ka_debug *d)
{
	dev_open();
	return ioctl(fd, KA_DEBUG, d);
}

static void tree_range(const char *path, u64 *pfn, u64 *n)
{
	FILE *f = fopen(path, "rb");
	u8 b[16];

	if (f == NULL || fread(b, 1, sizeof(b), f) != sizeof(b))
		give_up("%s: not in the device tree", path);
	fclose(f);
	*pfn = *n = 0;
	for (int i = 0; i < 8; i++) {
		*pfn = *pfn << 8 | b[i];
		*n = *n << 8 | b[i + 8];
	}
	*pfn >>= 12;
	*n >>= 12;
}

void core_range(u64 *pfn, u64 *n)
{
	tree_range("/proc/device-tree/reserved-memory/kcore/reg", pfn, n);
}

void ram_range(u64 *pfn, u64 *n)
{
	tree_range("/proc/device-tree/memory@40000000/reg", pfn, n);
}

static void leak(const u64 *w, const char *where)
{
	printf("LEAK %s %016llx%016llx%016llx%016llx %s\n", current_test, (unsigned long long)w[0],
	       (unsigned long long)w[1], (unsigned long long)w[2], (unsigned long long)w[3], where);
	fflush(stdout);
	won("the guest's secret was read: %s", where);
}

int secret_search(u64 pfn, u64 n, int cached, const char *where)
{
	struct ka_scan s = {.pfn = pfn,
			    .n = n,
			    .flags = cached ? KA_CACHED : 0,
			    .masked = arg_masked[0],
			    .mask = SECRET_MASK};

	mem_scan(&s);
	if (s.n_hit == 0)
		return 0;
	leak((const u64 *)s.word, where);
	return 1;
}

int secret_in(const u64 *word, u64 n, const char *where)
{
	for (u64 i = 0; i + 3 < n; i++)
		if ((word[i] ^ SECRET_MASK) == arg_masked[0] &&
		    (word[i + 1] ^ SECRET_MASK) == arg_masked[1]) {
			leak(word + i, where);
			return 1;
		}
	return 0;
}

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		give_up("cannot run on CPU %d", cpu);
}
