/* SPDX-License-Identifier: BSD-3-Clause */
#include "arch/sim/refuse.h"

#include <string.h>

#include "arch/sim/check.h"
#include "arch/sim/cpu.h"
#include "arch/sim/memory.h"
#include "arch/sim/sim.h"
#include "arch/sim/touch.h"
#include "core/state.h"
#include "core/table.h"

/* Calls between two that are compared in full. */
#define FULL_INTERVAL 4096U
#define NAMED 6U

/* The state that a call with these arguments may be about. */
struct scope {
	u64 table_hash;
	u64 full_hash;
	u32 free_tables;
	bool full;
	u32 vm[2];
	struct vm_info info[2];
	struct ram_range ram[2][CV_MAX_RAM_RANGES];
	struct boot_region region[2][CV_MAX_BOOT_REGIONS];
	struct vm_measure measure[2];
	struct snapshot snapshot[2];
	u16 slot[2][CV_MAX_VCPUS];
	struct vcpu vcpu;
	struct dma_context dma[CV_MAX_DMA_CONTEXTS];
	struct frame named[NAMED];
	u64 named_pfn[NAMED];
	struct cpu_state cpu;
};

static struct scope before;
static struct scope after;
static u32 full_count;

static u64 hash_words(u64 h, const void *data, u64 size)
{
	const u8 *bytes = data;

	for (u64 i = 0; i + 8U <= size; i += 8U) {
		u64 w;

		memcpy(&w, bytes + i, sizeof(w));
		h = (h ^ w) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	return h;
}

/* Everything but the tables, which have their own hash, and the bounce buffer. */
static u64 full_hash(void)
{
	u64 h = touched.table_hash;

	for (u32 i = 0; i < sim.nr_banks; i++)
		h = hash_words(h, &frames[sim.bank[i].pfn], sim.bank[i].frames * sizeof(frames[0]));
	h = hash_words(h, vms, sizeof(vms));
	h = hash_words(h, ram_ranges, sizeof(ram_ranges));
	h = hash_words(h, boot_regions, sizeof(boot_regions));
	h = hash_words(h, vm_measures, sizeof(vm_measures));
	h = hash_words(h, snapshots, sizeof(snapshots));
	h = hash_words(h, snapshot_keys, sizeof(snapshot_keys));
	h = hash_words(h, lineages, sizeof(lineages));
	h = hash_words(h, vcpus, sizeof(vcpus));
	h = hash_words(h, vcpu_slots, sizeof(vcpu_slots));
	h = hash_words(h, vcpu_contexts, sizeof(vcpu_contexts));
	h = hash_words(h, dma_contexts, sizeof(dma_contexts));
	h = hash_words(h, stream_contexts, sizeof(stream_contexts));
	h = hash_words(h, io_claims, sizeof(io_claims));
	h = hash_words(h, vm_id_taken, sizeof(vm_id_taken) / 8U * 8U);
	return hash_words(h, cpus, sizeof(cpus));
}

static void scope_vm(struct scope *s, u32 i, u64 vm)
{
	s->vm[i] = vm >= 1U && vm <= CV_MAX_VMS ? (u32)vm : 0U;
	vm = s->vm[i];
	s->info[i] = vms[vm];
	memcpy(s->ram[i], &ram_ranges[vm * CV_MAX_RAM_RANGES], sizeof(s->ram[i]));
	memcpy(s->region[i], &boot_regions[vm * CV_MAX_BOOT_REGIONS], sizeof(s->region[i]));
	s->measure[i] = vm_measures[vm];
	s->snapshot[i] = snapshots[vm];
	memcpy(s->slot[i], &vcpu_slots[vm * CV_MAX_VCPUS], sizeof(s->slot[i]));
}

static void scope_fill(struct scope *s, const struct op *op)
{
	const u64 *a = op->kind == OP_HVC ? &op->a[1] : op->a;
	u32 cpu = op->actor < CV_MAX_CPUS ? op->actor : 0U;
	u64 vcpu = a[1] < CV_MAX_VCPUS ? a[1] : 0U;
	u32 slot;

	s->table_hash = touched.table_hash;
	s->free_tables = table_free_count();
	s->cpu = cpus[cpu];
	scope_vm(s, 0, s->cpu.vm != CV_HOSTVISOR ? s->cpu.vm : a[0]);
	scope_vm(s, 1, a[1]);
	slot = s->slot[0][vcpu];
	s->vcpu = vcpus[slot != 0U ? slot - 1U : 0U];
	memcpy(s->dma, dma_contexts, sizeof(s->dma));
	for (u32 i = 0; i < NAMED; i++) {
		u64 pfn = i < 3U ? a[i] : a[i - 3U] >> CV_PAGE_SHIFT;

		s->named_pfn[i] = pfn < nr_frames ? pfn : 0U;
		s->named[i] = frames[s->named_pfn[i]];
	}
}

/* May the core refuse it at all? */
static bool refusable(const struct op *op)
{
	return op->kind <= (u16)OP_HVC || op->kind == OP_FAULT ||
	       (op->kind >= (u16)OP_GUEST_SHARE && op->kind <= (u16)OP_GUEST_SYSTEM_RESET);
}

void refuse_before(const struct op *op)
{
	if (!refusable(op))
		return;
	scope_fill(&before, op);
	before.full = check_thorough || ++full_count % FULL_INTERVAL == 0U;
	if (before.full)
		before.full_hash = full_hash();
}

/* The frames that the core wrote have their bytes back. */
static void check_contents(const struct op *op)
{
	for (u32 i = 0; i < touched.nr_before; i++) {
		const struct touched_content *c = &touched.before[i];

		check_counts[CHECK_CONTENT]++;
		if (memcmp(memory_frame(c->pfn), c->bytes, CV_PAGE_SIZE) != 0)
			sim_violation("refused-content",
				      "%s was refused; frame 0x%llx is not what it was",
				      op_info[op->kind].name, (unsigned long long)c->pfn);
	}
}

static void changed(const struct op *op, const char *what)
{
	sim_violation("refused-change", "%s was refused, yet the %s changed",
		      op_info[op->kind].name, what);
}

static void compare(const struct op *op)
{
	if (before.table_hash != after.table_hash)
		changed(op, "tables");
	if (before.free_tables != after.free_tables)
		changed(op, "number of free tables");
	if (memcmp(before.named, after.named, sizeof(before.named)) != 0)
		changed(op, "ownership records");
	if (memcmp(before.info, after.info, sizeof(before.info)) != 0)
		changed(op, "VM");
	if (memcmp(before.ram, after.ram, sizeof(before.ram)) != 0 ||
	    memcmp(before.region, after.region, sizeof(before.region)) != 0)
		changed(op, "VM's layout");
	if (memcmp(before.measure, after.measure, sizeof(before.measure)) != 0)
		changed(op, "measurement");
	if (memcmp(before.snapshot, after.snapshot, sizeof(before.snapshot)) != 0)
		changed(op, "snapshot");
	if (memcmp(before.slot, after.slot, sizeof(before.slot)) != 0 ||
	    memcmp(&before.vcpu, &after.vcpu, sizeof(before.vcpu)) != 0)
		changed(op, "vCPUs");
	if (memcmp(before.dma, after.dma, sizeof(before.dma)) != 0)
		changed(op, "DMA contexts");
	if (memcmp(&before.cpu, &after.cpu, sizeof(before.cpu)) != 0)
		changed(op, "CPU");
}

void refuse_after(const struct op *op, const struct result *result, bool disturbed)
{
	bool host_abort = result->outcome == OUT_ABORT && op->kind == OP_FAULT;

	if (disturbed || !refusable(op) || (result->outcome != OUT_ERROR && !host_abort))
		return;
	scope_fill(&after, op);
	compare(op);
	check_contents(op);
	check_counts[CHECK_REFUSED]++;
	if (before.full) {
		/* A VM's X0 to X3 hold the answer. */
		if (sim_cpus[op->actor < CV_MAX_CPUS ? op->actor : 0U].vm == CV_HOSTVISOR &&
		    before.full_hash != full_hash())
			changed(op, "state somewhere");
		check_counts[CHECK_REFUSED_FULL]++;
	}
}
