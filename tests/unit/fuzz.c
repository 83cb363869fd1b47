/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random calls on the fake machine: KServ's, guests', and stores of both in between.
 *
 *   fuzz SEED N      N calls; after each one either every invariant holds (something has changed) or
 *                    nothing has changed at all (it was refused). Prints how often each call got each
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

#define IPA   0x3fe00ul /* the last block of one GiB, and two of the next */
#define VMS   4ul       /* handles that are used; a few more exist for a moment */
#define NCPUS 4u

enum op {
	CREATE,
	RAM,
	TABLE,
	VCPU,
	TEARDOWN,
	FREE,
	RECLAIM,
	DONATE,
	LEND,
	UNLEND,
	PROT,
	FORCE,
	FLUSH,
	LOAD,
	PUT,
	SEAL,
	SHARE,
	UNSHARE,
	STATE,
	FAULT,
	STORE,
	STAT,
	HOST_STORE,
	GUEST_STORE,
	N_OPS
};

static const char *const names[N_OPS] = {
	"VM_CREATE",
	"VM_RAM",
	"VM_TABLE",
	"VCPU_CREATE",
	"VM_TEARDOWN",
	"VM_FREE",
	"PAGE_RECLAIM",
	"DONATE",
	"LEND",
	"UNLEND",
	"LEND_PROT",
	"FORCE_RECLAIM",
	"VM_FLUSH",
	"VCPU_LOAD",
	"VCPU_PUT",
	"vm_seal",
	"guest_set_shared",
	"guest_set_ram",
	"guest_ipa_state",
	"guest_fault_kind",
	"guest_store",
	"STAT",
	"(KServ stores)",
	"(a guest stores)",
};

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

	if (rnd(64) == 0)
		return odd();
	for (i = 0; i < 8 && !threads && (vms[h].state == VM_DYING) != dying; i++)
		h = 1 + rnd(VMS);
	return h;
}

static u64 any_ipa(void)
{
	if (rnd(32) == 0)
		return odd();
	if (rnd(4) == 0)
		return IPA + 512 * rnd(4);
	return IPA + 512 * rnd(3) + rnd(12) * (rnd(8) ? 1 : 47);
}

static u64 any_pfn(void)
{
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

/* Most protected VMs have RAM. */
static u64 make_vm(u32 cpu, u64 flags, u64 root)
{
	u64 r = call_vm_create(cpu, flags, root);

	if (r == KC_OK && flags && rnd(8) && call_vm_ram(pcpu[cpu].res1, IPA, 1024 + 512 * rnd(2)))
		fake_fail("VM_RAM for a new VM");
	return r;
}

/* One call that KServ makes. */
static u64 host_call(enum op op, u32 cpu)
{
	u32 end = op == FREE || op == RECLAIM || (op == UNLEND && rnd(4) == 0);
	u64 h = any_h(end);
	u64 ipa;

	switch (op) {
	case CREATE:
		if (!threads && vms[1 + rnd(VMS)].state != VM_FREE && rnd(16))
			return KC_ENOMEM; /* do not fill the machine with VMs */
		return make_vm(cpu, rnd(3) ? 1 : rnd(3), host_pfn() & ~(rnd(8) ? 1ul : 0ul));
	case RAM:
		return call_vm_ram(h, any_ipa(), rnd(4) ? 1024 : any_len());
	case TABLE:
		return call_vm_table(h, host_pfn());
	case VCPU:
		return call_vcpu_create(h, rnd(3) + (rnd(32) ? 0 : odd()), host_pfn(),
					rnd(3) ? host_pfn() : KC_NO_PFN);
	case TEARDOWN:
		return call_vm_teardown(h);
	case FREE:
		return call_vm_free(h);
	case RECLAIM:
		/* What is lent must come back first. */
		if (h <= VMS && !threads && vms[h].n_lent && rnd(4))
			return call_unlend(cpu, h, IPA, IPA_PFNS - IPA);
		return call_page_reclaim(h, vm_pfn(h));
	case DONATE:
		return call_donate(h, any_ipa(), host_pfn(), rnd(8) ? 0 : rnd(8) ? 9 : odd());
	case LEND:
		return call_lend(h, any_ipa(), host_pfn(), (1 + rnd(7)) << 8 | (rnd(8) ? 0 : 9));
	case UNLEND:
		if (end) {
			ipa = rnd(2) ? IPA : rnd(2) ? 0 : IPA_PFNS - 1;
			return call_unlend(cpu, h, ipa, IPA_PFNS - ipa);
		}
		return call_unlend(cpu, h, any_ipa(), any_len());
	case PROT:
		return call_lend_prot(cpu, h, any_ipa(), any_len(), rnd(16) ? 1 + rnd(7) : odd());
	case FORCE:
		return call_force_reclaim(cpu, h, any_ipa());
	case FLUSH:
		return call_vm_flush(h);
	case LOAD:
		return vcpu_load(cpu, h, rnd(3) + (rnd(32) ? 0 : odd()));
	case PUT:
		return vcpu_put(cpu);
	default:
		return call_stat(cpu, rnd(10));
	}
}

/* One thing that the vCPU loaded on the CPU, or the code that runs it, does. */
static u64 guest_call(enum op op, u32 cpu)
{
	u32 h = pcpu[cpu].vm;
	u64 ipa = any_ipa();

	if (h == 0)
		return KC_ENOENT;
	if (op == SEAL) {
		vm_seal(h);
		return KC_OK;
	}
	if (!vms[h].is_protected)
		return KC_ESTATE;
	switch (op) {
	case SHARE:
		return guest_set_shared(cpu, h, ipa, ipa + rnd(600));
	case UNSHARE:
		return guest_set_ram(cpu, h, ipa, ipa + rnd(1500));
	case STATE:
		guest_ipa_state(cpu, h, ipa, ipa + 1 + rnd(1500));
		return KC_OK;
	case FAULT:
		return guest_fault_kind(h, ipa) > FAULT_MAPPED;
	default:
		return guest_store(h, ipa, rnd(512), rng);
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

static u64 step(enum op op, u32 cpu)
{
	u32 i;

	if (op >= HOST_STORE)
		return store(op);
	if (op >= SEAL && op <= STORE) {
		for (i = 0; i < NCPUS && !threads && pcpu[cpu].vm == 0; i++)
			cpu = (cpu + 1) % NCPUS;
		return guest_call(op, cpu);
	}
	return host_call(op, cpu);
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

/* Guest calls that stop early have changed what lies before res1: they are audited like a success. */
static void check(enum op op, u64 status)
{
	snap(&after);
	if (memcmp(&before, &after, sizeof(before)) == 0) {
		if (fake_locked())
			fake_fail("%s: lock held", names[op]);
		return;
	}
	if (status != KC_OK && op != SHARE && op != UNSHARE && op < HOST_STORE)
		fake_fail("%s: status %lu, but something has changed", names[op], status);
	mm_audit();
}

static int run(u64 seed, u64 n)
{
	u64 i;
	u32 op;
	u32 s;
	int bad = 0;

	rng = seed * 0x9e3779b97f4a7c15ul + 1;
	fake_boot(2, 2);
	for (i = 0; i < n; i++) {
		enum op what = any_op();
		u64 status;

		snap(&before);
		status = step(what, (u32)rnd(NCPUS));
		check(what, status);
		seen_status[what][status > KC_ESTATE ? 8 : status]++;
	}
	printf("%-18s %8s %7s %7s %7s %7s %7s %7s %7s\n", "", "OK", "EINVAL", "EPERM", "ENOENT",
	       "EBUSY", "ENOMEM", "EEXIST", "ESTATE");
	for (op = 0; op < N_OPS; op++) {
		printf("%-18s %8lu", names[op], seen_status[op][0]);
		for (s = 1; s < 8; s++)
			printf(" %7lu", seen_status[op][s]);
		printf("\n");
		bad |= seen_status[op][0] == 0 || seen_status[op][8] != 0;
	}
	fake_free();
	return bad;
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
