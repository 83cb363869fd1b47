/* SPDX-License-Identifier: BSD-2-Clause */
/* What the bench's guest (guest.c) and its VMM (vmm.c) agree on. */
#ifndef BENCH_ABI_H
#define BENCH_ABI_H

/* The guest's memory, by physical address; the program is at the start of the first range. */
#define RAM_BASE  0x40000000ul
#define RAM_SIZE  0x100000ul
#define PARAM_AT  0x40000010ul /* three words: test, operations a batch, batches */
#define GICD_BASE 0x08000000ul
#define GICR_BASE 0x080a0000ul
#define MMIO_BASE 0x09000000ul
#define MMIO_SIZE 0x1000ul

/* Memory that nobody has touched. Ranges for small pages hold no whole 2 MiB block. */
#define SMALL_BASE   0x80000000ul
#define SMALL_STRIDE 0x400000ul /* one range a batch, from its second page on */
#define SMALL_PAGES  510ul
#define BLOCK_BASE   0xc0000000ul
#define BLOCK_SIZE   0x200000ul

/* Registers of the VMM's device */
#define R_READ  0x00ul /* answers R_VALUE */
#define R_TICKS 0x10ul /* ticks of a batch */
#define R_DONE  0x18ul
#define R_ARM   0x20ul /* an interrupt for the host, in so many ticks */
#define R_ERROR 0x28ul /* the guest cannot go on: why */
#define R_VALUE 0x600du

#define T_HYPERCALL 0
#define T_IO_KERNEL 1
#define T_IO_USER   2
#define T_IPI       3
#define T_TIMER     4
#define T_INTERRUPT 5
#define T_FAULT_4K  6
#define T_FAULT_2M  7
#define T_VM        8
#define T_COUNT     9

#define MAX_BATCHES 12

/* Instructions without effect that the profiler (profile.c) looks for: between them it counts. */
#define MARK_BEGIN 0x60
#define MARK_END   0x61
#define MARK(n)    __asm__ volatile("hint %0" : : "i"(n) : "memory")

#endif
