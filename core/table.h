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

/*
 * Private to table.c, here only because contracts must name them. Lock: map.
 * A stack of the free tables; who owns each table (CV_INVALID_ID: it is free);
 * every table of a map but its roots lies in [map_low, map_high).
 */
extern u32 table_free[CV_MAX_TABLES];
extern u32 table_free_nr;
extern u16 table_owner[CV_MAX_TABLES];
extern u32 map_low[CV_NR_MAPS];
extern u32 map_high[CV_NR_MAPS];

/*
 * What the prover keeps beside them: a table's level, the table that points to
 * it and its number among all that its level can have (g_prefix); and a
 * permutation of all tables but the roots, free ones first, with its inverse.
 */
/*@ ghost extern u32 tg_level[CV_MAX_TABLES];
    extern u32 tg_parent[CV_MAX_TABLES];
    extern u64 tg_prefix[CV_MAX_TABLES];
    extern u32 tg_order[CV_MAX_TABLES];
    extern u32 tg_place[CV_MAX_TABLES]; */

/* What the functions that allocate or free may change. */
/* clang-format off */
#define TABLE_STATE \
	table_pool[0 .. CV_MAX_TABLES - 1], table_free[0 .. CV_MAX_TABLES - 1], table_free_nr, \
	table_owner[0 .. CV_MAX_TABLES - 1], map_low[0 .. CV_NR_MAPS - 1], \
	map_high[0 .. CV_NR_MAPS - 1], tg_level[0 .. CV_MAX_TABLES - 1], \
	tg_parent[0 .. CV_MAX_TABLES - 1], tg_prefix[0 .. CV_MAX_TABLES - 1], \
	tg_order[0 .. CV_MAX_TABLES - 1], tg_place[0 .. CV_MAX_TABLES - 1]
/* clang-format on */

/*
 * The contracts speak of a map by
 * - map_of(m, g): the leaf as a level 3 page descriptor, 0 if there is none;
 * - depth_of(m, g): level of the deepest table for g. A leaf is always in that
 *   one, so it is also the leaf's level;
 * - tables: the tables are well formed. A caller only carries it along.
 * They are defined in table.c.
 */
/*@ predicate geometry =
      (table_geometry.start_level == 1 &&
        ((table_geometry.root_tables == 2 && table_geometry.gfn_limit == 0x10000000) ||
         (table_geometry.root_tables == 4 && table_geometry.gfn_limit == 0x20000000) ||
         (table_geometry.root_tables == 8 && table_geometry.gfn_limit == 0x40000000) ||
         (table_geometry.root_tables == 16 && table_geometry.gfn_limit == 0x80000000)) ||
       table_geometry.start_level == 0 && table_geometry.root_tables == 1 &&
         0x100000000 <= table_geometry.gfn_limit <= 0x1000000000) &&
      CV_NR_MAPS * table_geometry.root_tables <= table_geometry.nr_tables <= CV_MAX_TABLES &&
      table_geometry.pool_pfn + table_geometry.nr_tables <= 0x1000000000 &&
      table_geometry.gfn_limit % 512 == 0;

    predicate in_map(integer m, integer g) =
      0 <= m < CV_NR_MAPS && 0 <= g < table_geometry.gfn_limit;

    predicate same_leaf(integer l, integer g, integer w) =
      l == 3 ? g == w : l == 2 ? g / 512 == w / 512 :
      l == 1 ? g / 262144 == w / 262144 : g / 134217728 == w / 134217728;

    axiomatic Tables {
      predicate tables{L} reads TABLE_STATE, table_geometry;
      logic integer map_of{L}(integer m, integer g)
        reads table_pool[0 .. CV_MAX_TABLES - 1], table_geometry;
      logic integer depth_of{L}(integer m, integer g)
        reads table_pool[0 .. CV_MAX_TABLES - 1], table_geometry;
    }

    logic integer need_of{L}(integer m, integer g, integer l) =
      depth_of(m, g) < l ? l - depth_of(m, g) : 0;
 */

/* Tables that can still be allocated. */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result == table_free_nr; */
u32 table_free_count(void);

/*
 * Set the geometry and make every map empty. Called once at boot, before any
 * lock is needed. The pool's memory reads zero.
 * Returns CV_EINVAL when ipa_bits is not 40 to 48; the pool is too small for the
 * roots, larger than CV_MAX_TABLES, or ends above frame 2^36; or pool_pfn is not
 * a multiple of root_tables, as the hardware asks of concatenated tables.
 */
/*@ requires geometry_zero: \forall integer t, i; 0 <= t < nr_tables && t < CV_MAX_TABLES &&
      0 <= i < TABLE_ENTRIES ==> table_pool[t].e[i] == 0;
    terminates \true; exits \false;
    assigns table_geometry, TABLE_STATE;
    ensures result: \result <= 0;
    ensures geometry: \result == 0 ==> geometry;
    ensures tables: \result == 0 ==> tables;
    ensures empty: \result == 0 ==> \forall integer m, g; in_map(m, g) ==>
      map_of(m, g) == 0 && depth_of(m, g) == table_geometry.start_level;
    ensures free: \result == 0 ==>
      table_free_nr == nr_tables - CV_NR_MAPS * table_geometry.root_tables;
    ensures pool: \result == 0 ==>
      table_geometry.pool_pfn == pool_pfn && table_geometry.nr_tables == nr_tables;
    ensures refused: \result != 0 ==>
      table_geometry == \old(table_geometry) && table_free_nr == \old(table_free_nr); */
int table_init(u32 ipa_bits, u64 pool_pfn, u32 nr_tables);

/* Frame of the first root table of a map: what VTTBR_EL2 or an STE points to. */
/*@ requires geometry: geometry;
    requires range: map < CV_NR_MAPS;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result == table_geometry.pool_pfn + map * table_geometry.root_tables; */
u64 map_root_pfn(u32 map);

/*
 * The leaf that translates gfn, as a level 3 page descriptor whatever the
 * level of the leaf is; 0 when nothing is mapped.
 */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: in_map(map, gfn);
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result == map_of(map, gfn); */
u64 map_get(u32 map, u64 gfn);

/* Level of that leaf: 1, 2 or 3; 0 when nothing is mapped. */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: in_map(map, gfn);
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result == (map_of(map, gfn) == 0 ? 0 : depth_of(map, gfn));
    ensures block: 0 < \result < 3 ==> \forall integer g; in_map(map, g) &&
      same_leaf(2, gfn, g) ==> map_of(map, g) != 0 &&
        d_attr(map_of(map, g)) == d_attr(map_of(map, gfn)); */
u32 map_level(u32 map, u64 gfn);

/*
 * First gfn from the given one on, below `end`, at which something is mapped; end if nothing is.
 * Parts of the map without tables are passed in one step.
 */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: map < CV_NR_MAPS && gfn <= end <= table_geometry.gfn_limit;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: gfn <= \result <= end;
    ensures found: \result < end ==> map_of(map, \result) != 0;
    ensures first: \forall integer g; gfn <= g < \result ==> map_of(map, g) == 0; */
u64 map_next(u32 map, u64 gfn, u64 end);

/*
 * How many table frames map_prepare(map, gfn, level) would allocate now
 * (0 to 3); 0 means that it would change nothing.
 */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: in_map(map, gfn);
    requires level: 1 <= level <= 3;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result == need_of(map, gfn, level);
    ensures range: \result <= 3; */
u32 map_need(u32 map, u64 gfn, u32 level);

/*
 * Make the entry of `level` (2 or 3) for gfn exist: allocate the tables above
 * it, split a block above it. No translation changes; a split is
 * break-before-make. Needs map_need(map, gfn, level) <= table_free_count().
 */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: in_map(map, gfn);
    requires level: level == 2 || level == 3;
    requires enough: need_of(map, gfn, level) <= table_free_nr;
    terminates \true; exits \false;
    assigns TABLE_STATE;
    ensures tables: tables;
    ensures same: \forall integer m, g; in_map(m, g) ==> map_of(m, g) == \old(map_of(m, g));
    ensures prepared: depth_of(map, gfn) == \max(level, \old(depth_of(map, gfn)));
    ensures entries: \forall integer g; in_map(map, g) && same_leaf(level - 1, gfn, g) ==>
      depth_of(map, g) >= level;
    ensures deeper: \forall integer g; in_map(map, g) ==>
      \old(depth_of(map, g)) <= depth_of(map, g) <= 3;
    ensures depth: \forall integer m, g; in_map(m, g) && m != map ==>
      depth_of(m, g) == \old(depth_of(m, g));
    ensures free: table_free_nr == \old(table_free_nr) - \old(need_of(map, gfn, level)); */
void map_prepare(u32 map, u64 gfn, u32 level);

/*
 * Map one frame at level 3: `desc` is desc_page(...). Needs map_need(map, gfn, 3)
 * == 0 and nothing mapped at gfn.
 */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: in_map(map, gfn);
    requires prepared: depth_of(map, gfn) == 3;
    requires empty: map_of(map, gfn) == 0;
    requires page: d_table(desc);
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1];
    ensures tables: tables;
    ensures set: map_of(map, gfn) == desc;
    ensures other: \forall integer m, g; in_map(m, g) && !(m == map && g == gfn) ==>
      map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) ==>
      depth_of(m, g) == \old(depth_of(m, g)); */
void map_set_page(u32 map, u64 gfn, u64 desc);

/*
 * Map the 2 MB around gfn by one level 2 block (`desc` is desc_block(...)),
 * replacing whatever is mapped there (break-before-make); a level 3 table that
 * is no longer needed goes back to the pool. Needs map_need(map, gfn, 2) == 0.
 */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: in_map(map, gfn);
    requires prepared: depth_of(map, gfn) >= 2;
    requires block: d_valid(desc) && !d_table(desc) && d_pfn(desc) % 512 == 0;
    terminates \true; exits \false;
    assigns TABLE_STATE;
    ensures tables: tables;
    ensures set: \forall integer g; in_map(map, g) && same_leaf(2, gfn, g) ==>
      map_of(map, g) == d_page(d_pfn(desc) + g % 512, d_attr(desc)) && depth_of(map, g) == 2;
    ensures other: \forall integer m, g; in_map(m, g) && !(m == map && same_leaf(2, gfn, g)) ==>
      map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) && !(m == map && same_leaf(2, gfn, g)) ==>
      depth_of(m, g) == \old(depth_of(m, g));
    ensures free: table_free_nr ==
      \old(table_free_nr) + (\old(depth_of(map, gfn)) == 3 ? 1 : 0); */
void map_set_block(u32 map, u64 gfn, u64 desc);

/*
 * Remove the leaf that translates gfn, whatever its level, and invalidate it
 * everywhere; all of a block goes. Nothing happens if there is none. Never
 * allocates.
 */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: in_map(map, gfn);
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1];
    ensures tables: tables;
    ensures cleared: \forall integer g; in_map(map, g) &&
      same_leaf(\old(depth_of(map, gfn)), gfn, g) ==> map_of(map, g) == 0;
    ensures other: \forall integer m, g; in_map(m, g) && !(m == map && same_leaf(\old(depth_of(map, gfn)), gfn, g)) ==>
      map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) ==>
      depth_of(m, g) == \old(depth_of(m, g)); */
void map_clear_page(u32 map, u64 gfn);

/*
 * Remove every leaf in the 2 MB around gfn and invalidate. Needs
 * map_need(map, gfn, 2) == 0 or nothing mapped there. Never allocates or frees.
 */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: in_map(map, gfn);
    requires no_large: depth_of(map, gfn) >= 2 || map_of(map, gfn) == 0;
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1];
    ensures tables: tables;
    ensures cleared: \forall integer g; in_map(map, g) && same_leaf(2, gfn, g) ==>
      map_of(map, g) == 0;
    ensures other: \forall integer m, g; in_map(m, g) && !(m == map && same_leaf(2, gfn, g)) ==>
      map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) ==>
      depth_of(m, g) == \old(depth_of(m, g)); */
void map_clear_block(u32 map, u64 gfn);

/* True only if nothing is mapped in the 2 MB around gfn. */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: in_map(map, gfn);
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result ==> \forall integer g; in_map(map, g) && same_leaf(2, gfn, g) ==>
      map_of(map, g) == 0; */
bool map_block_is_empty(u32 map, u64 gfn);

/*
 * Remove every leaf in the 2 MB around gfn, invalidate, and give their level 3
 * table back to the pool, wiped. Nothing happens if there is neither. Only for
 * maps without 1 GB blocks.
 */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: in_map(map, gfn);
    requires no_large: depth_of(map, gfn) >= 2 || map_of(map, gfn) == 0;
    terminates \true; exits \false;
    assigns TABLE_STATE;
    ensures tables: tables;
    ensures cleared: \forall integer g; in_map(map, g) && same_leaf(2, gfn, g) ==>
      map_of(map, g) == 0;
    ensures shallow: \forall integer g; in_map(map, g) && same_leaf(2, gfn, g) ==>
      depth_of(map, g) == \min(2, \old(depth_of(map, gfn)));
    ensures other: \forall integer m, g; in_map(m, g) && !(m == map && same_leaf(2, gfn, g)) ==>
      map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) && !(m == map && same_leaf(2, gfn, g)) ==>
      depth_of(m, g) == \old(depth_of(m, g));
    ensures free: table_free_nr ==
      \old(table_free_nr) + (\old(depth_of(map, gfn)) == 3 ? 1 : 0); */
void map_drop_block(u32 map, u64 gfn);

/*
 * If all 512 level 2 entries around gfn are blocks that together form one 1 GB
 * block, make them one (break-before-make) and free their table. No translation
 * changes.
 */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: in_map(map, gfn);
    terminates \true; exits \false;
    assigns TABLE_STATE;
    ensures tables: tables;
    ensures same: \forall integer m, g; in_map(m, g) ==> map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) && !(m == map && same_leaf(1, gfn, g)) ==>
      depth_of(m, g) == \old(depth_of(m, g));
    ensures merged: (table_free_nr == \old(table_free_nr) &&
        \forall integer g; in_map(map, g) ==> depth_of(map, g) == \old(depth_of(map, g))) ||
      (table_free_nr == \old(table_free_nr) + 1 &&
        \forall integer g; in_map(map, g) && same_leaf(1, gfn, g) ==>
          depth_of(map, g) == 1 && \old(depth_of(map, g)) == 2); */
void map_merge(u32 map, u64 gfn);

/* Make a map empty: every table but the roots goes back to the pool, wiped. */
/*@ requires geometry: geometry;
    requires tables: tables;
    requires range: map < CV_NR_MAPS;
    terminates \true; exits \false;
    assigns TABLE_STATE;
    ensures tables: tables;
    ensures empty: \forall integer g; in_map(map, g) ==>
      map_of(map, g) == 0 && depth_of(map, g) == table_geometry.start_level;
    ensures other: \forall integer m, g; in_map(m, g) && m != map ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g));
    ensures free: table_free_nr >= \old(table_free_nr); */
void map_drop(u32 map);

#endif
