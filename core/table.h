/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Translation tables and the pool their frames come from.
 *
 * A *map* is the stage 2 table of one principal or DMA context, seen as a
 * function from an input frame number (gfn) to a leaf. Hardware walks the very
 * tables below. One pool holds the tables of all maps: the first
 * CV_NR_MAPS * table_geometry.root_tables frames are the roots, in order of map
 * number, for ever; the rest is allocated and freed through a free stack.
 *
 * Every function here needs the map lock, and gfn < table_geometry.gfn_limit,
 * map < CV_NR_MAPS.
 */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include "core/descriptor.h"
#include "core/types.h"
#include "corevisor/limits.h"

/*
 * Map numbers: the host, each VM under its id, the core's list of image frames
 * (never walked by hardware), one a DMA context, and the default DMA context.
 */
#define MAP_HOST CV_HOSTVISOR
#define MAP_CORE CV_COREVISOR
#define MAP_DMA(ctx) (CV_COREVISOR + 1U + (ctx))
#define MAP_DMA_DEFAULT MAP_DMA(CV_MAX_DMA_CONTEXTS)
#define CV_NR_MAPS (MAP_DMA_DEFAULT + 1U)

/* Most frames the pool can have: 512 MB of tables, RAM/128 of 64 GB. */
#define CV_MAX_TABLES (1U << 17)

struct table {
	u64 e[TABLE_ENTRIES];
};

/*
 * Set once by table_init(), then constant.
 * - ipa_bits: 40 to 48. Below 44 a walk starts at level 1 in
 *   root_tables = 2^(ipa_bits - 39) concatenated tables, else at level 0 in one
 *   (Arm ARM D8.2 "Concatenated translation tables", VTCR_EL2.SL0).
 * - gfn_limit: 2^(ipa_bits - 12); input frame numbers lie below.
 * - pool_pfn: frame of table 0; table t is frame pool_pfn + t.
 * - nr_tables: tables in the pool, roots included.
 */
struct table_geometry {
	u64 gfn_limit;
	u64 pool_pfn;
	u32 nr_tables;
	u32 root_tables;
	u32 start_level;
	u32 ipa_bits;
};

extern struct table_geometry table_geometry;
/*
 * Lock: map. Defined by the machine (arch/), which knows where the memory is.
 * Entries [nr_tables, CV_MAX_TABLES) need not be backed by any.
 */
extern struct table table_pool[CV_MAX_TABLES];

/* Tables that can still be allocated. */
u32 table_free_count(void);

/*
 * Set the geometry and make every map empty. Called once at boot, before any
 * lock is needed. The pool's memory reads zero.
 * Returns CV_EINVAL when ipa_bits is not 40 to 48; the pool is too small for the
 * roots, larger than CV_MAX_TABLES, or ends above frame 2^36; or pool_pfn is not
 * a multiple of root_tables, as the hardware asks of concatenated tables.
 */
int table_init(u32 ipa_bits, u64 pool_pfn, u32 nr_tables);

/* Frame of the first root table of a map: what VTTBR_EL2 or an STE points to. */
u64 map_root_pfn(u32 map);

/*
 * The leaf that translates gfn, as a level 3 page descriptor whatever the
 * level of the leaf is; 0 when nothing is mapped.
 */
u64 map_get(u32 map, u64 gfn);

/* Level of that leaf: 1, 2 or 3; 0 when nothing is mapped. */
u32 map_level(u32 map, u64 gfn);

/*
 * How many table frames map_prepare(map, gfn, level) would allocate now
 * (0 to 3); 0 means that it would change nothing.
 */
u32 map_need(u32 map, u64 gfn, u32 level);

/*
 * Make the entry of `level` (2 or 3) for gfn exist: allocate the tables above
 * it, split a block above it. No translation changes; a split is
 * break-before-make. Needs map_need(map, gfn, level) <= table_free_count().
 */
void map_prepare(u32 map, u64 gfn, u32 level);

/*
 * Map one frame at level 3: `desc` is desc_page(...). Needs map_need(map, gfn, 3)
 * == 0 and nothing mapped at gfn.
 */
void map_set_page(u32 map, u64 gfn, u64 desc);

/*
 * Map the 2 MB around gfn by one level 2 block (`desc` is desc_block(...)),
 * replacing whatever is mapped there (break-before-make); a level 3 table that
 * is no longer needed goes back to the pool. Needs map_need(map, gfn, 2) == 0.
 */
void map_set_block(u32 map, u64 gfn, u64 desc);

/*
 * Remove the leaf that translates gfn, whatever its level, and invalidate it
 * everywhere; all of a block goes. Nothing happens if there is none. Never
 * allocates.
 */
void map_clear_page(u32 map, u64 gfn);

/*
 * Remove every leaf in the 2 MB around gfn and invalidate. Needs
 * map_need(map, gfn, 2) == 0 or nothing mapped there. Never allocates or frees.
 */
void map_clear_block(u32 map, u64 gfn);

/*
 * Remove every leaf in the 2 MB around gfn, invalidate, and give their level 3
 * table back to the pool, wiped. Nothing happens if there is neither. Only for
 * maps without 1 GB blocks.
 */
void map_drop_block(u32 map, u64 gfn);

/*
 * If all 512 level 2 entries around gfn are blocks that together form one 1 GB
 * block, make them one (break-before-make) and free their table. No translation
 * changes.
 */
void map_merge(u32 map, u64 gfn);

/* Make a map empty: every table but the roots goes back to the pool, wiped. */
void map_drop(u32 map);

#endif
