/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * core/table.c against the naive model of a map: an array of descriptors, one a
 * frame. Random operations; after each, what was touched and some other places are
 * compared, every change of a translation must have been invalidated, no live entry may
 * have been replaced without a break, and now and then all tables are counted.
 */
#include <stdlib.h>
#include <string.h>

#include "core/machine.h"
#include "core/table.h"
#include "corevisor/error.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"

#define NR_MODELS 3U
static const u32 model_maps[NR_MODELS] = {MAP_HOST, 7, MAP_DMA(3)};

/* Two windows of each map are modelled: three times 1 GB from 1 GB on, and the end. */
#define WINDOW_FRAMES (3ULL << 18)
#define WINDOW_GFN (1ULL << 18)
#define POOL_PFN 0x80000ULL
#define NR_TABLES 3000U

static u64 *models[NR_MODELS];

static u64 model_block(u32 m, u64 gfn, u64 frames)
{
	(void)m;
	return gfn & ~(frames - 1);
}

static u64 *model_at(u32 m, u64 gfn)
{
	return &models[m][gfn - WINDOW_GFN];
}

/* Are all entries of [first, first + n) absent? */
static bool model_empty(u32 m, u64 first, u64 n)
{
	for (u64 i = 0; i < n; i++) {
		if (*model_at(m, first + i) != 0)
			return false;
	}
	return true;
}

/* Tables that hang below this one, itself included, by a walk of its own. */
static u32 count_tables(u32 t, u32 level)
{
	u32 n = 1;

	for (u32 i = 0; i < TABLE_ENTRIES && level < 3; i++) {
		u64 desc = table_pool[t].e[i];

		if ((desc & 3) == 3)
			n += count_tables(
				(u32)((desc >> 12 & 0xfffffffffULL) - table_geometry.pool_pfn),
				level + 1);
	}
	return n;
}

static void check_pool(void)
{
	u32 used = 0;

	for (u32 map = 0; map < CV_NR_MAPS; map++) {
		for (u32 r = 0; r < table_geometry.root_tables; r++)
			used += count_tables(map * table_geometry.root_tables + r,
					     table_geometry.start_level);
	}
	CHECK_EQ(used + table_free_count(), table_geometry.nr_tables);
}

static void check_gfn(u32 m, u64 gfn)
{
	u64 got = map_get(model_maps[m], gfn);

	CHECK_EQ(got, *model_at(m, gfn));
	CHECK_EQ(map_level(model_maps[m], gfn) != 0, got != 0);
}

/* The translations around one operation before it; after it, changed ones are invalidated. */
static u64 before[CV_BLOCK_FRAMES];

static void remember(u32 m, u64 gfn)
{
	u64 first = model_block(m, gfn, CV_BLOCK_FRAMES);

	memcpy(before, model_at(m, first), sizeof(before));
	machine_forget();
}

static void compare(u32 m, u64 gfn)
{
	u64 first = model_block(m, gfn, CV_BLOCK_FRAMES);

	for (u64 i = 0; i < CV_BLOCK_FRAMES; i++) {
		check_gfn(m, first + i);
		if (before[i] != 0 && before[i] != *model_at(m, first + i))
			CHECK(machine_invalidated(model_maps[m], first + i));
	}
	for (u32 i = 0; i < 4; i++)
		check_gfn((u32)unit_random_below(NR_MODELS),
			  WINDOW_GFN + unit_random_below(WINDOW_FRAMES));
	CHECK_EQ(machine_log.break_errors, 0);
}

static u64 attr_random(void)
{
	return unit_random() % 8 == 0 ? DESC_ATTR_DEVICE : DESC_ATTR_MEMORY;
}

static void set_page(u32 m, u64 gfn)
{
	u32 map = model_maps[m];
	u64 desc = desc_page(unit_random() >> 28, attr_random());
	u32 need = map_need(map, gfn, 3);

	if (need > table_free_count() || *model_at(m, gfn) != 0)
		return;
	map_prepare(map, gfn, 3);
	CHECK_EQ(map_need(map, gfn, 3), 0);
	map_set_page(map, gfn, desc);
	*model_at(m, gfn) = desc;
}

static void set_block(u32 m, u64 gfn, bool identity)
{
	u32 map = model_maps[m];
	u64 first = model_block(m, gfn, CV_BLOCK_FRAMES);
	u64 pfn = identity ? first : (unit_random() >> 28) & ~511ULL;
	u64 attr = identity ? DESC_ATTR_MEMORY : attr_random();

	if (map_need(map, gfn, 2) > table_free_count())
		return;
	map_prepare(map, gfn, 2);
	map_set_block(map, gfn, desc_block(pfn, attr));
	for (u64 i = 0; i < CV_BLOCK_FRAMES; i++)
		*model_at(m, first + i) = desc_page(pfn + i, attr);
	CHECK_EQ(map_level(map, gfn), 2);
}

static void model_clear(u32 m, u64 gfn, u64 n)
{
	u64 first = model_block(m, gfn, n);

	for (u64 i = 0; i < n; i++)
		*model_at(m, first + i) = 0;
}

static void clear_page(u32 m, u64 gfn)
{
	u32 level = map_level(model_maps[m], gfn);
	u32 unused = table_free_count();

	map_clear_page(model_maps[m], gfn);
	if (level != 0)
		model_clear(m, gfn, level_frames(level));
	CHECK_EQ(table_free_count(), unused);
}

static void clear_block(u32 m, u64 gfn, bool drop)
{
	u32 map = model_maps[m];
	u32 unused = table_free_count();

	if (drop && map_level(map, gfn) == 1)
		return;
	if (!drop && map_need(map, gfn, 2) != 0 && !model_empty(m, model_block(m, gfn, 512), 512))
		return;
	if (drop) {
		map_drop_block(map, gfn);
		CHECK(table_free_count() == unused || table_free_count() == unused + 1);
		CHECK(map_need(map, gfn, 3) >= 1);
	} else {
		map_clear_block(map, gfn);
		CHECK_EQ(table_free_count(), unused);
	}
	model_clear(m, gfn, CV_BLOCK_FRAMES);
}

/* map_prepare changes no translation, and takes exactly what map_need says. */
static void prepare(u32 m, u64 gfn)
{
	u32 level = 2 + (u32)unit_random_below(2);
	u32 need = map_need(model_maps[m], gfn, level);
	u32 unused = table_free_count();

	if (need > unused)
		return;
	map_prepare(model_maps[m], gfn, level);
	CHECK_EQ(table_free_count(), unused - need);
	CHECK_EQ(map_need(model_maps[m], gfn, level), 0);
}

/* Fill 1 GB with blocks that make one, or nearly one, and merge. */
static void merge(u32 m, u64 gfn, bool spoil)
{
	u32 map = model_maps[m];
	u64 first = model_block(m, gfn, 1ULL << 18);
	u32 unused;

	if (map_need(map, gfn, 2) > table_free_count())
		return;
	for (u64 i = 0; i < 512; i++)
		set_block(m, first + i * 512, true);
	if (spoil)
		clear_page(m, gfn);
	unused = table_free_count();
	map_merge(map, gfn);
	CHECK_EQ(table_free_count(), spoil ? unused : unused + 1);
	CHECK_EQ(map_level(map, first), spoil && gfn - first < 512 ? 0U : spoil ? 2U : 1U);
	map_merge(map, gfn);
}

static void drop(u32 m)
{
	map_drop(model_maps[m]);
	CHECK(machine_invalidated(model_maps[m], WINDOW_GFN));
	memset(models[m], 0, WINDOW_FRAMES * sizeof(u64));
	for (u64 i = 0; i < WINDOW_FRAMES; i += 97)
		check_gfn(m, WINDOW_GFN + i);
}

static void operation(u32 m, u64 gfn)
{
	switch (unit_random_below(300)) {
	case 0:
		merge(m, gfn, false);
		break;
	case 1:
		merge(m, gfn, true);
		break;
	case 2:
		if (unit_random() % 8 == 0)
			drop(m);
		break;
	case 3 ... 40:
		set_block(m, gfn, unit_random() % 2 == 0);
		break;
	case 41 ... 80:
		prepare(m, gfn);
		break;
	case 81 ... 120:
		clear_block(m, gfn, true);
		break;
	case 121 ... 140:
		clear_block(m, gfn, false);
		break;
	case 141 ... 160:
		map_merge(model_maps[m], gfn);
		break;
	case 161 ... 210:
		clear_page(m, gfn);
		break;
	default:
		set_page(m, gfn);
		break;
	}
}

/* A few hot places, so that operations meet. */
static u64 gfn_random(void)
{
	u64 gfn = WINDOW_GFN + unit_random_below(WINDOW_FRAMES);

	if (unit_random() % 4 != 0)
		gfn = model_block(0, gfn, 1ULL << 18) + unit_random_below(3 * 512);
	return gfn;
}

static void random_operations(u32 ipa_bits, u32 nr)
{
	unit_case("%u random operations, %u-bit addresses", nr, ipa_bits);
	memset(table_pool, 0, NR_TABLES * sizeof(struct table));
	for (u32 m = 0; m < NR_MODELS; m++)
		memset(models[m], 0, WINDOW_FRAMES * sizeof(u64));
	if (!CHECK_EQ(table_init(ipa_bits, POOL_PFN, NR_TABLES), 0))
		return;
	CHECK_EQ(table_geometry.gfn_limit, 1ULL << (ipa_bits - 12));
	for (u32 i = 0; i < nr && unit_failures() < 20; i++) {
		u32 m = (u32)unit_random_below(NR_MODELS);
		u64 gfn = gfn_random();

		remember(m, gfn);
		operation(m, gfn);
		compare(m, gfn);
		if (i % 500 == 0)
			check_pool();
	}
	for (u32 m = 0; m < NR_MODELS; m++)
		drop(m);
	check_pool();
	CHECK_EQ(table_free_count(), NR_TABLES - CV_NR_MAPS * table_geometry.root_tables);
	for (u32 t = 0; t < NR_TABLES; t++) {
		for (u32 i = 0; i < TABLE_ENTRIES; i++)
			CHECK(table_pool[t].e[i] == 0);
	}
}

/* The first and the last frame of a map, and no neighbour of them. */
static void check_ends(u32 ipa_bits)
{
	u64 last = (1ULL << (ipa_bits - 12)) - 1;
	u32 map = 5;

	unit_case("ends of a %u-bit map", ipa_bits);
	memset(table_pool, 0, NR_TABLES * sizeof(struct table));
	CHECK_EQ(table_init(ipa_bits, POOL_PFN, NR_TABLES), 0);
	for (u32 i = 0; i < 2; i++) {
		u64 gfn = i == 0 ? 0 : last;

		CHECK_EQ(map_need(map, gfn, 3), ipa_bits < 44 ? 2 : 3);
		map_prepare(map, gfn, 3);
		map_set_page(map, gfn, desc_page(0x123, DESC_ATTR_MEMORY));
		CHECK_EQ(map_get(map, gfn), desc_page(0x123, DESC_ATTR_MEMORY));
		CHECK_EQ(map_level(map, gfn), 3);
		for (u32 other = 0; other < CV_NR_MAPS; other++)
			CHECK(other == map || map_get(other, gfn) == 0);
		CHECK_EQ(map_get(map, gfn ^ 1), 0);
		map_clear_page(map, gfn);
		CHECK_EQ(map_get(map, gfn), 0);
	}
	for (u32 m = 0; m < CV_NR_MAPS; m++)
		CHECK_EQ(map_root_pfn(m), POOL_PFN + (u64)m * table_geometry.root_tables);
	CHECK_EQ(map_root_pfn(0) % table_geometry.root_tables, 0);
}

static void check_geometry(void)
{
	unit_case("geometry that cannot be");
	CHECK_EQ(table_init(39, POOL_PFN, NR_TABLES), CV_EINVAL);
	CHECK_EQ(table_init(49, POOL_PFN, NR_TABLES), CV_EINVAL);
	CHECK_EQ(table_init(0, POOL_PFN, NR_TABLES), CV_EINVAL);
	CHECK_EQ(table_init(40, POOL_PFN, CV_NR_MAPS * 2 - 1), CV_EINVAL);
	CHECK_EQ(table_init(43, POOL_PFN, CV_NR_MAPS * 16 - 1), CV_EINVAL);
	CHECK_EQ(table_init(40, POOL_PFN, CV_MAX_TABLES + 1), CV_EINVAL);
	CHECK_EQ(table_init(40, POOL_PFN + 1, NR_TABLES), CV_EINVAL);
	CHECK_EQ(table_init(43, POOL_PFN + 8, CV_NR_MAPS * 16), CV_EINVAL);
	CHECK_EQ(table_init(40, (1ULL << 36) - NR_TABLES + 2, NR_TABLES), CV_EINVAL);
	CHECK_EQ(table_init(40, ~0ULL - 1, NR_TABLES), CV_EINVAL);
	CHECK_EQ(table_init(40, (1ULL << 36) - NR_TABLES, NR_TABLES), 0);
	CHECK_EQ(table_init(44, POOL_PFN + 1, CV_NR_MAPS), 0);
}

void test_table(void)
{
	machine_reset(0x400, 16);
	for (u32 m = 0; m < NR_MODELS; m++) {
		models[m] = calloc(WINDOW_FRAMES, sizeof(u64));
		if (models[m] == NULL)
			abort();
	}
	check_geometry();
	check_ends(40);
	check_ends(42);
	check_ends(44);
	check_ends(48);
	random_operations(40, 20000);
	random_operations(41, 4000);
	random_operations(48, 20000);
	for (u32 m = 0; m < NR_MODELS; m++)
		free(models[m]);
}
