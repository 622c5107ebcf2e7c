/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/key.h"

#include <bearssl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "vmm/report.h"

#define MAX_PEM 8192
#define MAX_DER 1024

struct der {
	uint8_t bytes[MAX_DER];
	size_t size;
	bool too_long;
};

static void der_append(void *context, const void *data, size_t size)
{
	struct der *der = context;

	if (size > MAX_DER - der->size) {
		der->too_long = true;
		return;
	}
	memcpy(&der->bytes[der->size], data, size);
	der->size += size;
}

static bool is_private_key(const char *name)
{
	return strcmp(name, BR_ENCODE_PEM_PKCS8) == 0 || strcmp(name, BR_ENCODE_PEM_EC_RAW) == 0;
}

/* The first private key of a PEM text. */
static bool find_key(const uint8_t *text, size_t size, struct der *der)
{
	br_pem_decoder_context pem;
	bool wanted = false;

	br_pem_decoder_init(&pem);
	while (size > 0) {
		size_t used = br_pem_decoder_push(&pem, text, size);

		text += used;
		size -= used;
		switch (br_pem_decoder_event(&pem)) {
		case BR_PEM_BEGIN_OBJ:
			wanted = is_private_key(br_pem_decoder_name(&pem));
			der->size = 0;
			br_pem_decoder_setdest(&pem, wanted ? der_append : NULL, der);
			break;
		case BR_PEM_END_OBJ:
			if (wanted)
				return !der->too_long;
			break;
		case BR_PEM_ERROR:
			return false;
		default:
			break;
		}
	}
	return false;
}

static int decode(struct owner_key *key, const struct der *der, const char *name)
{
	br_skey_decoder_context decoder;
	const br_ec_private_key *secret;
	uint8_t point[BR_EC_KBUF_PUB_MAX_SIZE];

	br_skey_decoder_init(&decoder);
	br_skey_decoder_push(&decoder, der->bytes, der->size);
	secret = br_skey_decoder_get_ec(&decoder);
	if (secret == NULL)
		return complain("%s: not an EC key (openssl genpkey -algorithm EC -pkeyopt "
				"ec_paramgen_curve:P-384)",
				name);
	if (secret->curve != BR_EC_secp384r1 || secret->xlen > KEY_SCALAR_SIZE)
		return complain("%s: a key for another curve than P-384", name);
	if (br_ec_compute_pub(&br_ec_prime_i31, NULL, point, secret) != KEY_POINT_SIZE)
		return complain("%s: a damaged key", name);
	memcpy(key->point, point, KEY_POINT_SIZE);
	memset(key->secret, 0, KEY_SCALAR_SIZE);
	memcpy(key->secret + KEY_SCALAR_SIZE - secret->xlen, secret->x, secret->xlen);
	explicit_bzero(&decoder, sizeof(decoder));
	return 0;
}

int key_read(struct owner_key *key, const char *name)
{
	uint8_t text[MAX_PEM];
	struct der der = {.size = 0};
	FILE *file = fopen(name, "rbe");
	size_t size;
	int error;

	if (file == NULL)
		return complain("%s: %s", name, strerror(errno));
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	if (find_key(text, size, &der))
		error = decode(key, &der, name);
	else
		error = complain("%s: no private key in PEM (an encrypted one: decrypt it first)",
				 name);
	explicit_bzero(text, sizeof(text));
	explicit_bzero(&der, sizeof(der));
	return error;
}

int key_sign(const struct owner_key *key, const uint8_t digest[KEY_DIGEST_SIZE],
	     uint8_t signature[KEY_SIGNATURE_SIZE])
{
	struct owner_key copy = *key;
	br_ec_private_key secret = {BR_EC_secp384r1, copy.secret, KEY_SCALAR_SIZE};
	size_t size = br_ecdsa_i31_sign_raw(&br_ec_prime_i31, &br_sha384_vtable, digest, &secret,
					    signature);

	key_forget(&copy);
	return size == KEY_SIGNATURE_SIZE ? 0 : -1;
}

void key_forget(struct owner_key *key)
{
	explicit_bzero(key, sizeof(*key));
}
