/* SPDX-License-Identifier: BSD-3-Clause */
/* What a call gives back: X0 to X3 of the caller. */
#ifndef CORE_RESULT_H
#define CORE_RESULT_H

#include "core/types.h"

struct call_result {
	s64 error; /* X0: 0, a negative cv_error, or an SMCCC value */
	u64 value[3]; /* X1 to X3 */
};

/*
 * What a VM's call gives back, X0 to X3; and, if `exit` is not 0 (enum cv_exit), that the
 * vCPU leaves for the host with that reason and argument.
 */
struct guest_result {
	u64 x[4];
	u64 exit;
	u64 arg;
};

/* A call that only answers `x0`. */
/*@ terminates \true; exits \false; assigns \nothing;
    ensures \result.exit == 0; */
static inline struct guest_result guest_answer(s64 x0)
{
	struct guest_result result = {0};

	result.x[0] = (u64)x0;
	return result;
}

#endif
