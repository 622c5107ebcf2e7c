/* SPDX-License-Identifier: GPL-2.0-only */
/* vCPUs: their files (vcpu.c), registers (regs.c), and how they run (run.c). */
#ifndef COREVISOR_VCPU_H
#define COREVISOR_VCPU_H

#include "corevisor.h"

struct kvm_one_reg;
struct kvm_reg_list;

/* KVM_CREATE_VCPU: a file descriptor, or an errno. Locks: vm->lock. */
int cv_vcpu_create(struct cv_vm *vm, unsigned long id);
/* The VM is destroyed. */
void cv_vcpu_free(struct cv_vcpu *v);

/* KVM_RUN: 0 with an exit reason in v->run, or an errno. Locks: v->lock. */
int cv_vcpu_run(struct cv_vcpu *v);

/* KVM_{GET,SET}_ONE_REG, KVM_GET_REG_LIST. Locks: v->lock. */
long cv_get_reg(struct cv_vcpu *v, const struct kvm_one_reg *reg);
long cv_set_reg(struct cv_vcpu *v, const struct kvm_one_reg *reg);
long cv_reg_list(struct kvm_reg_list __user *list);

#endif
