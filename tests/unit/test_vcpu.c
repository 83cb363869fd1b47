/* SPDX-License-Identifier: BSD-2-Clause */
/* Making, loading and putting vCPUs. */
#include <kcore/prim.h>

#include "harness.h"

static void create(void)
{
	u64 h;
	u64 n;
	u64 run;
	u64 ctx;
	u64 i;

	fake_boot(3, 2);
	h = make_vm(KC_VM_PROTECTED, 0);
	n = make_vm(0, 0);
	run = host_page();
	ctx = host_page();
	REFUSED(call_vcpu_create(h, KC_MAX_VCPUS, run, ctx), KC_EINVAL);
	REFUSED(call_vcpu_create(h, 1ul << 32, run, ctx), KC_EINVAL);
	REFUSED(call_vcpu_create(h, 0, run, run), KC_EINVAL);
	REFUSED(call_vcpu_create(h, 0, run, KC_NO_PFN), KC_EINVAL);
	REFUSED(call_vcpu_create(n, 0, run, ctx), KC_EINVAL);
	for (i = 0; i < 512; i++)
		CHECK(fake_host_store(run, i, 1000 + i));
	vcpus[h][0].pend = 3;
	OK(call_vcpu_create(h, 0, run, ctx));
	EQ(vcpus[h][0].pend, 0);
	REFUSED(call_vcpu_create(h, 0, host_page(), host_page()), KC_EEXIST);
	for (i = 0; i < 512; i++) {
		u64 v = 0;

		if (i < 4 || i == CTX_PC)
			v = 1000 + i;
		if (i == CTX_PSTATE)
			v = 0x3c5;
		if (i == CTX_SCTLR)
			v = 0x30d00800;
		if (i == CTX_MPIDR)
			v = 1ul << 31;
		EQ(fake_word(ctx, i), v);
	}
	EQ(vcpus[h][0].power, VCPU_ON);
	EQ(host_maps(run), 1);
	EQ(host_maps(ctx), 0);
	vm_seal((u32)h);
	/* A run page is used once, is not donated, lent, or made a context. */
	REFUSED(call_vcpu_create(h, 1, run, host_page()), KC_EBUSY);
	REFUSED(call_vcpu_create(h, 1, host_page(), run), KC_EBUSY);
	REFUSED(call_donate(h, IPA, run, 0), KC_EBUSY);
	REFUSED(call_lend(n, 0, run, 1 << 8), KC_EBUSY);
	REFUSED(call_vm_table(n, run), KC_EBUSY);
	OK(call_vcpu_create(h, 15, host_page(), host_page()));
	EQ(vcpus[h][15].power, VCPU_OFF);
	EQ(fake_word(vcpus[h][15].ctx_pfn, CTX_MPIDR), (1ul << 31) | 15);
	EQ(fake_word(vcpus[h][15].ctx_pfn, CTX_PC), 0);
	OK(call_vcpu_create(n, 1, host_page(), KC_NO_PFN));
	EQ(vcpus[n][1].power, VCPU_ON);
	EQ(vcpus[n][1].ctx_pfn, vcpus[n][1].run_pfn);
	OK(call_vm_teardown(h)); /* vCPUs 0 and 15 */
}

/* The boot vCPU is part of the image; the others may come later. */
static void create_late(void)
{
	u64 h;
	u64 n;

	fake_boot(3, 2);
	h = make_vm(KC_VM_PROTECTED, 0);
	n = make_vm(0, 0);
	make_vcpu(h, 1);
	vm_seal((u32)h);
	vm_seal((u32)n);
	REFUSED(call_vcpu_create(h, 0, host_page(), host_page()), KC_ESTATE);
	OK(call_vcpu_create(h, 2, host_page(), host_page()));
	OK(call_vcpu_create(n, 0, host_page(), KC_NO_PFN));
	REFUSED(vcpu_load(0, h, KC_MAX_VCPUS), KC_ENOENT);
}

/* CPU_ON after CPU_OFF finds nothing of the old registers and nothing of the run page. */
static void reset_again(void)
{
	u64 h;
	u64 ctx;
	u64 i;

	fake_boot(3, 2);
	h = make_vm(KC_VM_PROTECTED, 0);
	make_vcpu(h, 0);
	ctx = vcpus[h][0].ctx_pfn;
	for (i = 0; i < 512; i++)
		CHECK(fake_host_store(vcpus[h][0].run_pfn, i, ~0ul));
	spin_lock(LOCK_MEM);
	vcpu_reset(h, 0);
	spin_unlock(LOCK_MEM);
	for (i = 0; i < CTX_WORDS; i++)
		CHECK(fake_word(ctx, i) == 0 || i == CTX_PSTATE || i == CTX_SCTLR ||
		      i == CTX_MPIDR);
}

/* All orders of up to 5 calls on two CPUs and two vCPUs, against a model. */
static u64 h0;

static void step(u32 op, u32 *on)
{
	u32 cpu = op & 1;
	u32 idx = (op >> 1) & 1;
	u64 want = KC_OK;
	u64 got;

	if (op >= 4) {
		want = on[cpu] ? KC_OK : KC_ENOENT;
		got = vcpu_put(cpu);
		on[cpu] = 0;
	} else {
		if (on[cpu] || on[1 - cpu] == idx + 1)
			want = KC_EBUSY;
		got = vcpu_load(cpu, h0, idx);
		if (want == KC_OK)
			on[cpu] = idx + 1;
	}
	EQ(got, want);
	EQ(vms[h0].n_loaded, (on[0] != 0) + (on[1] != 0));
	EQ(call_vm_teardown(h0 + 1), KC_ENOENT);
}

static void load_orders(void)
{
	u32 seq;

	fake_boot(2, 1);
	h0 = make_vm(KC_VM_PROTECTED, 0);
	make_vcpu(h0, 0);
	make_vcpu(h0, 1);
	REFUSED(vcpu_load(0, h0, 2), KC_ENOENT);
	REFUSED(vcpu_load(0, h0, KC_MAX_VCPUS), KC_ENOENT);
	REFUSED(vcpu_load(0, h0, ~0ul), KC_ENOENT);
	for (seq = 0; seq < 6 * 6 * 6 * 6 * 6; seq++) {
		u32 on[2] = {0, 0};
		u32 s = seq;
		u32 k;

		for (k = 0; k < 5; k++, s /= 6)
			step(s % 6, on);
		if (seq % 97 == 0)
			mm_audit();
		if (on[0] || on[1])
			REFUSED(call_vm_teardown(h0), KC_EBUSY);
		if (on[0])
			EQ(vcpu_put(0), KC_OK);
		if (on[1])
			EQ(vcpu_put(1), KC_OK);
	}
	OK(call_vm_teardown(h0));
}

const struct test tests_vcpu[] = {
	{"VCPU_CREATE", create},
	{"VCPU_CREATE after the first run", create_late},
	{"reset after CPU_OFF", reset_again},
	{"LOAD and PUT in all orders", load_orders},
	{0, 0},
};
