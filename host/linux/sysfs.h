/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/kernel/corevisor: version, limits (lines of name and value), free_tables, and for each
 * VM that has been started vms/ID with state, frames, vcpus, pid, measurement.
 */
#ifndef COREVISOR_SYSFS_H
#define COREVISOR_SYSFS_H

#include <linux/types.h>

struct cv_vm_dir;

int cv_sysfs_init(void);
void cv_sysfs_exit(void);

/* The directory of VM `id` of the core, or an error pointer. */
struct cv_vm_dir *cv_sysfs_add_vm(u32 id, pid_t pid);
/* Nobody reads from it any more after this. NULL is fine. */
void cv_sysfs_remove_vm(struct cv_vm_dir *dir);

#endif
