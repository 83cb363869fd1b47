/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What our VMMs (vmm.c, bench/vmm.c) share: one GICv3, vCPUs without devices, a flat program. NAME, their
 * name in messages, is defined before this is included.
 */
#ifndef VMM_H
#define VMM_H

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define REG_X(n)                                                                                   \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.regs[n]))
#define REG_PC (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.pc))

static const char *device = "/dev/kvm";
static int kvm;
static char program[1 << 16];
static size_t program_size;

static void die(const char *what)
{
	fprintf(stderr, NAME ": %s: %s\n", what, strerror(errno));
	exit(1);
}

static int check(int r, const char *what)
{
	if (r < 0)
		die(what);
	return r;
}

static void set_reg(int vcpu, uint64_t id, uint64_t val)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&val};

	check(ioctl(vcpu, KVM_SET_ONE_REG, &reg), "KVM_SET_ONE_REG");
}

/* A GICv3, which a protected VM must have before it runs; its distributor and redistributors there. */
static int make_gic(int vm, uint64_t dist, uint64_t redist)
{
	struct kvm_create_device dev = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};
	struct kvm_device_attr attr = {.group = KVM_DEV_ARM_VGIC_GRP_ADDR};

	check(ioctl(vm, KVM_CREATE_DEVICE, &dev), "KVM_CREATE_DEVICE (GICv3)");
	attr.attr = KVM_VGIC_V3_ADDR_TYPE_DIST;
	attr.addr = (uintptr_t)&dist;
	check(ioctl((int)dev.fd, KVM_SET_DEVICE_ATTR, &attr), "the GIC's distributor");
	attr.attr = KVM_VGIC_V3_ADDR_TYPE_REDIST;
	attr.addr = (uintptr_t)&redist;
	check(ioctl((int)dev.fd, KVM_SET_DEVICE_ATTR, &attr), "the GIC's redistributors");
	return (int)dev.fd;
}

/* When all vCPUs are there. */
static void init_gic(int gic)
{
	struct kvm_device_attr attr = {.group = KVM_DEV_ARM_VGIC_GRP_CTRL,
				       .attr = KVM_DEV_ARM_VGIC_CTRL_INIT};

	check(ioctl(gic, KVM_SET_DEVICE_ATTR, &attr), "KVM_DEV_ARM_VGIC_CTRL_INIT");
}

static size_t run_size(void)
{
	return (size_t)check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
}

/* vCPU i; all but the first are off. */
static int make_vcpu(int vm, int i, struct kvm_run **run)
{
	struct kvm_vcpu_init init;
	int fd;

	check(ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init), "KVM_ARM_PREFERRED_TARGET");
	init.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2;
	if (i > 0)
		init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
	fd = check(ioctl(vm, KVM_CREATE_VCPU, i), "KVM_CREATE_VCPU");
	check(ioctl(fd, KVM_ARM_VCPU_INIT, &init), "KVM_ARM_VCPU_INIT");
	*run = mmap(NULL, run_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*run == MAP_FAILED)
		die("mmap of the vCPU");
	return fd;
}

static void on_signal(int sig)
{
	(void)sig;
}

/* From here on SIGUSR1 ends KVM_RUN with EINTR. */
static void open_kvm(void)
{
	struct sigaction act = {.sa_handler = on_signal};

	sigaction(SIGUSR1, &act, NULL);
	kvm = check(open(device, O_RDWR | O_CLOEXEC), device);
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

#endif
