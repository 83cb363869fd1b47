/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bench's VMM: one VM for one test (or a row of VMs for T_VM), results at its end.
 *
 *   bench [-p] [-t TYPE] -n OPERATIONS -b BATCHES TEST PROGRAM
 *
 * -p: /dev/kvm-protected; -t: type of the VM on /dev/kvm (hexadecimal). Prints one line a batch:
 * "BENCH TEST BATCH TICKS OPERATIONS". What it prints, it prints at the end: console interrupts of
 * an early line would fall into the next batch.
 */
#define _GNU_SOURCE
#define NAME "bench"
#include "../vmm/vmm.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>

#include "abi.h"

static const char *const names[T_COUNT] = {
	"hypercall", "io-kernel", "io-user",  "ipi", "timer",
	"interrupt", "fault-4k",  "fault-2m", "vm",
};

static unsigned long vm_type;
static int test = -1, host_timer;
static uint64_t operations, batches;

static uint64_t ticks[2 * MAX_BATCHES];
static unsigned int n_ticks;

static struct {
	int fd, gic, n_vcpus, n_maps;
	volatile int over;
	int vcpu[2];
	struct kvm_run *run[2];
	pthread_t thread;
	struct {
		void *at;
		size_t size;
	} map[MAX_BATCHES + 1];
} vm;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

/* Memory of the VM at ipa, aligned in our address space as in the VM's; huge: by 2 MiB pages. */
static void *make_memory(uint64_t ipa, size_t size, int huge)
{
	size_t align = BLOCK_SIZE, shift = ipa & (align - 1);
	struct kvm_userspace_memory_region slot = {
		.slot = (uint32_t)vm.n_maps, .guest_phys_addr = ipa, .memory_size = size};
	char *at = mmap(NULL, size + 2 * align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	char *start;

	if (at == MAP_FAILED)
		die("mmap of the guest's memory");
	start = (char *)(((uintptr_t)at + align - 1) & ~(align - 1)) + shift;
	check(madvise(at, size + 2 * align, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), "madvise");
	slot.userspace_addr = (uintptr_t)start;
	check(ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
	vm.map[vm.n_maps].at = at;
	vm.map[vm.n_maps++].size = size + 2 * align;
	return start;
}

static void make_vm(void)
{
	uint64_t param[3] = {(uint64_t)test, operations, batches};
	char *ram;

	memset(&vm, 0, sizeof(vm));
	vm.fd = check(ioctl(kvm, KVM_CREATE_VM, vm_type), "KVM_CREATE_VM");
	ram = make_memory(RAM_BASE, RAM_SIZE, 0);
	memcpy(ram, program, program_size);
	memcpy(ram + (PARAM_AT - RAM_BASE), param, sizeof(param));
	for (uint64_t b = 0; test == T_FAULT_4K && b < batches; b++)
		make_memory(SMALL_BASE + b * SMALL_STRIDE + 4096, SMALL_PAGES * 4096, 0);
	if (test == T_FAULT_2M)
		make_memory(BLOCK_BASE, batches * operations * BLOCK_SIZE, 1);
	vm.gic = make_gic(vm.fd, GICD_BASE, GICR_BASE);
	vm.n_vcpus = test == T_IPI ? 2 : 1;
	for (int i = 0; i < vm.n_vcpus; i++)
		vm.vcpu[i] = make_vcpu(vm.fd, i, &vm.run[i]);
	set_reg(vm.vcpu[0], REG_PC, RAM_BASE);
	init_gic(vm.gic);
}

static void destroy_vm(void)
{
	for (int i = 0; i < vm.n_vcpus; i++) {
		munmap(vm.run[i], run_size());
		close(vm.vcpu[i]);
	}
	close(vm.gic);
	close(vm.fd);
	for (int i = 0; i < vm.n_maps; i++)
		munmap(vm.map[i].at, vm.map[i].size);
}

static void add_ticks(uint64_t t)
{
	if (n_ticks < sizeof(ticks) / sizeof(ticks[0]))
		ticks[n_ticks++] = t;
}

static void device_write(uint64_t reg, uint64_t val)
{
	struct itimerspec at = {.it_value.tv_nsec = (long)val};

	switch (reg) {
	case R_TICKS:
		add_ticks(val);
		break;
	case R_DONE:
		vm.over = 1;
		break;
	case R_ARM:
		check(timerfd_settime(host_timer, 0, &at, NULL), "timerfd_settime");
		break;
	case R_ERROR:
		fprintf(stderr, "bench: the guest cannot go on: %#llx\n", (unsigned long long)val);
		exit(1);
	}
}

static void run_vcpu(int i)
{
	struct kvm_run *run = vm.run[i];
	uint64_t val = 0;
	uint32_t answer = R_VALUE;

	while (!vm.over) {
		if (ioctl(vm.vcpu[i], KVM_RUN, 0) < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			die("KVM_RUN");
		}
		if (run->exit_reason != KVM_EXIT_MMIO ||
		    run->mmio.phys_addr - MMIO_BASE >= MMIO_SIZE) {
			fprintf(stderr, "bench: exit %u, address %#llx\n", run->exit_reason,
				(unsigned long long)run->mmio.phys_addr);
			exit(1);
		}
		if (run->mmio.is_write) {
			memcpy(&val, run->mmio.data, sizeof(val));
			device_write(run->mmio.phys_addr - MMIO_BASE, val);
		} else {
			memcpy(run->mmio.data, &answer, sizeof(answer));
		}
	}
}

static void *second_vcpu(void *arg)
{
	(void)arg;
	pin(1);
	run_vcpu(1);
	return NULL;
}

static void run_vm(void)
{
	if (vm.n_vcpus > 1 && pthread_create(&vm.thread, NULL, second_vcpu, NULL) != 0)
		die("pthread_create");
	run_vcpu(0);
	if (vm.n_vcpus > 1) {
		vm.run[1]->immediate_exit = 1;
		pthread_kill(vm.thread, SIGUSR1);
		pthread_join(vm.thread, NULL);
	}
}

/*
 * Time of this thread on its CPU, in user space, kernel and hypervisor: sleeping in the kernel does
 * not count.
 */
static uint64_t cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ul + (uint64_t)t.tv_nsec;
}

/* Batches of one VM: until its first exit to the VMM, and from then until nothing is left. */
static void run_vms(void)
{
	uint64_t t0, t1;

	for (uint64_t b = 0; b < batches; b++) {
		MARK(MARK_BEGIN);
		t0 = cpu_time();
		make_vm();
		run_vm();
		t1 = cpu_time();
		MARK(MARK_END);
		add_ticks(t1 - t0);
		MARK(MARK_BEGIN);
		t0 = cpu_time();
		destroy_vm();
		t1 = cpu_time();
		MARK(MARK_END);
		add_ticks(t1 - t0);
	}
}

static void print_results(void)
{
	for (unsigned int i = 0; i < n_ticks; i++) {
		const char *name = names[test];

		if (test == T_VM)
			name = i % 2 == 0 ? "vm-create" : "vm-destroy";
		printf("BENCH %s %u %llu %llu\n", name, test == T_VM ? i / 2 : i,
		       (unsigned long long)ticks[i],
		       test == T_VM ? 1ull : (unsigned long long)operations);
	}
}

int main(int argc, char **argv)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	int opt;

	while ((opt = getopt(argc, argv, "pt:n:b:")) != -1) {
		if (opt == 'p')
			device = "/dev/kvm-protected";
		else if (opt == 't')
			vm_type = strtoul(optarg, NULL, 16);
		else if (opt == 'n')
			operations = strtoull(optarg, NULL, 0);
		else if (opt == 'b')
			batches = strtoull(optarg, NULL, 0);
		else
			return 2;
	}
	for (int i = 0; optind + 2 == argc && i < T_COUNT; i++)
		if (strcmp(argv[optind], names[i]) == 0)
			test = i;
	if (test < 0 || operations < 1 ||
	    operations > (test == T_FAULT_4K ? SMALL_PAGES : 100000) || batches < 1 ||
	    batches > MAX_BATCHES) {
		fprintf(stderr,
			"usage: bench [-p] [-t TYPE] -n OPERATIONS -b BATCHES TEST PROGRAM\n");
		return 2;
	}
	/* Upstream's protected VMs pin the VMM's memory. */
	check(setrlimit(RLIMIT_MEMLOCK, &all), "setrlimit");
	read_program(argv[optind + 1]);
	pin(0);
	open_kvm();
	host_timer = check(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd_create");
	if (test == T_VM) {
		run_vms();
	} else {
		make_vm();
		run_vm();
		destroy_vm();
	}
	print_results();
	return 0;
}
