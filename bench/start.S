/* SPDX-License-Identifier: BSD-2-Clause */
/* First instructions of the bench's guest, parameters, vectors. The MMU stays off. */
	.section .head, "ax"
	.global _start
_start:
	b	first
	.balign	16
	.quad	0, 0, 0			/* PARAM_AT: written by the VMM */
	.balign	16
first:
	adr	x1, stack_top
	mov	sp, x1
	adr	x1, vectors
	msr	vbar_el1, x1
	isb
	bl	main

	.global second_entry		/* of the second vCPU */
second_entry:
	adr	x1, stack2_top
	mov	sp, x1
	adr	x1, vectors
	msr	vbar_el1, x1
	isb
	bl	second

/* An interrupt: what irq() may change is saved. Interrupts are taken in this program's own code only. */
irq_entry:
	stp	x0, x1, [sp, #-160]!
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	mrs	x0, cntvct_el0
	bl	irq
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x30, [sp, #144]
	ldp	x0, x1, [sp], #160
	eret

	.balign	2048
vectors:
	.skip	0x200
	mrs	x0, esr_el1
	b	error
	.balign	128
	b	irq_entry
	.balign	128
	mrs	x0, esr_el1
	b	error
	.balign	128
	mrs	x0, esr_el1
	b	error

	.bss
	.balign	16
	.skip	4096
stack_top:
	.skip	4096
stack2_top:
