/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a VM. vm is a VM id, 1 to CV_MAX_VMS, unless said otherwise. An
 * error means that nothing changed.
 */
#ifndef CORE_VM_H
#define CORE_VM_H

#include "core/lock.h"
#include "core/types.h"

/* Is this number, from anybody, a VM id? */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result <==> is_vm(id); */
bool vm_id_valid(u64 id);

/* May its image and layout still be changed by the host? Locks: vm. */
/*@ requires vm: is_vm(vm);
    terminates \true; exits \false; assigns \nothing;
    ensures \result <==> is_loading(vm); */
bool vm_is_loading(u32 vm);

/* May the host donate frames to it? Locks: vm. */
/*@ requires vm: is_vm(vm);
    terminates \true; exits \false; assigns \nothing;
    ensures \result <==> takes_frames(vm); */
bool vm_takes_frames(u32 vm);

/* Do [gfn, gfn + nr) lie in one of its RAM ranges? Any numbers. Locks: vm. */
/*@ requires vm: is_vm(vm);
    requires geometry: geometry;
    requires state_range: state_range;
    requires ram_range: ram_range;
    terminates \true; exits \false; assigns \nothing;
    ensures \result <==> in_ram(vm, gfn, nr);
    ensures limit: \result ==> gfn + nr <= table_geometry.gfn_limit; */
bool vm_ram_contains(u32 vm, u64 gfn, u64 nr);

/*
 * Reserve a free VM id. Returns it, or CV_ENOSPC. Locks: id.
 * Source: lemma gen_vmid_inv; here ids are used again, and the next one is tried first
 * so that an id rests as long as it can.
 */
/*@ requires id_taken: id_taken;
    terminates \true; exits \false;
    assigns next_vmid, vm_id_taken[0 .. CV_MAX_VMS];
    ensures id_taken: id_taken;
    ensures result: \result < 0 || is_vm(\result);
    ensures taken: is_vm(\result) ==>
      \old(vm_id_taken)[\result] == 0 && vm_id_taken[\result] != 0;
    ensures others: \forall integer v; is_vm(v) && v != \result ==>
      vm_id_taken[v] == \old(vm_id_taken[v]);
    ensures refused: \result < 0 ==> \forall integer v; is_vm(v) ==> vm_id_taken[v] != 0; */
int gen_vmid(void);

/*
 * A new VM under a reserved id: READY, nothing in it. Locks: vm.
 * CV_ESTATE: it is not UNUSED. Source: lemma register_kvm_inv.
 */
/*@ requires vm: is_vm(vm) && vm_id_taken[vm] != 0;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vms[vm];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures done: \result == 0 ==> \old(vms[vm].state) == CV_VM_UNUSED && is_loading(vm) &&
      vms[vm].nr_ram == 0 && vms[vm].nr_vcpus == 0 && vms[vm].verified == 0 &&
      vms[vm].nr_frames == \old(vms[vm].nr_frames);
    ensures refused: \result != 0 ==> vms[vm] == \old(vms[vm]); */
int register_kvm(u32 vm);

/*
 * Declare a RAM range, in frames. Locks: vm, page.
 * CV_ESTATE: not loading. CV_EINVAL: empty, beyond the address space, or overlaps another
 * range or a device of the VM. CV_ENOSPC.
 */
/*@ requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vms[vm], ram_ranges[0 .. (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES - 1];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures done: \result == 0 ==> \old(is_loading(vm)) && ram_has(vm, \old(vms[vm].nr_ram), gfn, nr) && nr > 0 &&
      vms[vm].nr_ram == \old(vms[vm].nr_ram) + 1 && gfn + nr <= table_geometry.gfn_limit;
    ensures apart: \result == 0 ==> (\forall integer r; 0 <= r < \old(vms[vm].nr_ram) ==>
      !ram_meets{Pre}(vm, r, gfn, nr)) && \forall integer i; is_claim(i) && io_claims[i].vm == vm ==>
      !(gfn <= io_claims[i].gfn < gfn + nr);
    ensures others: \forall integer i; 0 <= i < (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES &&
      i != vm * CV_MAX_RAM_RANGES + \old(vms[vm].nr_ram) ==>
      ram_ranges[i] == \old(ram_ranges[i]);
    ensures refused: \result != 0 ==> vms[vm] == \old(vms[vm]) &&
      \forall integer i; 0 <= i < (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES ==>
      ram_ranges[i] == \old(ram_ranges[i]); */
int vm_set_ram(u32 vm, u64 gfn, u64 nr);

/*
 * First PC and X0 of vCPU 0. Locks: vm. CV_ESTATE: not loading.
 */
/*@ requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vms[vm];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures done: \result == 0 ==> \old(is_loading(vm)) && is_loading(vm) &&
      vms[vm].entry_pc == pc && vms[vm].entry_x0 == x0 && vms[vm].entry_set == 1;
    ensures refused: \result != 0 ==> vms[vm] == \old(vms[vm]); */
int vm_set_entry(u32 vm, u64 pc, u64 x0);

/*
 * No vCPU is entered from now on, running ones are told to stop, frames may be
 * reclaimed. Locks: vm. CV_ESTATE: UNUSED. Source: lemma set_vm_poweroff_inv.
 */
/*@ requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vms[vm];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures done: \result == 0 ==> vms[vm].state == CV_VM_POWEROFF &&
      \old(vms[vm].state) != CV_VM_UNUSED && vms[vm].nr_frames == \old(vms[vm].nr_frames);
    ensures refused: \result != 0 ==> vms[vm] == \old(vms[vm]); */
int set_vm_poweroff(u32 vm);

/*
 * The end: tables back to the pool, devices back to the host, vCPU contexts and keys wiped,
 * the id free. Locks: DMA, vm, page, map; takes id.
 * CV_ESTATE: not POWEROFF. CV_EBUSY: it owns a frame or a DMA context, or a vCPU is
 * running.
 */
/*@ requires locks: held_dma != 0 && held_vm == vm && memory_locks && held_id == 0;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_id, TABLE_STATE, io_claims[0 .. CV_MAX_IO_CLAIMS - 1],
      frames[0 .. CV_MAX_FRAMES - 1], vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1],
      vcpu_contexts[0 .. CV_MAX_VCPUS_TOTAL - 1],
      vcpu_slots[0 .. (CV_MAX_VMS + 1) * CV_MAX_VCPUS - 1],
      ram_ranges[0 .. (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES - 1], vm_measures[vm],
      snapshots[vm], snapshot_keys[vm], vms[vm], vm_id_taken[0 .. CV_MAX_VMS], next_vmid;
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures locks: held_id == 0;
    ensures result: \result <= 0;
    ensures before: \result == 0 ==> \old(vms[vm].state) == CV_VM_POWEROFF &&
      (\forall integer p; 0 <= p < nr_frames ==> \old(l_owner(p)) != vm) &&
      (\forall integer c; is_context(c) ==> dma_contexts[c].owner != vm);
    ensures done: \result == 0 ==> vms[vm].state == CV_VM_UNUSED && vm_id_taken[vm] == 0 &&
      (\forall integer g; in_map(vm, g) ==> map_of(vm, g) == 0) &&
      (\forall integer i; is_claim(i) ==> io_claims[i].vm != vm) &&
      (\forall integer i; 0 <= i < CRYPTO_KEY_SIZE ==> snapshot_keys[vm].bytes[i] == 0);
    ensures maps: \forall integer m, g; in_map(m, g) && m != vm && m != MAP_CORE ==>
      map_of(m, g) == \old(map_of(m, g)) && depth_of(m, g) == \old(depth_of(m, g));
    ensures owners: \forall integer p; l_owner(p) == \old(l_owner(p)) &&
      l_gfn(p) == \old(l_gfn(p)) && (\old(l_owner(p)) != CV_HOSTVISOR ==>
        l_count(p) == \old(l_count(p)));
    ensures vcpus: \forall integer s; is_slot(s) && \old(vcpus[s].vm) != vm ==>
      vcpus[s] == \old(vcpus[s]) && vcpu_contexts[s] == \old(vcpu_contexts[s]);
    ensures refused: \result != 0 ==> unchanged{Pre, Post} && same_vcpus{Pre, Post} &&
      vm_id_taken[vm] == \old(vm_id_taken[vm]); */
int destroy_vm(u32 vm);

#endif
