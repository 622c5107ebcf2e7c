/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls to Corevisor (doc/abi.md) and what their results mean to user space. */
#ifndef COREVISOR_CALL_H
#define COREVISOR_CALL_H

#include <linux/arm-smccc.h>
#include <linux/types.h>

#include "corevisor/hypercall.h"

struct cv_result {
	s64 error; /* 0, or a negative enum cv_error */
	u64 value[3];
};

static __always_inline struct cv_result cv_call(u32 id, u64 x1, u64 x2, u64 x3)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_hvc((unsigned long)id, x1, x2, x3, &res);
	return (struct cv_result){ (s64)res.a0, { res.a1, res.a2, res.a3 } };
}

/* The same for who only wants to know whether it went well: 0 or an errno. */
int cv_call_errno(u32 id, u64 x1, u64 x2, u64 x3);

/* The errno of a cv_error. */
int cv_errno(s64 error);

#endif
