/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that grows with the machine: the ownership records (frames[]), the pool
 * of translation tables (table_pool[]) and the CPUs' stacks are taken from the top of RAM at boot.
 */
#ifndef ARM64_CARVE_H
#define ARM64_CARVE_H

#include "core/types.h"
#include "platform.h"

/* range: the RAM taken, 2 MB aligned. The pool is at its start. */
struct carve {
	struct range range;
	u32 nr_tables;
};

/*
 * Choose the RAM for a machine as `platform` says it, clear of everything it says to avoid.
 * Returns false if there is no such place.
 */
bool carve_choose(struct carve *carve);

/*
 * Map it where the arrays are linked, all zero. Records of what is not RAM share
 * one page: they say the same and never change. Returns false when EL2's own tables are used up.
 */
bool carve_map(const struct carve *carve);

#endif
