/* SPDX-License-Identifier: BSD-2-Clause */
/* pKVM's memory services for a protected guest, and its MMIO guard. */
#include "cpu.h"

static u64 h;

/* A running VM with a private page at IPA that holds SECRET. */
static u64 guest(void)
{
	u64 p;

	h = loaded_vm(KC_VM_PROTECTED);
	p = host_page();
	EQ(hvc(0, KC_DONATE, h, IPA, p, 0), KC_OK);
	run();
	CHECK(fake_guest_store(h, IPA, 511, 0x5ec4e7));
	return p;
}

/* The call ends with that result in the guest, without an exit. */
static void says(u64 fid, u64 a1, u64 a2, u64 result)
{
	call(fid, a1, a2, 0);
	EQ(pcpu[0].in_guest, 1);
	EQ(c0->x[0], result);
	mm_audit();
}

/* The call makes KServ owe something: exit code, and the guest calls again. */
static void owes(u64 fid, u64 ipa, u64 code)
{
	c0->elr = ENTRY + 4;
	call(fid, ipa << 12, 0, 0);
	exited(code);
	run();
	EQ(c0->elr, ENTRY);
	EQ(c0->x[0], fid);
}

static void discovery(void)
{
	guest();
	says(PKVM_UID, 0, 0, PKVM_UID0);
	EQ(c0->x[1], PKVM_UID1);
	EQ(c0->x[2], PKVM_UID2);
	EQ(c0->x[3], PKVM_UID3);
	says(PKVM_FEATURES, 0, 0, PKVM_HAS);
	EQ(c0->x[1] | c0->x[2] | c0->x[3], 0);
	says(PKVM_MEMINFO, 4096, 0, PKVM_INVALID);
	says(PKVM_MEMINFO, 0, 1, PKVM_INVALID);
	says(RSI_VERSION, RSI_ABI, 0, RSI_SUCCESS); /* not chosen yet */
	says(PKVM_MEMINFO, 0, 0, 4096);
	says(RSI_VERSION, RSI_ABI, 0, RSI_NOT_SUPPORTED);
	says(PKVM_LAST, 0, 0, PKVM_NOT_SUPPORTED);
	says(PKVM_LAST + 1, 0, 0, PSCI_NOT_SUPPORTED);
	says(KC_VERSION, 0, 0, PSCI_NOT_SUPPORTED);
}

/* The content goes to the page that KServ names, and nowhere else; the private page comes back zero. */
static void share(void)
{
	u64 p = guest();
	u64 copy = host_page();
	u64 v;

	owes(PKVM_MEM_SHARE, IPA, KC_EXIT_COPY);
	EQ(run_word(RUN_X(0)), IPA);
	CHECK(fake_guest_load(h, IPA, 511, &v));
	answer(RUN_COPY, copy);
	answer(RUN_X(0), 7);
	EQ(guest_copy_out((u32)h, IPA_PFNS + IPA, copy), KC_ENOENT);
	call(PKVM_MEM_SHARE, IPA << 12, 0, 0);
	exited(KC_EXIT_SHARE);
	EQ(run_word(RUN_X(0)), IPA);
	EQ(run_word(RUN_X(1)), 1);
	EQ(guest_fault_kind((u32)h, IPA + 1), KC_FAULT_PRIVATE);
	EQ(fake_word(copy, 511), 0x5ec4e7);
	EQ(fake_meta(p), PG_HOST);
	CHECK(fake_is_zero(p));
	CHECK(!fake_guest_load(h, IPA, 511, &v));
	EQ(hvc(0, KC_LEND, h, IPA, copy, 3 << 8), KC_OK);
	run();
	EQ(c0->x[0], PKVM_SUCCESS);
	CHECK(fake_guest_load(h, IPA, 511, &v));
	EQ(v, 0x5ec4e7);
	/* Twice: the page is not the VM's own any more. */
	says(PKVM_MEM_SHARE, IPA << 12, 0, PKVM_INVALID);
	call(PKVM_MEM_UNSHARE, IPA << 12, 0, 0);
	exited(KC_EXIT_UNSHARE);
	EQ(run_word(RUN_X(0)), IPA);
	EQ(run_word(RUN_X(1)), 1);
	EQ(fake_meta(copy), PG_HOST);
	run();
	EQ(c0->x[0], PKVM_SUCCESS);
	says(PKVM_MEM_UNSHARE, IPA << 12, 0, PKVM_INVALID);
	EQ(fake_word(copy, 511), 0x5ec4e7);
	CHECK(fake_trap(0, 1, 0, 0, 0));
	EQ(hvc(0, KC_DONATE, h, IPA, copy, 0), KC_OK);
	CHECK(fake_is_zero(copy));
	run();
	says(PKVM_MEM_UNSHARE, IPA << 12, 0, PKVM_INVALID);
}

/* Pages that must not get the content: then nothing is shared. */
static void wrong_copy(void)
{
	u64 p = guest();
	u64 wrong[] = {0,           core_page(), p,        vcpus[h][0].run_pfn, vcpus[h][0].ctx_pfn,
		       vms[h].root, KC_NO_PFN,   1ul << 28};
	u64 i;
	u64 v;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		CHECK(fake_trap(0, 1, 0, 0, 0));
		answer(RUN_COPY, wrong[i]);
		run();
		owes(PKVM_MEM_SHARE, IPA, KC_EXIT_COPY);
		CHECK(fake_guest_load(h, IPA, 511, &v));
		EQ(v, 0x5ec4e7);
	}
}

static void wrong_pages(void)
{
	u64 copy;

	guest();
	copy = host_page();
	CHECK(fake_trap(0, 1, 0, 0, 0));
	answer(RUN_COPY, copy);
	run();
	says(PKVM_MEM_SHARE, (IPA << 12) + 8, 0, PKVM_INVALID);
	says(PKVM_MEM_SHARE, IPA << 12, 1, PKVM_INVALID);
	says(PKVM_MEM_SHARE, MMIO, 0, PKVM_INVALID); /* not RAM */
	says(PKVM_MEM_SHARE, IPA_END << 12, 0, PKVM_INVALID);
	says(PKVM_MEM_SHARE, (IPA << 12) | 1ul << 40, 0, PKVM_INVALID);
	says(PKVM_MEM_UNSHARE, MMIO, 0, PKVM_INVALID);
	says(PKVM_MEM_UNSHARE, IPA << 12, 0, PKVM_INVALID); /* private */
	says(PKVM_MEM_UNSHARE, (IPA + 1) << 12, 0, PKVM_INVALID);
	CHECK(fake_word(copy, 511) != 0x5ec4e7);
	/* Not touched yet: it becomes private first. */
	owes(PKVM_MEM_SHARE, IPA + 1, KC_EXIT_TRAP);
	EQ(run_word(RUN_FAULT), KC_FAULT_PRIVATE);
	EQ(run_word(RUN_HPFAR), (IPA + 1) << 4);
	CHECK(fake_trap(0, 1, 0, 0, 0));
	EQ(hvc(0, KC_FORCE_RECLAIM, h, IPA, 0, 0), KC_OK);
	run();
	says(PKVM_MEM_SHARE, IPA << 12, 0, PKVM_INVALID);
	says(PKVM_MEM_UNSHARE, IPA << 12, 0, PKVM_INVALID);
}

/* In a block of 2 MiB, without a table to split it: nothing is copied twice to different ends. */
static void share_block(void)
{
	u64 b;
	u64 copy;
	u64 v;

	h = loaded_with(KC_VM_PROTECTED, 1);
	b = host_block();
	copy = host_page();
	EQ(hvc(0, KC_DONATE, h, IPA, b, 9), KC_OK);
	EQ(vms[h].n_pool, 0);
	answer(RUN_COPY, copy);
	run();
	CHECK(fake_guest_store(h, IPA + 7, 0, 0x5ec4e7));
	owes(PKVM_MEM_SHARE, IPA + 7, KC_EXIT_TABLE);
	CHECK(fake_guest_load(h, IPA + 7, 0, &v));
	CHECK(fake_trap(0, 1, 0, 0, 0));
	add_tables(h, 1);
	run();
	call(PKVM_MEM_SHARE, (IPA + 7) << 12, 0, 0);
	exited(KC_EXIT_SHARE);
	EQ(fake_word(copy, 0), 0x5ec4e7);
	CHECK(fake_is_zero(b + 7));
	EQ(fake_meta(b + 7), PG_HOST);
	CHECK(fake_meta(b + 6) != PG_HOST);
}

/* A load from ipa: 1 if it exits as MMIO, else the guest gets an abort. */
static u32 is_device(u64 ipa)
{
	fill_guest();
	CHECK(fake_trap(0, 0, DATA(2ul, 3), SECRET, ipa << 4));
	if (pcpu[0].in_guest) {
		EQ(c0->elr, 0x80200);
		EQ(c0->sys[CTX_ESR], ESR(EC_DABT_CUR) | 0x10);
		return 0;
	}
	exited(KC_EXIT_TRAP);
	EQ(run_word(RUN_FAULT), KC_FAULT_MMIO);
	run();
	return 1;
}

static void guard(void)
{
	u64 i;

	guest();
	EQ(is_device(0x9000), 1);
	says(PKVM_MMIO_GUARD, 0x9000004, 0, PKVM_INVALID);
	says(PKVM_MMIO_GUARD, 0x9000000, 1, PKVM_INVALID);
	says(PKVM_MMIO_GUARD, IPA << 12, 0, PKVM_INVALID);
	says(PKVM_MMIO_GUARD, 1ul << 40, 0, PKVM_INVALID);
	EQ(is_device(0x9000), 1);
	says(PKVM_MMIO_GUARD, 0x9000000, 0, PKVM_SUCCESS);
	EQ(is_device(0x9000), 1);
	EQ(is_device(0x8fff), 0);
	EQ(is_device(0x9001), 0);
	EQ(is_device(IPA_END), 0);
	EQ(is_device(KC_NO_PFN >> 24), 0);
	says(PKVM_MMIO_GUARD, 0x9001000, 0, PKVM_SUCCESS);
	says(PKVM_MMIO_GUARD, 0x9000000, 0, PKVM_SUCCESS);
	says(PKVM_MMIO_GUARD, 0x8fff000, 0, PKVM_SUCCESS);
	EQ(vms[h].n_guard, 1);
	for (i = 0x8ffe; i < 0x9003; i++)
		EQ(is_device(i), (u64)(i >= 0x8fff && i <= 0x9001));
	for (i = 1; i < VM_NGUARD; i++)
		says(PKVM_MMIO_GUARD, 0x10000000ul + (i << 13), 0, PKVM_SUCCESS);
	says(PKVM_MMIO_GUARD, 0x1000000ul, 0, PKVM_INVALID);
	says(PKVM_MMIO_GUARD, 0x10003000ul, 0, PKVM_SUCCESS); /* grows one */
	EQ(is_device(0x10003), 1);
	EQ(is_device(0x10000), 0);
	EQ(is_device(0x1000), 0);
	/* A page of RAM that is missing is no device's, whatever KServ answers. */
	fill_guest();
	CHECK(fake_trap(0, 0, DATA(2ul, 3), SECRET, (IPA + 3) << 4));
	exited(KC_EXIT_TRAP);
	EQ(run_word(RUN_FAULT), KC_FAULT_PRIVATE);
	answer(RUN_X(0), 77);
	answer(RUN_FAULT, KC_FAULT_MMIO);
	run();
	EQ(c0->x[3], SECRET + 3);
	EQ(c0->elr, ENTRY);
}

/* The next VM of the handle starts anew. */
static void reused(void)
{
	u64 old;

	guest();
	old = h;
	says(PKVM_MEMINFO, 0, 0, 4096);
	says(PKVM_MMIO_GUARD, 0x9000000, 0, PKVM_SUCCESS);
	CHECK(fake_trap(0, 1, 0, 0, 0));
	EQ(hvc(0, KC_VCPU_PUT, 0, 0, 0, 0), KC_OK);
	EQ(hvc(0, KC_VM_TEARDOWN, h, 0, 0, 0), KC_OK);
	end_vm_rest(h);
	EQ(make_vm(KC_VM_PROTECTED, 8), old);
	EQ(vms[old].pkvm, 0);
	EQ(vms[old].n_guard, 0);
	EQ(guard_passes((u32)old, 0x8000), 1);
}

const struct test tests_pkvm[] = {{"pkvm: discovery, and RSI no more", discovery},
				  {"pkvm: share, unshare", share},
				  {"pkvm: KServ names a wrong page for the content", wrong_copy},
				  {"pkvm: pages that cannot be shared", wrong_pages},
				  {"pkvm: a page of a block", share_block},
				  {"pkvm: MMIO guard", guard},
				  {"pkvm: the handle is used again", reused},
				  {NULL, NULL}};
