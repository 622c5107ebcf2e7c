/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM in a file: doc/snapshot.md. */
#ifndef VMM_SNAPSHOT_H
#define VMM_SNAPSHOT_H

#include "vmm/vm.h"

/* Called every now and then: so many bytes of so many. */
typedef void (*snapshot_progress)(void *context, uint64_t done, uint64_t total);

/*
 * Write a VM whose threads have been stopped to `fd`, which is empty. It never runs again.
 * NULL, or what went wrong.
 */
const char *snapshot_save(struct vm *vm, int fd, snapshot_progress progress, void *context);

/*
 * Make a VM of a file, ready to start. 0, or -1 when that failed, which has been said, and there
 * is nothing to destroy.
 */
int snapshot_restore(struct vm *vm, const char *name);

#endif
