/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aborts of KServ at stage 2. A page that KServ may use can fault for an instant while another CPU
 * splits or joins the block around it: look again and retry. Anything else is answered by an abort
 * at EL1 with ESR_EL1.S1PTW set, which the kernel's fault handler takes for "not your page".
 */
#include <kcore/calls.h>
#include <kcore/control.h>
#include <kcore/host.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>
#include <kcore/prim_cpu.h>

#include "../vcpu/vcpu.h"

void host_abort(u32 cpu, u64 esr)
{
	u64 ipa = fault_ipa(esr);
	u64 far = far_get();
	u32 mapped = 0;

	if (ipa == IPA_UNKNOWN)
		return;
	mapped = host_gicr(cpu, esr, ipa);
	if (mapped == 0u && (ESR_FSC(esr) & 0x3cul) != 0x0cul)
		mapped = host_maps(ipa);
	if (mapped == 0u)
		inject_abort(esr | ESR_S1PTW, far);
}
