/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage 2 descriptors of the VMSAv8-64 translation system, 4 KB granule (Arm
 * ARM DDI 0487, D8.3 "Translation table descriptor formats"): how a frame
 * number and attributes become 64 bits, and back. Pure arithmetic.
 *
 * Levels: 1 (1 GB), 2 (2 MB) and 3 (4 KB) have leaves; 0 has only tables.
 */
#ifndef CORE_DESCRIPTOR_H
#define CORE_DESCRIPTOR_H

#include "core/types.h"
#include "corevisor/limits.h"

#define DESC_VALID 0x1ULL
/* Bit 1: table at levels 0 to 2, page at level 3; clear: block. */
#define DESC_TABLE 0x2ULL
/* Output address, bits 47:12. */
#define DESC_ADDR_MASK 0x0000fffffffff000ULL

/* MemAttr[3:0], bits 5:2: Normal write-back, and Device-nGnRE (D8.6.6). */
#define DESC_MEMATTR_NORMAL (0xfULL << 2)
#define DESC_MEMATTR_DEVICE (0x1ULL << 2)
/* S2AP, bits 7:6: read and write (D8.4.2). */
#define DESC_S2AP_RW (0x3ULL << 6)
/* SH, bits 9:8: inner shareable. */
#define DESC_SH_INNER (0x3ULL << 8)
/* AF, bit 10: the core never uses access flag faults. */
#define DESC_AF (0x1ULL << 10)
/* XN[1:0], bits 54:53: 0b10 = not executable at EL1 nor EL0. */
#define DESC_XN (0x2ULL << 53)

/* The two kinds of mapping there are: everything but the frame and the level. */
#define DESC_ATTR_MEMORY (DESC_MEMATTR_NORMAL | DESC_S2AP_RW | DESC_SH_INNER | DESC_AF)
#define DESC_ATTR_DEVICE (DESC_MEMATTR_DEVICE | DESC_S2AP_RW | DESC_AF | DESC_XN)

/* Entries of one table; gfn bits resolved by one level. */
#define TABLE_ENTRIES 512U
#define TABLE_BITS 9U

/* The frame number (0 to 2^36 - 1) in a descriptor. */
static inline u64 desc_pfn(u64 desc)
{
	return (desc & DESC_ADDR_MASK) >> CV_PAGE_SHIFT;
}

/* Attributes of a leaf: all but its frame, its type bits. */
static inline u64 desc_attr(u64 desc)
{
	return desc & ~(DESC_ADDR_MASK | DESC_VALID | DESC_TABLE);
}

/* A level 3 page descriptor. `attr` is one of DESC_ATTR_*. */
static inline u64 desc_page(u64 pfn, u64 attr)
{
	return (pfn << CV_PAGE_SHIFT) | attr | DESC_TABLE | DESC_VALID;
}

/* A level 1 or 2 block descriptor; `pfn` is aligned to the block. */
static inline u64 desc_block(u64 pfn, u64 attr)
{
	return (pfn << CV_PAGE_SHIFT) | attr | DESC_VALID;
}

/* A descriptor at level 0 to 2 that points to the next table. */
static inline u64 desc_table(u64 pfn)
{
	return (pfn << CV_PAGE_SHIFT) | DESC_TABLE | DESC_VALID;
}

static inline bool desc_is_valid(u64 desc)
{
	return (desc & DESC_VALID) != 0;
}

/* At levels 0 to 2: does it point to another table? */
static inline bool desc_is_table(u64 desc)
{
	return (desc & (DESC_VALID | DESC_TABLE)) == (DESC_VALID | DESC_TABLE);
}

/* At levels 1 and 2: is it a block? */
static inline bool desc_is_block(u64 desc)
{
	return (desc & (DESC_VALID | DESC_TABLE)) == DESC_VALID;
}

/* Index into the table of a level (0 to 3) for an input frame number. */
static inline u32 table_index(u64 gfn, u32 level)
{
	return (u32)(gfn >> (TABLE_BITS * (3U - level))) & (TABLE_ENTRIES - 1U);
}

/* Frames that one entry of a level (1 to 3) covers: 2^18, 2^9, 1. */
static inline u64 level_frames(u32 level)
{
	return 1ULL << (TABLE_BITS * (3U - level));
}

#endif
