/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * World switch (contracts in kcore/include/kcore/prim_cpu.h). The order is that which cores with
 * speculative address-translation errata need (Cortex-A57 1319537, A76 1165522): stage-1 walks are
 * turned off by TCR_EL1.EPDn, and SCTLR_EL1.M is set, before VTTBR_EL2 changes; SCTLR_EL1 and
 * TCR_EL1 of the new context come last.
 */
#include "macros.inc"
#include "layout.h"
#include "regs_gen.h"

/* All vector registers, at their words. */
#define EACH_PAIR(op) \
	op	q0, q1, [x0, #0]; \
	op	q2, q3, [x0, #32]; \
	op	q4, q5, [x0, #64]; \
	op	q6, q7, [x0, #96]; \
	op	q8, q9, [x0, #128]; \
	op	q10, q11, [x0, #160]; \
	op	q12, q13, [x0, #192]; \
	op	q14, q15, [x0, #224]; \
	op	q16, q17, [x0, #256]; \
	op	q18, q19, [x0, #288]; \
	op	q20, q21, [x0, #320]; \
	op	q22, q23, [x0, #352]; \
	op	q24, q25, [x0, #384]; \
	op	q26, q27, [x0, #416]; \
	op	q28, q29, [x0, #448]; \
	op	q30, q31, [x0, #480];

#define CLEAR_ALL \
	movi	v0.2d, #0; movi	v1.2d, #0; movi	v2.2d, #0; movi	v3.2d, #0; \
	movi	v4.2d, #0; movi	v5.2d, #0; movi	v6.2d, #0; movi	v7.2d, #0; \
	movi	v8.2d, #0; movi	v9.2d, #0; movi	v10.2d, #0; movi	v11.2d, #0; \
	movi	v12.2d, #0; movi	v13.2d, #0; movi	v14.2d, #0; movi	v15.2d, #0; \
	movi	v16.2d, #0; movi	v17.2d, #0; movi	v18.2d, #0; movi	v19.2d, #0; \
	movi	v20.2d, #0; movi	v21.2d, #0; movi	v22.2d, #0; movi	v23.2d, #0; \
	movi	v24.2d, #0; movi	v25.2d, #0; movi	v26.2d, #0; movi	v27.2d, #0; \
	movi	v28.2d, #0; movi	v29.2d, #0; movi	v30.2d, #0; movi	v31.2d, #0;

	.text
/* x0 = pfn -> x0 = its address in the linear map */
	.macro	linear reg, tmp
	mov	\tmp, #EL2_LINEAR_BASE
	add	\reg, \tmp, \reg, lsl #12
	.endm

/* ctx_switch(from, to, vttbr, hcr, mdcr) */
	.global ctx_switch
ctx_switch:
	mov	x11, #EL2_LINEAR_BASE
	add	x0, x11, x0, lsl #12
	save_switched x0, x9, x10
	mrs	x9, sctlr_el1
	str	x9, [x0, #OFF_CTX_SCTLR]
	mrs	x10, tcr_el1
	str	x10, [x0, #OFF_CTX_TCR]

/* x1..x4 as above, x9 = SCTLR_EL1, x10 = TCR_EL1, x11 = the linear map's base */
ctx_load:
	orr	x10, x10, #(1 << 7)
	orr	x10, x10, #(1 << 23)
	msr	tcr_el1, x10
	isb
	orr	x9, x9, #1
	msr	sctlr_el1, x9
	dsb	nsh			/* walks that began before have ended */
	isb
	add	x0, x11, x1, lsl #12
	load_switched x0, x9, x10
	mrs	x9, tpidr_el2		/* the vectors' context pointer, at the base of this CPU's stack */
	adrp	x10, el2_stacks
	add	x10, x10, :lo12:el2_stacks
	add	x9, x9, #1
	add	x10, x10, x9, lsl #EL2_STACK_SHIFT
	str	x0, [x10, #-16]
	msr	mdcr_el2, x4
	msr	vttbr_el2, x2
	msr	hcr_el2, x3
	isb
	ldr	x9, [x0, #OFF_CTX_SCTLR]
	msr	sctlr_el1, x9
	isb
	ldr	x9, [x0, #OFF_CTX_TCR]
	msr	tcr_el1, x9
	isb
	ret

/* ctx_start(to, vttbr, hcr, mdcr) */
	.global ctx_start
ctx_start:
	mov	x4, x3
	mov	x3, x2
	mov	x2, x1
	mov	x1, x0
	mov	x11, #EL2_LINEAR_BASE
	mrs	x9, sctlr_el1
	mrs	x10, tcr_el1
	b	ctx_load

	.global fp_save
fp_save:
	linear	x0, x9
	mrs	x9, fpsr
	str	x9, [x0, #OFF_CTX_FPSR]
	mrs	x9, fpcr
	str	x9, [x0, #OFF_CTX_FPCR]
	add	x0, x0, #OFF_CTX_V
	EACH_PAIR(stp)
	ret

	.global fp_load
fp_load:
	linear	x0, x9
	ldr	x9, [x0, #OFF_CTX_FPSR]
	msr	fpsr, x9
	ldr	x9, [x0, #OFF_CTX_FPCR]
	msr	fpcr, x9
	add	x0, x0, #OFF_CTX_V
	EACH_PAIR(ldp)
	ret

	.global fp_clear
fp_clear:
	CLEAR_ALL
	msr	fpsr, xzr
	msr	fpcr, xzr
	ret
