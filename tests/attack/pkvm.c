/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks on a guest that speaks pKVM's ABI (kcore/vcpu/pkvm.c): sharing keeps the content, MMIO is
 * guarded.
 */
#include <string.h>

#include "lib/kc.h"

GUEST(g_pkvm);
GUEST(g_guard);

#define EVIL    0xe0e1e2e3e4e5e6e7ull
#define INVALID (~0ull - 2)

/* What KServ may not have a guest's page copied to: the call is not done, the page stays private. */
static void wrong_copies(struct vm *v)
{
	u64 core, core_n, other;
	struct vm *w = vm_new(1);

	core_range(&core, &core_n);
	other = vm_page(w, DATA_PFN, NULL, 0);
	u64 wrong[] = {core,  core + core_n - 1, v->root,   v->given[v->n_given - 1],
		       other, w->root,           v->run[0], 0,
		       ~0ull, 1ull << 52};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		u64 code;

		rp_set(v, 0, RUN_COPY, wrong[i]);
		code = vm_run(v, 0);
		if (code != KC_EXIT_COPY) {
			won("the content goes to page %llx (exit %llu)", (long long)wrong[i],
			    (long long)code);
			return;
		}
		if (rp(v, 0, RUN_X(0)) != DATA_PFN)
			error("the exit names page %llx", (long long)rp(v, 0, RUN_X(0)));
	}
	vm_end(w);
}

/* The next call's result, which the guest reports. */
static void result(struct vm *v, u64 want, const char *what)
{
	u64 code = vm_run(v, 0), val = rp(v, 0, RUN_X(0));

	if (code == KC_EXIT_TRAP && rp(v, 0, RUN_FAULT) == KC_FAULT_MMIO &&
	    (rp(v, 0, RUN_FAR) & 0xfff) == R_DONE && val == want)
		return;
	if (want == INVALID)
		won("%s: exit %llu, value %llx", what, (long long)code, (long long)val);
	else
		error("%s: exit %llu, value %llx", what, (long long)code, (long long)val);
}

/* One page's content reaches KServ, and none of it what another page held; each call acts once. */
static void pkvm_share(void)
{
	struct vm *v = VM_START(1, g_pkvm, arg_nonce, 0, 0, 0);
	u64 priv = v->given[v->n_given - 2], copy = page_alloc(0), page[512], val, code;
	u64 *p = page_map(copy, 1);

	if (vm_report(v, 0, &val) != R_READY)
		give_up("the guest does not start");
	rp_set(v, 0, RUN_COPY, KC_NO_PFN);
	code = vm_run(v, 0);
	if (code != KC_EXIT_COPY)
		give_up("exit %llu instead of COPY", (long long)code);
	wrong_copies(v);
	if (verdict_is_won())
		return;
	memset(p, 0xee, 4096);
	rp_set(v, 0, RUN_COPY, copy);
	code = vm_run(v, 0);
	if (code != KC_EXIT_SHARE || rp(v, 0, RUN_X(0)) != DATA_PFN || rp(v, 0, RUN_X(1)) != 1)
		give_up("exit %llu instead of SHARE", (long long)code);
	if ((p[0] ^ SECRET_MASK) != arg_masked[0] || (p[3] ^ SECRET_MASK) != arg_masked[3])
		error("the content is not there");
	secret_search(priv, 1, 1, "in a page that the guest has shared");
	v->given[v->n_given - 2] = v->given[v->n_given - 1];
	v->n_given--;
	page_free(priv);
	p[0] = EVIL;
	needed(kc(KC_LEND, v->h, DATA_PFN, copy, 7 << 8), "LEND at a shared ipa");
	result(v, 0, "sharing");
	if (vm_report(v, 0, &val) != R_VALUE || val != EVIL)
		error("the lent page reads %llx", (long long)val);
	result(v, INVALID, "sharing twice");
	code = vm_run(v, 0);
	if (code != KC_EXIT_UNSHARE)
		give_up("exit %llu instead of UNSHARE", (long long)code);
	result(v, 0, "unsharing");
	result(v, INVALID, "unsharing twice");
	code = vm_run(v, 0);
	if (code != KC_EXIT_TRAP || rp(v, 0, RUN_FAULT) != KC_FAULT_PRIVATE)
		won("after UNSHARE the guest still uses KServ's page (exit %llu)", (long long)code);
	for (int i = 0; i < 512; i++)
		page[i] = EVIL;
	vm_page(v, DATA_PFN, page, sizeof(page));
	if (vm_report(v, 0, &val) != R_VALUE)
		give_up("no report");
	if (val != 0)
		won("what KServ had in the page is the guest's: %llx", (long long)val);
	result(v, INVALID, "sharing a page beyond RAM");
	result(v, INVALID, "unsharing a page beyond RAM");
	result(v, INVALID, "sharing a device's page");
	result(v, 0, "guarding a device");
	result(v, INVALID, "guarding RAM");
	page_unmap(p, 1);
	if (kc_stat(KC_STAT_PAGES_LENT) != 0)
		won("the page is still lent");
	else
		page_free(copy);
}

/* KServ as a device at addresses that the guest has not guarded, and where RAM is missing. */
static void pkvm_guard(void)
{
	u64 ipa = RAM_PFN + 32, val, code;
	struct vm *v = VM_START(1, g_guard, ipa << 12, 0, 0, 0);

	code = vm_run(v, 0);
	if (code != KC_EXIT_TRAP || rp(v, 0, RUN_HPFAR) != (MMIO_PFN + 1) << 4)
		give_up("exit %llu instead of MMIO", (long long)code);
	rp_set(v, 0, RUN_X(0), EVIL);
	if (vm_report(v, 0, &val) != R_VALUE || val != EVIL)
		give_up("no MMIO before the guard");
	result(v, 0, "guarding a page");
	for (int i = 0; i < 2; i++) {
		code = vm_run(v, 0);
		if (code == KC_EXIT_TRAP && rp(v, 0, RUN_HPFAR) == (MMIO_PFN + 1) << 4) {
			won("an access beside the guarded page is KServ's: stores %llx",
			    (long long)rp(v, 0, RUN_X(0)));
			return;
		}
		if (code != KC_EXIT_TRAP || rp(v, 0, RUN_HPFAR) != MMIO_PFN << 4 ||
		    (rp(v, 0, RUN_FAR) & 0xfff) != R_FAULT)
			give_up("exit %llu, no abort", (long long)code);
		if ((rp(v, 0, RUN_X(0)) & 0x3f) != 0x10)
			error("the guest's abort is %llx", (long long)rp(v, 0, RUN_X(0)));
	}
	for (int i = 0; i < 3; i++) {
		code = vm_run(v, 0);
		if (code != KC_EXIT_TRAP || rp(v, 0, RUN_FAULT) != KC_FAULT_PRIVATE) {
			won("RAM without a page is told as %llu", (long long)rp(v, 0, RUN_FAULT));
			return;
		}
		rp_set(v, 0, RUN_X(0), EVIL);
		rp_set(v, 0, RUN_FAULT, KC_FAULT_MMIO);
	}
	vm_page(v, ipa, NULL, 0);
	if (vm_report(v, 0, &val) != R_VALUE || val != 0)
		won("RAM reads %llx", (long long)val);
}

const struct test tests_pkvm[] = {
	{"pkvm_share", "27,47", "a page shared by pKVM's call: its content, once, nothing else",
	 pkvm_share, 1},
	{"pkvm_guard", "31", "outside the MMIO guard KServ is no device", pkvm_guard, 1},
	TEST_LIST_END};
