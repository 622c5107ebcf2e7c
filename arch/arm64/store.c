/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flash of the Intel command set (CFI command set 1: JESD68, Intel AP-646), two chips of 16 bits
 * beside each other, each of which takes its half of every access.
 */
#include "store.h"

#include "console.h"
#include "core/machine.h"
#include "io.h"
#include "store_format.h"

#define BOTH(command) ((command) | ((u32)(command) << 16))
#define CMD_PROGRAM BOTH(0x40U)
#define CMD_ERASE BOTH(0x20U)
#define CMD_LOCK BOTH(0x60U)
#define CMD_CONFIRM BOTH(0xd0U) /* to erase; to unlock */
#define CMD_CLEAR_STATUS BOTH(0x50U)
#define CMD_READ_ARRAY BOTH(0xffU)
#define STATUS_READY BOTH(0x80U)
#define STATUS_ERROR BOTH(0x3aU) /* erase, program, voltage, locked */
/* Reads of the status until a chip is given up: seconds, where an erase takes one. */
#define MAX_POLLS 100000000U

STATIC_ASSERT(one_area_has_room, CV_MAX_LINEAGES + 1U < STORE_RECORDS);

/* Boot finds it; then: lock page. */
static struct {
	u64 va; /* 0: there is none */
	u64 base;
	u32 area; /* the one that counts, */
	u32 next; /* its first record that is free */
	u32 at_boot; /* records then */
} store;

static u64 record_va(u32 area, u32 index)
{
	return store.va + (1U + area) * STORE_BLOCK + index * sizeof(struct store_record);
}

static struct store_record read_record(u32 area, u32 index)
{
	struct store_record record;

	for (u32 i = 0; i < STORE_WORDS; i++)
		record.word[i] = io_read64(record_va(area, index) + 8 * i);
	return record;
}

static bool is_whole(const struct store_record *record)
{
	return record->word[STORE_WORDS - 1] == store_check(record);
}

static bool is_blank(const struct store_record *record)
{
	u64 all = ~0ULL;

	for (u32 i = 0; i < STORE_WORDS; i++)
		all &= record->word[i];
	return all == ~0ULL;
}

/* The number of an area; 0: it does not count. */
static u64 area_number(u32 area)
{
	struct store_record header = read_record(area, 0);

	return is_whole(&header) && header.word[0] == STORE_AREA_MAGIC ? header.word[2] : 0;
}

/* Wait until both chips are done; back to reading. */
static bool finish(u64 va)
{
	u32 status = 0;

	for (u32 i = 0; i < MAX_POLLS && (status & STATUS_READY) != STATUS_READY; i++)
		status = io_read32(va);
	io_write32(va, CMD_CLEAR_STATUS);
	io_write32(va, CMD_READ_ARRAY);
	return (status & (STATUS_READY | STATUS_ERROR)) == STATUS_READY;
}

/* Blocks of some chips are locked when they are switched on. */
static void unlock(u64 va)
{
	io_write32(va, CMD_LOCK);
	io_write32(va, CMD_CONFIRM);
	(void)finish(va);
}

static bool erase(u32 area)
{
	u64 va = record_va(area, 0);

	unlock(va);
	io_write32(va, CMD_ERASE);
	io_write32(va, CMD_CONFIRM);
	return finish(va);
}

/* Its check word comes last. */
static bool write_record(u32 area, u32 index, u64 first, u64 second, u64 third)
{
	struct store_record record = {{first, second, third, 0}};
	bool ok = true;

	record.word[STORE_WORDS - 1] = store_check(&record);
	unlock(record_va(area, 0));
	for (u32 i = 0; ok && i < 2U * STORE_WORDS; i++) {
		u64 va = record_va(area, index) + 4 * i;
		u32 half = (u32)(record.word[i / 2] >> (32 * (i % 2)));

		io_write32(va, CMD_PROGRAM);
		io_write32(va, half);
		ok = finish(va) && io_read32(va) == half;
	}
	return ok;
}

/* Go over to the other area, with the newest snapshots only. */
static bool compact(void)
{
	u32 other = 1U - store.area, n = 1;
	u64 number = area_number(store.area) + 1;
	bool ok = erase(other);

	for (u32 i = 0; ok && i < CV_MAX_LINEAGES; i++) {
		if (lineages[i].generation != 0)
			ok = write_record(other, n++, lineages[i].id_low, lineages[i].id_high,
					  lineages[i].generation);
	}
	if (!ok || !write_record(other, 0, STORE_AREA_MAGIC, 0, number))
		return false;
	store.area = other;
	store.next = n;
	return true;
}

bool machine_store_append(struct lineage lineage)
{
	if (store.va == 0)
		return true;
	if (store.next == STORE_RECORDS && !compact())
		return false;
	return write_record(store.area, store.next++, lineage.id_low, lineage.id_high,
			    lineage.generation);
}

struct lineage machine_store_read(u32 index)
{
	struct store_record record = read_record(store.area, 1U + index);

	if (!is_whole(&record))
		return (struct lineage){0};
	return (struct lineage){record.word[0], record.word[1], record.word[2]};
}

u32 machine_store_size(void)
{
	return store.at_boot;
}

const char *store_init(struct range bank)
{
	u64 va;

	if (store.va != 0 || bank.size < STORE_SIZE || (bank.base & (CV_PAGE_SIZE - 1U)) != 0)
		return NULL;
	va = io_map(bank.base, STORE_SIZE);
	if (va == 0 || io_read64(va) != STORE_MAGIC)
		return NULL;
	store.va = va;
	store.base = bank.base;
	store.area = area_number(1) > area_number(0) ? 1 : 0;
	if (area_number(store.area) == 0)
		return "the store of newest snapshots is damaged: no area of it counts";
	for (store.next = 1; store.next < STORE_RECORDS; store.next++) {
		struct store_record record = read_record(store.area, store.next);

		if (is_blank(&record))
			break;
	}
	store.at_boot = store.next - 1U;
	log_line(LOG_INFO, "newest snapshots are kept in flash at %x: %u records", bank.base,
		 store.at_boot);
	return NULL;
}

bool store_is_at(u64 base)
{
	return store.va != 0 && store.base == base;
}
