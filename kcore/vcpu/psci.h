/* SPDX-License-Identifier: BSD-2-Clause */
/* Function ids and results of PSCI (DEN 0022) and SMCCC (DEN 0028). */
#ifndef KCORE_PSCI_H
#define KCORE_PSCI_H

#define PSCI_64                0x40000000ul
#define PSCI_VERSION           0x84000000ul
#define PSCI_CPU_SUSPEND       0x84000001ul
#define PSCI_CPU_OFF           0x84000002ul
#define PSCI_CPU_ON            0x84000003ul
#define PSCI_AFFINITY_INFO     0x84000004ul
#define PSCI_MIGRATE_INFO_TYPE 0x84000006ul
#define PSCI_SYSTEM_OFF        0x84000008ul
#define PSCI_SYSTEM_RESET      0x84000009ul
#define PSCI_FEATURES          0x8400000aul
#define PSCI_SYSTEM_RESET2     0x84000012ul
#define SMCCC_VERSION          0x80000000ul
#define SMCCC_ARCH_FEATURES    0x80000001ul
#define SMCCC_WORKAROUND_1     0x80008000ul
#define SMCCC_WORKAROUND_2     0x80007ffful
#define SMCCC_WORKAROUND_3     0x80003ffful

#define PSCI_SUCCESS            0ul
#define PSCI_NOT_SUPPORTED      0xfffffffffffffffful
#define PSCI_INVALID_PARAMETERS 0xfffffffffffffffeul
#define PSCI_DENIED             0xfffffffffffffffdul
#define PSCI_ALREADY_ON         0xfffffffffffffffcul
#define PSCI_ON_PENDING         0xfffffffffffffffbul

#define MPIDR_AFF 0xff00fffffful

#endif
