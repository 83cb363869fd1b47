/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry points: the arm64 Image header and first instructions on the boot CPU, the entry of
 * secondary CPUs from firmware, and what both do to bring EL2 up. The MMU is off until mmu_on.
 */
#include "macros.inc"
#include "layout.h"
#include <kcore/config.h>
#include <kcore/control.h>

	.section .head, "ax"
	.global image_start
image_start:
	b	boot_entry
	.long	0
	.quad	0			/* text_offset */
	.long	__image_end - image_start	/* the image is linked at 0 and far below 4 GiB */
	.long	0
	.quad	0xa			/* little endian, 4 KiB, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
/* x0 = device tree. Runs at the physical address it was loaded to; nothing is relocated. */
boot_entry:
	msr	daifset, #0xf
	mrs	x1, CurrentEL
	cmp	x1, #8
	b.ne	cpu_halt_loop
	mov	x19, x0
	movq	x1, EL2_SCTLR_OFF
	msr	sctlr_el2, x1
	isb
	adrp	x1, __bss_start
	add	x1, x1, :lo12:__bss_start
	adrp	x2, __bss_end
	add	x2, x2, :lo12:__bss_end
1:	stp	xzr, xzr, [x1], #16
	cmp	x1, x2
	b.lo	1b
	mov	x0, #0
	bl	stack_set
	mov	x0, x19
	bl	boot_main		/* returns the EL2 root table */
	bl	mmu_on
	bl	boot_finish		/* with the MMU on; returns after kcore_init */
	mov	x0, #0
	bl	cpu_controls
	mov	x0, #0
	bl	cpu_start
	b	trap_return

/* x0 = index of this CPU, as given to CPU_ON by host/psci.c. */
	.global secondary_entry
secondary_entry:
	msr	daifset, #0xf
	mov	x20, x0
	movq	x1, EL2_SCTLR_OFF
	msr	sctlr_el2, x1
	isb
	bl	stack_set
	adrp	x1, el2_root
	ldr	x0, [x1, :lo12:el2_root]
	bl	mmu_on
	mov	x0, x20
	bl	cpu_controls
	mov	x0, x20
	bl	cpu_start
	b	trap_return

/* x0 = CPU index. SP = top of its stack less the two words {context address, CPU index}. */
stack_set:
	adrp	x1, el2_stacks
	add	x1, x1, :lo12:el2_stacks
	add	x2, x0, #1
	add	x1, x1, x2, lsl #EL2_STACK_SHIFT
	sub	x1, x1, #16
	stp	xzr, x0, [x1]
	mov	sp, x1
	ret

/* x0 = physical address of the EL2 root table; the code is mapped at its physical address. */
mmu_on:
	mov	x1, #EL2_MAIR
	msr	mair_el2, x1
	movq	x1, EL2_TCR
	msr	tcr_el2, x1
	msr	ttbr0_el2, x0
	isb
	tlbi	alle2
	tlbi	alle1			/* every VMID: unknown after reset (machine/Boot.v) */
	ic	iallu
	dsb	sy
	isb
	movq	x1, EL2_SCTLR_ON
	msr	sctlr_el2, x1
	isb
	ret

/* x0 = CPU index. Every EL2 control that does not change with the context. */
cpu_controls:
	msr	tpidr_el2, x0
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el2, x1
	movq	x1, VTCR_VALUE
	msr	vtcr_el2, x1
	msr	hstr_el2, xzr
	msr	cntvoff_el2, xzr
	mov	x1, #CNTHCTL_HOST
	msr	cnthctl_el2, x1
	movq	x1, CPTR_HOST
	msr	cptr_el2, x1
	mrs	x1, midr_el1
	msr	vpidr_el2, x1
	mov	x1, #0xf		/* SRE, DFB, DIB, Enable */
	msr	S3_4_C12_C9_5, x1	/* ICC_SRE_EL2 */
	isb
	mov	x1, #7
	msr	S3_0_C12_C12_5, x1	/* ICC_SRE_EL1 */
	msr	S3_4_C12_C11_0, xzr	/* ICH_HCR_EL2 */
	isb
	ret

	.global cpu_halt
cpu_halt:
cpu_halt_loop:
	msr	daifset, #0xf
	wfi
	b	cpu_halt_loop
