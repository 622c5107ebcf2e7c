/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What crypto/ asks of the machine it runs on. arch/arm64 and arch/sim each supply
 * crypto_entropy() below, and crypto_platform_key() of core/crypto.h.
 */
#ifndef CRYPTO_ENTROPY_H
#define CRYPTO_ENTROPY_H

#include "core/types.h"

/*
 * Fill `out` with `size` bytes nobody can guess (SP 800-90B): from RNDRRS, TRNG_RND, or the seed
 * that the boot loader left. The simulator's come from its --seed. Called with crypto/'s lock
 * held; must not call crypto_random().
 */
void crypto_entropy(void *out, u32 size);

/*
 * Forget the state of the generator: the next crypto_random() seeds it anew from
 * crypto_entropy(). For the simulator, which boots many machines in one process.
 */
void crypto_reseed(void);

#endif
