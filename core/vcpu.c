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
static u32 take_context(u32 vm)
{
	u32 found = NO_SLOT;

	lock_id();
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
	slot = take_context(vm);
	if (slot == NO_SLOT)
		return CV_ENOSPC;
	frame_set_count(run_pfn, frame_count(run_pfn) + 1);
	vcpus[slot].id = (u16)vcpu;
	vcpus[slot].run_pfn = run_pfn;
	vcpus[slot].fresh = 1;
	vcpus[slot].state = CV_VCPU_READY;
	vcpu_slots[vm * CV_MAX_VCPUS + vcpu] = (u16)(slot + 1);
	vms[vm].nr_vcpus++;
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
	vcpu_contexts[slot].sys[SYSREG_CNTVOFF] = vms[vcpus[slot].vm].counter_offset;
	vcpus[slot].fresh = 0;
	vcpus[slot].powered = 1;
	vcpus[slot].pending = PENDING_NONE;
}

void release_vcpus(u32 vm)
{
	for (u32 i = 0; i < CV_MAX_VCPUS; i++) {
		u32 slot = vcpu_slot(vm, i);
		u64 run_pfn;

		if (slot == NO_SLOT)
			continue;
		run_pfn = vcpus[slot].run_pfn;
		frame_set_count(run_pfn, frame_count(run_pfn) - 1);
		vcpu_slots[vm * CV_MAX_VCPUS + i] = 0;
		vcpu_contexts[slot] = no_context;
		lock_id();
		vcpus[slot] = no_vcpu;
		unlock_id();
	}
}
