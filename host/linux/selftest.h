/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/corevisor-test: any call to the core, with any arguments, for tests and attacks. It is
 * there only when the module is loaded with selftest=1, and only root may open it.
 */
#ifndef COREVISOR_SELFTEST_H
#define COREVISOR_SELFTEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* In: X0 (the function id) to X6. Out: X0 to X3. */
struct cv_selftest_call {
	__u64 x[7];
};

#define CV_SELFTEST_CALL _IOWR('C', 0x70, struct cv_selftest_call)

#endif
