/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From an image in the host's memory to a VERIFIED VM. vm is a VM id. An error means that
 * nothing changed.
 *
 * The measurement is SHA-384 over, in this order: the layout (core/boot.c, measure_layout),
 * the RAM ranges, the image regions, the guest frames of its devices, its streams, then the
 * frame number (64 bits, little-endian) and the 4,096 bytes of each image page.
 */
#ifndef CORE_BOOT_H
#define CORE_BOOT_H

#include "core/lock.h"
#include "core/types.h"

/*
 * Announce an image region: `size` bytes, rounded up to frames, at guest address `addr`.
 * Returns its number (0 to CV_MAX_BOOT_REGIONS - 1). Locks: vm.
 * CV_ESTATE: not loading. CV_EINVAL: misaligned, empty, outside RAM, overlaps. CV_ENOSPC:
 * no slot, or the image would exceed CV_MAX_IMAGE_FRAMES. Source: lemma set_boot_info_inv.
 */
/*@ requires locks: held_vm == vm;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vms[vm], boot_regions[0 .. (CV_MAX_VMS + 1) * CV_MAX_BOOT_REGIONS - 1];
    INV_ENSURES
    VM_ENSURES
    ensures result: \result < CV_MAX_BOOT_REGIONS;
    ensures done: \result >= 0 ==> \old(is_loading(vm)) && \result == \old(vms[vm].nr_regions) &&
      vms[vm].nr_regions == \result + 1 && r_remapped(vm, \result) == 0 &&
      r_gfn(vm, \result) == addr / CV_PAGE_SIZE && addr % CV_PAGE_SIZE == 0 &&
      in_ram(vm, r_gfn(vm, \result), r_frames(vm, \result));
    ensures others: \forall integer i; i != vm * CV_MAX_BOOT_REGIONS + \old(vms[vm].nr_regions) ==>
      boot_regions[i] == \old(boot_regions[i]);
    ensures refused: \result < 0 ==> vms[vm] == \old(vms[vm]) && same_regions{Pre, Post}; */
int set_boot_info(u32 vm, u64 addr, u64 size);

/*
 * Name the frame with the next page of region `idx`: it goes into the core's own map, at
 * the VM's image list. The frame stays the host's until verify_vm. Locks: vm, page, map.
 * CV_ESTATE: not loading. CV_EINVAL: no such region. CV_ENOSPC: the region is full. CV_EPERM,
 * CV_EBUSY: the frame could not be taken. CV_ENOMEM. Source: lemma remap_vm_image_inv; the
 * seed never tests the frame number.
 */
/*@ requires locks: held_vm == vm && memory_locks;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, boot_regions[0 .. (CV_MAX_VMS + 1) * CV_MAX_BOOT_REGIONS - 1];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures before: \result == 0 ==> is_loading(vm) && is_region(vm, idx) &&
      l_owner(pfn) == CV_HOSTVISOR && l_count(pfn) == 0;
    ensures done: \result == 0 ==> r_remapped(vm, idx) == \old(r_remapped(vm, idx)) + 1 &&
      map_of(MAP_CORE, list_base(vm) + r_list(vm, idx) + \old(r_remapped(vm, idx))) ==
        d_page(pfn, DESC_ATTR_MEMORY);
    ensures list: \forall integer g; in_map(MAP_CORE, g) &&
      g != list_base(vm) + r_list(vm, idx) + \old(r_remapped(vm, idx)) ==>
      map_of(MAP_CORE, g) == \old(map_of(MAP_CORE, g));
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_CORE ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g));
    ensures others: \forall integer i; i != vm * CV_MAX_BOOT_REGIONS + idx ==>
      boot_regions[i] == \old(boot_regions[i]);
    ensures refused: \result != 0 ==> unchanged{Pre, Post} && same_regions{Pre, Post}; */
int remap_vm_image(u32 vm, u64 pfn, u64 idx);

/*
 * Fix the measurement the VM must have: struct cv_manifest in a host frame, copied once.
 * Locks: vm; takes page. CV_ESTATE: not loading. CV_EPERM: not the host's frame. CV_EAUTH: not
 * signed by its key. CV_EINVAL: not a manifest.
 */
/*@ requires locks: held_vm == vm && held_page == 0 && held_map == 0 && held_id == 0;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_page, frames[0 .. CV_MAX_FRAMES - 1], vms[0 .. CV_MAX_VMS],
      dma_contexts[0 .. CV_MAX_DMA_CONTEXTS - 1], io_claims[0 .. CV_MAX_IO_CLAIMS - 1],
      bounce_buffer[0 .. CV_PAGE_SIZE - 1], lineages[0 .. CV_MAX_LINEAGES - 1],
      vm_measures[vm], crypto_verified;
    INV_ENSURES
    VM_ENSURES
    ensures locks: held_page == 0;
    ensures result: \result <= 0;
    ensures done: \result == 0 ==> \old(is_loading(vm)) && vms[vm].has_manifest == 1;
    ensures signed: \result == 0 ==> crypto_verified == (u64)(\old(crypto_verified) + 1);
    ensures refused: \result != 0 ==> vms[vm] == \old(vms[vm]); */
int set_manifest(u32 vm, u64 pfn);

/*@ // What was measured is what the manifest says.
    predicate is_expected{L}(integer v) = \forall integer k; 0 <= k < CRYPTO_HASH_SIZE ==>
      vm_measures[v].digest[k] == vm_measures[v].expected[k];
 */
/*
 * One step of verification: the first fixes the layout, each of the next takes up to
 * VERIFY_BATCH image frames from the host, maps and measures them, the last makes the VM
 * VERIFIED. Returns the number of steps of one frame still to do plus one, 0 when the VM is
 * VERIFIED.
 * Locks: DMA, vm; takes page, map.
 * CV_ESTATE: not READY, a region is not full, no entry point in a region, no vCPU 0.
 * CV_EPERM, CV_EBUSY: the next frame cannot be taken. CV_EEXIST: something is mapped at its
 * place. CV_ENOMEM.
 * CV_EAUTH: not what the manifest says; the VM can only be powered off.
 * Source: design 5, seed name verify_vm.
 */
/*@ requires locks: held_dma != 0 && held_vm == vm && held_page == 0 && held_map == 0 &&
      held_id == 0;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_page, held_map, TABLE_STATE, frames[0 .. CV_MAX_FRAMES - 1],
      vms[0 .. CV_MAX_VMS], dma_contexts[0 .. CV_MAX_DMA_CONTEXTS - 1],
      io_claims[0 .. CV_MAX_IO_CLAIMS - 1], bounce_buffer[0 .. CV_PAGE_SIZE - 1],
      lineages[0 .. CV_MAX_LINEAGES - 1], vm_measures[vm], vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1],
      vcpu_contexts[0 .. CV_MAX_VCPUS_TOTAL - 1];
    INV_ENSURES
    VM_ENSURES
    ensures locks: held_page == 0 && held_map == 0;
    ensures before: \result >= 0 ==> \old(vms[vm].state) == CV_VM_READY;
    ensures done: \result == 0 ==> vms[vm].state == CV_VM_VERIFIED && vms[vm].verified == 1 &&
      \old(vms[vm].verifying) != 0 && \old(vms[vm].verify_region) == \old(vms[vm].nr_regions);
    ensures measured: \result == 0 && vms[vm].has_manifest != 0 ==> is_expected(vm);
    ensures more: \result > 0 ==> vms[vm].state == CV_VM_READY && vms[vm].verifying != 0;
    ensures refused: \result < 0 ==> vms[vm] == \old(vms[vm]) && same_vcpus{Pre, Post}; */
s64 verify_vm(u32 vm);

/* Forget the VM's image list. Locks: vm, map. */
/*@ requires locks: held_vm == vm && held_map != 0;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures empty: \forall integer g; list_base(vm) <= g < list_base(vm) + CV_MAX_IMAGE_FRAMES ==>
      map_of(MAP_CORE, g) == 0;
    ensures lists: \forall integer g; in_map(MAP_CORE, g) &&
      !(list_base(vm) <= g < list_base(vm) + CV_MAX_IMAGE_FRAMES) ==>
      map_of(MAP_CORE, g) == \old(map_of(MAP_CORE, g));
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_CORE ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g)); */
void image_list_drop(u32 vm);

/* Frames one step of verify_vm takes at most. */
#define VERIFY_BATCH 64U

#endif
