/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations: everything a host, a VM, a device or the script itself can do. One line
 * of a script is one of these.
 */
#ifndef SIM_OP_H
#define SIM_OP_H

#include "core/types.h"
#include "corevisor/hypercall.h"

#define OP_ARGS 8U
/* Actors that are no CPU. */
#define ACTOR_DEVICE 0xfffeU
#define ACTOR_NONE 0xffffU

enum op_kind {
#define OP_OF_CALL(name, offset, args, values) OP_##name = (offset),
	CV_HOST_CALLS(OP_OF_CALL)
	/* What the CPU's world does; VM_* only a VM. */
	OP_HVC,
	OP_LOAD,
	OP_STORE,
	OP_REGS,
	OP_GETREG,
	OP_SETREG,
	OP_FILL,
	OP_COPY,
	OP_RUNSET,
	OP_RUNGET,
	OP_MANIFEST,
	OP_FAULT,
	OP_GUEST_SHARE,
	OP_GUEST_UNSHARE,
	OP_GUEST_MEASUREMENT,
	OP_GUEST_WFI,
	OP_GUEST_SGI,
	OP_GUEST_IRQ,
	OP_GUEST_CPU_ON,
	OP_GUEST_CPU_OFF,
	OP_GUEST_SYSTEM_OFF,
	OP_GUEST_SYSTEM_RESET,
	/* What devices do. */
	OP_DEV_LOAD,
	OP_DEV_STORE,
	/* What looks at the machine. */
	OP_DUMP,
	OP_CHECK,
	OP_FRAME,
	OP_MAP,
	OP_WORLD,
	NR_OPS,
};

#define NR_HOST_CALLS ((u32)OP_HVC)

enum op_actor { BY_HOST, BY_VM, BY_CPU, BY_DEVICE, BY_NOBODY };

struct op_info {
	const char *name;
	enum op_actor actor;
	u32 required; /* arguments without a default: the first so many */
	const char *arg[OP_ARGS];
	const char *value[4];
	const char *text;
};

extern const struct op_info op_info[NR_OPS];

struct op {
	u16 kind; /* enum op_kind */
	u16 actor; /* CPU, or ACTOR_* */
	int at; /* preemption point of the operation above it; -1: none */
	u64 a[OP_ARGS];
};

enum outcome {
	OUT_OK,
	OUT_ERROR, /* the core's error */
	OUT_ABORT, /* the host got a data abort */
	OUT_VM_ABORT, /* the VM got an external abort */
	OUT_EXIT, /* the VM stopped; value[0] is the reason */
	OUT_FAULT, /* the SMMU refused */
	OUT_BLOCKED, /* inside another operation, and would have to wait for it */
	OUT_SKIPPED, /* the CPU does not run the world that could do it */
};

struct result {
	enum outcome outcome;
	s64 error;
	u64 value[4];
	u32 nr_values;
	const char *const *names; /* of the values */
};

/* Name of an error, "ok" for 0. NULL: not one. */
const char *op_error_name(s64 error);
const char *op_exit_name(u64 reason);

#endif
