/* SPDX-License-Identifier: BSD-3-Clause */
#include "entropy.h"

#include <string.h>

#include "cache.h"
#include "core/crypto.h"
#include "core/machine.h"
#include "crypto/entropy.h"
#include "layout.h"
#include "sysreg.h"

/* RNDRRS: a reseeded random number (K.a: s3_3_c2_c4_1); NZCV says whether there is one. */
#define RNDRRS_TRIES 100U

extern char _image_start[];

/* All that was gathered, hashed. Lock: that of crypto/; boot runs alone. */
static u8 pool[CRYPTO_HASH_SIZE];
/* The platform key of this boot, if the packer gave none. */
static u8 own_key[CRYPTO_KEY_SIZE];

static bool has_rndr(void)
{
	return id_field(sysreg_read(id_aa64isar0_el1), 60) != 0;
}

static u64 rndrrs(void)
{
	u64 value = 0, fail = 1;

	for (u32 i = 0; fail != 0 && i < RNDRRS_TRIES; i++)
		__asm__ volatile("mrs %0, s3_3_c2_c4_1; cset %1, eq"
				 : "=r"(value), "=r"(fail)
				 :
				 : "cc");
	return value;
}

/* pool = H(pool || what || data): `what` keeps uses apart. */
static void stir(u8 what, const void *data, u32 size, u8 out[CRYPTO_HASH_SIZE])
{
	struct crypto_hash hash;

	crypto_hash_init(&hash);
	crypto_hash_update(&hash, pool, sizeof(pool));
	crypto_hash_update(&hash, &what, 1);
	crypto_hash_update(&hash, data, size);
	crypto_hash_final(&hash, out);
}

bool entropy_init(const void *seed, u32 size)
{
	if (size < ENTROPY_MIN_SEED && !has_rndr())
		return false;
	stir(0, seed, size, pool);
	crypto_random(own_key, sizeof(own_key));
	return true;
}

void entropy_host_seed(void *out, u32 size)
{
	u8 block[CRYPTO_HASH_SIZE];
	u8 *to = out;

	for (u32 done = 0; done < size; done += CRYPTO_HASH_SIZE) {
		u32 part = size - done < CRYPTO_HASH_SIZE ? size - done : CRYPTO_HASH_SIZE;

		stir(1, &done, sizeof(done), block);
		memcpy(to + done, block, part);
	}
}

void crypto_entropy(void *out, u32 size)
{
	u8 block[CRYPTO_HASH_SIZE];
	u8 *to = out;

	for (u32 done = 0; done < size; done += CRYPTO_HASH_SIZE) {
		u32 part = size - done < CRYPTO_HASH_SIZE ? size - done : CRYPTO_HASH_SIZE;
		u64 fresh[4] = {machine_counter()};

		for (u32 i = 1; has_rndr() && i < 4; i++)
			fresh[i] = rndrrs();
		/* The pool moves on one way, what is given out comes from another. */
		stir(2, fresh, sizeof(fresh), pool);
		stir(3, fresh, sizeof(fresh), block);
		memcpy(to + done, block, part);
	}
	memset(block, 0, sizeof(block));
}

void crypto_platform_key(u8 key[CRYPTO_KEY_SIZE])
{
	const u8 *given = (const u8 *)_image_start + HEADER_PLATFORM_KEY;
	u8 any = 0;

	for (u32 i = 0; i < PLATFORM_KEY_SIZE; i++)
		any = (u8)(any | given[i]);
	if (any != 0) {
		memcpy(key, given, CRYPTO_KEY_SIZE);
		return;
	}
	memcpy(key, own_key, CRYPTO_KEY_SIZE);
}

void entropy_forget(void)
{
	memset(pool, 0, sizeof(pool));
	memset(own_key, 0, sizeof(own_key));
	cache_flush(pool, sizeof(pool));
	cache_flush(own_key, sizeof(own_key));
}
