/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of the checker that goes by CPU, VM, vCPU, DMA context, stream and claim. */
#include "core/invariant_vm.h"

#include "core/page.h"
#include "core/vm.h"

static bool is_running_vcpu(u32 vm, u32 slot)
{
	return slot < CV_MAX_VCPUS_TOTAL && vcpus[slot].vm == vm &&
	       vcpus[slot].state == CV_VCPU_ACTIVE && vcpus[slot].fresh == 0;
}

static enum invariant check_cpu(u32 cpu)
{
	u32 vm = cpus[cpu].vm;
	u32 slot = cpus[cpu].slot;

	if (vm == CV_HOSTVISOR)
		return slot == NO_SLOT ? INV_NONE : INV_STATE;
	if (!vm_id_valid(vm) || !is_running_vcpu(vm, slot))
		return INV_STATE;
	for (u32 other = 0; other < cpu; other++) {
		if (cpus[other].slot == slot)
			return INV_STATE;
	}
	return INV_NONE;
}

static enum invariant check_unused(u32 vm)
{
	const struct vm_info *v = &vms[vm];

	if (v->nr_frames != 0)
		return INV_FRESH_VM;
	if (v->nr_ram != 0 || v->nr_regions != 0 || v->nr_vcpus != 0 || v->image_frames != 0 ||
	    v->entry_set != 0 || v->verifying != 0 || v->verified != 0 || v->reclaimed != 0 ||
	    v->has_manifest != 0 || snapshots[vm].phase != SNAPSHOT_NONE)
		return INV_UNUSED_VM;
	return INV_NONE;
}

/* Is image region r after those before it in the list, and apart from them in the address space? */
static bool region_is_apart(u32 vm, u32 r)
{
	const struct boot_region *regions = &boot_regions[vm * CV_MAX_BOOT_REGIONS];

	for (u32 q = 0; q < r; q++) {
		if (regions[q].list + regions[q].frames > regions[r].list ||
		    (regions[q].gfn < regions[r].gfn + regions[r].frames &&
		     regions[r].gfn < regions[q].gfn + regions[q].frames))
			return false;
	}
	return true;
}

/* The image regions of a VM, their lists, and how far verify_vm is. */
static enum invariant check_region(u32 vm, u32 r)
{
	const struct boot_region *region = &boot_regions[vm * CV_MAX_BOOT_REGIONS + r];
	u64 base = (u64)(vm - 1) * CV_MAX_IMAGE_FRAMES + region->list;
	u64 end = base + region->frames;

	if (region->frames == 0 || region->remapped > region->frames ||
	    region->list + region->frames > vms[vm].image_frames ||
	    region->gfn + region->frames > table_geometry.gfn_limit)
		return INV_REGION_RANGE;
	if (!region_is_apart(vm, r))
		return INV_REGIONS_APART;
	if (map_next(MAP_CORE, base + region->remapped, end) != end)
		return INV_LIST_FREE;
	if (vms[vm].verifying != 0 && vms[vm].verify_region == r &&
	    vms[vm].verify_page >= region->frames)
		return INV_VERIFY_RANGE;
	return INV_NONE;
}

static enum invariant check_image(u32 vm)
{
	u64 base = (u64)(vm - 1) * CV_MAX_IMAGE_FRAMES;
	u64 end = base + CV_MAX_IMAGE_FRAMES;
	enum invariant inv = INV_NONE;

	if (vms[vm].nr_regions > CV_MAX_BOOT_REGIONS || vms[vm].image_frames > CV_MAX_IMAGE_FRAMES)
		return INV_IMAGE_RANGE;
	for (u32 r = 0; r < vms[vm].nr_regions && inv == INV_NONE; r++)
		inv = check_region(vm, r);
	if (inv != INV_NONE)
		return inv;
	if (vms[vm].verifying != 0 && vms[vm].verify_region > vms[vm].nr_regions)
		return INV_VERIFY_RANGE;
	return map_next(MAP_CORE, base + vms[vm].image_frames, end) == end ? INV_NONE
									   : INV_LIST_END;
}

static enum invariant check_vm(u32 vm)
{
	if (vms[vm].state > CV_VM_POWEROFF || vms[vm].nr_ram > CV_MAX_RAM_RANGES)
		return INV_STATE_RANGE;
	for (u32 i = vm * CV_MAX_RAM_RANGES; i < (vm + 1) * CV_MAX_RAM_RANGES; i++) {
		if (ram_ranges[i].gfn + ram_ranges[i].frames > table_geometry.gfn_limit)
			return INV_RAM_RANGE;
	}
	for (u32 k = vm * CV_MAX_VCPUS; k < (vm + 1) * CV_MAX_VCPUS; k++) {
		u32 slot = vcpu_slots[k] - 1U;

		if (vcpu_slots[k] != 0 &&
		    (slot >= CV_MAX_VCPUS_TOTAL || vcpus[slot].state == CV_VCPU_UNUSED ||
		     vcpus[slot].id >= CV_MAX_VCPUS ||
		     vcpus[slot].vm * CV_MAX_VCPUS + vcpus[slot].id != k))
			return INV_SLOT_VCPU;
	}
	if (vms[vm].state == CV_VM_UNUSED)
		return check_unused(vm);
	return vm_id_taken[vm] != 0 ? check_image(vm) : INV_ID_TAKEN;
}

/* Of how many vCPUs is it the run page? */
static u32 run_pages(u64 pfn)
{
	u32 count = 0;

	for (u32 slot = 0; slot < CV_MAX_VCPUS_TOTAL; slot++)
		count += vcpus[slot].state != CV_VCPU_UNUSED && vcpus[slot].run_pfn == pfn;
	return count;
}

static bool size_is_good(u32 size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static enum invariant check_vcpu(const struct vcpu *v, u32 slot)
{
	if (v->state > CV_VCPU_ACTIVE || (v->state == CV_VCPU_ACTIVE && v->fresh != 0) ||
	    (v->vm == 0 && v->state != CV_VCPU_UNUSED) ||
	    (v->pending != PENDING_NONE && !size_is_good(v->mmio_size)))
		return INV_VCPU_RANGE;
	if (v->state == CV_VCPU_UNUSED)
		return INV_NONE;
	if (!vm_id_valid(v->vm) || v->id >= CV_MAX_VCPUS ||
	    vcpu_slots[v->vm * CV_MAX_VCPUS + v->id] != slot + 1 ||
	    vms[v->vm].state == CV_VM_UNUSED)
		return INV_VCPU_SLOT;
	if (frame_owner(v->run_pfn) != CV_HOSTVISOR)
		return INV_RUN_PAGE;
	return frame_count(v->run_pfn) <
			       invariant_host_dma_count(v->run_pfn) + run_pages(v->run_pfn)
		       ? INV_SMMU_COUNT
		       : INV_NONE;
}

static enum invariant check_context(u32 ctx)
{
	u32 owner = dma_contexts[ctx].owner;
	u32 attached = 0;

	for (u32 s = 0; s < CV_MAX_STREAMS; s++)
		attached += stream_contexts[s] == ctx + 1;
	if (attached != dma_contexts[ctx].nr_streams)
		return INV_STREAM_COUNT;
	if (owner == CV_INVALID_ID)
		return attached == 0 ? INV_NONE : INV_STREAM_ISO;
	if (owner == CV_HOSTVISOR)
		return INV_NONE;
	return vm_id_valid(owner) && vms[owner].state != CV_VM_UNUSED ? INV_NONE : INV_SMMU_VM;
}

static enum invariant check_claim(u32 i)
{
	const struct io_claim *claim = &io_claims[i];

	if (claim->vm == 0)
		return INV_NONE;
	for (u32 j = 0; j < i; j++) {
		if (io_claims[j].vm != 0 && io_claims[j].pfn == claim->pfn)
			return INV_IO_UNIQUE;
	}
	/* That it is out of the host's map is checked with that map. */
	if (!vm_id_valid(claim->vm) || vms[claim->vm].state == CV_VM_UNUSED ||
	    claim->pfn >= table_geometry.gfn_limit || frame_owner(claim->pfn) != CV_INVALID_ID ||
	    machine_device(claim->pfn) != MACHINE_DEVICE_ASSIGNABLE)
		return INV_IO_CLAIM;
	return INV_NONE;
}

static struct violation report(enum invariant inv, u32 map, u64 number)
{
	struct violation violation = {inv, map, number, 0};

	return violation;
}

static struct violation check_dma(void)
{
	enum invariant inv = INV_NONE;

	for (u32 s = 0; s < CV_MAX_STREAMS; s++) {
		if (stream_contexts[s] > CV_MAX_DMA_CONTEXTS)
			return report(INV_STREAM_ISO, MAP_DMA_DEFAULT, s);
	}
	for (u32 ctx = 0; ctx < CV_MAX_DMA_CONTEXTS; ctx++) {
		inv = check_context(ctx);
		if (inv != INV_NONE)
			return report(inv, MAP_DMA(ctx), ctx);
	}
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++) {
		inv = check_claim(i);
		if (inv != INV_NONE)
			return report(inv, io_claims[i].vm, io_claims[i].gfn);
	}
	return report(INV_NONE, 0, 0);
}

struct violation invariant_check_tables(void)
{
	enum invariant inv = INV_NONE;

	if (next_vmid < 1 || next_vmid > CV_MAX_VMS)
		return report(INV_ID_TAKEN, 0, next_vmid);
	for (u32 cpu = 0; cpu < CV_MAX_CPUS; cpu++) {
		inv = check_cpu(cpu);
		if (inv != INV_NONE)
			return report(inv, cpus[cpu].vm, cpu);
	}
	for (u32 vm = 1; vm <= CV_MAX_VMS; vm++) {
		inv = check_vm(vm);
		if (inv != INV_NONE)
			return report(inv, vm, 0);
	}
	for (u32 slot = 0; slot < CV_MAX_VCPUS_TOTAL; slot++) {
		inv = check_vcpu(&vcpus[slot], slot);
		if (inv != INV_NONE)
			return report(inv, vcpus[slot].vm, slot);
	}
	return check_dma();
}
