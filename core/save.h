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
#include "core/rollback.h"
#include "core/types.h"

/* What a record is; authenticated beside it, with its sequence number and its gfn or vCPU. */
enum record_kind {
	RECORD_PAGE,
	RECORD_VCPU,
	RECORD_TAIL,
};

/*@ // The last that was encrypted, or authentic, is this record of its snapshot.
    predicate last_record{L}(u64 sequence, u64 kind, u64 number) = (\forall integer k;
        0 <= k < 8 ==> crypto_nonce[k] == (u8)(sequence >> (8 * k)) &&
        crypto_aad[k] == (u8)(sequence >> (8 * k)) && crypto_aad[8 + k] == (u8)(kind >> (8 * k)) &&
        crypto_aad[16 + k] == (u8)(number >> (8 * k))) &&
      \forall integer k; 8 <= k < CRYPTO_NONCE_SIZE ==> crypto_nonce[k] == 0;
 */

/*@ predicate snapshot_begins{L}(integer v, integer p) = snapshots[v].phase == p &&
      snapshots[v].sequence == 1 && snapshots[v].pages == 0 && snapshots[v].vcpus == 0 &&
      snapshots[v].next_gfn == 0 && snapshots[v].next_vcpu == 0;
    // All pages are saved; all records loaded, but for the tail.
    predicate is_saved{L}(integer v) = snapshots[v].phase == SNAPSHOT_SAVING &&
      snapshots[v].pages == snapshots[v].pages_total && vms[v].reclaimed == 0;
    predicate is_loaded{L}(integer v) = snapshots[v].phase == SNAPSHOT_LOADING &&
      snapshots[v].pages == snapshots[v].pages_total &&
      snapshots[v].vcpus == snapshots[v].vcpus_total &&
      vms[v].nr_vcpus == snapshots[v].vcpus_total;
    // It runs from, or is, one that has been overtaken; it or a newer one is known.
    predicate overtaken{L}(struct lineage l) = is_stale(l.id_low, l.id_high, l.generation);
    predicate noted{L}(struct lineage l) = is_known(l.id_low, l.id_high, l.generation);
    predicate no_key{L}(integer v) = \forall integer i; 0 <= i < CRYPTO_KEY_SIZE ==>
      snapshot_keys[v].bytes[i] == 0;
 */

/*
 * Begin, with a fresh key. CV_ESTATE: not POWEROFF, was never VERIFIED, or has lost a frame
 * already. CV_EBUSY: a vCPU is still running. CV_ESTALE: another copy of the VM was saved since
 * this one was restored. CV_ENOSPC: its newest snapshot could not be remembered. A snapshot under
 * way starts over.
 */
/*@ requires locks: held_vm == vm && held_page != 0;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns snapshots[vm], snapshot_keys[vm], bounce_buffer[0 .. CV_PAGE_SIZE - 1],
      crypto_sealed, CRYPTO_LAST;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures before: \result == 0 ==> vms[vm].state == CV_VM_POWEROFF && vms[vm].verified != 0 &&
      vms[vm].reclaimed == 0 && l_owner(out_pfn) == CV_HOSTVISOR &&
      !overtaken(\old(snapshots[vm].lineage)) &&
      \forall integer s; is_slot(s) && vcpus[s].vm == vm ==> vcpus[s].state != CV_VCPU_ACTIVE;
    ensures done: \result == 0 ==> snapshot_begins(vm, SNAPSHOT_SAVING) &&
      snapshots[vm].pages_total == vms[vm].nr_frames &&
      snapshots[vm].vcpus_total == vms[vm].nr_vcpus &&
      snapshots[vm].lineage.generation == \old(snapshots[vm].lineage.generation);
    ensures sealed: \result == 0 ==> crypto_sealed == (u64)(\old(crypto_sealed) + 1);
    ensures refused: \result != 0 ==> snapshots[vm] == \old(snapshots[vm]) &&
      same_key{Pre, Post}(vm); */
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
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns snapshots[vm], bounce_buffer[0 .. CV_PAGE_SIZE - 1], crypto_sealed, CRYPTO_LAST;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result.error <= 0;
    ensures before: \result.error == 0 ==> snapshots[vm].phase == SNAPSHOT_SAVING &&
      l_owner(in_pfn) == vm && l_owner(out_pfn) == CV_HOSTVISOR;
    ensures done: \result.error == 0 ==> \result.gfn == l_gfn(in_pfn) &&
      \old(snapshots[vm].next_gfn) <= \result.gfn && snapshots[vm].next_gfn == \result.gfn + 1 &&
      snapshots[vm].sequence == (u64)(\old(snapshots[vm].sequence) + 1);
    ensures sealed: \result.error == 0 ==> crypto_sealed == (u64)(\old(crypto_sealed) + 1) &&
      last_record(\old(snapshots[vm].sequence), (u64)RECORD_PAGE, (u64)l_gfn(in_pfn));
    ensures refused: \result.error != 0 ==> snapshots[vm] == \old(snapshots[vm]) &&
      \result.gfn == 0; */
struct saved_page save_encrypt_buf(u32 vm, u64 in_pfn, u64 out_pfn);

/*
 * Encrypt one vCPU's context. CV_ESTATE: no save under way, or pages are missing.
 * CV_ENOENT: no such vCPU.
 * CV_EINVAL: not in ascending order.
 */
/*@ requires locks: held_vm == vm && held_page != 0;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns snapshots[vm], bounce_buffer[0 .. CV_PAGE_SIZE - 1], crypto_sealed, CRYPTO_LAST;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures before: \result == 0 ==> is_saved(vm) && is_vcpu(vm, vcpu) &&
      \old(snapshots[vm].next_vcpu) <= vcpu && l_owner(out_pfn) == CV_HOSTVISOR;
    ensures done: \result == 0 ==> snapshots[vm] == { \old(snapshots[vm]) \with
      .sequence = (u64)(\old(snapshots[vm].sequence) + 1), .next_vcpu = (u32)(vcpu + 1),
      .vcpus = (u32)(\old(snapshots[vm].vcpus) + 1) };
    ensures sealed: \result == 0 ==> crypto_sealed == (u64)(\old(crypto_sealed) + 1) &&
      last_record(\old(snapshots[vm].sequence), (u64)RECORD_VCPU, (u64)vcpu);
    ensures refused: \result != 0 ==> snapshots[vm] == \old(snapshots[vm]); */
int save_encrypted_vcpu(u32 vm, u64 vcpu, u64 out_pfn);

/*
 * Finish: older snapshots of this VM are refused from now on. CV_ESTATE: no save under way, or
 * pages or vCPUs are missing. CV_ESTALE: another copy of the VM was saved meanwhile. CV_ENOSPC: the
 * store takes no more.
 */
/*@ requires locks: held_vm == vm && held_page != 0;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns snapshots[vm], snapshot_keys[vm], bounce_buffer[0 .. CV_PAGE_SIZE - 1],
      lineages[0 .. CV_MAX_LINEAGES - 1], machine_stored, crypto_sealed, CRYPTO_LAST;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures before: \result == 0 ==> \old(is_saved(vm)) &&
      \old(snapshots[vm].vcpus == snapshots[vm].vcpus_total) && l_owner(out_pfn) == CV_HOSTVISOR &&
      !overtaken{Pre}(\old(snapshots[vm].lineage));
    ensures done: \result == 0 ==> snapshots[vm].phase == SNAPSHOT_NONE && no_key(vm) &&
      snapshots[vm].lineage == { \old(snapshots[vm].lineage) \with
        .generation = (u64)(\old(snapshots[vm].lineage.generation) + 1) };
    ensures newest: \result == 0 ==> noted(snapshots[vm].lineage) &&
      overtaken(\old(snapshots[vm].lineage));
    ensures kept: lineages_kept{Pre, Post};
    ensures stored: \result == 0 ==> store_is_told{Pre, Post};
    ensures sealed: \result == 0 ==> crypto_sealed == (u64)(\old(crypto_sealed) + 1) &&
      last_record(\old(snapshots[vm].sequence), (u64)RECORD_TAIL, (u64)0);
    ensures refused: \result != 0 ==> snapshots[vm] == \old(snapshots[vm]) &&
      same_key{Pre, Post}(vm) && lineages_same{Pre, Post}; */
int save_end(u32 vm, u64 out_pfn);

/*
 * Begin to load into an empty VM. CV_ESTATE: not READY, or not empty. CV_EINVAL: not a
 * snapshot. CV_EAUTH. CV_ESTALE: an older one than one that is known. CV_ENOSPC: too many VMs are
 * known to remember another.
 */
/*@ requires locks: held_vm == vm && held_page != 0;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vms[vm], ram_ranges[0 .. (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES - 1], vm_measures[vm],
      snapshots[vm], snapshot_keys[vm], bounce_buffer[0 .. CV_PAGE_SIZE - 1],
      crypto_opened, CRYPTO_LAST;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures before: \result == 0 ==> \old(is_loading(vm)) && \old(vms[vm].nr_ram) == 0 &&
      vms[vm].nr_frames == 0 && vms[vm].nr_vcpus == 0 && l_owner(in_pfn) == CV_HOSTVISOR &&
      !overtaken(snapshots[vm].lineage) && snapshots[vm].lineage.generation != 0 &&
      \forall integer i; is_claim(i) ==> io_claims[i].vm != vm ||
        io_claims[i].gfn >= table_geometry.gfn_limit;
    ensures done: \result == 0 ==> snapshot_begins(vm, SNAPSHOT_LOADING) &&
      snapshots[vm].vcpus_total <= CV_MAX_VCPUS &&
      vms[vm] == { \old(vms[vm]) \with .nr_ram = vms[vm].nr_ram,
        .counter_offset = vms[vm].counter_offset };
    ensures others: \forall integer i; 0 <= i < (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES &&
      !(vm * CV_MAX_RAM_RANGES <= i < (vm + 1) * CV_MAX_RAM_RANGES) ==>
      ram_ranges[i] == \old(ram_ranges[i]);
    ensures opened: \result == 0 ==> crypto_opened == (u64)(\old(crypto_opened) + 1);
    ensures refused: \result != 0 ==> vms[vm] == \old(vms[vm]) &&
      snapshots[vm] == \old(snapshots[vm]) && same_key{Pre, Post}(vm) &&
      \forall integer i; 0 <= i < (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES ==>
      ram_ranges[i] == \old(ram_ranges[i]); */
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
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, frames[in_pfn], vms[vm].nr_frames, snapshots[vm],
      bounce_buffer[0 .. CV_PAGE_SIZE - 1], crypto_opened, CRYPTO_LAST;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures opened: \result == 0 ==> crypto_opened == (u64)(\old(crypto_opened) + 1) &&
      last_record(\old(snapshots[vm].sequence), (u64)RECORD_PAGE, (u64)gfn);
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
/*@ requires locks: held_vm == vm && held_page != 0;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vcpus[l_slot(vm, vcpu)], vcpu_contexts[l_slot(vm, vcpu)], snapshots[vm],
      bounce_buffer[0 .. CV_PAGE_SIZE - 1], crypto_opened, CRYPTO_LAST;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures before: \result == 0 ==> vms[vm].state == CV_VM_READY &&
      \old(snapshots[vm].phase) == SNAPSHOT_LOADING && is_vcpu(vm, vcpu) &&
      \old(vcpus[l_slot(vm, vcpu)].state) == CV_VCPU_READY && l_owner(in_pfn) == CV_HOSTVISOR;
    ensures mine: \result == 0 ==> vcpus[l_slot(vm, vcpu)].vm == vm &&
      vcpus[l_slot(vm, vcpu)].id == vcpu && vcpus[l_slot(vm, vcpu)].state == CV_VCPU_READY &&
      vcpus[l_slot(vm, vcpu)].run_pfn == \old(vcpus[l_slot(vm, vcpu)].run_pfn);
    ensures possible: \result == 0 ==>
      (vcpus[l_slot(vm, vcpu)].powered == 0 || vcpus[l_slot(vm, vcpu)].fresh == 0) &&
      vcpus[l_slot(vm, vcpu)].pending <= PENDING_MMIO_WRITE;
    ensures done: \result == 0 ==> snapshots[vm] == { \old(snapshots[vm]) \with
      .sequence = (u64)(\old(snapshots[vm].sequence) + 1),
      .vcpus = (u32)(\old(snapshots[vm].vcpus) + 1) };
    ensures opened: \result == 0 ==> crypto_opened == (u64)(\old(crypto_opened) + 1) &&
      last_record(\old(snapshots[vm].sequence), (u64)RECORD_VCPU, (u64)vcpu);
    ensures refused: \result != 0 ==> unchanged{Pre, Post} && same_vcpus{Pre, Post} &&
      snapshots[vm] == \old(snapshots[vm]) && \forall integer s; is_slot(s) ==>
        vcpu_contexts[s] == \old(vcpu_contexts[s]); */
int load_encrypted_vcpu(u32 vm, u64 vcpu, u64 in_pfn);

/*
 * Finish: VERIFIED, its counter goes on from where it was saved, and older snapshots of the VM are
 * refused from now on. CV_ESTATE: no load under way, or records or vCPUs are missing. CV_EAUTH.
 * CV_ESTALE: a newer one was completed meanwhile. CV_ENOSPC: the store takes no more.
 */
/*@ requires locks: held_vm == vm && held_page != 0;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vms[vm], snapshots[vm], snapshot_keys[vm], bounce_buffer[0 .. CV_PAGE_SIZE - 1],
      lineages[0 .. CV_MAX_LINEAGES - 1], machine_stored, crypto_opened, CRYPTO_LAST;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures before: \result == 0 ==> \old(vms[vm].state) == CV_VM_READY &&
      \old(is_loaded(vm)) && l_owner(in_pfn) == CV_HOSTVISOR &&
      !overtaken{Pre}(\old(snapshots[vm].lineage));
    ensures done: \result == 0 ==> snapshots[vm].phase == SNAPSHOT_NONE && no_key(vm) &&
      vms[vm] == { \old(vms[vm]) \with .state = (u32)CV_VM_VERIFIED, .verified = (u8)1,
        .counter_offset = vms[vm].counter_offset };
    ensures newest: \result == 0 ==> snapshots[vm].lineage == \old(snapshots[vm].lineage) &&
      (snapshots[vm].lineage.generation != 0 ==> noted(snapshots[vm].lineage));
    ensures kept: lineages_kept{Pre, Post};
    ensures stored: \result == 0 ==> store_is_told{Pre, Post};
    ensures opened: \result == 0 ==> crypto_opened == (u64)(\old(crypto_opened) + 1) &&
      last_record(\old(snapshots[vm].sequence), (u64)RECORD_TAIL, (u64)0);
    ensures refused: \result != 0 ==> vms[vm] == \old(vms[vm]) &&
      snapshots[vm] == \old(snapshots[vm]) && same_key{Pre, Post}(vm) && lineages_same{Pre, Post}; */
int load_end(u32 vm, u64 in_pfn);

#endif
