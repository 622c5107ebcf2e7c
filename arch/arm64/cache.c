/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole pages, out of the caches: DC CIVAC cleans, so that memory has what only a cache had, and
 * invalidates, so that no line hides what memory got by a non-cacheable access. Zeros need only the
 * first of it, but DC CVAC takes as long and is broken on some cores (Cortex-A53 erratum 819472).
 *
 * Where lines are of 64 bytes, as on all of Arm's own cores, and DC ZVA (C5.3.8) writes as much, a
 * page is one run of instructions, which halves what a donation costs.
 */
#include "cache.h"

#include <string.h>

#include "corevisor/limits.h"

#define LINE 64U
/* DCZID_EL0: allowed, 2^4 words. */
#define DCZID_LINE 4U

/* Do something to each of a page's lines; va: a variable, after it the end of the page. */
#define EACH_LINE(instructions, va) \
	__asm__ volatile(".rept 64\n" instructions "add %0, %0, #64\n.endr" : "+r"(va) : : "memory")

_Static_assert(64U * LINE == CV_PAGE_SIZE, "EACH_LINE goes over a page");

/* Of the data caches: CTR_EL0.DminLine, in words. */
static u64 line_size(void)
{
	return 4ULL << ((sysreg_read(ctr_el0) >> 16) & 0xf);
}

void cache_flush_pages(const void *va, u64 size)
{
	u64 p = (u64)va, end = p + size;

	if (line_size() != LINE) {
		cache_flush(va, size);
		return;
	}
	while (p < end)
		EACH_LINE("dc civac, %0\n", p);
	dsb_sy();
}

void cache_clear_pages(void *va, u64 size)
{
	u64 p = (u64)va, end = p + size;

	if (line_size() != LINE || (sysreg_read(dczid_el0) & DCZID_FIELDS) != DCZID_LINE) {
		memset(va, 0, size);
		cache_flush(va, size);
		return;
	}
	while (p < end)
		EACH_LINE("dc zva, %0\ndc civac, %0\n", p);
	dsb_sy();
}
