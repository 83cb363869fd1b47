/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tlb_inval_vm and tlb_inval_local, case by case: what EL1 reaches before, after the tables have
 * changed, and after the invalidation. "note" lines say what this machine shows of what the model
 * allows but does not demand.
 */
#include "lab.h"
#include <kcore/abi.h>

#define ROOT(h) (TABLE_PFN + 4ul * (h))
#define L2(h)   (ROOT(h) + 2ul)
#define L3(h)   (ROOT(h) + 3ul)
#define OLD     (DATA_PFN + 3ul)
#define NEW     (DATA_PFN + 700ul)
#define IPA     0x5000ul

static void note(const char *what, u32 yes)
{
	put("note    ");
	put(what);
	put(yes ? ": yes\n" : ": no\n");
}

/* IPA is the page OLD in VMIDs 1 and 2, GiB 1 the data blocks. */
static void map(void)
{
	for (u64 h = 1; h <= 2ul; h++) {
		root_init(ROOT(h));
		page_zero(L2(h));
		page_zero(L3(h));
		pte_set(L3(h), IPA >> 12, desc_page(OLD, ATTR_HOST));
		pte_set(L2(h), 0, desc_table(L3(h)));
		pte_set(ROOT(h), 0, desc_table(L2(h)));
		pte_set(ROOT(h), 1, desc_block(RAM_PA >> 12, ATTR_HOST));
	}
	tlb_forget();
}

static u64 reach(u64 h, u64 stage1, u64 kind, u64 addr)
{
	enter(h, ROOT(h), stage1);
	return page_reached(kind, addr);
}

static u64 inval(u64 h, u64 unused1, u64 unused2, u64 unused3)
{
	(void)unused1;
	(void)unused2;
	(void)unused3;
	tlb_inval_vm(h, ROOT(h));
	return 0;
}

static u64 stale; /* how often an old translation was used before the invalidation */

/*
 * EL1 of VMID 1 on CPU a uses OLD; the leaf changes to d; CPU b invalidates, with VMID cur current.
 * Is what EL1 gets then want?
 */
static u32 one(u64 a, u64 b, u64 cur, u64 stage1, u64 kind, u64 d, u64 want)
{
	u32 good;

	map();
	good = (u32)(on_cpu(a, reach, 1, stage1, kind, IPA) == OLD);
	pte_set(L3(1), IPA >> 12, d);
	stale += on_cpu(a, reach, 1, stage1, kind, IPA) == OLD;
	if (b != a || cur != 1ul)
		(void)on_cpu(b, reach, cur, 0, LOAD, IPA);
	(void)on_cpu(b, inval, 1, 0, 0, 0);
	return good & (u32)(on_cpu(a, reach, 1, stage1, kind, IPA) == want);
}

static void test_cases(void)
{
	u32 same = 1;
	u32 other = 1;
	u32 foreign = 1;
	u32 gone = 1;

	stale = 0;
	for (u64 stage1 = 0; stage1 < 2ul; stage1++)
		for (u64 kind = LOAD; kind <= FETCH; kind++) {
			u64 d = desc_page(NEW, ATTR_HOST);

			same &= one(0, 0, 1, stage1, kind, d, NEW) &
				one(1, 1, 1, stage1, kind, d, NEW);
			other &= one(0, 1, 1, stage1, kind, d, NEW) &
				 one(1, 0, 1, stage1, kind, d, NEW);
			foreign &= one(0, 1, 2, stage1, kind, d, NEW) &
				   one(1, 0, 2, stage1, kind, d, NEW);
			gone &= one(0, 1, 2, stage1, kind, desc_freeze(desc_page(OLD, ATTR_HOST)),
				    FAULT | 7ul);
		}
	check("the invalidating CPU uses the new translation", same);
	check("so does the other CPU", other);
	check("so it does when another VMID was current", foreign);
	check("a frozen leaf is out of reach", gone);
	check("before the invalidation, this machine uses old translations", stale >= 24ul);
}

/* Nothing but the TLB changes. */
static void test_registers(void)
{
	u32 good = 1;

	map();
	for (u64 h = 1; h <= 2ul; h++) {
		u64 tcr = MRS(tcr_el1);
		u64 hcr = MRS(hcr_el2);

		enter(1, ROOT(1), 1);
		tlb_inval_vm(h, ROOT(h));
		good &= (u32)(MRS(vttbr_el2) == VTTBR(1, ROOT(1)) && MRS(tcr_el1) == tcr &&
			      MRS(sctlr_el1) == (SCTLR_RESET | 1ul) && MRS(hcr_el2) == hcr);
	}
	check("tlb_inval_vm leaves the registers as they were", good);
}

/* A block becomes a table whose pages go elsewhere, as in mm/table.c, and the other way round. */
static void test_block(void)
{
	u64 ipa = IPA + (1ul << 21);
	u64 block = desc_block(DATA_PFN + 512ul, ATTR_HOST);
	u32 good;

	map();
	pte_set(L2(1), 1, block);
	good = (u32)(reach(1, 0, LOAD, ipa) == DATA_PFN + 517ul);
	pte_set(L2(1), 1, 0ul);
	tlb_inval_vm(1, ROOT(1));
	good &= (u32)(reach(1, 0, LOAD, ipa) == (FAULT | 6ul));
	pte_set(L2(1), 1, desc_table(L3(1)));
	good &= (u32)(reach(1, 0, LOAD, ipa) == OLD);
	pte_set(L2(1), 1, 0ul);
	tlb_inval_vm(1, ROOT(1));
	pte_set(L2(1), 1, block);
	good &= (u32)(reach(1, 0, LOAD, ipa) == DATA_PFN + 517ul);
	check("a block is split and joined", good);
}

/* Each VMID has its own translations; the invalidation of one may leave the other's. */
static void test_vmids(void)
{
	u32 good;
	u32 survived;

	map();
	good = (u32)(on_cpu(1, reach, 2, 0, LOAD, IPA) == OLD);
	pte_set(L3(1), IPA >> 12, desc_page(NEW, ATTR_HOST));
	for (u64 n = 0; n < 8ul; n++)
		good &= (u32)(on_cpu(n / 2ul % 2ul, reach, 1ul + n % 2ul, 0, LOAD, IPA) ==
			      (n % 2ul == 0ul ? NEW : OLD));
	check("a VMID does not use another's translations", good);
	map();
	(void)on_cpu(1, reach, 2, 0, LOAD, IPA);
	pte_set(L3(2), IPA >> 12, desc_page(NEW, ATTR_HOST));
	tlb_inval_vm(1, ROOT(1));
	survived = (u32)(on_cpu(1, reach, 2, 0, LOAD, IPA) == OLD);
	note("an old entry of VMID 2 survives the invalidation of VMID 1", survived);
	map();
	(void)on_cpu(1, reach, 2, 0, LOAD, IPA);
	pte_set(L3(2), IPA >> 12, desc_page(NEW, ATTR_HOST));
	(void)on_cpu(1, reach, 1, 0, LOAD, IPA);
	survived = (u32)(on_cpu(1, reach, 2, 0, LOAD, IPA) == OLD);
	note("an old entry survives while another VMID is current", survived);
}

/* What EL1 may do with a page of KServ's, a device's, a private one, and a lent one. */
static u32 rights(u64 attr, u64 prot)
{
	u32 good = 1;

	map();
	pte_set(L3(1), IPA >> 12, desc_page(OLD, attr));
	tlb_forget();
	for (u64 kind = LOAD; kind <= FETCH; kind++)
		good &= (u32)(reach(1, 0, kind, IPA) ==
			      ((prot >> kind & 1ul) != 0ul ? OLD : FAULT | 15ul));
	return good;
}

static void test_rights(void)
{
	u32 good = rights(ATTR_HOST, 7ul) & rights(ATTR_PRIVATE, 7ul) &
		   rights(ATTR_DEVICE, KC_PROT_R | KC_PROT_W);

	for (u64 prot = 0; prot < 8ul; prot++)
		good &= rights(attr_lent(prot), prot);
	check("leaves as KCore writes them allow what they should", good);
}

/* EL1's own stage 1 is read through stage 2: its table moves, then goes. */
static void test_stage1_walks(void)
{
	u64 addr = (1ul << 30) | ((DATA_PFN - 0x40000ul) << 12);
	u64 leaf = pte_get(EL1_L3, 1);
	u32 good;

	map();
	page_copy(FREE_PFN, S1_PFN);
	pg_set(FREE_PFN, 1, pg_get(S1_PFN, 0)); /* there, VA GiB 1 is IPA GiB 0 */
	good = (u32)(reach(1, 1, LOAD, addr) == DATA_PFN);
	pte_set(EL1_L3, 1, desc_page(FREE_PFN, ATTR_HOST));
	tlb_inval_vm(1, ROOT(1));
	good &= (u32)(reach(1, 1, LOAD, (1ul << 30) | IPA) == OLD);
	pte_set(EL1_L3, 1, 0ul);
	tlb_inval_vm(1, ROOT(1));
	good &= (u32)((el1_run(LOAD, (1ul << 30) | IPA, 0ul, 511ul << 30) & 0ul) == 0ul &&
		      (esr_get() & (ESR_S1PTW | 0x3ful)) == (ESR_S1PTW | 7ul));
	pte_set(EL1_L3, 1, leaf);
	tlb_inval_vm(1, ROOT(1));
	good &= (u32)(reach(1, 1, LOAD, addr) == DATA_PFN);
	check("stage-1 walks of EL1 read through stage 2", good);
}

/* VTTBR_EL2 has no bit 12: the model's "root + fn / 2^27" is the hardware's for even roots alone. */
static void test_odd_root(void)
{
	map();
	pte_set(ROOT(1) + 1ul, 0, desc_block(DATA_PFN, ATTR_HOST));
	enter(1, ROOT(1) + 1ul, 0);
	check("an odd root is taken for the even one before it", page_reached(LOAD, IPA) == OLD);
}

/* EL1 of CPU 1 writes to OLD all the time, until it faults. */
static volatile u64 writes;

static u64 keep_writing(u64 stage1, u64 unused1, u64 unused2, u64 unused3)
{
	(void)unused1;
	(void)unused2;
	(void)unused3;
	enter(1, ROOT(1), stage1);
	while ((access(STORE, IPA + 0x800ul, writes + 1ul) & FAULT) == 0ul && writes < 100000000ul)
		writes = writes + 1ul;
	return 0;
}

static void test_writer(void)
{
	u32 moves = 1;
	u32 good = 1;

	for (u64 stage1 = 0; stage1 < 2ul; stage1++) {
		u64 seen;

		map();
		writes = 0;
		pg_set(OLD, 256, 0ul);
		cpu1_start(keep_writing, stage1, 0, 0, 0);
		for (u64 n = 0; n < 1000000000ul && pg_get(OLD, 256) < 100ul; n++)
			;
		moves &= (u32)(pg_get(OLD, 256) >= 100ul);
		pte_set(L3(1), IPA >> 12, 0ul);
		tlb_inval_vm(1, ROOT(1));
		seen = pg_get(OLD, 256);
		for (u64 n = 0; n < 3000000ul; n++)
			good &= (u32)(pg_get(OLD, 256) == seen);
		if (!good) /* it goes on: let it end */
			tlb_forget();
		(void)cpu1_wait();
	}
	check("EL1 writes to what it reaches at any moment", moves);
	check("after unmapping and invalidation a page stays as it is", good);
}

/* tlb_inval_local: another stage 1 under the same VMID. */
static void test_local(void)
{
	u64 addr = (1ul << 30) | ((DATA_PFN - 0x40000ul) << 12);
	u64 s1 = pg_get(S1_PFN, 1);
	u64 old;
	u32 good = 1;
	u32 seen = 0;
	u32 far;

	for (u64 kind = LOAD; kind <= FETCH; kind++) {
		map();
		(void)on_cpu(1, reach, 1, 1, kind, addr);
		good &= (u32)(reach(1, 1, kind, addr) == DATA_PFN);
		/* VA GiB 1 now is IPA GiB 0: nothing is mapped there */
		pg_set(S1_PFN, 1, s1 & ~(1ul << 30));
		old = reach(1, 1, kind, addr);
		seen += (u32)(old == DATA_PFN);
		tlb_inval_local();
		good &= (u32)((reach(1, 1, kind, addr) & FAULT) != 0ul);
		far = (u32)(on_cpu(1, reach, 1, 1, kind, addr) == DATA_PFN);
		pg_set(S1_PFN, 1, s1);
	}
	check("tlb_inval_local drops this CPU's entries of the current VMID", good);
	check("without it, this machine uses old ones", seen == 3u);
	note("the other CPU keeps its own", far);
}

void test_main(void)
{
	data_init();
	(void)reach(1, 0, LOAD, 0ul);
	test_registers();
	test_cases();
	test_block();
	test_vmids();
	test_rights();
	test_stage1_walks();
	test_odd_root();
	test_writer();
	test_local();
}
