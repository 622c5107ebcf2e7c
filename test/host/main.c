/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host-test: the module's KVM API on a live core. A line a case; exit code 1 if one failed.
 *
 * usage: host-test [TEXT...]   (only cases whose name contains TEXT)
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "case.h"

static bool failed;

void expect(bool holds, const char *text, int value)
{
	if (holds)
		return;
	failed = true;
	printf("    not so: %s (%d)\n", text, value);
}

void expect_equal(long got, long want, const char *text)
{
	if (got == want)
		return;
	failed = true;
	printf("    %s: %ld, not %ld\n", text, got, want);
}

long sysfs_number(const char *file)
{
	char path[128];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/corevisor/%s", file);
	f = fopen(path, "r");
	if (f == NULL || fscanf(f, "%ld", &value) != 1)
		value = -1;
	if (f != NULL)
		fclose(f);
	return value;
}

int sysfs_vms(void)
{
	DIR *dir = opendir("/sys/kernel/corevisor/vms");
	int n = -1;

	if (dir == NULL)
		return n;
	for (n = 0; readdir(dir) != NULL; n++)
		;
	closedir(dir);
	return n - 2;
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strstr(name, argv[i]) != NULL)
			return true;
	}
	return argc < 2;
}

int main(int argc, char **argv)
{
	const struct host_case *const lists[] = {api_cases, life_cases, memory_cases, load_cases};
	int passed = 0, bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned int l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
		for (const struct host_case *c = lists[l]; c->name != NULL; c++) {
			if (!wanted(c->name, argc, argv))
				continue;
			failed = false;
			c->run();
			printf("%s %s\n", failed ? "FAIL" : "ok  ", c->name);
			failed ? bad++ : passed++;
		}
	}
	printf("host-test: %d passed, %d failed\n", passed, bad);
	return bad != 0;
}
