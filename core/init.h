/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state at boot.
 */
#ifndef CORE_INIT_H
#define CORE_INIT_H

#include "core/types.h"

#define CORE_MAX_BANKS 16U

/* A range of frames. */
struct frame_range {
	u64 pfn;
	u64 frames;
};

/*
 * What the machine tells the core. RAM banks are disjoint, in ascending order, below
 * CV_MAX_FRAMES.
 * Kept: ranges of RAM that are the core's own (its image, records, table pool). The pool is
 * table_pool[], at frame pool_pfn; it reads zero and lies in a kept range.
 */
struct core_config {
	struct frame_range ram[CORE_MAX_BANKS];
	struct frame_range kept[CORE_MAX_BANKS];
	u32 nr_ram;
	u32 nr_kept;
	u32 ipa_bits;
	u32 nr_tables;
	u64 pool_pfn;
};

/*
 * Set up all state: records, the host's map in the largest blocks, the default DMA
 * context. Runs once, on one CPU, before the host or any device runs; frames[] up to the
 * top of RAM is backed. Returns 0, CV_EINVAL for a configuration that cannot
 * be, CV_ENOMEM for a pool that is too small, CV_ENOSPC for a store with more VMs than fit.
 */
int core_init(struct core_config config);

#endif
