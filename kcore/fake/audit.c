/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The invariants of docs/abi.md ("States"), executable: what the tables really map against what
 * the page states, ipa states and object tables say. Independent of KCore's own walker and
 * descriptor functions.
 */
#include <stdlib.h>
#include <string.h>

#include <kcore/calls.h>
#include <kcore/config.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>

#include "../mm/host.h"
#include "../mm/page.h"
#include "../vm/vm.h"
#include "fake.h"
#include "reach.h"

#define ADDR(d)  (((d)&0xfffffffff000ul) >> 12)
#define SW_PRIV  (1ul << 55)
#define SW_LENT  (1ul << 56)
#define ATTRS(d) ((d) & ~(0xfffffffff000ul | 3ul))

struct seen {
	u8 host;  /* mapped for KServ */
	u8 core;  /* known use of a VMCORE or CTX page */
	u8 priv;  /* private leaf of its VM at its ipa */
	u8 pin;   /* run page */
	u64 lent; /* lent leaf entries */
};

static struct seen *seen;

static struct seen *see(u64 pfn)
{
	u64 i = fake_index(pfn);

	if (i >= fake_n_pages())
		fake_breach(INVARIANT, "pfn 0x%lx is no RAM", pfn);
	return &seen[i];
}

static u32 is_device(u64 fn)
{
	u64 i;

	for (i = 0; i < boot.n_device; i++)
		if (fn - boot.device[i].base_pfn < boot.device[i].n_pfn)
			return 1;
	return 0;
}

static u64 host_devices; /* pages of devices that KServ's tree maps */

static void host_page(u64 fn, u64 d, u64 to)
{
	const u64 ram = (15ul << 2) | (3ul << 6) | (3ul << 8) | (1ul << 10);
	const u64 dev = (1ul << 2) | (3ul << 6) | (1ul << 10) | (1ul << 54);

	if (fn != to)
		fake_breach(INVARIANT, "KServ's map is not the identity at 0x%lx", fn);
	if (fake_index(fn) < fake_n_pages()) {
		see(fn)->host = 1;
		if (ATTRS(d) != ram)
			fake_breach(INVARIANT, "attributes of RAM 0x%lx: 0x%lx", fn, d);
		return;
	}
	if (!is_device(fn) || ATTRS(d) != dev)
		fake_breach(INVARIANT, "KServ has 0x%lx as device: 0x%lx", fn, d);
	host_devices++;
}

static void core_table(u64 pfn)
{
	if ((fake_meta(pfn) & 15) != PG_CORE)
		fake_breach(INVARIANT, "KServ's table 0x%lx is not KCore's", pfn);
}

static void audit_host_l2(u64 l2, u64 fn)
{
	const u64 *words = fake_words(l2);
	u64 i;
	u64 j;

	core_table(l2);
	for (i = 0; i < 512; i++) {
		u64 d = words[i];
		u64 base = fn + i * 512;
		const u64 *leaves = NULL;

		if (!(d & 1)) {
			if (d)
				fake_breach(INVARIANT, "annotation in KServ's table");
			continue;
		}
		if (d & 2) {
			core_table(ADDR(d));
			leaves = fake_words(ADDR(d));
		}
		for (j = 0; j < 512; j++) {
			u64 e = (d & 2) ? leaves[j] : d;

			if ((e & 1) && (d & 2))
				host_page(base + j, e, ADDR(e));
			else if (e & 1)
				host_page(base + j, e, ADDR(e) + j);
		}
	}
}

static void audit_host(void)
{
	const u64 *roots[2];
	u64 want = 0;
	u64 i;

	host_devices = 0;
	roots[0] = fake_words(host_root);
	roots[1] = fake_words(host_root + 1);
	for (i = 0; i < 1024; i++) {
		u64 d = roots[i / 512][i % 512];

		if ((d & 3) == 1 || (d & 3) == 2 || ((d & 1) == 0 && d != 0))
			fake_breach(INVARIANT, "KServ's root has 0x%lx", d);
		if (ADDR(d) != host_l2[i])
			fake_breach(INVARIANT, "host_l2[%lu]", i);
		if (d & 1)
			audit_host_l2(ADDR(d), i << 18);
	}
	for (i = 0; i < boot.n_device; i++)
		want += boot.device[i].n_pfn;
	if (host_devices != want)
		fake_breach(INVARIANT, "KServ has %lu pages of devices, not %lu", host_devices,
			    want);
}

static u32 declared(struct vm *v, u64 ipa)
{
	u32 i;

	for (i = 0; i < v->n_ram; i++)
		if (ipa - v->ram[i].base < v->ram[i].n)
			return 1;
	return 0;
}

struct found {
	u64 lent;
	u64 priv;
	u64 core;
};

static void use_page(u64 h, u64 pfn, u64 kind, struct found *f)
{
	u64 w = fake_meta(pfn);

	if ((w & 15) != kind || ((w >> 4) & 0xffff) != h)
		fake_breach(INVARIANT, "VM %lu uses 0x%lx, word 0x%lx", h, pfn, w);
	if (see(pfn)->core)
		fake_breach(INVARIANT, "VM %lu uses 0x%lx twice", h, pfn);
	see(pfn)->core = 1;
	f->core++;
}

static void use_core(u64 h, u64 pfn, struct found *f)
{
	use_page(h, pfn, PG_VMCORE, f);
}

static void vm_page(u64 h, u64 ipa, u64 d, u64 pfn, struct found *f)
{
	struct vm *v = &vms[h];
	u64 w = fake_meta(pfn);
	const u64 priv = (15ul << 2) | (3ul << 6) | (3ul << 8) | (1ul << 10) | SW_PRIV;
	const u64 lent = (15ul << 2) | (3ul << 8) | (1ul << 10) | SW_LENT;

	if (d & SW_LENT) {
		if ((w & 15) != PG_LENT)
			fake_breach(INVARIANT, "lent leaf of VM %lu at 0x%lx: word 0x%lx", h, ipa,
				    w);
		if (v->is_protected && !declared(v, ipa))
			fake_breach(INVARIANT, "lent leaf of VM %lu outside RAM", h);
		if ((ATTRS(d) & ~((3ul << 6) | (1ul << 54))) != lent)
			fake_breach(INVARIANT, "lent leaf 0x%lx", d);
		see(pfn)->lent++;
		f->lent++;
		return;
	}
	if (v->state == VM_DYING)
		return; /* dead: its page may be KServ's or another VM's by now */
	if (!v->is_protected || !declared(v, ipa) || ATTRS(d) != priv)
		fake_breach(INVARIANT, "private leaf 0x%lx of VM %lu at 0x%lx", d, h, ipa);
	if (w != (PG_VM | (h << 4) | (ipa << 20)))
		fake_breach(INVARIANT, "private leaf of VM %lu at 0x%lx: word 0x%lx", h, ipa, w);
	if (see(pfn)->priv)
		fake_breach(INVARIANT, "0x%lx is mapped twice", pfn);
	see(pfn)->priv = 1;
	f->priv++;
}

static void vm_invalid(u64 h, u64 ipa, u64 d, u32 level)
{
	struct vm *v = &vms[h];

	if (d == 0)
		return;
	if (level != 3 || (d != 4 && d != 8))
		fake_breach(INVARIANT, "VM %lu at 0x%lx: invalid descriptor 0x%lx", h, ipa, d);
	if (!v->is_protected || !declared(v, ipa))
		fake_breach(INVARIANT, "VM %lu: state of 0x%lx, which is not RAM", h, ipa);
}

static void audit_vm_l2(u64 h, u64 l2, u64 fn, struct found *f)
{
	const u64 *words = fake_words(l2);
	u64 i;
	u64 j;

	for (i = 0; i < 512; i++) {
		u64 d = words[i];
		u64 base = fn + i * 512;
		const u64 *leaves = NULL;

		if (!(d & 1)) {
			vm_invalid(h, base, d, 2);
			continue;
		}
		if (d & 2) {
			use_core(h, ADDR(d), f);
			leaves = fake_words(ADDR(d));
		}
		for (j = 0; j < 512; j++) {
			u64 e = (d & 2) ? leaves[j] : d;

			if (!(d & 2))
				vm_page(h, base + j, d, ADDR(d) + j, f);
			else if (e & 1)
				vm_page(h, base + j, e, ADDR(e), f);
			else
				vm_invalid(h, base + j, e, 3);
		}
	}
}

static void audit_pool(u64 h, struct found *f)
{
	u64 pfn = vms[h].pool;
	u64 i;
	u64 j;

	for (i = 0; i < vms[h].n_pool; i++) {
		const u64 *words = fake_words(pfn);

		use_core(h, pfn, f);
		for (j = 1; j < 512; j++)
			if (words[j])
				fake_breach(INVARIANT, "free table 0x%lx is not zero", pfn);
		pfn = words[0];
	}
}

static void audit_vcpus(u64 h, struct found *f)
{
	struct vm *v = &vms[h];
	u32 loaded = 0;
	u32 i;

	for (i = 0; i < KC_MAX_VCPUS; i++) {
		struct vcpu *c = &vcpus[h][i];

		if (!c->made)
			continue;
		if (v->state == VM_FREE || v->state == VM_DYING)
			fake_breach(INVARIANT, "VM %lu is dying and has a vCPU", h);
		if (fake_meta(c->run_pfn) != (PG_PINNED | (h << 4)) || see(c->run_pfn)->pin)
			fake_breach(INVARIANT, "run page 0x%lx", c->run_pfn);
		see(c->run_pfn)->pin = 1;
		if (v->is_protected)
			use_page(h, c->ctx_pfn, PG_CTX, f);
		else if (c->ctx_pfn != c->run_pfn)
			fake_breach(INVARIANT, "context of a normal VM");
		if (c->loaded == 0)
			continue;
		loaded++;
		if (c->loaded > NCPU || pcpu[c->loaded - 1].vm != h ||
		    pcpu[c->loaded - 1].vcpu != i)
			fake_breach(INVARIANT, "vCPU %u of VM %lu: token", i, h);
	}
	if (loaded != v->n_loaded)
		fake_breach(INVARIANT, "VM %lu: n_loaded", h);
}

static void audit_vm(u64 h, struct found *f)
{
	struct vm *v = &vms[h];
	u32 dead = v->state == VM_DYING && v->n_lent == 0; /* tables are never walked again */
	const u64 *roots[2];
	u64 i;

	audit_vcpus(h, f);
	if (v->state == VM_FREE || dead)
		return;
	if (v->root & 1)
		fake_breach(INVARIANT, "VM %lu: odd root", h);
	use_core(h, v->root, f);
	use_core(h, v->root + 1, f);
	audit_pool(h, f);
	roots[0] = fake_words(v->root);
	roots[1] = fake_words(v->root + 1);
	for (i = 0; i < 1024; i++) {
		u64 d = roots[i / 512][i % 512];

		if (d == 0)
			continue;
		if ((d & 3) != 3)
			fake_breach(INVARIANT, "VM %lu: level 1 has 0x%lx", h, d);
		use_core(h, ADDR(d), f);
		audit_vm_l2(h, ADDR(d), i << 18, f);
	}
	if (f->lent != v->n_lent)
		fake_breach(INVARIANT, "VM %lu: n_lent %lu, not %lu", h, v->n_lent, f->lent);
}

static u64 owned[KC_MAX_VMS + 1][3]; /* pages of each VM: VM, VMCORE, CTX */
static u64 kinds[PG_KINDS];

static void audit_page(u64 pfn)
{
	u64 w = fake_meta(pfn);
	u64 kind = w & 15;
	u64 h = (w >> 4) & 0xffff;
	struct seen *s = see(pfn);
	u32 core = pfn - boot.core_pfn < boot.core_n;

	if (kind > PG_CTX || (kind == PG_CORE) != core)
		fake_breach(INVARIANT, "pfn 0x%lx: word 0x%lx", pfn, w);
	kinds[kind]++;
	if (s->host != (kind == PG_HOST || kind == PG_PINNED || kind == PG_LENT))
		fake_breach(INVARIANT, "pfn 0x%lx kind %lu, mapped for KServ: %u", pfn, kind,
			    s->host);
	if (s->lent != (kind == PG_LENT ? w >> 20 : 0) || (kind == PG_LENT && s->lent == 0))
		fake_breach(INVARIANT, "pfn 0x%lx word 0x%lx, lent %lu times", pfn, w, s->lent);
	if (s->pin != (kind == PG_PINNED))
		fake_breach(INVARIANT, "pfn 0x%lx word 0x%lx, run page: %u", pfn, w, s->pin);
	if ((kind == PG_CORE || kind == PG_HOST) && w >> 4)
		fake_breach(INVARIANT, "pfn 0x%lx word 0x%lx", pfn, w);
	if (kind != PG_VM && kind != PG_VMCORE && kind != PG_CTX)
		return;
	if (h == 0 || h > KC_MAX_VMS || vms[h].state == VM_FREE)
		fake_breach(INVARIANT, "pfn 0x%lx belongs to VM %lu, which is not", pfn, h);
	owned[h][kind - PG_VM]++;
	if (vms[h].state == VM_DYING)
		return;
	if (kind == PG_VM && !s->priv)
		fake_breach(INVARIANT, "pfn 0x%lx, VM %lu: mapped nowhere", pfn, h);
	if (kind != PG_VM && !s->core)
		fake_breach(INVARIANT, "pfn 0x%lx, VM %lu: used for nothing", pfn, h);
}

/* A 2 MiB block is one descriptor exactly when all of it is KServ's. */
static void audit_block(u64 base)
{
	u64 d = fake_word(host_l2[base >> 18], (base >> 9) & 511);
	u32 all = 1;
	u64 i;

	for (i = 0; i < 512; i++)
		all &= see(base + i)->host;
	if (all != ((d & 3) == 1))
		fake_breach(INVARIANT, "block 0x%lx: descriptor 0x%lx, all KServ's: %u", base, d,
			    all);
}

static void audit_cpus(void)
{
	u32 c;

	for (c = 0; c < NCPU; c++) {
		u32 h = pcpu[c].vm;

		if (h && (!vcpus[h][pcpu[c].vcpu].made || vcpus[h][pcpu[c].vcpu].loaded != c + 1))
			fake_breach(INVARIANT, "CPU %u: token", c);
		if ((fake_meta(pcpu[c].host_ctx) & 15) != PG_CORE)
			fake_breach(INVARIANT, "CPU %u: context page of KServ", c);
	}
}

void mm_audit(void)
{
	u64 n = fake_n_pages();
	u64 n_vm = 0;
	u64 kept;
	u64 i;

	seen = calloc(n, sizeof(*seen));
	memset(owned, 0, sizeof(owned));
	memset(kinds, 0, sizeof(kinds));
	if (fake_locked())
		fake_breach(CONTRACT, "the lock is held between calls");
	reach_need_settled(1);
	audit_host();
	for (i = 1; i <= KC_MAX_VMS; i++) {
		struct found f = {0, 0, 0};

		audit_vm(i, &f);
		n_vm += vms[i].state != VM_FREE;
	}
	for (i = 0; i < n; i++)
		audit_page(fake_page(i));
	for (i = 0; i < n; i += 512)
		audit_block(fake_page(i));
	for (i = 1; i <= KC_MAX_VMS; i++)
		if (vms[i].state != VM_FREE &&
		    vms[i].n_pages != owned[i][0] + owned[i][1] + owned[i][2])
			fake_breach(INVARIANT, "VM %lu: n_pages", i);
	if (memcmp(kinds, n_kind, sizeof(kinds)))
		fake_breach(INVARIANT, "counters");
	kept = pcpu[0].res1;
	if (call_stat(0, KC_STAT_VMS) != KC_OK || pcpu[0].res1 != n_vm)
		fake_breach(INVARIANT, "number of VMs");
	pcpu[0].res1 = kept;
	audit_cpus();
	free(seen);
}
