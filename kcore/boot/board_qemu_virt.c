/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's "virt" machine. Left out on purpose, because they are or contain DMA masters that no SMMU
 * of KCore's checks yet: PCIe, virtio-mmio, fw_cfg, the ITS; and flash and the platform bus, which
 * nobody needs.
 */
#include "boot.h"

const struct board board_qemu_virt = {
	.compatible = "linux,dummy-virt",
	.uart = 0x09000000ul,
	.n_window = 4,
	.window =
		{
			{0x08000000ul, 0x10000ul}, /* GIC distributor */
			{0x09000000ul, 0x1000ul},  /* UART */
			{0x09010000ul, 0x1000ul},  /* RTC */
			{0x09030000ul, 0x1000ul},  /* GPIO (power key) */
		},
	.gicr = 0x080a0000ul,
};
