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
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM_BASE  0x40000000ull
#define MMIO_BASE 0x09000000ull
#define R_VALUE   0x0
#define R_DONE    0x8
#define R_FAULT   0x10
#define R_READY   0x18
#define MAX_VCPUS 2

#define REG_X(n)                                                                                   \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.regs[n]))
#define REG_PC (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.pc))

static const char *device = "/dev/kvm";
static int n_vcpus = 1, mib = 4, seconds, kvm;
static uint64_t x0, x1;
static char program[1 << 16];
static size_t program_size;

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

static void die(const char *what)
{
	fprintf(stderr, "vmm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int check(int r, const char *what)
{
	if (r < 0)
		die(what);
	return r;
}

static void set_reg(struct vcpu *c, uint64_t id, uint64_t val)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&val};

	check(ioctl(c->fd, KVM_SET_ONE_REG, &reg), "KVM_SET_ONE_REG");
}

/* A GICv3, which a protected VM must have before it runs. */
static void make_gic(struct vm *vm)
{
	uint64_t dist = 0x08000000, redist = 0x080a0000;
	struct kvm_create_device dev = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};
	struct kvm_device_attr attr = {.group = KVM_DEV_ARM_VGIC_GRP_ADDR};

	check(ioctl(vm->fd, KVM_CREATE_DEVICE, &dev), "KVM_CREATE_DEVICE (GICv3)");
	vm->gic = (int)dev.fd;
	attr.attr = KVM_VGIC_V3_ADDR_TYPE_DIST;
	attr.addr = (uintptr_t)&dist;
	check(ioctl(vm->gic, KVM_SET_DEVICE_ATTR, &attr), "the GIC's distributor");
	attr.attr = KVM_VGIC_V3_ADDR_TYPE_REDIST;
	attr.addr = (uintptr_t)&redist;
	check(ioctl(vm->gic, KVM_SET_DEVICE_ATTR, &attr), "the GIC's redistributors");
}

static void make_vcpu(struct vm *vm, int i)
{
	struct vcpu *c = &vm->vcpu[i];
	struct kvm_vcpu_init init;

	check(ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init), "KVM_ARM_PREFERRED_TARGET");
	init.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2;
	if (i > 0)
		init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
	c->fd = check(ioctl(vm->fd, KVM_CREATE_VCPU, i), "KVM_CREATE_VCPU");
	check(ioctl(c->fd, KVM_ARM_VCPU_INIT, &init), "KVM_ARM_VCPU_INIT");
	c->run =
		mmap(NULL,
		     (size_t)check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE"),
		     PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (c->run == MAP_FAILED)
		die("mmap of the vCPU");
	if (i > 0)
		return;
	set_reg(c, REG_PC, RAM_BASE);
	set_reg(c, REG_X(0), x0);
	set_reg(c, REG_X(1), x1);
}

static void make_vm(struct vm *vm)
{
	size_t size = (size_t)mib << 20;
	struct kvm_userspace_memory_region slot = {.guest_phys_addr = RAM_BASE,
						   .memory_size = size};
	struct kvm_device_attr attr = {.group = KVM_DEV_ARM_VGIC_GRP_CTRL,
				       .attr = KVM_DEV_ARM_VGIC_CTRL_INIT};

	memset(vm, 0, sizeof(*vm));
	vm->fd = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	vm->ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->ram == MAP_FAILED)
		die("mmap of the guest's memory");
	memcpy(vm->ram, program, program_size);
	slot.userspace_addr = (uintptr_t)vm->ram;
	check(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
	make_gic(vm);
	for (int i = 0; i < n_vcpus; i++)
		make_vcpu(vm, i);
	check(ioctl(vm->gic, KVM_SET_DEVICE_ATTR, &attr), "KVM_DEV_ARM_VGIC_CTRL_INIT");
}

static void destroy_vm(struct vm *vm)
{
	for (int i = 0; i < n_vcpus; i++) {
		munmap(vm->vcpu[i].run, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
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

static void on_signal(int sig)
{
	(void)sig;
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
		fprintf(stderr, "usage: vmm [-p] [-c 1|2] [-m MIB] [-n TIMES] [-s SECONDS] [-0 X0] "
				"[-1 X1] PROGRAM\n");
		return 2;
	}
	sigaction(SIGUSR1, &act, NULL); /* KVM_RUN returns with EINTR */
	read_program(argv[optind]);
	kvm = check(open(device, O_RDWR | O_CLOEXEC), device);
	for (i = 0; i < times && r == 0; i++) {
		make_vm(&the_vm);
		r = run_vm();
		destroy_vm(&the_vm);
	}
	printf("vmm: %d VMs on %s, %s\n", i, device, r == 0 ? "all well" : "the last one failed");
	return r;
}
