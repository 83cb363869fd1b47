/* SPDX-License-Identifier: BSD-2-Clause */
/* For world.c: the first return to EL1, EL1's code, the FP registers. */
	.text
/* void world_start(stack): as the end of KCore's entry: SP = the base of this CPU's stack. */
	.global world_start
world_start:
	mov	sp, x0
	b	trap_return

	.macro	all_vectors op
	\op	q0, q1, [x0, #0]
	\op	q2, q3, [x0, #32]
	\op	q4, q5, [x0, #64]
	\op	q6, q7, [x0, #96]
	\op	q8, q9, [x0, #128]
	\op	q10, q11, [x0, #160]
	\op	q12, q13, [x0, #192]
	\op	q14, q15, [x0, #224]
	\op	q16, q17, [x0, #256]
	\op	q18, q19, [x0, #288]
	\op	q20, q21, [x0, #320]
	\op	q22, q23, [x0, #352]
	\op	q24, q25, [x0, #384]
	\op	q26, q27, [x0, #416]
	\op	q28, q29, [x0, #448]
	\op	q30, q31, [x0, #480]
	.endm

/* void fp_put(const u64 v[66]), void fp_take(u64 v[66]): q0 to q31, FPSR, FPCR */
	.global fp_put
fp_put:
	all_vectors ldp
	add	x0, x0, #512
	ldp	x1, x2, [x0]
	msr	fpsr, x1
	msr	fpcr, x2
	ret

	.global fp_take
fp_take:
	all_vectors stp
	mrs	x1, fpsr
	mrs	x2, fpcr
	add	x0, x0, #512
	stp	x1, x2, [x0]
	ret

/* EL1: adds to each register its number and one, so that none is what it was, nor what another was. */
	.balign	0x1000
	.global world_page
world_page:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	add	x\n, x\n, #\n + 1
	.endr
	hvc	#0
	b	world_page
	.balign	0x1000
