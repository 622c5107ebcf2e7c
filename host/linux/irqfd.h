/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM_IRQFD: a write to an eventfd is an interrupt. */
#ifndef COREVISOR_IRQFD_H
#define COREVISOR_IRQFD_H

#include "corevisor.h"

/* Locks: vm->lock. */
long cv_irqfd(struct cv_vm *vm, const void __user *user);

/* Nothing of the VM is open any more. */
void cv_irqfd_release(struct cv_vm *vm);

#endif
