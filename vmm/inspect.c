/* SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/report.h"

#define ROOT "/sys/kernel/corevisor"
#define FRAMES_PER_MB 256

struct vm_facts {
	char state[16];
	char frames[24];
	char vcpus[16];
	char pid[16];
	char measurement[128];
};

bool inspect_corevisor(void)
{
	return access(ROOT "/version", F_OK) == 0;
}

static int no_corevisor(void)
{
	complain("this kernel has no Corevisor: there is no " ROOT
		 " (boot on corevisor.bin, then insmod corevisor.ko)");
	return EXIT_NOT_STARTED;
}

/* The first line of a file; false when there is none. */
static bool read_line(const char *folder, const char *name, char *line, size_t size)
{
	char path[512];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	ok = fgets(line, (int)size, file) != NULL;
	if (!ok)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
	return true;
}

static bool read_vm(const char *id, struct vm_facts *facts)
{
	char folder[300];

	snprintf(folder, sizeof(folder), ROOT "/vms/%s", id);
	return read_line(folder, "state", facts->state, sizeof(facts->state)) &&
	       read_line(folder, "frames", facts->frames, sizeof(facts->frames)) &&
	       read_line(folder, "vcpus", facts->vcpus, sizeof(facts->vcpus)) &&
	       read_line(folder, "pid", facts->pid, sizeof(facts->pid)) &&
	       read_line(folder, "measurement", facts->measurement, sizeof(facts->measurement));
}

static unsigned long megabytes(const struct vm_facts *facts)
{
	return strtoul(facts->frames, NULL, 10) / FRAMES_PER_MB;
}

static int by_number(const void *a, const void *b)
{
	long x = strtol((*(const struct dirent *const *)a)->d_name, NULL, 10);
	long y = strtol((*(const struct dirent *const *)b)->d_name, NULL, 10);

	return (x > y) - (x < y);
}

static int is_vm(const struct dirent *entry)
{
	return entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
}

int inspect_ps(void)
{
	struct dirent **entries;
	struct vm_facts facts;
	int n;

	if (!inspect_corevisor())
		return no_corevisor();
	n = scandir(ROOT "/vms", &entries, is_vm, NULL);
	if (n < 0) {
		complain(ROOT "/vms: %s", strerror(errno));
		return EXIT_NOT_STARTED;
	}
	qsort(entries, (size_t)n, sizeof(entries[0]), by_number);
	printf("%4s  %-9s  %5s  %9s  %7s\n", "VM", "STATE", "VCPUS", "MEMORY MB", "PID");
	for (int i = 0; i < n; i++) {
		/* One that has ended meanwhile is not listed. */
		if (read_vm(entries[i]->d_name, &facts))
			printf("%4s  %-9s  %5s  %9lu  %7s\n", entries[i]->d_name, facts.state,
			       facts.vcpus, megabytes(&facts), facts.pid);
		free(entries[i]);
	}
	free(entries);
	return EXIT_SUCCESS;
}

int inspect_host(void)
{
	char line[256];
	FILE *limits;

	if (!read_line(ROOT, "version", line, sizeof(line)))
		return no_corevisor();
	printf("%-24s %s\n", "version", line);
	limits = fopen(ROOT "/limits", "re");
	if (limits == NULL)
		return EXIT_SUCCESS;
	while (fgets(line, sizeof(line), limits) != NULL) {
		char *value = strchr(line, ' ');

		if (value == NULL)
			continue;
		*value = '\0';
		printf("%-24s %s", line, value + 1);
	}
	fclose(limits);
	return EXIT_SUCCESS;
}

int inspect_vm(const char *id)
{
	struct vm_facts facts;

	if (!inspect_corevisor())
		return no_corevisor();
	if (id[0] == '\0' || id[strspn(id, "0123456789")] != '\0') {
		complain("info %s: a VM is named by its number (cvm ps lists them)", id);
		return EXIT_USAGE;
	}
	if (!read_vm(id, &facts)) {
		complain("there is no VM %s (cvm ps lists them)", id);
		return EXIT_NOT_STARTED;
	}
	printf("%-12s %s\n%-12s %s\n%-12s %s\n%-12s %s (%lu MB)\n%-12s %s\n%-12s %s\n", "vm", id,
	       "state", facts.state, "vcpus", facts.vcpus, "frames", facts.frames,
	       megabytes(&facts), "pid", facts.pid, "measurement",
	       facts.measurement[0] != '\0' ? facts.measurement : "(not measured yet)");
	return EXIT_SUCCESS;
}

int inspect_pid(const char *id)
{
	struct vm_facts facts;

	if (!inspect_corevisor()) {
		no_corevisor();
		return -1;
	}
	if (strchr(id, '/') != NULL || !read_vm(id, &facts))
		return complain("there is no VM %s (cvm ps lists them)", id);
	return (int)strtol(facts.pid, NULL, 10);
}
