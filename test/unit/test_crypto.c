/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crypto/ against published vectors, and against openssl: test/unit/ecdsa-vectors.py
 * writes fresh signatures to the file that UNIT_ECDSA names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"
#include "crypto/entropy.h"
#include "test/unit/machine.h"
#include "test/unit/unit.h"

/* Bytes of a string of hexadecimal digits; stops at anything else. */
static u32 unhex(const char *hex, u8 *out, u32 room)
{
	u32 n = 0;
	unsigned int byte;

	while (n < room && sscanf(hex + 2 * (size_t)n, "%2x", &byte) == 1) {
		out[n] = (u8)byte;
		n++;
	}
	return n;
}

static bool is_hex(const u8 *data, u32 size, const char *hex)
{
	u8 want[512];

	return unhex(hex, want, sizeof(want)) == size && memcmp(data, want, size) == 0;
}

/* FIPS 180-4 examples: the data `times` times over. */
static const struct hash_vector {
	const char *data;
	u32 times;
	const char *digest;
} hash_vectors[] = {
	{"", 1,
	 "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
	 "274edebfe76f65fbd51ad2f14898b95b"},
	{"abc", 1,
	 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	 "8086072ba1e7cc2358baeca134c825a7"},
	{"aaaaaaaaaa", 100000,
	 "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b"
	 "07b8b3dc38ecc4ebae97ddd87f3d8985"},
};

static void test_hash(void)
{
	for (u32 i = 0; i < sizeof(hash_vectors) / sizeof(hash_vectors[0]); i++) {
		const struct hash_vector *v = &hash_vectors[i];
		struct crypto_hash hash;
		u8 digest[CRYPTO_HASH_SIZE];

		unit_case("SHA-384 of %u x \"%s\"", v->times, v->data);
		crypto_hash_init(&hash);
		for (u32 n = 0; n < v->times; n++)
			crypto_hash_update(&hash, (const u8 *)v->data, (u32)strlen(v->data));
		crypto_hash_final(&hash, digest);
		CHECK(is_hex(digest, sizeof(digest), v->digest));
		/* It may go on after a digest has been taken. */
		crypto_hash_final(&hash, digest);
		CHECK(is_hex(digest, sizeof(digest), v->digest));
	}
}

/* RFC 8439, 2.8.2. */
static const char aead_plain[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
				 "only one tip for the future, sunscreen would be it.";
static const char aead_cipher[] = "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
				  "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
				  "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
				  "3ff4def08e4b7a9de576d26586cec64b6116";
#define AEAD_SIZE 114U
#define AEAD_AAD_SIZE 12U

struct aead {
	u8 key[CRYPTO_KEY_SIZE];
	u8 nonce[CRYPTO_NONCE_SIZE];
	u8 aad[AEAD_AAD_SIZE];
	u8 data[AEAD_SIZE];
	u8 tag[CRYPTO_TAG_SIZE];
};

static struct aead aead_sealed(void)
{
	struct aead a;

	for (u32 i = 0; i < sizeof(a.key); i++)
		a.key[i] = (u8)(0x80U + i);
	(void)unhex("070000004041424344454647", a.nonce, sizeof(a.nonce));
	(void)unhex("50515253c0c1c2c3c4c5c6c7", a.aad, sizeof(a.aad));
	memcpy(a.data, aead_plain, sizeof(a.data));
	crypto_seal(a.key, a.nonce, a.aad, sizeof(a.aad), a.data, sizeof(a.data), a.tag);
	return a;
}

static bool aead_opens(struct aead *a)
{
	return crypto_open(a->key, a->nonce, a->aad, sizeof(a->aad), a->data, sizeof(a->data),
			   a->tag);
}

static void test_aead(void)
{
	struct aead a = aead_sealed();

	unit_case("RFC 8439, 2.8.2");
	CHECK(is_hex(a.data, sizeof(a.data), aead_cipher));
	CHECK(is_hex(a.tag, sizeof(a.tag), "1ae10b594f09e26a7e902ecbd0600691"));
	CHECK(aead_opens(&a));
	CHECK(memcmp(a.data, aead_plain, sizeof(a.data)) == 0);

	for (u32 i = 0; i < sizeof(a) * 8; i++) {
		unit_case("bit %u of key, nonce, aad, data or tag is wrong", i);
		a = aead_sealed();
		((u8 *)&a)[i / 8] ^= (u8)(1U << (i % 8));
		CHECK(!aead_opens(&a));
	}
}

static void check_signature(const char *key_hex, const char *digest_hex, const char *signature_hex)
{
	u8 key[CRYPTO_PUBLIC_KEY_SIZE];
	u8 digest[CRYPTO_HASH_SIZE];
	u8 signature[CRYPTO_SIGNATURE_SIZE];

	CHECK(unhex(key_hex, key, sizeof(key)) == sizeof(key));
	CHECK(unhex(digest_hex, digest, sizeof(digest)) == sizeof(digest));
	CHECK(unhex(signature_hex, signature, sizeof(signature)) == sizeof(signature));
	CHECK(crypto_verify(key, digest, signature));
	for (u32 i = 0; i < 8; i++) {
		digest[5 * i] ^= 1;
		CHECK(!crypto_verify(key, digest, signature));
		digest[5 * i] ^= 1;
		signature[11 * i] ^= 0x80;
		CHECK(!crypto_verify(key, digest, signature));
		signature[11 * i] ^= 0x80;
		/* Not on the curve any more, or no point at all. */
		key[12 * i] ^= 4;
		CHECK(!crypto_verify(key, digest, signature));
		key[12 * i] ^= 4;
	}
	memset(signature, 0, sizeof(signature));
	CHECK(!crypto_verify(key, digest, signature));
	memset(signature, 0xff, sizeof(signature));
	CHECK(!crypto_verify(key, digest, signature));
	memset(key, 0, sizeof(key));
	CHECK(!crypto_verify(key, digest, signature));
}

static void test_signature(void)
{
	const char *path = getenv("UNIT_ECDSA");
	char key[200];
	char digest[100];
	char signature[200];
	u32 nr = 0;
	FILE *f;

	unit_case("RFC 6979, A.2.6: SHA-384, \"sample\"");
	check_signature("04"
			"EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64"
			"DEF8F0EA9055866064A254515480BC13"
			"8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1"
			"288B231C3AE0D4FE7344FD2533264720",
			"9a9083505bc92276aec4be312696ef7bf3bf603f4bbd381196a029f340585312"
			"313bca4a9b5b890efee42c77b1ee25fe",
			"94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
			"81A648152E44ACF96E36DD1E80FABE46"
			"99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F"
			"A329C145786E679E7B82C71A38628AC8");
	if (path == NULL)
		return;
	f = fopen(path, "r");
	if (!CHECK(f != NULL))
		return;
	while (fscanf(f, "%199s %99s %199s", key, digest, signature) == 3) {
		unit_case("openssl's signature %u", nr);
		check_signature(key, digest, signature);
		nr++;
	}
	CHECK(nr > 0);
	(void)fclose(f);
}

static void test_random(void)
{
	u8 a[64];
	u8 b[64];
	static u8 big[100000];
	u32 ones = 0;

	machine_reset(0x400, 16);
	unit_case("random bytes");
	crypto_random(a, sizeof(a));
	crypto_random(b, sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	crypto_reseed();
	crypto_random(b, sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	/* The same entropy gives the same bytes: runs of the simulator repeat. */
	machine_reset(0x400, 16);
	crypto_random(b, sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) == 0);
	crypto_random(big, sizeof(big));
	for (u32 i = 0; i < sizeof(big); i++)
		ones += (u32)__builtin_popcount(big[i]);
	CHECK(ones > sizeof(big) * 4 - 4000 && ones < sizeof(big) * 4 + 4000);
}

void test_crypto(void)
{
	test_hash();
	test_aead();
	test_signature();
	test_random();
}
