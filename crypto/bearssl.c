/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seam 2 (core/crypto.h) bound to BearSSL. Only its constant-time implementations are
 * named, and none that needs more of libc than memcpy, memmove, memset, memcmp
 * and strlen, so that this file links into the simulator and into the core alike.
 */
#include <bearssl.h>
#include <string.h>

#include "core/crypto.h"
#include "core/machine.h"
#include "crypto/entropy.h"

/* Bytes that seed the generator: the strength of SHA-384 (SP 800-90A, 10.1) and a nonce. */
#define SEED_SIZE (CRYPTO_HASH_SIZE + CRYPTO_HASH_SIZE / 2U)
/* Most bytes BearSSL's HMAC_DRBG gives in one go (SP 800-90A, table 2: 2^19 bits). */
#define DRBG_MAX_REQUEST (1U << 16)

_Static_assert(sizeof(br_sha384_context) <= sizeof(struct crypto_hash), "hash state fits");
_Static_assert(CRYPTO_HASH_SIZE == br_sha384_SIZE, "SHA-384");
_Static_assert(CRYPTO_KEY_SIZE == 32 && CRYPTO_NONCE_SIZE == 12 && CRYPTO_TAG_SIZE == 16,
	       "ChaCha20-Poly1305 of RFC 8439");
_Static_assert(CRYPTO_PUBLIC_KEY_SIZE == 1 + 2 * 48, "an uncompressed P-384 point");
_Static_assert(CRYPTO_SIGNATURE_SIZE == 2 * 48, "r and s of P-384");

/* The generator, of all CPUs. A ticket lock, because core/lock.h knows nothing of it. */
static u32 drbg_next;
static u32 drbg_serving;
static bool drbg_seeded;
static br_hmac_drbg_context drbg;

static void drbg_lock(void)
{
	u32 ticket = __atomic_fetch_add(&drbg_next, 1U, __ATOMIC_RELAXED);

	while (__atomic_load_n(&drbg_serving, __ATOMIC_ACQUIRE) != ticket)
		machine_relax();
}

static void drbg_unlock(void)
{
	u32 serving = __atomic_load_n(&drbg_serving, __ATOMIC_RELAXED);

	__atomic_store_n(&drbg_serving, serving + 1U, __ATOMIC_RELEASE);
}

/* Zero what must not stay in memory; the compiler may not drop it. */
static void forget(void *data, size_t size)
{
	memset(data, 0, size);
	__asm__ volatile("" : : "r"(data) : "memory");
}

/* The library's state lives in the core's opaque words between two calls. */
static void hash_load(br_sha384_context *ctx, const struct crypto_hash *hash)
{
	memcpy(ctx, hash->opaque, sizeof(*ctx));
}

static void hash_store(struct crypto_hash *hash, const br_sha384_context *ctx)
{
	memset(hash->opaque, 0, sizeof(hash->opaque));
	memcpy(hash->opaque, ctx, sizeof(*ctx));
}

void crypto_hash_init(struct crypto_hash *hash)
{
	br_sha384_context ctx;

	/* Not all of it is set by the library. */
	memset(&ctx, 0, sizeof(ctx));
	br_sha384_init(&ctx);
	hash_store(hash, &ctx);
}

void crypto_hash_update(struct crypto_hash *hash, const u8 *data, u32 size)
{
	br_sha384_context ctx;

	hash_load(&ctx, hash);
	br_sha384_update(&ctx, data, size);
	hash_store(hash, &ctx);
	forget(&ctx, sizeof(ctx));
}

void crypto_hash_final(const struct crypto_hash *hash, u8 digest[CRYPTO_HASH_SIZE])
{
	br_sha384_context ctx;

	hash_load(&ctx, hash);
	br_sha384_out(&ctx, digest);
	forget(&ctx, sizeof(ctx));
}

bool crypto_verify(const u8 key[CRYPTO_PUBLIC_KEY_SIZE], const u8 digest[CRYPTO_HASH_SIZE],
		   const u8 signature[CRYPTO_SIGNATURE_SIZE])
{
	u8 point[CRYPTO_PUBLIC_KEY_SIZE];
	br_ec_public_key pk = {
		.curve = BR_EC_secp384r1,
		.q = point,
		.qlen = sizeof(point),
	};

	/* The library wants a point it could write to. */
	memcpy(point, key, sizeof(point));
	return br_ecdsa_i31_vrfy_raw(&br_ec_prime_i31, digest, CRYPTO_HASH_SIZE, &pk, signature,
				     CRYPTO_SIGNATURE_SIZE) == 1U;
}

void crypto_seal(const u8 key[CRYPTO_KEY_SIZE], const u8 nonce[CRYPTO_NONCE_SIZE], const u8 *aad,
		 u32 aad_size, u8 *data, u32 size, u8 tag[CRYPTO_TAG_SIZE])
{
	br_poly1305_ctmul_run(key, nonce, data, size, aad, aad_size, tag, &br_chacha20_ct_run, 1);
}

bool crypto_open(const u8 key[CRYPTO_KEY_SIZE], const u8 nonce[CRYPTO_NONCE_SIZE], const u8 *aad,
		 u32 aad_size, u8 *data, u32 size, const u8 tag[CRYPTO_TAG_SIZE])
{
	u8 computed[CRYPTO_TAG_SIZE];
	u8 difference = 0;

	br_poly1305_ctmul_run(key, nonce, data, size, aad, aad_size, computed, &br_chacha20_ct_run,
			      0);
	/* In the same time whatever differs. */
	for (u32 i = 0; i < CRYPTO_TAG_SIZE; i++)
		difference = (u8)(difference | (computed[i] ^ tag[i]));
	forget(computed, sizeof(computed));
	return difference == 0;
}

static void drbg_seed(void)
{
	u8 seed[SEED_SIZE];

	crypto_entropy(seed, sizeof(seed));
	br_hmac_drbg_init(&drbg, &br_sha384_vtable, seed, sizeof(seed));
	forget(seed, sizeof(seed));
	drbg_seeded = true;
}

void crypto_random(u8 *out, u32 size)
{
	u8 *to = out;

	drbg_lock();
	if (!drbg_seeded)
		drbg_seed();
	while (size > 0) {
		u32 part = size < DRBG_MAX_REQUEST ? size : DRBG_MAX_REQUEST;

		br_hmac_drbg_generate(&drbg, to, part);
		to += part;
		size -= part;
	}
	drbg_unlock();
}

void crypto_reseed(void)
{
	drbg_lock();
	drbg_seeded = false;
	drbg_unlock();
}
