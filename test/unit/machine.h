/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The unit tests' machine: core/machine.h on plain memory, one CPU at a time, with
 * a note of everything that the core asked of it.
 */
#ifndef TEST_UNIT_MACHINE_H
#define TEST_UNIT_MACHINE_H

#include "core/state.h"
#include "core/types.h"
#include "core/vcpu_context.h"

/* What has been asked since machine_reset() or machine_forget(). */
struct machine_log {
	u32 clears;
	u32 syncs;
	u32 writes; /* to frames */
	u32 reads; /* 64-bit reads of frames */
	u32 invalidates; /* of a range, and of everything */
	u32 binds;
	u32 cuts;
	u32 enters;
	u32 leaves;
	u32 kicks;
	u32 aborts;
	u32 table_writes;
	u32 break_errors; /* a live entry replaced by another without a break */
	u32 appends; /* to the store */
	u32 lock_errors; /* order broken, or dropped without being held */
	u32 frame_errors; /* a frame outside RAM was touched */
};

extern struct machine_log machine_log;

/* One invalidation. */
struct invalidation {
	u32 map;
	u64 gfn;
	u64 frames;
};

#define MACHINE_MAX_INVALIDATIONS 4096U
extern struct invalidation machine_invalidations[MACHINE_MAX_INVALIDATIONS];

/* Has (map, gfn) been invalidated since the last machine_forget()? */
bool machine_invalidated(u32 map, u64 gfn);

/* Back to the beginning: no locks, zero memory. RAM is [pfn, pfn + nr). */
void machine_reset(u64 ram_pfn, u64 nr);
void machine_forget(void);

/* The CPU that the core is asked on. */
void machine_set_cpu(u32 cpu);
/* Locks held. */
u32 machine_locks_held(void);

/* A frame of RAM. */
u8 *machine_frame(u64 pfn);
u64 machine_ram_pfn(void);
u64 machine_ram_frames(void);

/* Device frames. */
#define DEVICE_HOST_PFN 0x100ULL
#define DEVICE_FREE_PFN 0x110ULL /* 16 assignable ones from here on */
#define DEVICE_KEPT_PFN 0x180ULL

#define MACHINE_STREAMS 8U
/* What each stream goes through: a map, or MACHINE_STREAM_CUT. */
#define MACHINE_STREAM_CUT 0xffffffffU
extern u32 machine_stream_maps[MACHINE_STREAMS];

/* Called in the middle of machine_frame_read64, if set: what a hostile host does meanwhile. */
extern void (*machine_on_read64)(u64 pfn, u32 offset);

/* Called before the core copies from a frame, if set. */
extern void (*machine_on_read)(u64 pfn);

/* The log that survives a reset, of so many records; 0: there is none. */
#define MACHINE_MAX_STORE 64U
extern struct lineage machine_store[MACHINE_MAX_STORE];
extern u32 machine_store_max;
extern u32 machine_store_nr;

/* The same key and entropy at every reset. */
extern u64 machine_now;

#endif
