/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The realm services interface (Arm DEN 0137) as far as stock kernels use it: this is how an
 * unmodified kernel learns that its memory is private and says what it shares. Differences from a
 * CCA realm are in docs/guests.md: no alias bit, no attestation yet.
 */
#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/control.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vm/vm.h"
#include "rsi.h"
#include "vcpu.h"

/*
 * Run the call again after KServ has acted: PC back on the instruction (HVC and SMC are 4 bytes).
 */
u32 retry_with(u32 cpu, u64 ipa_pfn, u32 code)
{
	u64 run = vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].run_pfn;
	u64 pc = elr_get();

	elr_set(pc - 4ul);
	pg_set(run, RUN_X(0u), 0ul);
	if (code == KC_EXIT_TRAP) {
		pg_set(run, RUN_ESR, (EC_DABT_LOW << 26) | ESR_IL | ESR_WNR | 7ul);
		pg_set(run, RUN_FAR, 0ul);
		pg_set(run, RUN_HPFAR, ipa_pfn << 4);
		pg_set(run, RUN_FAULT, KC_FAULT_PRIVATE);
	}
	return code;
}

static u32 rsi_version(u32 cpu)
{
	u64 wanted = guest_reg(cpu, 1ul);
	u64 r = RSI_SUCCESS;

	if (wanted != RSI_ABI)
		r = RSI_ERROR_INPUT;
	guest_reg_set(cpu, 0ul, r);
	guest_reg_set(cpu, 1ul, RSI_ABI);
	guest_reg_set(cpu, 2ul, RSI_ABI);
	return GUEST_RESUME;
}

/* Write the configuration into the guest's own page: no alias bit, no measurement algorithm. */
static u32 rsi_realm_config(u32 cpu)
{
	u64 ipa = guest_reg(cpu, 1ul);
	u32 h = pcpu[cpu].vm;
	u64 r;
	u64 kind;

	if ((ipa & 0xffful) != 0ul || (ipa >> IPA_BITS) != 0ul) {
		guest_reg_set(cpu, 0ul, RSI_ERROR_INPUT);
		return GUEST_RESUME;
	}
	r = guest_store(h, ipa >> 12, 0ul, RSI_IPA_BITS_NO_ALIAS);
	if (r == KC_OK)
		r = guest_store(h, ipa >> 12, 1ul, 0ul);
	if (r == KC_OK) {
		guest_reg_set(cpu, 0ul, RSI_SUCCESS);
		return GUEST_RESUME;
	}
	kind = guest_fault_kind(h, ipa >> 12);
	if (kind == KC_FAULT_PRIVATE)
		return retry_with(cpu, ipa >> 12, KC_EXIT_TRAP);
	guest_reg_set(cpu, 0ul, RSI_ERROR_INPUT);
	return GUEST_RESUME;
}

/* 1 if [base, top) is a non-empty range of whole pages in the address space. */
static u32 range_ok(u64 base, u64 top)
{
	u32 ok = 0;

	if (((base | top) & 0xffful) == 0ul && base < top && (top >> 12) <= IPA_PFNS)
		ok = 1;
	return ok;
}

/*
 * The answer to IPA_STATE_SET: how far it came. No progress is an error: a guest would ask for
 * ever. With progress KServ hears which ipas have changed.
 */
static u32 state_set_done(u32 cpu, u64 base_pfn, u64 done_pfn, u32 code)
{
	u64 run = vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].run_pfn;

	if (done_pfn == base_pfn) {
		guest_reg_set(cpu, 0ul, RSI_ERROR_INPUT);
		return GUEST_RESUME;
	}
	pg_set(run, RUN_X(0u), base_pfn);
	pg_set(run, RUN_X(1u), done_pfn - base_pfn);
	guest_reg_set(cpu, 0ul, RSI_SUCCESS);
	guest_reg_set(cpu, 1ul, done_pfn << 12);
	guest_reg_set(cpu, 2ul, 0ul); /* accepted */
	return code;
}

static u32 rsi_state_set(u32 cpu)
{
	u32 h = pcpu[cpu].vm;
	u64 base = guest_reg(cpu, 1ul);
	u64 top = guest_reg(cpu, 2ul);
	u64 state = guest_reg(cpu, 3ul);
	u32 ok = range_ok(base, top);
	u32 code = KC_EXIT_SHARE;
	u64 r;

	if (ok == 0u || state > RSI_RAM) {
		guest_reg_set(cpu, 0ul, RSI_ERROR_INPUT);
		return GUEST_RESUME;
	}
	if (state == RSI_RAM) {
		r = guest_set_ram(cpu, h, base >> 12, top >> 12);
		code = KC_EXIT_UNSHARE;
	} else {
		r = guest_set_shared(cpu, h, base >> 12, top >> 12);
	}
	if (r == KC_ENOMEM && pcpu[cpu].res1 == base >> 12)
		return retry_with(cpu, 0ul, KC_EXIT_TABLE);
	return state_set_done(cpu, base >> 12, pcpu[cpu].res1, code);
}

static u32 rsi_state_get(u32 cpu)
{
	u32 h = pcpu[cpu].vm;
	u64 base = guest_reg(cpu, 1ul);
	u64 top = guest_reg(cpu, 2ul);
	u32 ok = range_ok(base, top);

	if (ok == 0u) {
		guest_reg_set(cpu, 0ul, RSI_ERROR_INPUT);
		return GUEST_RESUME;
	}
	guest_ipa_state(cpu, h, base >> 12, top >> 12);
	guest_reg_set(cpu, 0ul, RSI_SUCCESS);
	guest_reg_set(cpu, 1ul, pcpu[cpu].res1 << 12);
	guest_reg_set(cpu, 2ul, pcpu[cpu].res2);
	return GUEST_RESUME;
}

/* The guest's call fid, PC already behind the instruction. */
u32 guest_rsi(u32 cpu, u64 fid)
{
	switch (fid) {
	case RSI_VERSION:
		return rsi_version(cpu);
	case RSI_REALM_CONFIG:
		return rsi_realm_config(cpu);
	case RSI_IPA_STATE_SET:
		return rsi_state_set(cpu);
	case RSI_IPA_STATE_GET:
		return rsi_state_get(cpu);
	default:
		guest_reg_set(cpu, 0ul, RSI_NOT_SUPPORTED);
		return GUEST_RESUME;
	}
}
