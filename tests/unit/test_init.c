/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot information and KServ's stage 2. */
#include "../../kcore/mm/host.h"
#include "harness.h"

static void boot_good(void)
{
	fake_boot(3, 2);
	EQ(count_kind(PG_CORE), boot.core_n);
	EQ(count_kind(PG_HOST), 5 * 512 - boot.core_n);
	EQ(host_maps(0x40000), 1);
	EQ(host_maps(boot.core_pfn), 0);
	EQ(host_maps(boot.core_pfn + boot.core_n - 1), 0);
	EQ(host_maps(boot.core_pfn + boot.core_n), 1);
	EQ(host_maps(0x8010), 1);
	EQ(host_maps(0x800f), 0);
	EQ(host_maps(0x9000 + 1199), 1);
	EQ(host_maps(0x9000 + 1200), 0);
	EQ(host_maps(IPA_PFNS), 0);
	EQ(host_maps(IPA_PFNS + 0x40000), 0);
	EQ(host_maps(~0ul), 0);
}

static void refuse(u64 code)
{
	u64 changes = fake_changes();

	EQ(mm_init(), code);
	EQ(fake_changes(), changes);
	fake_free();
	fake_machine(3, 2);
}

static void boot_regions(void)
{
	fake_machine(3, 2);
	boot.n_region = 0;
	refuse(BOOT_EREGION);
	boot.n_region = NREGION + 1;
	refuse(BOOT_EREGION);
	boot.region[0].base_pfn += 1;
	refuse(BOOT_EREGION);
	boot.region[1].n_pfn -= 1;
	refuse(BOOT_EREGION);
	boot.region[1].n_pfn = 0;
	refuse(BOOT_EREGION);
	boot.region[1].base_pfn = boot.region[0].base_pfn + 512;
	refuse(BOOT_EREGION);
	boot.region[1].base_pfn = IPA_PFNS;
	refuse(BOOT_EREGION);
	boot.region[1].base_pfn = IPA_PFNS - 512;
	refuse(BOOT_EREGION);
	boot.region[1].n_pfn = 0ul - 1024;
	refuse(BOOT_EREGION);
	boot.region[0].base_pfn = 1ul << 52;
	refuse(BOOT_EREGION);
}

static void boot_devices(void)
{
	fake_machine(3, 2);
	boot.n_device = NDEVICE + 1;
	refuse(BOOT_EDEVICE);
	boot.device[1].base_pfn = boot.device[0].base_pfn;
	refuse(BOOT_EDEVICE);
	boot.device[3].n_pfn = 0;
	refuse(BOOT_EDEVICE);
	boot.device[3].n_pfn = 0x40000 - boot.device[3].base_pfn + 1;
	refuse(BOOT_EDEVICE);
	boot.device[3].base_pfn = 0x40000 + 512;
	refuse(BOOT_EDEVICE);
	boot.device[3].n_pfn = ~0ul - boot.device[3].base_pfn;
	refuse(BOOT_EDEVICE);
	boot.device[3].n_pfn = 0x40000 - boot.device[3].base_pfn;
	EQ(mm_pool_need(), boot.pool_n);
}

static void boot_core(void)
{
	fake_machine(3, 2);
	boot.core_pfn = 0;
	refuse(BOOT_ECORE);
	boot.core_pfn = 0x3ffff;
	refuse(BOOT_ECORE);
	boot.core_n = 0;
	refuse(BOOT_ECORE);
	boot.core_n = 3 * 512 - 76;
	refuse(BOOT_ECORE);
	boot.core_n = ~0ul;
	refuse(BOOT_ECORE);
	boot.pool_n -= 1;
	refuse(BOOT_EPOOL);
	boot.pool_pfn += 4;
	refuse(BOOT_EPOOL);
	boot.pool_pfn = boot.core_pfn - 1;
	refuse(BOOT_EPOOL);
	boot.pool_n = ~0ul;
	refuse(BOOT_EPOOL);
}

/* The pool has an odd start, and is exactly as large as asked for. */
static void boot_pool_odd(void)
{
	u64 i;

	for (i = 0; i < 2; i++) {
		fake_machine(3, 2);
		boot.pool_pfn += i;
		EQ(mm_init(), 0);
		EQ(host_root & 1, 0);
		fake_free();
	}
	fake_boot(3, 2);
}

/* KCore's range ends with the first page of a block, and begins with the last of one. */
static void boot_core_edges(void)
{
	u64 n;
	u64 i;

	for (i = 0; i < 2; i++) {
		fake_machine(3, 2);
		n = boot.core_n;
		boot.core_pfn = i ? 0x40000 + 511 : 0x40000 + 513 - n;
		boot.pool_pfn = boot.core_pfn + 50;
		EQ(mm_init(), 0);
		EQ(host_maps(boot.core_pfn), 0);
		EQ(host_maps(boot.core_pfn + n - 1), 0);
		EQ(host_maps(boot.core_pfn + n), 1);
		EQ(host_maps(boot.core_pfn - 1), 1);
		fake_free();
	}
	fake_boot(3, 2);
}

/* A page goes and comes: the block is split and joined; a whole block likewise. */
static void host_split_join(void)
{
	u64 h;
	u64 blk;
	u64 l2;
	u64 i;

	fake_boot(4, 4);
	h = make_vm(KC_VM_PROTECTED, 6);
	blk = host_block();
	l2 = host_l2[blk >> 18];
	EQ(fake_word(l2, (blk >> 9) & 511) & 3, 1);
	OK(call_donate(h, IPA, blk + 5, 0));
	EQ(fake_word(l2, (blk >> 9) & 511) & 3, 3);
	EQ(host_maps(blk + 5), 0);
	EQ(host_maps(blk + 4), 1);
	OK(call_force_reclaim(0, h, IPA));
	EQ(pcpu[0].res1, blk + 5);
	EQ(fake_word(l2, (blk >> 9) & 511) & 3, 1);
	/* The last page that is away is any neighbour of the one that comes back. */
	for (i = 1; i < 512; i += 2) {
		OK(call_donate(h, IPA + 1024 + i, blk + 5, 0));
		OK(call_donate(h, IPA + 1025 + i, blk + ((5 + i) & 511), 0));
		OK(call_force_reclaim(0, h, IPA + 1024 + i));
		EQ(fake_word(l2, (blk >> 9) & 511) & 3, 3);
		OK(call_force_reclaim(0, h, IPA + 1025 + i));
		EQ(fake_word(l2, (blk >> 9) & 511) & 3, 1);
	}
	OK(call_donate(h, IPA + 512, blk, 9));
	EQ(fake_word(l2, (blk >> 9) & 511), 0);
	for (i = 0; i < 512; i++)
		OK(call_force_reclaim(0, h, IPA + 512 + (i * 5 & 511)));
	EQ(fake_word(l2, (blk >> 9) & 511) & 3, 1);
}

const struct test tests_init[] = {
	{"boot: states and map", boot_good},
	{"boot: bad regions", boot_regions},
	{"boot: bad devices", boot_devices},
	{"boot: bad core or pool", boot_core},
	{"boot: pool with an odd start", boot_pool_odd},
	{"boot: KCore at the edges of blocks", boot_core_edges},
	{"KServ's blocks are split and joined", host_split_join},
	{0, 0},
};
