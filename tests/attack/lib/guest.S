/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest programs: one page each, position independent, MMU off, entered at EL1 with x0..x3 from whoever
 * starts the VM. A program talks by 64-bit stores to a page outside its RAM (x28); exceptions are reported
 * there too (offset 0x10) and skipped.
 */
	.arch	armv8-a

#define R_VALUE 0x0
#define R_DONE  0x8
#define R_FAULT 0x10
#define R_READY 0x18

	.macro	prog name
	.section .rodata
	.balign	4096
	.global	\name
\name:
	movz	x28, #0x900, lsl #16
	adr	x27, \name\()_vec
	msr	vbar_el1, x27
	isb
	.endm

	.macro	endprog name
	.balign	2048
\name\()_vec:
	.skip	0x200
	mrs	x26, esr_el1
	str	x26, [x28, #R_FAULT]
	mrs	x26, elr_el1
	add	x26, x26, #4
	msr	elr_el1, x26
	eret
	.balign	0x80
	movz	x26, #0x1149		/* interrupt */
	str	x26, [x28, #R_FAULT]
	eret
	.balign	0x80
	movz	x26, #0xf149		/* fast interrupt */
	str	x26, [x28, #R_FAULT]
	eret
	.balign	0x80
	movz	x26, #0x5e44		/* SError */
	str	x26, [x28, #R_FAULT]
	eret
	.global	\name\()_end
\name\()_end:
	.endm

	.macro	movq reg, val
	movz	\reg, #(\val) & 0xffff
	movk	\reg, #((\val) >> 16) & 0xffff, lsl #16
	movk	\reg, #((\val) >> 32) & 0xffff, lsl #32
	movk	\reg, #((\val) >> 48) & 0xffff, lsl #48
	.endm

	/* out = word number idx of the secret of the nonce in x0 (splitmix64); x20..x23 are used */
	.macro	secret out, idx
	movq	x20, 0x9e3779b97f4a7c15
	add	x21, \idx, #1
	madd	x20, x20, x21, x0
	eor	x20, x20, x20, lsr #30
	movq	x22, 0xbf58476d1ce4e5b9
	mul	x20, x20, x22
	eor	x20, x20, x20, lsr #27
	movq	x22, 0x94d049bb133111eb
	mul	x20, x20, x22
	eor	\out, x20, x20, lsr #31
	.endm

	/* the data page in x19 */
	.macro	datapage
	movz	x19, #0x4000, lsl #16
	add	x19, x19, #1, lsl #12
	.endm

	/* fill the page at x19 with the secret */
	.macro	fillpage
	mov	x24, #0
1:	secret	x25, x24
	str	x25, [x19, x24, lsl #3]
	add	x24, x24, #1
	cmp	x24, #512
	b.ne	1b
	.endm

	/* x25 = words of the page at x19 that are not the secret's */
	.macro	checkpage
	mov	x24, #0
	mov	x25, #0
1:	secret	x23, x24
	ldr	x21, [x19, x24, lsl #3]
	cmp	x21, x23
	cinc	x25, x25, ne
	add	x24, x24, #1
	cmp	x24, #512
	b.ne	1b
	.endm

/* x0..x3 to KServ, again and again */
	prog	g_echo
2:	str	x0, [x28, #R_VALUE]
	str	x1, [x28, #R_VALUE]
	str	x2, [x28, #R_VALUE]
	str	x3, [x28, #R_VALUE]
	str	xzr, [x28, #R_DONE]
	wfi
	b	2b
	endprog	g_echo

/*
 * x0 = nonce. The secret into the data page, into registers, and (x1 = 1) into the FP registers; then wait,
 * and say at every wake how many words of page and registers are not what they were.
 */
	prog	g_secret
	datapage
	fillpage
	mov	x24, #0
	secret	x8, x24
	mov	x24, #1
	secret	x9, x24
	mov	x24, #2
	secret	x10, x24
	mov	x24, #3
	secret	x11, x24
	msr	tpidr_el0, x8
	msr	tpidrro_el0, x8
	msr	tpidr_el1, x8
	msr	contextidr_el1, x8
	msr	sp_el0, x8
	msr	ttbr0_el1, x8
	msr	ttbr1_el1, x8
	msr	far_el1, x8
	msr	mair_el1, x8
	msr	par_el1, x8
	msr	elr_el1, x8
	cbz	x1, 2f
	mov	x12, #3 << 20
	msr	cpacr_el1, x12
	isb
	.irp	n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	fmov	d\n, x8
	ins	v\n\().d[1], x9
	.endr
	.irp	n, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
	fmov	d\n, x10
	ins	v\n\().d[1], x11
	.endr
2:	str	xzr, [x28, #R_READY]
3:	wfi
	checkpage
	mov	x24, #0
	secret	x23, x24
	cmp	x23, x8
	cinc	x25, x25, ne
	mrs	x23, tpidr_el1
	cmp	x23, x8
	cinc	x25, x25, ne
	cbz	x1, 4f
	fmov	x23, d30
	cmp	x23, x8
	cinc	x25, x25, ne
4:	str	x25, [x28, #R_VALUE]
	b	3b
	endprog	g_secret

/* x0 = nonce: write the secret into the data page for ever, without ever leaving by itself */
	prog	g_spinwrite
	msr	daifset, #0xf
	datapage
	str	xzr, [x28, #R_READY]
	mov	x24, #0
	secret	x8, x24
	mov	x24, #1
	secret	x9, x24
	mov	x24, #2
	secret	x10, x24
	mov	x24, #3
	secret	x11, x24
2:	stp	x8, x9, [x19]
	stp	x10, x11, [x19, #16]
	b	2b
	endprog	g_spinwrite

/* x0 = how long: count down, say so, again */
	prog	g_spin
2:	mov	x1, x0
3:	subs	x1, x1, #1
	b.ne	3b
	str	x0, [x28, #R_DONE]
	b	2b
	endprog	g_spin

/* The same with debug exceptions unmasked */
	prog	g_debug
	msr	daifclr, #8
	.global	g_debug_stop
2:	mov	x1, x0
3:
g_debug_stop:
	subs	x1, x1, #1
	b.ne	3b
	str	x0, [x28, #R_DONE]
	b	2b
	endprog	g_debug

/* x0 = how long: spin, then CurrentEL */
	prog	g_el
2:	mov	x1, x0
3:	subs	x1, x1, #1
	b.pl	3b
	mrs	x2, CurrentEL
	str	x2, [x28, #R_VALUE]
	b	2b
	endprog	g_el

	/* x1..x18 = known values */
	.macro	known
	.irp	n, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18
	movz	x\n, #0x1100 + \n, lsl #32
	.endr
	mov	x5, #0x5555555555555555
	.endm
	/* value of x5 and the number of others that have changed to KServ */
	.macro	compare
	mov	x0, #0
	.irp	n, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18
	movz	x20, #0x1100 + \n, lsl #32
	cmp	x20, x\n
	cinc	x0, x0, ne
	.endr
	mrs	x20, CurrentEL
	cmp	x20, #4
	cinc	x0, x0, ne
	str	x5, [x28, #R_VALUE]
	str	x0, [x28, #R_DONE]
	.endm

/* Device loads of every size into x5: only x5 may change, and by how much is known. */
	prog	g_regs
2:	known
	ldrb	w5, [x28, #0x100]
	compare
	known
	ldrh	w5, [x28, #0x100]
	compare
	known
	ldr	w5, [x28, #0x100]
	compare
	b	3f
3:	known
	ldrsb	x5, [x28, #0x100]
	compare
	b	2b
	endprog	g_regs

/* Waits and interrupts: nothing may change at all. x0 = 1: with every exception unmasked */
	prog	g_wait
	cbz	x0, 2f
	msr	daifclr, #0xf
2:	known
	wfi
	movz	x20, #2000
3:	subs	x20, x20, #1
	b.ne	3b
	compare
	b	2b
	endprog	g_wait

/* x0 = address: read it, again at every wake */
	prog	g_touch
2:	mov	x1, #0
	ldr	x1, [x0]
	str	x1, [x28, #R_VALUE]
	wfi
	b	2b
	endprog	g_touch

/* x0, x1 = addresses: write 1 to x0, read x1 */
	prog	g_alias
2:	movz	x2, #1
	str	x2, [x0]
	ldr	x3, [x1]
	str	x3, [x28, #R_VALUE]
	wfi
	b	2b
	endprog	g_alias

/* x0 = nonce, x1 = address: write the secret into that page, say so, then check it */
	prog	g_hold
	mov	x19, x1
	fillpage
	str	xzr, [x28, #R_READY]
2:	checkpage
	str	x25, [x28, #R_VALUE]
	wfi
	b	2b
	endprog	g_hold

/* x0 = nonce. Secret into the data page; the page becomes shared; read it; private again; read it */
	prog	g_share
	mov	x7, x0
	datapage
	fillpage
	str	xzr, [x28, #R_READY]
	mov	x8, #0
2:	movz	x0, #0x0197
	movk	x0, #0xc400, lsl #16
	mov	x1, x19
	add	x2, x19, #1, lsl #12
	mov	x3, x8
	mov	x4, #1
	smc	#0
	str	x0, [x28, #R_DONE]
	ldr	x1, [x19]
	str	x1, [x28, #R_VALUE]
	eor	x8, x8, #1
	wfi
	b	2b
	endprog	g_share

/*
 * pKVM's calls on the data page, which holds the secret: share (R_DONE: the result; R_VALUE: the first
 * word then), again (R_DONE), unshare and again (R_DONE each; R_VALUE), pages that are nobody's (R_DONE).
 */
	.macro	pkvmcall fn, reg
	movz	x0, #\fn
	movk	x0, #0xc600, lsl #16
	mov	x1, \reg
	mov	x2, #0
	mov	x3, #0
	smc	#0
	.endm
	prog	g_pkvm
	datapage
	fillpage
	str	xzr, [x28, #R_READY]
	pkvmcall 3, x19
	str	x0, [x28, #R_DONE]
	ldr	x1, [x19]
	str	x1, [x28, #R_VALUE]
	pkvmcall 3, x19
	str	x0, [x28, #R_DONE]
	pkvmcall 4, x19
	str	x0, [x28, #R_DONE]
	pkvmcall 4, x19
	str	x0, [x28, #R_DONE]
	ldr	x1, [x19]
	str	x1, [x28, #R_VALUE]
	movz	x8, #0xc000, lsl #16	/* the end of RAM */
	pkvmcall 3, x8
	str	x0, [x28, #R_DONE]
	pkvmcall 4, x8
	str	x0, [x28, #R_DONE]
	pkvmcall 3, x28			/* a device's */
	str	x0, [x28, #R_DONE]
	pkvmcall 7, x28			/* from here on devices are what is guarded */
	str	x0, [x28, #R_DONE]
	pkvmcall 7, x19			/* RAM as a device */
	str	x0, [x28, #R_DONE]
2:	wfi
	b	2b
	endprog	g_pkvm

/* Guard the page of reports; loads and stores beside it; then RAM at x0, which has no page. */
	prog	g_guard
	mov	x7, x0
	add	x9, x28, #1, lsl #12
	ldr	x1, [x9]		/* without a guard: a device's */
	str	x1, [x28, #R_VALUE]
	pkvmcall 7, x28
	str	x0, [x28, #R_DONE]
	str	x7, [x9]
	ldr	x1, [x9]
	ldr	x1, [x7]
	str	x1, [x28, #R_VALUE]
2:	wfi
	b	2b
	endprog	g_guard

/*
 * Calls that KServ must help with, one after the other, and stores to a device between them: each must act
 * once. x10 counts what is begun, x11 what has come back, x9 what was wrong; R_DONE: x9 and the difference.
 * Every round has a block of its own, so that it needs a table. x12: the ipa; x13: how often it was stored.
 */
	.macro	onecall state
	add	x10, x10, #1
	movz	x0, #0x0197		/* IPA_STATE_SET(x12, x12 + 4096, state, may lose content) */
	movk	x0, #0xc400, lsl #16
	mov	x1, x12
	add	x2, x12, #1, lsl #12
	mov	x3, #\state
	mov	x4, #1
	smc	#0
	add	x11, x11, #1
	cmp	x0, #0
	cinc	x9, x9, ne
	add	x2, x12, #1, lsl #12
	cmp	x1, x2
	cinc	x9, x9, ne
	.endm
	prog	g_once
	mov	x9, #0
	mov	x10, #0
	mov	x11, #0
	mov	x13, #0
	movz	x12, #0x4020, lsl #16
2:	onecall	0
	onecall	1
	add	x10, x10, #1
	ldr	x5, [x12]		/* fresh: KServ has to give a page, which is zero */
	add	x11, x11, #1
	cmp	x5, #0
	cinc	x9, x9, ne
	str	x10, [x12]
	add	x13, x13, #1
	str	x13, [x28, #R_VALUE]
	ldr	x5, [x12]
	cmp	x5, x10
	cinc	x9, x9, ne
	sub	x5, x10, x11
	add	x5, x5, x9
	str	x5, [x28, #R_DONE]
	add	x12, x12, #0x200, lsl #12
	b	2b
	endprog	g_once

/* Start vCPU 1 at a place of our own; it says its context id and MPIDR */
	prog	g_psci
	cbnz	x3, 4f
	movz	x0, #0x0003
	movk	x0, #0xc400, lsl #16
	mov	x1, #1
	adr	x2, 3f
	movz	x3, #0x1234
	smc	#0
	str	x0, [x28, #R_VALUE]
2:	wfi
	b	2b
3:	movz	x28, #0x900, lsl #16
	str	x0, [x28, #R_VALUE]
	mrs	x1, mpidr_el1
	str	x1, [x28, #R_DONE]
	mrs	x1, tpidr_el1
	str	x1, [x28, #R_VALUE]
	b	2b
4:	movz	x0, #0xbad
	str	x0, [x28, #R_FAULT]
	b	2b
	endprog	g_psci

/*
 * Two vCPUs, each with page tables of its own, the same address and the same ASID. x0 = table of vCPU 0,
 * x1 = that of vCPU 1. Each turns its MMU on and tells, at every wake, what it reads at 2 GiB.
 */
	prog	g_stage1
	mov	x9, x0
	movz	x0, #0x0003		/* CPU_ON(1, 3f, x1) */
	movk	x0, #0xc400, lsl #16
	mov	x3, x1
	mov	x1, #1
	adr	x2, 3f
	smc	#0
	mov	x0, x9
3:	movz	x28, #0x900, lsl #16
	adr	x27, g_stage1_vec
	msr	vbar_el1, x27
	mov	x1, #0xff		/* 0: write-back, 1: device */
	msr	mair_el1, x1
	movq	x1, 0x200803519		/* 39 bits, 4 KiB, write-back, shareable, TTBR0 only */
	msr	tcr_el1, x1
	msr	ttbr0_el1, x0
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	mrs	x1, sctlr_el1
	movz	x2, #0x1005		/* I, C, M */
	orr	x1, x1, x2
	msr	sctlr_el1, x1
	isb
	movz	x10, #0x8000, lsl #16
2:	ldr	x1, [x10]
	str	x1, [x28, #R_VALUE]
	wfi
	b	2b
	endprog	g_stage1

/* x0 = pattern: into every EL1 register that can hold it */
	.macro	eachreg op
	.irp	r, sp_el0, ttbr0_el1, ttbr1_el1, esr_el1, afsr0_el1, afsr1_el1, far_el1, mair_el1, amair_el1
	\op	\r
	.endr
	.irp	r, contextidr_el1, tpidr_el0, tpidrro_el0, tpidr_el1, cntkctl_el1, par_el1, csselr_el1
	\op	\r
	.endr
	.irp	r, elr_el1, spsr_el1
	\op	\r
	.endr
	.endm
	.macro	setreg r
	msr	\r, x0
	.endm
	.macro	getreg r
	mrs	x1, \r
	str	x1, [x28, #R_VALUE]
	.endm
	prog	g_sysset
	eachreg	setreg
	str	xzr, [x28, #R_READY]
2:	wfi
	b	2b
	endprog	g_sysset

/* Every EL1 register to KServ */
	prog	g_sysget
	eachreg	getreg
	str	xzr, [x28, #R_DONE]
2:	wfi
	b	2b
	endprog	g_sysget

	.macro	getfp n
	fmov	x1, d\n
	str	x1, [x28, #R_VALUE]
	umov	x1, v\n\().d[1]
	str	x1, [x28, #R_VALUE]
	.endm

/* The FP registers as they are found */
	prog	g_fpget
	mov	x12, #3 << 20
	msr	cpacr_el1, x12
	isb
	.irp	t, 0, 8, 16, 24
	.irp	u, 0, 1, 2, 3, 4, 5, 6, 7
	.altmacro
	getfp	%(\t + \u)
	.noaltmacro
	.endr
	.endr
	str	xzr, [x28, #R_DONE]
2:	wfi
	b	2b
	endprog	g_fpget

/*
 * Read every system register encoding with op0 = 2 or 3 (x0, x1: first and last). A read that does not
 * fault is reported: its number, then what it read.
 */
	prog	g_sysregs
	msr	daifset, #0xf
	adr	x10, 3f
	adr	x11, 9f
	msr	vbar_el1, x11
	isb
2:	movz	w2, #0xd530, lsl #16
	orr	w2, w2, w0, lsl #5
	orr	w2, w2, #3		/* mrs x3, <x0> */
	str	w2, [x10]
	dc	cvau, x10
	dsb	ish
	ic	ivau, x10
	dsb	ish
	isb
	mov	x4, #0
3:	nop
	cbnz	x4, 4f
	str	x0, [x28, #R_VALUE]
	str	x3, [x28, #R_READY]
4:	add	x0, x0, #1
	cmp	x0, x1
	b.ls	2b
	str	x0, [x28, #R_DONE]
5:	wfi
	b	5b
	.balign	2048
9:	.skip	0x200
	mov	x4, #1
	mrs	x5, elr_el1
	add	x5, x5, #4
	msr	elr_el1, x5
	eret
	.global	g_sysregs_end
g_sysregs_end:
g_sysregs_vec:

/*
 * --- code that KServ itself runs outside Linux
 * A CPU that KServ started at an address of its own (x0 = mailbox): what is its exception level, and what
 * does it read at the address in the mailbox? Mailbox: 0 address in, 1 CurrentEL, 2 ESR of a fault, 3 the
 * word read, 4 done.
 */
	.balign	4096
	.global	k_cpu, k_cpu_end
k_cpu:	mov	x19, x0
	adr	x1, 9f
	mrs	x2, CurrentEL
	str	x2, [x19, #8]
	cmp	x2, #8
	b.ne	1f
	msr	vbar_el2, x1
	b	2f
1:	msr	vbar_el1, x1
2:	isb
	ldr	x3, [x19]
	ldr	x4, [x3]
	str	x4, [x19, #24]
3:	movz	x5, #1
	str	x5, [x19, #32]
	dsb	sy
	movz	x0, #0x0002		/* CPU_OFF */
	movk	x0, #0x8400, lsl #16
	smc	#0
	b	.
	.balign	2048
9:	.skip	0x200
	mrs	x5, CurrentEL
	cmp	x5, #8
	b.eq	4f
	mrs	x5, esr_el1
	b	5f
4:	mrs	x5, esr_el2
5:	str	x5, [x19, #16]
	adr	x6, 3b
	br	x6
	.balign	2048
k_cpu_end:

/*
 * Code for the SOFT_RESTART stub call, which on a kernel's own EL2 stub jumps here at EL2 with the MMU off.
 * Say so on the UART in the way of a test's result, and stop.
 */
	.balign	4096
	.global	k_stub, k_stub_end
k_stub:	movz	x1, #0x900, lsl #16
	adr	x2, 8f
1:	ldrb	w3, [x2], #1
	cbz	w3, 2f
	str	w3, [x1]
	b	1b
2:	mrs	x4, CurrentEL
	lsr	x4, x4, #2
	add	x4, x4, #'0'
	str	w4, [x1]
	mov	w3, #10
	str	w3, [x1]
	movz	x0, #0x0008		/* SYSTEM_OFF */
	movk	x0, #0x8400, lsl #16
	smc	#0
	b	.
8:	.asciz	"\nRESULT stub_calls WON KServ's code ran with the MMU off at EL"
	.balign	8
k_stub_end:
