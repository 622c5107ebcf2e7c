/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage 2 faults of the host.
 */
#ifndef CORE_FAULT_H
#define CORE_FAULT_H

#include "core/lock.h"
#include "core/types.h"

/*
 * The host touched `addr` (bytes, any value) and its map has nothing there.
 * Returns 0: mapped now, continue at the same instruction. Else the machine injects a data
 * abort with FSC 0x21 (doc/architecture.md says why that one); nothing changed.
 * Locks held: none; takes page, map.
 */
/*@ ENTRY_REQUIRES
    terminates \true; exits \false;
    ENTRY_ENSURES
    ensures result: \result <= 0; */
int host_fault(u64 addr);

#endif
