/* SPDX-License-Identifier: BSD-3-Clause */
/* Anything, to every register that the core emulates: the core lives, and so does the host. */
#include "host.h"

#define ECAM 0x4010000000ULL
#define ECAM_SIZE 0x10000000ULL
#define GICR 0x080a0000ULL
#define GITS 0x08080000ULL
#define GITS_CTLR (GITS + 0x00)
#define GITS_CBASER (GITS + 0x80)
#define GITS_CWRITER (GITS + 0x88)
#define FRAME 0x10000ULL
#define ROUNDS 20000

static u64 state = 0x9e3779b97f4a7c15ULL;

static u64 random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* An address that matters as often as one that does not. */
static u64 value(void)
{
	switch (random() % 4) {
	case 0:
		return random();
	case 1:
		return random() % 256;
	case 2:
		return 1ULL << 63 | (RAM_BASE + (random() & 0x1ffff000)) | random() % 32;
	default:
		return 1ULL << 63 | (boot_option("image") + (random() & 0xfff000));
	}
}

static u64 address(void)
{
	/* The registers that do something are at the start of their frame. */
	u64 offset = random() % 2 ? random() % 0x200 : random() % FRAME;

	switch (random() % 4) {
	case 0:
		return GITS + offset;
	case 1:
		return GICR + offset;
	case 2:
		return GICR + 2 * FRAME + offset;
	default:
		/* Not what is there: only what must look as if nothing were. */
		return ECAM + 0x100000 + random() % (ECAM_SIZE - 0x100000);
	}
}

/* Commands of every kind, in a page of the host. */
static void queue_random(u64 page)
{
	for (u64 at = page; at < page + PAGE; at += 8)
		put(at, 8, at % 32 == 0 ? random() % 48 | random() % 512 << 32 : value());
	put(GITS_CTLR, 4, 0);
	put(GITS_CBASER, 8, 1ULL << 63 | page);
	put(GITS_CTLR, 4, 1);
	put(GITS_CWRITER, 8, PAGE - 32);
}

void attack_fuzz(void)
{
	u64 page = new_page();

	for (u32 i = 0; i < ROUNDS; i++) {
		u32 size = 1U << random() % 4;
		u64 at = address() & ~(u64)(size - 1);

		if (random() % 2)
			put(at, size, value());
		else
			(void)get(at, size);
		if (i % 100 == 0)
			queue_random(page);
	}
	target("fuzz", boot_option("image") + 0x1000, "image",
	       "random accesses to the ITS, "
	       "redistributors, configuration space");
}
