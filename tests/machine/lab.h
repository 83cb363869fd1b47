/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bare machine of two CPUs at EL2, with EL2's stage 1 as KCore builds it, KCore's own primitives
 * and descriptors, and a few instructions at EL1. RAM is 128 MiB from 1 GiB.
 */
#ifndef TESTS_MACHINE_LAB_H
#define TESTS_MACHINE_LAB_H

#include <boot/boot.h>
#include <kcore/control.h>
#include <kcore/prim.h>
#include <mm/desc.h>

#define RAM_PA    0x40000000ul
#define RAM_SIZE  0x08000000ul
#define META_PA   0x40400000ul /* page state words */
#define EL2_PA    0x40600000ul /* EL2's tables */
#define TABLE_PFN 0x40800ul    /* stage-2 tables under test */
#define DATA_PFN  0x42000ul    /* three blocks whose pages know their number */
#define DATA_N    1536ul
#define FREE_PFN  0x43000ul        /* pages for any use */
#define S1_PFN    (FREE_PFN - 1ul) /* EL1's stage-1 table, and the tables of EL1's GiB */
#define EL1_L2    (FREE_PFN - 2ul)
#define EL1_L3    (FREE_PFN - 3ul)
#define PARAM_PA  0x47fff000ul

/* Every page of the data blocks: its number (an invalid descriptor), a word to write, code. */
#define DATA_ID    0ul
#define DATA_STORE 1ul
#define DATA_CODE  32ul

/* EL1's page and its stage-1 table are at the last GiB of every stage 2. */
#define EL1_GIB 1023ul
#define EL1_IPA (EL1_GIB << 30)

/* Printing, ends. */
void put(const char *s);
void put_hex(u64 v);
void lab_end(void) __attribute__((noreturn));
/* Prints "ok NAME" or "FAIL NAME". */
void check(const char *name, u32 good);

u64 random(void);
u64 below(u64 n);
u64 param(u64 i); /* words given on QEMU's command line: seed, size */

/* One of n times. */
static inline u32 one_in(u64 n)
{
	return below(n) == 0ul;
}

/* f(a, b, c, d) on that CPU, now. */
typedef u64 remote(u64 a, u64 b, u64 c, u64 d);
u64 on_cpu(u64 cpu, remote *f, u64 a, u64 b, u64 c, u64 d);
/* The same, but CPU 1 does it while the caller goes on; then wait for it. */
void cpu1_start(remote *f, u64 a, u64 b, u64 c, u64 d);
u64 cpu1_wait(void);

/* Everything on all CPUs: for a fresh start, not under test. */
void tlb_forget(void);
/* Zeroes a stage-2 root (two pages) and links EL1's GiB. */
void root_init(u64 root);
/* The data pages as they are meant to be. */
void data_init(void);

/* Make (vmid, root) current on this CPU, stage 1 of EL1 off or on; nothing is written twice. */
void enter(u64 vmid, u64 root, u64 stage1);

/* Accesses of EL1. With stage 1 on, VA GiB 0, 1, 2 are IPA GiB 0, 1, 512 + 3. */
#define LOAD           0ul
#define STORE          1ul
#define FETCH          2ul
#define S1_GIB(va_gib) ((va_gib) == 2ul ? 515ul : (va_gib))
/* What was read, or FAULT | FSC of the abort. */
#define FAULT     (1ul << 63)
#define FAULT_ODD (FAULT | 0xbadul) /* something else happened */
u64 access(u64 kind, u64 addr, u64 val);
/* The page that an access reaches, by its number; or the fault. */
u64 page_reached(u64 kind, u64 addr);

/* Of each program. */
void test_main(void);

/* start.S */
u64 el1_run(u64 op, u64 addr, u64 val, u64 pc);

/* Called by start.S. */
u64 lab_map(void);
void lab_main(u64 cpu);
void lab_stray(u64 esr, u64 elr, u64 far);

#endif
