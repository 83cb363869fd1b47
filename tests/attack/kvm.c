/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The leak attack as it is on any kernel with KVM: a guest under the small VMM computes its secret, and the
 * kernel and root look for it in all memory. On the same kernel without KCore this must succeed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/kc.h"

GUEST(g_hold);

static void kvm_memory(void)
{
	const char *device = access("/dev/kvm-protected", F_OK) == 0 && have_kcore
				     ? "/dev/kvm-protected"
				     : "/dev/kvm";
	FILE *f = fopen("/tmp/guest.bin", "wb"), *vmm;
	char line[200], command[200];
	u64 ram, n, ready = 0, value = 1;

	if (access(device, F_OK) != 0)
		skip("this kernel has no KVM");
	if (f == NULL || fwrite(g_hold, (size_t)(g_hold_end - g_hold), 1, f) != 1 || fclose(f) != 0)
		give_up("cannot write the guest's program");
	snprintf(command, sizeof(command),
		 "/usr/bin/vmm -d %s -s 6 -0 %llx -1 %llx /tmp/guest.bin 2>&1", device,
		 (unsigned long long)arg_nonce, (unsigned long long)(RAM_PA + 0x10000));
	vmm = popen(command, "r");
	if (vmm == NULL)
		give_up("cannot start the VMM");
	while (fgets(line, sizeof(line), vmm) != NULL) {
		if (sscanf(line, "vmm: value %llx", (unsigned long long *)&value) == 1)
			continue;
		if (strncmp(line, "vmm: ready", 10) != 0) {
			note("%s", line);
			continue;
		}
		ready = 1;
		ram_range(&ram, &n);
		secret_search(ram, n, 1, "in a sweep of all memory while the guest is stopped");
	}
	pclose(vmm);
	if (!ready)
		give_up("the guest does not start on %s", device);
	if (value != 0)
		error("the guest finds %llu words changed", (unsigned long long)value);
	secret_search(ram, n, 1, "in a sweep of all memory after the guest's end");
}

const struct test tests_kvm[] = {{"kvm_memory", "5,15",
				  "a VM's memory is out of KServ's reach, by KVM and a VMM",
				  kvm_memory, ANY_KERNEL},
				 TEST_LIST_END};
