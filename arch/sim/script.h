/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scripts: see doc/cvsim.md for the language.
 */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include <stdio.h>

#include "arch/sim/sim.h"
#include "arch/sim/step.h"

/*
 * Run a script on a machine of its own; call once in a process. Returns the exit status: 0,
 * 1 (an expectation or a promise is broken), 2 (not a script).
 */
int script_run(const char *path, bool quiet, bool thorough);

/* The line that does this operation, without the end of line. */
void script_format_op(FILE *out, const struct op *op);
void script_format_machine(FILE *out, const struct sim_config *config);

/* outcome and values, as after the arrow. */
void script_format_result(FILE *out, const struct result *result);

void script_default_config(struct sim_config *config);

#endif
