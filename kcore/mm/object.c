/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks on the VM table. */
#include <kcore/abi.h>
#include <kcore/config.h>

#include "object.h"

struct vm vms[KC_MAX_VMS + 1u];
struct vcpu vcpus[KC_MAX_VMS + 1u][KC_MAX_VCPUS];

u64 vm_check(u64 h)
{
	if (h == 0ul || h > KC_MAX_VMS)
		return KC_ENOENT;
	if (vms[h].state == VM_FREE)
		return KC_ENOENT;
	return KC_OK;
}

u64 vm_check_live(u64 h)
{
	u64 r = vm_check(h);

	if (r != KC_OK)
		return r;
	if (vms[h].state == VM_DYING)
		return KC_ESTATE;
	return KC_OK;
}

u64 vm_check_protected(u64 h)
{
	u64 r = vm_check_live(h);

	if (r != KC_OK)
		return r;
	if (vms[h].is_protected == 0u)
		return KC_ESTATE;
	return KC_OK;
}

u32 ipa_range_ok(u64 ipa, u64 n)
{
	if (ipa >= IPA_PFNS || n == 0ul)
		return 0u;
	return (u32)(n <= IPA_PFNS - ipa);
}

u64 ram_end(u64 h, u64 ipa)
{
	u32 i = 0u;

	while (i < vms[h].n_ram) {
		if (ipa - vms[h].ram[i].base < vms[h].ram[i].n)
			return vms[h].ram[i].base + vms[h].ram[i].n;
		i = i + 1u;
	}
	return 0ul;
}

u64 ram_next(u64 h, u64 ipa)
{
	u32 i = 0u;
	u64 next = KC_NO_PFN;

	while (i < vms[h].n_ram) {
		if (vms[h].ram[i].base > ipa && vms[h].ram[i].base < next)
			next = vms[h].ram[i].base;
		i = i + 1u;
	}
	return next;
}

u32 ram_meets(u64 h, u64 ipa, u64 n)
{
	u64 end = ram_end(h, ipa);
	u64 next = ram_next(h, ipa);

	return (u32)(end != 0ul || next < ipa + n);
}
