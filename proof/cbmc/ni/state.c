/* SPDX-License-Identifier: BSD-3-Clause */
/* See state.h. */
#include "proof/cbmc/ni/state.h"

struct world now;
struct table_geometry table_geometry;

/* What the machine is; the same in both runs. */
enum machine_device devices[NI_GFNS];

enum machine_device machine_device(u64 pfn)
{
	return devices[pfn];
}

void machine_frame_clear(u64 pfn)
{
	__CPROVER_assert(pfn < nr_frames, "cleared frame is RAM");
	now.content[pfn] = 0;
}

void machine_block_clear(u64 pfn)
{
	for (u64 i = 0; i < CV_BLOCK_FRAMES; i++)
		machine_frame_clear(pfn + i);
}

void machine_frame_sync(u64 pfn)
{
	__CPROVER_assert(pfn < nr_frames, "synced frame is RAM");
}

/*
 * core/table.h, function by function: each model is a function that meets the contract, and
 * asserts what the contract requires.
 */
static bool in_map(u32 map, u64 gfn)
{
	return map < CV_NR_MAPS && gfn < NI_GFNS;
}

static bool same_leaf(u32 level, u64 a, u64 b)
{
	if (level == 3U)
		return a == b;
	if (level == 2U)
		return a / CV_BLOCK_FRAMES == b / CV_BLOCK_FRAMES;
	return a / NI_LARGE == b / NI_LARGE;
}

u32 table_free_count(void)
{
	return now.tables_free;
}

u64 map_get(u32 map, u64 gfn)
{
	u8 leaf;

	__CPROVER_assert(in_map(map, gfn), "map_get range");
	leaf = now.map[map * NI_GFNS + gfn];
	if (leaf == 0)
		return 0;
	return desc_page(leaf_pfn(leaf),
			 leaf_is_device(leaf) ? DESC_ATTR_DEVICE : DESC_ATTR_MEMORY);
}

bool map_block_is_empty(u32 map, u64 gfn)
{
	bool empty = true;

	__CPROVER_assert(in_map(map, gfn), "map_block_is_empty range");
	for (u64 g = 0; g < NI_GFNS; g++)
		empty = empty && (!same_leaf(2, gfn, g) || now.map[map * NI_GFNS + g] == 0);
	return empty;
}

u32 map_need(u32 map, u64 gfn, u32 level)
{
	__CPROVER_assert(in_map(map, gfn) && level >= 1 && level <= 3, "map_need range");
	return now.depth[map * NI_GFNS + gfn] < level ? level - now.depth[map * NI_GFNS + gfn] : 0U;
}

void map_prepare(u32 map, u64 gfn, u32 level)
{
	u32 need = map_need(map, gfn, level);

	__CPROVER_assert(need <= now.tables_free, "map_prepare enough");
	now.tables_free -= need;
	for (u64 g = 0; g < NI_GFNS; g++) {
		if (same_leaf(1, gfn, g) && now.depth[map * NI_GFNS + g] < 2U)
			now.depth[map * NI_GFNS + g] = 2;
		if (level == 3U && same_leaf(2, gfn, g) && now.depth[map * NI_GFNS + g] < 3U)
			now.depth[map * NI_GFNS + g] = 3;
	}
}

void map_set_page(u32 map, u64 gfn, u64 desc)
{
	__CPROVER_assert(in_map(map, gfn) && now.depth[map * NI_GFNS + gfn] == 3U,
			 "map_set_page prepared");
	__CPROVER_assert(now.map[map * NI_GFNS + gfn] == 0U, "map_set_page empty");
	__CPROVER_assert(desc_pfn(desc) < NI_GFNS &&
				 (desc == desc_page(desc_pfn(desc), DESC_ATTR_MEMORY) ||
				  desc == desc_page(desc_pfn(desc), DESC_ATTR_DEVICE)),
			 "map_set_page leaf");
	now.map[map * NI_GFNS + gfn] = leaf_of(desc);
}

void map_set_block(u32 map, u64 gfn, u64 desc)
{
	__CPROVER_assert(in_map(map, gfn) && now.depth[map * NI_GFNS + gfn] >= 2U,
			 "map_set_block prepared");
	now.tables_free += now.depth[map * NI_GFNS + gfn] == 3U ? 1U : 0U;
	for (u64 g = 0; g < NI_GFNS; g++) {
		if (!same_leaf(2, gfn, g))
			continue;
		now.map[map * NI_GFNS + g] =
			leaf_of(desc_page(desc_pfn(desc) + g % CV_BLOCK_FRAMES, desc_attr(desc)));
		now.depth[map * NI_GFNS + g] = 2;
	}
}

void map_clear_page(u32 map, u64 gfn)
{
	u32 depth = now.depth[map * NI_GFNS + gfn];

	__CPROVER_assert(in_map(map, gfn), "map_clear_page range");
	for (u64 g = 0; g < NI_GFNS; g++) {
		if (same_leaf(depth, gfn, g))
			now.map[map * NI_GFNS + g] = 0;
	}
}

/* The contract leaves open whether it merges; whether it does is not observed in any check. */
void map_merge(u32 map, u64 gfn)
{
	__CPROVER_assert(in_map(map, gfn), "map_merge range");
}

void world_enter(const struct world *w)
{
	now = *w;
	for (u32 p = 0; p < CV_MAX_FRAMES; p++)
		frames[p] = w->frames[p];
	for (u32 v = 0; v < NR_VMS; v++) {
		vms[v].state = w->vm_state[v];
		vms[v].nr_frames = w->vm_frames[v];
		vms[v].verifying = w->vm_verifying[v];
		vms[v].reclaimed = w->vm_reclaimed[v];
		snapshots[v].phase = w->vm_snapshot[v];
	}
	for (u32 c = 0; c < CV_MAX_DMA_CONTEXTS; c++)
		dma_contexts[c] = w->dma[c];
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++)
		io_claims[i] = w->claims[i];
	vcpus[0].state = w->vcpu_state;
	vcpus[0].run_pfn = w->vcpu_run_pfn;
}

void world_leave(struct world *w)
{
	*w = now;
	for (u32 p = 0; p < CV_MAX_FRAMES; p++)
		w->frames[p] = frames[p];
	for (u32 v = 0; v < NR_VMS; v++) {
		w->vm_state[v] = vms[v].state;
		w->vm_frames[v] = vms[v].nr_frames;
		w->vm_verifying[v] = vms[v].verifying;
		w->vm_reclaimed[v] = vms[v].reclaimed;
		w->vm_snapshot[v] = snapshots[v].phase;
	}
	for (u32 c = 0; c < CV_MAX_DMA_CONTEXTS; c++)
		w->dma[c] = dma_contexts[c];
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++)
		w->claims[i] = io_claims[i];
	w->vcpu_state = vcpus[0].state;
	w->vcpu_run_pfn = vcpus[0].run_pfn;
}

/*
 * Below, conditions are joined by & and |, and nothing returns early: for the solver that is one
 * formula, and not a branch of the program for each.
 */
static bool is_vm(u32 v)
{
	return v - 1U < CV_MAX_VMS;
}

/* record_range, core_iso, page_0_invalid, host_s2_map, smmu_count, of one frame. */
static bool frame_ok(const struct world *w, u32 p)
{
	u32 owner = W_OWNER(w, p);
	u32 uses = (w->vcpu_state != CV_VCPU_UNUSED) & (w->vcpu_run_pfn == p) ? 1U : 0U;
	bool vm_live = false;
	bool host;

	for (u32 v = 1; v < NR_VMS; v++)
		vm_live |= (owner == v) & (w->vm_state[v] != CV_VM_UNUSED);
	for (u32 c = 0; c < CV_MAX_DMA_CONTEXTS; c++)
		uses += (w->dma[c].owner == CV_HOSTVISOR) &
					(w->map[MAP_DMA(c) * NI_GFNS + p + CV_SMMU_HOST_OFFSET] ==
					 1U + 2U * p)
				? 1U
				: 0U;
	host = (owner == CV_HOSTVISOR) & (W_GFN(w, p) == p + CV_SMMU_HOST_OFFSET) &
	       (W_COUNT(w, p) >= uses);
	return (p >= nr_frames) |
	       ((w->frames[p].gfn_high == 0) & (w->frames[p].gfn_low < NI_GFNS) &
		(W_COUNT(w, p) <= FRAME_MAX_COUNT) & ((p != 0) | (owner == CV_INVALID_ID)) &
		(host | vm_live | (owner == CV_INVALID_ID) |
		 ((owner == CV_COREVISOR) & (W_COUNT(w, p) == 0))));
}

/* May the host see it: not a VM's, or shared? */
static bool host_may(const struct world *w, u32 p)
{
	return (W_OWNER(w, p) == CV_INVALID_ID) | (W_OWNER(w, p) == CV_HOSTVISOR) |
	       (W_COUNT(w, p) > 0);
}

/* host_npt_cons, host_flatmap, host_iso, host_io, default_dma_iso, dma_pages, at one gfn. */
static bool host_leaf_ok(const struct world *w, u32 g)
{
	u8 leaf = w->map[MAP_HOST * NI_GFNS + g];
	u8 dma = w->map[MAP_DMA_DEFAULT * NI_GFNS + g];
	bool device = W_OWNER(w, g) == CV_INVALID_ID;
	bool may = host_may(w, g);
	bool dma_ok = (dma == 0) | ((leaf_pfn(dma) == g) & !device & may &
				    (w->depth[MAP_DMA_DEFAULT * NI_GFNS + g] == 3U));

	return dma_ok & ((leaf == 0) | ((leaf_pfn(leaf) == g) & (leaf_is_device(leaf) == device) &
					(!device | (devices[g] != MACHINE_DEVICE_NONE)) & may));
}

/* spt_cons, smmu_iso, dma_pages, at one gfn of one context. */
static bool dma_leaf_ok(const struct world *w, u32 c, u32 g)
{
	u8 leaf = w->map[MAP_DMA(c) * NI_GFNS + g];
	u32 pfn = leaf_pfn(leaf);

	return (leaf == 0) | (!leaf_is_device(leaf) & (w->depth[MAP_DMA(c) * NI_GFNS + g] == 3U) &
			      (W_OWNER(w, pfn) == w->dma[c].owner) &
			      (w->dma[c].owner != CV_INVALID_ID) & (W_GFN(w, pfn) == g));
}

/* vm_iso, one_gfn, vm_io, fresh_vm, at one gfn of one VM. */
static bool vm_leaf_ok(const struct world *w, u32 v, u32 g)
{
	u8 leaf = w->map[v * NI_GFNS + g];
	u32 pfn = leaf_pfn(leaf);
	bool claimed = false;

	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++)
		claimed |= (w->claims[i].vm == v) & (w->claims[i].gfn == g) &
			   (w->claims[i].pfn == pfn);
	return (leaf == 0) | ((w->vm_state[v] != CV_VM_UNUSED) &
			      (((W_OWNER(w, pfn) == v) & (W_GFN(w, pfn) == g)) |
			       ((W_OWNER(w, pfn) == CV_INVALID_ID) & claimed)));
}

/* io_claim, smmu_vm, state_range, run_page. */
static bool tables_ok(const struct world *w)
{
	bool ok = (w->vcpu_state == CV_VCPU_UNUSED) | (W_OWNER(w, w->vcpu_run_pfn) == CV_HOSTVISOR);

	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
		bool claim_ok = false;

		for (u32 p = 0; p < NI_GFNS; p++)
			claim_ok |= (w->claims[i].pfn == p) & (W_OWNER(w, p) == CV_INVALID_ID) &
				    (devices[p] == MACHINE_DEVICE_ASSIGNABLE) &
				    (w->map[MAP_HOST * NI_GFNS + p] == 0);
		ok &= (w->claims[i].vm == 0) | (is_vm(w->claims[i].vm) & claim_ok);
		for (u32 v = 1; v < NR_VMS; v++)
			ok &= (w->claims[i].vm != v) | (w->vm_state[v] != CV_VM_UNUSED);
	}
	for (u32 c = 0; c < CV_MAX_DMA_CONTEXTS; c++) {
		ok &= (w->dma[c].owner == CV_INVALID_ID) | (w->dma[c].owner <= CV_MAX_VMS);
		for (u32 v = 1; v < NR_VMS; v++)
			ok &= (w->dma[c].owner != v) | (w->vm_state[v] != CV_VM_UNUSED);
	}
	for (u32 v = 1; v < NR_VMS; v++)
		ok &= w->vm_state[v] <= CV_VM_POWEROFF;
	return ok;
}

bool world_invariants(const struct world *w)
{
	bool ok = tables_ok(w);

	for (u32 p = 0; p < CV_MAX_FRAMES; p++)
		ok &= frame_ok(w, p);
	for (u32 g = 0; g < NI_GFNS; g++) {
		ok &= host_leaf_ok(w, g);
		for (u32 c = 0; c < CV_MAX_DMA_CONTEXTS; c++)
			ok &= dma_leaf_ok(w, c, g);
		for (u32 v = 1; v < NR_VMS; v++)
			ok &= vm_leaf_ok(w, v, g);
	}
	for (u32 i = 0; i < NI_LEAVES; i++)
		ok &= (w->depth[i] - 1U < 3U) & (w->map[i] <= 2U * NI_GFNS);
	return ok;
}

bool map_load(u32 map, u64 gfn, u8 *value)
{
	u64 desc = map_get(map, gfn);

	if (desc == 0 || desc_pfn(desc) >= nr_frames ||
	    frame_owner(desc_pfn(desc)) == CV_INVALID_ID)
		return false;
	*value = now.content[desc_pfn(desc)];
	return true;
}

bool map_store(u32 map, u64 gfn, u8 value)
{
	u64 desc = map_get(map, gfn);

	if (desc == 0 || desc_pfn(desc) >= nr_frames ||
	    frame_owner(desc_pfn(desc)) == CV_INVALID_ID)
		return false;
	now.content[desc_pfn(desc)] = value;
	return true;
}
