/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RAM: sparse, with a cache in front of it as far as it matters here. What a
 * cacheable access sees is in the RAM array; a frame that non-cacheable
 * accesses see differently has a second copy, until the core cleans it.
 */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include "core/types.h"

void memory_init(void);

/* The bytes of a frame of RAM, as cacheable accesses see them. */
u8 *memory_frame(u64 pfn);

/* One aligned 64-bit access of a CPU or a device. */
u64 memory_load(u64 pfn, u32 offset, bool cacheable);
void memory_store(u64 pfn, u32 offset, u64 value, bool cacheable);

/* Has the frame ever been written since it was last wiped? */
bool memory_touched(u64 pfn);

/* Do the two views of a frame differ? */
bool memory_incoherent(u64 pfn);

#endif
