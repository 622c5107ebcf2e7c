/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/trap.h"

#include "core/guest.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/run.h"
#include "core/state.h"
#include "core/vm.h"
#include "corevisor/limits.h"
#include "corevisor/run.h"

/* The low `size` bytes of the register an access writes. */
/*@ requires slot: is_slot(slot);
    requires size: size == 1 || size == 2 || size == 4 || size == 8;
    terminates \true; exits \false; assigns \nothing; */
static u64 store_value(u32 slot, u32 reg, u32 size)
{
	u32 unused = 64U - 8U * size;

	if (reg >= 31)
		return 0;
	return (vcpu_contexts[slot].x[reg] << unused) >> unused;
}

/* What the vCPU waits for from the host. Locks: vm. */
/*@ requires slot: is_slot(slot);
    requires size: trap.size == 1 || trap.size == 2 || trap.size == 4 || trap.size == 8;
    INV_REQUIRES
    VM_REQUIRES
    terminates \true; exits \false;
    assigns vcpus[slot];
    INV_ENSURES
    VM_ENSURES
    ensures kept: same_vcpu{Pre, Post}(slot);
    ensures access: vcpus[slot].mmio_reg == trap.reg && vcpus[slot].mmio_size == trap.size &&
      vcpus[slot].pending == (trap.write ? PENDING_MMIO_WRITE : PENDING_MMIO_READ); */
static void note_access(u32 slot, struct vm_trap trap)
{
	vcpus[slot].pending = trap.write ? PENDING_MMIO_WRITE : PENDING_MMIO_READ;
	vcpus[slot].mmio_reg = trap.reg;
	vcpus[slot].mmio_size = trap.size;
	vcpus[slot].mmio_signed = trap.sign_extend ? 1 : 0;
	vcpus[slot].mmio_64 = trap.wide ? 1 : 0;
	/*@ assert kept: \forall integer s; is_slot(s) ==> same_vcpu{Pre, Here}(s); */
	/*@ assert vcpu_slot: vcpu_slot; */
	/*@ ghost RUN_PAGES_KEPT(s) */
}

/* Is it known what the access is? */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result ==> trap.size == 1 || trap.size == 2 || trap.size == 4 || trap.size == 8; */
static bool access_is_decoded(struct vm_trap trap)
{
	return trap.decoded &&
	       (trap.size == 1 || trap.size == 2 || trap.size == 4 || trap.size == 8);
}

/* An access outside the VM's RAM: the host emulates it. */
/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    ENTRY_ENSURES */
static void device_access(u32 vm, u32 slot, struct vm_trap trap)
{
	u64 value = 0;

	if (!access_is_decoded(trap)) {
		machine_inject_vm_abort(slot);
		return;
	}
	lock_vm(vm);
	/*@ assert mine: is_slot(slot) && vcpus[slot].vm == vm; */
	note_access(slot, trap);
	unlock_vm(vm);
	if (trap.write)
		value = store_value(slot, trap.reg, trap.size);
	vcpu_exit(trap.write ? CV_EXIT_MMIO_WRITE : CV_EXIT_MMIO_READ, trap.address, trap.size,
		  value);
}

/*@ GUEST_REQUIRES
    terminates \true; exits \false;
    ENTRY_ENSURES */
static void stage2_fault(u32 vm, u32 slot, struct vm_trap trap)
{
	u64 gfn = trap.address >> CV_PAGE_SHIFT;
	bool in_ram;

	lock_vm(vm);
	in_ram = vm_ram_contains(vm, gfn, 1);
	unlock_vm(vm);
	if (in_ram)
		vcpu_exit(CV_EXIT_MEMORY, gfn, trap.write ? 1 : 0, 0);
	else
		device_access(vm, slot, trap);
}

/* Has the VM been powered off while it ran? */
/*@ requires vm: is_vm(vm);
    ENTRY_REQUIRES
    terminates \true; exits \false;
    GUEST_ENSURES */
static bool vm_is_off(u32 vm)
{
	bool off;

	lock_vm(vm);
	off = vms[vm].state != CV_VM_VERIFIED;
	unlock_vm(vm);
	return off;
}

void vm_trap(struct vm_trap trap)
{
	u32 cpu = machine_cpu();
	u32 vm = cpus[cpu].vm;
	u32 slot = cpus[cpu].slot;

	if (vm == CV_HOSTVISOR)
		return;
	if (vm_is_off(vm)) {
		vcpu_exit(CV_EXIT_POWEROFF, 0, 0, 0);
		return;
	}
	switch (trap.kind) {
	case VM_TRAP_FAULT:
		stage2_fault(vm, slot, trap);
		break;
	case VM_TRAP_CALL:
		guest_call(vm, slot);
		break;
	case VM_TRAP_WFI:
		vcpu_exit(CV_EXIT_WFI, 0, 0, 0);
		break;
	case VM_TRAP_SGI:
		vcpu_exit(CV_EXIT_SGI, trap.address, 0, 0);
		break;
	default:
		vcpu_exit(CV_EXIT_INTERRUPT, 0, 0, 0);
		break;
	}
}
