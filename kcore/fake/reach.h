/* SPDX-License-Identifier: BSD-2-Clause */
/* Who reaches what (kcore/fake/reach.c): for fake.c and audit.c alone. */
#ifndef KCORE_FAKE_REACH_H
#define KCORE_FAKE_REACH_H

#include <kcore/types.h>

void reach_reset(u64 n_pages);
void reach_free(void);
/* KServ's tree is complete: from now on it is watched. */
void reach_boot(void);
/* Descriptor idx of page table is about to become val. */
void reach_pte(u64 table, u64 idx, u64 old, u64 val);
/* The page's state word is about to become word. */
void reach_meta(u64 pfn, u64 word);
/* TLBI of that VMID. */
void reach_inval(u64 vmid);
/* vms[] may have changed: walks may start at new roots. */
void reach_vms(void);
/* Nobody reaches the page, and no walk uses it as a table, else a breach. */
void reach_need_none(u64 pfn, const char *what);
/* 1 if walks may use the page as a table. */
u32 reach_is_table(u64 pfn);
/* No TLB holds what tables do not have; with the counts checked against the tables if full. */
void reach_need_settled(u32 full);

/* cpu.c: that VMID's entries are gone on all CPUs. */
void fake_inval(u64 vmid);
/* Context or run page of the vCPU that this CPU has loaded, or KServ's context page of this CPU. */
u32 fake_owns(u64 pfn);

#endif
