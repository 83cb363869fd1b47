/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * World switch (contracts in kcore/include/kcore/prim_cpu.h). The order is that which cores with
 * speculative address-translation errata need (Cortex-A57 1319537, A76 1165522): stage-1 walks are turned
 * off by TCR_EL1.EPDn, and SCTLR_EL1.M is set, before VTTBR_EL2 changes; SCTLR_EL1 and TCR_EL1 of the
 * new context come last.
 */
#include "asm.h"
#include "layout.h"
#include "regs_gen.h"

	/* op = stp or ldp: registers n and n + 1 at their words */
	.macro	fpair op, n
	.altmacro
	fpair_	\op, \n, %(\n + 1)
	.noaltmacro
	.endm
	.macro	fpair_ op, n, m
	\op	q\n, q\m, [x0, #(16 * \n)]
	.endm

	.text
/* x0 = pfn -> x0 = its address in the linear map */
	.macro	linear reg, tmp
	movq	\tmp, EL2_LINEAR_BASE
	add	\reg, \tmp, \reg, lsl #12
	.endm

/* ctx_switch(from, to, vttbr, hcr, mdcr) */
	.global ctx_switch
ctx_switch:
	linear	x0, x9
	save_switched x0, x9
	mrs	x9, sctlr_el1
	str	x9, [x0, #OFF_CTX_SCTLR]
	mrs	x9, tcr_el1
	str	x9, [x0, #OFF_CTX_TCR]
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4

/* ctx_start(to, vttbr, hcr, mdcr) */
	.global ctx_start
ctx_start:
	mrs	x9, tcr_el1
	orr	x9, x9, #(1 << 7)
	orr	x9, x9, #(1 << 23)
	msr	tcr_el1, x9
	isb
	mrs	x9, sctlr_el1
	orr	x9, x9, #1
	msr	sctlr_el1, x9
	dsb	nsh			/* walks that began before have ended */
	isb
	linear	x0, x9
	load_switched x0, x9
	mrs	x9, tpidr_el2		/* the vectors' context pointer, at the base of this CPU's stack */
	adrp	x10, el2_stacks
	add	x10, x10, :lo12:el2_stacks
	add	x9, x9, #1
	add	x10, x10, x9, lsl #EL2_STACK_SHIFT
	str	x0, [x10, #-16]
	msr	mdcr_el2, x3
	msr	vttbr_el2, x1
	msr	hcr_el2, x2
	isb
	ldr	x9, [x0, #OFF_CTX_SCTLR]
	msr	sctlr_el1, x9
	isb
	ldr	x9, [x0, #OFF_CTX_TCR]
	msr	tcr_el1, x9
	isb
	ret

	.global fp_save
fp_save:
	linear	x0, x9
	mrs	x9, fpsr
	str	x9, [x0, #OFF_CTX_FPSR]
	mrs	x9, fpcr
	str	x9, [x0, #OFF_CTX_FPCR]
	add	x0, x0, #OFF_CTX_V
	.irp	n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	fpair	stp, \n
	.endr
	ret

	.global fp_load
fp_load:
	linear	x0, x9
	ldr	x9, [x0, #OFF_CTX_FPSR]
	msr	fpsr, x9
	ldr	x9, [x0, #OFF_CTX_FPCR]
	msr	fpcr, x9
	add	x0, x0, #OFF_CTX_V
	.irp	n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	fpair	ldp, \n
	.endr
	ret

	.global fp_clear
fp_clear:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movi	v\n\().2d, #0
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	movi	v\n\().2d, #0
	.endr
	msr	fpsr, xzr
	msr	fpcr, xzr
	ret
