/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FP/SIMD registers of VMs, lazily: while the host's are in the CPU, a VM's access traps
 * (CPTR_EL2.TFP). Each run of a vCPU starts like that, and ends with the host's back.
 */
#ifndef ARM64_FP_H
#define ARM64_FP_H

#include "core/types.h"

/* The VM on this CPU used an FP register: put the host's away, load its own. */
void fp_enter_vm(void);

/* The VM on this CPU leaves: if its FP registers are loaded, swap back. */
void fp_leave_vm(void);

#endif
