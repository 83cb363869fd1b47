/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of KCore on the fake machine. Every test runs in its own process. */
#ifndef UNIT_HARNESS_H
#define UNIT_HARNESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/config.h>
#include <kcore/percpu.h>

#include "../../kcore/mm/page.h"
#include "../../kcore/vm/vm.h"
#include "fake.h"

struct test {
	const char *name;
	void (*run)(void);
};

/* Ended by a null name; one table per file, listed in main.c. */
extern const struct test tests_init[], tests_vm[], tests_vcpu[], tests_donate[], tests_lend[],
	tests_guest[], tests_cpu[], tests_pkvm[], tests_host[];

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			fake_fail("%s:%d: %s", __FILE__, __LINE__, #cond);                         \
	} while (0)

#define EQ(a, b)                                                                                   \
	do {                                                                                       \
		u64 a_ = (a), b_ = (b);                                                            \
		if (a_ != b_)                                                                      \
			fake_fail("%s:%d: %s is 0x%lx, not 0x%lx", __FILE__, __LINE__, #a, a_,     \
				  b_);                                                             \
	} while (0)

/* The call succeeds, and every invariant holds. */
#define OK(call)                                                                                   \
	do {                                                                                       \
		EQ(call, KC_OK);                                                                   \
		mm_audit();                                                                        \
	} while (0)

/* The call is refused with that code, and nothing has changed. */
#define REFUSED(call, code)                                                                        \
	do {                                                                                       \
		state_keep();                                                                      \
		EQ(call, code);                                                                    \
		state_same(__FILE__, __LINE__);                                                    \
	} while (0)

void state_keep(void);
void state_same(const char *file, int line);

/* A page, n consecutive pages, or an aligned block, HOST and never given out before. */
u64 host_page(void);
u64 host_pages(u64 n);
u64 host_block(void);
u64 core_page(void);

/* A VM (flags as KC_VM_CREATE) with n_tables tables in its pool; RAM at ipa 0x40000, 4 blocks. */
#define IPA     0x40000ul
#define IPA_END (IPA + 2048ul)
u64 make_vm(u64 flags, u64 n_tables);
void add_tables(u64 h, u64 n);
/* vCPU idx with fresh pages; loaded on cpu. */
void make_vcpu(u64 h, u64 idx);
void run_vcpu(u32 cpu, u64 h, u64 idx);
/* End of the VM: everything comes back; the handle is free. */
void end_vm(u64 h);
/* The same for a VM that is DYING already. */
void end_vm_rest(u64 h);
u64 count_kind(u64 kind);

#endif
