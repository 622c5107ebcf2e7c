/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The store of newest snapshots in a bank of NOR flash; shared with the packer, which makes one.
 *
 * Block 0 has the magic, and is never written again. Blocks 1 and 2 are two areas, of which the one
 * with the higher number counts: record 0 is its header, the others are newest snapshots in the
 * order in which they were made. A record whose check word is wrong was torn by a power failure
 * and does not count. When an area is full, the other one is erased and gets what is still needed,
 * its header last.
 */
#ifndef ARM64_STORE_FORMAT_H
#define ARM64_STORE_FORMAT_H

#include <stdint.h>

#define STORE_MAGIC 0x3152545356435643ULL /* "CVCVSTR1" */
#define STORE_AREA_MAGIC 0x4145524156435643ULL /* "CVCVAREA" */
/* An erase block of all chips of the bank together: QEMU's virt. */
#define STORE_BLOCK 0x40000U
#define STORE_AREAS 2U
#define STORE_SIZE (STORE_BLOCK * (1U + STORE_AREAS))
#define STORE_WORDS 4U /* of a record */
#define STORE_RECORDS (STORE_BLOCK / (8U * STORE_WORDS))

/* id, id, generation, check; of a header: STORE_AREA_MAGIC, 0, the area's number, check. */
struct store_record {
	uint64_t word[STORE_WORDS];
};

/* What the check word must be: FNV-1a by words, which no erased record has. */
static inline uint64_t store_check(const struct store_record *record)
{
	uint64_t check = 0xcbf29ce484222325ULL;

	for (uint32_t i = 0; i + 1 < STORE_WORDS; i++) {
		check = (check ^ record->word[i]) * 0x100000001b3ULL;
		check ^= check >> 32;
	}
	return check;
}

#endif
