/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PSCI (DEN0022) and SMCCC (DEN0028) between the host and the firmware: every
 * call goes through the core, and only what is listed reaches the firmware.
 */
#ifndef ARM64_FIRMWARE_H
#define ARM64_FIRMWARE_H

#include "core/types.h"
#include "percpu.h"

/* PSCI_VERSION of the firmware, read once at boot. 0 if it has none. */
u32 firmware_init(void);

/* The host executed SMC with these registers: do it, put the result in X0 to X3. */
void firmware_host_smc(struct regs *regs);

#endif
