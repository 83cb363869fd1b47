/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KCore's memory primitives do what proof/machine/Events.v says of them, and nothing else. Each test
 * prints a line; mutants.py checks that each fails when its primitive is wrong.
 */
#include "lab.h"
#include <kcore/prim_lock.h>

#define P      (FREE_PFN + 1ul) /* the page under test; its neighbours must stay as they are */
#define ROOT   TABLE_PFN
#define L2     (TABLE_PFN + 2ul)
#define L3     (TABLE_PFN + 3ul)
#define ROUNDS 4000ul

/* Memory without the primitives. */
static volatile u64 *ram(u64 pfn, u64 i)
{
	return (volatile u64 *)(EL2_LINEAR_BASE + pfn * 4096ul + i * 8ul);
}

static volatile u64 *meta(u64 pfn)
{
	return (volatile u64 *)(EL2_META_BASE + pfn * 8ul);
}

static u64 pattern(u64 pfn, u64 i)
{
	return (pfn * 512ul + i) * 0x9e3779b97f4a7c15ul;
}

/* Three pages around P, and the page src, with words that are all different. */
static void fill(void)
{
	for (u64 p = P - 1ul; p <= P + 4ul; p++)
		for (u64 i = 0; i < 512ul; i++)
			*ram(p, i) = pattern(p, i);
}

/* All words of those pages are as filled, but those of page p but for word i. i = 512: all of p. */
static u32 others_same(u64 p, u64 i)
{
	for (u64 q = P - 1ul; q <= P + 4ul; q++)
		for (u64 j = 0; j < 512ul; j++)
			if (!(q == p && (i == 512ul || i == j)) && *ram(q, j) != pattern(q, j))
				return 0;
	return 1;
}

static u64 some_index(u64 n)
{
	static const u64 edge[4] = {0, 1, 256, 511};

	return n < 4ul ? edge[n] : below(512);
}

static void test_words(void)
{
	u32 set = 1;
	u32 get = 1;
	u32 pset = 1;
	u32 pget = 1;

	fill();
	for (u64 n = 0; n < 12ul; n++) {
		u64 i = some_index(n);
		u64 v = random();

		get &= (u32)(pg_get(P, i) == pattern(P, i) && others_same(P, 512ul));
		pget &= (u32)(pte_get(P, i) == pattern(P, i) && others_same(P, 512ul));
		pg_set(P, i, v);
		set &= (u32)(*ram(P, i) == v && others_same(P, i));
		*ram(P, i) = pattern(P, i);
		pte_set(P, i, ~v);
		pset &= (u32)(*ram(P, i) == ~v && others_same(P, i));
		*ram(P, i) = pattern(P, i);
	}
	check("pg_get reads the word of the page", get);
	check("pg_set writes that word alone", set);
	check("pte_get reads the word of the page", pget);
	check("pte_set writes that word alone", pset);
}

static void test_meta(void)
{
	u32 get = 1;
	u32 set = 1;

	for (u64 p = 0; p < RAM_SIZE >> 12; p++)
		*meta((RAM_PA >> 12) + p) = pattern(p, 0);
	for (u64 n = 0; n < 20ul; n++) {
		u64 p = n < 2ul ? n * ((RAM_SIZE >> 12) - 1ul) : below(RAM_SIZE >> 12);
		u64 v = random();

		get &= (u32)(meta_get((RAM_PA >> 12) + p) == pattern(p, 0));
		meta_set((RAM_PA >> 12) + p, v);
		for (u64 q = 0; q < RAM_SIZE >> 12; q++)
			set &= (u32)(*meta((RAM_PA >> 12) + q) == (q == p ? v : pattern(q, 0)));
		*meta((RAM_PA >> 12) + p) = pattern(p, 0);
	}
	check("meta_get reads the page's state word", get);
	check("meta_set writes that word alone", set);
}

/* EL1's IPA 0 is page P. */
static void map_p(void)
{
	root_init(ROOT);
	for (u64 i = 0; i < 512ul; i++) {
		*ram(L2, i) = 0;
		*ram(L3, i) = 0;
	}
	pte_set(L3, 0, desc_page(P, ATTR_HOST));
	pte_set(L2, 0, desc_table(L3));
	pte_set(ROOT, 0, desc_table(L2));
	tlb_forget();
	enter(1, ROOT, 0);
}

static void test_walker_sees(void)
{
	u32 good = 1;

	map_p();
	fill();
	for (u64 n = 0; n < 4ul; n++) {
		u64 q = P + n % 2ul;

		pte_set(L3, n, desc_page(q, ATTR_HOST));
		good &= (u32)(access(LOAD, (n << 12) + 8ul, 0ul) == pattern(q, 1));
	}
	pte_set(L3, 9, desc_freeze(desc_page(P, ATTR_PRIVATE)));
	good &= (u32)((access(LOAD, 9ul << 12, 0ul) & FAULT) != 0ul);
	check("walkers see what pte_set writes", good);
}

/*
 * Leaves as KCore writes them have no bit that the model does not know: the contiguous hint (52),
 * which lets a TLB entry cover neighbours, reserved and address bits.
 */
static void test_attributes(void)
{
	static const u64 fixed[3] = {ATTR_HOST, ATTR_DEVICE, ATTR_PRIVATE};
	u64 known = (0xful << 2) | (3ul << 6) | (3ul << 8) | ATTR_AF | ATTR_XN | DESC_SW;
	u32 good = 1;

	for (u64 i = 0; i < 11ul; i++) {
		u64 attr = i < 3ul ? fixed[i] : attr_lent(i - 3ul);

		good &= (u32)((attr & ~known) == 0ul && (attr & ATTR_AF) != 0ul);
	}
	check("KCore's leaves have no contiguous hint and no reserved bits", good);
}

static void test_page_zero(void)
{
	u32 good = 1;

	fill();
	page_zero(P);
	for (u64 i = 0; i < 512ul; i++)
		good &= (u32)(*ram(P, i) == 0ul);
	check("page_zero zeroes the page alone", good & others_same(P, 512ul));
}

/* Code of EL1 that returns n: movz x0, #n; ret. */
static void write_code(u64 pfn, u64 n)
{
	*ram(pfn, 0) = 0xd65f03c000000000ul | 0xd2800000ul | (n << 5);
}

static void test_page_sync(void)
{
	u32 good = 1;

	fill();
	page_sync(P);
	check("page_sync leaves all words as they are", others_same(P, 512ul) & others_same(0, 0));
	map_p();
	for (u64 n = 1; n < 20ul; n++) {
		write_code(P, n);
		page_sync(P);
		good &= (u32)(access(FETCH, 0, 0) == n);
	}
	check("after page_sync, EL1 runs what was written", good);
}

static void test_page_copy(void)
{
	u32 good = 1;

	fill();
	page_copy(P, P + 3ul);
	for (u64 i = 0; i < 512ul; i++)
		good &= (u32)(*ram(P, i) == pattern(P + 3ul, i));
	check("page_copy copies the page, and writes no other", good & others_same(P, 512ul));
	good = 1;
	map_p();
	for (u64 n = 1; n < 20ul; n++) {
		write_code(P + 3ul, n);
		page_copy(P, P + 3ul);
		good &= (u32)(access(FETCH, 0, 0) == n);
	}
	check("after page_copy, EL1 runs what was copied", good);
}

/* ---- locks ---- */
static volatile u64 inside;
static volatile u64 total;
static volatile u64 finished;

static volatile u32 *lock_part(u64 id, u64 i)
{
	return &lock_word[id][i];
}

/*
 * In every tenth round, and while tickets wrap, the holder stays until the other CPU has asked for
 * the lock, and a while longer.
 */
static void stay(void)
{
	u32 asked = *lock_part(LOCK_MEM, 1) + 1u;

	for (u64 i = 0; i < 100000000ul && *lock_part(LOCK_MEM, 0) == asked && finished == 0ul; i++)
		;
	for (u64 i = 0; i < 10000ul; i++)
		__asm__ volatile("nop");
}

static const char *const exclusive = "two CPUs are never inside at once, and lose no increment";

/* A lock that is broken may never be free again: the first that finds it ends the program. */
static u64 contend(u64 rounds, u64 unused1, u64 unused2, u64 unused3)
{
	(void)unused1;
	(void)unused2;
	(void)unused3;
	for (u64 n = 0; n < rounds; n++) {
		u64 t;

		spin_lock(LOCK_MEM);
		if (inside != 0ul) {
			check(exclusive, 0);
			lab_end();
		}
		inside = inside + 1ul;
		t = total;
		if (n % 10ul == 0ul || *lock_part(LOCK_MEM, 1) + 8u < 16u)
			stay();
		total = t + 1ul;
		inside = inside - 1ul;
		spin_unlock(LOCK_MEM);
	}
	finished = 1;
	return 0;
}

static u64 lock_once(u64 unused0, u64 unused1, u64 unused2, u64 unused3)
{
	(void)unused0;
	(void)unused1;
	(void)unused2;
	(void)unused3;
	spin_lock(LOCK_MEM);
	total = total + 1ul;
	spin_unlock(LOCK_MEM);
	return 0;
}

static void test_lock(void)
{
	u32 start = *lock_part(LOCK_MEM, 0);
	u32 good;
	u64 before;

	spin_lock(LOCK_MEM);
	good = (u32)(*lock_part(LOCK_MEM, 0) == start + 1u && *lock_part(LOCK_MEM, 1) == start);
	/* the other lock is free */
	good &= (u32)(*lock_part(1, 0) == *lock_part(1, 1));
	total = 0;
	cpu1_start(lock_once, 0, 0, 0, 0);
	for (u64 n = 0; n < 100000000ul && *lock_part(LOCK_MEM, 0) != start + 2u; n++)
		;
	for (u64 n = 0; n < 1000000ul; n++)
		good &= (u32)(total == 0ul);
	check("spin_lock keeps the other CPU out", good);
	spin_unlock(LOCK_MEM);
	good = (u32)(*lock_part(LOCK_MEM, 1) == start + 1u ||
		     *lock_part(LOCK_MEM, 1) == start + 2u);
	check("spin_unlock lets the next one in", good);
	if (!good) /* nobody will ever get it */
		lab_end();
	(void)cpu1_wait();
	total = 0;
	inside = 0;
	finished = 0;
	before = 0ul - 700ul; /* tickets wrap under way */
	*lock_part(LOCK_MEM, 0) = (u32)before;
	*lock_part(LOCK_MEM, 1) = (u32)before;
	cpu1_start(contend, ROUNDS / 2ul, 0, 0, 0);
	(void)contend(ROUNDS / 2ul, 0, 0, 0);
	(void)cpu1_wait();
	check(exclusive, total == ROUNDS && *lock_part(LOCK_MEM, 0) == (u32)(before + ROUNDS) &&
				 *lock_part(LOCK_MEM, 1) == (u32)(before + ROUNDS));
}

void test_main(void)
{
	test_words();
	test_meta();
	test_walker_sees();
	test_attributes();
	test_page_zero();
	test_page_sync();
	test_page_copy();
	test_lock();
}
