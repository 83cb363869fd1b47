/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fully compromised KServ can do, as requests to /dev/kattack. Shared by the module and the attack
 * programs. Nothing here needs KVM, and nothing checks whether KCore is there.
 */
#ifndef KATTACK_H
#define KATTACK_H

#ifdef __KERNEL__
#include <linux/ioctl.h>
#include <linux/types.h>
#else
#include <linux/types.h>
#include <sys/ioctl.h>
#endif

/* Issue HVC #0 or SMC #0 with x0..x7 on a CPU (-1: this one); x0..x3 come back in x. */
#define KA_HVC 0
#define KA_SMC 1
struct ka_call {
	__u64 x[8];
	__s32 cpu;
	__u32 kind;
	/* Out, with dump = 1: this CPU's registers as KServ finds them right after the call. */
	__u32 dump;
	__u32 pad;
	__u64 v[64];   /* q0..q31 */
	__u64 sys[32]; /* KA_SYS_* */
	__u64 cycles;  /* PMCCNTR_EL0 counted during the call, if PMCR was set up by KA_PMU */
	__u64 ticks;   /* CNTVCT_EL0 counted during the call */
};

/* One aligned 64-bit access to physical memory; -EFAULT if it aborts. */
#define KA_CACHED 1
#define KA_WRITE  2
struct ka_mem {
	__u64 pa;
	__u64 val;
	__u32 flags;
	__u32 pad;
};

/*
 * Read all words of n pages from pfn. A word w is a hit if (w ^ mask) == masked: what is searched for
 * stands nowhere in memory. The first hit's next four words are given back.
 */
struct ka_scan {
	__u64 pfn;
	__u64 n;
	__u32 flags; /* KA_CACHED; KA_WRITE: also write each page's first word (its own value) */
	__u32 pad;
	__u64 masked;
	__u64 mask;
	__u64 n_read; /* out: pages that could be read */
	__u64 n_written;
	__u64 n_hit;
	__u64 n_zero;     /* pages that are all zero */
	__u64 first_read; /* pfn of the first page that could be read or written */
	__u64 hit_pa;
	__u64 word[4];
};

struct ka_pages {
	__u64 pfn;
	__u32 order;
	__u32 pad;
};

/* EL1 registers in KA_SYS order; index of ka_call.sys. */
/* clang-format off */
#define KA_SYS_LIST(X)                                                                             \
	X(SP_EL0, sp_el0) X(CPACR, cpacr_el1) X(TTBR0, ttbr0_el1)                                  \
	X(ESR, esr_el1) X(AFSR0, afsr0_el1) X(AFSR1, afsr1_el1) X(FAR, far_el1)                    \
	X(MAIR, mair_el1) X(AMAIR, amair_el1) X(VBAR, vbar_el1) X(CONTEXTIDR, contextidr_el1)      \
	X(TPIDR_EL0, tpidr_el0) X(TPIDRRO, tpidrro_el0) X(TPIDR_EL1, tpidr_el1)                    \
	X(CNTKCTL, cntkctl_el1) X(PAR, par_el1) X(MDSCR, mdscr_el1) X(CSSELR, csselr_el1)          \
	X(SCTLR, sctlr_el1) X(TCR, tcr_el1) X(ELR, elr_el1) X(SPSR, spsr_el1)                      \
	X(CNTV_CTL, cntv_ctl_el0) X(CNTV_CVAL, cntv_cval_el0) X(ACTLR, actlr_el1)
/* clang-format on */
enum {
#define KA_SYS_ENUM(name, reg) KA_SYS_##name,
	KA_SYS_LIST(KA_SYS_ENUM) KA_SYS_COUNT
};

/* KServ's debug and counting registers on a CPU. */
struct ka_debug {
	__s32 cpu;
	__u32 on;  /* 0: all off */
	__u64 bvr; /* DBGBVR0_EL1 and DBGBCR0_EL1, MDSCR_EL1.KDE and MDE */
	__u64 bcr;
};

#define KA_CALL  _IOWR('K', 1, struct ka_call)
#define KA_MEM   _IOWR('K', 2, struct ka_mem)
#define KA_SCAN  _IOWR('K', 3, struct ka_scan)
#define KA_ALLOC _IOWR('K', 4, struct ka_pages)
#define KA_FREE  _IOW('K', 5, struct ka_pages)
#define KA_DEBUG _IOW('K', 6, struct ka_debug)

#endif
