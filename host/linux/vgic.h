/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulated GICv3 (IHI 0069) of a VM: distributor, redistributors, and what goes into the list
 * registers of a vCPU. No LPI, no ITS. All state is the host's: the core only checks what list
 * registers say.
 */
#ifndef COREVISOR_VGIC_H
#define COREVISOR_VGIC_H

#include "vgic_env.h"

struct cv_vcpu;
struct cv_vm;
struct kvm_device_attr;

/* List registers that the CPUs have (ICH_VTR_EL2.ListRegs + 1); at most CV_RUN_NR_LR. */
extern unsigned int vgic_nr_lr;

/*
 * KVM_CREATE_DEVICE: sets vm->vgic. Before or after the vCPUs are created. Locks: vm->lock.
 * 0 or an errno. A second one, before the first is initialised, replaces it; -EEXIST after.
 * destroy: nothing of the VM runs; vm->vgic may be NULL.
 */
int vgic_create(struct cv_vm *vm);
void vgic_destroy(struct cv_vm *vm);

/*
 * KVM_CREATE_VCPU: sets v->vgic, whether the VM has a vGIC yet or not. Locks: vm->lock.
 * -EBUSY: the vGIC is initialised. destroy: of the last created, or with the whole VM.
 */
int vgic_vcpu_create(struct cv_vcpu *v);
void vgic_vcpu_destroy(struct cv_vcpu *v);

/*
 * May the VM start with this vGIC? 0 (also when it has none), or -ENXIO: it is not initialised,
 * or an address is missing. Locks: vm->lock.
 */
int vgic_check(struct cv_vm *vm);

/*
 * An access of v. True: the address is the distributor's or a redistributor's, and it is done;
 * *data is the value written, or read. Process context, interrupts on, not between flush and
 * sync of v.
 */
bool vgic_mmio(struct cv_vcpu *v, u64 addr, u32 size, bool write, u64 *data);

/* CV_EXIT_SGI: v wrote ICC_SGI1R_EL1. */
void vgic_sgi(struct cv_vcpu *v, u64 sgi1r);

/*
 * Around CV_CALL_VCPU_RUN, on the CPU that makes it, interrupts off: fill the list registers
 * (CV_RUN_NR_LR of them) and CV_RUN_GIC_HCR; take back what the VM left in them. Each flush is
 * followed by one sync, with the list registers as they were if the VM was not entered after all.
 * A cv_vcpu_kick() that comes while v is in flush must make it leave the VM: what tells that v
 * runs is visible (smp_mb) before flush.
 */
void vgic_flush(struct cv_vcpu *v, u64 *lr, u64 *gic_hcr);
void vgic_sync(struct cv_vcpu *v, const u64 *lr);

/*
 * Set the level of an interrupt line: of an SPI (vcpu -1), or a PPI of a vCPU. Of an
 * edge-triggered one, true is a new edge. Any context.
 * -EINVAL: no such interrupt or vCPU. -ENXIO: no initialized vGIC.
 */
int vgic_inject(struct cv_vm *vm, s32 vcpu, u32 intid, bool level);

/* Is there an interrupt that would wake v from WFI? Any context. */
bool vgic_has_pending(struct cv_vcpu *v);

/* KVM_{SET,GET,HAS}_DEVICE_ATTR (cmd) on the device. Locks: vm->lock. */
long vgic_device_attr(struct cv_vm *vm, unsigned int cmd, struct kvm_device_attr *attr);

#endif
