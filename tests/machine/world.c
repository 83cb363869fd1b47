/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world switch (kcore/arch/arm64/switch.S, vectors.S), as it is in the product: three contexts take
 * turns on one CPU. Each register of the register table has a random value that the CPU can hold; each
 * round checks all of them, and all words of the context pages, against what the table says.
 */
#include "lab.h"
#include "regs_test.h"
#include <kcore/abi.h>
#include <kcore/prim_cpu.h>

#define CONTEXTS 3ul
#define PAGES    8ul /* the contexts' pages, and one on each side of each */
#define FIRST    (FREE_PFN + 16ul)
#define PAGE(k)  (1ul + 2ul * (k))
#define CTX(k)   (FIRST + PAGE(k))
#define ROOT(k)  (TABLE_PFN + 2ul * (k))
#define CODE_IPA (EL1_IPA + 0x2000ul)
#define FP_WORDS 66ul /* q0 to q31, FPSR, FPCR */

#define REG_WORD(i, word, reg) [i] = (word),
#define REG_NAME(i, word, reg) [i] = #reg,
#define REG_GET(i, word, reg)                                                                      \
	case i:                                                                                    \
		return MRS(reg);
#define REG_SET(i, word, reg)                                                                      \
	case i:                                                                                    \
		MSR(reg, v);                                                                       \
		break;

static const u64 word_of_reg[] = {EACH_REG(REG_WORD)};
static const char *const name_of_reg[] = {EACH_REG(REG_NAME)};
#define N_REGS (sizeof(word_of_reg) / sizeof(word_of_reg[0]))

/* trap_entry finds {context, CPU} at the base of this CPU's stack. */
u8 el2_stacks[1 << EL2_STACK_SHIFT] __attribute__((aligned(1 << EL2_STACK_SHIFT)));
#define STACK_BASE ((u64)el2_stacks + sizeof(el2_stacks) - 16ul)

void trap(u32 cpu, u32 kind);
extern char vectors[], world_page[];
extern void world_start(u64 stack) __attribute__((noreturn));
extern void fp_put(const u64 *v);
extern void fp_take(u64 *v);

enum { SAVED, LOADED, KEPT, GENERAL, CONTROLS, OTHERS, FP_LOADED, FP_SAVED, FP_CLEARED, CHECKS };
static const char *const what[CHECKS] = {
	"ctx_switch saves every register of the table to its word, and writes no other",
	"ctx_switch loads every register of the table from its word",
	"a trap and the return to EL1 change no register of the table",
	"x0 to x30 go to and come from their words, and no other",
	"VTTBR_EL2, HCR_EL2, MDCR_EL2 and the vectors' context are the new ones",
	"EL2's other controls stay as they are",
	"fp_load loads q0 to q31, FPSR and FPCR from their words, and writes none",
	"fp_save saves them to their words, and writes no other",
	"fp_clear leaves zeroes",
};
static u32 bad[CHECKS];
static u64 shadow[PAGES][512]; /* what the pages should be */
static u64 want[N_REGS];       /* what the CPU's registers should be */
static u64 general[31];        /* x0 to x30 that EL1 started with */
static u64 fixed[6];           /* EL2's other controls */
static u64 current, rounds, entered;

static u64 reg_get(u64 i)
{
	switch (i) {
		EACH_REG(REG_GET)
	default:
		return 0;
	}
}

static void reg_set(u64 i, u64 v)
{
	switch (i) {
		EACH_REG(REG_SET)
	default:
		break;
	}
}

static void found(u32 check, u32 good, const char *detail)
{
	if (!good && bad[check]++ == 0u) {
		put("FAIL    ");
		put(what[check]);
		put(": ");
		put(detail);
		put("\n");
	}
}

/* A random value as the register holds it. EL1's MMU stays off. */
static u64 some_value(u64 i)
{
	u64 v = random();

	if (word_of_reg[i] == CTX_SCTLR)
		v &= ~1ul;
	reg_set(i, v);
	return reg_get(i);
}

static void page_put(u64 page, u64 word, u64 v)
{
	shadow[page][word] = v;
	pg_set(FIRST + page, word, v);
}

static void pages_check(u32 check)
{
	for (u64 p = 0; p < PAGES; p++)
		for (u64 i = 0; i < 512ul; i++) {
			found(check, (u32)(pg_get(FIRST + p, i) == shadow[p][i]), "a word");
			shadow[p][i] = pg_get(FIRST + p, i);
		}
}

static void regs_check(u32 check)
{
	for (u64 i = 0; i < N_REGS; i++)
		found(check, (u32)(reg_get(i) == want[i]), name_of_reg[i]);
}

/* What KCore's C would do to a context that is to run: all registers of the table have other values. */
static void prepare(u64 k)
{
	for (u64 i = 0; i < 512ul; i++)
		page_put(PAGE(k), i, random());
	for (u64 i = 0; i < N_REGS; i++)
		page_put(PAGE(k), word_of_reg[i], some_value(i));
}

static void controls_now(u64 *v)
{
	v[0] = MRS(sctlr_el2);
	v[1] = MRS(vbar_el2);
	v[2] = MRS(tpidr_el2);
	v[3] = MRS(ttbr0_el2);
	v[4] = MRS(tcr_el2);
	v[5] = MRS(vtcr_el2);
}

static u64 hcr_value(u64 v)
{
	MSR(hcr_el2, v);
	return MRS(hcr_el2);
}

static u64 mdcr_value(u64 v)
{
	MSR(mdcr_el2, v);
	return MRS(mdcr_el2);
}

/* To context k, from the current one if there is one. */
static void change_to(u64 k)
{
	u64 hcr[2] = {hcr_value(HCR_HOST), hcr_value(HCR_GUEST)};
	u64 mdcr[2] = {mdcr_value(0ul), mdcr_value(MDCR_GUEST)};
	u64 now[6], mine[N_REGS];
	u64 h = below(2), m = below(2), vttbr = VTTBR(below(255), ROOT(below(2)));

	prepare(k);
	for (u64 i = 0; i < N_REGS; i++)
		mine[i] = some_value(i);
	MSR(hcr_el2, hcr[below(2)]);
	if (entered == 0ul) {
		ctx_start(CTX(k), vttbr, hcr[h], mdcr[m]);
	} else {
		ctx_switch(CTX(current), CTX(k), vttbr, hcr[h], mdcr[m]);
		for (u64 i = 0; i < N_REGS; i++)
			shadow[PAGE(current)][word_of_reg[i]] = mine[i];
	}
	for (u64 i = 0; i < N_REGS; i++)
		want[i] = shadow[PAGE(k)][word_of_reg[i]];
	regs_check(LOADED);
	pages_check(SAVED);
	found(CONTROLS, (u32)(MRS(vttbr_el2) == vttbr), "vttbr_el2");
	found(CONTROLS, (u32)(MRS(hcr_el2) == hcr[h]), "hcr_el2");
	found(CONTROLS, (u32)(MRS(mdcr_el2) == mdcr[m]), "mdcr_el2");
	found(CONTROLS, (u32)(((volatile u64 *)STACK_BASE)[0] == page_of(CTX(k))), "the context");
	found(CONTROLS, (u32)(((volatile u64 *)STACK_BASE)[1] == 0ul), "the CPU's number");
	controls_now(now);
	for (u64 i = 0; i < 6ul; i++)
		found(OTHERS, (u32)(now[i] == fixed[i]), "EL2");
	current = k;
}

/* EL1 runs its code in the current context. */
static void go(void)
{
	for (u64 i = 0; i < 31ul; i++)
		general[i] = shadow[PAGE(current)][CTX_X(i)];
	elr_set(CODE_IPA);
	spsr_set(PSTATE_RESET);
	entered++;
}

static void fp_random(u64 *v)
{
	for (u64 i = 0; i < FP_WORDS; i++)
		v[i] = random();
	fp_put(v);
	fp_take(v); /* FPSR and FPCR as they can be */
}

static u64 fp_word(u64 i)
{
	return i == 64ul ? CTX_FPSR : i == 65ul ? CTX_FPCR : CTX_V(0u) + i;
}

static void test_fp(void)
{
	u64 a[FP_WORDS], b[FP_WORDS];

	for (u64 n = 0; n < 8ul; n++) {
		u64 k = below(CONTEXTS);

		fp_random(a);
		prepare(k);
		for (u64 i = 0; i < FP_WORDS; i++)
			page_put(PAGE(k), fp_word(i), a[i]);
		fp_random(b);
		fp_load(CTX(k));
		fp_take(b);
		for (u64 i = 0; i < FP_WORDS; i++)
			found(FP_LOADED, (u32)(b[i] == a[i]), "a register");
		pages_check(FP_LOADED);
		fp_random(b);
		fp_save(CTX(k));
		for (u64 i = 0; i < FP_WORDS; i++)
			shadow[PAGE(k)][fp_word(i)] = b[i];
		pages_check(FP_SAVED);
		fp_clear();
		fp_take(b);
		for (u64 i = 0; i < FP_WORDS; i++)
			found(FP_CLEARED, (u32)(b[i] == 0ul), "a register");
	}
}

static void finish(void)
{
	test_fp();
	for (u32 i = 0; i < CHECKS; i++)
		if (bad[i] == 0u)
			check(what[i], 1);
	lab_end();
}

/* vectors.S calls this in the place of KCore's own. */
void trap(u32 cpu, u32 kind)
{
	for (u64 i = 0; i < 31ul; i++)
		shadow[PAGE(current)][CTX_X(i)] = general[i] + i + 1ul;
	pages_check(GENERAL);
	found(GENERAL, (u32)(cpu == 0u && kind == TRAP_SYNC && ESR_EC(esr_get()) == EC_HVC64),
	      "another trap");
	regs_check(KEPT);
	if (entered > rounds)
		finish();
	change_to((current + 1ul + below(CONTEXTS - 1ul)) % CONTEXTS);
	go();
}

void test_main(void)
{
	rounds = param(1);
	for (u64 k = 0; k < 2ul; k++)
		root_init(ROOT(k));
	pte_set(EL1_L3, 2, desc_page((u64)world_page >> 12, ATTR_HOST));
	tlb_forget();
	for (u64 p = 0; p < PAGES; p++)
		for (u64 i = 0; i < 512ul; i++)
			page_put(p, i, random());
	MSR(vbar_el2, (u64)vectors);
	cptr_set(CPTR_HOST);
	controls_now(fixed);
	((volatile u64 *)STACK_BASE)[1] = 0;
	change_to(0);
	go();
	world_start(STACK_BASE);
}
