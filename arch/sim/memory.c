/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE

#include "arch/sim/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/sim/point.h"
#include "arch/sim/sim.h"
#include "arch/sim/touch.h"
#include "core/machine.h"

/* Frames whose two views differ, at most; the oldest is written back then. */
#define MAX_SPLIT 64U

struct split {
	u64 pfn;
	bool dirty; /* the cache has newer bytes than memory */
	u8 memory[CV_PAGE_SIZE];
};

static u8 *ram;
static u8 *written;
static struct split splits[MAX_SPLIT];
static u32 nr_splits;
static u32 next_victim;

void memory_init(void)
{
	u64 frames = sim.config.ram >> CV_PAGE_SHIFT;

	ram = mmap(NULL, sim.config.ram, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	written = calloc(1, frames / 8U + 1U);
	if (ram == MAP_FAILED || !written) {
		fprintf(stderr, "cvsim: no address space for %llu MB of RAM\n",
			(unsigned long long)(sim.config.ram >> 20));
		exit(2);
	}
}

static u64 frame_index(u64 pfn)
{
	for (u32 i = 0; i < sim.nr_banks; i++) {
		if (pfn - sim.bank[i].pfn < sim.bank[i].frames)
			return pfn - sim.bank[i].pfn + sim.bank[i].first;
	}
	sim_violation("core-frame", "the core accesses frame 0x%llx, which is not RAM",
		      (unsigned long long)pfn);
}

u8 *memory_frame(u64 pfn)
{
	return ram + (frame_index(pfn) << CV_PAGE_SHIFT);
}

bool memory_touched(u64 pfn)
{
	u64 i = frame_index(pfn);

	return __atomic_load_n(&written[i / 8U], __ATOMIC_RELAXED) >> (i % 8U) & 1U;
}

static void mark_written(u64 pfn)
{
	u64 i = frame_index(pfn);
	u8 bit = (u8)(1U << (i % 8U));

	if (!(__atomic_load_n(&written[i / 8U], __ATOMIC_RELAXED) & bit))
		__atomic_fetch_or(&written[i / 8U], bit, __ATOMIC_RELAXED);
}

static void mark_clean(u64 pfn)
{
	u64 i = frame_index(pfn);

	__atomic_fetch_and(&written[i / 8U], (u8) ~(1U << (i % 8U)), __ATOMIC_RELAXED);
}

/* The second view of a frame. Threads have none: caches are the other mode's. */
static struct split *split_find(u64 pfn)
{
	for (u32 i = 0; i < nr_splits; i++) {
		if (splits[i].pfn == pfn)
			return &splits[i];
	}
	return NULL;
}

static struct split *split_make(u64 pfn)
{
	struct split *s = split_find(pfn);

	if (s)
		return s;
	if (nr_splits < MAX_SPLIT) {
		s = &splits[nr_splits++];
	} else {
		s = &splits[next_victim++ % MAX_SPLIT];
		if (!s->dirty)
			memcpy(memory_frame(s->pfn), s->memory, CV_PAGE_SIZE);
	}
	s->pfn = pfn;
	s->dirty = false;
	memcpy(s->memory, memory_frame(pfn), CV_PAGE_SIZE);
	return s;
}

static void split_drop(struct split *s)
{
	*s = splits[--nr_splits];
}

bool memory_incoherent(u64 pfn)
{
	return split_find(pfn) != NULL;
}

u64 memory_load(u64 pfn, u32 offset, bool cacheable)
{
	u64 word;

	if (!cacheable && nr_splits != 0U && !sim.threaded) {
		struct split *s = split_find(pfn);

		if (s) {
			memcpy(&word, s->memory + offset, sizeof(word));
			return word;
		}
	}
	return __atomic_load_n((u64 *)(void *)(memory_frame(pfn) + offset), __ATOMIC_RELAXED);
}

void memory_store(u64 pfn, u32 offset, u64 value, bool cacheable)
{
	mark_written(pfn);
	if (!sim.threaded && (nr_splits != 0U || !cacheable)) {
		struct split *s = cacheable ? split_find(pfn) : split_make(pfn);

		if (s && !cacheable) {
			memcpy(s->memory + offset, &value, sizeof(value));
			return;
		}
		if (s)
			s->dirty = true;
	}
	__atomic_store_n((u64 *)(void *)(memory_frame(pfn) + offset), value, __ATOMIC_RELAXED);
}

void machine_frame_clear(u64 pfn)
{
	touch_frame(pfn);
	if (memory_touched(pfn)) {
		u8 *frame = memory_frame(pfn);

		touch_content(pfn);
		mark_clean(pfn);
		if (sim.threaded) {
			for (u32 i = 0; i < CV_PAGE_SIZE; i += 8U)
				__atomic_store_n((u64 *)(void *)(frame + i), 0, __ATOMIC_RELAXED);
		} else {
			struct split *s = nr_splits != 0U ? split_find(pfn) : NULL;

			memset(frame, 0, CV_PAGE_SIZE);
			if (s)
				split_drop(s);
		}
	}
	sim_point();
}

void machine_block_clear(u64 pfn)
{
	for (u64 i = 0; i < CV_BLOCK_FRAMES; i++)
		machine_frame_clear(pfn + i);
}

void machine_frame_sync(u64 pfn)
{
	struct split *s = nr_splits != 0U && !sim.threaded ? split_find(pfn) : NULL;

	touch_frame(pfn);
	if (s) {
		if (!s->dirty)
			memcpy(memory_frame(pfn), s->memory, CV_PAGE_SIZE);
		split_drop(s);
	}
	sim_point();
}

/* Agents may write the frame at the same time, so no byte is read twice. */
static void copy_out(const u8 *from, u8 *to, u32 size)
{
	for (u32 i = 0; i < size; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void machine_frame_read(u64 pfn, u32 offset, u8 *to, u32 size)
{
	sim_point();
	if (offset + size > CV_PAGE_SIZE)
		sim_violation("core-frame", "read of %u bytes at 0x%x", size, offset);
	if (sim.threaded)
		copy_out(memory_frame(pfn) + offset, to, size);
	else
		memcpy(to, memory_frame(pfn) + offset, size);
	touch_read(pfn, offset, to, size);
	sim_point();
}

void machine_frame_write(u64 pfn, u32 offset, const u8 *from, u32 size)
{
	u8 *to = memory_frame(pfn) + offset;

	if (offset + size > CV_PAGE_SIZE)
		sim_violation("core-frame", "write of %u bytes at 0x%x", size, offset);
	touch_frame(pfn);
	touch_content(pfn);
	mark_written(pfn);
	if (sim.threaded) {
		for (u32 i = 0; i < size; i++)
			__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
	} else {
		split_make(pfn)->dirty = true;
		memcpy(to, from, size);
	}
	sim_point();
}

u64 machine_frame_read64(u64 pfn, u32 offset)
{
	sim_point();
	if (offset % 8U != 0U || offset > CV_PAGE_SIZE - 8U)
		sim_violation("core-frame", "64-bit read at 0x%x", offset);
	return __atomic_load_n((u64 *)(void *)(memory_frame(pfn) + offset), __ATOMIC_RELAXED);
}

void machine_frame_write64(u64 pfn, u32 offset, u64 value)
{
	if (offset % 8U != 0U || offset > CV_PAGE_SIZE - 8U)
		sim_violation("core-frame", "64-bit write at 0x%x", offset);
	touch_content(pfn);
	mark_written(pfn);
	if (!sim.threaded && nr_splits != 0U) {
		struct split *s = split_find(pfn);

		if (s)
			s->dirty = true;
	}
	__atomic_store_n((u64 *)(void *)(memory_frame(pfn) + offset), value, __ATOMIC_RELAXED);
	sim_point();
}
