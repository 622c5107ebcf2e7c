/* SPDX-License-Identifier: BSD-3-Clause */
/* core_init(): configurations that cannot be, banks, blocks of 1 GB, pools that are too small. */
#include <string.h>

#include "core/call.h"
#include "core/fault.h"
#include "core/init.h"
#include "core/invariant.h"
#include "core/mem.h"
#include "core/page.h"
#include "core/state.h"
#include "core/vm.h"
#include "corevisor/error.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"
#include "test/unit/world.h"

static struct core_config good_config(void)
{
	struct core_config config;

	memset(&config, 0, sizeof(config));
	config.ram[0] = (struct frame_range){RAM_PFN, KEPT_FRAMES + HOST_FRAMES};
	config.kept[0] = (struct frame_range){RAM_PFN, KEPT_FRAMES};
	config.nr_ram = 1;
	config.nr_kept = 1;
	config.ipa_bits = 40;
	config.nr_tables = WORLD_TABLES;
	config.pool_pfn = RAM_PFN;
	return config;
}

static void refused(const char *name, struct core_config config, int want)
{
	unit_case("%s", name);
	CHECK_EQ(core_init(config), want);
}

static void bad_configs(void)
{
	struct core_config config = good_config();

	config.nr_ram = 0;
	refused("no RAM", config, CV_EINVAL);
	config = good_config();
	config.nr_ram = CORE_MAX_BANKS + 1;
	refused("too many banks", config, CV_EINVAL);
	config = good_config();
	config.nr_kept = CORE_MAX_BANKS + 1;
	refused("too many kept ranges", config, CV_EINVAL);
	config = good_config();
	config.ram[0].frames = 0;
	refused("an empty bank", config, CV_EINVAL);
	config = good_config();
	config.ram[0].frames = CV_MAX_FRAMES + 1;
	refused("a bank that is too large", config, CV_EINVAL);
	config = good_config();
	config.ram[0].pfn = CV_MAX_FRAMES - 1;
	refused("a bank beyond the records", config, CV_EINVAL);
	config = good_config();
	config.ram[0].pfn = ~0ULL;
	refused("a bank that wraps", config, CV_EINVAL);
	config = good_config();
	config.ram[1] = (struct frame_range){config.ram[0].pfn + config.ram[0].frames - 1, 2};
	config.nr_ram = 2;
	refused("banks that overlap", config, CV_EINVAL);
	config = good_config();
	config.ram[1] = (struct frame_range){RAM_PFN - 2, 2};
	config.nr_ram = 2;
	refused("banks in descending order", config, CV_EINVAL);
	config = good_config();
	config.kept[0].frames = 0;
	refused("an empty kept range", config, CV_EINVAL);
	config = good_config();
	config.ipa_bits = 39;
	refused("39 bits", config, CV_EINVAL);
	config = good_config();
	config.pool_pfn++;
	refused("a pool that is not aligned", config, CV_EINVAL);
}

/* From just the roots on: either an error or a machine that works. */
static void small_pools(void)
{
	u32 worked = 0;

	for (u32 n = CV_NR_MAPS * 2 - 1; n < CV_NR_MAPS * 2 + 24; n++) {
		int error;

		unit_case("a pool of %u tables", n);
		error = world_boot_with(RAM_PFN, KEPT_FRAMES + HOST_FRAMES, KEPT_FRAMES, n, 40);
		if (n < CV_NR_MAPS * 2)
			CHECK_EQ(error, CV_EINVAL);
		else
			CHECK(error == CV_OK || error == CV_ENOMEM);
		CHECK(error != CV_ENOMEM || worked == 0);
		if (error == CV_OK)
			worked++;
		if (error == CV_OK)
			CHECK_EQ(invariant_check_all().inv, INV_NONE);
	}
	CHECK(worked > 4);
}

/* RAM from frame 0 on: frame 0 stays nobody's. */
static void from_zero(void)
{
	unit_case("RAM from frame 0 on");
	CHECK_EQ(world_boot_with(0, KEPT_FRAMES + HOST_FRAMES, KEPT_FRAMES, WORLD_TABLES, 40), 0);
	CHECK_EQ(frame_owner(0), CV_INVALID_ID);
	CHECK_EQ(frame_owner(1), CV_COREVISOR);
	CHECK_EQ(frame_owner(KEPT_FRAMES), CV_HOSTVISOR);
	CHECK_EQ(host_fault(0), CV_EINVAL);
	CHECK_EQ(host_fault(0xfff), CV_EINVAL);
	CHECK_EQ(host_fault(1 << 12), CV_EPERM);
	CHECK_EQ(invariant_check_all().inv, INV_NONE);
}

/* 2 GB from 1 GB on, the core at the end of the first one. */
#define GIG (1ULL << 18)

static void gigabytes(void)
{
	u64 second = 2 * GIG;
	u32 unused;

	unit_case("blocks of 1 GB");
	CHECK_EQ(world_boot_with(GIG, 2 * GIG, KEPT_FRAMES, 3000, 40), 0);
	CHECK_EQ(map_level(MAP_HOST, GIG + KEPT_FRAMES), 2);
	CHECK_EQ(map_level(MAP_HOST, second), 1);
	CHECK_EQ(map_get(MAP_HOST, second + 12345), desc_page(second + 12345, DESC_ATTR_MEMORY));
	CHECK_EQ(map_get(MAP_HOST, GIG), 0);
	CHECK_EQ(invariant_check_all().inv, INV_NONE);

	/* One frame out of it and back: the block is restored, no table is lost. */
	unused = table_free_count();
	CHECK_EQ(gen_vmid() > 0, true);
	for (u32 vm = 1; vm <= CV_MAX_VMS; vm++) {
		if (vm_id_taken[vm] == 0)
			continue;
		CHECK_EQ(register_kvm(vm), 0);
		CHECK_EQ(vm_set_ram(vm, 0, GIG), 0);
		CHECK_EQ(donate_to_vm(vm, 77, second + 777, 3), 0);
		CHECK_EQ(map_level(MAP_HOST, second), 2);
		CHECK_EQ(map_level(MAP_HOST, second + 777), 0);
		CHECK_EQ(map_level(MAP_HOST, second + 512), 3);
		CHECK_EQ(map_level(MAP_HOST, second + 1024), 2);
		CHECK_EQ(set_vm_poweroff(vm), 0);
		CHECK_EQ(clear_vm_page(vm, second + 777), 0);
		CHECK_EQ(destroy_vm(vm), 0);
	}
	CHECK_EQ(host_fault((second + 777) << 12), 0);
	CHECK_EQ(map_level(MAP_HOST, second), 1);
	CHECK_EQ(table_free_count(), unused);
	CHECK_EQ(machine_log.break_errors, 0);
	CHECK_EQ(invariant_check_all().inv, INV_NONE);
}

static void two_banks(void)
{
	static struct core_config config;

	unit_case("two banks, 44 bits");
	world_boot();
	config = good_config();
	config.ram[0] = (struct frame_range){RAM_PFN, KEPT_FRAMES};
	config.ram[1] = (struct frame_range){RAM_PFN + KEPT_FRAMES + 512, 1024};
	config.nr_ram = 2;
	config.ipa_bits = 44;
	memset(table_pool, 0, WORLD_TABLES * sizeof(struct table));
	CHECK_EQ(core_init(config), 0);
	CHECK_EQ(nr_frames, RAM_PFN + KEPT_FRAMES + 512 + 1024);
	CHECK_EQ(frame_owner(RAM_PFN + KEPT_FRAMES + 511), CV_INVALID_ID);
	CHECK_EQ(frame_owner(RAM_PFN + KEPT_FRAMES + 512), CV_HOSTVISOR);
	CHECK_EQ(host_fault((RAM_PFN + KEPT_FRAMES + 100) << 12), CV_EPERM);
	CHECK_EQ(host_fault((RAM_PFN + KEPT_FRAMES + 513) << 12), 0);
	CHECK_EQ(host_fault(~0ULL), CV_EINVAL);
	CHECK_EQ(host_fault(1ULL << 44), CV_EINVAL);
	CHECK_EQ(host_fault((1ULL << 44) - 1), CV_EPERM);
	CHECK_EQ(invariant_check_all().inv, INV_NONE);
}

/* Two banks that meet within 2 MB: no frame is left out, none is mapped twice. */
static void banks_that_meet(void)
{
	static struct core_config config;
	u64 meet = RAM_PFN + KEPT_FRAMES + 700, end = RAM_PFN + KEPT_FRAMES + 1024 + 100;

	unit_case("two banks that meet within a block");
	world_boot();
	config = good_config();
	config.ram[0] = (struct frame_range){RAM_PFN, meet - RAM_PFN};
	config.ram[1] = (struct frame_range){meet, end - meet};
	config.nr_ram = 2;
	memset(table_pool, 0, WORLD_TABLES * sizeof(struct table));
	CHECK_EQ(core_init(config), 0);
	for (u64 pfn = RAM_PFN + KEPT_FRAMES; pfn < end; pfn++) {
		CHECK_EQ(frame_owner(pfn), CV_HOSTVISOR);
		CHECK_EQ(map_get(MAP_HOST, pfn), desc_page(pfn, DESC_ATTR_MEMORY));
		CHECK_EQ(map_get(MAP_DMA_DEFAULT, pfn), desc_page(pfn, DESC_ATTR_MEMORY));
		CHECK_EQ(map_level(MAP_DMA_DEFAULT, pfn), 3);
	}
	CHECK_EQ(map_level(MAP_HOST, meet), 2);
	CHECK_EQ(map_level(MAP_HOST, end - 1), 3);
	CHECK_EQ(map_get(MAP_DMA_DEFAULT, RAM_PFN + KEPT_FRAMES - 1), 0);
	CHECK_EQ(map_get(MAP_DMA_DEFAULT, end), 0);
	CHECK_EQ(invariant_check_all().inv, INV_NONE);
}

void test_init(void)
{
	world_boot();
	bad_configs();
	small_pools();
	from_zero();
	two_banks();
	banks_that_meet();
	gigabytes();
}
