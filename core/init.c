/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/init.h"

#include "core/machine.h"
#include "core/mem.h"
#include "core/page.h"
#include "core/rollback.h"
#include "core/state.h"
#include "core/table.h"
#include "corevisor/error.h"

/* Are the ranges non-empty, and within the records? */
static bool ranges_ok(const struct frame_range *ranges, u32 nr)
{
	if (nr > CORE_MAX_BANKS)
		return false;
	for (u32 i = 0; i < nr; i++) {
		if (ranges[i].frames == 0 || ranges[i].frames > CV_MAX_FRAMES ||
		    ranges[i].pfn > CV_MAX_FRAMES - ranges[i].frames)
			return false;
	}
	return true;
}

static bool ascending(const struct frame_range *ranges, u32 nr)
{
	for (u32 i = 1; i < nr; i++) {
		if (ranges[i].pfn < ranges[i - 1].pfn + ranges[i - 1].frames)
			return false;
	}
	return true;
}

static bool config_ok(const struct core_config *config)
{
	return config->nr_ram != 0 && ranges_ok(config->ram, config->nr_ram) &&
	       ascending(config->ram, config->nr_ram) && ranges_ok(config->kept, config->nr_kept);
}

/* Records of frames from `pfn` up to `end` that have no place in anybody's map. */
static void set_owner(u64 pfn, u64 end, u32 owner)
{
	for (; pfn < end; pfn++)
		frame_set(pfn, owner, 0, 0);
}

static void set_owner_host(u64 pfn, u64 end)
{
	for (; pfn < end; pfn++)
		frame_set(pfn, CV_HOSTVISOR, 0, pfn + CV_SMMU_HOST_OFFSET);
}

/* The records end with RAM; frames between the banks are nobody's. */
static void init_records(const struct core_config *config)
{
	const struct frame_range *last = &config->ram[config->nr_ram - 1];
	u64 end = 0;

	nr_frames = last->pfn + last->frames;
	for (u32 i = 0; i < config->nr_ram; i++) {
		u64 pfn = config->ram[i].pfn;

		set_owner(end, pfn, CV_INVALID_ID);
		end = pfn + config->ram[i].frames;
		set_owner_host(pfn, end);
	}
	for (u32 i = 0; i < config->nr_kept; i++) {
		u64 kept_end = config->kept[i].pfn + config->kept[i].frames;

		set_owner(config->kept[i].pfn, kept_end < end ? kept_end : end, CV_COREVISOR);
	}
	/* Even if there is RAM, so that frame number 0 can mean that nothing is mapped. */
	frame_set(0, CV_INVALID_ID, 0, 0);
}

/*
 * The default DMA context maps every frame of the host, in pages: a device cannot retry a fault, so
 * its tables are never broken to be made smaller. Without streams nobody would walk it. Here one
 * may be: nobody does DMA yet. So 512 frames in a row are one block, then split.
 */
static int map_default_dma(u64 pfn, bool block)
{
	if (machine_streams() == 0 || map_get(MAP_DMA_DEFAULT, pfn) != 0)
		return CV_OK;
	if (map_need(MAP_DMA_DEFAULT, pfn, 3) > table_free_count())
		return CV_ENOMEM;
	if (block) {
		map_prepare(MAP_DMA_DEFAULT, pfn, 2);
		map_set_block(MAP_DMA_DEFAULT, pfn,
			      desc_block(pfn - pfn % CV_BLOCK_FRAMES, DESC_ATTR_MEMORY));
	}
	map_prepare(MAP_DMA_DEFAULT, pfn, 3);
	if (!block)
		map_set_page(MAP_DMA_DEFAULT, pfn, desc_page(pfn, DESC_ATTR_MEMORY));
	return CV_OK;
}

/* The host finds this bank mapped, for its CPUs and its devices: no faults while it boots. */
static int init_maps(struct frame_range range)
{
	u64 pfn = range.pfn;

	while (pfn < range.pfn + range.frames) {
		bool block = false;
		int error = CV_OK;

		if (frame_owner(pfn) == CV_HOSTVISOR) {
			error = map_host(pfn << CV_PAGE_SHIFT);
			if (error != CV_OK)
				return error;
			/* All 512 frames around it are the host's, perhaps of two banks. */
			block = map_level(MAP_HOST, pfn) < 3;
			error = map_default_dma(pfn, block);
		}
		if (error != CV_OK)
			return error;
		pfn += block ? CV_BLOCK_FRAMES - pfn % CV_BLOCK_FRAMES : 1;
	}
	return CV_OK;
}

static void init_dma(void)
{
	for (u32 ctx = 0; ctx < CV_MAX_DMA_CONTEXTS; ctx++)
		dma_contexts[ctx].owner = CV_INVALID_ID;
	for (u32 stream = 0; stream < machine_streams() && stream < CV_MAX_STREAMS; stream++)
		machine_stream_bind(stream, MAP_DMA_DEFAULT);
}

int core_init(const struct core_config *config)
{
	int error;

	if (!config_ok(config))
		return CV_EINVAL;
	for (u32 cpu = 0; cpu < CV_MAX_CPUS; cpu++)
		cpus[cpu].slot = NO_SLOT;
	init_records(config);
	error = table_init(config->ipa_bits, config->pool_pfn, config->nr_tables);
	if (error != CV_OK)
		return error;
	for (u32 i = 0; i < config->nr_ram; i++) {
		error = init_maps(config->ram[i]);
		if (error != CV_OK)
			return error;
	}
	init_dma();
	return rollback_init();
}
