/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random calls on the fake machine: KServ's, guests', and stores of both in between.
 *
 *   fuzz SEED N      N calls; after each one either every invariant holds, and what has changed is what
 *                    the call is for (policy.c), or nothing has changed at all (it was refused). Another
 *                    CPU's call may come before a call gets the lock. Prints how often each call got each
 *                    status; fails if some call never succeeded.
 *   fuzz -t SEED N   four threads with N calls each and a real lock, for the thread sanitizer.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/config.h>
#include <kcore/percpu.h>

#include "../../kcore/mm/page.h"
#include "../../kcore/vm/vm.h"
#include "fake.h"
#include "policy.h"

#define IPA   0x3fe00ul /* the last block of one GiB, and two of the next */
#define VMS   4ul       /* handles that are used; a few more exist for a moment */
#define NCPUS 4u

/* How often each is called, of 256. */
static const u8 weight[N_OPS] = {
	[CREATE] = 4, [RAM] = 5,      [TABLE] = 12,      [VCPU] = 8,         [TEARDOWN] = 1,
	[FREE] = 4,   [RECLAIM] = 34, [DONATE] = 32,     [LEND] = 28,        [UNLEND] = 10,
	[PROT] = 6,   [FORCE] = 10,   [FLUSH] = 2,       [LOAD] = 10,        [PUT] = 6,
	[SEAL] = 3,   [SHARE] = 14,   [UNSHARE] = 10,    [STATE] = 6,        [FAULT] = 6,
	[STORE] = 6,  [STAT] = 1,     [HOST_STORE] = 14, [GUEST_STORE] = 24,
};

static _Thread_local u64 rng;
static u64 seen_status[N_OPS][9];
static u32 threads;

static u64 rnd(u64 n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 11) % n;
}

/* The call that waits for the lock while another CPU's is made: that one often has the same arguments. */
static struct call waits;
static u32 busy_cpu = NCPUS; /* its CPU; NCPUS: none waits */

static u32 same(void)
{
	return busy_cpu != NCPUS && rnd(2);
}

/* Numbers that break range checks. */
static u64 odd(void)
{
	static const u64 v[] = {0,        1,         511,       512,  IPA_PFNS - 1,
				IPA_PFNS, 1ul << 52, 1ul << 32, ~0ul, ~0ul - 511};

	return v[rnd(sizeof(v) / sizeof(v[0]))];
}

/* A handle; mostly of a VM that is DYING, or is not, as the call needs. */
static u64 any_h(u32 dying)
{
	u64 h = 1 + rnd(VMS);
	u32 i;

	if (same() && waits.h <= KC_MAX_VMS)
		return waits.h;
	if (rnd(64) == 0)
		return odd();
	for (i = 0; i < 8 && !threads && (vms[h].state == VM_DYING) != dying; i++)
		h = 1 + rnd(VMS);
	return h;
}

static u64 any_ipa(void)
{
	if (same())
		return waits.a;
	if (rnd(32) == 0)
		return odd();
	if (rnd(4) == 0)
		return IPA + 512 * rnd(4);
	return IPA + 512 * rnd(3) + rnd(12) * (rnd(8) ? 1 : 47);
}

static u64 any_pfn(void)
{
	if (same())
		return waits.b;
	if (rnd(64) == 0)
		return odd();
	if (rnd(16) == 0)
		return boot.core_pfn - 2 + rnd(boot.core_n + 4);
	if (rnd(4) == 0)
		return fake_page(512 * rnd(fake_n_pages() / 512));
	return fake_page(rnd(fake_n_pages()));
}

/* Mostly a page that KServ has to give. */
static u64 host_pfn(void)
{
	u64 p = any_pfn();
	u32 i;

	for (i = 0; i < 4 && !threads; i++) {
		if (fake_index(p) < fake_n_pages() && (fake_meta(p) & 15) == PG_HOST)
			return p;
		p = any_pfn();
	}
	return p;
}

static u64 any_len(void)
{
	static const u64 v[] = {1, 2, 8, 100, 512, 1536, 5000};

	return rnd(32) ? v[rnd(7)] : odd();
}

/* A page of VM h, for reclaim. */
static u64 vm_pfn(u64 h)
{
	u64 n = fake_n_pages();
	u64 from = rnd(n);
	u64 i;

	for (i = 0; i < n && !threads; i++) {
		u64 w = fake_meta(fake_page((from + i) % n));

		if ((w & 15) >= PG_VM && ((w >> 4) & 0xffff) == h)
			return fake_page((from + i) % n);
	}
	return any_pfn();
}

/* What KServ asks for. */
static void choose_host(struct call *c)
{
	u32 end = c->op == FREE || c->op == RECLAIM || (c->op == UNLEND && rnd(4) == 0);

	c->h = any_h(end);
	switch (c->op) {
	case CREATE:
		c->h = rnd(3) ? 1 : rnd(3);
		c->b = host_pfn() & ~(rnd(8) ? 1ul : 0ul);
		break;
	case RAM:
		c->a = any_ipa();
		c->b = rnd(4) ? 1024 : any_len();
		break;
	case TABLE:
		c->b = host_pfn();
		break;
	case VCPU:
		c->a = rnd(3) + (rnd(32) ? 0 : odd());
		c->b = host_pfn();
		c->c = rnd(3) ? host_pfn() : KC_NO_PFN;
		break;
	case RECLAIM:
		c->b = vm_pfn(c->h);
		/* What is lent must come back first. */
		if (c->h <= VMS && !threads && vms[c->h].n_lent && rnd(4)) {
			c->op = UNLEND;
			c->a = IPA;
			c->b = IPA_PFNS - IPA;
		}
		break;
	case DONATE:
		c->a = any_ipa();
		c->b = host_pfn();
		c->c = rnd(8) ? 0 : rnd(8) ? 9 : odd();
		break;
	case LEND:
		c->a = any_ipa();
		c->b = host_pfn();
		c->c = (1 + rnd(7)) << 8 | (rnd(8) ? 0 : 9);
		break;
	case UNLEND:
		c->a = !end ? any_ipa() : rnd(2) ? IPA : rnd(2) ? 0 : IPA_PFNS - 1;
		c->b = end ? IPA_PFNS - c->a : any_len();
		break;
	case PROT:
		c->a = any_ipa();
		c->b = any_len();
		c->c = rnd(16) ? 1 + rnd(7) : odd();
		break;
	case FORCE:
		c->a = any_ipa();
		break;
	case LOAD:
		c->a = rnd(3) + (rnd(32) ? 0 : odd());
		break;
	case PUT:
		c->h = pcpu[c->cpu].vm;
		break;
	case STAT:
		c->h = 0;
		c->a = rnd(10);
		break;
	default:
		break;
	}
}

/* What the vCPU loaded on the CPU, or the code that runs it, asks for. */
static void choose_guest(struct call *c)
{
	c->h = pcpu[c->cpu].vm;
	c->a = any_ipa();
	c->b = c->a + rnd(c->op == SHARE ? 600 : 1500) + (c->op == STATE);
	if (c->op == STORE) {
		c->b = rnd(512);
		c->c = rng;
	}
}

static u64 do_call(struct call *c)
{
	switch (c->op) {
	case CREATE:
		return call_vm_create(c->cpu, c->h, c->b);
	case RAM:
		return call_vm_ram(c->h, c->a, c->b);
	case TABLE:
		return call_vm_table(c->h, c->b);
	case VCPU:
		return call_vcpu_create(c->h, c->a, c->b, c->c);
	case TEARDOWN:
		return call_vm_teardown(c->h);
	case FREE:
		return call_vm_free(c->h);
	case RECLAIM:
		return call_page_reclaim(c->h, c->b);
	case DONATE:
		return call_donate(c->h, c->a, c->b, c->c);
	case LEND:
		return call_lend(c->h, c->a, c->b, c->c);
	case UNLEND:
		return call_unlend(c->cpu, c->h, c->a, c->b);
	case PROT:
		return call_lend_prot(c->cpu, c->h, c->a, c->b, c->c);
	case FORCE:
		return call_force_reclaim(c->cpu, c->h, c->a);
	case FLUSH:
		return call_vm_flush(c->h);
	case LOAD:
		return vcpu_load(c->cpu, c->h, c->a);
	case PUT:
		return vcpu_put(c->cpu);
	case SEAL:
		vm_seal((u32)c->h);
		return KC_OK;
	case SHARE:
		return guest_set_shared(c->cpu, (u32)c->h, c->a, c->b);
	case UNSHARE:
		return guest_set_ram(c->cpu, (u32)c->h, c->a, c->b);
	case STATE:
		guest_ipa_state(c->cpu, (u32)c->h, c->a, c->b);
		return KC_OK;
	case FAULT:
		c->result = guest_fault_kind((u32)c->h, c->a);
		return c->result > FAULT_MAPPED;
	case STORE:
		c->result = guest_store((u32)c->h, c->a, c->b, c->c);
		return c->result;
	default:
		return call_stat(c->cpu, c->a);
	}
}

static u64 store(enum op op)
{
	u64 h = 1 + rnd(VMS);
	u32 i;

	for (i = 0; i < 8 && vms[h].state != VM_SEALED; i++)
		h = 1 + rnd(VMS);

	if (op == HOST_STORE)
		return fake_host_store(any_pfn() % IPA_PFNS, rnd(512), rng) ? KC_OK : KC_EPERM;
	if (vms[h].state != VM_NEW && vms[h].state != VM_SEALED)
		return KC_ENOENT;
	return fake_guest_store(h, any_ipa() % IPA_PFNS, rnd(512), rng) ? KC_OK : KC_EPERM;
}

static enum op any_op(void)
{
	u64 r = rnd(256);
	u32 op = 0;

	while (op + 1 < N_OPS && r >= weight[op]) {
		r -= weight[op];
		op++;
	}
	return (enum op)op;
}

/* Objects of the handles that are in use, and results: what "nothing has changed" means. */
struct snapshot {
	struct vm vms[VMS + 4];
	struct vcpu vcpus[VMS + 4][KC_MAX_VCPUS];
	struct percpu pcpu[NCPU];
	u64 changes;
};

static struct snapshot before;
static struct snapshot after;

static void snap(struct snapshot *s)
{
	memcpy(s->vms, vms, sizeof(s->vms));
	memcpy(s->vcpus, vcpus, sizeof(s->vcpus));
	memcpy(s->pcpu, pcpu, sizeof(s->pcpu));
	s->changes = fake_changes();
}

static u32 in_call; /* KCore runs, not a check */

static void keep(void)
{
	snap(&before);
	policy_keep();
}

/* Guest calls that stop early have changed what lies before res1: they are audited like a success. */
static void check(const struct call *c, u64 status)
{
	snap(&after);
	if (fake_locked())
		fake_breach(CONTRACT, "%s returns with the lock held", op_names[c->op]);
	if (status != KC_OK && c->op != SHARE && c->op != UNSHARE && c->op < HOST_STORE) {
		if (memcmp(&before, &after, sizeof(before)))
			fake_breach(TRANSITION, "status %lu, but something has changed", status);
	}
	if (c->op < HOST_STORE && (status == KC_OK || c->op >= SHARE))
		policy_check(c, status);
	if (memcmp(&before, &after, sizeof(before)))
		mm_audit();
}

static u64 perform(struct call *c)
{
	u64 r;

	if (threads)
		return do_call(c);
	if (busy_cpu == NCPUS)
		waits = *c;
	fake_in_call(op_names[c->op], c->h, c->a, c->b, c->c);
	keep();
	in_call = 1;
	r = do_call(c);
	in_call = 0;
	check(c, r);
	seen_status[c->op][r > KC_ESTATE ? 8 : r]++;
	if (busy_cpu != NCPUS)
		fake_in_call(op_names[waits.op], waits.h, waits.a, waits.b, waits.c);
	return r;
}

static u64 step(enum op op, u32 cpu)
{
	struct call c = {.op = op, .cpu = cpu};
	u64 r;
	u32 i;

	if (op >= HOST_STORE) {
		r = store(op);
		seen_status[op][r]++;
		return r;
	}
	if (op >= SEAL && op <= STORE) {
		for (i = 0; i < NCPUS && !threads && (c.cpu == busy_cpu || pcpu[c.cpu].vm == 0);
		     i++)
			c.cpu = (c.cpu + 1) % NCPUS;
		if (c.cpu == busy_cpu || pcpu[c.cpu].vm == 0)
			return KC_ENOENT;
		choose_guest(&c);
		if (op != SEAL && !vms[c.h].is_protected)
			return KC_ESTATE;
		return perform(&c);
	}
	if (op == CREATE && !threads && vms[1 + rnd(VMS)].state != VM_FREE && rnd(16))
		return KC_ENOMEM; /* do not fill the machine with VMs */
	choose_host(&c);
	r = perform(&c);
	if (op == CREATE && r == KC_OK && c.h && rnd(8)) { /* most protected VMs have RAM */
		c = (struct call){.op = RAM, .cpu = cpu, .h = pcpu[cpu].res1, .a = IPA};
		c.b = 1024 + 512 * rnd(2);
		r = perform(&c);
	}
	return r;
}

/* Another CPU's call before the one that waits gets the lock. */
static void others(void)
{
	static u32 deep;
	u32 cpu = (u32)rnd(NCPUS);

	if (deep || !in_call || rnd(8))
		return;
	deep = 1;
	busy_cpu = waits.cpu;
	if (cpu != busy_cpu) {
		step(rnd(4) ? any_op() : waits.op, cpu);
		keep();
	}
	in_call = 1;
	busy_cpu = NCPUS;
	deep = 0;
}

static int run(u64 seed, u64 n)
{
	u64 i;
	u32 op;
	u32 s;

	rng = seed * 0x9e3779b97f4a7c15ul + 1;
	fake_boot(2, 2);
	fake_on_lock(others);
	for (i = 0; i < n; i++)
		step(any_op(), (u32)rnd(NCPUS));
	fake_on_lock(NULL);
	printf("%-18s %8s %7s %7s %7s %7s %7s %7s %7s\n", "", "OK", "EINVAL", "EPERM", "ENOENT",
	       "EBUSY", "ENOMEM", "EEXIST", "ESTATE");
	for (op = 0; op < N_OPS; op++) {
		printf("%-18s %8lu", op_names[op], seen_status[op][0]);
		for (s = 1; s < 8; s++)
			printf(" %7lu", seen_status[op][s]);
		printf("\n");
		if (seen_status[op][0] == 0 || seen_status[op][8] != 0)
			fake_fail("%s never succeeded, or had an unknown status", op_names[op]);
	}
	fake_free();
	return 0;
}

/* Guests' stores go past the lock, as on hardware; here they would only be noise. */
struct job {
	u64 seed;
	u64 n;
	u64 ok;
	u32 cpu;
};

static void *worker(void *arg)
{
	struct job *j = arg;
	u64 i;

	rng = j->seed * 0x9e3779b97f4a7c15ul + 1;
	for (i = 0; i < j->n; i++) {
		enum op what = any_op();

		if (what < HOST_STORE)
			j->ok += step(what, j->cpu) == KC_OK;
	}
	return NULL;
}

static int run_threads(u64 seed, u64 n)
{
	pthread_t t[NCPUS];
	struct job j[NCPUS];
	u32 i;

	fake_boot(2, 2);
	fake_threads(1);
	threads = 1;
	for (i = 0; i < NCPUS; i++) {
		j[i] = (struct job){seed * NCPUS + i, n, 0, i};
		if (pthread_create(&t[i], NULL, worker, &j[i]))
			fake_fail("pthread_create");
	}
	for (i = 0; i < NCPUS; i++) {
		pthread_join(t[i], NULL);
		printf("thread %u: %lu calls succeeded\n", i, j[i].ok);
	}
	mm_audit();
	fake_free();
	return 0;
}

int main(int argc, char **argv)
{
	u32 t = argc == 4 && !strcmp(argv[1], "-t");

	if (argc != 3 + (int)t) {
		fprintf(stderr, "usage: %s [-t] SEED N\n", argv[0]);
		return 2;
	}
	if (t)
		return run_threads(strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0));
	return run(strtoul(argv[1], NULL, 0), strtoul(argv[2], NULL, 0));
}
