/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Translation tables: see core/table.h.
 *
 * How a walk goes: from the root table of (map, gfn) down, one table a level,
 * to the deepest table there is for gfn; the leaf, if any, is an entry of that
 * one. So whatever is asked about a gfn is answered by struct walk.
 */
#include "core/table.h"

#include "core/machine.h"
#include "corevisor/error.h"

/* Frames that one table of level 1 covers: 512 GB. */
#define ROOT_SHIFT (3U * TABLE_BITS)
/* Frame numbers a descriptor can hold. */
#define PFN_LIMIT (1ULL << 36)

struct table_geometry table_geometry;

/* A free table, in table_owner. */
#define OWNER_NONE CV_INVALID_ID

/*
 * All of it under the map lock. A free table is in table_free, has no owner and
 * is all zero.
 */
static u32 table_free[CV_MAX_TABLES]; /* a stack */
static u32 table_free_nr;
static u16 table_owner[CV_MAX_TABLES];
/* Every table of a map but its roots lies in [map_low, map_high). */
static u32 map_low[CV_NR_MAPS];
static u32 map_high[CV_NR_MAPS];

/* A table, and its level. */
struct walk {
	u32 table;
	u32 level;
};

/* The first frame that an entry of `level`, the one for gfn, covers. */
static u64 level_base(u64 gfn, u32 level)
{
	return gfn & ~(level_frames(level) - 1U);
}

/* The table that a table descriptor points to. */
static u32 table_child(u64 desc)
{
	return (u32)(desc_pfn(desc) - table_geometry.pool_pfn);
}

/* The table where every walk of (map, gfn) starts. */
static u32 table_root(u32 map, u64 gfn)
{
	if (table_geometry.start_level == 0U)
		return map;
	return map * table_geometry.root_tables + (u32)(gfn >> ROOT_SHIFT);
}

/* The deepest table for gfn, but none below level `last`. */
static struct walk table_walk(u32 map, u64 gfn, u32 last)
{
	struct walk w;

	w.table = table_root(map, gfn);
	w.level = table_geometry.start_level;
	while (w.level < last) {
		u64 desc = table_pool[w.table].e[table_index(gfn, w.level)];

		if (!desc_is_table(desc))
			break;
		w.table = table_child(desc);
		w.level++;
	}
	return w;
}

/* A free table for a map. There is one. */
static u32 table_alloc(u32 map)
{
	u32 t;

	table_free_nr--;
	t = table_free[table_free_nr];
	table_owner[t] = (u16)map;
	if (t < map_low[map])
		map_low[map] = t;
	if (t >= map_high[map])
		map_high[map] = t + 1U;
	return t;
}

/* Write zero to every entry that is not zero yet. */
static void table_wipe(u32 t)
{
	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		if (table_pool[t].e[i] != 0U)
			machine_table_write(t, i, 0);
	}
}

/* Back to the pool, wiped. No entry points to t, and no walker is in it any more. */
static void table_release(u32 t)
{
	table_wipe(t);
	table_owner[t] = OWNER_NONE;
	table_free[table_free_nr] = t;
	table_free_nr++;
}

/*
 * Take a live leaf, or a table, out of a map and wait until nobody uses what it
 * translated: the "break" of break-before-make (Arm ARM D8.13.1).
 */
static void entry_break(u32 map, u64 gfn, u32 t, u32 level)
{
	machine_table_write(t, table_index(gfn, level), 0);
	machine_map_invalidate(map, level_base(gfn, level), level_frames(level));
}

/* Leaves of `level` (2 or 3) that translate what the block above them does. */
static void table_fill(u32 t, u64 block, u32 level)
{
	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		u64 pfn = desc_pfn(block) + i * level_frames(level);
		u64 desc = level == 3U ? desc_page(pfn, desc_attr(block))
				       : desc_block(pfn, desc_attr(block));

		machine_table_write(t, i, desc);
	}
}

/* Make gfn's entry in table t, of `level` (0 to 2), point to a table: that one. */
static u32 table_step(u32 map, u64 gfn, u32 t, u32 level)
{
	u32 i = table_index(gfn, level);
	u64 desc = table_pool[t].e[i];
	u32 child;

	if (desc_is_table(desc))
		return table_child(desc);
	child = table_alloc(map);
	if (desc_is_block(desc)) {
		/* The new table is complete before a walker can see it. */
		table_fill(child, desc, level + 1U);
		entry_break(map, gfn, t, level);
	}
	machine_table_write(t, i, desc_table(table_geometry.pool_pfn + child));
	return child;
}

/* Do the 512 entries of a level 2 table translate as one level 1 block would? */
static bool table_is_block(u32 t)
{
	u64 first = table_pool[t].e[0];

	if (!desc_is_block(first) || desc_pfn(first) % level_frames(1) != 0U)
		return false;
	for (u32 i = 1; i < TABLE_ENTRIES; i++) {
		u64 pfn = desc_pfn(first) + i * level_frames(2);

		if (table_pool[t].e[i] != desc_block(pfn, desc_attr(first)))
			return false;
	}
	return true;
}

u32 table_free_count(void)
{
	return table_free_nr;
}

/* The tables from `roots` on are free; those below belong to their maps. */
static void table_init_owners(u32 roots)
{
	table_free_nr = 0;
	/* Low tables are on top: what is in use stays close together. */
	for (u32 t = table_geometry.nr_tables; t > roots; t--) {
		table_owner[t - 1U] = OWNER_NONE;
		table_free[table_free_nr] = t - 1U;
		table_free_nr++;
	}
	for (u32 map = 0; map < CV_NR_MAPS; map++) {
		map_low[map] = CV_MAX_TABLES;
		map_high[map] = 0;
		for (u32 i = 0; i < table_geometry.root_tables; i++)
			table_owner[map * table_geometry.root_tables + i] = (u16)map;
	}
}

int table_init(u32 ipa_bits, u64 pool_pfn, u32 nr_tables)
{
	bool concatenated = ipa_bits < 44U;
	u32 root_tables;

	if (ipa_bits < 40U || ipa_bits > 48U)
		return CV_EINVAL;
	root_tables = concatenated ? 1U << (ipa_bits - 39U) : 1U;
	if (nr_tables < CV_NR_MAPS * root_tables || nr_tables > CV_MAX_TABLES)
		return CV_EINVAL;
	/* Concatenated tables are aligned to their size together (D8.2.2). */
	if (pool_pfn > PFN_LIMIT - nr_tables || pool_pfn % root_tables != 0U)
		return CV_EINVAL;

	table_geometry.gfn_limit = 1ULL << (ipa_bits - CV_PAGE_SHIFT);
	table_geometry.pool_pfn = pool_pfn;
	table_geometry.nr_tables = nr_tables;
	table_geometry.root_tables = root_tables;
	table_geometry.start_level = concatenated ? 1U : 0U;
	table_geometry.ipa_bits = ipa_bits;
	table_init_owners(CV_NR_MAPS * root_tables);
	return 0;
}

u64 map_root_pfn(u32 map)
{
	return table_geometry.pool_pfn + (u64)(map * table_geometry.root_tables);
}

u64 map_get(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 3);
	u64 desc = table_pool[w.table].e[table_index(gfn, w.level)];

	if (!desc_is_valid(desc) || w.level == 3U)
		return desc;
	return desc_page(desc_pfn(desc) + (gfn - level_base(gfn, w.level)), desc_attr(desc));
}

u32 map_level(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 3);

	return desc_is_valid(table_pool[w.table].e[table_index(gfn, w.level)]) ? w.level : 0U;
}

u32 map_need(u32 map, u64 gfn, u32 level)
{
	return level - table_walk(map, gfn, level).level;
}

void map_prepare(u32 map, u64 gfn, u32 level)
{
	u32 t = table_root(map, gfn);

	if (table_geometry.start_level == 0U)
		t = table_step(map, gfn, t, 0);
	t = table_step(map, gfn, t, 1);
	if (level == 3U)
		(void)table_step(map, gfn, t, 2);
}

void map_set_page(u32 map, u64 gfn, u64 desc)
{
	struct walk w = table_walk(map, gfn, 3);

	machine_table_write(w.table, table_index(gfn, 3), desc);
}

void map_drop_block(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 2);
	u64 desc = table_pool[w.table].e[table_index(gfn, w.level)];

	if (w.level != 2U || !desc_is_valid(desc))
		return;
	entry_break(map, gfn, w.table, 2);
	if (desc_is_table(desc))
		table_release(table_child(desc));
}

void map_set_block(u32 map, u64 gfn, u64 desc)
{
	struct walk w = table_walk(map, gfn, 2);

	map_drop_block(map, gfn);
	machine_table_write(w.table, table_index(gfn, 2), desc);
}

void map_clear_page(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 3);

	if (desc_is_valid(table_pool[w.table].e[table_index(gfn, w.level)]))
		entry_break(map, gfn, w.table, w.level);
}

void map_clear_block(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 3);

	if (w.level == 3U) {
		table_wipe(w.table);
		machine_map_invalidate(map, level_base(gfn, 2), level_frames(2));
	} else if (w.level == 2U) {
		map_clear_page(map, gfn);
	}
}

void map_merge(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 2);
	struct walk above = table_walk(map, gfn, 1);
	u64 first;

	if (w.level != 2U || !table_is_block(w.table))
		return;
	first = table_pool[w.table].e[0];
	entry_break(map, gfn, above.table, 1);
	machine_table_write(above.table, table_index(gfn, 1), first);
	table_release(w.table);
}

void map_drop(u32 map)
{
	u32 root = map * table_geometry.root_tables;

	for (u32 i = 0; i < table_geometry.root_tables; i++)
		table_wipe(root + i);
	machine_map_invalidate_all(map);
	for (u32 t = map_low[map]; t < map_high[map]; t++) {
		if (table_owner[t] == map)
			table_release(t);
	}
	map_low[map] = CV_MAX_TABLES;
	map_high[map] = 0;
}
