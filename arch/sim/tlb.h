/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What walks the core's tables: the MMU of every CPU and the SMMU. They keep
 * what they have read, leaves and tables, until the core invalidates it.
 */
#ifndef SIM_TLB_H
#define SIM_TLB_H

#include "core/types.h"

/* The SMMU's; the CPUs' are 0 to CV_MAX_CPUS - 1. */
#define TLB_SMMU CV_MAX_CPUS

struct translation {
	u64 pfn;
	u64 attr; /* DESC_ATTR_* */
};

/*
 * Translate a gfn of a map for one unit. False: a stage 2 fault. While
 * CPUs run in parallel the caller holds tlb_lock(unit) until the access is done.
 */
bool tlb_translate(u32 unit, u32 map, u64 gfn, struct translation *out);

void tlb_lock(u32 unit);
void tlb_unlock(u32 unit);
void tlb_init(void);

/*
 * No unit holds a translation of these frames that the tables do not have: true
 * between operations. Returns the unit that does, or -1.
 */
int tlb_stale(u32 map, u64 gfn, u64 frames);

#endif
