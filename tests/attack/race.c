/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks that need two CPUs at once: a second CPU of KServ changes what KCore looks at. */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/kc.h"

GUEST(g_echo);
GUEST(g_el);
GUEST(g_wait);
GUEST(g_spinwrite);
GUEST(g_touch);

static volatile int stop, started;
static volatile u64 *word;
static u64 value[2];

/* Each value is seen for a moment: without a barrier the first would never leave the store buffer. */
static void flip_once(void)
{
	*word = value[0];
	__asm__ volatile("dmb ish" : : : "memory");
	*word = value[1];
	__asm__ volatile("dmb ish" : : : "memory");
}

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000ull + (u64)t.tv_nsec;
}

static pthread_t other_cpu(void *(*f)(void *), void *arg)
{
	pthread_t t;

	stop = started = 0;
	if (pthread_create(&t, NULL, f, arg) != 0)
		give_up("no second thread");
	while (!started)
		sched_yield();
	return t;
}

static void other_stop(pthread_t t)
{
	stop = 1;
	pthread_join(t, NULL);
}

/* Flip *word between two values as fast as possible. */
static void *flip(void *arg)
{
	(void)arg;
	pin(1);
	started = 1;
	while (!stop)
		flip_once();
	return NULL;
}

static volatile u64 caught, caught_linked;

/* Flip for a while, then watch for a while: what else appears there is what KCore wrote at an exit. */
static void *flip_and_watch(void *arg)
{
	u64 seen;

	(void)arg;
	pin(1);
	started = 1;
	while (!stop) {
		for (int i = 0; i < 300; i++)
			flip_once();
		*word = value[0];
		for (int i = 0; i < 20000; i++) {
			seen = *word;
			if (seen == value[0])
				continue;
			caught++;
			if ((seen >> 61 & 1) != 0)
				caught_linked = seen;
			break;
		}
	}
	return NULL;
}

/*
 * A list register that is good when it is checked and bad when it is used. At an exit KCore writes back
 * what was used; the lowest bits of the priority, which the lab's GIC does not have, make that differ
 * from what is stored here.
 */
static void flip_list_register(void)
{
	const u64 lr = 1ull << 62 | 7ull << 48 | 40, linked = lr | 1ull << 61 | 33ull << 32;
	struct vm *v = VM_START(1, g_wait, 0, 0, 0, 0);
	u64 end = now_ns() + 5000000000ull, tries = 0;
	pthread_t t;

	rp_set(v, 0, RUN_VGIC_NLR, KC_MAX_LRS);
	rp_set(v, 0, RUN_VGIC_HCR, 1);
	word = &v->rp[0][RUN_VGIC_LR(0)];
	value[0] = lr;
	value[1] = linked;
	caught = caught_linked = 0;
	t = other_cpu(flip_and_watch, NULL);
	while (now_ns() < end && caught_linked == 0) {
		(void)vm_run_once(v, 0);
		tries++;
	}
	other_stop(t);
	note("%llu runs, %llu write-backs seen", (unsigned long long)tries,
	     (unsigned long long)caught);
	if (caught_linked != 0)
		won("a list register is linked to interrupt %llu",
		    (long long)(caught_linked >> 32 & 0x1fff));
	if (caught == 0)
		error("the race was not run");
}

/* PSTATE of a normal VM: EL1 when it is checked, EL2 when it is used. */
static void flip_pstate(void)
{
	struct vm *n = VM_START(0, g_el, 0, 0, 0, 0);
	u64 end = now_ns() + 3000000000ull, ok = 0, no = 0, code;
	pthread_t t;

	word = &n->rp[0][CTX_PSTATE];
	value[0] = 0x3c5;
	value[1] = 0x3c9;
	t = other_cpu(flip, NULL);
	while (now_ns() < end && !verdict_is_won()) {
		n->rp[0][CTX_PC] = CODE_PFN << 12;
		code = vm_run_once(n, 0);
		if (code == KC_EXIT_TRAP && (rp(n, 0, RUN_ESR) >> 26) == 0x24) {
			ok++;
			if (n->rp[0][2] != 4 && n->rp[0][2] != 0)
				won("the guest ran at CurrentEL %llx", (long long)n->rp[0][2]);
		} else if (code == RUN_REFUSED(KC_ESTATE)) {
			no++;
		}
	}
	other_stop(t);
	rp_set(n, 0, CTX_PSTATE, 0x3c5);
	note("%llu runs at EL1, %llu refused", (unsigned long long)ok, (unsigned long long)no);
	if (ok == 0 || no == 0)
		error("the race was not run: %llu runs, %llu refused", (unsigned long long)ok,
		      (unsigned long long)no);
}

static volatile u64 race_handle, race_runs, race_bad;

static void *load_run_put(void *arg)
{
	(void)arg;
	pin(1);
	started = 1;
	while (!stop) {
		struct ka_call c = {.x = {KC_VCPU_LOAD, race_handle, 0}, .cpu = -1};

		if (kc_raw(&c) != KC_OK)
			continue;
		/* Its first instructions store to MMIO; a vCPU that was not ready never comes to them. */
		for (int i = 0; i < 60; i++) {
			c = (struct ka_call){.x = {KC_VCPU_RUN}, .cpu = -1};
			if (kc_raw(&c) != KC_OK || c.x[1] == KC_EXIT_TRAP)
				break;
			if (c.x[1] != KC_EXIT_IRQ)
				race_bad = 0x100 + c.x[1];
			if (i == 59)
				race_bad = 2;
		}
		race_runs++;
		c = (struct ka_call){.x = {KC_VCPU_PUT}, .cpu = -1};
		if (kc_raw(&c) != KC_OK)
			race_bad = 1;
		for (volatile int gap = 0; gap < 20000; gap++)
			; /* else the other CPU hardly ever finds the VM without a loaded vCPU */
	}
	return NULL;
}

/* A VM is made and destroyed while another CPU tries to run it at every moment. */
static void create_and_run(void)
{
	u64 end = now_ns() + 5000000000ull, made = 0, busy = 0;
	struct vm *v = VM_START(1, g_echo, 1, 2, 3, 4);
	pthread_t t;

	race_handle = v->h;
	race_runs = race_bad = 0;
	vm_end(v);
	t = other_cpu(load_run_put, NULL);
	while (now_ns() < end) {
		v = VM_START(1, g_echo, 1, 2, 3, 4);
		made++;
		/* KCore keeps a protected vCPU's registers in its own page from the first moment. */
		if (rp(v, 0, CTX_PC) != CODE_PFN << 12 || rp(v, 0, CTX_PSTATE) != 0x3c5)
			won("the vCPU's registers are in the run page: PC %llx",
			    (long long)rp(v, 0, CTX_PC));
		while (kc(KC_VM_TEARDOWN, v->h, 0, 0, 0) == KC_EBUSY)
			busy++;
		/* DYING now: no vCPU of it can be loaded while its pages go back. */
		for (u32 i = 0; i < v->n_given; i++)
			needed(kc(KC_PAGE_RECLAIM, v->h, v->given[i], 0, 0), "RECLAIM");
		needed(kc(KC_PAGE_RECLAIM, v->h, v->root, 0, 0), "RECLAIM");
		needed(kc(KC_PAGE_RECLAIM, v->h, v->root + 1, 0, 0), "RECLAIM");
		needed(kc(KC_VM_FREE, v->h, 0, 0, 0), "FREE");
		v->alive = 0;
		for (u32 i = 0; i < v->n_given; i++)
			page_free(v->given[i]);
		page_unmap(v->rp[0], 1);
		page_free(v->run[0]);
		vm_clean_all();
	}
	other_stop(t);
	note("%llu VMs, run %llu times by the other CPU, %llu times busy", (unsigned long long)made,
	     (unsigned long long)race_runs, (unsigned long long)busy);
	if (race_bad != 0)
		won("a vCPU was seen before it was ready or after its end: %llx",
		    (long long)race_bad);
}

static struct vm *spinning;
static volatile u64 spin_exits;

static void *run_for_ever(void *arg)
{
	struct ka_call c = {.x = {KC_VCPU_LOAD, spinning->h, 0}, .cpu = -1};

	(void)arg;
	pin(1);
	(void)kc_raw(&c);
	while (!stop) {
		c = (struct ka_call){.x = {KC_VCPU_RUN}, .cpu = -1};
		if (kc_raw(&c) != KC_OK)
			break;
		spin_exits++;
		/* Its exits end the attack's window: wait until the main thread has asked for the next. */
		started = 1;
		if (c.x[1] != KC_EXIT_IRQ && c.x[1] != KC_EXIT_TRAP)
			break;
	}
	c = (struct ka_call){.x = {KC_VCPU_PUT}, .cpu = -1};
	(void)kc_raw(&c);
	return NULL;
}

/* Pages taken from a running guest, which never leaves by itself and writes its secret all the time. */
static void take_while_running(void)
{
	for (int round = 0; round < 40 && !verdict_is_won(); round++) {
		struct vm *v = VM_START(1, g_spinwrite, arg_nonce, 0, 0, 0);
		u64 data = v->given[v->n_given - 2], root = v->root, t0;
		pthread_t t;

		spinning = v;
		t = other_cpu(run_for_ever, NULL);
		usleep(15000);
		refused(kc(KC_VM_TEARDOWN, v->h, 0, 0, 0), KC_EBUSY, "tearing a running VM down");
		refused(kc(KC_PAGE_RECLAIM, v->h, data, 0, 0), KC_ESTATE,
			"reclaiming a running VM's page");
		refused(kc(KC_PAGE_RECLAIM, v->h, root, 0, 0), KC_ESTATE,
			"reclaiming a running VM's root");
		if (!verdict_is_won()) {
			needed(kc(KC_FORCE_RECLAIM, v->h, DATA_PFN, 0, 0), "FORCE_RECLAIM");
			v->given[v->n_given - 2] = v->given[v->n_given - 1];
			v->n_given--;
			for (t0 = now_ns(); now_ns() < t0 + 6000000 && !verdict_is_won();)
				secret_search(data, 1, 1,
					      "in a page that was taken from a running guest");
		}
		other_stop(t);
		if (!verdict_is_won()) {
			vm_end(v);
			page_free(data);
		}
	}
}

static volatile u64 writes_done;
static u64 write_pa;

static void *write_for_ever(void *arg)
{
	(void)arg;
	pin(1);
	for (u64 i = 1; !stop; i++) {
		if (mem_write(write_pa, i, 1) == 0)
			writes_done++;
		started = 1;
	}
	return NULL;
}

/* The page of an image changes after KCore has taken it. */
static void write_after_donate(void)
{
	for (int round = 0; round < 30 && !verdict_is_won(); round++) {
		u64 ipa = RAM_PFN + 32, page = page_alloc(0), first, val, before;
		struct vm *v = VM_START(1, g_touch, ipa << 12, 0, 0, 0);
		pthread_t t;

		write_pa = page << 12;
		writes_done = 0;
		t = other_cpu(write_for_ever, NULL);
		needed(kc(KC_DONATE, v->h, ipa, page, 0), "DONATE");
		v->given[v->n_given++] = page;
		before = writes_done;
		if (vm_report(v, 0, &first) != R_VALUE)
			give_up("no report");
		for (int i = 0; i < 20; i++) {
			if (vm_report(v, 0, &val) != R_VALUE)
				give_up("no report");
			if (val != first)
				won("the guest's page changes from %llx to %llx", (long long)first,
				    (long long)val);
		}
		other_stop(t);
		if (writes_done > before + 1)
			won("%llu writes into a donated page", (long long)(writes_done - before));
		vm_end(v);
	}
}

static u64 scan_pfn;
static volatile u64 scans, faults;

static void *read_for_ever(void *arg)
{
	(void)arg;
	pin(1);
	while (!stop) {
		struct ka_scan s = {.pfn = scan_pfn, .n = 1, .flags = KA_CACHED};

		if (mem_scan(&s) == 0 && s.n_read != 1)
			faults++;
		scans++;
		started = 1;
	}
	return NULL;
}

/*
 * A CPU uses its own page while its block is split and joined around it: the instants in which a block is
 * invalid must not be seen. (The promise is to KServ: no fault on memory that is its own.)
 */
static void split_and_join(void)
{
	u64 block = page_alloc(9), end = now_ns() + 4000000000ull, n = 0;
	struct vm *v = vm_new(1);
	pthread_t t;

	scan_pfn = block + 300;
	scans = faults = 0;
	t = other_cpu(read_for_ever, NULL);
	while (now_ns() < end) {
		for (u64 i = 0; i < 8; i++)
			needed(kc(KC_DONATE, v->h, RAM_PFN + n * 8 % RAM_N + i, block + i, 0),
			       "DONATE");
		for (u64 i = 0; i < 8; i++)
			needed(kc(KC_FORCE_RECLAIM, v->h, RAM_PFN + n * 8 % RAM_N + i, 0, 0),
			       "RECLAIM");
		if (++n % 60 == 0) {
			vm_end(v);
			v = vm_new(1);
		}
	}
	other_stop(t);
	note("%llu splits and joins, %llu pages read meanwhile", (unsigned long long)n,
	     (unsigned long long)scans);
	if (faults != 0)
		won("%llu aborts on a page that is KServ's", (long long)faults);
	vm_end(v);
	page_free(block);
}

const struct test tests_race[] = {
	{"flip_list_register", "8,46", "a list register is read once", flip_list_register, 2},
	{"flip_pstate", "8,9", "PSTATE is read once", flip_pstate, 2},
	{"create_and_run", "11,12,14", "a vCPU is seen only when it is ready", create_and_run, 2},
	{"take_while_running", "14,17",
	 "pages are out of a running guest's reach before they go back", take_while_running, 2},
	{"write_after_donate", "8,17,30", "a donated page is out of every CPU's reach",
	 write_after_donate, 2},
	{"split_and_join", "16", "splitting a block does not disturb its owner", split_and_join, 2},
	TEST_LIST_END};
