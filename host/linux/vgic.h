/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulated GICv3 of a VM: distributor, redistributors, and what goes into the list
 * registers of a vCPU. All state is the host's: the core only checks what list registers say.
 */
#ifndef COREVISOR_VGIC_H
#define COREVISOR_VGIC_H

#include <linux/types.h>

struct cv_vcpu;
struct cv_vm;
struct kvm_device_attr;

/*
 * KVM_CREATE_DEVICE: sets vm->vgic. Before or after the vCPUs are created. Locks: vm->lock.
 * 0 or an errno. destroy: nothing of the VM runs; vm->vgic may be NULL.
 */
int vgic_create(struct cv_vm *vm);
void vgic_destroy(struct cv_vm *vm);

/* KVM_CREATE_VCPU: sets v->vgic, whether the VM has a vGIC yet or not. Locks: vm->lock. */
int vgic_vcpu_create(struct cv_vcpu *v);
void vgic_vcpu_destroy(struct cv_vcpu *v);

/*
 * An access of v. True: the address is the distributor's or a redistributor's, and it is done;
 * *data is the value written, or read. Process context.
 */
bool vgic_mmio(struct cv_vcpu *v, u64 addr, u32 size, bool write, u64 *data);

/* CV_EXIT_SGI: v wrote ICC_SGI1R_EL1. */
void vgic_sgi(struct cv_vcpu *v, u64 sgi1r);

/*
 * Around CV_CALL_VCPU_RUN, on the CPU that makes it, interrupts off: fill the list registers
 * (CV_RUN_NR_LR of them) and CV_RUN_GIC_HCR; take back what the VM left in them.
 */
void vgic_flush(struct cv_vcpu *v, u64 *lr, u64 *gic_hcr);
void vgic_sync(struct cv_vcpu *v, const u64 *lr);

/*
 * Set the level of an interrupt line: of an SPI (vcpu -1), or a PPI of a vCPU. Any context.
 * -EINVAL: no such interrupt or vCPU. -ENXIO: no initialized vGIC.
 */
int vgic_inject(struct cv_vm *vm, s32 vcpu, u32 intid, bool level);

/* Is there an interrupt that would wake v from WFI? Any context. */
bool vgic_has_pending(struct cv_vcpu *v);

/* KVM_{SET,GET,HAS}_DEVICE_ATTR (cmd) on the device. Locks: vm->lock. */
long vgic_device_attr(struct cv_vm *vm, unsigned int cmd, struct kvm_device_attr *attr);

#endif
