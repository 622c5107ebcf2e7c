/* SPDX-License-Identifier: BSD-3-Clause */
/* cvsim fuzz: see doc/cvsim.md. */
#ifndef SIM_FUZZ_H
#define SIM_FUZZ_H

#include "arch/sim/sim.h"

struct fuzz_options {
	struct sim_config config;
	u64 ops;
	u64 seed;
	u32 vms;
	bool step, threads; /* which schedules */
	const char *record; /* write every operation there instead of shrinking */
	const char *self; /* this program */
};

int fuzz_run(const struct fuzz_options *options);

/* The shortest script that still shows `kind`; writes it to `to`. */
void shrink(const struct fuzz_options *options, const char *from, const char *to, const char *kind);

/* A slice of operations with all CPUs in parallel, in a child process. 0, or 1: violated. */
int parallel_slice(const struct fuzz_options *options, u64 ops, u64 seed);

#endif
