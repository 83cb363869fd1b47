/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Primitives on the CPU's own registers. Contracts beside those of prim.h; a context page has the
 * layout CTX_* of abi.h. Values: kcore/include/kcore/control.h.
 */
#ifndef KCORE_PRIM_CPU_H
#define KCORE_PRIM_CPU_H

#include <kcore/types.h>

#ifndef KCORE_INLINE_PRIMS

/* The exception being handled. */
extern u64 esr_get(void);
extern u64 far_get(void);
extern u64 hpfar_get(void);
extern u64 elr_get(void);
extern void elr_set(u64 v);
extern u64 spsr_get(void);
extern void spsr_set(u64 v);
/*
 * PAR_EL1 of a stage-1 walk of va for EL1 read, PAR_EL1 itself preserved: finds the ipa of a
 * permission fault.
 */
extern u64 stage1_walk(u64 va);

/*
 * World switch: save the switched registers to context page from; close both translation regimes
 * against speculation (TCR_EL1.EPDn, SCTLR_EL1.M); load those of context page to; VTTBR_EL2,
 * HCR_EL2, MDCR_EL2; point this CPU's vectors at to; then SCTLR_EL1 and TCR_EL1 of to.
 */
extern void ctx_switch(u64 from, u64 to, u64 vttbr, u64 hcr, u64 mdcr);
/* The second half only: for a CPU that starts. */
extern void ctx_start(u64 to, u64 vttbr, u64 hcr, u64 mdcr);
extern u64 mdcr_get(void);
extern u64 hcr_get(void);
extern void cptr_set(u64 v);
/*
 * HCRX_EL2 and the fine-grained traps, on CPUs that have them: who = 1, KServ may use the newer EL1
 * registers and instructions; who = 0, guests trap on all of them.
 */
extern void features_set(u64 who);
extern void cnthctl_set(u64 v);
extern void cntvoff_set(u64 v);
extern void vsesr_set(u64 v);

/* EL1 registers of the context that is on the CPU now, for injecting an exception. */
extern u64 el1_vbar_get(void);
extern u64 el1_sctlr_get(void);
extern void el1_exception_set(u64 elr, u64 spsr, u64 esr);
extern void el1_far_set(u64 v);

/* FP/SIMD registers and FPSR, FPCR: words CTX_V, CTX_FPSR, CTX_FPCR. fp_clear leaves zeroes. */
extern void fp_save(u64 pfn);
extern void fp_load(u64 pfn);
extern void fp_clear(void);

/* The virtual CPU interface. group 0 or 1; n < 4 for ap, < 16 for lr. */
extern u64 ich_vtr_get(void);
extern u64 ich_hcr_get(void);
extern void ich_hcr_set(u64 v);
extern u64 ich_vmcr_get(void);
extern void ich_vmcr_set(u64 v);
extern u64 ich_lr_get(u64 n);
extern void ich_lr_set(u64 n, u64 v);
extern u64 ich_ap_get(u64 group, u64 n);
extern void ich_ap_set(u64 group, u64 n, u64 v);

/* Stop the counters of the PMU: the old PMCNTENSET_EL0, 0 without a PMU. pmu_start restores it. */
extern u64 pmu_stop(void);
extern void pmu_start(u64 enabled);

/* ID_AA64*_EL1 and friends: the register op0=3 op1=0 CRn=0 CRm=crm op2=op2, crm 1..7. */
extern u64 id_reg_get(u64 crm, u64 op2);
extern u64 midr_get(void);
/*
 * The generic timer's physical timer, for answers about CNTP_* are KServ's: only the counter here.
 */
extern u64 cntpct_get(void);

/* A device register at pa; size 4 or 8, pa aligned to it. EL2 maps the redistributors. */
extern u64 mmio_read(u64 pa, u64 size);
extern void mmio_write(u64 pa, u64 size, u64 v);

/* SMC to EL3 with x0..x3; x0 of the answer. */
extern u64 smc_call(u64 x0, u64 x1, u64 x2, u64 x3);
/* Physical address of the code where firmware starts a secondary CPU. */
extern u64 cpu_entry_pa(void);
/* Stop this CPU for ever (machine is going down). */
extern void cpu_halt(void);

#endif /* KCORE_INLINE_PRIMS */

#endif
