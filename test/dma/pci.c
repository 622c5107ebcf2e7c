/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#define ECAM 0x4010000000ULL
#define MMIO 0x10000000ULL
#define COMMAND 0x04U
#define MEMORY_AND_MASTER 6U
#define BAR0 0x10U
#define BAR_64 4U
#define BAR_STEP 0x100000ULL

static u64 next_bar = MMIO;

static u64 config_address(u32 devfn, u32 offset)
{
	return ECAM + (u64)devfn * 4096 + offset;
}

u64 config(u32 devfn, u32 offset, u32 size)
{
	return get(config_address(devfn, offset), size);
}

void config_set(u32 devfn, u32 offset, u32 size, u64 value)
{
	put(config_address(devfn, offset), size, value);
}

u32 pci_find(u32 id)
{
	u32 devfn = 0;

	while (devfn < 256 && config(devfn, 0, 4) != id)
		devfn++;
	return devfn;
}

u64 pci_enable(u32 devfn, u32 bar)
{
	u32 offset = BAR0 + bar * 4;
	u64 address = next_bar;

	next_bar += BAR_STEP;
	config_set(devfn, offset, 4, address);
	if (config(devfn, offset, 4) & BAR_64)
		config_set(devfn, offset + 4, 4, 0);
	config_set(devfn, COMMAND, 2, MEMORY_AND_MASTER);
	return address;
}
