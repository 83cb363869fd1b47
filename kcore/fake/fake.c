/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RAM, page state words, translation tables and the lock of the fake machine. Who reaches what is in
 * reach.c.
 *
 * Checked at every event, as the machine model of the proof does: nothing is touched without the lock;
 * a descriptor is written only in a table, any other word never in one; a page is scrubbed and changes
 * owner only when no table and no TLB reaches it; it changes owner only scrubbed.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <kcore/calls.h>
#include <kcore/config.h>
#include <kcore/host.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>

#include "../mm/host.h"
#include "../mm/page.h"
#include "../vm/vm.h"
#include "fake.h"
#include "reach.h"

struct page {
	u64 word;
	u8 zero;   /* scrubbed since the last store */
	u8 synced; /* cache maintenance since the last store */
};

static u64 (*mem)[512];
static struct page *pages;
static u64 n_pages;
static u64 n_changes;
static u64 n_invals;
static u32 locked;
static u32 booted;
static u32 threads;
static u32 starting; /* a CPU starts: it touches only what is its own */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void (*on_lock)(void);
static void (*on_read)(u64 pfn, u64 idx);

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
		fake_breach(CONTRACT, "access to pfn 0x%lx, which is no RAM", pfn);
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

void fake_on_lock(void (*act)(void))
{
	on_lock = act;
}

void fake_on_read(void (*act)(u64 pfn, u64 idx))
{
	on_read = act;
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
		fake_breach(CONTRACT, "%s without the lock", what);
}

/* KCore's image is not in its linear map. */
static void need_reachable(u64 pfn, u64 idx)
{
	if (pfn - boot.core_pfn < boot.core_n && pfn - boot.pool_pfn >= boot.pool_n)
		fake_breach(CONTRACT, "access to KCore's image, pfn 0x%lx", pfn);
	if (idx >= 512)
		fake_breach(CONTRACT, "word %lu of pfn 0x%lx", idx, pfn);
}

/* Pages whose words KCore itself uses: contexts, run pages, and what a VM gave for its own use. */
static void need_usable(u64 pfn, const char *what)
{
	u64 kind = kind_of(pfn);

	if (booted && kind != PG_CORE && kind != PG_PINNED && kind != PG_VM && kind != PG_VMCORE &&
	    kind != PG_CTX)
		fake_breach(CONTRACT, "%s: pfn 0x%lx, state 0x%lx", what, pfn, page(pfn)->word);
	if (booted && !locked && !fake_owns(pfn))
		fake_breach(CONTRACT,
			    "%s of pfn 0x%lx, no page of this CPU's vCPU, without the lock", what,
			    pfn);
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
				fake_breach(CONTRACT, "reserved descriptor 0x%lx at level %u", d,
					    l);
			*pfn = ((d & 0xfffffffff000ul) >> 12) + (fn & (span - 1));
			return 1;
		}
		table = (d & 0xfffffffff000ul) >> 12;
	}
	return 0;
}

u64 pte_get(u64 pfn, u64 idx)
{
	fake_event("pte_get", pfn, idx, 0);
	need_lock("pte_get");
	need_reachable(pfn, idx);
	if (booted && kind_of(pfn) != PG_VMCORE && kind_of(pfn) != PG_CORE)
		fake_breach(CONTRACT, "descriptor read from pfn 0x%lx, state 0x%lx", pfn,
			    page(pfn)->word);
	return mem[at(pfn)][idx];
}

void pte_set(u64 pfn, u64 idx, u64 val)
{
	fake_event("pte_set", pfn, idx, val);
	need_lock("pte_set");
	need_reachable(pfn, idx);
	if (booted && kind_of(pfn) != PG_VMCORE && kind_of(pfn) != PG_CORE)
		fake_breach(CONTRACT, "descriptor written to pfn 0x%lx, state 0x%lx", pfn,
			    page(pfn)->word);
	reach_pte(pfn, idx, mem[at(pfn)][idx], val);
	mem[at(pfn)][idx] = val;
	page(pfn)->zero = 0;
	n_changes++;
}

u64 pg_get(u64 pfn, u64 idx)
{
	u64 val;

	fake_event("pg_get", pfn, idx, 0);
	need_reachable(pfn, idx);
	need_usable(pfn, "read");
	val = mem[at(pfn)][idx];
	if (on_read && kind_of(pfn) == PG_PINNED)
		on_read(pfn, idx);
	return val;
}

void pg_set(u64 pfn, u64 idx, u64 val)
{
	fake_event("pg_set", pfn, idx, val);
	need_reachable(pfn, idx);
	need_usable(pfn, "store");
	if (booted && reach_is_table(pfn))
		fake_breach(SECURITY, "a store to pfn 0x%lx, which walks use as a table", pfn);
	mem[at(pfn)][idx] = val;
	page(pfn)->zero = 0;
	n_changes++;
}

void page_zero(u64 pfn)
{
	fake_event("page_zero", pfn, 0, 0);
	need_reachable(pfn, 0);
	if (booted) {
		need_lock("page_zero");
		reach_need_none(pfn, "scrub");
	}
	memset(mem[at(pfn)], 0, 4096);
	page(pfn)->zero = 1;
	n_changes++;
}

void page_sync(u64 pfn)
{
	fake_event("page_sync", pfn, 0, 0);
	need_lock("page_sync");
	reach_need_none(pfn, "cache maintenance");
	page(pfn)->synced = 1;
}

void page_copy(u64 dst, u64 src)
{
	fake_event("page_copy", dst, src, 0);
	need_lock("page_copy");
	/* The one use: what a guest shares, to a page of KServ's. */
	if (!word_is_hosts(page(dst)->word) || word_kind(page(dst)->word) == PG_PINNED)
		fake_breach(CONTRACT, "page %#lx is copied to, and is not KServ's", dst);
	if (word_kind(page(src)->word) != PG_VM)
		fake_breach(CONTRACT, "page %#lx is copied, and is no VM's private page", src);
	memcpy(mem[at(dst)], mem[at(src)], 4096);
	page(dst)->zero = 0;
	n_changes++;
}

u64 meta_get(u64 pfn)
{
	fake_event("meta_get", pfn, 0, 0);
	need_lock("meta_get");
	return page(pfn)->word;
}

/* KServ's own kinds are one owner; so are a VM's. */
static u64 owner_class(u64 word)
{
	u64 kind = word & 15;

	if (kind >= PG_HOST && kind <= PG_LENT)
		return PG_HOST;
	return kind | (word & 0xffff0);
}

void meta_set(u64 pfn, u64 val)
{
	struct page *p = page(pfn);
	u64 kind = val & 15;
	u64 h = (val >> 4) & 0xffff;

	fake_event("meta_set", pfn, val, 0);
	need_lock("meta_set");
	if (booted &&
	    (owner_class(p->word) != owner_class(val) || (kind == PG_VM && p->word != val))) {
		reach_need_none(pfn, "change of owner");
		if (!p->zero &&
		    !(kind == PG_VM && p->synced && h <= KC_MAX_VMS && vms[h].state == VM_NEW))
			fake_breach(SECURITY, "pfn 0x%lx changes owner (0x%lx -> 0x%lx) unscrubbed",
				    pfn, p->word, val);
	}
	if (booted)
		reach_meta(pfn, val);
	p->word = val;
	p->synced = 0;
	n_changes++;
}

void tlb_inval_vm(u64 vmid, u64 root_pfn)
{
	u64 i;

	fake_event("tlb_inval_vm", vmid, root_pfn, 0);
	need_lock("tlb_inval_vm");
	if (vmid > KC_MAX_VMS || root_pfn != root_of(vmid) || (root_pfn & 1))
		fake_breach(CONTRACT, "invalidation of VMID %lu with root 0x%lx", vmid, root_pfn);
	for (i = 0; vmid != 0 && i < 2; i++)
		if (kind_of(root_pfn + i) != PG_VMCORE || owner_of(root_pfn + i) != vmid)
			fake_breach(SECURITY, "VMID %lu: root 0x%lx is not its own any more", vmid,
				    root_pfn);
	n_invals++;
	reach_inval(vmid);
	fake_inval(vmid);
}

/* Others come first: what was looked at before may be different now. */
void spin_lock(u32 id)
{
	if (id != LOCK_MEM)
		fake_breach(CONTRACT, "unknown lock %u", id);
	if (on_lock && !locked && !threads)
		on_lock();
	if (threads)
		pthread_mutex_lock(&mutex);
	if (locked)
		fake_breach(CONTRACT, "the lock is taken twice");
	locked = 1;
	fake_event("spin_lock", id, 0, 0);
}

void spin_unlock(u32 id)
{
	if (id != LOCK_MEM || !locked)
		fake_breach(CONTRACT, "lock %u released, but not held", id);
	fake_event("spin_unlock", id, 0, 0);
	if (booted && !starting)
		reach_need_settled(0);
	locked = 0;
	if (threads)
		pthread_mutex_unlock(&mutex);
}

void panic(u32 code)
{
	fake_breach(CONTRACT, "panic(%u)", code);
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
	if (!mem || !pages)
		fake_fail("out of memory");
	reach_reset(n_pages);
	for (i = 0; i < n_pages; i++)
		memset(mem[i], 0xa5, 4096);
	locked = 0;
	booted = 0;
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
	reach_free();
}

void fake_boot(u64 blocks0, u64 blocks1)
{
	u64 r;

	fake_machine(blocks0, blocks1);
	r = mm_init();
	if (r != 0)
		fake_fail("mm_init: %lu", r);
	booted = 1;
	reach_boot();
	mm_audit();
}
