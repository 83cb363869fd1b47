/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/wait.h>
#include <unistd.h>

#include "../../kcore/mm/host.h"
#include "harness.h"

static struct vm vms_kept[KC_MAX_VMS + 1];
static struct vcpu vcpus_kept[KC_MAX_VMS + 1][KC_MAX_VCPUS];
static struct percpu pcpu_kept[NCPU];
static u64 changes_kept;
static u64 next_page;

void state_keep(void)
{
	memcpy(vms_kept, vms, sizeof(vms));
	memcpy(vcpus_kept, vcpus, sizeof(vcpus));
	memcpy(pcpu_kept, pcpu, sizeof(pcpu));
	changes_kept = fake_changes();
}

void state_same(const char *file, int line)
{
	if (memcmp(vms_kept, vms, sizeof(vms)) || memcmp(vcpus_kept, vcpus, sizeof(vcpus)) ||
	    memcmp(pcpu_kept, pcpu, sizeof(pcpu)) || changes_kept != fake_changes())
		fake_fail("%s:%d: refused, but something has changed", file, line);
	if (fake_locked())
		fake_fail("%s:%d: refused, but the lock is held", file, line);
}

static u32 run_of_host(u64 i, u64 n)
{
	u64 j;

	for (j = 0; j < n; j++)
		if (i + j >= fake_n_pages() || (fake_meta(fake_page(i + j)) & 15) != PG_HOST ||
		    fake_page(i + j) != fake_page(i) + j)
			return 0;
	return 1;
}

static u64 find(u64 n, u64 align)
{
	while (next_page % align || !run_of_host(next_page, n)) {
		next_page++;
		if (next_page >= fake_n_pages())
			fake_fail("the test needs more memory");
	}
	next_page += n;
	return fake_page(next_page - n);
}

u64 host_page(void)
{
	return find(1, 1);
}

u64 host_pages(u64 n)
{
	return find(n, 2);
}

u64 host_block(void)
{
	return find(512, 512);
}

u64 core_page(void)
{
	return boot.core_pfn;
}

void add_tables(u64 h, u64 n)
{
	while (n--)
		OK(call_vm_table(h, host_page()));
}

u64 make_vm(u64 flags, u64 n_tables)
{
	u64 h;

	OK(call_vm_create(0, flags, host_pages(2)));
	h = pcpu[0].res1;
	if (flags & KC_VM_PROTECTED)
		OK(call_vm_ram(h, IPA, 2048));
	add_tables(h, n_tables);
	return h;
}

void make_vcpu(u64 h, u64 idx)
{
	u64 run = host_page();

	OK(call_vcpu_create(h, idx, run, vms[h].is_protected ? host_page() : KC_NO_PFN));
}

void run_vcpu(u32 cpu, u64 h, u64 idx)
{
	OK(vcpu_load(cpu, h, idx));
	vm_seal((u32)h);
}

void end_vm_rest(u64 h)
{
	u64 i;
	u64 at = 0;

	while (at < IPA_PFNS) {
		OK(call_unlend(0, h, at, IPA_PFNS - at));
		CHECK(pcpu[0].res1 > at);
		at = pcpu[0].res1;
	}
	for (i = 0; i < fake_n_pages(); i++) {
		u64 w = fake_meta(fake_page(i));

		if ((w & 15) >= PG_VM && ((w >> 4) & 0xffff) == h)
			EQ(call_page_reclaim(h, fake_page(i)), KC_OK);
	}
	OK(call_vm_free(h));
}

void end_vm(u64 h)
{
	OK(call_vm_teardown(h));
	end_vm_rest(h);
}

u64 count_kind(u64 kind)
{
	u64 n = 0;
	u64 i;

	for (i = 0; i < fake_n_pages(); i++)
		n += (fake_meta(fake_page(i)) & 15) == kind;
	return n;
}

static int run_one(const struct test *t)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(60);
		t->run();
		fake_free();
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	printf("%s %s\n", status == 0 ? "ok  " : "FAIL", t->name);
	return status == 0;
}

int main(int argc, char **argv)
{
	const struct test *tables[] = {tests_init,  tests_vm,  tests_vcpu, tests_donate, tests_lend,
				       tests_guest, tests_cpu, tests_pkvm, tests_host};
	u64 passed = 0;
	u64 failed = 0;
	u64 i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct test *t;

		for (t = tables[i]; t->name; t++) {
			if (argc > 1 && strcmp(argv[1], t->name))
				continue;
			if (run_one(t))
				passed++;
			else
				failed++;
		}
	}
	printf("%lu passed, %lu failed\n", passed, failed);
	return failed != 0;
}
