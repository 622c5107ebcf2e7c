/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vCPUs and their contexts. vm is a VM id; vcpu any number a caller gave; a
 * slot is the number of a context, 0 to CV_MAX_VCPUS_TOTAL - 1. An error means that nothing
 * changed. All functions need the VM's lock.
 */
#ifndef CORE_VCPU_H
#define CORE_VCPU_H

#include "core/invariant_vm.h"
#include "core/types.h"

/* Context of a registered vCPU, or NO_SLOT. */
/*@ requires vm: is_vm(vm);
    requires slot_vcpu: slot_vcpu;
    terminates \true; exits \false; assigns \nothing;
    ensures none: \result == NO_SLOT <==>
      vcpu >= CV_MAX_VCPUS || vcpu_slots[vm * CV_MAX_VCPUS + vcpu] == 0;
    ensures slot: \result != NO_SLOT ==> is_slot(\result) && vcpu < CV_MAX_VCPUS &&
      vcpu_slots[vm * CV_MAX_VCPUS + vcpu] == \result + 1 && vcpus[\result].vm == vm &&
      vcpus[\result].id == vcpu && vcpus[\result].state != CV_VCPU_UNUSED; */
u32 vcpu_slot(u32 vm, u64 vcpu);

/*
 * A new vCPU with a fresh context, and the host frame that is its run page. Locks: vm,
 * page; takes id.
 * CV_ESTATE: the VM is not READY, or being verified. CV_EINVAL: vcpu >= CV_MAX_VCPUS.
 * CV_EEXIST: registered already. CV_EPERM: run_pfn is not the host's. CV_EBUSY: it is
 * counted FRAME_MAX_COUNT times. CV_ENOSPC: no free context. The frame stays the host's,
 * its count is raised. Source: lemma register_vcpu_inv.
 */
int register_vcpu(u32 vm, u64 vcpu, u64 run_pfn);

/*
 * READY -> ACTIVE: this CPU is going to run it. CV_ESTATE: VM not VERIFIED, or the vCPU is
 * not powered on. CV_ENOENT: no such vCPU. CV_EBUSY: it runs already. Source: lemma
 * set_vcpu_active_inv.
 */
/*@ requires vm: is_vm(vm);
    INV_CLAUSES(requires)
    VM_CLAUSES(requires)
    terminates \true; exits \false;
    assigns vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures done: \result == 0 ==> \exists integer s; is_slot(s) && vcpus[s].vm == vm &&
      vcpus[s].id == vcpu && \old(vcpus[s].state) == CV_VCPU_READY && vcpus[s].state == CV_VCPU_ACTIVE &&
      \forall integer t; is_slot(t) && t != s ==> vcpus[t] == \old(vcpus[t]);
    ensures verified: \result == 0 ==> vms[vm].state == CV_VM_VERIFIED;
    ensures refused: \result != 0 ==> \forall integer s; is_slot(s) ==>
      vcpus[s] == \old(vcpus[s]); */
int set_vcpu_active(u32 vm, u64 vcpu);

/*
 * ACTIVE -> READY. CV_ENOENT: no such vCPU. CV_ESTATE: it is not ACTIVE.
 * Source: lemma set_vcpu_inactive_inv.
 */
/*@ requires vm: is_vm(vm);
    requires stopped: \forall integer c; is_cpu(c) && cpus[c].vm == vm ==>
      vcpus[cpus[c].slot].id != vcpu;
    INV_CLAUSES(requires)
    VM_CLAUSES(requires)
    terminates \true; exits \false;
    assigns vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures done: \result == 0 ==> \exists integer s; is_slot(s) && vcpus[s].vm == vm &&
      vcpus[s].id == vcpu && \old(vcpus[s].state) == CV_VCPU_ACTIVE && vcpus[s].state == CV_VCPU_READY &&
      \forall integer t; is_slot(t) && t != s ==> vcpus[t] == \old(vcpus[t]);
    ensures refused: \result != 0 ==> \forall integer s; is_slot(s) ==>
      vcpus[s] == \old(vcpus[s]); */
int set_vcpu_inactive(u32 vm, u64 vcpu);

/* Is any vCPU of the VM ACTIVE? */
/*@ requires vm: is_vm(vm);
    requires slot_vcpu: slot_vcpu;
    requires vcpu_slot: vcpu_slot;
    terminates \true; exits \false; assigns \nothing;
    ensures none: !\result ==> \forall integer s; is_slot(s) && vcpus[s].vm == vm ==>
      vcpus[s].state != CV_VCPU_ACTIVE; */
bool vm_has_active_vcpu(u32 vm);

/* Power on: first registers, everything else at its reset value. The vCPU is not ACTIVE. */
void vcpu_start(u32 slot, u64 pc, u64 x0);

/*
 * All vCPUs of a VM back to UNUSED, their contexts wiped, their run pages released. None is
 * ACTIVE.
 * Locks: vm, page; takes id.
 */
void release_vcpus(u32 vm);

#endif
