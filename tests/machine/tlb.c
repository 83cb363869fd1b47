/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random histories of three VMIDs on two CPUs: descriptors change, by pte_set and in any order, EL1
 * reads, writes and fetches, with its stage 1 off and on, and tlb_inval_vm runs now and then.
 * Printed, all in hex:
 *
 *   B                        a new history: tables are zero, TLBs empty
 *   R vmid root              where the walks of vmid start
 *   F fn                     a frame number that will be accessed
 *   W table index value      pte_set
 *   I cpu vmid               tlb_inval_vm
 *   A cpu vmid stage1 kind fn answer
 *                            access: the page reached, or the fault
 *
 * The tables of levels 2 and 3 belong to all VMIDs, so that changes meet many of them.
 */
#include "lab.h"

#define N_VMID    3ul
#define ROOT(h)   (TABLE_PFN + 2ul * (h))
#define L2        (TABLE_PFN + 6ul) /* three tables each */
#define L3        (TABLE_PFN + 9ul)
#define TABLE_END (TABLE_PFN + 12ul)

/* What is accessed: 3 x 2 x 2 frame numbers. A block of 1 GiB puts them into the data pages. */
static const u64 hot1[3] = {0, 1, 515};
static const u64 hot2[2] = {16, 17};
static const u64 hot3[2] = {0, 5};

/* KServ's, the first and the last of the VMs'. */
static const u64 vmid[N_VMID] = {0, 1, 255};

#ifdef ONE_VMID /* the roots differ, the VMID does not: this must be noticed */
#define VMID(h) ((h)*0ul)
#else
#define VMID(h) vmid[h]
#endif

static struct {
	u64 vm;
	u64 stage1;
} now[2];

static u64 do_access(u64 h, u64 stage1, u64 kind, u64 ipa)
{
	u64 addr = ipa;

	enter(VMID(h), ROOT(h), stage1);
	if (stage1 != 0ul && ipa >> 30 == 515ul)
		addr = (2ul << 30) | (ipa & ((1ul << 30) - 1ul));
	return page_reached(kind, addr);
}

static u64 do_inval(u64 h, u64 unused1, u64 unused2, u64 unused3)
{
	(void)unused1;
	(void)unused2;
	(void)unused3;
	tlb_inval_vm(VMID(h), ROOT(h));
	return 0;
}

static void line(const char *what, u64 n, const u64 *arg)
{
	put(what);
	for (u64 i = 0; i < n; i++)
		put_hex(arg[i]);
	put("\n");
}

static u64 random_fn(void)
{
	return (hot1[below(3)] << 18) | (hot2[below(2)] << 9) | hot3[below(2)];
}

static void some_access(void)
{
	static u64 fn;
	u64 cpu = below(2);
	u64 kind = below(3);

	if (fn == 0ul || one_in(2))
		fn = random_fn();
	if (one_in(12))
		now[cpu].vm = below(N_VMID);
	if (one_in(24))
		now[cpu].stage1 = below(2);
	line("A", 6,
	     (u64[]){cpu, vmid[now[cpu].vm], now[cpu].stage1, kind, fn,
		     on_cpu(cpu, do_access, now[cpu].vm, now[cpu].stage1, kind, fn << 12)});
}

static void some_write(void)
{
	u64 level = 1ul + below(3);
	u64 kind = below(10);
	u64 table;
	u64 i;
	u64 d = 0;

	if (level == 1ul) {
		i = hot1[below(3)];
		table = ROOT(below(N_VMID)) + i / 512ul;
		i = i % 512ul;
		if (kind < 3ul)
			d = desc_block(RAM_PA >> 12, ATTR_HOST);
		else if (kind < 8ul)
			d = desc_table(L2 + below(3));
	} else if (level == 2ul) {
		table = L2 + below(3);
		i = hot2[below(2)];
		if (kind < 3ul)
			d = desc_block(DATA_PFN + 512ul * below(3), ATTR_HOST);
		else if (kind < 8ul)
			d = desc_table(L3 + below(3));
	} else {
		table = L3 + below(3);
		i = hot3[below(2)];
		if (kind < 8ul)
			d = desc_page(DATA_PFN + below(DATA_N), ATTR_HOST);
	}
	pte_set(table, i, d);
	line("W", 3, (u64[]){table, i, d});
}

static void some_inval(void)
{
	u64 cpu = below(2);
	u64 h = one_in(2) ? now[below(2)].vm : below(N_VMID);

	(void)on_cpu(cpu, do_inval, h, 0, 0, 0);
	line("I", 2, (u64[]){cpu, vmid[h]});
}

static void begin(void)
{
	for (u64 h = 0; h < N_VMID; h++)
		root_init(ROOT(h));
	for (u64 t = L2; t < TABLE_END; t++)
		page_zero(t);
	tlb_forget();
	put("B\n");
	for (u64 h = 0; h < N_VMID; h++)
		line("R", 2, (u64[]){vmid[h], ROOT(h)});
	for (u64 i = 0; i < 12ul; i++)
		line("F", 1,
		     (u64[]){(hot1[i / 4ul] << 18) | (hot2[i / 2ul % 2ul] << 9) | hot3[i % 2ul]});
	for (u64 i = 0; i < 40ul; i++)
		some_write();
}

void test_main(void)
{
	data_init();
	for (u64 n = param(1); n > 0ul; n--) {
		begin();
		for (u64 i = 0; i < 400ul; i++) {
			u64 what = below(20);

			if (what < 10ul)
				some_access();
			else if (what < 19ul)
				some_write();
			else
				some_inval();
		}
	}
}
