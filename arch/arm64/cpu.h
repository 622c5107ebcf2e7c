/* SPDX-License-Identifier: BSD-3-Clause */
/* The CPU's own registers: what EL2 needs, and what the host is given. */
#ifndef ARM64_CPU_H
#define ARM64_CPU_H

#include "core/types.h"

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

/* HCR_EL2 while the host runs. */
u64 cpu_host_hcr(void);

/* This CPU's VMID size in bits. */
u32 cpu_vmid_bits(void);

#endif
