/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 descriptors, 4 KiB granule, 40-bit addresses (Arm ARM, D8.3). Only one-line functions:
 * masks and shifts appear nowhere else.
 *
 * A leaf is a page descriptor at level 3 or a 2 MiB block at level 2. In a VM's table the software
 * bits tell a private leaf from a lent one. An invalid leaf carries the state of its ipa in bits
 * 3:2. A frozen leaf is a leaf made invalid whose page still waits for the TLB invalidation
 * (mm/revoke.c): it keeps its address and software bit. There is none while LOCK_MEM is free.
 */
#ifndef KCORE_MM_DESC_H
#define KCORE_MM_DESC_H

#include <kcore/types.h>

#define DESC_VALID 1ul
#define DESC_TYPE  3ul
#define DESC_BLOCK 1ul            /* level 2 */
#define DESC_TABLE 3ul            /* levels 1 and 2 */
#define DESC_PAGE  3ul            /* level 3 */
#define DESC_ADDR  0xfffffff000ul /* bits 39:12 */
#define DESC_ATTR  0xffffff0000000ffcul

#define DESC_SW_PRIVATE (1ul << 55)
#define DESC_SW_LENT    (1ul << 56)
#define DESC_SW         (DESC_SW_PRIVATE | DESC_SW_LENT)

/* MemAttr, S2AP, SH, AF, XN[1] */
#define ATTR_NORMAL (0xful << 2) /* write-back, inner and outer */
#define ATTR_NGNRE  (0x1ul << 2) /* Device-nGnRE */
#define ATTR_RW     (3ul << 6)
#define ATTR_INNER  (3ul << 8)
#define ATTR_AF     (1ul << 10)
#define ATTR_XN     (1ul << 54)

#define ATTR_HOST    (ATTR_NORMAL | ATTR_RW | ATTR_INNER | ATTR_AF)
#define ATTR_DEVICE  (ATTR_NGNRE | ATTR_RW | ATTR_AF | ATTR_XN)
#define ATTR_PRIVATE (ATTR_NORMAL | ATTR_RW | ATTR_INNER | ATTR_AF | DESC_SW_PRIVATE)

/* State of a leaf; the first three are the state of an ipa in bits 3:2 of an invalid descriptor. */
#define LEAF_UNUSED    0ul
#define LEAF_SHARED    1ul
#define LEAF_DESTROYED 2ul
#define LEAF_FROZEN    3ul
#define LEAF_PRIVATE   4ul
#define LEAF_LENT      5ul

static inline u32 desc_valid(u64 d)
{
	return (u32)(d & DESC_VALID);
}

/* Levels 1 and 2 only: at level 3 the same bits mean a page. */
static inline u32 desc_is_table(u64 d)
{
	return (u32)((d & DESC_TYPE) == DESC_TABLE);
}

static inline u32 desc_is_block(u64 d)
{
	return (u32)((d & DESC_TYPE) == DESC_BLOCK);
}

static inline u64 desc_pfn(u64 d)
{
	return (d & DESC_ADDR) >> 12;
}

static inline u64 desc_attr(u64 d)
{
	return d & DESC_ATTR;
}

static inline u64 desc_table(u64 pfn)
{
	return (pfn << 12) | DESC_TABLE;
}

static inline u64 desc_page(u64 pfn, u64 attr)
{
	return (pfn << 12) | attr | DESC_PAGE;
}

static inline u64 desc_block(u64 pfn, u64 attr)
{
	return (pfn << 12) | attr | DESC_BLOCK;
}

/* state: LEAF_UNUSED, LEAF_SHARED, LEAF_DESTROYED. UNUSED is 0: a zeroed table is empty. */
static inline u64 desc_invalid(u64 state)
{
	return state << 2;
}

static inline u64 desc_freeze(u64 d)
{
	return d & ~DESC_TYPE;
}

static inline u64 desc_set_attr(u64 d, u64 attr)
{
	return (d & (DESC_ADDR | DESC_TYPE)) | attr;
}

static inline u64 desc_sw(u64 d)
{
	return d & DESC_SW;
}

static inline u64 desc_state_bits(u64 d)
{
	return (d >> 2) & 3ul;
}

/* prot: KC_PROT_*, whose R and W bits are S2AP's. */
static inline u64 attr_lent(u64 prot)
{
	return ATTR_NORMAL | ATTR_INNER | ATTR_AF | DESC_SW_LENT | ((prot & 3ul) << 6) |
	       (((prot >> 2) ^ 1ul) << 54);
}

/* Indices of a frame number at the three levels; level 1 is two tables side by side. */
static inline u64 idx_l1_page(u64 fn)
{
	return (fn >> 27) & 1ul;
}

static inline u64 idx_l1(u64 fn)
{
	return (fn >> 18) & 511ul;
}

static inline u64 idx_l2(u64 fn)
{
	return (fn >> 9) & 511ul;
}

static inline u64 idx_l3(u64 fn)
{
	return fn & 511ul;
}

static inline u64 fn_block(u64 fn)
{
	return fn & ~511ul;
}

#endif
