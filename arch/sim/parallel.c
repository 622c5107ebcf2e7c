/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CPUs that really run at the same time, one thread each. In a child, so that the
 * run it came from can be repeated.
 */
#define _GNU_SOURCE

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/sim/check.h"
#include "arch/sim/cpu.h"
#include "arch/sim/fuzz.h"
#include "arch/sim/gen.h"
#include "arch/sim/op_run.h"
#include "arch/sim/point.h"

/* Operations of each CPU between two moments at which all stand still. */
#define QUIESCENT_INTERVAL 4000U

struct worker {
	pthread_t thread;
	u32 cpu;
	u64 ops;
	struct gen *gen;
};

static pthread_barrier_t barrier;
static struct worker workers[CV_MAX_CPUS];

static void on_violation(const char *kind, const char *detail)
{
	fprintf(stderr,
		"\nVIOLATION %s: %s\n(CPUs in parallel: seen by chance, try again with this "
		"seed)\n",
		kind, detail);
	fflush(NULL);
	_exit(1);
}

static void quiesce(const struct worker *w, bool last)
{
	(void)pthread_barrier_wait(&barrier);
	if (w->cpu == 0U) {
		if (last)
			check_everything();
		else
			check_quiescent();
	}
	(void)pthread_barrier_wait(&barrier);
}

static void *work(void *argument)
{
	struct worker *w = argument;
	struct step step = {.nr_nested = 0};

	(void)cpu_become(w->cpu);
	for (u64 i = 1; i <= w->ops; i++) {
		struct result r;

		gen_next(w->gen, &step);
		r = op_execute(&step.op);
		gen_result(w->gen, &step, &r);
		if (locks_held(w->cpu) != 0U)
			sim_violation("lock-order", "%s returns with locks held",
				      op_info[step.op.kind].name);
		if (i % QUIESCENT_INTERVAL == 0U)
			quiesce(w, false);
	}
	quiesce(w, true);
	return NULL;
}

static void run_workers(const struct fuzz_options *o, u64 ops, u64 seed)
{
	sim.threaded = true;
	sim_on_violation = on_violation;
	(void)pthread_barrier_init(&barrier, NULL, o->config.cpus);
	for (u32 i = 0; i < o->config.cpus; i++) {
		struct worker *w = &workers[i];

		w->cpu = i;
		w->ops = ops / o->config.cpus + 1U;
		w->gen = malloc(sizeof(*w->gen));
		if (!w->gen)
			exit(2);
		gen_init(w->gen, seed * 1000003U + i, o->vms / o->config.cpus + 1U, i);
		if (pthread_create(&w->thread, NULL, work, w) != 0)
			exit(2);
	}
	for (u32 i = 0; i < o->config.cpus; i++) {
		(void)pthread_join(workers[i].thread, NULL);
		free(workers[i].gen);
	}
}

int parallel_slice(const struct fuzz_options *options, u64 ops, u64 seed)
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		run_workers(options, ops, seed);
		fflush(NULL);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return 2;
	if (WIFSIGNALED(status)) {
		fprintf(stderr, "VIOLATION crash: signal %d while CPUs ran in parallel\n",
			WTERMSIG(status));
		return 1;
	}
	return WEXITSTATUS(status);
}
