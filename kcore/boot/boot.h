/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot stage: ordinary C with pointers, not proved (docs/unverified.md). It reads the device
 * tree, chooses where KCore's memory lies, builds EL2's own translation, and hands kcore_init a
 * flat struct boot_info that the proved code checks. It runs once, on one CPU, before KServ.
 */
#ifndef KCORE_BOOT_H
#define KCORE_BOOT_H

#include <kcore/config.h>
#include <kcore/types.h>

struct boot_module {
	u64 base;
	u64 size;
};

/* What the device tree says, addresses in bytes. */
struct boot_tree {
	void *fdt; /* address valid in the current MMU state */
	u64 fdt_pa;
	u64 fdt_size; /* with room to grow */
	u64 n_ram;
	struct boot_module ram[NREGION];
	struct boot_module kernel; /* KServ's Image */
	struct boot_module initrd; /* size 0: none */
	const char *bootargs;
};

/* board_*.c: what differs from board to board. */
struct board {
	char compatible[32];
	u64 uart; /* PL011, for messages of the boot stage */
	u64 n_window;
	struct boot_module window[8]; /* MMIO that KServ may use; no DMA master outside an SMMU */
	u64 gicr;                     /* redistributors: 128 KiB a CPU from here */
};
extern const struct board board_qemu_virt;

/* tree.c */
void tree_read(struct boot_tree *t, void *fdt);
void tree_for_kserv(struct boot_tree *t);

/* el2_map.c: build EL2's stage 1. */
struct el2_map {
	u64 root;
	u64 next; /* bump allocator of table pages, addresses */
	u64 end;
};
void el2_map_range(struct el2_map *m, u64 va, u64 pa, u64 size, u64 attr);
#define EL2_TEXT 0ul
#define EL2_RO   1ul
#define EL2_RW   2ul
#define EL2_DEV  3ul

/* say.c: messages before KServ runs; refuse() stops the machine. */
void say_start(u64 uart);
void say(const char *s);
void say_hex(u64 v);
void refuse(const char *why) __attribute__((noreturn));

#endif
