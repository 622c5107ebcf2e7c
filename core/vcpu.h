/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vCPUs and their contexts. vm is a VM id; vcpu any number a caller gave; a
 * slot is the number of a context, 0 to CV_MAX_VCPUS_TOTAL - 1. An error means that nothing
 * changed. All functions need the VM's lock.
 */
#ifndef CORE_VCPU_H
#define CORE_VCPU_H

#include "core/lock.h"
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
/*@ requires locks: held_vm == vm && held_page != 0 && held_id == 0;
    requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_id, vm_id_taken[0 .. CV_MAX_VMS], next_vmid, frames[run_pfn], vms[vm].nr_vcpus,
      vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1],
      vcpu_slots[0 .. (CV_MAX_VMS + 1) * CV_MAX_VCPUS - 1];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures locks: held_id == 0;
    ensures result: \result <= 0;
    ensures before: \result == 0 ==> vms[vm].state == CV_VM_READY && vms[vm].verifying == 0 &&
      vcpu < CV_MAX_VCPUS && \old(vcpu_slots)[vm * CV_MAX_VCPUS + vcpu] == 0 &&
      \old(l_owner(run_pfn)) == CV_HOSTVISOR;
    ensures count: \result == 0 ==> l_owner(run_pfn) == CV_HOSTVISOR &&
      l_count(run_pfn) == \old(l_count(run_pfn)) + 1;
    ensures done: \result == 0 ==> \exists integer s; is_slot(s) && \old(vcpus[s].vm) == 0 &&
      vcpu_slots[vm * CV_MAX_VCPUS + vcpu] == s + 1 && vcpus[s].vm == vm &&
      vcpus[s].id == vcpu && vcpus[s].run_pfn == run_pfn && vcpus[s].fresh == 1 &&
      vcpus[s].state == CV_VCPU_READY &&
      \forall integer t; is_slot(t) && t != s ==> vcpus[t] == \old(vcpus[t]);
    ensures others: \forall integer p; p != run_pfn ==> same_record{Pre, Post}(p);
    ensures refused: \result != 0 ==> same_records{Pre, Post} && vms[vm] == \old(vms[vm]) &&
      same_vcpus{Pre, Post}; */
int register_vcpu(u32 vm, u64 vcpu, u64 run_pfn);

/*
 * READY -> ACTIVE: this CPU is going to run it. CV_ESTATE: VM not VERIFIED, or the vCPU is
 * not powered on. CV_ENOENT: no such vCPU. CV_EBUSY: it runs already. Source: lemma
 * set_vcpu_active_inv.
 */
/*@ requires vm: is_vm(vm);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures result: \result <= 0;
    ensures done: \result == 0 ==> \exists integer s; is_slot(s) && vcpus[s].vm == vm &&
      vcpus[s].id == vcpu && \old(vcpus[s].state) == CV_VCPU_READY && vcpus[s].state == CV_VCPU_ACTIVE &&
      \old(vcpus[s].powered) != 0 &&
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
    INV_REQUIRES
    VM_REQUIRES
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
/*@ requires slot: is_slot(slot);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vcpus[slot], vcpu_contexts[slot];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures on: vcpus[slot].fresh == 0 && vcpus[slot].powered == 1 &&
      vcpus[slot].pending == PENDING_NONE;
    ensures same: vcpus[slot].vm == \old(vcpus[slot].vm) &&
      vcpus[slot].id == \old(vcpus[slot].id) && vcpus[slot].state == \old(vcpus[slot].state) &&
      vcpus[slot].run_pfn == \old(vcpus[slot].run_pfn);
    ensures registers: vcpu_contexts[slot].pc == pc && vcpu_contexts[slot].x[0] == x0 &&
      vcpu_contexts[slot].pstate == PSTATE_RESET &&
      (\forall integer i; 0 < i < 31 ==> vcpu_contexts[slot].x[i] == 0) &&
      (\forall integer i; 0 <= i < VCPU_NR_SYSREGS && i != SYSREG_SCTLR_EL1 ==>
        vcpu_contexts[slot].sys[i] == 0) &&
      (\forall integer i; 0 <= i < 64 ==> vcpu_contexts[slot].fp[i] == 0); */
void vcpu_start(u32 slot, u64 pc, u64 x0);

/*
 * All vCPUs of a VM back to UNUSED, their contexts wiped, their run pages released. None is
 * ACTIVE.
 * Locks: vm, page; takes id.
 */
/*@ requires locks: held_vm == vm && held_page != 0 && held_id == 0;
    requires vm: is_vm(vm);
    requires stopped: \forall integer s; is_slot(s) && vcpus[s].vm == vm ==>
      vcpus[s].state != CV_VCPU_ACTIVE;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_id, vm_id_taken[0 .. CV_MAX_VMS], next_vmid, frames[0 .. CV_MAX_FRAMES - 1],
      vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1], vcpu_contexts[0 .. CV_MAX_VCPUS_TOTAL - 1],
      vcpu_slots[0 .. (CV_MAX_VMS + 1) * CV_MAX_VCPUS - 1];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures locks: held_id == 0;
    ensures taken: vm_id_taken[vm] == \old(vm_id_taken[vm]);
    ensures released: \forall integer s; is_slot(s) && vcpus[s].vm == vm ==>
      vcpus[s].state == CV_VCPU_UNUSED;
    ensures slots: \forall integer k;
      vm * CV_MAX_VCPUS <= k < (vm + 1) * CV_MAX_VCPUS ==> vcpu_slots[k] == 0;
    ensures others: \forall integer s; is_slot(s) && \old(vcpus[s].vm) != vm ==>
      vcpus[s] == \old(vcpus[s]) && vcpu_contexts[s] == \old(vcpu_contexts[s]);
    ensures owners: \forall integer p; l_owner(p) == \old(l_owner(p)) &&
      l_gfn(p) == \old(l_gfn(p)) && (\old(l_owner(p)) != CV_HOSTVISOR ==>
        l_count(p) == \old(l_count(p))); */
void release_vcpus(u32 vm);

#endif
