/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/psci.h"

#include "core/lock.h"
#include "core/state.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "corevisor/run.h"

#define PSCI_VERSION_1_1 0x10001
/* MIGRATE_INFO_TYPE: no trusted OS that would have to migrate. */
#define PSCI_TOS_NOT_PRESENT 2
/* AFFINITY_INFO. */
#define PSCI_AFFINITY_ON 0
#define PSCI_AFFINITY_OFF 1

/*
 * vCPU n has MPIDR_EL1.Aff0 = n % 16 and Aff1 = n / 16: an ICC_SGI1R_EL1 write
 * can address 16 CPUs of one Aff1 (GICv3 IHI 0069, 12.2.23).
 */
#define VCPU_OF_MPIDR(mpidr) ((((mpidr) >> 8) & 0xffU) * 16U + ((mpidr)&0xfU))

/* The caller gets `x0`, and the host learns `reason`. */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result.exit == reason && \result.arg == arg; */
static struct guest_result answer_and_exit(s64 x0, u64 reason, u64 arg)
{
	struct guest_result result = guest_answer(x0);

	result.exit = reason;
	result.arg = arg;
	return result;
}

/* Context of the vCPU with this affinity, or NO_SLOT. Locks: vm. */
/*@ requires vm: is_vm(vm);
    requires slot_vcpu: slot_vcpu;
    terminates \true; exits \false; assigns \nothing;
    ensures slot: \result != NO_SLOT ==> is_slot(\result) && vcpus[\result].vm == vm &&
      vcpus[\result].state != CV_VCPU_UNUSED; */
static u32 slot_of_mpidr(u32 vm, u64 mpidr)
{
	if ((mpidr & ~(u64)0xff0f) != 0)
		return NO_SLOT;
	return vcpu_slot(vm, VCPU_OF_MPIDR(mpidr));
}

struct guest_result psci_version(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3)
{
	(void)vm, (void)slot, (void)a1, (void)a2, (void)a3;
	return guest_answer(PSCI_VERSION_1_1);
}

struct guest_result psci_features(u32 vm, u32 slot, u64 id, u64 a2, u64 a3)
{
	s64 known = PSCI_NOT_SUPPORTED;

	(void)vm, (void)slot, (void)a2, (void)a3;
	switch ((u32)id) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND_32:
	case PSCI_CPU_SUSPEND_64:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON_32:
	case PSCI_CPU_ON_64:
	case PSCI_AFFINITY_INFO_32:
	case PSCI_AFFINITY_INFO_64:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
	case 0x80000000U: /* SMCCC_VERSION: how a caller finds SMCCC 1.1 and later */
		known = PSCI_SUCCESS;
		break;
	default:
		break;
	}
	return guest_answer(known);
}

struct guest_result psci_migrate_info_type(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3)
{
	(void)vm, (void)slot, (void)a1, (void)a2, (void)a3;
	return guest_answer(PSCI_TOS_NOT_PRESENT);
}

/* CPU_OFF is complete, and CPU_ON would be taken, once it has left its CPU. Locks: vm. */
/*@ requires slot: is_slot(slot);
    terminates \true; exits \false; assigns \nothing;
    ensures \result <==> vcpus[slot].powered == 0 && vcpus[slot].state == CV_VCPU_READY; */
static bool is_off(u32 slot)
{
	return vcpus[slot].powered == 0 && vcpus[slot].state == CV_VCPU_READY;
}

/* Switch a vCPU of the VM on. Locks: vm. */
/*@ requires vm: is_vm(vm);
    requires target: target != NO_SLOT ==> is_slot(target) && vcpus[target].vm == vm;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vcpus[0 .. CV_MAX_VCPUS_TOTAL - 1], vcpu_contexts[0 .. CV_MAX_VCPUS_TOTAL - 1];
    INV_ENSURES
    VM_ENSURES
    ensures entry: \result == PSCI_SUCCESS ==> target != NO_SLOT &&
      in_ram(vm, entry >> CV_PAGE_SHIFT, 1) && \old(vcpus[target].powered) == 0 &&
      vcpu_contexts[target].pc == entry && vcpu_contexts[target].x[0] == context;
    ensures refused: \result != PSCI_SUCCESS ==> \forall integer s; is_slot(s) ==>
      vcpus[s] == \old(vcpus[s]); */
static s64 cpu_on(u32 vm, u32 target, u64 entry, u64 context)
{
	if (target == NO_SLOT || !vm_ram_contains(vm, entry >> CV_PAGE_SHIFT, 1))
		return PSCI_INVALID_PARAMETERS;
	if (!is_off(target))
		return PSCI_ALREADY_ON;
	vcpu_start(target, entry, context);
	return PSCI_SUCCESS;
}

struct guest_result psci_cpu_on(u32 vm, u32 slot, u64 mpidr, u64 entry, u64 context)
{
	u32 target;
	s64 error;

	(void)slot;
	lock_vm(vm);
	target = slot_of_mpidr(vm, mpidr);
	error = cpu_on(vm, target, entry, context);
	unlock_vm(vm);
	if (error != PSCI_SUCCESS)
		return guest_answer(error);
	return answer_and_exit(PSCI_SUCCESS, CV_EXIT_CPU_ON, VCPU_OF_MPIDR(mpidr));
}

struct guest_result psci_cpu_on_32(u32 vm, u32 slot, u64 mpidr, u64 entry, u64 context)
{
	return psci_cpu_on(vm, slot, mpidr & 0xffffffffU, entry & 0xffffffffU,
			   context & 0xffffffffU);
}

/* Locks: vm. */
/*@ requires slot: is_slot(slot);
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vcpus[slot];
    INV_ENSURES
    VM_ENSURES
    ensures off: vcpus[slot].powered == 0; */
static void switch_off(u32 slot)
{
	vcpus[slot].powered = 0;
	/*@ assert kept: \forall integer s; is_slot(s) ==> vcpus[s].vm == \at(vcpus[s].vm, Pre) &&
	      vcpus[s].id == \at(vcpus[s].id, Pre) && vcpus[s].state == \at(vcpus[s].state, Pre); */
	/*@ assert vcpu_slot: vcpu_slot; */
	/*@ ghost RUN_PAGES_KEPT(s) */
}

struct guest_result psci_cpu_off(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3)
{
	(void)a1, (void)a2, (void)a3;
	lock_vm(vm);
	/*@ assert mine: is_slot(slot) && vcpus[slot].vm == vm; */
	switch_off(slot);
	unlock_vm(vm);
	return answer_and_exit(PSCI_DENIED, CV_EXIT_CPU_OFF, 0);
}

/* A power-down request may be treated as standby (DEN0022F, 5.4.5): like WFI. */
struct guest_result psci_cpu_suspend(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3)
{
	(void)vm, (void)slot, (void)a1, (void)a2, (void)a3;
	return answer_and_exit(PSCI_SUCCESS, CV_EXIT_WFI, 0);
}

struct guest_result psci_affinity_info(u32 vm, u32 slot, u64 mpidr, u64 level, u64 a3)
{
	s64 info = PSCI_INVALID_PARAMETERS;
	u32 target;

	(void)slot, (void)a3;
	lock_vm(vm);
	target = slot_of_mpidr(vm, mpidr);
	if (level == 0 && target != NO_SLOT)
		info = is_off(target) ? PSCI_AFFINITY_OFF : PSCI_AFFINITY_ON;
	unlock_vm(vm);
	return guest_answer(info);
}

/* SYSTEM_OFF and SYSTEM_RESET: a VM that ends is not started again under its id. */
/*@ requires vm: is_vm(vm);
    ENTRY_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES
    ensures \result.exit == reason; */
static struct guest_result system_end(u32 vm, u64 reason)
{
	lock_vm(vm);
	(void)set_vm_poweroff(vm);
	unlock_vm(vm);
	return answer_and_exit(PSCI_SUCCESS, reason, 0);
}

struct guest_result psci_system_off(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3)
{
	(void)slot, (void)a1, (void)a2, (void)a3;
	return system_end(vm, CV_EXIT_SYSTEM_OFF);
}

struct guest_result psci_system_reset(u32 vm, u32 slot, u64 a1, u64 a2, u64 a3)
{
	(void)slot, (void)a1, (void)a2, (void)a3;
	return system_end(vm, CV_EXIT_SYSTEM_RESET);
}
