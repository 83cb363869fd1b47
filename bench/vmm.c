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
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"

#define REG_PC (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.pc))

static const char *const names[T_COUNT] = {
	"hypercall", "io-kernel", "io-user",  "ipi", "timer",
	"interrupt", "fault-4k",  "fault-2m", "vm",
};

static const char *device = "/dev/kvm";
static unsigned long vm_type;
static int kvm, test = -1, host_timer;
static uint64_t operations, batches;
static char program[1 << 16];
static size_t program_size;

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

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int check(int r, const char *what)
{
	if (r < 0)
		die(what);
	return r;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

/*
 * Memory of the VM at ipa, aligned in our address space as it is in the VM's; huge: by 2 MiB
 * pages.
 */
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

static void make_gic(void)
{
	uint64_t dist = GICD_BASE, redist = GICR_BASE;
	struct kvm_create_device dev = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};
	struct kvm_device_attr attr = {.group = KVM_DEV_ARM_VGIC_GRP_ADDR};

	check(ioctl(vm.fd, KVM_CREATE_DEVICE, &dev), "KVM_CREATE_DEVICE (GICv3)");
	vm.gic = (int)dev.fd;
	attr.attr = KVM_VGIC_V3_ADDR_TYPE_DIST;
	attr.addr = (uintptr_t)&dist;
	check(ioctl(vm.gic, KVM_SET_DEVICE_ATTR, &attr), "the GIC's distributor");
	attr.attr = KVM_VGIC_V3_ADDR_TYPE_REDIST;
	attr.addr = (uintptr_t)&redist;
	check(ioctl(vm.gic, KVM_SET_DEVICE_ATTR, &attr), "the GIC's redistributors");
}

static size_t run_size(void)
{
	return (size_t)check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
}

static void make_vcpu(int i)
{
	struct kvm_vcpu_init init;
	uint64_t pc = RAM_BASE;
	struct kvm_one_reg reg = {.id = REG_PC, .addr = (uintptr_t)&pc};

	check(ioctl(vm.fd, KVM_ARM_PREFERRED_TARGET, &init), "KVM_ARM_PREFERRED_TARGET");
	init.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2;
	if (i > 0)
		init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
	vm.vcpu[i] = check(ioctl(vm.fd, KVM_CREATE_VCPU, i), "KVM_CREATE_VCPU");
	check(ioctl(vm.vcpu[i], KVM_ARM_VCPU_INIT, &init), "KVM_ARM_VCPU_INIT");
	vm.run[i] = mmap(NULL, run_size(), PROT_READ | PROT_WRITE, MAP_SHARED, vm.vcpu[i], 0);
	if (vm.run[i] == MAP_FAILED)
		die("mmap of the vCPU");
	if (i == 0)
		check(ioctl(vm.vcpu[i], KVM_SET_ONE_REG, &reg), "KVM_SET_ONE_REG");
}

static void make_vm(void)
{
	struct kvm_device_attr attr = {.group = KVM_DEV_ARM_VGIC_GRP_CTRL,
				       .attr = KVM_DEV_ARM_VGIC_CTRL_INIT};
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
	make_gic();
	vm.n_vcpus = test == T_IPI ? 2 : 1;
	for (int i = 0; i < vm.n_vcpus; i++)
		make_vcpu(i);
	check(ioctl(vm.gic, KVM_SET_DEVICE_ATTR, &attr), "KVM_DEV_ARM_VGIC_CTRL_INIT");
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
 * Time of this thread on its CPU, in user space, kernel and hypervisor: sleeping in the kernel
 * does not count.
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

static void on_signal(int sig)
{
	(void)sig;
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

static void read_program(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		die(path);
	program_size = fread(program, 1, sizeof(program), f);
	fclose(f);
	if (program_size == 0)
		die("the program is empty");
}

int main(int argc, char **argv)
{
	struct sigaction act = {.sa_handler = on_signal};
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
	check(setrlimit(RLIMIT_MEMLOCK, &all),
	      "setrlimit");             /* upstream's protected VMs pin the VMM's memory */
	sigaction(SIGUSR1, &act, NULL); /* KVM_RUN returns with EINTR */
	read_program(argv[optind + 1]);
	pin(0);
	kvm = check(open(device, O_RDWR | O_CLOEXEC), device);
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
