/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE

#include "arch/sim/fuzz.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arch/sim/check.h"
#include "arch/sim/gen.h"
#include "arch/sim/script.h"
#include "arch/sim/stats.h"

/* Share of the operations that run in parallel, and in how many slices. */
#define PARALLEL_PERCENT 10U
#define NR_SLICES 8U
#define RECORD_SECONDS 15U

static struct {
	const struct fuzz_options *options;
	u64 done;
	struct gen gen;
	struct step step;
	FILE *record;
	double start;
} fuzz;

static volatile sig_atomic_t stopped;

static void on_interrupt(int number)
{
	(void)number;
	stopped = 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void record_step(void)
{
	script_format_op(fuzz.record, &fuzz.step.op);
	fprintf(fuzz.record, "\n");
	for (u32 i = 0; i < fuzz.step.nr_nested; i++) {
		script_format_op(fuzz.record, &fuzz.step.nested[i]);
		fprintf(fuzz.record, "\n");
	}
}

/* Do it all again, this time writing down what is done. */
static bool record_again(const char *path)
{
	const struct fuzz_options *o = fuzz.options;
	char text[8][32];
	pid_t child;
	int status;

	snprintf(text[0], 32, "%llu", (unsigned long long)fuzz.done + 1U);
	snprintf(text[1], 32, "%u", o->config.cpus);
	snprintf(text[2], 32, "%llu", (unsigned long long)o->seed);
	snprintf(text[3], 32, "%lluM", (unsigned long long)(o->config.ram >> 20));
	snprintf(text[4], 32, "%u", o->vms);
	snprintf(text[5], 32, "%u", o->config.ipa_bits);
	snprintf(text[6], 32, "%u", o->config.tables);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		/* What was found late takes long to do again. */
		(void)alarm(RECORD_SECONDS);
		execl("/proc/self/exe", o->self, "fuzz", "--ops", text[0], "--cpus", text[1],
		      "--seed", text[2], "--ram", text[3], "--vms", text[4], "--ipa-bits", text[5],
		      "--tables", text[6], "--schedule", "step", "--record", path, (char *)NULL);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status);
}

static void on_violation(const char *kind, const char *detail)
{
	char all[64], shortest[64];

	fflush(stdout);
	if (fuzz.record) {
		fclose(fuzz.record);
		_exit(1);
	}
	fprintf(stderr, "\nVIOLATION %s: %s\n", kind, detail);
	fprintf(stderr, "seed %llu, operation %llu: ", (unsigned long long)fuzz.options->seed,
		(unsigned long long)fuzz.done);
	script_format_op(stderr, &fuzz.step.op);
	fprintf(stderr, "\n");
	snprintf(all, sizeof(all), "/tmp/cvsim-%d-all.cvs", (int)getpid());
	snprintf(shortest, sizeof(shortest), "cvsim-violation-%llu-%d.cvs",
		 (unsigned long long)fuzz.options->seed, (int)getpid());
	if (record_again(all))
		shrink(fuzz.options, all, shortest, kind);
	else
		fprintf(stderr, "no script in %u s; fuzz with this seed and --record FILE\n",
			RECORD_SECONDS);
	unlink(all);
	exit(1);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/* The core has crashed: that breaks a promise like any other. */
static void on_crash(int number)
{
	sim_violation("crash", "signal %d (%s)", number, strsignal(number));
}

static void catch_crashes(void)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	static u8 stack[1U << 18];
	stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_handler = on_crash,
				   .sa_flags = (int)(SA_ONSTACK | SA_NODEFER | SA_RESETHAND)};

	(void)sigaltstack(&alternative, NULL);
	for (u32 i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sigaction(numbers[i], &action, NULL);
}
#else
/* The sanitizer reports it, with more than is known here. */
static void catch_crashes(void)
{
}
#endif

static void progress(void)
{
	static double last;
	double t = now();

	if (t - last < (isatty(2) ? 0.5 : 5.0))
		return;
	if (last != 0.0)
		fprintf(stderr, "%s%llu of %llu operations, %.0f/s%s", isatty(2) ? "\r" : "",
			(unsigned long long)fuzz.done, (unsigned long long)fuzz.options->ops,
			(double)fuzz.done / (t - fuzz.start), isatty(2) ? "   " : "\n");
	last = t;
}

static void one_step(void)
{
	struct result r;

	gen_next(&fuzz.gen, &fuzz.step);
	if (fuzz.record)
		record_step();
	stats_before(&fuzz.step.op);
	r = step_run(&fuzz.step);
	stats_after(&fuzz.step.op, &r);
	gen_result(&fuzz.gen, &fuzz.step, &r);
	fuzz.done++;
}

static int run_slices(u64 ops)
{
	u64 every = ops / (NR_SLICES + 1U) + 1U;
	u64 slice = fuzz.options->ops * PARALLEL_PERCENT / 100U / NR_SLICES;
	u32 slices = 0;

	while (fuzz.done < ops && !stopped) {
		one_step();
		if (fuzz.done % 1024U == 0U)
			progress();
		if (fuzz.options->threads && fuzz.done % every == 0U) {
			int status =
				parallel_slice(fuzz.options, slice, fuzz.options->seed + ++slices);

			if (status != 0)
				return status;
		}
	}
	if (slices != 0U)
		printf("%llu operations in all: %llu one by one, %llu with CPUs in parallel (%u "
		       "slices)\n",
		       (unsigned long long)(fuzz.done + slices * slice),
		       (unsigned long long)fuzz.done, (unsigned long long)(slices * slice), slices);
	return 0;
}

int fuzz_run(const struct fuzz_options *options)
{
	u64 ops = options->ops;
	int status;

	fuzz.options = options;
	sim_on_violation = on_violation;
	signal(SIGINT, on_interrupt);
	catch_crashes();
	fuzz.start = now();
	sim_boot(&options->config);
	gen_init(&fuzz.gen, options->seed * 0x9e3779b97f4a7c15ULL + 1U, options->vms, GEN_ALL_CPUS);
	if (options->record) {
		fuzz.record = fopen(options->record, "w");
		if (!fuzz.record)
			return 2;
		script_format_machine(fuzz.record, &options->config);
	}
	if (!options->step) {
		status = parallel_slice(options, ops, options->seed);
		printf("%llu operations with CPUs in parallel: %.0f operations/s\n",
		       (unsigned long long)ops, (double)ops / (now() - fuzz.start));
		return status;
	}
	if (options->threads)
		ops -= ops * PARALLEL_PERCENT / 100U;
	status = run_slices(ops);
	if (status != 0)
		return status;
	check_everything();
	if (isatty(2))
		fprintf(stderr, "\n");
	stats_print(fuzz.done, now() - fuzz.start);
	if (fuzz.record)
		fclose(fuzz.record);
	printf("no violation\n");
	return 0;
}
