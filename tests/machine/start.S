/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bare-metal programs at EL2 that test the machine model: entry of both CPUs, EL2's vectors, a call
 * to EL1, and the code that runs there. EL1 has no stack and no memory of its own.
 */
#include "macros.inc"
#include "layout.h"

#define STACK_SHIFT 14

	.section .head, "ax"
	.global start
start:
	msr	daifset, #0xf
	movq	x1, EL2_SCTLR_OFF
	msr	sctlr_el2, x1
	isb
	adrp	x1, bss_start
	add	x1, x1, :lo12:bss_start
	adrp	x2, bss_end
	add	x2, x2, :lo12:bss_end
1:	stp	xzr, xzr, [x1], #16
	cmp	x1, x2
	b.lo	1b
	mov	x20, #0
	bl	stack_set
	bl	lab_map			/* returns EL2's root table */
	b	2f

	.global second_start
second_start:				/* x0: number of this CPU */
	msr	daifset, #0xf
	mov	x20, x0
	movq	x1, EL2_SCTLR_OFF
	msr	sctlr_el2, x1
	isb
	bl	stack_set
	adrp	x1, lab_root
	ldr	x0, [x1, :lo12:lab_root]

/* As mmu_on of kcore/arch/arm64/entry.S. */
2:	mov	x1, #EL2_MAIR
	msr	mair_el2, x1
	movq	x1, EL2_TCR
	msr	tcr_el2, x1
	msr	ttbr0_el2, x0
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el2, x1
	msr	tpidr_el2, x20
	isb
	tlbi	alle2
	tlbi	alle1
	ic	iallu
	dsb	sy
	isb
	movq	x1, EL2_SCTLR_ON
	msr	sctlr_el2, x1
	isb
	mov	x0, x20
	bl	lab_main
3:	wfi
	b	3b

stack_set:
	adrp	x1, stacks
	add	x1, x1, :lo12:stacks
	add	x2, x20, #1
	add	x1, x1, x2, lsl #STACK_SHIFT
	mov	sp, x1
	ret

/*
 * u64 el1_run(op, addr, val, pc): runs EL1 at pc with the first three in x0 to x2, until it takes an
 * exception to EL2; the result is its x0. ESR_EL2 and HPFAR_EL2 say why it ended.
 */
	.text
	.global el1_run
el1_run:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	msr	elr_el2, x3
	mov	x4, #0x3c5		/* EL1h, all masked */
	msr	spsr_el2, x4
	isb
	eret

from_el1:
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

stray:
	mrs	x0, esr_el2
	mrs	x1, elr_el2
	mrs	x2, far_el2
	b	lab_stray

	.macro	slot target
	.balign	0x80
	b	\target
	.endm

	.balign	0x800
vectors:
	slot	stray; slot	stray; slot	stray; slot	stray
	slot	stray; slot	stray; slot	stray; slot	stray
	slot	from_el1; slot	stray; slot	stray; slot	stray
	slot	stray; slot	stray; slot	stray; slot	stray

/* One page for EL1. First half: x0 = 0 load, 1 store x2, 2 call. Second half: its vectors. */
	.balign	0x1000
	.global el1_page
el1_page:
	cbz	x0, 1f
	cmp	x0, #1
	b.eq	2f
	blr	x1
	hvc	#0
1:	ldr	x0, [x1]
	hvc	#0
2:	str	x2, [x1]
	hvc	#0

	.macro	el1_slot
	.balign	0x80
	hvc	#1
	.endm
	.balign	0x800
	.rept	16
	el1_slot
	.endr
	.balign	0x1000
