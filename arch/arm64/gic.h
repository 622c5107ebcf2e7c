/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The GICv3 (IHI 0069): this CPU's list registers, and the two interrupts that take it out of a
 * VM on the VM's own behalf. Distributor, redistributors and all other interrupts are the host's.
 */
#ifndef ARM64_GIC_H
#define ARM64_GIC_H

#include "core/types.h"
#include "core/vcpu_context.h"

/* Each CPU gets its redistributor. Boot only, after devices_init(). */
void gic_init(void);

/* The CPU interface of this CPU, for the host; its registers for VMs are empty. */
void gic_init_cpu(void);

/* Can VMs run on this CPU? */
bool gic_usable(void);

/* Load a vCPU's virtual interrupts, and let its timer interrupt it. */
void gic_enter_vm(const struct vcpu_context *ctx);

/* Save them; no interrupt is virtual any more. CNTV_CTL_EL0 is still the vCPU's. */
void gic_leave_vm(struct vcpu_context *ctx);

#endif
