/* SPDX-License-Identifier: BSD-3-Clause */
/* The key of a VM's owner: ECDSA over P-384, in a PEM file as the openssl tool writes it. */
#ifndef VMM_KEY_H
#define VMM_KEY_H

#include <stdint.h>

#define KEY_POINT_SIZE 97 /* an uncompressed point */
#define KEY_SCALAR_SIZE 48
#define KEY_SIGNATURE_SIZE 96 /* r and s */
#define KEY_DIGEST_SIZE 48 /* SHA-384 */

struct owner_key {
	uint8_t secret[KEY_SCALAR_SIZE];
	uint8_t point[KEY_POINT_SIZE];
};

/* Read a private key. 0, or -1 when the file does not do, which has been said. */
int key_read(struct owner_key *key, const char *name);
/* 0, or -1: cannot happen with a key that was read. */
int key_sign(const struct owner_key *key, const uint8_t digest[KEY_DIGEST_SIZE],
	     uint8_t signature[KEY_SIGNATURE_SIZE]);
/* Nothing of it stays in memory. */
void key_forget(struct owner_key *key);

#endif
