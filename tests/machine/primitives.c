/* SPDX-License-Identifier: BSD-2-Clause */
/* Each primitive of the memory part as a function of its own, for sequences.py. */
#include <kcore/prim.h>

void do_spin_lock(void);
void do_spin_unlock(void);
u64 do_pg_get(u64 pfn, u64 idx);
void do_pg_set(u64 pfn, u64 idx, u64 val);
u64 do_meta_get(u64 pfn);
void do_meta_set(u64 pfn, u64 val);
u64 do_pte_get(u64 pfn, u64 idx);
void do_pte_set(u64 pfn, u64 idx, u64 val);
void do_page_zero(u64 pfn);
void do_page_sync(u64 pfn);
void do_page_copy(u64 dst, u64 src);
void do_tlb_inval_vm(u64 vmid, u64 root_pfn);
void do_tlb_inval_local(void);

void do_spin_lock(void)
{
	spin_lock(LOCK_MEM);
}

void do_spin_unlock(void)
{
	spin_unlock(LOCK_MEM);
}

u64 do_pg_get(u64 pfn, u64 idx)
{
	return pg_get(pfn, idx);
}

void do_pg_set(u64 pfn, u64 idx, u64 val)
{
	pg_set(pfn, idx, val);
}

u64 do_meta_get(u64 pfn)
{
	return meta_get(pfn);
}

void do_meta_set(u64 pfn, u64 val)
{
	meta_set(pfn, val);
}

u64 do_pte_get(u64 pfn, u64 idx)
{
	return pte_get(pfn, idx);
}

void do_pte_set(u64 pfn, u64 idx, u64 val)
{
	pte_set(pfn, idx, val);
}

void do_page_zero(u64 pfn)
{
	page_zero(pfn);
}

void do_page_sync(u64 pfn)
{
	page_sync(pfn);
}

void do_page_copy(u64 dst, u64 src)
{
	page_copy(dst, src);
}

void do_tlb_inval_vm(u64 vmid, u64 root_pfn)
{
	tlb_inval_vm(vmid, root_pfn);
}

void do_tlb_inval_local(void)
{
	tlb_inval_local();
}
