/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest for vmm.c, flat, entered at 1 GiB with the MMU off. x0: 0 one CPU; 1 starts a second one by
 * SMC, 2 by HVC; + 0x100: says "ready" between writing and reading back. x1: pages to touch behind the
 * program. Every page must read zero first and keep what is written.
 */
	.text
	movz	x28, #0x900, lsl #16
	adr	x27, vectors
	msr	vbar_el1, x27
	isb
	adr	x19, ram
	mov	x20, x1
1:	cbz	x20, 3f			/* write */
	ldr	x2, [x19]
	cbnz	x2, bad
	str	x19, [x19]
	add	x19, x19, #4096
	sub	x20, x20, #1
	b	1b
3:	tbz	x0, #8, 2f
	bic	x0, x0, #0x100
	str	xzr, [x28, #0x18]
2:	adr	x19, ram
4:	cbz	x1, 5f			/* read back */
	ldr	x2, [x19]
	cmp	x2, x19
	b.ne	bad
	add	x19, x19, #4096
	sub	x1, x1, #1
	b	4b
5:	cbz	x0, done
	mov	x10, x0
	movz	x0, #0x0003		/* CPU_ON(1, second, 0x77) */
	movk	x0, #0xc400, lsl #16
	mov	x1, #1
	adr	x2, second
	mov	x3, #0x77
	adr	x11, flag
	cmp	x10, #1
	b.ne	6f
	smc	#0
	b	7f
6:	hvc	#0
7:	cbnz	x0, bad
8:	ldar	x2, [x11]
	cmp	x2, #0x77
	b.eq	9f
	wfe
	b	8b
9:	str	x2, [x28]		/* what the second CPU says */
done:	str	xzr, [x28, #8]
	b	done
bad:	mov	x2, #0xbad
	str	x2, [x28, #0x10]
	b	bad

second:	adr	x11, flag
	stlr	x0, [x11]
	sev
1:	wfi
	b	1b

	.balign	2048
vectors:
	.skip	0x200
	mrs	x26, esr_el1
	str	x26, [x28, #0x10]
	b	.
	.balign	4096
flag:	.quad	0
	.balign	4096
ram:
