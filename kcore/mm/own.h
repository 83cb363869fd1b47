/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Change of owner: between KServ and a VM, in both directions. The order is always: out of reach,
 * then scrub, then the new owner. Lock held.
 */
#ifndef KCORE_MM_OWN_H
#define KCORE_MM_OWN_H

#include <kcore/types.h>

/* HOST page -> kind (PG_VMCORE or PG_CTX) of h, zero. */
void own_take_core(u64 h, u64 pfn, u64 kind);
/*
 * n = 1 or 512 (aligned) HOST pages -> private pages of h from ipa; not yet mapped. The content
 * stays while h is NEW, else the pages are zero.
 */
void own_take_private(u64 h, u64 ipa, u64 pfn, u64 n);
/* VM, VMCORE or CTX page of h that nothing maps -> HOST, zero, mapped for KServ. */
void own_return(u64 h, u64 pfn);

#endif
