/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pKVM's memory services for guests (Linux, Documentation/virt/kvm/arm/hypercalls.rst): the other
 * way in which a kernel learns that its memory is private and says what it shares. The same states
 * of pages as RSI's (rsi.c), one page a call; an address is the same shared or private. Sharing
 * keeps the content, which is told to KServ, as the guest asks for. A page that is private again is
 * zero. docs/guests.md says what else differs from pKVM.
 */
#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vm/vm.h"
#include "pkvm.h"
#include "vcpu.h"

/* x0..x3 of the answer. */
static u32 answer(u32 cpu, u64 x0, u64 x1, u64 x2, u64 x3)
{
	guest_reg_set(cpu, 0ul, x0);
	guest_reg_set(cpu, 1ul, x1);
	guest_reg_set(cpu, 2ul, x2);
	guest_reg_set(cpu, 3ul, x3);
	return GUEST_RESUME;
}

/* The state of one page has changed: the guest's answer, and KServ hears of it. */
static u32 page_done(u32 cpu, u64 ipa_pfn, u32 code)
{
	u64 run = vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].run_pfn;

	pg_set(run, RUN_X(0u), ipa_pfn);
	pg_set(run, RUN_X(1u), 1ul);
	(void)answer(cpu, PKVM_SUCCESS, 0ul, 0ul, 0ul);
	return code;
}

/* KServ owes a page for the content at ipa_pfn. */
static u32 copy_wanted(u32 cpu, u64 ipa_pfn)
{
	u64 run = vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].run_pfn;
	u32 code = retry_with(cpu, ipa_pfn, KC_EXIT_COPY);

	pg_set(run, RUN_X(0u), ipa_pfn);
	return code;
}

/*
 * A page that the guest has not touched yet becomes a private one first, as pKVM has it: so its
 * content is zero when it is shared, not what KServ has at hand.
 */
static u32 mem_share(u32 cpu, u64 ipa_pfn)
{
	u32 h = pcpu[cpu].vm;
	u64 dst = pg_get(vcpus[h][pcpu[cpu].vcpu].run_pfn, RUN_COPY);
	u64 kind = guest_fault_kind(h, ipa_pfn);
	u64 r;

	if (kind == KC_FAULT_PRIVATE)
		return retry_with(cpu, ipa_pfn, KC_EXIT_TRAP);
	r = guest_copy_out(h, ipa_pfn, dst);
	if (r == KC_ENOENT) /* shared already, DESTROYED, or not RAM */
		return answer(cpu, PKVM_INVALID, 0ul, 0ul, 0ul);
	if (r != KC_OK)
		return copy_wanted(cpu, ipa_pfn);
	r = guest_set_shared(cpu, h, ipa_pfn, ipa_pfn + 1ul);
	if (r == KC_ENOMEM)
		return retry_with(cpu, ipa_pfn, KC_EXIT_TABLE);
	if (pcpu[cpu].res1 == ipa_pfn)
		return answer(cpu, PKVM_INVALID, 0ul, 0ul, 0ul);
	return page_done(cpu, ipa_pfn, KC_EXIT_SHARE);
}

static u32 mem_unshare(u32 cpu, u64 ipa_pfn)
{
	u32 h = pcpu[cpu].vm;
	u64 r;

	guest_ipa_state(cpu, h, ipa_pfn, ipa_pfn + 1ul);
	if (pcpu[cpu].res2 != IPA_EMPTY)
		return answer(cpu, PKVM_INVALID, 0ul, 0ul, 0ul);
	r = guest_set_ram(cpu, h, ipa_pfn, ipa_pfn + 1ul);
	if (r != KC_OK)
		return answer(cpu, PKVM_INVALID, 0ul, 0ul, 0ul);
	return page_done(cpu, ipa_pfn, KC_EXIT_UNSHARE);
}

static u32 mmio_guard(u32 cpu, u64 ipa_pfn)
{
	u64 r = guard_add(pcpu[cpu].vm, ipa_pfn);

	if (r != KC_OK)
		return answer(cpu, PKVM_INVALID, 0ul, 0ul, 0ul);
	return answer(cpu, PKVM_SUCCESS, 0ul, 0ul, 0ul);
}

/* The calls on memory: x1 names a page, or is zero, and x2 and x3 are zero. */
static u32 pkvm_memory(u32 cpu, u64 fid)
{
	u64 ipa = guest_reg(cpu, 1ul);
	u64 x2 = guest_reg(cpu, 2ul);
	u64 x3 = guest_reg(cpu, 3ul);

	if ((ipa & 0xffful) != 0ul || (ipa >> IPA_BITS) != 0ul || (x2 | x3) != 0ul)
		return answer(cpu, PKVM_INVALID, 0ul, 0ul, 0ul);
	if (fid == PKVM_MEM_SHARE)
		return mem_share(cpu, ipa >> 12);
	if (fid == PKVM_MEM_UNSHARE)
		return mem_unshare(cpu, ipa >> 12);
	if (fid == PKVM_MMIO_GUARD)
		return mmio_guard(cpu, ipa >> 12);
	if (ipa != 0ul)
		return answer(cpu, PKVM_INVALID, 0ul, 0ul, 0ul);
	guest_pkvm_set(pcpu[cpu].vm);
	return answer(cpu, 0x1000ul, 0ul, 0ul, 0ul); /* shared and private by the page */
}

/* The guest's call fid, PC already behind the instruction. */
u32 guest_pkvm_call(u32 cpu, u64 fid)
{
	switch (fid) {
	case PKVM_UID:
		return answer(cpu, PKVM_UID0, PKVM_UID1, PKVM_UID2, PKVM_UID3);
	case PKVM_FEATURES:
		return answer(cpu, PKVM_HAS, 0ul, 0ul, 0ul);
	case PKVM_MEMINFO:
	case PKVM_MEM_SHARE:
	case PKVM_MEM_UNSHARE:
	case PKVM_MMIO_GUARD:
		return pkvm_memory(cpu, fid);
	default:
		return answer(cpu, PKVM_NOT_SUPPORTED, 0ul, 0ul, 0ul);
	}
}
