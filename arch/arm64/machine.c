/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seam 1 (core/machine.h) on Arm64.
 */
#include "core/machine.h"

#include <string.h>

#include "cache.h"
#include "core/state.h"
#include "core/table.h"
#include "devices.h"
#include "mmu.h"
#include "pci.h"
#include "percpu.h"
#include "smmu.h"
#include "stage2.h"
#include "sysreg.h"

/* As many frames, and more, are invalidated by throwing the whole map out of the TLBs. */
#define INVALIDATE_ALL_FRAMES 512U

u32 machine_cpu(void)
{
	return this_cpu()->index;
}

void machine_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

void machine_lock_taken(u32 rank, u32 index)
{
	(void)rank;
	(void)index;
}

void machine_lock_dropped(u32 rank, u32 index)
{
	(void)rank;
	(void)index;
}

enum machine_device machine_device(u64 pfn)
{
	if (pfn >= table_geometry.gfn_limit || !devices_host_frame(pfn << CV_PAGE_SHIFT))
		return MACHINE_DEVICE_NONE;
	if (devices_assignable_frame(pfn << CV_PAGE_SHIFT))
		return MACHINE_DEVICE_ASSIGNABLE;
	return MACHINE_DEVICE_HOST;
}

static void *frame_va(u64 pfn)
{
	return pa_to_va(pfn << CV_PAGE_SHIFT);
}

/*
 * A frame that changes hands: unless the instruction caches follow the data (CTR_EL0.DIC), all of
 * them is thrown out, for what they hold of it may be there under any address of its last owner.
 */
static void forget_instructions(void)
{
	if ((sysreg_read(ctr_el0) & CTR_DIC) == 0)
		__asm__ volatile("ic ialluis; dsb ish; isb" : : : "memory");
}

void machine_frame_clear(u64 pfn)
{
	cache_clear_pages(frame_va(pfn), CV_PAGE_SIZE);
	forget_instructions();
}

void machine_block_clear(u64 pfn)
{
	cache_clear_pages(frame_va(pfn), CV_BLOCK_FRAMES * CV_PAGE_SIZE);
	forget_instructions();
}

void machine_frame_sync(u64 pfn)
{
	cache_flush_pages(frame_va(pfn), CV_PAGE_SIZE);
	forget_instructions();
}

void machine_frame_read(u64 pfn, u32 offset, u8 *to, u32 size)
{
	memcpy(to, (const u8 *)frame_va(pfn) + offset, size);
}

void machine_frame_write(u64 pfn, u32 offset, const u8 *from, u32 size)
{
	memcpy((u8 *)frame_va(pfn) + offset, from, size);
}

u64 machine_frame_read64(u64 pfn, u32 offset)
{
	return *(volatile u64 *)((u8 *)frame_va(pfn) + offset);
}

void machine_frame_write64(u64 pfn, u32 offset, u64 value)
{
	*(volatile u64 *)((u8 *)frame_va(pfn) + offset) = value;
}

void machine_table_write(u32 table, u32 index, u64 desc)
{
	/* Stores before it are seen by walkers first; an aligned STR is single-copy atomic. */
	__asm__ volatile("dsb ishst" : : : "memory");
	*(volatile u64 *)&table_pool[table].e[index] = desc;
	/* A new entry is seen by walks of any CPU from here on (D8.2.6). */
	__asm__ volatile("dsb ishst" : : : "memory");
	smmu_table_written(table, index, desc);
}

u64 map_vttbr(u32 map)
{
	return ((u64)map << 48) | (map_root_pfn(map) << CV_PAGE_SHIFT);
}

static bool smmu_walks(u32 map)
{
	return map > MAP_CORE;
}

static bool cpus_walk(u32 map)
{
	return map == MAP_HOST || map < MAP_CORE;
}

/*
 * TLB maintenance of stage 2 works on the current VMID (D8.14): make it the map's.
 * Returns what to give to leave_map().
 */
static u64 use_map(u32 map)
{
	u64 old = sysreg_read(vttbr_el2);

	if (old >> 48 != map) {
		sysreg_write(vttbr_el2, map_vttbr(map));
		isb();
	}
	return old;
}

static void leave_map(u64 old)
{
	sysreg_write(vttbr_el2, old);
	isb();
}

void machine_map_invalidate(u32 map, u64 gfn, u64 frames)
{
	u64 old;

	if (smmu_walks(map)) {
		smmu_invalidate(map, gfn, frames);
		return;
	}
	if (frames >= INVALIDATE_ALL_FRAMES) {
		machine_map_invalidate_all(map);
		return;
	}
	if (!cpus_walk(map))
		return;
	dsb_ish();
	old = use_map(map);
	/* Entries of stage 2 by IPA; then, these being gone, what combines both stages. */
	for (u64 i = 0; i < frames; i++)
		__asm__ volatile("tlbi ipas2e1is, %0" : : "r"(gfn + i) : "memory");
	__asm__ volatile("dsb ish; tlbi vmalle1is; dsb ish; isb" : : : "memory");
	leave_map(old);
}

void machine_map_invalidate_all(u32 map)
{
	u64 old;

	if (smmu_walks(map))
		smmu_invalidate(map, 0, 0);
	if (!cpus_walk(map))
		return;
	dsb_ish();
	old = use_map(map);
	__asm__ volatile("tlbi vmalls12e1is; dsb ish; isb" : : : "memory");
	leave_map(old);
}

void machine_stream_bind(u32 stream, u32 map)
{
	u32 owner = map == MAP_DMA_DEFAULT ? CV_HOSTVISOR : dma_contexts[map - MAP_DMA(0)].owner;

	/* A device that was a VM's goes to nobody: its stream stays cut. */
	if (pci_stream_bound(stream, owner))
		smmu_bind(stream, map);
}

void machine_stream_cut(u32 stream)
{
	smmu_cut(stream);
}

u32 machine_streams(void)
{
	return smmu_streams();
}

u64 machine_counter(void)
{
	isb();
	return sysreg_read(cntpct_el0);
}
