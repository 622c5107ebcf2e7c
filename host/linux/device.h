/* SPDX-License-Identifier: GPL-2.0-only */
/* The vGIC as user space has it: a device, and interrupt lines. */
#ifndef COREVISOR_DEVICE_H
#define COREVISOR_DEVICE_H

#include "corevisor.h"

/* KVM_CREATE_DEVICE. Locks: vm->lock. */
long cv_device_create(struct cv_vm *vm, void __user *user);

/* KVM_IRQ_LINE. */
long cv_irq_line(struct cv_vm *vm, const void __user *user);

#endif
