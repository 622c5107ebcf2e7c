/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files that make up a VM know of each other. */
#ifndef VMM_VM_PRIVATE_H
#define VMM_VM_PRIVATE_H

#include "vmm/vm.h"

/* vcpu.c */
int vcpu_create(struct vcpu *vcpu, struct vm *vm, unsigned int id);
void vcpu_destroy(struct vcpu *vcpu);
int vcpu_start(struct vcpu *vcpu);
/* Interrupt its KVM_RUN until the thread has ended. vm->end is set. */
void vcpu_stop(struct vcpu *vcpu);
/* Finish what it asked for last, without running it. Its thread has ended. */
void vcpu_settle(struct vcpu *vcpu);
/* Set one core register; `index` counts 32-bit words of struct kvm_regs. */
int vcpu_set_core(struct vcpu *vcpu, uint64_t index, uint64_t value);

/* gic.c */
int gic_create(struct vm *vm);
/* After the last vCPU has been made. */
int gic_init(struct vm *vm);
void gic_set_spi(struct vm *vm, unsigned int spi, bool level);

/* device.c: an access outside the RAM. Takes vm->lock. */
void device_read(struct vm *vm, uint64_t address, void *data, unsigned int size);
void device_write(struct vm *vm, uint64_t address, const void *data, unsigned int size);
void device_init(struct vm *vm);

/* The VM ends so; whoever is first is believed. */
void vm_set_end(struct vm *vm, enum vm_end end);

#endif
