/* SPDX-License-Identifier: BSD-3-Clause */
/* Device registers that the core emulates for the host: those that say where DMA goes. */
#ifndef ARM64_EMULATE_H
#define ARM64_EMULATE_H

#include "core/types.h"

/* One access of 1, 2, 4 or 8 bytes, aligned; value: what is written, or what was read. */
struct access {
	u64 pa;
	u32 size;
	bool write;
	u64 value;
};

/*
 * A stage 2 abort of the host at `pa`, with this syndrome: emulate it, if it is an access to such
 * registers, and step over it. Returns false if it is not.
 */
bool emulate_host(u64 esr, u64 pa);

#endif
