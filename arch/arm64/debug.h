/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A debug build (make debug: build/debug/corevisor.bin) has one more call, for any host that asks:
 *
 *   HVC 0xc6003000 () -> X0: 0 if all invariants hold, else the number of one that does not
 *   (enum invariant); X1: map, X2: gfn, X3: pfn it is about
 *
 * It runs the executable invariant checker over all state, with every lock held; this takes up to
 * seconds. No other CPU may be entering or leaving a vCPU meanwhile: what a CPU is doing
 * is no shared state, and half of it would look like a violation.
 */
#ifndef ARM64_DEBUG_H
#define ARM64_DEBUG_H

#include "percpu.h"

#ifdef CV_DEBUG
/* Was it that call? */
bool debug_call(struct regs *regs);
#else
static inline bool debug_call(struct regs *regs)
{
	(void)regs;
	return false;
}
#endif

#endif
