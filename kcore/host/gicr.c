/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first page of each GICv3 redistributor, which KServ does not get mapped. With LPIs enabled a
 * redistributor reads and writes tables in memory at addresses programmed here, behind stage 2 and
 * behind any SMMU: a DMA master. So KServ's accesses come here, and all are passed on but those
 * that concern LPIs: GICR_CTLR.EnableLPIs stays 0, the LPI registers ignore writes, GICR_TYPER
 * says that there are none.
 */
#include <kcore/control.h>
#include <kcore/host.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vcpu/vcpu.h"

#define GICR_CTLR        0x0ul
#define GICR_TYPER       0x8ul
#define GICR_LPI_FIRST   0x40ul /* SETLPIR, CLRLPIR, PROPBASER, PENDBASER, INVLPIR, INVALLR, SYNCR */
#define GICR_LPI_END     0x100ul
#define CTLR_ENABLE_LPIS 1ul
#define TYPER_LPI_BITS   0xbul /* PLPIS, VLPIS, DirectLPI */
#define GICR_STRIDE      32ul  /* pages a CPU */

u64 gicr_pfn;

static u32 is_gicr(u64 ipa)
{
	u32 r = 0;

	if (ipa >= gicr_pfn && ipa - gicr_pfn < GICR_STRIDE * n_cpu &&
	    (ipa - gicr_pfn) % GICR_STRIDE == 0ul)
		r = 1;
	return r;
}

static void gicr_write(u64 ipa, u64 off, u64 size, u64 v)
{
	u64 val = v;

	if (off >= GICR_LPI_FIRST && off < GICR_LPI_END)
		return;
	if (off == GICR_CTLR)
		val = v & ~CTLR_ENABLE_LPIS;
	mmio_write((ipa << 12) + off, size, val);
}

static u64 gicr_read(u64 ipa, u64 off, u64 size)
{
	u64 v = mmio_read((ipa << 12) + off, size);

	if (off == GICR_TYPER)
		v = v & ~TYPER_LPI_BITS;
	return v;
}

/*
 * 1 if KServ's abort at page ipa was an access to such a page: it is done then, or ignored if
 * malformed.
 */
u32 host_gicr(u32 cpu, u64 esr, u64 ipa)
{
	u32 is = is_gicr(ipa);
	u64 size = 1ul << ((esr >> 22) & 3ul);
	u64 rt = (esr >> 16) & 31ul;
	u64 far = far_get();
	u64 off = far & 0xffful;
	u64 pc = elr_get();
	u64 v = 0;

	if (is == 0u || ESR_EC(esr) != EC_DABT_LOW || (esr & ESR_ISV) == 0ul)
		return 0;
	if (size >= 4ul && (off & (size - 1ul)) == 0ul) {
		if ((esr & ESR_WNR) != 0ul) {
			v = guest_reg(cpu, rt);
			gicr_write(ipa, off, size, v);
		} else {
			v = gicr_read(ipa, off, size);
		}
	}
	if ((esr & ESR_WNR) == 0ul) {
		v = load_value(v, size, (esr >> 21) & 1ul, (esr >> 15) & 1ul);
		guest_reg_set(cpu, rt, v);
	}
	elr_set(pc + 4ul);
	return 1;
}
