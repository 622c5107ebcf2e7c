/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the test VMs keep secret, and the attacks look for: a pattern of eight words. It is
 * computed when it is needed, so that it is in no file, and in nobody's memory but that of a
 * VM: whoever looks for it compares the words masked.
 */
#ifndef TEST_GUEST_SECRET_H
#define TEST_GUEST_SECRET_H

#include <stdint.h>

#define SECRET_WORDS 8U
#define SECRET_MASK 0x5bd1e995a3c59ac3ULL

/* Word i of the pattern, exclusive-or SECRET_MASK. Never equal to a word of it. */
static inline uint64_t secret_masked(unsigned int i)
{
	uint64_t x = (i % SECRET_WORDS + 1) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* Word i itself; volatile, so that no compiler computes it and stores it in a program. */
static inline uint64_t secret_word(unsigned int i)
{
	volatile uint64_t mask = SECRET_MASK;

	return secret_masked(i) ^ mask;
}

/* Whether this is a word of the pattern. */
static inline int secret_is(uint64_t word)
{
	for (unsigned int i = 0; i < SECRET_WORDS; i++) {
		if ((word ^ SECRET_MASK) == secret_masked(i))
			return 1;
	}
	return 0;
}

#endif
