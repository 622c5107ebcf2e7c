/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which devices the host may drive, and whether all that can write memory by themselves are
 * confined (doc/platforms.md). The device tree says what there is; what the core does not
 * know it gives to nobody.
 */
#ifndef ARM64_DEVICES_H
#define ARM64_DEVICES_H

#include "core/types.h"

/*
 * Find the devices, and take over the SMMU, the ITS and what else the core keeps. Boot only, before
 * core_init() and after platform_read(). Returns NULL, or what is wrong.
 */
const char *devices_init(const void *fdt);

/* Disable what the host may not have in its device tree. Returns NULL, or what failed. */
const char *devices_edit(void *fdt);

/* May the host map this frame, which is not RAM? */
bool devices_host_frame(u64 pa);

/* Is it one that a VM may claim, if it has the stream of the device behind it (pci.h)? */
bool devices_assignable_frame(u64 pa);

/* Is there no bus master that could reach a VM's memory? If not, no VM may be made. */
bool devices_confined(void);

#endif
