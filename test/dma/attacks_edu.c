/* SPDX-License-Identifier: BSD-3-Clause */
/* A PCI device told to read and write what is not the host's. */
#include "host.h"

#define SMMU 0x09050000ULL

/* Did the device get what is at pa? Its buffer first holds something else. */
static bool device_reads(u64 pa, u64 word)
{
	u64 empty = new_page(), seen = new_page();

	edu_load(empty);
	edu_load(pa);
	edu_store(seen);
	return holds(seen, word);
}

/* The device's buffer, full of EVIL, to pa. */
static void device_writes(u64 pa)
{
	u64 page = new_page();

	fill(page, EVIL);
	edu_load(page);
	edu_store(pa);
}

/* The core's image begins with an Image header, and has "COREVISR" at byte 64. */
static void attack_core(void)
{
	u64 image = boot_option("image");

	result("edu-read-core", !device_reads(image, 0x5253495645524f43ULL), "the image's header");
	target("edu-write-core", image + 0x1000, "image", "text of the core");
	device_writes(image + 0x1000);
	target("edu-write-table", tables, "evil", "the first table of the pool");
	device_writes(tables);
}

/* The host's root table: its entry for the GB where RAM is, is valid. */
static void attack_table_read(void)
{
	u64 seen = new_page();

	edu_load(seen);
	edu_load(tables);
	edu_store(seen);
	result("edu-read-table", (get(seen + 8, 8) & 1) == 0, "the host's root table");
}

/* The SMMU's own tables and queues, and its registers, as the target of DMA. */
static void attack_smmu(void)
{
	u64 streams = boot_option("streams"), commands = boot_option("commands");

	target("edu-write-streams", streams, "evil", "the SMMU's stream table");
	device_writes(streams);
	target("edu-write-commands", commands, "evil", "the SMMU's command queue");
	device_writes(commands);
	target("edu-write-smmu", SMMU, "device", "the SMMU's registers");
	device_writes(SMMU);
}

/* The IOTLB knows the frame from before it became the VM's. */
static void attack_donated(u64 vm)
{
	u64 image[4], data = new_page();

	for (u32 i = 0; i < 4; i++) {
		image[i] = new_page();
		vm_add_image(vm, image[i]);
	}
	device_writes(data);
	working("reads before donation", device_reads(image[0], SECRET));
	working("writes before donation", holds(data, EVIL));
	if (vm_verify(vm) != 0 || vm_donate(vm, 8, data) != 0)
		print("DMA-MEANS BROKEN no VM\n");
	result("edu-read-vm", !device_reads(image[0], SECRET), "an image frame, IOTLB warm");
	target("edu-write-vm", data, "zero", "a donated frame, IOTLB warm");
	device_writes(data);
}

/* The transfer is under way when the frame changes hands. */
static void attack_in_flight(u64 vm)
{
	u64 page = new_page(), data = new_page();
	s64 error;

	fill(page, EVIL);
	edu_load(page);
	edu_store(data);
	edu_start(data, true);
	error = vm_donate(vm, 9, data);
	edu_wait();
	working("donation during DMA", error == 0);
	target("edu-in-flight", data, "zero", "donated with a transfer under way");
}

void attack_edu(void)
{
	u64 vm = vm_make();

	attack_core();
	attack_table_read();
	attack_smmu();
	attack_donated(vm);
	attack_in_flight(vm);
}
