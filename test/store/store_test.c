/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store_test IMAGE: the driver of the store (arch/arm64/store.c) and core/rollback.c on a bank of
 * flash made up here, which loses power in the middle of a program or an erase. IMAGE is what
 * corevisor-pack --nv made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rollback.h"

/* With it, not beside it: a reboot has to clear what it keeps. */
#include "arch/arm64/store.c"

#define BASE 0x4000000ULL
#define VA 0x100000ULL
#define NR_VMS 60U

struct lineage lineages[CV_MAX_LINEAGES];

static u8 image[STORE_SIZE];
static u8 flash[STORE_SIZE];
static u32 command; /* the first half of one; 0: none */
static bool shows_status;
static u32 status;
static u32 force_status; /* what a chip that is broken says */
static u32 unlocked; /* its block + 1 */
static u32 nr_programs, nr_erases;
static u32 power; /* programs and erases until it fails; 0: it does not */
static jmp_buf power_failed;
static u32 failures, checks;
static u64 seed = 1;

#define CHECK(condition) check((condition), #condition, __LINE__)

static bool check(bool ok, const char *what, int line)
{
	checks++;
	if (!ok && failures++ < 20)
		printf("store_test.c:%d: %s\n", line, what);
	return ok;
}

static u32 random32(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(seed >> 32);
}

void log_line(enum log_level level, const char *format, ...)
{
	(void)level;
	(void)format;
}

u64 io_map(u64 pa, u64 size)
{
	return pa == BASE && size == STORE_SIZE ? VA : 0;
}

u64 io_read(u64 va, u32 size)
{
	u64 value = 0;

	if (shows_status)
		return status;
	memcpy(&value, flash + (va - VA), size);
	return value;
}

/* Does the power fail in the middle of this? */
static bool fails_now(void)
{
	return power != 0 && --power == 0;
}

static _Noreturn void fail(void)
{
	longjmp(power_failed, 1);
}

/* A program only clears bits; one that is cut off has cleared some. */
static void program(u64 offset, u32 value)
{
	u32 old;
	bool torn = fails_now();

	nr_programs++;
	memcpy(&old, flash + offset, 4);
	old &= torn ? value | random32() : value;
	memcpy(flash + offset, &old, 4);
	if (torn)
		fail();
}

static void erase_block(u64 offset)
{
	u8 *block = flash + offset / STORE_BLOCK * STORE_BLOCK;
	bool torn = fails_now();

	nr_erases++;
	for (u32 i = 0; i < STORE_BLOCK; i++)
		block[i] = torn ? block[i] | (u8)random32() : 0xff;
	if (torn)
		fail();
}

static void second_half(u64 offset, u32 value)
{
	u32 block = (u32)(offset / STORE_BLOCK) + 1;

	if (command == CMD_LOCK) {
		CHECK(value == CMD_CONFIRM);
		unlocked = block;
	} else if (unlocked != block) {
		status = STATUS_READY | BOTH(0x12U);
	} else if (command == CMD_PROGRAM) {
		program(offset, value);
	} else if (CHECK(value == CMD_CONFIRM)) {
		erase_block(offset);
	}
	command = 0;
}

void io_write(u64 va, u32 size, u64 value)
{
	CHECK(size == 4 && (va & 3) == 0);
	/* Block 0 is written by nobody. */
	CHECK(va - VA >= STORE_BLOCK && va - VA < STORE_SIZE);
	if (command != 0) {
		second_half(va - VA, (u32)value);
	} else if (value == CMD_READ_ARRAY) {
		shows_status = false;
	} else if (value == CMD_CLEAR_STATUS) {
		status = STATUS_READY;
	} else if (CHECK(value == CMD_LOCK || value == CMD_PROGRAM || value == CMD_ERASE)) {
		command = (u32)value;
		shows_status = true;
		status = STATUS_READY | force_status;
	}
}

/* The machine as it comes up; the result of the core's boot. */
static int reboot(void)
{
	memset(&store, 0, sizeof(store));
	memset(lineages, 0, sizeof(lineages));
	command = unlocked = 0;
	shows_status = false;
	status = STATUS_READY;
	power = 0;
	if (store_init((struct range){BASE, STORE_SIZE}) != NULL)
		return -1;
	return rollback_init();
}

static struct lineage lineage(u32 vm, u64 generation)
{
	return (struct lineage){vm, 77, generation};
}

static void other_banks(void)
{
	memset(&store, 0, sizeof(store));
	flash[0] ^= 1;
	CHECK(store_init((struct range){BASE, STORE_SIZE}) == NULL && !store_is_at(BASE));
	CHECK(machine_store_append(lineage(1, 1)) && nr_programs == 0);
	flash[0] ^= 1;
	CHECK(store_init((struct range){BASE, STORE_SIZE - 1}) == NULL && !store_is_at(BASE));
	CHECK(store_init((struct range){BASE + 8, STORE_SIZE}) == NULL && !store_is_at(BASE));
	flash[STORE_BLOCK + 16] ^= 1;
	CHECK(reboot() == -1);
	flash[STORE_BLOCK + 16] ^= 1;
	CHECK(reboot() == 0 && store_is_at(BASE) && !store_is_at(0));
	CHECK(machine_store_size() == 0);
}

/* A chip that says that it cannot, or does something else: no snapshot is noted. */
static void broken_chip(void)
{
	CHECK(reboot() == 0);
	CHECK(rollback_note(lineage(1, 1)) == 0);
	force_status = BOTH(0x10U);
	CHECK(rollback_note(lineage(1, 2)) == CV_ENOSPC);
	force_status = 0;
	memset(flash + STORE_BLOCK + 3 * 32, 0, 4);
	CHECK(rollback_note(lineage(1, 2)) == CV_ENOSPC);
	CHECK(rollback_check(lineage(1, 1)) == 0);
	CHECK(rollback_note(lineage(1, 2)) == 0);
	CHECK(reboot() == 0);
	CHECK(rollback_check(lineage(1, 1)) == CV_ESTALE);
	CHECK(rollback_check(lineage(1, 2)) == 0);
}

/*
 * Snapshots of many VMs, with power failures anywhere: after each reboot what was noted is known,
 * and nothing is that was not begun.
 */
static void random_life(u32 steps, u32 odds)
{
	static u64 noted[NR_VMS], begun[NR_VMS];
	static volatile u32 step, reboots;

	memcpy(flash, image, sizeof(flash));
	memset(noted, 0, sizeof(noted));
	memset(begun, 0, sizeof(begun));
	CHECK(reboot() == 0);
	reboots = nr_programs = nr_erases = 0;
	for (step = 0; step < steps; step++) {
		u32 vm = random32() % NR_VMS;

		if (setjmp(power_failed) == 0) {
			if (random32() % odds == 0)
				power = 1 + random32() % 20;
			begun[vm] = noted[vm] + 1;
			if (CHECK(rollback_note(lineage(vm, begun[vm])) == 0))
				noted[vm] = begun[vm];
			continue;
		}
		reboots++;
		CHECK(reboot() == 0);
		for (u32 v = 0; v < NR_VMS; v++) {
			CHECK(rollback_check(lineage(v, begun[v])) == 0);
			if (noted[v] != 0)
				CHECK(rollback_check(lineage(v, noted[v] - 1)) == CV_ESTALE);
			/* It counts, or it does not; from now on for good. */
			if (rollback_check(lineage(v, noted[v])) == CV_ESTALE)
				noted[v] = begun[v];
		}
	}
	printf("%u snapshots, %u power failures, %u words programmed, %u blocks erased\n", steps,
	       reboots, nr_programs, nr_erases);
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;

	if (file == NULL || fread(image, 1, sizeof(image), file) != sizeof(image)) {
		fprintf(stderr, "usage: store_test IMAGE (of corevisor-pack --nv)\n");
		return 2;
	}
	memcpy(flash, image, sizeof(flash));
	other_banks();
	broken_chip();
	random_life(100000, 50);
	/* Around the changes of area, all the time. */
	random_life(30000, 3);
	printf("store: %u checks, %u failed\n", checks, failures);
	return failures != 0;
}
