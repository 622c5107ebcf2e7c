/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DMA contexts: stage 2 tables that the SMMU walks for a device of the host or of a VM, and
 * the streams (devices) that use them. Names of the primitives are the seed's.
 *
 * ctx is a context number, 0 to CV_MAX_DMA_CONTEXTS - 1; addresses are bytes, any value.
 * All functions need the DMA lock; those of a VM's context need that VM's lock too. An
 * error means that nothing changed.
 */
#ifndef CORE_DMA_H
#define CORE_DMA_H

#include "core/invariant_vm.h"
#include "core/lock.h"
#include "core/types.h"

/* Is this number, from anybody, a context? */
/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures \result <==> is_context(ctx); */
bool dma_context_valid(u64 ctx);

/* Does any context belong to the VM? */
/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures \result <==> \exists integer c; is_context(c) && dma_contexts[c].owner == vm; */
bool dma_vm_has_context(u32 vm);

/*
 * Give a free context, whose map is empty, to the host (owner 0) or a VM. CV_EBUSY: not
 * free. CV_ESTATE: the VM is not loading. Source: lemma alloc_smmu_pgd_inv.
 */
/*@ requires locks: held_dma != 0 && (is_vm(owner) ==> held_vm == owner);
    requires context: is_context(ctx);
    requires owner: owner == CV_HOSTVISOR || is_vm(owner);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns dma_contexts[ctx].owner;
    INV_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> \old(dma_contexts[ctx].owner) == CV_INVALID_ID &&
      (owner == CV_HOSTVISOR || is_loading(owner));
    ensures given: \result == 0 ==> dma_contexts[ctx].owner == owner;
    ensures empty: \result == 0 ==> \forall integer g; in_map(dma_map(ctx), g) ==>
      map_of(dma_map(ctx), g) == 0; */
int alloc_smmu_pgd(u32 ctx, u32 owner);

/*
 * Take a frame from the host for the VM a context belongs to, at gfn, wiped, and map it for
 * the VM's CPUs. Locks: also page, map. CV_EPERM: the context is not a VM's. CV_ESTATE: the
 * VM is not loading. Else as donate_to_vm. Source: lemma smmu_assign_page_inv; there the
 * count becomes INVALID, which lets the host map the frame.
 */
/*@ requires locks: context_locks(ctx) && memory_locks;
    requires context: is_context(ctx);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, frames[0 .. CV_MAX_FRAMES - 1],
      vms[dma_contexts[ctx].owner].nr_frames;
    INV_ENSURES
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> is_vm(dma_contexts[ctx].owner) &&
      is_loading(dma_contexts[ctx].owner);
    ensures record: \result == 0 ==> l_owner(pfn) == dma_contexts[ctx].owner &&
      l_gfn(pfn) == gfn;
    ensures mapped: \result == 0 ==> in_map(dma_contexts[ctx].owner, gfn) &&
      map_of(dma_contexts[ctx].owner, gfn) == d_page(pfn, DESC_ATTR_MEMORY);
    ensures others: \forall integer p; p != pfn ==> same_record{Pre, Post}(p);
    ensures core: \forall integer g; in_map(MAP_CORE, g) ==>
      depth_of(MAP_CORE, g) == \old(depth_of(MAP_CORE, g));
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST &&
      m != MAP_DMA_DEFAULT && m != dma_contexts[ctx].owner ==>
      map_of(m, g) == \old(map_of(m, g)); */
int smmu_assign_page(u32 ctx, u64 pfn, u64 gfn);

/*
 * Map the frame of descriptor pte at iova; its attributes are ignored. Locks: also page,
 * map.
 * CV_EPERM: context free; or the frame's owner is not the context's, or its recorded gfn is
 * not the IOVA's. CV_ESTATE: its VM is not loading. CV_EINVAL: iova. CV_EEXIST. CV_EBUSY:
 * counted FRAME_MAX_COUNT times. CV_ENOMEM. The host's frame: count + 1. Source: lemma
 * smmu_map_page_inv.
 */
/*@ requires locks: context_locks(ctx) && memory_locks;
    requires context: is_context(ctx);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, frames[0 .. CV_MAX_FRAMES - 1];
    INV_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> dma_contexts[ctx].owner != CV_INVALID_ID &&
      (is_vm(dma_contexts[ctx].owner) ==> is_loading(dma_contexts[ctx].owner)) &&
      in_map(dma_map(ctx), iova / 4096) && iova % 4096 == 0 &&
      \old(map_of(dma_map(ctx), iova / 4096)) == 0 &&
      \old(l_owner(d_pfn(pte))) == dma_contexts[ctx].owner &&
      \old(l_gfn(d_pfn(pte))) == iova / 4096;
    ensures mapped: \result == 0 ==>
      map_of(dma_map(ctx), iova / 4096) == d_page(d_pfn(pte), DESC_ATTR_MEMORY);
    ensures record: \result == 0 ==> l_count(d_pfn(pte)) == \old(l_count(d_pfn(pte))) +
      (dma_contexts[ctx].owner == CV_HOSTVISOR ? 1 : 0);
    ensures owners: \forall integer p; l_owner(p) == \old(l_owner(p)) &&
      l_gfn(p) == \old(l_gfn(p));
    ensures others: \forall integer p; p != d_pfn(pte) ==> same_record{Pre, Post}(p);
    ensures core: \forall integer g; in_map(MAP_CORE, g) ==>
      depth_of(MAP_CORE, g) == \old(depth_of(MAP_CORE, g));
    ensures maps: \forall integer m, g; in_map(m, g) &&
      !(m == dma_map(ctx) && g == iova / 4096) ==> map_of(m, g) == \old(map_of(m, g)); */
int smmu_map_page(u32 ctx, u64 iova, u64 pte);

/*
 * Unmap iova; IOTLB done. Locks: also page, map. CV_EPERM: context free. CV_ESTATE: its VM
 * is VERIFIED or being verified. CV_EINVAL: iova. CV_ENOENT. The host's frame: count - 1.
 * Source: lemma smmu_clear_inv.
 */
/*@ requires locks: context_locks(ctx) && memory_locks;
    requires context: is_context(ctx);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1], frames[0 .. CV_MAX_FRAMES - 1];
    INV_ENSURES
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> dma_contexts[ctx].owner != CV_INVALID_ID &&
      (is_vm(dma_contexts[ctx].owner) ==> is_loading(dma_contexts[ctx].owner) ||
        vms[dma_contexts[ctx].owner].state == CV_VM_POWEROFF) &&
      in_map(dma_map(ctx), iova / 4096) && iova % 4096 == 0 &&
      \old(map_of(dma_map(ctx), iova / 4096)) != 0;
    ensures out: \result == 0 ==> map_of(dma_map(ctx), iova / 4096) == 0;
    ensures owners: \forall integer p; l_owner(p) == \old(l_owner(p)) &&
      l_gfn(p) == \old(l_gfn(p));
    ensures count: \result == 0 ==>
      l_count(\old(d_pfn(map_of(dma_map(ctx), iova / 4096)))) ==
      \old(l_count(d_pfn(map_of(dma_map(ctx), iova / 4096)))) -
      (dma_contexts[ctx].owner == CV_HOSTVISOR ? 1 : 0);
    ensures others: \result == 0 ==> \forall integer p;
      p != \old(d_pfn(map_of(dma_map(ctx), iova / 4096))) ==> same_record{Pre, Post}(p);
    ensures core: \forall integer g; in_map(MAP_CORE, g) ==>
      depth_of(MAP_CORE, g) == \old(depth_of(MAP_CORE, g));
    ensures maps: \forall integer m, g; in_map(m, g) &&
      !(m == dma_map(ctx) && g == iova / 4096) ==> map_of(m, g) == \old(map_of(m, g)); */
int smmu_clear(u32 ctx, u64 iova);

/*
 * Free a context; what it maps is unmapped. Locks: also page, map. CV_EPERM: free already.
 * CV_ESTATE: its VM is not POWEROFF. CV_EBUSY: a stream is attached. Source: lemma
 * free_smmu_pgd_inv.
 */
/*@ requires locks: context_locks(ctx) && memory_locks;
    requires context: is_context(ctx);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, frames[0 .. CV_MAX_FRAMES - 1], dma_contexts[ctx];
    INV_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> \old(dma_contexts[ctx].owner) != CV_INVALID_ID &&
      (is_vm(\old(dma_contexts[ctx].owner)) ==>
        vms[\old(dma_contexts[ctx].owner)].state == CV_VM_POWEROFF) &&
      \forall integer s; is_stream(s) ==> stream_contexts[s] != ctx + 1;
    ensures freed: \result == 0 ==> dma_contexts[ctx].owner == CV_INVALID_ID;
    ensures empty: \result == 0 ==> \forall integer g; in_map(dma_map(ctx), g) ==>
      map_of(dma_map(ctx), g) == 0;
    ensures owners: \forall integer p; l_owner(p) == \old(l_owner(p)) &&
      l_gfn(p) == \old(l_gfn(p));
    ensures counts: \result == 0 ==> \forall integer p; l_count(p) == \old(l_count(p)) -
      \old(host_maps(ctx, p));
    ensures core: \forall integer g; in_map(MAP_CORE, g) ==>
      depth_of(MAP_CORE, g) == \old(depth_of(MAP_CORE, g));
    ensures maps: \forall integer m, g; in_map(m, g) && m != dma_map(ctx) ==>
      map_of(m, g) == \old(map_of(m, g)); */
int free_smmu_pgd(u32 ctx);

/*
 * The PA that a context of the host maps at iova, or an error. Locks: also map.
 * CV_EPERM: not the host's. CV_EINVAL: iova. CV_ENOENT.
 */
/*@ requires locks: held_dma != 0 && held_map != 0;
    requires context: is_context(ctx);
    requires geometry: geometry;
    requires tables: tables;
    terminates \true; exits \false;
    assigns \nothing;
    ensures before: \result >= 0 ==> dma_contexts[ctx].owner == CV_HOSTVISOR &&
      in_map(dma_map(ctx), iova / 4096) && map_of(dma_map(ctx), iova / 4096) != 0;
    ensures pa: \result >= 0 ==>
      \result == d_pfn(map_of(dma_map(ctx), iova / 4096)) * 4096 + iova % 4096; */
s64 dma_lookup(u32 ctx, u64 iova);

/*
 * Transactions of a stream of the host go through this context from now on. Stream: any number.
 * CV_EINVAL: no such stream. CV_EPERM: context free. CV_EBUSY: the stream is attached.
 * CV_ESTATE: the context's VM is not loading.
 */
/*@ requires locks: context_locks(ctx);
    requires context: is_context(ctx);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns dma_contexts[ctx].nr_streams, stream_contexts[0 .. CV_MAX_STREAMS - 1];
    INV_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> is_stream(stream) && \old(stream_contexts[stream]) == 0 &&
      dma_contexts[ctx].owner != CV_INVALID_ID &&
      (is_vm(dma_contexts[ctx].owner) ==> is_loading(dma_contexts[ctx].owner));
    ensures attached: \result == 0 ==> stream_contexts[stream] == ctx + 1;
    ensures others: \forall integer s; is_stream(s) && s != stream ==>
      stream_contexts[s] == \old(stream_contexts[s]); */
int dma_attach(u32 ctx, u64 stream);

/*
 * The stream goes back to the default context. CV_EINVAL: no such stream. CV_ENOENT: it is
 * not attached to ctx. CV_ESTATE: the context's VM is not POWEROFF.
 */
/*@ requires locks: context_locks(ctx);
    requires context: is_context(ctx);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns dma_contexts[ctx].nr_streams, stream_contexts[0 .. CV_MAX_STREAMS - 1];
    INV_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> is_stream(stream) &&
      \old(stream_contexts[stream]) == ctx + 1 && (is_vm(dma_contexts[ctx].owner) ==>
        vms[dma_contexts[ctx].owner].state == CV_VM_POWEROFF);
    ensures detached: \result == 0 ==> stream_contexts[stream] == 0;
    ensures others: \forall integer s; is_stream(s) && s != stream ==>
      stream_contexts[s] == \old(stream_contexts[s]); */
int dma_detach(u32 ctx, u64 stream);

#endif
