/* SPDX-License-Identifier: BSD-3-Clause */
/* What each physical CPU has of its own. TPIDR_EL2 points to it. */
#ifndef ARM64_PERCPU_H
#define ARM64_PERCPU_H

#include "core/types.h"
#include "core/vcpu_context.h"
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
 * vm: context of the vCPU that runs here, NULL while the host does. index, mpidr, redist
 * (SGI_base frame of the CPU's GIC redistributor, 0: none): set at boot. power: changed by
 * compare-and-swap, or by the CPU itself while it is on. entry, context: where the host
 * continues after the CPU comes on; written by who moved `power` to ON_PENDING, or by the CPU
 * itself before it suspends. The rest is the CPU's own.
 */
struct percpu {
	struct vcpu_context *vm;
	u32 index;
	u32 power; /* enum power */
	u64 mpidr;
	u64 entry;
	u64 context;
	u64 redist;
	u64 hcr; /* HCR_EL2 of the host here, */
	u64 hcr_vm; /* of VMs; */
	u64 mdcr; /* MDCR_EL2 and HCRX_EL2 of the host */
	u64 hcrx;
	u32 features; /* enum cpu_feature */
	u32 fp_is_vm; /* its FP registers are in the CPU (fp.c) */
	u16 last_slot[CV_MAX_VMS + 1]; /* which vCPU of each VM ran here last; 0: none, else + 1 */
};

_Static_assert(offsetof(struct percpu, vm) == PERCPU_VM, "vectors.S");
_Static_assert(offsetof(struct vcpu_context, pc) == CONTEXT_PC, "vectors.S");
_Static_assert(offsetof(struct vcpu_context, pstate) == CONTEXT_PSTATE, "vectors.S");

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
