/* SPDX-License-Identifier: BSD-3-Clause */
/* Data cache maintenance by address (Arm ARM D7.5.9). */
#ifndef ARM64_CACHE_H
#define ARM64_CACHE_H

#include "sysreg.h"

/* Clean and invalidate to the point of coherency: memory has it, whoever reads with no cache. */
static inline void cache_flush(const void *va, u64 size)
{
	u64 line = 4ULL << ((sysreg_read(ctr_el0) >> 16) & 0xf); /* CTR_EL0.DminLine, words */

	for (u64 p = (u64)va & ~(line - 1); p < (u64)va + size; p += line)
		__asm__ volatile("dc civac, %0" : : "r"(p) : "memory");
	dsb_sy();
}

/* The same for whole pages, fast; and made all zero first. */
void cache_flush_pages(const void *va, u64 size);
void cache_clear_pages(void *va, u64 size);

#endif
