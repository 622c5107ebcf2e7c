/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/invariant.h"

#include "core/machine.h"
#include "core/page.h"
#include "core/state.h"
#include "core/table.h"
#include "core/vm.h"

static const char *const invariant_names[NR_INVARIANTS] = {
	[INV_NONE] = "none",
	[INV_SPT_CONS] = "spt_cons",
	[INV_HOST_NPT_CONS] = "host_npt_cons",
	[INV_HOST_FLATMAP] = "host_flatmap",
	[INV_HOST_S2_MAP] = "host_s2_map",
	[INV_PAGE_0_INVALID] = "page_0_invalid",
	[INV_HOST_ISO] = "host_iso",
	[INV_VM_ISO] = "vm_iso",
	[INV_SMMU_VM] = "smmu_vm",
	[INV_SMMU_ISO] = "smmu_iso",
	[INV_SMMU_COUNT] = "smmu_count",
	[INV_STATE] = "state_inv",
	[INV_CORE_ISO] = "core_iso",
	[INV_FRESH_VM] = "fresh_vm",
	[INV_ONE_GFN] = "one_gfn",
	[INV_DEFAULT_DMA_ISO] = "default_dma_iso",
	[INV_DMA_PAGES] = "dma_pages",
	[INV_RUN_PAGE] = "run_page",
	[INV_IO_CLAIM] = "io_claim",
	[INV_IO_UNIQUE] = "io_unique",
	[INV_HOST_IO] = "host_io",
	[INV_STREAM_COUNT] = "stream_count",
	[INV_STREAM_ISO] = "stream_iso",
	[INV_VM_FRAMES] = "vm_frames",
	[INV_RECORD_RANGE] = "record_range",
	[INV_STATE_RANGE] = "state_range",
	[INV_RAM_RANGE] = "ram_range",
	[INV_ID_TAKEN] = "id_taken",
	[INV_UNUSED_VM] = "unused_vm",
	[INV_SLOT_VCPU] = "slot_vcpu",
	[INV_VCPU_SLOT] = "vcpu_slot",
	[INV_VCPU_RANGE] = "vcpu_range",
	[INV_IMAGE_RANGE] = "image_range",
	[INV_REGION_RANGE] = "region_range",
	[INV_REGIONS_APART] = "regions_apart",
	[INV_LIST_FREE] = "list_free",
	[INV_LIST_END] = "list_end",
	[INV_LIST_PAGES] = "list_pages",
	[INV_VERIFY_RANGE] = "verify_range",
};

const char *invariant_name(enum invariant inv)
{
	return inv < NR_INVARIANTS ? invariant_names[inv] : "unknown";
}

static struct violation report(enum invariant inv, u32 map, u64 gfn, u64 pfn)
{
	struct violation violation = {inv, map, gfn, pfn};

	return violation;
}

/* Is the host allowed to see this frame? */
static bool host_may_map(u64 pfn)
{
	u32 owner = frame_owner(pfn);

	return owner == CV_INVALID_ID || owner == CV_HOSTVISOR || frame_count(pfn) > 0;
}

/* Has any VM claimed this device frame? */
static bool is_claimed_by_any(u64 pfn)
{
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
		if (io_claims[i].vm != 0 && io_claims[i].pfn == pfn)
			return true;
	}
	return false;
}

/* Has this VM claimed this device frame for this gfn? */
static bool is_claimed(u32 vm, u64 gfn, u64 pfn)
{
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
		if (io_claims[i].vm == vm && io_claims[i].gfn == gfn && io_claims[i].pfn == pfn)
			return true;
	}
	return false;
}

static enum invariant check_host_leaf(u64 gfn, u64 pfn, u64 desc)
{
	u64 attr = frame_owner(pfn) == CV_INVALID_ID ? DESC_ATTR_DEVICE : DESC_ATTR_MEMORY;

	if (desc != desc_page(pfn, attr))
		return INV_HOST_NPT_CONS;
	if (pfn != gfn)
		return INV_HOST_FLATMAP;
	if (!host_may_map(pfn))
		return INV_HOST_ISO;
	/* Stronger than the seed's: a VM's device is out of the host's reach. */
	if (frame_owner(pfn) == CV_INVALID_ID && is_claimed_by_any(pfn))
		return INV_HOST_ISO;
	if (frame_owner(pfn) == CV_INVALID_ID && machine_device(pfn) == MACHINE_DEVICE_NONE)
		return INV_HOST_IO;
	return INV_NONE;
}

static enum invariant check_vm_leaf(u32 vm, u64 gfn, u64 pfn)
{
	if (vms[vm].state == CV_VM_UNUSED)
		return INV_FRESH_VM;
	if (frame_owner(pfn) == CV_INVALID_ID)
		return is_claimed(vm, gfn, pfn) ? INV_NONE : INV_VM_ISO;
	if (frame_owner(pfn) != vm)
		return INV_VM_ISO;
	return frame_gfn(pfn) == gfn ? INV_NONE : INV_ONE_GFN;
}

static enum invariant check_dma_leaf(u32 ctx, u64 gfn, u64 pfn, u64 desc)
{
	if (desc != desc_page(pfn, DESC_ATTR_MEMORY))
		return INV_SPT_CONS;
	if (frame_owner(pfn) == CV_INVALID_ID || frame_owner(pfn) != dma_contexts[ctx].owner ||
	    frame_gfn(pfn) != gfn)
		return INV_SMMU_ISO;
	return INV_NONE;
}

static enum invariant check_default_dma_leaf(u64 gfn, u64 pfn, u64 desc)
{
	if (desc != desc_page(pfn, DESC_ATTR_MEMORY))
		return INV_SPT_CONS;
	if (pfn != gfn || frame_owner(pfn) == CV_INVALID_ID || !host_may_map(pfn))
		return INV_DEFAULT_DMA_ISO;
	return INV_NONE;
}

struct violation invariant_check_leaf(u32 map, u64 gfn)
{
	u64 desc = map_get(map, gfn);
	u64 pfn = desc_pfn(desc);
	enum invariant inv;

	if (desc == 0)
		return report(INV_NONE, map, gfn, 0);
	if (map >= MAP_CORE && map_level(map, gfn) != 3)
		return report(map == MAP_CORE ? INV_LIST_PAGES : INV_DMA_PAGES, map, gfn, pfn);
	/* The core's own map lists frames that may still be the host's. */
	if (map == MAP_CORE)
		return report(INV_NONE, map, gfn, pfn);
	if (frame_owner(pfn) == CV_COREVISOR)
		return report(INV_CORE_ISO, map, gfn, pfn);
	if (map == MAP_HOST)
		inv = check_host_leaf(gfn, pfn, desc);
	else if (map < MAP_CORE)
		inv = check_vm_leaf(map, gfn, pfn);
	else if (map == MAP_DMA_DEFAULT)
		inv = check_default_dma_leaf(gfn, pfn, desc);
	else
		inv = check_dma_leaf(map - MAP_DMA(0), gfn, pfn, desc);
	return report(inv, map, gfn, pfn);
}

u32 invariant_host_dma_count(u64 pfn)
{
	u32 count = 0;

	for (u32 ctx = 0; ctx < CV_MAX_DMA_CONTEXTS; ctx++) {
		if (dma_contexts[ctx].owner == CV_HOSTVISOR &&
		    desc_pfn(map_get(MAP_DMA(ctx), pfn + CV_SMMU_HOST_OFFSET)) == pfn)
			count++;
	}
	return count;
}

/* What must hold of the record itself. */
static enum invariant check_record(u64 pfn)
{
	u32 owner = frame_owner(pfn);

	if (pfn == 0)
		return owner == CV_INVALID_ID ? INV_NONE : INV_PAGE_0_INVALID;
	if ((owner > CV_COREVISOR && owner != CV_INVALID_ID) || frame_count(pfn) > FRAME_MAX_COUNT)
		return INV_RECORD_RANGE;
	if (vm_id_valid(owner) && frame_gfn(pfn) >= table_geometry.gfn_limit)
		return INV_RECORD_RANGE;
	if (owner == CV_HOSTVISOR && frame_gfn(pfn) != pfn + CV_SMMU_HOST_OFFSET)
		return INV_HOST_S2_MAP;
	if (owner == CV_HOSTVISOR && frame_count(pfn) < invariant_host_dma_count(pfn))
		return INV_SMMU_COUNT;
	if (owner == CV_COREVISOR && frame_count(pfn) != 0)
		return INV_CORE_ISO;
	if (vm_id_valid(owner) && vms[owner].state == CV_VM_UNUSED)
		return INV_FRESH_VM;
	return INV_NONE;
}

struct violation invariant_check_frame(u64 pfn)
{
	enum invariant inv = check_record(pfn);
	u32 owner = frame_owner(pfn);
	struct violation v;

	if (inv != INV_NONE || pfn >= table_geometry.gfn_limit)
		return report(inv, 0, 0, pfn);
	v = invariant_check_leaf(MAP_HOST, pfn);
	if (v.inv == INV_NONE)
		v = invariant_check_leaf(MAP_DMA_DEFAULT, pfn);
	if (v.inv == INV_NONE && vm_id_valid(owner))
		v = invariant_check_leaf(owner, frame_gfn(pfn));
	return v;
}

/* Every leaf of a map, each frame of a block on its own. */
static struct violation check_map(u32 map)
{
	u64 end = table_geometry.gfn_limit;
	u64 gfn = map_next(map, 0, end);

	while (gfn < end) {
		struct violation v = invariant_check_leaf(map, gfn);

		if (v.inv != INV_NONE)
			return v;
		gfn = map_next(map, gfn + 1, end);
	}
	return report(INV_NONE, map, 0, 0);
}

/* vm_frames: what the records say each VM owns. */
static struct violation check_owned(void)
{
	u64 owned[CV_MAX_VMS + 1] = {0};

	for (u64 pfn = 0; pfn < nr_frames; pfn++) {
		if (vm_id_valid(frames[pfn].owner))
			owned[frames[pfn].owner]++;
	}
	for (u32 vm = 1; vm <= CV_MAX_VMS; vm++) {
		if (vms[vm].nr_frames != owned[vm])
			return report(INV_VM_FRAMES, vm, 0, 0);
	}
	return report(INV_NONE, 0, 0, 0);
}

struct violation invariant_check_all(void)
{
	struct violation v = invariant_check_tables();

	for (u64 pfn = 0; pfn < nr_frames && v.inv == INV_NONE; pfn++)
		v = invariant_check_frame(pfn);
	for (u32 map = 0; map < CV_NR_MAPS && v.inv == INV_NONE; map++)
		v = check_map(map);
	return v.inv == INV_NONE ? check_owned() : v;
}
