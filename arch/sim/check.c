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

/* Tables below this one, and itself. */
static u32 tables_from(u32 table, u32 level)
{
	u32 nr = 1;

	for (u32 i = 0; level < 3U && i < TABLE_ENTRIES; i++) {
		u64 desc = table_pool[table].e[i];

		if (desc_is_table(desc))
			nr += tables_from((u32)(desc_pfn(desc) - table_geometry.pool_pfn),
					  level + 1U);
	}
	return nr;
}

/* Every table is free or in some map. */
static void check_pool(void)
{
	u32 used = 0;

	for (u32 t = 0; t < CV_NR_MAPS * table_geometry.root_tables; t++)
		used += tables_from(t, table_geometry.start_level);
	if (used + table_free_count() != table_geometry.nr_tables)
		sim_violation("table-pool", "%u tables: %u in use, %u free",
			      table_geometry.nr_tables, used, table_free_count());
}

/* Counts of host frames are exact, streams go where the core says. */
static void check_exact(void)
{
	check_pool();
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

/* The frame that a call takes from the host, or uses; 0: none. */
static u64 taken_frame(const struct op *op)
{
	switch (op->kind) {
	case OP_DONATE:
	case OP_REGISTER_VCPU:
		return op->a[2];
	case OP_DMA_ASSIGN:
	case OP_LOAD_PAGE:
		return op->a[1];
	case OP_DMA_MAP:
		return op->a[2] >> CV_PAGE_SHIFT;
	case OP_DMA_UNMAP:
		return (op->a[1] >> CV_PAGE_SHIFT) - CV_SMMU_HOST_OFFSET;
	default:
		return 0;
	}
}

static void check_count(u64 pfn)
{
	if (sim_is_ram(pfn) && frames[pfn].owner == CV_HOSTVISOR && frames[pfn].count != uses(pfn))
		sim_violation("count", "frame 0x%llx of the host: count %u, used %u times",
			      (unsigned long long)pfn, frames[pfn].count, uses(pfn));
}

/* Where the host and its devices have the frame beside one that is taken. */
static struct {
	u64 pfn;
	u64 host, device;
} beside;

static void beside_before(const struct op *op)
{
	beside.pfn = taken_frame(op) ^ 1U;
	if (!sim_is_ram(beside.pfn) || frames[beside.pfn].owner != CV_HOSTVISOR)
		beside.pfn = 0;
	if (op->kind == OP_DONATE_BLOCK)
		beside.pfn = op->a[2] ^ CV_BLOCK_FRAMES;
	beside.host = sim_is_ram(beside.pfn) ? desc_pfn(map_get(MAP_HOST, beside.pfn)) : 0U;
	beside.device = sim_is_ram(beside.pfn) ? desc_pfn(map_get(MAP_DMA_DEFAULT, beside.pfn))
					       : 0U;
}

/* No TLB has any of a block that was taken. */
static void check_block(u64 pfn)
{
	if (tlb_stale(MAP_HOST, pfn, CV_BLOCK_FRAMES) >= 0 ||
	    tlb_stale(MAP_DMA_DEFAULT, pfn, CV_BLOCK_FRAMES) >= 0)
		sim_violation("stale-translation", "the host or a device still has block 0x%llx",
			      (unsigned long long)pfn);
}

/* What is taken is that and no more; counts are exact. */
static void check_taken(const struct op *op, bool disturbed)
{
	if (op->kind > (u16)OP_HVC)
		return;
	if (taken_frame(op) != 0U)
		check_count(taken_frame(op));
	if (op->kind == OP_DONATE_BLOCK)
		check_block(op->a[2]);
	if (disturbed || !sim_is_ram(beside.pfn))
		return;
	if (desc_pfn(map_get(MAP_HOST, beside.pfn)) != beside.host ||
	    desc_pfn(map_get(MAP_DMA_DEFAULT, beside.pfn)) != beside.device)
		sim_violation("beside", "%s also took frame 0x%llx from the host's maps",
			      op_info[op->kind].name, (unsigned long long)beside.pfn);
}

void check_before(const struct op *op)
{
	beside_before(op);
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
	if (result->outcome == OUT_OK)
		check_taken(op, disturbed);
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
