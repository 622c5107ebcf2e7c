/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An operation with what others do inside it.
 */
#ifndef SIM_STEP_H
#define SIM_STEP_H

#include "arch/sim/op.h"

#define STEP_NESTED 4U

struct step {
	struct op op;
	struct op nested[STEP_NESTED]; /* at: preemption point, counted from 0 */
	struct result result[STEP_NESTED];
	bool reached[STEP_NESTED];
	u32 nr_nested;
};

/* Do it, check everything that can be checked. */
struct result step_run(struct step *step);

#endif
