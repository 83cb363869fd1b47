/* SPDX-License-Identifier: BSD-2-Clause */
/* EL2 virtual address layout and constants shared by assembler, boot stage and primitives. */
#ifndef KCORE_LAYOUT_H
#define KCORE_LAYOUT_H

#define EL2_LINEAR_BASE 0x100000000000 /* physical memory without KCore's image */
#define EL2_META_BASE   0x200000000000 /* page state words, 8 bytes a frame */

#define EL2_STACK_SHIFT 14 /* 16 KiB a CPU: lowest page is the guard */

#define EL2_MAIR 0x04ff /* attr 0: normal write-back; attr 1: device nGnRE */
/* RES1, PS = 40 bits, 4 KiB, inner shareable, write-back, T0SZ = 16 */
#define EL2_TCR       0x80823510
#define EL2_SCTLR_OFF 0x30c50830
/* M, C, SA, I, WXN */
#define EL2_SCTLR_ON 0x30cd183d

#define TRAP_SYNC   0
#define TRAP_IRQ    1
#define TRAP_SERROR 2

#endif
