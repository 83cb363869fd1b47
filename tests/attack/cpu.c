/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks around KCore: firmware calls, CPUs that start, the kernel's own EL2 stub calls. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/kc.h"

GUEST(k_cpu);
GUEST(k_stub);

#define NOT_SUPPORTED ~0ull
#define CPU_ON_64     0xc4000003ull

static u64 code_page(const void *code, const void *end)
{
	u64 pfn = page_alloc(1);
	u64 *p = page_map(pfn, 2);
	size_t n = (size_t)((const char *)end - (const char *)code);

	memcpy(p, code, n);
	__builtin___clear_cache((char *)p, (char *)p + n);
	page_unmap(p, 2);
	return pfn;
}

static void cpu1_online(int on)
{
	int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY);

	if (fd < 0 || write(fd, on ? "1" : "0", 1) != 1)
		give_up("CPU 1 cannot be turned %s", on ? "on" : "off");
	close(fd);
}

/* CPU 1 has run k_cpu, or nothing happened within half a second. 1: it has. */
static int wait_mailbox(volatile u64 *box)
{
	for (int i = 0; i < 100; i++) {
		if (box[4] == 1)
			return 1;
		usleep(5000);
	}
	return 0;
}

static void judge_mailbox(volatile u64 *box, const char *how)
{
	if (box[1] == 8)
		won("%s: KServ's code runs at EL2 and reads %llx from KCore's memory", how,
		    (long long)box[3]);
	else if (box[1] != 4)
		error("%s: CurrentEL %llx", how, (long long)box[1]);
	else if (box[2] == 0)
		won("%s: KServ's code reads %llx from KCore's memory at EL1", how,
		    (long long)box[3]);
}

/* A CPU started at KServ's own code, not at Linux's: EL1, and stage 2 is on from the first instruction. */
static void cpu_on(void)
{
	u64 code = code_page(k_cpu, k_cpu_end), box_pfn = page_alloc(0), core, n, r;
	volatile u64 *box = page_map(box_pfn, 1);

	core_range(&core, &n);
	box[0] = (core << 12) + 0x38; /* in KCore's image header */
	cpu1_online(0);
	for (int i = 0; i < 5 && verdict == HELD; i++) {
		box[4] = box[1] = box[2] = 0;
		r = smc(CPU_ON_64, 1, code << 12, box_pfn << 12);
		if (r != 0)
			give_up("CPU_ON says %lld", (long long)r);
		if (!wait_mailbox(box))
			give_up("the CPU does not come up");
		judge_mailbox(box, "CPU_ON");
		usleep(20000);
	}
	/* What CPU_ON must refuse. */
	if (smc(CPU_ON_64, 77, code << 12, 0) != ~1ull)
		error("CPU_ON of a CPU that does not exist is accepted");
	if (smc(CPU_ON_64, 0, code << 12, 0) == 0)
		won("CPU_ON of a running CPU is accepted");
	if (verdict != WON)
		cpu1_online(1);
	page_unmap((u64 *)box, 1);
	page_free(box_pfn);
	page_free(code);
}

/* Linux's own hotplug, and KCore's memory from the CPU that came back. */
static void hotplug(void)
{
	u64 core, n, val;

	core_range(&core, &n);
	for (int i = 0; i < 8; i++) {
		cpu1_online(0);
		cpu1_online(1);
		pin(1);
		if (mem_read(core << 12, &val, 1) == 0)
			won("CPU 1 reads KCore's memory after its start: %llx", (long long)val);
		pin(0);
	}
}

/*
 * Firmware calls that are not on KCore's list. The second half of the test is only for machines whose
 * firmware has another way to start a CPU: QEMU's knows PSCI 0.1 ids.
 */
static void smc_ids(void)
{
	static const u64 first[] = {
		0x84000005, 0xc4000005, 0x84000007, 0x8400000b, 0x8400000c, 0xc400000e,
		0x8400000f, 0xc400000f, 0x84000010, 0xc4000010, 0xc4000011, 0x84000013,
		0xc4000013, 0xc4000014, 0x84000050, 0x84000053, 0xc4000053, /* TRNG */
		0xc4000020, 0xc4000021, 0xc4000022, 0xc4000024,             /* SDEI */
		0xc4000025, 0xc4000029, 0xc400002d, 0xc4000031, 0x84000060, 0x84000063,
		0x84000066, 0xc4000066, 0x8400006f, 0x84000070, /* FF-A */
		0xc4000150, 0xc4000190, 0xc40001af,             /* RMM, RSI */
		0x82000000, 0xc2000000, 0xc200ff01, 0x8200ff00, /* SiP */
		0x83000000, 0xc3000000, 0xc300ffff,             /* OEM */
		0x85000000, 0x86000000, 0xc6004b00, 0xb2000000, 0xbf00ff01, 0x80000004,
		0x80008001, 0,          1,          0xffffffff,
	};

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (smc(first[i], 0, 0, 0) != NOT_SUPPORTED)
			won("SMC %llx answers", (long long)first[i]);
	for (u64 id = 0x84000014; id < 0x84000200; id++) {
		if (id == 0x84000012)
			continue;
		if (smc(id, 0, 0, 0) != NOT_SUPPORTED)
			won("SMC %llx answers", (long long)id);
		if (smc(id | 0x40000000, 0, 0, 0) != NOT_SUPPORTED)
			won("SMC %llx answers", (long long)(id | 0x40000000));
	}
}

static void smc_back_door(void)
{
	u64 code = code_page(k_cpu, k_cpu_end), box_pfn = page_alloc(0), core, n, r;
	volatile u64 *box = page_map(box_pfn, 1);

	core_range(&core, &n);
	box[0] = (core << 12) + 0x38;
	cpu1_online(0);
	usleep(50000);
	r = smc(0x95c1ba60, 1, code << 12, box_pfn << 12);
	if (wait_mailbox(box))
		judge_mailbox(box, "a PSCI 0.1 call");
	if (verdict != WON && r != NOT_SUPPORTED)
		error("the call answers %lld", (long long)r);
	if (verdict != WON)
		cpu1_online(1);
	page_unmap((u64 *)box, 1);
	page_free(box_pfn);
	page_free(code);
}

/* The kernel's EL2 stub: refused for ever. */
static void stub_calls(void)
{
	u64 code = code_page(k_stub, k_stub_end), core, n, val;

	core_range(&core, &n);
	for (u64 nr = 0; nr < 4; nr++) {
		u64 r = kc(nr, code << 12, 0, 0, 0);

		if (r == 0)
			won("stub call %llu is accepted", (long long)nr);
		else if (r != 0xbadca11)
			error("stub call %llu answers %llx", (long long)nr, (long long)r);
	}
	needed(kc(4, 0, 0, 0, 0), "HVC_GET_ICH_VTR_EL2");
	needed(kc(KC_VERSION, 0, 0, 0, 0), "KC_VERSION");
	if (r3 != KC_MAGIC)
		won("KCore is gone");
	if (mem_read(core << 12, &val, 1) == 0)
		won("KCore's memory can be read: %llx", (long long)val);
	page_free(code);
}

/* Started in KCore's memory a CPU is lost, at EL1; nothing else is. The last test: the CPU stays lost. */
static void cpu_on_core(void)
{
	u64 core, n, val;

	core_range(&core, &n);
	cpu1_online(0);
	for (u64 off = 0; off < 1; off++)
		if (smc(CPU_ON_64, 1, (core << 12) + 0x40, 0) != 0)
			give_up("CPU_ON is refused");
	usleep(200000);
	needed(kc(KC_VERSION, 0, 0, 0, 0), "KC_VERSION");
	if (r3 != KC_MAGIC)
		won("KCore is gone");
	if (mem_read(core << 12, &val, 1) == 0)
		won("KCore's memory can be read: %llx", (long long)val);
}

const struct test tests_cpu[] = {
	{"stub_calls", "24", "the kernel's EL2 stub calls are refused for ever", stub_calls, 1},
	{"smc_ids", "43", "firmware calls that are not on the list never reach EL3", smc_ids, 1},
	{"cpu_on", "25", "a CPU starts at EL1 with stage 2 on", cpu_on, 2},
	{"hotplug", "25", "a CPU that comes back is under stage 2", hotplug, 2},
	{"smc_back_door", "25,43", "no other firmware call starts a CPU", smc_back_door, 2},
	{"cpu_on_core", "25", "a CPU started in KCore's memory is lost, and nothing else",
	 cpu_on_core, 2},
	TEST_LIST_END};
