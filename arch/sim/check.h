/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is checked around every operation, besides what the shadow sees.
 */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "arch/sim/op.h"

/* How often each kind of check has been made. */
enum check_kind {
	CHECK_FRAME,
	CHECK_LEAF,
	CHECK_STALE,
	CHECK_TABLES,
	CHECK_ALL,
	CHECK_REFUSED,
	CHECK_REFUSED_FULL,
	CHECK_CONTENT,
	NR_CHECKS,
};

extern u64 check_counts[NR_CHECKS];
extern const char *const check_names[NR_CHECKS];

/* Compare everything, not samples: for scripts. */
extern bool check_thorough;

/* Before and after an operation. `disturbed`: others changed state inside it. */
void check_before(const struct op *op);
void check_after(const struct op *op, const struct result *result, bool disturbed);

/* Every invariant, everywhere. */
void check_everything(void);

/* The quick parts of check_everything, at quiescent points of parallel runs. */
void check_quiescent(void);

#endif
