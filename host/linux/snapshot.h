/* SPDX-License-Identifier: GPL-2.0-only */
/* Snapshots: KVM_COREVISOR_SAVE and KVM_COREVISOR_LOAD (corevisor/kvm.h). */
#ifndef COREVISOR_KO_SNAPSHOT_H
#define COREVISOR_KO_SNAPSHOT_H

#include "corevisor.h"

/* How far a VM's is. */
struct cv_snapshot {
	u32 kind; /* of the next record to save, or of the last one loaded */
	u64 next; /* save: gfn, vCPU or bank from which on to look for it */
	struct page *buffer; /* what the core writes to and reads from */
};

/* The ioctls. Locks: vm->lock. */
long cv_snapshot_save(struct cv_vm *vm, void __user *user);
long cv_snapshot_load(struct cv_vm *vm, const void __user *user);

void cv_snapshot_free(struct cv_vm *vm);

#endif
