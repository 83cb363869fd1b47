/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RAM, page state words, tables, TLBs and the lock of the fake machine.
 *
 * Checked at every event, as the machine model of the proof does: nothing is touched without the
 * lock;
 * a descriptor is written only in a table; a live descriptor goes to another valid one only
 * through an
 * invalid one and an invalidation; nothing becomes reachable that its reader may not have; a page
 * is
 * scrubbed and changes owner only when no table and no TLB reaches it; it changes owner only
 * scrubbed.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kcore/calls.h>
#include <kcore/config.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>

#include "../mm/desc.h"
#include "../mm/host.h"
#include "../mm/page.h"
#include "../vm/vm.h"
#include "fake.h"

struct page {
	u64 word;
	u8 zero;   /* scrubbed since the last store */
	u8 synced; /* cache maintenance since the last store */
	u8 level;  /* a linked table's level, else 0 */
};

static u64 (*mem)[512];
static struct page *pages;
static u64 n_pages;
static u64 (*stale)[2]; /* VMID, pfn */
static u64 n_stale;
static u8 quiet[KC_MAX_VMS + 1]; /* DYING and invalidated since: no TLB entry, no walk */
static u64 n_changes;
static u64 n_invals;
static u32 locked;
static u32 booted;
static u32 threads;
static u32 starting; /* a CPU starts: it touches only what is its own */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define STALE_MAX (1u << 16)

_Noreturn void fake_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "fake machine: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	abort();
}

u64 fake_n_pages(void)
{
	return n_pages;
}

u64 fake_page(u64 i)
{
	if (i < boot.region[0].n_pfn)
		return boot.region[0].base_pfn + i;
	return boot.region[1].base_pfn + i - boot.region[0].n_pfn;
}

u64 fake_index(u64 pfn)
{
	if (pfn - boot.region[0].base_pfn < boot.region[0].n_pfn)
		return pfn - boot.region[0].base_pfn;
	if (pfn - boot.region[1].base_pfn < boot.region[1].n_pfn)
		return pfn - boot.region[1].base_pfn + boot.region[0].n_pfn;
	return n_pages;
}

static u64 at(u64 pfn)
{
	u64 i = fake_index(pfn);

	if (i >= n_pages)
		fake_fail("access to pfn 0x%lx, which is no RAM", pfn);
	return i;
}

static struct page *page(u64 pfn)
{
	return &pages[at(pfn)];
}

static u64 kind_of(u64 pfn)
{
	return page(pfn)->word & 15;
}

static u64 owner_of(u64 pfn)
{
	return (page(pfn)->word >> 4) & 0xffff;
}

u64 fake_meta(u64 pfn)
{
	return page(pfn)->word;
}

u64 fake_word(u64 pfn, u64 idx)
{
	return mem[at(pfn)][idx];
}

const u64 *fake_words(u64 pfn)
{
	return mem[at(pfn)];
}

u32 fake_is_zero(u64 pfn)
{
	static const u64 zero[512];

	return memcmp(mem[at(pfn)], zero, sizeof(zero)) == 0;
}

u64 fake_changes(void)
{
	return n_changes;
}

u64 fake_invals(void)
{
	return n_invals;
}

u32 fake_locked(void)
{
	return locked;
}

u64 fake_stale(void)
{
	return n_stale;
}

void fake_threads(u32 on)
{
	threads = on;
}

void fake_unlocked(u32 on)
{
	starting = on;
}

static void need_lock(const char *what)
{
	if (booted && !locked && !starting)
		fake_fail("%s without the lock", what);
}

/* KCore's image is not in its linear map. */
static void need_reachable(u64 pfn)
{
	if (pfn - boot.core_pfn < boot.core_n && pfn - boot.pool_pfn >= boot.pool_n)
		fake_fail("access to KCore's image, pfn 0x%lx", pfn);
}

static u64 root_of(u64 vmid)
{
	return vmid == 0 ? host_root : vms[vmid].root;
}

u32 fake_walk(u64 root, u64 fn, u64 *pfn, u64 *leaf, u32 *level)
{
	u64 table = root + ((fn >> 27) & 1);
	u64 d = 0;
	u32 l;

	for (l = 1; l <= 3; l++) {
		u64 span = 1ul << (9 * (3 - l));

		d = mem[at(table)][(fn >> (9 * (3 - l))) & 511];
		*leaf = d;
		*level = l;
		if (!(d & 1))
			return 0;
		if (l == 3 || !(d & 2)) {
			if (l == 1 || (l == 3 && !(d & 2)))
				fake_fail("reserved descriptor 0x%lx at level %u", d, l);
			*pfn = ((d & 0xfffffffff000ul) >> 12) + (fn & (span - 1));
			return 1;
		}
		table = (d & 0xfffffffff000ul) >> 12;
	}
	return 0;
}

/* May the reader with that VMID have page pfn, now? */
static u32 may_reach(u64 vmid, u64 pfn)
{
	u64 kind;

	if (fake_index(pfn) >= n_pages)
		return vmid == 0;
	kind = kind_of(pfn);
	if (vmid == 0)
		return kind == PG_HOST || kind == PG_PINNED || kind == PG_LENT;
	return kind == PG_LENT || (kind == PG_VM && owner_of(pfn) == vmid);
}

static u32 is_stale(u64 vmid, u64 pfn)
{
	u64 i;

	for (i = 0; i < n_stale; i++)
		if (stale[i][1] == pfn && (vmid > KC_MAX_VMS || stale[i][0] == vmid))
			return 1;
	return 0;
}

static void stale_add(u64 vmid, u64 pfn)
{
	if (n_stale == STALE_MAX)
		fake_fail("%u translations without an invalidation", STALE_MAX);
	stale[n_stale][0] = vmid;
	stale[n_stale][1] = pfn;
	n_stale++;
}

/* For all pages that descriptor d of a table of that level maps: do(vmid, pfn). */
static void for_pages(u64 vmid, u64 d, u32 level, void (*act)(u64, u64))
{
	u64 to = (d & 0xfffffffff000ul) >> 12;
	u64 i;

	if (!(d & 1))
		return;
	if (level == 3) {
		act(vmid, to);
	} else if (d & 2) {
		for (i = 0; i < 512; i++)
			for_pages(vmid, mem[at(to)][i], level + 1, act);
	} else {
		for (i = 0; i < 512; i++)
			act(vmid, to + i);
	}
}

static void grant(u64 vmid, u64 pfn)
{
	quiet[vmid] = 0;
	if (!may_reach(vmid, pfn))
		fake_fail("VMID %lu is given pfn 0x%lx, kind %lu", vmid, pfn, kind_of(pfn));
	if (is_stale(vmid, pfn))
		fake_fail("VMID %lu: pfn 0x%lx mapped again before the invalidation", vmid, pfn);
}

static void set_level(u64 d, u32 level)
{
	if ((d & 3) == 3 && level < 3)
		page((d & 0xfffffffff000ul) >> 12)->level = (u8)(d ? level + 1 : 0);
}

static void change_live(u64 vmid, u32 level, u64 old, u64 val)
{
	const u64 frame = 0xfffffffff003ul; /* output address and type */

	if ((old & 1) && (val & 1) && (old & frame) != (val & frame))
		fake_fail("no break before make: 0x%lx -> 0x%lx", old, val);
	if ((val & 1) && !(old & 1))
		for_pages(vmid, val, level, grant);
	if ((old & 1) && old != val)
		for_pages(vmid, old, level, stale_add);
	if ((old & 3) == 3 && level < 3 && !(val & 1))
		page((old & 0xfffffffff000ul) >> 12)->level = 0;
	set_level(val, level);
}

static u32 level_of(u64 vmid, u64 pfn)
{
	u64 root = root_of(vmid);

	return pfn == root || pfn == root + 1 ? 1 : page(pfn)->level;
}

u64 pte_get(u64 pfn, u64 idx)
{
	need_lock("pte_get");
	need_reachable(pfn);
	return mem[at(pfn)][idx];
}

void pte_set(u64 pfn, u64 idx, u64 val)
{
	u64 vmid = kind_of(pfn) == PG_VMCORE ? owner_of(pfn) : 0;
	u64 old = mem[at(pfn)][idx];

	need_lock("pte_set");
	need_reachable(pfn);
	if (booted && kind_of(pfn) != PG_VMCORE && kind_of(pfn) != PG_CORE)
		fake_fail("descriptor written to pfn 0x%lx of kind %lu", pfn, kind_of(pfn));
	if (!booted)
		set_level(val, level_of(0, pfn));
	else if (level_of(vmid, pfn) != 0)
		change_live(vmid, level_of(vmid, pfn), old, val);
	mem[at(pfn)][idx] = val;
	page(pfn)->zero = 0;
	n_changes++;
}

u64 pg_get(u64 pfn, u64 idx)
{
	need_reachable(pfn);
	return mem[at(pfn)][idx];
}

void pg_set(u64 pfn, u64 idx, u64 val)
{
	need_reachable(pfn);
	if (idx >= 512)
		fake_fail("word %lu of a page", idx);
	mem[at(pfn)][idx] = val;
	page(pfn)->zero = 0;
	n_changes++;
}

/* No table and no TLB of anybody reaches the page. */
static void need_unreached(u64 pfn, const char *what)
{
	u64 word = page(pfn)->word;
	u64 h = (word >> 4) & 0xffff;
	u64 to;
	u64 leaf;
	u32 level;

	if (is_stale(~0ul, pfn))
		fake_fail("%s of pfn 0x%lx while a TLB may hold it", what, pfn);
	if (fake_walk(host_root, pfn, &to, &leaf, &level))
		fake_fail("%s of pfn 0x%lx, which KServ reaches", what, pfn);
	if ((word & 15) == PG_VM && vms[h].state != VM_DYING &&
	    fake_walk(vms[h].root, word >> 20, &to, &leaf, &level))
		fake_fail("%s of pfn 0x%lx, which VM %lu reaches", what, pfn, h);
	if ((word & 15) >= PG_VM && vms[h].state == VM_DYING && !quiet[h])
		fake_fail("%s of pfn 0x%lx while VM %lu is in the TLBs", what, pfn, h);
}

void page_zero(u64 pfn)
{
	need_reachable(pfn);
	if (booted) {
		need_lock("page_zero");
		need_unreached(pfn, "scrub");
	}
	memset(mem[at(pfn)], 0, 4096);
	page(pfn)->zero = 1;
	page(pfn)->level = 0;
	n_changes++;
}

void page_sync(u64 pfn)
{
	need_unreached(pfn, "cache maintenance");
	page(pfn)->synced = 1;
}

void page_copy(u64 dst, u64 src)
{
	need_unreached(dst, "copy");
	memcpy(mem[at(dst)], mem[at(src)], 4096);
	page(dst)->zero = 0;
	n_changes++;
}

u64 meta_get(u64 pfn)
{
	need_lock("meta_get");
	return page(pfn)->word;
}

/* KServ's own kinds are one owner. */
static u64 owner_class(u64 word)
{
	u64 kind = word & 15;

	return kind >= PG_HOST && kind <= PG_LENT ? PG_HOST : word;
}

void meta_set(u64 pfn, u64 val)
{
	struct page *p = page(pfn);
	u64 kind = val & 15;

	need_lock("meta_set");
	if (booted && owner_class(p->word) != owner_class(val)) {
		need_unreached(pfn, "change of owner");
		if (!p->zero &&
		    !(kind == PG_VM && p->synced && vms[(val >> 4) & 255].state == VM_NEW))
			fake_fail("pfn 0x%lx changes owner (%lx -> %lx) unscrubbed", pfn, p->word,
				  val);
	}
	p->word = val;
	p->synced = 0;
	n_changes++;
}

void tlb_inval_vm(u64 vmid, u64 root_pfn)
{
	u64 kept = 0;
	u64 i;

	need_lock("tlb_inval_vm");
	if (root_pfn != root_of(vmid) || (root_pfn & 1))
		fake_fail("invalidation of VMID %lu with root 0x%lx", vmid, root_pfn);
	for (i = 0; vmid != 0 && i < 2; i++)
		if (kind_of(root_pfn + i) != PG_VMCORE || owner_of(root_pfn + i) != vmid)
			fake_fail("VMID %lu: root 0x%lx is not its own any more", vmid, root_pfn);
	for (i = 0; i < n_stale; i++) {
		if (stale[i][0] == vmid)
			continue;
		stale[kept][0] = stale[i][0];
		stale[kept][1] = stale[i][1];
		kept++;
	}
	n_stale = kept;
	n_invals++;
	quiet[vmid] = vms[vmid].state == VM_DYING;
}

void tlb_inval_local(void)
{
}

void spin_lock(u32 id)
{
	if (id != LOCK_MEM)
		fake_fail("unknown lock %u", id);
	if (threads)
		pthread_mutex_lock(&mutex);
	if (locked)
		fake_fail("lock taken twice");
	locked = 1;
}

void spin_unlock(u32 id)
{
	if (id != LOCK_MEM || !locked)
		fake_fail("lock %u released, but not held", id);
	locked = 0;
	if (threads)
		pthread_mutex_unlock(&mutex);
}

void panic(u32 code)
{
	fake_fail("panic(%u)", code);
}

u32 fake_host_store(u64 pfn, u64 idx, u64 val)
{
	u64 to;
	u64 leaf;
	u32 level;

	if (!fake_walk(host_root, pfn, &to, &leaf, &level) || fake_index(to) >= n_pages)
		return 0;
	mem[at(to)][idx] = val;
	page(to)->zero = 0;
	page(to)->synced = 0;
	return 1;
}

u32 fake_guest_load(u64 h, u64 ipa, u64 idx, u64 *val)
{
	u64 to;
	u64 leaf;
	u32 level;

	if (!fake_walk(vms[h].root, ipa, &to, &leaf, &level))
		return 0;
	*val = mem[at(to)][idx];
	return 1;
}

u32 fake_guest_store(u64 h, u64 ipa, u64 idx, u64 val)
{
	u64 to;
	u64 leaf;
	u32 level;

	if (!fake_walk(vms[h].root, ipa, &to, &leaf, &level) || !(leaf & (1ul << 7)))
		return 0;
	mem[at(to)][idx] = val;
	page(to)->zero = 0;
	return 1;
}

/* The image is odd-sized and in the middle of a block; windows need pages, a block and both. */
void fake_machine(u64 blocks0, u64 blocks1)
{
	static const struct boot_range dev[] = {
		{0x8000, 1}, {0x8010, 16}, {0x9000, 1200}, {0xa1f0, 32}};
	u64 i;

	memset(&boot, 0, sizeof(boot));
	boot.n_region = 2;
	boot.region[0] = (struct boot_range){0x40000, blocks0 * 512};
	boot.region[1] = (struct boot_range){0x101000, blocks1 * 512};
	boot.n_device = sizeof(dev) / sizeof(dev[0]);
	memcpy(boot.device, dev, sizeof(dev));
	boot.core_pfn = 0x40000 + 77;
	boot.pool_pfn = boot.core_pfn + 50;
	boot.pool_n = mm_pool_need();
	boot.core_n = 50 + boot.pool_n + 3;
	n_pages = (blocks0 + blocks1) * 512;
	mem = malloc(n_pages * 4096);
	pages = calloc(n_pages, sizeof(*pages));
	stale = calloc(STALE_MAX, sizeof(*stale));
	if (!mem || !pages || !stale)
		fake_fail("out of memory");
	for (i = 0; i < n_pages; i++)
		memset(mem[i], 0xa5, 4096);
	n_stale = 0;
	locked = 0;
	booted = 0;
	memset(quiet, 0, sizeof(quiet));
	memset(vms, 0, sizeof(vms));
	memset(vcpus, 0, sizeof(vcpus));
	memset(pcpu, 0, sizeof(pcpu));
	memset(host_l2, 0, sizeof(host_l2));
	memset(region, 0, sizeof(region));
	memset(n_kind, 0, sizeof(n_kind));
	n_region = 0;
}

void fake_free(void)
{
	free(mem);
	free(pages);
	free(stale);
}

void fake_boot(u64 blocks0, u64 blocks1)
{
	u64 r;
	u64 i;
	u64 j;

	fake_machine(blocks0, blocks1);
	r = mm_init();
	if (r != 0)
		fake_fail("mm_init: %lu", r);
	/* Levels of the tables that are linked now; the events of boot came in any order. */
	for (i = 0; i < 1024; i++) {
		if (host_l2[i] == 0)
			continue;
		page(host_l2[i])->level = 2;
		for (j = 0; j < 512; j++)
			set_level(mem[at(host_l2[i])][j], 2);
	}
	booted = 1;
	mm_audit();
}
