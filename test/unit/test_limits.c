/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every limit of include/corevisor/limits.h reached and refused, ids used again, the pool of
 * tables empty at every step of every primitive that needs one, DMA contexts of the host.
 */
#include <string.h>

#include "core/boot.h"
#include "core/call.h"
#include "core/dma.h"
#include "core/mem.h"
#include "core/page.h"
#include "core/state.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "corevisor/error.h"
#include "corevisor/hypercall.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"
#include "test/unit/world.h"

#define MIXED(n) (HOST_BLOCK(0) + (n))

static u64 host(enum cv_host_call id, u64 a1, u64 a2, u64 a3)
{
	return (u64)host_call((u32)id, a1, a2, a3, 0, 0, 0).error;
}

static u32 empty_vm(void)
{
	int vm = gen_vmid();

	CHECK(vm > 0);
	CHECK_EQ(register_kvm((u32)vm), 0);
	return (u32)vm;
}

static void vm_ids(void)
{
	unit_case("256 VMs");
	world_boot();
	for (u32 i = 0; i < CV_MAX_VMS; i++)
		CHECK_EQ(host(CV_CALL_REGISTER_VM, 0, 0, 0), 0);
	world_snapshot();
	CHECK_EQ(host(CV_CALL_REGISTER_VM, 0, 0, 0), CV_ENOSPC);
	CHECK_EQ(register_kvm(5), CV_ESTATE);
	world_check_unchanged();
	CHECK_EQ(host(CV_CALL_POWEROFF_VM, 77, 0, 0), 0);
	CHECK_EQ(host(CV_CALL_DESTROY_VM, 77, 0, 0), 0);
	CHECK_EQ(host_call((u32)CV_CALL_REGISTER_VM, 0, 0, 0, 0, 0, 0).value[0], 77);
	world_check_sound();
}

/* A VM under a used id has nothing of the one before. */
static void used_id(void)
{
	u32 vm;

	unit_case("an id that is used again");
	world_boot();
	vm = world_vm(MIXED(1), MIXED(2));
	CHECK_EQ(map_io(vm, 0x1000 << 12, DEVICE_FREE_PFN << 12), 0);
	CHECK_EQ(world_verify(vm), 0);
	CHECK_EQ(set_vm_poweroff(vm), 0);
	CHECK_EQ(clear_vm_page(vm, MIXED(1)), 0);
	CHECK_EQ(destroy_vm(vm), 0);
	for (size_t i = 0; i < sizeof(vms[0]); i++)
		CHECK_EQ(((u8 *)&vms[vm])[i], 0);
	for (size_t i = 0; i < sizeof(vm_measures[0]); i++)
		CHECK_EQ(((u8 *)&vm_measures[vm])[i], 0);
	for (size_t i = 0; i < sizeof(snapshots[0]); i++)
		CHECK_EQ(((u8 *)&snapshots[vm])[i], 0);
	for (size_t i = 0; i < sizeof(vcpu_contexts[0]); i++)
		CHECK_EQ(((u8 *)&vcpu_contexts[0])[i], 0);
	CHECK_EQ(vcpus[0].vm, 0);
	CHECK_EQ(frame_count(MIXED(2)), 0);
	for (u32 r = 0; r < CV_MAX_RAM_RANGES; r++)
		CHECK_EQ(ram_ranges[vm * CV_MAX_RAM_RANGES + r].frames, 0);
	CHECK_EQ(map_get(vm, 0x1000), 0);
	/* The device and the run page are the host's again. */
	CHECK_EQ(map_host(DEVICE_FREE_PFN << 12), 0);
	CHECK_EQ(donate_to_vm(vm, VM_GFN, MIXED(2), 3), CV_ESTATE);
	world_check_sound();
}

static void ranges_and_regions(void)
{
	u32 vm;

	unit_case("RAM ranges");
	world_boot();
	vm = empty_vm();
	CHECK_EQ(map_io(vm, 0x77000 << 12, DEVICE_FREE_PFN << 12), 0);
	for (u64 i = 0; i < CV_MAX_RAM_RANGES; i++)
		CHECK_EQ(vm_set_ram(vm, 0x10000 * (i + 8), 0x1000), 0);
	world_snapshot();
	CHECK_EQ(vm_set_ram(vm, 0x200000, 1), CV_ENOSPC);
	CHECK_EQ(vm_set_ram(vm, 0x80000, 1), CV_EINVAL);
	CHECK_EQ(vm_set_ram(vm, 0x7ffff, 2), CV_EINVAL);
	CHECK_EQ(vm_set_ram(vm, 0x80fff, 2), CV_EINVAL);
	CHECK_EQ(vm_set_ram(vm, 0x70000, 0x20000), CV_EINVAL);
	CHECK_EQ(vm_set_ram(vm, 0x77000, 1), CV_EINVAL);
	CHECK_EQ(vm_set_ram(vm, 0x200000, 0), CV_EINVAL);
	CHECK_EQ(vm_set_ram(vm, (1ULL << 28) - 1, 2), CV_EINVAL);
	CHECK_EQ(vm_set_ram(vm, ~0ULL, 2), CV_EINVAL);
	CHECK_EQ(vm_set_ram(vm, 0x300000, ~0ULL), CV_EINVAL);
	unit_case("image regions");
	CHECK_EQ(set_boot_info(vm, 0x80000000, 0), CV_EINVAL);
	CHECK_EQ(set_boot_info(vm, 0x80000001, 4096), CV_EINVAL);
	CHECK_EQ(set_boot_info(vm, 0x7ffff000, 4096), CV_EINVAL);
	CHECK_EQ(set_boot_info(vm, 0x80000000, 0x1001000), CV_EINVAL);
	CHECK_EQ(set_boot_info(vm, 0x80000000, ~0ULL), CV_EINVAL);
	CHECK_EQ(set_boot_info(vm, ~0xfffULL, 4096), CV_EINVAL);
	world_check_unchanged();
	for (int i = 0; i < (int)CV_MAX_BOOT_REGIONS; i++)
		CHECK_EQ(set_boot_info(vm, 0x80000000 + (u64)i * 0x10000, 4097), i);
	world_snapshot();
	CHECK_EQ(set_boot_info(vm, 0x80900000, 4096), CV_ENOSPC);
	CHECK_EQ(set_boot_info(vm, 0x80001000, 4096), CV_EINVAL);
	world_check_unchanged();
	unit_case("an image that is too large");
	vm = empty_vm();
	CHECK_EQ(vm_set_ram(vm, 0, 1ULL << 27), 0);
	CHECK_EQ(set_boot_info(vm, 0, CV_MAX_IMAGE_FRAMES << 12), 0);
	world_snapshot();
	CHECK_EQ(set_boot_info(vm, CV_MAX_IMAGE_FRAMES << 12, 1), CV_ENOSPC);
	world_check_unchanged();
}

static void vcpu_contexts_run_out(void)
{
	u32 vm = 0;

	unit_case("vCPU contexts");
	world_boot();
	for (u32 i = 0; i < CV_MAX_VCPUS_TOTAL; i++) {
		if (i % CV_MAX_VCPUS == 0)
			vm = empty_vm();
		CHECK_EQ(register_vcpu(vm, i % CV_MAX_VCPUS, MIXED(i / 200)), 0);
	}
	vm = empty_vm();
	world_snapshot();
	CHECK_EQ(register_vcpu(vm, 0, MIXED(300)), CV_ENOSPC);
	CHECK_EQ(register_vcpu(vm, 0, MIXED(0)), CV_EBUSY);
	world_check_unchanged();
	CHECK_EQ(set_vm_poweroff(vm - 3), 0);
	CHECK_EQ(destroy_vm(vm - 3), 0);
	CHECK_EQ(register_vcpu(vm, 0, MIXED(300)), 0);
}

static void claims_run_out(void)
{
	u32 vm;

	unit_case("device claims");
	world_boot();
	vm = empty_vm();
	for (u32 i = 0; i < CV_MAX_IO_CLAIMS; i++)
		io_claims[i].vm = 1;
	world_snapshot();
	CHECK_EQ(map_io(vm, 0x1000 << 12, DEVICE_FREE_PFN << 12), CV_ENOSPC);
	world_check_unchanged();
}

static void host_contexts(void)
{
	u64 iova = (MIXED(7) + CV_SMMU_HOST_OFFSET) << 12;

	unit_case("DMA contexts of the host");
	world_boot();
	for (u32 ctx = 0; ctx < 3; ctx++) {
		CHECK_EQ(alloc_smmu_pgd(ctx, CV_HOSTVISOR), 0);
		for (u64 i = 0; i < 600; i += ctx + 1)
			CHECK_EQ(smmu_map_page(ctx, (MIXED(i) + CV_SMMU_HOST_OFFSET) << 12,
					       MIXED(i) << 12),
				 0);
	}
	CHECK_EQ(alloc_smmu_pgd(0, CV_HOSTVISOR), CV_EBUSY);
	CHECK_EQ(frame_count(MIXED(6)), 3);
	CHECK_EQ(frame_count(MIXED(7)), 1);
	CHECK_EQ(dma_lookup(0, iova + 0x123), (s64)(MIXED(7) << 12) + 0x123);
	CHECK_EQ(dma_lookup(1, iova), CV_ENOENT);
	CHECK_EQ(dma_lookup(0, 1ULL << 40), CV_EINVAL);
	CHECK_EQ(dma_lookup(9, iova), CV_EPERM);
	CHECK_EQ(dma_attach(0, 1), 0);
	CHECK_EQ(machine_stream_maps[1], MAP_DMA(0));
	CHECK_EQ(dma_attach(1, 1), CV_EBUSY);
	CHECK_EQ(dma_attach(1, MACHINE_STREAMS), CV_EINVAL);
	CHECK_EQ(dma_attach(1, CV_MAX_STREAMS), CV_EINVAL);
	CHECK_EQ(dma_attach(1, ~0ULL), CV_EINVAL);
	CHECK_EQ(dma_attach(9, 2), CV_EPERM);
	CHECK_EQ(dma_detach(1, 1), CV_ENOENT);
	CHECK_EQ(dma_detach(0, ~0ULL), CV_EINVAL);
	CHECK_EQ(dma_detach(0, CV_MAX_STREAMS - 1), CV_EINVAL);
	CHECK_EQ(free_smmu_pgd(0), CV_EBUSY);
	CHECK_EQ(dma_detach(0, 1), 0);
	CHECK_EQ(machine_stream_maps[1], MAP_DMA_DEFAULT);
	world_snapshot();
	for (u64 i = 0; i < 600; i++) {
		WANT(frames[MIXED(i)].count)--;
		want_leaf(MAP_DMA(0), MIXED(i) + CV_SMMU_HOST_OFFSET, 0);
	}
	WANT(dma_contexts[0].owner) = CV_INVALID_ID;
	CHECK_EQ(free_smmu_pgd(0), 0);
	world_check();
	CHECK_EQ(free_smmu_pgd(0), CV_EPERM);
	unit_case("a frame that is counted too often");
	frame_set_count(MIXED(7), FRAME_MAX_COUNT);
	CHECK_EQ(smmu_map_page(1, iova, MIXED(7) << 12), CV_EBUSY);
	CHECK_EQ(host(CV_CALL_DMA_MAP, 1, iova, (MIXED(8) << 12) + 1), CV_EINVAL);
	CHECK_EQ(host_call((u32)CV_CALL_DMA_LOOKUP, 2, (MIXED(6) + CV_SMMU_HOST_OFFSET) << 12, 0, 0,
			   0, 0)
			 .value[0],
		 MIXED(6) << 12);
}

/* A VM's context that is freed, and given to another VM, maps nothing. */
static void vm_contexts(void)
{
	u32 vm;

	unit_case("a VM's DMA context that is freed");
	world_boot();
	vm = world_vm(MIXED(1), MIXED(2));
	CHECK_EQ(alloc_smmu_pgd(4, vm), 0);
	CHECK_EQ(smmu_assign_page(4, MIXED(8), VM_GFN + 8), 0);
	CHECK_EQ(smmu_map_page(4, (VM_GFN + 8) << 12, MIXED(8) << 12), 0);
	CHECK_EQ(world_verify(vm), 0);
	CHECK_EQ(set_vm_poweroff(vm), 0);
	world_snapshot();
	WANT(dma_contexts[4].owner) = CV_INVALID_ID;
	want_leaf(MAP_DMA(4), VM_GFN + 8, 0);
	CHECK_EQ(free_smmu_pgd(4), 0);
	world_check();
	CHECK_EQ(clear_vm_page(vm, MIXED(8)), 0);
	CHECK_EQ(alloc_smmu_pgd(4, empty_vm()), 0);
	CHECK_EQ(map_get(MAP_DMA(4), VM_GFN + 8), 0);
}

/* All free tables but `left` go to a map nobody uses. */
static void use_tables(u32 left)
{
	u64 gfn = 0;

	while (table_free_count() > left) {
		u32 need = map_need(250, gfn, 3);

		if (need > table_free_count() - left)
			need = 0;
		if (need == 0 && table_free_count() - left < 2 && gfn % (1ULL << 18) == 0) {
			map_prepare(250, gfn, 2);
			return;
		}
		map_prepare(250, gfn, 3);
		gfn += 512;
	}
}

static u32 pool_vm;

static int pool_map_io(void)
{
	return map_io(pool_vm, 0x1000 << 12, DEVICE_FREE_PFN << 12);
}

static int pool_donate(void)
{
	return donate_to_vm(pool_vm, VM_GFN + 600, HOST_BLOCK(4) + 3, 3);
}

static int pool_donate_block(void)
{
	return donate_to_vm(pool_vm, VM_GFN + 512, HOST_BLOCK(4), 2);
}

static int pool_assign(void)
{
	return assign_pfn_to_vm(pool_vm, VM_GFN + 600, HOST_BLOCK(4) + 3);
}

static int pool_map(void)
{
	return map_pfn_vm(pool_vm, (VM_GFN + 700) << 12, HOST_BLOCK(5) << 12, 3);
}

static int pool_remap(void)
{
	return remap_vm_image(pool_vm, HOST_BLOCK(4) + 3, 0);
}

static int pool_dma(void)
{
	return smmu_map_page(5, (HOST_BLOCK(4) + CV_SMMU_HOST_OFFSET) << 12, HOST_BLOCK(4) << 12);
}

static int pool_device(void)
{
	return map_host(DEVICE_HOST_PFN << 12);
}

static int pool_verify(void)
{
	s64 left = verify_vm(2);

	return left > 0 ? 0 : (int)left;
}

static const struct {
	const char *name;
	int (*run)(void);
} pool_users[] = {
	{"map_io", pool_map_io},
	{"donate", pool_donate},
	{"donate a block", pool_donate_block},
	{"assign_pfn_to_vm", pool_assign},
	{"map_pfn_vm", pool_map},
	{"remap_vm_image", pool_remap},
	{"smmu_map_page", pool_dma},
	{"map_host", pool_device},
	{"verify_vm", pool_verify},
};

static void pool_fixture(void)
{
	world_boot();
	for (u32 vm = 1; vm <= 2; vm++) {
		vm_id_taken[vm] = 1;
		CHECK_EQ(register_kvm(vm), 0);
		CHECK_EQ(vm_set_ram(vm, VM_GFN, VM_FRAMES), 0);
		CHECK_EQ(set_boot_info(vm, VM_GFN << 12, 4096), 0);
	}
	pool_vm = 1;
	CHECK_EQ(assign_pfn_to_vm(1, VM_GFN + 700, HOST_BLOCK(5)), 0);
	CHECK_EQ(remap_vm_image(2, HOST_BLOCK(6) + 9, 0), 0);
	CHECK_EQ(vm_set_entry(2, VM_GFN << 12, 0), 0);
	CHECK_EQ(register_vcpu(2, 0, MIXED(2)), 0);
	CHECK_EQ(verify_vm(2), 2);
	CHECK_EQ(alloc_smmu_pgd(5, CV_HOSTVISOR), 0);
}

/* With 0, 1, 2, ... free tables: CV_ENOMEM and no change, until it works; never half of it. */
static void pool_runs_out(void)
{
	for (u32 p = 0; p < sizeof(pool_users) / sizeof(pool_users[0]); p++) {
		int error = CV_ENOMEM;
		u32 left = 0;

		for (left = 0; left < 8 && error != CV_OK; left++) {
			unit_case("%s with %u tables", pool_users[p].name, left);
			pool_fixture();
			use_tables(left);
			CHECK_EQ(table_free_count(), left);
			world_snapshot();
			error = pool_users[p].run();
			if (error == CV_OK)
				break;
			CHECK_EQ(error, CV_ENOMEM);
			world_check_unchanged();
		}
		CHECK(left > 0 && error == CV_OK);
		CHECK_EQ(machine_log.break_errors, 0);
	}
}

static void images(void)
{
	u32 vm;

	unit_case("images that are not complete");
	world_boot();
	vm = empty_vm();
	CHECK_EQ(vm_set_ram(vm, VM_GFN, VM_FRAMES), 0);
	CHECK_EQ(set_boot_info(vm, VM_GFN << 12, 2 * 4096), 0);
	CHECK_EQ(verify_vm(vm), CV_ESTATE);
	CHECK_EQ(remap_vm_image(vm, MIXED(1), 0), 0);
	CHECK_EQ(verify_vm(vm), CV_ESTATE);
	CHECK_EQ(remap_vm_image(vm, MIXED(1), 0), 0);
	CHECK_EQ(verify_vm(vm), CV_ESTATE);
	CHECK_EQ(vm_set_entry(vm, (VM_GFN + 2) << 12, 0), 0);
	CHECK_EQ(register_vcpu(vm, 0, MIXED(2)), 0);
	CHECK_EQ(verify_vm(vm), CV_ESTATE);
	CHECK_EQ(vm_set_entry(vm, (VM_GFN - 1) << 12, 0), 0);
	CHECK_EQ(verify_vm(vm), CV_ESTATE);
	CHECK_EQ(vm_set_entry(vm, (VM_GFN + 1) << 12, 0), 0);
	CHECK_EQ(verify_vm(vm), 3);
	/* The same frame for two pages: the second is not the host's any more. */
	CHECK_EQ(verify_vm(vm), 2);
	world_snapshot();
	CHECK_EQ(verify_vm(vm), CV_EPERM);
	world_check_unchanged();
	unit_case("an image page where something is already");
	vm = world_vm(MIXED(3), MIXED(4));
	CHECK_EQ(donate_to_vm(vm, VM_GFN, MIXED(5), 3), 0);
	CHECK_EQ(verify_vm(vm), 2);
	world_snapshot();
	CHECK_EQ(verify_vm(vm), CV_EEXIST);
	world_check_unchanged();
}

void test_limits(void)
{
	vm_ids();
	used_id();
	ranges_and_regions();
	vcpu_contexts_run_out();
	claims_run_out();
	host_contexts();
	vm_contexts();
	pool_runs_out();
	images();
}
