/* SPDX-License-Identifier: BSD-3-Clause */
#include "io.h"

#include "layout.h"
#include "mmu.h"

/* The 256 MB after the first windows of VA_DEVICES. */
#define IO_BASE (VA_DEVICES + 0x10000000ULL)
#define IO_SIZE 0x10000000ULL

static u64 used;

u64 io_map(u64 pa, u64 size)
{
	u64 va = IO_BASE + used;

	if (size > IO_SIZE - used || !mmu_map(va, pa, size, MMU_DEVICE))
		return 0;
	used += size;
	return va;
}

u64 io_read(u64 va, u32 size)
{
	switch (size) {
	case 1:
		return *(volatile u8 *)va;
	case 2:
		return *(volatile u16 *)va;
	case 4:
		return *(volatile u32 *)va;
	default:
		return *(volatile u64 *)va;
	}
}

void io_write(u64 va, u32 size, u64 value)
{
	switch (size) {
	case 1:
		*(volatile u8 *)va = (u8)value;
		break;
	case 2:
		*(volatile u16 *)va = (u16)value;
		break;
	case 4:
		*(volatile u32 *)va = (u32)value;
		break;
	default:
		*(volatile u64 *)va = value;
	}
}
