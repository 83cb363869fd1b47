/* SPDX-License-Identifier: BSD-2-Clause */
/* VMs made of raw calls. */
#include <stdlib.h>
#include <string.h>

#include "kc.h"

#define MAX_VMS 300
static struct vm *all[MAX_VMS];

struct vm *vm_new(int is_protected)
{
	struct vm *v = calloc(1, sizeof(*v));
	u64 r;

	v->is_protected = is_protected;
	v->root = page_alloc(1);
	v->loaded = -1;
	for (int i = 0; i < MAX_VMS; i++)
		if (all[i] == NULL) {
			all[i] = v;
			break;
		}
	r = kc(KC_VM_CREATE, is_protected ? KC_VM_PROTECTED : 0, v->root, 0, 0);
	v->h = r1;
	needed(r, "KC_VM_CREATE");
	v->alive = 1;
	vm_table(v, 4);
	if (is_protected)
		needed(kc(KC_VM_RAM, v->h, RAM_PFN, RAM_N, 0), "KC_VM_RAM");
	return v;
}

static void given(struct vm *v, u64 pfn)
{
	if (v->n_given == VM_PAGES)
		give_up("VM_PAGES is too small");
	v->given[v->n_given++] = pfn;
}

void vm_table(struct vm *v, u32 n)
{
	while (n-- > 0) {
		u64 pfn = page_alloc(0);

		given(v, pfn);
		needed(kc(KC_VM_TABLE, v->h, pfn, 0, 0), "KC_VM_TABLE");
	}
}

u64 vm_page(struct vm *v, u64 ipa_pfn, const void *content, size_t n)
{
	u64 pfn = page_alloc(0);
	u64 *p;

	if (content != NULL) {
		p = page_map(pfn, 1);
		memcpy(p, content, n);
		__builtin___clear_cache((char *)p, (char *)p + n);
		page_unmap(p, 1);
	}
	if (v->is_protected) {
		given(v, pfn);
		needed(kc(KC_DONATE, v->h, ipa_pfn, pfn, 0), "KC_DONATE");
	} else {
		v->lent[v->n_lent++] = pfn;
		needed(kc(KC_LEND, v->h, ipa_pfn, pfn, 7 << 8), "KC_LEND");
	}
	return pfn;
}

void vm_vcpu(struct vm *v, int idx, u64 pc, u64 x0, u64 x1, u64 x2, u64 x3)
{
	u64 ctx = KC_NO_PFN;
	u64 *p;

	v->run[idx] = page_alloc(0);
	p = v->rp[idx] = page_map(v->run[idx], 1);
	memset(p, 0, 4096);
	p[CTX_X(0)] = x0;
	p[CTX_X(1)] = x1;
	p[CTX_X(2)] = x2;
	p[CTX_X(3)] = x3;
	p[CTX_PC] = pc;
	p[CTX_PSTATE] = 0x3c5;
	p[CTX_SCTLR] = 0x30d00800;
	p[CTX_MPIDR] = (1ull << 31) | idx;
	p[RUN_HCR] = KC_HCR_TWI | KC_HCR_TWE;
	if (v->is_protected) {
		ctx = page_alloc(0);
		given(v, ctx);
	}
	needed(kc(KC_VCPU_CREATE, v->h, idx, v->run[idx], ctx), "KC_VCPU_CREATE %d", idx);
}

struct vm *vm_start(int is_protected, const void *code, const void *end, u64 x0, u64 x1, u64 x2,
		    u64 x3)
{
	struct vm *v = vm_new(is_protected);

	vm_page(v, CODE_PFN, code, (const char *)end - (const char *)code);
	vm_page(v, DATA_PFN, NULL, 0);
	vm_vcpu(v, 0, CODE_PFN << 12, x0, x1, x2, x3);
	return v;
}

/* The VM of the vCPU that this thread's CPU has loaded. */
static __thread struct vm *here;

void vm_load(struct vm *v, int idx)
{
	if (v->loaded == idx)
		return;
	if (here != NULL && here->loaded >= 0)
		vm_put(here);
	here = v;
	needed(kc(KC_VCPU_LOAD, v->h, idx, 0, 0), "KC_VCPU_LOAD %d", idx);
	v->loaded = idx;
}

void vm_put(struct vm *v)
{
	needed(kc(KC_VCPU_PUT, 0, 0, 0, 0), "KC_VCPU_PUT");
	v->loaded = -1;
}

u64 vm_run_once(struct vm *v, int idx)
{
	u64 r;

	vm_load(v, idx);
	r = kc(KC_VCPU_RUN, 0, 0, 0, 0);
	if (r != KC_OK)
		return RUN_REFUSED(r);
	return r1;
}

u64 vm_run(struct vm *v, int idx)
{
	u64 code;

	for (u32 i = 0; i < 100000; i++) {
		code = vm_run_once(v, idx);
		if (code == KC_EXIT_TABLE)
			vm_table(v, 2);
		else if (code != KC_EXIT_IRQ)
			return code;
	}
	give_up("the guest only spins");
}

u64 vm_report(struct vm *v, int idx, u64 *val)
{
	u64 code;
	u64 esr;

	for (u32 i = 0; i < 1000; i++) {
		code = vm_run(v, idx);
		esr = rp(v, idx, RUN_ESR);
		if (code == KC_EXIT_TRAP && (esr >> 26) == 0x24 &&
		    rp(v, idx, RUN_HPFAR) == MMIO_PFN << 4 && (esr & 0x40) != 0) {
			u64 off = rp(v, idx, RUN_FAR) & 0xfff;

			if (v->is_protected) {
				*val = rp(v, idx, RUN_X(0));
			} else {
				u32 rt = esr >> 16 & 31;

				*val = rt == 31 ? 0 : v->rp[idx][rt];
				v->rp[idx][CTX_PC] += 4;
			}
			return off;
		}
		if (code == KC_EXIT_TRAP && (esr >> 26) == 1) {
			if (!v->is_protected)
				v->rp[idx][CTX_PC] += 4; /* WFI */
			continue;
		}
		give_up("the guest exits with %llu (ESR %llx, ipa %llx, fault %llu)",
			(unsigned long long)code, (unsigned long long)esr,
			(unsigned long long)(rp(v, idx, RUN_HPFAR) << 8),
			(unsigned long long)rp(v, idx, RUN_FAULT));
	}
	give_up("the guest only waits");
}

u64 rp(struct vm *v, int idx, u32 word)
{
	return ((volatile u64 *)v->rp[idx])[word];
}

void rp_set(struct vm *v, int idx, u32 word, u64 val)
{
	((volatile u64 *)v->rp[idx])[word] = val;
}

static void forget(struct vm *v)
{
	for (int i = 0; i < MAX_VMS; i++)
		if (all[i] == v)
			all[i] = NULL;
	if (here == v)
		here = NULL;
	free(v);
}

/* Every page back; 0, or the first status that was not KC_OK. */
static u64 take_apart(struct vm *v)
{
	u64 bad = 0, r;

#define STEP(call)                                                                                 \
	do {                                                                                       \
		r = (call);                                                                        \
		if (r != KC_OK && bad == 0)                                                        \
			bad = r;                                                                   \
	} while (0)
	if (v->loaded >= 0)
		STEP(kc(KC_VCPU_PUT, 0, 0, 0, 0));
	STEP(kc(KC_VM_TEARDOWN, v->h, 0, 0, 0));
	if (v->n_lent != 0)
		for (r1 = RAM_PFN; bad == 0 && r1 < RAM_PFN + RAM_N;)
			STEP(kc(KC_UNLEND, v->h, r1, RAM_PFN + RAM_N - r1, 0));
	for (u32 b = 0; b < v->n_block; b++)
		for (u64 i = 0; i < 512; i++)
			STEP(kc(KC_PAGE_RECLAIM, v->h, v->block[b] + i, 0, 0));
	for (u32 i = 0; i < v->n_given; i++)
		STEP(kc(KC_PAGE_RECLAIM, v->h, v->given[i], 0, 0));
	STEP(kc(KC_PAGE_RECLAIM, v->h, v->root, 0, 0));
	STEP(kc(KC_PAGE_RECLAIM, v->h, v->root + 1, 0, 0));
	STEP(kc(KC_VM_FREE, v->h, 0, 0, 0));
	return bad;
}

static void free_pages(struct vm *v)
{
	for (int i = 0; i < 16; i++)
		if (v->rp[i] != NULL) {
			page_unmap(v->rp[i], 1);
			page_free(v->run[i]);
		}
	for (u32 i = 0; i < v->n_given; i++)
		page_free(v->given[i]);
	for (u32 i = 0; i < v->n_lent; i++)
		page_free(v->lent[i]);
	for (u32 i = 0; i < v->n_block; i++)
		page_free(v->block[i]);
	page_free(v->root);
}

void vm_end(struct vm *v)
{
	u64 bad = take_apart(v);

	if (bad != 0)
		error("the VM cannot be taken apart: %lld", (long long)bad);
	free_pages(v);
	forget(v);
}

/* After a test: whatever is left. What cannot be taken back stays lost, and the test is told. */
void vm_clean_all(void)
{
	for (int i = 0; i < MAX_VMS; i++) {
		struct vm *v = all[i];

		if (v == NULL)
			continue;
		if (v->alive) {
			for (int c = 0; c < n_cpus; c++)
				(void)kc_on(c, KC_VCPU_PUT, 0, 0, 0, 0);
			v->loaded = -1;
			vm_end(v);
		} else {
			page_free(v->root);
			forget(v);
		}
	}
}
