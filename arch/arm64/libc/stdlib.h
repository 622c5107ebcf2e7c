/* SPDX-License-Identifier: BSD-3-Clause */
/* What libc.c has of <stdlib.h>. */
#ifndef ARM64_LIBC_STDLIB_H
#define ARM64_LIBC_STDLIB_H

#include <stddef.h>

unsigned long strtoul(const char *s, char **end, int base);

#endif
