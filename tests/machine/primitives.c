/* SPDX-License-Identifier: BSD-2-Clause */
/* Each primitive of the memory part as a function of its own, for sequences.py. */
#include <kcore/prim.h>
#include <kcore/prim_lock.h>

u32 do_lock_ticket(u32 id);
void do_lock_await(u32 id, u32 ticket);
u32 do_lock_serving(u32 id);
void do_lock_serve(u32 id, u32 ticket);
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

u32 do_lock_ticket(u32 id)
{
	return lock_ticket(id);
}

void do_lock_await(u32 id, u32 ticket)
{
	lock_await(id, ticket);
}

u32 do_lock_serving(u32 id)
{
	return lock_serving(id);
}

void do_lock_serve(u32 id, u32 ticket)
{
	lock_serve(id, ticket);
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
