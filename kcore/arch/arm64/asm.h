/* SPDX-License-Identifier: BSD-2-Clause */
/* Assembler macros. */
	/* Load any 64-bit constant. */
	.macro	movq reg, value
	movz	\reg, #((\value) & 0xffff)
	movk	\reg, #(((\value) >> 16) & 0xffff), lsl #16
	movk	\reg, #(((\value) >> 32) & 0xffff), lsl #32
	.endm
