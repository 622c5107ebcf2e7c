/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seam 2: cryptography, bound to a library by crypto/. All sizes in bytes.
 * Nothing here fails except where it says so.
 */
#ifndef CORE_CRYPTO_H
#define CORE_CRYPTO_H

#include "core/types.h"

#define CRYPTO_HASH_SIZE 48U /* SHA-384 (FIPS 180-4) */
#define CRYPTO_KEY_SIZE 32U /* ChaCha20-Poly1305 (RFC 8439) */
#define CRYPTO_NONCE_SIZE 12U
#define CRYPTO_TAG_SIZE 16U
#define CRYPTO_PUBLIC_KEY_SIZE 97U /* P-384 point, uncompressed (SEC 1, 2.3.3) */
#define CRYPTO_SIGNATURE_SIZE 96U /* r || s, big-endian */

/* A SHA-384 under way. */
struct crypto_hash {
	u64 opaque[28];
};

/*@ requires \valid(hash);
    terminates \true; exits \false; assigns *hash; */
void crypto_hash_init(struct crypto_hash *hash);
/*@ requires hash: \valid(hash);
    requires data: \valid_read(data + (0 .. size - 1));
    terminates \true; exits \false; assigns *hash; */
void crypto_hash_update(struct crypto_hash *hash, const u8 *data, u32 size);
/*@ requires hash: \valid_read(hash);
    requires digest: \valid(digest + (0 .. CRYPTO_HASH_SIZE - 1));
    terminates \true; exits \false; assigns digest[0 .. CRYPTO_HASH_SIZE - 1]; */
void crypto_hash_final(const struct crypto_hash *hash, u8 digest[CRYPTO_HASH_SIZE]);

/*
 * To the prover: how often a signature was good, something was encrypted, or found authentic; and
 * the nonce and the first bytes of `aad` the last time.
 */
#define CRYPTO_AAD_KNOWN 24U
/*@ ghost extern u64 crypto_verified;
    extern u64 crypto_sealed;
    extern u64 crypto_opened;
    extern u8 crypto_nonce[CRYPTO_NONCE_SIZE];
    extern u8 crypto_aad[CRYPTO_AAD_KNOWN]; */

/* clang-format off */
#define CRYPTO_LAST \
	crypto_nonce[0 .. CRYPTO_NONCE_SIZE - 1], crypto_aad[0 .. CRYPTO_AAD_KNOWN - 1]
#define CRYPTO_GHOSTS crypto_verified, crypto_sealed, crypto_opened, CRYPTO_LAST
/* clang-format on */

/* ECDSA P-384 over a SHA-384 digest: is the signature by that key? */
/*@ requires key: \valid_read(key + (0 .. CRYPTO_PUBLIC_KEY_SIZE - 1));
    requires digest: \valid_read(digest + (0 .. CRYPTO_HASH_SIZE - 1));
    requires signature: \valid_read(signature + (0 .. CRYPTO_SIGNATURE_SIZE - 1));
    terminates \true; exits \false; assigns crypto_verified;
    ensures verified: crypto_verified == (u64)(\old(crypto_verified) + (\result ? 1 : 0)); */
bool crypto_verify(const u8 key[CRYPTO_PUBLIC_KEY_SIZE], const u8 digest[CRYPTO_HASH_SIZE],
		   const u8 signature[CRYPTO_SIGNATURE_SIZE]);

/* Encrypt `data` in place; the tag also covers `aad`. */
/*@ requires key: \valid_read(key + (0 .. CRYPTO_KEY_SIZE - 1));
    requires nonce: \valid_read(nonce + (0 .. CRYPTO_NONCE_SIZE - 1));
    requires aad: \valid_read(aad + (0 .. aad_size - 1));
    requires data: \valid(data + (0 .. size - 1));
    requires tag: \valid(tag + (0 .. CRYPTO_TAG_SIZE - 1));
    terminates \true; exits \false;
    assigns data[0 .. size - 1], tag[0 .. CRYPTO_TAG_SIZE - 1], crypto_sealed,
      CRYPTO_LAST;
    ensures sealed: crypto_sealed == (u64)(\old(crypto_sealed) + 1);
    ensures nonce: \forall integer k; 0 <= k < CRYPTO_NONCE_SIZE ==>
      crypto_nonce[k] == \old(nonce[k]);
    ensures aad: \forall integer k; 0 <= k < aad_size && k < CRYPTO_AAD_KNOWN ==>
      crypto_aad[k] == \old(aad[k]); */
void crypto_seal(const u8 key[CRYPTO_KEY_SIZE], const u8 nonce[CRYPTO_NONCE_SIZE], const u8 *aad,
		 u32 aad_size, u8 *data, u32 size, u8 tag[CRYPTO_TAG_SIZE]);

/*
 * Check the tag over `aad` and `data`, decrypt `data` in place. Returns false if it is
 * not authentic; what `data` then holds is useless and must not be used.
 */
/*@ requires key: \valid_read(key + (0 .. CRYPTO_KEY_SIZE - 1));
    requires nonce: \valid_read(nonce + (0 .. CRYPTO_NONCE_SIZE - 1));
    requires aad: \valid_read(aad + (0 .. aad_size - 1));
    requires data: \valid(data + (0 .. size - 1));
    requires tag: \valid_read(tag + (0 .. CRYPTO_TAG_SIZE - 1));
    terminates \true; exits \false;
    assigns data[0 .. size - 1], crypto_opened, CRYPTO_LAST;
    ensures opened: crypto_opened == (u64)(\old(crypto_opened) + (\result ? 1 : 0));
    ensures nonce: \result ==> \forall integer k; 0 <= k < CRYPTO_NONCE_SIZE ==>
      crypto_nonce[k] == \old(nonce[k]);
    ensures aad: \result ==> \forall integer k; 0 <= k < aad_size && k < CRYPTO_AAD_KNOWN ==>
      crypto_aad[k] == \old(aad[k]); */
bool crypto_open(const u8 key[CRYPTO_KEY_SIZE], const u8 nonce[CRYPTO_NONCE_SIZE], const u8 *aad,
		 u32 aad_size, u8 *data, u32 size, const u8 tag[CRYPTO_TAG_SIZE]);

/* Random bytes fit for keys; callable from any CPU. */
/*@ requires \valid(out + (0 .. size - 1));
    terminates \true; exits \false; assigns out[0 .. size - 1]; */
void crypto_random(u8 *out, u32 size);

/* The key that seals snapshot headers; the same at every boot of a machine. */
/*@ requires \valid(key + (0 .. CRYPTO_KEY_SIZE - 1));
    terminates \true; exits \false; assigns key[0 .. CRYPTO_KEY_SIZE - 1]; */
void crypto_platform_key(u8 key[CRYPTO_KEY_SIZE]);

#endif
