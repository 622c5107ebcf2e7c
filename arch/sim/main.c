/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE

/* cvsim: the core on a simulated machine. See doc/cvsim.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/sim/script.h"

static void usage(FILE *out)
{
	fprintf(out,
		"usage: cvsim run [-q] FILE...      run scripts, each on a machine of its own\n"
		"       cvsim list                  operations and their arguments\n");
}

static int list(void)
{
	static const char *const actors[] = {"host", "VM", "CPU", "device", "script"};

	for (u32 i = 0; i < NR_OPS; i++) {
		const struct op_info *info = &op_info[i];

		printf("%-7s %-15s", actors[info->actor], info->name);
		for (u32 n = 0; n < OP_ARGS && info->arg[n]; n++)
			printf(n < info->required ? " %s=" : " [%s=]", info->arg[n]);
		if (info->value[0])
			printf(" ->");
		for (u32 n = 0; n < 4U && info->value[n]; n++)
			printf(" %s", info->value[n]);
		printf("   # %s\n", info->text);
	}
	return 0;
}

/* One process a script: its machine dies with it. */
static int run_one(const char *path, bool quiet)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0)
		exit(script_run(path, quiet));
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return 2;
	if (WIFSIGNALED(status)) {
		fprintf(stderr, "%s: killed by signal %d\n", path, WTERMSIG(status));
		return 1;
	}
	return WEXITSTATUS(status);
}

static int run(int argc, char **argv)
{
	bool quiet = false;
	int worst = 0;
	int first = 0;

	if (argc > 0 && strcmp(argv[0], "-q") == 0) {
		quiet = true;
		first = 1;
	}
	if (first >= argc) {
		usage(stderr);
		return 2;
	}
	for (int i = first; i < argc; i++) {
		int status = argc - first == 1 ? script_run(argv[i], quiet)
					       : run_one(argv[i], quiet);

		worst = status > worst ? status : worst;
	}
	return worst;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "run") == 0)
		return run(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "list") == 0)
		return list();
	if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	usage(stderr);
	return 2;
}
