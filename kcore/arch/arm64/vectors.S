/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exception vectors. Contract: a trap from EL1 or EL0 saves x0..x30 to the context page this CPU
 * points at (CTX_X words), calls trap(cpu, kind) with SP at the base of the CPU's stack, then
 * loads x0..x30 from the context page that is current *after* the call and returns. ELR_EL2 and
 * SPSR_EL2 belong to C. A trap from EL2 itself is a defect of KCore: panic.
 */
#include "macros.inc"
#include "layout.h"

	.macro	lower kind
	.align	7
	stp	x0, x1, [sp, #-16]!
	ldr	x0, [sp, #16]
	stp	x2, x3, [x0, #16]
	mov	x1, #\kind
	b	trap_entry
	.endm

	.macro	own
	.align	7
	b	own_trap
	.endm

	.align	11
	.global vectors
vectors:
	own
	own
	own
	own
	own
	own
	own
	own
	lower	TRAP_SYNC
	lower	TRAP_IRQ
	lower	TRAP_IRQ
	lower	TRAP_SERROR
	lower	TRAP_SYNC
	lower	TRAP_IRQ
	lower	TRAP_IRQ
	lower	TRAP_SERROR

/* x0 = context page, x1 = kind, saved x0 and x1 on the stack, x2 and x3 already saved. */
trap_entry:
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	stp	x18, x19, [x0, #144]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	str	x30, [x0, #240]
	ldr	x0, [sp, #8]
	bl	trap
	.global trap_return
trap_return:
	ldr	x0, [sp]
	ldr	x30, [x0, #240]
	ldp	x28, x29, [x0, #224]
	ldp	x26, x27, [x0, #208]
	ldp	x24, x25, [x0, #192]
	ldp	x22, x23, [x0, #176]
	ldp	x20, x21, [x0, #160]
	ldp	x18, x19, [x0, #144]
	ldp	x16, x17, [x0, #128]
	ldp	x14, x15, [x0, #112]
	ldp	x12, x13, [x0, #96]
	ldp	x10, x11, [x0, #80]
	ldp	x8, x9, [x0, #64]
	ldp	x6, x7, [x0, #48]
	ldp	x4, x5, [x0, #32]
	ldp	x2, x3, [x0, #16]
	ldp	x0, x1, [x0]
	eret
	dsb	nsh			/* nothing is executed speculatively past the return */
	isb

own_trap:
	mov	w0, #1			/* PANIC_EL2_EXCEPTION */
	b	panic
