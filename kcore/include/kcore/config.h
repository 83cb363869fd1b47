/* SPDX-License-Identifier: BSD-2-Clause */
/* Fixed sizes. The linker script, the boot stage and the proofs take them from here. */
#ifndef KCORE_CONFIG_H
#define KCORE_CONFIG_H

#define NCPU       8u          /* CPUs of the machine */
#define NREGION    8u          /* RAM regions in the boot information */
#define NDEVICE    32u         /* MMIO windows of KServ in the board list */
#define IPA_BITS   40u         /* of KServ and of every VM: two concatenated level-1 tables */
#define IPA_PFNS   (1ul << 28) /* frames in 40 bits */
#define PAGE_SHIFT 12u

#endif
