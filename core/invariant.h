/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The invariants, executable. They hold between any two primitives; the checker
 * reads the state only and needs it to stand still (page, map and DMA locks,
 * or nobody else running).
 */
#ifndef CORE_INVARIANT_H
#define CORE_INVARIANT_H

#include "core/types.h"

/* The ten of the seed (Invs), state_inv, and those added here. */
enum invariant {
	INV_NONE, /* no violation */
	INV_SPT_CONS,
	INV_HOST_NPT_CONS,
	INV_HOST_FLATMAP,
	INV_HOST_S2_MAP,
	INV_PAGE_0_INVALID,
	INV_HOST_ISO,
	INV_VM_ISO,
	INV_SMMU_VM,
	INV_SMMU_ISO,
	INV_SMMU_COUNT,
	INV_STATE,
	INV_CORE_ISO,
	INV_FRESH_VM,
	INV_ONE_GFN,
	INV_DEFAULT_DMA_ISO,
	NR_INVARIANTS,
};

/* The name of an invariant as in the seed, such as "host_iso". */
const char *invariant_name(enum invariant inv);

/* What is wrong, and where. */
struct violation {
	enum invariant inv;
	u32 map; /* of the mapping, if it is about one */
	u64 gfn;
	u64 pfn;
};

/* All invariants about one frame (any number): its record and what maps it. */
struct violation invariant_check_frame(u64 pfn);

/* All invariants about one mapping, present or not. */
struct violation invariant_check_leaf(u32 map, u64 gfn);

/* state_inv of every CPU, smmu_vm, fresh_vm: everything that is not by frame. */
struct violation invariant_check_tables(void);

/* Everything: every frame of the records, every leaf of every map. Slow. */
struct violation invariant_check_all(void);

#endif
