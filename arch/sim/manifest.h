/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the owner of a VM does at home: works out the measurement that the VM must
 * have, and signs it.
 */
#ifndef SIM_MANIFEST_H
#define SIM_MANIFEST_H

#include "core/types.h"

/*
 * The manifest for a VM as it is now, in up to 512 words. bad: 0 a good one, 1 another
 * measurement, 2 a wrong signature, 3 no magic. Returns the number of words.
 */
u32 manifest_make(u32 vm, u32 bad, u64 *words);

#endif
