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
	/*@ ghost
	    /@ loop invariant 0 <= i <= nr_frames;
	       loop invariant \forall integer n, v; n <= i ==> owned(n, v) ==
	         \at(owned(n, v), Pre) + (n > pfn && v == owner ? 1 : 0) -
	           (n > pfn && v == \at(frames[pfn].owner, Pre) ? 1 : 0);
	       loop assigns i;
	       loop variant nr_frames - i; @/
	    for (u64 i = 0; i < nr_frames; i++) ; */
}

void frame_set_count(u64 pfn, u32 count)
{
	frames[pfn].count = (u8)count;
	/*@ ghost
	    /@ loop invariant 0 <= i <= nr_frames;
	       loop invariant \forall integer n, v; n <= i ==>
	         owned(n, v) == \at(owned(n, v), Pre);
	       loop assigns i;
	       loop variant nr_frames - i; @/
	    for (u64 i = 0; i < nr_frames; i++) ; */
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
	/*@ ghost DMA_COUNT_KEPT(c) */
}

void page_take(u64 pfn, u32 vm, u64 gfn, enum page_content content)
{
	/*@ ghost lemma_not_in_use(pfn); */
	map_clear_page(MAP_HOST, pfn);
	map_clear_page(MAP_DMA_DEFAULT, pfn);
	if (content == PAGE_WIPE)
		machine_frame_clear(pfn);
	else
		machine_frame_sync(pfn);
	frame_set(pfn, vm, 0, gfn);
	/*@ ghost lemma_owned_range(); */
	vms[vm].nr_frames++;
	/*@ ghost DMA_COUNT_KEPT(c) */
}

void page_take_block(u64 pfn, u32 vm, u64 gfn)
{
	/*@ assert l_owner(pfn) == CV_HOSTVISOR && l_owner(pfn + 511) == CV_HOSTVISOR; */
	/*@ assert pfn + 511 < nr_frames && gfn + 511 < table_geometry.gfn_limit; */
	/*@ ghost
	    /@ loop invariant 0 <= i <= 512;
	       loop invariant \forall integer c, g; is_context(c) && in_map(dma_map(c), g) &&
	         map_of(dma_map(c), g) != 0 ==>
	         !(pfn <= d_pfn(map_of(dma_map(c), g)) < pfn + i);
	       loop invariant \forall integer s; 0 <= s < CV_MAX_VCPUS_TOTAL &&
	         vcpus[s].state != CV_VCPU_UNUSED ==> !(pfn <= vcpus[s].run_pfn < pfn + i);
	       loop assigns i;
	       loop variant 512 - i; @/
	    for (u64 i = 0; i < 512; i++) lemma_not_in_use(pfn + i); */
	map_clear_block(MAP_HOST, pfn);
	map_clear_block(MAP_DMA_DEFAULT, pfn);
	machine_block_clear(pfn);
	/*@ loop invariant 0 <= i <= 512;
	    loop invariant \forall integer p; pfn <= p < pfn + i ==>
	      l_owner(p) == vm && l_count(p) == 0 && l_gfn(p) == gfn + (p - pfn);
	    loop invariant \forall integer p; !(pfn <= p < pfn + i) ==> same_record{Pre, Here}(p);
	    loop invariant hosts: \forall integer p; pfn + i <= p < pfn + 512 ==>
	      l_owner(p) == CV_HOSTVISOR;
	    loop invariant owned: \forall integer v; is_vm(v) ==> owned(nr_frames, v) ==
	      \at(owned(nr_frames, v), Pre) + (v == vm ? i : 0);
	    loop invariant frames: vms[vm].nr_frames == \at(vms[vm].nr_frames, Pre) + i;
	    loop assigns i, frames[pfn .. pfn + 511], vms[vm].nr_frames;
	    loop variant 512 - i; */
	for (u64 i = 0; i < CV_BLOCK_FRAMES; i++) {
		frame_set(pfn + i, vm, 0, gfn + i);
		/*@ ghost lemma_owned_range(); */
		/*@ assert taken: owned(nr_frames, vm) == \at(owned(nr_frames, vm), Pre) + i + 1; */
		/*@ assert room: vms[vm].nr_frames + 1 == owned(nr_frames, vm) <= nr_frames; */
		vms[vm].nr_frames++;
	}
	/*@ ghost DMA_COUNT_KEPT(c) */
}

void page_return(u64 pfn)
{
	u32 vm = frame_owner(pfn);
	u64 gfn = frame_gfn(pfn);

	if (desc_pfn(map_get(vm, gfn)) == pfn)
		map_clear_page(vm, gfn);
	machine_frame_clear(pfn);
	/*@ ghost lemma_owned_range(); */
	frame_set(pfn, CV_HOSTVISOR, 0, pfn + CV_SMMU_HOST_OFFSET);
	/*@ ghost lemma_owned_range(); */
	vms[vm].nr_frames--;
	if (map_get(MAP_DMA_DEFAULT, pfn) == 0)
		map_set_page(MAP_DMA_DEFAULT, pfn, desc_page(pfn, DESC_ATTR_MEMORY));
	/*@ ghost lemma_in_no_use(pfn);
	    DMA_COUNT_KEPT(c) */
}
