/* SPDX-License-Identifier: BSD-2-Clause */
/* The only types of KCore's C: unsigned integers of fixed width (docs/c-subset.md). */
#ifndef KCORE_TYPES_H
#define KCORE_TYPES_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

#define MUST_CHECK __attribute__((warn_unused_result))

#endif
