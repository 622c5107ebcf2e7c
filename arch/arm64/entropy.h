/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the core's random numbers come from (crypto/entropy.h asks for them). */
#ifndef ARM64_ENTROPY_H
#define ARM64_ENTROPY_H

#include "core/types.h"

/* Bytes of the loader's seed that are enough where the CPU has no generator. */
#define ENTROPY_MIN_SEED 32U

/*
 * Boot, before anything random is asked for: `seed` is what the boot loader left in
 * /chosen/rng-seed. Returns false if neither it nor the CPU gives enough.
 */
bool entropy_init(const void *seed, u32 size);

/* What the host finds in /chosen/rng-seed instead: it must not know ours. */
void entropy_host_seed(void *out, u32 size);

/* Before a reset: nobody asks for random numbers or the platform key again. */
void entropy_forget(void);

#endif
