/* SPDX-License-Identifier: BSD-3-Clause */
/* Called from head.S, once a CPU each, with the MMU on. */
#ifndef ARM64_BOOT_H
#define ARM64_BOOT_H

#include "core/types.h"

/*
 * pa: where the image was loaded; fdt_pa: the device tree; el: CurrentEL. Starts the
 * host, or says on the console why not, and stops.
 */
_Noreturn void boot_main(u64 pa, u64 fdt_pa, u64 el);

/* The CPU with this index, which PSCI turned on or woke. */
_Noreturn void boot_secondary(u32 index);

#endif
