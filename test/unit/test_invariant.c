/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The executable invariant checker: for each invariant, states that break it, made by writing to
 * the state behind the core's back; it must name the invariant.
 */
#include <stdio.h>
#include <string.h>

#include "core/boot.h"
#include "core/dma.h"
#include "core/invariant.h"
#include "core/mem.h"
#include "core/page.h"
#include "core/state.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"
#include "test/unit/world.h"

#define MIXED(n) (HOST_BLOCK(0) + (n))
#define CTX_HOST 0U
#define CTX_VM 1U
#define PAGE(pfn) desc_page((pfn), DESC_ATTR_MEMORY)

static u32 vm;
static u32 other;

static void put(u32 map, u64 gfn, u64 desc)
{
	map_prepare(map, gfn, 3);
	map_clear_page(map, gfn);
	map_set_page(map, gfn, desc);
}

static void dma_attributes(void)
{
	put(MAP_DMA(CTX_HOST), MIXED(12) + CV_SMMU_HOST_OFFSET,
	    desc_page(MIXED(12), DESC_ATTR_DEVICE));
}

static void default_dma_attributes(void)
{
	put(MAP_DMA_DEFAULT, MIXED(13), desc_page(MIXED(13), DESC_ATTR_DEVICE));
}

static void host_attributes(void)
{
	put(MAP_HOST, MIXED(13), desc_page(MIXED(13), DESC_ATTR_DEVICE));
}

static void host_device_as_memory(void)
{
	put(MAP_HOST, DEVICE_HOST_PFN, PAGE(DEVICE_HOST_PFN));
}

static void host_not_identity(void)
{
	put(MAP_HOST, MIXED(14), PAGE(MIXED(13)));
}

static void host_gfn(void)
{
	frame_set(MIXED(13), CV_HOSTVISOR, 0, MIXED(13));
}

static void zero_is_owned(void)
{
	frame_set(0, CV_HOSTVISOR, 0, CV_SMMU_HOST_OFFSET);
}

static void host_maps_vm(void)
{
	put(MAP_HOST, MIXED(8), PAGE(MIXED(8)));
}

static void host_maps_after_revoke(void)
{
	frame_set_count(MIXED(9), 0);
	/* Not through the default DMA context, which would be reported as such. */
	map_clear_page(MAP_DMA_DEFAULT, MIXED(9));
}

static void host_maps_claim(void)
{
	put(MAP_HOST, DEVICE_FREE_PFN, desc_page(DEVICE_FREE_PFN, DESC_ATTR_DEVICE));
}

static void vm_maps_host(void)
{
	put(vm, VM_GFN + 50, PAGE(MIXED(13)));
}

static void vm_maps_other(void)
{
	put(vm, VM_GFN + 50, PAGE(MIXED(3)));
}

static void vm_maps_unclaimed_device(void)
{
	put(vm, 0x1001, desc_page(DEVICE_FREE_PFN + 1, DESC_ATTR_DEVICE));
}

static void vm_frame_reclaimed(void)
{
	frame_set(MIXED(8), CV_HOSTVISOR, 0, MIXED(8) + CV_SMMU_HOST_OFFSET);
}

static void context_of_core(void)
{
	dma_contexts[7].owner = CV_COREVISOR;
}

static void context_of_unused_vm(void)
{
	dma_contexts[7].owner = 200;
}

static void context_out_of_range(void)
{
	dma_contexts[7].owner = 4711;
}

static void dma_maps_other_owner(void)
{
	put(MAP_DMA(CTX_VM), VM_GFN + 3, PAGE(MIXED(3)));
}

static void dma_maps_other_gfn(void)
{
	put(MAP_DMA(CTX_VM), VM_GFN + 7, PAGE(MIXED(8)));
}

static void dma_maps_device(void)
{
	put(MAP_DMA(CTX_VM), VM_GFN + 7, PAGE(DEVICE_FREE_PFN));
}

static void dma_of_free_context(void)
{
	put(MAP_DMA(9), VM_GFN + 7, PAGE(MIXED(8)));
}

static void count_too_low(void)
{
	frame_set_count(MIXED(12), 0);
}

static void cpu_vm_range(void)
{
	cpus[3].vm = CV_COREVISOR;
}

static void cpu_host_slot(void)
{
	cpus[3].slot = 0;
}

static void cpu_vm_slot(void)
{
	cpus[3].vm = vm;
	cpus[3].slot = NO_SLOT;
}

static void cpu_not_active(void)
{
	cpus[3].vm = vm;
	cpus[3].slot = vcpu_slot(vm, 0);
}

static void cpu_never_run(void)
{
	cpu_not_active();
	vcpus[cpus[3].slot].state = CV_VCPU_ACTIVE;
	vcpus[cpus[3].slot].fresh = 1;
}

static void cpu_other_vm(void)
{
	cpu_not_active();
	vcpus[cpus[3].slot].state = CV_VCPU_ACTIVE;
	cpus[3].vm = other;
}

static void host_maps_core(void)
{
	put(MAP_HOST, RAM_PFN + 9, PAGE(RAM_PFN + 9));
}

static void dma_maps_core(void)
{
	put(MAP_DMA_DEFAULT, RAM_PFN + 9, PAGE(RAM_PFN + 9));
}

static void vm_maps_core(void)
{
	put(vm, VM_GFN + 50, PAGE(RAM_PFN + 9));
}

static void core_is_counted(void)
{
	frame_set_count(RAM_PFN + 9, 1);
}

static void unused_owns(void)
{
	frame_set(MIXED(13), 200, 0, VM_GFN);
	map_clear_page(MAP_HOST, MIXED(13));
	map_clear_page(MAP_DMA_DEFAULT, MIXED(13));
}

static void unused_maps(void)
{
	put(200, VM_GFN, PAGE(MIXED(13)));
}

static void unused_counts(void)
{
	vms[200].nr_frames = 1;
}

static void vm_other_gfn(void)
{
	put(vm, VM_GFN + 50, PAGE(MIXED(8)));
}

static void default_maps_vm(void)
{
	put(MAP_DMA_DEFAULT, MIXED(8), PAGE(MIXED(8)));
}

static void default_not_identity(void)
{
	put(MAP_DMA_DEFAULT, MIXED(14), PAGE(MIXED(13)));
}

static void default_maps_device(void)
{
	put(MAP_DMA_DEFAULT, DEVICE_HOST_PFN, PAGE(DEVICE_HOST_PFN));
}

static const struct corruption {
	const char *name;
	void (*make)(void);
	enum invariant want;
} corruptions[] = {
	{"a DMA mapping as device memory", dma_attributes, INV_SPT_CONS},
	{"a default DMA mapping as device memory", default_dma_attributes, INV_SPT_CONS},
	{"a frame of RAM as device memory", host_attributes, INV_HOST_NPT_CONS},
	{"a device as normal memory", host_device_as_memory, INV_HOST_NPT_CONS},
	{"the host maps not to itself", host_not_identity, INV_HOST_FLATMAP},
	{"a host's frame with another gfn", host_gfn, INV_HOST_S2_MAP},
	{"frame 0 has an owner", zero_is_owned, INV_PAGE_0_INVALID},
	{"the host maps a VM's frame", host_maps_vm, INV_HOST_ISO},
	{"the host still maps after revoke", host_maps_after_revoke, INV_HOST_ISO},
	{"the host maps a VM's device", host_maps_claim, INV_HOST_ISO},
	{"a VM maps the host's frame", vm_maps_host, INV_VM_ISO},
	{"a VM maps another's frame", vm_maps_other, INV_VM_ISO},
	{"a VM maps a device it has not claimed", vm_maps_unclaimed_device, INV_VM_ISO},
	{"a VM still maps what was reclaimed", vm_frame_reclaimed, INV_VM_ISO},
	{"a context of the core", context_of_core, INV_SMMU_VM},
	{"a context of an unused VM", context_of_unused_vm, INV_SMMU_VM},
	{"a context of nobody", context_out_of_range, INV_SMMU_VM},
	{"DMA to another's frame", dma_maps_other_owner, INV_SMMU_ISO},
	{"DMA at another gfn", dma_maps_other_gfn, INV_SMMU_ISO},
	{"DMA to a device", dma_maps_device, INV_SMMU_ISO},
	{"a free context maps", dma_of_free_context, INV_SMMU_ISO},
	{"a count below the mappings", count_too_low, INV_SMMU_COUNT},
	{"a CPU runs the core as VM", cpu_vm_range, INV_STATE},
	{"the host runs with a vCPU", cpu_host_slot, INV_STATE},
	{"a VM runs without a vCPU", cpu_vm_slot, INV_STATE},
	{"a VM runs a vCPU that is not active", cpu_not_active, INV_STATE},
	{"a VM runs a vCPU that never ran", cpu_never_run, INV_STATE},
	{"a VM runs another's vCPU", cpu_other_vm, INV_STATE},
	{"the host maps the core", host_maps_core, INV_CORE_ISO},
	{"DMA to the core", dma_maps_core, INV_CORE_ISO},
	{"a VM maps the core", vm_maps_core, INV_CORE_ISO},
	{"a frame of the core is counted", core_is_counted, INV_CORE_ISO},
	{"an unused VM owns a frame", unused_owns, INV_FRESH_VM},
	{"an unused VM maps", unused_maps, INV_FRESH_VM},
	{"an unused VM counts a frame", unused_counts, INV_FRESH_VM},
	{"a VM's frame at another gfn", vm_other_gfn, INV_ONE_GFN},
	{"default DMA to a VM's frame", default_maps_vm, INV_DEFAULT_DMA_ISO},
	{"default DMA not to itself", default_not_identity, INV_DEFAULT_DMA_ISO},
	{"default DMA to a device", default_maps_device, INV_DEFAULT_DMA_ISO},
};

#define NR_CORRUPTIONS (sizeof(corruptions) / sizeof(corruptions[0]))

static void fixture(void)
{
	world_boot();
	vm = world_vm(MIXED(1), MIXED(2));
	other = world_vm(MIXED(3), MIXED(4));
	CHECK_EQ(map_io(vm, 0x1000 << 12, DEVICE_FREE_PFN << 12), 0);
	CHECK_EQ(world_verify(other), 0);
	CHECK_EQ(donate_to_vm(vm, VM_GFN + 8, MIXED(8), 3), 0);
	CHECK_EQ(donate_to_vm(vm, VM_GFN + 9, MIXED(9), 3), 0);
	CHECK_EQ(grant_vm_page(vm, MIXED(9)), 0);
	CHECK_EQ(map_host(MIXED(9) << 12), 0);
	CHECK_EQ(map_host(DEVICE_HOST_PFN << 12), 0);
	CHECK_EQ(alloc_smmu_pgd(CTX_HOST, CV_HOSTVISOR), 0);
	CHECK_EQ(alloc_smmu_pgd(CTX_VM, vm), 0);
	CHECK_EQ(smmu_map_page(CTX_HOST, (MIXED(12) + CV_SMMU_HOST_OFFSET) << 12, PAGE(MIXED(12))),
		 0);
	CHECK_EQ(smmu_map_page(CTX_VM, (VM_GFN + 8) << 12, PAGE(MIXED(8))), 0);
	CHECK_EQ(world_verify(vm), 0);
	CHECK_EQ(invariant_check_all().inv, INV_NONE);
}

static void check_names(void)
{
	unit_case("names");
	for (u32 i = 0; i < NR_INVARIANTS; i++) {
		CHECK(invariant_name(i) != NULL);
		for (u32 j = 0; j < i; j++)
			CHECK(strcmp(invariant_name(i), invariant_name(j)) != 0);
	}
	CHECK(strcmp(invariant_name(INV_HOST_ISO), "host_iso") == 0);
	CHECK(invariant_name(NR_INVARIANTS) != NULL);
	CHECK(invariant_name((enum invariant)1000) != NULL);
}

void test_invariant(void)
{
	bool seen[NR_INVARIANTS] = {true};

	for (u32 i = 0; i < NR_CORRUPTIONS; i++) {
		struct violation v;

		fixture();
		unit_case("%s", corruptions[i].name);
		corruptions[i].make();
		v = invariant_check_all();
		CHECK_EQ(v.inv, corruptions[i].want);
		seen[corruptions[i].want] = true;
	}
	unit_case("every invariant has a case");
	for (u32 i = 0; i < NR_INVARIANTS; i++)
		CHECK(seen[i]);
	fixture();
	/* Any number is good. */
	CHECK_EQ(invariant_check_frame(~0ULL).inv, INV_NONE);
	CHECK_EQ(invariant_check_frame(END_PFN).inv, INV_NONE);
	check_names();
}
