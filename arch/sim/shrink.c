/* SPDX-License-Identifier: BSD-3-Clause */
/* From everything that was done to the little that shows the violation. */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arch/sim/fuzz.h"

#define TIME_LIMIT 10
#define MAX_LINE 256U

static struct {
	char **line;
	bool *dropped;
	u32 nr;
	char path[64];
	const char *self;
	const char *kind;
	time_t end;
} job;

static void write_script(const char *path)
{
	FILE *f = fopen(path, "w");

	for (u32 i = 0; f && i < job.nr; i++) {
		if (!job.dropped[i])
			fputs(job.line[i], f);
	}
	if (f)
		fclose(f);
}

/* Does what is left still show the same? */
static bool still(void)
{
	char command[256];
	char output[1024] = "";
	bool found = false;
	FILE *p;

	write_script(job.path);
	snprintf(command, sizeof(command), "exec timeout %d '/proc/%d/exe' replay -q '%s' 2>&1",
		 TIME_LIMIT, (int)getpid(), job.path);
	p = popen(command, "r");
	if (!p)
		return false;
	while (fgets(output, sizeof(output), p)) {
		const char *v = strstr(output, "VIOLATION ");

		if (v && strncmp(v + 10, job.kind, strlen(job.kind)) == 0)
			found = true;
	}
	(void)pclose(p);
	return found;
}

static bool drop(u32 first, u32 count)
{
	bool before[count];
	bool any = false;

	for (u32 i = 0; i < count; i++) {
		before[i] = job.dropped[first + i];
		any = any || !before[i];
		job.dropped[first + i] = true;
	}
	if (any && still())
		return true;
	for (u32 i = 0; i < count; i++)
		job.dropped[first + i] = before[i];
	return false;
}

static void read_script(const char *from)
{
	char text[MAX_LINE];
	FILE *f = fopen(from, "r");
	u32 room = 0;

	while (f && fgets(text, sizeof(text), f)) {
		if (job.nr == room) {
			room = room * 2U + 1024U;
			job.line = realloc(job.line, room * sizeof(*job.line));
			job.dropped = realloc(job.dropped, room * sizeof(*job.dropped));
		}
		job.dropped[job.nr] = false;
		job.line[job.nr++] = strdup(text);
	}
	if (f)
		fclose(f);
}

/* Halves, quarters, ... single lines; the last first, for causes lie near the end. */
static void reduce(void)
{
	bool again = true;

	while (again && time(NULL) < job.end) {
		again = false;
		for (u32 size = job.nr / 2U; size >= 1U && time(NULL) < job.end; size /= 2U) {
			for (u32 at = 1; at + size <= job.nr && time(NULL) < job.end; at += size) {
				if (drop(at, size) && size == 1U)
					again = true;
			}
		}
	}
}

void shrink(const struct fuzz_options *options, const char *from, const char *to, const char *kind)
{
	u32 left = 0;

	job.self = options->self;
	job.kind = kind;
	job.end = time(NULL) + TIME_LIMIT;
	snprintf(job.path, sizeof(job.path), "/tmp/cvsim-%d-try.cvs", (int)getpid());
	read_script(from);
	if (!still()) {
		fprintf(stderr, "the script of all %u lines does not show it; it is in %s\n",
			job.nr, to);
	} else {
		reduce();
	}
	write_script(to);
	unlink(job.path);
	for (u32 i = 0; i < job.nr; i++)
		left += !job.dropped[i];
	fprintf(stderr, "script (%u lines of %u), also in %s:\n", left, job.nr, to);
	for (u32 i = 0; left <= 60U && i < job.nr; i++) {
		if (!job.dropped[i])
			fputs(job.line[i], stderr);
	}
}
