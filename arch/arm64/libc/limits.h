/* SPDX-License-Identifier: BSD-3-Clause */
/* What libfdt's headers want of <limits.h>. */
#ifndef ARM64_LIBC_LIMITS_H
#define ARM64_LIBC_LIMITS_H

#define INT_MAX __INT_MAX__
#define UINT_MAX (__INT_MAX__ * 2U + 1U)

#endif
