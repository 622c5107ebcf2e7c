/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/vm.h"

#include "core/boot.h"
#include "core/dma.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/mem.h"
#include "core/state.h"
#include "core/table.h"
#include "core/vcpu.h"
#include "corevisor/error.h"

static const struct vm_info no_vm;
static const struct vm_measure no_measure;
static const struct snapshot no_snapshot;
static const struct snapshot_key no_key;
static const struct ram_range no_range;

bool vm_id_valid(u64 id)
{
	return id >= 1 && id <= CV_MAX_VMS;
}

bool vm_is_loading(u32 vm)
{
	return vms[vm].state == CV_VM_READY && vms[vm].verifying == 0 &&
	       snapshots[vm].phase == SNAPSHOT_NONE;
}

bool vm_takes_frames(u32 vm)
{
	if (vms[vm].state == CV_VM_READY)
		return snapshots[vm].phase == SNAPSHOT_NONE;
	return vms[vm].state == CV_VM_VERIFIED;
}

bool vm_ram_contains(u32 vm, u64 gfn, u64 nr)
{
	/*@ loop invariant 0 <= r <= vms[vm].nr_ram;
	    loop invariant \forall integer q; 0 <= q < r ==> !ram_has(vm, q, gfn, nr);
	    loop assigns r;
	    loop variant vms[vm].nr_ram - r; */
	for (u32 r = 0; r < vms[vm].nr_ram; r++) {
		u32 i = vm * CV_MAX_RAM_RANGES + r;

		if (gfn >= ram_ranges[i].gfn && nr <= ram_ranges[i].frames &&
		    gfn - ram_ranges[i].gfn <= ram_ranges[i].frames - nr) {
			/*@ assert ram_has(vm, r, gfn, nr); */
			return true;
		}
	}
	return false;
}

int gen_vmid(void)
{
	/*@ loop invariant 0 <= i <= CV_MAX_VMS;
	    loop invariant 1 <= next_vmid <= CV_MAX_VMS;
	    loop invariant next_vmid == (\at(next_vmid, Pre) + i <= CV_MAX_VMS ?
	      \at(next_vmid, Pre) + i : \at(next_vmid, Pre) + i - CV_MAX_VMS);
	    loop invariant \forall integer v; is_vm(v) &&
	      (\at(next_vmid, Pre) <= v < \at(next_vmid, Pre) + i ||
	       v + CV_MAX_VMS < \at(next_vmid, Pre) + i) ==> vm_id_taken[v] != 0;
	    loop assigns i, next_vmid;
	    loop variant CV_MAX_VMS - i; */
	for (u32 i = 0; i < CV_MAX_VMS; i++) {
		u32 vm = next_vmid;

		next_vmid = vm < CV_MAX_VMS ? vm + 1 : 1;
		if (vm_id_taken[vm] == 0) {
			vm_id_taken[vm] = 1;
			return (int)vm;
		}
	}
	return CV_ENOSPC;
}

int register_kvm(u32 vm)
{
	if (vms[vm].state != CV_VM_UNUSED)
		return CV_ESTATE;
	vms[vm].state = CV_VM_READY;
	return CV_OK;
}

/* Does [gfn, gfn + nr) meet a RAM range? */
/*@ requires is_vm(vm);
    requires range: gfn + nr <= table_geometry.gfn_limit;
    requires geometry: geometry;
    requires state_range: state_range;
    requires ram_range: ram_range;
    terminates \true; exits \false; assigns \nothing;
    ensures apart: !\result ==> \forall integer r; 0 <= r < vms[vm].nr_ram ==>
      !ram_meets(vm, r, gfn, nr); */
static bool ram_overlaps(u32 vm, u64 gfn, u64 nr)
{
	/*@ loop invariant range: 0 <= r <= vms[vm].nr_ram;
	    loop invariant apart: \forall integer q; 0 <= q < r ==> !ram_meets(vm, q, gfn, nr);
	    loop assigns r;
	    loop variant vms[vm].nr_ram - r; */
	for (u32 r = 0; r < vms[vm].nr_ram; r++) {
		u32 i = vm * CV_MAX_RAM_RANGES + r;

		if (gfn < ram_ranges[i].gfn + ram_ranges[i].frames && ram_ranges[i].gfn < gfn + nr)
			return true;
	}
	return false;
}

int vm_set_ram(u32 vm, u64 gfn, u64 nr)
{
	u32 i = vm * CV_MAX_RAM_RANGES + vms[vm].nr_ram;

	if (!vm_is_loading(vm))
		return CV_ESTATE;
	if (nr == 0 || nr > table_geometry.gfn_limit || gfn > table_geometry.gfn_limit - nr)
		return CV_EINVAL;
	if (ram_overlaps(vm, gfn, nr) || io_claim_overlaps(vm, gfn, nr))
		return CV_EINVAL;
	if (vms[vm].nr_ram == CV_MAX_RAM_RANGES)
		return CV_ENOSPC;
	ram_ranges[i].gfn = gfn;
	ram_ranges[i].frames = nr;
	vms[vm].nr_ram++;
	return CV_OK;
}

int vm_set_entry(u32 vm, u64 pc, u64 x0)
{
	if (!vm_is_loading(vm))
		return CV_ESTATE;
	vms[vm].entry_pc = pc;
	vms[vm].entry_x0 = x0;
	vms[vm].entry_set = 1;
	return CV_OK;
}

int set_vm_poweroff(u32 vm)
{
	if (vms[vm].state == CV_VM_UNUSED)
		return CV_ESTATE;
	vms[vm].state = CV_VM_POWEROFF;
	machine_kick_vm(vm);
	return CV_OK;
}

/* What destroy_vm refuses. */
/*@ requires vm: is_vm(vm);
    requires boot_facts: boot_facts;
    requires vm_frames: vm_frames;
    requires slot_vcpu: slot_vcpu;
    requires vcpu_slot: vcpu_slot;
    terminates \true; exits \false; assigns \nothing;
    ensures result: \result <= 0;
    ensures state: \result == 0 ==> vms[vm].state == CV_VM_POWEROFF && vms[vm].nr_frames == 0;
    ensures no_dma: \result == 0 ==> \forall integer c; is_context(c) ==>
      dma_contexts[c].owner != vm;
    ensures stopped: \result == 0 ==> \forall integer s; is_slot(s) && vcpus[s].vm == vm ==>
      vcpus[s].state != CV_VCPU_ACTIVE; */
static int check_destroy(u32 vm)
{
	if (vms[vm].state != CV_VM_POWEROFF)
		return CV_ESTATE;
	if (vms[vm].nr_frames != 0 || dma_vm_has_context(vm) || vm_has_active_vcpu(vm))
		return CV_EBUSY;
	return CV_OK;
}

int destroy_vm(u32 vm)
{
	int error = check_destroy(vm);

	if (error != CV_OK)
		return error;
	/*@ ghost lemma_owns_none(vm); */
	image_list_drop(vm);
	map_drop(vm);
	/*@ ghost DMA_COUNT_KEPT(c) */
	release_io_claims(vm);
	release_vcpus(vm);
	/*@ loop invariant 0 <= r <= CV_MAX_RAM_RANGES;
	    loop invariant ram_range: ram_range;
	    loop assigns r, ram_ranges[0 .. (CV_MAX_VMS + 1) * CV_MAX_RAM_RANGES - 1];
	    loop variant CV_MAX_RAM_RANGES - r; */
	for (u32 r = 0; r < CV_MAX_RAM_RANGES; r++)
		ram_ranges[vm * CV_MAX_RAM_RANGES + r] = no_range;
	vm_measures[vm] = no_measure;
	snapshots[vm] = no_snapshot;
	snapshot_keys[vm] = no_key;
	vms[vm] = no_vm;
	lock_id();
	vm_id_taken[vm] = 0;
	unlock_id();
	return CV_OK;
}
