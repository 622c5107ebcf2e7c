/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ownership records, and the one place where a frame changes hands.
 *
 * Every function needs the page lock; page_take, page_take_block and page_return need the map
 * lock too.
 */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H

#include "core/invariant.h"
#include "core/types.h"

/* What happens to the content of a frame that a VM gets. */
enum page_content {
	PAGE_WIPE, /* it reads zero */
	PAGE_KEEP, /* kept: the caller measures it before the VM may run */
};

/* The record of any frame number; outside the records it is CV_INVALID_ID, 0, 0. */
/*@ requires boot_facts;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result == l_owner(pfn); */
u32 frame_owner(u64 pfn);
/*@ requires boot_facts;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result == l_count(pfn); */
u32 frame_count(u64 pfn);
/*@ requires boot_facts;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result == l_gfn(pfn); */
u64 frame_gfn(u64 pfn);

/* pfn < nr_frames; owner a principal; count <= FRAME_MAX_COUNT; gfn < 2^40. */
/*@ requires boot_facts;
    requires pfn < nr_frames;
    requires owner <= CV_INVALID_ID && count <= FRAME_MAX_COUNT && gfn < 0x10000000000;
    terminates \true; exits \false;
    assigns frames[pfn];
    ensures record: l_owner(pfn) == owner && l_count(pfn) == count && l_gfn(pfn) == gfn;
    ensures others: \forall integer p; p != pfn ==> same_record{Pre, Post}(p);
    ensures owned: \forall integer v; owned(nr_frames, v) == \old(owned(nr_frames, v)) +
      (v == owner ? 1 : 0) - (v == \old(l_owner(pfn)) ? 1 : 0); */
void frame_set(u64 pfn, u32 owner, u32 count, u64 gfn);

/* Change only the count. pfn < nr_frames; count <= FRAME_MAX_COUNT. */
/*@ requires boot_facts;
    requires pfn < nr_frames && count <= FRAME_MAX_COUNT;
    terminates \true; exits \false;
    assigns frames[pfn];
    ensures record: l_count(pfn) == count && l_owner(pfn) == \old(l_owner(pfn)) &&
      l_gfn(pfn) == \old(l_gfn(pfn));
    ensures others: \forall integer p; p != pfn ==> same_record{Pre, Post}(p);
    ensures owned: \forall integer v; owned(nr_frames, v) == \old(owned(nr_frames, v)); */
void frame_set_count(u64 pfn, u32 count);

/*
 * May this frame be taken from the host? CV_OK; CV_EPERM: it is not the host's;
 * CV_EBUSY: it is mapped for DMA or a run page.
 */
/*@ requires boot_facts;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result <= 0;
    ensures \result == 0 <==> l_owner(pfn) == CV_HOSTVISOR && l_count(pfn) == 0; */
int page_check_donation(u64 pfn);

/* The same for 512 frames from pfn (512-aligned) on. */
/*@ requires boot_facts;
    requires pfn % 512 == 0;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result <= 0;
    ensures \result == 0 <==> (\forall integer p; pfn <= p < pfn + 512 ==>
      l_owner(p) == CV_HOSTVISOR && l_count(p) == 0); */
int page_check_donation_block(u64 pfn);

/* Are all 512 frames around pfn the host's? */
/*@ requires boot_facts;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result <==> (\forall integer p; 0 <= p && same_leaf(2, pfn, p) ==>
      l_owner(p) == CV_HOSTVISOR); */
bool page_block_is_hosts(u64 pfn);

/*
 * Split the host's block around pfn down to `level` (2 or 3), so that unmapping that
 * much takes nothing else along; need: the table frames it takes, at most
 * table_free_count() when it is done. Locks: page, map.
 */
/*@ requires boot_facts;
    requires tables;
    requires level == 2 || level == 3;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result <= 3 && \result == split_need(pfn, level); */
u32 page_split_need(u64 pfn, u32 level);
/*@ requires boot_facts;
    requires tables;
    requires level == 2 || level == 3;
    requires pfn < nr_frames && split_need(pfn, level) <= table_free_nr;
    terminates \true; exits \false;
    assigns TABLE_STATE;
    ensures tables: tables;
    ensures same: \forall integer m, g; in_map(m, g) ==> map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) && m != MAP_HOST ==>
      depth_of(m, g) == \old(depth_of(m, g));
    ensures dma_count: \forall integer p; host_dma_count(CV_MAX_DMA_CONTEXTS, p) ==
      \old(host_dma_count(CV_MAX_DMA_CONTEXTS, p));
    ensures split: map_of(MAP_HOST, pfn) != 0 ==> depth_of(MAP_HOST, pfn) >= level;
    ensures free: table_free_nr == \old(table_free_nr) - \old(split_need(pfn, level)); */
void page_split(u64 pfn, u32 level);

/*
 * Take a frame from the host for a VM: out of the host's map and the default DMA context,
 * CPU and IOMMU TLBs done, wiped or made coherent, then the record.
 * Before: page_check_donation() is CV_OK. If the host's map has the frame in a block, all
 * of the block is unmapped (and faults back in), so callers split it first.
 * After: owner vm, count 0, that gfn.
 */
/*@ requires host: l_owner(pfn) == CV_HOSTVISOR && l_count(pfn) == 0;
    requires vm: is_vm(vm) && vms[vm].state != CV_VM_UNUSED;
    requires gfn: in_map(vm, gfn);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1], frames[pfn], vms[vm].nr_frames;
    INV_CLAUSES(ensures)
    ensures record: l_owner(pfn) == vm && l_count(pfn) == 0 && l_gfn(pfn) == gfn;
    ensures others: \forall integer p; p != pfn ==> same_record{Pre, Post}(p);
    ensures out: map_of(MAP_HOST, pfn) == 0 && map_of(MAP_DMA_DEFAULT, pfn) == 0;
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST &&
      m != MAP_DMA_DEFAULT ==> map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) ==>
      depth_of(m, g) == \old(depth_of(m, g)); */
void page_take(u64 pfn, u32 vm, u64 gfn, enum page_content content);

/* The same for 512 frames; pfn and gfn are 512-aligned; wiped. */
/*@ requires host: \forall integer p; pfn <= p < pfn + 512 ==>
      l_owner(p) == CV_HOSTVISOR && l_count(p) == 0;
    requires vm: is_vm(vm) && vms[vm].state != CV_VM_UNUSED;
    requires gfn: in_map(vm, gfn) && gfn % 512 == 0 && pfn % 512 == 0;
    requires split: map_of(MAP_HOST, pfn) != 0 ==> depth_of(MAP_HOST, pfn) >= 2;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1], frames[pfn .. pfn + 511], vms[vm].nr_frames;
    INV_CLAUSES(ensures)
    ensures record: \forall integer p; pfn <= p < pfn + 512 ==>
      l_owner(p) == vm && l_count(p) == 0 && l_gfn(p) == gfn + (p - pfn);
    ensures others: \forall integer p; !(pfn <= p < pfn + 512) ==> same_record{Pre, Post}(p);
    ensures out: \forall integer p; pfn <= p < pfn + 512 ==>
      map_of(MAP_HOST, p) == 0 && map_of(MAP_DMA_DEFAULT, p) == 0;
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST &&
      m != MAP_DMA_DEFAULT ==> map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) ==>
      depth_of(m, g) == \old(depth_of(m, g)); */
void page_take_block(u64 pfn, u32 vm, u64 gfn);

/*
 * Give a VM's frame back to the host: out of the VM's map (if it is there in
 * a block, all of the block), TLBs done, wiped, then the record, then mapped in the default
 * DMA context. Before: owner is a VM that has no DMA context; map_need(MAP_DMA_DEFAULT, pfn, 3)
 * == 0.
 * After: owner host, count 0.
 */
/*@ requires vm: is_vm(l_owner(pfn));
    requires no_dma: \forall integer c; is_context(c) ==> dma_contexts[c].owner != l_owner(pfn);
    requires prepared: depth_of(MAP_DMA_DEFAULT, pfn) == 3;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1], frames[pfn],
      vms[frames[pfn].owner].nr_frames;
    INV_CLAUSES(ensures)
    ensures record: l_owner(pfn) == CV_HOSTVISOR && l_count(pfn) == 0;
    ensures others: \forall integer p; p != pfn ==> same_record{Pre, Post}(p);
    ensures out: \forall integer v, g; is_vm(v) && in_map(v, g) && map_of(v, g) != 0 ==>
      d_pfn(map_of(v, g)) != pfn;
    ensures maps: \forall integer m, g; in_map(m, g) && m != \old(l_owner(pfn)) &&
      m != MAP_DMA_DEFAULT ==> map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) ==>
      depth_of(m, g) == \old(depth_of(m, g)); */
void page_return(u64 pfn);

#endif
