/* SPDX-License-Identifier: BSD-3-Clause */
/* What hosts do in several accesses: fill and copy frames, read and write run pages. */
#include "arch/sim/access.h"
#include "arch/sim/manifest.h"
#include "arch/sim/op.h"
#include "arch/sim/op_run.h"
#include "arch/sim/sim.h"
#include "core/lock.h"
#include "core/state.h"

#define WORDS (CV_PAGE_SIZE / 8U)

static struct op access_op(const struct op *op, enum op_kind kind, u64 address, u64 value)
{
	struct op access = {.kind = (u16)kind, .actor = op->actor, .at = op->at};

	access.a[0] = address;
	if (kind == OP_STORE)
		access.a[1] = value;
	return access;
}

static struct result store(const struct op *op, u64 address, u64 value)
{
	struct op access = access_op(op, OP_STORE, address, value);

	return op_store(&access);
}

static struct result load(const struct op *op, u64 address)
{
	struct op access = access_op(op, OP_LOAD, address, 0);

	return op_load(&access);
}

static struct result fill(const struct op *op)
{
	u64 words = op->a[1] == 0U || op->a[1] > WORDS ? WORDS : op->a[1];
	struct result r = result_of(OUT_OK);

	for (u64 i = 0; i < words && r.outcome == OUT_OK; i++)
		r = store(op, (op->a[0] << CV_PAGE_SHIFT) + 8U * i, op->a[2]);
	return r;
}

static struct result copy(const struct op *op)
{
	struct result r = result_of(OUT_OK);

	for (u64 i = 0; i < WORDS && r.outcome == OUT_OK; i++) {
		r = load(op, (op->a[0] << CV_PAGE_SHIFT) + 8U * i);
		if (r.outcome == OUT_OK)
			r = store(op, (op->a[1] << CV_PAGE_SHIFT) + 8U * i, r.value[0]);
	}
	return r;
}

static struct result run_page(const struct op *op)
{
	u32 slot = 0;
	u64 address;

	if (op->a[0] == 0U || op->a[0] > CV_MAX_VMS || op->a[1] >= CV_MAX_VCPUS)
		return result_of(OUT_SKIPPED);
	/* The host knows its run pages; the simulator asks the core. */
	if (sim.threaded)
		lock_vm((u32)op->a[0]);
	slot = vcpu_slots[op->a[0] * CV_MAX_VCPUS + op->a[1]];
	address = slot != 0U ? vcpus[slot - 1U].run_pfn << CV_PAGE_SHIFT : 0U;
	if (sim.threaded)
		unlock_vm((u32)op->a[0]);
	if (slot == 0U)
		return result_of(OUT_SKIPPED);
	address += op->a[2] % CV_PAGE_SIZE;
	return op->kind == OP_RUNSET ? store(op, address, op->a[3]) : load(op, address);
}

static struct result manifest(const struct op *op)
{
	u64 words[WORDS];
	struct result r = result_of(OUT_SKIPPED);
	u32 nr;

	if (op->a[0] == 0U || op->a[0] > CV_MAX_VMS || sim.threaded)
		return r;
	nr = manifest_make((u32)op->a[0], (u32)op->a[2], words);
	for (u32 i = 0; i < nr; i++) {
		r = store(op, (op->a[1] << CV_PAGE_SHIFT) + 8U * i, words[i]);
		if (r.outcome != OUT_OK)
			return r;
	}
	return r;
}

struct result op_host_tool(const struct op *op)
{
	switch (op->kind) {
	case OP_FILL:
		return fill(op);
	case OP_COPY:
		return copy(op);
	case OP_MANIFEST:
		return manifest(op);
	default:
		return run_page(op);
	}
}
