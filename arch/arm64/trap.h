/* SPDX-License-Identifier: BSD-3-Clause */
/* Exceptions: called from vectors.S, and what others need to raise one. */
#ifndef ARM64_TRAP_H
#define ARM64_TRAP_H

#include "core/types.h"
#include "percpu.h"

void trap_sync(struct regs *regs);
void trap_irq(struct regs *regs);
void trap_serror(struct regs *regs);
_Noreturn void trap_fatal(u64 sp, u64 vector, u64 esr, u64 elr, u64 far);

/*
 * Make the EL1 of this CPU take a synchronous exception with syndrome `esr` when the
 * core returns. FAR_EL1 is the caller's business.
 */
void trap_inject_sync(u64 esr);

#endif
