/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SMMUv3 (Arm IHI 0070): every stream is translated by stage 2 tables of the core, or
 * aborted. The seam's machine_stream_* and, for the maps of DMA contexts,
 * machine_map_invalidate* end here.
 */
#ifndef ARM64_SMMU_H
#define ARM64_SMMU_H

#include "core/types.h"
#include "sysreg.h"

/*
 * Take over the SMMU whose registers are at `pa`: from here on every transaction is aborted.
 * Returns NULL, or what it lacks; it is not used then.
 */
const char *smmu_init(u64 pa, u64 size);

/*
 * Devices write MSIs to this frame: the default context maps it, beside what the core's
 * table says. It is below 512 GB, and no RAM lies in its GB. After smmu_init(), before core_init().
 */
void smmu_set_doorbell(u64 pa);

/* Streams there are; 0 without an SMMU. */
u32 smmu_streams(void);

/* Translate, once core_init() has bound the streams. */
void smmu_enable(void);

/* The tables of `map`, a DMA context's, are used for a stream; no tables: it is aborted. */
void smmu_bind(u32 stream, u32 map);
void smmu_cut(u32 stream);

/* Invalidate `frames` IOVA frames of a DMA context's map from gfn on; frames 0: all. */
void smmu_invalidate(u32 map, u64 gfn, u64 frames);

/* An entry of a table of the pool has been written. */
void smmu_table_written(u32 table, u32 index, u64 desc);

/* When the event queue is to be looked at next, by the physical counter; without an SMMU never. */
extern u64 smmu_next_poll;
void smmu_drain_events(void);

/* Report the events that came in; cheap when called often. */
static inline void smmu_poll(void)
{
	if (sysreg_read(cntpct_el0) >= smmu_next_poll)
		smmu_drain_events();
}

#endif
