/* SPDX-License-Identifier: GPL-2.0-only */
/* The first KVM_RUN: from what user space has set up to a VM that the core has verified. */
#ifndef COREVISOR_KO_IMAGE_H
#define COREVISOR_KO_IMAGE_H

struct cv_vm;

/*
 * Announce and add the image: the pages of the slots that are not zero, in ascending order, in
 * regions as include/corevisor/image.h makes them of each slot. If those are too many for the VM,
 * the ones that lie closest in one slot are joined.
 * The VM is registered, its RAM declared. Locks: vm->lock. -EFAULT: a slot has no memory.
 */
int cv_image_load(struct cv_vm *vm);

/* VERIFY_VM to its end. Locks: vm->lock. */
int cv_image_verify(struct cv_vm *vm);

#endif
