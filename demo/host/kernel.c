/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a hostile kernel can do, through the module of tests/attack: all physical memory, and raw
 * calls to KCore. Without KCore only the sweep is made, by the same code.
 */
#include <stdio.h>
#include <string.h>

#include "show.h"

#define BLOCK 512 /* pages of 2 MiB */

/* A page of the VM's memory, found by the sweep: it aborts, and is not KCore's. */
static u64 vm_pfn;

static const char *status_name(u64 status)
{
	static const char *const name[] = {"KC_OK",    "KC_EINVAL", "KC_EPERM",  "KC_ENOENT",
					   "KC_EBUSY", "KC_ENOMEM", "KC_EEXIST", "KC_ESTATE"};

	if (status == KC_ENOSYS)
		return "KC_ENOSYS";
	return status < sizeof(name) / sizeof(name[0]) ? name[status] : "unknown";
}

/* The call must be refused with this status. */
static void judge_call(struct answer *a, const char *call, u64 got, u64 want)
{
	if (got == KC_OK)
		answer(a, BROKEN, "%s: accepted", call);
	else
		answer(a, got == want ? AS_PROMISED : UNCLEAR, "%s: error %llu, %s", call,
		       (unsigned long long)got, status_name(got));
}

/* Without KCore there is no such memory. */
static void core_pages(u64 *pfn, u64 *n)
{
	*pfn = *n = 0;
	if (target.protected)
		core_range(pfn, n);
}

static int in_core(u64 pfn)
{
	u64 core, n;

	core_pages(&core, &n);
	return pfn >= core && pfn < core + n;
}

/* The page with copies of the secret in a range where there are hits. */
static int find_copies(u64 pfn, u64 n, u64 word[4])
{
	for (u64 i = 0; i < n; i++) {
		struct ka_scan s = {.pfn = pfn + i,
				    .n = 1,
				    .flags = KA_CACHED,
				    .masked = target.first,
				    .mask = MASK};

		mem_scan(&s);
		if (s.n_hit == COPIES_PER_PAGE) {
			memcpy(word, s.word, SECRET_BYTES);
			return 1;
		}
	}
	return 0;
}

/* A page that aborts in a range where some do. */
static void find_victim(u64 pfn, u64 n)
{
	for (u64 i = n / 2; vm_pfn == 0 && i < n; i++) {
		struct ka_scan s = {.pfn = pfn + i, .n = 1, .flags = KA_CACHED};

		if (in_core(pfn + i))
			continue;
		mem_scan(&s);
		if (s.n_read == 0)
			vm_pfn = pfn + i;
	}
}

static void sweep(struct answer *a)
{
	u64 ram, n, core, n_core, done, read = 0, hits = 0, word[4] = {0};
	int found = 0;

	ram_range(&ram, &n);
	core_pages(&core, &n_core);
	for (done = 0; done < n; done += BLOCK) {
		struct ka_scan s = {.pfn = ram + done,
				    .n = n - done < BLOCK ? n - done : BLOCK,
				    .flags = KA_CACHED,
				    .masked = target.first,
				    .mask = MASK};

		mem_scan(&s);
		read += s.n_read;
		hits += s.n_hit;
		if (s.n_hit >= COPIES_PER_PAGE && !found)
			found = find_copies(s.pfn, s.n, word);
		/* A whole block is the VM's memory, not one of its tables. */
		if (vm_pfn == 0 && s.n_read == 0)
			find_victim(s.pfn, s.n);
	}
	if (found)
		answer_secret(a, hits, word);
	else if (hits != 0)
		answer(a, LEAKED, "%llu words of the secret", (unsigned long long)hits);
	else if (n - read <= n_core)
		answer(a, UNCLEAR, "all memory can be read and the secret is not in it");
	else
		answer(a, AS_PROMISED,
		       "%llu MiB read, no secret. Data abort in %llu MiB of the VM and "
		       "%llu MiB of KCore",
		       (unsigned long long)read >> 8, (unsigned long long)(n - read - n_core) >> 8,
		       (unsigned long long)n_core >> 8);
}

/* --- KCore only, from here on */

static u64 victim_page(void)
{
	if (vm_pfn == 0)
		give_up("the sweep has found no page of the VM's");
	return vm_pfn;
}

static void write_vm(struct answer *a)
{
	u64 pfn = victim_page();

	for (int cached = 0; cached < 2; cached++)
		if (mem_write(pfn << 12, 0x6861636b6564ull, cached) == 0) {
			answer(a, BROKEN, "page %llx is written", (unsigned long long)pfn);
			return;
		}
	answer(a, AS_PROMISED, "page %llx: data abort, cached and uncached",
	       (unsigned long long)pfn);
}

static void touch_core(struct answer *a)
{
	u64 core, n, val;

	core_range(&core, &n);
	for (u64 p = core; p < core + n; p++)
		for (int cached = 0; cached < 2; cached++)
			if (mem_read(p << 12, &val, cached) == 0) {
				answer(a, LEAKED, "page %llx of KCore's can be read",
				       (unsigned long long)p);
				return;
			}
	if (mem_write(core << 12, 0, 1) == 0)
		answer(a, BROKEN, "KCore's first page is written");
	else
		answer(a, AS_PROMISED, "data abort at each of its %llu pages",
		       (unsigned long long)n);
}

/* The attacked VM's handle: the first that is in use. */
static u64 victim_handle(void)
{
	for (u64 h = 1; h <= KC_MAX_VMS; h++)
		if (kc(KC_VM_FLUSH, h, 0, 0, 0) == KC_OK)
			return h;
	give_up("KCore knows no VM");
}

static void donate_again(struct answer *a)
{
	struct vm *v = vm_new(1);

	judge_call(a, "KC_DONATE", kc(KC_DONATE, v->h, RAM_PFN, victim_page(), 0), KC_EPERM);
	vm_end(v);
}

static void lend_to_other(struct answer *a)
{
	struct vm *v = vm_new(0);

	judge_call(a, "KC_LEND", kc(KC_LEND, v->h, RAM_PFN, victim_page(), 7 << 8), KC_EPERM);
	vm_end(v);
}

static void donate_core(struct answer *a)
{
	struct vm *v = vm_new(1);
	u64 core, n;

	core_range(&core, &n);
	judge_call(a, "KC_DONATE", kc(KC_DONATE, v->h, RAM_PFN, core, 0), KC_EPERM);
	vm_end(v);
}

static void lend_core(struct answer *a)
{
	struct vm *v = vm_new(0);
	u64 core, n;

	core_range(&core, &n);
	judge_call(a, "KC_LEND", kc(KC_LEND, v->h, RAM_PFN, core, 7 << 8), KC_EPERM);
	vm_end(v);
}

/* A test of the attack suite, as it stands. */
static void suite(struct answer *a, const struct test *list, const char *name, const char *held)
{
	extern char verdict_text[400];

	while (list->name != NULL && strcmp(list->name, name) != 0)
		list++;
	if (list->name == NULL)
		give_up("the attack suite has no test %s", name);
	list->run();
	if (verdict == HELD)
		answer(a, AS_PROMISED, "%s", held);
	else
		answer(a, verdict == WON ? BROKEN : UNCLEAR, "%.230s", verdict_text);
}

static void start_cpu(struct answer *a)
{
	suite(a, tests_cpu, "cpu_on",
	      "PSCI CPU_ON: its code runs, at EL1, and its read of KCore's memory aborts");
}

static void stub(struct answer *a)
{
	suite(a, tests_cpu, "stub_calls", "HVC 0 to 3: error 0xbadca11, HVC_STUB_ERR");
}

const struct attack kernel_attacks[] = {
	{"kernel module sweeps all physical memory", sweep,
	 "KCore unmaps a page from the host's stage 2 before the VM gets it.", 1},
	{"kernel writes into a page of the VM", write_vm,
	 "no mapping that the host can make passes its stage 2, which is KCore's.", 0},
	{"kernel reads and writes KCore's memory", touch_core,
	 "KCore's memory is in no stage 2, not even for an instant.", 0},
	{"raw call: donate the VM's page a second time", donate_again,
	 "only a page in state HOST can be donated; this one belongs to a VM.", 0},
	{"raw call: map the VM's page into another VM", lend_to_other,
	 "only what the host owns can be lent.", 0},
	{"raw call: donate a page of KCore's to a VM", donate_core,
	 "KCore's pages are in state CORE and never leave it.", 0},
	{"raw call: lend a page of KCore's to a VM", lend_core,
	 "the state of the page decides, whatever the address.", 0},
	{"a CPU starts at the attacker's code, not Linux's", start_cpu,
	 "KCore starts each CPU itself, and turns stage 2 on before its first instruction.", 0},
	{"stub calls: take EL2 back from KCore", stub,
	 "the calls by which Linux installs a hypervisor are refused for ever.", 0},
	{0},
};

/* --- with the guest as witness */

static void unchanged(struct answer *a)
{
	struct check c;

	if (!guest_check(&c))
		answer(a, UNCLEAR, "the guest does not answer");
	else if (c.copies != c.of || strcmp(c.sha256, target.sha256) != 0)
		answer(a, BROKEN, "guest: %d of %d copies intact", c.copies, c.of);
	else
		answer(a, AS_PROMISED, "guest: %d of %d copies intact, SHA-256 as announced",
		       c.copies, c.of);
}

static void force(struct answer *a)
{
	u64 r = kc(KC_FORCE_RECLAIM, victim_handle(), target.guest_page, 0, 0);
	struct ka_scan s = {.pfn = r1, .n = 1, .masked = target.first, .mask = MASK};

	if (r != KC_OK)
		give_up("KC_FORCE_RECLAIM: error %llu, %s", (unsigned long long)r, status_name(r));
	mem_scan(&s);
	if (s.n_hit != 0)
		answer(a, LEAKED, "page %llx still holds the secret", (unsigned long long)s.pfn);
	else
		answer(a, s.n_zero == 1 ? AS_PROMISED : UNCLEAR,
		       "KC_FORCE_RECLAIM: KC_OK; page %llx is the host's, and %s",
		       (unsigned long long)s.pfn, s.n_zero == 1 ? "all zero" : "not all zero");
}

/* A fresh page where the guest had its own would be a change that the guest cannot see. */
static void replace(struct answer *a)
{
	u64 pfn = page_alloc(0);

	judge_call(a, "KC_DONATE", kc(KC_DONATE, victim_handle(), target.guest_page, pfn, 0),
		   KC_EPERM);
	page_free(pfn);
}

static void noticed(struct answer *a)
{
	struct check c;

	if (!guest_check(&c))
		answer(a, UNCLEAR, "the guest does not answer");
	else if (strcmp(c.sha256, target.sha256) != 0 || c.copies != c.of - COPIES_PER_PAGE ||
		 c.bus_errors != 1)
		answer(a, BROKEN, "guest: %d of %d copies, %d bus errors", c.copies, c.of,
		       c.bus_errors);
	else
		answer(a, AS_PROMISED, "guest: bus error at that page, %d other copies intact",
		       c.copies);
}

const struct attack guest_attacks[] = {
	{"after all this the guest finds its secret unchanged", unchanged,
	 "what the host cannot map it cannot change.", 0},
	{"raw call: take a page of the secret by force", force,
	 "the host may take memory back, never its content: KCore zeroes it first.", 0},
	{"raw call: put a page of zeros in its place", replace,
	 "what was taken is gone for good; the guest would not see the exchange.", 0},
	{"the guest notices that the page is gone", noticed,
	 "a missing page is an external abort in the guest, never wrong data.", 0},
	{0},
};
