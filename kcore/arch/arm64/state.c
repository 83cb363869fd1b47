/* SPDX-License-Identifier: BSD-2-Clause */
/* Storage of the primitives. */
#include <kcore/prim.h>
#include <kcore/prim_lock.h>

u32 lock_word[2][16] __attribute__((aligned(64)));
