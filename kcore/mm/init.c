/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot: check what the boot stage says about the machine, establish the page states, build KServ's
 * stage 2. Runs on one CPU, before KServ; nothing it builds is in use yet.
 */
#include <kcore/boot_info.h>
#include <kcore/calls.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>

#include "desc.h"
#include "host.h"
#include "page.h"
#include "walk.h"

struct boot_info boot;
struct percpu pcpu[NCPU];

static u64 pool_next; /* first page of the pool that is not used yet */

static u64 check_range(u64 base, u64 n, u64 from)
{
	if (base < from || base >= IPA_PFNS || n == 0ul)
		return 1ul;
	return (u64)(n > IPA_PFNS - base);
}

static u64 check_regions(void)
{
	u64 i = 0ul;
	u64 from = 0ul;
	u64 bad = 0ul;

	if (boot.n_region == 0ul || boot.n_region > NREGION)
		return BOOT_EREGION;
	while (i < boot.n_region) {
		u64 base = boot.region[i].base_pfn;
		u64 n = boot.region[i].n_pfn;

		bad = check_range(base, n, from);
		if (bad != 0ul || ((base | n) & 511ul) != 0ul)
			return BOOT_EREGION;
		from = base + n;
		i = i + 1ul;
	}
	return 0ul;
}

/* 1 if [base, base + n) meets a region of RAM. */
static u64 meets_ram(u64 base, u64 n)
{
	u64 i = 0ul;

	while (i < boot.n_region) {
		u64 start = boot.region[i].base_pfn;

		if (base < start + boot.region[i].n_pfn && start < base + n)
			return 1ul;
		i = i + 1ul;
	}
	return 0ul;
}

static u64 check_devices(void)
{
	u64 i = 0ul;
	u64 from = 0ul;

	if (boot.n_device > NDEVICE)
		return BOOT_EDEVICE;
	while (i < boot.n_device) {
		u64 base = boot.device[i].base_pfn;
		u64 n = boot.device[i].n_pfn;
		u64 bad = check_range(base, n, from);
		u64 ram = 0ul;

		if (bad == 0ul)
			ram = meets_ram(base, n);
		if (bad != 0ul || ram != 0ul)
			return BOOT_EDEVICE;
		from = base + n;
		i = i + 1ul;
	}
	return 0ul;
}

/* 1 unless [base, base + n) is not empty and inside [outer, outer + outer_n). */
static u64 check_inside(u64 base, u64 n, u64 outer, u64 outer_n)
{
	if (n == 0ul || base < outer || n > outer_n)
		return 1ul;
	return (u64)(base - outer > outer_n - n);
}

static u64 check_core(void)
{
	u64 i = 0ul;
	u64 outside = 1ul;

	if (boot.core_pfn == 0ul)
		return BOOT_ECORE;
	while (i < boot.n_region && outside != 0ul) {
		outside = check_inside(boot.core_pfn, boot.core_n, boot.region[i].base_pfn,
				       boot.region[i].n_pfn);
		i = i + 1ul;
	}
	if (outside != 0ul)
		return BOOT_ECORE;
	return 0ul;
}

/* GiB that a range touches: level-2 tables it may need. */
static u64 n_gib(u64 base, u64 n)
{
	return ((base + n - 1ul) >> 18) - (base >> 18) + 1ul;
}

/*
 * Two tables and one page to align them, a context page per CPU, the level-2 tables, a level-3
 * table per block of RAM, and two for the ends of a device window. An upper bound: ranges may share
 * tables.
 */
u64 mm_pool_need(void)
{
	u64 need = 3ul + NCPU;
	u64 i = 0ul;
	u64 gib;

	while (i < boot.n_region && i < NREGION) {
		gib = n_gib(boot.region[i].base_pfn, boot.region[i].n_pfn);
		need = need + gib + (boot.region[i].n_pfn >> 9);
		i = i + 1ul;
	}
	i = 0ul;
	while (i < boot.n_device && i < NDEVICE) {
		gib = n_gib(boot.device[i].base_pfn, boot.device[i].n_pfn);
		need = need + gib + 2ul;
		i = i + 1ul;
	}
	return need;
}

static u64 check_pool(void)
{
	u64 need = mm_pool_need();
	u64 outside = check_inside(boot.pool_pfn, boot.pool_n, boot.core_pfn, boot.core_n);

	if (outside != 0ul || boot.pool_n < need)
		return BOOT_EPOOL;
	return 0ul;
}

static u64 check_boot(void)
{
	u64 r = check_regions();

	if (r == 0ul)
		r = check_devices();
	if (r == 0ul)
		r = check_core();
	if (r == 0ul)
		r = check_pool();
	return r;
}

static u64 pool_page(void)
{
	u64 pfn = pool_next;

	pool_next = pool_next + 1ul;
	page_zero(pfn);
	return pfn;
}

static void init_root(void)
{
	u64 second;

	pool_next = boot.pool_pfn + (boot.pool_pfn & 1ul);
	host_root = pool_page();
	second = pool_page();
	/* Two concatenated tables are one object of 8 KiB. */
	if (second != host_root + 1ul)
		panic(0u);
}

static void init_contexts(void)
{
	u32 cpu = 0u;

	while (cpu < NCPU) {
		u64 pfn = pool_page();

		pcpu[cpu].host_ctx = pfn;
		cpu = cpu + 1u;
	}
}

/* The GiB of fn gets a level-2 table. */
static u64 init_l2(u64 fn)
{
	u64 gib = fn >> 18;
	u64 l2 = host_l2[gib];
	u64 page = idx_l1_page(fn);
	u64 i = idx_l1(fn);
	u64 d;

	if (l2 != 0ul)
		return l2;
	l2 = pool_page();
	d = desc_table(l2);
	pte_set(host_root + page, i, d);
	host_l2[gib] = l2;
	return l2;
}

static void init_words(u64 base, u64 n)
{
	u64 i = 0ul;

	while (i < n) {
		u64 kind = PG_HOST;
		u64 word;

		if (base + i - boot.core_pfn < boot.core_n)
			kind = PG_CORE;
		word = word_make(kind, 0ul, 0ul);
		meta_set(base + i, word);
		n_kind[kind] = n_kind[kind] + 1ul;
		i = i + 1ul;
	}
}

static void init_region(u32 r)
{
	u64 base = boot.region[r].base_pfn;
	u64 n = boot.region[r].n_pfn;
	u64 i = 0ul;

	region[r].base = base;
	region[r].n = n;
	region[r].l3 = pool_next;
	pool_next = pool_next + (n >> 9);
	n_region = r + 1u;
	init_words(base, n);
	while (i < n) {
		u64 l2 = init_l2(base + i);

		(void)l2;
		host_map_boot(base + i);
		i = i + 512ul;
	}
}

/* One page of a device, in a level-3 table of its 2 MiB. */
static void init_device_page(u64 l2, u64 fn)
{
	u64 l3 = walk_l3(host_root, fn);
	u64 i2 = idx_l2(fn);
	u64 i3 = idx_l3(fn);
	u64 page = desc_page(fn, ATTR_DEVICE);
	u64 d;

	if (l3 == KC_NO_PFN) {
		l3 = pool_page();
		d = desc_table(l3);
		pte_set(l2, i2, d);
	}
	pte_set(l3, i3, page);
}

static void init_device(u64 base, u64 n)
{
	u64 at = base;

	while (at < base + n) {
		u64 l2 = init_l2(at);
		u64 i = idx_l2(at);
		u64 block = desc_block(at, ATTR_DEVICE);

		if ((at & 511ul) == 0ul && base + n - at >= 512ul) {
			pte_set(l2, i, block);
			at = at + 512ul;
		} else {
			init_device_page(l2, at);
			at = at + 1ul;
		}
	}
}

u64 mm_init(void)
{
	u64 r = check_boot();
	u32 i = 0u;

	if (r != 0ul)
		return r;
	init_root();
	init_contexts();
	while (i < boot.n_region) {
		init_region(i);
		i = i + 1u;
	}
	i = 0u;
	while (i < boot.n_device) {
		init_device(boot.device[i].base_pfn, boot.device[i].n_pfn);
		i = i + 1u;
	}
	return 0ul;
}
