/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run of the fuzzer has covered. */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include "arch/sim/step.h"

void stats_before(const struct op *op);
void stats_after(const struct op *op, const struct result *result);
void stats_print(u64 ops, double seconds);

#endif
