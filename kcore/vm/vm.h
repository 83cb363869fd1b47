/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of VMs and vCPUs. LOCK_MEM protects them. A vCPU loaded on a CPU keeps its VM alive
 * (n_loaded), so that CPU may read, without the lock, what does not change while the VM lives:
 * root, is_protected, vcpus[h][idx].run_pfn and ctx_pfn. What is marked (loader) below belongs to
 * the CPU that has the vCPU loaded. Sizes are powers of two: traps compute addresses of entries often.
 */
#ifndef KCORE_VM_H
#define KCORE_VM_H

#include <kcore/abi.h>
#include <kcore/config.h>
#include <kcore/types.h>

#define VM_FREE   0u /* the handle is not used */
#define VM_NEW    1u /* being built: donated pages keep their content */
#define VM_SEALED 2u /* has run: donated pages are zeroed */
#define VM_DYING  3u /* never runs again: its pages go back to KServ */

#define VM_NRAM 16u /* ranges of declared RAM */

struct vm_ram {
	u64 base; /* ipa_pfn */
	u64 n;
};

#define VM_NGUARD 32u /* ranges that the MMIO guard lets through */

struct vm {
	u32 state; /* VM_* */
	u32 is_protected;
	u32 n_ram;
	u32 n_loaded; /* vCPUs loaded on a CPU */
	u64 root;     /* even pfn of two consecutive level-1 tables */
	u64 pool;     /* first page of the free list of tables; meaningless when n_pool == 0 */
	u64 n_pool;
	u64 n_pages; /* pages in state VM, VMCORE or CTX of this VM, the pool included */
	u64 n_lent;  /* 4 KiB pages' worth of lent leaf entries in the VM's tables */
	struct vm_ram ram[VM_NRAM];
	u32 pkvm;    /* 1: the guest has asked for the memory services of pKVM, so it gets no RSI */
	u32 n_guard; /* not 0: only these ranges of ipas outside RAM are MMIO (vm/guard.c) */
	struct vm_ram guard[VM_NGUARD];
} __attribute__((aligned(1024)));

#define VCPU_OFF 0u
#define VCPU_ON  1u

struct vcpu {
	u32 made;
	u32 loaded; /* 0, or CPU + 1 */
	u32 power;  /* VCPU_*; a normal VM's vCPU is always ON: KVM does its PSCI */
	u32 pend;   /* (loader) completion that the next run owes the guest: kcore/vcpu */
	u32 mmio_size;
	u32 mmio_rt;
	u32 mmio_sext;
	u32 mmio_sf;
	u64 mmio_far; /* (loader) virtual address of the access */
	u64 run_pfn;  /* PINNED */
	u64 ctx_pfn;  /* CTX; run_pfn for a normal VM */
} __attribute__((aligned(64)));

extern struct vm vms[KC_MAX_VMS + 1u]; /* index: handle; 0 is not used */
extern struct vcpu vcpus[KC_MAX_VMS + 1u][KC_MAX_VCPUS];

/*
 * Reset state of vCPU idx of protected VM h in its context page, every other register zero: for a
 * new vCPU and for CPU_ON. No run page is read, power is left alone. Lock held.
 */
void vcpu_reset(u64 h, u64 idx);

#endif
