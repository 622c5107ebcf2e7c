/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of a snapshot, as they lie in host frames. What is `sealed` is
 * ChaCha20-Poly1305 (RFC 8439). The head is sealed under the platform key with the
 * nonce it names; every other record under the snapshot's own key, fresh for each SAVE_BEGIN,
 * with its sequence number (1, 2, ...) as nonce. A page record is its 4,096 bytes; its
 * gfn and tag travel in registers.
 */
#ifndef COREVISOR_SNAPSHOT_H
#define COREVISOR_SNAPSHOT_H

#include <stdint.h>

#include "corevisor/limits.h"

#define CV_SNAPSHOT_MAGIC 0x32504e532d5643ULL /* "CV-SNP2" */

/* Sealed part of the head. */
struct cv_snapshot_layout {
	uint8_t key[32];
	uint8_t measurement[48];
	/* Which VM it is, and how often that was saved: newer ones make older ones worthless. */
	uint64_t lineage[2];
	uint64_t generation;
	/* CNTVCT_EL0 of the VM at SAVE_BEGIN: it goes on from there. */
	uint64_t counter;
	uint64_t pages;
	uint64_t vcpus;
	uint64_t nr_ram;
	uint64_t ram_gfn[CV_MAX_RAM_RANGES];
	uint64_t ram_frames[CV_MAX_RAM_RANGES];
};

/* Frame of SAVE_BEGIN and LOAD_BEGIN. magic and nonce are authenticated too. */
struct cv_snapshot_head {
	uint64_t magic;
	uint8_t nonce[12];
	uint8_t zero[4];
	uint8_t tag[16];
	struct cv_snapshot_layout sealed;
};

/* Frame of SAVE_END and LOAD_END. */
struct cv_snapshot_tail {
	uint8_t tag[16];
	uint64_t pages;
	uint64_t vcpus;
};

#endif
