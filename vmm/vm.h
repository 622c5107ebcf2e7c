/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtual machine on the KVM API: memory, GICv3, vCPUs, a serial port. Nothing here
 * knows whether the kernel below is stock KVM or Corevisor's.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "vmm/layout.h"
#include "vmm/pl011.h"

enum vm_end {
	VM_RUNS,
	VM_POWERED_OFF,
	VM_RESET,
	VM_SAVE, /* somebody wants it in a file */
	VM_FAILED, /* and why has been said */
};

struct vm;
struct kvm_run;

struct vcpu {
	struct vm *vm;
	unsigned int id;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	atomic_bool running; /* the thread is there */
};

struct vm {
	int kvm;
	int fd;
	int gic;
	int ended; /* eventfd: becomes readable when `end` is set */
	uint8_t *ram;
	uint64_t ram_size;
	size_t run_size;
	unsigned int nr_vcpus;
	struct vcpu vcpus[LAYOUT_MAX_CPUS];
	pthread_mutex_t lock; /* of the serial port */
	struct pl011 uart;
	_Atomic(enum vm_end) end;
};

/*
 * Make a VM whose memory reads zero and whose vCPUs wait. 0, or -1 when that failed,
 * which has been said, and there is nothing to destroy.
 */
int vm_create(struct vm *vm, uint64_t memory, unsigned int nr_vcpus);
void vm_destroy(struct vm *vm);

/* Where vCPU 0 begins. */
int vm_set_entry(struct vm *vm, uint64_t pc, uint64_t x0);
/* Let it start only if it is what this struct cv_manifest says. 0, or -1, which has been said. */
int vm_set_manifest(struct vm *vm, const void *manifest);

/* Run it, a thread for each vCPU, until `end` is set. */
int vm_start(struct vm *vm);
/* Get every vCPU out of the guest, and wait for the threads. */
void vm_stop(struct vm *vm);

#endif
