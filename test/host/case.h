/* SPDX-License-Identifier: BSD-3-Clause */
/* The cases of host-test, by file. Each says by expect() what did not hold. */
#ifndef TEST_HOST_CASE_H
#define TEST_HOST_CASE_H

#include <stdbool.h>

struct host_case {
	const char *name;
	void (*run)(void);
};

extern const struct host_case api_cases[], life_cases[], memory_cases[], load_cases[];

/* Note, and tell, that a case has failed, unless `holds`. */
void expect(bool holds, const char *text, int value);
#define EXPECT(call, value) expect_equal((call), (value), #call)
#define EXPECT_OK(call) expect_equal((call), 0, #call)
void expect_equal(long got, long want, const char *text);

/* A number out of /sys/kernel/corevisor/FILE; -1: there is none. */
long sysfs_number(const char *file);
/* VMs that the module knows. */
int sysfs_vms(void);

#endif
