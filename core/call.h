/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls of the host: HVC from its EL1. (Those of VMs: core/guest.h.)
 */
#ifndef CORE_CALL_H
#define CORE_CALL_H

#include "core/lock.h"
#include "core/result.h"
#include "core/types.h"

/*
 * The host on this CPU called function `id` with X1 to X6 = a1 to a6. Any values are
 * good. The caller puts the result in the host's X0 to X3 and then continues
 * whatever cpus[this CPU].vm says: the host, or, after a VCPU_RUN that succeeded, a VM
 * (the host's X0 is then what it sees when the VM stops).
 * Locks held: none. Source: SMCCC DEN0028 and include/corevisor/hypercall.h.
 */
/*@ ENTRY_REQUIRES
    terminates \true; exits \false;
    ENTRY_ENSURES */
struct call_result host_call(u64 id, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6);

#endif
