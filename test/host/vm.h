/* SPDX-License-Identifier: BSD-3-Clause */
/* As much of a VMM as the tests need. Functions return 0, or a negative errno. */
#ifndef TEST_HOST_VM_H
#define TEST_HOST_VM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VM_MAX_VCPUS 4

struct vm {
	int fd;
	unsigned int nr_vcpus;
	int vcpu[VM_MAX_VCPUS];
	struct kvm_run *run[VM_MAX_VCPUS];
	uint8_t *ram;
	size_t size;
};

/* ioctl() that gives a negative errno. */
int call(int fd, unsigned long cmd, unsigned long arg);

int kvm_open(void);

/* A VM of `size` bytes that starts at one of the labels of guest.h. */
int vm_create(struct vm *vm, size_t size, unsigned int nr_vcpus, const char *entry, uint64_t x0);
void vm_close(struct vm *vm);

int vm_set_reg(struct vm *vm, unsigned int vcpu, uint64_t id, uint64_t value);
#define REG_PC KVM_CORE_REG(regs.pc)
#define REG_X0 KVM_CORE_REG(regs.regs[0])
#define KVM_CORE_REG(name) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

/* One KVM_RUN; the exit reason is in vm->run[vcpu]. */
int vm_run(struct vm *vm, unsigned int vcpu);

/* Run vCPU 0 up to its next word; -EIO: it came to something else. */
int vm_told(struct vm *vm, uint64_t *word);

/* Run vCPU 0 up to its SYSTEM_OFF. */
int vm_ends(struct vm *vm);

#endif
