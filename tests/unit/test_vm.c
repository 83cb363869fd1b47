/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of a VM; declared RAM; tables; counters. */
#include "harness.h"

/* Pages that KServ may not give: each with the code that must refuse it. */
struct bad {
	u64 pfn;
	u64 code;
};

static struct bad bad_pages[10];

static void make_bad(void)
{
	u64 p = make_vm(KC_VM_PROTECTED, 3);
	u64 n = make_vm(0, 3);
	u64 run = host_page();
	u64 lent = host_page();
	u64 priv = host_page();

	OK(call_vcpu_create(n, 0, run, KC_NO_PFN));
	OK(call_lend(n, 0, lent, 7 << 8));
	OK(call_donate(p, IPA, priv, 0));
	bad_pages[0] = (struct bad){core_page(), KC_EPERM};
	bad_pages[1] = (struct bad){run, KC_EBUSY};
	bad_pages[2] = (struct bad){lent, KC_EBUSY};
	bad_pages[3] = (struct bad){priv, KC_EPERM};
	bad_pages[4] = (struct bad){vms[p].root, KC_EPERM};
	bad_pages[5] = (struct bad){0x8010, KC_EINVAL}; /* device */
	bad_pages[6] = (struct bad){0x50000, KC_EINVAL};
	bad_pages[7] = (struct bad){1ul << 52, KC_EINVAL};
	bad_pages[8] = (struct bad){~0ul, KC_EINVAL};
	bad_pages[9] = (struct bad){vms[p].pool, KC_EPERM};
}

static void create(void)
{
	u64 root;

	fake_boot(4, 2);
	root = host_pages(2);
	REFUSED(call_vm_create(0, 2, root), KC_EINVAL);
	REFUSED(call_vm_create(0, ~0ul, root), KC_EINVAL);
	REFUSED(call_vm_create(0, 0, root + 1), KC_EINVAL);
	REFUSED(call_vm_create(0, 0, 0x40000 + 4 * 512), KC_EINVAL); /* behind RAM */
	REFUSED(call_vm_create(0, 0, ~1ul), KC_EINVAL);
	OK(call_vm_create(0, 1, root));
	EQ(pcpu[0].res1, 1);
	EQ(vms[1].state, VM_NEW);
	CHECK(fake_is_zero(root) && fake_is_zero(root + 1));
	REFUSED(call_vm_create(0, 1, root), KC_EPERM);
}

/* Only the second of two pages is wrong. */
static void create_second_page(void)
{
	u64 h;
	u64 root;

	fake_boot(4, 2);
	h = make_vm(0, 3);
	root = host_pages(2);
	OK(call_lend(h, 5, root + 1, 1 << 8));
	REFUSED(call_vm_create(0, 0, root), KC_EBUSY);
	root = host_pages(2);
	OK(call_vm_table(h, root + 1));
	REFUSED(call_vm_create(0, 0, root), KC_EPERM);
}

static void bad_arguments(void)
{
	u64 h;
	u64 t;
	u64 i;

	fake_boot(4, 4);
	make_bad();
	h = make_vm(KC_VM_PROTECTED, 3);
	t = make_vm(KC_VM_PROTECTED, 3);
	EQ(call_vm_teardown(t), KC_OK);
	for (i = 0; i < 10; i++) {
		u64 p = bad_pages[i].pfn;
		u64 code = bad_pages[i].code;

		if (!(p & 1))
			REFUSED(call_vm_create(0, 0, p), code);
		REFUSED(call_vm_table(h, p), code);
		REFUSED(call_donate(h, IPA, p, 0), code);
		REFUSED(call_vcpu_create(h, 3, p, host_page()), code);
		REFUSED(call_vcpu_create(h, 3, host_page(), p), p == ~0ul ? KC_EINVAL : code);
		REFUSED(call_page_reclaim(t, p), code == KC_EINVAL ? KC_EINVAL : KC_EPERM);
		if (!(p & 511))
			REFUSED(call_donate(h, IPA, p, 9), code);
	}
}

/* Handles: never made, out of range, dying, dead. */
static void bad_handles(void)
{
	const u64 never[] = {0, 7, 255, 256, 1ul << 32 | 1, 1ul << 63 | 1, ~0ul};
	u64 h;
	u64 p;
	u64 i;

	fake_boot(4, 2);
	h = make_vm(KC_VM_PROTECTED, 3);
	make_vcpu(h, 0);
	p = host_page();
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		u64 v = never[i];

		REFUSED(call_vm_ram(v, 0, 1), KC_ENOENT);
		REFUSED(call_vm_table(v, p), KC_ENOENT);
		REFUSED(call_vcpu_create(v, 0, p, KC_NO_PFN), KC_ENOENT);
		REFUSED(call_vm_teardown(v), KC_ENOENT);
		REFUSED(call_vm_free(v), KC_ENOENT);
		REFUSED(call_page_reclaim(v, p), KC_ENOENT);
		REFUSED(call_donate(v, IPA, p, 0), KC_ENOENT);
		REFUSED(call_lend(v, IPA, p, 1 << 8), KC_ENOENT);
		REFUSED(call_unlend(0, v, IPA, 1), KC_ENOENT);
		REFUSED(call_lend_prot(0, v, IPA, 1, 1), KC_ENOENT);
		REFUSED(call_force_reclaim(0, v, IPA), KC_ENOENT);
		REFUSED(call_vm_flush(v), KC_ENOENT);
		REFUSED(vcpu_load(0, v, 0), KC_ENOENT);
	}
	OK(call_donate(h, IPA, host_page(), 0));
	REFUSED(call_vm_free(h), KC_ESTATE);
	REFUSED(call_page_reclaim(h, vms[h].root), KC_ESTATE);
	OK(call_vm_teardown(h));
	REFUSED(call_vm_teardown(h), KC_ESTATE);
	REFUSED(call_vm_ram(h, 0, 1), KC_ESTATE);
	REFUSED(call_vm_table(h, p), KC_ESTATE);
	REFUSED(call_vcpu_create(h, 1, p, p), KC_ESTATE);
	REFUSED(call_donate(h, IPA + 1, p, 0), KC_ESTATE);
	REFUSED(call_lend(h, IPA + 1, p, 1 << 8), KC_ESTATE);
	REFUSED(call_lend_prot(0, h, IPA, 1, 1), KC_ESTATE);
	REFUSED(call_force_reclaim(0, h, IPA), KC_ESTATE);
	REFUSED(call_vm_flush(h), KC_ESTATE);
	REFUSED(vcpu_load(0, h, 0), KC_ESTATE);
	REFUSED(call_vm_free(h), KC_EBUSY);
	REFUSED(call_page_reclaim(h, p), KC_EPERM);
}

static void ram(void)
{
	u64 h;
	u64 n;
	u64 i;

	fake_boot(3, 2);
	h = make_vm(KC_VM_PROTECTED, 0);
	n = make_vm(0, 0);
	REFUSED(call_vm_ram(n, 0, 1), KC_ESTATE);
	REFUSED(call_vm_ram(h, 0, 0), KC_EINVAL);
	REFUSED(call_vm_ram(h, IPA_PFNS, 1), KC_EINVAL);
	REFUSED(call_vm_ram(h, IPA_PFNS - 1, 2), KC_EINVAL);
	REFUSED(call_vm_ram(h, 1, ~0ul), KC_EINVAL);
	REFUSED(call_vm_ram(h, 1ul << 52, 1), KC_EINVAL);
	REFUSED(call_vm_ram(h, IPA, 1), KC_EEXIST);
	REFUSED(call_vm_ram(h, IPA_END - 1, 1), KC_EEXIST);
	REFUSED(call_vm_ram(h, IPA - 1, 2), KC_EEXIST);
	REFUSED(call_vm_ram(h, 0, IPA_PFNS), KC_EEXIST);
	OK(call_vm_ram(h, IPA - 1, 1));
	OK(call_vm_ram(h, IPA_PFNS - 1, 1));
	for (i = 3; i < VM_NRAM; i++)
		OK(call_vm_ram(h, i, 1));
	REFUSED(call_vm_ram(h, 0, 1), KC_ENOMEM);
	vm_seal((u32)h);
	REFUSED(call_vm_ram(h, 0, 1), KC_ESTATE);
}

static void handles_run_out(void)
{
	u64 i;

	fake_boot(3, 2);
	for (i = 1; i <= KC_MAX_VMS; i++) {
		EQ(call_vm_create(0, i & 1, host_pages(2)), KC_OK);
		EQ(pcpu[0].res1, i);
	}
	mm_audit();
	REFUSED(call_vm_create(0, 0, host_pages(2)), KC_ENOMEM);
	end_vm(77);
	OK(call_vm_create(0, 0, host_pages(2)));
	EQ(pcpu[0].res1, 77);
}

/* 300 VMs one after another (more than VMIDs) lose no page, and each finds clean memory. */
static void many(void)
{
	u64 free_pages;
	u64 p[8];
	u64 i;
	u64 j;

	fake_boot(2, 2);
	for (j = 0; j < 8; j++)
		p[j] = j < 2 ? (j ? p[0] + 1 : host_pages(2)) : host_page();
	free_pages = count_kind(PG_HOST);
	for (i = 0; i < 300; i++) {
		u64 h;

		OK(call_vm_create(0, 1, p[0]));
		h = pcpu[0].res1;
		OK(call_vm_ram(h, IPA, 2048));
		OK(call_vm_table(h, p[2]));
		OK(call_vm_table(h, p[3]));
		OK(call_vcpu_create(h, 0, p[4], p[5]));
		vm_seal((u32)h);
		CHECK(fake_host_store(p[6], 3, i));
		OK(call_donate(h, IPA + i, p[6], 0));
		CHECK(fake_is_zero(p[6]));
		CHECK(fake_guest_store(h, IPA + i, 9, 0x5ec4e7));
		end_vm(h);
		CHECK(fake_is_zero(p[6]) && fake_is_zero(p[0]) && fake_is_zero(p[5]));
		EQ(count_kind(PG_HOST), free_pages);
	}
}

/* Tables last until what is lent has come back; private pages need not wait. */
static void reclaim_order(void)
{
	u64 h;
	u64 lent;
	u64 priv;
	u64 blk;

	fake_boot(4, 4);
	h = make_vm(KC_VM_PROTECTED, 6);
	make_vcpu(h, 0);
	lent = host_page();
	priv = host_page();
	blk = host_block();
	OK(call_donate(h, IPA, priv, 0));
	OK(call_donate(h, IPA + 512, blk, 9));
	run_vcpu(1, h, 0);
	OK(guest_set_shared(1, (u32)h, IPA + 1, IPA + 2));
	OK(call_lend(h, IPA + 1, lent, 3 << 8));
	REFUSED(call_vm_teardown(h), KC_EBUSY);
	OK(vcpu_put(1));
	OK(call_vm_teardown(h));
	EQ(count_kind(PG_PINNED), 0);
	REFUSED(call_page_reclaim(h, vms[h].root), KC_EBUSY);
	REFUSED(call_page_reclaim(h, lent), KC_EPERM);
	OK(call_page_reclaim(h, priv));
	REFUSED(call_page_reclaim(h, priv), KC_EPERM);
	OK(call_page_reclaim(h, blk + 3));
	REFUSED(call_vm_free(h), KC_EBUSY);
	OK(call_unlend(0, h, IPA, 2));
	OK(call_page_reclaim(h, vms[h].root));
	/* The root is gone: nothing is walked any more. */
	OK(call_unlend(0, h, 0, IPA_PFNS));
	EQ(pcpu[0].res1, IPA_PFNS);
	REFUSED(call_vm_flush(h), KC_ESTATE);
	end_vm_rest(h);
}

static u64 racing_vm;

static void load_first(void)
{
	fake_on_lock(NULL);
	OK(vcpu_load(1, racing_vm, 0));
}

/* Another CPU loads the vCPU after the call has begun, before it gets the lock. */
static void load_before_teardown(void)
{
	fake_boot(3, 2);
	racing_vm = make_vm(KC_VM_PROTECTED, 3);
	make_vcpu(racing_vm, 0);
	fake_on_lock(load_first);
	EQ(call_vm_teardown(racing_vm), KC_EBUSY);
	fake_on_lock(NULL);
	OK(vcpu_put(1));
	OK(call_vm_teardown(racing_vm));
}

static void stat(void)
{
	fake_boot(3, 2);
	make_vm(KC_VM_PROTECTED, 3);
	OK(call_stat(2, KC_STAT_VMS));
	EQ(pcpu[2].res1, 1);
	OK(call_stat(2, KC_STAT_PAGES_VMCORE));
	EQ(pcpu[2].res1, 5);
	OK(call_stat(2, KC_STAT_PAGES_CORE));
	EQ(pcpu[2].res1, boot.core_n);
	OK(call_stat(2, KC_STAT_PAGES_HOST));
	EQ(pcpu[2].res1, 5 * 512 - 5 - boot.core_n);
	pcpu[2].refused = 12;
	OK(call_stat(2, KC_STAT_REFUSED));
	EQ(pcpu[2].res1, 12);
	REFUSED(call_stat(2, KC_STAT_COUNT), KC_EINVAL);
	REFUSED(call_stat(2, ~0ul), KC_EINVAL);
}

const struct test tests_vm[] = {
	{"VM_CREATE", create},
	{"VM_CREATE: only the second page is wrong", create_second_page},
	{"pages that are not KServ's to give", bad_arguments},
	{"handles: never made, dying, dead", bad_handles},
	{"VM_RAM", ram},
	{"handles run out and are used again", handles_run_out},
	{"300 VMs lose no page", many},
	{"order of reclaim", reclaim_order},
	{"a vCPU is loaded just before a teardown", load_before_teardown},
	{"STAT", stat},
	{0, 0},
};
