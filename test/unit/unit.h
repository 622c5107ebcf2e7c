/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The unit tests' own little framework: suites of cases, and checks that name the
 * place and the case when they fail, and go on.
 */
#ifndef TEST_UNIT_UNIT_H
#define TEST_UNIT_UNIT_H

#include <stdbool.h>
#include <stdint.h>

/* What the case at hand is called in messages; printf-style. */
__attribute__((format(printf, 1, 2))) void unit_case(const char *format, ...);

/* A check that fails prints the place, the case, both sides. Returns whether it held. */
bool unit_check(bool ok, const char *file, int line, const char *text);
bool unit_check_equal(int64_t got, int64_t want, const char *file, int line, const char *text);

#define CHECK(condition) unit_check((condition), __FILE__, __LINE__, #condition)
#define CHECK_EQ(got, want) \
	unit_check_equal((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, #got " == " #want)

/* Failed checks, checks, cases so far. */
unsigned int unit_failures(void);
uint64_t unit_checks(void);
uint64_t unit_cases(void);

/* Deterministic random numbers (splitmix64). */
uint64_t unit_random(void);
uint64_t unit_random_below(uint64_t limit);
void unit_random_seed(uint64_t seed);

/* The suites. */
void test_descriptor(void);
void test_table(void);
void test_crypto(void);
void test_page_states(void);
void test_vm_states(void);
void test_boot(void);
void test_vcpu(void);
void test_limits(void);
void test_rollback(void);
void test_save(void);
void test_init(void);
void test_invariant(void);

#endif
