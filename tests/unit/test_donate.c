/* SPDX-License-Identifier: BSD-2-Clause */
/* Private memory. */
#include "../../kcore/mm/host.h"
#include "harness.h"

static void content(void)
{
	u64 h;
	u64 p;
	u64 v;

	fake_boot(3, 3);
	h = make_vm(KC_VM_PROTECTED, 4);
	p = host_page();
	CHECK(fake_host_store(p, 7, 0xabc));
	OK(call_donate(h, IPA + 9, p, 0));
	CHECK(fake_guest_load(h, IPA + 9, 7, &v));
	EQ(v, 0xabc);
	CHECK(!fake_host_store(p, 7, 0));
	vm_seal((u32)h);
	p = host_page();
	CHECK(fake_host_store(p, 7, 0xabc));
	OK(call_donate(h, IPA + 10, p, 0));
	CHECK(fake_is_zero(p));
	p = host_block();
	CHECK(fake_host_store(p + 511, 7, 0xabc));
	OK(call_donate(h, IPA + 512, p, 9));
	CHECK(fake_is_zero(p + 511));
	CHECK(fake_guest_store(h, IPA + 1023, 7, 5));
	EQ(fake_word(p + 511, 7), 5);
}

/* Each bit of an ipa counts, at each level: pages at powers of two are pages of their own. */
static void ipa_bits(void)
{
	u64 h;
	u64 i;
	u64 v;

	fake_boot(4, 3);
	h = make_vm(KC_VM_PROTECTED, 40);
	OK(call_vm_ram(h, 0, 512));
	for (i = 9; i < 28; i++)
		if (i > 14 && i != 18)
			OK(call_vm_ram(h, 1ul << i, 1));
	for (i = 0; i < 28; i++) {
		if (i >= 9 && i <= 14)
			continue;
		OK(call_donate(h, 1ul << i, host_page(), 0));
		CHECK(fake_guest_store(h, 1ul << i, 0, i));
	}
	for (i = 0; i < 28; i++) {
		if (i >= 9 && i <= 14)
			continue;
		CHECK(fake_guest_load(h, 1ul << i, 0, &v));
		EQ(v, i);
	}
	CHECK(!fake_guest_load(h, 0, 0, &v));
	mm_audit();
}

static void arguments(void)
{
	u64 h;
	u64 n;
	u64 p;
	u64 b;

	fake_boot(4, 3);
	h = make_vm(KC_VM_PROTECTED, 4);
	n = make_vm(0, 4);
	p = host_page();
	b = host_block();
	REFUSED(call_donate(n, IPA, p, 0), KC_ESTATE);
	REFUSED(call_donate(h, IPA, p, 1), KC_EINVAL);
	REFUSED(call_donate(h, IPA, b, 18), KC_EINVAL);
	REFUSED(call_donate(h, IPA, b, ~0ul), KC_EINVAL);
	REFUSED(call_donate(h, IPA - 1, p, 0), KC_EINVAL);
	REFUSED(call_donate(h, IPA_END, p, 0), KC_EINVAL);
	REFUSED(call_donate(h, IPA_PFNS, p, 0), KC_EINVAL);
	REFUSED(call_donate(h, ~0ul, p, 0), KC_EINVAL);
	REFUSED(call_donate(h, IPA + 1, b, 9), KC_EINVAL);
	REFUSED(call_donate(h, IPA, b + 1, 9), KC_EINVAL);
	REFUSED(call_donate(h, IPA_END, b, 9), KC_EINVAL);
	REFUSED(call_donate(h, IPA_PFNS - 512, b, 9), KC_EINVAL);
	OK(call_vm_ram(h, IPA_END, 511));
	REFUSED(call_donate(h, IPA_END, b, 9), KC_EINVAL);
	OK(call_donate(h, IPA_END + 510, p, 0));
	/* One page of the block is not free: each end. */
	OK(call_donate(h, IPA, b, 0));
	REFUSED(call_donate(h, IPA + 512, b, 9), KC_EPERM);
	OK(call_force_reclaim(0, h, IPA));
	OK(call_lend(n, 3, b + 511, 1 << 8));
	REFUSED(call_donate(h, IPA + 512, b, 9), KC_EBUSY);
	OK(call_unlend(0, n, 3, 1));
	OK(call_donate(h, IPA + 512, b, 9));
	/* KCore's image is in the first block. */
	REFUSED(call_donate(h, IPA + 1024, 0x40000, 9), KC_EPERM);
}

static void occupied(void)
{
	u64 h;
	u64 p;
	u64 b;

	fake_boot(4, 4);
	h = make_vm(KC_VM_PROTECTED, 6);
	p = host_page();
	b = host_block();
	OK(call_donate(h, IPA, host_page(), 0));
	REFUSED(call_donate(h, IPA, p, 0), KC_EEXIST);
	REFUSED(call_donate(h, IPA, b, 9), KC_EEXIST); /* a table is there */
	OK(call_donate(h, IPA + 512, b, 9));
	REFUSED(call_donate(h, IPA + 512, p, 0), KC_EEXIST);
	REFUSED(call_donate(h, IPA + 1023, p, 0), KC_EEXIST);
	REFUSED(call_donate(h, IPA + 512, host_block(), 9), KC_EEXIST);
	OK(call_force_reclaim(0, h, IPA));
	REFUSED(call_donate(h, IPA, p, 0), KC_EPERM); /* DESTROYED for ever */
	REFUSED(call_lend(h, IPA, p, 1 << 8), KC_EPERM);
	make_vcpu(h, 0);
	run_vcpu(0, h, 0);
	EQ(guest_set_ram(0, (u32)h, IPA, IPA + 2), KC_EPERM);
	EQ(pcpu[0].res1, IPA);
	OK(guest_set_shared(0, (u32)h, IPA, IPA + 2));
	EQ(pcpu[0].res1, IPA);
	OK(guest_set_shared(0, (u32)h, IPA + 1, IPA + 2));
	REFUSED(call_donate(h, IPA + 1, p, 0), KC_EPERM); /* SHARED */
	/* The same page twice. */
	OK(call_donate(h, IPA + 2, p, 0));
	REFUSED(call_donate(h, IPA + 3, p, 0), KC_EPERM);
}

/* Every call that needs tables, with every smaller number of them. */
static void no_tables(void)
{
	u64 h;
	u64 n;
	u64 p;
	u64 b;

	fake_boot(4, 4);
	h = make_vm(KC_VM_PROTECTED, 0);
	n = make_vm(0, 0);
	make_vcpu(h, 0);
	p = host_page();
	b = host_block();
	REFUSED(call_donate(h, IPA, p, 0), KC_ENOMEM);
	REFUSED(call_donate(h, IPA, b, 9), KC_ENOMEM);
	REFUSED(call_lend(n, IPA, p, 1 << 8), KC_ENOMEM);
	REFUSED(call_lend(n, IPA, b, 9 | 1 << 8), KC_ENOMEM);
	add_tables(h, 1);
	add_tables(n, 1);
	REFUSED(call_donate(h, IPA, p, 0), KC_ENOMEM);
	REFUSED(call_lend(n, IPA, p, 1 << 8), KC_ENOMEM);
	OK(call_donate(h, IPA, b, 9));
	EQ(vms[h].n_pool, 0);
	REFUSED(call_force_reclaim(0, h, IPA + 3), KC_ENOMEM);
	run_vcpu(0, h, 0);
	EQ(guest_set_shared(0, (u32)h, IPA + 3, IPA + 4), KC_ENOMEM);
	EQ(pcpu[0].res1, IPA + 3);
	EQ(guest_set_shared(0, (u32)h, IPA + 515, IPA + 516), KC_ENOMEM);
	add_tables(h, 1);
	OK(call_force_reclaim(0, h, IPA + 3));
	EQ(vms[h].n_pool, 0);
	/* Up to the block that needs a table: how far it comes does not depend on the pool. */
	OK(guest_set_shared(0, (u32)h, IPA + 500, IPA + 520));
	EQ(pcpu[0].res1, IPA + 512);
	EQ(guest_set_shared(0, (u32)h, IPA + 512, IPA + 520), KC_ENOMEM);
	EQ(pcpu[0].res1, IPA + 512);
	mm_audit();
	add_tables(h, 1);
	OK(guest_set_shared(0, (u32)h, IPA + 512, IPA + 520));
	EQ(pcpu[0].res1, IPA + 520);
}

static void force(void)
{
	u64 h;
	u64 n;
	u64 b;
	u64 p;
	u64 v;

	fake_boot(4, 4);
	h = make_vm(KC_VM_PROTECTED, 6);
	n = make_vm(0, 4);
	make_vcpu(h, 0);
	p = host_page();
	OK(call_lend(n, IPA, p, 7 << 8));
	REFUSED(call_force_reclaim(0, n, IPA), KC_ENOENT);
	REFUSED(call_force_reclaim(0, h, IPA), KC_ENOENT);
	REFUSED(call_force_reclaim(0, h, IPA_PFNS), KC_EINVAL);
	REFUSED(call_force_reclaim(0, h, ~0ul), KC_EINVAL);
	b = host_block();
	OK(call_donate(h, IPA, b, 9));
	CHECK(fake_guest_store(h, IPA + 7, 1, 0x5ec4e7));
	CHECK(fake_guest_store(h, IPA + 8, 1, 0x5ec4e8));
	OK(call_force_reclaim(3, h, IPA + 7));
	EQ(pcpu[3].res1, b + 7);
	CHECK(fake_is_zero(b + 7));
	CHECK(fake_host_store(b + 7, 0, 1));
	CHECK(!fake_guest_load(h, IPA + 7, 1, &v));
	CHECK(fake_guest_load(h, IPA + 8, 1, &v));
	EQ(v, 0x5ec4e8);
	REFUSED(call_force_reclaim(3, h, IPA + 7), KC_ENOENT);
	EQ(guest_fault_kind((u32)h, IPA + 7), FAULT_DESTROYED);
	run_vcpu(0, h, 0);
	OK(guest_set_shared(0, (u32)h, IPA + 8, IPA + 9));
	REFUSED(call_force_reclaim(3, h, IPA + 8), KC_ENOENT);
	CHECK(fake_is_zero(b + 8));
}

const struct test tests_donate[] = {
	{"DONATE: content only while NEW", content},
	{"DONATE: every bit of an ipa", ipa_bits},
	{"DONATE: arguments", arguments},
	{"DONATE: ipa in use, shared, destroyed", occupied},
	{"every number of free tables", no_tables},
	{"FORCE_RECLAIM", force},
	{0, 0},
};
