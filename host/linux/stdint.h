/* SPDX-License-Identifier: GPL-2.0-only */
/* For headers of include/corevisor: the kernel has no <stdint.h>. */
#include <linux/types.h>
