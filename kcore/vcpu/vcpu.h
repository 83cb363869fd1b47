/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vCPU part: running, exits, and what KCore answers for a protected guest. All functions work
 * on the vCPU loaded on this CPU (pcpu[cpu].vm, .vcpu): that token is their only lock.
 */
#ifndef KCORE_VCPU_H
#define KCORE_VCPU_H

#include <kcore/types.h>

/* vcpus[][].pend: what the next run owes the guest after an exit that KServ answers. */
#define PEND_NONE  0u
#define PEND_LOAD  1u /* MMIO load: data to mmio_rt, then PC + 4 */
#define PEND_STORE 2u /* MMIO store: PC + 4 */
#define PEND_READ  3u /* system register read: data to mmio_rt, then PC + 4 */
#define PEND_WRITE 4u /* system register write: PC + 4 */

/* What a handler of a guest's trap decided. */
#define GUEST_RESUME 0xffu /* back to the guest; any other value is a KC_EXIT_* */

/* inject.c */
void inject_sync(u64 esr);
void inject_undef(void);
void inject_abort(u64 esr, u64 far);

/* fp.c, vgic.c */
void fp_trap(u32 cpu);
void fp_exit(u32 cpu);
void vgic_load(u64 run);
void vgic_put(u64 run);
void vgic_enter(u32 cpu, u64 run);
void vgic_exit(u32 cpu, u64 run);

/* ident.c, sysreg.c, psci.c, rsi.c, pkvm.c, mmio.c */
u64 ident_read(u64 crm, u64 op2);
u32 sysreg_trap(u32 cpu, u64 esr);
/*
 * Guests' calls are never inlined: they are large, and seldom made beside all other traps, whose path
 * would save registers and lose inlined functions for them.
 */
__attribute__((noinline)) u32 guest_psci(u32 cpu, u64 fid);
__attribute__((noinline)) u32 guest_rsi(u32 cpu, u64 fid);
/* Run the guest's call again after KServ has acted on exit code; KC_EXIT_TRAP: a private page. */
u32 retry_with(u32 cpu, u64 ipa_pfn, u32 code);
__attribute__((noinline)) u32 guest_pkvm_call(u32 cpu, u64 fid);
#define IPA_UNKNOWN 0xfffffffffffffffful
u64 fault_ipa(u64 esr);
u64 load_value(u64 raw, u64 size, u64 sext, u64 sf);
u32 guest_abort(u32 cpu, u64 esr);
void pend_complete(u32 cpu);

/* run.c, exit.c */
MUST_CHECK u64 call_vcpu_load(u32 cpu, u64 h, u64 idx);
MUST_CHECK u64 call_vcpu_put(u32 cpu);
MUST_CHECK u64 call_vcpu_run(u32 cpu);
void guest_exit(u32 cpu, u64 code);
void guest_trap(u32 cpu, u32 kind);

/* The loaded vCPU's registers as its program sees them: n = 31 reads as zero and ignores writes. */
u64 guest_reg(u32 cpu, u64 n);
void guest_reg_set(u32 cpu, u64 n, u64 v);

#endif
