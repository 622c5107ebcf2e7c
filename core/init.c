/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/init.h"

#include "core/machine.h"
#include "core/mem.h"
#include "core/page.h"
#include "core/state.h"
#include "core/table.h"
#include "corevisor/error.h"

/* Are the ranges non-empty, within the records, and is frame 0 not needed? */
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

static bool config_ok(const struct core_config *config)
{
	return config->nr_ram != 0 && ranges_ok(config->ram, config->nr_ram) &&
	       ranges_ok(config->kept, config->nr_kept);
}

/* The top of RAM: where the records end. */
static u64 top_of_ram(const struct core_config *config)
{
	u64 top = 0;

	for (u32 i = 0; i < config->nr_ram; i++) {
		if (config->ram[i].pfn + config->ram[i].frames > top)
			top = config->ram[i].pfn + config->ram[i].frames;
	}
	return top;
}

/* Records of a range: the host's, or the core's. Frame 0 stays nobody's. */
static void set_owner(struct frame_range range, u32 owner)
{
	for (u64 i = 0; i < range.frames; i++) {
		u64 pfn = range.pfn + i;

		if (pfn != 0 && pfn < nr_frames)
			frame_set(pfn, owner, 0,
				  owner == CV_HOSTVISOR ? pfn + CV_SMMU_HOST_OFFSET : 0);
	}
}

static void init_records(const struct core_config *config)
{
	nr_frames = top_of_ram(config);
	for (u64 pfn = 0; pfn < nr_frames; pfn++)
		frame_set(pfn, CV_INVALID_ID, 0, 0);
	for (u32 i = 0; i < config->nr_ram; i++)
		set_owner(config->ram[i], CV_HOSTVISOR);
	for (u32 i = 0; i < config->nr_kept; i++)
		set_owner(config->kept[i], CV_COREVISOR);
}

/*
 * The default DMA context maps every frame of the host, in pages: a device cannot retry a fault, so
 * its tables are never broken to be made smaller. Without streams nobody would walk it.
 */
static int init_default_dma(void)
{
	if (machine_streams() == 0)
		return CV_OK;
	for (u64 pfn = 0; pfn < nr_frames; pfn++) {
		if (frame_owner(pfn) != CV_HOSTVISOR)
			continue;
		if (map_need(MAP_DMA_DEFAULT, pfn, 3) > table_free_count())
			return CV_ENOMEM;
		map_prepare(MAP_DMA_DEFAULT, pfn, 3);
		map_set_page(MAP_DMA_DEFAULT, pfn, desc_page(pfn, DESC_ATTR_MEMORY));
	}
	return CV_OK;
}

/* The host finds its RAM mapped: no faults while it boots. */
static int init_host_map(void)
{
	u64 pfn = 1;

	while (pfn < nr_frames) {
		if (frame_owner(pfn) == CV_HOSTVISOR) {
			int error = map_host(pfn << CV_PAGE_SHIFT);

			if (error != CV_OK)
				return error;
		}
		if (map_level(MAP_HOST, pfn) == 0 || map_level(MAP_HOST, pfn) == 3)
			pfn++;
		else
			pfn += CV_BLOCK_FRAMES - pfn % CV_BLOCK_FRAMES;
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
	error = init_host_map();
	if (error != CV_OK)
		return error;
	error = init_default_dma();
	if (error != CV_OK)
		return error;
	init_dma();
	return CV_OK;
}
