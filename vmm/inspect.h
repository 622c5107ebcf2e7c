/* SPDX-License-Identifier: BSD-3-Clause */
/* `cvm ps` and `cvm info`: what the module tells in /sys/kernel/corevisor. */
#ifndef VMM_INSPECT_H
#define VMM_INSPECT_H

#include <stdbool.h>

/* Whether this kernel has Corevisor's module loaded. */
bool inspect_corevisor(void);

/* Each prints, and returns cvm's exit code. */
int inspect_ps(void);
int inspect_host(void);
int inspect_vm(const char *id);

/* The process that runs the VM; -1 when there is no such VM, which has been said. */
int inspect_pid(const char *id);

#endif
