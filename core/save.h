/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Snapshots: a VM that is POWEROFF goes out through the host, encrypted; a READY one comes
 * in and is VERIFIED when all of it was authentic, complete and in order. Records:
 * include/corevisor/snapshot.h.
 *
 * vm is a VM id, pfns any number. All functions need vm and page locks; load_decrypt_buf
 * also map. Frames named `out` or `in` must be the host's, else CV_EPERM; except where said
 * they stay the host's. An error means that nothing changed (a host frame that was to be
 * written may have been).
 */
#ifndef CORE_SAVE_H
#define CORE_SAVE_H

#include "core/lock.h"
#include "core/types.h"

/*
 * Begin, with a fresh key. CV_ESTATE: not POWEROFF, was never VERIFIED, or has lost a frame
 * already. CV_EBUSY: a vCPU is still running. CV_ESTALE: another copy of the VM was saved since
 * this one was restored. CV_ENOSPC: its newest snapshot could not be remembered. A snapshot under
 * way starts over.
 */
int save_begin(u32 vm, u64 out_pfn);

/*
 * Encrypt one frame of the VM into a host frame; its gfn and tag are for the caller.
 * CV_ESTATE: no save under way, vCPUs have been saved already. CV_EPERM: in_pfn is not this
 * VM's. CV_EINVAL: not in ascending order of gfn. Source: lemma save_encrypt_buf_inv.
 */
struct saved_page {
	int error;
	u64 gfn;
	u64 tag[2];
};
/*@ requires locks: held_vm == vm && held_page != 0;
    requires vm: is_vm(vm);
    INV_CLAUSES(requires)
    VM_CLAUSES(requires)
    terminates \true; exits \false;
    assigns snapshots[vm], bounce_buffer[0 .. CV_PAGE_SIZE - 1];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result.error <= 0;
    ensures before: \result.error == 0 ==> snapshots[vm].phase == SNAPSHOT_SAVING &&
      l_owner(in_pfn) == vm && l_owner(out_pfn) == CV_HOSTVISOR;
    ensures done: \result.error == 0 ==> \result.gfn == l_gfn(in_pfn) &&
      \old(snapshots[vm].next_gfn) <= \result.gfn && snapshots[vm].next_gfn == \result.gfn + 1 &&
      snapshots[vm].sequence == (u64)(\old(snapshots[vm].sequence) + 1);
    ensures refused: \result.error != 0 ==> snapshots[vm] == \old(snapshots[vm]) &&
      \result.gfn == 0; */
struct saved_page save_encrypt_buf(u32 vm, u64 in_pfn, u64 out_pfn);

/*
 * Encrypt one vCPU's context. CV_ESTATE: no save under way, or pages are missing.
 * CV_ENOENT: no such vCPU.
 * CV_EINVAL: not in ascending order.
 */
int save_encrypted_vcpu(u32 vm, u64 vcpu, u64 out_pfn);

/*
 * Finish: older snapshots of this VM are refused from now on. CV_ESTATE: no save under way, or
 * pages or vCPUs are missing. CV_ESTALE: another copy of the VM was saved meanwhile. CV_ENOSPC: the
 * store takes no more.
 */
int save_end(u32 vm, u64 out_pfn);

/*
 * Begin to load into an empty VM. CV_ESTATE: not READY, or not empty. CV_EINVAL: not a
 * snapshot. CV_EAUTH. CV_ESTALE: an older one than one that is known. CV_ENOSPC: too many VMs are
 * known to remember another.
 */
int load_begin(u32 vm, u64 in_pfn);

/*
 * Decrypt a page in place: the host frame becomes the VM's, at gfn, mapped. Locks: also
 * map.
 * CV_ESTATE: no load under way. CV_EPERM, CV_EBUSY: the frame cannot be taken. CV_EINVAL:
 * gfn not in RAM. CV_EEXIST: something is mapped there. CV_ENOMEM. CV_EAUTH: not the next
 * record. Source: lemma load_decrypt_buf_inv.
 */
/*@ requires locks: held_vm == vm && memory_locks;
    requires vm: is_vm(vm);
    INV_CLAUSES(requires)
    VM_CLAUSES(requires)
    terminates \true; exits \false;
    assigns TABLE_STATE, frames[in_pfn], vms[vm].nr_frames, snapshots[vm],
      bounce_buffer[0 .. CV_PAGE_SIZE - 1];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post} && snapshots[vm] == \old(snapshots[vm]);
    ensures before: \result == 0 ==> vms[vm].state == CV_VM_READY &&
      \old(snapshots[vm].phase) == SNAPSHOT_LOADING && in_ram(vm, gfn, 1) &&
      \old(l_owner(in_pfn)) == CV_HOSTVISOR && \old(l_count(in_pfn)) == 0;
    ensures done: \result == 0 ==> l_owner(in_pfn) == vm && l_gfn(in_pfn) == gfn &&
      map_of(MAP_HOST, in_pfn) == 0 && map_of(vm, gfn) == d_page(in_pfn, DESC_ATTR_MEMORY);
    ensures others: \forall integer p; p != in_pfn ==> same_record{Pre, Post}(p); */
int load_decrypt_buf(u32 vm, u64 in_pfn, u64 gfn, u64 tag_low, u64 tag_high);

/*
 * Decrypt a vCPU's context. CV_ESTATE: no load under way, or the vCPU is not READY.
 * CV_ENOENT: not registered.
 * CV_EAUTH: not the next record. CV_EINVAL: an authentic record of no possible vCPU.
 * Source: lemma load_encrypted_vcpu_inv.
 */
int load_encrypted_vcpu(u32 vm, u64 vcpu, u64 in_pfn);

/*
 * Finish: VERIFIED, and older snapshots of the VM are refused from now on. CV_ESTATE: no load under
 * way, or records or vCPUs are missing. CV_EAUTH. CV_ESTALE: a newer one was completed meanwhile.
 * CV_ENOSPC: the store takes no more.
 */
int load_end(u32 vm, u64 in_pfn);

#endif
