/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks by order and repetition: pages used twice, calls in every order, exhaustion, churn. */
#include <string.h>

#include "lib/kc.h"

GUEST(g_echo);
GUEST(g_alias);
GUEST(g_wait);

/* One page at two guest addresses, in two VMs, or under two names. */
static void one_page_twice(void)
{
	struct vm *v = VM_START(1, g_echo, 1, 2, 3, 4);
	struct vm *w = VM_START(1, g_echo, 1, 2, 3, 4);
	struct vm *n = vm_new(0);
	u64 priv = v->given[v->n_given - 2]; /* v's data page */
	u64 lent, other = page_alloc(0);
	struct dump d;

	lent = vm_page(n, RAM_PFN, NULL, 0);
	dump_take(&d);
	refused(kc(KC_DONATE, v->h, RAM_PFN + 16, priv, 0), KC_EPERM,
		"a private page at a second ipa");
	refused(kc(KC_DONATE, w->h, RAM_PFN + 16, priv, 0), KC_EPERM,
		"a private page in a second VM");
	refused(kc(KC_LEND, n->h, RAM_PFN + 16, priv, 7 << 8), KC_EPERM,
		"a private page lent to a normal VM");
	refused(kc(KC_VM_TABLE, v->h, priv, 0, 0), KC_EPERM, "a private page as the VM's table");
	refused(kc(KC_VM_TABLE, n->h, priv, 0, 0), KC_EPERM,
		"a private page as another VM's table");
	refused(kc(KC_VCPU_CREATE, v->h, 1, priv, other), KC_EPERM, "a private page as run page");
	refused(kc(KC_VCPU_CREATE, v->h, 1, other, priv), KC_EPERM, "a private page as context");
	refused(kc(KC_DONATE, v->h, RAM_PFN + 16, lent, 0), KC_EBUSY,
		"a lent page as private page");
	refused(kc(KC_VM_TABLE, v->h, lent, 0, 0), KC_EBUSY, "a lent page as table");
	refused(kc(KC_VCPU_CREATE, v->h, 1, lent, other), KC_EBUSY, "a lent page as run page");
	refused(kc(KC_DONATE, v->h, DATA_PFN, other, 0), KC_EEXIST,
		"a second page at an occupied ipa");
	refused(kc(KC_LEND, n->h, RAM_PFN, other, 7 << 8), KC_EEXIST,
		"a second lent page at an occupied ipa");
	refused(kc(KC_LEND, v->h, RAM_PFN + 16, other, 7 << 8), KC_EPERM,
		"lending at an ipa that the guest has not shared");
	refused(kc(KC_LEND, v->h, RAM_PFN - 16, other, 7 << 8), KC_EPERM,
		"lending outside a protected VM's RAM");
	refused(kc(KC_LEND, v->h, DATA_PFN, other, 7 << 8), KC_EEXIST,
		"lending over a private page");
	refused(kc(KC_DONATE, n->h, RAM_PFN + 16, other, 0), KC_ESTATE, "donating to a normal VM");
	refused(kc(KC_FORCE_RECLAIM, n->h, RAM_PFN, 0, 0), KC_ENOENT,
		"forced reclaim of a lent page");
	refused(kc(KC_FORCE_RECLAIM, v->h, RAM_PFN + 16, 0, 0), KC_ENOENT,
		"forced reclaim where there is no page");
	dump_same(&d, "a page used twice");
	page_free(other);
}

/* Pages that KCore uses without its lock: run pages, in every second role. */
static void run_page_twice(void)
{
	struct vm *v = VM_START(1, g_echo, 1, 2, 3, 4);
	struct vm *w = VM_START(1, g_echo, 1, 2, 3, 4);
	struct vm *n = vm_new(0);
	u64 other = page_alloc(0), block = page_alloc(9), val;
	struct dump d;

	(void)vm_report(v, 0, &val); /* loaded now */
	dump_take(&d);
	for (int i = 0; i < 2; i++) {
		struct vm *x = i == 0 ? v : w;
		u64 run = x->run[0];

		refused(kc(KC_DONATE, w->h, RAM_PFN + 16, run, 0), KC_EBUSY, "a run page donated");
		refused(kc(KC_LEND, n->h, RAM_PFN + 16, run, 7 << 8), KC_EBUSY, "a run page lent");
		refused(kc(KC_VM_TABLE, w->h, run, 0, 0), KC_EBUSY, "a run page as table");
		refused(kc(KC_VCPU_CREATE, w->h, 1, run, other), KC_EBUSY, "a run page used twice");
		refused(kc(KC_VCPU_CREATE, w->h, 1, other, run), KC_EBUSY, "a run page as context");
		refused(kc(KC_PAGE_RECLAIM, x->h, run, 0, 0), KC_ESTATE, "a run page reclaimed");
	}
	dump_same(&d, "a run page used twice");
	needed(kc(KC_VCPU_CREATE, w->h, 1, block + 511, other), "VCPU_CREATE");
	w->given[w->n_given++] = other;
	dump_take(&d);
	refused(kc(KC_DONATE, v->h, RAM_PFN + 512, block, 9), KC_EBUSY,
		"a block with a run page at its end");
	refused(kc(KC_LEND, n->h, RAM_PFN + 512, block, 9 | 7 << 8), KC_EBUSY,
		"lending a block with a run page");
	refused(kc(KC_VM_CREATE, 1, block + 510, 0, 0), KC_EBUSY, "a run page in a root");
	dump_same(&d, "a block with a run page");
	vm_end(w);
	page_free(block);
}

/*
 * Every order of load, put and run up to length 4, two vCPUs, on one or two CPUs, against a model of the
 * token "this vCPU belongs to this CPU".
 */
struct model {
	int vcpu[2];   /* loaded on CPU c: vCPU or -1 */
	int holder[2]; /* vCPU i: CPU or -1 */
};

static u64 model_step(struct model *m, int cpu, int op)
{
	if (op == 2) { /* put */
		if (m->vcpu[cpu] < 0)
			return KC_ENOENT;
		m->holder[m->vcpu[cpu]] = -1;
		m->vcpu[cpu] = -1;
		return KC_OK;
	}
	if (op == 3) /* run: vCPU 1 is off until the guest turns it on, and it never does */
		return m->vcpu[cpu] < 0 ? KC_ENOENT : m->vcpu[cpu] == 1 ? KC_ESTATE : KC_OK;
	if (m->holder[op] >= 0 || m->vcpu[cpu] >= 0)
		return KC_EBUSY;
	m->holder[op] = cpu;
	m->vcpu[cpu] = op;
	return KC_OK;
}

static u64 real_step(struct vm *v, int cpu, int op)
{
	if (op == 2)
		return kc_on(cpu, KC_VCPU_PUT, 0, 0, 0, 0);
	if (op == 3)
		return kc_on(cpu, KC_VCPU_RUN, 0, 0, 0, 0);
	return kc_on(cpu, KC_VCPU_LOAD, v->h, (u64)op, 0, 0);
}

static void call_orders(void)
{
	struct vm *v = VM_START(1, g_wait, 0, 0, 0, 0);
	int cpus = n_cpus > 1 ? 2 : 1, ops = 4 * cpus, total = ops * ops * ops * ops;
	u64 n = 0;

	vm_vcpu(v, 1, CODE_PFN << 12, 0, 0, 0, 0);
	for (int seq = 0; seq < total; seq++) {
		struct model m = {{-1, -1}, {-1, -1}};
		int s = seq;

		for (int i = 0; i < 4; i++, s /= ops) {
			int cpu = s % ops / 4, op = s % ops % 4;
			u64 want = model_step(&m, cpu, op), got = real_step(v, cpu, op);

			n++;
			if (got == want)
				continue;
			if (got == KC_OK)
				won("sequence %d, step %d: %s on CPU %d accepted, expected %lld",
				    seq, i,
				    op == 2   ? "put"
				    : op == 3 ? "run"
					      : "load",
				    cpu, (long long)want);
			else
				error("sequence %d, step %d: operation %d on CPU %d: %lld, "
				      "expected %lld",
				      seq, i, op, cpu, (long long)got, (long long)want);
		}
		/* While something is loaded the VM must not die. */
		if (m.vcpu[0] >= 0 || m.vcpu[1] >= 0)
			refused(kc(KC_VM_TEARDOWN, v->h, 0, 0, 0), KC_EBUSY,
				"teardown with a loaded vCPU");
		for (int c = 0; c < cpus; c++)
			if (m.vcpu[c] >= 0)
				needed(kc_on(c, KC_VCPU_PUT, 0, 0, 0, 0), "put on CPU %d", c);
	}
	note("%llu calls in %d orders", (unsigned long long)n, total);
}

/* All handles, all vCPUs, all RAM ranges: the next is refused, and all come back. */
static void exhaustion(void)
{
	static struct vm *vm[KC_MAX_VMS + 1];
	u64 n, root = page_alloc(1);
	struct vm *v = vm_new(1);
	struct dump d;
	u64 a, b;

	for (n = 1; n < 16; n++)
		needed(kc(KC_VM_RAM, v->h, 0x100000 + n * 16, 8, 0), "VM_RAM %llu", (long long)n);
	for (int i = 0; i < 16; i++)
		vm_vcpu(v, i, 0, 0, 0, 0, 0);
	a = page_alloc(0), b = page_alloc(0);
	dump_take(&d);
	refused(kc(KC_VM_RAM, v->h, 0x200000, 8, 0), KC_ENOMEM, "a RAM range too many");
	refused(kc(KC_VCPU_CREATE, v->h, 16, a, b), KC_EINVAL, "a vCPU too many");
	dump_same(&d, "one too many");
	for (n = 0; n < KC_MAX_VMS - 1; n++)
		vm[n] = vm_new((int)(n & 1));
	dump_take(&d);
	refused(kc(KC_VM_CREATE, 0, root, 0, 0), KC_ENOMEM, "a VM too many");
	dump_same(&d, "a VM too many");
	for (n = 0; n < KC_MAX_VMS - 1; n++)
		vm_end(vm[n]);
	page_free(root);
	page_free(a);
	page_free(b);
}

/* A page lent more than 2^16 times is still lent when all but one have been taken back. */
static void share_count(void)
{
	const u64 times = 65536 + 2;
	struct vm *n = vm_new(0), *v = vm_new(1);
	u64 p = page_alloc(0);

	vm_table(n, 140);
	for (u64 i = 0; i < times; i++)
		needed(kc(KC_LEND, n->h, RAM_PFN + i, p, 7 << 8), "LEND number %llu", (long long)i);
	n->lent[n->n_lent++] = p;
	refused(kc(KC_DONATE, v->h, RAM_PFN, p, 0), KC_EBUSY,
		"donating a page that is lent 65538 times");
	for (r1 = RAM_PFN; r1 < RAM_PFN + times - 1;)
		needed(kc(KC_UNLEND, n->h, r1, RAM_PFN + times - 1 - r1, 0), "UNLEND");
	refused(kc(KC_DONATE, v->h, RAM_PFN, p, 0), KC_EBUSY,
		"donating a page that is still lent once");
	if (verdict_is_won())
		v->given[v->n_given++] = p, n->n_lent = 0;
	needed(kc(KC_UNLEND, n->h, RAM_PFN + times - 1, 1, 0), "the last UNLEND");
	if (kc_stat(KC_STAT_PAGES_LENT) != 0)
		error("a page is still lent");
}

/* More VMs one after another than there are VMIDs; no page is lost, and each guest sees its own values. */
static void many_vms(void)
{
	u64 host = kc_stat(KC_STAT_PAGES_HOST), val;

	for (u64 i = 0; i < 600; i++) {
		struct vm *v = VM_START((int)(i & 1), g_echo, i, 2 * i, 3 * i, 4 * i);

		for (u64 k = 1; k <= 4; k++)
			if (vm_report(v, 0, &val) != R_VALUE || val != k * i)
				won("guest %llu got x%llu = %llx", (long long)i, (long long)k - 1,
				    (long long)val);
		vm_end(v);
		if (kc_stat(KC_STAT_PAGES_HOST) != host) {
			won("%lld pages are lost after %llu VMs",
			    (long long)(host - kc_stat(KC_STAT_PAGES_HOST)), (long long)i + 1);
			return;
		}
	}
}

/* A descriptor as KCore writes one for a page that it has lent to a VM: readable, writable, marked so. */
static u64 lent_leaf(u64 pfn)
{
	return pfn << 12 | 1ull << 56 | 1ull << 10 | 3ull << 8 | 3ull << 6 | 0xfull << 2 | 3ull;
}

/* A table that leads from each of its first two GiB, or blocks, to the table at pfn. */
static void poison(u64 pfn, u64 next)
{
	u64 *t = page_map(pfn, 1);

	for (int i = 0; i < 512; i++)
		t[i] = next << 12 | 3;
	page_unmap(t, 1);
}

/*
 * The tables of a dying VM: not to be had while a lent page needs them, and never walked when they
 * are KServ's again and say whatever KServ likes.
 */
static void freed_tables(void)
{
	u64 fake2 = page_alloc(0), fake3 = page_alloc(0), victim = page_alloc(0), core, core_n, h;
	u64 *leaf = page_map(fake3, 1), spare = page_alloc(0);
	struct vm *v = vm_new(0), *other = VM_START(1, g_echo, 1, 2, 3, 4);
	struct dump d;

	core_range(&core, &core_n);
	vm_page(v, RAM_PFN, NULL, 0);
	h = v->h;
	needed(kc(KC_VM_TEARDOWN, h, 0, 0, 0), "VM_TEARDOWN");
	dump_take(&d);
	for (u32 i = 0; i < v->n_given; i++)
		refused(kc(KC_PAGE_RECLAIM, h, v->given[i], 0, 0), KC_EBUSY,
			"a table taken back while a page is lent");
	refused(kc(KC_PAGE_RECLAIM, h, v->root, 0, 0), KC_EBUSY,
		"a root taken back while a page is lent");
	dump_same(&d, "a table taken back too early");
	for (r1 = RAM_PFN; r1 < RAM_PFN + 512;)
		needed(kc(KC_UNLEND, h, r1, RAM_PFN + 512 - r1, 0), "UNLEND");
	for (u32 i = 0; i < v->n_given; i++) {
		needed(kc(KC_PAGE_RECLAIM, h, v->given[i], 0, 0), "PAGE_RECLAIM");
		page_free(v->given[i]);
	}
	v->n_given = 0;
	needed(kc(KC_PAGE_RECLAIM, h, v->root, 0, 0), "PAGE_RECLAIM of the root");
	needed(kc(KC_PAGE_RECLAIM, h, v->root + 1, 0, 0), "PAGE_RECLAIM of the root");

	poison(v->root, fake2);
	poison(v->root + 1, fake2);
	poison(fake2, fake3);
	for (int i = 0; i < 512; i += 4) {
		leaf[i] = lent_leaf(victim);
		leaf[i + 1] = lent_leaf(core);
		leaf[i + 2] = lent_leaf(other->given[0]);
		leaf[i + 3] = lent_leaf(other->run[0]);
	}
	dump_take(&d);
	if (kc(KC_UNLEND, h, RAM_PFN, 1024, 0) != KC_OK || r1 != RAM_PFN + 1024)
		error("UNLEND where nothing is lent does not end at once: %llx", (long long)r1);
	refused(kc(KC_LEND_PROT, h, RAM_PFN, 8, 1), KC_ESTATE, "LEND_PROT of a dying VM");
	refused(kc(KC_LEND, h, RAM_PFN + 5, spare, 7 << 8), KC_ESTATE, "LEND to a dying VM");
	refused(kc(KC_FORCE_RECLAIM, h, RAM_PFN, 0, 0), KC_ESTATE, "FORCE_RECLAIM from a dying VM");
	refused(kc(KC_PAGE_RECLAIM, h, victim, 0, 0), KC_EPERM,
		"a page that only a freed table names");
	dump_same(&d, "tables that are KServ's again");
	for (int i = 0; i < 512; i++) {
		static const char *const whose[] = {"KServ", "KCore", "another VM",
						    "KServ, pinned"};
		u64 pfn[] = {victim, core, other->given[0], other->run[0]};

		if (leaf[i] != lent_leaf(pfn[i & 3])) {
			won("KCore has walked a table that is KServ's, to a page of %s",
			    whose[i & 3]);
			break;
		}
	}
	needed(kc(KC_VM_FREE, h, 0, 0, 0), "VM_FREE");
	page_free(v->lent[0]);
	v->n_lent = 0;
	v->alive = 0;
	page_unmap(leaf, 1);
	page_free(fake2);
	page_free(fake3);
	page_free(victim);
	page_free(spare);
}

const struct test tests_state[] = {
	{"one_page_twice", "26,42", "a page has one owner and one guest address", one_page_twice,
	 1},
	{"run_page_twice", "41", "a page in use by KCore is not used a second time", run_page_twice,
	 1},
	{"call_orders", "12", "a vCPU belongs to one CPU, in every order of calls", call_orders, 1},
	{"exhaustion", "40", "limits are refused, and nothing is lost at them", exhaustion, 1},
	{"share_count", "40", "share counts do not overflow", share_count, 1},
	{"freed_tables", "18", "a table that is KServ's again is not walked", freed_tables, 1},
	{"many_vms", "19", "handles and VMIDs are reused without loss", many_vms, 1},
	TEST_LIST_END};
