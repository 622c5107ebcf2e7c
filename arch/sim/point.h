/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preemption points: every call of the seam is one. There the simulator may run
 * operations of other CPUs and devices, on the same stack, inside the operation
 * that is being executed.
 */
#ifndef SIM_POINT_H
#define SIM_POINT_H

#include "core/types.h"

/* Something is waiting to run inside the operation under way. */
extern bool point_armed;

void point_reached(void);

/* Has nothing yet run inside the operation that asks? */
bool point_undisturbed(void);

static inline void sim_point(void)
{
	if (point_armed)
		point_reached();
}

/* Locks that CPU holds; that all CPUs hold together (deterministic mode only). */
u32 locks_held(u32 cpu);
u32 locks_held_total(void);
bool lock_held_by(u32 cpu, u32 rank);

#endif
