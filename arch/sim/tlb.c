/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE

#include "arch/sim/tlb.h"

#include <pthread.h>

#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "arch/sim/touch.h"
#include "core/machine.h"
#include "core/table.h"

#define TLB_BITS 10U
#define TLB_SIZE (1U << TLB_BITS)
#define WALK_BITS 8U
#define WALK_SIZE (1U << WALK_BITS)
/* Invalidations of up to so many frames look each of them up. */
#define PROBE_FRAMES 8U

struct entry {
	u64 key; /* 0: none */
	u64 value; /* a leaf's descriptor; a table's number */
};

struct unit {
	struct entry leaf[TLB_SIZE];
	struct entry walk[WALK_SIZE];
	u32 live[CV_NR_MAPS]; /* entries of each map, both kinds */
	u32 leaves[4]; /* of each level */
	pthread_mutex_t lock;
};

static struct unit units[CV_MAX_CPUS + 1U];

void tlb_init(void)
{
	for (u32 i = 0; i <= TLB_SMMU; i++)
		(void)pthread_mutex_init(&units[i].lock, NULL);
}

void tlb_lock(u32 unit)
{
	if (sim.threaded)
		(void)pthread_mutex_lock(&units[unit].lock);
}

void tlb_unlock(u32 unit)
{
	if (sim.threaded)
		(void)pthread_mutex_unlock(&units[unit].lock);
}

/* The entry of a level is named by its map, its level and its first gfn. */
static u64 make_key(u32 map, u64 gfn, u32 level)
{
	return ((u64)map << 40 | (gfn & ~(level_frames(level) - 1U))) << 2 | level;
}

static u32 key_map(u64 key)
{
	return (u32)(key >> 42);
}

static u64 key_gfn(u64 key)
{
	return key >> 2 & ((1ULL << 40) - 1U);
}

static u32 key_level(u64 key)
{
	return (u32)key & 3U;
}

static u32 key_slot(u64 key, u32 bits)
{
	return (u32)(key * 0x9e3779b97f4a7c15ULL >> (64U - bits));
}

static void entry_drop(struct unit *u, struct entry *e, bool leaf)
{
	u->live[key_map(e->key)]--;
	if (leaf)
		u->leaves[key_level(e->key)]--;
	e->key = 0;
}

static void entry_put(struct unit *u, struct entry *e, u64 key, u64 value, bool leaf)
{
	if (e->key != 0U)
		entry_drop(u, e, leaf);
	e->key = key;
	e->value = value;
	u->live[key_map(key)]++;
	if (leaf)
		u->leaves[key_level(key)]++;
}

static struct entry *leaf_find(struct unit *u, u32 map, u64 gfn)
{
	for (u32 level = 3; level >= 1U; level--) {
		u64 key = make_key(map, gfn, level);
		struct entry *e = &u->leaf[key_slot(key, TLB_BITS)];

		if (u->leaves[level] != 0U && e->key == key)
			return e;
	}
	return NULL;
}

/* Where to start the walk: the lowest table that the unit remembers. */
static u32 walk_start(struct unit *u, u32 map, u64 gfn, u32 *level)
{
	for (u32 up = 2; up >= 1U; up--) {
		u64 key = make_key(map, gfn, up);
		struct entry *e = &u->walk[key_slot(key, WALK_BITS)];

		if (e->key == key) {
			*level = up + 1U;
			return (u32)e->value;
		}
	}
	*level = table_geometry.start_level;
	return (u32)(map_root_pfn(map) - table_geometry.pool_pfn) +
	       (*level == 0U ? 0U : (u32)(gfn >> (3U * TABLE_BITS)));
}

static u32 child_table(u32 map, u64 gfn, u64 desc)
{
	u64 table = desc_pfn(desc) - table_geometry.pool_pfn;

	if (table >= table_geometry.nr_tables)
		sim_violation("walk", "map %u, gfn 0x%llx: table at frame 0x%llx is not the pool's",
			      map, (unsigned long long)gfn, (unsigned long long)desc_pfn(desc));
	return (u32)table;
}

/* The leaf for gfn, read from the tables; 0: none. */
static u64 walk(struct unit *u, u32 map, u64 gfn, u32 *level)
{
	u32 t = walk_start(u, map, gfn, level);

	for (;;) {
		u64 desc = __atomic_load_n(&table_pool[t].e[table_index(gfn, *level)],
					   __ATOMIC_ACQUIRE);

		if (!(desc & DESC_VALID))
			return 0;
		if (*level == 3U || !desc_is_table(desc))
			return desc;
		t = child_table(map, gfn, desc);
		if (*level >= 1U) {
			u64 key = make_key(map, gfn, *level);

			entry_put(u, &u->walk[key_slot(key, WALK_BITS)], key, t, false);
		}
		(*level)++;
	}
}

static void leaf_check(u32 map, u64 gfn, u64 desc, u32 level)
{
	bool bad_type = level == 3U ? !desc_is_table(desc) : !desc_is_block(desc);
	u64 attr = desc_attr(desc);

	if (bad_type || level == 0U || desc_pfn(desc) % level_frames(level) != 0U ||
	    (attr != DESC_ATTR_MEMORY && attr != DESC_ATTR_DEVICE))
		sim_violation("descriptor", "map %u, gfn 0x%llx: 0x%llx at level %u", map,
			      (unsigned long long)gfn, (unsigned long long)desc, level);
}

static void leaf_output(u64 key, u64 desc, u64 gfn, struct translation *out)
{
	out->pfn = desc_pfn(desc) + (gfn - key_gfn(key));
	out->attr = desc_attr(desc);
}

bool tlb_translate(u32 unit, u32 map, u64 gfn, struct translation *out)
{
	struct unit *u = &units[unit];
	struct entry *e;
	u64 desc;
	u64 key;
	u32 level;

	if (gfn >= table_geometry.gfn_limit)
		return false;
	e = leaf_find(u, map, gfn);
	if (e) {
		leaf_output(e->key, e->value, gfn, out);
		return true;
	}
	desc = walk(u, map, gfn, &level);
	if (desc == 0U)
		return false;
	leaf_check(map, gfn, desc, level);
	key = make_key(map, gfn, level);
	entry_put(u, &u->leaf[key_slot(key, TLB_BITS)], key, desc, true);
	leaf_output(key, desc, gfn, out);
	return true;
}

static void probe_drop(struct unit *u, u32 map, u64 gfn)
{
	struct entry *e = leaf_find(u, map, gfn);

	while (e) {
		entry_drop(u, e, true);
		e = leaf_find(u, map, gfn);
	}
	for (u32 level = 1; level <= 2U; level++) {
		u64 key = make_key(map, gfn, level);

		e = &u->walk[key_slot(key, WALK_BITS)];
		if (e->key == key)
			entry_drop(u, e, false);
	}
}

static void scan_drop(struct unit *u, struct entry *entries, u32 nr, bool leaf, u32 map, u64 gfn,
		      u64 frames)
{
	for (u32 i = 0; i < nr; i++) {
		u64 key = entries[i].key;
		u64 first = key_gfn(key);

		if (key != 0U && key_map(key) == map && first < gfn + frames &&
		    gfn < first + level_frames(key_level(key)))
			entry_drop(u, &entries[i], leaf);
	}
}

static void unit_invalidate(u32 unit, u32 map, u64 gfn, u64 frames)
{
	struct unit *u = &units[unit];

	tlb_lock(unit);
	if (u->live[map] != 0U) {
		if (frames <= PROBE_FRAMES) {
			for (u64 i = 0; i < frames; i++)
				probe_drop(u, map, gfn + i);
		} else {
			scan_drop(u, u->leaf, TLB_SIZE, true, map, gfn, frames);
			scan_drop(u, u->walk, WALK_SIZE, false, map, gfn, frames);
		}
	}
	tlb_unlock(unit);
}

void machine_map_invalidate(u32 map, u64 gfn, u64 frames)
{
	sim_point();
	if (map > MAP_CORE) {
		unit_invalidate(TLB_SMMU, map, gfn, frames);
	} else {
		for (u32 i = 0; i < sim.config.cpus; i++)
			unit_invalidate(i, map, gfn, frames);
	}
	sim_point();
}

void machine_map_invalidate_all(u32 map)
{
	machine_map_invalidate(map, 0, 1ULL << 40);
}

static bool entry_stale(const struct entry *e)
{
	u64 gfn = key_gfn(e->key);
	u64 now = map_get(key_map(e->key), gfn);

	return now == 0U || desc_pfn(now) != desc_pfn(e->value) ||
	       desc_attr(now) != desc_attr(e->value);
}

static bool unit_stale(struct unit *u, u32 map, u64 gfn, u64 frames)
{
	if (u->live[map] == 0U)
		return false;
	if (frames == 1U) {
		struct entry *e = leaf_find(u, map, gfn);
		u64 now;

		if (!e)
			return false;
		now = map_get(map, gfn);
		return now == 0U || desc_pfn(now) != desc_pfn(e->value) + (gfn - key_gfn(e->key));
	}
	for (u32 i = 0; i < TLB_SIZE; i++) {
		const struct entry *e = &u->leaf[i];

		if (e->key != 0U && key_map(e->key) == map && key_gfn(e->key) - gfn < frames &&
		    entry_stale(e))
			return true;
	}
	return false;
}

int tlb_stale(u32 map, u64 gfn, u64 frames)
{
	if (map > MAP_CORE)
		return unit_stale(&units[TLB_SMMU], map, gfn, frames) ? (int)TLB_SMMU : -1;
	for (u32 i = 0; i < sim.config.cpus; i++) {
		if (unit_stale(&units[i], map, gfn, frames))
			return (int)i;
	}
	return -1;
}
