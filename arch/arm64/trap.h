/* SPDX-License-Identifier: BSD-3-Clause */
/* Exceptions: called from vectors.S, and what others need to raise one. */
#ifndef ARM64_TRAP_H
#define ARM64_TRAP_H

#include "core/types.h"
#include "percpu.h"

/* Exceptions of the host. Each returns the vCPU context to go on with; NULL: the host. */
struct vcpu_context *trap_sync(struct regs *regs);
struct vcpu_context *trap_irq(struct regs *regs);
struct vcpu_context *trap_serror(struct regs *regs);
_Noreturn void trap_fatal(u64 sp, u64 vector, u64 esr, u64 elr, u64 far);

/*
 * Make the EL1 of this CPU, the world whose registers are loaded, take a synchronous exception
 * with syndrome `esr` at *pc, *pstate, which become those of its vector. FAR_EL1 is the caller's
 * business.
 */
void trap_inject_sync(u64 esr, u64 *pc, u64 *pstate);

#endif
