/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM: its file, its start, its end. */
#ifndef COREVISOR_VM_H
#define COREVISOR_VM_H

#include "corevisor.h"

/* KVM_CREATE_VM: a file descriptor, or an errno. */
int cv_vm_create(unsigned long type);

/* KVM_CHECK_EXTENSION, of /dev/kvm and of a VM. */
int cv_check_extension(unsigned long cap);

/* The widest IPA space, in bits. */
u32 cv_ipa_bits(void);

/*
 * The first KVM_RUN of vCPU 0: hand image, vCPUs and RAM to the core. 0 if that is done, also by
 * an earlier call. After an error the VM is as before, or, where its memory was already taken
 * from user space, dead (-EIO from then on).
 */
int cv_vm_start(struct cv_vm *vm);

/*
 * Parts of a start, for a VM that comes out of a snapshot: account its memory and give it an id;
 * tell the core its vCPUs. And what is done when it cannot go on: the core's side of it goes, and it
 * is dead. Locks: vm->lock.
 */
int cv_vm_register(struct cv_vm *vm);
int cv_vm_register_vcpus(struct cv_vm *vm);
void cv_vm_fail(struct cv_vm *vm);

/* It has ended by itself, or cannot go on: no vCPU runs again. */
void cv_vm_stop(struct cv_vm *vm);

#endif
