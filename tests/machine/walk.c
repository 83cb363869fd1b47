/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random stage-2 trees, walked by the hardware. Printed, all in hex:
 *
 *   R root                 a new tree; all its words are 0 but the following
 *   D table index value
 *   P ipa read write       the page that each access would reach, or its fault (AT S12E1R, AT S12E1W)
 *   L ipa page             the page that EL1's load reached, or its fault
 *   X ipa page             the same for an instruction fetch
 *   C changed              1: the accesses have changed the tables
 *
 * Tables of the first group are linked at any level, their own and the root's included, so that trees
 * share tables and have cycles. Those of the second group are used at level 3 alone: they point anywhere.
 */
#include "lab.h"

#define ROOT    TABLE_PFN
#define GROUP1  (TABLE_PFN + 2ul)
#define GROUP2  (TABLE_PFN + 6ul)
#define N_TABLE 10ul /* with the root's two pages */
#define HOT     5ul  /* indices in use at each level */

static u64 hot[4][HOT];

static const u64 kcore_attr[4] = {ATTR_HOST, ATTR_DEVICE, ATTR_PRIVATE, 0};

/* Bits that are no address: as KCore writes them, or any with all access, or any at all. */
static u64 random_attr(void)
{
	u64 any = random() & 0xfff0000000000ffcul;
	u64 i = below(6);

	if (i < 3ul)
		return kcore_attr[i];
	if (i == 3ul)
		return attr_lent(below(8));
	return i == 4ul ? any | ATTR_AF | ATTR_RW : any;
}

static u64 random_page(void)
{
	return DATA_PFN + below(DATA_N);
}

/* An address; most lie in the data blocks, some have bits that a block or 40 bits do not have. */
static u64 random_address(u32 inner)
{
	u64 a = random_page() << 12;

	if (inner == 0u && one_in(3))
		a = random() & DESC_ADDR;
	if (one_in(16))
		a |= (random() & 0xfful) << 40;
	if (one_in(16))
		a |= (random() & 15ul) << 48;
	return a;
}

/* group 0: the root. */
static u64 random_desc(u64 group)
{
	u64 type = below(16);

	if (type < 2ul) /* invalid: 0, or anything that is not valid, such as a frozen leaf */
		return one_in(2) ? 0ul : random() & ~1ul;
	if (type < 7ul) /* a block, or reserved at level 3 */
		return random_address(0) | random_attr() | DESC_BLOCK;
	if (group == 2ul)
		return random_address(0) | random_attr() | DESC_PAGE;
	if (one_in(6))
		return random_address(1) | random_attr() | DESC_PAGE;
	/* a table: the root's pages are 0 and 1 */
	return ((TABLE_PFN + (group == 0ul ? 2ul + below(4) : below(N_TABLE))) << 12) |
	       (one_in(2) ? random_attr() : 0ul) | (one_in(16) ? (random() & 0xfful) << 40 : 0ul) |
	       DESC_TABLE;
}

static void choose_hot(void)
{
	static const u64 edge[4][4] = {
		{0}, {0, 511, 512, 1022}, {16, 17, 18, 511}, {0, 511, 1, 256}};

	for (u64 l = 1; l <= 3ul; l++)
		for (u64 i = 0; i < HOT; i++)
			hot[l][i] = one_in(2) ? edge[l][below(4)] : below(l == 1ul ? 1023 : 512);
}

static void set(u64 table, u64 i, u64 group)
{
	if ((table == ROOT + 1ul && i == 511ul) || pte_get(table, i) != 0ul)
		return;
	pte_set(table, i, random_desc(group));
}

/* One number for all words of the tables. */
static u64 sum(void)
{
	u64 s = 0;

	for (u64 t = TABLE_PFN; t < TABLE_PFN + N_TABLE; t++)
		for (u64 i = 0; i < 512ul; i++)
			s = s * 0x5851f42d4c957f2dul + pte_get(t, i);
	return s;
}

static void build(void)
{
	root_init(ROOT);
	for (u64 t = 2; t < N_TABLE; t++)
		for (u64 i = 0; i < 512ul; i++)
			pte_set(TABLE_PFN + t, i, 0ul);
	choose_hot();
	for (u64 i = 0; i < HOT; i++) {
		set(ROOT + hot[1][i] / 512ul, hot[1][i] % 512ul, 0);
		for (u64 t = GROUP1; t < TABLE_PFN + N_TABLE; t++) {
			set(t, hot[2][i], t < GROUP2 ? 1 : 2);
			set(t, hot[3][i], t < GROUP2 ? 1 : 2);
		}
	}
	put("R");
	put_hex(ROOT);
	put("\n");
	for (u64 t = TABLE_PFN; t < TABLE_PFN + N_TABLE; t++)
		for (u64 i = 0; i < 512ul; i++)
			if (pte_get(t, i) != 0ul) {
				put("D");
				put_hex(t);
				put_hex(i);
				put_hex(pte_get(t, i));
				put("\n");
			}
	tlb_forget();
}

static u64 random_index(u64 level)
{
	if (one_in(12))
		return below(level == 1ul ? 1023 : 512);
	return hot[level][below(HOT)];
}

static void line(const char *what, u64 ipa, u64 a)
{
	put(what);
	put_hex(ipa);
	put_hex(a);
}

/* The leaf descriptor by a walk in software, 0 if there is none: it only decides how to ask. */
static u64 leaf_at(u64 ipa)
{
	u64 table = ROOT + (ipa >> 39);
	u64 d = 0;

	for (u64 shift = 30; shift >= 12ul; shift -= 9ul) {
		if (table < TABLE_PFN || table >= TABLE_PFN + N_TABLE)
			return 0;
		d = pte_get(table, (ipa >> shift) & 511ul);
		if ((d & DESC_TYPE) != DESC_TABLE || shift == 12ul)
			break;
		table = desc_pfn(d);
	}
	return (d & DESC_VALID) != 0ul ? d : 0ul;
}

/*
 * The page that EL1 would read or write, or the fault. QEMU ends with a failed assertion when an AT
 * instruction meets a stage 2 that denies the access, so then EL1 tries it.
 */
static u64 ask(u64 kind, u64 ipa)
{
	u64 leaf = leaf_at(ipa);
	u64 par;

	if (ipa >> 40 == 0ul && leaf != 0ul && (leaf & (kind == LOAD ? 1ul << 6 : 1ul << 7)) == 0ul)
		return access(kind, ipa, 0ul);
	if (kind == LOAD)
		__asm__ volatile("at s12e1r, %0\n	isb" : : "r"(ipa) : "memory");
	else
		__asm__ volatile("at s12e1w, %0\n	isb" : : "r"(ipa) : "memory");
	par = MRS(par_el1);
	if ((par & 1ul) == 0ul)
		return (par >> 12) & 0xfffffffffful;
	return (par & (1ul << 9)) != 0ul ? FAULT | ((par >> 1) & 0x3ful) : FAULT_ODD;
}

static void probe(void)
{
	u64 ipa = (random_index(1) << 30) | (random_index(2) << 21) | (random_index(3) << 12);
	u64 r;

	/* an IPA beyond 40 bits, if EL1 can have one with its stage 1 off */
	if ((MRS(id_aa64mmfr0_el1) & 15ul) > 2ul && one_in(64))
		ipa |= (1ul + below(15)) << 40;
	if (ipa >> 30 == EL1_GIB)
		return;
	r = ask(LOAD, ipa);
	line("P", ipa, r);
	put_hex(ask(STORE, ipa));
	put("\n");
	/* An access that would reach a device or nothing is left out. */
	if ((r & FAULT) == 0ul && (r < DATA_PFN || r >= DATA_PFN + DATA_N))
		return;
	line("L", ipa, page_reached(LOAD, ipa));
	put("\n");
	if ((r & FAULT) == 0ul) {
		line("X", ipa, page_reached(FETCH, ipa));
		put("\n");
	}
}

void test_main(void)
{
	data_init();
	enter(7, ROOT, 0);
	for (u64 n = param(1); n > 0ul; n--) {
		u64 before;

		build();
		before = sum();
		for (u64 i = 0; i < 48ul; i++)
			probe();
		put(sum() == before ? "C 0\n" : "C 1\n");
	}
}
