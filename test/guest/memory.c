/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <sys/mman.h>

#include "test/guest/load.h"
#include "test/guest/secret.h"

#define LOAD_BYTES (8U << 20)

static uint64_t *secret;
static size_t secret_words;

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Fresh memory reads zero, holds what is written, and is different the next time. */
const char *load_memory(void)
{
	static uint64_t salt;
	size_t words = LOAD_BYTES / sizeof(uint64_t);
	volatile uint64_t *p = map(LOAD_BYTES);
	const char *wrong = NULL;

	if (p == NULL)
		return "memory: none to be had";
	salt++;
	for (size_t i = 0; i < words; i += 64) {
		if (p[i] != 0)
			wrong = "memory: fresh memory is not zero";
		p[i] = i * 0x9e3779b97f4a7c15ULL ^ salt;
	}
	for (size_t i = 0; i < words; i += 64) {
		if (p[i] != (i * 0x9e3779b97f4a7c15ULL ^ salt))
			wrong = "memory: a word has changed";
	}
	munmap((void *)p, LOAD_BYTES);
	return wrong;
}

const char *secret_setup(unsigned int megabytes)
{
	secret_words = ((size_t)megabytes << 20) / sizeof(uint64_t);
	secret = map(secret_words * sizeof(uint64_t));
	if (secret == NULL)
		return "secret: no memory";
	for (size_t i = 0; i < secret_words; i++)
		secret[i] = secret_word((unsigned int)(i % SECRET_WORDS));
	return NULL;
}

const char *secret_check(void)
{
	for (size_t i = 0; i < secret_words; i++) {
		if ((secret[i] ^ SECRET_MASK) != secret_masked((unsigned int)(i % SECRET_WORDS)))
			return "secret: a word of it has changed";
	}
	return NULL;
}
