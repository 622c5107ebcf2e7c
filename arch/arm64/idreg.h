/* SPDX-License-Identifier: BSD-3-Clause */
/* What a VM reads in ID registers. */
#ifndef ARM64_IDREG_H
#define ARM64_IDREG_H

#include "core/types.h"

/*
 * Value of the ID register op0 3, op1 0, CRn 0, CRm, op2, with CRm 1 to 7: the CPU's, without
 * what a VM cannot use. What is not known is zero: absent.
 */
u64 idreg_vm_value(u32 crm, u32 op2);

#endif
