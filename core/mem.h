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

#include "core/invariant_vm.h"
#include "core/lock.h"
#include "core/types.h"

/*
 * The host faulted at addr: map the frame to itself, in a 2 MB block where all of it is
 * the host's. Locks: page, map.
 * CV_EINVAL: frame 0 or beyond the address space. CV_EPERM: not the host's and not granted to
 * it; or a device that the core keeps or a VM has claimed. CV_ENOMEM.
 * Ownership does not change. Source: lemma map_host_inv.
 */
/*@ requires locks: memory_locks;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE;
    INV_ENSURES
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures mapped: \result == 0 ==> addr / 4096 != 0 && in_map(MAP_HOST, addr / 4096) &&
      map_of(MAP_HOST, addr / 4096) != 0;
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g)); */
int map_host(u64 addr);

/*
 * Take a frame from the host for a VM, wiped. Locks: vm, page, map.
 * CV_EPERM: owned by somebody else. CV_EBUSY: mapped for DMA, or a run page. CV_EEXIST: the
 * VM has it at another gfn. CV_ENOMEM: its block in the host's map cannot be split.
 * CV_EINVAL: gfn.
 * Before: host's, count 0; or this VM's at that gfn (then nothing changes). After: the
 * VM's, count 0, in no map. Source: lemma assign_pfn_to_vm_inv.
 */
/*@ requires vm: is_vm(vm) && vms[vm].state != CV_VM_UNUSED;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, frames[pfn], vms[vm].nr_frames;
    INV_ENSURES
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> in_map(vm, gfn) &&
      (\old(l_owner(pfn)) == vm ||
       (\old(l_owner(pfn)) == CV_HOSTVISOR && \old(l_count(pfn)) == 0));
    ensures record: \result == 0 ==> l_owner(pfn) == vm && l_gfn(pfn) == gfn;
    ensures kept: \result == 0 && \old(l_owner(pfn)) == vm ==> unchanged{Pre, Post};
    ensures taken: \result == 0 && \old(l_owner(pfn)) != vm ==> l_count(pfn) == 0 &&
      map_of(MAP_HOST, pfn) == 0 && map_of(MAP_DMA_DEFAULT, pfn) == 0;
    ensures others: \forall integer p; p != pfn ==> same_record{Pre, Post}(p);
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST &&
      m != MAP_DMA_DEFAULT ==> map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) && m != MAP_HOST ==>
      depth_of(m, g) == \old(depth_of(m, g));
    ensures free: \result == 0 && \old(l_owner(pfn)) != vm ==>
      table_free_nr == \old(table_free_nr) - \old(split_need(pfn, 3)); */
int assign_pfn_to_vm(u32 vm, u64 gfn, u64 pfn);

/* The same for 512 frames; gfn and pfn 512-aligned, else CV_EINVAL. */
/*@ requires vm: is_vm(vm) && vms[vm].state != CV_VM_UNUSED;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, frames[0 .. CV_MAX_FRAMES - 1], vms[vm].nr_frames;
    INV_ENSURES
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures args: \result == 0 ==> in_map(vm, gfn) && gfn % 512 == 0 && pfn % 512 == 0;
    ensures before: \result == 0 ==> \forall integer p; pfn <= p < pfn + 512 ==>
      \old(l_owner(p)) == CV_HOSTVISOR && \old(l_count(p)) == 0;
    ensures record: \result == 0 ==> \forall integer p; pfn <= p < pfn + 512 ==>
      l_owner(p) == vm && l_count(p) == 0 && l_gfn(p) == gfn + (p - pfn);
    ensures out: \result == 0 ==> \forall integer p; pfn <= p < pfn + 512 ==>
      map_of(MAP_HOST, p) == 0 && map_of(MAP_DMA_DEFAULT, p) == 0;
    ensures others: \forall integer p; !(pfn <= p < pfn + 512) ==> same_record{Pre, Post}(p);
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST &&
      m != MAP_DMA_DEFAULT ==> map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) && m != MAP_HOST ==>
      depth_of(m, g) == \old(depth_of(m, g));
    ensures free: \result == 0 ==>
      table_free_nr == \old(table_free_nr) - \old(split_need(pfn, 2)); */
int assign_block_to_vm(u32 vm, u64 gfn, u64 pfn);

/*
 * May `nr` frames from pfn on be mapped at gfn: all the VM's, each at its place, nothing there?
 */
/*@ predicate may_map{L}(integer vm, integer gfn, integer pfn, integer nr) =
      (\forall integer p; pfn <= p < pfn + nr ==>
        l_owner(p) == vm && l_gfn(p) == gfn + (p - pfn)) &&
      (\forall integer g; gfn <= g < gfn + nr ==> map_of(vm, g) == 0);
 */

/*
 * Map what the VM owns at addr: the frame (level 3) or the 512 frames (level 2) of
 * descriptor pte, whose attributes are ignored: it is Normal memory. Locks: vm, page, map.
 * CV_EINVAL: level, addr, alignment. CV_EPERM: a frame is not this VM's at that gfn.
 * CV_EEXIST: something is mapped there. CV_ENOMEM. Source: lemma map_pfn_vm_inv.
 */
/*@ requires vm: is_vm(vm);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE;
    INV_ENSURES
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures args: \result == 0 ==> (level == 2 || level == 3) && in_map(vm, addr / 4096);
    ensures before_page: \result == 0 && level == 3 ==>
      \old(may_map(vm, addr / 4096, d_pfn(pte), 1));
    ensures before_block: \result == 0 && level == 2 ==>
      \old(may_map(vm, addr / 4096, d_pfn(pte), 512));
    ensures page: \result == 0 && level == 3 ==>
      map_of(vm, addr / 4096) == d_page(d_pfn(pte), DESC_ATTR_MEMORY);
    ensures block: \result == 0 && level == 2 ==> \forall integer g;
      addr / 4096 <= g < addr / 4096 + 512 ==>
      map_of(vm, g) == d_page(d_pfn(pte) + (g - addr / 4096), DESC_ATTR_MEMORY);
    ensures maps: \forall integer m, g; in_map(m, g) &&
      !(m == vm && addr / 4096 <= g < addr / 4096 + (level == 2 ? 512 : 1)) ==>
      map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) && m != vm ==>
      depth_of(m, g) == \old(depth_of(m, g));
    ensures accepted_page: level == 3 && in_map(vm, addr / 4096) &&
      \old(may_map(vm, addr / 4096, d_pfn(pte), 1)) &&
      \old(need_of(vm, addr / 4096, 3)) <= \old(table_free_nr) ==> \result == 0;
    ensures accepted_block: level == 2 && in_map(vm, addr / 4096) &&
      addr / 4096 % 512 == 0 && d_pfn(pte) % 512 == 0 &&
      \old(may_map(vm, addr / 4096, d_pfn(pte), 512)) &&
      \old(need_of(vm, addr / 4096, 2)) <= \old(table_free_nr) ==> \result == 0; */
int map_pfn_vm(u32 vm, u64 addr, u64 pte, u32 level);

/*
 * Donate: assign_pfn_to_vm and map_pfn_vm in one step that fails as a whole. level 3: one
 * frame; level 2: 512. Besides their errors, CV_EINVAL: gfn is not in the VM's RAM;
 * CV_ESTATE: the VM takes no frames now. Locks: vm, page, map.
 */
/*@ requires locks: held_vm == vm && memory_locks;
    requires vm: is_vm(vm);
    requires level: level == 2 || level == 3;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, frames[0 .. CV_MAX_FRAMES - 1], vms[vm].nr_frames;
    INV_ENSURES
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures state: \result == 0 ==> takes_frames(vm);
    ensures args: \result == 0 ==> in_map(vm, gfn) && in_ram(vm, gfn, level == 2 ? 512 : 1) &&
      (level == 2 ==> gfn % 512 == 0 && pfn % 512 == 0);
    ensures page: \result == 0 && level == 3 ==> l_owner(pfn) == vm && l_gfn(pfn) == gfn &&
      map_of(vm, gfn) == d_page(pfn, DESC_ATTR_MEMORY);
    ensures block: \result == 0 && level == 2 ==> \forall integer p; pfn <= p < pfn + 512 ==>
      l_owner(p) == vm && l_count(p) == 0 && l_gfn(p) == gfn + (p - pfn);
    ensures mapped: \result == 0 && level == 2 ==> \forall integer g; gfn <= g < gfn + 512 ==>
      map_of(vm, g) == d_page(pfn + (g - gfn), DESC_ATTR_MEMORY);
    ensures others: \forall integer p; !(pfn <= p < pfn + (level == 2 ? 512 : 1)) ==>
      same_record{Pre, Post}(p);
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST &&
      m != MAP_DMA_DEFAULT && m != vm ==> map_of(m, g) == \old(map_of(m, g));
    ensures depth: \forall integer m, g; in_map(m, g) && m != MAP_HOST && m != vm ==>
      depth_of(m, g) == \old(depth_of(m, g)); */
int donate_to_vm(u32 vm, u64 gfn, u64 pfn, u32 level);

/*
 * Take a frame back from a VM, wiped, for the host. Locks: DMA, vm, page, map.
 * CV_EPERM: not this VM's. CV_ESTATE: the VM is not POWEROFF. CV_EBUSY: it still has a DMA
 * context.
 * Before: the VM's. After: host's, count 0. Source: lemma clear_vm_page_inv.
 */
/*@ requires locks: held_dma != 0 && held_vm == vm && memory_locks;
    requires vm: is_vm(vm);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, frames[pfn], vms[vm].nr_frames, vms[vm].reclaimed;
    INV_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> \old(l_owner(pfn)) == vm &&
      vms[vm].state == CV_VM_POWEROFF &&
      \forall integer c; is_context(c) ==> dma_contexts[c].owner != vm;
    ensures record: \result == 0 ==> l_owner(pfn) == CV_HOSTVISOR && l_count(pfn) == 0;
    ensures out: \result == 0 ==> \forall integer v, g; is_vm(v) && in_map(v, g) &&
      map_of(v, g) != 0 ==> d_pfn(map_of(v, g)) != pfn;
    ensures others: \forall integer p; p != pfn ==> same_record{Pre, Post}(p);
    ensures maps: \forall integer m, g; in_map(m, g) && m != vm && m != MAP_DMA_DEFAULT ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g)); */
int clear_vm_page(u32 vm, u64 pfn);

/*
 * Claim the device frame at pa for a VM and map it at gpa; the host loses it until the VM
 * is destroyed. Locks: vm, page, map.
 * CV_ESTATE: the VM is not READY. CV_EINVAL: misaligned, or gpa is in the VM's RAM.
 * CV_EPERM: RAM, not assignable, or claimed. CV_EEXIST: something is mapped at gpa.
 * CV_ENOSPC. CV_ENOMEM.
 * Source: lemma map_io_inv; there the device stays in the host's map, which is a hole.
 */
/*@ requires locks: held_vm == vm && memory_locks;
    requires vm: is_vm(vm);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, io_claims[0 .. CV_MAX_IO_CLAIMS - 1];
    INV_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures aligned: \result == 0 ==> gpa % 4096 == 0 && pa % 4096 == 0;
    ensures before: \result == 0 ==> is_loading(vm) &&
      l_owner(pa / 4096) == CV_INVALID_ID && pa / 4096 != 0 &&
      l_device(pa / 4096) == MACHINE_DEVICE_ASSIGNABLE &&
      \forall integer i; is_claim(i) && \old(io_claims[i].vm) != 0 ==>
        \old(io_claims[i].pfn) != pa / 4096;
    ensures outside: \result == 0 ==> !in_ram(vm, gpa / 4096, 1);
    ensures mapped: \result == 0 ==> in_map(vm, gpa / 4096) && in_map(MAP_HOST, pa / 4096) &&
      map_of(vm, gpa / 4096) == d_page(pa / 4096, DESC_ATTR_DEVICE) &&
      map_of(MAP_HOST, pa / 4096) == 0;
    ensures claimed: \result == 0 ==> \exists integer i; is_claim(i) &&
      io_claims[i].vm == vm && io_claims[i].pfn == pa / 4096 && io_claims[i].gfn == gpa / 4096;
    ensures core: \forall integer g; in_map(MAP_CORE, g) ==>
      depth_of(MAP_CORE, g) == \old(depth_of(MAP_CORE, g));
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST &&
      !(m == vm && g == gpa / 4096) ==> map_of(m, g) == \old(map_of(m, g)); */
int map_io(u32 vm, u64 gpa, u64 pa);

/* Give up all device frames of a VM; unmaps nothing. Locks: page. For destroy_vm. */
/*@ requires vm: is_vm(vm);
    requires empty: \forall integer g; in_map(vm, g) ==> map_of(vm, g) == 0;
    INV_REQUIRES
    terminates \true; exits \false;
    assigns io_claims[0 .. CV_MAX_IO_CLAIMS - 1];
    INV_CLAUSES(ensures)
    ensures released: \forall integer i; is_claim(i) ==> io_claims[i].vm != vm;
    ensures others: \forall integer i; is_claim(i) && \old(io_claims[i].vm) != vm ==>
      io_claims[i] == \old(io_claims[i]); */
void release_io_claims(u32 vm);

/* Does a VM have a claimed device frame in [gfn, gfn + nr)? Locks: page. */
/*@ requires vm: is_vm(vm);
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result <==> \exists integer i; is_claim(i) && io_claims[i].vm == vm &&
      gfn <= io_claims[i].gfn < gfn + nr; */
bool io_claim_overlaps(u32 vm, u64 gfn, u64 nr);

/*
 * The VM lets the host access a frame once more. Locks: page, map.
 * CV_EPERM: not this VM's. CV_EBUSY: granted CV_MAX_SHARE_COUNT times. CV_ENOMEM.
 * Source: lemma grant_vm_page_inv.
 */
/*@ requires locks: memory_locks;
    requires vm: is_vm(vm);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns TABLE_STATE, frames[pfn];
    INV_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> \old(l_owner(pfn)) == vm &&
      \old(l_count(pfn)) < CV_MAX_SHARE_COUNT;
    ensures record: \result == 0 ==> l_owner(pfn) == vm &&
      l_count(pfn) == \old(l_count(pfn)) + 1 && l_gfn(pfn) == \old(l_gfn(pfn));
    ensures mapped: \result == 0 ==> map_of(MAP_DMA_DEFAULT, pfn) != 0;
    ensures others: \forall integer p; p != pfn ==> same_record{Pre, Post}(p);
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_DMA_DEFAULT ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g)); */
int grant_vm_page(u32 vm, u64 pfn);

/*
 * Undo one grant; with the last one the host and its devices lose the frame. Locks: page, map.
 * CV_EPERM: not this VM's. CV_ENOENT: not granted. Source: lemma revoke_vm_page_inv.
 */
/*@ requires locks: memory_locks;
    requires vm: is_vm(vm);
    INV_REQUIRES
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1], frames[pfn];
    INV_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures refused: \result != 0 ==> unchanged{Pre, Post};
    ensures before: \result == 0 ==> \old(l_owner(pfn)) == vm && \old(l_count(pfn)) > 0;
    ensures record: \result == 0 ==> l_owner(pfn) == vm &&
      l_count(pfn) == \old(l_count(pfn)) - 1 && l_gfn(pfn) == \old(l_gfn(pfn));
    ensures out: \result == 0 && l_count(pfn) == 0 ==>
      map_of(MAP_HOST, pfn) == 0 && map_of(MAP_DMA_DEFAULT, pfn) == 0;
    ensures others: \forall integer p; p != pfn ==> same_record{Pre, Post}(p);
    ensures maps: \forall integer m, g; in_map(m, g) && m != MAP_HOST && m != MAP_DMA_DEFAULT ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g)); */
int revoke_vm_page(u32 vm, u64 pfn);

#endif
