/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target: the input is a list of operations of a hostile host and its VMs, on the unit
 * tests' machine. Each operation is a byte, then three bytes an argument (a kind and a number of
 * that kind), so that a mutation of a byte gives another plausible operation.
 *
 * Checked after each: no lock is held or was taken out of order, no live entry was replaced without
 * a break, no frame outside RAM was touched, and what was refused asked the machine for nothing.
 * At the end of the input: the invariants. test/fuzz/make-corpus.py writes the first inputs.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/call.h"
#include "core/fault.h"
#include "core/invariant.h"
#include "core/state.h"
#include "core/table.h"
#include "core/trap.h"
#include "corevisor/hypercall.h"
#include "corevisor/run.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"
#include "test/unit/world.h"

#define MAX_OPERATIONS 400U
#define NR_CALLS 35U
#define NR_CPUS 4U

/* Operations beyond the calls of the host. */
enum operation {
	OP_FAULT = NR_CALLS,
	OP_TRAP,
	OP_GUEST_CALL,
	OP_WRITE,
	OP_CPU,
	NR_OPERATIONS,
};

struct input {
	const uint8_t *data;
	size_t size;
};

/* Ids that REGISTER_VM has given. */
static u32 vm_ids[4];
static u32 nr_vm_ids;
static u32 cpu;

static u64 take_byte(struct input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	return *in->data++;
}

/* A number of one of the kinds that mean something to the core. */
static u64 take_number(struct input *in)
{
	u64 kind = take_byte(in) % 12;
	u64 n = take_byte(in);

	n |= take_byte(in) << 8;
	switch (kind) {
	case 0:
		return n;
	case 1:
		return nr_vm_ids == 0 ? n : vm_ids[n % nr_vm_ids];
	case 2:
		return HOST_PFN + n;
	case 3:
		return (HOST_PFN + n) << 12;
	case 4:
		return VM_GFN + n;
	case 5:
		return (VM_GFN + n) << 12;
	case 6:
		return (HOST_PFN + n + CV_SMMU_HOST_OFFSET) << 12;
	case 7:
		return (DEVICE_HOST_PFN + n % 256) << 12;
	case 8:
		return HOST_BLOCK(n % (HOST_BLOCKS + 1));
	case 9:
		return VM_GFN + 512 * (n % 8);
	case 10:
		return (1ULL << (n % 64)) - (n >> 8) % 3;
	default:
		return RAM_PFN + n;
	}
}

static void fail(const char *what)
{
	printf("fuzz_core: %s\n", what);
	(void)fflush(stdout);
	abort();
}

static void check_step(bool refused, u32 tables)
{
	if (machine_locks_held() != 0 || machine_log.lock_errors != 0)
		fail("locks");
	if (machine_log.break_errors != 0)
		fail("break-before-make");
	if (machine_log.frame_errors != 0)
		fail("a frame outside RAM was touched");
	if (!refused)
		return;
	if (machine_log.clears != 0 || machine_log.writes != 0 || machine_log.invalidates != 0 ||
	    machine_log.table_writes != 0 || machine_log.binds != 0 || machine_log.cuts != 0 ||
	    machine_log.kicks != 0 || machine_log.enters != 0 || table_free_count() != tables)
		fail("a refused operation changed something");
}

static bool do_call(struct input *in, u64 number)
{
	struct call_result result;
	u64 a[5];

	for (u32 i = 0; i < 5; i++)
		a[i] = take_number(in);
	result = host_call(CV_HOST_CALL_BASE + number, a[0], a[1], a[2], a[3], a[4], 0);
	if (number == (u32)CV_CALL_REGISTER_VM - CV_HOST_CALL_BASE && result.error == 0 &&
	    nr_vm_ids < 4)
		vm_ids[nr_vm_ids++] = (u32)result.value[0];
	return result.error < 0;
}

static void do_trap(struct input *in)
{
	u64 flags = take_byte(in);
	struct vm_trap trap = {
		.kind = (u8)(flags % 5),
		.size = (u8)(1U << (flags >> 6)),
		.address = take_number(in),
		.write = (flags & 8) != 0,
		.decoded = (flags & 16) != 0,
		.sign_extend = (flags & 32) != 0,
		.wide = (flags & 64) != 0,
		.reg = (u8)(take_byte(in) % 32),
	};

	vm_trap(trap);
}

static void do_guest_call(struct input *in)
{
	static const u32 ids[] = {
		(u32)CV_GUEST_SHARE,
		(u32)CV_GUEST_UNSHARE,
		(u32)CV_GUEST_MEASUREMENT,
		0xc4000003,
		0x84000002,
		0xc4000004,
		0x84000008,
		0xc4000053,
		0x84000003,
	};
	struct vm_trap trap = {.kind = VM_TRAP_CALL};
	u64 *x = vcpu_contexts[cpus[cpu].slot].x;

	x[0] = ids[take_byte(in) % 9];
	for (u32 i = 1; i < 4; i++)
		x[i] = take_number(in);
	vm_trap(trap);
}

/* The host writes to a frame of its own. */
static void do_write(struct input *in)
{
	u64 pfn = HOST_PFN + take_byte(in);
	u64 offset = take_byte(in) * 8 % 512;
	u64 value = take_number(in);

	if (frames[pfn].owner == CV_HOSTVISOR)
		memcpy(machine_frame(pfn) + offset, &value, sizeof(value));
}

static void step(struct input *in)
{
	u64 operation = take_byte(in) % NR_OPERATIONS;
	bool in_vm = cpus[cpu].vm != CV_HOSTVISOR;
	u32 tables = table_free_count();
	bool refused = false;

	machine_forget();
	if (operation == OP_CPU) {
		cpu = (u32)(take_byte(in) % NR_CPUS);
		machine_set_cpu(cpu);
	} else if (operation == OP_WRITE) {
		do_write(in);
	} else if (operation == OP_TRAP && in_vm) {
		do_trap(in);
	} else if (operation == OP_GUEST_CALL && in_vm) {
		do_guest_call(in);
	} else if (operation == OP_FAULT && !in_vm) {
		refused = host_fault(take_number(in)) < 0;
	} else if (operation < NR_CALLS && !in_vm) {
		refused = do_call(in, operation);
	}
	check_step(refused, tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct violation v;

	world_boot();
	nr_vm_ids = 0;
	cpu = 0;
	for (u32 i = 0; i < MAX_OPERATIONS && in.size > 0; i++)
		step(&in);
	v = invariant_check_all();
	if (v.inv != INV_NONE)
		fail(invariant_name(v.inv));
	return 0;
}
