/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Function ids and results of pKVM's memory services for guests (Linux,
 * Documentation/virt/kvm/arm/hypercalls.rst).
 */
#ifndef KCORE_PKVM_H
#define KCORE_PKVM_H

#define PKVM_FEATURES    0x86000000ul
#define PKVM_UID         0x8600ff01ul
#define PKVM_MEMINFO     0xc6000002ul
#define PKVM_MEM_SHARE   0xc6000003ul
#define PKVM_MEM_UNSHARE 0xc6000004ul
#define PKVM_MMIO_GUARD  0xc6000007ul
#define PKVM_FIRST       0xc6000002ul
#define PKVM_LAST        0xc600003ful

/* Bits of PKVM_FEATURES' answer: function numbers 0, 2, 3, 4, 7. */
#define PKVM_HAS 0x9dul

/* 28b46fb6-2ec5-11e9-a9ca-4b564d003a74 in x0..x3, as SMCCC puts it. */
#define PKVM_UID0 0xb66fb428ul
#define PKVM_UID1 0xe911c52eul
#define PKVM_UID2 0x564bcaa9ul
#define PKVM_UID3 0x743a004dul

#define PKVM_SUCCESS       0ul
#define PKVM_NOT_SUPPORTED 0xfffffffffffffffful
#define PKVM_INVALID       0xfffffffffffffffdul

#endif
