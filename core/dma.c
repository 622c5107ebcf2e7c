/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/dma.h"

#include "core/machine.h"
#include "core/mem.h"
#include "core/page.h"
#include "core/state.h"
#include "core/table.h"
#include "core/vm.h"
#include "corevisor/error.h"

bool dma_context_valid(u64 ctx)
{
	return ctx < CV_MAX_DMA_CONTEXTS;
}

bool dma_vm_has_context(u32 vm)
{
	for (u32 ctx = 0; ctx < CV_MAX_DMA_CONTEXTS; ctx++) {
		if (dma_contexts[ctx].owner == vm)
			return true;
	}
	return false;
}

int alloc_smmu_pgd(u32 ctx, u32 owner)
{
	if (dma_contexts[ctx].owner != CV_INVALID_ID)
		return CV_EBUSY;
	if (owner != CV_HOSTVISOR && !vm_is_loading(owner))
		return CV_ESTATE;
	dma_contexts[ctx].owner = owner;
	return CV_OK;
}

int smmu_assign_page(u32 ctx, u64 pfn, u64 gfn)
{
	u32 owner = dma_contexts[ctx].owner;

	if (owner == CV_INVALID_ID || owner == CV_HOSTVISOR)
		return CV_EPERM;
	if (!vm_is_loading(owner))
		return CV_ESTATE;
	return donate_to_vm(owner, gfn, pfn, 3);
}

/* What smmu_map_page refuses. */
static int check_smmu_map(u32 ctx, u64 iova, u64 pfn)
{
	u32 owner = dma_contexts[ctx].owner;
	u64 gfn = iova >> CV_PAGE_SHIFT;

	if (owner == CV_INVALID_ID)
		return CV_EPERM;
	if (owner != CV_HOSTVISOR && !vm_is_loading(owner))
		return CV_ESTATE;
	if (iova % CV_PAGE_SIZE != 0 || gfn >= table_geometry.gfn_limit)
		return CV_EINVAL;
	if (frame_owner(pfn) != owner || frame_gfn(pfn) != gfn)
		return CV_EPERM;
	if (map_get(MAP_DMA(ctx), gfn) != 0)
		return CV_EEXIST;
	if (owner == CV_HOSTVISOR && frame_count(pfn) >= FRAME_MAX_COUNT)
		return CV_EBUSY;
	if (map_need(MAP_DMA(ctx), gfn, 3) > table_free_count())
		return CV_ENOMEM;
	return CV_OK;
}

int smmu_map_page(u32 ctx, u64 iova, u64 pte)
{
	u64 gfn = iova >> CV_PAGE_SHIFT;
	u64 pfn = desc_pfn(pte);
	int error = check_smmu_map(ctx, iova, pfn);

	if (error != CV_OK)
		return error;
	map_prepare(MAP_DMA(ctx), gfn, 3);
	map_set_page(MAP_DMA(ctx), gfn, desc_page(pfn, DESC_ATTR_MEMORY));
	if (dma_contexts[ctx].owner == CV_HOSTVISOR) {
		frame_set_count(pfn, frame_count(pfn) + 1);
		dma_contexts[ctx].nr_mapped++;
	}
	return CV_OK;
}

/* Unmap what a context of the host maps at gfn; something is mapped. */
static void clear_host_leaf(u32 ctx, u64 gfn)
{
	u64 pfn = desc_pfn(map_get(MAP_DMA(ctx), gfn));

	map_clear_page(MAP_DMA(ctx), gfn);
	frame_set_count(pfn, frame_count(pfn) - 1);
	dma_contexts[ctx].nr_mapped--;
}

int smmu_clear(u32 ctx, u64 iova)
{
	u32 owner = dma_contexts[ctx].owner;
	u64 gfn = iova >> CV_PAGE_SHIFT;

	if (owner == CV_INVALID_ID)
		return CV_EPERM;
	if (owner != CV_HOSTVISOR && vms[owner].state != CV_VM_POWEROFF && !vm_is_loading(owner))
		return CV_ESTATE;
	if (iova % CV_PAGE_SIZE != 0 || gfn >= table_geometry.gfn_limit)
		return CV_EINVAL;
	if (map_get(MAP_DMA(ctx), gfn) == 0)
		return CV_ENOENT;
	if (owner == CV_HOSTVISOR)
		clear_host_leaf(ctx, gfn);
	else
		map_clear_page(MAP_DMA(ctx), gfn);
	return CV_OK;
}

/* Unmap everything in a context of the host: its mappings are counted in the records. */
static void clear_host_context(u32 ctx)
{
	u64 gfn = CV_SMMU_HOST_OFFSET;

	while (gfn < CV_SMMU_HOST_OFFSET + nr_frames && dma_contexts[ctx].nr_mapped != 0) {
		if (map_need(MAP_DMA(ctx), gfn, 3) != 0) {
			gfn += CV_BLOCK_FRAMES - gfn % CV_BLOCK_FRAMES;
			continue;
		}
		if (map_get(MAP_DMA(ctx), gfn) != 0)
			clear_host_leaf(ctx, gfn);
		gfn++;
	}
}

int free_smmu_pgd(u32 ctx)
{
	u32 owner = dma_contexts[ctx].owner;

	if (owner == CV_INVALID_ID)
		return CV_EPERM;
	if (owner != CV_HOSTVISOR && vms[owner].state != CV_VM_POWEROFF)
		return CV_ESTATE;
	if (dma_contexts[ctx].nr_streams != 0)
		return CV_EBUSY;
	if (owner == CV_HOSTVISOR)
		clear_host_context(ctx);
	map_drop(MAP_DMA(ctx));
	dma_contexts[ctx].owner = CV_INVALID_ID;
	return CV_OK;
}

int dma_lookup(u32 ctx, u64 iova, u64 *pa)
{
	u64 gfn = iova >> CV_PAGE_SHIFT;
	u64 desc;

	if (dma_contexts[ctx].owner != CV_HOSTVISOR)
		return CV_EPERM;
	if (gfn >= table_geometry.gfn_limit)
		return CV_EINVAL;
	desc = map_get(MAP_DMA(ctx), gfn);
	if (desc == 0)
		return CV_ENOENT;
	*pa = (desc_pfn(desc) << CV_PAGE_SHIFT) | iova % CV_PAGE_SIZE;
	return CV_OK;
}

int dma_attach(u32 ctx, u64 stream)
{
	u32 owner = dma_contexts[ctx].owner;

	if (stream >= CV_MAX_STREAMS || stream >= machine_streams())
		return CV_EINVAL;
	if (owner == CV_INVALID_ID)
		return CV_EPERM;
	if (owner != CV_HOSTVISOR && !vm_is_loading(owner))
		return CV_ESTATE;
	if (stream_contexts[stream] != 0)
		return CV_EBUSY;
	machine_stream_cut((u32)stream);
	machine_stream_bind((u32)stream, MAP_DMA(ctx));
	stream_contexts[stream] = (u16)(ctx + 1);
	dma_contexts[ctx].nr_streams++;
	return CV_OK;
}

int dma_detach(u32 ctx, u64 stream)
{
	u32 owner = dma_contexts[ctx].owner;

	if (stream >= CV_MAX_STREAMS || stream >= machine_streams())
		return CV_EINVAL;
	if (stream_contexts[stream] != ctx + 1)
		return CV_ENOENT;
	if (owner != CV_HOSTVISOR && vms[owner].state != CV_VM_POWEROFF)
		return CV_ESTATE;
	machine_stream_cut((u32)stream);
	machine_stream_bind((u32)stream, MAP_DMA_DEFAULT);
	stream_contexts[stream] = 0;
	dma_contexts[ctx].nr_streams--;
	return CV_OK;
}
