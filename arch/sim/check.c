/* SPDX-License-Identifier: BSD-3-Clause */
#include "arch/sim/check.h"

#include "arch/sim/access.h"
#include "arch/sim/cpu.h"
#include "arch/sim/point.h"
#include "arch/sim/refuse.h"
#include "arch/sim/sim.h"
#include "arch/sim/tlb.h"
#include "arch/sim/touch.h"
#include "core/invariant.h"
#include "core/state.h"
#include "core/table.h"

/* Operations between two looks at everything that is small. */
#define TABLES_INTERVAL 4096U
#define EXACT_INTERVAL 65536U

u64 check_counts[NR_CHECKS];
bool check_thorough;

const char *const check_names[NR_CHECKS] = {
	[CHECK_FRAME] = "frames",
	[CHECK_LEAF] = "mappings",
	[CHECK_STALE] = "stale TLB entries",
	[CHECK_TABLES] = "CPUs, VMs, contexts",
	[CHECK_ALL] = "everything",
	[CHECK_REFUSED] = "refusals",
	[CHECK_REFUSED_FULL] = "refusals, whole state",
	[CHECK_CONTENT] = "refusals, contents",
};

static void report(struct violation v)
{
	if (v.inv != INV_NONE)
		sim_violation(invariant_name(v.inv),
			      "invariant broken: map %u, gfn 0x%llx, frame 0x%llx", v.map,
			      (unsigned long long)v.gfn, (unsigned long long)v.pfn);
}

static void check_frames(void)
{
	u64 n = touched.nr_frames < TOUCH_FRAMES ? touched.nr_frames : TOUCH_FRAMES;

	for (u64 i = 0; i < n; i++) {
		report(invariant_check_frame(touched.frame[i]));
		check_counts[CHECK_FRAME]++;
	}
}

static void check_leaf(const struct touched_leaf *leaf)
{
	u64 frames = level_frames(leaf->level);
	int unit;

	report(invariant_check_leaf(leaf->map, leaf->gfn));
	if (leaf->level == 2U)
		report(invariant_check_leaf(leaf->map, leaf->gfn + frames - 1U));
	check_counts[CHECK_LEAF]++;
	if (leaf->map == MAP_CORE)
		return;
	unit = tlb_stale(leaf->map, leaf->gfn, frames);
	check_counts[CHECK_STALE]++;
	if (unit >= 0)
		sim_violation("stale-translation", "%s %d still has map %u, gfn 0x%llx",
			      unit == (int)TLB_SMMU ? "SMMU" : "CPU", unit, leaf->map,
			      (unsigned long long)leaf->gfn);
}

static void check_leaves(void)
{
	u64 n = touched.nr_leaves < TOUCH_LEAVES ? touched.nr_leaves : TOUCH_LEAVES;

	for (u64 i = 0; i < n; i++)
		check_leaf(&touched.leaf[i]);
}

static void check_world(u32 cpu)
{
	if (cpus[cpu].vm != sim_cpus[cpu].vm)
		sim_violation("world", "CPU %u runs %u, the core says %u", cpu, sim_cpus[cpu].vm,
			      cpus[cpu].vm);
}

/* In how many DMA contexts of the host, and as how many run pages, a frame is in use. */
static u32 uses(u64 pfn)
{
	u32 count = 0;

	for (u32 ctx = 0; ctx < CV_MAX_DMA_CONTEXTS; ctx++) {
		if (dma_contexts[ctx].owner == CV_HOSTVISOR &&
		    map_get(MAP_DMA(ctx), pfn + CV_SMMU_HOST_OFFSET) != 0U)
			count++;
	}
	for (u32 slot = 0; slot < CV_MAX_VCPUS_TOTAL; slot++)
		count += vcpus[slot].vm != 0U && vcpus[slot].run_pfn == pfn;
	return count;
}

/* Counts of host frames are exact, streams go where the core says. */
static void check_exact(void)
{
	for (u64 pfn = sim.bank[0].pfn; pfn < sim.top; pfn++) {
		if (frames[pfn].owner == CV_HOSTVISOR && frames[pfn].count != 0U &&
		    frames[pfn].count != uses(pfn))
			sim_violation("count", "frame 0x%llx of the host: count %u, used %u times",
				      (unsigned long long)pfn, frames[pfn].count, uses(pfn));
	}
	for (u32 s = 0; s < sim.config.streams; s++) {
		u32 ctx = smmu_stream_map(s) - MAP_DMA(0);

		if (ctx < CV_MAX_DMA_CONTEXTS &&
		    (dma_contexts[ctx].owner == CV_INVALID_ID || stream_contexts[s] != ctx + 1U))
			sim_violation("stream", "stream %u goes through context %u", s, ctx);
	}
}

void check_before(const struct op *op)
{
	touch_begin();
	refuse_before(op);
}

void check_after(const struct op *op, const struct result *result, bool disturbed)
{
	static u32 count;

	if (locks_held_total() != 0U)
		sim_violation("lock-order", "%s returns with locks held", op_info[op->kind].name);
	if (op->actor < CV_MAX_CPUS)
		check_world(op->actor);
	check_frames();
	check_leaves();
	refuse_after(op, result, disturbed);
	if (check_thorough || ++count % TABLES_INTERVAL == 0U) {
		if (check_thorough || count % EXACT_INTERVAL == 0U)
			check_exact();
		report(invariant_check_tables());
		check_counts[CHECK_TABLES]++;
	}
}

void check_quiescent(void)
{
	report(invariant_check_tables());
	check_counts[CHECK_TABLES]++;
}

void check_everything(void)
{
	report(invariant_check_all());
	check_exact();
	check_counts[CHECK_ALL]++;
}
