/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state of the machine as the noninterference checks see it: what core/ declares, and models
 * of the translation tables (by the contracts of core/table.h) and of RAM.
 */
#ifndef PROOF_CBMC_NI_STATE_H
#define PROOF_CBMC_NI_STATE_H

#include "core/dma.h"
#include "core/machine.h"
#include "core/mem.h"
#include "core/page.h"
#include "core/state.h"
#include "core/table.h"
#include "corevisor/error.h"

/* Leaves of all maps. */
#define NI_LEAVES (CV_NR_MAPS * NI_GFNS)
#define NR_VMS (CV_MAX_VMS + 1U)

/* All that differs between the two runs. */
struct world {
	struct frame frames[CV_MAX_FRAMES];
	u8 content[CV_MAX_FRAMES]; /* one word of each frame */
	u8 map[NI_LEAVES]; /* map_of, map m at m * NI_GFNS: 0, or leaf_of(desc) */
	u8 depth[NI_LEAVES]; /* depth_of */
	u32 tables_free;
	u32 vm_state[NR_VMS];
	u64 vm_frames[NR_VMS];
	u8 vm_verifying[NR_VMS];
	u8 vm_reclaimed[NR_VMS];
	u32 vm_snapshot[NR_VMS];
	struct dma_context dma[CV_MAX_DMA_CONTEXTS];
	struct io_claim claims[CV_MAX_IO_CLAIMS];
	u8 vcpu_state;
	u64 vcpu_run_pfn;
};

/*
 * A leaf in few bits, for the solver's sake: every leaf that core/ makes is
 * desc_page(pfn, DESC_ATTR_MEMORY or DESC_ATTR_DEVICE), which map_set_page() asserts.
 */
static inline u8 leaf_of(u64 desc)
{
	return (u8)(1U + 2U * (desc_pfn(desc) % NI_GFNS) +
		    (desc_attr(desc) == DESC_ATTR_DEVICE ? 1U : 0U));
}

static inline bool leaf_is_device(u8 leaf)
{
	return leaf % 2U == 0U;
}

static inline u32 leaf_pfn(u8 leaf)
{
	return ((leaf - 1U) / 2U) % NI_GFNS;
}

/* The world that core/ runs in: the tables and RAM are in here, the rest is core/'s own. */
extern struct world now;

void world_enter(const struct world *w);
void world_leave(struct world *w);

/* The invariants of core/invariant.h, every one of them that speaks of what is in struct world. */
bool world_invariants(const struct world *w);

/* The records of a world, as frame_owner() and the others return them. */
#define W_IN_RAM(p) ((p) < nr_frames && (p) < CV_MAX_FRAMES)
#define W_OWNER(w, p) (W_IN_RAM(p) ? (w)->frames[p].owner : CV_INVALID_ID)
#define W_COUNT(w, p) (W_IN_RAM(p) ? (w)->frames[p].count : 0U)
#define W_GFN(w, p) (W_IN_RAM(p) ? (w)->frames[p].gfn_low : 0U)

extern enum machine_device devices[NI_GFNS];
extern struct table_geometry table_geometry;

/* What the CPU of a principal, or a device, reads and writes at gfn. The core has no code for
 * these: the hardware does them through the map. False: it faults, or it is no RAM. */
bool map_load(u32 map, u64 gfn, u8 *value);
bool map_store(u32 map, u64 gfn, u8 value);

#endif
