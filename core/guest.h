/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls of VMs (HVC or SMC): PSCI 1.1 (DEN0022), SMCCC 1.2 (DEN0028), TRNG 1.0
 * (DEN0098), and Corevisor's own (include/corevisor/hypercall.h).
 */
#ifndef CORE_GUEST_H
#define CORE_GUEST_H

#include "core/lock.h"
#include "core/types.h"

/*
 * The vCPU in `slot`, ACTIVE on this CPU, called: X0 is the function, X1 to X3 its
 * arguments, any values. Results go to X0 to X3; some calls then leave for the host.
 * Locks held: none.
 */
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    ENTRY_ENSURES */
void guest_call(u32 vm, u32 slot);

#endif
