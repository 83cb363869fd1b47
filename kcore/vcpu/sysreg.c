/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trapped system registers of a protected guest. Identification registers are answered here; the
 * SGI registers, ICC_DIR_EL1 and the physical timer go to KServ, one value at most; debug
 * registers read as zero and ignore writes; all others are undefined.
 */
#include <kcore/abi.h>
#include <kcore/control.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vm/vm.h"
#include "vcpu.h"

/*
 * The encoding as one number: op0, op1, CRn, CRm, op2 as ESR_ELx.ISS has them, Rt and direction
 * cut.
 */
#define ISS_REG_MASK 0x3ffc1eul
#define SYSREG(op0, op1, crn, crm, op2)                                                            \
	(((op0) << 20) | ((op2) << 17) | ((op1) << 14) | ((crn) << 10) | ((crm) << 1))
#define ISS_OP0(esr) (((esr) >> 20) & 3ul)
#define ISS_CRN(esr) (((esr) >> 10) & 15ul)
#define ISS_CRM(esr) (((esr) >> 1) & 15ul)
#define ISS_OP1(esr) (((esr) >> 14) & 7ul)
#define ISS_OP2(esr) (((esr) >> 17) & 7ul)
#define ISS_RT(esr)  (((esr) >> 5) & 31ul)
#define ISS_READ     1ul

#define WHO_UNDEF 0u /* inject an undefined instruction */
#define WHO_ID    1u /* KCore answers with an identification register */
#define WHO_ZERO  2u /* read as zero, ignore writes */
#define WHO_KSERV 3u /* KServ emulates */

#define OSLSR_EL1 SYSREG(2ul, 0ul, 1ul, 1ul, 4ul)

/* The registers that go to KServ. */
static u32 is_kserv_reg(u64 reg, u64 read)
{
	u32 r = 0;

	if (read == 0ul &&
	    (reg == SYSREG(3ul, 0ul, 12ul, 11ul, 5ul) || reg == SYSREG(3ul, 0ul, 12ul, 11ul, 6ul) ||
	     reg == SYSREG(3ul, 0ul, 12ul, 11ul, 7ul) || reg == SYSREG(3ul, 0ul, 12ul, 11ul, 1ul)))
		r = 1; /* ICC_SGI1R, ICC_ASGI1R, ICC_SGI0R, ICC_DIR */
	if (reg == SYSREG(3ul, 3ul, 14ul, 2ul, 0ul) || reg == SYSREG(3ul, 3ul, 14ul, 2ul, 1ul) ||
	    reg == SYSREG(3ul, 3ul, 14ul, 2ul, 2ul))
		r = 1; /* CNTP_TVAL, CNTP_CTL, CNTP_CVAL */
	return r;
}

static u32 sysreg_who(u64 esr)
{
	u64 reg = esr & ISS_REG_MASK;
	u32 kserv = is_kserv_reg(reg, esr & ISS_READ);

	if (kserv != 0u)
		return WHO_KSERV;
	if (ISS_OP0(esr) == 3ul && ISS_CRN(esr) == 0ul && (esr & ISS_READ) != 0ul &&
	    ISS_OP1(esr) <= 1ul && ISS_CRM(esr) < 8ul)
		return WHO_ID;
	if (ISS_OP0(esr) == 2ul && ISS_OP1(esr) == 0ul)
		return WHO_ZERO;
	if (reg == SYSREG(3ul, 0ul, 1ul, 0ul, 1ul))
		return WHO_ZERO; /* ACTLR_EL1 */
	if (ISS_OP0(esr) == 1ul && ISS_CRN(esr) == 7ul)
		return WHO_ZERO; /* DC ISW, CSW, CISW: nothing to do, memory is coherent */
	return WHO_UNDEF;
}

/* What KCore itself answers to a read. */
static u64 sysreg_value(u64 esr, u32 who)
{
	if (who == WHO_ID && ISS_OP1(esr) == 0ul && ISS_CRM(esr) != 0ul)
		return ident_read(ISS_CRM(esr), ISS_OP2(esr));
	if ((esr & ISS_REG_MASK) == OSLSR_EL1)
		return 8; /* OSLM: implemented, unlocked */
	return 0;
}

/* Hand the access to KServ: the value of a write, nothing of a read. */
static u32 sysreg_exit(u32 cpu, u64 esr)
{
	u32 h = pcpu[cpu].vm;
	u32 i = pcpu[cpu].vcpu;
	u64 run = vcpus[h][i].run_pfn;
	u64 v = 0;

	vcpus[h][i].mmio_rt = (u32)ISS_RT(esr);
	if ((esr & ISS_READ) == 0ul) {
		v = guest_reg(cpu, ISS_RT(esr));
		vcpus[h][i].pend = PEND_WRITE;
	} else {
		vcpus[h][i].pend = PEND_READ;
	}
	pg_set(run, RUN_X(0u), v);
	pg_set(run, RUN_ESR, (EC_SYS64 << 26) | ESR_IL | (esr & (ISS_REG_MASK | ISS_READ)));
	pg_set(run, RUN_FAULT, KC_FAULT_NONE);
	return KC_EXIT_TRAP;
}

u32 sysreg_trap(u32 cpu, u64 esr)
{
	u32 who = sysreg_who(esr);
	u64 v;
	u64 pc;

	if (who == WHO_KSERV)
		return sysreg_exit(cpu, esr);
	if (who == WHO_UNDEF) {
		inject_undef();
		return GUEST_RESUME;
	}
	if ((esr & ISS_READ) != 0ul) {
		v = sysreg_value(esr, who);
		guest_reg_set(cpu, ISS_RT(esr), v);
	}
	pc = elr_get();
	elr_set(pc + 4ul);
	return GUEST_RESUME;
}
