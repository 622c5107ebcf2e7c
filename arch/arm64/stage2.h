/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 2 as this CPU uses it. */
#ifndef ARM64_STAGE2_H
#define ARM64_STAGE2_H

#include "core/types.h"

/* VTTBR_EL2 of a map that CPUs walk (the host's, a VM's): its VMID is its number. */
u64 map_vttbr(u32 map);

#endif
