/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernel, initrd and device tree into the memory of a VM that has not run. */
#ifndef VMM_LOAD_H
#define VMM_LOAD_H

#include "vmm/options.h"
#include "vmm/vm.h"

/* 0, or -1 when a file is wrong, which has been said. */
int load_linux(struct vm *vm, const struct run_options *options);

#endif
