/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leak attacks: a protected guest computes a secret that exists nowhere else; KServ and other guests look
 * for it in memory, registers and what comes back. What is found is printed, and judged outside.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/kc.h"

GUEST(g_secret);
GUEST(g_sysset);
GUEST(g_sysget);
GUEST(g_fpget);
GUEST(g_hold);
GUEST(g_stage1);

GUEST(g_debug);
extern const char g_debug_stop[];

/* A protected VM that has computed its secret and waits. */
static struct vm *victim(u64 fp)
{
	struct vm *v = VM_START(1, g_secret, arg_nonce, fp, 0, 0);
	u64 val;

	if (vm_report(v, 0, &val) != R_READY)
		give_up("the guest does not start");
	return v;
}

/* The guest finds its memory and registers as it left them. */
static void victim_check(struct vm *v, const char *after)
{
	u64 val;

	if (vm_report(v, 0, &val) != R_VALUE)
		give_up("the guest does not answer after %s", after);
	if (val != 0)
		won("%llu words of the guest have changed after %s", (long long)val, after);
}

/* No page of KCore's range can be read or written by KServ. */
static void core_sweep(void)
{
	struct ka_scan s = {.flags = KA_WRITE};

	core_range((u64 *)&s.pfn, (u64 *)&s.n);
	for (int cached = 0; cached < 2; cached++) {
		/* Reads first: a page that can be read is reported before anything is destroyed. */
		for (int write = 0; write < 2; write++) {
			s.flags = (cached ? KA_CACHED : 0) | (write ? KA_WRITE : 0);
			mem_scan(&s);
			if (s.n_read != 0 || s.n_written != 0) {
				won("%llu pages of KCore's can be read, %llu written, first %llx",
				    (long long)s.n_read, (long long)s.n_written,
				    (long long)s.first_read);
				return;
			}
		}
	}
	note("%llu pages of KCore's abort for reads and writes, cached and not", (long long)s.n);
}

/* Device windows that are or contain DMA masters, and all that the board list does not name. */
static void windows(void)
{
	static const struct {
		u64 pa, n;
		const char *what;
	} w[] = {
		{0x00000000, 16, "flash"},
		{0x04000000, 16, "second flash"},
		{0x08020000, 16, "GICv2m"},
		{0x08080000, 32, "ITS"},
		{0x080a0000 + 8 * 0x20000, 16, "a redistributor that is no CPU's"},
		{0x09020000, 1, "fw_cfg"},
		{0x09050000, 32, "SMMU"},
		{0x09070000, 1, "hot-plug"},
		{0x0a000000, 4, "virtio-mmio"},
		{0x0c000000, 64, "platform bus"},
		{0x10000000, 64, "PCI memory"},
		{0x3eff0000, 16, "PCI ports"},
		{0x3f000000, 64, "PCI configuration"},
		{0x4010000000, 64, "high PCI configuration"},
		{0x8000000000, 64, "high PCI memory"},
	};

	for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++) {
		u64 val;

		/* The first word of each page: not every register of a device bears reading. */
		for (u64 p = 0; p < w[i].n; p++)
			if (mem_read(w[i].pa + (p << 12), &val, 0) == 0)
				won("KServ can reach %s at %llx: %llx", w[i].what,
				    (long long)(w[i].pa + (p << 12)), (long long)val);
	}
}

/* Memory of a living VM: not one page of it can be read or written, and the secret is nowhere else. */
static void vm_memory(void)
{
	struct vm *v = victim(0);
	u64 ram, n, core, core_n, block = page_alloc(9);
	struct ka_scan s;

	needed(kc(KC_DONATE, v->h, RAM_PFN + 512, block, 9), "DONATE of a block");
	v->block[v->n_block++] = block;
	for (u32 i = 0; i < v->n_given + v->n_block; i++) {
		int b = i >= v->n_given;

		s = (struct ka_scan){.pfn = b ? block : v->given[i],
				     .n = b ? 512 : 1,
				     .flags = KA_CACHED | KA_WRITE,
				     .masked = arg_masked[0],
				     .mask = SECRET_MASK};
		mem_scan(&s);
		if (s.n_read + s.n_written != 0)
			won("page %llx of the VM: %llu read, %llu written", (long long)s.first_read,
			    (long long)s.n_read, (long long)s.n_written);
	}
	if (mem_write(v->root << 12, 0, 1) == 0)
		won("KServ writes the VM's root table");
	core_range(&core, &core_n);
	ram_range(&ram, &n);
	secret_search(ram, n, 1, "in a sweep of all memory");
	secret_in(v->rp[0], 512, "in the run page");
	victim_check(v, "a sweep");
}

/* What comes back from a VM is zero: pages, blocks, tables, contexts; through both kinds of mapping. */
static void scrub(void)
{
	struct vm *v = VM_START(1, g_hold, arg_nonce, (RAM_PFN + 512 + 17) << 12, 0, 0);
	struct vm *w = victim(1);
	u64 block = page_alloc(9), val;

	vm_put(w);
	needed(kc(KC_DONATE, v->h, RAM_PFN + 512, block, 9), "DONATE of a block");
	v->block[v->n_block++] = block;
	if (vm_report(v, 0, &val) != R_READY || vm_report(v, 0, &val) != R_VALUE || val != 0)
		give_up("the guest does not hold its page");
	vm_put(v);
	needed(kc(KC_VM_TEARDOWN, v->h, 0, 0, 0), "TEARDOWN");
	needed(kc(KC_VM_TEARDOWN, w->h, 0, 0, 0), "TEARDOWN");
	if (mem_read((block + 17) << 12, &val, 1) == 0)
		won("a page of a dying VM can be read before it is given back");
	for (int m = 0; m < 2; m++) {
		struct vm *x = m == 0 ? v : w;
		u64 n = m == 0 ? 512 + x->n_given : x->n_given;

		for (u64 i = 0; i < n; i++) {
			u64 p = i < x->n_given ? x->given[i] : block + i - x->n_given;
			struct ka_scan s = {.pfn = p, .n = 1};

			needed(kc(KC_PAGE_RECLAIM, x->h, p, 0, 0), "RECLAIM of %llx", (long long)p);
			for (u32 cached = 0; cached < 2; cached++) {
				secret_search(p, 1, (int)cached, "in a page of a dead VM");
				s.flags = cached ? KA_CACHED : 0;
				mem_scan(&s);
				if (s.n_zero != 1)
					won("page %llx of a dead VM is not zero", (long long)p);
			}
		}
		needed(kc(KC_PAGE_RECLAIM, x->h, x->root, 0, 0), "RECLAIM of the root");
		needed(kc(KC_PAGE_RECLAIM, x->h, x->root + 1, 0, 0), "RECLAIM of the root");
		needed(kc(KC_VM_FREE, x->h, 0, 0, 0), "FREE");
		x->alive = 0;
		for (u32 i = 0; i < x->n_given; i++)
			page_free(x->given[i]);
		page_unmap(x->rp[0], 1);
		page_free(x->run[0]);
	}
	page_free(block);
}

/* Right after an exit KServ looks at every register it can read, and at the run page. */
static void exit_registers(void)
{
	struct vm *v = VM_START(1, g_secret, arg_nonce, 1, 0, 0);
	struct ka_call c;
	int ready = 0;

	for (int i = 0; i < 400 && !ready; i++) {
		vm_load(v, 0);
		needed(kc_dump(&c, KC_VCPU_RUN), "RUN");
		/* Each exit: interrupts take the guest anywhere, also in the middle of its computation. */
		secret_in((u64 *)c.v, 64, "in the FP registers after an exit");
		secret_in((u64 *)c.x, 4, "in x0..x3 after an exit");
		secret_in(v->rp[0], 512, "in the run page after an exit");
		for (int k = 0; k < KA_SYS_COUNT; k++)
			if ((c.sys[k] ^ SECRET_MASK) == arg_masked[0])
				won("register %d of KServ's holds the guest's secret after an exit",
				    k);
		ready = c.x[1] == KC_EXIT_TRAP && (rp(v, 0, RUN_ESR) >> 26) == 1;
	}
	if (!ready)
		give_up("the guest does not come to its wait");
	vm_put(v);
	secret_in(v->rp[0], 512, "in the run page after a put");
	victim_check(v, "KServ has looked at the registers");
}

/* A second VM reads every register that the first has filled. */
static void next_vm_sys(void)
{
	struct vm *a = VM_START(1, g_sysset, 0x5555aaaa12345678ull ^ arg_nonce >> 1 << 1, 0, 0, 0);
	struct vm *b = VM_START(1, g_sysget, 0, 0, 0, 0);
	u64 val, off, n = 0, pattern = 0x5555aaaa12345678ull ^ arg_nonce >> 1 << 1;

	if (vm_report(a, 0, &val) != R_READY)
		give_up("the first guest does not start");
	while ((off = vm_report(b, 0, &val)) == R_VALUE) {
		/* Some registers hold only part of what is written. */
		if (val != 0 && (val == pattern || (val & 0xffffffff) == (pattern & 0xffffffff)))
			won("register number %llu of the first VM is %llx in the second",
			    (long long)n, (long long)val);
		n++;
	}
	if (off != R_DONE || n < 18)
		give_up("the second guest reports %llu registers", (long long)n);
}

static void next_vm_fp(void)
{
	struct vm *a = victim(1);
	struct vm *b = VM_START(1, g_fpget, 0, 0, 0, 0);
	struct vm *c = VM_START(0, g_fpget, 0, 0, 0, 0);
	u64 val, word[64];

	vm_put(a);
	for (int m = 0; m < 2; m++) {
		u64 n = 0;

		while (vm_report(m == 0 ? b : c, 0, &val) == R_VALUE && n < 64)
			word[n++] = val;
		if (n != 64)
			give_up("the second guest reports %llu registers", (long long)n);
		for (int i = 0; i < 64; i++)
			if (word[i] != 0)
				won("FP register %d of another VM starts as %llx", i / 2,
				    (long long)word[i]);
		secret_in(word, 64,
			  m == 0 ? "in a second protected VM's FP registers"
				 : "in a normal VM's FP registers");
		victim_check(a, "another VM has used the FP registers");
		vm_put(a);
	}
}

/* Page tables of a guest at ipa: code and devices where they are, one data page at 2 GiB. */
static void stage1_make(struct vm *v, u64 ipa, u64 data)
{
	const u64 af = 1ull << 10, shared = 3ull << 8;
	u64 t[512] = {[0] = af | 1ull << 2 | 1,
		      [1] = RAM_PA | af | shared | 1,
		      [2] = ((ipa + 1) << 12) | 3};

	vm_page(v, ipa, t, sizeof(t));
	memset(t, 0, sizeof(t));
	t[0] = ((ipa + 2) << 12) | 3;
	vm_page(v, ipa + 1, t, sizeof(t));
	t[0] = ((ipa + 3) << 12) | af | shared | 3;
	vm_page(v, ipa + 2, t, sizeof(t));
	memset(t, 0, sizeof(t));
	t[0] = data;
	vm_page(v, ipa + 3, t, sizeof(t));
}

/*
 * Two vCPUs of one VM take turns on one CPU: the same VMID, other page tables. KServ chooses where a vCPU
 * runs, and may not make one of them use the other's translations by it.
 */
static void two_vcpus(void)
{
	const u64 ipa[2] = {RAM_PFN + 8, RAM_PFN + 16}, data[2] = {arg_nonce | 1, ~(arg_nonce | 1)};
	struct vm *v = vm_new(1);
	u64 val;

	vm_page(v, CODE_PFN, g_stage1, (size_t)(g_stage1_end - g_stage1));
	for (int i = 0; i < 2; i++)
		stage1_make(v, ipa[i], data[i]);
	vm_vcpu(v, 0, CODE_PFN << 12, ipa[0] << 12, ipa[1] << 12, 0, 0);
	vm_vcpu(v, 1, CODE_PFN << 12, 0, 0, 0, 0);
	if (vm_run(v, 0) != KC_EXIT_CPU_ON)
		give_up("the guest does not start its second vCPU");
	for (int n = 0; n < 400; n++) {
		int i = n & 1;

		if (vm_report(v, i, &val) != R_VALUE)
			give_up("vCPU %d takes an exception: %llx", i, (long long)val);
		if (val == data[1 - i])
			won("vCPU %d reads through the page tables of vCPU %d", i, 1 - i);
		else if (val != data[i])
			error("vCPU %d reads %llx", i, (long long)val);
	}
}

/* KServ's breakpoints do not fire in a protected guest, and its cycle counter stands still. */
static void host_debug(void)
{
	struct vm *v = VM_START(1, g_debug, 3000000, 0, 0, 0);
	struct ka_debug d = {.cpu = 0,
			     .on = 1,
			     .bvr = (CODE_PFN << 12) + (u64)(g_debug_stop - g_debug),
			     .bcr = 0x1e7};
	struct ka_call c;
	u64 cycles = 0, ticks = 0, most = 0, val, off;

	if (ka_debug(&d) != 0)
		give_up("KA_DEBUG fails");
	for (int i = 0; i < 60; i++) {
		vm_load(v, 0);
		needed(kc_dump(&c, KC_VCPU_RUN), "RUN");
		if (c.x[1] == KC_EXIT_TRAP && (rp(v, 0, RUN_FAR) & 0xfff) == R_FAULT)
			won("a breakpoint of KServ's fires in the guest: ESR %llx",
			    (long long)rp(v, 0, RUN_X(0)));
		if (c.ticks > most) {
			most = c.ticks;
			cycles = c.cycles;
			ticks = c.ticks;
		}
	}
	off = vm_report(v, 0, &val);
	if (off == R_FAULT)
		won("a breakpoint of KServ's fires in the guest: ESR %llx", (long long)val);
	d.on = 0;
	ka_debug(&d);
	/* In the lab the counter has 1 GHz, the timer 62.5 MHz: 16 cycles a tick if it ran. */
	note("longest run: %llu ticks, %llu cycles counted", (long long)ticks, (long long)cycles);
	if (ticks < 20000)
		give_up("the guest does not run long enough to tell");
	if (cycles > ticks * 4)
		won("KServ's cycle counter runs while the guest does: %llu in %llu ticks",
		    (long long)cycles, (long long)ticks);
}

/*
 * A VM with a secret is alive while the machine goes down; what is left in RAM is looked at outside. The
 * program ends here, without taking the VM apart.
 */
static void live_at_reset(void)
{
	(void)victim(1);
	printf("RESULT live_at_reset ERROR the VM is alive; nobody has looked at the memory\n");
	fflush(stdout);
	_exit(0);
}

const struct test tests_leak[] = {
	{"core_sweep", "5", "KCore's memory is out of KServ's reach", core_sweep, 1},
	{"windows", "33,34,48", "no DMA-capable window is mapped for KServ", windows, 1},
	{"vm_memory", "5,26", "a VM's memory is out of KServ's reach", vm_memory, 1},
	{"scrub", "14,15", "pages come back from a VM zeroed", scrub, 1},
	{"exit_registers", "20,21", "an exit shows KServ no register", exit_registers, 1},
	{"next_vm_sys", "20", "a VM sees no system register of another", next_vm_sys, 1},
	{"next_vm_fp", "21", "a VM sees no FP register of another", next_vm_fp, 1},
	{"two_vcpus", "45", "vCPUs on one CPU do not share translations", two_vcpus, 1},
	{"host_debug", "23", "KServ's debug and counting stop at the guest", host_debug, 1},
	{"live_at_reset", "44", "nothing of a VM is in RAM after a reset", live_at_reset,
	 ONLY_IF_NAMED},
	TEST_LIST_END};
