/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the host may learn from an exit, and what a VM may find changed when it
 * goes on: worked out from the trap, never from what the core did with it.
 */
#ifndef SIM_VCPU_CHECK_H
#define SIM_VCPU_CHECK_H

#include "core/trap.h"
#include "core/types.h"
#include "core/vcpu_context.h"

/* The vCPU traps with these registers. */
void vcpu_check_trap(u32 vm, u32 slot, const struct vm_trap *trap, const struct vcpu_context *regs);

/* The core has given it an abort: these may have changed. */
void vcpu_check_aborted(u32 slot, const struct vcpu_context *regs, const u64 *sys);

/* It goes on with these. */
void vcpu_check_entry(u32 vm, u32 slot, const struct vcpu_context *now);
void vcpu_check_gic(u32 vm, const struct vcpu_context *now);

/* It has stopped, and the host can read its run page. */
void vcpu_check_exit(u32 vm, u32 slot, u64 run_pfn);

/* The context is to be given new registers. */
void vcpu_check_forget(u32 slot);

#endif
