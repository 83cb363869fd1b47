/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUs of the fake machine: the primitives of prim_cpu.h on plain structures, and the vectors.
 * A world switch moves exactly the words that the register table (kcore/arch/arm64/regs.def) names; what
 * must hold whenever a CPU goes back to EL1 is checked at every return.
 */
#include <setjmp.h>
#include <string.h>

#include <kcore/abi.h>
#include <kcore/calls.h>
#include <kcore/config.h>
#include <kcore/control.h>
#include <kcore/host.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../mm/page.h"
#include "../vcpu/psci.h"
#include "../vm/vm.h"
#include "fake.h"
#include "reach.h"

#define ICH_VTR   0x90000003ul /* 4 list registers, 5 priority and preemption bits */
#define ENTRY_PA  0x40080000ul
#define CTX_V_END 128u

struct fake_cpu fake_cpu[NCPU];
struct fake_smc fake_smc[FAKE_SMC_KEPT];
u64 fake_smc_n;
u32 fake_id_ones;
u64 fake_smc_result;
u8 fake_gicr[NCPU][4096];
u64 fake_gicr_writes;

static struct fake_cpu *me = &fake_cpu[0];
static jmp_buf stopped;
static u8 ran[NCPU][KC_MAX_VMS + 1u]; /* vCPU + 1 whose own translations a CPU's TLB may have */
static u8 cold[NCPU];                 /* the CPU has started: anything may be in its TLB */

/* The words that a world switch moves. */
static const u8 switched[] = {
	CTX_SP_EL0,  CTX_SP_EL1,     CTX_ELR_EL1,   CTX_SPSR_EL1, CTX_SCTLR,
	CTX_CPACR,   CTX_TTBR0,      CTX_TTBR1,     CTX_TCR,      CTX_ESR,
	CTX_AFSR0,   CTX_AFSR1,      CTX_FAR,       CTX_MAIR,     CTX_AMAIR,
	CTX_VBAR,    CTX_CONTEXTIDR, CTX_TPIDR_EL0, CTX_TPIDRRO,  CTX_TPIDR_EL1,
	CTX_CNTKCTL, CTX_PAR,        CTX_MDSCR,     CTX_CSSELR,   CTX_MPIDR,
};

u64 esr_get(void)
{
	return me->esr;
}

u64 far_get(void)
{
	return me->far;
}

u64 hpfar_get(void)
{
	return me->hpfar;
}

u64 elr_get(void)
{
	return me->elr;
}

void elr_set(u64 v)
{
	me->elr = v;
}

u64 spsr_get(void)
{
	return me->spsr;
}

void spsr_set(u64 v)
{
	me->spsr = v;
}

/* Stage 1 is the identity, on the low 48 bits. */
u64 stage1_walk(u64 va)
{
	return me->walk_fails ? 0x809 : va & 0xfffffffff000ul;
}

void ctx_switch(u64 from, u64 to, u64 vttbr, u64 hcr, u64 mdcr)
{
	u32 i;

	for (i = 0; i < sizeof(switched); i++)
		pg_set(from, switched[i], me->sys[switched[i]]);
	ctx_start(to, vttbr, hcr, mdcr);
}

void ctx_start(u64 to, u64 vttbr, u64 hcr, u64 mdcr)
{
	u32 i;

	for (i = 0; i < sizeof(switched); i++)
		me->sys[switched[i]] = pg_get(to, switched[i]);
	me->vttbr = vttbr;
	me->hcr = hcr;
	me->mdcr = mdcr;
	me->vec_ctx = to;
}

u64 mdcr_get(void)
{
	return me->mdcr;
}

u64 hcr_get(void)
{
	return me->hcr;
}

void cptr_set(u64 v)
{
	me->cptr = v;
}

void features_set(u64 who)
{
	me->features = who;
}

void cnthctl_set(u64 v)
{
	me->cnthctl = v;
}

void cntvoff_set(u64 v)
{
	me->cntvoff = v;
}

void vsesr_set(u64 v)
{
	me->vsesr = v;
}

u64 el1_vbar_get(void)
{
	return me->sys[CTX_VBAR];
}

u64 el1_sctlr_get(void)
{
	return me->sys[CTX_SCTLR];
}

void el1_exception_set(u64 elr, u64 spsr, u64 esr)
{
	me->sys[CTX_ELR_EL1] = elr;
	me->sys[CTX_SPSR_EL1] = spsr;
	me->sys[CTX_ESR] = esr;
}

void el1_far_set(u64 v)
{
	me->sys[CTX_FAR] = v;
}

/* An FP instruction at EL2 would trap there. */
static void need_fp(void)
{
	if (me->cptr & CPTR_TFP)
		fake_breach(CONTRACT, "FP registers used while CPTR_EL2.TFP is set");
}

void fp_save(u64 pfn)
{
	u32 i;

	need_fp();
	for (i = CTX_FPSR; i < CTX_V_END; i++)
		if (i <= CTX_FPCR || i >= CTX_V(0))
			pg_set(pfn, i, me->sys[i]);
}

void fp_load(u64 pfn)
{
	u32 i;

	need_fp();
	for (i = CTX_FPSR; i < CTX_V_END; i++)
		if (i <= CTX_FPCR || i >= CTX_V(0))
			me->sys[i] = pg_get(pfn, i);
}

void fp_clear(void)
{
	need_fp();
	memset(&me->sys[CTX_FPSR], 0, (CTX_V_END - CTX_FPSR) * sizeof(u64));
}

u64 ich_vtr_get(void)
{
	return ICH_VTR;
}

u64 ich_hcr_get(void)
{
	return me->ich_hcr;
}

void ich_hcr_set(u64 v)
{
	me->ich_hcr = v;
}

u64 ich_vmcr_get(void)
{
	return me->ich_vmcr;
}

void ich_vmcr_set(u64 v)
{
	me->ich_vmcr = v;
}

static u64 lr_index(u64 n)
{
	if (n > (ICH_VTR & 31))
		fake_breach(CONTRACT, "ICH_LR%lu_EL2 is not there", n);
	return n;
}

u64 ich_lr_get(u64 n)
{
	return me->ich_lr[lr_index(n)];
}

void ich_lr_set(u64 n, u64 v)
{
	me->ich_lr[lr_index(n)] = v;
}

static u64 *ap(u64 group, u64 n)
{
	if (group > 1 || n > 0)
		fake_breach(CONTRACT, "ICH_AP%luR%lu_EL2 is not there", group, n);
	return &me->ich_ap[group][n];
}

u64 ich_ap_get(u64 group, u64 n)
{
	return *ap(group, n);
}

void ich_ap_set(u64 group, u64 n, u64 v)
{
	*ap(group, n) = v;
}

u64 pmu_stop(void)
{
	u64 v = me->pmu;

	me->pmu = 0;
	return v;
}

void pmu_start(u64 enabled)
{
	me->pmu = enabled;
}

/* A Cortex-A57's, by CRm and op2. */
u64 id_reg_get(u64 crm, u64 op2)
{
	static const u64 id[8][8] = {
		[1] = {0x131, 0x11011, 0x03010066, 0, 0x10101105, 0x40000000, 0x01260000,
		       0x02102211},
		[2] = {0x02101110, 0x13112111, 0x21232042, 0x01112131, 0x11142, 0x11121},
		[3] = {0x10110222, 0x12111111, 0x43},
		[4] = {0x01002222},
		[5] = {0x10305106},
		[6] = {0x11120},
		[7] = {0x1124},
	};

	if (crm < 1 || crm > 7 || op2 > 7)
		fake_breach(CONTRACT, "identification register %lu, %lu", crm, op2);
	return fake_id_ones ? ~0ul : id[crm][op2];
}

u64 midr_get(void)
{
	return 0x411fd070;
}

u64 cntpct_get(void)
{
	static u64 count;

	return ++count;
}

static u8 *gicr_at(u64 pa, u64 size)
{
	u64 page = (pa >> 12) - gicr_pfn;

	if ((size != 4 && size != 8) || pa % size)
		fake_breach(CONTRACT, "device access of %lu bytes at 0x%lx", size, pa);
	if (page % 32 || page / 32 >= n_cpu)
		fake_breach(CONTRACT, "device access at 0x%lx", pa);
	return &fake_gicr[page / 32][pa & 0xfff];
}

u64 mmio_read(u64 pa, u64 size)
{
	u64 v = 0;

	memcpy(&v, gicr_at(pa, size), size);
	return v;
}

/* With LPIs a redistributor writes to memory behind stage 2. */
void mmio_write(u64 pa, u64 size, u64 v)
{
	u64 off = pa & 0xfff;

	if ((off < 0x100 && off + size > 0x40) || (off == 0 && (v & 1)))
		fake_breach(SECURITY, "0x%lx to the redistributor's LPI registers at 0x%lx", v,
			    off);
	memcpy(gicr_at(pa, size), &v, size);
	fake_gicr_writes++;
}

/* The ids that may reach EL3. */
static u32 smc_allowed(u64 fid)
{
	static const u64 ids[] = {
		SMCCC_VERSION,      SMCCC_WORKAROUND_3, SMCCC_WORKAROUND_2,     SMCCC_WORKAROUND_1,
		PSCI_VERSION,       PSCI_CPU_SUSPEND,   PSCI_CPU_OFF,           PSCI_CPU_ON,
		PSCI_AFFINITY_INFO, PSCI_SYSTEM_OFF,    PSCI_MIGRATE_INFO_TYPE, PSCI_SYSTEM_RESET,
		PSCI_SYSTEM_RESET2, PSCI_FEATURES,      SMCCC_ARCH_FEATURES};
	u32 i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (fid == ids[i] || (fid == (ids[i] | PSCI_64) && (ids[i] >> 24) == 0x84))
			return 1;
	return 0;
}

/* Every CPU comes back through KCore's entry, and none goes while it has a vCPU. */
static void check_smc(u64 fid, u64 x1, u64 x2, u64 x3)
{
	u64 f = fid & ~PSCI_64;
	u32 cpu = (u32)(me - fake_cpu);

	if (!smc_allowed(fid) ||
	    ((f == PSCI_FEATURES || fid == SMCCC_ARCH_FEATURES) && !smc_allowed(x1)))
		fake_breach(SECURITY, "SMC 0x%lx(0x%lx) reaches firmware", fid, x1);
	if ((f == PSCI_CPU_ON || f == PSCI_CPU_SUSPEND) && x2 != ENTRY_PA)
		fake_breach(SECURITY, "SMC 0x%lx: a CPU starts at 0x%lx", fid, x2);
	if (f == PSCI_CPU_ON && (x3 >= n_cpu || cpu_mpidr[x3] != x1 || !cpu_boot[x3].wanted))
		fake_breach(SECURITY, "CPU_ON of CPU 0x%lx as 0x%lx", x1, x3);
	if (f == PSCI_CPU_SUSPEND && x3 != cpu)
		fake_breach(SECURITY, "CPU %u is suspended as 0x%lx", cpu, x3);
	if ((fid == PSCI_CPU_OFF || (f == PSCI_CPU_SUSPEND && (x1 & 0x10000))) && pcpu[cpu].vm)
		fake_breach(SECURITY, "CPU %u goes off with vCPU %u of VM %u", cpu, pcpu[cpu].vcpu,
			    pcpu[cpu].vm);
}

/* What boots next finds nothing of a VM, and no CPU makes any. */
static void check_end(void)
{
	u64 i;

	if (!going_down || !fake_locked())
		fake_breach(SECURITY, "the machine ends, and other CPUs go on");
	for (i = 0; i < fake_n_pages(); i++)
		if ((fake_meta(fake_page(i)) & 15) >= PG_VM && !fake_is_zero(fake_page(i)))
			fake_breach(SECURITY,
				    "the machine ends, pfn 0x%lx, state 0x%lx, is not zero",
				    fake_page(i), fake_meta(fake_page(i)));
}

u64 smc_call(u64 x0, u64 x1, u64 x2, u64 x3)
{
	fake_event("smc_call", x0, x1, x2);
	check_smc(x0, x1, x2, x3);
	fake_smc[fake_smc_n++ % FAKE_SMC_KEPT] = (struct fake_smc){{x0, x1, x2, x3}};
	switch (x0) {
	case PSCI_VERSION:
	case SMCCC_VERSION:
		return 0x10001;
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | PSCI_64:
		check_end();
		if (fake_smc_result == PSCI_NOT_SUPPORTED)
			return fake_smc_result;
		cpu_halt();
		return 0;
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
		check_end();
		cpu_halt();
		return 0;
	case PSCI_CPU_OFF:
		cpu_halt();
		return 0;
	default:
		return fake_smc_result;
	}
}

u64 cpu_entry_pa(void)
{
	return ENTRY_PA;
}

void cpu_halt(void)
{
	me->halted = 1;
	longjmp(stopped, 1);
}

void tlb_inval_local(void)
{
	fake_event("tlb_inval_local", 0, 0, 0);
	ran[me - fake_cpu][(me->vttbr >> 48) & 255] = 0;
}

void fake_inval(u64 vmid)
{
	u32 c;

	for (c = 0; c < NCPU; c++)
		ran[c][vmid] = 0;
	if (vmid == 0)
		cold[me - fake_cpu] = 0;
}

u32 fake_owns(u64 pfn)
{
	u32 cpu = (u32)(me - fake_cpu);
	struct vcpu *v = &vcpus[pcpu[cpu].vm][pcpu[cpu].vcpu];

	return pfn == pcpu[cpu].host_ctx ||
	       (pcpu[cpu].vm && (pfn == v->ctx_pfn || pfn == v->run_pfn));
}

/* The virtual CPU interface is off and empty while KServ runs, but for what LOAD keeps there. */
static void check_host(u32 cpu)
{
	u32 i;

	if (me->vttbr != VTTBR(0u, host_root) || me->hcr != HCR_HOST || me->features != 1 ||
	    me->cnthctl != CNTHCTL_HOST || me->cptr != CPTR_HOST || me->mdcr != pcpu[cpu].mdcr ||
	    (me->mdcr & ~MDCR_HPMN_MASK))
		fake_breach(SECURITY, "CPU %u: EL2 controls of KServ", cpu);
	if (me->ich_hcr != 0 || pcpu[cpu].fp_live)
		fake_breach(SECURITY, "CPU %u: KServ has a guest's GIC or FP state", cpu);
	for (i = 0; i < 16; i++)
		if (me->ich_lr[i])
			fake_breach(SECURITY, "CPU %u: list register %u is left", cpu, i);
	if (pcpu[cpu].vm == 0 && (me->ich_vmcr || me->ich_ap[0][0] || me->ich_ap[1][0]))
		fake_breach(SECURITY, "CPU %u: priorities of a vCPU are left", cpu);
	if (cold[cpu])
		fake_breach(SECURITY, "CPU %u: KServ runs with what was in the TLB", cpu);
	if (me->vec_ctx != pcpu[cpu].host_ctx)
		fake_breach(SECURITY, "CPU %u: KServ's registers are saved to pfn 0x%lx", cpu,
			    me->vec_ctx);
}

/* No list register deactivates a physical interrupt but a timer's. */
static void check_vgic(u32 cpu)
{
	u32 i;

	for (i = 0; i < 16; i++) {
		u64 intid = (me->ich_lr[i] >> 32) & 0x1fff;

		if ((me->ich_lr[i] >> 61 & 1) && intid != 27 && intid != 30)
			fake_breach(SECURITY, "CPU %u: list register %u is linked to interrupt %lu",
				    cpu, i, intid);
	}
	if (me->ich_hcr & ~(0xf80040fful | (vms[pcpu[cpu].vm].is_protected ? 0 : 0x1c00ul)))
		fake_breach(SECURITY, "CPU %u: ICH_HCR_EL2 0x%lx", cpu, me->ich_hcr);
}

static void check_guest(u32 cpu)
{
	u32 h = pcpu[cpu].vm;
	u32 i = pcpu[cpu].vcpu;
	u64 prot = KC_HCR_TWI | KC_HCR_TWE;
	u64 normal =
		prot | KC_HCR_TVM | KC_HCR_TRVM | KC_HCR_VSE | KC_HCR_VI | KC_HCR_VF | HCR_TID2;

	if (h == 0 || vcpus[h][i].loaded != cpu + 1 || me->vec_ctx != vcpus[h][i].ctx_pfn)
		fake_breach(SECURITY, "CPU %u: runs a vCPU that it does not have", cpu);
	if (vms[h].state != VM_SEALED || vcpus[h][i].power != VCPU_ON)
		fake_breach(SECURITY, "CPU %u: vCPU %u of VM %u runs, power %u, VM in state %u",
			    cpu, i, h, vcpus[h][i].power, vms[h].state);
	if (me->vttbr != VTTBR(h, vms[h].root) || me->features != 0 ||
	    me->cnthctl != CNTHCTL_GUEST || (me->mdcr & MDCR_GUEST) != MDCR_GUEST ||
	    (me->hcr & HCR_GUEST) != HCR_GUEST ||
	    (me->hcr & ~(HCR_GUEST | (vms[h].is_protected ? prot : normal))))
		fake_breach(SECURITY, "CPU %u: EL2 controls of a guest", cpu);
	if (me->cptr != (CPTR_GUEST | (pcpu[cpu].fp_live ? 0 : CPTR_TFP)) || me->pmu != 0)
		fake_breach(SECURITY, "CPU %u: CPTR_EL2 or PMU of a guest", cpu);
	if (ran[cpu][h] && ran[cpu][h] != i + 1)
		fake_breach(SECURITY, "CPU %u: vCPU %u of VM %u finds translations of vCPU %u", cpu,
			    i, h, ran[cpu][h] - 1u);
	ran[cpu][h] = (u8)(i + 1);
	check_vgic(cpu);
}

/* What the ERET of the vectors relies on. */
static void check_return(u32 cpu)
{
	u64 m = me->spsr & PSTATE_M_MASK;

	if (fake_locked())
		fake_breach(CONTRACT, "CPU %u: the lock is held at the return to EL1", cpu);
	if (me->vec_ctx != pcpu[cpu].cur_ctx)
		fake_breach(SECURITY, "CPU %u: the vectors save to another page than C thinks",
			    cpu);
	if (m != PSTATE_EL0T && m != PSTATE_EL1T && m != PSTATE_EL1H && m != PSTATE_AA32)
		fake_breach(SECURITY, "CPU %u: return with PSTATE 0x%lx", cpu, me->spsr);
	if (me->spsr >> 32)
		fake_breach(CONTRACT, "CPU %u: return with PSTATE 0x%lx", cpu, me->spsr);
	if (pcpu[cpu].in_guest)
		check_guest(cpu);
	else
		check_host(cpu);
}

static void load_x(u32 cpu)
{
	u32 i;

	check_return(cpu);
	for (i = 0; i < 31; i++)
		me->x[i] = fake_word(me->vec_ctx, CTX_X(i));
}

u32 fake_trap(u32 cpu, u32 kind, u64 esr, u64 far, u64 hpfar)
{
	u32 i;

	me = &fake_cpu[cpu];
	if (me->halted)
		fake_fail("CPU %u has stopped", cpu);
	me->esr = esr;
	me->far = far;
	me->hpfar = hpfar;
	fake_in_call(pcpu[cpu].in_guest ? "trap of a guest" : "trap of KServ", kind, esr, me->x[0],
		     far);
	for (i = 0; i < 31; i++)
		pg_set(me->vec_ctx, CTX_X(i), me->x[i]);
	if (setjmp(stopped))
		return 0;
	trap(cpu, kind);
	load_x(cpu);
	return 1;
}

void fake_cpu_start(u32 cpu)
{
	me = &fake_cpu[cpu];
	memset(me, 0, sizeof(*me));
	memset(ran[cpu], 0, sizeof(ran[cpu]));
	cold[cpu] = 1;
	fake_in_call("start of a CPU", cpu, 0, 0, 0);
	me->mdcr = 6 | MDCR_GUEST; /* HPMN, and bits that KServ must not inherit */
	me->cptr = CPTR_HOST;
	me->cnthctl = CNTHCTL_HOST;
	fake_unlocked(1);
	if (setjmp(stopped)) {
		fake_unlocked(0);
		return;
	}
	cpu_start(cpu);
	fake_unlocked(0);
	load_x(cpu);
}

void fake_cpus(u32 n)
{
	u32 i;

	memset(cpu_boot, 0, sizeof(cpu_boot));
	memset(fake_gicr, 0, sizeof(fake_gicr));
	going_down = 0;
	n_cpu = n;
	gicr_pfn = FAKE_GICR_PFN;
	fake_smc_n = 0;
	fake_smc_result = PSCI_SUCCESS;
	for (i = 0; i < NCPU; i++)
		cpu_mpidr[i] = i; /* more than there are */
	for (i = 0; i < n; i++) {
		cpu_boot[i].wanted = 1;
		cpu_boot[i].pc = 0x40200000;
		cpu_boot[i].arg = 0x44000000;
		fake_cpu_start(i);
	}
}
