/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ABI between KCore (EL2) and KServ (EL1). Both sides compile this header; docs/abi.md explains
 * every call. Nothing in it depends on Linux: page frame numbers, scalars, and one run page per vCPU.
 *
 * A call is HVC #0 with the function id in x0 and arguments in x1..x4. On return x0 is a status
 * (KC_OK or KC_E*), x1..x3 are results; x4 and above are preserved. On every error nothing changed.
 * All page arguments are frame numbers (address >> 12) of 4 KiB pages.
 */
#ifndef KCORE_ABI_H
#define KCORE_ABI_H

#define KC_ABI_MAJOR 1u
#define KC_ABI_MINOR 1u

/* Vendor-specific hypervisor range of SMCCC, 64-bit fast calls. */
#define KC_FN_BASE 0xc6004b00u
#define KC_FN(n) (KC_FN_BASE + (n))

#define KC_VERSION       KC_FN(0x00u) /* () -> x1 = major << 16 | minor, x2 = KC_FEAT_*, x3 = magic */
#define KC_STAT          KC_FN(0x01u) /* (item) -> x1 = value */
#define KC_VM_CREATE     KC_FN(0x02u) /* (flags, root_pfn) -> x1 = handle; root: 2 pages, even pfn */
#define KC_VM_RAM        KC_FN(0x03u) /* (h, ipa_pfn, n_pages): declare RAM, while NEW */
#define KC_VM_TABLE      KC_FN(0x04u) /* (h, pfn): give one page to the VM's table pool */
#define KC_VCPU_CREATE   KC_FN(0x05u) /* (h, idx, run_pfn, ctx_pfn or KC_NO_PFN for a normal VM) */
#define KC_VM_TEARDOWN   KC_FN(0x06u) /* (h): to DYING; no vCPU may be loaded */
#define KC_VM_FREE       KC_FN(0x07u) /* (h): DYING and every page taken back; the handle is free */
#define KC_PAGE_RECLAIM  KC_FN(0x08u) /* (h, pfn): page of a DYING VM, zeroed, is KServ's again */
#define KC_DONATE        KC_FN(0x09u) /* (h, ipa_pfn, pfn, order 0 or 9): private memory */
#define KC_LEND          KC_FN(0x0au) /* (h, ipa_pfn, pfn, order | prot << 8) */
#define KC_UNLEND        KC_FN(0x0bu) /* (h, ipa_pfn, n_pages) -> x1 = first ipa_pfn not yet done */
#define KC_LEND_PROT     KC_FN(0x0cu) /* (h, ipa_pfn, n_pages, prot) -> x1 as above */
#define KC_FORCE_RECLAIM KC_FN(0x0du) /* (h, ipa_pfn) -> x1 = pfn; the ipa is DESTROYED for ever */
#define KC_VM_FLUSH      KC_FN(0x0eu) /* (h): invalidate the VM's TLB entries on all CPUs */
#define KC_VCPU_LOAD     KC_FN(0x0fu) /* (h, idx): this CPU owns the vCPU until PUT */
#define KC_VCPU_PUT      KC_FN(0x10u) /* () */
#define KC_VCPU_RUN      KC_FN(0x11u) /* () -> x1 = KC_EXIT_*; details in the run page */
#define KC_SET_CNTVOFF   KC_FN(0x12u) /* (offset): CNTVOFF_EL2 of this CPU */
#define KC_VGIC_INFO     KC_FN(0x13u) /* () -> x1 = ICH_VTR_EL2 */
#define KC_FN_COUNT      0x14u

#define KC_MAGIC 0x5245444f55425431ull /* "REDOUBT1" */

/* Status in x0. An unknown function answers as SMCCC asks: all ones. */
#define KC_OK       0ull
#define KC_EINVAL   1ull  /* argument malformed: unaligned, out of range, unknown flag */
#define KC_EPERM    2ull  /* page is not in the state the call needs */
#define KC_ENOENT   3ull  /* no such VM, vCPU or mapping */
#define KC_EBUSY    4ull  /* vCPU loaded, page pinned or lent, VM not empty */
#define KC_ENOMEM   5ull  /* the VM's table pool, or the handle table, is exhausted */
#define KC_EEXIST   6ull  /* that ipa or vCPU index is already used */
#define KC_ESTATE   7ull  /* VM or vCPU is not in the state the call needs */
#define KC_ENOSYS   0xffffffffffffffffull

#define KC_NO_PFN 0xffffffffffffffffull

/* KC_VM_CREATE flags */
#define KC_VM_PROTECTED 1ull

/* prot of KC_LEND and KC_LEND_PROT */
#define KC_PROT_R 1ull
#define KC_PROT_W 2ull
#define KC_PROT_X 4ull

/* KC_STAT items */
#define KC_STAT_PAGES_HOST   0ull
#define KC_STAT_PAGES_PINNED 1ull
#define KC_STAT_PAGES_LENT   2ull
#define KC_STAT_PAGES_VM     3ull
#define KC_STAT_PAGES_VMCORE 4ull /* donated for tables and contexts */
#define KC_STAT_PAGES_CORE   5ull
#define KC_STAT_VMS          6ull
#define KC_STAT_REFUSED      7ull /* calls that answered with an error, this CPU */
#define KC_STAT_COUNT        8ull

#define KC_MAX_VMS   255u /* handles are 1..KC_MAX_VMS; the handle is the VMID */
#define KC_MAX_VCPUS 16u
#define KC_MAX_LRS   16u

/*
 * Exits of KC_VCPU_RUN. The first four are KVM's ARM_EXCEPTION_* numbers.
 * For a normal VM every register is in the run page. For a protected VM the run page has only what is
 * named here: RUN_ESR is rebuilt (Rt = 0), RUN_X(0) carries the one exposed value, if any.
 */
#define KC_EXIT_IRQ    0u
#define KC_EXIT_SERROR 1u
#define KC_EXIT_TRAP   2u  /* RUN_ESR, RUN_HPFAR (ipa >> 8 as HPFAR_EL2), for a normal VM RUN_FAR */
#define KC_EXIT_IL     3u  /* the vCPU cannot go on: illegal state (for example AArch32) */
#define KC_EXIT_TABLE  16u /* the table pool is empty: KC_VM_TABLE, then run again */
#define KC_EXIT_CPU_ON 17u /* RUN_X(0) = index of the vCPU that is now on */
#define KC_EXIT_OFF    18u /* this vCPU is off now */
#define KC_EXIT_SYSOFF 19u /* the guest asks for power off */
#define KC_EXIT_RESET  20u /* the guest asks for reset */
#define KC_EXIT_SHARE  21u /* RUN_X(0), RUN_X(1): ipa_pfn and number of pages now SHARED */
#define KC_EXIT_UNSHARE 22u /* RUN_X(0), RUN_X(1): pages that are RAM again and want private pages */
#define KC_EXIT_COPY   23u /* RUN_X(0) = ipa_pfn: put a page for its content into RUN_COPY, run again */

/* RUN_FAULT for aborts of a protected VM */
#define KC_FAULT_NONE    0ull
#define KC_FAULT_PRIVATE 1ull /* declared RAM without a page: KC_DONATE */
#define KC_FAULT_SHARED  2ull /* SHARED without a page: KC_LEND */
#define KC_FAULT_MMIO    3ull /* outside RAM: emulate; a store's value is in RUN_X(0) */

/*
 * The run page: 512 words of 64 bits, shared by KServ and KCore, pinned while the vCPU exists.
 * Words 0..127 are the vCPU's register context. KCore keeps a context of the same layout in a page of
 * its own for a vCPU of a protected VM, and uses the run page itself for one of a normal VM.
 * The order of CTX_* is that of the register table (kcore/arch/regs.def).
 */
#define CTX_X(n)      (n)  /* x0..x30 */
#define CTX_PC        31u
#define CTX_PSTATE    32u
#define CTX_SP_EL0    33u
#define CTX_SP_EL1    34u
#define CTX_ELR_EL1   35u
#define CTX_SPSR_EL1  36u
#define CTX_SCTLR     37u
#define CTX_CPACR     38u
#define CTX_TTBR0     39u
#define CTX_TTBR1     40u
#define CTX_TCR       41u
#define CTX_ESR       42u
#define CTX_AFSR0     43u
#define CTX_AFSR1     44u
#define CTX_FAR       45u
#define CTX_MAIR      46u
#define CTX_AMAIR     47u
#define CTX_VBAR      48u
#define CTX_CONTEXTIDR 49u
#define CTX_TPIDR_EL0 50u
#define CTX_TPIDRRO   51u
#define CTX_TPIDR_EL1 52u
#define CTX_CNTKCTL   53u
#define CTX_PAR       54u
#define CTX_MDSCR     55u
#define CTX_CSSELR    56u
#define CTX_ACTLR     57u
#define CTX_MPIDR     58u /* normal VM: value for VMPIDR_EL2 */
#define CTX_DISR      59u
#define CTX_SYS_END   60u
#define CTX_FPSR      60u
#define CTX_FPCR      61u
#define CTX_V(n)      (64u + 2u * (n)) /* q0..q31: low word, high word */
#define CTX_WORDS     128u

#define RUN_X(n)      CTX_X(n)
/* written by KCore at exit */
#define RUN_EXIT      256u
#define RUN_ESR       257u
#define RUN_FAR       258u
#define RUN_HPFAR     259u
#define RUN_FAULT     260u
#define RUN_FP_USED   261u /* normal VM: the CTX_V words were written back */
/* written by KServ before LOAD or RUN */
#define RUN_HCR       272u /* only bits of KC_HCR_MASK count */
#define RUN_FLAGS     273u /* KC_RUN_* */
#define RUN_VSESR     274u /* normal VM: syndrome for HCR_EL2.VSE */
#define RUN_COPY      275u /* pfn of KServ's that gets the content of the page asked for by KC_EXIT_COPY */
/* virtual GIC */
#define RUN_VGIC_HCR  288u /* in and out at RUN */
#define RUN_VGIC_VMCR 289u /* in at LOAD, out at every exit and PUT */
#define RUN_VGIC_NLR  290u /* number of list registers used */
#define RUN_VGIC_AP0R(n) (292u + (n)) /* 4 each: in at LOAD, out at PUT */
#define RUN_VGIC_AP1R(n) (296u + (n))
#define RUN_VGIC_LR(n)   (304u + (n)) /* KC_MAX_LRS; in and out at RUN */

/* Protected VM: answer this vCPU's own MMIO exit with an external abort instead of data. */
#define KC_RUN_MMIO_ABORT 1ull

/* HCR_EL2 bits KServ may choose: TWI, TWE for every VM; the others for a normal one. */
#define KC_HCR_VF (1ull << 6)
#define KC_HCR_VI (1ull << 7)
#define KC_HCR_TWI (1ull << 13)
#define KC_HCR_TWE (1ull << 14)
#define KC_HCR_TVM (1ull << 26)
#define KC_HCR_TRVM (1ull << 30)
#define KC_HCR_VSE (1ull << 8)

#endif
