/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of a VM: FREE -> NEW -> SEALED -> DYING -> FREE. */
#include <kcore/calls.h>
#include <kcore/percpu.h>
#include <kcore/prim.h>

#include "../mm/object.h"
#include "../mm/own.h"
#include "../mm/page.h"
#include "../mm/table.h"
#include "vm.h"

static u64 n_vms;

/* A free handle, or 0. */
static u64 handle_find(void)
{
	u64 h = 1ul;

	while (h <= KC_MAX_VMS) {
		if (vms[h].state == VM_FREE)
			return h;
		h = h + 1ul;
	}
	return 0ul;
}

static void vm_make(u64 h, u64 flags, u64 root)
{
	own_take_core(h, root, PG_VMCORE);
	own_take_core(h, root + 1ul, PG_VMCORE);
	vms[h].is_protected = (u32)(flags & KC_VM_PROTECTED);
	vms[h].n_ram = 0u;
	vms[h].n_loaded = 0u;
	vms[h].root = root;
	vms[h].pool = 0ul;
	vms[h].n_pool = 0ul;
	vms[h].n_lent = 0ul;
	vms[h].state = VM_NEW;
	n_vms = n_vms + 1ul;
	vms[h].pkvm = 0u;
	vms[h].n_guard = 0u;
}

u64 call_vm_create(u32 cpu, u64 flags, u64 root_pfn)
{
	u64 h;
	u64 r;

	if (flags > KC_VM_PROTECTED || (root_pfn & 1ul) != 0ul)
		return KC_EINVAL;
	spin_lock(LOCK_MEM);
	h = handle_find();
	r = page_check(root_pfn, 2ul, 0u);
	if (r == KC_OK && h == 0ul)
		r = KC_ENOMEM;
	if (r == KC_OK) {
		vm_make(h, flags, root_pfn);
		pcpu[cpu].res1 = h;
	}
	spin_unlock(LOCK_MEM);
	return r;
}

static u64 ram_check_new(u64 h, u64 ipa, u64 n)
{
	u64 r = vm_check_protected(h);
	u32 meets;

	if (r != KC_OK)
		return r;
	if (vms[h].state != VM_NEW)
		return KC_ESTATE;
	meets = ram_meets(h, ipa, n);
	if (meets != 0u)
		return KC_EEXIST;
	if (vms[h].n_ram == VM_NRAM)
		return KC_ENOMEM;
	return KC_OK;
}

u64 call_vm_ram(u64 h, u64 ipa_pfn, u64 n_pages)
{
	u32 ok = ipa_range_ok(ipa_pfn, n_pages);
	u64 r;

	if (ok == 0u)
		return KC_EINVAL;
	spin_lock(LOCK_MEM);
	r = ram_check_new(h, ipa_pfn, n_pages);
	if (r == KC_OK) {
		vms[h].ram[vms[h].n_ram].base = ipa_pfn;
		vms[h].ram[vms[h].n_ram].n = n_pages;
		vms[h].n_ram = vms[h].n_ram + 1u;
	}
	spin_unlock(LOCK_MEM);
	return r;
}

u64 call_vm_table(u64 h, u64 pfn)
{
	u64 r;

	spin_lock(LOCK_MEM);
	r = vm_check_live(h);
	if (r == KC_OK)
		r = page_check(pfn, 1ul, 0u);
	if (r == KC_OK) {
		own_take_core(h, pfn, PG_VMCORE);
		pool_put(h, pfn);
	}
	spin_unlock(LOCK_MEM);
	return r;
}

void vm_seal(u32 h)
{
	spin_lock(LOCK_MEM);
	if (vms[h].state == VM_NEW)
		vms[h].state = VM_SEALED;
	spin_unlock(LOCK_MEM);
}

/* The vCPUs are gone; their run pages are ordinary pages again, their contexts wait for reclaim. */
static void vm_unpin(u64 h)
{
	u64 word = word_make(PG_HOST, 0ul, 0ul);
	u32 i = 0u;

	while (i < KC_MAX_VCPUS) {
		if (vcpus[h][i].made != 0u)
			page_set(vcpus[h][i].run_pfn, word);
		vcpus[h][i].made = 0u;
		i = i + 1u;
	}
}

u64 call_vm_teardown(u64 h)
{
	u64 r;

	spin_lock(LOCK_MEM);
	r = vm_check_live(h);
	if (r == KC_OK && vms[h].n_loaded != 0u)
		r = KC_EBUSY;
	if (r == KC_OK) {
		vms[h].state = VM_DYING;
		tlb_inval_vm(h, vms[h].root);
		vm_unpin(h);
	}
	spin_unlock(LOCK_MEM);
	return r;
}

u64 call_vm_free(u64 h)
{
	u64 r;

	spin_lock(LOCK_MEM);
	r = vm_check(h);
	if (r == KC_OK && vms[h].state != VM_DYING)
		r = KC_ESTATE;
	if (r == KC_OK && (vms[h].n_pages != 0ul || vms[h].n_lent != 0ul))
		r = KC_EBUSY;
	if (r == KC_OK) {
		vms[h].state = VM_FREE;
		n_vms = n_vms - 1ul;
	}
	spin_unlock(LOCK_MEM);
	return r;
}

/* Not for a DYING VM: its root may be KServ's already, and its TLB entries are gone. */
u64 call_vm_flush(u64 h)
{
	u64 r;

	spin_lock(LOCK_MEM);
	r = vm_check_live(h);
	if (r == KC_OK)
		tlb_inval_vm(h, vms[h].root);
	spin_unlock(LOCK_MEM);
	return r;
}

static u64 stat_get(u32 cpu, u64 item)
{
	if (item == KC_STAT_VMS)
		return n_vms;
	if (item == KC_STAT_REFUSED)
		return pcpu[cpu].refused;
	if (item == KC_STAT_PAGES_CORE)
		return n_kind[PG_CORE];
	if (item == KC_STAT_PAGES_VMCORE)
		return n_kind[PG_VMCORE] + n_kind[PG_CTX];
	/* The other items are in the order of the kinds. */
	return n_kind[item + PG_HOST];
}

u64 call_stat(u32 cpu, u64 item)
{
	u64 v;

	if (item >= KC_STAT_COUNT)
		return KC_EINVAL;
	spin_lock(LOCK_MEM);
	v = stat_get(cpu, item);
	spin_unlock(LOCK_MEM);
	pcpu[cpu].res1 = v;
	return KC_OK;
}
