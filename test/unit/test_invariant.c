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

static void dma_maps_block(void)
{
	map_prepare(MAP_DMA(CTX_VM), VM_GFN & ~511ULL, 2);
	map_set_block(MAP_DMA(CTX_VM), VM_GFN & ~511ULL, desc_block(MIXED(0), DESC_ATTR_MEMORY));
}

/* The run page of vCPU 0 of `vm`, without what counts it. */
static void run_page_of_vm(void)
{
	vcpus[vcpu_slot(vm, 0)].run_pfn = MIXED(8);
}

static void run_page_not_counted(void)
{
	frame_set_count(vcpus[vcpu_slot(vm, 0)].run_pfn, 0);
}

static void claim_of_unused_vm(void)
{
	io_claims[20] = (struct io_claim){DEVICE_FREE_PFN + 1, 0x1001, 200, 0};
}

static void claim_of_host_device(void)
{
	io_claims[20] = (struct io_claim){DEVICE_HOST_PFN + 1, 0x1001, vm, 0};
}

static void claim_of_ram(void)
{
	io_claims[20] = (struct io_claim){MIXED(13), 0x1001, vm, 0};
}

static void claimed_twice(void)
{
	io_claims[20] = (struct io_claim){DEVICE_FREE_PFN, 0x1001, other, 0};
}

static void host_maps_core_device(void)
{
	put(MAP_HOST, DEVICE_KEPT_PFN, desc_page(DEVICE_KEPT_PFN, DESC_ATTR_DEVICE));
}

static void stream_not_counted(void)
{
	stream_contexts[3] = CTX_HOST + 1;
}

static void stream_of_free_context(void)
{
	stream_contexts[3] = 9 + 1;
	dma_contexts[9].nr_streams = 1;
}

static void stream_out_of_range(void)
{
	stream_contexts[3] = CV_MAX_DMA_CONTEXTS + 1;
}

static void vm_owns_more(void)
{
	vms[vm].nr_frames++;
}

static void record_of_nobody(void)
{
	frames[MIXED(13)].owner = CV_COREVISOR + 1;
}

static void record_count(void)
{
	frames[MIXED(13)].count = FRAME_MAX_COUNT + 1;
}

static void record_gfn(void)
{
	frames[MIXED(8)].gfn_high = 0xff;
}

static void state_unknown(void)
{
	vms[vm].state = CV_VM_POWEROFF + 1;
}

static void ram_beyond_map(void)
{
	ram_ranges[vm * CV_MAX_RAM_RANGES].frames = table_geometry.gfn_limit;
	ram_ranges[vm * CV_MAX_RAM_RANGES].gfn = 1;
}

static void id_free(void)
{
	vm_id_taken[vm] = 0;
}

static void next_id_beyond(void)
{
	next_vmid = CV_MAX_VMS + 1;
}

static void unused_has_ram(void)
{
	vms[200].nr_ram = 1;
}

static void unused_is_saved(void)
{
	snapshots[200].phase = SNAPSHOT_SAVING;
}

static void slot_of_other(void)
{
	vcpu_slots[vm * CV_MAX_VCPUS + 5] = (u16)(vcpu_slot(other, 0) + 1);
}

static void slot_beyond(void)
{
	vcpu_slots[vm * CV_MAX_VCPUS + 5] = CV_MAX_VCPUS_TOTAL + 1;
}

static void vcpu_without_slot(void)
{
	vcpu_slots[vm * CV_MAX_VCPUS] = 0;
}

static void vcpu_active_fresh(void)
{
	vcpus[vcpu_slot(vm, 0)].state = CV_VCPU_ACTIVE;
	vcpus[vcpu_slot(vm, 0)].fresh = 1;
}

static void vcpu_waits_for_three_bytes(void)
{
	vcpus[vcpu_slot(vm, 0)].pending = PENDING_MMIO_READ;
	vcpus[vcpu_slot(vm, 0)].mmio_size = 3;
}

static void cpus_share_vcpu(void)
{
	cpu_not_active();
	vcpus[cpus[3].slot].state = CV_VCPU_ACTIVE;
	cpus[4] = cpus[3];
}

#define REGION (&boot_regions[vm * CV_MAX_BOOT_REGIONS])
#define LIST_BASE ((u64)(vm - 1) * CV_MAX_IMAGE_FRAMES)

static void too_many_regions(void)
{
	vms[vm].nr_regions = CV_MAX_BOOT_REGIONS + 1;
}

static void region_empty(void)
{
	REGION->frames = 0;
}

static void region_beyond_image(void)
{
	REGION->frames = vms[vm].image_frames + 1;
}

static void regions_share_list(void)
{
	REGION[vms[vm].nr_regions] = REGION[vms[vm].nr_regions - 1];
	REGION[vms[vm].nr_regions].gfn += 16;
	vms[vm].nr_regions++;
}

static void regions_share_frame(void)
{
	REGION[vms[vm].nr_regions] = REGION[vms[vm].nr_regions - 1];
	REGION[vms[vm].nr_regions].list = vms[vm].image_frames;
	REGION[vms[vm].nr_regions].remapped = 0;
	vms[vm].image_frames += REGION[vms[vm].nr_regions].frames;
	vms[vm].nr_regions++;
}

static void list_has_unnamed(void)
{
	REGION->remapped = 0;
	put(MAP_CORE, LIST_BASE + REGION->list, PAGE(MIXED(13)));
}

static void list_too_long(void)
{
	put(MAP_CORE, LIST_BASE + vms[vm].image_frames, PAGE(MIXED(13)));
}

static void list_has_block(void)
{
	vms[vm].nr_regions = 1;
	vms[vm].image_frames = 512;
	REGION->frames = 512;
	REGION->remapped = 512;
	REGION->list = 0;
	map_prepare(MAP_CORE, LIST_BASE, 2);
	map_set_block(MAP_CORE, LIST_BASE, desc_block(MIXED(0), DESC_ATTR_MEMORY));
}

static void verify_beyond(void)
{
	vms[vm].verifying = 1;
	vms[vm].verify_region = vms[vm].nr_regions + 1;
}

static void verify_beyond_region(void)
{
	vms[vm].verifying = 1;
	vms[vm].verify_region = 0;
	vms[vm].verify_page = REGION->frames;
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
	{"a DMA context maps a block", dma_maps_block, INV_DMA_PAGES},
	{"a run page is a VM's frame", run_page_of_vm, INV_RUN_PAGE},
	{"a run page is not counted", run_page_not_counted, INV_SMMU_COUNT},
	{"an unused VM claims a device", claim_of_unused_vm, INV_IO_CLAIM},
	{"a VM claims a device that stays the host's", claim_of_host_device, INV_IO_CLAIM},
	{"a VM claims RAM", claim_of_ram, INV_IO_CLAIM},
	{"a device is claimed twice", claimed_twice, INV_IO_UNIQUE},
	{"the host maps a device of the core", host_maps_core_device, INV_HOST_IO},
	{"a stream is not counted", stream_not_counted, INV_STREAM_COUNT},
	{"a stream uses a free context", stream_of_free_context, INV_STREAM_ISO},
	{"a stream uses no context", stream_out_of_range, INV_STREAM_ISO},
	{"a VM counts one frame too many", vm_owns_more, INV_VM_FRAMES},
	{"a frame of an owner that is none", record_of_nobody, INV_RECORD_RANGE},
	{"a count too high", record_count, INV_RECORD_RANGE},
	{"a VM's frame beyond its map", record_gfn, INV_RECORD_RANGE},
	{"a VM in no state", state_unknown, INV_STATE_RANGE},
	{"RAM beyond the map", ram_beyond_map, INV_RAM_RANGE},
	{"a VM whose id is free", id_free, INV_ID_TAKEN},
	{"the next id is none", next_id_beyond, INV_ID_TAKEN},
	{"an unused VM has RAM", unused_has_ram, INV_UNUSED_VM},
	{"an unused VM is being saved", unused_is_saved, INV_UNUSED_VM},
	{"a vCPU number names another VM's", slot_of_other, INV_SLOT_VCPU},
	{"a vCPU number names nothing", slot_beyond, INV_SLOT_VCPU},
	{"a vCPU that its VM does not know", vcpu_without_slot, INV_VCPU_SLOT},
	{"an active vCPU that never ran", vcpu_active_fresh, INV_VCPU_RANGE},
	{"a vCPU waits for three bytes", vcpu_waits_for_three_bytes, INV_VCPU_RANGE},
	{"two CPUs run one vCPU", cpus_share_vcpu, INV_STATE},
	{"too many image regions", too_many_regions, INV_IMAGE_RANGE},
	{"an empty image region", region_empty, INV_REGION_RANGE},
	{"an image region beyond the image", region_beyond_image, INV_REGION_RANGE},
	{"two regions in one place of the list", regions_share_list, INV_REGIONS_APART},
	{"two regions that share a frame", regions_share_frame, INV_REGIONS_APART},
	{"the list names what was not named", list_has_unnamed, INV_LIST_FREE},
	{"the list goes on after the image", list_too_long, INV_LIST_END},
	{"a block in the list", list_has_block, INV_LIST_PAGES},
	{"verification is beyond the regions", verify_beyond, INV_VERIFY_RANGE},
	{"verification is beyond a region", verify_beyond_region, INV_VERIFY_RANGE},
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
