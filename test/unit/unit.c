/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/unit/unit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A suite that goes wrong everywhere need not say so ten thousand times. */
#define MAX_MESSAGES 40U

static char current_case[256];
static unsigned int failures;
static uint64_t checks;
static uint64_t cases;
static uint64_t random_state;

void unit_case(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(current_case, sizeof(current_case), format, args);
	va_end(args);
	cases++;
}

static bool failed(const char *file, int line, const char *text)
{
	failures++;
	if (failures <= MAX_MESSAGES)
		printf("%s:%d: [%s] %s", file, line, current_case, text);
	else if (failures == MAX_MESSAGES + 1)
		printf("more failures are not shown\n");
	return failures <= MAX_MESSAGES;
}

bool unit_check(bool ok, const char *file, int line, const char *text)
{
	checks++;
	if (!ok && failed(file, line, text))
		printf("\n");
	return ok;
}

bool unit_check_equal(int64_t got, int64_t want, const char *file, int line, const char *text)
{
	checks++;
	if (got != want && failed(file, line, text))
		printf(": %" PRId64 " (%#" PRIx64 "), not %" PRId64 " (%#" PRIx64 ")\n", got,
		       (uint64_t)got, want, (uint64_t)want);
	return got == want;
}

unsigned int unit_failures(void)
{
	return failures;
}

void unit_random_seed(uint64_t seed)
{
	random_state = seed;
}

uint64_t unit_random(void)
{
	uint64_t z;

	random_state += 0x9e3779b97f4a7c15ULL;
	z = random_state;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint64_t unit_random_below(uint64_t limit)
{
	return unit_random() % limit;
}

uint64_t unit_checks(void)
{
	return checks;
}

uint64_t unit_cases(void)
{
	return cases;
}
