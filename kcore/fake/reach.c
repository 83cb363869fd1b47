/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who reaches what, brought up to date at every single event: the executable twin of
 * proof/machine/State.v.
 *
 * TLBs are as full as they may be: whatever a walk can find now is in them, and stays until the TLBI
 * of its VMID. So VMID v reaches page p as often as leaves of its tables, and stale entries, say so. A
 * table that was linked stays in use, by walks under way, until that TLBI, too. Tables of a VM are
 * walked from its creation until it is DYING and on no CPU.
 *
 * After every event: what v reaches is v's to reach (may_reach), and v's walks use v's tables only.
 */
#include <stdlib.h>
#include <string.h>

#include <kcore/calls.h>
#include <kcore/config.h>
#include <kcore/percpu.h>

#include "../mm/page.h"
#include "../vm/vm.h"
#include "fake.h"
#include "reach.h"

#define VMIDS     (KC_MAX_VMS + 1u)
#define STALE_MAX (1u << 17)
#define ADDR(d)   (((d)&0xfffffffff000ul) >> 12)

struct use {      /* of a page as a translation table */
	u8 level; /* 0: none */
	u8 linked;
	u16 vmid;
	u64 fn; /* the first frame that it translates */
};

struct stale {
	u16 vmid;
	u8 level; /* of the leaf; 0: a table */
	u64 fn;
	u64 pfn;
};

static u64 n;
static u32 on;
static struct use *use;
static u16 (*count)[VMIDS]; /* leaves and stale entries of that VMID that give the page */
static u16 *readers;        /* VMIDs that reach it */
static struct stale *stale;
static u64 n_stale;
static u64 n_full;
static u64 started[VMIDS]; /* root whose tables are walked, or 0 */

void reach_reset(u64 n_pages)
{
	n = n_pages;
	on = 0;
	n_stale = 0;
	use = calloc(n, sizeof(*use));
	count = calloc(n, sizeof(*count));
	readers = calloc(n, sizeof(*readers));
	stale = calloc(STALE_MAX, sizeof(*stale));
	if (!use || !count || !readers || !stale)
		fake_fail("out of memory");
	memset(started, 0, sizeof(started));
}

void reach_free(void)
{
	free(use);
	free(count);
	free(readers);
	free(stale);
}

static u64 span(u32 level)
{
	return 1ul << (9 * (3 - level));
}

static u32 is_device(u64 fn)
{
	u64 i;

	for (i = 0; i < boot.n_device; i++)
		if (fn - boot.device[i].base_pfn < boot.device[i].n_pfn)
			return 1;
	return 0;
}

/* May VMID v have page p, in the state word, at frame fn? fn may be SOME_FRAME. */
#define SOME_FRAME (~0ul)
static u32 may_reach(u64 v, u64 fn, u64 p, u64 word)
{
	u64 kind = word & 15;

	if (v == 0)
		return (fn == p || fn == SOME_FRAME) &&
		       (kind == PG_HOST || kind == PG_PINNED || kind == PG_LENT);
	if (kind == PG_LENT)
		return 1;
	return kind == PG_VM && ((word >> 4) & 0xffff) == v &&
	       (fn == SOME_FRAME || word >> 20 == fn);
}

static void add(u64 v, u64 fn, u64 p)
{
	u64 i = fake_index(p);

	if (i >= n) {
		if (v != 0 || fn != p || !is_device(p))
			fake_breach(SECURITY, "VMID %lu reaches pfn 0x%lx, no RAM, at frame 0x%lx",
				    v, p, fn);
		return;
	}
	if (!may_reach(v, fn, p, fake_meta(p)))
		fake_breach(SECURITY, "VMID %lu reaches pfn 0x%lx, state 0x%lx, at frame 0x%lx", v,
			    p, fake_meta(p), fn);
	if (count[i][v]++ == 0)
		readers[i]++;
}

static void drop(u64 v, u64 p)
{
	u64 i = fake_index(p);

	if (i < n && --count[i][v] == 0)
		readers[i]--;
}

static void keep(u64 v, u32 level, u64 fn, u64 p)
{
	if (n_stale == STALE_MAX)
		fake_breach(CONTRACT, "%u translations without an invalidation", STALE_MAX);
	stale[n_stale++] = (struct stale){(u16)v, (u8)level, fn, p};
}

static void see(u64 v, u32 level, u64 fn, u64 d);
static void forget(u64 v, u32 level, u64 fn, u64 d);

/* A walk of v may use t as the table of that level for fn. */
static void see_table(u64 v, u32 level, u64 fn, u64 t)
{
	u64 i = fake_index(t);
	u64 w = i < n ? fake_meta(t) : 0;
	u64 j;

	if (i >= n ||
	    (v == 0 ? (w & 15) != PG_CORE : (w & 15) != PG_VMCORE || ((w >> 4) & 0xffff) != v))
		fake_breach(SECURITY, "VMID %lu walks pfn 0x%lx, state 0x%lx, as a table", v, t, w);
	if (use[i].level &&
	    (use[i].linked || use[i].vmid != v || use[i].level != level || use[i].fn != fn))
		fake_breach(INVARIANT,
			    "pfn 0x%lx, a table of VMID %u for frame 0x%lx, is linked again", t,
			    use[i].vmid, use[i].fn);
	use[i] = (struct use){(u8)level, 1, (u16)v, fn};
	for (j = 0; j < 512; j++)
		see(v, level, fn + j * span(level), fake_word(t, j));
}

/* Descriptor d of a table of that level is what walks of fn find now. */
static void see(u64 v, u32 level, u64 fn, u64 d)
{
	u64 base = ADDR(d) & ~(span(level) - 1);
	u64 i;

	if (!(d & 1))
		return;
	if (level == 3 && !(d & 2))
		fake_breach(CONTRACT, "reserved descriptor 0x%lx of VMID %lu at frame 0x%lx", d, v,
			    fn);
	if (level < 3 && (d & 2)) {
		see_table(v, level + 1, fn, ADDR(d));
		return;
	}
	for (i = 0; i < span(level); i++)
		add(v, fn + i, base + i);
}

static void forget_table(u64 v, u32 level, u64 fn, u64 t)
{
	u64 j;

	use[fake_index(t)].linked = 0;
	keep(v, 0, fn, t);
	for (j = 0; j < 512; j++)
		forget(v, level, fn + j * span(level), fake_word(t, j));
}

/* It is not any more, but TLBs have it. */
static void forget(u64 v, u32 level, u64 fn, u64 d)
{
	u64 base = ADDR(d) & ~(span(level) - 1);
	u64 i;

	if (!(d & 1))
		return;
	if (level < 3 && (d & 2)) {
		forget_table(v, level + 1, fn, ADDR(d));
		return;
	}
	for (i = 0; i < span(level); i++)
		keep(v, level, fn + i, base + i);
}

/* Nothing else may be in the TLBs for what d translates: another page, or another size. */
static void need_break(u64 v, u32 level, u64 fn, u64 d)
{
	u32 is_table = level < 3 && (d & 2);
	u64 i;

	for (i = 0; i < n_stale; i++) {
		struct stale *s = &stale[i];

		if (s->vmid != v || s->level == 0 || s->fn - fn >= span(level))
			continue;
		if (is_table ? s->level <= level
			     : s->level != level ||
				       s->pfn != (ADDR(d) & ~(span(level) - 1)) + s->fn - fn)
			fake_breach(CONTRACT, "no invalidation before make: VMID %lu, frame 0x%lx",
				    v, s->fn);
	}
}

void reach_pte(u64 table, u64 idx, u64 old, u64 val)
{
	const u64 frame = 0xfffffffff003ul; /* output address and type */
	struct use *u = &use[fake_index(table)];
	u64 fn;

	if (!on || old == val)
		return;
	if (u->vmid)
		reach_vms();
	if (u->level == 0)
		return;
	fn = u->fn + idx * span(u->level);
	if ((old & 1) && (val & 1) && (old & frame) != (val & frame))
		fake_breach(CONTRACT, "no break before make: VMID %u, frame 0x%lx: 0x%lx -> 0x%lx",
			    u->vmid, fn, old, val);
	if (n_stale && (val & 1))
		need_break(u->vmid, u->level, fn, val);
	if (u->linked)
		forget(u->vmid, u->level, fn, old);
	see(u->vmid, u->level, fn, val);
	if (!u->linked)
		forget(u->vmid, u->level, fn, val);
}

void reach_meta(u64 pfn, u64 word)
{
	u64 i = fake_index(pfn);
	u64 v;

	if (!on)
		return;
	for (v = 0; readers[i] && v < VMIDS; v++)
		if (count[i][v] && !may_reach(v, SOME_FRAME, pfn, word))
			fake_breach(SECURITY,
				    "pfn 0x%lx, state 0x%lx -> 0x%lx, is reached by VMID %lu", pfn,
				    fake_meta(pfn), word, v);
	if (use[i].level && (word & 15) != (use[i].vmid ? PG_VMCORE : PG_CORE))
		fake_breach(SECURITY, "pfn 0x%lx, state 0x%lx, is a table of VMID %u", pfn, word,
			    use[i].vmid);
}

/* Some CPU may run, or walk for, VM h. */
static u32 is_live(u64 h)
{
	u32 c;

	if (vms[h].state == VM_NEW || vms[h].state == VM_SEALED)
		return 1;
	for (c = 0; c < NCPU; c++)
		if (pcpu[c].vm == h || fake_cpu[c].vttbr >> 48 == h)
			return 1;
	return 0;
}

static void start(u64 v, u64 root)
{
	started[v] = root;
	see_table(v, 1, 0, root);
	see_table(v, 1, 1ul << 27, root + 1);
}

void reach_vms(void)
{
	u64 h;

	for (h = 1; on && h < VMIDS; h++) {
		if (vms[h].state == VM_FREE || started[h] == vms[h].root || !is_live(h))
			continue;
		if (started[h]) {
			forget_table(h, 1, 0, started[h]);
			forget_table(h, 1, 1ul << 27, started[h] + 1);
		}
		start(h, vms[h].root);
	}
}

static void drop_all(u64 v)
{
	u64 i;

	for (i = 0; i < n; i++) {
		if (count[i][v])
			readers[i]--;
		count[i][v] = 0;
		if (use[i].level && use[i].vmid == v)
			use[i].level = 0;
	}
	started[v] = 0;
}

void reach_inval(u64 vmid)
{
	u64 kept = 0;
	u64 i;

	if (!on)
		return;
	reach_vms();
	for (i = 0; i < n_stale; i++) {
		struct stale *s = &stale[i];
		struct use *u = &use[fake_index(s->pfn)];

		if (s->vmid != vmid)
			stale[kept++] = *s;
		else if (s->level)
			drop(vmid, s->pfn);
		else if (!u->linked && u->vmid == vmid)
			u->level = 0;
	}
	n_stale = kept;
	if (vmid && started[vmid] && !is_live(vmid))
		drop_all(vmid);
}

u32 reach_is_table(u64 pfn)
{
	return use[fake_index(pfn)].level != 0;
}

void reach_need_none(u64 pfn, const char *what)
{
	u64 i = fake_index(pfn);
	u64 v = 0;

	if (!on)
		return;
	if ((fake_meta(pfn) & 15) >= PG_VM)
		reach_vms();
	while (readers[i] && v < VMIDS && !count[i][v])
		v++;
	if (readers[i])
		fake_breach(SECURITY, "%s of pfn 0x%lx, state 0x%lx, which VMID %lu reaches", what,
			    pfn, fake_meta(pfn), v);
	if (use[i].level)
		fake_breach(SECURITY, "%s of pfn 0x%lx, which walks of VMID %u use as a table",
			    what, pfn, use[i].vmid);
}

void reach_boot(void)
{
	on = 1;
	start(0, host_root);
}

/* The counts are those of the tables: the bookkeeping above has lost nothing. */
static void recount(void)
{
	u64 v;
	u64 fn;

	for (v = 0; v < VMIDS; v++) {
		u64 p;
		u64 leaf;
		u32 level;

		for (fn = 0; started[v] && fn < IPA_PFNS; fn += level == 1   ? 1ul << 18
								: level == 2 ? 512
									     : 1)
			if (fake_walk(started[v], fn, &p, &leaf, &level) && fake_index(p) < n &&
			    count[fake_index(p)][v] == 0)
				fake_fail("VMID %lu reaches 0x%lx at 0x%lx unseen", v, p, fn);
	}
}

void reach_need_settled(u32 full)
{
	if (!on)
		return;
	reach_vms();
	if (n_stale)
		fake_breach(INVARIANT,
			    "the lock is free, and TLBs may give VMID %u frame 0x%lx as pfn 0x%lx",
			    stale[0].vmid, stale[0].fn, stale[0].pfn);
	if (full && n_full++ % 64 == 0)
		recount();
}
