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

/*
 * The same in logic. The functions below are what the d_* and g_* functions are
 * (proof/descriptor.c proves it); what follows from that about bits are axioms,
 * each an assertion of the same name and range in proof/cbmc/descriptor.c.
 *
 * g_index is the index into a table, g_prefix the number of the table among all
 * that a level can have (so g_prefix(g, 4) is g), g_offset what is left of g in
 * a leaf of a level.
 */
/*@ axiomatic Descriptor {
      logic boolean d_valid(integer d) reads \nothing;
      logic boolean d_table(integer d) reads \nothing;
      predicate d_attr_ok(integer a) reads \nothing;
      logic integer d_pfn(integer d) reads \nothing;
      logic integer d_attr(integer d) reads \nothing;
      logic integer d_page(integer p, integer a) reads \nothing;
      logic integer d_block(integer p, integer a) reads \nothing;
      logic integer d_link(integer p) reads \nothing;

      axiom zero_valid: !d_valid(0);
      axiom table_valid: \forall integer d; d_table(d) ==> d_valid(d);
      axiom attr_memory: d_attr_ok(DESC_ATTR_MEMORY);
      axiom attr_device: d_attr_ok(DESC_ATTR_DEVICE);
      axiom attr_range: \forall integer a; d_attr_ok(a) ==> 0 <= a <= 0xffffffffffffffff;
      axiom pfn_range: \forall integer d; 0 <= d <= 0xffffffffffffffff ==> 0 <= d_pfn(d) < 0x1000000000;
      axiom attr_of: \forall integer d; 0 <= d <= 0xffffffffffffffff ==> d_attr_ok(d_attr(d));

      axiom page_range: \forall integer p, a; 0 <= p < 0x1000000000 && d_attr_ok(a) ==>
        0 <= d_page(p, a) <= 0xffffffffffffffff;
      axiom page_table: \forall integer p, a; 0 <= p < 0x1000000000 && d_attr_ok(a) ==>
        d_table(d_page(p, a));
      axiom page_pfn: \forall integer p, a; 0 <= p < 0x1000000000 && d_attr_ok(a) ==>
        d_pfn(d_page(p, a)) == p;
      axiom page_attr: \forall integer p, a; 0 <= p < 0x1000000000 && d_attr_ok(a) ==>
        d_attr(d_page(p, a)) == a;
      axiom page_is: \forall integer d; 0 <= d <= 0xffffffffffffffff && d_table(d) ==>
        d_page(d_pfn(d), d_attr(d)) == d;

      axiom block_range: \forall integer p, a; 0 <= p < 0x1000000000 && d_attr_ok(a) ==>
        0 <= d_block(p, a) <= 0xffffffffffffffff;
      axiom block_valid: \forall integer p, a; 0 <= p < 0x1000000000 && d_attr_ok(a) ==>
        d_valid(d_block(p, a)) && !d_table(d_block(p, a));
      axiom block_pfn: \forall integer p, a; 0 <= p < 0x1000000000 && d_attr_ok(a) ==>
        d_pfn(d_block(p, a)) == p;
      axiom block_attr: \forall integer p, a; 0 <= p < 0x1000000000 && d_attr_ok(a) ==>
        d_attr(d_block(p, a)) == a;

      axiom link_range: \forall integer p; 0 <= p < 0x1000000000 ==>
        0 <= d_link(p) <= 0xffffffffffffffff;
      axiom link_table: \forall integer p; 0 <= p < 0x1000000000 ==> d_table(d_link(p));
      axiom link_pfn: \forall integer p; 0 <= p < 0x1000000000 ==> d_pfn(d_link(p)) == p;
    }
 */
/*@ logic integer g_frames(integer l) =
      l == 0 ? 134217728 : l == 1 ? 262144 : l == 2 ? 512 : 1;

    axiomatic Index {
      logic integer g_index(integer g, integer l) reads \nothing;
      logic integer g_prefix(integer g, integer l) reads \nothing;
      logic integer g_offset(integer g, integer l) reads \nothing;

      axiom index_range: \forall integer g, l; 0 <= g <= 0xffffffffffffffff && 0 <= l <= 3 ==>
        0 <= g_index(g, l) < 512;
      axiom prefix_0: \forall integer g; 0 <= g < 0x1000000000 ==> g_prefix(g, 0) == 0;
      axiom prefix_1: \forall integer g; 0 <= g < 0x1000000000 ==>
        g_prefix(g, 1) == g_prefix(g, 0) * 512 + g_index(g, 0) && g_prefix(g, 1) == g / 134217728;
      axiom prefix_2: \forall integer g; 0 <= g < 0x1000000000 ==>
        g_prefix(g, 2) == g_prefix(g, 1) * 512 + g_index(g, 1) && g_prefix(g, 2) == g / 262144;
      axiom prefix_3: \forall integer g; 0 <= g < 0x1000000000 ==>
        g_prefix(g, 3) == g_prefix(g, 2) * 512 + g_index(g, 2) && g_prefix(g, 3) == g / 512;
      axiom prefix_4: \forall integer g; 0 <= g < 0x1000000000 ==>
        g_prefix(g, 4) == g_prefix(g, 3) * 512 + g_index(g, 3) && g_prefix(g, 4) == g;
      axiom offset_1: \forall integer g; 0 <= g < 0x1000000000 ==>
        g_offset(g, 1) == g_index(g, 2) * 512 + g_offset(g, 2);
      axiom offset_2: \forall integer g; 0 <= g < 0x1000000000 ==>
        g_offset(g, 2) == g_index(g, 3) && g_offset(g, 2) == g % 512;
      axiom offset_3: \forall integer g; 0 <= g < 0x1000000000 ==> g_offset(g, 3) == 0;
      axiom offset_range: \forall integer g, l; 0 <= g < 0x1000000000 && 1 <= l <= 3 ==>
        0 <= g_offset(g, l) <= g;
    }
 */

/* The frame number (0 to 2^36 - 1) in a descriptor. */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result == d_pfn(desc); */
static inline u64 desc_pfn(u64 desc)
{
	return (desc & DESC_ADDR_MASK) >> CV_PAGE_SHIFT;
}

/* Attributes of a leaf: all but its frame, its type bits. */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result == d_attr(desc); */
static inline u64 desc_attr(u64 desc)
{
	return desc & ~(DESC_ADDR_MASK | DESC_VALID | DESC_TABLE);
}

/* A level 3 page descriptor. `attr` is one of DESC_ATTR_*. */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result == d_page(pfn, attr); */
static inline u64 desc_page(u64 pfn, u64 attr)
{
	return (pfn << CV_PAGE_SHIFT) | attr | DESC_TABLE | DESC_VALID;
}

/* A level 1 or 2 block descriptor; `pfn` is aligned to the block. */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result == d_block(pfn, attr); */
static inline u64 desc_block(u64 pfn, u64 attr)
{
	return (pfn << CV_PAGE_SHIFT) | attr | DESC_VALID;
}

/* A descriptor at level 0 to 2 that points to the next table. */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result == d_link(pfn); */
static inline u64 desc_table(u64 pfn)
{
	return (pfn << CV_PAGE_SHIFT) | DESC_TABLE | DESC_VALID;
}

/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result <==> d_valid(desc); */
static inline bool desc_is_valid(u64 desc)
{
	return (desc & DESC_VALID) != 0;
}

/* At levels 0 to 2: does it point to another table? */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result <==> d_table(desc); */
static inline bool desc_is_table(u64 desc)
{
	return (desc & (DESC_VALID | DESC_TABLE)) == (DESC_VALID | DESC_TABLE);
}

/* At levels 1 and 2: is it a block? */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result <==> d_valid(desc) && !d_table(desc); */
static inline bool desc_is_block(u64 desc)
{
	return (desc & (DESC_VALID | DESC_TABLE)) == DESC_VALID;
}

/* Index into the table of a level (0 to 3) for an input frame number. */
/*@ requires level <= 3;
    terminates \true; exits \false; assigns \nothing;
    ensures \result == g_index(gfn, level); */
static inline u32 table_index(u64 gfn, u32 level)
{
	u32 index = (u32)(gfn >> (TABLE_BITS * (3U - level))) & (TABLE_ENTRIES - 1U);

	//@ assert level_0: level == 0 ==> index == g_index(gfn, 0);
	//@ assert level_1: level == 1 ==> index == g_index(gfn, 1);
	//@ assert level_2: level == 2 ==> index == g_index(gfn, 2);
	//@ assert level_3: level == 3 ==> index == g_index(gfn, 3);
	return index;
}

/* Frames that one entry of a level covers: 2^27, 2^18, 2^9, 1. */
/*@ requires 0 <= level <= 3;
    terminates \true; exits \false; assigns \nothing;
    ensures \result == g_frames(level); */
static inline u64 level_frames(u32 level)
{
	u64 frames = 1ULL << (TABLE_BITS * (3U - level));

	//@ assert level_0: level == 0 ==> frames == 134217728;
	//@ assert level_1: level == 1 ==> frames == 262144;
	//@ assert level_2: level == 2 ==> frames == 512;
	//@ assert level_3: level == 3 ==> frames == 1;
	return frames;
}

/* First frame that an entry of a level (1 to 3), the one for gfn, covers. */
/*@ requires 1 <= level <= 3;
    terminates \true; exits \false; assigns \nothing;
    ensures \result == gfn - g_offset(gfn, level); */
static inline u64 level_base(u64 gfn, u32 level)
{
	u32 shift = TABLE_BITS * (3U - level);
	u64 base = gfn >> shift << shift;

	//@ assert level_1: level == 1 ==> base == gfn - g_offset(gfn, 1);
	//@ assert level_2: level == 2 ==> base == gfn - g_offset(gfn, 2);
	//@ assert level_3: level == 3 ==> base == gfn - g_offset(gfn, 3);
	return base;
}

#endif
