/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot on the first CPU. boot_main runs with the MMU off: read the device tree, lay out KCore's
 * memory, build EL2's map. boot_finish runs with it on: zero what was not loaded, let mm_init
 * check and take over, edit the tree for KServ.
 */
#include <kcore/abi.h>
#include <kcore/boot_info.h>
#include <kcore/calls.h>
#include <kcore/host.h>
#include <kcore/prim.h>

#include "boot.h"

#define PAGE_UP(a) (((a) + 0xffful) & ~0xffful)
#define GIB        (1ul << 30)
#define BLOCK      (1ul << 21)

extern char image_start[], __rodata_start[], __data_start[], __image_end[], el2_stacks[];

u64 el2_root; /* physical address of EL2's root table; secondary CPUs read it with the MMU off */
static struct boot_tree tree;
static const struct board *const board = &board_qemu_virt;

u64 boot_main(void *fdt);
void boot_finish(void);

static u64 linear(u64 pa)
{
	return EL2_LINEAR_BASE + pa;
}

static void add_device(u64 base, u64 size)
{
	boot.device[boot.n_device].base_pfn = base >> 12;
	boot.device[boot.n_device].n_pfn = size >> 12;
	boot.n_device++;
}

/*
 * The windows of the board, sorted by address. Of each redistributor (128 KiB a CPU) the first
 * page is left out: host/gicr.c stands there.
 */
static void fill_devices(void)
{
	for (u64 i = 0; i < board->n_window; i++) {
		if (i == 1ul)
			for (u64 c = 0; c < n_cpu; c++)
				add_device(board->gicr + c * 0x20000ul + 0x1000ul, 0x1f000ul);
		add_device(board->window[i].base, board->window[i].size);
	}
	gicr_pfn = board->gicr >> 12;
}

/* RAM in whole blocks of 2 MiB. Returns the number of pages. */
static u64 fill_regions(void)
{
	u64 pages = 0;

	for (u64 i = 0; i < tree.n_ram; i++) {
		u64 base = (tree.ram[i].base + BLOCK - 1ul) & ~(BLOCK - 1ul);
		u64 end = (tree.ram[i].base + tree.ram[i].size) & ~(BLOCK - 1ul);

		if (end <= base)
			continue;
		if ((end >> IPA_BITS) != 0ul)
			refuse("memory above 40 bits of physical address");
		boot.region[boot.n_region].base_pfn = base >> 12;
		boot.region[boot.n_region].n_pfn = (end - base) >> 12;
		boot.n_region++;
		pages += (end - base) >> 12;
	}
	return pages;
}

static u32 meets(u64 base, u64 size, u64 other, u64 other_size)
{
	return other_size != 0ul && base < other + other_size && other < base + size;
}

static void check_free(u64 base, u64 size)
{
	if (meets(base, size, tree.fdt_pa, tree.fdt_size) ||
	    meets(base, size, tree.kernel.base, tree.kernel.size) ||
	    meets(base, size, tree.initrd.base, tree.initrd.size))
		refuse("a module or the device tree lies in KCore's memory: load it higher");
}

/* Page state words: 8 bytes a page, only for RAM. Returns the first free address. */
static u64 map_meta(struct el2_map *m, u64 at)
{
	for (u64 i = 0; i < boot.n_region; i++) {
		u64 base = boot.region[i].base_pfn << 3; /* multiple of 4096: regions are 2 MiB */
		u64 size = boot.region[i].n_pfn << 3;

		el2_map_range(m, EL2_META_BASE + base, at, size, EL2_RW);
		at += size;
	}
	return at;
}

/* Image by segment, every stack without its guard page. */
static void map_image(struct el2_map *m)
{
	u64 text = (u64)image_start;
	u64 ro = (u64)__rodata_start;
	u64 rw = (u64)__data_start;
	u64 stacks = (u64)el2_stacks;

	el2_map_range(m, text, text, ro - text, EL2_TEXT);
	if (rw > ro)
		el2_map_range(m, ro, ro, rw - ro, EL2_RO);
	el2_map_range(m, rw, rw, stacks - rw, EL2_RW);
	for (u64 i = 0; i < NCPU; i++)
		el2_map_range(m, stacks + (i << EL2_STACK_SHIFT) + 4096ul,
			      stacks + (i << EL2_STACK_SHIFT) + 4096ul,
			      (1ul << EL2_STACK_SHIFT) - 4096ul, EL2_RW);
}

/* All RAM but the image. */
static void map_linear(struct el2_map *m)
{
	u64 image = (u64)image_start;
	u64 image_end = (u64)__image_end;

	for (u64 i = 0; i < boot.n_region; i++) {
		u64 base = boot.region[i].base_pfn << 12;
		u64 end = base + (boot.region[i].n_pfn << 12);

		if (image >= base && image < end) {
			el2_map_range(m, linear(base), base, image - base, EL2_RW);
			base = image_end;
		}
		el2_map_range(m, linear(base), base, end - base, EL2_RW);
	}
}

u64 boot_main(void *fdt)
{
	struct el2_map m;
	u64 at = PAGE_UP((u64)__image_end);
	u64 pages;
	u64 meta_at;

	say_start(board->uart);
	tree_read(&tree, fdt);
	pages = fill_regions();
	fill_devices();
	boot.core_pfn = (u64)image_start >> 12;
	m.root = at;
	m.next = at + 4096ul;
	m.end = at + 4096ul * (32ul + 4ul * (pages >> 18));
	meta_at = m.end;
	boot.pool_pfn = PAGE_UP(meta_at + (pages << 3)) >> 12;
	boot.pool_n = mm_pool_need();
	boot.core_n = boot.pool_pfn + boot.pool_n - boot.core_pfn;
	check_free(boot.core_pfn << 12, boot.core_n << 12);
	for (u64 i = 0; i < 512ul; i++)
		((u64 *)m.root)[i] = 0;
	map_image(&m);
	map_linear(&m);
	(void)map_meta(&m, meta_at);
	el2_map_range(&m, board->uart, board->uart, 4096ul, EL2_DEV);
	el2_map_range(&m, board->gicr, board->gicr, (u64)n_cpu * 0x20000ul, EL2_DEV);
	el2_root = m.root;
	return m.root;
}

/* What this boot did not load must not be read by KServ: memory may hold the last run's secrets. */
static void zero_unloaded(void)
{
	u64 core = boot.core_pfn << 12;
	u64 core_size = boot.core_n << 12;

	for (u64 i = 0; i < boot.n_region; i++) {
		u64 pfn = boot.region[i].base_pfn;
		u64 end = pfn + boot.region[i].n_pfn;

		for (; pfn < end; pfn++) {
			u64 pa = pfn << 12;

			if (!meets(pa, 4096ul, core, core_size) &&
			    !meets(pa, 4096ul, tree.fdt_pa, tree.fdt_size) &&
			    !meets(pa, 4096ul, tree.kernel.base, tree.kernel.size) &&
			    !meets(pa, 4096ul, tree.initrd.base, tree.initrd.size))
				page_zero(pfn);
		}
	}
}

static void say_memory(void)
{
	say("kcore: ABI ");
	say_hex(KC_ABI_MAJOR);
	say(", memory at ");
	say_hex(boot.core_pfn << 12);
	say(", bytes ");
	say_hex(boot.core_n << 12);
	say("\n");
}

void boot_finish(void)
{
	u64 r;

	tree.fdt = (void *)linear(tree.fdt_pa);
	zero_unloaded();
	r = mm_init();
	if (r != 0ul) {
		say_hex(r);
		refuse(": the memory map is not one that KCore accepts");
	}
	tree_for_kserv(&tree);
	cpu_boot[0].wanted = 1;
	cpu_boot[0].pc = tree.kernel.base;
	cpu_boot[0].arg = tree.fdt_pa;
	say_memory();
	say_start(0ul);
}
