/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/vcpu.h"

#include "core/lock.h"
#include "core/page.h"
#include "core/state.h"
#include "core/vm.h"
#include "corevisor/error.h"

static const struct vcpu no_vcpu;
static const struct vcpu_context no_context;

u32 vcpu_slot(u32 vm, u64 vcpu)
{
	u16 entry;

	if (vcpu >= CV_MAX_VCPUS)
		return NO_SLOT;
	entry = vcpu_slots[vm * CV_MAX_VCPUS + vcpu];
	return entry == 0 ? NO_SLOT : entry - 1U;
}

/* Reserve a free context for a VM. Returns it, or NO_SLOT. */
/*@ requires vm: is_vm(vm) && held_vm == vm && held_id == 0;
    requires id_taken: id_taken;
    requires vcpu_range: vcpu_range;
    terminates \true; exits \false;
    assigns held_id, vm_id_taken[0 .. CV_MAX_VMS], next_vmid,
      vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1];
    ensures locks: held_id == 0;
    ensures id_taken: id_taken;
    ensures taken: \result != NO_SLOT ==> is_slot(\result) && \old(vcpus)[\result].vm == 0 &&
      \old(vcpus)[\result].state == CV_VCPU_UNUSED &&
      vcpus[\result] == { \old(vcpus)[\result] \with .vm = (u16)vm };
    ensures others: \forall integer s; is_slot(s) && s != \result ==>
      vcpus[s] == \old(vcpus[s]); */
static u32 take_context(u32 vm)
{
	u32 found = NO_SLOT;

	lock_id();
	/*@ loop invariant 0 <= slot <= CV_MAX_VCPUS_TOTAL;
	    loop invariant found == NO_SLOT || found < slot;
	    loop invariant found != NO_SLOT ==> \at(vcpus[\at(found, Here)].vm, Pre) == 0 &&
	      vcpus[found] == { \at(vcpus[\at(found, Here)], Pre) \with .vm = (u16)vm };
	    loop invariant \forall integer s; is_slot(s) && s != found ==>
	      vcpus[s] == \at(vcpus[s], Pre);
	    loop assigns slot, found, vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1];
	    loop variant CV_MAX_VCPUS_TOTAL - slot; */
	for (u32 slot = 0; slot < CV_MAX_VCPUS_TOTAL && found == NO_SLOT; slot++) {
		if (vcpus[slot].vm == 0) {
			vcpus[slot].vm = (u16)vm;
			found = slot;
		}
	}
	unlock_id();
	return found;
}

/* What register_vcpu refuses before it looks for a context. */
/*@ requires vm: is_vm(vm);
    requires boot_facts: boot_facts;
    requires slot_vcpu: slot_vcpu;
    terminates \true; exits \false; assigns \nothing;
    ensures result: \result <= 0;
    ensures state: \result == 0 ==> vms[vm].state == CV_VM_READY && vms[vm].verifying == 0;
    ensures free: \result == 0 ==> vcpu < CV_MAX_VCPUS &&
      vcpu_slots[vm * CV_MAX_VCPUS + vcpu] == 0;
    ensures frame: \result == 0 ==> l_owner(run_pfn) == CV_HOSTVISOR &&
      l_count(run_pfn) < FRAME_MAX_COUNT && run_pfn < nr_frames; */
static int check_register_vcpu(u32 vm, u64 vcpu, u64 run_pfn)
{
	if (vms[vm].state != CV_VM_READY || vms[vm].verifying != 0)
		return CV_ESTATE;
	if (vcpu >= CV_MAX_VCPUS)
		return CV_EINVAL;
	if (vcpu_slot(vm, vcpu) != NO_SLOT)
		return CV_EEXIST;
	if (frame_owner(run_pfn) != CV_HOSTVISOR)
		return CV_EPERM;
	if (frame_count(run_pfn) >= FRAME_MAX_COUNT)
		return CV_EBUSY;
	return CV_OK;
}

int register_vcpu(u32 vm, u64 vcpu, u64 run_pfn)
{
	int error = check_register_vcpu(vm, vcpu, run_pfn);
	u32 slot;

	if (error != CV_OK)
		return error;
	/*@ assert apart: \forall integer s; is_slot(s) && vcpus[s].state != CV_VCPU_UNUSED ==>
	      vcpus[s].vm * CV_MAX_VCPUS + vcpus[s].id != vm * CV_MAX_VCPUS + vcpu; */
	slot = take_context(vm);
	/*@ assert others: \forall integer s; is_slot(s) && s != slot ==>
	      vcpus[s].vm == \at(vcpus[s].vm, Pre) && vcpus[s].id == \at(vcpus[s].id, Pre) &&
	      vcpus[s].state == \at(vcpus[s].state, Pre) &&
	      vcpus[s].run_pfn == \at(vcpus[s].run_pfn, Pre); */
	/*@ ghost RUN_PAGES_KEPT(r) */
	if (slot == NO_SLOT)
		return CV_ENOSPC;
	/*@ assert unnamed: \forall integer k; CV_MAX_VCPUS <= k < (CV_MAX_VMS + 1) * CV_MAX_VCPUS &&
	      vcpu_slots[k] != 0 ==> vcpu_slots[k] - 1 != slot; */
	frame_set_count(run_pfn, frame_count(run_pfn) + 1);
	vcpus[slot].id = (u16)vcpu;
	vcpus[slot].run_pfn = run_pfn;
	vcpus[slot].fresh = 1;
	vcpus[slot].state = CV_VCPU_READY;
	/*@ assert named: \forall integer s; is_slot(s) && s != slot &&
	      vcpus[s].state != CV_VCPU_UNUSED ==>
	        vcpu_slots[vcpus[s].vm * CV_MAX_VCPUS + vcpus[s].id] == s + 1; */
	/*@ assert still: \forall integer s; is_slot(s) && s != slot &&
	      vcpus[s].state != CV_VCPU_UNUSED ==>
	        vcpus[s].vm * CV_MAX_VCPUS + vcpus[s].id != vm * CV_MAX_VCPUS + vcpu; */
	vcpu_slots[vm * CV_MAX_VCPUS + vcpu] = (u16)(slot + 1);
	vms[vm].nr_vcpus++;
	/*@ assert mine: vcpus[slot].vm == vm && vcpus[slot].id == vcpu &&
	      vcpus[slot].state == CV_VCPU_READY; */
	/*@ assert states: \forall integer v; is_vm(v) ==>
	      vms[v].state == \at(vms[v].state, Pre); */
	/*@ assert kept: \forall integer s; is_slot(s) && s != slot &&
	      vcpus[s].state != CV_VCPU_UNUSED ==> is_vm(vcpus[s].vm) &&
	        vcpus[s].id < CV_MAX_VCPUS && vms[vcpus[s].vm].state != CV_VM_UNUSED; */
	/*@ assert entries: \forall integer s; is_slot(s) && s != slot &&
	      vcpus[s].state != CV_VCPU_UNUSED ==>
	        vcpu_slots[vcpus[s].vm * CV_MAX_VCPUS + vcpus[s].id] == s + 1; */
	/*@ assert vcpu_slot: vcpu_slot; */
	/*@ assert names: \forall integer k; CV_MAX_VCPUS <= k < (CV_MAX_VMS + 1) * CV_MAX_VCPUS &&
	      vcpu_slots[k] != 0 && k != vm * CV_MAX_VCPUS + vcpu ==>
	        vcpu_slots[k] == \at(vcpu_slots[k], Pre) && is_slot(vcpu_slots[k] - 1) &&
	        vcpu_slots[k] - 1 != slot; */
	/*@ assert slot_vcpu: slot_vcpu; */
	/*@ ghost RUN_PAGES_CHANGED(s, slot, run_pfn, 1) */
	/*@ ghost DMA_COUNT_KEPT(c) */
	return CV_OK;
}

int set_vcpu_active(u32 vm, u64 vcpu)
{
	u32 slot = vcpu_slot(vm, vcpu);

	if (vms[vm].state != CV_VM_VERIFIED)
		return CV_ESTATE;
	if (slot == NO_SLOT)
		return CV_ENOENT;
	if (vcpus[slot].state != CV_VCPU_READY)
		return CV_EBUSY;
	if (vcpus[slot].powered == 0 || vcpus[slot].fresh != 0)
		return CV_ESTATE;
	vcpus[slot].state = CV_VCPU_ACTIVE;
	/*@ assert kept: \forall integer s; is_slot(s) && s != slot ==>
	      vcpus[s] == \at(vcpus[s], Pre); */
	/*@ assert vcpu_slot: vcpu_slot; */
	/*@ ghost RUN_PAGES_KEPT(s) */
	return CV_OK;
}

int set_vcpu_inactive(u32 vm, u64 vcpu)
{
	u32 slot = vcpu_slot(vm, vcpu);

	if (slot == NO_SLOT)
		return CV_ENOENT;
	if (vcpus[slot].state != CV_VCPU_ACTIVE)
		return CV_ESTATE;
	vcpus[slot].state = CV_VCPU_READY;
	/*@ assert kept: \forall integer s; is_slot(s) ==> vcpus[s].vm == \at(vcpus[s].vm, Pre) &&
	      vcpus[s].id == \at(vcpus[s].id, Pre) && (vcpus[s].state != CV_VCPU_UNUSED ==>
	        \at(vcpus[s].state, Pre) != CV_VCPU_UNUSED); */
	/*@ ghost RUN_PAGES_KEPT(s) */
	return CV_OK;
}

bool vm_has_active_vcpu(u32 vm)
{
	/*@ loop invariant 0 <= i <= CV_MAX_VCPUS;
	    loop invariant \forall integer s; is_slot(s) && vcpus[s].vm == vm &&
	      vcpus[s].id < i ==> vcpus[s].state != CV_VCPU_ACTIVE;
	    loop assigns i;
	    loop variant CV_MAX_VCPUS - i; */
	for (u32 i = 0; i < CV_MAX_VCPUS; i++) {
		u32 slot = vcpu_slot(vm, i);

		if (slot != NO_SLOT && vcpus[slot].state == CV_VCPU_ACTIVE)
			return true;
	}
	return false;
}

void vcpu_start(u32 slot, u64 pc, u64 x0)
{
	vcpu_contexts[slot] = no_context;
	vcpu_contexts[slot].x[0] = x0;
	vcpu_contexts[slot].pc = pc;
	vcpu_contexts[slot].pstate = PSTATE_RESET;
	vcpu_contexts[slot].sys[SYSREG_SCTLR_EL1] = SCTLR_EL1_RESET;
	vcpus[slot].fresh = 0;
	vcpus[slot].powered = 1;
	vcpus[slot].pending = PENDING_NONE;
	/*@ ghost RUN_PAGES_KEPT(s) */
}

/* Make the context free that vCPU `vcpu` of a VM has; it is not ACTIVE. */
/*@ requires locks: held_vm == vm && held_page != 0 && held_id == 0;
    requires vm: is_vm(vm) && vcpu < CV_MAX_VCPUS;
    requires slot: is_slot(slot) && vcpu_slots[vm * CV_MAX_VCPUS + vcpu] == slot + 1;
    requires stopped: vcpus[slot].state != CV_VCPU_ACTIVE;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns held_id, vm_id_taken[0 .. CV_MAX_VMS], next_vmid, frames[0 .. CV_MAX_FRAMES - 1],
      vcpus[slot], vcpu_contexts[slot], vcpu_slots[vm * CV_MAX_VCPUS + vcpu];
    INV_CLAUSES(ensures)
    VM_CLAUSES(ensures)
    ensures locks: held_id == 0;
    ensures taken: vm_id_taken[vm] == \old(vm_id_taken[vm]);
    ensures slots: \forall integer k; k != vm * CV_MAX_VCPUS + vcpu ==>
      vcpu_slots[k] == \old(vcpu_slots[k]);
    ensures released: vcpu_slots[vm * CV_MAX_VCPUS + vcpu] == 0 && vcpus[slot].vm == 0 &&
      vcpus[slot].state == CV_VCPU_UNUSED;
    ensures owners: \forall integer p; l_owner(p) == \old(l_owner(p)) &&
      l_gfn(p) == \old(l_gfn(p)) && (\old(l_owner(p)) != CV_HOSTVISOR ==>
        l_count(p) == \old(l_count(p))); */
static void release_vcpu(u32 vm, u32 vcpu, u32 slot)
{
	u64 run_pfn = vcpus[slot].run_pfn;

	/*@ assert apart: \forall integer s; is_slot(s) && s != slot &&
	      vcpus[s].state != CV_VCPU_UNUSED ==>
	        vcpus[s].vm * CV_MAX_VCPUS + vcpus[s].id != vm * CV_MAX_VCPUS + vcpu; */
	/*@ assert idle: \forall integer c; is_cpu(c) ==> cpus[c].slot != slot; */
	/*@ ghost lemma_run_page_counted(slot, run_pfn); */
	frame_set_count(run_pfn, frame_count(run_pfn) - 1);
	vcpu_slots[vm * CV_MAX_VCPUS + vcpu] = 0;
	vcpu_contexts[slot] = no_context;
	lock_id();
	vcpus[slot] = no_vcpu;
	unlock_id();
	/*@ assert vcpu_slot: vcpu_slot; */
	/*@ assert run_pages: \forall integer s, p; is_slot(s) ==> is_run_page(s, p) ==
	      \at(is_run_page(s, p), Pre) + (s == slot && p == run_pfn ? -1 : 0); */
	/*@ ghost RUN_PAGES_CHANGED(s, slot, run_pfn, -1) */
	/*@ ghost DMA_COUNT_KEPT(c) */
}

void release_vcpus(u32 vm)
{
	/*@ INV_CLAUSES(loop invariant)
	    VM_CLAUSES(loop invariant)
	    loop invariant 0 <= i <= CV_MAX_VCPUS;
	    loop invariant locks: held_id == 0;
	    loop invariant taken: vm_id_taken[vm] == \at(vm_id_taken[vm], Pre);
	    loop invariant stopped: \forall integer s; is_slot(s) && vcpus[s].vm == vm ==>
	      vcpus[s].state != CV_VCPU_ACTIVE;
	    loop invariant slots: \forall integer k;
	      vm * CV_MAX_VCPUS <= k < vm * CV_MAX_VCPUS + i ==> vcpu_slots[k] == 0;
	    loop invariant others: \forall integer s; is_slot(s) && \at(vcpus[s].vm, Pre) != vm ==>
	      vcpus[s] == \at(vcpus[s], Pre) && vcpu_contexts[s] == \at(vcpu_contexts[s], Pre);
	    loop invariant owners: \forall integer p; l_owner(p) == \at(l_owner(p), Pre) &&
	      l_gfn(p) == \at(l_gfn(p), Pre) && (\at(l_owner(p), Pre) != CV_HOSTVISOR ==>
	        l_count(p) == \at(l_count(p), Pre));
	    loop assigns i, held_id, vm_id_taken[0 .. CV_MAX_VMS], next_vmid,
	      frames[0 .. CV_MAX_FRAMES - 1], vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1],
	      vcpu_contexts[0 .. CV_MAX_VCPUS_TOTAL - 1],
	      vcpu_slots[0 .. (CV_MAX_VMS + 1) * CV_MAX_VCPUS - 1];
	    loop variant CV_MAX_VCPUS - i; */
	for (u32 i = 0; i < CV_MAX_VCPUS; i++) {
		u32 slot = vcpu_slot(vm, i);

		if (slot != NO_SLOT)
			release_vcpu(vm, i, slot);
		/*@ assert slots: \forall integer k;
		      vm * CV_MAX_VCPUS <= k <= vm * CV_MAX_VCPUS + i ==> vcpu_slots[k] == 0; */
	}
}
