/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the operation under way has touched: frames, translations, contents. So
 * that checking it afterwards costs as much as it did, not as much as the machine
 * is big. Off while CPUs run in parallel.
 */
#ifndef SIM_TOUCH_H
#define SIM_TOUCH_H

#include "core/types.h"

#define TOUCH_FRAMES 32U
#define TOUCH_LEAVES 32U
#define TOUCH_COPIES 4U
#define TOUCH_READS 64U

struct touched_leaf {
	u64 gfn;
	u32 map;
	u32 level;
};

struct touched_content {
	u64 pfn;
	u8 bytes[4096];
};

struct touched {
	u64 frame[TOUCH_FRAMES]; /* the first half are the first, the rest the last */
	struct touched_leaf leaf[TOUCH_LEAVES];
	struct touched_content before[TOUCH_COPIES]; /* frames the core wrote */
	struct touched_content read[TOUCH_READS]; /* frames it read whole: what it got */
	u64 nr_frames;
	u64 nr_leaves;
	u32 nr_before;
	u32 nr_read;
	u64 table_hash; /* of all tables, kept up to date by every write */
};

extern struct touched touched;

void touch_begin(void);
void touch_frame(u64 pfn);
void touch_content(u64 pfn);
void touch_read(u64 pfn, u32 offset, const void *data, u32 size);

/* The last content of a frame that the core read whole, or NULL. */
const u8 *touch_last_read(u64 pfn);

#endif
