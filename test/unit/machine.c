/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "test/unit/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/crypto.h"
#include "core/descriptor.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/table.h"
#include "crypto/entropy.h"

struct table table_pool[CV_MAX_TABLES];

struct machine_log machine_log;
struct invalidation machine_invalidations[MACHINE_MAX_INVALIDATIONS];
u32 machine_stream_maps[MACHINE_STREAMS];
void (*machine_on_read64)(u64 pfn, u32 offset);
void (*machine_on_read)(u64 pfn);
u64 machine_now;
struct lineage machine_store[MACHINE_MAX_STORE];
u32 machine_store_max;
u32 machine_store_nr;

static u8 *ram;
static u64 ram_pfn;
static u64 ram_frames;
static u32 current_cpu;
static u64 entropy_next;

#define MAX_HELD 8U
static struct {
	u32 rank;
	u32 index;
} held[MAX_HELD];
static u32 nr_held;

void machine_reset(u64 pfn, u64 nr)
{
	if (ram != NULL)
		(void)munmap(ram, ram_frames * CV_PAGE_SIZE);
	ram = mmap(NULL, nr * CV_PAGE_SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ram == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	ram_pfn = pfn;
	ram_frames = nr;
	current_cpu = 0;
	nr_held = 0;
	entropy_next = 0;
	machine_now = 1000;
	machine_on_read64 = NULL;
	machine_on_read = NULL;
	memset(machine_stream_maps, 0xff, sizeof(machine_stream_maps));
	crypto_reseed();
	machine_forget();
}

void machine_forget(void)
{
	memset(&machine_log, 0, sizeof(machine_log));
}

void machine_set_cpu(u32 cpu)
{
	current_cpu = cpu;
}

u32 machine_locks_held(void)
{
	return nr_held;
}

u64 machine_ram_pfn(void)
{
	return ram_pfn;
}

u64 machine_ram_frames(void)
{
	return ram_frames;
}

u8 *machine_frame(u64 pfn)
{
	if (pfn < ram_pfn || pfn - ram_pfn >= ram_frames) {
		static u8 nowhere[CV_PAGE_SIZE];

		machine_log.frame_errors++;
		return nowhere;
	}
	return ram + (pfn - ram_pfn) * CV_PAGE_SIZE;
}

u32 machine_cpu(void)
{
	return current_cpu;
}

/* With one CPU, a lock that is taken stays so for ever. */
void machine_relax(void)
{
	printf("deadlock: a lock is taken twice\n");
	(void)fflush(stdout);
	abort();
}

void machine_lock_taken(u32 rank, u32 index)
{
	for (u32 i = 0; i < nr_held; i++) {
		if (held[i].rank >= rank)
			machine_log.lock_errors++;
	}
	if (nr_held < MAX_HELD) {
		held[nr_held].rank = rank;
		held[nr_held].index = index;
		nr_held++;
	}
}

void machine_lock_dropped(u32 rank, u32 index)
{
	for (u32 i = 0; i < nr_held; i++) {
		if (held[i].rank == rank && held[i].index == index) {
			nr_held--;
			held[i] = held[nr_held];
			return;
		}
	}
	machine_log.lock_errors++;
}

enum machine_device machine_device(u64 pfn)
{
	if (pfn == DEVICE_HOST_PFN)
		return MACHINE_DEVICE_HOST;
	if (pfn >= DEVICE_FREE_PFN && pfn < DEVICE_FREE_PFN + 16)
		return MACHINE_DEVICE_ASSIGNABLE;
	return MACHINE_DEVICE_NONE;
}

void machine_frame_clear(u64 pfn)
{
	machine_log.clears++;
	memset(machine_frame(pfn), 0, CV_PAGE_SIZE);
}

void machine_block_clear(u64 pfn)
{
	u32 errors = machine_log.frame_errors;

	for (u64 i = 0; i < CV_BLOCK_FRAMES; i++) {
		(void)machine_frame(pfn + i);
		machine_log.clears++;
	}
	/* It reads zero, and is not touched: most cases never look at it. */
	if (machine_log.frame_errors == errors &&
	    madvise(machine_frame(pfn), CV_BLOCK_FRAMES * CV_PAGE_SIZE, MADV_DONTNEED) != 0) {
		perror("madvise");
		exit(2);
	}
}

void machine_frame_sync(u64 pfn)
{
	machine_log.syncs++;
	(void)machine_frame(pfn);
}

void machine_frame_read(u64 pfn, u32 offset, u8 *to, u32 size)
{
	if (machine_on_read != NULL)
		machine_on_read(pfn);
	memcpy(to, machine_frame(pfn) + offset, size);
}

void machine_frame_write(u64 pfn, u32 offset, const u8 *from, u32 size)
{
	machine_log.writes++;
	memcpy(machine_frame(pfn) + offset, from, size);
}

u64 machine_frame_read64(u64 pfn, u32 offset)
{
	u64 value;

	machine_log.reads++;
	memcpy(&value, machine_frame(pfn) + offset, sizeof(value));
	if (machine_on_read64 != NULL)
		machine_on_read64(pfn, offset);
	return value;
}

void machine_frame_write64(u64 pfn, u32 offset, u64 value)
{
	machine_log.writes++;
	memcpy(machine_frame(pfn) + offset, &value, sizeof(value));
}

void machine_table_write(u32 table, u32 index, u64 desc)
{
	u64 *entry = &table_pool[table].e[index];

	machine_log.table_writes++;
	if (desc_is_valid(*entry) && desc_is_valid(desc) && *entry != desc)
		machine_log.break_errors++;
	*entry = desc;
}

static void note_invalidation(u32 map, u64 gfn, u64 nr)
{
	struct invalidation note = {.map = map, .gfn = gfn, .frames = nr};

	machine_invalidations[machine_log.invalidates % MACHINE_MAX_INVALIDATIONS] = note;
	machine_log.invalidates++;
}

void machine_map_invalidate(u32 map, u64 gfn, u64 nr)
{
	note_invalidation(map, gfn, nr);
}

void machine_map_invalidate_all(u32 map)
{
	note_invalidation(map, 0, ~0ULL);
}

bool machine_invalidated(u32 map, u64 gfn)
{
	u32 nr = machine_log.invalidates;

	if (nr > MACHINE_MAX_INVALIDATIONS)
		nr = MACHINE_MAX_INVALIDATIONS;
	for (u32 i = 0; i < nr; i++) {
		const struct invalidation *inv = &machine_invalidations[i];

		if (inv->map == map && gfn >= inv->gfn && gfn - inv->gfn < inv->frames)
			return true;
	}
	return false;
}

void machine_stream_bind(u32 stream, u32 map)
{
	machine_log.binds++;
	machine_stream_maps[stream] = map;
}

void machine_stream_cut(u32 stream)
{
	machine_log.cuts++;
	machine_stream_maps[stream] = MACHINE_STREAM_CUT;
}

u32 machine_streams(void)
{
	return MACHINE_STREAMS;
}

void machine_enter_vm(u32 vm, u32 slot)
{
	(void)vm;
	(void)slot;
	machine_log.enters++;
}

void machine_leave_vm(u32 vm, u32 slot)
{
	(void)vm;
	(void)slot;
	machine_log.leaves++;
}

void machine_inject_vm_abort(u32 slot)
{
	(void)slot;
	machine_log.aborts++;
}

void machine_kick_vm(u32 vm)
{
	(void)vm;
	machine_log.kicks++;
}

bool machine_store_append(struct lineage lineage)
{
	machine_log.appends++;
	if (machine_store_max == 0)
		return true;
	if (machine_store_nr == machine_store_max)
		return false;
	machine_store[machine_store_nr++] = lineage;
	return true;
}

struct lineage machine_store_read(u32 index)
{
	return machine_store[index];
}

u32 machine_store_size(void)
{
	return machine_store_nr;
}

u64 machine_counter(void)
{
	machine_now++;
	return machine_now;
}

void crypto_entropy(void *out, u32 size)
{
	u8 *to = out;

	for (u32 i = 0; i < size; i++) {
		entropy_next++;
		to[i] = (u8)(entropy_next * 167 >> 3);
	}
}

void crypto_platform_key(u8 key[CRYPTO_KEY_SIZE])
{
	memset(key, 0x5a, CRYPTO_KEY_SIZE);
}
