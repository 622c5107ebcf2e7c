/* SPDX-License-Identifier: BSD-3-Clause */
/* Device registers, through the core's own map. */
#ifndef ARM64_IO_H
#define ARM64_IO_H

#include "core/types.h"

/*
 * Map the registers [pa, pa + size) for the core. Both are multiples of 4 KB. Boot only.
 * Returns where, or 0 when the core's tables or its space for devices are used up.
 */
u64 io_map(u64 pa, u64 size);

/* One access of 1, 2, 4 or 8 bytes, aligned. */
u64 io_read(u64 va, u32 size);
void io_write(u64 va, u32 size, u64 value);

static inline u32 io_read32(u64 va)
{
	return (u32)io_read(va, 4);
}

static inline u64 io_read64(u64 va)
{
	return io_read(va, 8);
}

static inline void io_write32(u64 va, u32 value)
{
	io_write(va, 4, value);
}

static inline void io_write64(u64 va, u64 value)
{
	io_write(va, 8, value);
}

/* Put `size` bytes (4 or 8) at `offset` in an 8-byte register's value: all of it, or a half. */
static inline u64 io_merge(u64 old, u64 offset, u32 size, u64 value)
{
	u64 shift = (offset & 4) * 8;

	if (size == 8)
		return value;
	return (old & ~(0xffffffffULL << shift)) | ((value & 0xffffffffULL) << shift);
}

/* The reverse: what a read of `size` bytes at `offset` sees. */
static inline u64 io_part(u64 value, u64 offset, u32 size)
{
	return size == 8 ? value : (value >> ((offset & 4) * 8)) & 0xffffffffULL;
}

#endif
