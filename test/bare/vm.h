/* SPDX-License-Identifier: BSD-3-Clause */
/* VMs of the bare-metal host. */
#ifndef BARE_VM_H
#define BARE_VM_H

#include "guest.h"
#include "host.h"

#define VM_MAX_FRAMES 256U
#define VM_MAX_RUN 18U
#define NR_REPORTS 0x200U

/* What vm_run() returns besides an enum cv_exit, or a negative error. */
#define RUN_DONE 0x100

/*
 * A VM, all its frames, and what it reported. answer: what loads from its device give. exits:
 * how often it stopped; stores: values it stored to its device, with their sizes.
 */
struct vm {
	u64 id;
	u64 run[VM_MAX_RUN]; /* run page of each vCPU, 0: none */
	u64 gfn[VM_MAX_FRAMES];
	u64 pfn[VM_MAX_FRAMES];
	u32 nr_frames;
	bool done;
	u64 answer;
	u64 exits;
	u64 reports[NR_REPORTS];
	bool reported[NR_REPORTS];
	u64 stores[8];
	u64 store_sizes[8];
	u64 load_sizes[16];
	u32 nr_stores;
	u32 nr_loads;
};

/* Register a VM that does `what`, up to and not with its verification. */
void vm_load(struct vm *vm, u64 what);
/* And one more vCPU. */
void vm_add_vcpu(struct vm *vm, u64 vcpu);
void vm_verify(struct vm *vm);
/* All of it, one vCPU. */
void vm_make(struct vm *vm, u64 what);
/* A fresh frame, dirty, at gfn. Returns the call's result. */
s64 vm_donate(struct vm *vm, u64 gfn);
u64 vm_frame(const struct vm *vm, u64 gfn);

/*
 * One VCPU_RUN. Returns the exit, or a negative error. Looks through the run page for
 * secrets, and at its own registers.
 */
s64 vm_step(struct vm *vm, u64 vcpu);
/* On, over all that needs no decision, until something else, or it is done. */
s64 vm_run(struct vm *vm, u64 vcpu);
/* The same to its end, without an error of the guest's. */
void vm_finish(struct vm *vm);
u64 run_get(const struct vm *vm, u64 vcpu, u32 offset);
void run_set(const struct vm *vm, u64 vcpu, u32 offset, u64 value);

/* Off, every frame back, empty; its id is free. */
void vm_destroy(struct vm *vm);

#endif
