/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the owner of a VM signs: the measurement the VM must have. The host
 * hands it in with SET_MANIFEST; without one a VM is measured only.
 */
#ifndef COREVISOR_MANIFEST_H
#define COREVISOR_MANIFEST_H

#include <stdint.h>

#define CV_MANIFEST_MAGIC 0x31534e4d2d5643ULL /* "CV-MNS1" */

struct cv_manifest {
	uint64_t magic;
	/* SHA-384 that the measurement must equal. */
	uint8_t measurement[48];
	/* ECDSA P-384 over SHA-384(magic || measurement), r || s. */
	uint8_t signature[96];
	/* The owner's key, an uncompressed point; part of the measurement. */
	uint8_t key[97];
	uint8_t zero[7];
};

#endif
