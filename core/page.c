/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/page.h"

#include "core/machine.h"
#include "core/state.h"
#include "core/table.h"
#include "corevisor/error.h"
#include "corevisor/limits.h"

u32 frame_owner(u64 pfn)
{
	return pfn < nr_frames ? frames[pfn].owner : CV_INVALID_ID;
}

u32 frame_count(u64 pfn)
{
	return pfn < nr_frames ? frames[pfn].count : 0;
}

u64 frame_gfn(u64 pfn)
{
	if (pfn >= nr_frames)
		return 0;
	return frames[pfn].gfn_high * GFN_HIGH_UNIT + frames[pfn].gfn_low;
}

void frame_set(u64 pfn, u32 owner, u32 count, u64 gfn)
{
	frames[pfn].gfn_low = (u32)(gfn % GFN_HIGH_UNIT);
	frames[pfn].gfn_high = (u8)(gfn / GFN_HIGH_UNIT);
	frames[pfn].owner = (u16)owner;
	frames[pfn].count = (u8)count;
}

void frame_set_count(u64 pfn, u32 count)
{
	frames[pfn].count = (u8)count;
}

int page_check_donation(u64 pfn)
{
	if (frame_owner(pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	if (frame_count(pfn) != 0)
		return CV_EBUSY;
	return CV_OK;
}

int page_check_donation_block(u64 pfn)
{
	/*@ loop invariant 0 <= i <= 512;
	    loop invariant \forall integer p; pfn <= p < pfn + i ==>
	      l_owner(p) == CV_HOSTVISOR && l_count(p) == 0;
	    loop assigns i;
	    loop variant 512 - i; */
	for (u64 i = 0; i < CV_BLOCK_FRAMES; i++) {
		int error = page_check_donation(pfn + i);

		if (error != CV_OK)
			return error;
	}
	return CV_OK;
}

bool page_block_is_hosts(u64 pfn)
{
	u64 first = pfn - pfn % CV_BLOCK_FRAMES;

	/*@ loop invariant 0 <= i <= 512;
	    loop invariant \forall integer p; first <= p < first + i ==> l_owner(p) == CV_HOSTVISOR;
	    loop assigns i;
	    loop variant 512 - i; */
	for (u64 i = 0; i < CV_BLOCK_FRAMES; i++) {
		if (frame_owner(first + i) != CV_HOSTVISOR)
			return false;
	}
	return true;
}

u32 page_split_need(u64 pfn, u32 level)
{
	/* Beyond RAM, and so perhaps beyond the map: donations ask before they look at the owner. */
	if (pfn >= nr_frames || map_get(MAP_HOST, pfn) == 0)
		return 0;
	return map_need(MAP_HOST, pfn, level);
}

void page_split(u64 pfn, u32 level)
{
	if (map_get(MAP_HOST, pfn) != 0)
		map_prepare(MAP_HOST, pfn, level);
}

void page_take(u64 pfn, u32 vm, u64 gfn, enum page_content content)
{
	/*@ ghost lemma_not_mapped_for_dma(pfn); */
	map_clear_page(MAP_HOST, pfn);
	map_clear_page(MAP_DMA_DEFAULT, pfn);
	if (content == PAGE_WIPE)
		machine_frame_clear(pfn);
	else
		machine_frame_sync(pfn);
	frame_set(pfn, vm, 0, gfn);
	vms[vm].nr_frames++;
	/*@ ghost u32 c = 0;
	    /@ loop invariant 0 <= c <= CV_MAX_DMA_CONTEXTS;
	       loop invariant \forall integer n, p; n <= c ==>
	         host_dma_count(n, p) == \at(host_dma_count(n, p), Pre);
	       loop assigns c;
	       loop variant CV_MAX_DMA_CONTEXTS - c; @/
	    while (c < CV_MAX_DMA_CONTEXTS) c++; */
}

void page_take_block(u64 pfn, u32 vm, u64 gfn)
{
	map_clear_block(MAP_HOST, pfn);
	map_clear_block(MAP_DMA_DEFAULT, pfn);
	for (u64 i = 0; i < CV_BLOCK_FRAMES; i++) {
		machine_frame_clear(pfn + i);
		frame_set(pfn + i, vm, 0, gfn + i);
		vms[vm].nr_frames++;
	}
}

void page_return(u64 pfn)
{
	u32 vm = frame_owner(pfn);
	u64 gfn = frame_gfn(pfn);

	if (desc_pfn(map_get(vm, gfn)) == pfn)
		map_clear_page(vm, gfn);
	machine_frame_clear(pfn);
	frame_set(pfn, CV_HOSTVISOR, 0, pfn + CV_SMMU_HOST_OFFSET);
	vms[vm].nr_frames--;
	if (map_get(MAP_DMA_DEFAULT, pfn) == 0)
		map_set_page(MAP_DMA_DEFAULT, pfn, desc_page(pfn, DESC_ATTR_MEMORY));
}
