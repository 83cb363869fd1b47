/* SPDX-License-Identifier: BSD-2-Clause */
/* What a protected VM says about its own memory. */
#include "../../kcore/mm/host.h"
#include "harness.h"

static u64 h;

static void start(u64 n_tables)
{
	fake_boot(4, 4);
	h = make_vm(KC_VM_PROTECTED, n_tables);
	make_vcpu(h, 0);
	run_vcpu(0, h, 0);
}

static void expect_state(u64 ipa, u64 end, u64 to, u64 state)
{
	guest_ipa_state(0, (u32)h, ipa, end);
	EQ(pcpu[0].res1, to);
	EQ(pcpu[0].res2, state);
}

/* RAM -> SHARED -> RAM: nothing of either side is seen by the other. */
static void round_trip(void)
{
	u64 p;
	u64 lent;
	u64 v;

	start(6);
	p = host_page();
	lent = host_page();
	OK(call_donate(h, IPA, p, 0));
	CHECK(fake_guest_store(h, IPA, 0, 0x5ec4e7));
	CHECK(fake_host_store(lent, 0, 77));
	OK(guest_set_shared(0, (u32)h, IPA, IPA + 1));
	EQ(pcpu[0].res1, IPA + 1);
	EQ(fake_meta(p), PG_HOST);
	CHECK(fake_is_zero(p));
	CHECK(!fake_guest_load(h, IPA, 0, &v));
	OK(call_lend(h, IPA, lent, 3 << 8));
	CHECK(fake_guest_load(h, IPA, 0, &v));
	EQ(v, 77);
	OK(guest_set_shared(0, (u32)h, IPA, IPA + 1)); /* stays as it is */
	CHECK(fake_guest_load(h, IPA, 0, &v));
	OK(guest_set_ram(0, (u32)h, IPA, IPA + 1));
	EQ(fake_meta(lent), PG_HOST);
	EQ(fake_word(lent, 0), 77);
	CHECK(!fake_guest_load(h, IPA, 0, &v));
	OK(call_donate(h, IPA, lent, 0));
	CHECK(fake_guest_load(h, IPA, 0, &v));
	EQ(v, 0);
}

static void share_block(void)
{
	u64 b;
	u64 i;
	u64 inv;

	start(6);
	b = host_block();
	OK(call_donate(h, IPA, b, 9));
	for (i = 0; i < 512; i++)
		CHECK(fake_guest_store(h, IPA + i, i, 0x5ec4e7));
	OK(guest_set_shared(0, (u32)h, IPA + 100, IPA + 110));
	EQ(guest_fault_kind((u32)h, IPA + 99), FAULT_MAPPED);
	EQ(guest_fault_kind((u32)h, IPA + 100), KC_FAULT_SHARED);
	EQ(fake_word(b + 99, 99), 0x5ec4e7);
	inv = fake_invals();
	OK(guest_set_shared(0, (u32)h, IPA, IPA_END)); /* 512 a call, one invalidation of the VM */
	EQ(pcpu[0].res1, IPA + 512);
	CHECK(fake_invals() - inv <= 2);
	for (i = 0; i < 512; i++)
		CHECK(fake_is_zero(b + i));
	EQ(fake_word(host_l2[b >> 18], (b >> 9) & 511) & 3, 1);
	/* Never a block again for the VM, but pages are. */
	OK(guest_set_ram(0, (u32)h, IPA, IPA_END));
	EQ(pcpu[0].res1, IPA + 512);
	REFUSED(call_donate(h, IPA, b, 9), KC_EEXIST);
	OK(call_donate(h, IPA + 7, b, 0));
}

static void bounds(void)
{
	start(8);
	OK(call_vm_free(h) == KC_ESTATE ? KC_OK : KC_EINVAL);
	/* Outside RAM: no progress. */
	OK(guest_set_shared(0, (u32)h, 0, 5));
	EQ(pcpu[0].res1, 0);
	OK(guest_set_ram(0, (u32)h, IPA_END, IPA_END + 1));
	EQ(pcpu[0].res1, IPA_END);
	/* Up to the end of RAM. */
	OK(guest_set_shared(0, (u32)h, IPA_END - 3, IPA_PFNS));
	EQ(pcpu[0].res1, IPA_END);
	/* Never beyond one block, with or without tables. */
	OK(guest_set_ram(0, (u32)h, IPA, IPA_END));
	EQ(pcpu[0].res1, IPA + 512);
	OK(guest_set_ram(0, (u32)h, IPA_END - 3, IPA_PFNS));
	EQ(pcpu[0].res1, IPA_END);
	OK(guest_set_shared(0, (u32)h, IPA + 1000, IPA + 1100));
	EQ(pcpu[0].res1, IPA + 1024);
	/* Malformed ranges do nothing. */
	OK(guest_set_shared(0, (u32)h, IPA + 9, IPA + 9));
	EQ(pcpu[0].res1, IPA + 9);
	OK(guest_set_shared(0, (u32)h, IPA + 9, IPA));
	EQ(pcpu[0].res1, IPA + 9);
	OK(guest_set_ram(0, (u32)h, IPA + 9, 0));
	EQ(pcpu[0].res1, IPA + 9);
	OK(guest_set_ram(0, (u32)h, ~0ul, ~0ul));
	OK(guest_set_shared(0, (u32)h, 1ul << 52, ~0ul));
	EQ(pcpu[0].res1, 1ul << 52);
}

static void states(void)
{
	start(8);
	expect_state(0, IPA, IPA, IPA_DEV);
	expect_state(0, IPA + 1, IPA, IPA_DEV);
	expect_state(0, 77, 77, IPA_DEV);
	expect_state(IPA, IPA_PFNS, IPA + 512, IPA_RAM);
	expect_state(IPA_END, IPA_PFNS, IPA_PFNS, IPA_DEV);
	OK(guest_set_shared(0, (u32)h, IPA + 1040, IPA + 1100));
	expect_state(IPA + 900, IPA_END, IPA + 1024, IPA_RAM);
	expect_state(IPA + 1030, IPA_END, IPA + 1040, IPA_RAM);
	expect_state(IPA + 1040, IPA_END, IPA + 1100, IPA_EMPTY);
	OK(call_lend(h, IPA + 1050, host_page(), 3 << 8));
	expect_state(IPA + 1040, IPA_END, IPA + 1100, IPA_EMPTY);
	OK(call_donate(h, IPA + 1100, host_page(), 0));
	OK(call_donate(h, IPA + 1102, host_page(), 0));
	expect_state(IPA + 1100, IPA_END, IPA + 1536, IPA_RAM);
	OK(call_force_reclaim(0, h, IPA + 1102));
	expect_state(IPA + 1100, IPA_END, IPA + 1102, IPA_RAM);
	expect_state(IPA + 1102, IPA_END, IPA + 1103, IPA_DESTROYED);
	expect_state(IPA + 1102, IPA + 1103, IPA + 1103, IPA_DESTROYED);
	EQ(guest_set_ram(0, (u32)h, IPA + 1101, IPA_END), KC_EPERM);
	EQ(pcpu[0].res1, IPA + 1102);
	mm_audit();
}

static void faults(void)
{
	start(8);
	EQ(guest_fault_kind((u32)h, 0), KC_FAULT_MMIO);
	EQ(guest_fault_kind((u32)h, IPA - 1), KC_FAULT_MMIO);
	EQ(guest_fault_kind((u32)h, IPA_END), KC_FAULT_MMIO);
	EQ(guest_fault_kind((u32)h, IPA_PFNS), KC_FAULT_MMIO);
	EQ(guest_fault_kind((u32)h, ~0ul), KC_FAULT_MMIO);
	EQ(guest_fault_kind((u32)h, IPA), KC_FAULT_PRIVATE);
	OK(call_donate(h, IPA, host_page(), 0));
	EQ(guest_fault_kind((u32)h, IPA), FAULT_MAPPED);
	OK(guest_set_shared(0, (u32)h, IPA, IPA + 1));
	EQ(guest_fault_kind((u32)h, IPA), KC_FAULT_SHARED);
	OK(call_lend(h, IPA, host_page(), 1 << 8));
	EQ(guest_fault_kind((u32)h, IPA), FAULT_MAPPED);
}

static void store(void)
{
	u64 b;
	u64 lent;

	start(8);
	b = host_block();
	lent = host_page();
	REFUSED(guest_store((u32)h, IPA, 0, 5), KC_EPERM);
	OK(call_donate(h, IPA, b, 9));
	OK(guest_store((u32)h, IPA + 9, 3, 5));
	EQ(fake_word(b + 9, 3), 5);
	OK(guest_set_shared(0, (u32)h, IPA + 9, IPA + 10));
	REFUSED(guest_store((u32)h, IPA + 9, 3, 5), KC_EPERM);
	OK(call_lend(h, IPA + 9, lent, 3 << 8));
	REFUSED(guest_store((u32)h, IPA + 9, 3, 5), KC_EPERM);
	OK(guest_store((u32)h, IPA + 10, 511, 6));
	EQ(fake_word(b + 10, 511), 6);
	REFUSED(guest_store((u32)h, IPA + 10, 512, 6), KC_EPERM);
	REFUSED(guest_store((u32)h, IPA_PFNS, 0, 6), KC_EPERM);
	OK(call_force_reclaim(0, h, IPA + 10));
	REFUSED(guest_store((u32)h, IPA + 10, 0, 6), KC_EPERM);
}

const struct test tests_guest[] = {
	{"RAM to SHARED and back", round_trip},
	{"SHARED in the middle of a block", share_block},
	{"bounds of guest calls", bounds},
	{"IPA_STATE_GET", states},
	{"kinds of faults", faults},
	{"guest_store", store},
	{0, 0},
};
