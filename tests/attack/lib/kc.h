/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attack library: raw KCore calls through /dev/kattack, VMs built from them, and the verdict of a test.
 *
 * A verdict is HELD (the promise held, refused with exactly the expected code), WON (the attack succeeded),
 * ERROR (neither: refused for another reason, or the attack could not be made) or SKIP.
 */
#ifndef KC_H
#define KC_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <kcore/abi.h>

#include "../module/kattack.h"

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;

/* --- verdict */
enum verdict { HELD, SKIP, ERROR, WON };

struct test {
	const char *name;
	const char *rows;    /* rows of docs/threats.md */
	const char *promise; /* what the attack tries to break */
	void (*run)(void);
	int cpus; /* needs at least; or: */
#define ONLY_IF_NAMED -1
#define ANY_KERNEL    -2 /* also where there is no KCore */
};
#define TEST_LIST_END                                                                              \
	{                                                                                          \
		0                                                                                  \
	}
extern const struct test tests_calls[], tests_state[], tests_guest[], tests_pkvm[], tests_leak[],
	tests_race[], tests_cpu[], tests_kvm[];

extern int have_kcore;

extern const char *current_test;

void won(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* error() and leave the test. */
void give_up(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void skip(const char *why) __attribute__((noreturn));
/* A line of evidence, not a verdict. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

extern enum verdict verdict; /* so far */
/* 1 if the attack has succeeded already. */
int verdict_is_won(void);

/* The call must have been refused with code want: success is WON, another code ERROR. */
void refused(u64 got, u64 want, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The call must have succeeded, else the attack cannot be made. */
void needed(u64 got, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- arguments of the run */
extern u64 arg_nonce;     /* what guests make their secret from */
extern u64 arg_masked[4]; /* first words of the secret ^ SECRET_MASK, for the search */
#define SECRET_MASK 0x5ca1ab1e0ddba115ull
extern int n_cpus;

/* --- raw calls */
extern u64 r1, r2, r3; /* x1..x3 of the main thread's last call */
u64 kc_on(int cpu, u64 fid, u64 a1, u64 a2, u64 a3, u64 a4);
u64 kc(u64 fid, u64 a1, u64 a2, u64 a3, u64 a4);
u64 smc(u64 fid, u64 a1, u64 a2, u64 a3);
/* The same with everything KServ can see afterwards. */
u64 kc_dump(struct ka_call *c, u64 fid);
/* For other threads than the test's: no verdict, results in c->x. */
u64 kc_raw(struct ka_call *c);
u64 kc_stat(u64 item);

/* The part of KCore's counters that a refused call may not change. */
struct dump {
	u64 n[7];
};
void dump_take(struct dump *d);
/* WON if anything has changed. */
void dump_same(const struct dump *d, const char *what);

/* --- memory of KServ */
u64 page_alloc(u32 order); /* pfn */
void page_free(u64 pfn);
u64 *page_map(u64 pfn, u64 n);
void page_unmap(u64 *p, u64 n);
/* 0, or -1 if the access aborts */
int mem_read(u64 pa, u64 *val, int cached);
int mem_write(u64 pa, u64 val, int cached);
int mem_scan(struct ka_scan *s);
int ka_debug(struct ka_debug *d);
/* Ranges of the device tree: KCore's memory, and RAM. */
void core_range(u64 *pfn, u64 *n);
void ram_range(u64 *pfn, u64 *n);

/* Search n pages for the guest's secret; prints what it finds: LEAK and the words. 1 if found. */
int secret_search(u64 pfn, u64 n, int cached, const char *where);
/* The same in a buffer that KServ has read. */
int secret_in(const u64 *word, u64 n, const char *where);

/* --- VMs */
#define RAM_PFN  0x40000ull /* declared RAM of every test VM: 2 GiB from 1 GiB */
#define RAM_N    0x80000ull
#define RAM_PA   (RAM_PFN << 12)
#define CODE_PFN RAM_PFN       /* the program */
#define DATA_PFN (RAM_PFN + 1) /* its data page */
#define MMIO_PFN 0x9000ull     /* outside RAM; programs report by storing here */

#define VM_PAGES 2200
struct vm {
	u64 h;
	int is_protected;
	u64 root;
	u64 given[VM_PAGES]; /* single pages that are the VM's: private, tables, contexts */
	u32 n_given;
	u64 block[8]; /* order-9 private blocks */
	u32 n_block;
	u64 lent[VM_PAGES]; /* lent pages, to free at the end */
	u32 n_lent;
	u64 run[16];
	u64 *rp[16]; /* run pages, mapped */
	int loaded;  /* index of the vCPU loaded by vm_load, or -1 */
	int alive;
};

/* All stop the test with ERROR when KCore refuses. What a test leaves is torn down after it. */
struct vm *vm_new(int is_protected);
void vm_table(struct vm *v, u32 n);
/* One page at ipa, private (donated) or lent, with n bytes of content; its pfn. */
u64 vm_page(struct vm *v, u64 ipa_pfn, const void *content, size_t n);
/* vCPU idx starting at pc with x0..x3. */
void vm_vcpu(struct vm *v, int idx, u64 pc, u64 x0, u64 x1, u64 x2, u64 x3);
/* New VM with program code at CODE_PFN, a data page, and vCPU 0. */
struct vm *vm_start(int is_protected, const void *code, const void *end, u64 x0, u64 x1, u64 x2,
		    u64 x3);
#define VM_START(prot, prog, ...) vm_start(prot, prog, prog##_end, __VA_ARGS__)
/* Load if it is not loaded; run until something but an interrupt; the exit code, or 0x100 + status. */
u64 vm_run(struct vm *v, int idx);
#define RUN_REFUSED(status) (0x100u + (status))
/* The same as one raw call, for one exit (KC_EXIT_IRQ too). */
u64 vm_run_once(struct vm *v, int idx);
void vm_load(struct vm *v, int idx);
void vm_put(struct vm *v);
/* Run until the program stores to MMIO: the offset in the MMIO page; value in *val. */
u64 vm_report(struct vm *v, int idx, u64 *val);
void vm_end(struct vm *v);
/* End the VM without complaint, whatever state it is in. */
void vm_clean_all(void);
/* What the last exit says (run page words). */
u64 rp(struct vm *v, int idx, u32 word);
void rp_set(struct vm *v, int idx, u32 word, u64 val);

/* Pin this thread to a CPU. */
void pin(int cpu);

/* --- guest programs (guest.S): start and end of position-independent code */
#define GUEST(name) extern const char name[], name##_end[]
#define R_VALUE     0x0 /* MMIO offsets that programs store to */
#define R_DONE      0x8
#define R_FAULT     0x10 /* the program took an exception: ESR */
#define R_READY     0x18

#endif
