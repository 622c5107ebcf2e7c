/* SPDX-License-Identifier: BSD-3-Clause */
/* What each physical CPU has of its own. TPIDR_EL2 points to it. */
#ifndef ARM64_PERCPU_H
#define ARM64_PERCPU_H

#include "core/types.h"
#include "corevisor/limits.h"
#include "layout.h"
#include "sysreg.h"

/* General registers of what was interrupted, as vectors.S saves them. */
struct regs {
	u64 x[31];
	u64 pad;
};

_Static_assert(sizeof(struct regs) == REGS_SIZE, "vectors.S reserves REGS_SIZE");

/* PSCI power state of a CPU, as the host sees it (DEN0022, 6.6). */
enum power {
	POWER_OFF,
	POWER_ON_PENDING,
	POWER_ON,
};

/*
 * index, mpidr: set at boot. power: changed by compare-and-swap, or by the CPU
 * itself while it is on. entry, context: where the host continues after the
 * CPU comes on; written by who moved `power` to ON_PENDING, or by the CPU itself
 * before it suspends.
 */
struct percpu {
	u32 index;
	u32 power; /* enum power */
	u64 mpidr;
	u64 entry;
	u64 context;
};

extern struct percpu percpu[CV_MAX_CPUS];
extern u32 nr_cpus;

static inline struct percpu *this_cpu(void)
{
	return (struct percpu *)sysreg_read(tpidr_el2);
}

/* Top of a CPU's stack. */
static inline u64 stack_top(u32 index)
{
	return VA_STACKS + ((u64)index + 1U) * STACK_SLOT;
}

/* Registers of what this CPU interrupted: they are always at the same place. */
static inline struct regs *this_regs(void)
{
	return (struct regs *)(stack_top(this_cpu()->index) - REGS_SIZE);
}

#endif
