/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unit [SUITE...]: run the unit tests, all suites if none is named; `unit --list` names them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "test/unit/unit.h"

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
	{"rollback", test_rollback},
	{"save", test_save},
	{"init", test_init},
	{"invariant", test_invariant},
};
/* clang-format on */

#define NR_SUITES (sizeof(suites) / sizeof(suites[0]))

static bool run_suite(const struct suite *suite)
{
	unsigned int failures = unit_failures();
	uint64_t checks = unit_checks();
	uint64_t cases = unit_cases();
	bool ok;

	unit_random_seed(1);
	unit_case("%s", suite->name);
	suite->run();
	ok = unit_failures() == failures;
	printf("%s %s (%" PRIu64 " cases, %" PRIu64 " checks)\n", ok ? "ok" : "FAIL", suite->name,
	       unit_cases() - cases, unit_checks() - checks);
	(void)fflush(stdout);
	return ok;
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
