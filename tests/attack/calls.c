/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks by arguments of calls: ranges, addresses, page kinds, handles. */
#include <string.h>

#include "lib/kc.h"

GUEST(g_echo);

#define MAX_PFN (1ull << 28) /* frames in KCore's 40 bits */

/* n is in pages, everywhere. */
static void range_overflow(void)
{
	static const u64 bad[][2] = {
		{RAM_PFN, 0},
		{0, MAX_PFN + 1},
		{MAX_PFN, 1},
		{MAX_PFN - 1, 2},
		{RAM_PFN, 1ull << 52},
		{RAM_PFN, ~0ull},
		{RAM_PFN, ~0ull - RAM_PFN + 1},
		{RAM_PFN, ~0ull - RAM_PFN + 2},
		{~0ull, 1},
		{~0ull, 2},
		{1ull << 52, 1ull << 52},
		{1ull << 63, 1ull << 63},
		{~0ull - 511, 512},
		{RAM_PFN, 1ull << 63},
		{MAX_PFN - 1, ~0ull},
		{1ull << 40, 1},
	};
	struct vm *v = VM_START(1, g_echo, 1, 2, 3, 4);
	struct dump d;

	dump_take(&d);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		u64 ipa = bad[i][0], n = bad[i][1];

		refused(kc(KC_VM_RAM, v->h, ipa, n, 0), KC_EINVAL, "VM_RAM %llx+%llx",
			(long long)ipa, (long long)n);
		refused(kc(KC_UNLEND, v->h, ipa, n, 0), KC_EINVAL, "UNLEND %llx+%llx",
			(long long)ipa, (long long)n);
		refused(kc(KC_LEND_PROT, v->h, ipa, n, 7), KC_EINVAL, "LEND_PROT %llx+%llx",
			(long long)ipa, (long long)n);
	}
	/* The largest ranges that are allowed do no harm. */
	needed(kc(KC_UNLEND, v->h, 0, MAX_PFN, 0), "UNLEND of everything");
	needed(kc(KC_UNLEND, v->h, MAX_PFN - 1, 1, 0), "UNLEND of the last ipa");
	refused(kc(KC_VM_RAM, v->h, 0, MAX_PFN, 0), KC_EEXIST, "VM_RAM over declared RAM");
	dump_same(&d, "a range call");
}

/* Frame numbers that are not RAM, for a machine with RAM from 1 GiB. */
static const u64 not_ram[] = {
	0,           1,       0x8000,     0x9000,           0x9020,     0x10000,    0x3ffff,
	MAX_PFN - 1, MAX_PFN, 1ull << 36, (1ull << 52) - 1, 1ull << 52, 1ull << 63, ~0ull};

static void bad_address(void)
{
	struct vm *v = VM_START(1, g_echo, 1, 2, 3, 4);
	struct vm *w = vm_new(0);
	u64 block = page_alloc(9), ok = page_alloc(0), ok2 = page_alloc(0);
	struct dump d;
	u64 p;

	dump_take(&d);
	for (size_t i = 0; i < sizeof(not_ram) / sizeof(not_ram[0]); i++) {
		p = not_ram[i];
		refused(kc(KC_VM_CREATE, 1, p & ~1ull, 0, 0), KC_EINVAL, "VM_CREATE root %llx",
			(long long)p);
		refused(kc(KC_VM_TABLE, v->h, p, 0, 0), KC_EINVAL, "VM_TABLE %llx", (long long)p);
		refused(kc(KC_VCPU_CREATE, v->h, 1, p, ok), KC_EINVAL, "VCPU_CREATE run %llx",
			(long long)p);
		refused(kc(KC_VCPU_CREATE, v->h, 1, ok, p), KC_EINVAL, "VCPU_CREATE ctx %llx",
			(long long)p);
		refused(kc(KC_DONATE, v->h, RAM_PFN + 16, p, 0), KC_EINVAL, "DONATE %llx",
			(long long)p);
		refused(kc(KC_LEND, w->h, RAM_PFN, p, 7 << 8), KC_EINVAL, "LEND %llx",
			(long long)p);
		refused(kc(KC_PAGE_RECLAIM, v->h, p, 0, 0), KC_EINVAL, "PAGE_RECLAIM %llx",
			(long long)p);
		refused(kc(KC_FORCE_RECLAIM, v->h, MAX_PFN | p, 0, 0), KC_EINVAL,
			"FORCE_RECLAIM %llx", (long long)p);
		refused(kc(KC_DONATE, v->h, MAX_PFN | p, ok, 0), KC_EINVAL, "DONATE to %llx",
			(long long)p);
		refused(kc(KC_LEND, w->h, MAX_PFN | p, ok, 7 << 8), KC_EINVAL, "LEND to %llx",
			(long long)p);
	}
	refused(kc(KC_VM_CREATE, 1, ok | 1, 0, 0), KC_EINVAL, "VM_CREATE with an odd root");
	refused(kc(KC_VM_CREATE, 2, block, 0, 0), KC_EINVAL, "VM_CREATE with an unknown flag");
	refused(kc(KC_VM_CREATE, ~0ull, block, 0, 0), KC_EINVAL, "VM_CREATE with all flags");
	refused(kc(KC_DONATE, v->h, RAM_PFN + 512, block + 1, 9), KC_EINVAL, "an unaligned block");
	refused(kc(KC_LEND, w->h, RAM_PFN + 512, block + 1, 9 | 7 << 8), KC_EINVAL,
		"an unaligned lent block");
	refused(kc(KC_DONATE, v->h, RAM_PFN + 513, block, 9), KC_EINVAL,
		"a block at an unaligned ipa");
	for (u64 order = 1; order < 70; order++)
		if (order != 9)
			refused(kc(KC_DONATE, v->h, RAM_PFN + 512, block, order), KC_EINVAL,
				"order %llu", (long long)order);
	refused(kc(KC_DONATE, v->h, RAM_PFN + RAM_N, ok, 0), KC_EINVAL,
		"DONATE outside declared RAM");
	refused(kc(KC_LEND, w->h, RAM_PFN, ok, 0), KC_EINVAL, "LEND without rights");
	refused(kc(KC_LEND, w->h, RAM_PFN, ok, 8 << 8), KC_EINVAL, "LEND with unknown rights");
	refused(kc(KC_VCPU_CREATE, v->h, 1, ok, ok), KC_EINVAL, "run page = context page");
	refused(kc(KC_VCPU_CREATE, v->h, 16, ok, ok2), KC_EINVAL, "vCPU 16");
	refused(kc(KC_VCPU_CREATE, v->h, ~0ull, ok, ok2), KC_EINVAL, "vCPU -1");
	refused(kc(KC_VCPU_LOAD, v->h, 16, 0, 0), KC_ENOENT, "load of vCPU 16");
	refused(kc(KC_VCPU_LOAD, v->h, 1ull << 32, 0, 0), KC_ENOENT, "load of vCPU 2^32");
	refused(kc(KC_STAT, KC_STAT_COUNT, 0, 0, 0), KC_EINVAL, "KC_STAT beyond the last item");
	refused(kc(KC_STAT, ~0ull, 0, 0, 0), KC_EINVAL, "KC_STAT -1");
	dump_same(&d, "a bad address");
	page_free(block);
	page_free(ok);
	page_free(ok2);
}

/* A block is only as good as its worst page. */
static void worst_page(void)
{
	static const u64 where[] = {511, 1, 256, 0};
	struct vm *v = VM_START(1, g_echo, 1, 2, 3, 4);
	struct vm *w = VM_START(1, g_echo, 1, 2, 3, 4);
	struct vm *n = vm_new(0);
	u64 block = page_alloc(9);
	struct dump d;

	for (size_t i = 0; i < 4; i++) {
		u64 p = block + where[i];

		/* another VM's private page */
		needed(kc(KC_DONATE, w->h, RAM_PFN + 16 + i, p, 0), "DONATE to the victim");
		dump_take(&d);
		refused(kc(KC_DONATE, v->h, RAM_PFN + 512, block, 9), KC_EPERM,
			"a block whose page %llu is another VM's", (long long)where[i]);
		refused(kc(KC_LEND, n->h, RAM_PFN + 512, block, 9 | 7 << 8), KC_EPERM,
			"lending a block whose page %llu is another VM's", (long long)where[i]);
		if (where[i] > 0)
			refused(kc(KC_VM_CREATE, 1, (p & ~1ull), 0, 0), KC_EPERM,
				"a root whose page is another VM's");
		dump_same(&d, "a mixed block");
		needed(kc(KC_FORCE_RECLAIM, w->h, RAM_PFN + 16 + i, 0, 0), "FORCE_RECLAIM");
		/* a lent page */
		needed(kc(KC_LEND, n->h, RAM_PFN + 1024, p, 7 << 8), "LEND");
		dump_take(&d);
		refused(kc(KC_DONATE, v->h, RAM_PFN + 512, block, 9), KC_EBUSY,
			"a block with a lent page");
		dump_same(&d, "a block with a lent page");
		needed(kc(KC_UNLEND, n->h, RAM_PFN + 1024, 1, 0), "UNLEND");
	}
	page_free(block);
}

/* Neither MMIO nor what the device tree says is not memory can become a VM's. */
static void not_memory(void)
{
	struct vm *v = VM_START(1, g_echo, 1, 2, 3, 4);
	struct vm *n = vm_new(0);
	u64 core, core_n, ok = page_alloc(0);
	u64 mmio[] = {0x8000, 0x8010, 0x80a0,  0x8080,  0x9000,       0x9010,      0x9020,
		      0x9030, 0xa000, 0x10000, 0x3f000, 0x4010000ull, 0x8000000ull};
	struct dump d;

	core_range(&core, &core_n);
	dump_take(&d);
	for (size_t i = 0; i < sizeof(mmio) / sizeof(mmio[0]); i++) {
		refused(kc(KC_DONATE, v->h, RAM_PFN + 16, mmio[i], 0), KC_EINVAL,
			"DONATE device %llx", (long long)mmio[i]);
		refused(kc(KC_LEND, n->h, RAM_PFN + 16, mmio[i], 7 << 8), KC_EINVAL,
			"LEND device %llx", (long long)mmio[i]);
		refused(kc(KC_VCPU_CREATE, v->h, 1, mmio[i], ok), KC_EINVAL,
			"run page in device %llx", (long long)mmio[i]);
		refused(kc(KC_VM_TABLE, v->h, mmio[i], 0, 0), KC_EINVAL, "table in device %llx",
			(long long)mmio[i]);
	}
	for (u64 p = core; p < core + core_n; p++) {
		refused(kc(KC_LEND, n->h, RAM_PFN + 16 + p - core, p, 7 << 8), KC_EPERM,
			"LEND of KCore's page %llx", (long long)p);
		if (verdict_is_won())
			return; /* worse is not needed */
		refused(kc(KC_DONATE, v->h, RAM_PFN + 16 + p - core, p, 0), KC_EPERM,
			"DONATE of KCore's page %llx", (long long)p);
		refused(kc(KC_VM_TABLE, v->h, p, 0, 0), KC_EPERM, "KCore's page %llx as a table",
			(long long)p);
		refused(kc(KC_VCPU_CREATE, v->h, 1, p, ok), KC_EPERM,
			"KCore's page %llx as a run page", (long long)p);
		refused(kc(KC_VCPU_CREATE, v->h, 1, ok, p), KC_EPERM,
			"KCore's page %llx as a context", (long long)p);
		refused(kc(KC_PAGE_RECLAIM, v->h, p, 0, 0), KC_ESTATE,
			"reclaim of KCore's page %llx", (long long)p);
	}
	dump_same(&d, "giving away what is not memory");
	page_free(ok);
}

/* Every call that names a VM, on a handle that names none. */
static void dead_call(u64 h, u64 want, u64 page, const char *kind)
{
	refused(kc(KC_VM_RAM, h, RAM_PFN, 16, 0), want, "VM_RAM on %s handle", kind);
	refused(kc(KC_VM_TABLE, h, page, 0, 0), want, "VM_TABLE on %s handle", kind);
	refused(kc(KC_VCPU_CREATE, h, 3, page, KC_NO_PFN), want, "VCPU_CREATE on %s handle", kind);
	refused(kc(KC_DONATE, h, RAM_PFN, page, 0), want, "DONATE on %s handle", kind);
	refused(kc(KC_LEND, h, RAM_PFN, page, 7 << 8), want, "LEND on %s handle", kind);
	refused(kc(KC_LEND_PROT, h, RAM_PFN, 1, 7), want, "LEND_PROT on %s handle", kind);
	refused(kc(KC_FORCE_RECLAIM, h, RAM_PFN, 0, 0), want, "FORCE_RECLAIM on %s handle", kind);
	refused(kc(KC_VM_FLUSH, h, 0, 0, 0), want, "VM_FLUSH on %s handle", kind);
	refused(kc(KC_VCPU_LOAD, h, 0, 0, 0), want, "VCPU_LOAD on %s handle", kind);
	refused(kc(KC_VM_TEARDOWN, h, 0, 0, 0), want, "VM_TEARDOWN on %s handle", kind);
	if (want == KC_ENOENT) {
		refused(kc(KC_UNLEND, h, RAM_PFN, 1, 0), want, "UNLEND on %s handle", kind);
		refused(kc(KC_PAGE_RECLAIM, h, page, 0, 0), want, "PAGE_RECLAIM on %s handle",
			kind);
		refused(kc(KC_VM_FREE, h, 0, 0, 0), want, "VM_FREE on %s handle", kind);
	}
}

static void dead_handles(void)
{
	u64 page = page_alloc(0), h;
	struct dump d;
	struct vm *v = VM_START(1, g_echo, 1, 2, 3, 4);

	dump_take(&d);
	dead_call(0, KC_ENOENT, page, "zero");
	dead_call(KC_MAX_VMS, KC_ENOENT, page, "a never-made");
	dead_call(KC_MAX_VMS + 1, KC_ENOENT, page, "a too large");
	dead_call(v->h + (1ull << 32), KC_ENOENT, page, "a wrapping");
	dead_call(v->h + (1ull << 16), KC_ENOENT, page, "a wrapping 16-bit");
	dead_call(~0ull, KC_ENOENT, page, "the largest");
	refused(kc(KC_VM_FREE, v->h, 0, 0, 0), KC_ESTATE, "VM_FREE of a living VM");
	refused(kc(KC_PAGE_RECLAIM, v->h, v->given[0], 0, 0), KC_ESTATE,
		"PAGE_RECLAIM from a living VM");
	dump_same(&d, "a dead handle");
	h = v->h;
	needed(kc(KC_VM_TEARDOWN, h, 0, 0, 0), "VM_TEARDOWN");
	dump_take(&d);
	dead_call(h, KC_ESTATE, page, "a dying");
	refused(kc(KC_VM_FREE, h, 0, 0, 0), KC_EBUSY, "VM_FREE of a VM that has pages");
	dump_same(&d, "a dying handle");
	for (u32 i = 0; i < v->n_given; i++)
		needed(kc(KC_PAGE_RECLAIM, h, v->given[i], 0, 0), "PAGE_RECLAIM");
	refused(kc(KC_PAGE_RECLAIM, h, v->given[0], 0, 0), KC_EPERM, "a second PAGE_RECLAIM");
	refused(kc(KC_PAGE_RECLAIM, h, v->run[0], 0, 0), KC_EPERM,
		"PAGE_RECLAIM of KServ's own page");
	needed(kc(KC_PAGE_RECLAIM, h, v->root, 0, 0), "PAGE_RECLAIM");
	needed(kc(KC_PAGE_RECLAIM, h, v->root + 1, 0, 0), "PAGE_RECLAIM");
	needed(kc(KC_VM_FREE, h, 0, 0, 0), "VM_FREE");
	dead_call(h, KC_ENOENT, page, "a freed");
	v->alive = 0;
	page_free(page);
	for (u32 i = 0; i < v->n_given; i++)
		page_free(v->given[i]);
	page_unmap(v->rp[0], 1);
	page_free(v->run[0]);
}

/* n_tables: a call that needs more tables than the pool has changes nothing. */
static void no_tables(void)
{
	struct vm *v = vm_new(1), *n = vm_new(0);
	u64 p = page_alloc(0);
	struct dump d;
	u64 ipa;

	/* Use up the pool: the first mapping takes two tables, each further 2 MiB one. */
	for (int m = 0; m < 2; m++) {
		struct vm *x = m == 0 ? v : n;
		u64 fn = m == 0 ? KC_DONATE : KC_LEND, last = m == 0 ? 0 : 7 << 8;

		for (int have = 4; have >= 0; have--) {
			ipa = RAM_PFN + (u64)(4 - have) * 512;
			dump_take(&d);
			if (have == 3)
				continue; /* the first needed two */
			if (have > 0) {
				u64 q = page_alloc(0);

				needed(kc(fn, x->h, ipa, q, last), "mapping with %d tables", have);
				if (m == 0)
					x->given[x->n_given++] = q;
				else
					x->lent[x->n_lent++] = q;
				continue;
			}
			refused(kc(fn, x->h, ipa, p, last), KC_ENOMEM, "mapping without a table");
			refused(kc(fn, x->h, ipa, p, last), KC_ENOMEM,
				"mapping without a table, again");
			dump_same(&d, "mapping without a table");
		}
		vm_table(x, 1);
		dump_take(&d);
		refused(kc(fn, x->h, RAM_PFN + 0x40000, p, last), KC_ENOMEM,
			"mapping with one table of two");
		dump_same(&d, "mapping with one table of two");
	}
	if (mem_write(p << 12, 1, 1) != 0)
		won("the page is lost for KServ although the call was refused");
	page_free(p);
}

/* Creation that fails at any step leaves every page KServ's and usable. */
static void failed_create(void)
{
	struct vm *v = vm_new(1), *n = vm_new(0);
	u64 a[4], used = v->given[0];
	struct dump d;

	for (int i = 0; i < 4; i++)
		a[i] = page_alloc(0);
	dump_take(&d);
	refused(kc(KC_VM_CREATE, 1, v->root, 0, 0), KC_EPERM, "a root that is another VM's");
	refused(kc(KC_VCPU_CREATE, v->h, 0, used, a[0]), KC_EPERM, "a run page that is a table");
	refused(kc(KC_VCPU_CREATE, v->h, 0, a[0], used), KC_EPERM,
		"a context page that is a table");
	refused(kc(KC_VCPU_CREATE, v->h, 0, a[1], KC_NO_PFN), KC_EINVAL, "no context page");
	refused(kc(KC_VCPU_CREATE, n->h, 0, a[2], a[3]), KC_EINVAL,
		"a context page for a normal VM");
	refused(kc(KC_VCPU_LOAD, v->h, 0, 0, 0), KC_ENOENT, "loading the vCPU that was refused");
	refused(kc(KC_VCPU_RUN, 0, 0, 0, 0), KC_ENOENT, "running without a vCPU");
	refused(kc(KC_VCPU_PUT, 0, 0, 0, 0), KC_ENOENT, "putting without a vCPU");
	dump_same(&d, "a failed creation");
	for (u64 i = 0; i < 4; i++)
		if (mem_write(a[i] << 12, i, 1) != 0)
			won("page %llu of a failed creation is lost for KServ", (long long)i);
	/* The same pages are good for a VM now. */
	needed(kc(KC_VCPU_CREATE, v->h, 0, a[0], a[1]), "VCPU_CREATE");
	v->given[v->n_given++] = a[1];
	refused(kc(KC_VCPU_CREATE, v->h, 0, a[2], a[3]), KC_EEXIST, "the same vCPU a second time");
	vm_end(v);
	vm_end(n);
	page_free(a[0]);
	page_free(a[2]);
	page_free(a[3]);
}

static void unknown_calls(void)
{
	struct dump d;

	dump_take(&d);
	for (u64 f = KC_FN_COUNT; f < 0x100; f++)
		refused(kc(KC_FN(f), 1, 2, 3, 4), KC_ENOSYS, "function %llx", (long long)f);
	for (u64 f = 5; f < 0x400; f++)
		refused(kc(f, 1, 2, 3, 4), KC_ENOSYS, "HVC %llx", (long long)f);
	for (u64 b = 32; b < 64; b++)
		refused(kc(KC_VM_FREE | 1ull << b, 1, 2, 3, 4), KC_ENOSYS, "function with bit %llu",
			(long long)b);
	/* Another vendor's hypervisor calls, and PSCI by the wrong conduit. */
	refused(kc(0x86000000, 0, 0, 0, 0), KC_ENOSYS, "HVC 86000000");
	refused(kc(0xc6000020, 0, 0, 0, 0), KC_ENOSYS, "HVC c6000020");
	refused(kc(0x84000008, 0, 0, 0, 0), KC_ENOSYS, "PSCI by HVC");
	dump_same(&d, "an unknown call");
}

const struct test tests_calls[] = {
	{"range_overflow", "1", "a range outside the address space changes nothing", range_overflow,
	 1},
	{"bad_address", "2,9", "no address but RAM of KServ's is accepted", bad_address, 1},
	{"worst_page", "3", "every page of a range is checked", worst_page, 1},
	{"not_memory", "4,5", "devices and KCore's memory never become a VM's", not_memory, 1},
	{"dead_handles", "13,37", "a handle without a living VM does nothing", dead_handles, 1},
	{"no_tables", "7,39", "a call without enough table memory changes nothing", no_tables, 1},
	{"failed_create", "10", "a failed creation loses no page", failed_create, 1},
	{"unknown_calls", "24,40", "an unknown function does nothing", unknown_calls, 1},
	TEST_LIST_END};
