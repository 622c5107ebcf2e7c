/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * corevisor.ko: the KVM API on top of Corevisor. What its files share.
 *
 * Lifetime: every open file (VM, vCPU, device) and every mapping of a VM's memory holds a
 * reference of the VM. When the last is dropped, nothing of it runs any more: the VM is powered
 * off, its frames are reclaimed, its id is given back (vm.c).
 *
 * Locks, in this order: vm->lock, mmap_lock, vm->mem_lock. Those of the vGIC (vgic.h) are
 * spinlocks, taken with interrupts off and never around a call to what sleeps.
 */
#ifndef COREVISOR_KO_H
#define COREVISOR_KO_H

#include <linux/kref.h>
#include <linux/kvm.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/smp.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "corevisor/limits.h"
#include "corevisor/run.h"

#define CV_NR_SLOTS 32

struct mm_struct;
struct vgic;
struct vgic_vcpu;
struct cv_vm_dir;
struct cv_snapshot;

/* In the order of a life. */
enum cv_vm_phase {
	CV_PHASE_NEW, /* being described: slots, vCPUs, devices, registers */
	CV_PHASE_LOADING, /* a snapshot is coming in: as NEW, but its memory is the VM's already */
	CV_PHASE_STARTED, /* the core has its image; nothing of its shape changes any more */
	CV_PHASE_DEAD, /* it could not be started, or has powered itself off */
};

/* KVM_SET_USER_MEMORY_REGION. size 0: not in use. */
struct cv_slot {
	u64 gpa;
	u64 size;
	u64 hva;
};

struct cv_vcpu {
	struct cv_vm *vm;
	u32 id;
	struct kvm_run *run; /* shared with user space: a page */
	void *page; /* shared with the core: the run page of corevisor/run.h */
	struct vgic_vcpu *vgic;

	struct mutex lock; /* one ioctl at a time */
	bool initialized; /* KVM_ARM_VCPU_INIT */
	bool off; /* not powered on, as far as the host knows */
	bool mmio_read; /* user space owes the core the answer to a read */
	bool timer_level; /* of the virtual timer's interrupt, as the vGIC knows it */
	u64 timer; /* when it fires, in counts; all ones: never */
	u64 poll; /* counts that it looks on in WFI before it sleeps */
	bool sigset_active;
	sigset_t sigset;
	u64 pc; /* before the start: what KVM_SET_ONE_REG gave */
	u64 x0;

	wait_queue_head_t wait; /* blocked: off, or in WFI */
	int cpu; /* that it runs on, or -1. Written with interrupts off */
	call_single_data_t csd; /* to interrupt that CPU */
};

struct cv_vm {
	struct kref ref;
	struct mutex lock; /* phase, slots, new vCPUs, new devices, ioeventfds, irqfds */
	enum cv_vm_phase phase;
	u32 id; /* of the core; 0 until it is started */
	u32 ipa_bits;
	struct mm_struct *mm; /* of the creator: nobody else may use the VM */
	pid_t pid;

	struct cv_slot slots[CV_NR_SLOTS];
	u64 locked_pages; /* accounted to mm */
	struct mutex mem_lock; /* pages, blocks, spares */
	struct xarray pages; /* gfn -> struct page that the VM has there */
	struct xarray blocks; /* gfn / CV_BLOCK_FRAMES -> struct page of 2 MB */
	struct xarray spare_pages; /* the same, of what it has not touched yet */
	struct xarray spare_blocks;

	u32 nr_vcpus;
	struct cv_snapshot *snapshot; /* under way, or done; or NULL */
	struct page *manifest; /* a struct cv_manifest, or NULL */
	struct cv_vcpu *vcpus[CV_MAX_VCPUS]; /* read with cv_vm_vcpu() */
	struct vgic *vgic;
	struct list_head ioeventfds; /* read under RCU */
	u32 nr_ioeventfds;
	struct list_head irqfds; /* those of KVM_IRQFD */
	u32 nr_irqfds;
	wait_queue_head_t started; /* vCPUs that wait for the first to start the VM */
	struct cv_vm_dir *dir; /* in sysfs */
	bool leaked; /* the core kept a frame of it: its run pages stay as well */
};

/* vCPU `id`, or NULL. It lives as long as the VM does. No lock needed. */
static inline struct cv_vcpu *cv_vm_vcpu(struct cv_vm *vm, u32 id)
{
	return id < CV_MAX_VCPUS ? smp_load_acquire(&vm->vcpus[id]) : NULL;
}

/* MPIDR_EL1 affinity of a vCPU as the core gives it: Aff0 = id % 16, Aff1 = id / 16. */
static inline u64 cv_vcpu_affinity(u32 id)
{
	return (u64)(id / 16) << 8 | id % 16;
}

/* A reference of the VM, for a file. The last put takes the VM down; it may sleep. */
void cv_vm_get(struct cv_vm *vm);
void cv_vm_put(struct cv_vm *vm);

/*
 * Make a vCPU look at its interrupts: wake it from WFI, or make the CPU that runs it leave the
 * VM. Any context, interrupts on or off, spinlocks held.
 */
void cv_vcpu_kick(struct cv_vcpu *v);

#endif
