/* SPDX-License-Identifier: BSD-3-Clause */
/* The newest snapshots, in a bank of flash that the core keeps: store_format.h. */
#ifndef ARM64_STORE_H
#define ARM64_STORE_H

#include "core/types.h"
#include "platform.h"

/*
 * Take a bank of flash, if it is a store: the host must not have it then, else it may. Boot only.
 * Returns NULL, or what is wrong with the store.
 */
const char *store_init(struct range bank);

/* Is this what was taken? */
bool store_is_at(u64 base);

#endif
