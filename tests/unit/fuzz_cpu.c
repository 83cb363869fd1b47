/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random traps on two CPUs of the fake machine: calls, SMCs, aborts and garbage of KServ; exits, calls and
 * garbage of two protected VMs and a normal one; KServ writes run pages in between.
 *
 *   fuzz_cpu SEED N   N traps. Protected guests have words in their registers and private pages that
 *                     carry a mark. A marked word must never be in a register or page that KServ or the
 *                     normal VM can read, but for the one value of an MMIO store or a register write. A
 *                     protected vCPU finds its registers as it left them, KServ too. Fails if some exit
 *                     code never came.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kcore/calls.h>
#include <kcore/config.h>
#include <kcore/control.h>
#include <kcore/host.h>
#include <kcore/percpu.h>

#include "../../kcore/mm/page.h"
#include "../../kcore/vcpu/pkvm.h"
#include "../../kcore/vcpu/psci.h"
#include "../../kcore/vcpu/rsi.h"
#include "../../kcore/vcpu/vcpu.h"
#include "../../kcore/vm/vm.h"
#include "fake.h"

#define MARK  0x5ec2ul
#define IPA   0x40000ul
#define NVM   3ul /* handles 1 and 2 are protected, 3 is not */
#define NVCPU 2u
#define PRIV  (1ul << 55)
#define CODES 32u

struct model {
	u32 valid;
	u64 word[CTX_WORDS]; /* the context page when the vCPU left its CPU */
};

static u64 rng;
static struct model left[NVM + 1][NVCPU];
static struct fake_cpu host[2];
static u64 codes[CODES];
static u64 run_before[512]; /* the run page before a trap */
static u8 run_changed[512]; /* words that KServ has changed since */

static u64 rnd(u64 n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 11) % n;
}

/* Marked in either half. */
static u32 marked(u64 v)
{
	return v >> 48 == MARK || ((v >> 16) & 0xffff) == MARK;
}

static u64 any(void)
{
	u64 v = rnd(3) ? rnd(1ul << 32) << 32 | rnd(1ul << 32) : rnd(64);

	return marked(v) ? 0 : v;
}

static u64 secret(void)
{
	return MARK << 48 | rnd(1 << 16) << 32 | MARK << 16 | rnd(1 << 16);
}

static u64 any_ipa(void)
{
	u64 v = rnd(8) ? IPA + rnd(16) + 500 * rnd(3) : rnd(2) ? 0x9000 + rnd(4) : rnd(IPA_PFNS);

	return marked(v << 12) ? 0 : v;
}

static u64 any_pfn(void)
{
	return rnd(32) ? fake_page(rnd(fake_n_pages())) : any();
}

static void no_mark(const u64 *w, u64 n, const char *what)
{
	u64 i;

	for (i = 0; i < n; i++)
		if (marked(w[i]))
			fake_breach(SECURITY, "a protected guest's word 0x%lx in %s, word %lu",
				    w[i], what, i);
}

static void scan(void)
{
	u64 i;

	for (i = 0; i < fake_n_pages(); i++) {
		u64 kind = fake_meta(fake_page(i)) & 15;

		if (kind >= PG_HOST && kind <= PG_LENT)
			no_mark(fake_words(fake_page(i)), 512, "a page of KServ");
	}
}

/* KServ's garbage, biased to the words that count. */
static void scribble(void)
{
	static const u64 idx[] = {RUN_X(0),      RUN_X(1),  CTX_PC,         CTX_PSTATE,
				  RUN_HCR,       RUN_FLAGS, RUN_VSESR,      RUN_VGIC_HCR,
				  RUN_VGIC_NLR,  RUN_EXIT,  RUN_VGIC_LR(0), RUN_VGIC_LR(3),
				  RUN_VGIC_VMCR, RUN_FAULT, RUN_ESR,        RUN_COPY};
	u64 run = vcpus[1 + rnd(NVM)][rnd(NVCPU)].run_pfn;
	u64 at = rnd(2) ? idx[rnd(sizeof(idx) / sizeof(idx[0]))] : rnd(512);
	u64 v = at == CTX_PSTATE && rnd(4) ? PSTATE_EL1H | any() << 28 : any();

	if (at == RUN_COPY)
		v = any_pfn();

	if (!fake_host_store(run, at, marked(v) ? 0 : v))
		fake_fail("KServ cannot write a run page");
}

/* KServ writes to the word again, right after it was read. */
static void scribble_again(u64 pfn, u64 idx)
{
	if (rnd(4) == 0) {
		fake_host_store(pfn, idx, any());
		run_changed[idx] = 1;
	}
}

/* KServ on a third CPU calls before the lock is taken. */
static void others(void)
{
	u64 h = 1 + rnd(NVM);
	u64 r;

	if (rnd(8))
		return;
	fake_on_lock(NULL);
	switch (rnd(5)) {
	case 0:
		r = call_donate(h, any_ipa(), any_pfn(), 0);
		break;
	case 1:
		r = call_lend(h, any_ipa(), any_pfn(), 7 << 8);
		break;
	case 2:
		r = call_unlend(2, h, any_ipa(), 1 + rnd(16));
		break;
	case 3:
		r = rnd(8) ? KC_OK : call_force_reclaim(2, h, any_ipa());
		break;
	default:
		r = call_vm_table(h, any_pfn());
	}
	fake_on_lock(r <= KC_ESTATE ? others : NULL);
}

/* KServ's own trap: 1 if the CPU goes on. */
static u32 asks(u32 cpu, u64 ec, u64 fid)
{
	fake_cpu[cpu].x[0] = fid;
	return fake_trap(cpu, 0, ec << 26 | ESR_IL, 0, 0);
}

/* The machine goes down from one CPU, the other one has KServ; not while a vCPU is loaded. */
static void end(void)
{
	u32 cpu;
	u64 i;

	for (cpu = 0; cpu < 2; cpu++) {
		if (pcpu[cpu].in_guest)
			fake_trap(cpu, 1, 0, 0, 0);
		if (pcpu[cpu].vm == 0)
			continue;
		if (!asks(cpu, EC_SMC64, PSCI_SYSTEM_OFF) || fake_cpu[cpu].x[0] != PSCI_DENIED)
			fake_breach(SECURITY, "the machine ends, and vCPUs are loaded");
		asks(cpu, EC_HVC64, KC_VCPU_PUT);
	}
	cpu = (u32)rnd(2);
	if (asks(cpu, EC_SMC64, PSCI_SYSTEM_OFF) ||
	    fake_trap(1 - cpu, 0, EC_HVC64 << 26 | ESR_IL, 0, 0))
		fake_breach(SECURITY, "a CPU goes on when the machine ends");
	for (i = 0; i < fake_n_pages(); i++)
		if ((fake_meta(fake_page(i)) & 15) >= PG_VM && !fake_is_zero(fake_page(i)))
			fake_breach(SECURITY, "pfn 0x%lx is not zero at the end", fake_page(i));
}

/* An exit of a protected vCPU writes to its run page what abi.h says, and nothing else. */
static void check_run_page(struct vcpu *v)
{
	static const u64 told[] = {RUN_X(0),  RUN_X(1),  RUN_EXIT,     RUN_ESR,       RUN_FAR,
				   RUN_HPFAR, RUN_FAULT, RUN_VGIC_HCR, RUN_VGIC_VMCR, 0};
	u64 i;
	u32 k;

	for (i = 0; i < 512; i++) {
		for (k = 0; told[k] != i && k + 1 < sizeof(told) / sizeof(told[0]); k++)
			;
		if (told[k] != i && i - RUN_VGIC_LR(0) >= KC_MAX_LRS && !run_changed[i] &&
		    fake_word(v->run_pfn, i) != run_before[i])
			fake_breach(SECURITY, "exit: word %lu of the run page is now 0x%lx", i,
				    fake_word(v->run_pfn, i));
	}
}

/* A protected guest's trap is told as what it is, and only if KServ has to do with it. */
static void check_told(u32 cpu, struct vcpu *v)
{
	u64 esr = fake_cpu[cpu].esr;
	u64 ec = ESR_EC(esr);
	u64 told = ESR_EC(fake_word(v->run_pfn, RUN_ESR));
	u64 fsc = ESR_FSC(esr) & 0x3cul;
	u32 is_abort = ec == EC_DABT_LOW || ec == EC_IABT_LOW;
	u64 to;
	u64 leaf;
	u32 level;

	if (is_abort && ((fsc != 4 && fsc != 8 && fsc != 0xc) || told != ec ||
			 fake_word(v->run_pfn, RUN_FAULT) - 1 >= KC_FAULT_MMIO))
		fake_breach(SECURITY, "exit: abort 0x%lx is told as 0x%lx", esr, told);
	if (is_abort && fsc != 0xc &&
	    fake_walk(vms[pcpu[cpu].vm].root, (fake_word(v->run_pfn, RUN_HPFAR) >> 4) % IPA_PFNS,
		      &to, &leaf, &level))
		fake_breach(SECURITY, "exit: abort 0x%lx, which is over, is told", esr);
	/* ICC_SGI1R, ICC_ASGI1R, ICC_SGI0R and ICC_DIR written; CNTP_TVAL, CNTP_CTL, CNTP_CVAL. */
	if (ec == EC_SYS64 && !((esr & 0x3ffc1f) == 0x3a3016 || (esr & 0x3ffc1f) == 0x3c3016 ||
				(esr & 0x3ffc1f) == 0x3e3016 || (esr & 0x3ffc1f) == 0x323016 ||
				(esr & 0x3ffc1e) == 0x30f804 || (esr & 0x3ffc1e) == 0x32f804 ||
				(esr & 0x3ffc1e) == 0x34f804))
		fake_breach(SECURITY, "exit: system register access 0x%lx is told", esr);
	if (!is_abort && ec != EC_WFX && ec != EC_SYS64 && ec != EC_HVC64 && ec != EC_SMC64)
		fake_breach(SECURITY, "exit: trap 0x%lx is told", esr);
	if ((v->pend == PEND_LOAD || v->pend == PEND_STORE) &&
	    (ec != EC_DABT_LOW || !(esr & ESR_ISV) || (esr & (ESR_S1PTW | 1ul << 8))))
		fake_breach(SECURITY, "exit: trap 0x%lx is told as an access", esr);
}

/* What is at KServ's side of an exit. */
static void check_exit(u32 cpu, const struct fake_cpu *guest)
{
	struct fake_cpu *c = &fake_cpu[cpu];
	u32 h = pcpu[cpu].vm;
	struct vcpu *v = &vcpus[h][pcpu[cpu].vcpu];
	struct model *m = &left[h][pcpu[cpu].vcpu];
	u64 size;

	if (c->x[0] != KC_OK || c->x[1] >= CODES || fake_word(v->run_pfn, RUN_EXIT) != c->x[1])
		fake_breach(SECURITY, "exit: x0 0x%lx, x1 0x%lx", c->x[0], c->x[1]);
	codes[c->x[1]]++;
	if (memcmp(&c->x[2], &host[cpu].x[2], 29 * sizeof(u64)) ||
	    memcmp(&c->sys[CTX_SP_EL0], &host[cpu].sys[CTX_SP_EL0], 24 * sizeof(u64)) ||
	    c->elr != host[cpu].elr || c->spsr != host[cpu].spsr || c->pmu != host[cpu].pmu)
		fake_breach(SECURITY, "exit: KServ's registers are not what they were");
	no_mark(&c->sys[CTX_FPSR], 68, "FP registers after an exit");
	if (!vms[h].is_protected)
		return;
	check_run_page(v);
	if (c->x[1] == KC_EXIT_TRAP)
		check_told(cpu, v);
	if (v->pend == PEND_STORE || v->pend == PEND_WRITE) {
		size = v->pend == PEND_STORE ? v->mmio_size : 8;
		if (fake_word(v->run_pfn, RUN_X(0)) !=
		    ((v->mmio_rt == 31 ? 0 : guest->x[v->mmio_rt]) & (~0ul >> (64 - 8 * size))))
			fake_breach(SECURITY, "exit: value of a store");
		fake_host_store(v->run_pfn, RUN_X(0), 0);
	}
	no_mark(fake_words(v->run_pfn), 512, "the run page");
	memcpy(m->word, fake_words(v->ctx_pfn), sizeof(m->word));
	m->valid = v->power == VCPU_ON;
}

/* What a vCPU finds. */
static void check_entry(u32 cpu, u32 pend)
{
	struct fake_cpu *c = &fake_cpu[cpu];
	u32 h = pcpu[cpu].vm;
	struct vcpu *v = &vcpus[h][pcpu[cpu].vcpu];
	struct model *m = &left[h][pcpu[cpu].vcpu];
	u32 i;

	if (!vms[h].is_protected) {
		no_mark(c->x, 31, "registers of the normal VM");
		no_mark(c->sys, 128, "system registers of the normal VM");
		return;
	}
	for (i = 0; m->valid && i < 31; i++)
		if (c->x[i] != m->word[i] &&
		    !((pend == PEND_LOAD || pend == PEND_READ) && v->mmio_rt == i))
			fake_breach(SECURITY, "entry: x%u of VM %u is not what it was", i, h);
	for (i = CTX_SP_EL0; m->valid && pend == PEND_NONE && i < CTX_ACTLR; i++)
		if (c->sys[i] != m->word[i])
			fake_breach(SECURITY, "entry: word %u of VM %u is not what it was", i, h);
}

static u64 any_call(u64 *x)
{
	static const u64 fns[] = {KC_DONATE,      KC_DONATE,    KC_LEND,          KC_LEND,
				  KC_UNLEND,      KC_LEND_PROT, KC_FORCE_RECLAIM, KC_STAT,
				  KC_VM_FLUSH,    KC_VM_TABLE,  KC_SET_CNTVOFF,   KC_VERSION,
				  KC_VCPU_CREATE, KC_VM_FREE,   KC_PAGE_RECLAIM,  KC_VGIC_INFO};
	u64 fid = fns[rnd(sizeof(fns) / sizeof(fns[0]))];

	x[1] = rnd(32) ? 1 + rnd(NVM) : any();
	x[2] = fid == KC_VM_TABLE || fid == KC_PAGE_RECLAIM ? any_pfn() : any_ipa();
	x[3] = fid == KC_DONATE || fid == KC_LEND ? any_pfn() : rnd(64);
	x[4] = fid == KC_DONATE ? 0 : fid == KC_LEND ? (1 + rnd(7)) << 8 : 1 + rnd(7);
	if (fid == KC_VCPU_CREATE)
		x[2] = rnd(NVCPU); /* exists */
	if (fid == KC_FORCE_RECLAIM && rnd(4))
		return KC_STAT;
	return rnd(64) ? fid : any() % KC_FN(0);
}

/* One thing that KServ does: sets x and the syndrome. */
static u64 host_act(u32 cpu, u64 *x)
{
	u64 r = rnd(16);

	if (r == 0) {
		x[0] = (rnd(2) ? 0x84000000 : 0xc4000000) | rnd(rnd(2) ? 32 : 0x10000);
		x[1] = rnd(4);
		x[2] = rnd(1 << 20) * 4;
		if ((x[0] & 0xffff) == 8 || (x[0] & 0xffff) == 9 || (x[0] & 0xffff) == 0x12)
			x[0] = PSCI_VERSION; /* the machine goes on */
		return EC_SMC64 << 26 | ESR_IL;
	}
	if (r == 1) /* any trap; calls are made above and below */
		do
			r = any() & 0xffffffff;
		while (ESR_EC(r) == EC_HVC64 || ESR_EC(r) == EC_SMC64);
	else if (r == 2)
		r = (rnd(2) ? EC_DABT_LOW : EC_IABT_LOW) << 26 | any() % (1 << 26);
	else
		r = EC_HVC64 << 26 | ESR_IL;
	if (ESR_EC(r) != EC_HVC64)
		return r;
	if (rnd(3) == 0) {
		x[0] = any_call(x);
		return r;
	}
	x[0] = pcpu[cpu].vm == 0 ? KC_VCPU_LOAD : rnd(12) ? KC_VCPU_RUN : KC_VCPU_PUT;
	x[1] = 1 + rnd(NVM);
	x[2] = rnd(NVCPU);
	return r;
}

static void host_step(u32 cpu)
{
	struct fake_cpu *c = &fake_cpu[cpu];
	u64 esr;
	u32 pend = 0;
	u32 i;

	for (i = 0; i < 3; i++)
		scribble();
	for (i = 0; i < 31; i++)
		c->x[i] = any();
	c->spsr = PSTATE_EL1H;
	c->pmu = rnd(8);
	esr = host_act(cpu, c->x);
	if (pcpu[cpu].vm)
		pend = vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu].pend;
	host[cpu] = *c;
	if (!fake_trap(cpu, 0, esr, any(),
		       rnd(2) ? any_pfn() << 4 : (FAKE_GICR_PFN + 32 * rnd(3)) << 4)) {
		/* CPU_OFF; it comes back, whether or not the other CPU has asked for it. */
		cpu_boot[cpu].wanted = 1;
		fake_cpu_start(cpu);
		return;
	}
	if (pcpu[cpu].in_guest)
		check_entry(cpu, pend);
	else
		no_mark(c->x, 31, "KServ's registers");
}

/*
 * One of pKVM's calls on memory. What a guest shares so it means to disclose: no mark in that page. One
 * VM asks for MEMINFO, and has no RSI then.
 */
static void pkvm_call(u32 h, u64 *x, u64 base)
{
	u64 ipa = base % IPA_PFNS;
	u64 pfn;
	u64 leaf;
	u32 level;
	u32 i;

	if (x[0] == PKVM_MEMINFO && h != 2)
		x[0] = PKVM_UID;
	x[1] = x[0] == PKVM_MEMINFO ? 0 : base << 12;
	if (x[0] == PKVM_MMIO_GUARD && rnd(4))
		x[1] = (0x9000 + rnd(4)) << 12;
	x[2] = rnd(16) == 0;
	x[3] = rnd(16) == 0;
	if (x[0] == PKVM_MEM_SHARE && fake_walk(vms[h].root, ipa, &pfn, &leaf, &level) &&
	    (leaf & PRIV))
		for (i = 0; i < 512; i++)
			if (marked(fake_words(pfn)[i]))
				fake_guest_store(h, ipa, i, any());
}

/* What the guest's program asks. */
static void guest_call(u32 h, u64 *x)
{
	static const u64 fids[] = {
		PSCI_VERSION,      PSCI_CPU_ON,        PSCI_CPU_ON | PSCI_64, PSCI_CPU_OFF,
		PSCI_CPU_SUSPEND,  PSCI_AFFINITY_INFO, PSCI_SYSTEM_OFF,       PSCI_SYSTEM_RESET,
		PSCI_FEATURES,     RSI_VERSION,        RSI_REALM_CONFIG,      RSI_IPA_STATE_SET,
		RSI_IPA_STATE_SET, RSI_IPA_STATE_SET,  RSI_IPA_STATE_GET,     PKVM_UID,
		PKVM_FEATURES,     PKVM_MEM_SHARE,     PKVM_MEM_SHARE,        PKVM_MEM_SHARE,
		PKVM_MEM_UNSHARE,  PKVM_MEM_UNSHARE,   PKVM_MMIO_GUARD,       PKVM_MEMINFO};
	u64 base = any_ipa();

	x[0] = rnd(16) ? fids[rnd(sizeof(fids) / sizeof(fids[0]))] : any();
	/* One vCPU stays on, or nobody could turn another on. */
	if (x[0] == PSCI_CPU_OFF && (!vcpus[h][0].power || !vcpus[h][1].power))
		x[0] = PSCI_CPU_ON;
	if (x[0] >= RSI_FIRST && x[0] <= RSI_LAST) {
		x[1] = base << 12;
		x[2] = (base + rnd(40)) << 12;
		x[3] = rnd(3);
	} else if (x[0] >= PKVM_FIRST && x[0] <= PKVM_LAST) {
		pkvm_call(h, x, base);
	} else if (rnd(4)) {
		x[1] = rnd(3);
	}
	if (x[0] == PSCI_AFFINITY_INFO)
		x[2] = 0;
}

static u64 guest_esr(u32 h, u64 *x)
{
	u64 fsc[] = {7, 6, 0xf, 0xb, 0x10, rnd(64)};
	u64 any_iss = any() % (1 << 25) | ESR_IL;

	switch (rnd(8)) {
	case 0:
		return any() & 0xffffffff;
	case 1:
	case 2:
		return (rnd(4) ? EC_DABT_LOW : EC_IABT_LOW) << 26 | (any_iss & ~0x3ful) |
		       (rnd(2) ? ESR_ISV : 0) | fsc[rnd(6)];
	case 3:
		return EC_SYS64 << 26 | any_iss;
	case 4:
		return EC_SYS64 << 26 | ESR_IL | (rnd(2) ? 0x3a3016ul : 0x32f805ul) |
		       rnd(32) << 5; /* SGI1R, CNTP_CTL */
	case 5:
		return (rnd(2) ? EC_WFX : EC_FP) << 26 | any_iss;
	default:
		guest_call(h, x);
		return (rnd(2) ? EC_HVC64 : EC_SMC64) << 26 | ESR_IL;
	}
}

/* A marked word into a private page. */
static void guest_store_some(u32 h)
{
	u64 ipa = any_ipa();
	u64 pfn;
	u64 leaf;
	u32 level;

	if (fake_walk(vms[h].root, ipa % IPA_PFNS, &pfn, &leaf, &level) && (leaf & PRIV))
		fake_guest_store(h, ipa % IPA_PFNS, rnd(512), secret());
}

static void guest_step(u32 cpu)
{
	struct fake_cpu *c = &fake_cpu[cpu];
	u32 h = pcpu[cpu].vm;
	u32 prot = vms[h].is_protected;
	struct fake_cpu guest;
	u64 esr;
	u64 kind = rnd(8);
	u32 i;

	for (i = 0; i < 31; i++)
		c->x[i] = prot ? secret() : any();
	for (i = CTX_SP_EL0; i < CTX_ACTLR; i++)
		if (prot && i != CTX_PAR)
			c->sys[i] = secret();
	for (i = CTX_FPSR; pcpu[cpu].fp_live && i < 128; i++)
		c->sys[i] = prot ? secret() : any();
	c->elr = prot ? secret() : any();
	c->spsr = (rnd(4) ? PSTATE_EL1H : PSTATE_EL0T) | (rnd(16) << 28);
	for (i = 0; i < 4; i++)
		c->ich_lr[i] = i < pcpu[cpu].n_lr ? any() % (1ul << 40) : 0;
	if (prot)
		guest_store_some(h);
	kind = kind > 1 ? 0 : kind + 1;
	esr = kind == 2 ? 0x2ful << 26 | any() % (1 << 26) : guest_esr(h, c->x);
	guest = *c;
	memcpy(run_before, fake_words(vcpus[h][pcpu[cpu].vcpu].run_pfn), sizeof(run_before));
	memset(run_changed, 0, sizeof(run_changed));
	c->walk_fails = rnd(8) == 0;
	fake_trap(cpu, (u32)kind, esr, (prot ? MARK << 48 : 0) | (any_ipa() << 12) | rnd(4096),
		  any_ipa() << 4);
	c->walk_fails = 0;
	if (!pcpu[cpu].in_guest)
		check_exit(cpu, &guest);
}

static void setup(void)
{
	u64 h;
	u64 i;

	fake_boot(2, 2);
	fake_cpus(2);
	for (h = 1; h <= NVM; h++) {
		u64 page = fake_page(512 + h * 40) & ~1ul;

		if (call_vm_create(0, h < NVM, page) != KC_OK || pcpu[0].res1 != h)
			fake_fail("VM %lu", h);
		if (h < NVM && call_vm_ram(h, IPA, 1024) != KC_OK)
			fake_fail("RAM of VM %lu", h);
		for (i = 0; i < 8; i++)
			if (call_vm_table(h, page + 2 + i) != KC_OK)
				fake_fail("table of VM %lu", h);
		for (i = 0; i < NVCPU; i++) {
			fake_host_store(page + 12 + i, CTX_PSTATE, PSTATE_EL1H);
			if (call_vcpu_create(h, i, page + 12 + i,
					     h < NVM ? page + 20 + i : KC_NO_PFN))
				fake_fail("vCPU of VM %lu", h);
		}
	}
}

int main(int argc, char **argv)
{
	static const u32 must[] = {KC_EXIT_IRQ,     KC_EXIT_SERROR, KC_EXIT_TRAP,  KC_EXIT_CPU_ON,
				   KC_EXIT_OFF,     KC_EXIT_SYSOFF, KC_EXIT_RESET, KC_EXIT_SHARE,
				   KC_EXIT_UNSHARE, KC_EXIT_COPY};
	u64 n;
	u64 i;

	if (argc != 3) {
		fprintf(stderr, "usage: %s SEED N\n", argv[0]);
		return 2;
	}
	rng = strtoul(argv[1], NULL, 0) * 0x9e3779b97f4a7c15ul + 1;
	n = strtoul(argv[2], NULL, 0);
	setup();
	fake_on_read(scribble_again);
	fake_on_lock(others);
	for (i = 0; i < n; i++) {
		u32 cpu = (u32)rnd(2);

		if (pcpu[cpu].in_guest)
			guest_step(cpu);
		else
			host_step(cpu);
		fake_on_lock(NULL);
		if (i % 64 == 0)
			mm_audit();
		fake_on_lock(others);
		if (i % 1024 == 0)
			scan();
	}
	fake_on_lock(NULL);
	fake_on_read(NULL);
	mm_audit();
	scan();
	for (i = 0; i < CODES; i++)
		if (codes[i])
			printf("exit %2lu: %lu\n", i, codes[i]);
	for (i = 0; i < sizeof(must) / sizeof(must[0]); i++)
		if (codes[must[i]] == 0)
			fake_fail("exit code %u never came", must[i]);
	for (i = 1; i <= NVM; i++)
		printf("VM %lu: %lu pages, %lu lent\n", i, vms[i].n_pages, vms[i].n_lent);
	end();
	fake_free();
	return 0;
}
