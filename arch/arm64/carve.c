/* SPDX-License-Identifier: BSD-3-Clause */
#include "carve.h"

#include "cache.h"
#include "core/state.h"
#include "core/table.h"
#include "layout.h"
#include "mmu.h"

/* Frames whose records fill one page, and one 2 MB window of frames[]. */
#define PAGE_RECORDS (CV_PAGE_SIZE / sizeof(struct frame))
#define WINDOW_PAGES 512U
/* Tables beyond RAM/128: the last few levels of sparse device space. */
#define SPARE_TABLES 64U

/* Pages of frames[] up to the top of RAM. */
static u64 record_pages(void)
{
	const struct range *last = &platform.ram[platform.nr_ram - 1];
	u64 top = (last->base + last->size) >> CV_PAGE_SHIFT;

	return (top + PAGE_RECORDS - 1U) / PAGE_RECORDS;
}

/* Does page i of frames[] hold a record of RAM? */
static bool page_has_ram(u64 i)
{
	u64 span = PAGE_RECORDS * CV_PAGE_SIZE;
	struct range r = {i * span, span};

	return range_meets(r, platform.ram, platform.nr_ram);
}

static u64 pages_with_ram(void)
{
	u64 n = 0;

	for (u64 i = 0; i < record_pages(); i++)
		n += page_has_ram(i) ? 1 : 0;
	return n;
}

/* RAM/128 of tables, after the roots, which are two a map (core/table.h). */
static u32 pool_tables(void)
{
	u64 n = platform_ram_bytes() / 128U / CV_PAGE_SIZE + 2U * CV_NR_MAPS + SPARE_TABLES;

	return n > CV_MAX_TABLES ? CV_MAX_TABLES : (u32)n;
}

bool carve_choose(struct carve *carve)
{
	u64 size;

	carve->nr_tables = pool_tables();
	/* The pool, the records, the page of no RAM, the stacks. */
	size = carve->nr_tables * CV_PAGE_SIZE + (pages_with_ram() + 1U) * CV_PAGE_SIZE +
	       (u64)platform.nr_cpus * STACK_SIZE;
	size = (size + CARVE_ALIGN - 1U) & ~(CARVE_ALIGN - 1ULL);
	for (u32 i = platform.nr_ram; i-- > 0;) {
		const struct range *bank = &platform.ram[i];
		u64 first = (bank->base + CARVE_ALIGN - 1U) & ~(CARVE_ALIGN - 1ULL);

		if (bank->size < size)
			continue;
		for (u64 at = (bank->base + bank->size - size) & ~(CARVE_ALIGN - 1ULL);
		     at >= first && at != 0; at -= CARVE_ALIGN) {
			carve->range = (struct range){at, size};
			if (!range_meets(carve->range, platform.avoid, platform.nr_avoid))
				return true;
		}
	}
	return false;
}

/* frames[] from page `first` on, one window; *next: the carved page to use next. */
static bool map_window(u64 first, u64 hole, u64 *next)
{
	for (u64 i = first; i < first + WINDOW_PAGES && i < record_pages(); i++) {
		u64 pa = hole;

		if (page_has_ram(i)) {
			pa = *next;
			*next += CV_PAGE_SIZE;
		}
		if (!mmu_map(VA_FRAMES + i * CV_PAGE_SIZE, pa, CV_PAGE_SIZE, MMU_DATA))
			return false;
	}
	return true;
}

static bool map_records(u64 hole, u64 next)
{
	u64 shared = 0; /* a window without RAM, to map others like it */

	for (u64 i = 0; i < record_pages(); i += WINDOW_PAGES) {
		u64 va = VA_FRAMES + i * CV_PAGE_SIZE;
		u64 span = WINDOW_PAGES * PAGE_RECORDS * CV_PAGE_SIZE;
		struct range r = {i * PAGE_RECORDS * CV_PAGE_SIZE, span};

		if (range_meets(r, platform.ram, platform.nr_ram)) {
			if (!map_window(i, hole, &next))
				return false;
		} else if (shared != 0) {
			if (!mmu_map_alike(va, shared))
				return false;
		} else {
			shared = va;
			if (!map_window(i, hole, &next))
				return false;
		}
	}
	return true;
}

bool carve_map(const struct carve *carve)
{
	u64 pool = carve->nr_tables * CV_PAGE_SIZE;
	u64 hole = carve->range.base + pool;
	u64 stacks = hole + CV_PAGE_SIZE;
	u64 records = stacks + (u64)platform.nr_cpus * STACK_SIZE;

	if (!mmu_map(VA_TABLES, carve->range.base, pool, MMU_DATA))
		return false;
	for (u32 i = 0; i < platform.nr_cpus; i++) {
		if (!mmu_map(VA_STACKS + (u64)i * STACK_SLOT + (STACK_SLOT - STACK_SIZE),
			     stacks + (u64)i * STACK_SIZE, STACK_SIZE, MMU_DATA))
			return false;
	}
	if (!map_records(hole, records))
		return false;
	cache_clear_pages(table_pool, pool);
	return true;
}
