/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ownership records, and the one place where a frame changes hands.
 *
 * Every function needs the page lock; page_take, page_take_block and page_return need the map
 * lock too.
 */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H

#include "core/types.h"

/* What happens to the content of a frame that a VM gets. */
enum page_content {
	PAGE_WIPE, /* it reads zero */
	PAGE_KEEP, /* kept: the caller measures it before the VM may run */
};

/* The record of any frame number; outside the records it is CV_INVALID_ID, 0, 0. */
u32 frame_owner(u64 pfn);
u32 frame_count(u64 pfn);
u64 frame_gfn(u64 pfn);

/* pfn < nr_frames; owner a principal; count <= FRAME_MAX_COUNT; gfn < 2^40. */
void frame_set(u64 pfn, u32 owner, u32 count, u64 gfn);

/* Change only the count. pfn < nr_frames; count <= FRAME_MAX_COUNT. */
void frame_set_count(u64 pfn, u32 count);

/*
 * May this frame be taken from the host? CV_OK; CV_EPERM: it is not the host's;
 * CV_EBUSY: it is mapped for DMA or a run page.
 */
int page_check_donation(u64 pfn);

/* The same for 512 frames from pfn (512-aligned) on. */
int page_check_donation_block(u64 pfn);

/* Are all 512 frames around pfn the host's? */
bool page_block_is_hosts(u64 pfn);

/*
 * Split the host's block around pfn down to `level` (2 or 3), so that unmapping that
 * much takes nothing else along; need: the table frames it takes, at most
 * table_free_count() when it is done. Locks: page, map.
 */
u32 page_split_need(u64 pfn, u32 level);
void page_split(u64 pfn, u32 level);

/*
 * Take a frame from the host for a VM: out of the host's map and the default DMA context,
 * CPU and IOMMU TLBs done, wiped or made coherent, then the record.
 * Before: page_check_donation() is CV_OK. If the host's map has the frame in a block, all
 * of the block is unmapped (and faults back in), so callers split it first.
 * After: owner vm, count 0, that gfn.
 */
void page_take(u64 pfn, u32 vm, u64 gfn, enum page_content content);

/* The same for 512 frames; pfn and gfn are 512-aligned; wiped. */
void page_take_block(u64 pfn, u32 vm, u64 gfn);

/*
 * Give a VM's frame back to the host: out of the VM's map (if it is there in
 * a block, all of the block), TLBs done, wiped, then the record, then mapped in the default
 * DMA context. Before: owner is a VM; map_need(MAP_DMA_DEFAULT, pfn, 3) == 0.
 * After: owner host, count 0.
 */
void page_return(u64 pfn);

#endif
