/* SPDX-License-Identifier: BSD-3-Clause */
/* cvsim: the core on a simulated machine. See doc/cvsim.md. */
#define _GNU_SOURCE

#include <dirent.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/sim/expr.h"
#include "arch/sim/fuzz.h"
#include "arch/sim/script.h"
#include "core/state.h"
#include "core/table.h"

static int usage(FILE *out, int status)
{
	fprintf(out,
		"usage: cvsim run [-q] FILE...     run scripts, each on a machine of its own\n"
		"       cvsim replay [-q] FILE...  the same, for scripts that fuzz wrote\n"
		"       cvsim fuzz [OPTION...]     a random adversary:\n"
		"         --ops N (1000000)  --cpus N (4)  --seed N (1)  --ram SIZE (256M)\n"
		"         --vms N, alive at once (8)  --ipa-bits N (40)  --tables N  --banks N (1)\n"
		"         --schedule step|threads|both   --threads   --break FAULT\n"
		"       cvsim list [--faults]      operations and their arguments, or faults\n"
		"       cvsim memory --ram SIZE    what the core needs\n"
		"exit status: 0; 1 a promise or an expectation is broken; 2 bad input\n");
	return status;
}

static int list_ops(void)
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

static void fault_path(const char *self, const char *name, char *path, size_t size)
{
	char exe[512];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1U);

	(void)self;
	exe[n > 0 ? n : 0] = '\0';
	snprintf(path, size, "%s/faults/%s%s", dirname(exe), name[0] != '\0' ? "cvsim-" : "", name);
}

static int list_faults(const char *self)
{
	struct dirent **names;
	char path[768];
	int nr;

	fault_path(self, "", path, sizeof(path));
	nr = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < nr; i++) {
		const char *name = names[i]->d_name;

		if (strncmp(name, "cvsim-", 6) == 0 && !strchr(name, '.'))
			printf("%s\n", name + 6);
	}
	return 0;
}

/* One process a script: its machine dies with it. */
static int run_one(const char *path, bool quiet, bool thorough)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0)
		exit(script_run(path, quiet, thorough));
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return 2;
	if (WIFSIGNALED(status)) {
		fprintf(stderr, "%s: VIOLATION crash: signal %d\n", path, WTERMSIG(status));
		return 1;
	}
	return WEXITSTATUS(status);
}

static int run(int argc, char **argv, bool thorough)
{
	bool quiet = argc > 0 && strcmp(argv[0], "-q") == 0;
	int worst = 0;
	int first = quiet ? 1 : 0;

	if (first >= argc)
		return usage(stderr, 2);
	for (int i = first; i < argc; i++) {
		int status = run_one(argv[i], quiet, thorough);

		worst = status > worst ? status : worst;
	}
	return worst;
}

static u64 number(const char *option, const char *text)
{
	u64 value;

	if (!text || !expr_eval(text, &value)) {
		fprintf(stderr, "cvsim: %s: expected a number, not '%s'\n", option,
			text ? text : "nothing");
		exit(2);
	}
	return value;
}

static void schedule(struct fuzz_options *o, const char *name)
{
	if (!name || (strcmp(name, "step") != 0 && strcmp(name, "threads") != 0 &&
		      strcmp(name, "both") != 0)) {
		fprintf(stderr, "cvsim: --schedule: expected step, threads or both\n");
		exit(2);
	}
	o->step = strcmp(name, "threads") != 0;
	o->threads = strcmp(name, "step") != 0;
}

/* Options with a number; false: not one. */
static bool number_option(struct fuzz_options *o, const char *name, const char *value)
{
	if (strcmp(name, "--ops") == 0)
		o->ops = number(name, value);
	else if (strcmp(name, "--cpus") == 0)
		o->config.cpus = (u32)number(name, value);
	else if (strcmp(name, "--seed") == 0)
		o->seed = number(name, value);
	else if (strcmp(name, "--ram") == 0)
		o->config.ram = number(name, value);
	else if (strcmp(name, "--vms") == 0)
		o->vms = (u32)number(name, value);
	else if (strcmp(name, "--ipa-bits") == 0)
		o->config.ipa_bits = (u32)number(name, value);
	else if (strcmp(name, "--tables") == 0)
		o->config.tables = (u32)number(name, value);
	else if (strcmp(name, "--banks") == 0)
		o->config.banks = (u32)number(name, value);
	else
		return false;
	return true;
}

/* The same command, by the program in which the fault is. */
static void break_core(const char *self, const char *name, char **argv)
{
	char path[768];
	u32 to = 0;

	fault_path(self, name ? name : "?", path, sizeof(path));
	if (!name || access(path, X_OK) != 0) {
		fprintf(stderr, "cvsim: --break: expected one of cvsim list --faults (%s)\n", path);
		exit(2);
	}
	for (u32 i = 0; argv[i]; i++) {
		if (strcmp(argv[i], "--break") == 0)
			i++;
		else
			argv[to++] = argv[i];
	}
	argv[to] = NULL;
	execv(path, argv);
	exit(2);
}

static void parse_fuzz(struct fuzz_options *o, char **argv)
{
	for (u32 i = 2; argv[i]; i++) {
		const char *value = argv[i + 1U];

		if (strcmp(argv[i], "--threads") == 0) {
			schedule(o, "threads");
			continue;
		}
		if (strcmp(argv[i], "--schedule") == 0)
			schedule(o, value);
		else if (strcmp(argv[i], "--record") == 0)
			o->record = value;
		else if (strcmp(argv[i], "--break") == 0)
			break_core(argv[0], value, argv);
		else if (strcmp(argv[i], "--help") == 0)
			exit(usage(stdout, 0));
		else if (!number_option(o, argv[i], value)) {
			fprintf(stderr, "cvsim: unknown option '%s'\n", argv[i]);
			exit(usage(stderr, 2));
		}
		i++;
	}
}

static void check_options(const struct fuzz_options *o)
{
	const char *error = sim_config_check(&o->config);

	if (!error && (o->vms == 0U || o->vms > CV_MAX_VMS))
		error = "vms: 1 to 256";
	if (error) {
		fprintf(stderr, "cvsim: expected %s\n", error);
		exit(2);
	}
}

static int fuzz(char **argv)
{
	struct fuzz_options o = {
		.ops = 1000000, .seed = 1, .vms = 8, .step = true, .threads = true, .self = argv[0]};

	script_default_config(&o.config);
	parse_fuzz(&o, argv);
	check_options(&o);
	if (o.config.cpus == 1U && o.step)
		o.threads = false;
	return fuzz_run(&o);
}

static int memory(char **argv)
{
	struct fuzz_options o = {.vms = 1};
	u64 records, pool;

	script_default_config(&o.config);
	parse_fuzz(&o, argv);
	check_options(&o);
	records = (o.config.ram >> CV_PAGE_SHIFT) * sizeof(struct frame);
	pool = (u64)sim_pool_frames(&o.config) * CV_PAGE_SIZE;
	printf("RAM                  %12llu KB\n", (unsigned long long)(o.config.ram >> 10));
	printf("ownership records    %12llu KB  (%zu bytes a frame)\n",
	       (unsigned long long)(records >> 10), sizeof(struct frame));
	printf("translation tables   %12llu KB  (%u frames)\n", (unsigned long long)(pool >> 10),
	       sim_pool_frames(&o.config));
	printf("table bookkeeping    %12llu KB\n", (unsigned long long)(6U * CV_MAX_TABLES >> 10));
	printf("VMs, vCPUs, the rest %12llu KB\n",
	       (unsigned long long)((sizeof(vcpu_contexts) + sizeof(vcpus) + sizeof(vms) +
				     sizeof(ram_ranges) + sizeof(boot_regions) +
				     sizeof(vm_measures) + sizeof(snapshots) + sizeof(lineages) +
				     sizeof(vcpu_slots) + sizeof(stream_contexts) +
				     sizeof(io_claims)) >>
				    10));
	printf("records and tables   %12.2f %% of RAM\n",
	       100.0 * (double)(records + pool) / (double)o.config.ram);
	return 0;
}

int main(int argc, char **argv)
{
	const char *command = argc >= 2 ? argv[1] : "";

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return usage(stdout, 0);
	}
	if (strcmp(command, "run") == 0 || strcmp(command, "replay") == 0)
		return run(argc - 2, argv + 2, strcmp(command, "run") == 0);
	if (strcmp(command, "list") == 0)
		return argc == 3 && strcmp(argv[2], "--faults") == 0 ? list_faults(argv[0])
		       : argc == 2				     ? list_ops()
								     : usage(stderr, 2);
	if (strcmp(command, "fuzz") == 0)
		return fuzz(argv);
	if (strcmp(command, "memory") == 0)
		return memory(argv);
	return usage(stderr, 2);
}
