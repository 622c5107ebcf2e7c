/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers in scripts: decimal, 0x hexadecimal, with K, M, G; names, with or without a
 * dollar sign; + - and *.
 */
#ifndef SIM_EXPR_H
#define SIM_EXPR_H

#include "core/types.h"

/* The names that every machine has: ram, free, dev, ... */
void expr_reset(void);

/* False: no room for one more name. */
bool expr_set(const char *name, u64 value);

/* False: not an expression. */
bool expr_eval(const char *text, u64 *value);

/* A name: letters, digits and underscores, not a digit first. */
bool expr_is_name(const char *text);

#endif
