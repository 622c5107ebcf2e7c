/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Simulated CPUs: registers, and which world runs.
 */
#ifndef SIM_CPU_H
#define SIM_CPU_H

#include "core/trap.h"
#include "core/types.h"
#include "core/vcpu_context.h"
#include "corevisor/limits.h"

struct sim_cpu {
	struct vcpu_context regs; /* live */
	struct vcpu_context host; /* the host's, while a VM runs */
	u32 vm; /* whose map is loaded: 0 is the host */
	u32 slot;
	u32 kick; /* operations until a kick is taken; 0: none */
};

extern struct sim_cpu sim_cpus[CV_MAX_CPUS];

/* Make the thread that asks run as that CPU. Returns the one before. */
u32 cpu_become(u32 cpu);

/* The VM on this CPU traps. */
void cpu_trap(struct vm_trap trap);

/* Fill every register of the world that runs with words of its own. */
void cpu_fill_registers(u64 seed);

#endif
