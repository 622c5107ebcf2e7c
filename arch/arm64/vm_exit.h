/* SPDX-License-Identifier: BSD-3-Clause */
/* Exceptions of a VM: called from vectors.S with its context. */
#ifndef ARM64_VM_EXIT_H
#define ARM64_VM_EXIT_H

#include "core/vcpu_context.h"

/* Each returns the context to go on with; NULL: the host. */
struct vcpu_context *vm_exit_sync(struct vcpu_context *ctx);
struct vcpu_context *vm_exit_irq(struct vcpu_context *ctx);
struct vcpu_context *vm_exit_serror(struct vcpu_context *ctx);

#endif
