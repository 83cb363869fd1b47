/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake machine: the primitives of prim.h on a PC, with the hardware's rules checked at every
 * single event (fake.c), and the invariants of the page and ipa states checked between calls
 * (audit.c). Ordinary C with pointers: nothing of it is part of KCore.
 */
#ifndef KCORE_FAKE_H
#define KCORE_FAKE_H

#include <kcore/boot_info.h>
#include <kcore/types.h>

/*
 * Each prints why, in which call and after which events, and aborts, so that a debugger and the
 * sanitizers see it. fake_fail: what a test expects is not so. fake_breach: an event or a state of the
 * machine is wrong, whatever the test is.
 */
enum breach {
	SECURITY,   /* somebody reaches, or finds in a register or page, what is not his */
	INVARIANT,  /* page states, ipa states, object tables and translation tables do not agree */
	CONTRACT,   /* a primitive is used as it may not be */
	TRANSITION, /* a call has changed something else than it may */
};
_Noreturn void fake_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fake_breach(enum breach what, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A primitive is used; the tests say which call is made: both for the messages. */
void fake_event(const char *name, u64 a, u64 b, u64 c);
void fake_in_call(const char *name, u64 a, u64 b, u64 c, u64 d);

/* A machine with two RAM regions of blocks0 and blocks1 2 MiB blocks; fills boot, calls mm_init. */
void fake_boot(u64 blocks0, u64 blocks1);
/* Only RAM and boot, everything else as before mm_init: tests of mm_init change boot first. */
void fake_machine(u64 blocks0, u64 blocks1);
void fake_free(void);

/* Pages of RAM: n, the i-th, and the index of one (n if it is no RAM). */
u64 fake_n_pages(void);
u64 fake_page(u64 i);
u64 fake_index(u64 pfn);

u64 fake_meta(u64 pfn);
u64 fake_word(u64 pfn, u64 idx); /* content, read by the test itself */
const u64 *fake_words(u64 pfn);  /* all 512 words */
u32 fake_is_zero(u64 pfn);

/*
 * What the hardware's walk of a tree finds at fn: 1 with a valid leaf (its descriptor in *leaf, the
 * page's number in *pfn, its level in *level), else 0 (*leaf: the invalid descriptor).
 */
u32 fake_walk(u64 root, u64 fn, u64 *pfn, u64 *leaf, u32 *level);
/* KServ stores to a page; a guest stores to an ipa: 1 if the translation lets it. */
u32 fake_host_store(u64 pfn, u64 idx, u64 val);
u32 fake_guest_store(u64 h, u64 ipa, u64 idx, u64 val);
u32 fake_guest_load(u64 h, u64 ipa, u64 idx, u64 *val);

/* Events that changed memory or tables so far; TLB invalidations so far; is the lock held? */
u64 fake_changes(void);
u64 fake_invals(void);
u32 fake_locked(void);

/*
 * What others do meanwhile: act is called before the lock is taken, and after each read of a run page.
 * Not with threads.
 */
void fake_on_lock(void (*act)(void));
void fake_on_read(void (*act)(u64 pfn, u64 idx));

/* Threads: the lock is a real one, and the checks that need a quiet machine are left out. */
void fake_threads(u32 on);

/*
 * The CPUs (cpu.c). Each has the registers that KCore's primitives reach; the words of sys are those of
 * a context page (CTX_* of abi.h): system registers, and the FP registers.
 */
struct fake_cpu {
	u64 x[31];
	u64 esr, far, hpfar, elr, spsr;
	u64 sys[128];
	u64 vttbr, hcr, mdcr, cptr, cnthctl, cntvoff, vsesr, features;
	u64 ich_hcr, ich_vmcr, ich_lr[16], ich_ap[2][4];
	u64 pmu;
	u64 vec_ctx;    /* context page that the vectors point at: set by a world switch */
	u32 halted;     /* stopped for ever, or off */
	u32 walk_fails; /* the next stage-1 walks find nothing */
};
extern struct fake_cpu fake_cpu[NCPU];

/* What reached EL3 since fake_smc_n was last set to 0 (the newest 64 are kept). */
struct fake_smc {
	u64 x[4];
};
#define FAKE_SMC_KEPT 64u
extern struct fake_smc fake_smc[FAKE_SMC_KEPT];
extern u64 fake_smc_n;
extern u32 fake_id_ones;    /* 1: identification registers with every bit set */
extern u64 fake_smc_result; /* answer to the calls that have no other */

/* First pages of the redistributors; writes that reached one. */
#define FAKE_GICR_PFN 0x8100ul
extern u8 fake_gicr[NCPU][4096];
extern u64 fake_gicr_writes;

/* Start n CPUs with KServ on them: after fake_boot. */
void fake_cpus(u32 n);
/* KCore's entry on this CPU, as firmware calls it. */
void fake_cpu_start(u32 cpu);
/*
 * A trap to EL2 as the vectors play it. kind: 0 synchronous, 1 interrupt, 2 SError. 0: the CPU has
 * stopped. What must hold at every return to EL1 is checked here.
 */
u32 fake_trap(u32 cpu, u32 kind, u64 esr, u64 far, u64 hpfar);
/* A CPU starts: it touches only what is its own, without the lock. */
void fake_unlocked(u32 on);

/* Every invariant, over all pages, tables and tables of objects; fake_fail if one is broken. */
void mm_audit(void);

#endif
