/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small VMM for tests: a flat guest program on /dev/kvm or /dev/kvm-protected, created, run and destroyed
 * as often as wanted. QEMU takes seconds for each VM; this takes milliseconds.
 *
 *   vmm [-p] [-d DEVICE] [-c VCPUS] [-m MIB] [-n TIMES] [-s SECONDS] [-0 X0] [-1 X1] PROGRAM
 *
 * The program is loaded at 1 GiB and entered there at EL1, MMU off, with x0 and x1 as given (hexadecimal).
 * It talks by 64-bit stores to the page at 0x09000000: offset 0 value, 8 done (a run ends), 0x10 exception,
 * 0x18 ready. Every store but "done" is printed. -s: after "ready" nothing runs for so long, or until
 * SIGUSR1, then the guest goes on for one more value. -p: /dev/kvm-protected. -n: so many VMs one after
 * another.
 */
#define NAME "vmm"
#include "vmm.h"

#include <pthread.h>

#define RAM_BASE  0x40000000ull
#define MMIO_BASE 0x09000000ull
#define GICD_BASE 0x08000000ull
#define GICR_BASE 0x080a0000ull
#define R_VALUE   0x0
#define R_DONE    0x8
#define R_FAULT   0x10
#define R_READY   0x18
#define MAX_VCPUS 2

static int n_vcpus = 1, mib = 4, seconds;
static uint64_t x0, x1;

struct vcpu {
	int fd;
	struct kvm_run *run;
	pthread_t thread;
};

struct vm {
	int fd;
	int gic;
	void *ram;
	struct vcpu vcpu[MAX_VCPUS];
	volatile int over;
};

static void make_vcpus(struct vm *vm)
{
	for (int i = 0; i < n_vcpus; i++)
		vm->vcpu[i].fd = make_vcpu(vm->fd, i, &vm->vcpu[i].run);
	set_reg(vm->vcpu[0].fd, REG_PC, RAM_BASE);
	set_reg(vm->vcpu[0].fd, REG_X(0), x0);
	set_reg(vm->vcpu[0].fd, REG_X(1), x1);
}

static void make_vm(struct vm *vm)
{
	size_t size = (size_t)mib << 20;
	struct kvm_userspace_memory_region slot = {.guest_phys_addr = RAM_BASE,
						   .memory_size = size};

	memset(vm, 0, sizeof(*vm));
	vm->fd = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	vm->ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->ram == MAP_FAILED)
		die("mmap of the guest's memory");
	memcpy(vm->ram, program, program_size);
	slot.userspace_addr = (uintptr_t)vm->ram;
	check(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
	vm->gic = make_gic(vm->fd, GICD_BASE, GICR_BASE);
	make_vcpus(vm);
	init_gic(vm->gic);
}

static void destroy_vm(struct vm *vm)
{
	for (int i = 0; i < n_vcpus; i++) {
		munmap(vm->vcpu[i].run, run_size());
		close(vm->vcpu[i].fd);
	}
	close(vm->gic);
	close(vm->fd);
	munmap(vm->ram, (size_t)mib << 20);
}

/* The guest's store; 1: this VM's run is over. */
static int report(struct vm *vm, uint64_t offset, uint64_t val)
{
	static const char *const name[] = {"value", "done", "exception", "ready"};
	static int held;

	if (offset > R_READY || (offset & 7) != 0)
		return 0;
	if (offset != R_DONE) {
		printf("vmm: %s %llx\n", name[offset >> 3], (unsigned long long)val);
		fflush(stdout);
	}
	if (offset == R_READY && seconds > 0) {
		sleep((unsigned)seconds);
		held = 1;
		return 0;
	}
	if (offset == R_DONE || offset == R_FAULT || (offset == R_VALUE && held))
		vm->over = 1;
	return vm->over;
}

/* Until the run is over: 0, or 1 with a message. */
static int run_vcpu(struct vm *vm, struct vcpu *c)
{
	uint64_t val;

	while (!vm->over) {
		if (ioctl(c->fd, KVM_RUN, 0) < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			perror("vmm: KVM_RUN");
			return 1;
		}
		switch (c->run->exit_reason) {
		case KVM_EXIT_MMIO:
			memcpy(&val, c->run->mmio.data, sizeof(val));
			if (c->run->mmio.is_write && c->run->mmio.phys_addr - MMIO_BASE < 0x1000 &&
			    report(vm, c->run->mmio.phys_addr - MMIO_BASE, val))
				return 0;
			break;
		case KVM_EXIT_SYSTEM_EVENT:
			vm->over = 1;
			return 0;
		default:
			fprintf(stderr, "vmm: exit %u\n", c->run->exit_reason);
			return 1;
		}
	}
	return 0;
}

/* The other vCPUs wait in KVM_RUN until the guest turns them on; closing the process's VM ends them. */
static struct vm the_vm;

static void *other_vcpu(void *arg)
{
	(void)run_vcpu(&the_vm, arg);
	return NULL;
}

static int run_vm(void)
{
	struct vm *vm = &the_vm;
	int r;

	for (int i = 1; i < n_vcpus; i++)
		if (pthread_create(&vm->vcpu[i].thread, NULL, other_vcpu, &vm->vcpu[i]) != 0)
			die("pthread_create");
	r = run_vcpu(vm, &vm->vcpu[0]);
	vm->over = 1;
	for (int i = 1; i < n_vcpus; i++) {
		vm->vcpu[i].run->immediate_exit = 1;
		pthread_kill(vm->vcpu[i].thread, SIGUSR1);
		pthread_join(vm->vcpu[i].thread, NULL);
	}
	return r;
}

int main(int argc, char **argv)
{
	int times = 1, opt, r = 0, i;

	while ((opt = getopt(argc, argv, "pd:c:m:n:s:0:1:")) != -1) {
		switch (opt) {
		case 'p':
			device = "/dev/kvm-protected";
			break;
		case 'd':
			device = optarg;
			break;
		case 'c':
			n_vcpus = atoi(optarg);
			break;
		case 'm':
			mib = atoi(optarg);
			break;
		case 'n':
			times = atoi(optarg);
			break;
		case 's':
			seconds = atoi(optarg);
			break;
		case '0':
			x0 = strtoull(optarg, NULL, 16);
			break;
		case '1':
			x1 = strtoull(optarg, NULL, 16);
			break;
		default:
			return 2;
		}
	}
	if (optind != argc - 1 || n_vcpus < 1 || n_vcpus > MAX_VCPUS || mib < 1) {
		fprintf(stderr, "usage: vmm [-p] [-d DEVICE] [-c 1|2] [-m MIB] [-n TIMES] "
				"[-s SECONDS] [-0 X0] [-1 X1] PROGRAM\n");
		return 2;
	}
	read_program(argv[optind]);
	open_kvm();
	for (i = 0; i < times && r == 0; i++) {
		make_vm(&the_vm);
		r = run_vm();
		destroy_vm(&the_vm);
	}
	printf("vmm: %d VMs on %s, %s\n", i, device, r == 0 ? "all well" : "the last one failed");
	return r;
}
