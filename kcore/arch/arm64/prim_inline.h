/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The primitives on AArch64. This is where pointers are: everything above names memory by frame
 * numbers. Contracts: kcore/include/kcore/prim.h and prim_cpu.h; proof/machine states them for the
 * proof.
 */
#ifndef KCORE_PRIM_INLINE_H
#define KCORE_PRIM_INLINE_H

#include "layout.h"

#define PRIM        static inline __attribute__((always_inline, unused))
#define PRIM_CALLED static __attribute__((noinline, unused))

#define MRS(reg)                                                                                   \
	({                                                                                         \
		u64 v_;                                                                            \
		__asm__ volatile("mrs %0, " #reg : "=r"(v_));                                      \
		v_;                                                                                \
	})
#define MSR(reg, v) __asm__ volatile("msr " #reg ", %0" : : "r"((u64)(v)) : "memory")

/*
 * A page's address in the linear map, by an instruction that the compiler cannot look into: else it adds
 * the base to the index, a constant and an addition for each word, instead of to the page.
 */
PRIM u64 page_of(u64 pfn)
{
	u64 page;

	__asm__("add %0, %1, %2, lsl #12" : "=r"(page) : "r"(EL2_LINEAR_BASE), "r"(pfn));
	return page;
}

PRIM volatile u64 *word_of(u64 pfn, u64 idx)
{
	return (volatile u64 *)(page_of(pfn) + (idx << 3));
}

PRIM u64 pg_get(u64 pfn, u64 idx)
{
	return *word_of(pfn, idx);
}

PRIM void pg_set(u64 pfn, u64 idx, u64 val)
{
	*word_of(pfn, idx) = val;
}

PRIM u64 meta_get(u64 pfn)
{
	return *(volatile u64 *)(EL2_META_BASE + (pfn << 3));
}

PRIM void meta_set(u64 pfn, u64 val)
{
	*(volatile u64 *)(EL2_META_BASE + (pfn << 3)) = val;
}

PRIM u64 pte_get(u64 pfn, u64 idx)
{
	return *word_of(pfn, idx);
}

PRIM void pte_set(u64 pfn, u64 idx, u64 val)
{
	__asm__ volatile("stlr %0, [%1]" : : "r"(val), "r"(word_of(pfn, idx)) : "memory");
}

/* What does not change while KCore runs: read once for a loop. */
#define MRS_CONSTANT(reg)                                                                          \
	({                                                                                         \
		u64 v_;                                                                            \
		__asm__("mrs %0, " #reg : "=r"(v_));                                               \
		v_;                                                                                \
	})
#define CLEAN_SHIFT ((MRS_CONSTANT(ctr_el0) >> 16) & 15ul) /* a line has 4 << CLEAN_SHIFT bytes */
#define ZERO_SHIFT  (MRS_CONSTANT(dczid_el0) & 15ul)       /* so with what DC ZVA writes */
#define LIKELY(x)   __builtin_expect((x), 1)
#define SHIFT_64    4ul /* 64 bytes */
#define CLEAN_FENCE "dsb ish\n	ic ialluis\n	dsb ish\n	isb"

/* A cache operation on each line of size bytes: two a round, as a line has 2 KiB at most. */
#define PAGE_LINES(op, addr, size, line)                                                           \
	do {                                                                                       \
		u64 a_ = (addr);                                                                   \
		u64 end_ = a_ + (size);                                                            \
		u64 line_ = (line);                                                                \
                                                                                                   \
		while (a_ < end_) {                                                                \
			__asm__ volatile("dc " #op ", %0" : : "r"(a_) : "memory");                 \
			a_ += line_;                                                               \
			__asm__ volatile("dc " #op ", %0" : : "r"(a_) : "memory");                 \
			a_ += line_;                                                               \
		}                                                                                  \
	} while (0)

/* n lines of 64 bytes, as nearly all CPUs have: no loop, one addition for each. */
#define PAGE_LINES_64(n, ops, addr)                                                                \
	do {                                                                                       \
		u64 a_ = (addr);                                                                   \
                                                                                                   \
		__asm__ volatile(".rept " #n "\n" ops " add %0, %0, #64\n .endr"                   \
				 : "+r"(a_)                                                        \
				 :                                                                 \
				 : "memory");                                                      \
	} while (0)

/* Lines of any size, out of the way. */
PRIM_CALLED void page_sync_lines(u64 pfn)
{
	PAGE_LINES(civac, page_of(pfn), 4096ul, 4ul << CLEAN_SHIFT);
	__asm__ volatile(CLEAN_FENCE : : : "memory");
}

PRIM_CALLED void page_zero_lines(u64 pfn)
{
	PAGE_LINES(zva, page_of(pfn), 4096ul, 4ul << ZERO_SHIFT);
	page_sync_lines(pfn);
}

PRIM void page_sync(u64 pfn)
{
	if (LIKELY(CLEAN_SHIFT == SHIFT_64)) {
		PAGE_LINES_64(64, "	dc civac, %0\n", page_of(pfn));
		__asm__ volatile(CLEAN_FENCE : : : "memory");
	} else {
		page_sync_lines(pfn);
	}
}

/*
 * A line is cleaned as soon as it is zero: on one CPU, operations on the same line stay in order. Zeroing
 * and cleaning is nearly all that a donation costs.
 */
PRIM void page_zero(u64 pfn)
{
	if (LIKELY((CLEAN_SHIFT << 4 | ZERO_SHIFT) == (SHIFT_64 << 4 | SHIFT_64))) {
		PAGE_LINES_64(64, "	dc zva, %0\n	dc civac, %0\n", page_of(pfn));
		__asm__ volatile(CLEAN_FENCE : : : "memory");
	} else {
		page_zero_lines(pfn);
	}
}

PRIM void page_copy(u64 dst, u64 src)
{
	for (u64 i = 0; i < 512ul; i++)
		*word_of(dst, i) = *word_of(src, i);
	page_sync(dst);
}

/*
 * The VMID of another context is made current for the invalidation; on cores with speculative
 * translation errata stage-1 walks are closed meanwhile, as in switch.S.
 */
PRIM void tlb_inval_vm(u64 vmid, u64 root_pfn)
{
	u64 vttbr = (vmid << 48) | (root_pfn << 12);
	u64 old_vttbr = MRS(vttbr_el2);
	u64 old_tcr = MRS(tcr_el1);
	u64 old_sctlr = MRS(sctlr_el1);

	__asm__ volatile("dsb ishst" : : : "memory");
	if (vttbr != old_vttbr) {
		MSR(tcr_el1, old_tcr | (1ul << 7) | (1ul << 23));
		__asm__ volatile("isb");
		MSR(sctlr_el1, old_sctlr | 1ul);
		__asm__ volatile("isb");
		MSR(vttbr_el2, vttbr);
		__asm__ volatile("isb");
	}
	__asm__ volatile("tlbi vmalls12e1is\n	dsb ish\n	isb" : : : "memory");
	if (vttbr != old_vttbr) {
		MSR(vttbr_el2, old_vttbr);
		__asm__ volatile("isb");
		MSR(sctlr_el1, old_sctlr);
		__asm__ volatile("isb");
		MSR(tcr_el1, old_tcr);
		__asm__ volatile("isb");
	}
}

PRIM void tlb_inval_local(void)
{
	__asm__ volatile("tlbi vmalle1\n	ic iallu\n	dsb nsh\n	isb"
			 :
			 :
			 : "memory");
}

PRIM u64 esr_get(void)
{
	return MRS(esr_el2);
}

PRIM u64 far_get(void)
{
	return MRS(far_el2);
}

PRIM u64 hpfar_get(void)
{
	return MRS(hpfar_el2);
}

PRIM u64 elr_get(void)
{
	return MRS(elr_el2);
}

PRIM void elr_set(u64 v)
{
	MSR(elr_el2, v);
}

PRIM u64 spsr_get(void)
{
	return MRS(spsr_el2);
}

PRIM void spsr_set(u64 v)
{
	MSR(spsr_el2, v);
}

PRIM u64 stage1_walk(u64 va)
{
	u64 saved = MRS(par_el1);
	u64 par;

	__asm__ volatile("at s1e1r, %0\n	isb" : : "r"(va) : "memory");
	par = MRS(par_el1);
	MSR(par_el1, saved);
	return par;
}

PRIM u64 mdcr_get(void)
{
	return MRS(mdcr_el2);
}

PRIM u64 hcr_get(void)
{
	return MRS(hcr_el2);
}

PRIM void cptr_set(u64 v)
{
	MSR(cptr_el2, v);
	__asm__ volatile("isb");
}

/*
 * HFGRTR and HFGWTR, HFGITR, HDFGRTR and HDFGWTR: the bits that trap when they are 0. Branch
 * records (BRBE) stay trapped for KServ too: they would show it a guest's branches.
 */
#define FGT_REG   0xfffc000000000000ul
#define FGT_INSTR 0x0e00000000000000ul
#define FGT_DEBUG 0x4000000000000000ul
/* HCRX_EL2: EnAS0, EnALS, EnASR, CMOW, MSCEn, TCR2En, SCTLR2En, D128En, GCSEn, EnFPM, EnIDCP128 */
#define HCRX_HOST 0xe2ca07ul

PRIM void features_set(u64 who)
{
	u64 all = 0ul - who;

	if (((MRS(id_aa64mmfr1_el1) >> 40) & 15ul) != 0ul)
		MSR(S3_4_C1_C2_2, all & HCRX_HOST);
	if (((MRS(id_aa64mmfr0_el1) >> 56) & 15ul) != 0ul) {
		MSR(S3_4_C1_C1_4, all & FGT_REG);
		MSR(S3_4_C1_C1_5, all & FGT_REG);
		MSR(S3_4_C1_C1_6, all & FGT_INSTR);
		MSR(S3_4_C3_C1_4, all & FGT_DEBUG);
		MSR(S3_4_C3_C1_5, all & FGT_DEBUG);
	}
}

PRIM void cnthctl_set(u64 v)
{
	MSR(cnthctl_el2, v);
}

PRIM void cntvoff_set(u64 v)
{
	MSR(cntvoff_el2, v);
}

/* VSESR_EL2, with the RAS extension. */
PRIM void vsesr_set(u64 v)
{
	if (((MRS(id_aa64pfr0_el1) >> 28) & 15ul) != 0ul)
		MSR(S3_4_C5_C2_3, v & 0x1fffffful);
}

PRIM u64 el1_vbar_get(void)
{
	return MRS(vbar_el1);
}

PRIM u64 el1_sctlr_get(void)
{
	return MRS(sctlr_el1);
}

PRIM void el1_exception_set(u64 elr, u64 spsr, u64 esr)
{
	MSR(elr_el1, elr);
	MSR(spsr_el1, spsr);
	MSR(esr_el1, esr);
}

PRIM void el1_far_set(u64 v)
{
	MSR(far_el1, v);
}

PRIM u64 ich_vtr_get(void)
{
	return MRS(S3_4_C12_C11_1);
}

PRIM u64 ich_hcr_get(void)
{
	return MRS(S3_4_C12_C11_0);
}

PRIM void ich_hcr_set(u64 v)
{
	MSR(S3_4_C12_C11_0, v);
}

PRIM u64 ich_vmcr_get(void)
{
	return MRS(S3_4_C12_C11_7);
}

PRIM void ich_vmcr_set(u64 v)
{
	MSR(S3_4_C12_C11_7, v);
}

/* One case of the switches over register numbers. */
/* clang-format off */
#define GET_CASE(n, reg) case n: return MRS(reg);
#define SET_CASE(n, reg) case n: MSR(reg, v); break;
#define LR_CASES(C) \
	C(0, S3_4_C12_C12_0) C(1, S3_4_C12_C12_1) C(2, S3_4_C12_C12_2) C(3, S3_4_C12_C12_3) \
	C(4, S3_4_C12_C12_4) C(5, S3_4_C12_C12_5) C(6, S3_4_C12_C12_6) C(7, S3_4_C12_C12_7) \
	C(8, S3_4_C12_C13_0) C(9, S3_4_C12_C13_1) C(10, S3_4_C12_C13_2) C(11, S3_4_C12_C13_3) \
	C(12, S3_4_C12_C13_4) C(13, S3_4_C12_C13_5) C(14, S3_4_C12_C13_6) C(15, S3_4_C12_C13_7)
#define AP_CASES(C) \
	C(0, S3_4_C12_C8_0) C(1, S3_4_C12_C8_1) C(2, S3_4_C12_C8_2) C(3, S3_4_C12_C8_3) \
	C(4, S3_4_C12_C9_0) C(5, S3_4_C12_C9_1) C(6, S3_4_C12_C9_2) C(7, S3_4_C12_C9_3)
/* clang-format on */

PRIM u64 ich_lr_get(u64 n)
{
	switch (n) {
		LR_CASES(GET_CASE)
	default:
		return 0;
	}
}

PRIM void ich_lr_set(u64 n, u64 v)
{
	switch (n) {
		LR_CASES(SET_CASE)
	default:
		break;
	}
}

PRIM u64 ich_ap_get(u64 group, u64 n)
{
	switch ((group << 2) | n) {
		AP_CASES(GET_CASE)
	default:
		return 0;
	}
}

PRIM void ich_ap_set(u64 group, u64 n, u64 v)
{
	switch ((group << 2) | n) {
		AP_CASES(SET_CASE)
	default:
		break;
	}
}

PRIM u32 pmu_there(void)
{
	u64 version = (MRS(id_aa64dfr0_el1) >> 8) & 15ul;

	return version != 0ul && version != 15ul;
}

PRIM u64 pmu_stop(void)
{
	u64 enabled = 0;

	if (pmu_there()) {
		enabled = MRS(pmcntenset_el0);
		MSR(pmcntenclr_el0, enabled);
	}
	return enabled;
}

PRIM void pmu_start(u64 enabled)
{
	if (enabled != 0ul)
		MSR(pmcntenset_el0, enabled);
}

/* clang-format off */
#define ID_ROW(C, crm) \
	C(crm * 8 + 0, S3_0_C0_C##crm##_0) C(crm * 8 + 1, S3_0_C0_C##crm##_1) \
	C(crm * 8 + 2, S3_0_C0_C##crm##_2) C(crm * 8 + 3, S3_0_C0_C##crm##_3) \
	C(crm * 8 + 4, S3_0_C0_C##crm##_4) C(crm * 8 + 5, S3_0_C0_C##crm##_5) \
	C(crm * 8 + 6, S3_0_C0_C##crm##_6) C(crm * 8 + 7, S3_0_C0_C##crm##_7)
/* clang-format on */

static u64 __attribute__((unused)) id_reg_get(u64 crm, u64 op2)
{
	switch (crm * 8ul + op2) {
		ID_ROW(GET_CASE, 1)
		ID_ROW(GET_CASE, 2)
		ID_ROW(GET_CASE, 3)
		ID_ROW(GET_CASE, 4)
		ID_ROW(GET_CASE, 5)
		ID_ROW(GET_CASE, 6)
		ID_ROW(GET_CASE, 7)
	default:
		return 0;
	}
}

PRIM u64 midr_get(void)
{
	return MRS(midr_el1);
}

PRIM u64 cntpct_get(void)
{
	return MRS(cntpct_el0);
}

PRIM u64 mmio_read(u64 pa, u64 size)
{
	if (size == 8ul)
		return *(volatile u64 *)pa;
	return *(volatile u32 *)pa;
}

PRIM void mmio_write(u64 pa, u64 size, u64 v)
{
	if (size == 8ul)
		*(volatile u64 *)pa = v;
	else
		*(volatile u32 *)pa = (u32)v;
}

PRIM u64 smc_call(u64 a0, u64 a1, u64 a2, u64 a3)
{
	register u64 x0 __asm__("x0") = a0;
	register u64 x1 __asm__("x1") = a1;
	register u64 x2 __asm__("x2") = a2;
	register u64 x3 __asm__("x3") = a3;

	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return x0;
}

PRIM u64 cpu_entry_pa(void)
{
	extern char secondary_entry[];

	return (u64)secondary_entry;
}

/* Out of line, in switch.S, entry.S and panic.c. */
extern void ctx_switch(u64 from, u64 to, u64 vttbr, u64 hcr, u64 mdcr);
extern void ctx_start(u64 to, u64 vttbr, u64 hcr, u64 mdcr);
extern void fp_save(u64 pfn);
extern void fp_load(u64 pfn);
extern void fp_clear(void);
extern void cpu_halt(void);
extern void panic(u32 code);

#endif
