/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A refused operation changes nothing. Every refusal is compared with the state
 * before, as far as its arguments reach, and with a running hash of all tables; every so
 * many of them (in scripts: each) with a hash of the whole state.
 */
#ifndef SIM_REFUSE_H
#define SIM_REFUSE_H

#include "arch/sim/op.h"

void refuse_before(const struct op *op);
void refuse_after(const struct op *op, const struct result *result, bool disturbed);

#endif
