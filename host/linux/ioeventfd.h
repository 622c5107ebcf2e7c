/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM_IOEVENTFD: a write to an address wakes whoever waits on an eventfd. */
#ifndef COREVISOR_IOEVENTFD_H
#define COREVISOR_IOEVENTFD_H

#include "corevisor.h"

/* The ioctl. Locks: vm->lock. */
long cv_ioeventfd(struct cv_vm *vm, const void __user *user);

/* A vCPU wrote: is that all, because an eventfd was for it? No lock needed. */
bool cv_ioeventfd_write(struct cv_vm *vm, u64 addr, u32 size, u64 data);

/* All of them; nothing of the VM runs. */
void cv_ioeventfd_release(struct cv_vm *vm);

#endif
