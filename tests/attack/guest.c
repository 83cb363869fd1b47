/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks on a running protected guest through what KServ answers: MMIO data, the run page, pages given and
 * taken. KServ is in full control of the run page between exits.
 */
#include <string.h>

#include "lib/kc.h"

GUEST(g_echo);
GUEST(g_regs);
GUEST(g_wait);
GUEST(g_touch);
GUEST(g_hold);
GUEST(g_share);
GUEST(g_psci);
GUEST(g_alias);
GUEST(g_secret);
GUEST(g_spin);
GUEST(g_el);
GUEST(g_sysregs);
GUEST(g_once);

#define EVIL 0xe0e1e2e3e4e5e6e7ull

/* Rewrite everything in the run page but the answer that KServ owes. */
static void rewrite(struct vm *v, u64 answer)
{
	for (u32 w = 0; w < 256; w++)
		rp_set(v, 0, w, EVIL ^ w << 8);
	for (u32 w = 256; w < 272; w++)
		rp_set(v, 0, w, EVIL);
	rp_set(v, 0, RUN_X(0), answer);
}

/* A completion reaches one register, cut to the size of the access; nothing else of the guest. */
static void mmio_answer(void)
{
	static const u64 mask[] = {0xff, 0xffff, 0xffffffff, ~0ull};
	struct vm *v = VM_START(1, g_regs, 0, 0, 0, 0);
	u64 want, val, code;

	for (int i = 0; i < 4; i++) {
		code = vm_run(v, 0);
		if (code != KC_EXIT_TRAP || rp(v, 0, RUN_FAULT) != KC_FAULT_MMIO)
			give_up("no MMIO exit but %llu", (long long)code);
		if ((rp(v, 0, RUN_ESR) >> 16 & 31) != 0)
			won("the exit names the register: ESR %llx", (long long)rp(v, 0, RUN_ESR));
		rewrite(v, EVIL);
		want = i == 3 ? 0xffffffffffffffe7ull : EVIL & mask[i];
		if (vm_report(v, 0, &val) != R_VALUE)
			give_up("no report");
		if (val != want)
			won("load %d: the register is %llx instead of %llx", i, (long long)val,
			    (long long)want);
		rewrite(v, EVIL);
		if (vm_report(v, 0, &val) != R_DONE)
			give_up("no report");
		if (val != 0)
			won("load %d: %llu other registers have changed", i, (long long)val);
		rewrite(v, EVIL);
	}
}

/* Waits and interrupts: KServ's rewriting of the whole run page changes no register, PC or state. */
static void other_exits(void)
{
	struct vm *v = VM_START(1, g_wait, 0, 0, 0, 0);
	u64 code, val;

	for (int i = 0; i < 200; i++) {
		int mmio;

		code = vm_run_once(v, 0);
		val = rp(v, 0, RUN_X(0));
		mmio = code == KC_EXIT_TRAP && rp(v, 0, RUN_FAULT) == KC_FAULT_MMIO;
		if (mmio) {
			u64 off = rp(v, 0, RUN_FAR) & 0xfff;

			if (off == R_FAULT)
				won("the guest takes an exception: %llx", (long long)val);
			if (off == R_DONE && val != 0)
				won("%llu registers have changed", (long long)val);
		} else if (code != KC_EXIT_IRQ && code != KC_EXIT_TRAP) {
			give_up("exit %llu", (long long)code);
		}
		rewrite(v, EVIL);
		/* An abort may answer a device access, and nothing else. */
		rp_set(v, 0, RUN_FLAGS, mmio ? 0 : ~0ull);
	}
}

/* Every word of the run page at extremes; every bit of the virtual GIC: KCore and the guest go on. */
static void run_page_extremes(void)
{
	static const u64 ext[] = {0,
				  1,
				  ~0ull,
				  1ull << 63,
				  0x40200000,
				  0x40200,
				  0x7fffffffffffffffull,
				  0xffff000040200000ull,
				  0x3c9,
				  0x3cd,
				  0x1ff};
	struct vm *v = VM_START(1, g_wait, 0, 0, 0, 0);
	u64 val, core, core_n;

	core_range(&core, &core_n);
	for (size_t e = 0; e < sizeof(ext) / sizeof(ext[0]); e++) {
		for (u32 w = 0; w < 512; w++)
			if (w != RUN_FLAGS)
				rp_set(v, 0, w, ext[e] == 0x40200 ? core : ext[e]);
		vm_load(v, 0);
		vm_put(v);
		/* Some values keep the GIC's maintenance interrupt pending: then the guest only exits. */
		for (int i = 0; i < 40; i++) {
			u64 off;

			if (vm_run_once(v, 0) != KC_EXIT_TRAP ||
			    rp(v, 0, RUN_FAULT) != KC_FAULT_MMIO)
				continue;
			off = rp(v, 0, RUN_FAR) & 0xfff;
			val = rp(v, 0, RUN_X(0));
			if (off == R_FAULT || (off == R_DONE && val != 0))
				won("with words %llx the guest sees %llx", (long long)ext[e],
				    (long long)val);
		}
		for (u32 w = 256; w < 512; w++)
			rp_set(v, 0, w, 0);
		for (int i = 0; i < 4; i++) {
			u64 off = vm_report(v, 0, &val);

			if (off == R_FAULT || (off == R_DONE && val != 0))
				won("with words %llx the guest sees %llx", (long long)ext[e],
				    (long long)val);
		}
	}
	needed(kc(KC_VERSION, 0, 0, 0, 0), "KC_VERSION afterwards");
}

/* PSTATE of a normal VM is KServ's, but never EL2 or above. */
static void normal_pstate(void)
{
	struct vm *n = VM_START(0, g_el, 0, 0, 0, 0);
	u64 val, ok = 0;

	for (u64 m = 0; m < 32; m++) {
		if (m == 0 || m == 4 || m == 5 || m == 0x10)
			continue;
		rp_set(n, 0, CTX_PSTATE, 0x3c0 | m);
		vm_load(n, 0);
		refused(kc(KC_VCPU_RUN, 0, 0, 0, 0), KC_ESTATE, "PSTATE.M = %llx", (long long)m);
		ok++;
	}
	rp_set(n, 0, CTX_PSTATE, 0x3c5);
	if (vm_report(n, 0, &val) != R_VALUE || val != 4)
		won("the guest runs at CurrentEL %llx", (long long)val);
	note("%llu modes refused", (unsigned long long)ok);
}

/* Registers that KServ "sets" after the vCPU was made, before and after its first run. */
static void set_registers(void)
{
	struct vm *v = VM_START(1, g_echo, 11, 12, 13, 14);
	u64 val;

	for (int round = 0; round < 3; round++) {
		for (u32 w = 0; w < 128; w++)
			rp_set(v, 0, w, EVIL);
		rp_set(v, 0, CTX_PC, CODE_PFN << 12); /* from the start, at EL0 */
		rp_set(v, 0, CTX_PSTATE, 0x3c0);
		for (u64 i = 11; i < 15; i++)
			if (vm_report(v, 0, &val) != R_VALUE || val != i)
				won("x%llu is %llx", (long long)i - 11, (long long)val);
		if (vm_report(v, 0, &val) != R_DONE)
			won("the guest is elsewhere");
	}
}

/* A second CPU starts where the guest says, when the guest says. */
static void second_cpu(void)
{
	struct vm *v = VM_START(1, g_psci, 0, 0, 0, 0);
	u64 val, code;

	/* x3 = 1 leads the program to report a fault: KServ's entry and arguments. */
	vm_vcpu(v, 1, CODE_PFN << 12, 0, 0, 0, 1);
	vm_load(v, 1);
	refused(kc(KC_VCPU_RUN, 0, 0, 0, 0), KC_ESTATE,
		"running a vCPU that the guest has not started");
	vm_put(v);
	code = vm_run(v, 0);
	if (code != KC_EXIT_CPU_ON || rp(v, 0, RUN_X(0)) != 1)
		give_up("exit %llu instead of CPU_ON", (long long)code);
	for (u32 w = 0; w < 256; w++)
		rp_set(v, 1, w, EVIL);
	rp_set(v, 1, CTX_PC, CODE_PFN << 12);
	if (vm_report(v, 1, &val) != R_VALUE || val != 0x1234)
		won("the second CPU starts with %llx", (long long)val);
	if (vm_report(v, 1, &val) != R_DONE || (val & 0xff) != 1)
		won("the second CPU's MPIDR is %llx", (long long)val);
	if (vm_report(v, 1, &val) != R_VALUE || val != 0)
		won("a register of the second CPU starts as %llx", (long long)val);
}

/* First touch of declared RAM: KServ can only give a page, not an answer. */
static void first_touch(void)
{
	u64 ipa = RAM_PFN + 32, val, code;
	struct vm *v = VM_START(1, g_touch, ipa << 12, 0, 0, 0);

	for (int i = 0; i < 5; i++) {
		code = vm_run(v, 0);
		if (code != KC_EXIT_TRAP)
			give_up("exit %llu", (long long)code);
		if (rp(v, 0, RUN_FAULT) == KC_FAULT_MMIO) {
			if (rp(v, 0, RUN_HPFAR) == ipa << 4) {
				/* RAM as MMIO: answer it, and hear what the guest believes. */
				rp_set(v, 0, RUN_X(0), EVIL);
				(void)vm_report(v, 0, &val);
				won("the guest has read %llx from RAM without a page",
				    (long long)val);
			} else {
				won("the guest goes on without a page: stores %llx",
				    (long long)rp(v, 0, RUN_X(0)));
			}
			return;
		}
		if (rp(v, 0, RUN_FAULT) != KC_FAULT_PRIVATE || rp(v, 0, RUN_HPFAR) != ipa << 4)
			error("fault kind %llu", (long long)rp(v, 0, RUN_FAULT));
		rewrite(v, EVIL);
		rp_set(v, 0, RUN_FLAGS, i == 2 ? KC_RUN_MMIO_ABORT : 0);
	}
	rp_set(v, 0, RUN_FLAGS, 0);
	vm_page(v, ipa, NULL, 0);
	if (vm_report(v, 0, &val) != R_VALUE || val != 0)
		won("the new page reads %llx", (long long)val);
}

/* Pages given after the first run arrive zeroed. */
static void late_content(void)
{
	u64 page[512], ipa = RAM_PFN + 32, val;
	struct vm *v = VM_START(1, g_touch, (ipa << 12) + 8, 0, 0, 0);

	for (int i = 0; i < 512; i++)
		page[i] = EVIL;
	if (vm_run(v, 0) != KC_EXIT_TRAP)
		give_up("no fault");
	vm_page(v, ipa, page, sizeof(page));
	if (vm_report(v, 0, &val) != R_VALUE)
		give_up("no report");
	if (val != 0)
		won("content of KServ's after the start: the guest reads %llx", (long long)val);
	refused(kc(KC_VM_RAM, v->h, 0x200000, 16, 0), KC_ESTATE, "declaring RAM after the start");
	vm_vcpu(v, 1, CODE_PFN << 12, 0, 0, 0, 0);
	vm_load(v, 1);
	refused(kc(KC_VCPU_RUN, 0, 0, 0, 0), KC_ESTATE, "running a vCPU made after the start");
}

/* A live page taken by force: the guest gets an abort there for ever, never zeroes or another page. */
static void forced_reclaim(void)
{
	u64 ipa = RAM_PFN + 32, val, off;
	struct vm *v = VM_START(1, g_hold, arg_nonce, ipa << 12, 0, 0);
	u64 pfn, fresh = page_alloc(0);

	if (vm_run(v, 0) != KC_EXIT_TRAP)
		give_up("no fault");
	pfn = vm_page(v, ipa, NULL, 0);
	if (vm_report(v, 0, &val) != R_READY || vm_report(v, 0, &val) != R_VALUE || val != 0)
		give_up("the guest does not hold its page");
	needed(kc(KC_FORCE_RECLAIM, v->h, ipa, 0, 0), "FORCE_RECLAIM");
	if (r1 != pfn)
		error("another page came back");
	v->n_given--;
	secret_search(pfn, 1, 1, "in a page taken by force");
	if (kc(KC_DONATE, v->h, ipa, fresh, 0) == KC_OK) {
		v->given[v->n_given++] = fresh;
		won("a fresh page at the destroyed ipa is accepted");
	}
	off = vm_report(v, 0, &val);
	if (off == R_FAULT && (val & 0x3f) != 0x10)
		error("the guest's abort is %llx", (long long)val);
	else if (off != R_FAULT)
		won("the guest goes on without noticing (%llu wrong words)", (long long)val);
	page_free(pfn);
	refused(kc(KC_LEND, v->h, ipa, fresh, 7 << 8), KC_EPERM, "lending at the destroyed ipa");
	refused(kc(KC_FORCE_RECLAIM, v->h, ipa, 0, 0), KC_ENOENT, "taking it a second time");
	if (verdict_is_won())
		return;
	page_free(fresh);
}

/* What the guest shares comes back zeroed, and what it takes back is not KServ's any more. */
static void stale_share(void)
{
	struct vm *v = VM_START(1, g_share, arg_nonce, 0, 0, 0);
	u64 priv = v->given[v->n_given - 2], lent = page_alloc(0), val, code;
	u64 *p = page_map(lent, 1);

	if (vm_report(v, 0, &val) != R_READY)
		give_up("the guest does not start");
	refused(kc(KC_LEND, v->h, DATA_PFN, lent, 7 << 8), KC_EEXIST,
		"lending over private memory");
	code = vm_run(v, 0);
	if (code != KC_EXIT_SHARE)
		give_up("exit %llu instead of SHARE", (long long)code);
	/* The private page is KServ's again. */
	secret_search(priv, 1, 1, "in a page that the guest has shared");
	secret_search(priv, 1, 0, "in a page that the guest has shared, uncached");
	v->given[v->n_given - 2] = v->given[v->n_given - 1];
	v->n_given--;
	page_free(priv);
	p[0] = EVIL;
	needed(kc(KC_LEND, v->h, DATA_PFN, lent, 7 << 8), "LEND at a shared ipa");
	if (vm_report(v, 0, &val) != R_DONE || val != 0 || vm_report(v, 0, &val) != R_VALUE)
		give_up("no report");
	if (val != EVIL)
		error("the lent page reads %llx", (long long)val);
	for (int i = 0; i < 3; i++) {
		code = vm_run(v, 0);
		if (code == KC_EXIT_UNSHARE)
			break;
	}
	if (code != KC_EXIT_UNSHARE)
		give_up("exit %llu instead of UNSHARE", (long long)code);
	refused(kc(KC_LEND, v->h, DATA_PFN, lent, 7 << 8), KC_EPERM,
		"lending at an ipa that is private again");
	if (vm_report(v, 0, &val) != R_DONE)
		give_up("no report");
	code = vm_run(v, 0);
	if (code != KC_EXIT_TRAP || rp(v, 0, RUN_FAULT) != KC_FAULT_PRIVATE)
		won("after UNSHARE the guest still uses KServ's page (exit %llu, value %llx)",
		    (long long)code, (long long)rp(v, 0, RUN_X(0)));
	page_unmap(p, 1);
	if (kc_stat(KC_STAT_PAGES_LENT) != 0)
		won("the page is still lent");
	else
		page_free(lent);
}

/* KServ injects no exception that the guest does not expect, and links no interrupt but the timer's. */
static void injection(void)
{
	struct vm *v = VM_START(1, g_wait, 1, 0, 0, 0);
	u64 val, off;

	for (int i = 0; i < 64; i++) {
		rp_set(v, 0, RUN_HCR, 1ull << i);
		rp_set(v, 0, RUN_VSESR, ~0ull);
		rp_set(v, 0, RUN_FLAGS, 0);
		off = vm_report(v, 0, &val);
		if (off == R_FAULT)
			won("HCR bit %d: the guest takes exception %llx", i, (long long)val);
		if (off == R_DONE && val != 0)
			won("HCR bit %d: %llu registers have changed", i, (long long)val);
	}
	rp_set(v, 0, RUN_HCR, KC_HCR_TWI);
	/* Hardware-linked list registers: only for the timer's interrupts. This guest takes none. */
	v = VM_START(1, g_wait, 0, 0, 0, 0);
	for (u64 id = 0; id < 1024; id++) {
		u64 lr = 1ull << 62 | 1ull << 61 | id << 32 | 40, back;

		rp_set(v, 0, RUN_VGIC_NLR, 1);
		rp_set(v, 0, RUN_VGIC_HCR, 1);
		rp_set(v, 0, RUN_VGIC_LR(0), lr);
		(void)vm_run_once(v, 0);
		back = rp(v, 0, RUN_VGIC_LR(0));
		if ((back & 1ull << 61) != 0 && id != 27 && id != 30)
			won("a list register is linked to interrupt %llu", (long long)id);
	}
}

/*
 * Every encoding of op0 = 2 and 3, read by the guest: what does not trap must be on the list of what KCore
 * switches, answers or lets through (registers.h). "Hidden" is not enough: a hostile guest ignores
 * identification registers.
 */
#define ENC(op0, op1, crn, crm, op2)                                                               \
	(((op0)-2) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#include "registers.h"

static int is_allowed(u64 enc, u64 val)
{
	if (enc < ENC(3, 0, 0, 0, 0))
		return (enc >> 11 & 7) == 0 &&
		       (val == 0 || (enc == ENC(2, 0, 1, 1, 4) && val == 8));
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (enc >= allowed[i].first && enc <= allowed[i].last)
			return 1;
	return 0;
}

static void judge_register(u64 enc, u64 val)
{
	if (is_allowed(enc, val))
		return;
	note("S%llu_%llu_C%llu_C%llu_%llu reads %llx", (long long)(2 + (enc >> 14)),
	     (long long)(enc >> 11 & 7), (long long)(enc >> 7 & 15), (long long)(enc >> 3 & 15),
	     (long long)(enc & 7), (long long)val);
	won("the guest reads S%llu_%llu_C%llu_C%llu_%llu", (long long)(2 + (enc >> 14)),
	    (long long)(enc >> 11 & 7), (long long)(enc >> 7 & 15), (long long)(enc >> 3 & 15),
	    (long long)(enc & 7));
}

static void every_register(void)
{
	struct vm *v = VM_START(1, g_sysregs, 0, 0x7fff, 0, 0);
	u64 enc = 0, n = 0, asked = 0, off, code;

	for (;;) {
		code = vm_run(v, 0);
		if (code == KC_EXIT_TRAP && (rp(v, 0, RUN_ESR) >> 26) == 0x18) {
			rp_set(v, 0, RUN_X(0), EVIL); /* KServ is asked: the guest gets this */
			asked++;
			continue;
		}
		if (code != KC_EXIT_TRAP || rp(v, 0, RUN_FAULT) != KC_FAULT_MMIO)
			give_up("exit %llu", (long long)code);
		off = rp(v, 0, RUN_FAR) & 0xfff;
		if (off == R_VALUE)
			enc = rp(v, 0, RUN_X(0));
		else if (off == R_READY)
			judge_register(enc, rp(v, 0, RUN_X(0))), n++;
		else
			break;
	}
	if (off != R_DONE)
		give_up("the guest stops at report %llx", (long long)off);
	note("32768 encodings: %llu can be read, KServ was asked for %llu", (unsigned long long)n,
	     (unsigned long long)asked);
}

/*
 * KServ does not help at once, runs again, loads and puts, asks for a virtual SError and
 * interrupts, and rewrites the run page at every exit: each call and each store of the guest still
 * acts exactly once.
 */
static void exactly_once(void)
{
	struct vm *v = VM_START(1, g_once, 0, 0, 0, 0);
	u64 stores = 0, rounds = 0, seen[32] = {0}, last = ~0ull;

	for (u32 n = 0; n < 4000 && rounds < 40; n++) {
		u64 code = vm_run_once(v, 0), ipa = 0, fault = KC_FAULT_NONE, val, ask;

		if (code < 32)
			seen[code]++;
		if (code == KC_EXIT_TRAP) {
			fault = rp(v, 0, RUN_FAULT);
			ipa = rp(v, 0, RUN_HPFAR) >> 4;
		}
		val = rp(v, 0, RUN_X(0));
		if (fault == KC_FAULT_MMIO && ipa == MMIO_PFN) {
			u64 off = rp(v, 0, RUN_FAR) & 0xfff;

			if (off == R_FAULT)
				won("the guest takes an exception: %llx", (long long)val);
			if (off == R_VALUE && val != ++stores)
				won("store number %llu of the guest comes as number %llu",
				    (long long)val, (long long)stores);
			if (off == R_DONE && val != 0)
				won("%lld calls or answers too many or too few in round %llu",
				    (long long)val, (long long)rounds);
			rounds += off == R_DONE;
		} else if (code == KC_EXIT_TRAP && fault != KC_FAULT_PRIVATE) {
			give_up("exit with fault %llu at %llx", (long long)fault, (long long)ipa);
		}
		if (verdict_is_won())
			return;
		/* Help only when the same thing is asked for the second time. */
		ask = code << 32 | ipa;
		if (code == KC_EXIT_TABLE && last == ask)
			vm_table(v, 1);
		if (fault == KC_FAULT_PRIVATE && last == ask) {
			/* The sharing before had its table, if it took place. */
			if (seen[KC_EXIT_SHARE] <= rounds)
				vm_table(v, 1);
			vm_page(v, ipa, NULL, 0);
		}
		if (code != KC_EXIT_IRQ)
			last = ask;
		rewrite(v, EVIL);
		rp_set(v, 0, RUN_FLAGS, 0);
		rp_set(v, 0, RUN_HCR,
		       n % 3 == 0   ? KC_HCR_VSE | KC_HCR_TWI
		       : n % 3 == 1 ? ~0ull
				    : 0);
		if (n % 5 == 4)
			vm_put(v);
	}
	if (rounds < 40 || seen[KC_EXIT_TABLE] < 40 || seen[KC_EXIT_SHARE] < 40 ||
	    seen[KC_EXIT_UNSHARE] < 40)
		error("%llu rounds, exits for tables %llu, sharing %llu, unsharing %llu",
		      (long long)rounds, (long long)seen[KC_EXIT_TABLE],
		      (long long)seen[KC_EXIT_SHARE], (long long)seen[KC_EXIT_UNSHARE]);
	note("%llu rounds, %llu exits for tables, %llu interrupts", (long long)rounds,
	     (long long)seen[KC_EXIT_TABLE], (long long)seen[KC_EXIT_IRQ]);
}

const struct test tests_guest[] = {
	{"mmio_answer", "27,38", "KServ's answer reaches one register, cut to the access",
	 mmio_answer, 1},
	{"other_exits", "27", "exits without an answer change nothing", other_exits, 1},
	{"run_page_extremes", "9", "no word of the run page harms KCore or the guest",
	 run_page_extremes, 1},
	{"normal_pstate", "9", "a normal VM never runs above EL1", normal_pstate, 1},
	{"set_registers", "28", "KServ sets no register of a protected vCPU", set_registers, 1},
	{"second_cpu", "29", "a second CPU starts where the guest says", second_cpu, 1},
	{"first_touch", "31", "RAM is never MMIO", first_touch, 1},
	{"late_content", "42", "nothing of KServ's enters private memory after the start",
	 late_content, 1},
	{"forced_reclaim", "32,42", "the guest notices a page taken by force", forced_reclaim, 1},
	{"exactly_once", "36,39", "each call and each store of a guest acts once", exactly_once, 1},
	{"stale_share", "47", "a shared page carries nothing private", stale_share, 1},
	{"every_register", "22", "a guest reads no register that is not KCore's list",
	 every_register, 1},
	{"injection", "46", "KServ injects interrupts only", injection, 1},
	TEST_LIST_END};
