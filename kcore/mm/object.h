/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks on the VM table (vm/vm.h). Lock held. */
#ifndef KCORE_MM_OBJECT_H
#define KCORE_MM_OBJECT_H

#include <kcore/types.h>

#include "../vm/vm.h"

/* KC_ENOENT: h is not a handle of a VM. */
MUST_CHECK u64 vm_check(u64 h);
/* The same, and KC_ESTATE: the VM is DYING. */
MUST_CHECK u64 vm_check_live(u64 h);
/* The same, and KC_ESTATE: the VM is not protected. */
MUST_CHECK u64 vm_check_protected(u64 h);

/* 1 if ipas [ipa, ipa + n) are not empty and below IPA_PFNS. */
u32 ipa_range_ok(u64 ipa, u64 n);

/* Declared RAM of VM h: the end of the range that has ipa, or 0. */
u64 ram_end(u64 h, u64 ipa);
/* The first declared ipa above ipa, or KC_NO_PFN. */
u64 ram_next(u64 h, u64 ipa);
/* 1 if some ipa of [ipa, ipa + n) is declared. */
u32 ram_meets(u64 h, u64 ipa, u64 n);

#endif
