/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state of the core as text: owners, VMs, contexts, maps. Sorted, in ranges,
 * one a line; the format is in doc/cvsim.md and does not change.
 */
#ifndef SIM_DUMP_H
#define SIM_DUMP_H

#include <stdio.h>

void dump_state(FILE *out);

#endif
