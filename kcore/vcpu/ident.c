/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Identification registers as a protected guest sees them: the hardware's, less every feature
 * whose state KCore does not switch. Each hidden feature is also trapped or disabled by a control
 * bit (regs.def), so a guest that ignores these registers finds an undefined instruction.
 */
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "vcpu.h"

#define ID(crm, op2) (((crm) << 3) | (op2))

/*
 * PFR0: EL0, FP, AdvSIMD, GIC, DIT, CSV2, CSV3; EL1 is AArch64 only; no EL2, EL3, RAS, SVE, MPAM,
 * AMU.
 */
static u64 pfr0(u64 hw)
{
	return (hw & 0xff0f00000fff000ful) | 0x10ul;
}

/* MMFR0: physical addresses are 40 bits (2); no FGT, no ECV. */
static u64 mmfr0(u64 hw)
{
	return (hw & 0x00fffffffffffff0ul) | 2ul;
}

/* Value of op0 = 3, op1 = 0, CRn = 0, CRm = crm, op2. */
u64 ident_read(u64 crm, u64 op2)
{
	u64 hw = id_reg_get(crm, op2);
	u64 id = ID(crm, op2);

	if (crm < 4ul && id != ID(1ul, 2ul))
		return hw; /* AArch32 features, for EL0; DFR0 has the PMU */
	switch (id) {
	case ID(4ul, 0ul):
		return pfr0(hw);
	case ID(4ul, 1ul):
		return hw & 0xfful; /* PFR1: BT, SSBS */
	case ID(5ul, 0ul):
		return 6ul; /* DFR0: v8 debug, one breakpoint, no PMU, SPE, trace */
	case ID(6ul, 0ul):
		return hw & 0xfffffffff0fffffful; /* ISAR0: no TME */
	case ID(6ul, 1ul):
		return hw & 0x00ffffff00fff00ful; /* ISAR1: no pointer authentication, LS64, XS */
	case ID(7ul, 0ul):
		return mmfr0(hw);
	case ID(7ul, 1ul):
		return hw & 0x00000000f0f0f00ful; /* MMFR1: no VMID, VH, LOR, HCX, TWED */
	case ID(7ul, 2ul):
		return hw & 0xf0ff00ff000f0ffful; /* MMFR2: no IESB, CCIDX, NV, FWB, EVT */
	default:
		return 0;
	}
}
