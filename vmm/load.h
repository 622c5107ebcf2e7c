/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernel, initrd and device tree into the memory of a VM that has not run, and its entry. */
#ifndef VMM_LOAD_H
#define VMM_LOAD_H

#include "vmm/image.h"
#include "vmm/options.h"

/* 0, or -1 when a file is wrong, which has been said. */
int load_linux(struct image *image, const struct run_options *options);

#endif
