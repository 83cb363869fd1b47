/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine that the tests run on (lab.h). */
#include "lab.h"

#ifndef VTCR_MORE /* a wrong translation control, for mutants.py */
#define VTCR_MORE 0ul
#endif
#define UART_PA  0x09000000ul
#define TCR_EL1  0x280803519ul /* T0SZ = 25, write-back, inner shareable, EPD1, 40 bits */
#define S1_BLOCK 0x701ul       /* AF, inner shareable, attribute 0, EL1 read and write */

extern char text_start[], text_end[], image_end[], el1_page[];
extern void second_start(void);

u64 lab_root;

/* ---- output ---- */
static void put_char(char c)
{
	volatile u32 *uart = (volatile u32 *)UART_PA;

	while ((uart[6] & 32u) != 0u)
		;
	uart[0] = (u32)(u8)c;
}

void put(const char *s)
{
	for (; *s != '\0'; s++)
		put_char(*s);
}

void put_hex(u64 v)
{
	u32 n = 1;

	put_char(' ');
	while (n < 16u && (v >> (4u * n)) != 0ul)
		n++;
	while (n-- > 0u)
		put_char("0123456789abcdef"[(v >> (4u * n)) & 15ul]);
}

void lab_end(void)
{
	put("END\n");
	(void)smc_call(0x84000008ul, 0ul, 0ul, 0ul);
	for (;;)
		;
}

void check(const char *name, u32 good)
{
	put(good ? "ok      " : "FAIL    ");
	put(name);
	put("\n");
}

void refuse(const char *why)
{
	put("FAIL    ");
	put(why);
	put("\n");
	lab_end();
}

void panic(u32 code)
{
	(void)code;
	refuse("panic");
}

void lab_stray(u64 esr, u64 elr, u64 far)
{
	put("stray exception: ESR ELR FAR");
	put_hex(esr);
	put_hex(elr);
	put_hex(far);
	refuse("");
}

/* ---- numbers ---- */
u64 param(u64 i)
{
	return ((volatile u64 *)(EL2_LINEAR_BASE + PARAM_PA))[i];
}

u64 random(void)
{
	static u64 x;

	if (x == 0ul)
		x = param(0) * 0x9e3779b97f4a7c15ul + 1ul;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (x * 0x2545f4914f6cdd1dul) ^ (x >> 32);
}

u64 below(u64 n)
{
	return (random() >> 16) % n;
}

/* ---- EL2's stage 1, by KCore's own code; the MMU is still off ---- */
u64 lab_map(void)
{
	struct el2_map m = {EL2_PA, EL2_PA + 4096ul, EL2_PA + 0x100000ul};
	u64 text = (u64)text_start;
	u64 data = (u64)text_end;
	volatile u64 *root = (volatile u64 *)EL2_PA;

	for (u64 i = 0; i < 512ul; i++)
		root[i] = 0;
	el2_map_range(&m, text, text, data - text, EL2_TEXT);
	el2_map_range(&m, data, data, (u64)image_end - data, EL2_RW);
	el2_map_range(&m, EL2_LINEAR_BASE + RAM_PA, RAM_PA, RAM_SIZE, EL2_RW);
	el2_map_range(&m, EL2_META_BASE + (RAM_PA >> 9), META_PA, RAM_SIZE >> 9, EL2_RW);
	el2_map_range(&m, UART_PA, UART_PA, 4096ul, EL2_DEV);
	lab_root = EL2_PA;
	return EL2_PA;
}

/* ---- two CPUs ---- */
static struct {
	volatile u64 asked;
	volatile u64 done;
	remote *volatile f;
	volatile u64 arg[4];
	volatile u64 result;
} mail;

static void serve(void)
{
	u64 n = 0;

	for (;;) {
		while (mail.asked == n)
			__asm__ volatile("yield");
		__asm__ volatile("dmb ish" : : : "memory");
		n++;
		mail.result = mail.f(mail.arg[0], mail.arg[1], mail.arg[2], mail.arg[3]);
		__asm__ volatile("dmb ish" : : : "memory");
		mail.done = n;
	}
}

void cpu1_start(remote *f, u64 a, u64 b, u64 c, u64 d)
{
	mail.f = f;
	mail.arg[0] = a;
	mail.arg[1] = b;
	mail.arg[2] = c;
	mail.arg[3] = d;
	__asm__ volatile("dmb ish" : : : "memory");
	mail.asked = mail.asked + 1ul;
}

u64 cpu1_wait(void)
{
	while (mail.done != mail.asked)
		__asm__ volatile("yield");
	__asm__ volatile("dmb ish" : : : "memory");
	return mail.result;
}

u64 on_cpu(u64 cpu, remote *f, u64 a, u64 b, u64 c, u64 d)
{
	if (cpu == MRS(tpidr_el2))
		return f(a, b, c, d);
	cpu1_start(f, a, b, c, d);
	return cpu1_wait();
}

/* ---- stage 2 ---- */
void tlb_forget(void)
{
	__asm__ volatile("dsb ish\n	tlbi alle1is\n	dsb ish\n	isb" : : : "memory");
}

void root_init(u64 root)
{
	for (u64 i = 0; i < 1024ul; i++)
		*word_of(root, i) = 0;
	*word_of(root, EL1_GIB) = desc_table(EL1_L2);
}

static void el1_init(void)
{
	for (u64 i = 0; i < 512ul; i++) {
		*word_of(EL1_L2, i) = 0;
		*word_of(EL1_L3, i) = 0;
		*word_of(S1_PFN, i) = 0;
	}
	*word_of(EL1_L2, 0) = desc_table(EL1_L3);
	*word_of(EL1_L3, 0) = desc_page((u64)el1_page >> 12, ATTR_HOST);
	*word_of(EL1_L3, 1) = desc_page(S1_PFN, ATTR_HOST);
	for (u64 g = 0; g < 3ul; g++)
		*word_of(S1_PFN, g) = (S1_GIB(g) << 30) | S1_BLOCK;
	*word_of(S1_PFN, 511) = EL1_IPA | S1_BLOCK;
}

void data_init(void)
{
	for (u64 p = DATA_PFN; p < DATA_PFN + DATA_N; p++) {
		*word_of(p, DATA_ID) = p << 12;
		*word_of(p, DATA_STORE) = 0;
		/* movz x0, #p[15:0]; movk x0, #p[31:16], lsl #16; ret */
		*word_of(p, DATA_CODE) = 0xd2800000ul | ((p & 0xfffful) << 5) |
					 ((0xf2a00000ul | ((p >> 16) << 5)) << 32);
		*word_of(p, DATA_CODE + 1ul) = 0xd65f03c0ul;
	}
	__asm__ volatile("dsb ish\n	ic ialluis\n	dsb ish\n	isb" : : : "memory");
}

void enter(u64 vmid, u64 root, u64 stage1)
{
	u64 sctlr = SCTLR_RESET | stage1;

	if (MRS(vttbr_el2) != VTTBR(vmid, root))
		MSR(vttbr_el2, VTTBR(vmid, root));
	if (MRS(sctlr_el1) != sctlr)
		MSR(sctlr_el1, sctlr);
	MSR(vbar_el1, (stage1 != 0ul ? 511ul << 30 : EL1_IPA) + 0x800ul);
	__asm__ volatile("isb");
}

u64 access(u64 kind, u64 addr, u64 val)
{
	u64 pc = (MRS(sctlr_el1) & 1ul) != 0ul ? 511ul << 30 : EL1_IPA;
	u64 x0 = el1_run(kind, addr, val, pc);
	u64 esr = esr_get();

	if (ESR_EC(esr) == EC_HVC64 && (esr & 0xfffful) == 0ul)
		return x0;
	if (ESR_EC(esr) == EC_DABT_LOW || ESR_EC(esr) == EC_IABT_LOW)
		return FAULT | ESR_FSC(esr);
	return FAULT_ODD;
}

/* A store is found by looking for what it wrote. */
static u64 page_written(u64 addr)
{
	static u64 tag;
	u64 r;
	u64 found = FAULT_ODD;

	tag += 16ul;
	r = access(STORE, addr + 8ul * DATA_STORE, tag);
	if ((r & FAULT) != 0ul)
		return r;
	for (u64 p = DATA_PFN; p < DATA_PFN + DATA_N; p++)
		if (*word_of(p, DATA_STORE) == tag)
			found = found == FAULT_ODD ? p : FAULT | 0xdadul;
	return found;
}

u64 page_reached(u64 kind, u64 addr)
{
	u64 r;

	if (kind == STORE)
		return page_written(addr);
	if (kind == FETCH)
		return access(FETCH, addr + 8ul * DATA_CODE, 0ul);
	r = access(LOAD, addr + 8ul * DATA_ID, 0ul);
	return (r & FAULT) != 0ul ? r : r >> 12;
}

static void cpu_init(void)
{
	MSR(vtcr_el2, VTCR_VALUE + VTCR_MORE);
	MSR(hcr_el2, HCR_HOST);
	MSR(sctlr_el1, SCTLR_RESET);
	MSR(tcr_el1, TCR_EL1);
	MSR(mair_el1, 0xfful);
	MSR(ttbr0_el1, EL1_IPA + 4096ul);
	__asm__ volatile("isb");
}

void lab_main(u64 cpu)
{
	cpu_init();
	if (cpu != 0ul)
		serve();
	el1_init();
	if (smc_call(0xc4000003ul, 1ul, (u64)second_start, 1ul) != 0ul)
		refuse("the second CPU does not start");
	test_main();
	lab_end();
}
