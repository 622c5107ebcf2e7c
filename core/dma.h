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

#include "core/types.h"

/* Is this number, from anybody, a context? */
bool dma_context_valid(u64 ctx);

/* Does any context belong to the VM? */
bool dma_vm_has_context(u32 vm);

/*
 * Give a free context, whose map is empty, to the host (owner 0) or a VM. CV_EBUSY: not
 * free. CV_ESTATE: the VM is not loading. Source: lemma alloc_smmu_pgd_inv.
 */
int alloc_smmu_pgd(u32 ctx, u32 owner);

/*
 * Take a frame from the host for the VM a context belongs to, at gfn, wiped, and map it for
 * the VM's CPUs. Locks: also page, map. CV_EPERM: the context is not a VM's. CV_ESTATE: the
 * VM is not loading. Else as donate_to_vm. Source: lemma smmu_assign_page_inv; there the
 * count becomes INVALID, which lets the host map the frame.
 */
int smmu_assign_page(u32 ctx, u64 pfn, u64 gfn);

/*
 * Map the frame of descriptor pte at iova; its attributes are ignored. Locks: also page,
 * map.
 * CV_EPERM: context free; or the frame's owner is not the context's, or its recorded gfn is
 * not the IOVA's. CV_ESTATE: its VM is not loading. CV_EINVAL: iova. CV_EEXIST. CV_EBUSY:
 * counted FRAME_MAX_COUNT times. CV_ENOMEM. The host's frame: count + 1. Source: lemma
 * smmu_map_page_inv.
 */
int smmu_map_page(u32 ctx, u64 iova, u64 pte);

/*
 * Unmap iova; IOTLB done. Locks: also page, map. CV_EPERM: context free. CV_ESTATE: its VM
 * is VERIFIED or being verified. CV_EINVAL: iova. CV_ENOENT. The host's frame: count - 1.
 * Source: lemma smmu_clear_inv.
 */
int smmu_clear(u32 ctx, u64 iova);

/*
 * Free a context; what it maps is unmapped. Locks: also page, map. CV_EPERM: free already.
 * CV_ESTATE: its VM is not POWEROFF. CV_EBUSY: a stream is attached. Source: lemma
 * free_smmu_pgd_inv.
 */
int free_smmu_pgd(u32 ctx);

/*
 * PA that a context of the host maps at iova, to *pa. Locks: also map.
 * CV_EPERM: not the host's. CV_EINVAL: iova. CV_ENOENT.
 */
int dma_lookup(u32 ctx, u64 iova, u64 *pa);

/*
 * Transactions of a stream of the host go through this context from now on. Stream: any number.
 * CV_EINVAL: no such stream. CV_EPERM: context free. CV_EBUSY: the stream is attached.
 * CV_ESTATE: the context's VM is not loading.
 */
int dma_attach(u32 ctx, u64 stream);

/*
 * The stream goes back to the default context. CV_EINVAL: no such stream. CV_ENOENT: it is
 * not attached to ctx. CV_ESTATE: the context's VM is not POWEROFF.
 */
int dma_detach(u32 ctx, u64 stream);

#endif
