/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * leak FILE: look for words that tick.S had in memory and registers, 1,000 of them and its seed,
 * at any byte of a file; and whether the pages in it look random. Exit code 1 if one is found.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 0x9c1f3a526d0e4f4bULL
#define WORDS 1000
#define MAX_SIZE (4U << 20)

static unsigned char bytes[MAX_SIZE];

static uint64_t next(uint64_t word)
{
	word ^= word << 13;
	word ^= word >> 7;
	word ^= word << 17;
	return word;
}

static unsigned int count(size_t size, uint64_t word)
{
	return memmem(bytes, size, &word, sizeof(word)) != NULL;
}

/* Bits of information a byte, of records that are pages. */
static double entropy(size_t size)
{
	unsigned long seen[256] = {0};
	unsigned long total = 0;
	double bits = 0;

	for (size_t at = 96; at + 4136 <= size; at += 4136) {
		if (bytes[at] != 2)
			continue;
		for (size_t i = 40; i < 4136; i++, total++)
			seen[bytes[at + i]]++;
	}
	for (unsigned int i = 0; i < 256; i++) {
		double share = (double)seen[i] / (double)total;

		bits -= seen[i] == 0 ? 0 : share * log2(share);
	}
	return bits;
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	size_t size = file != NULL ? fread(bytes, 1, MAX_SIZE, file) : 0;
	uint64_t word = SEED;
	unsigned int found;

	if (size < 4232) {
		fprintf(stderr, "leak: %s: no snapshot\n", argc == 2 ? argv[1] : "which file?");
		return 2;
	}
	found = count(size, word);
	for (unsigned int i = 0; i < WORDS; i++) {
		word = next(word);
		found += count(size, word);
	}
	printf("leak: %u of %u words found; %.4f bits of information a byte\n", found, WORDS + 1,
	       entropy(size));
	return found != 0 || entropy(size) < 7.99;
}
