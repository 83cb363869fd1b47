/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of the memory and VM part (kcore/mm, kcore/vm), for the dispatcher and the vCPU code.
 *
 * call_*: one per KC_* function of abi.h, with the arguments exactly as KServ gave them: every
 * check is made here. They answer with the status for x0; results are in pcpu[cpu].res1 (x1),
 * written only when the status is KC_OK. On an error nothing has changed. All of them take LOCK_MEM
 * themselves, and none may be called with it held. docs/abi.md lists the errors of each call.
 */
#ifndef KCORE_CALLS_H
#define KCORE_CALLS_H

#include <kcore/types.h>

/* KServ's calls. */
MUST_CHECK u64 call_stat(u32 cpu, u64 item);
MUST_CHECK u64 call_vm_create(u32 cpu, u64 flags, u64 root_pfn);
MUST_CHECK u64 call_vm_ram(u64 h, u64 ipa_pfn, u64 n_pages);
MUST_CHECK u64 call_vm_table(u64 h, u64 pfn);
MUST_CHECK u64 call_vcpu_create(u64 h, u64 idx, u64 run_pfn, u64 ctx_pfn);
MUST_CHECK u64 call_vm_teardown(u64 h);
MUST_CHECK u64 call_vm_free(u64 h);
MUST_CHECK u64 call_page_reclaim(u64 h, u64 pfn);
MUST_CHECK u64 call_donate(u64 h, u64 ipa_pfn, u64 pfn, u64 order);
MUST_CHECK u64 call_lend(u64 h, u64 ipa_pfn, u64 pfn, u64 order_prot);
MUST_CHECK u64 call_unlend(u32 cpu, u64 h, u64 ipa_pfn, u64 n_pages);
MUST_CHECK u64 call_lend_prot(u32 cpu, u64 h, u64 ipa_pfn, u64 n_pages, u64 prot);
MUST_CHECK u64 call_force_reclaim(u32 cpu, u64 h, u64 ipa_pfn);
MUST_CHECK u64 call_vm_flush(u64 h);

/*
 * Give vCPU idx of VM h to this CPU: pcpu[cpu].vm and .vcpu name it until vcpu_put. While it is
 * loaded its VM cannot be torn down: vms[h] (but for state, pool and counters) and vcpus[h][idx]
 * may then be read without a lock. KC_ENOENT: no such VM or vCPU. KC_EBUSY: loaded already, or this
 * CPU has one. KC_ESTATE: the VM is DYING.
 */
MUST_CHECK u64 vcpu_load(u32 cpu, u64 h, u64 idx);
/* KC_ENOENT: this CPU has no vCPU loaded. */
MUST_CHECK u64 vcpu_put(u32 cpu);
/* First run: NEW -> SEALED; nothing when it is SEALED already. h: a loaded vCPU's VM. */
void vm_seal(u32 h);

/*
 * A guest's calls. h is the VM of the vCPU loaded on this CPU and is protected. ipa_pfn < end_pfn,
 * both at most IPA_PFNS. Each stays inside the 2 MiB block of ipa_pfn and one declared RAM range:
 * pcpu[cpu].res1 = first ipa_pfn not done, always written, res1 == ipa_pfn: nothing done. res1 is
 * a function of what the guest knows: its arguments, its declared RAM, its DESTROYED ipas.
 *
 * guest_set_shared: private pages go back to KServ zeroed, the ipas are SHARED. Stops at a
 * DESTROYED ipa and at these ends (KC_OK, look at res1). KC_ENOMEM: nothing done, the block needs a
 * table and the pool is empty; KServ refills it and the guest calls again. guest_set_ram: SHARED
 * ipas lose what was lent there and are UNUSED. RAM stays as it is, with its content. Stops at
 * these ends (KC_OK). KC_EPERM: res1 is DESTROYED.
 */
MUST_CHECK u64 guest_set_shared(u32 cpu, u32 h, u64 ipa_pfn, u64 end_pfn);
MUST_CHECK u64 guest_set_ram(u32 cpu, u32 h, u64 ipa_pfn, u64 end_pfn);

/* res1 = end of the run of ipas in the same state, res2 = the state; same bounds. */
#define IPA_EMPTY     0ul /* SHARED */
#define IPA_RAM       1ul /* UNUSED or private, in declared RAM */
#define IPA_DESTROYED 2ul
#define IPA_DEV       3ul /* outside declared RAM */
void guest_ipa_state(u32 cpu, u32 h, u64 ipa_pfn, u64 end_pfn);

/*
 * Why VM h faulted at ipa_pfn: KC_FAULT_PRIVATE, KC_FAULT_SHARED, KC_FAULT_MMIO (any ipa_pfn beyond
 * IPA_PFNS too), or one of these. FAULT_MAPPED: another CPU has mapped it meanwhile, run again;
 * after a *permission* fault it means that the page is lent with less than the guest wants
 * (KC_FAULT_SHARED).
 */
#define FAULT_DESTROYED 4ul
#define FAULT_MAPPED    5ul
MUST_CHECK u64 guest_fault_kind(u32 h, u64 ipa_pfn);

/*
 * Store val in word idx (< 512) of the private page at ipa_pfn of VM h. Under the lock: KServ may
 * take a page back by force at any moment, so a pfn must not be carried out of the lock. KC_EPERM:
 * no private page is mapped there (ask for one as for a fault, or give the guest an error).
 */
MUST_CHECK u64 guest_store(u32 h, u64 ipa_pfn, u64 idx, u64 val);

/*
 * The guest shares its private page at ipa_pfn and asks that the content be kept: copy it to dst, a
 * page of KServ's (HOST or LENT). Nothing else of the VM's gets out this way. KC_ENOENT: no private
 * page is mapped there. KC_EINVAL, KC_EPERM, KC_EBUSY: dst is not RAM, not KServ's, or pinned.
 */
MUST_CHECK u64 guest_copy_out(u32 h, u64 ipa_pfn, u64 dst);

/*
 * The MMIO guard of VM h (vm/guard.c): the page at ipa_pfn, outside declared RAM, is a device's.
 * KC_EPERM: it is RAM, or beyond IPA_PFNS. KC_ENOMEM: too many ranges.
 */
MUST_CHECK u64 guard_add(u32 h, u64 ipa_pfn);
/* 1 if an access at ipa_pfn, outside RAM, may go to KServ: it is guarded, or nothing is yet. */
MUST_CHECK u32 guard_passes(u32 h, u64 ipa_pfn);
/* Does the guest of VM h speak pKVM's ABI? guest_pkvm_set: it does, for ever. */
MUST_CHECK u32 guest_pkvm(u32 h);
void guest_pkvm_set(u32 h);

/* 1 if KServ's stage 2 maps pfn now (RAM or device): a fault there was break-before-make, retry. */
MUST_CHECK u32 host_maps(u64 pfn);
/* Even pfn of KServ's root table, for VTTBR_EL2 with VMID 0. Constant after mm_init. */
extern u64 host_root;

/*
 * Boot (before any other CPU runs): check boot information (boot_info.h), establish page states,
 * build KServ's stage 2, set pcpu[].host_ctx. 0, or one of BOOT_E*.
 */
MUST_CHECK u64 mm_init(void);
/* Pages that mm_init needs at boot.pool_pfn, from the regions and devices of boot. */
MUST_CHECK u64 mm_pool_need(void);

#endif
