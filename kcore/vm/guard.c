/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest of pKVM's ABI has said of itself: that it speaks it, and its MMIO guard. From the
 * first page on that the guest guards, an access outside RAM to a page that it has not guarded does
 * not reach KServ: a pointer gone wild, or a device tree that names RAM where there is none, shows
 * no data to KServ and takes none from it.
 */
#include <kcore/calls.h>
#include <kcore/prim.h>

#include "../mm/object.h"
#include "vm.h"

/* Index of the first guarded range that ends or begins beside ipa, or has it; n_guard: none. */
static u32 guard_find(u64 h, u64 ipa)
{
	u32 i = 0u;

	while (i < VM_NGUARD) {
		if (i == vms[h].n_guard)
			return i;
		if (ipa + 1ul >= vms[h].guard[i].base &&
		    ipa <= vms[h].guard[i].base + vms[h].guard[i].n)
			return i;
		i = i + 1u;
	}
	return i;
}

/* Is ipa in a guarded range? */
static u32 guard_has(u64 h, u64 ipa)
{
	u32 i = 0u;

	while (i < VM_NGUARD) {
		if (i == vms[h].n_guard)
			return 0u;
		if (ipa - vms[h].guard[i].base < vms[h].guard[i].n)
			return 1u;
		i = i + 1u;
	}
	return 0u;
}

/*
 * Guard ipa, which is not yet: in the range beside it, or one of its own. Devices are mapped from
 * their first page up, so one range is enough for each; two that grow together stay two.
 */
static u64 guard_put(u64 h, u64 ipa)
{
	u32 i = guard_find(h, ipa);

	if (i == VM_NGUARD)
		return KC_ENOMEM;
	if (i == vms[h].n_guard) {
		vms[h].guard[i].base = ipa;
		vms[h].guard[i].n = 0ul;
		vms[h].n_guard = i + 1u;
	}
	if (ipa < vms[h].guard[i].base)
		vms[h].guard[i].base = ipa;
	vms[h].guard[i].n = vms[h].guard[i].n + 1ul;
	return KC_OK;
}

u64 guard_add(u32 h, u64 ipa_pfn)
{
	u64 r = KC_OK;
	u64 ram;
	u32 has;

	if (ipa_pfn >= IPA_PFNS)
		return KC_EPERM;
	spin_lock(LOCK_MEM);
	ram = ram_end(h, ipa_pfn);
	has = guard_has(h, ipa_pfn);
	if (ram != 0ul)
		r = KC_EPERM;
	if (r == KC_OK && has == 0u)
		r = guard_put(h, ipa_pfn);
	spin_unlock(LOCK_MEM);
	return r;
}

u32 guard_passes(u32 h, u64 ipa_pfn)
{
	u32 r;

	spin_lock(LOCK_MEM);
	r = guard_has(h, ipa_pfn);
	if (vms[h].n_guard == 0u)
		r = 1u;
	spin_unlock(LOCK_MEM);
	return r;
}

u32 guest_pkvm(u32 h)
{
	u32 r;

	spin_lock(LOCK_MEM);
	r = vms[h].pkvm;
	spin_unlock(LOCK_MEM);
	return r;
}

void guest_pkvm_set(u32 h)
{
	spin_lock(LOCK_MEM);
	vms[h].pkvm = 1u;
	spin_unlock(LOCK_MEM);
}
