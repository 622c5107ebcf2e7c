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

/* What the registers of a context should be when it is entered next. */
void cpu_forget_context(u32 slot);

/* Fill every register of the world that runs with words of its own. */
void cpu_fill_registers(u64 seed);

/* The VM may find this general register changed when it goes on. */
void cpu_expect_change(u32 slot, u32 reg);

#endif
