/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the owner of a VM does at home: works out the measurement that the VM must
 * have, and signs it.
 */
#ifndef SIM_MANIFEST_H
#define SIM_MANIFEST_H

#include "core/crypto.h"
#include "core/types.h"
#include "corevisor/manifest.h"

/*
 * The manifest for a VM as it is now, in up to 512 words. bad: 0 a good one, 1 another
 * measurement, 2 a wrong signature, 3 no magic. Returns the number of words.
 */
u32 manifest_make(u32 vm, u32 bad, u64 *words);

/* Begin the measurement of a VM: everything but its image. owner: of manifest_signer. */
void manifest_layout(u32 vm, const u8 owner[CRYPTO_HASH_SIZE], struct crypto_hash *hash);

/* Who signed it: what the measurement says of the key. */
void manifest_signer(const struct cv_manifest *manifest, u8 owner[CRYPTO_HASH_SIZE]);

/* Has the owner signed that? */
bool manifest_signed(const struct cv_manifest *manifest);

#endif
