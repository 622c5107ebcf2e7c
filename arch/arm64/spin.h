/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A lock of arch/arm64's own, for a device that several CPUs drive. It is a leaf:
 * whoever holds one takes only LOCK_PAGE (core/lock.h) under it. First come, first served.
 */
#ifndef ARM64_SPIN_H
#define ARM64_SPIN_H

#include "core/machine.h"
#include "core/types.h"

struct spin {
	u32 next;
	u32 serving;
};

static inline void spin_lock(struct spin *lock)
{
	u32 ticket = __atomic_fetch_add(&lock->next, 1U, __ATOMIC_RELAXED);

	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		machine_relax();
}

static inline void spin_unlock(struct spin *lock)
{
	u32 serving = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);

	__atomic_store_n(&lock->serving, serving + 1U, __ATOMIC_RELEASE);
}

#endif
