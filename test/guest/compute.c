/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "test/guest/load.h"

#define LIMIT 200000U
#define PRIMES_BELOW_LIMIT 17984U

static unsigned int count_primes(void)
{
	static uint8_t composite[LIMIT];
	unsigned int count = 0;

	memset(composite, 0, sizeof(composite));
	for (unsigned int i = 2; i < LIMIT; i++) {
		if (composite[i])
			continue;
		count++;
		for (unsigned int j = 2 * i; j < LIMIT; j += i)
			composite[j] = 1;
	}
	return count;
}

/* Sums of 1/n^2 from the small end: rounding makes each step depend on all before. */
static double series(void)
{
	volatile double sum = 0;

	for (unsigned int n = 30000; n > 0; n--)
		sum = sum + 1.0 / ((double)n * n);
	return sum;
}

const char *load_compute(void)
{
	static double first;
	double sum = series();

	if (count_primes() != PRIMES_BELOW_LIMIT)
		return "compute: wrong number of primes";
	if (first == 0)
		first = sum;
	/* pi^2 / 6 - 1/30000, and the same to the last bit whenever it is computed. */
	if (sum < 1.64490073 || sum > 1.64490074 || memcmp(&sum, &first, sizeof(sum)) != 0)
		return "compute: a sum of floating-point numbers is wrong";
	return NULL;
}
