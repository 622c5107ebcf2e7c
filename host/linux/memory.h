/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of a VM. What user space gives (slots) is only where the image comes from: when the VM
 * starts, its non-zero pages are copied, and from then on the addresses of the slots belong to a
 * mapping of ours. The frames that the VM gets are the module's own, allocated when it first
 * touches them. So no page cache, swap, fork, ptrace or core dump ever meets a frame that is not
 * the host's any more.
 */
#ifndef COREVISOR_MEMORY_H
#define COREVISOR_MEMORY_H

#include "corevisor.h"

struct kvm_userspace_memory_region;

/*
 * For frames of VMs. The OOM killer does not see whose they are: rather ENOMEM for the VM than a
 * bystander killed.
 */
#define CV_GFP (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* KVM_SET_USER_MEMORY_REGION, with its errnos. Locks: vm->lock. */
int cv_memory_set_slot(struct cv_vm *vm, const struct kvm_userspace_memory_region *region);

/* The slots in use in order of their addresses. Returns how many. Locks: vm->lock. */
u32 cv_memory_sort(const struct cv_vm *vm, const struct cv_slot *sorted[CV_NR_SLOTS]);

/* The frame that the VM has, or will have as image, at gfn; or NULL. No lock needed. */
struct page *cv_memory_page(struct cv_vm *vm, u64 gfn);

/* Account the VM's RAM to its owner's RLIMIT_MEMLOCK. -ENOMEM: too much. Locks: vm->lock. */
int cv_memory_account(struct cv_vm *vm);

/* Put our mapping in place of the slots'. Locks: vm->lock. */
int cv_memory_replace_slots(struct cv_vm *vm);

/* The first frame that the VM has from *gfn on, and its gfn there; or NULL. */
struct page *cv_memory_next(struct cv_vm *vm, u64 *gfn);

/*
 * LOAD_PAGE: give the VM a frame with a page of a snapshot, CV_PAGE_SIZE bytes. -EBADMSG: it has no
 * memory there. -EKEYREJECTED, and others of the core's.
 */
int cv_memory_load(struct cv_vm *vm, u64 gfn, const void *data, const u64 tag[2]);

/*
 * User space has put zeros at gfn, or in the block around it: have that frame ready for the VM, or one
 * of 2 MB if there is any, so that its first touch need not wait for it. Locks: vm->lock.
 */
int cv_memory_spare_page(struct cv_vm *vm, u64 gfn, struct page *page);
void cv_memory_spare_block(struct cv_vm *vm, u64 gfn);

/* CV_EXIT_MEMORY: give the VM a frame, or a block. */
int cv_memory_fault(struct cv_vm *vm, u64 gfn);

/* Take all frames back. The VM is powered off, or was never registered. */
void cv_memory_release(struct cv_vm *vm);

#endif
