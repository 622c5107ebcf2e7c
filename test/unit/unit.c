/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unit [SUITE...]: run the unit tests, all suites if none is named; `unit --list` names them.
 */
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

/* clang-format off */
static const struct suite {
	const char *name;
	void (*run)(void);
} suites[] = {
	{"descriptor", test_descriptor},
	{"table", test_table},
	{"crypto", test_crypto},
	{"page_states", test_page_states},
	{"vm_states", test_vm_states},
	{"boot", test_boot},
	{"vcpu", test_vcpu},
	{"limits", test_limits},
	{"save", test_save},
	{"init", test_init},
	{"invariant", test_invariant},
};
/* clang-format on */

#define NR_SUITES (sizeof(suites) / sizeof(suites[0]))

static bool run_suite(const struct suite *suite)
{
	unsigned int before = failures;
	uint64_t checks_before = checks;

	cases = 0;
	unit_random_seed(1);
	unit_case("%s", suite->name);
	suite->run();
	printf("%s %s (%" PRIu64 " cases, %" PRIu64 " checks)\n",
	       failures == before ? "ok" : "FAIL", suite->name, cases, checks - checks_before);
	(void)fflush(stdout);
	return failures == before;
}

static const struct suite *find_suite(const char *name)
{
	for (unsigned int i = 0; i < NR_SUITES; i++) {
		if (strcmp(suites[i].name, name) == 0)
			return &suites[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	bool ok = true;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (unsigned int i = 0; i < NR_SUITES; i++)
			printf("%s\n", suites[i].name);
		return 0;
	}
	for (int a = 1; a < argc; a++) {
		const struct suite *suite = find_suite(argv[a]);

		if (suite == NULL) {
			(void)fprintf(stderr, "unit: no suite %s; see unit --list\n", argv[a]);
			return 2;
		}
		ok = run_suite(suite) && ok;
	}
	for (unsigned int i = 0; argc == 1 && i < NR_SUITES; i++)
		ok = run_suite(&suites[i]) && ok;
	return ok ? 0 : 1;
}
