/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that KServ lends. */
#include "harness.h"

static void arguments(void)
{
	u64 h;
	u64 p;
	u64 b;

	fake_boot(4, 3);
	h = make_vm(0, 6);
	p = host_page();
	b = host_block();
	REFUSED(call_lend(h, 0, p, 0), KC_EINVAL);
	REFUSED(call_lend(h, 0, p, 8 << 8), KC_EINVAL);
	REFUSED(call_lend(h, 0, p, ~0ul), KC_EINVAL);
	REFUSED(call_lend(h, 0, p, 1 << 8 | 1), KC_EINVAL);
	REFUSED(call_lend(h, 0, p, 1ul << 63 | 1 << 8), KC_EINVAL);
	REFUSED(call_lend(h, IPA_PFNS, p, 1 << 8), KC_EINVAL);
	REFUSED(call_lend(h, ~0ul, p, 1 << 8), KC_EINVAL);
	REFUSED(call_lend(h, 1, b, 1 << 8 | 9), KC_EINVAL);
	REFUSED(call_lend(h, 0, b + 1, 1 << 8 | 9), KC_EINVAL);
	REFUSED(call_lend(h, IPA_PFNS, b, 1 << 8 | 9), KC_EINVAL);
	REFUSED(call_lend(h, 0, 0x8010, 1 << 8), KC_EINVAL);
	REFUSED(call_lend(h, 0, core_page(), 1 << 8), KC_EPERM);
	REFUSED(call_lend(h, 0, vms[h].root, 1 << 8), KC_EPERM);
	REFUSED(call_lend(h, 0, 0x40000, 1 << 8 | 9), KC_EPERM);
	/* A block with a lent page is split; then only its last page is not KServ's. */
	OK(call_lend(h, 7, b + 5, 1 << 8));
	OK(call_vm_table(h, b + 511));
	REFUSED(call_lend(h, 0, b, 1 << 8 | 9), KC_EPERM);
	b = host_block();
	OK(call_lend(h, 0, p, 7 << 8));
	REFUSED(call_lend(h, 0, p, 7 << 8), KC_EEXIST);
	REFUSED(call_lend(h, 0, b, 7 << 8 | 9), KC_EEXIST);
	OK(call_lend(h, 512, b, 7 << 8 | 9));
	REFUSED(call_lend(h, 513, p, 7 << 8), KC_EEXIST);
	OK(call_lend(h, IPA_PFNS - 1, p, 7 << 8));
	REFUSED(call_donate(h, 5, host_page(), 0), KC_ESTATE);
}

/* The descriptor gives exactly the rights that were asked for. */
static void rights(void)
{
	u64 h;
	u64 p;
	u64 prot;
	u64 to;
	u64 d;
	u32 level;

	fake_boot(3, 2);
	h = make_vm(0, 6);
	p = host_page();
	for (prot = 1; prot < 8; prot++) {
		OK(call_lend(h, prot, p, prot << 8));
		CHECK(fake_walk(vms[h].root, prot, &to, &d, &level));
		EQ(to, p);
		EQ((d >> 6) & 3, prot & 3);
		EQ((d >> 54) & 1, !(prot & 4));
		OK(call_lend_prot(0, h, prot, 1, 8 - prot));
		CHECK(fake_walk(vms[h].root, prot, &to, &d, &level));
		EQ((d >> 6) & 3, (8 - prot) & 3);
		EQ((d >> 54) & 1, !((8 - prot) & 4));
	}
	EQ(fake_meta(p) >> 20, 7);
	REFUSED(call_lend_prot(0, h, 1, 1, 0), KC_EINVAL);
	REFUSED(call_lend_prot(0, h, 1, 1, 8), KC_EINVAL);
	REFUSED(call_lend_prot(0, h, 1, 0, 1), KC_EINVAL);
	REFUSED(call_lend_prot(0, h, IPA_PFNS, 1, 1), KC_EINVAL);
	REFUSED(call_lend_prot(0, h, 1, IPA_PFNS, 1), KC_EINVAL);
}

/* A page lent n times is KServ's to give again after the n-th return. */
static void counts(void)
{
	u64 a;
	u64 b;
	u64 p;

	fake_boot(3, 2);
	a = make_vm(0, 4);
	b = make_vm(KC_VM_PROTECTED, 4);
	make_vcpu(b, 0);
	run_vcpu(0, b, 0);
	p = host_page();
	OK(call_lend(a, 1, p, 7 << 8));
	OK(call_lend(a, 2, p, 1 << 8));
	OK(guest_set_shared(0, (u32)b, IPA, IPA + 1));
	OK(call_lend(b, IPA, p, 3 << 8));
	EQ(fake_meta(p) >> 20, 3);
	CHECK(fake_host_store(p, 0, 1));
	CHECK(fake_guest_store(b, IPA, 0, 2));
	EQ(fake_word(p, 0), 2);
	REFUSED(call_donate(b, IPA + 1, p, 0), KC_EBUSY);
	OK(call_unlend(0, a, 0, 100));
	EQ(fake_meta(p) >> 20, 1);
	REFUSED(call_vm_table(a, p), KC_EBUSY);
	OK(call_unlend(0, b, IPA, 1));
	EQ(fake_meta(p), PG_HOST);
	OK(call_donate(b, IPA + 1, p, 0));
}

static void ranges(void)
{
	const u64 bad_n[] = {0, IPA_PFNS + 1, ~0ul, 1ul << 52, 0ul - 512};
	u64 h;
	u64 i;
	u64 inv;
	u64 calls = 0;
	u64 at = 0;

	fake_boot(4, 4);
	h = make_vm(0, 8);
	for (i = 0; i < sizeof(bad_n) / sizeof(bad_n[0]); i++) {
		REFUSED(call_unlend(0, h, 0, bad_n[i]), KC_EINVAL);
		REFUSED(call_unlend(0, h, 4, bad_n[i]), KC_EINVAL);
		REFUSED(call_lend_prot(0, h, 4, bad_n[i], 1), KC_EINVAL);
	}
	REFUSED(call_unlend(0, h, IPA_PFNS, 1), KC_EINVAL);
	REFUSED(call_unlend(0, h, ~0ul, 1), KC_EINVAL);
	/* Nothing is lent: nothing to do, no invalidation. */
	inv = fake_invals();
	OK(call_unlend(0, h, 0, IPA_PFNS));
	EQ(pcpu[0].res1, IPA_PFNS);
	EQ(fake_invals(), inv);
	for (i = 0; i < 700; i++)
		EQ(call_lend(h, 300 + i, fake_page(1024 + i), 7 << 8), KC_OK);
	mm_audit();
	/* At most 512 entries, one invalidation, and only this range. */
	inv = fake_invals();
	OK(call_unlend(0, h, 310, 680));
	EQ(pcpu[0].res1, 310 + 512);
	EQ(fake_invals(), inv + 1);
	EQ(vms[h].n_lent, 700 - 512);
	OK(call_unlend(0, h, 822, 990 - 822));
	EQ(pcpu[0].res1, 990);
	EQ(vms[h].n_lent, 20);
	while (at < IPA_PFNS) {
		OK(call_unlend(0, h, at, IPA_PFNS - at));
		at = pcpu[0].res1;
		calls++;
	}
	EQ(at, IPA_PFNS);
	CHECK(calls <= 5);
	EQ(vms[h].n_lent, 0);
	EQ(count_kind(PG_LENT), 0);
}

/* A block that the range covers in part comes back, and changes, as a whole. */
static void blocks(void)
{
	u64 h;
	u64 b;
	u64 to;
	u64 d;
	u32 level;

	fake_boot(4, 4);
	h = make_vm(0, 8);
	b = host_block();
	OK(call_lend(h, 1024, b, 7 << 8 | 9));
	EQ(vms[h].n_lent, 512);
	OK(call_lend(h, 2048, b + 5, 1 << 8));
	EQ(fake_meta(b + 5) >> 20, 2);
	OK(call_lend_prot(0, h, 1030, 1, 1));
	CHECK(fake_walk(vms[h].root, 1500, &to, &d, &level));
	EQ((d >> 6) & 3, 1);
	EQ(to, b + 1500 - 1024);
	OK(call_unlend(0, h, 1535, 1));
	EQ(pcpu[0].res1, 1536);
	EQ(vms[h].n_lent, 1);
	EQ(fake_meta(b + 5) >> 20, 1);
	EQ(fake_meta(b + 6), PG_HOST);
	OK(call_lend(h, 1024, b, 7 << 8 | 9));
	OK(call_unlend(0, h, 1000, 30));
	EQ(pcpu[0].res1, 1030);
	EQ(vms[h].n_lent, 1);
	/* Two blocks: one a call. */
	OK(call_lend(h, 1024, b, 7 << 8 | 9));
	OK(call_lend(h, 1536, b, 7 << 8 | 9));
	OK(call_unlend(0, h, 1024, 1024));
	EQ(pcpu[0].res1, 1536);
	OK(call_unlend(0, h, 1536, 512));
	EQ(vms[h].n_lent, 1);
	end_vm(h);
}

/* For a protected VM only where the VM said SHARED; UNLEND leaves that as it is. */
static void protected_vm(void)
{
	u64 h;
	u64 p;

	fake_boot(4, 4);
	h = make_vm(KC_VM_PROTECTED, 8);
	make_vcpu(h, 0);
	p = host_page();
	REFUSED(call_lend(h, IPA, p, 3 << 8), KC_EPERM);
	REFUSED(call_lend(h, 0, p, 3 << 8), KC_EPERM); /* outside RAM */
	REFUSED(call_lend(h, IPA, host_block(), 3 << 8 | 9), KC_EPERM);
	OK(call_donate(h, IPA + 5, host_page(), 0));
	REFUSED(call_lend(h, IPA + 5, p, 3 << 8), KC_EEXIST);
	run_vcpu(0, h, 0);
	OK(guest_set_shared(0, (u32)h, IPA, IPA + 512));
	REFUSED(call_lend(h, IPA, host_block(), 3 << 8 | 9), KC_EEXIST);
	OK(call_lend(h, IPA + 5, p, 3 << 8));
	OK(call_unlend(0, h, 0, IPA_PFNS));
	EQ(guest_fault_kind((u32)h, IPA + 5), KC_FAULT_SHARED);
	OK(call_lend(h, IPA + 5, p, 3 << 8));
	/* Private pages in the range stay. */
	OK(call_donate(h, IPA + 600, host_page(), 0));
	OK(call_unlend(0, h, IPA, 1024));
	EQ(guest_fault_kind((u32)h, IPA + 600), FAULT_MAPPED);
	OK(call_lend_prot(0, h, IPA, 1024, 1));
	CHECK(!fake_guest_store(h, IPA + 5, 0, 1));
	CHECK(fake_guest_store(h, IPA + 600, 0, 1));
	OK(vcpu_put(0));
	end_vm(h);
}

const struct test tests_lend[] = {
	{"LEND: arguments", arguments},
	{"LEND, LEND_PROT: rights", rights},
	{"LEND: counts", counts},
	{"UNLEND: ranges", ranges},
	{"UNLEND, LEND_PROT: blocks", blocks},
	{"LEND to a protected VM", protected_vm},
	{0, 0},
};
