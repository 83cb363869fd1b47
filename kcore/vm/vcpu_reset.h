/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KCORE_VM_VCPU_RESET_H
#define KCORE_VM_VCPU_RESET_H

#include <kcore/types.h>

/*
 * Write the reset state of vCPU idx of protected VM h into its context page, which is zero. Boot
 * vCPU (idx 0): PC and x0..x3 are KServ's, from the run page; ON. The others: OFF until the guest's
 * own CPU_ON gives them an entry point. Lock held.
 */
void vcpu_reset(u64 h, u64 idx);

#endif
