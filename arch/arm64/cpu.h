/* SPDX-License-Identifier: BSD-3-Clause */
/* The CPU's own registers: what EL2 needs, and what the host is given. */
#ifndef ARM64_CPU_H
#define ARM64_CPU_H

#include "core/types.h"

/* Optional features that the world switch asks for; this_cpu()->features has these bits. */
enum cpu_feature {
	CPU_PAUTH = 1 << 0,
	CPU_SVE = 1 << 1,
	CPU_SME = 1 << 2,
	CPU_RAS = 1 << 3,
	CPU_LOR = 1 << 4,
	CPU_MPAM = 1 << 5,
	CPU_AMU = 1 << 6,
	CPU_FGT = 1 << 7,
	CPU_HCX = 1 << 8,
	CPU_PMU = 1 << 9,
	CPU_SPE = 1 << 10, /* and it is not EL3's */
	CPU_TRBE = 1 << 11, /* the same */
	CPU_TRF = 1 << 12,
	CPU_BRBE = 1 << 13,
	CPU_FGT2 = 1 << 15,
	CPU_GIC = 1 << 14, /* the GICv3 CPU interface, by system registers */
};

static inline bool cpu_has(u32 features, enum cpu_feature feature)
{
	return (features & (u32)feature) != 0;
}

/*
 * What this CPU lacks to run the core with `ipa_bits` of stage 2 input address;
 * NULL if nothing.
 */
const char *cpu_missing(u32 ipa_bits);

/*
 * Set up EL2 of this CPU to run the host at EL1 on stage 2 root `root_pa`: every
 * feature the CPU has is the host's, as if EL2 were not there.
 */
void cpu_init_host(u32 ipa_bits, u64 root_pa);

/*
 * The registers of EL2 that say what EL1 may do: as the host needs them, and as a VM does. Both
 * leave HCR_EL2.VM and the rest of stage 2 to the caller.
 */
void cpu_control_host(void);
void cpu_control_vm(u64 vmpidr);

/* This CPU's VMID size in bits. */
u32 cpu_vmid_bits(void);

#endif
