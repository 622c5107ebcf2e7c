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
	/*@ loop invariant 0 <= ctx <= CV_MAX_DMA_CONTEXTS;
	    loop invariant \forall integer c; 0 <= c < ctx ==> dma_contexts[c].owner != vm;
	    loop assigns ctx;
	    loop variant CV_MAX_DMA_CONTEXTS - ctx; */
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
	/*@ assert \forall integer g; in_map(dma_map(ctx), g) ==> map_of(dma_map(ctx), g) == 0; */
	dma_contexts[ctx].owner = owner;
	/*@ ghost DMA_COUNT_KEPT(c) */
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
/*@ requires context: is_context(ctx);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result <= 0;
    ensures \result == 0 ==> dma_contexts[ctx].owner != CV_INVALID_ID &&
      (is_vm(dma_contexts[ctx].owner) ==> is_loading(dma_contexts[ctx].owner)) &&
      in_map(dma_map(ctx), iova / 4096) && iova % 4096 == 0 &&
      map_of(dma_map(ctx), iova / 4096) == 0 && l_owner(pfn) == dma_contexts[ctx].owner &&
      l_gfn(pfn) == iova / 4096 &&
      (dma_contexts[ctx].owner == CV_HOSTVISOR ==> l_count(pfn) < FRAME_MAX_COUNT) &&
      need_of(dma_map(ctx), iova / 4096, 3) <= table_free_nr; */
static int check_smmu_map(u32 ctx, u64 iova, u64 pfn)
{
	u32 owner = dma_contexts[ctx].owner;
	u64 gfn = iova / CV_PAGE_SIZE;

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
	u64 gfn = iova / CV_PAGE_SIZE;
	u64 pfn = desc_pfn(pte);
	int error = check_smmu_map(ctx, iova, pfn);

	if (error != CV_OK)
		return error;
	map_prepare(MAP_DMA(ctx), gfn, 3);
	map_set_page(MAP_DMA(ctx), gfn, desc_page(pfn, DESC_ATTR_MEMORY));
	/*@ assert leaf: d_pfn(map_of(dma_map(ctx), gfn)) == pfn; */
	if (dma_contexts[ctx].owner == CV_HOSTVISOR)
		frame_set_count(pfn, frame_count(pfn) + 1);
	/*@ assert maps: \forall integer c, p; is_context(c) ==> host_maps(c, p) ==
	      \at(host_maps(c, p), Pre) +
	      (c == ctx && p == pfn && dma_contexts[ctx].owner == CV_HOSTVISOR ? 1 : 0); */
	/*@ ghost
	    /@ loop invariant 0 <= c <= CV_MAX_DMA_CONTEXTS;
	       loop invariant \forall integer n, p; n <= c ==> host_dma_count(n, p) ==
	         \at(host_dma_count(n, p), Pre) +
	         (n > ctx && p == pfn && dma_contexts[ctx].owner == CV_HOSTVISOR ? 1 : 0);
	       loop assigns c;
	       loop variant CV_MAX_DMA_CONTEXTS - c; @/
	    for (u32 c = 0; c < CV_MAX_DMA_CONTEXTS; c++) ; */
	return CV_OK;
}

/* Unmap what a context of the host maps at gfn; something is mapped. */
/*@ requires context: is_context(ctx) && dma_contexts[ctx].owner == CV_HOSTVISOR;
    requires mapped: in_map(dma_map(ctx), gfn) && map_of(dma_map(ctx), gfn) != 0;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1], frames[0 .. CV_MAX_FRAMES - 1];
    INV_CLAUSES(ensures)
    ensures out: map_of(dma_map(ctx), gfn) == 0;
    ensures host: \old(l_owner(d_pfn(map_of(dma_map(ctx), gfn)))) == CV_HOSTVISOR;
    ensures owners: \forall integer p; l_owner(p) == \old(l_owner(p)) &&
      l_gfn(p) == \old(l_gfn(p));
    ensures count: l_count(\old(d_pfn(map_of(dma_map(ctx), gfn)))) ==
      \old(l_count(d_pfn(map_of(dma_map(ctx), gfn)))) - 1;
    ensures others: \forall integer p; p != \old(d_pfn(map_of(dma_map(ctx), gfn))) ==>
      same_record{Pre, Post}(p);
    ensures core: \forall integer g; in_map(MAP_CORE, g) ==>
      depth_of(MAP_CORE, g) == \old(depth_of(MAP_CORE, g));
    ensures maps: \forall integer m, g; in_map(m, g) && !(m == dma_map(ctx) && g == gfn) ==>
      map_of(m, g) == \old(map_of(m, g)); */
static void clear_host_leaf(u32 ctx, u64 gfn)
{
	u64 pfn = desc_pfn(map_get(MAP_DMA(ctx), gfn));

	/*@ assert l_owner(pfn) == CV_HOSTVISOR && gfn == pfn + CV_SMMU_HOST_OFFSET; */
	/*@ ghost lemma_counted(ctx, pfn); */
	map_clear_page(MAP_DMA(ctx), gfn);
	frame_set_count(pfn, frame_count(pfn) - 1);
	/*@ assert maps: \forall integer c, p; is_context(c) ==> host_maps(c, p) ==
	      \at(host_maps(c, p), Pre) - (c == ctx && p == pfn ? 1 : 0); */
	/*@ ghost
	    /@ loop invariant 0 <= c <= CV_MAX_DMA_CONTEXTS;
	       loop invariant \forall integer n, p; n <= c ==> host_dma_count(n, p) ==
	         \at(host_dma_count(n, p), Pre) - (n > ctx && p == pfn ? 1 : 0);
	       loop assigns c;
	       loop variant CV_MAX_DMA_CONTEXTS - c; @/
	    for (u32 c = 0; c < CV_MAX_DMA_CONTEXTS; c++) ; */
}

/* The same for a context of a VM: nothing is counted. */
/*@ requires context: is_context(ctx) && is_vm(dma_contexts[ctx].owner);
    requires range: in_map(dma_map(ctx), gfn) && map_of(dma_map(ctx), gfn) != 0;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1];
    INV_CLAUSES(ensures)
    ensures out: map_of(dma_map(ctx), gfn) == 0;
    ensures core: \forall integer g; in_map(MAP_CORE, g) ==>
      depth_of(MAP_CORE, g) == \old(depth_of(MAP_CORE, g));
    ensures maps: \forall integer m, g; in_map(m, g) && !(m == dma_map(ctx) && g == gfn) ==>
      map_of(m, g) == \old(map_of(m, g)); */
static void clear_vm_leaf(u32 ctx, u64 gfn)
{
	map_clear_page(MAP_DMA(ctx), gfn);
	/*@ ghost DMA_COUNT_KEPT(c) */
}

int smmu_clear(u32 ctx, u64 iova)
{
	u32 owner = dma_contexts[ctx].owner;
	u64 gfn = iova / CV_PAGE_SIZE;

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
		clear_vm_leaf(ctx, gfn);
	return CV_OK;
}

/* Unmap everything in a context of the host: its mappings are counted in the records. */
/*@ requires context: is_context(ctx) && dma_contexts[ctx].owner == CV_HOSTVISOR;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1], frames[0 .. CV_MAX_FRAMES - 1];
    INV_CLAUSES(ensures)
    ensures owners: \forall integer p; l_owner(p) == \old(l_owner(p)) &&
      l_gfn(p) == \old(l_gfn(p));
    ensures counts: \forall integer p; l_count(p) == \old(l_count(p)) - \old(host_maps(ctx, p));
    ensures core: \forall integer g; in_map(MAP_CORE, g) ==>
      depth_of(MAP_CORE, g) == \old(depth_of(MAP_CORE, g));
    ensures maps: \forall integer m, g; in_map(m, g) && m != dma_map(ctx) ==>
      map_of(m, g) == \old(map_of(m, g)); */
static void clear_host_context(u32 ctx)
{
	u64 end = CV_SMMU_HOST_OFFSET + nr_frames;
	u64 gfn = map_next(MAP_DMA(ctx), CV_SMMU_HOST_OFFSET, end);

	/*@ loop invariant CV_SMMU_HOST_OFFSET <= gfn <= end;
	    loop invariant mapped: gfn < end ==> map_of(dma_map(ctx), gfn) != 0;
	    INV_CLAUSES(loop invariant)
	    loop invariant owners: \forall integer p; l_owner(p) == \at(l_owner(p), Pre) &&
	      l_gfn(p) == \at(l_gfn(p), Pre);
	    loop invariant counts: \forall integer p; l_count(p) == \at(l_count(p), Pre) -
	      (p + CV_SMMU_HOST_OFFSET < gfn ? \at(host_maps(ctx, p), Pre) : 0);
	    loop invariant left: \forall integer g; gfn <= g < end ==>
	      map_of(dma_map(ctx), g) == \at(map_of(dma_map(ctx), g), Pre);
	    loop invariant core: \forall integer g; in_map(MAP_CORE, g) ==>
	      depth_of(MAP_CORE, g) == \at(depth_of(MAP_CORE, g), Pre);
	    loop invariant maps: \forall integer m, g; in_map(m, g) && m != dma_map(ctx) ==>
	      map_of(m, g) == \at(map_of(m, g), Pre);
	    loop assigns gfn, table_pool[0 .. CV_MAX_TABLES - 1], frames[0 .. CV_MAX_FRAMES - 1];
	    loop variant end - gfn; */
	while (gfn < end) {
		clear_host_leaf(ctx, gfn);
		gfn = map_next(MAP_DMA(ctx), gfn + 1, end);
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
	/*@ ghost lemma_none_attached(ctx); */
	if (owner == CV_HOSTVISOR)
		clear_host_context(ctx);
	/*@ ghost l: ; */
	map_drop(MAP_DMA(ctx));
	dma_contexts[ctx].owner = CV_INVALID_ID;
	/*@ ghost
	    /@ loop invariant 0 <= c <= CV_MAX_DMA_CONTEXTS;
	       loop invariant \forall integer n, p; n <= c ==>
	         host_dma_count(n, p) <= \at(host_dma_count(n, p), l);
	       loop assigns c;
	       loop variant CV_MAX_DMA_CONTEXTS - c; @/
	    for (u32 c = 0; c < CV_MAX_DMA_CONTEXTS; c++) ; */
	return CV_OK;
}

s64 dma_lookup(u32 ctx, u64 iova)
{
	u64 gfn = iova / CV_PAGE_SIZE;
	u64 desc;

	if (dma_contexts[ctx].owner != CV_HOSTVISOR)
		return CV_EPERM;
	if (gfn >= table_geometry.gfn_limit)
		return CV_EINVAL;
	desc = map_get(MAP_DMA(ctx), gfn);
	if (desc == 0)
		return CV_ENOENT;
	return (s64)(desc_pfn(desc) * CV_PAGE_SIZE + iova % CV_PAGE_SIZE);
}

int dma_attach(u32 ctx, u64 stream)
{
	u32 owner = dma_contexts[ctx].owner;

	if (stream >= machine_streams())
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
	/*@ ghost
	    /@ loop invariant 0 <= s <= CV_MAX_STREAMS;
	       loop invariant \forall integer n, c; n <= s && 0 <= c ==> attached(n, c) ==
	         \at(attached(n, c), Pre) + (n > stream && c == ctx ? 1 : 0);
	       loop assigns s;
	       loop variant CV_MAX_STREAMS - s; @/
	    for (u32 s = 0; s < CV_MAX_STREAMS; s++) ;
	    lemma_attached_range(ctx); */
	dma_contexts[ctx].nr_streams++;
	/*@ ghost DMA_COUNT_KEPT(c) */
	return CV_OK;
}

int dma_detach(u32 ctx, u64 stream)
{
	u32 owner = dma_contexts[ctx].owner;

	if (stream >= machine_streams())
		return CV_EINVAL;
	if (stream_contexts[stream] != ctx + 1)
		return CV_ENOENT;
	if (owner != CV_HOSTVISOR && vms[owner].state != CV_VM_POWEROFF)
		return CV_ESTATE;
	machine_stream_cut((u32)stream);
	machine_stream_bind((u32)stream, MAP_DMA_DEFAULT);
	stream_contexts[stream] = 0;
	/*@ ghost
	    /@ loop invariant 0 <= s <= CV_MAX_STREAMS;
	       loop invariant \forall integer n, c; n <= s && 0 <= c ==> attached(n, c) ==
	         \at(attached(n, c), Pre) - (n > stream && c == ctx ? 1 : 0);
	       loop assigns s;
	       loop variant CV_MAX_STREAMS - s; @/
	    for (u32 s = 0; s < CV_MAX_STREAMS; s++) ;
	    lemma_attached_range(ctx); */
	dma_contexts[ctx].nr_streams--;
	/*@ ghost DMA_COUNT_KEPT(c) */
	return CV_OK;
}
