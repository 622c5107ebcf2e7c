/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory primitives: who may map which frame. Names are the seed's (InvProofs.md):
 * lemma X_inv there is about X here.
 *
 * Arguments: vm is a VM id (1 to CV_MAX_VMS); pfn, gfn any number; addresses are bytes, any
 * value. An error means that nothing changed.
 */
#ifndef CORE_MEM_H
#define CORE_MEM_H

#include "core/types.h"

/*
 * The host faulted at addr: map the frame to itself, in a 2 MB block where all of it is
 * the host's. Locks: page, map.
 * CV_EINVAL: frame 0 or beyond the address space. CV_EPERM: not the host's and not granted to
 * it; or a device that the core keeps or a VM has claimed. CV_ENOMEM.
 * Ownership does not change. Source: lemma map_host_inv.
 */
int map_host(u64 addr);

/*
 * Take a frame from the host for a VM, wiped. Locks: vm, page, map.
 * CV_EPERM: owned by somebody else. CV_EBUSY: mapped for DMA, or a run page. CV_EEXIST: the
 * VM has it at another gfn. CV_ENOMEM: its block in the host's map cannot be split.
 * CV_EINVAL: gfn.
 * Before: host's, count 0; or this VM's at that gfn (then nothing changes). After: the
 * VM's, count 0, in no map. Source: lemma assign_pfn_to_vm_inv.
 */
int assign_pfn_to_vm(u32 vm, u64 gfn, u64 pfn);

/* The same for 512 frames; gfn and pfn 512-aligned, else CV_EINVAL. */
int assign_block_to_vm(u32 vm, u64 gfn, u64 pfn);

/*
 * Map what the VM owns at addr: the frame (level 3) or the 512 frames (level 2) of
 * descriptor pte, whose attributes are ignored: it is Normal memory. Locks: vm, page, map.
 * CV_EINVAL: level, addr, alignment. CV_EPERM: a frame is not this VM's at that gfn.
 * CV_EEXIST: something is mapped there. CV_ENOMEM. Source: lemma map_pfn_vm_inv.
 */
int map_pfn_vm(u32 vm, u64 addr, u64 pte, u32 level);

/*
 * Donate: assign_pfn_to_vm and map_pfn_vm in one step that fails as a whole. level 3: one
 * frame; level 2: 512. Besides their errors, CV_EINVAL: gfn is not in the VM's RAM;
 * CV_ESTATE: the VM takes no frames now. Locks: vm, page, map.
 */
int donate_to_vm(u32 vm, u64 gfn, u64 pfn, u32 level);

/*
 * Take a frame back from a VM, wiped, for the host. Locks: DMA, vm, page, map.
 * CV_EPERM: not this VM's. CV_ESTATE: the VM is not POWEROFF. CV_EBUSY: it still has a DMA
 * context.
 * Before: the VM's. After: host's, count 0. Source: lemma clear_vm_page_inv.
 */
int clear_vm_page(u32 vm, u64 pfn);

/*
 * Claim the device frame at pa for a VM and map it at gpa; the host loses it until the VM
 * is destroyed. Locks: vm, page, map.
 * CV_ESTATE: the VM is not READY. CV_EINVAL: misaligned, or gpa is in the VM's RAM.
 * CV_EPERM: RAM, not assignable, or claimed. CV_EEXIST: something is mapped at gpa.
 * CV_ENOSPC. CV_ENOMEM.
 * Source: lemma map_io_inv; there the device stays in the host's map, which is a hole.
 */
int map_io(u32 vm, u64 gpa, u64 pa);

/* Give up all device frames of a VM; unmaps nothing. Locks: page. For destroy_vm. */
void release_io_claims(u32 vm);

/* Does a VM have a claimed device frame in [gfn, gfn + frames)? Locks: page. */
bool io_claim_overlaps(u32 vm, u64 gfn, u64 frames);

/*
 * The VM lets the host access a frame once more. Locks: page, map.
 * CV_EPERM: not this VM's. CV_EBUSY: granted CV_MAX_SHARE_COUNT times. CV_ENOMEM.
 * Source: lemma grant_vm_page_inv.
 */
int grant_vm_page(u32 vm, u64 pfn);

/*
 * Undo one grant; with the last one the host and its devices lose the frame. Locks: page, map.
 * CV_EPERM: not this VM's. CV_ENOENT: not granted. Source: lemma revoke_vm_page_inv.
 */
int revoke_vm_page(u32 vm, u64 pfn);

#endif
