/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything is in one image: no symbol goes through a table that would need relocation. */
#pragma GCC visibility push(hidden)
